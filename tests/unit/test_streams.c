/* What reading safetensors headers and shard indices promises beside the format itself: an error at any byte and a
 * want of memory at any growth are errors, files that were opened are closed, an error nobody wants to hear of is no
 * trouble, and limits hold: one less, just so, one more. */
#include "load/draft.h"
#include "load/json/jstream.h"
#include "load/names.h"
#include "load/safetensors/safetensors.h"
#include "memory.h"

/* ---- files ------------------------------------------------------------------------------------- */

/** A text, one part repeated `times`, and another text. */
typedef struct repeated {
    const char *before, *part, *behind;
    uint64_t first, one, last, size; /**< bytes of `before`, of the part, up to `behind`, of all */
    uint64_t pos, fail_at;           /**< fail_at: of the byte that cannot be read; UINT64_MAX: none */
} repeated;

static repeated repeat(const char *before, const char *part, uint64_t times, const char *behind)
{
    uint64_t first = strlen(before), one = strlen(part), last = first + times * one;
    return (repeated){before, part, behind, first, one, last, last + strlen(behind), 0, UINT64_MAX};
}

static repeated plain(const char *text)
{
    return repeat(text, "", 0, "");
}

static int64_t repeated_read(void *ctx, void *out, size_t n)
{
    repeated *f = ctx;
    char *to = out;
    size_t done = 0;
    while (done < n && f->pos < f->size && f->pos != f->fail_at) {
        uint64_t at = f->pos;
        bool within = at >= f->first && at < f->last;
        const char *from = within ? f->part + (at - f->first) % f->one : at < f->first ? f->before + at : f->behind + (at - f->last);
        uint64_t end = !within ? (at < f->first ? f->first : f->size) : f->one == 1 ? f->last : at + f->one - (at - f->first) % f->one;
        size_t take = (size_t)(end - at < n - done ? end - at : n - done);
        if (f->fail_at > at && f->fail_at - at < take)
            take = (size_t)(f->fail_at - at);
        if (within && f->one == 1)
            memset(to + done, *f->part, take);
        else
            memcpy(to + done, from, take);
        done += take;
        f->pos += take;
    }
    return done == 0 && f->pos == f->fail_at ? -1 : (int64_t)done;
}

static vf_source repeated_source(repeated *f)
{
    f->pos = 0;
    return (vf_source){"index.json", repeated_read, NULL, f, UINT64_MAX};
}

static bool take_shard(void *ctx, const char *name)
{
    (void)name;
    ++*(uint32_t *)ctx;
    return true;
}

static vf_status read_index(repeated *f, memory_allocator *counts, uint32_t *shards, vf_error *err)
{
    memory_allocator own = {0};
    counts = counts ? counts : &own;
    vf_allocator a = {memory_resize, counts};
    vf_source source = repeated_source(f);
    *shards = 0;
    vf_status status = vf_safetensors_index_read(&source, take_shard, shards, &a, err);
    CHECK_U64(counts->in_use, 0, "bytes not given back");
    CHECK_U64(counts->wrong_sizes, 0, "blocks given back with a wrong size");
    return status;
}

/** Everything that JSON has, so that an error of reading meets each kind of value. */
static const char all_kinds[] =
    "{ \"metadata\" : {\"total_size\":16.5, \"x\":[1,-2.5e+3,0,0E-1,2e7,-0.5,true,false,null,\r\n\t{\"a\":{}},[]],"
    "\"\\u00e9\\uD83d\\uDE00\":\"\\n\\ud7ff\"} ,\n"
    "\"weight_map\" : {\"a\":\"m-2.safetensors\" , \"b\":\"m-1.safetensors\"}}\n ";

