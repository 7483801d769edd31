/* Tensors as safetensors files name and place them: experts' matrices, extents, names in several files. */
#include "load/json/gate.h"
#include "load/safetensors/hf_names.h"
#include "load/safetensors/safetensors.h"
#include "memory.h"
#include "model/model.h"

static memory_allocator counts;
static const vf_allocator heap = {memory_resize, &counts};

static memory_file part_file[3];
static unsigned char part_bytes[3][4096];

static vf_status open_part(void *ctx, uint32_t i, uint32_t n, vf_source *part, vf_error *err)
{
    (void)ctx;
    (void)n;
    (void)err;
    *part = memory_source(&part_file[i], true, true);
    return VF_OK;
}

static void set_part(uint32_t i, const char *header, uint64_t data)
{
    uint64_t n = strlen(header);
    for (int k = 0; k < 8; k++)
        part_bytes[i][k] = (unsigned char)(n >> (8 * k));
    memcpy(part_bytes[i] + 8, header, (size_t)n);
    part_file[i] = (memory_file){.bytes = part_bytes[i], .n = 8 + (size_t)n, .size = 8 + n + data};
}

static vf_model *read_parts(uint32_t n, vf_error *err)
{
    static const vf_parts parts = {open_part, NULL, NULL};
    vf_model *m = NULL;
    (void)vf_safetensors_read(&parts, n, &heap, &m, err);
    return m;
}

