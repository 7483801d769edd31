#include "load/safetensors/hf_names.h"

#include <string.h>

typedef struct hf_name {
    const char *name;
    uint16_t role;
} hf_name;

/* Names without what stands in front of a block's own part ("model.layers.3.") and without ".weight" or
 * ".bias"; '#' is the number of an expert. In byte order (a test checks it). Read from the checkpoints'
 * own tensor lists; the roles are those that llama.cpp's converter gives them (gguf-py/gguf/tensor_mapping.py). */
static const hf_name global_names[] = {
    {"emb_ln", VF_ROLE_TOKEN_EMBD_NORM},
    {"embed_in", VF_ROLE_TOKEN_EMBD},
    {"embed_out", VF_ROLE_OUTPUT},
    {"embed_tokens", VF_ROLE_TOKEN_EMBD},
    {"embed_tokens_per_layer", VF_ROLE_PER_LAYER_TOKEN_EMBD},
    {"embedding", VF_ROLE_TOKEN_EMBD},
    {"embedding.word_embeddings", VF_ROLE_TOKEN_EMBD},
    {"embedding_norm", VF_ROLE_TOKEN_EMBD_NORM},
    {"embeddings", VF_ROLE_TOKEN_EMBD},
    {"embeddings.LayerNorm", VF_ROLE_TOKEN_EMBD_NORM},
    {"embeddings.position_embeddings", VF_ROLE_POSITION_EMBD},
    {"embeddings.token_type_embeddings", VF_ROLE_TOKEN_TYPES},
    {"embeddings.word_embeddings", VF_ROLE_TOKEN_EMBD},
    {"final_layer_norm", VF_ROLE_OUTPUT_NORM},
    {"final_layernorm", VF_ROLE_OUTPUT_NORM},
    {"lm_head", VF_ROLE_OUTPUT},
    {"ln_f", VF_ROLE_OUTPUT_NORM},
    {"norm", VF_ROLE_OUTPUT_NORM},
    {"norm_f", VF_ROLE_OUTPUT_NORM},
    {"output", VF_ROLE_OUTPUT},
    {"per_layer_model_projection", VF_ROLE_PER_LAYER_MODEL_PROJ},
    {"per_layer_projection_norm", VF_ROLE_PER_LAYER_PROJ_NORM},
    {"tok_embeddings", VF_ROLE_TOKEN_EMBD},
    {"word_embeddings", VF_ROLE_TOKEN_EMBD},
    {"word_embeddings_layernorm", VF_ROLE_TOKEN_EMBD_NORM},
    {"wpe", VF_ROLE_POSITION_EMBD},
    {"wte", VF_ROLE_TOKEN_EMBD},
};

