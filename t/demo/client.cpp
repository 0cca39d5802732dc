// The demo's TLS client: one handshake, one request. Prints the protocol,
// "full" or "resumed", and how many microseconds the handshake took.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdexcept>
#include <string>
#include <unistd.h>

namespace {

template <auto release>
struct Release {
    template <class T>
    void operator()(T* object) const {
        release(object);
    }
};

template <class T, auto release>
using Owned = std::unique_ptr<T, Release<release>>;

using Context = Owned<SSL_CTX, SSL_CTX_free>;
using Connection = Owned<SSL, SSL_free>;
using Session = Owned<SSL_SESSION, SSL_SESSION_free>;
using File = Owned<BIO, BIO_free_all>;

struct Options {
    std::string address;
    std::string server_name;
    std::string ca_file;
    std::string session_in;
    std::string session_out;
    int protocol = 0;
};

void require(bool succeeded, const std::string& what) {
    if (!succeeded) {
        const auto code = ERR_get_error();
        const char* reason = code != 0 ? ERR_reason_error_string(code) : "";
        throw std::runtime_error(what + " failed " + (reason ? reason : ""));
    }
}

int protocol_number(const std::string& name) {
    if (name != "TLSv1.2" && name != "TLSv1.3") {
        throw std::runtime_error("no such protocol: " + name);
    }
    return name == "TLSv1.2" ? TLS1_2_VERSION : TLS1_3_VERSION;
}

Options parse(int count, char** arguments) {
    Options options;
    int letter = 0;
    while ((letter = getopt(count, arguments, "c:n:a:p:i:o:")) != -1) {
        switch (letter) {
        case 'c':
            options.address = optarg;
            break;
        case 'n':
            options.server_name = optarg;
            break;
        case 'a':
            options.ca_file = optarg;
            break;
        case 'p':
            options.protocol = protocol_number(optarg);
            break;
        case 'i':
            options.session_in = optarg;
            break;
        case 'o':
            options.session_out = optarg;
            break;
        default:
            throw std::runtime_error(
                "usage: client -c HOST:PORT -n SERVER_NAME -a CA_FILE "
                "-p PROTOCOL [-i SESSION_FILE] [-o SESSION_FILE]");
        }
    }
    return options;
}

Context make_context(const Options& options) {
    Context context(SSL_CTX_new(TLS_client_method()));
    require(context != nullptr, "SSL_CTX_new");
    SSL_CTX_set_min_proto_version(context.get(), options.protocol);
    SSL_CTX_set_max_proto_version(context.get(), options.protocol);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    require(SSL_CTX_load_verify_file(context.get(), options.ca_file.c_str()),
            "reading " + options.ca_file);
    return context;
}

void offer_session(SSL* ssl, const std::string& path) {
    const File file(BIO_new_file(path.c_str(), "r"));
    require(file != nullptr, "opening " + path);
    const Session session(
        PEM_read_bio_SSL_SESSION(file.get(), nullptr, nullptr, nullptr));
    require(session != nullptr, "reading " + path);
    require(SSL_set_session(ssl, session.get()), "SSL_set_session");
}

void save_session(SSL* ssl, const std::string& path) {
    const Session session(SSL_get1_session(ssl));
    require(session && SSL_SESSION_is_resumable(session.get()),
            "getting a session from the server");
    const File file(BIO_new_file(path.c_str(), "w"));
    require(file && PEM_write_bio_SSL_SESSION(file.get(), session.get()),
            "writing " + path);
}

Connection connect(SSL_CTX* context, const Options& options) {
    Connection ssl(SSL_new(context));
    require(ssl != nullptr, "SSL_new");
    const auto* name = options.server_name.c_str();
    require(SSL_set_tlsext_host_name(ssl.get(), name) &&
                SSL_set1_host(ssl.get(), name),
            "setting the server's name");

    File socket(BIO_new_connect(options.address.c_str()));
    require(socket && BIO_do_connect(socket.get()) == 1,
            "connecting to " + options.address);
    BIO* both_ways = socket.release();
    SSL_set_bio(ssl.get(), both_ways, both_ways);
    return ssl;
}

std::chrono::microseconds handshake(SSL* ssl) {
    using std::chrono::steady_clock;
    const auto start = steady_clock::now();
    require(SSL_connect(ssl) == 1, "the handshake");
    return std::chrono::duration_cast<std::chrono::microseconds>(
        steady_clock::now() - start);
}

// A TLS 1.3 client learns of its sessions while it reads the answer.
void request(SSL* ssl, const std::string& server_name) {
    const std::string text = "GET / HTTP/1.1\r\nHost: " + server_name +
                             "\r\nConnection: close\r\n\r\n";
    require(SSL_write(ssl, text.data(), static_cast<int>(text.size())) > 0,
            "sending the request");
    char answer[4096];
    int got = 0;
    while ((got = SSL_read(ssl, answer, sizeof(answer))) > 0) {
    }
    require(SSL_get_error(ssl, got) == SSL_ERROR_ZERO_RETURN,
            "reading the answer");
}

void run(const Options& options) {
    const auto context = make_context(options);
    const auto ssl = connect(context.get(), options);
    if (!options.session_in.empty()) {
        offer_session(ssl.get(), options.session_in);
    }
    const auto time = handshake(ssl.get());
    request(ssl.get(), options.server_name);
    if (!options.session_out.empty()) {
        save_session(ssl.get(), options.session_out);
    }
    std::printf("%s %s %lld\n", SSL_get_version(ssl.get()),
                SSL_session_reused(ssl.get()) ? "resumed" : "full",
                static_cast<long long>(time.count()));
}

}  // namespace

int main(int count, char** arguments) {
    try {
        run(parse(count, arguments));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "client: %s\n", error.what());
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
