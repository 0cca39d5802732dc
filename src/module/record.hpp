/*
 * What is known about a TLS handshake, from its beginning until its connection
 * ends. It is counted when the handshake is over, kept for the variables, and
 * logged step by step at level debug.
 */

#pragma once

#include "module/budget.hpp"
#include "module/ngx.hpp"
#include "module/remote.hpp"
#include "sessions/value.hpp"
#include "status/early_data.hpp"
#include "status/outcome.hpp"
#include "tickets/ticket_name.hpp"

#include <array>
#include <chrono>
#include <optional>

namespace session_cache {

struct Record {
    using Clock = std::chrono::steady_clock;

    ngx_connection_t* connection;
    Clock::time_point begun;
    Budget budget{};
    Outcome outcome = Outcome::none;
    EarlyDataOutcome early_data = EarlyDataOutcome::none;
    std::chrono::microseconds waited{}; /* for the store */
    tickets::TicketName ticket{};       /* the last one whose key was found */
    bool complete = false;
};

/*
 * Notes the info callback (SSL_CTX_set_info_callback(3)) of an SSL_CTX that
 * nginx has already set up. A recorded handshake that comes to this SSL_CTX
 * calls it. Throws std::bad_alloc.
 */
void keep_info_callback(SSL_CTX* ctx);

/* Records the handshakes that begin under an SSL_CTX. Call it after its own
 * info callback is noted. Throws std::bad_alloc. */
void record_handshakes(SSL_CTX* ctx);

/* Null if handshakes are not recorded, or memory was short. */
Record* record_of(const SSL* ssl) noexcept;

/* Notes what the caches had so far. */
inline void note(Record* record, Outcome outcome) noexcept {
    if (record != nullptr) {
        record->outcome = outcome;
    }
}

/* Until when a handshake may wait for a directive's store. Nothing if it has
 * waited long enough. */
std::optional<coro::Time> deadline_of(Record& record, const Remote& remote);

/* Logs a line of a handshake's story. */
void tell_line(const Record& record, std::string_view line) noexcept;

/*
 * Adds a line to the story of a handshake in the debug log: how long ago it
 * began, then `format` for ngx_snprintf(). Pass no secrets, and session IDs
 * only shortened.
 */
template <typename... Arguments>
void tell(const Record* record, const char* format, Arguments... arguments) {
    if (record == nullptr ||
        !(record->connection->log->log_level & NGX_LOG_DEBUG_EVENT)) {
        return;
    }

    u_char line[512];
    const u_char* end = ngx_snprintf(line, sizeof(line), format, arguments...);
    tell_line(*record, {reinterpret_cast<char*>(line),
                        static_cast<std::size_t>(end - line)});
}

/*
 * A session ID, or a name in the store after its prefix, shortened to the first
 * four and last two hexadecimal digits.
 */
class Shortened {
  public:
    explicit Shortened(SessionId id) noexcept;

    /* `prefix` is the length of the name's. */
    Shortened(std::string_view name, std::size_t prefix) noexcept;

    const char* c_str() const noexcept { return text_.data(); }

  private:
    std::array<char, 256> text_{};
};

}  // namespace session_cache