static const hf_name block_names[] = {
    {"attention.dense", VF_ROLE_ATTN_OUTPUT},
    {"attention.k_proj", VF_ROLE_ATTN_K},
    {"attention.o_proj", VF_ROLE_ATTN_OUTPUT},
    {"attention.output.LayerNorm", VF_ROLE_ATTN_OUTPUT_NORM},
    {"attention.output.dense", VF_ROLE_ATTN_OUTPUT},
    {"attention.q_proj", VF_ROLE_ATTN_Q},
    {"attention.query_key_value", VF_ROLE_ATTN_QKV},
    {"attention.self.key", VF_ROLE_ATTN_K},
    {"attention.self.query", VF_ROLE_ATTN_Q},
    {"attention.self.value", VF_ROLE_ATTN_V},
    {"attention.v_proj", VF_ROLE_ATTN_V},
    {"attention.wk", VF_ROLE_ATTN_K},
    {"attention.wo", VF_ROLE_ATTN_OUTPUT},
    {"attention.wq", VF_ROLE_ATTN_Q},
    {"attention.wqkv", VF_ROLE_ATTN_QKV},
    {"attention.wv", VF_ROLE_ATTN_V},
    {"attention_norm", VF_ROLE_ATTN_NORM},
    {"attn.Wqkv", VF_ROLE_ATTN_QKV},
    {"attn.c_attn", VF_ROLE_ATTN_QKV},
    {"attn.c_proj", VF_ROLE_ATTN_OUTPUT},
    {"attn.k_proj", VF_ROLE_ATTN_K},
    {"attn.o_proj", VF_ROLE_ATTN_OUTPUT},
    {"attn.out_proj", VF_ROLE_ATTN_OUTPUT},
    {"attn.q_proj", VF_ROLE_ATTN_Q},
    {"attn.v_proj", VF_ROLE_ATTN_V},
    {"block_sparse_moe.e_score_correction_bias", VF_ROLE_EXP_PROBS_B},
    {"block_sparse_moe.experts.#.w1", VF_ROLE_FFN_GATE_EXPS},
    {"block_sparse_moe.experts.#.w2", VF_ROLE_FFN_DOWN_EXPS},
    {"block_sparse_moe.experts.#.w3", VF_ROLE_FFN_UP_EXPS},
    {"block_sparse_moe.gate", VF_ROLE_FFN_GATE_INP},
    {"block_sparse_moe.input_linear", VF_ROLE_FFN_GATE_UP_EXPS},
    {"block_sparse_moe.output_linear", VF_ROLE_FFN_DOWN_EXPS},
    {"block_sparse_moe.router.layer", VF_ROLE_FFN_GATE_INP},
    {"conv.conv", VF_ROLE_SHORTCONV_CONV},
    {"conv.in_proj", VF_ROLE_SHORTCONV_IN_PROJ},
    {"conv.out_proj", VF_ROLE_SHORTCONV_OUT_PROJ},
    {"feed_forward.down_proj", VF_ROLE_FFN_DOWN},
    {"feed_forward.expert_bias", VF_ROLE_EXP_PROBS_B},
    {"feed_forward.experts.#.down_proj", VF_ROLE_FFN_DOWN_EXPS},
    {"feed_forward.experts.#.gate_proj", VF_ROLE_FFN_GATE_EXPS},
    {"feed_forward.experts.#.up_proj", VF_ROLE_FFN_UP_EXPS},
    {"feed_forward.experts.#.w1", VF_ROLE_FFN_GATE_EXPS},
    {"feed_forward.experts.#.w2", VF_ROLE_FFN_DOWN_EXPS},
    {"feed_forward.experts.#.w3", VF_ROLE_FFN_UP_EXPS},
    {"feed_forward.experts.down_proj", VF_ROLE_FFN_DOWN_EXPS},
    {"feed_forward.experts.gate_up_proj", VF_ROLE_FFN_GATE_UP_EXPS},
    {"feed_forward.gate", VF_ROLE_FFN_GATE_INP},
    {"feed_forward.gate_proj", VF_ROLE_FFN_GATE},
    {"feed_forward.router", VF_ROLE_FFN_GATE_INP},
    {"feed_forward.shared_expert.down_proj", VF_ROLE_FFN_DOWN_SHEXP},
    {"feed_forward.shared_expert.gate_proj", VF_ROLE_FFN_GATE_SHEXP},
    {"feed_forward.shared_expert.up_proj", VF_ROLE_FFN_UP_SHEXP},
    {"feed_forward.up_proj", VF_ROLE_FFN_UP},
    {"feed_forward.w1", VF_ROLE_FFN_GATE},
    {"feed_forward.w2", VF_ROLE_FFN_DOWN},
    {"feed_forward.w3", VF_ROLE_FFN_UP},
    {"ffn.down_proj", VF_ROLE_FFN_DOWN},
    {"ffn.up_proj", VF_ROLE_FFN_UP},
    {"ffn_norm", VF_ROLE_FFN_NORM},
    {"input_layernorm", VF_ROLE_ATTN_NORM},
    {"intermediate.dense", VF_ROLE_FFN_UP},
    {"linear_attn.A_log", VF_ROLE_SSM_A},
    {"linear_attn.conv1d", VF_ROLE_SSM_CONV1D},
    {"linear_attn.dt_bias", VF_ROLE_SSM_DT},
    {"linear_attn.in_proj_ba", VF_ROLE_SSM_BA},
    {"linear_attn.in_proj_qkvz", VF_ROLE_SSM_IN},
    {"linear_attn.norm", VF_ROLE_SSM_NORM},
    {"linear_attn.out_proj", VF_ROLE_SSM_OUT},
    {"ln_1", VF_ROLE_ATTN_NORM},
    {"ln_2", VF_ROLE_FFN_NORM},
    {"ln_attn", VF_ROLE_ATTN_NORM_2},
    {"ln_mlp", VF_ROLE_ATTN_NORM},
    {"mamba.A_log", VF_ROLE_SSM_A},
    {"mamba.D", VF_ROLE_SSM_D},
    {"mamba.b_layernorm", VF_ROLE_SSM_B_NORM},
    {"mamba.c_layernorm", VF_ROLE_SSM_C_NORM},
    {"mamba.conv1d", VF_ROLE_SSM_CONV1D},
    {"mamba.dt_bias", VF_ROLE_SSM_DT},
    {"mamba.dt_layernorm", VF_ROLE_SSM_DT_NORM},
    {"mamba.dt_proj", VF_ROLE_SSM_DT},
    {"mamba.in_proj", VF_ROLE_SSM_IN},
    {"mamba.norm", VF_ROLE_SSM_NORM},
    {"mamba.out_proj", VF_ROLE_SSM_OUT},
    {"mamba.x_proj", VF_ROLE_SSM_X},
    {"mixer.A_log", VF_ROLE_SSM_A},
    {"mixer.D", VF_ROLE_SSM_D},
    {"mixer.conv1d", VF_ROLE_SSM_CONV1D},
    {"mixer.down_proj", VF_ROLE_FFN_DOWN},
    {"mixer.dt_bias", VF_ROLE_SSM_DT},
    {"mixer.dt_proj", VF_ROLE_SSM_DT},
    {"mixer.experts.#.down_proj", VF_ROLE_FFN_DOWN_EXPS},
    {"mixer.experts.#.up_proj", VF_ROLE_FFN_UP_EXPS},
    {"mixer.gate", VF_ROLE_FFN_GATE_INP},
    {"mixer.gate.e_score_correction_bias", VF_ROLE_EXP_PROBS_B},
    {"mixer.in_proj", VF_ROLE_SSM_IN},
    {"mixer.k_proj", VF_ROLE_ATTN_K},
    {"mixer.norm", VF_ROLE_SSM_NORM},
    {"mixer.o_proj", VF_ROLE_ATTN_OUTPUT},
    {"mixer.out_proj", VF_ROLE_SSM_OUT},
    {"mixer.q_proj", VF_ROLE_ATTN_Q},
    {"mixer.shared_experts.down_proj", VF_ROLE_FFN_DOWN_SHEXP},
    {"mixer.shared_experts.up_proj", VF_ROLE_FFN_UP_SHEXP},
    {"mixer.up_proj", VF_ROLE_FFN_UP},
    {"mixer.v_proj", VF_ROLE_ATTN_V},
    {"mixer.x_proj", VF_ROLE_SSM_X},
    {"mlp.c_fc", VF_ROLE_FFN_UP},
    {"mlp.c_proj", VF_ROLE_FFN_DOWN},
    {"mlp.dense_4h_to_h", VF_ROLE_FFN_DOWN},
    {"mlp.dense_h_to_4h", VF_ROLE_FFN_UP},
    {"mlp.down_proj", VF_ROLE_FFN_DOWN},
    {"mlp.experts.#.down_proj", VF_ROLE_FFN_DOWN_EXPS},
    {"mlp.experts.#.gate_proj", VF_ROLE_FFN_GATE_EXPS},
    {"mlp.experts.#.up_proj", VF_ROLE_FFN_UP_EXPS},
    {"mlp.experts.down_proj", VF_ROLE_FFN_DOWN_EXPS},
    {"mlp.experts.gate_up_proj", VF_ROLE_FFN_GATE_UP_EXPS},
    {"mlp.fc1", VF_ROLE_FFN_UP},
    {"mlp.fc2", VF_ROLE_FFN_DOWN},
    {"mlp.gate", VF_ROLE_FFN_GATE_INP},
    {"mlp.gate.e_score_correction_bias", VF_ROLE_EXP_PROBS_B},
    {"mlp.gate_proj", VF_ROLE_FFN_GATE},
    {"mlp.gate_up_proj", VF_ROLE_FFN_UP},
    {"mlp.moe_statics.e_score_correction_bias", VF_ROLE_EXP_PROBS_B},
    {"mlp.router", VF_ROLE_FFN_GATE_INP},
    {"mlp.shared_expert.down_proj", VF_ROLE_FFN_DOWN_SHEXP},
    {"mlp.shared_expert.gate_proj", VF_ROLE_FFN_GATE_SHEXP},
    {"mlp.shared_expert.up_proj", VF_ROLE_FFN_UP_SHEXP},
    {"mlp.shared_expert_gate", VF_ROLE_FFN_GATE_INP_SHEXP},
    {"mlp.shared_experts.down_proj", VF_ROLE_FFN_DOWN_SHEXP},
    {"mlp.shared_experts.gate_proj", VF_ROLE_FFN_GATE_SHEXP},
    {"mlp.shared_experts.up_proj", VF_ROLE_FFN_UP_SHEXP},
    {"mlp.shared_mlp.down_proj", VF_ROLE_FFN_DOWN_SHEXP},
    {"mlp.shared_mlp.gate_proj", VF_ROLE_FFN_GATE_SHEXP},
    {"mlp.shared_mlp.up_proj", VF_ROLE_FFN_UP_SHEXP},
    {"mlp.up_proj", VF_ROLE_FFN_UP},
    {"mlp.w1", VF_ROLE_FFN_GATE},
    {"mlp.w2", VF_ROLE_FFN_DOWN},
    {"mlp.w3", VF_ROLE_FFN_UP},
    {"norm", VF_ROLE_ATTN_NORM},
    {"norm1", VF_ROLE_ATTN_NORM},
    {"norm2", VF_ROLE_LAYER_OUTPUT_NORM},
    {"norm_1", VF_ROLE_ATTN_NORM},
    {"norm_2", VF_ROLE_FFN_NORM},
    {"operator_norm", VF_ROLE_ATTN_NORM},
    {"output.LayerNorm", VF_ROLE_LAYER_OUTPUT_NORM},
    {"output.dense", VF_ROLE_FFN_DOWN},
    {"post_attention_layernorm", VF_ROLE_FFN_NORM},
    {"post_feedforward_layernorm", VF_ROLE_POST_FFW_NORM},
    {"post_mlp_layernorm", VF_ROLE_POST_FFW_NORM},
    {"post_self_attn_layernorm", VF_ROLE_POST_ATTENTION_NORM},
    {"pre_feedforward_layernorm", VF_ROLE_FFN_NORM},
    {"pre_ff_layernorm", VF_ROLE_FFN_NORM},
    {"pre_mlp_layernorm", VF_ROLE_FFN_NORM},
    {"self_attention.dense", VF_ROLE_ATTN_OUTPUT},
    {"self_attention.query_key_value", VF_ROLE_ATTN_QKV},
    {"self_attn.W_pack", VF_ROLE_ATTN_QKV},
    {"self_attn.dense", VF_ROLE_ATTN_OUTPUT},
    {"self_attn.indexer.k_norm", VF_ROLE_INDEXER_K_NORM},
    {"self_attn.indexer.weights_proj", VF_ROLE_INDEXER_PROJ},
    {"self_attn.indexer.wk", VF_ROLE_INDEXER_ATTN_K},
    {"self_attn.indexer.wq_b", VF_ROLE_INDEXER_ATTN_Q_B},
    {"self_attn.k_layernorm", VF_ROLE_ATTN_K_NORM},
    {"self_attn.k_norm", VF_ROLE_ATTN_K_NORM},
    {"self_attn.k_proj", VF_ROLE_ATTN_K},
    {"self_attn.key_layernorm", VF_ROLE_ATTN_K_NORM},
    {"self_attn.kv_a_layernorm", VF_ROLE_ATTN_KV_A_NORM},
    {"self_attn.kv_a_proj_with_mqa", VF_ROLE_ATTN_KV_A_MQA},
    {"self_attn.kv_b_proj", VF_ROLE_ATTN_KV_B},
    {"self_attn.o_proj", VF_ROLE_ATTN_OUTPUT},
    {"self_attn.out_proj", VF_ROLE_ATTN_OUTPUT},
    {"self_attn.q_a_layernorm", VF_ROLE_ATTN_Q_A_NORM},
    {"self_attn.q_a_proj", VF_ROLE_ATTN_Q_A},
    {"self_attn.q_b_proj", VF_ROLE_ATTN_Q_B},
    {"self_attn.q_layernorm", VF_ROLE_ATTN_Q_NORM},
    {"self_attn.q_norm", VF_ROLE_ATTN_Q_NORM},
    {"self_attn.q_proj", VF_ROLE_ATTN_Q},
    {"self_attn.qkv_proj", VF_ROLE_ATTN_QKV},
    {"self_attn.query_layernorm", VF_ROLE_ATTN_Q_NORM},
    {"self_attn.sinks", VF_ROLE_ATTN_SINKS},
    {"self_attn.v_proj", VF_ROLE_ATTN_V},
    {"shared_mlp.input_linear", VF_ROLE_FFN_UP_SHEXP},
    {"shared_mlp.output_linear", VF_ROLE_FFN_DOWN_SHEXP},
};

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

