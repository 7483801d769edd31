/* Rules of the model graphs that no model of the catalog shows: a model's record is changed in one place, and the graph
 * must change in what llama.cpp's source says and nothing else. Counted are nodes of a kind. */
#include "estimate/graph/build.h"
#include "estimate/graph/plan.h"
#include "estimate/placement.h"
#include "subject.h"

typedef struct counts {
    uint32_t of[VF_OP_COUNT], inputs, layers, fusions;
    uint64_t rotations;  /**< elements of the widest square input */
    uint32_t sources;    /**< of all nodes */
    uint32_t cpu_only;   /**< nodes without a kernel */
    vf_compute compute;
} counts;

/* The prompt graph of the subject, all layers, counted. */
static counts count(const subject *x, bool drafts)
{
    vf_device device = {.total = UINT64_C(80) << 30, .compute_capability = 86};
    uint64_t available = device.total;
    counts out = {0};
    vf_error err = {0};
    vf_placement p;
    vf_context c, target;
    vf_graph g;
    vf_status st = vf_placement_build(x->m, x->types, &x->s, x->n_cards, &device, &available, &heap, &p, &err);

    if (!st)
        st = vf_context_resolve(x->m, &x->s, &p, &heap, &c, &err);
    target = c;
    if (!st && drafts)
        st = vf_context_drafting(x->m, &x->s, &target, &p, &heap, &c, &err);
    if (!st)
        st = vf_graph_compute(x->m, x->types, &c, &p, &heap, &out.compute, &err);
    CHECK(st == VF_OK, "%s: %s", x->m->name, err.text);
    if (st)
        return out;
    vf_build b = {.m = x->m, .types = x->types, .c = &c, .p = &p};
    vf_reservation r = {c.n_ctx < c.n_ubatch ? c.n_ctx : c.n_ubatch, c.n_seq_max, c.n_outputs};
    vf_b_begin(&b, &g, &heap, r, true);
    for (size_t i = 0; i < g.n_order; i++) {
        const vf_node *t = &g.node[g.order[i]];
        out.of[t->op]++;
        out.sources += t->n_src;
        out.cpu_only += (t->flags & VF_NODE_CPU_ONLY) != 0;
    }
    for (size_t i = 0; i < g.n_input; i++) {
        const vf_node *t = &g.node[g.input[i]];
        if (t->type == VF_TYPE_F32 && t->ne[0] == t->ne[1] && t->ne[0] * t->ne[1] > out.rotations)
            out.rotations = t->ne[0] * t->ne[1];
    }
    out.inputs = (uint32_t)g.n_input;
    out.fusions = (uint32_t)g.n_fusion;
    out.layers = b.n_layer;
    vf_b_end(&b, &heap);
    vf_placement_free(x->m, &heap, &p);
    return out;
}

/* Expects `now` to have `more` nodes of `op` than `was` (of each layer, when per_layer), and as many of all others that
 * are not in `also`. */
static void check_more(const char *name, const counts *was, const counts *now, vf_op op, int64_t more)
{
    CHECK((int64_t)now->of[op] - (int64_t)was->of[op] == more, "%s: op %d: %u, before %u", name, (int)op, now->of[op], was->of[op]);
}

static void check_same_but(const char *name, const counts *was, const counts *now, const uint8_t *ops, size_t n)
{
    for (unsigned op = 0; op < VF_OP_COUNT; op++) {
        bool listed = vf_op_is_view((uint8_t)op);
        for (size_t i = 0; i < n; i++)
            listed = listed || ops[i] == op;
        CHECK(listed || was->of[op] == now->of[op], "%s: op %u: %u, before %u", name, op, now->of[op], was->of[op]);
    }
}

