/* How far a long list is: one line on standard error that is written over, on a terminal only. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRESS_UNKNOWN UINT64_MAX

typedef struct progress {
    size_t columns; /**< of the terminal; 0: nothing is shown */
    bool shown;
    uint64_t total;       /**< bytes of the list; PROGRESS_UNKNOWN: a pipe */
    uint64_t begin, next; /**< milliseconds: the start, and when the line is due again */
} progress;

/** Nothing is shown unless `wanted`, and where standard error is no terminal that can write over a line. */
void progress_begin(progress *p, bool wanted, uint64_t total_bytes);
/** So many lines are done, which took so many bytes of the list. Shown after two seconds, then five times a second at most. */
void progress_step(progress *p, uint64_t lines, uint64_t bytes);
/** Erases the line: before anything else is written to the terminal, and at the end. */
void progress_hide(progress *p);

#endif
