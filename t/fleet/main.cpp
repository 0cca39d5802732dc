// A fleet of nginx nodes, a store and many clients, on one machine, on a bad
// day.

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "fleet/day.hpp"
#include "fleet/picture.hpp"
#include "fleet/watch.hpp"
#include "support/files.hpp"
#include "support/test_process.hpp"

#include <cstdio>
#include <stdexcept>

using namespace fleet;

namespace {

// How many more descriptors a worker may have in the end: connections to a
// server that has joined the store, and to the one that was killed.
constexpr long more_descriptors = 2;

std::vector<std::string> names_of_events() {
    std::vector<std::string> names;
    for (const auto& event : events()) {
        names.push_back(event.name);
    }
    return names;
}

std::string outcome_text(const Outcome& outcome) {
    char text[100];
    std::snprintf(text, sizeof text, "%.1f %% before, %.1f %% at worst",
                  100 * outcome.before, 100 * outcome.lowest);
    return text;
}

void check_events(const std::vector<Outcome>& outcomes, Checks& checks) {
    for (const auto& outcome : outcomes) {
        if (outcome.skipped.empty()) {
            char what[100];
            std::snprintf(what, sizeof what,
                          "%s: clients resume as before within %.0f s",
                          outcome.name.c_str(), outcome.bound);
            checks.add(what, outcome.recovered.has_value(),
                       outcome_text(outcome));
        }
    }
}

void check_handshakes(const Timeline& timeline, Checks& checks) {
    const auto all = timeline.sum(0, timeline.size());
    checks.add("no handshake failed", all.failed == 0,
               all.failed == 0
                   ? std::to_string(all.fresh + all.returned()) + " handshakes"
                   : timeline.failures());
}

void check_logs(Checks& checks) {
    const auto said = complaints();
    const bool died = said.find("exited on signal") != said.npos ||
                      said.find("exited with") != said.npos;
    checks.add("no worker died", !died, died ? said : "");
    checks.add("the logs have no [alert], [crit], [emerg]", said.empty(), said);
}

void check_descriptors(long before, Nodes& nodes, Checks& checks) {
    long now = 0;
    const bool flat = support::eventually([&] {
        now = most_descriptors(nodes);
        return now <= before + more_descriptors;
    });
    checks.add("descriptors are flat", flat,
               "most in a worker: " + std::to_string(before) + " before, " +
                   std::to_string(now) + " after");
}

void check_memory(const Watch& watch, Checks& checks) {
    const auto growth = watch.growth();
    checks.add("memory is flat", growth.empty(),
               growth.empty() ? std::to_string(watch.measured()) +
                                    " workers lived long enough to tell"
                              : growth);
}

void write_all(const Options& options, const Story& story) {
    write_csv(story.timeline, options.out / "fleet.csv");
    support::write_file(options.out / "fleet.svg", svg_of(story));
    support::write_file(options.out / "fleet.html", html_of(story));
    support::write_file(options.out / "summary", story.checks.summary() + "\n");
}

// When it returns, the nodes have ended, with their complaints collected.
std::vector<Outcome> play(const Options& options, Timeline& timeline,
                          Checks& checks) {
    const auto store = make_store(options.store);
    Rotation rotation;
    Nodes nodes(options.nodes, store->parameters(), options.shared_tickets,
                rotation);
    const auto descriptors = most_descriptors(nodes);

    timeline.start();
    Watch watch(nodes, *store, timeline);
    Population population(options.clients, options.rate, options.seed, rotation,
                          timeline);
    Day day({.options = options,
             .store = *store,
             .nodes = nodes,
             .population = population,
             .timeline = timeline});
    day.run();
    population.stop();
    watch.stop();

    check_handshakes(timeline, checks);
    check_events(day.outcomes(), checks);
    check_memory(watch, checks);
    check_descriptors(descriptors, nodes, checks);
    return day.outcomes();
}

int run(const Options& options) {
    std::printf("%s\n", options.text().c_str());
    std::filesystem::create_directories(options.out);
    Timeline timeline;
    Checks checks;
    const auto outcomes = play(options, timeline, checks);
    check_logs(checks);
    write_all(options, {.title = options.text(),
                        .timeline = timeline,
                        .outcomes = outcomes,
                        .checks = checks});
    checks.print();
    std::printf("%s\n", checks.summary().c_str());
    return checks.failed() == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    support::prepare_process();
    collect_complaints();
    try {
        return run(parse({argv + 1, argv + argc}, names_of_events()));
    } catch (const std::invalid_argument& wrong) {
        std::fprintf(stderr, "fleet: %s\n", wrong.what());
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "fleet: %s\n", error.what());
    } catch (const doctest::detail::TestFailureException&) {
        std::fprintf(stderr, "fleet: %s\n", complaints().c_str());
    }
    return 1;
}
