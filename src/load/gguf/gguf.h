/* The GGUF reader: the frame and the parts of a split model (gguf.c), metadata (keys.c), what of it
 * is a hyperparameter (hparams.c), tensor list (tensors.c). The format: docs/gguf.md of ggml, versions 2 and 3; what
 * llama.cpp's own reader (ggml/src/gguf.cpp) refuses is refused here too. */
#ifndef VF_LOAD_GGUF_H
#define VF_LOAD_GGUF_H

#include "load/draft.h"
#include "load/names.h"
#include "load/source.h"

#define VF_GGUF_HEADER (UINT64_C(256) << 20) /**< bytes, over all parts of a model */
#define VF_GGUF_HEADER_TEXT "256 MiB of GGUF header"
#define VF_GGUF_KEYS 65536u
#define VF_GGUF_TENSORS 131072u /**< a file */
#define VF_GGUF_KEY_BYTES 65535u
#define VF_GGUF_STRING_BYTES (UINT64_C(64) << 20)
#define VF_GGUF_ARRAY (UINT64_C(1) << 24) /**< elements */
#define VF_GGUF_LAYERS 2048u              /**< elements of a per-layer array */
#define VF_GGUF_NUMBERS (1u << 18)        /**< elements of numeric arrays that are kept until the end */
#define VF_GGUF_NAME_BYTES 63u            /**< of a tensor: ggml's GGML_MAX_NAME with its NUL */
#define VF_GGUF_PARTS 9999u

/** Types of metadata values, as stored. */
typedef enum vf_gguf_type {
    VF_GGUF_U8 = 0,
    VF_GGUF_I8,
    VF_GGUF_U16,
    VF_GGUF_I16,
    VF_GGUF_U32,
    VF_GGUF_I32,
    VF_GGUF_F32,
    VF_GGUF_BOOL,
    VF_GGUF_STR,
    VF_GGUF_ARR,
    VF_GGUF_U64,
    VF_GGUF_I64,
    VF_GGUF_F64,
    VF_GGUF_TYPE_COUNT
} vf_gguf_type;

typedef enum {
    VF_GGUF_UNSIGNED,
    VF_GGUF_SIGNED,
    VF_GGUF_FLOAT,
    VF_GGUF_BOOLEAN,
    VF_GGUF_STRING,
    VF_GGUF_ARRAY_OF
} vf_gguf_class;

typedef struct vf_gguf_type_info {
    const char *name;
    uint8_t size; /**< bytes; of a string's length */
    uint8_t class_;
} vf_gguf_type_info;

extern const vf_gguf_type_info vf_gguf_types[VF_GGUF_TYPE_COUNT];

static inline bool vf_gguf_is_integer(uint32_t type)
{
    return vf_gguf_types[type].class_ == VF_GGUF_UNSIGNED || vf_gguf_types[type].class_ == VF_GGUF_SIGNED;
}

/** A value that may be a hyperparameter: which one is known when the architecture is. */
typedef struct vf_gguf_value {
    uint64_t byte;                     /**< where its type stands */
    uint32_t name_offset, name_length; /**< of the key, in the pool of keys */
    uint32_t type;                     /**< vf_gguf_type, VF_GGUF_ARR for arrays */
    uint32_t element;                  /**< of an array, or the type itself */
    uint64_t count;                    /**< elements; 1 */
    uint32_t first;                    /**< in `numbers`, when the element is a number */
} vf_gguf_value;

typedef struct vf_gguf {
    vf_src src;
    const vf_allocator *a;
    vf_error *err;
    vf_draft draft;
    vf_names keys, tensor_names;
    char *scratch; /**< a key or a tensor name: VF_GGUF_KEY_BYTES */
    vf_gguf_value *values;
    size_t n_values, cap_values;
    uint64_t *numbers; /**< two's complement for signed types; floats in thousandths */
    size_t n_numbers, cap_numbers;
    /* of this part */
    uint64_t n_keys, n_tensors;
    uint32_t alignment;
    uint32_t split_no, split_count;
    /* of the model */
    uint32_t part, n_parts;
    uint64_t split_tensors; /**< split.tensors.count, UINT64_MAX: none */
    uint64_t tokens;        /**< length of tokenizer.ggml.tokens, UINT64_MAX: none */
    uint64_t all_tensors;
    bool has_arch;
    bool weights_only; /**< a projector or an adapter: tensors without layers of its own */
    char arch[64], name[256];
} vf_gguf;

/** Reads the keys of a part (g->n_keys), each but once. */
vf_status vf_gguf_keys(vf_gguf *g);
/** Fills in the hyperparameters of architecture g->arch from the values kept of the first part. */
vf_status vf_gguf_hparams(vf_gguf *g);
/** Reads the tensor list of a part and checks it against the part's size. */
vf_status vf_gguf_tensors(vf_gguf *g);
/** Finds duplicate tensor names. */
vf_status vf_gguf_tensors_done(vf_gguf *g);
/** Reads a length and a string of at most `max` bytes into g->scratch. `noun` is "key" or "tensor name". */
vf_status vf_gguf_name(vf_gguf *g, const char *noun, uint32_t max, uint32_t *length);

/** Fails about a value whose type is not `what`. */
vf_status vf_gguf_expected(vf_gguf *g, const vf_gguf_value *value, const char *what);

/** vf_gguf_read with another source of architecture records. */
vf_status vf_gguf_read_with(const vf_arch_lookup *archs, vf_source *source, const vf_parts *parts,
                            const vf_allocator *a, vf_model **out, vf_error *err);

#endif
