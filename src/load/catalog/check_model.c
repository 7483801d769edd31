/* The sense checks of a model: its shape must hold together, and come to its parameters. */
#include "load/catalog/check.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "model/ftypes.h"
#include "model/model.h"

#define ERROR(k, id, row, field, ...) \
    vf_check_report(k, true, id, row, offsetof(vf_model_row, field), 0, __VA_ARGS__)

static uint32_t value_at(const vf_blob *b, const vf_per_layer *v, uint32_t il)
{
    return vf_at(v, b->u32, il);
}

/** Queries share key heads evenly, in every layer that has attention. */
static bool check_heads(vf_check *k, uint32_t i, const vf_model_row *row)
{
    const vf_blob *b = &k->c->blob;
    const vf_hparams *hp = &row->hparams;
    for (uint32_t il = 0; il < hp->block_count; il++) {
        uint32_t heads = value_at(b, &hp->head_count, il), kv = value_at(b, &hp->head_count_kv, il);
        if (heads && kv && heads % kv != 0)
            return ERROR(k, "heads", i, hparams.head_count, "%u heads do not divide among %u key-value heads (layer %u)",
                         heads, kv, il);
        if (heads && !hp->key_length && !hp->wkv_head_size && hp->embedding_length % heads != 0)
            return ERROR(k, "heads", i, hparams.head_count,
                         "embedding_length %u does not divide among %u heads, and attention.key_length is not given",
                         hp->embedding_length, heads);
    }
    return true;
}

/** Arrays have an element for every layer. */
static bool check_arrays(vf_check *k, uint32_t i, const vf_model_row *row)
{
    const vf_hparams *hp = &row->hparams;
    for (const vf_field *f = vf_hparam_fields; f->key; f++) {
        vf_per_layer v;
        if (f->kind != VF_FIELD_PER_LAYER || f->offset == offsetof(vf_hparams, rope_dimension_sections))
            continue;
        memcpy(&v, (const char *)hp + f->offset, sizeof v);
        if (v.count && v.count != hp->block_count)
            return vf_check_report(k, true, "array-length", i, offsetof(vf_model_row, hparams) + f->offset, 0,
                                   "%u elements for %u layers", v.count, hp->block_count);
    }
    return true;
}

static bool check_experts(vf_check *k, uint32_t i, const vf_model_row *row)
{
    const vf_hparams *hp = &row->hparams;
    uint32_t used = value_at(&k->c->blob, &hp->expert_used_count, 0);
    if (used > hp->expert_count)
        return ERROR(k, "experts", i, hparams.expert_used_count, "%u experts used, but there are %u", used,
                     hp->expert_count);
    return true;
}

/** What every model has. */
static bool check_required(vf_check *k, uint32_t i, const vf_model_row *row)
{
    static const vf_hparam_id required[] = {VF_HP_block_count, VF_HP_embedding_length, VF_HP_vocab_size,
                                            VF_HP_context_length};
    bool ok = true;
    for (size_t j = 0; j < sizeof required / sizeof required[0]; j++) {
        const vf_field *f = &vf_hparam_fields[required[j]];
        uint32_t value;
        memcpy(&value, (const char *)&row->hparams + f->offset, sizeof value);
        if (value == 0)
            ok = vf_check_report(k, true, "missing-key", i, offsetof(vf_model_row, hparams) + f->offset, 0,
                                 "'%s' is missing or 0", f->key);
    }
    return ok;
}

