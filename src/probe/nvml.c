/* NVIDIA's cards through NVML, a library of the driver: loaded when it is asked for, never linked. */
#define _POSIX_C_SOURCE 200809L
#include "probe/nvml_abi.h"
#include "probe/files.h"
#include "probe/machine.h"

#if !defined(_WIN32)

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define NVML_NAME "libnvidia-ml.so.1"

#if defined(VF_NO_DLOPEN)

void vf_probe_nvml(vf_probe_job *job)
{
    (void)snprintf(job->looked[0], sizeof job->looked[0], "this build cannot load " NVML_NAME " (NVIDIA)");
}

#else

#include <dlfcn.h>

#define INDEX_LIMIT 64 /* devices, or parts of one, that are asked for */
#define PROCESS_LIMIT 256

/* Functions by their C names; those that not every version has may be NULL. */
typedef struct nvml {
    int (*init)(void);
    int (*shutdown)(void);
    const char *(*error_string)(int);
    int (*driver_version)(char *, unsigned int);
    int (*count)(unsigned int *);
    int (*by_index)(unsigned int, nvml_device *);
    int (*name)(nvml_device, char *, unsigned int);
    int (*uuid)(nvml_device, char *, unsigned int);
    int (*pci)(nvml_device, nvml_pci_info *);
    int (*memory)(nvml_device, nvml_memory *);
    int (*memory_v2)(nvml_device, nvml_memory_v2 *);
    int (*capability)(nvml_device, int *, int *);
    int (*compute)(nvml_device, unsigned int *, nvml_process *);
    int (*graphics)(nvml_device, unsigned int *, nvml_process *);
    int (*compute_v1)(nvml_device, unsigned int *, nvml_process_v1 *);
    int (*graphics_v1)(nvml_device, unsigned int *, nvml_process_v1 *);
    int (*mig_mode)(nvml_device, unsigned int *, unsigned int *);
    int (*mig_count)(nvml_device, unsigned int *);
    int (*mig_by_index)(nvml_device, unsigned int, nvml_device *);
} nvml;

static const struct {
    const char *name, *older; /* the first that is there */
    size_t offset;
    bool needed;
} symbols[] = {
    {"nvmlInit_v2", "nvmlInit", offsetof(nvml, init), true},
    {"nvmlShutdown", NULL, offsetof(nvml, shutdown), true},
    {"nvmlErrorString", NULL, offsetof(nvml, error_string), false},
    {"nvmlSystemGetDriverVersion", NULL, offsetof(nvml, driver_version), false},
    {"nvmlDeviceGetCount_v2", "nvmlDeviceGetCount", offsetof(nvml, count), true},
    {"nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex", offsetof(nvml, by_index), true},
    {"nvmlDeviceGetName", NULL, offsetof(nvml, name), false},
    {"nvmlDeviceGetUUID", NULL, offsetof(nvml, uuid), false},
    {"nvmlDeviceGetPciInfo_v3", NULL, offsetof(nvml, pci), false},
    {"nvmlDeviceGetMemoryInfo", NULL, offsetof(nvml, memory), true},
    {"nvmlDeviceGetMemoryInfo_v2", NULL, offsetof(nvml, memory_v2), false},
    {"nvmlDeviceGetCudaComputeCapability", NULL, offsetof(nvml, capability), false},
    {"nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2", offsetof(nvml, compute), false},
    {"nvmlDeviceGetGraphicsRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v2", offsetof(nvml, graphics), false},
    {"nvmlDeviceGetComputeRunningProcesses", NULL, offsetof(nvml, compute_v1), false},
    {"nvmlDeviceGetGraphicsRunningProcesses", NULL, offsetof(nvml, graphics_v1), false},
    {"nvmlDeviceGetMigMode", NULL, offsetof(nvml, mig_mode), false},
    {"nvmlDeviceGetMaxMigDeviceCount", NULL, offsetof(nvml, mig_count), false},
    {"nvmlDeviceGetMigDeviceHandleByIndex", NULL, offsetof(nvml, mig_by_index), false},
};

/* Fills the table. The name of what is missing, or NULL. */
static const char *load(void *library, nvml *n)
{
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        void *p = dlsym(library, symbols[i].name);
        if (!p && symbols[i].older)
            p = dlsym(library, symbols[i].older);
        if (!p && symbols[i].needed)
            return symbols[i].name;
        memcpy((char *)n + symbols[i].offset, &p, sizeof p); /* C has no cast from an object's address to a function's */
    }
    return NULL;
}

/* An error of NVML in its own words. */
static const char *words(const nvml *n, int status, char out[96])
{
    const char *text = n->error_string ? n->error_string(status) : NULL;
    (void)snprintf(out, 96, "error %d", status);
    if (text && text[0])
        vf_text_clean(out, 96, text, strnlen(text, 255));
    return out;
}

