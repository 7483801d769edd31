#include "load/names.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "load/sort.h"

void vf_names_init(vf_names *names, const vf_allocator *a)
{
    memset(names, 0, sizeof *names);
    names->a = a;
}

void vf_names_free(vf_names *names)
{
    vf_free(names->a, names->pool, names->cap_pool);
    vf_free(names->a, names->items, names->cap * sizeof names->items[0]);
    vf_names_init(names, names->a);
}

/* FNV-1a. Equal hashes only cost a comparison of the names, so it needs no key. */
VF_WRAPS static uint64_t hash_of(const char *name, size_t n)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)name[i]) * UINT64_C(1099511628211);
    return h;
}

vf_status vf_names_add(vf_names *names, const char *name, size_t n, uint64_t byte)
{
    if (n > VF_NAMES_BYTES - names->n_pool)
        return VF_ERR_RANGE;
    /* one byte more: an empty name, too, lies in a pool that is there */
    if (!vf_grow(names->a, (void **)&names->pool, &names->cap_pool, names->n_pool + n + 1, 1) ||
        !vf_grow(names->a, (void **)&names->items, &names->cap, names->n + 1, sizeof names->items[0]))
        return VF_ERR_NOMEM;
    vf_name_ref *item = &names->items[names->n++];
    item->hash = hash_of(name, n);
    item->byte = byte;
    item->offset = (uint32_t)names->n_pool;
    item->length = (uint32_t)n;
    if (n > 0)
        memcpy(names->pool + names->n_pool, name, n);
    names->n_pool += n;
    return VF_OK;
}

static bool same(const vf_names *names, const vf_name_ref *a, const vf_name_ref *b)
{
    return a->hash == b->hash && a->length == b->length &&
           memcmp(names->pool + a->offset, names->pool + b->offset, a->length) == 0;
}

/** By hash, then by the name itself, then in the order of the file. */
static bool before(const void *ctx, const void *x, const void *y)
{
    const vf_names *names = ctx;
    const vf_name_ref *a = x, *b = y;
    if (a->hash != b->hash)
        return a->hash < b->hash;
    if (a->length != b->length)
        return a->length < b->length;
    int order = memcmp(names->pool + a->offset, names->pool + b->offset, a->length);
    return order != 0 ? order < 0 : a->offset < b->offset;
}

const vf_name_ref *vf_names_duplicate(vf_names *names)
{
    const vf_name_ref *item = names->items, *first = NULL;
    vf_sort(names->items, names->n, sizeof names->items[0], before, names);
    for (size_t i = 1; i < names->n; i++)
        if (same(names, &item[i - 1], &item[i]) && (!first || item[i].offset < first->offset))
            first = &item[i];
    return first;
}
