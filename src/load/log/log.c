/* Logs, line by line: what is a line, and where a load begins and ends. */
#include "load/log/log.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "load/source.h"

/* ---- amounts and text ------------------------------------------------------------------------ */

#define DIGITS 15 /* of a number: no product below leaves 64 bits */

const char *vf_log_skip_blanks(const char *p)
{
    while (*p == ' ') /* a line's control characters are blanks by now */
        p++;
    return p;
}

bool vf_log_number(const char **p, uint64_t *v)
{
    const char *s = vf_log_skip_blanks(*p);
    unsigned n = 0;
    *v = 0;
    for (; *s >= '0' && *s <= '9' && n < DIGITS; n++)
        *v = *v * 10 + (uint64_t)(*s++ - '0');
    *p = s;
    return n > 0 && !(*s >= '0' && *s <= '9');
}

bool vf_log_decimal(const char **p, uint64_t *v, unsigned *decimals)
{
    *decimals = 0;
    if (!vf_log_number(p, v) || *v > UINT64_C(1000000000000))
        return false;
    if (**p != '.')
        return true;
    for (const char *s = ++*p; *s >= '0' && *s <= '9'; *p = ++s) {
        if (*decimals == 3)
            return false;
        *v = *v * 10 + (uint64_t)(*s - '0');
        ++*decimals;
    }
    return *decimals > 0;
}

static void add(vf_log_size *size, uint64_t bytes, uint64_t low, uint64_t high)
{
    size->n++;
    size->bytes = vf_add(size->bytes, bytes);
    size->low = vf_add(size->low, low);
    size->high = vf_add(size->high, high);
}

void vf_log_add(vf_log_size *size, uint64_t value, unsigned decimals, uint64_t unit)
{
    uint64_t scale = 1;
    for (unsigned i = 0; i < decimals; i++)
        scale *= 10;
    /* whole and fraction apart, so that the product stays within 64 bits */
    uint64_t bytes = vf_add(vf_mul(value / scale, unit), vf_mul(value % scale, unit) / scale);
    uint64_t half = vf_ceil_div(unit, 2 * scale);
    add(size, bytes, bytes > half ? bytes - half : 0, vf_add(bytes, half));
}

void vf_log_add_floor(vf_log_size *size, uint64_t value, uint64_t unit)
{
    uint64_t bytes = vf_mul(value, unit);
    add(size, bytes, bytes, vf_add(bytes, unit - 1));
}

void vf_log_text(char *field, size_t size, const char *text, size_t n)
{
    while (n > 0 && *text == ' ') {
        text++;
        n--;
    }
    while (n > 0 && text[n - 1] == ' ')
        n--;
    size_t most = size - 1;
    if (n > most)
        n = most;
    memcpy(field, text, n);
    field[n] = 0;
}

/* ---- devices --------------------------------------------------------------------------------- */

static bool ends_with(const char *text, size_t n, const char *end)
{
    size_t m = strlen(end);
    return n >= m && memcmp(text + n - m, end, m) == 0;
}

/** Buffer types that live in system memory: the CPU's own, packed ones, and pinned memory of a card. */
static bool is_host(const char *name, size_t n)
{
    static const char *const names[] = {"AMX", "BLAS", "Host", "host"};
    if (n >= 3 && memcmp(name, "CPU", 3) == 0)
        return true;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i]) == n && memcmp(name, names[i], n) == 0)
            return true;
    return ends_with(name, n, "_Host");
}

