#!/usr/bin/env python3
"""Predicted against measured loads of servers that fill the card, from their logs (measured.tsv).

usage: servers.py PROGRAM

Every row is printed with its error. The rows of half a are what constants were fitted to, those of half b are
other sources. `rest` is what a load takes beside its cache, its share of the card less the pool: the error that a
margin has to cover.
"""
import csv
import json
import subprocess
import sys
from pathlib import Path

MIB = 2**20
# Weights are sums of tensors; a constant of the libraries and a sampler's rows are fits.
BARS = {"weights": 0.05, "rest": 0.08}


def rows():
    with open(Path(__file__).resolve().parent / "measured.tsv", encoding="utf-8", newline="") as f:
        yield from csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)


def ask(program, row):
    args = [program, row["model"], "-q", row["quant"], "-r", row["runtime"], "-g", row["gpu"], "--desktop", "none",
            *row["settings"].split(), "--explain", "--format", "json"]
    p = subprocess.run(args, capture_output=True, check=False)
    if not p.stdout:
        sys.exit("%s: %s" % (" ".join(args), p.stderr.decode()))
    return json.loads(p.stdout)["results"][0]


def predicted(r):
    """MiB on the first card; the pool is told of all cards together."""
    first = r["devices"][0]
    terms = {t["name"]: t["bytes"] for t in r["terms"] if t["device"] in (first["name"], None)}
    out = {"weights": first["weights_bytes"], "activations": terms["activations"], "other": terms["other libraries"],
           "pool": r["pool_bytes"] / len(r["devices"]), "share": first["available_bytes"]}
    return {k: v / MIB for k, v in out.items()}


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))]


def main():
    program, errors, failed = sys.argv[1], {}, 0
    print("%-4s %-8s %-38s %-12s %10s %10s %8s" % ("half", "runtime", "model", "what", "measured", "predicted", "error"))

    def tell(row, what, measured, value):
        error = value / measured - 1
        errors.setdefault((row["half"], row["runtime"], what), []).append(error)
        print("%-4s %-8s %-38s %-12s %10.1f %10.1f %+7.2f%%" % (row["half"], row["runtime"], row["model"] + " " + row["gpu"],
                                                             what, measured, value, 100 * error))
        return abs(error) > BARS.get(what, 1e9)

    for row in rows():
        got = predicted(ask(program, row))
        failed += tell(row, row["what"], float(row["mib"]), got[row["what"]])
        if row["what"] == "pool":
            failed += tell(row, "rest", got["share"] - float(row["mib"]), got["share"] - got["pool"])
    print("\n%-4s %-8s %-12s %4s %8s %8s %8s" % ("half", "runtime", "what", "rows", "median", "0.95", "worst"))
    for (half, runtime, what), e in sorted(errors.items()):
        size = [abs(x) for x in e]
        print("%-4s %-8s %-12s %4d %7.2f%% %7.2f%% %7.2f%%" % (half, runtime, what, len(e), 100 * quantile(size, 0.5),
                                                          100 * quantile(size, 0.95), 100 * max(size)))
    print("%d beyond the bars" % failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
