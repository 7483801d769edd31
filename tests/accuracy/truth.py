#!/usr/bin/env python3
"""Reads what llama.cpp itself allocates: the rows in this folder, or a folder of JSON lines.

usage: truth.py DIR     writes the tables and headers that a folder of JSON lines has here anew

Standard library only.
"""
import collections
import csv
import gzip
import json
import os
import re
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# On llama.cpp's CUDA backend, its Vulkan backend and its CPU backend alone; every quantization; random settings.
TABLES = ("cuda", "vulkan", "cpu", "weights", "random")
COLUMNS = "model arch quant cc memory settings devices host output refused".split()

# A row: `cc` is 0 where there is no CUDA, `memory` the MiB of each card, none for the CPU alone; `settings`
# holds what differs from DEFAULTS; `devices` one (weights, cache, compute) for each card, `host` the same
# summed over host buffers, `output` the output buffer; bytes throughout.
Row = collections.namedtuple("Row", COLUMNS)

# The defaults of the bare library, under which the rows were measured.
DEFAULTS = {"n_ctx": 4096, "n_batch": 2048, "n_ubatch": 512, "n_seq_max": 1, "n_outputs_max": 0, "fa": "auto",
            "ctk": "f16", "ctv": "f16", "offload_kqv": 1, "op_offload": 1, "swa_full": 0, "kv_unified": 0,
            "embeddings": 0, "ngl": -1, "sm": "layer", "ts": "", "ot": "", "draft_mtp": 0}


def from_json(line):
    r = json.loads(line)
    settings = {k: v for k, v in r["settings"].items() if k in DEFAULTS and DEFAULTS[k] != v}
    buffers = r.get("buffers", {})
    backend = r["backend"]
    cards = sorted(b for b in buffers if re.fullmatch("(CUDA|Vulkan)[0-9]+", b))
    # The pretend Vulkan card has 24 GiB; what it has decides nothing, one card takes all.
    memory = {"cuda": backend.get("mem_mib"), "vulkan": "24576", "cpu": ""}[backend["name"]]
    triple = lambda names: tuple(sum(buffers[b][k] for b in names) for k in ("model", "context", "compute"))
    quant = r["quant"].replace("+im", "") + ("+im" if r["imatrix"] else "")
    return Row(r["model"], r["arch"], quant, int(backend.get("cc", 0)),
               tuple(int(m) for m in memory.split(",") if m), settings, [triple([c]) for c in cards],
               triple([b for b in buffers if b not in cards]), sum(r.get("output", {}).values()), r.get("error", ""))


def to_text(row):
    numbers = lambda t: "/".join(str(n) for n in t)
    return [row.model, row.arch, row.quant, row.cc, ",".join(map(str, row.memory)),
            " ".join("%s=%s" % kv for kv in row.settings.items()), ",".join(numbers(d) for d in row.devices),
            numbers(row.host), row.output, row.refused.split("\n")[0]]


def from_text(d):
    numbers = lambda t: tuple(int(n) for n in t.split("/"))
    settings = {}
    for pair in d["settings"].split():
        k, v = pair.split("=", 1)
        settings[k] = type(DEFAULTS[k])(v)
    return Row(d["model"], d["arch"], d["quant"], int(d["cc"]), tuple(int(m) for m in d["memory"].split(",") if m), settings,
               [numbers(t) for t in d["devices"].split(",") if t], numbers(d["host"]), int(d["output"]), d["refused"])


def rows(table, folder=None):
    """The rows of one of TABLES, from this folder or from a folder of JSON lines (none, if it has not got it)."""
    if folder and not (Path(folder) / (table + ".jsonl")).exists():
        return []
    if folder:
        with open(Path(folder) / (table + ".jsonl"), encoding="utf-8") as f:
            return [from_json(line) for line in f]
    with gzip.open(HERE / (table + ".tsv.gz"), "rt", encoding="utf-8", newline="") as f:
        return [from_text(d) for d in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)]


def unpack_headers(out, folder=None):
    """Writes the model files, headers and a hole where the data would be; {model: path}."""
    source = Path(folder) / "headers" if folder else HERE / "headers"
    sizes = json.loads((source / "sizes.json").read_text(encoding="utf-8"))
    files = {}
    for packed in sorted(source.glob("*.gguf.gz")):
        name = packed.name[: -len(".gz")]
        path = Path(out) / name
        path.write_bytes(gzip.decompress(packed.read_bytes()))
        os.truncate(path, sizes[name])
        files[name.rsplit(".", 2)[0]] = path
    return files


def pack(folder):
    for table in TABLES:
        if not rows(table, folder):
            continue
        with open(HERE / (table + ".tsv.gz"), "wb") as raw, gzip.GzipFile("", "wb", 9, raw, 0) as packed:
            for row in [COLUMNS] + [to_text(r) for r in rows(table, folder)]:
                packed.write(("\t".join(str(c) for c in row) + "\n").encode())
    if (Path(folder) / "headers").is_dir():
        shutil.rmtree(HERE / "headers", ignore_errors=True)
        shutil.copytree(Path(folder) / "headers", HERE / "headers", copy_function=shutil.copyfile)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    pack(sys.argv[1])
