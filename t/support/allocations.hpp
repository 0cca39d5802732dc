#pragma once

#include <cstddef>

namespace support {

// Lets the product's memory be short: operator new, in this thread, where a
// Scope says that the code which runs is the product's.
class Allocations {
  public:
    // The `nth` from now on fails (1 is the next), and `more` after it.
    static void fail(std::size_t nth, std::size_t more = 0);

    // All succeed again. Returns how many there were since fail().
    static std::size_t heal();

    enum class Of { product, test };

    // Whose the code is, as long as this lives. A coroutine has to begin and
    // to wait in the product's.
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
