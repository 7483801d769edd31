#include "base/regex.h"

#include <string.h>

#include "base/error.h"

#define DEPTH_LIMIT 16
#define REPEAT_LIMIT 255

enum { OP_CHAR, OP_ANY, OP_SET, OP_SPLIT, OP_JUMP, OP_BEGIN, OP_END, OP_MATCH };

typedef struct parser {
    const char *text;
    size_t n, at;
    unsigned depth;
    const char *wrong; /* NULL: nothing yet */
    vf_regex *re;
} parser;

static bool fail_at(parser *p, const char *what)
{
    p->wrong = what;
    return false;
}

static bool more(const parser *p)
{
    return p->at < p->n;
}

static bool next_is(parser *p, char c)
{
    if (!more(p) || p->text[p->at] != c)
        return false;
    p->at++;
    return true;
}

/* Makes room for one operation at `at`; jumps are relative and within a fragment, so code moves whole. */
static bool insert(parser *p, uint32_t at, vf_regex_op op)
{
    vf_regex *re = p->re;
    if (re->n_ops >= VF_REGEX_OPS)
        return fail_at(p, "too long");
    memmove(&re->op[at + 1], &re->op[at], (re->n_ops - at) * sizeof re->op[0]);
    re->op[at] = op;
    re->n_ops++;
    return true;
}

static bool append(parser *p, vf_regex_op op)
{
    return insert(p, p->re->n_ops, op);
}

static bool append_copy(parser *p, uint32_t from, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++)
        if (!append(p, p->re->op[from + i]))
            return false;
    return true;
}

static bool star(parser *p, uint32_t from)
{
    int16_t length = (int16_t)(p->re->n_ops - from);
    return insert(p, from, (vf_regex_op){.kind = OP_SPLIT, .to = 1, .else_ = (int16_t)(length + 2)}) &&
           append(p, (vf_regex_op){.kind = OP_JUMP, .to = (int16_t)-(length + 1)});
}

static bool maybe(parser *p, uint32_t from)
{
    int16_t length = (int16_t)(p->re->n_ops - from);
    return insert(p, from, (vf_regex_op){.kind = OP_SPLIT, .to = 1, .else_ = (int16_t)(length + 1)});
}

static void set_add(uint8_t *set, unsigned first, unsigned last)
{
    for (unsigned c = first; c <= last; c++)
        set[c / 8] = (uint8_t)(set[c / 8] | 1u << (c % 8));
}

/* \d \w \s and their opposites; false when the letter is none of them. */
static bool set_add_class(uint8_t *set, char letter)
{
    uint8_t of[32] = {0};
    switch (letter) {
    case 'd': case 'D':
        set_add(of, '0', '9');
        break;
    case 'w': case 'W':
        set_add(of, '0', '9');
        set_add(of, 'A', 'Z');
        set_add(of, 'a', 'z');
        set_add(of, '_', '_');
        break;
    case 's': case 'S':
        set_add(of, '\t', '\r');
        set_add(of, ' ', ' ');
        break;
    default:
        return false;
    }
    bool opposite = letter <= 'Z';
    for (int i = 0; i < 32; i++)
        set[i] = (uint8_t)(set[i] | (opposite ? (uint8_t)~of[i] : of[i]));
    return true;
}

static uint8_t *new_set(parser *p)
{
    if (p->re->n_sets >= VF_REGEX_SETS) {
        (void)fail_at(p, "too many character classes");
        return NULL;
    }
    uint8_t *set = p->re->set[p->re->n_sets++];
    memset(set, 0, 32);
    return set;
}

/* The character behind a backslash, when it stands for itself or for a control character. */
static bool escaped(parser *p, unsigned *c)
{
    static const char letters[] = "tnrfv", means[] = "\t\n\r\f\v";
    char e = p->text[p->at++];
    const char *known = strchr(letters, e);
    if (known && e)
        *c = (unsigned char)means[known - letters];
    else if ((e >= '0' && e <= '9') || (e >= 'A' && e <= 'Z') || (e >= 'a' && e <= 'z'))
        return fail_at(p, "an escape that is not supported");
    else
        *c = (unsigned char)e;
    return true;
}

static bool set_item(parser *p, uint8_t *set, unsigned *c, bool *is_class)
{
    *is_class = false;
    *c = (unsigned char)p->text[p->at++];
    if (*c != '\\')
        return true;
    if (!more(p))
        return fail_at(p, "a backslash at the end");
    if (set_add_class(set, p->text[p->at])) {
        p->at++;
        *is_class = true;
        return true;
    }
    return escaped(p, c);
}

