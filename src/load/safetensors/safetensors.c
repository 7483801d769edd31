#include "load/safetensors/safetensors.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "load/safetensors/hf_names.h"
#include "load/json/jstream.h"
#include "load/names.h"
#include "load/sniff.h"
#include "load/sort.h"
#include "load/try.h"

static const struct {
    const char *name;
    vf_type type;
} dtypes[] = {
    {"F64", VF_TYPE_F64},         {"F32", VF_TYPE_F32},         {"F16", VF_TYPE_F16},
    {"BF16", VF_TYPE_BF16},       {"I64", VF_TYPE_I64},         {"I32", VF_TYPE_I32},
    {"I16", VF_TYPE_I16},         {"I8", VF_TYPE_I8},           {"U8", VF_TYPE_U8},
    {"U16", VF_TYPE_U16},         {"U32", VF_TYPE_U32},         {"U64", VF_TYPE_U64},
    {"BOOL", VF_TYPE_BOOL},       {"F8_E4M3", VF_TYPE_F8_E4M3}, {"F8_E5M2", VF_TYPE_F8_E5M2},
    {"F8_E8M0", VF_TYPE_F8_E8M0}, {"F4", VF_TYPE_F4},
};

/** Where a tensor's data lies, from the end of the header. */
typedef struct extent {
    uint64_t begin, end;
    uint32_t name, length; /**< in the pool of names */
    uint32_t byte;         /**< of the name in the header, which is below 2^32 */
} extent;

_Static_assert(sizeof(extent) <= VF_SORT_ELEM, "vf_sort takes it");

/** A name met in any of several files: which one is all that is kept of it. */
typedef struct mark {
    uint64_t hash;
    uint32_t hash_2, file;
} mark;

typedef struct header {
    vf_src src;
    vf_js js;
    vf_draft *draft;
    vf_names names;
    extent *extents;
    size_t n_extents, cap_extents;
    mark *marks;
    size_t n_marks, cap_marks;
    uint32_t file, n_files;
    size_t last[VF_ROLE_COUNT][VF_PART_OTHER]; /**< 1 + index of the tensor of that role and part made last */
} header;

/** One tensor's entry while it is read. */
typedef struct entry {
    uint64_t byte;
    bool has_dtype, has_shape, has_offsets;
    vf_type type;
    uint32_t n_dims;
    uint64_t dim[VF_ST_DIMS];
    uint64_t begin, end;
} entry;

/* ---- one entry ------------------------------------------------------------------------------- */

static vf_status read_dtype(header *h, entry *e)
{
    char shown[96];
    VF_TRY(vf_js_string(&h->js, "the dtype, a string,"));
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++)
        if (strcmp(dtypes[i].name, h->js.text) == 0) {
            e->type = dtypes[i].type;
            return VF_OK;
        }
    return vf_js_fail(&h->js, "unknown dtype %s", vf_quote(shown, sizeof shown, h->js.text, h->js.n));
}

static vf_status read_shape(header *h, entry *e)
{
    bool more = true;
    e->n_dims = 0;
    VF_TRY(vf_js_expect(&h->js, '[', "the shape, an array,"));
    for (;;) {
        VF_TRY(vf_js_next(&h->js, ']', e->n_dims == 0, &more));
        if (!more)
            return VF_OK;
        if (e->n_dims == VF_ST_DIMS)
            return vf_js_fail(&h->js, "the shape has more than %u dimensions (limit)", VF_ST_DIMS);
        VF_TRY(vf_js_u64(&h->js, "a dimension of the shape", &e->dim[e->n_dims]));
        if (!vf_size_ok(e->dim[e->n_dims++]))
            return vf_js_fail(&h->js, "out of range: a dimension of the shape is over 2^60");
    }
}

static vf_status read_offsets(header *h, entry *e)
{
    VF_TRY(vf_js_expect(&h->js, '[', "data_offsets, an array of two integers,"));
    VF_TRY(vf_js_u64(&h->js, "the first of data_offsets", &e->begin));
    VF_TRY(vf_js_expect(&h->js, ',', "the second of data_offsets"));
    VF_TRY(vf_js_u64(&h->js, "the second of data_offsets", &e->end));
    return vf_js_expect(&h->js, ']', "the end of data_offsets");
}

