#include "support/tls_client.hpp"

#include <algorithm>
#include <openssl/err.h>
#include <poll.h>

namespace support {

namespace {

std::string openssl_errors(const std::string& what) {
    std::string text = what;
    char line[256];
    while (const auto code = ERR_get_error()) {
        ERR_error_string_n(code, line, sizeof line);
        text += std::string(": ") + line;
    }
    return text;
}

void require(bool good, const char* what) {
    if (!good) {
        throw TlsError(openssl_errors(what));
    }
}

// Each name after its length, as the extension has it.
std::string alpn_list(const std::vector<std::string>& names) {
    std::string list;
    for (const auto& name : names) {
        list += static_cast<char>(name.size());
        list += name;
    }
    return list;
}

}  // namespace

struct TlsClient::State {
    State(const Address& address, const TlsOptions& options);
    ~State();

    static int on_new_session(SSL* ssl, SSL_SESSION* session);
    static void on_message(int write, int version, int type, const void* data,
                           size_t size, SSL* ssl, void* state);

    void configure(const TlsOptions& options);
    bool send_early_data();
    // Whether an operation that returned `result` has to wait.
    bool must_wait(int result, const char* what);

    Socket socket;
    std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context;
    std::unique_ptr<SSL, void (*)(SSL*)> ssl;
    std::vector<Session> sessions;
    std::string early_data;
    std::string host;
    int server_hellos = 0;
    short wants = POLLOUT;
};

TlsClient::State::State(const Address& address, const TlsOptions& options)
    : socket(address, options.source),
      context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free),
      ssl(nullptr, SSL_free), early_data(options.early_data),
      host(options.server_name.empty() ? "localhost" : options.server_name) {
    socket.write(options.preamble);
    SSL_CTX_set_session_cache_mode(
        context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context.get(), on_new_session);
    SSL_CTX_set_msg_callback(context.get(), on_message);
    ssl.reset(SSL_new(context.get()));
    SSL_set_app_data(ssl.get(), this);
    SSL_set_msg_callback_arg(ssl.get(), this);
    SSL_set_fd(ssl.get(), socket.fd());
    SSL_set_connect_state(ssl.get());
    configure(options);
}

