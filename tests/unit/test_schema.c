/* The JSON schemas in data/schema/ say what the field tables say: keys, required keys, types, ranges,
 * choices. They are written out from the tables here and compared; `unit_schema --update` rewrites them. */
#include "check.h"

#include <stdarg.h>

#include "load/catalog/rows.h"
#include "vramfit/vramfit.h"

static char out[1 << 20];
static size_t used;

static void put(const char *format, ...) VF_PRINTF(1, 2);

static void put(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(out + used, sizeof out - used, format, ap);
    va_end(ap);
    if (n > 0 && used + (size_t)n < sizeof out)
        used += (size_t)n;
}

static void put_string(const char *text)
{
    put("\"");
    for (; *text; text++)
        put(*text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    put("\"");
}

static void put_choices(const vf_choice *choices)
{
    put("\"enum\": [");
    for (const vf_choice *c = choices; c->name; c++) {
        put("%s", c == choices ? "" : ", ");
        put_string(c->name);
    }
    put("]");
}

static void put_range(const vf_field *f)
{
    put("\"minimum\": %llu, \"maximum\": %llu", (unsigned long long)f->min, (unsigned long long)f->max);
}

static void put_milli(const char *key, uint64_t value)
{
    put("\"%s\": %llu", key, (unsigned long long)value / 1000);
    if (value % 1000)
        put(".%03u", (unsigned)(value % 1000));
}

/** Longest string of a row without a maximum (load/catalog/record.c). */
#define STRING_LIMIT 1024

static void put_object(const vf_field *fields, const char *more, const char *more_required, int indent);

static void put_type(const vf_field *f, int indent)
{
    unsigned long long longest = f->max ? f->max : STRING_LIMIT;
    switch (f->kind) {
    case VF_FIELD_U32:
    case VF_FIELD_U64:
        put("\"type\": \"integer\", ");
        put_range(f);
        return;
    case VF_FIELD_BOOL:
        put("\"type\": \"boolean\"");
        return;
    case VF_FIELD_FLAG:
    case VF_FIELD_FACTOR:
        put("\"type\": [\"number\", \"boolean\"]");
        return;
    case VF_FIELD_ENUM:
        put_choices(f->choices);
        return;
    case VF_FIELD_ENUMS:
    case VF_FIELD_BITS:
        put("\"type\": \"array\", ");
        if (f->kind == VF_FIELD_ENUMS)
            put("\"maxItems\": %llu, ", (unsigned long long)f->max);
        put("\"items\": {");
        put_choices(f->choices);
        put("}");
        return;
    case VF_FIELD_PER_LAYER:
        put("\"type\": [\"integer\", \"array\"], ");
        put_range(f);
        put(", \"minItems\": 1, \"items\": {\"type\": [\"integer\", \"boolean\"], ");
        put_range(f);
        put("}");
        return;
    case VF_FIELD_STRING:
        put("\"type\": \"string\", \"minLength\": %llu, \"maxLength\": %llu", (unsigned long long)f->min, longest);
        return;
    case VF_FIELD_STRINGS:
        put("\"type\": \"array\", \"items\": {\"type\": \"string\", \"minLength\": 1, \"maxLength\": %llu}", longest);
        return;
    case VF_FIELD_MILLI:
        put("\"type\": \"number\", ");
        put_milli("minimum", f->min);
        put(", ");
        put_milli("maximum", f->max);
        return;
    case VF_FIELD_OBJECT:
        put_object(f->sub, "", "", indent);
        return;
    }
}

static void put_object(const vf_field *fields, const char *more, const char *more_required, int indent)
{
    bool first = true;
    put("\"type\": \"object\", \"additionalProperties\": false, \"required\": [%s", more_required);
    first = !more_required[0];
    for (const vf_field *f = fields; f->key; f++)
        if (f->required) {
            put("%s\"%s\"", first ? "" : ", ", f->key);
            first = false;
        }
    put("],\n%*s\"properties\": {", indent, "");
    put("%s", more);
    first = !more[0];
    for (const vf_field *f = fields; f->key; f++) {
        put("%s\n%*s\"%s\": {", first ? "" : ",", indent + 2, "", f->key);
        first = false;
        if (f->doc[0]) {
            put("\"description\": ");
            put_string(f->doc);
            put(", ");
        }
        put_type(f, indent + 4);
        put("}");
    }
    put("\n%*s}", indent, "");
}

/** The whole schema of a kind of file. */
static void write_schema(uint32_t t)
{
    const vf_table *table = &vf_tables[t];
    used = 0;
    put("{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n  \"title\": \"vramfit: %s\",\n  ", table->key);
    if (t == VF_KIND_ARCH) {
        put_object(table->fields, "\n    \"schema\": {\"const\": 1}", "\"schema\"", 2);
    } else {
        bool family = t == VF_KIND_MODEL;
        put("\"type\": \"object\", \"additionalProperties\": false, \"required\": [\"schema\"%s, \"%s\"],\n"
            "  \"properties\": {\n    \"schema\": {\"const\": 1},\n%s    \"%s\": {\"type\": \"array\", \"items\": {\n      ",
            family ? ", \"family\"" : "", table->key, family ? "    \"family\": {\"type\": \"string\"},\n" : "", table->key);
        put_object(table->fields, "", "", 6);
        put("\n    }}\n  }");
    }
    put("\n}\n");
}

static const char *const files[VF_TABLE_COUNT] = {
    [VF_KIND_MODEL] = "data/schema/models.schema.json",
    [VF_KIND_ARCH] = "data/schema/architecture.schema.json",
    [VF_KIND_QUANT] = "data/schema/quants.schema.json",
    [VF_KIND_GPU] = "data/schema/gpus.schema.json",
    [VF_KIND_RUNTIME] = "data/schema/runtimes.schema.json",
    [VF_KIND_DESKTOP] = "data/schema/desktops.schema.json",
    [VF_TABLE_SIZE_CLASS] = "data/schema/size_classes.schema.json",
};

static void compare(const char *path)
{
    static char text[1 << 20];
    FILE *in = fopen(path, "rb");
    CHECK(in, "%s cannot be read", path);
    if (!in)
        return;
    size_t n = fread(text, 1, sizeof text, in), line = 1, i = 0;
    fclose(in);
    for (; i < n && i < used && text[i] == out[i]; i++)
        line += text[i] == '\n';
    CHECK(n == used && i == n, "%s:%zu: differs from the field table (run with --update, and see what changed)", path, line);
}

/* The tables themselves: sensible rows, no key twice. */
static void check_table(const vf_field *fields, const char *name)
{
    for (const vf_field *f = fields; f->key; f++) {
        CHECK(f->key[0] && f->doc, "%s: a key and a text", name);
        CHECK(f->min <= f->max || f->max == 0, "%s.%s: range", name, f->key);
        CHECK((f->kind == VF_FIELD_OBJECT) == (f->sub != NULL), "%s.%s: rows of an object", name, f->key);
        bool chosen = f->kind == VF_FIELD_ENUM || f->kind == VF_FIELD_ENUMS || f->kind == VF_FIELD_BITS;
        CHECK(chosen == (f->choices != NULL), "%s.%s: choices", name, f->key);
        for (const vf_field *g = fields; g < f; g++)
            CHECK(strcmp(f->key, g->key) != 0, "%s.%s is there twice", name, f->key);
        if (f->sub)
            check_table(f->sub, f->key);
    }
}

int main(int argc, char **argv)
{
    bool update = argc > 1 && strcmp(argv[1], "--update") == 0;
    for (uint32_t t = 0; t < VF_TABLE_COUNT; t++) {
        check_table(vf_tables[t].fields, vf_tables[t].key);
        write_schema(t);
        FILE *to = update ? fopen(files[t], "wb") : NULL;
        if (to) {
            fwrite(out, 1, used, to);
            fclose(to);
        }
        compare(files[t]);
    }
    return CHECK_END();
}
