#!/usr/bin/env python3
"""What is suggested is true: each change, typed, gives the verdict and the need that it was offered with.

usage: suggestions.py PROGRAM
"""
import sys

from program import Checks

QUESTIONS = [
    {"--model": "70B", "--quant": "q4_k_m", "--gpu": "24GB"},
    {"--model": "8B", "--quant": "q4_k_m", "--gpu": "6GB"},
    {"--model": "8B", "--quant": "q8_0", "--gpu": "8GB", "--context": "16384"},
    {"--model": "gpt-oss-20b", "--gpu": "8GB"},
    {"--model": "7B", "--quant": "q4", "--runtime": "generic", "--gpu": "6GB"},
    {"--model": "qwen2.5-7b", "--quant": "bf16", "--runtime": "transformers", "--gpu": "8GB"},
    {"--model": "mistral-7b-v0.3", "--quant": "nf4", "--gpu": "8GB", "--workload": "steering"},
    {"--model": "mistral-7b-v0.3", "--quant": "q4_k_m", "--gpu": "6GB", "--context": "16384"},
    {"--model": "13B", "--quant": "q8_0", "--gpu": "2x8GB", "--tensor-split": "3,1"},
    {"--model": "8B", "--quant": "q4_k_m", "--gpu": "8GB", "--context": "8192", "--flash-attn": "off", "--ubatch": "2048", "--batch": "2048"},
    {"--model": "8B", "--quant": "q4_k_m", "--gpu": "8GB", "--context": "8192", "--outputs": "512", "--desktop": "1750MB"},
    {"--model": "8B", "--quant": "fp16", "--runtime": "vllm", "--gpu": "19GB", "--desktop": "none", "--context": "4k"},
    {"--model": "8B", "--quant": "fp16", "--runtime": "vllm", "--gpu": "20GB", "--desktop": "none", "--context": "12k"},
    {"--model": "gemma-2-9b", "--quant": "awq", "--runtime": "vllm", "--gpu": "10GB", "--context": "8k", "--max-num-seqs": "64"},
    {"--model": "70B", "--quant": "q5_k_m", "--gpu": "2x24GB"},
]
# Cards and sets in the order of their memory, and fewer sequences in that in which they are tried.
LARGER = ["8GB", "12GB", "16GB", "24GB", "32GB", "48GB", "2x32GB", "80GB", "2x48GB", "2x80GB", "4x80GB", "8x80GB", "16x80GB"]
FEWER = ["128", "64", "32", "16"]


def typed(question):
    return [word for pair in question.items() for word in pair]


def memory(gpu):
    count, x, size = gpu.partition("x")
    return int(count) * int(size[:-2]) if x else int(gpu[:-2])


def first_good(c, question, option, values):
    """The first of the values that makes it fit, or else fragile where it was worse."""
    verdicts = {v: c.ask(*typed({**question, option: v}))[0]["verdict"] for v in values}
    order = ["fit", "fragile"][:1 + (c.ask(*typed(question))[0]["verdict"] == "no-fit")]
    return next((v for want in order for v in values if verdicts[v] == want), None)


def nearest(c, question, result):
    """What is offered of a kind is the least change that is enough."""
    offered = [g["change"].split(" ") for g in result["suggestions"]]
    usual = [words[1] for words in offered if words[0] == "--gpu" and words[1] in LARGER]
    without = {k: v for k, v in question.items() if k != "--tensor-split"}
    want = first_good(c, without, "--gpu", [g for g in LARGER if memory(g) > memory(question["--gpu"])])
    c.equal(usual[-1:], [want] if want else [], "%s: the smallest card" % question)
    if question.get("--runtime") == "vllm":
        want = None if "--max-num-seqs" in question else first_good(c, question, "--max-num-seqs", FEWER)
        c.equal([words[1] for words in offered if words[0] == "--max-num-seqs"], [want] if want else [], "%s: the most sequences" % question)


