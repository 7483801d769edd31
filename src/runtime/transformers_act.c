/* Activations, cache and logits of a forward in Transformers. Per token, with elements of two bytes, a layer
 * holds at its worst point 4h + 6f bytes in a gated feed-forward (residual, normed input, gate, its activation,
 * up) or 4h + 6(a + k)d in attention (residual, normed input, q, k, v, their rotated copies, the output), and
 * the fp32 copy of h that a norm makes. Only one layer is live at a time. */
#include "base/checked.h"
#include "runtime/transformers.h"

#define FP32 4

typedef struct widths {
    uint64_t attention, ffn;   /**< bytes of one token at the worst layer */
    uint64_t kv_full, kv_slid; /**< cache bytes of one token, layers with a full and with a sliding window */
    uint64_t kv_layer;         /**< the widest layer's K or V of one token */
    uint64_t state;            /**< recurrent states of one sequence, in fp32 */
    uint64_t heads;            /**< query heads of the worst layer */
    uint64_t repeated;         /**< K and V of one token, repeated to one head each where heads share them */
    uint64_t layers;
    uint64_t input;            /**< the widest input of a linear layer */
} widths;

static uint64_t max64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t min64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void measure_cache(const vf_model *m, const vf_layer *l, uint64_t bytes, widths *w)
{
    bool mla = vf_model_is_mla(m);
    if (!l->has_cache)
        return;
    /* DynamicCache keeps MLA keys and values expanded, one per head */
    uint64_t k = mla ? vf_mul(l->n_head, m->hp.key_length_mla) : vf_mul(l->n_head_kv, l->head_k);
    uint64_t v = mla ? vf_mul(l->n_head, m->hp.value_length_mla) : vf_mul(l->n_head_kv, l->head_v);
    uint64_t *kv = l->windowed ? &w->kv_slid : &w->kv_full;
    *kv = vf_add(*kv, vf_mul(vf_add(k, v), bytes));
    w->kv_layer = max64(w->kv_layer, vf_mul(max64(k, v), bytes));
    if (!mla && l->n_head_kv < l->n_head)
        w->repeated = max64(w->repeated, vf_mul3(l->n_head, vf_add(l->head_k, l->head_v), bytes));
}

static widths measure(const vf_model *m, uint64_t bytes)
{
    widths w = {0};
    uint64_t h = m->hp.embedding_length;
    for (uint32_t i = 0; i < m->n_layers; i++) {
        const vf_layer *l = &m->layers[i];
        if (l->mtp)
            continue;
        uint64_t heads = vf_mul(vf_add(l->n_head, l->n_head_kv), l->head_k), f = l->n_ff;
        uint64_t ffn = vf_add(vf_mul(2, h), vf_mul(3, f));
        if (l->ffn == VF_FFN_MOE) /* a copy of each token for every expert that it goes to */
            ffn = vf_mul(l->n_expert_used, vf_add(vf_mul(2, h), vf_mul(3, l->n_ff_exp)));
        w.attention = max64(w.attention, vf_add(vf_mul(vf_add(vf_mul(2, h), vf_mul(3, heads)), bytes), vf_mul(FP32, h)));
        w.ffn = max64(w.ffn, vf_add(vf_mul(ffn, bytes), vf_mul(FP32, h)));
        w.input = max64(w.input, max64(h, max64(f, l->n_ff_exp)));
        w.heads = max64(w.heads, l->n_head);
        w.state = vf_add(w.state, vf_mul(FP32, vf_add(l->state_r, l->state_s)));
        w.layers++;
        measure_cache(m, l, bytes, &w);
    }
    return w;
}

/* Attention without a fused kernel: scores of all pairs, their softmax in fp32, the result cast back; the mask;
 * K and V repeated to one head each (transformers modeling files, eager_attention_forward and repeat_kv). */
static uint64_t eager_bytes(const widths *w, const tf_run *run, uint64_t tokens, uint64_t cached)
{
    uint64_t pairs = vf_mul3(run->sequences, tokens, cached);
    uint64_t scores = vf_mul3(pairs, w->heads, vf_add(vf_mul(2, run->bytes), FP32));
    uint64_t repeated = vf_mul3(run->sequences, cached, w->repeated);
    return vf_add(scores, vf_add(vf_mul(pairs, run->bytes), repeated));
}

