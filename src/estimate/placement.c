/* Which device each layer and tensor is on, and what the weights take there. Sources: llama.cpp
 * src/llama-model.cpp load_tensors (layers), src/llama-arch.cpp LLM_TENSOR_INFOS (classes),
 * src/llama-model-loader.cpp create_tensor (host fallbacks, tied output). */
#include "estimate/placement.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/regex.h"
#include "estimate/kernels.h"
#include "estimate/tensor_split.h"

#define NOT_LOADED (-2)

typedef enum role_class { CLASS_I, CLASS_G, CLASS_R, CLASS_O } role_class;

static const uint8_t role_classes[VF_ROLE_COUNT] = {
    [VF_ROLE_UNKNOWN] = CLASS_R,
#define X(id, name, class) [VF_ROLE_##id] = CLASS_##class,
    VF_ROLES(X)
#undef X
};

/** Device of number `i` of the offloaded layers: llama.cpp compares in float, and so does this. */
static int16_t split_device(const float *cumulative, uint32_t n, uint32_t i, uint32_t n_offloaded)
{
    float at = (float)i / (float)n_offloaded;
    for (uint32_t d = 0; d < n; d++)
        if (at < cumulative[d])
            return (int16_t)d;
    return (int16_t)(n - 1);
}

static void split_shares(const vf_settings *s, uint32_t n, const uint64_t *available, float *cumulative)
{
    float sum = 0;
    for (uint32_t d = 0; d < n; d++) {
        sum += s->n_tensor_split ? (d < s->n_tensor_split ? (float)s->tensor_split[d] : 0) : (float)available[d];
        cumulative[d] = sum;
    }
    if (sum <= 0) { /* nothing free anywhere: even shares, so that the shortage shows on every card */
        for (uint32_t d = 0; d < n; d++)
            cumulative[d] = (float)(d + 1) / (float)n;
        return;
    }
    for (uint32_t d = 0; d < n; d++)
        cumulative[d] /= sum;
}

static void place_layers(const vf_model *m, const vf_settings *s, const uint64_t *available, vf_placement *p)
{
    uint32_t n_all = m->n_layers + 1; /* the output layer counts as one */
    uint32_t n_gpu = s->gpu_layers < n_all ? s->gpu_layers : n_all;
    uint32_t n_devices = s->split == VF_SPLIT_NONE && p->n_devices ? 1 : p->n_devices;
    uint32_t start = n_all - n_gpu;
    float cumulative[VF_MAX_DEVICES];
    split_shares(s, n_devices, available, cumulative);
    for (uint32_t i = 0; i < n_all; i++)
        p->layer_device[i] =
            n_devices == 0 || i < start ? VF_HOST : split_device(cumulative, n_devices, i - start, n_gpu);
}

/** Whether the backend can compute with the weight; llama.cpp leaves the others on the host
 * (src/llama-model-loader.cpp: weight_buft_supported). */
static bool has_kernel(const vf_model *m, const vf_tensor *t, uint16_t type, vf_backend backend)
{
    if (t->part == VF_PART_WEIGHT && (t->role == VF_ROLE_SSM_CONV1D || t->role == VF_ROLE_SHORTCONV_CONV))
        return vf_kernel_ssm_conv(backend, t->ne[1]);
    uint8_t kind = t->role == VF_ROLE_SSM_A && (uint32_t)t->layer < m->n_layers ? m->layers[t->layer].recurrent : VF_REC_NONE;
    if (kind != VF_REC_NONE && t->ne[1] > 0 &&
        (kind == VF_REC_MAMBA || kind == VF_REC_MAMBA2 || kind == VF_REC_PLAMO2)) {
        bool per_head = t->ne[0] == 1;
        vf_ssm_scan scan = {.per_head = per_head, .d_state = per_head ? m->hp.ssm_state_size : t->ne[0],
                            .head_dim = m->hp.ssm_inner_size / t->ne[1], .n_head = t->ne[1],
                            .n_group = m->hp.ssm_group_count ? m->hp.ssm_group_count : 1};
        return vf_kernel_ssm_scan(backend, &scan);
    }
    if (t->role == VF_ROLE_NEXTN_EMBED_TOKENS)
        return vf_kernel_get_rows(backend, type, t->ne[0]);
    uint64_t most = vf_kernel_max_tensor(backend);
    return vf_kernel_mul_mat(backend, type) && (most == UINT64_MAX || vf_tensor_bytes(t, type) <= most);
}

static bool is_expert(uint16_t role)
{
    return role == VF_ROLE_FFN_GATE_EXPS || role == VF_ROLE_FFN_UP_EXPS || role == VF_ROLE_FFN_DOWN_EXPS ||
           role == VF_ROLE_FFN_GATE_UP_EXPS;
}