/* ---- one card -------------------------------------------------------------------------------- */

/* Text that is not told stays as it is: empty, in a new card. */
static void read_text(int (*get)(nvml_device, char *, unsigned int), nvml_device d, char out[NVML_TEXT])
{
    char text[NVML_TEXT] = "";
    if (get && get(d, text, sizeof text) == NVML_SUCCESS)
        vf_text_clean(out, NVML_TEXT, text, strnlen(text, sizeof text));
}

static void read_pci(const nvml *n, nvml_device d, vf_machine_card *card)
{
    nvml_pci_info info = {.bus_id = ""};
    uint32_t domain, location;
    if (!n->pci || n->pci(d, &info) != NVML_SUCCESS)
        return;
    card->vendor_id = info.device_id & 0xFFFF;
    card->device_id = info.device_id >> 16;
    info.bus_id[sizeof info.bus_id - 1] = 0;
    if (vf_text_slot(info.bus_id, &domain, &location)) /* "00000000:01:00.0"; the kernel writes four digits */
        (void)snprintf(card->bus, sizeof card->bus, "%04x:%02x:%02x.%x", domain, location >> 8, location >> 3 & 0x1F, location & 7);
}

/* A chip that shares the system's memory (GB10, Jetson) has none that NVML would tell of. */
static void share_memory(const vf_machine *m, vf_machine_card *card)
{
    if (m->ram_total == 0)
        return;
    card->integrated = true;
    vf_card_memory(card, m->ram_total, 0, m->ram_available > 0, m->ram_total - m->ram_available);
    (void)snprintf(card->note, sizeof card->note, "its memory is the system's: NVML tells of none, /proc/meminfo does");
}

static void read_memory(const nvml *n, const vf_machine *m, nvml_device d, vf_machine_card *card)
{
    nvml_memory_v2 v2 = {.version = NVML_MEMORY_V2};
    nvml_memory v1 = {0};
    char why[96];
    int status = n->memory_v2 ? n->memory_v2(d, &v2) : NVML_NOT_SUPPORTED;
    if (status == NVML_SUCCESS) {
        vf_card_memory(card, v2.total, v2.reserved, true, v2.used);
    } else if ((status = n->memory(d, &v1)) == NVML_SUCCESS) {
        vf_card_memory(card, v1.total, 0, true, v1.used);
        (void)snprintf(card->note, sizeof card->note, "an old driver: what it reserves is among what is in use");
    } else if (status == NVML_NOT_SUPPORTED) {
        share_memory(m, card);
    }
    if (!card->has_total)
        (void)snprintf(card->note, sizeof card->note, "no word on its memory: %s",
                       status == NVML_SUCCESS ? "absurd sizes" : words(n, status, why));
}

/* What a call for a list came to: the number of entries that can be read. A list that is longer than the room is only counted. */
static unsigned int listed(int status, unsigned int count, vf_machine_card *card)
{
    if (status == NVML_INSUFFICIENT_SIZE && count < 1000000)
        card->more_holders += count;
    if (status != NVML_SUCCESS)
        return 0;
    return count < PROCESS_LIMIT ? count : PROCESS_LIMIT;
}

static void read_list(int (*get)(nvml_device, unsigned int *, nvml_process *), nvml_device d, vf_machine_card *card)
{
    nvml_process list[PROCESS_LIMIT] = {{0}};
    unsigned int count = PROCESS_LIMIT;
    int status = get ? get(d, &count, list) : NVML_NOT_SUPPORTED;
    for (unsigned int i = 0, n = listed(status, count, card); i < n; i++)
        vf_card_holder(card, list[i].pid, list[i].used);
}

static void read_list_v1(int (*get)(nvml_device, unsigned int *, nvml_process_v1 *), nvml_device d, vf_machine_card *card)
{
    nvml_process_v1 list[PROCESS_LIMIT] = {{0}};
    unsigned int count = PROCESS_LIMIT;
    int status = get ? get(d, &count, list) : NVML_NOT_SUPPORTED;
    for (unsigned int i = 0, n = listed(status, count, card); i < n; i++)
        vf_card_holder(card, list[i].pid, list[i].used);
}

static void read_processes(const nvml *n, nvml_device d, vf_machine_card *card)
{
    if (n->compute || n->graphics) {
        read_list(n->compute, d, card);
        read_list(n->graphics, d, card);
    } else {
        read_list_v1(n->compute_v1, d, card);
        read_list_v1(n->graphics_v1, d, card);
    }
}