def flags(c):
    """The flags of a change, on a launch line of the program, mean the same."""
    lines = {"llama-cli -m Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf": ["-c", "16384", "-ngl", "99"],
             "vllm serve 8B": ["--dtype", "half", "--max-model-len", "32768", "--max-num-seqs", "256"]}
    tried = set()
    for line, base in lines.items():
        gpu = "8GB" if line.startswith("llama") else "20GB"
        pairs = dict(zip(base[::2], base[1::2]))
        r = c.run("--gpu", gpu, "-f", "json", "--", *line.split(), *base).result()
        for g in r["suggestions"]:
            if not g["flags"]:
                continue
            words = g["flags"].split()
            tried.update(words[::2])
            changed = {**pairs, **dict(zip(words[::2], words[1::2]))}
            again = c.run("--gpu", gpu, "-f", "json", "--", *line.split(), *[w for pair in changed.items() for w in pair]).result()
            c.equal((again["verdict"], again["need_bytes"]), (g["verdict"], g["need_bytes"]), "%s %s" % (line, g["flags"]))
    c.that({"-c", "-ngl", "-ctk"} <= tried and "--max-model-len" in tried, "flags of llama.cpp and of vLLM were tried: %s" % sorted(tried))


# What is too large, and the smaller model of its own series and use that is offered first.
SERIES = [
    ("70B", "24GB", "meta-llama/Llama-3.1-8B-Instruct"),
    ("qwen2.5-72b", "24GB", "Qwen/Qwen2.5-32B-Instruct"),
    ("qwen3-32b", "12GB", "Qwen/Qwen3-14B"),
    ("gemma-3-27b", "12GB", "google/gemma-3-12b-it"),
    ("Qwen3-Embedding-8B", "12GB", "Qwen/Qwen3-Embedding-4B"),
]


def series(c):
    for model, gpu, smaller in SERIES:
        r, _ = c.ask("--model", model, "--quant", "q4" if "Embedding" not in model else "f16", "--gpu", gpu)
        offered = [g["change"].split()[1] for g in r["suggestions"] if g["change"].startswith("--model")]
        c.equal(offered[:1], [smaller], "a smaller one than %s" % model)


def main():
    c = Checks(sys.argv[1])
    order = ["fit", "fragile", "no-fit"]
    kinds = set()
    for question in QUESTIONS:
        r, _ = c.ask(*typed(question))
        c.that(r["verdict"] != "fit" and r["suggestions"], "%s: %s, with suggestions" % (question, r["verdict"]))
        nearest(c, question, r)
        for g in r["suggestions"]:
            words = g["change"].split(" ")
            kinds.add(words[0])
            changed = {**question, **dict(zip(words[::2], words[1::2]))}
            if words[0] == "--gpu":
                changed.pop("--tensor-split", None)
            again, _ = c.ask(*typed(changed))
            c.equal(again and (again["verdict"], again["need_bytes"]), (g["verdict"], g["need_bytes"]), "%s: %s" % (question, g["change"]))
            c.that(order.index(g["verdict"]) < order.index(r["verdict"]), "%s: %s is better" % (question, g["change"]))
    for kind in ("--desktop", "--kv-type", "--context", "--quant", "--cpu-moe", "--gpu-layers", "--model", "--gpu", "--flash-attn", "--ubatch", "--outputs", "--max-num-seqs",
                 "--gpu-memory-utilization"):
        c.that(kind in kinds, "%s is suggested somewhere" % kind)
    flags(c)
    series(c)
    r, _ = c.ask("--model", "13B", "--quant", "q8", "--gpu", "24GB")
    c.equal(r["suggestions"], [], "nothing is suggested for what fits")
    share = {"--model": "8B", "--quant": "fp16", "--runtime": "vllm", "--gpu": "20GB", "--desktop": "none", "--context": "12k"}
    for asked, suggested in (({}, True), ({"--gpu-memory-utilization": "0.9"}, False)): # what was asked for is left as it is
        r, _ = c.ask(*typed({**share, **asked}))
        c.equal(any("--gpu-memory-utilization" in g["change"] for g in r["suggestions"]), suggested, "a larger share, asked %s" % asked)
    r, _ = c.ask("--model", "8B", "--quant", "q8", "--gpu", "none", "--host-memory", "4GiB")
    c.equal((r["verdict"], r["suggestions"]), ("no-fit", []), "system memory is not bought with a card")
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
