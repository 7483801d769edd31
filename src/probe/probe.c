#include "probe/probe.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

void vf_probe_note(vf_probe_result *out, const char *format, ...)
{
    va_list ap;
    if (out->n_notes == sizeof out->note / sizeof out->note[0])
        return;
    va_start(ap, format);
    (void)vsnprintf(out->note[out->n_notes++], VF_NOTE_TEXT, format, ap);
    va_end(ap);
}

vf_card *vf_probe_add(vf_probe_result *out)
{
    if (out->n == VF_PROBE_CARDS)
        return NULL;
    vf_card *card = &out->card[out->n++];
    memset(card, 0, sizeof *card);
    return card;
}

void vf_probe_hold(const vf_probe_options *o, vf_card *card, uint32_t pid, uint64_t bytes)
{
    uint32_t at = card->n_holders;
    for (uint32_t i = 0; i < card->n_holders; i++)
        if (card->holder[i].pid == pid) /* one that computes and draws is listed twice */
            return;
    while (at > 0 && card->holder[at - 1].bytes < bytes)
        at--;
    if (at == VF_PROBE_HOLDERS)
        return;
    uint32_t n = card->n_holders < VF_PROBE_HOLDERS ? card->n_holders++ : VF_PROBE_HOLDERS - 1;
    memmove(&card->holder[at + 1], &card->holder[at], (n - at) * sizeof card->holder[0]);
    card->holder[at] = (vf_holder){.pid = pid, .bytes = bytes};
    (void)vf_probe_read(o, card->holder[at].name, sizeof card->holder[at].name, "/proc/%u/comm", pid);
}

vf_status vf_probe_cards(const vf_probe_options *options, vf_probe_result *out, vf_error *err)
{
    static const vf_probe_options none;
    const vf_probe_options *o = options ? options : &none;
    memset(out, 0, sizeof *out);
    if (o->root && strlen(o->root) > 512)
        return vf_fail(err, VF_ERR_RANGE, "the root's name is too long");
    vf_probe_nvml(o, out);
    vf_probe_amdgpu(o, out);
    vf_probe_intel(o, out);
    if (!o->root)
        vf_probe_apple(out);
    return VF_OK;
}
