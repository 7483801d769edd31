/* Names as people write them, on a small catalog of one's own: what is listed, what is near, where limits lie. */
#include "base/text.h"
#include "load/catalog/catalog.h"
#include "memory.h"

static memory_allocator counts;
static const vf_allocator heap = {memory_resize, &counts};

typedef struct asked {
    vf_kind kind;
    const char *name;
    vf_status status;
    const char *says; /**< the entry found, or what the error has */
} asked;

static vf_catalog *with(const char *const *texts, size_t n)
{
    vf_catalog *c = NULL;
    vf_error err = {0};
    CHECK(vf_catalog_new(&heap, &c, &err) == VF_OK, "%s", err.text);
    for (size_t i = 0; i < n; i++)
        CHECK(vf_catalog_add(c, "t.json", texts[i], strlen(texts[i]), NULL, NULL, &err) == VF_OK, "%s: %s", texts[i], err.text);
    return c;
}

static void ask(const vf_catalog *c, const asked *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t row = UINT32_MAX;
        vf_error err = {0};
        vf_status s = vf_catalog_find(c, rows[i].kind, rows[i].name, &row, &err);
        CHECK_U64(s, rows[i].status, rows[i].name);
        const char *got = s == VF_OK ? vf_catalog_name(c, rows[i].kind, row) : err.text;
        CHECK(s == VF_OK ? strcmp(got, rows[i].says) == 0 : strstr(got, rows[i].says) != NULL, "%s: '%s' should be '%s'", rows[i].name, got,
              rows[i].says);
    }
}

#define GPU(name, mib) "{\"name\":\"" name "\",\"vendor\":\"amd\",\"class\":\"c\",\"memory_mib\":" mib ",\"source\":\"s\"}"
#define GPUS(list) "{\"schema\":1,\"gpus\":[" list "]}"
#define MODEL(id) "{\"id\":\"" id "\",\"arch\":\"llama\",\"source\":\"s\",\"parameters\":1,\"hparams\":{}}"
#define MODELS(list) "{\"schema\":1,\"family\":\"F\",\"models\":[" list "]}"

