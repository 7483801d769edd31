#!/usr/bin/env python3
"""Launch lines after "--": what they mean, what is refused, and --exec.

usage: launch.py PROGRAM
"""
import os
import pathlib
import sys
import tempfile

from program import Checks

FILE = "Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf"
SAME = [  # a launch line, and the options that ask for the same
    ("llama-server -m %s -c 8192 -ngl 99" % FILE, [FILE, "-c", "8192", "--parallel", "4", "--kv-unified", "--gpu-layers", "99"]),
    ("llama-server -m %s -c 8192 -ngl -2 -np 2 -fa 1 -ctk q8_0 -ctv q8_0 -b 1024 -ub 256" % FILE,
     [FILE, "-c", "8192", "--parallel", "2", "--flash-attn", "on", "--kv-type", "q8_0/q8_0", "--batch", "1024", "--ubatch", "256"]),
    ("/opt/llama/bin/llama-server --model %s --ctx-size=4096 --gpu-layers 20 -nkvo --port 80 --host ::1 --jinja" % FILE,
     [FILE, "-c", "4096", "--gpu-layers", "20", "--no-kv-offload", "--parallel", "4", "--kv-unified"]),
    ("llama-cli -m %s -c 0 -ngl all -cnv --temp -1" % FILE, [FILE, "-c", "train"]),
    ("llama-cli -hf bartowski/Qwen2.5-7B-Instruct-GGUF:Q5_K_M -c 4096 -ngl all", ["qwen2.5-7b", "-q", "q5_k_m"]),
    ("llama-cli -m 30B-A3B -c 4096 -ngl 99 -ncmoe 10", ["30B-A3B", "--cpu-moe", "10", "--gpu-layers", "99"]),
    ("llama-cli -m 8B -c 4096 -ngl 99 -ot ffn_up=CPU,ffn_gate=CPU",
     ["8B", "--gpu-layers", "99", "--override-tensor", "ffn_up=CPU", "--override-tensor", "ffn_gate=CPU"]),
    ("llama-cli -m glm-4.5-air -c 4096 -ngl 9 --spec-type ngram-mod,draft-mtp --spec-draft-n-max 5",
     ["glm-4.5-air", "--gpu-layers", "9", "--draft", "mtp", "--draft-max", "5"]),
    ("llama-cli -m glm-4.5-air -c 4096 -ngl 9 --spec-type none,draft-simple,ngram-cache", ["glm-4.5-air", "--gpu-layers", "9"]),
    ("llama-cli -m 8B -c 4096 -ngl 99 -ot ,ffn_up=CPU,,", ["8B", "--gpu-layers", "99", "--override-tensor", "ffn_up=CPU"]),
    ("llama-cli -hf bartowski/Qwen2.5-7B-Instruct-GGUF -c 4096 -ngl all", ["bartowski/Qwen2.5-7B-Instruct-GGUF", "-c", "4096"]),
    ("llama-server -m 8B -c 4096 -ngl 99 -np -1 -kvu", ["8B", "-c", "4096", "--parallel", "4", "--kv-unified", "--gpu-layers", "99"]),
    ("llama-cli -m %s -c 32768 -fit off" % FILE, [FILE, "-c", "32768"]),
    ("llama-cli -m 30B-A3B -c 4096 -fit on", ["30B-A3B", "-c", "4096", "--gpu-layers", "auto"]),
    ("ollama run llama3.1:8b", ["llama3.1:8b", "-r", "ollama"]),
    ("ollama run llama3.1:8b - two words", ["llama3.1:8b", "-r", "ollama"]),
    ("vllm serve 8B --max-model-len 8k --max-num-seqs 16 --dtype half", ["8B", "-r", "vllm", "-q", "fp16", "-c", "8k", "--max-num-seqs", "16"]),
    ("vllm serve 8B --max-model-len 8k --dtype auto", ["8B", "-r", "vllm", "-c", "8k"]),
    ("vllm serve 8B -q fp8 --max-model-len 8k --dtype half", ["8B", "-r", "vllm", "-q", "fp8", "-c", "8k"]),
    ("python3 -m vllm.entrypoints.openai.api_server --model 8B -q fp8 --max-model-len 4096 --gpu-memory-utilization=0.8 --port 1",
     ["8B", "-r", "vllm", "-q", "fp8", "-c", "4096", "--gpu-memory-utilization", "0.8"]),
]
REFUSED = [
    ("llama-server -m 8B -np max", ["-np", "not a number"]),
    ("llama-server -m 8B --frobnicate", ["llama-server", "unknown flag", "--frobnicate"]),
    ("llama-server -m 8B -c", ["-c", "value is missing"]),
    ("llama-server -m 8B -dev CUDA1", ["-dev", "--gpu"]),
    ("llama-server -m 8B --jinja=1", ["--jinja", "no value"]),
    ("llama-server -m 8B -ctk q9", ["q9", "q8_0"]),
    ("llama-server -m 8B --spec-type draft-eagle3", ["--spec-type", "draft-mtp"]),
    ("llama-server -c 4096", ["llama-server", "no model"]),
    ("llama-server -m 8B stray", ["unknown argument", "stray"]),
    ("llama-server -m 8B -", ["unknown argument", "'-'"]),
    ("llama-server -m 8B -fit maybe", ["-fit", "not one of on, off"]),
    ("llama-server -m 8B --ctx-size=", ["--ctx-size"]),
    ("llama-bench -m 8B", ["llama-bench", "llama-server"]),
    ("ollama serve", ["ollama run"]),
    ("python3 -m http.server --model 8B", ["python3", "not a program"]),
    ("python3 -m", ["python3", "not a program"]),
    ("python3 -c vllm.entrypoints.openai.api_server --model 8B", ["python3", "not a program"]),
    ("perl -m vllm.entrypoints.openai.api_server --model 8B", ["perl", "not a program"]),
    ("python3 serve.py vllm", ["'python3'", "not a program whose launch lines are read"]),
    ("vllm serve 8B --dtype int3", ["--dtype", "bfloat16"]),
    ("vllm serve 8B --speculative-config {}", ["--speculative-config"]),
]


