/* config.json: with files of tensors beside it, one thing wrong at a time, schemes of quantization. */
#include "config_read.h"

/* ---- with the safetensors files beside it -------------------------------------------------------- */

static memory_file headers_file;

static vf_status open_header(void *ctx, uint32_t i, uint32_t n, vf_source *part, vf_error *err)
{
    (void)ctx;
    (void)i;
    (void)n;
    (void)err;
    *part = memory_source(&headers_file, true, true);
    return VF_OK;
}

static void test_headers(void)
{
    static const char config[] = "{\"model_type\":\"llama\",\"hidden_size\":64,\"intermediate_size\":96,"
                                 "\"num_hidden_layers\":1,\"num_attention_heads\":4,\"num_key_value_heads\":2,"
                                 "\"vocab_size\":100,\"tie_word_embeddings\":true,\"torch_dtype\":\"bfloat16\"}";
    static const struct {
        const char *name;
        uint32_t rows, columns;
    } tensors[] = {
        {"model.embed_tokens", 100, 64}, {"model.norm", 1, 64},
        {"model.layers.0.input_layernorm", 1, 64}, {"model.layers.0.post_attention_layernorm", 1, 64},
        {"model.layers.0.self_attn.q_proj", 64, 64}, {"model.layers.0.self_attn.k_proj", 32, 64},
        {"model.layers.0.self_attn.v_proj", 32, 64}, {"model.layers.0.self_attn.o_proj", 64, 64},
        {"model.layers.0.mlp.gate_proj", 96, 64}, {"model.layers.0.mlp.up_proj", 96, 64},
        {"model.layers.0.mlp.down_proj", 64, 96},
    };
    unsigned char file[4096] = {0};
    char *text = (char *)file + 8, *at = text;
    uint64_t offset = 0;
    for (size_t i = 0; i < sizeof tensors / sizeof tensors[0]; i++) {
        uint64_t bytes = 2 * (uint64_t)tensors[i].rows * tensors[i].columns;
        at += sprintf(at, "%s\"%s.weight\":{\"dtype\":\"BF16\",\"shape\":[", i ? "," : "{", tensors[i].name);
        at += tensors[i].rows > 1 ? sprintf(at, "%u,%u]", tensors[i].rows, tensors[i].columns)
                                  : sprintf(at, "%u]", tensors[i].columns);
        at += sprintf(at, ",\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", offset, offset + bytes);
        offset += bytes;
    }
    strcpy(at, "}");
    uint64_t n = strlen(text);
    file[0] = (unsigned char)n;
    file[1] = (unsigned char)(n >> 8);
    headers_file = (memory_file){.bytes = file, .n = 8 + n, .size = 8 + n + offset};
    memory_allocator counts = {0};
    vf_allocator a = {memory_resize, &counts};
    const vf_parts parts = {open_header, NULL, NULL};
    vf_model *generated = NULL, *read = NULL;
    vf_error err = {0};
    CHECK(vf_config_read(catalog, "c", config, strlen(config), NULL, 0, &a, &generated, &err) == VF_OK, "%s", err.text);
    CHECK(vf_config_read(catalog, "c", config, strlen(config), &parts, 1, &a, &read, &err) == VF_OK, "%s", err.text);
    if (generated && read) {
        vf_model_facts x, y;
        vf_model_describe(generated, &x);
        vf_model_describe(read, &y);
        CHECK(!x.has_types && y.has_types, "types");
        CHECK_U64(y.parameters, x.parameters, "parameters");
        CHECK_U64(y.model_bytes, offset, "bytes");
        CHECK_U64(read->n_tensors, generated->n_tensors, "tensors");
        CHECK(read->tied && generated->tied, "tied");
        for (size_t i = 0; i < generated->n_tensors; i++) {
            const vf_tensor *g = &generated->tensors[i], *t = vf_model_tensor(read, g->layer, g->role, g->part);
            CHECK(t && memcmp(t->ne, g->ne, sizeof t->ne) == 0, "tensor %zu of role %u", i, g->role);
        }
    }
    vf_model_free(generated);
    vf_model_free(read);
    CHECK_U64(counts.in_use, 0, "bytes not given back");
    CHECK_U64(counts.wrong_sizes, 0, "blocks given back with a wrong size");
}

