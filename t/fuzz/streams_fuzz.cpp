// What TLS, Redis and memcached peers say, in pieces and without packets: each
// command is answered or given up once, each handshake begins before it ends,
// and ends once.
//
// Input: the protocol, and whether the start is seen (1 byte), the size of the
// pieces (1 byte), then for each turn who says how much (1 byte: the highest
// bit and the rest), and the bytes.

#include "debug/wire/roles.hpp"
#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <set>

using namespace debug;

namespace {

class Checked : public HandshakeListener, public StoreListener {
  public:
    void client_hello(const Flow& /*flow*/, Time /*time*/,
                      const ClientHello& hello) override {
        CHECK(hello.session_id.size() <= 32);
        CHECK_FALSE(over_);
        greeted_ = true;
    }
    void server_hello(const Flow& /*flow*/, Time /*time*/,
                      const ServerHello& hello) override {
        CHECK(hello.session_id.size() <= 32);
        CHECK((greeted_ && !over_));
    }
    void abbreviated(const Flow& /*flow*/) override {
        CHECK((greeted_ && !over_));
    }
    void not_tls() override { CHECK_FALSE(greeted_); }
    void completed(const Flow& /*flow*/, Time /*time*/) override { end(); }
    void broken_off(const Flow& /*flow*/, Time /*time*/,
                    std::string_view /*how*/) override {
        end();
    }
    void lost_sight(const Flow& /*flow*/, Time /*time*/,
                    std::string_view /*why*/) override {
        end();
    }

    void asked(const Flow& /*flow*/, Time /*time*/,
               const StoreCommand& command) override {
        CHECK(command.key.size() <= StoreCommand::max_key);
        if (command.answered) {
            CHECK(waiting_.insert(command.id).second);
        }
    }
    void answered(const Flow& /*flow*/, Time /*time*/, std::uint64_t id,
                  const StoreReply& reply) override {
        CHECK(reply.text.size() <= 32);
        CHECK(reply.to.size() <= 262);
        CHECK(waiting_.erase(id) == 1);
    }
    void disconnected(const Flow& /*flow*/, Time /*time*/,
                      Side /*by*/) override {}
    void unseen(const Flow& /*flow*/, std::uint64_t id) override {
        CHECK(waiting_.erase(id) == 1);
    }
    void reopened(const Flow& /*flow*/, std::uint64_t id) override {
        CHECK(waiting_.insert(id).second);
    }

  private:
    void end() {
        CHECK((greeted_ && !over_));
        over_ = true;
    }

    bool greeted_ = false;
    bool over_ = false;
    std::set<std::uint64_t> waiting_;
};

}  // namespace

void fuzz(Input input) {
    static const Roles roles{{443},
                             {{StoreKind::redis, "", 6379, {}},
                              {StoreKind::memcached, "", 11211, {}}}};
    static const std::uint16_t ports[] = {443, 6379, 11211};
    Flow flow;
    const unsigned kind = input.byte();
    flow.server.port = ports[kind % 3];
    flow.from_start = kind < 128;
    const std::size_t piece = std::max(input.byte(), 1U);

    Checked checked;
    RedisNodes nodes;
    const auto reader = make_reader(roles, nodes, flow, checked, checked);
    while (!input.empty() && !reader->over()) {
        const auto turn = input.byte();
        const Side from = (turn & 0x80) != 0 ? Side::server : Side::client;
        auto bytes = input.take(turn & 0x7f);
        while (!bytes.empty() && !reader->over()) {
            const auto part = bytes.substr(0, piece);
            reader->data(from, Time(), part);
            CHECK(reader->held() <= 4 * 1024 * 1024);
            bytes.remove_prefix(part.size());
        }
    }
    if (!reader->over()) {
        reader->closed(Side::client, Time(), false);
    }
}
