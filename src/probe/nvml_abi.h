/* What is used of NVML's interface, declared from NVIDIA's public reference (NVML API Reference Guide): names, numbers and
 * layouts that its versions keep. */
#ifndef VF_PROBE_NVML_ABI_H
#define VF_PROBE_NVML_ABI_H

#include <stdint.h>

typedef struct nvml_device_opaque *nvml_device;

enum nvml_return { NVML_SUCCESS = 0, NVML_NOT_SUPPORTED = 3, NVML_INSUFFICIENT_SIZE = 7, NVML_DRIVER_NOT_LOADED = 9, NVML_GPU_IS_LOST = 15 };

/** nvmlMemory_t: used includes what the driver reserves. */
typedef struct nvml_memory {
    unsigned long long total, free, used;
} nvml_memory;

/** nvmlMemory_v2_t (drivers from 510 on). */
typedef struct nvml_memory_v2 {
    unsigned int version;
    unsigned long long total, reserved, free, used;
} nvml_memory_v2;
#define NVML_MEMORY_V2 ((unsigned int)(sizeof(nvml_memory_v2) | 2u << 24))

/** nvmlPciInfo_t, third version. */
typedef struct nvml_pci_info {
    char bus_id_legacy[16];
    unsigned int domain, bus, device, device_id, subsystem_id; /* device_id: device << 16 | vendor */
    char bus_id[32];
} nvml_pci_info;

/** nvmlProcessInfo_t of nvmlDeviceGet…RunningProcesses_v2 and _v3. */
typedef struct nvml_process {
    unsigned int pid;
    unsigned long long used; /* UINT64_MAX: not told */
    unsigned int gpu_instance, compute_instance;
} nvml_process;

/** The same of the first version. */
typedef struct nvml_process_v1 {
    unsigned int pid;
    unsigned long long used;
} nvml_process_v1;

#define NVML_TEXT 96 /* the longest of its names: NVML_DEVICE_NAME_V2_BUFFER_SIZE, NVML_DEVICE_UUID_V2_BUFFER_SIZE */

#endif
