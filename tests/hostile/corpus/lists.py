"""Lists of models."""

from .base import case, put


def make_list():
    def c(name, data, why, verdict="accept", **kw):
        p = put("list/%s.txt" % name, data if isinstance(data, bytes) else data.encode())
        case("list/" + name, "list", why, verdict, file=p, stdin={"file": p}, **kw)

    M = "llama-3.1-8b"
    c("ok", M + "\n" + M + "\n", "two good lines")
    c("crlf", (M + "\r\n") * 2, "CRLF: no \\r in the name that is looked up")
    c("no-final-newline", M + "\n" + M, "no final newline: the last line counts")
    c("cr-only", M + "\r" + M + "\r", "old Mac line ends", "either")
    c("blank", "\n\n" + M + "\n\n   \n\t\n", "blank lines")
    c("comments", "# c\n" + M + " # note\n  # indented\n", "comments")
    c("tabs", "\t" + M + "\t\n", "tabs around the name")
    c("bom", b"\xef\xbb\xbf" + M.encode() + b"\n", "a byte order mark")
    c("empty", "", "empty input", "either")
    c("only-newline", "\n", "one newline", "either")
    c("nul", M.encode() + b"\0junk\n" + M.encode() + b"\n", "a NUL in a line", "reject", says=["NUL", "line 1"])
    c("nul-only", b"\0" * 5000, "only NULs", "reject", says=["NUL", "line 1"])
    c("bad-utf8", b"\xff\xfe\n", "not UTF-8", "reject", says=["line 1"])
    c("utf16", (M + "\n").encode("utf-16"), "UTF-16", "reject", says=["line 1", "NUL", "UTF"])
    c(
        "unknown-middle",
        M + "\nzzz\n" + M + "\n",
        "one unknown name: say line 2, finish the others, exit not 0",
        "either",
        says=["line 2", "zzz"],
    )
    c("escape", b"\x1b[2J\x1b]0;x\x07\n", "escapes echoed in the error", "reject", says=["line 1"])
    c(
        "long-line",
        b"a" * 70000 + b"\n" + M.encode() + b"\n",
        "a line of 70 kB, then a good one",
        "reject",
        says=["line 1", "long"],
    )
    case(
        "list/long-no-newline",
        "list",
        "1 MB without a newline",
        "reject",
        stdin={"rep": "a", "n": 1000000},
        says=["line 1", "long"],
    )
    case(
        "list/spaces-1m",
        "list",
        "a line of 1 MB of spaces, then a good one",
        "either",
        stdin={"rep": " ", "n": 1000000, "tail": "\n" + M + "\n"},
        says=["line 1", "long"],
    )
    c("dup", (M + "\n") * 1000, "the same name 1,000 times: 1,000 rows")
    c("dash", "-\n--help\n", "names that look like options are names", "reject", says=["line 1"])
    c("path", "/etc/passwd\n../../x\n", "paths in a list", "reject", says=["line 1"])
    c("quote", '"a,b"\n=cmd()\n', "CSV characters", "reject", says=["line 1"])
    c("errors-5000", "zzz\n" * 5000, "5,000 errors: bounded stderr, linear time", "reject", says=["zzz"])
    case(
        "list/million",
        "list",
        "a million lines: flat memory, linear time, first rows at once",
        "stream",
        stdin={"rep": M + "\n", "n": 1_000_000},
        max_s=12.0,
    )
    case(
        "list/million-bad",
        "list",
        "a million unknown names: suggestions must not be computed for each",
        "stream",
        stdin={"rep": "zzzzzzzzzzzz\n", "n": 1_000_000},
        max_s=12.0,
        exit="data",
    )
    case(
        "list/one-line-1g",
        "list",
        "1 GiB without a newline",
        "reject",
        stdin={"rep": "a" * 1024, "n": 1 << 20},
        says=["line 1", "long"],
        max_s=5.0,
    )
    case(
        "list/zeros",
        "list",
        "1 GiB of zeros",
        "reject",
        stdin={"rep": "\0" * 1024, "n": 1 << 20},
        says=["NUL", "line 1"],
        max_s=5.0,
    )
    case(
        "list/head",
        "list",
        "the reader stops after one line",
        "stream",
        stdin={"rep": M + "\n", "n": 1_000_000},
        setup="stdout_head",
        exit="any",
    )
    case(
        "list/stdin-closed",
        "list",
        "stdin is closed",
        setup="stdin_closed",
        exit="any",
        says=["stdin", "standard input"],
    )
    case(
        "list/stdin-dir",
        "list",
        "stdin is a directory",
        args=["--models-from", "{dir}/list", "--gpu", "24GiB"],
        exit="any",
        says=["directory"],
    )
