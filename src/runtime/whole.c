#include "runtime/whole.h"

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "model/schemes.h"
#include "runtime/transformers.h"

static uint64_t max64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t min64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ---- settings ----------------------------------------------------------------------------------- */

static vf_status check(const vf_case *k, const wh_rules *rules, vf_error *err)
{
    const char *name = k->request->runtime;
    const vf_quant *q = k->quant;
    bool packed = q->kind == VF_QUANT_SCHEME || (q->kind == VF_QUANT_AS_FILE && k->model->pack_bits);
    if (k->request->n_devices == 0)
        return vf_fail_key(err, VF_ERR_USAGE, "--gpu", "none: %s is judged on cards", name);
    if (k->request->n_devices > 1 && rules->split == WH_ONE)
        return vf_fail_key(err, VF_ERR_USAGE, "--gpu", "%u devices: %s runs on one (exo joins several)", k->request->n_devices, name);
    if (!((rules->backends >> k->settings->backend) & 1u))
        return vf_fail_key(err, VF_ERR_USAGE, "--backend", "%s: %s runs on %s", vf_backend_name(k->settings->backend), name,
                           rules->backend_names);
    if (q->kind == VF_QUANT_AS_FILE && k->model->file_type != UINT32_MAX)
        return vf_fail_key(err, VF_ERR_USAGE, "--runtime", "%s: GGUF files are judged under llama.cpp", name);
    if (q->kind != VF_QUANT_AS_FILE && k->model->pack_bits)
        return vf_fail_key(err, VF_ERR_REFUSED, "--quant", "%s: the files hold weights that are quantized already (%s)",
                           q->name, k->model->published_quant);
    if (q->kind == VF_QUANT_GGUF || (packed && !((rules->packings >> q->packing) & 1u)))
        return vf_fail_key(err, VF_ERR_USAGE, "--quant", "%s is no format of %s", q->name, name);
    if (k->request->n_members)
        return vf_fail_key(err, VF_ERR_USAGE, "--draft", "not judged with %s in this version", name);
    if (k->settings->context && k->settings->prompt > k->settings->context)
        return vf_fail_key(err, VF_ERR_USAGE, "--prompt", "%llu tokens are more than the context of %llu",
                           (unsigned long long)k->settings->prompt, (unsigned long long)k->settings->context);
    return VF_OK;
}

static bool has_cache_type(const wh_rules *rules, vf_type type)
{
    for (uint32_t i = 0; i < rules->n_cache_types; i++)
        if (rules->cache_types[i] == type)
            return true;
    return type == VF_TYPE_F16 || type == VF_TYPE_BF16;
}

/** Rows of K, or of V, are quantized in whole blocks. Latent rows hold both. */
static vf_status check_rows(const vf_case *k, bool v, vf_type type, vf_error *err)
{
    const vf_model *m = k->model;
    for (uint32_t i = 0; i < m->n_layers; i++) {
        const vf_layer *l = &m->layers[i];
        uint64_t width = vf_mul(l->n_head_kv, v && l->attention != VF_ATTN_MLA ? l->head_v : l->head_k);
        if (l->has_cache && vf_row_bytes((uint16_t)type, width) == VF_OVERFLOW)
            return vf_fail_key(err, VF_ERR_REFUSED, "--kv-type", "%s: rows of the model, %llu wide, are no multiple of its %u",
                               vf_type_get(type)->name, (unsigned long long)width, vf_type_get(type)->block);
    }
    return VF_OK;
}

static vf_status resolve(const vf_case *k, const wh_rules *rules, wh_run *run, vf_error *err)
{
    const vf_settings *s = k->settings;
    vf_status st = check(k, rules, err);
    if (st)
        return st;
    *run = (wh_run){.k = k, .bytes = 2, .type_k = VF_TYPE_F16, .type_v = VF_TYPE_F16};
    if (s->type_kv_set) {
        run->type_k = s->type_k;
        run->type_v = s->type_v;
    }
    if (!has_cache_type(rules, run->type_k) || !has_cache_type(rules, run->type_v))
        return vf_fail_key(err, VF_ERR_REFUSED, "--kv-type", "%s/%s: no cache of %s", vf_type_get(run->type_k)->name,
                           vf_type_get(run->type_v)->name, k->request->runtime);
    st = check_rows(k, false, run->type_k, err);
    if (!st)
        st = check_rows(k, true, run->type_v, err);
    if (st)
        return st;
    run->context = s->context ? s->context : max64(vf_default_context(k->model), s->prompt);
    run->sequences = s->parallel ? s->parallel : 1;
    run->tokens = vf_pad(run->context, rules->page);
    run->step = min64(s->prompt ? s->prompt : run->context, rules->step);
    return VF_OK;
}

