/* Small files of the kernel. Everything in them is foreign: numbers are checked, texts cut. */
#define _DEFAULT_SOURCE
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "probe/probe.h"

#define PATH_ROOM 1024
#define DRM_CARDS 64

static bool read_path(const vf_probe_options *o, char *out, size_t size, const char *format, va_list ap)
{
    char path[PATH_ROOM];
    int n = snprintf(path, sizeof path, "%s", o->root ? o->root : "");
    size_t got;
    FILE *f;
    if (n < 0 || (size_t)n >= sizeof path)
        return false;
    int m = vsnprintf(path + n, sizeof path - (size_t)n, format, ap);
    if (m < 0 || (size_t)m >= sizeof path - (size_t)n)
        return false;
    f = fopen(path, "r");
    if (!f)
        return false;
    got = fread(out, 1, size, f);
    bool good = !ferror(f) && got > 0 && got < size; /* as large as the room: not what was expected */
    (void)fclose(f);
    if (!good)
        return false;
    while (got > 0 && (out[got - 1] == '\n' || out[got - 1] == ' ' || out[got - 1] == '\t'))
        got--;
    out[got] = 0;
    return got > 0 && !memchr(out, 0, got);
}

bool vf_probe_read(const vf_probe_options *o, char *out, size_t size, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    bool good = read_path(o, out, size, format, ap);
    va_end(ap);
    if (!good && size)
        out[0] = 0;
    return good;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 32);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

bool vf_probe_digits(const char *text, size_t n, bool hex, uint64_t *out)
{
    uint64_t v = 0;
    int base = hex ? 16 : 10;
    if (n == 0 || n > (hex ? 15u : 18u))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (digit(text[i]) >= base)
            return false;
        v = v * (uint64_t)base + (uint64_t)digit(text[i]);
    }
    *out = v;
    return true;
}

bool vf_probe_number(const vf_probe_options *o, uint64_t *out, const char *format, ...)
{
    char text[64];
    va_list ap;
    va_start(ap, format);
    bool good = read_path(o, text, sizeof text, format, ap), hex;
    va_end(ap);
    hex = good && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    return good && vf_probe_digits(text + (hex ? 2 : 0), strlen(text) - (hex ? 2 : 0), hex, out);
}

bool vf_probe_line(const vf_probe_options *o, char *out, size_t size, const char *key, const char *path)
{
    enum { LINES = 10000 };
    char full[PATH_ROOM], line[512];
    size_t n = strlen(key);
    bool found = false;
    if ((size_t)snprintf(full, sizeof full, "%s%s", o->root ? o->root : "", path) >= sizeof full)
        return false;
    FILE *f = fopen(full, "r");
    for (int i = 0; f && !found && i < LINES && fgets(line, sizeof line, f); i++) {
        if (strncmp(line, key, n) != 0)
            continue;
        line[strcspn(line, "\r\n")] = 0;
        (void)snprintf(out, size, "%.*s", (int)size - 1, line + n);
        found = out[0] != 0;
    }
    if (f)
        (void)fclose(f);
    return found;
}

/* "card12", and nothing behind it: "card0-DP-1" is a connector. */
static bool card_number(const char *name, uint32_t *out)
{
    size_t n = strlen(name);
    uint64_t number;
    if (n < 5 || n > 7 || strncmp(name, "card", 4) != 0 || !vf_probe_digits(name + 4, n - 4, false, &number))
        return false;
    *out = (uint32_t)number;
    return true;
}

bool vf_probe_drm(const vf_probe_options *o, uint32_t i, char out[16])
{
    char path[PATH_ROOM];
    uint32_t number[DRM_CARDS], n = 0, next;
    (void)snprintf(path, sizeof path, "%s/sys/class/drm", o->root ? o->root : "");
    DIR *d = opendir(path);
    if (!d)
        return false;
    for (const struct dirent *e; n < DRM_CARDS && (e = readdir(d));) {
        uint32_t at = n;
        if (!card_number(e->d_name, &next))
            continue;
        for (; at > 0 && number[at - 1] > next; at--)
            number[at] = number[at - 1];
        number[at] = next;
        n++;
    }
    (void)closedir(d);
    if (i >= n)
        return false;
    (void)snprintf(out, 16, "card%u", number[i]);
    return true;
}
