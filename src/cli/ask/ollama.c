#define _POSIX_C_SOURCE 200809L
#include "cli/ask/ollama.h"
#include "cli/ask/model_file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_LIMIT 4096
#define JSON_LIMIT ((size_t)1 << 20)
#define DEFAULT_HOST "registry.ollama.ai"
#define DEFAULT_NAMESPACE "library"
#define DEFAULT_TAG "latest"
/* Newer versions keep manifests in a second folder, under another name of their own registry. */
#define HOST_V2 "ollama.com"
#define PREFIX "ollama:"
/* Names that are looked at for suggestions. */
#define SCAN_LIMIT 4096
#define SUGGESTIONS 3

/* ---- names ---------------------------------------------------------------------------------------- */

enum { HOST, NAMESPACE, NAME, TAG, PARTS };

typedef struct store_name {
    char part[PARTS][129]; /**< types/model/name.go: at most 128 characters each */
} store_name;

/* A part becomes a folder: letters, digits, _ . -, and none of the last two in front. */
static bool set_part(store_name *n, int which, const char *text, size_t length)
{
    if (length == 0 || length >= sizeof n->part[0])
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
        if (!plain && (i == 0 || (c != '.' && c != '-' && !(c == ':' && which == HOST))))
            return false;
    }
    memcpy(n->part[which], text, length);
    n->part[which][length] = 0;
    return true;
}

static bool parse_name(const char *text, store_name *out)
{
    const char *slash = strrchr(text, '/'), *name = slash ? slash + 1 : text, *colon = strchr(name, ':');
    *out = (store_name){.part = {DEFAULT_HOST, DEFAULT_NAMESPACE, "", DEFAULT_TAG}};
    if (!set_part(out, NAME, name, colon ? (size_t)(colon - name) : strlen(name)) ||
        (colon && !set_part(out, TAG, colon + 1, strlen(colon + 1))))
        return false;
    if (!slash)
        return true;
    const char *before = slash;
    while (before > text && before[-1] != '/')
        before--;
    return set_part(out, NAMESPACE, before, (size_t)(slash - before)) &&
           (before == text || set_part(out, HOST, text, (size_t)(before - 1 - text)));
}

#define SHORT_SIZE (PARTS * sizeof ((store_name *)NULL)->part[0])

/* As `ollama list` shows it: without the parts that are understood. */
static void shorten(const store_name *n, char out[SHORT_SIZE])
{
    bool host = strcmp(n->part[HOST], DEFAULT_HOST) != 0 && strcmp(n->part[HOST], HOST_V2) != 0;
    bool space = host || strcmp(n->part[NAMESPACE], DEFAULT_NAMESPACE) != 0;
    (void)snprintf(out, SHORT_SIZE, "%s%s%s%s%s:%s", host ? n->part[HOST] : "", host ? "/" : "", space ? n->part[NAMESPACE] : "",
                   space ? "/" : "", n->part[NAME], n->part[TAG]);
}

/* ---- where things lie ----------------------------------------------------------------------------- */

/* Store number i; false past the last. */
static bool store_folder(int i, char out[PATH_LIMIT])
{
    const char *named = getenv("OLLAMA_MODELS"), *home = getenv("HOME");
    bool in_home = home && home[0] == '/';
    if (named && named[0])
        return i == 0 && io_join(named, true, "", out, PATH_LIMIT);
    if (i == 0 && in_home)
        return io_join(home, true, ".ollama/models", out, PATH_LIMIT);
    return i == in_home && io_join("/usr/share/ollama/.ollama/models", true, "", out, PATH_LIMIT);
}

static bool manifest_path(const char *store, const char *folder, const char *host, const store_name *n, char out[PATH_LIMIT])
{
    size_t used = strlen(store);
    bool slash = used > 0 && store[used - 1] == '/';
    int length = snprintf(out, PATH_LIMIT, "%s%s%s/%s/%s/%s/%s", store, slash ? "" : "/", folder, host, n->part[NAMESPACE],
                          n->part[NAME], n->part[TAG]);
    return length > 0 && length < PATH_LIMIT && io_kind(out) == FILE_REGULAR;
}

