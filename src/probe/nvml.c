/* NVIDIA's cards by NVML (docs.nvidia.com/deploy/nvml-api), whose library comes with the driver. Only its stable entry points
 * are used, by the types that its interface has had since they exist. */
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <string.h>

#include "probe/probe.h"

#if defined(__unix__) && !defined(__APPLE__)
#include <dlfcn.h>

#define SUCCESS 0
#define NAME_ROOM 96
#define PROCESSES 64

typedef struct memory_v1 {
    unsigned long long total, free, used;
} memory_v1;

typedef struct memory_v2 {
    unsigned version;
    unsigned long long total, reserved, free, used; /* used leaves out what is reserved */
} memory_v2;

typedef struct process {
    unsigned pid;
    unsigned long long used; /* all bits: not available */
    unsigned gpu_instance, compute_instance;
} process;


typedef struct nvml {
    void *library;
    int (*init)(void);
    int (*shutdown)(void);
    int (*count)(unsigned *);
    int (*handle)(unsigned, void **);
    int (*name)(void *, char *, unsigned);
    int (*uuid)(void *, char *, unsigned);
    int (*memory)(void *, memory_v1 *);
    int (*memory_v2)(void *, memory_v2 *);
    int (*capability)(void *, int *, int *);
    int (*computing)(void *, unsigned *, process *);
    int (*drawing)(void *, unsigned *, process *);
    int (*mig)(void *, unsigned *, unsigned *);
} nvml;

/* A function of the library; its address comes as a pointer to data. */
static void find(nvml *n, const char *name, void *function, size_t size)
{
    void *address = dlsym(n->library, name);
    memcpy(function, &address, size);
}

static bool open_library(const vf_probe_options *o, nvml *n)
{
    static const char *const names[] = {"libnvidia-ml.so.1", "libnvidia-ml.so"};
    memset(n, 0, sizeof *n);
    if (o->nvml)
        n->library = dlopen(o->nvml, RTLD_NOW | RTLD_LOCAL);
    for (size_t i = 0; !o->nvml && !o->root && !n->library && i < sizeof names / sizeof names[0]; i++)
        n->library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!n->library)
        return false;
#define FIND(field, symbol) find(n, symbol, &n->field, sizeof n->field)
    FIND(init, "nvmlInit_v2");
    FIND(shutdown, "nvmlShutdown");
    FIND(count, "nvmlDeviceGetCount_v2");
    FIND(handle, "nvmlDeviceGetHandleByIndex_v2");
    FIND(name, "nvmlDeviceGetName");
    FIND(uuid, "nvmlDeviceGetUUID");
    FIND(memory, "nvmlDeviceGetMemoryInfo");
    FIND(memory_v2, "nvmlDeviceGetMemoryInfo_v2");
    FIND(capability, "nvmlDeviceGetCudaComputeCapability");
    FIND(computing, "nvmlDeviceGetComputeRunningProcesses_v3");
    FIND(drawing, "nvmlDeviceGetGraphicsRunningProcesses_v3");
    FIND(mig, "nvmlDeviceGetMigMode");
#undef FIND
    return n->init && n->shutdown && n->count && n->handle && n->memory;
}

static bool read_memory(const nvml *n, void *device, vf_card *card)
{
    memory_v2 v2 = {.version = (unsigned)sizeof(memory_v2) | 2u << 24};
    memory_v1 v1 = {0};
    if (n->memory_v2 && n->memory_v2(device, &v2) == SUCCESS && v2.total && v2.reserved <= v2.total && v2.free <= v2.total - v2.reserved) {
        card->total = v2.total;
        card->reserved = v2.reserved;
        card->free = v2.free;
    } else if (n->memory(device, &v1) == SUCCESS && v1.total && v1.free <= v1.total) {
        card->total = v1.total; /* an older driver: what it reserves is among what is used */
        card->free = v1.free;
    } else {
        return false;
    }
    card->used = card->total - card->reserved - card->free;
    card->knows_use = true;
    return card->total < UINT64_C(1) << 60;
}

