// What TLS, Redis and memcached say on connections that need no packets: the
// same is heard of the stores, whatever the pieces in which it comes.
//
// Input: what is spoken and the size of the pieces (1 byte each), then in
// turn who says how much (1 byte: the highest bit and the rest).

#include "debug/roles.hpp"
#include "debug/stories.hpp"
#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <memory>
#include <string>

namespace {

using namespace debug;

// The bytes that both sides say.
struct Said {
    Side from;
    std::string_view bytes;
};

std::string outcome(const Roles& roles, std::uint16_t port,
                    const std::vector<Said>& all, std::size_t piece) {
    static const Names names;
    std::string told;
    Stories stories(names, [&](Story&& story) { told += story.status + ' '; });
    Flow flow;
    flow.server.port = port;
    flow.from_start = true;
    const auto reader = make_reader(roles, flow, stories, stories);
    for (const auto& said : all) {
        for (std::size_t i = 0; i < said.bytes.size(); i += piece) {
            if (!reader->over()) {
                reader->data(said.from, Time(), said.bytes.substr(i, piece));
            }
        }
    }
    reader->closed(Side::client, Time(), false);
    stories.finish();
    const auto& counts = stories.counts();
    return told + std::to_string(counts.hits) + ' ' +
           std::to_string(counts.misses) + ' ' + std::to_string(counts.errors) +
           ' ' + std::to_string(counts.sets);
}

}  // namespace

void fuzz(Input input) {
    static const Roles roles{{443},
                             {{StoreKind::redis, "", 6379, {}},
                              {StoreKind::memcached, "", 11211, {}}}};
    static const std::uint16_t ports[] = {443, 6379, 11211};
    const auto port = ports[input.byte() % 3];
    const std::size_t piece = std::max(input.byte(), 1U);

    std::vector<Said> all;
    while (!input.empty()) {
        const auto turn = input.byte();
        all.push_back({(turn & 0x80) != 0 ? Side::server : Side::client,
                       input.take(turn & 0x7f)});
    }
    const auto whole = outcome(roles, port, all, SIZE_MAX / 2);
    // memcached's dialect is told by the first bytes, which may be cut.
    if (port != 11211) {
        CHECK(outcome(roles, port, all, piece) == whole);
    } else {
        outcome(roles, port, all, piece);
    }
}
