/* show: everything known of one model, quantization, GPU or runtime, or of this machine. */
#include "cli/ask/machine.h"
#include "cli/ask/measure.h"
#include "cli/report/sheet.h"

#include <stdio.h>
#include <string.h>

/* What the model itself says: from the catalog's entry or from a file. */
static void model_facts(session *s, sheet *t, const subject *sub)
{
    const vf_model_facts *f = &sub->facts;
    uint32_t layers = f->n_layer - f->n_layer_mtp;
    sheet_text(t, "name", sub->title);
    sheet_text(t, "stands_for", sub->class_name);
    sheet_text(t, "architecture", f->architecture);
    sheet_count(t, "parameters", f->parameters);
    sheet_count(t, "parameters_published", f->published_parameters);
    sheet_count(t, "parameters_active", f->parameters_active);
    sheet_bytes(t, "model_bytes", f->model_bytes);
    sheet_count(t, "layers", layers);
    sheet_count(t, "middle_layer", layers / 2);
    sheet_count(t, "prediction_layers", f->n_layer_mtp);
    sheet_count(t, "embedding", f->n_embd);
    sheet_count(t, "vocabulary", f->n_vocab);
    sheet_count(t, "experts", f->n_expert);
    sheet_count(t, "experts_used", f->n_expert_used);
    sheet_count(t, "context_trained", f->n_ctx_train);
    sheet_bytes(t, "cache_bytes_per_token", cache_per_token(s, sub->model));
    sheet_text(t, "published_as", f->published_quant);
}

static void model_entry(session *s, sheet *t, uint32_t index)
{
    vf_model_entry e;
    (void)vf_catalog_model(s->catalog, index, &e);
    sheet_text(t, "family", e.family);
    sheet_count(t, "heads", e.n_head);
    sheet_count(t, "cache_heads", e.n_head_kv);
    sheet_count(t, "parameters_vision", e.parameters_vision);
    sheet_count(t, "parameters_published", e.parameters_published);
    sheet_count(t, "context_extended", e.n_ctx_extended);
    sheet_text(t, "released", e.release);
    sheet_text(t, "license", e.license);
    sheet_aliases(t, s->catalog, index, vf_catalog_model_alias);
    sheet_text(t, "source", e.source);
    sheet_text(t, "confidence", e.confidence);
}

static bool show_model(session *s, sheet *t, const char *name, vf_error *err)
{
    subject sub;
    uint32_t index;
    if (!subject_open(s, name, &sub, err)) {
        subject_close(&sub);
        return false;
    }
    sheet_open(t, "model");
    model_facts(s, t, &sub);
    if (!sub.typed && vf_catalog_find(s->catalog, VF_KIND_MODEL, sub.facts.name, &index, NULL) == VF_OK)
        model_entry(s, t, index);
    sheet_close(t);
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
    sheet_open(t, "quantization");
    sheet_text(t, "name", e.name);
    sheet_text(t, "kind_of_format", e.kind);
    sheet_text(t, "nominal_bits", e.millibits ? bits : "");
    sheet_text(t, "stored_bits", stored);
    sheet_text(t, "packing", e.packing);
    sheet_text(t, "quantized", e.covers);
    sheet_count(t, "group", e.quant.group);
    sheet_text(t, "importance_matrix", e.quant.imatrix ? "needed" : "");
    sheet_text(t, "runtime", e.quant.runtime);
    sheet_text(t, "runtimes", e.runtimes);
    sheet_aliases(t, s->catalog, index, vf_catalog_quant_alias);
    sheet_text(t, "quality", e.quality);
    sheet_text(t, "note", e.note);
    sheet_text(t, "approximate", e.approximate);
    sheet_text(t, "source", e.source);
    sheet_text(t, "confidence", e.confidence);
    sheet_close(t);
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
    sheet_open(t, "GPU");
    sheet_text(t, "name", e.name);
    sheet_text(t, "vendor", e.vendor);
    sheet_text(t, "class", e.class_);
    sheet_text(t, "architecture", e.architecture);
    sheet_text(t, "backend", vf_backend_name(e.backend));
    sheet_bytes(t, "memory_bytes", e.memory_bytes);
    sheet_bytes(t, "driver_total_bytes", e.driver_bytes);
    sheet_bytes(t, "reserved_linux_bytes", e.reserved_linux);
    sheet_bytes(t, "reserved_windows_bytes", e.reserved_windows);
    sheet_bytes(t, "usable_linux_bytes", total > e.reserved_linux ? total - e.reserved_linux : 0);
    sheet_text(t, "memory_type", e.memory_type);
    sheet_text(t, "unified_memory", e.unified_memory ? "yes" : "no");
    sheet_text(t, "bus", e.bus);
    sheet_text(t, "link", e.link);
    sheet_count(t, "bandwidth_mb_per_s", e.bandwidth_mbs);
    sheet_text(t, "compute_capability", e.compute_capability ? capability : "");
    sheet_count(t, "multiprocessors", e.multiprocessors);
    sheet_count(t, "year", e.year);
    sheet_text(t, "desktop_by_default", e.desktop);
    sheet_aliases(t, s->catalog, index, vf_catalog_gpu_alias);
    sheet_text(t, "note", e.note);
    sheet_text(t, "source", e.source);
    sheet_text(t, "confidence", e.confidence);
    sheet_close(t);
    return true;
}

