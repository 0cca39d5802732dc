#include "debug/wire/redis_nodes.hpp"

#include <algorithm>
#include <cctype>

namespace debug {

namespace {

/* The longest DNS name. */
constexpr std::size_t longest_host = 253;

constexpr std::size_t longest_port = 5;

constexpr std::size_t node_depth = 3;
constexpr std::size_t metadata_depth = 4;

bool is_host(std::string_view text) {
    return text.size() <= longest_host &&
           std::all_of(text.begin(), text.end(), [](unsigned char c) {
               return std::isalnum(c) != 0 ||
                      std::string_view(".:-_").find(static_cast<char>(c)) !=
                          std::string_view::npos;
           });
}

bool is_port(std::string_view text) {
    return !text.empty() && text.size() <= longest_port &&
           std::all_of(text.begin(), text.end(),
                       [](unsigned char c) { return std::isdigit(c) != 0; });
}

/* Takes the word before the next space. */
std::string_view take_word(std::string_view& text) {
    std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    return word;
}

std::string in_brackets(std::string_view host) {
    return host.find(':') == std::string_view::npos
               ? std::string(host)
               : '[' + std::string(host) + ']';
}

}  // namespace

std::optional<Endpoint> named_by(const Endpoint& teller, std::string_view host,
                                 std::string_view port) {
    bool same = host.empty() || host == "?";
    std::string where = same ? text(teller) : in_brackets(host) + ":0";

    where.resize(where.rfind(':'));
    auto named = read_endpoint(where + ':' + std::string(port));
    return named && named->port != 0 ? named : std::nullopt;
}

std::optional<Redirect> read_redirect(std::string_view error) {
    std::string_view code = take_word(error);
    if (code != "MOVED" && code != "ASK") {
        return std::nullopt;
    }
    take_word(error); /* the slot */
    std::size_t colon = error.rfind(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    Redirect redirect{code, error.substr(0, colon), error.substr(colon + 1)};
    bool makes_sense = (redirect.host == "?" || is_host(redirect.host)) &&
                       is_port(redirect.port);
    return makes_sense ? std::optional(redirect) : std::nullopt;
}

std::string text(const Redirect& redirect, const Endpoint& teller) {
    auto named = named_by(teller, redirect.host, redirect.port);
    return named
               ? text(*named)
               : in_brackets(redirect.host) + ':' + std::string(redirect.port);
}

void SlotsReader::element(std::size_t depth, char type, std::string_view text) {
    if (depth == node_depth && type == ':') {
        port_ = text;
        learn(last_);
    } else if (depth == metadata_depth && last_ == "ip") {
        learn(text);
    }
    last_ = type == ':' ? std::string_view() : text;
}

void SlotsReader::learn(std::string_view host) {
    if (auto node = named_by(teller_, host, port_)) {
        nodes_.add(*node);
    }
}

}  // namespace debug
