#pragma once

#include "backends/store.hpp"
#include "support/coroutines.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace support {

// The life of a store's client, from its creation to its end, during which
// memory is short for a moment.
class Life {
  public:
    virtual ~Life() = default;

    // Lets each allocation fail in turn, and `more` after it. Beyond the first
    // `dense`, only every `step`th one fails. Returns how many there are.
    std::size_t repeat(std::size_t more, std::size_t dense = 0,
                       std::size_t step = 1);

  protected:
    using Body = std::function<void(backends::Store&)>;

    // A new client, which may throw std::bad_alloc.
    virtual std::unique_ptr<backends::Store> make(Coroutines& coroutines) = 0;

    // Everything that is done with it while memory may be short.
    virtual void live(Coroutines& coroutines, backends::Store& store) = 0;

    // The keys that it has to store and find.
    virtual const std::vector<std::string>& keys() const = 0;

    // A log for a client. It checks that lines are complete.
    static backends::Log log();

    // Runs `body` in a coroutine of its own to its end, if there is one.
    static void use(Coroutines& coroutines, backends::Store& store,
                    const Body& body);

    // Whether it works, within some time.
    bool works(Coroutines& coroutines, backends::Store& store) const;

  private:
    bool ends_before(std::size_t nth, std::size_t more);
    std::unique_ptr<backends::Store> try_to_make(Coroutines& coroutines);
};

}  // namespace support
