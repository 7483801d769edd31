/* Fields of config.json that models of a kind have, or that people get wrong: what they come to, with files of tensors
 * beside them and without, and whatever fails on the way. */
#include "memory.h"
#include "model/model.h"

static vf_catalog *catalog;
static memory_allocator counts;
static const vf_allocator heap = {memory_resize, &counts};

#define REST "\"hidden_size\":64,\"num_hidden_layers\":4,\"num_attention_heads\":4,\"intermediate_size\":128,\"vocab_size\":100"

/* ---- files beside it ---------------------------------------------------------------------------- */

/** Headers with some tensors whose rows are 0 bytes, so that there are no data. */
static unsigned char header_bytes[8192];
static memory_file header_file;

static void make_header(uint32_t n)
{
    char *text = (char *)header_bytes + 8, *at = text;
    *at++ = '{';
    for (uint32_t i = 0; i < n; i++)
        at += sprintf(at, "%s\"model.layers.%u.self_attn.q_proj.weight\":{\"dtype\":\"BF16\",\"shape\":[0,64],\"data_offsets\":[0,0]}", i ? "," : "", i);
    strcpy(at, "}");
    uint64_t length = strlen(text);
    for (int i = 0; i < 8; i++)
        header_bytes[i] = (unsigned char)(length >> (8 * i));
    header_file = (memory_file){.bytes = header_bytes, .n = 8 + length, .size = 8 + length};
}

static vf_status open_header(void *ctx, uint32_t i, uint32_t n, vf_source *part, vf_error *err)
{
    (void)ctx;
    (void)i;
    (void)n;
    (void)err;
    *part = memory_source(&header_file, true, true);
    return VF_OK;
}

static const vf_parts parts = {open_header, NULL, NULL};

/** NULL: refused. */
static vf_model *read_config(const char *text, uint32_t n_headers, vf_error *err)
{
    vf_model *m = NULL;
    vf_status s = vf_config_read(catalog, "config.json", text, strlen(text), &parts, n_headers, &heap, &m, err);
    CHECK((s == VF_OK) == (m != NULL), "model and status differ");
    if (s != VF_OK && err)
        check_error(err, s, text);
    return m;
}

/* A kind of model that nobody knows can be read where its tensors are told; else what is said names the kind. */
static void test_unknown_kind(void)
{
    static const struct {
        const char *text;
        uint32_t headers;
        const char *key, *says;
    } rows[] = {
        {"{\"model_type\":\"zzz\"," REST "}", 1, NULL, NULL},
        {"{\"model_type\":\"zzz\"," REST ",\"tie_word_embeddings\":true}", 1, NULL, NULL},
        {"{\"model_type\":\"zzz\"," REST "}", 0, "/model_type", "found the string 'zzz', expected a model type whose tensors are known"},
        {"{\"model_type\":\"yyy\",\"text_config\":{" REST "}}", 0, "/model_type", "'yyy'"},
        {"{\"model_type\":\"yyy\",\"text_config\":{\"model_type\":\"zzz\"," REST "}}", 0, "/text_config/model_type", "'zzz'"},
        {"{\"model_type\":\"llama\",\"text_config\":{\"model_type\":\"zzz\"," REST "}}", 0, NULL, NULL}, /* the whole's is known */
        {"{\"model_type\":\"zzz\",\"language_config\":{\"model_type\":\"llama\"," REST "}}", 0, NULL, NULL},
        {"{\"model_type\":\"zzz\",\"llm_config\":{\"model_type\":\"llama\"," REST "}}", 0, NULL, NULL},
        {"{\"llm_config\":[],\"model_type\":\"llama\"," REST "}", 0, "/llm_config", "expected an object"},
    };
    make_header(3);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_error err = {0};
        vf_model *m = read_config(rows[i].text, rows[i].headers, &err);
        CHECK((m != NULL) == !rows[i].key, "%s: %s: %s", rows[i].text, err.key, err.text);
        if (m && rows[i].headers)
            CHECK(!m->known_arch && strcmp(m->arch_name, "zzz") == 0 && m->n_tensors == 3, "%s, %zu tensors", m->arch_name,
                  m->n_tensors);
        if (rows[i].key) {
            CHECK_STR(err.key, rows[i].key, rows[i].text);
            CHECK(strstr(err.text, rows[i].says), "%s: %s", rows[i].text, err.text);
            CHECK(!read_config(rows[i].text, rows[i].headers, NULL), "nobody to tell");
        }
        vf_model_free(m);
    }
}

