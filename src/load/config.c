/* config.json → hyperparameters: the engine that walks the tables of config_map.c. Fields are looked for in
 * the language part (text_config) first, then at the top. null means absent. */
#include "load/config.h"

#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "load/config_map.h"
#include "load/json.h"
#include "load/safetensors.h"
#include "load/source.h"

#define TRY(call) \
    do { \
        vf_status try_ = (call); \
        if (try_ != VF_OK) \
            return try_; \
    } while (0)

#define MAX_LAYERS 2048

typedef struct config {
    vf_json json;
    const cJSON *text;     /**< the language part; the top when there is none */
    const char *type;      /**< model_type that the tables know, or any */
    const vf_hf_arch *row; /**< NULL: not in the tables */
    vf_draft draft;
    vf_error *err;
} config;

/* ---- finding fields -------------------------------------------------------------------------- */

static const cJSON *member_path(const cJSON *object, const char *path)
{
    char key[64];
    while (object) {
        const char *dot = strchr(path, '.');
        size_t n = dot ? (size_t)(dot - path) : strlen(path);
        if (n >= sizeof key || !cJSON_IsObject(object))
            return NULL;
        memcpy(key, path, n);
        key[n] = 0;
        object = vf_json_member(object, key);
        if (!dot)
            break;
        path = dot + 1;
    }
    return object && !cJSON_IsNull(object) ? object : NULL;
}

static const cJSON *find(const config *c, const char *path)
{
    const cJSON *node = member_path(c->text, path);
    return node || c->text == c->json.root ? node : member_path(c->json.root, path);
}

static vf_status wrong(config *c, const cJSON *node, const char *wanted)
{
    char found[VF_ERROR_TEXT / 2];
    return vf_json_fail(&c->json, node, c->err, VF_ERR_DATA, "found %s, expected %s",
                        vf_json_what(&c->json, node, found, sizeof found), wanted);
}

static vf_status integer(config *c, const cJSON *node, uint64_t min, uint64_t max, uint32_t *value)
{
    uint64_t v;
    char wanted[80];
    if (vf_json_u64(node, &v) && v >= min && v <= max) {
        *value = (uint32_t)v;
        return VF_OK;
    }
    (void)snprintf(wanted, sizeof wanted, "an integer from %llu to %llu", (unsigned long long)min,
                   (unsigned long long)max);
    return wrong(c, node, wanted);
}

/** Whether a field says yes: true, a number that is not 0, or any other value but null. */
static bool is_set(const cJSON *node)
{
    if (!node || cJSON_IsFalse(node))
        return false;
    return !cJSON_IsNumber(node) || node->valuedouble < 0 || node->valuedouble > 0;
}

/* ---- rules ----------------------------------------------------------------------------------- */

static bool is_required(vf_hparam_id id)
{
    return id == VF_HP_block_count || id == VF_HP_embedding_length || id == VF_HP_head_count;
}

static uint64_t max_of(vf_hparam_id id)
{
    return vf_hparam_fields[id].max;
}

/** Layers that lists in the file speak of. */
static uint32_t n_trunk(const config *c)
{
    const vf_hparams *hp = &c->draft.m->hp;
    return hp->nextn_predict_layers < hp->block_count ? hp->block_count - hp->nextn_predict_layers : hp->block_count;
}

static vf_status check_count(config *c, const cJSON *node, uint32_t n)
{
    if (n == n_trunk(c))
        return VF_OK;
    return vf_json_fail(&c->json, node, c->err, VF_ERR_DATA, "%u elements for %u layers", n, n_trunk(c));
}

/** Sets a value for each layer; blocks behind those in the list are like the last. */
static vf_status set_layers(config *c, vf_hparam_id id, const uint32_t *values, uint32_t n)
{
    vf_model *m = c->draft.m;
    vf_per_layer all = {0, 0, m->hp.block_count};
    TRY(vf_draft_numbers(&c->draft, values, n, &all.first, c->err));
    for (uint32_t il = n; il < m->hp.block_count; il++) {
        uint32_t index;
        TRY(vf_draft_numbers(&c->draft, &values[n - 1], 1, &index, c->err));
    }
    memcpy((char *)&m->hp + vf_hparam_fields[id].offset, &all, sizeof all);
    vf_hp_mark(&m->hp, id);
    return VF_OK;
}

