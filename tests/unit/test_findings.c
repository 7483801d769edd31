/* The sense checks of a catalog, rule by rule at their bounds, and additions for which there is no memory: each pool
 * and list of the catalog full at each place of a file. */
#include "load/catalog/catalog.h"
#include "memory.h"

typedef struct found {
    char ids[600];
    vf_error first;
    uint32_t n, stop_at; /**< stop_at: the finding after which no more is wanted; 0: none */
} found;

/** Notes findings about the file at hand: the built-in data have warnings of their own. */
static bool note(void *ctx, const vf_finding *f)
{
    found *l = ctx;
    if (strcmp(f->error.file, "t.json") != 0)
        return true;
    if (l->n++ == 0)
        l->first = f->error;
    (void)snprintf(l->ids + strlen(l->ids), sizeof l->ids - strlen(l->ids), "%s%s%s", l->ids[0] ? " " : "", f->is_error ? "" : "~", f->id);
    return l->n != l->stop_at;
}

static memory_allocator counts;
static const vf_allocator heap = {memory_resize, &counts};

/** Whether catalogs begin with a few architectures instead of all that is built in: a check of all models takes a while. */
static bool small;

static void add_architectures(vf_catalog *c)
{
    static const char *const names[] = {"llama", "gemma2", "gemma3", "olmo2", "granite_swa", "t5"};
    CHECK(vf_blob_open(&c->blob, NULL, 0, NULL) == VF_OK, "nothing");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[100], text[8192];
        vf_error err = {0};
        (void)snprintf(path, sizeof path, "data/architectures/%s.json", names[i]);
        FILE *f = fopen(path, "rb");
        size_t n = f ? fread(text, 1, sizeof text, f) : 0;
        if (f)
            (void)fclose(f);
        CHECK(n > 0 && n < sizeof text && vf_catalog_add(c, path, text, n, NULL, NULL, &err) == VF_OK, "%s: %s", path, err.text);
    }
}

/** A catalog with up to two files; what is found of the last one. */
static found check(const char *before, const char *text)
{
    vf_catalog *c = NULL;
    vf_error err = {0};
    found l = {.n = 0};
    CHECK(vf_catalog_new(&heap, &c, &err) == VF_OK, "%s", err.text);
    if (small)
        add_architectures(c);
    if (before)
        CHECK(vf_catalog_add(c, "before.json", before, strlen(before), NULL, NULL, &err) == VF_OK, "%s: %s", before, err.text);
    vf_status added = vf_catalog_add(c, "t.json", text, strlen(text), note, &l, &err);
    if (!strstr(text, "\"models\"")) /* models take the time of a check, and are not asked about */
        c->blob.count[VF_KIND_MODEL] = 0;
    if (added == VF_OK)
        (void)vf_catalog_check(c, &heap, note, &l, &err);
    vf_catalog_free(c);
    CHECK_U64(counts.in_use, 0, "bytes not given back");
    CHECK_U64(counts.wrong_sizes, 0, "blocks given back with a wrong size");
    return l;
}

typedef struct row {
    const char *text, *ids, *key, *says; /**< warnings with '~' in front; the last two of the first finding */
} row;

static void check_rows(const char *before, const row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        found l = check(before, rows[i].text);
        CHECK_STR(l.ids, rows[i].ids, rows[i].text);
        if (!rows[i].ids[0])
            continue;
        CHECK_STR(l.first.key, rows[i].key, rows[i].text);
        CHECK(strstr(l.first.text, rows[i].says), "%s: '%s' should say '%s'", rows[i].text, l.first.text, rows[i].says);
    }
}

#define ROWS(before, rows) check_rows(before, rows, sizeof rows / sizeof rows[0])

/* ---- models ------------------------------------------------------------------------------------- */

#define FRONT "{\"schema\":1,\"family\":\"F\",\"models\":["
#define BACK "]}"
#define SIZES(heads) \
    "\"context_length\":128,\"embedding_length\":64,\"block_count\":4,\"vocab_size\":100,\"feed_forward_length\":96," \
    "\"attention.head_count\":" heads
#define ENTRY(id, arch, rest, hparams) \
    "{\"id\":\"" id "\",\"arch\":\"" arch "\",\"source\":\"s\"," rest ",\"hparams\":{" hparams "}}"
/* one whose parameters nobody has counted */
#define MODEL(arch, hparams) FRONT ENTRY("t/one", arch, "\"parameters\":1000,\"unchecked\":\"y\"", hparams) BACK
#define STATED(rest) FRONT ENTRY("t/one", "llama", "\"unchecked\":\"y\"," rest, SIZES("4")) BACK

