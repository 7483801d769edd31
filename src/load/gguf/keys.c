#include "load/gguf/gguf.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

const vf_gguf_type_info vf_gguf_types[VF_GGUF_TYPE_COUNT] = {
    [VF_GGUF_U8] = {"uint8", 1, VF_GGUF_UNSIGNED},   [VF_GGUF_I8] = {"int8", 1, VF_GGUF_SIGNED},
    [VF_GGUF_U16] = {"uint16", 2, VF_GGUF_UNSIGNED}, [VF_GGUF_I16] = {"int16", 2, VF_GGUF_SIGNED},
    [VF_GGUF_U32] = {"uint32", 4, VF_GGUF_UNSIGNED}, [VF_GGUF_I32] = {"int32", 4, VF_GGUF_SIGNED},
    [VF_GGUF_F32] = {"float32", 4, VF_GGUF_FLOAT},   [VF_GGUF_BOOL] = {"bool", 1, VF_GGUF_BOOLEAN},
    [VF_GGUF_STR] = {"string", 8, VF_GGUF_STRING},   [VF_GGUF_ARR] = {"array", 0, VF_GGUF_ARRAY_OF},
    [VF_GGUF_U64] = {"uint64", 8, VF_GGUF_UNSIGNED}, [VF_GGUF_I64] = {"int64", 8, VF_GGUF_SIGNED},
    [VF_GGUF_F64] = {"float64", 8, VF_GGUF_FLOAT},
};

/** A floating number without its sign, in thousandths; what is no number is 0. Nothing but 0 comes to 0, and nothing but 1 to
 * 1000. */
static uint64_t thousandths(uint64_t bits, bool wide)
{
    const uint64_t infinity = wide ? UINT64_C(0x7FF0000000000000) : 0x7F800000u, magnitude = bits & (infinity | (infinity - 1));
    const uint32_t half = (uint32_t)magnitude;
    double value;
    float narrow;
    if (bits == (wide ? UINT64_C(0x3FF0000000000000) : 0x3F800000u))
        return 1000;
    if (magnitude == 0 || magnitude > infinity)
        return 0;
    memcpy(&value, &magnitude, sizeof value);
    memcpy(&narrow, &half, sizeof narrow);
    value = (wide ? value : (double)narrow) * 1000 + 0.5;
    if (value >= 1e18)
        return UINT64_MAX;
    uint64_t rounded = (uint64_t)value;
    return rounded == 0 ? 1 : rounded == 1000 ? 1001 : rounded;
}

/** A number as 64 bits: integers extended, floats in thousandths. */
static uint64_t number(uint32_t type, const unsigned char *bytes)
{
    size_t size = vf_gguf_types[type].size;
    uint64_t v = vf_le(bytes, size), beyond = size < 8 ? UINT64_C(1) << (8 * size) : 0; /* the bit above its own */
    if (vf_gguf_types[type].class_ == VF_GGUF_SIGNED && (v & (beyond >> 1)) != 0)
        v |= UINT64_MAX - (beyond - 1);
    return vf_gguf_types[type].class_ == VF_GGUF_FLOAT ? thousandths(v, type == VF_GGUF_F64) : v;
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
    size_t size = vf_gguf_types[value->element].size, n = (size_t)value->count;
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
    uint8_t class_ = vf_gguf_types[value->element].class_;
    vf_status status;
    if (class_ == VF_GGUF_STRING)
        status = skip_strings(g, value->count);
    else if (keep && value->count <= VF_GGUF_LAYERS)
        status = keep_numbers(g, value, at);
    else
        status = vf_src_skip(&g->src, value->count * vf_gguf_types[value->element].size);
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

vf_status vf_gguf_expected(vf_gguf *g, const vf_gguf_value *value, const char *what)
{
    return vf_src_fail(&g->src, VF_ERR_DATA, value->byte, "type %s, expected %s", vf_gguf_types[value->type].name, what);
}

static vf_status take_arch(vf_gguf *g, vf_gguf_value *value)
{
    uint64_t n;
    if (value->type != VF_GGUF_STR)
        return vf_gguf_expected(g, value, "a string: the architecture's name");
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
    vf_status status = vf_src_read(&g->src, bytes, vf_gguf_types[value->type].size);
    if (status == VF_OK)
        *out = number(value->type, bytes);
    return status;
}

/** Any value but an integer is left alone: files on the Hub have strings there. */
static vf_status take_file_type(vf_gguf *g, vf_gguf_value *value)
{
    uint64_t v;
    if (!vf_gguf_is_integer(value->type))
        return value_body(g, value, false);
    vf_status status = scalar(g, value, &v);
    if (status == VF_OK && v < UINT32_MAX)
        g->draft.m->file_type = (uint32_t)v;
    return status;
}

static vf_status take_alignment(vf_gguf *g, vf_gguf_value *value)
{
    if (value->type != VF_GGUF_U32)
        return vf_gguf_expected(g, value, "uint32 for the alignment");
    vf_status status = vf_src_u32(&g->src, &g->alignment);
    if (status == VF_OK && (g->alignment == 0 || (g->alignment & (g->alignment - 1)) != 0))
        return vf_src_fail(&g->src, VF_ERR_DATA, value->byte, "alignment %" PRIu32 " is not a power of two",
                           g->alignment);
    return status;
}

static vf_status split_number(vf_gguf *g, vf_gguf_value *value, uint64_t max, uint64_t *out)
{
    if (!vf_gguf_is_integer(value->type))
        return vf_gguf_expected(g, value, "an integer");
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
        return vf_gguf_expected(g, value, "an array of strings");
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
