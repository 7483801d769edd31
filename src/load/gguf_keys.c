#include "load/gguf.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

typedef enum { UNSIGNED, SIGNED, FLOAT, BOOL, STRING, ARRAY } value_class;

static const struct {
    const char *name;
    uint8_t size;
    uint8_t class_;
} types[VF_GGUF_TYPE_COUNT] = {
    [VF_GGUF_U8] = {"uint8", 1, UNSIGNED},   [VF_GGUF_I8] = {"int8", 1, SIGNED},
    [VF_GGUF_U16] = {"uint16", 2, UNSIGNED}, [VF_GGUF_I16] = {"int16", 2, SIGNED},
    [VF_GGUF_U32] = {"uint32", 4, UNSIGNED}, [VF_GGUF_I32] = {"int32", 4, SIGNED},
    [VF_GGUF_F32] = {"float32", 4, FLOAT},   [VF_GGUF_BOOL] = {"bool", 1, BOOL},
    [VF_GGUF_STR] = {"string", 8, STRING},   [VF_GGUF_ARR] = {"array", 0, ARRAY},
    [VF_GGUF_U64] = {"uint64", 8, UNSIGNED}, [VF_GGUF_I64] = {"int64", 8, SIGNED},
    [VF_GGUF_F64] = {"float64", 8, FLOAT},
};

static bool is_integer(uint32_t type)
{
    return types[type].class_ == UNSIGNED || types[type].class_ == SIGNED;
}

/** A number as 64 bits: integers extended, floats as whether they are a number other than 0. */
static uint64_t number(uint32_t type, const unsigned char *bytes)
{
    size_t size = types[type].size;
    uint64_t v = vf_le(bytes, size);
    if (types[type].class_ == SIGNED && size < 8 && (v >> (8 * size - 1)) != 0)
        v |= ~UINT64_C(0) << (8 * size);
    if (type == VF_GGUF_F32)
        return (v & 0x7FFFFFFFu) != 0 && (v & 0x7FFFFFFFu) <= 0x7F800000u;
    if (type == VF_GGUF_F64) {
        v &= ~UINT64_C(0) >> 1;
        return v != 0 && v <= UINT64_C(0x7FF0000000000000);
    }
    return v;
}

vf_status vf_gguf_name(vf_gguf *g, const char *noun, uint32_t max, uint32_t *length)
{
    vf_src *s = &g->src;
    uint64_t at = s->pos, n;
    vf_status status = vf_src_u64(s, &n);
    if (status != VF_OK)
        return status;
    if (n == 0)
        return vf_src_fail(s, VF_ERR_DATA, at, "empty %s", noun);
    if (n > max)
        return vf_src_fail(s, VF_ERR_DATA, at, "%s length %" PRIu64 " is too long, the limit is %" PRIu32 " bytes",
                           noun, n, max);
    *length = (uint32_t)n;
    return vf_src_read(s, g->scratch, (size_t)n);
}

/* ---- skipping and keeping values ------------------------------------------------------------ */

static vf_status string_length(vf_gguf *g, uint64_t *n)
{
    uint64_t at = g->src.pos;
    vf_status status = vf_src_u64(&g->src, n);
    if (status == VF_OK && *n > VF_GGUF_STRING_BYTES)
        return vf_src_fail(&g->src, VF_ERR_DATA, at, "string length %" PRIu64 " is over the limit of %" PRIu64 " bytes",
                           *n, VF_GGUF_STRING_BYTES);
    return status;
}

/** Passes over strings that lie wholly in the buffer, at most `count`: gives how many. Vocabularies are
 * nearly all of a header, so this is where its reading time goes. */
static uint64_t skip_buffered(vf_src *s, uint64_t count)
{
    uint64_t i = 0;
    size_t at = s->at, end = s->end;
    if (end - at > s->limit - s->pos)
        end = at + (size_t)(s->limit - s->pos);
    for (; i < count && end - at >= 8; i++) {
        uint64_t n = vf_le(s->buffer + at, 8);
        if (n > end - at - 8)
            break;
        at += 8 + (size_t)n;
    }
    s->pos += at - s->at;
    s->at = at;
    return i;
}

static vf_status skip_strings(vf_gguf *g, uint64_t count)
{
    for (uint64_t i = skip_buffered(&g->src, count); i < count; i += 1 + skip_buffered(&g->src, count - i - 1)) {
        uint64_t n;
        vf_status status = string_length(g, &n);
        if (status == VF_OK)
            status = vf_src_skip(&g->src, n);
        if (status != VF_OK)
            return status;
    }
    return VF_OK;
}

