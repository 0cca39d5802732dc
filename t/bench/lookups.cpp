// Lookups per second on one connection to a Redis, as a worker makes them: one
// at a time, and many at once.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <netinet/in.h>

#include "arguments.hpp"
#include "backends/store.hpp"
#include "support/coroutines.hpp"

namespace {

constexpr const char* usage =
    "usage: lookups --port PORT [--count COUNT] [--at-once COUNT]\n";

backends::Options store_at(uint16_t port) {
    backends::Address address{
        {}, sizeof(sockaddr_in), "127.0.0.1:" + std::to_string(port)};
    auto& in = reinterpret_cast<sockaddr_in&>(address.storage);
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    backends::Options options;
    options.addresses.push_back(address);
    options.count = backends::Options::unlimited;
    return options;
}

class Lookups {
  public:
    explicit Lookups(uint16_t port)
        : store_(backends::make_redis(
              coroutines_.scheduler, store_at(port),
              [this](backends::Level, std::string_view line) {
                  connected_ |= line.find(": connected") != line.npos;
              })) {
        if (!coroutines_.loop.run_until([this] { return connected_; }))
            std::exit(1);
    }

    ~Lookups() {
        store_->close();
        coroutines_.finish();
    }
    Lookups(const Lookups&) = delete;
    Lookups& operator=(const Lookups&) = delete;

    double per_second(int count, int at_once) {
        using Clock = std::chrono::steady_clock;
        int answered = 0;
        const auto begin = Clock::now();
        for (int i = 0; i < at_once; ++i)
            coroutines_.start([&, i] {
                const std::string key = "key" + std::to_string(i);
                for (int n = 0; n < count / at_once; ++n)
                    answered +=
                        store_->fetch(key).status == backends::Status::miss;
            });
        const int wanted = count / at_once * at_once;
        coroutines_.loop.run_until([&] { return answered == wanted; },
                                   std::chrono::minutes(1));
        const std::chrono::duration<double> took = Clock::now() - begin;
        return answered == wanted ? wanted / took.count() : 0;
    }

  private:
    support::Coroutines coroutines_;
    bool connected_ = false;
    std::unique_ptr<backends::Store> store_;
};

}  // namespace

int main(int argc, char** argv) {
    uint16_t port = 0;
    int count = 20'000;
    int at_once = 100;
    Arguments arguments(argc, argv, usage);
    while (arguments.next()) {
        if (arguments.is("--port"))
            port = arguments.number<uint16_t>();
        else if (arguments.is("--count"))
            count = arguments.number<int>();
        else if (arguments.is("--at-once"))
            at_once = arguments.number<int>();
        else
            arguments.refuse();
    }
    Lookups lookups(port);
    const double single = lookups.per_second(count / 10, 1);
    const double pipelined = lookups.per_second(count, at_once);
    std::printf("single=%.0f pipelined=%.0f\n", single, pipelined);
    return single > 0 && pipelined > 0 ? 0 : 1;
}
