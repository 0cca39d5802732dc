#include "directive/directive.hpp"

#include "backends/memcached/ring.hpp"
#include "directive/doubts.hpp"
#include "directive/hints.hpp"
#include "directive/quoted.hpp"
#include "directive/values.hpp"
#include "tickets/slot.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

namespace session_cache {

using namespace std::chrono_literals;

namespace {

/* The longest prefix. With a session ID in hexadecimal, a key stays below
 * memcached's limit of 250 bytes. */
constexpr std::size_t max_prefix = 128;

/* The longest name of a master. Sentinel has no limit. */
constexpr std::size_t max_master = 128;

bool is_password(std::string_view parameter) {
    return parameter == "auth" || parameter == "sentinel_auth";
}

class Parser {
  public:
    static std::vector<std::string_view> names();

    Parsed parse(std::span<const std::string_view> arguments) {
        for (std::string_view argument : arguments) {
            read(argument);
            if (!result_.error.empty()) {
                break;
            }
        }

        if (result_.error.empty()) {
            finish();
        }
        if (result_.error.empty()) {
            result_.warnings = doubts_of(result_.directive, has_parameters());
        }
        return std::move(result_);
    }

  private:
    using Setter = bool (Parser::*)(std::string_view value);

    struct Parameter {
        std::string_view name;
        Setter set;
    };

    static constexpr std::size_t n_parameters = 22;
    static const std::array<Parameter, n_parameters> parameters;

    void read(std::string_view argument);
    void read_switch(std::string_view argument);
    void finish();
    bool has_parameters() const;
    std::string redis_fault() const;
    std::string memcached_fault() const;
    std::uint16_t default_port() const;
    bool has_weight() const;
    bool has_unix_socket() const;
    void finish_ports(std::uint16_t default_port);
    void finish_tls();
    void finish_tickets();
    bool was_given(std::string_view name) const;

    bool addr(std::string_view value);
    bool port(std::string_view value);
    bool type(std::string_view value);
    bool cluster(std::string_view value);
    bool interval(std::string_view value);
    bool count(std::string_view value);
    bool timeout(std::string_view value);
    bool auth(std::string_view value);
    bool db(std::string_view value);
    bool sentinel(std::string_view value);
    bool sentinel_auth(std::string_view value);
    bool prefix(std::string_view value);
    bool tickets(std::string_view value);
    bool rotate(std::string_view value);
    bool early_data(std::string_view value);
    bool key(std::string_view value);
    bool tls(std::string_view value);
    bool tls_ca(std::string_view value);
    bool tls_name(std::string_view value);
    bool tls_verify(std::string_view value);
    bool tls_cert(std::string_view value);
    bool tls_cert_key(std::string_view value);

    void fail(std::string message, std::string_view hint = {}) {
        result_.error = std::move(message);
        result_.hint = printable(hint);
    }

