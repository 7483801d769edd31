/* The fuzzer's bytes as a stream of choices, for targets that build their input themselves: what is built
 * is well formed, so that every byte reaches deep. Behind the end there are zeros. */
#ifndef VF_TESTS_FUZZ_TAKE_H
#define VF_TESTS_FUZZ_TAKE_H

#include "fuzz.h"

typedef struct fuzz_take {
    const uint8_t *bytes;
    size_t n, at;
} fuzz_take;

static inline uint8_t take_u8(fuzz_take *t)
{
    return t->at < t->n ? t->bytes[t->at++] : 0;
}

static inline uint64_t take_bytes(fuzz_take *t, unsigned n)
{
    uint64_t v = 0;
    while (n-- > 0)
        v = v << 8 | take_u8(t);
    return v;
}

/** A number of any size up to `max`: small ones, powers of two and their neighbours, or raw bytes. */
static inline uint64_t take_number(fuzz_take *t, uint64_t max)
{
    uint8_t how = take_u8(t);
    uint64_t v = how < 128  ? how
                 : how < 192 ? UINT64_C(1) << (how & 63)
                 : how < 224 ? (UINT64_C(1) << (2 * (how & 31))) - 1
                             : take_bytes(t, 1 + (how & 7));
    return v <= max ? v : how & 1 ? max : max == UINT64_MAX ? v : v % (max + 1);
}

static inline bool take_bool(fuzz_take *t)
{
    return take_u8(t) & 1;
}

#endif
