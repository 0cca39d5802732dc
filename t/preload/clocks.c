/*
 * The clocks of a process, as a file has them: preloaded, they are so many
 * seconds ahead as its two numbers say, of 8 bytes each: that of the day, and
 * the monotonic one. CLOCKS names the file, which may change at any time.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct clocks {
    long long of_day;
    long long monotonic;
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

int clock_gettime(clockid_t id, struct timespec *at)
{
    int result = (int)syscall(SYS_clock_gettime, id, at);

    if (result != 0 || clocks == NULL)
        return result;
    switch (id) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        at->tv_sec += clocks->of_day;
        break;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_BOOTTIME:
        at->tv_sec += clocks->monotonic;
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
