#!/usr/bin/env python3
"""--also: several models side by side, each in a process of its own. What each takes alone, every way to place whole models, and
the command lines that are handed out, read back, are what the answers are compared with.

usage: also.py PROGRAM ROOT
"""
import itertools
import json
import shlex
import sys
import tempfile
from pathlib import Path

from program import Checks
from schema import arithmetic, findings, same_numbers

SEGMENTS = ("weights_bytes", "kv_cache_bytes", "compute_bytes", "runtime_bytes")
HOST = ("weights_bytes", "kv_cache_bytes", "compute_bytes")
ORDER = ["fit", "fragile", "no-fit"]


def also(*others):
    return [a for o in others for a in ("--also", o)]


def cards_of(gpu):
    """The cards of a set, one by one: "2x24GB+12GB"."""
    out = []
    for part in gpu.split("+"):
        count, x, card = part.partition("x")
        out += [card] * int(count) if x else [part]
    return out


def alone(c, model, card, *more, cache={}):
    """A model on one card without a desktop."""
    key = (model, card, more)
    if key not in cache:
        name, _, quant = model.partition("@")
        embeddings = ["--embeddings"] if "embed" in name or name.startswith("bge") else []
        cache[key] = c.ask(name, *(["-q", quant] if quant else []), "-g", card, "--desktop", "none", *embeddings, *more)[0]
    return cache[key]


def shares(r):
    """What the model itself and every other has of each card: {card: bytes by segment}."""
    others = [m for m in r["members"] if m["kind"] == "also"]
    parts = [{d["card"]: [d[s] for s in SEGMENTS] for d in m["devices"]} for m in others]
    own = {}
    for i in r["cards"]:
        own[i] = [r["devices"][i][s] - sum(p[i][k] for p in parts if i in p) for k, s in enumerate(SEGMENTS)]
    return [own] + parts


def consistent(c, what, r):
    """Members, cards, sums, and one command each."""
    others = [m for m in r["members"] if m["kind"] == "also"]
    c.equal(len(r["launch"]), 1 + len(others), "%s: a command for each" % what)
    own = shares(r)[0]
    used = set(r["cards"]).union(*[m["cards"] for m in others])
    c.that(all(v >= 0 for part in own.values() for v in part), "%s: nobody has more than there is" % what)
    for i, d in enumerate(r["devices"]):
        c.equal(d["need_bytes"] > 0, i in used, "%s: card %d is used" % (what, i))
    for m in others:
        c.equal([d["card"] for d in m["devices"]], m["cards"], "%s: %s: its cards" % (what, m["model"]))
        for s in SEGMENTS:
            c.equal(sum(d[s] for d in m["devices"]), m[s], "%s: %s: %s by card" % (what, m["model"], s))
    if "vllm" not in " ".join(r["launch"]): # of servers only their shares are available
        arithmetic(c, [what], r)
    for d in r["devices"]:
        c.equal(d["headroom_bytes"], d["available_bytes"] - d["need_bytes"], "%s: headroom" % what)


def whole_ways(c, gpu, models, desktop):
    """Every way to place whole models: the best worst verdict, and then the largest smallest headroom."""
    cards = cards_of(gpu)
    empty = c.ask("0.5B", "-q", "q4", "-g", gpu, "--split", "none", "--desktop", desktop)[0]["devices"]
    spread = {"none": 0, "typical": 300000000, "heavy": 1000000000}[desktop]
    one = {(m, card): alone(c, m, card)["devices"][0] for m in models for card in cards}
    best = None
    for at in itertools.product(range(len(cards)), repeat=len(models)):
        worst, least = 0, None
        for i in set(at):
            on = [one[m, cards[i]] for m, where in zip(models, at) if where == i]
            left = empty[i]["available_bytes"] - sum(d["need_bytes"] for d in on)
            margin = sum(d["margin_bytes"] for d in on) + (spread if i == 0 else 0)
            worst = max(worst, 2 if left < 0 else 1 if left < margin else 0)
            least = left if least is None else min(least, left)
        if best is None or (worst, -least) < best:
            best = (worst, -least)
    return ORDER[best[0]], -best[1]


