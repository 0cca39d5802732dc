/*
 * What is said of a store: a line at each change, and not at each request.
 */

#pragma once

#include "backends/store.hpp"
#include "backends/trouble.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace backends {

class Journal {
  public:
    /* `kind` is the store's, such as "redis". */
    Journal(Log log, std::string kind);

    /* Which address the lines are about from now on. */
    void at(const Address& address);

    /* `version` is the server's, or empty. */
    void connected(std::string_view version, coro::Time now);

    /* It could not be connected, or was lost if it `was_up`. */
    void lost(const std::string& why, bool was_up, coro::Time now);

    /*
     * An operation failed: `code` tells one failure from another, `text` is
     * what to say. `operation` has to be a literal.
     */
    void failed(std::string_view operation, std::string_view code,
                std::string_view text, coro::Time now);

    void worked(std::string_view operation, coro::Time now);

  private:
    void say(Level level, const std::string& line) const;

    Log log_;
    std::string kind_;
    std::string address_;
    std::set<std::string> losses_; /* said since it was last up */
    std::optional<coro::Time> lost_at_;
    std::map<std::string_view, Trouble> troubles_;
};

}  // namespace backends