static void read_card(const nvml *n, vf_probe_job *job, nvml_device d, const char *version, vf_machine_card *card)
{
    int major = 0, minor = 0;
    (void)snprintf(card->driver, sizeof card->driver, "nvidia%s%.40s", version[0] ? " " : "", version);
    read_text(n->name, d, card->name);
    read_text(n->uuid, d, card->uuid);
    read_pci(n, d, card);
    if (!card->name[0])
        (void)snprintf(card->name, sizeof card->name, card->device_id ? "NVIDIA 10de:%04x" : "NVIDIA card", card->device_id);
    if (n->capability && n->capability(d, &major, &minor) == NVML_SUCCESS && major > 0 && major < 100 && minor >= 0 && minor < 10)
        card->compute_capability = (uint32_t)(major * 10 + minor);
    read_memory(n, job->m, d, card);
    if (card->has_total)
        read_processes(n, d, card);
}

/* ---- cards that are divided ------------------------------------------------------------------ */

static bool is_divided(const nvml *n, nvml_device d)
{
    unsigned int now = 0, next = 0;
    return n->mig_mode && n->mig_mode(d, &now, &next) == NVML_SUCCESS && now == 1;
}

/* The parts of a divided card (MIG) in place of it: no program gets the whole. They have the card's name, PCI address and
 * capability, and memory of their own. */
static void read_parts(const nvml *n, vf_probe_job *job, nvml_device d, const char *version)
{
    unsigned int most = 0;
    vf_machine_card whole = {.maker = VF_MAKER_NVIDIA};
    uint32_t before = job->m->n_cards;
    read_card(n, job, d, version, &whole);
    if (!n->mig_count || !n->mig_by_index || n->mig_count(d, &most) != NVML_SUCCESS)
        most = 0;
    for (unsigned int i = 0; i < most && i < INDEX_LIMIT; i++) {
        nvml_device part;
        vf_machine_card *card;
        if (n->mig_by_index(d, i, &part) != NVML_SUCCESS || !(card = vf_card_new(job, VF_MAKER_NVIDIA)))
            continue;
        read_card(n, job, part, version, card);
        card->partition = true;
        card->compute_capability = whole.compute_capability;
        memcpy(card->bus, whole.bus, sizeof card->bus);
    }
    if (job->m->n_cards == before)
        vf_machine_note(job->m, "%s is divided (MIG) and no part of it can be used", whole.name);
}

/* ---- all ------------------------------------------------------------------------------------- */

static void read_all(const nvml *n, vf_probe_job *job)
{
    char version[NVML_TEXT] = "", clean[NVML_TEXT] = "", why[96];
    unsigned int count = 0;
    int status = n->count(&count);
    if (status != NVML_SUCCESS) {
        (void)snprintf(job->looked[0], sizeof job->looked[0], "NVML (NVIDIA) does not count its cards: %s", words(n, status, why));
        return;
    }
    job->nvml_answers = count > 0;
    (void)snprintf(job->looked[0], sizeof job->looked[0], "NVML (NVIDIA) tells of %s", count ? "none that can be used" : "no card");
    if (n->driver_version && n->driver_version(version, sizeof version) == NVML_SUCCESS)
        vf_text_clean(clean, sizeof clean, version, strnlen(version, sizeof version));
    for (unsigned int i = 0; i < count && i < INDEX_LIMIT; i++) {
        nvml_device d = NULL;
        vf_machine_card *card;
        status = n->by_index(i, &d);
        if (status != NVML_SUCCESS)
            vf_machine_note(job->m, "NVIDIA's card %u cannot be asked: %s", i, words(n, status, why));
        else if (is_divided(n, d))
            read_parts(n, job, d, clean);
        else if ((card = vf_card_new(job, VF_MAKER_NVIDIA)))
            read_card(n, job, d, clean, card);
    }
}

void vf_probe_nvml(vf_probe_job *job)
{
    nvml n = {0};
    char why[96];
    const char *name = job->nvml ? job->nvml : NVML_NAME;
    void *library = name[0] ? dlopen(name, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!library) {
        (void)snprintf(job->looked[0], sizeof job->looked[0], NVML_NAME " (NVIDIA) is not there");
        return;
    }
    const char *missing = load(library, &n);
    int status = missing ? NVML_SUCCESS : n.init();
    if (missing) {
        (void)snprintf(job->looked[0], sizeof job->looked[0], NVML_NAME " (NVIDIA) has no %s", missing);
    } else if (status != NVML_SUCCESS) {
        (void)snprintf(job->looked[0], sizeof job->looked[0], NVML_NAME " (NVIDIA) does not start: %s", words(&n, status, why));
    } else {
        read_all(&n, job);
        (void)n.shutdown();
    }
    (void)dlclose(library);
}

#endif
#endif
