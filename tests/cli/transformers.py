#!/usr/bin/env python3
"""Runtime transformers through the command line: formats by name and as files, workloads, refusals.

usage: transformers.py PROGRAM
"""
import json
import os
import pathlib
import struct
import sys
import tempfile

from files import CONFIG, PARAMETERS, product, tensors
from program import Checks

SIZE = {"BF16": 2, "F16": 2, "F32": 4, "I32": 4, "U8": 1, "I8": 1, "F8_E4M3": 1, "I64": 8, "U32": 4}


def write(folder, quantization, some):
    """A folder with config.json and one safetensors file of (name, dtype, shape)."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(dict(CONFIG, quantization_config=quantization)))
    header, at = {}, 0
    for name, dtype, shape in some:
        size = SIZE[dtype] * product(shape)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text)
    os.truncate(folder / "model.safetensors", 8 + len(text) + at)
    return at


def awq(name, o, i):
    yield name + ".qweight", "I32", [i, o // 8]
    yield name + ".qzeros", "I32", [i // 128, o // 8]
    yield name + ".scales", "F16", [i // 128, o]


def gptq(name, o, i):
    yield name + ".qweight", "I32", [i // 8, o]
    yield name + ".qzeros", "I32", [i // 128, o // 8]
    yield name + ".scales", "F16", [i // 128, o]
    yield name + ".g_idx", "I32", [i]


def words(name, o, i):
    yield name + ".weight_packed", "I32", [o, i // 8]
    yield name + ".weight_scale", "BF16", [o, i // 128]
    yield name + ".weight_shape", "I64", [2]


def nf4(name, o, i):
    yield name + ".weight", "U8", [o * i // 2, 1]
    yield name + ".weight.absmax", "F32", [o * i // 64]
    yield name + ".weight.quant_map", "F32", [16]


def int8(name, o, i):
    yield name + ".weight", "I8", [o, i]
    yield name + ".SCB", "F32", [o]


def fp8_block(name, o, i):
    yield name + ".weight", "F8_E4M3", [o, i]
    yield name + ".weight_scale_inv", "F32", [-(-o // 128), -(-i // 128)]


FORMATS = (
    ("awq", awq, {"quant_method": "awq", "bits": 4, "group_size": 128}),
    ("gptq", gptq, {"quant_method": "gptq", "bits": 4, "group_size": 128}),
    ("w4a16", words, {"quant_method": "compressed-tensors", "format": "pack-quantized",
                      "config_groups": {"group_0": {"weights": {"num_bits": 4, "group_size": 128}}}}),
    ("nf4", nf4, {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}),
    ("int8", int8, {"quant_method": "bitsandbytes", "load_in_8bit": True}),
    ("fp8-block", fp8_block, {"quant_method": "fp8", "weight_block_size": [128, 128]}),
)


def packed(pack):
    for name, shape in tensors():
        if "_proj" in name:
            yield from pack(name[:-len(".weight")], *shape)
        else:
            yield name, "BF16", shape


def formats(c, tmp):
    """The same format by name, of a config.json alone, and as the files hold it."""
    plain = tmp / "plain"
    plain.mkdir()
    (plain / "config.json").write_text(json.dumps(CONFIG))
    for name, pack, quantization in FORMATS:
        folder = tmp / name
        size = write(folder, quantization, packed(pack))
        files, _ = c.ask(str(folder), "-g", "8GB")
        named, _ = c.ask(str(plain), "-q", name, "-r", "transformers", "-g", "8GB")
        if not files or not named:
            continue
        c.equal((files["quant"], files["runtime"], files["model_bytes"]), (name, "transformers", size), name + ": files")
        c.equal(files["parameters"], PARAMETERS, name + ": parameters of packed files")
        c.equal(named["model_bytes"], size, name + ": by name as the files are")
        c.equal((named["parameters"], named["devices"][0]["weights_bytes"]), (PARAMETERS, size), name + ": by name")
        c.equal(files["devices"][0]["compute_bytes"] // 1000, named["devices"][0]["compute_bytes"] // 1000,
                name + ": the same compute") if name in ("awq", "gptq", "w4a16", "fp8-block") else None
    r = c.run(str(tmp / "awq"), "-q", "nf4", "-g", "8GB")
    c.that(r.exit == 2 and "quantized already" in r.err, "awq files as nf4: " + r.err.strip())


def mlx(name, o, i):
    yield name + ".weight", "U32", [o, i // 8]
    yield name + ".scales", "BF16", [o, i // 64]
    yield name + ".biases", "BF16", [o, i // 64]


def other_loaders(c, tmp):
    """Files in a scheme that Transformers does not read are those of the runtime that the scheme implies."""
    folder, some = tmp / "mlx", []
    for name, shape in tensors():
        some += mlx(name[:-len(".weight")], *shape) if len(shape) == 2 else [(name, "BF16", shape)]
    size = write(folder, {}, some)
    (folder / "config.json").write_text(json.dumps(dict(CONFIG, quantization={"group_size": 64, "bits": 4})))
    files, _ = c.ask(str(folder), "-g", "M4 16GB")
    c.equal((files["quant"], files["runtime"], files["model_bytes"], files["parameters"]), ("mlx-4bit-g64", "mlx", size, PARAMETERS),
            "mlx files")
    named, _ = c.ask(str(tmp / "plain"), "-q", "mlx-4bit", "-g", "M4 16GB")
    c.equal(named["need_bytes"], files["need_bytes"], "mlx by name as the files are")
    r = c.run(str(folder), "-g", "24GB", "-r", "vllm")
    c.that(r.exit == 2 and "mlx, exo, lm-studio" in r.err, "mlx files under vllm: " + r.err.strip())


def workloads(c):
    ask = ["qwen2.5-1.5b", "-q", "bf16", "-r", "transformers", "-g", "24GB"]
    r, _ = c.ask(*ask, "--workload", "steering")
    d = r["devices"][0]
    layers, h, v, s = 28, 1536, 151936, 2048
    c.equal(r["context"], s, "steering: one sequence of 2048 tokens")
    hidden, logits, growth, cache = 2 * layers * h * s, 6 * s * v, 2 * 2 * 2 * 128 * s, layers * 2 * 2 * 2 * 128 * s
    c.equal(d["kv_cache_bytes"], cache, "steering: cache")
    peak = d["weights_bytes"] + cache + hidden + logits + growth
    c.equal(d["compute_bytes"], hidden + logits + growth + -(-peak * 5 // 100), "steering: hidden states, logits, slack")
    half, _ = c.ask(*ask, "--workload", "steering", "--prompt", "1024")
    c.equal((half["context"], half["devices"][0]["kv_cache_bytes"]), (1024, cache // 2), "steering --prompt 1024")
    r = c.run(*ask, "--workload", "steering", "--parallel", "2")
    c.that(r.exit == 2 and "--parallel" in r.err, "steering is one sequence: " + r.err.strip())
    r = c.run("qwen2.5-1.5b", "-q", "q8_0", "-g", "24GB", "--workload", "steering")
    c.that(r.exit == 2 and "--workload" in r.err, "no workload of llama.cpp: " + r.err.strip())
    r = c.run(*ask, "-c", "1024", "--prompt", "2048")
    c.that(r.exit == 2 and "--prompt" in r.err, "a prompt beyond the context: " + r.err.strip())
    need = {w: c.ask(*ask, "-c", "4096", "--workload", w)[0]["need_bytes"] for w in ("embed", "chat", "eval")}
    c.that(need["embed"] <= need["chat"] < need["eval"], "embed, chat, eval: %r" % need)
    long, _ = c.ask(*ask, "-c", "16k")
    short, _ = c.ask(*ask, "-c", "16k", "--prompt", "512")
    c.that(short["need_bytes"] < long["need_bytes"], "a short prompt needs less than a full one")
    c.equal(short["devices"][0]["kv_cache_bytes"], long["devices"][0]["kv_cache_bytes"], "and as much cache in the end")
    slid, _ = c.ask("gemma-3-4b", "-q", "bf16", "-r", "transformers", "-g", "48GB", "-c", "32k", "--prompt", "512")
    full, _ = c.ask("gemma-3-4b", "-q", "bf16", "-r", "transformers", "-g", "48GB", "-c", "32k")
    c.that(3 * slid["devices"][0]["kv_cache_bytes"] < full["devices"][0]["kv_cache_bytes"],
           "sliding layers keep the whole prompt in the first forward, and a window later")


def several(c):
    """device_map auto: whole layers, an even share and room for a block on each card, the rest on the last."""
    r, _ = c.ask("llama-2-70b", "-q", "bf16", "-r", "transformers", "-g", "4xa100-40gb", "-c", "256")
    c.equal([d["layers"] for d in r["devices"]], [20, 21, 21, 18], "70B on four cards: layers")
    c.equal(sum(d["weights_bytes"] for d in r["devices"]), r["model_bytes"], "70B on four cards: every tensor once")
    small, _ = c.ask("13B", "-q", "bf16", "-r", "transformers", "-g", "12GB+4090", "--desktop", "none")
    a, b = small["devices"]
    c.that(a["layers"] < b["layers"] and a["layers"] + b["layers"] == 40, "a small card first takes less: %d, %d" % (a["layers"], b["layers"]))
    c.that(a["weights_bytes"] < a["available_bytes"], "and not more than it has")
    r, _ = c.ask("13B", "-q", "q8", "-g", "12GB", "--os", "windows")
    c.that(any("shared system memory" in n for n in r["notes"]), "Windows spills")
    r, _ = c.ask("70B", "-q", "mlx-4bit", "-g", "M4 24GB")
    c.that(any("iogpu.wired_limit_mb" in n for n in r["notes"]), "macOS lends more")
    r, _ = c.ask("13B", "-q", "q8", "-g", "24GB", "--os", "windows")
    c.that(not any("shared system memory" in n for n in r["notes"]), "not where it fits")


def caches(c):
    """Bytes of caches, from the widths that logs of several runtimes confirm: 163,840 a token of Mistral Small 24B
    (vLLM: 28.20 GiB for 184,832 tokens), 131,072 of Llama 3.1 8B (TensorRT-LLM: 1.56 GiB for 12,800), Qwen3 and
    Gemma 3 with nothing saved by its windows (llama.cpp)."""
    MiB = 1 << 20
    for model, tokens, want in (("mistral-small-24b", 1000, 163840 * 1000), ("qwen3-32b", 8192, 2048 * MiB),
                                ("qwen3-30b-a3b", 32768, 3072 * MiB), ("gemma-3-27b", 32768, 15872 * MiB),
                                ("llama-3.1-8b", 12800, 131072 * 12800)):
        r, _ = c.ask(model, "-q", "bf16", "-r", "transformers", "-g", "4xh100-80gb", "-c", str(tokens))
        c.equal(r and sum(d["kv_cache_bytes"] for d in r["devices"]), want, "%s: cache of %d tokens" % (model, tokens))


def shown(c):
    quant = c.run("show", "nf4", "-f", "json").json()["found"][0]
    c.equal((quant["packing"], quant["quantized"], quant["group"], quant["stored_bits"]), ("bnb4", "linear", 64, "4.500"), "show nf4")
    q = c.run("show", "transformers", "-f", "json").json()["found"][0]
    c.equal(q["in_this_version"], "yes", "show transformers")


def towers(c):
    """A tower loads with the model, but under llama.cpp, where it is a file of its own."""
    ask = ["-m", "qwen2.5-vl-7b", "-g", "48GB"]
    r, _ = c.ask(*ask, "-q", "bf16", "--runtime", "transformers")
    c.equal((r["parameters"], r["model_bytes"]), (8292166656, 2 * 8292166656), "all of what is published")
    c.that(any("677" in n or "676550144" in n for n in r["notes"]), "a note says so: %s" % r["notes"])
    two, _ = c.ask("-m", "qwen2.5-vl-7b", "-g", "2x24GB", "-q", "bf16", "--runtime", "transformers")
    c.equal(sum(d["weights_bytes"] for d in two["devices"]), 2 * 8292166656, "once on several cards")
    r, _ = c.ask(*ask, "-q", "q4")
    c.that(any("--mmproj Qwen/Qwen2.5-VL-7B-Instruct" in n for n in r["notes"]), "what is not counted is said: %s" % r["notes"])
    r, _ = c.ask(*ask, "-q", "q4", "--mmproj", "qwen2.5-vl-7b")
    c.that(not any("--mmproj" in n for n in r["notes"]), "not where it is counted: %s" % r["notes"])
    r, _ = c.ask("-m", "8B", "-g", "48GB", "-q", "q4", "--also", "qwen2.5-vl-7b@q4")
    c.that(any("--also Qwen/Qwen2.5-VL-7B-Instruct: without its tower" in n for n in r["notes"]), "beside another: %s" % r["notes"])
    r, _ = c.ask("-m", "qwen2.5-7b", "-g", "48GB", "-q", "q4")
    c.that(not any("mmproj" in n for n in r["notes"]), "not where there is none: %s" % r["notes"])


def words_for(c):
    table = {"8bit": "int8", "4bit": "nf4", "hqq": "hqq", "int4wo": "torchao-int4", "int8wo": "torchao-int8", "fp4": "fp4"}
    for word, name in table.items():
        r, _ = c.ask("llama-3.1-8b", "-q", word, "-g", "24GB")
        c.equal(r and (r["quant"], r["runtime"]), (name, "transformers"), word)
    r, _ = c.ask("llama-3.1-8b", "-r", "transformers", "-g", "24GB")
    c.equal(r and r["quant"], "BF16", "no --quant under transformers")
    r, _ = c.ask("gpt-oss-20b", "-r", "transformers", "-g", "24GB")
    c.equal(r and (r["quant"], r["model_bytes"]), ("mxfp4", 13761264768), "gpt-oss-20b as published")


def main():
    c = Checks(sys.argv[1])
    with tempfile.TemporaryDirectory() as tmp:
        formats(c, pathlib.Path(tmp))
        other_loaders(c, pathlib.Path(tmp))
    several(c)
    workloads(c)
    words_for(c)
    towers(c)
    caches(c)
    shown(c)
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
