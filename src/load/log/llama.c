/* llama.cpp's lines, by what stands in them: the functions' names in front and the columns have changed
 * from version to version, the words have not. Places of release v0.5.0 are named. */
#include <stddef.h>
#include <string.h>

#include "load/log/log.h"

#define MIB (UINT64_C(1) << 20)

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* ---- the model ------------------------------------------------------------------------------- */

/** src/llama-model-loader.cpp: "loaded meta data with 33 key-value pairs and 291 tensors from PATH (version ..." */
static void loaded_meta(vf_log_reader *r, const char *at)
{
    vf_log_begin_load(r);
    const char *path = strstr(at, " tensors from "), *end = NULL;
    if (!path)
        return;
    path += strlen(" tensors from ");
    for (const char *p = path; (p = strstr(p, " (version")); p++)
        end = p;
    vf_log_text(r->log.path, sizeof r->log.path, path, end ? (size_t)(end - path) : strlen(path));
}

/** tools/server/server-context.cpp: "load_model: loading model 'NAME'" */
static void server_model(vf_log_reader *r, const char *at)
{
    const char *end = strrchr(at, '\'');
    vf_log_begin_load(r);
    vf_log_text(r->log.path, sizeof r->log.path, at, end ? (size_t)(end - at) : strlen(at));
}

/** tools/server/server-context.cpp: a second context on the same weights, not the one that is asked about. */
static void draft_context(vf_log_reader *r, const char *at)
{
    (void)at;
    vf_log_end_load(r);
    for (int t = 0; t < VF_LOG_TERMS; t++)
        vf_log_forget(&r->log, (vf_log_term)t);
    r->aside = true;
}

static void new_context(vf_log_reader *r, const char *at)
{
    (void)at;
    if (!r->aside)
        vf_log_begin_context(r);
}

void vf_log_quant(char *field, size_t size, const char *text, size_t n)
{
    static const struct {
        const char *words, *quant;
    } special[] = {{"all F32", "F32"}, {"IQ3_S mix", "IQ3_M"}, {"MXFP4 MoE", "MXFP4_MOE"}, {"Q2_K - Medium", "Q2_K"}, {"Q2_K - Small", "Q2_K_S"}};
    static const struct {
        const char *word;
        char letter;
    } sizes[] = {{" - Small", 'S'}, {" - Medium", 'M'}, {" - Large", 'L'}};
    static const char guessed[] = "(guessed) ";
    if (n > strlen(guessed) && memcmp(text, guessed, strlen(guessed)) == 0) {
        text += strlen(guessed);
        n -= strlen(guessed);
    }
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++) {
        if (strncmp(text, special[i].words, strlen(special[i].words)) == 0) {
            vf_log_text(field, size, special[i].quant, strlen(special[i].quant));
            return;
        }
    }
    size_t word = 0;
    while (word < n && text[word] != ' ' && text[word] != ',')
        word++;
    vf_log_text(field, size - 2, text, word);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t m = strlen(field);
        if (strncmp(text + word, sizes[i].word, strlen(sizes[i].word)) == 0)
            memcpy(field + m, (char[]){'_', sizes[i].letter, 0}, 3);
    }
}

/** src/llama-model.cpp: "offloaded 33/33 layers to GPU" */
static void offloaded(vf_log_reader *r, const char *at)
{
    uint64_t n, of;
    if (!vf_log_number(&at, &n) || *at++ != '/' || !vf_log_number(&at, &of) || strncmp(at, " layers", 7) != 0)
        return;
    r->log.n_offloaded = (uint32_t)(n & UINT32_MAX);
    r->log.n_offloadable = (uint32_t)(of & UINT32_MAX);
    r->log.output_on_host = n > 0 && n < of && r->n_repeating == n;
}

/** "offloading 25 repeating layers to GPU": one less than what is offloaded, as the output layer counts. */
static void offloading(vf_log_reader *r, const char *at)
{
    uint64_t n;
    r->n_repeating = vf_log_number(&at, &n) && strncmp(at, " repeating", 10) == 0 ? n : r->n_repeating;
}

