/* Plays NVIDIA's management library (NVML) on a machine without one. VRAMFIT_STAND_IN names what is played, the tables below
 * say what there is. Built as it is, as a driver before 510 (OLD: no memory_v2, processes of the first version), and with a
 * function left out that every version has (BROKEN). The declarations are this file's own, from NVIDIA's reference. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef OLD /* names from before those of version 2, too */
#define nvmlInit_v2 nvmlInit
#define nvmlDeviceGetCount_v2 nvmlDeviceGetCount
#define nvmlDeviceGetHandleByIndex_v2 nvmlDeviceGetHandleByIndex
#endif
#define EXPORT __attribute__((visibility("default")))
#define MIB (1ULL << 20)
#define ALL 999 /* every call fails with this (unknown error) */

enum { SUCCESS = 0, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, INSUFFICIENT_SIZE = 7, NOT_LOADED = 9, LOST = 15, LONG_WORDS = 16, NO_WORDS, NULL_WORDS };

typedef struct process {
    unsigned pid;
    unsigned long long used;
} process;

typedef struct device {
    const char *name, *uuid;
    unsigned bus;
    unsigned slot; /* device << 3 | function */
    int capability; /* ×10 */
    int minor;      /* in place of its last digit */
    unsigned long long total, reserved, used;
    int status;        /* what its calls give */
    int memory_status; /* what asking for its memory gives */
    unsigned n_compute, n_graphics;
    process compute[4], graphics[4];
    unsigned parts; /* of a card that is divided; they are the devices behind it */
    bool is_part;
} device;

typedef struct scene {
    const char *name;
    int init, count_status;
    unsigned count; /* 0: as many as there are devices */
    unsigned n;
    device device[6];
} scene;

