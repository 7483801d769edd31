/* Layers and tensors to devices, and the weights each device holds. */
#ifndef VF_ESTIMATE_PLACEMENT_H
#define VF_ESTIMATE_PLACEMENT_H

#include "estimate/context.h"

/** Bytes of weights, alignment and padding of each buffer included. */
typedef struct vf_weights {
    uint64_t device[VF_MAX_DEVICES];
    uint64_t host;
    uint64_t tied_copy;   /**< of the device sums: the second copy of tied token embeddings */
    uint64_t model_bytes; /**< all tensors as stored, no padding, MTP layers included */
} vf_weights;

/** Fills `p` (memory from `a`; vf_placement_free gives it back, also the caller's duty after VF_OK only).
 * `types`: storage types of m->tensors; `available`: bytes per device, the default shares. */
vf_status vf_placement_build(const vf_model *m, const uint16_t *types, const vf_settings *s, uint32_t n_devices,
                             const vf_device *devices, const uint64_t *available, const vf_allocator *a,
                             vf_placement *p, vf_error *err);
void vf_placement_free(const vf_model *m, const vf_allocator *a, vf_placement *p);

/** Sums the weights by device. */
vf_status vf_weights_plan(const vf_model *m, const uint16_t *types, const vf_placement *p, vf_weights *out,
                          vf_error *err);

#endif
