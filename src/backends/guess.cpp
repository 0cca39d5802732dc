#include "backends/guess.hpp"

#include <algorithm>
#include <array>

namespace backends {

namespace {

struct Speaker {
    std::string_view begins; /* what it says first */
    std::string_view name;
    std::string_view kind{}; /* of a store, as in `type` */
};

constexpr std::array<Speaker, 15> speakers{{
    {"\x15\x03", "a server of TLS (tls=on)"},
    {"\x16\x03", "a server of TLS (tls=on)"},
    {"HTTP/", "a server of HTTP"},
    {"<html", "a server of HTTP"},
    {"<!DOC", "a server of HTTP"},
    {"SSH-", "a server of SSH"},
    {"220", "a server of mail or FTP"},
    {"* OK", "a server of mail"},
    {"ERROR", "memcached (type=memcached)", "memcached"},
    {"CLIENT_ERROR", "memcached (type=memcached)", "memcached"},
    {"SERVER_ERROR", "memcached (type=memcached)", "memcached"},
    {"VERSION", "memcached (type=memcached)", "memcached"},
    {"\x81", "memcached (type=memcached)", "memcached"},
    {"-", "Redis (type=redis)", "redis"},
    {"+", "Redis (type=redis)", "redis"},
}};

}  // namespace

/* Of little only the beginning of a word may have come. */
std::string guess(std::string_view heard, std::string_view kind) {
    const auto* speaker =
        std::find_if(speakers.begin(), speakers.end(), [&](const Speaker& s) {
            return !heard.empty() &&
                   (heard.starts_with(s.begins) ||
                    (heard.size() > 3 && s.begins.starts_with(heard)));
        });

    bool is_expected =
        speaker != speakers.end() && !kind.empty() && speaker->kind == kind;
    return speaker == speakers.end() || is_expected
               ? std::string()
               : "; it seems to be " + std::string(speaker->name);
}

}  // namespace backends
