/* From a name as typed to a row, to the candidates, or to what may have been meant. */
#include "load/catalog/lookup.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "load/catalog/words.h"

/** Appends to a message, cut to fit. */
static void append(char *out, size_t size, const char *text)
{
    size_t n = strlen(out);
    vf_set_text(out + n, size - n, text);
}

/** Whether a name goes on behind the first n bytes of its normalised form with another word: behind a
 * separator, or where letters and digits meet. */
static bool goes_on(const vf_blob *blob, const vf_name *name, size_t n)
{
    const char *normal = blob->text + name->text, *shown = blob->text + name->shown;
    char room[VF_NAME_SIZE], form[VF_NAME_SIZE];
    bool digit = normal[n - 1] >= '0' && normal[n - 1] <= '9', next = normal[n] >= '0' && normal[n] <= '9';
    if (normal[n] == 0)
        return false;
    if (normal[n] == '-' || digit != next)
        return true;
    vf_piece whole = {shown, strlen(shown)};
    if (name->rank == VF_NAME_STEM)
        whole = vf_stem_of(name->kind, whole, room);
    for (size_t i = 0; i < whole.n; i++)
        if (vf_is_separator(whole.text[i]) && vf_name_normalize(form, sizeof form, whole.text, i) == n)
            return true;
    return false;
}

/** The rows that a name may mean, each once. */
typedef struct candidates {
    uint32_t n;
    uint32_t rows[32]; /**< the first of them */
} candidates;

static void add_candidate(candidates *c, uint32_t row)
{
    uint32_t room = (uint32_t)(sizeof c->rows / sizeof c->rows[0]);
    for (uint32_t i = 0; i < c->n && i < room; i++)
        if (c->rows[i] == row)
            return;
    if (c->n < room)
        c->rows[c->n] = row;
    c->n++;
}

/** Room for candidates in an error's text, beside the name and the words around them. */
#define LIST_BYTES 320

/** The error of a name that may mean several rows. As many as there is room for are listed. */
static vf_status ambiguous(const vf_blob *blob, uint32_t kind, vf_piece name, const candidates *c, vf_error *err)
{
    char quoted[VF_QUOTE_SIZE], list[LIST_BYTES + VF_NAME_SIZE + 8] = "";
    if (!err)
        return VF_ERR_AMBIGUOUS;
    uint32_t i = 0, room = (uint32_t)(sizeof c->rows / sizeof c->rows[0]);
    for (; i < c->n && i < room && strlen(list) < LIST_BYTES - 40; i++) {
        append(list, sizeof list, i == 0 ? "'" : ", '");
        append(list, sizeof list, vf_blob_name(blob, kind, c->rows[i]));
        append(list, sizeof list, "'");
    }
    append(list, sizeof list, i < c->n ? " ..." : "");
    return vf_fail(err, VF_ERR_AMBIGUOUS, "%s %s is ambiguous: it may be %s", vf_tables[kind].noun,
                   vf_quote(quoted, sizeof quoted, name.text, name.n), list);
}

/** Looks for one form of the name `whole`. VF_ERR_NOT_FOUND leaves *err as it was. */
static vf_status find_form(const vf_blob *blob, uint32_t kind, vf_piece name, vf_piece whole, uint32_t *row,
                           vf_error *err)
{
    candidates all = {0};
    bool several = false;
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
            several = true;
    for (uint32_t i = 0; several && i < best; i++)
        add_candidate(&all, names[i].row);
    if (several)
        return ambiguous(blob, kind, whole, &all, err);
    *row = names[0].row;
    return VF_OK;
}

/** The rows of names that begin with a text and go on with another word; of GPUs with `gib` not 0 those
 * that have as much memory, and those whose whole name the text is. */
static void beginning(const vf_blob *blob, uint32_t kind, vf_piece name, uint32_t gib, bool exact, candidates *all)
{
    char normal[VF_NAME_SIZE];
    size_t length = vf_name_normalize(normal, sizeof normal, name.text, name.n);
    uint32_t i;
    if (length == SIZE_MAX || length < 2)
        return;
    (void)vf_index_range(blob, kind, normal, &i);
    for (; i < blob->n_names && blob->names[i].kind == kind; i++) {
        const vf_name *candidate = &blob->names[i];
        const char *text = blob->text + candidate->text;
        if (strncmp(text, normal, length) != 0)
            break;
        if (exact ? text[length] != 0 : !goes_on(blob, candidate, length))
            continue;
        const vf_gpu_row *gpu = gib ? vf_blob_row(blob, VF_KIND_GPU, candidate->row) : NULL;
        if (!gpu || (gpu->memory_mib + 512) / 1024 == gib)
            add_candidate(all, candidate->row);
    }
}