SETS = [
    ("24GB", ["8B@q4", "7B@q4", "bge-base@f16"], "typical"),
    ("2x24GB", ["13B@q8", "13B@q8"], "typical"),
    ("2x24GB", ["8B@q8", "13B@q4", "7B@q8", "bge-m3@f16"], "heavy"),
    ("24GB+12GB", ["7B@q4", "13B@q8", "nomic-embed-text@f16"], "none"),
    ("12GB+24GB+8GB", ["8B@q4", "13B@q8", "3B@q8", "1B@q8", "bge-m3@f16"], "typical"),
    ("2x12GB+2x24GB", ["8B@q8", "8B@q8", "14B@q8", "7B@q8", "3B@q4", "bge-base@f16"], "none"),
    ("4x8GB", ["7B@q4", "8B@q4", "3B@q8", "3B@q8", "1B@q8"], "typical"),
    ("3090+4090", ["14B@q8", "13B@q8"], "typical"),
]


def placed(c):
    for gpu, models, desktop in SETS:
        what = "%s on %s" % (" ".join(models), gpu)
        name, _, quant = models[0].partition("@")
        r, _ = c.ask(name, "-q", quant, "-g", gpu, "--desktop", desktop, *also(*models[1:]))
        if not r:
            continue
        consistent(c, what, r)
        used = sorted(set(r["cards"]).union(*[m["cards"] for m in r["members"]]))
        c.that(all(len(x) == 1 for x in [r["cards"]] + [m["cards"] for m in r["members"]]), "%s: whole models" % what)
        got = r["verdict"], min(r["devices"][i]["headroom_bytes"] for i in used)
        c.equal(got, whole_ways(c, gpu, models, desktop), "%s: the best of all ways" % what)
        cards = cards_of(gpu)
        for model, part in zip(models, shares(r)):
            (i, bytes_there), = part.items()
            d = alone(c, model, cards[i])["devices"][0]
            c.equal(bytes_there, [d[s] for s in SEGMENTS], "%s: %s takes what it takes alone" % (what, model))
        for key in HOST + ("output_bytes",):
            c.equal(r["host"][key], sum(alone(c, m, cards[0])["host"][key] for m in models), "%s: system memory, %s" % (what, key))


def read_back(c, what, args, gpu):
    """The command lines, judged as launch lines on the cards that they see, take what the answer says."""
    r, _ = c.ask(*args, "-g", gpu)
    if not r:
        return None
    consistent(c, what, r)
    cards = cards_of(gpu)
    seen = [r["cards"]] + [m["cards"] for m in r["members"] if m["kind"] == "also"]
    for line, part, at in zip(r["launch"], shares(r), seen):
        words = shlex.split(line, comments=True)
        if len(set(cards)) > 1: # of unlike cards the fastest would be the first
            c.equal(words.pop(0), "CUDA_DEVICE_ORDER=PCI_BUS_ID", "%s: %s: their numbers" % (what, line))
        name, _, visible = words[0].partition("=")
        c.equal((name, visible), ("CUDA_VISIBLE_DEVICES", ",".join(map(str, at))), "%s: %s: its cards" % (what, line))
        again = c.run("-g", "+".join(cards[i] for i in at), "--desktop", "none", "-f", "json", "--", *words[1:])
        c.equal(again.err, "", "%s: is a launch line" % line)
        for i, d in zip(at, again.result()["devices"] if again.out else []):
            c.equal([d[s] for s in SEGMENTS], part[i], "%s: card %d of %s" % (what, i, line))
    ports = [line.split("--port ")[1].split()[0] for line in r["launch"]]
    c.equal(len(set(ports)), len(ports), "%s: a port each" % what)
    return r


