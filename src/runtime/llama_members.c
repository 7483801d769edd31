/* What llama.cpp loads beside the model in the same process: a draft model, a projector, adapters.
 * Sources: llama.cpp tools/server/server-context.cpp (draft), tools/mtmd/clip.cpp (projector),
 * src/llama-adapter.cpp (LoRA). */
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "estimate/placement.h"
#include "runtime/llama_cpp.h"

const char *vf_member_kind_name(vf_member_kind kind)
{
    static const char *const names[] = {"draft", "mmproj", "lora", "mtp", "also"};
    return names[kind];
}

static void add_to_device(vf_result *out, uint32_t i, vf_segment segment, uint64_t bytes, vf_member_result *mr)
{
    uint64_t *sum = segment == VF_SEG_WEIGHTS ? &mr->weights : segment == VF_SEG_KV_CACHE ? &mr->kv_cache : &mr->compute;
    out->device[i].segment[segment] = vf_add(out->device[i].segment[segment], bytes);
    mr->device[i][segment] = vf_add(mr->device[i][segment], bytes);
    *sum = vf_add(*sum, bytes);
}

static void add_to_host(uint64_t *host, uint64_t bytes, uint64_t *sum)
{
    *host = vf_add(*host, bytes);
    *sum = vf_add(*sum, bytes);
}

static void add_buffers(const vf_placement *p, const vf_cache *cache, const vf_compute *compute, vf_result *out, vf_member_result *mr)
{
    for (uint32_t i = 0; i < p->n_cards; i++) {
        add_to_device(out, i, VF_SEG_KV_CACHE, cache->device[i], mr);
        add_to_device(out, i, VF_SEG_COMPUTE, compute->device[i], mr);
    }
    add_to_host(&out->host.kv_cache, cache->host, &mr->host_kv_cache);
    add_to_host(&out->host.compute, compute->host, &mr->host_compute);
}

/** A draft model is a second model with a second context: as long as the target's, f16 cache, one row of
 * logits per sequence. */
static vf_status add_draft(const vf_case *k, const vf_member *member, const uint16_t *types, const vf_placement *p,
                           const vf_settings *s, vf_result *out, vf_member_result *mr, vf_error *err)
{
    vf_context c;
    vf_weights weights;
    vf_cache cache;
    vf_compute compute = {0};
    vf_status st = vf_context_resolve(member->model, s, p, k->scratch, &c, err);
    if (!st)
        st = vf_weights_plan(member->model, types, p, &weights, err);
    if (!st)
        st = vf_cache_plan(member->model, types, &c, p, &cache, err);
    if (!st)
        st = vf_graph_compute(member->model, types, &c, p, k->scratch, &compute, err);
    if (st)
        return st;
    for (uint32_t i = 0; i < p->n_cards; i++)
        add_to_device(out, i, VF_SEG_WEIGHTS, weights.device[i], mr);
    add_to_host(&out->host.weights, weights.host, &mr->host_weights);
    add_buffers(p, &cache, &compute, out, mr);
    out->host.output = vf_add(out->host.output, vf_llama_cpp_output(member->model, &c));
    return VF_OK;
}

/** The model's own prediction layers: no weights but the model's, a context of their own. Hidden states are read for every
 * token of a batch, and for the rows that are drafted (llama.cpp src/llama-context.cpp: output_reserve, embd_nextn). */
static vf_status add_prediction(const vf_case *k, const vf_context *target, const vf_placement *p, vf_result *out,
                                vf_error *err)
{
    const vf_model *m = k->model;
    vf_context c;
    vf_cache cache;
    vf_compute compute = {0};
    vf_member_result *mr = &out->member[out->n_members++];
    *mr = (vf_member_result){.kind = VF_MEMBER_MTP};
    vf_set_text(mr->name, sizeof mr->name, "the model's prediction layers");
    vf_status st = vf_context_drafting(m, k->settings, target, p, k->scratch, &c, err);
    if (!st)
        st = vf_cache_plan(m, k->types, &c, p, &cache, err);
    if (!st)
        st = vf_graph_compute(m, k->types, &c, p, k->scratch, &compute, err);
    if (st)
        return st;
    add_buffers(p, &cache, &compute, out, mr);
    uint64_t rows = vf_add(target->n_batch, c.n_seq_max);
    out->host.output = vf_add(out->host.output, vf_llama_cpp_output(m, &c));
    out->host.output = vf_add(out->host.output, vf_mul3(rows, m->hp.embedding_length, 4));
    return VF_OK;
}