/** src/llama-model.cpp, with -v: "layer   3 assigned to device CUDA0, is_swa = 0" */
static void assigned(vf_log_reader *r, const char *at)
{
    vf_log_device *d = vf_log_find_device(r, at, strcspn(at, ", "));
    if (d)
        d->layers++;
}

/** src/llama-model-loader.cpp, with -v: "tensor blk.3.ffn_up_exps.weight (...) buffer type overridden to CPU";
 * pinned memory is the host's, too */
static void overridden(vf_log_reader *r, const char *at, const char *line)
{
    const char *name = strstr(line, "tensor blk.");
    uint64_t layer;
    bool expert = false;
    if (name) {
        name += strlen("tensor blk.");
        expert = vf_log_number(&name, &layer) && layer < UINT32_MAX && starts(name, ".ffn_") && strstr(name, "exps.") &&
                 vf_log_find_device(r, at, strcspn(at, " ")) == &r->log.host;
    }
    if (!expert)
        r->log.overridden = true;
    else if (layer >= r->log.cpu_moe)
        r->log.cpu_moe = (uint32_t)layer + 1;
}

/* ---- devices --------------------------------------------------------------------------------- */

/** ggml/src/ggml-cuda/ggml-cuda.cu: "  Device 0: NAME, compute capability 8.6, VMM: yes ..." */
static void capability(vf_log_reader *r, const char *at, const char *line)
{
    const char *p = strstr(line, "Device "), *end = at - strlen(", compute capability ");
    uint64_t index, major, minor;
    if (!p || p > end)
        return;
    p += strlen("Device ");
    if (!vf_log_number(&p, &index) || index >= VF_MAX_DEVICES || strncmp(p, ": ", 2) != 0)
        return;
    p += 2;
    vf_log_card *card = &r->card[index];
    if (!vf_log_number(&at, &major) || *at++ != '.' || !vf_log_number(&at, &minor) || major > 99 || minor > 9)
        return;
    card->compute_capability = (uint32_t)(10 * major + minor);
    vf_log_text(card->name, sizeof card->name, p, (size_t)(end - p));
}

/** src/llama.cpp: "using device CUDA0 (NVIDIA GeForce RTX 3090) (0000:01:00.0) - 23306 MiB free" */
static void using_device(vf_log_reader *r, const char *at)
{
    size_t n = strcspn(at, " ");
    const char *free_at = strstr(at, ") - ");
    if (!free_at || at[n + 1] != '(')
        return;
    vf_log_device *d = vf_log_find_device(r, at, n);
    if (!d || d == &r->log.host)
        return;
    const char *gpu = at + n + 2, *end = strstr(gpu, ") (");
    if (!end || end > free_at)
        end = free_at;
    vf_log_text(d->gpu, sizeof d->gpu, gpu, (size_t)(end - gpu));
    uint64_t mib;
    free_at += 4;
    if (vf_log_number(&free_at, &mib) && strncmp(free_at, " MiB free", 9) == 0 && mib < UINT64_C(1) << 40)
        d->free = mib * MIB;
}

/* ---- the context ----------------------------------------------------------------------------- */

static void swa_full(vf_log_reader *r, const char *at)
{
    (void)at;
    r->log.swa_full = r->log.swa_full || !r->aside;
}

static bool read_type(const char *name, const char *ends, uint32_t *type)
{
    char word[16] = "";
    size_t n = strcspn(name, ends);
    if (n >= sizeof word)
        return false;
    memcpy(word, name, n);
    const vf_type_info *info = vf_type_find(word);
    *type = info ? (uint32_t)info->type : 0;
    return info != NULL;
}

/** src/llama-kv-cache.cpp: "K (f16):  256.00 MiB, V (f16):  256.00 MiB"; until 2025 "KV self size  = ..." too. The
 * first line of a context counts: those of an indexer come later. */
static void cache_types(vf_log_reader *r, const char *at)
{
    const char *v = strstr(at, "MiB, V (");
    vf_log *log = &r->log;
    if (v && !log->has_types && !r->aside)
        log->has_types = read_type(at, ")", &log->type_k) && read_type(v + strlen("MiB, V ("), ")", &log->type_v);
}

