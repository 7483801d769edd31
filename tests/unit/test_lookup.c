/* Names of the built-in catalog in the spellings people use. */
#include "check.h"

#include "vramfit/load.h"

CHECK_ALLOCATOR(heap);

static const char *shown(const vf_catalog *c, vf_kind kind, uint32_t i)
{
    vf_model_entry m;
    vf_quant_entry q;
    vf_gpu_entry g;
    vf_runtime_entry r;
    vf_desktop_entry d;
    switch (kind) {
    case VF_KIND_MODEL:
        return vf_catalog_model(c, i, &m) == VF_OK ? m.id : NULL;
    case VF_KIND_QUANT:
        return vf_catalog_quant(c, i, &q) == VF_OK ? q.name : NULL;
    case VF_KIND_GPU:
        return vf_catalog_gpu(c, i, &g) == VF_OK ? g.name : NULL;
    case VF_KIND_RUNTIME:
        return vf_catalog_runtime(c, i, &r) == VF_OK ? r.name : NULL;
    case VF_KIND_DESKTOP:
        return vf_catalog_desktop(c, i, &d) == VF_OK ? d.name : NULL;
    default:
        return NULL;
    }
}

#define LLAMA31 "meta-llama/Llama-3.1-8B-Instruct"
static const struct {
    vf_kind kind;
    const char *name, *want;
} spellings[] = {
    {VF_KIND_MODEL, "meta-llama/Llama-3.1-8B-Instruct", LLAMA31},
    {VF_KIND_MODEL, "meta-llama/Llama-3.1-8B", LLAMA31},
    {VF_KIND_MODEL, "Llama-3.1-8B-Instruct", LLAMA31},
    {VF_KIND_MODEL, "llama-3.1-8b-instruct", LLAMA31},
    {VF_KIND_MODEL, "Meta-Llama-3.1-8B-Instruct", LLAMA31},
    {VF_KIND_MODEL, "meta-llama/Meta-Llama-3.1-8B-Instruct", LLAMA31},
    {VF_KIND_MODEL, "Llama-3.1-8B", LLAMA31},
    {VF_KIND_MODEL, "llama 3.1 8b", LLAMA31},
    {VF_KIND_MODEL, "llama_3_1_8b", LLAMA31},
    {VF_KIND_MODEL, "llama3.1:8b", LLAMA31},
    {VF_KIND_MODEL, "LLAMA3.1:8B", LLAMA31},
    {VF_KIND_MODEL, "bartowski/Meta-Llama-3.1-8B-Instruct-GGUF", LLAMA31},
    {VF_KIND_MODEL, "llama-2-13b", "meta-llama/Llama-2-13b"},
    {VF_KIND_MODEL, "llama2:13b", "meta-llama/Llama-2-13b"},
    {VF_KIND_MODEL, "meta-llama/Llama-2-13b-chat-hf", "meta-llama/Llama-2-13b"},
    {VF_KIND_MODEL, "TheBloke/Llama-2-7B-Chat-GGUF", "meta-llama/Llama-2-7b"},
    {VF_KIND_MODEL, "Mistral-7B-v0.3", "mistralai/Mistral-7B-Instruct-v0.3"},
    {VF_KIND_MODEL, "mistral-7b-instruct-v0.3", "mistralai/Mistral-7B-Instruct-v0.3"},
    {VF_KIND_MODEL, "mixtral:8x7b", "mistralai/Mixtral-8x7B-Instruct-v0.1"},
    {VF_KIND_MODEL, "qwen2.5:7b", "Qwen/Qwen2.5-7B-Instruct"},
    {VF_KIND_MODEL, "Qwen2.5-7B", "Qwen/Qwen2.5-7B-Instruct"},
    {VF_KIND_MODEL, "qwen-2.5-7b-instruct", "Qwen/Qwen2.5-7B-Instruct"},
    {VF_KIND_MODEL, "qwen3:4b", "Qwen/Qwen3-4B"},
    {VF_KIND_MODEL, "Qwen3 30B A3B", "Qwen/Qwen3-30B-A3B"},
    {VF_KIND_MODEL, "gemma3:27b", "google/gemma-3-27b-it"},
    {VF_KIND_MODEL, "gemma-3-27b", "google/gemma-3-27b-it"},
    {VF_KIND_MODEL, "gemma-3-27b-pt", "google/gemma-3-27b-it"},
    {VF_KIND_MODEL, "gemma-2-9b-it", "google/gemma-2-9b-it"},
    {VF_KIND_MODEL, "phi-4", "microsoft/phi-4"},
    {VF_KIND_MODEL, "deepseek-r1", "deepseek-ai/DeepSeek-R1"},
    {VF_KIND_MODEL, "deepseek v3", "deepseek-ai/DeepSeek-V3"},
    {VF_KIND_MODEL, "gpt-oss:20b", "openai/gpt-oss-20b"},
    {VF_KIND_MODEL, "gpt_oss_120b", "openai/gpt-oss-120b"},
    {VF_KIND_MODEL, "tinyllama", "TinyLlama/TinyLlama-1.1B-Chat-v1.0"},
    {VF_KIND_MODEL, "codellama:34b", "codellama/CodeLlama-34b-hf"},
    {VF_KIND_MODEL, "command-r+", "CohereLabs/c4ai-command-r-plus"},
    {VF_KIND_MODEL, "llama3.2:1b", "meta-llama/Llama-3.2-1B-Instruct"},
    {VF_KIND_MODEL, "llama-3.3-70b", "meta-llama/Llama-3.3-70B-Instruct"},
    {VF_KIND_GPU, "3090", "GeForce RTX 3090"},
    {VF_KIND_GPU, "RTX 3090", "GeForce RTX 3090"},
    {VF_KIND_GPU, "rtx-3090", "GeForce RTX 3090"},
    {VF_KIND_GPU, "rtx3090", "GeForce RTX 3090"},
    {VF_KIND_GPU, "geforce_rtx_3090", "GeForce RTX 3090"},
    {VF_KIND_GPU, "NVIDIA GeForce RTX 3090", "GeForce RTX 3090"},
    {VF_KIND_GPU, "nvidia rtx 3090", "GeForce RTX 3090"},
    {VF_KIND_GPU, "3090 Ti", "GeForce RTX 3090 Ti"},
    {VF_KIND_GPU, "RTX 4090", "GeForce RTX 4090"},
    {VF_KIND_GPU, "RTX 2070 SUPER", "GeForce RTX 2070 SUPER"},
    {VF_KIND_GPU, "5090", "GeForce RTX 5090"},
    {VF_KIND_GPU, "gtx1080ti", "GeForce GTX 1080 Ti"},
    {VF_KIND_GPU, "h100-80gb", "H100 SXM5 80GB"},
    {VF_KIND_GPU, "NVIDIA H100 80GB", "H100 SXM5 80GB"},
    {VF_KIND_GPU, "a100-40gb", "A100 SXM4 40GB"},
    {VF_KIND_GPU, "l40s", "L40S"},
    {VF_KIND_GPU, "t4", "Tesla T4"},
    {VF_KIND_GPU, "A6000", "RTX A6000"},
    {VF_KIND_GPU, "RX 7900 XTX", "Radeon RX 7900 XTX"},
    {VF_KIND_GPU, "AMD Radeon RX 7900 XTX", "Radeon RX 7900 XTX"},
    {VF_KIND_GPU, "mi300x", "Radeon Instinct MI300X"},
    {VF_KIND_GPU, "AMD Instinct MI300X", "Radeon Instinct MI300X"},
    {VF_KIND_QUANT, "q8", "Q8_0"},
    {VF_KIND_QUANT, "Q8_0", "Q8_0"},
    {VF_KIND_QUANT, "q6", "Q6_K"},
    {VF_KIND_QUANT, "q5", "Q5_K_M"},
    {VF_KIND_QUANT, "q4", "Q4_K_M"},
    {VF_KIND_QUANT, "q4_k_m", "Q4_K_M"},
    {VF_KIND_QUANT, "Q4-K-M", "Q4_K_M"},
    {VF_KIND_QUANT, "q4km", "Q4_K_M"},
    {VF_KIND_QUANT, "q3", "Q3_K_M"},
    {VF_KIND_QUANT, "q2", "Q2_K"},
    {VF_KIND_QUANT, "fp16", "F16"},
    {VF_KIND_QUANT, "f16", "F16"},
    {VF_KIND_QUANT, "bf16", "BF16"},
    {VF_KIND_QUANT, "iq2_xxs", "IQ2_XXS"},
    {VF_KIND_QUANT, "4bit", "nf4"},
    {VF_KIND_QUANT, "8bit", "int8"},
    {VF_KIND_QUANT, "INT4", "int4"},
    {VF_KIND_RUNTIME, "llama.cpp", "llama.cpp"},
    {VF_KIND_RUNTIME, "llamacpp", "llama.cpp"},
    {VF_KIND_RUNTIME, "HuggingFace", "transformers"},
    {VF_KIND_RUNTIME, "TensorRT LLM", "tensorrt-llm"},
    {VF_KIND_DESKTOP, "Typical", "typical"},
};

