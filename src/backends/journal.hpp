/*
 * What is logged about a store: a line for each change, not for each request,
 * and only a few lines a second, whatever the store does.
 */

#pragma once

#include "backends/store.hpp"
#include "backends/trouble.hpp"

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace backends {

/*
 * The end of a trouble is logged at the level of its beginning, so whoever sees
 * the one also sees the other. If memory is short, a line is left out. Only
 * at() and the constructor throw.
 */
class Journal {
  public:
    /* This many lines may come at once, and then one in each such time. */
    static constexpr unsigned max_burst = 10;
    static constexpr coro::Time per_line{500};

    /* `kind` is the store's, such as "redis". */
    Journal(Log log, std::string kind);

    /* Sets the address of the following lines. Throws std::bad_alloc. */
    void at(const Address& address);

    /* `version` is the server's, or empty. */
    void connected(std::string_view version, coro::Time now) noexcept;

    /* It could not be connected to, or was lost if it `was_up`. */
    void lost(std::string_view why, bool was_up, coro::Time now) noexcept;

    /* The connection was left for one to that address. */
    void left(const Address& address, coro::Time now) noexcept;

    /*
     * An operation failed. `code` distinguishes failures. `text` is what to
     * log, in parts, so that callers need not join them. `operation` has to be
     * a literal.
     */
    using Parts = std::initializer_list<std::string_view>;
    void failed(std::string_view operation, std::string_view code, Parts text,
                coro::Time now) noexcept;

    void worked(std::string_view operation, coro::Time now) noexcept;

    /* This machine's clock and the store's differ by too much, or no longer
     * do. */
    void clock(const Skew& skew, coro::Time now) noexcept;

  private:
    template <typename Write>
    void write(coro::Time now, const Write& write) noexcept;
    void say(Level level, const std::string& line, coro::Time now);
    void say_left_out(coro::Time now);
    bool may_say(coro::Time now) noexcept;

    Log log_;
    std::string kind_;
    std::string address_;
    bool up_ = false;
    Trouble losses_; /* since it was last up */
    std::optional<coro::Time> lost_at_;
    std::map<std::string_view, Trouble> troubles_;

    coro::Time next_{};          /* when a line would be due without bursts */
    std::uint64_t left_out_ = 0; /* lines left out and not reported yet */
    coro::Time left_out_at_{};   /* when the last of them was */
    Level left_out_level_ = Level::notice; /* the worst of them */
};

}  // namespace backends
