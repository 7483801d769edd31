/* What llama.cpp loads beside a model: adapters by the place of their base tensors, projectors by their own widths, draft models as
 * models of their own. Side models are made here, tensor by tensor. */
#include "figure.h"
#include "memory.h"

typedef struct part {
    const char *name;
    uint64_t ne[2];
    uint16_t type;
} part;

static vf_result alone;
static vf_error err;

/** A model file with such tensors and nothing else. */
static vf_model *model_of(const part *parts, size_t n)
{
    vf_model *m = calloc(1, sizeof *m);
    m->a = sample_allocator;
    m->from_file = true;
    m->file_type = 1;
    m->tensors = calloc(n ? n : 1, sizeof *m->tensors);
    m->n_tensors = n;
    m->names = calloc(n ? n : 1, 64);
    m->n_names = n * 64;
    for (size_t i = 0; i < n; i++) {
        m->tensors[i] = (vf_tensor){.layer = -1, .type = parts[i].type, .name = (uint32_t)i * 64, .ne = {parts[i].ne[0], parts[i].ne[1], 1, 1}};
        (void)snprintf(m->names + i * 64, 64, "%s", parts[i].name);
    }
    CHECK(vf_model_index(m, &err) == VF_OK, "%s", err.text);
    return m;
}

static vf_quant quant_of(const char *name)
{
    uint32_t i;
    vf_quant_entry e = {0};
    CHECK(vf_catalog_find(catalog, VF_KIND_QUANT, name, &i, &err) == VF_OK && vf_catalog_quant(catalog, i, &e) == VF_OK, "%s", name);
    return e.quant;
}

static vf_request question(const vf_model *m, const char *quant, const char *set)
{
    vf_request q = {.runtime = "llama.cpp", .model = m, .quant = quant_of(quant), .n_devices = 1};
    vf_settings_init(&q.settings);
    for (uint32_t d = 0; d < VF_MAX_DEVICES; d++)
        q.device[d] = (vf_device){.total = 80 * GIB, .compute_capability = 90};
    set_fields(&q, NULL, set);
    return q;
}

static void answer(vf_request *q, const vf_member *member, uint32_t n)
{
    q->n_members = 0;
    CHECK(vf_estimate(q, &sample_allocator, &alone, &err) == VF_OK, "%s", err.text);
    q->member = member;
    q->n_members = n;
    CHECK(vf_estimate(q, &sample_allocator, &result, &err) == VF_OK && result.n_members == n, "%s", err.text);
}

/* ---- adapters: 1000 elements in fp32 take 4000 bytes, 4096 of a card, which pads to 128, 4000 of the host, which pads to 32 */

static void adapters(void)
{
    static const struct {
        const char *name, *set;
        uint64_t card0, card1, host;
    } rows[] = {
        {"blk.0.attn_q.weight.lora_a", "", 4096, 0, 0},
        {"blk.31.ffn_down.weight.lora_b", "", 4096, 0, 0},
        {"blk.0.attn_q.weight", "", 4096, 0, 0}, /* by the whole name, too */
        {"blk.0.attn_q.weight.lora_c", "", 0, 0, 4000},
        {"blk.0.attn_q.weigh.lora_a", "", 0, 0, 4000},
        {"blk.0.attn_k.weight.lora_a", "gpu_layers=32", 0, 0, 4000}, /* the first layer is on the host then */
        {"blk.1.attn_k.weight.lora_a", "gpu_layers=32", 4096, 0, 0},
        {"token_embd.weight.lora_a", "", 0, 0, 4000},
        {"output.weight.lora_b", "", 4096, 0, 0},
        {"blk.32.attn_q.weight.lora_a", "", 0, 0, 4000}, /* no such layer */
        {".lora_a", "", 0, 0, 4000},
        {"x.lora_b", "", 0, 0, 4000},
        {"blk.0.attn_q.weight.lora_a", "cards=0", 0, 0, 4000},
        {"blk.0.attn_q.weight.lora_a", "cards=2", 4096, 0, 0},
        {"blk.31.attn_q.weight.lora_a", "cards=2", 0, 4096, 0},
        {"blk.31.attn_q.weight.lora_a", "cards=2 split=2", 4096, 4096, 0}, /* every card has all of it */
        {"blk.0.attn_q.weight.lora_a", "backend=3", 4000, 0, 0}, /* Metal pads to 32 */
    };
    vf_model *base = of_catalog("llama-3.1-8b");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const part one = {rows[i].name, {1000, 1}, VF_TYPE_F32};
        vf_model *adapter = model_of(&one, 1);
        const vf_member member = {.kind = VF_MEMBER_LORA, .model = adapter, .name = "style"};
        vf_request q = question(base, "q8_0", rows[i].set);
        answer(&q, &member, 1);
        const vf_member_result *mr = &result.member[0];
        CHECK_U64(mr->device[0][VF_SEG_WEIGHTS], rows[i].card0, rows[i].name);
        CHECK_U64(mr->device[1][VF_SEG_WEIGHTS], rows[i].card1, rows[i].name);
        CHECK_U64(mr->weights, rows[i].card0 + rows[i].card1, rows[i].name);
        CHECK_U64(mr->host_weights, rows[i].host, rows[i].name);
        CHECK_U64(result.host.weights - alone.host.weights, rows[i].host, rows[i].name);
        for (uint32_t d = 0; d < result.n_devices; d++)
            CHECK_U64(result.device[d].segment[VF_SEG_WEIGHTS] - alone.device[d].segment[VF_SEG_WEIGHTS], mr->device[d][VF_SEG_WEIGHTS], rows[i].name);
        CHECK(mr->kind == VF_MEMBER_LORA && mr->kv_cache + mr->compute + mr->host_kv_cache + mr->host_compute == 0, "an adapter is weights");
        CHECK_STR(mr->name, "style", "name");
        vf_model_free(adapter);
    }
    /* the first tensor of all, where a pattern puts it on the card */
    static const part embeddings = {"token_embd.weight.lora_a", {1000, 1}, VF_TYPE_F32};
    const vf_override to_card = {"token_embd", 0};
    vf_model *adapter = model_of(&embeddings, 1);
    const vf_member member = {.kind = VF_MEMBER_LORA, .model = adapter};
    vf_request q = question(base, "q8_0", "");
    q.settings.override = &to_card;
    q.settings.n_override = 1;
    answer(&q, &member, 1);
    CHECK(base->tensors[0].role == VF_ROLE_TOKEN_EMBD && result.member[0].weights == 4096 && result.member[0].host_weights == 0, "%llu on the card",
          (unsigned long long)result.member[0].weights);
    vf_model_free(adapter);
    vf_model_free(base);
}

