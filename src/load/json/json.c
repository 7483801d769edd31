#include "load/json/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

/* ---- places --------------------------------------------------------------------------------- */

/** From the opening quote at `at` to the byte behind the closing one. */
static size_t skip_string(const vf_json *j, size_t at)
{
    for (at++; at < j->n && j->text[at] != '"'; at++)
        if (j->text[at] == '\\')
            at++;
    return at + 1;
}

/** Next token that is a value, from *at; *key is the place of its key, or its own. The text has passed
 * the gate, so strings, brackets and separators are all there is to tell apart. */
static size_t next_value(const vf_json *j, size_t *at, size_t *key)
{
    size_t key_at = SIZE_MAX;
    for (;;) {
        while (*at < j->n && strchr(" \t\r\n,:]}", j->text[*at]))
            (*at)++;
        size_t start = *at;
        if (start >= j->n)
            return SIZE_MAX;
        if (j->text[start] == '"') {
            *at = skip_string(j, start);
            while (*at < j->n && strchr(" \t\r\n", j->text[*at]))
                (*at)++;
            if (*at < j->n && j->text[*at] == ':') {
                key_at = start;
                continue;
            }
        } else if (strchr("[{", j->text[start])) {
            (*at)++;
        } else {
            while (*at < j->n && !strchr(" \t\r\n,:]}", j->text[*at]))
                (*at)++;
        }
        *key = key_at == SIZE_MAX ? start : key_at;
        return start;
    }
}

/* cJSON's nodes carry no place. Their valueint is of no use here (it is capped at 2^31 - 1), so it keeps
 * the byte of the value; cJSON has the order of the text, so one walk beside one scan fills them all. The
 * depth of the recursion is the gate's limit. */
static void note_places(const vf_json *j, cJSON *node, size_t *at)
{
    size_t key;
    node->valueint = (int)next_value(j, at, &key);
    for (cJSON *child = node->child; child; child = child->next)
        note_places(j, child, at);
}

size_t vf_json_at(const vf_json *j, const cJSON *node, bool key)
{
    size_t at = (size_t)node->valueint;
    if (!key || !node->string)
        return at;
    /* The key lies before the value: blanks, a colon, blanks, and a string whose closing quote comes
     * first on the way back. Its opening quote is the first with an even number of backslashes before. */
    while (j->text[at - 1] != '"')
        at--;
    for (at -= 2;; at--) {
        size_t slashes = 0;
        while (j->text[at] == '"' && at - slashes > 0 && j->text[at - slashes - 1] == '\\')
            slashes++;
        if (j->text[at] == '"' && slashes % 2 == 0)
            return at;
    }
}

/** Appends to a path, cut to fit. */
static void append(char *out, size_t size, const char *text)
{
    size_t n = strlen(out);
    vf_set_text(out + n, size - n, text);
}

/** Finds `node` below `from` and writes the path to it. */
static bool find_path(const cJSON *from, const cJSON *node, char *out, size_t size)
{
    if (from == node)
        return true;
    size_t n = strlen(out);
    uint32_t i = 0;
    for (const cJSON *child = from->child; child; child = child->next, i++) {
        char part[VF_QUOTE_SIZE];
        if (child->string) {
            size_t length = strlen(child->string);
            VF_QUOTE(part, child->string);
            /* plain keys stand without quotes */
            if (strlen(part) == length + 2 && memcmp(part + 1, child->string, length) == 0) {
                memmove(part, part + 1, length);
                part[length] = 0;
            }
        } else {
            (void)snprintf(part, sizeof part, "%u", (unsigned)i);
        }
        append(out, size, "/");
        append(out, size, part);
        if (find_path(child, node, out, size))
            return true;
        out[n] = 0;
    }
    return false;
}

char *vf_json_path(const vf_json *j, const cJSON *node, char *out, size_t size)
{
    out[0] = 0;
    if (!find_path(j->root, node, out, size))
        out[0] = 0;
    return out;
}

void vf_json_locate(const vf_json *j, const cJSON *node, bool key, vf_error *err)
{
    vf_set_text(err->file, sizeof err->file, j->file);
    if (node) {
        vf_json_path(j, node, err->key, sizeof err->key);
        vf_json_line_column(j->text, vf_json_at(j, node, key), &err->line, &err->column);
    }
}

vf_status vf_json_fail(const vf_json *j, const cJSON *node, vf_error *err, vf_status status, const char *format, ...)
{
    if (!err)
        return status;
    va_list ap;
    va_start(ap, format);
    vf_fail_va(err, status, format, ap);
    va_end(ap);
    vf_json_locate(j, node, false, err);
    return status;
}

/* ---- documents ------------------------------------------------------------------------------ */

/** Copies the text; bare NaN and Infinity become null (cJSON knows neither). There is a byte more for each, as NaN is
 * shorter. */
static void copy_text(char *out, const char *text, size_t n)
{
    size_t used = 0;
    bool quoted = false;
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (quoted && c == '\\') {
            out[used++] = c;
            c = text[++i];
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && (c == 'N' || c == 'I')) {
            if (used > 0 && out[used - 1] == '-')
                used--;
            memcpy(out + used, "null", 4);
            used += 4;
            i += strlen(c == 'N' ? "NaN" : "Infinity") - 1;
            continue;
        }
        out[used++] = c;
    }
    out[used] = 0;
}

