/* lock: the list again, with what is expected of each line behind it as a comment, so that a lock is a list too; and
 * the comparison of such a file with what comes out now. */
#include "cli/report/report.h"

#include <string.h>

/* "Q8_0 on 24GB, context 4096: " names a row among those of its line. */
static void put_key(buf *b, const row *w)
{
    buf_fmt(b, "%s on %s, context ", w->quant, w->gpu);
    buf_u64(b, w->result->context);
    buf_str(b, ": ");
}

static void put_expected(buf *b, const row *w)
{
    buf_fmt(b, "%s, needs ", vf_verdict_name(w->result->verdict));
    buf_u64(b, w->result->need);
    buf_str(b, ", margin ");
    buf_u64(b, w->result->margin);
}

static void lock_row(report *r, const row *w)
{
    if (r->line_number != r->line_before) {
        size_t n = strcspn(r->line, "#");
        while (n > 0 && (r->line[n - 1] == ' ' || r->line[n - 1] == '\t'))
            n--;
        buf_str(r->out, r->n_rows ? "\n" : "");
        buf_add(r->out, r->line, n);
        buf_str(r->out, " # ");
        r->line_before = r->line_number;
    } else {
        buf_str(r->out, "; ");
    }
    put_key(r->out, w);
    put_expected(r->out, w);
}

static void lock_end(report *r)
{
    buf_str(r->out, r->n_rows ? "\n" : "");
}

typedef struct expected {
    char verdict[16];
    uint64_t need, margin;
} expected;

/* Digits behind a word; where they end, or NULL. */
static const char *read_number(const char *text, const char *word, uint64_t *v)
{
    size_t n = strlen(word);
    if (strncmp(text, word, n) != 0)
        return NULL;
    size_t digits = strspn(text + n, "0123456789");
    return parse_digits(text + n, digits, v) ? text + n + digits : NULL;
}

static bool read_expected(const char *text, expected *e)
{
    size_t n = strcspn(text, ",");
    if (n >= sizeof e->verdict)
        return false;
    memcpy(e->verdict, text, n);
    e->verdict[n] = 0;
    const char *rest = read_number(text + n, ", needs ", &e->need);
    return rest && read_number(rest, ", margin ", &e->margin);
}

/* What the line's comment says of the row. */
static bool find_expected(const char *line, const buf *key, expected *e)
{
    const char *at = strchr(line, '#');
    while (at && (at = strpbrk(at, "#;"))) {
        at += strspn(at, "#; ");
        if (strncmp(at, key->p, key->n) == 0)
            return read_expected(at + key->n, e);
    }
    return false;
}

static void tell(report *r, const row *w, const buf *key)
{
    ++*r->differ;
    buf_fmt(r->out, "line %llu, %s, %.*s", (unsigned long long)r->line_number, w->model, (int)key->n, key->p);
}

static void check_row(report *r, const row *w)
{
    const char *verdict = vf_verdict_name(w->result->verdict);
    uint64_t need = w->result->need, apart;
    expected e;
    buf key = {0};
    put_key(&key, w);
    if (key.failed) {
        r->out->failed = true;
    } else if (!find_expected(r->line, &key, &e)) {
        tell(r, w, &key);
        buf_fmt(r->out, "not in the lock (%s, needs %llu)\n", verdict, (unsigned long long)need);
    } else {
        apart = need > e.need ? need - e.need : e.need - need;
        if (strcmp(verdict, e.verdict) != 0 || apart > e.margin) {
            tell(r, w, &key);
            buf_fmt(r->out, "%s, needs %llu; the lock says %s, %llu\n", verdict, (unsigned long long)need, e.verdict, (unsigned long long)e.need);
        }
    }
    buf_free(&key);
}

static void check_end(report *r)
{
    buf_fmt(r->out, *r->differ ? "%llu of %llu differ\n" : "nothing differs\n", (unsigned long long)*r->differ,
            (unsigned long long)r->n_rows);
}

const renderer format_lock = {NULL, lock_row, lock_end, NULL};
const renderer format_lock_check = {NULL, check_row, check_end, NULL};
