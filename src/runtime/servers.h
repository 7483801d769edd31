/* Servers that take a share of each card at start, whatever is asked of them, and fill what weights and
 * activations leave of it with a paged cache. What they have in common: how a model is divided over cards, the
 * forward that is planned for, the pool. One file each has the rules of one server. */
#ifndef VF_RUNTIME_SERVERS_H
#define VF_RUNTIME_SERVERS_H

#include "estimate/profile.h"

/** One run, resolved. */
typedef struct sv_run {
    const vf_case *k;
    uint32_t tp, pp;          /**< cards that share each layer; stages */
    uint64_t context, sequences;
    uint64_t max_num_seqs;    /**< sequences at once that the server is made for */
    uint64_t batched_tokens;  /**< tokens of one forward */
    uint64_t limit;           /**< share of the card, millionths */
    uint64_t bytes, kv_bytes; /**< of an element of activations, of the cache */
    const struct sv_rules *rules;
} sv_run;

/** What one card of one stage holds. */
typedef struct sv_stage {
    uint32_t first, end; /**< layers */
    bool is_first, is_last;
    uint64_t visible, free; /**< bytes of the card without the driver's; of these not held by others */
    uint64_t weights, tables; /**< bytes; tables: cos and sin of the positions */
    /* cache: layers of each kind, and bytes of one token (of one sequence for states) of all of them and of
     * the widest */
    uint32_t n_full, n_windowed, n_state;
    uint64_t full, windowed, state;
    uint64_t widest_full, widest_windowed, widest_state;
} sv_stage;

/** Bytes on one card, and where they were read. */
typedef struct sv_amount {
    uint64_t bytes, spread;
    const char *formula, *source;
} sv_amount;

typedef struct sv_plan {
    sv_amount activations, graphs, other;
    uint64_t sequence;  /**< cache of one sequence of the context */
    uint64_t available;
} sv_plan;

typedef struct sv_rules {
    uint64_t block;          /**< tokens of a page of the cache */
    /** Tables of cos and sin: bytes of an element (0: as of the activations), times as many positions where these are of
     * images, too (rope.dimension_sections; 0: as many), whether rope.scaling.factor counts beside layers with a base of
     * their own. */
    uint64_t table_bytes, image_positions;
    bool scales_beside_own;
    const char *cache;       /**< what it is called, and where its rules are */
    const char *cache_source;
    /** Limit, sequences and tokens where the settings leave them open, by the smallest card. */
    void (*defaults)(sv_run *run, uint64_t visible, uint32_t compute_capability);
    /** Refuses what the server does not start with. NULL: nothing. */
    vf_status (*check)(const sv_run *run, vf_error *err);
    /** Everything but the weights; `available` is set to min(limit × visible, free). */
    void (*plan)(const sv_run *run, const sv_stage *stage, sv_plan *plan, vf_result *out);
    /** Per mille of everything but the cache, at quantiles 0.95 and 0.5 of what was measured; 0: not measured. */
    uint32_t error_95, error_50;
} sv_rules;

vf_status sv_footprint(const vf_case *k, const sv_rules *rules, vf_result *out, vf_error *err);

/** Weights of a stage on one of its cards. `model`: adds the bytes of all tensors as stored. */
vf_status sv_weigh(const sv_run *run, sv_stage *stage, uint64_t *model, vf_error *err);
/** Whether the model can be divided so. */
vf_status sv_check_division(const sv_run *run, vf_error *err);

/** Fills in the stage's cache. */
void sv_cache(const sv_run *run, sv_stage *stage);
/** Tokens of a sequence that windowed layers keep while `ahead` more are computed. */
uint64_t sv_window(const sv_run *run, uint64_t ahead);
/** Bytes of a sequence where full, windowed and recurrent layers share pages of one size (vLLM). */
uint64_t sv_hybrid_sequence(const sv_run *run, const sv_stage *stage, uint64_t block);

/** Bytes of the worst layer's activations in a forward of run->batched_tokens. */
uint64_t sv_layer_activations(const sv_run *run, const sv_stage *stage);
/** NVIDIA's planning constants: 2 x tokens x width x c. c[4] is by tensor parallelism (1, 2, 4, 8), in tenths. */
uint64_t sv_planned_activations(const sv_run *run, const uint64_t dense[4], const uint64_t experts[4]);

static inline uint64_t sv_max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static inline uint64_t sv_min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/** Millionths of an amount. */
static inline uint64_t sv_share(uint64_t bytes, uint64_t millionths)
{
    return bytes / 1000000 * millionths + bytes % 1000000 * millionths / 1000000;
}

#define SV_MIB (UINT64_C(1) << 20)
#define SV_GIB (UINT64_C(1) << 30)

#endif
