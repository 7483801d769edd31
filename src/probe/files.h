/* Small files of the kernel, and what is written in them. */
#ifndef VF_PROBE_FILES_H
#define VF_PROBE_FILES_H

#include "vramfit/probe.h"

#define VF_PATH_SIZE 512

/** Writes ROOT and the formatted path behind it. False: it does not fit. */
bool vf_path(char out[VF_PATH_SIZE], const char *root, const char *format, ...) VF_PRINTF(3, 4);

/** The beginning of a regular file, terminated. Length, or 0 when it cannot be read. */
size_t vf_file_text(const char *path, char *out, size_t size);
/** A file that holds one number. False when it cannot be read or holds something else. */
bool vf_file_number(const char *path, uint64_t *v);
/** Whether there is a regular file. */
bool vf_file_is(const char *path);

/** Calls `fn` with every entry of a folder whose name is `prefix` and a number below `limit`, in the order of numbers. At
 * most 8192 of them. */
void vf_folder_numbers(const char *path, const char *prefix, uint32_t limit, void (*fn)(void *ctx, uint32_t number), void *ctx);

/* ---- text; pure ------------------------------------------------------------------------------ */

/** Decimal, or hexadecimal behind 0x, with white space around it; nothing else. False beyond 2^64 − 1. */
bool vf_text_number(const char *text, size_t n, uint64_t *v);
/** The value behind `key` in lines "key value" or "key: value unit"; *n its length up to the end of the line. NULL: the key
 * is not there. */
const char *vf_text_value(const char *text, const char *key, size_t *n);
/** The same as a number; B, KiB, kB (as the kernel means it: 1024), MiB and GiB behind it count. */
bool vf_text_bytes(const char *text, const char *key, uint64_t *v);
/** Copies foreign text: one line of valid UTF-8, '?' for what is not, cut to fit; white space at both ends is dropped. */
void vf_text_clean(char *out, size_t size, const char *text, size_t n);
/** The name of a device and revision in the table that libdrm installs, lines "744C,\tC8,\tAMD Radeon RX 7900 XTX". */
bool vf_text_amd_name(const char *table, uint32_t device, uint32_t revision, char *out, size_t size);
/** "0000:03:00.0": domain, and bus << 8 | device << 3 | function. */
bool vf_text_slot(const char *text, uint32_t *domain, uint32_t *location);

#endif
