/* Sizes as people write them. The parser is our own: strtod and strtoull take signs, hex, "inf" and
 * the locale's decimal point, and wrap. */
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/text.h"

typedef struct unit {
    const char *name;  /**< lower case */
    uint32_t shift;    /**< binary: 2^shift bytes */
    uint64_t decimal;  /**< bytes where the unit is decimal outside a card's label; 0: always binary */
} unit;

#define KB UINT64_C(1000)
static const unit units[] = {
    {"b", 0, 0},
    {"k", 10, 0}, {"kb", 10, KB}, {"kib", 10, 0},
    {"m", 20, 0}, {"mb", 20, KB * KB}, {"mib", 20, 0},
    {"g", 30, 0}, {"gb", 30, KB * KB * KB}, {"gib", 30, 0},
    {"t", 40, 0}, {"tb", 40, KB * KB * KB * KB}, {"tib", 40, 0},
};

#define MAX_DECIMALS 9
#define DECIMAL_SCALE UINT64_C(1000000000)

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static const unit *find_unit(const char *text)
{
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        const char *a = units[i].name, *b = text;
        while (*a && (*b == *a || (*b >= 'A' && *b <= 'Z' && *b - 'A' + 'a' == *a))) {
            a++;
            b++;
        }
        if (!*a && !*b)
            return &units[i];
    }
    return NULL;
}

/** The part of a size without its grouping or decimal commas, as a hint what to write instead: one
 * comma that is not before three digits is a decimal point. False: no size comes out of it. */
static bool without_commas(const char *text, char out[32])
{
    size_t n = strlen(text), used = 0, commas = 0, last = 0;
    if (n >= 32 || !is_digit(text[0]))
        return false;
    for (size_t i = 0; i < n; i++)
        if (text[i] == ',') {
            commas++;
            last = i;
        }
    size_t behind = 0;
    while (is_digit(text[last + 1 + behind]))
        behind++;
    for (size_t i = 0; i < n; i++) {
        if (text[i] == ',' && commas == 1 && behind != 3 && behind > 0 && !strchr(text, '.'))
            out[used++] = '.';
        else if (text[i] != ',' && text[i] != '\'' && text[i] != '_')
            out[used++] = text[i];
    }
    out[used] = 0;
    for (size_t i = 0; i < used; i++)
        if (!is_digit(out[i]) && out[i] != '.')
            return find_unit(out + i) != NULL;
    return false;
}

/** The error of a text that is no size, with the likeliest reason. */
static vf_status not_a_size(const char *text, vf_error *err)
{
    char quoted[VF_QUOTE_SIZE], fixed[32];
    VF_QUOTE(quoted, text);
    if (text[0] == 0)
        return vf_fail(err, VF_ERR_USAGE, "empty (expected a size such as 24GB)");
    if (text[0] == '-' && (is_digit(text[1]) || text[1] == '.'))
        return vf_fail(err, VF_ERR_USAGE, "%s is not a size (a size cannot be negative)", quoted);
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        return vf_fail(err, VF_ERR_USAGE, "%s is not a size (write decimal digits, hex is not accepted)",
                       quoted);
    if (strchr(text, ',') && without_commas(text, fixed))
        return vf_fail(err, VF_ERR_USAGE, "%s is not a size (write %s; a decimal comma is not accepted)", quoted,
                       fixed);
    if ((strchr(text, '\'') || strchr(text, '_')) && without_commas(text, fixed))
        return vf_fail(err, VF_ERR_USAGE, "%s is not a size (write %s, without grouping the digits)", quoted,
                       fixed);
    return vf_fail(err, VF_ERR_USAGE, "%s is not a size (write digits and a unit, such as 24GB or 1.5GiB)", quoted);
}

/** Reads digits; the value saturates at VF_OVERFLOW. */
static const char *read_whole(const char *p, uint64_t *value)
{
    *value = 0;
    for (; is_digit(*p); p++)
        *value = vf_add(vf_mul(*value, 10), (uint64_t)(*p - '0'));
    return p;
}

/** A bare number: 24 is meant as gigabytes, 25769803776 as bytes. */
static vf_status no_unit(const char *text, size_t digits, uint64_t value, vf_error *err)
{
    char quoted[VF_QUOTE_SIZE];
    VF_QUOTE(quoted, text);
    if (digits > 20)
        return vf_fail(err, VF_ERR_USAGE, "%s is not a size: it has no unit, and is out of range", quoted);
    return vf_fail(err, VF_ERR_USAGE, "%s is not a size: it has no unit (write %.*s%s)", quoted, (int)digits, text,
                   value < 1000000 ? "GB" : "B");
}

static vf_status unknown_unit(const char *text, const char *name, vf_error *err)
{
    char quoted[VF_QUOTE_SIZE], found[VF_QUOTE_SIZE];
    return vf_fail(err, VF_ERR_USAGE, "%s is not a size: unknown unit %s (use B, KB, KiB, MB, MiB, GB, GiB, TB, TiB)",
                   VF_QUOTE(quoted, text), VF_QUOTE(found, name));
}

vf_status vf_parse_size(const char *text, bool card, uint64_t *bytes, vf_error *err)
{
    char quoted[VF_QUOTE_SIZE];
    uint64_t whole, fraction = 0;
    if (!is_digit(text[0]))
        return not_a_size(text, err);
    const char *p = read_whole(text, &whole);
    if (*p == '.') {
        const char *first = ++p;
        p = read_whole(p, &fraction);
        if (p == first)
            return not_a_size(text, err);
        if (p - first > MAX_DECIMALS)
            return vf_fail(err, VF_ERR_USAGE, "%s is not a size: more than %d decimals", VF_QUOTE(quoted, text),
                           MAX_DECIMALS);
        for (ptrdiff_t i = p - first; i < MAX_DECIMALS; i++)
            fraction *= 10;
    }
    const char *end = p;
    while (*p == ' ')
        p++;
    const unit *u = find_unit(p);
    if (*p == 0)
        return no_unit(text, (size_t)(end - text), whole, err);
    if (!u && is_letter(*p) && *p != 'x' && *p != 'X')
        return unknown_unit(text, p, err);
    if (!u)
        return not_a_size(text, err);
    uint64_t scale = !card && u->decimal ? u->decimal : UINT64_C(1) << u->shift;
    /* floor(fraction × scale ÷ 10^9) without a product beyond 64 bits: both factors of the second
     * term are below 10^9 */
    uint64_t part = vf_add(vf_mul(fraction, scale / DECIMAL_SCALE), fraction * (scale % DECIMAL_SCALE) / DECIMAL_SCALE);
    uint64_t total = vf_add(vf_mul(whole, scale), part);
    if (!vf_size_ok(total))
        return vf_fail(err, VF_ERR_RANGE, "size %s is out of range (at most 1048576TiB)",
                       VF_QUOTE(quoted, text));
    if (total == 0)
        return vf_fail(err, VF_ERR_USAGE, "%s is not a size: it comes to zero bytes", VF_QUOTE(quoted, text));
    *bytes = total;
    return VF_OK;
}