static void read_holders(const vf_probe_options *o, int (*list)(void *, unsigned *, process *), void *device, vf_card *card)
{
    process found[PROCESSES];
    unsigned count = PROCESSES;
    memset(found, 0, sizeof found);
    if (!list || list(device, &count, found) != SUCCESS)
        return;
    for (unsigned i = 0; i < count && i < PROCESSES; i++)
        vf_probe_hold(o, card, found[i].pid, found[i].used == ~0ull ? 0 : found[i].used);
}

/* Text that a driver wrote: cut, and ended. */
static void read_text(int (*get)(void *, char *, unsigned), void *device, char *out, size_t size)
{
    char text[NAME_ROOM] = "";
    if (!get || get(device, text, sizeof text) != SUCCESS)
        return;
    text[sizeof text - 1] = 0;
    (void)snprintf(out, size, "%s", text);
}

static void add_card(const vf_probe_options *o, const nvml *n, unsigned i, vf_probe_result *out)
{
    void *device = NULL;
    int major = 0, minor = 0;
    unsigned mig = 0, pending = 0;
    vf_card *card;
    if (n->handle(i, &device) != SUCCESS || !device) {
        vf_probe_note(out, "NVIDIA card %u does not answer (nvidia-smi may say why)", i);
        return;
    }
    card = vf_probe_add(out);
    if (!card)
        return;
    (void)snprintf(card->name, sizeof card->name, "NVIDIA card %u", i);
    (void)snprintf(card->vendor, sizeof card->vendor, "nvidia");
    (void)snprintf(card->id, sizeof card->id, "%u", i);
    card->backend = VF_BACKEND_CUDA;
    read_text(n->name, device, card->name, sizeof card->name);
    read_text(n->uuid, device, card->id, sizeof card->id);
    if (!read_memory(n, device, card)) {
        vf_probe_note(out, "%.90s: the driver does not tell its memory", card->name);
        out->n--;
        return;
    }
    if (n->capability && n->capability(device, &major, &minor) == SUCCESS && major > 0 && major < 100 && minor >= 0 && minor < 10)
        card->compute_capability = (uint32_t)(10 * major + minor);
    read_holders(o, n->computing, device, card);
    read_holders(o, n->drawing, device, card);
    if (n->mig && n->mig(device, &mig, &pending) == SUCCESS && mig == 1)
        vf_probe_note(out, "%.90s is cut into MIG instances: this is the whole card", card->name);
}

/* CUDA_VISIBLE_DEVICES: the cards that are named, in that order, up to the first that is none. */
static void keep_visible(const char *visible, uint32_t first, vf_probe_result *out)
{
    vf_card kept[VF_PROBE_CARDS];
    uint32_t n = 0, all = out->n - first;
    for (const char *p = visible; p && *p && n < VF_PROBE_CARDS; p += strcspn(p, ","), p += *p == ',') {
        size_t length = strcspn(p, ",");
        const vf_card *card = NULL;
        uint64_t number;
        if (vf_probe_digits(p, length, false, &number) && number < all)
            card = &out->card[first + number];
        for (uint32_t i = 0; !card && length > 4 && i < all; i++)
            if (strncmp(out->card[first + i].id, p, length) == 0)
                card = &out->card[first + i];
        if (!card)
            break;
        kept[n++] = *card;
    }
    memcpy(&out->card[first], kept, n * sizeof kept[0]);
    out->n = first + n;
    if (n < all)
        vf_probe_note(out, "CUDA_VISIBLE_DEVICES: %u of %u NVIDIA cards", n, all);
}

void vf_probe_nvml(const vf_probe_options *o, vf_probe_result *out)
{
    nvml n;
    unsigned count = 0;
    uint32_t first = out->n;
    if (open_library(o, &n)) {
        int status = n.init();
        if (status != SUCCESS || n.count(&count) != SUCCESS)
            vf_probe_note(out, "NVIDIA's driver does not answer (NVML status %d)", status);
        for (unsigned i = 0; status == SUCCESS && i < count && i < VF_PROBE_CARDS; i++)
            add_card(o, &n, i, out);
        if (status == SUCCESS)
            (void)n.shutdown();
    }
    if (n.library)
        (void)dlclose(n.library);
    if (o->visible && out->n > first)
        keep_visible(o->visible, first, out);
}

#else

void vf_probe_nvml(const vf_probe_options *o, vf_probe_result *out)
{
    (void)o;
    (void)out;
}

#endif
