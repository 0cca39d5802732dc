#include "fleet/options.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <sstream>
#include <stdexcept>

namespace fleet {

namespace {

using Strings = std::vector<std::string>;

[[noreturn]] void refuse(const std::string& what) {
    throw std::invalid_argument(what);
}

double number(const std::string& text, double least, double most) {
    std::size_t end = 0;
    double value = 0;
    try {
        value = std::stod(text, &end);
    } catch (const std::exception&) {
        refuse("not a number: " + text);
    }
    if (end != text.size() || !(value >= least && value <= most)) {
        std::ostringstream bounds;
        bounds << "not from " << least << " to " << most << ": " << text;
        refuse(bounds.str());
    }
    return value;
}

std::string one_of(const std::string& text, const Strings& all) {
    if (std::find(all.begin(), all.end(), text) != all.end()) {
        return text;
    }
    std::string names;
    for (const auto& name : all) {
        names += " " + name;
    }
    refuse("no such thing: " + text + "; there are:" + names);
}

Strings script(const std::string& text, const Strings& events) {
    Strings names;
    std::istringstream all(text);
    for (std::string name; std::getline(all, name, ',');) {
        names.push_back(one_of(name, events));
    }
    return names;
}

}  // namespace

std::string Options::text() const {
    std::ostringstream text;
    text << nodes << " nodes, " << clients << " clients, " << rate
         << " visits a second, store " << store << ", tickets "
         << (shared_tickets ? "shared" : "off");
    return text.str();
}

// There are only addresses for a hundred nodes.
Options parse(const Strings& arguments, const Strings& events) {
    Options options;
    options.script = events;
    const std::map<std::string, std::function<void(const std::string&)>> all{
        {"--store",
         [&](auto& value) {
             options.store =
                 one_of(value, {"redis", "sentinel", "cluster", "memcached"});
         }},
        {"--tickets",
         [&](auto& value) {
             options.shared_tickets =
                 one_of(value, {"off", "shared"}) == "shared";
         }},
        {"--minutes",
         [&](auto& value) { options.minutes = number(value, 1, 1440); }},
        {"--nodes",
         [&](auto& value) {
             options.nodes = static_cast<std::size_t>(number(value, 2, 100));
         }},
        {"--clients",
         [&](auto& value) {
             options.clients =
                 static_cast<std::size_t>(number(value, 100, 1e6));
         }},
        {"--rate", [&](auto& value) { options.rate = number(value, 10, 1e5); }},
        {"--seed",
         [&](auto& value) {
             options.seed = static_cast<unsigned>(number(value, 0, 4e9));
         }},
        {"--script",
         [&](auto& value) { options.script = script(value, events); }},
        {"--out", [&](auto& value) { options.out = value; }}};
    for (std::size_t i = 0; i < arguments.size(); i += 2) {
        const auto found = all.find(arguments[i]);
        if (found == all.end()) {
            refuse("no such option: " + arguments[i]);
        }
        if (i + 1 == arguments.size()) {
            refuse(arguments[i] + " wants a value");
        }
        found->second(arguments[i + 1]);
    }
    return options;
}

}  // namespace fleet
