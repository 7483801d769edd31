#!/usr/bin/env python3
"""verify: what is said where a log leaves something out, and which options it takes.

usage: verify.py PROGRAM

The logs are those of golden/, changed.
"""
import re
import sys
import tempfile
from pathlib import Path

from program import Checks

GOLDEN = Path(__file__).resolve().parent / "golden"


def without(text, *patterns):
    return "".join(line for line in text.splitlines(True) if not any(re.search(p, line) for p in patterns))


class Logs:
    def __init__(self, c, tmp):
        self.c, self.path = c, Path(tmp) / "log"
        self.one, self.two = [(GOLDEN / name / "log").read_text(encoding="utf-8") for name in ("verify", "verify-two-cards")]

    def loads(self, text, *args):
        """The one load of a log that is answered, and the exit status."""
        self.path.write_text(text, encoding="utf-8")
        r = self.c.run("verify", str(self.path), "-f", "json", *args)
        if not self.c.that(r.out, "an answer: %s" % r.err):
            return None, r.exit
        return r.json()["loads"][0], r.exit

    def fails(self, text, args, *words):
        self.path.write_text(text, encoding="utf-8")
        r = self.c.run("verify", str(self.path), *args)
        self.c.equal((r.exit, r.out, r.err.count("\n")), (2, "", 1), "%s: %s" % (args, r.err))
        for word in words:
            self.c.that(word in r.err, "%s: %r not in %r" % (args, word, r.err))


def notes(c, logs):
    """Where the log leaves something out, what was taken is said; the amounts are still those of the log."""
    one, two = logs.one, logs.two
    whole, status = logs.loads(one)
    c.equal((status, whole["notes"]), (0, []), "a whole log needs no note")
    rows = [
        ("no capability, a known card", without(one, "compute capability"), 0, []),
        ("no capability, an unknown card", without(one, "compute capability").replace("GeForce RTX 3060", "Unheard 1"), 0, ["CUDA0: the log does not say its compute capability: 8.6 was taken"]),
        ("no free memory", without(two, "MiB free$", "assigned to device"), 0, ["even shares were taken", "read off the cache's buffers"]),
        ("no free memory, the shares given", without(two, "MiB free$", "assigned to device"), 0, [], "--tensor-split", "17,8"),
        ("free memory of one card alone", without(two, r"CUDA1 .*MiB free$", "assigned to device"), 0, ["even shares were taken", "read off the cache's buffers"]),
        ("a trial run", one.replace("no_alloc              = 0", "no_alloc              = 1"), 0, ["no_alloc"]),
        ("no rows of logits", without(one, "n_outputs_max"), 0, []),
        ("no width, no layers", without(one, r"n_embd  ", r"n_layer "), 0, []),
        ("a type that is none of the catalog's", one.replace("Q4_K - Medium", "Q4_K - Huge"), 0, []),
    ]
    for what, text, want, words, *args in rows:
        load, status = logs.loads(text, *args)
        if load:
            c.equal(status, want, what)
            c.equal(len(load["notes"]), len(words), "%s: notes: %s" % (what, load["notes"]))
            for word in words:
                c.that(any(word in n for n in load["notes"]), "%s: no note with %r: %s" % (what, word, load["notes"]))


def elsewhere(c, logs):
    """Tensors and the output layer that the log has elsewhere are said, unless an option says where."""
    put = logs.one.replace("load_tensors: loading", "tensor blk.3.attn_q.weight (1 MiB q5_0) buffer type overridden to CPU\nload_tensors: loading", 1)
    old = logs.one.replace("offloading 23 repeating", "offloading 20 repeating").replace("offloaded 25/25", "offloaded 20/25")
    for what, text, word, free in (("tensors", put, "tensors were put elsewhere", ["--cpu-moe", "1"]),
                                   ("the output", old, "keeps the output layer in system memory", ["--override-tensor", "^output=CPU"])):
        load, status = logs.loads(text)
        c.that(load and any(word in n for n in load["notes"]), "%s: %s" % (what, load and load["notes"]))
        load, status = logs.loads(text, "--override-tensor", "attn_q=CPU")
        c.that(load and not any(word in n for n in load["notes"]), "%s, as an option says: %s" % (what, load and load["notes"]))
        load, status = logs.loads(text, *free)
        c.that(load and not any(word in n for n in load["notes"]), "%s, as another says: %s" % (what, load and load["notes"]))


