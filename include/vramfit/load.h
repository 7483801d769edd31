/* vramfit, the half that reads: catalogs, GGUF headers, config.json, safetensors headers, logs.
 *
 * Nothing here opens a file. Readers are fed by the caller, through a vf_source (a forward read
 * callback) or with bytes in memory, and hold hard limits on everything a file can claim.
 */
#ifndef VRAMFIT_LOAD_H
#define VRAMFIT_LOAD_H

#include "vramfit/vramfit.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Where bytes come from. Reads go forward only. */
typedef struct vf_source {
    const char *name; /**< for messages; the caller's, kept while reading */
    /** Reads up to n bytes: the count, 0 at the end, -1 on error. */
    int64_t (*read)(void *ctx, void *buffer, size_t n);
    /** Skips n bytes forward; false on error. NULL: skipping is reading. */
    bool (*skip)(void *ctx, uint64_t n);
    void *ctx;
    uint64_t size; /**< bytes in all; UINT64_MAX: unknown (a pipe) */
} vf_source;

/** Gives the other parts of a split model: fills `part` (number `i` of `n`, from 0) or fails with a
 * message that names what is missing. `done` is called after each part was read. */
typedef struct vf_parts {
    vf_status (*open)(void *ctx, uint32_t i, uint32_t n, vf_source *part, vf_error *err);
    void (*done)(void *ctx, vf_source *part);
    void *ctx;
} vf_parts;

/** The version of the cJSON library that reads JSON here, e.g. "1.7.15". Static storage. */
VF_API const char *vf_json_library_version(void);

/* ---- catalog ------------------------------------------------------------------------------ */

/** Models, architectures, quantizations, GPUs, runtimes, desktops: the built-in data and what was
 * added to it. Additions replace built-in entries of the same id. Owns its memory. */
typedef struct vf_catalog vf_catalog;

/** Opens the built-in catalog (compiled in: no file is read, no JSON parsed). `a` must outlive it. */
VF_API vf_status vf_catalog_new(const vf_allocator *a, vf_catalog **out, vf_error *err);
VF_API void vf_catalog_free(vf_catalog *catalog);

/** One finding of a check. Its id is stable, one of those that vf_catalog_check_rule lists. */
typedef struct vf_finding {
    bool is_error;     /**< else a warning */
    const char *id;    /**< static */
    vf_error error;    /**< place and text */
} vf_finding;

/** Called for each finding; return false to stop. */
typedef bool (*vf_finding_fn)(void *ctx, const vf_finding *finding);

/** What a finding's id means. */
typedef struct vf_check_rule {
    const char *id;
    bool is_error; /**< else a warning */
    const char *text;
} vf_check_rule;
/** Rule number i, NULL past the end. Static storage. */
VF_API const vf_check_rule *vf_catalog_check_rule(uint32_t i);

/** Kinds of catalog files; a file says which by its top-level key. */
typedef enum vf_kind {
    VF_KIND_MODEL = 0,
    VF_KIND_ARCH,
    VF_KIND_QUANT,
    VF_KIND_GPU,
    VF_KIND_RUNTIME,
    VF_KIND_DESKTOP,
    VF_KIND_COUNT
} vf_kind;

/** Adds one JSON file (`text`, n bytes, called `file`). With `fn` all findings are given to it and the
 * first error is returned; without it reading stops at the first error. Entries without errors are added
 * in either case. An entry of the id of a built-in one replaces it; of one added before, it is an error. */
VF_API vf_status vf_catalog_add(vf_catalog *catalog, const char *file, const char *text, size_t n,
                                vf_finding_fn fn, void *ctx, vf_error *err);

/** Number of entries of a kind, additions included. */
VF_API uint32_t vf_catalog_count(const vf_catalog *catalog, vf_kind kind);

/** The id of an entry; NULL past the end. */
VF_API const char *vf_catalog_name(const vf_catalog *catalog, vf_kind kind, uint32_t index);
/** Whether an entry was added to the built-in ones (or put in place of one). */
VF_API bool vf_catalog_added(const vf_catalog *catalog, vf_kind kind, uint32_t index);