def started(c):
    for args, gpu in (
            (["8B", "-q", "q4", *also("7B@q8", "bge-m3")], "24GB+12GB"),
            (["70B", "-q", "q4", "--desktop", "none", *also("bge-base@f16")], "2x24GB"),
            (["70B", "-q", "q4", *also("13B@q8")], "3x24GB"),
            (["70B", "-q", "q4", *also("72B@q4", "bge-m3@f16")], "4x24GB"),
            (["8x7B", "-q", "q4", "--cpu-moe", "8", "--ubatch", "256", *also("8B@q4", "bge-m3@f16")], "24GB"),
            (["8B", "-q", "q4", "-c", "16k", "--parallel", "4", "--kv-unified", "--ubatch", "256", "--flash-attn", "off", *also("14B@q4")], "24GB"),
            (["8B", "-q", "q4", "-c", "8k", "--kv-type", "q8_0/q4_0", "--no-kv-offload", "--gpu-layers", "20", *also("27B@q4")], "24GB"),
            (["gemma-2-9b", "-q", "q4", "-c", "8k", "--swa-full", "--batch", "1024", *also("8B@q4")], "24GB"),
            (["8x7B", "-q", "q4", "--cpu-moe", "8", "--no-op-offload", "--no-mmap", *also("8B@q4")], "24GB"),
            (["32B", "-q", "q4", "--draft", "0.5B@q8", *also("8B@q4", "nomic-embed-text@f16")], "2x24GB"),
            (["13B", "-q", "q8", "--split", "tensor", *also("8B@q8")], "2x24GB"),
            (["8B", "-q", "awq", *also("bge-base@f16", "8B@q4")], "2x24GB"),
            (["8B", "-q", "awq", *also("7B@awq", "bge-base@f16")], "24GB")):
        r = read_back(c, "%s on %s" % (" ".join(args), gpu), args, gpu)
        for option, flag in (("--batch", " -b 1024 "), ("--no-mmap", " --no-mmap "), ("--flash-attn", " -fa off ")):  # what need not cost memory
            c.equal(r and flag in r["launch"][0], option in args, "%s: %s" % (" ".join(args), flag))


def spread(c):
    """What fits no card, and the largest where the whole ones do not fit otherwise."""
    r, _ = c.ask("70B", "-q", "q4", "-g", "2x24GB", "--desktop", "none", *also("bge-base"))
    c.equal(r and (r["cards"], r["verdict"]), ([0, 1], "fit"), "70B over both, the small one beside it")
    r, _ = c.ask("13B", "-q", "q8", "-g", "3x24GB", *also("70B@q4"))
    c.equal(r and (len(r["cards"]), len(r["members"][0]["cards"]), r["verdict"]), (1, 2, "fit"), "13B whole, 70B over two others")
    c.that(r and not set(r["cards"]) & set(r["members"][0]["cards"]), "which the 13B is not on")
    r, _ = c.ask("70B", "-q", "q4", "-g", "4x24GB", *also("70B@q4"))
    c.equal(r and r["verdict"], "fit", "two 70B on four cards")
    c.that(r and len(r["cards"]) > 1 and len(r["members"][0]["cards"]) > 1, "each over several")
    r, _ = c.ask("14B", "-q", "q8", "-g", "2x24GB", *also("14B@q8", "14B@q8"))
    c.equal(r and [len(x) for x in [r["cards"]] + [m["cards"] for m in r["members"]]].count(2), 1, "three halves of two: one of them is split")
    r, _ = c.ask("14B", "-q", "q8", "-g", "2x24GB", "--split", "none", *also("14B@q8", "14B@q8"))
    c.equal(r and (r["verdict"], len(r["cards"])), ("no-fit", 1), "not with --split none")
    r, status = c.ask("70B", "-q", "q4", "-g", "24GB", *also("8B"))
    c.equal((r and r["verdict"], status), ("no-fit", 1), "one card: no fit")
    r, _ = c.ask("8B", "-q", "q4", "-g", "2x24GB", "--tensor-split", "3,1", *also("8B@q4"))
    c.equal(r and (r["cards"], len(r["members"][0]["cards"])), ([0, 1], 1), "--tensor-split is the model's own, and spreads it")
    r, _ = c.ask("70B", "-q", "awq", "-g", "2x24GB", "-c", "2k", "--max-num-seqs", "16", "--desktop", "none", *also("bge-base@f16"))
    c.that(r and len(r["cards"]) == 2 and "--tensor-parallel-size 2" in r["launch"][0] and "--gpu-memory-utilization" in r["launch"][0],
           "vllm over both, a share of each left: %s" % (r and r["launch"]))
    r, _ = c.ask("8B", "-q", "awq", "-g", "2x24GB", "--tensor-parallel", "2", *also("bge-base@f16"))
    c.equal(r and (r["cards"], r["verdict"]), ([0, 1], "fit"), "tensor parallel where it is asked for")


