#include "load/catalog/blob.h"

#include <string.h>

#include "base/alloc.h"

/* Bytes of the compiled form: this header, then the arrays, each at a multiple of 8. They are made and
 * read by the same build, so layout and byte order are the machine's; the header says which rows were
 * meant, in case an object of another build is linked. */
#define MAGIC UINT64_C(0x31746163667677) /* "wvfcat1" */

typedef struct header {
    uint64_t magic;
    uint32_t row_size[VF_TABLE_COUNT], count[VF_TABLE_COUNT];
    uint32_t n_names, n_u32, n_text, bytes;
} header;

typedef struct part {
    const void *from;
    size_t size;
} part;

#define PARTS (2 * VF_TABLE_COUNT + 3)

static size_t aligned(size_t n)
{
    return (n + 7) / 8 * 8;
}

/** The arrays of a blob in the order of the file. */
static void list_parts(const vf_blob *b, part parts[PARTS])
{
    size_t n = 0;
    for (size_t t = 0; t < VF_TABLE_COUNT; t++) {
        parts[n++] = (part){b->rows[t], b->count[t] * vf_tables[t].size};
        parts[n++] = (part){b->origins[t], b->count[t] * sizeof(vf_origin)};
    }
    parts[n++] = (part){b->names, b->n_names * sizeof(vf_name)};
    parts[n++] = (part){b->u32, b->n_u32 * sizeof(uint32_t)};
    parts[n++] = (part){b->text, b->n_text};
}

vf_status vf_blob_open(vf_blob *blob, const void *bytes, size_t n, vf_error *err)
{
    const header *h = bytes;
    memset(blob, 0, sizeof *blob);
    blob->text = "";
    blob->n_text = 1;
    if (n == 0)
        return VF_OK;
    bool same = n >= sizeof *h && h->magic == MAGIC && h->bytes == n;
    for (size_t t = 0; same && t < VF_TABLE_COUNT; t++)
        same = h->row_size[t] == vf_tables[t].size;
    if (!same)
        return vf_fail(err, VF_ERR_DATA, "the compiled catalog is not of this build");
    memcpy(blob->count, h->count, sizeof blob->count);
    blob->n_names = h->n_names;
    blob->n_u32 = h->n_u32;
    blob->n_text = h->n_text;
    part parts[PARTS];
    list_parts(blob, parts);
    const char *at = (const char *)bytes + aligned(sizeof *h);
    for (size_t i = 0; i < PARTS; i++) {
        parts[i].from = at;
        at += aligned(parts[i].size);
    }
    for (size_t t = 0; t < VF_TABLE_COUNT; t++) {
        blob->rows[t] = parts[2 * t].from;
        blob->origins[t] = parts[2 * t + 1].from;
    }
    blob->names = parts[2 * VF_TABLE_COUNT].from;
    blob->u32 = parts[2 * VF_TABLE_COUNT + 1].from;
    blob->text = parts[2 * VF_TABLE_COUNT + 2].from;
    return VF_OK;
}

const void *vf_blob_row(const vf_blob *blob, uint32_t table, uint32_t i)
{
    if (i >= blob->count[table])
        return NULL;
    return (const char *)blob->rows[table] + i * vf_tables[table].size;
}

const char *vf_blob_name(const vf_blob *blob, uint32_t table, uint32_t i)
{
    vf_str name;
    memcpy(&name, (const char *)vf_blob_row(blob, table, i) + vf_tables[table].name, sizeof name);
    return vf_blob_text(blob, name);
}

/* ---- builder -------------------------------------------------------------------------------- */

/** Copies n elements into a growing array. */
static bool copy(const vf_allocator *a, void **items, size_t *cap, const void *from, size_t n, size_t elem)
{
    if (n == 0)
        return true;
    if (!vf_grow(a, items, cap, n, elem))
        return false;
    memcpy(*items, from, n * elem);
    return true;
}