static const scene scenes[] = {
    {.name = "one", .n = 1, .device = {{.name = "NVIDIA GeForce RTX 3090", .uuid = "GPU-11111111-aaaa", .bus = 1, .capability = 86,
        .total = 24576 * MIB, .reserved = 464 * MIB, .used = 900 * MIB, .n_compute = 1, .n_graphics = 3,
        .compute = {{102, 100 * MIB}}, .graphics = {{101, 500 * MIB}, {102, 100 * MIB}, {103, 30 * MIB}}}}},
    {.name = "two", .n = 2, .device = {
        {.name = "NVIDIA GeForce RTX 3080", .uuid = "GPU-22222222-aaaa", .bus = 1, .capability = 86, .total = 12288 * MIB,
         .reserved = 450 * MIB, .used = 700 * MIB, .n_graphics = 1, .graphics = {{101, 600 * MIB}}},
        {.name = "NVIDIA GeForce RTX 3090", .uuid = "GPU-33333333-bbbb", .bus = 2, .capability = 86, .total = 24576 * MIB,
         .reserved = 464 * MIB, .used = 8 * MIB}}},
    {.name = "twins", .n = 2, .device = {
        {.name = "NVIDIA GeForce RTX 3090", .uuid = "GPU-44444444-aaaa", .bus = 1, .capability = 86, .total = 24576 * MIB,
         .reserved = 464 * MIB, .used = 700 * MIB},
        {.name = "NVIDIA GeForce RTX 3090", .uuid = "GPU-44444444-bbbb", .bus = 2, .capability = 86, .total = 24576 * MIB,
         .reserved = 464 * MIB, .used = 8 * MIB}}},
    {.name = "zero"},
    {.name = "not-loaded", .init = NOT_LOADED},
    {.name = "no-count", .count_status = ALL},
    {.name = "errors", .n = 1, .device = {{.status = ALL}}},
    {.name = "lost", .n = 2, .device = {
        {.name = "NVIDIA L4", .uuid = "GPU-55555555-aaaa", .bus = 1, .status = LOST, .memory_status = LOST},
        {.name = "NVIDIA L4", .uuid = "GPU-55555555-bbbb", .bus = 2, .capability = 89, .total = 23034 * MIB, .reserved = 500 * MIB,
         .used = 3 * MIB}}},
    {.name = "garbage", .n = 1, .device = {{.name = "\x1b[31mRTX \xff\xfe\n3090\t\xe2\x80\xae", .uuid = "GPU-\n\x07", .bus = 1, .capability = -7,
        .total = 24576 * MIB, .reserved = ~0ULL, .used = ~0ULL, .n_compute = 2, .compute = {{104, ~0ULL}, {0xFFFFFFFF, 5}}}}},
    {.name = "absurd", .n = 1, .device = {{.name = "NVIDIA GeForce RTX 3090", .total = ~0ULL, .used = 5}}},
    {.name = "lies", .count = 4000000000U, .n = 1, .device = {{.name = "NVIDIA GeForce RTX 3090", .uuid = "GPU-6", .bus = 1, .capability = 86,
        .total = 24576 * MIB, .reserved = 464 * MIB, .used = 8 * MIB, .n_compute = 1000000}}},
    {.name = "crowd", .n = 1, .device = {{.name = "NVIDIA H100 80GB HBM3", .uuid = "GPU-7", .bus = 1, .capability = 90, .total = 81559 * MIB,
        .reserved = 551 * MIB, .used = 4000 * MIB, .n_compute = 200}}},
    {.name = "crowded", .n = 1, .device = {{.name = "NVIDIA H100 80GB HBM3", .uuid = "GPU-7", .bus = 1, .capability = 90, .total = 81559 * MIB,
        .reserved = 551 * MIB, .used = 4000 * MIB, .n_compute = 300}}},
    {.name = "shared", .n = 1, .device = {{.name = "NVIDIA GB10", .uuid = "GPU-8", .bus = 1, .capability = 121, .memory_status = NOT_SUPPORTED}}},
    {.name = "divided", .count = 1, .n = 3, .device = {
        {.name = "NVIDIA A100-SXM4-40GB", .uuid = "GPU-9", .bus = 1, .capability = 80, .total = 40960 * MIB, .reserved = 600 * MIB,
         .used = 25 * MIB, .parts = 2},
        {.name = "NVIDIA A100-SXM4-40GB MIG 3g.20gb", .uuid = "MIG-aaaa-1", .is_part = true, .total = 19968 * MIB, .used = 37 * MIB},
        {.name = "NVIDIA A100-SXM4-40GB MIG 1g.5gb", .uuid = "MIG-bbbb-2", .is_part = true, .total = 4864 * MIB, .used = 12 * MIB}}},
    {.name = "divided-and-not", .count = 2, .n = 4, .device = {
        {.name = "NVIDIA L4", .uuid = "GPU-a", .bus = 1, .capability = 89, .total = 23034 * MIB, .reserved = 500 * MIB, .used = 3 * MIB},
        {.name = "NVIDIA A100-SXM4-40GB", .uuid = "GPU-b", .bus = 2, .capability = 80, .total = 40960 * MIB, .reserved = 600 * MIB,
         .used = 25 * MIB, .parts = 1},
        {.name = "NVIDIA A100-SXM4-40GB MIG 1g.5gb", .uuid = "MIG-cccc-1", .is_part = true, .total = 4864 * MIB, .used = 12 * MIB}}},
    {.name = "no-parts", .count = 1, .n = 1, .device = {{.name = "NVIDIA A100-SXM4-40GB", .uuid = "GPU-c", .bus = 1, .capability = 80,
        .total = 40960 * MIB, .reserved = 600 * MIB, .used = 25 * MIB, .parts = 7}}},
    {.name = "many-parts", .count = 1, .n = 2, .device = {
        {.name = "NVIDIA A100-SXM4-40GB", .uuid = "GPU-e", .bus = 1, .capability = 80, .total = 40960 * MIB, .reserved = 600 * MIB,
         .used = 25 * MIB, .parts = 100},
        {.name = "NVIDIA A100-SXM4-40GB MIG 1g.5gb", .uuid = "MIG-dddd-1", .is_part = true, .total = 4864 * MIB, .used = 12 * MIB}}},
    {.name = "capabilities", .n = 6, .device = {
        {.name = "NVIDIA L4", .uuid = "GPU-f", .bus = 1, .capability = 5, .total = 23034 * MIB},
        {.name = "NVIDIA L4", .uuid = "GPU-g", .bus = 0xFF, .slot = 0xFF, .capability = 10, .total = 23034 * MIB},
        {.name = "NVIDIA L4", .uuid = "GPU-h", .bus = 3, .slot = 8, .capability = 999, .total = 23034 * MIB},
        {.name = "NVIDIA L4", .uuid = "GPU-i", .bus = 4, .capability = 1000, .total = 23034 * MIB},
        {.name = "NVIDIA L4", .uuid = "GPU-j", .bus = 5, .capability = 80, .minor = 10, .total = 23034 * MIB},
        {.name = "NVIDIA L4", .uuid = "GPU-k", .bus = 6, .capability = 80, .minor = -1, .total = 23034 * MIB}}},
    {.name = "swarm", .n = 2, .device = {
        {.name = "NVIDIA L4", .uuid = "GPU-j", .bus = 1, .capability = 89, .total = 23034 * MIB, .n_compute = 999999},
        {.name = "NVIDIA L4", .uuid = "GPU-k", .bus = 2, .capability = 89, .total = 23034 * MIB, .n_compute = 1000000}}},
    {.name = "room", .n = 2, .device = {
        {.name = "NVIDIA L4", .uuid = "GPU-l", .bus = 1, .capability = 89, .total = 23034 * MIB, .n_compute = 256},
        {.name = "NVIDIA L4", .uuid = "GPU-m", .bus = 2, .capability = 89, .total = 23034 * MIB, .n_compute = 257}}},
    {.name = "long-words", .init = LONG_WORDS},
    {.name = "no-words", .init = NO_WORDS},
    {.name = "null-words", .init = NULL_WORDS},
    {.name = "many-more", .count = 100, .n = 1, .device = {{.name = "NVIDIA L4", .uuid = "GPU-d", .bus = 1, .capability = 89, .total = 23034 * MIB}}},
    {.name = "many", .count = 20, .n = 1, .device = {{.name = "NVIDIA L4", .uuid = "GPU-d", .bus = 1, .capability = 89, .total = 23034 * MIB,
        .reserved = 500 * MIB, .used = 3 * MIB}}},
};

