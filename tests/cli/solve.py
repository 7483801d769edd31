#!/usr/bin/env python3
"""What is solved for is the best: the value found, typed, gives the same answer, and one step more does not
reach its verdict.

usage: solve.py PROGRAM
"""
import re
import sys

from program import Checks

ORDER = ["fit", "fragile", "no-fit"]
CONTEXTS = [
    ["8B", "-q", "q4", "-g", "12GB"],
    ["8B", "-q", "q4", "-g", "8GB"],
    ["8B", "-q", "q8", "-g", "24GB", "--parallel", "4"],
    ["8B", "-q", "q4", "-g", "12GB", "--parallel", "4", "--kv-unified"],
    ["gemma3:12b", "-q", "q4", "-g", "12GB", "--kv-type", "q8_0"],
    ["deepseek-v2-lite", "-q", "q4", "-g", "16GB"],
    ["70B", "-q", "q4", "-g", "2x24GB"],
    ["7B", "-q", "fp16", "-r", "transformers", "-g", "24GB"],
    ["13B", "-q", "q4", "-r", "generic", "-g", "16GB"],
]
LAYERS = [["70B", "-q", "q4", "-g", "24GB"], ["32B", "-q", "q8", "-g", "24GB"], ["13B", "-q", "f16", "-g", "8GB"]]
EXPERTS = [["qwen3:30b-a3b", "-q", "q4", "-g", "12GB"], ["gpt-oss:120b", "-g", "24GB"], ["8x7B", "-q", "q4", "-g", "16GB"]]


# What, and whether its context is that of all sequences; how many the runtime takes.
SEQUENCES = [
    (["8B", "-q", "q4", "-g", "24GB", "-c", "8k"], True, 256),
    (["8B", "-q", "q4", "-g", "24GB", "-c", "8k", "--kv-unified"], True, 256),
    (["gemma3:12b", "-q", "q4", "-g", "2x12GB"], True, 256),
    (["0.5B", "-q", "q4", "-g", "80GB"], True, 256),
    (["8B", "-q", "q4", "-g", "24GB", "-r", "ollama", "-c", "4k"], True, 256),
    (["7B", "-q", "fp16", "-r", "transformers", "-g", "24GB"], False, 65536),
    (["8B", "-q", "fp16", "-r", "vllm", "-g", "24GB", "-c", "8k"], False, 65536),
]


