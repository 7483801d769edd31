/* vramfit, the program. One way through: arguments, a command, one write. */
#include "cli/text/io.h"
#include "cli/args/launch.h"
#include "cli/session.h"

static int (*const run[CMD_COUNT])(session *, vf_error *) = {
    [CMD_FIT] = command_fit,   [CMD_LIST] = command_list, [CMD_SHOW] = command_show,
    [CMD_VERIFY] = command_verify, [CMD_DIFF] = command_diff, [CMD_LOCK] = command_lock, [CMD_CHECK] = command_check, [CMD_HELP] = command_help, [CMD_VERSION] = command_version,
};

static int dispatch(session *s, vf_error *err)
{
    const opt_value *color = &s->opts.value[OPT_COLOR];
    s->term = term_look(color->text ? (color_when)color->word : COLOR_AUTO);
    if (options_has(&s->opts, OPT_HELP))
        return command_help(s, err);
    if (options_has(&s->opts, OPT_VERSION))
        return command_version(s, err);
    if (session_format(s) == FORMAT_SARIF && s->opts.command != CMD_CHECK) {
        (void)fail_value(err, "--format", "sarif", "a format of 'check'");
        return EXIT_BAD;
    }
    bool answers = session_format(s) == FORMAT_JUNIT || session_format(s) == FORMAT_GITHUB ||
                   session_format(s) == FORMAT_SVG || session_format(s) == FORMAT_HTML;
    if (answers && s->opts.command != CMD_FIT) {
        (void)fail_value(err, "--format", s->opts.value[OPT_FORMAT].text, "a format of answers, not of '%s'",
                         commands[s->opts.command].name);
        return EXIT_BAD;
    }
    return run[s->opts.command](s, err);
}

/* Whether --exec starts the line: on fit, and on fragile where that is accepted. */
static bool starts(const session *s, int status)
{
    const opt_value *accept = &s->opts.value[OPT_ACCEPT];
    return options_has(&s->opts, OPT_EXEC) &&
           (status == EXIT_FITS || (status == EXIT_FRAGILE && accept->text && accept->word == 1));
}

int main(int argc, char **argv)
{
    session s;
    vf_error err = {0};
    session_init(&s);
    int status = EXIT_BAD;
    if (io_guard_descriptors(&err) && options_parse(&s.opts, argc, argv, &err))
        status = dispatch(&s, &err);
    bool told = status != EXIT_BAD || err.status == VF_OK;
    if (memory_was_short() && (told || err.status != VF_ERR_NOMEM)) { /* what was answered, or said to be wrong, may not be so */
        (void)fail_nomem(&err);
        told = false;
        status = EXIT_BAD;
    }
    if (told && starts(&s, status)) { /* standard output is the program's then */
        launch_exec(&s.opts, &err);
        told = false;
        status = EXIT_BAD;
    }
    if (told && options_has(&s.opts, OPT_QUIET))
        s.out.n = 0;
    if (told && (!io_flush(&s.out, &err) || !io_close_stdout(&err))) {
        told = false;
        status = EXIT_BAD;
    }
    if (!told && err.text[0])
        error_print(&err);
    session_free(&s);
    return status;
}