/** Told of each field that two entries do not have alike: its path in the file ("hparams/block_count"), and
 * the values as JSON would have them. Texts live until the function returns. */
typedef void (*vf_difference_fn)(void *ctx, const char *key, const char *old_value, const char *new_value);

/** Compares two entries of a kind field by field, of two catalogs or of one. VF_ERR_USAGE when there is no
 * such entry. */
VF_API vf_status vf_catalog_compare(const vf_catalog *old_catalog, uint32_t old_index, const vf_catalog *new_catalog,
                                    uint32_t new_index, vf_kind kind, vf_difference_fn fn, void *ctx);

/** Finds an entry by id or alias, in any common spelling (case, separators, vendor prefix; words such as
 * -Instruct where they make no difference). The index is for the functions below. VF_ERR_NOT_FOUND
 * carries up to three suggestions, VF_ERR_AMBIGUOUS the candidates, in err->text; looking for suggestions
 * takes about a millisecond and is left out when `err` is NULL. */
VF_API vf_status vf_catalog_find(const vf_catalog *catalog, vf_kind kind, const char *name, uint32_t *index,
                                 vf_error *err);

/** Finds the model and the quantization that a file's name (or a tag) tells, without any file being
 * there: "Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf", "llama3.1:8b-instruct-q4_K_M". Folders, ".gguf" and
 * "-00001-of-00003" are passed over. *quant is UINT32_MAX when the name tells none. Errors are those of
 * vf_catalog_find for the model. */
VF_API vf_status vf_catalog_find_file(const vf_catalog *catalog, const char *name, uint32_t *model, uint32_t *quant,
                                      vf_error *err);

/** The next way, from the right, to read a name as a model's with a quantization behind it: the length of
 * the model's part, shorter than `n`, or 0 when there is none. Begin with the name's length. */
VF_API size_t vf_catalog_split_name(const vf_catalog *catalog, const char *name, size_t n, uint32_t *quant);

/** A model as listed. Strings live as long as the catalog. Unknown numbers are 0, strings "". */
typedef struct vf_model_entry {
    const char *id, *family, *arch, *release, *license, *source, *confidence;
    uint64_t parameters;           /**< of the language model, computed tables not counted: the sum over its shape */
    uint64_t parameters_active;    /**< used for one token */
    uint64_t parameters_vision;    /**< of vision and audio towers */
    uint64_t parameters_published; /**< of the published files, towers and multi-token prediction included */
    uint64_t n_ctx_train;
    uint64_t n_ctx_extended; /**< that scaled positions reach (YaRN and the like), as its maker says */
    const char *published_quant;
    uint32_t n_layer, n_embd, n_head, n_head_kv, n_vocab, n_expert, n_expert_used;
    uint32_t n_aliases;
} vf_model_entry;
VF_API vf_status vf_catalog_model(const vf_catalog *catalog, uint32_t index, vf_model_entry *out);
/** Alias number i of a model, NULL past the end. */
VF_API const char *vf_catalog_model_alias(const vf_catalog *catalog, uint32_t index, uint32_t i);
/** Makes a model (layer table and generated inventory) of a catalog entry. */
VF_API vf_status vf_catalog_model_open(const vf_catalog *catalog, uint32_t index, const vf_allocator *a,
                                       vf_model **out, vf_error *err);

/** A size class such as "13B": the model that stands in, and the nominal number of parameters.
 * VF_ERR_NOT_FOUND names the nearest classes; a name that is no size at all gives it with an empty text. */
VF_API vf_status vf_catalog_size_class(const vf_catalog *catalog, const char *name, uint32_t *model_index,
                                       uint64_t *nominal_parameters, vf_error *err);

/** Size class number i, in the order of the catalog (built in: by parameters, classes of experts last).
 * VF_ERR_NOT_FOUND past the end. */
VF_API vf_status vf_catalog_size_class_at(const vf_catalog *catalog, uint32_t i, uint32_t *model_index,
                                          uint64_t *nominal_parameters);