def share(line):
    return float(line.split("--gpu-memory-utilization ")[1].split()[0]) if "--gpu-memory-utilization" in line else None


def servers(c):
    r, _ = c.ask("8B", "-q", "awq", "-g", "24GB", *also("7B@awq"))
    c.equal(r and r["verdict"], "fit", "two servers on one card")
    given = [share(line) for line in r["launch"]]
    total, reserved = r["devices"][0]["total_bytes"], r["devices"][0]["reserved_bytes"]
    c.that(all(given) and sum(given) * (total - reserved) < r["devices"][0]["available_bytes"] + 1, "shares that go together: %s" % given)
    for s, part in zip(given, shares(r)):
        c.that(s * (total - reserved) >= sum(part[0]), "a share that holds what it is for")
    c.that(r["pool_tokens"] >= 4096, "and a cache")
    r, _ = c.ask("8B", "-q", "awq", "-g", "2x24GB", *also("8B@awq"))
    c.equal(r and (r["verdict"], [share(x) for x in r["launch"]]), ("fit", [None, None]), "a card each: nothing to say")
    for utilization, verdict in (("0.6", "fit"), ("0.97", "no-fit")):
        r, _ = c.ask("8B", "-q", "awq", "-g", "24GB", "-c", "4k", "--gpu-memory-utilization", utilization, *also("bge-base@f16"))
        c.equal(r and (r["verdict"], share(r["launch"][0])), (verdict, float(utilization)), "a share that was asked for is kept")
    r, _ = c.ask("8B", "-q", "fp8", "-r", "sglang", "-g", "80GB", *also("7B@fp8"))
    c.that(r and r["verdict"] == "fit" and all("--mem-fraction-static" in x for x in r["launch"]), "sglang shares a card: %s" % (r and r["launch"]))
    r = c.run("8B", "-q", "fp8", "-r", "tensorrt-llm", "-g", "80GB", *also("7B@fp8"))
    c.that(r.exit == 2 and "--also" in r.err and "card of its own" in r.err, "tensorrt-llm does not: %s" % r.err)
    r, _ = c.ask("8B", "-q", "fp8", "-r", "tensorrt-llm", "-g", "2x80GB", *also("7B@fp8"))
    c.equal(r and (r["verdict"], sorted(r["cards"] + r["members"][0]["cards"])), ("fit", [0, 1]), "but on a card each")


def seed_table_c(c):
    """Several 7B to 13B models, vision beside language, a draft model, embeddings beside chat: one and two cards of 24 GB."""
    for gpu, main, more in (("2x24GB", ["13B", "-q", "q8"], ["7B@q8"]), ("2x3090", ["13B", "-q", "q8"], ["13B@q8"]),
                            ("4x24GB", ["7B", "-q", "f16"], ["8B@f16", "13B@q8", "13B@q6"]),
                            ("24GB", ["qwen2.5-vl-7b", "-q", "q4", "--mmproj", "qwen2.5-vl-7b"], ["8B@q4"]),
                            ("2x24GB", ["qwen2.5-vl-7b", "-q", "q8", "--mmproj", "qwen2.5-vl-7b"], ["32B@q4"]),
                            ("24GB", ["14B", "-q", "q4", "--draft", "0.5B@q8"], ["bge-base@f16"]),
                            ("2x24GB", ["32B", "-q", "q4", "--draft", "0.5B@q8"], ["bge-base@f16"]),
                            ("24GB", ["8B", "-q", "q8"], ["nomic-embed-text@f16"]), ("2x24GB", ["8B", "-q", "f16"], ["bge-m3@f16"])):
        r, status = c.ask(*main, *also(*more), "-g", gpu)
        what = "%s: %s beside %s" % (gpu, " ".join(main), " ".join(more))
        c.equal((r and r["verdict"], status), ("fit", 0), what)
        if not r:
            continue
        consistent(c, what, r)
        if len(r["devices"]) == len(more) + 1:
            c.equal(sorted(r["cards"] + [i for m in r["members"] if m["kind"] == "also" for i in m["cards"]]), list(range(len(more) + 1)), what + ": one a card")


