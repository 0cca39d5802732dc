#include "debug/configuration.hpp"
#include "debug/capture/child.hpp"
#include "numbers/number.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <optional>
#include <stdexcept>

namespace debug {

namespace {

/* The words of a directive, or of the beginning of a block. */
using Words = std::vector<std::string>;

/* Splits a configuration into directives, like nginx. */
class Tokens {
  public:
    explicit Tokens(std::string_view text) : text_(text) {}

    /* The next one; none at the end. */
    std::optional<Words> next() {
        Words words;
        while (skip_blank()) {
            char c = text_.front();
            if (c == ';' || c == '{' || c == '}') {
                text_.remove_prefix(1);
                if (!words.empty()) {
                    return words;
                }
            } else {
                words.push_back(take_word());
            }
        }
        return words.empty() ? std::nullopt : std::optional(words);
    }

  private:
    /* False if nothing is left. */
    bool skip_blank() {
        while (!text_.empty()) {
            if (text_.front() == '#') {
                std::size_t end = text_.find('\n');
                text_.remove_prefix(std::min(end, text_.size()));
            } else if (std::isspace(
                           static_cast<unsigned char>(text_.front())) != 0) {
                text_.remove_prefix(1);
            } else {
                return true;
            }
        }
        return false;
    }

    std::string take_word() {
        char quote = text_.front();
        bool quoted = quote == '"' || quote == '\'';
        if (quoted) {
            text_.remove_prefix(1);
        }
        std::string word;
        while (!text_.empty()) {
            char c = text_.front();
            bool ends =
                quoted ? c == quote
                       : std::isspace(static_cast<unsigned char>(c)) != 0 ||
                             c == ';' || c == '{' || c == '}';
            if (ends) {
                text_.remove_prefix(quoted ? 1 : 0);
                break;
            }
            if (c == '\\' && text_.size() > 1) {
                text_.remove_prefix(1);
                c = text_.front();
            }
            word += c;
            text_.remove_prefix(1);
        }
        return word;
    }

    std::string_view text_;
};

template <class T>
void add_once(std::vector<T>& all, const T& one) {
    if (std::find(all.begin(), all.end(), one) == all.end()) {
        all.push_back(one);
    }
}

struct Ports {
    std::uint16_t first;
    std::uint16_t last;
};

/* "443", "[::]:443", "127.0.0.1:443-445". An address alone has port 80. */
Ports listen_ports(std::string_view address) {
    std::size_t colon = address.rfind(':');
    std::size_t bracket = address.rfind(']');
    if (colon != std::string_view::npos &&
        (bracket == std::string_view::npos || colon > bracket)) {
        address.remove_prefix(colon + 1);
    }
    std::size_t dash = std::min(address.find('-'), address.size());
    auto first = numbers::read<std::uint16_t>(address.substr(0, dash));
    auto last = dash == address.size()
                    ? first
                    : numbers::read<std::uint16_t>(address.substr(dash + 1));
    return first && last && *first <= *last ? Ports{*first, *last}
                                            : Ports{80, 80};
}

void read_listen(NginxConf& conf, const Words& words) {
    bool tls = std::find(words.begin(), words.end(), "ssl") != words.end();
    if (tls && words.size() > 1 && !words[1].starts_with("unix:")) {
        Ports ports = listen_ports(words[1]);
        for (unsigned port = ports.first; port <= ports.last; ++port) {
            conf.tls_ports.insert(static_cast<std::uint16_t>(port));
        }
    }
}

void read_directive(NginxConf& conf, const Words& words,
                    const std::filesystem::path& directory) {
    std::vector<std::string_view> arguments(words.begin() + 1, words.end());
    session_cache::Parsed parsed = session_cache::parse(arguments);

    if (!parsed.error.empty() || !parsed.directive.on) {
        return;
    }
    add_once(conf.stores, parsed.directive.store);
    for (const std::string& key : parsed.directive.keys) {
        add_once(conf.keys, (directory / key).string());
    }
}

/* Adds the servers of one directive's parameters. */
void add_store(Roles& roles, const session_cache::StoreParameters& store,
               std::vector<std::string>& missing) {
    bool redis = store.type == session_cache::Type::redis;
    std::uint16_t usual = redis ? 6379 : 11211;

    if (!store.sentinel.empty()) {
        missing.push_back("the store is where the Sentinels of \"" +
                          store.sentinel + "\" say: name it with --store");
        return;
    }

    for (const session_cache::ServerParameters& server : store.servers) {
        if (!server.path.empty()) {
            missing.push_back("the store at unix:" + server.path +
                              " is not on the wire");
            continue;
        }
        std::uint16_t port = server.port != 0 ? server.port : usual;
        if (store.tls.on) {
            missing.push_back("the store at " + server.host + ':' +
                              std::to_string(port) + " is behind TLS");
            continue;
        }
        roles.stores.push_back(
            make_store(redis ? StoreKind::redis : StoreKind::memcached,
                       server.host, port));
        roles.stores.back().cluster = store.cluster;
    }
}

}  // namespace

NginxConf read_nginx_conf(std::string_view text, const std::string& directory) {
    NginxConf conf;
    Tokens tokens(text);
    while (auto words = tokens.next()) {
        const std::string& name = words->front();
        if (name == "listen") {
            read_listen(conf, *words);
        } else if (name == "remote_ssl_session_cache") {
            read_directive(conf, *words, directory);
        } else if (name == "error_log" && words->size() > 2) {
            conf.debug_log |= words->at(2) == "debug";
        }
    }
    return conf;
}

NginxConf ask_nginx(const std::string& file) {
    std::filesystem::path path = std::filesystem::absolute(file);
    Said said = run({"nginx", "-T", "-c", path.string()});
    if (said.status != 0) {
        throw std::runtime_error("nginx -T -c " + path.string() + " fails:\n" +
                                 said.errors);
    }
    return read_nginx_conf(said.output, path.parent_path().string());
}

std::vector<std::string> add_to(Roles& roles, const NginxConf& conf) {
    std::vector<std::string> missing;
    for (std::uint16_t port : conf.tls_ports) {
        roles.tls_ports.insert(port);
    }
    for (const session_cache::StoreParameters& store : conf.stores) {
        add_store(roles, store, missing);
    }
    return missing;
}

}  // namespace debug
