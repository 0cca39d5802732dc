#pragma once

#include <cstddef>

namespace support {

// Makes the product's memory short: operator new fails in this thread, while a
// Scope says that the running code is the product's.
class Allocations {
  public:
    // The `nth` allocation from now on fails (1 is the next), and `more` after
    // it.
    static void fail(std::size_t nth, std::size_t more = 0);

    // All allocations succeed again. Returns how many there were since fail().
    static std::size_t heal();

    enum class Of { product, test };

    // Says whose code runs while this lives. A coroutine has to begin and wait
    // as the product's.
    class Scope {
      public:
        explicit Scope(Of whose);
        ~Scope();
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;

      private:
        Of before_;
    };
};

}  // namespace support
