/* Tensor names, the layer table, file types and the other rules of src/model/. */
#include "built.h"

#include "model/ftypes.h"

/* ---- names */

static const char *const role_names[] = {
    "",
#define X(id, name, class) name,
    VF_ROLES(X)
#undef X
};

static void check_roles(void)
{
    for (unsigned r = 2; r < VF_ROLE_COUNT; r++)
        CHECK(strcmp(role_names[r - 1], role_names[r]) < 0, "%s must stand before %s", role_names[r],
              role_names[r - 1]);
    vf_model m = {0};
    for (uint16_t r = 1; r < VF_ROLE_COUNT; r++)
        for (uint8_t part = VF_PART_WEIGHT; part < VF_PART_OTHER; part++) {
            vf_tensor t = {.role = r, .part = part, .layer = -1}, back = {0};
            char name[128];
            vf_tensor_parse_name(role_names[r], strlen(role_names[r]), &back);
            if (back.role != r) /* the name of a tensor in a block */
                t.layer = 123;
            vf_tensor_name(&m, &t, name, sizeof name);
            vf_tensor_parse_name(name, strlen(name), &back);
            CHECK(back.role == r && back.part == part && back.layer == t.layer && back.stack == t.stack,
                  "%s comes back as role %u, part %u, layer %d", name, back.role, back.part, back.layer);
        }
}

static void check_names(void)
{
    static const struct {
        const char *name;
        uint16_t role;
        uint8_t part;
        int32_t layer;
        uint16_t stack;
    } known[] = {
        {"blk.0.attn_q.weight", VF_ROLE_ATTN_Q, VF_PART_WEIGHT, 0, VF_STACK_BLK},
        {"blk.2047.ffn_down_exps.bias", VF_ROLE_FFN_DOWN_EXPS, VF_PART_BIAS, 2047, VF_STACK_BLK},
        {"blk.7.ssm_a", VF_ROLE_SSM_A, VF_PART_BARE, 7, VF_STACK_BLK},
        {"blk.1.shortconv.in_proj.weight", VF_ROLE_SHORTCONV_IN_PROJ, VF_PART_WEIGHT, 1, VF_STACK_BLK},
        {"enc.blk.3.attn_o.weight", VF_ROLE_ATTN_O, VF_PART_WEIGHT, 3, VF_STACK_ENC},
        {"dec.blk.0.cross_attn_q.weight", VF_ROLE_CROSS_ATTN_Q, VF_PART_WEIGHT, 0, VF_STACK_DEC},
        {"dec.output_norm.weight", VF_ROLE_DEC_OUTPUT_NORM, VF_PART_WEIGHT, -1, VF_STACK_BLK},
        {"cls.output.bias", VF_ROLE_CLS_OUTPUT, VF_PART_BIAS, -1, VF_STACK_BLK},
        {"blk.4.attn_q.scale", VF_ROLE_ATTN_Q, VF_PART_SCALE, 4, VF_STACK_BLK},
    };
    static const char *const unknown[] = {
        "", ".", "blk", "blk.", "blk.0", "blk.0.", "blk..attn_q.weight", "blk.x.attn_q.weight", "blk.-1.attn_q.weight",
        "blk.01.attn_q.weight", "blk.4294967296.attn_q.weight", "blk.0.output.weight", "attn_q.weight",
        "blk.0.attn_q.lora_a", "blk.0.attn_q.weight2", "blk.0.attn_q..weight", "output.weight.weight",
        "v.blk.0.attn_q.weight", "token_embd.weight ",
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        vf_tensor t = {0};
        vf_tensor_parse_name(known[i].name, strlen(known[i].name), &t);
        CHECK(t.role == known[i].role && t.part == known[i].part && t.layer == known[i].layer &&
                  t.stack == known[i].stack,
              "%s: role %u, part %u, layer %d, stack %u", known[i].name, t.role, t.part, t.layer, t.stack);
    }
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        vf_tensor t = {0};
        vf_tensor_parse_name(unknown[i], strlen(unknown[i]), &t);
        CHECK(t.role == VF_ROLE_UNKNOWN && t.part == VF_PART_OTHER, "'%s' is taken for role %u", unknown[i], t.role);
    }
    vf_model m = {0};
    vf_tensor t = {.role = VF_ROLE_ATTN_OUTPUT, .part = VF_PART_WEIGHT, .layer = 12};
    char small[8];
    CHECK_STR(vf_tensor_name(&m, &t, small, sizeof small), "blk.12.", "a name cut to its room");
}

