// Other modules' callbacks, which come before ours, in any combination.

#include "sessions/local_cache.hpp"

#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace session_cache;

namespace {

using Ctx = Owned<SSL_CTX, SSL_CTX_free>;

constexpr unsigned char id_bytes[] = {'i', 'd'};
const SessionId id(id_bytes);

// What another module's callbacks do, and what they were called for.
struct Other {
    bool keeps = false;              // references of new sessions
    int copy = -1;                   // what it sets, if not negative
    SSL_SESSION* session = nullptr;  // what it finds, counted in its way
    std::string called;
} other;

int on_new(SSL*, SSL_SESSION* session) {
    other.called += 'n';
    if (other.keeps) {
        other.session = session;
    }
    return other.keeps;
}

SSL_SESSION* on_get(SSL*, const unsigned char*, int, int* copy) {
    other.called += 'g';
    if (other.copy >= 0) {
        *copy = other.copy;
    }
    return other.session;
}

void on_remove(SSL_CTX*, SSL_SESSION*) {
    other.called += 'r';
}

// Counts the sessions that were freed.
int freed;

int count_index() {
    static const int index = SSL_SESSION_get_ex_new_index(
        0, nullptr, nullptr, nullptr,
        [](void*, void* counted, CRYPTO_EX_DATA*, int, long, void*) {
            freed += counted != nullptr;
        });
    return index;
}

Session make_session() {
    Session session(SSL_SESSION_new());
    REQUIRE(SSL_SESSION_set_ex_data(session.get(), count_index(), &freed) == 1);
    return session;
}

struct Others {
    bool has_new;
    bool has_get;
    bool has_remove;

    LocalCache before() const {
        const Ctx ctx(SSL_CTX_new(TLS_method()));
        SSL_CTX_sess_set_new_cb(ctx.get(), has_new ? on_new : nullptr);
        SSL_CTX_sess_set_get_cb(ctx.get(), has_get ? on_get : nullptr);
        SSL_CTX_sess_set_remove_cb(ctx.get(), has_remove ? on_remove : nullptr);
        other = {};
        freed = 0;
        return LocalCache(ctx.get());
    }
};

std::vector<Others> all_combinations() {
    std::vector<Others> all;
    for (int bits = 0; bits < 8; ++bits) {
        all.push_back({(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0});
    }
    return all;
}

std::string letters(bool called, const char* text) {
    return called ? text : "";
}

}  // namespace

TEST_CASE("local cache: what is missing is not called, what is there is") {
    for (const auto& others : all_combinations()) {
        CAPTURE(others.has_new);
        CAPTURE(others.has_get);
        CAPTURE(others.has_remove);
        const auto local = others.before();
        const auto session = make_session();
        CHECK(local.finds() == others.has_get);
        CHECK(local.add(nullptr, session.get()) == 0);
        CHECK(local.find(nullptr, id) == nullptr);
        local.remove(nullptr, session.get());
        CHECK(other.called == letters(others.has_new, "n") +
                                  letters(others.has_get, "g") +
                                  letters(others.has_remove, "r"));
    }
}

TEST_CASE("local cache: what cannot be found again is not filled") {
    for (const auto& others : all_combinations()) {
        for (const bool keeps : {false, true}) {
            CAPTURE(others.has_new);
            CAPTURE(others.has_get);
            CAPTURE(keeps);
            const auto local = others.before();
            other.keeps = keeps;
            auto session = make_session();
            auto* expected = session.get();
            auto used = local.fill(nullptr, id, std::move(session));
            const bool filled = others.has_new && others.has_get;
            CHECK(used.get() == expected);
            CHECK(other.called == letters(filled, "gn"));
            // A module that keeps it has a reference of its own.
            used.reset();
            CHECK(freed == !(filled && keeps));
            SSL_SESSION_free(other.session);
            CHECK(freed == 1);
        }
    }
}

TEST_CASE("local cache: nothing is filled with nothing") {
    for (const auto& others : all_combinations()) {
        CHECK(others.before().fill(nullptr, id, nullptr) == nullptr);
        CHECK(other.called.empty());
    }
}

TEST_CASE("local cache: one that was filled meanwhile is used") {
    const auto local = Others{true, true, false}.before();
    auto there = make_session();
    other.session = there.get();
    CHECK(local.fill(nullptr, id, make_session()).get() == there.get());
    CHECK(other.called == "g");
    CHECK(freed == 1);
    there.reset();
    CHECK(freed == 2);
}

TEST_CASE("local cache: references are counted as the one who finds wants") {
    for (const int copy :
         {-1, 0, 1}) {  // -1: OpenSSL's own default, which is 1
        CAPTURE(copy);
        const auto local = Others{false, true, false}.before();
        auto there = make_session();
        other.session = there.get();
        other.copy = copy;
        if (copy == 0) {
            SSL_SESSION_up_ref(there.get());  // the caller's
        }
        CHECK(local.find(nullptr, id).get() == there.get());
        CHECK(freed == 0);
        there.reset();
        CHECK(freed == 1);
    }
}

TEST_CASE("local cache: a miss that says copy is a miss") {
    const auto local = Others{false, true, false}.before();
    other.copy = 1;
    CHECK(local.find(nullptr, id) == nullptr);
}