    Parsed result_;
    StoreParameters& store_ = result_.directive.store;
    std::array<bool, n_parameters> given_{};
    bool switched_ = false;
    std::uint16_t port_ = 0; /* for addresses without a port */
};

const std::array<Parser::Parameter, Parser::n_parameters> Parser::parameters{{
    {"addr", &Parser::addr},
    {"port", &Parser::port},
    {"type", &Parser::type},
    {"cluster", &Parser::cluster},
    {"interval", &Parser::interval},
    {"count", &Parser::count},
    {"timeout", &Parser::timeout},
    {"auth", &Parser::auth},
    {"db", &Parser::db},
    {"sentinel", &Parser::sentinel},
    {"sentinel_auth", &Parser::sentinel_auth},
    {"prefix", &Parser::prefix},
    {"tickets", &Parser::tickets},
    {"rotate", &Parser::rotate},
    {"early_data", &Parser::early_data},
    {"key", &Parser::key},
    {"tls", &Parser::tls},
    {"tls_ca", &Parser::tls_ca},
    {"tls_name", &Parser::tls_name},
    {"tls_verify", &Parser::tls_verify},
    {"tls_cert", &Parser::tls_cert},
    {"tls_cert_key", &Parser::tls_cert_key},
}};

void Parser::read(std::string_view argument) {
    if (argument == "on" || argument == "off") {
        read_switch(argument);
        return;
    }

    std::size_t equals = argument.find('=');
    /* also up to a mistyped "=" before a password */
    std::string_view name =
        argument.substr(0, std::min(equals, argument.find(':')));

    const auto* parameter =
        std::find_if(parameters.begin(), parameters.end(),
                     [&](const Parameter& p) { return p.name == name; });

    if (parameter != parameters.end() && name == argument) {
        fail("parameter " + quoted(name) + " without a value",
             hint_for_missing_value(name));
        return;
    }
    if (equals == std::string_view::npos || parameter == parameters.end()) {
        fail("unknown parameter " + quoted(name),
             hint_for_name(argument, names()));
        return;
    }

    bool& given = given_.at(parameter - parameters.begin());
    if (given && name != "addr" && name != "key") {
        fail("duplicate parameter " + quoted(name));
        return;
    }
    given = true;

    std::string_view value = argument.substr(equals + 1);
    if ((this->*parameter->set)(value) || !result_.error.empty()) {
        return;
    }

    bool is_secret =
        is_password(name) || (name == "addr" && may_have_password(value));
    fail("invalid " + (is_secret ? "value" : quoted(value)) + " in parameter " +
             quoted(name),
         hint_for_value(name, value));
}

std::vector<std::string_view> Parser::names() {
    std::vector<std::string_view> names(n_parameters);
    std::transform(parameters.begin(), parameters.end(), names.begin(),
                   [](const Parameter& p) { return p.name; });
    return names;
}

void Parser::read_switch(std::string_view argument) {
    bool on = argument == "on";

    if (switched_) {
        fail(on == result_.directive.on
                 ? "duplicate parameter " + quoted(argument)
                 : "\"on\" and \"off\" together");
        return;
    }

    switched_ = true;
    result_.directive.on = on;
}

/* Checks what depends on several parameters. */
void Parser::finish() {
    result_.has_addr = was_given("addr");
    if (store_.servers.empty()) {
        store_.servers.emplace_back().host = "127.0.0.1";
    }

    std::string wrong =
        store_.type == Type::redis ? redis_fault() : memcached_fault();
    if (!wrong.empty()) {
        fail(std::move(wrong));
    } else if (store_.servers.size() > backends::memcached::Ring::max_servers) {
        fail("more than " +
             std::to_string(backends::memcached::Ring::max_servers) +
             " parameters \"addr\"");
    } else {
        finish_ports(default_port());
        finish_tls();
        finish_tickets();
    }
}

std::string Parser::redis_fault() const {
    bool has_sentinels = !store_.sentinel.empty();

    if (store_.cluster && has_sentinels) {
        return "parameter \"sentinel\" with \"cluster=on\"";
    }
    if (!has_sentinels && was_given("sentinel_auth")) {
        return "parameter \"sentinel_auth\" without \"sentinel\"";
    }
    if (store_.cluster && store_.db != 0) {
        return "parameter \"db\" other than 0 with \"cluster=on\"";
    }
    if (!store_.cluster && !has_sentinels && store_.servers.size() > 1) {
        return "several parameters \"addr\" with type \"redis\", without "
               "\"cluster=on\" or \"sentinel\"";
    }
    return has_weight() ? "\"weight\" in parameter \"addr\" with type \"redis\""
                        : "";
}

std::string Parser::memcached_fault() const {
    constexpr std::array<std::string_view, 4> of_redis{"cluster", "sentinel",
                                                       "sentinel_auth", "db"};
    auto given =
        std::find_if(of_redis.begin(), of_redis.end(),
                     [this](std::string_view name) { return was_given(name); });

    if (given != of_redis.end()) {
        return "parameter " + quoted(*given) + " with type \"memcached\"";
    }
    return !store_.password.empty() && store_.user.empty()
               ? "parameter \"auth\" without a user with type \"memcached\""
               : "";
}

std::uint16_t Parser::default_port() const {
    if (store_.type == Type::memcached) {
        return 11211;
    }
    return store_.sentinel.empty() ? 6379 : 26379;
}

bool Parser::has_weight() const {
    return std::any_of(
        store_.servers.begin(), store_.servers.end(),
        [](const ServerParameters& server) { return server.weight != 1; });
}

bool Parser::has_unix_socket() const {
    return std::any_of(
        store_.servers.begin(), store_.servers.end(),
        [](const ServerParameters& server) { return !server.path.empty(); });
}

void Parser::finish_ports(std::uint16_t default_port) {
    bool used = false;

    for (ServerParameters& server : store_.servers) {
        if (server.path.empty() && server.port == 0) {
            server.port = port_ != 0 ? port_ : default_port;
            used = true;
        }
    }

    if (port_ != 0 && !used) {
        fail("parameter \"port\" with a port or a Unix socket in \"addr\"");
    }
}

bool Parser::has_parameters() const {
    return std::find(given_.begin(), given_.end(), true) != given_.end();
}

bool Parser::was_given(std::string_view name) const {
    for (std::size_t i = 0; i < n_parameters; ++i) {
        if (parameters.at(i).name == name) {
            return given_.at(i);
        }
    }
    return false;
}

void Parser::finish_tls() {
    backends::tls::Parameters& tls = store_.tls;

    for (const char* name :
         {"tls_ca", "tls_name", "tls_verify", "tls_cert", "tls_cert_key"}) {
        if (!tls.on && was_given(name)) {
            fail("parameter " + quoted(name) + " without \"tls=on\"");
            return;
        }
    }

    if (!tls.on) {
        return;
    }

    if (tls.name.empty() && tls.verify && has_unix_socket()) {
        fail("parameter \"tls=on\" with a Unix socket without \"tls_name\"");
    } else if (tls.cert_key.empty() && !tls.cert.empty()) {
        fail("parameter \"tls_cert\" without \"tls_cert_key\"");
    } else if (tls.cert.empty() && !tls.cert_key.empty()) {
        fail("parameter \"tls_cert_key\" without \"tls_cert\"");
    }
}

void Parser::finish_tickets() {
    bool are_shared = result_.directive.tickets == Tickets::shared;

    if (are_shared && result_.directive.keys.empty()) {
        fail("parameter \"tickets=shared\" without \"key\"");
    } else if (!are_shared && was_given("rotate")) {
        fail("parameter \"rotate\" without \"tickets=shared\"");
    }
}

bool Parser::addr(std::string_view value) {
    ServerParameters server;

    if (!read_server(value, server)) {
        return false;
    }
    store_.servers.push_back(std::move(server));
    return true;
}

bool Parser::port(std::string_view value) {
    port_ = static_cast<std::uint16_t>(read_positive(value, 65535));
    return port_ != 0;
}

bool Parser::type(std::string_view value) {
    store_.type = value == "memcached" ? Type::memcached : Type::redis;
    return value == "memcached" || value == "redis";
}

bool Parser::cluster(std::string_view value) {
    return read_flag(value, store_.cluster);
}

bool Parser::interval(std::string_view value) {
    auto interval = read_time(value);
    store_.interval = interval.value_or(store_.interval);
    return interval.has_value();
}

bool Parser::timeout(std::string_view value) {
    auto timeout = read_time(value);
    store_.timeout = timeout.value_or(store_.timeout);
    return timeout.has_value();
}

bool Parser::count(std::string_view value) {
    if (value == "unlimited") {
        store_.count = backends::Options::unlimited;
        return true;
    }

    auto count = read_number(value, std::numeric_limits<std::int32_t>::max());
    store_.count = count.value_or(0);
    return store_.count != 0;
}

bool Parser::auth(std::string_view value) {
    return read_credentials(value, store_.user, store_.password);
}

bool Parser::db(std::string_view value) {
    auto db = read_number(value, std::numeric_limits<std::int32_t>::max());
    store_.db = static_cast<unsigned>(db.value_or(0));
    return db.has_value();
}

/* The characters that "sentinel monitor" accepts in the name of a master. */
bool Parser::sentinel(std::string_view value) {
    store_.sentinel = value;
    return !value.empty() && value.size() <= max_master &&
           std::all_of(value.begin(), value.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                      (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
                      c == '_';
           });
}

bool Parser::sentinel_auth(std::string_view value) {
    return read_credentials(value, store_.sentinel_user,
                            store_.sentinel_password);
}

bool Parser::prefix(std::string_view value) {
    result_.directive.prefix = value;
    return value.size() <= max_prefix && is_word(value);
}

bool Parser::tickets(std::string_view value) {
    Tickets& tickets = result_.directive.tickets;

    if (value == "keep") {
        tickets = Tickets::keep;
    } else if (value == "shared") {
        tickets = Tickets::shared;
        store_.surveyed = true; /* lifetimes depend on clocks */
    } else {
        tickets = Tickets::off;
    }
    return tickets != Tickets::off || value == "off";
}

/* In whole seconds, because nodes that divide time differently have different
 * keys. */
bool Parser::rotate(std::string_view value) {
    using std::chrono::seconds;
    auto rotate = read_time(value);
    if (!rotate || *rotate % seconds(1) != 0ms) {
        return false;
    }

    result_.directive.rotate = duration_cast<seconds>(*rotate);
    return *rotate >= tickets::min_rotate && *rotate <= tickets::max_rotate;
}

/* Claims of early data need surveys of how the store remembers. */
bool Parser::early_data(std::string_view value) {
    result_.directive.early_data = EarlyData::once;
    store_.surveyed = true;
    return value == "once";
}

bool Parser::key(std::string_view value) {
    result_.directive.keys.emplace_back(value);
    return !value.empty();
}

bool Parser::tls(std::string_view value) {
    return read_flag(value, store_.tls.on);
}

bool Parser::tls_ca(std::string_view value) {
    store_.tls.ca = value;
    return !value.empty();
}

/* The length limit is that of names in TLS (RFC 6066 refers to DNS). */
bool Parser::tls_name(std::string_view value) {
    store_.tls.name = value;
    return !value.empty() && value.size() <= TLSEXT_MAXLEN_host_name &&
           is_word(value);
}

bool Parser::tls_verify(std::string_view value) {
    return read_flag(value, store_.tls.verify);
}

bool Parser::tls_cert(std::string_view value) {
    store_.tls.cert = value;
    return !value.empty();
}

bool Parser::tls_cert_key(std::string_view value) {
    store_.tls.cert_key = value;
    return !value.empty();
}

}  // namespace

const std::string& tls_name(const StoreParameters& store,
                            const ServerParameters& server) noexcept {
    return store.tls.name.empty() ? server.host : store.tls.name;
}

bool has_hash_tag(std::string_view prefix) noexcept {
    std::size_t open = prefix.find('{');
    std::size_t close = prefix.find('}', std::min(open, prefix.size()));
    return close != std::string_view::npos && close > open + 1;
}

std::vector<std::string_view> parameter_names() {
    return Parser::names();
}

Parsed parse(std::span<const std::string_view> arguments) {
    return Parser().parse(arguments);
}

}  // namespace session_cache