def settings(c):
    r, _ = c.ask("8B", "-q", "q4", "-g", "24GB", "-c", "16k", *also("7B@q4", "bge-base", "qwen2.5-7b@q4"))
    c.equal([m["context"] for m in r["members"]], [4096, 512, 16384], "the context of the question, at most the model's own")
    c.that(any("bge-base" in n and "--embeddings" in n and "512" in n for n in r["notes"]), "embeddings: a note")
    c.that(any("Llama-2-7b" in n and "4096" in n for n in r["notes"]), "a shorter context: a note")
    c.that("--embeddings" in r["launch"][2] and "--embeddings" not in r["launch"][1], "embeddings are asked for where they are made")
    r, _ = c.ask("8B", "-q", "q4", "-g", "80GB", "-c", "train", *also("qwen2.5-7b@q4"))
    c.equal([r["context"], r["members"][0]["context"]], [131072, 32768], "train: each one's own")
    r, _ = c.ask("8B", "-q", "awq", "-g", "2x24GB", *also("8B@q4", "7B", "8B@nf4"))
    c.equal([m["runtime"] for m in r["members"]], ["llama.cpp", "vllm", "transformers"], "the runtime that the quantization implies, or the model's")
    r, _ = c.ask("8B", "-q", "q4", "-r", "ollama", "-g", "2x24GB", *also("7B@q8"))
    c.that(r["members"][0]["runtime"] == "ollama" and all("ollama serve" in x for x in r["launch"]), "--runtime is everybody's")
    r, _ = c.ask("8B", "-q", "q4", "-g", "none", *also("bge-m3@f16"))
    hosts = [alone(c, m, "none", *more)["host"] for m, more in (("8B@q4", ()), ("bge-m3@f16", ()))]
    c.equal([r["host"][k] for k in HOST], [sum(h[k] for h in hosts) for k in HOST], "without a card: side by side in system memory")
    r, status = c.ask("8B", "-q", "q4", "-g", "none", "--host-memory", "6GB", *also("7B@q8"))
    c.equal((r["verdict"], status), ("no-fit", 1), "which may be too little")
    for backend in ("cuda", "rocm"): # the card's, whatever runtime is beside
        r, _ = c.ask("8B", "-q", "awq", "-g", "2x24GB", "--backend", backend, *also("8B@q4"))
        one = alone(c, "8B@q4", "24GB", "--backend", backend)["devices"][0]
        m = r["members"][0]
        c.equal((m["runtime"], m["runtime_bytes"], m["compute_bytes"]), ("llama.cpp", one["runtime_bytes"], one["compute_bytes"]), "on %s beside vllm" % backend)
    card = {"cuda": ("24GB", "CUDA_VISIBLE_DEVICES=0 "), "vulkan": ("24GB", "GGML_VK_VISIBLE_DEVICES=0 "), "sycl": ("24GB", "ONEAPI_DEVICE_SELECTOR=level_zero:0 "),
            "rocm": ("RX 7900 XTX", "HIP_VISIBLE_DEVICES=0 "), "metal": ("24GB", "llama-server ")}
    for backend, (gpu, start) in card.items():
        r, _ = c.ask("8B", "-q", "q4", "-g", gpu, "--backend", backend, *also("1B@q4"))
        c.that(r and all(x.startswith(start) for x in r["launch"]), "%s: %s" % (backend, r and r["launch"]))


def on_one_card(c):
    """How the model is divided is not how those beside it are."""
    for how in ("--tensor-parallel", "--pipeline-parallel"):
        r, _ = c.ask("8B", "-q", "awq", "-g", "2x24GB", how, "2", *also("7B@awq"))
        if c.that(r, how):
            c.equal((r["cards"], len(r["members"][-1]["cards"])), ([0, 1], 1), "%s 2 is the model's" % how)


