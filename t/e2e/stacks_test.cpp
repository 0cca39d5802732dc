// Which stack nginx uses for what: only the handshake runs in a coroutine.

#include "support/request_stack.hpp"
#include "support/suspension.hpp"
#include "support/trio.hpp"

#include <doctest/doctest.h>
#include <sched.h>

using namespace support;

namespace {

const std::string request = "GET / HTTP/1.1\r\nHost: localhost\r\n"
                            "Connection: close\r\n\r\n";

// A node whose requests stop when they are logged.
struct Stopping {
    RequestStack stack;
    RedisServer redis;
    Node node;

    explicit Stopping(const std::string& more = "")
        : node(directive(redis), config(stack, more)) {
        REQUIRE(node.connected());
    }

    static NodeConfig config(const RequestStack& stack,
                             const std::string& more) {
        NodeConfig config;
        config.server = "access_log " + stack.log() + ";" + more;
        return config;
    }

    pid_t worker() const { return node.nginx().workers().at(0); }

    // The session of a client that was served.
    Session serve(const TlsOptions& options) {
        TlsClient client(node.address(), options);
        client.handshake();
        client.write(request);
        CHECK(stack.is_own(worker()));
        client.read_to_end();
        return client.reused() ? options.session : client.session();
    }

    // A session that is in the store.
    Session make(const TlsOptions& options) {
        auto session = serve(options);
        REQUIRE(wait_stored(redis, session));
        return session;
    }
};

// Puts the worker and this process on one processor, where this process runs as
// soon as it can: it answers what the worker sends before the worker's write(2)
// returns. Returns false if that is not permitted.
bool overtake(pid_t worker) {
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(static_cast<std::size_t>(sched_getcpu()), &cpus);
    const sched_param first{.sched_priority = 1};
    return sched_setaffinity(worker, sizeof cpus, &cpus) == 0 &&
           sched_setaffinity(0, sizeof cpus, &cpus) == 0 &&
           sched_setscheduler(0, SCHED_FIFO, &first) == 0;
}

void fall_back(const cpu_set_t& cpus) {
    const sched_param none{};
    sched_setscheduler(0, SCHED_OTHER, &none);
    sched_setaffinity(0, sizeof cpus, &cpus);
}

}  // namespace

TEST_CASE("requests run on nginx's own stack" * doctest::skip(in_valgrind())) {
    Stopping s("ssl_early_data on;");
    for (auto options : {tls12(), tls13()}) {
        CAPTURE(options.max_version);
        options.session = s.make(options);
        s.serve(options);
    }
}

TEST_CASE("a request in early data runs on nginx's own stack" *
          doctest::skip(in_valgrind())) {
    Stopping s("ssl_early_data on;");
    auto options = tls13(s.make(tls13()));
    options.early_data = request;
    TlsClient client(s.node.address(), options);
    client.step();
    CHECK(s.stack.is_own(s.worker()));
    client.handshake();
    CHECK(client.reused());
    CHECK(client.early_data_accepted());
}

TEST_CASE("a request behind a second flight that is at hand runs on nginx's "
          "own stack" *
          doctest::skip(in_valgrind())) {
    Stopping s;
    auto options = tls13(s.make(tls13()));
    cpu_set_t cpus;
    sched_getaffinity(0, sizeof cpus, &cpus);
    if (!overtake(s.worker())) {
        MESSAGE("no real-time priority, not tried");
        return;
    }
    for (int i = 0; i < 5; ++i) {
        TlsClient client(s.node.address(), options);
        client.handshake();
        client.write(request);
        CHECK(s.stack.is_own(s.worker()));
        CHECK(client.reused());
    }
    fall_back(cpus);
}

TEST_CASE("plain text for a server with TLS is answered on nginx's own stack" *
          doctest::skip(in_valgrind())) {
    for (const std::string listen : {"", "deferred", "proxy_protocol"}) {
        CAPTURE(listen);
        RequestStack stack;
        RedisServer redis;
        auto config = Stopping::config(stack, "");
        config.listen = listen;
        Node node(directive(redis), config);
        REQUIRE(node.connected());
        Socket client(node.address());
        if (listen == "proxy_protocol") {
            client.write("PROXY TCP4 192.0.2.7 127.0.0.1 4711 443\r\n");
        }
        client.write(request);
        CHECK(stack.is_own(node.nginx().workers().at(0)));
        CHECK(client.read_to_end().find("plain HTTP request") !=
              std::string::npos);
    }
}

TEST_CASE("stream logs a handshake that failed on nginx's own stack" *
          doctest::skip(in_valgrind())) {
    RequestStack stack;
    RedisServer redis;
    Trio trio(directive(redis), {.stream = "log_format plain $status;"
                                           "access_log " +
                                           stack.log() + " plain;"});
    trio.node().nginx().expect_damaged_records();
    const auto worker = trio.node().nginx().workers().at(0);
    Socket client(trio.stream());
    client.write("no handshake at all");
    CHECK(stack.is_own(worker));
}
