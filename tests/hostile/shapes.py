#!/usr/bin/env python3
"""Hyperparameters that no model has: each of each architecture, one at a time, at odd values.

usage: shapes.py PROGRAM SOURCE [EVERY]

One model of every architecture is varied. Each variant gets an answer or a line of error, no signal and no
sanitizer report, on one card, on several and partly offloaded. EVERY: one variant of so many. Standard library only.
"""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

VALUES = (0, 1, 2, 3, 7, 97, 1 << 16)  # and the largest that is read
SETTINGS = (
    ["--gpu", "24GiB", "--flash-attn", "on", "--explain"],
    ["--gpu", "2x12GiB", "--split", "tensor", "--parallel", "3", "--context", "1001", "--ubatch", "7"],
    ["--gpu", "3x8GiB", "--gpu-layers", "2", "--kv-type", "q4_0", "--mtp", "--flash-attn", "off", "--outputs", "all"],
)
GOOD = (0, 1, 2, 3)
ONE_SECONDS, MANY_SECONDS = 30, 200  # of one question, of a hundred: far more than they take
SANITIZERS = {"ASAN_OPTIONS": "abort_on_error=1", "UBSAN_OPTIONS": "abort_on_error=1:halt_on_error=1"}


def find(schema, key):
    """The table of a schema that has the key."""
    if isinstance(schema, dict):
        return schema if key in schema else next((f for f in (find(v, key) for v in schema.values()) if f), None)
    return next((f for f in (find(v, key) for v in schema) if f), None) if isinstance(schema, list) else None


def most(schema):
    """The largest number that the schema has in it."""
    if isinstance(schema, dict):
        return max([schema.get("maximum", 0)] + [most(v) for v in schema.values()])
    return max(map(most, schema), default=0) if isinstance(schema, list) else 0


def variants(model, schemas):
    """(name, hyperparameters): the model's own with one of them changed, or left out."""
    for key, value in model["hparams"].items():
        if isinstance(value, (str, bool, float)):
            continue
        largest = most(schemas[key])
        for v in (None, *(v for v in VALUES if v < largest), largest):
            if v is None:
                changed = {k: w for k, w in model["hparams"].items() if k != key}
            else:
                changed = dict(model["hparams"], **{key: [v] * len(value) if isinstance(value, list) else v})
            yield "%s = %s" % (key, v), changed


def one_of_each(source):
    models = {}
    for path in sorted((source / "data/models").glob("*.json")):
        for m in json.loads(path.read_text(encoding="utf-8"))["models"]:
            models.setdefault(m["arch"], m)
    return models


def ask(program, catalog, names, settings, seconds):
    """-> (exit status, stdout, stderr); the status is None when it does not end."""
    command = [program, "--catalog", str(catalog), "--models-from", "-", "--quant", "q4_k_m", *settings, "--format", "tsv"]
    try:
        r = subprocess.run(command, input="".join(n + "\n" for n in names).encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           env=dict(os.environ, **SANITIZERS), timeout=seconds)
    except subprocess.TimeoutExpired:
        return None, b"", b"it does not end"
    return r.returncode, r.stdout, r.stderr


def alone(program, catalog, names, settings):
    """Which of the names does it, asked one by one."""
    for name in names:
        status, _, text = ask(program, catalog, [name], settings, ONE_SECONDS)
        if status not in GOOD:
            return name, text
    return "all together", b""


def main(program, source, every=1):
    asked = answered = bad = seen = 0
    with tempfile.TemporaryDirectory(prefix="vramfit-shapes.") as tmp:
        schemas = find(json.loads((Path(source) / "data/schema/models.schema.json").read_text(encoding="utf-8")), "embedding_length")
        for arch, model in sorted(one_of_each(Path(source)).items()):
            what, entries = {}, []
            for i, (name, hparams) in enumerate(variants(model, schemas)):
                seen += 1 # through all architectures, so that a small one has its turn
                if seen % every:
                    continue
                id = "shape/odd%04d" % i
                what[id] = name
                entries.append(dict(model, id=id, aliases=[], hparams=hparams, unchecked="a test"))
                for known in ("parameters_published", "published_differs", "parameters_active"):
                    entries[-1].pop(known, None)
            loaded = 0
            for start in range(0, len(entries), 100):
                catalog = Path(tmp) / ("%s-%d.json" % (arch, start))
                catalog.write_text(json.dumps({"schema": 1, "family": "Shape", "models": entries[start:start + 100]}))
                names = [e["id"] for e in entries[start:start + 100]]
                for settings in SETTINGS:
                    status, out, err = ask(program, catalog, names, settings, MANY_SECONDS)
                    if status not in GOOD:
                        name, text = alone(program, catalog, names, settings)
                        print("FAILED %s, %s, %s: exit %s\n%s" % (arch, what.get(name, name), " ".join(settings), status, text.decode()[-2000:]))
                        bad += 1
                    asked += len(names)
                    loaded += out.count(b"\n") - 1 if out else 0
            answered += loaded
            if entries and not out:
                print("FAILED %s: no variant was read: %s" % (arch, err.decode()[:300]))
                bad += 1
    print("%d questions, %d with an answer, %d failed" % (asked, answered, bad))
    return 1 if bad or not asked else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])))
