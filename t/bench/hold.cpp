// Opens connections that stay in the middle of their handshake, and runs a
// command while they do. See usage.
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/rand.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "arguments.hpp"
#include "tls_load.hpp"

namespace {

struct Options {
    uint16_t port = 0;
    size_t count = 1;
    bool whole = true;
    Pids worker;
    char** command = nullptr;
};

constexpr const char* usage =
    "usage: hold --port PORT --count COUNT --worker PID\n"
    "            [--hello whole|half] -- COMMAND [ARGUMENT...]\n"
    "Opens COUNT connections to 127.0.0.1:PORT and sends a ClientHello on\n"
    "each, with a session ID of its own, or the first half of one; waits\n"
    "until the process PID has gone idle, and runs COMMAND.\n";

Options parse(int argc, char** argv) {
    Options options;
    Arguments arguments(argc, argv, usage);
    while (arguments.next()) {
        if (arguments.is("--port"))
            options.port = arguments.number<uint16_t>();
        else if (arguments.is("--count"))
            options.count = arguments.number<size_t>();
        else if (arguments.is("--hello"))
            options.whole = arguments.one_of("whole", "half");
        else if (arguments.is("--worker"))
            options.worker = arguments.pids();
        else
            arguments.refuse();
    }
    options.command = arguments.rest();
    if (options.port == 0 || options.worker.empty() ||
        *options.command == nullptr)
        arguments.refuse();
    return options;
}

// A TLS 1.3 client sends a session ID, which means nothing to a TLS 1.3 server.
// A server that knows only TLS 1.2 takes it for the ID of a session.
std::string client_hello() {
    const SslCtxPtr ctx(SSL_CTX_new(TLS_client_method()));
    const SslPtr ssl(SSL_new(ctx.get()));
    BIO* sent = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), sent);
    SSL_connect(ssl.get());
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(sent, &bytes);
    return {bytes, static_cast<size_t>(size)};
}

// It comes after the headers of record and message, the version and the random.
void change_session_id(std::string& hello) {
    constexpr size_t at = 5 + 4 + 2 + 32;
    constexpr int length = 32;
    if (hello.size() < at + 1 + length || hello[at] != length)
        throw std::runtime_error("the ClientHello has no session ID");
    RAND_bytes(reinterpret_cast<unsigned char*>(&hello[at + 1]), length);
}

// One source address has ports for some 28,000 connections to one server.
void bind_source(int fd, size_t number) {
    constexpr size_t ports = 20'000;
    const int on = 1;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    sockaddr_in source{};
    source.sin_family = AF_INET;
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + number / ports);
    if (bind(fd, reinterpret_cast<sockaddr*>(&source), sizeof source) != 0)
        throw std::runtime_error("cannot bind to another loopback address");
}

void open_one(const Options& options, size_t number, std::string_view bytes) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        throw std::runtime_error("no more sockets after " +
                                 std::to_string(number));
    bind_source(fd, number);
    // closed with a reset when this process ends: no TIME_WAIT
    const linger reset{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        throw std::runtime_error("refused after " + std::to_string(number));
    if (send(fd, bytes.data(), bytes.size(), 0) !=
        static_cast<ssize_t>(bytes.size()))
        throw std::runtime_error("cannot send");
}

// Pauses in between: a SYN that finds the listen queue full is sent again only
// after a second.
void open_all(const Options& options) {
    constexpr size_t together = 500;
    std::string hello = client_hello();
    const size_t size = options.whole ? hello.size() : hello.size() / 2;
    for (size_t i = 0; i < options.count; ++i) {
        change_session_id(hello);
        open_one(options, i, std::string_view(hello).substr(0, size));
        if (i % together == together - 1)
            settled_cpu_ns(options.worker);
    }
    settled_cpu_ns(options.worker);
}

void raise_file_limit() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int run(char** command) {
    pid_t pid = 0;
    int status = 0;
    if (posix_spawnp(&pid, command[0], nullptr, nullptr, command, environ) !=
            0 ||
        waitpid(pid, &status, 0) != pid)
        throw std::runtime_error("cannot run the command");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace

int main(int argc, char** argv) {
    return run_as("hold", [&] {
        const Options options = parse(argc, argv);
        raise_file_limit();
        open_all(options);
        return run(options.command);
    });
}
