#include "support/tls_exchange.hpp"

namespace support {

Session Exchange::session() const {
    if (sessions.empty()) {
        throw TlsError("the server sent no session");
    }
    return sessions.back();
}

std::string Exchange::body() const {
    return http_body(response);
}

Exchange exchange(TlsClient& client, Milliseconds deadline) {
    client.write("GET / HTTP/1.1\r\nHost: " + client.host() +
                 "\r\nConnection: close\r\n\r\n");
    auto response = client.read_to_end(deadline);
    return {client.reused(), client.version(), client.sessions(),
            std::move(response)};
}

std::string plain_get(const Address& address, const std::string& path,
                      const std::string& headers) {
    Socket socket(address);
    socket.write("GET " + path + " HTTP/1.0\r\n" + headers + "\r\n");
    return socket.read_to_end();
}

std::string http_body(const std::string& response) {
    const auto end = response.find("\r\n\r\n");
    return end == std::string::npos ? "" : response.substr(end + 4);
}

Exchange get(const Address& address, const TlsOptions& options) {
    TlsClient client(address, options);
    client.handshake();
    return exchange(client);
}

}  // namespace support
