#!/usr/bin/env python3
"""What check can find, one piece of wrong data for every id; and errors seeded in a copy of the catalog.

usage: check.py PROGRAM SOURCE_FOLDER
"""
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

from program import Checks

HPARAMS = {"context_length": 4096, "embedding_length": 2048, "block_count": 16, "vocab_size": 32000,
           "feed_forward_length": 8192, "attention.head_count": 32, "attention.head_count_kv": 8}
MODEL = {"id": "acme/tiny-1b", "arch": "llama", "source": "config.json", "parameters": 1, "hparams": HPARAMS}
GPU = {"name": "Card X 8GB", "vendor": "nvidia", "class": "consumer", "memory_mib": 8192, "compute_capability": "8.6",
       "source": "data sheet"}
QUANT = {"name": "Q4_X", "kind": "gguf", "ftype": 2, "type": "Q4_0", "bits": 4.5, "runtime": "llama.cpp", "runtimes": ["llama.cpp"],
         "source": "data sheet"}
CLASS = {"name": "3B", "model": "meta-llama/Llama-3.2-3B-Instruct", "parameters": 3000000000}
WINDOWED = {"arch": "granite_swa", "unchecked": "a test"}


def hparams(**changes):
    return {"hparams": {**HPARAMS, **{k.replace("__", "."): v for k, v in changes.items()}}}


def cases(model):
    """id: (kind, entries) that have this finding. A text in place of entries is the file itself."""
    def m(**changes):
        return "models", [{**model, **changes}]

    def g(**changes):
        return "gpus", [{**GPU, **changes}]

    other = dict(model, id="acme/other-1b")
    wrong = dict(unchecked="a test")
    return {
        "json-syntax": ("models", '{"schema": 1, "models": [}'),
        "unknown-schema": ("models", '{"schema": 99, "gpus": []}'),
        "unknown-kind": ("models", '{"schema": 1, "cars": []}'),
        "missing-key": g(source=None),
        "unknown-key": g(bandwith_gbs=100),
        "wrong-type": g(memory_mib="8192"),
        "out-of-range": g(memory_mib=-1),
        "unknown-choice": g(confidence="sure"),
        "bad-text": g(source="a\u0007b"),
        "duplicate-id": ("models", [model, model]),
        "duplicate-alias": ("models", [dict(model, aliases=["tiny"]), dict(other, aliases=["Tiny"])]),
        "alias-clash": ("models", [dict(model, id="acme/Small-2B-Instruct"), dict(other, aliases=["small:2b"])]),
        "needless-alias": m(aliases=["Tiny-1B", "tiny_1b"]),
        "unknown-arch": m(arch="lama"),
        "unknown-quant": m(published_quant="q17"),
        "unknown-runtime": ("quants", [dict(QUANT, runtime="lama.cpp")]),
        "unknown-type": ("quants", [dict(QUANT, type="Q4_9")]),
        "unknown-model": ("size_classes", [dict(CLASS, model="acme/none")]),
        "unknown-desktop": g(desktop="baroque"),
        "array-length": m(**hparams(attention__head_count_kv=[8] * 15), **wrong),
        "heads": m(**hparams(attention__head_count_kv=7), **wrong),
        "experts": m(arch="qwen3moe", **hparams(expert_count=4, expert_used_count=8, expert_feed_forward_length=512), **wrong),
        "window": m(**hparams(attention__sliding_window_pattern=[1] * 16), **WINDOWED),
        "shape": m(**hparams(feed_forward_length=0), **wrong),
        "parameters-mismatch": m(parameters=model["parameters"] + 1),
        "parameters-active": m(parameters_active=model["parameters"] + 1),
        "published-mismatch": m(parameters_published=model["parameters"] + 1),
        "needless-difference": m(parameters_published=model["parameters"], published_differs="a test"),
        "needless-unchecked": m(**wrong),
        "release": m(release="2024-7"),
        "context-extended": m(context_extended=4096),
        "bits-mismatch": ("quants", [dict(QUANT, name="Q4_0", bits=4)]),
        "driver-total": g(driver_total_mib=4096),
        "reserve": g(reserved_linux_mib=5000),
        "bandwidth-mismatch": g(bandwidth_gbs=100, bus_width_bits=128, data_rate_gbps=1),
        "compute-capability": g(compute_capability="8"),
        "class-name": ("size_classes", [dict(CLASS, name="threeB")]),
        "source-missing": g(source="unknown"),
        "source-stale": g(source="llama.cpp v0.1.2, ggml-cuda.cu"),
    }