vf_log_device *vf_log_find_device(vf_log_reader *r, const char *name, size_t n)
{
    static const char *const suffixes[] = {"_Mapped", "_Private", "_Shared", "_Split"};
    vf_log *log = &r->log;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)name[i] <= ' ' || (unsigned char)name[i] >= 0x7f)
            return NULL;
    if (n == 0)
        return NULL;
    if (is_host(name, n))
        return &log->host;
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++)
        if (ends_with(name, n, suffixes[i]))
            n -= strlen(suffixes[i]);
    for (uint32_t i = 0; i < log->n_devices; i++)
        if (strlen(log->device[i].name) == n && memcmp(log->device[i].name, name, n) == 0)
            return &log->device[i];
    if (log->n_devices == VF_MAX_DEVICES || n == 0 || n >= sizeof log->device[0].name)
        return NULL;
    vf_log_device *d = &log->device[log->n_devices++];
    memcpy(d->name, name, n);
    d->name[n] = 0;
    size_t digits = n;
    while (digits > 0 && d->name[digits - 1] >= '0' && d->name[digits - 1] <= '9')
        digits--;
    uint64_t index;
    const char *p = d->name + digits;
    if (vf_log_number(&p, &index) && index < VF_MAX_DEVICES) {
        d->compute_capability = r->card[index].compute_capability;
        memcpy(d->gpu, r->card[index].name, sizeof d->gpu);
    }
    return d;
}

bool vf_log_says(const vf_log *log, vf_log_term term)
{
    bool says = log->host.term[term].n > 0;
    for (uint32_t i = 0; i < log->n_devices; i++)
        says = says || log->device[i].term[term].n > 0;
    return says;
}

void vf_log_forget(vf_log *log, vf_log_term term)
{
    log->host.term[term] = (vf_log_size){0};
    for (uint32_t i = 0; i < log->n_devices; i++)
        log->device[i].term[term] = (vf_log_size){0};
}

/* ---- loads ----------------------------------------------------------------------------------- */

static void tell(vf_log_reader *r, const vf_log *log)
{
    if (r->stopped)
        return;
    r->n_told++;
    r->stopped = !r->fn(r->ctx, log);
}

/** Weights were printed, and all of them as nothing: a trial, though its no_alloc was not printed. */
static bool has_no_weights(const vf_log *log)
{
    uint64_t sum = log->host.term[VF_LOG_WEIGHTS].bytes;
    for (uint32_t i = 0; i < log->n_devices; i++)
        sum = vf_add(sum, log->device[i].term[VF_LOG_WEIGHTS].bytes);
    return vf_log_says(log, VF_LOG_WEIGHTS) && sum == 0;
}

void vf_log_end_load(vf_log_reader *r)
{
    bool any = false;
    for (int t = 0; t < VF_LOG_TERMS; t++)
        any = any || vf_log_says(&r->log, (vf_log_term)t);
    if (!any || r->n_cached < r->n_cached_first)
        return; /* fewer layers than before: a context of the MTP blocks alone */
    r->log.no_alloc = r->log.no_alloc || has_no_weights(&r->log);
    if (r->log.no_alloc)
        vf_log_forget(&r->log, VF_LOG_WEIGHTS); /* printed as 0.00 MiB */
    if (r->log.no_alloc || r->log.estimate) {
        r->fallback = r->log;
        r->has_fallback = true;
    } else {
        tell(r, &r->log);
    }
}

void vf_log_begin_load(vf_log_reader *r)
{
    vf_log_end_load(r);
    memset(&r->log, 0, sizeof r->log);
    memset(r->from_table, 0, sizeof r->from_table);
    memcpy(r->log.host.name, "host", 5);
    r->log.line = r->line;
    r->aside = false;
    r->n_repeating = r->n_cached = r->n_cached_first = 0;
}

void vf_log_begin_again(vf_log_reader *r)
{
    if (!vf_log_says(&r->log, VF_LOG_KV_CACHE) && !vf_log_says(&r->log, VF_LOG_COMPUTE))
        return;
    vf_log_end_load(r);
    for (int t = 0; t < VF_LOG_TERMS; t++) {
        vf_log_forget(&r->log, (vf_log_term)t);
        r->from_table[t] = false;
    }
    r->n_cached = r->n_cached_first = 0;
    r->log.line = r->line;
    r->log.no_alloc = r->log.has_types = false;
}

