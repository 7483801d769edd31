/* Size classes, and model and quantization out of a file's name. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "load/catalog/catalog.h"
#include "load/catalog/lookup.h"
#include "load/catalog/words.h"

/* ---- size classes --------------------------------------------------------------------------- */

static const char *skip_digits(const char *p)
{
    while (*p >= '0' && *p <= '9')
        p++;
    return p;
}

/** A number with decimals, in thousandths; NULL when there is none. */
static const char *read_thousandths(const char *p, uint64_t *value)
{
    const char *first = p;
    uint32_t decimals = 0;
    bool point = false;
    *value = 0;
    for (; (*p >= '0' && *p <= '9') || (*p == '.' && !point); p++) {
        if (*p == '.') {
            point = true;
        } else if (decimals < 3) {
            *value = *value < 1000000 ? *value * 10 + (uint64_t)(*p - '0') : *value;
            decimals += point;
        }
    }
    for (; decimals < 3; decimals++)
        *value *= 10;
    return p == first || p[-1] == '.' ? NULL : p;
}

/** Whether a text is written like a size class ("13B", "8x7B", "30B-A3B", "350M"); its parameters in
 * millions, roughly, to find neighbours. */
static bool like_a_class(const char *text, uint64_t *millions)
{
    uint64_t experts = 1, value, active;
    const char *p = skip_digits(text);
    if (p > text && p - text < 4 && (*p == 'x' || *p == 'X')) {
        read_thousandths(text, &experts);
        experts /= 1000;
        text = p + 1;
    }
    p = read_thousandths(text, &value);
    if (!p || (*p != 'b' && *p != 'B' && *p != 'm' && *p != 'M'))
        return false;
    *millions = experts * value;
    if (*p == 'm' || *p == 'M')
        *millions /= 1000;
    p++;
    if (p[0] == '-' && (p[1] == 'a' || p[1] == 'A') && (p = read_thousandths(p + 2, &active)) != NULL)
        p += *p == 'b' || *p == 'B';
    return p && *p == 0;
}

/** The class next to a number of parameters, below or above; NULL: none. */
static const vf_size_class_row *neighbour(const vf_blob *blob, uint64_t parameters, bool above)
{
    const vf_size_class_row *best = NULL;
    for (uint32_t i = 0; i < blob->count[VF_TABLE_SIZE_CLASS]; i++) {
        const vf_size_class_row *row = vf_blob_row(blob, VF_TABLE_SIZE_CLASS, i);
        bool fits = above ? row->parameters >= parameters : row->parameters < parameters;
        if (fits && (!best || (above ? row->parameters < best->parameters : row->parameters > best->parameters)))
            best = row;
    }
    return best;
}

vf_status vf_catalog_size_class(const vf_catalog *c, const char *name, uint32_t *model_index,
                                uint64_t *nominal_parameters, vf_error *err)
{
    const vf_blob *blob = &c->blob;
    char normal[VF_NAME_SIZE], quoted[VF_QUOTE_SIZE];
    uint32_t first;
    uint64_t millions;
    size_t n = strlen(name);
    if (vf_name_normalize(normal, sizeof normal, name, n) == SIZE_MAX || !like_a_class(name, &millions))
        return vf_fail(err, VF_ERR_NOT_FOUND, "%s", "");
    if (vf_index_range(blob, VF_TABLE_SIZE_CLASS, normal, &first) > 0) {
        const vf_size_class_row *row = vf_blob_row(blob, VF_TABLE_SIZE_CLASS, blob->names[first].row);
        const char *model = vf_blob_text(blob, row->model);
        *nominal_parameters = row->parameters;
        return vf_index_find(blob, VF_KIND_MODEL, model, strlen(model), model_index, err);
    }
    const vf_size_class_row *below = neighbour(blob, millions * 1000000, false);
    const vf_size_class_row *above = neighbour(blob, millions * 1000000, true);
    return vf_fail(err, VF_ERR_NOT_FOUND, "%s is no size class (the nearest: %s%s%s)", VF_QUOTE(quoted, name),
                   below ? vf_blob_text(blob, below->name) : "", below && above ? " and " : "",
                   above ? vf_blob_text(blob, above->name) : "");
}

vf_status vf_catalog_size_class_at(const vf_catalog *c, uint32_t i, uint32_t *model_index, uint64_t *nominal_parameters)
{
    const vf_blob *blob = &c->blob;
    if (i >= blob->count[VF_TABLE_SIZE_CLASS])
        return VF_ERR_NOT_FOUND;
    const vf_size_class_row *row = vf_blob_row(blob, VF_TABLE_SIZE_CLASS, i);
    const char *model = vf_blob_text(blob, row->model);
    *nominal_parameters = row->parameters;
    return vf_index_find(blob, VF_KIND_MODEL, model, strlen(model), model_index, NULL);
}

