/* An upper bound of the compute buffers where the graph is not described: every product of a layer at
 * once, beside the inputs and a few copies of the stream; or the logits. */
#include "estimate/graph/bound.h"

#include "base/checked.h"
#include "model/model.h"

/* Copies of the stream that may be alive beside a layer's products: input, normed, residual, sum. */
#define STREAMS 4
/* Recurrent blocks take what their projections give apart, and put it together again. */
#define RECURRENT_FACTOR 3
#define F32 4
#define F16 2

typedef struct sizes {
    const vf_model *m;
    const vf_context *c;
    uint64_t n_tokens, stream, inputs;
    uint64_t part[VF_MAX_DEVICES + 1]; /* widest layer by device, the host last */
} sizes;

static uint64_t cells_of(const sizes *z, const vf_layer *l)
{
    return l->windowed ? z->c->cells_swa : z->c->cells;
}

/* What turns the heads of a quantized cache. */
static uint64_t rotation_bytes(vf_type type, uint64_t head)
{
    return vf_type_get((uint32_t)type)->quantized ? vf_mul3(head, head, F32) : 0;
}

/* A mask for every kind of cache, positions, indices, rotations and the embeddings. */
static uint64_t input_bytes(const sizes *z)
{
    const vf_context *c = z->c;
    uint64_t cells = vf_add(c->cells, c->cells_swa), mask, rotations;

    mask = vf_mul3(cells, z->n_tokens, c->flash_attn ? F16 : F32);
    rotations = vf_add(rotation_bytes(c->type_k, z->m->head_k), rotation_bytes(c->type_v, z->m->head_v));
    return vf_add(vf_add(vf_add(mask, z->stream), rotations), vf_mul(z->n_tokens, 64));
}

static uint64_t products(const sizes *z, uint32_t il)
{
    const vf_layer *l = &z->m->layers[il];
    uint64_t sum = 0;
    uint32_t n;
    const uint32_t *list;
    uint16_t stack = z->m->arch.encoder_decoder ? VF_STACK_DEC
                     : z->m->arch.encoder_stack ? VF_STACK_ENC : VF_STACK_BLK;

    list = vf_model_layer_tensors(z->m, stack, (int32_t)il, &n);
    for (uint32_t i = 0; i < n; i++) {
        const vf_tensor *t = &z->m->tensors[list[i]];
        uint64_t used = t->ne[2] > 1 && l->n_expert_used ? l->n_expert_used : t->ne[2];

        if (t->n_dims >= 2)
            sum = vf_add(sum, vf_mul3(t->ne[1], used, vf_mul(z->n_tokens, F32)));
    }
    if (l->ffn == VF_FFN_MOE) /* weighted, before they are summed */
        sum = vf_add(sum, vf_mul(z->stream, l->n_expert_used));
    return l->recurrent == VF_REC_NONE ? sum : vf_mul(sum, RECURRENT_FACTOR);
}

static uint64_t attention(const sizes *z, uint32_t il)
{
    const vf_layer *l = &z->m->layers[il];
    const vf_context *c = z->c;
    uint64_t cells = cells_of(z, l), copies = 0;
    uint64_t row = vf_mul(l->n_head_kv, vf_add(l->head_k, l->head_v));

    if (l->attention == VF_ATTN_NONE)
        return 0;
    /* without flash attention scores of all heads; with it f16 copies of a cache of another type */
    if (!c->flash_attn)
        return vf_mul3(cells, z->n_tokens, vf_mul(l->n_head, F32));
    if (c->type_k != VF_TYPE_F16 || c->type_v != VF_TYPE_F16 || !c->offload_kqv) /* or a cache of the host on a card */
        copies = vf_mul3(cells, c->n_streams, vf_mul(row, F16));
    return copies;
}

static uint64_t layer_bytes(const sizes *z, uint32_t il)
{
    const vf_layer *l = &z->m->layers[il];
    uint64_t states = vf_mul3(vf_add(l->state_r, l->state_s), z->c->n_seq_max, 2 * F32);

    return vf_add(vf_add(products(z, il), attention(z, il)), states);
}

static uint64_t output_bytes(const sizes *z)
{
    const vf_hparams *hp = &z->m->hp;
    uint64_t rows = z->c->n_outputs > z->c->n_seq_max ? z->c->n_outputs : z->c->n_seq_max; /* a token of every sequence */

    return vf_mul3(rows, vf_add(hp->vocab_size, vf_mul(2, hp->embedding_length)), F32);
}

static void widen(uint64_t *part, uint64_t bytes)
{
    *part = bytes > *part ? bytes : *part;
}

/* With op offload big batches bring weights of the host to device 0, one at a time. */
static uint64_t offloaded(const sizes *z, const uint16_t *types, const vf_placement *p)
{
    uint64_t most = 0;

    for (size_t i = 0; i < z->m->n_tensors; i++) {
        const vf_tensor *t = &z->m->tensors[i];

        bool head = t->layer < 0 && p->layer_device[z->m->n_layers] == VF_HOST &&
                    (t->role == VF_ROLE_OUTPUT || (z->m->tied && t->role == VF_ROLE_TOKEN_EMBD));

        if (head || (t->layer >= 0 && p->tensor_device[i] == VF_HOST))
            widen(&most, vf_tensor_bytes(t, types[i]));
    }
    return most;
}

void vf_graph_bound(const vf_model *m, const uint16_t *types, const vf_context *c, const vf_placement *p,
                    vf_compute *out)
{
    sizes z = {.m = m, .c = c};
    uint32_t host = p->n_devices;
    uint64_t common, copies = p->pipeline ? VF_PIPELINE_COPIES : 1;

    z.n_tokens = vf_pad(c->n_ctx < c->n_ubatch ? c->n_ctx : c->n_ubatch, c->n_seq_max);
    z.stream = vf_mul3(m->hp.embedding_length, z.n_tokens, F32);
    z.inputs = vf_mul(input_bytes(&z), copies);
    for (uint32_t il = 0; il <= m->n_layers; il++) {
        uint32_t at = p->layer_device[il] == VF_HOST ? host : (uint32_t)p->layer_device[il];
        uint64_t bytes = il < m->n_layers ? layer_bytes(&z, il) : output_bytes(&z);

        widen(&z.part[at], bytes);
        if (at == host && host > 0 && c->op_offload)
            widen(&z.part[0], bytes);
        if (!c->offload_kqv && il < m->n_layers)
            widen(&z.part[host], attention(&z, il));
    }
    common = vf_add(z.inputs, vf_mul(STREAMS, z.stream));
    for (uint32_t i = 0; i < host; i++)
        out->device[i] = vf_add(common, z.part[i]);
    if (host > 0 && c->op_offload)
        out->device[0] = vf_add(out->device[0], offloaded(&z, types, p));
    out->host = vf_add(common, z.part[host]);
    out->is_bound = true;
}
