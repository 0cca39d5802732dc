#include "backends/guess.hpp"

#include <algorithm>
#include <array>

namespace backends {

namespace {

struct Speaker {
    std::string_view begins; /* its first words */
    std::string_view name;
    std::string_view kind{}; /* as in `type`, if a store */
};

constexpr std::array<Speaker, 15> speakers{{
    {"\x15\x03", "a TLS server (tls=on)"},
    {"\x16\x03", "a TLS server (tls=on)"},
    {"HTTP/", "an HTTP server"},
    {"<html", "an HTTP server"},
    {"<!DOC", "an HTTP server"},
    {"SSH-", "an SSH server"},
    {"220", "a mail or FTP server"},
    {"* OK", "a mail server"},
    {"ERROR", "memcached (type=memcached)", "memcached"},
    {"CLIENT_ERROR", "memcached (type=memcached)", "memcached"},
    {"SERVER_ERROR", "memcached (type=memcached)", "memcached"},
    {"VERSION", "memcached (type=memcached)", "memcached"},
    {"\x81", "memcached (type=memcached)", "memcached"},
    {"-", "Redis (type=redis)", "redis"},
    {"+", "Redis (type=redis)", "redis"},
}};

}  // namespace

/* Perhaps only the beginning of a word has arrived. */
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
