/* Who holds memory of a card, from /proc/PID/fdinfo (the kernel's "DRM client usage stats"). Processes of other users cannot
 * be read; nothing is said of them. */
#define _POSIX_C_SOURCE 200809L
#include "base/checked.h"
#include "probe/files.h"
#include "probe/machine.h"

#if !defined(_WIN32)

#include <string.h>
#include <unistd.h>

#define PROCESSES 4194305
#define DESCRIPTORS 65536
#define CLIENTS 64

typedef struct client {
    uint32_t card;
    uint64_t id, bytes;
} client;

typedef struct process {
    vf_probe_job *job;
    uint32_t pid, n;
    client client[CLIENTS]; /* one drm-client-id is behind every descriptor that was duplicated */
} process;

static int32_t find_card(const vf_machine *m, const char *text)
{
    size_t n;
    const char *slot = vf_text_value(text, "drm-pdev", &n);
    for (uint32_t i = 0; slot && i < m->n_cards; i++)
        if (m->card[i].maker != VF_MAKER_NVIDIA && strlen(m->card[i].bus) == n && memcmp(m->card[i].bus, slot, n) == 0)
            return (int32_t)i;
    return -1;
}

/* The first spelling that is there: they differ by driver and kernel. */
static uint64_t first_of(const char *text, const char *const *key)
{
    uint64_t bytes;
    for (; *key; key++)
        if (vf_text_bytes(text, *key, &bytes) && bytes <= VF_SIZE_LIMIT)
            return bytes;
    return 0;
}

static uint64_t held(const char *text, const vf_machine_card *card)
{
    static const char *const own[] = {"drm-resident-vram", "drm-memory-vram", "drm-resident-vram0", "drm-total-vram0",
                                      "drm-resident-local0", "drm-total-local0", NULL};
    static const char *const shared[] = {"drm-resident-gtt", "drm-memory-gtt", NULL};
    return first_of(text, own) + (card->integrated ? first_of(text, shared) : 0);
}

static void each_descriptor(void *ctx, uint32_t number)
{
    process *p = ctx;
    char path[VF_PATH_SIZE], text[4096];
    size_t n;
    /* Most descriptors are no cards: a link says so sooner than a file. */
    if (!vf_path(path, p->job->root, "/proc/%u/fd/%u", p->pid, number))
        return;
    ssize_t got = readlink(path, text, sizeof text - 1);
    if (got < 9 || memcmp(text, "/dev/dri/", 9) != 0)
        return;
    if (!vf_path(path, p->job->root, "/proc/%u/fdinfo/%u", p->pid, number) || vf_file_text(path, text, sizeof text) == 0)
        return;
    int32_t card = find_card(p->job->m, text);
    const char *value = vf_text_value(text, "drm-client-id", &n);
    client c = {.card = (uint32_t)card};
    if (card < 0 || !value || !vf_text_number(value, n, &c.id) || p->n == CLIENTS)
        return;
    for (uint32_t i = 0; i < p->n; i++)
        if (p->client[i].id == c.id && p->client[i].card == c.card)
            return;
    c.bytes = held(text, &p->job->m->card[card]);
    p->client[p->n++] = c;
}

static void each_process(void *ctx, uint32_t pid)
{
    vf_probe_job *job = ctx;
    process p = {.job = job, .pid = pid};
    char path[VF_PATH_SIZE];
    if (!vf_path(path, job->root, "/proc/%u/fd", pid))
        return;
    vf_folder_numbers(path, "", DESCRIPTORS, each_descriptor, &p);
    for (uint32_t i = 0; i < job->m->n_cards; i++) {
        uint64_t sum = 0;
        for (uint32_t k = 0; k < p.n; k++)
            if (p.client[k].card == i && __builtin_add_overflow(sum, p.client[k].bytes, &sum))
                sum = 0;
        if (sum)
            vf_card_holder(&job->m->card[i], pid, sum);
    }
}

void vf_probe_fdinfo(vf_probe_job *job)
{
    char path[VF_PATH_SIZE];
    if (vf_path(path, job->root, "/proc"))
        vf_folder_numbers(path, "", PROCESSES, each_process, job);
}

#endif