/* ---- hyperparameters that contradict each other */

static void check_refused(const char *arch, const char *hparams, const char *key)
{
    vf_model *m = unbuilt(arch, hparams);
    vf_error err = {0};
    vf_status s = vf_layers_build(m, &err);
    if (s == VF_OK)
        s = vf_inventory_build(m, &err);
    CHECK(s == VF_ERR_DATA || s == VF_ERR_RANGE, "%s %s: status %d", arch, hparams, s);
    CHECK_STR(err.key, key, hparams);
    CHECK(err.text[0] != 0, "%s: no text", hparams);
    vf_model_free(m);
}

static void check_errors(void)
{
    check_refused("llama", "{}", "embedding_length");
    check_refused("llama", "{" LLAMA "\"attention.head_count\":4}", "block_count");
    check_refused("llama", "{" LLAMA "\"block_count\":4294967295,\"attention.head_count\":4}", "block_count");
    check_refused("llama", "{" LLAMA "\"block_count\":2}", "attention.head_count");
    check_refused("llama", "{" LLAMA "\"block_count\":2,\"attention.head_count\":0}", "attention.head_count");
    check_refused("llama", "{" LLAMA "\"block_count\":2,\"attention.head_count\":4,\"attention.head_count_kv\":0}",
                  "attention.head_count_kv");
    check_refused("llama", "{" LLAMA "\"block_count\":2,\"attention.head_count\":4,\"attention.head_count_kv\":3}",
                  "attention.head_count_kv");
    check_refused("llama", "{" LLAMA "\"block_count\":2,\"attention.head_count\":[4]}", "attention.head_count");
    check_refused("llama", "{" LLAMA "\"block_count\":2,\"attention.head_count\":128}", "attention.key_length");
    check_refused("qwen2", "{" LLAMA "\"block_count\":2,\"attention.head_count\":4,\"attention.key_length\":32}",
                  "attention.key_length");
    check_refused("llama", "{" LLAMA "\"block_count\":2,\"attention.head_count\":4,\"nextn_predict_layers\":2}",
                  "nextn_predict_layers");
    check_refused("llama", "{" MOE "\"expert_count\":4}", "expert_used_count");
    check_refused("llama", "{" MOE "\"expert_count\":4,\"expert_used_count\":5}", "expert_used_count");
    check_refused("qwen3moe", "{" MOE "\"attention.head_count_kv\":4}", "expert_count");
    check_refused("deepseek2", "{" MOE "\"expert_count\":4,\"expert_used_count\":2}", "attention.kv_lora_rank");
    check_refused("llama",
                  "{\"embedding_length\":64,\"context_length\":128,\"vocab_size\":100,\"block_count\":2,"
                  "\"attention.head_count\":4}",
                  "feed_forward_length");
    check_refused("llama",
                  "{\"embedding_length\":64,\"block_count\":1,\"feed_forward_length\":64,\"attention.head_count\":4}",
                  "token_embd.weight");
    check_refused("rwkv7", "{" LLAMA "\"block_count\":2,\"wkv.head_size\":128}", "wkv.head_size");
    check_refused("rwkv6", "{" LLAMA "\"block_count\":2,\"wkv.head_size\":48}", "wkv.head_size");
    check_refused("gemma3n", "{" LLAMA "\"block_count\":2,\"attention.head_count\":4,\"altup.num_inputs\":0}", "altup.num_inputs");
    check_refused("mamba", "{" LLAMA "\"block_count\":2}", "ssm.conv_kernel");
    check_refused("mamba2",
                  "{" LLAMA "\"block_count\":2,\"ssm.conv_kernel\":4,\"ssm.inner_size\":128,\"ssm.state_size\":16,"
                  "\"ssm.time_step_rank\":8}",
                  "ssm.group_count");
    check_refused("gemma4",
                  "{" LLAMA "\"block_count\":2,\"attention.head_count\":4,\"attention.shared_kv_layers\":3}",
                  "attention.shared_kv_layers");
}

