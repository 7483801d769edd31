/* vramfit: the GPUs of this machine, their memory now, and who holds it.
 *
 * The only part of the library that touches the system. Nothing here is linked against a driver: NVIDIA's
 * management library (NVML) is loaded when it is asked, everything else is read from files of the kernel.
 * No rights are needed beyond those of any user. Linux; on macOS written from Apple's documentation and run by
 * nobody; elsewhere VF_ERR_NOT_FOUND says so.
 *
 * Strings that come from drivers and processes are one line of valid UTF-8 without control characters.
 */
#ifndef VRAMFIT_PROBE_H
#define VRAMFIT_PROBE_H

#include "vramfit/vramfit.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VF_MACHINE_CARDS VF_MAX_DEVICES
#define VF_MACHINE_HOLDERS 12
#define VF_MACHINE_NOTES 12

typedef enum vf_maker { VF_MAKER_NVIDIA = 0, VF_MAKER_AMD, VF_MAKER_INTEL, VF_MAKER_APPLE } vf_maker;

/** A process that holds memory of a card. */
typedef struct vf_holder {
    uint32_t pid;
    char name[32];  /**< as the kernel calls it; "": it is not seen from here (another container, another user) */
    uint64_t bytes; /**< UINT64_MAX: the driver does not tell */
} vf_holder;

/** One GPU. Bytes. total = reserved + used + what is free, for the card as a whole. */
typedef struct vf_machine_card {
    vf_maker maker;
    char name[96];   /**< as the driver says, or maker and PCI number: "AMD 1002:744c" */
    char driver[64]; /**< "nvidia 580.65.06", "amdgpu", "xe", "i915" */
    char uuid[96];   /**< NVIDIA's; "" unknown */
    char bus[32];    /**< PCI address "0000:01:00.0"; "" unknown */
    uint32_t vendor_id, device_id, revision; /**< PCI; 0: unknown */
    uint32_t compute_capability; /**< CUDA, ×10; 0: none, unknown */
    uint32_t gfx;                /**< AMD: major × 10000 + minor × 100 + stepping (gfx1100: 110000); 0: unknown */
    bool integrated; /**< it uses the system's memory: `total` is what it may have of it */
    bool partition;  /**< a part of a card that is divided (MIG) */
    bool hidden;     /**< CUDA_VISIBLE_DEVICES leaves it out, or CUDA does */
    bool has_total;  /**< the driver says how much memory it has; if not, nothing below is known */
    bool has_used;   /**< and how much of it is in use */
    uint64_t total, reserved, used;
    uint32_t n_holders;    /**< listed, the largest first */
    uint32_t more_holders; /**< that are not */
    vf_holder holder[VF_MACHINE_HOLDERS];
    char note[VF_NOTE_TEXT]; /**< what is special about it; "" nothing */
} vf_machine_card;

/** What is there. Plain data. */
typedef struct vf_machine {
    uint64_t ram_total, ram_available; /**< of the system; 0: unknown */
    uint32_t n_cards;
    uint32_t more_cards; /**< beyond VF_MACHINE_CARDS */
    vf_machine_card card[VF_MACHINE_CARDS]; /**< NVIDIA's first, in the order of CUDA_VISIBLE_DEVICES or NVML; AMD's, Intel's */
    uint32_t n_notes;
    char note[VF_MACHINE_NOTES][VF_NOTE_TEXT]; /**< what could not be read, and why */
} vf_machine;

/** Where to look. All NULL: this machine as it is. The caller's strings. */
typedef struct vf_probe_options {
    const char *root;         /**< a folder whose sys/ and proc/ are read in place of /sys and /proc */
    const char *nvml;         /**< a library loaded in place of libnvidia-ml.so.1; "": none */
    const char *cuda_visible; /**< value of CUDA_VISIBLE_DEVICES; NULL: it is not set */
} vf_probe_options;

/** Finds the GPUs of this machine and fills `out`. `options` may be NULL. Not pure: loads and unloads NVML, reads
 * files; calls from several threads are as safe as NVML's own. VF_ERR_NOT_FOUND when there is no GPU, with what was
 * looked for; `out` then has the notes and the system's memory. */
VF_API vf_status vf_machine_probe(const vf_probe_options *options, vf_machine *out, vf_error *err);

/** "NVIDIA", "AMD", "Intel", "Apple". */
VF_API const char *vf_maker_name(vf_maker maker);

#ifdef __cplusplus
}
#endif
#endif
