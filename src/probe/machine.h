/* The parts of a probe; each adds what it finds. */
#ifndef VF_PROBE_MACHINE_H
#define VF_PROBE_MACHINE_H

#include "vramfit/probe.h"

/** What a probe works with. */
typedef struct vf_probe_job {
    const char *root; /**< "" or a folder */
    const char *nvml; /**< NULL: by its usual name; "": none */
    vf_machine *m;
    bool nvml_answers;
    uint32_t other_cards;  /**< in sysfs, of drivers that are not read */
    char looked[2][160];   /**< what came of NVML, and of sysfs */
} vf_probe_job;

/** The next free card, cleared; NULL when there is no room (it is counted then). */
vf_machine_card *vf_card_new(vf_probe_job *job, vf_maker maker);
/** A line among the notes; the format must not use floating point, foreign text must be clean. */
void vf_machine_note(vf_machine *m, const char *format, ...) VF_PRINTF(2, 3);
/** Sets the card's memory; sizes that cannot be true are taken as unknown, `used` is cut to the total. */
void vf_card_memory(vf_machine_card *card, uint64_t total, uint64_t reserved, bool has_used, uint64_t used);
/** A process holds that much, at least: of two sources the larger counts. */
void vf_card_holder(vf_machine_card *card, uint32_t pid, uint64_t bytes);

/** The cards that NVIDIA's driver tells of. */
void vf_probe_nvml(vf_probe_job *job);
/** Those of amdgpu, xe and i915. */
void vf_probe_sysfs(vf_probe_job *job);
/** amdgpu: fills the card whose folder it is. */
void vf_probe_amdgpu(vf_probe_job *job, const char *device, vf_machine_card *card);
/** Processes in /proc that hold memory of cards with a PCI address, as far as this user may see. */
void vf_probe_fdinfo(vf_probe_job *job);
#if defined(__APPLE__)
void vf_probe_apple(vf_probe_job *job);
#endif
/** Orders NVIDIA's cards as CUDA_VISIBLE_DEVICES does, and marks those that it hides. */
void vf_probe_visible(vf_machine *m, const char *visible);

#endif
