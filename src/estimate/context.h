/* llama.cpp's context parameters, resolved, and where everything is put: what the cache, the
 * compute simulation and the footprint all read. Counts in tokens, sizes in bytes. */
#ifndef VF_ESTIMATE_CONTEXT_H
#define VF_ESTIMATE_CONTEXT_H

#include "model/model.h"

#define VF_HOST (-1)

/** Source of the rules: llama.cpp src/llama-context.cpp, constructor. */
typedef struct vf_context {
    uint32_t n_seq_max;
    uint64_t n_ctx;       /**< all sequences, padded to 256 */
    uint64_t n_ctx_seq;   /**< one sequence */
    uint64_t n_batch, n_ubatch;
    uint64_t n_streams;   /**< 1 when unified, else n_seq_max */
    uint64_t cells;       /**< per stream, full-attention layers */
    uint64_t cells_swa;   /**< per stream, sliding-window layers */
    uint64_t n_outputs;   /**< rows of logits reserved for a prompt batch */
    vf_type type_k, type_v;
    bool flash_attn;      /**< resolved */
    bool v_transposed;    /**< flash attention was off from the start: V lies transposed (after an "auto" that
                               turns out off it does not) */
    bool unified, offload_kqv, op_offload, embeddings, causal;
    bool drafts;          /**< the context of the prediction layers: its cache and its graph are theirs alone */
    uint32_t n_rs_seq;    /**< older recurrent states kept for each sequence, to go back to */
} vf_context;

/** Devices of layers and tensors. Device VF_HOST is the CPU. */
typedef struct vf_placement {
    uint32_t n_devices;    /**< of the graph; --split tensor makes one of all cards */
    uint32_t n_cards;      /**< what the sums are kept for */
    bool sliced;           /**< --split tensor: every card has a slice of device 0 */
    float share[VF_MAX_DEVICES]; /**< sliced: as given; all 0: even */
    vf_backend backend;
    uint32_t compute_capability[VF_MAX_DEVICES];
    int16_t *layer_device; /**< n_layers + 1 of them; the last is the output layer */
    int16_t *tensor_device; /**< m->n_tensors of them */
    int16_t tied_output_device; /**< where the copy of token_embd for the output is; VF_HOST: no copy */
    bool pipeline;         /**< pipeline parallelism: four copies of every split input */
} vf_placement;

/** Cache and state, bytes: by card and on the host, and the same by kind. */
typedef struct vf_cache {
    uint64_t device[VF_MAX_DEVICES];
    uint64_t host;
    uint64_t k_full, v_full, k_swa, v_swa, state; /**< all devices */
    uint32_t n_full, n_swa, n_state;     /**< layers of each kind */
} vf_cache;

/** Compute buffers by device, and the host's. */
typedef struct vf_compute {
    uint64_t device[VF_MAX_DEVICES];
    uint64_t host;
    bool is_bound; /**< no block list for the architecture: a bound, not a simulation */
} vf_compute;

/** The default of --context for a model: min(4096, n_ctx_train), tokens. */
uint64_t vf_default_context(const vf_model *m);

/** Whether the cache holds compressed MLA rows: K of kv_lora_rank + rope, no V (llama-hparams.cpp: is_mla). */
bool vf_model_is_mla(const vf_model *m);

/** Settings → context parameters. The placement is needed for flash attention "auto". VF_ERR_REFUSED
 * where llama.cpp itself refuses the setting for this model. */
vf_status vf_context_resolve(const vf_model *m, const vf_settings *s, const vf_placement *p,
                             const vf_allocator *scratch, vf_context *c, vf_error *err);

/** The second context of draft_mtp, beside `target`: VF_ERR_REFUSED when the model has no layers for it, or llama.cpp no
 * graph (common/speculative.cpp: common_speculative_init_result). */
vf_status vf_context_drafting(const vf_model *m, const vf_settings *s, const vf_context *target, const vf_placement *p,
                              const vf_allocator *scratch, vf_context *c, vf_error *err);

/** Alignment and extra bytes of a buffer type (spec: llama.cpp buffer types' get_alloc_size). */
uint64_t vf_buffer_alignment(vf_backend backend);
/** Largest single buffer; a larger need is spread over several (VF_OVERFLOW / 2: no limit). */
uint64_t vf_buffer_max_size(vf_backend backend);
/** The same for system memory that belongs to a backend's devices, and bytes each such buffer is made
 * larger. */
uint64_t vf_host_alignment(vf_backend backend);
uint64_t vf_host_max_size(vf_backend backend);
uint64_t vf_host_extra(vf_backend backend);
/** Bytes a tensor of `type` with row length ne0 takes in a buffer of `backend`, padding included:
 * CUDA adds, once per quantized tensor with ne0 % 512 != 0, the row bytes of the missing elements. */
uint64_t vf_buffer_tensor_bytes(vf_backend backend, uint16_t type, uint64_t ne0, uint64_t nbytes);

/** The cache and recurrent state of every layer (llama.cpp src/llama-kv-cache.cpp, -iswa, -recurrent).
 * `types`: storage types of m->tensors, which slices follow. */
vf_status vf_cache_plan(const vf_model *m, const uint16_t *types, const vf_context *c, const vf_placement *p,
                        vf_cache *out, vf_error *err);

/** Simulates llama.cpp's graph planner (ggml-backend.cpp split_graph, ggml-alloc.c) on the prompt graph
 * of `m`. `types` are the storage types of m->tensors. Working memory from `scratch`, given back. */
vf_status vf_graph_compute(const vf_model *m, const uint16_t *types, const vf_context *c, const vf_placement *p,
                           const vf_allocator *scratch, vf_compute *out, vf_error *err);

/** Whether llama.cpp's flash attention "auto" resolves to on: when every attention runs on its layer's own
 * device (llama.cpp src/llama-context.cpp: resolve_fused_ops). Working memory from `scratch`. */
vf_status vf_flash_attn_auto(const vf_model *m, const vf_context *c, const vf_placement *p,
                             const vf_allocator *scratch, bool *on, vf_error *err);

#endif
