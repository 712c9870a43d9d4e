/* A library for LD_PRELOAD under which files cannot be locked, as on some network drives. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>

static int lock_or(const char *name, int file, int command, void *argument) {
    if (command == F_SETLK || command == F_SETLKW) {
        errno = atoi(getenv("ERRNO_OF_LOCKS"));
        return -1;
    }
    int (*real)(int, int, ...) = dlsym(RTLD_NEXT, name);
    return real(file, command, argument);
}

#define WRAP(name)                              \
    int name(int file, int command, ...) {      \
        va_list arguments;                      \
        va_start(arguments, command);           \
        void *argument = va_arg(arguments, void *); \
        va_end(arguments);                      \
        return lock_or(#name, file, command, argument); \
    }

WRAP(fcntl)
WRAP(fcntl64)

int flock(int file, int operation) {
    errno = atoi(getenv("ERRNO_OF_LOCKS"));
    return -1;
}
