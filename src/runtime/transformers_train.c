/* Fine-tuning under Transformers, with AdamW and one card: states of what is trained, activations kept for the way back,
 * the loss. Without gradient checkpointing, which is Trainer's default; a note says what it would make of it.
 * Formulas: Korthikanti et al. 2022 (activations), with the tensors that a gated feed-forward and fused attention keep;
 * PEFT lora/layer.py. */
#include "base/checked.h"
#include "base/error.h"
#include "model/schemes.h"
#include "runtime/transformers.h"

/* peft LoraConfig: r, on q_proj and v_proj; adapters, their gradients and both moments in fp32. */
#define RANK 8
#define ADAPTER_BYTES 16
/* Gradient and two moments, of the weights' own type, beside each weight (torch.optim.AdamW). */
#define STATES 3
/* Slack of the caching allocator, per cent: with inputs of all lengths 11 were seen and more (pytorch issue 40989,
 * nanoGPT issue 618). The spread covers what quantized bases took beyond the formula in LitGPT's tables. */
#define SLACK_PERCENT 10
#define SPREAD_PERCENT 20

static vf_status check(const vf_case *k, vf_error *err)
{
    const vf_settings *s = k->settings;
    bool packed = k->quant->kind == VF_QUANT_SCHEME || k->model->pack_bits;
    if (k->request->n_devices > 1)
        return vf_fail_key(err, VF_ERR_USAGE, "--gpu", "%u cards: training is judged on one", k->request->n_devices);
    if (s->workload != VF_WORKLOAD_CHAT || s->prompt)
        return vf_fail_key(err, VF_ERR_USAGE, s->prompt ? "--prompt" : "--workload", "given beside --train, whose length is --context");
    if (s->train == VF_TRAIN_QLORA && !packed)
        return vf_fail_key(err, VF_ERR_USAGE, "--train", "qlora: trains beside quantized weights, such as nf4, not %s", k->quant->name);
    if (s->train != VF_TRAIN_QLORA && packed)
        return vf_fail_key(err, VF_ERR_USAGE, "--train", "%s: trains weights in 16 or 32 bits, not %s (qlora does)",
                           s->train == VF_TRAIN_FULL ? "full" : "lora", k->quant->name);
    return VF_OK;
}

/** Parameters of adapters on the queries' and values' matrices. */
static uint64_t adapters(const vf_model *m)
{
    uint64_t n = 0;
    for (size_t i = 0; i < m->n_tensors; i++) {
        const vf_tensor *t = &m->tensors[i];
        bool target = t->role == VF_ROLE_ATTN_Q || t->role == VF_ROLE_ATTN_V || t->role == VF_ROLE_ATTN_QKV;
        if (target && tf_is_loaded(m, t) && vf_tensor_slot(t) == VF_SLOT_LINEAR)
            n = vf_add(n, vf_mul(RANK, vf_add(t->ne[0], t->ne[1])));
    }
    return n;
}

/** Bytes that a layer keeps of one token: inputs of its two halves and of their norms with fp32 copies, q, k, v and the
 * attention's output, four tensors of the feed-forward's width. */
static uint64_t kept(const vf_model *m, const vf_layer *l, uint64_t bytes)
{
    uint64_t h = m->hp.embedding_length;
    uint64_t heads = vf_add(vf_mul(vf_mul(2, l->n_head), l->head_k), vf_mul(vf_mul(2, l->n_head_kv), l->head_k));
    uint64_t ffn = vf_mul(4, l->n_ff);
    if (l->ffn == VF_FFN_MOE) /* and a copy of the token for every expert that it goes to */
        ffn = vf_add(ffn, vf_mul(l->n_expert_used, vf_add(vf_mul(4, l->n_ff_exp), h)));
    uint64_t elements = vf_add(vf_add(vf_mul(4, h), heads), ffn);
    return vf_add(vf_mul(elements, bytes), vf_add(vf_mul(8, h), vf_mul(4, l->n_head)));
}

typedef struct amounts {
    uint64_t states, activations, checkpointed, loss, unpacked;
} amounts;

static amounts measure(const vf_case *k, const tf_weights *w, uint64_t tokens, uint64_t bytes)
{
    const vf_model *m = k->model;
    amounts a = {0};
    uint64_t sum = 0, worst = 0, layers = 0;
    for (uint32_t i = 0; i < m->n_layers; i++) {
        if (m->layers[i].mtp)
            continue;
        uint64_t one = kept(m, &m->layers[i], bytes);
        sum = vf_add(sum, one);
        worst = one > worst ? one : worst;
        layers++;
    }
    bool full = k->settings->train == VF_TRAIN_FULL;
    a.states = full ? vf_mul(STATES, w->resident) : vf_mul(ADAPTER_BYTES, adapters(m));
    a.activations = vf_mul(sum, tokens);
    a.checkpointed = vf_mul(tokens, vf_add(vf_mul3(layers, m->hp.embedding_length, bytes), worst));
    a.loss = vf_mul3(tokens, m->hp.vocab_size, vf_add(bytes, 8)); /* logits, their fp32 copy and its gradient */
    a.unpacked = k->quant->packing != VF_PACK_NONE ? vf_mul(2, w->matrix) : 0;
    return a;
}

