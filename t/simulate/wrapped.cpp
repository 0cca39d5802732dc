// A World's system calls, clocks and random bytes, in place of the real ones:
// the linker redirects the calls to them here (--wrap, see the Makefile).

#include "simulate/network.hpp"
#include "simulate/world.hpp"
#include "support/allocations.hpp"

#include <cerrno>
#include <chrono>
#include <ctime>
#include <openssl/rand.h>
#include <sys/socket.h>

using simulate::Chance;
using simulate::Micros;
using simulate::Network;
using simulate::World;
using std::chrono::steady_clock;
using std::chrono::system_clock;
using support::Allocations;

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
int real_socket(int family, int type, int protocol) asm("__real_socket");
int real_connect(int fd, const sockaddr* address,
                 socklen_t size) asm("__real_connect");
ssize_t real_recv(int fd, void* buffer, std::size_t size,
                  int flags) asm("__real_recv");
ssize_t real_send(int fd, const void* data, std::size_t size,
                  int flags) asm("__real_send");
int real_getsockopt(int fd, int level, int name, void* value,
                    socklen_t* size) asm("__real_getsockopt");
int real_setsockopt(int fd, int level, int name, const void* value,
                    socklen_t size) asm("__real_setsockopt");
std::time_t real_time(std::time_t* time) asm("__real_time");
int real_random(unsigned char* buffer, int size) asm("__real_RAND_bytes");
int real_private_random(unsigned char* buffer,
                        int size) asm("__real_RAND_priv_bytes");
steady_clock::time_point
real_steady() asm("__real__ZNSt6chrono3_V212steady_clock3nowEv");
system_clock::time_point
real_system() asm("__real__ZNSt6chrono3_V212system_clock3nowEv");

int wrapped_socket(int family, int type, int protocol) asm("__wrap_socket");
int wrapped_connect(int fd, const sockaddr* address,
                    socklen_t size) asm("__wrap_connect");
ssize_t wrapped_recv(int fd, void* buffer, std::size_t size,
                     int flags) asm("__wrap_recv");
ssize_t wrapped_send(int fd, const void* data, std::size_t size,
                     int flags) asm("__wrap_send");
int wrapped_getsockopt(int fd, int level, int name, void* value,
                       socklen_t* size) asm("__wrap_getsockopt");
int wrapped_setsockopt(int fd, int level, int name, const void* value,
                       socklen_t size) asm("__wrap_setsockopt");
std::time_t wrapped_time(std::time_t* time) asm("__wrap_time");
int wrapped_random(unsigned char* buffer, int size) asm("__wrap_RAND_bytes");
int wrapped_private_random(unsigned char* buffer,
                           int size) asm("__wrap_RAND_priv_bytes");
steady_clock::time_point
wrapped_steady() asm("__wrap__ZNSt6chrono3_V212steady_clock3nowEv");
system_clock::time_point
wrapped_system() asm("__wrap__ZNSt6chrono3_V212system_clock3nowEv");
// NOLINTEND(readability-inconsistent-declaration-parameter-name)

namespace {

// A call by the product. What it allocates here is the test's. `world` is null
// if there is none.
struct Call {
    Call() {
        if (world != nullptr) {
            world->count_call();
        }
    }
    const Allocations::Scope test{Allocations::Of::test};
    World* const world = World::running();

    auto socket(int fd) const {
        return world != nullptr ? Network::of(*world).socket(fd) : nullptr;
    }
};

// Many bytes at once fill a stock, which outlasts the world: how often that
// happens must not change the rest.
int fill(World& world, unsigned char* buffer, int size) {
    constexpr int much = 256;
    Chance bytes(size < much ? world.bytes().next() : 1);
    for (int i = 0; i < size; ++i) {
        buffer[i] = static_cast<unsigned char>(bytes.next());
    }
    return 1;
}

}  // namespace

int wrapped_socket(int family, int type, int protocol) {
    const Call call;
    return call.world != nullptr ? Network::of(*call.world).open()
                                 : real_socket(family, type, protocol);
}

int wrapped_connect(int fd, const sockaddr* address, socklen_t size) {
    const Call call;
    const auto socket = call.socket(fd);
    return socket != nullptr ? socket->connect(address)
                             : real_connect(fd, address, size);
}

ssize_t wrapped_recv(int fd, void* buffer, std::size_t size, int flags) {
    const Call call;
    const auto socket = call.socket(fd);
    return socket != nullptr ? socket->receive(static_cast<char*>(buffer), size)
                             : real_recv(fd, buffer, size, flags);
}

ssize_t wrapped_send(int fd, const void* data, std::size_t size, int flags) {
    const Call call;
    const auto socket = call.socket(fd);
    return socket != nullptr
               ? socket->send({static_cast<const char*>(data), size})
               : real_send(fd, data, size, flags);
}

int wrapped_getsockopt(int fd, int level, int name, void* value,
                       socklen_t* size) {
    const Call call;
    const auto socket = call.socket(fd);
    if (socket == nullptr) {
        return real_getsockopt(fd, level, name, value, size);
    }
    *static_cast<int*>(value) = socket->take_error();
    return 0;
}

int wrapped_setsockopt(int fd, int level, int name, const void* value,
                       socklen_t size) {
    const Call call;
    return call.socket(fd) != nullptr
               ? 0
               : real_setsockopt(fd, level, name, value, size);
}

std::time_t wrapped_time(std::time_t* time) {
    const Call call;
    return call.world != nullptr
               ? std::chrono::duration_cast<std::chrono::seconds>(
                     call.world->wall())
                     .count()
               : real_time(time);
}

int wrapped_random(unsigned char* buffer, int size) {
    const Call call;
    return call.world != nullptr ? fill(*call.world, buffer, size)
                                 : real_random(buffer, size);
}

int wrapped_private_random(unsigned char* buffer, int size) {
    const Call call;
    return call.world != nullptr ? fill(*call.world, buffer, size)
                                 : real_private_random(buffer, size);
}

// Sometimes what lies between two calls takes long.
steady_clock::time_point wrapped_steady() {
    const Call call;
    if (call.world == nullptr) {
        return real_steady();
    }
    call.world->spend(Micros(call.world->chance().one_in(200) ? 1500 : 1));
    return steady_clock::time_point(call.world->now());
}

system_clock::time_point wrapped_system() {
    const Call call;
    return call.world != nullptr ? system_clock::time_point(call.world->wall())
                                 : real_system();
}
