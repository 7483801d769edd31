/* amdgpu: memory and name of a card, and what its compute half (amdkfd) says. */
#include "probe/files.h"
#include "probe/machine.h"

#if !defined(_WIN32)

#include <stdio.h>
#include <string.h>

#define NODES 256
#define PROCESSES 4194304 /* the kernel's largest process id */
#define NAMES_SIZE 65536

static bool number_in(const char *device, const char *name, uint64_t *v)
{
    char path[VF_PATH_SIZE];
    return vf_path(path, device, "/%s", name) && vf_file_number(path, v);
}

/* Graphics cores of processors, by instruction set (LLVM, "User Guide for AMDGPU Backend", processors marked APU). */
static bool is_apu(uint32_t gfx)
{
    static const uint32_t apus[] = {70000, 80001, 80100, 90002, 90009, 90012, 100103, 100303, 100305, 100306, 100307, 110003,
                                    110500, 110501, 110502, 110503};
    for (size_t i = 0; i < sizeof apus / sizeof apus[0]; i++)
        if (apus[i] == gfx)
            return true;
    return false;
}

/* ---- amdkfd ---------------------------------------------------------------------------------- */

typedef struct kfd_search {
    vf_probe_job *job;
    vf_machine_card *card;
    uint32_t domain, location;
    uint64_t gpu_id;
} kfd_search;

static uint64_t property(const char *text, const char *key)
{
    size_t n;
    uint64_t v;
    const char *value = vf_text_value(text, key, &n);
    return value && vf_text_number(value, n, &v) ? v : 0;
}

static void each_node(void *ctx, uint32_t number)
{
    kfd_search *k = ctx;
    char path[VF_PATH_SIZE], text[4096];
    if (k->gpu_id || !vf_path(path, k->job->root, "/sys/class/kfd/kfd/topology/nodes/%u/properties", number) ||
        vf_file_text(path, text, sizeof text) == 0)
        return;
    uint64_t gfx = property(text, "gfx_target_version");
    if (gfx == 0 || gfx > 1000000 || property(text, "location_id") != k->location || property(text, "domain") != k->domain)
        return;
    k->card->gfx = (uint32_t)gfx;
    if (vf_path(path, k->job->root, "/sys/class/kfd/kfd/topology/nodes/%u/gpu_id", number) && !vf_file_number(path, &k->gpu_id))
        k->gpu_id = 0;
}

static void each_process(void *ctx, uint32_t pid)
{
    kfd_search *k = ctx;
    char path[VF_PATH_SIZE];
    uint64_t bytes;
    if (vf_path(path, k->job->root, "/sys/class/kfd/kfd/proc/%u/vram_%u", pid, (uint32_t)k->gpu_id) &&
        vf_file_number(path, &bytes) && bytes > 0)
        vf_card_holder(k->card, pid, bytes);
}

static void read_kfd(vf_probe_job *job, vf_machine_card *card)
{
    kfd_search k = {.job = job, .card = card};
    char path[VF_PATH_SIZE];
    if (!vf_text_slot(card->bus, &k.domain, &k.location))
        return;
    if (vf_path(path, job->root, "/sys/class/kfd/kfd/topology/nodes"))
        vf_folder_numbers(path, "", NODES, each_node, &k);
    if (k.gpu_id && k.gpu_id <= UINT32_MAX && vf_path(path, job->root, "/sys/class/kfd/kfd/proc"))
        vf_folder_numbers(path, "", PROCESSES + 1, each_process, &k);
}

/* ---- name ------------------------------------------------------------------------------------ */

static void read_name(vf_probe_job *job, const char *device, vf_machine_card *card)
{
    static const char *const tables[] = {"/usr/share/libdrm/amdgpu.ids", "/opt/amdgpu/share/libdrm/amdgpu.ids"};
    char path[VF_PATH_SIZE], text[NAMES_SIZE];
    if (vf_path(path, device, "/product_name")) /* of cards that carry it themselves: Instinct */
        vf_text_clean(card->name, sizeof card->name, text, vf_file_text(path, text, 256));
    for (size_t i = 0; i < sizeof tables / sizeof tables[0] && !card->name[0]; i++)
        if (vf_path(path, job->root, "%s", tables[i]) && vf_file_text(path, text, sizeof text))
            (void)vf_text_amd_name(text, card->device_id, card->revision, card->name, sizeof card->name);
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* What a processor's graphics core may take: the part that the firmware set apart for it or, where that is the smaller, the
 * system's memory (GTT) as the kernel then does itself for compute (apu_prefer_gtt in amdgpu_ttm.c, Linux 6.10). Of that
 * there is never more than the system has left. */
static void read_shared(vf_probe_job *job, const char *device, uint64_t vram, vf_machine_card *card)
{
    uint64_t gtt, used = 0, available = job->m->ram_available;
    card->integrated = true;
    if (!number_in(device, "mem_info_gtt_total", &gtt) || gtt <= vram)
        return;
    bool has_used = number_in(device, "mem_info_gtt_used", &used);
    if (available && available < gtt && (!has_used || used < gtt - available)) {
        used = gtt - available;
        has_used = true;
    }
    vf_card_memory(card, gtt, 0, has_used, used);
    (void)snprintf(card->note, sizeof card->note, "its memory is the system's (GTT), the %llu MiB that the firmware set apart are left out",
                   (unsigned long long)(vram >> 20));
}

void vf_probe_amdgpu(vf_probe_job *job, const char *device, vf_machine_card *card)
{
    char busy[2][VF_PATH_SIZE];
    uint64_t total = 0, used = 0;
    bool has_total = number_in(device, "mem_info_vram_total", &total), has_used = number_in(device, "mem_info_vram_used", &used);
    read_name(job, device, card);
    read_kfd(job, card);
    if (has_total)
        vf_card_memory(card, total, 0, has_used, used);
    /* amdkfd may be absent; then: only cards with a memory of their own say how busy it is (amdgpu_pm.c) */
    bool apu = card->gfx ? is_apu(card->gfx)
                         : vf_path(busy[0], device, "/gpu_busy_percent") && vf_path(busy[1], device, "/mem_busy_percent") &&
                               vf_file_is(busy[0]) && !vf_file_is(busy[1]);
    if (apu)
        read_shared(job, device, card->has_total ? total : 0, card);
    if (!card->has_total)
        (void)snprintf(card->note, sizeof card->note, "amdgpu does not tell how much memory it has");
    else if (!card->has_used && !card->note[0])
        (void)snprintf(card->note, sizeof card->note, "amdgpu does not tell how much of the memory is in use");
}

#endif
