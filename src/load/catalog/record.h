/* Fills plain structs from JSON objects by field tables (base/field.h): one row of the table parses the
 * value, checks its range and its choices, and serves "did you mean". A key that is in no row is an
 * error: a misspelt key in a catalog must not mean a silent default. */
#ifndef VF_LOAD_RECORD_H
#define VF_LOAD_RECORD_H

#include "base/field.h"
#include "load/json/json.h"
#include "vramfit/load.h"

/** What vf_str, vf_span and vf_per_layer of records refer to. */
typedef struct vf_pools {
    const vf_allocator *a;
    char *text; /**< strings with their ends; the empty one at 0 */
    size_t n_text, cap_text;
    uint32_t *u32; /**< per-layer values; offsets of strings */
    size_t n_u32, cap_u32;
} vf_pools;

/** A place of a field's value: `offset` is the field's in the struct. The places of an array's elements
 * follow, with the same offset. */
typedef struct vf_place {
    uint32_t offset, line, column;
} vf_place;

/** What a reading needs besides the object, and what it comes to. Zero-initialised but for the first
 * lines; `fn` NULL: reading stops at the first error. */
typedef struct vf_reader {
    const vf_json *json;
    vf_pools *pools;
    vf_finding_fn fn;
    void *ctx;
    vf_error *err;       /**< takes the first error; may be NULL */
    const char *ignored; /**< a key of the document's own object that is no field's, or NULL */
    bool with_places;    /**< collect the places of fields */
    vf_place *places;    /**< the reader's own, through pools->a; vf_reader_free */
    size_t n_places, cap_places;
    const uint32_t *lines; /**< byte of each line's beginning, made on first use */
    size_t n_lines, cap_lines;
    vf_status status;    /**< VF_OK, or of the first error */
    bool stop;           /**< nothing more is wanted */
} vf_reader;

/** Empty pools; false when out of memory. */
bool vf_pools_init(vf_pools *pools, const vf_allocator *a);
void vf_pools_free(vf_pools *pools);
/** Keeps n bytes of text and an end; false when out of memory. The empty text is always 0. */
bool vf_pools_text(vf_pools *pools, const char *text, size_t n, vf_str *out);
/** Keeps a number. */
bool vf_pools_u32(vf_pools *pools, uint32_t value);

/** Fills `out` (zeroed by the caller, so that absent keys are 0) from a JSON object. Findings go to the
 * reader; false when there was an error in this object. */
bool vf_record_read(vf_reader *r, const cJSON *object, const vf_field *fields, void *out);

/** Reports an error about a node. Always false. */
bool vf_reader_error(vf_reader *r, const char *id, const cJSON *node, const char *format, ...) VF_PRINTF(4, 5);

/** The same, about the key of a member. */
bool vf_reader_key_error(vf_reader *r, const char *id, const cJSON *node, const char *format, ...) VF_PRINTF(4, 5);

/** Notes the place of a node as that of the field at `offset`; false when out of memory. */
bool vf_reader_place(vf_reader *r, const cJSON *node, size_t offset);

void vf_reader_free(vf_reader *r);

/** Writes ", did you mean 'X'?" or "" for a key that is in no row. Returns `out`. */
char *vf_field_suggest(const vf_field *fields, const char *key, char *out, size_t size);

#endif
