#!/usr/bin/env python3
"""Times and memory of the program and the library, side by side in one run, as the Markdown that tests/README.md quotes.

usage: table.py --program PROGRAM --bench BENCH --spawn SPAWN    (all of one Release build, on a machine that does nothing else)

What a whole process takes is given as a ratio too: to `true`, or to `cat` of the same bytes. Standard library only.
"""
import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import speed  # noqa: E402
from speed import G, STR, T_Q4_K, U32  # noqa: E402

QUANTS = ("q4_k_m", "q8_0", "q6_k", "q5_k_m", "q5_k_s", "q4_k_s", "q3_k_m", "q3_k_s", "q2_k", "iq4_xs", "q4_0", "f16")
CARDS = 50
SHARDS = 8


def split_files(folder):
    """The same model as speed.big_header's, its 33 blocks dealt over shards; -> the first one's path."""
    heads = []
    for no in range(SHARDS):
        g = G()
        for key, kind, value in [("general.architecture", STR, "llama")] + [
            ("llama." + k, U32, v) for k, v in (("block_count", 33), ("context_length", 8192), ("embedding_length", 4096),
                                                ("feed_forward_length", 14336), ("attention.head_count", 32),
                                                ("attention.head_count_kv", 8), ("vocab_size", 150000))
        ] + [("split.no", 2, no), ("split.count", 2, SHARDS), ("split.tensors.count", 5, 3 + 9 * 33)]:
            g.kv(key, kind, value)
        if no == 0:
            g.arr("tokenizer.ggml.tokens", STR, ["token%06d" % i for i in range(150000)])
            g.t("token_embd.weight", [4096, 150000], T_Q4_K).t("output.weight", [4096, 150000], T_Q4_K).t("output_norm.weight", [4096])
        for i in range(no, 33, SHARDS):
            for name, dims in speed.LAYER.items():
                g.t("blk.%d.%s.weight" % (i, name), dims, T_Q4_K if len(dims) == 2 else 0)
        path = folder / ("big-%05d-of-%05d.gguf" % (no + 1, SHARDS))
        head = g.head()
        path.write_bytes(head)
        heads.append(head)
        os.truncate(path, len(head) + 32 + g.off)
    return folder / ("big-%05d-of-%05d.gguf" % (1, SHARDS)), b"".join(heads)


def listed(program, what):
    out = subprocess.run([program, "list", what, "--format", "tsv"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [line.split("\t")[0] for line in out.splitlines()[1:]]


def row(what, us, beside="", mib=None):
    time = "%.2f s" % (us / 1e6) if us >= 1e5 else "%.2f ms" % (us / 1e3) if us >= 100 else "%.2f us" % us
    print("| %s | %s | %s | %s |" % (what, time, beside, "%.1f MiB" % mib if mib else ""), flush=True)


def whole_process(o, tmp):
    _, true, mib = speed.spawn(o, 500, "true")
    row("`true`", true, "1", mib)
    for what in (["--version"], speed.QUESTION):
        _, us, mib = speed.spawn(o, 500, o.program, *what)
        row("`vramfit %s`" % " ".join(what), us, "%.2f x `true`" % (us / true), mib)
    whole, alone = tmp / "big.gguf", tmp / "head"
    head = speed.big_header(whole)
    alone.write_bytes(head)
    first, heads = split_files(tmp)
    together = tmp / "heads"
    together.write_bytes(heads)
    for what, file, same in (("GGUF, 300 tensors, 150,000 tokens (header %.1f MiB)" % (len(head) / 2**20), whole, alone),
                             ("the same in %d files" % SHARDS, first, together)):
        cat = speed.spawn(o, 100, "cat", str(same))[1]
        _, us, mib = speed.spawn(o, 100, o.program, str(file), "--gpu", "24GB")
        row(what, us, "%.2f x `cat` of its headers" % (us / cat), mib)


def lists(o, tmp):
    models, cards = listed(o.program, "models"), listed(o.program, "gpus")[:CARDS]
    kinds = ["%s %s" % (m, q) for m in models for q in QUANTS]
    for what, lines in (("100,000 lines, %d kinds" % len(kinds), [kinds[i % len(kinds)] for i in range(100_000)]),
                        ("10,000 of them", [kinds[i % len(kinds)] for i in range(10_000)]),
                        ("100,000 lines, all different", ["%s %d" % (kinds[i % len(kinds)], 2048 + i) for i in range(100_000)]),
                        ("10,000 of them", ["%s %d" % (kinds[i % len(kinds)], 2048 + i) for i in range(10_000)])):
        path = tmp / "list.txt"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        us, _, mib = speed.spawn(o, 3, o.program, "--models-from", str(path), "--gpu", "24GB", "--format", "tsv")
        row(what, us, "%.1f us a line" % (us / len(lines)), mib)
    path = tmp / "models.txt"
    path.write_text("\n".join(models) + "\n", encoding="utf-8")
    answers = len(models) * len(QUANTS) * len(cards)
    us, _, mib = speed.spawn(o, 1, o.program, "--models-from", str(path), "--quant", ",".join(QUANTS), "--gpu", ",".join(cards), "--format", "tsv")
    row("%d models x %d quantizations x %d cards" % (len(models), len(QUANTS), len(cards)), us, "%.1f us an answer" % (us / answers), mib)


def library(o, tmp):
    said = subprocess.run([o.bench, str(tmp / "big.gguf"), "llama-3.1-8b"], stdout=subprocess.PIPE, text=True, check=True).stdout
    one = dict((a, float(b)) for a, b in (line.split() for line in said.splitlines()))
    row("library: that GGUF header", one["gguf_header"])
    row("library: Llama 3.1 8B, compute graph simulated", one["estimate"])
    row("library: the same on another card", one["another_card"])
    said = subprocess.run([o.bench, "--all"], stdout=subprocess.PIPE, text=True, check=True).stdout
    for line in said.splitlines():
        name, median, tenth, most, n = line.split()
        what = {"catalog_open": "opened, inventory of tensors built", "catalog_estimate": "compute graph simulated (llama.cpp)",
                "catalog_no_graph": "without a graph (vLLM)"}[name]
        row("library: each of %s models: %s" % (n, what), float(median), "9 in 10 under %.0f us, most %.0f us" % (float(tenth), float(most)))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--program", required=True, type=os.path.abspath)
    p.add_argument("--bench", required=True)
    p.add_argument("--spawn", required=True)
    o = p.parse_args()
    print("| what | time | beside | resident |\n| --- | ---: | --- | ---: |")
    with tempfile.TemporaryDirectory(prefix="vramfit-speed.") as tmp:
        whole_process(o, Path(tmp))
        lists(o, Path(tmp))
        library(o, Path(tmp))


if __name__ == "__main__":
    main()
