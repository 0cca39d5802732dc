#include "support/prometheus.hpp"
#include "support/tls_exchange.hpp"

#include <doctest/doctest.h>
#include <iomanip>
#include <sstream>
#include <stdexcept>

namespace support {

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

std::string write_config(const fs::path& dir, const Address& target,
                         const std::string& path, const fs::path& rules) {
    const auto file = dir / "prometheus.yml";
    // What is JSON is YAML as well.
    const json config{
        {"global", {{"scrape_interval", "1s"}, {"evaluation_interval", "1s"}}},
        {"rule_files", {rules.string()}},
        {"scrape_configs",
         {{{"job_name", "nginx"},
           {"metrics_path", path},
           {"params", {{"format", {"prometheus"}}}},
           {"static_configs", {{{"targets", {target.text()}}}}}}}}};
    write_file(file, config.dump());
    return file.string();
}

std::string encoded(const std::string& text) {
    std::ostringstream out;
    out << std::hex << std::uppercase << std::setfill('0');
    for (const unsigned char c : text) {
        out << '%' << std::setw(2) << static_cast<unsigned>(c);
    }
    return out.str();
}

}  // namespace

Prometheus::Prometheus(const Address& target, const std::string& path,
                       const fs::path& rules)
    : process_(
          {"prometheus",
           "--config.file=" + write_config(dir_.path(), target, path, rules),
           "--storage.tsdb.path=" + (dir_.path() / "data").string(),
           "--web.listen-address=" + port_.address().text()},
          dir_.path() / "log") {
    const bool ready = eventually([this] {
        return read_file(dir_.path() / "log").find("ready to receive") !=
               std::string::npos;
    });
    CAPTURE(read_file(dir_.path() / "log"));
    REQUIRE(ready);
}

json Prometheus::get(const std::string& path) const {
    const auto answer =
        json::parse(http_body(plain_get(port_.address(), "/api/v1/" + path)));
    if (answer["status"] != "success") {
        throw std::runtime_error(path + ": " + answer.dump());
    }
    return answer["data"];
}

json Prometheus::query(const std::string& expression) const {
    return get("query?query=" + encoded(expression))["result"];
}

json Prometheus::series(const std::string& name) const {
    return get("series?match[]=" + name);
}

json Prometheus::rules() const {
    const auto data = get("rules");
    json all = json::array();
    for (const auto& group : data["groups"]) {
        for (const auto& rule : group["rules"]) {
            all.push_back(rule);
        }
    }
    return all;
}

}  // namespace support