/** Pairs of halves at all their ends are characters. */
static void test_pairs(void)
{
    static const struct {
        const char *text;
        bool good;
    } rows[] = {{"\\uD800\\uDC00", true}, {"\\uD800\\uDFFF", true}, {"\\uDBFF\\uDC00", true}, {"\\uDBFF\\uDFFF", true}, {"\\uD7FF\\uE000", true},
                {"\\uD800\\uDBFF", false}, {"\\uDBFF\\uE000", false}, {"\\uDC00\\uDC00", false}, {"\\uDFFF", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[100];
        (void)snprintf(text, sizeof text, "[\"%s\"]", rows[i].text);
        CHECK((vf_json_gate(text, strlen(text), NULL, &heap, NULL) == VF_OK) == rows[i].good, "%s", text);
        (void)snprintf(text, sizeof text, "{\"__metadata__\":{\"a\":\"%s\"},\"t\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", rows[i].text);
        set_part(0, text, 0);
        vf_error err = {0};
        vf_model *m = read_parts(1, &err);
        CHECK((m != NULL) == rows[i].good, "%s: %s", text, err.text);
        vf_model_free(m);
    }
}

static void test_hf_names(void)
{
    static const struct {
        const char *name;
        uint16_t role;
        int32_t layer, expert;
    } rows[] = {
        {"model.layers.999999999.self_attn.q_proj.weight", VF_ROLE_ATTN_Q, 999999999, -1},
        {"model.layers.1000000000.self_attn.q_proj.weight", VF_ROLE_UNKNOWN, -1, -1},
        {"model.layers.7", VF_ROLE_UNKNOWN, -1, -1},
        {"model.layers.7.", VF_ROLE_UNKNOWN, 7, -1},
        {"model.layers..self_attn.q_proj.weight", VF_ROLE_UNKNOWN, -1, -1},
        {"model.layers./.self_attn.q_proj.weight", VF_ROLE_UNKNOWN, -1, -1},
        {"model.layers.:.self_attn.q_proj.weight", VF_ROLE_UNKNOWN, -1, -1},
        {"model.layers.1x.self_attn.q_proj.weight", VF_ROLE_UNKNOWN, -1, -1},
        {"model.model.layers.1.self_attn.q_proj.weight", VF_ROLE_ATTN_Q, 1, -1},
        {"model.layers.1.mlp.experts.5.up_proj.weight", VF_ROLE_FFN_UP_EXPS, 1, 5},
        {"model.layers.1.mlp.experts.x.up_proj.weight", VF_ROLE_UNKNOWN, 1, -1},
        {"model.layers.1.mlp.experts.5", VF_ROLE_UNKNOWN, 1, -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_tensor t = {.role = VF_ROLE_UNKNOWN};
        int32_t expert;
        vf_hf_parse_name(rows[i].name, strlen(rows[i].name), &t, &expert);
        CHECK(t.role == rows[i].role && t.layer == rows[i].layer && expert == rows[i].expert, "%s: role %u, layer %d, expert %d", rows[i].name, t.role,
              t.layer, expert);
    }
    static const char *const cut[] = {"model.layers.7.self_attn.q_proj.weight", "model.layers.77"}; /* what follows a name is none of it */
    for (size_t i = 0; i < sizeof cut / sizeof cut[0]; i++) {
        vf_tensor t = {.role = VF_ROLE_UNKNOWN};
        int32_t expert;
        vf_hf_parse_name(cut[i], strlen("model.layers.7"), &t, &expert);
        CHECK(t.role == VF_ROLE_UNKNOWN && t.layer == -1, "%s, cut: layer %d", cut[i], t.layer);
    }
    static const char *const endings[] = {".weight", ".bias", ".g_idx", ".scales"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        vf_tensor t = {.role = VF_ROLE_UNKNOWN};
        int32_t expert;
        vf_hf_parse_name(endings[i], strlen(endings[i]), &t, &expert);
        CHECK(t.part == VF_PART_BARE, "%s ends no name: part %u", endings[i], t.part);
    }
}

#define EXPERT(layer, expert, dtype, shape) \
    "\"model.layers." #layer ".mlp.experts." #expert ".up_proj.weight\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[0,0]}"
#define OTHER(name, shape) "\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[0,0]}"

/** Experts' matrices become one tensor where they are of one layer, type and shape, and matrices. */
static void test_experts(void)
{
    static const struct {
        const char *header;
        size_t tensors;
        uint64_t experts; /**< of the first */
    } rows[] = {
        {"{" EXPERT(0, 0, "F32", "[0,4]") "," EXPERT(0, 1, "F32", "[0,4]") "}", 1, 2},
        {"{" EXPERT(0, 0, "F32", "[0,4]") "," EXPERT(1, 0, "F32", "[0,4]") "}", 2, 1},
        {"{" EXPERT(0, 0, "F32", "[0,4]") "," EXPERT(0, 1, "F16", "[0,4]") "}", 2, 1},
        {"{" EXPERT(0, 0, "F32", "[4,0]") "," EXPERT(0, 1, "F32", "[5,0]") "}", 2, 1},
        {"{" EXPERT(0, 0, "F32", "[4,0]") "," EXPERT(0, 1, "F32", "[4,0]") "," EXPERT(0, 2, "F32", "[5,0]") "," EXPERT(0, 3, "F32", "[4,0]") "}", 3, 2},
        {"{" EXPERT(0, 0, "F32", "[1,0,4]") "," EXPERT(0, 1, "F32", "[1,0,4]") "}", 1, 2},
        {"{" EXPERT(0, 0, "F32", "[2,0,4]") "," EXPERT(0, 1, "F32", "[2,0,4]") "}", 2, 2},
        {"{" EXPERT(0, 0, "F32", "[3,1,0,4]") "," EXPERT(0, 1, "F32", "[3,1,0,4]") "}", 2, 1},
        {"{" EXPERT(0, 0, "F32", "[0]") "," EXPERT(0, 1, "F32", "[0]") "}", 1, 2},
        {"{" OTHER("model.layers.0.x.experts.0.thing", "[0]") "," OTHER("model.layers.0.x.experts.1.thing", "[0]") "}", 2, 1},
        {"{" OTHER("model.norm.weight", "[0]") "," EXPERT(0, 1, "F32", "[0,4]") "," EXPERT(0, 7, "F32", "[0,4]") "}", 2, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_error err = {0};
        set_part(0, rows[i].header, 0);
        vf_model *m = read_parts(1, &err);
        CHECK(m != NULL, "%s: %s", rows[i].header, err.text);
        if (m) {
            CHECK_U64(m->n_tensors, rows[i].tensors, rows[i].header);
            CHECK_U64(m->tensors[0].ne[2], rows[i].experts, rows[i].header);
        }
        vf_model_free(m);
    }
}

#define AT(name, bytes, begin, end) "\"" name "\":{\"dtype\":\"U8\",\"shape\":[" #bytes "],\"data_offsets\":[" #begin "," #end "]}"

/** Tensors without bytes lie anywhere between the others; all together stay within 2^60 bytes, and the file. */
static void test_extents(void)
{
    static const struct {
        const char *header;
        uint64_t data;
        const char *says; /**< NULL: good */
        const char *key;
    } rows[] = {
        {"{" AT("b", 4, 0, 4) "," AT("a", 0, 0, 0) "," AT("c", 0, 4, 4) "}", 4, NULL, ""},
        {"{" AT("a", 0, 0, 0) "," AT("b", 0, 0, 0) "," AT("c", 4, 0, 4) "}", 4, NULL, ""},
        {"{" AT("a", 4, 0, 4) "," AT("b", 0, 2, 2) "}", 4, "overlap", "b"},
        {"{" AT("a", 4, 0, 4) "," AT("b", 0, 5, 5) "}", 4, "leave a hole: 5, expected 4", "b"},
        {"{" AT("a", 4, 0, 4) "," AT("b", 4, 0, 4) "}", 4, "overlap with another tensor: 0 is before 4", "b"},
        {"{" AT("a", 4, 0, 4) "," AT("b", 4, 4, 8) "}", 8, NULL, ""},
        {"{" AT("a", 4, 0, 4) "," AT("b", 4, 4, 8) "}", 7, "incomplete", ""},
        {"{" AT("a", 4, 0, 4) "," AT("b", 4, 4, 8) "}", 9, "1 trailing bytes", ""},
        {"{" AT("a", 1152921504606846976, 0, 1152921504606846976) "," AT("b", 4, 1152921504606846976, 1152921504606846980) "}", 8, "incomplete", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_error err = {0};
        set_part(0, rows[i].header, rows[i].data);
        vf_model *m = read_parts(1, &err);
        CHECK((m != NULL) == !rows[i].says, "%s: %s", rows[i].header, err.text);
        CHECK(m || (strstr(err.text, rows[i].says) && strcmp(err.key, rows[i].key) == 0), "%s: %s: %s", rows[i].header, err.key, err.text);
        vf_model_free(m);
    }
}

/** Of several names that are in two files, the one that is met first is told. */
static void test_files(void)
{
    static const struct {
        const char *header[3];
        const char *says;
    } rows[] = {
        {{"{" AT("a", 0, 0, 0) "}", "{" AT("b", 0, 0, 0) "}", "{" AT("c", 0, 0, 0) "}"}, NULL},
        {{"{" AT("a", 0, 0, 0) "," AT("b", 0, 0, 0) "}", "{" AT("b", 0, 0, 0) "}", "{" AT("a", 0, 0, 0) "}"}, "a tensor of file 2 of 3"},
        {{"{" AT("a", 0, 0, 0) "," AT("b", 0, 0, 0) "}", "{" AT("a", 0, 0, 0) "}", "{" AT("b", 0, 0, 0) "}"}, "a tensor of file 2 of 3"},
        {{"{" AT("a", 0, 0, 0) "}", "{" AT("b", 0, 0, 0) "}", "{" AT("a", 0, 0, 0) "," AT("b", 0, 0, 0) "}"}, "a tensor of file 3 of 3"},
        {{"{" AT("a", 0, 0, 0) "}", "{" AT("a", 0, 0, 0) "}", "{" AT("a", 0, 0, 0) "}"}, "a tensor of file 2 of 3"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_error err = {0};
        for (uint32_t k = 0; k < 3; k++)
            set_part(k, rows[i].header[k], 0);
        vf_model *m = read_parts(3, &err);
        CHECK((m != NULL) == !rows[i].says && (m || strstr(err.text, rows[i].says)), "row %zu: %s", i, err.text);
        vf_model_free(m);
    }
}

int main(void)
{
    test_pairs();
    test_hf_names();
    test_experts();
    test_extents();
    test_files();
    CHECK_U64(counts.in_use, 0, "bytes not given back");
    CHECK_U64(counts.wrong_sizes, 0, "blocks given back with a wrong size");
    return CHECK_END();
}
