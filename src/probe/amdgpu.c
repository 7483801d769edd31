/* AMD's cards by what the amdgpu driver writes (docs.kernel.org/gpu/amdgpu/driver-misc.html: mem_info_*), their target by
 * the compute driver's topology (kfd), their name by the list that libdrm brings. */
#include <stdio.h>
#include <string.h>

#include "probe/probe.h"

#define AMD 0x1002
#define KFD_NODES 64

/* A line of /sys/class/kfd/.../properties: "gfx_target_version 110000". */
static uint64_t property(const char *text, const char *key)
{
    size_t n = strlen(key);
    uint64_t v;
    for (const char *p = text; p && *p; p = strchr(p, '\n'), p += p != NULL)
        if (strncmp(p, key, n) == 0 && p[n] == ' ' && vf_probe_digits(p + n + 1, strcspn(p + n + 1, "\n"), false, &v))
            return v;
    return 0;
}

/* 110000 → gfx1100, 90010 → gfx90a: two decimal digits each, the last two written in hexadecimal. */
static void read_target(const vf_probe_options *o, uint64_t device, vf_card *card, bool *apu)
{
    char text[4096];
    for (unsigned i = 0; i < KFD_NODES; i++) {
        if (!vf_probe_read(o, text, sizeof text, "/sys/class/kfd/kfd/topology/nodes/%u/properties", i) ||
            property(text, "device_id") != device || !property(text, "gfx_target_version"))
            continue;
        uint64_t v = property(text, "gfx_target_version");
        (void)snprintf(card->gfx, sizeof card->gfx, "gfx%u%x%x", (unsigned)(v / 10000 % 1000), (unsigned)(v / 100 % 100), (unsigned)(v % 100));
        *apu = *apu || property(text, "cpu_cores_count") > 0;
        return;
    }
}

/* "744C,\tC8,\tAMD Radeon RX 7900 XTX" */
static void read_name(const vf_probe_options *o, uint64_t device, uint64_t revision, vf_card *card)
{
    char key[32], line[256];
    (void)snprintf(card->name, sizeof card->name, "AMD GPU %04X", (unsigned)device);
    (void)snprintf(key, sizeof key, "%04X,\t%02X,\t", (unsigned)device, (unsigned)revision);
    if (vf_probe_line(o, line, sizeof line, key, "/usr/share/libdrm/amdgpu.ids"))
        (void)snprintf(card->name, sizeof card->name, "%.*s", (int)sizeof card->name - 1, line);
}

static void add_card(const vf_probe_options *o, const char *drm, vf_probe_result *out)
{
    uint64_t vendor, device = 0, revision = 0, vram, vram_used = 0, gtt = 0, gtt_used = 0;
    if (!vf_probe_number(o, &vendor, "/sys/class/drm/%s/device/vendor", drm) || vendor != AMD)
        return;
    (void)vf_probe_number(o, &device, "/sys/class/drm/%s/device/device", drm);
    (void)vf_probe_number(o, &revision, "/sys/class/drm/%s/device/revision", drm);
    if (!vf_probe_number(o, &vram, "/sys/class/drm/%s/device/mem_info_vram_total", drm) || vram == 0) {
        vf_probe_note(out, "%s: an AMD card whose driver does not tell its memory", drm);
        return;
    }
    bool used = vf_probe_number(o, &vram_used, "/sys/class/drm/%s/device/mem_info_vram_used", drm);
    (void)vf_probe_number(o, &gtt, "/sys/class/drm/%s/device/mem_info_gtt_total", drm);
    (void)vf_probe_number(o, &gtt_used, "/sys/class/drm/%s/device/mem_info_gtt_used", drm);
    vf_card *card = vf_probe_add(out);
    if (!card)
        return;
    (void)snprintf(card->vendor, sizeof card->vendor, "amd");
    (void)snprintf(card->id, sizeof card->id, "%s", drm);
    card->backend = VF_BACKEND_ROCM;
    bool apu = vram < UINT64_C(1) << 32 && gtt > vram; /* a carve-out */
    read_name(o, device, revision, card);
    read_target(o, device, card, &apu);
    card->unified = apu;
    card->total = apu ? vram + gtt : vram;
    card->used = apu ? vram_used + gtt_used : vram_used;
    card->used = card->used < card->total ? card->used : card->total;
    card->free = card->total - card->used;
    card->knows_use = used;
}

void vf_probe_amdgpu(const vf_probe_options *o, vf_probe_result *out)
{
    char drm[16];
    for (uint32_t i = 0; vf_probe_drm(o, i, drm); i++)
        add_card(o, drm, out);
}
