/* Questions with something left open: the best value of a setting, the cards of several models. */
#ifndef VRAMFIT_SEARCH_H
#define VRAMFIT_SEARCH_H

#include "vramfit/vramfit.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A setting that is left open. */
typedef enum vf_open {
    VF_OPEN_CONTEXT = 0, /**< the largest context: at most the trained length of every sequence */
    VF_OPEN_GPU_LAYERS,  /**< the most layers on the cards */
    VF_OPEN_CPU_MOE,     /**< the fewest leading layers whose experts stay on the CPU */
    VF_OPEN_PARALLEL     /**< the most sequences, each with the context that one would have (where the runtime's context is that
                              of all sequences, it is found too) */
} vf_open;

/** What counts as an answer. */
typedef struct vf_goal {
    vf_verdict verdict;         /**< at least this good */
    uint64_t host_limit;        /**< bytes of system memory that the rest must fit into; 0: not checked */
    bool context_per_sequence;  /**< the runtime's context is that of one sequence, not of all */
    /** Answers a candidate; NULL: vf_estimate does. For questions that have more in them than the request, such as models side by
     * side (vf_pack). */
    vf_status (*estimate)(void *ctx, const vf_request *request, vf_result *out, vf_error *err);
    void *ctx; /**< handed to it */
} vf_goal;

/** Finds the best value of an open setting by estimating candidates. `found` are the settings with it,
 * `out` the estimate under them. VF_ERR_NOT_FOUND when no value reaches the goal (`out` is then
 * unspecified); errors of vf_estimate otherwise. */
VF_API vf_status vf_solve(const vf_request *request, vf_open open, const vf_goal *goal, const vf_allocator *scratch,
                          vf_settings *found, vf_result *out, vf_error *err);

/** One of several models that are kept loaded side by side, each in a process of its own. */
typedef struct vf_resident {
    const vf_request *request; /**< its devices are the machine's cards, the same in every one */
    vf_result *result;         /**< set, in the caller's room: its own answer on the cards that it has, in their order */
    uint32_t cards;            /**< set: bit i: it has memory of card i */
    vf_settings settings;      /**< set: the request's, with what realises its place where that is not said: the shares of its cards
                                    (tensor_split, in MiB), its share of a card that it fills (gpu_memory_utilization) */
    bool refused;              /**< set on an error: it is this one's */
} vf_resident;

/** Places `n` models (at most VF_MAX_MEMBERS + 1) on the cards: whole ones, each on one card, the way with the best worst verdict
 * and of these the one with the largest smallest headroom; exact within 2^17 steps of the search. Several cards get a model
 * whose settings ask for them (tensor_parallel, pipeline_parallel, tensor_split, split by tensor), one that no card holds, and,
 * when the whole ones do not fit otherwise, the largest. `card`: room for the cards of a request; what all models take of each.
 * A runtime that fills its card gets a share of one that it shares: what it needs, and an equal part of what nobody needs; one
 * whose share is no share of the whole card has a card of its own. Without devices every model is in system memory.
 * VF_ERR_USAGE when the requests have different numbers of devices; errors of vf_estimate when a model is refused on every card. */
VF_API vf_status vf_pack(vf_resident *model, uint32_t n, const vf_allocator *scratch, vf_device_result *card, vf_error *err);

#ifdef __cplusplus
}
#endif
#endif
