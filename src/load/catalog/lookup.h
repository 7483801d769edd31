/* Names of the catalog's rows: the sorted index, and finding in it. */
#ifndef VF_LOAD_LOOKUP_H
#define VF_LOAD_LOOKUP_H

#include "load/catalog/blob.h"

/** Appends the names of a row, unsorted. False: out of memory. */
bool vf_index_append(vf_builder *b, uint32_t kind, uint32_t row);
/** Removes the names of a row. */
void vf_index_remove(vf_builder *b, uint32_t kind, uint32_t row);
/** Sorts the names behind the first `sorted`, which are in order, into them. False: out of memory. */
bool vf_index_sort(vf_builder *b, size_t sorted);

/** The names equal to a normalised text: how many, the first of them in *first. */
uint32_t vf_index_range(const vf_blob *blob, uint32_t kind, const char *text, uint32_t *first);

/** Finds the row that a name means. VF_ERR_NOT_FOUND with suggestions, VF_ERR_AMBIGUOUS with the
 * candidates; without `err` neither is looked for. */
vf_status vf_index_find(const vf_blob *blob, uint32_t kind, const char *name, size_t n, uint32_t *row, vf_error *err);

#endif
