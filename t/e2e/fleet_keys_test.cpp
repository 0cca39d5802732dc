// A node whose keys differ from those of its fleet logs it once.

#include "support/key_files.hpp"
#include "support/node.hpp"

#include <doctest/doctest.h>

using namespace support;

namespace {

constexpr auto warning = "another node has other keys";
constexpr auto record = "ngx_ssl:keys";

Node node_of(const StoreServer& store, const KeyFiles& files,
             const std::string& letters) {
    return Node(directive(store, "timeout=60s" + files.parameters(letters)),
                {});
}

std::string id_of(char letter) {
    constexpr auto digits = "0123456789abcdef";
    std::string id;
    const auto key = KeyFiles::key(letter);
    for (const unsigned char byte : key.id()) {
        id += digits[byte >> 4];
        id += digits[byte & 15];
    }
    return id;
}

// Waits until the node has left these IDs of its keys in the store.
bool leaves(const StoreServer& store, const std::string& ids) {
    return eventually([&] { return store.get(record) == ids; });
}

}  // namespace

STORE_TEST_CASE("fleet keys: a wrong key and a missing one are warned of") {
    Server store;
    const KeyFiles files;
    const auto a = node_of(store, files, "a");
    REQUIRE(leaves(store, id_of('a')));

    const auto bare = node_of(store, files, "");
    CHECK(bare.nginx().wait_log(warning));
    CHECK(bare.nginx().log_count(id_of('a') + ", this node has none") == 1);
    CHECK(store.get(record) == id_of('a'));

    const auto b = node_of(store, files, "b");
    CHECK(b.nginx().wait_log(warning));
    CHECK(leaves(store, id_of('b')));
    CHECK(a.nginx().log_count(warning) == 0);

    // The nodes with the right key notice when they look again.
    a.nginx().reload();
    CHECK(a.nginx().wait_log(warning));
    CHECK(leaves(store, id_of('a')));
}

STORE_TEST_CASE("fleet keys: a rotation is no reason for a warning") {
    Server store;
    const KeyFiles files;
    for (const auto& [letters, ids] : {std::pair{"a", id_of('a')},
                                       {"ab", id_of('a') + " " + id_of('b')},
                                       {"ba", id_of('b') + " " + id_of('a')},
                                       {"b", id_of('b')}}) {
        const auto node = node_of(store, files, letters);
        CHECK(leaves(store, ids));
        CHECK(node.nginx().log_count(warning) == 0);
    }
}

STORE_TEST_CASE("fleet keys: without keys nothing is left, nor counted") {
    Server store;
    const KeyFiles files;
    const auto node = node_of(store, files, "");
    REQUIRE(node.connected());
    CHECK_FALSE(node.get().reused);
    CHECK(eventually([&] { return !store.keys().empty(); }));
    CHECK_FALSE(store.exists(record));
    CHECK(node.figures()["servers"][0]["fetches"]["miss"] == 0);
    CHECK(node.nginx().log_count(warning) == 0);
}

STORE_TEST_CASE("fleet keys: what is no record is replaced") {
    Server store;
    const KeyFiles files;
    store.set(record, "\x1b[2J something else");
    const auto node = node_of(store, files, "a");
    CHECK(leaves(store, id_of('a')));
    CHECK(node.nginx().log_count(warning) == 0);
}
