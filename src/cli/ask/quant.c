#include "cli/ask/quant.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_QUANT "q4_k_m"
#define PLAIN_QUANT "bf16" /* where the default is none */
#define QLORA_QUANT "nf4"
#define TRAINER "transformers"

static bool is_built_in(const char *runtime)
{
    const char *name;
    for (uint32_t i = 0; (name = vf_runtime_name(i)); i++)
        if (strcmp(name, runtime) == 0)
            return true;
    return false;
}

bool runtime_parse(session *s, char out[24], vf_error *err)
{
    const char *word = s->opts.value[OPT_RUNTIME].text;
    vf_runtime_entry e;
    uint32_t index;
    out[0] = 0;
    if (!word && s->opts.value[OPT_TRAIN].text)
        word = TRAINER;
    if (!word)
        return true;
    if (session_find(s, VF_KIND_RUNTIME, word, &index, err) != VF_OK) {
        (void)snprintf(err->key, sizeof err->key, "--runtime");
        return false;
    }
    (void)vf_catalog_runtime(s->catalog, index, &e);
    if (!is_built_in(e.name))
        return fail(err, "--runtime", "%s: not in this version", e.name);
    text_set(out, 24, e.name);
    return true;
}

/* Runtimes that read the types of GGUF files; all others hold plain weights in one type. */
static bool reads_gguf(const char *runtime)
{
    return word_index("llama.cpp ollama lm-studio", ' ', runtime) != NOT_A_WORD;
}

/* Runtimes that the default means something to. */
static bool reads_mixes(const char *runtime)
{
    return !runtime[0] || strcmp(runtime, "generic") == 0 || reads_gguf(runtime);
}

/* How a runtime reads a format: generic knows bits per weight only, and other runtimes hold fp16 as a type
 * and MXFP4 as a scheme where llama.cpp has a file type of mixed tensors. */
static void read_as(const char *runtime, const char *word, vf_quant *q)
{
    const vf_type_info *type = vf_type_get((uint32_t)q->type);
    if (strcmp(runtime, "generic") == 0) {
        q->kind = VF_QUANT_NOMINAL;
        text_set(q->name, sizeof q->name, word);
    } else if (!reads_gguf(runtime) && q->kind == VF_QUANT_GGUF && type && !type->quantized) {
        q->kind = VF_QUANT_CAST;
    } else if (!reads_gguf(runtime) && q->kind == VF_QUANT_GGUF && q->packing != VF_PACK_NONE) {
        q->kind = VF_QUANT_SCHEME;
        text_set(q->name, sizeof q->name, word);
    }
}

/* Whether "a, b, c" has the name. */
static bool lists_runtime(const char *runtimes, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = runtimes; n > 0 && *p; p += strspn(p, ", ")) {
        size_t m = strcspn(p, ", ");
        if (m == n && memcmp(p, name, n) == 0)
            return true;
        p += m;
    }
    return false;
}

static bool check_runtime(const char *word, const vf_quant_entry *e, const char *runtime, vf_error *err)
{
    if (!runtime[0])
        return fail_value(err, "--quant", word, "no runtime here loads it");
    if (!lists_runtime(e->runtimes, runtime))
        return fail_value(err, "--quant", word, "%s cannot load %s (%s can)", runtime, e->name, e->runtimes);
    if (!is_built_in(runtime))
        return fail_value(err, "--quant", word, "a format of %s: not in this version", runtime);
    return true;
}

/* "Q+im": made with an importance matrix. */
static bool without_matrix(const char *word, char *out, size_t size, bool *matrix)
{
    size_t n = strlen(word);
    *matrix = n > 3 && strcmp(word + n - 3, "+im") == 0;
    n -= *matrix ? 3 : 0;
    if (n >= size)
        return false;
    memcpy(out, word, n);
    out[n] = 0;
    return true;
}

static bool choice_of_word(session *s, const char *word, const char *runtime, choice *out, vf_error *err)
{
    char bare[64];
    bool matrix;
    uint32_t index;
    vf_quant_entry e;
    if (!without_matrix(word, bare, sizeof bare, &matrix))
        return fail_value(err, "--quant", word, "unknown quantization");
    if (session_find(s, VF_KIND_QUANT, bare, &index, err) != VF_OK) {
        (void)snprintf(err->key, sizeof err->key, "--quant");
        return false;
    }
    (void)vf_catalog_quant(s->catalog, index, &e);
    out->quant = e.quant;
    out->quant.millibits = e.millibits;
    text_set(out->runtime, sizeof out->runtime, runtime[0] ? runtime : e.quant.runtime);
    if (matrix && e.quant.kind != VF_QUANT_GGUF)
        return fail_value(err, "--quant", word, "importance matrices belong to GGUF quantizations");
    out->quant.imatrix = e.quant.imatrix || matrix;
    if (!check_runtime(word, &e, out->runtime, err))
        return false;
    read_as(out->runtime, bare, &out->quant);
    if (e.approximate[0] && out->quant.kind == VF_QUANT_GGUF)
        (void)snprintf(out->note, sizeof out->note, "%s: %s", e.name, e.approximate);
    return true;
}