static vf_mtp_kept optional_part(uint16_t role)
{
    switch (role) {
    case VF_ROLE_NEXTN_EMBED_TOKENS:
    case VF_ROLE_NEXTN_SHARED_HEAD_HEAD:
    case VF_ROLE_NEXTN_SHARED_HEAD_NORM:
        return VF_KEPT_HEAD;
    case VF_ROLE_EXP_PROBS_B:
        return VF_KEPT_SELECTION_BIAS;
    case VF_ROLE_ATTN_Q_NORM:
    case VF_ROLE_ATTN_K_NORM:
    case VF_ROLE_ATTN_GATE:
        return VF_KEPT_ATTENTION;
    case VF_ROLE_FFN_GATE:
    case VF_ROLE_FFN_UP:
    case VF_ROLE_FFN_DOWN:
    case VF_ROLE_FFN_GATE_INP:
    case VF_ROLE_FFN_GATE_SHEXP:
    case VF_ROLE_FFN_UP_SHEXP:
    case VF_ROLE_FFN_DOWN_SHEXP:
        return VF_KEPT_FFN;
    default:
        return is_expert(role) ? VF_KEPT_FFN : VF_KEPT_END;
    }
}

/** Whether the tensor of a prediction layer is loaded: all are when the layers are wanted; otherwise those that the
 * loader asks for without the flag that skips them (llama.cpp src/models/step35.cpp and others). */
static bool is_loaded(const vf_model *m, const vf_settings *s, const vf_tensor *t)
{
    vf_mtp_kept part = optional_part(t->role);
    if (s->mtp || s->draft_mtp)
        return true;
    for (const uint8_t *k = m->arch.mtp.kept; *k != VF_KEPT_END; k++)
        if (part == *k)
            return true;
    return false;
}

static int16_t tensor_home(const vf_model *m, const vf_settings *s, const vf_tensor *t, const vf_placement *p)
{
    int16_t output = p->layer_device[m->n_layers];
    int16_t first = m->n_layers ? p->layer_device[0] : output;
    if (t->layer >= 0 && (uint32_t)t->layer < m->n_layers) {
        const vf_layer *l = &m->layers[t->layer];
        if (l->mtp && !is_loaded(m, s, t))
            return NOT_LOADED;
        if (is_expert(t->role) && (uint32_t)t->layer < s->cpu_moe)
            return VF_HOST;
        return p->layer_device[t->layer];
    }
    switch (role_classes[t->role]) {
    case CLASS_I:
        return VF_HOST;
    case CLASS_O:
        return output;
    case CLASS_G:
        if (t->role == VF_ROLE_TOKEN_EMBD_NORM && m->arch.output.norm_is_token_embd_norm)
            return output;
        return first;
    default:
        return t->layer < 0 ? output : first; /* of a block are all roles that are left: without a layer none is known */
    }
}

static bool is_rope_table(uint16_t role)
{
    return role == VF_ROLE_ROPE_FREQS || role == VF_ROLE_ROPE_FACTORS_LONG || role == VF_ROLE_ROPE_FACTORS_SHORT;
}

/** Whether the device has layers that rotate by the table. */
static bool has_rotated_layers(const vf_model *m, const vf_placement *p, int device)
{
    for (uint32_t i = 0; i < m->n_layers; i++)
        if (p->layer_device[i] == device && !m->layers[i].mtp &&
            !(m->arch.rope_freqs_full && m->layers[i].windowed))
            return true;
    return false;
}

#define NAME_SIZE 256

/** Puts tensors where --override-tensor says (llama-model-loader.cpp: create_tensor). The name of a tied
 * output is that of the token embeddings, and goes where they go. */
static vf_status apply_override(const vf_model *m, const vf_override *o, vf_regex *re, uint8_t *taken,
                                vf_placement *p, vf_error *err)
{
    if (p->sliced && o->device >= 0)
        return vf_fail_key(err, VF_ERR_REFUSED, "--override-tensor", "with --split tensor only CPU is a place of its own");
    if (o->device < VF_DEVICE_CPU || o->device >= (int32_t)p->n_devices)
        return vf_fail_key(err, VF_ERR_USAGE, "--override-tensor", "device %d: there are %u", (int)o->device,
                           p->n_devices);
    vf_status st = vf_regex_compile(o->pattern, strlen(o->pattern), re, err);
    if (st) {
        if (err)
            vf_set_text(err->key, sizeof err->key, "--override-tensor");
        return st;
    }
    for (size_t i = 0; i < m->n_tensors; i++) {
        char name[NAME_SIZE];
        if (taken[i] || p->tensor_device[i] == NOT_LOADED ||
            !vf_regex_search(re, vf_tensor_name(m, &m->tensors[i], name, sizeof name)))
            continue;
        taken[i] = 1;
        p->tensor_device[i] = (int16_t)o->device;
        if (m->tensors[i].role == VF_ROLE_TOKEN_EMBD)
            p->tied_output_device = (int16_t)o->device;
    }
    return VF_OK;
}

