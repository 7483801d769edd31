#!/usr/bin/env python3
"""Times that are promised, against their bars.

usage: speed.py --program PROGRAM --bench BENCH

Standard library only. Each figure is the best, or the median, of many runs: what else the machine does
should not decide.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "hostile"))
from corpus.gguf_writer import F32, G, STR, T_Q4_K, U32  # noqa: E402

QUESTION = ["--model", "13B", "--quant", "q8", "--gpu", "24GB"]
LINES = 100_000

# What, the most that it may be, and its unit.
BARS = {
    "cold run / true": (1.5, "times"),
    "list of 100,000 lines": (1.0, "s"),
    "list, resident": (16, "MiB"),
    "GGUF header, 300 tensors, 150,000 tokens": (5000, "us"),
    "GGUF header, resident": (8, "MiB"),
    "one estimate": (20, "us"),
}


def wall(command, runs):
    best = float("inf")
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL)
        best = min(best, time.perf_counter() - start)
    return best


def child(command, stdin=None):
    """-> (seconds, MiB resident) of one run"""
    start = time.perf_counter()
    p = subprocess.Popen(command, stdin=stdin, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    if p.returncode not in (0, 1, 3):
        sys.exit("%s: exit status %d" % (" ".join(command), p.returncode))
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def big_header(path):
    """A llama of 33 blocks with 9 tensors each, and a vocabulary of 150,000 tokens."""
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
    shapes = {"attn_norm": [4096], "ffn_norm": [4096], "attn_q": [4096, 4096], "attn_k": [4096, 1024], "attn_v": [4096, 1024],
              "attn_output": [4096, 4096], "ffn_gate": [4096, 14336], "ffn_up": [4096, 14336], "ffn_down": [14336, 4096]}
    for i in range(33):
        for name, dims in shapes.items():
            g.t("blk.%d.%s.weight" % (i, name), dims, T_Q4_K if len(dims) == 2 else 0)
    head = g.head()
    path.write_bytes(head)
    os.truncate(path, len(head) + 32 + g.off)


def measure(o, tmp):
    figures = {"cold run / true": wall([o.program, *QUESTION], 200) / wall([shutil.which("true")], 200)}
    names = tmp / "list.txt"
    names.write_text("llama-3.1-8b q4_k_m\nqwen2.5-14b q8 16k\n13B\nmistral-7b-v0.3 q6\n" * (LINES // 4))
    with open(names, "rb") as f:
        figures["list of 100,000 lines"], figures["list, resident"] = child(
            [o.program, "--models-from", "-", "--gpu", "24GB", "--format", "tsv"], f)
    header = tmp / "big.gguf"
    big_header(header)
    figures["GGUF header, resident"] = child([o.program, str(header), "--gpu", "24GB"])[1]
    out = subprocess.run([o.bench, str(header), "llama-3.1-8b"], stdout=subprocess.PIPE, text=True, check=True).stdout
    times = dict((a, float(b)) for a, b in (line.split() for line in out.splitlines()))
    figures["GGUF header, 300 tensors, 150,000 tokens"] = times["gguf_header"]
    figures["one estimate"] = times["estimate"]
    return figures


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--program", required=True, type=os.path.abspath)
    p.add_argument("--bench", required=True)
    with tempfile.TemporaryDirectory(prefix="vramfit-speed.") as tmp:
        figures = measure(p.parse_args(), Path(tmp))
    bad = 0
    for what, (bar, unit) in BARS.items():
        over = figures[what] > bar
        bad += over
        print("%-45s %10.2f %s (at most %g)%s" % (what, figures[what], unit, bar, "  OVER" if over else ""))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