#define SAME_BUT(name, was, now, ...) \
    check_same_but(name, was, now, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* Every tensor of that role and part becomes another one. */
static void rename_tensors(subject *x, vf_role role, vf_part part, vf_role new_role, vf_part new_part)
{
    for (size_t i = 0; i < x->m->n_tensors; i++)
        if (x->m->tensors[i].role == role && x->m->tensors[i].part == part) {
            x->m->tensors[i].role = (uint16_t)new_role;
            x->m->tensors[i].part = (uint8_t)new_part;
        }
}

/* A product's scale multiplies it (build_lora_mm), its bias is added; a norm's the same. */
static void scales_and_biases(void)
{
    subject x = open_subject("Qwen2.5-0.5B");
    counts was = count(&x, false), now;
    int64_t n = was.layers;

    rename_tensors(&x, VF_ROLE_ATTN_Q, VF_PART_BIAS, VF_ROLE_ATTN_Q, VF_PART_SCALE);
    now = count(&x, false);
    check_more("a scale for a bias", &was, &now, VF_OP_MUL, n);
    check_more("a scale for a bias", &was, &now, VF_OP_ADD, -n);
    SAME_BUT("a scale for a bias", &was, &now, VF_OP_MUL, VF_OP_ADD);
    close_subject(&x);

    x = open_subject("starcoder2-3b");
    was = count(&x, false);
    n = was.layers;
    rename_tensors(&x, VF_ROLE_ATTN_NORM, VF_PART_WEIGHT, VF_ROLE_ATTN_NORM, VF_PART_BARE);
    now = count(&x, false); /* the bare one is asked for only where there is neither */
    check_more("a norm with a bias only", &was, &now, VF_OP_MUL, -n);
    SAME_BUT("a norm with a bias only", &was, &now, VF_OP_MUL);
    rename_tensors(&x, VF_ROLE_ATTN_NORM, VF_PART_BIAS, VF_ROLE_ATTN_NORM, VF_PART_OTHER);
    now = count(&x, false);
    check_more("a norm's bare weight", &was, &now, VF_OP_ADD, -n);
    SAME_BUT("a norm's bare weight", &was, &now, VF_OP_ADD);
    close_subject(&x);
}

/* Quantized caches hold rotated rows: by the largest power of two that divides the head, 64 at least; V by 64. Not where
 * cached heads differ, nor where the first layer's is no multiple of 64 (src/llama-kv-cache.cpp, constructor). */
static void rotation_of_caches(void)
{
    static const struct {
        uint32_t head, other, first;
        uint64_t side; /* of K's matrix */
    } cases[] = {{64, 64, 64, 64}, {128, 128, 128, 128}, {192, 192, 192, 64}, {256, 256, 256, 256}, {320, 320, 320, 64},
                 {384, 384, 384, 128}, {96, 96, 96, 0}, {128, 64, 128, 0}, {64, 128, 64, 0}, {128, 128, 96, 0}};
    subject x = open_subject("TinyLlama-1.1B");
    counts plain = count(&x, false);

    x.s.flash_attn = VF_ON;
    x.s.type_k = x.s.type_v = VF_TYPE_Q8_0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        counts now;
        char name[32];
        (void)snprintf(name, sizeof name, "rotation %zu", i);
        for (uint32_t il = 0; il < x.m->n_layers; il++)
            x.m->layers[il].head_k = x.m->layers[il].head_v = il == 7 ? cases[i].other : cases[i].head;
        x.m->head_k = x.m->head_v = cases[i].first;
        now = count(&x, false);
        CHECK_U64(now.rotations, cases[i].side * cases[i].side, name);
        CHECK_U64(now.inputs, plain.inputs + (cases[i].side ? 2 : 0), name); /* one of K, one of V */
        /* q, k, v and what comes out are turned */
        check_more(name, &plain, &now, VF_OP_MUL_MAT, cases[i].side ? 4 * (int64_t)now.layers : 0);
    }
    close_subject(&x);
}

/* ggml-cuda/topk-moe.cu: for these numbers of experts the router is one kernel, whose tensors are kept; the weighted sum
 * of up to 15 experts is one, too. */
