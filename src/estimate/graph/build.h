/* Building the prompt graph of a model: what the blocks share. Every block kind is one file; it reads
 * the weights that the inventory has (as llama.cpp does: a tensor that is not there has no node) and
 * adds its nodes in the order in which llama.cpp's model code creates them. */
#ifndef VF_ESTIMATE_GRAPH_BUILD_H
#define VF_ESTIMATE_GRAPH_BUILD_H

#include "estimate/context.h"
#include "estimate/graph/graph.h"

/** Inputs of one cache (src/llama-graph.cpp: llm_graph_input_attn_*). */
typedef struct vf_cache_input {
    uint64_t cells;
    vf_id k_idxs, v_idxs, mask;
    vf_id k_rot, v_rot; /**< rotation matrices of quantized caches, 0 without */
} vf_cache_input;

/** A layer that is built: all of them, or a few of each sequence that repeats (shorten.c). */
typedef struct vf_listed_layer {
    uint32_t il;
    uint32_t run;  /**< sequence that it is a part of */
    bool mark;     /**< it ends a repetition */
} vf_listed_layer;

typedef struct vf_build {
    vf_graph *g;
    const vf_model *m;
    const uint16_t *types;  /**< of m->tensors; NULL: the model's own */
    const vf_context *c;
    const vf_placement *p;
    uint32_t first_layer, n_layer; /**< layers that run: from that one on, before this one */
    vf_gather gather;       /**< where output rows are picked */
    vf_listed_layer *list;  /**< layers that are built */
    uint32_t n_list, n_runs;
    uint64_t n_tokens, n_seqs, n_outputs, n_streams;
    bool pin_norms;         /**< everything is on devices: norms stay on their layer's device */
    bool iswa;              /**< there is a second cache for windowed layers */
    bool no_cache;          /**< encoders */
    bool unsupported;       /**< a block of the model is not described here */
    uint64_t max_v;         /**< widest V row of all layers */
    vf_id *leaf;            /**< by number of the tensor in m->tensors: its leaf once it was used, else 0 */
    vf_id rope_table[VF_MAX_DEVICES + 1]; /**< rotation factors: one copy on every backend */
    vf_id pos, out_ids;
    vf_cache_input cache[2]; /**< full, windowed */
    vf_cache_input indexer;  /**< of sparse attention */
    vf_id pos_bucket, cross_embd, cross_mask; /**< encoder-decoder */
    vf_id attn_scale;
    vf_id wide_embd;         /**< input embeddings with those for deeper layers behind them, 0 without */
    vf_id per_layer;         /**< embeddings of every layer, 0 without */
    vf_id first_value;       /**< RWKV-7: the first layer's values */
    vf_id put_by;            /**< of residual attention, 0 at first */
    vf_id slopes, q_decay, k_decay, pair_decay; /**< of lightning attention */
    vf_id state_copy, state_copy_main, state_copy_extra;
} vf_build;

/** The CPU's backend number. */
static inline int8_t vf_b_cpu(const vf_build *b)
{
    return (int8_t)b->p->n_devices;
}

static inline int8_t vf_b_backend(const vf_build *b, int16_t device)
{
    return device == VF_HOST ? vf_b_cpu(b) : (int8_t)device;
}

/** Where the layer's cache and state lie. */
int8_t vf_b_cache_backend(const vf_build *b, uint32_t il);

/** Which layers to build. False: out of memory. */
bool vf_b_list_layers(vf_build *b, const vf_allocator *scratch, bool all);

/** What depends on a layer's number alone: how much residual attention has put by, whether its queries and keys are rotated, its output scaled, its
 * feed-forward sparse. */
bool vf_b_rotates(const vf_build *b, uint32_t il);
bool vf_b_rescales(const vf_build *b, uint32_t il);
bool vf_b_sparse(const vf_build *b, uint32_t il);
uint32_t vf_b_bank(const vf_build *b, uint32_t il);

/** The sequence of blocks that is run (vf_stack). */
uint16_t vf_b_stack(const vf_build *b);
/** A weight as a leaf of the graph; 0 when the inventory has none. `il` −1: outside the layers. */
vf_id vf_b_weight(vf_build *b, int32_t il, vf_role role, vf_part part);
bool vf_b_has(const vf_build *b, int32_t il, vf_role role, vf_part part);

