/* Adding to the catalog, its checks with their places, and the compiled form. */
#include "catalog_text.h"

static memory_allocator counts;
static const vf_allocator heap = {memory_resize, &counts};

static const struct {
    const char *text, *ids;
    uint32_t line, column;
    const char *key, *says;
} cases[] = {
    {FRONT GOOD("x-8b", "\"x8\"") BACK, "", 0, 0, "", ""},
    {"\xEF\xBB\xBF" FRONT GOOD("x-8b", "") BACK "\r\n", "", 0, 0, "", ""},
    {"", "json-syntax", 1, 1, "", "empty"},
    {"[]", "wrong-type", 1, 1, "", "object"},
    {"3", "wrong-type", 1, 1, "", "object"},
    {"{}", "missing-key", 1, 1, "", "schema"},
    {"{\"schema\":2,\"models\":[]}", "unknown-schema", 1, 11, "/schema", "reads schema 1"},
    {"{\"schema\":\"1\"}", "unknown-schema", 1, 11, "/schema", "reads schema 1"},
    {"{\"schema\":1}", "unknown-kind", 1, 1, "", "'models', 'arch', 'quants'"},
    {"{\"schema\":1,\"Models\":[]}", "unknown-kind", 1, 1, "", "'models'"},
    {"{\"schema\":1,\"models\":[]}", "missing-key", 1, 1, "", "family"},
    {"{\"schema\":1,\"family\":3,\"models\":[]}", "wrong-type", 1, 22, "/family", "string"},
    {"{\"schema\":1,\"family\":\"X\",\"models\":{}}", "wrong-type", 1, 35, "/models", "array"},
    {"{\"schema\":1,\"family\":\"X\",\"models\":[],\n\"gpus\":[]}", "unknown-key", 2, 1, "/gpus", "'gpus' beside 'models'"},
    {FRONT "7" BACK, "wrong-type", 4, 1, "/models/0", "found 7, expected an object"},
    {FRONT "{}" BACK, "missing-key missing-key missing-key missing-key missing-key", 4, 1, "/models/0", "'id'"},
    /* the three mistakes that every check must find: a wrong head count, a duplicated alias, a negative number */
    {FRONT MODEL("x-8b", "\"parameters\":8030261248,\"optional\":[\"rope_freqs\"],", "\"attention.head_count\":31") BACK,
     "heads", 5, 204, "/models/0/hparams/attention.head_count", "31 heads do not divide among 8"},
    {FRONT MODEL("x-8b", "\"parameters\":8030261248,\"optional\":[\"rope_freqs\"],", "\"attention.head_count\":40") BACK,
     "heads", 5, 204, "/models/0/hparams/attention.head_count", "embedding_length 4096 does not divide among 40"},
    {FRONT MODEL("x-8b", "\"parameters\":8030261248,\"optional\":[\"rope_freqs\"],", "\"attention.head_count\":16") BACK,
     "parameters-mismatch", 4, 55, "/models/0/parameters", "8030261248 parameters stated, but the shape has 8298696704"},
    {FRONT GOOD("x-8b", "\"x8\"") ",\n" GOOD("y-8b", "\"y8\",\"X-8\"") BACK, "duplicate-alias", 6, 58,
     "/models/1/aliases/1", "alias 'X-8' is already an alias of 'x-8b' (t.json:4)"},
    {FRONT MODEL("x-8b", "\"parameters\":-1,", "\"attention.head_count\":32") BACK, "out-of-range", 4, 55,
     "/models/0/parameters", "found -1, expected an integer from 1"},
    {FRONT GOOD("x-8b", "") ",\n" GOOD("X 8B", "") BACK, "duplicate-id", 6, 7, "/models/1/id",
     "name 'X 8B' is already the name of 'x-8b' (t.json:4)"},
    {FRONT GOOD("x-8b", "\"x8\",\"x8\"") BACK, "duplicate-alias", 4, 58, "/models/0/aliases/1", "twice"},
    {FRONT GOOD("x-8b", "\"x-8b\"") BACK, "duplicate-alias", 4, 53, "/models/0/aliases/0", "twice"},
    {FRONT GOOD("x-8b", "\"x-8B\"") BACK, "needless-alias", 4, 53, "/models/0/aliases/0", "leave it out"},
    {FRONT GOOD("x-8b", "\"y-8b\"") ",\n" GOOD("y-8b", "") BACK, "duplicate-alias", 6, 7, "/models/1/id",
     "name 'y-8b' is already an alias of 'x-8b'"},
    {FRONT GOOD("x-8b", "\"tulu3 8B\"") BACK, "duplicate-alias", 4, 53, "/models/0/aliases/0",
     "alias 'tulu3 8B' is already an alias of '" LLAMA31 "' (data/models/llama.json:"},
    {FRONT GOOD("x-8b", "\"\"") BACK, "out-of-range", 4, 53, "/models/0/aliases/0", "empty"},
    {FRONT GOOD("", "") BACK, "out-of-range", 4, 7, "/models/0/id", "empty"},
    {FRONT GOOD("a\\nb", "") BACK, "bad-text", 4, 7, "/models/0/id", "byte 1"},
    {FRONT MODEL("x-8b", "\"parametres\":1,\"parameters\":1,", "\"attention.head_count\":32") BACK, "unknown-key", 4, 42,
     "/models/0/parametres", "did you mean 'parameters'"},
    {FRONT MODEL("x-8b", "\"parameters\":1,", "\"head_count\":32") BACK, "unknown-key", 5, 181,
     "/models/0/hparams/head_count", "unknown key 'head_count'"},
    {FRONT MODEL("x-8b", "\"parameters\":1,\"optional\":[\"rope\"],", "\"attention.head_count\":32") BACK, "unknown-choice",
     4, 69, "/models/0/optional/0", "'rope' is none of"},
    {FRONT MODEL("x-8b", "\"parameters\":1,", "\"attention.head_count\":[32,32]") BACK, "array-length", 5, 204,
     "/models/0/hparams/attention.head_count", "2 elements for 32 layers"},
    {FRONT MODEL("x-8b", "\"parameters\":1,\"unchecked\":\"why\",", "\"attention.head_count\":32") BACK, "", 0, 0, "", ""},
    {FRONT MODEL("x-8b", "\"parameters\":5,\"parameters_active\":6,\"unchecked\":\"why\",", "\"attention.head_count\":32")
         BACK, "parameters-active", 4, 77, "/models/0/parameters_active", "more than"},
    {FRONT MODEL("x-8b", "\"parameters\":5,\"release\":\"June\",\"unchecked\":\"y\",", "\"attention.head_count\":32") BACK,
     "release", 4, 67, "/models/0/release", "2024-07"},
    {FRONT MODEL("x-8b", "\"parameters\":5,\"published_quant\":\"q99\",\"unchecked\":\"y\",",
                 "\"attention.head_count\":32") BACK,
     "unknown-quant", 4, 75, "/models/0/published_quant", "no quantization 'q99'"},
    {FRONT "{\"id\":\"x\",\"arch\":\"lama\",\"source\":\"s\",\"parameters\":1,\"hparams\":{" HPARAMS "}}" BACK, "unknown-arch",
     4, 18, "/models/0/arch", "no architecture 'lama'"},
    {FRONT "{\"id\":\"x\",\"arch\":\"llama\",\"source\":\"s\",\"parameters\":1,\"hparams\":{}}" BACK,
     "missing-key missing-key missing-key missing-key", 4, 1, "/models/0/hparams/block_count", "'block_count' is missing"},
    {FRONT MODEL("x-8b", "\"parameters\":1,", "\"attention.head_count\":32,\"expert_used_count\":2") BACK, "experts", 5, 227, "/models/0/hparams/expert_used_count", "2 experts used, but there are 0"},
    {"{\"schema\":1,\"quants\":[\n{\"name\":\"qq\",\"kind\":\"gguf\",\"type\":\"Q9\",\"bits\":4.5,\"runtime\":\"llama.cpp\","
     "\"source\":\"s\"}]}", "unknown-type", 2, 35, "/quants/0/type", "no storage type 'Q9'"},
    {"{\"schema\":1,\"quants\":[\n{\"name\":\"Q8_0\",\"kind\":\"gguf\",\"type\":\"Q8_0\",\"bits\":8,"
     "\"runtime\":\"llama.cpp\",\"source\":\"s\"}]}", "bits-mismatch", 2, 51, "/quants/0/bits", "type Q8_0 has 8.500"},
    {"{\"schema\":1,\"quants\":[\n{\"name\":\"qq\",\"kind\":\"cast\",\"bits\":4.5,\"runtime\":\"lama\",\"source\":\"s\"}]}",
     "missing-key unknown-runtime", 2, 21, "/quants/0/kind", "needs 'type'"},
    {"{\"schema\":1,\"quants\":[\n{\"name\":\"qq\",\"kind\":\"scheme\",\"bits\":4.5,\"runtime\":\"mlx\",\"runtimes\":[\"mlx\","
     "\"x\"],\"source\":\"s\"}]}", "unknown-runtime", 2, 75, "/quants/0/runtimes/1", "no runtime 'x'"},
    {"{\"schema\":1,\"gpus\":[\n{\"name\":\"G\",\"vendor\":\"amd\",\"class\":\"c\",\"memory_mib\":8192,\"driver_total_mib\":4096,"
     "\"source\":\"s\"}]}", "driver-total", 2, 77, "/gpus/0/driver_total_mib", "4096 MiB of 8192"},
    {"{\"schema\":1,\"gpus\":[\n{\"name\":\"G\",\"vendor\":\"amd\",\"class\":\"c\",\"memory_mib\":8192,\"bandwidth_gbs\":500,"
     "\"bus_width_bits\":256,\"data_rate_gbps\":14,\"source\":\"s\"}]}", "bandwidth-mismatch", 2, 74, "/gpus/0/bandwidth_gbs",
     "500.000 GB/s, but 256 bits at 14.000 Gbit/s are 448.000"},
    {"{\"schema\":1,\"gpus\":[\n{\"name\":\"G\",\"vendor\":\"nvidia\",\"class\":\"c\",\"memory_mib\":8192,"
     "\"compute_capability\":\"eight\",\"reserved_linux_mib\":5000,\"desktop\":\"huge\",\"source\":\"s\"}]}",
     "reserve compute-capability unknown-desktop", 2, 111, "/gpus/0/reserved_linux_mib", "more than half"},
    {"{\"schema\":1,\"gpus\":[\n{\"name\":\"G\",\"vendor\":\"amd\",\"class\":\"c\",\"memory_mib\":8192,"
     "\"reserved_windows_mib\":5000,\"source\":\"s\"}]}", "reserve", 2, 81, "/gpus/0/reserved_windows_mib", "half"},
    {"{\"schema\":1,\"gpus\":[\n{\"name\":\"G\",\"vendor\":\"amd\",\"class\":\"c\",\"memory_mib\":-8192,\"source\":\"s\"}]}",
     "out-of-range", 2, 53, "/gpus/0/memory_mib", "found -8192"},
    {"{\"schema\":1,\"gpus\":[\n{\"name\":\"G\",\"vendor\":\"amd\",\"class\":\"c\",\"memory_mib\":8192}]}", "missing-key", 2, 1,
     "/gpus/0", "'source' is missing"},
    {"{\"schema\":1,\"size_classes\":[\n{\"name\":\"9B\",\"model\":\"nobody\",\"parameters\":9}]}", "unknown-model", 2, 22,
     "/size_classes/0/model", "no model 'nobody'"},
    {"{\"schema\":1,\"size_classes\":[\n{\"name\":\"nine\",\"model\":\"" LLAMA31 "\",\"parameters\":9}]}", "class-name", 2, 9,
     "/size_classes/0/name", "'nine' is not written like"},
    {"{\"schema\":1,\"arch\":\"x\",\"source\":\"s\",\n\"steps\":[\"jump\"]}", "unknown-choice", 2, 10, "/steps/0",
     "'jump' is none of"},
    {"{\"schema\":1,\"arch\":\"x\",\n\"sauce\":\"s\",\"steps\":[\"ffn\"]}", "unknown-key missing-key", 2, 1, "/sauce",
     "did you mean 'source'"},
};

