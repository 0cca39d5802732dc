#include "debug/wire/prelude.hpp"
#include "debug/capture/cursor.hpp"
#include "debug/capture/endpoint.hpp"
#include "debug/wire/upper.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace debug {

namespace {

using namespace std::string_view_literals;

/* https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt */
constexpr auto proxy_line = "PROXY "sv;
constexpr auto proxy_header = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t longest_proxy_line = 107;

/* The longest line of mail that is read for STARTTLS. */
constexpr std::size_t longest_line = 1000;

/* How clients of SMTP, IMAP and POP3 begin. IMAP commands have a tag. */
constexpr std::array first_words{"EHLO"sv, "HELO"sv, "LHLO"sv, "CAPA"sv,
                                 "STLS"sv, "AUTH"sv, "NOOP"sv};
constexpr std::array tagged_words{"CAPABILITY"sv, "STARTTLS"sv, "ID"sv,
                                  "NOOP"sv};

bool could_be(std::string_view begin, std::string_view whole) {
    return whole.starts_with(begin.substr(0, whole.size()));
}

/* Takes the word before the next space. */
std::string_view take_word(std::string_view& text) {
    std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    return word;
}

template <class Words>
bool is_one_of(const Words& words, std::string_view word) {
    return std::find(words.begin(), words.end(), upper(word)) != words.end();
}

bool is_text(char c) {
    return std::isprint(static_cast<unsigned char>(c)) != 0 || c == '\r' ||
           c == '\n';
}

bool begins_mail(std::string_view line) {
    std::string_view first = take_word(line);
    return is_one_of(first_words, first) ||
           is_one_of(tagged_words, take_word(line));
}

std::string_view without_end(std::string_view line) {
    return line.substr(0, line.find_first_of("\r\n"));
}

/* "10.0.0.1:5555", or empty if the words are not an address. */
std::string address(std::string_view host, std::string_view port) {
    bool v6 = host.find(':') != std::string_view::npos;
    std::string shown = (v6 ? "[" : "") + std::string(host) + (v6 ? "]" : "") +
                        ':' + std::string(port);
    auto endpoint = read_endpoint(shown);
    return endpoint ? text(*endpoint) : std::string();
}

}  // namespace

bool Prelude::recognises(std::string_view bytes) {
    bool is_tls = bytes.size() >= 3 && bytes.starts_with("\x16\x03") &&
                  static_cast<unsigned char>(bytes[2]) <= 4;
    return is_tls || bytes.starts_with(proxy_line) ||
           bytes.starts_with(proxy_header) || begins_mail(without_end(bytes));
}

Prelude::Found Prelude::take(std::string_view& bytes) {
    for (;;) {
        std::size_t skipped = std::min(skip_, bytes.size());
        skip_ -= skipped;
        said_ += skipped;
        bytes.remove_prefix(skipped);
        if (skip_ != 0) {
            return said_ > longest ? Found::nothing : Found::more;
        }
        std::size_t before = head_.size();
        Found found = before != 0 ? look() : Found::more;
        if (found != Found::more) {
            return found;
        }
        if (head_.size() != before) {
            continue;
        }
        if (bytes.empty() || said_ >= longest) {
            return bytes.empty() ? Found::more : Found::nothing;
        }
        head_ += bytes.front();
        bytes.remove_prefix(1);
        ++said_;
    }
}

/* Examines head_. With Found::more it may have become shorter. */
Prelude::Found Prelude::look() {
    if (could_be(head_, "\x16\x03")) {
        bool whole = head_.size() >= 3;
        bool known = whole && static_cast<unsigned char>(head_[2]) <= 4;
        return known ? Found::tls : whole ? Found::nothing : Found::more;
    }
    if (!dialogue_ && could_be(head_, proxy_header)) {
        return take_proxy_header();
    }
    if (!dialogue_ && could_be(head_, proxy_line)) {
        return take_proxy_line();
    }
    return take_line();
}

/* "PROXY TCP4 192.0.2.1 10.0.0.2 5555 443" */
Prelude::Found Prelude::take_proxy_line() {
    if (head_.back() != '\n') {
        return head_.size() > longest_proxy_line ? Found::nothing : Found::more;
    }
    std::string_view line = head_;
    line.remove_suffix(std::min<std::size_t>(2, line.size()));
    take_word(line);
    take_word(line);
    std::string_view host = take_word(line);
    take_word(line);
    proxied_ = address(host, take_word(line));
    head_.clear();
    return Found::more;
}

/* Reads the signature, the command, the family, and the length of the rest,
 * which begins with the addresses. */
Prelude::Found Prelude::take_proxy_header() {
    constexpr std::size_t fixed = 16;
    Cursor cursor(head_);
    cursor.take(proxy_header.size() + 1);
    unsigned family = cursor.number(1) >> 4;
    std::size_t length = cursor.number(2);
    std::size_t width = family == 1 ? 4 : family == 2 ? 16 : 0;
    std::size_t addresses = std::min(length, width == 0 ? 0 : 2 * width + 4);
    if (head_.size() < fixed || head_.size() < fixed + addresses) {
        return Found::more;
    }
    if (addresses != 0) {
        Endpoint client;
        client.v6 = family == 2;
        std::string_view source = cursor.take(width);
        std::copy(source.begin(), source.end(), client.address.begin());
        cursor.take(width);
        client.port = static_cast<std::uint16_t>(cursor.number(2));
        proxied_ = cursor.failed() ? std::string() : text(client);
    }
    head_.clear();
    skip_ = length - addresses;
    return Found::more;
}

/* Reads a line of a mail client. */
Prelude::Found Prelude::take_line() {
    if (!is_text(head_.back()) || head_.size() > longest_line) {
        return Found::nothing;
    }
    if (head_.back() != '\n') {
        return Found::more;
    }
    if (!dialogue_ && !begins_mail(without_end(head_))) {
        return Found::nothing;
    }
    dialogue_ = true;
    head_.clear();
    return Found::more;
}

}  // namespace debug
