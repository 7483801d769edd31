/* Tensors of a model: their order, look-ups, names cut to their room, sizes, which scheme covers which, and mixes for rows that fit no
 * block. */
#include "built.h"

#include "model/ftypes.h"
#include "model/schemes.h"

static vf_error err;

/* ---- llama.cpp's quantizer goes by the number in "blk.N.", others first, then by name in byte order */

static const char *const in_order[] = {
    "_first", "dec.blk.0.attn_q.weight", "enc.blk.0.attn_k.weight", "enc.blk.1.attn_q.weight", "mm.1.bias", "mm.1.weight", "output.weight",
    "output_norm.weight", "token_embd.weight", "v.blk.0.attn_q.weight", "blk.0.attn_norm.weight", "blk.0.attn_q.bias", "blk.0.attn_q.weight",
    "blk.0.ffn_down.weight", "blk.2.attn_q.weight", "blk.2.ffn_gate_exps.weight", "blk.10.attn_q.weight",
};
#define N_TENSORS (sizeof in_order / sizeof in_order[0])

static vf_model *shuffled(uint32_t seed)
{
    vf_model *m = calloc(1, sizeof *m);
    size_t at[N_TENSORS];
    m->a = sample_allocator;
    m->n_tensors = N_TENSORS;
    m->tensors = calloc(N_TENSORS, sizeof *m->tensors);
    m->names = calloc(N_TENSORS, 32);
    m->n_names = N_TENSORS * 32;
    for (size_t i = 0; i < N_TENSORS; i++)
        at[i] = i;
    for (size_t i = N_TENSORS - 1; i > 0; i--) {
        seed = seed * 1664525u + 1013904223u;
        size_t k = (seed >> 8) % (i + 1), was = at[i];
        at[i] = at[k];
        at[k] = was;
    }
    for (size_t i = 0; i < N_TENSORS; i++) {
        vf_tensor *t = &m->tensors[i];
        (void)snprintf(m->names + i * 32, 32, "%s", in_order[at[i]]);
        *t = (vf_tensor){.name = (uint32_t)i * 32, .ne = {32, 1, 1, 1}};
        vf_tensor_parse_name(in_order[at[i]], strlen(in_order[at[i]]), t);
    }
    CHECK(vf_model_index(m, &err) == VF_OK, "%s", err.text);
    return m;
}

static void look_up(const vf_model *m)
{
    char name[64];
    uint32_t n;
    const vf_tensor *t = vf_model_tensor(m, 2, VF_ROLE_FFN_GATE_EXPS, VF_PART_WEIGHT);
    CHECK(t && t->layer == 2 && t->role == VF_ROLE_FFN_GATE_EXPS, "in a layer");
    t = vf_model_tensor(m, 0, VF_ROLE_ATTN_Q, VF_PART_BIAS);
    CHECK(t && t->part == VF_PART_BIAS, "the bias, not the weight");
    CHECK(vf_model_tensor(m, 10, VF_ROLE_ATTN_Q, VF_PART_WEIGHT) != NULL, "the last layer, whose number is not its place");
    CHECK(!vf_model_tensor(m, 1, VF_ROLE_ATTN_Q, VF_PART_WEIGHT) && !vf_model_tensor(m, 11, VF_ROLE_ATTN_Q, VF_PART_WEIGHT), "no such layer");
    CHECK(!vf_model_tensor(m, 0, VF_ROLE_ATTN_K, VF_PART_WEIGHT) && !vf_model_tensor(m, -1, VF_ROLE_ATTN_Q, VF_PART_WEIGHT), "no such tensor there");
    t = vf_model_stack_tensor(m, VF_STACK_ENC, 0, VF_ROLE_ATTN_K, VF_PART_WEIGHT);
    CHECK(t && t->stack == VF_STACK_ENC, "the encoder's");
    CHECK(!vf_model_stack_tensor(m, VF_STACK_DEC, 0, VF_ROLE_ATTN_K, VF_PART_WEIGHT), "the decoder has none");
    t = vf_model_tensor(m, -1, VF_ROLE_TOKEN_EMBD, VF_PART_WEIGHT);
    CHECK(t && strcmp(vf_tensor_name(m, t, name, sizeof name), "token_embd.weight") == 0, "a global one");
    CHECK(!m->tied && vf_model_tensor(m, -1, VF_ROLE_OUTPUT, VF_PART_WEIGHT), "it has an output matrix");
    const uint32_t *list = vf_model_layer_tensors(m, VF_STACK_BLK, 0, &n);
    CHECK(list && n == 4 && m->tensors[list[0]].role == VF_ROLE_ATTN_NORM && m->tensors[list[3]].role == VF_ROLE_FFN_DOWN, "four of layer 0: %u", n);
    list = vf_model_layer_tensors(m, VF_STACK_ENC, 1, &n);
    CHECK(list && n == 1, "one of the encoder's layer 1: %u", n);
    list = vf_model_layer_tensors(m, VF_STACK_BLK, 1, &n);
    CHECK(!list && n == 0, "none of layer 1");
    list = vf_model_layer_tensors(m, VF_STACK_DEC, 5, &n);
    CHECK(!list && n == 0, "none of a layer that the decoder has not");
}

