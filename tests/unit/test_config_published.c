/* config.json: published configurations against the catalog's models of the same name, in parameters and
 * layer by layer. */
#include "config_read.h"

static const struct {
    const char *id, *quant, *config;
} published[] = {
    {"meta-llama/Llama-3.1-8B", "bf16",
     "{\"model_type\":\"llama\",\"hidden_size\":4096,\"intermediate_size\":14336,\"num_hidden_layers\":32,"
     "\"num_attention_heads\":32,\"num_key_value_heads\":8,\"vocab_size\":128256,\"max_position_embeddings\":131072,"
     "\"attention_bias\":false,\"mlp_bias\":false,\"rope_scaling\":{\"rope_type\":\"llama3\",\"factor\":8.0},"
     "\"tie_word_embeddings\":false,\"torch_dtype\":\"bfloat16\"}"},
    {"Qwen/Qwen2.5-0.5B", "bf16",
     "{\"model_type\":\"qwen2\",\"hidden_size\":896,\"intermediate_size\":4864,\"num_hidden_layers\":24,"
     "\"num_attention_heads\":14,\"num_key_value_heads\":2,\"vocab_size\":151936,\"max_position_embeddings\":32768,"
     "\"sliding_window\":32768,\"use_sliding_window\":false,\"tie_word_embeddings\":true,\"torch_dtype\":\"bfloat16\"}"},
    {"Qwen/Qwen3-30B-A3B", "bf16",
     "{\"model_type\":\"qwen3_moe\",\"hidden_size\":2048,\"intermediate_size\":6144,\"moe_intermediate_size\":768,"
     "\"num_hidden_layers\":48,\"num_attention_heads\":32,\"num_key_value_heads\":4,\"head_dim\":128,"
     "\"num_experts\":128,\"num_experts_per_tok\":8,\"norm_topk_prob\":true,\"vocab_size\":151936,"
     "\"max_position_embeddings\":40960,\"sliding_window\":null,\"tie_word_embeddings\":false,"
     "\"torch_dtype\":\"bfloat16\"}"},
    {"mistralai/Mixtral-8x7B-v0.1", "bf16",
     "{\"model_type\":\"mixtral\",\"hidden_size\":4096,\"intermediate_size\":14336,\"num_hidden_layers\":32,"
     "\"num_attention_heads\":32,\"num_key_value_heads\":8,\"num_local_experts\":8,\"num_experts_per_tok\":2,"
     "\"vocab_size\":32000,\"max_position_embeddings\":32768,\"sliding_window\":null,"
     "\"tie_word_embeddings\":false,\"torch_dtype\":\"bfloat16\"}"},
    {"google/gemma-3-4b-it", "bf16",
     "{\"model_type\":\"gemma3\",\"architectures\":[\"Gemma3ForConditionalGeneration\"],\"text_config\":{"
     "\"hidden_size\":2560,\"intermediate_size\":10240,\"model_type\":\"gemma3_text\",\"num_hidden_layers\":34,"
     "\"max_position_embeddings\":131072,\"rope_scaling\":{\"factor\":8.0,\"rope_type\":\"linear\"},"
     "\"sliding_window\":1024},\"torch_dtype\":\"bfloat16\",\"vision_config\":{\"hidden_size\":1152}}"},
    {"openai-community/gpt2", "f32",
     "{\"model_type\":\"gpt2\",\"n_embd\":768,\"n_head\":12,\"n_layer\":12,\"n_ctx\":1024,\"n_positions\":1024,"
     "\"vocab_size\":50257,\"torch_dtype\":\"float32\"}"},
    {"deepseek-ai/DeepSeek-V2-Lite", "bf16",
     "{\"model_type\":\"deepseek_v2\",\"hidden_size\":2048,\"intermediate_size\":10944,\"moe_intermediate_size\":1408,"
     "\"num_hidden_layers\":27,\"num_attention_heads\":16,\"num_key_value_heads\":16,\"kv_lora_rank\":512,"
     "\"q_lora_rank\":null,\"qk_nope_head_dim\":128,\"qk_rope_head_dim\":64,\"v_head_dim\":128,"
     "\"n_routed_experts\":64,\"n_shared_experts\":2,\"num_experts_per_tok\":6,\"first_k_dense_replace\":1,"
     "\"n_group\":1,\"topk_group\":1,\"topk_method\":\"greedy\",\"vocab_size\":102400,"
     "\"max_position_embeddings\":163840,\"tie_word_embeddings\":false,\"torch_dtype\":\"bfloat16\"}"},
    {"deepseek-ai/DeepSeek-V3", "fp8-block",
     "{\"model_type\":\"deepseek_v3\",\"hidden_size\":7168,\"intermediate_size\":18432,\"moe_intermediate_size\":2048,"
     "\"num_hidden_layers\":61,\"num_attention_heads\":128,\"num_key_value_heads\":128,\"kv_lora_rank\":512,"
     "\"q_lora_rank\":1536,\"qk_nope_head_dim\":128,\"qk_rope_head_dim\":64,\"v_head_dim\":128,"
     "\"n_routed_experts\":256,\"n_shared_experts\":1,\"num_experts_per_tok\":8,\"first_k_dense_replace\":3,"
     "\"num_nextn_predict_layers\":1,\"n_group\":8,\"topk_group\":4,\"topk_method\":\"noaux_tc\","
     "\"vocab_size\":129280,\"max_position_embeddings\":163840,\"tie_word_embeddings\":false,"
     "\"torch_dtype\":\"bfloat16\",\"quantization_config\":{\"quant_method\":\"fp8\",\"weight_block_size\":[128,128]}}"},
    {"openai/gpt-oss-20b", "mxfp4",
     "{\"model_type\":\"gpt_oss\",\"hidden_size\":2880,\"intermediate_size\":2880,\"num_hidden_layers\":24,"
     "\"num_attention_heads\":64,\"num_key_value_heads\":8,\"head_dim\":64,\"num_local_experts\":32,"
     "\"num_experts_per_tok\":4,\"experts_per_token\":4,\"vocab_size\":201088,\"sliding_window\":128,"
     "\"max_position_embeddings\":131072,\"attention_bias\":true,\"tie_word_embeddings\":false,"
     "\"quantization_config\":{\"quant_method\":\"mxfp4\"}}"},
    {"tiiuae/falcon-7b", "bf16",
     "{\"model_type\":\"falcon\",\"hidden_size\":4544,\"num_hidden_layers\":32,\"num_attention_heads\":71,"
     "\"multi_query\":true,\"new_decoder_architecture\":false,\"parallel_attn\":true,\"bias\":false,"
     "\"vocab_size\":65024,\"torch_dtype\":\"bfloat16\"}"},
    {"LiquidAI/LFM2-1.2B", "bf16",
     "{\"model_type\":\"lfm2\",\"hidden_size\":2048,\"num_hidden_layers\":16,\"num_attention_heads\":32,"
     "\"num_key_value_heads\":8,\"block_ff_dim\":12288,\"block_auto_adjust_ff_dim\":true,"
     "\"block_ffn_dim_multiplier\":1.0,\"block_multiple_of\":256,\"conv_L_cache\":3,"
     "\"full_attn_idxs\":[2,5,8,10,12,14],\"vocab_size\":65536,\"max_position_embeddings\":128000,"
     "\"torch_dtype\":\"bfloat16\"}"},
    {"Qwen/Qwen3-Next-80B-A3B-Instruct", "bf16",
     "{\"model_type\":\"qwen3_next\",\"hidden_size\":2048,\"intermediate_size\":5120,\"num_hidden_layers\":48,"
     "\"num_attention_heads\":16,\"num_key_value_heads\":2,\"head_dim\":256,\"num_experts\":512,"
     "\"num_experts_per_tok\":10,\"moe_intermediate_size\":512,\"shared_expert_intermediate_size\":512,"
     "\"linear_conv_kernel_dim\":4,\"linear_key_head_dim\":128,\"linear_num_key_heads\":16,"
     "\"linear_num_value_heads\":32,\"linear_value_head_dim\":128,\"full_attention_interval\":4,"
     "\"partial_rotary_factor\":0.25,\"vocab_size\":151936,\"max_position_embeddings\":262144,"
     "\"tie_word_embeddings\":false,\"torch_dtype\":\"bfloat16\"}"},
    {"ai21labs/AI21-Jamba-Mini-1.5", "bf16",
     "{\"model_type\":\"jamba\",\"hidden_size\":4096,\"intermediate_size\":14336,\"num_hidden_layers\":32,"
     "\"num_attention_heads\":32,\"num_key_value_heads\":8,\"attn_layer_period\":8,\"attn_layer_offset\":4,"
     "\"expert_layer_period\":2,\"expert_layer_offset\":1,\"num_experts\":16,\"num_experts_per_tok\":2,"
     "\"mamba_d_conv\":4,\"mamba_d_state\":16,\"mamba_expand\":2,\"mamba_dt_rank\":256,\"vocab_size\":65536,"
     "\"max_position_embeddings\":262144,\"tie_word_embeddings\":false,\"torch_dtype\":\"bfloat16\"}"},
    {"state-spaces/mamba-130m-hf", "f32",
     "{\"model_type\":\"mamba\",\"hidden_size\":768,\"intermediate_size\":1536,\"num_hidden_layers\":24,"
     "\"state_size\":16,\"conv_kernel\":4,\"expand\":2,\"time_step_rank\":48,\"vocab_size\":50280,"
     "\"torch_dtype\":\"float32\"}"},
    {"ibm-granite/granite-4.0-h-tiny", "bf16",
     "{\"model_type\":\"granitemoehybrid\",\"hidden_size\":1536,\"num_hidden_layers\":40,\"num_attention_heads\":12,"
     "\"num_key_value_heads\":4,\"layer_types\":[\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"attention\","
     "\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"attention\",\"mamba\","
     "\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"attention\",\"mamba\",\"mamba\","
     "\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"attention\",\"mamba\",\"mamba\",\"mamba\","
     "\"mamba\"],\"mamba_n_heads\":48,\"mamba_d_head\":64,\"mamba_expand\":2,\"mamba_d_state\":128,"
     "\"mamba_d_conv\":4,\"mamba_n_groups\":1,\"num_local_experts\":64,\"num_experts_per_tok\":6,"
     "\"intermediate_size\":512,\"shared_intermediate_size\":1024,\"vocab_size\":100352,"
     "\"max_position_embeddings\":131072,\"embedding_multiplier\":12,\"logits_scaling\":6,"
     "\"residual_multiplier\":0.22,\"attention_multiplier\":0.0078125,\"tie_word_embeddings\":true,"
     "\"torch_dtype\":\"bfloat16\"}"},
    {"nvidia/Nemotron-H-8B-Base-8K", "bf16",
     "{\"model_type\":\"nemotron_h\",\"hidden_size\":4096,\"intermediate_size\":21504,\"num_hidden_layers\":52,"
     "\"hybrid_override_pattern\":\"M-M-M-M*-M-M-M-M-M*-M-M-M-M-M*-M-M-M-M-M*-M-M-M-M-M-\",\"num_attention_heads\":32,"
     "\"num_key_value_heads\":8,\"attention_head_dim\":128,\"mamba_num_heads\":128,\"mamba_head_dim\":64,"
     "\"n_groups\":8,\"ssm_state_size\":128,\"conv_kernel\":4,\"time_step_limit\":[0.0,Infinity],"
     "\"vocab_size\":131072,\"max_position_embeddings\":8192,\"tie_word_embeddings\":false,"
     "\"torch_dtype\":\"bfloat16\"}"},
    {"BAAI/bge-base-en-v1.5", "",
     "{\"model_type\":\"bert\",\"hidden_size\":768,\"intermediate_size\":3072,\"num_hidden_layers\":12,"
     "\"num_attention_heads\":12,\"vocab_size\":30522,\"type_vocab_size\":2,\"max_position_embeddings\":512}"},
};

