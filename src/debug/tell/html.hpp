/*
 * A page of its own with the stories, a picture of each one's timeline, and
 * the summary.
 */

#pragma once

#include "debug/tell/output.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <memory>
#include <ostream>
#include <string>

namespace debug {

class HtmlPage : public Output {
  public:
    /* Of more stories the last ones are shown. */
    static constexpr std::size_t max_stories = 1000;
    static constexpr std::size_t max_bytes = 6 * 1024 * 1024;

    /* Throws std::runtime_error when the file cannot be written. */
    explicit HtmlPage(const std::string& file);

    void tell(const Story& story) override;
    void conclude(const Summary& summary) override;

  private:
    struct Close {
        void operator()(std::FILE* file) const noexcept { std::fclose(file); }
    };

    void write(const std::string& text);

    std::string path_;
    std::unique_ptr<std::FILE, Close> file_;
    std::deque<std::string> stories_; /* as they are on the page */
    std::size_t bytes_ = 0;           /* of stories_ */
    std::uint64_t told_ = 0;
};

}  // namespace debug