/** Each allocation fails, once or from there on, where lists are read and tensors are, more of both than room is made
 * for at first; and each byte of the header that cannot be read is an error. */
static void test_failures(void)
{
    static const char text[] = "{\"model_type\":\"glm4_moe\",\"n_routed_experts\":4,\"num_experts_per_tok\":2,\"moe_intermediate_size\":32,\"head_dim\":16,"
                               "\"n_shared_experts\":1,\"num_nextn_predict_layers\":1,\"num_key_value_heads\":[1,2,4,2]," REST "}";
    static const char lists[] = "{\"model_type\":\"llama\",\"num_key_value_heads\":[4,2,1,4]," REST ",\"layer_types\":[\"full_attention\",\"full_attention\","
                                "\"sliding_attention\",\"full_attention\"],\"sliding_window\":8}";
    static const char long_list[] = "{\"model_type\":\"glm4_moe\",\"n_routed_experts\":4,\"num_experts_per_tok\":2,\"moe_intermediate_size\":32,\"head_dim\":16,"
                                    "\"n_shared_experts\":1,\"num_nextn_predict_layers\":1,\"num_key_value_heads\":[1,2,4,2,1,2,4,2,1,2,4,2,1,2,4,2],"
                                    "\"hidden_size\":64,\"num_hidden_layers\":16,\"num_attention_heads\":4,\"intermediate_size\":128,\"vocab_size\":100}";
    static const char sections[] = "{\"model_type\":\"qwen2_vl\",\"rope_scaling\":{\"mrope_section\":[16,24,24]}," REST "}";
    static const char *const texts[] = {text, lists, long_list, sections};
    make_header(40);
    for (int k = 0; k < 8; k++) {
        uint64_t fail = 1;
        for (bool failed = true; failed; fail++) {
            memory_allocator few = {.fail_at = fail, .sticky = fail & 1};
            const vf_allocator a = {memory_resize, &few};
            vf_model *m = NULL;
            vf_error err = {0};
            vf_status s = vf_config_read(catalog, "c", texts[k / 2], strlen(texts[k / 2]), &parts, k & 1, &a, &m, k < 2 ? &err : NULL);
            failed = few.calls >= fail;
            CHECK(s == (failed ? VF_ERR_NOMEM : VF_OK), "allocation %" PRIu64 " of %d: %d %s", fail, k, (int)s, err.text);
            vf_model_free(m);
            CHECK(few.in_use == 0 && few.wrong_sizes == 0, "allocation %" PRIu64 ": not given back", fail);
        }
        CHECK(fail > 8, "%" PRIu64 " allocations", fail);
    }
    for (uint64_t at = 1; at < header_file.n; at += 31) {
        vf_error err = {0};
        header_file.chunk = 1;
        header_file.fail_at = at;
        vf_model *m = read_config(lists, 1, &err);
        CHECK(!m && err.status == VF_ERR_IO, "byte %" PRIu64 ": %s", at, err.text);
        vf_model_free(m);
    }
}

/* ---- fields ------------------------------------------------------------------------------------- */

static void expect_number(const char *text, vf_hparam_id id, uint32_t il, uint32_t value)
{
    vf_error err = {0};
    vf_model *m = read_config(text, 0, &err);
    CHECK(m != NULL, "%s: %s: %s", text, err.key, err.text);
    if (!m)
        return;
    const void *at = (const char *)&m->hp + vf_hparam_fields[id].offset;
    uint32_t got;
    memcpy(&got, at, sizeof got);
    CHECK_U64(vf_hparam_fields[id].kind == VF_FIELD_PER_LAYER ? vf_at(at, m->pool, il) : got, value, text);
    vf_model_free(m);
}