/** Keeps a string in a field, cut at its size; bytes that are no text become '?'. */
static vf_status keep_string(vf_gguf *g, char *field, size_t size, uint64_t *length)
{
    vf_status status = string_length(g, length);
    if (status != VF_OK)
        return status;
    size_t n = *length < size - 1 ? (size_t)*length : size - 1;
    status = vf_src_read(&g->src, field, n);
    if (status != VF_OK)
        return status;
    field[n] = 0;
    for (size_t i = 0; i < n;) {
        uint32_t bytes = vf_utf8_length(field + i, n - i);
        if (bytes == 0 && n < *length && n - i < 4 && ((unsigned char)field[i] & 0xC0u) == 0xC0u) {
            field[i] = 0; /* a character that the cut went through */
            break;
        }
        if (bytes == 0 || (unsigned char)field[i] < 0x20 || field[i] == 0x7F)
            field[i] = '?';
        i += bytes ? bytes : 1;
    }
    return vf_src_skip(&g->src, *length - n);
}

static vf_status keep_numbers(vf_gguf *g, vf_gguf_value *value, uint64_t at)
{
    size_t size = types[value->element].size, n = (size_t)value->count;
    if (n > VF_GGUF_NUMBERS - g->n_numbers)
        return vf_src_fail(&g->src, VF_ERR_DATA, at, "arrays of numbers hold more than %u elements together (limit)",
                           VF_GGUF_NUMBERS);
    if (!vf_grow(g->a, (void **)&g->numbers, &g->cap_numbers, g->n_numbers + n, sizeof g->numbers[0]))
        return vf_src_fail(&g->src, VF_ERR_NOMEM, at, "out of memory");
    value->first = (uint32_t)g->n_numbers;
    for (size_t i = 0; i < n; i++) {
        unsigned char bytes[8];
        vf_status status = vf_src_read(&g->src, bytes, size);
        if (status != VF_OK)
            return status;
        g->numbers[g->n_numbers++] = number(value->element, bytes);
    }
    return VF_OK;
}

/** Whether the key ends in a dot and the name of a hyperparameter. */
static bool may_be_hparam(const char *key, size_t n)
{
    for (const vf_field *f = vf_hparam_fields; f->key; f++) {
        size_t length = strlen(f->key);
        if (n > length && key[n - length - 1] == '.' && memcmp(key + n - length, f->key, length) == 0)
            return true;
    }
    return false;
}

/** Reads or skips the elements of a value; keeps it when it may be a hyperparameter. */
static vf_status value_body(vf_gguf *g, vf_gguf_value *value, bool keep)
{
    uint64_t at = g->src.pos;
    uint8_t class_ = types[value->element].class_;
    vf_status status;
    if (class_ == STRING)
        status = skip_strings(g, value->count);
    else if (keep && value->count <= VF_GGUF_LAYERS)
        status = keep_numbers(g, value, at);
    else
        status = vf_src_skip(&g->src, value->count * types[value->element].size);
    if (status != VF_OK || !keep)
        return status;
    if (!vf_grow(g->a, (void **)&g->values, &g->cap_values, g->n_values + 1, sizeof g->values[0]))
        return vf_src_fail(&g->src, VF_ERR_NOMEM, at, "out of memory");
    g->values[g->n_values++] = *value;
    return VF_OK;
}

/** Reads a value's type, and an array's element type and count. */
static vf_status value_head(vf_gguf *g, vf_gguf_value *value)
{
    vf_src *s = &g->src;
    value->byte = s->pos;
    vf_status status = vf_src_u32(s, &value->type);
    if (status != VF_OK)
        return status;
    value->element = value->type;
    value->count = 1;
    if (value->type >= VF_GGUF_TYPE_COUNT)
        return vf_src_fail(s, VF_ERR_DATA, value->byte, "value type %" PRIu32 " does not exist (0 to %u do)",
                           value->type, VF_GGUF_TYPE_COUNT - 1u);
    if (value->type != VF_GGUF_ARR)
        return VF_OK;
    status = vf_src_u32(s, &value->element);
    if (status == VF_OK)
        status = vf_src_u64(s, &value->count);
    if (status != VF_OK)
        return status;
    if (value->element == VF_GGUF_ARR)
        return vf_src_fail(s, VF_ERR_DATA, value->byte, "nested array: arrays of type array are not read");
    if (value->element >= VF_GGUF_TYPE_COUNT)
        return vf_src_fail(s, VF_ERR_DATA, value->byte, "array of element type %" PRIu32 ", which does not exist",
                           value->element);
    if (value->count > VF_GGUF_ARRAY)
        return vf_src_fail(s, VF_ERR_DATA, value->byte, "array of %" PRIu64 " elements, the limit is %" PRIu64,
                           value->count, VF_GGUF_ARRAY);
    return VF_OK;
}

