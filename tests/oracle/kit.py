"""llama.cpp itself as a measuring instrument: what `setup` built, and the two programs of it."""
import json
import os
import re
import subprocess

import gguf

# llama_ftype numbers. With an importance matrix some quantizations mix types otherwise; NEED_MATRIX cannot be made without.
FTYPES = {"F32": 0, "F16": 1, "Q4_0": 2, "Q4_1": 3, "Q8_0": 7, "Q5_0": 8, "Q5_1": 9, "Q2_K": 10, "Q3_K_S": 11,
          "Q3_K_M": 12, "Q3_K_L": 13, "Q4_K_S": 14, "Q4_K_M": 15, "Q5_K_S": 16, "Q5_K_M": 17, "Q6_K": 18,
          "IQ2_XXS": 19, "IQ2_XS": 20, "Q2_K_S": 21, "IQ3_XS": 22, "IQ3_XXS": 23, "IQ1_S": 24, "IQ4_NL": 25,
          "IQ3_S": 26, "IQ3_M": 27, "IQ2_S": 28, "IQ2_M": 29, "IQ4_XS": 30, "IQ1_M": 31, "BF16": 32, "TQ1_0": 36,
          "TQ2_0": 37, "MXFP4_MOE": 38}
NEED_MATRIX = {"IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ2_M", "IQ3_XXS", "Q2_K_S", "IQ3_XS"}


class Failed(Exception):
    pass


def pattern(name):
    """The name of a tensor in any layer, as a regular expression."""
    return "^" + re.sub(r"\d+", r"\\d+", re.escape(name).replace("\\.", "."), count=1).replace(".", "\\.") + "$"


class Kit:
    def __init__(self, folder):
        at = lambda *parts: os.path.join(os.path.abspath(folder), *parts)
        self.labtool, self.measure, self.fake = at("labtool"), at("measure-cuda"), at("fake")
        self.cpu, self.cuda = at("be-cpu"), at("be-cuda")
        for needed in (self.labtool, self.measure, self.fake, self.cpu, self.cuda):
            if not os.path.exists(needed):
                raise Failed("%s is missing: run 'oracle.py setup %s' first" % (needed, folder))

    def ask(self, what, path, *args):
        done = subprocess.run([self.labtool, what, self.cpu, path, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise Failed(done.stderr.strip()[:300] or "labtool: exit status %d" % done.returncode)
        return done.stdout.splitlines()

    def tensors(self, keys, keep, scratch):
        """[(name, shape)] that the loader asks for; of the optional ones those that match `keep`."""
        gguf.write(scratch, keys, [])
        lines = [line.split("\t") for line in self.ask("enum", scratch, "|".join("(%s)" % k for k in keep))]
        os.unlink(scratch)
        return [(name, [int(d) for d in shape.split()] or [1]) for name, shape, _ in lines]

    def quantized(self, keys, tensors, quant, matrix, scratch):
        """The types that llama.cpp's quantizer gives (name, shape, type) tensors of 16 bits and more."""
        if quant in ("F32", "F16", "BF16"):
            return [(n, s, quant.lower() if t == "f16" else t) for n, s, t in tensors]
        gguf.write(scratch, keys, tensors)
        lines = self.ask("types", scratch, "%d%s" % (FTYPES[quant], "i" if matrix else ""))
        os.unlink(scratch)
        types = dict(line.split("\t") for line in lines if "\t" in line)
        if len(types) != len(tensors):
            raise Failed("; ".join(line for line in lines if line.startswith("!")) or "the quantizer leaves tensors out")
        return [(n, s, types[n]) for n, s, _ in tensors]

    def allocate(self, jobs, cc, memory):
        """What llama.cpp allocates for each job ({key: value}, see measure.cpp) on pretend cards, or on none; an `error` when
        it refuses."""
        env = dict(os.environ, GGML_NO_BACKTRACE="1", LD_LIBRARY_PATH=self.fake, FAKECUDA_DEVICES=str(len(memory)), FAKECUDA_CC=str(cc),
                   FAKECUDA_MEM_MIB=",".join(map(str, memory)))
        results, todo = [], list(jobs)
        while todo:
            text = "".join("\t".join("%s=%s" % kv for kv in job.items() if kv[1] != "") + "\n" for job in todo)
            done = subprocess.run([self.measure, "--backends", self.cuda if memory else self.cpu], input=text, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, env=env, errors="replace")
            got = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
            for r in got:  # this machine's memory, not llama.cpp's rule
                if "insufficient memory" in r.get("error", ""):
                    r["error"] = "crash: " + r["error"]
            if memory and any("buffers" in r and "CUDA%d" % (len(memory) - 1) not in r["buffers"] for r in got):
                raise Failed("%s found no pretend card: %s" % (self.measure, done.stderr.strip()[-300:]))
            if len(got) < len(todo):  # an assertion of llama.cpp ends the program; the next job starts it again
                said = [line for line in done.stderr.splitlines() if "ASSERT" in line or "rror" in line]
                got.append({"error": "crash %d: %s" % (done.returncode, " ".join(said)[-300:])})
            results += got
            todo = todo[len(got) :]
        return results
