#include "cli/ask/machine.h"
#include "cli/report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GIB (UINT64_C(1) << 30)
#define NAMED_HOLDERS 3
#define NOTED_CARDS 4

/* ---- looking --------------------------------------------------------------------------------- */

static vf_status probe(machine *m, vf_error *err)
{
    /* The first two are for tests (tests/probe/README.md). */
    const vf_probe_options o = {
        .root = getenv("VRAMFIT_PROBE_ROOT"), .nvml = getenv("VRAMFIT_NVML"), .cuda_visible = getenv("CUDA_VISIBLE_DEVICES")};
    return vf_machine_probe(&o, &m->found, err);
}

/* Intel's drivers need not tell how much memory a card has: the catalog may know it by its number. */
static bool is_usable(const session *s, const machine *m, uint32_t i)
{
    vf_gpu_entry e;
    const vf_machine_card *card = &m->found.card[i];
    bool known = card->has_total || (card->maker == VF_MAKER_INTEL && machine_entry(s, m, i, &e) && !e.unified_memory);
    return known && !card->hidden;
}

/* Cards of one maker work together: the first that has some with a memory of their own; else graphics cores of processors. A
 * --backend that only one maker has asks for its cards. */
static void choose(const session *s, machine *m)
{
    const opt_value *backend = &s->opts.value[OPT_BACKEND];
    bool strict = backend->text && (vf_backend)backend->word != VF_BACKEND_VULKAN && (vf_backend)backend->word != VF_BACKEND_CPU;
    m->n = 0;
    for (int integrated = 0; integrated < 2 && m->n == 0; integrated++) {
        for (uint32_t i = 0; i < m->found.n_cards; i++) {
            const vf_machine_card *card = &m->found.card[i];
            if (card->integrated != (integrated == 1) || !is_usable(s, m, i) ||
                (strict && machine_backend(card) != (vf_backend)backend->word) ||
                (m->n && m->found.card[m->taken[0]].maker != card->maker))
                continue;
            m->taken[m->n++] = i;
        }
    }
}

const machine *machine_all(session *s, vf_error *err)
{
    if (s->machine)
        return s->machine;
    machine *m = malloc(sizeof *m);
    if (!m) {
        (void)fail_nomem(err);
        return NULL;
    }
    vf_error found = {0};
    if (probe(m, &found) != VF_OK) {
        (void)fail_value(err, "--gpu", GPU_AUTO, "%s", found.text);
        if (m->found.n_notes)
            (void)fail_value(err, "--gpu", GPU_AUTO, "%s", m->found.note[0]);
        free(m);
        return NULL;
    }
    s->machine = m;
    choose(s, m);
    return m;
}

const machine *machine_look(session *s, vf_error *err)
{
    const machine *m = machine_all(s, err);
    if (!m || m->n > 0)
        return m;
    const vf_machine *found = &m->found;
    const vf_machine_card *card = &found->card[0];
    uint32_t hidden = 0;
    for (uint32_t i = 0; i < found->n_cards; i++)
        hidden += found->card[i].hidden;
    if (hidden == found->n_cards)
        (void)fail_value(err, "--gpu", GPU_AUTO, "CUDA_VISIBLE_DEVICES hides every card of this machine");
    else if (options_has(&s->opts, OPT_BACKEND) && card->has_total)
        (void)fail_value(err, "--gpu", GPU_AUTO, "no card of this machine is one for --backend %s", s->opts.value[OPT_BACKEND].text);
    else
        (void)fail_value(err, "--gpu", GPU_AUTO, "%s: %s; name the card", card->name, card->note[0] ? card->note : "cannot be used");
    return NULL;
}

void machine_free(machine *m)
{
    free(m);
}

uint64_t machine_ram(const session *s)
{
    if (s->machine)
        return s->machine->found.ram_available;
    machine *m = memory_got(malloc(sizeof *m));
    if (!m)
        return 0;
    const vf_probe_options o = {.root = getenv("VRAMFIT_PROBE_ROOT"), .nvml = ""};
    (void)vf_machine_probe(&o, &m->found, NULL);
    uint64_t available = m->found.ram_available;
    free(m);
    return available;
}

/* ---- the catalog ----------------------------------------------------------------------------- */

vf_backend machine_backend(const vf_machine_card *card)
{
    static const vf_backend by_maker[] = {[VF_MAKER_NVIDIA] = VF_BACKEND_CUDA, [VF_MAKER_AMD] = VF_BACKEND_ROCM,
                                          [VF_MAKER_INTEL] = VF_BACKEND_SYCL, [VF_MAKER_APPLE] = VF_BACKEND_METAL};
    return by_maker[card->maker];
}

/* The label of a machine's memory: what is sold, from which firmware takes some. */
static uint64_t ram_label(uint64_t bytes)
{
    static const uint16_t sold[] = {8, 12, 16, 18, 24, 32, 36, 48, 64, 96, 128, 192, 256, 512};
    for (size_t i = 0; i < sizeof sold / sizeof sold[0]; i++)
        if (bytes <= sold[i] * GIB)
            return sold[i];
    return 0;
}

/* An entry of another size is another card of the same name. */
static bool has_size(const vf_machine_card *card, const vf_gpu_entry *e)
{
    if (card->integrated || e->unified_memory || !card->has_total)
        return card->integrated == e->unified_memory;
    uint64_t more = card->total > e->memory_bytes ? card->total - e->memory_bytes : e->memory_bytes - card->total;
    return more <= e->memory_bytes / 12; /* check bits (ECC) take a sixteenth */
}

