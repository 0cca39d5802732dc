#include "soak/load.hpp"

#include "support/tls_exchange.hpp"

#include <ctime>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace soak {

using namespace support;

namespace {

constexpr std::size_t together = 24;
constexpr std::size_t sessions_kept = 100;  // per sort of client
constexpr std::size_t complaints_kept = 4096;
constexpr int longest_rest = 40;  // ms

std::size_t up_to(std::size_t most, std::mt19937& random) {
    return std::uniform_int_distribution<std::size_t>(0, most)(random);
}

const Address& any_node(const Service& service, std::mt19937& random) {
    return service.nodes.at(up_to(service.nodes.size() - 1, random));
}

// As nginx's error log has it.
std::string time_of_day() {
    const auto now = std::time(nullptr);
    std::tm local{};
    char text[16];
    localtime_r(&now, &local);
    return {text, std::strftime(text, sizeof text, "%H:%M:%S", &local)};
}

void leave_half_way(TlsClient& client) {
    const auto hello = client.unsent_hello();
    client.socket().write(hello.substr(0, hello.size() / 2));
    client.socket().close();
}

}  // namespace

bool Load::Sort::operator<(const Sort& other) const {
    return std::tie(service, version, certificate) <
           std::tie(other.service, other.version, other.certificate);
}

TlsOptions Load::Sort::options() const {
    auto options = version == TLS1_2_VERSION ? tls12() : tls13();
    options.certificate = certificate ? &certificates().client : nullptr;
    return options;
}

Load::Load(std::vector<Service> services, std::size_t clients, unsigned seed)
    : services_(std::move(services)) {
    for (std::size_t i = 0; i < clients; ++i) {
        clients_.emplace_back(
            [this, random = Random(seed + i)](const std::stop_token& stopped) {
                live(stopped, random);
            });
    }
}

void Load::stop() {
    for (auto& client : clients_) {
        client.request_stop();
    }
    clients_.clear();
}

Load::Counts Load::counts() const {
    return {.full = full_,
            .resumed = resumed_,
            .broken_off = broken_off_,
            .failed = failed_};
}

std::string Load::complaints() const {
    const std::lock_guard lock(mutex_);
    return complaints_;
}

void Load::live(const std::stop_token& stopped, Random random) {
    while (!stopped.stop_requested()) {
        visit(random);
        // The pace of the load, which is to last rather than be the highest.
        std::this_thread::sleep_for(Milliseconds{up_to(longest_rest, random)});
    }
}

void Load::visit(Random& random) {
    try {
        const auto what = up_to(99, random);
        if (what < 20) {
            misbehave(random);
        } else if (what < 23) {
            come_together(random);
        } else {
            behave(random);
        }
    } catch (const std::exception& error) {
        ++failed_;
        const std::lock_guard lock(mutex_);
        if (complaints_.size() < complaints_kept) {
            complaints_ += time_of_day() + " " + error.what() + "\n";
        }
    }
}

Load::Sort Load::pick(Random& random) const {
    const auto& service = services_.at(up_to(services_.size() - 1, random));
    return {.service = &service,
            .version = up_to(1, random) == 0 ? TLS1_2_VERSION : TLS1_3_VERSION,
            .certificate = service.certificates && up_to(1, random) == 0};
}

// A session that was made at either node and has sometimes expired.
Session Load::recall(const Sort& sort, Random& random) {
    const std::lock_guard lock(mutex_);
    const auto& known = sessions_[sort];
    return known.empty() ? nullptr : known[up_to(known.size() - 1, random)];
}

void Load::remember(const Sort& sort, const std::vector<Session>& made,
                    Random& random) {
    const std::lock_guard lock(mutex_);
    auto& known = sessions_[sort];
    for (const auto& session : made) {
        if (known.size() < sessions_kept) {
            known.push_back(session);
        } else {
            known[up_to(known.size() - 1, random)] = session;
        }
    }
}

// The client and nginx have to agree on who it is and whether it resumed.
void Load::finish(const Sort& sort, TlsClient& client, Random& random) {
    const auto done = exchange(client);
    const auto expected = std::string(done.reused ? "r " : ". ") +
                          (sort.certificate ? certificates().subject : "");
    if (done.version != sort.version || done.body() != expected) {
        throw std::runtime_error("expected \"" + expected + "\", but got \"" +
                                 done.response + "\"");
    }
    ++(done.reused ? resumed_ : full_);
    remember(sort, done.sessions, random);
}

void Load::behave(Random& random) {
    const auto sort = pick(random);
    auto options = sort.options();
    options.session = up_to(3, random) == 0 ? nullptr : recall(sort, random);
    TlsClient client(any_node(*sort.service, random), options);
    client.handshake();
    finish(sort, client, random);
}

// Many connections with one session, as a browser opens them. One such crowd
// at a time: two at a time would be a rare peak, which could come late and
// look like a leak.
void Load::come_together(Random& random) {
    const std::unique_lock lock(together_, std::try_to_lock);
    if (!lock) {
        return;
    }
    const auto sort = pick(random);
    auto options = sort.options();
    options.session = recall(sort, random);
    const auto& node = any_node(*sort.service, random);
    std::vector<TlsClient> clients;
    for (std::size_t i = 0; i < together; ++i) {
        clients.emplace_back(node, options);
    }
    if (handshake_all(clients) != clients.size()) {
        throw TlsError("handshakes of one session do not end");
    }
    for (auto& client : clients) {
        finish(sort, client, random);
    }
}

// Whether the handshake is suspended then depends on the store.
void Load::misbehave(Random& random) {
    const auto sort = pick(random);
    auto options = sort.options();
    options.session = recall(sort, random);
    const auto& node = any_node(*sort.service, random);
    ++broken_off_;
    TlsClient client(node, options);
    auto& socket = client.socket();
    const auto what = up_to(6, random);
    if (what == 0) {
        leave_half_way(client);
        return;
    }
    if (what == 1) {
        socket.write("no ClientHello");
    } else if (what > 2) {
        client.step();
    }
    if (what == 3) {
        socket.write(std::string(5000, 'x'));
    }
    if (what == 4) {
        socket.abort();
    } else if (what != 5) {
        // Silent, until nginx has had enough.
        socket.read_to_end();
    }
}

}  // namespace soak
