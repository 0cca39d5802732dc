#include "debug/wire/resp.hpp"
#include "numbers/number.hpp"

#include <algorithm>
#include <optional>

namespace debug {

namespace {

constexpr std::int64_t longest_string = 512LL * 1024 * 1024;

}  // namespace

bool RespScanner::next(std::string_view& bytes) {
    while (!bytes.empty() && !failed_) {
        if (!begun_) {
            item_ = RespItem();
        }
        if (string_left_ != 0) {
            take_string(bytes);
            if (string_left_ == 0 && element_ends('$', string_, string_size_)) {
                return true;
            }
            continue;
        }
        if (take_line(bytes)) {
            bool ends = value_line();
            line_.clear();
            if (ends) {
                return true;
            }
        }
    }
    return false;
}

std::size_t RespScanner::held() const noexcept {
    std::size_t held = line_.capacity() + string_.capacity() +
                       item_.words.capacity() * sizeof(RespItem::Word);
    for (const RespItem::Word& word : item_.words) {
        held += word.head.capacity();
    }
    return held;
}

bool RespScanner::take_line(std::string_view& bytes) {
    std::size_t end = bytes.find('\n');
    std::size_t size = end == std::string_view::npos ? bytes.size() : end;

    if (line_.size() + size > max_line) {
        failed_ = true;
        return false;
    }
    line_ += bytes.substr(0, size);
    if (end == std::string_view::npos) {
        bytes = {};
        return false;
    }
    bytes.remove_prefix(size + 1);
    if (!line_.empty() && line_.back() == '\r') {
        line_.pop_back();
    }
    return true;
}

void RespScanner::take_string(std::string_view& bytes) {
    std::string_view part =
        bytes.substr(0, std::min(string_left_, bytes.size()));
    std::size_t left = string_left_ > 2 ? string_left_ - 2 : 0;

    std::string_view text = part.substr(0, std::min(left, part.size()));
    string_ += text.substr(0, max_head - std::min(max_head, string_.size()));
    string_left_ -= part.size();
    bytes.remove_prefix(part.size());
}

/* Reads a whole line. Returns whether an item ends with it. */
bool RespScanner::value_line() {
    std::string_view line = line_;
    if (line.empty()) {
        /* Redis ignores empty lines between commands. */
        failed_ = begun_;
        return false;
    }

    char type = line.front();
    if (!begun_) {
        begun_ = true;
        item_.type = type;
    }
    switch (type) {
    case '+':
    case '-':
    case ':':
    case ',':
    case '#':
    case '(':
    case '_':
        item_.null |= type == '_';
        return element_ends(type, line.substr(1), line.size() - 1);
    case '$':
    case '=':
    case '!':
    case '*':
    case '~':
    case '>':
    case '%':
        if (auto number = numbers::read<std::int64_t>(line.substr(1))) {
            return header(type, *number);
        }
        failed_ = true;
        return false;
    default:
        break;
    }

    if (!open_.empty() || type < 'A' || type > 'z') {
        failed_ = true;
        return false;
    }
    item_.type = 0;
    std::size_t space = line.find(' ');
    return element_ends(0, line.substr(0, space), line.size());
}

/* Reads a line with the size of what follows. */
bool RespScanner::header(char type, std::int64_t number) {
    bool is_string = type == '$' || type == '=' || type == '!';

    if (number < 0) {
        item_.null |= open_.empty();
        return element_ends('_', {}, 0);
    }
    if (number > longest_string || open_.size() >= max_depth) {
        failed_ = true;
        return false;
    }
    if (is_string) {
        string_.clear();
        string_size_ = static_cast<std::size_t>(number);
        string_left_ = string_size_ + 2;
        return false;
    }
    if (number == 0) {
        return array_ends();
    }
    open_.push_back(type == '%' ? 2 * number : number);
    return false;
}

/* Ends an element. Returns whether the item ends with it. */
bool RespScanner::element_ends(char type, std::string_view head,
                               std::size_t size) {
    head = head.substr(0, max_head);
    if (item_.words.size() < max_words) {
        item_.words.push_back({std::string(head), size});
    }
    if (hear_ != nullptr) {
        hear_(open_.size(), type, head);
    }
    return array_ends();
}

/* Whether the item ends here, perhaps with an empty array. */
bool RespScanner::array_ends() {
    while (!open_.empty() && --open_.back() == 0) {
        open_.pop_back();
    }
    begun_ = !open_.empty();
    return !begun_;
}

}  // namespace debug
