/* JSON read as a stream, for texts too long for a tree: safetensors headers and shard indexes. Strict
 * (RFC 8259), keeps one string at a time. */
#ifndef VF_LOAD_JSTREAM_H
#define VF_LOAD_JSTREAM_H

#include "load/source.h"

#define VF_JS_STRING 65535u /**< bytes of a string that is kept */
#define VF_JS_DEPTH 64

typedef struct vf_js {
    vf_src *src;
    bool ends_at_limit; /**< the text ends at src->limit, else with the file */
    bool lines;         /**< a text: errors give line and column, else the byte */
    uint32_t line;
    uint64_t line_start;
    char *text; /**< the string read last, n bytes and a NUL */
    size_t n;
} vf_js;

vf_status vf_js_open(vf_js *js, vf_src *src, bool ends_at_limit, bool lines);
void vf_js_close(vf_js *js);

/** Fails at the current place. */
vf_status vf_js_fail(vf_js *js, const char *format, ...) VF_PRINTF(2, 3);

/** The next byte that is no white space, not consumed: -1 at the end of the text. */
vf_status vf_js_peek(vf_js *js, int *c);
/** Consumes `c`, after white space; `what` says what should stand there. */
vf_status vf_js_expect(vf_js *js, char c, const char *what);
/** Steps through a list that ends with `close` ('}' or ']'): after the opening bracket and after each
 * item. `first` true before the first. *more is false when it was closed. */
vf_status vf_js_next(vf_js *js, char close, bool first, bool *more);
/** Reads a string into js->text; one too long is an error. `what` as above. */
vf_status vf_js_string(vf_js *js, const char *what);
/** Reads a member's name into js->text, and the colon. */
vf_status vf_js_key(vf_js *js);
/** Reads an integer from 0 to 2^64 − 1, written with digits alone. */
vf_status vf_js_u64(vf_js *js, const char *what, uint64_t *value);
/** Checks and passes over any value. */
vf_status vf_js_skip(vf_js *js, uint32_t depth);
/** Nothing but white space may follow. */
vf_status vf_js_end(vf_js *js);

#endif
