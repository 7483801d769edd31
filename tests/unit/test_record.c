/* JSON documents, and records filled by field tables. */
#include "check.h"

#include "load/catalog/record.h"

CHECK_ALLOCATOR(heap);

typedef struct sample {
    vf_str name;
    vf_span aliases;
    uint32_t count, flag, factor, bits;
    uint64_t set;
    uint64_t big;
    bool on;
    uint8_t color, colors[4];
    vf_per_layer heads;
    struct {
        uint32_t x, y;
    } point, other;
} sample;

static const vf_choice colors[] = {{"red", 1}, {"green", 2}, {"blue", 3}, {NULL, 0}};
static const vf_field xy[] = {
    {"x", VF_FIELD_U32, 0, 0, 9, NULL, NULL, true, ""},
    {"y", VF_FIELD_U32, 4, 0, 9, NULL, NULL, false, ""},
    {NULL, VF_FIELD_U32, 0, 0, 0, NULL, NULL, false, ""},
};
#define AT(field) offsetof(sample, field)
static const vf_field fields[] = {
    {"name", VF_FIELD_STRING, AT(name), 1, 12, NULL, NULL, true, ""},
    {"aliases", VF_FIELD_STRINGS, AT(aliases), 0, 0, NULL, NULL, false, ""},
    {"count", VF_FIELD_U32, AT(count), 1, 100, NULL, NULL, true, ""},
    {"flag", VF_FIELD_FLAG, AT(flag), 0, 1, NULL, NULL, false, ""},
    {"factor", VF_FIELD_FACTOR, AT(factor), 0, 1, NULL, NULL, false, ""},
    {"set", VF_FIELD_BITS, AT(set), 0, 0, colors, NULL, false, ""},
    {"bits", VF_FIELD_MILLI, AT(bits), 250, 32000, NULL, NULL, false, ""},
    {"big", VF_FIELD_U64, AT(big), 0, UINT64_MAX, NULL, NULL, false, ""},
    {"on", VF_FIELD_BOOL, AT(on), 0, 0, NULL, NULL, false, ""},
    {"color", VF_FIELD_ENUM, AT(color), 0, 0, colors, NULL, false, ""},
    {"colors", VF_FIELD_ENUMS, AT(colors), 0, 3, colors, NULL, false, ""},
    {"attention.head_count", VF_FIELD_PER_LAYER, AT(heads), 0, 64, NULL, NULL, false, ""},
    {"point", VF_FIELD_OBJECT, AT(point), 0, 0, NULL, xy, false, ""},
    {"other", VF_FIELD_OBJECT, AT(other), 0, 0, NULL, xy, false, ""},
    {NULL, VF_FIELD_U32, 0, 0, 0, NULL, NULL, false, ""},
};

typedef struct log {
    uint32_t count;
    char ids[400];
    vf_error last;
} finding_log;

static bool note(void *ctx, const vf_finding *finding)
{
    finding_log *l = ctx;
    l->count++;
    snprintf(l->ids + strlen(l->ids), sizeof l->ids - strlen(l->ids), "%s ", finding->id);
    l->last = finding->error;
    return true;
}

/** Reads `text` into *out; the pools are kept for the caller. */
static bool read_text(const char *text, sample *out, vf_pools *pools, finding_log *l, vf_error *err)
{
    vf_json j;
    memset(out, 0, sizeof *out);
    memset(l, 0, sizeof *l);
    vf_error first = {0};
    if (vf_json_open(&j, "t.json", text, strlen(text), false, &heap, &first) != VF_OK) {
        *err = first;
        return false;
    }
    vf_reader r = {.json = &j, .pools = pools, .fn = note, .ctx = l, .err = err, .with_places = true};
    bool ok = vf_record_read(&r, j.root, fields, out);
    CHECK(ok == (l->count == 0), "%s: result and findings agree", text);
    vf_reader_free(&r);
    vf_json_close(&j);
    return ok;
}