/* ---- projectors */

static uint64_t buffer(uint64_t patches, uint64_t width, uint64_t ff)
{
    return patches * (4 * width + 3 * ff) * 4;
}

static void projectors(void)
{
#define POSITIONS {"v.position_embd.weight", {1152, 729}, VF_TYPE_F16}
#define QUERY {"v.blk.0.attn_q.weight", {1024, 1152}, VF_TYPE_F16}
#define FUSED {"v.blk.0.attn_qkv.weight", {1280, 3840}, VF_TYPE_F16}
#define UP {"v.blk.0.ffn_up.weight", {1152, 4304}, VF_TYPE_F16}
#define UP_TURNED {"v.blk.0.ffn_up.weight", {4304, 1152}, VF_TYPE_F16}
    const struct {
        part parts[3];
        size_t n;
        uint64_t patches, width, ff;
    } rows[] = {
        {{POSITIONS, QUERY, UP}, 3, 729, 1024, 4304},
        {{POSITIONS, QUERY, UP_TURNED}, 3, 729, 1024, 4304},
        {{POSITIONS, FUSED, UP}, 3, 729, 1280, 4304},
        {{QUERY, FUSED, UP}, 3, 4096, 1024, 4304}, /* where positions are computed: as many as the largest has */
        {{POSITIONS, QUERY}, 2, 729, 1024, 4096}, /* four times the width */
        {{POSITIONS}, 1, 729, 0, 0},
        {{POSITIONS}, 0, 4096, 0, 0},
    };
    vf_model *base = of_catalog("llama-3.2-1b");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (uint32_t cards = 0; cards < 2; cards++) {
            vf_model *tower = model_of(rows[i].parts, rows[i].n);
            const vf_member member = {.kind = VF_MEMBER_MMPROJ, .model = tower, .name = "eyes", .bytes = 1000};
            vf_request q = question(base, "q8_0", cards ? "cards=1" : "cards=0");
            uint64_t weights = 1000, want = buffer(rows[i].patches, rows[i].width, rows[i].ff);
            for (size_t t = 0; t < rows[i].n; t++)
                weights += 2 * rows[i].parts[t].ne[0] * rows[i].parts[t].ne[1];
            answer(&q, &member, 1);
            const vf_member_result *mr = &result.member[0];
            CHECK_U64(cards ? mr->device[0][VF_SEG_COMPUTE] : mr->host_compute, want, "its buffer");
            CHECK_U64(cards ? mr->weights : mr->host_weights, weights, "its weights");
            CHECK_U64(result.device[0].margin - alone.device[0].margin, cards ? want : 0, "as much is margin");
            CHECK_U64(figure(cards ? "projector's buffer@0" : "projector's buffer@-1"), want, "explained");
            CHECK_U64(figure(cards ? "+projector's buffer@0" : "+projector's buffer@-1"), cards ? want : 0, "explained");
            vf_model_free(tower);
        }
    /* of which only the size is known: that of the largest of the common towers */
    const vf_member unseen = {.kind = VF_MEMBER_MMPROJ, .bytes = 1000};
    vf_request q = question(base, "q8_0", "");
    answer(&q, &unseen, 1);
    CHECK_U64(result.member[0].compute, buffer(4096, 1152, 4304), "a projector that is not there");
    CHECK_STR(result.member[0].name, "", "no name");
    vf_model_free(base);
}

