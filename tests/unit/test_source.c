/* The bounded reader, and what a file is by its first bytes. */
#include "load/sniff.h"
#include "load/source.h"
#include "memory.h"

static memory_allocator counts;
static const vf_allocator a = {memory_resize, &counts};

static void test_limit(void)
{
    for (int skip = 0; skip < 2; skip++)
        for (uint64_t limit = 9; limit <= 11; limit++) {
            unsigned char bytes[32] = {0}, out[32];
            memory_file f = {.bytes = bytes, .n = sizeof bytes, .size = sizeof bytes, .chunk = 3};
            vf_source source = memory_source(&f, skip, true);
            vf_error err = {0};
            vf_src s;
            CHECK(vf_src_open(&s, &source, limit, "so many bytes", &a, &err) == VF_OK, "open");
            CHECK(vf_src_read(&s, out, 4) == VF_OK && s.pos == 4, "first four");
            vf_status status = skip ? vf_src_skip(&s, 6) : vf_src_read(&s, out, 6);
            CHECK(status == (limit < 10 ? VF_ERR_DATA : VF_OK), "limit %" PRIu64, limit);
            CHECK_U64(s.pos, limit < 10 ? 4 : 10, "position");
            CHECK(status == VF_OK || (strstr(err.text, "so many bytes") && err.byte == 4), "%s", err.text);
            CHECK(vf_src_skip(&s, UINT64_MAX) == VF_ERR_DATA, "wraps");
            vf_src_close(&s);
        }
}

static void test_end(void)
{
    for (int way = 0; way < 8; way++) {
        unsigned char bytes[10] = {1, 0, 0, 0, 0, 0, 0, 0x80, 2, 0}, out[8];
        memory_file f = {.bytes = bytes, .n = sizeof bytes, .size = sizeof bytes, .chunk = way & 1};
        vf_source source = memory_source(&f, way & 4, way & 6);
        vf_error err = {0};
        vf_src s;
        uint64_t v = 0;
        bool more = false;
        CHECK(vf_src_open(&s, &source, 100, "100 bytes", &a, &err) == VF_OK, "open");
        s.reading = "thing";
        vf_src_name(&s, "it's\n", 5);
        CHECK(vf_src_u64(&s, &v) == VF_OK, "u64");
        CHECK_U64(v, UINT64_C(0x8000000000000001), "little-endian");
        CHECK(vf_src_more(&s, &more) == VF_OK && more, "two more bytes");
        CHECK((way & 4 ? vf_src_skip(&s, 3) : vf_src_read(&s, out, 3)) == VF_ERR_DATA, "three more bytes, way %d", way);
        CHECK_STR(err.text, "truncated: end of file while reading the thing", "text");
        CHECK_STR(err.key, "it\\x27s\\x0A", "key");
        CHECK(err.has_byte && err.byte == 10, "byte %" PRIu64, err.byte);
        vf_src_close(&s);
    }
}

/** A file that is shorter than its size was when it was opened. */
static void test_shrunk(void)
{
    unsigned char bytes[4] = {0}, out[8];
    memory_file f = {.bytes = bytes, .n = sizeof bytes, .size = sizeof bytes};
    vf_source source = memory_source(&f, false, true);
    source.size = 1000;
    vf_error err = {0};
    vf_src s;
    CHECK(vf_src_open(&s, &source, 100, "100 bytes", &a, &err) == VF_OK, "open");
    CHECK(vf_src_read(&s, out, 8) == VF_ERR_DATA && err.byte == 4, "%s at %" PRIu64, err.text, err.byte);
    vf_src_close(&s);
}

/** A file that is smaller than what was read of it; text of a name beyond what is kept; nobody to tell. */
static void test_smaller(void)
{
    unsigned char bytes[64] = {0}, out[32];
    memory_file f = {.bytes = bytes, .n = sizeof bytes, .size = sizeof bytes};
    vf_source source = memory_source(&f, false, true);
    vf_error err = {0};
    vf_src s;
    char name[VF_SRC_NAME + 10];
    CHECK(vf_src_open(&s, &source, 100, "100 bytes", &a, &err) == VF_OK, "open");
    CHECK(vf_src_read(&s, out, 20) == VF_OK, "read");
    source.size = 19;
    CHECK(vf_src_read(&s, out, 1) == VF_ERR_DATA && err.byte == 20, "beyond the end that it has now: %" PRIu64, err.byte);
    source.size = 20;
    CHECK(vf_src_read(&s, out, 0) == VF_OK && vf_src_read(&s, out, 1) == VF_ERR_DATA && err.byte == 20, "at the end: %" PRIu64, err.byte);
    memset(name, 'n', sizeof name);
    for (size_t n = VF_SRC_NAME - 1; n <= VF_SRC_NAME + 1; n++) {
        vf_src_name(&s, name, n);
        CHECK_U64(s.n_name, n < VF_SRC_NAME ? n : VF_SRC_NAME, "bytes kept of a name");
    }
    s.err = NULL;
    CHECK(vf_src_read(&s, out, 1) == VF_ERR_DATA, "nobody to tell");
    vf_src_close(&s);
    vf_src_close(&s); /* twice does no harm */
    memory_file empty = {.bytes = bytes, .n = 0, .size = 0};
    source = memory_source(&empty, false, true);
    CHECK(vf_src_open(&s, &source, 100, "100 bytes", &a, &err) == VF_OK && vf_src_read(&s, out, 1) == VF_ERR_DATA, "nothing there");
    CHECK_STR(err.text, "the file is empty", "nothing there");
    vf_src_close(&s);
}

static void test_sniff(void)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *is;
    } rows[] = {
        {"GGUF", 4, "a GGUF file"}, {"GGU", 3, NULL}, {"{", 1, "JSON"}, {"\x1f\x8b", 2, "gzip data; unpack it first"}, {"\x1f", 1, NULL},
        {"\x80\x02", 2, "a Python pickle"}, {"<!doctype", 9, "a web page"}, {"<!DOCTYPE", 9, "a web page"}, {"<html", 5, "a web page"},
        {"fmgg", 4, "an old GGMF file; convert it to GGUF"}, {"tjgg", 4, "an old GGJT file; convert it to GGUF"},
        {"\x10\0\0\0\0\0\0\0{", 9, "a safetensors file"}, {"\x10\0\0\0\0\0\0\0{", 8, NULL}, {"\x10\0\0\0\0\0\0\1{", 9, NULL},
        {"\x10\0\0\0\1\0\0\0{", 9, NULL}, {"\xFF\xFF\xFF\xFF\0\0\0\0{", 9, "a safetensors file"}, {"\x10\0\0\0\0\0\0\0[", 9, NULL}, {"", 0, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *is = vf_sniff(rows[i].bytes, rows[i].n);
        CHECK((is == NULL) == (rows[i].is == NULL) && (!is || strcmp(is, rows[i].is) == 0), "row %zu: %s", i, is ? is : "nothing");
    }
}

int main(void)
{
    test_limit();
    test_end();
    test_shrunk();
    test_smaller();
    test_sniff();
    CHECK_U64(counts.in_use, 0, "bytes not given back");
    return CHECK_END();
}