/** An array of integers: one for each layer, or, for what is one number here, the same one each time. */
static vf_status read_array(config *c, vf_hparam_id id, const cJSON *array)
{
    uint32_t values[MAX_LAYERS], n = 0;
    bool same = true;
    for (const cJSON *item = array->child; item; item = item->next) {
        if (n == MAX_LAYERS)
            return vf_json_fail(&c->json, array, c->err, VF_ERR_DATA, "more than %u elements", MAX_LAYERS);
        TRY(integer(c, item, 0, max_of(id), &values[n]));
        same = same && values[n] == values[0];
        n++;
    }
    if (n == 0)
        return wrong(c, array, "one element per layer, not an empty array");
    if (vf_hparam_fields[id].kind == VF_FIELD_PER_LAYER) {
        TRY(check_count(c, array, n));
        return set_layers(c, id, values, n);
    }
    if (!same)
        return wrong(c, array, "one number, or the same for every layer");
    vf_draft_set(&c->draft, id, values[0]);
    return VF_OK;
}

static vf_status set_number(config *c, vf_hparam_id id, const cJSON *node, uint64_t value)
{
    if (value > max_of(id))
        return vf_json_fail(&c->json, node, c->err, VF_ERR_DATA, "what follows for %s is too large (limit %llu)",
                            vf_hparam_fields[id].key, (unsigned long long)max_of(id));
    vf_draft_set(&c->draft, id, (uint32_t)value);
    return VF_OK;
}

static vf_status rule_read(config *c, const vf_hf_rule *r, const cJSON *a)
{
    uint32_t value = 0;
    if (cJSON_IsString(a) && strcmp(a->valuestring, "auto") == 0)
        return VF_OK;
    if (cJSON_IsArray(a) && !is_required(r->id))
        return read_array(c, r->id, a);
    TRY(integer(c, a, is_required(r->id) ? 1 : 0, max_of(r->id), &value));
    vf_draft_set(&c->draft, r->id, value);
    return VF_OK;
}

static vf_status rule_arithmetic(config *c, const vf_hf_rule *r, const cJSON *a, const cJSON *b)
{
    uint32_t x, y = r->n;
    TRY(integer(c, a, 0, UINT32_MAX, &x));
    if (b)
        TRY(integer(c, b, 0, UINT32_MAX, &y));
    switch (r->op) {
    case VF_HF_SUM:
        return set_number(c, r->id, a, vf_add(x, y));
    case VF_HF_QUOTIENT:
        return set_number(c, r->id, a, vf_ceil_div(x, y));
    default:
        return set_number(c, r->id, a, vf_mul(x, y));
    }
}

static vf_status rule_fraction(config *c, const vf_hf_rule *r, const cJSON *a)
{
    const vf_hparams *hp = &c->draft.m->hp;
    uint32_t heads = vf_at(&hp->head_count, c->draft.m->pool, 0);
    uint32_t head = vf_hp_present(hp, VF_HP_key_length) ? hp->key_length : heads ? hp->embedding_length / heads : 0;
    if (!cJSON_IsNumber(a) || !(a->valuedouble >= 0 && a->valuedouble <= 1))
        return wrong(c, a, "a number from 0 to 1");
    vf_draft_set(&c->draft, r->id, (uint32_t)(a->valuedouble * head));
    return VF_OK;
}

/** What each layer is, in a list of words or a string of letters: whether it is one of the rule's. */
static vf_status match_layers(config *c, const vf_hf_rule *r, const cJSON *a, uint32_t values[MAX_LAYERS],
                              uint32_t value)
{
    uint32_t n = 0;
    char letter[2] = {0, 0};
    if (cJSON_IsString(a)) {
        const char *text = a->valuestring;
        for (; text[n] && n < MAX_LAYERS; n++) {
            letter[0] = text[n];
            values[n] = vf_hf_one_of(r->words, letter) ? value : 0;
        }
        return check_count(c, a, n);
    }
    if (!cJSON_IsArray(a))
        return wrong(c, a, "an array with a word for each layer");
    for (const cJSON *item = a->child; item && n < MAX_LAYERS; item = item->next) {
        if (!cJSON_IsString(item))
            return wrong(c, item, "a string");
        values[n++] = vf_hf_one_of(r->words, item->valuestring) ? value : 0;
    }
    return check_count(c, a, n);
}

