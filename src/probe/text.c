#include "base/text.h"
#include "probe/files.h"

#include <string.h>

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void trim(const char **text, size_t *n)
{
    while (*n && is_space((*text)[0])) {
        ++*text;
        --*n;
    }
    while (*n && is_space((*text)[*n - 1]))
        --*n;
}

static uint32_t digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return (uint32_t)(c - '0');
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10 : 99;
}

/* Digits of a base; how many there are, 0 for none or too many. */
static size_t digits(const char *text, size_t n, uint32_t base, uint64_t *v)
{
    size_t i = 0;
    *v = 0;
    for (; i < n && digit_of(text[i]) < base; i++)
        if (__builtin_mul_overflow(*v, base, v) || __builtin_add_overflow(*v, digit_of(text[i]), v))
            return 0;
    return i;
}

bool vf_text_number(const char *text, size_t n, uint64_t *v)
{
    trim(&text, &n);
    if (n > 2 && text[0] == '0' && (text[1] | 0x20) == 'x')
        return digits(text + 2, n - 2, 16, v) == n - 2;
    return n > 0 && digits(text, n, 10, v) == n;
}

const char *vf_text_value(const char *text, const char *key, size_t *n)
{
    size_t length = strlen(key);
    for (const char *line = text; line && *line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
        if (strncmp(line, key, length) != 0)
            continue;
        const char *value = line + length;
        if (*value == ':' || *value == '=')
            value++;
        else if (!is_space(*value))
            continue;
        *n = strcspn(value, "\n");
        trim(&value, n);
        return value;
    }
    return NULL;
}

bool vf_text_bytes(const char *text, const char *key, uint64_t *v)
{
    static const struct {
        const char *name;
        uint32_t shift;
    } units[] = {{"", 0}, {"B", 0}, {"KiB", 10}, {"kB", 10}, {"MiB", 20}, {"GiB", 30}};
    size_t n, used;
    const char *value = vf_text_value(text, key, &n);
    if (!value || (used = digits(value, n, 10, v)) == 0)
        return false;
    const char *unit = value + used;
    n -= used;
    trim(&unit, &n);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strlen(units[i].name) != n || memcmp(units[i].name, unit, n) != 0)
            continue;
        if (*v > UINT64_MAX >> units[i].shift)
            return false;
        *v <<= units[i].shift;
        return true;
    }
    return false;
}

void vf_text_clean(char *out, size_t size, const char *text, size_t n)
{
    size_t used = 0;
    trim(&text, &n);
    for (size_t i = 0; i < n;) {
        uint32_t length = vf_utf8_length(text + i, n - i);
        bool plain = length > 0 && !vf_text_unsafe(vf_utf8_code(text + i, length));
        size_t bytes = plain ? length : 1;
        if (used + bytes >= size)
            break;
        if (plain)
            memcpy(out + used, text + i, length);
        else
            out[used] = '?';
        used += bytes;
        i += length ? length : 1;
    }
    out[used] = 0;
}

bool vf_text_slot(const char *text, uint32_t *domain, uint32_t *location)
{
    uint64_t part[4];
    const char *p = text;
    for (size_t i = 0; i < 4; i++) {
        size_t n = digits(p, strcspn(p, ":."), 16, &part[i]);
        if (n == 0 || p[n] != "::."[i] || part[i] > 0xFFFFFF)
            return false;
        p += n + 1;
    }
    if (part[1] > 0xFF || part[2] > 0x1F || part[3] > 7)
        return false;
    *domain = (uint32_t)part[0];
    *location = (uint32_t)(part[1] << 8 | part[2] << 3 | part[3]);
    return true;
}

bool vf_text_amd_name(const char *table, uint32_t device, uint32_t revision, char *out, size_t size)
{
    const uint32_t want[] = {device, revision};
    for (const char *line = table; line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
        const char *p = line;
        size_t i = 0;
        for (; i < 2; i++) {
            uint64_t v;
            p += strspn(p, " \t");
            size_t n = digits(p, strcspn(p, ",\n"), 16, &v);
            if (n == 0 || p[n] != ',' || v != want[i])
                break;
            p += n + 1;
        }
        if (i < 2)
            continue;
        vf_text_clean(out, size, p, strcspn(p, "\n"));
        return true;
    }
    return false;
}