static vf_status place_draft(const vf_case *k, const vf_member *member, const uint16_t *types, vf_result *out,
                             vf_member_result *mr, vf_error *err)
{
    const vf_request *r = k->request;
    vf_settings s;
    vf_settings_init(&s);
    s.context = out->context;
    s.parallel = k->settings->parallel;
    s.batch = k->settings->batch;
    s.ubatch = k->settings->ubatch;
    s.flash_attn = k->settings->flash_attn;
    s.kv_unified = k->settings->kv_unified;
    s.split = k->settings->split;
    s.n_tensor_split = k->settings->n_tensor_split;
    memcpy(s.tensor_split, k->settings->tensor_split, sizeof s.tensor_split);
    s.backend = k->settings->backend;
    vf_placement p;
    vf_status st =
        vf_placement_build(member->model, types, &s, r->n_devices, r->device, k->available, k->scratch, &p, err);
    if (st)
        return st;
    st = add_draft(k, member, types, &p, &s, out, mr, err);
    vf_placement_free(member->model, k->scratch, &p);
    return st;
}

static uint64_t in_buffer(vf_backend backend, const vf_tensor *t, uint16_t type)
{
    uint64_t bytes = vf_buffer_tensor_bytes(backend, type, t->ne[0], vf_tensor_bytes(t, type));
    return vf_pad(bytes, vf_buffer_alignment(backend));
}

static const vf_tensor *named(const vf_model *m, const char *name)
{
    for (size_t i = 0; i < m->n_tensors; i++) {
        char text[256];
        if (strcmp(vf_tensor_name(m, &m->tensors[i], text, sizeof text), name) == 0)
            return &m->tensors[i];
    }
    return NULL;
}

/** Patches and widths of a projector whose file is not there: those of SigLIP so400m at 896 pixels, the
 * largest of the common towers. */
#define PATCHES_LARGE 4096
#define EMBD_LARGE 1152
#define FF_LARGE 4304

/** The encoder's buffer for a warm-up image: its widest block for all patches, flash attention on. No
 * measurement stands behind it: as much again is margin. */
static uint64_t projector_compute(const vf_model *m)
{
    if (!m)
        return vf_mul3(PATCHES_LARGE, 4 * EMBD_LARGE + 3 * FF_LARGE, 4);
    const vf_tensor *positions = named(m, "v.position_embd.weight"), *up = named(m, "v.blk.0.ffn_up.weight");
    const vf_tensor *q = named(m, "v.blk.0.attn_q.weight"), *qkv = named(m, "v.blk.0.attn_qkv.weight");
    uint64_t n = positions ? positions->ne[1] : PATCHES_LARGE;
    uint64_t embd = q ? q->ne[0] : qkv ? qkv->ne[0] : 0;
    uint64_t ff = up ? up->ne[0] > up->ne[1] ? up->ne[0] : up->ne[1] : vf_mul(4, embd);
    return vf_mul3(n, vf_add(vf_mul(4, embd), vf_mul(3, ff)), 4);
}

static vf_status add_projector(const vf_case *k, const vf_member *member, const uint16_t *types, vf_result *out,
                               vf_member_result *mr)
{
    bool on_card = k->request->n_devices > 0;
    vf_backend backend = on_card ? k->settings->backend : VF_BACKEND_CPU;
    uint64_t weights = member->bytes, compute = projector_compute(member->model);
    for (size_t i = 0; types && i < member->model->n_tensors; i++) /* NULL: no model, or one without tensors */
        weights = vf_add(weights, in_buffer(backend, &member->model->tensors[i], types[i]));
    if (on_card) {
        add_to_device(out, 0, VF_SEG_WEIGHTS, weights, mr);
        add_to_device(out, 0, VF_SEG_COMPUTE, compute, mr);
        out->device[0].margin = vf_add(out->device[0].margin, compute);
    } else {
        add_to_host(&out->host.weights, weights, &mr->host_weights);
        add_to_host(&out->host.compute, compute, &mr->host_compute);
    }
    vf_add_term(out, on_card ? 0 : -1, VF_SEG_COMPUTE, "projector's buffer",
                "patches x (4 x width + 3 x feed-forward) x 4 bytes", "estimate: llama.cpp reserves for a warm-up image",
                compute, on_card ? compute : 0, NULL);
    return VF_OK;
}

