/* vramfit: will this language model, in this quantization, with these settings, run on this GPU?
 *
 * This header is the pure half of the library: types, and functions that compute. Nothing here
 * allocates what it does not hand back, opens a file, reads a clock or a locale, or keeps global
 * state; every function may be called from several threads at once as long as they do not share a
 * mutable argument. load.h is the half that reads model files and catalogs.
 *
 * Units are in the names or the comments: bytes, tokens, elements, layers. All sizes are uint64_t
 * bytes; an arithmetic overflow is an error (VF_ERR_RANGE), never a wrapped number.
 */
#ifndef VRAMFIT_VRAMFIT_H
#define VRAMFIT_VRAMFIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(VRAMFIT_STATIC)
#define VF_API
#elif defined(_WIN32)
#if defined(VRAMFIT_BUILDING)
#define VF_API __declspec(dllexport)
#else
#define VF_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define VF_API __attribute__((visibility("default")))
#else
#define VF_API
#endif

#if defined(__GNUC__)
#define VF_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define VF_PRINTF(fmt, args)
#endif

#define VF_VERSION_MAJOR 0
#define VF_VERSION_MINOR 1
#define VF_VERSION_PATCH 0

/** The library's version, "MAJOR.MINOR.PATCH". Static storage. */
VF_API const char *vf_version(void);

/* ---- errors ------------------------------------------------------------------------------- */

/** What a call came to. The values are stable. */
typedef enum vf_status {
    VF_OK = 0,
    VF_ERR_USAGE = 1,     /**< an argument makes no sense */
    VF_ERR_DATA = 2,      /**< a file or catalog entry is malformed, or not what it claims to be */
    VF_ERR_IO = 3,        /**< the caller's read callback failed */
    VF_ERR_NOMEM = 4,     /**< the caller's allocator returned NULL */
    VF_ERR_NOT_FOUND = 5, /**< no such name; the text may carry suggestions */
    VF_ERR_AMBIGUOUS = 6, /**< a name fits several entries; the text lists them */
    VF_ERR_REFUSED = 7,   /**< the runtime itself refuses this setting for this model */
    VF_ERR_RANGE = 8      /**< a size is beyond 2^60 bytes, or a count beyond its limit */
} vf_status;

#define VF_ERROR_TEXT 512

/** One error, as a value. Fields that do not apply are 0 or "". Text from files is already quoted
 * and cut, so all strings are one line of valid UTF-8 without control characters. */
typedef struct vf_error {
    vf_status status;
    uint32_t line, column;    /**< place in a text, from 1; 0: none */
    bool has_byte;            /**< `byte` is meaningful */
    uint64_t byte;            /**< place in a binary file, from 0 */
    char file[256];           /**< name of the input, as given by the caller */
    char key[128];            /**< JSON path, metadata key, tensor name, or option */
    char text[VF_ERROR_TEXT]; /**< what is wrong, and what would be right */
} vf_error;

/* ---- memory ------------------------------------------------------------------------------- */

/** The caller's allocator. `resize(ctx, NULL, 0, n)` allocates n > 0 bytes, aligned for any type;
 * `resize(ctx, p, old, n)` resizes; `resize(ctx, p, old, 0)` frees and returns NULL. Returning NULL
 * for n > 0 means out of memory and leaves `p` valid. */
typedef struct vf_allocator {
    void *(*resize)(void *ctx, void *p, size_t old_size, size_t new_size);
    void *ctx;
} vf_allocator;

/* ---- storage types ------------------------------------------------------------------------ */

/** How elements of a tensor are stored. Values below 256 are ggml's own type ids (as in GGUF
 * files); the others are types of safetensors files that ggml does not have. */
