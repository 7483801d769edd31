#!/usr/bin/env python3
"""Bad usage: one line on stderr that names the place, nothing on stdout, exit status 2.

usage: errors.py PROGRAM
"""
import sys

from program import Checks

M, G = ["--model", "13B"], ["--gpu", "24GB"]

# What is typed, and words that the one line must have.
CASES = [
    ([], ["--model", "missing"]),
    (M, ["--gpu", "missing", "--gpu auto"]),
    (G, ["--model", "missing"]),
    (M + ["--gpu"], ["--gpu", "value is missing"]),
    (M + ["--gpu", "--quiet"], ["--gpu", "value is missing"]),
    (M + ["--gpu", "-q"], ["--gpu", "value is missing"]),
    (M + ["--gpu="], ["--gpu", "empty"]),
    (M + ["--gpu", "24"], ["--gpu", "no unit", "24GB"]),
    (M + ["--gpu", "24,5G"], ["--gpu", "24.5G", "comma"]),
    (M + ["--gpu", "0x18G"], ["--gpu", "hex"]),
    (M + ["--gpu", "0G"], ["--gpu", "zero"]),
    (M + ["--gpu", "-24G"], ["--gpu", "negative"]),
    (M + ["--gpu", "0x3090"], ["--gpu"]),
    (M + ["--gpu", "17x24GB"], ["--gpu", "16"]),
    (M + ["--gpu", "24GB+"], ["--gpu", "missing"]),
    (M + ["--gpu", "24GB,,12GB"], ["--gpu", "commas"]),
    (M + ["--gpu", "3O90"], ["--gpu", "3O90"]),
    (M + ["--gpu", "24GB\n"], ["--gpu", "\\x0A"]),
    (M + ["--gpu", "\x1b[2J24G"], ["--gpu", "\\x1B"]),
    (M + ["--gpu", "%s%n"], ["--gpu", "%s%n"]),
    (M + ["--gpu", "A" * 100000], ["--gpu", "AAAA'..."]),
    (M + G + ["--gup", "1"], ["--gup", "--gpu"]),
    (M + G + ["--GPU", "1"], ["--GPU", "--gpu"]),
    (M + G + ["--contxt", "1"], ["--contxt", "--context"]),
    (M + G + ["--gp", "1"], ["--gp", "unknown"]),
    (M + G + ["-Z"], ["-Z", "unknown"]),
    (M + G + ["-ngl", "20"], ["-ngl", "unknown"]),
    (M + G + ["--quiet=yes"], ["--quiet", "no value", "yes"]),
    (M + G + ["--context", "4096", "--context", "8192"], ["--context", "twice", "4096", "8192"]),
    (M + G + ["--context", "0"], ["--context", "'0'", "range"]),
    (M + G + ["--context", "-5"], ["--context", "'-5'"]),
    (M + G + ["--context", "131072.5"], ["--context", "not a number"]),
    (M + G + ["--context", "131,072"], ["--context", "not a number"]),
    (M + G + ["--context", "0x20000"], ["--context", "not a number"]),
    (M + G + ["--context", "2147483649"], ["--context", "range"]),
    (M + G + ["--context", "18446744073709551616"], ["--context"]),
    (M + G + ["--parallel", "0"], ["--parallel", "range"]),
    (M + G + ["--kv-type", "q3"], ["--kv-type", "q3", "q8_0"]),
    (M + G + ["--kv-type", "q8_0/"], ["--kv-type"]),
    (M + G + ["--kv-type", "q8_0", "--cache-type-k", "f16"], ["--kv-type", "--cache-type-k"]),
    (M + G + ["--reserve", "-1GiB"], ["--reserve", "negative"]),
    (M + G + ["--reserve", "1"], ["--reserve", "no unit"]),
    (M + G + ["--desktop", "huge"], ["--desktop", "typical"]),
    (M + G + ["--desktop", "0GB"], ["--desktop", "zero"]),
    (["olmo-2-7b", "--quant", "q8", "--gpu", "2x24GB", "--split", "tensor"], ["--split", "tensor", "'olmo2'"]),
    (["rwkv-6-7b", "--quant", "q8", "--gpu", "2x24GB", "--split", "tensor"], ["--split", "tensor", "aborts"]),
    (M + ["--gpu", "2x24GB", "--split", "tensor", "--flash-attn", "off"], ["--flash-attn", "--split tensor"]),
    (M + ["--gpu", "2x24GB", "--split", "tensor", "--override-tensor", "ffn=GPU1"], ["--override-tensor", "CPU"]),
    (M + G + ["--tensor-split", "3;1"], ["--tensor-split", "3,1"]),
    (M + G + ["--tensor-split", "0,0"], ["--tensor-split", "zero"]),
    (M + G + ["--format", "xml"], ["--format", "json"]),
    (M + G + ["--format", "json", "--format", "csv"], ["--format", "twice"]),
    (M + G + ["--quant", "Q4_K_Z"], ["--quant", "Q4_K_Z"]),
    (M + G + ["--quant", ""], ["--quant", "empty"]),
    (M + G + ["--quant", "q4,,q8"], ["--quant", "commas"]),
    (M + G + ["--quant", "awq+im"], ["--quant", "importance"]),
    (M + G + ["--quant", "exl2-4.0bpw", "--kv-type", "q5_1"], ["--kv-type", "Q5_1", "exllamav2"]),
    (M + G + ["--quant", "awq", "--runtime", "llama.cpp"], ["--quant", "llama.cpp cannot load", "vllm"]),
    (M + G + ["--quant", "q4_k_m", "--runtime", "transformers"], ["--quant", "transformers cannot load", "llama.cpp"]),
    (M + ["--gpu", "RX 7900 XTX", "--runtime", "mlx"], ["--backend", "rocm", "mlx", "metal"]),
    (M + ["-g", "3x24GB", "--quant", "awq"], ["--tensor-parallel", "3", "attention heads"]),
    (M + G + ["--quant", "awq", "--tensor-parallel", "2"], ["--tensor-parallel", "2 x 1 cards", "has 1"]),
    (M + G + ["--quant", "awq", "--kv-type", "q8_0"], ["--kv-type", "vllm", "fp8"]),
    (M + G + ["--quant", "awq", "--batch", "64"], ["--batch", "vllm"]),
    (M + G + ["--quant", "awq", "--max-num-seqs", "8", "--parallel", "9"], ["--parallel", "--max-num-seqs 8"]),
    (M + G + ["--quant", "awq", "--max-num-batched-tokens", "100"], ["--max-num-batched-tokens", "256"]),
    (M + G + ["--quant", "awq", "--context", "10m"], ["--context", "vllm refuses"]),
    (M + ["-g", "none", "--quant", "awq"], ["--gpu", "vllm"]),
    (M + G + ["--quant", "awq", "--runtime", "vllm", "--draft", "7B"], ["--draft"]),
    (M + G + ["--draft", "mtp"], ["--draft", "mtp", "no prediction layers"]),
    (M + G + ["--runtime", "lama.cpp"], ["--runtime", "llama.cpp"]),
    (M + G + ["--quant", "q8", "--runtime", "generic", "--batch", "64"], ["--batch", "generic", "llama.cpp"]),
    (M + G + ["--quant", "q8", "--tensor-parallel", "2"], ["--tensor-parallel", "llama.cpp"]),
    (M + G + ["--train", "full", "--runtime", "vllm"], ["--train", "vllm", "transformers"]),
    (M + G + ["--train", "lora", "--quant", "nf4"], ["--train", "lora", "nf4"]),
    (M + ["--gpu", "2x24GB", "--train", "lora"], ["--gpu", "training", "one"]),
    (["list", "gpus", "--format", "svg"], ["--format", "svg", "list"]),
    (M + G + ["--also", "none-such-model"], ["none-such-model"]),
    (M + G + ["--lora", "/nonexistent/adapter.gguf"], ["--lora '/nonexistent/adapter.gguf': No such file"]),
    (M + G + ["--mmproj", "/nonexistent/tower.gguf"], ["--mmproj '/nonexistent/tower.gguf': No such file"]),
    (["--model", "llamagguf"] + G, ["unknown model 'llamagguf'"]),
    (M + G + ["--mmproj", "none-such-model"], ["--mmproj: unknown model 'none-such-model'"]),
    (M + G + ["--also", "7B@q99"], ["--also", "q99"]),
    (M + G + sum((["--also", "7B"] for _ in range(17)), []), ["--also", "16"]),
    (M + G + ["--workload", "steering"], ["--workload", "of llama.cpp"]),
    (M + G + ["--", "llama-server", "-m", "x.gguf"], ["launch", "one argument too many"]),
    (M + G + ["--models-from", "-"], ["--models-from", "model"]),
    (["-", "-m", "-"] + G, ["one argument too many"]),
    (["-m", "-", "-m", "-"] + G, ["standard input", "twice"]),
    (["--models-from", "-", "--catalog", "-"] + G, ["standard input", "twice"]),
    (M + ["-q", ",".join(["q4"] * 1025)] + G, ["--quant", "1024"]),
    (M + ["-q", ",".join(["q4"] * 100), "-g", ",".join(["24GB"] * 50)], ["5000 cases", "1024"]),
    (M + G + ["--null"], ["--null", "--models-from"]),
    (["13B", "7B"] + G, ["one argument too many", "7B"]),
    (["13B"] * 5000 + G, ["one argument too many"]),
    (["lama-3.1-8b"] + G, ["lama-3.1-8b", "did you mean"]),
    (["qqqqqqqqqq"] + G, ["qqqqqqqqqq", "unknown"]),
    (["llama\n-3.1-8bx"] + G, ["llama\\x0A"]),
    (["l" * 100000] + G, ["lll'..."]),
    (["6B"] + G, ["6B", "7B"]),
    ([""] + G, ["--model", "empty"]),
    (["nothere.gguf"] + G, ["nothere.gguf", "no such file"]),
    (["/dev/zero"] + G, ["/dev/zero", "not a regular file"]),
    (["/"] + G, ["config.json"]),
    (["ollama:llama3"] + G, ["ollama:llama3", "unknown model"]),
    (M + G + ["--override-tensor", "ffn="], ["--override-tensor", "REGEX=CPU"]),
    (M + G + ["--override-tensor", "=CPU"], ["--override-tensor", "REGEX=CPU"]),
    (M + G + ["--override-tensor", "ffn=100"], ["--override-tensor", "'ffn=100'", "REGEX=CPU"]),
    (M + G + ["--override-tensor", "ffn=CUDAx"], ["--override-tensor", "REGEX=CPU"]),
    (M + ["-g", "2x24GB", "--override-tensor", "ffn=2"], ["--override-tensor", "device 2", "there are 2"]),
    (M + G + [w for i in range(65) for w in ("--override-tensor", "a%d=CPU" % i)], ["--override-tensor", "more than 64"]),
    (M + G + ["--mmproj", "7B"], ["--mmproj", "unknown model '7B'"]),
    (M + G + ["--mmproj", "llama-2-7b"], ["--mmproj", "no vision tower"]),
    (M + G + ["--mmproj", "./zzz"], ["--mmproj", "No such file"]),
    (M + G + ["--mmproj", "zzz"], ["--mmproj", "unknown model 'zzz'"]),
    (M + G + ["--lora", "zzz"], ["--lora", "unknown model 'zzz'"]),
    (M + G + ["--lora", "8B"], ["--lora", "'8B'", "no adapter"]),
    (M + G + ["--draft", "zzz"], ["--draft", "unknown model 'zzz'"]),
    (M + G + ["--draft", "1B@zzz"], ["zzz"]),
    (["diff", "/nonexistent/a", "/nonexistent/b"], ["/nonexistent/a", "No such file"]),
    (["verify", "-"], ["standard input", "no buffer sizes"]),
    (["verify"], ["verify", "missing"]),
    (["verify", "/"], ["directory"]),
    (["verify", "-", "--gpu", "24GB"], ["--gpu", "no meaning"]),
    (["verify", "-", "--format", "xml"], ["--format"]),
    (["verify", "-", "--parallel", "max"], ["left open"]),
    (["verify", "-", "--gpu-layers", "auto"], ["left open"]),
    (["lock", "list.txt"], ["--gpu", "missing"]),
    (["list"], ["list", "models"]),
    (["list", "things"], ["things", "models"]),
    (["list", "models"] + G, ["--gpu", "list"]),
    (["show"], ["show", "NAME"]),
    (["show", "zzzzzzzz"], ["zzzzzzzz"]),
    (["help", "nothing"], ["nothing", "options"]),
    (["--catalog", "/nonexistent/x.json", "list", "models"], ["/nonexistent/x.json"]),
]