def many(c, logs):
    """More loads than are kept before they are written: each is told of, and --quiet says nothing at any length."""
    logs.path.write_text(logs.one * 200, encoding="utf-8")
    r = c.run("verify", str(logs.path))
    one = c.run("verify", str(GOLDEN / "verify" / "log"))
    c.equal((r.exit, r.err), (0, ""), "200 loads")
    c.that(len(r.out) > 1 << 17 and r.out.count("CUDA0") == 200 * one.out.count("CUDA0"), "each is told of: %d bytes" % len(r.out))
    c.equal(len(c.run("verify", str(logs.path), "-f", "json").json()["loads"]), 200, "in JSON")
    r = c.run("verify", str(logs.path), "--quiet")
    c.equal((r.exit, r.out, r.err), (0, "", ""), "--quiet")
    wrong = logs.one.replace("compute buffer size =   298.50", "compute buffer size =   300.50")
    logs.path.write_text(logs.one * 150 + wrong + logs.one * 50, encoding="utf-8")
    r = c.run("verify", str(logs.path), "--quiet")
    c.equal((r.exit, r.out, r.err), (1, "", ""), "--quiet, one of them differs")


def options(c, logs):
    """An option says it otherwise than the log."""
    def compute(*args):
        load, status = logs.loads(logs.one, *args)
        return [a["predicted_bytes"] for a in load["amounts"]] if load else None, status
    plain, status = compute()
    c.equal(status, 0, "as the log says")
    for args in (["-c", "train"], ["--backend", "vulkan"], ["--override-tensor", "ffn=CPU"], ["--outputs", "1"], ["--ubatch", "256"]):
        other, status = compute(*args)
        c.that(other != plain and status == 1, "%s: something differs (%d)" % (args, status))
    for args in (["-c", "8192"], ["--backend", "cuda"], ["--quant", "q4_k_m"], ["--model", "qwen2.5-0.5b"]):
        c.equal(compute(*args), (plain, 0), "%s: what the log says" % args)
    c.equal(compute("-c", "32768"), compute("-c", "train"), "train is the model's maximum")


def refused(c, logs):
    one = logs.one
    logs.fails(one, ["--model", "8B", "--model", "7B"], "log:3", "--model", "given twice", "one model")
    logs.fails(one, ["--quant", "q4", "--quant", "q8"], "log:3", "--quant", "given twice", "one quantization")
    logs.fails(one, ["--model", "8B"], "8B", "32 layers of width 4096", "24 of 896")
    logs.fails(one.replace("n_embd                = 896", "n_embd                = 897"), ["--model", "qwen2.5-0.5b"], "qwen2.5-0.5b", "24 layers of width 896", "24 of 897")
    logs.fails(one, ["--parallel", "x"], "--parallel")
    logs.fails(one, ["--model", "zzz"], "unknown model 'zzz'")
    logs.fails(one, ["--override-tensor", "ffn"], "--override-tensor", "REGEX=CPU")
    logs.fails(one.replace("qwen2.5-0.5b.Q4_K_M.gguf", "thing.gguf").replace("Q4_K - Medium", "x"), ["--quant", ""], "--quant", "empty")
    logs.fails(without(one, "file type").replace("qwen2.5-0.5b.Q4_K_M.gguf", "thing.gguf"), [], "--quant", "does not say the quantization")
    logs.fails(without(one, "general.name").replace("/models/qwen2.5-0.5b.Q4_K_M.gguf", "thing.gguf"), [], "'thing.gguf'", "not known here")
    for name in ("-", "ollama:llama3.2", "/dev/null", "."):  # what a log names is not asked for elsewhere
        logs.fails(without(one, "general.name").replace("/models/qwen2.5-0.5b.Q4_K_M.gguf", name), [], "--model", "not known here")


def main():
    c = Checks(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="vramfit-verify.") as tmp:
        logs = Logs(c, tmp)
        r = c.run("verify", tmp)
        c.that(r.exit == 2 and not r.out and r.err.startswith("vramfit: %s" % tmp) and r.err.count("\n") == 1, "a folder: %s" % r.err)
        for check in (notes, elsewhere, many, options, refused):
            check(c, logs)
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
