/*
 * A short conversation with a Redis server or a Sentinel, in a coroutine: one
 * command at a time, each with a wait for its reply.
 */

#pragma once

#include "backends/connection.hpp"
#include "backends/redis/protocol.hpp"

#include <initializer_list>
#include <string>
#include <string_view>

namespace backends::redis {

class Talk {
  public:
    using Words = std::initializer_list<std::string_view>;

    /* `connection` is connected, and has to outlive it. Everything has to be
     * over by `deadline`. Throws std::bad_alloc. */
    Talk(coro::Scheduler& scheduler, Connection& connection,
         coro::Time deadline);

    /*
     * Sends a command, whose first word is a literal, and waits for its reply.
     * Null if there is none, or if it is an error: see error(). Arrays are
     * accepted only if expected. May throw std::bad_alloc.
     */
    Reply ask(Words words, bool array_expected = false);

    /* Sends AUTH if there is a password. Returns whether it worked. */
    bool authenticate(const std::string& user, const std::string& password);

    /* As it may be logged. */
    const std::string& error() const noexcept { return error_; }

    /* What the error says about the server, if it came from the server. */
    Refusal refusal() const noexcept { return refusal_; }

  private:
    bool send(std::string_view bytes);
    Reply receive();
    bool wait(bool for_writing);

    coro::Scheduler& scheduler_;
    Connection& connection_;
    const coro::Time deadline_;
    Parser parser_;
    std::string error_;
    Refusal refusal_ = Refusal::none;
};

}  // namespace backends::redis