/** x times a weight, its scale (build_lora_mm), and its bias when there is one. */
vf_id vf_b_mul_mat(vf_build *b, int32_t il, vf_role role, vf_id x);
vf_id vf_b_linear(vf_build *b, int32_t il, vf_role role, vf_id x);
/** Norm of the architecture's kind with weight and bias, as far as there are any (build_norm). */
vf_id vf_b_norm(vf_build *b, int32_t il, vf_role role, vf_norm kind, vf_id x);
vf_id vf_b_rope(vf_build *b, uint32_t il, vf_id x);

/** A cache tensor of layer il as a leaf in its device's memory. */
vf_id vf_b_cache_tensor(vf_build *b, uint32_t il, uint16_t type, uint64_t ne0, uint64_t ne1, uint64_t ne2);
vf_cache_input *vf_b_cache(vf_build *b, uint32_t il);

/** The rest of an attention block behind q, k and v: cache, scores, output projection. `k` and `v` 0: the
 * layer reads an earlier layer's cache. */
vf_id vf_b_attention(vf_build *b, uint32_t il, vf_id q, vf_id k, vf_id v, vf_role output);
/** Scores and weighted sum over k and v as the cache gives them (build_attn_mha). `v_mla`: weight that
 * expands the latent result, 0 without. */
vf_id vf_b_attention_core(vf_build *b, uint32_t il, vf_id q, vf_id k, vf_id v, vf_id mask, vf_id bias, vf_id sinks,
                          vf_id v_mla);

/** The same for latent attention, without the output projection: the cache holds K only, and V is a part of it. `top`: of
 * vf_b_indexer, 0 without. */
vf_id vf_b_attention_latent(vf_build *b, uint32_t il, vf_id q, vf_id k, vf_id v, vf_id top);

/** Sparse attention: the cells to see for every token ("top"), chosen by a small attention over the
 * normed input and the query's low-rank row; and the mask that lets only them through. */
vf_id vf_b_indexer(vf_build *b, uint32_t il, vf_id x, vf_id low_rank);
vf_id vf_b_indexer_mask(vf_build *b, vf_id mask, vf_id top);

/** A parameter whose name has no ".weight" (ssm_a, ssm_d). */
vf_id vf_b_parameter(vf_build *b, uint32_t il, vf_role role);

/** Recurrent states kept of each sequence: one, and of drafted tokens one each; and how many a batch writes. */
uint64_t vf_b_snapshots(const vf_build *b);
uint64_t vf_b_snapshots_written(const vf_build *b);
/** Recurrent state of layer il: rows of `width` elements, one for each snapshot of a sequence. */
vf_id vf_b_state_tensor(vf_build *b, uint32_t il, uint64_t width);
/** The rows of the batch's sequences ... */
vf_id vf_b_state_rows(vf_build *b, vf_id state);
/** ... or, where an operation reads the state itself: before and after it. `rows` is its result. */
vf_id vf_b_state_begin(vf_build *b, vf_id state);
void vf_b_state_end(vf_build *b, vf_id state, vf_id states, vf_id rows);
/** A convolution's input from the state's columns and new ones; and the convolution. */
vf_id vf_b_conv_shift(vf_build *b, vf_id state, vf_id old, vf_id x);
vf_id vf_b_conv_apply(vf_build *b, uint32_t il, vf_role role, vf_id in);
vf_id vf_b_ssm_conv(vf_build *b, vf_id in, vf_id kernel, uint64_t rows, uint64_t columns, uint64_t seqs);

/** Mixers: normed input to output, ready for the residual sum. */
vf_id vf_b_gqa(vf_build *b, uint32_t il, vf_id x);
vf_id vf_b_mla(vf_build *b, uint32_t il, vf_id x);
vf_id vf_b_mamba(vf_build *b, uint32_t il, vf_id x);
vf_id vf_b_plamo2(vf_build *b, uint32_t il, vf_id x);
vf_id vf_b_mamba2(vf_build *b, uint32_t il, vf_id x);
vf_id vf_b_shortconv(vf_build *b, uint32_t il, vf_id x);
vf_id vf_b_delta_net(vf_build *b, uint32_t il, vf_id x);
vf_id vf_b_kda(vf_build *b, uint32_t il, vf_id x);
vf_id vf_b_lightning(vf_build *b, uint32_t il, vf_id x);

