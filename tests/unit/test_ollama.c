/* Ollama: what manifests and parameters say, one thing wrong at a time; and its runtime profile, whose
 * footprint is llama.cpp's under the settings that Ollama hands over. */
#include "memory.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LAYER(type, digest, size) \
    "{\"mediaType\":\"application/vnd.ollama.image." type "\",\"digest\":\"" digest "\",\"size\":" size "}"
#define MODEL LAYER("model", "sha256:" A64, "123")
#define ADAPTER LAYER("adapter", "sha256:" B64, "17")
#define ADAPTERS ADAPTER "," ADAPTER "," ADAPTER "," ADAPTER
#define MANIFEST(layers) "{\"schemaVersion\":2,\"layers\":[" layers "]}"

static vf_catalog *catalog;
static memory_allocator counts;
static const vf_allocator heap = {memory_resize, &counts};

/* ---- manifests and parameters --------------------------------------------------------------------- */

static vf_status read_manifest(const char *text, vf_ollama_manifest *m, vf_error *err)
{
    *err = (vf_error){0};
    vf_status st = vf_ollama_manifest_read("m", text, strlen(text), &heap, m, err);
    if (st != VF_OK)
        check_error(err, st, text);
    return st;
}

static void test_manifest(void)
{
    vf_ollama_manifest m;
    vf_error err;
    vf_status st = read_manifest(MANIFEST(LAYER("license", "sha256:" B64, "5") "," MODEL "," LAYER("params", "sha256:" B64, "7") ","
                                          LAYER("projector", "sha256:" B64, "11") "," LAYER("projector", "sha256:" B64, "13") ","
                                          LAYER("adapter", "sha256:" B64, "17") "," LAYER("template", "sha256:" B64, "19")),
                                 &m, &err);
    CHECK(st == VF_OK, "%s", err.text);
    CHECK_STR(m.model.name, "sha256-" A64, "model");
    CHECK_U64(m.model.bytes, 123, "model");
    CHECK_STR(m.params.name, "sha256-" B64, "params");
    CHECK_U64(m.params.bytes, 7, "params");
    CHECK_U64(m.projector.bytes, 11, "the first projector");
    CHECK_U64(m.n_adapters, 1, "adapters");
    CHECK_U64(m.adapter[0].bytes, 17, "adapters");
    CHECK_STR(m.manifest.name, "", "no list");
}

#define LIST(entries) \
    "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.ollama.manifest.list.v2+json\",\"manifests\":[" entries "]}"

static void test_list(void)
{
    vf_ollama_manifest m;
    vf_error err;
    CHECK(read_manifest(LIST("{\"runner\":\"mlx\",\"digest\":\"sha256:" A64 "\"},{\"runner\":\"llamacpp\",\"digest\":\"sha256:" A64
                             "\"},{\"runner\":\"ollama\",\"digest\":\"sha256:" B64 "\"}"), &m, &err) == VF_OK, "%s", err.text);
    CHECK_STR(m.manifest.name, "sha256-" B64, "the runner ollama comes first");
    CHECK_STR(m.model.name, "", "the rest is in the other manifest");
    CHECK(read_manifest(LIST("{\"runner\":\"llamacpp\",\"layers\":[" MODEL "]}"), &m, &err) == VF_OK, "%s", err.text);
    CHECK_STR(m.model.name, "sha256-" A64, "layers within the list");
}