static void test_stated(void)
{
    static const row rows[] = {
        {STATED("\"parameters\":1000"), "", "", ""},
        {STATED("\"parameters\":1000,\"parameters_active\":1000"), "", "", ""},
        {STATED("\"parameters\":1000,\"parameters_active\":1001"), "parameters-active", "/models/0/parameters_active", "more than 'parameters'"},
        {STATED("\"parameters\":1000,\"context_extended\":128"), "context-extended", "/models/0/context_extended", "not more than context_length 128"},
        {STATED("\"parameters\":1000,\"context_extended\":129"), "", "", ""},
        {STATED("\"parameters\":1000,\"parameters_published\":1000"), "", "", ""},
        {STATED("\"parameters\":1000,\"parameters_vision\":10,\"parameters_published\":1010"), "", "", ""},
        {STATED("\"parameters\":1000,\"parameters_vision\":10,\"parameters_published\":1000"), "", "", ""},
        {STATED("\"parameters\":1000,\"parameters_vision\":10,\"parameters_published\":1009"), "published-mismatch",
         "/models/0/parameters_published", "1009 published, but the parameters are 1000, with towers 1010"},
        {STATED("\"parameters\":1000,\"parameters_published\":1009,\"published_differs\":\"y\""), "", "", ""},
        {STATED("\"parameters\":1000,\"parameters_published\":1000,\"published_differs\":\"y\""), "~needless-difference",
         "/models/0/published_differs", "the published count does not differ"},
        {STATED("\"parameters\":1000,\"published_differs\":\"y\""), "~needless-difference", "/models/0/published_differs",
         "there is no 'parameters_published' to differ"},
        {STATED("\"parameters\":1000,\"release\":\"2024-07\""), "", "", ""},
        {STATED("\"parameters\":1000,\"release\":\"2024-0:\""), "release", "/models/0/release", "2024-07"},
        {STATED("\"parameters\":1000,\"release\":\"/024-07\""), "release", "/models/0/release", "2024-07"},
        {STATED("\"parameters\":1000,\"release\":\"2024.07\""), "release", "/models/0/release", "2024-07"},
        {STATED("\"parameters\":1000,\"release\":\"2024-7\""), "release", "/models/0/release", "2024-07"},
        {STATED("\"parameters\":1000,\"release\":\"2024-071\""), "release", "/models/0/release", "2024-07"},
    };
    ROWS(NULL, rows);
}

static void test_shapes(void)
{
    static const row rows[] = {
        /* 64 by 3 heads: only where the width of a head, or of RWKV's, is given */
        {MODEL("llama", SIZES("3")), "heads", "/models/0/hparams/attention.head_count", "embedding_length 64 does not divide among 3 heads"},
        {MODEL("llama", SIZES("3") ",\"attention.key_length\":16,\"attention.value_length\":16,\"rope.dimension_count\":16"), "", "", ""},
        {MODEL("llama", SIZES("3") ",\"wkv.head_size\":16"), "", "", ""},
        {MODEL("llama", SIZES("4") ",\"attention.head_count_kv\":3"), "heads", "/models/0/hparams/attention.head_count",
         "4 heads do not divide among 3 key-value heads (layer 0)"},
        {MODEL("llama", SIZES("[4,4,4,4]") ",\"attention.head_count_kv\":[2,4,1,3]"), "heads", "/models/0/hparams/attention.head_count",
         "4 heads do not divide among 3 key-value heads (layer 3)"},
        {MODEL("llama", SIZES("[4,4,4]")), "array-length", "/models/0/hparams/attention.head_count", "3 elements for 4 layers"},
        {MODEL("llama", SIZES("[4,4,4,4,5]")), "array-length", "/models/0/hparams/attention.head_count", "5 elements for 4 layers"},
        {MODEL("llama", SIZES("4") ",\"expert_count\":2,\"expert_used_count\":3"), "experts", "/models/0/hparams/expert_used_count",
         "3 experts used, but there are 2"},
        {MODEL("llama", SIZES("4") ",\"expert_count\":2,\"expert_used_count\":2"), "", "", ""},
        {MODEL("llama", SIZES("4") ",\"attention.value_length\":0"), "shape", "/models/0/hparams/attention.value_length", "must be greater than 0"},
        {MODEL("llama", "\"context_length\":128,\"embedding_length\":64,\"block_count\":4,\"vocab_size\":100,\"attention.head_count\":4"), "shape",
         "/models/0/hparams/feed_forward_length", "layer 0: must be greater than 0"},
        /* a tensor that cannot be is told of the entry: which key is missing nobody knows */
        {MODEL("t5", SIZES("4")), "shape", "/models/0", ".weight: dimension 1 is 0: a hyperparameter is missing"},
        /* rows that no block of a k-quant fits are no reason to complain */
        {MODEL("llama", "\"context_length\":128,\"embedding_length\":33,\"block_count\":1,\"vocab_size\":100,\"feed_forward_length\":7,"
                        "\"attention.head_count\":3,\"attention.key_length\":11,\"attention.value_length\":11,\"rope.dimension_count\":10"), "", "", ""},
    };
    ROWS(NULL, rows);
}

