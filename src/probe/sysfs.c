/* The kernel's own drivers, by what they say in /sys/class/drm. */
#include "probe/files.h"
#include "probe/machine.h"

#if !defined(_WIN32)

#include <stdio.h>
#include <string.h>

#define CARD_LIMIT 1000 /* the kernel numbers cards and render nodes below that */
#define PCI_NVIDIA 0x10de
#define PCI_AMD 0x1002
#define PCI_INTEL 0x8086
#define TILES 8

static uint64_t number_in(const char *folder, const char *name)
{
    char path[VF_PATH_SIZE];
    uint64_t v;
    return vf_path(path, folder, "/%s", name) && vf_file_number(path, &v) ? v : 0;
}

/* What /sys/class/drm/cardN/device/uevent says: driver and PCI address. */
static bool read_uevent(const char *device, char driver[24], char slot[32])
{
    char path[VF_PATH_SIZE], text[2048];
    size_t n;
    const char *value;
    driver[0] = slot[0] = 0;
    if (!vf_path(path, device, "/uevent") || vf_file_text(path, text, sizeof text) == 0)
        return false;
    if ((value = vf_text_value(text, "DRIVER", &n)))
        vf_text_clean(driver, 24, value, n);
    if ((value = vf_text_value(text, "PCI_SLOT_NAME", &n)))
        vf_text_clean(slot, 32, value, n);
    return driver[0] != 0;
}

static bool is_known(const vf_machine *m, const char *slot)
{
    for (uint32_t i = 0; i < m->n_cards; i++)
        if (slot[0] && strcmp(m->card[i].bus, slot) == 0)
            return true;
    return false;
}

/* xe says the size of each tile's memory (as intel-gpu-tools' xe_sysfs_tile reads it). i915 of the kernel says nothing;
 * Intel's own packages of it have lmem_total_bytes and lmem_avail_bytes beside the card's other files. */
static void read_intel(const char *folder, const char *device, vf_machine_card *card)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < TILES; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "tile%u/physical_vram_size_bytes", i);
        uint64_t tile = number_in(device, name);
        (void)snprintf(name, sizeof name, "tile%u/memory/physical_vram_size_bytes", i);
        tile = tile ? tile : number_in(device, name);
        if (__builtin_add_overflow(total, tile, &total))
            return;
    }
    uint64_t local = number_in(folder, "lmem_total_bytes"), left = number_in(folder, "lmem_avail_bytes");
    if (total)
        vf_card_memory(card, total, 0, false, 0);
    else
        vf_card_memory(card, local, 0, left > 0 && left <= local, local - left);
    if (!card->has_total)
        (void)snprintf(card->note, sizeof card->note, "%s does not tell how much memory it has", card->driver);
    else if (!card->has_used)
        (void)snprintf(card->note, sizeof card->note, "%s does not tell how much of the memory is in use", card->driver);
}

static void name_by_number(vf_machine_card *card)
{
    if (!card->name[0])
        (void)snprintf(card->name, sizeof card->name, "%s %04x:%04x", vf_maker_name(card->maker), card->vendor_id, card->device_id);
}

/* A card of a driver that is read elsewhere, or not at all: said where nothing else is found. */
static void pass_over(vf_probe_job *job, uint64_t vendor, const char *driver)
{
    job->other_cards++;
    if (vendor == PCI_NVIDIA && !job->nvml_answers)
        vf_machine_note(job->m, "an NVIDIA card is there, under the driver %s, but %s", driver, job->looked[0]);
}

static void each_card(void *ctx, uint32_t number)
{
    vf_probe_job *job = ctx;
    char folder[VF_PATH_SIZE], device[VF_PATH_SIZE], driver[24], slot[32];
    if (!vf_path(folder, job->root, "/sys/class/drm/card%u", number) || !vf_path(device, folder, "/device") ||
        !read_uevent(device, driver, slot) || is_known(job->m, slot))
        return;
    uint64_t vendor = number_in(device, "vendor");
    bool amd = strcmp(driver, "amdgpu") == 0 && vendor == PCI_AMD;
    bool intel = (strcmp(driver, "xe") == 0 || strcmp(driver, "i915") == 0) && vendor == PCI_INTEL;
    if (!amd && !intel) {
        pass_over(job, vendor, driver);
        return;
    }
    vf_machine_card *card = vf_card_new(job, amd ? VF_MAKER_AMD : VF_MAKER_INTEL);
    if (!card)
        return;
    memcpy(card->driver, driver, sizeof driver);
    memcpy(card->bus, slot, sizeof slot);
    card->vendor_id = (uint32_t)vendor;
    card->device_id = (uint32_t)(number_in(device, "device") & 0xFFFF);
    card->revision = (uint32_t)(number_in(device, "revision") & 0xFF);
    if (amd)
        vf_probe_amdgpu(job, device, card);
    else
        read_intel(folder, device, card);
    name_by_number(card);
}

void vf_probe_sysfs(vf_probe_job *job)
{
    char path[VF_PATH_SIZE];
    uint32_t before = job->m->n_cards;
    if (!vf_path(path, job->root, "/sys/class/drm"))
        return;
    vf_folder_numbers(path, "card", CARD_LIMIT, each_card, job);
    (void)snprintf(job->looked[1], sizeof job->looked[1], "in /sys/class/drm is no card of amdgpu, xe or i915 (AMD, Intel)%s",
                   job->other_cards ? ", only of other drivers" : "");
    if (job->m->n_cards > before)
        vf_probe_fdinfo(job);
}

#endif
