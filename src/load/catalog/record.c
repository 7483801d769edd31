#include "load/catalog/record.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/text.h"

/** Bytes of a string in a record, where its row gives no other maximum. */
#define STRING_LIMIT 1024
#define SUGGEST_SIZE (VF_QUOTE_SIZE + 20)

/* ---- pools ---------------------------------------------------------------------------------- */

bool vf_pools_init(vf_pools *pools, const vf_allocator *a)
{
    *pools = (vf_pools){.a = a};
    if (!vf_grow(a, (void **)&pools->text, &pools->cap_text, 1, 1))
        return false;
    pools->text[0] = 0;
    pools->n_text = 1;
    return true;
}

void vf_pools_free(vf_pools *pools)
{
    vf_free(pools->a, pools->text, pools->cap_text);
    vf_free(pools->a, pools->u32, pools->cap_u32 * sizeof(uint32_t));
    *pools = (vf_pools){.a = pools->a};
}

bool vf_pools_text(vf_pools *pools, const char *text, size_t n, vf_str *out)
{
    out->offset = 0;
    if (n == 0)
        return true;
    if (n >= UINT32_MAX - pools->n_text ||
        !vf_grow(pools->a, (void **)&pools->text, &pools->cap_text, pools->n_text + n + 1, 1))
        return false;
    out->offset = (uint32_t)pools->n_text;
    memcpy(pools->text + pools->n_text, text, n);
    pools->text[pools->n_text + n] = 0;
    pools->n_text += n + 1;
    return true;
}

bool vf_pools_u32(vf_pools *pools, uint32_t value)
{
    if (!vf_grow(pools->a, (void **)&pools->u32, &pools->cap_u32, pools->n_u32 + 1, sizeof(uint32_t)))
        return false;
    pools->u32[pools->n_u32++] = value;
    return true;
}

/* ---- findings and places ---------------------------------------------------------------------- */

static bool report(vf_reader *r, const char *id, const cJSON *node, bool key, const char *format, va_list ap)
    VF_PRINTF(5, 0);

static bool report(vf_reader *r, const char *id, const cJSON *node, bool key, const char *format, va_list ap)
{
    vf_finding finding = {.is_error = true, .id = id};
    vf_fail_va(&finding.error, VF_ERR_DATA, format, ap);
    vf_json_locate(r->json, node, key, &finding.error);
    if (r->status == VF_OK) {
        r->status = VF_ERR_DATA;
        if (r->err)
            *r->err = finding.error;
    }
    if (!r->fn || !r->fn(r->ctx, &finding))
        r->stop = true;
    return false;
}

bool vf_reader_error(vf_reader *r, const char *id, const cJSON *node, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    report(r, id, node, false, format, ap);
    va_end(ap);
    return false;
}

bool vf_reader_key_error(vf_reader *r, const char *id, const cJSON *node, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    report(r, id, node, true, format, ap);
    va_end(ap);
    return false;
}

static bool no_memory(vf_reader *r)
{
    r->status = vf_fail(r->err, VF_ERR_NOMEM, "out of memory");
    r->stop = true;
    return false;
}

static bool add_line(vf_reader *r, uint32_t **lines, size_t at)
{
    if (!vf_grow(r->pools->a, (void **)lines, &r->cap_lines, r->n_lines + 1, sizeof(uint32_t)))
        return false;
    (*lines)[r->n_lines++] = (uint32_t)at;
    return true;
}

/** Where the lines begin: places are asked for in numbers, and a scan from the top for each would be
 * quadratic. */
static bool index_lines(vf_reader *r)
{
    uint32_t *lines = NULL;
    bool ok = add_line(r, &lines, 0);
    for (size_t i = 0; ok && i < r->json->n; i++)
        if (r->json->text[i] == '\n')
            ok = add_line(r, &lines, i + 1);
    r->lines = lines;
    return ok;
}

bool vf_reader_place(vf_reader *r, const cJSON *node, size_t offset)
{
    if (!r->lines && !index_lines(r))
        return no_memory(r);
    if (!vf_grow(r->pools->a, (void **)&r->places, &r->cap_places, r->n_places + 1, sizeof(vf_place)))
        return no_memory(r);
    size_t at = vf_json_at(r->json, node, false), low = 0, high = r->n_lines;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (r->lines[middle] <= at)
            low = middle;
        else
            high = middle;
    }
    r->places[r->n_places++] = (vf_place){(uint32_t)offset, (uint32_t)low + 1, (uint32_t)(at - r->lines[low]) + 1};
    return true;
}

