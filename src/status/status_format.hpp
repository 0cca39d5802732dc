/*
 * A snapshot of the figures, as JSON and in the Prometheus text format.
 */

#pragma once

#include "status/snapshot.hpp"

#include <string>

namespace session_cache {

/* May throw std::bad_alloc. */
std::string to_json(const Snapshot& snapshot);

/* The text format, version 0.0.4. May throw std::bad_alloc. */
std::string to_prometheus(const Snapshot& snapshot);

/*
 * The duration, in microseconds, below which that part (0 to 1) of the
 * durations in a histogram's classes is, were they spread evenly in each. Of
 * what is beyond the last bound nothing more is known; 0: there is none.
 */
double quantile(const Numbers<backends::Histogram::size>& classes, double part);

}  // namespace session_cache
