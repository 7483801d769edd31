#define _XOPEN_SOURCE 700
/* The kernel's files, written into a folder: what is read of cards of AMD and Intel, and of those who hold their memory. */
#include "check.h"
#include "probe/files.h"
#include "vramfit/probe.h"

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB (UINT64_C(1) << 20)
#define CARD "sys/class/drm/card%d/device/"

static char root[] = "/tmp/vramfit-tree-XXXXXX";
static vf_machine found;

/* The path of a file of the tree, its folders made. */
VF_PRINTF(1, 0)
static const char *place(const char *format, va_list ap)
{
    static char path[512];
    int n = snprintf(path, sizeof path, "%s/", root);
    (void)vsnprintf(path + n, sizeof path - (size_t)n, format, ap);
    for (char *p = path + n; (p = strchr(p, '/')); *p++ = '/') {
        *p = 0;
        CHECK(mkdir(path, 0700) == 0 || errno == EEXIST, "%s", path);
    }
    return path;
}

VF_PRINTF(2, 3)
static void put(const char *text, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const char *path = place(format, ap);
    va_end(ap);
    FILE *f = fopen(path, "w");
    CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0, "%s", path);
}

VF_PRINTF(1, 2)
static void drop(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    (void)unlink(place(format, ap));
    va_end(ap);
}

static int take_away(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    return at->level > 0 ? remove(path) : 0;
}

static void clear(void)
{
    (void)nftw(root, take_away, 16, FTW_DEPTH | FTW_PHYS);
}

static const vf_machine_card *probe_at(const char *where)
{
    const vf_probe_options o = {.root = where, .nvml = ""};
    vf_error err = {0};
    vf_status st = vf_machine_probe(&o, &found, &err);
    CHECK(st == (found.n_cards ? VF_OK : VF_ERR_NOT_FOUND), "%d: %s", (int)st, err.text);
    return &found.card[0];
}

static const vf_machine_card *probe(void)
{
    return probe_at(root);
}

/* A card of amdgpu with 24,560 MiB at 0000:03:00.0, whose instruction set its compute half tells. */
static void amd(int n, const char *slot)
{
    char uevent[100];
    (void)snprintf(uevent, sizeof uevent, "DRIVER=amdgpu\n%s%s\n", slot[0] ? "PCI_SLOT_NAME=" : "", slot);
    put(uevent, CARD "uevent", n);
    put("0x1002\n", CARD "vendor", n);
    put("0x744c\n", CARD "device", n);
    put("0xc8\n", CARD "revision", n);
    put("25753026560\n", CARD "mem_info_vram_total", n);
    put("1048576\n", CARD "mem_info_vram_used", n);
    put("0\n", CARD "gpu_busy_percent", n);
    put("0\n", CARD "mem_busy_percent", n);
}

static void node(int n, uint32_t gfx, uint32_t domain, uint32_t location, const char *gpu_id)
{
    char text[200];
    (void)snprintf(text, sizeof text, "gfx_target_version %u\nlocation_id %u\ndomain %u\n", gfx, location, domain);
    put(text, "sys/class/kfd/kfd/topology/nodes/%d/properties", n);
    put(gpu_id, "sys/class/kfd/kfd/topology/nodes/%d/gpu_id", n);
}

static void amd_card(void)
{
    clear();
    amd(0, "0000:03:00.0");
    const vf_machine_card *c = probe();
    CHECK(found.n_cards == 1 && c->maker == VF_MAKER_AMD && c->has_total && c->total == 24560 * MIB && c->has_used && c->used == MIB, "sizes");
    CHECK(c->vendor_id == 0x1002 && c->device_id == 0x744c && c->revision == 0xc8 && !c->integrated && c->gfx == 0 && !c->note[0], "%s", c->note);
    CHECK_STR(c->name, "AMD 1002:744c", "by number");
    put("0x1744c", CARD "device", 0);
    put("0x1c8", CARD "revision", 0);
    CHECK(probe()->device_id == 0x744c && c->revision == 0xc8, "16 and 8 bits");
    put("744C,\tC8,\tTable Name\n", "opt/amdgpu/share/libdrm/amdgpu.ids");
    CHECK_STR(probe()->name, "Table Name", "the driver's own table");
    put("744C,\tC8,\tFirst Name\n", "usr/share/libdrm/amdgpu.ids");
    CHECK_STR(probe()->name, "First Name", "the system's table before it");
    put("Own Name\n", CARD "product_name", 0);
    CHECK_STR(probe()->name, "Own Name", "a card's own");
    put("X\n", CARD "product_name", 0);
    CHECK_STR(probe()->name, "X", "however short");
    drop(CARD "mem_info_vram_used", 0);
    c = probe();
    CHECK(c->has_total && !c->has_used, "how much is in use is not told");
    CHECK_STR(c->note, "amdgpu does not tell how much of the memory is in use", "a note");
    drop(CARD "mem_info_vram_total", 0);
    CHECK_STR(probe()->note, "amdgpu does not tell how much memory it has", "a note");
    CHECK(!found.card[0].has_total, "no size");
    put("0x10de", CARD "vendor", 0);
    CHECK(probe() && found.n_cards == 0, "amdgpu, but not AMD's");
}