/* ---- drafts: what the model would take as one of its own, with the context that the target has */

static void drafts(void)
{
    static const struct {
        const char *set, *same; /* of the whole; of the draft alone */
    } rows[] = {
        {"context=8192", "context=8192"},
        {"", "context=4096"},
        {"context=8192 parallel=4", "context=8192 parallel=4"},
        {"context=8192 parallel=4 kv_unified=1", "context=8192 parallel=4 kv_unified=1"},
        {"context=8192 batch=256", "context=8192 batch=256"},
        {"context=8192 ubatch=128", "context=8192 ubatch=128"},
        {"context=8192 flash_attn=2", "context=8192 flash_attn=2"},
        {"context=8192 type_k=8 type_v=8", "context=8192"}, /* its own cache is f16 */
        {"context=8192 gpu_layers=3", "context=8192"}, /* and it is on the card */
        {"context=8192 cards=2 split=2", "context=8192 cards=2 split=2"},
        {"context=8192 cards=0", "context=8192 cards=0"},
        {"context=8192 backend=2", "context=8192 backend=2"},
    };
    vf_model *target = of_catalog("llama-3.1-8b"), *small = of_catalog("llama-3.2-1b");
    const vf_member member = {.kind = VF_MEMBER_DRAFT, .model = small, .quant = quant_of("q4_0"), .name = "small"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static vf_result own;
        vf_request q = question(target, "q8_0", rows[i].set), d = question(small, "q4_0", rows[i].same);
        CHECK(vf_estimate(&d, &sample_allocator, &own, &err) == VF_OK, "%s", err.text);
        answer(&q, &member, 1);
        const vf_member_result *mr = &result.member[0];
        for (uint32_t c = 0; c < result.n_devices; c++)
            for (int s = VF_SEG_WEIGHTS; s <= VF_SEG_COMPUTE; s++) {
                CHECK_U64(mr->device[c][s], own.device[c].segment[s], rows[i].set);
                CHECK_U64(result.device[c].segment[s] - alone.device[c].segment[s], own.device[c].segment[s], rows[i].set);
            }
        CHECK_U64(mr->host_weights, own.host.weights, rows[i].set);
        CHECK_U64(mr->host_kv_cache, own.host.kv_cache, rows[i].set);
        CHECK_U64(mr->host_compute, own.host.compute, rows[i].set);
        CHECK_U64(result.host.output - alone.host.output, own.host.output, rows[i].set);
        CHECK_STR(mr->quant, "Q4_0", "its quantization");
    }
    /* shares of the cards are the target's */
    vf_request q = question(target, "q8_0", "context=8192 cards=2"), d = question(small, "q4_0", "context=8192 cards=2");
    static vf_result own;
    q.settings.n_tensor_split = d.settings.n_tensor_split = 2;
    q.settings.tensor_split[0] = d.settings.tensor_split[0] = 1;
    q.settings.tensor_split[1] = d.settings.tensor_split[1] = 3;
    CHECK(vf_estimate(&d, &sample_allocator, &own, &err) == VF_OK, "%s", err.text);
    answer(&q, &member, 1);
    for (uint32_t c = 0; c < 2; c++)
        CHECK_U64(result.member[0].device[c][VF_SEG_WEIGHTS], own.device[c].segment[VF_SEG_WEIGHTS], "its part of card");
    q.settings.split = VF_SPLIT_NONE;
    answer(&q, &member, 1);
    CHECK_U64(result.member[0].device[1][VF_SEG_WEIGHTS], 0, "on one card, as the target");
    vf_model_free(target);
    vf_model_free(small);
}

/* ---- the model's own prediction layers: one of 8 key-value heads of 128, in a context of its own */