def most_sequences(c):
    """--parallel max: with the context that is said, the same answer, and one more sequence does not reach its verdict."""
    for question, of_all, most in SEQUENCES:
        r, _ = c.ask(*question, "--parallel", "max")
        value = found(r, "--parallel") if r else None
        if not c.that(value is not None and int(value) == r["parallel"] > 1, "%s: an answer" % question):
            continue
        plain = [w for w in question if w not in ("-c", "8k", "4k")]

        def ask(n):
            again, _ = c.ask(*plain, "--parallel", str(n), "--context", str(r["context"] // r["parallel"] * n if of_all else r["context"]))
            return again
        again = ask(r["parallel"])
        c.equal((again["verdict"], again["need_bytes"]), (r["verdict"], r["need_bytes"]), "%s --parallel %s" % (question, value))
        if r["parallel"] < most:
            c.that(ORDER.index(ask(r["parallel"] + 1)["verdict"]) > ORDER.index(r["verdict"]), "%s: one more than %s is worse" % (question, value))
    r, status = c.ask("70B", "-q", "q4", "-g", "24GB", "--parallel", "max")
    c.equal((r["verdict"], r["parallel"], status), ("no-fit", 1, 1), "not even one")
    c.equal(c.run("8B", "-g", "24GB", "--parallel", "max", "--context", "max").exit, 2, "two open values")


def found(r, option):
    for note in r["notes"]:
        m = re.match(re.escape(option) + r" (\S+) is the (largest|most|least|smallest) that", note)
        if m:
            return m.group(1)
    return None


def check(c, question, option, word, step, best):
    """`step` is added to a value for the next bolder one; `best` has none beyond it."""
    r, _ = c.ask(*question, option, word)
    value = found(r, option) if r else None
    if not c.that(value is not None, "%s %s %s: an answer" % (question, option, word)):
        return
    again, _ = c.ask(*question, option, value)
    c.equal((again["verdict"], again["need_bytes"]), (r["verdict"], r["need_bytes"]), "%s %s %s" % (question, option, value))
    if int(value) == best(r):
        return
    bolder, _ = c.ask(*question, option, str(int(value) + step))
    c.that(ORDER.index(bolder["verdict"]) > ORDER.index(r["verdict"]), "%s %s %s: one step more is worse" % (question, option, value))


def front(c):
    """--quant best --context max: every answer is its quantization's longest, and nothing that fits is better in both."""
    rows = c.run("8B", "-q", "best", "-c", "max", "-g", "12GB", "-f", "json").json()["results"]
    c.that(len(rows) > 3, "several answers")
    for a, b in zip(rows, rows[1:]):
        c.that(a["model_bytes"] > b["model_bytes"] and a["context"] < b["context"], "%s, then %s" % (a["quant"], b["quant"]))
    for r in rows:
        alone, _ = c.ask("8B", "-q", r["quant"], "-c", "max", "-g", "12GB")
        c.equal((alone["context"], alone["verdict"]), (r["context"], r["verdict"]), "%s alone" % r["quant"])
    for quant in ("q8", "q6", "q5", "q4", "q3_k_m", "iq2_m"):
        alone, _ = c.ask("8B", "-q", quant, "-c", "max", "-g", "12GB")
        c.that(alone["verdict"] == "no-fit" or any(r["model_bytes"] >= alone["model_bytes"] and r["context"] >= alone["context"] for r in rows),
               "%s is on the front or behind it" % quant)
    r, status = c.ask("405B", "-q", "best", "-c", "max", "-g", "8GB")
    c.equal((r["verdict"], status), ("no-fit", 1), "nothing fits: the most modest")
    r = c.run("--models-from", "-", "-q", "best", "-c", "max", "-g", "12GB", "-f", "tsv", stdin=b"8B\n8B q4 4k\n")
    c.equal(len(r.out.splitlines()), len(rows) + 2, "in a list: a front for the line that leaves it open")


def main():
    c = Checks(sys.argv[1])
    for q in CONTEXTS:
        sequences = int(q[q.index("--parallel") + 1]) if "--parallel" in q and "--kv-unified" not in q else 1
        train, _ = c.ask(*q, "--context", "train")
        check(c, q, "--context", "max", 256 * sequences, lambda r: train["context"])
    most_sequences(c)
    for q in LAYERS:
        check(c, q, "--gpu-layers", "auto", 1, lambda r: -1)
    for q in EXPERTS:
        check(c, q, "--cpu-moe", "auto", -1, lambda r: 0)
    r, status = c.ask("32B", "-q", "best", "-g", "24GB")
    c.equal((r["verdict"], status, found(r, "--quant")), ("fit", 0, r["quant"]), "32B on 24GB")
    for quant in ("f16", "q8", "q6", "q5", "q4"):
        other, _ = c.ask("32B", "-q", quant, "-g", "24GB")
        c.that(other["verdict"] != "fit" or other["model_bytes"] <= r["model_bytes"], "%s is no better" % quant)
    r, status = c.ask("70B", "-q", "q4", "-g", "smallest")
    c.equal((r["verdict"], status, r["gpu"], found(r, "--gpu")), ("fit", 0, "2x24GB", "2x24GB"), "70B on the smallest")
    r, status = c.ask("405B", "-q", "q8", "-g", "8GB", "-c", "max")
    c.equal((r["verdict"], status, r["context"]), ("no-fit", 1, 256), "nothing fits")
    front(c)
    r = c.run("13B", "-q", "best", "-g", "smallest")
    c.equal((r.exit, r.out), (2, ""), "two at once")
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