vf_status vf_json_open(vf_json *j, const char *file, const char *text, size_t n, bool non_finite,
                       const vf_allocator *a, vf_error *err)
{
    uint32_t blanked = 0;
    *j = (vf_json){.a = a, .file = file, .n = n};
    vf_status s = vf_json_gate(text, n, non_finite ? &blanked : NULL, a, err);
    if (s != VF_OK) {
        if (err)
            vf_set_text(err->file, sizeof err->file, file);
        return s;
    }
    size_t bom = vf_json_bom(text, n);
    size_t room = n + blanked + 1;
    j->text = vf_alloc(a, n + 1);
    char *clean = blanked ? vf_alloc(a, room) : NULL;
    if (j->text && (clean || !blanked)) {
        memcpy(j->text, text, n);
        j->text[n] = 0;
        if (clean)
            copy_text(clean, text, n);
        /* The length given ends before the NUL, which the parser may look at. */
        const char *parsed = (clean ? clean : j->text) + bom;
        j->root = cJSON_ParseWithLengthOpts(parsed, strlen(parsed) + 1, NULL, 1);
    }
    vf_free(a, clean, room);
    if (!j->text || !j->root) {
        vf_json_close(j);
        return vf_fail(err, VF_ERR_NOMEM, "out of memory");
    }
    size_t at = bom;
    note_places(j, j->root, &at);
    return VF_OK;
}

void vf_json_close(vf_json *j)
{
    cJSON_Delete(j->root);
    vf_free(j->a, j->text, j->n + 1);
    j->root = NULL;
    j->text = NULL;
}

const cJSON *vf_json_member(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

/* ---- values --------------------------------------------------------------------------------- */

char *vf_json_what(const vf_json *j, const cJSON *node, char *out, size_t size)
{
    char quoted[VF_QUOTE_SIZE];
    if (cJSON_IsString(node)) {
        vf_set_text(out, size, "the string ");
        append(out, size, VF_QUOTE(quoted, node->valuestring));
    } else if (cJSON_IsNumber(node)) {
        const char *text = j->text + vf_json_at(j, node, false);
        (void)snprintf(out, size, "%.*s", (int)strcspn(text, " \t\r\n,]}"), text);
    } else {
        vf_set_text(out, size,
                    cJSON_IsNull(node)    ? "null"
                    : cJSON_IsBool(node)  ? (cJSON_IsTrue(node) ? "true" : "false")
                    : cJSON_IsArray(node) ? "an array"
                                          : "an object");
    }
    return out;
}

bool vf_json_u64(const cJSON *node, uint64_t *value)
{
    double v = node->valuedouble;
    if (!cJSON_IsNumber(node) || !(v >= 0 && v <= (double)VF_JSON_INTEGER_LIMIT))
        return false;
    *value = (uint64_t)v;
    return (double)*value == v;
}

static vf_status wrong(const vf_json *j, const cJSON *node, const char *wanted, vf_error *err)
{
    char found[VF_QUOTE_SIZE + 16];
    return vf_json_fail(j, node, err, VF_ERR_DATA, "found %s, expected %s", vf_json_what(j, node, found, sizeof found),
                        wanted);
}

/** The member, NULL when absent or null. */
static const cJSON *present(const cJSON *object, const char *key)
{
    const cJSON *node = vf_json_member(object, key);
    return node && !cJSON_IsNull(node) ? node : NULL;
}

vf_status vf_json_get_u64(const vf_json *j, const cJSON *object, const char *key, uint64_t min, uint64_t max,
                          uint64_t *value, vf_error *err)
{
    const cJSON *node = present(object, key);
    uint64_t v;
    if (!node)
        return VF_OK;
    if (!vf_json_u64(node, &v) || v < min || v > max) {
        char range[80];
        (void)snprintf(range, sizeof range, "an integer from %llu to %llu", (unsigned long long)min,
                       (unsigned long long)max);
        return wrong(j, node, range, err);
    }
    *value = v;
    return VF_OK;
}

vf_status vf_json_get_u32(const vf_json *j, const cJSON *object, const char *key, uint32_t min, uint32_t max,
                          uint32_t *value, vf_error *err)
{
    uint64_t v = *value;
    vf_status s = vf_json_get_u64(j, object, key, min, max, &v, err);
    *value = (uint32_t)v;
    return s;
}

vf_status vf_json_get_bool(const vf_json *j, const cJSON *object, const char *key, bool *value, vf_error *err)
{
    const cJSON *node = present(object, key);
    if (node && !cJSON_IsBool(node))
        return wrong(j, node, "true or false", err);
    if (node)
        *value = cJSON_IsTrue(node);
    return VF_OK;
}

vf_status vf_json_get_string(const vf_json *j, const cJSON *object, const char *key, const char **value,
                             vf_error *err)
{
    const cJSON *node = present(object, key);
    if (node && !cJSON_IsString(node))
        return wrong(j, node, "a string", err);
    if (node)
        *value = node->valuestring;
    return VF_OK;
}

vf_status vf_json_get_object(const vf_json *j, const cJSON *object, const char *key, const cJSON **value,
                             vf_error *err)
{
    *value = present(object, key);
    return !*value || cJSON_IsObject(*value) ? VF_OK : wrong(j, *value, "an object", err);
}

vf_status vf_json_get_array(const vf_json *j, const cJSON *object, const char *key, const cJSON **value,
                            vf_error *err)
{
    *value = present(object, key);
    return !*value || cJSON_IsArray(*value) ? VF_OK : wrong(j, *value, "an array", err);
}