static const struct {
    vf_kind kind;
    const char *name;
    vf_status status;
    const char *says;
} misses[] = {
    {VF_KIND_MODEL, "lama-3.1-8b", VF_ERR_NOT_FOUND, "unknown model 'lama-3.1-8b' (did you mean 'Llama-3.1-8B"},
    {VF_KIND_MODEL, "meta-llama/Lama-3.1-8B-Instruct", VF_ERR_NOT_FOUND, "did you mean 'meta-llama/Llama-3.1-8B"},
    {VF_KIND_MODEL, "Qwen2.5-7C", VF_ERR_NOT_FOUND, "'Qwen2.5-7B"},
    {VF_KIND_MODEL, "zzzzzzzzzzzzzzz", VF_ERR_NOT_FOUND, "unknown model 'zzzzzzzzzzzzzzz'"},
    {VF_KIND_MODEL, "", VF_ERR_NOT_FOUND, "unknown model ''"},
    {VF_KIND_MODEL, "/", VF_ERR_NOT_FOUND, "unknown model '/'"},
    {VF_KIND_MODEL, "instruct", VF_ERR_NOT_FOUND, "unknown model 'instruct'"},
    {VF_KIND_MODEL, "a\x1b[2J\n", VF_ERR_NOT_FOUND, "'a\\x1B[2J\\x0A'"},
    {VF_KIND_MODEL, "%s%n", VF_ERR_NOT_FOUND, "'%s%n'"},
    {VF_KIND_GPU, "RTX 30900", VF_ERR_NOT_FOUND, "3090'"},
    {VF_KIND_GPU, "RTX 3090 99GB", VF_ERR_NOT_FOUND, "'RTX 3090 99GB'"},
    {VF_KIND_GPU, "RTX 3090 123456GB", VF_ERR_NOT_FOUND, "'RTX 3090 123456GB'"},
    {VF_KIND_GPU, "RTX 3090 24GX", VF_ERR_NOT_FOUND, "'RTX 3090 24GX'"},
    {VF_KIND_GPU, "RTX 3090 24", VF_ERR_NOT_FOUND, "'RTX 3090 24'"},
    {VF_KIND_QUANT, "Q4_K_N", VF_ERR_NOT_FOUND, "'Q4_K_"},
    {VF_KIND_RUNTIME, "lama.cpp", VF_ERR_NOT_FOUND, "'llama.cpp'"},
};