static vf_status read_field(header *h, entry *e)
{
    static const struct {
        const char *name;
        size_t seen;
        vf_status (*read)(header *h, entry *e);
    } fields[] = {
        {"dtype", offsetof(entry, has_dtype), read_dtype},
        {"shape", offsetof(entry, has_shape), read_shape},
        {"data_offsets", offsetof(entry, has_offsets), read_offsets},
    };
    char shown[96];
    VF_TRY(vf_js_key(&h->js));
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strcmp(fields[i].name, h->js.text) != 0)
            continue;
        bool *seen = (bool *)((char *)e + fields[i].seen);
        if (*seen)
            return vf_js_fail(&h->js, "duplicate field '%s'", fields[i].name);
        *seen = true;
        return fields[i].read(h, e);
    }
    return vf_js_fail(&h->js, "unknown field %s, expected dtype, shape and data_offsets",
                      vf_quote(shown, sizeof shown, h->js.text, h->js.n));
}

/** The shape in ggml's order (the row first), in at most four dimensions. */
static void set_dims(const entry *e, uint64_t elements, vf_tensor *t)
{
    for (uint32_t i = 0; i < 4; i++)
        t->ne[i] = i < e->n_dims ? e->dim[e->n_dims - 1 - i] : 1;
    for (uint32_t i = 4; i < e->n_dims; i++)
        t->ne[3] = vf_mul(t->ne[3], e->dim[e->n_dims - 1 - i]);
    t->n_dims = (uint8_t)(e->n_dims < 4 ? e->n_dims : 4);
    if (vf_row_bytes(t->type, t->ne[0]) == VF_OVERFLOW) { /* blocks that go over the end of a row */
        t->ne[0] = elements;
        t->ne[1] = t->ne[2] = t->ne[3] = 1;
        t->n_dims = 1;
    }
}

static vf_status check_entry(header *h, const entry *e, vf_tensor *t)
{
    vf_src *s = &h->src;
    const char *missing = !e->has_dtype ? "dtype" : !e->has_shape ? "shape" : !e->has_offsets ? "data_offsets" : NULL;
    if (missing)
        return vf_src_fail(s, VF_ERR_DATA, e->byte, "%s is missing", missing);
    const vf_type_info *info = vf_type_get(e->type);
    bool zero = false;
    uint64_t elements = 1;
    for (uint32_t i = 0; i < e->n_dims; i++)
        zero = zero || e->dim[i] == 0;
    for (uint32_t i = 0; i < e->n_dims && !zero; i++)
        elements = vf_mul(elements, e->dim[i]);
    elements = zero ? 0 : elements;
    uint64_t bytes = vf_mul(elements / info->block, info->block_bytes);
    if (!vf_size_ok(elements) || !vf_size_ok(bytes))
        return vf_src_fail(s, VF_ERR_DATA, e->byte, "the shape overflows: its size is over 2^60 bytes");
    if (elements % info->block != 0)
        return vf_src_fail(s, VF_ERR_DATA, e->byte, "%" PRIu64 " elements of type %s are no whole bytes", elements,
                           info->name);
    if (e->end < e->begin)
        return vf_src_fail(s, VF_ERR_DATA, e->byte, "data_offsets end before they begin");
    if (e->end - e->begin != bytes)
        return vf_src_fail(s, VF_ERR_DATA, e->byte,
                           "data_offsets say a size of %" PRIu64 " bytes, the shape takes %" PRIu64, e->end - e->begin,
                           bytes);
    t->type = (uint16_t)e->type;
    set_dims(e, elements, t);
    if (!zero)
        return VF_OK;
    t->ne[0] = 0; /* so that no other dimension can overflow */
    return VF_OK;
}

