#include "cli/placed.h"

#include <stdio.h>
#include <string.h>

void placed_cards(buf *b, uint32_t cards)
{
    const char *comma = "";
    for (uint32_t i = 0; i < VF_MAX_DEVICES; i++) {
        if (!(cards >> i & 1u))
            continue;
        buf_fmt(b, "%s%u", comma, i);
        comma = ",";
    }
}

/* The variable by which a process sees some cards only. */
static const char *variable(vf_backend backend)
{
    switch (backend) {
    case VF_BACKEND_CUDA:
        return "CUDA_VISIBLE_DEVICES";
    case VF_BACKEND_ROCM:
        return "HIP_VISIBLE_DEVICES";
    case VF_BACKEND_VULKAN:
        return "GGML_VK_VISIBLE_DEVICES";
    case VF_BACKEND_SYCL:
        return "ONEAPI_DEVICE_SELECTOR=level_zero:*; ZE_AFFINITY_MASK";
    default:
        return NULL;
    }
}

/* A GGUF file's name as publishers give them: the last part of the id, and the quantization. */
static void file_name(buf *b, const char *model, const char *quant)
{
    const char *slash = strrchr(model, '/'), *name = slash ? slash + 1 : model;
    size_t n = strlen(name);
    bool is_file = n > 5 && strcmp(name + n - 5, ".gguf") == 0;
    buf_plain(b, is_file ? model : name);
    if (!is_file) {
        buf_str(b, "-");
        buf_plain(b, quant);
        buf_str(b, ".gguf");
    }
}

static unsigned count(uint32_t cards)
{
    unsigned n = 0;
    for (; cards; cards &= cards - 1)
        n++;
    return n;
}

static void llama(buf *b, const row *w, const vf_member_result *m)
{
    const vf_result *e = w->result;
    const vf_type_info *k = vf_type_get((uint32_t)e->type_k), *v = vf_type_get((uint32_t)e->type_v);
    buf_str(b, "llama-server -m ");
    file_name(b, m ? m->name : w->model, m ? m->quant : w->quant);
    buf_fmt(b, " -c %llu", (unsigned long long)(m ? m->context : e->context));
    if (!m || m->kv_cache)
        buf_fmt(b, " -np %u", e->parallel);
    if (k && v && (!m || m->kv_cache) && (e->type_k != VF_TYPE_F16 || e->type_v != VF_TYPE_F16))
        buf_fmt(b, " -ctk %s -ctv %s", k->name, v->name);
    if (m && !m->kv_cache)
        buf_str(b, " --embeddings");
}

bool placed_command(buf *b, const row *w, const vf_member_result *m)
{
    const vf_result *e = w->result;
    const char *runtime = m ? m->runtime : e->runtime, *name = variable(e->backend);
    uint32_t cards = m ? m->cards : e->cards;
    bool servers = strcmp(runtime, "vllm") == 0, llamas = strcmp(runtime, "llama.cpp") == 0;
    if (!servers && !llamas)
        return false;
    if (name && cards) {
        buf_fmt(b, "%s=", name);
        placed_cards(b, cards);
        buf_str(b, " ");
    }
    if (llamas) {
        llama(b, w, m);
        return true;
    }
    buf_str(b, "vllm serve ");
    buf_plain(b, m ? m->name : w->model);
    buf_fmt(b, " --max-model-len %llu", (unsigned long long)(m ? m->context : e->context));
    if (count(cards) > 1)
        buf_fmt(b, " --tensor-parallel-size %u", count(cards));
    return true;
}
