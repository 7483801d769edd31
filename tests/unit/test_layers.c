/* The layer table from hyperparameters, rule by rule: which layers have what, how wide, which states, and what contradicts itself. */
#include "built.h"
#include "memory.h"

static vf_error err;

static vf_status build(const char *arch, const char *hparams, vf_model **out)
{
    *out = unbuilt(arch, hparams);
    err = (vf_error){0};
    return vf_layers_build(*out, &err);
}

/* ---- what is refused, and what next to it is not */

#define FOUR_EXPERTS LLAMA "\"block_count\":2,\"attention.head_count\":4,\"expert_count\":4,\"expert_used_count\":2,\"expert_feed_forward_length\":32,"
#define SSM "\"ssm.conv_kernel\":4,\"ssm.inner_size\":128,\"ssm.state_size\":16,\"ssm.time_step_rank\":8,"
#define LATENT "\"attention.head_count\":4,\"attention.key_length\":72,\"attention.value_length\":64,\"attention.key_length_mla\":24,\"attention.value_length_mla\":16,"
#define T5 "{\"embedding_length\":64,\"vocab_size\":100,\"feed_forward_length\":128,\"attention.head_count\":4,"

static const struct {
    const char *arch, *hparams, *key, *text; /* key NULL: not refused */
} limits[] = {
    {"llama", "{" LLAMA "\"block_count\":2048,\"attention.head_count\":4}", NULL, ""},
    {"llama", "{" LLAMA "\"block_count\":2049,\"attention.head_count\":4}", "block_count", "must be from 1 to 2048"},
    {"t5", T5 "\"block_count\":2,\"decoder_block_count\":2048}", NULL, ""},
    {"t5", T5 "\"block_count\":2,\"decoder_block_count\":2049}", "decoder_block_count", "must be from 1 to 2048"},
    {"t5", T5 "\"block_count\":8,\"decoder_block_count\":3,\"nextn_predict_layers\":3}", "nextn_predict_layers", "must be less than block_count"},
    {"t5", T5 "\"block_count\":8,\"decoder_block_count\":3,\"nextn_predict_layers\":2}", NULL, ""},
    {"glm4", "{" EIGHT "\"nextn_predict_layers\":7}", NULL, ""},
    {"glm4", "{" EIGHT "\"nextn_predict_layers\":8}", "nextn_predict_layers", "must be less than block_count"},
    {"gemma4", "{" EIGHT "\"attention.shared_kv_layers\":8}", NULL, ""},
    {"gemma4", "{" EIGHT "\"attention.shared_kv_layers\":9}", "attention.shared_kv_layers", "more than block_count"},
    /* groups of experts */
    {"qwen3moe", "{" FOUR_EXPERTS "\"expert_group_count\":2,\"expert_group_used_count\":1}", NULL, ""},
    {"qwen3moe", "{" FOUR_EXPERTS "\"expert_group_count\":3,\"expert_group_used_count\":1}", "expert_group_count", "must divide expert_count, and be less"},
    {"qwen3moe", "{" FOUR_EXPERTS "\"expert_group_count\":4,\"expert_group_used_count\":1}", "expert_group_count", "must divide"},
    {"qwen3moe", "{" FOUR_EXPERTS "\"expert_group_count\":8,\"expert_group_used_count\":1}", "expert_group_count", "must divide"},
    {"qwen3moe", "{" FOUR_EXPERTS "\"expert_group_count\":2,\"expert_group_used_count\":0}", "expert_group_used_count", "must be from 1 to less"},
    {"qwen3moe", "{" FOUR_EXPERTS "\"expert_group_count\":2,\"expert_group_used_count\":2}", "expert_group_used_count", "must be from 1 to less"},
    {"qwen3moe", "{" FOUR_EXPERTS "\"expert_group_count\":1,\"expert_group_used_count\":7}", NULL, ""},
    /* arrays cover every layer */
    {"llama", "{" LLAMA "\"block_count\":2,\"attention.head_count\":[4,4]}", NULL, ""},
    {"llama", "{" LLAMA "\"block_count\":2,\"attention.head_count\":[4]}", "attention.head_count", "an array of 1 values for 2 layers"},
    {"llama", "{" LLAMA "\"block_count\":2,\"attention.head_count\":4,\"attention.head_count_kv\":[4]}", "attention.head_count_kv", "1 values for 2"},
    {"llama", "{\"embedding_length\":64,\"block_count\":3,\"attention.head_count\":4,\"feed_forward_length\":[128,128]}", "feed_forward_length",
     "an array of 2 values for 3 layers"},
    {"qwen3moe", "{" MOE "\"expert_count\":4,\"expert_used_count\":[2],\"expert_feed_forward_length\":32}", "expert_used_count", "1 values for 2"},
    {"qwen3moe", "{" MOE "\"expert_count\":4,\"expert_used_count\":2,\"expert_feed_forward_length\":[32]}", "expert_feed_forward_length", "1 values for 2"},
    {"qwen35", "{" LLAMA "\"block_count\":2,\"attention.head_count\":4," SSM "\"ssm.group_count\":4,\"attention.recurrent_layers\":[1]}",
     "attention.recurrent_layers", "1 values for 2"},
    {"deepseek32", "{" EIGHT "\"attention.indexer.types\":[1]}", "attention.indexer.types", "1 values for 8"},
    {"gemma3", "{" EIGHT "\"attention.sliding_window_pattern\":[1]}", NULL, ""}, /* of any length */
    /* experts */
    {"qwen3moe", "{" MOE "\"expert_count\":4,\"expert_used_count\":4,\"expert_feed_forward_length\":32}", NULL, ""},
    {"qwen3moe", "{" MOE "\"expert_count\":4,\"expert_used_count\":5,\"expert_feed_forward_length\":32}", "expert_used_count", "layer 0: more than expert_count"},
    {"qwen3moe", "{" MOE "\"expert_count\":4,\"expert_used_count\":0,\"expert_feed_forward_length\":32}", "expert_used_count", "layer 0: must be greater than 0"},
    {"qwen3moe", "{\"embedding_length\":64,\"block_count\":2,\"attention.head_count\":4,\"expert_count\":4,\"expert_used_count\":2}",
     "expert_feed_forward_length", "layer 0: must be greater than 0"},
    {"deepseek2", "{" EIGHT LATENT "\"attention.kv_lora_rank\":64,\"rope.dimension_count\":8,\"expert_count\":4,\"expert_used_count\":2,"
     "\"expert_feed_forward_length\":32,\"expert_shared_count\":2097152}", NULL, ""},
    {"deepseek2", "{" EIGHT LATENT "\"attention.kv_lora_rank\":64,\"rope.dimension_count\":8,\"expert_count\":4,\"expert_used_count\":2,"
     "\"expert_feed_forward_length\":32,\"expert_shared_count\":2097153}", "expert_shared_count", "wider than 2^26"},
    /* heads */
    {"llama", "{" LLAMA "\"block_count\":2,\"attention.head_count\":4,\"attention.head_count_kv\":[4,0]}", "attention.head_count_kv", "layer 1: must be greater"},
    {"llama", "{" LLAMA "\"block_count\":2,\"attention.head_count\":[4,0]}", "attention.head_count", "layer 1: must be greater"},
    {"llama", "{" LLAMA "\"block_count\":2,\"attention.head_count\":4,\"attention.head_count_kv\":[2,3]}", "attention.head_count_kv", "layer 1: must divide"},
    {"llama", "{" LLAMA "\"block_count\":2,\"attention.head_count\":4,\"attention.value_length\":0}", "attention.value_length", "layer 0: must be greater"},
    {"qwen2", "{" LLAMA "\"block_count\":2,\"attention.head_count\":4,\"attention.key_length\":16}", NULL, ""},
    {"qwen2", "{" LLAMA "\"block_count\":2,\"attention.head_count\":4,\"attention.key_length\":17}", "attention.key_length", "must be embedding_length"},
    {"deepseek2", "{" EIGHT LATENT "\"attention.kv_lora_rank\":64,\"rope.dimension_count\":23}", NULL, ""},
    {"deepseek2", "{" EIGHT LATENT "\"attention.kv_lora_rank\":64,\"rope.dimension_count\":24}", "rope.dimension_count", "less than the length of a key"},
    {"deepseek2", "{" EIGHT LATENT "\"rope.dimension_count\":8}", "attention.kv_lora_rank", "must be greater than 0"},
    /* what a recurrent block cannot do without */
    {"rwkv6", "{" LLAMA "\"block_count\":2,\"wkv.head_size\":0}", "wkv.head_size", "greater than 0"},
    {"rwkv6", "{" LLAMA "\"block_count\":2,\"wkv.head_size\":64}", NULL, ""},
    {"rwkv7", "{" LLAMA "\"block_count\":2}", "wkv.head_size", "greater than 0"},
    {"rwkv6qwen2", "{" EIGHT "\"wkv.head_size\":24}", "wkv.head_size", "must divide embedding_length"},
    {"arwkv7", "{" EIGHT "\"wkv.head_size\":24}", "wkv.head_size", "must divide embedding_length"},
    {"lfm2", "{" EIGHT "\"attention.head_count_kv\":2}", "shortconv.l_cache", "greater than 0"},
    {"kimi-linear", "{" EIGHT "\"kda.head_dim\":16}", "ssm.conv_kernel", "greater than 0"},
    {"kimi-linear", "{" EIGHT "\"ssm.conv_kernel\":4}", "kda.head_dim", "greater than 0"},
    {"mamba", "{" LLAMA "\"block_count\":2,\"ssm.conv_kernel\":4}", "ssm.inner_size", "greater than 0"},
    {"mamba", "{" LLAMA "\"block_count\":2,\"ssm.conv_kernel\":4,\"ssm.inner_size\":128}", "ssm.state_size", "greater than 0"},
    {"mamba", "{" LLAMA "\"block_count\":2,\"ssm.conv_kernel\":4,\"ssm.inner_size\":128,\"ssm.state_size\":16}", "ssm.time_step_rank", "greater than 0"},
    {"mamba", "{" LLAMA "\"block_count\":2," SSM "\"ssm.group_count\":0}", NULL, ""},
    {"plamo2", "{" EIGHT SSM "\"ssm.group_count\":0,\"attention.head_count_kv\":[0,4,0,4,0,4,0,4]}", NULL, ""},
    {"mamba2", "{" LLAMA "\"block_count\":2," SSM "\"ssm.group_count\":0}", "ssm.group_count", "greater than 0"},
    {"mamba2", "{" LLAMA "\"block_count\":2," SSM "\"ssm.group_count\":1}", NULL, ""},
    {"gemma3n", "{" EIGHT "\"altup.num_inputs\":0}", "altup.num_inputs", "greater than 0"},
    /* a feed-forward, or experts, or an architecture that may lack it */
    {"qwen3moe", "{" MOE "\"attention.head_count_kv\":4}", "expert_count", "must be greater than 0"},
    {"llama", "{\"embedding_length\":64,\"block_count\":2,\"attention.head_count\":4,\"feed_forward_length\":[128,0]}", "feed_forward_length",
     "layer 1: must be greater"},
    {"deci", "{\"embedding_length\":64,\"block_count\":2,\"attention.head_count\":4,\"feed_forward_length\":[128,0]}", NULL, ""},
};

