#include "debug/wire/tls.hpp"
#include "debug/capture/cursor.hpp"

#include <algorithm>

namespace debug {

namespace {

constexpr std::size_t record_head = 5;
constexpr std::size_t message_head = 4;
constexpr std::size_t longest_record = (1 << 14) + 2048;

/*
 * A TLS 1.3 record has a byte for its type and a tag of 16 bytes (8 with
 * CCM_8). An alert has two bytes, and a Finished has a header and a hash.
 * EndOfEarlyData is between them in size.
 */
constexpr std::size_t encrypted_alert = 2 + 1 + 16;
constexpr std::size_t shortest_finished = message_head + 32 + 1 + 8;

enum RecordType : unsigned {
    change_cipher_spec = 20,
    alert_record = 21,
    handshake_record = 22,
    application_data = 23,
};

enum MessageType : unsigned {
    client_hello_message = 1,
    server_hello_message = 2,
    new_session_ticket_message = 4,
};

unsigned byte_at(std::string_view bytes, std::size_t i) {
    return static_cast<unsigned char>(bytes[i]);
}

/* Alerts that may end a handshake (RFC 8446, 6). */
std::string alert_name(unsigned description) {
    switch (description) {
    case 0:
        return "close_notify";
    case 10:
        return "unexpected_message";
    case 20:
        return "bad_record_mac";
    case 40:
        return "handshake_failure";
    case 42:
        return "bad_certificate";
    case 45:
        return "certificate_expired";
    case 46:
        return "certificate_unknown";
    case 47:
        return "illegal_parameter";
    case 48:
        return "unknown_ca";
    case 50:
        return "decode_error";
    case 51:
        return "decrypt_error";
    case 70:
        return "protocol_version";
    case 80:
        return "internal_error";
    case 112:
        return "unrecognized_name";
    case 116:
        return "certificate_required";
    case 120:
        return "no_application_protocol";
    default:
        return "number " + std::to_string(description);
    }
}

std::string_view name_of(Side side) {
    return side == Side::client ? "client" : "server";
}

}  // namespace

TlsReader::TlsReader(HandshakeListener& listener, const Flow& flow)
    : listener_(listener), flow_(flow) {}

std::size_t TlsReader::held() const {
    std::size_t held = sizeof(*this) + prelude_.held() + early_.capacity();
    for (const Way& way : ways_) {
        held += way.head.capacity() + way.message_head.capacity() +
                way.body.capacity() + way.alert.capacity();
    }
    return held;
}

void TlsReader::data(Side from, Time time, std::string_view bytes) {
    if (from == Side::server && !greeted_) {
        if (!prelude_.is_dialogue() || begun_) {
            early_ += bytes;
        }
        if (early_.size() > max_hello) {
            over_ = true;
        }
        return;
    }
    if (from == Side::client && !begun_ && !greet(bytes, time)) {
        return;
    }
    read(from, time, bytes);
    if (greeted_ && !early_.empty()) {
        std::string early;
        early.swap(early_);
        read(Side::server, time, early);
    }
}

/* Whether the client's handshake begins before the rest of `bytes`. */
bool TlsReader::greet(std::string_view& bytes, Time time) {
    Prelude::Found found = prelude_.take(bytes);

    if (prelude_.is_dialogue()) {
        early_.clear();
    }
    if (found == Prelude::Found::nothing) {
        over_ = true;
        if (flow_.from_start) {
            listener_.not_tls();
        }
    }
    begun_ = found == Prelude::Found::tls;
    if (begun_) {
        read(Side::client, time, prelude_.begun());
    }
    return begun_;
}

void TlsReader::read(Side from, Time time, std::string_view bytes) {
    Way& side = way(from);

    while (!bytes.empty() && !over_) {
        if (side.left == 0) {
            bytes = take_head(side, bytes);
            if (side.head.size() == record_head) {
                begin_record(from, time);
            }
            continue;
        }
        std::string_view part = bytes.substr(0, side.left);
        bytes.remove_prefix(part.size());
        side.left -= part.size();
        fragment(from, time, part);
    }
}

std::string_view TlsReader::take_head(Way& way, std::string_view bytes) {
    std::size_t size = std::min(record_head - way.head.size(), bytes.size());
    way.head.append(bytes.substr(0, size));
    return bytes.substr(size);
}

void TlsReader::begin_record(Side from, Time time) {
    Way& side = way(from);
    Cursor head(side.head);
    side.type = head.number(1);
    unsigned major = head.number(1);
    head.take(1);
    side.left = head.number(2);
    side.head.clear();

    if (side.type < change_cipher_spec || side.type > application_data ||
        major != 3 || side.left > longest_record) {
        lose_sight(time, "malformed record");
        return;
    }
    /* The first record has to be a handshake. Otherwise the beginning is
     * missing. */
    if (!greeted_ && (from == Side::server || side.type != handshake_record)) {
        over_ = true;
        return;
    }
    if (side.type == application_data && tls13_ && from == Side::client) {
        if (side.left == encrypted_alert ||
            (side.left < shortest_finished && !early_data_)) {
            break_off(time, "client sent an alert, encrypted");
        } else {
            finish(from, time);
        }
    }
    if (side.type == handshake_record && side.encrypted) {
        finish(from, time);
    }
}

void TlsReader::fragment(Side from, Time time, std::string_view bytes) {
    switch (way(from).type) {
    case handshake_record:
        if (!way(from).encrypted) {
            handshake(from, time, bytes);
        }
        break;
    case alert_record:
        alert(from, time, bytes);
        break;
    case change_cipher_spec:
        way(from).encrypted = answered_ && !tls13_;
        if (way(from).encrypted && from == Side::server) {
            end_first();
        }
        break;
    default:
        break;
    }
}

void TlsReader::handshake(Side from, Time time, std::string_view bytes) {
    Way& side = way(from);

    while (!bytes.empty() && !over_) {
        if (side.message_head.size() < message_head) {
            side.message_head += bytes.front();
            bytes.remove_prefix(1);
            if (side.message_head.size() < message_head) {
                continue;
            }
            side.message_left = Cursor(side.message_head.substr(1)).number(3);
        }

        unsigned type = byte_at(side.message_head, 0);
        bool is_hello = type == (from == Side::client ? client_hello_message
                                                      : server_hello_message);
        if (!greeted_ && !is_hello) {
            over_ = true;
            return;
        }
        if (is_hello && side.body.size() + side.message_left > max_hello) {
            lose_sight(time, "a hello is longer than the program reads");
            return;
        }

        std::string_view part = bytes.substr(0, side.message_left);
        bytes.remove_prefix(part.size());
        side.message_left -= part.size();
        if (is_hello) {
            side.body += part;
        }
        if (side.message_left == 0) {
            message(from, time);
            side.message_head.clear();
            side.body.clear();
        }
    }
}

void TlsReader::message(Side from, Time time) {
    Way& side = way(from);
    unsigned type = byte_at(side.message_head, 0);

    if (from == Side::client && type == client_hello_message) {
        auto hello = read_client_hello(side.body);
        if (!hello) {
            lose_sight(time, "malformed ClientHello");
            return;
        }
        if (greeted_ && !retried_) {
            lose_sight(time,
                       "a second ClientHello without a HelloRetryRequest");
            return;
        }
        greeted_ = true;
        retried_ = false;
        early_data_ = hello->early_data;
        hello->proxied = prelude_.proxied();
        listener_.client_hello(flow_, time, *hello);
    } else if (from == Side::server && type == server_hello_message) {
        auto hello = read_server_hello(side.body);
        if (!hello) {
            lose_sight(time, "malformed ServerHello");
            return;
        }
        if (answered_) {
            lose_sight(time, "a second ServerHello");
            return;
        }
        retried_ = hello->retry;
        if (!hello->retry) {
            answered_ = true;
            tls13_ = hello->version >= tls13;
        }
        listener_.server_hello(flow_, time, *hello);
    } else if (from == Side::server && answered_ && !tls13_) {
        if (type == new_session_ticket_message) {
            end_first();
        }
        side.first = false;
    }
}

/* TLS 1.2: a server that changes to the session's keys before its certificate,
 * and before the client has answered, resumes (RFC 5077, 3.1). */
void TlsReader::end_first() {
    if (way(Side::server).first && !way(Side::client).encrypted) {
        way(Side::server).first = false;
        listener_.abbreviated(flow_);
    }
}

void TlsReader::alert(Side from, Time time, std::string_view bytes) {
    Way& side = way(from);

    if (side.encrypted) {
        break_off(time, std::string(name_of(from)) + " sent an alert");
        return;
    }
    side.alert += bytes;
    if (side.alert.size() < 2) {
        return;
    }
    bool fatal = byte_at(side.alert, 0) != 1;
    unsigned description = byte_at(side.alert, 1);
    side.alert.clear();
    if (fatal || description == 0) {
        break_off(time, std::string(name_of(from)) + " sent alert " +
                            alert_name(description));
    }
}

/* In TLS 1.3 the client's Finished is the last message. It is encrypted. */
void TlsReader::finish(Side from, Time time) {
    way(from).finished = true;
    if (tls13_ || (way(Side::client).finished && way(Side::server).finished)) {
        over_ = true;
        listener_.completed(flow_, time);
    }
}

void TlsReader::gap(Side /*from*/, Time time) {
    lose_sight(time, "the capture lacks bytes");
}

void TlsReader::closed(Side by, Time time, bool reset) {
    if (!over_ && greeted_) {
        break_off(time, std::string(name_of(by)) +
                            (reset ? " reset the connection"
                                   : " closed the connection"));
    }
    over_ = true;
}

void TlsReader::forgotten(Time time) {
    lose_sight(time, "the capture ended, or too many connections were open");
}

void TlsReader::break_off(Time time, std::string_view how) {
    over_ = true;
    listener_.broken_off(flow_, time, how);
}

void TlsReader::lose_sight(Time time, std::string_view why) {
    bool before = over_;
    over_ = true;
    if (!before && greeted_) {
        listener_.lost_sight(flow_, time, why);
    }
}

}  // namespace debug
