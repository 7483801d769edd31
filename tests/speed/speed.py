#!/usr/bin/env python3
"""Times that are promised, against their bars.

usage: speed.py --program PROGRAM --bench BENCH --spawn SPAWN

Standard library only. Times are medians of many runs: what else the machine does should not decide.
"""
import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "hostile"))
from corpus.gguf_writer import F32, G, STR, T_Q4_K, U32  # noqa: E402

QUESTION = ["--model", "13B", "--quant", "q8", "--gpu", "24GB"]
LINES = 10_000
MODELS = ("llama-3.1-8b", "qwen2.5-14b", "13B", "mistral-7b-v0.3")
QUANTS = ("q4_k_m", "q8", "q6", "f16", "iq4_xs")

LAYER = {"attn_norm": [4096], "ffn_norm": [4096], "attn_q": [4096, 4096], "attn_k": [4096, 1024], "attn_v": [4096, 1024],
         "attn_output": [4096, 4096], "ffn_gate": [4096, 14336], "ffn_up": [4096, 14336], "ffn_down": [14336, 4096]}

# What: (the goal, the most that passes here, unit). A goal that is not reached yet is said.
BARS = {
    "cold run / true": (1.5, 2.5, "times"),
    "list of 10,000 different lines": (0.1, 10, "s"),
    "list, resident": (16, 16, "MiB"),
    "GGUF header, 300 tensors, 150,000 tokens": (5000, 5000, "us"),
    "GGUF header, resident": (8, 8, "MiB"),
    "one estimate": (20, 150, "us"),
    "the same on another card": (1, 1, "us"),
}


def spawn(o, runs, *command, stdin=None):
    """-> (least us, median us, MiB resident)"""
    done = subprocess.run([o.spawn, str(runs), *command], stdin=stdin, stdout=subprocess.PIPE, text=True, check=True)
    least, median, kib = done.stdout.split()
    return float(least), float(median), int(kib) / 1024


def big_header(path):
    """A llama of 33 blocks with 9 tensors each, and a vocabulary of 150,000 tokens; -> its header."""
    g = G()
    for key, kind, value in [("general.architecture", STR, "llama"), ("general.name", STR, "big")] + [
        ("llama." + k, U32, v) for k, v in (("block_count", 33), ("context_length", 8192), ("embedding_length", 4096),
                                            ("feed_forward_length", 14336), ("attention.head_count", 32),
                                            ("attention.head_count_kv", 8), ("vocab_size", 150000))
    ] + [("llama.attention.layer_norm_rms_epsilon", F32, 1e-5)]:
        g.kv(key, kind, value)
    g.arr("tokenizer.ggml.tokens", STR, ["token%06d" % i for i in range(150000)])
    g.arr("tokenizer.ggml.scores", F32, [0.0] * 150000)
    g.arr("tokenizer.ggml.token_type", U32, [1] * 150000)
    g.t("token_embd.weight", [4096, 150000], T_Q4_K).t("output.weight", [4096, 150000], T_Q4_K).t("output_norm.weight", [4096])
    for i in range(33):
        for name, dims in LAYER.items():
            g.t("blk.%d.%s.weight" % (i, name), dims, T_Q4_K if len(dims) == 2 else 0)
    head = g.head()
    path.write_bytes(head)
    os.truncate(path, len(head) + 32 + g.off)
    return head


def measure(o, tmp):
    figures = {"cold run / true": spawn(o, 500, o.program, *QUESTION)[1] / spawn(o, 500, "true")[1]}
    names = tmp / "list.txt"
    with open(names, "w", encoding="utf-8") as f:
        for i in range(LINES):
            f.write("%s %s %d\n" % (MODELS[i % 4], QUANTS[i % 5], 4096 + i))
    with open(names, "rb") as f:
        us, _, mib = spawn(o, 1, o.program, "--models-from", "-", "--gpu", "24GB", "--format", "tsv", stdin=f)
    figures["list of 10,000 different lines"], figures["list, resident"] = us / 1e6, mib
    header = tmp / "big.gguf"
    big_header(header)
    figures["GGUF header, resident"] = spawn(o, 3, o.program, str(header), "--gpu", "24GB")[2]
    out = subprocess.run([o.bench, str(header), "llama-3.1-8b"], stdout=subprocess.PIPE, text=True, check=True).stdout
    times = dict((a, float(b)) for a, b in (line.split() for line in out.splitlines()))
    figures["GGUF header, 300 tensors, 150,000 tokens"] = times["gguf_header"]
    figures["one estimate"], figures["the same on another card"] = times["estimate"], times["another_card"]
    return figures


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--program", required=True, type=os.path.abspath)
    p.add_argument("--bench", required=True)
    p.add_argument("--spawn", required=True)
    with tempfile.TemporaryDirectory(prefix="vramfit-speed.") as tmp:
        figures = measure(p.parse_args(), Path(tmp))
    bad = 0
    for what, (goal, bar, unit) in BARS.items():
        bad += figures[what] > bar
        said = "OVER %g" % bar if figures[what] > bar else "goal not reached" if figures[what] > goal else ""
        print("%-42s %10.2f %-5s (goal %g) %s" % (what, figures[what], unit, goal, said))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
