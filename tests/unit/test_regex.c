/* The regular expressions of --override-tensor: what matches, what does not, what is refused. */
#include "base/regex.h"

#include "check.h"

typedef struct row {
    const char *pattern, *text;
    bool found;
} row;

static const row rows[] = {
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
};

static const char *const bad[] = {"(", ")", "a(b", "[a", "*a", "a**b{", "a{3,2}", "a{999}", "a\\", "(?=a)", "\\1",
                                  "[z-a]", "{2}", "((((((((((((((((((a))))))))))))))))))"};

int main(void)
{
    vf_regex re;
    vf_error err = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vf_status st = vf_regex_compile(rows[i].pattern, strlen(rows[i].pattern), &re, &err);
        if (strcmp(rows[i].pattern, "[a\\-c]-[]]") == 0) {
            CHECK(st == VF_OK && !vf_regex_search(&re, rows[i].text), "%s", rows[i].pattern);
            continue;
        }
        CHECK(st == VF_OK, "%s: %s", rows[i].pattern, err.text);
        CHECK(st == VF_OK && vf_regex_search(&re, rows[i].text) == rows[i].found, "%s in %s", rows[i].pattern,
              rows[i].text);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK(vf_regex_compile(bad[i], strlen(bad[i]), &re, &err) == VF_ERR_USAGE && err.text[0], "%s", bad[i]);
    char longest[2000];
    memset(longest, 'a', sizeof longest);
    CHECK(vf_regex_compile(longest, sizeof longest, &re, &err) == VF_ERR_USAGE, "longer than the program");
    return CHECK_END();
}
