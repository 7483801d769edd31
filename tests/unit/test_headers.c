/* The GGUF headers of tests/accuracy/headers: metadata and tensor list of files that llama.cpp's converter
 * and quantizer (release v0.5.0) made of synthetic models with published hyperparameters. headers.jsonl has
 * for each the size of the whole file, and what llama.cpp's allocator said of it: bytes of all tensors,
 * their number, and how many of each type. */
#define _POSIX_C_SOURCE 200809L
#include <cjson/cJSON.h>

#include "memory.h"
#include "model/model.h"

static vf_catalog *catalog;

/** The unpacked header, from gzip. */
static unsigned char *unpack(const char *path, size_t *n)
{
    char command[1024];
    (void)snprintf(command, sizeof command, "gzip -dc '%s'", path);
    FILE *pipe = popen(command, "r");
    size_t cap = 1 << 22;
    unsigned char *bytes = malloc(cap);
    *n = pipe && bytes ? fread(bytes, 1, cap, pipe) : 0;
    if (pipe)
        pclose(pipe);
    return bytes;
}

static uint64_t number(const cJSON *row, const char *key)
{
    const cJSON *node = cJSON_GetObjectItemCaseSensitive(row, key);
    return node ? (uint64_t)node->valuedouble : 0;
}

static void check_types(const vf_model *m, const cJSON *row, const char *name)
{
    const cJSON *types = cJSON_GetObjectItemCaseSensitive(row, "types");
    uint64_t sum = 0;
    for (const cJSON *t = types ? types->child : NULL; t; t = t->next) {
        const vf_type_info *info = vf_type_find(t->string);
        uint64_t n = 0;
        for (size_t i = 0; info && i < m->n_tensors; i++)
            n += m->tensors[i].type == info->type;
        CHECK(n == (uint64_t)t->valuedouble, "%s: %" PRIu64 " tensors of type %s", name, n, t->string);
        sum += n;
    }
    CHECK_U64(sum, m->n_tensors, name);
}

static void check_header(const char *path, uint64_t size, const cJSON *row, const char *name)
{
    size_t n;
    unsigned char *bytes = unpack(path, &n);
    memory_file f = {.bytes = bytes, .n = n, .size = size};
    memory_allocator counts = {0};
    vf_allocator a = {memory_resize, &counts};
    vf_source source = memory_source(&f, true, true);
    vf_error err = {0};
    vf_model *m = NULL;
    CHECK(vf_gguf_read(catalog, &source, NULL, &a, &m, &err) == VF_OK, "%s: %s: %s", name, err.key, err.text);
    if (m) {
        vf_model_facts facts;
        uint64_t sum = 0, unknown = 0;
        for (size_t i = 0; i < m->n_tensors; i++) {
            sum += vf_tensor_bytes(&m->tensors[i], m->tensors[i].type);
            unknown += m->tensors[i].role == VF_ROLE_UNKNOWN;
        }
        vf_model_describe(m, &facts);
        CHECK_U64(sum, number(row, "tensor_bytes"), name);
        CHECK_U64(m->n_tensors, number(row, "n_tensors"), name);
        CHECK_U64(unknown, 0, name);
        CHECK(facts.known_architecture, "%s: no record of %s", name, m->arch_name);
        CHECK(f.bytes_read <= n + 65536, "%s: %" PRIu64 " bytes read of a header of %zu", name, f.bytes_read, n);
        check_types(m, row, name);
    }
    vf_model_free(m);
    CHECK_U64(counts.in_use, 0, name);
    /* Cut anywhere it is refused. */
    for (size_t cut = 0; cut < n && bytes; cut += n / 50 + 1) {
        f = (memory_file){.bytes = bytes, .n = cut, .size = cut};
        source = memory_source(&f, true, true);
        CHECK(vf_gguf_read(catalog, &source, NULL, &a, &m, &err) == VF_ERR_DATA, "%s cut at %zu", name, cut);
    }
    free(bytes);
}

static char *next_line(FILE *f, char **line, size_t *cap)
{
    return getline(line, cap, f) > 0 ? *line : NULL;
}

static void test_kept(void)
{
    FILE *f = fopen("tests/unit/headers.jsonl", "r");
    char *line = NULL, path[256];
    size_t cap = 0;
    int rows = 0;
    CHECK(f != NULL, "no headers.jsonl");
    while (f && next_line(f, &line, &cap)) {
        cJSON *row = cJSON_Parse(line);
        const cJSON *file = cJSON_GetObjectItemCaseSensitive(row, "file");
        (void)snprintf(path, sizeof path, "tests/accuracy/headers/%s.gz", file ? file->valuestring : "?");
        check_header(path, number(row, "size"), row, path + sizeof "tests/accuracy/headers/" - 1);
        cJSON_Delete(row);
        rows++;
    }
    CHECK(rows >= 90, "%d rows", rows);
    free(line);
    if (f)
        fclose(f);
}

int main(void)
{
    memory_allocator counts = {0};
    vf_allocator a = {memory_resize, &counts};
    vf_error err = {0};
    CHECK(vf_catalog_new(&a, &catalog, &err) == VF_OK, "%s", err.text);
    test_kept();
    vf_catalog_free(catalog);
    return CHECK_END();
}
