#!/usr/bin/env python3
"""What a terminal shows and a pipe does not: colours, bars, several answers at one glance.

usage: terminal.py PROGRAM README
"""
import re
import shlex
import sys
from pathlib import Path

from program import Checks, on_terminal

Q = ["13B", "-q", "q8", "-g", "24GB"]
UTF8, PLAIN = {"LC_ALL": "en_US.UTF-8", "NO_COLOR": "1"}, {"NO_COLOR": "1"}
# The signs of cli/format/table_bar.c, in the order of a bar: Unicode, ASCII, how JSON calls the bytes.
SIGNS = [("\u259a", "x", "reserved_bytes"), ("\u259e", "d", "desktop_bytes"), ("\u2584", "o", "other_bytes"), ("\u2500", "-", None),
         ("\u2588", "#", "weights_bytes"), ("\u2593", "=", "kv_cache_bytes"), ("\u2592", "+", "compute_bytes"),
         ("\u2591", "%", "runtime_bytes"), ("\u2504", "~", None), ("\u00b7", ".", None)]


def colours(c):
    def show(args, env):
        return on_terminal(c.program, args, 80, env)
    c.that("\x1b[32m" in show(Q, {}), "colours on a terminal")
    c.that("\x1b" not in show(Q, {"NO_COLOR": "1"}), "NO_COLOR")
    c.that("\x1b" in show(Q, {"NO_COLOR": ""}), "an empty NO_COLOR is not set")
    c.that("\x1b" in show(Q + ["--color", "always"], {"NO_COLOR": "1"}), "--color wins")
    c.that("\x1b" not in show(Q + ["--color", "never"], {}), "--color never")
    c.that("\x1b" not in show(Q, {"TERM": "dumb"}), "TERM=dumb")
    c.that("\x1b" in c.run(*Q, "--color", "always").out, "--color always in a pipe")
    for columns in ("0", "1", "-1", "999999999999", "abc"):
        c.equal(c.run(*Q, env={"COLUMNS": columns}).exit, 0, "COLUMNS=" + columns)


def bars_of(text, ascii_only):
    """-> the bars of an output, without what stands before them"""
    signs = "".join(s[1 if ascii_only else 0] for s in SIGNS)
    found = re.findall(r"(?m)(?:^|\s)([%s|\u2502]{12,})$" % re.escape(signs), text)
    return [b for b in found if "|" in b or "\u2502" in b]


def to_scale(c, args, columns, ascii_only):
    """Every sign as often as its bytes say, to the rounding of a cell; the card's end where the card ends."""
    text = on_terminal(c.program, args, columns, PLAIN if ascii_only else UTF8)
    results = c.run(*args, "-f", "json").json()["results"]
    devices = [d for r in results for d in r["devices"]]
    bars = bars_of(text, ascii_only)
    if not c.equal(len(bars), len(devices), "%s: a bar for each card\n%s" % (args, text)):
        return
    longest = [max(d["total_bytes"], d["total_bytes"] - d["headroom_bytes"] + (d["margin_bytes"] if d["headroom_bytes"] >= 0 else 0))
               for d in devices]
    for bar, d, own in zip(bars, devices, longest):
        scale, width = (max(longest), max(len(b) for b in bars) - 1) if len(results) > 1 else (own, len(bar) - 1)
        for unicode_sign, ascii_sign, key in SIGNS:
            if key:
                n = bar.count(ascii_sign if ascii_only else unicode_sign)
                c.that(abs(n - width * d[key] / scale) <= 1, "%s: %s is %d cells of %d" % (args, key, n, width))
        end = bar.index("|" if ascii_only else "\u2502")
        c.that(abs(end - width * d["total_bytes"] / scale) <= 0.5, "%s: the card ends at %d of %d" % (args, end, width))


