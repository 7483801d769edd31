/* The inside of vf_model: hyperparameters, layer table, tensor inventory. */
#ifndef VF_MODEL_MODEL_H
#define VF_MODEL_MODEL_H

#include "model/arch.h"
#include "model/hparams.h"
#include "model/roles.h"
#include "vramfit/vramfit.h"

/** One repeating block, with every default and per-layer array resolved. Elements unless said. */
typedef struct vf_layer {
    uint8_t attention; /**< vf_attn_kind */
    uint8_t recurrent; /**< vf_recurrent_kind */
    uint8_t ffn;       /**< vf_ffn_kind; VF_FFN_MOE with n_ff > 0: experts beside a dense feed-forward */
    bool windowed;     /**< sliding window: its cache is cut to n_swa + ubatch cells */
    bool has_cache;    /**< it has K (and V) cells of its own */
    bool draft_cache;  /**< a prediction block's cells, which the main context's cache leaves out */
    bool mtp;          /**< a multi-token-prediction block: in the file, not loaded by default */
    bool indexer;      /**< sparse attention: an indexer, with a cache of one head of indexer_key_length */
    uint32_t n_head, n_head_kv;
    uint32_t head_k, head_v; /**< per head; MLA: of the cache, kv_lora_rank + rope, and kv_lora_rank */
    uint32_t head_k_mla, head_v_mla; /**< MLA: per head after attn_k_b and attn_v_b; else 0 */
    uint32_t n_rot;
    uint32_t n_ff;           /**< dense width */
    uint32_t n_ff_exp, n_ff_shexp, n_expert, n_expert_used;
    uint64_t state_r, state_s; /**< elements of recurrent state (conv part, ssm part) per sequence */
} vf_layer;

typedef enum vf_part { VF_PART_WEIGHT = 0, VF_PART_BIAS, VF_PART_BARE, VF_PART_SCALE, VF_PART_OTHER } vf_part;

/** One weight tensor. */
typedef struct vf_tensor {
    uint16_t role;    /**< vf_role; VF_ROLE_UNKNOWN: only the name is known */
    uint8_t part;     /**< vf_part */
    uint8_t n_dims;
    uint16_t stack;   /**< vf_stack: which blk sequence (decoder "blk", encoder "enc.blk", "dec.blk") */
    uint16_t type;    /**< vf_type */
    int32_t layer;    /**< -1: none */
    uint32_t name;    /**< offset in `names` for unknown roles, else 0 */
    uint64_t ne[4];   /**< elements, ne[0] first (row) */
} vf_tensor;

struct vf_model {
    vf_allocator a;
    char name[256];
    char arch_name[64];
    bool known_arch;
    vf_arch arch;     /**< strings in it are not used once the model is made */
    vf_hparams hp;
    uint32_t *pool;   /**< per-layer arrays of hp, and hp vectors */
    size_t n_pool;
    vf_layer *layers; /**< hp.block_count of them (encoder-decoder: decoder layers) */
    uint32_t n_layers;
    uint32_t head_k, head_v; /**< of layers without a window, whether or not there are any */
    uint32_t n_swa;   /**< window in tokens of the layers that have one, defaults applied; 0: none */
    vf_tensor *tensors; /**< the file's own list in file order, or the generated one */
    size_t n_tensors;
    bool from_file;   /**< tensors and types were read; false: generated, types are the source's */
    uint8_t pack_bits; /**< integer tensors hold several elements a number, of so many bits; 0: they do not */
    bool tied;        /**< no output.weight; for a generated list set by the caller, where the record asks */
    uint64_t options; /**< bit VF_OPTION_x: the model has what its record calls optional */
    /* the index (vf_model_index) */
    uint32_t *order;  /**< n_tensors of them: by layer, then by name in byte order, as llama.cpp sorts */
    uint8_t *mix;     /**< n_tensors of them: the category for quantization mixes */
    struct vf_group *groups; /**< the tensors of one layer, within order */
    uint32_t n_groups;
    uint64_t parameters; /**< vf_model_parameters */
    uint32_t file_type; /**< general.file_type, UINT32_MAX: none */
    char *names;      /**< pool of names of unknown tensors */
    size_t n_names;
    uint64_t published_parameters;
    uint64_t vision_parameters; /**< of a tower that is not in the tensor list (catalog); 0: none */
    char published_quant[48];
};