# Only wrong rules of llama.cpp's mixes could make a larger format smaller: no data can.
UNREACHABLE = {"bits-order"}


def text_of(kind, entries):
    if isinstance(entries, str):
        return entries
    entries = [{k: v for k, v in e.items() if v is not None} for e in entries]
    return json.dumps({"schema": 1, **({"family": "Acme"} if kind == "models" else {}), kind: entries})


def findings(c, *args, **kw):
    r = c.run("check", *args, "-f", "json", **kw)
    return r.json()["findings"] if r.out else [], r


def capabilities(c):
    """MAJOR.MINOR, one digit behind the point."""
    for text, good in (("8.6", True), ("12.0", True), ("99.9", True), ("8", False), ("8.", False), (".6", False), ("8.x", False), ("8.10", False), ("8./", False),
                       ("8.:", False), ("8,6", False), ("x.6", False), ("100.1", True), ("1000.1", False), ("8.6 ", False)):
        found, _ = findings(c, "-", stdin=text_of("gpus", [dict(GPU, compute_capability=text)]).encode())
        c.equal("compute-capability" not in {f["id"] for f in found}, good, "compute capability %r" % text)


def every_id(c, tmp):
    found, _ = findings(c, "-", stdin=text_of("models", [MODEL]).encode())
    model = dict(MODEL, parameters=int(re.search(r"the shape has (\d+)", found[0]["message"])[1]))
    table = cases(model)
    rules = {r["id"]: r["defaultConfiguration"]["level"] for r in json.loads(c.run("check", "-f", "sarif").out)["runs"][0]["tool"]["driver"]["rules"]}
    c.equal(set(table) | UNREACHABLE, set(rules), "every id has a case")
    for id, (kind, entries) in table.items():
        path = tmp / "seeded.json"
        path.write_text(text_of(kind, entries))
        found, r = findings(c, str(path))
        c.that(id in {f["id"] for f in found}, "%s is found: %s%s" % (id, [(f["id"], f["message"]) for f in found], r.err))
        c.equal(r.exit, 2 if any(f["severity"] == "error" for f in found) else 0, "%s: status" % id)
        for f in found:
            c.that(f["severity"] == rules[f["id"]] or f["id"] == "compute-capability", "%s: severity of the rule: %s" % (id, f))
            c.that(f["file"] == str(path) and f["line"] >= 1 and f["column"] >= 1, "%s: a place: %s" % (id, f))
        again, r2 = findings(c, "-", stdin=path.read_bytes())
        c.equal(([f["id"] for f in again], r2.exit), ([f["id"] for f in found], r.exit), "%s: from standard input" % id)


# Errors that people make: file, what stands there, what is put there, the id, a part of the message.
SEEDED = [
    ("models/qwen.json", '"embedding_length": 1024, "block_count": 24', '"embedding_length": 1024, "block_count": 25', "parameters-mismatch", "parameters stated, but the shape has"),
    ("models/phi.json", '"license": "mit"', '"licence": "mit"', "unknown-key", "did you mean 'license'"),
    ("models/gemma.json", '"release": "2024-', '"release": "24-', "release", "such as 2024-07"),
    ("models/yi.json", '"arch": "llama"', '"arch": "lama"', "unknown-arch", "no architecture 'lama'"),
    ("models/olmo.json", '"attention.head_count_kv": 8', '"attention.head_count_kv": 7', "heads", "do not divide"),
    ("models/gpt-oss.json", '"expert_used_count": 4', '"expert_used_count": 400', "experts", "400 experts used"),
    ("models/rwkv.json", '"source": "', '"source": "todo", "note": "', "source-missing", "names nothing"),
    ("gpus.json", '"bandwidth_gbs": 1008', '"bandwidth_gbs": 1080', "bandwidth-mismatch", "GB/s, but"),
    ("gpus.json", '"memory_mib": 24576', '"memory_mib": 2457', "driver-total", "the driver reports"),
    ("quants.json", '"bits": 8.5', '"bits": 1844674407370956', "out-of-range", "found 1844674407370956"),
    ("quants.json", '"bits": 8.5', '"bits": 8', "bits-mismatch", "but type Q8_0 has 8.500"),
    ("quants.json", '"runtime": "vllm"', '"runtime": "vlm"', "unknown-runtime", "no runtime 'vlm'"),
    ("models/gemma.json", '"attention.sliding_window": 512, ', "", "window", "this architecture has sliding windows"),
    ("gpus.json", '"compute_capability": "8.9"', '"compute_capability": "8"', "compute-capability", "not MAJOR.MINOR"),
    ("desktops.json", '"bytes": 0', '"bytes": "0"', "wrong-type", "integer"),
]