def pictures(c):
    for args in (Q, ["70B", "-q", "q4", "-g", "24GB"], ["8B", "-q", "q4", "-g", "8GB", "-c", "16k"], ["70B", "-q", "q4", "-g", "2x24GB"],
                 ["8B", "-q", "awq", "-g", "24GB", "--reserve", "1GB"], ["13B", "-q", "fp16,int8,q4", "-g", "24GB"],
                 ["70B", "-q", "q4,q3", "-g", "2x24GB"], ["-m", "8B", "-m", "70B", "-q", "q4", "-g", "24GB"]):
        for columns in (50, 80, 200):
            to_scale(c, args, columns, False)
            to_scale(c, args, columns, True)
        show = on_terminal(c.program, args, 80, PLAIN)
        c.that(show.isascii(), "%s: ASCII where the locale has no UTF-8" % args)
        c.that(on_terminal(c.program, args, 80, {**UTF8, "TERM": "dumb"}).isascii(), "%s: ASCII on a dumb terminal" % args)
        c.equal(on_terminal(c.program, args, 80, PLAIN), show, "%s: the same question, the same bytes" % args)
        pipe = c.run(*args)
        c.that(not bars_of(pipe.out, True) and not bars_of(pipe.out, False), "%s: no bars in a pipe" % args)
    side = on_terminal(c.program, ["13B", "-q", "fp16,int8,q4", "-g", "24GB"], 80, UTF8)
    c.equal(re.findall(r"(?m)^(\w+) +\u259a", side), ["F16", "int8", "Q4_K_M"], "quantizations side by side, by name:\n" + side)
    c.that("\u2588 weights" in side and "\u2593 KV cache" in side, "with a legend")
    red = on_terminal(c.program, ["13B", "-q", "f16,q4", "-g", "24GB"], 80, {"LC_ALL": "en_US.UTF-8"})
    c.that("\u2502\x1b[31m" in red, "what lies beyond the card is red")
    alone = on_terminal(c.program, ["8B", "-q", "q8,q4", "-g", "none"], 80, PLAIN)
    c.that(not bars_of(alone, True), "no card, no bar")
    many = on_terminal(c.program, ["8B", "-q", "q4,q3", "-g", "16x24GB"], 80, PLAIN)
    c.that(not bars_of(many, True) and "VERDICT" in many, "more cards than a picture has")


def matrix(c):
    args = ["-m", "8B", "-m", "70B", "-q", "q4", "-g", "8GB,24GB,80GB"]
    show = on_terminal(c.program, args, 100, PLAIN)
    block = [x.split() for x in show.split("\n\n")[1].splitlines()]
    c.equal(block, [["8GB", "24GB", "80GB", "MODEL"], ["fit", "fit", "fit", "meta-llama/Llama-3.1-8B-Instruct", "Q4_K_M"],
                    ["no-fit", "no-fit", "fit", "meta-llama/Llama-3.1-70B-Instruct", "Q4_K_M"]], "a verdict a cell")
    c.equal(c.run(*args).out.count("\n\n"), 1, "no matrix in a pipe")
    mixed = on_terminal(c.program, ["-m", "8B", "-m", "0.5B", "-q", "fp8", "-g", "24GB,4x24GB"], 100, PLAIN)  # 14 heads over 4 cards
    c.that(re.search(r"(?m)^fit +no answer +Qwen/Qwen2.5-0.5B", mixed), "a cell without an answer: %s" % mixed)


def blocks(c):
    """Cards that do not find room beside each other come one group below the other, with whole names, and none is left out."""
    args = ["-m", "8B", "-m", "70B", "-q", "q4", "-g", "8GB,RTX 3090,24GB,48GB,80GB,RTX 4060 Ti 16GB"]
    results = c.run(*args, "-f", "json").json()["results"]
    want = {}
    for r in results:
        want.setdefault(r["gpu"], []).append(r["verdict"])
    for columns in (50, 60, 90, 150, 250):
        show, got = on_terminal(c.program, args, columns, PLAIN), {}
        for block in re.findall(r"(?m)^(?!VERDICT)\S.* {2}MODEL\n(?:(?:fit|fragile|no-fit) .*\n)+", show):
            lines = block.splitlines()
            for i, name in enumerate(re.split(" {2,}", lines[0])[:-1]):
                c.that(name not in got, "%d columns: %s twice" % (columns, name))
                got[name] = [line.split()[i] for line in lines[1:]]
        c.equal(got, want, "%d columns: a verdict for each" % columns)


