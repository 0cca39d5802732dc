/*
 * A client of one Redis server.
 */

#pragma once

#include "backends/pipeline.hpp"
#include "backends/redis/protocol.hpp"
#include "backends/redis/talk.hpp"

#include <initializer_list>
#include <optional>
#include <string_view>

namespace backends::redis {

/* As make_redis() makes it: its owner calls start(). */
class Redis : public Pipeline {
  public:
    /* Whether a server has to say that it is the master, in answer to ROLE. */
    enum class Believe { all, masters };

    /* Throws std::bad_alloc. */
    Redis(coro::Scheduler& scheduler, Options options, Log log,
          Believe believe = Believe::all);

  protected:
    using Words = std::initializer_list<std::string_view>;

    void greet() override;
    void ping() override;
    void format(const Request& request, Command& command) override;
    Loss digest(std::string_view bytes) override;
    void forget() noexcept override { parser_.reset(); }
    Finder::Probed try_out(Connection& connection,
                           coro::Time deadline) override;

    void send(Role role, Words words);
    void append(Words words);

  private:
    Reply next_reply() noexcept;
    Loss handle(const redisReply& reply);
    static Result result_of(const Command& command, const redisReply& reply);
    static Result introduced(const redisReply& reply);
    Finder::Probed introduce(Talk& talk) const;
    static bool is_role(const Command& command) noexcept;

    const Believe believe_;

    std::optional<Parser> parser_;
};

}  // namespace backends::redis
