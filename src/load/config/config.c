/* config.json → a model. Fields are looked for in the language part (text_config) first, then at the top.
 * null means absent. */
#include "load/config/config.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "load/config/fields.h"
#include "load/safetensors/safetensors.h"
#include "load/source.h"
#include "load/try.h"

/* ---- what else the file says ------------------------------------------------------------------- */

static void read_options(vf_config *c)
{
    for (const vf_hf_option *o = vf_hf_options; o->option != VF_OPTION_COUNT; o++) {
        const cJSON *node = o->field ? vf_config_find(c, o->field) : NULL;
        bool unless = o->is && strcmp(o->is, VF_HF_UNLESS) == 0;
        if (!vf_hf_one_of(o->types, c->type) || (o->field && !node && !unless))
            continue;
        bool yes = unless ? !vf_config_is_set(node)
                   : o->is ? node && cJSON_IsString(node) && vf_hf_one_of(o->is, node->valuestring)
                           : !o->field || vf_config_is_set(node);
        if (yes)
            c->draft.m->options |= UINT64_C(1) << o->option;
    }
}

/** The whole model's word goes before the language part's: Qwen3-VL 30B-A3B says false above and nothing below, and
 * what Transformers writes below is a default (PreTrainedModel.tie_weights reads its own config). */
static vf_status read_tied(vf_config *c)
{
    const cJSON *node = vf_config_path(c->json.root, "tie_word_embeddings");
    if (!node)
        node = vf_config_find(c, "tie_word_embeddings");
    if (node && !cJSON_IsBool(node))
        return vf_config_wrong(c, node, "true or false");
    c->draft.m->tied = node ? cJSON_IsTrue(node) : c->row && c->row->tied;
    return VF_OK;
}

static bool quant_holds(const cJSON *config_of, const char *field, const char *is)
{
    const cJSON *node = field ? vf_config_path(config_of, field) : NULL;
    char digits[24];
    if (!field)
        return true;
    if (!node || strcmp(is, "*") == 0)
        return vf_config_is_set(node);
    if (cJSON_IsString(node))
        return strcmp(node->valuestring, is) == 0;
    uint64_t v;
    if (!vf_json_u64(node, &v))
        return false;
    (void)snprintf(digits, sizeof digits, "%llu", (unsigned long long)v);
    return strcmp(digits, is) == 0;
}

/** Bits of a weight where a quantizer packs several into a number: as the entry says, else what the methods
 * that say nothing have. */
static uint8_t pack_bits(const cJSON *q, const char *method)
{
    static const char *const paths[] = {"bits", "w_bit", "config_groups.group_0.weights.num_bits"};
    bool two = method && (strcmp(method, "aqlm") == 0 || strcmp(method, "bitnet") == 0);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        const cJSON *node = vf_config_path(q, paths[i]);
        if (cJSON_IsNumber(node) && node->valuedouble >= 1 && node->valuedouble <= 32)
            return (uint8_t)node->valuedouble;
    }
    return two ? 2 : 4;
}

static vf_status read_quant(vf_config *c, const cJSON *q)
{
    const char *method = NULL;
    uint32_t bits;
    vf_model *m = c->draft.m;
    VF_TRY(vf_json_get_string(&c->json, q, "quant_method", &method, c->err));
    const cJSON *width = vf_config_path(q, "bits");
    if (width && !(cJSON_IsNumber(width) && width->valuedouble > 0 && width->valuedouble <= 32))
        return vf_config_wrong(c, width, "a number of bits from 1 to 32");
    m->pack_bits = pack_bits(q, method);
    for (const vf_hf_quant *row = vf_hf_quants; method && row->method; row++)
        if (strcmp(row->method, method) == 0 && quant_holds(q, row->when[0].field, row->when[0].is) &&
            quant_holds(q, row->when[1].field, row->when[1].is)) {
            vf_set_text(m->published_quant, sizeof m->published_quant, row->quant);
            return VF_OK;
        }
    const cJSON *group = vf_config_path(q, "group_size");
    if (!method && width && group) { /* MLX writes these two alone */
        uint32_t size;
        VF_TRY(vf_config_integer(c, width, 1, 32, &bits));
        VF_TRY(vf_config_integer(c, group, 1, 1u << 16, &size));
        (void)snprintf(m->published_quant, sizeof m->published_quant, "mlx-%ubit-g%u", bits, size);
    } else if (method) {
        vf_foreign(m->published_quant, sizeof m->published_quant, method, strlen(method));
    }
    return VF_OK;
}

