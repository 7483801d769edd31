/* Two entries of catalogs, field by field: which keys differ, and how their values are shown. */
#include "load/catalog/catalog.h"
#include "memory.h"

static memory_allocator counts;
static const vf_allocator heap = {memory_resize, &counts};

static char said[4096];

static void note(void *ctx, const char *key, const char *old_value, const char *new_value)
{
    CHECK(ctx == said, "what the caller gave");
    (void)snprintf(said + strlen(said), sizeof said - strlen(said), "%s: %s > %s\n", key, old_value, new_value);
}

/** What differs between the first entries that two files add. */
static void differ(vf_kind kind, const char *old_text, const char *new_text, const char *want)
{
    vf_catalog *c[2] = {NULL, NULL};
    const char *const text[2] = {old_text, new_text};
    vf_error err = {0};
    for (int i = 0; i < 2; i++) {
        CHECK(vf_catalog_new(&heap, &c[i], &err) == VF_OK, "%s", err.text);
        CHECK(vf_catalog_add(c[i], "t.json", text[i], strlen(text[i]), NULL, NULL, &err) == VF_OK, "%s: %s: %s", text[i], err.key, err.text);
    }
    uint32_t at = vf_catalog_count(c[0], kind) - 1;
    said[0] = 0;
    CHECK(vf_catalog_compare(c[0], at, c[1], at, kind, note, said) == VF_OK, "compared");
    CHECK_STR(said, want, new_text);
    CHECK(vf_catalog_added(c[0], kind, at) && !vf_catalog_added(c[0], kind, 0), "which is added");
    vf_catalog_free(c[0]);
    vf_catalog_free(c[1]);
    CHECK_U64(counts.in_use, 0, "bytes not given back");
}

#define MODEL(rest, hparams) \
    "{\"schema\":1,\"family\":\"F\",\"models\":[{\"id\":\"t/one\",\"arch\":\"llama\",\"source\":\"s\",\"parameters\":1000," rest "\"hparams\":{" hparams "}}]}"
#define QUANT(rest) "{\"schema\":1,\"quants\":[{\"name\":\"qq\",\"kind\":\"scheme\",\"bits\":4.5,\"runtime\":\"mlx\",\"source\":\"s\"" rest "}]}"
#define ARCH(rest) "{\"schema\":1,\"arch\":\"own\",\"source\":\"s\",\"steps\":[\"attn_norm\",\"mixer\",\"+\"]" rest "}"

static void test_models(void)
{
    const char *plain = MODEL("", "\"block_count\":4");
    differ(VF_KIND_MODEL, plain, plain, "");
    differ(VF_KIND_MODEL, plain, MODEL("\"aliases\":[\"a\",\"b c\"],", "\"block_count\":4"), "aliases: [] > [\"a\", \"b c\"]\n");
    differ(VF_KIND_MODEL, plain, MODEL("\"aliases\":[\"a\"],", "\"block_count\":4"), "aliases: [] > [\"a\"]\n");
    differ(VF_KIND_MODEL, MODEL("\"license\":\"MIT\",", ""), MODEL("\"license\":\"Apache-2.0\",\"tied\":true,", ""),
           "license: MIT > Apache-2.0\ntied: false > true\n");
    differ(VF_KIND_MODEL, MODEL("\"parameters_vision\":5000000000,", ""), plain, "parameters_vision: 5000000000 > 0\nhparams/block_count: 0 > 4\n");
    differ(VF_KIND_MODEL, MODEL("\"optional\":[\"rope_freqs\"],", ""), MODEL("\"optional\":[\"qkv_bias\",\"rope_freqs\"],", ""),
           "optional: [rope_freqs] > [qkv_bias, rope_freqs]\n");
    differ(VF_KIND_MODEL, MODEL("\"optional\":[\"rope_factors\",\"qk_norm\"],", ""), MODEL("", ""), "optional: [qk_norm, rope_factors] > []\n");
    differ(VF_KIND_MODEL, MODEL("", "\"attention.head_count\":[4,8,4]"), MODEL("", "\"attention.head_count\":8"),
           "hparams/attention.head_count: [4, 8, 4] > 8\n");
    differ(VF_KIND_MODEL, MODEL("", "\"attention.head_count\":[7]"), MODEL("", "\"attention.causal\":true,\"expert_weights_scale\":2.5"),
           "hparams/attention.head_count: [7] > 0\nhparams/attention.causal: 0 > 1\nhparams/expert_weights_scale: 0 > 1\n");
    differ(VF_KIND_MODEL, MODEL("\"confidence\":\"read\",", ""), MODEL("\"confidence\":\"recalled\",", ""), "confidence: read > recalled\n");
}