/* ---- names of files --------------------------------------------------------------------------- */

static bool ends_with(const char *text, size_t n, const char *end)
{
    size_t m = strlen(end);
    for (size_t i = 0; n >= m && i < m; i++)
        if ((text[n - m + i] | 0x20) != (end[i] | 0x20))
            return false;
    return n >= m;
}

/** The length of a name without the words at its end that packers add and that say nothing of its size. */
static size_t without_packing(const char *text, size_t n)
{
    static const char *const words[] = {"gguf", "i1",      "imatrix",   "imat", "hf",
                                        "qat",  "unsloth", "quantized", NULL};
    for (size_t i = 0; words[i]; i++) {
        size_t m = strlen(words[i]);
        if (n > m + 1 && vf_is_separator(text[n - m - 1]) && ends_with(text, n, words[i]))
            return without_packing(text, n - m - 1);
    }
    return n;
}

/** Finds the quantization of a word as the packer of the whole name means it: "4bit" is MLX's own when the
 * name begins with "mlx-community/", as "mlx-4bit". */
static bool quant_of_packer(const vf_blob *blob, const char *text, const char *word, size_t n, uint32_t *quant)
{
    char name[VF_NAME_SIZE];
    size_t first = 0;
    if (!strchr(text, '/'))
        return false;
    while (!vf_is_separator(text[first]))
        first++;
    if (first == 0 || first + 1 + n > VF_NAME_LIMIT)
        return false;
    memcpy(name, text, first);
    name[first] = '-';
    memcpy(name + first + 1, word, n);
    return vf_index_find(blob, VF_KIND_QUANT, name, first + 1 + n, quant, NULL) == VF_OK;
}

/** Finds the quantization that a word, all that is left of the name, tells. */
static bool quant_at(const vf_blob *blob, const char *text, size_t n, size_t start, uint32_t *quant)
{
    return quant_of_packer(blob, text, text + start, n - start, quant) ||
           vf_index_find(blob, VF_KIND_QUANT, text + start, n - start, quant, NULL) == VF_OK;
}

/** The file's own name: without folders, ".gguf", and the number of a part. */
static const char *bare_name(const char *name, size_t *n)
{
    static const size_t split = sizeof "-00001-of-00003" - 1;
    const char *text = name;
    if (ends_with(name, *n, ".gguf")) {
        *n -= strlen(".gguf");
        for (size_t i = 0; i < *n; i++)
            if (name[i] == '/' || name[i] == '\\')
                text = name + i + 1;
        *n -= (size_t)(text - name);
    }
    if (*n > split && memcmp(text + *n - 9, "-of-", 4) == 0 && text[*n - split] == '-' &&
        skip_digits(text + *n - split + 1) == text + *n - 9)
        *n -= split;
    return text;
}

size_t vf_catalog_split_name(const vf_catalog *c, const char *name, size_t n, uint32_t *quant)
{
    size_t whole = without_packing(name, strlen(name));
    /* From the right, as models have such words in their own names: "-2b-it" reads like "2bit". */
    for (size_t i = (n < whole ? n : whole); i > 1;)
        if (vf_is_separator(name[--i]) && i + 1 < whole && quant_at(&c->blob, name, whole, i + 1, quant))
            return i;
    return 0;
}

vf_status vf_catalog_find_file(const vf_catalog *c, const char *name, uint32_t *model, uint32_t *quant, vf_error *err)
{
    const vf_blob *blob = &c->blob;
    char text[VF_NAME_SIZE];
    size_t n = strlen(name), left = SIZE_MAX, bare;
    *quant = UINT32_MAX;
    if (n > VF_NAME_LIMIT)
        return vf_index_find(blob, VF_KIND_MODEL, name, n, model, err);
    const char *own = bare_name(name, &n);
    memcpy(text, own, n);
    text[n] = 0;
    vf_status s = vf_index_find(blob, VF_KIND_MODEL, text, n, model, NULL);
    if (s != VF_ERR_NOT_FOUND)
        return s == VF_OK ? s : vf_index_find(blob, VF_KIND_MODEL, text, n, model, err);
    bare = without_packing(text, n);
    if (bare < n && vf_index_find(blob, VF_KIND_MODEL, text, bare, model, NULL) == VF_OK)
        return VF_OK;
    for (size_t i = n; (i = vf_catalog_split_name(c, text, i, quant)) > 0;) {
        left = i;
        s = vf_index_find(blob, VF_KIND_MODEL, text, i, model, NULL);
        bare = without_packing(text, i);
        if (s == VF_ERR_NOT_FOUND && bare < i)
            s = vf_index_find(blob, VF_KIND_MODEL, text, bare, model, NULL);
        if (s == VF_OK)
            return VF_OK;
    }
    *quant = UINT32_MAX;
    return vf_index_find(blob, VF_KIND_MODEL, text, left == SIZE_MAX ? n : left, model, err);
}