/** Adds `text` to a fresh catalog and checks everything. */
static void add_and_check(const char *text, size_t n, finding_log *l, vf_error *err)
{
    vf_catalog *c = NULL;
    memset(l, 0, sizeof *l);
    if (vf_catalog_new(&heap, &c, err) != VF_OK)
        return;
    vf_status s = vf_catalog_add(c, "t.json", text, n, note, l, err);
    /* warnings of the built-in data are not of this file */
    if (s == VF_OK)
        s = vf_catalog_check(c, &heap, note_errors, l, err);
    CHECK((s != VF_OK) == (l->errors > 0), "%.40s: status and findings agree", text);
    vf_catalog_free(c);
}

static void test_cases(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        finding_log l;
        vf_error err = {0};
        const char *name = cases[i].ids[0] ? cases[i].ids : "good";
        add_and_check(cases[i].text, strlen(cases[i].text), &l, &err);
        CHECK_STR(l.ids, cases[i].ids, cases[i].text);
        if (!cases[i].ids[0])
            continue;
        CHECK(l.first.line == cases[i].line && l.first.column == cases[i].column, "%s: at %u:%u, want %u:%u", name,
              l.first.line, l.first.column, cases[i].line, cases[i].column);
        CHECK_STR(l.first.key, cases[i].key, name);
        CHECK_STR(l.first.file, "t.json", name);
        CHECK(strstr(l.first.text, cases[i].says), "%s: '%s' should say '%s'", name, l.first.text, cases[i].says);
        CHECK(l.errors == 0 || (err.status == VF_ERR_DATA && strcmp(err.text, l.first.text) == 0), "%s: first error",
              name);
    }
    CHECK_U64(counts.in_use, 0, "all memory given back");
}

