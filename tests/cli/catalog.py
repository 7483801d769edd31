#!/usr/bin/env python3
"""Catalog data on the command line: what check finds and how it says so, and what diff tells apart.

usage: catalog.py PROGRAM SOURCE_FOLDER
"""
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

from program import Checks

GPU = {"name": "Card X 8GB", "vendor": "nvidia", "class": "consumer", "memory_mib": 8192, "compute_capability": "8.6",
       "source": "data sheet"}
MODEL = {"id": "acme/tiny-1b", "arch": "llama", "source": "config.json", "parameters": 1, "hparams": {
    "context_length": 4096, "embedding_length": 2048, "block_count": 16, "vocab_size": 32000,
    "feed_forward_length": 8192, "attention.head_count": 32, "attention.head_count_kv": 8}}


def write(path, kind, *entries):
    top = {"schema": 1, kind: list(entries)}
    if kind == "models":
        top["family"] = "Acme"
    path.write_text(json.dumps(top))
    return str(path)


def sound(c, tmp):
    """A model whose parameters are those of its shape."""
    r = c.run("check", write(tmp / "m.json", "models", MODEL), "-f", "json").json()
    n = int(re.search(r"the shape has (\d+)", r["findings"][0]["message"])[1])
    return dict(MODEL, parameters=n)


def ids(c, path):
    r = c.run("check", path, "-f", "json")
    return sorted(f["id"] for f in r.json()["findings"]), r.exit


def findings(c, tmp):
    good = sound(c, tmp)
    table = [("models", good, [], 0),
             ("models", dict(good, context_extended=4096), ["context-extended"], 2),
             ("models", dict(good, context_extended=8192), [], 0),
             ("models", dict(good, source="TODO"), ["source-missing"], 2),
             ("gpus", GPU, [], 0),
             ("gpus", dict(GPU, source="n/a"), ["source-missing"], 2),
             ("gpus", dict(GPU, source="llama.cpp v0.1.2, ggml-cuda.cu"), ["source-stale"], 0),
             ("gpus", dict(GPU, source="llama.cpp v0.5.0, ggml-cuda.cu"), [], 0)]
    for kind, entry, want, status in table:
        path = write(tmp / "e.json", kind, entry)
        c.equal(ids(c, path), (want, status), "check of %s" % json.dumps(entry)[:120])
        c.equal(c.run("check", "-", stdin=Path(path).read_bytes()).exit, status, "the same from standard input")


def documented(c, source):
    """Every id that the sources can give is explained, and nothing else is."""
    page = c.run("help", "check").out
    told = set(re.findall(r"^  ([a-z-]+) ", page, re.M))
    rules = {r["id"] for r in json.loads(c.run("check", "-f", "sarif").out)["runs"][0]["tool"]["driver"]["rules"]}
    c.equal(told, rules, "ids of the help page and of SARIF")
    text = "".join(p.read_text() for p in (source / "src/load").rglob("*.c") if p.name != "check_ids.c")
    for rule in rules:
        c.that('"%s"' % rule in text, "id %s is given somewhere" % rule)
    for pattern in (r'(?:ERROR|WARNING)\(k, "([a-z-]+)"', r'vf_check_report\(k, (?:true|false), "([a-z-]+)"',
                    r'vf_reader_(?:key_)?error\([^,]+, "([a-z-]+)"'):
        for found in set(re.findall(pattern, text)):
            c.that(found in rules, "id %s is explained" % found)


def sarif(c, tmp):
    path = write(tmp / "two cards.json", "gpus", dict(GPU, source="?", bandwidth_gbs=100, bus_width_bits=128, data_rate_gbps=1))
    r = c.run("check", path, "-f", "sarif")
    log = json.loads(r.out)
    c.equal((log["version"], r.exit), ("2.1.0", 2), "SARIF: version")
    run = log["runs"][0]
    c.equal(run["tool"]["driver"]["name"], "vramfit", "SARIF: the tool")
    rules = {x["id"] for x in run["tool"]["driver"]["rules"]}
    c.that(len(run["results"]) == 2 and all(x["ruleId"] in rules for x in run["results"]), "SARIF: results")
    for x in run["results"]:
        place = x["locations"][0]["physicalLocation"]
        c.that(place["artifactLocation"]["uri"].endswith("two%20cards.json"), "SARIF: a URI: %s" % place)
        c.that(place["region"]["startLine"] == 1 and place["region"]["startColumn"] > 1, "SARIF: a place")
        c.that(x["level"] == "error" and x["message"]["text"], "SARIF: level and text")
    c.equal(json.loads(c.run("check", "-f", "sarif").out)["runs"][0]["results"], [], "SARIF: nothing found")
    r = c.run("list", "gpus", "-f", "sarif")
    c.that(r.exit == 2 and "sarif" in r.err, "SARIF belongs to check: " + r.err)