static void test_good(void)
{
    sample s;
    finding_log l;
    vf_pools pools;
    vf_error err = {0};
    CHECK(vf_pools_init(&pools, &heap), "pools");
    bool ok = read_text("{\"name\":\"x\\u00e9\",\"aliases\":[\"a\",\"bc\"],\"count\":100,\"flag\":0.5,\"factor\":1.0,\"set\":[\"blue\",\"red\"],\"bits\":4.5,"
                        "\"big\":9007199254740992,\"on\":true,\"color\":\"blue\",\"colors\":[\"red\",\"green\"],"
                        "\"attention.head_count\":[1,2,true],\"point\":{\"x\":1,\"y\":2},\"other\":{\"x\":3}}",
                        &s, &pools, &l, &err);
    CHECK(ok, "%s", err.text);
    CHECK_STR(pools.text + s.name.offset, "x\xC3\xA9", "name");
    CHECK_U64(s.aliases.count, 2, "aliases");
    CHECK_STR(pools.text + pools.u32[s.aliases.first + 1], "bc", "second alias");
    CHECK_U64(s.count, 100, "count");
    CHECK_U64(s.flag, 1, "flag");
    CHECK_U64(s.factor, 0, "a factor of 1");
    CHECK_U64(s.set, 1 << 3 | 1 << 1, "a set of choices");
    CHECK_U64(s.bits, 4500, "bits");
    CHECK_U64(s.big, UINT64_C(1) << 53, "big");
    CHECK(s.on && s.color == 3 && s.colors[0] == 1 && s.colors[1] == 2 && s.colors[2] == 0, "choices");
    CHECK(s.heads.count == 3 && pools.u32[s.heads.first + 2] == 1, "per layer");
    CHECK(s.point.x == 1 && s.point.y == 2 && s.other.x == 3 && s.other.y == 0, "objects");
    ok = read_text("{\"name\":\"x\",\"count\":1.0e1,\"bits\":6.5625,\"attention.head_count\":8,\"flag\":false}", &s,
                   &pools, &l, &err);
    CHECK(ok && s.count == 10 && s.bits == 6563 && s.heads.value == 8 && s.heads.count == 0 && s.flag == 0, "%s",
          err.text);
    vf_pools_free(&pools);
}

