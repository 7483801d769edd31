#!/usr/bin/env python3
"""The tables that the project was asked for, reached through the command line: A the formula, B weights of
size classes, C and D cards, E models against GPUs; and the first lines of all.

usage: seed.py PROGRAM
"""
import sys

from program import Checks

GB = 10**9


def asked_first(c):
    r, status = c.ask("--model", "13B", "--quant", "q8", "--gpu", "24GB")
    c.equal((r["verdict"], status), ("fit", 0), "13B q8 on 24GB")
    c.equal(r["model_bytes"], 13830574080, "13B q8: the file")
    c.equal(r["devices"][0]["weights_bytes"], 13656494080, "13B q8: weights on the card")
    c.equal(r["host"]["weights_bytes"], 174080000, "13B q8: weights on the host")
    c.equal((r["parameters"], r["bits_per_weight"]), (13015864320, 8.5007), "13B q8: parameters")
    c.equal((r["model"], r["quant"], r["runtime"], r["backend"], r["gpu"], r["context"]),
            ("meta-llama/Llama-2-13b", "Q8_0", "llama.cpp", "cuda", "24GB", 4096), "13B q8: what was taken")
    r, status = c.ask("--model", "70B", "--quant", "q4_k_m", "--gpu", "24GB")
    c.equal((r["verdict"], status), ("no-fit", 1), "70B q4_k_m on 24GB")
    r, status = c.ask("--model", "70B", "--quant", "q4_k_m", "--gpu", "2x24GB")
    c.that(r["verdict"] in ("fit", "fragile") and status in (0, 3), "70B q4_k_m on 2x24GB: " + r["verdict"])
    c.equal(len(r["devices"]), 2, "70B q4_k_m on 2x24GB: both cards")
    c.that(all(d["layers"] > 0 and d["weights_bytes"] > 0 for d in r["devices"]), "70B on 2x24GB: layers on both")
    c.equal(sum(d["layers"] for d in r["devices"]), 80, "70B on 2x24GB: all layers")


def tensor_parallel(c):
    """C: one 70B over two cards, in 4 bits."""
    for quant in ("awq", "int4"):
        r, status = c.ask("70B", "-q", quant, "-g", "2x24GB", "--max-num-seqs", "16")
        c.that(r["verdict"] in ("fit", "fragile") and status in (0, 3), "70B %s on 2x24GB: %s" % (quant, r["verdict"]))
        c.equal((r["runtime"], len(r["devices"])), ("vllm", 2), "70B %s: vllm over both cards" % quant)
        a, b = (d["weights_bytes"] for d in r["devices"])
        c.equal(a, b, "70B %s: the same shard on each" % quant)
        c.that(r["pool_tokens"] >= 4096 and r["max_sequences"] >= 1 and r["pool_bytes"] > 0, "70B %s: the pool" % quant)
    r, status = c.ask("70B", "-q", "awq", "-g", "24GB")
    c.equal((r["verdict"], status), ("no-fit", 1), "70B awq on one card")


def formula(c):
    """A: parameters x bytes per parameter + cache + overhead."""
    per_parameter = {"fp32": 4, "fp16": 2, "bf16": 2, "int8": 1, "q8": 1, "int4": 0.5, "q4": 0.5, "2bit": 0.25, "q2": 0.25}
    for word, size in per_parameter.items():
        r, _ = c.ask("7B", "-q", word, "-g", "80GB", "--runtime", "generic")
        d = r["devices"][0]
        c.equal(d["weights_bytes"], int(7 * GB * size), "generic 7B %s: weights" % word)
        c.equal(r["parameters"], 7 * GB, "generic 7B: nominal parameters")
        c.equal(d["kv_cache_bytes"], 2 * 32 * 4096 * 2 * 4096, "generic 7B %s: cache" % word)
        c.equal(d["need_bytes"], d["weights_bytes"] + d["kv_cache_bytes"] + d["compute_bytes"] + d["runtime_bytes"],
                "generic 7B %s: the sum" % word)
    r, _ = c.ask("7B", "-q", "q8", "-g", "80GB")
    c.equal(r["parameters"], 6738415616, "llama.cpp 7B: the parameters of the reference shape")