/* What may stand in front, in any order and number. */
static const char *const wrappers[] = {
    "model.", "language_model.", "transformer.", "backbone.", "gpt_neox.", "bert.", "text_model.",
};

/* What stands in front of a layer's number. */
static const char *const blocks[] = {"layers.", "h.", "blocks.", "encoder.layer.", "encoder.layers."};

static const struct {
    const char *suffix;
    uint8_t part;
} suffixes[] = {
    {".weight", VF_PART_WEIGHT},
    {".bias", VF_PART_BIAS},
    {"_bias", VF_PART_BIAS},
    /* weights packed by a quantizer, and what belongs to them */
    {".qweight", VF_PART_WEIGHT},
    {".weight_packed", VF_PART_WEIGHT},
    {".codes", VF_PART_WEIGHT},
    {"_blocks", VF_PART_WEIGHT},
    {".scales", VF_PART_SCALE},
    {"_scales", VF_PART_SCALE},
    {".biases", VF_PART_SCALE},
    {".qzeros", VF_PART_SCALE},
    {".weight_scale", VF_PART_SCALE},
    {".weight_scale_2", VF_PART_SCALE},
    {".weight_scale_inv", VF_PART_SCALE},
    {"_scale_inv", VF_PART_SCALE},
    {".weight_zero_point", VF_PART_SCALE},
};

