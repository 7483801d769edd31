/* Fine-tuning under Transformers, against published counts and measured differences. */
#include "check.h"
#include "sample.h"
#include "vramfit/load.h"

#define GIB (1024.0 * 1024.0 * 1024.0)

static vf_catalog *catalog;
static vf_result result;
static vf_error failure;

static vf_status ask(const char *model, const char *quant, vf_train train, uint64_t context, uint32_t parallel, uint32_t cards)
{
    vf_request r = {.runtime = "transformers", .n_devices = cards};
    uint32_t i;
    vf_model *m = NULL;
    vf_quant_entry e = {0};
    CHECK(vf_catalog_find(catalog, VF_KIND_QUANT, quant, &i, &failure) == VF_OK && vf_catalog_quant(catalog, i, &e) == VF_OK, "%s", quant);
    CHECK(vf_catalog_find(catalog, VF_KIND_MODEL, model, &i, &failure) == VF_OK &&
              vf_catalog_model_open(catalog, i, &sample_allocator, &m, &failure) == VF_OK,
          "%s: %s", model, failure.text);
    r.quant = e.quant;
    r.quant.millibits = e.millibits;
    r.model = m;
    vf_settings_init(&r.settings);
    r.settings.train = train;
    r.settings.context = context;
    r.settings.parallel = parallel;
    for (uint32_t d = 0; d < cards; d++)
        r.device[d].total = UINT64_C(80) << 30;
    vf_status st = vf_estimate(&r, &sample_allocator, &result, &failure);
    vf_model_free(m);
    return st;
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

/* Pure bf16: two bytes each for weight, gradient and both moments. torchao's README measures what optimizers with
 * moments in 8 and in 4 bits (and a scale for 256 or 128) save. */
static void full(void)
{
    CHECK(ask("Llama-2-7b", "bfloat16", VF_TRAIN_FULL, 512, 1, 1) == VF_OK, "%s", failure.text);
    double weights = (double)result.device[0].segment[VF_SEG_WEIGHTS], states = term("gradients and optimizer");
    near("states", states, 3 * weights, 0);
    double moments = states * 2 / 3, parameters = weights / 2;
    near("8-bit moments save", (moments - parameters * 2 * (1 + 4.0 / 256)) / GIB, 12.3, 0.02 * 12.3);
    near("4-bit moments save", (moments - parameters * (1 + 8.0 / 128)) / GIB, 18.4, 0.02 * 18.4);
    CHECK(ask("Llama-2-7b", "float32", VF_TRAIN_FULL, 512, 1, 1) == VF_OK, "%s", failure.text);
    near("fp32", term("gradients and optimizer"), parameters * 12, 0);
}

/* LitGPT tutorials/finetune_lora.md counts 4,194,304 trainable parameters; resource-tables.md measures, of which the
 * second sequence is 7.8 GB. */
static void adapters(void)
{
    CHECK(ask("Llama-2-7b", "bfloat16", VF_TRAIN_LORA, 1304, 1, 1) == VF_OK, "%s", failure.text);
    near("trainable", term("adapters, gradients and optimizer"), 16.0 * 4194304, 0);
    uint64_t one = result.need;
    CHECK(ask("Llama-2-7b", "bfloat16", VF_TRAIN_LORA, 1304, 2, 1) == VF_OK, "%s", failure.text);
    near("a sequence", (double)(result.need - one) / 1.1 / 1e9, 7.8, 0.08 * 7.8);
    CHECK(ask("Llama-2-13b", "nf4", VF_TRAIN_QLORA, 1304, 1, 1) == VF_OK, "%s", failure.text);
    uint64_t plain = result.device[0].segment[VF_SEG_WEIGHTS];
    CHECK(ask("Llama-2-13b", "nf4-dq", VF_TRAIN_QLORA, 1304, 1, 1) == VF_OK, "%s", failure.text);
    near("quantized twice", (double)(plain - result.device[0].segment[VF_SEG_WEIGHTS]) / 1e9, 0.60, 0.01);
    CHECK(result.device[0].headroom > 0 && result.device[0].margin > result.need / 6, "a margin for what is not measured");
}

static void refused(void)
{
    CHECK(ask("Llama-2-7b", "nf4", VF_TRAIN_FULL, 512, 1, 1) == VF_ERR_USAGE, "full, quantized");
    CHECK(ask("Llama-2-7b", "nf4", VF_TRAIN_LORA, 512, 1, 1) == VF_ERR_USAGE, "lora, quantized");
    CHECK(ask("Llama-2-7b", "bfloat16", VF_TRAIN_QLORA, 512, 1, 1) == VF_ERR_USAGE, "qlora, 16 bits");
    CHECK(ask("Llama-2-7b", "bfloat16", VF_TRAIN_LORA, 512, 1, 2) == VF_ERR_USAGE, "two cards");
}

int main(void)
{
    vf_error err = {0};
    CHECK(vf_catalog_new(&sample_allocator, &catalog, &err) == VF_OK, "%s", err.text);
    full();
    adapters();
    refused();
    vf_catalog_free(catalog);
    return CHECK_END();
}