TlsClient::State::~State() {
    // To hang up without a close_notify would spoil the session.
    SSL_set_shutdown(ssl.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void TlsClient::State::configure(const TlsOptions& options) {
    SSL* s = ssl.get();
    SSL_set_min_proto_version(s, options.min_version);
    SSL_set_max_proto_version(s, options.max_version);
    if (!options.tickets) {
        SSL_set_options(s, SSL_OP_NO_TICKET);
    }
    if (!options.server_name.empty()) {
        SSL_set_tlsext_host_name(s, options.server_name.c_str());
    }
    if (!options.alpn.empty()) {
        const auto list = alpn_list(options.alpn);
        SSL_set_alpn_protos(s,
                            reinterpret_cast<const unsigned char*>(list.data()),
                            static_cast<unsigned>(list.size()));
    }
    if (!options.groups.empty()) {
        require(SSL_set1_groups_list(s, options.groups.c_str()), "groups");
    }
    if (options.certificate != nullptr) {
        const auto& pair = *options.certificate;
        require(SSL_use_certificate_file(s, pair.certificate.c_str(),
                                         SSL_FILETYPE_PEM) == 1 &&
                    SSL_use_PrivateKey_file(s, pair.key.c_str(),
                                            SSL_FILETYPE_PEM) == 1,
                "client certificate");
    }
    if (options.session) {
        // A copy, because OpenSSL invalidates a session that TLS 1.3 has used
        // once.
        const Session copy(SSL_SESSION_dup(options.session.get()),
                           SSL_SESSION_free);
        require(SSL_set_session(s, copy.get()), "session");
    }
}

int TlsClient::State::on_new_session(SSL* ssl, SSL_SESSION* session) {
    auto* state = static_cast<State*>(SSL_get_app_data(ssl));
    state->sessions.emplace_back(session, SSL_SESSION_free);
    return 1;  // the reference is ours now
}

void TlsClient::State::on_message(int write, int, int type, const void* data,
                                  size_t size, SSL*, void* state) {
    if (write == 0 && type == SSL3_RT_HANDSHAKE && size > 0 &&
        *static_cast<const unsigned char*>(data) == SSL3_MT_SERVER_HELLO) {
        ++static_cast<State*>(state)->server_hellos;
    }
}

bool TlsClient::State::must_wait(int result, const char* what) {
    const int error = SSL_get_error(ssl.get(), result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        wants = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
        return true;
    }
    require(error == SSL_ERROR_ZERO_RETURN, what);
    return false;
}

bool TlsClient::State::send_early_data() {
    std::size_t sent = 0;
    const int result = SSL_write_early_data(ssl.get(), early_data.data(),
                                            early_data.size(), &sent);
    if (result != 1) {
        must_wait(result, "early data");
        return false;
    }
    early_data.clear();
    return true;
}

TlsClient::TlsClient(const Address& address, const TlsOptions& options)
    : state_(std::make_unique<State>(address, options)) {}

TlsClient::TlsClient(TlsClient&&) noexcept = default;
TlsClient& TlsClient::operator=(TlsClient&&) noexcept = default;
TlsClient::~TlsClient() = default;

bool TlsClient::step() {
    ERR_clear_error();
    if (!state_->early_data.empty() && !state_->send_early_data()) {
        return false;
    }
    const int result = SSL_do_handshake(state_->ssl.get());
    if (result == 1) {
        return true;
    }
    require(state_->must_wait(result, "handshake"), "closed in handshake");
    return false;
}

std::string TlsClient::unsent_hello() {
    SSL* ssl = state_->ssl.get();
    SSL_set0_wbio(ssl, BIO_new(BIO_s_mem()));
    step();
    char* data = nullptr;
    const auto size = BIO_get_mem_data(SSL_get_wbio(ssl), &data);
    std::string hello(data, static_cast<std::size_t>(size));
    SSL_set0_wbio(ssl, BIO_new_socket(socket().fd(), BIO_NOCLOSE));
    return hello;
}

short TlsClient::wants() const {
    return state_->wants;
}

void TlsClient::handshake(Milliseconds deadline) {
    if (handshake_all({this, 1}, deadline) == 0) {
        throw TlsError("the handshake does not end");
    }
}

void TlsClient::write(std::string_view data) {
    const auto end = Clock::now() + patience;
    std::size_t sent = 0;
    ERR_clear_error();
    while (SSL_write_ex(state_->ssl.get(), data.data(), data.size(), &sent) !=
           1) {
        if (!state_->must_wait(0, "write") ||
            !wait_for(socket().fd(), wants(), end)) {
            throw TlsError("cannot write");
        }
    }
}

std::string TlsClient::read_some(Milliseconds deadline) {
    const auto end = Clock::now() + deadline;
    std::string buffer(16384, '\0');
    std::size_t got = 0;
    ERR_clear_error();
    while (SSL_read_ex(state_->ssl.get(), buffer.data(), buffer.size(), &got) !=
           1) {
        if (!state_->must_wait(0, "read")) {
            return "";
        }
        if (!wait_for(socket().fd(), wants(), end)) {
            throw TlsError("nothing to read");
        }
    }
    buffer.resize(got);
    return buffer;
}

std::string TlsClient::read_to_end(Milliseconds deadline) {
    std::string all;
    while (true) {
        const auto part = read_some(deadline);
        if (part.empty()) {
            return all;
        }
        all += part;
    }
}

void TlsClient::shut_down() {
    SSL_shutdown(state_->ssl.get());
}

bool TlsClient::reused() const {
    return SSL_session_reused(state_->ssl.get()) == 1;
}

int TlsClient::version() const {
    return SSL_version(state_->ssl.get());
}

std::string TlsClient::alpn() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(state_->ssl.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
}

bool TlsClient::early_data_accepted() const {
    return SSL_get_early_data_status(state_->ssl.get()) ==
           SSL_EARLY_DATA_ACCEPTED;
}

bool TlsClient::hello_retry() const {
    return state_->server_hellos > 1;
}

const std::string& TlsClient::host() const {
    return state_->host;
}

const std::vector<Session>& TlsClient::sessions() const {
    return state_->sessions;
}

Session TlsClient::session() const {
    require(!sessions().empty(), "the server sent no session");
    return sessions().back();
}

Socket& TlsClient::socket() {
    return state_->socket;
}

std::string raw_session_id(const Session& session) {
    const unsigned char* id = nullptr;
    std::size_t size = 0;
    if (SSL_SESSION_get_protocol_version(session.get()) == TLS1_3_VERSION) {
        SSL_SESSION_get0_ticket(session.get(), &id, &size);
    } else {
        unsigned length = 0;
        id = SSL_SESSION_get_id(session.get(), &length);
        size = length;
    }
    return {reinterpret_cast<const char*>(id), size};
}

std::time_t made_at(const SSL_SESSION* session) {
#if OPENSSL_VERSION_PREREQ(3, 3)
    return SSL_SESSION_get_time_ex(session);
#else
    return SSL_SESSION_get_time(session);
#endif
}

void set_made_at(SSL_SESSION* session, std::time_t time) {
#if OPENSSL_VERSION_PREREQ(3, 3)
    SSL_SESSION_set_time_ex(session, time);
#else
    SSL_SESSION_set_time(session, time);
#endif
}

std::string secret_of(const Session& session) {
    std::string bytes(SSL_MAX_MASTER_KEY_LENGTH, '\0');
    bytes.resize(SSL_SESSION_get_master_key(
        session.get(), reinterpret_cast<unsigned char*>(bytes.data()),
        bytes.size()));
    return bytes;
}

std::string session_id(const Session& session) {
    std::string text;
    char digits[3];
    for (const unsigned char byte : raw_session_id(session)) {
        std::snprintf(digits, sizeof digits, "%02x", byte);
        text += digits;
    }
    return text;
}

TlsOptions tls12(Session session) {
    TlsOptions options;
    options.max_version = TLS1_2_VERSION;
    options.session = std::move(session);
    return options;
}

TlsOptions tls13(Session session) {
    TlsOptions options;
    options.min_version = TLS1_3_VERSION;
    options.session = std::move(session);
    return options;
}

std::size_t handshake_all(std::span<TlsClient> clients, Milliseconds deadline) {
    const auto end = Clock::now() + deadline;
    std::vector<TlsClient*> pending;
    for (auto& client : clients) {
        if (!client.step()) {
            pending.push_back(&client);
        }
    }
    std::vector<pollfd> entries;
    while (!pending.empty()) {
        entries.clear();
        for (auto* client : pending) {
            entries.push_back({client->socket().fd(), client->wants(), 0});
        }
        if (poll(entries.data(), entries.size(), poll_timeout(end)) == 0) {
            break;
        }
        std::erase_if(pending, [&, entry = entries.begin()](auto* c) mutable {
            return (entry++)->revents != 0 && c->step();
        });
    }
    return clients.size() - pending.size();
}

}  // namespace support
