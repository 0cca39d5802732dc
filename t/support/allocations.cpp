#include "support/allocations.hpp"

#include <cstdlib>
#include <limits>
#include <new>
#include <utility>

namespace support {

namespace {

constexpr auto never = std::numeric_limits<std::size_t>::max();

thread_local auto whose = Allocations::Of::test;
thread_local std::size_t seen = 0;
thread_local std::size_t first = never;
thread_local std::size_t last = never;

bool fails() {
    if (whose != Allocations::Of::product) {
        return false;
    }
    ++seen;
    return seen >= first && seen <= last;
}

}  // namespace

void Allocations::fail(std::size_t nth, std::size_t more) {
    seen = 0;
    first = nth;
    last = nth + more;
}

std::size_t Allocations::heal() {
    first = never;
    return std::exchange(seen, 0);
}

Allocations::Scope::Scope(Of code) : before_(std::exchange(whose, code)) {}

Allocations::Scope::~Scope() {
    whose = before_;
}

}  // namespace support

void* operator new(std::size_t size) {
    void* memory = support::fails() ? nullptr : std::malloc(size);
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    return memory;
}

// Otherwise a memory checker's own versions of these would be mixed with ours.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return support::fails() ? nullptr : std::malloc(size);
}

void operator delete(void* memory) noexcept {
    std::free(memory);
}

void operator delete(void* memory, const std::nothrow_t&) noexcept {
    std::free(memory);
}

void operator delete(void* memory, std::size_t /* size */) noexcept {
    std::free(memory);
}