static void check_limits(void)
{
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        vf_model *m;
        vf_status st = build(limits[i].arch, limits[i].hparams, &m);
        const char *key = limits[i].key;
        CHECK(key ? st == VF_ERR_DATA && strcmp(err.key, key) == 0 && strstr(err.text, limits[i].text) : st == VF_OK, "%s %s: status %d, %s: %s",
              limits[i].arch, limits[i].hparams, (int)st, err.key, err.text);
        vf_model_free(m);
    }
}

/* ---- one figure of each layer */

typedef enum column { WINDOWED, CACHE, DRAFT, MTP, INDEXER, ATTENTION, FFN, KV, HEAD_K, HEAD_V, ROT, FF, FF_EXP, SHARED, STATE_R, STATE_S } column;

static uint64_t of_layer(const vf_layer *l, column c)
{
    switch (c) {
    case WINDOWED: return l->windowed;
    case CACHE: return l->has_cache;
    case DRAFT: return l->draft_cache;
    case MTP: return l->mtp;
    case INDEXER: return l->indexer;
    case ATTENTION: return l->attention;
    case FFN: return l->ffn;
    case KV: return l->n_head_kv;
    case HEAD_K: return l->head_k;
    case HEAD_V: return l->head_v;
    case ROT: return l->n_rot;
    case FF: return l->n_ff;
    case FF_EXP: return l->n_ff_exp;
    case SHARED: return l->n_ff_shexp;
    case STATE_R: return l->state_r;
    case STATE_S: return l->state_s;
    }
    return UINT64_MAX;
}

