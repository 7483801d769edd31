/* Tensor lists and quantization mixes against llama.cpp's own: tests/unit/inventory.jsonl holds, for each
 * model, its hyperparameters, the number of tensors, a hash of all names and shapes, and for some file
 * types the sum of tensor bytes and the number of tensors of each type, as llama.cpp's loader and
 * llama-quantize (release v0.5.0, dry run) gave them for a file of these hyperparameters.
 * With VRAMFIT_TRUTH set to a folder with weights.jsonl all of its rows are checked, too. */
#include "sample.h"

#include "model/ftypes.h"

#define MAX_TYPES 64

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_name(const char *a, const char *b)
{
    while (*a && fold(*a) == fold(*b)) {
        a++;
        b++;
    }
    return !*a && !*b;
}

/* "Q4_0+im" is Q4_0 with an importance matrix. */
static vf_quant quant_of(const char *name)
{
    vf_quant q = {.kind = VF_QUANT_GGUF};
    (void)snprintf(q.name, sizeof q.name, "%s", name);
    char *plus = strchr(q.name, '+');
    if (plus)
        *plus = 0;
    q.imatrix = plus != NULL;
    const vf_ftype_info *info = vf_ftype_find(q.name);
    CHECK(info != NULL, "no file type %s", q.name);
    q.ftype = info ? info->id : 0;
    return q;
}

static void check_types(const vf_model *m, const uint16_t *types, const cJSON *want, const char *what)
{
    uint32_t n_types = 0;
    const cJSON *row;
    cJSON_ArrayForEach(row, want)
    {
        uint64_t n = 0;
        for (size_t i = 0; i < m->n_tensors; i++)
            n += same_name(vf_type_get(types[i])->name, row->string);
        CHECK(n == (uint64_t)row->valuedouble, "%s: %" PRIu64 " of %s, want %.0f", what, n, row->string,
              row->valuedouble);
        n_types++;
    }
    CHECK(n_types > 0, "%s: no types", what);
}

static bool check_quant(const vf_model *m, const char *quant, double bytes, const cJSON *want_types)
{
    char what[400];
    (void)snprintf(what, sizeof what, "%s %s", m->name, quant);
    vf_quant q = quant_of(quant);
    uint16_t *types = calloc(m->n_tensors, sizeof *types);
    vf_error err = {0};
    int failed = check_failed;
    vf_status s = vf_mix_types(m, &q, &sample_allocator, types, &err);
    CHECK(s == VF_OK, "%s: %s: %s", what, err.key, err.text);
    if (s == VF_OK) {
        CHECK_U64(vf_model_bytes(m, types), (uint64_t)bytes, what);
        check_types(m, types, want_types, what);
    }
    free(types);
    return check_failed == failed;
}

/* FNV-1a over the sorted lines "name ne0 ne1 ne2 ne3". */
static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list_hash(const vf_model *m, char out[17])
{
    char **lines = calloc(m->n_tensors, sizeof *lines);
    for (size_t i = 0; i < m->n_tensors; i++) {
        const vf_tensor *t = &m->tensors[i];
        char name[128];
        lines[i] = malloc(256);
        (void)snprintf(lines[i], 256, "%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
                       vf_tensor_name(m, t, name, sizeof name), t->ne[0], t->ne[1], t->ne[2], t->ne[3]);
    }
    qsort(lines, m->n_tensors, sizeof *lines, compare_lines);
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < m->n_tensors; i++) {
        for (const char *c = lines[i]; *c; c++)
            h = (h ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
        free(lines[i]);
    }
    free(lines);
    (void)snprintf(out, 17, "%016" PRIx64, h);
}