/* ---- layers ------------------------------------------------------------------------------------- */

/** Modules in the order in which they run: the layers, then all that comes after them. */
typedef struct modules {
    uint64_t *weights, *cache; /**< n of them, the last the head's */
    uint32_t n;
    uint64_t input;            /**< embeddings, where they are on a device */
    uint64_t host, model;
    wh_sizes sizes;
} modules;

static uint64_t tensor_bytes(const vf_case *k, size_t i)
{
    const vf_tensor *t = &k->model->tensors[i];
    if (k->quant->kind == VF_QUANT_SCHEME)
        return vf_scheme_tensor_bytes(k->model, k->quant, t);
    return vf_tensor_bytes(t, k->types[i]);
}

static void add_tensor(const vf_case *k, const wh_rules *rules, size_t i, modules *out)
{
    const vf_model *m = k->model;
    const vf_tensor *t = &m->tensors[i];
    uint64_t bytes = tensor_bytes(k, i);
    out->model = vf_add(out->model, bytes);
    bool block = t->layer >= 0 && t->stack == VF_STACK_BLK && (uint32_t)t->layer < m->n_layers;
    if (block && m->layers[t->layer].mtp)
        return;
    if (k->quant->packing != VF_PACK_NONE && vf_scheme_covers(m, k->quant, t) && vf_tensor_slot(t) != VF_SLOT_EMBEDDING &&
        vf_tensor_slot(t) != VF_SLOT_HEAD)
        out->sizes.matrix = max64(out->sizes.matrix, vf_tensor_matrix(t));
    uint32_t last = out->n - 1;
    if (block)
        out->weights[t->layer] = vf_add(out->weights[t->layer], bytes);
    else if (vf_tensor_slot(t) != VF_SLOT_EMBEDDING)
        out->weights[last] = vf_add(out->weights[last], bytes);
    else if (rules->embedding_on_host)
        out->host = vf_add(out->host, bytes);
    else
        out->input = vf_add(out->input, bytes);
}

/** Bytes of a layer's cache. Latent rows hold keys and values at once. */
static uint64_t layer_cache(const wh_run *run, const wh_rules *rules, const vf_layer *l)
{
    const vf_model *m = run->k->model;
    uint64_t tokens = run->tokens;
    if (rules->windows && l->windowed)
        tokens = min64(tokens, vf_add(m->n_swa, run->step));
    uint64_t k = vf_row_bytes((uint16_t)run->type_k, vf_mul(l->n_head_kv, l->head_k));
    uint64_t v = l->attention == VF_ATTN_MLA ? 0 : vf_row_bytes((uint16_t)run->type_v, vf_mul(l->n_head_kv, l->head_v));
    uint64_t rows = l->has_cache ? vf_mul(vf_add(k, v), tokens) : 0;
    uint64_t state = vf_add(vf_mul(l->state_r, run->bytes), vf_mul(l->state_s, 4));
    return vf_mul(vf_add(rows, state), run->sequences);
}

/** A quantized output matrix that the embeddings are tied to is a tensor of its own; where both lie on devices
 * apart, a plain one is there twice. */
static uint64_t tied_head(const vf_case *k, const wh_rules *rules)
{
    const vf_model *m = k->model;
    uint64_t head = k->quant->kind == VF_QUANT_SCHEME ? vf_scheme_tied_head_bytes(m, k->quant) : 0;
    if (head || !m->tied || !(rules->embedding_on_host || k->request->n_devices > 1))
        return head;
    const vf_tensor *t = vf_model_tensor(m, -1, VF_ROLE_TOKEN_EMBD, VF_PART_WEIGHT);
    return t ? tensor_bytes(k, (size_t)(t - m->tensors)) : 0;
}