static vf_status match_indices(config *c, const cJSON *a, uint32_t values[MAX_LAYERS], uint32_t value)
{
    uint32_t layers = n_trunk(c), il = 0;
    if (!cJSON_IsArray(a))
        return wrong(c, a, "an array of layer numbers");
    memset(values, 0, layers * sizeof values[0]);
    for (const cJSON *item = a->child; item; item = item->next) {
        TRY(integer(c, item, 0, layers - 1, &il));
        values[il] = value;
    }
    return VF_OK;
}

static vf_status match_period(config *c, const vf_hf_rule *r, const cJSON *a, uint32_t values[MAX_LAYERS],
                              uint32_t value)
{
    uint32_t period = 1, offset = 0, layers = n_trunk(c);
    const cJSON *start = find(c, r->words);
    TRY(integer(c, a, 1, MAX_LAYERS, &period));
    if (start)
        TRY(integer(c, start, 0, MAX_LAYERS, &offset));
    for (uint32_t il = 0; il < layers; il++)
        values[il] = il >= offset && (il - offset) % period == 0 ? value : 0;
    return VF_OK;
}

static vf_status rule_layers(config *c, const vf_hf_rule *r, const cJSON *a, const cJSON *b)
{
    uint32_t values[MAX_LAYERS], value = 1;
    if (c->draft.m->hp.block_count == 0)
        return VF_OK;
    if (b)
        TRY(integer(c, b, 0, max_of(r->id), &value));
    if (r->op == VF_HF_WHERE)
        TRY(match_layers(c, r, a, values, value));
    else if (r->op == VF_HF_INDEXED)
        TRY(match_indices(c, a, values, value));
    else
        TRY(match_period(c, r, a, values, value));
    return set_layers(c, r->id, values, n_trunk(c));
}

static vf_status apply_rule(config *c, const vf_hf_rule *r)
{
    const cJSON *a = r->a ? find(c, r->a) : NULL, *b = r->b ? find(c, r->b) : NULL;
    if ((r->a && !a) || (r->b && !b))
        return VF_OK;
    switch (r->op) {
    case VF_HF_READ:
        return rule_read(c, r, a);
    case VF_HF_CONST:
        if (!r->a || is_set(a))
            vf_draft_set(&c->draft, r->id, r->n);
        return VF_OK;
    case VF_HF_FLAG:
        if (!cJSON_IsNumber(a) && !cJSON_IsBool(a))
            return wrong(c, a, "a number, true or false");
        vf_draft_set(&c->draft, r->id, is_set(a));
        return VF_OK;
    case VF_HF_FRACTION:
        return rule_fraction(c, r, a);
    case VF_HF_WHERE:
    case VF_HF_INDEXED:
    case VF_HF_PERIODIC:
        return rule_layers(c, r, a, b);
    default:
        return rule_arithmetic(c, r, a, b);
    }
}

static vf_status read_hparams(config *c)
{
    static const struct {
        vf_hparam_id id;
        const char *field;
    } required[] = {
        {VF_HP_block_count, "num_hidden_layers"},
        {VF_HP_embedding_length, "hidden_size"},
        {VF_HP_head_count, "num_attention_heads"},
    };
    const cJSON *window = find(c, "use_sliding_window");
    for (const vf_hf_rule *r = vf_hf_rules; r->id != VF_HP_COUNT; r++) {
        if (vf_hp_present(&c->draft.m->hp, r->id) || !vf_hf_one_of(r->types, c->type))
            continue;
        if (r->id == VF_HP_sliding_window && window && !is_set(window))
            continue;
        TRY(apply_rule(c, r));
    }
    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++)
        if (!vf_hp_present(&c->draft.m->hp, required[i].id)) {
            vf_status status = vf_fail_key(c->err, VF_ERR_DATA, required[i].field, "missing: %s is needed, an integer",
                                           required[i].field);
            return status;
        }
    return VF_OK;
}

