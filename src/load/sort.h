/* Sorting that needs no memory and is n log n on any input, for lists that a file's author chose. */
#ifndef VF_LOAD_SORT_H
#define VF_LOAD_SORT_H

#include <stdbool.h>
#include <stddef.h>

#define VF_SORT_ELEM 32 /**< largest element, bytes */

typedef bool (*vf_before)(const void *ctx, const void *a, const void *b);

/** Sorts n items of `elem` bytes so that no item comes before the one in front of it. Not stable. */
void vf_sort(void *items, size_t n, size_t elem, vf_before before, const void *ctx);

#endif