#define OWN_ARCH \
    "{\"schema\":1,\"arch\":\"own\",\"source\":\"s\",\"norm\":\"rms\",\"steps\":[\"attn_norm\",\"mixer\",\"+\",\"ffn_norm\",\"ffn\",\"+\"]," \
    "\"causal\":true,\"output\":{\"tied\":\"optional\"},\"attention\":{\"kind\":\"gqa\",\"rope\":true},\"ffn\":{\"kind\":\"gated\"}," \
    "\"window\":{\"where\":\"period\",\"period\":4,\"block_count\":4}}"

static void test_windows(void)
{
    static const char needs[] = "this architecture has sliding windows, but there is no attention.sliding_window";
    static const row rows[] = {
        {MODEL("gemma2", SIZES("4")), "", "", ""}, /* its window is known */
        {MODEL("gemma3", SIZES("4")), "window", "/models/0/arch", needs},
        {MODEL("gemma3", SIZES("4") ",\"attention.sliding_window\":32"), "", "", ""},
        {MODEL("olmo2", SIZES("4")), "", "", ""}, /* has one or not */
        {MODEL("granite_swa", SIZES("4")), "window", "/models/0/arch", needs},
        {MODEL("granite_swa", SIZES("4") ",\"attention.sliding_window\":32"), "window", "/models/0/hparams/attention.sliding_window",
         "a window, but attention.sliding_window_pattern does not say which layers have it"},
        {MODEL("granite_swa", SIZES("4") ",\"attention.sliding_window\":32,\"attention.sliding_window_pattern\":[1,0,1,0]"), "", "", ""},
        {MODEL("granite_swa", SIZES("4") ",\"attention.sliding_window\":32,\"attention.sliding_window_pattern\":2"), "", "", ""},
        {MODEL("llama", SIZES("4") ",\"attention.sliding_window_pattern\":2"), "window", "/models/0/hparams/attention.sliding_window_pattern",
         "a pattern of windows, but no attention.sliding_window"},
        {MODEL("llama", SIZES("4") ",\"attention.sliding_window_pattern\":[1,0,1,0]"), "window",
         "/models/0/hparams/attention.sliding_window_pattern", "a pattern of windows, but no attention.sliding_window"},
        {MODEL("own", SIZES("4")), "window", "/models/0/arch", needs},
        {MODEL("own", "\"context_length\":128,\"embedding_length\":64,\"block_count\":5,\"vocab_size\":100,\"feed_forward_length\":96,"
                      "\"attention.head_count\":4"), "", "", ""}, /* a window is for models of four layers */
    };
    ROWS(OWN_ARCH, rows);
}

/* ---- names -------------------------------------------------------------------------------------- */

#define PLUSES "++++++++++++++++"
#define FAR PLUSES PLUSES PLUSES PLUSES "+" /* each is four letters of a name: too long to be looked up */

