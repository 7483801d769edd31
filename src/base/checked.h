/* Arithmetic on sizes. Every size is a uint64_t; a sum or product that does not fit becomes
 * VF_OVERFLOW and stays VF_OVERFLOW through whatever follows, so a formula is written as it reads
 * and tested once at its end with vf_size_ok. No size in the core is computed with bare + or *. */
#ifndef VF_BASE_CHECKED_H
#define VF_BASE_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

#define VF_OVERFLOW UINT64_MAX
/** No size the library gives out is larger (reliability: any byte count, 2^60). */
#define VF_SIZE_LIMIT (UINT64_C(1) << 60)

/** Of a function whose unsigned arithmetic is meant to wrap, such as a hash: clang's -fsanitize=integer leaves it alone. */
#if defined(__clang__)
#define VF_WRAPS __attribute__((no_sanitize("unsigned-integer-overflow")))
#else
#define VF_WRAPS
#endif

static inline uint64_t vf_add(uint64_t a, uint64_t b)
{
    uint64_t r;
    return __builtin_add_overflow(a, b, &r) ? VF_OVERFLOW : r;
}

static inline uint64_t vf_mul(uint64_t a, uint64_t b)
{
    uint64_t r;
    if (a == 0 || b == 0)
        return (a == VF_OVERFLOW || b == VF_OVERFLOW) ? VF_OVERFLOW : 0;
    return __builtin_mul_overflow(a, b, &r) ? VF_OVERFLOW : r;
}

static inline uint64_t vf_mul3(uint64_t a, uint64_t b, uint64_t c)
{
    return vf_mul(vf_mul(a, b), c);
}

/** a ÷ b rounded up; VF_OVERFLOW when b is 0. */
static inline uint64_t vf_ceil_div(uint64_t a, uint64_t b)
{
    if (b == 0 || a == VF_OVERFLOW || b == VF_OVERFLOW)
        return VF_OVERFLOW;
    return a / b + (a % b != 0);
}

/** x rounded up to a multiple of `to`; VF_OVERFLOW when `to` is 0. */
static inline uint64_t vf_pad(uint64_t x, uint64_t to)
{
    if (to != 0 && (to & (to - 1)) == 0 && x < VF_OVERFLOW - to) /* divisions are slow */
        return (x + to - 1) & ~(to - 1);
    return vf_mul(vf_ceil_div(x, to), to);
}

/** Whether a computed size is one the library may give out. */
static inline bool vf_size_ok(uint64_t size)
{
    return size <= VF_SIZE_LIMIT;
}

#endif
