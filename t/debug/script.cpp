#include "debug/script.hpp"

#include <algorithm>
#include <doctest/doctest.h>

namespace support {

Observed Script::observe(const debug::Roles& roles,
                         const debug::Names& names) const {
    return support::observe(file(), roles, names);
}

debug::Story Script::only(const debug::Roles& roles) const {
    const auto observed = observe(roles);
    REQUIRE(observed.stories.size() == 1);
    return observed.stories.front();
}

std::string id(int n) {
    return std::string(32, static_cast<char>(n));
}

std::string key(int n) {
    std::string digits;
    for (int i = 0; i < 32; ++i) {
        digits += '0';
        digits += static_cast<char>('0' + n);
    }
    return "ngx_ssl:" + digits;
}

void look_up(Script& script, RawTcp& store, RawTcp& tcp, int n,
             const std::string& reply) {
    script.add(store.open());
    script.add(tcp.open());
    script.add(tcp.say(client_hello({id(n)})));
    script.add(store.say(redis_get(key(n))));
    script.add(store.answer(reply));
}

std::string finished() {
    return record(20, "\1") + record(22, std::string(40, 'f'));
}

void end12(Script& script, RawTcp& tcp, int n, bool resumed) {
    script.add(
        tcp.answer(server_hello({resumed ? id(n) : id(9)}) + finished()));
    script.add(tcp.say(finished()));
    script.add(tcp.close());
    script.add(tcp.close_server());
}

bool has_note(const debug::Story& story, const std::string& part) {
    return std::any_of(story.notes.begin(), story.notes.end(),
                       [&](const std::string& note) {
                           return note.find(part) != std::string::npos;
                       });
}

}  // namespace support
