/* How a page looks. */
#ifndef CLI_HTML_STYLE_H
#define CLI_HTML_STYLE_H

#include "cli/text/buf.h"

/** The page's own rules, behind those of draw_style. */
void html_style(buf *b);

#endif
