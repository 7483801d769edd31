/* A small JSON writer: commas, indentation, escapes. */
#ifndef CLI_JSON_OUT_H
#define CLI_JSON_OUT_H

#include "cli/text/buf.h"

typedef struct json_out {
    buf *b;
    unsigned depth;
    bool pretty; /**< indented; else all on one line */
    bool more;   /**< the value before in this object or array wants a comma */
} json_out;

/* `key` NULL: within an array, or the whole document. */
void json_open(json_out *j, const char *key, char bracket);
void json_close(json_out *j, char bracket);
void json_u64(json_out *j, const char *key, uint64_t v);
void json_i64(json_out *j, const char *key, int64_t v);
void json_str(json_out *j, const char *key, const char *text);
/** 0 means unknown: null. */
void json_known(json_out *j, const char *key, uint64_t v);
/** The same for strings: "" is unknown. */
void json_known_str(json_out *j, const char *key, const char *text);
void json_null(json_out *j, const char *key);
/** A number that is written already. */
void json_number(json_out *j, const char *key, const char *digits);
void json_ratio(json_out *j, const char *key, uint64_t num, uint64_t den, unsigned decimals);

#endif
