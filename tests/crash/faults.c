/* Preloaded into a process: counts the calls that change files below a folder, and makes one of them fatal.

   The environment says what happens; see faults.py. Calls are numbered from 1 over all threads, one at a time, so that
   their order in the record is the order in which they happened. Calls of the kernel are made directly, so that the
   functions here do not depend on those that they replace. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* The numbers are those of `Op` in faults.py. */
enum { WRITE = 1, CREATE, TRUNCATE, SYNC, RENAME, LINK, UNLINK, MKDIR, RMDIR, ATTRIBUTES };
enum { NOTHING, BEFORE, HALF, AFTER, FAIL_ONCE, FAIL_ON };

static char folder[PATH_MAX];
static size_t folder_length;
static long fatal_number, number;
static int kind, failure, has_failed, log_fd = -1, with_data;
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

static long number_of(const char *name) {
    const char *text = getenv(name);
    return text ? atol(text) : 0;
}

/* Read the environment; called when the library is loaded, and in a child that was forked. */
__attribute__((constructor)) void faults_configure(void) {
    const char *path = getenv("FAULTS_FOLDER");
    snprintf(folder, sizeof folder, "%s", path ? path : "");
    folder_length = strlen(folder);
    kind = (int)number_of("FAULTS_KIND");
    failure = (int)number_of("FAULTS_ERRNO");
    with_data = (int)number_of("FAULTS_DATA");
    fatal_number = number_of("FAULTS_NUMBER");
    number = has_failed = 0;
    const char *record = getenv("FAULTS_LOG");
    if (record && folder_length) {
        int opened = (int)syscall(SYS_openat, AT_FDCWD, record, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        log_fd = fcntl(opened, F_DUPFD_CLOEXEC, 900);
        syscall(SYS_close, opened);
    }
}

static int is_below(const char *path) {
    return folder_length && strncmp(path, folder, folder_length) == 0 &&
           (path[folder_length] == '/' || path[folder_length] == 0);
}

/* The absolute path of an open file, or of a name in an open folder. */
static void path_of(int fd, const char *name, char *path) {
    path[0] = 0;
    if (!folder_length) return;
    size_t length = 0;
    if (!name || name[0] != '/') {
        char link[64];
        if (fd == AT_FDCWD) snprintf(link, sizeof link, "/proc/self/cwd");
        else snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t found = readlink(link, path, PATH_MAX - 1);
        length = found < 0 ? 0 : (size_t)found;
        path[length] = 0;
    }
    if (name) snprintf(path + length, PATH_MAX - length, "%s%s", length ? "/" : "", name);
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* Begin a call: return what shall happen to it. */
static int enter(int needs_space) {
    pthread_mutex_lock(&one_at_a_time);
    number++;
    if (kind >= FAIL_ONCE) {
        int fails = number >= fatal_number && (needs_space || failure == EIO) && !(kind == FAIL_ONCE && has_failed);
        has_failed |= fails;
        return fails ? FAIL_ONCE : NOTHING;
    }
    if (kind == NOTHING || number != fatal_number) return NOTHING;
    if (kind == BEFORE) die();
    return kind;
}

static void record(int op, const char *path, const char *other, int64_t inode, int64_t offset, int64_t size,
                   const struct iovec *data, int count) {
    if (log_fd < 0) return;
    int64_t bytes = 0;
    for (int i = 0; with_data && i < count; i++) bytes += (int64_t)data[i].iov_len;
    if (bytes > size) bytes = size;
    int64_t head[8] = {number, op, inode, offset, size, (int64_t)strlen(path), other ? (int64_t)strlen(other) : 0,
                       bytes};
    struct iovec parts[3] = {{head, sizeof head}, {(void *)path, strlen(path)}, {(void *)other, (size_t)head[6]}};
    syscall(SYS_writev, log_fd, parts, 3);
    for (int i = 0; i < count && bytes > 0; i++) {
        size_t some = data[i].iov_len < (size_t)bytes ? data[i].iov_len : (size_t)bytes;
        for (size_t done = 0; done < some;) {
            long written = syscall(SYS_write, log_fd, (char *)data[i].iov_base + done, some - done);
            if (written <= 0) abort();
            done += (size_t)written;
        }
        bytes -= (int64_t)some;
    }
}

static void leave(int fate) {
    int kept = errno;
    if (fate == HALF || fate == AFTER) die();
    pthread_mutex_unlock(&one_at_a_time);
    errno = kept;
}

static long fail(void) {
    pthread_mutex_unlock(&one_at_a_time);
    errno = failure;
    return -1;
}

static int64_t inode_of(int fd) {
    struct stat state;
    return fstat(fd, &state) ? 0 : (int64_t)state.st_ino;
}

/* Writes. `offset` is -1 where the file has a position. */
static ssize_t written(int fd, const struct iovec *data, int count, int64_t offset) {
    char path[PATH_MAX];
    path_of(fd, NULL, path);
    if (!is_below(path)) {
        return offset < 0 ? syscall(SYS_writev, fd, data, count) : syscall(SYS_pwritev, fd, data, count, offset, 0L);
    }
    int fate = enter(1);
    if (fate == FAIL_ONCE) return fail();
    struct iovec half = {data[0].iov_base, data[0].iov_len / 2};
    if (fate == HALF) data = &half, count = 1;
    long done = offset < 0 ? syscall(SYS_writev, fd, data, count) : syscall(SYS_pwritev, fd, data, count, offset, 0L);
    int kept = errno;
    if (done > 0) {
        int64_t place = offset < 0 ? lseek(fd, 0, SEEK_CUR) - done : offset;
        record(WRITE, path, NULL, inode_of(fd), place, done, data, count);
    }
    errno = kept;
    leave(fate);
    return done;
}

ssize_t write(int fd, const void *data, size_t size) {
    struct iovec one = {(void *)data, size};
    return written(fd, &one, 1, -1);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
    struct iovec one = {(void *)data, size};
    return written(fd, &one, 1, offset);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset) { return pwrite(fd, data, size, offset); }
ssize_t writev(int fd, const struct iovec *data, int count) { return written(fd, data, count, -1); }
ssize_t pwritev(int fd, const struct iovec *data, int count, off_t offset) { return written(fd, data, count, offset); }
ssize_t pwritev64(int fd, const struct iovec *data, int count, off_t offset) {
    return written(fd, data, count, offset);
}

/* Copies from file to file: what was copied is read again for the record. */
static ssize_t copied(int to, size_t size, int from, off_t *offset, int is_sendfile) {
    char path[PATH_MAX], name[64];
    path_of(to, NULL, path);
    int is_ours = is_below(path);
    int fate = is_ours ? enter(1) : NOTHING;
    if (fate == FAIL_ONCE) return fail();
    if (fate == HALF) size = size < (1 << 22) ? size / 4096 / 2 * 4096 : 1 << 20;
    long done = is_sendfile ? syscall(SYS_sendfile, to, from, offset, size)
                            : syscall(SYS_copy_file_range, from, offset, to, NULL, size, 0);
    if (!is_ours) return done;
    int kept = errno;
    if (done > 0) {
        struct iovec data = {malloc((size_t)done), (size_t)done};
        snprintf(name, sizeof name, "/proc/self/fd/%d", to);
        int again = (int)syscall(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC);
        int64_t place = lseek(to, 0, SEEK_CUR) - done;
        for (long got = 0; got < done;) {
            long some = syscall(SYS_pread64, again, (char *)data.iov_base + got, done - got, place + got);
            if (some <= 0) abort();
            got += some;
        }
        syscall(SYS_close, again);
        record(WRITE, path, NULL, inode_of(to), place, done, &data, 1);
        free(data.iov_base);
    }
    errno = kept;
    leave(fate);
    return done;
}

ssize_t sendfile(int to, int from, off_t *offset, size_t size) { return copied(to, size, from, offset, 1); }
ssize_t sendfile64(int to, int from, off_t *offset, size_t size) { return copied(to, size, from, offset, 1); }
ssize_t copy_file_range(int from, off_t *start, int to, off_t *place, size_t size, unsigned flags) {
    (void)flags;
    if (place) { errno = EXDEV; return -1; } /* callers fall back to another way */
    return copied(to, size, from, start, 0);
}

/* Opening, which may create a file or remove its contents. */
static int opened(int at, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    path_of(at, name, path);
    struct stat state;
    int op = 0;
    if (is_below(path) && (flags & (O_CREAT | O_TRUNC))) {
        int is_there = fstatat(at, name, &state, 0) == 0;
        if (!is_there && (flags & O_CREAT)) op = CREATE;
        else if (is_there && (flags & O_TRUNC) && state.st_size > 0) op = TRUNCATE;
    }
    int fate = op ? enter(op == CREATE) : NOTHING;
    if (fate == FAIL_ONCE) return (int)fail();
    int fd = (int)syscall(SYS_openat, at, name, flags, mode);
    if (op) {
        int kept = errno;
        if (fd >= 0) record(op, path, NULL, inode_of(fd), 0, 0, NULL, 0);
        errno = kept;
        leave(fate);
    }
    return fd;
}

#define MODE_OF(flags) \
    mode_t mode = 0; \
    if (flags & (O_CREAT | __O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }

int open(const char *name, int flags, ...) { MODE_OF(flags) return opened(AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE_OF(flags) return opened(AT_FDCWD, name, flags, mode); }
int openat(int at, const char *name, int flags, ...) { MODE_OF(flags) return opened(at, name, flags, mode); }
int openat64(int at, const char *name, int flags, ...) { MODE_OF(flags) return opened(at, name, flags, mode); }
int creat(const char *name, mode_t mode) { return opened(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *name, mode_t mode) { return creat(name, mode); }

/* Calls on an open file. */
#define ON_FILE(op, needs_space, offset, size, call) \
    char path[PATH_MAX]; \
    path_of(fd, NULL, path); \
    if (!is_below(path)) return (int)(call); \
    int fate = enter(needs_space); \
    if (fate == FAIL_ONCE) return (int)fail(); \
    int done = (int)(call), kept = errno; \
    if (done == 0) record(op, path, NULL, inode_of(fd), offset, size, NULL, 0); \
    errno = kept; \
    leave(fate); \
    return done;

int ftruncate(int fd, off_t size) { ON_FILE(TRUNCATE, 0, size, 0, syscall(SYS_ftruncate, fd, size)) }
int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }
int fsync(int fd) { ON_FILE(SYNC, 1, 0, 0, syscall(SYS_fsync, fd)) }
int fdatasync(int fd) { ON_FILE(SYNC, 1, 0, 0, syscall(SYS_fdatasync, fd)) }
int futimens(int fd, const struct timespec times[2]) {
    ON_FILE(ATTRIBUTES, 0, 0, 0, syscall(SYS_utimensat, fd, NULL, times, 0))
}
int fchmod(int fd, mode_t mode) { ON_FILE(ATTRIBUTES, 0, 0, 0, syscall(SYS_fchmod, fd, mode)) }
int fallocate(int fd, int how, off_t offset, off_t size) {
    ON_FILE(ATTRIBUTES, 1, 0, 0, syscall(SYS_fallocate, fd, how, offset, size))
}
int fallocate64(int fd, int how, off_t offset, off_t size) { return fallocate(fd, how, offset, size); }
int posix_fallocate(int fd, off_t offset, off_t size) { return fallocate(fd, 0, offset, size) ? errno : 0; }
int posix_fallocate64(int fd, off_t offset, off_t size) { return posix_fallocate(fd, offset, size); }

/* Calls on names. */
static int named(int op, int needs_space, int at, const char *name, int to, const char *other, int flags, mode_t mode) {
    char path[PATH_MAX], second[PATH_MAX] = "";
    path_of(at, name, path);
    if (other) path_of(to, other, second);
    int is_ours = is_below(path) || is_below(second);
    int fate = is_ours ? enter(needs_space) : NOTHING;
    if (fate == FAIL_ONCE) return (int)fail();
    long done = -1;
    switch (op) {
        case RENAME: done = syscall(SYS_renameat2, at, name, to, other, flags); break;
        case LINK: done = syscall(SYS_linkat, at, name, to, other, flags); break;
        case UNLINK: done = syscall(SYS_unlinkat, at, name, 0); break;
        case RMDIR: done = syscall(SYS_unlinkat, at, name, AT_REMOVEDIR); break;
        case MKDIR: done = syscall(SYS_mkdirat, at, name, mode); break;
    }
    if (!is_ours) return (int)done;
    int kept = errno;
    if (done == 0) record(op, path, other ? second : NULL, 0, 0, 0, NULL, 0);
    errno = kept;
    leave(fate);
    return (int)done;
}

int rename(const char *a, const char *b) { return named(RENAME, 1, AT_FDCWD, a, AT_FDCWD, b, 0, 0); }
int renameat(int at, const char *a, int to, const char *b) { return named(RENAME, 1, at, a, to, b, 0, 0); }
int renameat2(int at, const char *a, int to, const char *b, unsigned flags) {
    return named(RENAME, 1, at, a, to, b, (int)flags, 0);
}
int link(const char *a, const char *b) { return named(LINK, 1, AT_FDCWD, a, AT_FDCWD, b, 0, 0); }
int linkat(int at, const char *a, int to, const char *b, int flags) { return named(LINK, 1, at, a, to, b, flags, 0); }
int unlink(const char *a) { return named(UNLINK, 0, AT_FDCWD, a, 0, NULL, 0, 0); }
int remove(const char *a) {
    struct stat state;
    int is_folder = fstatat(AT_FDCWD, a, &state, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(state.st_mode);
    return named(is_folder ? RMDIR : UNLINK, 0, AT_FDCWD, a, 0, NULL, 0, 0);
}
int unlinkat(int at, const char *a, int flags) {
    return named(flags & AT_REMOVEDIR ? RMDIR : UNLINK, 0, at, a, 0, NULL, 0, 0);
}
int rmdir(const char *a) { return named(RMDIR, 0, AT_FDCWD, a, 0, NULL, 0, 0); }
int mkdir(const char *a, mode_t mode) { return named(MKDIR, 1, AT_FDCWD, a, 0, NULL, 0, mode); }
int mkdirat(int at, const char *a, mode_t mode) { return named(MKDIR, 1, at, a, 0, NULL, 0, mode); }
int utimensat(int at, const char *name, const struct timespec times[2], int flags) {
    return (int)syscall(SYS_utimensat, at, name, times, flags);
}
