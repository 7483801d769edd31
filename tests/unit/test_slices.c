/* --split tensor: where llama.cpp cuts each tensor (src/llama-model.cpp: llama_meta_device_get_split_state), in rows or
 * elements of each card; and what it aborts at. */
#include "estimate/tensor_split.h"
#include "subject.h"

#define CARDS 3

typedef struct cutter {
    subject x;
    vf_placement p;
    vf_slicer slicer;
} cutter;

static void open_cutter(cutter *c, const char *model)
{
    const vf_device device[CARDS] = {{.total = UINT64_C(80) << 30}, {.total = UINT64_C(80) << 30}, {.total = UINT64_C(80) << 30}};
    const uint64_t available[CARDS] = {0};
    vf_error err = {0};

    c->x = open_subject(model);
    c->x.s.split = VF_SPLIT_TENSOR;
    c->x.m->arch.graph.no_tensor_split = false; /* as a catalog of one's own may have it */
    CHECK(vf_placement_build(c->x.m, c->x.types, &c->x.s, CARDS, device, available, &heap, &c->p, &err) == VF_OK, "%s", err.text);
    for (size_t i = 0; i < c->x.m->n_tensors; i++) /* bytes of a row tell its number of elements */
        c->x.types[i] = VF_TYPE_F32;
    c->slicer = (vf_slicer){c->x.m, c->x.types, &c->p};
}

static void close_cutter(cutter *c)
{
    vf_placement_free(c->x.m, &heap, &c->p);
    close_subject(&c->x);
}

static vf_tensor *tensor_of(const cutter *c, int32_t layer, vf_role role, vf_part part)
{
    for (size_t i = 0; i < c->x.m->n_tensors; i++)
        if (c->x.m->tensors[i].role == role && c->x.m->tensors[i].part == part && c->x.m->tensors[i].layer == layer)
            return &c->x.m->tensors[i];
    CHECK(false, "no tensor %d in layer %d", (int)role, layer);
    exit(EXIT_FAILURE);
}

/* Bytes of each card, as if of so many elements (f32, padded to 128 bytes). */
static void check_elements(const char *name, bool cut, const uint64_t *bytes, uint64_t a, uint64_t b, uint64_t third)
{
    const uint64_t want[CARDS] = {a, b, third};

    CHECK(cut, "%s: refused", name);
    for (int i = 0; cut && i < CARDS; i++)
        CHECK(bytes[i] == (want[i] * 4 + 127) / 128 * 128, "%s: card %d has %" PRIu64 " elements, want %" PRIu64, name, i, bytes[i] / 4, want[i]);
}

static void check_cut(const char *name, const cutter *c, const vf_tensor *t, uint64_t a, uint64_t b, uint64_t third)
{
    uint64_t bytes[VF_MAX_DEVICES];
    bool cut = vf_slice_weight(&c->slicer, (size_t)(t - c->x.m->tensors), bytes);

    check_elements(name, cut, bytes, a, b, third);
}

/* The same of a cache's tensor in f32. */
static void check_cache(const char *name, const cutter *c, vf_cached what, uint64_t width, uint64_t rows, uint64_t a, uint64_t b, uint64_t third)
{
    uint64_t bytes[VF_MAX_DEVICES];
    bool cut = vf_slice_cache(&c->slicer, 0, what, VF_TYPE_F32, width, rows, bytes);

    check_elements(name, cut, bytes, a * rows, b * rows, third * rows);
}

static bool refused(const cutter *c, const vf_tensor *t)
{
    uint64_t bytes[VF_MAX_DEVICES];

    return !vf_slice_weight(&c->slicer, (size_t)(t - c->x.m->tensors), bytes);
}

/* 32 heads of 64 in four groups: queries are cut by groups (512 rows), keys and values by heads; the card that is cut
 * first changes from layer to layer, as rounding always favours the last. */