/* Memory said in a card's name: any card that has as much, to half a GiB. */
static void test_memory_said(void)
{
    static const char *const texts[] = {GPUS(GPU("Zeta 9", "16384") "," GPU("Zeta 9 PCIe", "32768") "," GPU("Zeta 9 SXM", "32768") ","
                                             GPU("Eta 5 24GB", "24576") "," GPU("Theta X24GB", "24576") "," GPU("Iota 7 24GB Pro", "24576") ","
                                             GPU("Kappa 3 PCIe 24 GB", "24576") "," GPU("Odd 1", "11776") "," GPU("Odd 2", "11775"))};
    static const asked rows[] = {
        {VF_KIND_GPU, "Zeta 9", VF_OK, "Zeta 9"},
        {VF_KIND_GPU, "Zeta 9 16GB", VF_OK, "Zeta 9"},
        {VF_KIND_GPU, "zeta 9 16 gib", VF_OK, "Zeta 9"},
        {VF_KIND_GPU, "zeta 9 16g", VF_OK, "Zeta 9"},
        {VF_KIND_GPU, "zeta 9 16", VF_ERR_NOT_FOUND, "Zeta 9"},
        {VF_KIND_GPU, "zeta 9 16gbx", VF_ERR_NOT_FOUND, "Zeta 9"},
        {VF_KIND_GPU, "Zeta 9 32GB", VF_ERR_AMBIGUOUS, "it may be 'Zeta 9 PCIe', 'Zeta 9 SXM'"},
        {VF_KIND_GPU, "Zeta 9 SXM 32GB", VF_OK, "Zeta 9 SXM"},
        {VF_KIND_GPU, "Zeta 9 32GB SXM", VF_OK, "Zeta 9 SXM"},
        {VF_KIND_GPU, "Zeta 32GB", VF_ERR_AMBIGUOUS, "it may be 'Zeta 9 PCIe', 'Zeta 9 SXM'"},
        {VF_KIND_GPU, "Zeta 9 24GB", VF_ERR_NOT_FOUND, "unknown GPU 'Zeta 9 24GB'"},
        {VF_KIND_GPU, "32GB Zeta", VF_ERR_NOT_FOUND, "unknown GPU '32GB Zeta'"},
        {VF_KIND_GPU, "Eta 5", VF_OK, "Eta 5 24GB"},
        {VF_KIND_GPU, "Eta 5 24GB", VF_OK, "Eta 5 24GB"},
        {VF_KIND_GPU, "Eta", VF_ERR_NOT_FOUND, "Eta 5 24GB"},         /* more than its memory is missing */
        {VF_KIND_GPU, "Theta", VF_ERR_NOT_FOUND, "Theta X24GB"},
        {VF_KIND_GPU, "Iota 7", VF_ERR_NOT_FOUND, "Iota 7 24GB Pro"},
        {VF_KIND_GPU, "Kappa 3", VF_ERR_NOT_FOUND, "Kappa 3 PCIe 24 GB"},
        {VF_KIND_GPU, "Kappa 3 PCIe", VF_OK, "Kappa 3 PCIe 24 GB"},
        {VF_KIND_GPU, "Odd 1 12GB", VF_OK, "Odd 1"},
        {VF_KIND_GPU, "Odd 2 11GB", VF_OK, "Odd 2"},
        {VF_KIND_GPU, "Odd 2 12GB", VF_ERR_NOT_FOUND, "Odd 2"},
        {VF_KIND_GPU, "Odd 1 10012GB", VF_ERR_NOT_FOUND, "Odd 1"},
    };
    vf_catalog *c = with(texts, 1);
    ask(c, rows, sizeof rows / sizeof rows[0]);
    /* a name too long to be looked up, with its memory said */
    char name[400];
    for (size_t n = VF_NAME_LIMIT - 1; n <= VF_NAME_LIMIT + 2; n++) {
        uint32_t row;
        vf_error err = {0};
        memset(name, 'z', n);
        memcpy(name + n - 5, " 16GB", 6);
        CHECK(vf_catalog_find(c, VF_KIND_GPU, name, &row, &err) == VF_ERR_NOT_FOUND, "%zu letters", n);
    }
    vf_catalog_free(c);
}

/* What is listed when a name may mean several: as many as there is room for, and that there are more. */
static void test_many(void)
{
    static char text[16384];
    for (int many = 3; many <= 40; many++) {
        size_t n = (size_t)snprintf(text, sizeof text, "{\"schema\":1,\"family\":\"F\",\"models\":[");
        for (int i = 0; i < many; i++)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s" MODEL("Zorn-7-%c%c"), i ? "," : "", 'a' + i / 20, 'a' + i % 20);
        (void)snprintf(text + n, sizeof text - n, "]}");
        const char *const texts[] = {text};
        vf_catalog *c = with(texts, 1);
        uint32_t row, listed = 0;
        vf_error err = {0};
        CHECK(vf_catalog_find(c, VF_KIND_MODEL, "zorn-7", &row, &err) == VF_ERR_AMBIGUOUS, "%s", err.text);
        for (const char *p = err.text; (p = strstr(p, "'Zorn-7-")) != NULL; p++)
            listed++;
        bool cut = strcmp(err.text + strlen(err.text) - 4, " ...") == 0;
        CHECK(cut ? listed < (uint32_t)many : listed == (uint32_t)many, "%d models: %s", many, err.text);
        CHECK(cut == (many > 22), "%d models, %u listed", many, listed);
        CHECK(vf_catalog_find(c, VF_KIND_MODEL, "zorn-7", &row, NULL) == VF_ERR_AMBIGUOUS, "nobody to tell");
        vf_catalog_free(c);
    }
}

