/* Logs: whatever stands in them, what is read keeps its promises, and so does the comparison. */
#include "fuzz.h"

typedef struct text {
    const uint8_t *p;
    size_t n;
} text;

static int64_t read_text(void *ctx, void *buffer, size_t n)
{
    text *t = ctx;
    n = n < t->n ? n : t->n;
    memcpy(buffer, t->p, n);
    t->p += n;
    t->n -= n;
    return (int64_t)n;
}

static void check_text(const char *s, size_t size)
{
    PROMISE(memchr(s, 0, size));
    for (; *s; s++)
        PROMISE((unsigned char)*s >= 0x20 && *s != 0x7F);
}

static void check_device(const vf_log_device *d)
{
    check_text(d->name, sizeof d->name);
    for (const char *s = d->name; *s; s++)
        PROMISE((unsigned char)*s < 0x7F);
    check_text(d->gpu, sizeof d->gpu);
    for (int t = 0; t < VF_LOG_TERMS; t++)
        PROMISE(d->term[t].low <= d->term[t].bytes && d->term[t].bytes <= d->term[t].high);
}

static bool check_log(void *ctx, const vf_log *log)
{
    static vf_result result;
    static vf_request request;
    vf_log_row rows[VF_LOG_ROWS];
    (void)ctx;
    check_text(log->path, sizeof log->path);
    check_text(log->name, sizeof log->name);
    check_text(log->quant, sizeof log->quant);
    PROMISE(log->n_devices <= VF_MAX_DEVICES && log->line > 0);
    PROMISE(!log->has_types || (vf_type_get(log->type_k) && vf_type_get(log->type_v)));
    for (uint32_t i = 0; i < log->n_devices; i++)
        check_device(&log->device[i]);
    check_device(&log->host);
    vf_log_request(log, &request);
    PROMISE(request.n_devices == log->n_devices);
    uint32_t n = vf_log_compare(log, &result, rows);
    PROMISE(n <= VF_LOG_ROWS);
    for (uint32_t i = 0; i < n; i++)
        PROMISE(vf_log_match_name(rows[i].match)[0] && vf_log_term_name(rows[i].term)[0]);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    text t = {data, size};
    vf_source source = {"fuzz", read_text, NULL, &t, UINT64_MAX};
    vf_error err;
    PROMISE(vf_log_read(&source, &fuzz_heap, check_log, NULL, &err) == VF_OK);
    PROMISE(fuzz_held == 0);
    return 0;
}