static void test_names(void)
{
    static const row rows[] = {
        {FRONT ENTRY("tulu3 8B", "llama", "\"parameters\":1000,\"unchecked\":\"y\"", SIZES("4")) BACK, "duplicate-alias", "/models/0/id",
         "name 'tulu3 8B' is already an alias of 'meta-llama/Llama-3.1-8B-Instruct' (data/models/llama.json:"},
        {FRONT ENTRY("v/Zed-9", "llama", "\"parameters\":1000,\"unchecked\":\"y\"", SIZES("4")) ","
             ENTRY("t/other", "llama", "\"aliases\":[\"zed 9\"],\"parameters\":1000,\"unchecked\":\"y\"", SIZES("4")) BACK,
         "alias-clash", "/models/1/aliases/0", "alias 'zed 9' is what 'Zed-9' (of 'v/Zed-9') comes to without its vendor"},
        {FRONT ENTRY("Zed-9-Instruct", "llama", "\"parameters\":1000,\"unchecked\":\"y\"", SIZES("4")) ","
             ENTRY("t/other", "llama", "\"aliases\":[\"a\",\"zed 9\"],\"parameters\":1000,\"unchecked\":\"y\"", SIZES("4")) BACK,
         "alias-clash", "/models/1/aliases/1", "alias 'zed 9' is what 'Zed-9-Instruct' (of 'Zed-9-Instruct') comes to without its ending"},
        {FRONT ENTRY("v/Zed-9-it", "llama", "\"aliases\":[\"zed 9\"],\"parameters\":1000,\"unchecked\":\"y\"", SIZES("4")) BACK, "", "", ""},
        /* names that nobody can look up are not in anybody's way */
        {FRONT ENTRY(FAR, "llama", "\"parameters\":1000,\"unchecked\":\"y\"", SIZES("4")) ","
             ENTRY(FAR, "llama", "\"aliases\":[\"---\",\".\"],\"parameters\":1000,\"unchecked\":\"y\"", SIZES("4")) BACK, "", "", ""},
        {"{\"schema\":1,\"quants\":[{\"name\":\"qq\",\"kind\":\"scheme\",\"bits\":4.5,\"runtime\":\"" FAR "\",\"source\":\"s\"}]}", "unknown-runtime",
         "/quants/0/runtime", "no runtime '" FAR "'"},
    };
    ROWS(NULL, rows);
    static const char zed[] = FRONT ENTRY("v/Zed-10B", "llama", "\"aliases\":[\"zeddy\"],\"parameters\":1000,\"unchecked\":\"y\"", SIZES("4")) BACK;
#define CLASS(name, model) "{\"schema\":1,\"size_classes\":[{\"name\":\"" name "\",\"model\":\"" model "\",\"parameters\":9}]}"
    static const row classes[] = {
        {CLASS("9.9B", "v/zed-10b"), "", "", ""},
        {CLASS("9.9B", "zeddy"), "", "", ""},
        {CLASS("9.9B", "Zed-10B"), "unknown-model", "/size_classes/0/model", "no model 'Zed-10B'"}, /* its vendor is part of it */
        {CLASS("9.9", "zeddy"), "class-name", "/size_classes/0/name", "'9.9' is not written like a size class"},
    };
    ROWS(zed, classes);
}

/* ---- quantizations and cards --------------------------------------------------------------------- */

#define QUANT(name, kind, type, bits) \
    "{\"schema\":1,\"quants\":[{\"name\":\"" name "\",\"kind\":\"" kind "\",\"type\":\"" type "\",\"bits\":" bits \
    ",\"runtime\":\"llama.cpp\",\"source\":\"s\"}]}"

static void test_bits(void)
{
    static const row rows[] = {
        {QUANT("qq", "gguf", "Q4_0", "4.499"), "bits-mismatch", "/quants/0/bits", "4.499 bits, but type Q4_0 has 4.500"},
        {QUANT("qq", "gguf", "Q4_0", "4.5"), "", "", ""},
        {QUANT("qq", "gguf", "Q4_0", "6.75"), "", "", ""},
        {QUANT("qq", "gguf", "Q4_0", "6.751"), "bits-mismatch", "/quants/0/bits", "6.751 bits"},
        {QUANT("qq", "cast", "F16", "16"), "", "", ""},
        {QUANT("qq", "cast", "F16", "16.001"), "bits-mismatch", "/quants/0/bits", "16.001 bits, but type F16 has 16.000"},
        {QUANT("Q4_0", "gguf", "Q4_0", "4.501"), "bits-mismatch", "/quants/0/bits", "4.501 bits"},
        {QUANT("qq", "gguf", "Q4_0\",\"output_type\":\"Q8_0", "4.5"), "", "", ""},
        {QUANT("qq", "gguf", "Q4_0\",\"output_type\":\"Q8", "4.5"), "unknown-type", "/quants/0/output_type", "no storage type 'Q8'"},
        {QUANT("qq", "gguf", "Q4", "4.5"), "unknown-type", "/quants/0/type", "no storage type 'Q4'"},
        {QUANT("qq", "gguf", "Q6_K", "6.563"), "", "", ""}, /* 6.5625, rounded */
        {QUANT("qq", "gguf", "Q6_K", "6.562"), "bits-mismatch", "/quants/0/bits", "6.562 bits, but type Q6_K has 6.563"},
    };
    ROWS(NULL, rows);
}

#define GPU(rest) "{\"schema\":1,\"gpus\":[{\"name\":\"G\",\"vendor\":\"amd\",\"class\":\"c\",\"memory_mib\":1024," rest "\"source\":\"s\"}]}"

