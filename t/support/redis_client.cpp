#include "support/redis_client.hpp"

#include <hiredis/hiredis.h>
#include <stdexcept>

namespace support {

namespace {

const timeval reply_deadline{20, 0};

redisContext* connect(const std::string& address) {
    if (address.starts_with('/')) {
        return redisConnectUnixWithTimeout(address.c_str(), reply_deadline);
    }
    const auto colon = address.rfind(':');
    return redisConnectWithTimeout(address.substr(0, colon).c_str(),
                                   std::stoi(address.substr(colon + 1)),
                                   reply_deadline);
}

RedisClient::Reply convert(const redisReply& reply) {
    RedisClient::Reply result;
    result.error = reply.type == REDIS_REPLY_ERROR;
    result.integer = reply.integer;
    if (reply.str != nullptr) {
        result.text.emplace(reply.str, reply.len);
    }
    for (std::size_t i = 0; i < reply.elements; ++i) {
        const auto& element = *reply.element[i];
        result.elements.emplace_back(element.str ? element.str : "",
                                     element.str ? element.len : 0);
    }
    return result;
}

}  // namespace

RedisClient::RedisClient(const std::string& address,
                         const std::vector<std::string>& credentials)
    : context_(connect(address), redisFree) {
    if (!context_ || context_->err != 0) {
        throw std::runtime_error("redis " + address + ": " +
                                 (context_ ? context_->errstr : "no memory"));
    }
    redisSetTimeout(context_.get(), reply_deadline);
    if (!credentials.empty()) {
        std::vector<std::string> words{"AUTH"};
        words.insert(words.end(), credentials.begin(), credentials.end());
        command(words);
    }
}

RedisClient::~RedisClient() = default;

RedisClient::Reply
RedisClient::try_command(const std::vector<std::string>& words) {
    std::vector<const char*> data;
    std::vector<std::size_t> sizes;
    for (const auto& word : words) {
        data.push_back(word.data());
        sizes.push_back(word.size());
    }
    const std::unique_ptr<void, void (*)(void*)> reply(
        redisCommandArgv(context_.get(), static_cast<int>(words.size()),
                         data.data(), sizes.data()),
        freeReplyObject);
    if (!reply) {
        throw std::runtime_error(words[0] + ": " + context_->errstr);
    }
    return convert(*static_cast<redisReply*>(reply.get()));
}

RedisClient::Reply RedisClient::command(const std::vector<std::string>& words) {
    auto reply = try_command(words);
    if (reply.error) {
        throw std::runtime_error(words[0] + ": " + *reply.text);
    }
    return reply;
}

void RedisClient::select(int db) {
    command({"SELECT", std::to_string(db)});
}

std::vector<std::string> RedisClient::keys(const std::string& pattern) {
    return command({"KEYS", pattern}).elements;
}

std::optional<std::string> RedisClient::get(const std::string& key) {
    return command({"GET", key}).text;
}

void RedisClient::set(const std::string& key, const std::string& value) {
    command({"SET", key, value});
}

bool RedisClient::exists(const std::string& key) {
    return command({"EXISTS", key}).integer == 1;
}

void RedisClient::erase(const std::string& key) {
    command({"DEL", key});
}

std::int64_t RedisClient::ttl(const std::string& key) {
    return command({"TTL", key}).integer;
}

std::int64_t RedisClient::dbsize() {
    return command({"DBSIZE"}).integer;
}

void RedisClient::flushall() {
    command({"FLUSHALL"});
}

void RedisClient::config_set(const std::string& name,
                             const std::string& value) {
    command({"CONFIG", "SET", name, value});
}

std::string RedisClient::info(const std::string& section,
                              const std::string& field) {
    const auto text = "\n" + command({"INFO", section}).text.value();
    const auto found = text.find("\n" + field + ":");
    if (found == std::string::npos) {
        return "";
    }
    const auto begin = found + field.size() + 2;
    return text.substr(begin, text.find('\r', begin) - begin);
}

}  // namespace support
