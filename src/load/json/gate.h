/* The gate in front of cJSON: a strict scanner. cJSON takes much that is not JSON, or that means two
 * things to two readers: duplicate keys, text behind the value, 032, 1e400, rounded integers, raw
 * control bytes, broken UTF-8, a NUL that hides the rest. What passes here cJSON reads one way only,
 * and what does not is refused with line and column. Nothing recurses, and nothing is quadratic. */
#ifndef VF_LOAD_GATE_H
#define VF_LOAD_GATE_H

#include "vramfit/vramfit.h"

/** Bytes of a JSON text. cJSON takes at most 40 bytes of memory for a byte of text (an array of
 * one-digit numbers: a node of 80 bytes for two), so its tree stays below 42 MiB. */
#define VF_JSON_TEXT_LIMIT (1u << 20)
#define VF_JSON_DEPTH_LIMIT 64
#define VF_JSON_MEMBER_LIMIT 65536
/** Integers are exact in a double up to here. */
#define VF_JSON_INTEGER_LIMIT (UINT64_C(1) << 53)
/** Bytes of a number as written; cJSON 1.7.15 cuts longer ones. */
#define VF_JSON_NUMBER_LIMIT 63

/** Whether the text is one JSON value within the limits. A byte order mark in front is fine.
 * `non_finite`, when not NULL, lets bare NaN, Infinity and -Infinity pass as values (files of real
 * models hold them) and takes their count. Line and column (in bytes, from 1) are in *err. */
vf_status vf_json_gate(const char *text, size_t n, uint32_t *non_finite, const vf_allocator *a, vf_error *err);

/** Bytes of the byte order mark at the beginning of a text: 3 or 0. */
size_t vf_json_bom(const char *text, size_t n);

/** Line and column of a byte of the text. */
void vf_json_line_column(const char *text, size_t at, uint32_t *line, uint32_t *column);

#endif
