/* Catalogs whose allocations fail. */
#include "catalog_text.h"

static memory_allocator counts;
static const vf_allocator heap = {memory_resize, &counts};

/** Everything that allocates, on one catalog. */
static vf_status use_memory(vf_catalog **c, vf_model **m, vf_error *err)
{
    static const char *const texts[] = {
        FRONT GOOD("x-8b", "\"x8\"") ",\n"
            MODEL("arrays", "\"parameters\":1,\"unchecked\":\"y\",\"aliases\":[\"a0\",\"a1\",\"a2\",\"a3\",\"a4\",\"a5\"],",
                  "\"attention.head_count\":[32,32,32,32,32,32,32,32,32,32,32,32,32,32,32,32,32,32,32,32,32,32,32,32,"
                  "32,32,32,32,32,32,32,32]") BACK,
        "{\"schema\":1,\"quants\":[{\"name\":\"qq\",\"kind\":\"scheme\",\"bits\":4.5,\"runtime\":\"mlx\","
        "\"runtimes\":[\"mlx\",\"vllm\"],\"source\":\"s\"}]}",
    };
    uint32_t i;
    vf_status s = vf_catalog_new(&heap, c, err);
    for (size_t k = 0; s == VF_OK && k < sizeof texts / sizeof texts[0]; k++)
        s = vf_catalog_add(*c, "t.json", texts[k], strlen(texts[k]), NULL, NULL, err);
    if (s == VF_OK)
        s = vf_catalog_find(*c, VF_KIND_MODEL, "arrays", &i, err);
    return s == VF_OK ? vf_catalog_model_open(*c, i, &heap, m, err) : s;
}

/** Each allocation fails, once or from there on: an error, nothing leaked. */
static void test_memory(void)
{
    for (int on = 0; on < 2; on++) {
        for (counts.fail_at = 1;; counts.fail_at++) {
            vf_catalog *c = NULL;
            vf_model *m = NULL;
            vf_error err = {0};
            counts.calls = 0;
            counts.sticky = on;
            vf_status s = use_memory(&c, &m, &err);
            bool failed = counts.calls >= counts.fail_at;
            CHECK(s == (failed ? VF_ERR_NOMEM : VF_OK), "allocation %" PRIu64 ": %d %s", counts.fail_at, s, err.text);
            vf_model_free(m);
            vf_catalog_free(c);
            CHECK_U64(counts.in_use, 0, "nothing leaked");
            if (!failed)
                break;
        }
        CHECK(counts.fail_at > 30, "%" PRIu64 " allocations", counts.fail_at);
    }
    counts.fail_at = 0;
    vf_catalog *c = NULL;
    vf_error err = {0};
    CHECK(vf_catalog_new(&heap, &c, &err) == VF_OK, "%s", err.text);
    counts.calls = 0;
    counts.fail_at = 5;
    CHECK(vf_catalog_check(c, &heap, note, &(finding_log){0}, &err) == VF_ERR_NOMEM, "a check without memory");
    counts.fail_at = 0;
    vf_catalog_free(c);
    CHECK_U64(counts.in_use, 0, "nothing leaked");
}

/* Of the calls only those that make a block larger count, and fail. */
static uint32_t growths, grow_fails;

static void *growing_resize(void *ctx, void *p, size_t old_size, size_t new_size)
{
    if (p && new_size > 0 && ++growths == grow_fails)
        return NULL;
    return memory_resize(ctx, p, old_size, new_size);
}

static const vf_allocator growing = {growing_resize, &counts};

/** A file that all parts of a catalog must grow for: each of these growths fails, and leaves a catalog that can be used. */
static void test_growth(void)
{
    enum { MODELS = 700, ROOM = 1 << 19 };
    char *text = malloc(ROOM);
    size_t n = (size_t)snprintf(text, ROOM, FRONT);
    for (uint32_t i = 0; i < MODELS; i++)
        n += (size_t)snprintf(text + n, ROOM - n, "%s{\"id\":\"grown/n%u-x\",\"aliases\":[\"o%u y\",\"p%u z\"],\"arch\":\"llama\","
                              "\"source\":\"s\",\"parameters\":1,\"hparams\":{}}", i ? "," : "", i, i, i);
    n += (size_t)snprintf(text + n, ROOM - n, BACK);
    for (grow_fails = 1;; grow_fails++) {
        vf_catalog *c = NULL;
        vf_error err = {0};
        uint32_t index, before;
        growths = 0;
        vf_status s = vf_catalog_new(&growing, &c, &err);
        before = s == VF_OK ? vf_catalog_count(c, VF_KIND_MODEL) : 0;
        if (s == VF_OK)
            s = vf_catalog_add(c, "t.json", text, n, NULL, NULL, &err);
        bool failed = growths >= grow_fails;
        CHECK(s == (failed ? VF_ERR_NOMEM : VF_OK), "growth %u: %d %s", grow_fails, s, err.text);
        if (c && failed)
            CHECK(vf_catalog_find(c, VF_KIND_MODEL, LLAMA31, &index, &err) == VF_OK, "growth %u: %s", grow_fails, err.text);
        if (!failed)
            CHECK(vf_catalog_count(c, VF_KIND_MODEL) == before + MODELS && vf_catalog_find(c, VF_KIND_MODEL, "P699 Z", &index, &err) == VF_OK &&
                      strcmp(vf_catalog_name(c, VF_KIND_MODEL, index), "grown/n699-x") == 0, "all of them: %s", err.text);
        vf_catalog_free(c);
        CHECK_U64(counts.in_use, 0, "nothing leaked");
        if (!failed)
            break;
    }
    CHECK(grow_fails > 5, "%u growths", grow_fails);
    free(text);
}

int main(void)
{
    test_memory();
    test_growth();
    CHECK_U64(counts.wrong_sizes, 0, "blocks given back with a wrong size");
    return CHECK_END();
}
