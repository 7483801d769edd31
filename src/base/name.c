#include "base/text.h"

#include <string.h>

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

size_t vf_name_normalize(char *out, size_t size, const char *name, size_t n)
{
    static const char plus[] = "plus";
    size_t used = 0;
    bool separated = false;
    if (n > VF_NAME_LIMIT)
        return SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)name[i];
        if (c >= 'A' && c <= 'Z')
            c = (unsigned char)(c - 'A' + 'a');
        if (c < 0x80 && c != '+' && !is_digit(c) && !(c >= 'a' && c <= 'z')) {
            separated = true;
            continue;
        }
        bool dash = separated && used > 0 && is_digit((unsigned char)out[used - 1]) && is_digit(c);
        if (used + dash + (c == '+' ? sizeof plus - 1 : 1) >= size)
            return SIZE_MAX;
        if (dash)
            out[used++] = '-';
        separated = false;
        if (c == '+') {
            memcpy(out + used, plus, sizeof plus - 1);
            used += sizeof plus - 1;
        } else {
            out[used++] = (char)c;
        }
    }
    if (used >= size)
        return SIZE_MAX;
    out[used] = 0;
    return used;
}

static uint32_t min3(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Optimal string alignment; three rows of the usual matrix are kept. A path to a distance within the
 * limit stays that near the diagonal, and a row without a cell within it ends the search. */
uint32_t vf_edit_distance(const char *a, size_t na, const char *b, size_t nb, uint32_t limit)
{
    uint32_t rows[3][VF_NAME_LIMIT + 2];
    const uint32_t far = limit + 1;
    if ((na > nb ? na - nb : nb - na) > limit)
        return far;
    for (size_t j = 0; j <= nb; j++)
        rows[0][j] = j < far ? (uint32_t)j : far;
    for (size_t i = 1; i <= na; i++) {
        const uint32_t *before = rows[(i + 1) % 3], *above = rows[(i - 1) % 3];
        uint32_t *row = rows[i % 3], least = i < far ? (uint32_t)i : far;
        size_t first = i > limit ? i - limit : 1, last = nb > i + limit ? i + limit : nb;
        row[first - 1] = first == 1 ? least : far;
        for (size_t j = first; j <= last; j++) {
            uint32_t replaced = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = min3(above[j] + 1, row[j - 1] + 1, replaced);
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
            least = row[j] < least ? row[j] : least;
        }
        row[last + 1] = far;
        if (least > limit)
            return far;
    }
    return rows[na % 3][nb] < far ? rows[na % 3][nb] : far;
}

uint32_t vf_name_distance(const char *a, const char *b)
{
    char x[VF_NAME_SIZE], y[VF_NAME_SIZE];
    size_t nx = vf_name_normalize(x, sizeof x, a, strlen(a));
    size_t ny = vf_name_normalize(y, sizeof y, b, strlen(b));
    if (nx == SIZE_MAX || ny == SIZE_MAX)
        return UINT32_MAX;
    return vf_edit_distance(x, nx, y, ny, VF_NAME_LIMIT);
}
