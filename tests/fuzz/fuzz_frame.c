/* GGUF files that are well formed but for what the fuzzer changes: metadata of every type, tensors of a true
 * model or none, then a question about what was read. */
#include "fuzz_model.h"
#include "fuzz_source.h"
#include "load/gguf/gguf.h"

enum { ROOM = 1 << 20, TENSORS = 400 };

typedef struct frame {
    uint8_t *bytes;
    size_t n;
} frame;

static void put(frame *f, uint64_t v, unsigned n)
{
    for (; n > 0 && f->n < ROOM; n--, v >>= 8)
        f->bytes[f->n++] = (uint8_t)v;
}

static void put_text(frame *f, const char *text, uint64_t length)
{
    put(f, length, 8);
    for (; *text; text++)
        put(f, (uint8_t)*text, 1);
}

/** A length as it is, or now and then another. */
static uint64_t about(fuzz_take *t, uint64_t right)
{
    return take_u8(t) < 250 ? right : take_number(t, UINT64_MAX);
}

static void put_value(frame *f, fuzz_take *t, uint32_t type, unsigned depth)
{
    if (type == VF_GGUF_STR) {
        put_text(f, "text", about(t, 4));
    } else if (type == VF_GGUF_ARR && depth < 3) {
        uint32_t of = take_u8(t) % (VF_GGUF_TYPE_COUNT + 1);
        uint8_t n = take_u8(t) % 40;
        put(f, of, 4);
        put(f, about(t, n), 8);
        for (; n > 0; n--)
            put_value(f, t, of, depth + 1);
    } else {
        put(f, take_number(t, UINT64_MAX), type < VF_GGUF_TYPE_COUNT ? vf_gguf_types[type].size : 4);
    }
}

static void put_key(frame *f, fuzz_take *t, const char *arch)
{
    static const char *const names[] = {"general.name", "general.file_type", "general.alignment", "split.no", "split.count",
                                        "split.tensors.count", "tokenizer.ggml.tokens", "general.type", "adapter.type", "x"};
    char key[160];
    uint8_t which = take_u8(t);
    if (which < 200)
        snprintf(key, sizeof key, "%s.%s", arch, vf_hparam_fields[which % VF_HP_COUNT].key);
    else
        snprintf(key, sizeof key, "%s", names[which % 10]);
    put_text(f, key, about(t, strlen(key)));
    uint8_t how = take_u8(t);
    uint32_t type = how < 128 ? VF_GGUF_U32 : how < 160 ? VF_GGUF_ARR : how % (VF_GGUF_TYPE_COUNT + 1);
    put(f, type, 4);
    put_value(f, t, type, 0);
}

/** All the keys of a model, as llama.cpp writes them. */
static void put_hparams(frame *f, const vf_model *m, uint64_t *n)
{
    for (uint32_t id = 0; id < VF_HP_COUNT; id++) {
        const vf_field *field = &vf_hparam_fields[id];
        const void *at = (const char *)&m->hp + field->offset;
        char key[160];
        vf_per_layer list = {0};
        uint32_t v = 0;
        if (!vf_hp_present(&m->hp, (vf_hparam_id)id))
            continue;
        if (field->kind == VF_FIELD_PER_LAYER)
            memcpy(&list, at, sizeof list);
        else
            memcpy(&v, at, sizeof v);
        snprintf(key, sizeof key, "%s.%s", m->arch_name, field->key);
        put_text(f, key, strlen(key));
        put(f, list.count ? VF_GGUF_ARR : VF_GGUF_U32, 4);
        if (list.count) {
            put(f, VF_GGUF_U32, 4);
            put(f, list.count, 8);
            for (uint32_t i = 0; i < list.count; i++)
                put(f, m->pool[list.first + i], 4);
        } else {
            put(f, field->kind == VF_FIELD_PER_LAYER ? list.value : v, 4);
        }
        ++*n;
    }
}

static void put_tensors(frame *f, fuzz_take *t, const vf_model *m, uint32_t n)
{
    uint64_t end = 0;
    for (uint32_t i = 0; i < n; i++) {
        vf_tensor x = m->tensors[i];
        char name[256];
        uint8_t change = take_u8(t);
        vf_tensor_name(m, &x, name, sizeof name);
        if (change == 255)
            x.ne[take_u8(t) % 4] = take_number(t, UINT64_MAX);
        if (change == 254)
            x.type = (uint16_t)take_u8(t);
        if (change == 253)
            x.n_dims = take_u8(t) % 6;
        put_text(f, name, change == 252 ? take_number(t, UINT64_MAX) : strlen(name));
        put(f, x.n_dims, 4);
        for (uint32_t d = 0; d < x.n_dims; d++)
            put(f, d < 4 ? x.ne[d] : 1, 8);
        put(f, x.type, 4);
        put(f, change == 251 ? take_number(t, UINT64_MAX) : end, 8);
        end = vf_pad(vf_add(end, vf_type_get(x.type) ? vf_tensor_bytes(&x, x.type) : 0), 32);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const vf_arch_lookup archs = vf_catalog_archs(fuzz_catalog());
    static uint8_t bytes[ROOM];
    fuzz_take t = {data, size, 0};
    if (size < 4)
        return 0;
    const vf_model *like = fuzz_catalog_model(take_u8(&t) % vf_catalog_count(fuzz_catalog(), VF_KIND_MODEL));
    uint8_t how = take_u8(&t);
    uint32_t n_tensors = like->n_tensors > TENSORS ? TENSORS : (uint32_t)like->n_tensors;
    if (how & 1 ? how & 0x30 : n_tensors > 0) /* seldom all: fewer tensors, more runs */
        n_tensors = n_tensors ? take_u8(&t) % (n_tensors < 32 ? n_tensors : 32) : 0;
    frame keys = {bytes, 0};
    uint64_t n_keys = 0;
    if (how & 2)
        put_hparams(&keys, like, &n_keys);
    for (unsigned n = take_u8(&t) % 8; n > 0; n--, n_keys++)
        put_key(&keys, &t, like->arch_name);
    static uint8_t all[ROOM];
    frame f = {all, 0};
    put(&f, about(&t, 0x46554747), 4);
    put(&f, about(&t, 3), 4);
    put(&f, about(&t, n_tensors), 8);
    put(&f, about(&t, n_keys + 1), 8);
    put_text(&f, "general.architecture", 20);
    put(&f, VF_GGUF_STR, 4);
    put_text(&f, like->arch_name, strlen(like->arch_name));
    for (size_t i = 0; i < keys.n; i++)
        put(&f, keys.bytes[i], 1);
    put_tensors(&f, &t, like, n_tensors);
    uint8_t *exact = malloc(f.n); /* a byte behind the end would be seen */
    PROMISE(exact);
    memcpy(exact, f.bytes, f.n);
    fuzz_file file = {exact, f.n, 0};
    vf_source source = fuzz_source(&file, false);
    vf_error err = {0};
    vf_model *m = NULL;
    size_t held = fuzz_held;
    fuzz_held = 0;
    vf_status status = vf_gguf_read_with(&archs, &source, NULL, &fuzz_heap, &m, &err);
    if (m)
        fuzz_ask(&t, m);
    fuzz_finish(status, m, &err);
    fuzz_held = held;
    free(exact);
    return 0;
}
