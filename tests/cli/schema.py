#!/usr/bin/env python3
"""The JSON output against data/schema/result.schema.json and verify.schema.json, and against the other formats.

usage: schema.py PROGRAM ROOT

The validator below knows the part of JSON Schema that the schema uses, and fails on any other keyword.
"""
import csv
import io
import json
import sys
from pathlib import Path

from program import Checks

TYPES = {"object": dict, "array": list, "string": str, "null": type(None)}
KNOWN = {"$schema", "$defs", "$ref", "title", "description", "type", "required", "properties", "items", "enum", "const", "minimum"}


def is_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def findings(value, schema, root, path="$"):
    """What is wrong with a value, one line each. Fields that the schema does not name are findings too."""
    unknown = set(schema) - KNOWN
    if unknown:
        return ["%s: the schema uses %s" % (path, unknown)]
    if "$ref" in schema:
        return findings(value, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root, path)
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(is_type(value, t) for t in types):
        return ["%s: %r is not %s" % (path, value, " or ".join(types))]
    if "enum" in schema and value not in schema["enum"]:
        return ["%s: %r is not one of %s" % (path, value, schema["enum"])]
    if "const" in schema and value != schema["const"]:
        return ["%s: %r is not %r" % (path, value, schema["const"])]
    if "minimum" in schema and value is not None and value < schema["minimum"]:
        return ["%s: %r is below %r" % (path, value, schema["minimum"])]
    found = []
    if isinstance(value, dict) and "properties" in schema:
        found += ["%s: %s is missing" % (path, k) for k in schema.get("required", []) if k not in value]
        found += ["%s: %s is not in the schema" % (path, k) for k in value if k not in schema["properties"]]
        for k, sub in schema["properties"].items():
            if k in value:
                found += findings(value[k], sub, root, path + "." + k)
    if isinstance(value, list) and "items" in schema:
        for i, v in enumerate(value):
            found += findings(v, schema["items"], root, "%s[%d]" % (path, i))
    return found


QUESTIONS = [
    ["13B", "-q", "q8", "-g", "24GB"],
    ["13B", "-q", "q8", "-g", "24GB", "--explain"],
    ["70B", "-q", "q4_k_m", "-g", "24GB,2x24GB"],
    ["13B", "-q", "q8,q4", "-g", "none", "--parallel", "4"],
    ["7B", "-q", "q4", "-g", "24GB", "--runtime", "generic"],
    ["qwen2.5:7b", "-g", "3090+4090", "--reserve", "1GiB", "--desktop", "heavy"],
    ["-m", "llama3.1:8b", "-m", "13B", "-g", "8GB", "-q", "q4_k_m,nosuch"],
]

COLUMNS = {"weights_bytes": "weights_bytes", "kv_cache_bytes": "kv_cache_bytes", "compute_bytes": "compute_bytes",
           "runtime_bytes": "runtime_bytes", "desktop_bytes": "desktop_bytes"}


def same_numbers(c, args):
    """JSON, JSONL, CSV and TSV say the same."""
    results = c.run(*args, "-f", "json").json()["results"]
    lines = [json.loads(x) for x in c.run(*args, "-f", "jsonl").out.splitlines()]
    c.equal(lines, results, "%s: jsonl" % args)
    for name, separator in (("csv", ","), ("tsv", "\t")):
        rows = list(csv.DictReader(io.StringIO(c.run(*args, "-f", name).out), delimiter=separator))
        c.equal(len(rows), len(results), "%s: %s rows" % (args, name))
        for row, r in zip(rows, results):
            for key in ("model", "quant", "runtime", "gpu", "verdict"):
                c.equal(row[key], r[key], "%s: %s %s" % (args, name, key))
            for key in ("context", "need_bytes", "available_bytes", "headroom_bytes", "margin_bytes"):
                c.equal(int(row[key]), r[key], "%s: %s %s" % (args, name, key))
            for key, field in COLUMNS.items():
                c.equal(int(row[key]), sum(d[field] for d in r["devices"]), "%s: %s %s" % (args, name, key))


def arithmetic(c, args, r):
    """cli.md part 4, on every result."""
    for d in r["devices"]:
        need = d["weights_bytes"] + d["kv_cache_bytes"] + d["compute_bytes"] + d["runtime_bytes"]
        c.equal(d["need_bytes"], need, "%s: need" % args)
        held = d["reserved_bytes"] + d["desktop_bytes"] + d["other_bytes"]
        c.equal(d["available_bytes"], max(0, d["total_bytes"] - held), "%s: available" % args)
        c.equal(d["headroom_bytes"], d["available_bytes"] - need, "%s: headroom" % args)
        want = "no-fit" if d["headroom_bytes"] < 0 else "fragile" if d["headroom_bytes"] < d["margin_bytes"] else "fit"
        c.equal(d["verdict"], want, "%s: verdict" % args)
    if r["devices"]:
        order = ["fit", "fragile", "no-fit"]
        c.equal(r["verdict"], max((d["verdict"] for d in r["devices"]), key=order.index), "%s: worst verdict" % args)
        c.equal(r["headroom_bytes"], min(d["headroom_bytes"] for d in r["devices"]), "%s: smallest headroom" % args)
    for key in ("need_bytes", "available_bytes", "margin_bytes"):
        c.equal(r[key], sum(d[key] for d in r["devices"]), "%s: sum of %s" % (args, key))
    if r["parameters"]:
        c.equal(r["bits_per_weight"], round(8 * r["model_bytes"] / r["parameters"], 4), "%s: bits per weight" % args)


