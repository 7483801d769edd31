/* Bounds on speed, against measured rates, which have to lie within, and what several cards do to them. */
#include "check.h"
#include "sample.h"
#include "vramfit/load.h"
#include "vramfit/speed.h"

static vf_catalog *catalog;
static vf_result result;
static vf_error failure;

typedef struct question {
    const char *runtime, *model, *quant, *gpu;
    uint32_t cards;
    uint64_t context;
    uint32_t tp;
    uint32_t cpu_moe;
    vf_split split;
} question;

static vf_speed ask(question q)
{
    vf_request r = {.runtime = q.runtime, .n_devices = q.cards};
    uint32_t i;
    vf_model *m = NULL;
    vf_quant_entry e = {0};
    vf_gpu_entry g = {0};
    vf_speed out = {0};
    CHECK(vf_catalog_find(catalog, VF_KIND_QUANT, q.quant, &i, &failure) == VF_OK && vf_catalog_quant(catalog, i, &e) == VF_OK, "%s", q.quant);
    CHECK(vf_catalog_find(catalog, VF_KIND_GPU, q.gpu, &i, &failure) == VF_OK && vf_catalog_gpu(catalog, i, &g) == VF_OK, "%s", q.gpu);
    CHECK(vf_catalog_find(catalog, VF_KIND_MODEL, q.model, &i, &failure) == VF_OK &&
              vf_catalog_model_open(catalog, i, &sample_allocator, &m, &failure) == VF_OK,
          "%s: %s", q.model, failure.text);
    r.quant = e.quant;
    r.quant.millibits = e.millibits;
    r.model = m;
    vf_settings_init(&r.settings);
    r.settings.context = q.context;
    r.settings.backend = g.backend;
    r.settings.tensor_parallel = q.tp;
    r.settings.cpu_moe = q.cpu_moe;
    r.settings.split = q.split;
    for (uint32_t d = 0; d < q.cards; d++) {
        r.device[d].total = g.memory_bytes;
        r.device[d].bandwidth_mbs = g.bandwidth_mbs;
        r.device[d].compute_capability = g.compute_capability;
        r.device[d].multiprocessors = g.multiprocessors;
        r.device[d].bus_mbs = 31500;
    }
    CHECK(vf_estimate(&r, &sample_allocator, &result, &failure) == VF_OK, "%s: %s", q.model, failure.text);
    CHECK(vf_speed_bounds(&r, &result, &sample_allocator, &out, &failure) == VF_OK, "%s", failure.text);
    vf_model_free(m);
    return out;
}

/* Tokens a second of one sequence: mlx-lm BENCHMARKS.md, AutoAWQ README, LitGPT tutorials/inference.md. */
static void measured(void)
{
    static const struct {
        question q;
        double rate;
    } rows[] = {
        {{"mlx", "Qwen3-4B-Instruct-2507", "mlx-bf16", "M4 Max 64GB", 1, 2176, 0, 0, 0}, 52.5},
        {{"mlx", "Qwen3-4B-Instruct-2507", "mlx-8bit", "M4 Max 64GB", 1, 2176, 0, 0, 0}, 86.9},
        {{"mlx", "Qwen3-4B-Instruct-2507", "mlx-4bit", "M4 Max 64GB", 1, 2176, 0, 0, 0}, 134.5},
        {{"mlx", "Qwen3-30B-A3B-Instruct-2507", "mlx-4bit", "M4 Max 64GB", 1, 2176, 0, 0, 0}, 113},
        {{"transformers", "Mistral-7B-v0.1", "awq", "4090", 1, 128, 0, 0, 0}, 156},
        {{"transformers", "Llama-2-70b", "bfloat16", "a100-40gb", 4, 256, 0, 0, 0}, 7.55},
        {{"transformers", "Llama-2-70b", "bfloat16", "a100-40gb", 8, 256, 0, 0, 0}, 7.47},
        {{"transformers", "Llama-2-70b", "nf4-dq", "a100-40gb", 2, 256, 0, 0, 0}, 8.63},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_speed s = ask(rows[i].q);
        double low = (double)s.decode.low / 1000, high = (double)s.decode.high / 1000;
        CHECK(s.has_decode && rows[i].rate >= low && rows[i].rate <= high, "%s %s: %.2f measured, %.2f to %.2f", rows[i].q.model,
              rows[i].q.quant, rows[i].rate, low, high);
    }
}