static void attention_by_groups(void)
{
    cutter c;
    open_cutter(&c, "TinyLlama-1.1B");
    const uint64_t w = 2048;

    check_cut("queries", &c, tensor_of(&c, 0, VF_ROLE_ATTN_Q, VF_PART_WEIGHT), 512 * w, 512 * w, 1024 * w);
    check_cut("keys", &c, tensor_of(&c, 0, VF_ROLE_ATTN_K, VF_PART_WEIGHT), 64 * w, 64 * w, 128 * w);
    check_cut("values", &c, tensor_of(&c, 0, VF_ROLE_ATTN_V, VF_PART_WEIGHT), 64 * w, 64 * w, 128 * w);
    check_cut("the second layer", &c, tensor_of(&c, 1, VF_ROLE_ATTN_Q, VF_PART_WEIGHT), 1024 * w, 512 * w, 512 * w);
    check_cut("the third", &c, tensor_of(&c, 2, VF_ROLE_ATTN_Q, VF_PART_WEIGHT), 512 * w, 1024 * w, 512 * w);
    check_cut("the fourth", &c, tensor_of(&c, 3, VF_ROLE_ATTN_Q, VF_PART_WEIGHT), 512 * w, 512 * w, 1024 * w);
    check_cut("norms lie whole", &c, tensor_of(&c, 0, VF_ROLE_ATTN_NORM, VF_PART_WEIGHT), w, w, w);
    /* columns: each row has its part, and a gap of nothing behind the last */
    check_cut("output", &c, tensor_of(&c, 0, VF_ROLE_ATTN_OUTPUT, VF_PART_WEIGHT), 512 * w, 512 * w, 1024 * w);
    /* 5632 by 128 */
    check_cut("up", &c, tensor_of(&c, 0, VF_ROLE_FFN_UP, VF_PART_WEIGHT), 1792 * w, 1920 * w, 1920 * w);
    vf_tensor *down = tensor_of(&c, 0, VF_ROLE_FFN_DOWN, VF_PART_WEIGHT);
    check_cut("down", &c, down, 1792 * w, 1920 * w, 1920 * w);
    down->ne[1] = 0;
    check_cut("no rows", &c, down, 0, 0, 0);
    /* 22 layers: the logits begin with the second card, row by row */
    check_cut("logits", &c, tensor_of(&c, -1, VF_ROLE_OUTPUT, VF_PART_WEIGHT), 10667 * w, 10666 * w, 10667 * w);
    c.p.share[0] = 1;
    c.p.share[1] = 1;
    c.p.share[2] = 2;
    check_cut("shares", &c, tensor_of(&c, 0, VF_ROLE_ATTN_Q, VF_PART_WEIGHT), 512 * w, 512 * w, 1024 * w);
    check_cut("shares, logits", &c, tensor_of(&c, -1, VF_ROLE_OUTPUT, VF_PART_WEIGHT), 8000 * w, 8000 * w, 16000 * w);
    c.p.share[2] = 0;
    check_cut("none for the third", &c, tensor_of(&c, 0, VF_ROLE_ATTN_Q, VF_PART_WEIGHT), 1024 * w, 1024 * w, 0);
    close_cutter(&c);
}

/* The cache of a layer is cut as its keys are; an indexer's and a short convolution's lie whole. */
static void caches(void)
{
    cutter c;
    uint64_t bytes[VF_MAX_DEVICES];
    open_cutter(&c, "TinyLlama-1.1B");
    const uint64_t rows = 1024;

    CHECK(vf_slice_cache(&c.slicer, 0, VF_CACHED_KV, VF_TYPE_F16, 256, rows, bytes), "cut");
    CHECK(bytes[0] == 64 * rows * 2 && bytes[1] == 64 * rows * 2 && bytes[2] == 128 * rows * 2, "by heads: %" PRIu64, bytes[0]);
    CHECK(vf_slice_cache(&c.slicer, 1, VF_CACHED_KV, VF_TYPE_F16, 256, rows, bytes) && bytes[0] == 128 * rows * 2, "turned");
    CHECK(vf_slice_cache(&c.slicer, 0, VF_CACHED_WHOLE, VF_TYPE_F16, 256, rows, bytes) && bytes[0] == 256 * rows * 2 && bytes[2] == bytes[0], "whole");
    c.x.m->layers[0].recurrent = VF_REC_SHORTCONV;
    CHECK(vf_slice_cache(&c.slicer, 0, VF_CACHED_R, VF_TYPE_F32, 256, 2, bytes) && bytes[0] == 256 * 8 && bytes[1] == bytes[0], "short convolutions");
    c.x.m->layers[0].recurrent = VF_REC_NONE;
    tensor_of(&c, 0, VF_ROLE_ATTN_OUTPUT, VF_PART_WEIGHT)->role = VF_ROLE_ATTN_O;
    CHECK(!vf_slice_cache(&c.slicer, 0, VF_CACHED_KV, VF_TYPE_F16, 256, rows, bytes), "what the cut would follow is not there");
    close_cutter(&c);
}

