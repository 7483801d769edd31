/* Servers that fill the card, against figures from their logs and against cuts worked out by hand. */
#include "check.h"
#include "sample.h"
#include "vramfit/load.h"

#define MIB (1024.0 * 1024.0)
#define GIB (1024.0 * MIB)

static vf_catalog *catalog;
static vf_result result;
static vf_error failure;

/* One question: runtime, model and quantization by name; cards of so many MiB, all of them visible. */
typedef struct question {
    const char *runtime, *model, *quant;
    uint32_t cards, mib;
    uint64_t context;
    uint32_t parallel, seqs, limit, tp, pp;
    bool fp8, ep;
} question;

static vf_status ask(question q)
{
    vf_request r = {.runtime = q.runtime, .n_devices = q.cards};
    uint32_t i;
    vf_model *m = NULL;
    vf_quant_entry e = {0};
    memset(&failure, 0, sizeof failure);
    CHECK(vf_catalog_find(catalog, VF_KIND_QUANT, q.quant, &i, &failure) == VF_OK && vf_catalog_quant(catalog, i, &e) == VF_OK,
          "%s", q.quant);
    r.quant = e.quant;
    r.quant.millibits = e.millibits;
    if (e.quant.kind == VF_QUANT_GGUF) /* fp16 and mxfp4 as these runtimes hold them */
        r.quant.kind = e.quant.packing == VF_PACK_NONE ? VF_QUANT_CAST : VF_QUANT_SCHEME;
    CHECK(vf_catalog_find(catalog, VF_KIND_MODEL, q.model, &i, &failure) == VF_OK &&
              vf_catalog_model_open(catalog, i, &sample_allocator, &m, &failure) == VF_OK,
          "%s: %s", q.model, failure.text);
    vf_settings_init(&r.settings);
    r.model = m;
    r.settings.context = q.context;
    r.settings.parallel = q.parallel;
    r.settings.max_num_seqs = q.seqs;
    r.settings.gpu_memory_utilization = q.limit;
    r.settings.tensor_parallel = q.tp;
    r.settings.pipeline_parallel = q.pp;
    r.settings.expert_parallel = q.ep;
    if (q.fp8) {
        r.settings.type_kv_set = true;
        r.settings.type_k = r.settings.type_v = VF_TYPE_F8_E4M3;
    }
    for (uint32_t d = 0; d < q.cards; d++) {
        r.device[d].total = (uint64_t)q.mib << 20;
        r.device[d].compute_capability = 90;
    }
    vf_status st = vf_estimate(&r, &sample_allocator, &result, &failure);
    vf_model_free(m);
    return st;
}

static double segment(vf_segment s)
{
    return (double)result.device[0].segment[s];
}

static double term(const char *name)
{
    for (uint32_t i = 0; i < result.n_terms; i++)
        if (strcmp(result.term[i].name, name) == 0)
            return (double)result.term[i].bytes;
    return -1;
}

static void near(const char *what, double got, double want, double off)
{
    CHECK(got >= want - off && got <= want + off, "%s: %.4f, expected %.4f", what, got, want);
}