/* manifest/paths.go: the new folder first, and either name of the registry in the old one. */
static bool find_manifest(const char *store, const store_name *n, char out[PATH_LIMIT])
{
    const char *host = n->part[HOST];
    bool own = strcmp(host, DEFAULT_HOST) == 0 || strcmp(host, HOST_V2) == 0;
    return manifest_path(store, "manifests-v2", own ? HOST_V2 : host, n, out) ||
           manifest_path(store, "manifests", host, n, out) ||
           (own && manifest_path(store, "manifests", strcmp(host, HOST_V2) == 0 ? DEFAULT_HOST : HOST_V2, n, out));
}

/* A path to a manifest, taken apart: how long the store's is, and the name. */
static bool split_path(const char *path, size_t *store_length, store_name *n)
{
    const char *at = path + strlen(path);
    for (int part = PARTS - 1; part >= 0; part--) {
        const char *end = at;
        while (at > path && at[-1] != '/')
            at--;
        if (at == path || !set_part(n, part, at, (size_t)(end - at)))
            return false;
        at--;
    }
    static const char *const folders[] = {"manifests", "manifests-v2"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        size_t length = strlen(folders[i]);
        if ((size_t)(at - path) > length && memcmp(at - length, folders[i], length) == 0 && at[-(ptrdiff_t)length - 1] == '/') {
            *store_length = (size_t)(at - path) - length;
            return true;
        }
    }
    return false;
}

/* Made absolute, for a program started within the store. */
static bool absolute(const char *path, char out[PATH_LIMIT])
{
    char here[PATH_LIMIT];
    while (path[0] == '.' && path[1] == '/')
        path += 2;
    if (path[0] == '/' && strlen(path) < PATH_LIMIT)
        return memcpy(out, path, strlen(path) + 1);
    return path[0] != '/' && getcwd(here, sizeof here) && io_join(here, true, path, out, PATH_LIMIT);
}

bool ollama_is_manifest(const char *path)
{
    char full[PATH_LIMIT];
    size_t store;
    store_name n;
    return absolute(path, full) && split_path(full, &store, &n);
}

/* ---- blobs ---------------------------------------------------------------------------------------- */

/* An opened manifest: what its errors are about. */
typedef struct store {
    session *s;
    const char *folder;
    char shown[240];    /**< path of the manifest, safe to print */
} store;

static void set_shown(const char *path, char *out, size_t size)
{
    buf b = {0};
    buf_plain(&b, path);
    buf_add(&b, "", 1);
    text_set(out, size, b.failed ? "" : b.p);
    buf_free(&b);
}

static bool fail_blob(const store *t, vf_error *err, const vf_ollama_blob *blob, const char *what)
{
    (void)fail(err, "", "blob %s %s", blob->name, what);
    text_set(err->file, sizeof err->file, t->shown);
    err->status = VF_ERR_DATA;
    return false;
}

static bool blob_path(const store *t, const vf_ollama_blob *blob, char out[PATH_LIMIT], vf_error *err)
{
    char name[sizeof blob->name + 8];
    (void)snprintf(name, sizeof name, "blobs/%s", blob->name);
    if (!io_join(t->folder, true, name, out, PATH_LIMIT))
        return fail(err, "", "path too long");
    return io_kind(out) != FILE_MISSING || fail_blob(t, err, blob, "is missing from the store (ollama pull fetches it)");
}

static bool check_size(const store *t, const vf_ollama_blob *blob, uint64_t size, vf_error *err)
{
    char text[120];
    (void)snprintf(text, sizeof text, "has %llu bytes, its size in the manifest is %llu (an interrupted download?)",
                   (unsigned long long)size, (unsigned long long)blob->bytes);
    return size == blob->bytes || fail_blob(t, err, blob, text);
}

