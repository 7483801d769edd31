/* Apple's chips: written from the documentation, run by nobody. */
#if defined(__APPLE__)

#define _DARWIN_C_SOURCE
#include "probe/files.h"
#include "probe/machine.h"

#include <stdio.h>
#include <string.h>
#include <sys/sysctl.h>

#define GIB (UINT64_C(1) << 30)

static uint64_t system_number(const char *name)
{
    uint64_t v = 0;
    uint32_t narrow = 0;
    size_t n = sizeof v;
    if (sysctlbyname(name, &v, &n, NULL, 0) == 0 && n == sizeof v)
        return v;
    n = sizeof narrow;
    return sysctlbyname(name, &narrow, &n, NULL, 0) == 0 && n == sizeof narrow ? narrow : 0;
}

/* Metal's recommendedMaxWorkingSetSize as the catalog's cards have it: two thirds of up to 36 GiB, three quarters of more;
 * iogpu.wired_limit_mb says another. */
void vf_probe_apple(vf_probe_job *job)
{
    char name[96] = "";
    size_t n = sizeof name - 1;
    uint64_t total = system_number("hw.memsize"), limit = system_number("iogpu.wired_limit_mb") << 20;
    if (sysctlbyname("machdep.cpu.brand_string", name, &n, NULL, 0) != 0 || strncmp(name, "Apple", 5) != 0 || total == 0)
        return;
    vf_machine_card *card = vf_card_new(job, VF_MAKER_APPLE);
    if (!card)
        return;
    if (limit == 0 || limit > total)
        limit = total <= 36 * GIB ? total / 3 * 2 : total / 4 * 3;
    vf_text_clean(card->name, sizeof card->name, name, strnlen(name, sizeof name));
    card->integrated = true;
    job->m->ram_total = total;
    vf_card_memory(card, total, total - limit, false, 0);
    (void)snprintf(card->driver, sizeof card->driver, "metal");
    (void)snprintf(card->note, sizeof card->note, "reserved is what Metal does not lend; what is in use now is not asked");
}

#else
typedef int vf_no_apple; /* C wants something in a file */
#endif