static void test_others(void)
{
    differ(VF_KIND_QUANT, QUANT(""), QUANT(",\"nominal_bits\":4.25,\"group\":128,\"imatrix\":true"), "nominal_bits: 0.000 > 4.250\ngroup: 0 > 128\nimatrix: false > true\n");
    differ(VF_KIND_QUANT, QUANT(",\"runtimes\":[\"mlx\"]"), QUANT(",\"runtimes\":[\"mlx\",\"vllm\"]"), "runtimes: [\"mlx\"] > [\"mlx\", \"vllm\"]\n");
    differ(VF_KIND_ARCH, ARCH(""), ARCH(",\"norm\":\"rms\",\"attention\":{\"kind\":\"gqa\",\"rope\":true}"),
           "norm: none > rms\nattention/kind: none > gqa\nattention/rope: false > true\n");
    differ(VF_KIND_ARCH, ARCH(""), "{\"schema\":1,\"arch\":\"own\",\"source\":\"s\",\"steps\":[\"mixer\",\"+\",\"ffn_norm\",\"ffn\",\"+\"]}",
           "steps: [attn_norm, mixer, +] > [mixer, +, ffn_norm, ffn, +]\n");
}

/** The runtimes of a quantization that was added, as they are shown, and one by one. */
static void test_runtimes(void)
{
    static const struct {
        const char *list, *shown;
        uint32_t n;
    } rows[] = {{"", "", 0}, {",\"runtimes\":[]", "", 0}, {",\"runtimes\":[\"mlx\"]", "mlx", 1}, {",\"runtimes\":[\"mlx\",\"vllm\",\"ollama\"]", "mlx, vllm, ollama", 3}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[400];
        vf_catalog *c = NULL;
        vf_error err = {0};
        vf_quant_entry e;
        (void)snprintf(text, sizeof text, QUANT("%s"), rows[i].list);
        CHECK(vf_catalog_new(&heap, &c, &err) == VF_OK && vf_catalog_add(c, "t.json", text, strlen(text), NULL, NULL, &err) == VF_OK, "%s", err.text);
        uint32_t at = vf_catalog_count(c, VF_KIND_QUANT) - 1;
        CHECK(vf_catalog_quant(c, at, &e) == VF_OK, "the entry");
        CHECK_STR(e.runtimes, rows[i].shown, text);
        CHECK_U64(e.n_runtimes, rows[i].n, text);
        CHECK(rows[i].n == 0 || strcmp(vf_catalog_quant_runtime(c, at, 0), "mlx") == 0, "the first");
        CHECK(!vf_catalog_quant_runtime(c, at, rows[i].n), "past the last");
        vf_catalog_free(c);
    }
}

/** More than a value's room is cut, not lost. */
static void test_long(void)
{
    static char text[8192], want[4096];
    char *at = text, *w = want;
    at += sprintf(at, "{\"schema\":1,\"family\":\"F\",\"models\":[{\"id\":\"t/one\",\"arch\":\"llama\",\"source\":\"s\",\"parameters\":1000,\"aliases\":[");
    w += sprintf(w, "aliases: [] > [");
    for (int i = 0; i < 200; i++) {
        at += sprintf(at, "%s\"alias %04d\"", i ? "," : "", i);
        w += sprintf(w, "%s\"alias %04d\"", i ? ", " : "", i);
    }
    strcpy(at, "],\"hparams\":{}}]}");
    strcpy(want + strlen("aliases: [] > ") + 1023, "\n");
    differ(VF_KIND_MODEL, MODEL("", ""), text, want);
}

int main(void)
{
    test_models();
    test_others();
    test_runtimes();
    test_long();
    return CHECK_END();
}
