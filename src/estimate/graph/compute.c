#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "estimate/graph/bound.h"
#include "estimate/graph/build.h"
#include "estimate/graph/fattn.h"
#include "estimate/graph/plan.h"
#include "model/model.h"

/* llama-context.cpp: graph_get_cb pins norms in batches below this */
#define PIN_BELOW 32

static bool all_on_devices(const vf_model *m, const vf_placement *p)
{
    for (uint32_t il = 0; il <= m->n_layers; il++)
        if (p->layer_device[il] == VF_HOST)
            return false;
    return true;
}

static void describe(vf_build *b, vf_reservation r)
{
    const vf_model *m = b->m;

    b->n_seqs = r.n_seqs;
    b->n_tokens = vf_pad(r.n_tokens, r.n_seqs);
    b->n_streams = b->c->n_streams;
    b->n_outputs = r.n_outputs;
    b->no_cache = !b->c->causal;
    b->pin_norms = all_on_devices(m, b->p) || b->n_tokens < PIN_BELOW;
    b->n_layer = m->n_layers;
    while (b->n_layer > 0 && m->layers[b->n_layer - 1].mtp)
        b->n_layer--;
    b->gather = (vf_gather)m->arch.graph.gather;
    if (b->c->drafts) { /* the first of them */
        b->gather = (vf_gather)m->arch.mtp.gather;
        b->first_layer = b->n_layer++;
    }
    b->iswa = m->n_swa > 0;
    for (uint32_t il = 0; il < m->n_layers; il++) {
        uint64_t width = vf_mul(m->layers[il].n_head_kv, m->layers[il].head_v);

        b->max_v = width > b->max_v ? width : b->max_v;
    }
}

vf_machine vf_machine_of(const vf_context *c, const vf_placement *p)
{
    /* ggml-backend-meta.cpp: the device of --split tensor has neither offload_op nor graph_optimize */
    return (vf_machine){
        .n_backends = p->n_devices + 1,
        .kind = p->backend,
        .op_offload = c->op_offload && !p->sliced,
        .fusion = !p->sliced && (p->backend == VF_BACKEND_CUDA || p->backend == VF_BACKEND_ROCM),
        .copies = p->pipeline ? VF_PIPELINE_COPIES : 1,
    };
}

static void plan(vf_build *b, uint64_t bytes[VF_PLAN_BACKENDS], bool *steady)
{
    vf_machine machine = vf_machine_of(b->c, b->p);
    vf_schedule schedule = {0};

    vf_schedule_build(b->g, &machine, &schedule);
    if (!b->g->failed)
        vf_graph_allocate(b->g, &machine, &schedule, bytes, steady);
    vf_schedule_free(b->g->a, &schedule);
}

bool vf_b_begin(vf_build *b, vf_graph *g, const vf_allocator *scratch, vf_reservation r, bool all_layers)
{
    vf_graph_init(g, scratch);
    b->g = g;
    b->leaf = vf_alloc_zero(scratch, b->m->n_tensors + 1u, sizeof *b->leaf); /* a model may list none */
    describe(b, r);
    return !g->failed && b->leaf && vf_b_list_layers(b, scratch, all_layers) && vf_b_graph(b);
}

void vf_b_end(vf_build *b, const vf_allocator *scratch)
{
    vf_free(scratch, b->leaf, (b->m->n_tensors + 1u) * sizeof *b->leaf);
    vf_free(scratch, b->list, (b->n_layer + 1u) * sizeof *b->list);
    vf_graph_free(b->g);
}

typedef enum outcome { DONE, NOT_STEADY, UNSUPPORTED, TOO_LARGE, NO_MEMORY } outcome;

static vf_status failure(outcome o, vf_error *err)
{
    if (o == TOO_LARGE)
        return vf_fail(err, VF_ERR_RANGE, "the compute buffer would be over 2^60 bytes");
    return vf_fail(err, VF_ERR_NOMEM, "out of memory");
}

/* Bytes of every backend for one reservation. */
static outcome simulate(vf_build b, const vf_allocator *scratch, vf_reservation r, bool all_layers,
                        uint64_t bytes[VF_PLAN_BACKENDS])
{
    vf_graph g;
    bool steady = true, built = vf_b_begin(&b, &g, scratch, r, all_layers);
    outcome o = DONE;

    if (built)
        plan(&b, bytes, &steady);
    if (g.failed)
        o = g.too_large ? TOO_LARGE : NO_MEMORY;
    else if (!built)
        o = b.unsupported ? UNSUPPORTED : NO_MEMORY;
    else if (!steady)
        o = NOT_STEADY;
    vf_b_end(&b, scratch);
    return o;
}

/* The same, kept where they are more than before. */
static outcome reserve(vf_build b, const vf_allocator *scratch, vf_reservation r, uint64_t most[VF_PLAN_BACKENDS])
{
    uint64_t bytes[VF_PLAN_BACKENDS] = {0};
    outcome o = simulate(b, scratch, r, false, bytes);

    if (o == NOT_STEADY)
        o = simulate(b, scratch, r, true, bytes);
    for (uint32_t i = 0; o == DONE && i <= b.p->n_devices; i++)
        most[i] = bytes[i] > most[i] ? bytes[i] : most[i];
    return o;
}

