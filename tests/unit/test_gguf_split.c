/* The GGUF reader: models in several files. */
#include "gguf_file.h"

#define PARTS 3

typedef struct split {
    bytes part[PARTS];
    memory_file file[PARTS];
    uint32_t missing, opened, closed;
} split;

static vf_status open_part(void *ctx, uint32_t i, uint32_t n, vf_source *part, vf_error *err)
{
    split *s = ctx;
    (void)n;
    if (i == s->missing) {
        (void)snprintf(err->text, sizeof err->text, "part %u is missing", i + 1);
        return err->status = VF_ERR_IO;
    }
    s->opened++;
    s->file[i] = (memory_file){.bytes = s->part[i].p, .n = s->part[i].n, .size = s->part[i].n + 4096};
    *part = memory_source(&s->file[i], true, true);
    return VF_OK;
}

static void close_part(void *ctx, vf_source *part)
{
    (void)part;
    ((split *)ctx)->closed++;
}

static void make_part(bytes *b, uint32_t i, uint32_t no, uint32_t count, uint32_t total, const char *tensor)
{
    *b = (bytes){0};
    put_head(b, 1, (i == 0 ? SHAPE_KEYS : 0) + 3);
    if (i == 0)
        put_shape(b, "llama");
    put_u32_key(b, "split.no", no);
    put_u32_key(b, "split.count", count);
    put_u32_key(b, "split.tensors.count", total);
    put_tensor(b, tensor, 64, 1, VF_TYPE_F32, 0);
}

static outcome read_split(split *s, bool with_parts)
{
    const vf_parts parts = {open_part, close_part, s};
    s->opened = s->closed = 0;
    s->file[0] = (memory_file){.bytes = s->part[0].p, .n = s->part[0].n, .size = s->part[0].n + 4096};
    outcome o = read_file(&s->file[0], true, true, with_parts ? &parts : NULL, NULL);
    CHECK_U64(s->closed, s->opened, "parts closed");
    return o;
}

static void test_split(void)
{
    static const char *const names[] = {"token_embd.weight", "blk.0.attn_q.weight", "output.weight"};
    split s = {.missing = UINT32_MAX};
    for (uint32_t i = 0; i < PARTS; i++)
        make_part(&s.part[i], i, i, PARTS, PARTS, names[i]);
    outcome o = read_split(&s, true);
    CHECK(o.status == VF_OK, "%s", o.err.text);
    CHECK_U64(o.n_tensors, PARTS, "tensors of all parts");
    o = read_split(&s, false);
    CHECK(o.status == VF_ERR_DATA && strstr(o.err.text, "missing"), "%s", o.err.text);
    s.missing = 2;
    o = read_split(&s, true);
    CHECK(o.status == VF_ERR_IO && strstr(o.err.text, "part 3 is missing"), "%s", o.err.text);
    s.missing = UINT32_MAX;

    static const struct {
        uint32_t no, count, total;
        const char *tensor, *word;
    } bad[] = {
        {1, PARTS, PARTS, "output.weight", "00002-of-00003"},
        {2, PARTS + 1, PARTS, "output.weight", "split.count"},
        {3, PARTS, PARTS, "output.weight", "split.no"},
        {2, PARTS, PARTS + 1, "output.weight", "split.tensors.count"},
        {2, PARTS, PARTS, "token_embd.weight", "duplicate"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        free(s.part[2].p);
        make_part(&s.part[2], 2, bad[i].no, bad[i].count, bad[i].total, bad[i].tensor);
        o = read_split(&s, true);
        CHECK(o.status == VF_ERR_DATA && strstr(o.err.text, bad[i].word), "%s: %s", bad[i].word, o.err.text);
    }
    free(s.part[0].p);
    make_part(&s.part[0], 0, 1, PARTS, PARTS, names[0]);
    o = read_split(&s, true);
    CHECK(o.status == VF_ERR_DATA && strstr(o.err.text, "part 00002-of-00003"), "%s", o.err.text);
    for (uint32_t i = 0; i < PARTS; i++)
        free(s.part[i].p);
}

/** At the limit of tensors over all parts. */
static void test_all_tensors(void)
{
    for (uint32_t over = 0; over < 2; over++) {
        split s = {.missing = UINT32_MAX};
        uint32_t count = 2 + over;
        for (uint32_t i = 0; i < count; i++) {
            bytes *b = &s.part[i];
            uint32_t n = i < 2 ? VF_GGUF_TENSORS : 1;
            put_head(b, n, (i == 0 ? SHAPE_KEYS : 0) + 2);
            if (i == 0)
                put_shape(b, "llama");
            put_u32_key(b, "split.no", i);
            put_u32_key(b, "split.count", count);
            for (uint32_t k = 0; k < n; k++) {
                char name[48];
                (void)snprintf(name, sizeof name, "blk.%u.ffn_%s.weight", k, i == 0 ? "up" : i == 1 ? "down" : "gate");
                put_tensor(b, name, 0, 1, VF_TYPE_F32, 0);
            }
        }
        outcome o = read_split(&s, true);
        CHECK(o.status == (over ? VF_ERR_DATA : VF_OK), "%s", o.err.text);
        CHECK(!over || strstr(o.err.text, "more than 262144 tensors"), "%s", o.err.text);
        CHECK(o.peak < (60u << 20), "%zu bytes of memory", o.peak);
        for (uint32_t i = 0; i < count; i++)
            free(s.part[i].p);
    }
}

int main(void)
{
    test_split();
    test_all_tensors();
    return CHECK_END();
}