static void order(void)
{
    for (uint32_t seed = 0; seed < 60; seed++) {
        vf_model *m = shuffled(seed);
        for (size_t i = 0; i < N_TENSORS; i++) {
            char name[64];
            CHECK_STR(vf_tensor_name(m, &m->tensors[m->order[i]], name, sizeof name), in_order[i], "place");
        }
        look_up(m);
        vf_model_free(m);
    }
    vf_model empty = {0};
    uint32_t n = 7;
    CHECK(vf_model_index(&empty, &err) == VF_OK && empty.order == NULL && !vf_model_tensor(&empty, -1, VF_ROLE_OUTPUT, VF_PART_WEIGHT), "no tensors");
    CHECK(!vf_model_layer_tensors(&empty, VF_STACK_BLK, 0, &n) && n == 0, "nor layers");
    vf_model_free(NULL);
}

/* ---- names end where their room does */

static void cut_names(void)
{
    static const char whole[] = "enc.blk.120.ffn_down_exps.weight";
    vf_model m = {.names = (char[]){"mm.0.weight"}, .n_names = 12};
    vf_tensor t = {0}, unknown = {.role = VF_ROLE_UNKNOWN, .name = 0};
    char out[48];
    vf_tensor_parse_name(whole, sizeof whole - 1, &t);
    for (size_t size = 1; size < sizeof out; size++) {
        memset(out, '#', sizeof out);
        CHECK(vf_tensor_name(&m, &t, out, size) == out, "the same room is handed back");
        size_t n = size - 1 < sizeof whole - 1 ? size - 1 : sizeof whole - 1;
        CHECK(strlen(out) == n && memcmp(out, whole, n) == 0 && out[size] == '#', "in %zu bytes: '%s'", size, out);
    }
    memset(out, '#', sizeof out);
    CHECK(vf_tensor_name(&m, &t, out, 0) == out && out[0] == '#', "no room: nothing is written");
    CHECK_STR(vf_tensor_name(&m, &unknown, out, sizeof out), "mm.0.weight", "a name that is kept");
    unknown.name = 11;
    CHECK_STR(vf_tensor_name(&m, &unknown, out, sizeof out), "", "its end");
    unknown.name = 12;
    CHECK_STR(vf_tensor_name(&m, &unknown, out, sizeof out), "", "past the end of what is kept");
}

/* ---- numbers of layers: up to nine digits, none of them a leading 0 */