/* What the file calls its own mix of types. */
static void name_file_type(session *s, uint32_t file_type, vf_quant *q)
{
    text_set(q->name, sizeof q->name, "as in the file");
    for (uint32_t i = 0, n = vf_catalog_count(s->catalog, VF_KIND_QUANT); i < n; i++) {
        vf_quant_entry e;
        (void)vf_catalog_quant(s->catalog, i, &e);
        if (e.quant.kind == VF_QUANT_GGUF && e.quant.ftype == file_type) {
            text_set(q->name, sizeof q->name, e.name);
            return;
        }
    }
}

/* The format the weights are published in, if that is a quantized one that a runtime here loads. */
static bool choice_of_published(session *s, const char *published, const char *runtime, choice *out)
{
    vf_error ignored;
    if (!published[0] || !choice_of_word(s, published, runtime, out, &ignored))
        return false;
    const vf_type_info *type = vf_type_get((uint32_t)out->quant.type);
    bool plain = out->quant.kind != VF_QUANT_SCHEME && type && !type->quantized;
    return !plain || (out->quant.kind == VF_QUANT_NOMINAL && out->quant.millibits < 16000);
}

static bool choice_of_default(session *s, const subject *sub, const char *runtime, choice *out, vf_error *err)
{
    if (choice_of_published(s, sub->facts.published_quant, runtime, out)) {
        (void)snprintf(out->note, sizeof out->note, "no --quant: taken %s, the format the weights are published in", out->quant.name);
        return true;
    }
    *out = (choice){0};
    const opt_value *train = &s->opts.value[OPT_TRAIN];
    const char *plain = train->text && train->word + VF_TRAIN_FULL == VF_TRAIN_QLORA ? QLORA_QUANT : PLAIN_QUANT;
    if (!choice_of_word(s, reads_mixes(runtime) ? DEFAULT_QUANT : plain, runtime, out, err))
        return false;
    (void)snprintf(out->note, sizeof out->note, "no --quant: taken %s", out->quant.name);
    return true;
}

/* How matrices of a format are stored, where the catalog knows it: a runtime unpacks them. */
static void describe_packing(session *s, vf_quant *q)
{
    vf_quant_entry e;
    uint32_t index;
    if (vf_catalog_find(s->catalog, VF_KIND_QUANT, q->name, &index, NULL) != VF_OK || vf_catalog_quant(s->catalog, index, &e) != VF_OK)
        return;
    q->packing = e.quant.packing;
    q->covers = e.quant.covers;
    q->group = e.quant.group;
}

/* Files in a scheme that their usual loader does not read are those of the runtime that the scheme implies. */
static bool choose_loader(session *s, const char *loader, const char *runtime, choice *out, vf_error *err)
{
    vf_quant_entry e;
    uint32_t index;
    text_set(out->runtime, sizeof out->runtime, runtime[0] ? runtime : loader);
    if (vf_catalog_find(s->catalog, VF_KIND_QUANT, out->quant.name, &index, NULL) != VF_OK ||
        vf_catalog_quant(s->catalog, index, &e) != VF_OK || e.quant.kind != VF_QUANT_SCHEME ||
        lists_runtime(e.runtimes, out->runtime))
        return true;
    if (!runtime[0])
        text_set(out->runtime, sizeof out->runtime, e.quant.runtime);
    return check_runtime(out->quant.name, &e, out->runtime, err);
}

static bool choice_of_file(session *s, const subject *sub, const char *runtime, choice *out, vf_error *err)
{
    const vf_model_facts *f = &sub->facts;
    out->quant.kind = VF_QUANT_AS_FILE;
    if (f->file_type != UINT32_MAX || !f->published_quant[0])
        name_file_type(s, f->file_type, &out->quant);
    else
        text_set(out->quant.name, sizeof out->quant.name, f->published_quant);
    describe_packing(s, &out->quant);
    if (f->parameters && f->model_bytes <= UINT64_MAX / 8000)
        out->quant.millibits = (uint32_t)(f->model_bytes * 8000 / f->parameters);
    return choose_loader(s, sub->loader, runtime, out, err);
}

bool choice_make(session *s, const subject *sub, const char *word, const char *runtime, choice *out, vf_error *err)
{
    *out = (choice){0};
    if (!word && sub->quant_word[0])
        word = sub->quant_word;
    /* A model of Ollama's store is asked about for Ollama, whatever its quantization. */
    if (!runtime[0] && sub->loader && strcmp(sub->loader, "ollama") == 0)
        runtime = sub->loader;
    if (word)
        return choice_of_word(s, word, runtime, out, err);
    if (sub->typed)
        return choice_of_file(s, sub, runtime, out, err);
    return choice_of_default(s, sub, runtime, out, err);
}
