#pragma once

#include "support/store_column.hpp"

#include <string>

namespace support {

// A store behind a proxy. The proxy gets the path of the store's Unix socket,
// and has an address of its own for nginx.
template <class Server, class Proxy>
class Proxied : public Server {
  public:
    using Server::Server;

    std::string parameters() const override {
        return (store_column<Server>() == "Redis" ? "" : "type=memcached ") +
               ("addr=" + proxy.address().text());
    }

    Proxy proxy{Server::unix_path()};
};

}  // namespace support
