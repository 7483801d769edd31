/* The engine that walks the rules of map.c. */
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "load/config/fields.h"
#include "load/try.h"

#define MAX_LAYERS 2048

/* ---- fields ------------------------------------------------------------------------------------ */

const cJSON *vf_config_path(const cJSON *object, const char *path)
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

const cJSON *vf_config_find(const vf_config *c, const char *path)
{
    const cJSON *node = vf_config_path(c->text, path);
    return node || c->text == c->json.root ? node : vf_config_path(c->json.root, path);
}

vf_status vf_config_wrong(vf_config *c, const cJSON *node, const char *wanted)
{
    char found[VF_ERROR_TEXT / 2];
    (void)vf_json_fail(&c->json, node, c->err, VF_ERR_DATA, "found %s, expected %s",
                       vf_json_what(&c->json, node, found, sizeof found), wanted);
    return VF_ERR_DATA;
}

vf_status vf_config_integer(vf_config *c, const cJSON *node, uint64_t min, uint64_t max, uint32_t *value)
{
    uint64_t v;
    char wanted[80];
    if (vf_json_u64(node, &v) && v >= min && v <= max) {
        *value = (uint32_t)v;
        return VF_OK;
    }
    (void)snprintf(wanted, sizeof wanted, "an integer from %llu to %llu", (unsigned long long)min,
                   (unsigned long long)max);
    return vf_config_wrong(c, node, wanted);
}

bool vf_config_is_set(const cJSON *node)
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
static uint32_t n_trunk(const vf_config *c)
{
    const vf_hparams *hp = &c->draft.m->hp;
    return hp->nextn_predict_layers < hp->block_count ? hp->block_count - hp->nextn_predict_layers : hp->block_count;
}

static vf_status check_count(vf_config *c, const cJSON *node, uint32_t n)
{
    if (n == n_trunk(c))
        return VF_OK;
    return vf_json_fail(&c->json, node, c->err, VF_ERR_DATA, "%u elements for %u layers", n, n_trunk(c));
}

/** Sets a list of `count` values, of which those behind the first n are like the last of these. */
static vf_status set_list(vf_config *c, vf_hparam_id id, const uint32_t *values, uint32_t n, uint32_t count)
{
    vf_model *m = c->draft.m;
    vf_per_layer all = {0, 0, count};
    VF_TRY(vf_draft_numbers(&c->draft, values, n, &all.first, c->err));
    for (uint32_t i = n; i < count; i++) {
        uint32_t index;
        VF_TRY(vf_draft_numbers(&c->draft, &values[n - 1], 1, &index, c->err));
    }
    memcpy((char *)&m->hp + vf_hparam_fields[id].offset, &all, sizeof all);
    vf_hp_mark(&m->hp, id);
    return VF_OK;
}

/** Sets a value for each layer; blocks behind those in the list are like the last. */
static vf_status set_layers(vf_config *c, vf_hparam_id id, const uint32_t *values, uint32_t n)
{
    return set_list(c, id, values, n, c->draft.m->hp.block_count);
}

/** An array of integers: one for each layer, or, for what is one number here, the same one each time. */
static vf_status read_array(vf_config *c, vf_hparam_id id, const cJSON *array)
{
    uint32_t values[MAX_LAYERS], n = 0;
    bool same = true;
    for (const cJSON *item = array->child; item; item = item->next) {
        if (n == MAX_LAYERS)
            return vf_json_fail(&c->json, array, c->err, VF_ERR_DATA, "more than %u elements", MAX_LAYERS);
        VF_TRY(vf_config_integer(c, item, 0, max_of(id), &values[n]));
        same = same && values[n] == values[0];
        n++;
    }
    if (n == 0)
        return vf_config_wrong(c, array, "one element per layer, not an empty array");
    if (id == VF_HP_rope_dimension_sections)
        return set_list(c, id, values, n, n); /* not one of layers */
    if (vf_hparam_fields[id].kind == VF_FIELD_PER_LAYER) {
        VF_TRY(check_count(c, array, n));
        return set_layers(c, id, values, n);
    }
    if (!same)
        return vf_config_wrong(c, array, "one number, or the same for every layer");
    vf_draft_set(&c->draft, id, values[0]);
    return VF_OK;
}

static vf_status set_number(vf_config *c, vf_hparam_id id, const cJSON *node, uint64_t value)
{
    if (value > max_of(id))
        return vf_json_fail(&c->json, node, c->err, VF_ERR_DATA, "what follows for %s is too large (limit %llu)",
                            vf_hparam_fields[id].key, (unsigned long long)max_of(id));
    vf_draft_set(&c->draft, id, (uint32_t)value);
    return VF_OK;
}

static vf_status rule_read(vf_config *c, const vf_hf_rule *r, const cJSON *a)
{
    uint32_t value = 0;
    if (cJSON_IsString(a) && strcmp(a->valuestring, "auto") == 0)
        return VF_OK;
    if (cJSON_IsArray(a) && !is_required(r->id))
        return read_array(c, r->id, a);
    VF_TRY(vf_config_integer(c, a, is_required(r->id) ? 1 : 0, max_of(r->id), &value));
    vf_draft_set(&c->draft, r->id, value);
    return VF_OK;
}

