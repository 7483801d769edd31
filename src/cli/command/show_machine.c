/* show auto and list gpus auto: this machine's GPUs, the memory that is free now, and who holds the rest. */
#include "cli/report/grid.h"
#include "cli/ask/machine.h"

#include <stdio.h>
#include <string.h>

static bool is_taken(const machine *m, uint32_t i)
{
    for (uint32_t k = 0; k < m->n; k++)
        if (m->taken[k] == i)
            return true;
    return false;
}

/* A number that may be 0 and known: in JSON it is null only when it is not. */
static void known_bytes(sheet *t, const char *key, bool known, uint64_t value)
{
    if (t->json && known)
        json_u64(&t->j, key, value);
    else if (t->json || (known && value))
        sheet_bytes(t, key, known ? value : 0);
    else if (known)
        sheet_text(t, key, "0");
}

static void holder_lines(sheet *t, const vf_machine_card *card)
{
    for (uint32_t i = 0; i < card->n_holders; i++) {
        const vf_holder *h = &card->holder[i];
        buf b = {0};
        buf_str(&b, h->name[0] ? h->name : "process");
        buf_fmt(&b, " %u, ", h->pid);
        if (h->bytes == UINT64_MAX)
            buf_str(&b, "not told how much");
        else
            buf_bytes(&b, (int64_t)h->bytes);
        buf_add(&b, "", 1);
        sheet_text(t, i ? "" : "in_use_by", b.failed ? "" : b.p);
        buf_free(&b);
    }
    sheet_count(t, "more_processes", card->more_holders);
}

static void holder_objects(sheet *t, const vf_machine_card *card)
{
    json_open(&t->j, "in_use_by", '[');
    for (uint32_t i = 0; i < card->n_holders; i++) {
        const vf_holder *h = &card->holder[i];
        json_open(&t->j, NULL, '{');
        json_u64(&t->j, "pid", h->pid);
        json_known_str(&t->j, "name", h->name);
        json_known(&t->j, "bytes", h->bytes == UINT64_MAX ? 0 : h->bytes);
        json_close(&t->j, '}');
    }
    json_close(&t->j, ']');
    json_u64(&t->j, "more_processes", card->more_holders);
}

static void show_memory(sheet *t, const vf_machine_card *card)
{
    known_bytes(t, "total_bytes", card->has_total, card->total);
    known_bytes(t, "reserved_bytes", card->has_total, card->reserved);
    known_bytes(t, "in_use_bytes", card->has_used, card->used);
    known_bytes(t, "free_bytes", card->has_used, card->total - card->reserved - card->used);
    sheet_text(t, "memory_of_the_system", card->integrated ? "yes" : "no");
    if (t->json)
        holder_objects(t, card);
    else
        holder_lines(t, card);
}

static void show_card(const session *s, sheet *t, const machine *m, uint32_t i)
{
    const vf_machine_card *card = &m->found.card[i];
    vf_gpu_entry e = {.name = "", .desktop = ""};
    char capability[16], gfx[24], number[40];
    (void)machine_entry(s, m, i, &e);
    (void)snprintf(capability, sizeof capability, "%u.%u", card->compute_capability / 10, card->compute_capability % 10);
    (void)snprintf(gfx, sizeof gfx, "gfx%u%x%x", card->gfx / 10000, card->gfx / 100 % 100, card->gfx % 100);
    (void)snprintf(number, sizeof number, "%04x:%04x", card->vendor_id, card->device_id);
    sheet_open(t, "GPU of this machine");
    sheet_text(t, "name", card->name);
    sheet_text(t, "in_the_catalog", e.name);
    sheet_text(t, "with_gpu_auto", is_taken(m, i) ? "yes" : "no");
    sheet_text(t, "hidden", card->hidden ? "yes" : "no");
    sheet_text(t, "maker", vf_maker_name(card->maker));
    sheet_text(t, "driver", card->driver);
    sheet_text(t, "backend", vf_backend_name(machine_backend(card)));
    sheet_text(t, "compute_capability", card->compute_capability ? capability : "");
    sheet_text(t, "instruction_set", card->gfx ? gfx : "");
    sheet_text(t, "pci_address", card->bus);
    sheet_text(t, "pci_number", card->vendor_id ? number : "");
    sheet_text(t, "uuid", card->uuid);
    sheet_text(t, "partition", card->partition ? "yes" : "no");
    show_memory(t, card);
    sheet_text(t, "note", card->note);
    sheet_close(t);
}

bool machine_show(session *s, sheet *t, vf_error *err)
{
    const machine *m = machine_all(s, err);
    if (!m)
        return false;
    for (uint32_t i = 0; i < m->found.n_cards; i++)
        show_card(s, t, m, i);
    sheet_open(t, "this machine");
    sheet_bytes(t, "memory_bytes", m->found.ram_total);
    sheet_bytes(t, "memory_available_bytes", m->found.ram_available);
    sheet_count(t, "more_cards", m->found.more_cards);
    for (uint32_t i = 0; i < m->found.n_notes && !t->json; i++)
        sheet_text(t, "note", m->found.note[i]);
    if (t->json) {
        json_open(&t->j, "notes", '[');
        for (uint32_t i = 0; i < m->found.n_notes; i++)
            json_str(&t->j, NULL, m->found.note[i]);
        json_close(&t->j, ']');
    }
    sheet_close(t);
    return true;
}

static const grid_column columns[] = {{"gpu", false},       {"total_bytes", true}, {"reserved_bytes", true}, {"used_bytes", true},
                                      {"free_bytes", true}, {"backend", false},    {"held_by", false}};

static void number(char out[24], bool known, uint64_t v)
{
    out[0] = 0;
    if (known)
        (void)snprintf(out, 24, "%llu", (unsigned long long)v);
}

static void card_row(const session *s, const machine *m, uint32_t i, grid *g)
{
    const vf_machine_card *card = &m->found.card[i];
    char total[24], reserved[24], used[24], left[24];
    vf_gpu_entry e;
    buf held = {0};
    number(total, card->has_total, card->total);
    number(reserved, card->has_total, card->reserved);
    number(used, card->has_used, card->used);
    number(left, card->has_used, card->total - card->reserved - card->used);
    machine_holders(card, VF_MACHINE_HOLDERS, &held);
    buf_add(&held, "", 1);
    const char *row[] = {machine_entry(s, m, i, &e) ? e.name : card->name, total, reserved, used, left,
                         vf_backend_name(machine_backend(card)), held.failed ? "" : held.p};
    grid_row(g, row);
    buf_free(&held);
}

int machine_list(session *s, vf_error *err)
{
    grid g;
    const machine *m = session_catalog(s, err) ? machine_all(s, err) : NULL;
    if (!m)
        return EXIT_BAD;
    grid_begin(&g, s, &s->out, "gpus", columns, sizeof columns / sizeof columns[0]);
    for (uint32_t i = 0; i < m->found.n_cards; i++)
        card_row(s, m, i, &g);
    grid_end(&g);
    return EXIT_FITS;
}
