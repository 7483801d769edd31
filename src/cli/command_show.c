/* show: everything known of one model, quantization, GPU or runtime. */
#include "cli/json_out.h"
#include "cli/measure.h"

#include <stdio.h>
#include <string.h>

/* Named values of one thing, as lines or as a JSON object. */
typedef struct sheet {
    buf *b;
    bool json;
    json_out j;
    size_t width; /**< of the terminal */
} sheet;

#define LABEL 26

static void open_sheet(sheet *t, const char *kind)
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

static void text(sheet *t, const char *key, const char *value)
{
    if (t->json) {
        json_known_str(&t->j, key, value);
    } else if (value[0]) {
        label(t, key);
        plain_wrapped(t, value);
    }
}

static void count(sheet *t, const char *key, uint64_t value)
{
    if (t->json) {
        json_known(&t->j, key, value);
    } else if (value) {
        label(t, key);
        buf_u64(t->b, value);
        buf_str(t->b, "\n");
    }
}

static void bytes(sheet *t, const char *key, uint64_t value)
{
    if (t->json || !value) {
        count(t, key, value);
        return;
    }
    label(t, key);
    buf_u64(t->b, value);
    buf_str(t->b, " (");
    buf_bytes(t->b, (int64_t)value);
    buf_str(t->b, ")\n");
}

static void aliases(sheet *t, const vf_catalog *c, uint32_t index, const char *(*alias)(const vf_catalog *, uint32_t, uint32_t))
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
    text(t, "aliases", all.failed ? "" : all.p);
    buf_free(&all);
}

static void close_sheet(sheet *t)
{
    if (t->json)
        json_close(&t->j, '}');
}

/* What the model itself says: from the catalog's entry or from a file. */
static void model_facts(session *s, sheet *t, const subject *sub)
{
    const vf_model_facts *f = &sub->facts;
    uint32_t layers = f->n_layer - f->n_layer_mtp;
    text(t, "name", sub->title);
    text(t, "stands_for", sub->class_name);
    text(t, "architecture", f->architecture);
    count(t, "parameters", f->parameters);
    count(t, "parameters_published", f->published_parameters);
    count(t, "parameters_active", f->parameters_active);
    bytes(t, "model_bytes", f->model_bytes);
    count(t, "layers", layers);
    count(t, "middle_layer", layers / 2);
    count(t, "prediction_layers", f->n_layer_mtp);
    count(t, "embedding", f->n_embd);
    count(t, "vocabulary", f->n_vocab);
    count(t, "experts", f->n_expert);
    count(t, "experts_used", f->n_expert_used);
    count(t, "context_trained", f->n_ctx_train);
    bytes(t, "cache_bytes_per_token", cache_per_token(s, sub->model));
    text(t, "published_as", f->published_quant);
}

static void model_entry(session *s, sheet *t, uint32_t index)
{
    vf_model_entry e;
    (void)vf_catalog_model(s->catalog, index, &e);
    text(t, "family", e.family);
    count(t, "heads", e.n_head);
    count(t, "cache_heads", e.n_head_kv);
    count(t, "parameters_vision", e.parameters_vision);
    count(t, "parameters_published", e.parameters_published);
    count(t, "context_extended", e.n_ctx_extended);
    text(t, "released", e.release);
    text(t, "license", e.license);
    aliases(t, s->catalog, index, vf_catalog_model_alias);
    text(t, "source", e.source);
    text(t, "confidence", e.confidence);
}

static bool show_model(session *s, sheet *t, const char *name, vf_error *err)
{
    subject sub;
    uint32_t index;
    if (!subject_open(s, name, &sub, err)) {
        subject_close(&sub);
        return false;
    }
    open_sheet(t, "model");
    model_facts(s, t, &sub);
    if (!sub.typed && vf_catalog_find(s->catalog, VF_KIND_MODEL, sub.facts.name, &index, NULL) == VF_OK)
        model_entry(s, t, index);
    close_sheet(t);
    subject_close(&sub);
    return true;
}

static bool show_quant(session *s, sheet *t, const char *name)
{
    vf_quant_entry e;
    uint32_t index;
    char bits[16], stored[16];
    if (vf_catalog_find(s->catalog, VF_KIND_QUANT, name, &index, NULL) != VF_OK)
        return false;
    (void)vf_catalog_quant(s->catalog, index, &e);
    (void)snprintf(bits, sizeof bits, "%u.%03u", e.millibits / 1000, e.millibits % 1000);
    (void)snprintf(stored, sizeof stored, "%u.%03u", e.stored_millibits / 1000, e.stored_millibits % 1000);
    open_sheet(t, "quantization");
    text(t, "name", e.name);
    text(t, "kind_of_format", e.kind);
    text(t, "nominal_bits", e.millibits ? bits : "");
    text(t, "stored_bits", stored);
    text(t, "packing", e.packing);
    text(t, "quantized", e.covers);
    count(t, "group", e.quant.group);
    text(t, "importance_matrix", e.quant.imatrix ? "needed" : "");
    text(t, "runtime", e.quant.runtime);
    text(t, "runtimes", e.runtimes);
    aliases(t, s->catalog, index, vf_catalog_quant_alias);
    text(t, "quality", e.quality);
    text(t, "note", e.note);
    text(t, "approximate", e.approximate);
    text(t, "source", e.source);
    text(t, "confidence", e.confidence);
    close_sheet(t);
    return true;
}

