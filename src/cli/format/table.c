/* table: for people. One row is shown in full, on a terminal with a bar; several are lines. */
#include "cli/report/say.h"
#include "cli/format/table.h"

#include <stdio.h>
#include <string.h>

#define LABEL 10  /* columns of a label */

void table_paint(const report *r, vf_verdict v, const char *text)
{
    static const char *const color[] = {"\033[32m", "\033[33m", "\033[31m"};
    if (r->term->color)
        buf_str(r->out, color[v]);
    buf_str(r->out, text);
    if (r->term->color)
        buf_str(r->out, "\033[0m");
}

/* Right-aligned text of an amount. */
static void right(buf *b, size_t width, void (*print)(buf *, int64_t), int64_t v)
{
    buf text = {0};
    print(&text, v);
    if (text.n < width)
        buf_repeat(b, " ", width - text.n);
    buf_add(b, text.p, text.n);
    buf_free(&text);
}

static void plain_number(buf *b, int64_t v)
{
    if (v < 0)
        buf_str(b, "-");
    buf_u64(b, buf_magnitude(v));
}

void table_amount(const report *r, const char *label, int64_t v, int kind)
{
    buf *b = r->out;
    table_sign(r, kind);
    size_t start = b->n;
    buf_str(b, label);
    buf_pad(b, start, LABEL);
    right(b, 11, buf_bytes, v);
    right(b, 17, plain_number, v);
    buf_str(b, "\n");
}

static void device(const report *r, const vf_device_result *d)
{
    buf *b = r->out;
    uint64_t part[PORTION_KINDS];
    (void)picture_portions(d, part);
    buf_str(b, "\n");
    buf_plain(b, d->name);
    buf_str(b, ": ");
    table_paint(r, d->verdict, vf_verdict_name(d->verdict));
    if (d->layers)
        buf_fmt(b, ", %u layers", d->layers);
    buf_str(b, "\n");
    table_bar(r, d);
    for (int k = PORTION_WEIGHTS; k <= PORTION_RUNTIME; k++)
        table_amount(r, portion_name[k], (int64_t)part[k], k);
    table_amount(r, "need", (int64_t)d->need, PORTION_KINDS);
    table_amount(r, "desktop", (int64_t)d->desktop, PORTION_DESKTOP);
    table_amount(r, "reserved", (int64_t)d->reserved, PORTION_RESERVED);
    if (d->other)
        table_amount(r, "held back", (int64_t)d->other, PORTION_OTHER);
    if (part[PORTION_LEFT]) /* a server leaves some of the card alone */
        table_amount(r, "not taken", (int64_t)part[PORTION_LEFT], PORTION_LEFT);
    table_amount(r, "free", d->headroom, PORTION_FREE);
    if (d->margin)
        table_amount(r, "margin", (int64_t)d->margin, PORTION_MARGIN);
    table_amount(r, "total", (int64_t)d->total, PORTION_KINDS);
}

static void host(const report *r, const vf_result *e)
{
    const struct {
        const char *label;
        uint64_t bytes;
    } part[] = {{"weights", e->host.weights}, {"KV cache", e->host.kv_cache}, {"compute", e->host.compute}, {"output", e->host.output}};
    bool any = false;
    for (size_t i = 0; i < sizeof part / sizeof part[0]; i++)
        any = any || part[i].bytes;
    if (!any)
        return;
    buf_str(r->out, "\nsystem memory\n");
    for (size_t i = 0; i < sizeof part / sizeof part[0]; i++)
        if (part[i].bytes)
            table_amount(r, part[i].label, (int64_t)part[i].bytes, PORTION_KINDS);
}

/* Prints the words made in `b` from column `at` on, broken where the terminal ends; empties `b`. */
static void sentence(const report *r, buf *b, size_t at)
{
    buf_add(b, "", 1);
    buf_wrap(r->out, b->failed ? "" : b->p, at, 0, r->term->width);
    buf_free(b);
}

