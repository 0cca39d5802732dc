#include "support/browser.hpp"

#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <openssl/evp.h>
#include <poll.h>
#include <stdexcept>
#include <unistd.h>

namespace support {

using nlohmann::json;

namespace {

// A browser is slow on a busy machine.
const Milliseconds browser_patience = 2 * patience;

// ChromeDriver does not close a connection when asked to, so use the length.
bool is_whole(const std::string& response) {
    const std::string label = "\r\nContent-Length:";
    const auto head = response.find("\r\n\r\n");
    const auto length = response.find(label);
    return head != std::string::npos && length < head &&
           response.size() >=
               head + 4 + std::stoul(response.substr(length + label.size()));
}

std::string body_of(const std::string& response) {
    return response.substr(response.find("\r\n\r\n") + 4);
}

std::string request(const Address& address, const std::string& method,
                    const std::string& path, const std::string& body) {
    const auto end = Clock::now() + browser_patience;
    Socket socket(address);
    socket.write(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n" +
                 "Content-Type: application/json\r\nContent-Length: " +
                 std::to_string(body.size()) + "\r\n\r\n" + body);
    std::string response;
    while (!is_whole(response)) {
        if (!wait_for(socket.fd(), POLLIN, end)) {
            throw std::runtime_error("no answer from ChromeDriver: " + path);
        }
        const auto more = receive_some(socket.fd());
        if (more.empty()) {
            throw std::runtime_error("ChromeDriver has closed: " + response);
        }
        response += more;
    }
    return body_of(response);
}

Arguments driver_command(const Address& address) {
    return {find_program("chromedriver"),
            "--port=" + std::to_string(address.port)};
}

// Options that prevent requests of its own.
json capabilities(const std::string& profile) {
    json arguments{"--headless",
                   "--disable-gpu",
                   "--disable-quic",
                   "--no-first-run",
                   "--disable-background-networking",
                   "--disable-component-update",
                   "--disable-sync",
                   "--user-data-dir=" + profile};
    if (geteuid() == 0) {
        arguments.push_back("--no-sandbox");
    }
    return {{"capabilities",
             {{"alwaysMatch",
               {{"goog:loggingPrefs", {{"browser", "ALL"}}},
                {"goog:chromeOptions", {{"args", arguments}}}}}}}};
}

std::string decoded(const std::string& base64) {
    std::string bytes(base64.size(), '\0');
    const int size =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                        reinterpret_cast<const unsigned char*>(base64.data()),
                        static_cast<int>(base64.size()));
    REQUIRE(size > 0);
    bytes.resize(static_cast<std::size_t>(size));
    return bytes;
}

}  // namespace

Browser::Browser()
    : driver_(driver_command(port_.address()), dir_.path() / "driver.log",
              SIGTERM) {
    REQUIRE(eventually([this] {
        return read_file(dir_.path() / "driver.log")
                   .find("started successfully") != std::string::npos;
    }));
    const auto profile = (dir_.path() / "profile").string();
    session_ = call("POST", "/session", capabilities(profile))["sessionId"];
}

// Ends the browser first, because ChromeDriver would leave it behind.
Browser::~Browser() {
    try {
        call("DELETE", "/session/" + session_);
    } catch (const std::exception& error) {
        MESSAGE("the browser does not end: ", error.what());
    }
    driver_.stop(SIGTERM);
}

json Browser::call(const std::string& method, const std::string& path,
                   const json& body) const {
    const auto answer =
        json::parse(request(port_.address(), method, path,
                            method == "POST" ? body.dump() : std::string()));
    const auto& value = answer.at("value");
    if (value.is_object() && value.contains("error")) {
        throw std::runtime_error(path + ": " + value.dump());
    }
    return value;
}

void Browser::open(const std::string& url) const {
    call("POST", "/session/" + session_ + "/url", {{"url", url}});
}

json Browser::evaluate(const std::string& body) const {
    return call("POST", "/session/" + session_ + "/execute/sync",
                {{"script", body}, {"args", json::array()}});
}

json Browser::console() const {
    return call("POST", "/session/" + session_ + "/se/log",
                {{"type", "browser"}});
}

void Browser::tell(const std::string& command, const json& parameters) const {
    call("POST", "/session/" + session_ + "/goog/cdp/execute",
         {{"cmd", command}, {"params", parameters}});
}

void Browser::show(int width, int height, const std::string& scheme) const {
    tell("Emulation.setDeviceMetricsOverride", {{"width", width},
                                                {"height", height},
                                                {"deviceScaleFactor", 1},
                                                {"mobile", false}});
    tell("Emulation.setEmulatedMedia",
         {{"features",
           {{{"name", "prefers-color-scheme"}, {"value", scheme}}}}});
}

std::string Browser::screenshot() const {
    return decoded(call("GET", "/session/" + session_ + "/screenshot"));
}

void check_fits(const Browser& browser, const std::string& name,
                const std::function<void(const std::string& scheme)>& check) {
    const auto length = [&](const std::string& which) {
        return browser.evaluate("return " + which).get<int>();
    };
    for (const int width : {1200, 400}) {
        for (const std::string scheme : {"light", "dark"}) {
            CAPTURE(width);
            CAPTURE(scheme);
            browser.show(width, 1000, scheme);
            browser.show(width, length("document.documentElement.scrollHeight"),
                         scheme);
            CHECK(length("innerWidth") == width);
            CHECK(length("document.documentElement.scrollWidth") <= width);
            if (check) {
                check(scheme);
            }
            if (const char* directory = std::getenv("SCREENSHOTS")) {
                write_file(std::filesystem::path(directory) /
                               (name + "-" + std::to_string(width) + "-" +
                                scheme + ".png"),
                           browser.screenshot());
            }
        }
    }
}

}  // namespace support