/* ---- one thing wrong ----------------------------------------------------------------------------- */

static void expect_error(const char *text, const char *word)
{
    memory_allocator counts = {0};
    vf_model *m = NULL;
    outcome o = read_config(text, &counts, &m);
    CHECK(o.status != VF_OK, "accepted: %s", text);
    CHECK(strstr(o.err.text, word) || strstr(o.err.key, word), "'%s' is not in '%s: %s'", word, o.err.key, o.err.text);
    vf_model_free(m);
    CHECK_U64(counts.in_use, 0, "bytes not given back");
}

/** A small Llama with one more field in front, which may be one of its own. */
static void with_field(const char *field, const char *leave_out, const char *word)
{
    static const char *const fields[] = {"\"model_type\":\"llama\"", "\"hidden_size\":64", "\"intermediate_size\":128",
                                         "\"num_hidden_layers\":2", "\"num_attention_heads\":4", "\"vocab_size\":100",
                                         "\"max_position_embeddings\":128"};
    char text[2048];
    int n = snprintf(text, sizeof text, "{%s", field);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (!leave_out || strncmp(fields[i] + 1, leave_out, strlen(leave_out)) != 0)
            n += snprintf(text + n, sizeof text - (size_t)n, "%s%s", n > 1 ? "," : "", fields[i]);
    (void)snprintf(text + n, sizeof text - (size_t)n, "}");
    if (word) {
        expect_error(text, word);
        return;
    }
    memory_allocator counts = {0};
    vf_model *m = NULL;
    outcome o = read_config(text, &counts, &m);
    CHECK(o.status == VF_OK, "%s: %s: %s", field, o.err.key, o.err.text);
    vf_model_free(m);
}

