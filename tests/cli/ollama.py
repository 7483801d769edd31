#!/usr/bin/env python3
"""Models of Ollama's local store: a small store is made of a real header, and asked about.

usage: ollama.py PROGRAM
"""
import gzip
import hashlib
import json
import math
import os
import struct
import sys
import tempfile
from pathlib import Path

from program import Checks

HEADERS = Path(__file__).resolve().parent.parent / "accuracy/headers"
HEADER = "llama-3.2-1b.Q4_K_M.gguf"
IMAGE = "application/vnd.ollama.image."
LIST = "application/vnd.ollama.manifest.list.v2+json"
G = ["-g", "8GB"]


class Store:
    """A folder laid out as Ollama does it."""

    def __init__(self, folder):
        self.folder = Path(folder)
        (self.folder / "blobs").mkdir(parents=True)

    def blob(self, data, size=None):
        digest = hashlib.sha256(data).hexdigest()
        path = self.folder / "blobs" / ("sha256-" + digest)
        path.write_bytes(data)
        if size:
            os.truncate(path, size)
        return "sha256:" + digest

    def layer(self, kind, data, size=None):
        return {"mediaType": IMAGE + kind, "digest": self.blob(data, size), "size": size or len(data)}

    def manifest(self, name, content, folder="manifests"):
        path = self.folder / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    def model(self, name, *layers, **kw):
        return self.manifest(name, {"schemaVersion": 2, "layers": list(layers)}, **kw)


def text(s):
    return struct.pack("<Q", len(s)) + s.encode()


def gguf(arch, kind, tensors):
    """A small GGUF file of F16 tensors, {name: shape}."""
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), 2)
    for key, value in (("general.architecture", arch), ("general.type", kind)):
        head += text(key) + struct.pack("<I", 8) + text(value)
    offset = 0
    for name, shape in tensors.items():
        head += text(name) + struct.pack("<I", len(shape)) + struct.pack("<%dQ" % len(shape), *shape) + struct.pack("<IQ", 1, offset)
        offset += 2 * math.prod(shape)
    return head + b"\0" * (-len(head) % 32) + b"\0" * offset


def params(**kw):
    return json.dumps(kw).encode()


def make(store):
    size = json.loads((HEADERS / "sizes.json").read_text(encoding="utf-8"))[HEADER]
    model = store.layer("model", gzip.decompress((HEADERS / (HEADER + ".gz")).read_bytes()), size)
    library = "registry.ollama.ai/library/"
    store.model(library + "llama3.2/1b", store.layer("license", b"MIT"), model)
    store.model(library + "llama3.2/latest", model, store.layer("params", params(num_ctx=8192, stop=["<|eot_id|>"])))
    store.model(library + "tuned/latest", model, store.layer("params", params(num_ctx=2048, num_batch=256, num_gpu=8)))
    projector = gguf("clip", "mmproj", {"v.blk.0.attn_q.weight": [64, 64], "v.position_embd.weight": [64, 32]})
    adapter = gguf("llama", "adapter", {"blk.0.attn_q.weight.lora_a": [2048, 16], "blk.0.attn_q.weight.lora_b": [16, 2048]})
    store.model(library + "seeing/latest", model, store.layer("projector", projector), store.layer("adapter", adapter))
    store.model(library + "twice/latest", model, dict(model, mediaType=IMAGE + "projector"))
    store.model(library + "blind/latest", model, {"mediaType": IMAGE + "projector", "digest": "sha256:" + "f" * 64, "size": 2})
    store.model("hf.co/someone/Llama-3.2-GGUF/Q4_K_M", model)
    store.model("localhost:5000/me/mine/v1", model)
    store.model("ollama.com/library/new/latest", model, folder="manifests-v2")
    both = {"schemaVersion": 2, "mediaType": LIST, "manifests": [
        {"runner": "mlx", "digest": "sha256:" + "0" * 64},
        {"runner": "ollama", "digest": store.blob(json.dumps({"schemaVersion": 2, "layers": [model]}).encode())}]}
    store.manifest("ollama.com/library/both/latest", both, folder="manifests-v2")
    store.model(library + "new/latest", model)  # in both folders
    store.model("ollama.com/library/odd/latest", model)
    store.model(library + "many/latest", model, *[store.layer("adapter", adapter)] * 3)
    loop = dict(both, manifests=[{"runner": "ollama", "digest": store.blob(json.dumps(both).encode())}])
    store.manifest(library + "loop/latest", loop)
    store.model(library + "gone/latest", dict(model, digest="sha256:" + "d" * 64))
    store.model(library + "short/latest", dict(model, size=size + 1))
    store.model(library + "noparams/latest", model, {"mediaType": IMAGE + "params", "digest": "sha256:" + "e" * 64, "size": 2})
    store.model(library + "alike/latest", model, store.layer("params", params(num_ctx=512, num_gpu=999)))
    store.model(library + "badparams/latest", model, store.layer("params", params(num_ctx="8k")))
    store.model(library + "cloud/latest", store.layer("license", b"MIT"))
    store.model(library + "climbs/latest", dict(model, digest="sha256:" + "../" * 20 + "etc/passwd"))
    store.manifest(library + "broken/latest", '{"schemaVersion":2,')
    return store.folder / "blobs" / model["digest"].replace(":", "-")