def changes(r):
    return [(x["kind"], x["change"], x.get("field"), x.get("old"), x.get("new")) for x in r.json()["changes"]]


def diff_files(c, tmp):
    good = sound(c, tmp)
    old = write(tmp / "old.json", "models", good, dict(good, id="acme/gone-1b"))
    new = write(tmp / "new.json", "models", dict(good, license="mit"), dict(good, id="acme/come-1b"))
    r = c.run("diff", old, new, "-f", "json")
    c.equal((sorted(changes(r), key=str), r.exit),
            ([("model", "added", None, None, None), ("model", "changed", "license", "", "mit"),
              ("model", "removed", None, None, None)], 1), "diff of two files")
    r = c.run("diff", old, new)
    c.equal((r.exit, r.out.splitlines()), (1, ["model acme/gone-1b: removed", "model %s: license (none) -> mit" % good["id"], "model acme/come-1b: added",
                                               "3 entries changed"]), "as lines")
    c.equal(c.run("diff", new, old).out.splitlines()[1], "model %s: license mit -> (none)" % good["id"], "the other way")
    one = write(tmp / "one.json", "models", good)
    c.equal(c.run("diff", one, old).out, "model acme/gone-1b: added\n1 entry changed\n", "one entry")
    c.equal((c.run("diff", old, old).exit, c.run("diff", "built-in", "built-in", "-g", "24GB").exit), (0, 0), "nothing differs")
    r = c.run("diff", "built-in", new, "-f", "json")
    c.equal([x[:2] for x in changes(r)], [("model", "added")] * 2, "a file on top of the built-in catalog")
    c.equal(c.run("diff", new, new, "-f", "tsv").out, "kind\tname\tchange\tfield\told\tnew\n", "TSV of nothing")
    wide = dict(good, hparams=dict(good["hparams"], **{"attention.head_count_kv": 32}), unchecked="wider")
    r = c.run("diff", old, write(tmp / "wide.json", "models", wide), "-g", "4GB,24GB", "-q", "q8", "-c", "4096", "-f", "json")
    got = changes(r)
    c.that(("model", "changed", "hparams/attention.head_count_kv", "8", "32") in got, "a hyperparameter: %s" % got)
    r = c.run("diff", old, write(tmp / "long.json", "models", wide), "-g", "4GB,24GB", "-q", "q8", "-c", "4096", "-f", "tsv")
    c.that("\tattention.head_count_kv\t" not in r.out and "hparams/attention.head_count_kv\t8\t32\n" in r.out, "TSV: " + r.out)


def diff_flips(c, tmp):
    good = sound(c, tmp)
    long = dict(good, hparams=dict(good["hparams"], context_length=131072))
    wide = dict(long, hparams=dict(long["hparams"], **{"attention.head_count_kv": 32}), unchecked="wider")
    old, new = write(tmp / "a.json", "models", long), write(tmp / "b.json", "models", wide)
    r = c.run("diff", old, new, "-g", "8GB,80GB", "-q", "q8", "-c", "64k", "-f", "json")
    flips = [x for x in changes(r) if x[0] == "verdict"]
    c.equal((flips, r.json()["verdicts"]), ([("verdict", "flipped", "q8 on 8GB", "fit", "no-fit")], 1), "a verdict that flips")
    c.equal(r.exit, 1, "a verdict that flips: status")


def diff_folders(c, tmp, source):
    copy = tmp / "data"
    shutil.copytree(source / "data", copy)
    c.equal(c.run("diff", "built-in", str(copy)).out, "0 entries changed\n", "data/ is the built-in catalog")
    path = copy / "gpus.json"
    gpus = json.loads(path.read_text())
    gone = gpus["gpus"].pop(0)["name"]
    gpus["gpus"][0]["memory_mib"] += 1024
    path.write_text(json.dumps(gpus))
    r = c.run("diff", "built-in", str(copy), "-f", "json")
    got = [(x["name"], x["change"], x.get("field")) for x in r.json()["changes"]]
    c.equal(got, [(gone, "removed", None), (gpus["gpus"][0]["name"], "changed", "memory_mib")], "a folder laid out like data/")
    for args in (["diff", "built-in", "/nonexistent"], ["diff", "built-in"], ["diff", "built-in", str(copy), "-f", "csv"],
                 ["diff", "built-in", str(copy), "-g", "no such card"]):
        r = c.run(*args)
        c.that(r.exit == 2 and r.err.count("\n") == 1 and not r.out, "%s: %s" % (args, r.err))


def main():
    c = Checks(sys.argv[1])
    source = Path(sys.argv[2])
    documented(c, source)
    for test in (findings, sarif, diff_files, diff_flips):
        with tempfile.TemporaryDirectory() as tmp:
            test(c, Path(tmp))
    with tempfile.TemporaryDirectory() as tmp:
        diff_folders(c, Path(tmp), source)
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