static bool open_gguf(const store *t, const vf_ollama_blob *blob, subject *out, vf_error *err)
{
    char path[PATH_LIMIT];
    if (!blob_path(t, blob, path, err))
        return false;
    input *in = input_open(path, err);
    bool good = in && check_size(t, blob, in->size, err) && model_gguf_open(t->s, path, in, out, err);
    input_close(in);
    return good;
}

/* A projector or an adapter: tensors without layers of their own. */
static bool open_layer(const store *t, const vf_ollama_blob *blob, vf_member_kind kind, subject *out, vf_error *err)
{
    subject sub = {0};
    if (!open_gguf(t, blob, &sub, err))
        return false;
    out->layer[out->n_layers].kind = kind;
    out->layer[out->n_layers++].model = sub.model;
    return sub.facts.n_layer == 0 || fail_blob(t, err, blob, "is a model, not a projector or adapter");
}

static bool open_layers(const store *t, const vf_ollama_manifest *m, subject *out, vf_error *err)
{
    if (m->projector.name[0] && !open_layer(t, &m->projector, VF_MEMBER_MMPROJ, out, err))
        return false;
    for (uint32_t i = 0; i < m->n_adapters; i++)
        if (!open_layer(t, &m->adapter[i], VF_MEMBER_LORA, out, err))
            return false;
    return true;
}

static bool read_params(const store *t, const vf_ollama_blob *blob, vf_ollama_params *out, vf_error *err)
{
    char path[PATH_LIMIT], shown[240];
    size_t n;
    if (!blob_path(t, blob, path, err))
        return false;
    char *text = io_read_file(path, JSON_LIMIT, &n, err);
    if (!text)
        return false;
    set_shown(path, shown, sizeof shown);
    bool good = check_size(t, blob, n, err) && vf_ollama_params_read(shown, text, n, &t->s->alloc, out, err) == VF_OK;
    free(text);
    return good;
}

/* ---- manifests ------------------------------------------------------------------------------------ */

static bool read_manifest(store *t, const char *path, vf_ollama_manifest *out, vf_error *err)
{
    size_t n;
    char *text = io_read_file(path, JSON_LIMIT, &n, err);
    if (!text)
        return false;
    set_shown(path, t->shown, sizeof t->shown);
    bool good = vf_ollama_manifest_read(t->shown, text, n, &t->s->alloc, out, err) == VF_OK;
    free(text);
    return good;
}

/* The manifest itself, or the one that a list names for GGUF. */
static bool find_layers(store *t, const char *path, vf_ollama_manifest *out, vf_error *err)
{
    char blob[PATH_LIMIT];
    if (!read_manifest(t, path, out, err))
        return false;
    if (!out->manifest.name[0])
        return true;
    const vf_ollama_blob named = out->manifest;
    if (!blob_path(t, &named, blob, err) || !read_manifest(t, blob, out, err))
        return false;
    return !out->manifest.name[0] || fail_blob(t, err, &named, "is a list within a list");
}

static bool open_manifest(session *s, const char *folder, const char *path, const store_name *n, subject *out, vf_error *err)
{
    store t = {.s = s, .folder = folder};
    vf_ollama_manifest m;
    if (!find_layers(&t, path, &m, err) || !open_gguf(&t, &m.model, out, err) || !open_layers(&t, &m, out, err))
        return false;
    char title[SHORT_SIZE];
    shorten(n, title);
    text_set(out->title, sizeof out->title, title);
    out->loader = "ollama";
    return !m.params.name[0] || read_params(&t, &m.params, &out->params, err);
}

