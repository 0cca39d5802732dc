#pragma once

#include "support/both_stores.hpp"
#include "support/preload.hpp"

#include <ctime>
#include <fstream>

// A test that runs once for each kind of store, with clocks of its own.
#define CLOCKS_TEST_CASE(name)                                                 \
    STORE_TEST_CASE((name)*doctest::skip(support::in_sanitizer()))

namespace support {

// The clocks of processes that are started while it lives, which may be set at
// any time (t/preload/clocks.c). If there are several, the last one counts.
class Clocks {
  public:
    // They run `speed` times as fast as real ones.
    explicit Clocks(long long ahead = 0, long long speed = 1)
        : preload_("clocks"), file_(make(dir_.path() / "clocks")),
          speed_(speed), environment_("CLOCKS", file_.string()) {
        set_ahead(ahead);
    }

    // Moves all of their clocks.
    void skip(long long seconds) {
        monotonic_ += seconds;
        set_ahead(of_day_ + seconds);
    }

    // Sets only the time of day.
    void set_ahead(long long seconds) {
        of_day_ = seconds;
        const long long all[] = {of_day_, monotonic_, speed_, since_};
        // Written in place, because the processes have it mapped.
        std::fstream file(file_,
                          std::ios::in | std::ios::out | std::ios::binary);
        file.write(reinterpret_cast<const char*>(all), sizeof all);
    }

  private:
    static std::filesystem::path make(const std::filesystem::path& file) {
        write_file(file, std::string(4 * sizeof(long long), '\0'));
        return file;
    }

    TempDir dir_;
    Preload preload_;
    std::filesystem::path file_;
    long long of_day_ = 0;
    long long monotonic_ = 0;
    long long speed_;
    long long since_ = std::time(nullptr);
    Environment environment_;
};

}  // namespace support
