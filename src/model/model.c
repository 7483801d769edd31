/* A model's index, look-ups and facts. */
#include "model/model.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "model/mix.h"

/** The tensors of one layer of one stack: order[first .. first + count). */
struct vf_group {
    uint32_t first, count;
    int32_t layer;
    uint16_t stack;
};

void vf_model_free(vf_model *m)
{
    if (!m)
        return;
    vf_allocator a = m->a;
    vf_free(&a, m->pool, m->n_pool * sizeof *m->pool);
    vf_free(&a, m->layers, m->n_layers * sizeof *m->layers);
    vf_free(&a, m->tensors, m->n_tensors * sizeof *m->tensors);
    vf_free(&a, m->order, m->n_tensors * sizeof *m->order);
    vf_free(&a, m->mix, m->n_tensors * sizeof *m->mix);
    vf_free(&a, m->groups, m->n_groups * sizeof *m->groups);
    vf_free(&a, m->names, m->n_names);
    vf_free(&a, m, sizeof *m);
}

/* ---- the order of llama.cpp's quantizer (src/llama-model-loader.h:weight_name_comparer): the number in
 * "blk.<number>.", -1 for other names, then the name in byte order */

static int compare_u32(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

static int compare(const vf_model *m, uint32_t i, uint32_t j)
{
    const vf_tensor *a = &m->tensors[i], *b = &m->tensors[j];
    int32_t la = a->stack == VF_STACK_BLK ? a->layer : -1, lb = b->stack == VF_STACK_BLK ? b->layer : -1;
    if (la != lb)
        return la < lb ? -1 : 1;
    bool same_block = a->stack == b->stack && a->layer == b->layer;
    if (same_block && a->role != VF_ROLE_UNKNOWN && b->role != VF_ROLE_UNKNOWN && a->role != b->role)
        return compare_u32(a->role, b->role);
    char na[256], nb[256];
    int order = strcmp(vf_tensor_name(m, a, na, sizeof na), vf_tensor_name(m, b, nb, sizeof nb));
    return order ? order : compare_u32(i, j);
}

/* Merges items[lo .. mid) and items[mid .. hi). Most of a list is in order but for the tensors of one layer:
 * what already stands right is left where it is. */
static void merge(const vf_model *m, uint32_t *items, uint32_t *spare, uint32_t lo, uint32_t mid, uint32_t hi)
{
    uint32_t first = mid, i = 0;
    while (first > lo && compare(m, items[mid], items[first - 1]) < 0)
        first--;
    uint32_t n = mid - first;
    memcpy(spare, items + first, n * sizeof *spare);
    for (uint32_t k = first; i < n; k++)
        items[k] = mid < hi && compare(m, items[mid], spare[i]) < 0 ? items[mid++] : spare[i++];
}

/* Runs that are sorted by insertion before they are merged. */
#define RUN 8

static void insert(const vf_model *m, uint32_t *items, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        uint32_t item = items[i], k = i;
        for (; k > 0 && compare(m, item, items[k - 1]) < 0; k--)
            items[k] = items[k - 1];
        items[k] = item;
    }
}

/* Merge sort: stable, no bad input. `spare` has room for n. */
static void sort(const vf_model *m, uint32_t *items, uint32_t *spare, uint32_t n)
{
    for (size_t lo = 0; lo < n; lo += RUN)
        insert(m, items + lo, n - lo > RUN ? RUN : (uint32_t)(n - lo));
    for (uint32_t width = RUN; width < n; width = width > n / 2 ? n : width * 2) {
        for (uint32_t lo = 0; n - lo > width; lo += n - lo > 2 * width ? 2 * width : n - lo) {
            uint32_t mid = lo + width;
            merge(m, items, spare, lo, mid, n - mid > width ? mid + width : n);
        }
    }
}

static bool same_group(const vf_tensor *a, const vf_tensor *b)
{
    return a->stack == b->stack && a->layer == b->layer;
}