static void test_cards(void)
{
    static const row rows[] = {
        {GPU("\"driver_total_mib\":895,"), "driver-total", "/gpus/0/driver_total_mib", "the driver reports 895 MiB of 1024"},
        {GPU("\"driver_total_mib\":896,"), "", "", ""},
        {GPU("\"driver_total_mib\":1056,"), "", "", ""},
        {GPU("\"driver_total_mib\":1057,"), "driver-total", "/gpus/0/driver_total_mib", "1057 MiB of 1024"},
        {GPU("\"reserved_linux_mib\":512,\"reserved_windows_mib\":512,"), "", "", ""},
        {GPU("\"reserved_linux_mib\":513,"), "reserve", "/gpus/0/reserved_linux_mib", "more than half"},
        {GPU("\"reserved_windows_mib\":513,"), "reserve", "/gpus/0/reserved_windows_mib", "more than half"},
        {GPU("\"driver_total_mib\":1000,\"reserved_windows_mib\":501,"), "reserve", "/gpus/0/reserved_windows_mib", "more than half"},
        {GPU("\"bandwidth_gbs\":100,\"bus_width_bits\":64,"), "", "", ""}, /* nothing to compare with */
        {GPU("\"bandwidth_gbs\":100,\"data_rate_gbps\":10,"), "", "", ""},
        {GPU("\"bus_width_bits\":64,\"data_rate_gbps\":10,"), "", "", ""},
        {GPU("\"bandwidth_gbs\":78.4,\"bus_width_bits\":64,\"data_rate_gbps\":10,"), "", "", ""},
        {GPU("\"bandwidth_gbs\":78.399,\"bus_width_bits\":64,\"data_rate_gbps\":10,"), "bandwidth-mismatch", "/gpus/0/bandwidth_gbs",
         "78.399 GB/s, but 64 bits at 10.000 Gbit/s are 80.000"},
        {GPU("\"bandwidth_gbs\":81.6,\"bus_width_bits\":64,\"data_rate_gbps\":10,"), "", "", ""},
        {GPU("\"bandwidth_gbs\":81.601,\"bus_width_bits\":64,\"data_rate_gbps\":10,"), "bandwidth-mismatch", "/gpus/0/bandwidth_gbs", "81.601 GB/s"},
        {GPU("\"compute_capability\":\"8.6\","), "", "", ""},
        {GPU("\"compute_capability\":\"99.9\","), "", "", ""},
        {GPU("\"compute_capability\":\".6\","), "compute-capability", "/gpus/0/compute_capability", "'.6' is not MAJOR.MINOR"},
        {GPU("\"compute_capability\":\"8.\","), "compute-capability", "/gpus/0/compute_capability", "'8.'"},
        {GPU("\"compute_capability\":\"8.65\","), "compute-capability", "/gpus/0/compute_capability", "'8.65'"},
        {GPU("\"compute_capability\":\"8:6\","), "compute-capability", "/gpus/0/compute_capability", "'8:6'"},
        {GPU("\"compute_capability\":\"8./\","), "compute-capability", "/gpus/0/compute_capability", "'8./'"},
        {GPU("\"compute_capability\":\"8.:\","), "compute-capability", "/gpus/0/compute_capability", "'8.:'"},
        {GPU("\"compute_capability\":\"1000.1\","), "compute-capability", "/gpus/0/compute_capability", "'1000.1'"},
        {GPU("\"desktop\":\"typical\","), "", "", ""},
        {GPU("\"desktop\":\"huge\","), "unknown-desktop", "/gpus/0/desktop", "no desktop 'huge'"},
    };
    ROWS(NULL, rows);
}

/* ---- sources ------------------------------------------------------------------------------------ */

#define SOURCED(text) "{\"schema\":1,\"desktops\":[{\"name\":\"d\",\"bytes\":1,\"spread\":0,\"source\":\"" text "\"}]}"

