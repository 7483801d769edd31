#!/usr/bin/env python3
"""Thousands of questions over all models, runtimes and settings, and what was answered when somebody last looked.

usage: answers.py PROGRAM [--update] [--draw SEED]

accuracy/ says that an answer is right; this, that none moved unseen. answers.tsv holds groups: a line `# OPTIONS`,
then a question a line, as --models-from takes it, with its verdict, need and headroom in bytes and the CRC-32 of the
whole answer in JSON (with its suggestions and notes), or the error. --update writes the answers anew: the difference
says which moved, and whoever commits it why. --draw makes other questions (same seed, same questions).
"""
import argparse
import concurrent.futures
import csv
import json
import random
import re
import shlex
import sys
import zlib
from pathlib import Path

from program import Run

FILE = Path(__file__).resolve().parent / "answers.tsv"
GROUP, GROUPS, BESIDE = 24, 240, 60  # questions of a group; groups of one model, and of several
SETS = ("24GB", "48GB", "80GB", "2x24GB", "3x24GB", "4x16GB", "2x80GB", "24GB+12GB", "12GB+24GB+8GB", "3090+4060 Ti 16GB", "6x12GB")
SHARING = ["llama.cpp"] * 6 + ["vllm", "sglang"]
RUNTIMES = SHARING[:6] + ["ollama", "lm-studio", "transformers", "vllm", "sglang", "tensorrt-llm", "exllamav2", "exllamav3", "mlx", "exo", "generic"]
EACH = (  # of every architecture one model
    "llama.cpp --gpu 3x24GB --split tensor",
    "llama.cpp --gpu 5x12GB --split tensor --tensor-split 3,2,2,1,1 --kv-type q8_0 --flash-attn on",
    "llama.cpp --gpu 3x16GB --tensor-split 3,1,2 --gpu-layers 20",
    "llama.cpp --gpu 24GB --backend vulkan --ubatch 100",
    "llama.cpp --gpu 2x24GB --backend vulkan --flash-attn off --parallel 3",
    "llama.cpp --gpu B580 --backend sycl",
    "llama.cpp --gpu none --host-memory 64GB --explain",
    "llama.cpp --gpu 8GB --gpu-layers 5 --mtp --flash-attn off",
    "llama.cpp --gpu 2x24GB --draft mtp --draft-max 5",
    "llama.cpp --gpu 24GB --cpu-moe 3 --no-op-offload --outputs 9",
    "llama.cpp --gpu 12GB --no-kv-offload --kv-unified --parallel 4",
    "llama.cpp --gpu 24GB --swa-full --kv-type q4_0 --parallel 2",
    "llama.cpp --gpu 'M4 Max 64GB' --parallel 2",
    "llama.cpp --gpu '7900 XTX' --gpu-layers 9",
    "llama.cpp --gpu 24GB --embeddings",
    "llama.cpp --gpu 2x24GB --split tensor --draft llama-3.2-1b@q8_0",
    "llama.cpp --gpu 3x16GB --gpu-layers 20 --draft llama-3.2-1b@q8_0 --draft-max 9",
    "ollama --gpu 8GB",
    "lm-studio --gpu 'M2 Ultra 192GB' --explain",
    "transformers --gpu 3x12GB --explain",
    "transformers --gpu 80GB --train lora --parallel 4 --explain",
    "transformers --gpu 2x80GB --workload steering --prompt 300 --explain",
    "vllm --gpu 2xH100 --kv-type fp8 --explain",
    "vllm --gpu 4x4090 --pipeline-parallel 2 --tensor-parallel 2 --max-num-seqs 77 --explain",
    "vllm --gpu 2x80GB --tensor-parallel 2 --also llama-3.2-1b@bfloat16 --also llama-3.1-8b@awq",
    "vllm --gpu 24GB --gpu-memory-utilization 0.6 --also llama-3.2-1b@bfloat16",
    "sglang --gpu 2x80GB --max-num-batched-tokens 1000 --explain",
    "tensorrt-llm --gpu 2xH100 --parallel 5 --explain",
    "exllamav2 --gpu 2x16GB --kv-type q4_0 --explain",
    "exllamav3 --gpu 3x12GB --explain",
    "mlx --gpu 'M3 Max 128GB' --prompt 900 --explain",
    "exo --gpu '2xM4 Max 64GB' --explain",
    "generic --gpu 24GB --parallel 3 --explain",
)
HEAD = "# The questions and answers of answers.py; options, then: MODEL QUANT CONTEXT, verdict, need and headroom (bytes), CRC-32 of the answer\n"