static uint32_t count_groups(const vf_model *m, struct vf_group *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->n_tensors; i++) {
        const vf_tensor *t = &m->tensors[m->order[i]];
        if (i > 0 && same_group(t, &m->tensors[m->order[i - 1]])) {
            if (out)
                out[n - 1].count++;
            continue;
        }
        if (out)
            out[n] = (struct vf_group){.first = i, .count = 1, .layer = t->layer, .stack = t->stack};
        n++;
    }
    return n;
}

vf_status vf_model_index(vf_model *m, vf_error *err)
{
    uint32_t n = (uint32_t)m->n_tensors;
    m->parameters = vf_model_parameters(m);
    if (n == 0)
        return VF_OK;
    uint32_t *spare = vf_alloc_zero(&m->a, n, sizeof *spare);
    m->order = vf_alloc_zero(&m->a, n, sizeof *m->order);
    m->mix = vf_alloc_zero(&m->a, n, sizeof *m->mix);
    bool good = spare && m->order && m->mix;
    if (good) {
        for (uint32_t i = 0; i < n; i++)
            m->order[i] = i;
        sort(m, m->order, spare, n);
        m->n_groups = count_groups(m, NULL);
        m->groups = vf_alloc_zero(&m->a, m->n_groups, sizeof *m->groups);
    }
    vf_free(&m->a, spare, n * sizeof *spare);
    if (!good || !m->groups)
        return vf_fail(err, VF_ERR_NOMEM, "out of memory");
    count_groups(m, m->groups);
    vf_mix_categories(m);
    const vf_arch *arch = &m->arch;
    if (!m->known_arch || arch->output.tied != VF_OUTPUT_NONE)
        m->tied = !vf_model_tensor(m, -1, VF_ROLE_OUTPUT, VF_PART_WEIGHT);
    return VF_OK;
}

/* ---- look-ups */

static bool is_group(const vf_model *m, uint32_t g, uint16_t stack, int32_t layer)
{
    return g < m->n_groups && m->groups[g].layer == layer && m->groups[g].stack == stack;
}

/* A layer is one group, nearly always the one behind its number; global names may be in several. */
static uint32_t first_group(const vf_model *m, uint16_t stack, int32_t layer)
{
    uint32_t guess = (uint32_t)(layer + 1);

    return layer >= 0 && is_group(m, guess, stack, layer) ? guess : 0;
}

const uint32_t *vf_model_layer_tensors(const vf_model *m, uint16_t stack, int32_t layer, uint32_t *n)
{
    uint32_t g = first_group(m, stack, layer);

    while (g < m->n_groups && !is_group(m, g, stack, layer))
        g++;
    *n = g < m->n_groups ? m->groups[g].count : 0;
    return *n ? m->order + m->groups[g].first : NULL;
}

const vf_tensor *vf_model_stack_tensor(const vf_model *m, uint16_t stack, int32_t layer, uint16_t role,
                                       uint8_t part)
{
    for (uint32_t g = first_group(m, stack, layer); g < m->n_groups; g++) {
        if (!is_group(m, g, stack, layer))
            continue;
        for (uint32_t i = 0; i < m->groups[g].count; i++) {
            const vf_tensor *t = &m->tensors[m->order[m->groups[g].first + i]];
            if (t->role == role && t->part == part)
                return t;
        }
        if (layer >= 0)
            break;
    }
    return NULL;
}

const vf_tensor *vf_model_tensor(const vf_model *m, int32_t layer, uint16_t role, uint8_t part)
{
    return vf_model_stack_tensor(m, VF_STACK_BLK, layer, role, part);
}

/* ---- sums */

uint32_t vf_model_trunk_layers(const vf_model *m)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->n_layers; i++)
        n += !m->layers[i].mtp;
    return n;
}

uint64_t vf_model_bytes(const vf_model *m, const uint16_t *types)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < m->n_tensors; i++)
        sum = vf_add(sum, vf_tensor_bytes(&m->tensors[i], types[i]));
    return sum;
}

