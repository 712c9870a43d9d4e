/* A library for LD_PRELOAD that sets the wall clock, and not the monotonic clock, to CLOCK_SECONDS since 1970.
   With CLOCK_STEP, it goes back by so many seconds each time it is read. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static atomic_long reads;

static long number(const char *name) {
    const char *text = getenv(name);
    return text ? atol(text) : 0;
}

static time_t now(void) {
    return number("CLOCK_SECONDS") - number("CLOCK_STEP") * atomic_fetch_add(&reads, 1);
}

int clock_gettime(clockid_t clock, struct timespec *given) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(clock, given);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) given->tv_sec = now();
    return failed;
}

int gettimeofday(struct timeval *restrict given, void *restrict zone) {
    struct timespec exact;
    if (clock_gettime(CLOCK_REALTIME, &exact)) return -1;
    given->tv_sec = exact.tv_sec;
    given->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *given) {
    time_t seconds = now();
    if (given) *given = seconds;
    return seconds;
}
