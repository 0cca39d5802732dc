#include "debug/capture/privileges.hpp"

#include <cerrno>
#include <cstring>
#include <grp.h>
#include <pwd.h>
#include <stdexcept>
#include <unistd.h>

namespace debug {

bool drop_root(const std::string& user) {
    if (geteuid() != 0) {
        return false;
    }

    const passwd* entry = getpwnam(user.c_str());
    if (entry == nullptr) {
        throw std::runtime_error("there is no user " + user + " (--user)");
    }
    uid_t uid = entry->pw_uid;
    if (uid == 0) {
        return false;
    }
    gid_t gid = entry->pw_gid;
    if (setgroups(0, nullptr) != 0 || setgid(gid) != 0 || setuid(uid) != 0) {
        throw std::runtime_error("cannot become " + user + ": " +
                                 std::strerror(errno));
    }
    if (setuid(0) == 0) {
        throw std::runtime_error("could become root again");
    }
    return true;
}

}  // namespace debug