static void test_sources(void)
{
    static const row rows[] = {
        {SOURCED("the data sheet"), "", "", ""},
        {"{\"schema\":1,\"arch\":\"own\",\"source\":\"todo\",\"steps\":[\"mixer\",\"+\"]}", "source-missing", "/source", "a source that names nothing"},
        {SOURCED("---"), "source-missing", "/desktops/0/source", "a source that names nothing"},
        {SOURCED("Unknown"), "source-missing", "/desktops/0/source", ""},
        {SOURCED("to-do"), "source-missing", "/desktops/0/source", ""},
        {SOURCED("TBD"), "source-missing", "/desktops/0/source", ""},
        {SOURCED("n/a"), "source-missing", "/desktops/0/source", ""},
        {SOURCED("none"), "source-missing", "/desktops/0/source", ""},
        {SOURCED("source"), "source-missing", "/desktops/0/source", ""},
        {SOURCED("unknown, but measured"), "", "", ""},
        {SOURCED(FAR), "", "", ""},
        {SOURCED("llama.cpp v0.5.0, src/llama.cpp"), "", "", ""},
        {SOURCED("llama.cpp v0.5.0"), "", "", ""},
        {SOURCED("llama.cpp v0.5.0."), "", "", ""}, /* the end of a sentence */
        {SOURCED("llama.cpp v0.5.x"), "~source-stale", "/desktops/0/source", "read in llama.cpp v0.5, but the rules here are of v0.5.0"},
        {SOURCED("llama.cpp v0.4.9, src/llama.cpp"), "~source-stale", "/desktops/0/source", "read in llama.cpp v0.4.9, but the rules here are of v0.5.0"},
        {SOURCED("llama.cpp v0.5.01"), "~source-stale", "/desktops/0/source", "v0.5.01"},
        {SOURCED("llama.cpp v0.5.0/1"), "", "", ""},
        {SOURCED("llama.cpp v0.5.0:1"), "", "", ""},
        {SOURCED("llama.cpp v0.5.0./"), "", "", ""},
        {SOURCED("llama.cpp v0.5.0.:"), "", "", ""},
        {SOURCED("llama.cpp v/1"), "", "", ""},
        {SOURCED("llama.cpp v:1"), "", "", ""},
        {SOURCED("llama.cpp of today"), "", "", ""},
        {SOURCED("llama.cpp x1.2"), "", "", ""},
        {SOURCED("llama.cpp v0.5.0 and llama.cpp v0.4.0"), "~source-stale", "/desktops/0/source", "v0.4.0"},
        {SOURCED("llama.cpp of today, and llama.cpp v9 and llama.cpp v8"), "~source-stale", "/desktops/0/source", "v9,"},
    };
    ROWS(NULL, rows);
    /* a catalog whose llama.cpp says no release judges none */
    static const char no_release[] = "{\"schema\":1,\"runtimes\":[{\"name\":\"llama.cpp\",\"version\":\"today\",\"source\":\"s\"}]}";
    found l = check(no_release, SOURCED("llama.cpp v0.4.9"));
    CHECK_STR(l.ids, "", "no release");
}

/* ---- listeners ---------------------------------------------------------------------------------- */

/** Every id that is reported is one that can be asked for, each once; with its words. */
static void test_rules(void)
{
    uint32_t n = 0;
    for (const vf_check_rule *r; (r = vf_catalog_check_rule(n)) != NULL; n++) {
        CHECK(r->id[0] && r->text[0], "rule %u", n);
        for (uint32_t i = 0; i < n; i++)
            CHECK(strcmp(vf_catalog_check_rule(i)->id, r->id) != 0, "%s is there twice", r->id);
    }
    CHECK(n > 30 && !vf_catalog_check_rule(UINT32_MAX), "%u rules", n);
}