/* Layers dealt to two cards are read in turn; shared layers at once, at the price of what the cards send. */
static void several(void)
{
    vf_speed one = ask((question){"llama.cpp", "Llama-3.1-8B", "q4_k_m", "3090", 1, 4096, 0, 0, 0});
    vf_speed two = ask((question){"llama.cpp", "Llama-3.1-8B", "q4_k_m", "3090", 2, 4096, 0, 0, 0});
    CHECK(two.decode.high <= one.decode.high && two.decode.high * 100 >= one.decode.high * 99, "no faster: %llu, %llu",
          (unsigned long long)one.decode.high, (unsigned long long)two.decode.high);
    CHECK(one.prompt.low && two.prompt.high > one.prompt.high && two.prompt.low == one.prompt.low, "prompts may overlap");
    CHECK(two.exchange_ns.high == 0 && two.tensor_parallel < 2, "nothing is exchanged");
    vf_speed split = ask((question){"llama.cpp", "Llama-3.1-8B", "q4_k_m", "3090", 2, 4096, 0, 0, VF_SPLIT_TENSOR});
    CHECK(split.tensor_parallel == 2 && split.decode.high > one.decode.high && split.decode.high < 2 * one.decode.high, "a tensor split");
    vf_speed tp = ask((question){"vllm", "Llama-3.1-70B", "awq", "3090", 2, 4096, 2, 0, 0});
    CHECK(tp.tensor_parallel == 2 && tp.exchange_ns.low > 0 && tp.exchange_ns.low < tp.exchange_ns.high, "exchanged");
    /* two all-reduces of 80 layers: 15 us each, and 8192 x 2 bytes over 31.5 GB/s */
    CHECK(tp.exchange_ns.low == 160 * 15000 + (uint64_t)160 * 16384 * 10 / 315, "%llu ns", (unsigned long long)tp.exchange_ns.low);
}

/* Of 128 experts a token reads eight, wherever they lie. */
static void experts(void)
{
    vf_speed all = ask((question){"llama.cpp", "Qwen3-30B-A3B", "q4_k_m", "3090", 1, 4096, 0, 0, 0});
    vf_speed away = ask((question){"llama.cpp", "Qwen3-30B-A3B", "q4_k_m", "3090", 1, 4096, 0, VF_LAYERS_ALL, 0});
    CHECK(all.host_read_bytes == 0 && all.read_bytes * 7 < result.model_bytes, "%llu of %llu", (unsigned long long)all.read_bytes,
          (unsigned long long)result.model_bytes);
    CHECK(away.read_bytes == all.read_bytes && away.host_read_bytes > 0 && away.host_read_bytes < away.read_bytes, "the host reads some");
    CHECK(away.decode.high < all.decode.high && !away.has_prompt, "slower");
}

static void unknown(void)
{
    vf_speed s = ask((question){"generic", "Llama-3.1-8B", "bf16", "3090", 1, 4096, 0, 0, 0});
    CHECK(s.has_decode, "the rule of thumb has tensors in 16 bits");
    s = ask((question){"llama.cpp", "Llama-3.1-8B", "q4_k_m", "M4 Max 64GB", 1, 4096, 0, 0, 0});
    CHECK(s.has_decode && !s.has_prompt, "arithmetic of that card is not known");
}

int main(void)
{
    vf_error err = {0};
    CHECK(vf_catalog_new(&sample_allocator, &catalog, &err) == VF_OK, "%s", err.text);
    measured();
    several();
    experts();
    unknown();
    vf_catalog_free(catalog);
    return CHECK_END();
}
