/* The bounded reader. */
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

int main(void)
{
    test_limit();
    test_end();
    test_shrunk();
    CHECK_U64(counts.in_use, 0, "bytes not given back");
    return CHECK_END();
}