void vf_log_begin_context(vf_log_reader *r)
{
    vf_log *log = &r->log;
    if (!vf_log_says(log, VF_LOG_KV_CACHE) && !vf_log_says(log, VF_LOG_COMPUTE) && !vf_log_says(log, VF_LOG_OUTPUT))
        return;
    vf_log_end_load(r);
    for (int t = VF_LOG_KV_CACHE; t < VF_LOG_TERMS; t++) {
        vf_log_forget(log, (vf_log_term)t);
        r->from_table[t] = false;
    }
    r->n_cached_first = r->n_cached > r->n_cached_first ? r->n_cached : r->n_cached_first;
    r->n_cached = 0;
    log->line = r->line;
    log->n_ctx = 0;
    log->n_seq_max = log->n_batch = log->n_ubatch = log->n_outputs_max = 0;
    log->flash_attn = VF_AUTO;
    log->has_types = log->kv_unified = log->swa_full = false;
}

/* ---- lines ----------------------------------------------------------------------------------- */

/** Escape sequences (colours) go, other control characters become blanks. */
static void clean(char *line, size_t *length)
{
    size_t n = 0;
    for (size_t i = 0; i < *length; i++) {
        unsigned char c = (unsigned char)line[i];
        if (c == 0x1b && i + 1 < *length && line[i + 1] == '[') {
            for (i += 2; i < *length && !((unsigned char)line[i] >= 0x40 && (unsigned char)line[i] <= 0x7e);)
                i++;
            continue;
        }
        line[n++] = c < 0x20 || c == 0x7f ? ' ' : (char)c;
    }
    line[n] = 0;
    *length = n;
}

static void take_line(vf_log_reader *r, char *line, size_t length)
{
    r->line++;
    clean(line, &length);
    if (!vf_log_ollama_line(r, line))
        vf_log_llama_line(r, line);
}

typedef struct text_reader {
    char chunk[VF_LOG_LINE];
    char line[VF_LOG_LINE + 1];
    size_t length; /**< of `line` so far */
} text_reader;

static void take_chunk(vf_log_reader *r, text_reader *t, const char *p, size_t n)
{
    while (n > 0) {
        const char *end = memchr(p, '\n', n);
        size_t m = end ? (size_t)(end - p) : n, room = VF_LOG_LINE - t->length;
        memcpy(t->line + t->length, p, m < room ? m : room);
        t->length += m < room ? m : room;
        p += m + (end != NULL);
        n -= m + (end != NULL);
        if (end) {
            take_line(r, t->line, t->length);
            t->length = 0;
        }
    }
}

static vf_status read_all(vf_source *source, vf_log_reader *r, text_reader *t, vf_error *err)
{
    vf_log_begin_load(r);
    r->log.line = 1;
    while (!r->stopped) {
        int64_t got = source->read(source->ctx, t->chunk, sizeof t->chunk);
        if (got < 0 || got > (int64_t)sizeof t->chunk) {
            (void)vf_fail(err, VF_ERR_IO, "cannot read the log");
            if (err)
                vf_set_text(err->file, sizeof err->file, source->name);
            return VF_ERR_IO;
        }
        if (got == 0)
            break;
        take_chunk(r, t, t->chunk, (size_t)got);
    }
    if (t->length > 0 && !r->stopped)
        take_line(r, t->line, t->length);
    vf_log_end_load(r);
    if (r->n_told == 0 && r->has_fallback)
        tell(r, &r->fallback);
    return VF_OK;
}

vf_status vf_log_read(vf_source *source, const vf_allocator *a, vf_log_fn fn, void *ctx, vf_error *err)
{
    vf_log_reader *r = vf_alloc_zero(a, 1, sizeof *r);
    text_reader *t = r ? vf_alloc(a, sizeof *t) : NULL;
    vf_status st;
    if (t) {
        t->length = 0;
        r->fn = fn;
        r->ctx = ctx;
        st = read_all(source, r, t, err);
    } else {
        st = vf_fail(err, VF_ERR_NOMEM, "out of memory");
    }
    vf_free(a, t, sizeof *t);
    vf_free(a, r, sizeof *r);
    return st;
}
