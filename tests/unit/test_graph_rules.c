/* Rules of the model graphs that no model of the catalog shows: a model's record is changed in one place, and the graph
 * must change in what llama.cpp's source says and nothing else. Counted are nodes of a kind. */
#include "graph_counts.h"

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

/* Nor can it be asked of such a graph where attention runs: half of it on the host, it is on. */
static void attention_of_no_graph(void)
{
    subject x = open_subject("TinyLlama-1.1B");
    const vf_device device = {.total = UINT64_C(80) << 30, .compute_capability = 86};
    vf_error err = {0};
    vf_placement p;
    vf_context c;

    x.s.gpu_layers = 11;
    for (int described = 0; described < 2; described++) {
        x.m->layers[7].attention = described ? VF_ATTN_GQA : VF_ATTN_LINEAR;
        CHECK(vf_placement_build(x.m, x.types, &x.s, 1, &device, &device.total, &heap, &p, &err) == VF_OK &&
                  vf_context_resolve(x.m, &x.s, &p, &heap, &c, &err) == VF_OK, "%s", err.text);
        CHECK(c.flash_attn && !c.v_transposed, "on");
        CHECK(count(&x, false).compute.is_bound == !described, "a bound");
        vf_placement_free(x.m, &heap, &p);
    }
    close_subject(&x);
}

/* A bound has room for copies in 16 bits of a cache of another type, be it K or V, beside a rotation of 64 by 64 for each; and for the largest weight that big
 * batches bring to the card, a tied table as the head among them. */
