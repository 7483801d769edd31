#!/usr/bin/env python3
"""Compares vramfit with llama.cpp's own allocator on random configurations.

usage: oracle.py setup DIR                      fetches llama.cpp's release and builds the kit
       oracle.py random KIT VRAMFIT [options]   measures random configurations and compares
       oracle.py compare ROWS VRAMFIT           compares again with rows that were kept

Nothing else of the project needs this. README.md in this folder has the rest. Standard library only.
"""
import argparse
import gzip
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "accuracy"))

import gguf  # noqa: E402
import kit  # noqa: E402
import report  # noqa: E402
import shapes  # noqa: E402
import truth  # noqa: E402

RELEASE = "3.22.1"  # of node-llama-cpp, which brings llama.cpp v0.5.0: prebuilt libraries and the source they were made from
PACKAGES = ["node-llama-cpp", "@node-llama-cpp/linux-x64", "@node-llama-cpp/linux-x64-cuda"]

# ---- setup ------------------------------------------------------------------------------------


def setup(o):
    out = Path(o.dir).resolve()
    modules = out / "npm/node_modules"
    cpu = modules / "@node-llama-cpp/linux-x64/bins/linux-x64"
    cuda = modules / "@node-llama-cpp/linux-x64-cuda/bins/linux-x64-cuda"
    fetched = cpu.exists() and cuda.exists()
    lacking = [t for t in ("git", "make", "gcc", "g++") + (() if fetched else ("npm",)) if not shutil.which(t)]
    if lacking or sys.platform != "linux" or os.uname().machine != "x86_64":
        sys.exit("oracle.py: setup needs Linux on x86-64 with npm, git, make, gcc and g++; missing: %s"
                 % (", ".join(lacking) or "that machine"))
    out.mkdir(parents=True, exist_ok=True)
    run = lambda *command: subprocess.run([str(c) for c in command], check=True)
    if not fetched:  # without a prefix npm installs into the nearest folder above that has a package.json
        run("npm", "install", "--prefix", out / "npm", "--no-save", "--omit=optional", "--ignore-scripts",
            *("%s@%s" % (p, RELEASE) for p in PACKAGES))
    if not (out / "llama.cpp").exists():
        run("git", "clone", "-q", "-c", "advice.detachedHead=false", modules / "node-llama-cpp/llama/gitRelease.bundle",
            out / "llama.cpp")
    run("make", "-C", HERE, "SRC=%s" % (out / "llama.cpp"), "CPU=%s" % cpu, "CUDA=%s" % cuda, "OUT=%s" % out)
    # llama.cpp loads every backend of a folder: one CPU variant keeps results independent of this machine's.
    for folder, files in (("be-cpu", [cpu / "libggml-cpu-haswell.so"]),
                          ("be-cuda", [cuda / "libggml-cuda.so", cuda / "libggml-cpu-haswell.so"])):
        (out / folder).mkdir(exist_ok=True)
        for f in files:
            (out / folder / f.name).unlink(missing_ok=True)
            (out / folder / f.name).symlink_to(f)
    kit.Kit(out)


# ---- random models ----------------------------------------------------------------------------

OPTIONAL = [r"attn_[qkv]\.bias$", r"attn_qkv\.bias$", r"attn_output\.bias$", r"attn_[qk]_norm\.weight$", r"ffn_(up|down|gate)\.bias$",
            r"^rope_freqs\.weight$", r"attn_norm\.bias$", r"ffn_norm\.bias$", r"ssm_conv1d\.bias$", r"exp_probs_b"]


# Architectures without a stored header: the header to start from, and keys that they need besides.
RELATIVES = json.loads((HERE / "relatives.json").read_text())
# What the loader calls optional and such a model has nevertheless.
USUAL = [r"attn_[qkv]\.weight$", r"ffn_(gate|up|down)(_exps|_shexp)?\.weight$"]


def template(packed, arch):
    """-> (keys, tensors) of a header, as `arch` where that is given."""
    keys, tensors = gguf.read(gzip.decompress(packed.read_bytes()))
    old = keys["general.architecture"]
    if not arch:
        return keys, tensors
    keys = {re.sub("^%s\\." % re.escape(old), arch + ".", key): v for key, v in keys.items()}
    keys["general.architecture"] = arch
    for key, v in RELATIVES[arch]["keys"].items():
        if isinstance(v, dict):
            v = [i % v["every"] != v["every"] - 1 for i in range(keys[arch + ".block_count"])]
        keys[key if key.startswith("xielu.") else arch + "." + key] = v
    for key in ("layer_norm_epsilon", "layer_norm_rms_epsilon"):
        keys.setdefault(arch + ".attention." + key, 1e-5)
    return {key: v for key, v in keys.items() if v is not None}, tensors


