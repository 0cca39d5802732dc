#include "backends/footing.hpp"

namespace backends {

using std::chrono::milliseconds;

void Ground::lost() noexcept {
    since_.reset();
    thrown_out_.reset();
    compared_.reset();
}

void Ground::shaken(coro::Time now) noexcept {
    if (since_) {
        since_ = now;
    }
}

/* Later counts are compared with the first one. Nothing is known of what was
 * before. */
void Ground::counted(std::optional<std::uint64_t> thrown_out,
                     coro::Time now) noexcept {
    if (thrown_out != thrown_out_) {
        thrown_out_ = thrown_out;
        since_ = now;
    }
    if (!thrown_out) {
        since_.reset();
    }
}

/* The server read its clock at some time between the question and now. */
void Ground::compared(milliseconds time, milliseconds resolution,
                      coro::Time asked, coro::Time now) noexcept {
    coro::Time took = now - asked;

    ahead_of_loop_ = time + resolution / 2 - (asked + took / 2);
    uncertain_ = (took + resolution + milliseconds(1)) / 2;
    compared_ = now;
}

Footing Ground::at(coro::Time now) const noexcept {
    Footing footing{.since = since_};

    if (compared_ && now - *compared_ <= good_for) {
        footing.skew = Skew{ahead_of_loop_ + now - wall(), uncertain_};
    }
    return footing;
}

milliseconds Ground::wall() const noexcept {
    return wall_ != nullptr
               ? wall_()
               : std::chrono::duration_cast<milliseconds>(
                     std::chrono::system_clock::now().time_since_epoch());
}

}  // namespace backends
