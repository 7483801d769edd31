/* The regular expressions of --override-tensor: what matches, what does not, what is refused. */
#include "base/regex.h"

#include "check.h"

typedef struct row {
    const char *pattern, *text;
    bool found;
} row;

static const row rows[] = {
    {"^\\D$", "\x01", true},
    {"^\\D$", "\x07", true},
    {"^\\D$", "\xFF", true},
    {"^\\W$", "\x01", true},
    {"^\\W$", "\x07", true},
    {"^\\W$", "\xFF", true},
    {"^\\S$", "\x01", true},
    {"^\\S$", "\x07", true},
    {"^\\S$", "\xFF", true},
    {"^[^a]$", "\x01", true},
    {"^[^a]$", "\x07", true},
    {"^[^a]$", "\x08", true},
    {"^[^a]$", "\xFF", true},
    {"^[^a]$", "a", false},
    {"\\.ffn_(up|down|gate)_exps", "blk.3.ffn_up_exps.weight", true},
    {"\\.ffn_(up|down|gate)_exps", "blk.3.ffn_up.weight", false},
    {"\\.ffn_(up|down|gate|gate_up)_(ch|)exps", "blk.0.ffn_gate_up_chexps.weight", true},
    {"\\.ffn_(up|down|gate|gate_up)_(ch|)exps", "blk.0.ffn_gate_up_exps.weight", true},
    {"blk\\.[0-9]\\.ffn", "blk.7.ffn_up.weight", true},
    {"blk\\.[0-9]\\.ffn", "blk.17.ffn_up.weight", false},
    {"blk\\.(1[0-9]|2[0-3])\\.", "blk.23.attn_q.weight", true},
    {"blk\\.(1[0-9]|2[0-3])\\.", "blk.24.attn_q.weight", false},
    {"^output\\.weight$", "output.weight", true},
    {"^output\\.weight$", "enc.output.weight", false},
    {"a^b", "ab", false},
    {"(a|^)b", "ab", true},
    {"exps", "blk.1.ffn_down_exps.weight", true},
    {"a{2,3}b", "aab", true},
    {"^a{2,3}b", "aaaab", false},
    {"^a{2,}b", "aaaaaab", true},
    {"^a{2}b", "aaab", false},
    {"^(ab)+$", "ababab", true},
    {"^(ab)+$", "ababa", false},
    {"^(a*)*b$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", false},
    {"^[^.]+\\.\\d+\\.", "blk.12.x", true},
    {"^[^.]+\\.\\d+\\.", "blk.x2.x", false},
    {"\\w+\\s\\w", "ab c", true},
    {"", "anything", true},
    {"x?y", "y", true},
    {"^x?y$", "xxy", false},
    {"a|b|c", "zzc", true},
    {"^(?:a|bc)d", "bcd", true},
    {".*?z", "abz", true},
    {"[a\\-c]-[]]", "-", false},
    {"a.c", "abc", true},
    {"a\\.c", "abc", false},
    {"a.c", "a\nc", false},
    {"a.c", "a\rc", false},
    {"^a\\tb\\nc\\rd\\fe\\vf$", "a\tb\nc\rd\fe\vf", true},
    {"[\\t]\\n", "\t\n", true},
    {"^\\D\\W\\S$", "x-y", true},
    {"^\\D", "7", false},
    {"\\W", "aZ_9", false},
    {"\\S", " \t\n\v\f\r", false},
    {"^[\\d\\s]+$", "1 2", true},
    {"^[\\D]$", "1", false},
    {"^[\\w.]+$", "a_Z.0", true},
    {"^[a-]+$", "a-a", true},
    {"^[-a]+$", "a-a", true},
    {"^[a-c-e]+$", "d", false},
    {"[\\]]", "]", true},
    {"[^\\]]", "]", false},
    {"^\\[\\{\\/\\:\\@\\`$", "[{/:@`", true},
    {"a$b", "a$b", false},
    {"a^b", "a^b", false},
    {"a$|b$", "ab", true},
    {"^(a|b)??c", "c", true},
    {"^a+?$", "aaa", true},
    {"^a{0}b", "b", true},
    {"^a{2,}?$", "aa", true},
    {"^(a{128}){2}$", "a", false},
    {"^(?:)$", "", true},
};

/* Counted repetitions that fill the program's 512 operations, or all but one or two of them. */
#define A510 "a{255}a{255}"
#define SETS16 "[a][b][c][d][e][f][g][h][i][j][k][l][m][n][o][p]"

