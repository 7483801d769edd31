#!/usr/bin/env python3
"""Memory of the program: all is given back, whatever happens, and an allocation that fails is an error like any other.

usage: memory.py COUNTED ROOT

COUNTED is the program with its memory counted (counted.c). Every command of golden/ and those below run in it, once as
they are and then with failing allocations: the answer is the same or none, and nothing is left behind.
"""
import concurrent.futures
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import files
import ollama
from program import ENV, Checks

HERE = Path(__file__).resolve().parent
MOST = "24"  # allocations of a command that fail, one a run
LOG = str(HERE / "golden/verify/log")
COMMANDS = """
8B -q q4,q8 -g 24GB,2x24GB -f svg
8B -q q4,q8 -g 24GB,2x24GB -f html
70B -q q4 -g 24GB --explain
70B -q q4 -g 24GB --explain -f json
70B -q q4 -g 2x24GB --explain -f html
7B -q fp16 -g 24GB -f junit --parallel 4
7B -q fp16 -g 24GB -f github
70B -q q4 -g smallest
8B -q best -g 12GB
8B -q best -c max -g 8GB -f tsv
8B -c max -g 12GB -f json
70B -g 24GB -q q4 --gpu-layers max
30B-A3B -g 12GB -q q4 --cpu-moe auto
8B -q q4 --parallel max -g 12GB
8B --also 7B@q4 -g 2x24GB -f svg
8B --also 7B@q4 --also ./tiny.gguf -g 24GB -f html --explain
8B --draft 1B --lora adapter.gguf --mmproj gemma3:4b -g 24GB
8B --draft adapter.gguf -g 24GB
8B --lora tiny.gguf -g 24GB
8B --lora nothing.gguf -g 24GB
8B --mmproj zzz -g 24GB
8B --catalog catalog -g 24GB
8B --catalog catalog/models/broken.json -g 24GB
8B --override-tensor ffn=CPU --override-tensor '(' -g 24GB
8B -q q4 -g 24GB -- llama-server -m tiny.gguf --jinja -c 4096
-g 24GB -- llama-server -m tiny.gguf --jinja -c 4096 -ot ffn_up=CPU,ffn_gate=CPU
-g 24GB -- llama-cli -hf someone/Qwen2.5-7B-GGUF:Q5_K_M --flag
-m lama-3.1-8b -g 24GB
-m 8B -g gtx-309
-m 8B -q q4_k_z -g 24GB
zzz.gguf -g 24GB
tiny.gguf -g 24GB --explain
tiny-00001-of-00002.gguf -g 24GB
split-00001-of-00002.gguf -g 24GB
- -g 24GB < tiny.gguf
tiny-hf -g 24GB --explain
tiny-hf/config.json -g 24GB -q q4
tiny-hf/model.safetensors -g 24GB
lone/model.safetensors.index.json -g 24GB
lost/model.safetensors.index.json -g 24GB
empty -g 24GB
broken -g 24GB
show tiny.gguf
show tiny.gguf -f json
show tiny-hf
show zzz
show qwen3-8
show 3090 -f json
show auto
show auto -f json
list gpus auto -f json
8B -g auto -f json --host-memory auto
8B -g auto
list models -f json
list quants q4 -f csv
check catalog
check catalog -f json
check catalog -f sarif
check
diff catalog built-in -g 24GB
diff catalog built-in -g 24GB,8GB -f json --all
diff built-in catalog -g 24GB -f markdown
diff built-in nothing -g 24GB
--models-from list.txt -g 24GB
--models-from list.txt -g 24GB -f json
--models-from list.txt -g 24GB,12GB -q q4,q8 -f csv --quiet
--models-from list.txt -g 24GB -f svg
--models-from list.txt -g 24GB -q best -c max -f tsv
--models-from nothing -g 24GB
--models-from - --null -g 24GB < list.txt
lock list.txt -g 24GB
lock --verify lock.txt
lock --verify lock.txt -f json
lock --verify list.txt
lock nothing -g 24GB
verify LOG -f csv
verify LOG --model 8B -q q4
verify LOG list.txt -f json
verify LOG --model tiny.gguf -f markdown
help options
help commands
help --format man
help --format bash
-h
ollama:llama3.2:1b -g 8GB
ollama:llama3.2:1b -g 8GB --explain -f json
ollama:tuned -g 8GB
ollama:seeing -g 8GB
ollama:seeing -g 8GB -f html
8B --also ollama:seeing -g 24GB
8B --draft ollama:llama3.2 -g 24GB
ollama:both -g 8GB
ollama:loop -g 8GB
ollama:twice -g 8GB
ollama:blind -g 8GB
ollama:gone -g 8GB
ollama:noparams -g 8GB
ollama:badparams -g 8GB
ollama:cloud -g 8GB
ollama:climbs -g 8GB
ollama:broken -g 8GB
ollama:lama3.2 -g 8GB
ollama: -g 8GB
store/manifests/registry.ollama.ai/library/tuned/latest -g 8GB
store/blobs/nothing -g 8GB
"""


def shards(folder):
    folder.mkdir()
    for i, some in enumerate((list(files.tensors())[:9], list(files.tensors())[9:])):
        files.safetensors(folder / ("model-%05d-of-00002.safetensors" % (i + 1)), some)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": {
        name: "model-%05d-of-00002.safetensors" % (1 if i < 9 else 2) for i, (name, _) in enumerate(files.tensors())}}))