static vf_status apply_overrides(const vf_model *m, const vf_settings *s, const vf_allocator *a, vf_placement *p,
                                 vf_error *err)
{
    if (s->n_override == 0 || m->n_tensors == 0)
        return VF_OK;
    vf_regex *re = vf_alloc(a, sizeof *re);
    uint8_t *taken = vf_alloc_zero(a, m->n_tensors, 1);
    bool room = re && taken;
    vf_status st = room ? VF_OK : vf_fail(err, VF_ERR_NOMEM, "out of memory");
    for (uint32_t i = 0; room && !st && i < s->n_override; i++)
        st = apply_override(m, &s->override[i], re, taken, p, err);
    vf_free(a, re, sizeof *re);
    vf_free(a, taken, m->n_tensors);
    return st;
}

/** One device of all cards. Shares are even unless given, whatever is free on each (src/llama.cpp:
 * llama_prepare_model_devices; src/llama-arch.cpp: llm_arch_supports_sm_tensor). */
static vf_status slice(const vf_model *m, const vf_settings *s, vf_placement *p, vf_error *err)
{
    if (m->arch.graph.no_tensor_split)
        return vf_fail_key(err, VF_ERR_REFUSED, "--split", "tensor: llama.cpp has none for models of '%s'", m->arch_name);
    p->n_devices = 1;
    p->sliced = true;
    for (uint32_t d = 0; d < p->n_cards; d++) {
        p->share[d] = d < s->n_tensor_split ? (float)s->tensor_split[d] : 0;
        if (p->compute_capability[d] < p->compute_capability[0])
            p->compute_capability[0] = p->compute_capability[d]; /* what one card lacks, none is asked for */
    }
    return VF_OK;
}

vf_status vf_placement_build(const vf_model *m, const uint16_t *types, const vf_settings *s, uint32_t n_devices,
                             const vf_device *devices, const uint64_t *available, const vf_allocator *a,
                             vf_placement *p, vf_error *err)
{
    *p = (vf_placement){.n_devices = n_devices, .n_cards = n_devices, .tied_output_device = VF_HOST,
                        .backend = n_devices ? s->backend : VF_BACKEND_CPU};
    if (s->split == VF_SPLIT_ROW && n_devices > 1)
        return vf_fail_key(err, VF_ERR_REFUSED, "--split", "row: llama.cpp's %s backend has no row split",
                           vf_backend_name(p->backend));
    for (uint32_t d = 0; d < n_devices; d++)
        p->compute_capability[d] = devices[d].compute_capability;
    if (s->split == VF_SPLIT_TENSOR && n_devices > 0) {
        vf_status refused = slice(m, s, p, err);
        if (refused)
            return refused;
    }
    p->layer_device = vf_alloc_zero(a, m->n_layers + 1u, sizeof *p->layer_device);
    p->tensor_device = m->n_tensors ? vf_alloc_zero(a, m->n_tensors, sizeof *p->tensor_device) : NULL;
    if (!p->layer_device || (m->n_tensors && !p->tensor_device)) {
        vf_placement_free(m, a, p);
        return vf_fail(err, VF_ERR_NOMEM, "out of memory");
    }
    place_layers(m, s, available, p);
    if (m->tied && m->arch.output.tied != VF_OUTPUT_NONE && m->arch.output.tied != VF_OUTPUT_SHARED)
        p->tied_output_device = p->layer_device[m->n_layers];
    for (size_t i = 0; i < m->n_tensors; i++) {
        p->tensor_device[i] = tensor_home(m, s, &m->tensors[i], p);
        if (has_kernel(m, &m->tensors[i], types[i], p->backend))
            continue;
        if (p->tensor_device[i] >= 0)
            p->tensor_device[i] = VF_HOST;
        if (m->tensors[i].role == VF_ROLE_TOKEN_EMBD)
            p->tied_output_device = VF_HOST;
    }
    vf_status st = apply_overrides(m, s, a, p, err);
    if (st) {
        vf_placement_free(m, a, p);
        return st;
    }
    bool all = n_devices > 0;
    for (uint32_t i = 0; i <= m->n_layers; i++)
        all = all && p->layer_device[i] != VF_HOST;
    p->pipeline = n_devices > 1 && s->split == VF_SPLIT_LAYER && all && !s->no_kv_offload && s->cpu_moe == 0 &&
                  s->n_override == 0;
    return VF_OK;
}

