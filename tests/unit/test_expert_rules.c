/* Rules of the graphs of experts, indexers and drafts that no model of the catalog shows; as in test_graph_rules.c. */
#include "graph_counts.h"

/* ggml-cuda/topk-moe.cu: for these numbers of experts the router is one kernel, whose tensors are kept; the weighted sum
 * of up to 15 experts is one, too. */
static void fused_experts(void)
{
    static const struct {
        uint32_t n, used;
        int fused; /* of each layer */
    } cases[] = {{1, 1, 1}, {2, 2, 2}, {3, 2, 1}, {96, 8, 1}, {128, 8, 2}, {256, 8, 2}, {287, 8, 1}, {288, 8, 2}, {289, 8, 1}, {384, 8, 1},
                 {512, 8, 2}, {513, 8, 1}, {575, 8, 1}, {576, 8, 2}, {577, 8, 1}, {1024, 8, 1}, {128, 15, 2}, {128, 16, 1}, {96, 16, 0}};
    subject x = open_subject("Qwen3-30B-A3B");

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        counts now;
        char name[48];
        for (uint32_t il = 0; il < x.m->n_layers; il++) {
            x.m->layers[il].n_expert = cases[i].n;
            x.m->layers[il].n_expert_used = cases[i].used;
        }
        now = count(&x, false);
        (void)snprintf(name, sizeof name, "%u of %u experts", cases[i].used, cases[i].n);
        CHECK_U64(now.fusions, (uint64_t)cases[i].fused * now.layers, name);
        CHECK_U64(now.of[VF_OP_ADD], ((uint64_t)cases[i].used - 1 + 2) * now.layers, name); /* and two residual sums */
        CHECK_U64(now.of[VF_OP_CONT], cases[i].used == 1 ? now.layers : 0, name); /* one is copied, not summed */
    }
    close_subject(&x);
}

/* How experts are gated and weighted: by the file where it says so, else by architecture. */
static void gating(void)
{
    subject x = open_subject("Qwen3-30B-A3B");
    counts was = count(&x, false), now;
    int64_t n = was.layers;

    x.m->hp.expert_gating_func = 1;
    now = count(&x, false);
    SAME_BUT("softmax by the file", &was, &now, VF_OP_NONE);
    x.m->hp.expert_gating_func = 2;
    now = count(&x, false);
    check_more("sigmoid by the file", &was, &now, VF_OP_UNARY, n);
    check_more("sigmoid by the file", &was, &now, VF_OP_SOFT_MAX, -n);
    x.m->hp.expert_gating_func = 0;
    x.m->hp.expert_weights_scale = 1;
    now = count(&x, false);
    check_more("scaled weights", &was, &now, VF_OP_SCALE, n);
    x.m->hp.expert_weights_scale = 0;
    vf_hp_mark(&x.m->hp, VF_HP_expert_weights_norm);
    x.m->hp.expert_weights_norm = 0;
    now = count(&x, false);
    check_more("no norm by the file", &was, &now, VF_OP_DIV, -n);
    check_more("no norm by the file", &was, &now, VF_OP_SUM_ROWS, -n);
    check_more("no norm by the file", &was, &now, VF_OP_CLAMP, -n);
    close_subject(&x);
}

/* Gate and up of all experts in one matrix: one product, of which each takes half. */
static void gate_and_up_in_one(void)
{
    subject x = open_subject("Qwen3-30B-A3B");
    counts was = count(&x, false), now;

    rename_tensors(&x, VF_ROLE_FFN_UP_EXPS, VF_PART_WEIGHT, VF_ROLE_FFN_GATE_UP_EXPS, VF_PART_WEIGHT);
    rename_tensors(&x, VF_ROLE_FFN_GATE_EXPS, VF_PART_WEIGHT, VF_ROLE_FFN_GATE_EXPS, VF_PART_OTHER);
    for (size_t i = 0; i < x.m->n_tensors; i++)
        if (x.m->tensors[i].role == VF_ROLE_FFN_GATE_UP_EXPS)
            x.m->tensors[i].ne[1] *= 2;
    now = count(&x, false);
    check_more("one product for two", &was, &now, VF_OP_MUL_MAT_ID, -(int64_t)now.layers);
    check_more("two halves", &was, &now, VF_OP_VIEW, 2 * (int64_t)now.layers);
    SAME_BUT("gate and up", &was, &now, VF_OP_MUL_MAT_ID);
    /* both products lie side by side either way */
    CHECK_U64(now.compute.device[0], was.compute.device[0], "gate and up");
    close_subject(&x);
}

