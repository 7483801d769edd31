/* Adding a file of data/ to a catalog. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "load/catalog/catalog.h"
#include "load/catalog/lookup.h"

#define SCHEMA 1

/** One run of vf_catalog_add. */
typedef struct adding {
    vf_catalog *c;
    vf_builder *b;
    vf_reader r;
    uint32_t table;
    vf_str file, family;
    size_t sorted; /**< names before this run */
} adding;

/** Any row. */
typedef union row_room {
    vf_model_row model;
    vf_arch arch;
    vf_quant_row quant;
    vf_gpu_row gpu;
    vf_runtime_row runtime;
    vf_desktop_row desktop;
    vf_size_class_row size_class;
} row_room;

static bool no_memory(adding *x)
{
    x->r.status = vf_fail(x->r.err, VF_ERR_NOMEM, "out of memory");
    x->r.stop = true;
    return false;
}

/* ---- rows ----------------------------------------------------------------------------------- */

/** The compiled-in row that a new one of this id replaces, UINT32_MAX when none. */
static uint32_t row_to_replace(const adding *x, const char *id)
{
    char normal[VF_NAME_SIZE];
    uint32_t first;
    vf_blob blob;
    vf_builder_view(x->b, &blob);
    blob.n_names = (uint32_t)x->sorted; /* names of this run are not in order yet */
    if (vf_name_normalize(normal, sizeof normal, id, strlen(id)) == SIZE_MAX ||
        vf_index_range(&blob, x->table, normal, &first) == 0 || blob.names[first].rank != VF_NAME_ID)
        return UINT32_MAX;
    uint32_t row = blob.names[first].row;
    return blob.origins[x->table][row].added ? UINT32_MAX : row;
}

/** "a, b, c" of an array of strings. */
static bool join(vf_pools *pools, vf_span items, vf_str *out)
{
    char text[512] = "";
    for (uint32_t i = 0; i < items.count; i++) {
        size_t n = strlen(text);
        (void)snprintf(text + n, sizeof text - n, "%s%s", i ? ", " : "", pools->text + pools->u32[items.first + i]);
    }
    return vf_pools_text(pools, text, strlen(text), out);
}

/** Fills in what is not a field of the file's grammar. */
static bool complete_row(adding *x, const cJSON *node, row_room *row)
{
    if (x->table == VF_KIND_MODEL) {
        const cJSON *hparams = vf_json_member(node, "hparams");
        for (size_t i = 0; i < VF_HP_COUNT; i++)
            if (vf_json_member(hparams, vf_hparam_fields[i].key))
                vf_hp_mark(&row->model.hparams, (vf_hparam_id)i);
        row->model.family = x->family;
    }
    if (x->table == VF_KIND_QUANT)
        return join(&x->b->pools, row->quant.runtimes, &row->quant.runtimes_text) || no_memory(x);
    return true;
}

/** Where the row is, and its fields. The row's own place is the first that the reader noted. */
static bool make_origin(adding *x, const vf_place *place, vf_origin *origin)
{
    vf_builder *b = x->b;
    size_t n = x->r.n_places;
    if (!vf_grow(b->pools.a, (void **)&b->places, &b->cap_places, b->n_places + n, sizeof(vf_place)))
        return no_memory(x);
    memcpy(b->places + b->n_places, x->r.places, n * sizeof(vf_place));
    *origin = (vf_origin){.file = x->file, .line = place->line, .column = place->column, .added = x->c->runs};
    origin->places = (vf_span){(uint32_t)b->n_places, (uint32_t)n};
    b->n_places += n;
    return true;
}

