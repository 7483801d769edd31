/* CUDA_VISIBLE_DEVICES, as the CUDA programming guide has it: numbers, "GPU-" and "MIG-" ids (their beginning is enough), up to
 * the first that names no card. Numbers count in the order of PCI addresses, as with CUDA_DEVICE_ORDER=PCI_BUS_ID. */
#include "probe/files.h"
#include "probe/machine.h"

#include <string.h>

static uint32_t count_nvidia(const vf_machine *m)
{
    uint32_t n = 0;
    while (n < m->n_cards && m->card[n].maker == VF_MAKER_NVIDIA)
        n++;
    return n;
}

/* The card that a word names; `n` when there is none. */
static uint32_t find(const vf_machine *m, uint32_t n, const char *word, size_t length)
{
    uint64_t index;
    uint32_t found = n;
    if (length > 0 && word[0] >= '0' && word[0] <= '9')
        return vf_text_number(word, length, &index) && index < n ? (uint32_t)index : n;
    for (uint32_t i = 0; i < n && length >= 5; i++) {
        if (strncmp(m->card[i].uuid, word, length) != 0)
            continue;
        if (found != n)
            return n; /* the beginning of two */
        found = i;
    }
    return found;
}

/* Without the variable CUDA sees whole cards, or else the first part of a divided one. */
static void hide_parts(vf_machine *m, uint32_t n)
{
    bool any = false;
    for (uint32_t i = 0; i < n; i++)
        any = any || !m->card[i].partition;
    for (uint32_t i = 0; i < n; i++) {
        m->card[i].hidden = m->card[i].partition && any;
        any = true;
    }
}

void vf_probe_visible(vf_machine *m, const char *visible)
{
    uint32_t n = count_nvidia(m), shown = 0, order[VF_MACHINE_CARDS];
    if (!visible) {
        hide_parts(m, n);
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        m->card[i].hidden = true;
    for (const char *word = visible; *word;) {
        word += strspn(word, " ");
        size_t length = strcspn(word, ",");
        const char *next = word + length + (word[length] == ',');
        while (length > 0 && word[length - 1] == ' ')
            length--;
        uint32_t i = find(m, n, word, length);
        if (i == n || !m->card[i].hidden)
            break;
        m->card[i].hidden = false;
        order[shown++] = i;
        word = next;
    }
    /* Those that are seen come first, in the order of the list. */
    for (uint32_t k = 0; k < shown; k++) {
        vf_machine_card card = m->card[order[k]];
        memmove(&m->card[k + 1], &m->card[k], (order[k] - k) * sizeof card);
        m->card[k] = card;
        for (uint32_t rest = k + 1; rest < shown; rest++)
            if (order[rest] < order[k])
                order[rest]++;
    }
}
