/*
 * Time that goes by faster, for LD_PRELOAD: FAST_CLOCK in the environment is
 * how many times. All who have it agree on the time of day. It was right at
 * FAST_CLOCK_SINCE, in seconds since 1970.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <time.h>

#define REAL(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))

static int64_t factor = 1;
static int64_t since;
static __typeof__(&clock_gettime) real_clock;

__attribute__((constructor)) static void read_environment(void) {
    const char *value = getenv("FAST_CLOCK");
    const char *begin = getenv("FAST_CLOCK_SINCE");

    real_clock = REAL(clock_gettime);
    factor = value != NULL ? atoll(value) : 1;
    since = begin != NULL ? atoll(begin) : 0;
}

static int is_day(clockid_t clock) {
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
}

static int is_monotonic(clockid_t clock) {
    return clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE ||
           clock == CLOCK_MONOTONIC_RAW;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    if (real_clock == NULL) { /* another library's constructor */
        real_clock = REAL(clock_gettime);
    }

    int result = real_clock(clock, time);
    if (result == 0 && (is_day(clock) || is_monotonic(clock))) {
        int64_t origin = is_day(clock) ? since : 0;
        int64_t passed =
            (time->tv_sec - origin) * INT64_C(1000000000) + time->tv_nsec;
        __int128 fast = (__int128) passed * factor;
        time->tv_sec = origin + (int64_t) (fast / 1000000000);
        time->tv_nsec = (long) (fast % 1000000000);
    }
    return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    struct timespec now;

    (void) zone;
    clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *to) {
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (to != NULL) {
        *to = now.tv_sec;
    }
    return now.tv_sec;
}

int epoll_wait(int fd, struct epoll_event *events, int most, int timeout) {
    int real = timeout > 0 ? (int) ((timeout + factor - 1) / factor) : timeout;

    return REAL(epoll_wait)(fd, events, most, real);
}
