/* The compiled catalog: tables of rows, pools that their offsets refer to, and the sorted index of
 * names. The same arrays are looked at in the bytes that were compiled in and in the memory of a
 * builder, so everything that reads the catalog reads a vf_blob. */
#ifndef VF_LOAD_BLOB_H
#define VF_LOAD_BLOB_H

#include "load/catalog/record.h"
#include "load/catalog/rows.h"

/** Where a row comes from. */
typedef struct vf_origin {
    vf_str file;
    uint32_t line, column;
    vf_span places;  /**< of its fields, in the builder; none in compiled bytes */
    uint32_t ordinal; /**< in its file's list, from 0 */
    uint32_t added;   /**< number of the addition, from 1; 0: compiled in */
} vf_origin;

/** How a name came about; where several fit, the lowest wins. */
typedef enum vf_name_rank {
    VF_NAME_ID = 0,
    VF_NAME_ALIAS,
    VF_NAME_BASE, /**< an id without what is before its last '/' */
    VF_NAME_STEM  /**< that without words such as -Instruct */
} vf_name_rank;

/** One name of a row. Sorted by kind, text, rank, row. */
typedef struct vf_name {
    uint32_t text;  /**< normalised, in the pool */
    uint32_t shown; /**< as written */
    uint32_t row;
    uint16_t kind, rank;
} vf_name;

typedef struct vf_blob {
    const void *rows[VF_TABLE_COUNT];
    const vf_origin *origins[VF_TABLE_COUNT];
    uint32_t count[VF_TABLE_COUNT];
    const char *text;
    const uint32_t *u32;
    const vf_name *names;
    uint32_t n_text, n_u32, n_names;
} vf_blob;

/** A catalog that grows. */
typedef struct vf_builder {
    vf_pools pools;
    void *rows[VF_TABLE_COUNT];
    vf_origin *origins[VF_TABLE_COUNT];
    size_t count[VF_TABLE_COUNT], cap_rows[VF_TABLE_COUNT], cap_origins[VF_TABLE_COUNT];
    vf_name *names;
    size_t n_names, cap_names;
    vf_place *places;
    size_t n_places, cap_places;
} vf_builder;

/** The compiled-in catalog: empty in the program that makes it. */
extern const uint64_t vf_builtin_catalog[];
extern const size_t vf_builtin_catalog_size; /**< bytes; 0: none */

/** Looks at compiled bytes (aligned for uint64_t). Nothing is copied. VF_ERR_DATA when they are not of
 * this version and machine. */
vf_status vf_blob_open(vf_blob *blob, const void *bytes, size_t n, vf_error *err);

/** Row i of a table, NULL past the end. */
const void *vf_blob_row(const vf_blob *blob, uint32_t table, uint32_t i);
static inline const char *vf_blob_text(const vf_blob *blob, vf_str s)
{
    return blob->text + s.offset;
}
/** String i of an array of strings. */
static inline const char *vf_blob_item(const vf_blob *blob, vf_span span, uint32_t i)
{
    return blob->text + blob->u32[span.first + i];
}
/** What names a row. */
const char *vf_blob_name(const vf_blob *blob, uint32_t table, uint32_t i);

/** A builder that begins as a copy of `blob`. VF_ERR_NOMEM. */
vf_status vf_builder_init(vf_builder *b, const vf_blob *blob, const vf_allocator *a, vf_error *err);
void vf_builder_free(vf_builder *b);
/** Looks at the builder's arrays; valid until it changes. */
void vf_builder_view(const vf_builder *b, vf_blob *blob);
/** Adds a row (or puts it in place of row `at` when that is not UINT32_MAX). False: out of memory. */
bool vf_builder_put(vf_builder *b, uint32_t table, uint32_t at, const void *row, const vf_origin *origin);
/** Forgets what belongs to this run: the rows become those that were compiled in. */
void vf_builder_settle(vf_builder *b);
/** Bytes of the compiled form, and the writing of them (aligned for uint64_t). */
size_t vf_builder_size(const vf_builder *b);
void vf_builder_write(const vf_builder *b, void *bytes);

#endif