#define WINDOW "\"attention.sliding_window\":64,"
#define MTP_1 "\"nextn_predict_layers\":1,"
#define HYBRID "\"embedding_length\":64,\"context_length\":128,\"vocab_size\":100,\"attention.head_count\":4,\"ssm.group_count\":4," SSM

static const struct {
    const char *arch, *hparams;
    column what;
    const char *want; /* a number for each layer */
} tables[] = {
    /* windows */
    {"lfm2", "{" EIGHT WINDOW "\"shortconv.l_cache\":3,\"attention.head_count_kv\":[0,0,2,0,0,2,0,2]}", WINDOWED, "0 0 1 0 0 1 0 1"},
    {"lfm2", "{" EIGHT WINDOW "\"shortconv.l_cache\":3,\"attention.head_count_kv\":[0,0,2,0,0,2,0,2],\"attention.sliding_window_pattern\":[0,0,0,0,0,0,0,0]}",
     WINDOWED, "0 0 1 0 0 1 0 1"},
    {"lfm2", "{" EIGHT "\"shortconv.l_cache\":3,\"attention.head_count_kv\":[0,0,2,0,0,2,0,2]}", WINDOWED, "0 0 0 0 0 0 0 0"},
    {"cohere2moe", "{" EIGHT WINDOW MTP_1 "\"expert_count\":4,\"expert_used_count\":2}", WINDOWED, "0 1 1 1 0 1 1 0"}, /* the last predicts */
    {"gemma3", "{" EIGHT WINDOW "\"attention.sliding_window_pattern\":0}", WINDOWED, "1 1 1 1 1 1 1 1"},
    {"gemma3", "{" EIGHT WINDOW "\"attention.sliding_window_pattern\":1}", WINDOWED, "0 0 0 0 0 0 0 0"},
    {"gemma3", "{" EIGHT WINDOW "\"attention.sliding_window_pattern\":3}", WINDOWED, "1 1 0 1 1 0 1 1"},
    {"gemma3", "{" EIGHT WINDOW "\"attention.sliding_window_pattern\":[0,1,1,0,0,0,0,1]}", WINDOWED, "0 1 1 0 0 0 0 1"},
    {"gemma4", "{" EIGHT WINDOW "\"attention.shared_kv_layers\":0}", WINDOWED, "0 0 0 0 0 0 0 0"}, /* the file has to say which */
    {"gemma4", "{" EIGHT WINDOW "\"attention.sliding_window_pattern\":[1,0,1,0,1,0,1,0],\"attention.key_length\":32,\"attention.key_length_swa\":16}", HEAD_K,
     "16 32 16 32 16 32 16 32"},
    {"gemma4", "{" EIGHT WINDOW "\"attention.sliding_window_pattern\":[1,0,1,0,1,0,1,0],\"attention.value_length\":32,\"attention.value_length_swa\":8}", HEAD_V,
     "8 32 8 32 8 32 8 32"},
    {"gemma4", "{" EIGHT WINDOW "\"attention.sliding_window_pattern\":[1,0,1,0,1,0,1,0],\"rope.dimension_count\":12,\"rope.dimension_count_swa\":6}", ROT,
     "6 12 6 12 6 12 6 12"},
    {"gemma4", "{" EIGHT WINDOW "\"attention.sliding_window_pattern\":[1,0,1,0,1,0,1,0],\"attention.key_length\":32}", ROT, "32 32 32 32 32 32 32 32"},
    /* caches */
    {"gemma4", "{" EIGHT "\"attention.shared_kv_layers\":7}", CACHE, "1 0 0 0 0 0 0 0"},
    {"gemma4", "{" EIGHT "\"attention.shared_kv_layers\":8}", CACHE, "0 0 0 0 0 0 0 0"},
    {"glm4", "{" EIGHT MTP_1 "\"attention.head_count_kv\":2}", CACHE, "1 1 1 1 1 1 1 1"},
    {"glm4", "{" EIGHT MTP_1 "\"attention.head_count_kv\":2}", DRAFT, "0 0 0 0 0 0 0 1"},
    {"glm4", "{" EIGHT "\"nextn_predict_layers\":2}", MTP, "0 0 0 0 0 0 1 1"},
    {"bailingmoe3", "{" EIGHT MTP_1 LATENT "\"attention.kv_lora_rank\":64,\"rope.dimension_count\":8,\"ssm.conv_kernel\":4,\"kda.head_dim\":16,"
     "\"attention.head_count_kv\":[0,0,0,1,0,0,0,1],\"expert_count\":4,\"expert_used_count\":2,\"expert_feed_forward_length\":32}", DRAFT,
     "0 0 0 0 0 0 0 0"}, /* the main context has cells for it */
    {"nemotron_h_moe", "{" HYBRID "\"block_count\":4,\"nextn_predict_layers\":2,\"attention.head_count_kv\":[0,2,2,2],\"feed_forward_length\":[0,0,0,64],"
     "\"expert_count\":4,\"expert_used_count\":2,\"expert_feed_forward_length\":32}", DRAFT, "0 0 0 1"},
    {"deepseek32", "{" EIGHT LATENT "\"attention.kv_lora_rank\":64,\"rope.dimension_count\":8,\"attention.indexer.types\":[1,0,1,0,1,0,0,0]}", INDEXER,
     "1 0 1 0 1 0 0 0"},
    {"deepseek32", "{" EIGHT LATENT "\"attention.kv_lora_rank\":64,\"rope.dimension_count\":8}", INDEXER, "1 1 1 1 1 1 1 1"},
    {"deepseek2", "{" EIGHT LATENT "\"attention.kv_lora_rank\":64,\"rope.dimension_count\":8}", INDEXER, "0 0 0 0 0 0 0 0"},
    {"llama", "{" EIGHT "\"attention.head_count_kv\":[1,2,4,4,2,1,1,1]}", KV, "1 2 4 4 2 1 1 1"},
    {"llama", "{" EIGHT "\"attention.layer_norm_rms_epsilon\":0}", KV, "4 4 4 4 4 4 4 4"},
    /* experts: VF_FFN_GATED 1, PLAIN 2, MOE 4 */
    {"jamba", "{" EIGHT SSM "\"expert_count\":4,\"expert_used_count\":2}", FFN, "1 4 1 4 1 4 1 4"},
    {"llama4", "{" EIGHT "\"expert_count\":4,\"expert_used_count\":1,\"expert_feed_forward_length\":32,\"interleave_moe_layer_step\":2}", FFN, "1 4 1 4 1 4 1 4"},
    {"llama4", "{" EIGHT "\"expert_count\":4,\"expert_used_count\":1,\"expert_feed_forward_length\":32,\"interleave_moe_layer_step\":1}", FFN, "4 4 4 4 4 4 4 4"},
    {"llama4", "{" EIGHT "\"expert_count\":4,\"expert_used_count\":1,\"expert_feed_forward_length\":32,\"interleave_moe_layer_step\":0}", FFN, "1 1 1 1 1 1 1 1"},
    {"nomic-bert-moe", "{" EIGHT "\"expert_count\":4,\"expert_used_count\":1,\"moe_every_n_layers\":2}", FFN, "2 4 2 4 2 4 2 4"},
    {"nomic-bert-moe", "{" EIGHT "\"expert_count\":4,\"expert_used_count\":1,\"moe_every_n_layers\":3}", FFN, "2 4 2 2 4 2 2 4"},
    {"nomic-bert-moe", "{" EIGHT "\"expert_count\":4,\"expert_used_count\":1,\"moe_every_n_layers\":0}", FFN, "2 2 2 2 2 2 2 2"},
    {"glm4moe", "{" EIGHT "\"expert_count\":4,\"expert_used_count\":1,\"expert_feed_forward_length\":32,\"leading_dense_block_count\":3}", FFN, "1 1 1 4 4 4 4 4"},
    {"glm4moe", "{" EIGHT "\"expert_count\":4,\"expert_used_count\":1,\"expert_feed_forward_length\":32,\"leading_dense_block_count\":3}", FF,
     "128 128 128 0 0 0 0 0"},
    {"exaone-moe", "{" EIGHT MTP_1 "\"expert_count\":4,\"expert_used_count\":1,\"expert_feed_forward_length\":32}", FFN, "4 4 4 4 4 4 4 1"}, /* dense there */
    {"nemotron_h_moe", "{" HYBRID "\"block_count\":4,\"nextn_predict_layers\":1,\"attention.head_count_kv\":[0,0,2,2],\"feed_forward_length\":[0,64,0,0],"
     "\"expert_count\":4,\"expert_used_count\":2,\"expert_feed_forward_length\":32}", FFN, "0 4 0 4"},
    {"nemotron_h_moe", "{" HYBRID "\"block_count\":4,\"nextn_predict_layers\":1,\"attention.head_count_kv\":[0,0,2,2],\"feed_forward_length\":[0,64,0,0],"
     "\"expert_count\":4,\"expert_used_count\":2,\"expert_feed_forward_length\":32}", ATTENTION, "0 0 1 1"},
    {"qwen3moe", "{" MOE "\"expert_count\":4,\"expert_used_count\":2}", FF_EXP, "64 64"}, /* the width shared out */
    {"qwen3moe", "{" MOE "\"expert_count\":4,\"expert_used_count\":2,\"expert_feed_forward_length\":[32,48]}", FF_EXP, "32 48"},
    {"jamba", "{" MOE SSM "\"expert_count\":4,\"expert_used_count\":2,\"expert_feed_forward_length\":32}", FF_EXP, "0 128"}, /* as wide as a dense one */
    {"qwen", "{" MOE "\"attention.head_count_kv\":4}", FF, "64 64"}, /* half of what the file says */
    /* states of one sequence: convolution, and what is kept */
    {"mamba", "{" LLAMA "\"block_count\":2," SSM "\"ssm.group_count\":0}", STATE_R, "384 384"},
    {"mamba", "{" LLAMA "\"block_count\":2," SSM "\"ssm.group_count\":0}", STATE_S, "2048 2048"},
    {"mamba2", "{" LLAMA "\"block_count\":2," SSM "\"ssm.group_count\":4}", STATE_R, "768 768"},
    {"rwkv6", "{" LLAMA "\"block_count\":2,\"wkv.head_size\":16}", STATE_R, "128 128"},
    {"rwkv6", "{" LLAMA "\"block_count\":2,\"wkv.head_size\":16,\"token_shift_count\":3}", STATE_R, "192 192"},
    {"rwkv7", "{" LLAMA "\"block_count\":2,\"wkv.head_size\":16}", STATE_S, "1024 1024"},
    {"arwkv7", "{" EIGHT "\"wkv.head_size\":16,\"token_shift_count\":1}", STATE_R, "64 64 64 64 64 64 64 64"},
    {"rwkv6qwen2", "{" EIGHT "\"wkv.head_size\":16,\"token_shift_count\":1}", STATE_S, "1024 1024 1024 1024 1024 1024 1024 1024"},
    {"lfm2", "{" EIGHT "\"shortconv.l_cache\":3,\"attention.head_count_kv\":[0,0,2,0,0,2,0,2]}", STATE_R, "128 128 0 128 128 0 128 0"},
    {"lfm2", "{" EIGHT "\"shortconv.l_cache\":3,\"attention.head_count_kv\":[0,0,2,0,0,2,0,2]}", STATE_S, "0 0 0 0 0 0 0 0"},
    {"kimi-linear", "{" MOE LATENT "\"attention.kv_lora_rank\":64,\"rope.dimension_count\":8,\"ssm.conv_kernel\":4,\"kda.head_dim\":16,\"attention.head_count_kv\":[0,1]}",
     STATE_R, "576 0"}, /* q, k and v: 3 columns of 4 heads of 16 */
    {"kimi-linear", "{" MOE LATENT "\"attention.kv_lora_rank\":64,\"rope.dimension_count\":8,\"ssm.conv_kernel\":4,\"kda.head_dim\":16,\"attention.head_count_kv\":[0,1]}",
     STATE_S, "1024 0"},
    {"minimax-01", "{" EIGHT "\"expert_count\":4,\"expert_used_count\":2}", STATE_S, "1024 1024 1024 1024 1024 1024 1024 0"},
    {"minimax-01", "{" EIGHT "\"expert_count\":4,\"expert_used_count\":2}", STATE_R, "0 0 0 0 0 0 0 0"},
    {"qwen35", "{" EIGHT SSM "\"ssm.group_count\":4,\"full_attention_interval\":0}", STATE_S, "2048 2048 2048 2048 2048 2048 2048 2048"},
    {"qwen35", "{" EIGHT SSM MTP_1 "\"ssm.group_count\":4,\"full_attention_interval\":8}", STATE_S, "2048 2048 2048 2048 2048 2048 2048 0"},
    {"plamo2", "{" EIGHT SSM "\"attention.head_count_kv\":[0,4,0,4,0,4,0,4]}", STATE_R, "384 0 384 0 384 0 384 0"},
    /* its first layer has no heads, and the file says how long they are */
    {"plamo2", "{" LLAMA "\"block_count\":2," SSM "\"attention.head_count\":[0,4],\"attention.head_count_kv\":[0,4],\"attention.key_length\":24,"
     "\"attention.value_length\":8}", HEAD_K, "0 24"},
    {"plamo2", "{" LLAMA "\"block_count\":2," SSM "\"attention.head_count\":[0,4],\"attention.head_count_kv\":[0,4],\"attention.key_length\":24,"
     "\"attention.value_length\":8}", HEAD_V, "0 8"},
};