/** Three mistakes in one file, and a reference to what was refused: three findings. */
static void test_several(void)
{
    static const char text[] = FRONT MODEL("x-8b", "\"parameters\":-1,", "\"attention.head_count\":32") ",\n"
        MODEL("y-8b", "\"parameters\":1,\"unchecked\":\"y\",", "\"attention.head_count\":31") ",\n"
        GOOD("z-8b", "\"tulu3:8b\"") BACK;
    static const char class_text[] = "{\"schema\":1,\"size_classes\":[{\"name\":\"9B\",\"model\":\"x-8b\",\"parameters\":9}]}";
    vf_catalog *c;
    vf_error err = {0};
    finding_log l = {0};
    CHECK(vf_catalog_new(&heap, &c, &err) == VF_OK, "%s", err.text);
    CHECK(vf_catalog_add(c, "t.json", text, strlen(text), note, &l, &err) == VF_ERR_DATA, "refused");
    CHECK(vf_catalog_add(c, "c.json", class_text, strlen(class_text), note, &l, &err) == VF_OK, "%s", err.text);
    CHECK(vf_catalog_check(c, &heap, note_errors, &l, &err) == VF_ERR_DATA, "heads");
    CHECK_STR(l.ids, "out-of-range duplicate-alias heads", "findings");
    CHECK(err.line == 7 && strcmp(err.key, "/models/1/hparams/attention.head_count") == 0, "%u %s", err.line, err.key);
    vf_catalog_free(c);
}