/* What was asked, and what was taken where nothing was said. */
static void question(const report *r, const row *w)
{
    const vf_result *e = w->result;
    buf b = {0}, size = {0};
    buf_plain(&b, w->model);
    buf_str(&b, ", ");
    buf_plain(&b, w->quant);
    say_size(&size, e);
    if (size.n) {
        buf_str(&b, " (");
        buf_add(&b, size.p, size.n);
        buf_str(&b, ")");
    }
    buf_free(&size);
    sentence(r, &b, 0);
    say_settings(&b, e);
    sentence(r, &b, 0);
    buf_str(r->out, "\n");
}

static void answer(const report *r, const row *w)
{
    const vf_result *e = w->result;
    buf b = {0};
    const char *verdict = vf_verdict_name(e->verdict);
    table_paint(r, e->verdict, verdict);
    buf_str(r->out, " ");
    buf_str(&b, e->n_devices ? "on " : "without a GPU");
    if (e->n_devices)
        buf_plain(&b, w->gpu);
    buf_str(&b, ": ");
    say_need(&b, e);
    sentence(r, &b, strlen(verdict) + 1);
}

static void pool(const report *r, const vf_result *e)
{
    buf b = {0};
    if (!e->has_pool)
        return;
    say_pool(&b, e);
    buf_str(r->out, "\n");
    sentence(r, &b, 0);
}

static void term_text(const report *r, const char *before, const char *text)
{
    buf plain = {0};
    buf_plain(&plain, text);
    buf_add(&plain, "", 1);
    buf_repeat(r->out, " ", 4);
    buf_str(r->out, before);
    size_t at = 4 + strlen(before);
    buf_wrap(r->out, plain.failed ? "" : plain.p, at, at, r->term->width);
    buf_free(&plain);
}

static void term_lines(const report *r, const vf_result *e, const vf_term *t)
{
    buf *b = r->out;
    bool on_card = t->device >= 0 && (uint32_t)t->device < e->n_devices;
    size_t start = b->n;
    buf_str(b, "  ");
    if (t->member) {
        buf_plain(b, e->member[t->member - 1].name);
        buf_str(b, on_card && e->n_devices == 1 ? ": " : ", ");
    }
    if (e->n_devices > 1 || !on_card)
        buf_str(b, on_card ? e->device[t->device].name : t->segment == VF_SEG_WEIGHTS ? "host" : "all");
    if (e->n_devices > 1 && on_card)
        buf_fmt(b, " %d", (int)t->device + 1);
    if (e->n_devices > 1 || !on_card)
        buf_str(b, ": ");
    buf_str(b, t->name);
    buf_pad(b, start, 44);
    right(b, 16, plain_number, (int64_t)t->bytes);
    if (t->spread) {
        buf_str(b, " +- ");
        buf_u64(b, t->spread);
    }
    buf_str(b, "\n");
    term_text(r, "= ", t->formula);
    if (t->detail[0])
        term_text(r, "  ", t->detail);
    if (t->source && t->source[0])
        term_text(r, "from ", t->source);
}

static void rate_line(const report *r, const char *what, vf_range rate, const char *formula)
{
    buf *b = r->out;
    size_t start = b->n;
    buf_fmt(b, "  %s", what);
    buf_pad(b, start, 20);
    buf_ratio(b, rate.low, 1000, 1);
    buf_str(b, " to ");
    buf_ratio(b, rate.high, 1000, 1);
    buf_str(b, " tokens/s\n");
    term_text(r, "= ", formula);
}

static void exchange_lines(const report *r, const vf_result *e, const vf_speed *s)
{
    buf *b = r->out;
    if (s->tensor_parallel > 1) {
        buf_fmt(b, "  tensor parallel   %u cards wait ", s->tensor_parallel);
        buf_ratio(b, s->exchange_ns.low, 1000000, 3);
        buf_str(b, " to ");
        buf_ratio(b, s->exchange_ns.high, 1000000, 3);
        buf_str(b, " ms for each other a token\n");
        term_text(r, "= ", "two all-reduces a layer: latency, and 2 (n - 1) / n x 2h bytes over the link");
        term_text(r, "from ", "6 to 10 us over NVLink, 15 to 80 over PCIe; the card's link and bus");
    } else if (e->n_devices > 1) {
        buf_str(b, "  several cards     work in turn: no faster than one that holds it all\n");
    }
}

