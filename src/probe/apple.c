/* Apple's machines: one memory for everything, of which Metal may take a share. Written from sysctl's names; never run. */
#include "probe/probe.h"

#if defined(__APPLE__)
#include <stdio.h>
#include <string.h>
#include <sys/sysctl.h>

void vf_probe_apple(vf_probe_result *out)
{
    uint64_t bytes = 0;
    uint32_t limit_mib = 0;
    size_t n = sizeof bytes;
    vf_card *card;
    if (sysctlbyname("hw.memsize", &bytes, &n, NULL, 0) != 0 || !(card = vf_probe_add(out)))
        return;
    n = sizeof card->name;
    if (sysctlbyname("machdep.cpu.brand_string", card->name, &n, NULL, 0) != 0)
        (void)snprintf(card->name, sizeof card->name, "Apple GPU");
    card->name[sizeof card->name - 1] = 0;
    (void)snprintf(card->vendor, sizeof card->vendor, "apple");
    card->backend = VF_BACKEND_METAL;
    card->unified = true;
    card->total = bytes;
    n = sizeof limit_mib;
    if (sysctlbyname("iogpu.wired_limit_mb", &limit_mib, &n, NULL, 0) != 0 || limit_mib == 0)
        card->reserved = bytes > UINT64_C(36) << 30 ? bytes / 4 : bytes / 3; /* Metal's recommended working set */
    else if ((uint64_t)limit_mib << 20 < bytes)
        card->reserved = bytes - ((uint64_t)limit_mib << 20);
    card->free = card->total - card->reserved;
}

#else

void vf_probe_apple(vf_probe_result *out)
{
    (void)out;
}

#endif
