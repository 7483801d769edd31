#!/usr/bin/env python3
"""Other tools beside vramfit: the same files, the same settings, errors against what llama.cpp allocates.

usage: peers.py PROGRAM SPAWN [--work DIR] [--every N]

PROGRAM is vramfit, SPAWN the build's tests/vf_spawn. Installs each tool with its language's own package
manager into DIR (kept, when given) and prints a Markdown table; one that cannot be installed is left
out with a line. Standard library only.

The truth are the CUDA rows of tests/accuracy for one card of compute capability 8.6, Q4_K_M, context 4096
and 131072 with flash attention: weights, KV cache and compute buffers on the card. Every tool is asked for
the same: everything on the card, flash attention, micro-batch 512, one sequence, its own constants for a
CUDA context left out where it says them. llmfit takes no file: it is asked for the model by the name that the
catalog has for the file. hf-mem has no term for compute buffers, and no command for a local file.
"""
import argparse
import datetime
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "accuracy"))
import truth  # noqa: E402

TIMED = "llama-3.1-8b"  # the file that is timed
SETTINGS = ({}, {"n_ctx": 131072, "fa": "on"})


def run(*command, **kw):
    return subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True, **kw).stdout


class Vramfit:
    name = "vramfit"

    def __init__(self, program):
        self.program = os.path.abspath(program)
        self.version = run(program, "--version").split()[1]

    def command(self, file, context):
        return [self.program, file, "--gpu", "1TiB", "--desktop", "none", "--context", context, "--flash-attn", "on",
                "--outputs", "all", "--format", "json"]

    def read(self, text):
        d = json.loads(text)["results"][0]["devices"][0]
        return d["weights_bytes"] + d["kv_cache_bytes"] + d["compute_bytes"]


class GgufParser:
    name, module = "gguf-parser-go", "github.com/gpustack/gguf-parser-go"

    def __init__(self, work):
        work.mkdir(exist_ok=True)
        shutil.copy(HERE / "gguf_parser.go", work / "main.go")
        if not (work / "go.mod").exists():
            run("go", "mod", "init", "peer", cwd=work)
        run("go", "get", self.module + "@latest", cwd=work)
        run("go", "build", "-o", "peer", ".", cwd=work)
        self.version = run("go", "list", "-m", "-f", "{{.Version}}", self.module, cwd=work).strip().lstrip("v")
        self.program = work / "peer"

    def command(self, file, context):
        return [self.program, file, context]

    read = staticmethod(int)


class NodeLlamaCpp:
    name = "node-llama-cpp"

    def __init__(self, work):
        work.mkdir(exist_ok=True)
        run("npm", "install", "--no-fund", "--no-audit", "--ignore-scripts", "--prefix", work, self.name)
        shutil.copy(HERE / "node_llama_cpp.mjs", work / "peer.mjs")
        self.script = work / "peer.mjs"
        self.version = json.loads((work / "node_modules" / self.name / "package.json").read_text())["version"]

    def command(self, file, context):
        return ["node", self.script, file, context]

    read = staticmethod(int)


class Wheel:
    def __init__(self, work):
        if not (work / "bin/python").exists():
            run(sys.executable, "-m", "venv", work)
        run(work / "bin/python", "-m", "pip", "install", "-q", self.name)
        self.bin = work / "bin"
        self.version = re.search(r"Version: (\S+)", run(work / "bin/python", "-m", "pip", "show", self.name)).group(1)


class HfMem(Wheel):
    name = "hf-mem"

    def command(self, file, context):
        return [self.bin / "python", HERE / "hf_mem_local.py", file, context]

    read = staticmethod(int)


class Llmfit(Wheel):
    name = "llmfit"

    def __init__(self, work, program):
        super().__init__(work)
        self.program, self.ids = os.path.abspath(program), {}

    def id_of(self, model):
        """What the catalog calls the model of a file."""
        if model not in self.ids:
            done = subprocess.run([self.program, "show", model, "--format", "json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            self.ids[model] = json.loads(done.stdout)["found"][0]["name"] if done.returncode == 0 else model
        return self.ids[model]

    def command(self, file, context):
        name = self.id_of(Path(file).name.rsplit(".", 2)[0])
        return [self.bin / "llmfit", "plan", name, "--context", context, "--quant", "Q4_K_M", "--json"]

    def read(self, text):
        return round(json.loads(text)["minimum"]["vram_gb"] * 2 ** 30)


def measure(tool, rows, files, spawn):
    errors, refused = [], 0
    for row in rows:
        context = dict(truth.DEFAULTS, **row.settings)["n_ctx"]
        try:
            got = tool.read(run(*tool.command(str(files[row.model]), context)))
        except (subprocess.CalledProcessError, ValueError, KeyError, TypeError, IndexError):
            refused += 1
            continue
        want = sum(row.devices[0])
        errors.append((got - want) / want)
    sizes = sorted(abs(e) for e in errors)
    command = [str(c) for c in tool.command(str(files[TIMED]), 8192)]
    us, kib = run(spawn, 11, *command).split()[1:]
    at = lambda share: "%.1f %%" % (100 * sizes[min(len(sizes) - 1, int(share * len(sizes)))])
    return "| %s %s | %d of %d | %.0f %% | %s | %s | %+.0f %% | %+.0f %% | %.1f ms | %.0f MiB |" % (
        tool.name, tool.version, len(errors), len(rows), 100 * sum(e <= 0.01 for e in sizes) / len(rows), at(0.5), at(0.95),
        100 * min(errors), 100 * max(errors), float(us) / 1000, int(kib) / 1024)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("program")
    p.add_argument("spawn", type=os.path.abspath)
    p.add_argument("--work", type=Path)
    p.add_argument("--every", type=int, default=1)
    o = p.parse_args()
    with tempfile.TemporaryDirectory(prefix="vramfit-peers.") as tmp:
        work = (o.work or Path(tmp)).resolve()
        work.mkdir(exist_ok=True)
        files = truth.unpack_headers(tmp)
        rows = [r for r in truth.rows("cuda") if r.cc == 86 and r.quant == "Q4_K_M" and len(r.devices) == 1 and not r.refused
                and r.settings in SETTINGS][:: o.every]
        print("%s; %d rows of %d models" % (datetime.date.today(), len(rows), len({r.model for r in rows})))
        print("| tool | answers | within 1 % | median error | 95 % within | lowest | highest | time | memory |")
        print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
        for make in (lambda: Vramfit(o.program), lambda: NodeLlamaCpp(work / "node"), lambda: GgufParser(work / "go"),
                     lambda: HfMem(work / "hf-mem"), lambda: Llmfit(work / "llmfit", o.program)):
            try:
                tool = make()
            except (subprocess.CalledProcessError, OSError) as why:
                print("left out: %s" % str(getattr(why, "stderr", None) or why).strip().splitlines()[-1], file=sys.stderr)
                continue
            print(measure(tool, rows, files, o.spawn), flush=True)


if __name__ == "__main__":
    main()
