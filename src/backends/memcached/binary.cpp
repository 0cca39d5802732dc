#include "backends/memcached/binary.hpp"
#include "numbers/big_endian.hpp"

#include <algorithm>
#include <iterator>

namespace backends::memcached {

namespace {

enum Opcode : unsigned char {
    op_get = 0x00,
    op_set = 0x01,
    op_add = 0x02,
    op_delete = 0x04,
    op_noop = 0x0a,
    op_version = 0x0b,
    op_stat = 0x10,
    op_sasl_list = 0x20,
    op_sasl_auth = 0x21,
};

enum ResponseStatus : std::uint32_t {
    status_ok = 0x00,
    status_not_found = 0x01,
    status_exists = 0x02,
};

constexpr std::size_t head_size = 24;

/* In network byte order, `n` bytes. */
void append_number(CleansedBytes& out, std::uint64_t number, unsigned n) {
    numbers::put_big_endian(number, n, std::back_inserter(out));
}

std::uint32_t number_at(std::string_view bytes, std::size_t at, unsigned n) {
    return static_cast<std::uint32_t>(
        numbers::read_big_endian(bytes.substr(at, n)));
}

void append_head(CleansedBytes& out, unsigned char opcode, std::size_t key,
                 std::size_t extras, std::size_t body, std::uint32_t opaque,
                 std::uint64_t cas = 0) {
    append_number(out, 0x80, 1);
    append_number(out, opcode, 1);
    append_number(out, key, 2);
    append_number(out, extras, 1);
    append_number(out, 0, 3); /* data type, vbucket */
    append_number(out, body, 4);
    append_number(out, opaque, 4);
    append_number(out, cas, 8);
}

}  // namespace

/* The first 24 bytes of a reply. */
struct Binary::Head {
    unsigned char opcode;
    std::uint32_t key;
    std::uint32_t extras;
    std::uint32_t status;
    std::uint32_t body;
    std::uint32_t opaque;

    explicit Head(std::string_view bytes)
        : opcode(static_cast<unsigned char>(bytes[1])),
          key(number_at(bytes, 2, 2)), extras(number_at(bytes, 4, 1)),
          status(number_at(bytes, 6, 2)), body(number_at(bytes, 8, 4)),
          opaque(number_at(bytes, 12, 4)) {}
};

/* The only line end is its last byte. */
void Binary::probe(CleansedBytes& out) {
    append_head(out, op_sasl_list, 0, 0, 0, 0, '\n');
}

void Binary::head(CleansedBytes& out, unsigned char opcode, std::size_t extras,
                  std::string_view key, std::size_t value) {
    append_head(out, opcode, key.size(), extras, extras + key.size() + value,
                asked_);
}

bool Binary::get(CleansedBytes& out, std::string_view key) {
    head(out, op_get, 0, key, 0);
    out.append(key);
    ++asked_;
    return false;
}

void Binary::put(CleansedBytes& out, Put how, std::string_view key,
                 std::string_view value, std::uint32_t expiration) {
    head(out, how == Put::set ? op_set : op_add, 8, key, value.size());
    append_number(out, 0, 4); /* flags */
    append_number(out, expiration, 4);
    out.append(key).append(value);
    ++asked_;
}

void Binary::erase(CleansedBytes& out, std::string_view key) {
    head(out, op_delete, 0, key, 0);
    out.append(key);
    ++asked_;
}

void Binary::version(CleansedBytes& out) {
    head(out, op_version, 0, {}, 0);
    ++asked_;
}

void Binary::ping(CleansedBytes& out) {
    head(out, op_noop, 0, {}, 0);
    ++asked_;
}

void Binary::stats(CleansedBytes& out) {
    head(out, op_stat, 0, {}, 0);
    ++asked_;
}

void Binary::authenticate(CleansedBytes& out, std::string_view user,
                          std::string_view password) {
    head(out, op_sasl_auth, 0, "PLAIN", 2 + user.size() + password.size());
    out.append("PLAIN").append(1, '\0').append(user);
    out.append(1, '\0').append(password);
    ++asked_;
}

std::optional<Reply> Binary::next() noexcept {
    std::string_view rest = replies_.rest();

    if (!error().empty() || rest.empty()) {
        return std::nullopt;
    }
    if (rest.front() != magic) {
        return fail("unexpected reply");
    }
    if (rest.size() < head_size) {
        return std::nullopt;
    }

    Head head(rest);
    std::size_t before = std::size_t{head.extras} + head.key;
    if (before > head.body || head.key > max_key || head.opaque != answered_) {
        return fail("unexpected reply");
    }

    std::size_t kept = std::min(head.body - before, max_value + 1);
    if (rest.size() < head_size + before + kept) {
        return std::nullopt;
    }

    replies_.take(head_size + std::uint64_t{head.body});
    std::string_view body = rest.substr(head_size + before, kept);
    if (head.opcode == op_stat && head.status == status_ok && head.key != 0) {
        return Reply{.type = Reply::Type::figure,
                     .key = rest.substr(head_size + head.extras, head.key),
                     .text = body,
                     .last = false};
    }
    ++answered_;
    return read(head, body);
}

std::optional<Reply> Binary::read(const Head& head,
                                  std::string_view body) noexcept {
    using Type = Reply::Type;

    if (head.opcode == op_get && head.status == status_not_found) {
        return Reply{.type = Type::end};
    }
    if (head.opcode == op_delete && head.status == status_not_found) {
        return Reply{.type = Type::not_found};
    }
    if (head.opcode == op_add && head.status == status_exists) {
        return Reply{.type = Type::not_stored};
    }
    if (head.status != status_ok) {
        return Reply{.type = Type::error,
                     .text = body.empty() ? "error without a text" : body};
    }

    switch (head.opcode) {
    case op_get:
        return Reply{.type = Type::value, .text = body};
    case op_set:
    case op_add:
    case op_sasl_list:
    case op_sasl_auth:
        return Reply{.type = Type::stored};
    case op_delete:
        return Reply{.type = Type::deleted};
    case op_noop:
    case op_stat: /* after the last figure */
        return Reply{.type = Type::end};
    case op_version:
        return Reply{.type = Type::version, .text = body};
    default:
        return fail("unexpected reply");
    }
}

}  // namespace backends::memcached
