#include "estimate/tensor_split.h"

#include "base/checked.h"
#include "base/error.h"

/* "for better performance": slices of matrices are multiples of this where that leaves no card idle */
#define GOOD_BLOCK 128
#define MAX_SEGMENTS 2

/* The tensor whose blocks a cut must not break: rows of the product that reads the slice. */
typedef enum follows { SELF, ATTN_OUT, MIXER_OUT, SSM_OUT, FFN_DOWN } follows;

/* How coarse a cut is: single elements; a group of query heads or the key head it shares; the same with one
 * number a head; rows of a feed-forward; what layers with a gated delta net are cut by. */
typedef enum grain { ONE, Q_HEADS, Q_DOUBLED, KV_HEADS, PER_HEAD, GATE, QKV, FF_ROWS, DELTA, DELTA_HEADS, DELTA_PAIRS } grain;

typedef struct slice_rule {
    uint16_t role;
    uint8_t part, axis, follows, grain;
} slice_rule;

/* Tensors that no rule names lie whole on every card. */
static const slice_rule rules[] = {
    {VF_ROLE_ATTN_Q, VF_PART_WEIGHT, 1, MIXER_OUT, Q_DOUBLED},
    {VF_ROLE_ATTN_K, VF_PART_WEIGHT, 1, MIXER_OUT, KV_HEADS},
    {VF_ROLE_ATTN_V, VF_PART_WEIGHT, 1, MIXER_OUT, KV_HEADS},
    {VF_ROLE_ATTN_Q, VF_PART_BIAS, 0, MIXER_OUT, Q_DOUBLED},
    {VF_ROLE_ATTN_K, VF_PART_BIAS, 0, MIXER_OUT, KV_HEADS},
    {VF_ROLE_ATTN_V, VF_PART_BIAS, 0, MIXER_OUT, KV_HEADS},
    {VF_ROLE_ATTN_QKV, VF_PART_WEIGHT, 1, MIXER_OUT, QKV},
    {VF_ROLE_ATTN_QKV, VF_PART_BIAS, 0, MIXER_OUT, QKV},
    {VF_ROLE_ATTN_Q_NORM, VF_PART_WEIGHT, 1, ATTN_OUT, ONE},
    {VF_ROLE_ATTN_K_NORM, VF_PART_WEIGHT, 1, ATTN_OUT, ONE},
    {VF_ROLE_ATTN_SINKS, VF_PART_WEIGHT, 0, ATTN_OUT, PER_HEAD},
    {VF_ROLE_ATTN_OUTPUT, VF_PART_WEIGHT, 0, SELF, Q_HEADS},
    {VF_ROLE_ATTN_GATE, VF_PART_WEIGHT, 1, MIXER_OUT, GATE},
    {VF_ROLE_SSM_DT, VF_PART_BIAS, 0, SSM_OUT, DELTA_HEADS},
    {VF_ROLE_SSM_A, VF_PART_BARE, 0, SSM_OUT, DELTA_HEADS},
    {VF_ROLE_SSM_ALPHA, VF_PART_WEIGHT, 1, SSM_OUT, DELTA_HEADS},
    {VF_ROLE_SSM_BETA, VF_PART_WEIGHT, 1, SSM_OUT, DELTA_HEADS},
    {VF_ROLE_SSM_BA, VF_PART_WEIGHT, 1, SSM_OUT, DELTA_PAIRS},
    {VF_ROLE_SSM_CONV1D, VF_PART_WEIGHT, 1, SSM_OUT, DELTA},
    {VF_ROLE_SSM_OUT, VF_PART_WEIGHT, 0, SELF, DELTA},
    {VF_ROLE_FFN_UP, VF_PART_WEIGHT, 1, FFN_DOWN, FF_ROWS},
    {VF_ROLE_FFN_UP_EXPS, VF_PART_WEIGHT, 1, FFN_DOWN, FF_ROWS},
    {VF_ROLE_FFN_GATE, VF_PART_WEIGHT, 1, FFN_DOWN, FF_ROWS},
    {VF_ROLE_FFN_GATE_EXPS, VF_PART_WEIGHT, 1, FFN_DOWN, FF_ROWS},
    {VF_ROLE_FFN_GATE_UP_EXPS, VF_PART_WEIGHT, 1, FFN_DOWN, FF_ROWS},
    {VF_ROLE_FFN_UP, VF_PART_BIAS, 0, FFN_DOWN, FF_ROWS},
    {VF_ROLE_FFN_UP_EXPS, VF_PART_BIAS, 0, FFN_DOWN, FF_ROWS},
    {VF_ROLE_FFN_GATE, VF_PART_BIAS, 0, FFN_DOWN, FF_ROWS},
    {VF_ROLE_FFN_GATE_EXPS, VF_PART_BIAS, 0, FFN_DOWN, FF_ROWS},
    {VF_ROLE_FFN_DOWN, VF_PART_WEIGHT, 0, FFN_DOWN, FF_ROWS},
    {VF_ROLE_FFN_DOWN_EXPS, VF_PART_WEIGHT, 0, FFN_DOWN, FF_ROWS},
    {VF_ROLE_OUTPUT, VF_PART_WEIGHT, 1, SELF, ONE},
    {VF_ROLE_OUTPUT, VF_PART_BIAS, 0, SELF, ONE},
};

