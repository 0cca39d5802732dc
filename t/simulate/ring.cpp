#include "simulate/ring.hpp"

#include "sessions/openssl.hpp"
#include "support/allocations.hpp"

#include <array>
#include <openssl/evp.h>
#include <utility>

namespace simulate {

using support::Allocations;

Ring::Ring(World& world, Worker& worker) : world_(world), worker_(worker) {
    keys_.emplace_back(std::string(48, 'a'));
    worker.loop().enter([this] {
        ring_ = std::make_unique<Keyring>(session_cache::tickets::Options{
            .store = worker_.client(),
            .scheduler = worker_.scheduler(),
            .meter = meter_,
            .keys = keys_,
            .prefix = "t:",
            .rotate = Seconds(60),
            .lifetimes = {Seconds(60)},
            .interval = worker_.terms().interval,
            .clock =
                [this] {
                    return std::chrono::duration_cast<Seconds>(world_.wall())
                        .count();
                },
            .wanted = [this] { return is_wanted_; },
            .log = [](auto, auto) {}});
        ring_->start();
    });
}

Ring::~Ring() {
    worker_.loop().enter([this] { ring_.reset(); });
}

void Ring::connected() {
    if (ring_ != nullptr) {
        ring_->connected();
    }
}

std::optional<Ring::TicketName> Ring::current() {
    std::optional<TicketName> name;
    worker_.loop().enter([&] {
        const auto* key = ring_->current();
        name = key != nullptr ? std::optional(key->name()) : std::nullopt;
    });
    return name;
}

std::string Ring::mark(const TicketName& name) {
    using session_cache::Owned;
    const auto* key = ring_->find(name);
    if (key == nullptr) {
        return "";
    }
    const Owned<EVP_MAC, EVP_MAC_free> hmac(
        EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    const Owned<EVP_MAC_CTX, EVP_MAC_CTX_free> mac(EVP_MAC_CTX_new(hmac.get()));
    const Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free> cipher(
        EVP_CIPHER_CTX_new());
    const std::array<unsigned char, 16> iv{};
    std::array<unsigned char, 64> out{};
    std::size_t size = 0;
    const bool done =
        key->open(iv.data(), cipher.get(), mac.get()) &&
        EVP_MAC_update(mac.get(), iv.data(), iv.size()) == 1 &&
        EVP_MAC_final(mac.get(), out.data(), &size, out.size()) == 1;
    return done ? std::string(out.begin(), out.begin() + size) : "";
}

void Ring::open(Ring& other) {
    const auto name = other.current();
    if (!name) {
        return;
    }
    const auto theirs = other.mark(*name);
    worker_.start([this, name = *name, theirs] {
        if (ring_->find(name) == nullptr) {
            const auto wanted = ring_->want(name);
            if (wanted) {
                ring_->fetch(*wanted,
                             worker_.loop().now() + worker_.terms().timeout);
            }
        }
        const Allocations::Scope test(Allocations::Of::test);
        const auto mine = mark(name);
        world_.note("ticket", mine.size());
        if (!mine.empty() && !theirs.empty() && mine != theirs) {
            world_.fail("a ticket key has another content elsewhere");
        }
    });
}

}  // namespace simulate
