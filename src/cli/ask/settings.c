#include "cli/ask/settings.h"

#include <stdio.h>
#include <string.h>

/* Types that a cache can have: what llama.cpp's --cache-type-k takes (common/arg.cpp, kv_cache_types), and
 * fp8, as vLLM has it. */
static bool read_type(const char *name, const char *text, size_t n, vf_type *out, vf_error *err)
{
    static const char types[] = "f32|f16|bf16|q8_0|q4_0|q4_1|iq4_nl|q5_0|q5_1|fp8";
    char word[16] = "";
    if (n < sizeof word)
        memcpy(word, text, n);
    for (char *p = word; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    if (word_index(types, '|', word) == NOT_A_WORD)
        return fail_value(err, name, text, "not one of %s", types);
    const vf_type_info *type = strcmp(word, "fp8") == 0 ? vf_type_get(VF_TYPE_F8_E4M3) : vf_type_find(word);
    *out = type ? type->type : VF_TYPE_F16;
    return true;
}

static bool read_types(const session *s, vf_settings *out, vf_error *err)
{
    const char *both = s->opts.value[OPT_KV_TYPE].text;
    const char *k = s->opts.value[OPT_TYPE_K].text, *v = s->opts.value[OPT_TYPE_V].text;
    if (both && (k || v))
        return fail(err, "--kv-type", "given beside --cache-type-%s", k ? "k" : "v");
    out->type_kv_set = out->type_kv_set || both || k || v;
    if (k && !read_type("--cache-type-k", k, strlen(k), &out->type_k, err))
        return false;
    if (v && !read_type("--cache-type-v", v, strlen(v), &out->type_v, err))
        return false;
    if (!both)
        return true;
    const char *slash = strchr(both, '/');
    size_t n = slash ? (size_t)(slash - both) : strlen(both);
    if (!read_type("--kv-type", both, n, &out->type_k, err))
        return false;
    out->type_v = out->type_k;
    return !slash || read_type("--kv-type", slash + 1, strlen(slash + 1), &out->type_v, err);
}

/* "3,1": shares, at most six decimals. */
static bool read_shares(const session *s, vf_settings *out, vf_error *err)
{
    const char *text = s->opts.value[OPT_TENSOR_SPLIT].text;
    bool positive = false;
    if (text)
        out->n_tensor_split = 0;
    for (const char *part = text; part; part = strchr(part, ',') ? strchr(part, ',') + 1 : NULL) {
        uint64_t millionths;
        if (out->n_tensor_split == VF_MAX_DEVICES)
            return fail_value(err, "--tensor-split", text, "more than %d shares", VF_MAX_DEVICES);
        if (!parse_millionths(part, strcspn(part, ","), &millionths))
            return fail_value(err, "--tensor-split", text, "not numbers with commas between, such as 3,1");
        positive = positive || millionths > 0;
        out->tensor_split[out->n_tensor_split++] = (double)millionths / 1e6;
    }
    return !text || positive || fail_value(err, "--tensor-split", text, "every share is zero");
}

static uint32_t number(const session *s, opt_id id, uint32_t otherwise)
{
    const opt_value *v = &s->opts.value[id];
    return v->text ? (uint32_t)v->number : otherwise;
}

/* A count, or what the first word of the option stands for, most often "all". */
static uint32_t number_or_all(const session *s, opt_id id, uint32_t otherwise, uint32_t all)
{
    const opt_value *v = &s->opts.value[id];
    return v->text && v->word == 0 ? all : number(s, id, otherwise);
}

static uint32_t word(const session *s, opt_id id, uint32_t otherwise)
{
    const opt_value *v = &s->opts.value[id];
    return v->text ? v->word : otherwise;
}

/* What llama.cpp proposes at most unless told otherwise (common/common.h: common_params_speculative_draft). */
#define DRAFT_MAX 3

bool settings_draft_mtp(const session *s)
{
    const char *draft = s->opts.value[OPT_DRAFT].text;
    return draft && strcmp(draft, "mtp") == 0;
}

bool settings_apply(const session *s, vf_settings *out, vf_error *err)
{
    const opt_value *context = &s->opts.value[OPT_CONTEXT], *prompt = &s->opts.value[OPT_PROMPT];
    if (context->text && context->word == NOT_A_WORD)
        out->context = context->number;
    out->prompt = prompt->text ? prompt->number : out->prompt;
    out->parallel = number_or_all(s, OPT_PARALLEL, out->parallel, 1); /* max: from one on */
    out->batch = number(s, OPT_BATCH, out->batch);
    out->ubatch = number(s, OPT_UBATCH, out->ubatch);
    out->flash_attn = (vf_auto)word(s, OPT_FLASH_ATTN, (uint32_t)out->flash_attn);
    out->gpu_layers = number_or_all(s, OPT_GPU_LAYERS, out->gpu_layers, VF_LAYERS_ALL);
    out->cpu_moe = number_or_all(s, OPT_CPU_MOE, out->cpu_moe, VF_LAYERS_ALL);
    out->outputs = number_or_all(s, OPT_OUTPUTS, out->outputs, VF_OUTPUTS_ALL);
    out->split = (vf_split)word(s, OPT_SPLIT, (uint32_t)out->split);
    out->policy = (vf_policy)word(s, OPT_POLICY, (uint32_t)out->policy);
    out->workload = (vf_workload)word(s, OPT_WORKLOAD, (uint32_t)out->workload);
    if (s->opts.value[OPT_TRAIN].text) /* the option has no word for none */
        out->train = (vf_train)(VF_TRAIN_FULL + s->opts.value[OPT_TRAIN].word);
    out->max_num_seqs = number(s, OPT_MAX_NUM_SEQS, out->max_num_seqs);
    out->gpu_memory_utilization = number(s, OPT_UTILIZATION, out->gpu_memory_utilization);
    out->tensor_parallel = number(s, OPT_TENSOR_PARALLEL, out->tensor_parallel);
    out->pipeline_parallel = number(s, OPT_PIPELINE_PARALLEL, out->pipeline_parallel);
    const opt_value *batched = &s->opts.value[OPT_MAX_BATCHED];
    out->max_num_batched_tokens = batched->text ? batched->number : out->max_num_batched_tokens;
    out->expert_parallel |= options_has(&s->opts, OPT_EXPERT_PARALLEL);
    out->embeddings |= options_has(&s->opts, OPT_EMBEDDINGS);
    out->mtp |= options_has(&s->opts, OPT_MTP);
    out->draft_mtp |= settings_draft_mtp(s);
    if (options_has(&s->opts, OPT_DRAFT))
        out->draft_max = number(s, OPT_DRAFT_MAX, DRAFT_MAX);
    out->swa_full |= options_has(&s->opts, OPT_SWA_FULL);
    out->kv_unified |= options_has(&s->opts, OPT_KV_UNIFIED);
    out->no_kv_offload |= options_has(&s->opts, OPT_NO_KV_OFFLOAD);
    out->no_op_offload |= options_has(&s->opts, OPT_NO_OP_OFFLOAD);
    out->no_mmap |= options_has(&s->opts, OPT_NO_MMAP);
    return read_types(s, out, err) && read_shares(s, out, err);
}

bool settings_make(const session *s, vf_settings *out, vf_error *err)
{
    vf_settings_init(out);
    return settings_apply(s, out, err);
}

bool settings_check(const session *s, const char *runtime, vf_error *err)
{
    for (int i = 0; i < OPT_COUNT; i++) {
        const option *o = &option_table[i];
        char name[40];
        if (!options_has(&s->opts, o->id) || option_has_runtime(o, runtime))
            continue;
        (void)snprintf(name, sizeof name, "--%s", o->name);
        return fail(err, name, "no setting of %s (of %s)", runtime, o->runtimes);
    }
    return true;
}
