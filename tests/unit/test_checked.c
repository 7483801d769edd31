/* Checked arithmetic against unsigned __int128: equal, or VF_OVERFLOW exactly when it does not fit. */
#include "base/checked.h"

#include "check.h"

typedef unsigned __int128 u128;

static uint64_t state = 88172645463325252u;

static uint64_t next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/** Random numbers of all magnitudes, the edges among them. */
static uint64_t pick(void)
{
    static const uint64_t edges[] = {0, 1, 2, 255, 256, UINT32_MAX, (uint64_t)UINT32_MAX + 1, UINT64_MAX - 1, UINT64_MAX};
    uint64_t r = next();
    if (r % 5 == 0)
        return edges[(r >> 8) % (sizeof edges / sizeof edges[0])];
    return next() >> (r % 64);
}

static uint64_t model(u128 exact, uint64_t a, uint64_t b)
{
    if (a == VF_OVERFLOW || b == VF_OVERFLOW || exact >= VF_OVERFLOW)
        return VF_OVERFLOW;
    return (uint64_t)exact;
}

int main(void)
{
    for (int i = 0; i < 1000000; i++) {
        uint64_t a = pick(), b = pick();
        uint64_t add = vf_add(a, b), mul = vf_mul(a, b), div = vf_ceil_div(a, b), pad = vf_pad(a, b);
        bool ok = add == model((u128)a + b, a, b) && mul == model((u128)a * b, a, b);
        uint64_t want_div = b == 0 || b == VF_OVERFLOW || a == VF_OVERFLOW ? VF_OVERFLOW : (uint64_t)(((u128)a + b - 1) / b);
        ok = ok && div == want_div;
        u128 up = b ? ((u128)a + b - 1) / b * b : 0;
        uint64_t want_pad = b == 0 || b == VF_OVERFLOW || a == VF_OVERFLOW ? VF_OVERFLOW : up >= VF_OVERFLOW ? VF_OVERFLOW : (uint64_t)up;
        ok = ok && pad == want_pad;
        uint64_t c = pick(), both = model((u128)a * b, a, b), all = a == 0 || b == 0 || c == 0 ? model(0, both, c) : model((u128)both * c, both, c);
        ok = ok && vf_mul3(a, b, c) == all;
        if (!ok || i < 1)
            CHECK(ok, "a %" PRIu64 " b %" PRIu64, a, b);
    }
    CHECK_U64(vf_mul(UINT64_C(1) << 32, UINT64_C(1) << 32), VF_OVERFLOW, "2^64");
    CHECK_U64(vf_mul(VF_OVERFLOW, 0), VF_OVERFLOW, "overflow stays");
    CHECK_U64(vf_pad(1, 256), 256, "pad");
    CHECK_U64(vf_pad(0, 256), 0, "pad of 0");
    CHECK(vf_size_ok(VF_SIZE_LIMIT) && !vf_size_ok(VF_SIZE_LIMIT + 1) && !vf_size_ok(VF_OVERFLOW), "limit");
    return CHECK_END();
}
