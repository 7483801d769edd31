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

static size_t word_length(piece p, size_t start)
{
    size_t n = start;
    while (n < p.n && !is_separator(p.text[n]))
        n++;
    return n - start;
}

static piece without_vendor(piece p)
{
    for (size_t i = p.n; i > 0; i--)
        if (p.text[i - 1] == '/')
            return (piece){p.text + i, p.n - i};
    return p;
}

/** Copies the words that are not among `words`; 0 when nothing, or everything, is left out, or the name
 * is too long to be looked up. */
static piece without_words(piece p, const char *const *words, char out[VF_NAME_SIZE])
{
    size_t used = 0;
    if (p.n > VF_NAME_LIMIT)
        return p;
    for (size_t at = 0; at < p.n;) {
        size_t n = word_length(p, at);
        size_t end = at + n < p.n ? at + n + 1 : at + n; /* with its separator */
        if (!one_of(p.text + at, n, words)) {
            memcpy(out + used, p.text + at, end - at);
            used += end - at;
        }
        at = end;
    }
    return used > 0 ? (piece){out, used} : p;
}

/** What is left of a name without the words that make no difference: of a model, what was trained on top
 * and how it was packed; of a card, its maker's and the series' names. */
static piece stem_of(uint32_t kind, piece p, char out[VF_NAME_SIZE])
{
    static const char *const packing[] = {"instruct", "chat", "it",   "base", "pt",
                                          "hf",       "gguf", "meta", "latest", NULL};
    static const char *const makers[] = {"nvidia", "geforce", "amd",   "radeon",   "intel", "apple",
                                         "tesla",  "quadro",  "instinct", "gpu", "graphics", NULL};
    if (kind == VF_KIND_MODEL)
        return without_words(without_vendor(p), packing, out);
    return kind == VF_KIND_GPU ? without_words(p, makers, out) : p;
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

/** Appends a name; `shown` is where it stands as written. */
static bool append_name(vf_builder *b, uint32_t kind, uint32_t row, vf_name_rank rank, uint32_t shown, piece name)
{
    char normal[VF_NAME_SIZE];
    vf_str text;
    size_t length = vf_name_normalize(normal, sizeof normal, name.text, name.n);
    if (length == SIZE_MAX || length == 0)
        return true;
    if (!vf_pools_text(&b->pools, normal, length, &text) ||
        !vf_grow(b->pools.a, (void **)&b->names, &b->cap_names, b->n_names + 1, sizeof(vf_name)))
        return false;
    b->names[b->n_names++] = (vf_name){text.offset, shown, row, (uint16_t)kind, (uint16_t)rank};
    return true;
}

/** A name as written, and what follows from it: without its vendor, and its stem. */
static bool append_names(vf_builder *b, uint32_t kind, uint32_t row, vf_name_rank rank, uint32_t at)
{
    char room[VF_NAME_SIZE];
    piece whole = {b->pools.text + at, strlen(b->pools.text + at)}, base = whole;
    if (kind == VF_KIND_MODEL)
        base = without_vendor(whole);
    uint32_t base_at = at + (uint32_t)(base.text - whole.text);
    piece stem = stem_of(kind, base, room);
    size_t base_n = base.n, whole_n = whole.n;
    /* the pool may move while names are appended: pieces of it are made anew */
    if (!append_name(b, kind, row, rank, at, whole))
        return false;
    base.text = b->pools.text + base_at;
    if (base_n < whole_n && !append_name(b, kind, row, VF_NAME_BASE, base_at, base))
        return false;
    return stem.n >= base_n || append_name(b, kind, row, VF_NAME_STEM, base_at, stem);
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
    bool ok = append_names(b, kind, row, VF_NAME_ID, id.offset);
    for (uint32_t i = 0; ok && i < aliases.count; i++)
        ok = append_names(b, kind, row, VF_NAME_ALIAS, b->pools.u32[aliases.first + i]);
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

/** Whether a name goes on behind its first n bytes with another word, so far as a normalised name shows
 * words: where letters and digits meet. */
static bool goes_on(const char *name, size_t n)
{
    bool digit = name[n - 1] >= '0' && name[n - 1] <= '9', next = name[n] >= '0' && name[n] <= '9';
    return name[n] != 0 && (name[n] == '-' || digit != next);
}

/** The error of a name that fits several rows, those of names[0 .. n); with `begin`, of the names that go
 * on behind as many bytes. */
static vf_status ambiguous(const vf_blob *blob, uint32_t kind, piece name, const vf_name *names, uint32_t n,
                           size_t begin, vf_error *err)
{
    char quoted[VF_QUOTE_SIZE], list[400] = "";
    uint32_t rows[LISTED], n_rows = 0;
    for (uint32_t i = 0; err && i < n && n_rows <= LISTED; i++) {
        uint32_t j = 0;
        while (j < n_rows && rows[j] != names[i].row)
            j++;
        if (j < n_rows || (begin && !goes_on(blob->text + names[i].text, begin)))
            continue;
        if (n_rows < LISTED) {
            append(list, sizeof list, n_rows == 0 ? "'" : ", '");
            append(list, sizeof list, vf_blob_name(blob, kind, names[i].row));
            append(list, sizeof list, "'");
            rows[n_rows] = names[i].row;
        } else {
            append(list, sizeof list, " ...");
        }
        n_rows++;
    }
    return vf_fail(err, VF_ERR_AMBIGUOUS, "%s %s is ambiguous: it may be %s", vf_tables[kind].noun,
                   vf_quote(quoted, sizeof quoted, name.text, name.n), list);
}

/** Looks for one form of a name. VF_ERR_NOT_FOUND leaves *err as it was. */
static vf_status find_form(const vf_blob *blob, uint32_t kind, piece name, uint32_t *row, vf_error *err)
{
    char normal[VF_NAME_SIZE];
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
            return ambiguous(blob, kind, name, names, best, 0, err);
    *row = names[0].row;
    return VF_OK;
}

/** A name that several rows begin with ("a100", of 40 and 80 GB): none of them is meant more than another.
 * VF_ERR_NOT_FOUND when it is not so. */
static vf_status find_beginning(const vf_blob *blob, uint32_t kind, piece name, vf_error *err)
{
    char normal[VF_NAME_SIZE];
    size_t length = vf_name_normalize(normal, sizeof normal, name.text, name.n);
    if (length == SIZE_MAX || length < 2)
        return VF_ERR_NOT_FOUND;
    uint32_t first, n = 0, row = UINT32_MAX;
    bool several = false;
    (void)vf_index_range(blob, kind, normal, &first);
    for (; first + n < blob->n_names && blob->names[first + n].kind == kind; n++) {
        const vf_name *candidate = &blob->names[first + n];
        const char *text = blob->text + candidate->text;
        if (strncmp(text, normal, length) != 0)
            break;
        if (!goes_on(text, length))
            continue;
        several = several || (row != UINT32_MAX && row != candidate->row);
        row = candidate->row;
    }
    return several ? ambiguous(blob, kind, name, blob->names + first, n, length, err) : VF_ERR_NOT_FOUND;
}

/* ---- suggestions ---------------------------------------------------------------------------- */

#define SUGGESTIONS 3

typedef struct suggestion {
    uint32_t score, row, shown;
} suggestion;

/** How far a name is from what was asked for: less is nearer, UINT32_MAX is out of the question.
 * Names that go on where it ends come first, then those a few typing errors away, then those that it goes
 * on from. */
static uint32_t score_name(const char *asked, size_t n, const char *name, size_t length)
{
    size_t shorter = n < length ? n : length, apart = (n < length ? length : n) - shorter;
    bool begins = shorter >= 3 && memcmp(asked, name, shorter) == 0;
    uint32_t limit = n > 8 ? 3 : n > 3 ? 2 : 1;
    if (begins && n <= length)
        return (uint32_t)apart;
    uint32_t distance = apart > limit ? UINT32_MAX : vf_edit_distance(asked, n, name, length, limit);
    if (distance <= limit)
        return 6 + distance * 4;
    return begins ? (uint32_t)(20 + apart) : UINT32_MAX;
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

/** Gathers suggestions for one form of a name. */
static void suggest(const vf_blob *blob, uint32_t kind, piece name, suggestion *best, uint32_t *n)
{
    char normal[VF_NAME_SIZE];
    size_t length = vf_name_normalize(normal, sizeof normal, name.text, name.n);
    if (length == SIZE_MAX || length == 0)
        return;
    for (uint32_t i = 0; i < blob->n_names; i++) {
        const vf_name *candidate = &blob->names[i];
        if (candidate->kind != kind)
            continue;
        const char *text = blob->text + candidate->text;
        uint32_t score = score_name(normal, length, text, strlen(text));
        if (score != UINT32_MAX)
            keep_best(best, n, (suggestion){score, candidate->row, candidate->shown});
    }
}

/** A suggestion as written, or its row's name where two would read alike. */
static const char *suggested(const vf_blob *blob, uint32_t kind, const suggestion *best, uint32_t n, uint32_t i)
{
    const char *text = blob->text + best[i].shown;
    for (uint32_t j = 0; j < n; j++)
        if (j != i && strcmp(blob->text + best[j].shown, text) == 0)
            return vf_blob_name(blob, kind, best[i].row);
    return text;
}

static vf_status not_found(const vf_blob *blob, uint32_t kind, piece whole, piece stem, vf_error *err)
{
    char quoted[VF_QUOTE_SIZE], hint[160] = "";
    suggestion best[SUGGESTIONS];
    uint32_t n = 0;
    if (!err)
        return VF_ERR_NOT_FOUND;
    suggest(blob, kind, whole, best, &n);
    if (stem.n != whole.n)
        suggest(blob, kind, stem, best, &n);
    for (uint32_t i = 0; i < n; i++) {
        append(hint, sizeof hint, i == 0 ? " (did you mean '" : i + 1 == n ? "' or '" : "', '");
        append(hint, sizeof hint, suggested(blob, kind, best, n, i));
    }
    append(hint, sizeof hint, n ? "'?)" : "");
    return vf_fail(err, VF_ERR_NOT_FOUND, "unknown %s %s%s", vf_tables[kind].noun,
                   vf_quote(quoted, sizeof quoted, whole.text, whole.n), hint);
}

vf_status vf_index_find(const vf_blob *blob, uint32_t kind, const char *name, size_t n, uint32_t *row, vf_error *err)
{
    char room[VF_NAME_SIZE];
    piece whole = {name, n}, base = kind == VF_KIND_MODEL ? without_vendor(whole) : whole;
    piece stem = stem_of(kind, base, room);
    const piece forms[] = {whole, base, stem};
    for (uint32_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (i > 0 && forms[i].n == forms[i - 1].n)
            continue;
        vf_status s = find_form(blob, kind, forms[i], row, err);
        if (s != VF_ERR_NOT_FOUND)
            return s;
    }
    vf_status s = kind == VF_KIND_MODEL || kind == VF_KIND_GPU ? find_beginning(blob, kind, stem, err)
                                                               : VF_ERR_NOT_FOUND;
    return s == VF_ERR_NOT_FOUND ? not_found(blob, kind, whole, stem, err) : s;
}
