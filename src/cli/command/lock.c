/* lock LIST: what is expected of a list, kept; lock --verify FILE: whether it still comes out so. */
#include "cli/text/lines.h"
#include "cli/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_LINE "#! vramfit lock 1"
#define MOST_OPTIONS 256
#define TEXT_SIZE 65536

/* What is asked and shown, not how: a lock keeps the first. */
static bool is_kept(opt_id id)
{
    return id != OPT_MODELS_FROM && id != OPT_FORMAT && id != OPT_QUIET && id != OPT_COLOR && id != OPT_VERIFY &&
           id != OPT_CATALOG;
}

static void put_option(buf *b, const option *o, const char *text)
{
    buf_fmt(b, "#! --%s%s", o->name, text[0] ? " " : "");
    buf_plain(b, text);
    buf_str(b, "\n");
}

static void put_options(const options *o, buf *b)
{
    buf_str(b, FIRST_LINE "\n");
    for (int i = 0; i < OPT_COUNT; i++)
        if (is_kept((opt_id)i) && options_has(o, (opt_id)i) && !option_table[i].list)
            put_option(b, &option_table[i], o->value[i].text);
    for (size_t i = 0; i < o->n_items; i++)
        if (is_kept(o->item[i].id))
            put_option(b, &option_table[o->item[i].id], o->item[i].text);
}

/* One option of a lock; its text goes to `room`. */
static bool take_option(options *o, const char *text, char **room, const char *end, vf_error *err)
{
    size_t n = strcspn(text, " ");
    const char *value = text + n + (text[n] == ' ');
    const option *opt = options_find(text, n);
    size_t size = strlen(value) + 1;
    if (!opt)
        return fail(err, "", "unknown option %s", quote(text).s);
    if (o->n_items >= MOST_OPTIONS || size > (size_t)(end - *room))
        return fail(err, "", "too many options");
    memcpy(*room, value, size);
    *room += size;
    return options_give(o, opt->id, *room - size, err);
}

static bool read_options(options *o, const char *path, vf_error *err)
{
    lines *l = lines_open(path, '\n', err);
    opt_item *items = l ? realloc(o->item, (o->n_items + MOST_OPTIONS + 1) * sizeof *items) : NULL;
    if (items)
        o->item = items;
    o->text = items ? malloc(TEXT_SIZE) : NULL;
    bool good = o->text != NULL;
    if (l && !good)
        (void)fail_nomem(err);
    char *room = o->text;
    for (bool first = true; good; first = false) {
        line_kind kind = lines_next(l, err);
        if (kind == LINE_ERROR) {
            good = false;
        } else if (first && (kind != LINE_GOOD || strcmp(l->text, FIRST_LINE) != 0)) {
            good = fail(err, l->in->shown, "no lock: its first line is not '%s'", FIRST_LINE);
        } else if (kind != LINE_GOOD || strncmp(l->text, "#!", 2) != 0) {
            break;
        } else if (!first && !(strncmp(l->text, "#! --", 5) == 0 && take_option(o, l->text + 5, &room, o->text + TEXT_SIZE, err))) {
            char message[400];
            text_set(message, sizeof message, err->text[0] ? err->text : "not an option");
            good = fail(err, l->in->shown, "line %llu: %s", (unsigned long long)l->number, message);
        }
    }
    if (l)
        lines_close(l);
    return good;
}

static bool check_options(const options *o, vf_error *err)
{
    static const opt_id without[] = {OPT_MODEL, OPT_MODELS_FROM, OPT_NULL, OPT_EXEC, OPT_ACCEPT, OPT_EXPLAIN, OPT_FORMAT};
    const char *verify = o->value[OPT_VERIFY].text;
    for (size_t i = 0; i < sizeof without / sizeof without[0]; i++)
        if (options_has(o, without[i]))
            return fail(err, option_table[without[i]].name, "has no meaning with 'lock'");
    for (int i = 0; verify && i < OPT_COUNT; i++)
        if (options_has(o, (opt_id)i) && is_kept((opt_id)i))
            return fail(err, option_table[i].name, "the lock holds the settings");
    if (verify ? o->n_plain > 0 : o->n_plain == 0)
        return verify ? fail(err, "lock", "one argument too many: %s (the lock is the list)", quote(o->plain[0]).s)
                      : fail(err, "lock", "an argument is missing (LIST, or --verify FILE)");
    if (verify && strcmp(verify, "-") == 0)
        return fail(err, "--verify", "a lock is read twice: a file, not standard input");
    return true;
}

int command_lock(session *s, vf_error *err)
{
    options *o = &s->opts;
    const char *verify = o->value[OPT_VERIFY].text;
    uint64_t differ = 0;
    if (!check_options(o, err))
        return EXIT_BAD;
    const char *list = verify ? verify : o->plain[0];
    if (verify ? !read_options(o, verify, err) : (put_options(o, &s->out), false))
        return EXIT_BAD;
    o->n_plain = 0;
    if (!options_give(o, OPT_MODELS_FROM, list, err))
        return EXIT_BAD;
    s->lock = verify ? LOCK_CHECK : LOCK_WRITE;
    s->differ = &differ;
    int status = command_fit(s, err);
    s->differ = NULL;
    return status == EXIT_BAD ? EXIT_BAD : differ ? EXIT_NO_FIT : EXIT_FITS;
}