static void parts_of_a_bound(void)
{
    subject x = open_subject("TinyLlama-1.1B");
    uint64_t plain, copies = UINT64_C(4096) * 4 * (64 + 64) * 2;

    x.m->known_arch = false;
    x.s.outputs = VF_OUTPUTS_DEFAULT;
    x.s.flash_attn = VF_ON;
    plain = count(&x, false).compute.device[0];
    for (int way = 1; way < 4; way++) {
        x.s.type_k = way & 1 ? VF_TYPE_Q8_0 : VF_TYPE_F16;
        x.s.type_v = way & 2 ? VF_TYPE_Q8_0 : VF_TYPE_F16;
        CHECK_U64(count(&x, false).compute.device[0], plain + copies + (way == 3 ? 2 : 1) * UINT64_C(64) * 64 * 4, way == 1 ? "K" : way == 2 ? "V" : "both");
    }
    close_subject(&x);

    x = open_subject("Qwen2.5-0.5B");
    uint64_t table = 0, largest = 0, with[2];
    for (size_t i = 0; i < x.m->n_tensors; i++) {
        uint64_t bytes = vf_tensor_bytes(&x.m->tensors[i], x.types[i]);
        if (x.m->tensors[i].role == VF_ROLE_TOKEN_EMBD)
            table = bytes;
        else if (x.m->tensors[i].layer >= 0 && bytes > largest)
            largest = bytes;
    }
    x.m->known_arch = false;
    x.s.gpu_layers = 0;
    for (int tied = 0; tied < 2; tied++) {
        x.m->tied = tied;
        with[tied] = count(&x, false).compute.device[0];
    }
    CHECK_U64(with[1] - with[0], table - largest, "the head");
    x.m->tied = true;
    x.s.gpu_layers = 1; /* the output is on the card, and its copy of the table */
    CHECK(count(&x, false).compute.device[0] < with[1] - (table - largest) / 2, "no head to bring");
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

/* src/llama-context.cpp, graph_get_cb: norms of layers stay on their layer's card, when all layers are on cards or the
 * batch is small. */
static void norms_stay(void)
{
    subject x = open_subject("TinyLlama-1.1B");
    const uint32_t norms = 2 * x.m->n_layers;

    for (uint32_t layers = 21; layers <= 24; layers++) { /* of 22 and the output */
        x.s.gpu_layers = layers;
        CHECK_U64(count(&x, false).pinned, layers >= 23 ? norms : 0, "by layers");
    }
    x.s.gpu_layers = 5;
    for (uint32_t n = 30; n <= 34; n++) {
        x.s.ubatch = n;
        CHECK_U64(count(&x, false).pinned, n < 32 ? norms : 0, "by tokens");
    }
    close_subject(&x);
}

/* One matrix for queries, keys and values may have three biases, put together; with one missing there is none. */
static void three_biases_for_one_matrix(void)
{
    static const vf_role roles[] = {VF_ROLE_ATTN_Q, VF_ROLE_ATTN_K, VF_ROLE_ATTN_V};

    for (int missing = 0; missing < 3; missing++) {
        subject x = open_subject("Qwen2.5-0.5B");
        counts was = count(&x, false), now;
        int64_t n = was.layers;

        rename_tensors(&x, VF_ROLE_ATTN_Q, VF_PART_WEIGHT, VF_ROLE_ATTN_QKV, VF_PART_WEIGHT);
        rename_tensors(&x, VF_ROLE_ATTN_K, VF_PART_WEIGHT, VF_ROLE_ATTN_K, VF_PART_OTHER);
        rename_tensors(&x, VF_ROLE_ATTN_V, VF_PART_WEIGHT, VF_ROLE_ATTN_V, VF_PART_OTHER);
        for (size_t i = 0; i < x.m->n_tensors; i++)
            if (x.m->tensors[i].role == VF_ROLE_ATTN_QKV)
                x.m->tensors[i].ne[1] += 2 * 128;
        now = count(&x, false);
        check_more("one product for three", &was, &now, VF_OP_MUL_MAT, -2 * n);
        check_more("one sum for three", &was, &now, VF_OP_ADD, -2 * n);
        check_more("put together", &was, &now, VF_OP_CONCAT, 2 * n);
        rename_tensors(&x, roles[missing], VF_PART_BIAS, roles[missing], VF_PART_OTHER);
        now = count(&x, false);
        check_more("none", &was, &now, VF_OP_ADD, -3 * n);
        check_more("none", &was, &now, VF_OP_CONCAT, 0);
        close_subject(&x);
    }
}

/* Qwen3-Next's first files have all four projections of a delta net in one matrix: taken apart, three are put together. */
static void projections_of_a_delta_net(void)
{
    subject x = open_subject("Qwen3-Next-80B-A3B-Instruct");
    counts was = count(&x, false), now;
    int64_t n = 0;

    for (size_t i = 0; i < x.m->n_tensors; i++) {
        vf_tensor *t = &x.m->tensors[i];
        if (t->role != VF_ROLE_ATTN_QKV || x.m->layers[t->layer].recurrent != VF_REC_DELTA_NET || x.m->layers[t->layer].mtp)
            continue;
        t->role = VF_ROLE_SSM_IN;
        t->ne[1] += x.m->hp.ssm_inner_size;
        n++;
    }
    now = count(&x, false);
    CHECK(n > 30, "36 of 48 layers: %d", (int)n);
    check_more("one product for two", &was, &now, VF_OP_MUL_MAT, -n);
    check_more("z, q, k and v", &was, &now, VF_OP_CONT, 4 * n);
    check_more("q, k and v", &was, &now, VF_OP_CONCAT, 2 * n);
    SAME_BUT("projections", &was, &now, VF_OP_MUL_MAT, VF_OP_CONT, VF_OP_CONCAT);
    close_subject(&x);
}

/* A layer's products in system memory are computed there for a token of every sequence, on the card for a prompt, so both are
 * looked at: whichever layer it is, system memory needs the same. */
static void products_beside_their_layer(void)
{
    static const char *const patterns[] = {"blk\\.0\\.ffn", "blk\\.1\\.ffn", "blk\\.9\\.ffn"};
    subject x = open_subject("gemma-2b"); /* eight times as wide within as between its layers */
    uint64_t first = 0;

    x.s.parallel = 31; /* from 32 tokens on the card computes them all the same */
    x.s.context = 31 * 256;
    x.s.ubatch = 256;
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        const vf_override o = {patterns[i], VF_DEVICE_CPU};
        x.s.override = &o;
        x.s.n_override = 1;
        counts now = count(&x, false);
        first = i == 0 ? now.compute.host : first;
        CHECK_U64(now.compute.host, first, patterns[i]);
        x.s.n_override = 0;
    }
    close_subject(&x);
}

int main(void)
{
    open_catalog();
    scales_and_biases();
    rotation_of_caches();
    deepstack();
    pooling();
    per_layer_embeddings();
    kinds_that_are_not_described();
    attention_of_no_graph();
    parts_of_a_bound();
    repeated_heads();
    where_layers_rotate();
    where_layers_rescale();
    fused_projections();
    scales_of_the_stream();
    norms_stay();
    projections_of_a_delta_net();
    three_biases_for_one_matrix();
    products_beside_their_layer();
    vf_catalog_free(catalog);
    return CHECK_END();
}
