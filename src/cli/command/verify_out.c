#include "cli/command/verify.h"
#include "cli/text/json_out.h"

#include <stdio.h>
#include <string.h>

#define MIB (UINT64_C(1) << 20)

uint32_t verify_differing(const verified *v)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < v->n_rows; i++)
        n += v->row[i].match == VF_LOG_DIFFERS;
    return n;
}

const char *verify_device(const verified *v, const vf_log_row *row)
{
    return row->device < 0 ? "host" : v->log->device[row->device].name;
}

/* ---- numbers as text ------------------------------------------------------------------------- */

typedef struct number {
    char s[40];
} number;

static number text_of(buf *b)
{
    number n = {""};
    buf_add(b, "", 1);
    text_set(n.s, sizeof n.s, b->failed ? "" : b->p);
    buf_free(b);
    return n;
}

static bool is_said(const vf_log_row *row)
{
    return row->match != VF_LOG_UNSAID;
}

/* allocated − predicted, as sign and amount; none where it is within what the log rounds away. */
static uint64_t difference(const vf_log_row *row, bool *negative)
{
    uint64_t a = row->match == VF_LOG_EQUAL ? row->predicted : row->allocated.bytes, p = row->predicted;
    *negative = a < p;
    return a < p ? p - a : a - p;
}

static number as_bytes(uint64_t bytes, bool negative)
{
    buf b = {0};
    buf_str(&b, negative && bytes ? "-" : "");
    buf_u64(&b, bytes);
    return text_of(&b);
}

static number as_mib(uint64_t bytes, bool negative)
{
    buf b = {0};
    buf_ratio(&b, bytes, MIB, 2);
    number n = text_of(&b), signed_n;
    (void)snprintf(signed_n.s, sizeof signed_n.s, "%s%.38s", negative && strcmp(n.s, "0.00") != 0 ? "-" : "", n.s);
    return signed_n;
}

/* Of what was allocated; of nothing there is no share. */
static number as_percent(const vf_log_row *row)
{
    bool negative;
    uint64_t d = difference(row, &negative), of = row->allocated.bytes;
    if (!is_said(row) || of == 0)
        return (number){""};
    while (d > UINT64_MAX / 100) {
        d >>= 1;
        of >>= 1;
    }
    buf b = {0};
    buf_ratio(&b, d * 100, of ? of : 1, 2);
    number n = text_of(&b), signed_n;
    (void)snprintf(signed_n.s, sizeof signed_n.s, "%s%.38s", negative && strcmp(n.s, "0.00") != 0 ? "-" : "", n.s);
    return signed_n;
}

/* ---- csv, tsv, markdown ---------------------------------------------------------------------- */

static const grid_column line_columns[] = {{"line", true}, {"model", false}, {"quant", false}, {"context", true},
                                           {"device", false}, {"term", false}, {"predicted_bytes", true},
                                           {"allocated_bytes", true}, {"difference_bytes", true}, {"percent", true},
                                           {"result", false}};

static void lines(verify_out *o, const verified *v)
{
    for (uint32_t i = 0; i < v->n_rows; i++) {
        const vf_log_row *row = &v->row[i];
        bool negative;
        uint64_t d = difference(row, &negative);
        number line = as_bytes(v->log->line, false), context = as_bytes(v->result->context, false);
        number predicted = as_bytes(row->predicted, false), percent = as_percent(row);
        number allocated = is_said(row) ? as_bytes(row->allocated.bytes, false) : (number){""};
        number off = is_said(row) ? as_bytes(d, negative) : (number){""};
        const char *cell[] = {line.s, v->model, v->quant, context.s, verify_device(v, row), vf_log_term_name(row->term),
                              predicted.s, allocated.s, off.s, percent.s, vf_log_match_name(row->match)};
        grid_row(&o->lines, cell);
    }
}

/* ---- json ------------------------------------------------------------------------------------ */

static void amount(json_out *j, const verified *v, const vf_log_row *row)
{
    static const char *const keys[VF_LOG_TERMS] = {"weights", "kv_cache", "compute", "output"};
    bool negative;
    uint64_t d = difference(row, &negative);
    json_open(j, NULL, '{');
    json_str(j, "device", verify_device(v, row));
    json_str(j, "term", keys[row->term]);
    json_u64(j, "predicted_bytes", row->predicted);
    json_u64(j, "margin_bytes", row->margin);
    if (is_said(row)) {
        json_u64(j, "allocated_bytes", row->allocated.bytes);
        json_number(j, "difference_bytes", as_bytes(d, negative).s);
    } else {
        json_null(j, "allocated_bytes");
        json_null(j, "difference_bytes");
    }
    json_str(j, "result", vf_log_match_name(row->match));
    json_close(j, '}');
}

static void load_object(json_out *j, const verified *v)
{
    const vf_result *r = v->result;
    json_open(j, NULL, '{');
    json_u64(j, "line", v->log->line);
    json_str(j, "model", v->model);
    json_str(j, "quant", v->quant);
    json_str(j, "runtime", r->runtime);
    json_str(j, "backend", vf_backend_name(r->backend));
    json_u64(j, "context", r->context);
    json_u64(j, "parallel", r->parallel);
    json_str(j, "result", verify_differing(v) ? "differs" : "equal");
    json_open(j, "amounts", '[');
    for (uint32_t i = 0; i < v->n_rows; i++)
        amount(j, v, &v->row[i]);
    json_close(j, ']');
    json_open(j, "notes", '[');
    for (uint32_t i = 0; i < v->n_notes; i++)
        json_str(j, NULL, v->note[i]);
    json_close(j, ']');
    json_close(j, '}');
}

