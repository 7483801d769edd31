/* --gpu: from what was typed to a set of cards used together. */
#ifndef CLI_GPU_H
#define CLI_GPU_H

#include "cli/session.h"

typedef struct gpu_set {
    char label[VF_MAX_DEVICES * 70]; /**< "24GB", "2xGeForce RTX 3090", "none" */
    uint32_t n;      /**< 0: the CPU alone */
    vf_device device[VF_MAX_DEVICES];
    vf_backend backend;
    bool machine; /**< cards of this machine are among them */
} gpu_set;

/** Reads one set ("2x3090", "24GB+12GB", "auto", "none"), with the driver's reserve, the desktop and --reserve. */
bool gpu_parse(session *s, const char *spec, gpu_set *out, vf_error *err);

/** Of a card's link to others ("NVLink 3 bridge, 112.5 GB/s") and to the host ("PCIe 4.0 x16"): 10^6 bytes/s in one direction; 0:
 * unknown. */
uint32_t gpu_link_rate(const char *text);
uint32_t gpu_bus_rate(const char *text);

#endif