def make(tmp, root):
    """Files that the commands name."""
    (tmp / "tiny.gguf").write_bytes(files.gguf().build())
    for i, part in ((0, files.gguf([("split.no", files.U16, 0), ("split.count", files.U16, 2)], layers=(0,))),
                    (1, files.gguf([("split.no", files.U16, 1), ("split.count", files.U16, 2)], layers=(1,), rest=False))):
        (tmp / ("tiny-%05d-of-00002.gguf" % (i + 1))).write_bytes(part.build())
    shutil.copy(tmp / "tiny-00001-of-00002.gguf", tmp / "split-00001-of-00002.gguf")
    (tmp / "adapter.gguf").write_bytes(ollama.gguf("llama", "adapter", {"blk.0.attn_q.weight.lora_a": [4096, 8],
                                                                        "blk.0.attn_q.weight.lora_b": [8, 4096]}))
    (tmp / "tiny-hf").mkdir()
    (tmp / "tiny-hf/config.json").write_text(json.dumps(files.CONFIG))
    files.safetensors(tmp / "tiny-hf/model.safetensors", list(files.tensors()))
    shards(tmp / "lone")
    shards(tmp / "lost")
    (tmp / "lost/model-00002-of-00002.safetensors").unlink()
    (tmp / "empty").mkdir()
    (tmp / "broken").mkdir()
    (tmp / "broken/config.json").write_text('{"model_type": ')
    (tmp / "catalog/models").mkdir(parents=True)
    shutil.copy(root / "data/models/llama.json", tmp / "catalog/models")
    (tmp / "catalog/models/broken.json").write_text('{"models": [{"id": 1}]}')
    (tmp / "list.txt").write_text("13B q8\nzzz\n./tiny.gguf\n13B q8\nlama-3.1-8b\n70B q4 8k # big\n13B q8 x\na b c d\n" + "x" * 70000 + "\n")
    ollama.make(ollama.Store(tmp / "store"))
    for n, name in enumerate(("Xorg", "kwin")):
        holder = tmp / ("root/proc/%d/fdinfo" % (77 + n))
        holder.mkdir(parents=True)
        (holder.parent / "comm").write_text(name + "\n")
    card = tmp / "root/sys/class/drm/card0/device"
    card.mkdir(parents=True)
    for name, text in (("uevent", "DRIVER=amdgpu\nPCI_SLOT_NAME=0000:03:00.0\n"), ("vendor", "0x1002\n"), ("device", "0x744c\n"),
                       ("revision", "0xc8\n"), ("mem_info_vram_total", "%d\n" % (24 << 30)), ("mem_info_vram_used", "600000000\n"),
                       ("mem_busy_percent", "0\n")):
        (card / name).write_text(text)
    (tmp / "root/proc/meminfo").write_text("MemTotal: 64000000 kB\nMemAvailable: 60000000 kB\n")


def run(program, words, env, cwd, stdin, most=None):
    """As it is, or with failing allocations; the input can be read again."""
    with tempfile.TemporaryFile() as given:
        given.write(stdin)
        given.seek(0)
        env = dict(env, COUNTED_FAIL=most) if most else env
        p = subprocess.run([program, *words], stdin=given, env=env, cwd=cwd, capture_output=True, timeout=120)
    return p.returncode, p.stdout, p.stderr.decode("utf-8", "replace")


def cases(tmp):
    for line in COMMANDS.strip().splitlines():
        words = shlex.split(line.replace("LOG", LOG))
        stdin = b""
        if "<" in words:
            stdin = (tmp / words[-1]).read_bytes()
            words = words[:-2]
        yield words, tmp, stdin
    for folder in sorted(d for d in (HERE / "golden").iterdir() if (d / "cmd").exists()):
        stdin = folder / "stdin"
        yield shlex.split((folder / "cmd").read_text()), folder, stdin.read_bytes() if stdin.exists() else b""


def main():
    c = Checks(str(Path(sys.argv[1]).resolve()))
    with tempfile.TemporaryDirectory(prefix="vramfit-memory.") as tmp:
        tmp = Path(tmp)
        make(tmp, Path(sys.argv[2]).resolve())
        env = dict(ENV, OLLAMA_MODELS=str(tmp / "store"), VRAMFIT_PROBE_ROOT=str(tmp / "root"), VRAMFIT_NVML="/nonexistent")
        lock = run(c.program, ["lock", "-", "-g", "24GB"], env, tmp, b"13B q8\n70B q4\n")
        (tmp / "lock.txt").write_bytes(lock[1])

        def judge(case):
            words, cwd, stdin = case
            return case, run(c.program, words, env, cwd, stdin), run(c.program, words, env, cwd, stdin, MOST)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for (words, _, _), (status, _, err), (failing, out, why) in pool.map(judge, list(cases(tmp))):
                c.that(0 <= status <= 3, "%s: status %d, %s" % (" ".join(words), status, err[-200:]))
                c.that(failing == 0 and b"allocations failed" in out, "%s: status %d, %s" % (" ".join(words), failing, why[-600:]))
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