static void measure(const wh_run *run, const wh_rules *rules, modules *out)
{
    const vf_model *m = run->k->model;
    for (size_t i = 0; i < m->n_tensors; i++)
        if (m->from_file || vf_tensor_is_parameter(&m->tensors[i]))
            add_tensor(run->k, rules, i, out);
    out->weights[out->n - 1] = vf_add(out->weights[out->n - 1], tied_head(run->k, rules));
    for (uint32_t i = 0; i < m->n_layers; i++) {
        if (m->layers[i].mtp)
            continue;
        out->cache[i] = layer_cache(run, rules, &m->layers[i]);
        out->sizes.widest_cache = max64(out->sizes.widest_cache, out->cache[i]);
    }
    out->sizes.activations = tf_layer_bytes(m, run->bytes);
}

/* ---- devices ------------------------------------------------------------------------------------ */

/** First module behind those of each device. */
typedef struct deal {
    uint32_t end[VF_MAX_DEVICES];
} deal;

static deal deal_by_filling(const wh_run *run, const wh_rules *rules, const modules *x)
{
    deal d = {{0}};
    uint32_t n = run->k->request->n_devices, next = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t used = vf_add(rules->compute(run, &x->sizes, i + 1 == n).bytes, rules->other(run, i).bytes);
        used = vf_add(used, i == 0 ? x->input : 0);
        while (next < x->n) {
            uint64_t more = vf_add(used, vf_add(x->weights[next], x->cache[next]));
            if (i + 1 < n && vf_add(more, rules->reserve) > run->k->available[i])
                break;
            used = more;
            next++;
        }
        d.end[i] = next;
    }
    return d;
}

/** Shares by largest remainders, at least one layer each; the head goes with the last layer (exo,
 * master/placement_utils.py). */
static deal deal_by_shares(const wh_run *run, const modules *x)
{
    deal d = {{0}};
    uint32_t n = run->k->request->n_devices, layers = x->n - 1, dealt = 0;
    uint64_t sum = 0, rest[VF_MAX_DEVICES] = {0};
    uint32_t count[VF_MAX_DEVICES] = {0};
    for (uint32_t i = 0; i < n; i++)
        sum = vf_add(sum, run->k->available[i] >> 10); /* KiB: the product with layers stays small */
    for (uint32_t i = 0; i < n; i++) {
        uint64_t part = vf_mul(run->k->available[i] >> 10, layers);
        count[i] = sum ? (uint32_t)(part / sum) : 0;
        rest[i] = sum ? part % sum : 0;
        dealt += count[i];
    }
    for (; dealt < layers; dealt++) {
        uint32_t most = 0;
        for (uint32_t i = 1; i < n; i++)
            most = rest[i] > rest[most] ? i : most;
        count[most]++;
        rest[most] = 0;
    }
    for (uint32_t i = 0; i < n; i++) { /* from the one with the most */
        uint32_t most = 0;
        for (uint32_t j = 1; j < n; j++)
            most = count[j] > count[most] ? j : most;
        if (count[i] == 0 && count[most] > 1) {
            count[most]--;
            count[i]++;
        }
    }
    for (uint32_t i = 0, end = 0; i < n; i++)
        d.end[i] = end += count[i];
    d.end[n - 1] = x->n;
    return d;
}

static void explain(const wh_run *run, const wh_rules *rules, uint32_t i, const vf_device_result *d, uint32_t first,
                    const wh_amount *compute, const wh_amount *other, vf_result *out)
{
    int32_t at = (int32_t)i;
    vf_add_term(out, at, VF_SEG_WEIGHTS, "weights", "sum of the tensors' bytes", "safetensors, or the inventory",
                d->segment[VF_SEG_WEIGHTS], 0, "%u layers from %u on", d->layers, first);
    vf_add_term(out, at, VF_SEG_KV_CACHE, rules->cache, "tokens x (K + V) of the device's layers x sequences, and states",
                rules->cache_source, d->segment[VF_SEG_KV_CACHE], 0, "%llu tokens, %llu sequences, pages of %llu",
                (unsigned long long)run->tokens, (unsigned long long)run->sequences, (unsigned long long)rules->page);
    vf_add_term(out, at, VF_SEG_COMPUTE, "scratch", compute->formula, compute->source, compute->bytes, compute->spread,
                "%llu tokens at once", (unsigned long long)run->step);
    vf_add_term(out, at, VF_SEG_RUNTIME, "context and libraries", other->formula, other->source, other->bytes, other->spread,
                NULL);
}

