#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "estimate/graph/build.h"
#include "estimate/graph/fattn.h"
#include "estimate/graph/plan.h"

/* ggml-backend.cpp: GGML_SCHED_MAX_COPIES */
#define PIPELINE_COPIES 4

static bool all_on_devices(const vf_model *m, const vf_placement *p)
{
    for (uint32_t il = 0; il <= m->n_layers; il++)
        if (p->layer_device[il] == VF_HOST)
            return false;
    return true;
}

static void describe(vf_build *b)
{
    const vf_model *m = b->m;
    const vf_context *c = b->c;
    uint64_t n = c->n_ctx < c->n_ubatch ? c->n_ctx : c->n_ubatch;

    b->n_seqs = c->n_seq_max;
    b->n_tokens = vf_pad(n, c->n_seq_max);
    b->n_streams = c->n_streams;
    b->n_outputs = c->n_outputs;
    b->no_cache = !c->causal;
    b->pin_norms = all_on_devices(m, b->p);
    b->n_layer = m->n_layers;
    while (b->n_layer > 0 && m->layers[b->n_layer - 1].mtp)
        b->n_layer--;
    b->iswa = m->n_swa > 0;
    for (uint32_t il = 0; il < m->n_layers; il++) {
        uint64_t width = vf_mul(m->layers[il].n_head_kv, m->layers[il].head_v);

        b->max_v = width > b->max_v ? width : b->max_v;
    }
}

static vf_machine machine_of(const vf_context *c, const vf_placement *p)
{
    return (vf_machine){
        .n_backends = p->n_devices + 1,
        .kind = p->backend,
        .op_offload = c->op_offload,
        .fusion = p->backend == VF_BACKEND_CUDA || p->backend == VF_BACKEND_ROCM,
        .copies = p->pipeline ? PIPELINE_COPIES : 1,
    };
}

static void plan(vf_build *b, uint64_t bytes[VF_PLAN_BACKENDS])
{
    vf_machine machine = machine_of(b->c, b->p);
    vf_schedule schedule = {0};

    vf_schedule_build(b->g, &machine, &schedule);
    if (!b->g->failed)
        vf_graph_allocate(b->g, &machine, &schedule, bytes);
    vf_schedule_free(b->g->a, &schedule);
}

vf_status vf_graph_compute(const vf_model *m, const uint16_t *types, const vf_context *c, const vf_placement *p,
                           const vf_allocator *scratch, vf_compute *out, vf_error *err)
{
    vf_graph g;
    vf_build b = {.g = &g, .m = m, .types = types, .c = c, .p = p};
    uint64_t bytes[VF_PLAN_BACKENDS] = {0};
    bool built;

    *out = (vf_compute){0};
    vf_graph_init(&g, scratch);
    describe(&b);
    built = !g.failed && vf_b_graph(&b);
    if (built)
        plan(&b, bytes);
    built = built && !g.failed;
    vf_graph_free(&g);
    if (!built)
        return vf_fail(err, VF_ERR_RANGE, "the compute graph is too large");
    memcpy(out->device, bytes, p->n_devices * sizeof bytes[0]);
    out->host = bytes[p->n_devices];
    return VF_OK;
}

/* The graph of one token per sequence, with flash attention: where do its nodes end up? */
static bool attention_stays(const vf_model *m, const vf_context *c, const vf_placement *p, const vf_allocator *scratch)
{
    vf_context probe = *c;
    vf_machine machine = machine_of(c, p);
    vf_graph g;
    vf_build b = {.g = &g, .m = m, .c = &probe, .p = p};
    bool stays = true;

    probe.flash_attn = true;
    probe.n_ubatch = probe.n_outputs = probe.n_seq_max;
    vf_graph_init(&g, scratch);
    describe(&b);
    if (!g.failed && vf_b_graph(&b)) {
        vf_schedule_assign(&g, &machine);
        for (size_t i = 0; i < g.n_order; i++) {
            const vf_node *node = &g.node[g.order[i]];

            if (node->op == VF_OP_FLASH_ATTN_EXT && node->backend != vf_b_backend(&b, p->layer_device[node->layer]))
                stays = false;
        }
    }
    vf_graph_free(&g);
    return stays;
}

bool vf_flash_attn_auto(const vf_model *m, const vf_context *c, const vf_placement *p, const vf_allocator *scratch)
{
    if (!vf_fattn_supported(m, c, p))
        return false;
    return (all_on_devices(m, p) && c->offload_kqv) || attention_stays(m, c, p, scratch);
}
