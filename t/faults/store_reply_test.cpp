// Replies that a store never gives, or only when it is in trouble itself.

#include "store_cell.hpp"

#include <doctest/doctest.h>

using namespace support;
using namespace std::string_literals;

namespace {

struct Reply {
    const char* fault;
    std::string bytes;
};

// In place of a value.
const Reply redis_values[] = {
    {"garbage for a reply", "\x15\x03\x03\0\x02\x02\x28\r\n"s},
    {"a reply of the wrong type: a status", "+OK\r\n"},
    {"a reply of the wrong type: an integer", ":42\r\n"},
    {"a reply of the wrong type: an array", "*1\r\n$5\r\nvalue\r\n"},
    {"a value of 512 MB is announced, and never comes", "$536870912\r\n"},
    {"a value of 2^63 bytes is announced", "$9223372036854775807\r\n"},
    {"an array of 2^31 elements is announced", "*2147483647\r\n"},
    {"arrays in arrays", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"},
};

const Reply memcached_values[] = {
    {"garbage for a reply", "\x15\x03\x03\0\x02\x02\x28\r\n"s},
    {"a reply of the wrong type: a status", "STORED\r\n"},
    {"a reply of the wrong type: an integer", "42\r\n"},
    {"a value of 512 MB is announced, and never comes",
     "VALUE key 0 536870912\r\n"},
    {"a value of 2^63 bytes is announced",
     "VALUE key 0 9223372036854775807\r\n"},
    {"a value whose key is too long",
     "VALUE " + std::string(300, 'k') + " 0 5\r\nvalue\r\nEND\r\n"},
    {"a line without an end", std::string(100'000, 'x')},
    {"a value for another key", "VALUE another 0 5\r\nvalue\r\nEND\r\n"},
};

// In reply to every request.
const Reply redis_errors[] = {
    {"-LOADING", "-LOADING Redis is loading the dataset in memory\r\n"},
    {"-OOM", "-OOM command not allowed when used memory > 'maxmemory'.\r\n"},
    {"-READONLY", "-READONLY You can't write against a read only replica.\r\n"},
    {"-NOAUTH", "-NOAUTH Authentication required.\r\n"},
    {"-WRONGPASS", "-WRONGPASS invalid username-password pair\r\n"},
    {"-NOPERM", "-NOPERM this user has no permissions to run 'get'\r\n"},
    {"-MOVED", "-MOVED 3999 127.0.0.1:6381\r\n"},
    {"-BUSY", "-BUSY Redis is busy running a script.\r\n"},
    {"-MISCONF", "-MISCONF Redis is configured to save RDB snapshots\r\n"},
    {"-MASTERDOWN", "-MASTERDOWN Link with MASTER is down\r\n"},
    {"-CLUSTERDOWN", "-CLUSTERDOWN Hash slot not served\r\n"},
    {"-ERR", "-ERR unknown command\r\n"},
    {"+OK to whatever is asked", "+OK\r\n"},
    {"$-1 to whatever is asked", "$-1\r\n"},
};

const Reply memcached_errors[] = {
    {"ERROR", "ERROR\r\n"},
    {"CLIENT_ERROR", "CLIENT_ERROR bad command line format\r\n"},
    {"SERVER_ERROR", "SERVER_ERROR out of memory\r\n"},
    {"END to whatever is asked", "END\r\n"},
    {"STORED to whatever is asked", "STORED\r\n"},
};

template <std::size_t N>
std::vector<Reply> all(const Reply (&replies)[N]) {
    return {replies, replies + N};
}

template <class Server>
void check(const std::vector<Reply>& replies, bool to_lookups_only) {
    Proxied<Server, FaultProxy> store;
    Fleet fleet(store, {}, quick);
    for (const auto& reply : replies) {
        CAPTURE(std::string(reply.fault));
        StoreCell cell(store_column<Server>(), reply.fault, fleet);
        store.proxy.set({.edit = [&](const std::string& own) {
            return to_lookups_only && !is_value(own) ? own : reply.bytes;
        }});
        cell.visit();
        cell.expect_full();
        store.proxy.heal();
        cell.recovers();
    }
}

}  // namespace

STORE_TEST_CASE("faults: replies in place of a value") {
    check<Server>(store_column<Server>() == "Redis" ? all(redis_values)
                                                    : all(memcached_values),
                  true);
}

STORE_TEST_CASE("faults: error replies, and the same reply to all") {
    check<Server>(store_column<Server>() == "Redis" ? all(redis_errors)
                                                    : all(memcached_errors),
                  false);
}
