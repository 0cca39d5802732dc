#pragma once

#include "fleet/checks.hpp"
#include "fleet/nodes.hpp"
#include "fleet/options.hpp"
#include "fleet/population.hpp"
#include "fleet/store.hpp"
#include "fleet/timeline.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace fleet {

// Everything that an event can change.
struct Scene {
    const Options& options;
    Store& store;
    Nodes& nodes;
    Population& population;
    Timeline& timeline;
};

struct Event {
    std::string name;
    std::string what;
    // Returns when it is over. If it did not happen, returns why.
    std::function<std::string(Scene&)> run;
    // How many seconds after its end clients have to resume as before.
    std::function<double(const Scene&)> bound;
    // Repairs what it leaves behind.
    std::function<void(Scene&)> mend = [](Scene&) {};
};

// In the order in which a whole day has them.
const std::vector<Event>& events();

// How long it is until a slot of ticket keys ends, in seconds.
double until_slot_ends();

// The result of an event.
struct Outcome {
    std::string name;
    std::string what;
    std::string skipped{};  // why
    double begin = 0, end = 0;
    double bound = 0;
    std::optional<double> recovered{};  // seconds after its end
    double before = 0;  // share of returning clients that resumed
    double lowest = 0;  // of any second, until it had recovered
    unsigned lost = 0;  // full handshakes instead of resumptions, until then

    std::string text() const;
};

// Runs one event after the other, spread over the available time.
class Day {
  public:
    explicit Day(Scene scene) : scene_(scene) {}

    void run();

    const std::vector<Outcome>& outcomes() const { return outcomes_; }

  private:
    std::vector<const Event*> wanted() const;
    void happen(const Event& event);
    // Waits until clients resume as before, or the bound is over.
    void recover(Outcome& outcome) const;

    Scene scene_;
    double usual_ = 0;  // rate, before the first event
    std::vector<Outcome> outcomes_;
};

}  // namespace fleet