/* Bounds say what no run exceeds, and are no promise. */
static void speed_lines(const report *r, const row *w)
{
    const vf_speed *s = w->speed;
    buf *b = r->out;
    char text[240];
    if (!s || s->read_bytes == 0)
        return;
    buf_str(b, "\nspeed of one sequence (bounds, not measured)\n");
    if (!s->has_decode)
        buf_str(b, "  not known         a card's bandwidth is not: name the card\n");
    if (s->has_decode) {
        (void)snprintf(text, sizeof text, "bandwidth / %llu bytes of weights; low: %u %% of it, and %llu of cache",
                       (unsigned long long)s->read_bytes, s->efficiency_percent, (unsigned long long)s->cache_bytes);
        rate_line(r, "decode", s->decode, text);
        if (s->host_read_bytes) {
            (void)snprintf(text, sizeof text, "%llu of them from system memory, at 25 to 100 GB/s", (unsigned long long)s->host_read_bytes);
            term_text(r, "  ", text);
        }
        term_text(r, "from ", "mlx-lm BENCHMARKS.md, AutoAWQ README, LitGPT resource-tables.md (20 to 77 %)");
    }
    if (s->has_prompt) {
        (void)snprintf(text, sizeof text, "tensor cores / %llu operations a token; low: lowest clock, 20 %% of it (16 bits: 40)",
                       (unsigned long long)s->flops);
        rate_line(r, "prompt", s->prompt, text);
    }
    exchange_lines(r, w->result, s);
}

static void suggestions(const report *r, const row *w)
{
    size_t most = 0;
    if (w->n_suggestions)
        buf_str(r->out, "\nany one of these would do\n");
    for (uint32_t i = 0; i < w->n_suggestions; i++)
        most = strlen(w->suggestion[i].change) > most ? strlen(w->suggestion[i].change) : most;
    for (uint32_t i = 0; i < w->n_suggestions; i++) {
        const suggestion *g = &w->suggestion[i];
        buf_str(r->out, "  ");
        size_t start = r->out->n;
        buf_plain(r->out, g->change);
        buf_pad(r->out, start, most + 2);
        table_paint(r, g->verdict, vf_verdict_name(g->verdict));
        buf_str(r->out, ", needs ");
        buf_bytes(r->out, (int64_t)g->need);
        if (g->flags[0] && strcmp(g->flags, g->change) != 0) {
            buf_str(r->out, "  (");
            buf_plain(r->out, g->flags);
            buf_str(r->out, ")");
        }
        buf_str(r->out, "\n");
    }
}

static void in_full(report *r, const row *w)
{
    const vf_result *e = w->result;
    question(r, w);
    answer(r, w);
    for (uint32_t i = 0; i < e->n_devices; i++)
        device(r, &e->device[i]);
    host(r, e);
    pool(r, e);
    table_members(r, w);
    suggestions(r, w);
    if (r->explain) {
        buf_str(r->out, "\nterms (bytes; +- is what a term may be off by, none when it is exact)\n");
        for (uint32_t i = 0; i < e->n_terms; i++)
            term_lines(r, e, &e->term[i]);
        speed_lines(r, w);
    }
}

/* Lines: numbers first, as they have a width of their own; the model's name last, so that nothing needs to
 * know the longest one and rows can stream. A narrow terminal loses whole columns, in this order. */
enum { COLUMN_AVAILABLE, COLUMN_HEADROOM, COLUMN_CONTEXT, COLUMN_COUNT };
static const size_t column_width[COLUMN_COUNT] = {12, 12, 10};
static const int dropped[COLUMN_COUNT] = {COLUMN_CONTEXT, COLUMN_AVAILABLE, COLUMN_HEADROOM};
#define FIXED_COLUMNS (8 + 11 + 2 + 10 + 2 + 2) /* verdict, need, quantization, and the gaps */
#define MODEL_COLUMNS 24                        /* less of a name says little */

