#pragma once

#include "support/files.hpp"
#include "support/process.hpp"
#include "support/socket.hpp"

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace support {

// Chromium without a window, driven through WebDriver (ChromeDriver).
class Browser {
  public:
    Browser();
    ~Browser();
    Browser(const Browser&) = delete;
    Browser& operator=(const Browser&) = delete;

    // Returns when the page is loaded.
    void open(const std::string& url) const;
    // Runs the body of a function in the page, and returns its result.
    nlohmann::json evaluate(const std::string& body) const;
    // What the console shows since the last call, with errors and exceptions.
    nlohmann::json console() const;
    // The window is so large from now on, and prefers that scheme: "light" or
    // "dark".
    void show(int width, int height, const std::string& scheme) const;
    // A PNG file of the window.
    std::string screenshot() const;

  private:
    nlohmann::json call(const std::string& method, const std::string& path,
                        const nlohmann::json& body = {}) const;
    // A command of the DevTools.
    void tell(const std::string& command,
              const nlohmann::json& parameters) const;

    TempDir dir_;
    ReservedPort port_;
    Process driver_;
    std::string session_;
};

// The page fits windows of 1200 and 400 pixels, light and dark; `check` looks
// at the rest of each. With SCREENSHOTS=DIRECTORY in the environment, that has
// NAME-WIDTH-SCHEME.png of each.
void check_fits(
    const Browser& browser, const std::string& name,
    const std::function<void(const std::string& scheme)>& check = {});

}  // namespace support
