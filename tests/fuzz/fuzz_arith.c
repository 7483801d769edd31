/* Arithmetic on sizes against unsigned __int128: a formula of eight numbers, step by step. Both agree to
 * the bit, or the number does not fit and VF_OVERFLOW stays to the end. */
#include "fuzz.h"

#include "base/checked.h"

typedef unsigned __int128 u128;

/** An exact result, and whether every step up to here fitted. */
typedef struct exact {
    u128 value;
    bool fits;
} exact;

static exact fit(u128 value, bool fits)
{
    return (exact){value, fits && value < VF_OVERFLOW};
}

static uint64_t step(unsigned what, uint64_t so_far, uint64_t b, exact *e)
{
    u128 a = e->fits ? e->value : 0;
    bool ok = e->fits && b != VF_OVERFLOW;
    switch (what % 4) {
    case 0: *e = fit(a + b, ok); return vf_add(so_far, b);
    case 1: *e = fit(a * b, ok); return vf_mul(so_far, b);
    case 2: *e = fit(b ? (a + b - 1) / b : 0, ok && b != 0); return vf_ceil_div(so_far, b);
    default: *e = fit(b ? (a + b - 1) / b * b : 0, ok && b != 0); return vf_pad(so_far, b);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t number[8] = {0};
    size_t n = size / 9 < 8 ? size / 9 : 8;
    if (n < 2)
        return 0;
    for (size_t i = 0; i < n; i++)
        memcpy(&number[i], data + 8 * i, 8);
    const uint8_t *what = data + 8 * n;
    uint64_t got = number[0];
    exact e = fit(got, true);
    for (size_t i = 1; i < n; i++) {
        got = step(what[i], got, number[i] >> (what[i] >> 2), &e);
        PROMISE(e.fits ? got == (uint64_t)e.value : got == VF_OVERFLOW);
    }
    PROMISE(vf_size_ok(got) == (e.fits && e.value <= VF_SIZE_LIMIT));
    PROMISE(vf_mul3(number[0], number[1], got) == vf_mul(vf_mul(number[0], number[1]), got));
    return 0;
}