static vf_status rule_arithmetic(vf_config *c, const vf_hf_rule *r, const cJSON *a, const cJSON *b)
{
    uint32_t x, y = r->n;
    VF_TRY(vf_config_integer(c, a, 0, UINT32_MAX, &x));
    if (b)
        VF_TRY(vf_config_integer(c, b, 0, UINT32_MAX, &y));
    switch (r->op) {
    case VF_HF_SUM:
        return set_number(c, r->id, a, vf_add(x, y));
    case VF_HF_QUOTIENT:
        return set_number(c, r->id, a, vf_ceil_div(x, y));
    default:
        return set_number(c, r->id, a, vf_mul(x, y));
    }
}

static vf_status rule_fraction(vf_config *c, const vf_hf_rule *r, const cJSON *a)
{
    const vf_hparams *hp = &c->draft.m->hp;
    uint32_t heads = vf_at(&hp->head_count, c->draft.m->pool, 0);
    uint32_t head = vf_hp_present(hp, VF_HP_key_length) ? hp->key_length : heads ? hp->embedding_length / heads : 0;
    if (!cJSON_IsNumber(a) || !(a->valuedouble >= 0 && a->valuedouble <= 1))
        return vf_config_wrong(c, a, "a number from 0 to 1");
    vf_draft_set(&c->draft, r->id, (uint32_t)(a->valuedouble * head));
    return VF_OK;
}

static vf_status rule_scale(vf_config *c, const vf_hf_rule *r, const cJSON *a, const cJSON *b)
{
    if (!b || !cJSON_IsString(b) || !vf_hf_one_of(r->words, b->valuestring))
        return VF_OK;
    if (!cJSON_IsNumber(a) || !(a->valuedouble >= 0 && a->valuedouble * 1000 <= (double)max_of(r->id)))
        return vf_config_wrong(c, a, "a number from 0 to 1000000");
    vf_draft_set(&c->draft, r->id, (uint32_t)(a->valuedouble * 1000 + 0.5));
    return VF_OK;
}

/** The width of LFM2's feed-forward (llama.cpp conversion/lfm2.py, _add_feed_forward_length). */
static vf_status rule_two_thirds(vf_config *c, const vf_hf_rule *r, const cJSON *a, const cJSON *b)
{
    uint32_t width, multiple;
    double factor = 1;
    const cJSON *times = vf_config_find(c, r->otherwise);
    VF_TRY(vf_config_integer(c, a, 1, max_of(r->id), &width));
    VF_TRY(vf_config_integer(c, b, 1, max_of(r->id), &multiple));
    if (!vf_config_is_set(vf_config_find(c, r->words)))
        return set_number(c, r->id, a, width);
    if (times && !(cJSON_IsNumber(times) && times->valuedouble > 0 && times->valuedouble <= 64))
        return vf_config_wrong(c, times, "a number up to 64");
    if (times)
        factor = times->valuedouble;
    return set_number(c, r->id, a, vf_pad((uint64_t)(factor * (double)(2 * (uint64_t)width / 3)), multiple));
}

static vf_status rule_length(vf_config *c, const vf_hf_rule *r, const cJSON *a)
{
    uint64_t n = 0;
    if (!cJSON_IsArray(a))
        return vf_config_wrong(c, a, "a list");
    for (const cJSON *item = a->child; item; item = item->next) {
        if (r->words && !(cJSON_IsString(item) && vf_hf_one_of(r->words, item->valuestring)))
            break;
        n++;
    }
    return set_number(c, r->id, a, n);
}

/** What each layer is, in a list of words or a string of letters: whether it is one of the rule's. */
static vf_status match_layers(vf_config *c, const vf_hf_rule *r, const cJSON *a, uint32_t values[MAX_LAYERS],
                              uint32_t value, uint32_t otherwise)
{
    uint32_t n = 0;
    char letter[2] = {0, 0};
    if (cJSON_IsString(a)) {
        const char *text = a->valuestring;
        for (; text[n] && n < MAX_LAYERS; n++) {
            letter[0] = text[n];
            values[n] = vf_hf_one_of(r->words, letter) ? value : otherwise;
        }
        return check_count(c, a, n);
    }
    if (!cJSON_IsArray(a))
        return vf_config_wrong(c, a, "an array with a word for each layer");
    for (const cJSON *item = a->child; item && n < MAX_LAYERS; item = item->next) {
        if (!cJSON_IsString(item))
            return vf_config_wrong(c, item, "a string");
        values[n++] = vf_hf_one_of(r->words, item->valuestring) ? value : otherwise;
    }
    return check_count(c, a, n);
}

