/* Models and questions that are built from the fuzzer's choices, and what must hold of every answer. */
#ifndef VF_TESTS_FUZZ_MODEL_H
#define VF_TESTS_FUZZ_MODEL_H

#include "base/checked.h"
#include "fuzz_take.h"
#include "load/catalog/catalog.h"
#include "model/model.h"
#include "vramfit/search.h"
#include "vramfit/speed.h"

/** The built-in catalog, opened once. */
static inline vf_catalog *fuzz_catalog(void)
{
    static vf_catalog *catalog;
    vf_error err = {0};
    if (!catalog)
        PROMISE(vf_catalog_new(&fuzz_heap, &catalog, &err) == VF_OK);
    return catalog;
}

/** A model of the catalog, opened once. */
static inline const vf_model *fuzz_catalog_model(uint32_t index)
{
    static vf_model *models[1024];
    vf_error err = {0};
    PROMISE(index < 1024);
    if (!models[index]) {
        size_t held = fuzz_held;
        fuzz_held = 0;
        PROMISE(vf_catalog_model_open(fuzz_catalog(), index, &fuzz_heap, &models[index], &err) == VF_OK);
        fuzz_held = held; /* kept for good */
    }
    return models[index];
}

/** Hyperparameters of a model of the catalog, some of them set to other numbers that a reader lets pass; layers
 * and tensors as they follow. NULL: refused. */
static inline vf_model *fuzz_model(fuzz_take *t)
{
    const vf_model *like = fuzz_catalog_model(take_u8(t) % vf_catalog_count(fuzz_catalog(), VF_KIND_MODEL));
    const vf_arch_lookup archs = vf_catalog_archs(fuzz_catalog());
    vf_draft d;
    vf_error err = {0};
    vf_model *m = NULL;
    uint32_t first;
    if (vf_draft_init(&d, &fuzz_heap, &err) != VF_OK)
        return NULL;
    vf_draft_arch(&d, &archs, like->arch_name);
    d.m->tied = like->tied;
    d.m->options = like->options;
    d.m->hp = like->hp;
    if (vf_draft_numbers(&d, like->pool, (uint32_t)like->n_pool, &first, &err) != VF_OK) {
        vf_draft_drop(&d);
        return NULL;
    }
    if (d.m->hp.block_count > 8 && take_u8(t) < 250) /* fewer layers, more runs */
        vf_draft_set(&d, VF_HP_block_count, 1 + take_u8(t) % 4);
    for (unsigned n = take_u8(t) % 6; n > 0; n--) {
        uint32_t id = take_u8(t) % VF_HP_COUNT;
        const vf_field *f = &vf_hparam_fields[id];
        vf_draft_set(&d, (vf_hparam_id)id, (uint32_t)take_number(t, f->kind == VF_FIELD_FLAG || f->kind == VF_FIELD_FACTOR ? 1 : f->max));
    }
    if (vf_draft_seal(&d, &m, &err) == VF_OK && vf_layers_build(m, &err) == VF_OK && vf_inventory_build(m, &err) == VF_OK)
        return m;
    fuzz_check_error(&err);
    vf_model_free(m);
    return NULL;
}

static inline void fuzz_devices(fuzz_take *t, vf_request *r)
{
    static const uint32_t capability[] = {0, 52, 61, 75, 80, 86, 89, 90, 120};
    r->n_devices = take_u8(t) % 5;
    r->n_devices += r->n_devices == 4 ? take_u8(t) % 14 : 0; /* up to one too many */
    for (uint32_t i = 0; i < r->n_devices && i < VF_MAX_DEVICES; i++) {
        vf_device *d = &r->device[i];
        *d = (vf_device){.name = "card", .total = (uint64_t)take_u8(t) << 30};
        if (take_u8(t) < 64) {
            d->total = take_number(t, UINT64_MAX);
            d->reserved = take_number(t, UINT64_MAX);
            d->desktop = take_number(t, UINT64_MAX);
            d->desktop_spread = take_number(t, UINT64_MAX);
            d->other = take_number(t, UINT64_MAX);
        }
        d->compute_capability = capability[take_u8(t) % 9];
        d->multiprocessors = take_u8(t);
        d->bandwidth_mbs = (uint32_t)take_number(t, UINT32_MAX);
        d->link_mbs = (uint32_t)take_number(t, UINT32_MAX);
        d->bus_mbs = (uint32_t)take_number(t, UINT32_MAX);
        d->link_is_bridge = take_bool(t);
    }
}

