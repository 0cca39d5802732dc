/*
 * The handshake of one TLS connection, as far as it shows without decryption.
 */

#pragma once

#include "debug/capture/connections.hpp"
#include "debug/wire/hello.hpp"
#include "debug/wire/prelude.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace debug {

/* Hears the events of handshakes, in the order of the capture. */
class HandshakeListener {
  public:
    virtual ~HandshakeListener() = default;

    /* Called a second time after a HelloRetryRequest. */
    virtual void client_hello(const Flow& flow, Time time,
                              const ClientHello& hello) = 0;
    virtual void server_hello(const Flow& flow, Time time,
                              const ServerHello& hello) = 0;

    /* TLS 1.2: the server finishes first, as in a resumption. */
    virtual void abbreviated(const Flow& flow) = 0;

    /* Both sides have sent the last message of their handshake. */
    virtual void completed(const Flow& flow, Time time) = 0;
    virtual void broken_off(const Flow& flow, Time time,
                            std::string_view how) = 0;

    /* The end is not known, because the capture does not show it. */
    virtual void lost_sight(const Flow& flow, Time time,
                            std::string_view why) = 0;

    /* A connection that was seen from its start had no handshake, because its
     * client does not speak TLS. */
    virtual void not_tls() = 0;
};

class TlsReader : public Reader {
  public:
    /*
     * The longest ClientHello or ServerHello that is read, in bytes. Also
     * limits what the server may send before the client, because captures of
     * several queues are not strictly in order.
     */
    static constexpr std::size_t max_hello = 16 * 1024;

    TlsReader(HandshakeListener& listener, const Flow& flow);

    void data(Side from, Time time, std::string_view bytes) override;
    void gap(Side from, Time time) override;
    void closed(Side by, Time time, bool reset) override;
    void forgotten(Time time) override;
    bool over() const override { return over_; }
    bool matters() const override { return greeted_; }
    std::size_t held() const override;

  private:
    /* The data of one side: records that contain handshake messages. */
    struct Way {
        std::string head;         /* of an incomplete record */
        unsigned type = 0;        /* of the record */
        std::size_t left = 0;     /* of the record */
        std::string message_head; /* of an incomplete message */
        std::size_t message_left = 0;
        std::string body; /* of a hello */
        std::string alert;
        bool encrypted = false; /* TLS 1.2: after ChangeCipherSpec */
        bool first = true;      /* TLS 1.2: no message after the ServerHello */
        bool finished = false;
    };

    Way& way(Side side) { return ways_.at(static_cast<std::size_t>(side)); }
    bool greet(std::string_view& bytes, Time time);
    void read(Side from, Time time, std::string_view bytes);
    std::string_view take_head(Way& way, std::string_view bytes);
    void begin_record(Side from, Time time);
    void fragment(Side from, Time time, std::string_view bytes);
    void handshake(Side from, Time time, std::string_view bytes);
    void message(Side from, Time time);
    void alert(Side from, Time time, std::string_view bytes);
    void end_first();
    void finish(Side from, Time time);
    void break_off(Time time, std::string_view how);
    void lose_sight(Time time, std::string_view why);

    HandshakeListener& listener_;
    Flow flow_;
    Prelude prelude_;
    std::array<Way, 2> ways_;
    std::string early_;    /* of the server, before a ClientHello */
    bool begun_ = false;   /* the client speaks TLS */
    bool greeted_ = false; /* there was a ClientHello */
    bool retried_ = false; /* and there may be a second one */
    bool early_data_ = false;
    bool answered_ = false; /* and a ServerHello */
    bool tls13_ = false;
    bool over_ = false;
};

}  // namespace debug