/** Nobody listens: the first error ends the check. Somebody has heard enough: no check comes after it. */
static void test_listeners(void)
{
    static const char text[] = "{\"schema\":1,\"gpus\":["
        "{\"name\":\"G1\",\"vendor\":\"nvidia\",\"class\":\"c\",\"memory_mib\":1024,\"driver_total_mib\":1,\"desktop\":\"x\",\"source\":\"todo\"},"
        "{\"name\":\"G2\",\"vendor\":\"nvidia\",\"class\":\"c\",\"memory_mib\":1024,\"source\":\"todo\"}]}";
    static const char *const ids[] = {"source-missing driver-total ~compute-capability unknown-desktop source-missing ~compute-capability",
                                      "source-missing", "source-missing driver-total"};
    for (uint32_t stop = 0; stop < 3; stop++) {
        vf_catalog *c = NULL;
        vf_error err = {0};
        found l = {.stop_at = stop};
        CHECK(vf_catalog_new(&heap, &c, &err) == VF_OK, "%s", err.text);
        CHECK(vf_catalog_add(c, "t.json", text, strlen(text), NULL, NULL, &err) == VF_OK, "%s", err.text);
        CHECK(vf_catalog_check(c, &heap, note, &l, NULL) == VF_ERR_DATA, "nobody to tell the first");
        CHECK_STR(l.ids, ids[stop], "what was heard");
        CHECK(vf_catalog_check(c, &heap, NULL, NULL, &err) == VF_ERR_DATA, "nobody listens");
        CHECK(strcmp(err.text, "a source that names nothing") == 0 && strcmp(err.key, "/gpus/0/source") == 0, "%s: %s", err.key, err.text);
        vf_catalog_free(c);
    }
    /* a warning is no error, whether anybody listens or not */
    static const char warned[] = "{\"schema\":1,\"gpus\":[{\"name\":\"G1\",\"vendor\":\"nvidia\",\"class\":\"c\",\"memory_mib\":1024,\"source\":\"s\"}]}";
    /* what was refused once for its names is not blamed on the file that comes next */
    static const char clash[] = FRONT ENTRY("t/x", "llama", "\"aliases\":[\"a\",\"a\"],\"parameters\":1000,\"unchecked\":\"y\"", SIZES("4")) BACK;
    static const char next[] = FRONT ENTRY("t/y", "llama", "\"parameters\":1000,\"unchecked\":\"y\"", SIZES("4")) BACK;
    vf_catalog *quiet = NULL;
    vf_error why = {0};
    CHECK(vf_catalog_new(&heap, &quiet, &why) == VF_OK, "%s", why.text);
    CHECK(vf_catalog_add(quiet, "t.json", warned, strlen(warned), NULL, NULL, &why) == VF_OK, "%s", why.text);
    CHECK(vf_catalog_check(quiet, &heap, NULL, NULL, &why) == VF_OK, "a warning: %s", why.text);
    CHECK(vf_catalog_add(quiet, "t.json", clash, strlen(clash), NULL, NULL, &why) == VF_ERR_DATA, "an alias twice");
    CHECK(vf_catalog_add(quiet, "n.json", next, strlen(next), NULL, NULL, &why) == VF_OK, "%s: %s", why.file, why.text);
    vf_catalog_free(quiet);
    /* names that are there twice: a warning is for listeners only, and an error needs no place to go */
    static const char twice[] = FRONT ENTRY("t/one", "llama", "\"aliases\":[\"T/One\"],\"parameters\":1000,\"unchecked\":\"y\"", SIZES("4")) BACK;
    static const char same[] = FRONT ENTRY("t/one", "llama", "\"aliases\":[\"a\",\"a\"],\"parameters\":1000,\"unchecked\":\"y\"", SIZES("4")) BACK;
    vf_catalog *c = NULL;
    vf_error err = {0};
    CHECK(vf_catalog_new(&heap, &c, &err) == VF_OK, "%s", err.text);
    CHECK(vf_catalog_add(c, "t.json", twice, strlen(twice), NULL, NULL, &err) == VF_OK, "%s", err.text);
    CHECK(vf_catalog_add(c, "t.json", same, strlen(same), NULL, NULL, NULL) == VF_ERR_DATA, "an alias twice");
    CHECK(vf_catalog_add(c, "t.json", "[", 1, NULL, NULL, NULL) == VF_ERR_DATA, "no JSON");
    vf_catalog_free(c);
    CHECK_U64(counts.in_use, 0, "bytes not given back");
}

/* ---- memory ------------------------------------------------------------------------------------- */

/** Grants no block of a catalog's size once `full` is set: what the catalog has must do. */
static bool full;

static void *scarce_resize(void *ctx, void *p, size_t old_size, size_t new_size)
{
    return full && p && new_size > old_size && new_size > 16384 ? NULL : memory_resize(ctx, p, old_size, new_size);
}

static const vf_allocator scarce = {scarce_resize, &counts};

static const char *const additions[] = {
    FRONT ENTRY("v/some-7B-it", "llama", "\"aliases\":[\"b/some-8B-it\"],\"parameters\":1", SIZES("[4,4,4,4]")) BACK,
    "{\"schema\":1,\"quants\":[{\"name\":\"qq\",\"kind\":\"scheme\",\"bits\":4.5,\"runtime\":\"mlx\",\"runtimes\":[\"mlx\",\"vllm\"],\"source\":\"s\"}]}",
};

/** Fills a pool or list of the builder but for `left`. */
static void fill(vf_builder *b, int what, size_t left)
{
    static char text[1 << 20];
    vf_str at;
    memset(text, 'x', sizeof text);
    size_t room = b->pools.cap_text - b->pools.n_text;
    switch (what) {
    case 0:
        for (; room > left + 1; room = b->pools.cap_text - b->pools.n_text)
            CHECK(vf_pools_text(&b->pools, text, room - left - 1 < sizeof text ? room - left - 1 : sizeof text, &at), "text");
        break;
    case 1:
        while (b->pools.cap_u32 - b->pools.n_u32 > left)
            CHECK(vf_pools_u32(&b->pools, 0), "numbers");
        break;
    case 2:
        for (; b->cap_names - b->n_names > left; b->n_names++)
            b->names[b->n_names] = b->names[b->n_names - 1];
        break;
    default:
        for (; b->cap_places - b->n_places > left; b->n_places++)
            b->places[b->n_places] = (vf_place){0, 0, 0};
    }
}

