#include "backends/redis/sentinel.hpp"

#include "backends/places.hpp"
#include "numbers/number.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace backends::redis {

namespace {

std::span<redisReply* const> elements(const redisReply& reply) noexcept {
    return {reply.element,
            reply.type == REDIS_REPLY_ARRAY ? reply.elements : 0};
}

/* Empty if it is not a string. */
std::string_view string_of(const redisReply& reply) noexcept {
    return reply.type == REDIS_REPLY_STRING ? text(reply) : std::string_view();
}

/* Nothing if one of them is not valid. */
std::optional<Endpoint> read_endpoint(std::string_view host,
                                      std::string_view port) {
    auto number = numbers::read<std::uint16_t>(port);

    if (!number || *number == 0 || host.empty() || !is_host(host)) {
        return std::nullopt;
    }
    return Endpoint{.host = std::string(host), .port = *number};
}

}  // namespace

struct Sentinels::Asking {
    Asking(Sentinels& sentinels, std::string master, coro::Time deadline)
        : sentinels(sentinels), master(std::move(master)), deadline(deadline) {
        sentinels.asking_.push_back(this);
    }
    ~Asking() { std::erase(sentinels.asking_, this); }

    Asking(const Asking&) = delete;
    Asking& operator=(const Asking&) = delete;

    Sentinels& sentinels;
    const std::string master;
    coro::Time deadline; /* of the whole call */
    coro::Time turn{};   /* deadline of the present Sentinel */
    Connection* connection = nullptr;
    std::optional<coro::Waker> name{}; /* the wait for a name */
};

Sentinels::Sentinels(coro::Scheduler& scheduler, const Options& options,
                     const Watch& watch)
    : scheduler_(scheduler), options_(options), user_(watch.user),
      password_(watch.password) {
    for (const Server& server : watch.sentinels) {
        sentinels_.push_back({server});
    }
}

Resolved Sentinels::resolve(std::string master, std::uint16_t /* port */,
                            coro::Time deadline) {
    if (next_ && now() < *next_) {
        return last_;
    }

    Asking asking(*this, std::move(master), deadline);
    last_ = ask_all(asking);
    next_ = now() + random_.time(pause, 2 * pause);
    return last_;
}

std::vector<Server> Sentinels::in_order() {
    std::shuffle(sentinels_.begin(), sentinels_.end(), random_);
    std::stable_partition(sentinels_.begin(), sentinels_.end(),
                          [](const Sentinel& s) { return !s.is_silent; });

    std::vector<Server> servers;
    for (const Sentinel& sentinel : sentinels_) {
        servers.push_back(sentinel.server);
    }
    return servers;
}

Sentinels::Sentinel* Sentinels::find(const std::string& name) noexcept {
    auto found = std::find_if(
        sentinels_.begin(), sentinels_.end(),
        [&](const Sentinel& sentinel) { return sentinel.server.name == name; });
    return found != sentinels_.end() ? &*found : nullptr;
}

/* Each Sentinel gets at most half of the remaining time, because there may be
 * others. */
Resolved Sentinels::ask_all(Asking& asking) {
    std::string error;
    std::size_t failed = 0;

    for (Server& server : in_order()) {
        if (closed_ || now() >= asking.deadline) {
            break;
        }
        asking.turn = std::min(now() + options_.timeout / 2, asking.deadline);
        Resolved found = ask(asking, server);

        if (Sentinel* sentinel = find(server.name)) {
            sentinel->is_silent = found.addresses.empty();
            sentinel->server.addresses = std::move(server.addresses);
        }
        if (!found.addresses.empty()) {
            return found;
        }
        ++failed;
        error = "Sentinel " + server.name + ": " + found.error;
    }

    if (failed > 1) {
        error += ", and " + std::to_string(failed - 1) + " more";
    }
    return {.error = error.empty() ? "no Sentinel could be asked" : error};
}

/* Asks at the last known address. If the Sentinel is not there any more, looks
 * its name up. */
