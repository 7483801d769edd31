#define _DEFAULT_SOURCE
#include "cli/text/term.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* LC_ALL over LC_CTYPE over LANG, the first that is set and not empty. No setlocale: numbers and
 * sorting stay the same everywhere. */
static bool utf8_locale(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *v = getenv(names[i]);
        if (v && v[0])
            return strstr(v, "UTF-8") || strstr(v, "utf8") || strstr(v, "UTF8") || strstr(v, "utf-8");
    }
    return false;
}

static size_t columns_variable(void)
{
    const char *v = getenv("COLUMNS");
    size_t n = 0;
    if (!v || !v[0] || strlen(v) > 5)
        return 0;
    for (; *v; v++) {
        if (*v < '0' || *v > '9')
            return 0;
        n = n * 10 + (size_t)(*v - '0');
    }
    return n;
}

static bool is_dumb(void)
{
    const char *name = getenv("TERM");
    return !name || !name[0] || strcmp(name, "dumb") == 0;
}

static size_t columns_of(int fd)
{
    struct winsize w;
    return ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? w.ws_col : 80;
}

size_t term_error_columns(void)
{
    return isatty(2) == 1 && !is_dumb() ? columns_of(2) : 0;
}

term term_look(color_when when)
{
    term t = {.tty = isatty(1) == 1};
    const char *no_color = getenv("NO_COLOR");
    bool dumb = is_dumb();
    t.width = columns_variable();
    if (t.width == 0 && t.tty)
        t.width = columns_of(1);
    /* Below this nothing useful fits; lines are then longer than asked for, but never cut. */
    if (t.width > 0 && t.width < 40)
        t.width = 40;
    t.color = when == COLOR_ALWAYS || (when == COLOR_AUTO && t.tty && !dumb && !(no_color && no_color[0]));
    t.unicode = t.tty && !dumb && utf8_locale();
    return t;
}