static bool add_row(adding *x, const cJSON *node, uint32_t ordinal)
{
    const vf_table *table = &vf_tables[x->table];
    vf_builder *b = x->b;
    row_room row;
    vf_origin origin;
    vf_str id;
    memset(&row, 0, sizeof row);
    x->r.n_places = 0;
    if (!vf_reader_place(&x->r, node, SIZE_MAX))
        return false;
    vf_place place = x->r.places[0];
    x->r.n_places = 0;
    if (!vf_record_read(&x->r, node, table->fields, &row))
        return !x->r.stop;
    if (!complete_row(x, node, &row) || !make_origin(x, &place, &origin))
        return false;
    origin.ordinal = ordinal;
    memcpy(&id, (const char *)&row + table->name, sizeof id);
    uint32_t at = row_to_replace(x, b->pools.text + id.offset);
    if (at != UINT32_MAX) {
        size_t before = b->n_names;
        vf_index_remove(b, x->table, at);
        x->sorted -= before - b->n_names;
    }
    if (!vf_builder_put(b, x->table, at, &row, &origin) ||
        !vf_index_append(b, x->table, at != UINT32_MAX ? at : (uint32_t)b->count[x->table] - 1))
        return no_memory(x);
    return true;
}

/* ---- files ---------------------------------------------------------------------------------- */

/** The table that the file's top-level key tells. */
static bool find_table(adding *x, const cJSON *root)
{
    for (x->table = 0; x->table < VF_TABLE_COUNT; x->table++)
        if (vf_json_member(root, vf_tables[x->table].key))
            return true;
    return vf_reader_error(&x->r, "unknown-kind", root,
                           "no catalog data: expected one of the keys 'models', 'arch', 'quants', 'gpus', 'runtimes', "
                           "'desktops', 'size_classes'");
}

static bool check_schema(adding *x, const cJSON *root)
{
    uint64_t version;
    const cJSON *node = vf_json_member(root, "schema");
    if (!node)
        return vf_reader_error(&x->r, "missing-key", root, "key 'schema' is missing (this program reads schema %d)",
                               SCHEMA);
    if (!vf_json_u64(node, &version) || version != SCHEMA)
        return vf_reader_error(&x->r, "unknown-schema", node, "this program reads schema %d", SCHEMA);
    return true;
}

/** The keys beside the list. */
static bool check_top(adding *x, const cJSON *root)
{
    const char *list = vf_tables[x->table].key;
    bool ok = true;
    for (const cJSON *node = root->child; node && !x->r.stop; node = node->next) {
        char quoted[VF_QUOTE_SIZE];
        bool family = x->table == VF_KIND_MODEL && strcmp(node->string, "family") == 0;
        if (family && !cJSON_IsString(node))
            ok = vf_reader_error(&x->r, "wrong-type", node, "expected a string");
        else if (!family && strcmp(node->string, "schema") != 0 && strcmp(node->string, list) != 0)
            ok = vf_reader_key_error(&x->r, "unknown-key", node, "unknown key %s beside '%s'",
                                     VF_QUOTE(quoted, node->string), list);
    }
    const cJSON *family = vf_json_member(root, "family");
    if (x->table == VF_KIND_MODEL && !family)
        ok = vf_reader_error(&x->r, "missing-key", root, "key 'family' is missing");
    else if (ok && family && !vf_pools_text(&x->b->pools, family->valuestring, strlen(family->valuestring), &x->family))
        return no_memory(x);
    return ok;
}

static void add_document(adding *x, const cJSON *root)
{
    if (!cJSON_IsObject(root)) {
        vf_reader_error(&x->r, "wrong-type", root, "expected an object at the top");
        return;
    }
    if (!check_schema(x, root) || !find_table(x, root))
        return;
    if (x->table == VF_KIND_ARCH) {
        x->r.ignored = "schema";
        add_row(x, root, 0);
        return;
    }
    const cJSON *list = vf_json_member(root, vf_tables[x->table].key);
    if (!check_top(x, root) && x->r.stop)
        return;
    if (!cJSON_IsArray(list)) {
        vf_reader_error(&x->r, "wrong-type", list, "expected an array");
        return;
    }
    uint32_t ordinal = 0;
    for (const cJSON *node = list->child; node; node = node->next)
        if (!add_row(x, node, ordinal++))
            return;
}

/* ---- names that are there twice ------------------------------------------------------------- */

