#include "cli/ask/subject.h"
#include "cli/text/io.h"
#include "cli/ask/model_file.h"
#include "cli/ask/ollama.h"

#include <stdlib.h>
#include <string.h>

static bool ends_with(const char *text, size_t n, const char *end)
{
    size_t m = strlen(end);
    for (size_t i = 0; n >= m && i < m; i++) {
        char c = text[n - m + i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (c != end[i])
            return false;
    }
    return n >= m;
}

bool subject_open_entry(session *s, uint32_t index, subject *out, vf_error *err)
{
    if (vf_catalog_model_open(s->catalog, index, &s->alloc, &out->model, err) != VF_OK)
        return false;
    vf_model_describe(out->model, &out->facts);
    text_set(out->title, sizeof out->title, out->facts.name);
    return true;
}

/* The quantization that a name tells: as typed where it ends the name, else by its own name. */
static void set_quant_word(const session *s, const char *text, uint32_t quant, subject *out)
{
    vf_quant_entry e;
    uint32_t index;
    if (vf_catalog_quant(s->catalog, quant, &e) != VF_OK)
        return;
    for (size_t n = strlen(text); (n = vf_catalog_split_name(s->catalog, text, n, &index)) > 0;)
        if (index == quant && vf_catalog_find(s->catalog, VF_KIND_QUANT, text + n + 1, &index, NULL) == VF_OK &&
            index == quant) {
            text_set(out->quant_word, sizeof out->quant_word, text + n + 1);
            return;
        }
    text_set(out->quant_word, sizeof out->quant_word, e.name);
}

/* A size class with a quantization behind it ("13B-Q8_0"). */
static bool open_class(session *s, const char *text, subject *out)
{
    char name[sizeof out->class_name];
    uint32_t index, quant;
    vf_error ignored;
    for (size_t n = strlen(text); (n = vf_catalog_split_name(s->catalog, text, n, &quant)) > 0;) {
        if (n >= sizeof name)
            continue;
        memcpy(name, text, n);
        name[n] = 0;
        if (vf_catalog_size_class(s->catalog, name, &index, &out->nominal, NULL) != VF_OK)
            continue;
        if (!subject_open_entry(s, index, out, &ignored))
            return false;
        text_set(out->class_name, sizeof out->class_name, name);
        set_quant_word(s, text, quant, out);
        return true;
    }
    return false;
}

/* A name of the catalog, with or without a quantization behind it. `err` is that of the whole name. */
static bool open_name(session *s, const char *text, subject *out, vf_error *err)
{
    uint32_t index, quant;
    vf_status st = session_find(s, VF_KIND_MODEL, text, &index, err);
    if (st == VF_OK)
        return subject_open_entry(s, index, out, err);
    if (st == VF_ERR_AMBIGUOUS)
        return false;
    st = vf_catalog_find_file(s->catalog, text, &index, &quant, s->terse ? NULL : err);
    if (st == VF_ERR_NOT_FOUND && open_class(s, text, out))
        return true;
    if (st != VF_OK)
        return false;
    set_quant_word(s, text, quant, out);
    return subject_open_entry(s, index, out, err);
}

/* No model of that name: if the text was meant as a file, that is what is said. */
static bool explain_missing(const char *text, file_kind kind, vf_error *err)
{
    const char *why = io_why_missing(text);
    if (kind == FILE_FOLDER)
        return fail_value(err, "--model", text, "a directory without config.json");
    if (why)
        return fail_value(err, "--model", text, "%s", why);
    if (ends_with(text, strlen(text), ".gguf"))
        return fail_value(err, "--model", text, "no such file, and no model is known by that name");
    return false;
}

bool subject_open(session *s, const char *text, subject *out, vf_error *err)
{
    *out = (subject){.serial = ++s->subjects};
    if (!text[0])
        return fail(err, "--model", "an empty name");
    if (strncmp(text, "ollama:", 7) == 0)
        return ollama_open(s, text, out, err);
    file_kind kind = strcmp(text, "-") == 0 ? FILE_REGULAR : io_kind(text);
    if (kind == FILE_REGULAR || kind == FILE_OTHER)
        return model_file_open(s, text, out, err);
    if (kind == FILE_FOLDER && model_folder_has_config(text))
        return model_folder_open(s, text, out, err);
    uint32_t index;
    vf_status st = vf_catalog_size_class(s->catalog, text, &index, &out->nominal, err);
    if (st == VF_OK) {
        text_set(out->class_name, sizeof out->class_name, text);
        return subject_open_entry(s, index, out, err);
    }
    if (st == VF_ERR_NOT_FOUND && err->text[0])
        return false;
    *err = (vf_error){0};
    if (open_name(s, text, out, err))
        return true;
    return err->status == VF_ERR_NOT_FOUND ? explain_missing(text, kind, err) : false;
}

bool subject_open_at(session *s, const char *name, const char *text, subject *out, const char **quant, vf_error *err)
{
    size_t n = strlen(text);
    char *own = malloc(n + 1), *at;
    *out = (subject){0};
    *quant = NULL;
    if (!own)
        return fail_nomem(err);
    memcpy(own, text, n + 1);
    at = io_kind(text) == FILE_MISSING ? strrchr(own, '@') : NULL; /* else a file of that very name */
    if (at) {
        *at = 0;
        *quant = at + 1;
    }
    bool good = subject_open(s, own, out, err);
    out->own = own;
    out->asked = own;
    return good || fail_at(err, name);
}

uint64_t subject_tower(const session *s, const subject *sub, const char *runtime)
{
    vf_model_entry e;
    uint32_t index;
    if (sub->typed || !option_has_runtime(&option_table[OPT_MMPROJ], runtime) ||
        vf_catalog_find(s->catalog, VF_KIND_MODEL, sub->facts.name, &index, NULL) != VF_OK)
        return 0;
    (void)vf_catalog_model(s->catalog, index, &e);
    return e.parameters_vision;
}

void subject_close(subject *sub)
{
    free(sub->own);
    vf_model_free(sub->model);
    for (uint32_t i = 0; i < sub->n_layers; i++)
        vf_model_free(sub->layer[i].model);
    *sub = (subject){0};
}
