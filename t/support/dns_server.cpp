#include "support/dns_server.hpp"

#include <pwd.h>
#include <stdexcept>
#include <unistd.h>
#include <utility>

namespace support {

DnsServer::DnsServer(std::string name) : name_(std::move(name)) {
    point_to("");
}

void DnsServer::point_to(const std::string& address) {
    write_file(dir_.path() / "hosts",
               address.empty() ? "" : address + " " + name_ + "\n");
    start();
}

// Starts a new one each time, because nobody can see whether a running one has
// read its file again. It reports when it has set up its sockets.
void DnsServer::start() {
    process_.reset();
    const auto log = dir_.path() / "dnsmasq.log";
    write_file(log, "");
    process_.emplace(
        Arguments{"dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null",
                  "--log-facility=-", "--pid-file=",
                  std::string("--user=") + getpwuid(geteuid())->pw_name,
                  "--no-resolv", "--no-hosts", "--local=/" + name_ + "/",
                  "--addn-hosts=" + (dir_.path() / "hosts").string(),
                  "--port=" + std::to_string(port_.number()),
                  "--listen-address=127.0.0.1", "--bind-interfaces"},
        log);
    if (!eventually([&] {
            if (process_->wait(Milliseconds{0})) {
                throw std::runtime_error("dnsmasq has ended: " +
                                         read_file(log));
            }
            return read_file(log).find("read ") != std::string::npos;
        })) {
        throw std::runtime_error("dnsmasq does not start: " + read_file(log));
    }
}

}  // namespace support