static void compute_half(void)
{
    static const struct {
        uint32_t gfx, domain, location, want;
    } rows[] = {{110000, 0, 0x300, 110000}, {0, 0, 0x300, 0}, {110000, 1, 0x300, 0}, {110000, 0, 0x301, 0}, {1000000, 0, 0x300, 1000000}, {1000001, 0, 0x300, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        clear();
        amd(0, "0000:03:00.0");
        node(1, rows[i].gfx, rows[i].domain, rows[i].location, "4711");
        put("2097152\n", "sys/class/kfd/kfd/proc/77/vram_4711");
        put("0\n", "sys/class/kfd/kfd/proc/78/vram_4711");
        put("1\n", "sys/class/kfd/kfd/proc/80/vram_4711");
        put("5\n", "sys/class/kfd/kfd/proc/79/vram_4712");
        const vf_machine_card *c = probe();
        CHECK(c->gfx == rows[i].want && c->n_holders == (rows[i].want ? 2 : 0), "row %zu: gfx %u, %u holders", i, c->gfx, c->n_holders);
        CHECK(!c->n_holders || (c->holder[0].pid == 77 && c->holder[0].bytes == 2 * MIB), "row %zu", i);
    }
    node(1, 110000, 0, 0x300, "4711");
    node(2, 110100, 0, 0x300, "4712");
    CHECK(probe()->gfx == 110000 && found.card[0].holder[0].pid == 77, "the first node of the card");
    node(1, 110000, 0, 0x300, "4294967295");
    put("3\n", "sys/class/kfd/kfd/proc/4194304/vram_4294967295"); /* the last process that there can be */
    put("3\n", "sys/class/kfd/kfd/proc/4194305/vram_4294967295");
    CHECK(probe()->n_holders == 1 && found.card[0].holder[0].pid == 4194304 && found.card[0].holder[0].bytes == 3, "the largest id");
    put("gfx_target_version 110000\nlocation_id 768\n", "sys/class/kfd/kfd/topology/nodes/1/properties");
    CHECK(probe()->gfx == 110000, "without a domain it is the first");
    node(1, 110000, 0, 0x300, "4294967296");
    CHECK(probe()->gfx == 110000 && found.card[0].n_holders == 0, "an id of more than 32 bits");
    node(1, 110000, 0, 0x300, "4711x");
    put("5\n", "sys/class/kfd/kfd/proc/81/vram_1");
    put("5\n", "sys/class/kfd/kfd/proc/82/vram_0");
    drop("sys/class/kfd/kfd/topology/nodes/2/properties");
    CHECK(probe()->gfx == 110000 && found.card[0].n_holders == 0, "an id that is no number");
    drop("sys/class/kfd/kfd/topology/nodes/1/gpu_id");
    CHECK(probe()->gfx == 110000 && found.card[0].n_holders == 0, "no id");
    amd(0, "");
    CHECK(probe()->gfx == 0 && found.n_cards == 1 && found.card[0].bus[0] == 0, "no address, no compute half");
    amd(1, "");
    (void)probe();
    CHECK(found.n_cards == 2, "cards without an address are not one card");
    amd(0, "0000:03:00.0");
    (void)probe();
    CHECK(found.n_cards == 2 && !found.card[1].bus[0], "nor has one another's");
    put("PCI_SLOT_NAME=0000:04:00.0\n", CARD "uevent", 1);
    (void)probe();
    CHECK(found.n_cards == 1, "nor another's driver");
}

/* Graphics cores of processors, by instruction set: they use the system's memory. Their neighbours are cards. */
static void processors(void)
{
    static const uint32_t apu[] = {70000, 80001, 80100, 90002, 90009, 90012, 100103, 100303, 100305, 100306, 100307, 110003, 110500, 110501, 110502, 110503};
    static const uint32_t card[] = {70001, 80003, 90000, 90006, 90010, 90402, 100100, 100300, 100302, 100304, 110000, 110002, 110504, 120001};
    clear();
    amd(0, "0000:03:00.0");
    put("34359738368\n", CARD "mem_info_gtt_total", 0);
    put("3145728\n", CARD "mem_info_gtt_used", 0);
    for (size_t i = 0; i < sizeof apu / sizeof apu[0]; i++) {
        node(1, apu[i], 0, 0x300, "1");
        const vf_machine_card *c = probe();
        CHECK(c->integrated && c->total == 32768 * MIB && c->used == 3 * MIB && strstr(c->note, "the 24560 MiB that the firmware set apart"), "%u", apu[i]);
    }
    for (size_t i = 0; i < sizeof card / sizeof card[0]; i++) {
        node(1, card[i], 0, 0x300, "1");
        CHECK(!probe()->integrated && found.card[0].total == 24560 * MIB, "%u", card[i]);
    }
    node(1, 110501, 0, 0x300, "1");
    static const struct {
        const char *gtt, *used, *available;
        uint64_t total, in_use;
        bool has_used;
    } rows[] = {{"25753026560", "5", NULL, 24560 * MIB, MIB, true},        /* no more than was set apart */
                {"25753026561", "5", NULL, 25753026561, 5, true},
                {NULL, "5", NULL, 24560 * MIB, MIB, true},
                {"34359738368", NULL, NULL, 32768 * MIB, 0, false},
                {"34359738368", NULL, "33554432", 32768 * MIB, 0, false},          /* as much is left as it may take */
                {"34359738368", NULL, "33553408", 32768 * MIB, MIB, true},
                {"34359738368", "1048576", "33553408", 32768 * MIB, MIB, true},
                {"34359738368", "1048575", "33553408", 32768 * MIB, MIB, true},
                {"34359738368", "2097152", "33553408", 32768 * MIB, 2 * MIB, true}}; /* the larger of the two */
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[100];
        drop(CARD "mem_info_gtt_total", 0);
        drop(CARD "mem_info_gtt_used", 0);
        if (rows[i].gtt)
            put(rows[i].gtt, CARD "mem_info_gtt_total", 0);
        if (rows[i].used)
            put(rows[i].used, CARD "mem_info_gtt_used", 0);
        (void)snprintf(text, sizeof text, "MemTotal: 67108864 kB\nMemAvailable: %s kB\n", rows[i].available ? rows[i].available : "x");
        put(text, "proc/meminfo");
        const vf_machine_card *c = probe();
        CHECK(c->integrated && c->total == rows[i].total && c->has_used == rows[i].has_used && c->used == rows[i].in_use, "row %zu: %llu of %llu", i,
              (unsigned long long)c->used, (unsigned long long)c->total);
    }
    drop(CARD "mem_info_vram_total", 0);
    CHECK(probe()->integrated && found.card[0].total == 32768 * MIB && strstr(found.card[0].note, "the 0 MiB that the firmware set apart"), "%s", found.card[0].note);
    amd(0, "0000:03:00.0");
    drop("sys/class/kfd/kfd/topology/nodes/1/properties");
    CHECK(!probe()->integrated, "without a compute half: a card that says how busy its memory is");
    drop(CARD "mem_busy_percent", 0);
    CHECK(probe()->integrated, "one that does not say it");
    drop(CARD "gpu_busy_percent", 0);
    CHECK(!probe()->integrated, "one that says nothing of either");
}

