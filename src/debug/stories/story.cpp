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

std::size_t Story::held() const noexcept {
    std::size_t held = sizeof(*this) + server_name.capacity() +
                       alpn.capacity() + events.capacity() * sizeof(Event) +
                       offered.capacity() * sizeof(Offered) +
                       notes.capacity() * sizeof(std::string) +
                       names.capacity() * sizeof(std::string);
    for (const Event& event : events) {
        held += event.text.capacity();
    }
    for (const Offered& each : offered) {
        held += each.shown.capacity();
    }
    for (const std::string& note : notes) {
        held += note.capacity();
    }
    return held;
}

}  // namespace debug