/* llama.cpp aborts: nothing to follow, heads that divide nothing, fused projections of another width, shares that turn back. */
static void what_cannot_be_cut(void)
{
    cutter c;
    vf_layer *l;
    vf_tensor *q;
    vf_weights weights;
    vf_error err = {0};
    open_cutter(&c, "TinyLlama-1.1B");

    l = &c.x.m->layers[0];
    q = tensor_of(&c, 0, VF_ROLE_ATTN_Q, VF_PART_WEIGHT);
    CHECK(!refused(&c, q), "as it is");
    for (int i = 0; i < 3; i++) {
        const vf_layer was = *l;
        if (i == 0)
            l->n_head_kv = 0;
        else if (i == 1)
            l->head_k = 0;
        else
            l->n_head = 0;
        CHECK(refused(&c, q) && refused(&c, tensor_of(&c, 0, VF_ROLE_ATTN_K, VF_PART_WEIGHT)), "heads, %d", i);
        *l = was;
    }
    c.p.share[0] = 2;
    c.p.share[1] = -1;
    c.p.share[2] = 1;
    CHECK(refused(&c, q), "a share below none");
    memset(c.p.share, 0, sizeof c.p.share);
    tensor_of(&c, 0, VF_ROLE_ATTN_OUTPUT, VF_PART_WEIGHT)->part = VF_PART_OTHER;
    CHECK(refused(&c, q), "nothing to follow");
    CHECK(vf_weights_plan(c.x.m, c.x.types, &c.p, &weights, &err) == VF_ERR_REFUSED, "the model is refused");
    CHECK_STR(err.key, "--split", "the model is refused");
    CHECK_STR(err.text, "tensor: llama.cpp aborts with this model: it has tensors that cannot be cut into slices", "the model is refused");
    close_cutter(&c);
}

/* A file may hold tensors of layers that its header does not count: no layer tells how they are cut. */
static void past_the_last_layer(void)
{
    cutter c;
    vf_tensor *t;
    vf_weights weights;
    vf_error err = {0};
    open_cutter(&c, "TinyLlama-1.1B");

    t = tensor_of(&c, 3, VF_ROLE_ATTN_OUTPUT, VF_PART_WEIGHT);
    for (int far = 0; far < 2; far++) {
        t->layer = far ? 900000000 : (int32_t)c.x.m->n_layers;
        check_cut("of no layer", &c, t, 2048 * 2048, 2048 * 2048, 2048 * 2048);
        CHECK(vf_weights_plan(c.x.m, c.x.types, &c.p, &weights, &err) == VF_OK, "%s", err.text);
    }
    t->layer = (int32_t)c.x.m->n_layers - 1; /* the 22nd: the first card is cut first again */
    check_cut("of the last", &c, t, 512 * 2048, 512 * 2048, 1024 * 2048);
    close_cutter(&c);
}

