/* json: one document; jsonl: one result object a line. Field names are a contract (cli.md part 5,
 * data/schema/result.schema.json): fields are only ever added. */
#include "cli/text/json_out.h"
#include "cli/report/report.h"

#include <stdio.h>

static const char *const segment_key[VF_SEG_COUNT] = {"weights_bytes", "kv_cache_bytes", "compute_bytes", "runtime_bytes"};

static void device_object(json_out *j, const vf_device_result *d)
{
    json_open(j, NULL, '{');
    json_str(j, "name", d->name);
    json_u64(j, "total_bytes", d->total);
    json_u64(j, "reserved_bytes", d->reserved);
    json_u64(j, "desktop_bytes", d->desktop);
    json_u64(j, "other_bytes", d->other);
    json_u64(j, "available_bytes", d->available);
    for (int i = 0; i < VF_SEG_COUNT; i++)
        json_u64(j, segment_key[i], d->segment[i]);
    json_u64(j, "need_bytes", d->need);
    json_u64(j, "margin_bytes", d->margin);
    json_i64(j, "headroom_bytes", d->headroom);
    json_u64(j, "layers", d->layers);
    json_str(j, "verdict", vf_verdict_name(d->verdict));
    json_close(j, '}');
}

static void term_object(json_out *j, const vf_result *r, const vf_term *t)
{
    static const char *const segment[VF_SEG_COUNT] = {"weights", "kv_cache", "compute", "runtime"};
    bool device = t->device >= 0 && (uint32_t)t->device < r->n_devices;
    json_open(j, NULL, '{');
    json_known_str(j, "device", device ? r->device[t->device].name : "");
    if (t->member)
        json_str(j, "model", r->member[t->member - 1].name);
    json_str(j, "segment", segment[t->segment]);
    json_str(j, "name", t->name);
    json_u64(j, "bytes", t->bytes);
    json_u64(j, "spread_bytes", t->spread);
    json_str(j, "formula", t->formula);
    json_known_str(j, "detail", t->detail);
    json_known_str(j, "source", t->source);
    json_close(j, '}');
}

static void suggestion_object(json_out *j, const suggestion *g)
{
    json_open(j, NULL, '{');
    json_str(j, "change", g->change);
    json_known_str(j, "flags", g->flags);
    json_str(j, "verdict", vf_verdict_name(g->verdict));
    json_u64(j, "need_bytes", g->need);
    json_close(j, '}');
}

static void numbers(json_out *j, const vf_result *r)
{
    json_u64(j, "context", r->context);
    json_known(j, "context_per_sequence", r->context_per_sequence);
    json_u64(j, "parallel", r->parallel);
    json_str(j, "verdict", vf_verdict_name(r->verdict));
    json_known(j, "parameters", r->parameters);
    json_known(j, "model_bytes", r->model_bytes);
    if (r->parameters && r->model_bytes)
        json_ratio(j, "bits_per_weight", 8 * r->model_bytes, r->parameters, 4);
    else
        json_null(j, "bits_per_weight");
    json_u64(j, "need_bytes", r->need);
    json_u64(j, "available_bytes", r->available);
    json_i64(j, "headroom_bytes", r->headroom);
    json_u64(j, "margin_bytes", r->margin);
    const struct {
        const char *key;
        uint64_t value;
    } pool[] = {{"pool_bytes", r->pool_bytes}, {"pool_tokens", r->pool_tokens}, {"max_sequences", r->max_sequences}};
    for (size_t i = 0; i < sizeof pool / sizeof pool[0]; i++) {
        if (r->has_pool)
            json_u64(j, pool[i].key, pool[i].value);
        else
            json_null(j, pool[i].key);
    }
}

static void cards_array(json_out *j, uint32_t cards)
{
    char digits[8];
    json_open(j, "cards", '[');
    for (unsigned i = 0; i < VF_MAX_DEVICES; i++) {
        (void)snprintf(digits, sizeof digits, "%u", i);
        if (cards >> i & 1u)
            json_number(j, NULL, digits);
    }
    json_close(j, ']');
}

/* Of models side by side: where the model itself is, and how each is started. */
static void launch_array(json_out *j, const row *w)
{
    if (w->n_launch == 0)
        return;
    cards_array(j, w->result->cards);
    json_open(j, "launch", '[');
    for (uint32_t i = 0; i < w->n_launch; i++) {
        buf text = {0};
        buf_add(&text, w->launch[i].p, w->launch[i].n);
        buf_add(&text, "", 1);
        json_str(j, NULL, text.failed ? "" : text.p);
        buf_free(&text);
    }
    json_close(j, ']');
}

/* What a member has of each card that it has something of. */
static void member_devices(json_out *j, const vf_member_result *m)
{
    uint32_t cards = 0;
    json_open(j, "devices", '[');
    for (uint32_t c = 0; c < VF_MAX_DEVICES; c++) {
        bool any = m->cards >> c & 1u;
        for (int i = 0; i < VF_SEG_COUNT; i++)
            any = any || m->device[c][i];
        if (!any)
            continue;
        cards |= UINT32_C(1) << c;
        json_open(j, NULL, '{');
        json_u64(j, "card", c);
        for (int i = 0; i < VF_SEG_COUNT; i++)
            json_u64(j, segment_key[i], m->device[c][i]);
        json_close(j, '}');
    }
    json_close(j, ']');
    cards_array(j, cards);
}