/** Whole layers that do not follow the architecture's steps. */
vf_id vf_b_rwkv_layer(vf_build *b, uint32_t il, vf_id x);
vf_id vf_b_rwkv_qwen_layer(vf_build *b, uint32_t il, vf_id x);
vf_id vf_b_altup_layer(vf_build *b, uint32_t il, vf_id x);

/** Residual attention: a layer, and the mix behind the last one, rows picked. */
vf_id vf_b_residual_layer(vf_build *b, uint32_t il, vf_id x);
vf_id vf_b_residual_end(vf_build *b, vf_id x);

/** AltUp: from one stream to several and back, rows picked. */
vf_id vf_b_altup_begin(vf_build *b, vf_id x);
vf_id vf_b_altup_end(vf_build *b, vf_id x);
/** Embeddings of every layer: their inputs, and their part of a layer. */
void vf_b_per_layer_inputs(vf_build *b, vf_id x);
vf_id vf_b_per_layer(vf_build *b, uint32_t il, vf_id x);

/** Attention of a decoder to an encoder's output. */
vf_id vf_b_cross_attention(vf_build *b, uint32_t il, vf_id x);

/** Feed-forward blocks. */
/** `residual`: the stream behind the mixer, which some routers read. `logits`: of a router that has been run
 * before, else 0. */
vf_id vf_b_ffn(vf_build *b, uint32_t il, vf_id x, vf_id residual, vf_id logits);
vf_id vf_b_gate(vf_build *b, vf_id gate, vf_id up);
vf_id vf_b_dense(vf_build *b, int32_t il, vf_role gate, vf_role up, vf_role down, vf_ffn_kind kind, vf_id x);
vf_id vf_b_moe(vf_build *b, uint32_t il, vf_id x, vf_id logits);
/** The experts alone; `logits` of the router. */
vf_id vf_b_routed_experts(vf_build *b, uint32_t il, vf_id x, vf_id logits);
/** Gemma 4: a dense feed-forward on `normed` and experts on x, each with its own norms. */
vf_id vf_b_gemma_experts(vf_build *b, uint32_t il, vf_id normed, vf_id x);

/** The output's copy of the token embeddings. */
vf_id vf_b_tied_output(vf_build *b);

/** One layer, by the architecture's steps or in one of its own kind. */
vf_id vf_b_layer(vf_build *b, uint32_t il, vf_id x);
/** Final norm, logits and pooling; expands what is left. */
void vf_b_head(vf_build *b, vf_id x);
/** What the head is made of: a norm and a matrix, `layer` −1: the model's own. */
vf_id vf_b_logits(vf_build *b, vf_id w, vf_id x);
vf_id vf_b_output_weight(vf_build *b);
/** Positions, caches, states, output rows. */
void vf_b_inputs(vf_build *b);
/** The graph of a prediction layer; and a layer's steps, which may differ there. */
void vf_b_draft(vf_build *b);
const uint8_t *vf_b_steps(const vf_build *b);

/** One reservation of the planner: a graph of so many tokens in so many sequences. */
typedef struct vf_reservation {
    uint64_t n_tokens, n_seqs, n_outputs;
} vf_reservation;

/** Builds the graph of a reservation into g, with the table of leaves; of a few of each sequence of layers that
 * repeats, or of all. `b` holds the question: m, types, c and p. False: out of memory, or not described. Either
 * way vf_b_end gives back what it took. */
bool vf_b_begin(vf_build *b, vf_graph *g, const vf_allocator *scratch, vf_reservation r, bool all_layers);
void vf_b_end(vf_build *b, const vf_allocator *scratch);
/** The whole prompt graph; false when the architecture has a block that is not described. */
bool vf_b_graph(vf_build *b);

#endif