#define GOOD "\"name\":\"x\",\"count\":1"
static const struct {
    const char *text, *ids;
    uint32_t line, column;
    const char *key, *says;
} bad[] = {
    {"[]", "wrong-type ", 1, 1, "", "found an array, expected an object"},
    {"{\"name\":\"x\"}", "missing-key ", 1, 1, "", "key 'count' is missing"},
    {"{" GOOD ",\n \"cuont\":2}", "unknown-key ", 2, 2, "/cuont", "unknown key 'cuont', did you mean 'count'?"},
    {"{" GOOD ",\"Count\":2}", "unknown-key ", 1, 23, "/Count", "did you mean 'count'?"},
    {"{" GOOD ",\"attention.head_counts\":2}", "unknown-key ", 1, 23, "/attention.head_counts",
     "did you mean 'attention.head_count'?"},
    {"{" GOOD ",\"zzzzzzz\":2}", "unknown-key ", 1, 23, "/zzzzzzz", "unknown key 'zzzzzzz'"},
    {"{" GOOD ",\"a\\nb\":2}", "unknown-key ", 1, 23, "/'a\\x0Ab'", "'a\\x0Ab'"},
    {"{\"name\":\"x\",\"count\":0}", "out-of-range ", 1, 21, "/count", "found 0, expected an integer from 1 to 100"},
    {"{\"name\":\"x\",\"count\":101}", "out-of-range ", 1, 21, "/count", "found 101"},
    {"{\"name\":\"x\",\"count\":-1}", "out-of-range ", 1, 21, "/count", "found -1,"},
    {"{\"name\":\"x\",\"count\":1.5}", "out-of-range ", 1, 21, "/count", "found 1.5,"},
    {"{\"name\":\"x\",\"count\":1e300}", "out-of-range ", 1, 21, "/count", "found 1e300,"},
    {"{\"name\":\"x\",\"count\":\"1\"}", "wrong-type ", 1, 21, "/count", "found the string '1', expected an integer"},
    {"{\"name\":\"x\",\"count\":null}", "wrong-type ", 1, 21, "/count", "found null"},
    {"{\"name\":\"x\",\"count\":true}", "wrong-type ", 1, 21, "/count", "found true"},
    {"{\"name\":\"x\",\"count\":[1]}", "wrong-type ", 1, 21, "/count", "found an array"},
    {"{\"name\":\"x\",\"count\":{}}", "wrong-type ", 1, 21, "/count", "found an object"},
    {"{\"name\":\"\",\"count\":1}", "out-of-range ", 1, 9, "/name", "empty"},
    {"{\"name\":\"1234567890123\",\"count\":1}", "out-of-range ", 1, 9, "/name", "13 bytes, expected at most 12"},
    {"{\"name\":\"a\\nb\",\"count\":1}", "bad-text ", 1, 9, "/name", "at byte 1"},
    {"{\"name\":\"a\\u202eb\",\"count\":1}", "bad-text ", 1, 9, "/name", "at byte 1"},
    {"{\"name\":7,\"count\":1}", "wrong-type ", 1, 9, "/name", "found 7, expected a string"},
    {"{" GOOD ",\"aliases\":\"a\"}", "wrong-type ", 1, 33, "/aliases", "expected an array of strings"},
    {"{" GOOD ",\"aliases\":[\"a\",\"\"]}", "out-of-range ", 1, 38, "/aliases/1", "empty"},
    {"{" GOOD ",\"aliases\":[1]}", "wrong-type ", 1, 34, "/aliases/0", "found 1, expected a string"},
    {"{" GOOD ",\"color\":\"pink\"}", "unknown-choice ", 1, 31, "/color", "'pink' is none of 'red', 'green', 'blue'"},
    {"{" GOOD ",\"color\":3}", "wrong-type ", 1, 31, "/color", "expected a string"},
    {"{" GOOD ",\"colors\":[\"red\",\"red\",\"red\",\"red\"]}", "out-of-range ", 1, 51, "/colors/3", "more than 3"},
    {"{" GOOD ",\"colors\":[\"x\"]}", "unknown-choice ", 1, 33, "/colors/0", "'x' is none of"},
    {"{" GOOD ",\"bits\":0.2499}", "", 0, 0, "", ""},
    {"{" GOOD ",\"bits\":0.24949999}", "out-of-range ", 1, 30, "/bits", "from 0.250"},
    {"{" GOOD ",\"bits\":32.00049999}", "", 0, 0, "", ""},
    {"{" GOOD ",\"bits\":32.0005}", "out-of-range ", 1, 30, "/bits", "32.000"},
    {"{" GOOD ",\"bits\":1E1}", "wrong-type ", 1, 30, "/bits", "exponent"},
    {"{" GOOD ",\"bits\":-0.5e1}", "out-of-range ", 1, 30, "/bits", "found -0.5e1"},
    {"{" GOOD ",\"attention.head_count\":64}", "", 0, 0, "", ""},
    {"{" GOOD ",\"attention.head_count\":65}", "out-of-range ", 1, 46, "/attention.head_count", "found 65"},
    {"{" GOOD ",\"attention.head_count\":1.5}", "out-of-range ", 1, 46, "/attention.head_count", "found 1.5"},
    {"{\"name\":\"twelve bytes\",\"count\":1}", "", 0, 0, "", ""},
    {"{\"name\":\"thirteen byte\",\"count\":1}", "out-of-range ", 1, 9, "/name", "a string of 13 bytes, expected at most 12"},
    {"{\"name\":\"x\",\"count\":100}", "", 0, 0, "", ""},
    {"{\"name\":\"x\",\"count\":101}", "out-of-range ", 1, 21, "/count", "found 101, expected an integer from 1 to 100"},
    {"{" GOOD ",\"bits\":0.2494}", "out-of-range ", 1, 30, "/bits", "from 0.250 to 32.000"},
    {"{" GOOD ",\"bits\":32.001}", "out-of-range ", 1, 30, "/bits", "from 0.250 to 32.000"},
    {"{" GOOD ",\"bits\":1e1}", "wrong-type ", 1, 30, "/bits", "exponent"},
    {"{" GOOD ",\"bits\":-4}", "out-of-range ", 1, 30, "/bits", "found -4, expected a number from 0.250"},
    {"{" GOOD ",\"bits\":99999999999999999999.5}", "out-of-range ", 1, 30, "/bits", "32.000"},
    {"{" GOOD ",\"colors\":\"red\"}", "wrong-type ", 1, 32, "/colors", "expected an array of strings"},
    {"{" GOOD ",\"set\":\"red\"}", "wrong-type ", 1, 29, "/set", "expected an array of strings"},
    {"{" GOOD ",\"set\":[\"red\",\"x\"]}", "unknown-choice ", 1, 36, "/set/1", "'x' is none of"},
    {"{" GOOD ",\"factor\":\"1\"}", "wrong-type ", 1, 32, "/factor", "expected a number"},
    {"{" GOOD ",\"bits\":\"4\"}", "wrong-type ", 1, 30, "/bits", "expected a number"},
    {"{" GOOD ",\"on\":1}", "wrong-type ", 1, 28, "/on", "expected true or false"},
    {"{" GOOD ",\"flag\":\"1\"}", "wrong-type ", 1, 30, "/flag", "expected a number, true or false"},
    {"{" GOOD ",\"attention.head_count\":[]}", "wrong-type ", 1, 46, "/attention.head_count", "empty array"},
    {"{" GOOD ",\"attention.head_count\":[1,65]}", "out-of-range ", 1, 49, "/attention.head_count/1", "found 65"},
    {"{" GOOD ",\"attention.head_count\":\"8\"}", "wrong-type ", 1, 46, "/attention.head_count", "integer or an array"},
    {"{" GOOD ",\"point\":{\"y\":1}}", "missing-key ", 1, 31, "/point", "key 'x' is missing"},
    {"{" GOOD ",\"point\":{\"x\":10}}", "out-of-range ", 1, 36, "/point/x", "found 10"},
    {"{" GOOD ",\"point\":[1]}", "wrong-type ", 1, 31, "/point", "expected an object"},
    {"{\"count\":0,\n\"on\":1,\n\"bits\":\"x\"}", "out-of-range wrong-type wrong-type missing-key ", 1, 1, "", "'name'"},
};