static void json_load(verify_out *o, const verified *v)
{
    json_out j = {.b = &o->s->out, .pretty = o->format == FORMAT_JSON, .depth = o->format == FORMAT_JSON ? 2 : 0,
                  .more = o->format == FORMAT_JSON && o->n_loads > 0};
    load_object(&j, v);
    if (!j.pretty)
        buf_str(j.b, "\n");
}

/* ---- table ----------------------------------------------------------------------------------- */

static const grid_column table_columns[] = {{"DEVICE", false}, {"TERM", false}, {"PREDICTED MiB", true}, {"ALLOCATED MiB", true},
                                            {"DIFFERENCE", true}, {"%", true}, {"RESULT", false}};

static void headline(buf *b, const verified *v)
{
    const vf_result *r = v->result;
    const vf_type_info *k = vf_type_get((uint32_t)r->type_k), *value = vf_type_get((uint32_t)r->type_v);
    buf_plain(b, v->model);
    buf_str(b, ", ");
    buf_plain(b, v->quant);
    buf_fmt(b, ": loaded at line %llu\n%s, %s, context %llu", (unsigned long long)v->log->line, r->runtime,
            vf_backend_name(r->backend), (unsigned long long)r->context);
    if (r->parallel > 1)
        buf_fmt(b, ", %u sequences", r->parallel);
    buf_fmt(b, ", cache %s/%s, batch %u/%u, flash attention %s\n\n", k ? k->name : "?", value ? value->name : "?", r->batch,
            r->ubatch, r->flash_attn ? "on" : "off");
}

static void table_load(verify_out *o, const verified *v)
{
    buf *b = &o->s->out;
    grid g;
    uint32_t differing = verify_differing(v);
    buf_str(b, o->n_loads ? "\n" : "");
    headline(b, v);
    grid_begin(&g, o->s, b, "", table_columns, sizeof table_columns / sizeof table_columns[0]);
    for (uint32_t i = 0; i < v->n_rows; i++) {
        const vf_log_row *row = &v->row[i];
        bool negative;
        uint64_t d = difference(row, &negative);
        number predicted = as_mib(row->predicted, false), percent = as_percent(row);
        number allocated = is_said(row) ? as_mib(row->allocated.bytes, false) : (number){""};
        number off = is_said(row) ? as_mib(d, negative) : (number){""};
        const char *cell[] = {verify_device(v, row), vf_log_term_name(row->term), predicted.s, allocated.s, off.s, percent.s,
                              vf_log_match_name(row->match)};
        grid_row(&g, cell);
    }
    grid_end(&g);
    if (differing)
        buf_fmt(b, "\n%u of %u amounts differ\n", differing, v->n_rows);
    else
        buf_str(b, "\nnothing differs\n");
    for (uint32_t i = 0; i < v->n_notes; i++) {
        buf_str(b, "note: ");
        buf_wrap(b, v->note[i], 6, 6, o->s->term.width);
    }
}

/* ---- all formats ----------------------------------------------------------------------------- */

void verify_begin(verify_out *o, session *s)
{
    *o = (verify_out){.s = s, .format = session_format(s)};
    if (o->format == FORMAT_JSON) {
        json_out j = {.b = &s->out, .pretty = true};
        json_open(&j, NULL, '{');
        json_u64(&j, "schema", 1);
        json_str(&j, "version", vf_version());
        json_open(&j, "loads", '[');
    } else if (o->format != FORMAT_TABLE && o->format != FORMAT_JSONL) {
        grid_begin(&o->lines, s, &s->out, "", line_columns, sizeof line_columns / sizeof line_columns[0]);
    }
}

void verify_load(verify_out *o, const verified *v)
{
    if (o->format == FORMAT_TABLE)
        table_load(o, v);
    else if (o->format == FORMAT_JSON || o->format == FORMAT_JSONL)
        json_load(o, v);
    else
        lines(o, v);
    o->n_loads++;
}

void verify_error(verify_out *o, const vf_error *err)
{
    char where[400], message[800];
    json_out j = {.b = &o->errors, .depth = 2, .pretty = true, .more = o->errors.n > 0};
    json_open(&j, NULL, '{');
    json_str(&j, "where", error_where(err, where, sizeof where));
    json_str(&j, "message", error_message(err, message, sizeof message));
    json_close(&j, '}');
}

static void json_end(verify_out *o)
{
    buf *b = &o->s->out;
    json_out j = {.b = b, .pretty = true, .depth = 2, .more = o->n_loads > 0};
    json_close(&j, ']');
    json_open(&j, "errors", '[');
    if (o->errors.n) {
        buf_add(b, o->errors.p, o->errors.n);
        j.more = true;
    }
    json_close(&j, ']');
    json_close(&j, '}');
    buf_str(b, "\n");
    b->failed = b->failed || o->errors.failed;
}

void verify_end(verify_out *o)
{
    if (o->format == FORMAT_JSON)
        json_end(o);
    else if (o->format != FORMAT_TABLE && o->format != FORMAT_JSONL)
        grid_end(&o->lines);
    buf_free(&o->errors);
}