typedef enum vf_type {
    VF_TYPE_F32 = 0,
    VF_TYPE_F16 = 1,
    VF_TYPE_Q4_0 = 2,
    VF_TYPE_Q4_1 = 3,
    VF_TYPE_Q5_0 = 6,
    VF_TYPE_Q5_1 = 7,
    VF_TYPE_Q8_0 = 8,
    VF_TYPE_Q8_1 = 9,
    VF_TYPE_Q2_K = 10,
    VF_TYPE_Q3_K = 11,
    VF_TYPE_Q4_K = 12,
    VF_TYPE_Q5_K = 13,
    VF_TYPE_Q6_K = 14,
    VF_TYPE_Q8_K = 15,
    VF_TYPE_IQ2_XXS = 16,
    VF_TYPE_IQ2_XS = 17,
    VF_TYPE_IQ3_XXS = 18,
    VF_TYPE_IQ1_S = 19,
    VF_TYPE_IQ4_NL = 20,
    VF_TYPE_IQ3_S = 21,
    VF_TYPE_IQ2_S = 22,
    VF_TYPE_IQ4_XS = 23,
    VF_TYPE_I8 = 24,
    VF_TYPE_I16 = 25,
    VF_TYPE_I32 = 26,
    VF_TYPE_I64 = 27,
    VF_TYPE_F64 = 28,
    VF_TYPE_IQ1_M = 29,
    VF_TYPE_BF16 = 30,
    VF_TYPE_TQ1_0 = 34,
    VF_TYPE_TQ2_0 = 35,
    VF_TYPE_MXFP4 = 39,
    VF_TYPE_NVFP4 = 40,
    VF_TYPE_Q1_0 = 41,
    VF_TYPE_Q2_0 = 42,
    VF_TYPE_U8 = 256,
    VF_TYPE_U16 = 257,
    VF_TYPE_U32 = 258,
    VF_TYPE_U64 = 259,
    VF_TYPE_BOOL = 260,
    VF_TYPE_F8_E4M3 = 261,
    VF_TYPE_F8_E5M2 = 262,
    VF_TYPE_F8_E8M0 = 263,
    VF_TYPE_F4 = 264 /**< two elements a byte */
} vf_type;

/** Facts of one storage type. A row of `ne0` elements takes ne0 / block × block_bytes bytes. */
typedef struct vf_type_info {
    vf_type type;
    const char *name;     /**< ggml's spelling, e.g. "Q4_K" */
    uint32_t block;       /**< elements per block */
    uint32_t block_bytes; /**< bytes per block */
    bool quantized;       /**< ggml's notion: a block type, not a plain number */
} vf_type_info;

/** The row of a type, or NULL for an unknown (or removed) id. Static storage. */
VF_API const vf_type_info *vf_type_get(uint32_t type);
/** The row of a type by name, whatever the case ("q8_0", "bf16"), or NULL. Static storage. */
VF_API const vf_type_info *vf_type_find(const char *name);

/* ---- models ------------------------------------------------------------------------------- */

/** A model: hyperparameters, layer table and tensor inventory. Made by the functions of load.h,
 * freed with vf_model_free; immutable in between, so it may be shared by threads. */
typedef struct vf_model vf_model;

/** Frees a model (NULL is fine). */
VF_API void vf_model_free(vf_model *model);

/** What people ask of a model. Strings live as long as the model. */
typedef struct vf_model_facts {
    const char *name;           /**< catalog id, general.name, or the file's name */
    const char *architecture;   /**< llama.cpp's architecture string, e.g. "qwen3moe" */
    bool known_architecture;    /**< there is an architecture record for it */
    uint32_t n_layer;           /**< repeating blocks, MTP blocks included */
    uint32_t n_layer_mtp;       /**< of these, multi-token-prediction blocks */
    uint32_t n_embd, n_vocab;   /**< elements, tokens */
    uint64_t n_ctx_train;       /**< tokens */
    uint32_t n_expert, n_expert_used;
    bool has_types;             /**< the tensors' storage types are known (read from a file) */
    uint32_t file_type;         /**< what the file calls its mix (llama_ftype); UINT32_MAX: nothing */
    bool causal;                /**< false: an encoder, which has no cache */
    bool embeds;                /**< made for embeddings: an encoder, or a model that says how they are pooled */
    uint64_t parameters;        /**< elements, without computed tables and side tensors */
    uint64_t parameters_active; /**< of these, used for one token (all, without experts) */
    uint64_t model_bytes;       /**< bytes of all tensors; 0 when types are not known */
    uint64_t published_parameters; /**< as published (catalog); 0: unknown */
    const char *published_quant;   /**< name of the format the weights are published in, or "" */
} vf_model_facts;

/** Fills `out` with the facts of `model`. */
VF_API void vf_model_describe(const vf_model *model, vf_model_facts *out);

/* ---- quantization ------------------------------------------------------------------------- */

