#include "load/lookup.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

/* ---- words ---------------------------------------------------------------------------------- */

typedef struct piece {
    const char *text;
    size_t n;
} piece;

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_separator(char c)
{
    return strchr("-_. :/@", c) != NULL;
}

static bool word_equal(const char *text, size_t n, const char *word)
{
    size_t i = 0;
    while (i < n && word[i] && lower(text[i]) == word[i])
        i++;
    return i == n && word[i] == 0;
}

static bool one_of(const char *text, size_t n, const char *const *words)
{
    for (; *words; words++)
        if (word_equal(text, n, *words))
            return true;
    return false;
}

/** Without the last word, when it is one of `words`. */
static bool drop_last(piece *p, const char *const *words)
{
    size_t start = p->n;
    while (start > 0 && !is_separator(p->text[start - 1]))
        start--;
    if (start < 2 || !one_of(p->text + start, p->n - start, words))
        return false;
    p->n = start - 1;
    return true;
}

/** Without the first word, when it is one of `words`. */
static bool drop_first(piece *p, const char *const *words)
{
    size_t n = 0;
    while (n < p->n && !is_separator(p->text[n]))
        n++;
    if (n + 1 >= p->n || !one_of(p->text, n, words))
        return false;
    p->text += n + 1;
    p->n -= n + 1;
    return true;
}

static piece without_vendor(piece p)
{
    for (size_t i = p.n; i > 0; i--)
        if (p.text[i - 1] == '/')
            return (piece){p.text + i, p.n - i};
    return p;
}

/* Words that tell apart what was trained on top, or how it was packed, but not the shape. */
static piece stem_of(piece p)
{
    static const char *const behind[] = {"instruct", "chat", "it", "base", "pt", "hf", "gguf", "latest", NULL};
    static const char *const before[] = {"meta", NULL};
    p = without_vendor(p);
    while (drop_last(&p, behind) || drop_first(&p, before)) {
    }
    return p;
}

/** A card without its maker's and the series' words. */
static piece card_of(piece p)
{
    static const char *const before[] = {"nvidia", "geforce", "amd", "radeon", "intel", "apple", "tesla", "quadro",
                                         "instinct", NULL};
    static const char *const behind[] = {"gpu", "graphics", NULL};
    while (drop_first(&p, before) || drop_last(&p, behind)) {
    }
    return p;
}

/* ---- index ---------------------------------------------------------------------------------- */