bool ollama_open_manifest(session *s, const char *path, subject *out, vf_error *err)
{
    char folder[PATH_LIMIT];
    size_t length;
    store_name n;
    if (!absolute(path, folder) || !split_path(folder, &length, &n))
        return fail(err, "", "not a manifest of Ollama's store: %s", quote(path).s);
    folder[length] = 0;
    return open_manifest(s, folder, path, &n, out, err);
}

/* ---- unknown names -------------------------------------------------------------------------------- */

typedef struct scan {
    const store_name *wanted;
    char wanted_short[SHORT_SIZE], folder[PATH_LIMIT], path[PATH_LIMIT];
    uint32_t n, n_best;
    struct {
        uint32_t distance;
        char name[SHORT_SIZE];
    } best[SUGGESTIONS];
} scan;

/* How far a name is from the one that was asked for; one that only goes on is near. */
static uint32_t distance_of(const scan *x, const store_name *n, const char *shown)
{
    const char *wanted = x->wanted->part[NAME];
    uint32_t whole = vf_name_distance(x->wanted_short, shown), stem = vf_name_distance(wanted, n->part[NAME]);
    uint32_t least = whole < stem ? whole : stem;
    return least > 1 && strncmp(n->part[NAME], wanted, strlen(wanted)) == 0 ? 1 : least;
}

static void consider(scan *x, const store_name *n)
{
    char name[SHORT_SIZE];
    shorten(n, name);
    x->n++;
    uint32_t distance = distance_of(x, n, name), at = x->n_best;
    if (distance > strlen(x->wanted->part[NAME]) / 3 + 1)
        return;
    for (uint32_t i = 0; i < x->n_best; i++)
        if (strcmp(x->best[i].name, name) == 0)
            return; /* in both folders */
    while (at > 0 && (distance < x->best[at - 1].distance ||
                      (distance == x->best[at - 1].distance && strcmp(name, x->best[at - 1].name) < 0)))
        at--;
    if (at == SUGGESTIONS)
        return;
    uint32_t last = x->n_best < SUGGESTIONS ? x->n_best++ : SUGGESTIONS - 1;
    memmove(&x->best[at + 1], &x->best[at], (last - at) * sizeof x->best[0]);
    x->best[at].distance = distance;
    memcpy(x->best[at].name, name, sizeof name);
}

/* The folders of one level, and the tags at the end. */
static void scan_level(scan *x, const char *folder, int level, store_name *n)
{
    DIR *d = opendir(folder);
    const struct dirent *entry;
    while (d && x->n < SCAN_LIMIT && (entry = readdir(d))) {
        char path[PATH_LIMIT];
        if (!set_part(n, level, entry->d_name, strlen(entry->d_name)) || !io_join(folder, true, entry->d_name, path, sizeof path))
            continue;
        file_kind kind = io_kind(path);
        if (level < TAG && kind == FILE_FOLDER)
            scan_level(x, path, level + 1, n);
        else if (level == TAG && kind == FILE_REGULAR)
            consider(x, n);
    }
    if (d)
        (void)closedir(d);
}

static bool fail_unknown(const session *s, const char *text, const store_name *wanted, vf_error *err)
{
    scan *x = calloc(1, sizeof *x);
    char hint[300] = "";
    bool any = false;
    if (!x)
        return fail_nomem(err);
    x->wanted = wanted;
    shorten(wanted, x->wanted_short);
    for (int i = 0; store_folder(i, x->folder); i++) {
        store_name n;
        any = any || io_kind(x->folder) == FILE_FOLDER;
        if (!s->terse && io_join(x->folder, true, "manifests-v2", x->path, sizeof x->path))
            scan_level(x, x->path, HOST, &n);
        if (!s->terse && io_join(x->folder, true, "manifests", x->path, sizeof x->path))
            scan_level(x, x->path, HOST, &n);
    }
    size_t used = 0;
    for (uint32_t i = 0; i < x->n_best; i++) {
        int length = snprintf(hint + used, sizeof hint - used, "%s" PREFIX "%s", i == 0 ? " (did you mean '" : i + 1 == x->n_best ? "' or '" : "', '",
                              x->best[i].name);
        if (length < 0 || (size_t)length + 3 >= sizeof hint - used) {
            hint[used] = 0;
            break;
        }
        used += (size_t)length;
    }
    (void)snprintf(hint + used, sizeof hint - used, "%s", used ? "'?)" : "");
    free(x);
    if (any)
        (void)fail_value(err, "--model", text, "unknown model: not in Ollama's store%s", hint);
    else
        (void)fail_value(err, "--model", text, "unknown model: there is no Ollama store (%s)",
                         getenv("OLLAMA_MODELS") ? "OLLAMA_MODELS names no folder"
                         : getenv("HOME")        ? "no ~/.ollama/models, and OLLAMA_MODELS is not set"
                                                 : "neither OLLAMA_MODELS nor HOME is set");
    err->status = VF_ERR_NOT_FOUND;
    return false;
}