/* ---- keys with a meaning of their own ------------------------------------------------------- */

typedef struct special {
    const char *key;
    vf_status (*take)(vf_gguf *g, vf_gguf_value *value);
    bool every_part; /**< else only the first part of a split model has it */
} special;

static vf_status expected(vf_gguf *g, const vf_gguf_value *value, const char *what)
{
    return vf_src_fail(&g->src, VF_ERR_DATA, value->byte, "type %s, expected %s", types[value->type].name, what);
}

static vf_status take_arch(vf_gguf *g, vf_gguf_value *value)
{
    uint64_t n;
    if (value->type != VF_GGUF_STR)
        return expected(g, value, "a string: the architecture's name");
    vf_status status = keep_string(g, g->arch, sizeof g->arch, &n);
    if (status != VF_OK)
        return status;
    if (n == 0)
        return vf_src_fail(&g->src, VF_ERR_DATA, value->byte, "the architecture is empty");
    if (n >= sizeof g->arch)
        return vf_src_fail(&g->src, VF_ERR_DATA, value->byte,
                           "the architecture's name has %" PRIu64 " bytes, the limit is %zu", n, sizeof g->arch - 1);
    g->has_arch = true;
    return VF_OK;
}

static vf_status take_name(vf_gguf *g, vf_gguf_value *value)
{
    uint64_t n;
    if (value->type != VF_GGUF_STR)
        return value_body(g, value, false);
    return keep_string(g, g->name, sizeof g->name, &n);
}

static vf_status take_type(vf_gguf *g, vf_gguf_value *value)
{
    char type[16];
    uint64_t n;
    if (value->type != VF_GGUF_STR)
        return value_body(g, value, false);
    vf_status status = keep_string(g, type, sizeof type, &n);
    if (status == VF_OK && (strcmp(type, "adapter") == 0 || strcmp(type, "mmproj") == 0))
        g->weights_only = true;
    return status;
}

static vf_status scalar(vf_gguf *g, const vf_gguf_value *value, uint64_t *out)
{
    unsigned char bytes[8];
    vf_status status = vf_src_read(&g->src, bytes, types[value->type].size);
    if (status == VF_OK)
        *out = number(value->type, bytes);
    return status;
}

/** Any value but an integer is left alone: files on the Hub have strings there. */
static vf_status take_file_type(vf_gguf *g, vf_gguf_value *value)
{
    uint64_t v;
    if (!is_integer(value->type))
        return value_body(g, value, false);
    vf_status status = scalar(g, value, &v);
    if (status == VF_OK && v < UINT32_MAX)
        g->draft.m->file_type = (uint32_t)v;
    return status;
}

static vf_status take_alignment(vf_gguf *g, vf_gguf_value *value)
{
    if (value->type != VF_GGUF_U32)
        return expected(g, value, "uint32 for the alignment");
    vf_status status = vf_src_u32(&g->src, &g->alignment);
    if (status == VF_OK && (g->alignment == 0 || (g->alignment & (g->alignment - 1)) != 0))
        return vf_src_fail(&g->src, VF_ERR_DATA, value->byte, "alignment %" PRIu32 " is not a power of two",
                           g->alignment);
    return status;
}

static vf_status split_number(vf_gguf *g, vf_gguf_value *value, uint64_t max, uint64_t *out)
{
    if (!is_integer(value->type))
        return expected(g, value, "an integer");
    vf_status status = scalar(g, value, out);
    if (status == VF_OK && *out > max)
        return vf_src_fail(&g->src, VF_ERR_DATA, value->byte, "a split model of at most %" PRIu64 " is read (limit)", max);
    return status;
}

static vf_status take_split_no(vf_gguf *g, vf_gguf_value *value)
{
    uint64_t v = 0;
    vf_status status = split_number(g, value, VF_GGUF_PARTS, &v);
    g->split_no = (uint32_t)v;
    return status;
}