/* A prediction layer's last norm: its own; else that of a layer's output, else the model's. */
static void norm_of_a_draft(void)
{
    subject x = open_subject("GLM-4.5-Air");
    counts was, now;

    x.s.draft_mtp = true;
    x.s.draft_max = 2;
    was = count(&x, true);
    rename_tensors(&x, VF_ROLE_NEXTN_SHARED_HEAD_NORM, VF_PART_WEIGHT, VF_ROLE_NEXTN_SHARED_HEAD_NORM, VF_PART_OTHER);
    now = count(&x, true);
    CHECK_U64(now.sources, was.sources, "the model's norm");
    SAME_BUT("the model's norm", &was, &now, VF_OP_NONE);
    rename_tensors(&x, VF_ROLE_OUTPUT_NORM, VF_PART_WEIGHT, VF_ROLE_OUTPUT_NORM, VF_PART_OTHER);
    now = count(&x, true);
    CHECK_U64(now.sources, was.sources - 1, "none");
    rename_tensors(&x, VF_ROLE_NEXTN_SHARED_HEAD_NORM, VF_PART_OTHER, VF_ROLE_LAYER_OUTPUT_NORM, VF_PART_WEIGHT);
    now = count(&x, true);
    CHECK_U64(now.sources, was.sources, "the layer's");
    close_subject(&x);
}

/* CUDA's indexer has 32 or 64 heads of 128: other shapes run on the CPU, as does one that reads an IQ4_NL cache. */
static void indexers_without_a_kernel(void)
{
    subject x = open_subject("DeepSeek-V3.2");
    counts was = count(&x, false), now;

    CHECK_U64(was.cpu_only, 0, "64 heads");
    x.m->hp.indexer_head_count = 48;
    now = count(&x, false);
    CHECK_U64(now.cpu_only, now.layers, "48 heads");
    CHECK_U64(now.of[VF_OP_LIGHTNING_INDEXER], now.layers, "one of each layer");
    x.m->hp.indexer_head_count = 32;
    CHECK_U64(count(&x, false).cpu_only, 0, "32 heads");
    x.s.backend = VF_BACKEND_METAL;
    x.m->hp.indexer_head_count = 48;
    CHECK_U64(count(&x, false).cpu_only, 0, "Metal");
    close_subject(&x);
}

/* Grok: beside its experts a dense block, of which the sum is scaled. */
static void dense_beside_experts(void)
{
    subject x = open_subject("grok-1");
    counts was = count(&x, false), now;
    int64_t n = was.layers;

    /* a norm's tensor stands in for the dense block's matrix: counted is what is added */
    rename_tensors(&x, VF_ROLE_POST_FFW_NORM, VF_PART_WEIGHT, VF_ROLE_FFN_UP, VF_PART_WEIGHT);
    now = count(&x, false);
    check_more("the sum", &was, &now, VF_OP_ADD, n);
    check_more("scaled", &was, &now, VF_OP_SCALE, n);
    close_subject(&x);
}

/* GroveMoE: a narrower expert for each group of those chosen, no more of them than there are groups. */
static void experts_of_groups(void)
{
    static const uint32_t per_group[] = {2, 16, 32, 64, 128}; /* of 128 experts, of which 8 are used */
    subject x = open_subject("GroveMoE-Inst");

    for (size_t i = 0; i < sizeof per_group / sizeof per_group[0]; i++) {
        uint32_t groups = x.m->layers[0].n_expert / per_group[i], used = x.m->layers[0].n_expert_used;
        uint64_t chunks = groups < used ? groups : used;
        counts now;
        x.m->hp.experts_per_group = per_group[i];
        now = count(&x, false);
        /* two residual sums; the experts', the groups', and both together */
        CHECK_U64(now.of[VF_OP_ADD], (2 + (used - 1) + (chunks - 1) + 1) * now.layers, "experts of groups");
    }
    close_subject(&x);
}

/* CUDA's convolution and scan of Mamba take multiples of 128 channels: others run on the CPU. */
static void channels_without_a_kernel(void)
{
    subject x = open_subject("mamba-2.8b");

    CHECK_U64(count(&x, false).cpu_only, 0, "5120 channels");
    x.m->hp.ssm_inner_size = 5184;
    CHECK_U64(count(&x, false).cpu_only, 2 * (uint64_t)x.m->n_layers, "5184 channels");
    x.s.backend = VF_BACKEND_METAL;
    CHECK_U64(count(&x, false).cpu_only, 0, "Metal");
    close_subject(&x);
}

int main(void)
{
    open_catalog();
    fused_experts();
    gating();
    gate_and_up_in_one();
    norm_of_a_draft();
    indexers_without_a_kernel();
    dense_beside_experts();
    experts_of_groups();
    channels_without_a_kernel();
    vf_catalog_free(catalog);
    return CHECK_END();
}
