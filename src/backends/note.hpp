/*
 * A short text in shared memory that one process writes and others read.
 */

#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>

namespace backends {

class Note {
  public:
    static constexpr std::size_t longest = 160; /* longer texts are cut */

    /* Only one process may call this. */
    void set(std::string_view text) noexcept {
        std::size_t size = std::min(text.size(), longest);

        version_.fetch_add(1); /* odd: it is being written */
        for (std::size_t i = 0; i < size; ++i) {
            text_[i].store(text[i], std::memory_order_relaxed);
        }
        size_.store(size, std::memory_order_relaxed);
        version_.fetch_add(1);
    }

    /* Empty if there is no text, or if the writer died while writing. Throws
     * std::bad_alloc. */
    std::string get() const {
        constexpr int attempts = 100;
        std::string text;

        for (int i = 0; i < attempts; ++i) {
            unsigned before = version_.load();
            text.resize(std::min(size_.load(), longest));
            for (std::size_t at = 0; at < text.size(); ++at) {
                text[at] = text_[at].load();
            }
            if (before % 2 == 0 && version_.load() == before) {
                return text;
            }
        }
        return {};
    }

  private:
    std::atomic<unsigned> version_{0};
    std::atomic<std::size_t> size_{0};
    std::array<std::atomic<char>, longest> text_{};
};

}  // namespace backends