/* ---- what else the file says ------------------------------------------------------------------- */

static vf_status read_options(config *c)
{
    for (const vf_hf_option *o = vf_hf_options; o->field; o++) {
        const cJSON *node = find(c, o->field);
        if (!node || !vf_hf_one_of(o->types, c->type))
            continue;
        bool yes = o->is ? cJSON_IsString(node) && vf_hf_one_of(o->is, node->valuestring) : is_set(node);
        if (yes)
            c->draft.m->options |= UINT64_C(1) << o->option;
    }
    return VF_OK;
}

static vf_status read_tied(config *c)
{
    const cJSON *node = find(c, "tie_word_embeddings");
    if (node && !cJSON_IsBool(node))
        return wrong(c, node, "true or false");
    c->draft.m->tied = node ? cJSON_IsTrue(node) : c->row && c->row->tied;
    return VF_OK;
}

static bool quant_holds(const cJSON *config_of, const char *field, const char *is)
{
    const cJSON *node = field ? member_path(config_of, field) : NULL;
    char digits[24];
    if (!field)
        return true;
    if (!node || strcmp(is, "*") == 0)
        return is_set(node);
    if (cJSON_IsString(node))
        return strcmp(node->valuestring, is) == 0;
    uint64_t v;
    if (!vf_json_u64(node, &v))
        return false;
    (void)snprintf(digits, sizeof digits, "%llu", (unsigned long long)v);
    return strcmp(digits, is) == 0;
}

static vf_status read_quant(config *c, const cJSON *q)
{
    const char *method = NULL;
    uint32_t bits;
    vf_model *m = c->draft.m;
    TRY(vf_json_get_string(&c->json, q, "quant_method", &method, c->err));
    const cJSON *width = member_path(q, "bits");
    if (width && !(cJSON_IsNumber(width) && width->valuedouble > 0 && width->valuedouble <= 32))
        return wrong(c, width, "a number of bits from 1 to 32");
    for (const vf_hf_quant *row = vf_hf_quants; method && row->method; row++)
        if (strcmp(row->method, method) == 0 && quant_holds(q, row->when[0].field, row->when[0].is) &&
            quant_holds(q, row->when[1].field, row->when[1].is)) {
            vf_set_text(m->published_quant, sizeof m->published_quant, row->quant);
            return VF_OK;
        }
    const cJSON *group = member_path(q, "group_size");
    if (!method && width && group) { /* MLX writes these two alone */
        uint32_t size;
        TRY(integer(c, width, 1, 32, &bits));
        TRY(integer(c, group, 1, 1u << 16, &size));
        (void)snprintf(m->published_quant, sizeof m->published_quant, "mlx-%ubit-g%u", bits, size);
    } else if (method) {
        vf_foreign(m->published_quant, sizeof m->published_quant, method, strlen(method));
    }
    return VF_OK;
}

static vf_status read_format(config *c)
{
    static const char *const fields[] = {"dtype", "torch_dtype"};
    const cJSON *q = find(c, "quantization_config");
    if (!q)
        q = find(c, "quantization");
    if (q && !cJSON_IsObject(q))
        return wrong(c, q, "an object");
    for (size_t i = 0; i < 2; i++) {
        const cJSON *node = find(c, fields[i]);
        if (!node)
            continue;
        if (!cJSON_IsString(node))
            return wrong(c, node, "a string");
        size_t row = 0;
        while (vf_hf_dtypes[row][0] && strcmp(vf_hf_dtypes[row][0], node->valuestring) != 0)
            row++;
        if (!vf_hf_dtypes[row][0])
            return wrong(c, node, "bfloat16, float16 or float32");
        vf_set_text(c->draft.m->published_quant, sizeof c->draft.m->published_quant, vf_hf_dtypes[row][1]);
        break;
    }
    return q ? read_quant(c, q) : VF_OK;
}

/* ---- the model --------------------------------------------------------------------------------- */

