#include "load/source.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"

void vf_foreign(char *field, size_t size, const char *text, size_t n)
{
    char quoted[360];
    vf_quote(quoted, sizeof quoted, text, n);
    char *close = strrchr(quoted, '\'');
    memmove(close, close + 1, strlen(close));
    vf_set_text(field, size, quoted + 1);
}

vf_status vf_src_open(vf_src *s, vf_source *source, uint64_t limit, const char *limit_text,
                      const vf_allocator *a, vf_error *err)
{
    memset(s, 0, sizeof *s);
    s->a = a;
    s->source = source;
    s->err = err;
    s->limit = limit;
    s->limit_text = limit_text;
    s->reading = "file";
    s->buffer = vf_alloc(a, VF_SRC_BUFFER);
    if (!s->buffer)
        return vf_fail(err, VF_ERR_NOMEM, "out of memory");
    return VF_OK;
}

void vf_src_close(vf_src *s)
{
    if (s->buffer)
        vf_free(s->a, s->buffer, VF_SRC_BUFFER);
    s->buffer = NULL;
}

void vf_src_name(vf_src *s, const char *name, size_t n)
{
    s->n_name = n < VF_SRC_NAME ? n : VF_SRC_NAME;
    if (n > 0)
        memcpy(s->name, name, s->n_name);
}

vf_status vf_src_fail(vf_src *s, vf_status status, uint64_t at, const char *format, ...)
{
    if (s->err) {
        char text[VF_ERROR_TEXT];
        va_list ap;
        va_start(ap, format);
        (void)vsnprintf(text, sizeof text, format, ap);
        va_end(ap);
        (void)vf_fail(s->err, status, "%s", text);
        vf_foreign(s->err->key, sizeof s->err->key, s->name, s->n_name);
        vf_set_text(s->err->file, sizeof s->err->file, s->source->name);
        s->err->has_byte = true;
        s->err->byte = at;
    }
    return status;
}

static vf_status truncated(vf_src *s, uint64_t at)
{
    if (at == 0)
        return vf_src_fail(s, VF_ERR_DATA, at, "the file is empty");
    return vf_src_fail(s, VF_ERR_DATA, at, "truncated: end of file while reading the %s", s->reading);
}

/** Whether n more bytes may be read: within the limit, and within the file when its size is known. */
static vf_status allowed(vf_src *s, uint64_t n)
{
    if (n > s->limit - s->pos)
        return vf_src_fail(s, VF_ERR_DATA, s->pos, "the %s goes beyond the limit of %s", s->reading, s->limit_text);
    uint64_t size = s->source->size;
    if (size != UINT64_MAX && (size < s->pos || n > size - s->pos))
        return truncated(s, size < s->pos ? s->pos : size);
    return VF_OK;
}

/** Fills the empty buffer; 0 bytes at the end of the file. */
static vf_status fill(vf_src *s)
{
    int64_t got = s->source->read(s->source->ctx, s->buffer, VF_SRC_BUFFER);
    if (got < 0 || got > (int64_t)VF_SRC_BUFFER)
        return vf_src_fail(s, VF_ERR_IO, s->pos, "cannot read the %s", s->reading);
    s->at = 0;
    s->end = (size_t)got;
    return VF_OK;
}

vf_status vf_src_more(vf_src *s, bool *more)
{
    vf_status status = VF_OK;
    if (s->at == s->end)
        status = fill(s);
    *more = status == VF_OK && s->at < s->end;
    return status;
}

vf_status vf_src_read(vf_src *s, void *out, size_t n)
{
    unsigned char *to = out;
    vf_status status = allowed(s, n);
    if (status != VF_OK)
        return status;
    while (n > 0) {
        if (s->at == s->end) {
            status = fill(s);
            if (status != VF_OK)
                return status;
            if (s->end == 0)
                return truncated(s, s->pos);
        }
        size_t take = s->end - s->at < n ? s->end - s->at : n;
        memcpy(to, s->buffer + s->at, take);
        s->at += take;
        s->pos += take;
        to += take;
        n -= take;
    }
    return VF_OK;
}

vf_status vf_src_skip(vf_src *s, uint64_t n)
{
    vf_status status = allowed(s, n);
    if (status != VF_OK)
        return status;
    for (;;) {
        size_t take = s->end - s->at < n ? s->end - s->at : (size_t)n;
        s->at += take;
        s->pos += take;
        n -= take;
        if (n == 0)
            return VF_OK;
        if (s->source->skip) {
            if (!s->source->skip(s->source->ctx, n))
                return vf_src_fail(s, VF_ERR_IO, s->pos, "cannot skip %" PRIu64 " bytes of the %s", n, s->reading);
            s->pos += n;
            return VF_OK;
        }
        status = fill(s);
        if (status != VF_OK)
            return status;
        if (s->end == 0)
            return truncated(s, s->pos);
    }
}

vf_status vf_src_u32(vf_src *s, uint32_t *out)
{
    unsigned char b[4] = {0};
    vf_status status = vf_src_read(s, b, sizeof b);
    if (status == VF_OK)
        *out = (uint32_t)vf_le(b, sizeof b);
    return status;
}

vf_status vf_src_u64(vf_src *s, uint64_t *out)
{
    unsigned char b[8] = {0};
    vf_status status = vf_src_read(s, b, sizeof b);
    if (status == VF_OK)
        *out = vf_le(b, sizeof b);
    return status;
}