def judge(c, gpu, line):
    r = c.run("--gpu", gpu, "--desktop", "none", "--format", "json", "--", *line.split())
    c.that(r.out, "%s: %s" % (line, r.err.strip()))
    return r.result() if r.out else None


def meanings(c):
    gpu = ["--gpu", "24GB", "--desktop", "none"]
    for line, same in SAME:
        got = judge(c, "24GB", line)
        want, _ = c.ask(*gpu, *same)
        for key in ("quant", "runtime", "context", "parallel", "need_bytes", "devices", "host"):
            c.equal(got and got[key], want and want[key], "%s: %s" % (line, key))
    for line, words in REFUSED:
        r = c.run(*gpu, "--", *line.split())
        c.equal(r.exit, 2, line)
        c.that(not r.out and r.err.count("\n") == 1 and all(w in r.err for w in words), "%s: %s" % (line, r.err))
    got = judge(c, "24GB", "llama-server -m " + FILE)
    c.equal(got and got["context"], 131072, "without a context: the trained one")
    got = judge(c, "12GB", "llama-server -m " + FILE)
    c.that(got and 4096 < got["context"] < 131072 and got["verdict"] == "fit", "or what fits")
    got = judge(c, "8GB", "llama-server -m qwen2.5-14b -c 8192")
    c.that(got and 0 < got["devices"][0]["layers"] < 48 and got["verdict"] == "fit", "layers that do not fit stay off the card")
    for option, word in (("--help", "usage"), ("--version", "vramfit")):  # told, whatever the line is
        r = c.run(*gpu, option, "--", "llama-server", "--frobnicate")
        c.that(r.exit == 0 and word in r.out.lower() and not r.err, "%s before a line: %s" % (option, r.err))
    for before in (["8B"], ["--model", "8B"], ["--models-from", "-"]):
        r = c.run(*gpu, *before, "--", "llama-server", "-c", "4096")
        c.that(r.exit == 2 and not r.out and "a launch line names the model itself" in r.err, "%s before the line: %s" % (before, r.err))
    r = c.run(*gpu, "-c", "4096", "--", "llama-server", "-m", "8B", "-c", "8192")
    c.that(r.exit == 2 and "twice" in r.err, "a setting before the line and another on it: %s" % r.err)


def drafting(c):
    """The prediction layers' context is what is more, and said apart."""
    ask = ["glm-4.5-air", "-q", "q4", "--gpu", "96GB", "--desktop", "none"]
    loaded, _ = c.ask(*ask, "--mtp", "--outputs", "4")
    drafts, _ = c.ask(*ask, "--draft", "mtp")
    if not loaded or not drafts:
        return c.that(False, "glm-4.5-air on 96GB")
    own = drafts["members"][0]
    c.equal((own["kind"], own["weights_bytes"]), ("mtp", 0), "its weights are the model's")
    c.that(own["kv_cache_bytes"] > 0 and own["compute_bytes"] > 0, "it has a cache and a graph of its own")
    for key in ("weights_bytes", "kv_cache_bytes", "compute_bytes"):
        c.equal(drafts["devices"][0][key], loaded["devices"][0][key] + own[key], "with --draft mtp: " + key)
    more, _ = c.ask(*ask, "--draft", "mtp", "--draft-max", "64")
    c.that(more and more["devices"][0]["compute_bytes"] > drafts["devices"][0]["compute_bytes"], "rows of logits for what is drafted")


def starting(c, folder):
    program = folder / "llama-server"
    program.write_text("#!/bin/sh\necho started \"$@\"\nexit 7\n")
    program.chmod(0o755)
    env = dict(os.environ, PATH="%s:%s" % (folder, os.environ.get("PATH", "")))
    line = ["--", "llama-server", "-m", "8B", "-c", "4096", "-ngl", "99", "--port", "8080"]
    r = c.run("--gpu", "24GB", "--exec", *line, env=env)
    c.equal((r.exit, r.out, r.err), (7, "started -m 8B -c 4096 -ngl 99 --port 8080\n", ""), "it fits: started, nothing else is said")
    r = c.run("--gpu", "4GB", "--exec", *line, env=env)
    c.that(r.exit == 1 and "no-fit" in r.out and "started" not in r.out, "it does not: the reasons instead")
    r = c.run("--gpu", "6GB", "--desktop", "light", "--exec", *line, env=env)
    c.that(r.exit == 3 and "fragile" in r.out and "started" not in r.out, "fragile: not started")
    r = c.run("--gpu", "6GB", "--desktop", "light", "--exec", "--accept", "fragile", *line, env=env)
    c.equal((r.exit, r.out.split(" ")[0]), (7, "started"), "unless that is accepted")
    program.unlink()
    r = c.run("--gpu", "24GB", "--exec", "--", str(program), *line[2:], env=env)
    c.that(r.exit == 2 and "llama-server" in r.err and not r.out, "no such program: %s" % r.err)
    r = c.run("--gpu", "24GB", "--exec", "8B")
    c.that(r.exit == 2 and "launch line" in r.err, "nothing to start: %s" % r.err)


def main():
    c = Checks(sys.argv[1])
    meanings(c)
    drafting(c)
    with tempfile.TemporaryDirectory() as tmp:
        starting(c, pathlib.Path(tmp))
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