/** What refers to a table of which an entry was refused is not blamed; what refers to another is. */
static void test_refused_tables(void)
{
    static const char archs[] = "{\"schema\":1,\"arch\":\"newarch\",\"source\":\"s\",\"norm\":\"none such\"}";
    static const char models[] = "{\"schema\":1,\"family\":\"F\",\"models\":[{\"id\":\"a/new-1b\",\"arch\":\"newarch\",\"source\":\"s\","
                                 "\"published_quant\":\"qqq9\",\"parameters\":1,\"unchecked\":\"y\",\"hparams\":{}}]}";
    static const char quants[] = "{\"schema\":1,\"quants\":[{\"name\":\"qqq8\",\"kind\":\"none such\"}]}";
    for (int bad = 0; bad < 4; bad++) {
        vf_catalog *c;
        vf_error err = {0};
        finding_log l = {0};
        CHECK(vf_catalog_new(&heap, &c, &err) == VF_OK, "%s", err.text);
        if (bad & 1)
            CHECK(vf_catalog_add(c, "a.json", archs, strlen(archs), NULL, NULL, &err) == VF_ERR_DATA, "an architecture");
        if (bad & 2)
            CHECK(vf_catalog_add(c, "q.json", quants, strlen(quants), NULL, NULL, &err) == VF_ERR_DATA, "a quantization");
        CHECK(vf_catalog_add(c, "m.json", models, strlen(models), NULL, NULL, &err) == VF_OK, "%s", err.text);
        (void)vf_catalog_check(c, &heap, note_errors, &l, &err);
        CHECK((strstr(l.ids, "unknown-arch") == NULL) == (bad & 1), "%d: %s", bad, l.ids);
        CHECK((strstr(l.ids, "unknown-quant") == NULL) == (bad >> 1), "%d: %s", bad, l.ids);
        vf_catalog_free(c);
    }
}

/** Warnings do not make an error of a catalog. */
static void test_warnings(void)
{
    static const char text[] = FRONT
        MODEL("x-8b", "\"optional\":[\"rope_freqs\"],\"parameters\":8030261248,\"unchecked\":\"y\",",
              "\"attention.head_count\":32") BACK;
    static const char gpu[] = "{\"schema\":1,\"gpus\":[\n{\"name\":\"G\",\"vendor\":\"nvidia\",\"class\":\"c\","
                              "\"memory_mib\":8192,\"source\":\"s\"}]}";
    vf_catalog *c;
    vf_error err = {0};
    finding_log l = {0};
    CHECK(vf_catalog_new(&heap, &c, &err) == VF_OK, "%s", err.text);
    CHECK(vf_catalog_check(c, &heap, note, &l, &err) == VF_OK && l.errors == 0, "%s", err.text);
    uint32_t before = l.warnings;
    CHECK(vf_catalog_add(c, "t.json", text, strlen(text), note, &l, &err) == VF_OK, "%s", err.text);
    CHECK(vf_catalog_add(c, "g.json", gpu, strlen(gpu), note, &l, &err) == VF_OK, "%s", err.text);
    CHECK(vf_catalog_check(c, &heap, note, &l, &err) == VF_OK, "%s", err.text);
    CHECK(l.warnings == 2 * before + 2 && strstr(l.ids, "needless-unchecked") && strstr(l.ids, "compute-capability"),
          "%s", l.ids);
    vf_catalog_free(c);
}

static bool stop(void *ctx, const vf_finding *f)
{
    (void)note(ctx, f);
    return false;
}

/** A listener that has heard enough hears no more. */
static void test_stop(void)
{
    static const char *const texts[] = {
        FRONT "7,8,9" BACK,
        "{\"schema\":1,\"family\":1,\"more\":2,\"models\":[7]}",
        FRONT GOOD("x-8b", "\"x8\",\"x8\",\"y\",\"y\"") BACK,
        "{\"schema\":1,\"quants\":[{\"x\":1,\"y\":2}]}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        vf_catalog *c;
        vf_error err = {0};
        finding_log l = {0};
        CHECK(vf_catalog_new(&heap, &c, &err) == VF_OK, "%s", err.text);
        CHECK(vf_catalog_add(c, "t.json", texts[i], strlen(texts[i]), stop, &l, &err) == VF_ERR_DATA, "%s", texts[i]);
        CHECK_U64(l.errors + l.warnings, 1, texts[i]);
        vf_catalog_free(c);
    }
}

/** The place of the first error without a listener is the same. */
static void test_quiet(void)
{
    vf_catalog *c;
    vf_error err = {0};
    const char *text = FRONT MODEL("x", "\"parameters\":-1,", "\"attention.head_count\":-32") BACK;
    CHECK(vf_catalog_new(&heap, &c, &err) == VF_OK, "%s", err.text);
    CHECK(vf_catalog_add(c, "t.json", text, strlen(text), NULL, NULL, &err) == VF_ERR_DATA, "refused");
    CHECK(err.line == 4 && err.column == 52 && strcmp(err.key, "/models/0/parameters") == 0, "%u:%u %s", err.line,
          err.column, err.key);
    CHECK(vf_catalog_add(c, "t.json", text, strlen(text), NULL, NULL, NULL) == VF_ERR_DATA, "err may be NULL");
    vf_catalog_free(c);
}