/** Until 2025: "kv_size = 4096, offload = 1, type_k = 'f16', type_v = 'f16', ..." */
static void cache_types_quoted(vf_log_reader *r, const char *at)
{
    const char *v = strstr(at, "type_v = '");
    vf_log *log = &r->log;
    if (v && !log->has_types && !r->aside)
        log->has_types = read_type(at, "'", &log->type_k) && read_type(v + strlen("type_v = '"), "'", &log->type_v);
}

/** Until the middle of 2025 all sequences shared one cache. */
static void one_cache(vf_log_reader *r, const char *at)
{
    (void)at;
    r->log.kv_unified = r->log.kv_unified || !r->aside;
}

/** "(  8192 cells,  32 layers,  4/1 seqs)": sequences, and streams when they are not one for all. */
static void sequences(vf_log_reader *r, const char *at, const char *line)
{
    uint64_t n, streams;
    const char *p = at - strlen(" layers, ");
    while (p > line && p[-1] >= '0' && p[-1] <= '9')
        p--;
    r->n_cached += vf_log_number(&p, &n) && n < UINT32_MAX ? n : 0;
    p = at;
    if (r->aside || !vf_log_number(&p, &n) || n == 0 || n > 65536)
        return;
    bool has_streams = *p == '/' && (p++, vf_log_number(&p, &streams)) && streams > 0;
    if (strncmp(p, " seqs", 5) != 0)
        return;
    if (!r->log.n_seq_max)
        r->log.n_seq_max = (uint32_t)n;
    /* before there were streams, all sequences shared one cache; recurrent state has never had any */
    if (n > 1 && ((has_streams && streams == 1) || (!has_streams && !strstr(at, "R ("))))
        r->log.kv_unified = true;
}

/** Where one line says all: "initializing, n_slots = 4, n_ctx_slot = 8192, kv_unified = 'true'" (llama-server). */
static void slots(vf_log_reader *r, const char *at)
{
    const char *per_slot = strstr(at, "n_ctx_slot = ");
    uint64_t n, context;
    if (r->log.n_ctx || !per_slot || !vf_log_number(&at, &n) || n == 0 || n > 65536)
        return;
    per_slot += strlen("n_ctx_slot = ");
    if (!vf_log_number(&per_slot, &context) || context > UINT64_C(1) << 31)
        return;
    r->log.kv_unified = strstr(per_slot, "kv_unified = 'true'") != NULL;
    r->log.n_seq_max = (uint32_t)n;
    r->log.n_ctx = r->log.kv_unified ? context : context * n;
}

typedef enum key_kind { KEY_U32, KEY_U64, KEY_BOOL, KEY_FLASH, KEY_NAME, KEY_QUANT } key_kind;

static const struct {
    const char *key;
    key_kind kind;
    bool context; /**< of the context: not looked at in a second one */
    size_t at;
} keys[] = {
    /* src/llama-context.cpp */
    {"n_ctx", KEY_U64, true, offsetof(vf_log, n_ctx)},
    {"n_seq_max", KEY_U32, true, offsetof(vf_log, n_seq_max)},
    {"n_batch", KEY_U32, true, offsetof(vf_log, n_batch)},
    {"n_ubatch", KEY_U32, true, offsetof(vf_log, n_ubatch)},
    {"n_outputs_max", KEY_U32, true, offsetof(vf_log, n_outputs_max)},
    {"kv_unified", KEY_BOOL, true, offsetof(vf_log, kv_unified)},
    {"flash_attn", KEY_FLASH, true, offsetof(vf_log, flash_attn)},
    /* src/llama-model.cpp print_info; n_layer_all comes behind n_layer and has the MTP layers */
    {"n_layer", KEY_U32, false, offsetof(vf_log, n_layer)},
    {"n_layer_all", KEY_U32, false, offsetof(vf_log, n_layer)},
    {"n_embd", KEY_U32, false, offsetof(vf_log, n_embd)},
    {"n_vocab", KEY_U32, false, offsetof(vf_log, n_vocab)},
    {"no_alloc", KEY_BOOL, false, offsetof(vf_log, no_alloc)},
    {"general.name", KEY_NAME, false, offsetof(vf_log, name)},
    {"file type", KEY_QUANT, false, offsetof(vf_log, quant)},
    {"model ftype", KEY_QUANT, false, offsetof(vf_log, quant)},
};