/* Queries, keys and values in one matrix: cut apart, each by its own grain. */
static void fused_projections(void)
{
    cutter c;
    vf_layer *l;
    vf_tensor *t;
    open_cutter(&c, "phi-3-mini-4k");
    const uint64_t w = 3072; /* 32 heads of 96, each with its own keys: cut by heads, q, k and v alike */

    t = tensor_of(&c, 0, VF_ROLE_ATTN_QKV, VF_PART_WEIGHT);
    l = &c.x.m->layers[0];
    CHECK(l->head_k == 96 && l->n_head == 32 && l->n_head_kv == 32 && t->ne[1] == 3 * w, "Phi-3");
    /* 1024 down to 960, 2048 down to 2016 */
    check_cut("three in one", &c, t, 3 * 960 * w, 3 * 1056 * w, 3 * 1056 * w);
    /* gate and up in one: 8192 of each, by 128 */
    check_cut("gate and up in one", &c, tensor_of(&c, 0, VF_ROLE_FFN_UP, VF_PART_WEIGHT), 2 * 2688 * w, 2 * 2688 * w, 2 * 2816 * w);
    t->ne[1]++;
    CHECK(refused(&c, t), "of another width");
    t->ne[1]--;
    l->head_v = 64;
    CHECK(refused(&c, t), "values of another width");
    close_cutter(&c);
}

/* The same of experts. */
static void fused_experts(void)
{
    cutter c;
    vf_tensor *t;
    open_cutter(&c, "Qwen3-30B-A3B");

    t = tensor_of(&c, 0, VF_ROLE_FFN_UP_EXPS, VF_PART_WEIGHT); /* 768 of each of 128 experts, by 128 */
    const uint64_t all = t->ne[0] * t->ne[2];
    check_cut("up", &c, t, 256 * all, 256 * all, 256 * all);
    t->role = VF_ROLE_FFN_GATE_UP_EXPS;
    t->ne[1] *= 2;
    check_cut("gate and up", &c, t, 512 * all, 512 * all, 512 * all);
    c.p.share[0] = 1;
    c.p.share[1] = c.p.share[2] = 2;
    check_cut("gate and up by share", &c, t, 256 * all, 512 * all, 768 * all); /* 153 of 768 down to 128, 460 to 384; twice */
    memset(c.p.share, 0, sizeof c.p.share);
    t->role = VF_ROLE_FFN_UP_EXPS;
    check_cut("up of that width", &c, t, 512 * all, 512 * all, 512 * all);
    close_cutter(&c);
}

/* Qwen3.5: 32 value heads are dealt out over 16 key heads, so numbers of heads are cut as the keys are, twice. */
static void delta_heads(void)
{
    cutter c;
    open_cutter(&c, "Qwen3.5-9B");
    const vf_hparams *hp = &c.x.m->hp;
    const uint64_t w = hp->embedding_length;

    CHECK(hp->ssm_group_count == 16 && hp->ssm_time_step_rank == 32 && hp->ssm_state_size == 128, "Qwen3.5");
    check_cut("alpha", &c, tensor_of(&c, 0, VF_ROLE_SSM_ALPHA, VF_PART_WEIGHT), 10 * w, 10 * w, 12 * w);
    check_cut("beta", &c, tensor_of(&c, 0, VF_ROLE_SSM_BETA, VF_PART_WEIGHT), 10 * w, 10 * w, 12 * w);
    check_cut("dt", &c, tensor_of(&c, 0, VF_ROLE_SSM_DT, VF_PART_BIAS), 10, 10, 12);
    check_cut("gate", &c, tensor_of(&c, 0, VF_ROLE_ATTN_GATE, VF_PART_WEIGHT), 10 * 128 * w, 10 * 128 * w, 12 * 128 * w);
    /* queries, keys and twice the values: four parts of 16 heads */
    check_cut("projections", &c, tensor_of(&c, 0, VF_ROLE_ATTN_QKV, VF_PART_WEIGHT), 20 * 128 * w, 20 * 128 * w, 24 * 128 * w);
    close_cutter(&c);
}

/* Layers that attend and recur, of an architecture of one's own: what belongs to the recurrence is cut by its heads, in
 * one piece as it is no delta net; attention and its cache by single rows. A cache's slices are all of it. */
