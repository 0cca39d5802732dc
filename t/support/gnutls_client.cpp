#include "support/gnutls_client.hpp"

#include <gnutls/gnutls.h>
#include <memory>
#include <poll.h>
#include <stdexcept>

namespace support {

namespace {

class GnutlsConnection {
  public:
    GnutlsConnection(const Address& address, const Visit& last);
    ~GnutlsConnection();
    GnutlsConnection(const GnutlsConnection&) = delete;
    GnutlsConnection& operator=(const GnutlsConnection&) = delete;

    void request();
    Visit result() const;

  private:
    // Repeats an operation that would block until it does not.
    template <class Operation>
    auto complete(Operation&& operation);

    Socket socket_;
    gnutls_certificate_credentials_t credentials_ = nullptr;
    gnutls_session_t session_ = nullptr;
};

void require(long result) {
    if (result < 0) {
        throw std::runtime_error(gnutls_strerror(static_cast<int>(result)));
    }
}

template <class Operation>
auto GnutlsConnection::complete(Operation&& operation) {
    const auto end = Clock::now() + patience;
    auto result = operation();
    while (result == GNUTLS_E_AGAIN || result == GNUTLS_E_INTERRUPTED) {
        const bool writes = gnutls_record_get_direction(session_) == 1;
        if (!wait_for(socket_.fd(), writes ? POLLOUT : POLLIN, end)) {
            throw std::runtime_error("no progress with GnuTLS");
        }
        result = operation();
    }
    require(result);
    return result;
}

GnutlsConnection::GnutlsConnection(const Address& address, const Visit& last)
    : socket_(address) {
    const auto versions =
        "NORMAL:-VERS-ALL:+VERS-TLS" + last.protocol.substr(4);
    require(gnutls_certificate_allocate_credentials(&credentials_));
    require(gnutls_init(&session_, GNUTLS_CLIENT | GNUTLS_NONBLOCK));
    require(gnutls_priority_set_direct(session_, versions.c_str(), nullptr));
    require(
        gnutls_credentials_set(session_, GNUTLS_CRD_CERTIFICATE, credentials_));
    gnutls_transport_set_int(session_, socket_.fd());
    if (!last.session.empty()) {
        require(gnutls_session_set_data(session_, last.session.data(),
                                        last.session.size()));
    }
    complete([this] { return gnutls_handshake(session_); });
}

GnutlsConnection::~GnutlsConnection() {
    gnutls_deinit(session_);
    gnutls_certificate_free_credentials(credentials_);
}

void GnutlsConnection::request() {
    const std::string text = "GET / HTTP/1.0\r\n\r\n";
    complete(
        [&] { return gnutls_record_send(session_, text.data(), text.size()); });
    char buffer[4096];
    // Reads to the end, because TLS 1.3 sends its tickets before that.
    while (complete([&] {
               return gnutls_record_recv(session_, buffer, sizeof buffer);
           }) > 0) {
    }
}

Visit GnutlsConnection::result() const {
    Visit visit;
    visit.reused = gnutls_session_is_resumed(session_) != 0;
    const auto version = gnutls_protocol_get_version(session_);
    visit.protocol = std::string("TLSv") +
                     (gnutls_protocol_get_name(version) + sizeof "TLS" - 1);
    gnutls_datum_t data{};
    require(gnutls_session_get_data2(session_, &data));
    const std::unique_ptr<unsigned char, void (*)(void*)> owner(data.data,
                                                                gnutls_free);
    visit.session.assign(reinterpret_cast<char*>(data.data), data.size);
    return visit;
}

}  // namespace

Visit gnutls_visit(const Address& address, const Visit& last) {
    GnutlsConnection connection(address, last);
    connection.request();
    return connection.result();
}

}  // namespace support
