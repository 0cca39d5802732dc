#include "backends/memcached/text.hpp"
#include "numbers/number.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace backends::memcached {

namespace {

constexpr std::string_view eol = "\r\n";

/* Cuts the first word off `text`. Words are separated by one space. */
std::string_view cut_word(std::string_view& text) noexcept {
    std::size_t end = text.find(' ');
    std::string_view word = text.substr(0, end);

    text = end == text.npos ? std::string_view() : text.substr(end + 1);
    return word;
}

bool is_error(std::string_view line) noexcept {
    std::string_view code = cut_word(line);
    return code == "ERROR" || code == "CLIENT_ERROR" || code == "SERVER_ERROR";
}

}  // namespace

/* Nothing can join this line any more. */
void Text::line(CleansedBytes& out,
                std::initializer_list<std::string_view> words) {
    open_ = 0;

    std::string_view before;
    for (std::string_view word : words) {
        out.append(before).append(word);
        before = " ";
    }
    out.append(eol);
}

bool Text::get(CleansedBytes& out, std::string_view key) {
    constexpr std::string_view command = "get";

    /* none of the line was sent yet, and it has room */
    if (open_ != 0 && out.size() >= open_ &&
        open_ + 1 + key.size() <= max_line) {
        out.insert(out.size() - eol.size(), CleansedBytes(1, ' ').append(key));
        open_ += 1 + key.size();
        return true;
    }

    line(out, {command, key});
    open_ = command.size() + 1 + key.size() + eol.size();
    return false;
}

void Text::put(CleansedBytes& out, Put how, std::string_view key,
               std::string_view value, std::uint32_t expiration) {
    line(out, {how == Put::set ? "set" : "add", key, "0",
               std::to_string(expiration), std::to_string(value.size())});
    out.append(value).append(eol);
}

void Text::erase(CleansedBytes& out, std::string_view key) {
    line(out, {"delete", key});
}

void Text::version(CleansedBytes& out) {
    line(out, {"version"});
}

void Text::ping(CleansedBytes& out) {
    line(out, {"get", ping_key});
}

void Text::stats(CleansedBytes& out) {
    line(out, {"stats"});
}

/*
 * A server that wants a password takes the first set for it (memcached's
 * try_read_command_asciiauth()). A server that wants none stores it, but as a
 * value that has already expired, so that nobody can ask for it.
 */
void Text::authenticate(CleansedBytes& out, std::string_view user,
                        std::string_view password) {
    line(out, {"set", "auth", "0", "-1",
               std::to_string(user.size() + 1 + password.size())});
    out.append(user).append(" ").append(password).append(eol);
}

std::optional<Reply> Text::next() noexcept {
    if (!error().empty() || (in_value_ && !ends_value())) {
        return std::nullopt;
    }

    std::string_view rest = replies_.rest();
    std::size_t end = rest.substr(0, max_line).find('\n');
    if (end == rest.npos) {
        return rest.size() < max_line ? std::nullopt : fail("line too long");
    }
    if (end == 0 || rest[end - 1] != '\r') {
        return fail("unexpected reply");
    }

    std::string_view line = rest.substr(0, end - 1);
    return line.starts_with("VALUE ") ? value(line) : simple(line);
}

std::optional<Reply> Text::simple(std::string_view line) noexcept {
    using Type = Reply::Type;
    constexpr std::array<std::pair<std::string_view, Type>, 5> lines{{
        {"END", Type::end},
        {"STORED", Type::stored},
        {"NOT_STORED", Type::not_stored},
        {"DELETED", Type::deleted},
        {"NOT_FOUND", Type::not_found},
    }};
    constexpr std::string_view version = "VERSION";

    std::size_t size = line.size() + eol.size();
    for (const auto& [text, type] : lines) {
        if (line == text) {
            replies_.take(size);
            return Reply{.type = type};
        }
    }

    std::string_view rest = line;
    std::string_view first = cut_word(rest);
    if (first == version) {
        replies_.take(size);
        return Reply{.type = Type::version, .text = rest};
    }
    if (first == "STAT") {
        replies_.take(size);
        std::string_view name = cut_word(rest);
        return Reply{
            .type = Type::figure, .key = name, .text = rest, .last = false};
    }
    if (is_error(line)) {
        replies_.take(size);
        return Reply{.type = Type::error, .text = line};
    }
    return fail("unexpected reply");
}

/* VALUE <key> <flags> <bytes>, then that many bytes, then a line end. */
std::optional<Reply> Text::value(std::string_view line) noexcept {
    std::string_view words = line;
    cut_word(words);
    std::string_view key = cut_word(words);
    std::string_view flags = cut_word(words);

    auto bytes = numbers::read<std::uint32_t>(words);
    if (key.empty() || key.size() > max_key ||
        !numbers::read<std::uint32_t>(flags) || !bytes) {
        return fail("unexpected reply");
    }

    std::string_view rest = replies_.rest().substr(line.size() + eol.size());
    std::uint32_t size = *bytes;
    std::size_t kept = std::min<std::size_t>(size, max_value + 1);
    if (rest.size() < kept + eol.size()) {
        return std::nullopt;
    }

    replies_.take(line.size() + eol.size() + std::uint64_t{size});
    in_value_ = true;
    if (kept == size && !ends_value()) {
        return std::nullopt;
    }
    return Reply{.type = Reply::Type::value,
                 .key = key,
                 .text = rest.substr(0, kept),
                 .last = false};
}

/* Takes the line end after a value. False if it is not there. */
bool Text::ends_value() noexcept {
    std::string_view rest = replies_.rest();

    if (rest.size() < eol.size()) {
        return false;
    }
    if (!rest.starts_with(eol)) {
        fail("value of another length");
        return false;
    }
    replies_.take(eol.size());
    in_value_ = false;
    return true;
}

}  // namespace backends::memcached