static void beside_attention(void)
{
    cutter c;
    open_cutter(&c, "Falcon-H1-7B");
    const vf_layer *l = &c.x.m->layers[0];
    const uint64_t w = 3072;

    CHECK(l->recurrent == VF_REC_MAMBA2 && l->n_head == 12 && l->n_head_kv == 2 && l->head_k == 128, "Falcon-H1");
    check_cut("queries", &c, tensor_of(&c, 0, VF_ROLE_ATTN_Q, VF_PART_WEIGHT), 512 * w, 512 * w, 512 * w);
    check_cut("keys", &c, tensor_of(&c, 0, VF_ROLE_ATTN_K, VF_PART_WEIGHT), 85 * w, 85 * w, 86 * w);
    check_cut("output", &c, tensor_of(&c, 0, VF_ROLE_ATTN_OUTPUT, VF_PART_WEIGHT), 512 * w, 512 * w, 512 * w);
    /* 256 of the state divide 128: 3584 rows of four by 256, 24 heads by one */
    check_cut("convolution", &c, tensor_of(&c, 0, VF_ROLE_SSM_CONV1D, VF_PART_WEIGHT), 1024 * 4, 1280 * 4, 1280 * 4);
    check_cut("dt", &c, tensor_of(&c, 0, VF_ROLE_SSM_DT, VF_PART_BIAS), 8, 8, 8);
    check_cut("back", &c, tensor_of(&c, 0, VF_ROLE_SSM_OUT, VF_PART_WEIGHT), 1024 * w, 1024 * w, 1024 * w);
    check_cut("up", &c, tensor_of(&c, 0, VF_ROLE_FFN_UP, VF_PART_WEIGHT), 4096 * w, 4096 * w, 4096 * w);
    check_cache("keys", &c, VF_CACHED_KV, 256, 1024, 85, 85, 86);
    CHECK(l->state_r == 3 * 3584 && l->state_s == 256 * 3072, "its states");
    check_cache("rows of the convolution", &c, VF_CACHED_R, l->state_r, 1, 3 * 1024, 3 * 1280, 3 * 1280);
    c.p.share[0] = c.p.share[1] = 1;
    check_cache("states", &c, VF_CACHED_S, l->state_s, 2, 256 * 1536, 256 * 1536, 0);
    close_cutter(&c);

    open_cutter(&c, "mamba-130m"); /* no groups: nothing is divided by them */
    l = &c.x.m->layers[0];
    CHECK(l->state_r == 3 * 1536 && l->state_s == 16 * 1536 && c.x.m->hp.ssm_group_count == 0, "Mamba");
    check_cache("rows", &c, VF_CACHED_R, l->state_r, 1, 1536, 1536, 1536);
    check_cache("states", &c, VF_CACHED_S, l->state_s, 1, 16 * 512, 16 * 512, 16 * 512);
    close_cutter(&c);
}

/* As many cards as there can be: 128,256 rows of logits, a sixteenth each. */
static void most_cards(void)
{
    vf_device device[VF_MAX_DEVICES] = {0};
    const uint64_t available[VF_MAX_DEVICES] = {0};
    uint64_t bytes[VF_MAX_DEVICES];
    vf_error err = {0};
    cutter c = {.x = open_subject("Llama-3.1-8B")};
    const vf_tensor *output = tensor_of(&c, -1, VF_ROLE_OUTPUT, VF_PART_WEIGHT);
    const size_t at = (size_t)(output - c.x.m->tensors);

    c.x.s.split = VF_SPLIT_TENSOR;
    for (int i = 0; i < VF_MAX_DEVICES; i++)
        device[i].total = UINT64_C(80) << 30;
    CHECK(vf_placement_build(c.x.m, c.x.types, &c.x.s, VF_MAX_DEVICES, device, available, &heap, &c.p, &err) == VF_OK, "%s", err.text);
    c.x.types[at] = VF_TYPE_F32;
    c.slicer = (vf_slicer){c.x.m, c.x.types, &c.p};
    CHECK(vf_slice_weight(&c.slicer, at, bytes), "cut");
    for (int i = 0; i < VF_MAX_DEVICES; i++)
        CHECK_U64(bytes[i], UINT64_C(128256) / VF_MAX_DEVICES * 4096 * 4, "a sixteenth");
    close_cutter(&c);
}