static void test_builtin(void)
{
    vf_catalog *c;
    vf_error err = {0};
    finding_log l = {0};
    CHECK(vf_catalog_new(&heap, &c, &err) == VF_OK, "%s", err.text);
    CHECK(vf_catalog_check(c, &heap, note, &l, &err) == VF_OK && l.errors == 0, "%s", err.text);
    for (uint32_t i = 0; i < vf_catalog_count(c, VF_KIND_MODEL); i++) {
        vf_model *m = NULL;
        vf_model_facts facts;
        CHECK(vf_catalog_model_open(c, i, &heap, &m, &err) == VF_OK, "%s", err.text);
        vf_model_describe(m, &facts);
        CHECK(facts.known_architecture && facts.parameters > 0 && facts.published_parameters > 0, "%s", facts.name);
        vf_model_free(m);
    }
    vf_model *m = NULL;
    vf_model_entry model;
    vf_quant_entry quant;
    vf_gpu_entry gpu;
    vf_desktop_entry desktop;
    vf_runtime_entry runtime;
    CHECK(vf_catalog_model_open(c, UINT32_MAX, &heap, &m, &err) == VF_ERR_USAGE, "past the end");
    CHECK(vf_catalog_model(c, vf_catalog_count(c, VF_KIND_MODEL), &model) == VF_ERR_USAGE, "past the end");
    CHECK(vf_catalog_quant(c, vf_catalog_count(c, VF_KIND_QUANT), &quant) == VF_ERR_USAGE, "past the end");
    CHECK(vf_catalog_gpu(c, vf_catalog_count(c, VF_KIND_GPU), &gpu) == VF_ERR_USAGE, "past the end");
    CHECK(vf_catalog_desktop(c, vf_catalog_count(c, VF_KIND_DESKTOP), &desktop) == VF_ERR_USAGE, "past the end");
    CHECK(vf_catalog_runtime(c, vf_catalog_count(c, VF_KIND_RUNTIME), &runtime) == VF_ERR_USAGE, "past the end");
    CHECK(!vf_catalog_model_alias(c, 0, UINT32_MAX) && !vf_catalog_quant_runtime(c, UINT32_MAX, 0), "past the end");
    CHECK_U64(vf_catalog_count(c, VF_KIND_COUNT), 0, "no such kind");
    vf_catalog_free(c);
}

static void no_difference(void *ctx, const char *key, const char *old_value, const char *new_value)
{
    (void)ctx;
    CHECK(false, "%s differs from itself: %s, %s", key, old_value, new_value);
}

