/* Regular expressions for tensor names, as llama.cpp's --override-tensor takes them (std::regex_search,
 * ECMAScript): literals, . [] [^] \d \w \s, groups, |, * + ? {m,n}, ^ and $. No back references, no
 * look-around: they are an error. Matching never backtracks: its time is text × program. */
#ifndef VF_BASE_REGEX_H
#define VF_BASE_REGEX_H

#include "vramfit/vramfit.h"

#define VF_REGEX_OPS 512
#define VF_REGEX_SETS 16

typedef struct vf_regex_op {
    uint8_t kind;
    uint8_t arg;      /**< character, or number of a set */
    int16_t to, else_; /**< relative jumps */
} vf_regex_op;

typedef struct vf_regex {
    uint32_t n_ops, n_sets;
    vf_regex_op op[VF_REGEX_OPS];
    uint8_t set[VF_REGEX_SETS][32];
} vf_regex;

/** Compiles a pattern of n bytes. VF_ERR_USAGE with what is wrong, and where. */
vf_status vf_regex_compile(const char *pattern, size_t n, vf_regex *out, vf_error *err);
/** Whether the expression matches anywhere in the text. */
bool vf_regex_search(const vf_regex *re, const char *text);

#endif