/* More names than are looked at are still too many, and one entry by several ways is one. */
static void test_few_letters(void)
{
    static char text[8192];
    size_t n = (size_t)snprintf(text, sizeof text, "{\"schema\":1,\"family\":\"F\",\"models\":[");
    for (int i = 0; i < 36; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s" MODEL("Qz-%c"), i ? "," : "", "abcdefghijklmnopqrstuvwxyz0123456789"[i]);
    (void)snprintf(text + n, sizeof text - n, "]}");
    static const char one[] = "{\"schema\":1,\"family\":\"F\",\"models\":[{\"id\":\"v/Own\",\"aliases\":[\"p/Dup\",\"q/Dup\"],\"arch\":\"llama\",\"source\":\"s\","
                              "\"parameters\":1,\"hparams\":{}}]}";
    const char *const texts[] = {text, one};
    static const asked rows[] = {{VF_KIND_MODEL, "dup", VF_OK, "v/Own"}, {VF_KIND_MODEL, "r/dup", VF_OK, "v/Own"}};
    vf_catalog *c = with(texts, 2);
    uint32_t row, listed = 0;
    vf_error err = {0};
    CHECK(vf_catalog_find(c, VF_KIND_MODEL, "qz", &row, &err) == VF_ERR_AMBIGUOUS, "%s", err.text);
    for (const char *p = err.text; (p = strstr(p, "'Qz")) != NULL; p++)
        listed++;
    CHECK(listed > 20 && listed < 36 && strcmp(err.text + strlen(err.text) - 4, " ...") == 0, "%u listed: %s", listed, err.text);
    ask(c, rows, sizeof rows / sizeof rows[0]);
    vf_catalog_free(c);
}

/* Typing errors that a suggestion forgives: one in up to three letters, two in up to eight, three in more. */
static void test_near(void)
{
    static const char *const texts[] = {
        MODELS(MODEL("jkq") "," MODEL("jkqv") "," MODEL("zyxwvuts") "," MODEL("kjihgfedc"))};
    static const struct {
        const char *typed, *meant;
    } rows[] = {{"jaq", "'jkq'"}, {"jaa", ""}, {"jaav", "'jkqv'"}, {"jaaa", ""}, {"zaawvuts", "'zyxwvuts'"}, {"zaaavuts", ""},
                {"kaaagfedc", "'kjihgfedc'"}, {"kaaaafedc", ""}, {"kjihgfed", "'kjihgfedc'"}, {"kjihgfedcba", "'kjihgfedc'"}};
    vf_catalog *c = with(texts, 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t row;
        vf_error err = {0};
        CHECK(vf_catalog_find(c, VF_KIND_MODEL, rows[i].typed, &row, &err) == VF_ERR_NOT_FOUND, "%s", rows[i].typed);
        bool own = strstr(err.text, "'jkq'") || strstr(err.text, "'jkqv'") || strstr(err.text, "'zyxwvuts'") || strstr(err.text, "'kjihgfedc'");
        CHECK(rows[i].meant[0] ? strstr(err.text, rows[i].meant) != NULL : !own, "%s: %s", rows[i].typed, err.text);
    }
    vf_catalog_free(c);
}

/* An entry is suggested once, by the nearest of its names. */
static void test_suggested_once(void)
{
    static const char *const texts[] = {
        MODELS(MODEL("wxyzac") ",{\"id\":\"wxyzcd\",\"aliases\":[\"wxyzad\",\"wxyaad\"],\"arch\":\"llama\",\"source\":\"s\",\"parameters\":1,\"hparams\":{}}"),
    };
    static const asked rows[] = {
        {VF_KIND_MODEL, "wxyzab", VF_ERR_NOT_FOUND, "unknown model 'wxyzab' (did you mean 'wxyzac' or 'wxyzad'?)"},
        {VF_KIND_MODEL, "wxyacd", VF_ERR_NOT_FOUND, "unknown model 'wxyacd' (did you mean 'wxyzcd'?)"},
    };
    vf_catalog *c = with(texts, 1);
    ask(c, rows, 1);
    uint32_t row;
    vf_error err = {0};
    CHECK(vf_catalog_find(c, rows[1].kind, rows[1].name, &row, &err) == VF_ERR_NOT_FOUND, "%s", rows[1].name);
    const char *first = strstr(err.text, "'wxyzcd'"), *other = strstr(err.text, "'wxyzad'"), *third = strstr(err.text, "'wxyaad'");
    CHECK((first != NULL) + (other != NULL) + (third != NULL) == 1, "one of its names: %s", err.text);
    vf_catalog_free(c);
}

/* Where a name goes on with another word, and where it does not. */
static void test_goes_on(void)
{
    static const char *const texts[] = {
        MODELS(MODEL("v/Quark-5-Large") "," MODEL("v/Quark-5-Largest") "," MODEL("v/Xenon5x") "," MODEL("v/Xenon5y") "," MODEL("v/Argonaut") ","
               MODEL("v/Argon-A") "," MODEL("v/Argon-B-it") "," MODEL("v/Boron 10") "," MODEL("v/Boron 11")),
    };
    static const asked rows[] = {
        {VF_KIND_MODEL, "quark-5", VF_ERR_AMBIGUOUS, "it may be 'v/Quark-5-Large', 'v/Quark-5-Largest'"},
        {VF_KIND_MODEL, "quark", VF_ERR_AMBIGUOUS, "it may be 'v/Quark-5-Large', 'v/Quark-5-Largest'"},
        {VF_KIND_MODEL, "quark-5-larg", VF_ERR_NOT_FOUND, "unknown model"},
        {VF_KIND_MODEL, "quark-5-large", VF_OK, "v/Quark-5-Large"},
        {VF_KIND_MODEL, "xenon", VF_ERR_AMBIGUOUS, "it may be 'v/Xenon5x', 'v/Xenon5y'"}, /* letters, then a digit */
        {VF_KIND_MODEL, "xenon5", VF_ERR_AMBIGUOUS, "it may be 'v/Xenon5x', 'v/Xenon5y'"}, /* a digit, then letters */
        {VF_KIND_MODEL, "argon", VF_ERR_AMBIGUOUS, "it may be 'v/Argon-A', 'v/Argon-B-it'"},
        {VF_KIND_MODEL, "boron", VF_ERR_AMBIGUOUS, "it may be 'v/Boron 10', 'v/Boron 11'"},
        {VF_KIND_MODEL, "boron 1", VF_ERR_NOT_FOUND, "unknown model"}, /* within a number */
        {VF_KIND_MODEL, "q", VF_ERR_NOT_FOUND, "unknown model"},
        {VF_KIND_MODEL, "v", VF_ERR_NOT_FOUND, "unknown model"},
    };
    vf_catalog *c = with(texts, 1);
    ask(c, rows, sizeof rows / sizeof rows[0]);
    vf_catalog_free(c);
}

/* The size classes, one by one: each has its model. */
static void test_classes(void)
{
    vf_catalog *c = with(NULL, 0);
    uint32_t n = 0, model, same;
    uint64_t nominal, before = 0, again;
    vf_error err = {0};
    for (; vf_catalog_size_class_at(c, n, &model, &nominal) == VF_OK; n++) {
        CHECK(nominal > 0 && model < vf_catalog_count(c, VF_KIND_MODEL), "class %u", n);
        CHECK(nominal != before, "class %u is not the one before", n);
        before = nominal;
    }
    CHECK(n > 20, "%u classes", n);
    CHECK(vf_catalog_size_class_at(c, n, &model, &nominal) == VF_ERR_NOT_FOUND && vf_catalog_size_class_at(c, UINT32_MAX, &model, &nominal) == VF_ERR_NOT_FOUND,
          "past the end");
    CHECK(vf_catalog_size_class(c, "7B", &same, &again, &err) == VF_OK && again == 7000000000u, "7B");
    static const struct {
        const char *name, *text;
    } rows[] = {
        {"9.99949B", "'9.99949B' is no size class (the nearest: 8B and 13B)"},
        {"999X7B", "'999X7B' is no size class (the nearest: 671B)"},
        {"9999x7B", ""},
        {"0.4999B", "'0.4999B' is no size class (the nearest: 0.5B)"},
        {"499M", "'499M' is no size class (the nearest: 0.5B)"},
        {"500M", "'500M' is no size class (the nearest: 0.5B)"},
        {"501M", "'501M' is no size class (the nearest: 0.5B and 1B)"},
        {"501m", "'501m' is no size class (the nearest: 0.5B and 1B)"},
        {"9b-a3", "'9b-a3' is no size class (the nearest: 8B and 13B)"},
        {"9b-A3b", "'9b-A3b' is no size class (the nearest: 8B and 13B)"},
        {"9b-A3B", "'9b-A3B' is no size class (the nearest: 8B and 13B)"},
        {"9b-a3bb", ""},
        {"9k", ""},
    };
    char long_name[400] = "";
    for (size_t length = VF_NAME_LIMIT - 1; length <= VF_NAME_LIMIT + 1; length++) {
        memset(long_name, '0', length);
        strcpy(long_name + length - 2, "9B");
        CHECK(vf_catalog_size_class(c, long_name, &model, &nominal, &err) == VF_ERR_NOT_FOUND && (err.text[0] == 0) == (length > VF_NAME_LIMIT), "%zu: %s", length,
              err.text);
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK(vf_catalog_size_class(c, rows[i].name, &model, &nominal, &err) == VF_ERR_NOT_FOUND, "%s", rows[i].name);
        CHECK_STR(err.text, rows[i].text, rows[i].name);
    }
    vf_catalog_free(c);
    /* neighbours in whatever order they stand */
    static const char *const more[] = {"{\"schema\":1,\"size_classes\":[{\"name\":\"12B\",\"model\":\"meta-llama/Llama-2-13b\",\"parameters\":12000000000},"
                                       "{\"name\":\"9.5B\",\"model\":\"meta-llama/Llama-2-13b\",\"parameters\":9500000000},"
                                       "{\"name\":\"8.5B\",\"model\":\"meta-llama/Llama-2-13b\",\"parameters\":8500000000},"
                                       "{\"name\":\"6B\",\"model\":\"meta-llama/Llama-2-13b\",\"parameters\":6000000000}]}"};
    c = with(more, 1);
    CHECK(vf_catalog_size_class(c, "9B", &model, &nominal, &err) == VF_ERR_NOT_FOUND, "9B");
    CHECK_STR(err.text, "'9B' is no size class (the nearest: 8.5B and 9.5B)", "9B");
    CHECK(vf_catalog_size_class(c, "9.5b", &model, &nominal, &err) == VF_OK && nominal == 9500000000u, "9.5B");
    vf_catalog_free(c);
}

/* Names of files: the model, and the quantization of those words that are left. */
static void test_files(void)
{
    static const char *const texts[] = {MODELS(MODEL("v/Zork-3") "," MODEL("v/Zork-4-A") "," MODEL("v/Zork-4-B"))};
    static const struct {
        const char *name;
        vf_status status;
        const char *model, *quant; /**< or what the error says */
    } rows[] = {
        {"zork-3.Q8_0.gguf", VF_OK, "v/Zork-3", "Q8_0"},
        {"zork-3", VF_OK, "v/Zork-3", NULL},
        {"zork-3-GGUF", VF_OK, "v/Zork-3", NULL},
        {"zork-3-i1-GGUF", VF_OK, "v/Zork-3", NULL},
        {"zork-3-imat-Q8_0-gguf", VF_OK, "v/Zork-3", "Q8_0"},
        {"zork-3-qat-Q8_0", VF_OK, "v/Zork-3", "Q8_0"},
        {"a/b\\zork-3-Q8_0.gguf", VF_OK, "v/Zork-3", "Q8_0"},
        {"zork-3-Q8_0-00001-of-00002.gguf", VF_OK, "v/Zork-3", "Q8_0"},
        {"zork-3-Q8_0-00001-of-00002", VF_OK, "v/Zork-3", "Q8_0"},
        {"zork-3-Q8_0-0000x-of-00002.gguf", VF_ERR_NOT_FOUND, "unknown model", NULL},
        {"zork-3-Q8_0x00001-of-00002.gguf", VF_ERR_NOT_FOUND, "unknown model", NULL},
        {"zork-3-Q8_0-00001-by-00002.gguf", VF_ERR_NOT_FOUND, "unknown model", NULL},
        {"zork-4", VF_ERR_AMBIGUOUS, "it may be 'v/Zork-4-A', 'v/Zork-4-B'", NULL},
        {"zork-4-Q8_0.gguf", VF_ERR_AMBIGUOUS, "it may be 'v/Zork-4-A', 'v/Zork-4-B'", NULL},
        {".gguf", VF_ERR_NOT_FOUND, "unknown model ''", NULL},
        {"a/.gguf", VF_ERR_NOT_FOUND, "unknown model ''", NULL},
        {"-Q8_0", VF_ERR_NOT_FOUND, "unknown model '-Q8_0'", NULL},
        {"Q8_0.gguf", VF_ERR_NOT_FOUND, "unknown model 'Q8_0'", NULL},
        {"mlx-community/zork-3-4bit", VF_OK, "v/Zork-3", "mlx-4bit-g64"},
        {"/zork-3-4bit", VF_OK, "v/Zork-3", "nf4"},
        {"zork-3-4bit", VF_OK, "v/Zork-3", "nf4"},
    };
    vf_catalog *c = with(texts, 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t model, quant;
        vf_error err = {0};
        vf_status s = vf_catalog_find_file(c, rows[i].name, &model, &quant, &err);
        CHECK_U64(s, rows[i].status, rows[i].name);
        if (s != VF_OK) {
            CHECK(strstr(err.text, rows[i].model), "%s: %s", rows[i].name, err.text);
            continue;
        }
        CHECK_STR(vf_catalog_name(c, VF_KIND_MODEL, model), rows[i].model, rows[i].name);
        CHECK_STR(quant == UINT32_MAX ? "" : vf_catalog_name(c, VF_KIND_QUANT, quant), rows[i].quant ? rows[i].quant : "", rows[i].name);
    }
    vf_catalog_free(c);
}

/* A packer's own word for a quantization counts where the name in front of it is the packer's, up to what can be looked
 * up; commas are no part of any name. */
static void test_packers(void)
{
    static const char *const texts[] = {
        "{\"schema\":1,\"quants\":[{\"name\":\"own4\",\"aliases\":[\"pat-4bit\",\"r-4bit\"],\"kind\":\"scheme\",\"bits\":4.5,\"runtime\":\"mlx\",\"source\":\"s\"}]}"};
    vf_catalog *c = with(texts, 1);
    for (size_t n = VF_NAME_LIMIT - 7; n <= VF_NAME_LIMIT - 3; n++) {
        char name[VF_NAME_LIMIT + 16];
        uint32_t quant = UINT32_MAX;
        memset(name, ',', n);
        memcpy(name, "pat", 3);
        (void)snprintf(name + n, sizeof name - n, "/x-4bit");
        size_t at = vf_catalog_split_name(c, name, strlen(name), &quant);
        const char *found = quant == UINT32_MAX ? "" : vf_catalog_name(c, VF_KIND_QUANT, quant), *want = n + strlen("-4bit") <= VF_NAME_LIMIT ? "own4" : "nf4";
        CHECK(at == n + 2 && strcmp(found, want) == 0, "%zu bytes in front: '%s' at %zu", n, found, at);
    }
    static const struct {
        const char *name, *quant;
    } rows[] = {{"pat/x-4bit", "own4"}, {"pat-x-4bit", "nf4"}, {"other/x-4bit", "nf4"}, {"/pat-x-4bit", "nf4"}, {"pat/4bit", "own4"}, {"pat x/y-4bit", "own4"}, {"r/x-4bit", "own4"}, {"/r/x-4bit", "nf4"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t quant = UINT32_MAX;
        CHECK(vf_catalog_split_name(c, rows[i].name, strlen(rows[i].name), &quant) > 0, "%s", rows[i].name);
        CHECK_STR(quant == UINT32_MAX ? "" : vf_catalog_name(c, VF_KIND_QUANT, quant), rows[i].quant, rows[i].name);
    }
    vf_catalog_free(c);
}

int main(void)
{
    test_memory_said();
    test_many();
    test_few_letters();
    test_near();
    test_suggested_once();
    test_goes_on();
    test_classes();
    test_files();
    test_packers();
    CHECK_U64(counts.in_use, 0, "bytes not given back");
    CHECK_U64(counts.wrong_sizes, 0, "blocks given back with a wrong size");
    return CHECK_END();
}
