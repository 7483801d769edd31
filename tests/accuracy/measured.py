#!/usr/bin/env python3
"""Predicted against measured loads of every runtime (measured/loads.jsonl).

usage: measured.py PROGRAM [--quiet]

Every row is one quantity of one real load, with its source. `ask` is the question, as command line, and `is` the
quantity of the answer that the row counts; rows that say nothing of a load are `dropped`, with the reason. A server that fills the card
reports a pool: what it takes beside (`rest` = its share of the card less the pool) is what is predicted. Rows of half
a are what constants may be fitted to, those of half b come from other sources.

One bar holds for runtimes with 20 rows whose source states the settings: median within 3 %, 90 % within 8 %; another for every row of weights, caches
and rests. No load that is known to have run out of memory may be called a fit.
"""
import collections
import json
import subprocess
import sys
from pathlib import Path

MIB = 2**20
ROWS, MEDIAN, NINETY = 20, 0.03, 0.08
# Any one row: weights and caches are sums of tensors and cells.
BARS = {"weights": 0.01, "host_weights": 0.01, "kv": 0.03, "cache": 0.001, "state": 0.001, "rest": 0.08, "total": 0.001, "reserved": 0.01}
SEGMENTS = {"weights": "weights_bytes", "kv": "kv_cache_bytes", "compute": "compute_bytes", "need": "need_bytes",
            "total": "total_bytes", "reserved": "reserved_bytes", "share": "available_bytes"}
HOST = {"host_weights": "weights_bytes", "host_compute": "compute_bytes"}
TERMS = {"activations": "activations", "other": "other libraries", "state": "recurrent state", "cache": "cache, full attention"}
# A forward's peak as an allocator counts it: without what the profile adds for slack.
SLACK = "allocator slack"


def rows():
    with open(Path(__file__).resolve().parent / "measured" / "loads.jsonl", encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def answers(program, asks):
    """One process for each question: they are answered in a millisecond."""
    out = {}
    for ask in asks:
        args = [program, *(w.replace("_", " ") if "GB" in w else w for w in ask.split()), "--explain", "--format", "json"]
        args += [] if "--desktop" in ask else ["--desktop", "none"]
        p = subprocess.run(args, capture_output=True, check=False)
        out[ask] = json.loads(p.stdout)["results"][0] if p.stdout else p.stderr.decode().strip()
    return out


def predicted(r, what, device):
    d = r["devices"][device]
    if what in SEGMENTS:
        return d[SEGMENTS[what]]
    if what in HOST:
        return r["host"][HOST[what]]
    if what == "visible":
        return d["total_bytes"] - d["reserved_bytes"]
    if what == "rest":
        return d["available_bytes"] - r["pool_bytes"] / len(r["devices"])
    if what == "peak":
        slack = sum(t["bytes"] for t in r["terms"] if t["name"] == SLACK) / len(r["devices"])
        return max(x["need_bytes"] - x["runtime_bytes"] for x in r["devices"]) - slack
    return sum(t["bytes"] for t in r["terms"] if t["name"] == TERMS[what] and t["device"] in (d["name"], None)) / (
        len(r["devices"]) if r["terms"][0]["device"] != d["name"] or len({x["name"] for x in r["devices"]}) == 1 else 1)


def measured(row, r, device):
    """A pool is turned into what lies beside it."""
    mib = row["measured_mib"]
    return r["devices"][device]["available_bytes"] / MIB - mib if row["is"] == "rest" else mib


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))]


def summary(name, errors):
    size = [abs(e) for e in errors]
    within = sum(e <= NINETY for e in size) / len(size)
    print("%-14s %4d rows: median %6.2f %%, 90 %% within %7.2f %%, worst %7.2f %%; %5.1f %% within %d %%" % (
        name, len(size), 100 * quantile(size, 0.5), 100 * quantile(size, 0.9), 100 * max(size), 100 * within, 100 * NINETY))
    return quantile(size, 0.5) <= MEDIAN and within >= 0.9


def tell(row, value, want):
    error = value / want - 1
    print("%3d %s %-13s %-40.40s %-12s %10.1f %10.1f %+8.2f%%  %s" % (
        row["row"], row["half"] if row.get("stated", True) else "-", row["runtime"], row["model"], row["is"], want, value, 100 * error,
        row["source"]))
    return error


def main():
    program, quiet = sys.argv[1], "--quiet" in sys.argv
    every, failed = rows(), 0
    asked = [r for r in every if "ask" in r]
    got = answers(program, dict.fromkeys(r["ask"] for r in asked))
    errors, halves = collections.defaultdict(list), collections.defaultdict(list)
    print("row half runtime     model                                    what           measured  predicted    error  source (MiB; half -: "
          "the source does not state all settings)")
    for row in asked:
        r = got[row["ask"]]
        if isinstance(r, str):
            print("FAILED row %d: %s: %s" % (row["row"], row["ask"], r))
            failed += 1
            continue
        device = row.get("device", 0)
        error = tell(row, predicted(r, row["is"], device) / MIB, measured(row, r, device))
        if row.get("stated", True):
            if abs(error) > BARS.get(row["is"], 1e9):
                print("FAILED row %d: %s is off by more than %.1f %%" % (row["row"], row["is"], 100 * BARS[row["is"]]))
                failed += 1
            errors[row["runtime"]].append(error)
            halves[row["runtime"], row["half"]].append(error)
        else:
            errors[row["runtime"], "-"].append(error)
        if row.get("oom") and r["verdict"] == "fit":
            print("FAILED row %d ran out of memory, and is called a fit" % row["row"])
            failed += 1
    reasons = collections.Counter()
    for row in every:
        if "dropped" in row:
            reasons[row["dropped"]] += 1
            if not quiet:
                print("%3d dropped %-13s %-40.40s %-34.34s %s" % (row["row"], row["runtime"], row["model"], row["what"], row["dropped"]))
        elif "ask" not in row:
            print("FAILED row %d is neither asked nor dropped" % row["row"])
            failed += 1
    print("\n%d rows, %d asked, %d dropped for %d reasons" % (len(every), len(asked), sum(reasons.values()), len(reasons)))
    for name in dict.fromkeys(r["runtime"] for r in asked):
        if (name, "-") in errors:
            summary(name + " -", errors[name, "-"])
        for half in "ab":
            if halves[name, half]:
                summary(name + " " + half, halves[name, half])
        if not errors[name]:
            continue
        good = summary(name, errors[name])
        if len(errors[name]) >= ROWS and not good:
            print("FAILED %s: median within %d %%, 90 %% within %d %%" % (name, 100 * MEDIAN, 100 * NINETY))
            failed += 1
    print("%d beyond the bars" % failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
