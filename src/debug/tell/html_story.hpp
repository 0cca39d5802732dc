/*
 * A handshake on the page: a line that opens a timeline and the list of events.
 */

#pragma once

#include "debug/stories/story.hpp"

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

namespace debug {

/* Escaped for text, and for an attribute's value in any quotes. */
std::string escaped(std::string_view text);

/* Writes a status with its colour: <span class='status good'>. */
void write_status(std::ostream& out, std::string_view status,
                  std::string_view more = {});

/* The anchor of the story with this number. */
std::string anchor(std::uint64_t number);

/* The HTML of the story with this number. */
std::string html(const Story& story, std::uint64_t number);

}  // namespace debug
