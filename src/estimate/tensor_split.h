/* --split tensor: llama.cpp makes one device of all cards and cuts the tensors that lie on it into a slice for
 * each card. Which tensors, along which axis and where: src/llama-model.cpp,
 * llama_meta_device_get_split_state; the buffers: ggml/src/ggml-backend-meta.cpp. */
#ifndef VF_ESTIMATE_TENSOR_SPLIT_H
#define VF_ESTIMATE_TENSOR_SPLIT_H

#include "estimate/context.h"

/** What a model's slices are found by. `types`: storage types of m->tensors. */
typedef struct vf_slicer {
    const vf_model *m;
    const uint16_t *types;
    const vf_placement *p;
} vf_slicer;

typedef enum vf_cached { VF_CACHED_KV, VF_CACHED_R, VF_CACHED_S, VF_CACHED_WHOLE } vf_cached;

/** Bytes of tensor `i` on each card, as the card's buffer pads them. False: llama.cpp aborts at it. */
bool vf_slice_weight(const vf_slicer *s, size_t i, uint64_t bytes[VF_MAX_DEVICES]);

/** The same of a cache tensor of `rows` rows of `width` elements that belongs to layer `il`. */
bool vf_slice_cache(const vf_slicer *s, uint32_t il, vf_cached what, vf_type type, uint64_t width, uint64_t rows,
                    uint64_t bytes[VF_MAX_DEVICES]);

/** The error for a model that llama.cpp aborts at. */
vf_status vf_slice_refused(vf_error *err);

#endif