static void test_index_unreadable(void)
{
    uint32_t shards;
    for (uint64_t at = 0; at < sizeof all_kinds - 1; at++) {
        repeated f = plain(all_kinds);
        f.fail_at = at;
        vf_error err = {0};
        CHECK(read_index(&f, NULL, &shards, &err) == VF_ERR_IO && shards == 0, "byte %" PRIu64 " cannot be read", at);
        CHECK(strcmp(err.text, "cannot read the shard index") == 0 && strcmp(err.file, "index.json") == 0, "byte %" PRIu64 ": %s: %s", at,
              err.file, err.text);
        CHECK(err.has_byte && err.byte == at, "byte %" PRIu64 ", said to be %" PRIu64, at, err.byte);
        CHECK(read_index(&f, NULL, &shards, NULL) == VF_ERR_IO, "byte %" PRIu64 ", and nobody to tell", at);
    }
    repeated whole = plain(all_kinds);
    CHECK(read_index(&whole, NULL, &shards, NULL) == VF_OK && shards == 2, "%u shards, and nobody to tell of errors", shards);
    repeated cut = plain("{\"weight_map\":{\"a\":\"m.safetensors\"");
    CHECK(read_index(&cut, NULL, &shards, NULL) == VF_ERR_DATA, "cut, and nobody to tell");
}

/** Each allocation of an index with more names than its arrays begin with. */
static void test_index_memory(void)
{
    char text[4096] = "{\"weight_map\":{";
    for (int i = 0; i < 40; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s\"%d\":\"m-%d.safetensors\"", i ? "," : "", i, i);
    strcat(text, "}}");
    uint64_t fail = 1;
    uint32_t shards;
    for (bool failed = true; failed; fail++) {
        repeated f = plain(text);
        memory_allocator counts = {.fail_at = fail};
        vf_error err = {0};
        vf_status status = read_index(&f, &counts, &shards, &err);
        failed = counts.calls >= fail;
        CHECK(status == (failed ? VF_ERR_NOMEM : VF_OK) && shards == (failed ? 0 : 40), "allocation %" PRIu64 ": %s", fail, err.text);
        CHECK(!failed || strcmp(err.text, "out of memory") == 0, "allocation %" PRIu64 ": %s", fail, err.text);
    }
    CHECK(fail > 8, "%" PRIu64 " allocations", fail);
}

/* ---- limits of an index ------------------------------------------------------------------------- */

static void test_index_entries(void)
{
    for (uint64_t n = VF_ST_ENTRIES; n <= VF_ST_ENTRIES + 1; n++) {
        repeated f = repeat("{\"weight_map\":{", "\"\":\"m.safetensors\",", n - 1, "\"\":\"m.safetensors\"}}");
        vf_error err = {0};
        uint32_t shards;
        vf_status status = read_index(&f, NULL, &shards, &err);
        CHECK(status == (n > VF_ST_ENTRIES ? VF_ERR_DATA : VF_OK), "%" PRIu64 " entries: %s", n, err.text);
        if (n > VF_ST_ENTRIES)
            CHECK_STR(err.text, "weight_map has more than 1048576 entries (limit)", "entries");
    }
}

