/*
 * memcached's binary protocol, which SASL requires.
 */

#pragma once

#include "debug/wire/memcached.hpp"

namespace debug {

class MemcachedBinaryReader : public Reader {
  public:
    MemcachedBinaryReader(StoreListener& listener, const Flow& flow);

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
        std::string head;       /* the header, the extras and the key */
        std::size_t wanted = 0; /* its full size */
        std::size_t skip = 0;   /* of a value */
    };

    void packet(Side from, Time time, std::string_view head);
    void command(Time time, std::string_view head);
    void reply(Time time, std::string_view head);
    bool find_command(Time time, std::string_view head);
    void lose();

    StoreListener& listener_;
    Flow flow_;
    std::array<Way, 2> ways_;
    PendingCommands pending_;
    bool lost_ = false;
};

}  // namespace debug