static void explain(const vf_case *k, const tf_weights *w, const amounts *a, uint64_t tokens, uint64_t slack, uint64_t spread,
                    vf_result *out)
{
    int32_t at = out->n_devices ? 0 : -1;
    bool full = k->settings->train == VF_TRAIN_FULL;
    vf_add_term(out, at, VF_SEG_WEIGHTS, "weights", "sum of the tensors' bytes", "safetensors, or the inventory", w->resident, 0, NULL);
    vf_add_term(out, at, VF_SEG_COMPUTE, full ? "gradients and optimizer" : "adapters, gradients and optimizer",
                full ? "3 x weights: gradient and two moments of AdamW in the weights' type" : "16 bytes x 8 x (inputs + outputs) of q and v",
                full ? "torch.optim.AdamW" : "peft LoraConfig: r 8, q_proj and v_proj", a->states, 0, NULL);
    vf_add_term(out, at, VF_SEG_COMPUTE, "activations kept", "tokens x sum over layers of 2 x (4h + 2(heads + KV heads) d + 4f) + 8h + 4 heads",
                "Korthikanti et al. 2022; transformers modeling files", a->activations, 0, "%llu tokens",
                (unsigned long long)tokens);
    vf_add_term(out, at, VF_SEG_COMPUTE, "loss", "tokens x vocabulary x (logit + 8)", "transformers loss/loss_utils.py", a->loss, 0, NULL);
    if (a->unpacked)
        vf_add_term(out, at, VF_SEG_COMPUTE, "unpacked matrix", "largest quantized matrix in 16 bits",
                    "bitsandbytes autograd/_functions.py", a->unpacked, 0, NULL);
    vf_add_term(out, at, VF_SEG_COMPUTE, "allocator slack", "10 % of the peak", "pytorch issue 40989, nanoGPT issue 618", slack, spread,
                "a range, no error quantile: too few loads were measured");
}

vf_status tf_train_footprint(const vf_case *k, vf_result *out, vf_error *err)
{
    tf_weights w;
    vf_status st = check(k, err);
    if (st == VF_OK)
        st = tf_weigh(k, &w, err);
    if (st)
        return st;
    const vf_settings *s = k->settings;
    uint64_t bytes = k->quant->kind == VF_QUANT_CAST ? vf_row_bytes((uint16_t)k->quant->type, 1) : 2;
    out->parallel = s->parallel ? s->parallel : 1;
    out->context = out->context_per_sequence = s->context ? s->context : vf_default_context(k->model);
    out->type_k = out->type_v = VF_TYPE_BF16;
    out->model_bytes = w.model;
    uint64_t tokens = vf_mul(out->context, out->parallel);
    amounts a = measure(k, &w, tokens, bytes);
    uint64_t compute = vf_add(vf_add(a.states, a.activations), vf_add(a.loss, a.unpacked));
    uint64_t peak = vf_add(w.resident, compute);
    uint64_t slack = vf_ceil_div(vf_mul(peak, SLACK_PERCENT), 100), spread = vf_ceil_div(vf_mul(peak, SPREAD_PERCENT), 100);
    if (!vf_size_ok(peak)) /* the rest are parts of it, or a margin, which is checked where cards are judged */
        return vf_fail(err, VF_ERR_RANGE, "the need would be over 2^60 bytes");
    explain(k, &w, &a, tokens, slack, spread, out);
    if (out->n_devices == 0) {
        out->host.weights = w.resident;
        out->host.compute = vf_add(compute, slack);
    } else {
        vf_device_result *d = &out->device[0];
        d->segment[VF_SEG_WEIGHTS] = w.resident;
        d->segment[VF_SEG_COMPUTE] = vf_add(compute, slack);
        d->margin = vf_add(d->margin, spread);
        d->layers = vf_model_trunk_layers(k->model);
        tf_device_terms(k, 0, out);
    }
    vf_add_note(out, "training: %u sequences of %llu tokens at once, AdamW%s", out->parallel, (unsigned long long)out->context,
                s->train == VF_TRAIN_FULL ? "" : ", adapters of rank 8 on q and v");
    vf_add_note(out, "with gradient checkpointing activations take %llu MiB instead of %llu",
                (unsigned long long)(a.checkpointed >> 20), (unsigned long long)(a.activations >> 20));
    return VF_OK;
}