/* Qwen3-Next repeats its key heads: queries and keys are cut apart from the values, states in one piece. */
static void repeated_heads(void)
{
    cutter c;
    open_cutter(&c, "Qwen3-Next-80B-A3B-Instruct");
    const vf_layer *l = &c.x.m->layers[0];
    const uint64_t w = 2048;

    CHECK(c.x.m->arch.graph.repeat_heads && c.x.m->hp.ssm_group_count == 16 && c.x.m->hp.ssm_time_step_rank == 32, "Qwen3-Next");
    /* twice 16 heads as 5, 5 and 6; 32 as 10, 11 and 11 */
    check_cut("projections", &c, tensor_of(&c, 0, VF_ROLE_ATTN_QKV, VF_PART_WEIGHT), 20 * 128 * w, 21 * 128 * w, 23 * 128 * w);
    check_cut("beta and alpha", &c, tensor_of(&c, 0, VF_ROLE_SSM_BA, VF_PART_WEIGHT), 20 * w, 22 * w, 22 * w);
    check_cut("gate", &c, tensor_of(&c, 0, VF_ROLE_ATTN_GATE, VF_PART_WEIGHT), 10 * 128 * w, 11 * 128 * w, 11 * 128 * w);
    check_cache("rows", &c, VF_CACHED_R, l->state_r, 1, 3 * 20 * 128, 3 * 21 * 128, 3 * 23 * 128);
    check_cache("states", &c, VF_CACHED_S, l->state_s, 1, 10 * 128 * 128, 11 * 128 * 128, 11 * 128 * 128);
    close_cutter(&c);
}

/* RWKV has nothing that its states could be cut along; where a file gives it tensors of another recurrence, there are no
 * heads to divide by. */
static void heads_of_nothing(void)
{
    static const vf_role roles[] = {VF_ROLE_SSM_OUT, VF_ROLE_SSM_ALPHA, VF_ROLE_SSM_BA, VF_ROLE_SSM_CONV1D};
    cutter c;
    uint64_t bytes[VF_MAX_DEVICES];
    open_cutter(&c, "RWKV7-Goose-World3-0.1B");

    CHECK(c.x.m->hp.ssm_state_size == 0 && c.x.m->hp.ssm_conv_kernel == 0, "RWKV");
    for (int given = 0; given < 2; given++) {
        CHECK(!vf_slice_cache(&c.slicer, 0, VF_CACHED_R, VF_TYPE_F32, c.x.m->layers[0].state_r, 1, bytes), "rows, %d", given);
        CHECK(!vf_slice_cache(&c.slicer, 0, VF_CACHED_S, VF_TYPE_F32, c.x.m->layers[0].state_s, 1, bytes), "states, %d", given);
        tensor_of(&c, 0, given ? VF_ROLE_SSM_OUT : VF_ROLE_TIME_MIX_OUTPUT, VF_PART_WEIGHT)->role = VF_ROLE_SSM_OUT;
    }
    vf_tensor *t = tensor_of(&c, 0, VF_ROLE_TIME_MIX_KEY, VF_PART_WEIGHT);
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        t->role = (uint16_t)roles[i];
        CHECK(refused(&c, t), "role %d", (int)roles[i]);
    }
    close_cutter(&c);
}

int main(void)
{
    open_catalog();
    attention_by_groups();
    caches();
    what_cannot_be_cut();
    past_the_last_layer();
    fused_projections();
    fused_experts();
    delta_heads();
    beside_attention();
    most_cards();
    repeated_heads();
    heads_of_nothing();
    vf_catalog_free(catalog);
    return CHECK_END();
}
