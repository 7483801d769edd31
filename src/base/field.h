/* Field tables: one row per field of a plain struct that is filled from JSON. The same row parses,
 * checks ranges, names the allowed choices, serves "did you mean", and is compared with the JSON
 * schemas in data/schema by a test. The reader that walks them is in load/. */
#ifndef VF_BASE_FIELD_H
#define VF_BASE_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum vf_field_kind {
    VF_FIELD_U32,       /**< uint32_t, an integer in [min, max] */
    VF_FIELD_U64,       /**< uint64_t */
    VF_FIELD_BOOL,      /**< bool */
    VF_FIELD_ENUM,      /**< uint8_t, one of `choices` */
    VF_FIELD_ENUMS,     /**< uint8_t[max + 1]: at most `max` of `choices`, 0 behind the last */
    VF_FIELD_BITS,      /**< uint64_t: an array of some of `choices`; bit `value` is set for each */
    VF_FIELD_FLAG,      /**< uint32_t, 1 when a number is not 0 (or true), else 0 */
    VF_FIELD_FACTOR,    /**< uint32_t, 1 when a number is neither 0 nor 1 (a factor that changes something) */
    VF_FIELD_PER_LAYER, /**< vf_per_layer: an integer, or an array of one integer (or bool) per layer */
    VF_FIELD_STRING,    /**< vf_str: a string of `min` to `max` bytes (0: 1024) in the owner's pool */
    VF_FIELD_STRINGS,   /**< vf_span: an array of strings in the owner's string pool */
    VF_FIELD_MILLI,     /**< uint32_t: a decimal number × 1000, rounded; min and max in thousandths */
    VF_FIELD_OBJECT     /**< a nested object whose fields are rows of `sub`, with offsets from the
                             row's own (0 when they are from the same struct) */
} vf_field_kind;

/** A choice of an enumeration. Lists end with a NULL name. */
typedef struct vf_choice {
    const char *name;
    uint8_t value;
} vf_choice;

typedef struct vf_field {
    const char *key;
    vf_field_kind kind;
    size_t offset;
    uint64_t min, max;
    const vf_choice *choices;    /**< ENUM */
    const struct vf_field *sub;  /**< OBJECT */
    bool required;
    const char *doc;
} vf_field;

/** A string in a pool: offset 0 is the empty string. */
typedef struct vf_str {
    uint32_t offset;
} vf_str;

/** `count` items from `first` in a pool of items. */
typedef struct vf_span {
    uint32_t first, count;
} vf_span;

/** A value for every layer: the same `value` (count 0), or pool[first + il]. */
typedef struct vf_per_layer {
    uint32_t value;
    uint32_t first, count;
} vf_per_layer;

#endif
