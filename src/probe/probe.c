#include "base/checked.h"
#include "base/error.h"
#include "probe/files.h"
#include "probe/machine.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *vf_maker_name(vf_maker maker)
{
    static const char *const names[] = {"NVIDIA", "AMD", "Intel", "Apple"};
    return names[maker];
}

#if !defined(_WIN32)

void vf_machine_note(vf_machine *m, const char *format, ...)
{
    va_list ap;
    if (m->n_notes == VF_MACHINE_NOTES)
        return;
    va_start(ap, format);
    (void)vsnprintf(m->note[m->n_notes++], VF_NOTE_TEXT, format, ap);
    va_end(ap);
}

vf_machine_card *vf_card_new(vf_probe_job *job, vf_maker maker)
{
    vf_machine *m = job->m;
    if (m->n_cards == VF_MACHINE_CARDS) {
        m->more_cards++;
        return NULL;
    }
    vf_machine_card *card = &m->card[m->n_cards++];
    *card = (vf_machine_card){.maker = maker};
    return card;
}

void vf_card_memory(vf_machine_card *card, uint64_t total, uint64_t reserved, bool has_used, uint64_t used)
{
    card->has_total = total > 0 && total <= VF_SIZE_LIMIT;
    if (!card->has_total)
        return;
    card->total = total;
    card->reserved = reserved < total ? reserved : 0;
    card->has_used = has_used;
    card->used = has_used && used < total - card->reserved ? used : has_used ? total - card->reserved : 0;
}

/* ---- who holds it ---------------------------------------------------------------------------- */

static bool is_larger(uint64_t a, uint64_t b)
{
    return a != UINT64_MAX && (b == UINT64_MAX || a > b);
}

static void take_out(vf_machine_card *card, uint32_t at)
{
    card->n_holders--;
    memmove(&card->holder[at], &card->holder[at + 1], (card->n_holders - at) * sizeof card->holder[0]);
}

void vf_card_holder(vf_machine_card *card, uint32_t pid, uint64_t bytes)
{
    for (uint32_t i = 0; i < card->n_holders; i++) {
        if (card->holder[i].pid != pid)
            continue;
        if (!is_larger(bytes, card->holder[i].bytes))
            return;
        take_out(card, i);
        break;
    }
    uint32_t at = card->n_holders;
    while (at > 0 && is_larger(bytes, card->holder[at - 1].bytes))
        at--;
    if (card->n_holders == VF_MACHINE_HOLDERS) {
        card->more_holders++;
        if (at == VF_MACHINE_HOLDERS)
            return;
        card->n_holders--;
    }
    memmove(&card->holder[at + 1], &card->holder[at], (card->n_holders - at) * sizeof card->holder[0]);
    card->holder[at] = (vf_holder){.pid = pid, .bytes = bytes};
    card->n_holders++;
}

static void name_holders(const char *root, vf_machine_card *card)
{
    for (uint32_t i = 0; i < card->n_holders; i++) {
        char path[VF_PATH_SIZE], text[64];
        vf_holder *h = &card->holder[i];
        if (vf_path(path, root, "/proc/%u/comm", h->pid))
            vf_text_clean(h->name, sizeof h->name, text, vf_file_text(path, text, sizeof text));
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void read_ram(const char *root, vf_machine *m)
{
    char path[VF_PATH_SIZE], text[4096];
    if (!vf_path(path, root, "/proc/meminfo") || vf_file_text(path, text, sizeof text) == 0)
        return;
    uint64_t total, available;
    if (!vf_text_bytes(text, "MemTotal", &total) || !vf_size_ok(total))
        return;
    m->ram_total = total;
    if (vf_text_bytes(text, "MemAvailable", &available))
        m->ram_available = available < total ? available : total;
}

vf_status vf_machine_probe(const vf_probe_options *options, vf_machine *out, vf_error *err)
{
    static const vf_probe_options nothing = {0};
    const vf_probe_options *o = options ? options : &nothing;
    vf_probe_job job = {.root = o->root ? o->root : "", .nvml = o->nvml, .m = out};
    *out = (vf_machine){0};
    read_ram(job.root, out);
    vf_probe_nvml(&job);
    vf_probe_sysfs(&job);
#if defined(__APPLE__)
    if (!o->root)
        vf_probe_apple(&job);
#endif
    for (uint32_t i = 0; i < out->n_cards; i++)
        name_holders(job.root, &out->card[i]);
    vf_probe_visible(out, o->cuda_visible);
    if (out->n_cards == 0)
        return vf_fail(err, VF_ERR_NOT_FOUND, "no GPU found on this machine: %s; %s", job.looked[0], job.looked[1]);
    return VF_OK;
}

#else

vf_status vf_machine_probe(const vf_probe_options *options, vf_machine *out, vf_error *err)
{
    (void)options;
    *out = (vf_machine){0};
    return vf_fail(err, VF_ERR_NOT_FOUND, "the GPUs of this machine are not looked for under Windows: name them");
}

#endif
