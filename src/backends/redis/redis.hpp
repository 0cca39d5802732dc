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
    /* Which servers to accept for storing sessions: all, those that do not say
     * that they are replicas, or those that say that they are masters. */
    enum class Believe { all, who_may_be, masters };

    /* Throws std::bad_alloc. */
    Redis(coro::Scheduler& scheduler, Options options, Log log,
          Believe believe = Believe::who_may_be);

  protected:
    using Words = std::initializer_list<std::string_view>;

    void greet() override;
    void ping() override;
    void survey() override;
    void ask_memory() override;
    void format(const Request& request, Command& command) override;
    Loss digest(std::string_view bytes) final;
    void forget() noexcept override { parser_.reset(); }
    Finder::Probed try_out(Connection& connection,
                           coro::Time deadline) override;

    void send(Role role, Words words);
    void append(Words words);

    /* Tells the parser what an answer to `command` may be. */
    virtual void expect(const Command& command, Parser& parser) const noexcept;

    /* Takes the next reply. May throw std::bad_alloc. */
    virtual Loss handle(const redisReply& reply);

    Result result_of(const Command& command, const redisReply& reply) const;

  private:
    Reply next_reply() noexcept;
    Result introduced(const redisReply& reply) const;
    static Result surveyed(const Command& command, const redisReply& reply);
    Finder::Probed introduce(Talk& talk) const;
    static bool is_role(const Command& command) noexcept;

    const Believe believe_;

    std::optional<Parser> parser_;
};

}  // namespace backends::redis