Resolved Sentinels::ask(Asking& asking, Server& sentinel) {
    Resolved found{.error = "its name is not known"};

    for (int time = 0; time < 2 && !closed_; ++time) {
        for (const Address& address : sentinel.addresses) {
            found = ask_at(asking, sentinel, address);
            if (!found.addresses.empty()) {
                return found;
            }
        }

        if (sentinel.host.empty() || time != 0) {
            break;
        }
        Resolved there = look_up(asking, sentinel.host, sentinel.port);
        if (there.addresses.empty() ||
            std::equal(there.addresses.begin(), there.addresses.end(),
                       sentinel.addresses.begin(), sentinel.addresses.end(),
                       same)) {
            break;
        }
        sentinel.addresses = std::move(there.addresses);
    }
    return found;
}

Resolved Sentinels::ask_at(Asking& asking, const Server& sentinel,
                           const Address& address) {
    Connection connection(scheduler_, options_.tls, sentinel.tls_name);
    struct Open {
        Open(Connection*& open, Connection& connection) : open(open) {
            open = &connection;
        }
        ~Open() { open = nullptr; }
        Connection*& open;
    } open(asking.connection, connection);

    std::string why = connection.connect(address, asking.turn);
    if (!why.empty()) {
        return {.error = std::move(why)};
    }

    Talk talk(scheduler_, connection, asking.turn);
    if (!talk.authenticate(user_, password_)) {
        return {.error = talk.error()};
    }

    Reply reply =
        talk.ask({"SENTINEL", "get-master-addr-by-name", asking.master}, true);
    if (reply == nullptr) {
        return {.error = talk.error()};
    }
    learn(talk, asking.master);
    connection.close();
    return find_master(asking, *reply);
}

Resolved Sentinels::find_master(Asking& asking, const redisReply& reply) {
    if (reply.type == REDIS_REPLY_NIL) {
        return {.error = "it knows of no such master"};
    }

    auto parts = elements(reply);
    std::optional<Endpoint> master;
    if (parts.size() == 2) {
        master = read_endpoint(string_of(*parts[0]), string_of(*parts[1]));
    }
    if (!master) {
        return {.error = "unexpected reply"};
    }

    Resolved found{.is_sure = true};
    if (auto address = address_of(*master)) {
        found.addresses.push_back(std::move(*address));
    } else {
        found = look_up(asking, master->host, master->port);
        found.is_sure = true;
    }

    for (Address& address : found.addresses) {
        address.tls_name = options_.tls_name.empty() ? master->host : "";
    }
    return found;
}

Resolved Sentinels::look_up(Asking& asking, const std::string& host,
                            std::uint16_t port) {
    if (options_.names == nullptr) {
        return {.error = "to look \"" + host + "\" up takes a resolver"};
    }

    if (now() >= asking.turn) {
        return {.error = host + ": timed out"};
    }

    asking.name = coro::next_wait();
    Resolved found = options_.names->resolve(host, port, asking.turn);
    asking.name.reset();
    if (found.addresses.empty()) {
        found.error = host + ": " + found.error;
    }
    return found;
}

/* A configured list grows old, but its Sentinels know others. If they do not
 * answer, that does no harm. */
void Sentinels::learn(Talk& talk, const std::string& master) {
    if (learned_ && now() - *learned_ < lesson) {
        return;
    }

    Reply reply = talk.ask({"SENTINEL", "sentinels", master}, true);
    if (reply == nullptr || closed_) {
        return;
    }

    learned_ = now();
    std::erase_if(sentinels_, [](const Sentinel& s) { return s.is_learned; });
    for (const redisReply* sentinel :
         elements(*reply).first(std::min(reply->elements, max_learned))) {
        learn_of(*sentinel);
    }
}

void Sentinels::learn_of(const redisReply& sentinel) {
    auto where =
        read_endpoint(value_of(sentinel, "ip"), value_of(sentinel, "port"));
    if (!where || find(text_of(*where)) != nullptr) {
        return;
    }

    Server server{.name = text_of(*where), .port = where->port};
    server.tls_name =
        options_.tls_name.empty() ? where->host : options_.tls_name;
    if (auto address = address_of(*where)) {
        server.addresses.push_back(std::move(*address));
    } else {
        server.host = where->host;
    }
    sentinels_.push_back({.server = std::move(server), .is_learned = true});
}

void Sentinels::close() noexcept {
    closed_ = true;
    for (Asking* asking : asking_) {
        if (asking->connection != nullptr) {
            asking->connection->close();
        }
        if (asking->name) {
            scheduler_.wake(*asking->name, coro::Wake::cancelled);
        }
    }
}

}  // namespace backends::redis
