/*
 * memcached's text protocol.
 */

#pragma once

#include "debug/wire/memcached.hpp"

namespace debug {

class MemcachedTextReader : public Reader {
  public:
    static constexpr std::size_t max_line = 64 * 1024; /* a multi-get's */

    MemcachedTextReader(StoreListener& listener, const Flow& flow);

    void data(Side from, Time time, std::string_view bytes) override;
    void gap(Side from, Time time) override;
    void closed(Side by, Time time, bool reset) override;
    void forgotten(Time time) override;

    /* The bytes make no sense, or no longer do. */
    bool over() const override { return lost_; }
    bool matters() const override { return true; }
    std::size_t held() const override;

  private:
    struct Way {
        std::string line;
        std::size_t skip = 0; /* of a value */
    };

    void line(Side from, Time time, std::string_view line);
    void command(Time time, std::string_view line);
    void gets(Time time, const std::vector<std::string_view>& words);
    void set(Time time, const std::vector<std::string_view>& words);
    void reply(Time time, std::string_view line);
    void value(Time time, std::string_view line);
    void lose();

    StoreListener& listener_;
    Flow flow_;
    std::array<Way, 2> ways_;
    PendingCommands pending_;
    bool strays_ = false; /* the next END belongs to no command */
    bool lost_ = false;
};

}  // namespace debug
