/* Times of the library, in microseconds, one line each: what, median of the runs. Fed with one GGUF file, and a
 * model of the catalog. With --all also over every model of the catalog: "what median of the models, of one in ten more, most".
 *
 * usage: bench FILE.gguf MODEL-NAME
 *        bench --all
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <vramfit/load.h>

enum { RUNS = 301 };

static void *resize(void *ctx, void *p, size_t old_size, size_t new_size)
{
    (void)ctx;
    (void)old_size;
    if (new_size == 0) {
        free(p);
        return NULL;
    }
    return realloc(p, new_size);
}

static const vf_allocator heap = {resize, NULL};

static int64_t read_file(void *ctx, void *buffer, size_t n)
{
    return (int64_t)fread(buffer, 1, n, ctx);
}

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const char *what, double *times)
{
    qsort(times, RUNS, sizeof *times, compare);
    printf("%s %.2f\n", what, times[RUNS / 2]);
}

static void stop(const char *what, const vf_error *err)
{
    fprintf(stderr, "bench: %s: %s %s\n", what, err->key, err->text);
    exit(EXIT_FAILURE);
}

/** A question about a model in Q4_K_M on a card of 24 GB. */
static vf_request question(const vf_model *model, const vf_catalog *catalog, const char *runtime)
{
    vf_request request = {.model = model, .runtime = runtime, .n_devices = 1};
    vf_quant_entry quant;
    vf_error err = {0};
    uint32_t i = 0;

    if (vf_catalog_find(catalog, VF_KIND_QUANT, strcmp(runtime, "llama.cpp") == 0 ? "q4_k_m" : "bf16", &i, &err) != VF_OK)
        stop(runtime, &err);
    vf_catalog_quant(catalog, i, &quant);
    request.quant = quant.quant;
    vf_settings_init(&request.settings);
    strcpy(request.device[0].name, "24GB");
    request.device[0].total = UINT64_C(24) << 30;
    request.device[0].compute_capability = 86;
    return request;
}

/** Median time of an answer; negative: refused. */
static double answer_us(const vf_request *request, int runs, vf_result *result)
{
    static double times[RUNS];
    vf_error err = {0};

    for (int run = 0; run < runs; run++) {
        double start = now_us();
        if (vf_estimate(request, &heap, result, &err) != VF_OK)
            return -1;
        times[run] = now_us() - start;
    }
    qsort(times, (size_t)runs, sizeof *times, compare);
    return times[runs / 2];
}

static void time_estimate(const char *what, const vf_model *model, const vf_catalog *catalog)
{
    static double times[RUNS];
    static vf_result result;
    vf_request request = question(model, catalog, "llama.cpp");
    vf_error err = {0};
    double us = answer_us(&request, RUNS, &result);

    if (us < 0)
        stop(what, &err);
    printf("%s %.2f\n", what, us);
    vf_device other = request.device[0];
    for (int run = 0; run < RUNS; run++) {
        double start = now_us();
        for (unsigned more = 0; more < 100; more++) { /* each takes less than the clock tells apart */
            other.total = (uint64_t)(8 + more) << 30;
            if (vf_estimate_card(&request, &other, &result, &err) != VF_OK)
                stop("another card", &err);
        }
        times[run] = (now_us() - start) / 100;
    }
    report("another_card", times);
}

/** Every model of the catalog: opened with its inventory; an estimate with the compute graph simulated (llama.cpp), and one
 * of a runtime that needs none (vLLM). */
static void time_catalog(const vf_catalog *catalog)
{
    enum { OPEN, SIMULATED, PLAIN, COUNT };
    static vf_result result;
    static const char *const names[COUNT] = {"catalog_open", "catalog_estimate", "catalog_no_graph"};
    uint32_t count = vf_catalog_count(catalog, VF_KIND_MODEL);
    size_t n[COUNT] = {0};
    double *times[COUNT];
    vf_error err = {0};

    for (int k = 0; k < COUNT; k++)
        if (!(times[k] = calloc(count + 1u, sizeof **times)))
            stop("catalog", &err);
    for (uint32_t i = 0; i < count; i++) {
        vf_model *model = NULL;
        double start = now_us();
        if (vf_catalog_model_open(catalog, i, &heap, &model, &err) != VF_OK)
            stop(vf_catalog_name(catalog, VF_KIND_MODEL, i), &err);
        times[OPEN][n[OPEN]++] = now_us() - start;
        for (int k = SIMULATED; k < COUNT; k++) {
            vf_request request = question(model, catalog, k == SIMULATED ? "llama.cpp" : "vllm");
            double us = answer_us(&request, 21, &result);
            if (us >= 0) /* not every runtime has every architecture */
                times[k][n[k]++] = us;
        }
        vf_model_free(model);
    }
    for (int k = 0; k < COUNT; k++) {
        qsort(times[k], n[k], sizeof **times, compare);
        printf("%s %.2f %.2f %.2f %zu\n", names[k], times[k][n[k] / 2], times[k][n[k] * 9 / 10], times[k][n[k] - 1], n[k]);
        free(times[k]);
    }
}

int main(int argc, char **argv)
{
    static double times[RUNS];
    vf_error err = {0};
    vf_catalog *catalog = NULL;
    vf_model *model = NULL;
    uint32_t i = 0;

    bool all = argc == 2 && strcmp(argv[1], "--all") == 0;
    if (argc != 3 && !all)
        return EXIT_FAILURE;
    if (vf_catalog_new(&heap, &catalog, &err) != VF_OK)
        stop("catalog", &err);
    if (all) {
        time_catalog(catalog);
        vf_catalog_free(catalog);
        return EXIT_SUCCESS;
    }
    for (int run = 0; run < RUNS; run++) {
        FILE *f = fopen(argv[1], "rb");
        if (!f)
            return EXIT_FAILURE;
        vf_source source = {.name = argv[1], .read = read_file, .ctx = f, .size = UINT64_MAX};
        double start = now_us();
        if (vf_gguf_read(catalog, &source, NULL, &heap, &model, &err) != VF_OK)
            stop(argv[1], &err);
        times[run] = now_us() - start;
        vf_model_free(model);
        fclose(f);
    }
    report("gguf_header", times);
    if (vf_catalog_find(catalog, VF_KIND_MODEL, argv[2], &i, &err) != VF_OK ||
        vf_catalog_model_open(catalog, i, &heap, &model, &err) != VF_OK)
        stop(argv[2], &err);
    time_estimate("estimate", model, catalog);
    vf_model_free(model);
    vf_catalog_free(catalog);
    return EXIT_SUCCESS;
}
