/* Runtimes that hold every layer whole on one device, with a cache that is theirs alone: ExLlamaV2 and V3, MLX,
 * exo. What they have in common: weights by layer, a cache in 16 bits or quantized, layers in turn over several
 * devices. One file each has the rules of one runtime. */
#ifndef VF_RUNTIME_WHOLE_H
#define VF_RUNTIME_WHOLE_H

#include "estimate/profile.h"

/** One run, resolved. */
typedef struct wh_run {
    const vf_case *k;
    uint64_t context, sequences; /**< tokens of each sequence */
    uint64_t tokens;             /**< of a sequence that full layers have room for */
    uint64_t step;               /**< tokens of one forward */
    uint64_t bytes;              /**< of an activation, and of a cache element that is not quantized */
    vf_type type_k, type_v;
} wh_run;

/** What the layers come to. Bytes. */
typedef struct wh_sizes {
    uint64_t widest_cache; /**< of one layer, every sequence */
    uint64_t matrix;       /**< elements of the largest quantized matrix */
    uint64_t activations;  /**< of one token at the worst layer */
} wh_sizes;

/** Bytes on one device, and where they were read. */
typedef struct wh_amount {
    uint64_t bytes, spread;
    const char *formula, *source;
} wh_amount;

/** How layers are dealt to several devices. */
typedef enum wh_split {
    WH_ONE = 0, /**< one device only */
    WH_FILL,    /**< a device is filled, then the next */
    WH_SHARE    /**< in proportion to what each has free */
} wh_split;

typedef struct wh_rules {
    uint32_t packings;      /**< bit 1 << vf_packing: what it loads beside 16 bits */
    uint32_t backends;      /**< bit 1 << vf_backend: what it runs on */
    const char *backend_names;
    const vf_type *cache_types; /**< n_cache_types of them */
    uint32_t n_cache_types;
    uint64_t page;          /**< tokens that a cache grows by */
    uint64_t step;          /**< tokens of one forward at most */
    uint64_t reserve;       /**< WH_FILL: left free on a device that is not the last */
    wh_split split;
    bool embedding_on_host;
    bool windows;           /**< layers with a sliding window keep no more than it and one forward */
    const char *cache, *cache_source;
    /** Scratch on a device; `last`: it has the output matrix. */
    wh_amount (*compute)(const wh_run *run, const wh_sizes *s, bool last);
    /** What no buffer holds. */
    wh_amount (*other)(const wh_run *run, uint32_t device);
} wh_rules;

vf_status wh_footprint(const vf_case *k, const wh_rules *rules, vf_result *out, vf_error *err);

/** MLX, for runtimes that start it. */
extern const wh_rules mlx_rules;
wh_amount mlx_compute(const wh_run *run, const wh_sizes *s, bool last);
wh_amount mlx_other(const wh_run *run, uint32_t device);

#define WH_MIB (UINT64_C(1) << 20)
#define WH_BIT(x) (1u << (x))

#endif
