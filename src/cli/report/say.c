#include "cli/report/say.h"

void say_size(buf *b, const vf_result *e)
{
    if (!e->parameters || !e->model_bytes)
        return;
    bool billions = e->parameters >= 1000000000;
    buf_ratio(b, e->parameters, billions ? 1000000000 : 1000000, 2);
    buf_str(b, billions ? " billion parameters, " : " million parameters, ");
    buf_ratio(b, 8 * e->model_bytes, e->parameters, 2);
    buf_str(b, " bits each");
}

static const char *type_name(vf_type type)
{
    const vf_type_info *info = vf_type_get((uint32_t)type);
    return info ? info->name : "?";
}

void say_settings(buf *b, const vf_result *e)
{
    buf_fmt(b, "%s, %s, context ", e->runtime, vf_backend_name(e->backend));
    buf_u64(b, e->context);
    if (e->parallel > 1)
        buf_fmt(b, ", %u sequences of %llu", e->parallel, (unsigned long long)e->context_per_sequence);
    buf_fmt(b, ", cache %s/%s", type_name(e->type_k), type_name(e->type_v));
    if (e->ubatch)
        buf_fmt(b, ", batch %u/%u, flash attention %s", e->batch, e->ubatch, e->flash_attn ? "on" : "off");
}

void say_need(buf *b, const vf_result *e)
{
    if (e->n_devices == 0) {
        buf_bytes(b, (int64_t)(e->host.weights + e->host.kv_cache + e->host.compute + e->host.output));
        buf_str(b, " of system memory");
        return;
    }
    buf_str(b, "needs ");
    buf_bytes(b, (int64_t)e->need);
    buf_str(b, " of ");
    buf_bytes(b, (int64_t)e->available);
    buf_str(b, " available, ");
    buf_bytes(b, e->headroom < 0 ? -e->headroom : e->headroom);
    buf_str(b, e->headroom < 0 ? " too much" : " to spare");
    buf_str(b, e->n_devices > 1 ? " on the tightest card" : "");
}

void say_pool(buf *b, const vf_result *e)
{
    if (!e->has_pool)
        return;
    buf_str(b, "cache pool ");
    buf_bytes(b, (int64_t)e->pool_bytes);
    buf_fmt(b, ": %llu tokens, %llu sequences of %llu", (unsigned long long)e->pool_tokens,
            (unsigned long long)e->max_sequences, (unsigned long long)e->context);
}

void say_cards(buf *b, const vf_result *e, uint32_t cards)
{
    const char *before = "on ";
    for (uint32_t i = 0; i < e->n_devices; i++) {
        if (!(cards >> i & 1u))
            continue;
        buf_str(b, before);
        if (e->n_devices > 1)
            buf_fmt(b, "%u: ", i);
        buf_plain(b, e->device[i].name);
        before = " and ";
    }
}