/** Adds a tensor to the model; one expert's matrix to the tensor of all experts of its layer. */
static vf_status keep(header *h, vf_tensor *t, const char *name, size_t n)
{
    int32_t expert;
    vf_model *m = h->draft->m;
    vf_hf_parse_name(name, n, t, &expert);
    if (expert >= 0 && t->role != VF_ROLE_UNKNOWN && t->ne[2] == 1 && t->ne[3] == 1) {
        size_t *last = &h->last[t->role][t->part];
        vf_tensor *all = *last ? &m->tensors[*last - 1] : NULL;
        if (all && all->layer == t->layer && all->type == t->type && all->ne[0] == t->ne[0] &&
            all->ne[1] == t->ne[1] && all->ne[3] == 1) {
            all->ne[2]++;
            return VF_OK;
        }
        *last = m->n_tensors + 1;
        t->n_dims = 3;
    }
    return vf_draft_tensor(h->draft, t, name, n, h->src.err);
}

static vf_status read_entry(header *h, uint64_t byte)
{
    entry e = {0};
    vf_tensor t = {0};
    bool more = true;
    e.byte = byte;
    if (h->n_extents == VF_ST_TENSORS)
        return vf_js_fail(&h->js, "more than %u tensors in a file (limit)", VF_ST_TENSORS);
    uint32_t offset = (uint32_t)h->names.n_pool, length = (uint32_t)h->js.n;
    vf_status status = vf_names_add(&h->names, h->js.text, h->js.n, byte);
    if (status == VF_ERR_RANGE)
        return vf_js_fail(&h->js, "the names of tensors take more than %u bytes (limit)", VF_NAMES_BYTES);
    if (status != VF_OK || !vf_grow(h->draft->a, (void **)&h->extents, &h->cap_extents, h->n_extents + 1, sizeof(extent)))
        return vf_src_fail(&h->src, VF_ERR_NOMEM, byte, "out of memory");
    VF_TRY(vf_js_expect(&h->js, '{', "an object with dtype, shape and data_offsets"));
    for (bool first = true;; first = false) {
        VF_TRY(vf_js_next(&h->js, '}', first, &more));
        if (!more)
            break;
        VF_TRY(read_field(h, &e));
    }
    VF_TRY(check_entry(h, &e, &t));
    h->extents[h->n_extents++] = (extent){e.begin, e.end, offset, length, (uint32_t)byte};
    return keep(h, &t, h->names.pool + offset, length);
}

static vf_status read_metadata(header *h)
{
    bool more = true;
    VF_TRY(vf_js_expect(&h->js, '{', "an object of strings"));
    for (bool first = true;; first = false) {
        int c;
        VF_TRY(vf_js_next(&h->js, '}', first, &more));
        if (!more)
            return VF_OK;
        VF_TRY(vf_js_key(&h->js));
        VF_TRY(vf_js_peek(&h->js, &c));
        if (c != '"')
            return vf_js_fail(&h->js, "metadata values must be strings");
        VF_TRY(vf_js_skip(&h->js, 2));
    }
}

/* ---- one file -------------------------------------------------------------------------------- */

static bool extent_before(const void *ctx, const void *x, const void *y)
{
    const extent *a = x, *b = y;
    (void)ctx;
    if (a->begin != b->begin)
        return a->begin < b->begin;
    return a->end != b->end ? a->end < b->end : a->name < b->name;
}

/** The data must be covered without hole and overlap, to the file's end. */
static vf_status check_extents(header *h)
{
    vf_src *s = &h->src;
    uint64_t end = 0, size = s->source->size, start = s->limit;
    vf_sort(h->extents, h->n_extents, sizeof(extent), extent_before, NULL);
    for (size_t i = 0; i < h->n_extents; i++) {
        const extent *e = &h->extents[i];
        if (e->begin != end) {
            vf_src_name(s, h->names.pool + e->name, e->length);
            return vf_src_fail(s, VF_ERR_DATA, e->byte,
                               e->begin < end ? "data_offsets overlap with another tensor: %" PRIu64 " is before %" PRIu64
                                              : "data_offsets leave a hole: %" PRIu64 ", expected %" PRIu64,
                               e->begin, end);
        }
        end = e->end;
    }
    vf_src_name(s, "", 0);
    if (size == UINT64_MAX)
        return VF_OK;
    if (!vf_size_ok(end) || start + end > size)
        return vf_src_fail(s, VF_ERR_DATA, size, "incomplete: %" PRIu64 " of %" PRIu64 " bytes", size, vf_add(start, end));
    if (start + end < size)
        return vf_src_fail(s, VF_ERR_DATA, start + end, "%" PRIu64 " trailing bytes that no tensor's data_offsets cover",
                           size - start - end);
    return VF_OK;
}

