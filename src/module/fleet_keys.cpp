#include "module/fleet_keys.hpp"

#include "module/ngx.hpp"
#include "sessions/key_record.hpp"

#include <new>
#include <string>

namespace session_cache {

bool FleetKeys::is_of(const backends::Store& store,
                      const Remote& remote) const noexcept {
    return &store_ == &store &&
           remote_.directive.prefix == remote.directive.prefix &&
           are_same(remote_.keys, remote.keys);
}

void FleetKeys::compare() noexcept {
    if (comparing_) {
        return;
    }

    comparing_ = true;
    try {
        look();
    } catch (const std::bad_alloc&) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, NGX_ENOMEM,
                      "remote_ssl_session_cache: keys are not compared");
    }
    comparing_ = false;
}

/* If two begin at the same time, the second one finds the record of the
 * first. */
void FleetKeys::look() {
    std::string name = key_record_name(remote_.directive.prefix);
    backends::Fetched found = store_.peek(name);

    if (found.status == backends::Status::miss && leave(name)) {
        found = store_.peek(name);
    }
    if (found.status != backends::Status::hit) {
        return;
    }

    if (is_key_record(found.value) && !fits(found.value, remote_.keys)) {
        warn(name, found.value);
    }
    if (!remote_.keys.empty() && found.value != key_record(remote_.keys)) {
        store_.store(name, key_record(remote_.keys), backends::Store::max_ttl);
    }
}

/* Returns whether another node was faster. */
bool FleetKeys::leave(const std::string& name) {
    return !remote_.keys.empty() &&
           store_.add(name, key_record(remote_.keys),
                      backends::Store::max_ttl) == backends::Addition::exists;
}

void FleetKeys::warn(const std::string& name, std::string_view record) {
    if (warned_) {
        return;
    }
    warned_ = true;

    std::string own = remote_.keys.empty() ? "none" : key_record(remote_.keys);
    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "remote_ssl_session_cache: another node has other keys, so "
                  "sessions do not resume between the two: \"%s\" says %*s, "
                  "this node has %s",
                  name.c_str(), record.size(), record.data(), own.c_str());
}

}  // namespace session_cache
