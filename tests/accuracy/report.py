#!/usr/bin/env python3
"""How far predictions are off what llama.cpp itself allocates.

usage: report.py BINARY [--every N] [--table T] [--arch A] [--misses N] [--truth DIR]
                 [--update-readme FILE | --check-readme FILE]

Every row of truth.py is asked of the program as a user would: the model's file (a header and a
hole), the row's settings as options. The report is printed by segment and architecture; exit status
1 when a bar (BARS) is missed. --every N takes every Nth row, --table those of one table. --truth DIR (or VRAMFIT_TRUTH) takes the
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

# Cards of each compute capability; a size class counts as 8.6. (Not 7.0: the release measured has no kernels for it.)
CARDS = {60: "Tesla P100 SXM2", 61: "GTX 1080 Ti", 75: "T4", 89: "RTX 4090", 120: "RTX 5090"}


def experts(n):
    """The tensor override of a row whose experts lie in system memory: of the first n layers, or (0) of all."""
    return (r"blk\.(%s)" % "|".join(map(str, range(n))) if n else "") + r"\.ffn_(up|down|gate)_exps"


# Segments of a table's rows are named by what was measured, in which way.
RANDOM, VULKAN, CPU = ", random settings", ", Vulkan", ", CPU alone"
WAYS = {"cuda": "", "random": RANDOM, "vulkan": VULKAN, "cpu": CPU}

# Segment: (least share exact, 95th percentile at most, worst at most); the report fails past them.
EXACT = (1.0, 0.0, 0.0)
CARD = ("weights", "KV cache and state", "compute buffers", "all three on the card")
HOST = ("weights, host", "KV cache and state, host", "compute buffers, host", "output buffer, host")
BARS = collections.OrderedDict((name, EXACT) for name in CARD + HOST)
BARS.update({
    "weights, every quantization": (0.999, 0.0, 0.0001),
    # The measured files of a few models have tensors that the published model has not.
    "model size by name": (0.95, 0.001, 0.001),
})
# Settings drawn by chance: odd contexts, batches and cache types, put together as they came.
BARS.update((name + RANDOM, EXACT) for name in CARD + HOST)
BARS.update((name + VULKAN, EXACT) for name in CARD + HOST)
BARS.update((name + CPU, EXACT) for name in HOST)
DEVICE = ("weights", "KV cache and state", "compute buffers")
FIELDS = ("weights_bytes", "kv_cache_bytes", "compute_bytes")


def options(row, table="cuda"):
    """A row's settings as options of the program."""
    s = dict(truth.DEFAULTS, **row.settings)
    if row.memory and row.cc in CARDS:
        gpu = "+".join([CARDS[row.cc]] * len(row.memory))
    else:
        gpu = "+".join("%dMiB" % m for m in row.memory) or "none"
    args = ["--backend", "vulkan"] if table == "vulkan" else []
    args += ["--gpu", gpu, "--desktop", "none", "--format", "json", "--context", s["n_ctx"], "--batch", s["n_batch"],
            "--ubatch", s["n_ubatch"], "--parallel", s["n_seq_max"], "--outputs", s["n_outputs_max"] or "all",
            "--flash-attn", s["fa"], "--kv-type", s["ctk"] + "/" + s["ctv"],
            "--gpu-layers", "all" if s["ngl"] < 0 else s["ngl"]]
    for key, wanted, option in (("offload_kqv", 0, "--no-kv-offload"), ("op_offload", 0, "--no-op-offload"),
                                ("swa_full", 1, "--swa-full"), ("kv_unified", 1, "--kv-unified"),
                                ("embeddings", 1, "--embeddings")):
        if s[key] == wanted:
            args.append(option)
    if s["draft_mtp"]:
        args += ["--draft", "mtp", "--draft-max", s["draft_mtp"]]
    if s["sm"] != "layer":
        args += ["--split", s["sm"]]
    # Without shares llama.cpp takes the free memory, which the pretend driver reports as all of it; for slices even shares.
    shares = s["ts"] or ",".join(map(str, row.memory if s["sm"] == "layer" else ()))
    if len(row.memory) > 1 and shares:
        args += ["--tensor-split", shares]
    layers = s["ot"].count("|") - experts(0).count("|") + 1
    if s["ot"] and s["ot"] in (experts(0), experts(layers)):
        args += ["--cpu-moe", "all" if s["ot"] == experts(0) else layers]
    elif s["ot"]:
        args += ["--override-tensor", s["ot"] + "=CPU"]
    return [str(a) for a in args]


