/* libvramfit, the part that looks at this machine: its graphics cards, what is free on them now, and who holds the rest.
 * Nothing is linked against a driver: NVIDIA's is asked through NVML, opened while the program runs; the others through what
 * their kernel drivers write under /sys. */
#ifndef VRAMFIT_PROBE_H
#define VRAMFIT_PROBE_H

#include "vramfit/vramfit.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VF_PROBE_CARDS VF_MAX_DEVICES
#define VF_PROBE_HOLDERS 8

/** A process that holds memory of a card. */
typedef struct vf_holder {
    uint32_t pid;
    uint64_t bytes; /**< 0: the driver does not say */
    char name[32];  /**< as the kernel has it; "" when it can't be read */
} vf_holder;

/** A card of this machine. Bytes; total = reserved + used + free. */
typedef struct vf_card {
    char name[96];  /**< as the driver says: "NVIDIA GeForce RTX 3090"; a made-up one where it does not */
    char vendor[16]; /**< "nvidia", "amd", "intel", "apple" */
    char id[80];    /**< UUID, or the address on the bus */
    vf_backend backend;
    uint64_t total, reserved, used, free;
    bool unified;   /**< memory shared with the processor */
    bool knows_use; /**< false: `used` is not known, and 0 */
    uint32_t compute_capability; /**< CUDA, ×10; 0: not CUDA */
    char gfx[16];   /**< AMD's target, "gfx1100"; "" otherwise */
    uint32_t n_holders;
    vf_holder holder[VF_PROBE_HOLDERS]; /**< those that hold most, first */
} vf_card;

/** Where to look, for tests; NULL anywhere: the system's own. */
typedef struct vf_probe_options {
    const char *root;    /**< folder that stands for / (its sys, proc and usr/share) */
    const char *nvml;    /**< NVML's shared library */
    const char *visible; /**< CUDA_VISIBLE_DEVICES: numbers or UUIDs, a comma between; NULL: all */
} vf_probe_options;

/** What was found. */
typedef struct vf_probe_result {
    uint32_t n;
    vf_card card[VF_PROBE_CARDS];
    uint32_t n_notes;
    char note[8][VF_NOTE_TEXT]; /**< what was seen and could not be used */
} vf_probe_result;

/** Looks for cards: NVIDIA's first, in the order of the bus, then AMD's, Intel's, Apple's. VF_OK also when there is none. Reads
 * at most a few hundred small files; opens one library; keeps nothing. VF_ERR_NOMEM. */
VF_API vf_status vf_probe_cards(const vf_probe_options *options, vf_probe_result *out, vf_error *err);

#ifdef __cplusplus
}
#endif
#endif
