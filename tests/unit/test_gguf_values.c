/* The GGUF reader beside its format: what single values come to, the limit of all headers together, reading that fails
 * at each byte, and callers that want no error, or to hear of no end. */
#include "gguf_file.h"

static vf_status read_source(vf_source *source, const vf_parts *parts, vf_model **m, vf_error *err)
{
    static memory_allocator counts;
    static const vf_allocator a = {memory_resize, &counts};
    size_t before = counts.in_use;
    vf_status status = vf_gguf_read_with(&lookup, source, parts, &a, m, err);
    CHECK((status == VF_OK) == (*m != NULL), "model and status differ");
    CHECK(*m || counts.in_use == before, "bytes not given back");
    CHECK_U64(counts.wrong_sizes, 0, "blocks given back with a wrong size");
    return status;
}

/** Reads bytes with a gibibyte of zeros behind them; NULL: not a model. */
static vf_model *read_model(const bytes *b, vf_error *err)
{
    memory_file f = {.bytes = b->p, .n = b->n, .size = b->n + (UINT64_C(1) << 30)};
    vf_source source = memory_source(&f, true, false);
    vf_model *m = NULL;
    (void)read_source(&source, NULL, &m, err);
    return m;
}

/** A model of one tensor, and keys beside those of its shape. */
static bytes with_keys(uint64_t n, const bytes *keys, const char *tensor, uint64_t ne0, uint64_t ne1, uint32_t type)
{
    bytes b = {0};
    put_head(&b, 1, SHAPE_KEYS + n);
    put_shape(&b, "llama");
    if (keys)
        put(&b, keys->p, keys->n);
    put_tensor(&b, tensor, ne0, ne1, type, 0);
    return b;
}

/* ---- values ------------------------------------------------------------------------------------- */

/** Of a floating number it matters whether it is there and not 0, of a factor whether it is not 1 either. What is no
 * number says nothing. */