void vf_placement_free(const vf_model *m, const vf_allocator *a, vf_placement *p)
{
    vf_free(a, p->layer_device, (m->n_layers + 1u) * sizeof *p->layer_device);
    vf_free(a, p->tensor_device, m->n_tensors * sizeof *p->tensor_device);
    p->layer_device = NULL;
    p->tensor_device = NULL;
}

/** Weights that stay off the cards lie in their pinned memory, unless the cards cannot compute with them. */
static uint64_t on_device(const vf_model *m, const vf_placement *p, uint16_t type, const vf_tensor *t, uint64_t bytes,
                          int device)
{
    if (device == VF_HOST)
        return vf_pad(bytes, vf_host_alignment(has_kernel(m, t, type, p->backend) ? p->backend : VF_BACKEND_CPU));
    return vf_pad(vf_buffer_tensor_bytes(p->backend, type, t->ne[0], bytes), vf_buffer_alignment(p->backend));
}

/** Adds tensor i, of `stored` bytes, where it is; whole on every card where they share a device. Returns its bytes on one. */
static uint64_t add_whole(const vf_slicer *s, size_t i, uint64_t stored, int device, vf_weights *out)
{
    uint64_t bytes = on_device(s->m, s->p, s->types[i], &s->m->tensors[i], stored, device);
    uint32_t n = device != VF_HOST && s->p->sliced ? s->p->n_cards : 1;
    for (uint32_t j = 0; j < n; j++) {
        uint64_t *sum = device == VF_HOST ? &out->host : &out->device[(uint32_t)device + j];
        *sum = vf_add(*sum, bytes);
    }
    return bytes;
}

/** Adds a tensor where it is, cut into slices where the cards share a device. */
static bool add_tensor(const vf_slicer *s, size_t i, uint64_t stored, int device, vf_weights *out)
{
    uint64_t bytes[VF_MAX_DEVICES];
    if (device == VF_HOST || !s->p->sliced) {
        add_whole(s, i, stored, device, out);
        return true;
    }
    if (!vf_slice_weight(s, i, bytes))
        return false;
    for (uint32_t j = 0; j < s->p->n_cards; j++)
        out->device[j] = vf_add(out->device[j], bytes[j]);
    return true;
}

/** Tied token embeddings are held once more as the output, unless both are in the same memory. The copy has
 * their name, and is not cut as an output is. */
static void add_tied_copy(const vf_slicer *s, size_t i, uint64_t stored, vf_weights *out)
{
    int device = s->p->tied_output_device;
    if (s->m->arch.output.tied == VF_OUTPUT_NONE || (device == VF_HOST && !s->m->arch.output.copied_first))
        return;
    out->tied_copy = add_whole(s, i, stored, device, out);
}

vf_status vf_weights_plan(const vf_model *m, const uint16_t *types, const vf_placement *p, vf_weights *out,
                          vf_error *err)
{
    const vf_slicer s = {m, types, p};
    *out = (vf_weights){0};
    for (size_t i = 0; i < m->n_tensors; i++) {
        const vf_tensor *t = &m->tensors[i];
        int home = p->tensor_device[i];
        uint64_t stored = vf_tensor_bytes(t, types[i]);
        out->model_bytes = vf_add(out->model_bytes, stored);
        if (home == NOT_LOADED)
            continue;
        if (is_rope_table(t->role) && t->layer < 0) { /* one copy in every buffer type that has layers */
            for (int d = VF_HOST; d < (int)p->n_devices; d++)
                if (has_rotated_layers(m, p, d))
                    add_whole(&s, i, stored, d, out);
            continue;
        }
        if (!add_tensor(&s, i, stored, home, out))
            return vf_slice_refused(err);
        if (t->role == VF_ROLE_TOKEN_EMBD && t->part == VF_PART_WEIGHT && m->tied)
            add_tied_copy(&s, i, stored, out);
        /* CodeShell has no token embeddings: they are made once more of the output */
        if (t->role == VF_ROLE_OUTPUT && t->part == VF_PART_WEIGHT &&
            !vf_model_tensor(m, -1, VF_ROLE_TOKEN_EMBD, VF_PART_WEIGHT))
            add_whole(&s, i, stored, home, out);
    }
    for (uint32_t d = 0; d < p->n_cards; d++)
        if (!vf_size_ok(out->device[d]))
            return vf_fail(err, VF_ERR_RANGE, "the weights would be over 2^60 bytes");
    if (!vf_size_ok(out->host) || !vf_size_ok(out->model_bytes))
        return vf_fail(err, VF_ERR_RANGE, "the weights would be over 2^60 bytes");
    return VF_OK;
}