static vf_status take_split_count(vf_gguf *g, vf_gguf_value *value)
{
    uint64_t v = 0;
    vf_status status = split_number(g, value, VF_GGUF_PARTS, &v);
    g->split_count = (uint32_t)v;
    return status;
}

static vf_status take_split_tensors(vf_gguf *g, vf_gguf_value *value)
{
    return split_number(g, value, VF_MAX_TENSORS_COUNTED, &g->split_tensors);
}

static vf_status take_tokens(vf_gguf *g, vf_gguf_value *value)
{
    if (value->type != VF_GGUF_ARR || value->element != VF_GGUF_STR)
        return expected(g, value, "an array of strings");
    g->tokens = value->count;
    return skip_strings(g, value->count);
}

static const special specials[] = {
    {"general.architecture", take_arch, false},
    {"general.name", take_name, false},
    {"general.type", take_type, false},
    {"general.file_type", take_file_type, false},
    {"general.alignment", take_alignment, true},
    {"split.no", take_split_no, true},
    {"split.count", take_split_count, true},
    {"split.tensors.count", take_split_tensors, true},
    {"tokenizer.ggml.tokens", take_tokens, false},
};

static vf_status one_key(vf_gguf *g)
{
    vf_src *s = &g->src;
    uint64_t at = s->pos;
    uint32_t n = 0;
    vf_gguf_value value = {0};
    vf_src_name(s, "", 0);
    s->reading = "key";
    vf_status status = vf_gguf_name(g, "key", VF_GGUF_KEY_BYTES, &n);
    if (status != VF_OK)
        return status;
    vf_src_name(s, g->scratch, n);
    s->reading = "value of the key";
    value.name_offset = (uint32_t)g->keys.n_pool;
    value.name_length = n;
    status = vf_names_add(&g->keys, g->scratch, n, at);
    if (status == VF_ERR_RANGE)
        return vf_src_fail(s, VF_ERR_DATA, at, "the keys take more than %u bytes together (limit)", VF_NAMES_BYTES);
    if (status != VF_OK)
        return vf_src_fail(s, status, at, "out of memory");
    status = value_head(g, &value);
    if (status != VF_OK)
        return status;
    for (size_t i = 0; i < sizeof specials / sizeof specials[0]; i++)
        if (strlen(specials[i].key) == n && memcmp(specials[i].key, g->scratch, n) == 0)
            return g->part == 0 || specials[i].every_part ? specials[i].take(g, &value)
                                                          : value_body(g, &value, false);
    return value_body(g, &value, g->part == 0 && may_be_hparam(g->scratch, n));
}

vf_status vf_gguf_keys(vf_gguf *g)
{
    g->alignment = 32;
    g->split_no = 0;
    g->split_count = 0;
    for (uint64_t i = 0; i < g->n_keys; i++) {
        vf_status status = one_key(g);
        if (status != VF_OK)
            return status;
    }
    vf_src_name(&g->src, "", 0);
    const vf_name_ref *twice = vf_names_duplicate(&g->keys);
    if (!twice)
        return VF_OK;
    vf_src_name(&g->src, g->keys.pool + twice->offset, twice->length);
    return vf_src_fail(&g->src, VF_ERR_DATA, twice->byte, "duplicate key");
}

/* ---- hyperparameters ------------------------------------------------------------------------ */

static vf_status in_range(vf_gguf *g, const vf_gguf_value *value, uint64_t v, const vf_field *f)
{
    if (types[value->element].class_ == SIGNED && (v >> 63) != 0)
        return vf_src_fail(&g->src, VF_ERR_DATA, value->byte, "a negative number, expected 0 to %" PRIu64, f->max);
    if (v > f->max)
        return vf_src_fail(&g->src, VF_ERR_DATA, value->byte, "%" PRIu64 " is out of range, expected 0 to %" PRIu64, v,
                           f->max);
    return VF_OK;
}

