/*
 * The handshake of one TLS connection, as far as it can be read from outside.
 * Nothing is decrypted.
 */

#pragma once

#include "debug/capture/connections.hpp"
#include "debug/wire/hello.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace debug {

/* What happens in handshakes, in the order in which the capture has it. */
class HandshakeListener {
  public:
    virtual ~HandshakeListener() = default;

    /* After a HelloRetryRequest there is a second one. */
    virtual void client_hello(const Flow& flow, Time time,
                              const ClientHello& hello) = 0;
    virtual void server_hello(const Flow& flow, Time time,
                              const ServerHello& hello) = 0;

    /* Both sides have sent what ends their part of the handshake. */
    virtual void completed(const Flow& flow, Time time) = 0;
    virtual void broken_off(const Flow& flow, Time time,
                            std::string_view how) = 0;

    /* How it ends is not known: the capture does not say. */
    virtual void lost_sight(const Flow& flow, Time time,
                            std::string_view why) = 0;
};

class TlsReader : public Reader {
  public:
    /*
     * The longest ClientHello or ServerHello that is read, in bytes, and what
     * the server may say before the client: captures of several queues are
     * not strictly in order.
     */
    static constexpr std::size_t max_hello = 16 * 1024;

    TlsReader(HandshakeListener& listener, const Flow& flow);

    void data(Side from, Time time, std::string_view bytes) override;
    void gap(Side from, Time time) override;
    void closed(Side by, Time time, bool reset) override;
    void forgotten(Time time) override;
    bool over() const override { return over_; }

    /* Whether bytes may be the beginning of a TLS connection. */
    static bool recognises(std::string_view bytes) noexcept;

  private:
    /* What one side has sent: records, and in them handshake messages. */
    struct Way {
        std::string head;         /* of a record, not whole yet */
        unsigned type = 0;        /* of the record */
        std::size_t left = 0;     /* of the record */
        std::string message_head; /* of a handshake message, likewise */
        std::size_t message_left = 0;
        std::string body; /* of a hello */
        std::string alert;
        bool encrypted = false; /* TLS 1.2: after ChangeCipherSpec */
        bool finished = false;
    };

    Way& way(Side side) { return ways_.at(static_cast<std::size_t>(side)); }
    void read(Side from, Time time, std::string_view bytes);
    std::string_view take_head(Way& way, std::string_view bytes);
    void begin_record(Side from, Time time);
    void fragment(Side from, Time time, std::string_view bytes);
    void handshake(Side from, Time time, std::string_view bytes);
    void message(Side from, Time time);
    void alert(Side from, Time time, std::string_view bytes);
    void finish(Side from, Time time);
    void break_off(Time time, std::string_view how);
    void lose_sight(Time time, std::string_view why);

    HandshakeListener& listener_;
    Flow flow_;
    std::array<Way, 2> ways_;
    std::string early_;     /* of the server, before a ClientHello */
    bool greeted_ = false;  /* there was a ClientHello */
    bool answered_ = false; /* and a ServerHello */
    bool tls13_ = false;
    bool over_ = false;
};

}  // namespace debug
