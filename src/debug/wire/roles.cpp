#include "debug/wire/roles.hpp"
#include "debug/wire/memcached.hpp"
#include "debug/wire/redis.hpp"
#include "numbers/number.hpp"

#include <algorithm>
#include <netdb.h>
#include <netinet/in.h>
#include <stdexcept>
#include <utility>

namespace debug {

namespace {

/* Recognises a protocol by a client's first bytes. */
class Guess : public Reader {
  public:
    /* Enough bytes to recognise any protocol. */
    static constexpr std::size_t enough = 24;

    struct Of {
        bool tls;
        bool stores;
    };

    Guess(const Flow& flow, Of of, RedisNodes& nodes,
          HandshakeListener& handshakes, StoreListener& stores)
        : flow_(flow), of_(of), nodes_(nodes), handshakes_(handshakes),
          stores_(stores) {}

    void data(Side from, Time time, std::string_view bytes) override {
        if (reader_ == nullptr) {
            from = look(from, time, bytes);
        } else {
            from = side(from);
        }
        if (reader_ != nullptr && !bytes.empty()) {
            reader_->data(from, time, bytes);
        }
    }

    void gap(Side from, Time time) override {
        if (reader_ != nullptr) {
            reader_->gap(side(from), time);
        }
    }

    void closed(Side by, Time time, bool reset) override {
        if (reader_ != nullptr) {
            reader_->closed(side(by), time, reset);
        }
    }

    void forgotten(Time time) override {
        if (reader_ != nullptr) {
            reader_->forgotten(time);
        }
    }

    bool over() const override {
        return over_ || (reader_ != nullptr && reader_->over());
    }

    bool matters() const override {
        return reader_ != nullptr && reader_->matters();
    }

    std::size_t held() const override {
        return sizeof(*this) + first_.capacity() + early_.capacity() +
               (reader_ != nullptr ? reader_->held() : 0);
    }

  private:
    Side side(Side given) const { return swapped_ ? other(given) : given; }

    /* Leaves in `bytes` what is still to be read, and returns its side. */
    Side look(Side from, Time time, std::string_view& bytes) {
        /* Which end is the server's was also a guess. */
        if (from == Side::server && !flow_.from_start && first_.empty() &&
            recognise(bytes) != nullptr) {
            std::swap(flow_.client, flow_.server);
            swapped_ = true;
        }
        from = side(from);
        if (from == Side::server) {
            early_ += bytes.substr(0, Prelude::longest - early_.size());
            return from;
        }
        std::size_t before = first_.size();
        first_ += bytes.substr(0, enough - before);
        reader_ = recognise(first_);
        over_ = reader_ == nullptr && first_.size() == enough;
        if (reader_ != nullptr && before != 0) {
            reader_->data(from, time, first_.substr(0, before));
        }
        if (reader_ != nullptr && !early_.empty()) {
            tell_early(time, bytes);
        }
        return from;
    }

    /*
     * Passes on what the server has already sent. It comes after the client's
     * bytes, which it may answer, unless the capture lacks the connection's
     * start.
     */
    void tell_early(Time time, std::string_view& bytes) {
        if (flow_.from_start) {
            reader_->data(Side::client, time, bytes);
            bytes = {};
        }
        reader_->data(Side::server, time, early_);
        early_ = std::string();
    }

    std::unique_ptr<Reader> recognise(std::string_view bytes) {
        if (of_.tls && Prelude::recognises(bytes)) {
            return std::make_unique<TlsReader>(handshakes_, flow_);
        }
        if (of_.stores && RedisReader::recognises(bytes)) {
            return std::make_unique<RedisReader>(stores_, flow_, nodes_);
        }
        if (of_.stores && MemcachedReader::recognises(bytes)) {
            return std::make_unique<MemcachedReader>(stores_, flow_);
        }
        return nullptr;
    }

