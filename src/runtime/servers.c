#include "runtime/servers.h"

#include "base/checked.h"
#include "base/error.h"

/* ---- settings ----------------------------------------------------------------------------------- */

static vf_status check_formats(const vf_case *k, vf_error *err)
{
    const vf_model *m = k->model;
    const vf_settings *s = k->settings;
    const char *name = k->request->runtime;
    if (k->request->n_devices == 0)
        return vf_fail_key(err, VF_ERR_USAGE, "--gpu", "none: %s is judged on cards", name);
    if (s->backend != VF_BACKEND_CUDA && s->backend != VF_BACKEND_ROCM)
        return vf_fail_key(err, VF_ERR_USAGE, "--backend", "%s: %s runs on cuda or rocm", vf_backend_name(s->backend), name);
    if (k->quant->kind == VF_QUANT_AS_FILE && m->file_type != UINT32_MAX)
        return vf_fail_key(err, VF_ERR_USAGE, "--runtime", "%s: GGUF files are judged under llama.cpp", name);
    if (k->quant->kind != VF_QUANT_AS_FILE && m->pack_bits)
        return vf_fail_key(err, VF_ERR_REFUSED, "--quant", "%s: the files hold weights that are quantized already (%s)",
                           k->quant->name, m->published_quant);
    if (k->request->n_members)
        return vf_fail_key(err, VF_ERR_USAGE, "--draft", "not judged with %s in this version", name);
    return VF_OK;
}

/* "auto" is the model's own type; of narrower ones fp8 is all that these servers have in common. */
static vf_status take_types(sv_run *run, vf_result *out, vf_error *err)
{
    const vf_case *k = run->k;
    const vf_settings *s = k->settings;
    bool cast = k->quant->kind == VF_QUANT_CAST;
    run->bytes = cast ? vf_row_bytes((uint16_t)k->quant->type, 1) : 2;
    run->kv_bytes = run->bytes;
    out->type_k = out->type_v = cast ? k->quant->type : VF_TYPE_BF16;
    if (!s->type_kv_set)
        return VF_OK;
    bool sixteen = s->type_k == VF_TYPE_F16 || s->type_k == VF_TYPE_BF16;
    if (s->type_k != s->type_v || (!sixteen && s->type_k != VF_TYPE_F8_E4M3))
        return vf_fail_key(err, VF_ERR_REFUSED, "--kv-type", "%s/%s: a cache of %s is bf16, f16 or fp8, K and V alike",
                           vf_type_get(s->type_k)->name, vf_type_get(s->type_v)->name, k->request->runtime);
    run->kv_bytes = sixteen ? 2 : 1;
    out->type_k = out->type_v = s->type_k;
    return VF_OK;
}

static vf_status take_cards(sv_run *run, vf_error *err)
{
    const vf_settings *s = run->k->settings;
    uint32_t n = run->k->request->n_devices;
    run->pp = s->pipeline_parallel ? s->pipeline_parallel : 1;
    run->tp = s->tensor_parallel ? s->tensor_parallel : n / run->pp;
    if ((uint64_t)run->tp * run->pp != n) {
        bool stages = !s->tensor_parallel || (s->pipeline_parallel && run->tp == 1);
        return vf_fail_key(err, VF_ERR_USAGE, stages ? "--pipeline-parallel" : "--tensor-parallel",
                           "%u: %u x %u cards, and --gpu has %u", stages ? run->pp : run->tp, run->tp, run->pp, n);
    }
    return sv_check_division(run, err);
}

static vf_status take_lengths(sv_run *run, vf_error *err)
{
    const vf_case *k = run->k;
    const vf_settings *s = k->settings;
    uint64_t train = k->model->hp.context_length;
    run->context = s->context ? s->context : vf_default_context(k->model);
    run->sequences = s->parallel ? s->parallel : 1;
    if (train && run->context > train)
        return vf_fail_key(err, VF_ERR_REFUSED, "--context", "%llu: %s refuses more than the model's %llu tokens",
                           (unsigned long long)run->context, k->request->runtime, (unsigned long long)train);
    run->limit = s->gpu_memory_utilization;
    run->max_num_seqs = s->max_num_seqs;
    run->batched_tokens = s->max_num_batched_tokens;
    if (run->max_num_seqs && run->sequences > run->max_num_seqs)
        return vf_fail_key(err, VF_ERR_USAGE, "--parallel", "%llu: more than --max-num-seqs %llu",
                           (unsigned long long)run->sequences, (unsigned long long)run->max_num_seqs);
    return VF_OK;
}