def seeded(c, source, tmp):
    copy = tmp / "data"
    shutil.copytree(source / "data", copy)
    found, r = findings(c, str(copy))
    c.equal((found, r.exit), ([], 0), "data/ as it is")
    places = {}
    for file, old, new, id, _ in SEEDED:
        text = (copy / file).read_text()
        c.that(old in text, "%s has %s" % (file, old))
        places[id] = (file, text[: text.index(old)].count("\n") + 1)
        (copy / file).write_text(text.replace(old, new, 1))
    found, r = findings(c, str(copy))
    c.equal(r.exit, 2, "seeded errors: status")
    for file, old, new, id, said in SEEDED:
        hits = [f for f in found if f["id"] == id and f["file"].endswith(file) and said in f["message"]]
        c.that(hits and any(abs(f["line"] - places[id][1]) <= 6 for f in hits),
               "%s in %s:%d: %s" % (id, file, places[id][1], hits or [f for f in found if f["id"] == id]))
    plain = c.run("check", str(copy)).out.splitlines()
    for line in plain[:-1]:
        c.that(re.match(r"^\S+:\d+:\d+: (error|warning): /\S*: .+ \[[a-z-]+\]$|^\S+:\d+:\d+: (error|warning): .+ \[[a-z-]+\]$", line), "form of a finding: " + line)


def added(c, source, tmp):
    """A model is one object and nothing else: the one that data/README.md shows."""
    page = (source / "data/README.md").read_text()
    shown = page[page.index('    {"id": "owner/Model-2B"'):]
    model = json.loads(shown[: shown.index("\n\n")])
    path = tmp / "mine.json"
    path.write_text(text_of("models", [model]))
    found, r = findings(c, str(path))
    c.equal((found, r.exit), ([], 0), "the model that data/README.md shows")
    for name in (model["id"], "Model-2B-Q4_K_M.gguf", model["aliases"][0]):
        answer, status = c.ask("--catalog", str(path), "--model", name, "--quant", "q4_k_m", "--gpu", "8GB")
        c.equal((answer["model"], answer["parameters"], status), (model["id"], model["parameters"], 0), "asked for as " + name)


def built_in(c, source):
    """What is promised of the catalog that the program has."""
    models = [m for f in sorted((source / "data/models").glob("*.json")) for m in json.loads(f.read_text())["models"]]
    archs = {json.loads(f.read_text())["arch"] for f in (source / "data/architectures").glob("*.json")}
    c.equal(archs - {m["arch"] for m in models}, set(), "architectures without a model")
    exact = [m for m in models if m.get("parameters_published") in (m["parameters"], m["parameters"] + m.get("parameters_vision", 0))]
    c.that(len(models) >= 400, "%d models" % len(models))
    c.that(len(exact) >= 330, "%d models whose parameters are the published ones" % len(exact))
    for m in models:
        for key in ("release", "license", "published_quant", "source", "confidence"):
            c.that(m.get(key), "%s: %s" % (m["id"], key))
        if m["hparams"].get("expert_count"):
            c.that("parameters_active" in m, "%s: parameters_active" % m["id"])


def main():
    c = Checks(sys.argv[1])
    source = Path(sys.argv[2])
    built_in(c, source)
    with tempfile.TemporaryDirectory() as tmp:
        every_id(c, Path(tmp))
        capabilities(c)
    with tempfile.TemporaryDirectory() as tmp:
        added(c, source, Path(tmp))
    with tempfile.TemporaryDirectory() as tmp:
        seeded(c, source, Path(tmp))
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