static size_t line_columns(const report *r)
{
    return FIXED_COLUMNS + (r->gpu_columns > 3 ? r->gpu_columns : 3);
}

static bool is_shown(const report *r, int column)
{
    size_t used = line_columns(r) + MODEL_COLUMNS;
    int i = 0;
    while (dropped[i] != column)
        i++;
    for (; i < COLUMN_COUNT; i++)
        used += column_width[dropped[i]];
    return r->term->width == 0 || used <= r->term->width;
}

static void begin(report *r)
{
    static const char *const title[COLUMN_COUNT] = {"   AVAILABLE", "    HEADROOM", "   CONTEXT"};
    if (r->single)
        return;
    table_glance_begin(r);
    buf_str(r->out, "VERDICT        NEED");
    for (int i = 0; i < COLUMN_COUNT; i++)
        if (is_shown(r, i))
            buf_str(r->out, title[i]);
    buf_str(r->out, "  QUANT       ");
    size_t start = r->out->n;
    buf_str(r->out, "GPU");
    buf_pad(r->out, start, r->gpu_columns);
    buf_str(r->out, "  MODEL\n");
}

/* Cut on a terminal that is too narrow, as numbers never are. */
void table_name(buf *b, const char *text, size_t width, size_t most)
{
    buf plain = {0};
    buf_plain(&plain, text);
    size_t columns = plain.n ? text_columns(plain.p, plain.n) : 0, start = b->n;
    if (most && columns > most) {
        size_t n = 0;
        for (size_t shown = 0; n < plain.n; n++) {
            shown += ((unsigned char)plain.p[n] & 0xC0u) != 0x80u;
            if (shown > most - 2)
                break;
        }
        buf_add(b, plain.p, n);
        buf_str(b, "..");
    } else {
        buf_add(b, plain.p, plain.n);
    }
    buf_pad(b, start, width);
    b->failed = b->failed || plain.failed;
    buf_free(&plain);
}

static void line(report *r, const row *w)
{
    const vf_result *e = w->result;
    buf *b = r->out;
    size_t left = r->term->width > line_columns(r) ? r->term->width - line_columns(r) : 0;
    table_paint(r, e->verdict, vf_verdict_name(e->verdict));
    buf_repeat(b, " ", 8 - strlen(vf_verdict_name(e->verdict)));
    right(b, 11, buf_bytes, (int64_t)e->need);
    for (int i = 0; i < COLUMN_COUNT; i++) {
        if (!is_shown(r, i))
            continue;
        left = left > column_width[i] ? left - column_width[i] : 0;
        if (i == COLUMN_CONTEXT)
            right(b, column_width[i], plain_number, (int64_t)e->context);
        else
            right(b, column_width[i], buf_bytes, i == COLUMN_HEADROOM ? e->headroom : (int64_t)e->available);
    }
    buf_str(b, "  ");
    table_name(b, w->quant, 10, 0);
    buf_str(b, "  ");
    table_name(b, w->gpu, r->gpu_columns, 0);
    buf_str(b, "  ");
    table_name(b, w->model, 0, r->term->width ? (left > 8 ? left : 8) : 0);
    buf_str(b, "\n");
    report_keep_notes(r, w);
}

static void table_row(report *r, const row *w)
{
    if (!r->single) {
        line(r, w);
        if (r->picture)
            picture_add(r->picture, w);
        return;
    }
    in_full(r, w);
    report_keep_notes(r, w);
}

static void end(report *r)
{
    const char *p = r->notes.p, *stop = p ? p + r->notes.n : NULL;
    table_glance_end(r);
    if (r->notes.n)
        buf_str(r->out, "\n");
    while (p && p < stop) {
        size_t n = strcspn(p, "\n"); /* every note has one behind it */
        char text[4 * VF_NOTE_TEXT];
        size_t m = n < sizeof text ? n : sizeof text - 1;
        memcpy(text, p, m);
        text[m] = 0;
        buf_str(r->out, "note: ");
        buf_wrap(r->out, text, 6, 6, r->term->width);
        p += n + 1;
    }
}

const renderer format_table = {begin, table_row, end, NULL};