/* Parts of an axis that are cut for themselves: `n` elements, `repeat` times. */
typedef struct segment {
    uint64_t n, repeat, grain;
} segment;

typedef struct cut {
    segment part[MAX_SEGMENTS];
    uint32_t n_parts;
    uint32_t rotation; /**< the card that is cut first: rounding falls on another one in every layer */
} cut;

static uint64_t lcm(uint64_t a, uint64_t b)
{
    uint64_t x = a, y = b;
    while (y) {
        uint64_t rest = x % y;
        x = y;
        y = rest;
    }
    return x ? vf_mul(a / x, b) : 0;
}

static bool is_delta_net(const vf_model *m)
{
    return m->arch.recurrent.kind == VF_REC_DELTA_NET;
}

static uint32_t rotation_of(const vf_slicer *s, int32_t il)
{
    const vf_model *m = s->m;
    uint32_t n = 0, loaded = 0;
    for (uint32_t i = 0; il < 0 && i < m->n_layers; i++)
        loaded += !m->layers[i].mtp;
    if (il < 0)
        return loaded % s->p->n_cards;
    for (int32_t i = 0; i < il; i++)
        n += (m->layers[i].recurrent != VF_REC_NONE) == (m->layers[il].recurrent != VF_REC_NONE) &&
             m->layers[i].windowed == m->layers[il].windowed;
    return n % s->p->n_cards;
}

/** Elements in a block of the tensor that the cut follows; 0: there is none, and llama.cpp aborts. */
static uint64_t block_of(const vf_slicer *s, size_t self, int32_t il, follows what)
{
    static const uint16_t roles[][2] = {
        [ATTN_OUT] = {VF_ROLE_ATTN_OUTPUT, VF_ROLE_ATTN_OUTPUT},
        [MIXER_OUT] = {VF_ROLE_ATTN_OUTPUT, VF_ROLE_SSM_OUT},
        [SSM_OUT] = {VF_ROLE_SSM_OUT, VF_ROLE_SSM_OUT},
        [FFN_DOWN] = {VF_ROLE_FFN_DOWN, VF_ROLE_FFN_DOWN_EXPS},
    };
    const vf_tensor *t = what == SELF ? &s->m->tensors[self] : vf_model_tensor(s->m, il, roles[what][0], VF_PART_WEIGHT);
    if (!t)
        t = vf_model_tensor(s->m, il, roles[what][1], VF_PART_WEIGHT);
    return t ? vf_type_get(s->types[t - s->m->tensors])->block : 0;
}

/** Elements of the query heads that share a key head, in whole blocks. */
static uint64_t q_grain(const vf_slicer *s, const vf_layer *l, uint64_t block, uint64_t times)
{
    uint64_t n_embd_q = l->n_head_kv ? (uint64_t)(l->n_head / l->n_head_kv) * l->head_k : 0, good = block;
    while (good < GOOD_BLOCK && good * s->p->n_cards < n_embd_q)
        good *= 2;
    return lcm(vf_mul(times, n_embd_q), good);
}

