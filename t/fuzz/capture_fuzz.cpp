// Any capture at all: reading it ends, within bounds, and the stories told are
// complete.
//
// Input: the link (1 byte), then frames. Before each come its length (2 bytes)
// and the time that has passed (2 bytes, milliseconds).

#include "debug/observer.hpp"
#include "debug/tell/json.hpp"
#include "fuzz/fuzz.hpp"

#include <array>
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <pcap/pcap.h>

void fuzz(Input input) {
    static const std::array links{DLT_EN10MB, DLT_LINUX_SLL, DLT_LINUX_SLL2,
                                  DLT_NULL, DLT_RAW};
    const int link = links.at(input.byte() % links.size());
    static const debug::Names names;
    static const debug::Roles roles;
    debug::Summary summary;
    debug::Observer observer(roles, names, [&](debug::Story&& story) {
        summary.add(story);
        CHECK(story.events.size() <= debug::Story::max_events);
        CHECK_FALSE(story.status.empty());
        const auto told = debug::to_json(story).dump(
            -1, ' ', false, nlohmann::json::error_handler_t::replace);
        CHECK_FALSE(told.empty());
    });

    debug::Time now{};
    while (!input.empty()) {
        const auto size = input.number<std::uint16_t>();
        now += std::chrono::milliseconds(input.number<std::uint16_t>());
        const auto bytes = input.take(size);
        observer.add(link, {now, bytes, bytes.size()});
        static_cast<void>(debug::is_quic(link, bytes));
    }
    observer.finish();
    observer.add_to(summary, {});
    CHECK(summary.handshakes() >= summary.ended(debug::End::resumed));
}