static void test_bad(void)
{
    static const char *const required[] = {"num_hidden_layers", "hidden_size", "num_attention_heads"};
    static const char *const values[] = {"null", "\"32\"", "true", "[32]", "{}", "-32", "0", "32.5", "1e9", "1e308", "NaN",
                                         "9007199254740993", "1e400", "-0"};
    char field[128];
    with_field("\"x\":[0.0,Infinity,-Infinity,NaN]", NULL, NULL);
    for (size_t k = 0; k < 3; k++) {
        with_field("", required[k], required[k]);
        for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
            (void)snprintf(field, sizeof field, "\"%s\":%s", required[k], values[v]);
            with_field(field, required[k], required[k]);
        }
    }
    with_field("\"num_hidden_layers\":2048", "num_hidden_layers", NULL);
    with_field("\"num_hidden_layers\":2049", "num_hidden_layers", "2048");
    with_field("\"num_key_value_heads\":[2,4]", NULL, NULL);
    with_field("\"num_key_value_heads\":[2]", NULL, "1 elements for 2 layers");
    with_field("\"num_key_value_heads\":[2,4,4]", NULL, "3 elements for 2 layers");
    with_field("\"num_key_value_heads\":[]", NULL, "empty array");
    with_field("\"num_key_value_heads\":[2,-4]", NULL, "num_key_value_heads");
    with_field("\"vocab_size\":[9,8]", "vocab_size", "same for every layer");
    with_field("\"layer_types\":\"sliding_attention\"", NULL, "layers");
    with_field("\"layer_types\":[\"a\",7]", NULL, "layer_types");
    with_field("\"partial_rotary_factor\":1.5", NULL, "from 0 to 1");
    with_field("\"rope_scaling\":{\"type\":\"linear\",\"factor\":-1}", NULL, "from 0 to 1000000");
    with_field("\"rope_scaling\":{\"type\":\"linear\",\"factor\":1000001}", NULL, "from 0 to 1000000");
    with_field("\"rope_scaling\":{\"type\":\"linear\",\"factor\":\"x\"}", NULL, "from 0 to 1000000");
    with_field("\"rope_scaling\":{\"mrope_section\":[]}", NULL, "one element");
    with_field("\"rope_scaling\":{\"mrope_section\":[16,-1]}", NULL, "/rope_scaling/mrope_section/1");
    with_field("\"partial_rotary_factor\":-0.5", NULL, "from 0 to 1");
    with_field("\"partial_rotary_factor\":\"half\"", NULL, "from 0 to 1");
    with_field("\"layer_types\":{}", NULL, "an array with a word");
    with_field("\"norm_topk_prob\":\"yes\"", NULL, "norm_topk_prob");
    with_field("\"head_dim\":\"128\"", NULL, "head_dim");
    with_field("\"torch_dtype\":\"float7\"", NULL, "torch_dtype");
    with_field("\"torch_dtype\":16", NULL, "torch_dtype");
    with_field("\"tie_word_embeddings\":\"false\"", NULL, "tie_word_embeddings");
    with_field("\"quantization_config\":[]", NULL, "quantization_config");
    with_field("\"quantization_config\":{\"bits\":\"4\"}", NULL, "bits");
    with_field("\"quantization_config\":{\"bits\":0}", NULL, "a number of bits from 1 to 32");
    with_field("\"quantization_config\":{\"bits\":33}", NULL, "a number of bits from 1 to 32");
    with_field("\"quantization_config\":{\"quant_method\":4}", NULL, "quant_method");
    with_field("\"quantization_config\":{\"bits\":2.5,\"group_size\":64}", NULL, "bits");
    with_field("\"quantization_config\":{\"bits\":4,\"group_size\":0}", NULL, "group_size");
    with_field("\"quantization_config\":{\"bits\":4,\"group_size\":\"x\"}", NULL, "group_size");
    with_field("\"text_config\":\"x\"", NULL, "text_config");
    with_field("\"model_type\":5", "model_type", "model_type");
    with_field("\"model_type\":\"zzz\"", "model_type", "zzz");
    with_field("", "model_type", "model_type");
    expect_error("[]", "object");
    expect_error("", "empty");
    expect_error("<html>", "JSON");
}