static vf_status resolve(sv_run *run, vf_result *out, vf_error *err)
{
    const vf_request *r = run->k->request;
    vf_status st = check_formats(run->k, err);
    if (!st)
        st = take_types(run, out, err);
    if (!st)
        st = take_cards(run, err);
    if (!st)
        st = take_lengths(run, err);
    if (st)
        return st;
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 0; i < r->n_devices; i++)
        least = sv_min(least, r->device[i].total - sv_min(r->device[i].reserved, r->device[i].total));
    run->rules->defaults(run, least, r->device[0].compute_capability);
    run->max_num_seqs = sv_max(run->max_num_seqs, run->sequences);
    out->tensor_parallel = run->tp;
    return run->rules->check ? run->rules->check(run, err) : VF_OK;
}

/* ---- stages ------------------------------------------------------------------------------------- */

/** Layers of a stage: even shares, the rest to the stages before the last (vllm/distributed/utils.py:
 * get_pp_indices). */
static uint32_t stage_layers(uint32_t n, uint32_t pp, uint32_t stage)
{
    uint32_t rest = n % pp;
    return n / pp + (stage + 1 < pp && stage + 1 + rest >= pp);
}

static sv_stage stage_of(const sv_run *run, uint32_t device)
{
    const vf_device *d = &run->k->request->device[device];
    uint32_t stage = device / run->tp, n = vf_model_trunk_layers(run->k->model); /* the others are not loaded */
    sv_stage s = {.is_first = stage == 0, .is_last = stage + 1 == run->pp};
    for (uint32_t i = 0; i < stage; i++)
        s.first += stage_layers(n, run->pp, i);
    s.end = s.first + stage_layers(n, run->pp, stage);
    s.visible = d->total - sv_min(d->reserved, d->total);
    s.free = s.visible - sv_min(vf_add(d->desktop, d->other), s.visible);
    return s;
}

/* ---- the answer --------------------------------------------------------------------------------- */

static void explain(const sv_run *run, const sv_stage *s, const sv_plan *p, uint32_t i, vf_result *out)
{
    int32_t at = (int32_t)i;
    vf_add_term(out, at, VF_SEG_WEIGHTS, "weights", "sum of the tensors' bytes, each card's part",
                "vllm model_executor/layers/linear.py, vocab_parallel_embedding.py", s->weights, 0,
                "layers %u to %u, tensor parallel %u", s->first, s->end - 1, run->tp);
    vf_add_term(out, at, VF_SEG_WEIGHTS, "position tables", "positions x rotated width x bytes",
                "vllm model_executor/layers/rotary_embedding", s->tables, 0, NULL);
    vf_add_term(out, at, VF_SEG_KV_CACHE, run->rules->cache, "pages of the longest sequence x sequences", run->rules->cache_source,
                vf_mul(p->sequence, run->sequences), 0, "%llu tokens, %llu sequences, pages of %llu",
                (unsigned long long)run->context, (unsigned long long)run->sequences, (unsigned long long)run->rules->block);
    const struct {
        const char *name;
        vf_segment segment;
        const sv_amount *a;
    } rest[] = {{"activations", VF_SEG_COMPUTE, &p->activations}, {"CUDA graphs", VF_SEG_COMPUTE, &p->graphs},
                {"other libraries", VF_SEG_RUNTIME, &p->other}};
    for (size_t j = 0; j < sizeof rest / sizeof rest[0]; j++)
        vf_add_term(out, at, rest[j].segment, rest[j].name, rest[j].a->formula, rest[j].a->source, rest[j].a->bytes,
                    rest[j].a->spread, "%llu sequences, %llu tokens at once", (unsigned long long)run->max_num_seqs,
                    (unsigned long long)run->batched_tokens);
}

/** Per mille. */
static uint32_t measured_error(const sv_run *run)
{
    vf_policy policy = run->k->settings->policy;
    return policy == VF_POLICY_CONSERVATIVE ? run->rules->error_95 : policy == VF_POLICY_MEDIAN ? run->rules->error_50 : 0;
}