#define LONGEST 64 /* of a name in the tables, with room */
#define MAX_DIGITS 9

static bool starts(const char *name, size_t n, const char *with)
{
    size_t length = strlen(with);
    return n > length && memcmp(name, with, length) == 0;
}

static bool ends(const char *name, size_t n, const char *with)
{
    size_t length = strlen(with);
    return n > length && memcmp(name + n - length, with, length) == 0;
}

/** Digits at the start and a dot behind them: their count, 0 when it is not so. */
static size_t leading_number(const char *name, size_t n, int32_t *value)
{
    size_t i = 0;
    *value = 0;
    for (; i < n && i < MAX_DIGITS && name[i] >= '0' && name[i] <= '9'; i++)
        *value = *value * 10 + (name[i] - '0');
    return i < n && name[i] == '.' ? i : 0;
}

static uint16_t look_up(const hf_name *list, size_t count, const char *name)
{
    size_t low = 0;
    while (low < count) {
        size_t middle = low + (count - low) / 2;
        int order = strcmp(name, list[middle].name);
        if (order == 0)
            return list[middle].role;
        if (order < 0)
            count = middle;
        else
            low = middle + 1;
    }
    return VF_ROLE_UNKNOWN;
}

static void strip_wrappers(const char **name, size_t *n)
{
    for (size_t i = 0; i < COUNT(wrappers);) {
        if (!starts(*name, *n, wrappers[i])) {
            i++;
            continue;
        }
        *name += strlen(wrappers[i]);
        *n -= strlen(wrappers[i]);
        i = 0;
    }
}