static void fill_devices(const wh_run *run, const wh_rules *rules, const modules *x, const deal *d, vf_result *out)
{
    for (uint32_t i = 0, next = 0; i < out->n_devices; i++) {
        vf_device_result *o = &out->device[i];
        uint32_t first = next;
        uint64_t weights = i == 0 ? x->input : 0, cache = 0;
        bool last = d->end[i] == x->n && (i == 0 || d->end[i - 1] < x->n);
        for (; next < d->end[i]; next++) {
            weights = vf_add(weights, x->weights[next]);
            cache = vf_add(cache, x->cache[next]);
            o->layers += next + 1 < x->n && !run->k->model->layers[next].mtp;
        }
        bool used = i == 0 || next > first; /* one that is not reached is left alone */
        wh_amount none = {0, 0, "no layer came this far", ""};
        wh_amount compute = used ? rules->compute(run, &x->sizes, last) : none;
        wh_amount other = used ? rules->other(run, i) : none;
        o->segment[VF_SEG_WEIGHTS] = weights;
        o->segment[VF_SEG_KV_CACHE] = cache;
        o->segment[VF_SEG_COMPUTE] = compute.bytes;
        o->segment[VF_SEG_RUNTIME] = other.bytes;
        o->margin = vf_add(o->margin, vf_add(compute.spread, other.spread));
        explain(run, rules, i, o, first, &compute, &other, out);
    }
}

static vf_status answer(const wh_run *run, const wh_rules *rules, modules *x, vf_result *out, vf_error *err)
{
    measure(run, rules, x);
    uint64_t sum = vf_add(x->input, x->host);
    for (uint32_t i = 0; i < x->n; i++)
        sum = vf_add(sum, vf_add(x->weights[i], x->cache[i]));
    wh_amount most = rules->compute(run, &x->sizes, true);
    if (!vf_size_ok(sum) || !vf_size_ok(x->model) || !vf_size_ok(most.bytes))
        return vf_fail(err, VF_ERR_RANGE, "the need would be over 2^60 bytes");
    deal d = rules->split == WH_SHARE ? deal_by_shares(run, x) : deal_by_filling(run, rules, x);
    out->parallel = (uint32_t)run->sequences;
    out->context = out->context_per_sequence = run->context;
    out->type_k = run->type_k;
    out->type_v = run->type_v;
    out->model_bytes = x->model;
    out->host.weights = x->host;
    if (x->host)
        vf_add_term(out, -1, VF_SEG_WEIGHTS, "embeddings", "on the host, where they are looked up",
                    "exllamav2 and exllamav3, Embedding", x->host, 0, NULL);
    fill_devices(run, rules, x, &d, out);
    vf_add_note(out, "%s: by its rules only, too few loads were measured for an error", run->k->request->runtime);
    return VF_OK;
}

vf_status wh_footprint(const vf_case *k, const wh_rules *rules, vf_result *out, vf_error *err)
{
    wh_run run;
    vf_status st = resolve(k, rules, &run, err);
    if (st)
        return st;
    uint32_t n = k->model->n_layers + 1;
    uint64_t *room = vf_alloc_zero(k->scratch, 2 * (size_t)n, sizeof *room);
    if (!room)
        return vf_fail(err, VF_ERR_NOMEM, "out of memory");
    modules x = {.weights = room, .cache = room + n, .n = n};
    st = answer(&run, rules, &x, out, err);
    vf_free(k->scratch, room, 2 * (size_t)n * sizeof *room);
    return st;
}