    Flow flow_;
    Of of_;
    RedisNodes& nodes_;
    HandshakeListener& handshakes_;
    StoreListener& stores_;
    std::unique_ptr<Reader> reader_;
    std::string first_; /* of the client, not recognised yet */
    std::string early_; /* of the server, before the client spoke */
    bool swapped_ = false;
    bool over_ = false;
};

Endpoint endpoint_of(const sockaddr* address) {
    Endpoint endpoint;
    if (address->sa_family == AF_INET6) {
        const auto* in6 = reinterpret_cast<const sockaddr_in6*>(address);
        endpoint.v6 = true;
        std::copy_n(in6->sin6_addr.s6_addr, 16, endpoint.address.begin());
    } else {
        const auto* in = reinterpret_cast<const sockaddr_in*>(address);
        const auto* bytes =
            reinterpret_cast<const unsigned char*>(&in->sin_addr.s_addr);
        std::copy_n(bytes, 4, endpoint.address.begin());
    }
    return endpoint;
}

std::vector<Endpoint> look_up(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    addrinfo* found = nullptr;
    hints.ai_socktype = SOCK_STREAM;

    int error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
    if (error != 0) {
        throw std::runtime_error("the address of " + host +
                                 " is not known: " + gai_strerror(error));
    }
    std::vector<Endpoint> endpoints;
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
        endpoints.push_back(endpoint_of(each->ai_addr));
        endpoints.back().port = port;
    }
    freeaddrinfo(found);
    return endpoints;
}

std::optional<std::uint16_t> read_port(std::string_view text) {
    auto port = numbers::read<std::uint16_t>(text);
    return port == 0 ? std::nullopt : port;
}

/* Splits "host:port", "[address]:port", "host" or "port". */
std::pair<std::string, std::uint16_t> split_address(std::string_view text,
                                                    std::uint16_t usual) {
    if (auto port = read_port(text)) {
        return {"", *port};
    }
    std::size_t bracket = text.starts_with('[') ? text.find(']') : 0;
    std::size_t colon = bracket == std::string_view::npos
                            ? std::string_view::npos
                            : text.find(':', bracket);
    std::uint16_t port = usual;
    if (colon != std::string_view::npos) {
        auto given = read_port(text.substr(colon + 1));
        if (!given) {
            throw std::runtime_error("no such port: " + std::string(text));
        }
        port = *given;
        text = text.substr(0, colon);
    }
    if (text.starts_with('[') && text.ends_with(']')) {
        text = text.substr(1, text.size() - 2);
    }
    return {std::string(text), port};
}

}  // namespace

StoreAt make_store(StoreKind kind, const std::string& host,
                   std::uint16_t port) {
    StoreAt store{.kind = kind, .host = host, .port = port};
    if (!host.empty()) {
        store.addresses = look_up(host, port);
    }
    return store;
}

StoreAt read_store(std::string_view text) {
    std::size_t colon = text.find(':');
    std::string_view kind = text.substr(0, colon);
    if (kind != "redis" && kind != "memcached") {
        throw std::runtime_error(
            "a store is redis:ADDRESS or memcached:ADDRESS, not " +
            std::string(text));
    }
    std::string_view address = colon == std::string_view::npos
                                   ? std::string_view()
                                   : text.substr(colon + 1);
    bool redis = kind == "redis";
    auto [host, port] = split_address(address, redis ? 6379 : 11211);
    return make_store(redis ? StoreKind::redis : StoreKind::memcached, host,
                      port);
}

const StoreAt* Roles::store(const Endpoint& server) const {
    auto found =
        std::find_if(stores.begin(), stores.end(), [&](const StoreAt& store) {
            if (store.addresses.empty()) {
                return store.port == server.port;
            }
            return std::find(store.addresses.begin(), store.addresses.end(),
                             server) != store.addresses.end();
        });
    return found == stores.end() ? nullptr : &*found;
}

bool Roles::is_tls(const Endpoint& server) const {
    return tls_ports.contains(server.port);
}

bool Roles::is_server(const Endpoint& endpoint) const {
    return is_tls(endpoint) || store(endpoint) != nullptr;
}

std::unique_ptr<Reader> make_reader(const Roles& roles, RedisNodes& nodes,
                                    const Flow& flow,
                                    HandshakeListener& handshakes,
                                    StoreListener& stores) {
    if (const StoreAt* store = roles.store(flow.server)) {
        if (store->kind == StoreKind::redis) {
            return std::make_unique<RedisReader>(stores, flow, nodes);
        }
        return std::make_unique<MemcachedReader>(stores, flow);
    }
    if (roles.is_tls(flow.server)) {
        return std::make_unique<TlsReader>(handshakes, flow);
    }
    if (nodes.has(flow.server)) {
        return std::make_unique<RedisReader>(stores, flow, nodes);
    }
    Guess::Of of{roles.tls_ports.empty(), roles.stores.empty()};
    if (of.tls || of.stores) {
        return std::make_unique<Guess>(flow, of, nodes, handshakes, stores);
    }
    return nullptr;
}

}  // namespace debug
