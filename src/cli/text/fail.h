/* Errors of the program itself, in the library's vf_error, and the one line that tells of them. */
#ifndef CLI_FAIL_H
#define CLI_FAIL_H

#include "cli/text/buf.h"

/** Exit status (a contract). */
enum { EXIT_FITS = 0, EXIT_NO_FIT = 1, EXIT_BAD = 2, EXIT_FRAGILE = 3 };

/** Sets `err` to a usage error about `where` (an option, a file; "" for none); returns false. Foreign
 * text in the arguments must have gone through vf_quote. */
bool fail(vf_error *err, const char *where, const char *format, ...) VF_PRINTF(3, 4);
/** The same for the value of an option: "--gpu '24,5G': ...". */
bool fail_value(vf_error *err, const char *option, const char *value, const char *format, ...) VF_PRINTF(4, 5);
bool fail_nomem(vf_error *err);
/** An allocation failed. Much of an answer is made aside (text in small buffers, trials whose errors say nothing), and
 * what is missing there must not be missing from the answer unsaid: main asks at the end. */
void memory_short(void);
/** What an allocation gave; remembers that it was nothing. */
void *memory_got(void *p);
/** Whether one failed since this was last asked. */
bool memory_was_short(void);
/** An error about option `was` is about option `is`. */
void fail_rename(vf_error *err, const char *was, const char *is);
/** An error about a model is one about the option that named it; false. */
bool fail_at(vf_error *err, const char *option);

/** vf_quote for a terminated string, into a buffer on the stack: quote(text).s */
typedef struct quoted {
    char s[400];
} quoted;
quoted quote(const char *text);

/** "FILE:LINE:COLUMN" or "FILE" or "KEY", as far as the error has it; returns `out`. */
char *error_where(const vf_error *err, char *out, size_t size);
/** Everything else of the error in words, with byte offset and key; returns `out`. */
char *error_message(const vf_error *err, char *out, size_t size);
/** Prints "vramfit: WHERE: what is wrong" to stderr, one line of at most 4096 bytes. */
void error_print(const vf_error *err);

#endif