/** What kind of rule turns tensors into storage types. */
typedef enum vf_quant_kind {
    VF_QUANT_AS_FILE = 0, /**< the types that the file itself gives */
    VF_QUANT_GGUF = 1,    /**< llama.cpp's mix for a file type (llama_ftype) */
    VF_QUANT_CAST = 2,    /**< every weight in one plain type (fp32, fp16, bf16) */
    VF_QUANT_NOMINAL = 3, /**< a number of bits per weight, nothing else (runtime generic) */
    VF_QUANT_SCHEME = 4   /**< a named scheme of another runtime */
} vf_quant_kind;

/** How the elements of a quantized matrix of o outputs and i inputs are stored: codes, and what is needed
 * to read them. `bits` are the nominal ones, `group` the inputs that share a scale. */
typedef enum vf_packing {
    VF_PACK_NONE = 0,
    VF_PACK_ROW,         /**< codes, one fp32 scale an output (LLM.int8, torchao int8, fp8 per channel) */
    VF_PACK_TENSOR,      /**< codes, one fp32 scale a matrix (fp8) */
    VF_PACK_BLOCK,       /**< codes, one fp32 scale for each group x group block (fp8 of DeepSeek) */
    VF_PACK_BNB4,        /**< bitsandbytes 4-bit: fp32 absmax for each `group` elements, a code table */
    VF_PACK_BNB4_DOUBLE, /**< the same, with the absmax quantized once more */
    VF_PACK_GPTQ,        /**< packed into 32-bit words along i; fp16 scale, packed zero, g_idx */
    VF_PACK_AWQ,         /**< packed along o; fp16 scale, packed zero */
    VF_PACK_AFFINE,      /**< codes, a 16-bit scale and a 16-bit zero a group (MLX) */
    VF_PACK_HQQ,         /**< the same, three bits by tens in 32-bit words */
    VF_PACK_TILE,        /**< the same with i padded to 1024 and o to 8 (torchao int4) */
    VF_PACK_WORDS,       /**< compressed-tensors: 32-bit words along i, 16-bit scale a group, the shape */
    VF_PACK_MICRO,       /**< codes, one byte of scale a group (MXFP4, MXFP8) */
    VF_PACK_MICRO_GLOBAL, /**< the same and two fp32 a matrix (NVFP4) */
    VF_PACK_TRELLIS,     /**< EXL3: codes in tiles of 128, a 16-bit sign vector for each side */
    VF_PACK_MIXED,       /**< EXL2: `bits` are the average, scales included */
    VF_PACK_TERNARY,     /**< BitNet: four weights a byte, one 16-bit scale a matrix */
    VF_PACK_CODEBOOK     /**< AQLM: one 16-bit code for 8 elements, a book of 2^16 of 8 in 16 bits, a scale an output */
} vf_packing;

/** Which matrices a scheme quantizes; all others stay at 16 bits. */
typedef enum vf_covers {
    VF_COVERS_DECODER = 0, /**< linear layers of the blocks, routers of experts not (quantized checkpoints) */
    VF_COVERS_LINEAR,      /**< the same with routers, but not experts that are one fused tensor (on loading) */
    VF_COVERS_HEAD,        /**< linear layers of the blocks and the output matrix */
    VF_COVERS_ALL,         /**< the token embeddings, too */
    VF_COVERS_EXPERTS      /**< the matrices of experts only */
} vf_covers;

/** A quantization. Plain data; usually from vf_catalog_quant. */
typedef struct vf_quant {
    vf_quant_kind kind;
    char name[48];           /**< as shown: "Q4_K_M", "bf16" */
    uint32_t ftype;          /**< VF_QUANT_GGUF: llama_ftype id */
    vf_type type;            /**< VF_QUANT_CAST: the type */
    uint32_t millibits;      /**< nominal bits per weight × 1000 (generic: 250 .. 32000); 0: unknown */
    bool imatrix;            /**< made with an importance matrix */
    bool output_typed;       /**< VF_QUANT_GGUF: output matrix and token embeddings have a type of their own */
    vf_type output_type;     /**< that type */
    char runtime[24];        /**< the runtime that the name implies */
    vf_packing packing;      /**< VF_QUANT_SCHEME, and VF_QUANT_AS_FILE where it is known */
    vf_covers covers;        /**< with it: what is quantized */
    uint32_t group;          /**< with it: elements a scale, 0: a whole row */
    uint32_t head_millibits; /**< with it: bits of the output matrix × 1000 where it has its own; 0: the same */
    uint32_t spread_percent; /**< files of that name may hold so much more than its mix gives; 0: they do not */
} vf_quant;

/* ---- settings ----------------------------------------------------------------------------- */