static void test_entries(void)
{
    vf_catalog *c;
    vf_error err = {0};
    uint32_t i;
    CHECK(vf_catalog_new(&heap, &c, &err) == VF_OK, "%s", err.text);
    vf_quant_entry quant;
    CHECK(vf_catalog_find(c, VF_KIND_QUANT, "q8_0", &i, &err) == VF_OK, "%s", err.text);
    CHECK(vf_catalog_quant(c, i, &quant) == VF_OK, "Q8_0");
    CHECK(quant.quant.kind == VF_QUANT_GGUF && quant.quant.ftype == 7 && quant.quant.type == VF_TYPE_Q8_0 &&
              quant.millibits == 8000 && quant.stored_millibits == 8500 && quant.quant.millibits == 8000 &&
              strcmp(quant.quant.runtime, "llama.cpp") == 0 && strcmp(quant.quant.name, "Q8_0") == 0,
          "Q8_0: %u %u", quant.millibits, quant.stored_millibits);
    CHECK(quant.n_runtimes > 0 && strncmp(quant.runtimes, "llama.cpp, ", 11) == 0 &&
              strcmp(vf_catalog_quant_runtime(c, i, 0), "llama.cpp") == 0,
          "%s", quant.runtimes);
    vf_gpu_entry gpu;
    CHECK(vf_catalog_find(c, VF_KIND_GPU, "3090", &i, &err) == VF_OK, "%s", err.text);
    CHECK(vf_catalog_gpu(c, i, &gpu) == VF_OK, "3090");
    CHECK(gpu.memory_bytes == 24ull << 30 && gpu.driver_bytes == 24ull << 30 && gpu.compute_capability == 86 &&
              gpu.backend == VF_BACKEND_CUDA && !gpu.unified_memory && strcmp(gpu.desktop, "typical") == 0 &&
              gpu.bandwidth_mbs == 936000,
          "3090: %llu %u %u", (unsigned long long)gpu.driver_bytes, gpu.compute_capability, gpu.bandwidth_mbs);
    vf_desktop_entry desktop;
    CHECK(vf_catalog_find(c, VF_KIND_DESKTOP, "typical", &i, &err) == VF_OK, "%s", err.text);
    CHECK(vf_catalog_desktop(c, i, &desktop) == VF_OK && desktop.bytes == 500000000 && desktop.spread == 300000000,
          "typical");
    vf_runtime_entry runtime;
    CHECK(vf_catalog_find(c, VF_KIND_RUNTIME, "llama.cpp", &i, &err) == VF_OK, "%s", err.text);
    CHECK(vf_catalog_runtime(c, i, &runtime) == VF_OK && runtime.available, "llama.cpp");
    for (int kind = 0; kind <= VF_KIND_COUNT; kind++) {
        uint32_t past = kind < VF_KIND_COUNT ? vf_catalog_count(c, (vf_kind)kind) : 0;
        CHECK(!vf_catalog_name(c, (vf_kind)kind, past) && !vf_catalog_added(c, (vf_kind)kind, past), "past the end of kind %d", kind);
        CHECK(vf_catalog_compare(c, past, c, 0, (vf_kind)kind, no_difference, NULL) == VF_ERR_USAGE &&
                  vf_catalog_compare(c, 0, c, past, (vf_kind)kind, no_difference, NULL) == VF_ERR_USAGE, "compared past the end of kind %d", kind);
        for (i = 0; i < past; i++)
            CHECK(vf_catalog_compare(c, i, c, i, (vf_kind)kind, no_difference, NULL) == VF_OK, "the same of kind %d", kind);
    }
    CHECK(!vf_catalog_model_alias(c, UINT32_MAX, 0) && !vf_catalog_quant_alias(c, UINT32_MAX, 0) && !vf_catalog_gpu_alias(c, UINT32_MAX, 0) &&
              !vf_catalog_quant_runtime(c, UINT32_MAX, 0) && !vf_catalog_gpu_alias(c, 0, UINT32_MAX), "aliases past the end");
    CHECK(vf_catalog_quant(c, UINT32_MAX, &quant) == VF_ERR_USAGE && vf_catalog_gpu(c, UINT32_MAX, &gpu) == VF_ERR_USAGE &&
              vf_catalog_desktop(c, UINT32_MAX, &desktop) == VF_ERR_USAGE && vf_catalog_runtime(c, UINT32_MAX, &runtime) == VF_ERR_USAGE,
          "entries past the end");
    vf_arch arch;
    CHECK(vf_catalog_arch(c, "llama", &arch) && !vf_catalog_arch(c, "Llama", &arch) && !vf_catalog_arch(c, "", &arch),
          "architectures, letter for letter");
    vf_catalog_free(c);
}

/** An addition of a built-in id replaces the entry, and nothing else changes. */
static void test_replace(void)
{
    static const char text[] = FRONT GOOD("meta-llama/Llama-2-7b", "\"my-own\"") ",\n" GOOD("new-one", "") BACK;
    vf_catalog *c;
    vf_error err = {0};
    uint32_t before, i, j;
    vf_model_entry old, now, other, same;
    CHECK(vf_catalog_new(&heap, &c, &err) == VF_OK, "%s", err.text);
    uint32_t n = vf_catalog_count(c, VF_KIND_MODEL);
    CHECK(vf_catalog_find(c, VF_KIND_MODEL, "llama2:7b", &before, &err) == VF_OK, "%s", err.text);
    CHECK(vf_catalog_model(c, before, &old) == VF_OK && vf_catalog_model(c, before + 1, &other) == VF_OK, "entries");
    CHECK(old.n_head_kv == 32 && old.n_layer == 32, "Llama 2 7B");
    char other_id[200];
    snprintf(other_id, sizeof other_id, "%s", other.id);
    CHECK(vf_catalog_add(c, "mine.json", text, strlen(text), NULL, NULL, &err) == VF_OK, "%s", err.text);
    CHECK_U64(vf_catalog_count(c, VF_KIND_MODEL), n + 1, "one replaced, one new");
    CHECK(vf_catalog_find(c, VF_KIND_MODEL, "meta-llama/llama-2-7b", &i, &err) == VF_OK && i == before, "same index");
    CHECK(vf_catalog_find(c, VF_KIND_MODEL, "my own", &j, &err) == VF_OK && j == before, "its new alias");
    CHECK(vf_catalog_find(c, VF_KIND_MODEL, "new-one", &j, &err) == VF_OK && j == n, "the new one");
    CHECK(vf_catalog_find(c, VF_KIND_MODEL, "llama2:7b", &j, NULL) == VF_OK ? j == before : true, "not another model");
    CHECK(vf_catalog_model(c, before, &now) == VF_OK && now.n_head_kv == 8 && now.n_aliases == 1, "new numbers");
    CHECK(vf_catalog_model(c, before + 1, &same) == VF_OK, "the next one");
    CHECK_STR(same.id, other_id, "others stay");
    CHECK(vf_catalog_find(c, VF_KIND_GPU, "3090", &i, &err) == VF_OK, "GPUs stay");
    CHECK(vf_catalog_add(c, "again.json", text, strlen(text), NULL, NULL, &err) == VF_ERR_DATA, "once more");
    CHECK(strstr(err.text, "is already the name of 'meta-llama/Llama-2-7b' (mine.json:4)") ||
              strstr(err.text, "is already the name of 'new-one' (mine.json:6)"),
          "%s", err.text);
    vf_catalog_free(c);
    CHECK_U64(counts.in_use, 0, "all memory given back");
}

