/* Transformers on PyTorch, in parts: weights as loaded, and what one forward takes. */
#ifndef VF_RUNTIME_TRANSFORMERS_H
#define VF_RUNTIME_TRANSFORMERS_H

#include "estimate/profile.h"

/** Weights on the device. Bytes, but for `matrix`. */
typedef struct tf_weights {
    uint64_t model;    /**< of all tensors, multi-token-prediction blocks included */
    uint64_t resident; /**< of those that are loaded */
    uint64_t tower;    /**< of these, a tower for images or sound that is not in the tensor list */
    uint64_t largest;  /**< of the largest tensor */
    uint64_t loading;  /**< what the tensor in hand takes beside all others while loading */
    uint64_t matrix;   /**< elements of the largest quantized matrix */
} tf_weights;

vf_status tf_weigh(const vf_case *k, tf_weights *out, vf_error *err);
/** Whether a tensor is loaded: blocks of multi-token prediction are not. */
bool tf_is_loaded(const vf_model *m, const vf_tensor *t);

/** One run: B sequences, S tokens of each in the first forward, C in the cache at the end. */
typedef struct tf_run {
    uint64_t sequences, prompt, context;
    uint64_t bytes;     /**< of one activation, logit or cache element */
    uint64_t positions; /**< whose logits are computed, a sequence; 0: none */
    uint64_t logit;     /**< bytes of one logit with its copies */
    bool eager;         /**< attention without a fused kernel: scores of all pairs */
    bool hidden;        /**< hidden states of every layer are kept */
} tf_run;

/** What runs at the worst moment. Bytes. */
typedef struct tf_peak {
    uint64_t kv;      /**< cache and states, of `tokens` tokens a sequence in full layers */
    uint64_t tokens;
    uint64_t hidden;  /**< states of all layers */
    uint64_t layer;   /**< one layer's activations, attention scores and unpacked matrix */
    uint64_t scores;  /**< of these, attention scores, masks and repeated K and V */
    uint64_t logits;  /**< not live together with `layer` */
    uint64_t growth;  /**< a layer's cache beside its longer copy */
} tf_peak;

/** Beside weights, at the larger of the first forward and the last step. */
uint64_t tf_peak_bytes(const tf_peak *p);
/** Bytes of one token at the worst layer, elements of `bytes`: PyTorch's and MLX's layers hold the same tensors. */
uint64_t tf_layer_bytes(const vf_model *m, uint64_t bytes);
tf_peak tf_peak_of(const vf_case *k, const tf_run *run, const tf_weights *w);

/** As vf_profile.footprint, with settings->train. */
vf_status tf_train_footprint(const vf_case *k, vf_result *out, vf_error *err);
/** The runtime segment of device i: context, kernels, workspace. */
void tf_device_terms(const vf_case *k, uint32_t i, vf_result *out);

/* First tensor with lazy module loading 274 MiB (pytorch pull 86509), kernels used later; 300 to 600 seen. */
#define TF_CONTEXT (UINT64_C(400) << 20)

/** What one of several cards holds. */
typedef struct tf_share {
    uint64_t weights;
    uint32_t layers;
} tf_share;

/** Deals the blocks to the request's cards; out: as many, zeroed. What finds no room is on the last. */
vf_status tf_split(const vf_case *k, const tf_weights *w, tf_share *out, vf_error *err);
/** Bytes of tensor i once loaded; 0 for computed tables. */
uint64_t tf_tensor_bytes(const vf_case *k, size_t i);

#endif