#define VF_MAX_DEVICES 16
#define VF_OUTPUTS_DEFAULT 0
#define VF_OUTPUTS_ALL UINT32_MAX
#define VF_LAYERS_ALL UINT32_MAX

typedef enum vf_auto { VF_AUTO = 0, VF_ON = 1, VF_OFF = 2 } vf_auto;
typedef enum vf_backend {
    VF_BACKEND_CUDA = 0,
    VF_BACKEND_ROCM,
    VF_BACKEND_VULKAN,
    VF_BACKEND_METAL,
    VF_BACKEND_SYCL,
    VF_BACKEND_CPU
} vf_backend;
typedef enum vf_split { VF_SPLIT_LAYER = 0, VF_SPLIT_ROW, VF_SPLIT_TENSOR, VF_SPLIT_NONE } vf_split;
/** What the model is run for, where a runtime's memory depends on it: text is generated; hidden states of
 * every layer are captured in one forward; logits of every position are scored; only states are wanted. */
typedef enum vf_workload { VF_WORKLOAD_CHAT = 0, VF_WORKLOAD_STEERING, VF_WORKLOAD_EVAL, VF_WORKLOAD_EMBED } vf_workload;
/** Fine-tuning: of all weights, of adapters, of adapters beside quantized weights. `context` is then the length of a
 * sequence, `parallel` the sequences of one step. */
typedef enum vf_train { VF_TRAIN_NONE = 0, VF_TRAIN_FULL, VF_TRAIN_LORA, VF_TRAIN_QLORA } vf_train;
typedef enum vf_policy { VF_POLICY_CONSERVATIVE = 0, VF_POLICY_MEDIAN, VF_POLICY_OPTIMISTIC } vf_policy;

/** Tensors whose names match `pattern` (a regular expression, searched for in the whole name as
 * llama.cpp's --override-tensor does) go to a device: its index, or VF_DEVICE_CPU. The first pattern
 * that matches wins. */
#define VF_DEVICE_CPU (-1)
typedef struct vf_override {
    const char *pattern; /**< the caller's, kept while estimating */
    int32_t device;
} vf_override;

/** The settings of a run . vf_settings_init gives the defaults. */
typedef struct vf_settings {
    uint64_t context;      /**< tokens, in the runtime's own meaning; 0: min(4096, n_ctx_train) */
    uint32_t parallel;     /**< sequences; 0: the runtime's default (1) */
    uint32_t batch;        /**< tokens; 0: default (2048) */
    uint32_t ubatch;       /**< tokens; 0: default (512) */
    uint64_t prompt;       /**< tokens in one forward where the runtime does not chunk; 0: context */
    vf_type type_k, type_v; /**< cache types */
    bool type_kv_set;      /**< false: the runtime's default */
    vf_auto flash_attn;
    uint32_t gpu_layers;   /**< layers on the cards, output included; VF_LAYERS_ALL */
    uint32_t cpu_moe;      /**< leading layers whose experts stay on the CPU; VF_LAYERS_ALL; 0: none */
    const vf_override *override; /**< n_override of them; the caller's */
    uint32_t n_override;
    vf_split split;
    uint32_t n_tensor_split;
    double tensor_split[VF_MAX_DEVICES]; /**< shares; n_tensor_split 0: in proportion to `available` */
    uint32_t outputs;      /**< rows of logits, all sequences; VF_OUTPUTS_DEFAULT, VF_OUTPUTS_ALL */
    uint32_t draft_max;    /**< speculative decoding: tokens drafted ahead at most; 0: no drafting */
    bool draft_mtp;        /**< the model's own prediction layers draft: they are loaded, in a context of their own */
    bool embeddings, mtp, swa_full, kv_unified, no_kv_offload, no_op_offload, no_mmap;
    vf_backend backend;
    vf_policy policy;
    vf_workload workload;
    vf_train train;
    /* servers that fill the card; 0: the runtime's own default */
    uint32_t max_num_seqs;
    uint64_t max_num_batched_tokens;
    uint32_t gpu_memory_utilization; /**< share of the card, millionths */
    uint32_t tensor_parallel, pipeline_parallel; /**< cards; 0: all cards of the set share each layer */
    bool expert_parallel; /**< cards that share layers hold whole experts, not a part of each */
} vf_settings;

/** The defaults: all layers on the card, f16 cache, flash attention auto, one sequence. */
VF_API void vf_settings_init(vf_settings *settings);