def good(c, env, store, blob):
    r, status = c.ask("ollama:llama3.2:1b", *G, env=env)
    if not r:
        return
    c.equal((r["model"], r["runtime"], r["quant"], r["context"], status), ("llama3.2:1b", "ollama", "Q4_K_M", 4096, 0), "a name and tag")
    c.that(any("num_ctx 4096" in n for n in r["notes"]), "the context is said: %s" % r["notes"])
    file, _ = c.ask(str(blob), "-r", "ollama", *G, env=env)
    c.equal(dict(file, model=r["model"]), r, "the same as its file under --runtime ollama")
    for name in ("llama3.2:1b", "library/llama3.2:1b", "registry.ollama.ai/library/llama3.2:1b"):
        again, _ = c.ask("--model", "ollama:" + name, *G, env=env)
        c.equal(again, r, name)
    for name, title in (("hf.co/someone/Llama-3.2-GGUF:Q4_K_M", None), ("localhost:5000/me/mine:v1", None), ("new", "new:latest"),
                        ("both", "both:latest"), ("ollama.com/library/new", "new:latest"), ("odd", "odd:latest"),
                        ("ollama.com/library/llama3.2:1b", "llama3.2:1b")):
        other, _ = c.ask("ollama:" + name, *G, env=env)
        c.equal(other, dict(r, model=title or name), name)
    path = store / "manifests/registry.ollama.ai/library/llama3.2/1b"
    by_path, _ = c.ask(str(path), *G)
    c.equal(by_path, r, "the manifest's path")
    for text in ("1b", "./1b"):
        by_path, _ = c.ask(text, *G, cwd=path.parent)
        c.equal(by_path, r, "%s, within the store" % text)
    by_path, _ = c.ask(str(store / "manifests-v2/ollama.com/library/new/latest"), *G)
    c.equal(by_path, dict(r, model="new:latest"), "a manifest of the new folder")
    home = store.parent
    (home / ".ollama").mkdir()
    (home / ".ollama/models").symlink_to(store)
    for more in ({}, {"OLLAMA_MODELS": ""}):
        again, _ = c.ask("ollama:llama3.2:1b", *G, env=dict(more, HOME=str(home)))
        c.equal(again, r, "the store in HOME, %s" % more)
    other = store / "mymanifests/registry.ollama.ai/library/llama3.2/1b"
    other.parent.mkdir(parents=True)
    other.write_bytes(path.read_bytes())
    p = c.run(str(other), *G)
    c.that(p.exit == 2 and "GGUF" in p.err, "a manifest that lies in no store: %s" % p.err)
    p = c.run("--models-from", "-", *G, "-f", "tsv", env=env, stdin=b"ollama:llama3.2:1b\nollama:new\n")
    c.equal([line.split("\t")[:3] for line in p.out.splitlines()[1:]], [["llama3.2:1b", "Q4_K_M", "ollama"], ["new:latest", "Q4_K_M", "ollama"]],
            "lines of a list")