static void fused_experts(void)
{
    static const struct {
        uint32_t n, used;
        int fused; /* of each layer */
    } cases[] = {{1, 1, 1}, {2, 2, 2}, {3, 2, 1}, {96, 8, 1}, {128, 8, 2}, {256, 8, 2}, {287, 8, 1}, {288, 8, 2}, {289, 8, 1}, {384, 8, 1},
                 {512, 8, 2}, {513, 8, 1}, {575, 8, 1}, {576, 8, 2}, {577, 8, 1}, {1024, 8, 1}, {128, 15, 2}, {128, 16, 1}, {96, 16, 0}};
    subject x = open_subject("Qwen3-30B-A3B");

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        counts now;
        char name[48];
        for (uint32_t il = 0; il < x.m->n_layers; il++) {
            x.m->layers[il].n_expert = cases[i].n;
            x.m->layers[il].n_expert_used = cases[i].used;
        }
        now = count(&x, false);
        (void)snprintf(name, sizeof name, "%u of %u experts", cases[i].used, cases[i].n);
        CHECK_U64(now.fusions, (uint64_t)cases[i].fused * now.layers, name);
        CHECK_U64(now.of[VF_OP_ADD], ((uint64_t)cases[i].used - 1 + 2) * now.layers, name); /* and two residual sums */
        CHECK_U64(now.of[VF_OP_CONT], cases[i].used == 1 ? now.layers : 0, name); /* one is copied, not summed */
    }
    close_subject(&x);
}

/* How experts are gated and weighted: by the file where it says so, else by architecture. */
static void gating(void)
{
    subject x = open_subject("Qwen3-30B-A3B");
    counts was = count(&x, false), now;
    int64_t n = was.layers;

    x.m->hp.expert_gating_func = 1;
    now = count(&x, false);
    SAME_BUT("softmax by the file", &was, &now, VF_OP_NONE);
    x.m->hp.expert_gating_func = 2;
    now = count(&x, false);
    check_more("sigmoid by the file", &was, &now, VF_OP_UNARY, n);
    check_more("sigmoid by the file", &was, &now, VF_OP_SOFT_MAX, -n);
    x.m->hp.expert_gating_func = 0;
    x.m->hp.expert_weights_scale = 1;
    now = count(&x, false);
    check_more("scaled weights", &was, &now, VF_OP_SCALE, n);
    x.m->hp.expert_weights_scale = 0;
    vf_hp_mark(&x.m->hp, VF_HP_expert_weights_norm);
    x.m->hp.expert_weights_norm = 0;
    now = count(&x, false);
    check_more("no norm by the file", &was, &now, VF_OP_DIV, -n);
    check_more("no norm by the file", &was, &now, VF_OP_SUM_ROWS, -n);
    check_more("no norm by the file", &was, &now, VF_OP_CLAMP, -n);
    close_subject(&x);
}

/* Qwen3-VL: images' embeddings for the first layers come behind the input's columns, and are added layer by layer. */
static void deepstack(void)
{
    for (uint32_t n = 1; n <= 3; n++) {
        subject x = open_subject("Qwen3-VL-8B");
        counts was, now;
        x.m->hp.n_deepstack_layers = 0;
        was = count(&x, false);
        x.m->hp.n_deepstack_layers = n;
        now = count(&x, false);
        check_more("deepstack", &was, &now, VF_OP_ADD, n);
        check_more("deepstack", &was, &now, VF_OP_PAD, 1);
        SAME_BUT("deepstack", &was, &now, VF_OP_ADD, VF_OP_PAD);
        close_subject(&x);
    }
}

/* Embeddings: a mean is a product, the first or the last token a row (llama.h: LLAMA_POOLING_TYPE_*). */
static void pooling(void)
{
    subject x = open_subject("Qwen3-0.6B");
    counts was, now;

    x.s.embeddings = true;
    x.m->hp.pooling_type = 0;
    was = count(&x, false);
    for (uint32_t type = 1; type <= 4; type++) {
        x.m->hp.pooling_type = type;
        now = count(&x, false);
        check_more("mean", &was, &now, VF_OP_MUL_MAT, type == 1);
        check_more("mean", &was, &now, VF_OP_CONT, type == 1);
        check_more("first or last", &was, &now, VF_OP_GET_ROWS, type == 2 || type == 3);
        CHECK_U64(now.inputs, was.inputs + (type <= 3), "pooling");
        SAME_BUT("pooling", &was, &now, VF_OP_MUL_MAT, VF_OP_CONT, VF_OP_GET_ROWS);
    }
    close_subject(&x);
}

/* A file may leave the width of a layer's own embeddings open: the table has that of all layers. */
static void per_layer_embeddings(void)
{
    subject x = open_subject("gemma-4-e4b");
    counts was = count(&x, false), now;

    CHECK(x.m->hp.embedding_length_per_layer_input > 0, "Gemma 4 has them");
    x.m->hp.embedding_length_per_layer_input = 0;
    now = count(&x, false);
    CHECK(memcmp(&was.compute, &now.compute, sizeof was.compute) == 0, "the same bytes");
    SAME_BUT("per-layer embeddings", &was, &now, VF_OP_NONE);
    close_subject(&x);
}