/** Beside the hash of names.h: two names of one trace are the same name. */
VF_WRAPS static uint32_t second_hash(const char *name, uint32_t n)
{
    uint32_t h = 0;
    for (uint32_t k = 0; k < n; k++)
        h = (h ^ (unsigned char)name[k]) * 0x01000193u + 0x9E3779B9u;
    return h;
}

/** Keeps a trace of each name, when there are other files that might have it too. */
static vf_status mark_names(header *h)
{
    if (h->n_files < 2)
        return VF_OK;
    size_t n = h->n_marks + h->names.n;
    if (n > VF_MAX_TENSORS_COUNTED)
        return vf_src_fail(&h->src, VF_ERR_DATA, h->src.pos, "more than %u tensors in all files (limit)",
                           VF_MAX_TENSORS_COUNTED);
    if (!vf_grow(h->draft->a, (void **)&h->marks, &h->cap_marks, n, sizeof(mark)))
        return vf_src_fail(&h->src, VF_ERR_NOMEM, h->src.pos, "out of memory");
    for (size_t i = 0; i < h->names.n; i++) {
        const vf_name_ref *name = &h->names.items[i];
        h->marks[h->n_marks++] = (mark){name->hash, second_hash(h->names.pool + name->offset, name->length), h->file};
    }
    return VF_OK;
}

static vf_status read_length(header *h)
{
    vf_src *s = &h->src;
    unsigned char bytes[8];
    s->reading = "header length";
    VF_TRY(vf_src_read(s, bytes, sizeof bytes));
    uint64_t n = vf_le(bytes, sizeof bytes), size = s->source->size;
    if (n > VF_ST_HEADER) {
        const char *is = vf_sniff((const char *)bytes, sizeof bytes);
        return vf_src_fail(s, VF_ERR_DATA, 0, "header length %" PRIu64 " is too large (limit %u)%s%s", n, VF_ST_HEADER,
                           is ? ": not a safetensors file but " : "", is ? is : "");
    }
    if (n < 2)
        return vf_src_fail(s, VF_ERR_DATA, 0, "header length %" PRIu64 ", too short for a JSON object", n);
    if (size != UINT64_MAX && n > size - 8)
        return vf_src_fail(s, VF_ERR_DATA, size, "truncated: header length %" PRIu64 ", but %" PRIu64 " bytes follow", n,
                           size - 8);
    s->limit = 8 + n;
    s->reading = "JSON header";
    return VF_OK;
}

static vf_status read_members(header *h)
{
    bool more = true, metadata = false;
    VF_TRY(vf_js_expect(&h->js, '{', "an object ({), the JSON header"));
    for (bool first = true;; first = false) {
        int c;
        vf_src_name(&h->src, "", 0);
        VF_TRY(vf_js_next(&h->js, '}', first, &more));
        if (!more)
            break;
        VF_TRY(vf_js_peek(&h->js, &c));
        uint64_t byte = h->src.pos;
        VF_TRY(vf_js_key(&h->js));
        vf_src_name(&h->src, h->js.text, h->js.n);
        if (strcmp(h->js.text, "__metadata__") != 0) {
            VF_TRY(read_entry(h, byte));
            continue;
        }
        if (metadata)
            return vf_src_fail(&h->src, VF_ERR_DATA, byte, "duplicate __metadata__");
        metadata = true;
        VF_TRY(read_metadata(h));
    }
    return vf_js_end(&h->js);
}

static vf_status read_header(header *h)
{
    VF_TRY(read_length(h));
    VF_TRY(read_members(h));
    const vf_name_ref *twice = vf_names_duplicate(&h->names);
    if (!twice) {
        VF_TRY(check_extents(h));
        return mark_names(h);
    }
    vf_src_name(&h->src, h->names.pool + twice->offset, twice->length);
    return vf_src_fail(&h->src, VF_ERR_DATA, twice->byte, "duplicate tensor name");
}

