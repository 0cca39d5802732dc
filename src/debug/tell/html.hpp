/*
 * A self-contained page with the stories, their timelines, and the summary.
 */

#pragma once

#include "debug/tell/kept_stories.hpp"
#include "debug/tell/output.hpp"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

namespace debug {

class HtmlPage : public Output {
  public:
    /* Throws std::runtime_error if the file cannot be written. */
    explicit HtmlPage(const std::string& file);

    void tell(const Story& story) override;
    void conclude(const Summary& summary) override;

  private:
    struct Close {
        void operator()(std::FILE* file) const noexcept { std::fclose(file); }
    };

    void write(const std::string& text);
    void write_stories();

    std::string path_;
    std::unique_ptr<std::FILE, Close> file_;
    KeptStories stories_; /* in HTML */
    std::uint64_t told_ = 0;
};

}  // namespace debug