static void check_list(const vf_model *m, const cJSON *line)
{
    uint64_t elements = 0;
    for (size_t i = 0; i < m->n_tensors; i++)
        elements += vf_tensor_elements(&m->tensors[i]);
    char hash[17];
    list_hash(m, hash);
    CHECK_U64(m->n_tensors, (uint64_t)cJSON_GetObjectItem(line, "n_tensors")->valuedouble, m->name);
    CHECK_U64(elements, (uint64_t)cJSON_GetObjectItem(line, "n_params")->valuedouble, m->name);
    CHECK_STR(hash, cJSON_GetObjectItem(line, "list")->valuestring, m->name);
    if (getenv("VRAMFIT_LIST") && strcmp(getenv("VRAMFIT_LIST"), m->name) == 0)
        for (size_t i = 0; i < m->n_tensors; i++) {
            const vf_tensor *t = &m->tensors[i];
            char name[128];
            printf("%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
                   vf_tensor_name(m, t, name, sizeof name), t->ne[0], t->ne[1], t->ne[2], t->ne[3]);
        }
}

/* The layer table is the same when a file's tensors are there while it is made. */
static void check_from_file(vf_model *m)
{
    vf_layer *layers = m->layers;
    vf_error err = {0};
    m->from_file = true;
    CHECK(vf_layers_build(m, &err) == VF_OK, "%s: %s: %s", m->name, err.key, err.text);
    CHECK(memcmp(layers, m->layers, m->n_layers * sizeof *layers) == 0, "%s: another layer table", m->name);
    m->from_file = false;
    free(layers);
}

static void check_sample(vf_model **models, const cJSON *lines)
{
    unsigned i = 0;
    const cJSON *line;
    cJSON_ArrayForEach(line, lines)
    {
        vf_model *m = models[i++];
        if (!m)
            continue;
        check_list(m, line);
        check_from_file(m);
        const cJSON *quant;
        cJSON_ArrayForEach(quant, cJSON_GetObjectItem(line, "quants"))
            check_quant(m, quant->string, cJSON_GetObjectItem(quant, "bytes")->valuedouble,
                        cJSON_GetObjectItem(quant, "types"));
    }
}

static void check_truth(vf_model **models, unsigned n_models)
{
    const char *folder = getenv("VRAMFIT_TRUTH");
    char path[512];
    size_t n;
    if (!folder)
        return;
    (void)snprintf(path, sizeof path, "%s/weights.jsonl", folder);
    char *text = sample_read_file(path, &n);
    CHECK(text != NULL, "cannot read %s", path);
    unsigned rows = 0, equal = 0;
    for (char *at = text, *end; at && *at; at = end + 1) {
        end = strchr(at, '\n');
        if (end)
            *end = 0;
        cJSON *row = cJSON_Parse(at);
        const char *name = cJSON_GetObjectItem(row, "model")->valuestring;
        bool ok = false;
        for (unsigned i = 0; i < n_models; i++)
            if (models[i] && strcmp(models[i]->name, name) == 0)
                ok = check_quant(models[i], cJSON_GetObjectItem(row, "quant")->valuestring,
                                 cJSON_GetObjectItem(row, "tensor_bytes")->valuedouble,
                                 cJSON_GetObjectItem(row, "types"));
        rows++;
        equal += ok;
        cJSON_Delete(row);
        if (!end)
            break;
    }
    printf("weights.jsonl: %u rows, %u equal\n", rows, equal);
    CHECK(rows > 0 && rows == equal, "%u of %u rows equal", equal, rows);
    free(text);
}

int main(void)
{
    size_t n;
    char *text = sample_read_file("tests/unit/inventory.jsonl", &n);
    CHECK(text != NULL, "cannot read tests/unit/inventory.jsonl");
    cJSON *lines = cJSON_CreateArray();
    for (char *at = text ? strtok(text, "\n") : NULL; at; at = strtok(NULL, "\n"))
        cJSON_AddItemToArray(lines, cJSON_Parse(at));
    unsigned n_models = (unsigned)cJSON_GetArraySize(lines);
    CHECK(n_models > 0, "no models in the sample");
    vf_model **models = calloc(n_models + 1, sizeof *models);
    unsigned i = 0;
    const cJSON *line;
    cJSON_ArrayForEach(line, lines) models[i++] = sample_model(line);
    check_sample(models, lines);
    check_truth(models, n_models);
    for (i = 0; i < n_models; i++)
        vf_model_free(models[i]);
    free(models);
    cJSON_Delete(lines);
    free(text);
    return CHECK_END();
}
