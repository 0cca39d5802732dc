// The command lines of the benchmark's programs: --name value pairs.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>

#include <openssl/ssl.h>

#include "process_cpu.hpp"

// Returns what main() is to return: the result of `body`, or 1 if it throws.
// The message begins with the program's name.
template <class Body>
int run_as(const char* name, const Body& body) {
    try {
        return body();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s: %s\n", name, e.what());
        return 1;
    }
}

class Arguments {
  public:
    Arguments(int argc, char** argv, const char* usage)
        : at_(argv + 1), end_(argv + argc), usage_(usage) {}

    // Goes to the next pair. Returns false at the end or after a lone "--".
    bool next() {
        if (at_ == end_)
            return false;
        name_ = *at_++;
        if (name_ == "--")
            return false;
        if (at_ == end_)
            refuse();
        value_ = *at_++;
        return true;
    }

    // What follows "--": argv of a command, ended by a null pointer.
    char** rest() const { return at_; }

    bool is(std::string_view name) const { return name_ == name; }

    template <class Number>
    Number number() const {
        return parse<Number>(value_);
    }

    unsigned percent() const { return value_ == "0" ? 0 : number<unsigned>(); }

    int protocol() const {
        return one_of("1.2", "1.3") ? TLS1_2_VERSION : TLS1_3_VERSION;
    }

    // Whether the value is the first of two words. It has to be one of them.
    bool one_of(std::string_view first, std::string_view second) const {
        if (value_ != first && value_ != second)
            refuse();
        return value_ == first;
    }

    Pids pids() const {
        Pids pids;
        for (std::string_view left = value_;;) {
            const size_t comma = left.find(',');
            pids.push_back(parse<pid_t>(left.substr(0, comma)));
            if (comma == std::string_view::npos)
                return pids;
            left.remove_prefix(comma + 1);
        }
    }

    [[noreturn]] void refuse() const {
        std::fputs(usage_, stderr);
        std::exit(2);
    }

  private:
    template <class Number>
    Number parse(std::string_view text) const {
        Number value{};
        const char* end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, value);
        if (error != std::errc{} || stop != end || value <= 0)
            refuse();
        return value;
    }

    char** at_;
    char** end_;
    const char* usage_;
    std::string_view name_;
    std::string_view value_;
};