/* Of a flag it matters whether it is 0, of a factor whether it is 1, too. */
static void test_flags(void)
{
    static const struct {
        const char *value;
        uint32_t flag, factor;
    } rows[] = {{"0", 0, 0}, {"-0.0", 0, 0}, {"1", 1, 0}, {"1.0", 1, 0}, {"-1", 1, 1}, {"0.5", 1, 1}, {"2", 1, 1}, {"1e-300", 1, 1}, {"true", 1, 1}, {"false", 0, 0}};
    vf_pools pools;
    CHECK(vf_pools_init(&pools, &heap), "pools");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[200];
        sample s;
        finding_log l;
        vf_error err = {0};
        (void)snprintf(text, sizeof text, "{" GOOD ",\"flag\":%s,\"factor\":%s}", rows[i].value, rows[i].value);
        CHECK(read_text(text, &s, &pools, &l, &err), "%s: %s", text, err.text);
        CHECK_U64(s.flag, rows[i].flag, text);
        CHECK_U64(s.factor, rows[i].factor, text);
    }
    vf_pools_free(&pools);
}

/* Without anybody who listens, reading ends at the first error. */
static void test_quiet(void)
{
    static const char text[] = "{\"name\":7,\"count\":0}";
    vf_json j;
    vf_pools pools;
    vf_error err = {0};
    sample s = {0};
    CHECK(vf_pools_init(&pools, &heap) && vf_json_open(&j, "t.json", text, strlen(text), false, &heap, &err) == VF_OK, "%s", err.text);
    for (int told = 0; told < 2; told++) {
        vf_reader r = {.json = &j, .pools = &pools, .err = told ? &err : NULL};
        CHECK(!vf_record_read(&r, j.root, fields, &s) && r.status == VF_ERR_DATA && r.stop, "stopped");
        CHECK(!told || strcmp(err.key, "/name") == 0, "%s: %s", err.key, err.text);
        vf_reader_free(&r);
    }
    vf_json_close(&j);
    vf_pools_free(&pools);
}

static void test_bad(void)
{
    sample s;
    finding_log l;
    vf_pools pools;
    CHECK(vf_pools_init(&pools, &heap), "pools");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        vf_error err = {0};
        const char *text = bad[i].text;
        CHECK(read_text(text, &s, &pools, &l, &err) == (bad[i].ids[0] == 0), "%s: %s", text, err.text);
        CHECK_STR(l.ids, bad[i].ids, text);
        if (!bad[i].ids[0])
            continue;
        CHECK(l.last.line == bad[i].line && l.last.column == bad[i].column, "%s: at %u:%u, want %u:%u", text,
              l.last.line, l.last.column, bad[i].line, bad[i].column);
        CHECK_STR(l.last.key, bad[i].key, text);
        CHECK_STR(l.last.file, "t.json", text);
        CHECK(strstr(l.last.text, bad[i].says), "%s: '%s' should say '%s'", text, l.last.text, bad[i].says);
        CHECK(err.status == VF_ERR_DATA, "the first error is kept");
    }
    vf_pools_free(&pools);
}