/** "2024-07", and nothing else. */
static bool is_month(const char *text)
{
    static const char pattern[] = "0000-00";
    for (size_t i = 0; i < sizeof pattern; i++)
        if (pattern[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != pattern[i])
            return false;
    return true;
}

/** The place of a hyperparameter that a builder of models names in its error; SIZE_MAX: it names a tensor. */
static size_t field_of_key(const char *key)
{
    for (const vf_field *f = vf_hparam_fields; f->key; f++)
        if (strcmp(f->key, key) == 0)
            return offsetof(vf_model_row, hparams) + f->offset;
    return SIZE_MAX;
}

static void no_memory(vf_check *k)
{
    k->status = vf_fail(k->err, VF_ERR_NOMEM, "out of memory");
    k->stop = true;
}

/** A format with more bits makes no model smaller, whatever its rows make llama-quantize fall back to. */
static vf_status check_formats(vf_check *k, uint32_t i, const vf_model *model)
{
    /* one file type for each number of bits: of _S, _M and _L the order depends on the model */
    static const vf_ftype formats[] = {VF_FTYPE_Q2_K, VF_FTYPE_Q3_K_M, VF_FTYPE_Q4_K_M, VF_FTYPE_Q5_K_M,
                                       VF_FTYPE_Q6_K, VF_FTYPE_Q8_0};
    uint16_t *types = vf_alloc_zero(k->scratch, model->n_tensors, sizeof *types);
    uint64_t before = 0;
    const char *smaller = "";
    if (!types)
        return VF_ERR_NOMEM;
    for (size_t f = 0; f < sizeof formats / sizeof formats[0]; f++) {
        const vf_ftype_info *info = vf_ftype_get(formats[f]);
        vf_quant quant = {.kind = VF_QUANT_GGUF, .ftype = formats[f]};
        if (vf_mix_types(model, &quant, k->scratch, types, NULL) != VF_OK)
            continue;
        uint64_t bytes = vf_model_bytes(model, types);
        if (bytes < before) {
            ERROR(k, "bits-order", i, id, "%s has %llu bytes, more than the %llu of %s", smaller,
                  (unsigned long long)before, (unsigned long long)bytes, info->name);
            break;
        }
        before = bytes;
        smaller = info->name;
    }
    vf_free(k->scratch, types, model->n_tensors * sizeof *types);
    return VF_OK;
}

/** The parameters stated are those of the shape, to the last one. */
static void check_parameters(vf_check *k, uint32_t i, const vf_model_row *row)
{
    vf_model *model = NULL;
    vf_model_facts facts;
    vf_error why = {0};
    vf_status s = vf_catalog_model_open(k->c, i, k->scratch, &model, &why);
    if (s == VF_ERR_NOMEM) {
        no_memory(k);
        return;
    }
    if (s != VF_OK) {
        size_t field = field_of_key(why.key);
        bool tensor = field == SIZE_MAX;
        vf_check_report(k, true, "shape", i, field, 0, "%s%s%s", tensor ? why.key : "", tensor ? ": " : "", why.text);
        return;
    }
    vf_model_describe(model, &facts);
    s = model->n_tensors ? check_formats(k, i, model) : VF_OK;
    vf_model_free(model);
    if (s == VF_ERR_NOMEM) {
        no_memory(k);
        return;
    }
    bool same = facts.parameters == row->parameters;
    if (!same && !row->unchecked.offset)
        ERROR(k, "parameters-mismatch", i, parameters,
              "%llu parameters stated, but the shape has %llu (give the reason in 'unchecked' if that is meant)",
              (unsigned long long)row->parameters, (unsigned long long)facts.parameters);
    if (same && row->unchecked.offset)
        vf_check_report(k, false, "needless-unchecked", i, offsetof(vf_model_row, unchecked), 0,
                        "the parameters are those of the shape: 'unchecked' is not needed");
}

/** What is published is what the shape has, or somebody knows why not. */
static void check_published(vf_check *k, uint32_t i, const vf_model_row *row)
{
    uint64_t published = row->parameters_published, whole = vf_add(row->parameters, row->parameters_vision);
    bool same = published == row->parameters || published == whole;
    if (published && !same && !row->published_differs.offset)
        ERROR(k, "published-mismatch", i, parameters_published,
              "%llu published, but the parameters are %llu, with towers %llu (give the reason in 'published_differs')",
              (unsigned long long)published, (unsigned long long)row->parameters, (unsigned long long)whole);
    if ((same || !published) && row->published_differs.offset)
        vf_check_report(k, false, "needless-difference", i, offsetof(vf_model_row, published_differs), 0,
                        published ? "the published count does not differ" : "there is no 'parameters_published' to differ");
}

/** A window has a length, and layers that it is for; an architecture with windows has models with one. */
static void check_window(vf_check *k, uint32_t i, const vf_model_row *row, const vf_arch *arch)
{
    const vf_hparams *hp = &row->hparams;
    bool pattern = hp->sliding_window_pattern.count || hp->sliding_window_pattern.value;
    bool given = hp->sliding_window || arch->window.size || arch->window.fixed;
    bool others = arch->window.block_count && arch->window.block_count != hp->block_count;
    if (pattern && !given)
        ERROR(k, "window", i, hparams.sliding_window_pattern, "a pattern of windows, but no attention.sliding_window");
    else if (arch->window.where != VF_WINDOW_NONE && !given && !others && !arch->window.optional)
        ERROR(k, "window", i, arch, "this architecture has sliding windows, but there is no attention.sliding_window");
    if (!pattern && hp->sliding_window && arch->window.where == VF_WINDOW_ARRAY)
        ERROR(k, "window", i, hparams.sliding_window,
              "a window, but attention.sliding_window_pattern does not say which layers have it");
}

void vf_check_model(vf_check *k, uint32_t i)
{
    const vf_blob *b = &k->c->blob;
    const vf_model_row *row = vf_blob_row(b, VF_KIND_MODEL, i);
    const char *arch = vf_blob_text(b, row->arch), *quant = vf_blob_text(b, row->published_quant);
    vf_arch record;
    bool known = vf_catalog_arch(k->c, arch, &record);
    if (!known && !(k->c->refused & 1u << VF_KIND_ARCH))
        ERROR(k, "unknown-arch", i, arch, "no architecture '%s'", arch);
    if (quant[0] && !vf_check_known(k, VF_KIND_QUANT, quant))
        ERROR(k, "unknown-quant", i, published_quant, "no quantization '%s'", quant);
    if (row->release.offset && !is_month(vf_blob_text(b, row->release)))
        ERROR(k, "release", i, release, "expected year and month, such as 2024-07");
    if (row->context_extended && row->context_extended <= row->hparams.context_length)
        ERROR(k, "context-extended", i, context_extended, "not more than context_length %u", row->hparams.context_length);
    if (row->parameters_active > row->parameters)
        ERROR(k, "parameters-active", i, parameters_active, "more than 'parameters'");
    check_published(k, i, row);
    if (known)
        check_window(k, i, row, &record);
    bool whole = check_required(k, i, row);
    whole = check_arrays(k, i, row) && whole;
    whole = check_heads(k, i, row) && whole;
    whole = check_experts(k, i, row) && whole;
    if (whole && known)
        check_parameters(k, i, row);
}