/** Nothing is left of a pool but a little: an error, and no more than that. */
static void test_full(void)
{
    enum { PLACES = 2048 };
    static const size_t most[] = {150, 12, 8, 40}, step[] = {5, 1, 1, 4};
    for (size_t k = 0; k < sizeof additions / sizeof additions[0]; k++)
        for (int what = 0; what < 4; what++) {
            bool enough = false;
            for (size_t left = 0; left <= most[what]; left += step[what]) {
                vf_catalog *c = NULL;
                vf_error err = {0};
                uint32_t index;
                CHECK(vf_catalog_new(&scarce, &c, &err) == VF_OK, "%s", err.text);
                CHECK(vf_catalog_add(c, "b.json", SOURCED("s"), sizeof SOURCED("s") - 1, NULL, NULL, &err) == VF_OK, "%s", err.text);
                if (what == 3) { /* places begin with the first addition, and are few */
                    void *more = memory_resize(&counts, c->builder.places, c->builder.cap_places * sizeof(vf_place), PLACES * sizeof(vf_place));
                    c->builder.places = more;
                    c->builder.cap_places = PLACES;
                }
                fill(&c->builder, what, left);
                full = true;
                vf_status s = vf_catalog_add(c, "t.json", additions[k], strlen(additions[k]), NULL, NULL, &err);
                full = false;
                CHECK(s == VF_OK || (s == VF_ERR_NOMEM && strcmp(err.text, "out of memory") == 0 && !enough), "%d with %zu left: %d %s", what, left,
                      (int)s, err.text);
                enough = s == VF_OK;
                CHECK(what == 2 || vf_catalog_find(c, VF_KIND_GPU, "3090", &index, &err) == VF_OK, "the catalog is of use: %s", err.text);
                vf_catalog_free(c);
                CHECK_U64(counts.in_use, 0, "bytes not given back");
            }
            CHECK(enough, "%d: never enough", what);
        }
    CHECK_U64(counts.wrong_sizes, 0, "blocks given back with a wrong size");
}

/** Each allocation of an addition with more names and places than room is made for at first. */
static void test_add_memory(void)
{
    static char text[4096];
    size_t n = (size_t)snprintf(text, sizeof text, FRONT "{\"id\":\"t/many\",\"arch\":\"llama\",\"source\":\"s\",\"aliases\":[");
    for (int i = 0; i < 40; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s\n\"alias %d\"", i ? "," : "", i);
    (void)snprintf(text + n, sizeof text - n, "],\"parameters\":1,\"hparams\":{}}" BACK);
    uint64_t fail = 1;
    for (bool failed = true; failed; fail++) {
        memory_allocator mine = {.calls = 0};
        const vf_allocator a = {memory_resize, &mine};
        vf_catalog *c = NULL;
        vf_error err = {0};
        CHECK(vf_catalog_new(&a, &c, &err) == VF_OK, "%s", err.text);
        mine.fail_at = mine.calls + fail;
        vf_status s = vf_catalog_add(c, "t.json", text, strlen(text), NULL, NULL, &err);
        failed = mine.calls >= mine.fail_at;
        CHECK(s == (failed ? VF_ERR_NOMEM : VF_OK), "allocation %" PRIu64 ": %d %s", fail, (int)s, err.text);
        vf_catalog_free(c);
        CHECK(mine.in_use == 0 && mine.wrong_sizes == 0, "allocation %" PRIu64 ": not given back", fail);
    }
    CHECK(fail > 20, "%" PRIu64 " allocations", fail);
}

/** Each allocation of a check of one's own model, which comes before what is built in. */
static void test_check_memory(void)
{
    for (uint64_t fail = 1; fail < 400; fail += fail < 40 ? 1 : 37) {
        memory_allocator mine = {.fail_at = fail};
        const vf_allocator a = {memory_resize, &mine};
        vf_catalog *c = NULL;
        vf_error err = {0};
        CHECK(vf_catalog_new(&heap, &c, &err) == VF_OK, "%s", err.text);
        CHECK(vf_catalog_check(c, &a, NULL, NULL, &err) == VF_ERR_NOMEM && strcmp(err.text, "out of memory") == 0, "allocation %" PRIu64 ": %s",
              fail, err.text);
        CHECK(mine.in_use == 0 && mine.wrong_sizes == 0, "allocation %" PRIu64 ": not given back", fail);
        vf_catalog_free(c);
    }
}

int main(void)
{
    small = true;
    test_stated();
    test_shapes();
    test_windows();
    small = false;
    test_names();
    test_bits();
    test_cards();
    test_sources();
    test_rules();
    test_listeners();
    test_full();
    test_add_memory();
    test_check_memory();
    return CHECK_END();
}