/* A layer of a kind that no graph is described for: a bound for all of the model. */
static void kinds_that_are_not_described(void)
{
    subject x = open_subject("TinyLlama-1.1B");

    for (uint32_t il = 0; il < x.m->n_layers; il += 7) {
        uint8_t attention = x.m->layers[il].attention, recurrent = x.m->layers[il].recurrent;
        x.m->layers[il].attention = VF_ATTN_LINEAR;
        CHECK(count(&x, false).compute.is_bound, "attention of layer %u", il);
        x.m->layers[il].attention = attention;
        x.m->layers[il].recurrent = 200;
        CHECK(count(&x, false).compute.is_bound, "state of layer %u", il);
        x.m->layers[il].recurrent = recurrent;
        CHECK(!count(&x, false).compute.is_bound, "described");
    }
    close_subject(&x);
}

/* RWKV-6 in Qwen2 blocks: fewer key heads are repeated; a file that does not say has as many as heads. */
static void repeated_heads(void)
{
    subject x = open_subject("recursal/QRWKV6-32B-Instruct-Preview-v0.1");
    counts was, now;
    int64_t n = x.m->n_layers;
    uint32_t n_head = x.m->hp.embedding_length / x.m->hp.wkv_head_size;

    for (uint32_t il = 0; il < x.m->n_layers; il++)
        x.m->layers[il].n_head_kv = n_head;
    was = count(&x, false);
    for (uint32_t kv = 0; kv < n_head; kv += n_head / 2) {
        for (uint32_t il = 0; il < x.m->n_layers; il++)
            x.m->layers[il].n_head_kv = kv;
        now = count(&x, false);
        check_more("key and value heads", &was, &now, VF_OP_REPEAT, kv ? 2 * n : 0);
        SAME_BUT("key and value heads", &was, &now, VF_OP_REPEAT);
    }
    close_subject(&x);
}

/* Where queries and keys are turned, by the architecture's rule. */
static void where_layers_rotate(void)
{
    vf_layer layers[12] = {0};
    vf_model m = {.layers = layers, .n_layers = 12};
    vf_build b = {.m = &m};

    for (uint32_t il = 0; il < 12; il++)
        layers[il].windowed = il % 2 == 0;
    layers[11].mtp = true;
    m.hp.leading_dense_block_count = 3;
    for (uint32_t il = 0; il < 12; il++) {
        bool windowed = layers[il].windowed;
        m.arch.attention.rope = false;
        CHECK(!vf_b_rotates(&b, il), "an architecture without rotation");
        m.arch.attention.rope = true;
        m.arch.graph.rope_where = VF_ROPE_WINDOWED;
        CHECK(vf_b_rotates(&b, il) == windowed, "windowed layers: %u", il);
        m.arch.graph.rope_where = VF_ROPE_WINDOWED_OR_NONE;
        b.iswa = true;
        CHECK(vf_b_rotates(&b, il) == windowed, "windowed layers, where there are any: %u", il);
        b.iswa = false;
        CHECK(vf_b_rotates(&b, il), "all, where there are none: %u", il);
        m.arch.graph.rope_where = VF_ROPE_WINDOWED_OR_DENSE;
        CHECK(vf_b_rotates(&b, il) == (windowed || il < 3 || il == 11), "windowed, leading dense or prediction: %u", il);
        m.arch.graph.rope_where = VF_ROPE_NONE;
        CHECK(!vf_b_rotates(&b, il), "none: %u", il);
        m.arch.graph.rope_where = VF_ROPE_STEP;
        m.arch.graph.rope_step = 4;
        CHECK(vf_b_rotates(&b, il) == (il % 4 != 3), "not every fourth: %u", il);
        m.arch.graph.rope_step = 0;
        CHECK(vf_b_rotates(&b, il), "a step of none: %u", il);
        m.arch.graph.rope_where = 0;
        CHECK(vf_b_rotates(&b, il), "all: %u", il);
    }
    for (uint32_t n = 11; n <= 13; n++) { /* the small one of a family */
        m.arch.attention.rope_block_count = n;
        CHECK(vf_b_rotates(&b, 0) == (n == 12), "only with %u layers", n);
    }
    m.arch.attention.rope_block_count = 0;
    m.arch.graph.rope_where = VF_ROPE_SWITCH;
    CHECK(vf_b_rotates(&b, 0), "unless the file says otherwise");
    vf_hp_mark(&m.hp, VF_HP_rope_scaling_finetuned);
    CHECK(!vf_b_rotates(&b, 0), "the file says otherwise");
    m.hp.rope_scaling_finetuned = 1;
    CHECK(vf_b_rotates(&b, 0), "the file says so");
}

