/* Figures of answers, in bytes worked out by hand: a row is one question to the library (ask.h) and one figure of its answer. */
#ifndef VF_TESTS_FIGURE_H
#define VF_TESTS_FIGURE_H

#include "ask.h"

#define MIB (UINT64_C(1) << 20)

/* Llama-3.1-8B: 32 layers of 4096, 32 heads and 8 key-value heads of 128, feed-forward 14336, vocabulary 128256. */
#define L8_TABLE (UINT64_C(128256) * 4096)
#define L8_LAYER (UINT64_C(4096) * (2 * 4096 + 2 * 1024 + 3 * 14336) + 2 * 4096)
#define L8_ALL (2 * L8_TABLE + 32 * L8_LAYER + 4096)
#define L8_KV UINT64_C(131072) /* bytes of a token, K and V of all layers in 16 bits */
#define L8_FFN UINT64_C(118784) /* 4 h + 6 f, and h in fp32 */
#define L8_ATTENTION UINT64_C(63488) /* 4 h + 6 (a + k) d, and h in fp32 */
#define L8_REPEATED UINT64_C(16384) /* K and V of a token, one head for each of the 32 */
#define L8_MATRIX (UINT64_C(4096) * 14336)

#define DIVIDED(a, b) (((a) + (b) - 1) / (b)) /* rounded up */

typedef struct row {
    const char *runtime, *model, *quant, *set;
    const char *figure; /* "weights.0": a segment of a card; "term@0": bytes of a line of --explain; "+term@0": its spread */
    uint64_t want;
} row;

static inline bool is_name(const char *whole, const char *name, size_t n)
{
    return strlen(whole) == n && memcmp(whole, name, n) == 0;
}

static inline uint64_t of_card(const vf_device_result *d, const char *name, size_t n)
{
    static const char *const segments[VF_SEG_COUNT] = {"weights", "cache", "compute", "runtime"};
    for (int s = 0; s < VF_SEG_COUNT; s++)
        if (is_name(segments[s], name, n))
            return d->segment[s];
    if (is_name("margin", name, n))
        return d->margin;
    if (is_name("available", name, n))
        return d->available;
    CHECK(is_name("layers", name, n), "no figure '%s'", name);
    return d->layers;
}

static inline uint64_t of_term(const char *name, size_t n, int32_t device, bool spread)
{
    uint64_t sum = 0;
    bool found = false;
    for (uint32_t i = 0; i < result.n_terms; i++) {
        const vf_term *t = &result.term[i];
        if (t->device != device || !is_name(t->name, name, n))
            continue;
        sum += spread ? t->spread : t->bytes;
        found = true;
    }
    return found ? sum : UINT64_MAX;
}

static inline uint64_t figure(const char *name)
{
    const struct {
        const char *name;
        uint64_t value;
    } whole[] = {
        {"host weights", result.host.weights}, {"host cache", result.host.kv_cache}, {"host compute", result.host.compute},
        {"host output", result.host.output},   {"context", result.context},          {"context of one", result.context_per_sequence},
        {"sequences", result.parallel},        {"model", result.model_bytes},        {"parameters", result.parameters},
        {"pool", result.pool_bytes},           {"pool tokens", result.pool_tokens},  {"pool sequences", result.max_sequences},
        {"batch", result.batch},               {"micro-batch", result.ubatch},       {"type of K", (uint64_t)result.type_k},
        {"flash attention", result.flash_attn}, {"tensor parallel", result.tensor_parallel}, {"terms", result.n_terms},
    };
    const char *at = strchr(name, '@'), *dot = strchr(name, '.');
    bool spread = name[0] == '+';
    if (at)
        return of_term(name + spread, (size_t)(at - name) - spread, (int32_t)strtol(at + 1, NULL, 10), spread);
    if (dot)
        return of_card(&result.device[strtoul(dot + 1, NULL, 10)], name, (size_t)(dot - name));
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        if (strcmp(whole[i].name, name) == 0)
            return whole[i].value;
    CHECK(false, "no figure '%s'", name);
    return 0;
}

static inline bool same_question(const row *a, const row *b)
{
    return strcmp(a->runtime, b->runtime) == 0 && strcmp(a->model, b->model) == 0 && strcmp(a->quant, b->quant) == 0 &&
           strcmp(a->set, b->set) == 0;
}

static inline void check_rows(const row *rows, size_t n)
{
    vf_status st = VF_OK;
    for (size_t i = 0; i < n; i++) {
        vf_error err = {0};
        if (i == 0 || !same_question(&rows[i], &rows[i - 1]))
            st = ask(rows[i].runtime, rows[i].model, rows[i].quant, rows[i].set, &err);
        CHECK(st == VF_OK, "%s, %s %s, %s: %s", rows[i].runtime, rows[i].model, rows[i].quant, rows[i].set, err.text);
        if (st)
            continue;
        uint64_t got = figure(rows[i].figure);
        CHECK(got == rows[i].want, "%s, %s %s, %s: %s is %llu, expected %llu", rows[i].runtime, rows[i].model, rows[i].quant, rows[i].set,
              rows[i].figure, (unsigned long long)got, (unsigned long long)rows[i].want);
    }
}

#define ALL_OF(rows) check_rows(rows, sizeof rows / sizeof rows[0])

/* A note that an answer has, or has not. */
typedef struct note_row {
    const char *runtime, *model, *quant, *set;
    bool there;
    const char *says;
} note_row;

static inline void check_notes(const note_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        vf_error err = {0};
        bool found = false;
        vf_status st = ask(rows[i].runtime, rows[i].model, rows[i].quant, rows[i].set, &err);
        for (uint32_t k = 0; st == VF_OK && k < result.n_notes; k++)
            found = found || strstr(result.note[k], rows[i].says);
        CHECK(st == VF_OK && found == rows[i].there, "%s, %s %s, %s: %s '%s' %s", rows[i].runtime, rows[i].model, rows[i].quant, rows[i].set,
              found ? "a note" : "no note", rows[i].says, err.text);
    }
}

#define NOTES_OF(rows) check_notes(rows, sizeof rows / sizeof rows[0])

#endif