/** What several entries begin with, or share as a stem, is none of them. */
static void test_ambiguous(void)
{
    static const char models[] = FRONT GOOD("a/Zed-1-10B-Instruct", "") ",\n" GOOD("a/Zed-1-20B", "") ",\n"
        GOOD("b/Zed-1-20B", "\"other\"") ",\n" GOOD("a/Zed-2-5B-it", "") ",\n" GOOD("a/Zed-2-5B-pt", "") BACK;
    static const char gpus[] = "{\"schema\":1,\"gpus\":["
        "{\"name\":\"Z100 40GB\",\"vendor\":\"amd\",\"class\":\"c\",\"memory_mib\":40960,\"source\":\"s\"},"
        "{\"name\":\"Z100 80GB\",\"vendor\":\"amd\",\"class\":\"c\",\"memory_mib\":81920,\"source\":\"s\"},"
        "{\"name\":\"Z1000\",\"vendor\":\"amd\",\"class\":\"c\",\"memory_mib\":8192,\"source\":\"s\"}]}";
    static const struct {
        vf_kind kind;
        const char *name;
        vf_status status;
        const char *says;
    } asked[] = {
        {VF_KIND_MODEL, "zed-1", VF_ERR_AMBIGUOUS,
         "model 'zed-1' is ambiguous: it may be 'a/Zed-1-10B-Instruct', 'a/Zed-1-20B', 'b/Zed-1-20B'"},
        {VF_KIND_MODEL, "zed-1-20b", VF_ERR_AMBIGUOUS, "it may be 'a/Zed-1-20B', 'b/Zed-1-20B'"},
        {VF_KIND_MODEL, "b/zed-1-20b", VF_OK, "b/Zed-1-20B"},
        {VF_KIND_MODEL, "c/zed-1-20b", VF_ERR_AMBIGUOUS, "it may be 'a/Zed-1-20B', 'b/Zed-1-20B'"},
        {VF_KIND_MODEL, "zed-1-10b", VF_OK, "a/Zed-1-10B-Instruct"},
        {VF_KIND_MODEL, "Zed-1-10B-Chat-GGUF", VF_OK, "a/Zed-1-10B-Instruct"},
        {VF_KIND_MODEL, "zed-2-5b", VF_ERR_AMBIGUOUS, "it may be 'a/Zed-2-5B-it', 'a/Zed-2-5B-pt'"},
        {VF_KIND_MODEL, "zed-2-5b-it", VF_OK, "a/Zed-2-5B-it"},
        {VF_KIND_MODEL, "zed-1-30b", VF_ERR_NOT_FOUND, "'a/Zed-1-20B' or 'b/Zed-1-20B'?)"},
        {VF_KIND_GPU, "z100", VF_ERR_AMBIGUOUS, "GPU 'z100' is ambiguous: it may be 'Z100 40GB', 'Z100 80GB'"},
        {VF_KIND_GPU, "z1000", VF_OK, "Z1000"},
        {VF_KIND_GPU, "z100-60gb", VF_ERR_NOT_FOUND, "'Z100 "},
    };
    vf_catalog *c;
    vf_error err = {0};
    CHECK(vf_catalog_new(&heap, &c, &err) == VF_OK, "%s", err.text);
    CHECK(vf_catalog_add(c, "m.json", models, strlen(models), NULL, NULL, &err) == VF_OK, "%s", err.text);
    CHECK(vf_catalog_add(c, "g.json", gpus, strlen(gpus), NULL, NULL, &err) == VF_OK, "%s", err.text);
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        uint32_t row;
        vf_status s = vf_catalog_find(c, asked[i].kind, asked[i].name, &row, &err);
        CHECK_U64(s, asked[i].status, asked[i].name);
        const char *got = s == VF_OK ? vf_blob_name(&c->blob, asked[i].kind, row) : err.text;
        CHECK(strstr(got, asked[i].says), "%s: '%s' should be '%s'", asked[i].name, got, asked[i].says);
        CHECK(vf_catalog_find(c, asked[i].kind, asked[i].name, &row, NULL) == asked[i].status, "without err");
    }
    vf_catalog_free(c);
    CHECK_U64(counts.in_use, 0, "all memory given back");
}