static vf_status read_format(vf_config *c)
{
    static const char *const fields[] = {"dtype", "torch_dtype"};
    const cJSON *q = vf_config_find(c, "quantization_config");
    if (!q)
        q = vf_config_find(c, "quantization");
    if (q && !cJSON_IsObject(q))
        return vf_config_wrong(c, q, "an object");
    for (size_t i = 0; i < 2; i++) {
        const cJSON *node = vf_config_find(c, fields[i]);
        if (!node)
            continue;
        if (!cJSON_IsString(node))
            return vf_config_wrong(c, node, "a string");
        size_t row = 0;
        while (vf_hf_dtypes[row][0] && strcmp(vf_hf_dtypes[row][0], node->valuestring) != 0)
            row++;
        if (!vf_hf_dtypes[row][0])
            return vf_config_wrong(c, node, "bfloat16, float16 or float32");
        vf_set_text(c->draft.m->published_quant, sizeof c->draft.m->published_quant, vf_hf_dtypes[row][1]);
        break;
    }
    return q ? read_quant(c, q) : VF_OK;
}

/* ---- the model --------------------------------------------------------------------------------- */

static vf_status find_text(vf_config *c)
{
    static const char *const parts[] = {"text_config", "language_config", "llm_config"};
    if (!cJSON_IsObject(c->json.root))
        return vf_config_wrong(c, c->json.root, "an object");
    c->text = c->json.root;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const cJSON *node = vf_config_path(c->json.root, parts[i]);
        if (!node)
            continue;
        if (!cJSON_IsObject(node))
            return vf_config_wrong(c, node, "an object");
        c->text = node;
        break;
    }
    return VF_OK;
}

static const vf_hf_arch *arch_row(const vf_config *c, const char *type)
{
    for (const vf_hf_arch *row = vf_hf_archs; row->types; row++)
        if (vf_hf_one_of(row->types, type) && (!row->with || vf_config_is_set(vf_config_find(c, row->with))))
            return row;
    return NULL;
}

/** The model_type of the language part, or else of the whole, that the table knows. */
static vf_status find_arch(vf_config *c, const vf_arch_lookup *archs, bool must_know)
{
    const cJSON *parts[2] = {vf_config_path(c->text, "model_type"), vf_config_path(c->json.root, "model_type")};
    c->type = NULL;
    for (int i = 0; i < 2 && !c->row; i++) {
        if (parts[i] && !cJSON_IsString(parts[i]))
            return vf_config_wrong(c, parts[i], "a string");
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
    return vf_config_wrong(c, node, "a model type whose tensors are known; give the safetensors files or a GGUF file");
}

static vf_status read_config(vf_config *c, const vf_arch_lookup *archs, const vf_parts *headers, uint32_t n_headers)
{
    VF_TRY(find_text(c));
    VF_TRY(find_arch(c, archs, n_headers == 0));
    const cJSON *name = vf_config_path(c->json.root, "_name_or_path");
    if (cJSON_IsString(name) && name->valuestring[0] != '/' && name->valuestring[0] != '.')
        vf_foreign(c->draft.m->name, sizeof c->draft.m->name, name->valuestring, strlen(name->valuestring));
    VF_TRY(vf_config_hparams(c));
    VF_TRY(read_tied(c));
    read_options(c);
    VF_TRY(read_format(c));
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
    vf_config c;
    memset(&c, 0, sizeof c);
    c.err = err;
    *out = NULL;
    if (err)
        vf_set_text(err->file, sizeof err->file, file);
    VF_TRY(vf_json_open(&c.json, file, text, n, true, a, err));
    vf_status status = vf_draft_init(&c.draft, a, err);
    if (status == VF_OK)
        status = read_config(&c, archs, headers, n_headers);
    vf_json_close(&c.json);
    if (status == VF_OK)
        status = finish(&c.draft, out, err);
    vf_draft_drop(&c.draft);
    return status;
}