vf_status vf_builder_init(vf_builder *b, const vf_blob *blob, const vf_allocator *a, vf_error *err)
{
    memset(b, 0, sizeof *b);
    b->pools.a = a;
    bool ok = copy(a, (void **)&b->pools.text, &b->pools.cap_text, blob->text, blob->n_text, 1) &&
              copy(a, (void **)&b->pools.u32, &b->pools.cap_u32, blob->u32, blob->n_u32, sizeof(uint32_t)) &&
              copy(a, (void **)&b->names, &b->cap_names, blob->names, blob->n_names, sizeof(vf_name));
    for (size_t t = 0; ok && t < VF_TABLE_COUNT; t++) {
        ok = copy(a, &b->rows[t], &b->cap_rows[t], blob->rows[t], blob->count[t], vf_tables[t].size) &&
             copy(a, (void **)&b->origins[t], &b->cap_origins[t], blob->origins[t], blob->count[t],
                  sizeof(vf_origin));
        b->count[t] = blob->count[t];
    }
    if (!ok) {
        vf_builder_free(b);
        return vf_fail(err, VF_ERR_NOMEM, "out of memory");
    }
    b->pools.n_text = blob->n_text;
    b->pools.n_u32 = blob->n_u32;
    b->n_names = blob->n_names;
    return VF_OK;
}

void vf_builder_free(vf_builder *b)
{
    const vf_allocator *a = b->pools.a;
    vf_pools_free(&b->pools);
    for (size_t t = 0; t < VF_TABLE_COUNT; t++) {
        vf_free(a, b->rows[t], b->cap_rows[t] * vf_tables[t].size);
        vf_free(a, b->origins[t], b->cap_origins[t] * sizeof(vf_origin));
    }
    vf_free(a, b->names, b->cap_names * sizeof(vf_name));
    vf_free(a, b->places, b->cap_places * sizeof(vf_place));
    memset(b, 0, sizeof *b);
}

void vf_builder_view(const vf_builder *b, vf_blob *blob)
{
    for (size_t t = 0; t < VF_TABLE_COUNT; t++) {
        blob->rows[t] = b->rows[t];
        blob->origins[t] = b->origins[t];
        blob->count[t] = (uint32_t)b->count[t];
    }
    blob->text = b->pools.text;
    blob->u32 = b->pools.u32;
    blob->names = b->names;
    blob->n_text = (uint32_t)b->pools.n_text;
    blob->n_u32 = (uint32_t)b->pools.n_u32;
    blob->n_names = (uint32_t)b->n_names;
}

bool vf_builder_put(vf_builder *b, uint32_t table, uint32_t at, const void *row, const vf_origin *origin)
{
    const vf_allocator *a = b->pools.a;
    size_t size = vf_tables[table].size, n = b->count[table];
    if (at == UINT32_MAX) {
        if (!vf_grow(a, &b->rows[table], &b->cap_rows[table], n + 1, size) ||
            !vf_grow(a, (void **)&b->origins[table], &b->cap_origins[table], n + 1, sizeof(vf_origin)))
            return false;
        at = (uint32_t)n;
        b->count[table]++;
    }
    memcpy((char *)b->rows[table] + at * size, row, size);
    b->origins[table][at] = *origin;
    return true;
}

void vf_builder_settle(vf_builder *b)
{
    for (size_t t = 0; t < VF_TABLE_COUNT; t++)
        for (size_t i = 0; i < b->count[t]; i++) {
            b->origins[t][i].places = (vf_span){0, 0};
            b->origins[t][i].added = 0;
        }
}

size_t vf_builder_size(const vf_builder *b)
{
    vf_blob blob;
    part parts[PARTS];
    vf_builder_view(b, &blob);
    list_parts(&blob, parts);
    size_t n = aligned(sizeof(header));
    for (size_t i = 0; i < PARTS; i++)
        n += aligned(parts[i].size);
    return n;
}

void vf_builder_write(const vf_builder *b, void *bytes)
{
    vf_blob blob;
    part parts[PARTS];
    vf_builder_view(b, &blob);
    list_parts(&blob, parts);
    size_t n = vf_builder_size(b);
    memset(bytes, 0, n);
    header h = {.magic = MAGIC, .n_names = blob.n_names, .n_u32 = blob.n_u32, .n_text = blob.n_text,
                .bytes = (uint32_t)n};
    for (size_t t = 0; t < VF_TABLE_COUNT; t++) {
        h.row_size[t] = (uint32_t)vf_tables[t].size;
        h.count[t] = blob.count[t];
    }
    memcpy(bytes, &h, sizeof h);
    char *at = (char *)bytes + aligned(sizeof h);
    for (size_t i = 0; i < PARTS; i++) {
        if (parts[i].size)
            memcpy(at, parts[i].from, parts[i].size);
        at += aligned(parts[i].size);
    }
}
