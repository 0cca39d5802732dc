/*
 * Splits Redis' wire protocol into commands or replies. Of each string, only
 * the beginning is kept. (hiredis' reader keeps whole values, and allocates
 * what a header claims.)
 */

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace debug {

/* A command, or a reply. */
struct RespItem {
    struct Word {
        std::string head;     /* its first bytes */
        std::size_t size = 0; /* of the whole string */
    };

    char type = 0;           /* '+', '-', ':', '$', '*', ...; 0: inline */
    bool null = false;       /* "$-1" */
    std::vector<Word> words; /* of a command; one of a reply */
};

class RespScanner {
  public:
    static constexpr std::size_t max_head = 320; /* any session's key fits */
    static constexpr std::size_t max_words = 4;
    static constexpr std::size_t max_line = 4096;
    static constexpr std::size_t max_depth = 8;

    /* Is called for each element of an item, even if the item does not keep it,
     * with the number of arrays around it, its type, and its first bytes. */
    using Hear = std::function<void(std::size_t depth, char type,
                                    std::string_view head)>;

    explicit RespScanner(Hear hear = nullptr) : hear_(std::move(hear)) {}

    /*
     * Removes bytes from the front of `bytes`, up to the end of the next item.
     * If it returns true, the item is in item().
     */
    bool next(std::string_view& bytes);

    const RespItem& item() const noexcept { return item_; }

    /* Whether the bytes are not this protocol. Then next() must not be
     * called. */
    bool failed() const noexcept { return failed_; }

    /* Its memory in bytes, without sizeof(*this). */
    std::size_t held() const noexcept;

  private:
    bool take_line(std::string_view& bytes);
    void take_string(std::string_view& bytes);
    bool value_line();
    bool header(char type, std::int64_t number);
    bool element_ends(char type, std::string_view head, std::size_t size);
    bool array_ends();

    Hear hear_;
    RespItem item_;
    std::string line_;
    std::vector<std::int64_t> open_; /* elements to come, per array */
    std::string string_;             /* its first bytes */
    std::size_t string_left_ = 0;    /* including the end of the line */
    std::size_t string_size_ = 0;
    bool begun_ = false;
    bool failed_ = false;
};

}  // namespace debug