/* One thing wrong in a field that a kind of model has; each row is that model but for the fields that it names. */
static void test_bad_kinds(void)
{
    static const struct {
        const char *type, *fields, *word;
    } rows[] = {
        {"mpt", "\"d_model\":64,\"expansion_ratio\":\"4\"", "expansion_ratio"},
        {"mpt", "\"d_model\":\"64\",\"expansion_ratio\":4", "d_model"},
        {"mpt", "\"d_model\":64,\"expansion_ratio\":4294967295", "what follows for feed_forward_length is too large"},
        {"mpt", "\"d_model\":64,\"n_heads\":4,\"n_layers\":2,\"expansion_ratio\":1048577", "what follows for feed_forward_length is too large (limit 67108864)"},
        {"mpt", "\"d_model\":64,\"n_heads\":4,\"n_layers\":2,\"expansion_ratio\":1048576", NULL},
        {"jamba", "\"attn_layer_period\":0,\"attn_layer_offset\":1,\"num_key_value_heads\":4", "attn_layer_period"},
        {"jamba", "\"attn_layer_period\":2,\"attn_layer_offset\":-1,\"num_key_value_heads\":4", "attn_layer_offset"},
        {"jamba", "\"attn_layer_period\":2,\"attn_layer_offset\":1,\"num_key_value_heads\":\"4\"", "num_key_value_heads"},
        {"lfm2", "\"full_attn_idxs\":7,\"num_key_value_heads\":4", "an array of layer numbers"},
        {"lfm2", "\"full_attn_idxs\":[2],\"num_key_value_heads\":4", "full_attn_idxs"},
        {"lfm2", "\"full_attn_idxs\":[\"a\"],\"num_key_value_heads\":4", "full_attn_idxs"},
        {"lfm2", "\"block_ff_dim\":0,\"block_multiple_of\":256", "block_ff_dim"},
        {"lfm2", "\"block_ff_dim\":96,\"block_multiple_of\":0", "block_multiple_of"},
        {"lfm2", "\"block_ff_dim\":96,\"block_multiple_of\":256,\"block_auto_adjust_ff_dim\":true,\"block_ffn_dim_multiplier\":65", "a number up to 64"},
        {"lfm2", "\"block_ff_dim\":96,\"block_multiple_of\":256,\"block_auto_adjust_ff_dim\":true,\"block_ffn_dim_multiplier\":0", "a number up to 64"},
        {"lfm2", "\"block_ff_dim\":96,\"block_multiple_of\":256,\"block_auto_adjust_ff_dim\":true,\"block_ffn_dim_multiplier\":\"1\"", "a number up to 64"},
        {"gemma4_text", "\"layer_types\":[\"a\",\"b\"],\"num_global_key_value_heads\":2,\"num_key_value_heads\":\"4\"", "num_key_value_heads"},
        {"gemma4_text", "\"layer_types\":[\"a\",\"b\"],\"num_global_key_value_heads\":-2,\"num_key_value_heads\":4", "num_global_key_value_heads"},
        {"nemotron_h", "\"hybrid_override_pattern\":\"M*-\",\"num_key_value_heads\":2", "3 elements for 2 layers"},
        {"nemotron_h", "\"hybrid_override_pattern\":\"M\",\"num_key_value_heads\":2", "1 elements for 2 layers"},
        {"glm4_moe", "\"mlp_layer_types\":\"dense\"", "mlp_layer_types"},
        {"glm4_moe", "\"num_nextn_predict_layers\":\"1\"", "num_nextn_predict_layers"},
    };
    char field[512];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)snprintf(field, sizeof field, "\"model_type\":\"%s\",%s", rows[i].type, rows[i].fields);
        with_field(field, "model_type", rows[i].word);
    }
    char long_list[4 * 2049 + 64];
    size_t n = (size_t)snprintf(long_list, sizeof long_list, "{\"model_type\":\"llama\",\"num_key_value_heads\":[");
    for (int i = 0; i < 2049; i++)
        n += (size_t)snprintf(long_list + n, sizeof long_list - n, i ? ",1" : "1");
    (void)snprintf(long_list + n, sizeof long_list - n, "]}");
    expect_error(long_list, "more than 2048 elements");
}

