#include <string.h>

#include "model/model.h"

typedef struct role_name {
    const char *name;
    uint8_t length;
    bool in_block;
} role_name;

#define IN_BLOCK_I false
#define IN_BLOCK_G false
#define IN_BLOCK_O false
#define IN_BLOCK_R true

/* Row i is role i: the list is in byte order of the names (a test checks it). */
static const role_name roles[VF_ROLE_COUNT] = {
    {"", 0, false},
#define X(id, name, class) {name, sizeof name - 1, IN_BLOCK_##class},
    VF_ROLES(X)
#undef X
};

static const char *const stacks[] = {
    [VF_STACK_BLK] = "blk.", [VF_STACK_ENC] = "enc.blk.", [VF_STACK_DEC] = "dec.blk."};

static const char *const parts[] = {
    [VF_PART_WEIGHT] = ".weight", [VF_PART_BIAS] = ".bias", [VF_PART_BARE] = "", [VF_PART_SCALE] = ".scale"};

#define MAX_LAYER_DIGITS 9

typedef struct writer {
    char *at, *end;
} writer;

static void put(writer *w, const char *text, size_t n)
{
    if (n > (size_t)(w->end - w->at))
        n = (size_t)(w->end - w->at);
    memcpy(w->at, text, n);
    w->at += n;
}

static void put_number(writer *w, uint32_t value)
{
    char digits[10];
    size_t n = sizeof digits;
    do {
        digits[--n] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    put(w, digits + n, sizeof digits - n);
}

char *vf_tensor_name(const vf_model *m, const vf_tensor *t, char *out, size_t size)
{
    if (size == 0)
        return out;
    writer w = {out, out + size - 1};
    if (t->role == VF_ROLE_UNKNOWN) {
        if (t->name < m->n_names)
            put(&w, m->names + t->name, strlen(m->names + t->name));
    } else {
        if (t->layer >= 0) {
            put(&w, stacks[t->stack], strlen(stacks[t->stack]));
            put_number(&w, (uint32_t)t->layer);
            put(&w, ".", 1);
        }
        put(&w, roles[t->role].name, roles[t->role].length);
        put(&w, parts[t->part], strlen(parts[t->part]));
    }
    *w.at = 0;
    return out;
}

/* "blk.<digits>." at the start: its length, or 0. */
static size_t parse_layer(const char *name, size_t n, vf_tensor *out)
{
    for (uint16_t s = 0; s < sizeof stacks / sizeof stacks[0]; s++) {
        size_t i = strlen(stacks[s]), start = i;
        if (n <= i || memcmp(name, stacks[s], i) != 0)
            continue;
        int32_t layer = 0;
        while (i < n && i - start < MAX_LAYER_DIGITS && name[i] >= '0' && name[i] <= '9')
            layer = layer * 10 + (name[i++] - '0');
        if (i == start || i >= n || name[i] != '.' || (name[start] == '0' && i - start > 1))
            return 0;
        out->stack = s;
        out->layer = layer;
        return i + 1;
    }
    return 0;
}

static size_t parse_part(const char *name, size_t n, vf_tensor *out)
{
    for (uint8_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
        size_t k = strlen(parts[p]);
        if (k > 0 && n > k && memcmp(name + n - k, parts[p], k) == 0) {
            out->part = p;
            return n - k;
        }
    }
    out->part = VF_PART_BARE;
    return n;
}

static uint16_t find_role(const char *base, size_t n)
{
    uint16_t lo = 1, hi = VF_ROLE_COUNT;
    while (lo < hi) {
        uint16_t mid = (uint16_t)((lo + hi) / 2);
        size_t k = roles[mid].length < n ? roles[mid].length : n;
        int order = memcmp(base, roles[mid].name, k);
        if (order == 0)
            order = (n > roles[mid].length) - (n < roles[mid].length);
        if (order == 0)
            return mid;
        if (order < 0)
            hi = mid;
        else
            lo = (uint16_t)(mid + 1);
    }
    return VF_ROLE_UNKNOWN;
}

void vf_tensor_parse_name(const char *name, size_t n, vf_tensor *out)
{
    out->role = VF_ROLE_UNKNOWN;
    out->stack = VF_STACK_BLK;
    out->layer = -1;
    size_t skip = parse_layer(name, n, out);
    const char *base = name + skip;
    uint16_t role = find_role(base, parse_part(base, n - skip, out));
    if (role != VF_ROLE_UNKNOWN && roles[role].in_block == (out->layer >= 0))
        out->role = role;
    else
        out->part = VF_PART_OTHER;
}