/** Reads a word such as "16GB" or "16G", or "16" with "GB" behind it: its GiB and its end; 0: it is none. */
static uint32_t read_memory(vf_piece name, size_t at, size_t *end)
{
    static const char *const units[] = {"gib", "gb", "g"};
    uint32_t gib = 0;
    size_t i = at;
    for (; i < name.n && name.text[i] >= '0' && name.text[i] <= '9' && gib < 10000; i++)
        gib = gib * 10 + (uint32_t)(name.text[i] - '0');
    if (i == at)
        return 0;
    while (i < name.n && vf_is_separator(name.text[i]))
        i++;
    for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
        size_t n = strlen(units[u]), k = 0;
        while (k < n && i + k < name.n && (name.text[i + k] | 0x20) == units[u][k])
            k++;
        *end = i + n;
        if (k == n && (*end == name.n || vf_is_separator(name.text[*end])))
            return gib;
    }
    return 0;
}

/** Whether a card's name is that name and its memory. */
static bool only_memory_more(const vf_blob *blob, uint32_t row, vf_piece name)
{
    const char *text = vf_blob_name(blob, VF_KIND_GPU, row);
    char normal[VF_NAME_SIZE], start[VF_NAME_SIZE];
    size_t length = vf_name_normalize(normal, sizeof normal, name.text, name.n), n = strlen(text), end = 0;
    for (size_t at = 1; at < n; at++)
        if (vf_is_separator(text[at - 1]) && read_memory((vf_piece){text, n}, at, &end) && end == n)
            return vf_name_normalize(start, sizeof start, text, at - 1) == length && strcmp(start, normal) == 0;
    return false;
}

/** A card's name with its memory said anywhere in it ("3090 24GB", "V100 32GB SXM2"). VF_ERR_NOT_FOUND when
 * it says none, or no such card has as much. */
static vf_status find_with_memory(const vf_blob *blob, vf_piece stem, vf_piece whole, uint32_t *row, vf_error *err)
{
    char rest[VF_NAME_SIZE];
    uint32_t gib = 0;
    size_t at = 0, end = 0;
    if (stem.n >= sizeof rest)
        return VF_ERR_NOT_FOUND;
    for (; at < stem.n && gib == 0; at++)
        if (at > 0 && vf_is_separator(stem.text[at - 1]))
            gib = read_memory(stem, at, &end);
    if (gib == 0)
        return VF_ERR_NOT_FOUND;
    memcpy(rest, stem.text, at - 1);
    memcpy(rest + at - 1, stem.text + end, stem.n - end);
    vf_piece name = {rest, at - 1 + stem.n - end};
    candidates all = {0};
    beginning(blob, VF_KIND_GPU, name, gib, true, &all);
    if (all.n == 0)
        beginning(blob, VF_KIND_GPU, name, gib, false, &all);
    if (all.n > 1)
        return ambiguous(blob, VF_KIND_GPU, whole, &all, err);
    *row = all.n ? all.rows[0] : *row;
    return all.n ? VF_OK : VF_ERR_NOT_FOUND;
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
static void suggest(const vf_blob *blob, uint32_t kind, vf_piece name, suggestion *best, uint32_t *n)
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

static vf_status not_found(const vf_blob *blob, uint32_t kind, vf_piece whole, vf_piece stem, vf_error *err)
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
    vf_piece whole = {name, n}, base = kind == VF_KIND_MODEL ? vf_without_vendor(whole) : whole;
    vf_piece stem = vf_stem_of(kind, base, room);
    const vf_piece forms[] = {whole, base, stem};
    for (uint32_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (i > 0 && forms[i].n == forms[i - 1].n)
            continue;
        vf_status s = find_form(blob, kind, forms[i], whole, row, err);
        if (s != VF_ERR_NOT_FOUND)
            return s;
    }
    vf_status s = kind == VF_KIND_GPU ? find_with_memory(blob, stem, whole, row, err) : VF_ERR_NOT_FOUND;
    /* a name that several rows begin with ("a100", of 40 and 80 GB): none is meant more than another; the maker
     * counts where it is said ("Tesla M4" is none of Apple's) */
    candidates all = {0};
    if (s == VF_ERR_NOT_FOUND && kind == VF_KIND_GPU)
        beginning(blob, kind, whole, 0, false, &all);
    if (all.n == 1 && only_memory_more(blob, all.rows[0], whole)) {
        *row = all.rows[0];
        return VF_OK;
    }
    if (s == VF_ERR_NOT_FOUND && all.n == 0 && (kind == VF_KIND_MODEL || kind == VF_KIND_GPU))
        beginning(blob, kind, stem, 0, false, &all);
    if (all.n > 1)
        return ambiguous(blob, kind, whole, &all, err);
    return s == VF_ERR_NOT_FOUND ? not_found(blob, kind, whole, stem, err) : s;
}