bool vf_tensor_is_parameter(const vf_tensor *t)
{
    if (t->role == VF_ROLE_ROPE_FREQS || t->role == VF_ROLE_ROPE_FACTORS_LONG ||
        t->role == VF_ROLE_ROPE_FACTORS_SHORT)
        return false;
    return !(t->part == VF_PART_SCALE && t->role != VF_ROLE_FFN_GATE_INP) && t->part != VF_PART_OTHER;
}

bool vf_role_is_expert(uint16_t role)
{
    return role == VF_ROLE_FFN_GATE_EXPS || role == VF_ROLE_FFN_UP_EXPS || role == VF_ROLE_FFN_DOWN_EXPS ||
           role == VF_ROLE_FFN_GATE_UP_EXPS;
}

/* Numbers that quantizers pack several weights into. */
static bool is_packing_type(uint16_t type)
{
    return type == VF_TYPE_I32 || type == VF_TYPE_U32 || type == VF_TYPE_U8 || type == VF_TYPE_I16;
}

uint64_t vf_tensor_weights(const vf_model *m, const vf_tensor *t)
{
    uint64_t n = vf_tensor_elements(t);
    if (m->pack_bits == 0 || t->part != VF_PART_WEIGHT || !is_packing_type(t->type))
        return n;
    uint64_t bits = vf_mul(vf_row_bytes(t->type, n), 8);
    return bits == VF_OVERFLOW ? bits : bits / m->pack_bits;
}

uint64_t vf_model_parameters(const vf_model *m)
{
    uint64_t n = 0;
    for (size_t i = 0; i < m->n_tensors; i++)
        if (vf_tensor_is_parameter(&m->tensors[i]))
            n = vf_add(n, vf_tensor_weights(m, &m->tensors[i]));
    return n;
}

/* Elements of t that one token uses: of experts, the share of those selected. */
static uint64_t active(const vf_model *m, const vf_tensor *t)
{
    uint64_t n = vf_tensor_weights(m, t);
    if (!vf_role_is_expert(t->role) || t->layer < 0 || (uint32_t)t->layer >= m->n_layers)
        return n;
    const vf_layer *l = &m->layers[t->layer];
    return l->n_expert > 0 && n != VF_OVERFLOW ? n / l->n_expert * l->n_expert_used : n;
}

static uint32_t max_expert_used(const vf_model *m)
{
    uint32_t most = 0;
    for (uint32_t il = 0; il < m->n_layers; il++)
        if (m->layers[il].n_expert_used > most)
            most = m->layers[il].n_expert_used;
    return most;
}

void vf_model_describe(const vf_model *m, vf_model_facts *out)
{
    *out = (vf_model_facts){
        .name = m->name,
        .architecture = m->arch_name,
        .known_architecture = m->known_arch,
        .n_layer = m->n_layers,
        .n_layer_mtp = m->hp.nextn_predict_layers,
        .n_embd = m->hp.embedding_length,
        .n_vocab = m->hp.vocab_size,
        .n_ctx_train = m->hp.context_length,
        .n_expert = m->hp.expert_count,
        .n_expert_used = max_expert_used(m),
        .has_types = m->from_file,
        .file_type = m->from_file ? m->file_type : UINT32_MAX,
        .causal = m->arch.causal,
        .embeds = m->hp.pooling_type != 0 || (m->known_arch && !m->arch.causal),
        .parameters = m->parameters,
        .published_parameters = m->published_parameters,
        .published_quant = m->published_quant,
    };
    for (size_t i = 0; i < m->n_tensors; i++) {
        const vf_tensor *t = &m->tensors[i];
        if (m->from_file)
            out->model_bytes = vf_add(out->model_bytes, vf_tensor_bytes(t, t->type));
        if (vf_tensor_is_parameter(t))
            out->parameters_active = vf_add(out->parameters_active, active(m, t));
    }
}
