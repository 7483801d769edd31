/* How the fields of a Hugging Face config.json become an architecture and hyperparameters: tables, after
 * what llama.cpp's converter does (its folder conversion). The engine that walks them is config.c. */
#ifndef VF_LOAD_CONFIG_MAP_H
#define VF_LOAD_CONFIG_MAP_H

#include "model/model.h"

/** model_type → llama.cpp's architecture. The first row that fits wins. */
typedef struct vf_hf_arch {
    const char *types; /**< model_type; several stand with '|' between them */
    const char *arch;
    const char *with;  /**< only when this field is there and not 0 */
    bool tied;         /**< what an absent tie_word_embeddings means */
} vf_hf_arch;

typedef enum vf_hf_op {
    VF_HF_READ,     /**< the value of a */
    VF_HF_LENGTH,   /**< how many elements the list a has; with `words`: how many of them it begins with */
    VF_HF_SUM,      /**< a + b */
    VF_HF_PRODUCT,  /**< a · b */
    VF_HF_TIMES,    /**< a · n */
    VF_HF_QUOTIENT, /**< a ÷ n, rounded up */
    VF_HF_FRACTION, /**< a, a decimal number up to 1, of the width of a head */
    VF_HF_SCALE,    /**< a, a decimal number, in thousandths, where the string b is one of `words` */
    VF_HF_CONST,    /**< n; when a is named only if it is there and neither 0 nor false, and `words` (a field) is not */
    VF_HF_FLAG,     /**< 1 when a is there and neither 0 nor false (nor 1, of a factor) */
    VF_HF_TWO_THIRDS, /**< a, or when `words` (a field) is set 2/3 of it, times `otherwise` (a field), up to a multiple
                           of b */
    VF_HF_WHERE,    /**< per layer: b where a's element is one of `words`, else `otherwise`; without b 1 and 0 */
    VF_HF_INDEXED,  /**< per layer: b where the layer's number is an element of a, else 0 */
    VF_HF_PERIODIC  /**< per layer: b where a divides number − `words` (a field), else 0 */
} vf_hf_op;

/** One way to a hyperparameter. The first row that yields a value wins; a row whose fields are absent
 * (or null) yields none. Fields within others are written "attn_config.kv_n_heads". */
typedef struct vf_hf_rule {
    const char *types; /**< as above; NULL: any */
    vf_hparam_id id;
    vf_hf_op op;
    const char *a, *b, *words;
    uint32_t n;
    const char *otherwise;
} vf_hf_rule;

/** A field that says whether a model has an optional block. */
typedef struct vf_hf_option {
    const char *types;
    vf_option option;
    const char *field; /**< NULL: always */
    const char *is;    /**< the string it must be ('|' between several); NULL: true, or not 0; VF_HF_UNLESS: neither */
} vf_hf_option;

/** For vf_hf_option.is: the field is false or absent. */
#define VF_HF_UNLESS "!"

/** What a weight format is called here. All conditions must hold; an empty list means any. */
typedef struct vf_hf_quant {
    const char *method;
    struct {
        const char *field, *is; /**< a string, or a number's digits; "*": anything but null and false */
    } when[2];
    const char *quant;
} vf_hf_quant;

extern const vf_hf_arch vf_hf_archs[];
extern const vf_hf_rule vf_hf_rules[];
extern const vf_hf_option vf_hf_options[];
extern const vf_hf_quant vf_hf_quants[];
extern const char *const vf_hf_dtypes[][2]; /**< dtype, name here */

/** Whether `name` is one of `list`, with '|' between them; NULL has all. */
bool vf_hf_one_of(const char *list, const char *name);

#endif
