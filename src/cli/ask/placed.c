/* Sources of the flags: launch_flags.c, which reads them; SGLang server_args.py; TensorRT-LLM docs, commands/trtllm-serve; Ollama
 * envconfig/config.go; NVIDIA, AMD, Intel and ggml-vulkan.cpp on which cards a process sees. */
#include "cli/ask/placed.h"
#include "vramfit/search.h"

#include <stdio.h>
#include <string.h>

/* Where servers listen: the first here, every other one behind it. */
#define PORT 8080
#define PORT_OLLAMA 11434

/* One process: the model itself has what is in it besides. */
typedef struct process {
    const plan *plan;
    const vf_resident *resident;
    const subject *sub;
    const choice *choice;
    bool is_main;
    uint32_t number;
} process;

void placed_cards(buf *b, uint32_t cards)
{
    const char *comma = "";
    for (uint32_t i = 0; i < VF_MAX_DEVICES; i++) {
        if (!(cards >> i & 1u))
            continue;
        buf_fmt(b, "%s%u", comma, i);
        comma = ",";
    }
}

/* Text as one word of a shell's. */
static void word(buf *b, const char *text)
{
    static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:@%+=,-";
    if (text[0] && strspn(text, safe) == strlen(text)) {
        buf_str(b, text);
        return;
    }
    buf_str(b, "'");
    for (; *text; text++) {
        if (*text == '\'')
            buf_str(b, "'\\''");
        else
            buf_add(b, text, 1);
    }
    buf_str(b, "'");
}

static void flag(buf *b, const char *name, uint64_t value)
{
    buf_fmt(b, " %s %llu", name, (unsigned long long)value);
}

static void flag_word(buf *b, const char *name, const char *text)
{
    buf_fmt(b, " %s ", name);
    word(b, text);
}

/* CUDA numbers the fastest card first unless it is told to number them as nvidia-smi does. */
static bool numbers_differ(const process *x)
{
    const vf_request *q = x->plan->request;
    for (uint32_t i = 1; i < q->n_devices; i++)
        if (strcmp(q->device[i].name, q->device[0].name) != 0)
            return x->resident->result->backend == VF_BACKEND_CUDA;
    return false;
}

/* The variable by which a process sees some cards only. */
static void visible(buf *b, const process *x)
{
    static const char *const variable[] = {[VF_BACKEND_CUDA] = "CUDA_VISIBLE_DEVICES=", [VF_BACKEND_ROCM] = "HIP_VISIBLE_DEVICES=",
                                           [VF_BACKEND_VULKAN] = "GGML_VK_VISIBLE_DEVICES=", [VF_BACKEND_METAL] = NULL,
                                           [VF_BACKEND_SYCL] = "ONEAPI_DEVICE_SELECTOR=level_zero:", [VF_BACKEND_CPU] = NULL};
    const char *name = variable[x->resident->result->backend];
    if (!name || !x->resident->cards)
        return;
    if (numbers_differ(x))
        buf_str(b, "CUDA_DEVICE_ORDER=PCI_BUS_ID ");
    buf_str(b, name);
    placed_cards(b, x->resident->cards);
    buf_str(b, " ");
}

