#!/usr/bin/env python3
"""How far predictions are off what llama.cpp itself allocates.

usage: report.py BINARY [--every N] [--table T] [--arch A] [--misses N] [--truth DIR]
                 [--update-readme FILE | --check-readme FILE]

Every row of truth.py is asked of the program as a user would: the model's file (a header and a
hole), the row's settings as options. The report is printed by segment and architecture; exit status
1 when a bar (BARS) is missed. --every N takes every Nth row, --table those of one backend. --truth DIR (or VRAMFIT_TRUTH) takes the
rows of a folder of JSON lines instead. Standard library only.
"""
import argparse
import collections
import concurrent.futures
import functools
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import truth

# Cards of each compute capability; a size class counts as 8.6.
CARDS = {61: "GTX 1080 Ti", 75: "T4", 89: "RTX 4090", 120: "RTX 5090"}

# The one tensor override among the rows: all experts to system memory.
EXPERTS = "\\.ffn_(up|down|gate)_exps"

# Segment: (least share exact, 95th percentile at most, worst at most); the report fails past them.
EXACT = (1.0, 0.0, 0.0)
BARS = {
    "weights": EXACT,
    "KV cache and state": EXACT,
    "compute buffers": EXACT,
    "all three on the card": EXACT,
    "weights, host": EXACT,
    "KV cache and state, host": EXACT,
    "compute buffers, host": EXACT,
    "output buffer, host": EXACT,
    "Vulkan: weights": EXACT,
    "Vulkan: KV cache and state": EXACT,
    "Vulkan: compute buffers": EXACT,
    "Vulkan: all three on the card": EXACT,
    "Vulkan: weights, host": EXACT,
    "Vulkan: KV cache and state, host": EXACT,
    "Vulkan: compute buffers, host": EXACT,
    "Vulkan: output buffer, host": EXACT,
    "CPU: weights, host": EXACT,
    "CPU: KV cache and state, host": EXACT,
    "CPU: compute buffers, host": EXACT,
    "CPU: output buffer, host": EXACT,
    "weights, every quantization": (0.999, 0.0, 0.0001),
    # The measured files of a few models have tensors that the published model has not.
    "model size by name": (0.95, 0.001, 0.001),
}
# Where the rows of a table were measured, as the segments are named.
BACKENDS = {"cuda": "", "vulkan": "Vulkan: ", "cpu": "CPU: "}
DEVICE = ("weights", "KV cache and state", "compute buffers")
FIELDS = ("weights_bytes", "kv_cache_bytes", "compute_bytes")


def options(row, backend="cuda"):
    """A row's settings as options of the program."""
    s = dict(truth.DEFAULTS, **row.settings)
    if len(row.memory) == 1 and row.cc in CARDS:
        gpu = CARDS[row.cc]
    else:
        gpu = "+".join("%dMiB" % m for m in row.memory) or "none"
    args = ["--backend", backend] if backend != "cuda" and row.memory else []
    args += ["--gpu", gpu, "--desktop", "none", "--format", "json", "--context", s["n_ctx"], "--batch", s["n_batch"],
            "--ubatch", s["n_ubatch"], "--parallel", s["n_seq_max"], "--outputs", s["n_outputs_max"] or "all",
            "--flash-attn", s["fa"], "--kv-type", s["ctk"] + "/" + s["ctv"],
            "--gpu-layers", "all" if s["ngl"] < 0 else s["ngl"]]
    for key, wanted, option in (("offload_kqv", 0, "--no-kv-offload"), ("op_offload", 0, "--no-op-offload"),
                                ("swa_full", 1, "--swa-full"), ("kv_unified", 1, "--kv-unified"),
                                ("embeddings", 1, "--embeddings")):
        if s[key] == wanted:
            args.append(option)
    if len(row.memory) > 1:
        # Without shares llama.cpp takes the free memory, which the pretend driver reports as all of it.
        args += ["--tensor-split", s["ts"] or ",".join(map(str, row.memory))]
    if s["ot"] == EXPERTS:
        args += ["--cpu-moe", "all"]
    elif s["ot"]:
        args += ["--override-tensor", s["ot"] + "=CPU"]
    return [str(a) for a in args]


