/* Intel's cards where the kernel tells their memory: i915's lmem_total_bytes and lmem_avail_bytes, xe's
 * tileN/physical_vram_size_bytes. Integrated ones have none of their own. */
#include <stdio.h>
#include <string.h>

#include "probe/probe.h"

#define INTEL 0x8086
#define TILES 4

static uint64_t vram_of(const vf_probe_options *o, const char *drm)
{
    uint64_t bytes, sum = 0;
    if (vf_probe_number(o, &bytes, "/sys/class/drm/%s/lmem_total_bytes", drm))
        return bytes;
    for (unsigned t = 0; t < TILES; t++)
        if (vf_probe_number(o, &bytes, "/sys/class/drm/%s/device/tile%u/physical_vram_size_bytes", drm, t) && bytes < UINT64_C(1) << 50)
            sum += bytes;
    return sum;
}

void vf_probe_intel(const vf_probe_options *o, vf_probe_result *out)
{
    char drm[16];
    for (uint32_t i = 0; vf_probe_drm(o, i, drm); i++) {
        uint64_t vendor, device = 0, bytes, left;
        if (!vf_probe_number(o, &vendor, "/sys/class/drm/%s/device/vendor", drm) || vendor != INTEL)
            continue;
        (void)vf_probe_number(o, &device, "/sys/class/drm/%s/device/device", drm);
        bytes = vram_of(o, drm);
        if (bytes == 0) {
            vf_probe_note(out, "%s: an Intel GPU (%04x) of which the kernel tells no memory of its own", drm, (unsigned)device);
            continue;
        }
        vf_card *card = vf_probe_add(out);
        if (!card)
            return;
        (void)snprintf(card->name, sizeof card->name, "Intel GPU %04X", (unsigned)device);
        (void)snprintf(card->vendor, sizeof card->vendor, "intel");
        (void)snprintf(card->id, sizeof card->id, "%s", drm);
        card->backend = VF_BACKEND_SYCL;
        card->total = card->free = bytes;
        card->knows_use = vf_probe_number(o, &left, "/sys/class/drm/%s/lmem_avail_bytes", drm) && left <= bytes;
        if (card->knows_use)
            card->free = left;
        card->used = card->total - card->free;
    }
}