static vf_status match_indices(vf_config *c, const cJSON *a, uint32_t values[MAX_LAYERS], uint32_t value)
{
    uint32_t layers = n_trunk(c), il = 0;
    if (!cJSON_IsArray(a))
        return vf_config_wrong(c, a, "an array of layer numbers");
    memset(values, 0, layers * sizeof values[0]);
    for (const cJSON *item = a->child; item; item = item->next) {
        VF_TRY(vf_config_integer(c, item, 0, layers - 1, &il));
        values[il] = value;
    }
    return VF_OK;
}

static vf_status match_period(vf_config *c, const vf_hf_rule *r, const cJSON *a, uint32_t values[MAX_LAYERS],
                              uint32_t value)
{
    uint32_t period = 1, offset = 0, layers = n_trunk(c);
    const cJSON *start = vf_config_find(c, r->words);
    VF_TRY(vf_config_integer(c, a, 1, MAX_LAYERS, &period));
    if (start)
        VF_TRY(vf_config_integer(c, start, 0, MAX_LAYERS, &offset));
    for (uint32_t il = 0; il < layers; il++)
        values[il] = il >= offset && (il - offset) % period == 0 ? value : 0;
    return VF_OK;
}

static vf_status rule_layers(vf_config *c, const vf_hf_rule *r, const cJSON *a, const cJSON *b)
{
    uint32_t values[MAX_LAYERS], value = 1, otherwise = 0;
    const cJSON *other = r->otherwise ? vf_config_find(c, r->otherwise) : NULL;
    if (c->draft.m->hp.block_count == 0)
        return VF_OK;
    if (b)
        VF_TRY(vf_config_integer(c, b, 0, max_of(r->id), &value));
    if (other)
        VF_TRY(vf_config_integer(c, other, 0, max_of(r->id), &otherwise));
    if (r->op == VF_HF_WHERE)
        VF_TRY(match_layers(c, r, a, values, value, otherwise));
    else if (r->op == VF_HF_INDEXED)
        VF_TRY(match_indices(c, a, values, value));
    else
        VF_TRY(match_period(c, r, a, values, value));
    return set_layers(c, r->id, values, n_trunk(c));
}

/** A factor of 1 leaves no trace in the graph (model/hparams.h, kind S). */
static bool is_factor(vf_hparam_id id)
{
    return vf_hparam_fields[id].kind == VF_FIELD_FACTOR;
}

static bool is_one(const cJSON *node)
{
    uint64_t v;
    return vf_json_u64(node, &v) && v == 1;
}

static vf_status apply_rule(vf_config *c, const vf_hf_rule *r)
{
    const cJSON *a = r->a ? vf_config_find(c, r->a) : NULL, *b = r->b ? vf_config_find(c, r->b) : NULL;
    if ((r->a && !a) || (r->b && !b))
        return VF_OK;
    if (r->op == VF_HF_CONST && (!a || vf_config_is_set(a)) && !(r->words && vf_config_is_set(vf_config_find(c, r->words))))
        vf_draft_set(&c->draft, r->id, r->n);
    if (r->op == VF_HF_CONST || !a) /* every other rule reads a field */
        return VF_OK;
    switch (r->op) {
    case VF_HF_READ:
        return rule_read(c, r, a);
    case VF_HF_FLAG:
        if (!cJSON_IsNumber(a) && !cJSON_IsBool(a))
            return vf_config_wrong(c, a, "a number, true or false");
        vf_draft_set(&c->draft, r->id, vf_config_is_set(a) && !(is_factor(r->id) && is_one(a)));
        return VF_OK;
    case VF_HF_LENGTH:
        return rule_length(c, r, a);
    case VF_HF_FRACTION:
        return rule_fraction(c, r, a);
    case VF_HF_SCALE:
        return rule_scale(c, r, a, b);
    case VF_HF_TWO_THIRDS:
        return rule_two_thirds(c, r, a, b);
    case VF_HF_WHERE:
    case VF_HF_INDEXED:
    case VF_HF_PERIODIC:
        return rule_layers(c, r, a, b);
    default:
        return rule_arithmetic(c, r, a, b);
    }
}

vf_status vf_config_hparams(vf_config *c)
{
    static const struct {
        vf_hparam_id id;
        const char *field;
    } required[] = {
        {VF_HP_block_count, "num_hidden_layers"},
        {VF_HP_embedding_length, "hidden_size"},
        {VF_HP_head_count, "num_attention_heads"},
    };
    const cJSON *window = vf_config_find(c, "use_sliding_window");
    for (const vf_hf_rule *r = vf_hf_rules; r->id != VF_HP_COUNT; r++) {
        if (vf_hp_present(&c->draft.m->hp, r->id) || !vf_hf_one_of(r->types, c->type))
            continue;
        if (r->id == VF_HP_sliding_window && window && !vf_config_is_set(window))
            continue;
        VF_TRY(apply_rule(c, r));
    }
    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++)
        if (!vf_hp_present(&c->draft.m->hp, required[i].id)) {
            vf_status status = vf_fail_key(c->err, VF_ERR_DATA, required[i].field, "missing: %s is needed, an integer",
                                           required[i].field);
            return status;
        }
    return VF_OK;
}