void vf_reader_free(vf_reader *r)
{
    uint32_t *lines = (uint32_t *)(uintptr_t)r->lines;
    vf_free(r->pools->a, lines, r->cap_lines * sizeof(uint32_t));
    vf_free(r->pools->a, r->places, r->cap_places * sizeof(vf_place));
    r->lines = NULL;
    r->places = NULL;
    r->n_lines = r->cap_lines = r->n_places = r->cap_places = 0;
}

char *vf_field_suggest(const vf_field *fields, const char *key, char *out, size_t size)
{
    const char *best = NULL;
    uint32_t least = strlen(key) > 8 ? 4 : 3;
    for (const vf_field *f = fields; f->key; f++) {
        uint32_t distance = vf_name_distance(f->key, key);
        if (distance < least) {
            least = distance;
            best = f->key;
        }
    }
    out[0] = 0;
    if (best)
        (void)snprintf(out, size, ", did you mean '%s'?", best);
    return out;
}

/* ---- values --------------------------------------------------------------------------------- */

static bool wrong_type(vf_reader *r, const cJSON *node, const char *wanted)
{
    char found[VF_QUOTE_SIZE + 16];
    return vf_reader_error(r, "wrong-type", node, "found %s, expected %s", vf_json_what(r->json, node, found, sizeof found),
                           wanted);
}

static bool out_of_range(vf_reader *r, const cJSON *node, const char *unit, uint64_t min, uint64_t max)
{
    char found[VF_QUOTE_SIZE + 16];
    return vf_reader_error(r, "out-of-range", node, "found %s, expected %s from %llu to %llu",
                           vf_json_what(r->json, node, found, sizeof found), unit, (unsigned long long)min,
                           (unsigned long long)max);
}

static bool read_integer(vf_reader *r, const cJSON *node, const vf_field *f, uint64_t *value)
{
    if (!cJSON_IsNumber(node))
        return wrong_type(r, node, "an integer");
    if (!vf_json_u64(node, value) || *value < f->min || *value > f->max)
        return out_of_range(r, node, "an integer", f->min, f->max);
    return true;
}

static bool read_per_layer(vf_reader *r, const cJSON *node, const vf_field *f, vf_per_layer *out)
{
    uint64_t value = 0;
    if (!cJSON_IsArray(node)) {
        if (!cJSON_IsNumber(node))
            return wrong_type(r, node, "an integer or an array of integers");
        if (!read_integer(r, node, f, &value))
            return false;
        out->value = (uint32_t)value;
        return true;
    }
    if (!node->child)
        return vf_reader_error(r, "wrong-type", node, "found an empty array, expected an element for each layer");
    out->first = (uint32_t)r->pools->n_u32;
    for (const cJSON *item = node->child; item; item = item->next) {
        value = cJSON_IsTrue(item) ? 1 : 0;
        if (!cJSON_IsBool(item) && !read_integer(r, item, f, &value))
            return false;
        if (!vf_pools_u32(r->pools, (uint32_t)value))
            return no_memory(r);
        out->count++;
    }
    return true;
}

/** Text without anything that could drive a terminal or forge a line: quoting must leave it alone. */
static bool check_text(vf_reader *r, const cJSON *node, const vf_field *f)
{
    if (!cJSON_IsString(node))
        return wrong_type(r, node, "a string");
    size_t n = strlen(node->valuestring), limit = f->max ? (size_t)f->max : STRING_LIMIT;
    if (n > limit)
        return vf_reader_error(r, "out-of-range", node, "a string of %zu bytes, expected at most %zu", n, limit);
    if (n < f->min)
        return vf_reader_error(r, "out-of-range", node, "an empty string");
    for (size_t i = 0; i < n;) {
        uint32_t length = vf_utf8_length(node->valuestring + i, n - i);
        if (length == 0 || vf_text_unsafe(vf_utf8_code(node->valuestring + i, length)))
            return vf_reader_error(r, "bad-text", node, "the string has a control or formatting character at byte %zu",
                                   i);
        i += length;
    }
    return true;
}

