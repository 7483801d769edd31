#include "load/gguf/gguf.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "load/sniff.h"

static vf_status not_gguf(vf_gguf *g, const unsigned char magic[4])
{
    char start[VF_SNIFF_BYTES], shown[24];
    size_t n = 4;
    bool more = true;
    memcpy(start, magic, 4);
    while (n < sizeof start && vf_src_more(&g->src, &more) == VF_OK && more)
        (void)vf_src_read(&g->src, start + n++, 1); /* it is there */
    const char *is = vf_sniff(start, n);
    if (is)
        return vf_src_fail(&g->src, VF_ERR_DATA, 0, "not a GGUF file but %s", is);
    return vf_src_fail(&g->src, VF_ERR_DATA, 0, "not a GGUF file: the magic is %s, expected 'GGUF'",
                       vf_quote(shown, sizeof shown, start, 4));
}

/* ---- one part ------------------------------------------------------------------------------- */

static vf_status frame(vf_gguf *g)
{
    vf_src *s = &g->src;
    unsigned char magic[4];
    uint32_t version = 0;
    s->reading = "GGUF magic";
    vf_status status = vf_src_read(s, magic, sizeof magic);
    if (status != VF_OK)
        return status;
    if (memcmp(magic, "GGUF", 4) != 0)
        return not_gguf(g, magic);
    s->reading = "version";
    status = vf_src_u32(s, &version);
    if (status != VF_OK)
        return status;
    if ((version & 0xFFFFu) == 0 && version != 0)
        return vf_src_fail(s, VF_ERR_DATA, 4, "a big-endian file, by its version; only little-endian ones are read");
    if (version != 2 && version != 3)
        return vf_src_fail(s, VF_ERR_DATA, 4, "version %" PRIu32 "%s, 2 and 3 are read", version,
                           version == 1 ? " (of 2023; llama.cpp dropped it too)" : "");
    s->reading = "count of tensors";
    status = vf_src_u64(s, &g->n_tensors);
    if (status == VF_OK && g->n_tensors > VF_GGUF_TENSORS)
        return vf_src_fail(s, VF_ERR_DATA, 8, "a count of %" PRIu64 " tensors, the limit is %u", g->n_tensors,
                           VF_GGUF_TENSORS);
    s->reading = "count of keys";
    if (status == VF_OK)
        status = vf_src_u64(s, &g->n_keys);
    if (status == VF_OK && g->n_keys > VF_GGUF_KEYS)
        return vf_src_fail(s, VF_ERR_DATA, 16, "a count of %" PRIu64 " keys, the limit is %u", g->n_keys, VF_GGUF_KEYS);
    return status;
}

/** split.no and split.count against what is expected: the first part says how many there are. */
static vf_status check_split(vf_gguf *g)
{
    vf_src *s = &g->src;
    if (g->part == 0)
        g->n_parts = g->split_count > 1 ? g->split_count : 1; /* a merged file has count 0 */
    if (g->part > 0 && g->split_count != g->n_parts)
        return vf_src_fail(s, VF_ERR_DATA, 0, "split.count is %" PRIu32 ", the first part says %" PRIu32,
                           g->split_count, g->n_parts);
    if (g->split_count > 1 && g->split_no >= g->split_count)
        return vf_src_fail(s, VF_ERR_DATA, 0, "split.no is %" PRIu32 " of %" PRIu32 " parts (counted from 0)",
                           g->split_no, g->split_count);
    if (g->split_count > 1 && g->split_no != g->part)
        return vf_src_fail(s, VF_ERR_DATA, 0, "this is part %05" PRIu32 "-of-%05" PRIu32 " of a split model, expected part "
                           "%05" PRIu32 "-of-%05" PRIu32, g->split_no + 1, g->split_count, g->part + 1, g->n_parts);
    return VF_OK;
}

/** What the keys of the first part make of the model. */
static vf_status adopt_keys(vf_gguf *g, const vf_arch_lookup *archs)
{
    vf_model *m = g->draft.m;
    vf_src_name(&g->src, "general.architecture", strlen("general.architecture"));
    if (!g->has_arch)
        return vf_src_fail(&g->src, VF_ERR_DATA, g->src.pos, "missing: the file does not name its architecture");
    vf_draft_arch(&g->draft, archs, g->arch);
    if (strcmp(g->arch, "clip") == 0) /* llama.cpp's name for every projector (LLM_ARCH_CLIP) */
        g->weights_only = true;
    vf_set_text(m->name, sizeof m->name, g->name);
    vf_status status = vf_gguf_hparams(g);
    vf_src_name(&g->src, "", 0);
    if (status == VF_OK && g->tokens != UINT64_MAX)
        vf_draft_set(&g->draft, VF_HP_vocab_size, (uint32_t)g->tokens); /* <= VF_GGUF_ARRAY */
    return status;
}

static vf_status read_part(vf_gguf *g, vf_source *source, uint64_t limit, const vf_arch_lookup *archs)
{
    vf_status status = vf_src_open(&g->src, source, limit, VF_GGUF_HEADER_TEXT, g->a, g->err);
    vf_names_init(&g->keys, g->a);
    if (status == VF_OK)
        status = frame(g);
    if (status == VF_OK)
        status = vf_gguf_keys(g);
    if (status == VF_OK)
        status = check_split(g);
    if (status == VF_OK && g->part == 0)
        status = adopt_keys(g, archs);
    vf_names_free(&g->keys);
    if (status == VF_OK)
        status = vf_gguf_tensors(g);
    return status;
}