#define LLAMA(fields) "{\"model_type\":\"llama\"," fields "," REST "}"

static void test_numbers(void)
{
    static const struct {
        const char *text;
        vf_hparam_id id;
        uint32_t il, value;
    } rows[] = {
        /* a factor: there, and neither 0 nor 1 */
        {LLAMA("\"routed_scaling_factor\":2"), VF_HP_expert_weights_scale, 0, 1},
        {LLAMA("\"routed_scaling_factor\":-1"), VF_HP_expert_weights_scale, 0, 1},
        {LLAMA("\"routed_scaling_factor\":0.5"), VF_HP_expert_weights_scale, 0, 1},
        {LLAMA("\"routed_scaling_factor\":1"), VF_HP_expert_weights_scale, 0, 0},
        {LLAMA("\"routed_scaling_factor\":1.0"), VF_HP_expert_weights_scale, 0, 0},
        {LLAMA("\"routed_scaling_factor\":0"), VF_HP_expert_weights_scale, 0, 0},
        {LLAMA("\"routed_scaling_factor\":-0.0"), VF_HP_expert_weights_scale, 0, 0},
        {LLAMA("\"routed_scaling_factor\":true"), VF_HP_expert_weights_scale, 0, 1},
        {LLAMA("\"routed_scaling_factor\":false"), VF_HP_expert_weights_scale, 0, 0},
        /* a fraction of a head, to its ends */
        {LLAMA("\"head_dim\":16,\"partial_rotary_factor\":0"), VF_HP_rope_dimension_count, 0, 0},
        {LLAMA("\"head_dim\":16,\"partial_rotary_factor\":1"), VF_HP_rope_dimension_count, 0, 16},
        {LLAMA("\"head_dim\":16,\"partial_rotary_factor\":0.99"), VF_HP_rope_dimension_count, 0, 15},
        {LLAMA("\"head_dim\":32,\"partial_rotary_factor\":0.25"), VF_HP_rope_dimension_count, 0, 8},
        {LLAMA("\"partial_rotary_factor\":0.25"), VF_HP_rope_dimension_count, 0, 4}, /* 64 among 4 heads */
        /* linear scaling, in thousandths, whoever says it; other kinds are left out */
        {LLAMA("\"rope_scaling\":{\"rope_type\":\"linear\",\"factor\":8.0}"), VF_HP_rope_scaling_factor, 0, 8000},
        {LLAMA("\"rope_scaling\":{\"type\":\"linear\",\"factor\":2.5}"), VF_HP_rope_scaling_factor, 0, 2500},
        {LLAMA("\"rope_scaling\":{\"type\":\"linear\",\"factor\":1.0004}"), VF_HP_rope_scaling_factor, 0, 1000},
        {LLAMA("\"rope_scaling\":{\"type\":\"linear\",\"factor\":1000000}"), VF_HP_rope_scaling_factor, 0, 1000000000},
        {LLAMA("\"rope_parameters\":{\"rope_type\":\"linear\",\"factor\":4}"), VF_HP_rope_scaling_factor, 0, 4000},
        {LLAMA("\"rope_parameters\":{\"full_attention\":{\"rope_type\":\"linear\",\"factor\":8},\"sliding_attention\":{\"rope_type\":\"default\"}}"),
         VF_HP_rope_scaling_factor, 0, 8000},
        {LLAMA("\"rope_scaling\":{\"rope_type\":\"yarn\",\"factor\":8.0}"), VF_HP_rope_scaling_factor, 0, 0},
        {LLAMA("\"rope_scaling\":{\"rope_type\":7,\"factor\":8.0}"), VF_HP_rope_scaling_factor, 0, 0},
        {LLAMA("\"rope_scaling\":{\"factor\":8.0}"), VF_HP_rope_scaling_factor, 0, 0},
        /* sections of positions: a list that is not one of layers */
        {LLAMA("\"rope_scaling\":{\"mrope_section\":[16,24,20]}"), VF_HP_rope_dimension_sections, 2, 20},
        {LLAMA("\"rope_parameters\":{\"mrope_section\":[16,24,24,0,7]}"), VF_HP_rope_dimension_sections, 4, 7},
        /* the language part's field goes before the whole's */
        {"{\"model_type\":\"llama\",\"num_key_value_heads\":4,\"text_config\":{\"num_key_value_heads\":2," REST "}}", VF_HP_head_count_kv, 0, 2},
        {"{\"model_type\":\"llama\",\"num_key_value_heads\":4,\"text_config\":{" REST "}}", VF_HP_head_count_kv, 0, 4},
        {"{\"model_type\":\"llama\",\"num_key_value_heads\":4,\"text_config\":{\"num_key_value_heads\":null," REST "}}", VF_HP_head_count_kv, 0, 4},
        {"{\"model_type\":\"llama\",\"attn_config\":7," REST "}", VF_HP_head_count_kv, 0, 0},
        /* a list with a word for each layer; the number of the global layers, and the other one */
        {"{\"model_type\":\"gemma4_text\",\"layer_types\":[\"full_attention\",\"x\",\"full_attention\",\"x\"],\"num_global_key_value_heads\":1,"
         "\"num_key_value_heads\":2,\"head_dim\":16,\"sliding_window\":8," REST "}", VF_HP_head_count_kv, 0, 1},
        {"{\"model_type\":\"gemma4_text\",\"layer_types\":[\"full_attention\",\"x\",\"full_attention\",\"x\"],\"num_global_key_value_heads\":1,"
         "\"num_key_value_heads\":2,\"head_dim\":16,\"sliding_window\":8," REST "}", VF_HP_head_count_kv, 3, 2},
        /* how many a list begins with: words that are one, and nothing else */
        {"{\"model_type\":\"glm4_moe\",\"n_routed_experts\":4,\"num_experts_per_tok\":2,\"moe_intermediate_size\":32,\"n_shared_experts\":1,"
         "\"mlp_layer_types\":[\"dense\",7,\"dense\"]," REST "}", VF_HP_leading_dense_block_count, 0, 1},
        {"{\"model_type\":\"glm4_moe\",\"n_routed_experts\":4,\"num_experts_per_tok\":2,\"moe_intermediate_size\":32,\"n_shared_experts\":1,"
         "\"mlp_layer_types\":[\"dense\",\"dense\",\"dense\"]," REST "}", VF_HP_leading_dense_block_count, 0, 3},
        {"{\"model_type\":\"glm4_moe\",\"n_routed_experts\":4,\"num_experts_per_tok\":2,\"moe_intermediate_size\":32,\"n_shared_experts\":1,"
         "\"mlp_layer_types\":[]," REST "}", VF_HP_leading_dense_block_count, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect_number(rows[i].text, rows[i].id, rows[i].il, rows[i].value);
}

/* What is needed and not there, where another field's rule has looked for it before. */
static void test_missing(void)
{
    static const struct {
        const char *text, *key, *says;
    } rows[] = {
        {"{\"model_type\":\"llama\",\"hidden_size\":64,\"num_hidden_layers\":4,\"partial_rotary_factor\":0.5}", "num_attention_heads", "missing"},
        {"{\"model_type\":\"llama\",\"hidden_size\":64,\"num_attention_heads\":4,\"layer_types\":[\"sliding_attention\"]}", "num_hidden_layers", "missing"},
        {"{\"model_type\":\"jamba\",\"hidden_size\":64,\"num_attention_heads\":4,\"attn_layer_period\":2,\"num_key_value_heads\":2}", "num_hidden_layers", "missing"},
        {"{\"model_type\":\"llama\",\"rope_scaling\":{\"rope_type\":5}," REST ",\"num_key_value_heads\":\"x\"}", "/num_key_value_heads", "expected an integer"},
        {"{\"model_type\":\"glm4_moe\",\"mlp_layer_types\":{}," REST "}", "/mlp_layer_types", "a list"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_error err = {0};
        CHECK(!read_config(rows[i].text, 0, &err), "accepted: %s", rows[i].text);
        CHECK_STR(err.key, rows[i].key, rows[i].text);
        CHECK(strstr(err.text, rows[i].says), "%s: %s", rows[i].text, err.text);
        CHECK(!read_config(rows[i].text, 0, NULL), "nobody to tell");
    }
}

/* A list of as many layers as any model may have is read to its end, and one that is longer is none of this model's. */
static void test_long_lists(void)
{
    static char text[2050 * 4 + 1024];
    for (int words = 0; words < 2; words++)
        for (uint32_t n = 2047; n <= 2049; n++) {
            vf_error err = {0};
            size_t at = (size_t)snprintf(text, sizeof text, "{\"model_type\":\"nemotron_h\"," REST ",\"num_key_value_heads\":2,\"%s\":%s",
                                         words ? "layers_block_type" : "hybrid_override_pattern", words ? "[" : "\"");
            for (uint32_t i = 0; i < n; i++)
                at += (size_t)snprintf(text + at, sizeof text - at, words ? (i ? ",\"\"" : "\"\"") : "-");
            (void)snprintf(text + at, sizeof text - at, words ? "]}" : "\"}");
            CHECK(!read_config(text, 0, &err), "%u layers of 4", n);
            CHECK(strstr(err.text, n < 2048 ? "2047 elements for 4 layers" : "2048 elements for 4 layers"), "%u: %s", n, err.text);
        }
}

/* Layers that a list of numbers does not name have nothing, whatever lists were read before. */
static void test_indices(void)
{
    enum { LIST = 2048, LAYERS = 64 };
    static char text[LIST * 2 + 1024];
    size_t n = (size_t)snprintf(text, sizeof text, "{\"model_type\":\"lfm2\",\"max_position_embeddings\":[");
    for (int i = 0; i < LIST; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, i ? ",7" : "7");
    (void)snprintf(text + n, sizeof text - n, "],\"full_attn_idxs\":[0,2,63],\"num_key_value_heads\":2,\"conv_L_cache\":3,\"block_ff_dim\":96,"
                                              "\"block_multiple_of\":32,\"hidden_size\":64,\"num_hidden_layers\":64,\"num_attention_heads\":4,\"vocab_size\":100}");
    for (uint32_t il = 0; il < LAYERS; il++)
        expect_number(text, VF_HP_head_count_kv, il, il == 0 || il == 2 || il == 63 ? 2 : 0);
    expect_number(text, VF_HP_context_length, 0, 7);
}

/* Blocks that a model has or has not. */
static void test_options(void)
{
    static const struct {
        const char *field;
        vf_option option;
        bool has;
    } rows[] = {
        {"\"attention_bias\":true", VF_OPTION_QKV_BIAS, true},
        {"\"attention_bias\":false", VF_OPTION_QKV_BIAS, false},
        {"\"attention_bias\":1", VF_OPTION_QKV_BIAS, true},
        {"\"attention_bias\":0", VF_OPTION_QKV_BIAS, false},
        {"\"attention_bias\":null", VF_OPTION_QKV_BIAS, false},
        {"\"attention_bias\":true", VF_OPTION_ATTN_OUTPUT_BIAS, true},
        {"\"mlp_bias\":true", VF_OPTION_FFN_BIAS, true},
        {"\"topk_method\":\"noaux_tc\"", VF_OPTION_EXP_PROBS_B, true},
        {"\"topk_method\":\"greedy\"", VF_OPTION_EXP_PROBS_B, false},
        {"\"topk_method\":1", VF_OPTION_EXP_PROBS_B, false},
        {"\"topk_method\":true", VF_OPTION_EXP_PROBS_B, false},
        {"\"rope_scaling\":{\"rope_type\":\"llama3\"}", VF_OPTION_ROPE_FREQS, true},
        {"\"rope_scaling\":{\"rope_type\":\"linear\"}", VF_OPTION_ROPE_FREQS, false},
        {"\"rope_scaling\":{\"rope_type\":\"su\"}", VF_OPTION_ROPE_FACTORS, true},
        {"\"rope_scaling\":{\"type\":\"longrope\"}", VF_OPTION_ROPE_FACTORS, true},
        {"\"rope_scaling\":\"su\"", VF_OPTION_ROPE_FACTORS, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[512];
        vf_error err = {0};
        (void)snprintf(text, sizeof text, "{\"model_type\":\"llama\",%s," REST "}", rows[i].field);
        vf_model *m = read_config(text, 0, &err);
        CHECK(m && ((m->options >> rows[i].option) & 1) == rows[i].has, "%s: %s", rows[i].field, err.text);
        vf_model_free(m);
    }
    static const struct {
        const char *type, *field;
        bool has;
    } unless[] = {{"stablelm", "\"use_parallel_residual\":true,", false}, {"stablelm", "\"use_parallel_residual\":false,", true},
                  {"stablelm", "\"use_parallel_residual\":null,", true}, {"stablelm", "", true}, {"llama", "", false}};
    for (size_t i = 0; i < sizeof unless / sizeof unless[0]; i++) {
        char text[512];
        vf_error err = {0};
        (void)snprintf(text, sizeof text, "{\"model_type\":\"%s\",%s" REST "}", unless[i].type, unless[i].field);
        vf_model *m = read_config(text, 0, &err);
        CHECK(m && ((m->options >> VF_OPTION_FFN_NORM) & 1) == unless[i].has, "%s %s: %s", unless[i].type, unless[i].field, err.text);
        vf_model_free(m);
    }
}

/* Whether the output matrix is the embedding's: what the whole says, what the language part says, what the kind has. */
static void test_tied(void)
{
    static const struct {
        const char *text;
        bool tied;
    } rows[] = {
        {"{\"model_type\":\"llama\"," REST "}", false},
        {"{\"model_type\":\"gemma3\",\"sliding_window\":8," REST "}", true},
        {"{\"model_type\":\"gemma3\",\"sliding_window\":8,\"tie_word_embeddings\":false," REST "}", false},
        {"{\"model_type\":\"gemma3\",\"sliding_window\":8,\"tie_word_embeddings\":null," REST "}", true},
        {"{\"model_type\":\"llama\",\"tie_word_embeddings\":true," REST "}", true},
        {"{\"model_type\":\"llama\",\"tie_word_embeddings\":false,\"text_config\":{\"tie_word_embeddings\":true," REST "}}", false},
        {"{\"model_type\":\"llama\",\"text_config\":{\"tie_word_embeddings\":true," REST "}}", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_error err = {0};
        vf_model *m = read_config(rows[i].text, 0, &err);
        CHECK(m && m->tied == rows[i].tied, "%s: %s", rows[i].text, err.text);
        vf_model_free(m);
    }
}

/* Conditions of weight formats: both must hold. */
static void test_formats(void)
{
    static const struct {
        const char *config, *quant;
    } rows[] = {
        {"{\"quant_method\":\"compressed-tensors\",\"format\":\"pack-quantized\",\"config_groups\":{\"group_0\":{\"weights\":{\"group_size\":32}}}}", "w4a16-g32"},
        {"{\"quant_method\":\"compressed-tensors\",\"format\":\"pack-quantized\",\"config_groups\":{\"group_0\":{\"weights\":{\"group_size\":64}}}}", "w4a16"},
        {"{\"quant_method\":\"compressed-tensors\",\"format\":\"pack-quantized\",\"config_groups\":{\"group_0\":{\"weights\":{\"group_size\":true}}}}", "w4a16"},
        {"{\"quant_method\":\"compressed-tensors\",\"format\":\"int-quantized\"}", "w8a8"},
        {"{\"quant_method\":\"compressed-tensors\",\"format\":\"nvfp4-pack-quantized\"}", "nvfp4"},
        {"{\"quant_method\":\"compressed-tensors\",\"format\":\"mxfp4-pack-quantized\"}", "mxfp4"},
        {"{\"quant_method\":\"compressed-tensors\",\"format\":\"float-quantized\",\"config_groups\":{\"group_0\":{\"weights\":{\"strategy\":\"tensor\"}}}}", "fp8"},
        {"{\"quant_method\":\"compressed-tensors\",\"format\":\"float-quantized\",\"config_groups\":{\"group_0\":{\"weights\":{\"strategy\":\"channel\"}}}}", "fp8-dynamic"},
        {"{\"quant_method\":\"compressed-tensors\",\"format\":\"x\"}", "compressed-tensors"},
        {"{\"quant_method\":\"modelopt\",\"quant_algo\":\"FP8\"}", "fp8"},
        {"{\"quant_method\":\"fp8\",\"weight_block_size\":null}", "fp8"},
        {"{\"quant_method\":\"fp8\",\"weight_block_size\":false}", "fp8"},
        {"{\"quant_method\":\"gptq\",\"bits\":3}", "gptq-3bit"},
        {"{\"quant_method\":\"gptq\",\"bits\":2}", "gptq-2bit"},
        {"{\"quant_method\":\"gptq\",\"bits\":4,\"group_size\":32}", "gptq-g32"},
        {"{\"quant_method\":\"gptq\",\"bits\":4,\"group_size\":128}", "gptq"},
        {"{\"quant_method\":\"bitsandbytes\",\"bnb_4bit_quant_type\":\"fp4\"}", "fp4"},
        {"{\"bits\":1,\"group_size\":1}", "mlx-1bit-g1"},
        {"{\"bits\":32,\"group_size\":65536}", "mlx-32bit-g65536"},
        {"{\"bits\":4,\"group_size\":65537}", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[600];
        vf_error err = {0};
        (void)snprintf(text, sizeof text, "{\"model_type\":\"llama\"," REST ",\"quantization_config\":%s}", rows[i].config);
        vf_model *m = read_config(text, 0, &err);
        CHECK((m != NULL) == (rows[i].quant != NULL), "%s: %s: %s", rows[i].config, err.key, err.text);
        if (m && rows[i].quant)
            CHECK_STR(m->published_quant, rows[i].quant, rows[i].config);
        vf_model_free(m);
    }
    static const char *const dtypes[][2] = {{"bfloat16", "bf16"}, {"float16", "f16"}, {"float32", "f32"}, {"half", "f16"}, {"float", "f32"}};
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++)
        for (int old = 0; old < 2; old++) {
            char text[600];
            vf_error err = {0};
            (void)snprintf(text, sizeof text, "{\"model_type\":\"llama\"," REST ",\"%s\":\"%s\",\"quantization\":{}}", old ? "torch_dtype" : "dtype", dtypes[i][0]);
            vf_model *m = read_config(text, 0, &err);
            CHECK(m && strcmp(m->published_quant, dtypes[i][1]) == 0, "%s: %s", dtypes[i][0], err.text);
            vf_model_free(m);
        }
}

int main(void)
{
    vf_error err = {0};
    CHECK(vf_catalog_new(&heap, &catalog, &err) == VF_OK, "%s", err.text);
    test_unknown_kind();
    test_failures();
    test_numbers();
    test_missing();
    test_long_lists();
    test_indices();
    test_options();
    test_tied();
    test_formats();
    vf_catalog_free(catalog);
    CHECK_U64(counts.in_use, 0, "bytes not given back");
    CHECK_U64(counts.wrong_sizes, 0, "blocks given back with a wrong size");
    return CHECK_END();
}