static void intel_card(void)
{
    clear();
    put("DRIVER=xe\nPCI_SLOT_NAME=0000:04:00.0\n", CARD "uevent", 0);
    put("0x8086", CARD "vendor", 0);
    put("0xe20b", CARD "device", 0);
    CHECK_STR(probe()->note, "xe does not tell how much memory it has", "no tile");
    for (int i = 0; i < 9; i++)
        put("1048576", i % 2 ? CARD "tile%d/memory/physical_vram_size_bytes" : CARD "tile%d/physical_vram_size_bytes", 0, i);
    const vf_machine_card *c = probe();
    CHECK(c->maker == VF_MAKER_INTEL && c->has_total && c->total == 8 * MIB && c->reserved == 0 && !c->has_used, "eight tiles: %llu", (unsigned long long)c->total);
    CHECK_STR(c->note, "xe does not tell how much of the memory is in use", "a note");
    put("18446744073709551615", CARD "tile0/physical_vram_size_bytes", 0);
    CHECK(!probe()->has_total, "tiles that are more than there can be");
    put("0x1002", CARD "vendor", 0);
    CHECK(probe() && found.n_cards == 0, "xe, but not Intel's");

    static const struct {
        const char *total, *left;
        bool has_used;
        uint64_t used;
    } rows[] = {{"4194304", "1048576", true, 3 * MIB}, {"4194304", "4194304", true, 0}, {"4194304", "4194305", false, 0}, {"4194304", "0", false, 0}, {"4194304", "1", true, 4194303}};
    clear();
    put("DRIVER=i915\nPCI_SLOT_NAME=0000:04:00.0\n", CARD "uevent", 0);
    put("0x8086", CARD "vendor", 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        put(rows[i].total, "sys/class/drm/card0/lmem_total_bytes");
        put(rows[i].left, "sys/class/drm/card0/lmem_avail_bytes");
        c = probe();
        CHECK(c->total == 4 * MIB && c->has_used == rows[i].has_used && c->used == rows[i].used, "row %zu: %llu", i, (unsigned long long)c->used);
    }
}

