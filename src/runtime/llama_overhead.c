/* What no buffer of llama.cpp holds: the driver's context and kernels, workspace, memory pool. Constants of each
 * backend, with their sources and how far they may be off. */
#include "runtime/llama_cpp.h"

#include <string.h>

#include "base/checked.h"

#define MIB (UINT64_C(1) << 20)

/* CUDA. A bare context grows with the number of multiprocessors: 107 MiB on 34 (RTX 4060 Ti), 256 on 82
 * (RTX 3090), 555 on 188 (RTX PRO 6000): ggml-org/llama.cpp pull 23604, invoke-ai/InvokeAI issue 9413. A line
 * through the ends misses the middle by 3 %: 8 MiB and 2.91 MiB each. What all of it comes to on a headless
 * RTX 4090 (128) was seen as 451 to 456 MiB (pull 15860): 380 by the line, the rest workspace, pool and
 * graphs. A card whose number is not known counts as the middle of the consumer cards. */
#define CONTEXT_BASE (8 * MIB)
#define CONTEXT_PER_MULTIPROCESSOR (MIB * 291 / 100)
#define CONTEXT_SPREAD (72 * MIB)
#define CONTEXT_UNKNOWN (260 * MIB)
#define CONTEXT_UNKNOWN_SPREAD (160 * MIB)
#define CONTEXT_TERM "CUDA context and kernels"
/* ggml-cuda/common.cuh: explicit cuBLAS workspace, 32 MiB from compute capability 9.0 on, else 4. */
#define WORKSPACE_HOPPER (32 * MIB)
#define WORKSPACE (4 * MIB)
/* The pool of the CUDA backend (ggml_cuda_pool_vmm) maps its memory in steps of 2 MiB. */
#define POOL_STEP (2 * MIB)
/* --split tensor on two cards: scratch of the CUDA backend's own all-reduce (ggml-cuda/allreduce.cu:
 * GGML_CUDA_AR_COPY_MAX_BYTES). A build with NCCL takes that instead, which observed servers put at 342 MiB with
 * two cards and 392 with more (aiconfigurator): up to there is margin. */
#define ALL_REDUCE_TWO (32 * MIB)
#define NCCL_TWO (342 * MIB)
#define NCCL_MORE (392 * MIB)

/* Backends of which little is known: where a figure was seen it counts, and the spread reaches to what Ollama
 * keeps free on such a device (ml/device.go: 457 MiB, on Metal 512). */
typedef struct fixed_overhead {
    uint64_t bytes, spread;
    const char *name, *formula, *source;
} fixed_overhead;

static const fixed_overhead fixed[] = {
    [VF_BACKEND_ROCM] = {410 * MIB, 160 * MIB, "HIP context and kernels", "seen with two models on a Radeon RX 7900 XTX",
                         "Quartermaster pull 24; spread as of an unknown CUDA card"},
    [VF_BACKEND_VULKAN] = {228 * MIB, 229 * MIB, "shaders and driver", "half of what Ollama keeps free",
                           "Ollama ml/device.go (457 MiB); not measured"},
    [VF_BACKEND_METAL] = {0, 512 * MIB, "Metal driver", "nothing outside the buffers was seen on an M1 Max",
                          "llama.cpp pull 22673; spread: Ollama ml/device.go (512 MiB)"},
    [VF_BACKEND_SYCL] = {228 * MIB, 229 * MIB, "kernels and driver", "half of what Ollama keeps free",
                         "Ollama ml/device.go (457 MiB); not measured"},
    [VF_BACKEND_CPU] = {0, 0, NULL, NULL, NULL},
};

/** The largest temporary of a quantized matrix product: the activations of one micro-batch in Q8_1 blocks,
 * rows padded to 512, and 128 columns more (ggml-cuda/mmq.cu); experts see every token n_expert_used times. */
static uint64_t pool_bytes(const vf_model *m, const vf_context *c)
{
    uint64_t most = 0;
    for (uint32_t i = 0; i < m->n_layers; i++) {
        const vf_layer *l = &m->layers[i];
        uint64_t rows = c->n_ubatch, width = m->hp.embedding_length;
        if (l->ffn == VF_FFN_MOE) {
            rows = vf_mul(rows, l->n_expert_used);
            if (l->n_ff_exp > width)
                width = l->n_ff_exp;
        } else if (l->n_ff > width) {
            width = l->n_ff;
        }
        uint64_t bytes = vf_mul(vf_add(rows, 128), vf_row_bytes(VF_TYPE_Q8_1, vf_pad(width, 512)));
        if (bytes > most)
            most = bytes;
    }
    return vf_pad(most, POOL_STEP);
}

static void add_pool(const vf_case *k, const vf_context *c, uint32_t i, vf_result *out)
{
    uint64_t pool = pool_bytes(k->model, c);
    out->device[i].segment[VF_SEG_RUNTIME] = vf_add(out->device[i].segment[VF_SEG_RUNTIME], pool);
    vf_add_term(out, (int32_t)i, VF_SEG_RUNTIME, "memory pool", "(rows + 128) x Q8_1 row of the widest product",
                "llama.cpp ggml/src/ggml-cuda/mmq.cu", pool, 0, NULL);
}