def long_name(c):
    """A name wider than the terminal is cut, with a sign; one column less is whole."""
    name = "deepseek-ai/DeepSeek-Coder-V2-Lite-Instruct"
    for columns in (40, len(name) - 1, len(name), len(name) + 1):
        lines = on_terminal(c.program, ["list", "models", "deepseek-coder"], columns, PLAIN).splitlines()
        want = name if columns >= len(name) else name[:columns - 2] + ".."
        c.that(any(line.startswith(want) for line in lines), "%d columns: %s" % (columns, lines))
        c.that(all(len(line) <= columns for line in lines), "%d columns: %s" % (columns, lines))


def narrow(c):
    """On 40 columns beside a long name of a card: a model's name keeps 8 columns, and has all that is left."""
    cards = {}
    for row in c.run("list", "gpus", "-f", "tsv").out.splitlines()[1:]:
        name = row.split("\t")[0]
        cards.setdefault(len(name), name)
    seen = 0
    for n in range(18, 40):
        for quant, word in (("q4", "Q4_K_M"), ("f16", "F16")) if n in cards else ():
            show = on_terminal(c.program, ["-m", "8B", "-m", "70B", "-q", quant, "-g", cards[n] + ",80GB"], 40, PLAIN)
            left = max(8, 40 - (n + 2) - (len(word) + 1))
            for line in show.split("\n\n")[1].splitlines():
                words = line.split()
                if words[0] in ("fit", "fragile", "no-fit"):
                    c.equal(len(words[1]), min(left, len("meta-llama/Llama-3.1-%sB-Instruct" % (8 if "8B" in line else 70))), "%s: %r" % (cards[n], line))
                    seen += 1
    c.that(seen > 20, "names of many lengths: %d" % seen)


def widths(c):
    for args in (Q, Q + ["-q", "q4"], ["list", "models"], ["list", "gpus"], ["list", "quants"], ["70B", "-q", "q4", "-g", "2x24GB"],
                 ["13B", "-q", "f16,q8,q4", "-g", "24GB,RTX 3090"], ["-m", "8B", "-m", "70B", "-q", "q4", "-g", "24GB"],
                 ["-m", "8B", "-m", "70B", "-q", "q4,q8", "-g", "8GB,16GB,24GB,2x24GB,80GB,RTX 3090"]):
        for columns in (60, 80, 120):
            out = on_terminal(c.program, args, columns, UTF8)
            longest = max(len(line) for line in out.split("\n"))
            c.that(longest <= columns, "%s: %d columns on a terminal of %d" % (args, longest, columns))


def readme(c, path):
    """A text block that begins with a command is what a terminal of 80 columns shows of it, "..." any lines."""
    blocks = re.findall(r"(?ms)^```text\n\$ vramfit (.*?)\n(.*?)^```$", path.read_text())
    c.that(blocks, "the README shows a terminal")
    for command, want in blocks:
        got = on_terminal(c.program, shlex.split(command), 80, UTF8)
        pattern = "".join(".*" if part == "...\n" else re.escape(part) for part in re.split(r"(?m)^(\.\.\.\n)", want))
        c.that(re.fullmatch(pattern, got, re.S), "README, %s:\n%s" % (command, got))


def main():
    c = Checks(sys.argv[1])
    colours(c)
    pictures(c)
    matrix(c)
    blocks(c)
    long_name(c)
    narrow(c)
    widths(c)
    readme(c, Path(sys.argv[2]))
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