static bool read_string(vf_reader *r, const cJSON *node, const vf_field *f, vf_str *out)
{
    if (!check_text(r, node, f))
        return false;
    return vf_pools_text(r->pools, node->valuestring, strlen(node->valuestring), out) || no_memory(r);
}

static bool read_strings(vf_reader *r, const cJSON *node, const vf_field *f, size_t offset, vf_span *out)
{
    if (!cJSON_IsArray(node))
        return wrong_type(r, node, "an array of strings");
    vf_field item_field = *f;
    item_field.min = 1; /* an empty name is no name */
    out->first = (uint32_t)r->pools->n_u32;
    for (const cJSON *item = node->child; item; item = item->next) {
        vf_str text;
        if (!read_string(r, item, &item_field, &text))
            return false;
        if (!vf_pools_u32(r->pools, text.offset))
            return no_memory(r);
        if (r->with_places && !vf_reader_place(r, item, offset))
            return false;
        out->count++;
    }
    return true;
}

/** The names of all choices, "'a', 'b', 'c'", cut where they do not fit. */
static char *list_choices(const vf_choice *choices, char *out, size_t size)
{
    size_t used = 0;
    out[0] = 0;
    for (const vf_choice *c = choices; c->name && used < size; c++) {
        int n = snprintf(out + used, size - used, "%s'%s'", c == choices ? "" : ", ", c->name);
        used += n < 0 ? size : (size_t)n;
    }
    return out;
}

static bool read_choice(vf_reader *r, const cJSON *node, const vf_field *f, uint8_t *out)
{
    char quoted[VF_QUOTE_SIZE], all[300];
    if (!cJSON_IsString(node))
        return wrong_type(r, node, "a string");
    for (const vf_choice *c = f->choices; c->name; c++)
        if (strcmp(c->name, node->valuestring) == 0) {
            *out = c->value;
            return true;
        }
    return vf_reader_error(r, "unknown-choice", node, "%s is none of %s", VF_QUOTE(quoted, node->valuestring),
                           list_choices(f->choices, all, sizeof all));
}

static bool read_choices(vf_reader *r, const cJSON *node, const vf_field *f, uint8_t *out)
{
    size_t n = 0;
    if (!cJSON_IsArray(node))
        return wrong_type(r, node, "an array of strings");
    for (const cJSON *item = node->child; item; item = item->next) {
        if (n == f->max)
            return vf_reader_error(r, "out-of-range", item, "more than %llu elements", (unsigned long long)f->max);
        if (!read_choice(r, item, f, &out[n++]))
            return false;
    }
    return true;
}

static bool read_bits(vf_reader *r, const cJSON *node, const vf_field *f, uint64_t *out)
{
    uint8_t bit = 0;
    if (!cJSON_IsArray(node))
        return wrong_type(r, node, "an array of strings");
    for (const cJSON *item = node->child; item; item = item->next) {
        if (!read_choice(r, item, f, &bit))
            return false;
        *out |= UINT64_C(1) << bit;
    }
    return true;
}

/** A decimal number in thousandths, rounded half up; from the text, as no double is to come between. */
static bool read_milli(vf_reader *r, const cJSON *node, const vf_field *f, uint32_t *out)
{
    if (!cJSON_IsNumber(node))
        return wrong_type(r, node, "a number");
    const char *p = r->json->text + vf_json_at(r->json, node, false);
    uint64_t value = 0;
    uint32_t decimals = 0;
    bool point = false;
    for (; (*p >= '0' && *p <= '9') || *p == '.'; p++) {
        if (*p == '.')
            point = true;
        else if (decimals < 4 && value < UINT64_C(1) << 50) /* far beyond any maximum */
            value = value * 10 + (uint64_t)(*p - '0'), decimals += point;
    }
    for (; decimals < 4; decimals++)
        value = vf_mul(value, 10);
    value = vf_add(value, 5) / 10;
    if (*p == 'e' || *p == 'E')
        return wrong_type(r, node, "a decimal number without exponent");
    if (*p == '-' || value < f->min || value > f->max) {
        char found[VF_QUOTE_SIZE + 16];
        return vf_reader_error(r, "out-of-range", node, "found %s, expected a number from %llu.%03u to %llu.%03u",
                               vf_json_what(r->json, node, found, sizeof found), (unsigned long long)f->min / 1000,
                               (unsigned)(f->min % 1000), (unsigned long long)f->max / 1000, (unsigned)(f->max % 1000));
    }
    *out = (uint32_t)value;
    return true;
}

