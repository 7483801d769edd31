#!/usr/bin/env python3
"""Twice the input takes at most about twice the time: keys, tensors, aliases, entries, lines, elements, alternatives.

usage: growth.py PROGRAM

The figure is processor time, the least of some runs, less that of the same question with next to no input; three
times passes, as caches and small times blur it. Quadratic work gives four. Standard library only.
"""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "hostile"))
from corpus.catalog import CAT  # noqa: E402
from corpus.gguf_writer import G, STR, U32  # noqa: E402

CARD = ["--gpu", "24GiB", "--format", "tsv"]
MOST, RUNS = 3.0, 5


def gguf(keys=0, tensors=0, tokens=0):
    g = G()
    for key, kind, value in [("general.architecture", STR, "llama")] + [
        ("llama." + k, U32, v) for k, v in (("block_count", 1), ("context_length", 4096), ("embedding_length", 64),
                                            ("feed_forward_length", 128), ("attention.head_count", 4), ("vocab_size", 32))]:
        g.kv(key, kind, value)
    for i in range(keys):
        g.kv("x.key%d" % i, U32, i)
    if tokens:
        g.arr("tokenizer.ggml.tokens", STR, ["token%d" % i for i in range(tokens)])
    g.t("token_embd.weight", [64, 32])
    for i in range(tensors):
        g.t("x.tensor%d.weight" % i, [32])
    return g.head()


def catalog(models):
    return json.dumps({"models": [dict(CAT, **changed) for changed in models]}).encode()


def shards(n):
    return json.dumps({"weight_map": {"model.layers.%d.x.weight" % i: "model-%05d-of-%05d.safetensors" % (i % 9 + 1, 9) for i in range(n)}}).encode()


# what: (input of a size, the larger size, the question; "-": the input is standard input)
KINDS = {
    "keys of a GGUF file": (lambda n: gguf(keys=n), 40000, ["{file}", *CARD], ".gguf"),
    "tensors of a GGUF file": (lambda n: gguf(tensors=n), 60000, ["{file}", *CARD], ".gguf"),
    "tokens of a GGUF file": (lambda n: gguf(tokens=n), 1000000, ["{file}", *CARD], ".gguf"),
    "aliases of a model": (lambda n: catalog([{"aliases": ["a%d" % i for i in range(n)]}]), 30000, ["list", "runtimes", "--catalog", "{file}"], ".json"),
    "models of a catalog": (lambda n: catalog({"id": "x-%d" % i, "aliases": []} for i in range(n)), 1600, ["list", "runtimes", "--catalog", "{file}"], ".json"),
    "tensors of a shard index": (shards, 100000, ["{file}", *CARD], ".safetensors.index.json"),
    "lines of a list": (lambda n: b"llama-3.1-8b q8\n" * n, 60000, ["--models-from", "-", *CARD], "-"),
    "unknown lines of a list": (lambda n: b"".join(b"zzz%d\n" % i for i in range(n)), 60000, ["--models-from", "-", *CARD], "-"),
    "lines of a log": (lambda n: b"load_tensors: nothing of note\n" * n, 200000, ["verify", "-"], "-"),
    "length of a pattern": (lambda n: b"", 240, ["8B", "--gpu", "24GiB", "--override-tensor", "({pattern})*x=CPU"], "pattern"),
}


def seconds(program, arguments, stdin):
    """Least processor time of some runs."""
    least = float("inf")
    for _ in range(RUNS):
        with open(stdin or os.devnull, "rb") as f:
            p = subprocess.Popen([program, *arguments], stdin=f, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            usage = os.wait4(p.pid, 0)[2]
        p.returncode = 0
        least = min(least, usage.ru_utime + usage.ru_stime)
    return least


def ask(program, kind, n, tmp):
    make, _, question, suffix = kind
    path = tmp / ("input" + (suffix if suffix[0] == "." else ".txt"))
    path.write_bytes(make(n))
    arguments = [a.replace("{file}", str(path)).replace("{pattern}", "a?" * (n // 2)) for a in question]
    return seconds(program, arguments, path if suffix == "-" else None)


def main(program):
    bad = 0
    with tempfile.TemporaryDirectory(prefix="vramfit-growth.") as tmp:
        for what, kind in KINDS.items():
            base, half, whole = (ask(program, kind, n, Path(tmp)) for n in (1, kind[1] // 2, kind[1]))
            ratio = max(whole - base, 0.002) / max(half - base, 0.002)
            bad += ratio > MOST
            print("%-26s %9d: %7.1f ms, half of it %7.1f ms: %.2f times%s" % (
                what, kind[1], 1000 * whole, 1000 * half, ratio, "  TOO MUCH" if ratio > MOST else ""), flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
