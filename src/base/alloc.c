#include "base/alloc.h"

#include <string.h>

bool vf_grow(const vf_allocator *a, void **items, size_t *cap, size_t need, size_t elem)
{
    if (need <= *cap)
        return true;
    size_t want = *cap ? *cap : 16;
    while (want < need) {
        if (want > SIZE_MAX / 2)
            return false;
        want *= 2;
    }
    if (elem == 0 || want > SIZE_MAX / elem)
        return false;
    void *p = a->resize(a->ctx, *items, *cap * elem, want * elem);
    if (!p)
        return false;
    *items = p;
    *cap = want;
    return true;
}

void *vf_alloc_zero(const vf_allocator *a, size_t n, size_t elem)
{
    if (n == 0 || elem == 0 || n > SIZE_MAX / elem)
        return NULL;
    void *p = vf_alloc(a, n * elem);
    if (p)
        memset(p, 0, n * elem);
    return p;
}