# Architectures whose prediction layers llama.cpp can draft with, and what such a layer may have besides.
PREDICTS = ("bailingmoe3", "cohere2moe", "deepseek2", "deepseek32", "glm-dsa", "glm4moe", "hy_v3", "mimo2", "nemotron_h_moe",
            "qwen35", "qwen35moe", "qwen3next", "step35")
NEXTN = [r"nextn\.embed_tokens\.weight", r"nextn\.shared_head_head\.weight", r"nextn\.shared_head_norm\.weight"]


def with_prediction(keys, rng):
    """Keys of a model with one more layer, which predicts; of some with two."""
    arch = keys["general.architecture"]
    more = rng.choice([1, 1, 1, 1, 2])
    keys = dict(keys)
    n = keys[arch + ".block_count"]
    for key, v in keys.items():
        if isinstance(v, list) and len(v) == n and key.startswith(arch) and not key.endswith("sections"):
            keys[key] = v + [next((x for x in reversed(v) if x), v[-1]) if "head_count" in key else v[-1]] * more
    keys[arch + ".block_count"] = n + more
    keys[arch + ".nextn_predict_layers"] = more
    return keys


class Model:
    """A stored header, or one of the same architecture with random numbers, written to `folder`."""

    def __init__(self, name, quant, matrix, arch, path, layers, experts, latent, predicts):
        self.name, self.quant, self.matrix, self.arch, self.path = name, quant, matrix, arch, path
        self.layers, self.experts, self.latent, self.predicts = layers, experts, latent, predicts


def describe(name, quant, matrix, path, keys):
    arch = keys["general.architecture"]
    return Model(name, quant, matrix, arch, path, keys[arch + ".block_count"], keys.get(arch + ".expert_count", 0),
                 arch + ".attention.kv_lora_rank" in keys, keys.get(arch + ".nextn_predict_layers", 0))


def random_model(tools, o, rng, packed, arch, folder, number):
    old, tensors = template(packed, arch)
    predicts = rng.random() < o.predicts and old["general.architecture"] in PREDICTS
    if predicts and not old.get(old["general.architecture"] + ".nextn_predict_layers"):
        old = with_prediction(old, rng)
    keys = shapes.vary(old, rng)
    heads = keys.get(keys["general.architecture"] + ".attention.head_count_kv")
    if predicts and isinstance(heads, list):  # such a layer has attention
        more = keys[keys["general.architecture"] + ".nextn_predict_layers"]
        heads[-more:] = [n or max(heads) for n in heads[-more:]]
    scratch = os.path.join(folder, "scratch.gguf")
    keep = {kit.pattern(name) for name, _, _ in tensors} - {kit.pattern("output.weight")}
    tied = not any(name == "output.weight" for name, _, _ in tensors)
    if tied == (rng.random() < 0.2):
        keep.add("^output\\.weight$")
    if rng.random() < 0.3:
        keep.add(rng.choice(OPTIONAL))
    if arch or predicts:
        keep.update(USUAL)
    if predicts:
        keep.update(p for p in NEXTN if rng.random() < 0.5)
    if rng.random() < 0.15:
        keep.add(r"attn_qkv\.(weight|bias)$")
    base = {kit.pattern(name): kind if kind in ("f32", "mxfp4") else "f16" for name, _, kind in tensors}

    def wide(name, shape):
        known = base.get(kit.pattern(name))
        plain = sum(d > 1 for d in shape) < 2 or not name.endswith(".weight") or name.endswith("_norm.weight")
        kind = "f32" if plain else known or "f16"
        return "f16" if kind == "mxfp4" and shape[0] % 32 else kind

    quant = "MXFP4_MOE" if "mxfp4" in base.values() else rng.choice(["Q4_K_M"] * 8 + [q for q in kit.FTYPES if q != "MXFP4_MOE"])
    matrix = quant in kit.NEED_MATRIX or (quant not in ("F32", "F16", "BF16", "MXFP4_MOE") and rng.random() < 0.2)
    name = "random-%d-%s" % (number, keys["general.architecture"])
    keys.update({"general.name": name, "general.file_type": kit.FTYPES[quant]})
    listed = [(n, s, wide(n, s)) for n, s in tools.tensors(keys, sorted(keep), scratch)]
    listed = tools.quantized(keys, listed, quant, matrix, scratch)
    file = "%s.%s.gguf" % (name, quant)
    head, size = gguf.write(os.path.join(folder, file), keys, listed)
    return describe(name, quant, matrix, os.path.join(folder, file), keys), head, size


