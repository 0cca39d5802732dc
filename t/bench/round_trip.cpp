// The round trip to a Redis: prints the median of PINGs. They are as rare as
// the handshakes whose latency is compared with it.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include <hiredis/hiredis.h>
#include <unistd.h>

#include "arguments.hpp"

namespace {

constexpr const char* usage =
    "usage: round_trip --port PORT [--count COUNT] [--rate COUNT]\n";

using Clock = std::chrono::steady_clock;

double median_us(redisContext* redis, size_t count, size_t rate) {
    std::vector<Clock::duration> times(count);
    for (auto& time : times) {
        usleep(1'000'000 / rate);
        const auto begin = Clock::now();
        void* reply = redisCommand(redis, "PING");
        time = Clock::now() - begin;
        if (reply == nullptr)
            return -1;
        freeReplyObject(reply);
    }
    std::sort(times.begin(), times.end());
    return std::chrono::duration<double, std::micro>(times[count / 2]).count();
}

}  // namespace

int main(int argc, char** argv) {
    uint16_t port = 0;
    size_t count = 200;
    size_t rate = 100;
    Arguments arguments(argc, argv, usage);
    while (arguments.next()) {
        if (arguments.is("--port"))
            port = arguments.number<uint16_t>();
        else if (arguments.is("--count"))
            count = arguments.number<size_t>();
        else if (arguments.is("--rate"))
            rate = arguments.number<size_t>();
        else
            arguments.refuse();
    }
    redisContext* redis = redisConnect("127.0.0.1", port);
    const double median = redis == nullptr || redis->err != 0
                              ? -1
                              : median_us(redis, count, rate);
    redisFree(redis);
    std::printf("round_trip_us=%.1f\n", median);
    return median < 0 ? 1 : 0;
}
