#include "cli/report/picture.h"
#include "cli/report/say.h"

#include <stdlib.h>
#include <string.h>

const char *const portion_name[PORTION_KINDS] = {"reserved", "desktop",  "held back", "not taken", "weights",
                                                 "KV cache", "compute", "runtime",   "margin",    "free"};
const char portion_class[PORTION_KINDS][3] = {"ps", "pd", "po", "pl", "pw", "pk", "pc", "pr", "pm", "pf"};

const char *verdict_sign(vf_verdict v)
{
    static const char *const sign[] = {"\xe2\x9c\x93 fit", "! fragile", "\xe2\x9c\x97 no fit"};
    return sign[v];
}

/* The text of a buffer, which it empties; NULL when there is no memory. */
static char *taken(buf *b)
{
    buf_add(b, "", 1);
    if (b->failed)
        buf_free(b);
    char *text = b->p;
    *b = (buf){0};
    return text;
}

/* Foreign text made printable. */
static char *copy(const char *text)
{
    buf b = {0};
    buf_plain(&b, text);
    return taken(&b);
}

/* The same in a fixed field. */
static bool printable(char *field, size_t size)
{
    char *text = copy(field);
    if (!text)
        return false;
    text_set(field, size, text);
    free(text);
    return true;
}

static char *said(void (*say)(buf *, const vf_result *), const vf_result *e)
{
    buf b = {0};
    say(&b, e);
    return taken(&b);
}

static void clear(picture_row *r)
{
    char *text[] = {r->model, r->quant, r->gpu, r->runtime, r->size, r->settings, r->needs, r->pool, r->command};
    for (size_t i = 0; i < sizeof text / sizeof text[0]; i++)
        free(text[i]);
    for (uint32_t i = 0; i < r->n_members; i++) {
        free(r->member[i].name);
        free(r->member[i].command);
    }
    free(r->member);
    free(r->device);
    free(r->curve);
}

/* How the model number `i` of those side by side is started; NULL where nothing is said. */
static char *command_of(const row *w, uint32_t i)
{
    buf b = {0};
    if (i >= w->n_launch)
        return NULL;
    buf_add(&b, w->launch[i].p, w->launch[i].n);
    return taken(&b);
}

static bool fill_member(picture_member *out, const row *w, const vf_member_result *m, uint32_t nth)
{
    buf b = {0};
    bool own = m->kind == VF_MEMBER_ALSO;
    if (!own)
        buf_fmt(&b, "%s ", vf_member_kind_name(m->kind));
    buf_plain(&b, m->name);
    buf_str(&b, m->quant[0] ? ", " : "");
    buf_plain(&b, m->quant);
    if (own && m->cards) {
        buf_str(&b, " ");
        say_cards(&b, w->result, m->cards);
    }
    *out = (picture_member){.name = taken(&b), .weights = m->weights, .kv_cache = m->kv_cache, .compute = m->compute,
                            .host = m->host_weights + m->host_kv_cache + m->host_compute};
    if (own) {
        out->runtime = m->overhead;
        out->command = command_of(w, nth);
    }
    return out->name != NULL;
}

static bool fill_members(picture_row *out, const row *w)
{
    const vf_result *e = w->result;
    uint32_t own_processes = 0; /* models in processes of their own */
    bool good = true;
    if (e->n_members == 0)
        return true;
    out->member = memory_got(calloc(e->n_members, sizeof *out->member));
    if (!out->member)
        return false;
    for (out->n_members = 0; good && out->n_members < e->n_members; out->n_members++) {
        const vf_member_result *m = &e->member[out->n_members];
        own_processes += m->kind == VF_MEMBER_ALSO;
        good = fill_member(&out->member[out->n_members], w, m, own_processes);
    }
    if (own_processes)
        out->command = command_of(w, 0);
    return good;
}

static bool fill_devices(picture_row *out, const vf_result *e)
{
    out->device = memory_got(malloc((e->n_devices + 1u) * sizeof *out->device));
    if (!out->device)
        return false;
    memcpy(out->device, e->device, e->n_devices * sizeof *out->device);
    for (uint32_t i = 0; i < e->n_devices; i++)
        if (!printable(out->device[i].name, sizeof out->device[i].name))
            return false;
    return true;
}

