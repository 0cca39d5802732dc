#include "debug/stories/story.hpp"

namespace debug {

std::string_view name_of(End end) noexcept {
    switch (end) {
    case End::full:
        return "full";
    case End::resumed:
        return "resumed";
    case End::broken_off:
        return "broken off";
    case End::unknown:
        break;
    }
    return "unknown";
}

std::string_view name_of(Offered::Kind kind) noexcept {
    switch (kind) {
    case Offered::Kind::id:
        return "ID";
    case Offered::Kind::psk:
        return "PSK";
    case Offered::Kind::ticket:
        break;
    }
    return "ticket";
}

}  // namespace debug
