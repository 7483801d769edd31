/* Names met in one input: keys or tensors. Kept with where they were read, to find one that comes
 * twice by sorting at the end: no name is compared with all before it, whatever an attacker picks. */
#ifndef VF_LOAD_NAMES_H
#define VF_LOAD_NAMES_H

#include "vramfit/vramfit.h"

typedef struct vf_name_ref {
    uint64_t hash;
    uint64_t byte; /**< where it was read */
    uint32_t offset, length; /**< in the pool */
} vf_name_ref;

typedef struct vf_names {
    const vf_allocator *a;
    char *pool;
    size_t n_pool, cap_pool;
    vf_name_ref *items;
    size_t n, cap;
} vf_names;

/** All names of one set together. */
#define VF_NAMES_BYTES (16u << 20)

void vf_names_init(vf_names *names, const vf_allocator *a);
void vf_names_free(vf_names *names);
/** Keeps a copy. VF_ERR_RANGE when the pool would be over its limit, VF_ERR_NOMEM. */
vf_status vf_names_add(vf_names *names, const char *name, size_t n, uint64_t byte);
/** Sorts, and gives the second of two equal names, the earliest such in the file; NULL when all differ. */
const vf_name_ref *vf_names_duplicate(vf_names *names);

#endif