/** One card (or the CPU), as the estimate sees it. Bytes. */
typedef struct vf_device {
    char name[64];
    uint64_t total;          /**< as the driver reports it */
    uint64_t reserved;       /**< held by the driver */
    uint64_t desktop;        /**< what the GUI and other windows hold */
    uint64_t desktop_spread; /**< by how much that may be more */
    uint64_t other;          /**< held back by --reserve */
    uint32_t compute_capability; /**< CUDA, ×10: 86 = 8.6; 0: not CUDA or unknown */
    uint32_t multiprocessors;    /**< CUDA: a context grows with them; 0: unknown */
    uint32_t bandwidth_mbs;      /**< of its memory, 10^6 bytes/s; 0: unknown */
    uint32_t link_mbs, bus_mbs;  /**< to another card and to the host, one direction, 10^6 bytes/s; 0: none, unknown */
    bool link_is_bridge;         /**< the link is a part sold apart, which may not be there */
} vf_device;

/* ---- estimate ----------------------------------------------------------------------------- */

typedef enum vf_verdict { VF_FIT = 0, VF_FRAGILE = 1, VF_NO_FIT = 2 } vf_verdict;

/** The segments of memory that are told apart. */
typedef enum vf_segment {
    VF_SEG_WEIGHTS = 0,
    VF_SEG_KV_CACHE, /**< recurrent state included */
    VF_SEG_COMPUTE,
    VF_SEG_RUNTIME,
    VF_SEG_COUNT
} vf_segment;

/** What one device needs. Bytes. need = Σ segments; headroom = available − need (signed). */
typedef struct vf_device_result {
    char name[64];
    uint64_t total, reserved, desktop, other, available;
    uint64_t segment[VF_SEG_COUNT];
    uint64_t need;
    uint64_t margin;
    int64_t headroom;
    uint32_t layers; /**< repeating blocks on the device */
    vf_verdict verdict;
} vf_device_result;

/** One line of --explain: where a number comes from. Strings are static or in `detail`. */
typedef struct vf_term {
    int32_t device; /**< index of the device; -1: the host */
    uint32_t member; /**< of models side by side: 1 + the index of the member whose it is; 0: the model's own */
    vf_segment segment;
    const char *name;    /**< e.g. "attention cache, full layers" */
    const char *formula; /**< e.g. "K·cells + V·cells, per layer" */
    const char *source;  /**< where the formula or constant was read */
    char detail[160];    /**< the formula with its numbers */
    uint64_t bytes;
    uint64_t spread; /**< bytes by which it may be off; 0: exact */
} vf_term;

#define VF_MAX_TERMS 96
#define VF_TERM_DESKTOP "desktop, beyond its profile" /**< the term that is the card's, not the model's */
#define VF_MAX_NOTES 16
#define VF_NOTE_TEXT 256

#define VF_MAX_MEMBERS 16

/** What is loaded beside the model, in the same process. */
typedef enum vf_member_kind {
    VF_MEMBER_DRAFT = 0, /**< a draft model for speculative decoding: a model with a context of its own */
    VF_MEMBER_MMPROJ,    /**< a vision or audio projector: weights and a buffer on the first card */
    VF_MEMBER_LORA,      /**< an adapter: each matrix where its base tensor is */
    VF_MEMBER_MTP,       /**< of a result only: the second context of settings.draft_mtp */
    VF_MEMBER_ALSO       /**< of a result only: another model, in a process of its own (vf_pack) */
} vf_member_kind;

typedef struct vf_member {
    vf_member_kind kind;
    const vf_model *model; /**< the caller's; NULL for a projector of which only `bytes` are known */
    vf_quant quant;
    const char *name;      /**< as shown; the caller's */
    uint64_t bytes;        /**< of weights, without a model */
} vf_member;

/** What one member takes. Bytes, over all cards and on the host. */
typedef struct vf_member_result {
    vf_member_kind kind;
    char name[96];
    char quant[48];
    uint64_t weights, kv_cache, compute;
    uint64_t device[VF_MAX_DEVICES][VF_SEG_COUNT]; /**< the same by card */
    uint64_t host_weights, host_kv_cache, host_compute;
    /* a process of its own only */
    uint64_t overhead; /**< of the runtime, on its cards */
    char runtime[24];
    uint64_t context;
    uint32_t cards; /**< bit i: it has memory of card i */
} vf_member_result;

/** "draft", "mmproj", "lora", "mtp", "also". */
VF_API const char *vf_member_kind_name(vf_member_kind kind);