typedef struct vf_quant_entry {
    const char *name, *kind, *runtimes, *note, *source, *confidence;
    const char *quality;     /**< what it costs in quality, and where that was measured; "": unknown */
    const char *approximate; /**< why sizes need not be those of the mix; "": they are */
    const char *packing, *covers; /**< of a scheme: how a matrix is stored, and which are; "" */
    uint32_t millibits;        /**< bits per weight × 1000 as the name says: 8000 for Q8_0 */
    uint32_t stored_millibits; /**< the same with scales: 8500 for Q8_0 */
    vf_quant quant;     /**< for vf_request; quant.runtime is the one that the name implies */
    uint32_t n_aliases;
    uint32_t n_runtimes; /**< that load it; `runtimes` has them with commas */
} vf_quant_entry;
VF_API vf_status vf_catalog_quant(const vf_catalog *catalog, uint32_t index, vf_quant_entry *out);
VF_API const char *vf_catalog_quant_alias(const vf_catalog *catalog, uint32_t index, uint32_t i);
/** Name of runtime number i that loads it, NULL past the end. */
VF_API const char *vf_catalog_quant_runtime(const vf_catalog *catalog, uint32_t index, uint32_t i);

typedef struct vf_gpu_entry {
    const char *name, *vendor, *class_, *architecture, *memory_type, *bus, *link, *note, *source, *confidence;
    uint64_t memory_bytes;   /**< as sold */
    uint64_t driver_bytes;   /**< total that the driver reports (0: unknown; memory_bytes then) */
    uint64_t reserved_linux, reserved_windows; /**< driver's reserve */
    uint32_t bandwidth_mbs;  /**< MB/s (10^6), 0 unknown */
    uint32_t compute_capability; /**< ×10, 0: not CUDA */
    uint32_t multiprocessors;    /**< CUDA, 0: unknown */
    vf_backend backend;      /**< default by the maker */
    bool unified_memory;
    uint32_t year;
    const char *desktop;     /**< default desktop profile: "typical" or "none" */
    uint32_t n_aliases;
} vf_gpu_entry;
VF_API vf_status vf_catalog_gpu(const vf_catalog *catalog, uint32_t index, vf_gpu_entry *out);
VF_API const char *vf_catalog_gpu_alias(const vf_catalog *catalog, uint32_t index, uint32_t i);

typedef struct vf_desktop_entry {
    const char *name, *note, *source;
    uint64_t bytes, spread;
} vf_desktop_entry;
VF_API vf_status vf_catalog_desktop(const vf_catalog *catalog, uint32_t index, vf_desktop_entry *out);

typedef struct vf_runtime_entry {
    const char *name, *version, *note, *source;
    bool available; /**< there is a profile for it in this build */
    uint32_t n_aliases;
} vf_runtime_entry;
VF_API vf_status vf_catalog_runtime(const vf_catalog *catalog, uint32_t index, vf_runtime_entry *out);

/** The sense checks over everything in the catalog: parameters against shape, heads, duplicates,
 * clashing names, ranges. Returns VF_OK when there was no error (warnings are fine). */
VF_API vf_status vf_catalog_check(const vf_catalog *catalog, const vf_allocator *scratch, vf_finding_fn fn,
                                  void *ctx, vf_error *err);

/* ---- model files -------------------------------------------------------------------------- */

/** Reads the header of a GGUF file (version 2 or 3; the first part of a split one, others through
 * `parts`, which may be NULL). Architectures come from `catalog`. Never reads tensor data. */
VF_API vf_status vf_gguf_read(const vf_catalog *catalog, vf_source *source, const vf_parts *parts,
                              const vf_allocator *a, vf_model **out, vf_error *err);

/** Reads a Hugging Face config.json (n bytes of text). `headers`, when not NULL, gives the safetensors
 * files beside it (0 parts: none): their tensors replace the generated inventory. */
