/* In a table: what else is loaded. */
#include "cli/report/say.h"
#include "cli/format/table.h"

/* What is loaded beside the model: its own part of the sums above, on the cards and on the host. */
static void members(const report *r, const vf_result *e)
{
    for (uint32_t i = 0; i < e->n_members; i++) {
        const vf_member_result *m = &e->member[i];
        if (m->kind == VF_MEMBER_ALSO)
            continue; /* behind these */
        buf_str(r->out, "\nof these, ");
        buf_str(r->out, vf_member_kind_name(m->kind));
        buf_str(r->out, " ");
        buf_plain(r->out, m->name);
        buf_str(r->out, m->quant[0] ? ", " : "");
        buf_plain(r->out, m->quant);
        buf_str(r->out, "\n");
        table_amount(r, "weights", (int64_t)m->weights, PORTION_KINDS);
        if (m->kv_cache)
            table_amount(r, "KV cache", (int64_t)m->kv_cache, PORTION_KINDS);
        if (m->compute)
            table_amount(r, "compute", (int64_t)m->compute, PORTION_KINDS);
        if (m->host_weights || m->host_kv_cache || m->host_compute)
            table_amount(r, "system", (int64_t)(m->host_weights + m->host_kv_cache + m->host_compute), PORTION_KINDS);
    }
}

/* The model itself as a member: what the others leave of the sums. */
static vf_member_result main_of(const row *w)
{
    const vf_result *e = w->result;
    vf_member_result m = {.cards = e->cards, .weights = result_segment(e, VF_SEG_WEIGHTS), .kv_cache = result_segment(e, VF_SEG_KV_CACHE),
                          .compute = result_segment(e, VF_SEG_COMPUTE), .overhead = result_segment(e, VF_SEG_RUNTIME)};
    uint64_t host = e->host.weights + e->host.kv_cache + e->host.compute;
    for (uint32_t i = 0; i < e->n_members; i++) {
        const vf_member_result *o = &e->member[i];
        if (o->kind != VF_MEMBER_ALSO)
            continue;
        m.weights -= o->weights;
        m.kv_cache -= o->kv_cache;
        m.compute -= o->compute;
        m.overhead -= o->overhead;
        host -= o->host_weights + o->host_kv_cache + o->host_compute;
    }
    m.host_weights = host;
    text_set(m.name, sizeof m.name, w->model);
    text_set(m.quant, sizeof m.quant, w->quant);
    return m;
}

/* One of several models side by side: where it is, what it takes there, and how it is started. */
static void placed(const report *r, const vf_result *e, const vf_member_result *m, const buf *launch)
{
    buf_str(r->out, "\n");
    buf_plain(r->out, m->name);
    buf_str(r->out, ", ");
    buf_plain(r->out, m->quant);
    if (m->cards)
        buf_str(r->out, " ");
    say_cards(r->out, e, m->cards);
    buf_str(r->out, "\n");
    const struct {
        const char *label;
        uint64_t bytes;
    } part[] = {{"weights", m->weights}, {"KV cache", m->kv_cache}, {"compute", m->compute}, {"runtime", m->overhead},
                {"system", m->host_weights + m->host_kv_cache + m->host_compute}};
    for (size_t i = 0; i < sizeof part / sizeof part[0]; i++)
        if (part[i].bytes)
            table_amount(r, part[i].label, (int64_t)part[i].bytes, PORTION_KINDS);
    buf text = {0};
    buf_add(&text, launch->p, launch->n);
    buf_add(&text, "", 1);
    buf_str(r->out, "  ");
    buf_plain(r->out, text.failed ? "" : text.p);
    buf_str(r->out, "\n");
    buf_free(&text);
}

void table_members(const report *r, const row *w)
{
    const vf_result *e = w->result;
    uint32_t next = 1;
    members(r, e);
    if (w->n_launch == 0)
        return;
    const vf_member_result own = main_of(w);
    placed(r, e, &own, &w->launch[0]);
    for (uint32_t i = 0; i < e->n_members && next < w->n_launch; i++)
        if (e->member[i].kind == VF_MEMBER_ALSO)
            placed(r, e, &e->member[i], &w->launch[next++]);
}
