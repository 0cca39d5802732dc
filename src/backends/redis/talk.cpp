#include "backends/redis/talk.hpp"

#include "backends/loggable.hpp"

#include <array>
#include <cerrno>
#include <new>

namespace backends::redis {

Talk::Talk(coro::Scheduler& scheduler, Connection& connection,
           coro::Time deadline)
    : scheduler_(scheduler), connection_(connection), deadline_(deadline) {}

Reply Talk::ask(Words words, bool array_expected) {
    CleansedBytes command;
    error_.clear();
    refusal_ = Refusal::none;
    parser_.expect_array(array_expected);

    if (!append_command(command, words)) {
        throw std::bad_alloc();
    }
    if (!send(command)) {
        return nullptr;
    }

    Reply reply = receive();
    if (reply != nullptr && reply->type == REDIS_REPLY_ERROR) {
        refusal_ = redis::refusal(*reply);
        error_ = std::string(*words.begin()) + " failed: ";
        error_ += loggable(text(*reply));
        return nullptr;
    }
    return reply;
}

bool Talk::authenticate(const std::string& user, const std::string& password) {
    if (!user.empty()) {
        return ask({"AUTH", user, password}) != nullptr;
    }
    return password.empty() || ask({"AUTH", password}) != nullptr;
}

/* False if the time is over, or the connection was closed. */
bool Talk::wait(bool for_writing) {
    if (connection_.wait(for_writing, deadline_) == coro::Wake::cancelled) {
        error_ = "cancelled";
        return false;
    }

    /* a peer that trickles makes it ready in every turn, before any timer */
    if (scheduler_.loop().now() >= deadline_) {
        error_ = "timed out";
        return false;
    }
    return true;
}

bool Talk::send(std::string_view bytes) {
    while (!bytes.empty()) {
        auto n = connection_.write(bytes);
        if (!n) { /* the server may have sent something before: see receive() */
            return true;
        }

        bytes.remove_prefix(*n);
        if (!bytes.empty() && !wait(true)) {
            return false;
        }
    }
    return true;
}

Reply Talk::receive() {
    std::array<char, 4096> buffer;

    while (true) {
        Reply reply = parser_.next();
        if (reply != nullptr) {
            return reply;
        }
        if (!parser_.error().empty()) {
            error_ = parser_.error();
            return nullptr;
        }

        if (!connection_.may_read() && !wait(false)) {
            return nullptr;
        }

        auto n = connection_.read(buffer);
        if (!n) {
            error_ = connection_.failure(errno);
            return nullptr;
        }
        if (!parser_.feed({buffer.data(), *n})) {
            throw std::bad_alloc();
        }
    }
}

}  // namespace backends::redis
