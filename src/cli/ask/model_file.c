#include "cli/ask/model_file.h"
#include "cli/ask/ollama.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_LIMIT 4096
#define SHARD_LIMIT 9999
#define CONFIG_LIMIT ((size_t)1 << 20)

/* ---- the files that a model is spread over -------------------------------------------------- */

/* Names of files in one folder; what vf_parts hands to a reader one by one. */
typedef struct shards {
    const char *beside; /**< a path in that folder (or the folder itself) */
    bool in_folder;
    char **name;
    uint32_t n, cap;
    bool failed;
    vf_error *err;
} shards;

static void shards_free(shards *f)
{
    for (uint32_t i = 0; i < f->n; i++)
        free(f->name[i]);
    free(f->name);
}

/* Called by the index reader. A shard is a plain file name: nothing that a file says leaves its folder. */
static bool add_shard(void *ctx, const char *name)
{
    shards *f = ctx;
    size_t size = strlen(name) + 1;
    f->failed = true;
    if (!name[0] || name[0] == '.' || strchr(name, '/') || strchr(name, '\\'))
        return fail(f->err, "", "shard %s is not a plain file name", quote(name).s);
    if (f->n == SHARD_LIMIT)
        return fail(f->err, "", "more than %d shards", SHARD_LIMIT);
    if (f->n == f->cap) {
        uint32_t cap = f->cap ? f->cap * 2 : 16;
        char **p = realloc(f->name, cap * sizeof *p);
        if (!p)
            return fail_nomem(f->err);
        f->name = p;
        f->cap = cap;
    }
    char *copy = malloc(size);
    if (!copy)
        return fail_nomem(f->err);
    memcpy(copy, name, size);
    f->name[f->n++] = copy;
    f->failed = false;
    return true;
}

static vf_status open_path(const char *path, vf_source *part, vf_error *err)
{
    input *in = input_open(path, err);
    if (!in)
        return err->status;
    *part = in->source;
    return VF_OK;
}

static vf_status open_shard(void *ctx, uint32_t i, uint32_t n, vf_source *part, vf_error *err)
{
    const shards *f = ctx;
    char path[PATH_LIMIT];
    if (i >= f->n || n > f->n || !io_join(f->beside, f->in_folder, f->name[i], path, sizeof path)) {
        (void)fail(err, "", "path too long");
        return err->status;
    }
    return open_path(path, part, err);
}

static void close_source(void *ctx, vf_source *part)
{
    (void)ctx;
    input_close(part->ctx);
}

/* The model without a name of its own has that of its file; a config.json that of its folder. */
static void describe(subject *out, const char *path)
{
    vf_model_describe(out->model, &out->facts);
    out->typed = out->facts.has_types;
    text_set(out->title, sizeof out->title, out->facts.name);
    if (out->title[0])
        return;
    size_t n = strlen(path);
    const char *config = "/config.json";
    if (n > strlen(config) && strcmp(path + n - strlen(config), config) == 0)
        n -= strlen(config);
    while (n > 1 && path[n - 1] == '/')
        n--;
    size_t at = n;
    while (at > 0 && path[at - 1] != '/')
        at--;
    n = n - at < sizeof out->title ? n - at : sizeof out->title - 1;
    memcpy(out->title, path + at, n);
    out->title[n] = 0;
}

/* ---- GGUF ----------------------------------------------------------------------------------- */

/* Part i (from 0) of "NAME-00001-of-00003.gguf" (llama.cpp: llama_split_path). */
static vf_status open_split(void *ctx, uint32_t i, uint32_t n, vf_source *part, vf_error *err)
{
    const char *path = ctx, *end = path + strlen(path);
    char name[PATH_LIMIT], suffix[40];
    uint64_t first, parts;
    bool split = end - path > 20 && strcmp(end - 5, ".gguf") == 0 && end[-20] == '-' && parse_digits(end - 19, 5, &first) &&
                 memcmp(end - 14, "-of-", 4) == 0 && parse_digits(end - 10, 5, &parts);
    if (!split || parts != n) {
        (void)fail(err, "", "one of %u parts, but its name does not end in -%05u-of-%05u.gguf: the others cannot be found",
                   n, 1u, n);
        return err->status;
    }
    (void)snprintf(suffix, sizeof suffix, "-%05u-of-%05u.gguf", i + 1, n);
    size_t stem = (size_t)(end - path) - 20;
    if (stem + strlen(suffix) >= sizeof name) {
        (void)fail(err, "", "path too long");
        return err->status;
    }
    memcpy(name, path, stem);
    memcpy(name + stem, suffix, strlen(suffix) + 1);
    return open_path(name, part, err);
}

/* The reader knows the place, the program the file: an error without a file gets this one's name. */
static bool name_error(vf_error *err, const char *shown, const input *in)
{
    if (in && in->error) {
        *err = (vf_error){.status = VF_ERR_IO};
        text_set(err->text, sizeof err->text, strerror(in->error));
    }
    if (!err->file[0])
        (void)snprintf(err->file, sizeof err->file, "%.*s", (int)sizeof err->file - 1, shown);
    return false;
}