static void test_spellings(const vf_catalog *c)
{
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        uint32_t index = UINT32_MAX;
        vf_error err = {0};
        vf_status s = vf_catalog_find(c, spellings[i].kind, spellings[i].name, &index, &err);
        CHECK(s == VF_OK, "%s: %s", spellings[i].name, err.text);
        if (s == VF_OK)
            CHECK_STR(shown(c, spellings[i].kind, index), spellings[i].want, spellings[i].name);
    }
    for (size_t i = 0; i < sizeof misses / sizeof misses[0]; i++) {
        uint32_t index = 7;
        vf_error err = {0};
        vf_status s = vf_catalog_find(c, misses[i].kind, misses[i].name, &index, &err);
        CHECK_U64(s, misses[i].status, misses[i].name);
        CHECK(strstr(err.text, misses[i].says), "'%s': '%s' should say '%s'", misses[i].name, err.text, misses[i].says);
        CHECK(vf_catalog_find(c, misses[i].kind, misses[i].name, &index, NULL) == misses[i].status, "without err");
        CHECK_U64(index, 7, "untouched");
    }
    static char long_name[131072];
    uint32_t index;
    vf_error err;
    memset(long_name, 'a', sizeof long_name - 1);
    CHECK(vf_catalog_find(c, VF_KIND_MODEL, long_name, &index, &err) == VF_ERR_NOT_FOUND, "long");
    CHECK(strlen(err.text) < 200, "%s", err.text);
    CHECK(vf_catalog_find(c, VF_KIND_COUNT, "x", &index, &err) == VF_ERR_USAGE, "kind");
}