/* ---- the layer table */

/* One character a layer: full attention F, windowed W, recurrent R, both B, nothing -; MTP lower case;
 * without a cache of its own X. */
static void check_layers(const char *arch, const char *hparams, uint32_t n_swa, const char *want)
{
    vf_model *m = built(arch, hparams);
    char got[64] = "";
    for (uint32_t il = 0; il < m->n_layers && il < sizeof got - 1; il++) {
        const vf_layer *l = &m->layers[il];
        bool attention = l->attention != VF_ATTN_NONE, state = l->recurrent != VF_REC_NONE;
        char c = attention && state ? 'B' : state ? 'R' : !attention ? '-' : l->windowed ? 'W' : 'F';
        if (attention && !l->has_cache)
            c = 'X';
        got[il] = l->mtp ? (char)(c - 'A' + 'a') : c;
    }
    CHECK_STR(got, want, arch);
    CHECK_U64(m->n_swa, n_swa, arch);
    vf_model_free(m);
}


static void check_layer_table(void)
{
    check_layers("llama", "{" EIGHT "\"attention.sliding_window\":64}", 0, "FFFFFFFF");
    check_layers("gemma2", "{" EIGHT "\"attention.head_count_kv\":2}", 4096, "WFWFWFWF");
    check_layers("gemma3", "{" EIGHT "\"attention.sliding_window\":64}", 64, "WWWWWFWW");
    check_layers("gemma3", "{" EIGHT "\"attention.sliding_window\":0}", 0, "FFFFFFFF");
    check_layers("gemma3", "{" EIGHT "\"attention.sliding_window\":64,\"attention.sliding_window_pattern\":2}", 64,
                 "WFWFWFWF");
    check_layers("cohere2moe",
                 "{" EIGHT "\"attention.sliding_window\":64,\"expert_count\":4,\"expert_used_count\":2,"
                 "\"leading_dense_block_count\":1}",
                 64, "FWWWFWWW");
    check_layers("gemma4",
                 "{" EIGHT "\"attention.sliding_window\":64,\"attention.shared_kv_layers\":3,"
                 "\"attention.sliding_window_pattern\":[1,1,0,1,1,0,1,0],\"embedding_length_per_layer_input\":0}",
                 64, "WWFWWXXX");
    check_layers("exaone4", "{" EIGHT "\"attention.sliding_window\":64}", 0, "FFFFFFFF");
    check_layers("glm4", "{" EIGHT "\"nextn_predict_layers\":1}", 0, "FFFFFFFf");
    check_layers("bert", "{" EIGHT "\"attention.causal\":0}", 0, "XXXXXXXX");
    check_layers("jamba",
                 "{" EIGHT "\"attention.head_count_kv\":[0,0,0,2,0,0,0,2],\"ssm.conv_kernel\":4,"
                 "\"ssm.inner_size\":128,\"ssm.state_size\":16,\"ssm.time_step_rank\":8}",
                 0, "RRRFRRRF");
#define DELTA \
    "\"ssm.conv_kernel\":4,\"ssm.inner_size\":128,\"ssm.state_size\":16,\"ssm.time_step_rank\":8,\"ssm.group_count\":4"
    check_layers("qwen35", "{" EIGHT DELTA "}", 0, "RRRFRRRF");
    check_layers("qwen35", "{" EIGHT DELTA ",\"full_attention_interval\":2}", 0, "RFRFRFRF");
    check_layers("qwen35", "{" EIGHT DELTA ",\"attention.recurrent_layers\":[1,0,0,0,1,0,0,0]}", 0, "RFFFRFFF");
    check_layers("falcon-h1", "{" EIGHT DELTA "}", 0, "BBBBBBBB");
    check_layers("nemotron_h",
                 "{\"embedding_length\":64,\"context_length\":128,\"vocab_size\":100,\"block_count\":4,"
                 "\"feed_forward_length\":[0,128,0,0],\"attention.head_count\":4,"
                 "\"attention.head_count_kv\":[0,0,2,0]," DELTA "}",
                 0, "R-FR");
}

