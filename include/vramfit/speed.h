/* Bounds on the speed of an answer. */
#ifndef VRAMFIT_SPEED_H
#define VRAMFIT_SPEED_H

#include "vramfit/vramfit.h"

#ifdef __cplusplus
extern "C" {
#endif

/** From low to high. */
typedef struct vf_range {
    uint64_t low, high;
} vf_range;

/** How fast one sequence can be, as bounds: nothing exceeds `high`; `low` is what the least efficient of measured
 * kernels reached, with the whole context in the cache. Tokens in 1000 seconds. */
typedef struct vf_speed {
    bool has_decode, has_prompt; /**< false: of some card bandwidth or arithmetic are not known */
    vf_range decode;             /**< tokens generated */
    vf_range prompt;             /**< tokens of a prompt as long as the context */
    uint64_t read_bytes;         /**< of weights that a token reads, head and used experts included */
    uint64_t host_read_bytes;    /**< of these, from system memory */
    uint64_t cache_bytes;        /**< of the cache that a token reads at the end of the context */
    uint64_t flops;              /**< of one token of such a prompt */
    uint32_t efficiency_percent; /**< of the bandwidth, in `low` */
    uint32_t tensor_parallel;    /**< as in the result */
    vf_range exchange_ns;        /**< what cards that share layers wait for each other a token; 0: none do */
} vf_speed;

/** Bounds on the speed of what `result` answers. VF_OK with nothing known where the question has no tensors. */
VF_API vf_status vf_speed_bounds(const vf_request *request, const vf_result *result, const vf_allocator *scratch,
                                 vf_speed *out, vf_error *err);

#ifdef __cplusplus
}
#endif
#endif