static void member_object(json_out *j, const vf_member_result *m)
{
    json_open(j, NULL, '{');
    json_str(j, "kind", vf_member_kind_name(m->kind));
    json_str(j, "model", m->name);
    json_known_str(j, "quant", m->quant);
    json_u64(j, "weights_bytes", m->weights);
    json_u64(j, "kv_cache_bytes", m->kv_cache);
    json_u64(j, "compute_bytes", m->compute);
    json_open(j, "host", '{');
    json_u64(j, "weights_bytes", m->host_weights);
    json_u64(j, "kv_cache_bytes", m->host_kv_cache);
    json_u64(j, "compute_bytes", m->host_compute);
    json_close(j, '}');
    member_devices(j, m);
    if (m->kind == VF_MEMBER_ALSO) {
        json_u64(j, "runtime_bytes", m->overhead);
        json_str(j, "runtime", m->runtime);
        json_u64(j, "context", m->context);
    }
    json_close(j, '}');
}

static void range_object(json_out *j, const char *key, bool known, vf_range r, unsigned decimals, uint64_t unit)
{
    if (!known) {
        json_null(j, key);
        return;
    }
    json_open(j, key, '{');
    json_ratio(j, "low", r.low, unit, decimals);
    json_ratio(j, "high", r.high, unit, decimals);
    json_close(j, '}');
}

static void speed_object(json_out *j, const vf_speed *s)
{
    if (!s || s->read_bytes == 0) {
        json_null(j, "speed");
        return;
    }
    json_open(j, "speed", '{');
    json_str(j, "kind", "bounds");
    range_object(j, "decode_tokens_per_second", s->has_decode, s->decode, 1, 1000);
    range_object(j, "prompt_tokens_per_second", s->has_prompt, s->prompt, 1, 1000);
    json_u64(j, "read_bytes_per_token", s->read_bytes);
    json_u64(j, "host_read_bytes_per_token", s->host_read_bytes);
    json_u64(j, "cache_bytes_per_token", s->cache_bytes);
    json_u64(j, "flops_per_token", s->flops);
    range_object(j, "exchange_milliseconds_per_token", s->tensor_parallel > 1, s->exchange_ns, 3, 1000000);
    json_close(j, '}');
}

static void result_object(json_out *j, const row *w, bool explain)
{
    const vf_result *r = w->result;
    const char *note;
    json_open(j, NULL, '{');
    json_str(j, "model", w->model);
    json_str(j, "quant", w->quant);
    json_str(j, "runtime", r->runtime);
    json_str(j, "backend", vf_backend_name(r->backend));
    json_str(j, "gpu", w->gpu);
    numbers(j, r);
    json_open(j, "devices", '[');
    for (uint32_t i = 0; i < r->n_devices; i++)
        device_object(j, &r->device[i]);
    json_close(j, ']');
    json_open(j, "host", '{');
    json_u64(j, "weights_bytes", r->host.weights);
    json_u64(j, "kv_cache_bytes", r->host.kv_cache);
    json_u64(j, "compute_bytes", r->host.compute);
    json_u64(j, "output_bytes", r->host.output);
    json_close(j, '}');
    json_open(j, "members", '[');
    for (uint32_t i = 0; i < r->n_members; i++)
        member_object(j, &r->member[i]);
    json_close(j, ']');
    launch_array(j, w);
    json_open(j, "suggestions", '[');
    for (uint32_t i = 0; i < w->n_suggestions; i++)
        suggestion_object(j, &w->suggestion[i]);
    json_close(j, ']');
    speed_object(j, w->speed);
    if (explain) {
        json_open(j, "terms", '[');
        for (uint32_t i = 0; i < r->n_terms; i++)
            term_object(j, r, &r->term[i]);
        json_close(j, ']');
    }
    json_open(j, "notes", '[');
    for (uint32_t i = 0; (note = row_get_note(w, i)); i++)
        json_str(j, NULL, note);
    json_close(j, ']');
    json_close(j, '}');
}

static void begin(report *r)
{
    json_out j = {.b = r->out, .pretty = true};
    json_open(&j, NULL, '{');
    json_u64(&j, "schema", 1);
    json_str(&j, "version", vf_version());
    json_open(&j, "results", '[');
}

static void json_row(report *r, const row *w)
{
    json_out j = {.b = r->out, .pretty = true, .depth = 2, .more = r->n_rows > 0};
    result_object(&j, w, r->explain);
}

static void end(report *r)
{
    json_out j = {.b = r->out, .pretty = true, .depth = 2, .more = r->n_rows > 0};
    json_close(&j, ']');
    json_open(&j, "errors", '[');
    if (r->n_errors) {
        buf_add(r->out, r->errors.p, r->errors.n);
        j.more = true;
    }
    json_close(&j, ']');
    json_close(&j, '}');
    buf_str(r->out, "\n");
}

static void line_row(report *r, const row *w)
{
    json_out j = {.b = r->out};
    result_object(&j, w, r->explain);
    buf_str(r->out, "\n");
}

const renderer format_json = {begin, json_row, end, NULL};
const renderer format_jsonl = {NULL, line_row, NULL, NULL};
