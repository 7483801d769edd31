/* Named values of one thing, as lines or as a JSON object: what show prints. */
#ifndef CLI_SHEET_H
#define CLI_SHEET_H

#include "cli/text/json_out.h"
#include "vramfit/load.h"

typedef struct sheet {
    buf *b;
    bool json;
    json_out j;
    size_t width; /**< of the terminal */
} sheet;

void sheet_open(sheet *t, const char *kind);
void sheet_close(sheet *t);
/** A value under its key, in JSON null where it is unknown; as lines nothing then ("" and 0 are unknown). */
void sheet_text(sheet *t, const char *key, const char *value);
void sheet_count(sheet *t, const char *key, uint64_t value);
void sheet_bytes(sheet *t, const char *key, uint64_t value);
/** What a list of names gives: `alias` is called with 0, 1 ... until it gives NULL. */
void sheet_aliases(sheet *t, const vf_catalog *c, uint32_t index, const char *(*alias)(const vf_catalog *, uint32_t, uint32_t));

#endif
