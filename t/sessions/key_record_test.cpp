// What nodes tell each other about their keys, and how a node judges it.

#include "sessions/key_record.hpp"

#include <doctest/doctest.h>

using namespace session_cache;

namespace {

SealingKeys keys_of(const std::string& names) {
    SealingKeys keys;
    for (const char name : names) {
        keys.emplace_back(std::string(48, name));
    }
    return keys;
}

// Whether nodes with these keys resume each other's sessions.
bool fit(const std::string& one, const std::string& other) {
    const bool fit = fits(key_record(keys_of(one)), keys_of(other));
    CHECK(fits(key_record(keys_of(other)), keys_of(one)) == fit);
    return fit;
}

}  // namespace

TEST_CASE("key record: its name is no session's") {
    CHECK(key_record_name("ngx_ssl:") == "ngx_ssl:keys");
}

TEST_CASE("key record: nodes fit that open what each other seals") {
    CHECK(fit("a", "a"));
    CHECK(fit("ab", "a"));
    CHECK(fit("ab", "ba"));
    CHECK(fit("ab", "bca"));
    CHECK_FALSE(fit("a", "b"));
    CHECK_FALSE(fit("ab", "b"));
    CHECK_FALSE(fit("ab", "cb"));
    CHECK_FALSE(fits(key_record(keys_of("a")), {}));
}

TEST_CASE("key record: each step of a rotation fits the one before") {
    const char* const steps[] = {"a", "ab", "ba", "b"};
    for (std::size_t n = 1; n < std::size(steps); ++n) {
        CHECK(fit(steps[n - 1], steps[n]));
    }
}

TEST_CASE("key record: what is none") {
    const auto record = key_record(keys_of("ab"));
    CHECK(is_key_record(record));
    CHECK(record.size() == 33);
    for (const auto& text :
         {std::string(), std::string("x"), record + " ", " " + record,
          record + "0", record.substr(1), record.substr(0, 16) + "\n",
          std::string(16, 'F'), std::string(17, 'a')}) {
        CAPTURE(text);
        CHECK_FALSE(is_key_record(text));
        CHECK_FALSE(fits(text, keys_of("ab")));
    }
    std::string endless = record;
    while (endless.size() < 4000) {
        endless += " " + record;
    }
    CHECK_FALSE(is_key_record(endless));
}