static bool show_gpu(session *s, sheet *t, const char *name)
{
    vf_gpu_entry e;
    uint32_t index;
    char capability[16];
    if (vf_catalog_find(s->catalog, VF_KIND_GPU, name, &index, NULL) != VF_OK)
        return false;
    (void)vf_catalog_gpu(s->catalog, index, &e);
    (void)snprintf(capability, sizeof capability, "%u.%u", e.compute_capability / 10, e.compute_capability % 10);
    uint64_t total = e.driver_bytes ? e.driver_bytes : e.memory_bytes;
    open_sheet(t, "GPU");
    text(t, "name", e.name);
    text(t, "vendor", e.vendor);
    text(t, "class", e.class_);
    text(t, "architecture", e.architecture);
    text(t, "backend", vf_backend_name(e.backend));
    bytes(t, "memory_bytes", e.memory_bytes);
    bytes(t, "driver_total_bytes", e.driver_bytes);
    bytes(t, "reserved_linux_bytes", e.reserved_linux);
    bytes(t, "reserved_windows_bytes", e.reserved_windows);
    bytes(t, "usable_linux_bytes", total > e.reserved_linux ? total - e.reserved_linux : 0);
    text(t, "memory_type", e.memory_type);
    text(t, "unified_memory", e.unified_memory ? "yes" : "no");
    text(t, "bus", e.bus);
    text(t, "link", e.link);
    count(t, "bandwidth_mb_per_s", e.bandwidth_mbs);
    text(t, "compute_capability", e.compute_capability ? capability : "");
    count(t, "multiprocessors", e.multiprocessors);
    count(t, "year", e.year);
    text(t, "desktop_by_default", e.desktop);
    aliases(t, s->catalog, index, vf_catalog_gpu_alias);
    text(t, "note", e.note);
    text(t, "source", e.source);
    text(t, "confidence", e.confidence);
    close_sheet(t);
    return true;
}

static bool show_runtime(session *s, sheet *t, const char *name)
{
    vf_runtime_entry e;
    uint32_t index;
    if (vf_catalog_find(s->catalog, VF_KIND_RUNTIME, name, &index, NULL) != VF_OK)
        return false;
    (void)vf_catalog_runtime(s->catalog, index, &e);
    open_sheet(t, "runtime");
    text(t, "name", e.name);
    text(t, "in_this_version", e.available ? "yes" : "no");
    text(t, "version", e.version);
    text(t, "note", e.note);
    text(t, "source", e.source);
    close_sheet(t);
    return true;
}

/* No kind has the name: the suggestions of the kind that has any. */
static bool fail_all(session *s, const char *name, vf_error *err)
{
    static const vf_kind kinds[] = {VF_KIND_MODEL, VF_KIND_QUANT, VF_KIND_GPU, VF_KIND_RUNTIME};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        *err = (vf_error){0};
        vf_status st = vf_catalog_find(s->catalog, kinds[i], name, &(uint32_t){0}, err);
        if (st == VF_ERR_AMBIGUOUS || (st == VF_ERR_NOT_FOUND && strchr(err->text, '(')))
            return false;
    }
    return fail_value(err, "show", name, "no model, quantization, GPU or runtime of that name");
}

int command_show(session *s, vf_error *err)
{
    const char *name = s->opts.plain[0];
    format_id format = session_format(s);
    sheet t = {.b = &s->out, .json = format == FORMAT_JSON || format == FORMAT_JSONL, .width = s->term.width};
    if (format != FORMAT_TABLE && !t.json) {
        (void)fail_value(err, "--format", s->opts.value[OPT_FORMAT].text, "show has table, json and jsonl");
        return EXIT_BAD;
    }
    if (!session_catalog(s, err))
        return EXIT_BAD;
    t.j = (json_out){.b = &s->out, .pretty = format == FORMAT_JSON};
    if (t.json) {
        json_open(&t.j, NULL, '{');
        json_u64(&t.j, "schema", 1);
        json_str(&t.j, "version", vf_version());
        json_open(&t.j, "found", '[');
    }
    bool model = show_model(s, &t, name, err);
    if (!model && err->status != VF_ERR_NOT_FOUND && err->status != VF_ERR_AMBIGUOUS)
        return EXIT_BAD;
    bool quant = show_quant(s, &t, name), gpu = show_gpu(s, &t, name), runtime = show_runtime(s, &t, name);
    if (!model && !quant && !gpu && !runtime) {
        (void)(err->status == VF_ERR_AMBIGUOUS || fail_all(s, name, err));
        return EXIT_BAD;
    }
    if (t.json) {
        json_close(&t.j, ']');
        json_close(&t.j, '}');
        buf_str(&s->out, "\n");
    }
    *err = (vf_error){0};
    return EXIT_FITS;
}
