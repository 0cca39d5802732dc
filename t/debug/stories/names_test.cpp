// What of strangers' names reaches a terminal.

#include "debug/stories/names.hpp"

#include <doctest/doctest.h>

using namespace debug;

TEST_CASE("names: nothing that a terminal obeys is shown") {
    CHECK(printable("shop.example") == "shop.example");
    CHECK(printable("b\xc3\xbc"
                    "cher.example") == "b\xc3\xbc"
                                       "cher.example");
    CHECK(printable("\xe2\x86\x92\xf0\x9f\x98\x80") ==
          "\xe2\x86\x92\xf0\x9f\x98\x80");
    CHECK(printable("a\x1b[2J\r\n\x7f\t") == "a?[2J????");
    CHECK(printable(std::string("\0", 1)) == "?");
    // C1, as UTF-8 and as a terminal of 8 bits has it.
    for (int c = 0x80; c < 0xa0; ++c) {
        const char c1 = static_cast<char>(c);
        CHECK(printable(std::string("\xc2") + c1 + "m") == "?m");
        CHECK(printable(std::string(1, c1) + "m") == "?m");
    }
    CHECK(printable("\xc2\xa0") == "\xc2\xa0");
    // No UTF-8: too long, too large, half a pair, and cut off.
    CHECK(printable("\xc0\x9b"
                    "2J") == "??2J");
    CHECK(printable("\xe0\x82\x9b"
                    "2J") == "???2J");
    CHECK(printable("\xf0\x80\x82\x9b") == "????");
    CHECK(printable("\xf4\x90\x80\x80") == "????");
    CHECK(printable("\xed\xa0\x80") == "???");
    CHECK(printable("\xe2\x86") == "??");
    CHECK(printable("\xff\xfe") == "??");
    // What turns a line around, or hides in it.
    // NOLINTBEGIN(misc-misleading-bidirectional): escaped
    for (const char* sign : {"\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x80\x8f",
                             "\xe2\x80\xa8", "\xd8\x9c", "\xef\xbb\xbf"}) {
        CHECK(printable(sign) == "?");
    }
    // NOLINTEND(misc-misleading-bidirectional)
}

TEST_CASE("names: of a long key the end is shown") {
    const Names names;
    const std::string id(64, 'a');
    CHECK(names.show_key("ngx_ssl:" + id, 64) == "ngx_ssl:aaaa…aa");
    const auto shown = names.show_key(std::string(10'000, 'x') + ':' + id, 64);
    CHECK(shown.size() < 100);
    CHECK(shown.ends_with("x:aaaa…aa"));
}

TEST_CASE("names: digits at the end of a key") {
    CHECK(session_name("ngx_ssl:0a1").count == 3);
    CHECK(session_name("ngx_ssl:").count == 0);
    CHECK(session_name("a") == session_name("x:a"));
    CHECK(session_name("x0a") != session_name("xa"));
    CHECK(session_name("x0a") != session_name("xa0"));
    CHECK(session_name(std::string(200, 'f')).count == 64);
}