def settings(c, env):
    def of(*args):
        r, _ = c.ask(*args, *G, env=env)
        return (r["runtime"], r["context"], sum(d["layers"] for d in r["devices"]), " ".join(r["notes"])) if r else ("", 0, 0, "")

    runtime, context, _, notes = of("ollama:llama3.2")
    c.equal((runtime, context), ("ollama", 8192), "num_ctx of the model")
    c.that("num_ctx 8192" in notes, "num_ctx is said: " + notes)
    c.equal(of("ollama:llama3.2", "--parallel", "2")[1], 16384, "num_ctx for each of two sequences")
    c.equal(of("ollama:llama3.2", "-c", "1k")[1], 1024, "--context wins")
    c.equal(of("ollama:llama3.2", "-r", "llama.cpp")[:2], ("llama.cpp", 4096), "another runtime has its own defaults")
    c.equal(of("ollama:llama3.2", "-q", "q8")[:2], ("ollama", 8192), "another quantization is still Ollama's")
    runtime, context, layers, notes = of("ollama:tuned")
    c.equal((context, layers), (2048, 7), "num_gpu counts the output layer")
    c.that("num_ctx 2048, num_batch 256, num_gpu 8" in notes, notes)
    notes = of("ollama:alike")[3]
    c.that("num_ctx 512, num_gpu 999" in notes, "as many letters for both: " + notes)
    c.equal(of("ollama:tuned", "--gpu-layers", "all")[2], 16, "--gpu-layers wins")

    def needs(*args):
        r, _ = c.ask(*args, "--gpu-layers", "8", "-c", "2k", *G, env=env)
        return r and r["devices"][0]["need_bytes"]

    for given, taken in (([], ["--batch", "256"]), (["--batch", "1024"], ["--batch", "1024"]), (["--ubatch", "64"], ["--ubatch", "64"])):
        c.equal(needs("ollama:tuned", *given), needs("ollama:llama3.2", *taken), "num_batch of the model, and %s beside it" % given)
    c.that(len({needs("ollama:llama3.2", "--ubatch", n) for n in ("64", "256", "512")}) == 3, "each batch has its need")
    plain, _ = c.ask("ollama:new", *G, env=env)
    seeing, _ = c.ask("ollama:seeing", *G, env=env)
    if not (plain and seeing):
        return
    c.equal([(m["kind"], m["weights_bytes"]) for m in seeing["members"] or []], [("mmproj", 2 * 64 * 96), ("lora", 2 * 2 * 16 * 2048)], "layers")
    c.equal(seeing["devices"][0]["weights_bytes"] - plain["devices"][0]["weights_bytes"], 2 * 64 * 96 + 4 * 16 * 2048, "are counted")
    with tempfile.TemporaryDirectory() as tmp:
        eye = Path(tmp) / "eye.gguf"
        eye.write_bytes(gguf("clip", "mmproj", {"v.blk.0.attn_q.weight": [64, 128], "v.position_embd.weight": [64, 32]}))
        other, _ = c.ask("ollama:seeing", "--mmproj", str(eye), *G, env=env)
        c.equal(sorted((m["kind"], m["weights_bytes"]) for m in other["members"]), [("lora", 2 * 2 * 16 * 2048), ("mmproj", 2 * 64 * 160)],
                "--mmproj replaces the store's")
        p = c.run("13B", "-q", "q4", *G, "--also", str(eye), env=env)
        c.that(p.exit == 2 and not p.out and "--also" in p.err and "a projector or an adapter, not a model" in p.err, "a projector beside a model: %s" % p.err)
        adapter = Path(tmp) / "more.gguf"
        adapter.write_bytes(gguf("llama", "adapter", {"blk.0.attn_q.weight.lora_a": [2048, 16], "blk.0.attn_q.weight.lora_b": [16, 2048]}))
        for n in (13, 14):
            p = c.run("ollama:many", *["--lora", str(adapter)] * n, *G, env=env)
            c.that((p.exit == 0) == (n == 13) and (n == 13 or "more than 16 models beside the model" in p.err), "%d and 3 adapters: %s" % (n, p.err))
    seeing, _ = c.ask("ollama:seeing", "-r", "llama.cpp", *G, env=env)
    c.that(not seeing.get("members") and any("--runtime ollama" in n for n in seeing["notes"]), "llama.cpp loads what it is told to")


def beside(c, env):
    """--also takes what belongs to a model of the store: its context, its projector."""
    for name in ("ollama:llama3.2", "ollama:seeing"):
        one, _ = c.ask(name, *G, env=env)
        r, _ = c.ask("13B", "-q", "q4", *G, "--also", name, env=env)
        m = r["members"][-1]
        d = one["devices"][0]
        c.equal((m["runtime"], m["context"]), ("ollama", one["context"]), "--also %s: its runtime and context" % name)
        for key in ("weights_bytes", "kv_cache_bytes", "compute_bytes", "runtime_bytes"):
            c.equal(m[key], d[key], "--also %s: %s" % (name, key))