def answers(program, options, questions):
    """A line of text for each question."""
    r = Run(program, shlex.split(options) + ["--models-from", "-", "--format", "jsonl"], stdin="".join(q + "\n" for q in questions).encode())
    errors = {}
    for number, text in re.findall(r"standard input, line (\d+): (.*)", r.err):
        errors[int(number)] = text
    rows = iter(r.out.splitlines())
    out = []
    for i in range(len(questions)):
        if i + 1 in errors:
            out.append("error\t" + errors[i + 1])
            continue
        row = next(rows, None)
        if row is None:
            return ["no answer: " + r.err.strip().split("\n")[0]] * len(questions)
        out.append(told(row))
    return out


def told(row):
    answer = json.loads(row)
    return "%s\t%s\t%s\t%08x" % (answer["verdict"], answer["need_bytes"], answer["headroom_bytes"], zlib.crc32(row.encode()))


def listed(program, what):
    return [row for row in csv.reader(Run(program, ["list", what, "--format", "csv"]).out.splitlines()[1:])]


def quants_of(program):
    """Names of quantizations by runtime."""
    quants = {}
    for row in listed(program, "quants"):
        for runtime in row[-1].split(", "):
            quants.setdefault(runtime, []).append(row[0])
    return quants


def draw(program, seed):
    """Groups of questions: every option that a runtime knows, every architecture, cards of every maker; then several models."""
    rng = random.Random(seed)
    sizes = {row[0]: int(row[1]) for row in listed(program, "models")}
    models, small = list(sizes), [m for m in sizes if sizes[m] < 15e9]
    cards, quants = [row[0] for row in listed(program, "gpus")], quants_of(program)
    drawn = 0
    while drawn < GROUPS + BESIDE:
        several = drawn >= GROUPS
        runtime = rng.choice(SHARING if several else RUNTIMES)
        gpu = rng.choice(SETS) if several else drawn_cards(rng, runtime, cards)
        options = "--runtime %s --gpu %s" % (runtime, shlex.quote(gpu))
        if not several or rng.random() < 0.2:
            options += drawn_settings(rng, runtime)
        if several:
            options += beside(rng, small, quants)
        questions = ["%s %s %d" % (rng.choice(small if several else models), rng.choice(quants[runtime]), 2 ** rng.randint(9, 17)) for _ in range(GROUP)]
        if sum(not a.startswith(("error", "no answer")) for a in answers(program, options, questions)) > GROUP / 3:
            drawn += 1
            yield options, questions
    yield from each(program, rng)


def each(program, rng):
    """One model of every architecture."""
    chosen, quants = {}, quants_of(program)
    for row in listed(program, "models"):
        chosen.setdefault(row[4], []).append(row[0])
    for options in EACH:
        runtime = options.split()[0]
        yield "--runtime " + options, ["%s %s %d" % (rng.choice(models), rng.choice(quants[runtime]), 2 ** rng.randint(9, 14))
                                       for models in chosen.values()]


def beside(rng, models, quants):
    """Other models, of any runtime."""
    out = ""
    for _ in range(rng.randint(1, 4)):
        runtime = rng.choice(["llama.cpp", "llama.cpp", "vllm", "sglang"])
        out += " --also %s@%s" % (rng.choice(models), rng.choice(quants[runtime]))
    return out


def drawn_cards(rng, runtime, cards):
    if runtime in ("mlx", "exo"):
        return rng.choice([c for c in cards if "Apple" in c or " Max" in c] or ["M4 Max 64GB"])
    return rng.choice(["24GB", "2x3090", "3090+4060 Ti 16GB", "4x4090", "8xH100", "H200", "12GB", "7900 XTX", "B580", "48GB", "2x16GB"]
                      + rng.sample(cards, 4))