bool ollama_open(session *s, const char *text, subject *out, vf_error *err)
{
    const char *name = text + strlen(PREFIX);
    char folder[PATH_LIMIT], path[PATH_LIMIT];
    store_name n;
    if (!parse_name(name, &n))
        return fail_value(err, "--model", text, "not a name of Ollama's ([HOST/][NAMESPACE/]NAME[:TAG])");
    for (int i = 0; store_folder(i, folder); i++)
        if (find_manifest(folder, &n, path))
            return open_manifest(s, folder, path, &n, out, err);
    return fail_unknown(s, text, &n, err);
}

/* ---- what the model says of itself ------------------------------------------------------------------ */

void ollama_settings(const session *s, const subject *sub, vf_settings *out)
{
    const vf_ollama_params *p = &sub->params;
    if (p->num_ctx && !out->context)
        out->context = p->num_ctx * (out->parallel ? out->parallel : 1);
    if (p->num_batch && !out->batch && !out->ubatch)
        out->batch = p->num_batch;
    if (p->has_num_gpu && !options_has(&s->opts, OPT_GPU_LAYERS))
        out->gpu_layers = p->num_gpu;
}

bool ollama_members(const session *s, const subject *sub, vf_member member[VF_MAX_MEMBERS], uint32_t *n, vf_error *err)
{
    for (uint32_t i = 0; i < sub->n_layers; i++) {
        vf_model_facts facts;
        if (sub->layer[i].kind == VF_MEMBER_MMPROJ && options_has(&s->opts, OPT_MMPROJ))
            continue;
        if (*n == VF_MAX_MEMBERS)
            return fail(err, "--model", "more than %d models beside the model", VF_MAX_MEMBERS);
        vf_model_describe(sub->layer[i].model, &facts);
        member[(*n)++] = (vf_member){.kind = sub->layer[i].kind, .model = sub->layer[i].model, .name = facts.name,
                                     .quant = {.kind = VF_QUANT_AS_FILE}};
    }
    return true;
}

void ollama_notes(const subject *sub, const vf_settings *before, const vf_request *q, row *w)
{
    const vf_ollama_params *p = &sub->params;
    const vf_settings *after = &q->settings;
    char text[120] = "";
    size_t used = 0;
    if (after->context != before->context)
        used += (size_t)snprintf(text, sizeof text, ", num_ctx %llu", (unsigned long long)p->num_ctx);
    if (after->batch != before->batch)
        used += (size_t)snprintf(text + used, sizeof text - used, ", num_batch %u", p->num_batch);
    if (after->gpu_layers != before->gpu_layers)
        used += (size_t)snprintf(text + used, sizeof text - used, ", num_gpu %u", p->num_gpu);
    if (used)
        row_note(w, "the model's own parameters are taken: %s", text + 2);
    if (sub->n_layers && strcmp(q->runtime, "ollama") != 0)
        row_note(w, "the model's projector or adapters are counted with --runtime ollama only");
}