/* Every so many layers the stream is scaled (RWKV). */
static void where_layers_rescale(void)
{
    vf_model m = {.n_layers = 12};
    vf_build b = {.m = &m};

    for (uint32_t il = 0; il < 12; il++) {
        m.hp.rescale_every_n_layers = 0;
        CHECK(!vf_b_rescales(&b, il), "never: %u", il);
        m.hp.rescale_every_n_layers = 6;
        CHECK(vf_b_rescales(&b, il) == (il == 5 || il == 11), "every sixth: %u", il);
    }
}

/* Projections in one matrix: with norms behind the rotation, or clamped, or with three biases for it. */
static void fused_projections(void)
{
    subject x = open_subject("falcon-7b");
    counts was = count(&x, false), now;
    int64_t n = was.layers;

    x.m->arch.graph.norm_after_rope = true;
    now = count(&x, false);
    SAME_BUT("no norm, wherever", &was, &now, VF_OP_NONE);
    x.m->arch.graph.qk_rms_after_rope = true;
    now = count(&x, false);
    check_more("a bare norm of q and k", &was, &now, VF_OP_RMS_NORM, 2 * n);
    x.m->arch.graph.qk_rms_after_rope = false;
    x.m->hp.clamp_kqv = 1;
    now = count(&x, false);
    check_more("clamped", &was, &now, VF_OP_CLAMP, n);
    SAME_BUT("clamped", &was, &now, VF_OP_CLAMP);
    x.m->hp.clamp_kqv = 0;
    x.m->arch.graph.v_rms = true;
    now = count(&x, false);
    check_more("a norm of v", &was, &now, VF_OP_RMS_NORM, n);
    x.m->arch.graph.v_rms = false;
    x.m->arch.attention.scale_q = true;
    now = count(&x, false);
    check_more("scaled queries", &was, &now, VF_OP_SCALE, n);
    close_subject(&x);
}

/* What is done to the logits and to the stream. */
static void scales_of_the_stream(void)
{
    subject x = open_subject("TinyLlama-1.1B");
    counts was = count(&x, false), now;

    x.m->hp.logit_scale = 1;
    now = count(&x, false);
    check_more("logits", &was, &now, VF_OP_SCALE, 1);
    x.m->hp.logit_scale = 0;
    x.m->hp.embedding_scale = 1;
    now = count(&x, false);
    check_more("embeddings", &was, &now, VF_OP_SCALE, 1);
    x.m->hp.embedding_scale = 0;
    x.m->hp.residual_scale = 1;
    now = count(&x, false);
    check_more("residual", &was, &now, VF_OP_SCALE, 2 * (int64_t)now.layers);
    x.m->hp.residual_scale = 0;
    x.m->hp.attention_temperature_scale = 1;
    now = count(&x, false);
    check_more("temperature", &was, &now, VF_OP_MUL, now.layers);
    CHECK_U64(now.inputs, was.inputs + 1, "its factors are an input");
    close_subject(&x);
}

