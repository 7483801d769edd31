#include "base/text.h"

#include <string.h>

#define QUOTE_LIMIT 80

uint32_t vf_utf8_length(const char *text, size_t n)
{
    const unsigned char *s = (const unsigned char *)text;
    unsigned char lead = s[0];
    if (lead < 0x80)
        return 1;
    /* The second byte's range shuts out overlong forms, surrogates and what lies beyond U+10FFFF
     * (Unicode 15, table 3-7). */
    unsigned char low = 0x80, high = 0xBF;
    uint32_t length = 0;
    if (lead >= 0xC2 && lead <= 0xDF) {
        length = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        length = 3;
        low = lead == 0xE0 ? 0xA0 : low;
        high = lead == 0xED ? 0x9F : high;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        length = 4;
        low = lead == 0xF0 ? 0x90 : low;
        high = lead == 0xF4 ? 0x8F : high;
    }
    if (length == 0 || n < length || s[1] < low || s[1] > high)
        return 0;
    for (uint32_t i = 2; i < length; i++)
        if (s[i] < 0x80 || s[i] > 0xBF)
            return 0;
    return length;
}

uint32_t vf_utf8_code(const char *text, uint32_t length)
{
    static const unsigned char mask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    const unsigned char *s = (const unsigned char *)text;
    uint32_t code = s[0] & mask[length];
    for (uint32_t i = 1; i < length; i++)
        code = code << 6 | (s[i] & 0x3Fu);
    return code;
}

bool vf_text_unsafe(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x00, 0x1F},     /* C0 controls */
        {0x7F, 0x9F},     /* DEL, C1 controls */
        {0xAD, 0xAD},     /* soft hyphen */
        {0x61C, 0x61C},   /* Arabic letter mark */
        {0x180E, 0x180E}, /* Mongolian vowel separator */
        {0x200B, 0x200F}, /* zero width, direction marks */
        {0x2028, 0x202E}, /* line and paragraph separators, bidi embeddings and overrides */
        {0x2060, 0x206F}, /* invisible operators, bidi isolates */
        {0xFEFF, 0xFEFF}, /* byte order mark */
        {0xFFF9, 0xFFFB}, /* interlinear annotation */
        {0xE0000, 0xE007F}, /* tags */
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    return false;
}

char *vf_quote(char *out, size_t size, const char *text, size_t n)
{
    static const char hex[] = "0123456789ABCDEF";
    static const char tail[] = "'...";
    const unsigned char *s = (const unsigned char *)text;
    size_t used = 0, shown = 0, i = 0;
    out[used++] = '\'';
    while (i < n) {
        uint32_t length = vf_utf8_length(text + i, n - i);
        uint32_t code = length ? vf_utf8_code(text + i, length) : 0;
        bool plain = length > 0 && code != '\'' && !vf_text_unsafe(code);
        size_t bytes = plain ? length : 4, width = plain ? 1 : 4;
        if (shown + width > QUOTE_LIMIT || used + bytes + sizeof tail > size)
            break;
        if (plain) {
            memcpy(out + used, text + i, length);
            i += length;
        } else {
            const char escape[4] = {'\\', 'x', hex[s[i] >> 4], hex[s[i] & 15]};
            memcpy(out + used, escape, sizeof escape);
            i++;
        }
        used += bytes;
        shown += width;
    }
    memcpy(out + used, tail, sizeof tail);
    if (i == n)
        out[used + 1] = 0;
    return out;
}