static void test_bad(void)
{
    static const struct {
        const char *text, *word, *key;
    } rows[] = {
        {"", "empty", ""},
        {"[]", "an object", ""},
        {MANIFEST(""), "no model layer", "/layers"},
        {"{\"layers\":[" MODEL "]}", "schemaVersion", ""},
        {"{\"schemaVersion\":1,\"layers\":[" MODEL "]}", "found 1, expected 2", "/schemaVersion"},
        {"{\"schemaVersion\":\"2\",\"layers\":[" MODEL "]}", "'2'", "/schemaVersion"},
        {"{\"schemaVersion\":2}", "layers is missing", ""},
        {"{\"schemaVersion\":2,\"layers\":{}}", "an array", "/layers"},
        {MANIFEST("5"), "a layer", "/layers/0"},
        {MANIFEST("{}"), "mediaType", "/layers/0"},
        {MANIFEST("{\"mediaType\":\"x\"}"), "digest is missing", "/layers/0"},
        {MANIFEST(MODEL "," MODEL), "second model layer", "/layers/1"},
        {MANIFEST(LAYER("model", "sha256:../../../../etc/passwd", "1")), "64 digits", "/layers/0/digest"},
        {MANIFEST(LAYER("model", "sha256:" A64 "0", "1")), "64 digits", "/layers/0/digest"},
        {MANIFEST(LAYER("model", "sha256:Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "1")), "64 digits",
         "/layers/0/digest"},
        {MANIFEST(LAYER("model", "sha256-" A64, "1")), "64 digits", "/layers/0/digest"},
        {MANIFEST(LAYER("license", "x", "1") "," MODEL), "64 digits", "/layers/0/digest"},
        {MANIFEST(LAYER("model", "sha256:" A64, "-1")), "found -1", "/layers/0/size"},
        {MANIFEST(LAYER("model", "sha256:" A64, "1.5")), "found 1.5", "/layers/0/size"},
        {MANIFEST(LAYER("model", "sha256:" A64, "null")), "size is missing", "/layers/0"},
        {MANIFEST(LAYER("model", "sha256:" A64, "281474976710657")), "281474976710656", "/layers/0/size"},
        {MANIFEST(LAYER("tensor", "sha256:" A64, "1")), "MLX", "/layers"},
        {MANIFEST(ADAPTERS "," ADAPTERS "," ADAPTERS), "more than 8 adapter", "/layers/8"},
        {MANIFEST("{\"mediaType\":5}"), "found 5, expected a string", "/layers/0/mediaType"},
        {MANIFEST("{\"mediaType\":\"x\",\"digest\":\"sha256:" A64 "\"}"), "size is missing", "/layers/0"},
        {"{\"schemaVersion\":2,\"mediaType\":5,\"layers\":[]}", "found 5, expected a string", "/mediaType"},
        {"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.ollama.manifest.list.v2+json\"}", "manifests is missing", ""},
        {"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.ollama.manifest.list.v2+json\",\"manifests\":7}", "an array", "/manifests"},
        {LIST("{\"runner\":5}"), "found 5, expected a string", "/manifests/0/runner"},
        {LIST(""), "runner", "/manifests"},
        {LIST("{\"runner\":\"mlx\",\"layers\":[]}"), "runner", "/manifests"},
        {LIST("{\"runner\":\"ollama\",\"digest\":\"../x\"}"), "64 digits", "/manifests/0/digest"},
        {LIST("7"), "an object", "/manifests/0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_ollama_manifest m;
        vf_error err;
        CHECK(read_manifest(rows[i].text, &m, &err) == VF_ERR_DATA, "%s is taken", rows[i].text);
        CHECK(strstr(err.text, rows[i].word), "%s: '%s' says nothing of '%s'", rows[i].text, err.text, rows[i].word);
        CHECK_STR(err.key, rows[i].key, rows[i].text);
        CHECK_U64(counts.in_use, 0, "bytes not given back");
    }
}

/** A digest has digits and small letters to f, no character beside them; layers of other kinds are passed over; numbers
 * are taken up to their limits. */
static void test_bounds(void)
{
    static const struct {
        char digit;
        bool good;
    } digits[] = {{'0', true}, {'9', true}, {'a', true}, {'f', true}, {'/', false}, {':', false}, {'`', false}, {'g', false}, {'A', false}, {'F', false}};
    vf_ollama_manifest m;
    vf_ollama_params p;
    vf_error err;
    char text[600];
    for (size_t i = 0; i < sizeof digits / sizeof digits[0]; i++)
        for (int last = 0; last < 2; last++) {
            char digest[65] = A64;
            digest[last ? 63 : 0] = digits[i].digit;
            (void)snprintf(text, sizeof text, MANIFEST(LAYER("model", "sha256:%s", "1")), digest);
            CHECK(read_manifest(text, &m, &err) == (digits[i].good ? VF_OK : VF_ERR_DATA), "'%c': %s", digits[i].digit, err.text);
            CHECK(!digits[i].good || (strncmp(m.model.name, "sha256-", 7) == 0 && strcmp(m.model.name + 7, digest) == 0), "%s", m.model.name);
        }
    CHECK(read_manifest(MANIFEST("{\"mediaType\":\"application/vnd.ollama.image.model\",\"digest\":5,\"size\":1}"), &m, &err) == VF_ERR_DATA &&
              strcmp(err.key, "/layers/0/digest") == 0 && strstr(err.text, "found 5"), "%s: %s", err.key, err.text);
    CHECK(read_manifest(MANIFEST("{\"mediaType\":\"application/vnd.docker.image.model\",\"digest\":\"sha256:" A64 "\",\"size\":1}," MODEL), &m, &err) == VF_OK &&
              !m.n_adapters && !m.params.name[0], "%s", err.text);
    static const struct {
        const char *bytes;
        bool good;
    } sizes[] = {{"0", true}, {"281474976710656", true}, {"281474976710657", false}, {"-1", false}, {"null", false}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        (void)snprintf(text, sizeof text, MANIFEST(LAYER("model", "sha256:" A64, "%s")), sizes[i].bytes);
        CHECK(read_manifest(text, &m, &err) == (sizes[i].good ? VF_OK : VF_ERR_DATA), "%s bytes: %s", sizes[i].bytes, err.text);
    }
    static const struct {
        const char *text;
        bool good;
    } params[] = {{"{\"num_ctx\":2147483648}", true}, {"{\"num_ctx\":2147483649}", false}, {"{\"num_batch\":1048576}", true},
                  {"{\"num_batch\":1048577}", false}, {"{\"num_gpu\":65536}", true}, {"{\"num_gpu\":65537}", false}, {"{\"num_gpu\":null}", true},
                  {"{\"num_gpu\":-0.5}", true}, {"{\"num_gpu\":0.5}", false}, {"{\"num_ctx\":0}", true}, {"{", false}, {"", false}};
    for (size_t i = 0; i < sizeof params / sizeof params[0]; i++) {
        err = (vf_error){0};
        CHECK(vf_ollama_params_read("p", params[i].text, strlen(params[i].text), &heap, &p, &err) == (params[i].good ? VF_OK : VF_ERR_DATA), "%s: %s",
              params[i].text, err.text);
        CHECK(!p.has_num_gpu || strstr(params[i].text, "num_gpu\":65536") || !params[i].good, "%s", params[i].text);
    }
    CHECK_U64(counts.in_use, 0, "bytes not given back");
}

static vf_status read_params(const char *text, vf_ollama_params *p, vf_error *err)
{
    *err = (vf_error){0};
    return vf_ollama_params_read("p", text, strlen(text), &heap, p, err);
}

static void test_params(void)
{
    vf_ollama_params p;
    vf_error err;
    CHECK(read_params("{\"num_ctx\":8192,\"num_batch\":1024,\"num_gpu\":20,\"stop\":[\"a\"],\"temperature\":0.7}", &p, &err) == VF_OK,
          "%s", err.text);
    CHECK(p.num_ctx == 8192 && p.num_batch == 1024 && p.has_num_gpu && p.num_gpu == 20, "values");
    CHECK(read_params("{\"num_gpu\":-1}", &p, &err) == VF_OK && !p.has_num_gpu && !p.num_ctx && !p.num_batch, "all open");
    CHECK(read_params("{\"num_gpu\":0}", &p, &err) == VF_OK && p.has_num_gpu && p.num_gpu == 0, "the CPU alone");
    static const char *const bad[] = {"[]", "{\"num_ctx\":-1}", "{\"num_ctx\":\"8k\"}", "{\"num_ctx\":4294967296}",
                                      "{\"num_batch\":1e9}", "{\"num_gpu\":\"all\"}", "{\"num_gpu\":100000}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK(read_params(bad[i], &p, &err) == VF_ERR_DATA, "%s is taken", bad[i]);
}

static void test_no_memory(void)
{
    static const char text[] = MANIFEST(MODEL);
    for (uint64_t fail = 1; fail < 100; fail++) {
        memory_allocator few = {.fail_at = fail, .sticky = fail & 1};
        const vf_allocator a = {memory_resize, &few};
        vf_ollama_manifest m;
        vf_error err = {0};
        vf_status st = vf_ollama_manifest_read("m", text, strlen(text), &a, &m, &err);
        CHECK_U64(few.in_use, 0, "bytes not given back");
        if (few.calls < fail)
            return;
        CHECK(st == VF_ERR_NOMEM, "allocation %" PRIu64 ": status %d", fail, (int)st);
    }
    CHECK(false, "endless");
}

/* ---- the runtime profile ---------------------------------------------------------------------------- */

#define GIB (UINT64_C(1) << 30)
#define MIB (UINT64_C(1) << 20)

static vf_result result;

static vf_request ask(vf_model *m, const char *runtime, uint32_t n, uint64_t total, uint64_t reserved)
{
    vf_request q = {.model = m, .runtime = runtime, .n_devices = n};
    q.quant = (vf_quant){.kind = VF_QUANT_GGUF, .name = "Q4_K_M", .ftype = 15};
    vf_settings_init(&q.settings);
    for (uint32_t i = 0; i < n; i++)
        q.device[i] = (vf_device){.name = "card", .total = total, .reserved = reserved, .compute_capability = 86};
    return q;
}

static vf_model *open_model(const char *id)
{
    uint32_t i;
    vf_model *m = NULL;
    vf_error err = {0};
    vf_status st = vf_catalog_find(catalog, VF_KIND_MODEL, id, &i, &err);
    if (!st)
        st = vf_catalog_model_open(catalog, i, &heap, &m, &err);
    CHECK(st == VF_OK, "%s: %s", id, err.text);
    return m;
}

static vf_status run(const vf_request *q)
{
    vf_error err = {0};
    vf_status st = vf_estimate(q, &heap, &result, &err);
    if (st != VF_OK)
        check_error(&err, st, err.key);
    return st;
}

static bool says(const char *words)
{
    for (uint32_t i = 0; i < result.n_notes; i++)
        if (strstr(result.note[i], words))
            return true;
    return false;
}

static void test_default_context(void)
{
    static const struct {
        uint32_t n;
        uint64_t total, reserved, context;
        const char *id;
    } rows[] = {
        {1, 24 * GIB, 464 * MIB, 32768, "llama-3.1-8b"},
        {1, 23 * GIB, 0, 32768, "llama-3.1-8b"},
        {1, 23 * GIB, 1, 4096, "llama-3.1-8b"},
        {1, 16 * GIB, 464 * MIB, 4096, "llama-3.1-8b"},
        {2, 12 * GIB, 464 * MIB, 32768, "llama-3.1-8b"},
        {2, 24 * GIB, 464 * MIB, 131072, "llama-3.1-8b"}, /* 262144, cut to what it was trained with */
        {1, 47 * GIB, 0, 131072, "llama-3.1-8b"},
        {1, 47 * GIB - 1, 0, 32768, "llama-3.1-8b"},
        {0, 0, 0, 4096, "llama-3.1-8b"},
        {1, 24 * GIB, 0, 4096, "llama-2-7b"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_model *m = open_model(rows[i].id);
        vf_request q = ask(m, "ollama", rows[i].n, rows[i].total, rows[i].reserved);
        CHECK(run(&q) == VF_OK, "row %zu", i);
        CHECK_U64(result.context, rows[i].context, rows[i].id);
        CHECK(result.batch == 512 && result.ubatch == 512 && result.parallel == 1, "row %zu: %u/%u, %u", i, result.batch,
              result.ubatch, result.parallel);
        CHECK(says("num_ctx"), "row %zu: what was taken is not said", i);
        vf_model_free(m);
    }
}

/** Under the same settings the segments are llama.cpp's; the runtime term is at least the reserve. */
static void test_same_as_llama_cpp(void)
{
    static const char *const ids[] = {"llama-3.1-8b", "gemma-3-27b", "qwen3-30b-a3b"};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        vf_model *m = open_model(ids[i]);
        vf_request q = ask(m, "ollama", 2, 24 * GIB, 464 * MIB);
        CHECK(run(&q) == VF_OK, "%s", ids[i]);
        static vf_result ollama;
        ollama = result;
        q.runtime = "llama.cpp";
        q.settings.context = ollama.context;
        q.settings.batch = q.settings.ubatch = 512;
        CHECK(run(&q) == VF_OK, "%s", ids[i]);
        for (uint32_t d = 0; d < 2; d++) {
            for (int s = 0; s < VF_SEG_RUNTIME; s++)
                CHECK_U64(ollama.device[d].segment[s], result.device[d].segment[s], ids[i]);
            CHECK(result.device[d].segment[VF_SEG_RUNTIME] < 457 * MIB, "%s: no test of the reserve", ids[i]);
            CHECK_U64(ollama.device[d].segment[VF_SEG_RUNTIME], 457 * MIB, ids[i]);
        }
        CHECK_U64(ollama.host.compute, result.host.compute, ids[i]);
        vf_model_free(m);
    }
}

static void test_settings(void)
{
    vf_model *m = open_model("llama-3.1-8b"), *encoder = open_model("bge-base-en-v1.5"), *single = open_model("qwen3-next-80b-a3b");
    vf_request q = ask(m, "ollama", 1, 16 * GIB, 0);
    q.settings.parallel = 4; /* num_ctx for each */
    CHECK(run(&q) == VF_OK && result.context == 16384 && result.parallel == 4 && result.context_per_sequence == 4096, "4 sequences");
    q.settings.context = 8192; /* the total, said to be so */
    CHECK(run(&q) == VF_OK && result.context == 8192 && says("num_ctx 2048"), "8192 for 4 sequences");
    q.settings.context = 1 << 20;
    CHECK(run(&q) == VF_OK && result.context == 4 * 131072 && says("trained length"), "more than it was trained with");
    q = ask(m, "ollama", 1, 16 * GIB, 0);
    q.settings.batch = 1024;
    CHECK(run(&q) == VF_OK && result.batch == 1024 && result.ubatch == 1024, "one num_batch");
    q.settings.ubatch = 256;
    CHECK(run(&q) == VF_ERR_REFUSED, "two of them");
    q = ask(m, "ollama", 1, 16 * GIB, 0);
    q.settings.type_v = VF_TYPE_Q8_0;
    CHECK(run(&q) == VF_ERR_REFUSED, "two cache types");
    q.settings.type_k = VF_TYPE_Q8_0;
    CHECK(run(&q) == VF_OK && result.type_k == VF_TYPE_Q8_0, "one cache type");
    q = ask(m, "ollama", 1, 16 * GIB, 0);
    q.device[0].compute_capability = 52;
    CHECK(run(&q) == VF_OK && !result.flash_attn && says("flash attention"), "compute capability 5.2");
    q = ask(m, "ollama", 1, 16 * GIB, 0);
    q.settings.backend = VF_BACKEND_METAL;
    CHECK(run(&q) == VF_OK && result.device[0].segment[VF_SEG_RUNTIME] == 512 * MIB, "Metal");
    q = ask(encoder, "ollama", 1, 16 * GIB, 0);
    q.settings.parallel = 4;
    CHECK(run(&q) == VF_OK && result.context == 512 && result.batch == 512 && result.parallel == 1 && says("embedding"), "an encoder");
    q.settings.context = 1024; /* 256 for each, of one */
    CHECK(run(&q) == VF_OK && result.context == 256 && result.batch == 256, "a quarter of the context");
    q = ask(single, "ollama", 2, 48 * GIB, 0);
    q.settings.parallel = 2;
    CHECK(run(&q) == VF_OK && result.parallel == 1 && says("qwen3next"), "an architecture with one sequence");
    vf_model_free(m);
    vf_model_free(encoder);
    vf_model_free(single);
}

static void test_fit_note(void)
{
    vf_model *m = open_model("llama-3.1-8b"); /* 4.3 GiB of weights, 0.5 of cache, 0.3 and more besides */
    vf_request q = ask(m, "ollama", 1, 7 * GIB, 0);
    CHECK(run(&q) == VF_OK && !says("moves layers"), "7 GiB");
    q = ask(m, "ollama", 1, 6 * GIB, 0);
    CHECK(run(&q) == VF_OK && result.verdict == VF_FIT && says("moves layers"), "6 GiB: it fits, but not all layers are put there");
    q.settings.gpu_layers = 20;
    CHECK(run(&q) == VF_OK && !says("moves layers"), "num_gpu is kept to");
    vf_model_free(m);
}

int main(void)
{
    vf_error err = {0};
    memory_allocator held = {0};
    const vf_allocator a = {memory_resize, &held};
    CHECK(vf_catalog_new(&a, &catalog, &err) == VF_OK, "%s", err.text);
    test_manifest();
    test_list();
    test_bad();
    test_params();
    test_bounds();
    test_no_memory();
    test_default_context();
    test_same_as_llama_cpp();
    test_settings();
    test_fit_note();
    CHECK_U64(counts.in_use, 0, "bytes not given back");
    CHECK_U64(counts.wrong_sizes, 0, "blocks given back with a wrong size");
    vf_catalog_free(catalog);
    return CHECK_END();
}
