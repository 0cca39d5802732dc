/*
 * Redis' wire protocol, cut into commands or replies without keeping what is
 * long: of each string only its beginning is held. (hiredis' reader would
 * hold values whole, and allocate what a header claims.)
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
        std::size_t size = 0; /* of all of it */
    };

    char type = 0;           /* '+', '-', ':', '$', '*', ...; 0: inline */
    bool null = false;       /* "$-1" */
    std::vector<Word> words; /* a command's; of a reply one */
};

class RespScanner {
  public:
    static constexpr std::size_t max_head = 320; /* holds any session's key */
    static constexpr std::size_t max_words = 4;
    static constexpr std::size_t max_line = 4096;
    static constexpr std::size_t max_depth = 8;

    /* Hears each element of an item, also those that the item does not keep:
     * in how many arrays it is, its type, and its first bytes. */
    using Hear = std::function<void(std::size_t depth, char type,
                                    std::string_view head)>;

    explicit RespScanner(Hear hear = nullptr) : hear_(std::move(hear)) {}

    /*
     * Takes bytes from the front of `bytes`, up to the end of the next item.
     * True: there is one, in item().
     */
    bool next(std::string_view& bytes);

    const RespItem& item() const noexcept { return item_; }

    /* The bytes are none of this protocol; there is no next() any more. */
    bool failed() const noexcept { return failed_; }

    /* Its memory in bytes, beside its own size. */
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
    std::vector<std::int64_t> open_; /* arrays: elements to come */
    std::string string_;             /* its first bytes */
    std::size_t string_left_ = 0;    /* with the line's end */
    std::size_t string_size_ = 0;
    bool begun_ = false;
    bool failed_ = false;
};

}  // namespace debug
