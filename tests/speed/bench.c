/* Times of the library, in microseconds, one line each: what, median of the runs. Fed with one GGUF file.
 *
 * usage: bench FILE.gguf MODEL-NAME
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

static void time_estimate(const char *what, const vf_model *model, const vf_catalog *catalog)
{
    static double times[RUNS];
    static vf_result result;
    vf_request request = {.model = model, .runtime = "llama.cpp", .n_devices = 1};
    vf_quant_entry quant;
    vf_error err = {0};
    uint32_t i = 0;

    if (vf_catalog_find(catalog, VF_KIND_QUANT, "q4_k_m", &i, &err) != VF_OK)
        stop("q4_k_m", &err);
    vf_catalog_quant(catalog, i, &quant);
    request.quant = quant.quant;
    vf_settings_init(&request.settings);
    strcpy(request.device[0].name, "24GB");
    request.device[0].total = UINT64_C(24) << 30;
    request.device[0].compute_capability = 86;
    for (int run = 0; run < RUNS; run++) {
        double start = now_us();
        if (vf_estimate(&request, &heap, &result, &err) != VF_OK)
            stop(what, &err);
        times[run] = now_us() - start;
    }
    report(what, times);
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

int main(int argc, char **argv)
{
    static double times[RUNS];
    vf_error err = {0};
    vf_catalog *catalog = NULL;
    vf_model *model = NULL;
    uint32_t i = 0;

    if (argc != 3)
        return EXIT_FAILURE;
    if (vf_catalog_new(&heap, &catalog, &err) != VF_OK)
        stop("catalog", &err);
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