static void test_quants(void)
{
    static const struct {
        const char *config, *quant;
    } rows[] = {
        {"{\"quant_method\":\"awq\",\"bits\":4,\"group_size\":128}", "awq"},
        {"{\"quant_method\":\"awq\",\"bits\":4,\"group_size\":32}", "awq-g32"},
        {"{\"quant_method\":\"gptq\",\"bits\":8,\"group_size\":128}", "gptq-8bit"},
        {"{\"quant_method\":\"gptq\",\"bits\":4,\"group_size\":64}", "gptq-g64"},
        {"{\"quant_method\":\"bitsandbytes\",\"load_in_8bit\":true,\"load_in_4bit\":false}", "int8"},
        {"{\"quant_method\":\"bitsandbytes\",\"load_in_8bit\":false,\"bnb_4bit_quant_type\":\"nf4\"}", "nf4"},
        {"{\"quant_method\":\"bitsandbytes\",\"bnb_4bit_quant_type\":\"nf4\",\"bnb_4bit_use_double_quant\":true}", "nf4-dq"},
        {"{\"quant_method\":\"fp8\"}", "fp8"},
        {"{\"quant_method\":\"compressed-tensors\",\"format\":\"pack-quantized\",\"config_groups\":{\"group_0\":"
         "{\"weights\":{\"group_size\":32}}}}", "w4a16-g32"},
        {"{\"quant_method\":\"modelopt\",\"quant_algo\":\"NVFP4\"}", "nvfp4"},
        {"{\"bits\":4,\"group_size\":64}", "mlx-4bit-g64"},
        {"{\"quant_method\":\"bitsandbytes\",\"load_in_8bit\":\"yes\"}", "int8"},
        {"{\"quant_method\":\"awq\",\"group_size\":64.5}", "awq"},
        {"{\"quant_method\":\"gptq\",\"bits\":\"\"}", NULL},
        {"{\"quant_method\":\"zzz\"}", "zzz"},
        {"{\"bits\":4}", "f16"}, /* what else is said: the dtype */
        {"{\"group_size\":64}", "f16"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[1024];
        memory_allocator counts = {0};
        vf_model *m = NULL;
        uint32_t index;
        vf_error err = {0};
        (void)snprintf(text, sizeof text,
                       "{\"model_type\":\"llama\",\"hidden_size\":64,\"num_hidden_layers\":2,\"num_attention_heads\":4,"
                       "\"intermediate_size\":128,\"vocab_size\":100,\"torch_dtype\":\"float16\","
                       "\"quantization_config\":%s}", rows[i].config);
        outcome o = read_config(text, &counts, &m);
        CHECK(o.status == (rows[i].quant ? VF_OK : VF_ERR_DATA), "%s: %s", rows[i].config, o.err.text);
        if (m)
            CHECK_STR(m->published_quant, rows[i].quant, rows[i].config);
        vf_model_free(m);
        CHECK(!rows[i].quant || strcmp(rows[i].quant, "zzz") == 0 ||
                  vf_catalog_find(catalog, VF_KIND_QUANT, rows[i].quant, &index, &err) == VF_OK,
              "%s is not in the catalog", rows[i].quant);
    }
}

/* How many bits of a weight a quantizer packs into a number. */
static void test_pack_bits(void)
{
    static const struct {
        const char *config;
        uint32_t bits;
    } rows[] = {
        {"{\"quant_method\":\"aqlm\"}", 2},  {"{\"quant_method\":\"bitnet\"}", 2}, {"{\"quant_method\":\"hqq\"}", 4},
        {"{\"quant_method\":\"awq\",\"w_bit\":3}", 3}, {"{\"quant_method\":\"awq\",\"w_bit\":0}", 4},
        {"{\"quant_method\":\"awq\",\"w_bit\":33}", 4}, {"{\"quant_method\":\"awq\",\"w_bit\":\"8\"}", 4},
        {"{\"config_groups\":{\"group_0\":{\"weights\":{\"num_bits\":8}}}}", 8}, {"{\"bits\":5,\"w_bit\":3}", 5}, {"{}", 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[512];
        memory_allocator counts = {0};
        vf_model *m = NULL;
        (void)snprintf(text, sizeof text, "{\"model_type\":\"llama\",\"hidden_size\":64,\"num_hidden_layers\":2,\"num_attention_heads\":4,"
                       "\"intermediate_size\":128,\"vocab_size\":100,\"quantization_config\":%s}", rows[i].config);
        outcome o = read_config(text, &counts, &m);
        CHECK(o.status == VF_OK && m->pack_bits == rows[i].bits, "%s: %s, %d bits", rows[i].config, o.err.text, m ? m->pack_bits : -1);
        vf_model_free(m);
    }
}

/** Rules that the published configurations above do not walk. */
static void test_rules(void)
{
    static const struct {
        const char *field;
        vf_hparam_id id;
        uint32_t value;
    } rows[] = {
        {"\"routed_scaling_factor\":2.5", VF_HP_expert_weights_scale, 1},
        {"\"routed_scaling_factor\":1.0", VF_HP_expert_weights_scale, 0},
        {"\"norm_topk_prob\":false", VF_HP_expert_weights_norm, 0},
        {"\"norm_topk_prob\":true", VF_HP_expert_weights_norm, 1},
        {"\"partial_rotary_factor\":0.5", VF_HP_rope_dimension_count, 8},
        {"\"n_shared_experts\":[1,1]", VF_HP_expert_shared_count, 1},
        {"\"sliding_window\":64,\"use_sliding_window\":true", VF_HP_sliding_window, 64},
        {"\"sliding_window\":64,\"use_sliding_window\":false", VF_HP_sliding_window, 0},
        {"\"attn_config\":{\"kv_n_heads\":2}", VF_HP_head_count_kv, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[1024];
        uint32_t value;
        memory_allocator counts = {0};
        vf_model *m = NULL;
        (void)snprintf(text, sizeof text,
                       "{\"model_type\":\"llama\",\"hidden_size\":64,\"num_hidden_layers\":2,\"num_attention_heads\":4,"
                       "\"intermediate_size\":128,\"vocab_size\":100,%s}", rows[i].field);
        outcome o = read_config(text, &counts, &m);
        CHECK(o.status == VF_OK, "%s: %s: %s", rows[i].field, o.err.key, o.err.text);
        if (m) {
            memcpy(&value, (const char *)&m->hp + vf_hparam_fields[rows[i].id].offset, sizeof value);
            CHECK_U64(value, rows[i].value, rows[i].field);
        }
        vf_model_free(m);
    }
}

/* Rules of some kinds of model, layer by layer. */
static void test_kinds(void)
{
    static const struct {
        const char *type, *fields;
        vf_hparam_id id;
        uint32_t value[4];
    } rows[] = {
#define NEMOTRON "\"mamba_num_heads\":4,\"mamba_head_dim\":32,\"ssm_state_size\":16,\"conv_kernel\":4,\"n_groups\":1,\"num_key_value_heads\":2,"
        {"nemotron_h", NEMOTRON "\"hybrid_override_pattern\":\"M*-M\"", VF_HP_head_count_kv, {0, 2, 0, 0}},
        {"nemotron_h", NEMOTRON "\"hybrid_override_pattern\":\"M*-M\"", VF_HP_feed_forward_length, {0, 0, 128, 0}},
#define JAMBA "\"num_key_value_heads\":2,\"mamba_d_conv\":4,\"mamba_d_state\":16,\"mamba_expand\":2,\"num_experts\":2,\"num_experts_per_tok\":1,"
        {"jamba", JAMBA "\"mamba_dt_rank\":\"auto\",\"attn_layer_period\":2,\"attn_layer_offset\":1", VF_HP_head_count_kv, {0, 2, 0, 2}},
        {"jamba", JAMBA "\"attn_layer_period\":3,\"attn_layer_offset\":0", VF_HP_head_count_kv, {2, 0, 0, 2}},
        {"jamba", JAMBA "\"mamba_dt_rank\":\"auto\",\"attn_layer_period\":2", VF_HP_ssm_time_step_rank, {4}},
        {"jamba", JAMBA "\"mamba_dt_rank\":7,\"attn_layer_period\":2", VF_HP_ssm_time_step_rank, {7}},
#define LFM2 "\"conv_L_cache\":3,\"num_key_value_heads\":2,\"full_attn_idxs\":[2,0],\"block_multiple_of\":32,"
        {"lfm2", LFM2 "\"block_ff_dim\":96", VF_HP_head_count_kv, {2, 0, 2, 0}},
        {"lfm2", LFM2 "\"block_ff_dim\":99", VF_HP_feed_forward_length, {99, 99, 99, 99}},
        {"lfm2", LFM2 "\"block_ff_dim\":99,\"block_auto_adjust_ff_dim\":true", VF_HP_feed_forward_length, {96, 96, 96, 96}},
        {"lfm2", LFM2 "\"block_ff_dim\":99,\"block_auto_adjust_ff_dim\":true,\"block_ffn_dim_multiplier\":1.5", VF_HP_feed_forward_length, {128, 128, 128, 128}},
#define GLM "\"n_routed_experts\":4,\"num_experts_per_tok\":2,\"moe_intermediate_size\":32,\"head_dim\":16,"
        {"glm4_moe", GLM "\"mlp_layer_types\":[\"dense\",\"dense\",\"sparse\",\"dense\"],\"n_shared_experts\":1", VF_HP_leading_dense_block_count, {2}},
        {"glm4_moe", GLM "\"num_nextn_predict_layers\":1,\"n_shared_experts\":1,\"num_key_value_heads\":[1,2,4,2]", VF_HP_head_count_kv, {1, 2, 4, 2}},
        {"falcon", "\"multi_query\":true", VF_HP_head_count_kv, {1, 1, 1, 1}},
        {"falcon", "\"multi_query\":true,\"new_decoder_architecture\":true,\"num_kv_heads\":2", VF_HP_head_count_kv, {2, 2, 2, 2}},
        {"falcon", "\"multi_query\":false", VF_HP_head_count_kv, {0}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[1024];
        memory_allocator counts = {0};
        vf_model *m = NULL;
        (void)snprintf(text, sizeof text, "{\"model_type\":\"%s\",\"hidden_size\":64,\"num_hidden_layers\":4,\"num_attention_heads\":4,"
                       "\"intermediate_size\":128,\"vocab_size\":100,%s}", rows[i].type, rows[i].fields);
        outcome o = read_config(text, &counts, &m);
        CHECK(o.status == VF_OK, "%s: %s: %s", text, o.err.key, o.err.text);
        if (!m)
            continue;
        const void *at = (const char *)&m->hp + vf_hparam_fields[rows[i].id].offset;
        bool list = vf_hparam_fields[rows[i].id].kind == VF_FIELD_PER_LAYER;
        for (uint32_t il = 0; il < (list ? 4 : 1); il++) {
            uint32_t value;
            memcpy(&value, at, sizeof value);
            CHECK_U64(list ? vf_at(at, m->pool, il) : value, rows[i].value[il], text);
        }
        vf_model_free(m);
    }
}

/* The name that a configuration gives itself counts where it is that of a repository, not of somebody's folder. */
static void test_own_name(void)
{
    static const struct {
        const char *field, *name;
    } rows[] = {{"\"org/Model-1B\"", "org/Model-1B"}, {"\"/models/Model-1B\"", ""}, {"\"./Model-1B\"", ""}, {"5", ""}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[512];
        memory_allocator counts = {0};
        vf_model *m = NULL;
        (void)snprintf(text, sizeof text, "{\"_name_or_path\":%s,\"model_type\":\"llama\",\"hidden_size\":64,\"num_hidden_layers\":2,"
                       "\"num_attention_heads\":4,\"intermediate_size\":128,\"vocab_size\":100}", rows[i].field);
        outcome o = read_config(text, &counts, &m);
        CHECK(o.status == VF_OK && (rows[i].name[0] ? strcmp(m->name, rows[i].name) == 0 : !strstr(m->name, "Model-1B")), "%s: '%s' %s",
              rows[i].field, m ? m->name : "", o.err.text);
        vf_model_free(m);
    }
}

int main(void)
{
    memory_allocator counts = {0};
    vf_allocator a = {memory_resize, &counts};
    vf_error err = {0};
    CHECK(vf_catalog_new(&a, &catalog, &err) == VF_OK, "%s", err.text);
    test_headers();
    test_bad();
    test_bad_kinds();
    test_quants();
    test_pack_bits();
    test_rules();
    test_kinds();
    test_own_name();
    vf_catalog_free(catalog);
    return CHECK_END();
}