/** Reports a finding that is not about a node of the document. Warnings are for listeners. */
static void report(adding *x, const vf_finding *finding)
{
    if (!finding->is_error && !x->r.fn)
        return;
    if (finding->is_error && x->r.status == VF_OK) {
        x->r.status = VF_ERR_DATA;
        if (x->r.err)
            *x->r.err = finding->error;
    }
    if (!x->r.fn || !x->r.fn(x->r.ctx, finding))
        x->r.stop = true;
}

/** Whether name number `i` of the index and the one before it are one name, and one of their rows was
 * added by this run. */
static void check_name(adding *x, uint32_t i)
{
    const vf_blob *blob = &x->c->blob;
    const vf_name *late = &blob->names[i], *early = late - 1;
    if (i == 0 || late->rank > VF_NAME_ALIAS || early->rank > VF_NAME_ALIAS || early->kind != late->kind ||
        strcmp(blob->text + early->text, blob->text + late->text) != 0)
        return;
    const vf_origin *origins = blob->origins[late->kind];
    if (late->row < early->row || origins[late->row].added != x->c->runs) {
        const vf_name *swap = late;
        late = early;
        early = swap;
    }
    if (origins[late->row].added != x->c->runs)
        return;
    char name[VF_QUOTE_SIZE], owner[VF_QUOTE_SIZE];
    vf_finding f = {.is_error = true, .id = "duplicate-alias"};
    VF_QUOTE(name, blob->text + late->shown);
    VF_QUOTE(owner, vf_blob_name(blob, early->kind, early->row));
    if (late->row == early->row) {
        f.is_error = strcmp(blob->text + late->shown, blob->text + early->shown) == 0;
        f.id = f.is_error ? f.id : "needless-alias";
        vf_fail(&f.error, VF_ERR_DATA, "alias %s of %s: %s", name, owner,
                f.is_error ? "is there twice" : "spelling makes no difference, leave it out");
    } else {
        f.id = late->rank == VF_NAME_ID && early->rank == VF_NAME_ID ? "duplicate-id" : f.id;
        vf_fail(&f.error, VF_ERR_DATA, "%s %s is already %s %s (%s:%u)", late->rank == VF_NAME_ID ? "name" : "alias",
                name, early->rank == VF_NAME_ID ? "the name of" : "an alias of", owner,
                vf_blob_text(blob, origins[early->row].file), (unsigned)origins[early->row].line);
    }
    vf_catalog_place_name(x->c, late, &f.error);
    report(x, &f);
}

vf_status vf_catalog_add(vf_catalog *c, const char *file, const char *text, size_t n, vf_finding_fn fn, void *ctx,
                         vf_error *err)
{
    vf_json json;
    vf_finding syntax = {.is_error = true, .id = "json-syntax"};
    vf_status s = vf_json_open(&json, file, text, n, false, &c->a, &syntax.error);
    if (s == VF_ERR_DATA && fn)
        (void)fn(ctx, &syntax);
    if (s == VF_OK && !c->grown)
        s = vf_builder_init(&c->builder, &c->blob, &c->a, &syntax.error);
    if (s != VF_OK) {
        vf_json_close(&json);
        c->refused = UINT32_MAX;
        if (err)
            *err = syntax.error;
        return s;
    }
    c->grown = true;
    c->runs++;
    adding x = {.c = c, .b = &c->builder, .sorted = c->builder.n_names, .table = VF_TABLE_COUNT};
    x.r = (vf_reader){.json = &json, .pools = &c->builder.pools, .fn = fn, .ctx = ctx, .err = err, .with_places = true};
    if (vf_pools_text(x.r.pools, file, strlen(file), &x.file))
        add_document(&x, json.root);
    else
        no_memory(&x);
    if (!vf_index_sort(&c->builder, x.sorted))
        no_memory(&x);
    vf_builder_view(&c->builder, &c->blob);
    for (uint32_t i = 0; x.r.status != VF_ERR_NOMEM && i < c->blob.n_names && !x.r.stop; i++)
        if (c->blob.names[i].kind == x.table)
            check_name(&x, i);
    vf_reader_free(&x.r);
    vf_json_close(&json);
    if (x.r.status != VF_OK)
        c->refused |= x.table < VF_TABLE_COUNT ? 1u << x.table : UINT32_MAX;
    return x.r.status;
}
