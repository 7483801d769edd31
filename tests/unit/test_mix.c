/* Storage types by llama.cpp's rules (src/llama-quant.cpp) where no sample file goes: rows that fit no block, the first and last eighth of
 * the layers, types that are said, architectures with rules of their own. */
#include "built.h"

#include "model/ftypes.h"

static vf_error err;

static vf_model *made(const char *arch, const char *hparams)
{
    vf_model *m = built(arch, hparams);
    CHECK(vf_inventory_build(m, &err) == VF_OK, "%s: %s: %s", arch, err.key, err.text);
    return m;
}

static uint16_t *types_of(const vf_model *m, vf_quant q)
{
    uint16_t *types = calloc(m->n_tensors, sizeof *types);
    CHECK(vf_mix_types(m, &q, &sample_allocator, types, &err) == VF_OK, "%s: %s", err.key, err.text);
    return types;
}

static const char *name_of(const vf_model *m, const uint16_t *types, int32_t layer, uint16_t role)
{
    const vf_tensor *t = vf_model_tensor(m, layer, role, VF_PART_WEIGHT);
    return t ? vf_type_get(types[t - m->tensors])->name : "none";
}

/* ---- rows of 64 fit no block of 256, rows of 48 none at all */

#define SMALL(n) \
    "{\"embedding_length\":" n ",\"context_length\":128,\"vocab_size\":100,\"feed_forward_length\":256,\"block_count\":1,\"attention.head_count\":2}"

static void fallbacks(void)
{
    static const struct {
        vf_ftype ftype;
        const char *of_64, *of_48, *whole; /* attn_k of such rows; ffn_down, whose rows are 256 */
    } rows[] = {
        {VF_FTYPE_Q4_0, "Q4_0", "F16", "Q4_0"},     {VF_FTYPE_Q8_0, "Q8_0", "F16", "Q8_0"},     {VF_FTYPE_Q3_K_S, "Q4_0", "F16", "Q3_K"},
        {VF_FTYPE_Q4_K_S, "Q5_0", "F16", "Q4_K"},   {VF_FTYPE_Q5_K_S, "Q5_1", "F16", "Q5_K"},   {VF_FTYPE_Q6_K, "Q8_0", "F16", "Q6_K"},
        {VF_FTYPE_IQ4_XS, "IQ4_NL", "F16", "IQ4_XS"}, {VF_FTYPE_IQ3_S, "IQ4_NL", "F16", "IQ3_S"}, {VF_FTYPE_IQ1_S, "IQ4_NL", "F16", "IQ1_S"},
        {VF_FTYPE_IQ1_M, "IQ4_NL", "F16", "IQ1_M"}, {VF_FTYPE_IQ2_XXS, "IQ4_NL", "F16", "IQ2_XXS"}, {VF_FTYPE_IQ2_XS, "IQ4_NL", "F16", "IQ2_XS"},
        {VF_FTYPE_IQ2_M, "IQ4_NL", "F16", "IQ2_S"}, {VF_FTYPE_IQ3_XXS, "IQ4_NL", "F16", "IQ3_XXS"}, {VF_FTYPE_TQ1_0, "Q4_0", "F16", "TQ1_0"},
        {VF_FTYPE_TQ2_0, "Q4_0", "F16", "TQ2_0"},   {VF_FTYPE_IQ4_NL, "IQ4_NL", "F16", "IQ4_NL"}, {VF_FTYPE_Q2_0, "Q2_0", "F16", "Q2_0"},
    };
    vf_model *m64 = made("llama", SMALL("64")), *m48 = made("llama", SMALL("48"));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const vf_quant q = {.kind = VF_QUANT_GGUF, .ftype = rows[i].ftype};
        const char *name = vf_ftype_get(rows[i].ftype)->name;
        uint16_t *a = types_of(m64, q), *b = types_of(m48, q);
        CHECK_STR(name_of(m64, a, 0, VF_ROLE_ATTN_K), rows[i].of_64, name);
        CHECK_STR(name_of(m48, b, 0, VF_ROLE_ATTN_K), rows[i].of_48, name);
        CHECK_STR(name_of(m64, a, 0, VF_ROLE_FFN_DOWN), rows[i].whole, name);
        free(a);
        free(b);
    }
    /* Q1_0 has blocks of 128 and nothing to fall back to */
    uint16_t types[64];
    const vf_quant q = {.kind = VF_QUANT_GGUF, .ftype = VF_FTYPE_Q1_0};
    CHECK(vf_mix_types(m64, &q, &sample_allocator, types, &err) == VF_ERR_REFUSED, "Q1_0");
    CHECK(strstr(err.text, "rows of 64 elements fit no block of Q1_0"), "%s", err.text);
    vf_model_free(m64);
    vf_model_free(m48);
}