static bool fill(picture_row *out, const row *w)
{
    const vf_result *e = w->result;
    *out = (picture_row){.model = copy(w->model), .quant = copy(w->quant), .gpu = copy(w->gpu), .runtime = copy(e->runtime),
                         .size = said(say_size, e), .settings = said(say_settings, e), .needs = said(say_need, e),
                         .pool = said(say_pool, e), .verdict = e->verdict, .need = e->need, .available = e->available,
                         .margin = e->margin, .headroom = e->headroom, .n_devices = e->n_devices,
                         .host = {e->host.weights, e->host.kv_cache, e->host.compute, e->host.output},
                         .n_suggestions = w->n_suggestions};
    for (uint32_t i = 0; i < w->n_suggestions; i++) {
        suggestion *g = &out->suggestion[i];
        *g = w->suggestion[i];
        if (!printable(g->change, sizeof g->change) || !printable(g->flags, sizeof g->flags))
            return false;
    }
    if (w->curve && w->curve->n > 1) {
        out->curve = memory_got(malloc(sizeof *out->curve));
        if (!out->curve)
            return false;
        *out->curve = *w->curve;
    }
    return fill_devices(out, e) && fill_members(out, w) && out->model && out->quant && out->gpu && out->runtime && out->size &&
           out->settings && out->needs && out->pool;
}

void picture_add(picture *p, const row *w)
{
    if (p->failed || p->n == PICTURE_ROWS) {
        p->failed = true;
        return;
    }
    if (p->n == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 16;
        picture_row *more = memory_got(realloc(p->row, cap * sizeof *more));
        if (!more) {
            p->failed = true;
            return;
        }
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

void picture_begin(report *r)
{
    r->picture = calloc(1, sizeof *r->picture);
    if (!r->picture)
        r->out->failed = true;
}

void picture_keep(report *r, const row *w)
{
    if (r->picture)
        picture_add(r->picture, w);
    report_keep_notes(r, w);
}

void picture_free(picture *p)
{
    for (size_t i = 0; i < p->n; i++)
        clear(&p->row[i]);
    free(p->row);
    *p = (picture){0};
}

uint64_t picture_portions(const vf_device_result *d, uint64_t bytes[PORTION_KINDS])
{
    uint64_t held = d->reserved + d->desktop + d->other, room = d->headroom > 0 ? (uint64_t)d->headroom : 0, sum = 0;
    bytes[PORTION_RESERVED] = d->reserved;
    bytes[PORTION_DESKTOP] = d->desktop;
    bytes[PORTION_OTHER] = d->other;
    bytes[PORTION_LEFT] = held + d->available < d->total ? d->total - held - d->available : 0;
    for (int i = 0; i < VF_SEG_COUNT; i++)
        bytes[PORTION_WEIGHTS + i] = d->segment[i];
    bytes[PORTION_MARGIN] = d->headroom < 0 ? 0 : d->margin;
    bytes[PORTION_FREE] = room > d->margin ? room - d->margin : 0;
    for (int i = 0; i < PORTION_KINDS; i++)
        sum += bytes[i];
    return sum;
}

size_t picture_cards(const picture *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        n += p->row[i].n_devices;
    return n;
}

bool picture_is_uniform(const picture *p)
{
    for (size_t i = 1; i < p->n; i++)
        if (strcmp(p->row[i].settings, p->row[0].settings) != 0)
            return false;
    return true;
}

bool picture_begins_group(const picture *p, size_t i)
{
    return i == 0 || strcmp(p->row[i].model, p->row[i - 1].model) != 0;
}

bool picture_has(const picture *p, int kind)
{
    for (size_t i = 0; i < p->n; i++)
        for (uint32_t d = 0; d < p->row[i].n_devices; d++) {
            uint64_t bytes[PORTION_KINDS];
            (void)picture_portions(&p->row[i].device[d], bytes);
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
            uint64_t bytes[PORTION_KINDS], sum = picture_portions(&r->device[d], bytes); /* at least the card */
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
    return strcmp(a->model, b->model) == 0 && strcmp(a->quant, b->quant) == 0 && strcmp(a->runtime, b->runtime) == 0;
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
    *m = (matrix){.model = memory_got(malloc((p->n + 1) * sizeof *m->model)), .gpu = memory_got(malloc((p->n + 1) * sizeof *m->gpu))};
    if (!m->model || !m->gpu)
        return false;
    for (size_t i = 0; i < p->n; i++) {
        (void)place(m->model, &m->n_models, &p->row[i], same_model);
        (void)place(m->gpu, &m->n_gpus, &p->row[i], same_gpu);
    }
    if (m->n_models < 2 || m->n_gpus < 2)
        return false;
    m->cell = memory_got(calloc(m->n_models * m->n_gpus, sizeof *m->cell));
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