/* With a fused kernel: the mask, where there is one (several sequences are padded; a sliding window is cut out),
 * and with a mask K and V repeated to one head each (integrations/sdpa_attention.py, use_gqa_in_sdpa). */
static uint64_t fused_bytes(const vf_model *m, const widths *w, const tf_run *run, uint64_t tokens, uint64_t cached)
{
    bool slides = m->n_swa && cached > m->n_swa;
    if (run->sequences == 1 && !slides)
        return 0;
    return vf_mul(run->sequences, vf_add(vf_mul3(tokens, cached, run->bytes), vf_mul(cached, w->repeated)));
}

/* What a quantized layer's forward takes beside: the largest matrix in 16 bits where the packing is undone first
 * (bitsandbytes matmul_4bit, more than one token; HQQ with its unpacked codes), or inputs cast to int8. */
static uint64_t unpack_bytes(const vf_quant *q, const tf_weights *w, uint64_t input, uint64_t tokens)
{
    switch (q->packing) {
    case VF_PACK_BNB4:
    case VF_PACK_BNB4_DOUBLE:
    case VF_PACK_GPTQ:
    case VF_PACK_AWQ:
    case VF_PACK_AFFINE:
    case VF_PACK_WORDS:
    case VF_PACK_TERNARY:
    case VF_PACK_CODEBOOK:
        return vf_mul(2, w->matrix);
    case VF_PACK_HQQ:
        return vf_mul(3, w->matrix);
    case VF_PACK_ROW: /* LLM.int8 casts its inputs, torchao widens the matrix: the larger */
        return max64(vf_mul(input, tokens), vf_mul(2, w->matrix));
    default:
        return 0;
    }
}

/* One forward over `tokens` of each sequence, `cached` then in full layers and `slid` in sliding ones. */
static tf_peak forward(const vf_case *k, const tf_run *run, const tf_weights *w, const widths *x, uint64_t tokens,
                       uint64_t cached, uint64_t slid)
{
    tf_peak p = {.tokens = cached};
    uint64_t all = vf_mul(tokens, run->sequences), attention = vf_mul(x->attention, all);
    uint64_t per_sequence = vf_add(vf_add(vf_mul(x->kv_full, cached), vf_mul(x->kv_slid, slid)), x->state);
    p.kv = vf_mul(per_sequence, run->sequences);
    p.scores = run->eager ? eager_bytes(x, run, tokens, cached) : fused_bytes(k->model, x, run, tokens, cached);
    p.layer = vf_add(max64(vf_add(attention, p.scores), vf_mul(x->ffn, all)),
                     unpack_bytes(k->quant, w, x->input, all));
    p.logits = vf_mul3(vf_mul(run->sequences, min64(run->positions, tokens)), k->model->hp.vocab_size, run->logit);
    p.hidden = run->hidden ? vf_mul3(vf_mul(run->bytes, x->layers), k->model->hp.embedding_length, all) : 0;
    p.growth = vf_mul3(2, x->kv_layer, vf_mul(cached, run->sequences));
    return p;
}

uint64_t tf_peak_bytes(const tf_peak *p)
{
    return vf_add(vf_add(p->kv, p->hidden), vf_add(max64(p->layer, p->logits), p->growth));
}

uint64_t tf_layer_bytes(const vf_model *m, uint64_t bytes)
{
    widths w = measure(m, bytes);
    return max64(w.attention, w.ffn);
}

tf_peak tf_peak_of(const vf_case *k, const tf_run *run, const tf_weights *w)
{
    widths x = measure(k->model, run->bytes);
    uint64_t window = k->model->n_swa ? k->model->n_swa : run->context;
    /* in the first forward a sliding layer keeps a view of all its tokens (cache_utils.py, DynamicSlidingWindowLayer) */
    tf_peak first = forward(k, run, w, &x, run->prompt, run->prompt, run->prompt);
    if (run->context <= run->prompt)
        return first;
    tf_peak last = forward(k, run, w, &x, 1, run->context, min64(run->context, window));
    return tf_peak_bytes(&last) > tf_peak_bytes(&first) ? last : first;
}