def stored_model(packed, folder):
    head = gzip.decompress(packed.read_bytes())
    file = packed.name[: -len(".gz")]
    size = json.loads((packed.parent / "sizes.json").read_text())[file]
    path = os.path.join(folder, file)
    Path(path).write_bytes(head)
    os.truncate(path, size)
    name, quant, _ = file.rsplit(".", 2)
    return describe(name, quant, False, path, gguf.read(head)[0]), head, size


# ---- random settings --------------------------------------------------------------------------

CACHE_TYPES = ["f16"] * 6 + ["q8_0"] * 3 + ["q4_0", "q4_1", "q5_0", "q5_1", "iq4_nl", "bf16", "f32"]


def random_cards(rng):
    """-> (compute capability, MiB of each card); no card at times"""
    if rng.random() < 0.06:
        return 0, ()
    n = rng.choice([1, 1, 1, 2, 2, 3])
    cc = rng.choice([86, 86, 86] + sorted(report.CARDS))
    if n == 1:
        return cc, (1048576,)
    return cc, tuple(rng.choice([8192, 12288, 16384, 24576]) for _ in range(n))


# What is put into system memory by hand, experts aside.
OVERRIDES = ["attn_(q|k|v|qkv|output)", "ffn_(up|gate)", "ffn_down", "attn_norm", "token_embd", "output", "blk\\.0\\.", "blk\\.[13]\\.", "attn_v\\.weight",
             "ssm_|shortconv", "attn_k(_b|v_a_mqa)", "_norm", "bias"]


def random_settings(rng, model, n_cards):
    sequences = rng.choice([1, 1, 1, 1, 2, 3, 4, 7, 8, 16, 64])
    s = {"n_ctx": rng.choice([512, 2048, 4096, 8192, 16384, 32768, 131072, rng.randint(1, 3000), rng.randint(1, 70000)]),
         "n_batch": rng.choice([2048, 2048, 2048, 2048, 1, 32, 256, 512, 777, 4096]),
         "n_ubatch": rng.choice([512, 512, 512, 1, 7, 8, 33, 64, 128, 300, 511, 1024, 2048, 4096]),
         "n_seq_max": sequences, "kv_unified": int(rng.random() < 0.4), "swa_full": int(rng.random() < 0.15),
         "n_outputs_max": rng.choice([0, 0, sequences, sequences, 1, rng.randint(1, 600)]),
         "fa": rng.choice(["auto", "auto", "auto", "on", "off"]), "offload_kqv": int(rng.random() < 0.85),
         "op_offload": int(rng.random() < 0.85), "embeddings": int(rng.random() < 0.1),
         "ngl": rng.choice([-1, -1, rng.randint(0, model.layers + 1), rng.randint(0, model.layers)])}
    if rng.random() < 0.9:  # llama.cpp refuses, or aborts at, fewer outputs than sequences
        s["n_batch"] = max(s["n_batch"], sequences)
        s["n_outputs_max"] = max(s["n_outputs_max"], sequences) if s["n_outputs_max"] else 0
    s["ctk"] = rng.choice(CACHE_TYPES)
    s["ctv"] = s["ctk"] if rng.random() < (0.97 if model.latent else 0.7) else rng.choice(CACHE_TYPES)
    if s["fa"] == "off" and rng.random() < 0.9:
        s["ctv"] = rng.choice(["f16", "f16", "bf16", "f32"])
    if rng.random() < (0.3 if n_cards > 1 else 0.02 * n_cards):
        s["sm"] = "tensor"
        s["fa"] = "off" if rng.random() < 0.05 else "on" if rng.random() < 0.3 else "auto"
    if model.predicts and rng.random() < 0.8:
        s["draft_mtp"] = rng.choice([1, 2, 3, 3, 5, 16])
        s["embeddings"] = 0
    if n_cards > 1 and rng.random() < 0.6:
        s["ts"] = ",".join(str(rng.randint(0 if i else 1, 9)) for i in range(n_cards))
    if model.experts and rng.random() < 0.3:
        s["ot"] = report.experts(rng.choice([0, rng.randint(1, model.layers)]))
    elif rng.random() < 0.1:
        s["ot"] = rng.choice(OVERRIDES)
    return {k: v for k, v in s.items() if truth.DEFAULTS[k] != v}


# ---- measure and compare ----------------------------------------------------------------------


def error_line(text):
    return re.sub(r"\s+", " ", text)[:200]