/* Every node's place, also with keys that hold quotes and backslashes, and with NaN blanked. */
static void test_places(void)
{
    static const char text[] = "\xEF\xBB\xBF{ \"a\\\\\" : [ NaN , -Infinity,{}, [] ,\n \"\\\"x\" ], \"b\\\"\":\t{\"c\" :true},"
                               " \"d\": \"NaN\" }";
    vf_json j;
    vf_error err = {0};
    CHECK(vf_json_open(&j, "f", text, strlen(text), true, &heap, &err) == VF_OK, "%s", err.text);
    const cJSON *a = vf_json_member(j.root, "a\\"), *b = vf_json_member(j.root, "b\""), *d = vf_json_member(j.root, "d");
    CHECK(a && b && d && !vf_json_member(j.root, "A\\"), "members, letter for letter");
    CHECK_U64(vf_json_at(&j, j.root, false), 3, "root");
    CHECK_U64(vf_json_at(&j, a, true), 5, "key a");
    CHECK_U64(vf_json_at(&j, a, false), (size_t)(strstr(text, "[ NaN") - text), "a");
    const char *const items[] = {"NaN ,", "-Infinity", "{},", "[] ", "\"\\\"x\""};
    size_t i = 0;
    for (const cJSON *item = a->child; item; item = item->next, i++)
        CHECK_U64(vf_json_at(&j, item, true), (size_t)(strstr(text, items[i]) - text), items[i]);
    CHECK_U64(i, 5, "items");
    CHECK(cJSON_IsNull(a->child) && cJSON_IsNull(a->child->next), "not finite is null");
    CHECK_U64(vf_json_at(&j, b, true), (size_t)(strstr(text, "\"b\\\"") - text), "key b");
    CHECK_U64(vf_json_at(&j, b->child, true), (size_t)(strstr(text, "\"c\"") - text), "key c");
    CHECK_STR(d->valuestring, "NaN", "a string stays");
    char path[128];
    CHECK_STR(vf_json_path(&j, b->child, path, sizeof path), "/b\"/c", "path");
    CHECK_STR(vf_json_path(&j, a->child->next, path, sizeof path), "/a\\/1", "path");
    CHECK_STR(vf_json_path(&j, b->child, path, 4), "/b\"", "path, cut");
    CHECK(vf_json_fail(&j, a, NULL, VF_ERR_RANGE, "x") == VF_ERR_RANGE, "err may be NULL");
    CHECK(vf_json_fail(&j, NULL, &err, VF_ERR_RANGE, "x") == VF_ERR_RANGE && err.line == 0 && err.key[0] == 0, "no node");
    cJSON stranger = {0};
    CHECK_STR(vf_json_path(&j, &stranger, path, sizeof path), "", "of another document");
    vf_json_close(&j);
    CHECK(vf_json_open(&j, "f", "[1", 2, true, &heap, &err) == VF_ERR_DATA && strcmp(err.file, "f") == 0, "file");
}

static void test_getters(void)
{
    static const char text[] = "{\"n\":5,\"z\":null,\"s\":\"x\",\"b\":true,\"o\":{},\"a\":[],\"m\":4294967296}";
    vf_json j;
    vf_error err = {0};
    CHECK(vf_json_open(&j, "f", text, strlen(text), false, &heap, &err) == VF_OK, "%s", err.text);
    uint32_t n = 7;
    bool b = false;
    const char *s = "";
    const cJSON *node;
    CHECK(vf_json_get_u32(&j, j.root, "n", 0, 5, &n, &err) == VF_OK && n == 5, "n");
    CHECK(vf_json_get_u32(&j, j.root, "N", 0, 5, &n, &err) == VF_OK && n == 5, "absent: unchanged");
    CHECK(vf_json_get_u32(&j, j.root, "z", 0, 5, &n, &err) == VF_OK && n == 5, "null: unchanged");
    CHECK(vf_json_get_u32(&j, j.root, "n", 6, 9, &n, &err) == VF_ERR_DATA, "below");
    CHECK(strcmp(err.text, "found 5, expected an integer from 6 to 9") == 0 && strcmp(err.key, "/n") == 0, "%s %s",
          err.key, err.text);
    CHECK(vf_json_get_u32(&j, j.root, "m", 0, UINT32_MAX, &n, &err) == VF_ERR_DATA && n == 5, "2^32");
    CHECK(vf_json_get_bool(&j, j.root, "b", &b, &err) == VF_OK && b, "b");
    CHECK(vf_json_get_bool(&j, j.root, "n", &b, &err) == VF_ERR_DATA, "a number is no truth value");
    CHECK(vf_json_get_string(&j, j.root, "s", &s, &err) == VF_OK && strcmp(s, "x") == 0, "s");
    CHECK(vf_json_get_string(&j, j.root, "o", &s, &err) == VF_ERR_DATA, "an object is no string");
    CHECK(vf_json_get_object(&j, j.root, "o", &node, &err) == VF_OK && node, "o");
    CHECK(vf_json_get_object(&j, j.root, "a", &node, &err) == VF_ERR_DATA, "an array is no object");
    CHECK(vf_json_get_array(&j, j.root, "a", &node, &err) == VF_OK && node, "a");
    CHECK(vf_json_get_array(&j, j.root, "z", &node, &err) == VF_OK && !node, "null is absent");
    vf_json_close(&j);
}

int main(void)
{
    test_good();
    test_bad();
    test_flags();
    test_quiet();
    test_places();
    test_getters();
    return CHECK_END();
}