static vf_status find_text(config *c)
{
    static const char *const parts[] = {"text_config", "language_config", "llm_config"};
    if (!cJSON_IsObject(c->json.root))
        return wrong(c, c->json.root, "an object");
    c->text = c->json.root;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const cJSON *node = member_path(c->json.root, parts[i]);
        if (!node)
            continue;
        if (!cJSON_IsObject(node))
            return wrong(c, node, "an object");
        c->text = node;
        break;
    }
    return VF_OK;
}

static const vf_hf_arch *arch_row(const config *c, const char *type)
{
    for (const vf_hf_arch *row = vf_hf_archs; row->types; row++)
        if (vf_hf_one_of(row->types, type) && (!row->with || is_set(find(c, row->with))))
            return row;
    return NULL;
}

/** The model_type of the language part, or else of the whole, that the table knows. */
static vf_status find_arch(config *c, const vf_arch_lookup *archs, bool must_know)
{
    const cJSON *parts[2] = {member_path(c->text, "model_type"), member_path(c->json.root, "model_type")};
    c->type = NULL;
    for (int i = 0; i < 2 && !c->row; i++) {
        if (parts[i] && !cJSON_IsString(parts[i]))
            return wrong(c, parts[i], "a string");
        if (!parts[i])
            continue;
        c->row = arch_row(c, parts[i]->valuestring);
        if (c->row || !c->type)
            c->type = parts[i]->valuestring;
    }
    if (!c->type)
        return vf_fail_key(c->err, VF_ERR_DATA, "model_type", "missing: model_type is needed, a string");
    vf_draft_arch(&c->draft, archs, c->row ? c->row->arch : c->type);
    if (c->draft.m->known_arch || !must_know)
        return VF_OK;
    const cJSON *node = parts[0] ? parts[0] : parts[1];
    return wrong(c, node, "a model type whose tensors are known; give the safetensors files or a GGUF file");
}

static vf_status read_config(config *c, const vf_arch_lookup *archs, const vf_parts *headers, uint32_t n_headers)
{
    TRY(find_text(c));
    TRY(find_arch(c, archs, n_headers == 0));
    const cJSON *name = member_path(c->json.root, "_name_or_path");
    if (cJSON_IsString(name) && name->valuestring[0] != '/' && name->valuestring[0] != '.')
        vf_foreign(c->draft.m->name, sizeof c->draft.m->name, name->valuestring, strlen(name->valuestring));
    TRY(read_hparams(c));
    TRY(read_tied(c));
    TRY(read_options(c));
    TRY(read_format(c));
    if (n_headers == 0)
        return VF_OK;
    c->draft.m->from_file = true;
    return vf_safetensors_draft(headers, n_headers, &c->draft, c->err);
}

static vf_status finish(vf_draft *draft, vf_model **out, vf_error *err)
{
    vf_model *m = NULL;
    vf_status status = vf_draft_seal(draft, &m, err);
    if (status != VF_OK)
        return status;
    if (m->from_file)
        status = vf_model_index(m, err);
    if (status == VF_OK)
        status = vf_layers_build(m, err);
    if (status == VF_OK && !m->from_file)
        status = vf_inventory_build(m, err);
    if (status != VF_OK) {
        vf_model_free(m);
        return status;
    }
    *out = m;
    return VF_OK;
}

vf_status vf_config_read_with(const vf_arch_lookup *archs, const char *file, const char *text, size_t n,
                              const vf_parts *headers, uint32_t n_headers, const vf_allocator *a, vf_model **out,
                              vf_error *err)
{
    config c;
    memset(&c, 0, sizeof c);
    c.err = err;
    *out = NULL;
    if (err)
        vf_set_text(err->file, sizeof err->file, file);
    TRY(vf_json_open(&c.json, file, text, n, true, a, err));
    vf_status status = vf_draft_init(&c.draft, a, err);
    if (status == VF_OK)
        status = read_config(&c, archs, headers, n_headers);
    vf_json_close(&c.json);
    if (status == VF_OK)
        status = finish(&c.draft, out, err);
    vf_draft_drop(&c.draft);
    return status;
}
