/* What the terminal can do. */
#ifndef CLI_TERM_H
#define CLI_TERM_H

#include <stdbool.h>
#include <stddef.h>

typedef struct term {
    bool tty;     /**< standard output is a terminal */
    bool color;
    bool unicode; /**< box and block characters */
    size_t width; /**< columns; 0: unlimited (no terminal, and COLUMNS is not set) */
} term;

typedef enum color_when { COLOR_AUTO = 0, COLOR_ALWAYS, COLOR_NEVER } color_when;

term term_look(color_when when);
/** Columns of standard error where that is a terminal on which a line can be written over; 0 where it is not. */
size_t term_error_columns(void);

#endif
