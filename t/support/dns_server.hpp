#pragma once

#include "support/files.hpp"
#include "support/process.hpp"
#include "support/socket.hpp"

#include <optional>
#include <string>

namespace support {

// A private dnsmasq that knows one name, for nginx's resolver.
class DnsServer {
  public:
    explicit DnsServer(std::string name);

    // As in a "resolver" directive.
    std::string text() const { return port_.address().text(); }

    // Sets the name's address. If empty, there is no such name.
    void point_to(const std::string& address);

    void freeze() { process_->freeze(); }
    void thaw() { process_->signal(SIGCONT); }

  private:
    void start();

    TempDir dir_;
    ReservedPort port_;
    std::string name_;
    std::optional<Process> process_;
};

}  // namespace support
