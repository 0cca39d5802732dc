#pragma once

#include "support/visit.hpp"

namespace support {

// A VisitingClient.
Visit nodejs_visit(const Address& address, const Visit& last);

}  // namespace support
