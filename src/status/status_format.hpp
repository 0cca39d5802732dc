/*
 * Formats a snapshot as JSON and in the Prometheus text format.
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
 * A quantile of a histogram, in microseconds, where `part` is from 0 to 1.
 * Durations are assumed to be spread evenly in each class. Nothing is known
 * about those beyond the last bound. 0 if the histogram is empty.
 */
double quantile(const Numbers<backends::Histogram::size>& classes, double part);

}  // namespace session_cache