def bad(c, env, store):
    rows = [
        ("twice", ["is a model, not a projector"]), ("blind", ["missing", "sha256-" + "f" * 64]),
        ("gone", ["missing", "sha256-" + "d" * 64]), ("short", ["size", "manifest"]), ("noparams", ["missing", "sha256-" + "e" * 64]),
        ("badparams", ["num_ctx", "'8k'"]), ("cloud", ["no model layer"]), ("climbs", ["/layers/0/digest", "64 digits"]),
        ("broken", ["JSON"]), ("loop", ["list within a list"]), ("", ["NAME[:TAG]"]), ("../../x", ["NAME[:TAG]"]), ("a/b/c/d", ["NAME[:TAG]"]),
        ("a:", ["NAME[:TAG]"]), (":b", ["NAME[:TAG]"]), ("a:../b", ["NAME[:TAG]"]), (".x", ["NAME[:TAG]"]), ("-x", ["NAME[:TAG]"]), ("..", ["NAME[:TAG]"]),
        ("x:.1", ["NAME[:TAG]"]), (".n/x", ["NAME[:TAG]"]), ("a:b:c", ["NAME[:TAG]"]), ("h:1/n:2/x", ["NAME[:TAG]"]), ("x" * 200, ["NAME[:TAG]"]),
        ("llama3.1:1b", ["did you mean", "ollama:llama3.2:1b"]), ("llama3", ["ollama:llama3.2:1b", "ollama:llama3.2:latest"]),
        ("new:v9", ["(did you mean 'ollama:new:latest'?)"]), ("qqqqqqqq", ["not in Ollama's store"]),
    ]
    for name, words in rows:
        r = c.run("ollama:" + name, *G, env=env)
        c.that(r.exit == 2 and not r.out and r.err.count("\n") == 1, "%s: exit %d, %r" % (name, r.exit, r.err))
        c.that(all(w in r.err for w in words), "%s: %s" % (name, r.err))
        c.that(r.err.count("ollama:") <= 4, "%s: at most three suggestions: %s" % (name, r.err))
    # of many that are near the nearest three, by distance and then by name; names that are long are not cut within
    blob = Store(store.parent / "many")
    for tag in ("d", "e", "ab"):  # in the folder that is looked at second
        blob.model("registry.ollama.ai/library/near%s/latest" % tag)
    for tag in "cba":
        blob.model("ollama.com/library/near%s/latest" % tag, folder="manifests-v2")
    r = c.run("ollama:nearz", *G, env={"OLLAMA_MODELS": str(blob.folder)})
    c.that("(did you mean 'ollama:neara:latest', 'ollama:nearb:latest' or 'ollama:nearc:latest'?)" in r.err, "the nearest three: %s" % r.err)
    for n in (60, 80):
        blob = Store(store.parent / ("long-%d" % n))
        for tag in "abc":
            blob.model("registry.ollama.ai/library/%s/%s" % ("n" * n, tag * 40))
        r = c.run("ollama:" + "n" * n, *G, env={"OLLAMA_MODELS": str(blob.folder)})
        shown = ["ollama:%s:%s" % ("n" * n, tag * 40) for tag in "abc"]
        hint = r.err[r.err.find(" (did you mean"):].strip()
        c.that(hint.startswith("(did you mean '" + shown[0] + "'") and hint.endswith("?)"), "whole names: %s" % r.err)
        c.equal([w for w in hint[len("(did you mean "):-2].replace("' or '", "', '").strip("'").split("', '")], shown[:hint.count("ollama:")], "whole names")
        c.that(1 <= hint.count("ollama:") <= 3 and len(hint) < 300, "as many as there is room for: %s" % hint)
    p = c.run("--models-from", "-", *G, "-f", "tsv", env=env, stdin=b"ollama:llama3\n" * 12)
    c.equal((p.exit, p.err.count("not in Ollama's store"), p.err.count("did you mean")), (2, 12, 10), "a list suggests for ten of its lines")
    for env, words in (({"OLLAMA_MODELS": str(store / "nothere")}, ["OLLAMA_MODELS"]), ({}, ["unknown model"])):
        r = c.run("ollama:llama3.2", *G, env=env)
        c.that(r.exit == 2 and all(w in r.err for w in words), "no store: %r" % r.err)
    r = c.run("ollama:llama3.2", *G, env={"HOME": ""})
    c.that(r.exit == 2 and "unknown model" in r.err, "no HOME: %r" % r.err)


def asked_only(c, env):
    """Without "ollama:" the answer is the same wherever there is a store."""
    args = ["llama3.2:1b", *G, "-f", "json"]
    c.equal(c.run(*args, env=env).out, c.run(*args).out, "the store is not looked at")


def main():
    c = Checks(sys.argv[1])
    with tempfile.TemporaryDirectory() as tmp:
        store = Store(Path(tmp) / "store")
        blob = make(store)
        env = {"OLLAMA_MODELS": str(store.folder)}
        good(c, env, store.folder, blob)
        settings(c, env)
        beside(c, env)
        bad(c, env, store.folder)
        asked_only(c, env)
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