/** An entry that cannot be is refused when it is opened, in any case. */
static void test_open(void)
{
    static const char text[] = FRONT
        "{\"id\":\"no-arch\",\"arch\":\"nowhere\",\"source\":\"s\",\"parameters\":1,\"hparams\":{}},\n"
        "{\"id\":\"no-shape\",\"arch\":\"llama\",\"source\":\"s\",\"parameters\":1,\"hparams\":{}},\n"
        MODEL("no-values", "\"parameters\":1,", "\"attention.head_count\":32,\"attention.value_length\":0") BACK;
    vf_catalog *c;
    vf_model *m = NULL;
    vf_error err = {0};
    uint32_t i;
    CHECK(vf_catalog_new(&heap, &c, &err) == VF_OK, "%s", err.text);
    CHECK(vf_catalog_add(c, "t.json", text, strlen(text), NULL, NULL, &err) == VF_OK, "%s", err.text);
    CHECK(vf_catalog_find(c, VF_KIND_MODEL, "no-arch", &i, &err) == VF_OK, "%s", err.text);
    CHECK(vf_catalog_model_open(c, i, &heap, &m, &err) == VF_ERR_DATA && !m, "no architecture");
    CHECK_STR(err.text, "no architecture 'nowhere' in the catalog", "no architecture");
    CHECK(vf_catalog_find(c, VF_KIND_MODEL, "no-shape", &i, &err) == VF_OK, "%s", err.text);
    CHECK(vf_catalog_model_open(c, i, &heap, &m, &err) == VF_ERR_DATA && !m && err.key[0], "%s: %s", err.key, err.text);
    char long_name[300];
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = 0;
    uint32_t quant;
    CHECK(vf_catalog_find_file(c, long_name, &i, &quant, &err) == VF_ERR_NOT_FOUND, "a long name");
    CHECK(vf_catalog_find(c, VF_KIND_QUANT, "iq", &i, &err) == VF_ERR_NOT_FOUND, "two letters");
    CHECK(vf_catalog_find(c, VF_KIND_QUANT, "iq2-x", &i, &err) == VF_ERR_NOT_FOUND && strstr(err.text, "'IQ2_"), "%s",
          err.text);
    vf_catalog_free(c);
    CHECK_U64(counts.in_use, 0, "all memory given back");
}

/** Bytes written and looked at again are the same catalog; of another build they are refused. */
static void test_compiled(void)
{
    vf_catalog *c;
    vf_error err = {0};
    vf_blob blob;
    vf_builder b;
    CHECK(vf_catalog_new(&heap, &c, &err) == VF_OK, "%s", err.text);
    CHECK(vf_builder_init(&b, &c->blob, &heap, &err) == VF_OK, "%s", err.text);
    size_t n = vf_builder_size(&b);
    CHECK_U64(n, vf_builtin_catalog_size, "the same size");
    uint64_t *bytes = malloc(n);
    vf_builder_write(&b, bytes);
    CHECK(memcmp(bytes, vf_builtin_catalog, n) == 0, "the same bytes");
    CHECK(vf_blob_open(&blob, bytes, n, &err) == VF_OK && blob.n_names == c->blob.n_names, "%s", err.text);
    CHECK(vf_blob_open(&blob, bytes, n - 8, &err) == VF_ERR_DATA, "cut");
    CHECK(vf_blob_open(&blob, bytes, 4, &err) == VF_ERR_DATA, "cut within the header");
    bytes[1] ^= 1;
    CHECK(vf_blob_open(&blob, bytes, n, &err) == VF_ERR_DATA, "other rows");
    bytes[0] ^= 1;
    CHECK(vf_blob_open(&blob, bytes, n, &err) == VF_ERR_DATA, "other magic");
    CHECK(vf_blob_open(&blob, NULL, 0, &err) == VF_OK && blob.count[VF_KIND_MODEL] == 0, "none");
    free(bytes);
    vf_builder_free(&b);
    vf_catalog_free(c);
}

/** A file cut after any byte is refused, and 30,000 aliases are no trouble. */
static void test_large(void)
{
    static const char text[] = FRONT GOOD("x-8b", "\"x8\"") BACK;
    vf_catalog *c;
    vf_error err = {0};
    CHECK(vf_catalog_new(&heap, &c, &err) == VF_OK, "%s", err.text);
    for (size_t n = 0; n < strlen(text); n++)
        CHECK(vf_catalog_add(c, "t.json", text, n, NULL, NULL, &err) == VF_ERR_DATA && err.line > 0, "cut after %zu", n);
    size_t room = 1 << 20, n = 0;
    char *many = malloc(room);
    n += (size_t)snprintf(many, room, FRONT "{\"id\":\"many\",\"aliases\":[");
    for (uint32_t i = 0; i < 30000; i++)
        n += (size_t)snprintf(many + n, room - n, "%s\"alias %u x\"", i ? "," : "", i * 2654435761u);
    n += (size_t)snprintf(many + n, room - n, "],\"arch\":\"llama\",\"source\":\"s\",\"parameters\":1,\"hparams\":{}}" BACK);
    CHECK(vf_catalog_add(c, "t.json", many, n, NULL, NULL, &err) == VF_OK, "%s", err.text);
    uint32_t index;
    CHECK(vf_catalog_find(c, VF_KIND_MODEL, "ALIAS 0 X", &index, &err) == VF_OK, "%s", err.text);
    free(many);
    vf_catalog_free(c);
    CHECK_U64(counts.in_use, 0, "all memory given back");
}

int main(void)
{
    test_cases();
    test_several();
    test_refused_tables();
    test_warnings();
    test_stop();
    test_quiet();
    test_builtin();
    test_entries();
    test_replace();
    test_ambiguous();
    test_open();
    test_compiled();
    test_large();
    return CHECK_END();
}
