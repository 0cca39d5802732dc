/*
 * Formats times and handshakes for people.
 */

#pragma once

#include "debug/stories/story.hpp"

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

namespace debug {

/* "1 hit", "2 hits". `many` is the plural if it is not formed with an s. */
std::string counted(std::uint64_t count, std::string_view one,
                    std::string_view many = {});

/* "0.231 ms" */
std::string milliseconds(Microseconds time);

/* "2026-11-26T06:17:32.123456Z" */
std::string timestamp(Time time);

/* In local time, like tcpdump and nginx's log: "2026-11-26". */
std::string date(Time time);

/* In local time: "06:17:32.123456", or "06:17:32" if only the log has it. */
std::string time_of_day(const Story& story);

/* How good a status is. */
enum class Quality { good, fair, bad };
Quality quality_of(std::string_view status) noexcept;

/* "10.1.2.3:50122 → :443  TLSv1.3  SNI shop.example  PSK 5f0c…a1" */
std::string title(const Story& story);

/* Flushes standard output through `out`. Throws std::runtime_error if that
 * fails. */
void flush(std::ostream& out);

/* "lookup 0.231 ms, handshake 1.020 ms", or the part that is known. */
std::string durations(const Story& story);

}  // namespace debug