VF_API vf_status vf_config_read(const vf_catalog *catalog, const char *file, const char *text, size_t n,
                                const vf_parts *headers, uint32_t n_headers, const vf_allocator *a,
                                vf_model **out, vf_error *err);

/** Reads safetensors headers alone: weights without a model's shape. */
VF_API vf_status vf_safetensors_read(const vf_parts *headers, uint32_t n_headers, const vf_allocator *a,
                                     vf_model **out, vf_error *err);

/** Reads model.safetensors.index.json: calls `shard` with each distinct file name, sorted. They are plain
 * names of the index's own folder. `shard` returns false to stop (VF_ERR_NOMEM). `a` serves working
 * memory, all of it given back before return. */
VF_API vf_status vf_safetensors_index_read(vf_source *source,
                                           bool (*shard)(void *ctx, const char *name), void *ctx,
                                           const vf_allocator *a, vf_error *err);

/* ---- logs of a runtime --------------------------------------------------------------------- */

/** What a log tells apart. VF_LOG_KV_CACHE holds recurrent state too. */
typedef enum vf_log_term {
    VF_LOG_WEIGHTS = 0,
    VF_LOG_KV_CACHE,
    VF_LOG_COMPUTE,
    VF_LOG_OUTPUT, /**< on the host only */
    VF_LOG_TERMS
} vf_log_term;

/** An amount as it was printed, which is rounded: it lies within low and high (bytes). */
typedef struct vf_log_size {
    uint32_t n; /**< printed amounts added up; 0: the log says none */
    uint64_t bytes, low, high;
} vf_log_size;

/** A device of a log, or the host with all its buffer types. */
typedef struct vf_log_device {
    char name[32];               /**< as in the log: "CUDA0" */
    char gpu[64];                /**< what the driver calls it; "" unknown */
    uint64_t total, free;        /**< bytes before loading, in MiB steps; 0: unknown */
    uint32_t compute_capability; /**< ×10; 0: unknown */
    uint32_t layers;             /**< layers assigned to it, the output layer included; 0: unknown */
    vf_log_size term[VF_LOG_TERMS];
} vf_log_device;

/** One model with one context, as a runtime loaded it. Text is the log's, cut and without control characters. Numbers that the
 * log does not say are 0. */
typedef struct vf_log {
    uint64_t line;            /**< of the log, where the load begins, from 1 */
    char path[512];           /**< of the model, as given to the runtime; "" unknown */
    char name[128];           /**< general.name */
    char quant[48];           /**< the file's type, as --quant takes it: "Q4_K_M" */
    bool ollama;              /**< printed by Ollama's own engine */
    bool estimate;            /**< the amounts are what Ollama expects, nothing was allocated */
    bool no_alloc;            /**< a trial without weights, as llama-fit-params makes it */
    uint32_t n_layer, n_embd, n_vocab;
    uint32_t n_offloaded, n_offloadable; /**< "offloaded 33/33 layers" */
    bool output_on_host;      /**< not all were, and the output layer was not among them: until the end of 2025 */
    uint64_t n_ctx;
    uint32_t n_seq_max, n_batch, n_ubatch, n_outputs_max;
    vf_auto flash_attn;
    uint32_t type_k, type_v;  /**< vf_type */
    bool has_types;           /**< the cache types are known */
    bool kv_unified, swa_full, mapped; /**< mapped: host weights are ranges of the file */
    uint32_t cpu_moe;         /**< leading layers whose experts were put on the CPU */
    bool overridden;          /**< other tensors were put elsewhere, too */
    uint32_t n_devices;
    vf_log_device device[VF_MAX_DEVICES];
    vf_log_device host;
} vf_log;

/** Takes one load of a log; false stops the reading. */
typedef bool (*vf_log_fn)(void *ctx, const vf_log *log);

/** Reads what llama.cpp's programs and Ollama print, in the spellings of 2024 to 2026: buffer sizes, context
 * parameters, devices, the memory breakdown at exit. A log may be of any length and hold anything: lines that
 * are not understood are passed over, of one beyond 64 KiB the rest. `fn` gets every load that has amounts, in
 * order; a trial or an estimate only when nothing was really allocated anywhere in the log. Calls `fn` not at
 * all when there is none. VF_ERR_IO and VF_ERR_NOMEM are its only errors. */