static const scene *played;

EXPORT int nvmlInit_v2(void)
{
    const char *name = getenv("VRAMFIT_STAND_IN");
    for (size_t i = 0; name && i < sizeof scenes / sizeof scenes[0]; i++)
        if (strcmp(scenes[i].name, name) == 0)
            played = &scenes[i];
    if (!played)
        abort(); /* the test asks for what is not there */
    return played->init;
}

EXPORT int nvmlShutdown(void)
{
    played = NULL;
    return SUCCESS;
}

EXPORT const char *nvmlErrorString(int status)
{
    if (status == LONG_WORDS)
        return "a driver whose words for what went wrong are so many that they do not all find room in what there is for them here";
    if (status == NO_WORDS || status == NULL_WORDS)
        return status == NO_WORDS ? "" : NULL;
    return status == LOST ? "GPU is lost" : status == NOT_LOADED ? "Driver Not Loaded" : status == NOT_SUPPORTED ? "Not Supported" : "Unknown \x1b[1mError";
}

EXPORT int nvmlSystemGetDriverVersion(char *out, unsigned n)
{
    (void)snprintf(out, n, "580.65.06");
    return SUCCESS;
}

#ifndef BROKEN
EXPORT int nvmlDeviceGetCount_v2(unsigned *n)
{
    unsigned whole = 0;
    for (unsigned i = 0; i < played->n; i++)
        whole += !played->device[i].is_part;
    *n = played->count ? played->count : whole;
    return played->count_status;
}
#endif

EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned i, const device **out)
{
    if (strncmp(played->name, "many", 4) == 0)
        i = 0;
    if (i >= played->n || played->device[i].is_part)
        return INVALID_ARGUMENT;
    *out = &played->device[i];
    return SUCCESS;
}

/* As NVML: fails when the room is too small, and need not end the text. */
static int text(const device *d, const char *value, char *out, unsigned n)
{
    if (d->status || !value)
        return d->status ? d->status : NOT_SUPPORTED;
    if (strlen(value) + 1 > n)
        return INSUFFICIENT_SIZE;
    memset(out, 'x', n);
    memcpy(out, value, strlen(value) + (strcmp(played->name, "garbage") != 0));
    return SUCCESS;
}

EXPORT int nvmlDeviceGetName(const device *d, char *out, unsigned n)
{
    return text(d, d->name, out, n);
}

EXPORT int nvmlDeviceGetUUID(const device *d, char *out, unsigned n)
{
    return text(d, d->uuid, out, n);
}

