#define _POSIX_C_SOURCE 200809L
#include "cli/session.h"
#include "cli/text/fail.h"
#include "cli/text/io.h"
#include "cli/ask/machine.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON_LIMIT ((size_t)1 << 20)
#define PATH_LIMIT 4096
/* No input is worth more; past this an allocation fails and is reported as any other. */
#define MEMORY_LIMIT ((size_t)56 << 20)

static void *resize(void *ctx, void *p, size_t old_size, size_t new_size)
{
    session *s = ctx;
    if (new_size == 0) {
        s->allocated -= old_size;
        free(p);
        return NULL;
    }
    if (new_size > old_size && new_size - old_size > MEMORY_LIMIT - s->allocated) {
        memory_short();
        return NULL;
    }
    void *q = realloc(p, new_size);
    if (q)
        s->allocated = s->allocated - old_size + new_size;
    else
        memory_short();
    return q;
}

void session_init(session *s)
{
    *s = (session){0};
    s->alloc = (vf_allocator){resize, s};
}

format_id session_format(const session *s)
{
    const opt_value *v = &s->opts.value[OPT_FORMAT];
    return v->text ? (format_id)v->word : FORMAT_TABLE;
}

static bool add_file(session *s, const char *path, vf_finding_fn fn, void *ctx, vf_error *err)
{
    size_t n = 0;
    char *text = io_read_file(path, JSON_LIMIT, &n, err);
    if (!text)
        return false;
    buf shown = {0};
    buf_plain(&shown, strcmp(path, "-") == 0 ? "standard input" : path);
    buf_add(&shown, "", 1);
    bool good = !shown.failed;
    if (!good)
        (void)fail_nomem(err);
    else
        good = vf_catalog_add(s->catalog, shown.p, text, n, fn, ctx, err) == VF_OK ||
               (fn && err->status != VF_ERR_NOMEM); /* told of already: the next file is looked at */
    buf_free(&shown);
    free(text);
    return good;
}

static int is_json(const struct dirent *entry)
{
    size_t n = strlen(entry->d_name);
    return entry->d_name[0] != '.' && n > 5 && strcmp(entry->d_name + n - 5, ".json") == 0;
}

/* Byte order, not the locale's: the same catalog everywhere. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool add_folder(session *s, const char *path, vf_finding_fn fn, void *ctx, size_t *n_files, vf_error *err)
{
    struct dirent **entry = NULL;
    int n = scandir(path, &entry, is_json, by_name);
    bool good = true;
    for (int i = 0; i < n; i++) {
        char file[PATH_LIMIT];
        if (good && !io_join(path, true, entry[i]->d_name, file, sizeof file))
            good = fail(err, "", "path too long: %s", quote(path).s);
        else if (good && io_kind(file) != FILE_FOLDER)
            good = add_file(s, file, fn, ctx, err);
        free(entry[i]);
    }
    free(entry);
    *n_files += n > 0 ? (size_t)n : 0;
    return good;
}

/* A file, or a folder as data/ is laid out: architectures before the models that name them. */
static bool add_path(session *s, const char *path, vf_finding_fn fn, void *ctx, size_t *n_files, vf_error *err)
{
    static const char *const folders[] = {"architectures", "models"};
    if (io_kind(path) != FILE_FOLDER) {
        ++*n_files;
        return add_file(s, path, fn, ctx, err);
    }
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char folder[PATH_LIMIT];
        if (!io_join(path, true, folders[i], folder, sizeof folder))
            return fail(err, "", "path too long: %s", quote(path).s);
        if (io_kind(folder) == FILE_FOLDER && !add_folder(s, folder, fn, ctx, n_files, err))
            return false;
    }
    return add_folder(s, path, fn, ctx, n_files, err);
}

bool session_add_catalog(session *s, const char *path, vf_finding_fn fn, void *ctx, vf_error *err)
{
    size_t n = 0;
    return add_path(s, path, fn, ctx, &n, err) && (n > 0 || fail(err, "", "%s: a directory without .json files", quote(path).s));
}

static bool add_user_folder(session *s, vf_error *err)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    char path[PATH_LIMIT];
    bool named = config && config[0] == '/';
    /* A relative path would make the answer depend on the folder that vramfit is started in. */
    if (!named && (!home || home[0] != '/'))
        return true;
    if (!io_join(named ? config : home, true, named ? "vramfit/catalog" : ".config/vramfit/catalog", path, sizeof path))
        return true;
    size_t n = 0;
    return io_kind(path) != FILE_FOLDER || add_path(s, path, NULL, NULL, &n, err);
}

bool session_catalog(session *s, vf_error *err)
{
    if (s->catalog)
        return true;
    *err = (vf_error){0};
    if (vf_catalog_new(&s->alloc, &s->catalog, err) != VF_OK || !add_user_folder(s, err))
        return false;
    size_t at = 0;
    for (const char *path; (path = options_next(&s->opts, OPT_CATALOG, &at));)
        if (!session_add_catalog(s, path, NULL, NULL, err))
            return false;
    return true;
}

vf_status session_find(const session *s, vf_kind kind, const char *name, uint32_t *index, vf_error *err)
{
    static const char *const what[VF_KIND_COUNT] = {"model", "architecture", "quantization", "GPU", "runtime", "desktop"};
    bool control = false; /* a separator to the catalog, a mistake here */
    for (const char *p = name; *p; p++)
        control = control || (unsigned char)*p < ' ';
    *err = (vf_error){0};
    if (!s->terse && !control)
        return vf_catalog_find(s->catalog, kind, name, index, err);
    vf_status st = control ? VF_ERR_NOT_FOUND : vf_catalog_find(s->catalog, kind, name, index, NULL);
    if (st != VF_OK)
        (void)fail(err, "", "unknown %s %s", what[kind], quote(name).s);
    err->status = st;
    return st;
}

void session_fork(session *out, const session *s)
{
    *out = *s;
    out->alloc = (vf_allocator){resize, out};
    out->allocated = 0;
    out->catalog = NULL;
    out->machine = NULL;
    out->out = (buf){0};
}

void session_unfork(session *s)
{
    vf_catalog_free(s->catalog);
    s->catalog = NULL;
    machine_free(s->machine);
    s->machine = NULL;
    buf_free(&s->out);
}

void session_free(session *s)
{
    vf_catalog_free(s->catalog);
    s->catalog = NULL;
    machine_free(s->machine);
    s->machine = NULL;
    options_free(&s->opts);
    buf_free(&s->out);
}
