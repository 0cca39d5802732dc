#include "backends/memcached/ring.hpp"

#include <dlfcn.h>
#include <new>

#if __has_include(<libmemcached/memcached.h>)
#include <libmemcached/memcached.h>

namespace backends::memcached {

namespace {

/* The functions of the library that are used. */
struct Functions {
    decltype(&memcached_create) create;
    decltype(&memcached_free) free;
    decltype(&memcached_behavior_set) behavior_set;
    decltype(&memcached_server_add_with_weight) server_add_with_weight;
    decltype(&memcached_generate_hash) generate_hash;
};

Functions api;

template <typename Function>
bool find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library, name));
    return function != nullptr;
}

std::string load_once() {
    void* library = dlopen("libmemcached.so.11", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        return dlerror();
    }

    bool found = find(library, "memcached_create", api.create) &&
                 find(library, "memcached_free", api.free) &&
                 find(library, "memcached_behavior_set", api.behavior_set) &&
                 find(library, "memcached_server_add_with_weight",
                      api.server_add_with_weight) &&
                 find(library, "memcached_generate_hash", api.generate_hash);
    return found ? ""
                 : "this libmemcached lacks functions that the module needs";
}

}  // namespace

std::string Ring::load() {
    static const std::string missing = load_once();
    return missing;
}

/*
 * The port is part of the name. libmemcached does not hash its default port, so
 * all servers get that one.
 */
Ring::Ring(const std::vector<Server>& servers) : ring_(api.create(nullptr)) {
    if (ring_ == nullptr) {
        throw std::bad_alloc();
    }

    for (const Server& server : servers) {
        if (api.server_add_with_weight(ring_.get(), server.name.c_str(),
                                       MEMCACHED_DEFAULT_PORT,
                                       server.weight) != MEMCACHED_SUCCESS) {
            throw std::bad_alloc();
        }
    }

    if (api.behavior_set(ring_.get(), MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED, 1) !=
        MEMCACHED_SUCCESS) {
        throw std::bad_alloc();
    }
}

std::size_t Ring::server_of(std::string_view key) const noexcept {
    return api.generate_hash(ring_.get(), key.data(), key.size());
}

void Ring::Free::operator()(memcached_st* ring) const noexcept {
    api.free(ring);
}

}  // namespace backends::memcached

#else

namespace backends::memcached {

std::string Ring::load() {
    return "it was built without libmemcached";
}

Ring::Ring(const std::vector<Server>&) {
    throw std::bad_alloc(); /* load() has reported it */
}

std::size_t Ring::server_of(std::string_view) const noexcept {
    return 0;
}

void Ring::Free::operator()(memcached_st*) const noexcept {}

}  // namespace backends::memcached

#endif
