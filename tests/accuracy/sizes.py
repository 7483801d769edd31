#!/usr/bin/env python3
"""Sizes of published model files (published.tsv) against what the catalog's shapes and the formats' rules give.

usage: sizes.py PROGRAM [--misses N]

A GGUF file is its tensors and metadata, mostly the tokenizer: it may be larger by up to METADATA. A size that its
source rounds may lie half a step to either side. A row's `reason` says why its file is not what llama.cpp's quantizer
makes today of the published model; such rows are counted apart. Without exact sizes nothing tells a publisher's own
mix from the standard one, so of rounded sizes only formats that leave nothing to choose have a bar.
"""
import argparse
import collections
import csv
import json
import subprocess
import sys
from pathlib import Path

METADATA = 16 * 2**20
NOTHING_TO_CHOOSE = ("F32", "F16", "BF16", "Q8_0")
# share of rows that agree
BARS = {"GGUF, exact sizes": 1.0, "GGUF, rounded, F16 BF16 Q8_0": 0.95, "safetensors, 16 bits": 0.9, "safetensors, MLX": 0.9,
        "repositories whose files agree in metadata": 0.9}


def rows():
    with open(Path(__file__).resolve().parent / "published.tsv", encoding="utf-8", newline="") as f:
        yield from csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)


def predict(program, group, quant, runtime):
    """{row number: result} of (number, row) pairs that ask for the same quantization, in one run over a list."""
    args = [program, "--models-from", "-", "--gpu", "16384GiB", "--desktop", "none", "--format", "json"]
    args += ["--quant", quant] if quant else []
    args += ["--runtime", runtime] if runtime else []
    done = subprocess.run(args, input="".join(r["name"] + "\n" for _, r in group), capture_output=True, text=True, check=False)
    answer = json.loads(done.stdout)
    if answer["errors"]:
        sys.exit("sizes.py: %s" % answer["errors"][0])
    return {i: result for (i, _), result in zip(group, answer["results"])}


def predictions(program, table):
    groups = collections.defaultdict(list)
    for i, r in enumerate(table):
        groups[r["quant"], "transformers" if r["quant"] == "bf16" else ""].append((i, r))
    out = {}
    for (quant, runtime), group in groups.items():
        out.update(predict(program, group, quant, runtime))
    return out


def segment(row, quant):
    if row["reason"]:
        return "apart, " + row["reason"]
    if row["format"] == "safetensors":
        return "safetensors, 16 bits" if row["quant"] == "bf16" else "safetensors, MLX"
    if row["step"] == "0":
        return "GGUF, exact sizes"
    return "GGUF, rounded, " + ("F16 BF16 Q8_0" if quant in NOTHING_TO_CHOOSE else "other formats")


def error(row, predicted):
    """Bytes by which the size is out of what it may be."""
    size, step = int(row["bytes"]), int(row["step"])
    # MLX keeps the routers of experts at 8 bits, which the catalog's formats do not tell apart
    room = METADATA if row["format"] == "gguf" else size // 1000 if row["quant"].startswith("mlx") else 2**20
    low, high = predicted - (step + 1) // 2, predicted + room + (step + 1) // 2
    return size - high if size > high else min(0, size - low)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("program")
    p.add_argument("--misses", type=int, default=5, help="rows to print of each segment")
    o = p.parse_args()
    table = list(rows())
    results = predictions(o.program, table)
    segments, metadata = collections.OrderedDict(), collections.defaultdict(list)
    for i, row in enumerate(table):
        got = results[i]["model_bytes"]
        name = segment(row, results[i]["quant"])
        segments.setdefault(name, []).append((error(row, got) / int(row["bytes"]), row, got))
        if name == "GGUF, exact sizes":
            metadata[row["repo"]].append(int(row["bytes"]) - got)
    print("%-75s %6s %8s %10s %10s %9s" % ("", "files", "agree", "in 0.1 %", "in 1 %", "worst"))
    shares = {}
    for name, errors in sorted(segments.items()):
        n = len(errors)
        within = lambda most: sum(abs(e) <= most for e, _, _ in errors) / n
        shares[name] = within(0)
        print("%-75s %6d %7.1f%% %9.1f%% %9.1f%% %8.2f%%" % (name, n, 100 * within(0), 100 * within(0.001), 100 * within(0.01),
                                                            100 * max((e for e, _, _ in errors), key=abs)))
    several = [max(m) - min(m) for m in metadata.values() if len(m) > 1]
    shares["repositories whose files agree in metadata"] = sum(s < 4096 for s in several) / len(several)
    print("%d of %d repositories with several files: these differ by their tensors alone, to 4 KiB" %
          (sum(s < 4096 for s in several), len(several)))
    for name, errors in sorted(segments.items()):
        for e, row, got in sorted(errors, key=lambda x: -abs(x[0]))[: o.misses]:
            if e:
                print("%+8.2f%%  %s: %s %s: %s bytes, predicted %d" % (100 * e, name, row["repo"], row["file"] or row["quant"], row["bytes"], got))
    failed = [name for name, bar in BARS.items() if shares[name] < bar]
    for name in failed:
        print("FAIL %s: %.1f %% agree, the bar is %.1f %%" % (name, 100 * shares[name], 100 * BARS[name]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