static vf_status read_file(header *h, vf_source *source, vf_error *err)
{
    vf_status status = vf_src_open(&h->src, source, 8 + (uint64_t)VF_ST_HEADER, "100000000 bytes", h->draft->a, err);
    if (status == VF_OK)
        status = vf_js_open(&h->js, &h->src, true, false);
    if (status == VF_OK)
        status = read_header(h);
    vf_js_close(&h->js);
    vf_src_close(&h->src);
    vf_names_free(&h->names);
    h->n_extents = 0;
    return status;
}

/* ---- all files ------------------------------------------------------------------------------- */

static bool mark_before(const void *ctx, const void *x, const void *y)
{
    const mark *a = x, *b = y;
    (void)ctx;
    if (a->hash != b->hash)
        return a->hash < b->hash;
    return a->hash_2 != b->hash_2 ? a->hash_2 < b->hash_2 : a->file < b->file;
}

/** No tensor may be in two files. Names are compared by 96 bits of hashes: those of 2^20 names differ
 * but for a chance of 2^-57. */
static vf_status check_marks(header *h, vf_error *err)
{
    vf_sort(h->marks, h->n_marks, sizeof(mark), mark_before, NULL);
    const mark *first = NULL;
    for (size_t i = 1; i < h->n_marks; i++) {
        const mark *a = &h->marks[i - 1], *b = &h->marks[i];
        if (a->hash == b->hash && a->hash_2 == b->hash_2 && (!first || b->file < first->file))
            first = b;
    }
    if (!first)
        return VF_OK;
    return vf_fail(err, VF_ERR_DATA, "duplicate: a tensor of file %" PRIu32 " of %" PRIu32 " is in an earlier file too",
                   first->file + 1, h->n_files);
}

static vf_status read_files(header *h, const vf_parts *headers, uint32_t n, vf_error *err)
{
    h->n_files = n;
    for (h->file = 0; h->file < n; h->file++) {
        vf_source source = {0};
        VF_TRY(headers->open(headers->ctx, h->file, n, &source, err));
        if (err)
            vf_set_text(err->file, sizeof err->file, source.name);
        vf_status status = read_file(h, &source, err);
        if (headers->done)
            headers->done(headers->ctx, &source);
        if (status != VF_OK)
            return status;
    }
    return check_marks(h, err);
}

vf_status vf_safetensors_draft(const vf_parts *headers, uint32_t n, vf_draft *draft, vf_error *err)
{
    const vf_allocator *a = draft->a;
    header *h = vf_alloc_zero(a, 1, sizeof *h);
    if (!h)
        return vf_fail(err, VF_ERR_NOMEM, "out of memory");
    h->draft = draft;
    vf_names_init(&h->names, a);
    vf_status status = read_files(h, headers, n, err);
    vf_names_free(&h->names);
    vf_free(a, h->extents, h->cap_extents * sizeof(extent));
    vf_free(a, h->marks, h->cap_marks * sizeof(mark));
    vf_free(a, h, sizeof *h);
    return status;
}

vf_status vf_safetensors_read(const vf_parts *headers, uint32_t n_headers, const vf_allocator *a, vf_model **out,
                              vf_error *err)
{
    vf_draft draft;
    *out = NULL;
    vf_status status = vf_draft_init(&draft, a, err);
    if (status == VF_OK)
        status = vf_safetensors_draft(headers, n_headers, &draft, err);
    if (status == VF_OK && draft.m->n_tensors == 0)
        status = vf_fail(err, VF_ERR_DATA, "no tensors");
    if (status == VF_OK) {
        draft.m->from_file = true;
        status = vf_draft_seal(&draft, out, err);
    }
    vf_draft_drop(&draft);
    if (status == VF_OK)
        status = vf_model_index(*out, err);
    if (status != VF_OK) {
        vf_model_free(*out);
        *out = NULL;
    }
    return status;
}