static void client(int pid, int fd, const char *target, const char *text)
{
    char path[256];
    put(text, "proc/%d/fdinfo/%d", pid, fd);
    drop("proc/%d/fd/%d", pid, fd);
    (void)snprintf(path, sizeof path, "%s/proc/%d/fd/%d", root, pid, fd);
    CHECK(symlink(target, path) == 0, "%s", path);
}

#define CLIENT "drm-pdev:\t0000:03:00.0\ndrm-client-id:\t"

static void descriptors(void)
{
    static const struct {
        const char *target, *text;
        uint64_t kib;
    } rows[] = {{"/dev/dri/renderD128", CLIENT "1\ndrm-memory-vram:\t4 KiB\n", 4},
                {"/dev/dri/", CLIENT "1\ndrm-memory-vram:\t4 KiB\n", 4},
                {"/dev/dri", CLIENT "1\ndrm-memory-vram:\t4 KiB\n", 0},
                {"/dev/drm/card0", CLIENT "1\ndrm-memory-vram:\t4 KiB\n", 0},
                {"/dev/dri/card0", "", 0},
                {"/dev/dri/card0", CLIENT "1\ndrm-resident-vram:\t0\n", 0},
                {"/dev/dri/card0", CLIENT "x\ndrm-memory-vram:\t4 KiB\n", 0},
                {"/dev/dri/card0", "drm-pdev:\t0000:03:00.0\ndrm-memory-vram:\t4 KiB\n", 0},
                {"/dev/dri/card0", "drm-client-id:\t1\ndrm-memory-vram:\t4 KiB\n", 0},
                {"/dev/dri/card0", "drm-pdev:\t0000:03:00.1\ndrm-client-id:\t1\ndrm-memory-vram:\t4 KiB\n", 0},
                {"/dev/dri/card0", "drm-pdev:\t0000:03:00\ndrm-client-id:\t1\ndrm-memory-vram:\t4 KiB\n", 0},
                {"/dev/dri/card0", CLIENT "1\ndrm-memory-vram:\t4 KiB\ndrm-resident-vram:\t3 KiB\n", 3},
                {"/dev/dri/card0", CLIENT "1\ndrm-total-vram0:\t4 KiB\ndrm-resident-vram0:\t3 KiB\n", 3},
                {"/dev/dri/card0", CLIENT "1\ndrm-total-vram0:\t4 KiB\n", 4},
                {"/dev/dri/card0", CLIENT "1\ndrm-total-local0:\t4 KiB\n", 4},
                {"/dev/dri/card0", CLIENT "1\ndrm-resident-local0:\t4 KiB\ndrm-total-local0:\t5 KiB\n", 4},
                {"/dev/dri/card0", CLIENT "1\ndrm-memory-gtt:\t4 KiB\n", 0}, /* not the card's own */
                {"/dev/dri/card0", CLIENT "1\ndrm-memory-vram:\t1152921504606846976\n", UINT64_C(1) << 50},
                {"/dev/dri/card0", CLIENT "1\ndrm-memory-vram:\t1152921504606846977\n", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        clear();
        amd(0, "0000:03:00.0");
        client(88, 5, rows[i].target, rows[i].text);
        const vf_machine_card *c = probe();
        CHECK(c->n_holders == (rows[i].kib > 0) && (!c->n_holders || (c->holder[0].pid == 88 && c->holder[0].bytes == rows[i].kib << 10)),
              "row %zu: %u holders, %llu", i, c->n_holders, (unsigned long long)c->holder[0].bytes);
    }
    clear();
    amd(0, "0000:03:00.0");
    client(88, 4, "/dev/dri/", ""); /* a shorter name is not what is left of another one */
    client(88, 5, "/dev/dri", CLIENT "1\ndrm-memory-vram:\t4 KiB\n");
    CHECK(probe()->n_holders == 0, "a link of eight bytes");
    /* in a processor: the system's memory, too */
    put("34359738368\n", CARD "mem_info_gtt_total", 0);
    node(1, 110501, 0, 0x300, "1");
    client(88, 5, "/dev/dri/card0", CLIENT "1\ndrm-memory-vram:\t4 KiB\ndrm-resident-gtt:\t2 KiB\ndrm-memory-gtt:\t3 KiB\n");
    CHECK(probe()->n_holders == 1 && found.card[0].holder[0].bytes == 6 << 10, "both");
}

/* A client is counted once, on each card, and of a process no more than 64. */
static void many_clients(void)
{
    char text[200];
    clear();
    amd(0, "0000:03:00.0");
    amd(1, "0000:43:00.0");
    client(88, 0, "/dev/dri/card0", CLIENT "5\ndrm-memory-vram:\t4 KiB\n");
    client(88, 1, "/dev/dri/card0", CLIENT "1\ndrm-memory-vram:\t1 KiB\n");
    client(88, 2, "/dev/dri/card0", CLIENT "1\ndrm-memory-vram:\t1 KiB\n");
    put("one-of-two\n", "proc/88/comm");
    client(88, 3, "/dev/dri/card1", "drm-pdev:\t0000:43:00.0\ndrm-client-id:\t1\ndrm-memory-vram:\t2 KiB\n");
    (void)probe();
    CHECK(found.n_cards == 2 && found.card[0].holder[0].bytes == 5 * 1024 && found.card[1].holder[0].bytes == 2048, "one id twice, and on two cards");
    CHECK(strcmp(found.card[0].holder[0].name, "one-of-two") == 0 && strcmp(found.card[1].holder[0].name, "one-of-two") == 0, "named on each");
    for (int n = 0; n < 66; n++) {
        (void)snprintf(text, sizeof text, CLIENT "%d\ndrm-memory-vram:\t1 KiB\n", n + 10);
        client(99, n, "/dev/dri/card0", text);
        if (n < 62)
            continue;
        (void)probe();
        CHECK_U64(found.card[0].holder[0].bytes, (uint64_t)(n < 64 ? n + 1 : 64) << 10, "clients that are kept");
    }
    clear();
    amd(0, "0000:03:00.0");
    for (int n = 0; n < 17; n++) {
        (void)snprintf(text, sizeof text, CLIENT "%d\ndrm-memory-vram:\t1152921504606846976\n", n);
        client(99, n, "/dev/dri/card0", text);
        (void)probe();
        CHECK(n < 15 ? found.card[0].holder[0].bytes == (uint64_t)(n + 1) << 60 : n == 15 ? found.card[0].n_holders == 0 : found.card[0].n_holders <= 1, "%d times 2^60", n);
    }
    client(99, 0, "/dev/dri/card0", CLIENT "0\ndrm-memory-vram:\t1 KiB\n"); /* what is left over of a sum that is too large is no size */
    (void)probe();
    CHECK_U64(found.card[0].n_holders, 0, "a kibibyte and 16 times 2^60");
}

/* Cards that are not read: their driver is named, cut to its room, as an address is. */
static void other_drivers(void)
{
    clear();
    put("DRIVER=a-driver-of-twenty-four-\nPCI_SLOT_NAME=0000:01:00.0\n", CARD "uevent", 0);
    put("0x10de", CARD "vendor", 0);
    (void)probe();
    CHECK(found.n_cards == 0 && found.n_notes == 1 && strstr(found.note[0], "under the driver a-driver-of-twenty-four, but"), "%s", found.note[0]);
    put("DRIVER=a-driver-of-twenty-thre\n", CARD "uevent", 0);
    (void)probe();
    CHECK(strstr(found.note[0], "under the driver a-driver-of-twenty-thre, but"), "%s", found.note[0]);
    put("0x1af4", CARD "vendor", 0);
    (void)probe();
    CHECK(found.n_notes == 0, "another maker's: %s", found.note[0]);
    clear();
    for (int n = 0; n < 3; n++)
        amd(n, n ? "0000:43:00.0" : "0000:03:00.0");
    (void)probe();
    CHECK(found.n_cards == 2, "a card under two numbers is one, be it the first or not");
    clear();
    amd(0, "0000:03:00.0-and-some-thirty-bytes-behind");
    CHECK_STR(probe()->bus, "0000:03:00.0-and-some-thirty-by", "an address of 31 bytes");
    /* as many as there is room for, with notes behind them: those are no cards */
    clear();
    for (int n = 0; n < VF_MACHINE_CARDS + 3; n++) {
        char slot[32];
        (void)snprintf(slot, sizeof slot, "0000:%02x:00.0", n + 1);
        amd(n, slot);
        if (n < 3) {
            put("DRIVER=nouveau\n", CARD "uevent", n);
            put("0x10de", CARD "vendor", n);
        }
    }
    client(88, 1, "/dev/dri/card0", "drm-pdev:\t0000:99:00.0\ndrm-client-id:\t1\ndrm-memory-vram:\t1 KiB\n");
    (void)probe();
    CHECK(found.n_cards == VF_MACHINE_CARDS && found.more_cards == 0 && found.n_notes == 3, "%u cards, %u notes", found.n_cards, found.n_notes);
    for (uint32_t i = 0; i < found.n_notes; i++)
        CHECK_STR(found.note[i], found.note[0], "a note");
}

/* A root of any length up to what a path may have: a file whose path is too long is one that is not there. */
static void long_roots(void)
{
    char where[VF_PATH_SIZE + 2];
    clear();
    amd(0, "0000:03:00.0");
    node(1, 110000, 0, 0x300, "4711");
    put("2097152\n", "sys/class/kfd/kfd/proc/77/vram_4711");
    put("744C,\tC8,\tTable Name\n", "usr/share/libdrm/amdgpu.ids");
    client(88, 5, "/dev/dri/card0", CLIENT "1\ndrm-memory-vram:\t4 KiB\n");
    uint32_t seen = 0, holders = 3;
    for (size_t n = sizeof root - 1; n <= VF_PATH_SIZE; n = n < VF_PATH_SIZE - 90 ? VF_PATH_SIZE - 90 : n + 1) {
        size_t used = sizeof root - 1;
        memcpy(where, root, used);
        for (; used + 2 <= n; used += 2)
            memcpy(where + used, "/.", 2);
        if (used < n)
            where[used++] = '/';
        where[used] = 0;
        const vf_machine_card *c = probe_at(where);
        CHECK(found.n_cards <= 1 && c->n_holders <= holders, "%zu: nothing comes back", n);
        CHECK(found.n_cards == 0 || !c->has_total || c->total == 24560 * MIB, "%zu: a size", n);
        CHECK(found.n_cards == 0 || !c->name[0] || strcmp(c->name, "Table Name") == 0 || strcmp(c->name, "AMD 1002:744c") == 0 ||
                  strcmp(c->name, "AMD 1002:0000") == 0, "%zu: %s", n, c->name);
        holders = c->n_holders;
        seen += found.n_cards;
    }
    CHECK(seen > 1 && found.n_cards == 0 && holders == 0, "%u", seen);
}

int main(void)
{
    if (!mkdtemp(root))
        return EXIT_FAILURE;
    amd_card();
    compute_half();
    processors();
    intel_card();
    descriptors();
    many_clients();
    other_drivers();
    long_roots();
    clear();
    (void)rmdir(root);
    return CHECK_END();
}
