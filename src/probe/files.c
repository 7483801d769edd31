#define _POSIX_C_SOURCE 200809L
#include "probe/files.h"

#if !defined(_WIN32)

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENTRIES 8192

bool vf_path(char out[VF_PATH_SIZE], const char *root, const char *format, ...)
{
    va_list ap;
    int n = snprintf(out, VF_PATH_SIZE, "%s", root);
    if (n < 0 || n >= VF_PATH_SIZE)
        return false;
    va_start(ap, format);
    int more = vsnprintf(out + n, (size_t)(VF_PATH_SIZE - n), format, ap);
    va_end(ap);
    return more >= 0 && more < VF_PATH_SIZE - n;
}

size_t vf_file_text(const char *path, char *out, size_t size)
{
    struct stat st;
    size_t n = 0;
    /* Nothing in a tree that is not the kernel's may make us wait. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        ssize_t got;
        while (n + 1 < size && (got = read(fd, out + n, size - 1 - n)) > 0)
            n += (size_t)got;
    }
    if (fd >= 0)
        (void)close(fd);
    for (size_t i = 0; i < n; i++)
        if (out[i] == 0)
            out[i] = '?';
    out[n] = 0;
    return n;
}

bool vf_file_number(const char *path, uint64_t *v)
{
    char text[64];
    size_t n = vf_file_text(path, text, sizeof text);
    return n < sizeof text - 1 && vf_text_number(text, n, v);
}

bool vf_file_is(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

void vf_folder_numbers(const char *path, const char *prefix, uint32_t limit, void (*fn)(void *, uint32_t), void *ctx)
{
    uint32_t number[ENTRIES], n = 0;
    size_t length = strlen(prefix);
    DIR *folder = opendir(path);
    if (!folder)
        return;
    for (struct dirent *entry; n < ENTRIES && (entry = readdir(folder));) {
        const char *digits = entry->d_name + length;
        uint64_t v;
        if (strncmp(entry->d_name, prefix, length) == 0 && digits[strspn(digits, "0123456789")] == 0 &&
            vf_text_number(digits, strlen(digits), &v) && v < limit)
            number[n++] = (uint32_t)v;
    }
    (void)closedir(folder);
    qsort(number, n, sizeof number[0], by_number);
    for (uint32_t i = 0; i < n; i++)
        fn(ctx, number[i]);
}

#endif
