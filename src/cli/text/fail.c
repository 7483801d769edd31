#include "cli/text/fail.h"
#include "cli/text/io.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

quoted quote(const char *text)
{
    quoted q = {""};
    vf_quote(q.s, sizeof q.s, text, strlen(text));
    return q;
}

VF_PRINTF(3, 0)
static void set(vf_error *err, const char *where, const char *format, va_list ap)
{
    *err = (vf_error){.status = VF_ERR_USAGE};
    text_set(err->key, sizeof err->key, where);
    (void)vsnprintf(err->text, sizeof err->text, format, ap);
}

bool fail(vf_error *err, const char *where, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    set(err, where, format, ap);
    va_end(ap);
    return false;
}

bool fail_value(vf_error *err, const char *option, const char *value, const char *format, ...)
{
    char where[sizeof err->key];
    char quoted_value[100]; /* with the option's name it fits into `key` */
    vf_quote(quoted_value, sizeof quoted_value, value, strlen(value));
    (void)snprintf(where, sizeof where, "%s %s", option, quoted_value);
    va_list ap;
    va_start(ap, format);
    set(err, where, format, ap);
    va_end(ap);
    return false;
}

static bool is_short;

void memory_short(void)
{
    is_short = true;
}

void *memory_got(void *p)
{
    if (!p)
        memory_short();
    return p;
}

bool memory_was_short(void)
{
    bool was = is_short;
    is_short = false;
    return was;
}

bool fail_nomem(vf_error *err)
{
    memory_short();
    (void)fail(err, "", "out of memory");
    err->status = VF_ERR_NOMEM;
    return false;
}

void fail_rename(vf_error *err, const char *was, const char *is)
{
    size_t n = strlen(was);
    char rest[sizeof err->key];
    if (strncmp(err->key, was, n) != 0)
        return;
    text_set(rest, sizeof rest, err->key + n);
    (void)snprintf(err->key, sizeof err->key, "%s%.*s", is, (int)(sizeof err->key - 20), rest);
}

bool fail_at(vf_error *err, const char *option)
{
    if (!err->key[0] && !err->file[0] && err->status != VF_ERR_NOMEM)
        text_set(err->key, sizeof err->key, option);
    fail_rename(err, "--model", option);
    return false;
}

char *error_where(const vf_error *err, char *out, size_t size)
{
    if (!err->file[0])
        (void)snprintf(out, size, "%s", err->key);
    else if (err->line && err->column)
        (void)snprintf(out, size, "%s:%u:%u", err->file, err->line, err->column);
    else if (err->line)
        (void)snprintf(out, size, "%s:%u", err->file, err->line);
    else
        (void)snprintf(out, size, "%s", err->file);
    return out;
}

char *error_message(const vf_error *err, char *out, size_t size)
{
    const char *key = err->file[0] ? err->key : "";
    if (err->has_byte && key[0])
        (void)snprintf(out, size, "byte %llu, '%s': %s", (unsigned long long)err->byte, key, err->text);
    else if (err->has_byte)
        (void)snprintf(out, size, "byte %llu: %s", (unsigned long long)err->byte, err->text);
    else if (key[0])
        (void)snprintf(out, size, "'%s': %s", key, err->text);
    else
        (void)snprintf(out, size, "%s", err->text);
    return out;
}

void error_print(const vf_error *err)
{
    char where[400], message[800], line[1400];
    error_where(err, where, sizeof where);
    error_message(err, message, sizeof message);
    int n = snprintf(line, sizeof line, "vramfit: %s%s%s\n", where, where[0] ? ": " : "", message);
    if (n > 0)
        (void)write_all(2, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}