def measure(tools, o, rows):
    rng = random.Random(o.seed)
    headers = sorted(h for h in (HERE.parent / "accuracy/headers").glob("*.gguf.gz") if not h.name.startswith("random-"))
    sources = [(h, "") for h in headers] + [
        (h, arch) for arch, r in sorted(RELATIVES.items()) for h in headers if h.name.rsplit(".", 3)[0] == r["like"]]
    sources = [(h, arch) for h, arch in sources if re.search(o.only, arch or h.name)]
    (rows / "headers").mkdir(parents=True, exist_ok=True)
    sizes, count, number, dropped = {}, 0, 0, []
    with open(rows / "cuda.jsonl", "w") as cuda, open(rows / "cpu.jsonl", "w") as cpu, tempfile.TemporaryDirectory(prefix="vramfit-oracle.") as folder:
        while count < o.count:
            number += 1
            (packed, arch), inside = rng.choice(sources), random.Random(rng.random())
            try:
                if not arch and inside.random() < o.stored:
                    model, head, size = stored_model(packed, folder)
                else:
                    model, head, size = random_model(tools, o, inside, packed, arch, folder, number)
            except kit.Failed as why:
                dropped.append("%d (%s): %s" % (number, arch or packed.name, error_line(str(why))))
                continue
            cc, memory = random_cards(inside)
            settings = [random_settings(inside, model, len(memory)) for _ in range(min(o.per_model, o.count - count))]
            results = tools.allocate([dict(s, model=model.path) for s in settings], cc, memory)
            os.unlink(model.path)
            if all(r.get("error", "").startswith("load:") for r in results):  # else it refuses the settings, not the shape
                dropped.append("%d (%s): %s" % (number, arch or packed.name, error_line(results[0]["error"])))
                continue
            file = os.path.basename(model.path)
            sizes[file] = size
            (rows / "headers" / (file + ".gz")).write_bytes(gzip.compress(head, 6))
            for s, r in zip(settings, results):
                count += 1
                backend = {"name": "cuda", "cc": str(cc), "mem_mib": ",".join(map(str, memory))} if memory else {"name": "cpu"}
                (cuda if memory else cpu).write(json.dumps({"model": model.name, "arch": model.arch, "quant": model.quant, "imatrix": model.matrix, "settings": s,
                                      "backend": backend,
                                      **{k: r[k] for k in ("buffers", "output", "error") if k in r}}) + "\n")
    (rows / "weights.jsonl").write_text("")
    (rows / "headers/sizes.json").write_text(json.dumps(sizes))
    for line in dropped:
        print("no model: " + line)
    print("seed %d: %d configurations of %d models; %d shapes were not legal" % (o.seed, count, len(sizes), len(dropped)), flush=True)


def compare(rows, o):
    return subprocess.run([sys.executable, "-B", HERE.parent / "accuracy/report.py", o.vramfit, "--truth", rows, "--misses",
                           str(o.misses)]).returncode


def random_rows(o):
    tools = kit.Kit(o.kit)
    if o.seed is None:
        o.seed = random.SystemRandom().randrange(1 << 32)
    if o.rows:
        measure(tools, o, Path(o.rows))
        return compare(o.rows, o)
    with tempfile.TemporaryDirectory(prefix="vramfit-oracle-rows.") as rows:
        measure(tools, o, Path(rows))
        return compare(rows, o)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = p.add_subparsers(dest="command", required=True)
    s = sub.add_parser("setup")
    s.add_argument("dir")
    r = sub.add_parser("random")
    r.add_argument("kit")
    r.add_argument("vramfit")
    r.add_argument("--predicts", type=float, default=0.3, help="share of models with prediction layers, where there can be")
    r.add_argument("--seed", type=int, help="repeats a run; printed")
    r.add_argument("--count", type=int, default=100, help="configurations")
    r.add_argument("--per-model", type=int, default=5)
    r.add_argument("--stored", type=float, default=0.4, help="share of models that are stored headers")
    r.add_argument("--only", default="", help="regular expression: headers or architectures to start from")
    r.add_argument("--rows", help="a new folder to keep the rows in")
    c = sub.add_parser("compare")
    c.add_argument("rows")
    c.add_argument("vramfit")
    for q in (r, c):
        q.add_argument("--misses", type=int, default=10, help="rows to print of each segment")
    o = p.parse_args()
    if o.command == "setup":
        try:
            return setup(o)
        except subprocess.CalledProcessError as why:
            sys.exit("oracle.py: %s: exit status %d" % (why.cmd[0], why.returncode))
    try:
        return random_rows(o) if o.command == "random" else compare(o.rows, o)
    except kit.Failed as why:
        sys.exit("oracle.py: %s" % why)


if __name__ == "__main__":
    sys.exit(main())
