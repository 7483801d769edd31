/* The waist between the answer and its formats: rows of numbers and notes. Every format prints the
 * same rows. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "cli/report/curve.h"
#include "cli/session.h"
#include "vramfit/speed.h"

#define ROW_NOTES 14

#define ROW_SUGGESTIONS 12

/** A change of the question, and what it comes to. */
typedef struct suggestion {
    char change[160]; /**< as typed: "--kv-type q8_0" */
    char flags[80];   /**< the same for the runtime's own program: "-ctk q8_0 -ctv q8_0"; "" where it has none */
    vf_verdict verdict;
    uint64_t need;
} suggestion;

typedef struct row {
    const char *model; /**< catalog id, or the name in the file */
    const char *quant, *gpu;
    const vf_result *result;
    const vf_speed *speed; /**< NULL: not asked for */
    const curve *curve;    /**< NULL: not asked for */
    const buf *launch;     /**< of models side by side, how each is started: the model itself first; n_launch of them */
    uint32_t n_launch;
    uint32_t n_notes;
    char note[ROW_NOTES][VF_NOTE_TEXT]; /**< the program's own; the result has more */
    uint32_t n_suggestions;
    suggestion suggestion[ROW_SUGGESTIONS];
} row;

struct renderer;
struct picture;

/** One output being made. */
typedef struct report {
    const struct renderer *renderer;
    buf *out;
    const term *term;
    bool explain;
    bool speed;  /**< rows have it */
    bool curves; /**< rows have one, as far as they are few */
    struct picture *picture; /**< rows kept, for formats that draw them */
    bool single; /**< there is one row: it is shown in full */
    size_t gpu_columns; /**< of the longest name of a set of cards */
    uint64_t n_rows;
    bool from_list; /**< rows come from a list, as many as there are */
    const char *list; /**< the list that rows come from, a file's name; NULL: none, or standard input */
    const char *line; /**< of a list, the one that rows are of, whole */
    uint64_t line_number, line_before; /**< its number, and that of the row before */
    uint64_t *differ; /**< lock --verify: counts rows that differ */
    /* notes already said, where rows are lines (a bounded number: the rest is not remembered) */
    buf notes; /**< one a line */
    uint32_t n_notes;
    /* errors of single cases, for formats that list them */
    buf errors;
    uint32_t n_errors;
} report;

/** A format: any function but `row` may be NULL. */
typedef struct renderer {
    void (*begin)(report *r);
    void (*row)(report *r, const row *row);
    void (*end)(report *r);
    void (*error)(report *r, const char *where, const char *message); /**< of one case or line */
} renderer;

extern const renderer format_table, format_json, format_jsonl, format_csv, format_tsv, format_markdown, format_junit,
    format_github, format_lock, format_lock_check, format_svg, format_html;
/** Whether rows depend on the line that they stand in. */
bool report_is_lined(const report *r);

void report_begin(report *r, const session *s, buf *out, bool single, size_t gpu_columns);
void report_row(report *r, const row *row);
/** An error of one case or line, for formats with a list of errors (JSON). */
void report_error(report *r, const vf_error *err);
void report_end(report *r);
/** Also of a report that was not ended, or not begun (all zero). */
void report_free(report *r);

void row_note(row *w, const char *format, ...) VF_PRINTF(2, 3);
/** Note number i of a row, its own and the result's; NULL past the end. */
const char *row_get_note(const row *w, uint32_t i);

/** Remembers the notes of a row that were not said yet, for formats whose rows are lines. */
void report_keep_notes(report *r, const row *w);

/** Sum of a segment over the devices. */
uint64_t result_segment(const vf_result *r, vf_segment segment);

#endif