/* ---- the model ------------------------------------------------------------------------------ */

static vf_status read_all(vf_gguf *g, const vf_arch_lookup *archs, vf_source *source, const vf_parts *parts)
{
    vf_status status = read_part(g, source, VF_GGUF_HEADER, archs);
    if (status == VF_OK && g->n_parts > 1 && !parts)
        return vf_src_fail(&g->src, VF_ERR_DATA, 0, "part 1 of a split model of %" PRIu32 " parts; the others are missing",
                           g->n_parts);
    for (g->part = 1; status == VF_OK && g->part < g->n_parts; g->part++) {
        vf_source next = {0};
        uint64_t left = g->src.limit - g->src.pos;
        vf_src_close(&g->src);
        status = parts->open(parts->ctx, g->part, g->n_parts, &next, g->err);
        if (status != VF_OK)
            return status;
        status = read_part(g, &next, left, archs);
        vf_src_close(&g->src);
        if (parts->done)
            parts->done(parts->ctx, &next);
        g->src.source = source; /* for what is said about all parts together */
    }
    if (status == VF_OK)
        status = vf_gguf_tensors_done(g);
    if (status == VF_OK && g->split_tensors != UINT64_MAX && g->n_parts > 1 && g->split_tensors != g->all_tensors)
        return vf_src_fail(&g->src, VF_ERR_DATA, 0, "split.tensors.count is %" PRIu64 ", the parts have %" PRIu64
                           " tensors", g->split_tensors, g->all_tensors);
    if (status == VF_OK && g->all_tensors == 0)
        return vf_src_fail(&g->src, VF_ERR_DATA, g->src.pos, "no tensors: a vocabulary, not a model");
    return status;
}

static const vf_tensor *token_embd(const vf_model *m)
{
    for (size_t i = 0; i < m->n_tensors; i++)
        if (m->tensors[i].role == VF_ROLE_TOKEN_EMBD && m->tensors[i].part == VF_PART_WEIGHT)
            return &m->tensors[i];
    return NULL;
}

/** What only the tensors say, and the keys without which nothing can be said. */
static vf_status complete(vf_gguf *g)
{
    static const vf_hparam_id required[] = {VF_HP_block_count, VF_HP_embedding_length};
    vf_model *m = g->draft.m;
    const vf_tensor *embd = token_embd(m);
    m->from_file = true;
    if (!vf_hp_present(&m->hp, VF_HP_vocab_size) && embd && embd->ne[1] <= vf_hparam_fields[VF_HP_vocab_size].max)
        vf_draft_set(&g->draft, VF_HP_vocab_size, (uint32_t)embd->ne[1]);
    for (size_t i = 0; i < sizeof required / sizeof required[0] && !g->weights_only; i++) {
        const vf_field *f = &vf_hparam_fields[required[i]];
        uint32_t value;
        char key[128];
        memcpy(&value, (char *)&m->hp + f->offset, sizeof value);
        if (value != 0)
            continue;
        vf_set_text(key, sizeof key, g->arch);
        size_t n = strlen(key);
        key[n] = '.';
        vf_set_text(key + n + 1, sizeof key - n - 1, f->key);
        vf_src_name(&g->src, key, strlen(key));
        return vf_src_fail(&g->src, VF_ERR_DATA, g->src.pos, "%s, expected 1 to %" PRIu64,
                           vf_hp_present(&m->hp, required[i]) ? "0" : "missing", f->max);
    }
    return VF_OK;
}

static vf_status finish(vf_gguf *g, vf_model **out)
{
    vf_model *m = NULL;
    vf_status status = complete(g);
    if (status == VF_OK)
        status = vf_draft_seal(&g->draft, &m, g->err);
    if (status == VF_OK)
        status = vf_model_index(m, g->err);
    if (status == VF_OK && !g->weights_only)
        status = vf_layers_build(m, g->err);
    if (status != VF_OK) {
        vf_model_free(m);
        return status;
    }
    *out = m;
    return VF_OK;
}

vf_status vf_gguf_read_with(const vf_arch_lookup *archs, vf_source *source, const vf_parts *parts,
                            const vf_allocator *a, vf_model **out, vf_error *err)
{
    vf_gguf g;
    memset(&g, 0, sizeof g);
    g.a = a;
    g.err = err;
    g.tokens = g.split_tensors = UINT64_MAX;
    *out = NULL;
    if (err)
        vf_set_text(err->file, sizeof err->file, source->name);
    vf_names_init(&g.tensor_names, a);
    vf_status status = vf_draft_init(&g.draft, a, err);
    if (status == VF_OK && !(g.scratch = vf_alloc(a, VF_GGUF_KEY_BYTES)))
        status = vf_fail(err, VF_ERR_NOMEM, "out of memory");
    if (status == VF_OK)
        status = read_all(&g, archs, source, parts);
    if (status == VF_OK)
        status = finish(&g, out);
    vf_src_close(&g.src);
    vf_draft_drop(&g.draft);
    vf_names_free(&g.tensor_names);
    vf_names_free(&g.keys);
    vf_free(a, g.scratch, VF_GGUF_KEY_BYTES);
    vf_free(a, g.values, g.cap_values * sizeof g.values[0]);
    vf_free(a, g.numbers, g.cap_numbers * sizeof g.numbers[0]);
    return status;
}