static bool show_runtime(session *s, sheet *t, const char *name)
{
    vf_runtime_entry e;
    uint32_t index;
    if (vf_catalog_find(s->catalog, VF_KIND_RUNTIME, name, &index, NULL) != VF_OK)
        return false;
    (void)vf_catalog_runtime(s->catalog, index, &e);
    sheet_open(t, "runtime");
    sheet_text(t, "name", e.name);
    sheet_text(t, "in_this_version", e.available ? "yes" : "no");
    sheet_text(t, "version", e.version);
    sheet_text(t, "note", e.note);
    sheet_text(t, "source", e.source);
    sheet_close(t);
    return true;
}

/* No kind has the name: the candidates of the kind where it may mean several, or the suggestions of one that has any. */
static bool fail_all(session *s, const char *name, vf_error *err)
{
    static const vf_kind kinds[] = {VF_KIND_MODEL, VF_KIND_QUANT, VF_KIND_GPU, VF_KIND_RUNTIME};
    static const vf_status wanted[] = {VF_ERR_AMBIGUOUS, VF_ERR_NOT_FOUND};
    for (size_t w = 0; w < 2; w++)
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
            *err = (vf_error){0};
            vf_status st = vf_catalog_find(s->catalog, kinds[i], name, &(uint32_t){0}, err);
            if (st == wanted[w] && (st == VF_ERR_AMBIGUOUS || strchr(err->text, '(')))
                return false;
        }
    return fail_value(err, "show", name, "no model, quantization, GPU or runtime of that name");
}

/* Whatever has the name. */
static bool show_name(session *s, sheet *t, const char *name, vf_error *err)
{
    bool model = show_model(s, t, name, err);
    if (!model && err->status != VF_ERR_NOT_FOUND && err->status != VF_ERR_AMBIGUOUS)
        return false;
    bool quant = show_quant(s, t, name), gpu = show_gpu(s, t, name), runtime = show_runtime(s, t, name);
    return model || quant || gpu || runtime || (err->status != VF_ERR_AMBIGUOUS && fail_all(s, name, err));
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
    if (!(strcmp(name, GPU_AUTO) == 0 ? machine_show(s, &t, err) : show_name(s, &t, name, err)))
        return EXIT_BAD;
    if (t.json) {
        json_close(&t.j, ']');
        json_close(&t.j, '}');
        buf_str(&s->out, "\n");
    }
    *err = (vf_error){0};
    return EXIT_FITS;
}
