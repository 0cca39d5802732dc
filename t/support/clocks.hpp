#pragma once

#include "support/preload.hpp"

#include <fstream>

namespace support {

// The clocks of the processes that are started while it lives, which may be
// set at any time (t/preload/clocks.c). The last one made is theirs.
class Clocks {
  public:
    explicit Clocks(long long ahead = 0)
        : preload_("clocks"), file_(make(dir_.path() / "clocks")),
          environment_("CLOCKS", file_.string()) {
        set_ahead(ahead);
    }

    // All of their clocks, together.
    void skip(long long seconds) {
        monotonic_ += seconds;
        set_ahead(of_day_ + seconds);
    }

    // That of the day alone.
    void set_ahead(long long seconds) {
        of_day_ = seconds;
        const long long both[] = {of_day_, monotonic_};
        // In place: they have it mapped.
        std::fstream file(file_,
                          std::ios::in | std::ios::out | std::ios::binary);
        file.write(reinterpret_cast<const char*>(both), sizeof both);
    }

  private:
    static std::filesystem::path make(const std::filesystem::path& file) {
        write_file(file, std::string(2 * sizeof(long long), '\0'));
        return file;
    }

    TempDir dir_;
    Preload preload_;
    std::filesystem::path file_;
    long long of_day_ = 0;
    long long monotonic_ = 0;
    Environment environment_;
};

}  // namespace support
