/* An answer moved to another card is the answer that the other card gets. */
#include <stddef.h>
#include <string.h>

#include "check.h"
#include "sample.h"
#include "vramfit/load.h"

static vf_catalog *catalog;
static vf_error err;
static vf_result moved, anew;

static void set(vf_device *d, uint32_t gpu, uint32_t desktop)
{
    vf_gpu_entry g;
    (void)vf_catalog_gpu(catalog, gpu, &g);
    *d = (vf_device){.total = g.memory_bytes, .reserved = g.reserved_linux, .compute_capability = g.compute_capability,
                     .multiprocessors = g.multiprocessors, .bandwidth_mbs = g.bandwidth_mbs};
    (void)snprintf(d->name, sizeof d->name, "%s", g.name);
    d->desktop = (uint64_t)desktop * 300 << 20;
    d->desktop_spread = (uint64_t)desktop * 100 << 20;
    d->other = (uint64_t)(gpu % 3) << 28;
}

static void same(const vf_request *q, const char *what)
{
    CHECK(vf_estimate(q, &sample_allocator, &anew, &err) == VF_OK, "%s: %s", what, err.text);
    CHECK(memcmp(&moved, &anew, offsetof(vf_result, term)) == 0, "%s on %s: verdict %d and %d, need %llu and %llu, margin %llu and %llu", what,
          q->device[0].name, (int)moved.verdict, (int)anew.verdict, (unsigned long long)moved.need, (unsigned long long)anew.need,
          (unsigned long long)moved.margin, (unsigned long long)anew.margin);
    for (uint32_t i = 0; i < moved.n_notes && i < anew.n_notes; i++)
        CHECK_STR(moved.note[i], anew.note[i], what);
    for (uint32_t i = 0; i < moved.n_terms && i < anew.n_terms; i++) {
        const vf_term *a = &moved.term[i], *b = &anew.term[i];
        CHECK(strcmp(a->name, b->name) == 0 && strcmp(a->detail, b->detail) == 0 && strcmp(a->formula, b->formula) == 0 &&
                  a->bytes == b->bytes && a->spread == b->spread && a->device == b->device,
              "%s on %s: term %s, %s", what, q->device[0].name, a->name, b->name);
    }
}

/* From card to card through the catalog: what is moved is never estimated again. */
static void walk(const char *name, const char *quant, const char *runtime, uint64_t context)
{
    vf_request q = {.runtime = runtime, .n_devices = 1};
    vf_quant_entry e = {0};
    vf_gpu_entry g;
    vf_model *model = NULL;
    uint32_t i, n = 0, refused = 0, verdicts = 0;
    CHECK(vf_catalog_find(catalog, VF_KIND_QUANT, quant, &i, &err) == VF_OK && vf_catalog_quant(catalog, i, &e) == VF_OK, "%s", quant);
    CHECK(vf_catalog_find(catalog, VF_KIND_MODEL, name, &i, &err) == VF_OK &&
              vf_catalog_model_open(catalog, i, &sample_allocator, &model, &err) == VF_OK, "%s: %s", name, err.text);
    vf_settings_init(&q.settings);
    q.model = model;
    q.quant = e.quant;
    q.settings.context = context;
    for (i = 0; i < vf_catalog_count(catalog, VF_KIND_GPU); i++) {
        vf_device next;
        (void)vf_catalog_gpu(catalog, i, &g);
        if (g.backend != VF_BACKEND_CUDA)
            continue;
        set(&next, i, i % 4);
        vf_status st = n ? vf_estimate_card(&q, &next, &moved, &err) : VF_ERR_USAGE;
        CHECK(n == 0 || (st == VF_OK) == (next.compute_capability == q.device[0].compute_capability), "%s: %s", g.name, err.text);
        q.device[0] = next;
        n++;
        if (st == VF_OK) {
            same(&q, name);
            verdicts |= 1u << moved.verdict;
        } else {
            refused++;
            CHECK(vf_estimate(&q, &sample_allocator, &moved, &err) == VF_OK, "%s", err.text);
        }
    }
    CHECK(n > 100 && refused < n / 2 && (verdicts & 5) == 5, "%s: %u cards, %u of another capability than the one before, verdicts %u", name, n, refused,
          verdicts);
    vf_model_free(model);
}