def broken_output_is_seen(c, schema, good):
    """The validator itself: what it must not let pass."""
    def changed(change):
        doc = json.loads(json.dumps(good))
        change(doc)
        return findings(doc, schema, schema)
    c.that(changed(lambda d: d["results"][0].pop("verdict")), "a missing field is found")
    c.that(changed(lambda d: d["results"][0].update(verdict="maybe")), "a wrong verdict is found")
    c.that(changed(lambda d: d["results"][0].update(need_bytes=-1)), "a negative size is found")
    c.that(changed(lambda d: d["results"][0].update(need_bytes=True)), "a boolean size is found")
    c.that(changed(lambda d: d["results"][0].update(need_bytes=1.5)), "a fraction of a byte is found")
    c.that(changed(lambda d: d.update(extra=1)), "a field that the schema lacks is found")


def verified(c):
    """verify: its own schema, and the same numbers in every format."""
    schema = json.loads((Path(sys.argv[2]) / "data/schema/verify.schema.json").read_text(encoding="utf-8"))
    for name in ("verify", "verify-two-cards", "verify-server", "verify-ollama-engine"):
        args = ["verify", str(Path(__file__).resolve().parent / "golden" / name / "log"), "--model", "%s" % (
            "gemma-3-270m" if name == "verify-server" else "qwen2.5-0.5b")]
        r = c.run(*args, "-f", "json")
        doc = r.json()
        c.equal(findings(doc, schema, schema), [], "%s: schema" % args)
        c.equal(r.exit, 1 if any(x["result"] == "differs" for x in doc["loads"]) else 0, "%s: exit status" % args)
        c.equal([json.loads(x) for x in c.run(*args, "-f", "jsonl").out.splitlines()], doc["loads"], "%s: jsonl" % args)
        amounts = [a for x in doc["loads"] for a in x["amounts"]]
        rows = list(csv.DictReader(io.StringIO(c.run(*args, "-f", "csv").out)))
        c.that(amounts, "%s: amounts" % args)
        for a, row in zip(amounts, rows):
            c.equal((row["device"], int(row["predicted_bytes"]), row["result"]), (a["device"], a["predicted_bytes"], a["result"]),
                    "%s: csv" % args)
            if a["allocated_bytes"] is not None and a["result"] != "equal":
                c.equal(a["difference_bytes"], a["allocated_bytes"] - a["predicted_bytes"], "%s: difference" % args)
        c.equal(len(amounts), len(rows), "%s: csv rows" % args)
    several = Path(__file__).resolve().parent / "golden/verify-several/stdin"
    doc = c.run("verify", "-", "-f", "json", stdin=several.read_bytes()).json()
    c.equal(findings(doc, schema, schema), [], "several loads: schema")
    c.equal((len(doc["loads"]), len(doc["errors"])), (2, 1), "several loads: one is not known")


def main():
    c = Checks(sys.argv[1])
    schema = json.loads((Path(sys.argv[2]) / "data/schema/result.schema.json").read_text(encoding="utf-8"))
    for args in QUESTIONS:
        r = c.run(*args, "-f", "json")
        if "nosuch" in args[-1]:
            c.equal((r.exit, r.out), (2, ""), "%s: an unknown name among alternatives" % args)
            continue
        doc = r.json()
        c.equal(findings(doc, schema, schema), [], "%s: schema" % args)
        for result in doc["results"]:
            arithmetic(c, args, result)
        worst = {"fit": 0, "fragile": 1, "no-fit": 2}
        c.equal(r.exit, [0, 3, 1][max(worst[x["verdict"]] for x in doc["results"])], "%s: exit status" % args)
        same_numbers(c, args)
    broken_output_is_seen(c, schema, c.run(*QUESTIONS[0], "-f", "json").json())
    listed = c.run("--models-from", "-", "-g", "24GB", "-f", "json", stdin=b"13B q8\nnonsense\n")
    c.equal(findings(listed.json(), schema, schema), [], "a list: schema")
    c.equal([e["where"] for e in listed.json()["errors"]], ["standard input, line 2"], "a list: errors")
    c.equal(listed.exit, 2, "a list with a bad line: exit status")
    verified(c)
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