static bool read_flag(vf_reader *r, const cJSON *node, uint32_t *out)
{
    if (!cJSON_IsNumber(node) && !cJSON_IsBool(node))
        return wrong_type(r, node, "a number, true or false");
    *out = cJSON_IsTrue(node) || (cJSON_IsNumber(node) && (node->valuedouble > 0 || node->valuedouble < 0));
    return true;
}

static bool read_factor(vf_reader *r, const cJSON *node, uint32_t *out)
{
    if (!read_flag(r, node, out))
        return false;
    *out = *out && (node->valuedouble < 1 || node->valuedouble > 1);
    return true;
}

static bool read_bool(vf_reader *r, const cJSON *node, bool *out)
{
    if (!cJSON_IsBool(node))
        return wrong_type(r, node, "true or false");
    *out = cJSON_IsTrue(node);
    return true;
}

/* ---- records -------------------------------------------------------------------------------- */

static bool read_object(vf_reader *r, const cJSON *object, const vf_field *fields, size_t base, char *out);

/** Reads the value of one field, which lies `at` bytes into the struct. */
static bool read_value(vf_reader *r, const cJSON *node, const vf_field *f, size_t at, char *out)
{
    void *to = out + at;
    uint64_t value = 0;
    if (r->with_places && f->kind != VF_FIELD_OBJECT && !vf_reader_place(r, node, at))
        return false;
    switch (f->kind) {
    case VF_FIELD_U32:
        if (!read_integer(r, node, f, &value))
            return false;
        *(uint32_t *)to = (uint32_t)value;
        return true;
    case VF_FIELD_U64:
        return read_integer(r, node, f, to);
    case VF_FIELD_BOOL:
        return read_bool(r, node, to);
    case VF_FIELD_ENUM:
        return read_choice(r, node, f, to);
    case VF_FIELD_ENUMS:
        return read_choices(r, node, f, to);
    case VF_FIELD_BITS:
        return read_bits(r, node, f, to);
    case VF_FIELD_FLAG:
        return read_flag(r, node, to);
    case VF_FIELD_FACTOR:
        return read_factor(r, node, to);
    case VF_FIELD_PER_LAYER:
        return read_per_layer(r, node, f, to);
    case VF_FIELD_STRING:
        return read_string(r, node, f, to);
    case VF_FIELD_STRINGS:
        return read_strings(r, node, f, at, to);
    case VF_FIELD_MILLI:
        return read_milli(r, node, f, to);
    case VF_FIELD_OBJECT:
        return read_object(r, node, f->sub, at, out);
    }
    return false;
}

static bool read_object(vf_reader *r, const cJSON *object, const vf_field *fields, size_t base, char *out)
{
    if (!cJSON_IsObject(object))
        return wrong_type(r, object, "an object");
    bool ok = true;
    for (const cJSON *node = object->child; node && !r->stop; node = node->next) {
        const vf_field *f = fields;
        while (f->key && strcmp(f->key, node->string) != 0)
            f++;
        if (!f->key && object == r->json->root && r->ignored && strcmp(r->ignored, node->string) == 0)
            continue;
        if (f->key) {
            ok = read_value(r, node, f, base + f->offset, out) && ok;
        } else {
            char quoted[VF_QUOTE_SIZE], hint[SUGGEST_SIZE];
            ok = vf_reader_key_error(r, "unknown-key", node, "unknown key %s%s", VF_QUOTE(quoted, node->string),
                                     vf_field_suggest(fields, node->string, hint, sizeof hint));
        }
    }
    for (const vf_field *f = fields; f->key && !r->stop; f++)
        if (f->required && !vf_json_member(object, f->key))
            ok = vf_reader_error(r, "missing-key", object, "key '%s' is missing", f->key);
    return ok && !r->stop;
}

bool vf_record_read(vf_reader *r, const cJSON *object, const vf_field *fields, void *out)
{
    return read_object(r, object, fields, 0, out);
}