/* The last part of an id: what files are named after. */
static const char *base_name(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

/* A GGUF file: the one that was asked about, else by the name that publishers give it. */
static void file(buf *b, const subject *sub, const char *quant)
{
    char name[400];
    if (sub->typed && sub->asked) {
        word(b, sub->asked);
        return;
    }
    (void)snprintf(name, sizeof name, "%s-%s.gguf", base_name(sub->title), quant);
    word(b, name);
}

/* ---- llama-server --------------------------------------------------------------------------------- */

/* Names of types are in small letters there. */
static void type_word(buf *b, const char *name, vf_type type)
{
    const vf_type_info *info = vf_type_get((uint32_t)type);
    char text[16];
    text_set(text, sizeof text, info ? info->name : "");
    for (char *p = text; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    buf_str(b, name);
    word(b, text);
}

static void llama_split(buf *b, const process *x)
{
    static const char *const names[] = {"layer", "row", "tensor", "none"};
    const vf_settings *s = &x->resident->settings;
    if (x->resident->result->n_devices < 2)
        return;
    if (s->split != VF_SPLIT_LAYER)
        flag_word(b, "-sm", names[s->split]);
    for (uint32_t i = 0; i < s->n_tensor_split; i++) {
        uint64_t millionths = (uint64_t)(s->tensor_split[i] * 1e6 + 0.5);
        buf_str(b, i ? "," : " -ts ");
        buf_u64(b, millionths / 1000000);
        if (millionths % 1000000)
            buf_fmt(b, ".%06llu", (unsigned long long)(millionths % 1000000));
    }
}

/* What stays in system memory. */
static void llama_offload(buf *b, const process *x)
{
    const vf_settings *s = &x->resident->settings;
    if (s->gpu_layers != VF_LAYERS_ALL)
        flag(b, "-ngl", s->gpu_layers);
    if (s->cpu_moe == VF_LAYERS_ALL)
        buf_str(b, " -cmoe");
    else if (s->cpu_moe)
        flag(b, "-ncmoe", s->cpu_moe);
    size_t at = 0;
    for (const char *v; x->is_main && (v = options_next(&x->plan->s->opts, OPT_OVERRIDE_TENSOR, &at));)
        flag_word(b, "-ot", v);
    buf_str(b, s->no_kv_offload ? " -nkvo" : "");
    buf_str(b, s->no_op_offload ? " --no-op-offload" : "");
    buf_str(b, s->no_mmap ? " --no-mmap" : "");
}

/* What is in the process besides. */
static void llama_members(buf *b, const process *x)
{
    static const char *const names[] = {[VF_MEMBER_DRAFT] = " -md ", [VF_MEMBER_MMPROJ] = " --mmproj ", [VF_MEMBER_LORA] = " --lora "};
    const beside *others = &x->plan->beside;
    if (!x->is_main)
        return;
    for (uint32_t i = 0; i < others->n_members; i++) {
        const vf_member *m = &others->member[i];
        char name[400];
        buf_str(b, names[m->kind]);
        if (m->model) {
            file(b, &others->sub[i], m->quant.name);
        } else { /* a tower of which only the size is known, at 16 bits */
            (void)snprintf(name, sizeof name, "mmproj-%s-F16.gguf", base_name(m->name));
            word(b, name);
        }
    }
    if (x->resident->settings.draft_mtp)
        buf_str(b, " --spec-type draft-mtp");
    if (x->resident->settings.draft_max)
        flag(b, "--spec-draft-n-max", x->resident->settings.draft_max);
}

static void llama_server(buf *b, const process *x)
{
    const vf_settings *s = &x->resident->settings;
    const vf_result *r = x->resident->result;
    visible(b, x);
    buf_str(b, "llama-server -m ");
    file(b, x->sub, x->choice->quant.name);
    flag(b, "-c", r->context);
    flag(b, "-np", r->parallel);
    buf_str(b, s->kv_unified ? " -kvu" : "");
    buf_str(b, s->embeddings ? " --embeddings" : "");
    if (s->batch)
        flag(b, "-b", s->batch);
    if (s->ubatch)
        flag(b, "-ub", s->ubatch);
    if (s->flash_attn != VF_AUTO)
        flag_word(b, "-fa", s->flash_attn == VF_ON ? "on" : "off");
    if (s->type_kv_set) {
        type_word(b, " -ctk ", s->type_k);
        type_word(b, " -ctv ", s->type_v);
    }
    buf_str(b, s->swa_full ? " --swa-full" : "");
    llama_offload(b, x);
    llama_split(b, x);
    llama_members(b, x);
    flag(b, "--port", PORT + x->number);
}

/* ---- the others ----------------------------------------------------------------------------------- */

/* A share in millionths: 0.4375. */
static void share(buf *b, const char *name, uint32_t millionths)
{
    if (millionths)
        buf_fmt(b, " %s 0.%04u", name, (millionths < 1000000 ? millionths : 999900) / 100);
}

static const char *published(const process *x)
{
    return x->sub->typed && x->sub->asked ? x->sub->asked : x->sub->title;
}

/* Cards that share each layer, and stages; 1 where nothing is said. */
static uint32_t shared_by(const process *x, uint32_t *stages)
{
    const vf_settings *s = &x->resident->settings;
    uint32_t n = x->resident->result->n_devices;
    *stages = s->pipeline_parallel ? s->pipeline_parallel : 1;
    return s->tensor_parallel ? s->tensor_parallel : n / *stages ? n / *stages : 1;
}

/* Formats that vLLM and SGLang make or read by name; files of all others say themselves what they are in. */
static bool is_named(const vf_quant *q)
{
    return word_index("awq gptq fp8 mxfp4", ' ', q->name) != NOT_A_WORD;
}

static void serve_format(buf *b, const char *name, const vf_quant *q)
{
    if (q->kind == VF_QUANT_CAST)
        flag_word(b, "--dtype", q->type == VF_TYPE_F16 ? "float16" : q->type == VF_TYPE_F32 ? "float32" : "bfloat16");
    else if (is_named(q))
        flag_word(b, name, q->name);
}

static void of_files(buf *b, const vf_quant *q)
{
    if (q->kind == VF_QUANT_SCHEME && !is_named(q))
        buf_fmt(b, " # of its files in %s", q->name);
}

static bool has_narrow_cache(const vf_settings *s)
{
    return s->type_kv_set && s->type_k == VF_TYPE_F8_E4M3;
}

/* A number that is said only where it is more than the server would take by itself. */
static void flag_above(buf *b, const char *name, uint64_t value, uint64_t least)
{
    if (value > least)
        flag(b, name, value);
}

static void vllm(buf *b, const process *x)
{
    const vf_settings *s = &x->resident->settings;
    const vf_quant *q = &x->choice->quant;
    uint32_t stages, tensor = shared_by(x, &stages);
    visible(b, x);
    buf_str(b, "vllm serve ");
    word(b, published(x));
    flag(b, "--max-model-len", x->resident->result->context);
    serve_format(b, "-q", q);
    share(b, "--gpu-memory-utilization", s->gpu_memory_utilization);
    flag_above(b, "--tensor-parallel-size", tensor, 1);
    flag_above(b, "--pipeline-parallel-size", stages, 1);
    buf_str(b, s->expert_parallel ? " --enable-expert-parallel" : "");
    flag_above(b, "--max-num-seqs", s->max_num_seqs, 0);
    flag_above(b, "--max-num-batched-tokens", s->max_num_batched_tokens, 0);
    if (has_narrow_cache(s))
        buf_str(b, " --kv-cache-dtype fp8");
    flag(b, "--port", PORT + x->number);
    of_files(b, q);
}

static void sglang(buf *b, const process *x)
{
    const vf_settings *s = &x->resident->settings;
    const vf_quant *q = &x->choice->quant;
    uint32_t stages, tensor = shared_by(x, &stages);
    visible(b, x);
    buf_str(b, "python -m sglang.launch_server --model-path ");
    word(b, published(x));
    flag(b, "--context-length", x->resident->result->context);
    serve_format(b, "--quantization", q);
    share(b, "--mem-fraction-static", s->gpu_memory_utilization);
    flag_above(b, "--tp-size", tensor, 1);
    flag_above(b, "--pp-size", stages, 1);
    if (s->expert_parallel && tensor > 1)
        flag(b, "--ep-size", tensor);
    flag_above(b, "--max-running-requests", s->max_num_seqs, 0);
    flag_above(b, "--chunked-prefill-size", s->max_num_batched_tokens, 0);
    if (has_narrow_cache(s))
        buf_str(b, " --kv-cache-dtype fp8_e4m3");
    flag(b, "--port", PORT + x->number);
    of_files(b, q);
}

static void tensorrt(buf *b, const process *x)
{
    const vf_settings *s = &x->resident->settings;
    uint32_t stages, tensor = shared_by(x, &stages);
    visible(b, x);
    buf_str(b, "trtllm-serve ");
    word(b, published(x));
    flag(b, "--max_seq_len", x->resident->result->context);
    flag_above(b, "--tp_size", tensor, 1);
    flag_above(b, "--pp_size", stages, 1);
    if (s->expert_parallel && tensor > 1)
        flag(b, "--ep_size", tensor);
    flag_above(b, "--max_batch_size", s->max_num_seqs, 0);
    flag_above(b, "--max_num_tokens", s->max_num_batched_tokens, 0);
    share(b, "--kv_cache_free_gpu_memory_fraction", s->gpu_memory_utilization);
    flag(b, "--port", PORT + x->number);
    if (has_narrow_cache(s)) /* of a file that --extra_llm_api_options names */
        buf_str(b, " # with kv_cache_config: {dtype: fp8} in its options' file");
}

/* A server of its own for each model, so that each sees its cards only. */
static void ollama(buf *b, const process *x)
{
    const vf_settings *s = &x->resident->settings;
    const vf_result *r = x->resident->result;
    visible(b, x);
    buf_fmt(b, "OLLAMA_HOST=127.0.0.1:%u OLLAMA_NUM_PARALLEL=%u OLLAMA_CONTEXT_LENGTH=%llu OLLAMA_KEEP_ALIVE=-1 ",
            PORT_OLLAMA + x->number, r->parallel, (unsigned long long)r->context_per_sequence);
    if (s->flash_attn != VF_AUTO || s->type_kv_set)
        buf_fmt(b, "OLLAMA_FLASH_ATTENTION=%d ", r->flash_attn);
    if (s->type_kv_set)
        type_word(b, "OLLAMA_KV_CACHE_TYPE=", s->type_k);
    buf_str(b, s->type_kv_set ? " ollama serve # " : "ollama serve # ");
    buf_plain(b, x->sub->title);
    buf_fmt(b, " %s", x->choice->quant.name);
}

/* Runtimes that are libraries, or started by hand. */
static void by_hand(buf *b, const process *x)
{
    visible(b, x);
    buf_fmt(b, "# %s: ", x->resident->result->runtime);
    buf_plain(b, published(x));
    buf_fmt(b, " %s, context %llu", x->choice->quant.name, (unsigned long long)x->resident->result->context);
}

static void command_of(buf *b, const process *x)
{
    static const struct {
        const char *runtime;
        void (*print)(buf *b, const process *x);
    } ways[] = {{"llama.cpp", llama_server}, {"vllm", vllm}, {"sglang", sglang}, {"tensorrt-llm", tensorrt}, {"ollama", ollama}};
    size_t i = 0, n = sizeof ways / sizeof ways[0];
    while (i < n && strcmp(ways[i].runtime, x->resident->result->runtime) != 0)
        i++;
    (i < n ? ways[i].print : by_hand)(b, x);
}

uint32_t placed_commands(const plan *p, const subject *sub, const choice *c, buf out[VF_MAX_MEMBERS + 1])
{
    const also *a = &p->also;
    if (a->n == 0)
        return 0;
    for (uint32_t i = 0; i <= a->n; i++) {
        const process x = {.plan = p, .resident = &a->resident[i], .sub = i ? &a->model[i - 1].sub : sub,
                           .choice = i ? &a->model[i - 1].choice : c, .is_main = i == 0, .number = i};
        out[i] = (buf){0};
        command_of(&out[i], &x);
    }
    return a->n + 1;
}