/* ---- facts */

static void check_facts(void)
{
    vf_model *m = built("qwen3moe", "{" MOE "\"attention.head_count_kv\":2,\"expert_count\":8,\"expert_used_count\":2,"
                                    "\"expert_feed_forward_length\":32,\"attention.key_length\":16,"
                                    "\"attention.value_length\":16}");
    vf_error err = {0};
    CHECK(vf_inventory_build(m, &err) == VF_OK, "%s: %s", err.key, err.text);
    vf_model_facts facts;
    vf_model_describe(m, &facts);
    uint64_t attention = 64 * 64 + 2 * 64 * 32 + 64 * 64, norms = 2 * 64 + 2 * 16, router = 64 * 8;
    uint64_t expert = 3 * 64 * 32, ends = 2 * 64 * 100 + 64;
    CHECK_U64(facts.parameters, ends + 2 * (attention + norms + router + 8 * expert), "parameters");
    CHECK_U64(facts.parameters_active, ends + 2 * (attention + norms + router + 2 * expert), "active parameters");
    CHECK_U64(facts.model_bytes, 0, "no bytes without types");
    CHECK(facts.causal && facts.known_architecture && facts.n_expert_used == 2, "facts");

    const vf_tensor *t = vf_model_tensor(m, 1, VF_ROLE_FFN_DOWN_EXPS, VF_PART_WEIGHT);
    CHECK(t && t->ne[0] == 32 && t->ne[1] == 64 && t->ne[2] == 8 && t->layer == 1, "look-up of an expert");
    CHECK(!vf_model_tensor(m, 2, VF_ROLE_FFN_DOWN_EXPS, VF_PART_WEIGHT), "no such layer");
    CHECK(!vf_model_tensor(m, 1, VF_ROLE_FFN_DOWN_EXPS, VF_PART_BIAS), "no such part");
    CHECK(vf_model_tensor(m, -1, VF_ROLE_OUTPUT_NORM, VF_PART_WEIGHT), "look-up of a global tensor");
    CHECK(!m->tied, "output.weight is there");

    uint16_t types[64];
    CHECK(m->n_tensors < 64, "room");
    vf_quant cast = {.kind = VF_QUANT_CAST, .type = VF_TYPE_BF16};
    CHECK(vf_mix_types(m, &cast, &sample_allocator, types, &err) == VF_OK, "cast");
    CHECK_U64(vf_model_bytes(m, types), 2 * facts.parameters, "all in two bytes");
    vf_quant as_file = {.kind = VF_QUANT_AS_FILE};
    CHECK(vf_mix_types(m, &as_file, &sample_allocator, types, &err) == VF_ERR_USAGE, "no file");
    vf_quant nvfp4 = {.kind = VF_QUANT_GGUF, .ftype = VF_FTYPE_NVFP4};
    CHECK(vf_mix_types(m, &nvfp4, &sample_allocator, types, &err) == VF_ERR_USAGE, "not to be made");
    vf_quant q1 = {.kind = VF_QUANT_GGUF, .ftype = VF_FTYPE_Q1_0};
    CHECK(vf_mix_types(m, &q1, &sample_allocator, types, &err) == VF_ERR_REFUSED, "rows of 64 in blocks of 128");
    vf_model_free(m);
}