static vf_status set_array(vf_gguf *g, const vf_gguf_value *value, vf_hparam_id id)
{
    const vf_field *f = &vf_hparam_fields[id];
    if (!is_integer(value->element) && value->element != VF_GGUF_BOOL)
        return vf_src_fail(&g->src, VF_ERR_DATA, value->byte, "array of type %s, expected integers",
                           types[value->element].name);
    if (value->count == 0)
        return vf_src_fail(&g->src, VF_ERR_DATA, value->byte, "an empty array, expected one element per layer");
    if (value->count > VF_GGUF_LAYERS)
        return vf_src_fail(&g->src, VF_ERR_DATA, value->byte,
                           "array of %" PRIu64 " elements, the limit is %u layers", value->count, VF_GGUF_LAYERS);
    vf_per_layer all = {0, 0, (uint32_t)value->count};
    for (uint32_t i = 0; i < all.count; i++) {
        uint32_t first;
        vf_status status = in_range(g, value, g->numbers[value->first + i], f);
        uint32_t v = (uint32_t)g->numbers[value->first + i];
        if (status == VF_OK)
            status = vf_draft_numbers(&g->draft, &v, 1, &first, g->err);
        if (status != VF_OK)
            return status;
        if (i == 0)
            all.first = first;
    }
    memcpy((char *)&g->draft.m->hp + f->offset, &all, sizeof all);
    vf_hp_mark(&g->draft.m->hp, id);
    return VF_OK;
}

static vf_status set_hparam(vf_gguf *g, const vf_gguf_value *value, vf_hparam_id id)
{
    const vf_field *f = &vf_hparam_fields[id];
    uint8_t class_ = types[value->type].class_;
    if (class_ == ARRAY && f->kind == VF_FIELD_PER_LAYER)
        return set_array(g, value, id);
    bool flag = f->kind == VF_FIELD_FLAG && (class_ == FLOAT || class_ == BOOL);
    if (!is_integer(value->type) && !flag)
        return expected(g, value, f->kind == VF_FIELD_FLAG ? "a number" : "an integer");
    uint64_t v = g->numbers[value->first];
    if (f->kind == VF_FIELD_FLAG) {
        v = v != 0;
    } else {
        vf_status status = in_range(g, value, v, f);
        if (status != VF_OK)
            return status;
    }
    vf_draft_set(&g->draft, id, (uint32_t)v);
    return VF_OK;
}

/** A per-layer array must have one element for each layer, as llama.cpp's get_key_or_arr demands
 * (src/llama-model-loader.cpp). rope.dimension_sections is the one array that is not per layer. */
static vf_status check_length(vf_gguf *g, const vf_gguf_value *value, vf_hparam_id id)
{
    uint32_t layers = g->draft.m->hp.block_count;
    if (id == VF_HP_rope_dimension_sections || value->count == layers)
        return VF_OK;
    return vf_src_fail(&g->src, VF_ERR_DATA, value->byte, "array of %" PRIu64 " elements for %" PRIu32 " layers",
                       value->count, layers);
}

/** Which hyperparameter of this architecture a key is, VF_HP_COUNT: none. */
static vf_hparam_id find_hparam(const vf_gguf *g, const vf_gguf_value *value)
{
    const char *key = g->keys.pool + value->name_offset;
    size_t prefix = strlen(g->arch);
    if (value->name_length <= prefix + 1 || memcmp(key, g->arch, prefix) != 0 || key[prefix] != '.')
        return VF_HP_COUNT;
    key += prefix + 1;
    size_t length = value->name_length - prefix - 1;
    uint32_t id = 0;
    while (id < VF_HP_COUNT && (strlen(vf_hparam_fields[id].key) != length ||
                                memcmp(vf_hparam_fields[id].key, key, length) != 0))
        id++;
    return (vf_hparam_id)id;
}

vf_status vf_gguf_hparams(vf_gguf *g)
{
    vf_status status = VF_OK;
    for (size_t i = 0; i < g->n_values && status == VF_OK; i++) {
        const vf_gguf_value *value = &g->values[i];
        vf_hparam_id id = find_hparam(g, value);
        if (id == VF_HP_COUNT)
            continue;
        vf_src_name(&g->src, g->keys.pool + value->name_offset, value->name_length);
        status = set_hparam(g, value, id);
    }
    /* Lengths are compared now that block_count is known. */
    for (size_t i = 0; i < g->n_values && status == VF_OK; i++) {
        const vf_gguf_value *value = &g->values[i];
        vf_hparam_id id = value->type == VF_GGUF_ARR ? find_hparam(g, value) : VF_HP_COUNT;
        if (id == VF_HP_COUNT)
            continue;
        vf_src_name(&g->src, g->keys.pool + value->name_offset, value->name_length);
        status = check_length(g, value, id);
    }
    return status;
}
