#include "cli/also.h"
#include "cli/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool open_one(session *s, const char *text, also_model *m, vf_error *err)
{
    const char *at = strrchr(text, '@');
    if (at && io_kind(text) != FILE_MISSING)
        at = NULL; /* a file of that very name */
    size_t n = strlen(text);
    m->text = malloc(n + 1);
    if (!m->text)
        return fail_nomem(err);
    memcpy(m->text, text, n + 1);
    if (at) {
        m->text[at - text] = 0;
        m->word = m->text + (at - text) + 1;
    }
    if (!subject_open(s, m->text, &m->sub, err)) {
        text_set(err->key, sizeof err->key, strncmp(err->key, "--model", 7) == 0 ? "--also" : err->key);
        return false;
    }
    if (m->sub.facts.n_layer == 0)
        return fail_value(err, "--also", text, "a projector or an adapter, not a model");
    return true;
}

bool also_open(session *s, also *out, vf_error *err)
{
    size_t at = 0;
    uint32_t n = 0;
    *out = (also){0};
    while (options_next(&s->opts, OPT_ALSO, &at))
        n++;
    if (n == 0)
        return true;
    if (n > VF_MAX_MEMBERS)
        return fail(err, "--also", "more than %d models beside the model", VF_MAX_MEMBERS);
    out->model = calloc(n, sizeof *out->model);
    out->request = calloc(n + 1, sizeof *out->request);
    out->resident = calloc(n + 1, sizeof *out->resident);
    out->result = calloc(n + 1, sizeof *out->result);
    if (!out->model || !out->request || !out->resident || !out->result)
        return fail_nomem(err);
    at = 0;
    for (const char *v; (v = options_next(&s->opts, OPT_ALSO, &at));)
        if (!open_one(s, v, &out->model[out->n++], err))
            return false;
    return true;
}

void also_close(also *a)
{
    for (uint32_t i = 0; i < a->n; i++) {
        subject_close(&a->model[i].sub);
        free(a->model[i].text);
    }
    free(a->model);
    free(a->request);
    free(a->resident);
    free(a->result);
    *a = (also){0};
}

static bool is_llama(const char *runtime)
{
    return word_index("llama.cpp ollama lm-studio", ' ', runtime) != NOT_A_WORD;
}

/* The settings of the question, as far as they mean something here: no longer than the model was trained for, and where it
 * gives embeddings those. What is about one model's placement is the model's alone. */
static void settings_of(const also *a, const also_model *m, const vf_request *question, vf_settings *out)
{
    const vf_settings *asked = &question->settings;
    bool same = is_llama(m->choice.runtime) == is_llama(question->runtime);
    vf_settings_init(out);
    out->context = a->context;
    if (m->sub.facts.n_ctx_train && out->context > m->sub.facts.n_ctx_train)
        out->context = m->sub.facts.n_ctx_train;
    out->parallel = asked->parallel;
    out->policy = asked->policy;
    out->backend = asked->backend;
    out->embeddings = !m->sub.facts.causal;
    if (!same)
        return;
    out->batch = asked->batch;
    out->ubatch = asked->ubatch;
    out->flash_attn = asked->flash_attn;
    out->kv_unified = asked->kv_unified;
    if (m->sub.facts.causal) {
        out->type_k = asked->type_k;
        out->type_v = asked->type_v;
        out->type_kv_set = asked->type_kv_set;
    }
    out->max_num_seqs = asked->max_num_seqs;
    out->gpu_memory_utilization = asked->gpu_memory_utilization;
}

static bool request_of(session *s, const also *a, also_model *m, const char *runtime, const vf_request *question, vf_request *out, vf_error *err)
{
    const char *loads = runtime[0] || m->word ? runtime : question->runtime;
    if (!choice_make(s, &m->sub, m->word, loads, &m->choice, err)) {
        text_set(err->key, sizeof err->key, "--also");
        return false;
    }
    *out = (vf_request){.model = m->sub.model, .quant = m->choice.quant, .runtime = m->choice.runtime, .n_devices = question->n_devices};
    memcpy(out->device, question->device, sizeof out->device);
    settings_of(a, m, question, &out->settings);
    if (strcmp(m->choice.runtime, "generic") == 0)
        out->nominal_parameters = m->sub.nominal;
    return true;
}

static void add_member(const also_model *m, const vf_resident *resident, vf_result *out)
{
    const vf_result *r = resident->result;
    if (out->n_members == VF_MAX_MEMBERS)
        return;
    vf_member_result *o = &out->member[out->n_members++];
    *o = (vf_member_result){.kind = VF_MEMBER_ALSO, .context = r->context, .cards = resident->cards, .host_weights = r->host.weights,
                            .host_kv_cache = r->host.kv_cache, .host_compute = r->host.compute};
    text_set(o->name, sizeof o->name, m->sub.title);
    text_set(o->quant, sizeof o->quant, m->choice.quant.name);
    text_set(o->runtime, sizeof o->runtime, r->runtime);
    for (uint32_t i = 0; i < r->n_devices; i++) {
        o->weights += r->device[i].segment[VF_SEG_WEIGHTS];
        o->kv_cache += r->device[i].segment[VF_SEG_KV_CACHE];
        o->compute += r->device[i].segment[VF_SEG_COMPUTE];
        o->overhead += r->device[i].segment[VF_SEG_RUNTIME];
    }
    out->host.weights += r->host.weights;
    out->host.kv_cache += r->host.kv_cache;
    out->host.compute += r->host.compute;
    out->host.output += r->host.output;
}

/* The model's own answer, made into that of the machine. */
static void together(const also *a, const vf_device_result *card, vf_result *out)
{
    *out = a->result[0];
    out->n_devices = a->request[0].n_devices;
    out->cards = a->resident[0].cards;
    out->need = out->available = out->margin = 0;
    out->headroom = 0;
    out->verdict = VF_FIT;
    for (uint32_t i = 0; i < out->n_devices; i++) {
        out->device[i] = card[i];
        out->need += card[i].need;
        out->available += card[i].available;
        out->margin += card[i].margin;
        out->headroom = i == 0 || card[i].headroom < out->headroom ? card[i].headroom : out->headroom;
        out->verdict = card[i].verdict > out->verdict ? card[i].verdict : out->verdict;
    }
    for (uint32_t t = 0; t < out->n_terms; t++) { /* of its own cards: by their numbers here */
        int32_t nth = out->term[t].device;
        for (uint32_t c = 0; nth >= 0 && c < out->n_devices; c++)
            if (out->cards >> c & 1u && nth-- == 0)
                out->term[t].device = (int32_t)c;
    }
    for (uint32_t i = 0; i < a->n; i++)
        add_member(&a->model[i], &a->resident[i + 1], out);
}

bool also_estimate(session *s, also *a, const char *runtime, const vf_request *main, vf_result *out, vf_error *err)
{
    vf_device_result card[VF_MAX_DEVICES];
    if (a->n == 0)
        return vf_estimate(main, &s->alloc, out, err) == VF_OK;
    a->request[0] = *main;
    for (uint32_t i = 0; i < a->n; i++)
        if (!request_of(s, a, &a->model[i], runtime, main, &a->request[i + 1], err))
            return false;
    for (uint32_t i = 0; i <= a->n; i++)
        a->resident[i] = (vf_resident){.request = &a->request[i], .result = &a->result[i]};
    if (vf_pack(a->resident, a->n + 1, &s->alloc, card, err) != VF_OK)
        return false;
    together(a, card, out);
    return true;
}
