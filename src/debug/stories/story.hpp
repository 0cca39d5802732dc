/*
 * The story of one handshake.
 */

#pragma once

#include "debug/capture/endpoint.hpp"
#include "debug/capture/time.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace debug {

/* Where it is from: the capture, or nginx's error log. */
enum class Source { wire, log };

constexpr std::string_view name_of(Source source) noexcept {
    return source == Source::wire ? "wire" : "log";
}

struct Event {
    Microseconds at; /* since the ClientHello */
    Source source = Source::wire;
    std::string_view kind; /* one word, for programs */
    std::string text;      /* for people */
};

enum class End { full, resumed, broken_off, unknown };

std::string_view name_of(End end) noexcept;

struct Offered {
    enum class Kind { id, psk, ticket };
    Kind kind = Kind::id;
    std::string shown{}; /* empty for a ticket, which is secret */

    bool operator==(const Offered&) const = default;
};

std::string_view name_of(Offered::Kind kind) noexcept;

struct Story {
    Endpoint client;
    Endpoint server;
    Time begin;
    bool on_wire = false;
    bool in_log = false;

    std::string protocol{};
    std::string server_name{};
    std::string alpn{}; /* offered, or in TLS 1.2 chosen */
    std::vector<Offered> offered{};
    bool retry = false; /* with a HelloRetryRequest */

    End end = End::unknown;
    std::string status{}; /* $remote_ssl_session_cache_status, or a guess */
    Source status_source = Source::wire;
    std::string wire_status{}; /* by the capture alone */
    std::optional<Microseconds> lookup{};
    std::optional<Microseconds> handshake{};

    std::vector<Event> events{};
    std::vector<std::string> notes{};

    /* The basis of the summary's hints. */
    bool by_ticket = false;
    bool ticket_offered = false;
    bool never_stored = false; /* a miss, without a set in the capture */
    bool shared = false;       /* another handshake's lookup also served it */
    /* Whether the store was asked for a session that the client offers, and
     * whether it was asked meanwhile for one that nobody offers. */
    bool named = false;
    bool unnamed = false;
    /* The names that its sessions may have in the store, shortened as in the
     * log: "9843…da". Only with --key. */
    std::vector<std::string> names{};

    /* The maximum number of events in one story. */
    static constexpr std::size_t max_events = 64;

    /* Its approximate memory in bytes. */
    std::size_t held() const noexcept;

    void add(Time time, std::string_view kind, std::string text) {
        if (events.size() < max_events) {
            auto at = std::chrono::duration_cast<Microseconds>(time - begin);
            events.push_back({at, Source::wire, kind, std::move(text)});
        }
    }
};

}  // namespace debug
