#include "cli/ask/also.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool open_one(session *s, const char *text, also_model *m, vf_error *err)
{
    m->text = text;
    if (!subject_open_at(s, "--also", text, &m->sub, &m->word, err))
        return false;
    return m->sub.facts.n_layer > 0 || m->sub.weights_only || fail_value(err, "--also", text, "a projector or an adapter, not a model");
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
    if (s->opts.value[OPT_TRAIN].text)
        return fail(err, "--also", "not beside --train, which takes the card for itself: ask for the models one by one");
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
    for (uint32_t i = 0; i < a->n; i++)
        subject_close(&a->model[i].sub);
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

/* Tokens that are asked of a model, in its runtime's meaning: at most what it was trained for. */
static uint64_t context_of(const also *a, const also_model *m, const vf_request *question)
{
    bool all = is_llama(m->choice.runtime); /* of all sequences together */
    uint64_t sequences = all && question->settings.parallel ? question->settings.parallel : 1;
    uint64_t trained = m->sub.facts.n_ctx_train * sequences;
    bool changed = !a->context_is_theirs && question->settings.context != a->main_context;
    uint64_t asked = changed ? question->settings.context : a->context;
    return trained && asked > trained ? trained : asked == ALSO_TRAIN ? 0 : asked;
}

/* The settings of the question, as far as they mean something here: not what is about the model itself and where its parts go,
 * and under another runtime little. */
static void settings_of(const also *a, const also_model *m, const vf_request *question, vf_settings *out)
{
    const vf_settings *asked = &question->settings;
    vf_settings own;
    vf_settings_init(&own);
    *out = *asked;
    if (strcmp(m->choice.runtime, question->runtime) != 0 && !(is_llama(m->choice.runtime) && is_llama(question->runtime))) {
        *out = own;
        out->parallel = asked->parallel;
        out->policy = asked->policy;
        out->backend = asked->backend;
    }
    out->context = context_of(a, m, question);
    out->embeddings = m->sub.facts.embeds;
    out->override = NULL;
    out->n_override = out->n_tensor_split = 0;
    out->gpu_layers = own.gpu_layers;
    out->cpu_moe = own.cpu_moe;
    out->outputs = own.outputs;
    out->mtp = out->draft_mtp = false;
    out->draft_max = own.draft_max;
    out->workload = own.workload;
    out->train = own.train;
    out->tensor_parallel = out->pipeline_parallel = 0;
    if (!m->sub.facts.causal)
        out->type_kv_set = false;
    if (!out->type_kv_set) {
        out->type_k = own.type_k;
        out->type_v = own.type_v;
    }
}

static bool request_of(session *s, const also *a, also_model *m, const char *runtime, const vf_request *question, vf_request *out, vf_error *err)
{
    /* a quantization implies a runtime, a file has one that loads it; else the model's */
    const char *loads = runtime[0] || m->word || m->sub.quant_word[0] || m->sub.typed ? runtime : question->runtime;
    if (!choice_make(s, &m->sub, m->word, loads, &m->choice, err)) {
        fail_rename(err, "--quant", "--also");
        return false;
    }
    *out = (vf_request){.model = m->sub.model, .quant = m->choice.quant, .runtime = m->choice.runtime, .member = m->member,
                        .n_devices = question->n_devices};
    memcpy(out->device, question->device, sizeof out->device);
    settings_of(a, m, question, &out->settings);
    if (strcmp(m->choice.runtime, "generic") == 0)
        out->nominal_parameters = m->sub.nominal;
    if (strcmp(m->choice.runtime, "ollama") != 0)
        return true;
    ollama_settings(s, &m->sub, &out->settings);
    return ollama_members(s, &m->sub, m->member, &out->n_members, err);
}

/* ---- the sum -------------------------------------------------------------------------------------- */

/* The card whose number is `nth` among those of the set. */
static uint32_t card_at(uint32_t cards, uint32_t nth)
{
    uint32_t c = 0;
    for (; c + 1 < VF_MAX_DEVICES; c++) {
        uint32_t has = cards >> c & 1u;
        if (has && nth == 0)
            break;
        nth -= has;
    }
    return c;
}

static void add_term(const vf_term *own, uint32_t cards, uint32_t member, vf_result *out)
{
    if (out->n_terms == VF_MAX_TERMS)
        return;
    vf_term *t = &out->term[out->n_terms++];
    *t = *own;
    t->member = member;
    t->device = own->device < 0 ? own->device : (int32_t)card_at(cards, (uint32_t)own->device);
}

static void add_member(const also_model *m, const vf_resident *resident, vf_result *out)
{
    const vf_result *r = resident->result;
    vf_member_result *o = &out->member[out->n_members++];
    *o = (vf_member_result){.kind = VF_MEMBER_ALSO, .context = r->context, .cards = resident->cards, .host_weights = r->host.weights,
                            .host_kv_cache = r->host.kv_cache, .host_compute = r->host.compute};
    text_set(o->name, sizeof o->name, m->sub.title);
    text_set(o->quant, sizeof o->quant, m->choice.quant.name);
    text_set(o->runtime, sizeof o->runtime, r->runtime);
    for (uint32_t i = 0; i < r->n_devices; i++) {
        const uint64_t *segment = r->device[i].segment;
        memcpy(o->device[card_at(resident->cards, i)], segment, sizeof o->device[0]);
        o->weights += segment[VF_SEG_WEIGHTS];
        o->kv_cache += segment[VF_SEG_KV_CACHE];
        o->compute += segment[VF_SEG_COMPUTE];
        o->overhead += segment[VF_SEG_RUNTIME];
    }
    out->host.weights += r->host.weights;
    out->host.kv_cache += r->host.kv_cache;
    out->host.compute += r->host.compute;
    out->host.output += r->host.output;
    for (uint32_t t = 0; t < r->n_terms; t++)
        if (strcmp(r->term[t].name, VF_TERM_DESKTOP) != 0) /* there is one, said with the model itself */
            add_term(&r->term[t], resident->cards, out->n_members, out);
}

/* What belongs to the model itself, by the numbers that its cards have here. */
static void renumber(vf_result *out)
{
    uint32_t n = out->n_terms;
    for (out->n_terms = 0; n > 0; n--)
        add_term(&out->term[out->n_terms], out->cards, 0, out);
    for (uint32_t i = 0; i < out->n_members; i++) {
        uint64_t own[VF_MAX_DEVICES][VF_SEG_COUNT];
        memcpy(own, out->member[i].device, sizeof own);
        memset(out->member[i].device, 0, sizeof own);
        for (uint32_t d = 0, c = 0; c < VF_MAX_DEVICES; c++)
            if (out->cards >> c & 1u)
                memcpy(out->member[i].device[c], own[d++], sizeof own[0]);
    }
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
    renumber(out);
    for (uint32_t i = 0; i < out->n_devices; i++) {
        out->device[i] = card[i];
        out->need += card[i].need;
        out->available += card[i].available;
        out->margin += card[i].margin;
        out->headroom = i == 0 || card[i].headroom < out->headroom ? card[i].headroom : out->headroom;
        out->verdict = card[i].verdict > out->verdict ? card[i].verdict : out->verdict;
    }
    for (uint32_t i = 0; i < a->n; i++)
        add_member(&a->model[i], &a->resident[i + 1], out);
}

/* An error of one of the others says whose it is. */
static void blame(const also *a, vf_error *err)
{
    for (uint32_t i = 0; i < a->n && err->status != VF_ERR_NOMEM; i++) {
        if (!a->resident[i + 1].refused)
            continue;
        char text[sizeof err->text];
        (void)snprintf(text, sizeof text, "%.120s%s%.380s", err->key, err->key[0] ? ": " : "", err->text);
        (void)fail_value(err, "--also", a->model[i].text, "%s", text);
        return;
    }
}

bool also_estimate(session *s, also *a, const char *runtime, const vf_request *main, vf_result *out, vf_error *err)
{
    vf_device_result card[VF_MAX_DEVICES];
    if (a->n == 0)
        return vf_estimate(main, &s->alloc, out, err) == VF_OK;
    if (main->n_members + (main->settings.draft_mtp ? 1u : 0u) + a->n > VF_MAX_MEMBERS)
        return fail(err, "--also", "more than %d models beside the model, with those of its own process", VF_MAX_MEMBERS);
    a->request[0] = *main;
    for (uint32_t i = 0; i < a->n; i++)
        if (!request_of(s, a, &a->model[i], runtime, main, &a->request[i + 1], err))
            return false;
    for (uint32_t i = 0; i <= a->n; i++)
        a->resident[i] = (vf_resident){.request = &a->request[i], .result = &a->result[i]};
    if (vf_pack(a->resident, a->n + 1, &s->alloc, card, err) != VF_OK) {
        blame(a, err);
        return false;
    }
    together(a, card, out);
    return true;
}

const vf_request *also_main_request(also *a, const vf_request *main, const vf_result **result)
{
    if (a->n == 0)
        return main;
    vf_request *q = &a->request[0];
    *q = *main;
    q->settings = a->resident[0].settings;
    for (uint32_t i = 0; i < a->result[0].n_devices; i++)
        q->device[i] = main->device[card_at(a->resident[0].cards, i)];
    q->n_devices = a->result[0].n_devices;
    *result = &a->result[0];
    return q;
}

/* ---- notes ---------------------------------------------------------------------------------------- */

static void note(vf_result *out, const char *format, ...) VF_PRINTF(2, 3);

static void note(vf_result *out, const char *format, ...)
{
    va_list ap;
    if (out->n_notes == VF_MAX_NOTES)
        return;
    va_start(ap, format);
    (void)vsnprintf(out->note[out->n_notes++], VF_NOTE_TEXT, format, ap);
    va_end(ap);
}

void also_notes(const session *s, const also *a, bool lines, vf_result *out)
{
    for (uint32_t i = 0; i < a->n && lines; i++)
        note(out, "every line with %.120s, %s beside it", a->model[i].sub.title, a->model[i].choice.quant.name);
    for (uint32_t i = 0; i < a->n; i++) {
        const also_model *m = &a->model[i];
        const vf_result *r = &a->result[i + 1];
        const char *name = m->sub.title;
        bool asked = a->context && a->context != ALSO_TRAIN;
        if (m->sub.class_name[0])
            note(out, "--also %s: %.120s stands in for the size class", m->sub.class_name, name);
        if (m->choice.note[0])
            note(out, "--also %.60s: %s", name, m->choice.note);
        if (m->sub.facts.embeds)
            note(out, "--also %.60s: made for embeddings, judged as with --embeddings and a context of %llu%s", name,
                 (unsigned long long)r->context, r->context == m->sub.facts.n_ctx_train ? ", its maximum" : "");
        else if (asked && r->context < a->context)
            note(out, "--also %.60s: a context of %llu, the most that it was trained for", name, (unsigned long long)r->context);
        if (subject_tower(s, &m->sub, m->choice.runtime))
            note(out, "--also %.60s: without its tower for images or sound; --mmproj counts that of the model asked for", name);
        for (uint32_t n = 0; n < r->n_notes; n++)
            note(out, "--also %.60s: %.180s", name, r->note[n]);
    }
}