static bool parse_set(parser *p)
{
    uint8_t *set = new_set(p);
    if (!set)
        return false;
    bool opposite = next_is(p, '^');
    while (more(p) && p->text[p->at] != ']') {
        unsigned first, last;
        bool is_class, last_is_class;
        if (!set_item(p, set, &first, &is_class))
            return false;
        if (is_class)
            continue;
        last = first;
        if (p->at + 1 < p->n && p->text[p->at] == '-' && p->text[p->at + 1] != ']') {
            p->at++;
            if (!set_item(p, set, &last, &last_is_class))
                return false;
            if (last_is_class || last < first)
                return fail_at(p, "a range that is the wrong way round");
        }
        set_add(set, first, last);
    }
    if (!next_is(p, ']'))
        return fail_at(p, "a '[' without its ']'");
    for (int i = 0; opposite && i < 32; i++)
        set[i] = (uint8_t)~set[i];
    return append(p, (vf_regex_op){.kind = OP_SET, .arg = (uint8_t)(p->re->n_sets - 1)});
}

static bool parse_either(parser *p);

static bool parse_group(parser *p)
{
    if (++p->depth > DEPTH_LIMIT)
        return fail_at(p, "groups nested too deep");
    if (next_is(p, '?') && !next_is(p, ':'))
        return fail_at(p, "look-around, which is not supported");
    if (!parse_either(p))
        return false;
    p->depth--;
    return next_is(p, ')') || fail_at(p, "a '(' without its ')'");
}

static bool parse_atom(parser *p)
{
    char c = p->text[p->at++];
    unsigned plain = (unsigned char)c;
    switch (c) {
    case '.':
        return append(p, (vf_regex_op){.kind = OP_ANY});
    case '^':
        return append(p, (vf_regex_op){.kind = OP_BEGIN});
    case '$':
        return append(p, (vf_regex_op){.kind = OP_END});
    case '[':
        return parse_set(p);
    case '(':
        return parse_group(p);
    case '*': case '+': case '?': case '{':
        return fail_at(p, "a repetition of nothing");
    case '\\':
        if (!more(p))
            return fail_at(p, "a backslash at the end");
        if (p->text[p->at] && strchr("dDwWsS", p->text[p->at])) {
            uint8_t *set = new_set(p);
            if (!set)
                return false;
            (void)set_add_class(set, p->text[p->at++]);
            return append(p, (vf_regex_op){.kind = OP_SET, .arg = (uint8_t)(p->re->n_sets - 1)});
        }
        if (!escaped(p, &plain))
            return false;
        break;
    default:
        break;
    }
    return append(p, (vf_regex_op){.kind = OP_CHAR, .arg = (uint8_t)plain});
}

static bool parse_number(parser *p, uint32_t *out)
{
    if (!more(p) || p->text[p->at] < '0' || p->text[p->at] > '9')
        return fail_at(p, "a repetition that is not {n}, {n,} or {n,m}");
    for (*out = 0; more(p) && p->text[p->at] >= '0' && p->text[p->at] <= '9'; p->at++) {
        *out = *out * 10 + (uint32_t)(p->text[p->at] - '0');
        if (*out > REPEAT_LIMIT)
            return fail_at(p, "a repetition of more than 255");
    }
    return true;
}

/* {n}, {n,} and {n,m}: the atom copied, the rest of the copies optional. */
static bool parse_counted(parser *p, uint32_t from)
{
    uint32_t least = 0, most, length = p->re->n_ops - from;
    bool endless = false;
    if (!parse_number(p, &least))
        return false;
    most = least;
    if (next_is(p, ',')) {
        endless = more(p) && p->text[p->at] == '}';
        if (!endless && !parse_number(p, &most))
            return false;
    }
    if (!next_is(p, '}') || most < least)
        return fail_at(p, "a repetition that is not {n}, {n,} or {n,m}");
    vf_regex_op atom[VF_REGEX_OPS / 4];
    if (length > VF_REGEX_OPS / 4)
        return fail_at(p, "too long");
    memcpy(atom, &p->re->op[from], length * sizeof atom[0]);
    p->re->n_ops = from;
    for (uint32_t i = 0; i < most + endless; i++) {
        uint32_t start = p->re->n_ops;
        for (uint32_t k = 0; k < length; k++)
            if (!append(p, atom[k]))
                return false;
        if (i >= least && !(endless ? star(p, start) : maybe(p, start)))
            return false;
    }
    return true;
}