static void check_tables(void)
{
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        vf_model *m;
        char got[256] = "";
        size_t n = 0;
        CHECK(build(tables[i].arch, tables[i].hparams, &m) == VF_OK, "%s %s: %s: %s", tables[i].arch, tables[i].hparams, err.key, err.text);
        for (uint32_t il = 0; il < m->n_layers && n < sizeof got - 24; il++)
            n += (size_t)snprintf(got + n, sizeof got - n, "%s%" PRIu64, il ? " " : "", of_layer(&m->layers[il], tables[i].what));
        CHECK(strcmp(got, tables[i].want) == 0, "%s %s: figure %d of the layers is %s, expected %s", tables[i].arch, tables[i].hparams,
              (int)tables[i].what, got, tables[i].want);
        vf_model_free(m);
    }
}

/* ---- widths of shared experts: every rule, with and without each of what it goes by */

static void shared_widths(void)
{
    static const struct {
        vf_shared_width rule;
        uint32_t none, width, count, both; /* nothing given; a width of 48; 3 of them; both. Experts are 32 wide, dense 128 */
    } rows[] = {
        {VF_SHARED_NONE, 0, 0, 0, 0},
        {VF_SHARED_FF_SHEXP, 0, 48, 0, 48},
        {VF_SHARED_FF_SHEXP_OR_FF, 128, 48, 128, 48},
        {VF_SHARED_FF_EXP, 32, 32, 32, 32},
        {VF_SHARED_FF_EXP_X_COUNT, 0, 0, 96, 96},
        {VF_SHARED_FF_SHEXP_OR_FF_EXP, 32, 48, 32, 48},
        {VF_SHARED_FF_SHEXP_X_COUNT, 0, 0, 96, 144},
        {VF_SHARED_FF_SHEXP_OR_X_COUNT, 0, 0, 96, 48},
        {VF_SHARED_FF_SHEXP_OR_X_COUNT_MIN_1, 32, 48, 96, 48},
        {VF_SHARED_FF_EXP_X_COUNT_MIN_1, 32, 32, 96, 96},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (unsigned given = 0; given < 4; given++) {
            const uint32_t want[] = {rows[i].none, rows[i].width, rows[i].count, rows[i].both};
            vf_model *m = unbuilt("qwen3moe", "{" MOE "\"expert_count\":4,\"expert_used_count\":2,\"expert_feed_forward_length\":32}");
            m->arch.moe.shared = (uint8_t)rows[i].rule;
            m->hp.expert_shared_feed_forward_length = given & 1u ? 48 : 0;
            m->hp.expert_shared_count = given & 2u ? 3 : 0;
            CHECK(vf_layers_build(m, &err) == VF_OK, "%s", err.text);
            CHECK(m->layers[0].n_ff_shexp == want[given], "rule %d, given %u: %u wide, expected %u", (int)rows[i].rule, given, m->layers[0].n_ff_shexp, want[given]);
            vf_model_free(m);
        }
}

/* ---- a file's routers say which layers have experts; without any, the record does */

static void routers(void)
{
    for (int with = 0; with < 2; with++) {
        vf_model *m = unbuilt("jamba", "{" EIGHT SSM "\"expert_count\":4,\"expert_used_count\":2}");
        m->from_file = true;
        m->tensors = calloc(1, sizeof *m->tensors);
        m->n_tensors = 1;
        m->tensors[0] = (vf_tensor){.role = with ? VF_ROLE_FFN_GATE_INP : VF_ROLE_FFN_NORM, .layer = 2, .ne = {64, 4, 1, 1}};
        CHECK(vf_model_index(m, &err) == VF_OK && vf_layers_build(m, &err) == VF_OK, "%s", err.text);
        for (uint32_t il = 0; il < 8; il++)
            CHECK((m->layers[il].ffn == VF_FFN_MOE) == (with ? il == 2 : il % 2 == 1), "layer %u", il);
        vf_model_free(m);
    }
}

/* An architecture without a record is taken for attention and a feed-forward, and has no tensor list. */
static void unknown(void)
{
    vf_model *m = unbuilt("llama", "{" EIGHT "\"expert_count\":4,\"expert_used_count\":2,\"leading_dense_block_count\":1}");
    m->known_arch = false;
    CHECK(vf_layers_build(m, &err) == VF_OK, "%s", err.text);
    CHECK(m->layers[0].ffn == VF_FFN_GATED && m->layers[1].ffn == VF_FFN_MOE && m->layers[7].attention == VF_ATTN_GQA && m->layers[7].has_cache, "its layers");
    CHECK(vf_inventory_build(m, &err) == VF_ERR_DATA && strstr(err.text, "no architecture record"), "%s", err.text);
    vf_model_free(m);
    m = unbuilt("llama", "{\"embedding_length\":64,\"block_count\":2,\"attention.head_count\":4}");
    m->known_arch = false;
    CHECK(vf_layers_build(m, &err) == VF_OK && m->layers[0].ffn == VF_FFN_NONE, "no feed-forward: %s", err.text);
    vf_model_free(m);
}

/* ---- dimensions that hyperparameters leave open, or make too large */

static void dimensions(void)
{
    vf_model *m = unbuilt("llama", "{\"embedding_length\":64,\"block_count\":1,\"attention.head_count\":4,\"feed_forward_length\":64}");
    CHECK(vf_layers_build(m, &err) == VF_OK && vf_inventory_build(m, &err) == VF_ERR_DATA, "no vocabulary");
    CHECK_STR(err.key, "token_embd.weight", "key");
    CHECK_STR(err.text, "dimension 1 is 0: a hyperparameter is missing", "text");
    vf_model_free(m);
    m = unbuilt("llama", "{" EIGHT "\"attention.head_count_kv\":4}");
    CHECK(vf_layers_build(m, &err) == VF_OK, "%s", err.text);
    m->layers[3].head_k = UINT32_MAX; /* 2^34: that is still a dimension */
    CHECK(vf_inventory_build(m, &err) == VF_OK, "%s", err.text);
    vf_model_free(m);
    m = unbuilt("llama", "{" EIGHT "\"attention.head_count_kv\":4}");
    CHECK(vf_layers_build(m, &err) == VF_OK, "%s", err.text);
    m->layers[3].head_k = m->layers[3].n_head = UINT32_MAX;
    CHECK(vf_inventory_build(m, &err) == VF_ERR_RANGE, "2^64");
    CHECK_STR(err.key, "blk.3.attn_q.weight", "key");
    CHECK_STR(err.text, "dimension 1 is out of range", "text");
    vf_model_free(m);
}

/* ---- tensors that depend on the record: norms of prediction layers, a rotation's width */

static bool has_tensor(const vf_model *m, const char *name)
{
    for (size_t i = 0; i < m->n_tensors; i++) {
        char text[96];
        if (strcmp(vf_tensor_name(m, &m->tensors[i], text, sizeof text), name) == 0)
            return true;
    }
    return false;
}

static void tensors(void)
{
    static const struct {
        const char *arch, *hparams, *name;
        bool there;
    } rows[] = {
#define NEMOTRON "{" HYBRID "\"block_count\":4,\"nextn_predict_layers\":1,\"attention.head_count_kv\":[0,0,2,2],\"feed_forward_length\":[0,64,0,64]}"
        {"nemotron_h", NEMOTRON, "blk.3.post_attention_norm.weight", true},
        {"nemotron_h", NEMOTRON, "blk.2.post_attention_norm.weight", false},
        {"nemotron_h", NEMOTRON, "blk.3.nextn.eh_proj.weight", true},
        {"nemotron_h", NEMOTRON, "blk.2.nextn.eh_proj.weight", false},
        {"nemotron_h", NEMOTRON, "blk.3.nextn.shared_head_norm.weight", true},
        {"mimo2", "{" EIGHT MTP_1 "\"expert_count\":4,\"expert_used_count\":2,\"expert_feed_forward_length\":32}", "blk.7.layer_output_norm.weight", true},
        {"mimo2", "{" EIGHT MTP_1 "\"expert_count\":4,\"expert_used_count\":2,\"expert_feed_forward_length\":32}", "blk.6.layer_output_norm.weight", false},
        {"modern-bert", "{" EIGHT "\"attention.causal\":0}", "blk.0.attn_norm.weight", false},
        {"modern-bert", "{" EIGHT "\"attention.causal\":0}", "blk.1.attn_norm.weight", true},
        {"gemma4", "{" EIGHT "\"embedding_length_per_layer_input\":16}", "blk.0.inp_gate.weight", true},
        {"gemma4", "{" EIGHT "\"embedding_length_per_layer_input\":0}", "blk.0.inp_gate.weight", false},
        {"t5", T5 "\"block_count\":2,\"decoder_block_count\":3,\"attention.relative_buckets_count\":32}", "enc.blk.1.attn_q.weight", true},
        {"t5", T5 "\"block_count\":2,\"decoder_block_count\":3,\"attention.relative_buckets_count\":32}", "enc.blk.2.attn_q.weight", false},
        {"t5", T5 "\"block_count\":2,\"decoder_block_count\":3,\"attention.relative_buckets_count\":32}", "dec.blk.2.cross_attn_q.weight", true},
        {"t5", T5 "\"block_count\":2,\"decoder_block_count\":3,\"attention.relative_buckets_count\":32}", "dec.blk.0.attn_rel_b.weight", true},
        {"t5", T5 "\"block_count\":2,\"decoder_block_count\":3,\"attention.relative_buckets_count\":32}", "dec.blk.1.attn_rel_b.weight", false},
        /* the gate is what a T5 may lack: its feed-forward is there all the same */
        {"t5", T5 "\"block_count\":2,\"decoder_block_count\":3,\"attention.relative_buckets_count\":32}", "dec.blk.1.ffn_up.weight", true},
        {"t5", T5 "\"block_count\":2,\"decoder_block_count\":3,\"attention.relative_buckets_count\":32}", "dec.blk.1.ffn_gate.weight", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_model *m;
        CHECK(build(rows[i].arch, rows[i].hparams, &m) == VF_OK && vf_inventory_build(m, &err) == VF_OK, "%s: %s: %s", rows[i].arch, err.key, err.text);
        CHECK(has_tensor(m, rows[i].name) == rows[i].there, "%s: %s", rows[i].arch, rows[i].name);
        vf_model_free(m);
    }
    /* a rotation's factors: half of what is rotated, or of a key, or of an even share */
    static const struct {
        const char *hparams;
        uint64_t factors;
    } rotated[] = {
        {"{" LLAMA "\"block_count\":1,\"attention.head_count\":4,\"rope.dimension_count\":6,\"attention.key_length\":20}", 3},
        {"{" LLAMA "\"block_count\":1,\"attention.head_count\":4,\"attention.key_length\":20}", 10},
        {"{" LLAMA "\"block_count\":1,\"attention.head_count\":4}", 8},
        {"{" LLAMA "\"block_count\":1,\"attention.head_count\":1}", 32},
    };
    for (size_t i = 0; i < sizeof rotated / sizeof rotated[0]; i++) {
        vf_model *m;
        CHECK(build("llama", rotated[i].hparams, &m) == VF_OK, "%s", err.text);
        m->options = UINT64_C(1) << VF_OPTION_ROPE_FREQS;
        CHECK(vf_inventory_build(m, &err) == VF_OK, "%s: %s", err.key, err.text);
        const vf_tensor *t = vf_model_tensor(m, -1, VF_ROLE_ROPE_FREQS, VF_PART_WEIGHT);
        CHECK(t && t->ne[0] == rotated[i].factors, "%s: %llu factors", rotated[i].hparams, (unsigned long long)(t ? t->ne[0] : 0));
        vf_model_free(m);
    }
}

/* Each allocation of a model fails once. */
static void no_memory(void)
{
    for (uint64_t at = 1;; at++) {
        memory_allocator counted = {.fail_at = at};
        vf_model *m = unbuilt("llama", "{" EIGHT "\"attention.head_count_kv\":4}");
        m->a = (vf_allocator){memory_resize, &counted};
        vf_status st = vf_layers_build(m, &err);
        if (!st)
            st = vf_inventory_build(m, &err);
        bool failed = counted.calls >= at;
        CHECK(st == (failed ? VF_ERR_NOMEM : VF_OK) && (st == VF_OK || strcmp(err.text, "out of memory") == 0), "allocation %llu: status %d", (unsigned long long)at,
              (int)st);
        m->a.resize(m->a.ctx, m->layers, m->n_layers * sizeof *m->layers, 0);
        m->a.resize(m->a.ctx, m->tensors, m->n_tensors * sizeof *m->tensors, 0);
        m->a.resize(m->a.ctx, m->order, m->order ? m->n_tensors * sizeof *m->order : 0, 0);
        m->a.resize(m->a.ctx, m->mix, m->mix ? m->n_tensors * sizeof *m->mix : 0, 0);
        m->a.resize(m->a.ctx, m->groups, m->groups ? counted.in_use : 0, 0);
        CHECK(counted.in_use == 0 && counted.wrong_sizes == 0, "allocation %llu: %zu bytes left", (unsigned long long)at, counted.in_use);
        free(m);
        if (!failed)
            break;
    }
}

int main(void)
{
    check_limits();
    check_tables();
    shared_widths();
    routers();
    unknown();
    dimensions();
    tensors();
    no_memory();
    return CHECK_END();
}