static void check_parameters(void)
{
    const vf_tensor yes[] = {{.role = VF_ROLE_ATTN_Q, .part = VF_PART_WEIGHT},
                             {.role = VF_ROLE_FFN_GATE_INP, .part = VF_PART_SCALE},
                             {.role = VF_ROLE_SSM_A, .part = VF_PART_BARE}};
    const vf_tensor no[] = {{.role = VF_ROLE_ROPE_FREQS, .part = VF_PART_WEIGHT},
                            {.role = VF_ROLE_ROPE_FACTORS_LONG, .part = VF_PART_WEIGHT},
                            {.role = VF_ROLE_ATTN_Q, .part = VF_PART_SCALE}};
    for (size_t i = 0; i < 3; i++) {
        CHECK(vf_tensor_is_parameter(&yes[i]), "case %zu", i);
        CHECK(!vf_tensor_is_parameter(&no[i]), "case %zu", i);
    }
}

static void check_ftypes(void)
{
    for (uint32_t i = 0; vf_ftype_row(i); i++) {
        const vf_ftype_info *row = vf_ftype_row(i);
        CHECK(vf_ftype_get(row->id) == row && vf_ftype_find(row->name) == row, "%s", row->name);
    }
    CHECK(vf_ftype_find("q4_k_m") == vf_ftype_get(15), "any case");
    CHECK(vf_ftype_find("Q4_K") == vf_ftype_get(15), "alias");
    CHECK(!vf_ftype_find("Q4_K_X") && !vf_ftype_find("") && !vf_ftype_get(4) && !vf_ftype_get(1024), "unknown");
    CHECK(vf_ftype_find("IQ2_M")->needs_imatrix && !vf_ftype_find("IQ4_XS")->needs_imatrix, "importance matrix");
}

static void check_types(void)
{
    uint32_t n = 0;
    for (uint32_t id = 0; id < 1024; id++) {
        const vf_type_info *t = vf_type_get(id);
        if (!t)
            continue;
        n++;
        CHECK((uint32_t)t->type == id && vf_type_find(t->name) == t, "%s", t->name);
        CHECK((t->block & (t->block - 1)) == 0 && t->block_bytes > 0, "%s: block of %u", t->name, t->block);
        CHECK_U64(vf_row_bytes((uint16_t)id, 4 * (uint64_t)t->block), 4 * (uint64_t)t->block_bytes, t->name);
    }
    CHECK_U64(n, 44, "number of types");
    CHECK(!vf_type_get(4) && !vf_type_get(43) && !vf_type_get(255) && !vf_type_get(265) && !vf_type_get(UINT32_MAX),
          "ids without a type");
    CHECK(vf_type_find("q8_0") == vf_type_get(8) && !vf_type_find("q8") && !vf_type_find(""), "names");
    CHECK_U64(vf_row_bytes(VF_TYPE_Q4_K, 300), UINT64_MAX, "no multiple of the block");
}

/* ---- any hyperparameters: an error or a model and its sizes, never anything else */

static uint64_t random_state = 88172645463325252u;

static uint32_t random_below(uint32_t n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % n;
}

static uint32_t random_value(const vf_field *f)
{
    static const uint32_t values[] = {0, 1, 2, 3, 4, 8, 16, 64, 96, 128, 256, 1000, 4096};
    if (random_below(40) == 0)
        return (uint32_t)f->max;
    uint32_t value = values[random_below(sizeof values / sizeof values[0])];
    return value > f->max ? (uint32_t)f->max : value;
}

