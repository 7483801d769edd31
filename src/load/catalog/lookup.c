/* The index of names: built once, sorted, searched. */
#include "load/catalog/lookup.h"

#include <string.h>

#include "base/alloc.h"
#include "load/catalog/words.h"

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
static bool append_name(vf_builder *b, uint32_t kind, uint32_t row, vf_name_rank rank, uint32_t shown, vf_piece name)
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
    vf_piece whole = {b->pools.text + at, strlen(b->pools.text + at)}, base = whole;
    if (kind == VF_KIND_MODEL)
        base = vf_without_vendor(whole);
    uint32_t base_at = at + (uint32_t)(base.text - whole.text);
    vf_piece stem = vf_stem_of(kind, base, room);
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
    for (size_t i = n / 2; i > 0; i--)
        sift(pool, tail, i - 1, n);
    for (size_t last = n; last > 1;) {
        last--;
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