def weights(c):
    """B, in decimal GB."""
    table = {("7B", "fp16"): 14, ("7B", "int8"): 7, ("7B", "q4"): 3.5, ("13B", "fp16"): 26, ("13B", "int8"): 13,
             ("13B", "q4"): 6.5, ("70B", "q4"): 35}
    for (model, quant), size in table.items():
        r, _ = c.ask(model, "-q", quant, "-g", "80GB", "--runtime", "generic")
        c.equal(r["model_bytes"], int(size * GB), "generic %s %s" % (model, quant))
    for model in ("7B", "13B", "70B"):
        size = {q: c.ask(model, "-q", q, "-g", "80GB", "--runtime", "generic")[0]["model_bytes"]
                for q in ("fp32", "fp16", "int8", "int4")}
        c.equal([size["fp32"] // size[q] for q in ("fp16", "int8", "int4")], [2, 4, 8], "%s: half, a quarter, an eighth" % model)


def verdict(c, want, *args):
    r, _ = c.ask(*args)
    c.that(r and r["verdict"] in want.split("|"), "%s: %s, expected %s" % (" ".join(args), r and r["verdict"], want))
    return r


def cards_of_24(c):
    """C."""
    verdict(c, "fit", "7B", "-q", "f16", "-g", "3090")
    verdict(c, "fit", "7B", "-q", "f16", "-g", "3090", "-c", "12k")
    verdict(c, "fit", "mistral-7b-v0.3", "-q", "f16", "-g", "3090", "-c", "32k")
    verdict(c, "fit", "13B", "-q", "q8", "-g", "3090")
    for quant in ("f16", "q8", "q5", "q4", "q3"):
        verdict(c, "no-fit", "70B", "-q", quant, "-g", "3090")
    two = ["-g", "2x3090"]
    r = verdict(c, "fit|fragile", "70B", "-q", "q4_k_m", *two)
    c.that(r["available_bytes"] < 2 * 24 << 30, "two cards of 24 GB are less than 48")
    verdict(c, "fit|fragile", "70B", "-q", "q4_k_m", *two, "--tensor-split", "1,1")
    verdict(c, "no-fit", "70B", "-q", "q5_k_s", *two)
    verdict(c, "fit|fragile", "70B", "-q", "q5_k_s", *two, "--desktop", "none", "-c", "1024", "--kv-type", "q8_0")
    verdict(c, "no-fit", "70B", "-q", "q5_k_m", *two, "--desktop", "none", "-c", "1024", "--kv-type", "q8_0")
    for card in ("3090", "4090"):  # several models, one per card
        for model in ("7B", "8B", "13B"):
            verdict(c, "fit", model, "-q", "q8", "-g", card)
    for runtime in ("llama.cpp", "generic"):
        verdict(c, "fit", "13B", "-q", "q8", "-g", "24GB", "--runtime", runtime)
        verdict(c, "no-fit", "70B", "-q", "q4", "-g", "24GB", "--runtime", runtime)


def card_of_8(c):
    """D: an 8 GB card with a desktop. The four loads are the workload steering; the tips and the model to fall
    back on go with it."""
    card = ["-g", "RTX 2070 SUPER", "--desktop", "typical", "-r", "transformers"]
    steering = ["--workload", "steering"]
    for model, quant in (("mistral-7b-v0.3", "nf4"), ("qwen2.5-7b", "nf4"), ("mistral-7b-v0.3", "4bit"), ("qwen2.5-7b", "4bit")):
        r = verdict(c, "fragile|no-fit", model, "-q", quant, *card, *steering)
        changes = [s["change"] for s in r["suggestions"] if s["verdict"] == "fit"]
        for word in ("nf4", "fp16"):
            want = "--model Qwen/Qwen2.5-1.5B-Instruct --quant " + word
            c.that(want in changes, "%s: %r is not suggested: %r" % (model, want, changes))
        tips = [n for n in r["notes"] if "PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True" in n or "torch.cuda.empty_cache()" in n]
        c.equal(len(tips), 2 if r["verdict"] == "fragile" else 0, "%s: tips with a fragile verdict" % model)
    r, _ = c.ask("mistral-7b-v0.3", "-q", "nf4", *card)
    c.that(5.5e9 <= r["need_bytes"] <= 6.5e9, "Mistral 7B in NF4 is 5.5 to 6.5 GB: %d" % r["need_bytes"])
    for model, quant in (("qwen2.5-1.5b", "bf16"), ("qwen2.5-1.5b", "nf4"), ("llama-3.2-1b", "bf16")):
        verdict(c, "fit", model, "-q", quant, *card, *steering)
        verdict(c, "fit", model, "-q", quant, "-g", "8GB", "--desktop", "typical", "-r", "transformers", *steering)
    for model in ("mistral-7b-v0.3", "qwen2.5-7b"):
        verdict(c, "fragile|no-fit", model, "-q", "nf4", "-g", "8GB", *steering)
    r = verdict(c, "fit", "llama-3.2-1b", "-q", "bf16", *card)
    c.that(abs(r["model_bytes"] - 2.5e9) < 0.1e9, "Llama 3.2 1B in BF16 is about 2.5 GB: %d" % r["model_bytes"])
    r = verdict(c, "fit", "qwen2.5-1.5b", "-q", "nf4", *card)
    c.that(1.2e9 <= r["model_bytes"] and r["need_bytes"] <= 3e9, "Qwen 2.5 1.5B in NF4: %d" % r["need_bytes"])
    r = verdict(c, "fit", "qwen2.5-1.5b", "-q", "bf16", *card)
    c.that(abs(r["model_bytes"] - 3.1e9) < 0.1e9, "Qwen 2.5 1.5B in BF16 is 3.1 GB: %d" % r["model_bytes"])
    d = r["devices"][0]
    c.that(7.0 <= d["available_bytes"] / 2**30 <= 7.31, "what the desktop leaves of 8 GB: %d" % d["available_bytes"])
    c.equal(d["desktop_bytes"], 500000000, "a typical desktop")
    for name, layers in (("qwen2.5-1.5b", 28), ("mistral-7b-v0.3", 32)):
        shown = c.run("show", name, "-f", "json").json()["found"][0]
        c.equal((shown["layers"], shown["middle_layer"]), (layers, layers // 2), "show %s: layers and the middle one" % name)


def shown(c):
    """show and list: numbers of a card, a quantization and a runtime."""
    card = c.run("show", "3090", "-f", "json").json()["found"][0]
    c.equal((card["kind"], card["memory_bytes"], card["usable_linux_bytes"], card["compute_capability"]),
            ("GPU", 24 << 30, 24124 << 20, "8.6"), "show 3090")
    quant = c.run("show", "q8", "-f", "json").json()["found"][0]
    c.equal((quant["kind"], quant["name"], quant["runtime"]), ("quantization", "Q8_0", "llama.cpp"), "show q8")
    runtime = c.run("show", "generic", "-f", "json").json()["found"][0]
    c.equal((runtime["kind"], runtime["in_this_version"]), ("runtime", "yes"), "show generic")
    cards = c.run("list", "gpus", "rtx 3090", "-f", "json").json()["gpus"]
    c.equal([x["memory_mib"] for x in cards], [24576, 24576], "list gpus rtx 3090")
    models = c.run("list", "models", "-f", "jsonl").out.splitlines()
    c.that(len(models) > 100, "list models: %d" % len(models))


def guide(c):
    """E: the verdict on the GPU that the guide names, and the quantization that it takes."""
    r = verdict(c, "fit", "tinyllama", "-q", "q4_0", "-g", "none")
    c.equal(r["model_bytes"], 635990016, "TinyLlama Q4_0: bytes of all tensors")
    verdict(c, "fit", "tinyllama", "-q", "q4_0", "-g", "2GB", "--desktop", "none")
    verdict(c, "fit", "llama-3.2-1b", "-q", "q8", "-g", "4GB")
    verdict(c, "fit", "llama-3.2-3b", "-q", "q8", "-g", "RTX 2060")
    verdict(c, "fit", "llama-3.1-8b", "-q", "q8", "-g", "RTX 3080 Ti")
    verdict(c, "no-fit", "llama-3.1-8b", "-q", "f16", "-g", "RTX 3080 Ti")
    verdict(c, "fit", "phi-3-medium", "-q", "q8", "-g", "RTX 3090")
    verdict(c, "fit|fragile", "llama-3.3-70b", "-q", "q4_k_m", "-g", "2x4090")
    verdict(c, "no-fit", "llama-3.3-70b", "-q", "q5_k_m", "-g", "2x4090")
    verdict(c, "fit", "llama-3.1-405b", "-q", "f16", "-g", "16xh100-80gb")
    verdict(c, "no-fit", "llama-3.1-405b", "-q", "q8", "-g", "4xh100-80gb")
    verdict(c, "fit", "671B", "-q", "q8", "-g", "16xh100-80gb")
    verdict(c, "no-fit", "671B", "-q", "q8", "-g", "8xh100-80gb")


def words_in_names(c):
    """E: quantizations in the names of files and models."""
    table = {"llama-2-13b.Q8_0.gguf": ("meta-llama/Llama-2-13b", "Q8_0"),
             "Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf": ("meta-llama/Llama-3.1-8B-Instruct", "Q4_K_M"),
             "models/Meta-Llama-3.1-8B-Instruct-Q4_K_M-00001-of-00002.gguf": ("meta-llama/Llama-3.1-8B-Instruct", "Q4_K_M"),
             "Meta-Llama-3.1-8B-Instruct-GGUF": ("meta-llama/Llama-3.1-8B-Instruct", "Q4_K_M"),
             "llama3.1:8b-instruct-q5_K_M": ("meta-llama/Llama-3.1-8B-Instruct", "Q5_K_M")}
    for name, want in table.items():
        r, _ = c.ask(name, "-g", "24GB")
        c.equal(r and (r["model"], r["quant"]), want, name)
    for name in ("Llama-3.1-8B-Instruct-AWQ", "Llama-3.1-8B-Instruct-GPTQ", "Llama-3.1-8B-Instruct-int4"):
        r, _ = c.ask(name, "-g", "24GB")
        c.equal(r and r["runtime"], "vllm", name)
    r, _ = c.ask("Llama-3.1-8B-Instruct-4bit", "-g", "24GB", "--runtime", "generic")
    c.equal(r and r["quant"], "4bit", "4bit in a name")


def open_questions(c):
    """G: what tensor parallel costs over PCIe and over NVLink, what a layer split gains, how the cache grows, and
    which runtime for several cards."""
    awq = ["70B", "-q", "awq", "--max-num-seqs", "16"]
    pcie = c.ask(*awq, "-g", "2x4090")[0]["speed"]["exchange_milliseconds_per_token"]
    bridge = c.ask(*awq, "-g", "2x3090")[0]["speed"]["exchange_milliseconds_per_token"]
    nvlink = c.ask(*awq, "-g", "2xh100-80gb")[0]["speed"]["exchange_milliseconds_per_token"]
    c.that(nvlink["high"] < pcie["low"], "NVLink is cheaper than PCIe at its best: %r, %r" % (nvlink, pcie))
    c.that(bridge["low"] < pcie["low"] and bridge["high"] >= pcie["low"], "a bridge may be there or not: %r" % bridge)
    one = c.ask("8B", "-q", "q4", "-g", "3090")[0]["speed"]
    two = c.ask("8B", "-q", "q4", "-g", "2x3090")[0]["speed"]
    c.that(two["decode_tokens_per_second"]["high"] <= one["decode_tokens_per_second"]["high"], "a layer split is no faster")
    c.equal(two["exchange_milliseconds_per_token"], None, "a layer split exchanges next to nothing")
    split = c.ask("70B", "-q", "q4", "-g", "2x3090")[0]["speed"]["decode_tokens_per_second"]
    tensor = c.ask(*awq, "-g", "2x3090")[0]["speed"]["decode_tokens_per_second"]
    c.that(tensor["high"] > split["high"], "cards that share layers read at once: %r, %r" % (tensor, split))
    cache = [c.ask("8B", "-q", "q4", "-g", "48GB", "-c", n)[0]["devices"][0]["kv_cache_bytes"] for n in ("8k", "16k", "32k")]
    c.equal(cache, [cache[0], 2 * cache[0], 4 * cache[0]], "the cache grows with the context")
    c.equal(c.ask("8B", "-q", "q4", "-g", "24GB")[0]["speed"]["decode_tokens_per_second"], None, "a size class has no bandwidth")
    for ask in (["-q", "q4"], ["-q", "awq", "--max-num-seqs", "16"], ["-q", "exl3-4bpw"], ["-q", "nf4"]):
        r, _ = c.ask("70B", *ask, "-g", "2x3090", "--desktop", "none")
        c.that(r["verdict"] in ("fit", "fragile") and len(r["devices"]) == 2, "70B %s over two cards: %s" % (ask[1], r["verdict"]))


def main():
    c = Checks(sys.argv[1])
    for table in (asked_first, tensor_parallel, formula, weights, cards_of_24, card_of_8, shown, guide, words_in_names, open_questions):
        table(c)
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