GOOD = [["--help"], ["help"], ["--version"], ["version"], ["help", "options"], ["help", "limits"], ["help", "models"],
        ["help", "quants"], ["help", "gpus"], ["help", "verdict"], ["help", "lists"], ["help", "commands"], ["list", "--help"],
        ["--quiet", "list", "models"], ["list", "models"], ["list", "quants", "q4"], ["list", "gpus", "3090"],
        ["list", "runtimes"], ["list", "desktops"], ["show", "13B"], ["show", "3090"], ["show", "q4_k_m"], ["check"]]


def main():
    c = Checks(sys.argv[1])
    for args, words in CASES:
        name = " ".join(a if len(a) < 60 else a[:20] + "..." for a in args[:12])
        r = c.run(*args)
        c.equal(r.exit, 2, name + ": exit status")
        c.equal(r.out, "", name + ": stdout")
        c.that(r.err.startswith("vramfit: ") and r.err.count("\n") == 1 and r.err.endswith("\n"), name + ": one line: " + r.err[:200])
        c.that(len(r.err) < 1000, name + ": a short line")
        c.that(all(ch == "\n" or ch.isprintable() for ch in r.err), name + ": printable")
        for word in words:
            c.that(word in r.err, "%s: %r in %s" % (name, word, r.err.strip()[:300]))
    for args in GOOD:
        r = c.run(*args)
        c.equal((r.exit, r.err), (0, ""), " ".join(args))
        c.that(bool(r.out) != ("--quiet" in args), " ".join(args) + ": stdout")
        for line in r.out.splitlines() if "help" in args[0] else []:
            c.that(len(line) <= 80, "help: 80 columns: " + line)
    c.that(c.run("--help").out.count("\n") <= 50, "help: 50 lines")
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