/* ---- which layers get more bits: a letter each, the first of the type's name behind its bits */

#define LAYERS(n) \
    "{\"embedding_length\":256,\"context_length\":128,\"vocab_size\":100,\"feed_forward_length\":256,\"attention.head_count\":4,\"block_count\":" n
#define MANY LAYERS("16") "}"
#define MANY_EXPERTS LAYERS("16") ",\"expert_count\":8,\"expert_used_count\":2}"
#define FOUR_EXPERTS LAYERS("16") ",\"expert_count\":4,\"expert_used_count\":2}"
#define GROUPED LAYERS("16") ",\"attention.head_count_kv\":1}"

static const struct {
    const char *arch, *hparams;
    vf_ftype ftype;
    bool imatrix;
    uint16_t role;
    const char *want; /* bits of each layer's type: its digit, or X, S, M of the two- and three-bit types */
} layers[] = {
    /* the first eighth, the last eighth, every third in between */
    {"llama", MANY, VF_FTYPE_Q4_K_M, false, VF_ROLE_FFN_DOWN, "6644644644644666"},
    {"llama", MANY, VF_FTYPE_Q4_K_M, false, VF_ROLE_ATTN_V, "6644644644644666"},
    {"llama", MANY, VF_FTYPE_Q5_K_M, false, VF_ROLE_FFN_DOWN, "6655655655655666"},
    {"llama", MANY, VF_FTYPE_Q5_K_M, false, VF_ROLE_ATTN_V, "6655655655655666"},
    {"llama", MANY, VF_FTYPE_Q4_K_S, false, VF_ROLE_FFN_DOWN, "5544444444444444"},
    {"llama", MANY, VF_FTYPE_Q4_K_S, false, VF_ROLE_ATTN_V, "5555444444444444"},
    {"llama", MANY, VF_FTYPE_Q3_K_M, false, VF_ROLE_FFN_DOWN, "5444444444444444"},
    {"llama", MANY, VF_FTYPE_Q3_K_M, false, VF_ROLE_ATTN_V, "5544444444444444"},
    {"llama", MANY, VF_FTYPE_Q3_K_L, false, VF_ROLE_FFN_DOWN, "5555555555555555"},
    {"llama", MANY, VF_FTYPE_Q2_K, false, VF_ROLE_FFN_DOWN, "3333333333333333"},
    {"llama", MANY, VF_FTYPE_Q2_K, false, VF_ROLE_ATTN_V, "3333333333333333"},
    {"llama", GROUPED, VF_FTYPE_Q2_K, false, VF_ROLE_ATTN_V, "4444444444444444"},
    {"llama", MANY, VF_FTYPE_Q2_K_S, false, VF_ROLE_FFN_DOWN, "4422222222222222"},
    {"llama", GROUPED, VF_FTYPE_Q2_K_S, false, VF_ROLE_ATTN_V, "4444444444444444"},
    {"llama", MANY, VF_FTYPE_Q4_0, true, VF_ROLE_FFN_DOWN, "1100000000000000"}, /* Q4_1 */
    {"llama", MANY, VF_FTYPE_Q4_0, false, VF_ROLE_FFN_DOWN, "0000000000000000"},
    {"llama", MANY, VF_FTYPE_Q5_0, true, VF_ROLE_FFN_DOWN, "1100000000000000"}, /* Q5_1 */
    {"llama", MANY, VF_FTYPE_IQ4_XS, false, VF_ROLE_FFN_DOWN, "55XXXXXXXXXXXXXX"},
    {"llama", MANY, VF_FTYPE_IQ4_XS, true, VF_ROLE_FFN_DOWN, "XXXXXXXXXXXXXXXX"},
    {"llama", MANY, VF_FTYPE_IQ3_M, false, VF_ROLE_FFN_DOWN, "44SSSSSSSSSSSSSS"},
    {"llama", MANY, VF_FTYPE_IQ3_M, false, VF_ROLE_ATTN_V, "4444444444444444"},
    {"llama", MANY, VF_FTYPE_IQ3_XXS, true, VF_ROLE_FFN_DOWN, "XXXXXXXXXXXXXXXX"},
    {"llama", MANY, VF_FTYPE_IQ3_XXS, true, VF_ROLE_ATTN_V, "XXXXXXXXXXXXXXXX"},
    {"llama", GROUPED, VF_FTYPE_IQ3_XXS, true, VF_ROLE_ATTN_V, "4444444444444444"},
    {"llama", MANY, VF_FTYPE_IQ3_XXS, true, VF_ROLE_ATTN_OUTPUT, "SSSSSSSSSSSSSSSS"},
    {"llama", MANY, VF_FTYPE_IQ3_XS, true, VF_ROLE_FFN_UP, "SSXXXXXXXXXXXXSS"},
    {"llama", MANY, VF_FTYPE_IQ3_XS, true, VF_ROLE_FFN_GATE, "SSXXXXXXXXXXXXSS"},
    {"llama", MANY, VF_FTYPE_IQ3_XS, true, VF_ROLE_ATTN_Q, "XXXXXXXXXXXXXXXX"},
    {"llama", MANY, VF_FTYPE_IQ2_XXS, true, VF_ROLE_FFN_DOWN, "22XXXXXXXXXXXXXX"},
    {"llama", MANY, VF_FTYPE_IQ2_M, true, VF_ROLE_FFN_DOWN, "SSSSSSSSSSSSSSSS"},
    {"llama", MANY, VF_FTYPE_IQ2_M, true, VF_ROLE_ATTN_OUTPUT, "SSSSSSSSSSSSSSSS"},
    {"llama", MANY, VF_FTYPE_IQ1_S, true, VF_ROLE_ATTN_OUTPUT, "XXXXXXXXXXXXXXXX"},
    {"llama", MANY, VF_FTYPE_IQ1_S, true, VF_ROLE_ATTN_V, "2222222222222222"},
    {"llama", GROUPED, VF_FTYPE_IQ1_S, true, VF_ROLE_ATTN_V, "4444444444444444"},
    /* eight experts, four, and a tensor's place by its layer */
    {"llama", MANY_EXPERTS, VF_FTYPE_Q4_K_M, false, VF_ROLE_FFN_DOWN_EXPS, "6644644644644666"},
    {"llama", MANY_EXPERTS, VF_FTYPE_Q4_K_M, false, VF_ROLE_ATTN_V, "8888888888888888"},
    {"llama", MANY_EXPERTS, VF_FTYPE_Q4_K_M, false, VF_ROLE_ATTN_K, "8888888888888888"},
    {"llama", MANY_EXPERTS, VF_FTYPE_Q4_K_M, false, VF_ROLE_ATTN_Q, "4444444444444444"},
    {"llama", MANY_EXPERTS, VF_FTYPE_Q4_K_M, false, VF_ROLE_ATTN_OUTPUT, "5555555555555555"},
    {"llama", MANY_EXPERTS, VF_FTYPE_Q5_K_M, false, VF_ROLE_ATTN_OUTPUT, "5555555555555555"},
    {"llama", MANY_EXPERTS, VF_FTYPE_IQ3_M, false, VF_ROLE_FFN_DOWN_EXPS, "44SS4SS4SS4SS444"},
    {"llama", FOUR_EXPERTS, VF_FTYPE_IQ3_M, false, VF_ROLE_FFN_DOWN_EXPS, "44SSSSSSSSSSSSSS"},
    {"llama", FOUR_EXPERTS, VF_FTYPE_Q4_K_M, false, VF_ROLE_ATTN_K, "4444444444444444"},
    {"llama", FOUR_EXPERTS, VF_FTYPE_IQ1_S, true, VF_ROLE_ATTN_V, "4444444444444444"},
    {"llama", MANY_EXPERTS, VF_FTYPE_IQ1_S, true, VF_ROLE_ATTN_K, "4444444444444444"},
    {"llama", MANY_EXPERTS, VF_FTYPE_IQ1_S, true, VF_ROLE_ATTN_OUTPUT, "5555555555555555"},
    {"llama", MANY_EXPERTS, VF_FTYPE_IQ3_XS, true, VF_ROLE_FFN_UP_EXPS, "SSXXXXXXXXXXXXSS"},
    {"llama", MANY_EXPERTS, VF_FTYPE_MXFP4_MOE, false, VF_ROLE_FFN_UP_EXPS, "MMMMMMMMMMMMMMMM"},
    {"llama", MANY_EXPERTS, VF_FTYPE_MXFP4_MOE, false, VF_ROLE_ATTN_V, "8888888888888888"},
    /* Falcon's own */
    {"falcon", MANY, VF_FTYPE_Q4_K_M, false, VF_ROLE_FFN_DOWN, "6544544544544555"},
    {"falcon", MANY, VF_FTYPE_Q3_K_M, false, VF_ROLE_FFN_DOWN, "5433433433433444"},
    {"falcon", MANY, VF_FTYPE_Q3_K_L, false, VF_ROLE_FFN_DOWN, "4444444444444444"},
    {"falcon", MANY, VF_FTYPE_Q4_K_S, false, VF_ROLE_FFN_DOWN, "4444444444444444"},
    {"falcon", MANY, VF_FTYPE_Q3_K_L, false, VF_ROLE_ATTN_OUTPUT, "4444444444444444"},
    {"falcon", MANY, VF_FTYPE_Q3_K_M, false, VF_ROLE_ATTN_OUTPUT, "3333333333333333"},
};