/** Device of the tensor that an adapter's matrix belongs to: "blk.0.attn_q.weight.lora_a". */
static int base_device(const vf_model *base, const vf_placement *p, const char *name)
{
    size_t n = strlen(name);
    if (n > 7 && (strcmp(name + n - 7, ".lora_a") == 0 || strcmp(name + n - 7, ".lora_b") == 0))
        n -= 7;
    for (size_t i = 0; i < base->n_tensors; i++) {
        char text[256];
        vf_tensor_name(base, &base->tensors[i], text, sizeof text);
        if (strlen(text) == n && memcmp(text, name, n) == 0)
            return p->tensor_device[i];
    }
    return VF_HOST;
}

static vf_status add_adapter(const vf_case *k, const vf_member *member, const uint16_t *types, const vf_placement *p,
                             vf_result *out, vf_member_result *mr)
{
    for (size_t i = 0; types && i < member->model->n_tensors; i++) {
        const vf_tensor *t = &member->model->tensors[i];
        char name[256];
        int device = base_device(k->model, p, vf_tensor_name(member->model, t, name, sizeof name));
        if (device < 0)
            add_to_host(&out->host.weights, in_buffer(VF_BACKEND_CPU, t, types[i]), &mr->host_weights);
        /* of --split tensor every card has a whole adapter: its tensors' names are not those that are cut */
        for (uint32_t j = 0; device >= 0 && j < (p->sliced ? p->n_cards : 1); j++)
            add_to_device(out, (uint32_t)device + j, VF_SEG_WEIGHTS, in_buffer(p->backend, t, types[i]), mr);
    }
    return VF_OK;
}

static vf_status add_member(const vf_case *k, const vf_member *member, const vf_placement *p, vf_result *out,
                            vf_error *err)
{
    if (!member->model && member->kind != VF_MEMBER_MMPROJ)
        return vf_fail(err, VF_ERR_USAGE, "a %s without a model", vf_member_kind_name(member->kind));
    size_t n = member->model ? member->model->n_tensors : 0;
    uint16_t *types = n ? vf_alloc_zero(k->scratch, n, sizeof *types) : NULL;
    if (n && !types)
        return vf_fail(err, VF_ERR_NOMEM, "out of memory");
    vf_member_result *mr = &out->member[out->n_members++];
    *mr = (vf_member_result){.kind = member->kind};
    vf_set_text(mr->name, sizeof mr->name, member->name ? member->name : "");
    vf_set_text(mr->quant, sizeof mr->quant, member->quant.name);
    vf_status st = !member->model ? VF_OK : vf_mix_types(member->model, &member->quant, k->scratch, types, err);
    if (!st && member->kind == VF_MEMBER_DRAFT)
        st = place_draft(k, member, types, out, mr, err);
    else if (!st && member->kind == VF_MEMBER_MMPROJ)
        st = add_projector(k, member, types, out, mr);
    else if (!st)
        st = add_adapter(k, member, types, p, out, mr);
    vf_free(k->scratch, types, n * sizeof *types);
    return st;
}

vf_status vf_llama_cpp_members(const vf_case *k, const vf_context *c, const vf_placement *p, vf_result *out, vf_error *err)
{
    const vf_request *r = k->request;
    if (r->n_members + k->settings->draft_mtp > VF_MAX_MEMBERS)
        return vf_fail(err, VF_ERR_RANGE, "more than %d models beside the model", VF_MAX_MEMBERS);
    vf_status st = k->settings->draft_mtp ? add_prediction(k, c, p, out, err) : VF_OK;
    for (uint32_t i = 0; !st && i < r->n_members; i++)
        st = add_member(k, &r->member[i], p, out, err);
    return st;
}