/** Of white space, and within a value that is passed over; the last byte allowed is the last bracket. */
static void test_index_length(void)
{
    static const struct {
        const char *before, *behind;
    } rows[] = {
        {"{\"weight_map\":{\"a\":\"m.safetensors\"}", "}"},
        {"{\"metadata\":\"", "\",\"weight_map\":{\"a\":\"m.safetensors\"}}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int over = 0; over < 2; over++) {
            uint64_t rest = strlen(rows[i].before) + strlen(rows[i].behind);
            repeated f = repeat(rows[i].before, " ", VF_ST_INDEX - rest + (uint64_t)over, rows[i].behind);
            vf_error err = {0};
            uint32_t shards;
            vf_status status = read_index(&f, NULL, &shards, &err);
            CHECK(status == (over > 0 ? VF_ERR_DATA : VF_OK), "32 MiB and %d: %s", over, err.text);
            if (over > 0)
                CHECK_STR(err.text, "the JSON text is longer than 32 MiB (limit)", "length");
        }
}

/** A shard's name: with its ending 255 bytes, as file systems have it. */
static void test_index_names(void)
{
    for (size_t n = 254; n <= 256; n++) {
        char text[400], name[300];
        memset(name, 'n', sizeof name);
        strcpy(name + n - 12, ".safetensors");
        (void)snprintf(text, sizeof text, "{\"weight_map\":{\"a\":\"%s\"}}", name);
        repeated f = plain(text);
        vf_error err = {0};
        uint32_t shards;
        vf_status status = read_index(&f, NULL, &shards, &err);
        CHECK(status == (n > 255 ? VF_ERR_DATA : VF_OK), "a name of %zu bytes: %s", n, err.text);
        CHECK(n <= 255 || strstr(err.text, "no plain file name of a shard"), "%s", err.text);
    }
    static const struct {
        const char *name;
        bool plain;
    } rows[] = {{"a.safetensors", true}, {".safetensors", false}, {".a.safetensors", false}, {" .safetensors", true},
                {"\\u001f.safetensors", false}, {"~.safetensors", true}, {"\\u0080.safetensors", true}, {"a.safetensors ", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[100];
        (void)snprintf(text, sizeof text, "{\"weight_map\":{\"a\":\"%s\"}}", rows[i].name);
        repeated f = plain(text);
        uint32_t shards;
        CHECK((read_index(&f, NULL, &shards, NULL) == VF_OK) == rows[i].plain, "the name '%s'", rows[i].name);
    }
}

/** Values nested as deep as the limit are passed over. */
static void test_index_depth(void)
{
    for (size_t depth = VF_JS_DEPTH - 1; depth <= VF_JS_DEPTH + 1; depth++) {
        char text[300] = "{\"metadata\":";
        size_t n = strlen(text);
        memset(text + n, '[', depth - 1); /* the object around is the first */
        memset(text + n + depth - 1, ']', depth - 1);
        strcpy(text + n + 2 * (depth - 1), ",\"weight_map\":{\"a\":\"m.safetensors\"}}");
        repeated f = plain(text);
        vf_error err = {0};
        uint32_t shards;
        vf_status status = read_index(&f, NULL, &shards, &err);
        CHECK(status == (depth > VF_JS_DEPTH ? VF_ERR_DATA : VF_OK), "%zu levels: %s", depth, err.text);
        CHECK(depth <= VF_JS_DEPTH || strcmp(err.text, "nested deeper than 64 (limit)") == 0, "%s", err.text);
    }
}

/* ---- several headers ----------------------------------------------------------------------------- */

#define MAX_FILES 9

typedef struct headers {
    repeated file[MAX_FILES];
    char length[MAX_FILES][9]; /**< eight bytes in front; their own part of the file */
    uint32_t refused, opened, closed, at;
    uint64_t pos[MAX_FILES];
} headers;

/** The eight bytes of the length, then the header; there is no data. */
static int64_t header_read(void *ctx, void *out, size_t n)
{
    headers *h = ctx;
    repeated *f = &h->file[h->at];
    uint64_t *pos = &h->pos[h->at];
    if (*pos >= 8)
        return repeated_read(f, out, n);
    uint64_t length = f->size;
    if (f->fail_at == *pos + UINT32_MAX) /* within the length */
        return -1;
    *(unsigned char *)out = (unsigned char)(length >> (8 * *pos));
    ++*pos;
    return 1;
}

static vf_status open_header(void *ctx, uint32_t i, uint32_t n, vf_source *part, vf_error *err)
{
    headers *h = ctx;
    (void)n;
    if (i == h->refused) {
        if (err)
            err->status = VF_ERR_IO, strcpy(err->text, "not there");
        return VF_ERR_IO;
    }
    h->opened++;
    h->at = i;
    h->pos[i] = h->file[i].pos = 0;
    *part = (vf_source){"part", header_read, NULL, h, UINT64_MAX};
    return VF_OK;
}

static void close_header(void *ctx, vf_source *part)
{
    CHECK_STR(part->name, "part", "what is closed");
    ((headers *)ctx)->closed++;
}

static vf_status read_headers(headers *h, uint32_t n, memory_allocator *counts, vf_error *err)
{
    memory_allocator own = {0};
    counts = counts ? counts : &own;
    vf_allocator a = {memory_resize, counts};
    const vf_parts parts = {open_header, close_header, h};
    vf_model *m = NULL;
    h->opened = h->closed = 0;
    vf_status status = vf_safetensors_read(&parts, n, &a, &m, err);
    CHECK((status == VF_OK) == (m != NULL), "model and status differ");
    vf_model_free(m);
    CHECK_U64(h->closed, h->opened, "files closed");
    CHECK_U64(counts->in_use, 0, "bytes not given back");
    CHECK_U64(counts->wrong_sizes, 0, "blocks given back with a wrong size");
    return status;
}

#define ENTRY "{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}"

static headers two_files(void)
{
    headers h = {.refused = UINT32_MAX};
    h.file[0] = plain("{ \"__metadata__\" : {\"a\" : \"b\"} , \"t\\u00e9\" : {\"dtype\" : \"F32\" , \"shape\" : [ 0 , 2 ] ,"
                           " \"data_offsets\" : [ 0 , 0 ] } }\n ");
    h.file[1] = plain("{\"u\":" ENTRY "}");
    return h;
}

static void test_headers_unreadable(void)
{
    headers h = two_files();
    vf_error err = {0};
    CHECK(read_headers(&h, 2, NULL, &err) == VF_OK && h.opened == 2, "%s", err.text);
    CHECK(read_headers(&h, 2, NULL, NULL) == VF_OK, "nobody to tell of errors");
    for (uint32_t file = 0; file < 2; file++) {
        for (uint64_t at = 0; at < h.file[file].size; at++) {
            h.file[file].fail_at = at;
            CHECK(read_headers(&h, 2, NULL, &err) == VF_ERR_IO && h.opened == file + 1, "file %u, byte %" PRIu64, file, at);
            CHECK(strcmp(err.text, "cannot read the JSON header") == 0 && strcmp(err.file, "part") == 0, "%s: %s", err.file, err.text);
            CHECK_U64(err.byte, 8 + at, "the byte");
            CHECK(read_headers(&h, 2, NULL, NULL) == VF_ERR_IO, "file %u, byte %" PRIu64 ", and nobody to tell", file, at);
        }
        h.file[file].fail_at = UINT64_MAX;
        h.refused = file;
        CHECK(read_headers(&h, 2, NULL, &err) == VF_ERR_IO && strcmp(err.text, "not there") == 0 && h.opened == file, "%s", err.text);
        h.refused = UINT32_MAX;
    }
    h.file[0].fail_at = UINT32_MAX; /* the length's first byte */
    CHECK(read_headers(&h, 2, NULL, &err) == VF_ERR_IO, "the length cannot be read");
    CHECK_STR(err.text, "cannot read the header length", "the length");
}

static void test_headers_memory(void)
{
    uint64_t fail = 1;
    for (bool failed = true; failed; fail++) {
        headers h = two_files();
        memory_allocator counts = {.fail_at = fail};
        vf_error err = {0};
        vf_status status = read_headers(&h, 2, &counts, &err);
        failed = counts.calls >= fail;
        CHECK(status == (failed ? VF_ERR_NOMEM : VF_OK), "allocation %" PRIu64 ": %d %s", fail, (int)status, err.text);
    }
    CHECK(fail > 12, "%" PRIu64 " allocations", fail);
}

/* ---- limits of models ---------------------------------------------------------------------------- */

/** Over all files: eight that each have as many as one may are read, and one that has a tensor more is not. */
static void test_tensors_of_all(void)
{
    headers h = {.refused = UINT32_MAX};
    for (uint32_t i = 0; i < MAX_FILES; i++) {
        char *text = malloc((size_t)VF_ST_TENSORS * 100 + 3), *at = text;
        *at++ = '{';
        for (uint32_t k = 0; k < (i < MAX_FILES - 1 ? VF_ST_TENSORS : 1); k++)
            at += sprintf(at, "%s\"layers.%u.mlp.experts.%u.up_proj.weight\":" ENTRY, k ? "," : "", i, k);
        strcpy(at, "}");
        h.file[i] = plain(text);
    }
    vf_error err = {0};
    CHECK(MAX_FILES - 1 == VF_MAX_TENSORS_COUNTED / VF_ST_TENSORS, "eight files are the limit");
    CHECK(read_headers(&h, MAX_FILES, NULL, &err) == VF_ERR_DATA && h.opened == MAX_FILES, "%u files", h.opened);
    CHECK_STR(err.text, "more than 1048576 tensors in all files (limit)", "tensors of all files");
    for (uint32_t i = 0; i < MAX_FILES; i++)
        free((char *)(uintptr_t)h.file[i].before);
}

/** A file's names take at most 16 MiB together, be they ever so known. */
static void test_names_of_one(void)
{
    enum { LONG = 60000, MANY = VF_NAMES_BYTES / LONG };
    for (int over = 0; over < 2; over++) {
        char *text = malloc((size_t)(MANY + 2) * (LONG + 100)), *at = text;
        size_t left = VF_NAMES_BYTES - (size_t)MANY * LONG + (size_t)over;
        *at++ = '{';
        for (uint32_t i = 0; i <= MANY; i++) {
            char tail[64];
            size_t length = i < MANY ? LONG : left, n = 0;
            for (int digits = 3; digits < 9 && (n == 0 || (length - n) % 6 != 0); digits++)
                n = (size_t)snprintf(tail, sizeof tail, "layers.0.mlp.experts.%0*u.up_proj.weight", digits, i);
            at += sprintf(at, "%s\"", i ? "," : "");
            for (size_t k = 0; k < length - n; k += 6) /* as often as one likes */
                at += sprintf(at, "model.");
            at += sprintf(at, "%s\":" ENTRY, tail);
        }
        strcpy(at, "}");
        headers h = {.refused = UINT32_MAX};
        h.file[0] = plain(text);
        vf_error err = {0};
        vf_status status = read_headers(&h, 1, NULL, &err);
        CHECK(status == (over ? VF_ERR_DATA : VF_OK), "16 MiB of names and %d: %s", over, err.text);
        CHECK(!over || strcmp(err.text, "the names of tensors take more than 16777216 bytes (limit)") == 0, "%s", err.text);
        free(text);
    }
}

/** What is kept of a model: records of tensors, and names of those that are unknown. */
static void test_kept(void)
{
    memory_allocator counts = {0};
    vf_allocator a = {memory_resize, &counts};
    vf_error err = {0};
    vf_draft d;
    vf_tensor known = {.role = VF_ROLE_ATTN_Q}, unknown = {.role = VF_ROLE_UNKNOWN};
    CHECK(vf_draft_init(&d, &a, &err) == VF_OK, "%s", err.text);
    for (uint32_t i = 0; i < VF_MAX_TENSORS_KEPT; i++)
        CHECK(vf_draft_tensor(&d, &known, "", 0, &err) == VF_OK, "tensor %u: %s", i, err.text);
    CHECK(vf_draft_tensor(&d, &known, "", 0, &err) == VF_ERR_RANGE, "one tensor more");
    CHECK_STR(err.text, "more than 262144 tensors (limit)", "tensors");
    vf_draft_drop(&d);
    static char name[1 << 20];
    memset(name, 'n', sizeof name);
    for (size_t over = 0; over < 2; over++) {
        CHECK(vf_draft_init(&d, &a, &err) == VF_OK, "%s", err.text);
        for (int i = 0; i < 7; i++)
            CHECK(vf_draft_tensor(&d, &unknown, name, sizeof name - 1, &err) == VF_OK, "%s", err.text);
        /* the empty name takes a byte, and each its NUL */
        vf_status status = vf_draft_tensor(&d, &unknown, name, sizeof name - 2 + over, &err);
        CHECK(status == (over ? VF_ERR_RANGE : VF_OK) && d.m->n_tensors == 8 - over, "8 MiB of names and %zu: %s", over, err.text);
        CHECK(!over || strcmp(err.text, "names of unknown tensors take more than 8388608 bytes (limit)") == 0, "%s", err.text);
        vf_draft_drop(&d);
    }
    vf_draft_drop(&d); /* twice does no harm */
    CHECK_U64(counts.in_use, 0, "bytes not given back");
    CHECK_U64(counts.wrong_sizes, 0, "blocks given back with a wrong size");
}

int main(void)
{
    test_index_unreadable();
    test_index_memory();
    test_index_entries();
    test_index_length();
    test_index_names();
    test_index_depth();
    test_headers_unreadable();
    test_headers_memory();
    test_tensors_of_all();
    test_names_of_one();
    test_kept();
    return CHECK_END();
}