/** The number of a layer in front, -1: none. */
static int32_t strip_layer(const char **name, size_t *n)
{
    for (size_t i = 0; i < COUNT(blocks); i++) {
        size_t prefix = strlen(blocks[i]);
        int32_t layer;
        if (!starts(*name, *n, blocks[i]))
            continue;
        size_t digits = leading_number(*name + prefix, *n - prefix, &layer);
        if (digits == 0)
            continue;
        *name += prefix + digits + 1;
        *n -= prefix + digits + 1;
        return layer;
    }
    return -1;
}

/** Copies the name with an expert's number as '#'. */
static bool generalize(const char *name, size_t n, char out[LONGEST], int32_t *expert)
{
    static const char mark[] = ".experts.";
    size_t length = 0;
    *expert = -1;
    for (size_t i = 0; i < n;) {
        if (length + 2 > LONGEST)
            return false;
        out[length++] = name[i++];
        if (*expert >= 0 || length < sizeof mark - 1 || memcmp(out + length - (sizeof mark - 1), mark, sizeof mark - 1) != 0)
            continue;
        size_t digits = leading_number(name + i, n - i, expert);
        if (digits == 0) {
            *expert = -1;
            continue;
        }
        out[length++] = '#';
        i += digits;
    }
    out[length] = 0;
    return memchr(name, 0, n) == NULL;
}