/** Resolves hp into the layer table (m->layers, m->n_layers); hp, pool and arch are filled in.
 * VF_ERR_DATA when hyperparameters contradict each other (the key names which). */
vf_status vf_layers_build(vf_model *m, vf_error *err);

/** Generates the tensor list of m->arch from the layer table, with source types (f16 matrices, f32
 * vectors and the others that llama.cpp's converter keeps in f32). */
vf_status vf_inventory_build(vf_model *m, vf_error *err);

/** Builds the index of m->tensors (m->order and so on). Called by vf_inventory_build; a reader that
 * fills m->tensors itself calls it once they are complete. Sets m->tied. */
vf_status vf_model_index(vf_model *m, vf_error *err);

/** The storage types under `quant`: types[i] for m->tensors[i]. Generated and file inventories alike;
 * VF_QUANT_AS_FILE copies the file's own. `types` has m->n_tensors room. */
vf_status vf_mix_types(const vf_model *m, const vf_quant *quant, const vf_allocator *scratch, uint16_t *types,
                       vf_error *err);

/** Bytes of a tensor stored as `type` (ggml_nbytes of a contiguous tensor): blocks of ne[0] × rows.
 * VF_OVERFLOW when ne[0] is no multiple of the block or the size does not fit. */
uint64_t vf_tensor_bytes(const vf_tensor *t, uint16_t type);
/** Elements of a tensor. */
uint64_t vf_tensor_elements(const vf_tensor *t);
/** Weights that a tensor holds: its elements, or what a quantizer packed into them (m->pack_bits). */
uint64_t vf_tensor_weights(const vf_model *m, const vf_tensor *t);
/** Weights of all tensors that are parameters; m->parameters keeps it. */
uint64_t vf_model_parameters(const vf_model *m);
/** Bytes of one row of n elements of `type`, VF_OVERFLOW when it is no multiple of the block. */
uint64_t vf_row_bytes(uint16_t type, uint64_t n);
/** Whether tensors of that role hold a matrix for each expert. */
bool vf_role_is_expert(uint16_t role);
/** Whether the element count of `t` belongs to the model's parameters (not computed tables). */
bool vf_tensor_is_parameter(const vf_tensor *t);

/** Writes the tensor's full name ("blk.3.attn_q.weight"); returns `out`. */
char *vf_tensor_name(const vf_model *m, const vf_tensor *t, char *out, size_t size);
/** Finds role, part, layer and stack from a name; role VF_ROLE_UNKNOWN when it is not in the table. */
void vf_tensor_parse_name(const char *name, size_t n, vf_tensor *out);

/** Whether the model has an optional block: always, never, or as m->options says. */
static inline bool vf_model_has(const vf_model *m, uint8_t has, vf_option option)
{
    return has == VF_YES || (has == VF_OPTIONAL && ((m->options >> option) & 1u));
}

/** Layers without those that predict several tokens, which come last. */
uint32_t vf_model_trunk_layers(const vf_model *m);

/** Bytes of all tensors, stored as types[i]. */
uint64_t vf_model_bytes(const vf_model *m, const uint16_t *types);

/** The same in another sequence of blocks than "blk" (VF_STACK_ENC, VF_STACK_DEC). */
const vf_tensor *vf_model_stack_tensor(const vf_model *m, uint16_t stack, int32_t layer, uint16_t role,
                                       uint8_t part);
/** The tensors of one layer of a stack, by role: *n numbers in m->tensors; NULL when it has none. */
const uint32_t *vf_model_layer_tensors(const vf_model *m, uint16_t stack, int32_t layer, uint32_t *n);
/** First tensor of that role and part in a layer (-1: global), or NULL. */
const vf_tensor *vf_model_tensor(const vf_model *m, int32_t layer, uint16_t role, uint8_t part);

#endif