def passed_on(c):
    """What was asked is on the command line; how the model itself lies, on that of nobody beside it."""
    vllm = ["8B", "-q", "bf16", "-r", "vllm", "-g", "2x80GB"]
    glm = ["glm-4.5-air", "-q", "q4", "-g", "2x96GB"]
    for args, words in ((vllm + ["--max-num-seqs", "16", "--max-num-batched-tokens", "4096", "--kv-type", "fp8"],
                         ["--dtype bfloat16", "--max-num-seqs 16", "--max-num-batched-tokens 4096", "--kv-cache-dtype fp8"]),
                        (["30B-A3B", "-q", "fp8", "-g", "3x80GB", "--tensor-parallel", "2", "--expert-parallel"],
                         ["-q fp8", "--tensor-parallel-size 2", "--enable-expert-parallel"]),
                        (["8B", "-q", "fp8", "-r", "sglang", "-g", "3x80GB", "--tensor-parallel", "2"], ["--tp-size 2"]),
                        (["8B", "-q", "fp8", "-r", "sglang", "-g", "3x80GB", "--pipeline-parallel", "2"], ["--pp-size 2"]),
                        (["8B", "-q", "fp8", "-r", "tensorrt-llm", "-g", "3x80GB", "--tensor-parallel", "2"], ["--tp_size 2"]),
                        (["8B", "-q", "fp8", "-r", "tensorrt-llm", "-g", "3x80GB", "--pipeline-parallel", "2"], ["--pp_size 2"]),
                        (["30B-A3B", "-q", "fp8", "-r", "sglang", "-g", "2x80GB", "--kv-type", "fp8", "--max-num-seqs", "16", "--max-num-batched-tokens", "4096"],
                         ["--quantization fp8", "--max-running-requests 16", "--chunked-prefill-size 4096", "--kv-cache-dtype fp8_e4m3"]),
                        (["30B-A3B", "-q", "bf16", "-r", "sglang", "-g", "3x141GB", "--tensor-parallel", "2", "--expert-parallel"],
                         ["--dtype bfloat16", "--tp-size 2", "--ep-size 2"]),
                        (["30B-A3B", "-q", "fp8", "-r", "tensorrt-llm", "-g", "3x80GB", "--tensor-parallel", "2", "--expert-parallel", "--max-num-seqs", "16",
                          "--max-num-batched-tokens", "4096", "--gpu-memory-utilization", "0.5", "--kv-type", "fp8"],
                         ["--ep_size 2", "--max_batch_size 16", "--max_num_tokens 4096", "--kv_cache_free_gpu_memory_fraction 0.5000", "kv_cache_config: {dtype: fp8}"]),
                        (["8B", "-q", "q4", "-r", "ollama", "-g", "24GB", "--kv-type", "q8_0"], ["OLLAMA_FLASH_ATTENTION=1", "OLLAMA_KV_CACHE_TYPE=q8_0"]),
                        (["8B", "-q", "q4", "-r", "ollama", "-g", "24GB", "--flash-attn", "off"], ["OLLAMA_FLASH_ATTENTION=0"]),
                        (["8B", "-q", "q4", "-r", "ollama", "-g", "24GB", "--flash-attn", "on"], ["OLLAMA_FLASH_ATTENTION=1"]),
                        (["30B-A3B", "-q", "q4", "-g", "24GB", "--cpu-moe", "all", "--batch", "1024"], ["-cmoe", "-b 1024"]),
                        (["8B", "-q", "q4", "-g", "2x24GB", "--tensor-split", "2.5,1"], ["-ts 2.500000,1"]),
                        (["8B", "-q", "q4", "-g", "2x24GB", "--tensor-split", "3,1"], ["-ts 3,1"]),
                        (glm + ["--draft", "mtp", "--draft-max", "5"], ["--spec-type draft-mtp", "--spec-draft-n-max 5"])):
        beside = "30B-A3B@fp8" if "--expert-parallel" in args and "-r" in args else "1B@fp8" if "fp8" in args and "-r" in args else "1B@q4" if args[2] != "bf16" else "1B@bf16"
        r, _ = c.ask(*args, *also(beside))
        if not c.that(r and len(r["launch"]) == 2, "%s: two commands" % args):
            continue
        for word in words:
            c.that(" %s " % word in r["launch"][0], "%s: no %r: %s" % (args, word, r["launch"][0]))
            if word.startswith(("--tensor", "--tp", "--pp", "--enable", "--ep", "-ts", "--spec")):
                c.that(word not in r["launch"][1], "%s: %r beside it: %s" % (args, word, r["launch"][1]))