/** A result: plain data, no pointers into other objects but static strings. */
typedef struct vf_result {
    vf_verdict verdict;
    char runtime[24];
    vf_backend backend;
    uint64_t context, context_per_sequence;
    uint32_t parallel;
    uint64_t parameters;  /**< elements */
    uint64_t model_bytes; /**< bytes of all tensors as stored */
    uint64_t need, available, margin; /**< sums over devices */
    int64_t headroom;                 /**< the smallest */
    uint32_t n_devices;
    vf_device_result device[VF_MAX_DEVICES];
    struct {
        uint64_t weights, kv_cache, compute, output; /**< output is in no other field */
    } host;
    uint32_t cards;     /**< beside other models: bit i: the model itself has memory of card i; 0: alone, on all */
    uint32_t n_members; /**< in the sums above, each one's own bytes in `member` */
    /* what was taken where the settings left it open */
    uint32_t ubatch, batch;
    bool flash_attn;
    vf_type type_k, type_v;
    /* runtimes that fill the card with cache; a sequence is one of `context` tokens */
    bool has_pool;
    uint64_t pool_bytes;    /**< left for the cache, all cards together */
    uint64_t pool_tokens;   /**< that it holds */
    uint64_t max_sequences; /**< that it holds at once */
    uint32_t tensor_parallel; /**< cards that share each layer; 0, 1: layers lie whole on one, which work in turn */
    /* lists: what lies behind their ends is unspecified */
    uint32_t n_terms, n_notes;
    vf_term term[VF_MAX_TERMS];
    char note[VF_MAX_NOTES][VF_NOTE_TEXT];
    vf_member_result member[VF_MAX_MEMBERS];
} vf_result;

/** One question. */
typedef struct vf_request {
    const vf_model *model;
    vf_quant quant;
    const char *runtime; /**< a name from vf_runtime_name */
    vf_settings settings;
    uint64_t nominal_parameters; /**< runtime generic on a size class: its nominal count; 0: the model's */
    const vf_member *member;     /**< n_members of them, loaded beside the model; the caller's */
    uint32_t n_members;
    uint32_t n_devices;          /**< 0: the CPU alone */
    vf_device device[VF_MAX_DEVICES];
} vf_request;

/** Answers one question. `scratch` serves working memory, all of it given back before return.
 * VF_ERR_REFUSED when the runtime refuses a setting, VF_ERR_RANGE on absurd sizes, VF_ERR_USAGE
 * on settings that contradict each other. On error `out` is unspecified. */
VF_API vf_status vf_estimate(const vf_request *request, const vf_allocator *scratch, vf_result *out,
                             vf_error *err);

/** The same question on another card, without computing the buffers anew, which do not depend on how large the card is:
 * `result` of vf_estimate(request) becomes that of the request with `card` in place of its only device.
 * VF_ERR_USAGE, and nothing is changed, where more than the verdict would depend on the card: several devices, another
 * compute capability, a runtime other than llama.cpp and generic. */
VF_API vf_status vf_estimate_card(const vf_request *request, const vf_device *card, vf_result *result, vf_error *err);

/** Runtimes that are built in: name of number `i` from 0, NULL past the end. Static storage. */
VF_API const char *vf_runtime_name(uint32_t i);

/** "fit", "fragile", "no-fit". */
VF_API const char *vf_verdict_name(vf_verdict verdict);
/** "cuda", "rocm", "vulkan", "metal", "sycl", "cpu". */
VF_API const char *vf_backend_name(vf_backend backend);

/* ---- text helpers that the program shares with the library --------------------------------- */

/** Writes `n` bytes of foreign text, quoted: at most 80 characters, other bytes as \xNN, within
 * '...'. Returns `out`. `size` is the room in `out`, at least 8. */
VF_API char *vf_quote(char *out, size_t size, const char *text, size_t n);

/** Parses a size. card: GB, GiB, G = 2^30 and so on (a card's label); otherwise GB = 10^9 and
 * GiB, G = 2^30. Digits, one dot, a unit; no sign, no comma, no hex, nothing behind. */
VF_API vf_status vf_parse_size(const char *text, bool card, uint64_t *bytes, vf_error *err);

/** How far two names are apart, for "did you mean": edit distance after folding case and
 * separators, UINT32_MAX when either is longer than 256 characters. */
VF_API uint32_t vf_name_distance(const char *a, const char *b);

#ifdef __cplusplus
}
#endif
#endif
