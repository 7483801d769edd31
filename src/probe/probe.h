/* What the sources of cards share. */
#ifndef VF_PROBE_PROBE_H
#define VF_PROBE_PROBE_H

#include "vramfit/probe.h"

/** Each adds the cards that it finds, and notes on what it could not use. */
void vf_probe_nvml(const vf_probe_options *o, vf_probe_result *out);
void vf_probe_amdgpu(const vf_probe_options *o, vf_probe_result *out);
void vf_probe_intel(const vf_probe_options *o, vf_probe_result *out);
void vf_probe_apple(vf_probe_result *out);

void vf_probe_note(vf_probe_result *out, const char *format, ...) VF_PRINTF(2, 3);
/** Room for another card, cleared; NULL when there are too many. */
vf_card *vf_probe_add(vf_probe_result *out);

/** Reads a small file below the root: its text without white space behind it. False: there is none, or it is not small. */
bool vf_probe_read(const vf_probe_options *o, char *out, size_t size, const char *format, ...) VF_PRINTF(4, 5);
/** n digits, all of the text: false when it is anything else, or over 18 digits (15 hexadecimal ones). */
bool vf_probe_digits(const char *text, size_t n, bool hex, uint64_t *out);
/** What is behind `key` on the first line of a file that begins with it. */
bool vf_probe_line(const vf_probe_options *o, char *out, size_t size, const char *key, const char *path);
/** The same as a number, decimal or 0x. */
bool vf_probe_number(const vf_probe_options *o, uint64_t *out, const char *format, ...) VF_PRINTF(3, 4);
/** Number i of the cards under /sys/class/drm, as "card0"; false past the end. Sorted by number. */
bool vf_probe_drm(const vf_probe_options *o, uint32_t i, char out[16]);

/** Keeps a process, those that hold most first; its name from /proc. */
void vf_probe_hold(const vf_probe_options *o, vf_card *card, uint32_t pid, uint64_t bytes);

#endif