static const struct {
    const char *pattern, *says;
    unsigned at; /* characters read up to the error */
} bad[] = {
    {"(", "a '(' without its ')'", 1},
    {")", "a ')' without its '('", 0},
    {"a(b", "a '(' without its ')'", 3},
    {"a(b|*)", "a repetition of nothing", 5},
    {"[a", "a '[' without its ']'", 2},
    {"[", "a '[' without its ']'", 1},
    {"[a-", "a '[' without its ']'", 3},
    {"[\\", "a backslash at the end", 2},
    {"[a-\\", "a backslash at the end", 4},
    {"[\\q]", "an escape that is not supported", 3},
    {"[z-a]", "a range that is the wrong way round", 4},
    {"[a-\\d]", "a range that is the wrong way round", 5},
    {SETS16 "[q]", "too many character classes", 49},
    {SETS16 "\\d", "too many character classes", 49},
    {"*a", "a repetition of nothing", 1},
    {"+", "a repetition of nothing", 1},
    {"?", "a repetition of nothing", 1},
    {"{2}", "a repetition of nothing", 1},
    {"a**b{", "a repetition of nothing", 3},
    {"a{", "a repetition that is not {n}, {n,} or {n,m}", 2},
    {"a{/}", "a repetition that is not {n}, {n,} or {n,m}", 2},
    {"a{x}", "a repetition that is not {n}, {n,} or {n,m}", 2},
    {"a{2", "a repetition that is not {n}, {n,} or {n,m}", 3},
    {"a{2,", "a repetition that is not {n}, {n,} or {n,m}", 4},
    {"a{2,x}", "a repetition that is not {n}, {n,} or {n,m}", 4},
    {"a{2/}", "a repetition that is not {n}, {n,} or {n,m}", 3},
    {"a{3,2}", "a repetition that is not {n}, {n,} or {n,m}", 6},
    {"a{999}", "a repetition of more than 255", 4},
    {"a\\", "a backslash at the end", 2},
    {"\\1", "an escape that is not supported", 2},
    {"\\B", "an escape that is not supported", 2},
    {"\\A", "an escape that is not supported", 2},
    {"\\Z", "an escape that is not supported", 2},
    {"\\a", "an escape that is not supported", 2},
    {"\\z", "an escape that is not supported", 2},
    {"\\0", "an escape that is not supported", 2},
    {"\\9", "an escape that is not supported", 2},
    {"\\b", "an escape that is not supported", 2},
    {"(?=a)", "look-around, which is not supported", 2},
    {"((((((((((((((((((a))))))))))))))))))", "groups nested too deep", 17},
    {A510 "aa", "too long", 14},
    {A510 "a{3}", "too long", 16},
    {A510 "a{3}b", "too long", 16},
    {A510 "aab", "too long", 15},
    {A510 "aa|b", "too long", 15},
    {A510 "a|b", "too long", 14},
    {A510 "a{1,}", "too long", 17},
    {A510 "a{1,2}", "too long", 18},
    {A510 "ab?", "too long", 15},
    {A510 "ab*", "too long", 15},
    {A510 "b*", "too long", 14},
    {A510 "b+", "too long", 14},
    {"(a{200}b{200})+", "too long", 15},
    {"(a{129}){2}", "too long", 11},
};

/* The last set ends with the structure. */
static void last_set(void)
{
    struct {
        vf_regex re;
        uint8_t behind[8];
    } within;
    vf_error err = {0};
    memset(&within, 0x55, sizeof within);
    static const char pattern[] = "[a][b][c][d][e][f][g][h][i][j][k][l][m][n][o][^p]";
    CHECK(vf_regex_compile(pattern, sizeof pattern - 1, &within.re, &err) == VF_OK, "%s", err.text);
    for (size_t i = 0; i < sizeof within.behind; i++)
        CHECK_U64(within.behind[i], 0x55, "what lies behind it is left alone");
    CHECK(vf_regex_search(&within.re, "abcdefghijklmnoq") && !vf_regex_search(&within.re, "abcdefghijklmnop"), "16 sets");
}

static void refused(void)
{
    vf_regex re;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        vf_error err = {0};
        char want[128];
        (void)snprintf(want, sizeof want, "not a regular expression: %s (character %u)", bad[i].says, bad[i].at);
        CHECK(vf_regex_compile(bad[i].pattern, strlen(bad[i].pattern), &re, &err) == VF_ERR_USAGE, "%s", bad[i].pattern);
        CHECK_STR(err.text, want, bad[i].pattern);
    }
}

/* The length counts, not a NUL: as a character, and behind a backslash. The longest program is one of 511 and its end. */
static void lengths(void)
{
    static const char nul[] = "\\\0z?";
    vf_regex re;
    vf_error err = {0};
    CHECK(vf_regex_compile(nul, 2, &re, &err) == VF_OK && !vf_regex_search(&re, "a"), "a NUL matches no text: %s", err.text);
    CHECK(vf_regex_compile(nul + 2, 2, &re, &err) == VF_OK && vf_regex_search(&re, ""), "z? is found in nothing");
    CHECK(vf_regex_compile(nul + 2, 1, &re, &err) == VF_OK && !vf_regex_search(&re, ""), "z is not");
    char longest[513];
    memset(longest, 'a', sizeof longest);
    longest[511] = 0;
    CHECK(vf_regex_compile(longest, 511, &re, &err) == VF_OK && vf_regex_search(&re, longest), "%s", err.text);
    CHECK(!vf_regex_search(&re, longest + 1), "one too few");
    longest[511] = 'a';
    CHECK(vf_regex_compile(longest, 512, &re, &err) == VF_ERR_USAGE && strstr(err.text, "too long"), "no room for the end");
}

int main(void)
{
    vf_regex re;
    vf_error err = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_status st = vf_regex_compile(rows[i].pattern, strlen(rows[i].pattern), &re, &err);
        CHECK(st == VF_OK, "%s: %s", rows[i].pattern, err.text);
        CHECK(st == VF_OK && vf_regex_search(&re, rows[i].text) == rows[i].found, "%s in %s", rows[i].pattern,
              rows[i].text);
    }
    last_set();
    refused();
    lengths();
    return CHECK_END();
}