static bool find(const session *s, const vf_machine_card *card, const char *name, uint64_t label, vf_gpu_entry *out)
{
    char text[160];
    uint32_t index;
    (void)snprintf(text, sizeof text, "%s", name);
    if (label)
        (void)snprintf(text, sizeof text, "%s %lluGB", name, (unsigned long long)label);
    return vf_catalog_find(s->catalog, VF_KIND_GPU, text, &index, NULL) == VF_OK && vf_catalog_gpu(s->catalog, index, out) == VF_OK &&
           has_size(card, out);
}

bool machine_entry(const session *s, const machine *m, uint32_t i, vf_gpu_entry *out)
{
    static const char *const tails[] = {" Graphics", " Series"}; /* of AMD's names */
    const vf_machine_card *card = &m->found.card[i];
    char name[2][96];
    uint64_t label = card->integrated ? ram_label(m->found.ram_total) : (card->total + GIB / 2) / GIB;
    if (card->partition) /* it has a share of the whole card's bandwidth, too */
        return false;
    text_set(name[0], sizeof name[0], card->name);
    (void)snprintf(name[1], sizeof name[1], "%04x:%04x", card->vendor_id, card->device_id);
    for (size_t t = 0; t < sizeof tails / sizeof tails[0]; t++) {
        size_t n = strlen(name[0]), tail = strlen(tails[t]);
        if (n > tail && strcmp(name[0] + n - tail, tails[t]) == 0)
            name[0][n - tail] = 0;
    }
    for (size_t k = 0; k < 2; k++)
        if ((label && find(s, card, name[k], label, out)) || find(s, card, name[k], 0, out))
            return true;
    return false;
}

/* ---- notes ----------------------------------------------------------------------------------- */

static void note(row *w, buf *b)
{
    buf_add(b, "", 1);
    if (!b->failed)
        row_note(w, "%s", b->p);
    buf_free(b);
}

void machine_holders(const vf_machine_card *card, uint32_t most, buf *b)
{
    uint32_t named = card->n_holders < most ? card->n_holders : most;
    uint32_t more = card->n_holders + card->more_holders - named;
    for (uint32_t i = 0; i < named; i++) {
        const vf_holder *h = &card->holder[i];
        buf_str(b, i ? ", " : "");
        if (h->name[0])
            buf_plain(b, h->name);
        else
            buf_fmt(b, "process %u", h->pid);
        if (h->bytes == UINT64_MAX)
            continue;
        buf_str(b, " (");
        buf_bytes(b, (int64_t)h->bytes);
        buf_str(b, ")");
    }
    if (more)
        buf_fmt(b, named ? " and %u more" : "%u processes", more);
}

static void card_note(const session *s, const machine *m, uint32_t i, row *w)
{
    const vf_machine_card *card = &m->found.card[i];
    vf_gpu_entry e;
    buf b = {0};
    buf_str(&b, "this machine: ");
    buf_plain(&b, machine_entry(s, m, i, &e) ? e.name : card->name);
    if (card->has_total && card->has_used) {
        buf_str(&b, ", ");
        buf_bytes(&b, (int64_t)(card->total - card->reserved - card->used));
        buf_str(&b, " of ");
        buf_bytes(&b, (int64_t)card->total);
        buf_str(&b, " free now");
    }
    if (card->note[0])
        buf_fmt(&b, "; %s", card->note);
    if (!card->has_used)
        buf_fmt(&b, "; %s (--desktop)", card->has_total ? "what is in use is a guess" : "the size is the catalog's, what is in use a guess");
    buf_str(&b, card->n_holders + card->more_holders ? "; in use by " : "");
    machine_holders(card, NAMED_HOLDERS, &b);
    note(w, &b);
}

static bool is_taken(const machine *m, uint32_t i)
{
    for (uint32_t k = 0; k < m->n; k++)
        if (m->taken[k] == i)
            return true;
    return false;
}

static void left_note(const machine *m, row *w)
{
    buf b = {0};
    for (uint32_t i = 0; i < m->found.n_cards; i++) {
        const vf_machine_card *card = &m->found.card[i];
        if (is_taken(m, i))
            continue;
        buf_str(&b, b.n ? ", " : "this machine: left out: ");
        buf_plain(&b, card->name);
        if (card->hidden)
            buf_str(&b, card->partition ? " (CUDA sees one part of a divided card)" : " (CUDA_VISIBLE_DEVICES)");
        else if (!card->has_total && card->note[0])
            buf_fmt(&b, " (%s)", card->note);
        else if (card->integrated)
            buf_str(&b, " (in the processor)");
    }
    if (m->found.more_cards)
        buf_fmt(&b, "%s%u cards beyond %d", b.n ? ", " : "this machine: left out: ", m->found.more_cards, VF_MACHINE_CARDS);
    if (b.n)
        note(w, &b);
}

void machine_notes(const session *s, row *w)
{
    const machine *m = s->machine;
    for (uint32_t k = 0; k < m->n && k < NOTED_CARDS; k++)
        card_note(s, m, m->taken[k], w);
    if (m->n > NOTED_CARDS)
        row_note(w, "this machine: %u more cards (vramfit show auto)", m->n - NOTED_CARDS);
    left_note(m, w);
    for (uint32_t i = 0; i < m->found.n_notes && i < 2; i++)
        row_note(w, "this machine: %s", m->found.note[i]);
}