static void compare(const vf_model *got, const vf_model *want, const char *id)
{
    vf_model_facts a, b;
    vf_model_describe(got, &a);
    vf_model_describe(want, &b);
    CHECK_U64(a.parameters, b.parameters, id);
    CHECK_U64(got->n_layers, want->n_layers, id);
    CHECK_U64(got->n_tensors, want->n_tensors, id);
    CHECK_STR(a.architecture, b.architecture, id);
    for (uint32_t il = 0; il < got->n_layers && il < want->n_layers; il++) {
        const vf_layer *x = &got->layers[il], *y = &want->layers[il];
#define SAME(field) CHECK(x->field == y->field, "%s: layer %u: %u, %u", id, il, (uint32_t)x->field, (uint32_t)y->field)
        SAME(attention);
        SAME(recurrent);
        SAME(ffn);
        SAME(windowed);
        SAME(has_cache);
        SAME(n_head);
        SAME(n_head_kv);
        SAME(head_k);
        SAME(head_v);
        SAME(n_rot);
        SAME(n_ff);
        SAME(n_ff_exp);
        SAME(n_ff_shexp);
        SAME(n_expert);
        SAME(n_expert_used);
        SAME(state_r);
        SAME(state_s);
#undef SAME
    }
}

static void test_published(void)
{
    uint32_t compared = 0;
    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) {
        memory_allocator counts = {0};
        vf_allocator a = {memory_resize, &counts};
        vf_model *got = NULL, *want = NULL;
        vf_error err = {0};
        uint32_t index;
        outcome o = read_config(published[i].config, &counts, &got);
        CHECK(o.status == VF_OK, "%s: %s: %s", published[i].id, o.err.key, o.err.text);
        if (got)
            CHECK_STR(got->published_quant, published[i].quant, published[i].id);
        if (vf_catalog_find(catalog, VF_KIND_MODEL, published[i].id, &index, &err) == VF_OK &&
            vf_catalog_model_open(catalog, index, &a, &want, &err) == VF_OK && got) {
            compare(got, want, published[i].id);
            compared++;
        } else {
            printf("%s: not in the catalog\n", published[i].id);
        }
        vf_model_free(got);
        vf_model_free(want);
        CHECK_U64(counts.in_use, 0, "bytes not given back");
    }
    CHECK(compared >= 12, "%u models compared", compared);
}

static void test_no_memory(void)
{
    for (uint64_t fail = 1; fail < 1000; fail++) {
        memory_allocator counts = {.fail_at = fail, .sticky = fail & 1};
        vf_model *m = NULL;
        outcome o = read_config(published[10].config, &counts, &m);
        vf_model_free(m);
        CHECK_U64(counts.in_use, 0, "bytes not given back");
        if (o.calls < fail)
            return;
        CHECK(o.status == VF_ERR_NOMEM, "allocation %" PRIu64 ": status %d", fail, (int)o.status);
    }
    CHECK(false, "endless");
}

int main(void)
{
    memory_allocator counts = {0};
    vf_allocator a = {memory_resize, &counts};
    vf_error err = {0};
    CHECK(vf_catalog_new(&a, &catalog, &err) == VF_OK, "%s", err.text);
    test_published();
    test_no_memory();
    vf_catalog_free(catalog);
    return CHECK_END();
}