/* Bytes of sequences, exactly. */
static void caches(void)
{
    static const struct {
        question q;
        uint64_t bytes;
    } rows[] = {
        {{"vllm", "Mistral-Small-3.2-24B-Instruct-2506", "bf16", 1, 81080, 16, .parallel = 1}, 16 * 163840},
        {{"vllm", "Mistral-Small-3.2-24B-Instruct-2506", "bf16", 1, 81080, 17, .parallel = 3}, 3 * 32 * 163840},
        {{"vllm", "Mistral-Small-3.2-24B-Instruct-2506", "bf16", 1, 81080, 16, .fp8 = true}, 8 * 163840},
        {{"tensorrt-llm", "Llama-3.1-8B", "fp16", 1, 81080, 12800, .parallel = 1}, UINT64_C(12800) * 131072},
        {{"tensorrt-llm", "Llama-3.1-8B", "fp16", 1, 81080, 22048, .parallel = 10}, UINT64_C(220480) * 131072},
        {{"sglang", "Qwen3-30B-A3B-Instruct-2507", "bf16", 1, 81080, 208727, .parallel = 8}, UINT64_C(1669816) * 98304},
        {{"vllm", "Qwen3-30B-A3B-Instruct-2507", "bf16", 1, 81080, 65536, .parallel = 1}, UINT64_C(6144) << 20},
        {{"vllm", "Qwen3-32B", "bf16", 1, 81080, 8192, .parallel = 1}, UINT64_C(2048) << 20},
        /* latent rows are not divided */
        {{"vllm", "DeepSeek-V3", "fp8-block", 8, 81080, 32768, .parallel = 1}, UINT64_C(2196) << 20},
        {{"vllm", "DeepSeek-V3", "fp8-block", 8, 81080, 32768, .fp8 = true}, UINT64_C(1098) << 20},
        /* sparse attention: 656 of the row, 132 of the indexer's key */
        {{"vllm", "DeepSeek-V3.2", "fp8-block", 8, 81080, 16, .fp8 = true}, 16 * 61 * (656 + 132)},
        /* one of four heads on each card; the same with eight */
        {{"vllm", "Qwen3-235B-A22B", "fp8-dynamic", 4, 81080, 16, .parallel = 1}, 16 * 48128},
        {{"vllm", "Qwen3-235B-A22B", "fp8-dynamic", 8, 81080, 16, .parallel = 1}, 16 * 48128},
        /* pages of 784 tokens hold a state; three groups of recurrent layers and one of attention */
        {{"vllm", "Qwen3.6-27B", "bf16", 1, 81080, 784, .parallel = 1}, 4 * UINT64_C(51380224)},
        {{"vllm", "Qwen3.6-27B", "bf16", 1, 81080, 785, .parallel = 2}, 2 * 5 * UINT64_C(51380224)},
        /* one group of ten full layers, six of windows: 16 tokens of 16 heads of 128, K and V, on ten layers */
        {{"vllm", "gemma-3-27b-it", "bf16", 1, 48000, 32768, .parallel = 1}, (2048 + 6 * (192 + 1)) * UINT64_C(1310720)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_status st = ask(rows[i].q);
        CHECK(st == VF_OK, "%s %s: %s", rows[i].q.runtime, rows[i].q.model, failure.text);
        uint64_t got = result.device[0].segment[VF_SEG_KV_CACHE];
        CHECK(got == rows[i].bytes, "%s %s: cache %llu, expected %llu", rows[i].q.runtime, rows[i].q.model,
              (unsigned long long)got, (unsigned long long)rows[i].bytes);
    }
}

static void weights(void)
{
    (void)ask((question){"vllm", "Llama-3.1-8B", "bf16", 1, 46068, 4096, .seqs = 256});
    near("Llama-3.1-8B with its position table", segment(VF_SEG_WEIGHTS) / GIB, 14.9888, 0.001);
    (void)ask((question){"vllm", "Qwen3-32B", "bf16", 1, 81080, 4096, .seqs = 256});
    near("Qwen3-32B", segment(VF_SEG_WEIGHTS) / GIB, 61.03, 0.02);
    (void)ask((question){"vllm", "Qwen3-32B", "bf16", 2, 81080, 4096, .seqs = 256});
    near("Qwen3-32B on two", segment(VF_SEG_WEIGHTS) / GIB, 30.59, 0.08);
    (void)ask((question){"vllm", "Llama-3.3-70B-Instruct", "fp8-dynamic", 1, 81080, 4096, .seqs = 256});
    near("Llama-3.3-70B in fp8", segment(VF_SEG_WEIGHTS) / GIB, 67.72, 0.02);
    (void)ask((question){"vllm", "gpt-oss-20b", "mxfp4", 1, 81080, 4096, .seqs = 256});
    near("gpt-oss-20b", segment(VF_SEG_WEIGHTS) / GIB, 13.47, 0.05);
}

static void activations(void)
{
    (void)ask((question){"vllm", "Qwen3-0.6B", "bf16", 1, 81080, 4096, .seqs = 1024});
    near("Qwen3-0.6B, 1024 sequences", term("activations") / GIB, 5.56, 0.03 * 5.56);
    (void)ask((question){"vllm", "gpt-oss-20b", "mxfp4", 1, 81080, 4096, .seqs = 0});
    near("gpt-oss-20b, the default of a large card", term("activations") / GIB, 7.38, 0.03 * 7.38);
    (void)ask((question){"vllm", "Llama-3-8B", "bf16", 1, 24124, 4096, .seqs = 0});
    near("Llama-3-8B, the default of a small card", term("activations") / GIB, 1.225, 0.05 * 1.225);
}

static void pools(void)
{
    (void)ask((question){"vllm", "Llama-3.1-8B", "bf16", 1, 81080, 16000, .limit = 900000});
    near("H100, Llama-3.1-8B", (double)result.pool_bytes / GIB, 51.38, 0.02);
    CHECK(result.has_pool && result.max_sequences == result.pool_tokens / 16000, "sequences of the pool");
    (void)ask((question){"vllm", "Llama-3.1-8B", "bf16", 1, 45589, 32768, .seqs = 1024});
    near("L40S, Llama-3.1-8B", (double)result.pool_tokens, 158656, 0.05 * 158656);
    /* 0.9 of what is free beside weights, activations and libraries */
    (void)ask((question){"tensorrt-llm", "Llama-3.1-8B", "fp16", 1, 81080, 4096, .parallel = 1});
    double before = segment(VF_SEG_WEIGHTS) + segment(VF_SEG_COMPUTE) + segment(VF_SEG_RUNTIME);
    near("TensorRT-LLM's share", (double)result.pool_bytes / MIB, 0.9 * (81080 - before / MIB), 1);
    /* llama.cpp has no pool */
    (void)ask((question){"transformers", "Llama-3.1-8B", "bf16", 1, 81080, 4096, .parallel = 1});
    CHECK(!result.has_pool && result.pool_bytes == 0, "no pool where none is");
}

static void division(void)
{
    static const struct {
        question q;
        const char *key, *text;
    } refused[] = {
        {{"vllm", "Llama-3.1-8B", "bf16", 3, 24124, 4096, .seqs = 0}, "--tensor-parallel", "32 attention heads"},
        {{"vllm", "Qwen2.5-7B-Instruct", "bf16", 7, 24124, 4096, .seqs = 0}, "--tensor-parallel", "key-value heads"},
        {{"vllm", "Qwen2.5-7B-Instruct", "awq", 4, 24124, 4096, .seqs = 0}, NULL, NULL}, /* 18944 = 4 x 37 x 128 */
        {{"vllm", "Llama-2-7b-hf", "awq", 4, 24124, 4096, .seqs = 0}, "--tensor-parallel", "groups of 128"}, /* 11008 / 4 = 21.5 x 128 */
        {{"vllm", "Llama-3.1-8B", "bf16", 2, 24124, 4096, .tp = 2, .pp = 2}, "--tensor-parallel", "--gpu has 2"},
        {{"vllm", "Qwen3-235B-A22B", "fp8-block", 8, 81080, 4096, .seqs = 0}, "--tensor-parallel", "groups of 128"}, /* 1536 / 8 */
        {{"vllm", "Qwen3-235B-A22B", "fp8-block", 8, 81080, 4096, .ep = true}, NULL, NULL}, /* whole ones, then */
        {{"vllm", "Llama-3.1-8B", "bf16", 2, 24124, 4096, .ep = true}, "--expert-parallel", "no experts"},
        {{"vllm", "Llama-3.1-8B", "bf16", 1, 24124, 131073, .seqs = 0}, "--context", "131072"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        vf_status st = ask(refused[i].q);
        bool good = refused[i].key ? st != VF_OK && strcmp(failure.key, refused[i].key) == 0 && strstr(failure.text, refused[i].text)
                                   : st == VF_OK;
        CHECK(good, "row %zu: %d %s %s", i, (int)st, failure.key, failure.text);
    }
    /* 128 experts, four cards: 32 each, as many bytes as quarters of all of them */
    CHECK(ask((question){"vllm", "Qwen3-30B-A3B", "bf16", 4, 81080, 4096, .ep = true}) == VF_OK, "%s", failure.text);
    double whole = segment(VF_SEG_WEIGHTS);
    CHECK(ask((question){"vllm", "Qwen3-30B-A3B", "bf16", 4, 81080, 4096, .ep = false}) == VF_OK, "%s", failure.text);
    CHECK(whole == segment(VF_SEG_WEIGHTS), "128 experts over four cards: %.0f, %.0f", whole, segment(VF_SEG_WEIGHTS));
    /* stages: 32 layers over three cards; embeddings on the first, head on the last, the sampler there */
    vf_status st = ask((question){"vllm", "Llama-3.1-8B", "bf16", 3, 24124, 16, .tp = 1, .pp = 3});
    CHECK(st == VF_OK && result.device[0].layers == 11 && result.device[1].layers == 11 && result.device[2].layers == 10, "stages: %s",
          failure.text);
    uint64_t all = 0;
    for (int i = 0; i < 3; i++)
        all += result.device[i].segment[VF_SEG_WEIGHTS];
    CHECK(all == UINT64_C(2) * 8030261248 + 3 * UINT64_C(33554432), "weights of the stages: %llu", (unsigned long long)all);
    CHECK(result.device[0].segment[VF_SEG_COMPUTE] < result.device[2].segment[VF_SEG_COMPUTE], "the sampler is on the last");
}

int main(void)
{
    vf_error err = {0};
    CHECK(vf_catalog_new(&sample_allocator, &catalog, &err) == VF_OK, "%s", err.text);
    caches();
    weights();
    activations();
    pools();
    division();
    vf_catalog_free(catalog);
    return CHECK_END();
}