static void test_floats(void)
{
    static const struct {
        uint32_t bits;
        uint64_t wide;
        uint32_t flag, factor;
        const char *name;
    } rows[] = {
        {0, 0, 0, 0, "0"},
        {0x80000000u, UINT64_C(1) << 63, 0, 0, "-0"},
        {1, 1, 1, 1, "the smallest"},
        {0x80000001u, (UINT64_C(1) << 63) + 1, 1, 1, "the smallest below 0"},
        {0x3F000000u, UINT64_C(0x3FE0000000000000), 1, 1, "a half"},
        {0x3F7FFFFFu, UINT64_C(0x3FEFFFFFFFFFFFFF), 1, 1, "nearly 1"},
        {0x3F800000u, UINT64_C(0x3FF0000000000000), 1, 0, "1"},
        {0x3F800001u, UINT64_C(0x3FF0000000000001), 1, 1, "hardly more than 1"},
        {0xBF800000u, UINT64_C(0xBFF0000000000000), 1, 1, "-1"},
        {0x7F800000u, UINT64_C(0x7FF0000000000000), 1, 1, "infinity"},
        {0xFF800000u, UINT64_C(0xFFF0000000000000), 1, 1, "-infinity"},
        {0x7F800001u, UINT64_C(0x7FF0000000000001), 0, 0, "not a number"},
        {0xFFC00000u, UINT64_C(0xFFF8000000000000), 0, 0, "not a number, with a sign"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int wide = 0; wide < 2; wide++) {
            static const char *const keys[] = {"llama.attention.clamp_kqv", "llama.expert_weights_scale"};
            bytes extra = {0};
            for (int k = 0; k < 2; k++) {
                put_string(&extra, keys[k]);
                put_int(&extra, wide ? VF_GGUF_F64 : VF_GGUF_F32, 4);
                put_int(&extra, wide ? rows[i].wide : rows[i].bits, wide ? 8 : 4);
            }
            bytes b = with_keys(2, &extra, "a.weight", 4, 1, VF_TYPE_F32);
            vf_error err = {0};
            vf_model *m = read_model(&b, &err);
            CHECK(m != NULL, "%s: %s", rows[i].name, err.text);
            if (m) {
                CHECK_U64(m->hp.clamp_kqv, rows[i].flag, rows[i].name);
                CHECK_U64(m->hp.expert_weights_scale, rows[i].factor, rows[i].name);
            }
            vf_model_free(m);
            free(b.p);
            free(extra.p);
        }
}

/** A factor of scaling in thousandths, as a float of either width or as an integer. */
static void test_decimals(void)
{
    static const struct {
        uint32_t type;
        uint64_t bits;
        const char *says; /**< NULL: it is read */
        uint32_t want;
    } rows[] = {
        {VF_GGUF_F32, 0x41000000, NULL, 8000}, /* 8 */
        {VF_GGUF_F32, 0x3F800000, NULL, 1000},
        {VF_GGUF_F32, 0x3F7FFFFF, NULL, 1001}, /* nearly 1, and not taken for it */
        {VF_GGUF_F32, 0x3DCCCCCD, NULL, 100},  /* 0.1 */
        {VF_GGUF_F32, 0x00000001, NULL, 1},    /* the smallest */
        {VF_GGUF_F32, 0xC1000000, NULL, 8000}, /* the sign says nothing */
        {VF_GGUF_F32, 0x7FC00000, NULL, 0},    /* no number */
        {VF_GGUF_F32, 0x49742400, NULL, 1000000000}, /* 10^6 */
        {VF_GGUF_F32, 0x49742410, "1000001 is out of range, expected 0 to 1000000", 0},
        {VF_GGUF_F32, 0x7F800000, "out of range", 0},
        {VF_GGUF_F64, UINT64_C(0x4004000000000000), NULL, 2500}, /* 2.5 */
        {VF_GGUF_F64, UINT64_C(0x7FEFFFFFFFFFFFFF), "out of range", 0},
        {VF_GGUF_U8, 4, NULL, 4000},
        {VF_GGUF_U64, UINT64_C(1) << 62, "out of range", 0},
        {VF_GGUF_I8, 0xFF, "a negative number, expected 0 to 1000000", 0},
        {VF_GGUF_BOOL, 1, "expected a number", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bytes extra = {0};
        put_string(&extra, "llama.rope.scaling.factor");
        put_int(&extra, rows[i].type, 4);
        put_int(&extra, rows[i].bits, (int)vf_gguf_types[rows[i].type].size);
        bytes b = with_keys(1, &extra, "a.weight", 4, 1, VF_TYPE_F32);
        vf_error err = {0};
        vf_model *m = read_model(&b, &err);
        CHECK((m != NULL) == !rows[i].says && (m || strstr(err.text, rows[i].says)), "row %zu: %s", i, err.text);
        if (m)
            CHECK_U64(m->hp.rope_scaling_factor, rows[i].want, "thousandths");
        vf_model_free(m);
        free(b.p);
        free(extra.p);
    }
}

/** Files of versions 2 and 3 are read, and say the same; those before and behind are not. */
static void test_versions(void)
{
    for (uint32_t version = 1; version <= 4; version++) {
        bytes b = with_keys(0, NULL, "token_embd.weight", 64, 7, VF_TYPE_F32);
        vf_error err = {0};
        b.p[4] = (unsigned char)version;
        vf_model *m = read_model(&b, &err);
        CHECK((m != NULL) == (version == 2 || version == 3), "version %u: %s", version, err.text);
        CHECK(!m || (m->hp.vocab_size == 7 && m->n_layers == 2), "version %u: what is read", version);
        vf_model_free(m);
        free(b.p);
    }
}

/** Keys of other architectures are none of this one's, however their names begin. */
static void test_prefixes(void)
{
    static const struct {
        const char *arch, *key;
        bool own;
    } rows[] = {
        {"llama", "llama.context_length", true},
        {"llama", "llama2.context_length", false},
        {"llama", "xlama.context_length", false},
        {"llama", "llamaxcontext_length", false},
        {"llama", "llama.x.context_length", false},
        {"llama.x", "llama.x.context_length", true},
        {"llama.x.context_lengt", "llama.x.context_length", false},
        {"llama.x.context_length", "llama.x.context_length", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bytes b = {0};
        vf_error err = {0};
        put_head(&b, 1, SHAPE_KEYS + 1);
        put_shape(&b, rows[i].arch);
        put_u32_key(&b, rows[i].key, 6);
        put_tensor(&b, "a", 4, 1, VF_TYPE_F32, 0);
        vf_model *m = read_model(&b, &err);
        CHECK(m && m->hp.context_length == (rows[i].own ? 6 : 0), "%s of %s: %s", rows[i].key, rows[i].arch, err.text);
        vf_model_free(m);
        free(b.p);
    }
}

/** Bytes that are no text become '?'; where the field ends within a character, the character goes. */
static void test_names(void)
{
    static const struct {
        size_t at;
        const char *text; /**< of which the name has these bytes there, and else 'x' */
        size_t length;
        const char *end; /**< of the name kept, from there on */
        size_t kept;
    } rows[] = {
        {10, "\xFF", 300, "?", 255},   {10, "\xC3", 300, "?", 255},        {253, "\x80", 300, "?x", 255},
        {254, "\xC3\xA9", 300, "", 254}, {253, "\xC3\xA9", 300, "\xC3\xA9", 255}, {253, "\xE2\x82\xAC", 300, "", 253},
        {252, "\xF0\x9F\x98\x80", 300, "", 252}, {251, "\xF0\x9F\x98\x80", 300, "\xF0\x9F\x98\x80", 255}, {254, "\xC3", 255, "?", 255},
        {253, "\xC3", 254, "?", 254},  {0, "\x1F\x7F \x20", 4, "??  ", 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char name[301];
        memset(name, 'x', sizeof name);
        memcpy(name + rows[i].at, rows[i].text, strlen(rows[i].text));
        name[rows[i].length] = 0;
        bytes extra = {0};
        put_text_key(&extra, "general.name", name);
        bytes b = with_keys(1, &extra, "a", 4, 1, VF_TYPE_F32);
        vf_error err = {0};
        vf_model *m = read_model(&b, &err);
        CHECK(m != NULL, "name %zu: %s", i, err.text);
        if (m) {
            CHECK_U64(strlen(m->name), rows[i].kept, rows[i].text);
            CHECK(strncmp(m->name + rows[i].at, rows[i].end, strlen(rows[i].end)) == 0, "name %zu: '%s'", i, m->name);
        }
        vf_model_free(m);
        free(b.p);
        free(extra.p);
    }
}

/** A tensor that nobody knows has parameters where it is called a weight. */
static void test_unknown(void)
{
    static const struct {
        const char *name;
        uint64_t parameters;
    } rows[] = {{"x.weight", 28}, {"what.is.this.weight", 28}, {".weight", 0}, {"xweight", 0}, {"x.bias", 0}, {"x.weight.x", 0}, {"x.Weight", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bytes b = with_keys(0, NULL, rows[i].name, 4, 7, VF_TYPE_F32);
        vf_error err = {0};
        vf_model *m = read_model(&b, &err);
        CHECK(m && m->tensors[0].role == VF_ROLE_UNKNOWN, "%s: %s", rows[i].name, err.text);
        if (m)
            CHECK_U64(vf_model_parameters(m), rows[i].parameters, rows[i].name);
        vf_model_free(m);
        free(b.p);
    }
}

/** The vocabulary is the rows of token_embd.weight where no key tells, up to what a vocabulary may have. */
static void test_vocabulary(void)
{
    static const struct {
        const char *tensor;
        uint64_t rows;
        uint32_t vocab;
    } rows[] = {
        {"token_embd.weight", 7, 7},
        {"token_embd.bias", 7, 0},
        {"output.weight", 7, 0},
        {"token_embd.weight", 1u << 26, 1u << 26},
        {"token_embd.weight", (1u << 26) + 1, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bytes b = with_keys(0, NULL, rows[i].tensor, 64, rows[i].rows, VF_TYPE_F32);
        vf_error err = {0};
        vf_model *m = read_model(&b, &err);
        CHECK(m != NULL, "%s", err.text);
        if (m)
            CHECK_U64(m->hp.vocab_size, rows[i].vocab, rows[i].tensor);
        vf_model_free(m);
        free(b.p);
    }
}

/** Strings of a vocabulary are passed over, be they many or few, short or longer than what is read at once; what comes
 * behind them is read. */
static void test_strings(void)
{
    static char text[200001];
    memset(text, 'a', sizeof text);
    for (uint32_t way = 0; way < 6; way++) {
        static const size_t chunks[] = {0, 1000, 65536};
        bytes extra = {0};
        uint32_t n = way & 1 ? 9000 : 3;
        put_array_key(&extra, "tokenizer.ggml.tokens", VF_GGUF_STR, n);
        for (uint32_t i = 0; i < n; i++) {
            size_t length = way & 1 ? (i * 7) % 41 : i == 1 ? sizeof text - 1 : i;
            put_int(&extra, length, 8);
            put(&extra, text, length);
        }
        put_u32_key(&extra, "general.file_type", 15);
        bytes b = with_keys(2, &extra, "a", 4, 1, VF_TYPE_F32);
        memory_file f = {.bytes = b.p, .n = b.n, .size = b.n + 4096, .chunk = chunks[way / 2]};
        vf_source source = memory_source(&f, false, true);
        vf_model *m = NULL;
        vf_error err = {0};
        CHECK(read_source(&source, NULL, &m, &err) == VF_OK, "%u strings: %s: %s", n, err.key, err.text);
        CHECK(m && m->hp.vocab_size == n && m->file_type == 15, "%u strings: what is read", n);
        vf_model_free(m);
        free(b.p);
        free(extra.p);
    }
}

/** Each byte of a string's length counts, where strings are passed over too. */
static void test_string_lengths(void)
{
    for (int bit = 0; bit < 64; bit++) {
        bytes extra = {0};
        put_array_key(&extra, "x.list", VF_GGUF_STR, 2);
        put_int(&extra, UINT64_C(1) << bit, 8);
        put(&extra, "a", 1);
        put_int(&extra, 0, 8);
        bytes b = with_keys(1, &extra, "a", 4, 1, VF_TYPE_F32);
        vf_error err = {0};
        vf_model *m = read_model(&b, &err);
        CHECK((m != NULL) == (bit == 0), "2^%d bytes", bit);
        CHECK(bit <= 26 || strstr(err.text, "is over the limit of 67108864 bytes"), "2^%d bytes: %s", bit, err.text);
        vf_model_free(m);
        free(b.p);
        free(extra.p);
    }
}

/** Elements, not only bytes, stay within 2^60. */
static void test_elements(void)
{
    for (uint64_t ne1 = UINT64_C(1) << 20; ne1 <= UINT64_C(1) << 21; ne1 *= 2) {
        bytes b = with_keys(0, NULL, "a", UINT64_C(1) << 40, ne1, VF_TYPE_IQ1_S);
        vf_error err = {0};
        vf_model *m = read_model(&b, &err);
        CHECK((m != NULL) == (ne1 == UINT64_C(1) << 20), "2^40 x %" PRIu64 " elements: %s", ne1, err.text);
        CHECK(m || strstr(err.text, "its size overflows"), "%s", err.text);
        vf_model_free(m);
        free(b.p);
    }
}

/* ---- reading that fails ------------------------------------------------------------------------- */

/** A file with each key that has a meaning of its own, and a value of each type. */
static bytes all_keys(void)
{
    static const int sizes[VF_GGUF_TYPE_COUNT] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    bytes b = {0};
    put_head(&b, 1, SHAPE_KEYS + 8 + 11 + 2);
    put_shape(&b, "llama");
    put_text_key(&b, "general.name", "a name");
    put_text_key(&b, "general.type", "model");
    put_u32_key(&b, "general.file_type", 15);
    put_u32_key(&b, "general.alignment", 64);
    put_u32_key(&b, "split.no", 0);
    put_u32_key(&b, "split.count", 0);
    put_u32_key(&b, "split.tensors.count", 99); /* of a file that is whole, the number is not looked at */
    put_array_key(&b, "tokenizer.ggml.tokens", VF_GGUF_STR, 2);
    put_string(&b, "a");
    put_string(&b, "bc");
    for (uint32_t type = 0; type < VF_GGUF_TYPE_COUNT; type++) {
        char key[24];
        (void)snprintf(key, sizeof key, "x.%u", type);
        if (type == VF_GGUF_STR || type == VF_GGUF_ARR)
            continue;
        put_string(&b, key);
        put_int(&b, type, 4);
        put_int(&b, 1, sizes[type]);
    }
    put_text_key(&b, "x.text", "text");
    put_array_key(&b, "llama.attention.head_count_kv", VF_GGUF_U16, 2);
    put_int(&b, 4, 2);
    put_int(&b, 2, 2);
    put_tensor(&b, "a", 4, 1, VF_TYPE_F32, 0);
    return b;
}

static void test_unreadable(void)
{
    bytes b = all_keys();
    vf_error err = {0};
    vf_model *m = read_model(&b, &err);
    CHECK(m && m->hp.vocab_size == 2 && m->file_type == 15 && strcmp(m->name, "a name") == 0, "%s: %s", err.key, err.text);
    vf_model_free(m);
    m = read_model(&b, NULL);
    CHECK(m != NULL, "nobody to tell of errors");
    vf_model_free(m);
    for (int skip = 0; skip < 2; skip++)
        for (uint64_t at = 1; at < b.n; at++) { /* the first byte is read in any case */
            memory_file f = {.bytes = b.p, .n = b.n, .size = b.n + 4096, .chunk = 1, .fail_at = at};
            vf_source source = memory_source(&f, skip, false);
            m = NULL;
            memset(&err, 0, sizeof err);
            CHECK(read_source(&source, NULL, &m, &err) == VF_ERR_IO && !m, "byte %" PRIu64 " cannot be read", at);
            CHECK(strncmp(err.text, "cannot read the ", 16) == 0 && strcmp(err.file, "test") == 0 && err.has_byte, "byte %" PRIu64 ": %s: %s",
                  at, err.file, err.text);
            CHECK(skip || err.byte == at, "byte %" PRIu64 ", said to be %" PRIu64, at, err.byte);
            source = memory_source(&f, skip, false);
            CHECK(read_source(&source, NULL, &m, NULL) == VF_ERR_IO, "byte %" PRIu64 ", and nobody to tell", at);
            f = (memory_file){.bytes = b.p, .n = at, .size = at, .chunk = 1};
            source = memory_source(&f, skip, true);
            CHECK(read_source(&source, NULL, &m, NULL) == VF_ERR_DATA, "cut at %" PRIu64 ", and nobody to tell", at);
        }
    free(b.p);
    static const unsigned char other[] = "lmgg";
    memory_file f = {.bytes = other, .n = 4, .size = 100, .chunk = 1, .fail_at = 4};
    vf_source source = memory_source(&f, false, false);
    m = NULL;
    CHECK(read_source(&source, NULL, &m, &err) == VF_ERR_DATA && strstr(err.text, "an old GGML file"), "what it is is known: %s", err.text);
}

static bool cannot_skip(void *ctx, uint64_t n)
{
    (void)ctx;
    (void)n;
    return false;
}

static int64_t too_much(void *ctx, void *out, size_t n)
{
    (void)ctx;
    memset(out, 0, n);
    return (int64_t)n + 1;
}

/** Sources that break their word. */
static void test_sources(void)
{
    bytes b = {0};
    put_head(&b, 1, 1);
    put_array_key(&b, "x.a", VF_GGUF_U64, 100000);
    memory_file f = {.bytes = b.p, .n = b.n, .size = 1 << 20};
    vf_source source = memory_source(&f, true, false);
    source.skip = cannot_skip;
    vf_model *m = NULL;
    vf_error err = {0};
    CHECK(read_source(&source, NULL, &m, &err) == VF_ERR_IO, "a source that cannot skip");
    CHECK(strstr(err.text, "cannot skip ") && strstr(err.text, " bytes of the value of the key") && strcmp(err.key, "x.a") == 0, "%s: %s",
          err.key, err.text);
    source.read = too_much;
    CHECK(read_source(&source, NULL, &m, &err) == VF_ERR_IO && strcmp(err.text, "cannot read the GGUF magic") == 0, "more than was asked for: %s",
          err.text);
    free(b.p);
}

/* ---- parts -------------------------------------------------------------------------------------- */

typedef struct split {
    bytes part[2];
    memory_file file[2];
} split;

static vf_status open_part(void *ctx, uint32_t i, uint32_t n, vf_source *part, vf_error *err)
{
    split *s = ctx;
    (void)n;
    (void)err;
    s->file[i] = (memory_file){.bytes = s->part[i].p, .n = s->part[i].n, .size = s->part[i].n + 4096};
    *part = memory_source(&s->file[i], true, true);
    return VF_OK;
}

/** Two parts that have a tensor of one name, or not; nobody hears when a part is done. */
static void test_parts(void)
{
    for (int same = 0; same < 2; same++) {
        split s = {0};
        for (uint32_t i = 0; i < 2; i++) {
            put_head(&s.part[i], 1, (i == 0 ? SHAPE_KEYS : 2) + 2);
            if (i == 0)
                put_shape(&s.part[i], "llama");
            else /* what only the first part may say */
                put_text_key(&s.part[i], "general.name", "another"), put_u32_key(&s.part[i], "llama.block_count", 9);
            put_u32_key(&s.part[i], "split.no", i);
            put_u32_key(&s.part[i], "split.count", 2);
            put_tensor(&s.part[i], i == 0 || same ? "a" : "b", 4, 1, VF_TYPE_F32, 0);
        }
        for (int told = 0; told < 2; told++) {
            const vf_parts parts = {open_part, NULL, &s};
            vf_source source;
            vf_model *m = NULL;
            vf_error err = {0};
            (void)open_part(&s, 0, 2, &source, NULL);
            vf_status status = read_source(&source, &parts, &m, told ? &err : NULL);
            CHECK(status == (same ? VF_ERR_DATA : VF_OK), "%s", err.text);
            CHECK(!same || !told || (strcmp(err.text, "duplicate tensor name") == 0 && !err.has_byte && strcmp(err.key, "a") == 0), "%s: %s",
                  err.key, err.text);
            CHECK(!m || (m->n_layers == 2 && !m->name[0] && m->n_tensors == 2), "%zu tensors", m ? m->n_tensors : 0);
            vf_model_free(m);
        }
        free(s.part[0].p);
        free(s.part[1].p);
    }
}

/* ---- the limit of all headers ------------------------------------------------------------------- */

/** Three pieces of a file, and zeros between and behind them. */
typedef struct holes {
    struct {
        uint64_t at;
        bytes b;
    } piece[3];
    uint64_t pos;
} holes;

static int64_t holes_read(void *ctx, void *out, size_t n)
{
    holes *h = ctx;
    memset(out, 0, n);
    for (int i = 0; i < 3; i++) {
        uint64_t first = h->piece[i].at > h->pos ? h->piece[i].at : h->pos, end = h->piece[i].at + h->piece[i].b.n;
        end = end < h->pos + n ? end : h->pos + n;
        if (first < end)
            memcpy((char *)out + (first - h->pos), h->piece[i].b.p + (first - h->piece[i].at), (size_t)(end - first));
    }
    h->pos += n;
    return (int64_t)n;
}

static bool holes_skip(void *ctx, uint64_t n)
{
    ((holes *)ctx)->pos += n;
    return true;
}

/** Two arrays fill nearly all that may be read; the third, of empty strings, ends where it is full, or a string later:
 * what is within is read, what is not is refused at the byte where it is full. */
static void test_header_limit(void)
{
    enum { STRINGS = 1000 };
    for (uint64_t over = 0; over < 2; over++) {
        holes h = {0};
        bytes *first = &h.piece[0].b, *second = &h.piece[1].b, *third = &h.piece[2].b;
        put_head(first, 1, SHAPE_KEYS + 3);
        put_shape(first, "llama");
        put_array_key(first, "x.a", VF_GGUF_U64, VF_GGUF_ARRAY);
        put_array_key(third, "x.c", VF_GGUF_STR, STRINGS + over);
        h.piece[1].at = first->n + 8 * VF_GGUF_ARRAY;
        char key[] = "bbbbbbbb"; /* as many of these as leave whole elements */
        uint64_t rest = VF_GGUF_HEADER - h.piece[1].at - third->n - UINT64_C(8) * STRINGS;
        key[rest % 8 ? rest % 8 : 8] = 0;
        uint64_t left = rest - (8 + strlen(key) + 4 + 4 + 8); /* what an array's key takes */
        put_array_key(second, key, VF_GGUF_U64, left / 8);
        h.piece[2].at = h.piece[1].at + rest;
        vf_source source = {"holes", holes_read, holes_skip, &h, UINT64_MAX};
        vf_model *m = NULL;
        vf_error err = {0};
        CHECK(left % 8 == 0 && left / 8 <= VF_GGUF_ARRAY, "whole elements, and not too many");
        CHECK(read_source(&source, NULL, &m, &err) == VF_ERR_DATA, "over by %" PRIu64, over);
        CHECK(strstr(err.text, "goes beyond the limit of 256 MiB of GGUF header"), "%s", err.text);
        CHECK(over ? strstr(err.text, "value of the key") && strcmp(err.key, "x.c") == 0 : strstr(err.text, "tensor's name") != NULL, "%s: %s",
              err.key, err.text);
        CHECK_U64(err.byte, VF_GGUF_HEADER, "the byte");
        for (int i = 0; i < 3; i++)
            free(h.piece[i].b.p);
    }
}

int main(void)
{
    test_floats();
    test_decimals();
    test_versions();
    test_prefixes();
    test_names();
    test_unknown();
    test_vocabulary();
    test_strings();
    test_string_lengths();
    test_elements();
    test_unreadable();
    test_sources();
    test_parts();
    test_header_limit();
    return CHECK_END();
}
