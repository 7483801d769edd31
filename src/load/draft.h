/* A model while it is read: what the readers of GGUF, safetensors and config.json fill in, and how it
 * becomes a vf_model. */
#ifndef VF_LOAD_DRAFT_H
#define VF_LOAD_DRAFT_H

#include "model/model.h"
#include "vramfit/load.h"

/** Where the readers get architecture records from: false when there is none of that name. */
typedef struct vf_arch_lookup {
    bool (*find)(const void *ctx, const char *name, vf_arch *out);
    const void *ctx;
} vf_arch_lookup;

#define VF_MAX_TENSORS_COUNTED (1u << 20) /**< over all files of a model */
#define VF_MAX_TENSORS_KEPT (1u << 18)    /**< as records, merged experts as one */
#define VF_MAX_NAMES_KEPT (8u << 20)      /**< bytes of names of unknown tensors */

typedef struct vf_draft {
    const vf_allocator *a;
    vf_model *m; /**< its arrays have the capacities below until vf_draft_seal */
    size_t cap_tensors, cap_names, cap_pool;
} vf_draft;

vf_status vf_draft_init(vf_draft *d, const vf_allocator *a, vf_error *err);
/** Frees everything; fine after a seal. */
void vf_draft_drop(vf_draft *d);

/** Appends a tensor; the name is kept when its role is unknown. */
vf_status vf_draft_tensor(vf_draft *d, const vf_tensor *t, const char *name, size_t n, vf_error *err);
/** Appends n numbers to the pool of per-layer values; *first is the index of the first. */
vf_status vf_draft_numbers(vf_draft *d, const uint32_t *values, uint32_t n, uint32_t *first, vf_error *err);
/** Sets a field of vf_hparams that holds one number (U, F, L). */
void vf_draft_set(vf_draft *d, vf_hparam_id id, uint32_t value);

/** Sets m->arch_name, and the record when there is one. */
void vf_draft_arch(vf_draft *d, const vf_arch_lookup *archs, const char *name);
/** Cuts the arrays to size and gives the model away. */
vf_status vf_draft_seal(vf_draft *d, vf_model **out, vf_error *err);

#endif
