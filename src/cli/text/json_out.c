#include "cli/text/json_out.h"

static void newline(json_out *j)
{
    if (!j->pretty)
        return;
    buf_str(j->b, "\n");
    buf_repeat(j->b, "  ", j->depth);
}

static void key_of(json_out *j, const char *key)
{
    if (j->more)
        buf_str(j->b, j->pretty ? "," : ", ");
    if (j->depth > 0)
        newline(j);
    j->more = true;
    if (!key)
        return;
    buf_json(j->b, key);
    buf_str(j->b, ": ");
}

void json_open(json_out *j, const char *key, char bracket)
{
    key_of(j, key);
    buf_add(j->b, &bracket, 1);
    j->depth++;
    j->more = false;
}

void json_close(json_out *j, char bracket)
{
    j->depth--;
    if (j->more)
        newline(j);
    buf_add(j->b, &bracket, 1);
    j->more = true;
}

void json_u64(json_out *j, const char *key, uint64_t v)
{
    key_of(j, key);
    buf_u64(j->b, v);
}

void json_i64(json_out *j, const char *key, int64_t v)
{
    key_of(j, key);
    if (v < 0)
        buf_str(j->b, "-");
    buf_u64(j->b, buf_magnitude(v));
}

void json_str(json_out *j, const char *key, const char *text)
{
    key_of(j, key);
    buf_json(j->b, text);
}

void json_null(json_out *j, const char *key)
{
    key_of(j, key);
    buf_str(j->b, "null");
}

void json_known(json_out *j, const char *key, uint64_t v)
{
    if (v)
        json_u64(j, key, v);
    else
        json_null(j, key);
}

void json_known_str(json_out *j, const char *key, const char *text)
{
    if (text && text[0])
        json_str(j, key, text);
    else
        json_null(j, key);
}

void json_number(json_out *j, const char *key, const char *digits)
{
    key_of(j, key);
    buf_str(j->b, digits);
}

void json_ratio(json_out *j, const char *key, uint64_t num, uint64_t den, unsigned decimals)
{
    key_of(j, key);
    buf_ratio(j->b, num, den, decimals);
}