def is_dry(row, table):
    """Whether the row shows what only llama.cpp's dry estimate does, by which the Vulkan rows were measured. On CUDA
    both were: the estimate forgets that attention without offload_kqv is pinned to the CPU, and leaves out the
    second prompt graph, of one sequence, that Kimi Linear reserves."""
    pinned = row.settings.get("offload_kqv") == 0 and row.settings.get("fa") == "off"
    return table == "vulkan" and (pinned or (row.arch == "kimi-linear" and row.settings.get("n_seq_max", 1) > 1))


def pinned(got, want):
    """A row's host compute buffers when really allocated. Vulkan's pinned buffers, of 1 GiB each as long as tensors
    fit, are then 32 bytes larger than the estimate in the row."""
    n = 1 if want <= 1 << 30 else (got - want) // 32
    return want + 32 * min(max(n, 1), 16)


def off(got, want):
    """Relative error; of nothing, anything is 100 %."""
    return abs(got - want) / want if want else float(got != 0)


class Report:
    def __init__(self, o, files):
        self.o, self.files = o, files
        self.segments = collections.OrderedDict((name, []) for name in BARS)  # errors by segment
        # the same by table and architecture
        self.archs = {t: collections.defaultdict(lambda: [[] for _ in DEVICE]) for t in WAYS}
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

    def settings(self, row, answer, table):
        result, command, said = answer
        way, by_arch = WAYS[table], self.archs[table][row.arch]
        label = "%s (%s) %s" % (row.model, row.arch, " ".join("%s=%s" % kv for kv in row.settings.items()))
        if row.refused.startswith("crash"):
            return  # llama.cpp gives no answer to compare with
        if is_dry(row, table):
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
            host = result["host"][FIELDS[i]]
            for got, want in zip(cards, row.devices):
                self.note(name + way, got[i], want[i], label, command)
                by_arch[i].append(off(got[i], want[i]))
            want = pinned(host, row.host[i]) if table == "vulkan" and name == "compute buffers" else row.host[i]
            self.note(name + ", host" + way, host, want, label, command)
            if not row.devices:
                by_arch[i].append(off(host, want))
        for got, want in zip(cards, row.devices):
            self.note("all three on the card" + way, sum(got), sum(want), label, command)
        if not row.settings.get("draft_mtp"):  # measured before the hidden states have their room in it
            self.note("output buffer, host" + way, result["host"]["output_bytes"], row.output, label, command)

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
        for table in WAYS:
            take = functools.partial(self.settings, table=table)
            for row in self.rows(table):
                jobs.append((take, row, [self.files[row.model], "--quant", row.quant, *options(row, table)]))
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


def cells(report, name, with_95):
    """What a row of the table says of a segment: how many are exact, (95 % within,) the worst."""
    errors = report.segments.get(name)
    if not errors:
        return ["", "", ""] if with_95 else ["", ""]
    n, exact, _, p95, worst = figures(errors)
    return ["%s of %d" % (share(exact), n)] + ([percent(p95)] if with_95 else []) + [percent(worst)]


def table(report):
    lines = ["| exact of all | CUDA | worst | random settings | 95 % within | worst | Vulkan | worst | CPU alone | worst |",
             "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for name, errors in report.segments.items():
        if errors and not name.endswith((RANDOM, VULKAN, CPU)):
            row = [name] + cells(report, name, False) + cells(report, name + RANDOM, True)
            row += cells(report, name + VULKAN, False) + cells(report, name + CPU, False)
            lines.append("| %s |" % " | ".join(row))
    return lines


def print_report(report, misses):
    print("%-42s %6s %8s %9s %9s %9s" % ("", "values", "exact", "median", "95 % in", "worst"))
    for name, errors in report.segments.items():
        if errors:
            n, exact, median, p95, worst = figures(errors)
            print("%-42s %6d %8s %9s %9s %9s" % (name, n, share(exact), percent(median), percent(p95), percent(worst)))
    print("\nby architecture: values, then exact of weights, cache, compute; compute 95th percentile and worst")
    for table_name, archs in report.archs.items():
        for arch in sorted(archs):
            if not archs[arch][2]:  # llama.cpp refused every row
                continue
            shares = [share(figures(e)[1]) for e in archs[arch]]
            n, _, _, p95, worst = figures(archs[arch][2])
            print("%-6s %-18s %4d  %8s %8s %8s   %9s %9s" % (table_name, arch, n, *shares, percent(p95), percent(worst)))
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
