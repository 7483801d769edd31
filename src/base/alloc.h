/* Memory through the caller's allocator, and growing arrays on top of it. */
#ifndef VF_BASE_ALLOC_H
#define VF_BASE_ALLOC_H

#include <stdint.h>
#include "vramfit/vramfit.h"

static inline void *vf_alloc(const vf_allocator *a, size_t size)
{
    return a->resize(a->ctx, NULL, 0, size);
}

static inline void vf_free(const vf_allocator *a, void *p, size_t size)
{
    if (p)
        (void)a->resize(a->ctx, p, size, 0);
}

/** Makes room for `need` elements of `elem` bytes in the array *items of capacity *cap (elements).
 * False when out of memory; the array is then as before. */
bool vf_grow(const vf_allocator *a, void **items, size_t *cap, size_t need, size_t elem);

/** Zeroed memory for n elements, or NULL. */
void *vf_alloc_zero(const vf_allocator *a, size_t n, size_t elem);

#endif