/** Every entry is found by its id and by each alias. */
static void test_all(const vf_catalog *c)
{
    for (int kind = 0; kind < VF_KIND_COUNT; kind++) {
        uint32_t n = vf_catalog_count(c, (vf_kind)kind);
        CHECK(n > 0, "kind %d", kind);
        for (uint32_t i = 0; kind != VF_KIND_ARCH && i < n; i++) {
            uint32_t index = UINT32_MAX;
            const char *name = shown(c, (vf_kind)kind, i), *alias = name;
            for (uint32_t k = 0; alias; k++) {
                CHECK(vf_catalog_find(c, (vf_kind)kind, alias, &index, NULL) == VF_OK && index == i, "%s of %s", alias,
                      name);
                alias = kind == VF_KIND_MODEL   ? vf_catalog_model_alias(c, i, k)
                        : kind == VF_KIND_QUANT ? vf_catalog_quant_alias(c, i, k)
                        : kind == VF_KIND_GPU   ? vf_catalog_gpu_alias(c, i, k)
                                                : NULL;
            }
        }
    }
}

static const struct {
    const char *name, *model, *quant;
} files[] = {
    {"Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf", LLAMA31, "Q4_K_M"},
    {"models/Meta-Llama-3.1-8B-Instruct.Q8_0.gguf", LLAMA31, "Q8_0"},
    {"C:\\models\\Meta-Llama-3.1-8B-Instruct.Q8_0.GGUF", LLAMA31, "Q8_0"},
    {"llama3.1:8b-instruct-q4_K_M", LLAMA31, "Q4_K_M"},
    {"llama3.1:8b", LLAMA31, NULL},
    {"Qwen2.5-7B-Instruct-Q5_K_M-00001-of-00003.gguf", "Qwen/Qwen2.5-7B-Instruct", "Q5_K_M"},
    {"tinyllama-1.1b-chat-v1.0.Q4_0.gguf", "TinyLlama/TinyLlama-1.1B-Chat-v1.0", "Q4_0"},
    {"TheBloke/Llama-2-7B-GPTQ", "meta-llama/Llama-2-7b", "gptq"},
    {"Qwen/Qwen2.5-7B-Instruct-AWQ", "Qwen/Qwen2.5-7B-Instruct", "awq"},
    {"Llama-3.1-8B-Instruct-4bit", LLAMA31, "nf4"},
    {"Llama-2-7b-int4", "meta-llama/Llama-2-7b", "int4"},
    {"gemma-3-27b-it-bf16.gguf", "google/gemma-3-27b-it", "BF16"},
    {"gemma-2-2b-it-Q4_K_M.gguf", "google/gemma-2-2b-it", "Q4_K_M"},
    {"MiniCPM-2B-sft-bf16-Q4_K_M.gguf", "openbmb/MiniCPM-2B-sft-bf16", "Q4_K_M"},
    {"TheBloke/Llama-2-7B-GPTQ-4bit-32g", "meta-llama/Llama-2-7b", "gptq-g32"},
    {"zzz-Q4_K_M.gguf", NULL, NULL},
    {".gguf", NULL, NULL},
    {"-00001-of-00003.gguf", NULL, NULL},
};

