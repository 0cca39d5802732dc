#include "fuzz/scripted_cluster.hpp"

#include "backends/redis/slots.hpp"

using backends::redis::n_slots;

std::string ScriptedCluster::answer(Connection& connection, const Words& words,
                                    Input& script) const {
    const auto what = words.front();
    if (what == "HELLO") {
        return "-ERR\r\n";
    }
    if (what == "CLUSTER") {
        return topology(script);
    }
    if (what == "PING" || what == "ASKING") {
        return healthy() || script.byte() % 16 != 15 ? "+OK\r\n"
                                                     : "-ERR no\r\n";
    }
    if (!healthy() && script.byte() % 2 == 1) {
        return refuse(connection, words, script);
    }
    if (what == "DEL") {
        return ":1\r\n";
    }
    return what == "GET" ? bulk("value") : "+OK\r\n";
}

std::string ScriptedCluster::refuse(Connection& connection, const Words& words,
                                    Input& script) const {
    switch (script.byte() % 8) {
    case 0:
    case 1:
    case 2:
        return redirect("MOVED", words.at(1), script);
    case 3:
        return redirect("ASK", words.at(1), script);
    case 4:
        return "-CLUSTERDOWN The cluster is down\r\n";
    case 5:
        return "-TRYAGAIN Multiple keys request\r\n";
    case 6:
        return "$-1\r\n";
    default:
        connection.closes = true;
        return "";
    }
}

// Two ranges of any servers. When all is well, the last server has all slots.
std::string ScriptedCluster::topology(Input& script) const {
    const auto range = [this](std::size_t from, std::size_t to, unsigned i) {
        return "*3\r\n" + number(from) + number(to) + "*2\r\n" + bulk(host(i)) +
               number(address(i).port);
    };
    if (healthy()) {
        return "*1\r\n" + range(0, n_slots - 1, size - 1);
    }

    const auto split = script.number<std::uint16_t>() % (n_slots - 1);
    const unsigned whose = script.byte();
    switch (script.byte() % 8) {
    case 0:
        return "-ERR This instance has cluster support disabled\r\n";
    case 1:
        return "*0\r\n";
    case 2:
        return "*1\r\n" + range(split, n_slots - 1, whose);
    default:
        return "*2\r\n" + range(0, split, whose) +
               range(split + 1, n_slots - 1, whose / size);
    }
}

std::string ScriptedCluster::redirect(std::string_view kind,
                                      std::string_view key,
                                      Input& script) const {
    return "-" + std::string(kind) + " " +
           std::to_string(backends::redis::slot_of(key)) + " " +
           endpoint(script.byte()) + "\r\n";
}

// Some leave out the host, or give a name.
std::string ScriptedCluster::endpoint(unsigned i) const {
    return host(i) + ":" + std::to_string(address(i).port);
}

std::string ScriptedCluster::host(unsigned i) const {
    if (i >= 200) {
        return "";
    }
    return i >= 100 ? "n" + std::to_string(i % 8) : address(i).host;
}