bool model_gguf_open(session *s, const char *path, input *in, subject *out, vf_error *err)
{
    char copy[PATH_LIMIT];
    text_set(copy, sizeof copy, path);
    vf_parts parts = {open_split, close_source, copy};
    vf_status st = vf_gguf_read(s->catalog, &in->source, strcmp(path, "-") == 0 ? NULL : &parts, &s->alloc, &out->model, err);
    if (st != VF_OK)
        return name_error(err, in->shown, in);
    describe(out, path);
    out->loader = "llama.cpp";
    return true;
}

/* ---- config.json and safetensors ------------------------------------------------------------ */

/* Reads the names of the shards from an index; without one, a lone model.safetensors counts. */
static bool find_shards(session *s, const char *index_path, shards *f, vf_error *err)
{
    input *in = input_open(index_path, err);
    if (!in)
        return false;
    f->err = err;
    vf_status st = vf_safetensors_index_read(&in->source, add_shard, f, &s->alloc, err);
    if (st == VF_OK && f->n == 0)
        (void)fail(err, "", "no shards are named in it");
    bool good = st == VF_OK && f->n > 0;
    if (!good)
        (void)name_error(err, in->shown, in);
    input_close(in);
    return good;
}

static bool find_shards_in(session *s, const char *beside, bool in_folder, shards *f, vf_error *err)
{
    char path[PATH_LIMIT];
    *f = (shards){.beside = beside, .in_folder = in_folder, .err = err};
    if (!io_join(beside, in_folder, "model.safetensors.index.json", path, sizeof path))
        return fail(err, "", "path too long");
    if (io_kind(path) == FILE_REGULAR)
        return find_shards(s, path, f, err);
    if (io_join(beside, in_folder, "model.safetensors", path, sizeof path) && io_kind(path) == FILE_REGULAR)
        return add_shard(f, "model.safetensors");
    return true;
}

static bool config_open(session *s, const char *config, shards *f, subject *out, vf_error *err)
{
    size_t n = 0;
    char *text = io_read_file(config, CONFIG_LIMIT, &n, err);
    if (!text)
        return false;
    buf shown = {0};
    buf_plain(&shown, config);
    buf_add(&shown, "", 1);
    vf_parts parts = {open_shard, close_source, f};
    bool good = shown.failed ? fail_nomem(err)
                             : vf_config_read(s->catalog, shown.p, text, n, f->n ? &parts : NULL, f->n, &s->alloc,
                                              &out->model, err) == VF_OK;
    if (!good)
        (void)name_error(err, shown.failed ? "" : shown.p, NULL);
    else
        describe(out, config);
    out->loader = "transformers";
    buf_free(&shown);
    free(text);
    return good;
}

static bool weights_open(session *s, shards *f, const char *path, subject *out, vf_error *err)
{
    vf_parts parts = {open_shard, close_source, f};
    if (vf_safetensors_read(&parts, f->n, &s->alloc, &out->model, err) != VF_OK)
        return name_error(err, quote(path).s, NULL);
    describe(out, path);
    out->loader = "transformers";
    out->weights_only = true;
    return true;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* A .safetensors file or an index: with the config.json beside it, else alone. */
static bool safetensors_open(session *s, const char *path, subject *out, vf_error *err)
{
    char config[PATH_LIMIT];
    shards f = {.beside = path, .err = err};
    bool good = ends_with(path, ".json") ? find_shards(s, path, &f, err) : add_shard(&f, base_name(path));
    if (good && io_join(path, false, "config.json", config, sizeof config) && io_kind(config) == FILE_REGULAR)
        good = config_open(s, config, &f, out, err);
    else if (good)
        good = weights_open(s, &f, path, out, err);
    shards_free(&f);
    return good;
}

bool model_folder_has_config(const char *path)
{
    char config[PATH_LIMIT];
    return io_join(path, true, "config.json", config, sizeof config) && io_kind(config) != FILE_MISSING;
}

bool model_folder_open(session *s, const char *path, subject *out, vf_error *err)
{
    char config[PATH_LIMIT];
    shards f;
    bool good = find_shards_in(s, path, true, &f, err);
    if (good && !io_join(path, true, "config.json", config, sizeof config))
        good = fail(err, "", "path too long");
    good = good && config_open(s, config, &f, out, err);
    shards_free(&f);
    return good;
}

bool model_file_open(session *s, const char *path, subject *out, vf_error *err)
{
    if (ends_with(path, ".safetensors") || ends_with(path, ".index.json"))
        return safetensors_open(s, path, out, err);
    if (ends_with(path, ".json")) {
        shards f;
        bool good = find_shards_in(s, path, false, &f, err) && config_open(s, path, &f, out, err);
        shards_free(&f);
        return good;
    }
    if (!ends_with(path, ".gguf") && ollama_is_manifest(path))
        return ollama_open_manifest(s, path, out, err);
    input *in = input_open(path, err);
    if (!in)
        return false;
    bool good = model_gguf_open(s, path, in, out, err);
    input_close(in);
    return good;
}
