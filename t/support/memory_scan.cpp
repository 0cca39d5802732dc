#include "support/memory_scan.hpp"
#include "support/files.hpp"
#include "support/unique_fd.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string.h>
#include <vector>

namespace support {

namespace {

struct Mapping {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    bool is_writable = false;
    bool is_hidden = false;  // "dd": MADV_DONTDUMP
};

std::vector<Mapping> mappings_of(const std::string& proc) {
    std::vector<Mapping> all;
    std::istringstream smaps(read_file(proc + "/smaps"));
    for (std::string line; std::getline(smaps, line);) {
        Mapping mapping;
        char mode[5];
        if (std::sscanf(line.c_str(), "%lx-%lx %4s", &mapping.begin,
                        &mapping.end, mode) == 3) {
            mapping.is_writable = mode[0] == 'r' && mode[1] == 'w';
            all.push_back(mapping);
        } else if (line.starts_with("VmFlags:")) {
            all.back().is_hidden = line.find(" dd ") != line.npos;
        }
    }
    return all;
}

bool is_at(const char* bytes, const std::string& hex) {
    constexpr char digits[] = "0123456789abcdef";
    for (std::size_t i = 0; i < hex.size() / 2; ++i) {
        const auto byte = static_cast<unsigned char>(bytes[i]);
        if (hex[2 * i] != digits[byte >> 4] ||
            hex[2 * i + 1] != digits[byte & 15]) {
            return false;
        }
    }
    return true;
}

// A single byte of it reveals nothing, and shows where to look closer.
std::size_t count_in(const char* bytes, const char* end,
                     const std::string& hex) {
    const int first = std::stoi(hex.substr(0, 2), nullptr, 16);
    const auto size = static_cast<std::ptrdiff_t>(hex.size() / 2);
    std::size_t found = 0;
    while (end - bytes >= size) {
        const auto candidates =
            static_cast<std::size_t>(end - bytes - size + 1);
        const void* at = std::memchr(bytes, first, candidates);
        if (at == nullptr) {
            break;
        }
        found += is_at(static_cast<const char*>(at), hex);
        bytes = static_cast<const char*>(at) + 1;
    }
    return found;
}

// Page by page, with as much of the page before as may belong to a match. The
// buffer holds pieces of what was found, so it is cleared.
std::size_t count(int memory, const Mapping& mapping, const std::string& hex) {
    const std::size_t size = hex.size() / 2;
    constexpr std::size_t step = 4096;
    std::vector<char> buffer(step + size);
    std::size_t found = 0;
    for (auto at = mapping.begin; at < mapping.end; at += step) {
        const auto n = pread(memory, buffer.data(),
                             std::min(buffer.size() - 1, mapping.end - at),
                             static_cast<off_t>(at));
        found += count_in(buffer.data(),
                          buffer.data() + std::max<ssize_t>(n, 0), hex);
    }
    explicit_bzero(buffer.data(), buffer.size());
    return found;
}

// What a memory checker reserves is too large to search.
bool is_wanted(const Mapping& mapping, bool hidden) {
    constexpr std::uintptr_t most = 1U << 30;
    return mapping.is_writable && mapping.is_hidden == hidden &&
           mapping.end - mapping.begin < most;
}

std::size_t count(pid_t pid, const std::string& hex, bool hidden) {
    const auto proc = "/proc/" + std::to_string(pid);
    const UniqueFd memory(open((proc + "/mem").c_str(), O_RDONLY | O_CLOEXEC));
    if (memory.get() < 0) {
        throw std::runtime_error("cannot read the memory of " + proc);
    }
    std::size_t found = 0;
    for (const auto& mapping : mappings_of(proc)) {
        if (is_wanted(mapping, hidden)) {
            found += count(memory.get(), mapping, hex);
        }
    }
    return found;
}

}  // namespace

std::size_t count_in_core(pid_t pid, const std::string& hex) {
    return count(pid, hex, false);
}

std::size_t count_hidden(pid_t pid, const std::string& hex) {
    return count(pid, hex, true);
}

}  // namespace support
