#include "cli/subject.h"
#include "cli/io.h"
#include "cli/model_file.h"
#include "cli/ollama.h"

#include <stdio.h>
#include <string.h>

#define NAME_LIMIT 256

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

static bool is_separator(char c)
{
    return c == '-' || c == '.' || c == '_' || c == ':' || c == ' ' || c == '/' || c == '@';
}

/* Words that packagers put behind a model's name and that say nothing about its size. */
static size_t without_packaging(const char *name, size_t n)
{
    static const char *const words[] = {"gguf", "i1", "imatrix", "imat", "ud", "hf", "mlx"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t m = strlen(words[i]);
        if (n > m + 1 && is_separator(name[n - m - 1]) && ends_with(name, n, words[i]))
            return without_packaging(name, n - m - 1);
    }
    return n;
}

bool split_quant(const session *s, const char *name, size_t *model_n, size_t *quant_at, size_t *quant_n)
{
    size_t n = without_packaging(name, strlen(name));
    for (size_t i = 1; i + 1 < n; i++) {
        char word[64];
        uint32_t index;
        if (!is_separator(name[i]) || n - i - 1 >= sizeof word)
            continue;
        memcpy(word, name + i + 1, n - i - 1);
        word[n - i - 1] = 0;
        if (vf_catalog_find(s->catalog, VF_KIND_QUANT, word, &index, NULL) != VF_OK)
            continue;
        *model_n = without_packaging(name, i);
        *quant_at = i + 1;
        *quant_n = n - i - 1;
        return true;
    }
    return false;
}

/* The bare name of a GGUF file that is not there: no folders, no ".gguf", no "-00001-of-00003". */
static void bare_name(const char *text, char out[NAME_LIMIT])
{
    size_t n = strlen(text);
    out[0] = 0;
    if (ends_with(text, n, ".gguf")) {
        n -= 5;
        const char *slash = strrchr(text, '/');
        size_t skip = slash ? (size_t)(slash - text) + 1 : 0;
        text += skip;
        n -= skip;
        uint64_t part, parts;
        if (n > 15 && memcmp(text + n - 9, "-of-", 4) == 0 && text[n - 15] == '-' && parse_digits(text + n - 14, 5, &part) &&
            parse_digits(text + n - 5, 5, &parts))
            n -= 15;
    }
    if (n >= NAME_LIMIT)
        return;
    memcpy(out, text, n);
    out[n] = 0;
}

static bool open_entry(session *s, uint32_t index, subject *out, vf_error *err)
{
    if (vf_catalog_model_open(s->catalog, index, &s->alloc, &out->model, err) != VF_OK)
        return false;
    vf_model_describe(out->model, &out->facts);
    text_set(out->title, sizeof out->title, out->facts.name);
    return true;
}

/* A name of the catalog, with or without a quantization behind it. `err` is that of the whole name. */
static bool open_name(session *s, const char *text, subject *out, vf_error *err)
{
    char name[NAME_LIMIT];
    uint32_t index;
    size_t model_n, quant_at, quant_n;
    bare_name(text, name);
    vf_status st = session_find(s, VF_KIND_MODEL, name[0] ? name : text, &index, err);
    if (st == VF_OK)
        return open_entry(s, index, out, err);
    if (st == VF_ERR_AMBIGUOUS || !name[0])
        return false;
    size_t bare = without_packaging(name, strlen(name));
    if (name[bare]) {
        name[bare] = 0;
        if (vf_catalog_find(s->catalog, VF_KIND_MODEL, name, &index, NULL) == VF_OK)
            return open_entry(s, index, out, err);
    }
    if (!split_quant(s, name, &model_n, &quant_at, &quant_n))
        return false;
    memcpy(out->quant_word, name + quant_at, quant_n);
    out->quant_word[quant_n] = 0;
    name[model_n] = 0;
    if (vf_catalog_find(s->catalog, VF_KIND_MODEL, name, &index, NULL) == VF_OK)
        return open_entry(s, index, out, err);
    if (vf_catalog_size_class(s->catalog, name, &index, &out->nominal, NULL) != VF_OK)
        return false;
    (void)snprintf(out->class_name, sizeof out->class_name, "%.*s", (int)sizeof out->class_name - 1, name);
    return open_entry(s, index, out, err);
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
    *out = (subject){0};
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
        return open_entry(s, index, out, err);
    }
    if (st == VF_ERR_NOT_FOUND && err->text[0])
        return false;
    *err = (vf_error){0};
    if (open_name(s, text, out, err))
        return true;
    return err->status == VF_ERR_NOT_FOUND ? explain_missing(text, kind, err) : false;
}

void subject_close(subject *sub)
{
    vf_model_free(sub->model);
    for (uint32_t i = 0; i < sub->n_layers; i++)
        vf_model_free(sub->layer[i].model);
    *sub = (subject){0};
}