static char letter(const char *type)
{
    static const struct {
        const char *name;
        char letter;
    } own[] = {{"Q4_0", '0'}, {"Q5_0", '0'}, {"Q4_1", '1'}, {"Q5_1", '1'}, {"MXFP4", 'M'}};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (strcmp(own[i].name, type) == 0)
            return own[i].letter;
    return type[0] == 'I' ? *(strchr(type, '_') + 1) : type[1];
}

static void by_layer(void)
{
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
        vf_model *m = made(layers[i].arch, layers[i].hparams);
        uint16_t *types = types_of(m, (vf_quant){.kind = VF_QUANT_GGUF, .ftype = layers[i].ftype, .imatrix = layers[i].imatrix});
        char got[32] = "";
        for (uint32_t il = 0; il < m->n_layers && il < sizeof got - 1; il++)
            got[il] = letter(name_of(m, types, (int32_t)il, layers[i].role));
        CHECK(strcmp(got, layers[i].want) == 0, "%s %s, row %zu: %s, expected %s", layers[i].arch, vf_ftype_get(layers[i].ftype)->name, i, got, layers[i].want);
        free(types);
        vf_model_free(m);
    }
}

/* ---- attn_v of models of the 70B kind: five bits where it would be three or four */

static void of_70b(void)
{
    static const struct {
        const char *arch, *hparams, *want;
    } rows[] = {
        {"llama", LAYERS("80") ",\"attention.head_count_kv\":2}", "Q5_K"}, {"llama", LAYERS("80") "}", "Q3_K"}, /* grouped ones only */
        {"llama", LAYERS("79") ",\"attention.head_count_kv\":2}", "Q3_K"}, {"qwen2", LAYERS("80") "}", "Q5_K"}, {"qwen2", LAYERS("64") "}", "Q3_K"},
        {"deci", LAYERS("80") "}", "Q5_K"}, {"olmo", LAYERS("80") "}", "Q5_K"}, {"qwen3", LAYERS("80") "}", "Q3_K"},
        /* layers that predict several tokens do not count */
        {"llama", LAYERS("81") ",\"attention.head_count_kv\":2,\"nextn_predict_layers\":1}", "Q5_K"},
        {"llama", LAYERS("79") ",\"attention.head_count_kv\":2,\"nextn_predict_layers\":1}", "Q3_K"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_model *m = made(rows[i].arch, rows[i].hparams);
        uint16_t *types = types_of(m, (vf_quant){.kind = VF_QUANT_GGUF, .ftype = VF_FTYPE_Q2_K});
        CHECK_STR(name_of(m, types, 3, VF_ROLE_ATTN_V), rows[i].want, rows[i].hparams);
        free(types);
        vf_model_free(m);
    }
}

/* ---- MXFP4 is for experts; llama-quantize tells them by their three dimensions, and by name where latent attention has such, too */

static void of_experts(void)
{
#define LATENT_ONE \
    "{\"embedding_length\":256,\"context_length\":128,\"vocab_size\":100,\"feed_forward_length\":256,\"block_count\":1,\"attention.head_count\":4," \
    "\"attention.head_count_kv\":1,\"attention.key_length\":72,\"attention.value_length\":64,\"attention.key_length_mla\":40," \
    "\"attention.value_length_mla\":32,\"attention.kv_lora_rank\":64,\"rope.dimension_count\":8,\"expert_count\":4,\"expert_used_count\":2," \
    "\"expert_feed_forward_length\":32,\"ssm.conv_kernel\":4,\"kda.head_dim\":16,\"expert_shared_count\":1}"
    static const struct {
        const char *arch, *k_b;
    } rows[] = {{"deepseek2", "MXFP4"}, {"bailingmoe3", "Q8_0"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_model *m = made(rows[i].arch, LATENT_ONE);
        uint16_t *types = types_of(m, (vf_quant){.kind = VF_QUANT_GGUF, .ftype = VF_FTYPE_MXFP4_MOE});
        CHECK_STR(name_of(m, types, 0, VF_ROLE_ATTN_K_B), rows[i].k_b, rows[i].arch);
        CHECK_STR(name_of(m, types, 0, VF_ROLE_FFN_GATE_EXPS), "MXFP4", rows[i].arch);
        CHECK_STR(name_of(m, types, 0, VF_ROLE_FFN_UP_EXPS), "MXFP4", rows[i].arch);
        CHECK_STR(name_of(m, types, 0, VF_ROLE_FFN_DOWN_EXPS), "MXFP4", rows[i].arch);
        CHECK_STR(name_of(m, types, 0, VF_ROLE_FFN_UP_SHEXP), "Q8_0", rows[i].arch);
        free(types);
        vf_model_free(m);
    }
}

/* ---- output matrix and embeddings */

static void ends(void)
{
    static const struct {
        const char *arch;
        vf_ftype ftype;
        const char *embd, *output, *tied; /* the last: of the only table */
    } rows[] = {
        {"llama", VF_FTYPE_Q4_0, "Q4_0", "Q6_K", "Q6_K"},       {"llama", VF_FTYPE_Q8_0, "Q8_0", "Q8_0", "Q8_0"},      {"llama", VF_FTYPE_Q4_K_M, "Q4_K", "Q6_K", "Q6_K"},
        {"llama", VF_FTYPE_IQ2_XXS, "Q2_K", "Q5_K", "Q5_K"},    {"llama", VF_FTYPE_IQ2_XS, "Q2_K", "Q5_K", "Q5_K"},    {"llama", VF_FTYPE_IQ1_S, "Q2_K", "Q5_K", "Q5_K"},
        {"llama", VF_FTYPE_IQ1_M, "Q2_K", "Q5_K", "Q5_K"},      {"llama", VF_FTYPE_IQ2_S, "IQ3_S", "Q5_K", "Q5_K"},    {"llama", VF_FTYPE_IQ2_M, "IQ3_S", "Q5_K", "Q5_K"},
        {"llama", VF_FTYPE_IQ3_XXS, "IQ3_S", "Q5_K", "Q5_K"},   {"llama", VF_FTYPE_IQ3_XS, "IQ3_S", "Q6_K", "Q6_K"},   {"llama", VF_FTYPE_TQ1_0, "Q4_K", "Q6_K", "Q6_K"},
        {"llama", VF_FTYPE_TQ2_0, "Q4_K", "Q6_K", "Q6_K"},      {"llama", VF_FTYPE_Q2_0, "Q4_K", "Q6_K", "Q6_K"},      {"llama", VF_FTYPE_MXFP4_MOE, "Q8_0", "Q8_0", "Q8_0"},
        {"falcon", VF_FTYPE_Q4_K_M, "Q4_K", "Q8_0", "Q8_0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int tied = 0; tied < 2; tied++) {
            vf_model *m = built(rows[i].arch, MANY);
            m->tied = tied;
            CHECK(vf_inventory_build(m, &err) == VF_OK, "%s", err.text);
            vf_quant q = {.kind = VF_QUANT_GGUF, .ftype = rows[i].ftype};
            uint16_t *types = types_of(m, q);
            CHECK_STR(name_of(m, types, -1, VF_ROLE_TOKEN_EMBD), tied ? rows[i].tied : rows[i].embd, vf_ftype_get(q.ftype)->name);
            CHECK_STR(name_of(m, types, -1, VF_ROLE_OUTPUT), tied ? "none" : rows[i].output, vf_ftype_get(q.ftype)->name);
            free(types);
            q.output_typed = true; /* as said */
            q.output_type = VF_TYPE_Q5_0;
            types = types_of(m, q);
            CHECK_STR(name_of(m, types, -1, VF_ROLE_TOKEN_EMBD), "Q5_0", vf_ftype_get(q.ftype)->name);
            CHECK(tied || strcmp(name_of(m, types, -1, VF_ROLE_OUTPUT), "Q5_0") == 0, "the output matrix, too");
            free(types);
            vf_model_free(m);
        }
}

/* ---- plain files: what the converter keeps in fp32 stays; experts as they were published */

static void plain(void)
{
    static const vf_ftype plain_types[] = {VF_FTYPE_F32, VF_FTYPE_F16, VF_FTYPE_BF16};
    vf_model *m = made("llama", MANY_EXPERTS);
    for (size_t i = 0; i < 3; i++) {
        const vf_quant q = {.kind = VF_QUANT_GGUF, .ftype = plain_types[i]};
        const char *want = vf_ftype_get(plain_types[i])->name;
        uint16_t *types = types_of(m, q);
        CHECK_STR(name_of(m, types, 3, VF_ROLE_ATTN_Q), want, "a matrix");
        CHECK_STR(name_of(m, types, 3, VF_ROLE_FFN_UP_EXPS), want, "experts");
        CHECK_STR(name_of(m, types, 3, VF_ROLE_ATTN_NORM), "F32", "a vector");
        CHECK_STR(name_of(m, types, 3, VF_ROLE_FFN_GATE_INP), "F32", "the router");
        free(types);
    }
    vf_tensor *q = &m->tensors[vf_model_tensor(m, 0, VF_ROLE_ATTN_Q, VF_PART_WEIGHT) - m->tensors];
    static const struct {
        uint16_t stored;
        const char *want;
    } rows[] = {{VF_TYPE_BF16, "F16"}, {VF_TYPE_Q4_K, "F16"}, {VF_TYPE_I32, "I32"}, {VF_TYPE_F32, "F32"}, {VF_TYPE_F16, "F16"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        q->type = rows[i].stored;
        uint16_t *types = types_of(m, (vf_quant){.kind = VF_QUANT_GGUF, .ftype = VF_FTYPE_F16});
        CHECK_STR(name_of(m, types, 0, VF_ROLE_ATTN_Q), rows[i].want, "by what the file has");
        free(types);
    }
    m->arch.moe.mxfp4 = true;
    uint16_t *types = types_of(m, (vf_quant){.kind = VF_QUANT_GGUF, .ftype = VF_FTYPE_F16});
    CHECK_STR(name_of(m, types, 3, VF_ROLE_FFN_UP_EXPS), "MXFP4", "experts that are published so");
    CHECK_STR(name_of(m, types, 3, VF_ROLE_ATTN_Q), "F16", "and the rest");
    free(types);
    vf_model_free(m);
}

/* ---- tensors without a role: by what their names hold */

static void by_name(void)
{
    static const struct {
        const char *name;
        bool quantized;
    } rows[] = {
        {"weight", true},              {"eight", false},                {"mm.0.weight", true},           {"mm.0.bias", false},
        {"x_norm.weight", false},      {"v.position_embd.weight", false}, {"position_embd.weight", false}, {"token_types.weight", false},
        {"v.patch_embd.weight", false}, {"mm.a.code_embd.weight", false}, {"my.altup.weight", false},      {"ssm_conv1d.weight", false},
        {"mm.0.weight.x", false},      {"a.rel_pos_h.weight", false},   {"sam.neck.0.weight", false},    {"resampler.query.weight", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int vector = 0; vector < 2; vector++) {
            vf_tensor t[] = {{.layer = -1, .type = VF_TYPE_F16, .ne = {256, 2, 1, 1}, .name = 48}, /* one that is quantized before it, and one that is not */
                             {.layer = -1, .type = VF_TYPE_F16, .ne = {256, 2, 1, 1}, .name = 64},
                             {.layer = -1, .type = VF_TYPE_F16, .ne = {256, vector ? 1 : 2, 1, 1}}};
            char name[80] = {0};
            (void)snprintf(name, 48, "%s", rows[i].name);
            memcpy(name + 48, i % 2 ? "mm.9.weight" : "mm.9.bias", i % 2 ? 11 : 9);
            memcpy(name + 64, "mm.8.weight", 11);
            vf_model m = {.a = sample_allocator, .tensors = t, .n_tensors = 3, .names = name, .n_names = sizeof name, .from_file = true};
            uint16_t types[3] = {0}, type;
            CHECK(vf_model_index(&m, &err) == VF_OK, "%s", err.text);
            const vf_quant q = {.kind = VF_QUANT_GGUF, .ftype = VF_FTYPE_Q4_0};
            CHECK(vf_mix_types(&m, &q, &sample_allocator, types, &err) == VF_OK, "%s", err.text);
            type = types[2];
            CHECK(type == (rows[i].quantized && !vector ? VF_TYPE_Q4_0 : VF_TYPE_F16), "%s of %d dimensions: %s", rows[i].name, 2 - vector, vf_type_get(type)->name);
            free(m.order);
            free(m.mix);
            free(m.groups);
        }
}

int main(void)
{
    fallbacks();
    by_layer();
    of_70b();
    of_experts();
    ends();
    plain();
    by_name();
    return CHECK_END();
}
