#include "support/memcached_client.hpp"
#include "support/eventually.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>

namespace support {

namespace {

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error("memcached: " + what);
}

template <class Address>
UniqueFd connect_to(const Address& address, int family) {
    UniqueFd fd(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address),
                sizeof address) != 0) {
        fail(std::strerror(errno));
    }
    return fd;
}

void expect(const std::string& answer, const std::string& expected) {
    if (answer != expected) {
        fail(answer + " instead of " + expected);
    }
}

// The value that follows `name` in "a=1 b=2" or "VALUE key 0 12".
std::string word_after(const std::string& line, const std::string& name) {
    const auto begin = line.find(name) + name.size();
    return line.substr(begin, line.find(' ', begin) - begin);
}

// Decodes it as in a URL.
std::string decode(const std::string& text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            result += static_cast<char>(
                std::stoi(text.substr(i + 1, 2), nullptr, 16));
            i += 2;
        } else {
            result += text[i];
        }
    }
    return result;
}

}  // namespace

MemcachedClient::MemcachedClient(const std::string& unix_path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    unix_path.copy(address.sun_path, sizeof address.sun_path - 1);
    fd_ = connect_to(address, AF_UNIX);
}

MemcachedClient::MemcachedClient(const Address& address) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(address.port);
    inet_pton(AF_INET, address.host.c_str(), &in.sin_addr);
    fd_ = connect_to(in, AF_INET);
}

std::optional<std::string> MemcachedClient::get(const std::string& key) {
    const auto line = command("get " + key);
    if (line == "END") {
        return std::nullopt;
    }
    const auto space = line.rfind(' ');
    auto value = read(std::stoul(line.substr(space + 1)));
    expect(read_line(), "");
    expect(read_line(), "END");
    return value;
}

void MemcachedClient::set(const std::string& key, const std::string& value,
                          unsigned flags, std::int64_t expiration) {
    write("set " + key + " " + std::to_string(flags) + " " +
          std::to_string(expiration) + " " + std::to_string(value.size()) +
          "\r\n" + value + "\r\n");
    expect(read_line(), "STORED");
}

void MemcachedClient::erase(const std::string& key) {
    const auto answer = command("delete " + key);
    if (answer != "NOT_FOUND") {
        expect(answer, "DELETED");
    }
}

std::int64_t MemcachedClient::ttl(const std::string& key) {
    const auto answer = command("mg " + key + " t");
    return answer == "EN" ? -2 : std::stoll(word_after(answer, " t"));
}

std::vector<std::string> MemcachedClient::keys() {
    std::vector<std::string> result;
    for (const auto& line : list("lru_crawler metadump all")) {
        if (line != "OK") {  // memcached 1.6.45 begins with this
            result.push_back(decode(word_after(line, "key=")));
        }
    }
    return result;
}

void MemcachedClient::flush() {
    expect(command("flush_all"), "OK");
}

std::string MemcachedClient::stat(const std::string& name) {
    for (const auto& line : list("stats")) {
        if (line.starts_with("STAT " + name + " ")) {
            return word_after(line, name + " ");
        }
    }
    fail("no such statistic: " + name);
}

std::size_t MemcachedClient::chunk_size() {
    const std::string_view name = ":chunk_size ";
    for (const auto& line : list("stats slabs")) {
        if (const auto at = line.find(name); at != std::string::npos) {
            return std::stoul(line.substr(at + name.size()));
        }
    }
    fail("nothing is stored");
}

std::string MemcachedClient::version() {
    return word_after(command("version"), "VERSION ");
}

std::string MemcachedClient::command(const std::string& line) {
    write(line + "\r\n");
    return read_line();
}

std::vector<std::string> MemcachedClient::list(const std::string& line) {
    std::vector<std::string> result;
    std::string each;
    // Its crawler may be busy on its own.
    eventually([&] { return !(each = command(line)).starts_with("BUSY"); });
    // Newer ones end a dump of keys with "EN".
    for (; each != "END" && each != "EN"; each = read_line()) {
        result.push_back(each);
    }
    return result;
}

void MemcachedClient::write(std::string_view data) {
    while (!data.empty()) {
        const auto sent =
            send(fd_.get(), data.data(), data.size(), MSG_NOSIGNAL);
        if (sent < 0) {
            fail(std::strerror(errno));
        }
        data.remove_prefix(static_cast<std::size_t>(sent));
    }
}

std::string MemcachedClient::read(std::size_t size) {
    while (received_.size() < size) {
        receive();
    }
    auto result = received_.substr(0, size);
    received_.erase(0, size);
    return result;
}

std::string MemcachedClient::read_line() {
    std::size_t end;
    // the crawler's lines end with only \n
    while ((end = received_.find('\n')) == std::string::npos) {
        receive();
    }
    auto line = read(end + 1);
    line.pop_back();
    if (line.ends_with('\r')) {
        line.pop_back();
    }
    return line;
}

void MemcachedClient::receive() {
    if (!wait_for(fd_.get(), POLLIN, Clock::now() + patience)) {
        fail("no answer");
    }
    char buffer[16384];
    const auto got = recv(fd_.get(), buffer, sizeof buffer, 0);
    if (got <= 0) {
        fail(got == 0 ? "closed" : std::strerror(errno));
    }
    received_.append(buffer, static_cast<std::size_t>(got));
}

}  // namespace support