static uint64_t context_bytes(const vf_device *card)
{
    return card->multiprocessors ? vf_add(CONTEXT_BASE, vf_mul(card->multiprocessors, CONTEXT_PER_MULTIPROCESSOR)) : CONTEXT_UNKNOWN;
}

static uint64_t context_spread(const vf_device *card)
{
    return card->multiprocessors ? CONTEXT_SPREAD : CONTEXT_UNKNOWN_SPREAD;
}

static void add_context(const vf_device *card, uint32_t i, vf_result *out)
{
    bool known = card->multiprocessors > 0;
    vf_add_term(out, (int32_t)i, VF_SEG_RUNTIME, CONTEXT_TERM, known ? "8 MiB + 2.91 MiB x multiprocessors" : "middle of the consumer cards",
                "llama.cpp pulls 23604 and 15860, InvokeAI issue 9413 (107 to 555 MiB by the number of multiprocessors)",
                context_bytes(card), context_spread(card), known ? "%u multiprocessors" : NULL, card->multiprocessors);
}

void vf_llama_cpp_card(const vf_device *was, const vf_device *is, vf_result *out)
{
    vf_device_result *d = &out->device[0];
    if (out->backend != VF_BACKEND_CUDA)
        return;
    d->segment[VF_SEG_RUNTIME] = d->segment[VF_SEG_RUNTIME] - context_bytes(was) + context_bytes(is);
    d->margin = d->margin - context_spread(was) + context_spread(is);
    for (uint32_t i = 0; i < out->n_terms; i++)
        if (strcmp(out->term[i].name, CONTEXT_TERM) == 0) {
            uint32_t n = out->n_terms; /* the term anew in the old one's place */
            out->n_terms = i;
            add_context(is, 0, out);
            out->n_terms = n;
        }
}

static void add_cuda(const vf_case *k, const vf_context *c, uint32_t i, vf_result *out)
{
    const vf_device *card = &k->request->device[i];
    vf_device_result *d = &out->device[i];
    uint64_t workspace = card->compute_capability >= 90 ? WORKSPACE_HOPPER : WORKSPACE;
    d->segment[VF_SEG_RUNTIME] = vf_add(context_bytes(card), workspace);
    d->margin = vf_add(d->margin, context_spread(card));
    add_context(card, i, out);
    vf_add_term(out, (int32_t)i, VF_SEG_RUNTIME, "cuBLAS workspace", "4 MiB, 32 MiB from compute capability 9.0",
                "llama.cpp ggml/src/ggml-cuda/common.cuh", workspace, 0, NULL);
    add_pool(k, c, i, out);
}

/** --split tensor: the cards add up their parts of a product in temporaries of one micro-batch each, one for
 * every step of log2(cards) (ggml/src/ggml-backend-meta.cpp: max_tmp_size, n_reduce_steps). */
static void add_all_reduce(const vf_case *k, const vf_context *c, uint32_t i, vf_result *out)
{
    uint32_t n = k->request->n_devices, steps = 0;
    bool cuda = k->settings->backend == VF_BACKEND_CUDA;
    vf_device_result *d = &out->device[i];
    if (k->settings->split != VF_SPLIT_TENSOR || n < 2)
        return;
    while ((UINT32_C(1) << steps) < n)
        steps++;
    uint64_t tokens = c->n_ctx < c->n_ubatch ? c->n_ctx : c->n_ubatch;
    uint64_t own = cuda && n == 2 ? ALL_REDUCE_TWO : 0;
    uint64_t bytes = vf_add(vf_mul(steps, vf_mul3(k->model->hp.embedding_length, tokens, 4)), own);
    uint64_t spread = cuda ? (n == 2 ? NCCL_TWO : NCCL_MORE) - own : 0;
    d->segment[VF_SEG_RUNTIME] = vf_add(d->segment[VF_SEG_RUNTIME], bytes);
    d->margin = vf_add(d->margin, spread);
    vf_add_term(out, (int32_t)i, VF_SEG_RUNTIME, "all-reduce",
                own ? "steps x width x tokens x 4 bytes + 32 MiB" : "steps x width x tokens x 4 bytes",
                "llama.cpp ggml/src/ggml-backend-meta.cpp, ggml-cuda/allreduce.cu; spread: NCCL in its place", bytes,
                spread, "%u steps of adding up the cards' parts", steps);
}

void vf_llama_cpp_overhead(const vf_case *k, const vf_context *c, uint32_t i, vf_result *out)
{
    vf_backend backend = k->settings->backend;
    const fixed_overhead *f = &fixed[backend];
    vf_device_result *d = &out->device[i];

    if (backend == VF_BACKEND_CUDA) {
        add_cuda(k, c, i, out);
        add_all_reduce(k, c, i, out);
        return;
    }
    if (!f->name)
        return;
    d->segment[VF_SEG_RUNTIME] = f->bytes;
    d->margin = vf_add(d->margin, f->spread);
    vf_add_term(out, (int32_t)i, VF_SEG_RUNTIME, f->name, f->formula, f->source, f->bytes, f->spread, NULL);
    if (backend == VF_BACKEND_ROCM)
        add_pool(k, c, i, out);
    add_all_reduce(k, c, i, out);
}