def drawn_settings(rng, runtime):
    sometimes = lambda share, text: " " + text if rng.random() < share else ""
    of = lambda *values: rng.choice(values)
    out = sometimes(0.3, "--parallel %d" % of(2, 3, 8, 64)) + sometimes(0.2, "--desktop " + of("none", "light", "heavy", "1GB")) + \
        sometimes(0.1, "--policy " + of("median", "optimistic")) + sometimes(0.1, "--os windows") + sometimes(0.1, "--reserve 512MiB") + \
        sometimes(0.15, "--host-memory " + of("16GB", "64GB", "256GB"))
    if runtime in ("llama.cpp", "ollama", "lm-studio"):
        out += sometimes(0.3, "--kv-type " + of("q8_0", "q4_0", "bf16", "f32", "q8_0/q4_0")) + sometimes(0.3, "--flash-attn " + of("on", "off")) + \
            sometimes(0.3, "--ubatch %d" % of(32, 128, 300, 2048)) + sometimes(0.1, "--outputs 7") + \
            sometimes(0.2, "--backend " + of("vulkan", "cuda", "cpu", "rocm", "sycl")) + sometimes(0.1, "--mtp") + sometimes(0.15, "--swa-full") + \
            sometimes(0.2, "--kv-unified") + sometimes(0.4, "--gpu-layers %d" % of(0, 1, 7, 20, 33)) + sometimes(0.3, "--cpu-moe %d" % of(1, 5, 30)) + \
            sometimes(0.25, "--split " + of("row", "none", "tensor")) + sometimes(0.15, "--tensor-split 3,1") + sometimes(0.2, "--no-kv-offload") + \
            sometimes(0.2, "--no-op-offload") + sometimes(0.1, "--no-mmap") + sometimes(0.1, "--override-tensor 'blk\\.[0-9]\\.ffn.*=CPU'") + \
            sometimes(0.1, "--draft " + of("llama-3.2-1b@q8_0", "mtp")) + sometimes(0.05, "--embeddings")
    elif runtime in ("vllm", "sglang", "tensorrt-llm"):
        out += sometimes(0.2, "--kv-type " + of("fp8", "bf16")) + sometimes(0.3, "--max-num-seqs %d" % of(1, 16, 1024)) + \
            sometimes(0.3, "--max-num-batched-tokens %d" % of(512, 2048, 16384)) + sometimes(0.3, "--gpu-memory-utilization " + of("0.5", "0.95")) + \
            sometimes(0.2, "--tensor-parallel %d" % of(1, 2)) + sometimes(0.2, "--pipeline-parallel 2") + sometimes(0.2, "--expert-parallel")
    else:
        out += sometimes(0.3, "--prompt %d" % of(1, 100, 4096))
        if runtime == "transformers":
            out += sometimes(0.3, "--train " + of("full", "lora", "qlora")) or sometimes(0.4, "--workload " + of("steering", "eval", "embed"))
    return out


def read():
    groups = []
    for line in FILE.read_text(encoding="utf-8").splitlines()[1:]:
        if line.startswith("# "):
            groups.append((line[2:], []))
        else:
            groups[-1][1].append(line.split("\t", 1))
    return groups


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("program")
    p.add_argument("--update", action="store_true")
    p.add_argument("--draw", type=int)
    o = p.parse_args()
    program = str(Path(o.program).resolve())
    if o.draw is not None:
        groups = [(options, [(q, "") for q in questions]) for options, questions in draw(program, o.draw)]
    else:
        groups = read()
    total, moved, text = 0, 0, HEAD
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        all_answers = list(pool.map(lambda group: answers(program, group[0], [q for q, _ in group[1]]), groups))
    for (options, rows), got in zip(groups, all_answers):
        text += "# %s\n" % options
        for (question, want), now in zip(rows, got):
            total += 1
            text += "%s\t%s\n" % (question, now)
            if want != now:
                moved += 1
                if moved <= 20 and o.draw is None:
                    print("%s with %s:\n  was %s\n  is  %s" % (question, options, want, now))
    if o.update or o.draw is not None:
        FILE.write_text(text, encoding="utf-8")
    print("%d answers, %d moved" % (total, moved))
    return 1 if (moved and not o.update and o.draw is None) or not total else 0


if __name__ == "__main__":
    sys.exit(main())
