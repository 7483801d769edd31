/* In a table: what else is loaded. */
#include "cli/placed.h"
#include "cli/table.h"

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
        table_amount(r, "weights", (int64_t)m->weights, 0);
        if (m->kv_cache)
            table_amount(r, "KV cache", (int64_t)m->kv_cache, 0);
        if (m->compute)
            table_amount(r, "compute", (int64_t)m->compute, 0);
        if (m->host_weights || m->host_kv_cache || m->host_compute)
            table_amount(r, "system", (int64_t)(m->host_weights + m->host_kv_cache + m->host_compute), 0);
    }
}

static void on_cards(buf *b, const vf_result *e, uint32_t cards)
{
    const char *before = " on ";
    for (uint32_t i = 0; i < e->n_devices; i++) {
        if (!(cards >> i & 1u))
            continue;
        buf_str(b, before);
        if (e->n_devices > 1)
            buf_fmt(b, "%u: ", i);
        buf_plain(b, e->device[i].name);
        before = " and ";
    }
}

/* One of several models side by side: where it is, what it takes there, and how it is started. */
static void placed(const report *r, const row *w, const vf_member_result *m)
{
    const vf_result *e = w->result;
    buf command_line = {0};
    buf_str(r->out, "\n");
    buf_plain(r->out, m ? m->name : w->model);
    buf_str(r->out, ", ");
    buf_plain(r->out, m ? m->quant : w->quant);
    on_cards(r->out, e, m ? m->cards : e->cards);
    buf_str(r->out, "\n");
    if (m) {
        table_amount(r, "weights", (int64_t)m->weights, 0);
        if (m->kv_cache)
            table_amount(r, "KV cache", (int64_t)m->kv_cache, 0);
        table_amount(r, "compute", (int64_t)m->compute, 0);
        table_amount(r, "runtime", (int64_t)m->overhead, 0);
        table_amount(r, "system", (int64_t)(m->host_weights + m->host_kv_cache + m->host_compute), 0);
    }
    if (placed_command(&command_line, w, m)) {
        buf_str(r->out, "  ");
        buf_add(r->out, command_line.p, command_line.n);
        buf_str(r->out, "\n");
    }
    buf_free(&command_line);
}

static void side_by_side(const report *r, const row *w)
{
    const vf_result *e = w->result;
    bool any = false;
    for (uint32_t i = 0; i < e->n_members; i++)
        any = any || e->member[i].kind == VF_MEMBER_ALSO;
    if (any)
        placed(r, w, NULL);
    for (uint32_t i = 0; i < e->n_members; i++)
        if (e->member[i].kind == VF_MEMBER_ALSO)
            placed(r, w, &e->member[i]);
}

void table_members(const report *r, const row *w)
{
    members(r, w->result);
    side_by_side(r, w);
}