def solved(c):
    best, _ = c.ask("8B", "-q", "q4", "-g", "24GB", "-c", "max", *also("13B@q4"))
    only, _ = c.ask("8B", "-q", "q4", "-g", "24GB", "-c", "max")
    c.that(best["verdict"] == "fit" and 0 < best["context"] < only["context"], "a shorter context beside another model")
    c.equal(best["members"][0]["context"], 4096, "which keeps its own")
    held = sum(best["members"][0][s] for s in SEGMENTS)
    for context, verdict in ((best["context"], "fit"), (best["context"] + 256, "fragile")):
        r, _ = c.ask("8B", "-q", "q4", "-g", "24GB", "-c", str(context), "--reserve", "%dB" % held)
        c.equal("fit" if r["headroom_bytes"] >= best["margin_bytes"] else "fragile", verdict, "--context max is the largest: %d" % context)
    r, _ = c.ask("32B", "-q", "best", "-g", "24GB", *also("3B@q8"))
    only, _ = c.ask("32B", "-q", "best", "-g", "24GB")
    c.that(r["verdict"] == "fit" and r["model_bytes"] < only["model_bytes"], "--quant best: less beside another model: %s" % r["quant"])
    r, _ = c.ask("13B", "-q", "q8", "-g", "smallest", *also("13B@q8"))
    c.that(r["verdict"] == "fit" and r["available_bytes"] > 2 * 13830574080, "the smallest that holds both: %s" % r["gpu"])
    r, _ = c.ask("32B", "-q", "q4", "-g", "24GB", "--gpu-layers", "auto", *also("13B@q4"))
    c.that(r["verdict"] == "fit" and 0 < r["devices"][0]["layers"] - 40 < 64, "--gpu-layers auto: what the other leaves")
    front = c.run("8B", "-q", "best", "-c", "max", "-g", "24GB", *also("13B@q4"), "-f", "json").json()["results"]
    c.that(len(front) > 2 and all(r["verdict"] == "fit" and r["members"][0]["context"] == 4096 for r in front), "a front beside another model")
    r = c.run("--models-from", "-", "-g", "24GB", *also("7B@q4"), "-f", "tsv", stdin=b"8B q4\n13B q8\n32B q4 8k\n")
    c.equal([line.split("\t")[5] for line in r.out.splitlines()[1:]], ["fit", "fit", "no-fit"], "in lists")


def suggested(c):
    """Every suggestion, typed, gives what it promised."""
    for args in (["8B", "-q", "q4", "-g", "12GB", *also("7B@q4")], ["13B", "-q", "q8", "-g", "24GB", "-c", "8k", *also("14B@q4")],
                 ["8x7B", "-q", "q4", "-g", "24GB", *also("8B@q4")]):
        r, _ = c.ask(*args)
        c.that(r["verdict"] != "fit" and r["suggestions"], "%s: suggestions" % args)
        for s in r["suggestions"]:
            words = shlex.split(s["change"])
            changed = list(args)
            for option, value in zip(words[::2], words[1::2]):
                letter = {"--quant": "-q", "--gpu": "-g", "--context": "-c"}.get(option, option)
                if option == "--model":
                    changed[0] = value
                elif letter in changed:
                    changed[changed.index(letter) + 1] = value
                else:
                    changed += [option, value]
            again, _ = c.ask(*changed)
            c.equal(again and (again["verdict"], again["need_bytes"]), (s["verdict"], s["need_bytes"]), "%s: %s" % (args, s["change"]))