/* Where more depends on the card, nothing is changed. */
static void refusals(void)
{
    vf_request q = {.runtime = "vllm", .n_devices = 1};
    vf_quant_entry e = {0};
    vf_model *model = NULL;
    uint32_t i;
    CHECK(vf_catalog_find(catalog, VF_KIND_QUANT, "fp16", &i, &err) == VF_OK && vf_catalog_quant(catalog, i, &e) == VF_OK, "fp16");
    CHECK(vf_catalog_find(catalog, VF_KIND_MODEL, "qwen2.5-0.5b", &i, &err) == VF_OK &&
              vf_catalog_model_open(catalog, i, &sample_allocator, &model, &err) == VF_OK, "%s", err.text);
    vf_settings_init(&q.settings);
    q.model = model;
    q.quant = e.quant;
    q.quant.kind = VF_QUANT_CAST;
    q.device[0] = (vf_device){.total = UINT64_C(24) << 30, .compute_capability = 86};
    vf_device card = q.device[0];
    card.total *= 2;
    static const char *const runtimes[] = {"vllm", "ollama", "transformers"};
    for (i = 0; i < 3; i++) {
        q.runtime = runtimes[i];
        CHECK(vf_estimate(&q, &sample_allocator, &moved, &err) == VF_OK, "%s: %s", q.runtime, err.text);
        anew = moved;
        CHECK(vf_estimate_card(&q, &card, &moved, &err) == VF_ERR_USAGE && memcmp(&anew, &moved, sizeof moved) == 0, "%s", q.runtime);
    }
    q.runtime = "llama.cpp";
    card.total = UINT64_MAX;
    CHECK(vf_estimate(&q, &sample_allocator, &moved, &err) == VF_OK, "%s", err.text);
    CHECK(vf_estimate_card(&q, &card, &moved, &err) == VF_ERR_RANGE, "a card of 16 EiB");
    q.device[q.n_devices++] = q.device[0];
    CHECK(vf_estimate(&q, &sample_allocator, &moved, &err) == VF_OK, "%s", err.text);
    card.total = UINT64_C(48) << 30;
    CHECK(vf_estimate_card(&q, &card, &moved, &err) == VF_ERR_USAGE, "two cards");
    vf_model_free(model);
}

/* The context's size follows the multiprocessors, where their number is known: also where there is one. */
static void multiprocessors(void)
{
    vf_request q = {.runtime = "llama.cpp", .n_devices = 1};
    vf_quant_entry e = {0};
    vf_model *model = NULL;
    uint32_t i;
    CHECK(vf_catalog_find(catalog, VF_KIND_QUANT, "q8_0", &i, &err) == VF_OK && vf_catalog_quant(catalog, i, &e) == VF_OK, "%s", err.text);
    CHECK(vf_catalog_find(catalog, VF_KIND_MODEL, "llama-3.2-1b", &i, &err) == VF_OK &&
              vf_catalog_model_open(catalog, i, &sample_allocator, &model, &err) == VF_OK, "%s", err.text);
    vf_settings_init(&q.settings);
    q.model = model;
    q.quant = e.quant;
    q.device[0].total = UINT64_C(8) << 30;
    for (uint32_t n = 0; n < 3; n++) {
        uint32_t found = 0;
        q.device[0].multiprocessors = n;
        CHECK(vf_estimate(&q, &sample_allocator, &anew, &err) == VF_OK, "%s", err.text);
        for (uint32_t t = 0; t < anew.n_terms; t++)
            if (strstr(anew.term[t].formula, n ? "x multiprocessors" : "middle of the consumer cards")) {
                CHECK(n == 0 || (anew.term[t].detail[0] - '0' == (int)n && strstr(anew.term[t].detail, " multiprocessors")), "%s", anew.term[t].detail);
                found++;
            }
        CHECK_U64(found, 1, "the term of the context");
    }
    vf_model_free(model);
}

int main(void)
{
    CHECK(vf_catalog_new(&sample_allocator, &catalog, &err) == VF_OK, "%s", err.text);
    walk("llama-3.1-8b", "q8_0", "llama.cpp", 16384);
    walk("qwen3-30b-a3b", "q4_k_m", "llama.cpp", 4096);
    walk("gemma-3-12b", "q4_k_m", "generic", 8192);
    refusals();
    multiprocessors();
    vf_catalog_free(catalog);
    return CHECK_END();
}
