/*
 * The clocks of a process, as a file has them: preloaded, they are so many
 * seconds ahead as its first two numbers say, of 8 bytes each: that of the day,
 * and the monotonic one. CLOCKS names the file, which may change at any time.
 *
 * The third number is how many times as fast they go: those of all processes
 * agree, and are right at the time of the fourth one, in seconds since 1970.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct clocks {
    long long of_day;
    long long monotonic;
    long long speed;
    long long since;
};

static const volatile struct clocks *clocks;

__attribute__((constructor)) static void map_clocks(void)
{
    const char *name = getenv("CLOCKS");
    int fd = name != NULL ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    void *map;

    if (fd == -1)
        return;
    map = mmap(NULL, sizeof(*clocks), PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED)
        clocks = map;
}

static void set(struct timespec *at, long long since, long long ahead)
{
    const long long second = 1000000000;
    __int128 passed = (__int128)(at->tv_sec - since) * second + at->tv_nsec;

    passed *= clocks->speed;
    at->tv_sec = since + (time_t)(passed / second) + ahead;
    at->tv_nsec = (long)(passed % second);
}

int clock_gettime(clockid_t id, struct timespec *at)
{
    int result = (int)syscall(SYS_clock_gettime, id, at);

    if (result != 0 || clocks == NULL)
        return result;
    switch (id) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        set(at, clocks->since, clocks->of_day);
        break;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_BOOTTIME:
        set(at, 0, clocks->monotonic);
        break;
    }
    return result;
}

int gettimeofday(struct timeval *at, void *zone)
{
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (at != NULL)
        *at = now.tv_sec;
    return now.tv_sec;
}

int epoll_wait(int fd, struct epoll_event *events, int most, int timeout)
{
    __typeof__(&epoll_wait) real =
        (__typeof__(&epoll_wait))dlsym(RTLD_NEXT, "epoll_wait");
    int speed = clocks != NULL ? (int)clocks->speed : 1;

    if (timeout > 0)
        timeout = (timeout - 1) / speed + 1;
    return real(fd, events, most, timeout);
}
