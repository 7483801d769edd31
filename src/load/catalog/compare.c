/* Two entries, field by field: the field tables that read them also tell them apart. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "load/catalog/catalog.h"

#define KEY_BYTES 128
#define VALUE_BYTES 1024

typedef struct comparing {
    const vf_blob *blob[2];
    vf_difference_fn fn;
    void *ctx;
} comparing;

static void append(char out[VALUE_BYTES], const char *text)
{
    size_t n = strlen(out);
    vf_set_text(out + n, VALUE_BYTES - n, text);
}

static void append_number(char out[VALUE_BYTES], uint64_t value)
{
    size_t n = strlen(out);
    (void)snprintf(out + n, VALUE_BYTES - n, "%llu", (unsigned long long)value);
}

static const char *choice_name(const vf_choice *choices, uint8_t value)
{
    for (; choices && choices->name; choices++)
        if (choices->value == value)
            return choices->name;
    return "";
}

static void show_strings(const vf_blob *blob, const void *at, char out[VALUE_BYTES])
{
    vf_span span;
    memcpy(&span, at, sizeof span);
    append(out, "[");
    for (uint32_t i = 0; i < span.count; i++) {
        append(out, i ? ", \"" : "\"");
        append(out, vf_blob_item(blob, span, i));
        append(out, "\"");
    }
    append(out, "]");
}

static void show_per_layer(const vf_blob *blob, const void *at, char out[VALUE_BYTES])
{
    vf_per_layer v;
    memcpy(&v, at, sizeof v);
    if (v.count == 0) {
        append_number(out, v.value);
        return;
    }
    append(out, "[");
    for (uint32_t i = 0; i < v.count; i++) {
        append(out, i ? ", " : "");
        append_number(out, blob->u32[v.first + i]);
    }
    append(out, "]");
}

/** The choices of a field that holds several: by bits, or a list that ends with 0. */
static void show_choices(const vf_field *f, const void *at, char out[VALUE_BYTES])
{
    uint64_t bits = 0;
    const uint8_t *list = at;
    if (f->kind == VF_FIELD_BITS)
        memcpy(&bits, at, sizeof bits);
    append(out, "[");
    for (const vf_choice *c = f->choices; f->kind == VF_FIELD_BITS && c->name; c++)
        if (bits >> c->value & 1) {
            append(out, out[1] ? ", " : "");
            append(out, c->name);
        }
    for (size_t i = 0; f->kind == VF_FIELD_ENUMS && i <= f->max && list[i]; i++) {
        append(out, i ? ", " : "");
        append(out, choice_name(f->choices, list[i]));
    }
    append(out, "]");
}

static void show(const vf_blob *blob, const vf_field *f, const char *at, char out[VALUE_BYTES])
{
    uint32_t small;
    uint64_t large;
    vf_str text;
    out[0] = 0;
    switch (f->kind) {
    case VF_FIELD_U32:
    case VF_FIELD_FLAG:
    case VF_FIELD_FACTOR:
        memcpy(&small, at, sizeof small);
        append_number(out, small);
        break;
    case VF_FIELD_MILLI:
        memcpy(&small, at, sizeof small);
        (void)snprintf(out, VALUE_BYTES, "%u.%03u", small / 1000, small % 1000);
        break;
    case VF_FIELD_U64:
        memcpy(&large, at, sizeof large);
        append_number(out, large);
        break;
    case VF_FIELD_BOOL:
        append(out, *(const bool *)at ? "true" : "false");
        break;
    case VF_FIELD_ENUM:
        append(out, choice_name(f->choices, *(const uint8_t *)at));
        break;
    case VF_FIELD_ENUMS:
    case VF_FIELD_BITS:
        show_choices(f, at, out);
        break;
    case VF_FIELD_PER_LAYER:
        show_per_layer(blob, at, out);
        break;
    case VF_FIELD_STRING:
        memcpy(&text, at, sizeof text);
        append(out, vf_blob_text(blob, text));
        break;
    case VF_FIELD_STRINGS:
        show_strings(blob, at, out);
        break;
    case VF_FIELD_OBJECT:
        break;
    }
}

static void compare(const comparing *x, const vf_field *fields, const char *old_row, const char *new_row,
                    const char *path)
{
    for (const vf_field *f = fields; f->key; f++) {
        char key[KEY_BYTES], old_value[VALUE_BYTES], new_value[VALUE_BYTES];
        (void)snprintf(key, sizeof key, "%s%s%s", path, path[0] ? "/" : "", f->key);
        if (f->kind == VF_FIELD_OBJECT) {
            compare(x, f->sub, old_row + f->offset, new_row + f->offset, key);
            continue;
        }
        show(x->blob[0], f, old_row + f->offset, old_value);
        show(x->blob[1], f, new_row + f->offset, new_value);
        if (strcmp(old_value, new_value) != 0)
            x->fn(x->ctx, key, old_value, new_value);
    }
}

vf_status vf_catalog_compare(const vf_catalog *old_catalog, uint32_t old_index, const vf_catalog *new_catalog,
                             uint32_t new_index, vf_kind kind, vf_difference_fn fn, void *ctx)
{
    if ((unsigned)kind >= VF_KIND_COUNT || old_index >= old_catalog->blob.count[kind] ||
        new_index >= new_catalog->blob.count[kind])
        return VF_ERR_USAGE;
    comparing x = {.blob = {&old_catalog->blob, &new_catalog->blob}, .fn = fn, .ctx = ctx};
    compare(&x, vf_tables[kind].fields, vf_blob_row(x.blob[0], kind, old_index), vf_blob_row(x.blob[1], kind, new_index),
            "");
    return VF_OK;
}

const char *vf_catalog_name(const vf_catalog *c, vf_kind kind, uint32_t index)
{
    bool known = (unsigned)kind < VF_KIND_COUNT && index < c->blob.count[kind];
    return known ? vf_blob_name(&c->blob, kind, index) : NULL;
}

bool vf_catalog_added(const vf_catalog *c, vf_kind kind, uint32_t index)
{
    return (unsigned)kind < VF_KIND_COUNT && index < c->blob.count[kind] && c->blob.origins[kind][index].added > 0;
}
