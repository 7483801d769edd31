#!/usr/bin/env python3
"""Fuzzes each target for a while, one after the other, and prints runs, rate and findings.

usage: run.py BUILD [--runs N] [--seconds S] [--work DIR] [TARGET ...]

BUILD is a tree configured with VRAMFIT_FUZZ (CMakeLists.txt says how). A target stops at N runs or
after S seconds, whichever is first. What it finds is left in DIR/TARGET.found; the inputs that
reached something new in DIR/TARGET, from where the next run goes on. Exit status 1: something was found.
"""
import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def fuzz(o, target):
    """-> (runs, runs per second, coverage, files of findings)"""
    work, found = o.work / target, o.work / (target + ".found")
    for folder in (work, found):
        folder.mkdir(parents=True, exist_ok=True)
    seeds = [str(p) for p in (HERE / "corpus" / target, *o.seeds) if p.is_dir()]
    command = [str(o.build / "tests/fuzz" / ("fuzz_" + target)), str(work), *seeds, "-runs=%d" % o.runs,
               "-max_total_time=%d" % o.seconds, "-timeout=5", "-rss_limit_mb=2048", "-max_len=%d" % o.max_len,
               "-artifact_prefix=%s/" % found, "-print_final_stats=1", "-seed=%d" % o.seed, *o.libfuzzer]
    environment = dict(os.environ, UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1")
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=found, env=environment)
    text = done.stdout.decode("utf-8", "replace")
    (o.work / (target + ".log")).write_text(text, encoding="utf-8")

    def stat(pattern):
        hits = re.findall(pattern, text)
        return int(hits[-1]) if hits else 0

    files = sorted(p for p in found.iterdir() if p.is_file())
    if done.returncode != 0 and not files:
        print(text[-2000:])
        files = [o.work / (target + ".log")]
    return stat(r"stat::number_of_executed_units: *(\d+)"), stat(r"stat::average_exec_per_sec: *(\d+)"), stat(r"cov: (\d+)"), files


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("build", type=Path)
    p.add_argument("targets", nargs="*")
    p.add_argument("--runs", type=int, default=10_000_000)
    p.add_argument("--seconds", type=int, default=60)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--max-len", type=int, default=4096)
    p.add_argument("--work", type=Path, default=Path("fuzz-work"))
    p.add_argument("--seeds", type=Path, action="append", default=[], help="a folder with more to start from")
    p.add_argument("--libfuzzer", action="append", default=[], metavar="=-FLAG", help="one of libFuzzer's own, such as -entropic=0")
    o = p.parse_intermixed_args()
    o.build, o.work = o.build.resolve(), o.work.resolve()
    targets = o.targets or sorted(f.name[5:] for f in (o.build / "tests/fuzz").glob("fuzz_*") if f.is_file())
    print("%-14s %12s %9s %9s  %s" % ("target", "runs", "runs/s", "coverage", "findings"))
    bad = 0
    for target in targets:
        runs, rate, coverage, files = fuzz(o, target)
        bad += bool(files)
        print("%-14s %12d %9d %9d  %s" % (target, runs, rate, coverage, ", ".join(f.name for f in files) or "none"), flush=True)
    return 1 if bad or not targets else 0


if __name__ == "__main__":
    sys.exit(main())
