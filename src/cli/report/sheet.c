#include "cli/report/sheet.h"

#define LABEL 26

void sheet_open(sheet *t, const char *kind)
{
    if (t->json) {
        json_open(&t->j, NULL, '{');
        json_str(&t->j, "kind", kind);
    } else {
        if (t->b->n)
            buf_str(t->b, "\n");
        buf_fmt(t->b, "%s\n", kind);
    }
}

static void label(sheet *t, const char *key)
{
    size_t start = t->b->n;
    buf_str(t->b, "  ");
    for (const char *p = key; *p; p++)
        buf_add(t->b, *p == '_' ? " " : p, 1);
    buf_pad(t->b, start, LABEL);
}

static void plain_wrapped(sheet *t, const char *value)
{
    buf plain = {0};
    buf_plain(&plain, value);
    buf_add(&plain, "", 1);
    buf_wrap(t->b, plain.failed ? "" : plain.p, LABEL, LABEL, t->width);
    buf_free(&plain);
}

void sheet_text(sheet *t, const char *key, const char *value)
{
    if (t->json) {
        json_known_str(&t->j, key, value);
    } else if (value[0]) {
        label(t, key);
        plain_wrapped(t, value);
    }
}

void sheet_count(sheet *t, const char *key, uint64_t value)
{
    if (t->json) {
        json_known(&t->j, key, value);
    } else if (value) {
        label(t, key);
        buf_u64(t->b, value);
        buf_str(t->b, "\n");
    }
}

void sheet_bytes(sheet *t, const char *key, uint64_t value)
{
    if (t->json || !value) {
        sheet_count(t, key, value);
        return;
    }
    label(t, key);
    buf_u64(t->b, value);
    buf_str(t->b, " (");
    buf_bytes(t->b, (int64_t)value);
    buf_str(t->b, ")\n");
}

void sheet_aliases(sheet *t, const vf_catalog *c, uint32_t index, const char *(*alias)(const vf_catalog *, uint32_t, uint32_t))
{
    const char *name;
    if (t->json) {
        json_open(&t->j, "aliases", '[');
        for (uint32_t i = 0; (name = alias(c, index, i)); i++)
            json_str(&t->j, NULL, name);
        json_close(&t->j, ']');
        return;
    }
    buf all = {0};
    for (uint32_t i = 0; (name = alias(c, index, i)); i++) {
        buf_str(&all, i ? ", " : "");
        buf_str(&all, name);
    }
    buf_add(&all, "", 1);
    sheet_text(t, "aliases", all.failed ? "" : all.p);
    buf_free(&all);
}

void sheet_close(sheet *t)
{
    if (t->json)
        json_close(&t->j, '}');
}
