/*
 * The parts that are the same on every page.
 */

#pragma once

namespace debug {

extern const char* const html_head;
extern const char* const html_legend;
extern const char* const html_end; /* with the script of the filter */

}  // namespace debug
