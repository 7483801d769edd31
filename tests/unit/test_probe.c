#define _POSIX_C_SOURCE 200809L
/* What the files of the kernel and NVML's answers are made of: text to numbers, names, holders, the order of cards. */
#include "check.h"
#include "probe/files.h"
#include "probe/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void numbers(void)
{
    static const struct {
        const char *text;
        bool good;
        uint64_t v;
    } rows[] = {{"0\n", true, 0},
                {" 42 \n", true, 42},
                {"0x10de\n", true, 0x10de},
                {"0XFF", true, 255},
                {"18446744073709551615", true, UINT64_MAX},
                {"18446744073709551616", false, 0},
                {"0xffffffffffffffff", true, UINT64_MAX},
                {"0x1ffffffffffffffff", false, 0},
                {"", false, 0},
                {"\n", false, 0},
                {"-1", false, 0},
                {"+1", false, 0},
                {"0x", false, 0},
                {"12 34", false, 0},
                {"1e3", false, 0},
                {"12z", false, 0},
                {"12a", false, 0},
                {"0x1g", false, 0},
                {"0x7", true, 7},
                {"1`", false, 0},
                {"0x1@", false, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t v = 0;
        bool good = vf_text_number(rows[i].text, strlen(rows[i].text), &v);
        CHECK(good == rows[i].good && (!good || v == rows[i].v), "'%s': %d, %llu", rows[i].text, good, (unsigned long long)v);
    }
    uint64_t v;
    CHECK(vf_text_number("129", 2, &v) && v == 12 && vf_text_number("0x1ff", 4, &v) && v == 31, "what lies behind is not looked at");
}

static void values(void)
{
    static const char text[] = "MemTotal:       16 kB\ndrm-memory-vram:\t3 MiB\nlocation_id 768\nDRIVER=amdgpu\nbare\ndrm-memory-vram0: 9\nzebra: 4 zebras\nlast: 5";
    uint64_t v;
    size_t n;
    const char *p = vf_text_value(text, "DRIVER", &n);
    CHECK(p && n == 6 && memcmp(p, "amdgpu", 6) == 0, "DRIVER");
    CHECK(vf_text_value(text, "bare", &n) && n == 0, "a key without value");
    CHECK(!vf_text_value(text, "Mem", &n) && !vf_text_value("", "x", &n), "a key that is not there");
    CHECK(vf_text_bytes(text, "MemTotal", &v) && v == 16384, "kB is 1024");
    CHECK(vf_text_bytes(text, "drm-memory-vram", &v) && v == 3u << 20, "MiB");
    CHECK(vf_text_bytes(text, "location_id", &v) && v == 768, "no unit");
    CHECK(vf_text_bytes(text, "last", &v) && v == 5, "no newline at the end");
    CHECK(!vf_text_bytes(text, "zebra", &v), "an unknown unit");
    CHECK(!vf_text_bytes("a: 18446744073709551615 kB", "a", &v) && !vf_text_bytes("a: 18014398509481984 kB", "a", &v), "too large");
    CHECK(vf_text_bytes("a: 18014398509481983 kB", "a", &v) && v == UINT64_MAX - 1023, "just not");
    CHECK(!vf_text_bytes("a: 17179869184 GiB", "a", &v) && vf_text_bytes("a: 17179869183 GiB", "a", &v) && v == UINT64_C(17179869183) << 30, "GiB");
}

static void names(void)
{
    static const char table[] = "# List\n1.0.0\n744C,\tC8,\tAMD Radeon RX 7900 XTX\n744C,\tCC, AMD Radeon RX 7900 XT \n744C,\tCD,\tFace, and more\n15BF,\t01,\n,,\n66A1,\nE,\tF,\tOne digit";
    char out[32];
    CHECK(vf_text_amd_name(table, 0x744c, 0xc8, out, sizeof out) && strcmp(out, "AMD Radeon RX 7900 XTX") == 0, "%s", out);
    CHECK(vf_text_amd_name(table, 0x744c, 0xcc, out, sizeof out) && strcmp(out, "AMD Radeon RX 7900 XT") == 0, "%s", out);
    CHECK(vf_text_amd_name(table, 0x744c, 0xcd, out, sizeof out) && strcmp(out, "Face, and more") == 0, "a name like a number: %s", out);
    CHECK(vf_text_amd_name(table, 0xe, 0xf, out, sizeof out) && strcmp(out, "One digit") == 0, "%s", out);
    CHECK(!vf_text_amd_name(table, 0, 0, out, sizeof out), "no numbers");
    CHECK(!vf_text_amd_name(table, 0x744c, 0xff, out, sizeof out), "another revision");
    CHECK(vf_text_amd_name(table, 0x15bf, 1, out, sizeof out) && !out[0], "no name");
    vf_text_clean(out, sizeof out, "\t\x1b[1mX\xff\xc3\xa4 \n", 10);
    CHECK(strcmp(out, "?[1mX?\xc3\xa4") == 0, "%s", out);
    vf_text_clean(out, 4, "abcdef", 6);
    CHECK(strcmp(out, "abc") == 0, "%s", out);
    vf_text_clean(out, 4, "ab\xc3\xa4", 4);
    CHECK(strcmp(out, "ab") == 0, "cut between characters: %s", out);
    vf_text_clean(out, sizeof out, "a\xc3\xa4", 2);
    CHECK(strcmp(out, "a?") == 0, "what lies behind is not looked at: %s", out);
}

static void slots(void)
{
    static const char *const bad[] = {"", "0000", "0000:03", "0000:03:00", "0000:03:00.8", "0000:03:20.0", "0000:100:00.0", "0000:03:00.0.0",
                                      "g000:03:00.0", "0000:03:00.", "fffffffff:03:00.0", "1000000:03:00.0"};
    uint32_t domain, location;
    CHECK(vf_text_slot("0001:C4:1f.7", &domain, &location) && domain == 1 && location == 0xc4ff, "%u %x", domain, location);
    CHECK(vf_text_slot("00000000:01:00.0", &domain, &location) && domain == 0 && location == 0x100, "NVML's eight digits");
    CHECK(vf_text_slot("ffffff:ff:1f.7", &domain, &location) && domain == 0xffffff && location == 0xffff, "the last of all");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK(!vf_text_slot(bad[i], &domain, &location), "%s", bad[i]);
}

static void holders(void)
{
    vf_machine_card card = {0};
    for (uint32_t i = 0; i < 20; i++)
        vf_card_holder(&card, 100 + i, i % 2 ? i : 100 - i);
    CHECK(card.n_holders == VF_MACHINE_HOLDERS && card.more_holders == 20 - VF_MACHINE_HOLDERS, "%u and %u", card.n_holders, card.more_holders);
    for (uint32_t i = 1; i < card.n_holders; i++)
        CHECK(card.holder[i - 1].bytes >= card.holder[i].bytes, "at %u", i);
    CHECK(card.holder[0].pid == 100 && card.holder[0].bytes == 100, "the largest first");
    card = (vf_machine_card){0};
    vf_card_holder(&card, 1, UINT64_MAX);
    vf_card_holder(&card, 2, 5);
    vf_card_holder(&card, 2, 3);
    vf_card_holder(&card, 1, 9);
    CHECK(card.n_holders == 2 && card.holder[0].pid == 1 && card.holder[0].bytes == 9 && card.holder[1].bytes == 5, "the larger of two words counts");
    vf_card_holder(&card, 1, UINT64_MAX);
    CHECK(card.holder[0].bytes == 9, "what is told beats what is not");
    /* one among others that turns out to hold more: the others stay as they are */
    card = (vf_machine_card){0};
    for (uint32_t i = 0; i < 5; i++)
        vf_card_holder(&card, 10 + i, 50 - 10 * i);
    vf_card_holder(&card, 13, 45);
    static const uint32_t pid[] = {10, 13, 11, 12, 14}, bytes[] = {50, 45, 40, 30, 10};
    for (uint32_t i = 0; i < 5; i++)
        CHECK(card.n_holders == 5 && card.holder[i].pid == pid[i] && card.holder[i].bytes == bytes[i], "holder %u is %u", i, card.holder[i].pid);
    card = (vf_machine_card){0};
    for (uint32_t i = 0; i < 3; i++)
        vf_card_holder(&card, 20 + i, 7);
    CHECK(card.holder[0].pid == 20 && card.holder[1].pid == 21 && card.holder[2].pid == 22, "those of one size in the order in which they were told of");
    /* what lies behind the list is not the list's */
    static vf_machine_card two[2];
    memcpy(two[0].note, "a note", 7);
    for (uint32_t i = 0; i < VF_MACHINE_HOLDERS + 3; i++)
        vf_card_holder(&two[0], i, 100 - i);
    vf_card_holder(&two[0], VF_MACHINE_HOLDERS - 1, 1000);
    CHECK(two[0].holder[0].bytes == 1000 && two[0].n_holders == VF_MACHINE_HOLDERS, "the last is the first");
    CHECK_STR(two[0].note, "a note", "behind the list");
    CHECK(two[0].more_holders == 3 && two[1].n_holders == 0 && two[1].total == 0, "and behind the card");
}

static void memory(void)
{
    vf_machine_card card = {0};
    vf_card_memory(&card, 0, 0, true, 0);
    CHECK(!card.has_total, "none");
    vf_card_memory(&card, 1, 0, true, 0);
    CHECK(card.has_total && card.total == 1, "the least");
    vf_card_memory(&card, UINT64_C(1) << 60, 0, true, 0);
    CHECK(card.has_total && card.total == UINT64_C(1) << 60, "the most");
    vf_card_memory(&card, (UINT64_C(1) << 60) + 1, 0, true, 0);
    CHECK(!card.has_total, "absurd");
    vf_card_memory(&card, 100, 100, true, 200);
    CHECK(card.has_total && card.reserved == 0 && card.used == 100, "more than all");
    vf_card_memory(&card, 100, 10, true, 95);
    CHECK(card.reserved == 10 && card.used == 90, "%llu", (unsigned long long)card.used);
    vf_card_memory(&card, 100, 10, false, 50);
    CHECK(!card.has_used && card.used == 0, "unknown");
}

/* The order of `n` cards A, B, C ... under a list; hidden ones in lower case. */
static const char *order(const char *visible, uint32_t n)
{
    static vf_machine m;
    static char out[VF_MACHINE_CARDS + 1];
    m = (vf_machine){.n_cards = n};
    for (uint32_t i = 0; i < n; i++) {
        m.card[i].gfx = i; /* carries the number */
        (void)snprintf(m.card[i].uuid, sizeof m.card[i].uuid, "GPU-%c%c-%u", (char)('p' + i / 2), (char)('a' + i), i);
    }
    vf_probe_visible(&m, visible);
    for (uint32_t i = 0; i < n; i++)
        out[i] = (char)((m.card[i].hidden ? 'a' : 'A') + (int)m.card[i].gfx);
    out[n] = 0;
    return out;
}

static void visible(void)
{
    static const struct {
        const char *list, *want;
    } rows[] = {{NULL, "ABCD"}, {"", "abcd"}, {"0,1,2,3", "ABCD"}, {"3,2,1,0", "DCBA"}, {"2", "Cabd"}, {"3,0", "DAbc"}, {"1,9,2", "Bacd"},
                {"1,1,2", "Bacd"}, {"GPU-qc", "Cabd"}, {"GPU-q,0", "abcd"}, {"GPU-", "abcd"}, {"0,", "Abcd"}, {",0", "abcd"}, {" 2 ,1", "CBad"}, {"GPU-qc  , GPU-pa ", "CAbd"},
                {"2 1", "abcd"}, {"2,0,3,1", "CADB"}};
    static const char all[] = "15,14,13,12,11,10,9,8,7,6,5,4,3,2,1,0";
    CHECK_STR(order(all, 16), "PONMLKJIHGFEDCBA", all);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK(strcmp(order(rows[i].list, 4), rows[i].want) == 0, "'%s': %s, not %s", rows[i].list ? rows[i].list : "(none)",
              order(rows[i].list, 4), rows[i].want);
    vf_machine m = {.n_cards = 2, .card = {{.maker = VF_MAKER_AMD}, {.maker = VF_MAKER_INTEL}}};
    vf_probe_visible(&m, "");
    CHECK(!m.card[0].hidden && !m.card[1].hidden, "other makers' cards are not CUDA's to hide");
    m = (vf_machine){.n_cards = 3, .card = {{.partition = true}, {.partition = false}, {.partition = true}}};
    vf_probe_visible(&m, NULL);
    CHECK(m.card[0].hidden && !m.card[1].hidden && m.card[2].hidden, "a whole card before parts, wherever it is");
    m = (vf_machine){.n_cards = 2, .card = {{.partition = true}, {.partition = true}}};
    vf_probe_visible(&m, NULL);
    CHECK(!m.card[0].hidden && m.card[1].hidden, "of parts the first");
    CHECK(strcmp(order("GPU-zz", 16), "abcdefghijklmnop") == 0, "%s", order("GPU-zz", 16));
    CHECK(strcmp(order("15,14,0", 16), "POAbcdefghijklmn") == 0, "%s", order("15,14,0", 16));
}

static void add(void *ctx, uint32_t number)
{
    *(uint64_t *)ctx = *(uint64_t *)ctx * 100 + number;
}

static void count(void *ctx, uint32_t number)
{
    (void)number;
    ++*(uint64_t *)ctx;
}

static int next_descriptor(void)
{
    FILE *f = fopen("/dev/null", "r");
    int n = f ? fileno(f) : -1;
    if (f)
        fclose(f);
    return n;
}

/* Paths, files and folders: nothing stays open, and only plain numbers behind the prefix are entries. */
static void files(void)
{
    char path[VF_PATH_SIZE], text[8], root[VF_PATH_SIZE + 1], folder[] = "/tmp/vramfit-files-XXXXXX";
    memset(root, 'r', sizeof root);
    root[VF_PATH_SIZE] = 0;
    CHECK(!vf_path(path, root, "%s", ""), "a root that fills it");
    root[VF_PATH_SIZE - 1] = 0;
    CHECK(vf_path(path, root, "%s", "") && strlen(path) == VF_PATH_SIZE - 1, "nothing behind it");
    CHECK(!vf_path(path, root, "%s", "x"), "one byte more");
    CHECK(vf_path(path, "", "/proc/%u", 7u) && strcmp(path, "/proc/7") == 0, "no root is the system's: %s", path);
    char room[VF_PATH_SIZE + 32], longer[VF_PATH_SIZE + 9];
    memset(room, '#', sizeof room);
    memset(longer, 'r', sizeof longer);
    longer[sizeof longer - 1] = 0;
    CHECK(!vf_path(room, longer, "/%s", "x"), "a root that is longer than the room");
    longer[VF_PATH_SIZE - 5] = 0;
    CHECK(!vf_path(room, longer, "/%s", "longer"), "one that leaves too little of it");
    for (size_t i = VF_PATH_SIZE; i < sizeof room; i++)
        CHECK(room[i] == '#', "nothing is written behind it: byte %zu", i);
    int before = next_descriptor();
    CHECK(mkdtemp(folder) && vf_path(path, folder, "/%s", "file"), "%s", folder);
    FILE *f = fopen(path, "w");
    CHECK(f && fputs("0123456789", f) >= 0 && fclose(f) == 0, "%s", path);
    CHECK(vf_file_text(path, text, sizeof text) == 7 && strcmp(text, "0123456") == 0, "the beginning: %s", text);
    f = fopen(path, "w");
    CHECK(f && fputs("7", f) >= 0 && fclose(f) == 0, "%s", path);
    CHECK(vf_file_text(path, text, sizeof text) == 1 && strcmp(text, "7") == 0, "one byte: %s", text);
    f = fopen(path, "w");
    CHECK(f && fwrite("\0a\0", 1, 3, f) == 3 && fclose(f) == 0, "%s", path);
    CHECK(vf_file_text(path, text, sizeof text) == 3 && strcmp(text, "?a?") == 0, "bytes that would end it: %s", text);
    CHECK(vf_file_text(folder, text, sizeof text) == 0 && text[0] == 0, "a folder is no text");
    CHECK(vf_file_text("/dev/zero", text, sizeof text) == 0 && text[0] == 0, "nor is a device");
    CHECK(vf_file_is(path) && !vf_file_is(folder), "a file and a folder");
    for (int spaces = 61; spaces < 64; spaces++) {
        uint64_t v = 0;
        f = fopen(path, "w");
        CHECK(f && fprintf(f, "7%*s8", spaces, "") > 0 && fflush(f) == 0 && ftruncate(fileno(f), spaces + 1) == 0 && fclose(f) == 0, "%s", path);
        CHECK(vf_file_number(path, &v) == (spaces == 61), "a number in %d bytes, of which 62 are looked at", spaces + 1);
    }
    f = fopen(path, "w");
    CHECK(f && fwrite("\0a\0", 1, 3, f) == 3 && fclose(f) == 0, "%s", path);
    int input = dup(0);
    (void)close(0); /* a caller may have closed its own: 0 is a descriptor like any other */
    CHECK(vf_file_text(path, text, sizeof text) == 3, "read through descriptor 0");
    CHECK(next_descriptor() == 0, "and that is not left open");
    CHECK(input < 0 || (dup2(input, 0) == 0 && close(input) == 0), "as it was");
    (void)remove(path);
    CHECK(vf_file_text(path, text, sizeof text) == 0 && !vf_file_is(path), "gone");
    static const char *const names[] = {"card2", "card0", "card11", "card", "cardx", "card1x", "card-1", "card/", "kart3", "card100"};
    uint64_t sum = 0;
    for (int made = 1; made >= 0; made--) {
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            if (vf_path(path, folder, "/%s", names[i]))
                (void)(made ? mkdir(path, 0700) : rmdir(path));
        if (made)
            vf_folder_numbers(folder, "card", 100, add, &sum);
    }
    CHECK_U64(sum, 211, "0, 2 and 11, in order");
    vf_folder_numbers(folder, "", 100, add, &sum);
    CHECK_U64(sum, 211, "an empty folder");
    for (int made = 1; made >= 0; made--) { /* of more than there is room for as many as there is */
        uint64_t n = 0;
        for (unsigned i = 0; i < 8194; i++)
            if (vf_path(path, folder, "/%u", i))
                CHECK((made ? symlink("x", path) : unlink(path)) == 0, "%s", path);
        vf_folder_numbers(folder, "", 10000, count, &n);
        CHECK_U64(n, made ? 8192 : 0, "entries");
    }
    (void)rmdir(folder);
    vf_folder_numbers(folder, "", 100, add, &sum);
    CHECK_U64(sum, 211, "no folder");
    CHECK(next_descriptor() == before, "nothing is open");
}

int main(void)
{
    files();
    numbers();
    values();
    names();
    slots();
    holders();
    memory();
    visible();
    return CHECK_END();
}
