#!/usr/bin/env python3
"""--also: several models side by side, each in a process of its own.

usage: also.py PROGRAM
"""
import sys

from program import Checks

SEGMENTS = ("weights_bytes", "kv_cache_bytes", "compute_bytes", "runtime_bytes")
QUIET = ["--desktop", "none"]


def as_alone(c, gpu, main, others):
    """Each model takes what it takes alone, and the cards hold the sum."""
    r, exit_status = c.ask(*main, "-g", gpu, *QUIET, *sum((["--also", o] for o in others), []))
    if not r:
        return None
    alone = [c.ask(*main, "-g", gpu.split("x")[-1].split("+")[0], *QUIET)[0]]
    members = [m for m in r["members"] if m["kind"] == "also"]
    c.equal(len(members), len(others), "%s: a member for each" % others)
    for o, m in zip(others, members):
        name, _, quant = o.partition("@")
        one, _ = c.ask(name, *(["-q", quant] if quant else []), "-g", gpu.split("x")[-1].split("+")[0], *QUIET,
                       "-c", str(m["context"]), *(["--embeddings"] if m["kv_cache_bytes"] == 0 else []))
        alone.append(one)
        if len(m["cards"]) == 1:
            for key in SEGMENTS:
                c.equal(m[key], one["devices"][0][key], "%s beside %s: %s" % (o, main, key))
    if all(len(m["cards"]) == 1 for m in members) and len(r["cards"]) == 1:
        for key in SEGMENTS:
            c.equal(sum(d[key] for d in r["devices"]), sum(a["devices"][0][key] for a in alone), "%s and %s: all cards' %s" % (main, others, key))
    for d in r["devices"]:
        c.equal(d["headroom_bytes"], d["available_bytes"] - d["need_bytes"], "%s: headroom" % d["name"])
    for key in ("weights_bytes", "kv_cache_bytes", "compute_bytes", "output_bytes"):
        c.equal(r["host"][key], sum(a["host"][key] for a in alone), "%s and %s: system memory, %s" % (main, others, key))
    return r


def sides(c):
    r = as_alone(c, "24GB", ["8B", "-q", "q4"], ["7B@q4", "bge-base@f16"])
    c.that(r and r["verdict"] == "fit", "chat, another, embeddings on one card")
    r = as_alone(c, "2x24GB", ["13B", "-q", "q8"], ["13B@q8"])
    c.that(r and r["verdict"] == "fit" and r["cards"] != r["members"][0]["cards"], "two that fill half a card each: one a card")
    r = as_alone(c, "24GB+12GB", ["7B", "-q", "q4"], ["13B@q8"])
    c.equal(r and (r["cards"], r["members"][0]["cards"], r["verdict"]), ([1], [0], "fit"), "the larger on the larger card")
    r, _ = c.ask("70B", "-q", "q4", "-g", "2x24GB", *QUIET, "--also", "bge-base")
    c.equal(r and (r["cards"], r["verdict"]), ([0, 1], "fit"), "what fits no card is spread, and the small one beside it")
    c.that(r and all(d["need_bytes"] <= d["available_bytes"] for d in r["devices"]), "on each card")
    r, status = c.ask("70B", "-q", "q4", "-g", "24GB", "--also", "8B")
    c.equal((r and r["verdict"], status), ("no-fit", 1), "or nothing fits")
    c.that(r and r["suggestions"], "and says what would")
    r, _ = c.ask("8B", "-q", "awq", "-g", "24GB", "--also", "7B@awq")
    c.equal(r and r["verdict"], "no-fit", "a server that takes the card leaves nothing")
    r, _ = c.ask("8B", "-q", "awq", "-g", "2x24GB", "--also", "8B@awq", "--tensor-parallel", "1", "-c", "4k")
    c.that(r is None or r["verdict"] == "fit", "two servers on a card each")
    r, _ = c.ask("8B", "-q", "awq", "-g", "24GB", "--also", "bge-base@f16", "-c", "4k", "--gpu-memory-utilization", "0.6")
    c.equal(r and (r["verdict"], r["members"][0]["runtime"]), ("fit", "llama.cpp"), "what a server leaves is another's")


def seed_table_c(c):
    """Several 7B to 13B models, vision beside language, a draft model, embeddings beside chat: one and two cards of 24 GB."""
    for main, more in ((["13B", "-q", "q8"], ["--also", "7B@q8"]),
                       (["qwen2.5-vl-7b", "-q", "q4", "--mmproj", "qwen2.5-vl-7b"], ["--also", "8B@q4"]),
                       (["32B", "-q", "q4", "--draft", "0.5B@q8"], ["--also", "bge-base@f16"]),
                       (["8B", "-q", "q8"], ["--also", "nomic-embed-text@f16"])):
        r, _ = c.ask(*main, *more, "-g", "2x24GB")
        c.equal(r and r["verdict"], "fit", "2x24GB: %s %s" % (main, more))
        c.that(r and r["launch"] and all("CUDA_VISIBLE_DEVICES=" in line for line in r["launch"]), "and how each is started")


def solved(c):
    best, _ = c.ask("8B", "-q", "q4", "-g", "24GB", "-c", "max", "--also", "13B@q4")
    alone, _ = c.ask("8B", "-q", "q4", "-g", "24GB", "-c", "max")
    c.that(best and alone and best["verdict"] != "no-fit" and 0 < best["context"] < alone["context"], "a shorter context beside another model")
    c.equal(best and best["members"][0]["context"], 4096, "which keeps its own")
    one_more, _ = c.ask("8B", "-q", "q4", "-g", "24GB", "-c", str(best["context"] + 1024), "--also", "13B@q4")
    c.that(one_more and one_more["need_bytes"] > best["need_bytes"], "more takes more")
    card, _ = c.ask("13B", "-q", "q8", "-g", "smallest", "--also", "13B@q8")
    c.that(card and card["verdict"] == "fit" and card["available_bytes"] > 2 * 13830574080, "the smallest that holds both")
    r = c.run("--models-from", "-", "-g", "24GB", "--also", "7B@q4", "-f", "tsv", stdin=b"8B q4\n13B q8\n")
    c.equal([line.split("\t")[5] for line in r.out.splitlines()[1:]], ["fit", "fit"], "in lists")


def text(c):
    r = c.run("8B", "-q", "q4", "-g", "2x24GB", "--also", "13B@q8")
    c.that("CUDA_VISIBLE_DEVICES=0 llama-server -m Llama-2-13b-Q8_0.gguf" in r.out or "CUDA_VISIBLE_DEVICES=1 llama-server -m Llama-2-13b-Q8_0.gguf" in r.out,
           "the table says how: %s" % r.out)


def main():
    c = Checks(sys.argv[1])
    sides(c)
    seed_table_c(c)
    solved(c)
    text(c)
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
