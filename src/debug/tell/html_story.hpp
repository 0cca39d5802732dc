/*
 * A handshake on the page: a line, and behind it a picture of its timeline and
 * all that happened.
 */

#pragma once

#include "debug/stories/story.hpp"

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

namespace debug {

/* As text of the page, or as an attribute's value between any quotes. */
std::string escaped(std::string_view text);

/* A status, and in what colour: in <span class='status good'>. */
void write_status(std::ostream& out, std::string_view status,
                  std::string_view more = {});

/* What links to the story with this number name. */
std::string anchor(std::uint64_t number);

/* The story with this number. */
std::string html(const Story& story, std::uint64_t number);

}  // namespace debug
