/* Fault injector for run.py, loaded with LD_PRELOAD (glibc).
 *
 * FAULT_KIND=alloc|read|write|open   which calls
 * FAULT_AT=N                         the N-th of them fails
 * FAULT_STICKY=1                     and every later one too
 * FAULT_SHAPE=0|1|2                  an error, EINTR, one byte (read and write)
 *
 * Exit status 99 says that call N was never reached, so that a sweep knows where to stop. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum kind { NONE, ALLOC, READ, WRITE, OPEN };
enum shape { ERROR, INTERRUPTED, SHORT };

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);

static enum kind kind;
static enum shape shape;
static int sticky;
static unsigned long at, seen;

static unsigned long number(const char *name)
{
    const char *text = getenv(name);
    return text ? strtoul(text, NULL, 10) : 0;
}

__attribute__((constructor)) static void start(void)
{
    static const char *const names[] = {"", "alloc", "read", "write", "open"};
    const char *wanted = getenv("FAULT_KIND");

    at = number("FAULT_AT");
    sticky = number("FAULT_STICKY") == 1;
    shape = (enum shape)number("FAULT_SHAPE");
    for (int i = ALLOC; wanted && at && i <= OPEN; i++) {
        if (strcmp(wanted, names[i]) == 0) {
            kind = (enum kind)i;
        }
    }
}

__attribute__((destructor)) static void stop(void)
{
    if (kind != NONE && seen < at) {
        kind = NONE;
        fflush(NULL);
        _exit(99);
    }
}

static int hit(enum kind k)
{
    if (kind != k) {
        return 0;
    }
    seen++;
    return sticky ? seen >= at : seen == at;
}

/* What a read or write that is hit comes to; *n is cut for a short one. True: fail with errno. */
static int fails(enum kind k, size_t *n, int error)
{
    if (!hit(k)) {
        return 0;
    }
    if (shape == SHORT && *n > 0) {
        *n = 1;
        return 0;
    }
    errno = shape == INTERRUPTED ? EINTR : error;
    return 1;
}

#define NEXT(type, name) ((type)dlsym(RTLD_NEXT, name))

void *malloc(size_t size)
{
    if (hit(ALLOC)) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    if (hit(ALLOC)) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
    if (hit(ALLOC)) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_realloc(p, size);
}

ssize_t read(int fd, void *buffer, size_t n)
{
    if (fails(READ, &n, EIO)) {
        return -1;
    }
    return NEXT(ssize_t(*)(int, void *, size_t), "read")(fd, buffer, n);
}

ssize_t pread(int fd, void *buffer, size_t n, off_t at_byte)
{
    if (fails(READ, &n, EIO)) {
        return -1;
    }
    return NEXT(ssize_t(*)(int, void *, size_t, off_t), "pread")(fd, buffer, n, at_byte);
}

ssize_t write(int fd, const void *buffer, size_t n)
{
    if (fd != 2 && fails(WRITE, &n, ENOSPC)) {
        return -1;
    }
    return NEXT(ssize_t(*)(int, const void *, size_t), "write")(fd, buffer, n);
}

/* A file is opened under several names: as its flags and the size of offsets make the compiler choose. */
#define OPEN(name) \
    int name(const char *path, int flags, ...) \
    { \
        int mode = 0; \
        if (flags & (O_CREAT | O_TMPFILE)) { \
            va_list args; \
            va_start(args, flags); \
            mode = va_arg(args, int); \
            va_end(args); \
        } \
        if (hit(OPEN)) { \
            errno = EMFILE; \
            return -1; \
        } \
        return NEXT(int (*)(const char *, int, ...), #name)(path, flags, mode); \
    }
#define OPEN_2(name) \
    int name(const char *path, int flags); \
    int name(const char *path, int flags) \
    { \
        if (hit(OPEN)) { \
            errno = EMFILE; \
            return -1; \
        } \
        return NEXT(int (*)(const char *, int), #name)(path, flags); \
    }
#define OPEN_POINTER(type, name, parameters, arguments) \
    type *name parameters \
    { \
        if (hit(OPEN)) { \
            errno = EMFILE; \
            return NULL; \
        } \
        return NEXT(type *(*) parameters, #name) arguments; \
    }

OPEN(open)
OPEN(open64)
OPEN_2(__open_2)
OPEN_2(__open64_2)
OPEN_POINTER(FILE, fopen, (const char *path, const char *mode), (path, mode))
OPEN_POINTER(FILE, fopen64, (const char *path, const char *mode), (path, mode))
OPEN_POINTER(DIR, opendir, (const char *path), (path))
