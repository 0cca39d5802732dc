#include "fleet/day.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

namespace fleet {

using std::chrono::seconds;
using support::Milliseconds;

namespace {

constexpr seconds freeze_time{3};
constexpr seconds dead_time{2};
constexpr Milliseconds slow_by{50};
constexpr seconds slow_time{4};
constexpr double peak_factor = 2.5;
constexpr seconds peak_time{5};
constexpr int slot_length = 60;

// Nothing is lost that would have to come back. Two seconds are measured, and
// the machine may be busy with the event.
double at_once(const Scene&) {
    return 5;
}

// Each client has to come once before it has a session that resumes. Clients
// come at random, so 97 of a hundred have come after 3.5 times the average time
// between visits.
double once_all_have_come(const Scene& scene) {
    return 5 * scene.options.pause() + 5;
}

// Tickets need no store. Without them, sessions of the master do not resume
// until it is replaced. Sessions that were made meanwhile are lost, and if
// nothing replaces the master, its own sessions are lost, too.
double once_replaced(const Scene& scene) {
    constexpr double failover = 10;
    if (scene.options.shared_tickets) {
        return at_once(scene);
    }
    return failover + once_all_have_come(scene);
}

// A client that came while the store was frozen has a session that is not
// stored.
double once_stored(const Scene& scene) {
    return scene.options.shared_tickets ? at_once(scene)
                                        : once_all_have_come(scene);
}

std::string freeze(Scene& scene) {
    scene.store.freeze();
    std::this_thread::sleep_for(freeze_time);
    scene.store.thaw();
    return "";
}

std::string slow_down(Scene& scene) {
    scene.store.set_delay(slow_by);
    std::this_thread::sleep_for(slow_time);
    scene.store.set_delay({});
    return "";
}

// As in docs/security.md: every node opens with the new key before any node
// seals with it. The old key is not removed here: it has to stay as long as its
// sessions live.
std::string rotate_key(Scene& scene) {
    scene.nodes.set_keys("ab");
    scene.nodes.set_keys("ba");
    return "";
}

std::string await_slot(Scene& scene) {
    if (!scene.options.shared_tickets) {
        return "there are no ticket keys";
    }
    std::this_thread::sleep_for(
        std::chrono::duration<double>(until_slot_ends()));
    return "";
}

std::string peak(Scene& scene) {
    scene.population.set_rate(peak_factor * scene.options.rate);
    std::this_thread::sleep_for(peak_time);
    scene.population.set_rate(scene.options.rate);
    return "";
}

template <auto Action>
std::string run(Scene& scene) {
    (scene.nodes.*Action)();
    return "";
}

// If nothing replaces it, it is started again, empty.
std::string kill_master(Scene& scene) {
    scene.store.kill_master();
    if (!scene.store.has_successors()) {
        std::this_thread::sleep_for(dead_time);
        scene.store.start_killed();
    }
    return "";
}

void start_killed(Scene& scene) {
    if (scene.store.has_successors()) {
        scene.store.start_killed();
    }
}

std::string reshard(Scene& scene) {
    return scene.store.reshard() ? "" : "this store has no slots to move";
}

}  // namespace

double until_slot_ends() {
    const auto now = std::chrono::duration<double>(
        std::chrono::system_clock::now().time_since_epoch());
    return slot_length - std::fmod(now.count(), slot_length);
}

// Events that replace workers come first, because the later workers are
// measured.
const std::vector<Event>& events() {
    static const std::vector<Event> all{
        {"reload", "rolling reload", run<&Nodes::reload>, at_once},
        {"restart", "rolling restart", run<&Nodes::restart>, at_once},
        {"cold", "a node is added", run<&Nodes::add>, at_once},
        {"key", "the key is rotated, node by node", rotate_key, at_once},
        {"certificates", "certificates are renewed, node by node",
         run<&Nodes::renew_certificates>, once_all_have_come},
        {"kill", "a master is killed", kill_master, once_replaced,
         start_killed},
        {"freeze", "the store is frozen for 3 s", freeze, once_stored},
        {"slow", "the store is slow, 50 ms a request", slow_down, at_once},
        {"reshard", "slots move to a master that joins", reshard, at_once},
        {"slot", "the slot of ticket keys ends", await_slot, at_once},
        {"peak", "2.5 times as many visits", peak, at_once}};
    return all;
}

}  // namespace fleet