def is_dry(row):
    """Whether a Vulkan row shows what only llama.cpp's dry estimate does, by which they were measured. On CUDA both
    were measured: the estimate forgets that attention without offload_kqv is pinned to the CPU, and leaves out
    the second prompt graph, of one sequence, that Kimi Linear reserves."""
    pinned = row.settings.get("offload_kqv") == 0 and row.settings.get("fa") == "off"
    return pinned or (row.arch == "kimi-linear" and row.settings.get("n_seq_max", 1) > 1)


def off(got, want):
    """Relative error; of nothing, anything is 100 %."""
    return abs(got - want) / want if want else float(got != 0)


class Report:
    def __init__(self, o, files):
        self.o, self.files = o, files
        self.segments = collections.OrderedDict((name, []) for name in BARS)  # errors by segment
        # the same by backend and architecture
        self.archs = {b: collections.defaultdict(lambda: [[] for _ in DEVICE]) for b in BACKENDS}
        self.misses, self.refused, self.dry, self.wrong = collections.defaultdict(list), 0, 0, []
        self.unnamed = set()

    def ask(self, *args):
        """-> (result or None, command, what it said on stderr)"""
        command = [self.o.binary, *map(str, args)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode not in (0, 1, 3):
            return None, command, done.stderr.strip() or "exit status %d" % done.returncode
        return json.loads(done.stdout)["results"][0], command, ""

    def note(self, segment, got, want, label, command):
        self.segments[segment].append(off(got, want))
        if got != want:
            self.misses[segment].append((off(got, want), "%s: got %d, want %d: %s" % (label, got, want, " ".join(command))))

    def settings(self, row, answer, backend):
        result, command, said = answer
        where = BACKENDS[backend]
        label = "%s (%s) %s %s" % (row.model, row.arch, row.quant, " ".join("%s=%s" % kv for kv in row.settings.items()))
        if row.refused.startswith("crash"):
            return  # llama.cpp gives no answer to compare with
        if backend == "vulkan" and is_dry(row):
            self.dry += 1
            return
        if row.refused:
            self.refused += 1
            if result:
                self.wrong.append("%s: llama.cpp refuses it: %s" % (label, row.refused))
            return
        if not result:
            self.wrong.append("%s: %s" % (label, said))
            return
        cards = [tuple(d[f] for f in FIELDS) for d in result["devices"]]
        for i, name in enumerate(DEVICE):
            for got, want in zip(cards, row.devices):
                self.note(where + name, got[i], want[i], label, command)
                self.archs[backend][row.arch][i].append(off(got[i], want[i]))
            self.note(where + name + ", host", result["host"][FIELDS[i]], row.host[i], label, command)
            if not row.devices:
                self.archs[backend][row.arch][i].append(off(result["host"][FIELDS[i]], row.host[i]))
        for got, want in zip(cards, row.devices):
            self.note(where + "all three on the card", sum(got), sum(want), label, command)
        self.note(where + "output buffer, host", result["host"]["output_bytes"], row.output, label, command)

    def quantization(self, row, answer):
        result, command, said = answer
        label = "%s (%s) %s" % (row.model, row.arch, row.quant)
        if not result:
            self.wrong.append("%s: %s" % (label, said))
            return
        got = sum(d["weights_bytes"] for d in result["devices"]) + result["host"]["weights_bytes"]
        self.note("weights, every quantization", got, sum(d[0] for d in row.devices) + row.host[0], label, command)

    def by_name(self, row, answer):
        result, command, said = answer
        if result:
            want = sum(d[0] for d in row.devices) + row.host[0]
            got = sum(d["weights_bytes"] for d in result["devices"]) + result["host"]["weights_bytes"]
            self.note("model size by name", got, want, "%s %s" % (row.model, row.quant), command)
        elif "unknown model" in said:
            self.unnamed.add(row.model)
        else:
            self.wrong.append("%s: %s" % (row.model, said))

    def run(self):
        jobs = []
        for backend in BACKENDS:
            for row in self.rows(backend):
                take = functools.partial(self.settings, backend=backend)
                jobs.append((take, row, [self.files[row.model], "--quant", row.quant, *options(row, backend)]))
        for row in self.rows("weights"):
            jobs.append((self.quantization, row, [self.files[row.model], "--quant", row.quant, *options(row)]))
            if row.quant in ("F16", "Q8_0", "Q6_K", "Q4_K_M", "Q4_0") and not row.settings:
                jobs.append((self.by_name, row, ["--model", row.model, "--quant", row.quant, *options(row)]))
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            answers = pool.map(lambda job: self.ask(*job[2]), jobs)
            for (take, row, _), answer in zip(jobs, answers):
                take(row, answer)

    def rows(self, table):
        if self.o.table not in ("", table):
            return []
        rows = truth.rows(table, self.o.truth)[:: self.o.every]
        return [r for r in rows if r.model in self.files and self.o.arch in ("", r.arch)]


def percent(x):
    return "0" if x == 0 else "%.4f %%" % (100 * x) if x < 0.0001 else "%.2f %%" % (100 * x)


def figures(errors):
    """rows, share exact, median, 95th percentile, worst"""
    e = sorted(errors)
    at = lambda q: e[min(len(e) - 1, int(q * len(e)))]
    return len(e), e.count(0.0) / len(e), at(0.5), at(0.95), e[-1]


def share(x):
    """A share in percent, rounded down: 100 % says all of them."""
    return "%s %%" % (int(1000 * x) / 10 if x < 1 else 100)


def table(report):
    lines = ["| what | values | exact | median | 95 % within | worst |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for name, errors in report.segments.items():
        if errors:
            n, exact, median, p95, worst = figures(errors)
            lines.append("| %s | %d | %s | %s | %s | %s |" % (name, n, share(exact), percent(median), percent(p95), percent(worst)))
    return lines


def print_report(report, misses):
    print("\n".join(table(report)))
    print("\nby architecture: values, then exact of weights, cache, compute; compute 95th percentile and worst")
    for backend, archs in report.archs.items():
        for arch in sorted(archs):
            shares = [share(figures(e)[1]) for e in archs[arch]]
            n, _, _, p95, worst = figures(archs[arch][2])
            print("%-6s %-18s %4d  %8s %8s %8s   %9s %9s" % (backend, arch, n, *shares, percent(p95), percent(worst)))
    if report.unnamed:
        print("\nnot in the catalog: " + " ".join(sorted(report.unnamed)))
    for name, found in report.misses.items():
        for _, text in sorted(found, reverse=True)[:misses]:
            print("miss, %s: %s" % (name, text))


def judge(report):
    bad = list(report.wrong)
    for name, errors in report.segments.items():
        if errors:
            _, exact, _, p95, worst = figures(errors)
            for what, is_bad, got, bar in (("exact", exact < BARS[name][0], exact, BARS[name][0]),
                                           ("95th percentile", p95 > BARS[name][1], p95, BARS[name][1]),
                                           ("worst", worst > BARS[name][2], worst, BARS[name][2])):
                if is_bad:
                    bad.append("%s: %s is %s, the bar is %s" % (name, what, percent(got), percent(bar)))
    return bad


def readme(report, path, update):
    text = Path(path).read_text(encoding="utf-8")
    marked = re.compile(r"(<!-- accuracy: [^>]* -->\n).*?(<!-- /accuracy -->)", re.S)
    fresh = marked.sub(lambda m: m.group(1) + "\n".join(table(report)) + "\n" + m.group(2), text)
    if fresh != text and update:
        Path(path).write_text(fresh, encoding="utf-8")
    if not marked.search(text):
        return ["%s: no place for the accuracy table" % path]
    return [] if update or fresh == text else ["%s: the accuracy table is not current (--update-readme)" % path]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("binary", type=os.path.abspath)
    p.add_argument("--every", type=int, default=1)
    p.add_argument("--arch", default="")
    p.add_argument("--table", default="", choices=("", *truth.TABLES))
    p.add_argument("--misses", type=int, default=3)
    p.add_argument("--truth", default=os.environ.get("VRAMFIT_TRUTH"))
    p.add_argument("--update-readme")
    p.add_argument("--check-readme")
    o = p.parse_args()
    with tempfile.TemporaryDirectory(prefix="vramfit-accuracy.") as tmp:
        report = Report(o, truth.unpack_headers(tmp, o.truth))
        report.run()
    print_report(report, o.misses)
    bad = judge(report)
    if o.update_readme or o.check_readme:
        bad += readme(report, o.update_readme or o.check_readme, bool(o.update_readme))
    for line in bad[:40]:
        print("FAIL " + line)
    print("%d rows refused by llama.cpp, %d measured dry and left out, %d findings" % (report.refused, report.dry, len(bad)))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
