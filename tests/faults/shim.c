/* Makes the n-th change that a process asks the system for fail, for tests of what happens then.
 *
 * Loaded with LD_PRELOAD. It counts the calls below whose target lies in one directory (a descriptor is resolved through
 * /proc/self/fd), and lets the n-th one fail with an error number of choice: once, or that one and all after it, as a
 * disk that stays full. Nothing is counted before fault_arm() is called.
 *
 *     void fault_arm(const char *directory, long at, int error, int stays)
 *     long fault_count(void)         calls counted so far
 *     const char *fault_fired(void)  the first call that failed and its path, "" when none did
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char directory[PATH_MAX], fired[PATH_MAX + 64];
static atomic_int armed, error_number, remains;
static atomic_long fails_at, counted, first;

void fault_arm(const char *where, long at, int error, int stays) {
    snprintf(directory, sizeof directory, "%s", where);
    fails_at = at;
    error_number = error;
    remains = stays;
    counted = 0;
    first = 0;
    fired[0] = 0;
    armed = 1;
}

long fault_count(void) { return counted; }
const char *fault_fired(void) { return fired; }

static int inside(const char *path) {
    size_t length = strlen(directory);
    return strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == 0);
}

/* Whether this call is the one that fails. */
static int strikes(const char *call, const char *path) {
    if (!inside(path)) return 0;
    long number = ++counted;
    long none = 0;
    if (fails_at == 0 || number < fails_at || (number > fails_at && !remains)) return 0;
    if (atomic_compare_exchange_strong(&first, &none, number)) snprintf(fired, sizeof fired, "%s %s", call, path);
    errno = error_number;
    return 1;
}

static int strikes_descriptor(const char *call, int descriptor) {
    char link[64], path[PATH_MAX];
    if (!armed) return 0;
    int before = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = before;
    if (length <= 0 || path[0] != '/') return 0;
    path[length] = 0;
    return strikes(call, path);
}

static int strikes_path(const char *call, int folder, const char *path) {
    char link[64], whole[PATH_MAX];
    if (!armed) return 0;
    if (path[0] == '/') return strikes(call, path);
    int before = errno;
    snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
    ssize_t length = readlink(link, whole, sizeof whole / 2);
    errno = before;
    if (length <= 0 || strlen(path) > sizeof whole / 2 - 2) return 0;
    whole[length] = '/';
    strcpy(whole + length + 1, path);
    return strikes(call, whole);
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define ON_DESCRIPTOR(result, name, parameters, ...) \
    result name parameters { REAL(name); return strikes_descriptor(#name, out) ? -1 : real(__VA_ARGS__); }
#define ON_PATH(result, name, parameters, folder, path, ...) \
    result name parameters { REAL(name); return strikes_path(#name, folder, path) ? -1 : real(__VA_ARGS__); }

ON_DESCRIPTOR(ssize_t, write, (int out, const void *data, size_t size), out, data, size)
ON_DESCRIPTOR(ssize_t, pwrite, (int out, const void *data, size_t size, off_t at), out, data, size, at)
ON_DESCRIPTOR(ssize_t, pwrite64, (int out, const void *data, size_t size, off64_t at), out, data, size, at)
ON_DESCRIPTOR(ssize_t, writev, (int out, const struct iovec *parts, int count), out, parts, count)
ON_DESCRIPTOR(ssize_t, pwritev, (int out, const struct iovec *parts, int count, off_t at), out, parts, count, at)
ON_DESCRIPTOR(ssize_t, pwritev64, (int out, const struct iovec *parts, int count, off64_t at), out, parts, count, at)
ON_DESCRIPTOR(ssize_t, sendfile, (int out, int in, off_t *at, size_t size), out, in, at, size)
ON_DESCRIPTOR(ssize_t, sendfile64, (int out, int in, off64_t *at, size_t size), out, in, at, size)
ON_DESCRIPTOR(ssize_t, copy_file_range, (int in, off64_t *from, int out, off64_t *to, size_t size, unsigned flags),
              in, from, out, to, size, flags)
ON_DESCRIPTOR(int, fsync, (int out), out)
ON_DESCRIPTOR(int, fdatasync, (int out), out)
ON_DESCRIPTOR(int, ftruncate, (int out, off_t size), out, size)
ON_DESCRIPTOR(int, ftruncate64, (int out, off64_t size), out, size)
ON_PATH(int, rename, (const char *from, const char *to), AT_FDCWD, to, from, to)
ON_PATH(int, renameat, (int a, const char *from, int b, const char *to), b, to, a, from, b, to)
ON_PATH(int, renameat2, (int a, const char *from, int b, const char *to, unsigned flags), b, to, a, from, b, to, flags)
ON_PATH(int, link, (const char *from, const char *to), AT_FDCWD, to, from, to)
ON_PATH(int, linkat, (int a, const char *from, int b, const char *to, int flags), b, to, a, from, b, to, flags)
ON_PATH(int, mkdir, (const char *path, mode_t mode), AT_FDCWD, path, path, mode)
ON_PATH(int, mkdirat, (int folder, const char *path, mode_t mode), folder, path, folder, path, mode)

/* Opening counts only where it may create a file. */
#define OPEN(name, folder, parameters, ...) \
    int name parameters { \
        REAL(name); \
        mode_t mode = 0; \
        if (flags & (O_CREAT | O_TMPFILE)) { \
            va_list rest; \
            va_start(rest, flags); \
            mode = va_arg(rest, mode_t); \
            va_end(rest); \
        } \
        return (flags & O_CREAT) && strikes_path(#name, folder, path) ? -1 : real(__VA_ARGS__, flags, mode); \
    }

OPEN(open, AT_FDCWD, (const char *path, int flags, ...), path)
OPEN(open64, AT_FDCWD, (const char *path, int flags, ...), path)
OPEN(openat, folder, (int folder, const char *path, int flags, ...), folder, path)
OPEN(openat64, folder, (int folder, const char *path, int flags, ...), folder, path)