static void set_key(vf_log *log, key_kind kind, void *field, const char *value)
{
    uint64_t n = 0;
    const char *p = value;
    switch (kind) {
    case KEY_U64:
        if (vf_log_number(&p, &n))
            memcpy(field, &n, sizeof n);
        break;
    case KEY_U32:
        if (vf_log_number(&p, &n) && n < UINT32_MAX)
            memcpy(field, &(uint32_t){(uint32_t)n}, sizeof(uint32_t));
        break;
    case KEY_BOOL:
        *(bool *)field = starts(value, "true") || starts(value, "1");
        break;
    case KEY_FLASH:
        log->flash_attn = starts(value, "enabled") || starts(value, "1")    ? VF_ON
                          : starts(value, "disabled") || starts(value, "0") ? VF_OFF
                                                                            : VF_AUTO;
        break;
    case KEY_NAME:
        vf_log_text(field, sizeof log->name, value, strlen(value));
        break;
    case KEY_QUANT:
        vf_log_quant(field, sizeof log->quant, value, strlen(value));
        break;
    }
}

/** "FUNCTION: KEY   = VALUE" */
static void key_value(vf_log_reader *r, const char *at)
{
    const char *key = vf_log_skip_blanks(at);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (!starts(key, keys[i].key))
            continue;
        const char *p = vf_log_skip_blanks(key + strlen(keys[i].key));
        if (p[0] != '=' || p[1] != ' ' || (keys[i].context && r->aside))
            continue;
        set_key(&r->log, keys[i].kind, (char *)&r->log + keys[i].at, vf_log_skip_blanks(p + 1));
        return;
    }
}

/* ---- buffers --------------------------------------------------------------------------------- */

/** "FUNCTION:      CUDA0 model buffer size =  4403.49 MiB": model, KV, RS, compute, output; until the end of 2024
 * no word for the model. */
static void buffer_size(vf_log_reader *r, const char *at, const char *line)
{
    static const struct {
        const char *word;
        vf_log_term term;
    } words[] = {{"model ", VF_LOG_WEIGHTS}, {"KV ", VF_LOG_KV_CACHE}, {"RS ", VF_LOG_KV_CACHE}, {"state ", VF_LOG_KV_CACHE},
                 {"compute ", VF_LOG_COMPUTE}, {"output ", VF_LOG_OUTPUT}};
    const char *end = at - strlen("buffer size ="), *start = end;
    while (start > line && !(start[-1] == ' ' && start - 1 > line && start[-2] == ':'))
        start--;
    const char *name = vf_log_skip_blanks(start);
    size_t n = strcspn(name, " ");
    const char *word = name + n;
    if (start == line || name + n >= end || r->aside || strstr(line, "alloc_compute_meta"))
        return; /* the last is the image encoder */
    word = vf_log_skip_blanks(word);
    int term = word == end && strstr(line, "load_tensors") ? VF_LOG_WEIGHTS : -1;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t m = strlen(words[i].word);
        if ((size_t)(end - word) >= m && memcmp(end - m, words[i].word, m) == 0)
            term = (int)words[i].term;
    }
    uint64_t value;
    unsigned decimals;
    if (term < 0 || !vf_log_decimal(&at, &value, &decimals) || !starts(at, " MiB"))
        return;
    if (term == VF_LOG_WEIGHTS)
        vf_log_begin_again(r);
    vf_log_device *d = vf_log_find_device(r, name, n);
    if (!d)
        return;
    if (term == VF_LOG_OUTPUT)
        d = &r->log.host;
    if (term == VF_LOG_WEIGHTS && d == &r->log.host && n > 7 && memcmp(name + n - 7, "_Mapped", 7) == 0)
        r->log.mapped = true;
    vf_log_add(&d->term[term], value, decimals, MIB);
}

