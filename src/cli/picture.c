#include "cli/picture.h"

#include <stdlib.h>
#include <string.h>

const char *const portion_name[PORTION_KINDS] = {"weights", "KV cache",  "compute",   "runtime", "desktop",
                                                 "reserved", "held back", "not taken", "margin",  "free"};
const char portion_class[PORTION_KINDS][3] = {"pw", "pk", "pc", "pr", "pd", "ps", "po", "pl", "pm", "pf"};

const char *verdict_sign(vf_verdict v)
{
    static const char *const sign[] = {"\xe2\x9c\x93 fit", "! fragile", "\xe2\x9c\x97 no fit"};
    return sign[v];
}

/* Foreign text made printable; NULL when there is no memory. */
static char *copy(const char *text)
{
    buf b = {0};
    buf_plain(&b, text);
    buf_add(&b, "", 1);
    if (b.failed)
        buf_free(&b);
    return b.p;
}

static char *describe(const vf_result *e)
{
    const vf_type_info *k = vf_type_get((uint32_t)e->type_k), *v = vf_type_get((uint32_t)e->type_v);
    buf b = {0};
    buf_fmt(&b, "%s, %s, context %llu", e->runtime, vf_backend_name(e->backend), (unsigned long long)e->context);
    if (e->parallel > 1)
        buf_fmt(&b, ", %u sequences", e->parallel);
    if (k && v)
        buf_fmt(&b, ", cache %s/%s", k->name, v->name);
    buf_add(&b, "", 1);
    if (b.failed)
        buf_free(&b);
    return b.p;
}

static void clear(picture_row *r)
{
    free(r->model);
    free(r->quant);
    free(r->gpu);
    free(r->said);
    free(r->device);
    free(r->curve);
}

static bool fill(picture_row *out, const row *w)
{
    const vf_result *e = w->result;
    *out = (picture_row){.model = copy(w->model), .quant = copy(w->quant), .gpu = copy(w->gpu), .said = describe(e),
                         .verdict = e->verdict, .need = e->need, .available = e->available, .margin = e->margin,
                         .headroom = e->headroom, .n_devices = e->n_devices,
                         .host = {e->host.weights, e->host.kv_cache, e->host.compute, e->host.output},
                         .n_suggestions = w->n_suggestions};
    memcpy(out->suggestion, w->suggestion, sizeof out->suggestion);
    out->device = malloc((e->n_devices + 1u) * sizeof *out->device);
    if (out->device)
        memcpy(out->device, e->device, e->n_devices * sizeof *out->device);
    if (w->curve && w->curve->n > 1) {
        out->curve = malloc(sizeof *out->curve);
        if (!out->curve)
            return false;
        *out->curve = *w->curve;
    }
    return out->model && out->quant && out->gpu && out->said && out->device;
}

void picture_add(picture *p, const row *w)
{
    if (p->failed || p->n == PICTURE_ROWS) {
        p->failed = true;
        return;
    }
    if (p->n == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 16;
        picture_row *more = realloc(p->row, cap * sizeof *more);
        p->failed = !more;
        if (p->failed)
            return;
        p->row = more;
        p->cap = cap;
    }
    if (fill(&p->row[p->n], w)) {
        p->n++;
        return;
    }
    clear(&p->row[p->n]);
    p->failed = true;
}

void picture_free(picture *p)
{
    for (size_t i = 0; i < p->n; i++)
        clear(&p->row[i]);
    free(p->row);
    *p = (picture){0};
}

void picture_portions(const vf_device_result *d, uint64_t bytes[PORTION_KINDS])
{
    uint64_t held = d->reserved + d->desktop + d->other, free_bytes = d->headroom > 0 ? (uint64_t)d->headroom : 0;
    uint64_t margin = d->margin < free_bytes ? d->margin : free_bytes;
    for (int i = 0; i < VF_SEG_COUNT; i++)
        bytes[PORTION_WEIGHTS + i] = d->segment[i];
    bytes[PORTION_DESKTOP] = d->desktop;
    bytes[PORTION_RESERVED] = d->reserved;
    bytes[PORTION_OTHER] = d->other;
    bytes[PORTION_LEFT] = held + d->available < d->total ? d->total - held - d->available : 0;
    bytes[PORTION_MARGIN] = margin;
    bytes[PORTION_FREE] = free_bytes - margin;
}

bool picture_has(const picture *p, int kind)
{
    for (size_t i = 0; i < p->n; i++)
        for (uint32_t d = 0; d < p->row[i].n_devices; d++) {
            uint64_t bytes[PORTION_KINDS];
            picture_portions(&p->row[i].device[d], bytes);
            if (bytes[kind])
                return true;
        }
    return false;
}

uint64_t picture_scale(const picture *p)
{
    uint64_t most = 1;
    for (size_t i = 0; i < p->n; i++) {
        const picture_row *r = &p->row[i];
        uint64_t host = r->host[0] + r->host[1] + r->host[2] + r->host[3];
        for (uint32_t d = 0; d < r->n_devices; d++) {
            uint64_t bytes[PORTION_KINDS], sum = 0;
            picture_portions(&r->device[d], bytes);
            for (int k = 0; k < PORTION_KINDS; k++)
                sum += bytes[k];
            sum = sum > r->device[d].total ? sum : r->device[d].total;
            most = sum > most ? sum : most;
        }
        if (r->n_devices == 0 && host > most)
            most = host;
    }
    return most;
}

/* ---- matrix --------------------------------------------------------------------------------- */

static bool same_model(const picture_row *a, const picture_row *b)
{
    return strcmp(a->model, b->model) == 0 && strcmp(a->quant, b->quant) == 0 && strcmp(a->said, b->said) == 0;
}

static bool same_gpu(const picture_row *a, const picture_row *b)
{
    return strcmp(a->gpu, b->gpu) == 0;
}

/* Index of the row's like in a list, which it joins when it is new. */
static size_t place(const picture_row **list, size_t *n, const picture_row *r, bool (*same)(const picture_row *, const picture_row *))
{
    size_t i = 0;
    while (i < *n && !same(list[i], r))
        i++;
    if (i == *n)
        list[(*n)++] = r;
    return i;
}

bool matrix_make(const picture *p, matrix *m)
{
    *m = (matrix){0};
    if (p->n < 4)
        return false;
    m->model = malloc(p->n * sizeof *m->model);
    m->gpu = malloc(p->n * sizeof *m->gpu);
    for (size_t i = 0; m->model && m->gpu && i < p->n; i++) {
        (void)place(m->model, &m->n_models, &p->row[i], same_model);
        (void)place(m->gpu, &m->n_gpus, &p->row[i], same_gpu);
    }
    if (m->n_models < 2 || m->n_gpus < 2)
        return false;
    m->cell = calloc(m->n_models * m->n_gpus, sizeof *m->cell);
    for (size_t i = 0; m->cell && i < p->n; i++) {
        size_t y = place(m->model, &m->n_models, &p->row[i], same_model), x = place(m->gpu, &m->n_gpus, &p->row[i], same_gpu);
        m->cell[y * m->n_gpus + x] = &p->row[i];
    }
    return m->cell != NULL;
}

void matrix_free(matrix *m)
{
    free(m->model);
    free(m->gpu);
    free(m->cell);
    *m = (matrix){0};
}
