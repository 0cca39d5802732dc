#include "support/node_client.hpp"

#include "support/files.hpp"
#include "support/process.hpp"

#include <sstream>
#include <stdexcept>

namespace support {

Visit nodejs_visit(const Address& address, const Visit& last) {
    const TempDir dir;
    const auto session = dir.path() / "session";
    if (!last.session.empty()) {
        write_file(session, last.session);
    }
    const auto script = repository() / "t" / "support" / "node_client.js";
    const auto done =
        run({"node", script.string(), address.host,
             std::to_string(address.port), last.protocol, session.string()});
    std::string protocol, reused;
    if (done.status != 0 ||
        !(std::istringstream(done.output) >> protocol >> reused)) {
        throw std::runtime_error("node: " + done.output);
    }
    return {reused == "reused", protocol, read_file(session)};
}

}  // namespace support
