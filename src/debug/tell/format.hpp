/*
 * Times and handshakes as people read them.
 */

#pragma once

#include "debug/stories/story.hpp"

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

namespace debug {

/* "1 hit", "2 hits"; `many` where that is not the word with an s. */
std::string counted(std::uint64_t count, std::string_view one,
                    std::string_view many = {});

/* "0.231 ms" */
std::string milliseconds(Microseconds time);

/* "2026-11-26T06:17:32.123456Z" */
std::string timestamp(Time time);

/* Of the time zone here, as tcpdump and nginx's log have it: "2026-11-26". */
std::string date(Time time);

/* So, too: "06:17:32.123456"; "06:17:32" where the log alone knows. */
std::string time_of_day(const Story& story);

/* Whether a status is as one would wish. */
enum class Quality { good, fair, bad };
Quality quality_of(std::string_view status) noexcept;

/* "10.1.2.3:50122 → :443  TLSv1.3  SNI shop.example  PSK 5f0c…a1" */
std::string title(const Story& story);

/* To where `out` leads, standard output. Throws std::runtime_error when it does
 * not take it. */
void flush(std::ostream& out);

/* "lookup 0.231 ms, handshake 1.020 ms"; of what is known. */
std::string durations(const Story& story);

}  // namespace debug