static uint64_t margin(const sv_run *run, const vf_device_result *d)
{
    uint32_t error = measured_error(run);
    uint64_t covered = vf_add(d->segment[VF_SEG_WEIGHTS], vf_add(d->segment[VF_SEG_COMPUTE], d->segment[VF_SEG_RUNTIME]));
    return vf_ceil_div(vf_mul(covered, error), 1000);
}

/* All cards hold the same pages, so the one with the least room decides. */
static void add_pool(const sv_run *run, const sv_stage *s, const sv_plan *p,
                     const vf_device_result *d, vf_result *out)
{
    uint64_t rest = vf_add(d->segment[VF_SEG_WEIGHTS], vf_add(d->segment[VF_SEG_COMPUTE], d->segment[VF_SEG_RUNTIME]));
    uint64_t left = d->available - sv_min(rest, d->available);
    out->pool_bytes = vf_add(out->pool_bytes, left);
    if (p->sequence == 0)
        return;
    uint64_t whole = left / p->sequence, of_next = left % p->sequence;
    uint64_t tokens = vf_add(vf_mul(whole, run->context), of_next / vf_ceil_div(p->sequence, run->context));
    uint64_t page = vf_mul(s->full, run->rules->block);
    if (page && !s->n_windowed && !s->n_state) /* every page is like every other */
        tokens = vf_mul(left / page, run->rules->block);
    out->max_sequences = out->has_pool ? sv_min(out->max_sequences, whole) : whole;
    out->pool_tokens = out->has_pool ? sv_min(out->pool_tokens, tokens) : tokens;
    out->has_pool = true;
}

static vf_status card(const sv_run *run, uint32_t i, vf_result *out, vf_error *err)
{
    vf_device_result *d = &out->device[i];
    sv_stage s = stage_of(run, i);
    sv_plan p = {.available = sv_min(sv_share(s.visible, run->limit), s.free)};
    vf_status st = sv_weigh(run, &s, &out->model_bytes, err);
    if (st)
        return st;
    sv_cache(run, &s);
    run->rules->plan(run, &s, &p, out);
    d->available = p.available;
    d->layers = s.end - s.first;
    d->segment[VF_SEG_WEIGHTS] = vf_add(s.weights, s.tables);
    d->segment[VF_SEG_KV_CACHE] = vf_mul(p.sequence, run->sequences);
    d->segment[VF_SEG_COMPUTE] = vf_add(p.activations.bytes, p.graphs.bytes);
    d->segment[VF_SEG_RUNTIME] = p.other.bytes;
    uint64_t error = margin(run, d);
    d->margin = vf_add(vf_add(d->margin, error), vf_add(p.activations.spread, vf_add(p.graphs.spread, p.other.spread)));
    explain(run, &s, &p, i, out);
    if (error)
        vf_add_term(out, (int32_t)i, VF_SEG_RUNTIME, "error of measured loads", "share of all but the cache, by --policy",
                    "tests/accuracy/measured.py", 0, error, "%u per mille", measured_error(run));
    add_pool(run, &s, &p, d, out);
    return VF_OK;
}

vf_status sv_footprint(const vf_case *k, const sv_rules *rules, vf_result *out, vf_error *err)
{
    sv_run run = {.k = k, .rules = rules};
    vf_status st = resolve(&run, out, err);
    out->context = out->context_per_sequence = run.context;
    out->parallel = (uint32_t)run.sequences;
    if (st == VF_OK)
        vf_add_note(out, "%s: takes up to %llu.%02llu of the card, %llu sequences and %llu tokens at once", k->request->runtime,
                    (unsigned long long)(run.limit / 1000000), (unsigned long long)(run.limit / 10000 % 100),
                    (unsigned long long)run.max_num_seqs, (unsigned long long)run.batched_tokens);
    if (st == VF_OK)
        vf_count_tower(k, out);
    if (st == VF_OK && out->n_devices > 1)
        vf_add_note(out, "tensor parallel %u, pipeline parallel %u", run.tp, run.pp);
    for (uint32_t i = 0; i < out->n_devices && st == VF_OK; i++)
        st = card(&run, i, out, err);
    return st;
}