VF_API vf_status vf_log_read(vf_source *source, const vf_allocator *a, vf_log_fn fn, void *ctx, vf_error *err);

/** Fills in the settings that the log says (others are left as they are), backend and devices of a request.
 * A device has as `total` what was free on it, because llama.cpp splits by that. */
VF_API void vf_log_request(const vf_log *log, vf_request *request);

/** How a predicted amount stands to the printed one. */
typedef enum vf_log_match {
    VF_LOG_UNSAID = 0, /**< the log does not say */
    VF_LOG_EQUAL,      /**< the same, within the rounding of the print */
    VF_LOG_WITHIN,     /**< off by no more than the estimate's margin */
    VF_LOG_MAPPED,     /**< host weights: within the mapped range of the file */
    VF_LOG_DIFFERS
} vf_log_match;

/** "not said", "equal", "within margin", "mapped", "differs". */
VF_API const char *vf_log_match_name(vf_log_match match);
/** "weights", "KV cache", "compute", "output". */
VF_API const char *vf_log_term_name(vf_log_term term);

typedef struct vf_log_row {
    int32_t device; /**< index; -1: the host */
    vf_log_term term;
    uint64_t predicted, margin; /**< bytes */
    vf_log_size allocated;
    vf_log_match match;
} vf_log_row;

#define VF_LOG_ROWS (3 * VF_MAX_DEVICES + VF_LOG_TERMS)

/** Puts an estimate beside a load: rows in the order of devices, the host last; those that are zero on both
 * sides are left out. Returns their number. */
VF_API uint32_t vf_log_compare(const vf_log *log, const vf_result *result, vf_log_row rows[VF_LOG_ROWS]);

/* ---- the local store of Ollama ------------------------------------------------------------ */

/** A file of the store: STORE/blobs/NAME. The name is made of a digest that was checked, never a path. */
typedef struct vf_ollama_blob {
    char name[72];  /**< "sha256-" and 64 hexadecimal digits; "": there is none */
    uint64_t bytes; /**< as the manifest says */
} vf_ollama_blob;

#define VF_OLLAMA_ADAPTERS 8

/** What a manifest says of a model. */
typedef struct vf_ollama_manifest {
    vf_ollama_blob model;    /**< a GGUF file */
    vf_ollama_blob params;   /**< JSON, for vf_ollama_params_read */
    vf_ollama_blob manifest; /**< a list of manifests that only names the one for GGUF: read that one; all else is 0 */
    vf_ollama_blob projector; /**< a GGUF file: the first one, which is the one that Ollama loads */
    vf_ollama_blob adapter[VF_OLLAMA_ADAPTERS]; /**< GGUF files */
    uint32_t n_adapters;
    uint32_t n_tensors;      /**< layers of safetensors (Ollama's MLX runner) */
} vf_ollama_manifest;

/** Reads a manifest (n bytes of text). VF_ERR_DATA where it has no model layer, or a digest that is none. */
VF_API vf_status vf_ollama_manifest_read(const char *file, const char *text, size_t n, const vf_allocator *a,
                                         vf_ollama_manifest *out, vf_error *err);

/** Parameters of a model's Modelfile that matter for memory. 0: not said. */
typedef struct vf_ollama_params {
    uint64_t num_ctx;   /**< tokens of one sequence */
    uint32_t num_batch; /**< tokens */
    bool has_num_gpu;
    uint32_t num_gpu;   /**< layers on the cards, output included */
} vf_ollama_params;

/** Reads the parameters (n bytes of text); others than these are passed over. */
VF_API vf_status vf_ollama_params_read(const char *file, const char *text, size_t n, const vf_allocator *a,
                                       vf_ollama_params *out, vf_error *err);

#ifdef __cplusplus
}
#endif
#endif