static vf_status check_sizes(const vf_placement *p, const vf_compute *out, vf_error *err)
{
    bool ok = vf_size_ok(out->host);

    for (uint32_t i = 0; i < p->n_devices; i++)
        ok = ok && vf_size_ok(out->device[i]);
    return ok ? VF_OK : vf_fail(err, VF_ERR_RANGE, "the compute buffer would be over 2^60 bytes");
}

/* Whether every weight that a layer on a card reads (experts left out, where they do not matter) is there too: none by
 * override, none for want of a kernel. */
static bool weights_follow(const vf_model *m, const vf_placement *p, bool experts)
{
    for (size_t i = 0; i < m->n_tensors; i++)
        if (p->tensor_device[i] == VF_HOST && m->tensors[i].layer >= 0 && (experts || !vf_role_is_expert(m->tensors[i].role)))
            return false;
    return true;
}

/* A prompt of fewer tokens than this, or than so many for each sequence: a token of every sequence can then need as
 * much. Masks and copies of the cache, as large for both, decide, and how they fit between the others. */
#define SMALL_PROMPT 64
#define SMALL_SHARE 8

/* src/llama-context.cpp: sched_reserve. A prompt batch; a token for every sequence, which can only need more where
 * parts of the graph run on the host, where the prompt is small, or when it has more outputs (else every tensor is
 * smaller then). */
vf_status vf_graph_compute(const vf_model *m, const uint16_t *types, const vf_context *c, const vf_placement *p,
                           const vf_allocator *scratch, vf_compute *out, vf_error *err)
{
    vf_build b = {.m = m, .types = types, .c = c, .p = p};
    uint64_t n = c->n_ctx < c->n_ubatch ? c->n_ctx : c->n_ubatch, bytes[VF_PLAN_BACKENDS] = {0};
    const vf_reservation prompt = {n, c->n_seq_max, c->n_outputs}, token = {c->n_seq_max, c->n_seq_max, c->n_seq_max};
    const vf_reservation single = {n, 1, c->n_outputs};
    bool prompt_is_most = n >= SMALL_PROMPT && n > SMALL_SHARE * (uint64_t)c->n_seq_max && c->n_outputs >= c->n_seq_max &&
                          (p->n_devices == 0 || (c->offload_kqv && all_on_devices(m, p) && weights_follow(m, p, true) &&
                                                 m->arch.output.tied != VF_OUTPUT_SHARED));
    outcome o = m->known_arch ? reserve(b, scratch, prompt, bytes) : UNSUPPORTED;

    *out = (vf_compute){0};
    if (o == DONE && !prompt_is_most)
        o = reserve(b, scratch, token, bytes);
    if (o == DONE && m->arch.graph.reserve_single && c->n_seq_max > 1)
        o = reserve(b, scratch, single, bytes);
    if (o == UNSUPPORTED) {
        vf_graph_bound(m, types, c, p, out);
        for (uint32_t i = 1; p->sliced && i < p->n_cards; i++)
            out->device[i] = out->device[0];
        return check_sizes(p, out, err);
    }
    if (o != DONE)
        return failure(o, err);
    for (uint32_t i = 0; i < p->n_cards; i++) /* cards that share a device get a whole buffer each */
        out->device[i] = bytes[p->sliced ? 0 : i];
    out->host = bytes[p->n_devices];
    return VF_OK;
}

/* The graph of one token per sequence, with flash attention: where do its nodes end up? */
static outcome find_attention(const vf_model *m, const vf_context *c, const vf_placement *p,
                              const vf_allocator *scratch, bool *stays)
{
    vf_context probe = *c;
    vf_machine machine = vf_machine_of(c, p);
    vf_graph g;
    vf_build b = {.m = m, .c = &probe, .p = p};
    outcome o = DONE;

    *stays = true;
    probe.flash_attn = true;
    if (vf_b_begin(&b, &g, scratch, (vf_reservation){c->n_seq_max, c->n_seq_max, c->n_seq_max}, false)) {
        vf_schedule_assign(&g, &machine);
        for (size_t i = 0; i < g.n_order; i++) {
            const vf_node *node = &g.node[g.order[i]];

            if (node->op == VF_OP_FLASH_ATTN_EXT && node->backend != vf_b_backend(&b, p->layer_device[node->layer]))
                *stays = false;
        }
    } else if (!b.unsupported) {
        o = NO_MEMORY;
    }
    vf_b_end(&b, scratch);
    return o;
}

vf_status vf_flash_attn_auto(const vf_model *m, const vf_context *c, const vf_placement *p,
                             const vf_allocator *scratch, bool *on, vf_error *err)
{
    outcome o = DONE;

    *on = vf_fattn_supported(m, c, p);
    if (*on && m->known_arch && !(all_on_devices(m, p) && c->offload_kqv && weights_follow(m, p, false)))
        o = find_attention(m, c, p, scratch, on);
    return o == DONE ? VF_OK : failure(o, err);
}