def formats(c, root):
    schema = json.loads((Path(root) / "data/schema/result.schema.json").read_text(encoding="utf-8"))
    for args in (["8B", "-q", "q4", "-g", "2x24GB", "--draft", "1B@q4", *also("13B@q8", "bge-base"), "--explain"],
                 ["8B", "-q", "q4,q8", "-g", "24GB,2x24GB", *also("7B@q4")], ["8B", "-q", "awq", "-g", "24GB", *also("7B@awq")]):
        doc = c.run(*args, "-f", "json").json()
        c.equal(findings(doc, schema, schema), [], "%s: schema" % args)
        same_numbers(c, [a for a in args if a != "--explain"])
        for name in ("table", "markdown", "junit", "github", "svg", "html"):
            r = c.run(*args, "-f", name)
            c.equal((r.exit, r.err), (0, ""), "%s as %s" % (args, name))
    r, _ = c.ask("8B", "-q", "q4", "-g", "24GB", "--explain", *also("13B@q4"))
    for s in SEGMENTS:
        for name, of in ((None, 0), (r["members"][0]["model"], r["members"][0][s])):
            terms = [t["bytes"] for t in r["terms"] if t.get("model") == name and t["segment"] + "_bytes" == s and t["device"]]
            c.equal(sum(terms), of if name else r["devices"][0][s] - r["members"][0][s], "terms of %s: %s" % (name, s))
    c.equal(sum("desktop" in t["name"] for t in r["terms"]), 1, "one desktop")
    c.that(r["speed"] and r["speed"]["read_bytes_per_token"] == alone(c, "8B@q4", "24GB")["speed"]["read_bytes_per_token"], "speed: the model's own")
    text = c.run("8B", "-q", "q4", "-g", "2x24GB", *also("13B@q8")).out
    for line in c.ask("8B", "-q", "q4", "-g", "2x24GB", *also("13B@q8"))[0]["launch"]:
        c.that("\n  " + line + "\n" in text, "the table says how: %s" % line)
    lock = c.run("lock", "-", "-g", "24GB", *also("7B@q4"), stdin=b"8B q4\n")
    c.that("--also" in lock.out and "fit" in lock.out, "a lock keeps --also: %s %s" % (lock.out, lock.err))
    with tempfile.NamedTemporaryFile("w") as f:
        for text, status in ((lock.out, 0), (lock.out.replace("7B@q4", "7B@q8"), 1)):
            f.seek(0)
            f.truncate()
            f.write(text)
            f.flush()
            c.equal(c.run("lock", "--verify", f.name).exit, status, "lock --verify: %s" % text)
    lines = c.run("8B", "-q", "q4,q8", "-g", "24GB", *also("13B@q4")).out
    c.that("with meta-llama/Llama-2-13b, Q4_K_M beside it" in lines, "rows that are lines say who is beside: %s" % lines)


def refused(c):
    base = ["8B", "-q", "q4", "-g", "24GB"]
    for args, words in ((base + also("nosuchmodel"), ["--also", "nosuchmodel"]), (base + also("7B@q99"), ["--also", "q99"]), (base + also(""), ["--also", "empty"]),
                        (base + also("7B@awq") + ["-r", "llama.cpp"], ["--also", "awq", "llama.cpp cannot load"]),
                        (base + also("7B") + ["--train", "lora"], ["--also", "--train"]),
                        (["8B", "-q", "awq", "-g", "24GB"] + also("7B@awq") + ["-c", "8k"], None),
                        (["8B", "-q", "q4", "-g", "2x24GB"] + also("olmo-2-7b@q4") + ["--split", "tensor"], ["--also 'olmo-2-7b@q4'", "--split"]),
                        (base + also(*["1B"] * 17), ["--also", "16"]), (base + ["--draft", "1B"] + also(*["1B"] * 16), ["--also", "16"]),
                        (["-g", "2x24GB"] + also("7B") + ["--", "llama-server", "-m", "Llama-3.1-8B-Instruct-Q4_K_M.gguf"], ["--also", "launch line"])):
        r = c.run(*args)
        if words is None:
            c.equal(r.exit, 0, "%s: its own maximum" % args)
            continue
        c.equal((r.exit, r.out), (2, ""), "%s: refused" % args[4:8])
        c.that(r.err.count("\n") == 1 and all(w in r.err for w in words), "%s: %s" % (words, r.err))
    r = c.run("-g", "24GB", *also("bge-base@f16"), "--", "llama-server", "-m", "Llama-3.1-8B-Instruct-Q4_K_M.gguf", "-c", "8192")
    c.equal(r.exit, 0, "beside a launch line on one card: %s" % r.err)


def main():
    c = Checks(sys.argv[1])
    placed(c)
    started(c)
    spread(c)
    servers(c)
    seed_table_c(c)
    settings(c)
    on_one_card(c)
    passed_on(c)
    solved(c)
    suggested(c)
    formats(c, sys.argv[2])
    refused(c)
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