/** A storage type that there is. */
static inline vf_type fuzz_type(fuzz_take *t)
{
    uint32_t type = take_u8(t) % 48;
    type = type < 43 ? type : 256 + type - 43;
    return vf_type_get(type) ? (vf_type)type : VF_TYPE_F16;
}

static inline void fuzz_settings(fuzz_take *t, vf_settings *s)
{
    vf_settings_init(s);
    s->backend = (vf_backend)(take_u8(t) % (VF_BACKEND_CPU + 1));
    s->flash_attn = (vf_auto)(take_u8(t) % 3);
    s->policy = (vf_policy)(take_u8(t) % 3);
    s->context = take_number(t, UINT64_MAX);
    for (unsigned n = take_u8(t) % 6; n > 0; n--)
        switch (take_u8(t) % 24) {
        case 0: s->parallel = (uint32_t)take_number(t, UINT32_MAX); break;
        case 1: s->batch = (uint32_t)take_number(t, UINT32_MAX); break;
        case 2: s->ubatch = (uint32_t)take_number(t, UINT32_MAX); break;
        case 3: s->prompt = take_number(t, UINT64_MAX); break;
        case 4: s->type_k = fuzz_type(t), s->type_v = fuzz_type(t), s->type_kv_set = true; break;
        case 5: s->gpu_layers = (uint32_t)take_number(t, UINT32_MAX); break;
        case 6: s->cpu_moe = (uint32_t)take_number(t, UINT32_MAX); break;
        case 7: s->split = (vf_split)(take_u8(t) % 4); break;
        case 8:
            s->n_tensor_split = take_u8(t) % (VF_MAX_DEVICES + 1);
            for (uint32_t i = 0; i < s->n_tensor_split; i++)
                s->tensor_split[i] = (double)take_number(t, UINT64_MAX) / 1000.0;
            break;
        case 9: s->outputs = (uint32_t)take_number(t, UINT32_MAX); break;
        case 10: s->draft_max = (uint32_t)take_number(t, UINT32_MAX); break;
        case 11: s->draft_mtp = take_bool(t); break;
        case 12: s->embeddings = true; break;
        case 13: s->mtp = true; break;
        case 14: s->swa_full = true; break;
        case 15: s->kv_unified = true; break;
        case 16: s->no_kv_offload = true; break;
        case 17: s->no_op_offload = take_bool(t), s->no_mmap = take_bool(t); break;
        case 18: s->workload = (vf_workload)(take_u8(t) % 4); break;
        case 19: s->train = (vf_train)(take_u8(t) % 4); break;
        case 20: s->max_num_seqs = (uint32_t)take_number(t, UINT32_MAX); break;
        case 21: s->max_num_batched_tokens = take_number(t, UINT64_MAX); break;
        case 22: s->gpu_memory_utilization = (uint32_t)take_number(t, 1000000); break;
        default:
            s->tensor_parallel = take_u8(t) % 18;
            s->pipeline_parallel = take_u8(t) % 18;
            s->expert_parallel = take_bool(t);
        }
}

/** Everything adds up, device by device, as vramfit.h says. */
static inline void fuzz_check_result(const vf_request *r, const vf_result *e)
{
    uint64_t need = 0, available = 0;
    vf_verdict worst = VF_FIT;
    PROMISE(e->n_devices == r->n_devices && e->n_devices <= VF_MAX_DEVICES);
    PROMISE(e->n_terms <= VF_MAX_TERMS && e->n_notes <= VF_MAX_NOTES && e->n_members <= VF_MAX_MEMBERS);
    for (uint32_t i = 0; i < e->n_devices; i++) {
        const vf_device_result *d = &e->device[i];
        uint64_t sum = 0;
        for (int s = 0; s < VF_SEG_COUNT; s++)
            sum = vf_add(sum, d->segment[s]);
        PROMISE(vf_size_ok(sum) && d->need == sum && d->available <= d->total);
        PROMISE(d->headroom == (int64_t)d->available - (int64_t)d->need);
        PROMISE(d->verdict == (d->headroom < 0 ? VF_NO_FIT : d->headroom < (int64_t)d->margin ? VF_FRAGILE : VF_FIT));
        worst = d->verdict > worst ? d->verdict : worst;
        need = vf_add(need, d->need);
        available = vf_add(available, d->available);
    }
    PROMISE(e->n_devices == 0 || (e->need == need && e->available == available && e->verdict == worst));
    PROMISE(vf_size_ok(vf_add(vf_add(e->host.weights, e->host.kv_cache), vf_add(e->host.compute, e->host.output))));
    PROMISE(need != VF_OVERFLOW && available != VF_OVERFLOW);
    for (uint32_t i = 0; i < e->n_terms; i++) {
        const vf_term *t = &e->term[i];
        PROMISE(t->device >= -1 && t->device < (int32_t)(e->n_devices ? e->n_devices : 1) && (unsigned)t->segment < VF_SEG_COUNT);
        PROMISE(t->name && t->name[0] && memchr(t->detail, 0, sizeof t->detail));
    }
    for (uint32_t i = 0; i < e->n_notes; i++)
        PROMISE(memchr(e->note[i], 0, VF_NOTE_TEXT));
}

