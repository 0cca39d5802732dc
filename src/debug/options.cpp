#include "debug/options.hpp"
#include "numbers/number.hpp"

#include <algorithm>
#include <getopt.h>
#include <limits>
#include <string_view>

namespace debug {

const char usage[] =
    R"(Usage: ngx-ssl-session-cache-debug [options]

Tells the story of each TLS handshake: what the client offered, what nginx asked
the session cache's store, what the store answered, and how the handshake ended.

Source, one of:
      --demo[=STORE]      the demo's fleet, with a redis, a memcached, a cluster
                          or a redis that sentinel watches
      --conf FILE         what nginx -T -c FILE lists, captured by tcpdump
  -i, --interface NAME    capture on this interface (any)
  -r, --read FILE         read a capture made by tcpdump -w; -: standard input
      --error-log FILE    read the module's debug lines, too, or alone;
                          -: standard input
Ports and stores (-r recognises everything if neither is given):
  -p, --port PORT,...     TLS ports (443)
      --store KIND:ADDR   a store, redis:10.0.0.5:6379, memcached:11211
      --key FILE          the key of sealed sessions; may be repeated
Output:
      --json              one object per line
      --html FILE         also write a page with timelines
      --full-ids          session IDs in full
      --color[=WHEN]      always, never, or auto
Limits:
      --seconds N         stop after N seconds
      --count N           stop after N handshakes
      --user NAME         change to this user when everything is open (nobody)
  -h, --help
      --version
      --key-id FILE       print the identifier of this key file
)";

namespace {

enum Long : int {
    demo = 256,
    conf,
    error_log,
    store,
    key,
    json,
    html,
    full_ids,
    color,
    seconds,
    count,
    user,
    version,
    key_id,
};

const option long_options[] = {
    {"demo", optional_argument, nullptr, demo},
    {"conf", required_argument, nullptr, conf},
    {"interface", required_argument, nullptr, 'i'},
    {"read", required_argument, nullptr, 'r'},
    {"error-log", required_argument, nullptr, error_log},
    {"port", required_argument, nullptr, 'p'},
    {"store", required_argument, nullptr, store},
    {"key", required_argument, nullptr, key},
    {"json", no_argument, nullptr, json},
    {"html", required_argument, nullptr, html},
    {"full-ids", no_argument, nullptr, full_ids},
    {"color", optional_argument, nullptr, color},
    {"seconds", required_argument, nullptr, seconds},
    {"count", required_argument, nullptr, count},
    {"user", required_argument, nullptr, user},
    {"help", no_argument, nullptr, 'h'},
    {"version", no_argument, nullptr, version},
    {"key-id", required_argument, nullptr, key_id},
    {nullptr, 0, nullptr, 0},
};

template <class Number>
Number read_number(std::string_view text, const char* what) {
    Number number = numbers::read<Number>(text).value_or(0);
    if (number == 0) {
        throw UsageError(std::string("not a ") + what + ": " +
                         std::string(text));
    }
    return number;
}

std::vector<std::uint16_t> read_ports(std::string_view text) {
    std::vector<std::uint16_t> ports;
    while (!text.empty()) {
        std::size_t comma = text.find(',');
        ports.push_back(
            read_number<std::uint16_t>(text.substr(0, comma), "port"));
        text.remove_prefix(comma == std::string_view::npos ? text.size()
                                                           : comma + 1);
    }
    return ports;
}

std::optional<bool> read_when(const char* text) {
    std::string_view when = text != nullptr ? text : "always";
    if (when == "auto") {
        return std::nullopt;
    }
    if (when != "always" && when != "never") {
        throw UsageError("--color is always, never or auto");
    }
    return when == "always";
}

std::string read_demo_store(const char* text) {
    std::string kind = text != nullptr ? text : "redis";
    static constexpr std::string_view kinds[]{"redis", "memcached", "cluster",
                                              "sentinel"};
    if (std::find(std::begin(kinds), std::end(kinds), kind) ==
        std::end(kinds)) {
        throw UsageError(
            "--demo is with redis, memcached, cluster or sentinel");
    }
    return kind;
}

void read_option(Options& options, int letter, const char* value) {
    switch (letter) {
    case demo:
        options.demo = true;
        options.demo_store = read_demo_store(value);
        break;
    case conf:
        options.conf = value;
        break;
    case 'i':
        options.interface = value;
        break;
    case 'r':
        options.file = value;
        break;
    case 'p':
        for (std::uint16_t port : read_ports(value)) {
            options.roles.tls_ports.insert(port);
        }
        break;
    case store:
        options.roles.stores.push_back(read_store(value));
        break;
    case key:
        options.keys.emplace_back(value);
        break;
    case seconds:
        options.seconds =
            std::chrono::seconds(read_number<unsigned>(value, "number"));
        break;
    case count:
        options.count = read_number<std::uint64_t>(value, "number");
        break;
    case user:
        options.user = value;
        break;
    default:
        break;
    }
}

/* Throws the error in the last word that was read. */
[[noreturn]] void refuse(int letter, const char* word) {
    std::string_view option(word);
    std::string shown(option.substr(0, option.find('=')));
    if (!option.starts_with("--")) {
        shown = {'-', static_cast<char>(optopt)};
    }
    if (letter == ':') {
        throw UsageError(shown + " needs a value");
    }
    bool known = optopt > std::numeric_limits<unsigned char>::max();
    throw UsageError(known ? shown + " takes no value"
                           : "there is no option " + shown);
}

/* Options about output. */
bool read_telling(Options& options, int letter, const char* value) {
    switch (letter) {
    case error_log:
        options.error_log =
            value == std::string_view("-") ? "/dev/stdin" : value;
        return true;
    case json:
        options.json = true;
        return true;
    case html:
        options.html = value;
        return true;
    case full_ids:
        options.full_ids = true;
        return true;
    case color:
        options.colours = read_when(value);
        return true;
    case 'h':
        options.help = true;
        return true;
    case version:
        options.version = true;
        return true;
    case key_id:
        options.key_id = value;
        return true;
    default:
        return false;
    }
}

void check(const Options& options) {
    int sources = options.demo + !options.conf.empty() + !options.file.empty();
    if (sources > 1 ||
        (sources == 1 && !options.interface.empty() && options.conf.empty())) {
        throw UsageError("--demo, --conf, -i and -r exclude each other");
    }
}

}  // namespace

Options read_options(std::span<char*> arguments) {
    Options options;
    int letter = 0;

    optind = 0; /* getopt(3): begins anew */
    opterr = 0;
    auto size = static_cast<int>(arguments.size());
    while ((letter = getopt_long(size, arguments.data(), ":i:p:r:h",
                                 long_options, nullptr)) != -1) {
        if (letter == '?' || letter == ':') {
            refuse(letter, arguments[static_cast<std::size_t>(optind) - 1]);
        }
        if (!read_telling(options, letter, optarg)) {
            read_option(options, letter, optarg);
        }
    }
    if (optind != size) {
        throw UsageError(std::string("what is ") + arguments[optind] + "?");
    }
    check(options);
    return options;
}

}  // namespace debug
