/* The interface that a runtime fills (runtime/NAME.c) and the estimate calls: a table of functions
 * and constants, so that nothing in estimate/ knows any runtime by name. */
#ifndef VF_ESTIMATE_PROFILE_H
#define VF_ESTIMATE_PROFILE_H

#include "estimate/context.h"

/** A question, resolved: what a profile's footprint works on. */
typedef struct vf_case {
    const vf_request *request;
    const vf_settings *settings; /**< the request's, with the runtime's defaults filled in */
    const vf_model *model;
    const vf_quant *quant;
    const uint16_t *types; /**< storage type of every tensor of the model under `quant` */
    uint64_t available[VF_MAX_DEVICES];
    const vf_allocator *scratch;
} vf_case;

typedef struct vf_profile {
    const char *name;
    const char *version;  /**< of the runtime, as read */
    bool token_batches;   /**< --batch and --ubatch mean something */
    bool gpu_layers;      /**< layers can stay on the CPU */
    bool needs_types;     /**< vf_case.types is computed before footprint is called (not for schemes) */
    bool schemes;         /**< it loads weights in schemes (VF_QUANT_SCHEME) */
    bool workloads;       /**< --workload means something */
    bool shares_cards;    /**< it fills a share of the whole card, so that others may have the rest (gpu_memory_utilization) */
    /** Fills in what the settings leave open where the runtime's defaults are not those of llama.cpp, and
     * refuses what the runtime does not take; says in a note what was taken. NULL: nothing to do. */
    vf_status (*defaults)(const vf_case *c, vf_settings *s, vf_result *out, vf_error *err);
    /** Fills out->device[i].segment[], layers, margin terms, host, terms and notes. need, headroom and
     * verdict are computed by the caller. */
    vf_status (*footprint)(const vf_case *c, vf_result *out, vf_error *err);
    /** Changes in a result what depends on the one card beside its memory. NULL: the footprint depends on the memory, too. */
    void (*card)(const vf_device *was, const vf_device *is, vf_result *out);
    /** Says in notes what helps a fragile answer. NULL: nothing. */
    void (*advise)(vf_result *out);
    /** Relative error of the covered terms at quantiles 0.95 and 0.5, per mille, from measured loads. */
    uint32_t error_95, error_50;
} vf_profile;

/** Adds a line of explanation and its bytes to the result. `detail` may be NULL. */
void vf_add_term(vf_result *out, int32_t device, vf_segment segment, const char *name, const char *formula,
                 const char *source, uint64_t bytes, uint64_t spread, const char *detail, ...) VF_PRINTF(9, 10);
/** Adds a note (dropped past VF_MAX_NOTES). */
void vf_add_note(vf_result *out, const char *format, ...) VF_PRINTF(2, 3);

/** Counts the parameters of a tower for images or sound that is loaded with the model, and says so in a note. */
void vf_count_tower(const vf_case *k, vf_result *out);

/** The profile of that name, or NULL (runtime/table.c). */
const vf_profile *vf_profile_find(const char *name);

#endif