static uint64_t attention_grain(const vf_slicer *s, const vf_layer *l, grain g, uint64_t width, uint64_t block)
{
    uint64_t q = q_grain(s, l, block, 1), n_gqa = l->n_head_kv ? l->n_head / l->n_head_kv : 0;
    if (n_gqa == 0 || l->head_k == 0) /* then q is 0, too */
        return 0;
    switch (g) {
    case Q_DOUBLED: /* the other half gates the output */
        return is_delta_net(s->m) ? q_grain(s, l, block, 2) : q;
    case KV_HEADS:
        return q / n_gqa;
    case PER_HEAD:
        return q / l->head_k;
    case GATE:
        return width == l->n_head ? q / l->head_k : q;
    default:
        return q;
    }
}

/** The grain of one number for each element of a delta net's inner width. */
static uint64_t delta_grain(const vf_slicer *s, uint64_t block)
{
    return lcm(lcm(block, GOOD_BLOCK), s->m->hp.ssm_state_size);
}

/** Value heads that share a key head of a delta net. */
static uint64_t heads_ratio(const vf_hparams *hp)
{
    return hp->ssm_group_count ? hp->ssm_time_step_rank / hp->ssm_group_count : 1;
}

static uint64_t recurrent_grain(const vf_slicer *s, grain g, uint64_t block)
{
    uint64_t inner = delta_grain(s, block), head = s->m->hp.ssm_state_size;
    switch (g) {
    case QKV:
    case GATE:
    case DELTA:
        return inner;
    case DELTA_HEADS:
        return head ? inner / head : 0;
    case DELTA_PAIRS:
        return head ? 2 * (inner / head) : 0;
    default:
        return 1;
    }
}

/** A fused attn_qkv: the queries, then keys and values alike. */
static bool cut_qkv(const vf_slicer *s, const vf_layer *l, uint64_t width, uint64_t block, cut *c)
{
    uint64_t doubled = is_delta_net(s->m) ? 2 : 1;
    uint64_t q = vf_mul3(l->n_head, l->head_k, doubled), kv = vf_mul(l->n_head_kv, l->head_v);
    if (l->head_k != l->head_v || width != vf_add(q, vf_mul(2, kv)))
        return false;
    c->n_parts = 2;
    c->part[0] = (segment){q, 1, q_grain(s, l, block, doubled)};
    c->part[1] = (segment){kv, 2, attention_grain(s, l, KV_HEADS, width, block)};
    return true;
}

/** The axes of a gated delta net that hold heads of several kinds. Qwen3-Next repeats its key heads, so keys and
 * values are cut apart; Qwen3.5 deals value heads out over the key heads, so all are cut as the keys are. */
static void cut_delta(const vf_slicer *s, uint16_t role, uint64_t unit, cut *c)
{
    const vf_hparams *hp = &s->m->hp;
    uint64_t keys = vf_mul(hp->ssm_state_size, hp->ssm_group_count), part_grain = c->part[0].grain;
    uint64_t values = vf_mul(hp->ssm_state_size, hp->ssm_time_step_rank);
    uint64_t ratio = heads_ratio(hp);
    bool apart = s->m->arch.graph.repeat_heads;
    switch (role) {
    case VF_ROLE_ATTN_QKV:
    case VF_ROLE_SSM_CONV1D:
        c->part[0] = (segment){vf_mul(keys, unit), apart ? 2 : 2 + ratio, part_grain};
        c->part[1] = (segment){vf_mul(values, unit), 1, part_grain};
        c->n_parts = apart ? 2 : 1;
        break;
    case VF_ROLE_ATTN_GATE:
    case VF_ROLE_SSM_OUT:
        if (!apart)
            c->part[0] = (segment){keys, ratio, part_grain};
        break;
    case VF_ROLE_SSM_DT:
    case VF_ROLE_SSM_A:
    case VF_ROLE_SSM_ALPHA:
    case VF_ROLE_SSM_BETA:
        if (!apart)
            c->part[0] = (segment){hp->ssm_group_count, ratio, part_grain};
        break;
    default:
        break;
    }
}

