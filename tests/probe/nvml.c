/* A stand-in for NVIDIA's library: the machine that the variable NVML_MACHINE names. It reports what the real one does, and what
 * broken ones did. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define GIB (1ull << 30)
#define MIB (1ull << 20)

typedef struct {
    const char *name, *uuid;
    unsigned long long total, reserved, used;
    int major, minor;
} card;

static const card one[] = {{"NVIDIA GeForce RTX 3090", "GPU-11111111-aaaa", 24576 * MIB, 464 * MIB, 1500 * MIB, 8, 6}};
static const card two[] = {{"NVIDIA GeForce RTX 4090", "GPU-22222222-bbbb", 24564 * MIB, 495 * MIB, 2 * GIB, 8, 9},
                           {"NVIDIA GeForce RTX 3060", "GPU-33333333-cccc", 12288 * MIB, 464 * MIB, 0, 8, 6}};
static const card odd[] = {{"\x1b[31mred\xff", "", 8 * GIB, 9 * GIB, 0, 99, 42}, {"NVIDIA H100 80GB HBM3", "GPU-4", 81559 * MIB, 600 * MIB, 10 * MIB, 9, 0}};

static const char *machine(void)
{
    const char *m = getenv("NVML_MACHINE");
    return m ? m : "one";
}

static int is(const char *name)
{
    return strcmp(machine(), name) == 0;
}

static const card *cards(unsigned *n)
{
    *n = is("two") || is("odd") || is("lost") ? 2 : is("none") ? 0 : 1;
    return is("two") || is("lost") ? two : is("odd") ? odd : one;
}

EXPORT int nvmlInit_v2(void);
EXPORT int nvmlShutdown(void);
EXPORT int nvmlDeviceGetCount_v2(unsigned *n);
EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **device);
EXPORT int nvmlDeviceGetName(void *device, char *out, unsigned n);
EXPORT int nvmlDeviceGetUUID(void *device, char *out, unsigned n);
EXPORT int nvmlDeviceGetMemoryInfo(void *device, unsigned long long *out);
EXPORT int nvmlDeviceGetMemoryInfo_v2(void *device, void *out);
EXPORT int nvmlDeviceGetCudaComputeCapability(void *device, int *major, int *minor);
EXPORT int nvmlDeviceGetComputeRunningProcesses_v3(void *device, unsigned *n, void *out);
EXPORT int nvmlDeviceGetGraphicsRunningProcesses_v3(void *device, unsigned *n, void *out);
EXPORT int nvmlDeviceGetMigMode(void *device, unsigned *now, unsigned *pending);

int nvmlInit_v2(void)
{
    return is("dead") ? 9 : 0; /* driver not loaded */
}

int nvmlShutdown(void)
{
    return 0;
}

int nvmlDeviceGetCount_v2(unsigned *n)
{
    (void)cards(n);
    return 0;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **device)
{
    unsigned n;
    const card *c = cards(&n);
    if (i >= n || (is("lost") && i == 0))
        return 15; /* GPU is lost */
    memcpy(device, &(const void *){&c[i]}, sizeof *device);
    return 0;
}

int nvmlDeviceGetName(void *device, char *out, unsigned n)
{
    if (is("errors"))
        return 999;
    memset(out, 'x', n); /* one that forgets the end */
    if (!is("long"))
        (void)snprintf(out, n, "%s", ((const card *)device)->name);
    return 0;
}

int nvmlDeviceGetUUID(void *device, char *out, unsigned n)
{
    (void)snprintf(out, n, "%s", ((const card *)device)->uuid);
    return is("errors") ? 999 : 0;
}

int nvmlDeviceGetMemoryInfo(void *device, unsigned long long *out)
{
    const card *c = device;
    out[0] = c->total;
    out[2] = c->used + c->reserved;
    out[1] = out[2] <= out[0] ? out[0] - out[2] : out[0] + 1;
    return is("errors") ? 999 : 0;
}

int nvmlDeviceGetMemoryInfo_v2(void *device, void *p)
{
    struct {
        unsigned version;
        unsigned long long total, reserved, free, used;
    } *out = p;
    const card *c = device;
    if (is("old") || is("errors") || out->version != (sizeof *out | 2u << 24))
        return 25; /* argument version mismatch */
    out->total = c->total;
    out->reserved = c->reserved;
    out->used = c->used;
    out->free = c->total - c->reserved - c->used;
    return 0;
}

int nvmlDeviceGetCudaComputeCapability(void *device, int *major, int *minor)
{
    *major = ((const card *)device)->major;
    *minor = ((const card *)device)->minor;
    return is("errors") ? 999 : 0;
}

static int list(const card *c, unsigned *n, void *p, unsigned first, unsigned count)
{
    struct {
        unsigned pid;
        unsigned long long used;
        unsigned a, b;
    } *out = p;
    if (is("errors") || *n < count)
        return 7;
    for (unsigned i = 0; i < count; i++) {
        memset(&out[i], 0, sizeof out[i]);
        out[i].pid = first + i;
        out[i].used = is("busy") ? (i + 1) * 10 * MIB : c->used / (i + 2);
    }
    *n = count;
    return 0;
}

int nvmlDeviceGetComputeRunningProcesses_v3(void *device, unsigned *n, void *out)
{
    return list(device, n, out, 100, is("busy") ? 40 : ((const card *)device)->used ? 1 : 0);
}

int nvmlDeviceGetGraphicsRunningProcesses_v3(void *device, unsigned *n, void *out)
{
    return list(device, n, out, 100, ((const card *)device)->used ? 2 : 0);
}

int nvmlDeviceGetMigMode(void *device, unsigned *now, unsigned *pending)
{
    (void)device;
    *now = *pending = is("mig") ? 1u : 0u;
    return 0;
}
