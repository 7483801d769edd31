/* Small parts of the readers, each on its own: names with one hash, sorting, models under way, an entry that is opened,
 * a catalog of nothing. */
#include "load/catalog/catalog.h"
#include "load/draft.h"
#include "load/names.h"
#include "load/sort.h"
#include "memory.h"

static memory_allocator counts;
static const vf_allocator heap = {memory_resize, &counts};

/* ---- names and sorting -------------------------------------------------------------------------- */

/** Memory that is never empty, and never twice the same. */
static void *dirty_resize(void *ctx, void *p, size_t old_size, size_t new_size)
{
    static uint32_t seed = 1;
    unsigned char *q = memory_resize(ctx, p, old_size, new_size);
    for (size_t i = old_size; q && i < new_size; i++, seed = seed * 1664525u + 1013904223u)
        q[i] = (unsigned char)(seed >> 24);
    return q;
}

static const vf_allocator dirty = {dirty_resize, &counts};

/** Which name comes twice is found by the names, whatever their hashes are: all different, or all one. */
static void test_same_hash(void)
{
    static const struct {
        const char *names[6];
        int twice; /**< -1: none; else which */
    } rows[] = {
        {{"a", "b", "ab", "", "ba"}, -1},
        {{"a", "b", "a"}, 2},
        {{"", "a", ""}, 2},
        {{"x", "a", "b", "b", "a", "x"}, 3},
        {{"b", "b", "a", "a"}, 1},
        {{"a", "a", "b", "b"}, 1},
        {{"q", "q", "q"}, 1},
        {{"ab", "cd", "abc", "ab", "cd"}, 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int one = 0; one < 2; one++) {
            vf_names names;
            uint64_t n = 0;
            vf_names_init(&names, &dirty);
            for (; n < 6 && rows[i].names[n]; n++)
                CHECK(vf_names_add(&names, rows[i].names[n], strlen(rows[i].names[n]), 100 + n) == VF_OK, "added");
            for (uint64_t k = 0; one && k < n; k++)
                names.items[k].hash = 7;
            const vf_name_ref *twice = vf_names_duplicate(&names);
            CHECK(twice ? (int64_t)twice->byte - 100 == rows[i].twice : rows[i].twice < 0, "row %zu, %s", i, one ? "one hash" : "their own");
            vf_names_free(&names);
        }
    vf_names names;
    vf_names_init(&names, &heap);
    CHECK(!vf_names_duplicate(&names), "no names");
    static char large[1 << 20];
    memset(large, 'x', sizeof large);
    for (int i = 0; i < 15; i++)
        CHECK(vf_names_add(&names, large, sizeof large, 0) == VF_OK, "a mebibyte");
    CHECK(vf_names_add(&names, large, sizeof large - 1, 0) == VF_OK && vf_names_add(&names, large, 2, 0) == VF_ERR_RANGE, "one byte too many");
    CHECK(vf_names_add(&names, large, 1, 0) == VF_OK && names.n_pool == VF_NAMES_BYTES, "just so");
    CHECK(vf_names_add(&names, large, 0, 0) == VF_OK && vf_names_add(&names, large, 1, 0) == VF_ERR_RANGE, "nothing more fits");
    vf_names_free(&names);
}

static bool less(const void *ctx, const void *a, const void *b)
{
    ++*(uint64_t *)(uintptr_t)ctx;
    return *(const uint32_t *)a < *(const uint32_t *)b;
}

/** Every order of up to seven numbers, and n log n for many in bad orders. */
static void test_sort(void)
{
    uint64_t asked = 0;
    for (uint32_t n = 0; n <= 7; n++) {
        uint32_t orders = 1;
        for (uint32_t k = 2; k <= n; k++)
            orders *= k;
        for (uint32_t o = 0; o < orders; o++) {
            uint32_t v[8] = {0, 0, 0, 0, 0, 0, 0, 0}, left = o;
            for (uint32_t k = 0; k < n; k++) { /* number k at the place that the order says */
                uint32_t at = left % (k + 1);
                left /= k + 1;
                memmove(v + at + 1, v + at, (k - at) * sizeof v[0]);
                v[at] = k / 2 + 1; /* some are equal */
            }
            v[n] = 99; /* what lies behind stays */
            vf_sort(v, n, sizeof v[0], less, &asked);
            for (uint32_t k = 0; k < n; k++)
                CHECK(v[k] == k / 2 + 1, "%u numbers, order %u", n, o);
            CHECK(v[n] == 99, "behind the end");
        }
    }
    enum { MANY = 1 << 14 };
    static uint32_t many[MANY];
    for (int way = 0; way < 3; way++) {
        for (uint32_t i = 0; i < MANY; i++)
            many[i] = way == 0 ? i : way == 1 ? MANY - i : (i * 2654435761u) % 64;
        asked = 0;
        vf_sort(many, MANY, sizeof many[0], less, &asked);
        for (uint32_t i = 1; i < MANY; i++)
            CHECK(many[i - 1] <= many[i], "way %d", way);
        CHECK(asked < 3 * 14 * MANY, "way %d: %" PRIu64 " comparisons", way, asked);
    }
}

/* ---- drafts and blobs ---------------------------------------------------------------------------- */

static bool find_none(const void *ctx, const char *name, vf_arch *out)
{
    (void)name;
    (void)out;
    ++*(uint32_t *)(uintptr_t)ctx;
    return false;
}

static void test_draft(void)
{
    vf_draft d;
    vf_error err = {0};
    uint32_t asked = 0, first = 77;
    const vf_arch_lookup nobody = {NULL, NULL}, none = {find_none, &asked};
    CHECK(vf_draft_init(&d, &heap, &err) == VF_OK, "%s", err.text);
    vf_draft_arch(&d, NULL, "a");
    CHECK(!d.m->known_arch && strcmp(d.m->arch_name, "a") == 0, "nobody to ask");
    vf_draft_arch(&d, &nobody, "b");
    vf_draft_arch(&d, &none, "c");
    CHECK(!d.m->known_arch && asked == 1 && strcmp(d.m->arch_name, "c") == 0, "not found");
    CHECK(vf_draft_numbers(&d, NULL, 0, &first, &err) == VF_OK && first == 77, "no numbers");
    vf_draft_drop(&d);
    memory_allocator nothing = {.fail_at = 1, .sticky = true};
    const vf_allocator none_at_all = {memory_resize, &nothing};
    vf_pools pools;
    CHECK(!vf_pools_init(&pools, &none_at_all) && vf_draft_init(&d, &none_at_all, &err) == VF_ERR_NOMEM, "no memory at all");
    vf_pools_free(&pools);
    vf_draft_drop(&d);
    /* giving back what is too much fails: nothing is left */
    memory_allocator mine = {.fail_at = 0};
    const vf_allocator a = {memory_resize, &mine};
    for (uint64_t k = 1; k <= 4; k++) {
        const uint32_t numbers[3] = {1, 2, 3};
        const vf_tensor unknown = {.role = VF_ROLE_UNKNOWN};
        vf_model *m = NULL;
        CHECK(vf_draft_init(&d, &a, &err) == VF_OK && vf_draft_numbers(&d, numbers, 3, &first, &err) == VF_OK &&
                  vf_draft_tensor(&d, &unknown, "name", 4, &err) == VF_OK, "%s", err.text);
        mine.fail_at = mine.calls + k;
        vf_status s = vf_draft_seal(&d, &m, &err);
        mine.fail_at = 0;
        CHECK(s == (k < 4 ? VF_ERR_NOMEM : VF_OK) && (m != NULL) == (k == 4) && !d.m, "%" PRIu64 " of three: %s", k, err.text);
        if (m)
            CHECK(m->n_pool == 3 && m->pool[2] == 3 && strcmp(m->names + m->tensors[0].name, "name") == 0, "what is kept");
        vf_model_free(m);
        CHECK(mine.in_use == 0 && mine.wrong_sizes == 0, "%" PRIu64 ": not given back", k);
    }
}

/** A model whose lists are shorter than what was made room for: each allocation of its opening fails. */
static void test_open(void)
{
    static const char text[] = "{\"schema\":1,\"family\":\"F\",\"models\":[{\"id\":\"t/one\",\"arch\":\"llama\",\"source\":\"s\",\"parameters\":11,\"parameters_vision\":7,"
                               "\"published_quant\":\"bf16\",\"optional\":[\"rope_freqs\"],\"hparams\":{\"context_length\":128,\"embedding_length\":64,\"block_count\":3,\"vocab_size\":100,\"feed_forward_length\":96,"
                               "\"attention.head_count\":[4,4,2]}}]}";
    vf_catalog *c = NULL;
    vf_error err = {0};
    uint32_t index;
    CHECK(vf_catalog_new(&heap, &c, &err) == VF_OK && vf_catalog_add(c, "t.json", text, sizeof text - 1, NULL, NULL, &err) == VF_OK, "%s", err.text);
    CHECK(vf_catalog_find(c, VF_KIND_MODEL, "t/one", &index, &err) == VF_OK, "%s", err.text);
    uint64_t fail = 1;
    for (bool failed = true; failed; fail++) {
        memory_allocator mine = {.fail_at = fail};
        const vf_allocator a = {memory_resize, &mine};
        vf_model *m = NULL;
        vf_status s = vf_catalog_model_open(c, index, &a, &m, &err);
        failed = mine.calls >= fail;
        CHECK(s == (failed ? VF_ERR_NOMEM : VF_OK) && (m != NULL) == !failed, "allocation %" PRIu64 ": %s", fail, err.text);
        if (m)
            CHECK(strcmp(m->name, "t/one") == 0 && strcmp(m->published_quant, "bf16") == 0 && m->published_parameters == 11 && m->vision_parameters == 7 &&
                      m->options == UINT64_C(1) << VF_OPTION_ROPE_FREQS && m->known_arch && m->hp.context_length == 128, "what the entry says");
        vf_model_free(m);
        CHECK(mine.in_use == 0 && mine.wrong_sizes == 0, "allocation %" PRIu64 ": not given back", fail);
    }
    CHECK(fail > 5, "%" PRIu64 " allocations", fail);
    vf_catalog_free(c);
}

/** A catalog of nothing, written and looked at again. */
static void test_empty_blob(void)
{
    vf_blob blob, again;
    vf_builder b;
    vf_error err = {0};
    CHECK(vf_blob_open(&blob, NULL, 0, &err) == VF_OK && vf_builder_init(&b, &blob, &heap, &err) == VF_OK, "%s", err.text);
    size_t n = vf_builder_size(&b);
    uint64_t *bytes = malloc(n);
    CHECK(n % 8 == 0, "%zu bytes", n);
    vf_builder_write(&b, bytes);
    CHECK(vf_blob_open(&again, bytes, n, &err) == VF_OK && again.n_names == 0 && again.n_text == 1 && again.text[0] == 0, "%s", err.text);
    for (uint32_t t = 0; t < VF_TABLE_COUNT; t++)
        CHECK(again.count[t] == 0 && !vf_blob_row(&again, t, 0), "table %u", t);
    free(bytes);
    vf_builder_free(&b);
}

int main(void)
{
    test_same_hash();
    test_sort();
    test_draft();
    test_open();
    test_empty_blob();
    CHECK_U64(counts.in_use, 0, "bytes not given back");
    CHECK_U64(counts.wrong_sizes, 0, "blocks given back with a wrong size");
    return CHECK_END();
}
