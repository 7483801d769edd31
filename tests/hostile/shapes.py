#!/usr/bin/env python3
"""Hyperparameters that no model has: each of each architecture, one at a time, at odd values.

usage: shapes.py PROGRAM SOURCE [EVERY] [--update]

One model of every architecture is varied. Each variant gets an answer or a line of error, no signal and no
sanitizer report, on one card; one variant in EVERY also on several cards, partly offloaded, and with every term
explained. Of the fast suite's the answers are those of the last time: shapes.tsv has the CRC-32 of each architecture's
under each of the settings, and --update writes it anew. Standard library only.
"""
import json
import os
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

KEPT, KEPT_EVERY = Path(__file__).resolve().parent / "shapes.tsv", 29
VALUES = (0, 1, 2, 3, 7, 97, 1 << 16)  # and the largest that is read
SETTINGS = (
    ["--gpu", "24GiB", "--format", "csv"],
    ["--gpu", "12GiB", "--flash-attn", "on", "--explain", "--format", "jsonl"],
    ["--gpu", "2x12GiB", "--split", "tensor", "--parallel", "3", "--context", "1001", "--ubatch", "7", "--format", "jsonl"],
    ["--gpu", "3x8GiB", "--gpu-layers", "2", "--kv-type", "q4_0", "--mtp", "--outputs", "all", "--format", "jsonl"],
    ["--gpu", "2x12GiB", "--flash-attn", "off", "--parallel", "2", "--kv-unified", "--ubatch", "33", "--no-kv-offload", "--format", "csv"],
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
    command = [program, "--catalog", str(catalog), "--models-from", "-", "--quant", "q4_k_m", *settings]
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


def compare(sums, update):
    """Those that moved, printed; their number."""
    now = ["%s\t%d\t%08x" % (arch, at, crc) for (arch, at), crc in sorted(sums.items())]
    if update:
        KEPT.write_text("# What shapes.py was answered: architecture, settings (of five), CRC-32\n" + "\n".join(now) + "\n", encoding="utf-8")
    moved = sorted(set(now).symmetric_difference(KEPT.read_text(encoding="utf-8").splitlines()[1:]))
    for row in moved[:20]:
        print("MOVED %s: %s" % ("now" if row in now else "was", row.replace("\t", " ")))
    return len(moved)


class Sweep:
    def __init__(self, program, every):
        self.program, self.every = program, every
        self.seen = self.bad = 0
        self.asked, self.answered, self.sums = [0] * len(SETTINGS), [0] * len(SETTINGS), {}

    def vary(self, arch, model, schemas, folder):
        entries, some = [], set()
        for i, (name, hparams) in enumerate(variants(model, schemas)):
            entry = dict(model, id="shape/odd%04d" % i, aliases=[], hparams=hparams, unchecked="a test", changed=name)
            entries.append({k: v for k, v in entry.items() if k not in ("parameters_published", "published_differs", "parameters_active")})
            self.seen += 1 # through all architectures, so that a small one has its turn
            if self.seen % self.every == 0:
                some.add(entry["id"])
        what = {e["id"]: e.pop("changed") for e in entries}
        for start in range(0, len(entries), 100):
            catalog = folder / ("%s-%d.json" % (arch, start))
            catalog.write_text(json.dumps({"schema": 1, "family": "Shape", "models": entries[start:start + 100]}))
            names = [e["id"] for e in entries[start:start + 100]]
            for at, settings in enumerate(SETTINGS):
                self.question(arch, what, catalog, [n for n in names if at == 0 or n in some], at, settings)

    def question(self, arch, what, catalog, names, at, settings):
        if not names:
            return
        status, out, err = ask(self.program, catalog, names, settings, MANY_SECONDS)
        if status not in GOOD:
            name, text = alone(self.program, catalog, names, settings)
            print("FAILED %s, %s, %s: exit %s\n%s" % (arch, what.get(name, name), " ".join(settings), status, text.decode()[-2000:]))
            self.bad += 1
        self.asked[at] += len(names)
        self.answered[at] += sum(b"shape/odd" in line for line in out.splitlines())
        self.sums[arch, at] = zlib.crc32(out + err.replace(str(catalog).encode(), b"CATALOG"), self.sums.get((arch, at), 0))


def main(program, source, every=1, update=False):
    sweep = Sweep(program, every)
    schemas = find(json.loads((Path(source) / "data/schema/models.schema.json").read_text(encoding="utf-8")), "embedding_length")
    with tempfile.TemporaryDirectory(prefix="vramfit-shapes.") as tmp:
        for arch, model in sorted(one_of_each(Path(source)).items()):
            sweep.vary(arch, model, schemas, Path(tmp))
    for at, settings in enumerate(SETTINGS):
        if sweep.answered[at] * 4 < sweep.asked[at] or not sweep.asked[at]: # settings that everything refuses prove nothing
            print("FAILED %s: %d answers to %d questions" % (" ".join(settings), sweep.answered[at], sweep.asked[at]))
            sweep.bad += 1
    moved = compare(sweep.sums, update) if every == KEPT_EVERY else 0
    print("%d questions, %d with an answer, %d failed, %d sets moved" % (sum(sweep.asked), sum(sweep.answered), sweep.bad, moved))
    return 1 if sweep.bad or moved else 0


if __name__ == "__main__":
    words = [w for w in sys.argv[1:] if w != "--update"]
    sys.exit(main(words[0], words[1], *map(int, words[2:]), update="--update" in sys.argv))