static void test_files(const vf_catalog *c)
{
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        uint32_t model, quant;
        vf_error err = {0};
        vf_status s = vf_catalog_find_file(c, files[i].name, &model, &quant, &err);
        CHECK(s == (files[i].model ? VF_OK : VF_ERR_NOT_FOUND), "%s: %s", files[i].name, err.text);
        if (s != VF_OK)
            continue;
        CHECK_STR(shown(c, VF_KIND_MODEL, model), files[i].model, files[i].name);
        CHECK((quant == UINT32_MAX) == !files[i].quant, "%s: a quantization or none", files[i].name);
        if (quant != UINT32_MAX && files[i].quant)
            CHECK_STR(shown(c, VF_KIND_QUANT, quant), files[i].quant, files[i].name);
    }
}

static vf_kind kind_named(const char *name)
{
    static const char *const names[] = {"model", "", "quant", "gpu", "runtime"};
    for (int i = 0; i < 5; i++)
        if (strcmp(names[i], name) == 0)
            return (vf_kind)i;
    return VF_KIND_COUNT; /* "file" */
}

/** One line of names.txt: kind, what is typed, what comes of it. */
static void test_name(const vf_catalog *c, const char *kind_name, const char *typed, char *want)
{
    vf_kind kind = kind_named(kind_name);
    uint32_t row = UINT32_MAX, quant = UINT32_MAX;
    vf_error err = {0};
    vf_status s = kind == VF_KIND_COUNT ? vf_catalog_find_file(c, typed, &row, &quant, &err)
                                        : vf_catalog_find(c, kind, typed, &row, &err);
    vf_status expected = want[0] == '=' ? VF_OK : want[0] == '?' ? VF_ERR_AMBIGUOUS : VF_ERR_NOT_FOUND;
    CHECK(s == expected, "%s '%s' should be '%s', is '%s' (%s)", kind_name, typed, want,
          s == VF_OK ? shown(c, kind == VF_KIND_COUNT ? VF_KIND_MODEL : kind, row) : "", err.text);
    if (s != expected)
        return;
    char *rest = want + 2;
    if (s != VF_OK) {
        for (char *end = rest; rest && *rest; rest = end) {
            end = strstr(rest, " / ");
            if (end) {
                *end = 0;
                end += 3;
            }
            CHECK(strstr(err.text, rest), "'%s' should list '%s': %s", typed, rest, err.text);
        }
        return;
    }
    char *plus = kind == VF_KIND_COUNT ? strstr(rest, " + ") : NULL;
    if (plus)
        *plus = 0;
    CHECK_STR(shown(c, kind == VF_KIND_COUNT ? VF_KIND_MODEL : kind, row), rest, typed);
    CHECK((quant != UINT32_MAX) == (plus != NULL), "'%s' %s a quantization", typed, plus ? "should tell" : "tells");
    if (plus && quant != UINT32_MAX)
        CHECK_STR(shown(c, VF_KIND_QUANT, quant), plus + 3, typed);
}

/** The table of spellings. */
static void test_table(const vf_catalog *c)
{
    FILE *f = fopen("tests/unit/names.txt", "r");
    char line[512];
    uint32_t n = 0;
    CHECK(f != NULL, "tests/unit/names.txt");
    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = 0;
        char *typed = strchr(line, '|'), *want = typed ? strrchr(typed + 1, '|') : NULL;
        if (line[0] == '#' || !want)
            continue;
        *typed = *want = 0;
        test_name(c, line, typed + 1, want + 1);
        n++;
    }
    if (f)
        (void)fclose(f);
    CHECK(n >= 300, "%u spellings", n);
}

