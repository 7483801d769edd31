#include "cli/text/csv.h"

#include <string.h>

void csv_cell(buf *b, csv_style style, bool first, const char *text)
{
    static const char *const separator[] = {",", "\t", " | "};
    buf plain = {0};
    if (style == CSV_MARKDOWN && first)
        buf_str(b, "| ");
    else if (!first)
        buf_str(b, separator[style]);
    buf_plain(&plain, text);
    bool quoted = style == CSV_COMMA && plain.n && (memchr(plain.p, ',', plain.n) || memchr(plain.p, '"', plain.n));
    if (quoted)
        buf_str(b, "\"");
    for (size_t i = 0; i < plain.n; i++) {
        if (quoted && plain.p[i] == '"')
            buf_str(b, "\"");
        if (style == CSV_MARKDOWN && plain.p[i] == '|')
            buf_str(b, "\\");
        buf_add(b, plain.p + i, 1);
    }
    if (quoted)
        buf_str(b, "\"");
    if (plain.failed)
        b->failed = true;
    buf_free(&plain);
}

void csv_end(buf *b, csv_style style)
{
    buf_str(b, style == CSV_MARKDOWN ? " |\n" : "\n");
}

void csv_rule(buf *b, size_t columns)
{
    for (size_t i = 0; i < columns; i++)
        buf_str(b, "| --- ");
    buf_str(b, "|\n");
}