static int compare_names(const char *pool, const vf_name *a, const vf_name *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    int order = strcmp(pool + a->text, pool + b->text);
    if (order != 0)
        return order;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

/** Appends a name made of a part of the string at `shown`. */
static bool append_name(vf_builder *b, uint32_t kind, uint32_t row, vf_name_rank rank, uint32_t shown, size_t n)
{
    char normal[VF_NAME_LIMIT + 1];
    vf_str text;
    size_t length = vf_name_normalize(normal, sizeof normal, b->pools.text + shown, n);
    if (length == SIZE_MAX || length == 0)
        return true;
    if (!vf_pools_text(&b->pools, normal, length, &text) ||
        !vf_grow(b->pools.a, (void **)&b->names, &b->cap_names, b->n_names + 1, sizeof(vf_name)))
        return false;
    b->names[b->n_names++] = (vf_name){text.offset, shown, row, (uint16_t)kind, (uint16_t)rank};
    return true;
}

/** The names that follow from an id: without its vendor, and its stem. */
static bool append_derived(vf_builder *b, uint32_t kind, uint32_t row, uint32_t id)
{
    const char *text = b->pools.text + id;
    piece whole = {text, strlen(text)}, base = without_vendor(whole), stem = stem_of(whole);
    if (kind == VF_KIND_GPU)
        stem = card_of(whole);
    uint32_t base_at = id + (uint32_t)(base.text - text), stem_at = id + (uint32_t)(stem.text - text);
    if (base.n < whole.n && !append_name(b, kind, row, VF_NAME_BASE, base_at, base.n))
        return false;
    return stem.n >= base.n || append_name(b, kind, row, VF_NAME_STEM, stem_at, stem.n);
}

bool vf_index_append(vf_builder *b, uint32_t kind, uint32_t row)
{
    const vf_table *table = &vf_tables[kind];
    const char *bytes = (const char *)b->rows[kind] + row * table->size;
    vf_str id;
    vf_span aliases = {0, 0};
    memcpy(&id, bytes + table->name, sizeof id);
    if (table->aliases != SIZE_MAX)
        memcpy(&aliases, bytes + table->aliases, sizeof aliases);
    bool ok = append_name(b, kind, row, VF_NAME_ID, id.offset, strlen(b->pools.text + id.offset));
    for (uint32_t i = 0; ok && i < aliases.count; i++) {
        uint32_t at = b->pools.u32[aliases.first + i];
        ok = append_name(b, kind, row, VF_NAME_ALIAS, at, strlen(b->pools.text + at));
    }
    if (ok && (kind == VF_KIND_MODEL || kind == VF_KIND_GPU))
        ok = append_derived(b, kind, row, id.offset);
    return ok;
}

void vf_index_remove(vf_builder *b, uint32_t kind, uint32_t row)
{
    size_t kept = 0;
    for (size_t i = 0; i < b->n_names; i++)
        if (b->names[i].kind != kind || b->names[i].row != row)
            b->names[kept++] = b->names[i];
    b->n_names = kept;
}

static void sift(const char *pool, vf_name *names, size_t root, size_t n)
{
    for (size_t child; (child = root * 2 + 1) < n; root = child) {
        if (child + 1 < n && compare_names(pool, &names[child], &names[child + 1]) < 0)
            child++;
        if (compare_names(pool, &names[root], &names[child]) >= 0)
            return;
        vf_name swap = names[root];
        names[root] = names[child];
        names[child] = swap;
    }
}

bool vf_index_sort(vf_builder *b, size_t sorted)
{
    const char *pool = b->pools.text;
    size_t n = b->n_names - sorted;
    if (n == 0)
        return true;
    vf_name *tail = b->names + sorted;
    for (size_t i = n / 2; i-- > 0;)
        sift(pool, tail, i, n);
    for (size_t last = n; last-- > 1;) {
        vf_name swap = tail[0];
        tail[0] = tail[last];
        tail[last] = swap;
        sift(pool, tail, 0, last);
    }
    /* merge from the back: the tail is copied away, and its places are taken by what is larger */
    vf_name *copy = vf_alloc(b->pools.a, n * sizeof *copy);
    if (!copy)
        return false;
    memcpy(copy, tail, n * sizeof *copy);
    size_t i = sorted, j = n, to = b->n_names;
    while (j > 0) {
        if (i > 0 && compare_names(pool, &b->names[i - 1], &copy[j - 1]) > 0)
            b->names[--to] = b->names[--i];
        else
            b->names[--to] = copy[--j];
    }
    vf_free(b->pools.a, copy, n * sizeof *copy);
    return true;
}

/* ---- finding -------------------------------------------------------------------------------- */

uint32_t vf_index_range(const vf_blob *blob, uint32_t kind, const char *text, uint32_t *first)
{
    uint32_t low = 0, high = blob->n_names;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const vf_name *name = &blob->names[middle];
        if (name->kind < kind || (name->kind == kind && strcmp(blob->text + name->text, text) < 0))
            low = middle + 1;
        else
            high = middle;
    }
    *first = low;
    uint32_t n = 0;
    while (low + n < blob->n_names && blob->names[low + n].kind == kind &&
           strcmp(blob->text + blob->names[low + n].text, text) == 0)
        n++;
    return n;
}

/** Appends to a message, cut to fit. */
static void append(char *out, size_t size, const char *text)
{
    size_t n = strlen(out);
    vf_set_text(out + n, size - n, text);
}

#define LISTED 5

/** The error of a name that fits several rows: names[first ... first + n) of one rank. */
static vf_status ambiguous(const vf_blob *blob, uint32_t kind, piece name, uint32_t first, uint32_t n, vf_error *err)
{
    char quoted[VF_QUOTE_SIZE], list[400] = "";
    uint32_t rows = 0;
    for (uint32_t i = 0; err && i < n; i++) {
        uint32_t row = blob->names[first + i].row;
        if (i > 0 && blob->names[first + i - 1].row == row)
            continue;
        if (rows++ < LISTED) {
            append(list, sizeof list, rows == 1 ? "'" : ", '");
            append(list, sizeof list, vf_blob_name(blob, kind, row));
            append(list, sizeof list, "'");
        }
    }
    return vf_fail(err, VF_ERR_AMBIGUOUS, "%s %s is ambiguous: it may be %s%s", vf_tables[kind].noun,
                   vf_quote(quoted, sizeof quoted, name.text, name.n), list, rows > LISTED ? " ..." : "");
}