/* The classes and their shapes (the command line's contract). */
static const struct {
    const char *name, *begins;
    uint64_t nominal;
} classes[] = {
    {"0.5B", "Qwen/Qwen2.5-0.5B", 500000000},
    {"1B", "meta-llama/Llama-3.2-1B", 1000000000},
    {"1.5B", "Qwen/Qwen2.5-1.5B", 1500000000},
    {"3B", "meta-llama/Llama-3.2-3B", 3000000000},
    {"4B", "Qwen/Qwen3-4B", 4000000000},
    {"7B", "meta-llama/Llama-2-7b", 7000000000},
    {"7b", "meta-llama/Llama-2-7b", 7000000000},
    {"8B", "meta-llama/Llama-3.1-8B", 8000000000},
    {"13B", "meta-llama/Llama-2-13b", 13000000000},
    {"14B", "Qwen/Qwen2.5-14B", 14000000000},
    {"24B", "mistralai/Mistral-Small-24B", 24000000000},
    {"27B", "google/gemma-3-27b", 27000000000},
    {"30B-A3B", "Qwen/Qwen3-30B-A3B", 30500000000},
    {"30b-a3b", "Qwen/Qwen3-30B-A3B", 30500000000},
    {"32B", "Qwen/Qwen2.5-32B", 32000000000},
    {"34B", "codellama/CodeLlama-34b", 34000000000},
    {"70B", "meta-llama/Llama-3.1-70B", 70000000000},
    {"72B", "Qwen/Qwen2.5-72B", 72000000000},
    {"8x7B", "mistralai/Mixtral-8x7B", 46700000000},
    {"8x22B", "mistralai/Mixtral-8x22B", 141000000000},
    {"235B-A22B", "Qwen/Qwen3-235B-A22B", 235000000000},
    {"405B", "meta-llama/Llama-3.1-405B", 405000000000},
    {"671B", "deepseek-ai/DeepSeek-V3", 671000000000},
};

static const struct {
    const char *name, *text;
} no_classes[] = {
    {"9B", "'9B' is no size class (the nearest: 8B and 13B)"},
    {"6.7b", "'6.7b' is no size class (the nearest: 4B and 7B)"},
    {"500B", "'500B' is no size class (the nearest: 405B and 671B)"},
    {"135M", "'135M' is no size class (the nearest: 0.5B)"},
    {"1000B", "'1000B' is no size class (the nearest: 671B)"},
    {"16x7B", "'16x7B' is no size class (the nearest: 72B and 8x22B)"},
    {"99999999999999999999999B", "'99999999999999999999999B' is no size class (the nearest: 671B)"},
    {"30B-A4B", "'30B-A4B' is no size class (the nearest: 27B and 30B-A3B)"},
    {"llama", ""}, {"", ""}, {"B", ""}, {"7", ""}, {"7BB", ""}, {"7B-", ""}, {"x7B", ""}, {"7.B", ""}, {"1.2.3B", ""},
    {"8x", ""}, {"7B-Instruct", ""}, {"30B-A", ""},
};

static void test_classes(const vf_catalog *c)
{
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        uint32_t model = 0;
        uint64_t nominal = 0;
        vf_error err = {0};
        vf_status s = vf_catalog_size_class(c, classes[i].name, &model, &nominal, &err);
        CHECK(s == VF_OK, "%s: %s", classes[i].name, err.text);
        const char *id = shown(c, VF_KIND_MODEL, model);
        CHECK(strncmp(id, classes[i].begins, strlen(classes[i].begins)) == 0, "%s is %s", classes[i].name, id);
        CHECK(nominal == classes[i].nominal, "%s has %llu", classes[i].name, (unsigned long long)nominal);
    }
    for (size_t i = 0; i < sizeof no_classes / sizeof no_classes[0]; i++) {
        uint32_t model;
        uint64_t nominal;
        vf_error err = {0};
        CHECK(vf_catalog_size_class(c, no_classes[i].name, &model, &nominal, &err) == VF_ERR_NOT_FOUND, "%s",
              no_classes[i].name);
        CHECK_STR(err.text, no_classes[i].text, no_classes[i].name);
    }
}

int main(void)
{
    vf_catalog *c = NULL;
    vf_error err = {0};
    CHECK(vf_catalog_new(&heap, &c, &err) == VF_OK, "%s", err.text);
    test_spellings(c);
    test_all(c);
    test_files(c);
    test_table(c);
    test_classes(c);
    vf_catalog_free(c);
    return CHECK_END();
}