static bool parse_repeat(parser *p)
{
    uint32_t from = p->re->n_ops;
    if (!parse_atom(p))
        return false;
    bool good = true;
    if (next_is(p, '*')) {
        good = star(p, from);
    } else if (next_is(p, '+')) {
        uint32_t length = p->re->n_ops - from;
        good = append_copy(p, from, length) && star(p, from + length);
    } else if (next_is(p, '?')) {
        good = maybe(p, from);
    } else if (next_is(p, '{')) {
        good = parse_counted(p, from);
    } else {
        return true;
    }
    (void)next_is(p, '?'); /* lazy: the same for a search */
    return good;
}

static bool parse_either(parser *p)
{
    uint32_t from = p->re->n_ops;
    while (more(p) && p->text[p->at] != '|' && p->text[p->at] != ')')
        if (!parse_repeat(p))
            return false;
    if (!next_is(p, '|'))
        return true;
    int16_t left = (int16_t)(p->re->n_ops - from);
    if (!insert(p, from, (vf_regex_op){.kind = OP_SPLIT, .to = 1, .else_ = (int16_t)(left + 2)}) ||
        !append(p, (vf_regex_op){.kind = OP_JUMP}))
        return false;
    uint32_t jump = p->re->n_ops - 1;
    if (!parse_either(p))
        return false;
    p->re->op[jump].to = (int16_t)(p->re->n_ops - jump);
    return true;
}

vf_status vf_regex_compile(const char *pattern, size_t n, vf_regex *out, vf_error *err)
{
    parser p = {.text = pattern, .n = n, .re = out};
    out->n_ops = out->n_sets = 0;
    bool good = parse_either(&p) && (!more(&p) || fail_at(&p, "a ')' without its '('"));
    if (good && !append(&p, (vf_regex_op){.kind = OP_MATCH}))
        good = false;
    if (!good)
        return vf_fail(err, VF_ERR_USAGE, "not a regular expression: %s (character %u)", p.wrong, (unsigned)p.at);
    return VF_OK;
}

/* Adds an operation to the set of those to try at this character, following jumps. */
static bool add(const vf_regex *re, uint8_t *set, uint32_t op, bool begin, bool end)
{
    uint16_t todo[VF_REGEX_OPS + 2]; /* an operation is expanded once, and adds one more than it takes */
    uint32_t n = 0;
    todo[n++] = (uint16_t)op;
    bool matched = false;
    while (n > 0) {
        uint32_t i = todo[--n];
        if (set[i])
            continue;
        set[i] = 1;
        const vf_regex_op *o = &re->op[i];
        if (o->kind == OP_MATCH)
            matched = true;
        if (o->kind == OP_JUMP || o->kind == OP_SPLIT)
            todo[n++] = (uint16_t)((int32_t)i + o->to);
        if (o->kind == OP_SPLIT)
            todo[n++] = (uint16_t)((int32_t)i + o->else_);
        if ((o->kind == OP_BEGIN && begin) || (o->kind == OP_END && end))
            todo[n++] = (uint16_t)(i + 1);
    }
    return matched;
}

static bool takes(const vf_regex *re, const vf_regex_op *o, unsigned char c)
{
    if (o->kind == OP_CHAR)
        return o->arg == c;
    if (o->kind == OP_SET)
        return (re->set[o->arg][c / 8] >> (c % 8)) & 1;
    return o->kind == OP_ANY && c != '\n' && c != '\r';
}

bool vf_regex_search(const vf_regex *re, const char *text)
{
    uint8_t now[VF_REGEX_OPS] = {0}, then[VF_REGEX_OPS];
    for (size_t at = 0;; at++) {
        bool end = text[at] == 0;
        if (add(re, now, 0, at == 0, end)) /* a match may begin anywhere */
            return true;
        if (end)
            return false;
        memset(then, 0, sizeof then);
        bool last = text[at + 1] == 0, matched = false;
        for (uint32_t i = 0; i < re->n_ops; i++)
            if (now[i] && takes(re, &re->op[i], (unsigned char)text[at]))
                matched |= add(re, then, i + 1, false, last);
        if (matched)
            return true;
        memcpy(now, then, sizeof now);
    }
}