static void layer_numbers(void)
{
    static const struct {
        const char *name;
        int32_t layer; /* -2: no name of a block */
    } rows[] = {
        {"blk.0.attn_q.weight", 0},          {"blk.9.attn_q.weight", 9},           {"blk.10.attn_q.weight", 10}, {"blk.999999999.attn_q.weight", 999999999},
        {"blk.1000000000.attn_q.weight", -2}, {"blk.00.attn_q.weight", -2},         {"blk.0", -2},                {"blk./.attn_q.weight", -2},
        {"blk.:.attn_q.weight", -2},         {"blk.1:attn_q.weight", -2},          {"blk.12", -2},               {"blk.12.", -2},
        {"dec.blk.3.attn_q.weight", 3},      {"dex.blk.3.attn_q.weight", -2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_tensor t;
        memset(&t, 0xA5, sizeof t); /* what was there before says nothing */
        vf_tensor_parse_name(rows[i].name, strlen(rows[i].name), &t);
        bool known = rows[i].layer >= 0;
        CHECK_U64(t.stack, strncmp(rows[i].name, "dec.", 4) == 0 ? VF_STACK_DEC : VF_STACK_BLK, rows[i].name);
        CHECK((t.role != VF_ROLE_UNKNOWN) == known && (!known || t.layer == rows[i].layer), "%s: role %u, layer %d", rows[i].name, t.role, (int)t.layer);
    }
}

/* ---- sizes */

static void sizes(void)
{
    vf_tensor t = {.role = VF_ROLE_ATTN_Q, .type = VF_TYPE_F16, .ne = {64, 3, 5, 7}};
    CHECK_U64(vf_tensor_bytes(&t, VF_TYPE_Q4_0), 2 * 18 * 3 * 5 * 7, "bytes");
    CHECK_U64(vf_tensor_elements(&t), 64 * 3 * 5 * 7, "elements");
    for (int d = 0; d < 4; d++) {
        vf_tensor empty = t;
        empty.ne[d] = 0;
        CHECK_U64(vf_tensor_bytes(&empty, VF_TYPE_Q4_K), 0, "an empty tensor has no bytes, of any type");
        CHECK_U64(vf_tensor_elements(&empty), 0, "nor elements");
    }
    for (int d = 0; d < 4; d++) {
        vf_tensor thin = {.role = VF_ROLE_ATTN_Q, .ne = {2, 3, 5, 7}};
        uint64_t n = 2 * 3 * 5 * 7 / thin.ne[d];
        thin.ne[d] = 1;
        CHECK_U64(vf_tensor_bytes(&thin, VF_TYPE_F32), 4 * n, "one of a dimension is not none");
        CHECK_U64(vf_tensor_elements(&thin), n, "nor of elements");
    }
    t.ne[0] = 48;
    CHECK_U64(vf_tensor_bytes(&t, VF_TYPE_Q4_0), UINT64_MAX, "no multiple of the block");
    CHECK_U64(vf_row_bytes(4, 32), UINT64_MAX, "a type that was removed");
    CHECK_U64(vf_row_bytes(VF_TYPE_F4, 3), UINT64_MAX, "half a byte");
    CHECK_U64(vf_row_bytes(VF_TYPE_F4, 4), 2, "two a byte");
    CHECK(vf_type_get(VF_TYPE_F4) && !vf_type_get(VF_TYPE_F4 + 1) && !vf_type_get(VF_TYPE_U8 - 1) && vf_type_get(VF_TYPE_Q2_0) && !vf_type_get(VF_TYPE_Q2_0 + 1),
          "the ends of the tables");
    CHECK(!vf_type_find("Q4_") && !vf_type_find("Q4_00") && !vf_type_find("q4_k ") && vf_type_find("f8_e4m3"), "names in whole");
    CHECK(!vf_ftype_find("Q4_") && !vf_ftype_find("Q4_00") && vf_ftype_find("q3_k")->id == VF_FTYPE_Q3_K_M && vf_ftype_find("q5_k")->id == VF_FTYPE_Q5_K_M &&
              vf_ftype_find("iq2_m")->id == VF_FTYPE_IQ2_M && !vf_ftype_find("`") && !vf_ftype_find("{"), "file types in whole");
}

/** Weights packed into whole numbers: of matrices of such numbers only. */
static void packed(void)
{
    static const struct {
        uint16_t type;
        uint8_t part, bits;
        uint64_t want; /* of 1000 */
    } rows[] = {
        {VF_TYPE_I32, VF_PART_WEIGHT, 4, 8000}, {VF_TYPE_U32, VF_PART_WEIGHT, 4, 8000}, {VF_TYPE_U8, VF_PART_WEIGHT, 4, 2000},
        {VF_TYPE_I16, VF_PART_WEIGHT, 4, 4000}, {VF_TYPE_I32, VF_PART_WEIGHT, 3, 10666}, {VF_TYPE_I32, VF_PART_WEIGHT, 0, 1000},
        {VF_TYPE_I32, VF_PART_SCALE, 4, 1000},  {VF_TYPE_I8, VF_PART_WEIGHT, 4, 1000},   {VF_TYPE_F16, VF_PART_WEIGHT, 4, 1000},
        {VF_TYPE_F8_E4M3, VF_PART_WEIGHT, 4, 1000}, {VF_TYPE_I64, VF_PART_WEIGHT, 4, 1000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_model m = {.pack_bits = rows[i].bits};
        const vf_tensor t = {.role = VF_ROLE_ATTN_Q, .part = rows[i].part, .type = rows[i].type, .ne = {100, 10, 1, 1}};
        CHECK_U64(vf_tensor_weights(&m, &t), rows[i].want, vf_type_get(rows[i].type)->name);
    }
    vf_model m = {.pack_bits = 4};
    const vf_tensor huge = {.role = VF_ROLE_ATTN_Q, .type = VF_TYPE_I32, .ne = {UINT64_C(1) << 60, 1, 1, 1}};
    CHECK_U64(vf_tensor_weights(&m, &huge), UINT64_MAX, "bits that no number holds");
}

/** What one token uses of experts, and what is no parameter. */
static void facts(void)
{
    vf_layer layers[2] = {{.n_expert = 8, .n_expert_used = 2}, {.n_expert_used = 3}};
    vf_tensor t[] = {
        {.role = VF_ROLE_FFN_UP_EXPS, .layer = 0, .ne = {10, 10, 8, 1}},  {.role = VF_ROLE_FFN_GATE_EXPS, .layer = 1, .ne = {10, 10, 8, 1}},
        {.role = VF_ROLE_FFN_DOWN_EXPS, .layer = 2, .ne = {10, 10, 8, 1}}, {.role = VF_ROLE_FFN_GATE_UP_EXPS, .layer = -1, .ne = {10, 10, 8, 1}},
        {.role = VF_ROLE_ATTN_Q, .layer = 0, .ne = {10, 10, 1, 1}},       {.role = VF_ROLE_ROPE_FACTORS_SHORT, .layer = -1, .ne = {10, 1, 1, 1}},
        {.role = VF_ROLE_ATTN_Q, .part = VF_PART_OTHER, .layer = 0, .ne = {10, 1, 1, 1}},
    };
    vf_model m = {.layers = layers, .n_layers = 2, .tensors = t, .n_tensors = sizeof t / sizeof t[0], .known_arch = true, .from_file = true, .file_type = 7};
    vf_model_facts f;
    m.parameters = vf_model_parameters(&m);
    vf_model_describe(&m, &f);
    CHECK_U64(f.parameters, 4 * 800 + 100, "parameters");
    CHECK_U64(f.parameters_active, 200 + 3 * 800 + 100, "a quarter where it is known how many are used");
    CHECK_U64(f.model_bytes, 4 * (4 * 800 + 100 + 20), "bytes of all");
    CHECK(f.n_expert_used == 3 && f.file_type == 7 && f.has_types && f.embeds && !f.causal, "an encoder's file");
    m.arch.causal = true;
    m.from_file = false;
    vf_model_describe(&m, &f);
    CHECK(!f.embeds && f.model_bytes == 0 && f.file_type == UINT32_MAX, "a model that generates, of no file");
    m.hp.pooling_type = 1;
    vf_model_describe(&m, &f);
    CHECK(f.embeds, "one that says how embeddings are pooled");
    m.hp.pooling_type = 0;
    m.known_arch = m.arch.causal = false;
    vf_model_describe(&m, &f);
    CHECK(!f.embeds, "of an unknown architecture nothing is known");
    t[0].ne[0] = UINT64_MAX;
    m.parameters = vf_model_parameters(&m);
    vf_model_describe(&m, &f);
    CHECK(f.parameters == UINT64_MAX && f.parameters_active == UINT64_MAX, "more than a number holds");
}

/* ---- schemes: what a tensor is to them, and who covers what */

static void slots(void)
{
    static const struct {
        uint16_t role;
        uint8_t part, vector;
        vf_slot want;
    } rows[] = {
        {VF_ROLE_ATTN_Q, VF_PART_WEIGHT, 0, VF_SLOT_LINEAR},          {VF_ROLE_ATTN_Q, VF_PART_WEIGHT, 1, VF_SLOT_PLAIN},
        {VF_ROLE_ATTN_Q, VF_PART_BIAS, 0, VF_SLOT_PLAIN},             {VF_ROLE_ATTN_Q_NORM, VF_PART_WEIGHT, 0, VF_SLOT_PLAIN},
        {VF_ROLE_SSM_CONV1D, VF_PART_WEIGHT, 0, VF_SLOT_PLAIN},       {VF_ROLE_TIME_MIX_W2, VF_PART_WEIGHT, 0, VF_SLOT_PLAIN},
        {VF_ROLE_FFN_GATE_TID2EID, VF_PART_WEIGHT, 0, VF_SLOT_PLAIN}, {VF_ROLE_TOKEN_EMBD, VF_PART_WEIGHT, 0, VF_SLOT_EMBEDDING},
        {VF_ROLE_PER_LAYER_TOKEN_EMBD, VF_PART_WEIGHT, 0, VF_SLOT_EMBEDDING}, {VF_ROLE_NEXTN_EMBED_TOKENS, VF_PART_WEIGHT, 0, VF_SLOT_EMBEDDING},
        {VF_ROLE_POSITION_EMBD, VF_PART_WEIGHT, 0, VF_SLOT_EMBEDDING}, {VF_ROLE_TOKEN_TYPES, VF_PART_WEIGHT, 0, VF_SLOT_EMBEDDING},
        {VF_ROLE_OUTPUT, VF_PART_WEIGHT, 0, VF_SLOT_HEAD},            {VF_ROLE_NEXTN_SHARED_HEAD_HEAD, VF_PART_WEIGHT, 0, VF_SLOT_HEAD},
        {VF_ROLE_CLS, VF_PART_WEIGHT, 0, VF_SLOT_HEAD},               {VF_ROLE_CLS_OUTPUT, VF_PART_WEIGHT, 0, VF_SLOT_HEAD},
        {VF_ROLE_FFN_GATE_INP, VF_PART_WEIGHT, 0, VF_SLOT_ROUTER},    {VF_ROLE_FFN_GATE_INP_SHEXP, VF_PART_WEIGHT, 0, VF_SLOT_ROUTER},
        {VF_ROLE_FFN_GATE_INP_SHEXP, VF_PART_WEIGHT, 1, VF_SLOT_ROUTER}, {VF_ROLE_FFN_GATE_INP, VF_PART_WEIGHT, 1, VF_SLOT_PLAIN},
        {VF_ROLE_FFN_UP_EXPS, VF_PART_WEIGHT, 0, VF_SLOT_EXPERT},     {VF_ROLE_FFN_UP_EXPS, VF_PART_BIAS, 0, VF_SLOT_PLAIN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_tensor t = {.role = rows[i].role, .part = rows[i].part, .ne = {64, rows[i].vector ? 1 : 64, 1, 1}};
        CHECK(vf_tensor_slot(&t) == rows[i].want, "row %zu: slot %d, expected %d", i, (int)vf_tensor_slot(&t), (int)rows[i].want);
        t.ne[1] = 1;
        t.ne[rows[i].vector ? 1 : 3] = rows[i].vector ? 1 : 64; /* several matrices of one row are no vector */
        CHECK(vf_tensor_slot(&t) == rows[i].want, "row %zu, another shape: slot %d", i, (int)vf_tensor_slot(&t));
    }
}

static void covered(void)
{
    static const uint16_t roles[] = {VF_ROLE_ATTN_NORM, VF_ROLE_TOKEN_EMBD, VF_ROLE_OUTPUT, VF_ROLE_FFN_GATE_INP, VF_ROLE_ATTN_Q, VF_ROLE_FFN_DOWN_EXPS,
                                     VF_ROLE_FFN_GATE_UP_EXPS};
    static const struct {
        vf_covers covers;
        const char *want; /* norm, embeddings, head, router, linear, experts, fused experts */
    } rows[] = {
        {VF_COVERS_DECODER, "0000111"}, {VF_COVERS_LINEAR, "0001110"}, {VF_COVERS_HEAD, "0010111"},
        {VF_COVERS_ALL, "0111111"},     {VF_COVERS_EXPERTS, "0000011"}, {(vf_covers)9, "0000000"},
    };
    vf_model m = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t r = 0; r < sizeof roles / sizeof roles[0]; r++) {
            const vf_quant q = {.covers = rows[i].covers};
            const vf_tensor t = {.role = roles[r], .ne = {64, r == 0 ? 1 : 64, 1, 1}};
            CHECK(vf_scheme_covers(&m, &q, &t) == (rows[i].want[r] == '1'), "covers %d, role %u", (int)rows[i].covers, roles[r]);
        }
    /* on loading, experts that the model has in one tensor are passed over */
    const vf_quant q = {.covers = VF_COVERS_LINEAR};
    const vf_tensor down = {.role = VF_ROLE_FFN_DOWN_EXPS, .ne = {64, 64, 4, 1}}, up = {.role = VF_ROLE_FFN_UP_EXPS, .ne = {64, 64, 4, 1}};
    m.options = UINT64_C(1) << VF_OPTION_GATE_UP_EXPS;
    CHECK(!vf_scheme_covers(&m, &q, &down) && vf_scheme_covers(&m, &q, &up), "down goes with a fused gate and up");
    m.options = 0;
    m.arch.moe.mxfp4 = true;
    CHECK(!vf_scheme_covers(&m, &q, &down) && !vf_scheme_covers(&m, &q, &up), "experts that are published as MXFP4");
}

/** Latent attention's projections are one matrix there, a matrix a head here; heads have a width of their own. */
static void shapes(void)
{
    vf_model m = {0};
    const vf_quant row = {.packing = VF_PACK_ROW, .millibits = 8000, .covers = VF_COVERS_DECODER};
    const vf_tensor k = {.role = VF_ROLE_ATTN_K_B, .ne = {128, 512, 16, 1}}, v = {.role = VF_ROLE_ATTN_V_B, .ne = {512, 128, 16, 1}};
    const vf_tensor experts = {.role = VF_ROLE_FFN_UP_EXPS, .ne = {64, 96, 4, 1}};
    CHECK_U64(vf_tensor_matrix(&k), 128 * 16 * 512, "k");
    CHECK_U64(vf_tensor_matrix(&v), 128 * 16 * 512, "v");
    CHECK_U64(vf_scheme_tensor_bytes(&m, &row, &k), 128 * 16 * 512 + 4 * 128 * 16, "k: a scale an output");
    CHECK_U64(vf_scheme_tensor_bytes(&m, &row, &v), 128 * 16 * 512 + 4 * 128 * 16, "v: a scale an output");
    CHECK_U64(vf_tensor_matrix(&experts), 64 * 96, "one expert");
    CHECK_U64(vf_scheme_tensor_bytes(&m, &row, &experts), 4 * (64 * 96 + 4 * 96), "four experts");
    vf_quant head = {.packing = VF_PACK_ROW, .millibits = 4000, .head_millibits = 6000, .covers = VF_COVERS_HEAD};
    vf_tensor output = {.role = VF_ROLE_OUTPUT, .layer = -1, .ne = {64, 100, 1, 1}};
    CHECK_U64(vf_scheme_tensor_bytes(&m, &head, &output), 64 * 100 * 6 / 8 + 400, "a head of its own width");
    head.head_millibits = 0;
    CHECK_U64(vf_scheme_tensor_bytes(&m, &head, &output), 64 * 100 / 2 + 400, "and without");
    head.packing = (vf_packing)99;
    CHECK_U64(vf_scheme_tensor_bytes(&m, &head, &output), UINT64_MAX, "a packing that is none");
    /* a tied table again as the head */
    vf_model *tied = built("llama", "{" MOE "\"attention.head_count_kv\":4}");
    tied->tied = true;
    CHECK(vf_inventory_build(tied, &err) == VF_OK, "%s", err.text);
    head = (vf_quant){.packing = VF_PACK_ROW, .millibits = 4000, .head_millibits = 6000, .covers = VF_COVERS_HEAD};
    CHECK_U64(vf_scheme_tied_head_bytes(tied, &head), 64 * 100 * 6 / 8 + 400, "tied");
    head.head_millibits = 0;
    CHECK_U64(vf_scheme_tied_head_bytes(tied, &head), 64 * 100 / 2 + 400, "tied, of one width");
    head.covers = VF_COVERS_ALL;
    CHECK_U64(vf_scheme_tied_head_bytes(tied, &head), 0, "the embeddings are quantized, too");
    head.covers = VF_COVERS_HEAD;
    tied->tied = false;
    CHECK_U64(vf_scheme_tied_head_bytes(tied, &head), 0, "not tied");
    vf_model_free(tied);
    m.tied = true;
    CHECK_U64(vf_scheme_tied_head_bytes(&m, &head), 0, "no table");
}

int main(void)
{
    order();
    cut_names();
    layer_numbers();
    sizes();
    packed();
    facts();
    slots();
    covered();
    shapes();
    return CHECK_END();
}