/** Looks for one form of a name. VF_ERR_NOT_FOUND leaves *err as it was. */
static vf_status find_form(const vf_blob *blob, uint32_t kind, piece name, uint32_t *row, vf_error *err)
{
    char normal[VF_NAME_LIMIT + 1];
    uint32_t first;
    size_t length = vf_name_normalize(normal, sizeof normal, name.text, name.n);
    uint32_t n = length == SIZE_MAX || length == 0 ? 0 : vf_index_range(blob, kind, normal, &first);
    if (n == 0)
        return VF_ERR_NOT_FOUND;
    const vf_name *names = blob->names + first;
    uint32_t best = 1;
    while (best < n && names[best].rank == names[0].rank)
        best++;
    for (uint32_t i = 1; i < best; i++)
        if (names[i].row != names[0].row)
            return ambiguous(blob, kind, name, first, best, err);
    *row = names[0].row;
    return VF_OK;
}

/* ---- suggestions ---------------------------------------------------------------------------- */

#define SUGGESTIONS 3

typedef struct suggestion {
    uint32_t score, row, shown;
} suggestion;

/** How far a name is from what was asked for: less is nearer, UINT32_MAX is out of the question.
 * Names that begin like it come first, then those a few typing errors away. */
static uint32_t score_name(const char *asked, size_t n, const char *name, size_t length)
{
    size_t shorter = n < length ? n : length, longer = n < length ? length : n;
    if (shorter >= 3 && memcmp(asked, name, shorter) == 0)
        return (uint32_t)(longer - shorter);
    uint32_t limit = n > 8 ? 3 : n > 3 ? 2 : 1;
    if (longer - shorter > limit)
        return UINT32_MAX;
    uint32_t distance = vf_edit_distance(asked, n, name, length);
    return distance <= limit ? distance * 4 : UINT32_MAX;
}

/** Puts a suggestion in its place among the best; a row stands there once. */
static void keep_best(suggestion *best, uint32_t *n, suggestion s)
{
    for (uint32_t i = 0; i < *n; i++)
        if (best[i].row == s.row) {
            if (best[i].score <= s.score)
                return;
            memmove(best + i, best + i + 1, (*n - i - 1) * sizeof *best);
            (*n)--;
            break;
        }
    uint32_t at = *n;
    while (at > 0 && best[at - 1].score > s.score)
        at--;
    if (at == SUGGESTIONS)
        return;
    uint32_t last = *n < SUGGESTIONS ? (*n)++ : SUGGESTIONS - 1;
    memmove(best + at + 1, best + at, (last - at) * sizeof *best);
    best[at] = s;
}

static vf_status not_found(const vf_blob *blob, uint32_t kind, piece name, vf_error *err)
{
    char normal[VF_NAME_LIMIT + 1], quoted[VF_QUOTE_SIZE], hint[160] = "";
    suggestion best[SUGGESTIONS];
    uint32_t n = 0;
    if (!err)
        return VF_ERR_NOT_FOUND;
    size_t length = vf_name_normalize(normal, sizeof normal, name.text, name.n);
    for (uint32_t i = 0; length != SIZE_MAX && length > 0 && i < blob->n_names; i++) {
        const vf_name *candidate = &blob->names[i];
        if (candidate->kind != kind || candidate->rank == VF_NAME_STEM)
            continue;
        const char *text = blob->text + candidate->text;
        uint32_t score = score_name(normal, length, text, strlen(text));
        if (score != UINT32_MAX)
            keep_best(best, &n, (suggestion){score, candidate->row, candidate->shown});
    }
    for (uint32_t i = 0; i < n; i++) {
        append(hint, sizeof hint, i == 0 ? " (did you mean '" : i + 1 == n ? "' or '" : "', '");
        append(hint, sizeof hint, blob->text + best[i].shown);
    }
    append(hint, sizeof hint, n ? "'?)" : "");
    return vf_fail(err, VF_ERR_NOT_FOUND, "unknown %s %s%s", vf_tables[kind].noun,
                   vf_quote(quoted, sizeof quoted, name.text, name.n), hint);
}

vf_status vf_index_find(const vf_blob *blob, uint32_t kind, const char *name, size_t n, uint32_t *row, vf_error *err)
{
    piece whole = {name, n}, forms[3] = {whole};
    uint32_t n_forms = 1;
    if (kind == VF_KIND_MODEL) {
        forms[n_forms++] = without_vendor(whole);
        forms[n_forms++] = stem_of(whole);
    } else if (kind == VF_KIND_GPU) {
        forms[n_forms++] = card_of(whole);
    }
    for (uint32_t i = 0; i < n_forms; i++) {
        vf_status s = i > 0 && forms[i].n == forms[i - 1].n ? VF_ERR_NOT_FOUND
                                                            : find_form(blob, kind, forms[i], row, err);
        if (s != VF_ERR_NOT_FOUND)
            return s;
    }
    return not_found(blob, kind, whole, err);
}