/** A question about a model: now and then asked twice, when the answer is the same; all memory is given back. */
static inline void fuzz_ask(fuzz_take *t, const vf_model *m)
{
    static const char *const patterns[] = {"exps", "blk\\.[0-3]\\.", ".", "output", "attn_.*weight", "(ffn|attn)_(up|q)", "^$", "["};
    static vf_request r;
    static vf_result e, again;
    vf_override override[3];
    vf_quant_entry quant;
    vf_error err = {0};
    uint32_t n_runtimes = 0;
    while (vf_runtime_name(n_runtimes))
        n_runtimes++;
    memset(&r, 0, sizeof r);
    uint8_t runtime = take_u8(t);
    r.model = m;
    r.runtime = vf_runtime_name(runtime < 128 ? 0 : runtime % n_runtimes);
    uint8_t how = take_u8(t);
    if (how < 200 || !m->from_file) {
        PROMISE(vf_catalog_quant(fuzz_catalog(), take_u8(t) % vf_catalog_count(fuzz_catalog(), VF_KIND_QUANT), &quant) == VF_OK);
        r.quant = quant.quant;
        r.quant.millibits = quant.millibits;
    }
    fuzz_devices(t, &r);
    fuzz_settings(t, &r.settings);
    r.settings.override = override;
    for (unsigned n = take_u8(t) % 8; n > 4 && r.settings.n_override < 3; n--)
        override[r.settings.n_override++] = (vf_override){patterns[take_u8(t) % 8], (int32_t)(take_u8(t) % 6) - 1};
    vf_member draft = {.kind = VF_MEMBER_DRAFT, .model = m, .quant = r.quant, .name = "draft"};
    if (take_u8(t) > 220) {
        r.member = &draft;
        r.n_members = 1;
    }
    size_t held = fuzz_held;
    vf_status status = vf_estimate(&r, &fuzz_heap, &e, &err);
    PROMISE(fuzz_held == held);
    if (status != VF_OK) {
        PROMISE(err.status == status && err.text[0]);
        fuzz_check_error(&err);
        return;
    }
    fuzz_check_result(&r, &e);
    if (how % 8 == 1)
        PROMISE(vf_estimate(&r, &fuzz_heap, &again, &err) == VF_OK && e.need == again.need && e.verdict == again.verdict);
    vf_speed speed;
    if (vf_speed_bounds(&r, &e, &fuzz_heap, &speed, &err) == VF_OK) {
        PROMISE(!speed.has_decode || speed.decode.low <= speed.decode.high);
        PROMISE(!speed.has_prompt || speed.prompt.low <= speed.prompt.high);
    }
    if (how % 64 == 63 && m->n_layers <= 2) { /* dozens of estimates */
        vf_settings found;
        const vf_goal goal = {.verdict = VF_FRAGILE, .host_limit = take_bool(t) ? UINT64_C(1) << 34 : 0, .context_per_sequence = take_bool(t)};
        status = vf_solve(&r, (vf_open)(take_u8(t) % 3), &goal, &fuzz_heap, &found, &again, &err);
        if (status == VF_OK)
            PROMISE(again.verdict <= goal.verdict);
        else
            fuzz_check_error(&err);
    }
    PROMISE(fuzz_held == held);
}

#endif
