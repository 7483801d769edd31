#include "load/sort.h"

#include <string.h>

/* Heapsort. */

typedef struct heap {
    char *base;
    size_t elem;
    vf_before before;
    const void *ctx;
} heap;

static void sift(const heap *h, size_t root, size_t n)
{
    char item[VF_SORT_ELEM];
    size_t elem = h->elem;
    memcpy(item, h->base + root * elem, elem);
    for (size_t child = 2 * root + 1; child < n; child = 2 * root + 1) {
        const char *larger = h->base + child * elem;
        if (child + 1 < n && h->before(h->ctx, larger, larger + elem)) {
            child++;
            larger += elem;
        }
        if (!h->before(h->ctx, item, larger))
            break;
        memcpy(h->base + root * elem, larger, elem);
        root = child;
    }
    memcpy(h->base + root * elem, item, elem);
}

void vf_sort(void *items, size_t n, size_t elem, vf_before before, const void *ctx)
{
    heap h = {items, elem, before, ctx};
    char last[VF_SORT_ELEM];
    for (size_t i = n / 2; i > 0; i--)
        sift(&h, i - 1, n);
    for (; n > 1; n--) {
        memcpy(last, h.base + (n - 1) * elem, elem);
        memcpy(h.base + (n - 1) * elem, h.base, elem);
        memcpy(h.base, last, elem);
        sift(&h, 0, n - 1);
    }
}