/** The compute buffers of a context are reserved anew: the lines before are void. */
static void reserving(vf_log_reader *r, const char *at)
{
    (void)at;
    if (!r->aside)
        vf_log_forget(&r->log, VF_LOG_COMPUTE);
}

/* ---- the memory breakdown at exit (common/fit.cpp) ------------------------------------------- */

static void table_begin(vf_log_reader *r, const char *at)
{
    (void)at;
    for (int t = 0; t < VF_LOG_OUTPUT; t++) {
        if (r->from_table[t])
            vf_log_forget(&r->log, (vf_log_term)t);
        r->from_table[t] = !r->aside && !vf_log_says(&r->log, (vf_log_term)t);
    }
}

/** "|   - CUDA0 (RTX 4090) | 24080 = 945 + (22187 = 20904 + 384 + 898) + 947 |": total, free, self, model, context,
 * compute, unaccounted; without the first two for the host. Whole MiB, rounded down. */
static void table_row(vf_log_reader *r, const char *at)
{
    enum { MODEL = 1, CELLS = 7 };
    const char *bar = strstr(at, " |");
    uint64_t cell[CELLS] = {0};
    size_t n = 0, name = strcspn(at, " ");
    if (!bar || !strchr(bar, '='))
        return;
    for (const char *p = bar; *p && n < CELLS;) {
        if (*p < '0' || *p > '9')
            p++;
        else if (!vf_log_number(&p, &cell[n++]))
            return;
    }
    vf_log_device *d = n >= 4 ? vf_log_find_device(r, at, name) : NULL;
    if (!d)
        return;
    bool host = n == 4;
    if (!host && n >= 6 && cell[0] < UINT64_C(1) << 40)
        d->total = cell[0] * MIB;
    const uint64_t *first = host ? cell + MODEL : n >= 6 ? cell + 2 + MODEL : NULL;
    for (int t = 0; first && t < VF_LOG_OUTPUT; t++)
        if (r->from_table[t])
            vf_log_add_floor(&d->term[t], first[t], MIB);
}

/* ---- dispatch -------------------------------------------------------------------------------- */

static const struct {
    const char *words;
    void (*rule)(vf_log_reader *r, const char *behind);
    void (*rule_of_line)(vf_log_reader *r, const char *behind, const char *line);
} rules[] = {
    {"loaded meta data with ", loaded_meta, NULL},
    {"load_model: loading model '", server_model, NULL},
    {"creating MTP draft context", draft_context, NULL},
    {"constructing llama_context", new_context, NULL},
    {"llama_new_context_with_model: n_seq_max ", new_context, NULL},
    {"llama_new_context_with_model: n_ctx ", new_context, NULL},
    {"llama_init_from_model: n_seq_max ", new_context, NULL},
    {"llama_context: n_seq_max ", new_context, NULL},
    {"llama_context: n_ctx ", new_context, NULL},
    {"offloading ", offloading, NULL},
    {"offloaded ", offloaded, NULL},
    {" assigned to device ", assigned, NULL},
    {" buffer type overridden to ", NULL, overridden},
    {", compute capability ", NULL, capability},
    {"using device ", using_device, NULL},
    {"using full-size SWA cache", swa_full, NULL},
    {" K (", cache_types, NULL},
    {"type_k = '", cache_types_quoted, NULL},
    {"KV self size", one_cache, NULL},
    {" layers, ", NULL, sequences},
    {"n_slots = ", slots, NULL},
    {"sched_reserve: reserving", reserving, NULL},
    {"buffer size =", NULL, buffer_size},
    {"| memory breakdown [MiB]", table_begin, NULL},
    {"|   - ", table_row, NULL},
};

void vf_log_llama_line(vf_log_reader *r, const char *line)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const char *at = strstr(line, rules[i].words);
        if (!at)
            continue;
        at += strlen(rules[i].words);
        if (rules[i].rule)
            rules[i].rule(r, at);
        else
            rules[i].rule_of_line(r, at, line);
    }
    for (const char *p = line; (p = strstr(p, ": ")); p += 2)
        key_value(r, p + 2);
}