static void prediction(void)
{
    vf_model *m = of_catalog("glm-4.5-air");
    vf_request q = question(m, "q4_k_m", "context=4096 mtp=1");
    CHECK(vf_estimate(&q, &sample_allocator, &alone, &err) == VF_OK && alone.n_members == 0, "%s", err.text);
    q.settings.draft_mtp = true;
    q.settings.draft_max = 2;
    CHECK(vf_estimate(&q, &sample_allocator, &result, &err) == VF_OK && result.n_members == 1, "%s", err.text);
    const vf_member_result *mr = &result.member[0];
    CHECK(mr->kind == VF_MEMBER_MTP && strcmp(mr->name, "the model's prediction layers") == 0, "%s", mr->name);
    CHECK_U64(mr->kv_cache, UINT64_C(4096) * 8 * (128 + 128) * 2, "its cache");
    CHECK(mr->weights == 0 && mr->compute > 0 && mr->device[0][VF_SEG_COMPUTE] == mr->compute, "no weights but the model's");
    CHECK(result.device[0].segment[VF_SEG_KV_CACHE] >= alone.device[0].segment[VF_SEG_KV_CACHE] + mr->kv_cache, "beside the model's");
    CHECK(result.host.output - alone.host.output >= UINT64_C(4) * 151552 + UINT64_C(4) * 4096 * 2049, "logits, and hidden states of a batch and of what is drafted");
    vf_model_free(m);
}

/* ---- errors of side models, and memory that runs out */

static void refused(void)
{
    static const part huge = {"blk.0.attn_q.weight.lora_a", {UINT64_C(1) << 40, UINT64_C(1) << 40}, VF_TYPE_F16};
    vf_model *base = of_catalog("llama-3.2-1b"), *file = model_of(&huge, 1), *small = of_catalog("smollm2-135m");
    vf_request q = question(base, "q8_0", "");
    vf_member member = {.kind = VF_MEMBER_LORA, .model = file};
    q.member = &member;
    q.n_members = 1;
    CHECK(vf_estimate(&q, &sample_allocator, &result, &err) == VF_ERR_RANGE, "an adapter of 2^81 bytes: %s", err.text);
    member.kind = VF_MEMBER_DRAFT;
    CHECK(vf_estimate(&q, &sample_allocator, &result, &err) == VF_ERR_RANGE, "a draft of 2^81 bytes: %s", err.text);
    member.model = NULL;
    member.kind = VF_MEMBER_LORA;
    CHECK(vf_estimate(&q, &sample_allocator, &result, &err) == VF_ERR_USAGE && strcmp(err.text, "a lora without a model") == 0, "%s", err.text);
    vf_model *empty = model_of(&huge, 0);
    member.model = empty;
    CHECK(vf_estimate(&q, &sample_allocator, &result, &err) == VF_OK && result.member[0].weights + result.member[0].host_weights == 0, "an adapter without tensors");
    vf_model_free(empty);
    member = (vf_member){.kind = VF_MEMBER_DRAFT, .model = small}; /* the types of a file, and there is none */
    CHECK(vf_estimate(&q, &sample_allocator, &result, &err) == VF_ERR_USAGE && strstr(err.text, "no file to take storage types from"), "%s", err.text);
    vf_model_free(base);
    vf_model_free(file);
    vf_model_free(small);
}

static void no_memory(void)
{
    static const part a = {"blk.0.attn_q.weight.lora_a", {64, 16}, VF_TYPE_F16};
    vf_model *target = of_catalog("llama-3.2-1b"), *small = of_catalog("smollm2-135m"), *adapter = model_of(&a, 1);
    const vf_member members[] = {{.kind = VF_MEMBER_DRAFT, .model = small, .quant = quant_of("q8_0")}, {.kind = VF_MEMBER_LORA, .model = adapter}};
    vf_request q = question(target, "q8_0", "");
    answer(&q, members, 2);
    uint64_t need = result.need;
    for (uint64_t at = 1;; at++) {
        memory_allocator counted = {.fail_at = at};
        const vf_allocator failing = {memory_resize, &counted};
        vf_status st = vf_estimate(&q, &failing, &result, &err);
        CHECK(counted.in_use == 0 && counted.wrong_sizes == 0, "allocation %llu: given back", (unsigned long long)at);
        CHECK(st == VF_ERR_NOMEM || (st == VF_OK && result.need == need), "allocation %llu: status %d", (unsigned long long)at, (int)st);
        if (counted.calls < at)
            break;
    }
    vf_model_free(target);
    vf_model_free(small);
    vf_model_free(adapter);
}

int main(void)
{
    static const char *const kinds[] = {"draft", "mmproj", "lora", "mtp", "also"};
    for (int k = VF_MEMBER_DRAFT; k <= VF_MEMBER_ALSO; k++)
        CHECK_STR(vf_member_kind_name((vf_member_kind)k), kinds[k], "kind");
    CHECK(vf_catalog_new(&sample_allocator, &catalog, &err) == VF_OK, "%s", err.text);
    adapters();
    projectors();
    drafts();
    prediction();
    refused();
    no_memory();
    vf_catalog_free(catalog);
    return CHECK_END();
}