typedef struct pci_info {
    char legacy[16];
    unsigned domain, bus, device, pci_device_id, subsystem;
    char bus_id[32];
} pci_info;

EXPORT int nvmlDeviceGetPciInfo_v3(const device *d, pci_info *out)
{
    if (d->status)
        return d->status;
    memset(out, 'x', sizeof *out);
    out->pci_device_id = 0x220410de;
    (void)snprintf(out->bus_id, sizeof out->bus_id, "00000000:%02X:%02X.%X", d->bus, d->slot >> 3, d->slot & 7);
    return SUCCESS;
}

static int memory_status(const device *d)
{
    return d->memory_status ? d->memory_status : d->status;
}

typedef struct memory_v1 {
    unsigned long long total, free, used;
} memory_v1;

#ifndef OLD
typedef struct memory_v2 {
    unsigned version;
    unsigned long long total, reserved, free, used;
} memory_v2;

EXPORT int nvmlDeviceGetMemoryInfo_v2(const device *d, memory_v2 *out)
{
    if (out->version != (sizeof *out | 2u << 24))
        return INVALID_ARGUMENT;
    if (memory_status(d))
        return memory_status(d);
    out->total = d->total;
    out->reserved = d->reserved;
    out->used = d->used;
    unsigned long long held;
    bool all = __builtin_add_overflow(d->reserved, d->used, &held) || held > d->total;
    out->free = all ? 0 : d->total - held;
    return SUCCESS;
}
#endif

EXPORT int nvmlDeviceGetMemoryInfo(const device *d, memory_v1 *out)
{
    if (memory_status(d))
        return memory_status(d);
    out->total = d->total;
    out->used = d->used + d->reserved;
    out->free = d->total - out->used;
    return SUCCESS;
}

EXPORT int nvmlDeviceGetCudaComputeCapability(const device *d, int *major, int *minor)
{
    *major = d->capability / 10;
    *minor = d->minor ? d->minor : d->capability % 10;
    return d->status;
}

static process nth(const process *list, unsigned i)
{
    return i < 4 && list[i].pid ? list[i] : (process){1000 + i, (i + 1) * MIB};
}

#ifdef OLD
#define RUNNING(what, field)                                                                                                           \
    EXPORT int nvmlDeviceGet##what##RunningProcesses(const device *d, unsigned *n, process *out)
#else
typedef struct process_v2 {
    unsigned pid;
    unsigned long long used;
    unsigned gpu_instance, compute_instance;
} process_v2;
#define RUNNING(what, field)                                                                                                           \
    EXPORT int nvmlDeviceGet##what##RunningProcesses_v3(const device *d, unsigned *n, process_v2 *out)
#endif
#define BODY(field)                                                                                                                    \
    {                                                                                                                                  \
        unsigned room = *n;                                                                                                            \
        *n = d->n_##field;                                                                                                             \
        if (d->status)                                                                                                                 \
            return d->status;                                                                                                          \
        for (unsigned i = 0; i < d->n_##field && i < room; i++) {                                                                      \
            process p = nth(d->field, i);                                                                                              \
            out[i].pid = p.pid;                                                                                                        \
            out[i].used = p.used;                                                                                                      \
        }                                                                                                                              \
        return d->n_##field > room && strcmp(played->name, "lies") != 0 ? INSUFFICIENT_SIZE : SUCCESS;                                 \
    }
RUNNING(Compute, compute) BODY(compute)
RUNNING(Graphics, graphics) BODY(graphics)

EXPORT int nvmlDeviceGetMigMode(const device *d, unsigned *now, unsigned *next)
{
    *now = *next = d->parts > 0;
    return d->is_part ? INVALID_ARGUMENT : d->capability == 80 ? SUCCESS : NOT_SUPPORTED;
}

#ifndef OLD
EXPORT int nvmlDeviceGetMaxMigDeviceCount(const device *d, unsigned *n)
{
    *n = d->parts > 7 ? d->parts : d->parts ? 7 : 0;
    return SUCCESS;
}

EXPORT int nvmlDeviceGetMigDeviceHandleByIndex(const device *d, unsigned i, const device **out)
{
    if (d->parts > 7)
        i = 0;
    if (i >= d->parts || d + 1 + i >= played->device + played->n || !d[1 + i].is_part)
        return INVALID_ARGUMENT;
    *out = &d[1 + i];
    return SUCCESS;
}
#endif