static void random_hparams(vf_model *m)
{
    m->pool = calloc(VF_HP_COUNT * 8, sizeof *m->pool);
    for (unsigned id = 0; id < VF_HP_COUNT; id++) {
        const vf_field *f = &vf_hparam_fields[id];
        void *at = (char *)&m->hp + f->offset;
        if (random_below(6) == 0)
            continue;
        vf_hp_mark(&m->hp, (vf_hparam_id)id);
        if (f->kind != VF_FIELD_PER_LAYER) {
            *(uint32_t *)at = random_value(f);
            continue;
        }
        vf_per_layer *list = at;
        list->value = random_value(f);
        if (random_below(3) > 0)
            continue;
        list->first = (uint32_t)m->n_pool;
        list->count = 1 + random_below(8);
        for (uint32_t i = 0; i < list->count; i++)
            m->pool[m->n_pool++] = random_value(f);
    }
    if (random_below(8) > 0)
        m->hp.block_count = 1 + random_below(8);
    if (random_below(4) > 0) {
        m->hp.head_count = (vf_per_layer){.value = 4};
        m->hp.head_count_kv = (vf_per_layer){.value = 2};
        m->hp.nextn_predict_layers = 0;
        m->hp.expert_group_count = 0;
    }
    m->options = random_state;
}

/* llama.cpp's graph of it: sizes, or an error. */
static void check_estimate(const vf_model *m, const vf_quant *q, const char *name)
{
    static vf_result result;
    vf_error err = {0};
    vf_request r = {.runtime = "llama.cpp", .model = m, .quant = *q, .n_devices = 1};
    vf_settings_init(&r.settings);
    r.settings.context = 4096;
    r.device[0].total = UINT64_C(24) << 30;
    vf_status s = vf_estimate(&r, &sample_allocator, &result, &err);
    CHECK(s == VF_OK || ((s == VF_ERR_DATA || s == VF_ERR_RANGE || s == VF_ERR_REFUSED) && err.text[0]), "%s: estimate, status %d", name, s);
}

static bool check_random(const vf_arch *arch, const char *name)
{
    vf_model *m = calloc(1, sizeof *m);
    m->a = sample_allocator;
    m->arch = *arch;
    m->known_arch = true;
    (void)snprintf(m->arch_name, sizeof m->arch_name, "%s", name);
    random_hparams(m);
    vf_error err = {0};
    vf_status s = vf_layers_build(m, &err);
    if (s == VF_OK)
        s = vf_inventory_build(m, &err);
    bool made = s == VF_OK;
    CHECK(made || ((s == VF_ERR_DATA || s == VF_ERR_RANGE) && err.text[0]), "%s: status %d", name, s);
    if (made) {
        uint16_t *types = calloc(m->n_tensors, sizeof *types);
        vf_quant q = {.kind = VF_QUANT_GGUF, .ftype = vf_ftype_row(random_below(35))->id};
        s = vf_mix_types(m, &q, &sample_allocator, types, &err);
        CHECK(s == VF_OK || s == VF_ERR_REFUSED, "%s: status %d", name, s);
        vf_model_facts facts;
        vf_model_describe(m, &facts);
        CHECK(facts.parameters >= facts.parameters_active, "%s: more active parameters than there are", name);
        for (size_t i = 0; i < m->n_tensors && s == VF_OK; i++)
            CHECK(vf_tensor_bytes(&m->tensors[i], types[i]) > 0, "%s: an empty tensor", name);
        free(types);
        check_estimate(m, &q, name);
    }
    vf_model_free(m);
    return made;
}

static void check_any_hparams(void)
{
    static const char *const names[] = {"llama",  "qwen3moe", "qwen35moe", "gemma4",    "gemma3n", "deepseek32",
                                        "jamba",  "kimi-linear", "nemotron_h_moe", "falcon-h1", "lfm2moe", "rwkv7",
                                        "t5",     "bert",     "deci",      "minimax-01", "exaone4", "step35"};
    unsigned made = 0;
    for (size_t a = 0; a < sizeof names / sizeof names[0]; a++) {
        vf_model m = {0};
        CHECK(sample_arch(&m, names[a]), "%s: no record", names[a]);
        for (unsigned i = 0; i < 500; i++)
            made += check_random(&m.arch, names[a]);
    }
    CHECK(made > 100, "only %u models could be made", made);
}

int main(void)
{
    check_any_hparams();
    check_types();
    check_roles();
    check_names();
    check_errors();
    check_layer_table();
    check_facts();
    check_parameters();
    check_ftypes();
    return CHECK_END();
}