/** The part that an unknown tensor is: what a quantizer adds to a weight is no weight. */
static uint8_t unknown_part(const char *name, size_t n)
{
    static const char *const extra[] = {".g_idx", ".weight_shape", ".input_scale", ".k_scale", ".v_scale", ".SCB", ".weight_format",
                                        ".absmax", ".nested_absmax", ".quant_map", ".nested_quant_map", "bitsandbytes__nf4",
                                        "bitsandbytes__fp4", ".codebooks", ".weight_global_scale", ".input_global_scale"};
    for (size_t i = 0; i < COUNT(extra); i++)
        if (ends(name, n, extra[i]))
            return VF_PART_OTHER;
    for (size_t i = 0; i < COUNT(suffixes); i++)
        if (ends(name, n, suffixes[i].suffix))
            return suffixes[i].part;
    return VF_PART_BARE;
}

/** The whole name first (biases that are a tensor of their own, norms without ".weight"), then without
 * each suffix that fits. */
static uint16_t find(const hf_name *list, size_t count, char *name, uint8_t *part)
{
    uint16_t role = look_up(list, count, name);
    size_t n = strlen(name);
    *part = VF_PART_BARE;
    for (size_t i = 0; i < COUNT(suffixes) && role == VF_ROLE_UNKNOWN; i++) {
        size_t length = strlen(suffixes[i].suffix);
        if (!ends(name, n, suffixes[i].suffix))
            continue;
        char cut = name[n - length];
        name[n - length] = 0;
        role = look_up(list, count, name);
        name[n - length] = cut;
        *part = suffixes[i].part;
    }
    return role;
}

void vf_hf_parse_name(const char *name, size_t n, vf_tensor *out, int32_t *expert)
{
    char general[LONGEST];
    out->role = VF_ROLE_UNKNOWN;
    out->part = unknown_part(name, n);
    out->stack = VF_STACK_BLK;
    strip_wrappers(&name, &n);
    out->layer = strip_layer(&name, &n);
    if (!generalize(name, n, general, expert))
        return;
    bool block = out->layer >= 0;
    uint8_t part;
    out->role = find(block ? block_names : global_names, block ? COUNT(block_names) : COUNT(global_names), general, &part);
    if (out->role != VF_ROLE_UNKNOWN)
        out->part = part;
}

static bool sorted(const hf_name *list, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (strcmp(list[i - 1].name, list[i].name) >= 0)
            return false;
    return true;
}

bool vf_hf_names_sorted(void)
{
    return sorted(global_names, COUNT(global_names)) && sorted(block_names, COUNT(block_names));
}