/* Gate and up of all experts in one matrix: one product, of which each takes half. */
static void gate_and_up_in_one(void)
{
    subject x = open_subject("Qwen3-30B-A3B");
    counts was = count(&x, false), now;

    rename_tensors(&x, VF_ROLE_FFN_UP_EXPS, VF_PART_WEIGHT, VF_ROLE_FFN_GATE_UP_EXPS, VF_PART_WEIGHT);
    rename_tensors(&x, VF_ROLE_FFN_GATE_EXPS, VF_PART_WEIGHT, VF_ROLE_FFN_GATE_EXPS, VF_PART_OTHER);
    for (size_t i = 0; i < x.m->n_tensors; i++)
        if (x.m->tensors[i].role == VF_ROLE_FFN_GATE_UP_EXPS)
            x.m->tensors[i].ne[1] *= 2;
    now = count(&x, false);
    check_more("one product for two", &was, &now, VF_OP_MUL_MAT_ID, -(int64_t)now.layers);
    check_more("two halves", &was, &now, VF_OP_VIEW, 2 * (int64_t)now.layers);
    SAME_BUT("gate and up", &was, &now, VF_OP_MUL_MAT_ID);
    /* both products lie side by side either way */
    CHECK_U64(now.compute.device[0], was.compute.device[0], "gate and up");
    close_subject(&x);
}

/* A prediction layer's last norm: its own; else that of a layer's output, else the model's. */
static void norm_of_a_draft(void)
{
    subject x = open_subject("GLM-4.5-Air");
    counts was, now;

    x.s.draft_mtp = true;
    x.s.draft_max = 2;
    was = count(&x, true);
    rename_tensors(&x, VF_ROLE_NEXTN_SHARED_HEAD_NORM, VF_PART_WEIGHT, VF_ROLE_NEXTN_SHARED_HEAD_NORM, VF_PART_OTHER);
    now = count(&x, true);
    CHECK_U64(now.sources, was.sources, "the model's norm");
    SAME_BUT("the model's norm", &was, &now, VF_OP_NONE);
    rename_tensors(&x, VF_ROLE_OUTPUT_NORM, VF_PART_WEIGHT, VF_ROLE_OUTPUT_NORM, VF_PART_OTHER);
    now = count(&x, true);
    CHECK_U64(now.sources, was.sources - 1, "none");
    rename_tensors(&x, VF_ROLE_NEXTN_SHARED_HEAD_NORM, VF_PART_OTHER, VF_ROLE_LAYER_OUTPUT_NORM, VF_PART_WEIGHT);
    now = count(&x, true);
    CHECK_U64(now.sources, was.sources, "the layer's");
    close_subject(&x);
}

/* CUDA's indexer has 32 or 64 heads of 128: other shapes run on the CPU, as does one that reads an IQ4_NL cache. */
static void indexers_without_a_kernel(void)
{
    subject x = open_subject("DeepSeek-V3.2");
    counts was = count(&x, false), now;

    CHECK_U64(was.cpu_only, 0, "64 heads");
    x.m->hp.indexer_head_count = 48;
    now = count(&x, false);
    CHECK_U64(now.cpu_only, now.layers, "48 heads");
    CHECK_U64(now.of[VF_OP_LIGHTNING_INDEXER], now.layers, "one of each layer");
    x.m->hp.indexer_head_count = 32;
    CHECK_U64(count(&x, false).cpu_only, 0, "32 heads");
    x.s.backend = VF_BACKEND_METAL;
    x.m->hp.indexer_head_count = 48;
    CHECK_U64(count(&x, false).cpu_only, 0, "Metal");
    close_subject(&x);
}

/* Grok: beside its experts a dense block, of which the sum is scaled. */
static void dense_beside_experts(void)
{
    subject x = open_subject("grok-1");
    counts was = count(&x, false), now;
    int64_t n = was.layers;

    /* a norm's tensor stands in for the dense block's matrix: counted is what is added */
    rename_tensors(&x, VF_ROLE_POST_FFW_NORM, VF_PART_WEIGHT, VF_ROLE_FFN_UP, VF_PART_WEIGHT);
    now = count(&x, false);
    check_more("the sum", &was, &now, VF_OP_ADD, n);
    check_more("scaled", &was, &now, VF_OP_SCALE, n);
    close_subject(&x);
}

int main(void)
{
    open_catalog();
    scales_and_biases();
    rotation_of_caches();
    fused_experts();
    gating();
    deepstack();
    pooling();
    per_layer_embeddings();
    kinds_that_are_not_described();
    repeated_heads();
    where_layers_rotate();
    where_layers_rescale();
    fused_projections();
    scales_of_the_stream();
    gate_and_up_in_one();
    norm_of_a_draft();
    indexers_without_a_kernel();
    dense_beside_experts();
    vf_catalog_free(catalog);
    return CHECK_END();
}