/** Matrices that hold gate and up, each of half the rows. */
static void cut_fused_rows(const vf_layer *l, uint16_t role, cut *c)
{
    segment *p = &c->part[0];
    if ((role == VF_ROLE_FFN_UP || role == VF_ROLE_FFN_UP_EXPS) && l->n_ff && p->n == 2 * (uint64_t)l->n_ff)
        *p = (segment){l->n_ff, 2, p->grain};
    if (role == VF_ROLE_FFN_GATE_UP_EXPS)
        *p = (segment){l->n_ff_exp, 2, p->grain};
}

/** Elements of the axis on each card: a segment's ends, in float as llama.cpp has them, down to the grain. */
static bool share_out(const vf_placement *p, const cut *c, uint64_t ne[VF_MAX_DEVICES])
{
    float scan[VF_MAX_DEVICES] = {0};
    uint32_t n = p->n_cards;
    for (uint32_t j = 0; j < n; j++) {
        scan[j] = p->share[(j + c->rotation) % n] + (j ? scan[j - 1] : 0);
        ne[j] = 0;
    }
    for (uint32_t i = 0; i < c->n_parts; i++) {
        const segment *part = &c->part[i];
        uint64_t low = 0;
        if (part->grain == 0)
            return false;
        for (uint32_t j = 0; j < n; j++) {
            uint64_t high = part->n;
            if (j < n - 1) {
                high = scan[n - 1] > 0 ? (uint64_t)((float)part->n * scan[j] / scan[n - 1]) : vf_mul(part->n, j + 1) / n;
                high -= high % part->grain;
            }
            if (high < low)
                return false;
            uint64_t *card = &ne[(j + c->rotation) % n];
            *card = vf_add(*card, vf_mul(high - low, part->repeat));
            low = high;
        }
    }
    return true;
}

/** Bytes of a tensor whose `axis` has `n` elements left: as ggml_nbytes counts them over strides that are cut in
 * proportion, where they are larger than the axis's own (ggml-backend-meta.cpp: init_tensor_impl). */
static uint64_t slice_bytes(const vf_slicer *s, uint16_t type, const uint64_t ne[4], uint32_t axis, uint64_t n)
{
    const vf_type_info *info = vf_type_get(type);
    uint64_t nb[4] = {info->block_bytes, vf_row_bytes(type, ne[0])}, left[4], bytes = 0;
    bool empty = n == 0;
    nb[2] = vf_mul(nb[1], ne[1]);
    nb[3] = vf_mul(nb[2], ne[2]);
    for (uint32_t i = 0; i < 4; i++) {
        left[i] = i == axis ? n : ne[i];
        empty = empty || left[i] == 0;
    }
    if (!empty)
        bytes = vf_mul(left[0], nb[0]) / info->block;
    for (uint32_t i = 1; i < 4 && !empty; i++) {
        uint64_t stride = nb[i] > nb[axis] ? vf_mul(nb[i], n) / ne[axis] : nb[i];
        bytes = vf_add(bytes, vf_mul(left[i] - 1, stride));
    }
    return vf_pad(vf_buffer_tensor_bytes(s->p->backend, type, left[0], bytes), vf_buffer_alignment(s->p->backend));
}

static void whole(const vf_slicer *s, uint16_t type, const uint64_t ne[4], uint64_t bytes[VF_MAX_DEVICES])
{
    for (uint32_t j = 0; j < s->p->n_cards; j++)
        bytes[j] = slice_bytes(s, type, ne, 3, ne[3]);
}

static bool slices(const vf_slicer *s, uint16_t type, const uint64_t ne[4], uint32_t axis, const cut *c,
                   uint64_t bytes[VF_MAX_DEVICES])
{
    uint64_t n[VF_MAX_DEVICES];
    if (!share_out(s->p, c, n))
        return false;
    for (uint32_t j = 0; j < s->p->n_cards; j++)
        bytes[j] = slice_bytes(s, type, ne, axis, n[j]);
    return true;
}

/** NULL: it lies whole on every card, as does a tensor of a layer that the model does not have. */
static const slice_rule *rule_of(const vf_model *m, const vf_tensor *t)
{
    bool known = t->stack == VF_STACK_BLK && (t->layer < 0 || (uint32_t)t->layer < m->n_layers);
    for (size_t i = 0; known && i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].role == t->role && rules[i].part == t->part)
            return &rules[i];
    return NULL;
}

bool vf_slice_weight(const vf_slicer *s, size_t i, uint64_t bytes[VF_MAX_DEVICES])
{
    const vf_tensor *t = &s->m->tensors[i];
    const slice_rule *r = rule_of(s->m, t);
    bool is_norm = t->role == VF_ROLE_ATTN_Q_NORM || t->role == VF_ROLE_ATTN_K_NORM;
    if (!r || (is_norm && t->ne[1] == 1)) {
        whole(s, s->types[i], t->ne, bytes);
        return true;
    }
    uint64_t block = block_of(s, i, t->layer, (follows)r->follows);
    if (block == 0)
        return false;
    cut c = {.n_parts = 1, .rotation = rotation_of(s, t->layer), .part = {{t->ne[r->axis], 1, 1}}};
    if (t->layer >= 0) {
        const vf_layer *l = &s->m->layers[t->layer];
        bool recurrent = l->recurrent != VF_REC_NONE;
        if (r->grain == FF_ROWS) {
            c.part[0].grain = lcm(block, GOOD_BLOCK);
            cut_fused_rows(l, t->role, &c);
        } else if (recurrent) {
            c.part[0].grain = recurrent_grain(s, (grain)r->grain, block);
            if (is_delta_net(s->m))
                cut_delta(s, t->role, 1, &c);
        } else if (r->grain == QKV) {
            if (!cut_qkv(s, l, t->ne[r->axis], block, &c))
                return false;
        } else if (r->grain != ONE) {
            c.part[0].grain = attention_grain(s, l, (grain)r->grain, t->ne[r->axis], block);
        }
    }
    return slices(s, s->types[i], t->ne, r->axis, &c, bytes);
}

bool vf_slice_cache(const vf_slicer *s, uint32_t il, vf_cached what, vf_type type, uint64_t width, uint64_t rows,
                    uint64_t bytes[VF_MAX_DEVICES])
{
    const uint64_t ne[4] = {width, rows, 1, 1};
    const vf_layer *l = &s->m->layers[il];
    if (what == VF_CACHED_WHOLE || l->recurrent == VF_REC_SHORTCONV) {
        whole(s, (uint16_t)type, ne, bytes);
        return true;
    }
    uint64_t block = block_of(s, 0, (int32_t)il, what == VF_CACHED_KV ? ATTN_OUT : SSM_OUT);
    if (block == 0)
        return false;
    cut c = {.n_parts = 1, .rotation = rotation_of(s, (int32_t)il), .part = {{width, 1, 1}}};
    const vf_hparams *hp = &s->m->hp;
    if (what == VF_CACHED_KV) {
        c.part[0].grain = l->recurrent == VF_REC_NONE ? attention_grain(s, l, KV_HEADS, width, block) : 1;
    } else if (what == VF_CACHED_R) {
        uint64_t unit = hp->ssm_conv_kernel ? hp->ssm_conv_kernel - 1 : 0;
        c.part[0].grain = vf_mul(delta_grain(s, block), unit);
        if (is_delta_net(s->m))
            cut_delta(s, VF_ROLE_SSM_CONV1D, unit, &c);
    } else {
        uint64_t head = hp->ssm_state_size;
        c.part[0].grain = vf_mul(delta_grain(s, block), head);
        if (is_delta_net(s->m) && !s->m->arch.graph.repeat_heads)
            c.part[0] = (segment){vf_mul3(hp->ssm_group_count, head, head), heads_ratio(hp), c.part[0].grain};
    }
    return slices(s, (uint16_t)type, ne, 0, &c, bytes);
}

vf_status vf_slice_refused(vf_error *err)
{
    return vf_fail_key(err, VF_ERR_REFUSED, "--split",
                       "tensor: llama.cpp aborts with this model: it has tensors that cannot be cut into slices");
}
