#!/usr/bin/env python3
"""Models from files and folders, and catalogs beside the built-in one.

usage: files.py PROGRAM ROOT
"""
import gzip
import json
import os
import shlex
import shutil
import struct
import sys
import tempfile
from pathlib import Path

from program import Checks

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "hostile"))
from corpus.gguf_writer import F32, G, STR, T_F16, T_F32, U16, U32  # noqa: E402

CONFIG = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 256, "num_hidden_layers": 2,
          "num_attention_heads": 8, "num_key_value_heads": 4, "intermediate_size": 512, "vocab_size": 1000,
          "max_position_embeddings": 2048, "torch_dtype": "bfloat16", "tie_word_embeddings": False}
KV_WIDTH = 4 * 32


def tensors():
    """Names and shapes (rows first) of the model in CONFIG, as its safetensors file has them."""
    h, ff, kv, v = 256, 512, KV_WIDTH, 1000
    yield "model.embed_tokens.weight", [v, h]
    for i in range(2):
        p = "model.layers.%d." % i
        yield p + "self_attn.q_proj.weight", [h, h]
        yield p + "self_attn.k_proj.weight", [kv, h]
        yield p + "self_attn.v_proj.weight", [kv, h]
        yield p + "self_attn.o_proj.weight", [h, h]
        yield p + "mlp.gate_proj.weight", [ff, h]
        yield p + "mlp.up_proj.weight", [ff, h]
        yield p + "mlp.down_proj.weight", [h, ff]
        yield p + "input_layernorm.weight", [h]
        yield p + "post_attention_layernorm.weight", [h]
    yield "model.norm.weight", [h]
    yield "lm_head.weight", [v, h]


def product(shape):
    n = 1
    for s in shape:
        n *= s
    return n


PARAMETERS = sum(product(s) for _, s in tensors())


def safetensors(path, some):
    header, at = {}, 0
    for name, shape in some:
        size = 2 * product(shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    os.truncate(path, 8 + len(text) + at)


def gguf(extra=(), layers=(0, 1), rest=True, name="tiny"):
    """A llama of two layers in F16; `layers` and `rest` pick the tensors of one part."""
    g = G()
    g.kv("general.architecture", STR, "llama").kv("general.name", STR, name).kv("general.file_type", U32, 1)
    for key, value in (("block_count", 2), ("context_length", 2048), ("embedding_length", 256), ("feed_forward_length", 512),
                       ("attention.head_count", 8), ("attention.head_count_kv", 4), ("vocab_size", 1000)):
        g.kv("llama." + key, U32, value)
    for key, kind, value in extra:
        g.kv(key, kind, value)
    if rest:
        g.t("token_embd.weight", [256, 1000], T_F16).t("output.weight", [256, 1000], T_F16).t("output_norm.weight", [256], T_F32)
    for i in layers:
        for name, dims in (("attn_norm", [256]), ("ffn_norm", [256]), ("attn_q", [256, 256]), ("attn_k", [256, KV_WIDTH]),
                           ("attn_v", [256, KV_WIDTH]), ("attn_output", [256, 256]), ("ffn_gate", [256, 512]),
                           ("ffn_up", [256, 512]), ("ffn_down", [512, 256])):
            g.t("blk.%d.%s.weight" % (i, name), dims, T_F16 if len(dims) == 2 else T_F32)
    return g


NORMS = 256 * 5
GGUF_BYTES = 2 * (PARAMETERS - NORMS) + 4 * NORMS
CACHE = 2 * 2 * KV_WIDTH * 2 * 2048


def gguf_files(c, tmp):
    (tmp / "tiny.gguf").write_bytes(gguf().build())
    r, status = c.ask(str(tmp / "tiny.gguf"), "-g", "8GB")
    c.equal(status, 0, "a GGUF file: exit status")
    c.equal((r["model"], r["quant"], r["runtime"]), ("tiny", "F16", "llama.cpp"), "a GGUF file: names")
    c.equal((r["parameters"], r["model_bytes"]), (PARAMETERS, GGUF_BYTES), "a GGUF file: size")
    c.equal((r["context"], r["devices"][0]["kv_cache_bytes"]), (2048, CACHE), "a GGUF file: context and cache")
    for name, want in (("x", "x"), ("", "short")):
        (tmp / "short.gguf").write_bytes(gguf(name=name).build())
        short, _ = c.ask(str(tmp / "short.gguf"), "-g", "8GB")
        c.that(short and want in short["model"] and len(short["model"]) < 12, "a model called '%s': %s" % (name, short and short["model"]))
    piped, _ = c.ask("-", "-g", "8GB", stdin=(tmp / "tiny.gguf").read_bytes())
    c.equal(piped, r, "the file on standard input")
    head, _ = c.ask("-", "-g", "8GB", stdin=gguf().head())
    c.equal(head, r, "its header alone on standard input")
    other, _ = c.ask(str(tmp / "tiny.gguf"), "-q", "q8", "-g", "8GB")
    c.that(other["quant"] == "Q8_0" and other["model_bytes"] < r["model_bytes"], "another quantization of a file")
    for i, part in ((0, gguf([("split.no", U16, 0), ("split.count", U16, 2)], layers=(0,))),
                    (1, gguf([("split.no", U16, 1), ("split.count", U16, 2)], layers=(1,), rest=False))):
        (tmp / ("tiny-%05d-of-00002.gguf" % (i + 1))).write_bytes(part.build())
    split, _ = c.ask(str(tmp / "tiny-00001-of-00002.gguf"), "-g", "8GB")
    c.equal(split and (split["parameters"], split["model_bytes"]), (PARAMETERS, GGUF_BYTES), "a split file")
    (tmp / "tiny-00002-of-00002.gguf").unlink()
    lost = c.run(str(tmp / "tiny-00001-of-00002.gguf"), "-g", "8GB")
    c.that(lost.exit == 2 and "00002-of-00002" in lost.err, "a missing part is named: " + lost.err)
    for name in ("part.gguf", "tiny-00001-of-00003.gguf", "tiny_00001-of-00002.gguf", "tiny-0000x-of-00002.gguf", "tiny-00001-on-00002.gguf",
                 "tiny-00001-of-0000x.gguf", "tiny-00001-of-00002.GGUF"):
        shutil.copy(tmp / "tiny-00001-of-00002.gguf", tmp / name)
        lost = c.run(name, "-g", "8GB", cwd=tmp)
        c.that(lost.exit == 2 and not lost.out and "its name does not end in -00001-of-00002.gguf" in lost.err, "%s: %s" % (name, lost.err))
    shutil.copy(tmp / "tiny.gguf", tmp / "13B")
    won, _ = c.ask("13B", "-g", "8GB", cwd=tmp)
    c.equal(won["model"], "tiny", "a file wins over a name")
    odd = "it's a tiny.gguf"
    shutil.copy(tmp / "tiny.gguf", tmp / odd)
    beside, _ = c.ask(odd, "-g", "24GB", "--also", "7B@q4", cwd=tmp)
    c.that(beside and "-m 'it'\\''s a tiny.gguf' " in beside["launch"][0], "a name as a word of a shell's: %s" % (beside and beside["launch"]))
    c.that(beside and odd in shlex.split(beside["launch"][0]), "which a shell reads as that name")
    shown = c.run("show", str(tmp / "tiny.gguf"), "-f", "json").json()["found"][0]
    c.equal((shown["name"], shown["layers"], shown["parameters"]), ("tiny", 2, PARAMETERS), "show of a file")
    listed = c.run("--models-from", "-", "-g", "8GB", "-f", "csv", stdin=b"tiny.gguf\n13B q4\ntiny.gguf\n", cwd=tmp)
    c.equal(listed.out.count("\ntiny,"), 3, "files in a list")


def untold(c, tmp):
    """A file that does not say how long a context it was trained for: 4096 are taken, and nothing stands for all of it."""
    g = gguf()
    data = g.build()
    at = data.index(b"llama.context_length")
    (tmp / "untold.gguf").write_bytes(data[:at] + b"llama.context_lengtj" + data[at + 20:])
    r, _ = c.ask(str(tmp / "untold.gguf"), "-g", "8GB")
    c.equal(r and (r["context"], r["devices"][0]["kv_cache_bytes"]), (4096, 2 * CACHE), "no trained length")
    r = c.run("untold.gguf", "-g", "8GB", "-c", "train", cwd=tmp)
    c.equal((r.exit, r.out), (2, ""), "--context train")
    c.that("--context" in r.err and "the model's maximum is not known" in r.err, "--context train: %s" % r.err)
    r = c.run("--models-from", "-", "-g", "8GB", "-f", "tsv", cwd=tmp, stdin=b"untold.gguf f16 train\nuntold.gguf f16 0\nuntold.gguf f16 3g\n"
              b"untold.gguf f16 x\nuntold.gguf f16 1k\n")
    c.equal((r.exit, [line.split("\t")[4] for line in r.out.splitlines()[1:]]), (2, ["1024"]), "contexts in a list: %s" % r.out)
    for n, word in enumerate(("the model's maximum is not known", "context '0': out of range (1 to 2147483648)", "context '3g': ",
                              "context 'x': not a number such as 4096 or 8k"), 1):
        c.that("line %d" % n in r.err and word in r.err.splitlines()[n - 1], "line %d: %s" % (n, r.err))


def long_arrays(c, tmp):
    """What is passed over is longer than what is read at once: in a file, in a pipe, and cut off in either."""
    g = gguf()
    g.arr("tokenizer.ggml.scores", F32, [0.5] * 40000)
    head, data = g.head(), g.build()
    (tmp / "long.gguf").write_bytes(data)
    file, status = c.ask("long.gguf", "-g", "8GB", cwd=tmp)
    c.equal((status, file and file["parameters"]), (0, PARAMETERS), "a long array in a file")
    c.equal(c.ask("-", "-g", "8GB", stdin=head)[0], file, "in a pipe")
    for n in (100000, 65536, 65537, len(head) - 3000):
        (tmp / "cut.gguf").write_bytes(data[:n])
        for r in (c.run("cut.gguf", "-g", "8GB", cwd=tmp), c.run("-", "-g", "8GB", stdin=data[:n])):
            c.equal((r.exit, r.out, r.err.count("\n")), (2, "", 1), "cut at %d: %s" % (n, r.err))


def named(c, tmp):
    """A size class with a quantization behind it, as files and tags are called."""
    want, _ = c.ask("13B", "-q", "q8_0", "-g", "24GB")
    for name in ("13B-Q8_0", "13b-q8_0", "13B:q8_0", "13B-Q8_0.gguf", "13b.Q8_0.gguf"):
        got, status = c.ask(name, "-g", "24GB", cwd=tmp)
        c.equal(got and (dict(got, notes=None), [n.lower() for n in got["notes"]]), (dict(want, notes=None), [n.lower() for n in want["notes"]]), name)
    r = c.run("9999B-Q8_0", "-g", "24GB", cwd=tmp)
    c.equal((r.exit, r.out, r.err.count("\n")), (2, "", 1), "no such class: %s" % r.err)


def folders(c, tmp):
    folder = tmp / "tiny-hf"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG))
    alone, _ = c.ask(str(folder), "-g", "8GB")
    c.equal((alone["model"], alone["quant"], alone["runtime"]), ("tiny-hf", "Q4_K_M", "llama.cpp"), "a folder: names")
    c.equal(alone["parameters"], PARAMETERS, "a folder: parameters of the shape")
    c.equal(alone["devices"][0]["kv_cache_bytes"], CACHE, "a folder: cache")
    c.equal(c.ask(str(folder / "config.json"), "-g", "8GB")[0], alone, "config.json is its folder")
    for path in ("%s/", "%s//", "%s//config.json"):
        c.equal(c.ask(path % folder, "-g", "8GB")[0], alone, "a folder as " + path)
    safetensors(folder / "model.safetensors", list(tensors()))
    held, _ = c.ask(str(folder), "-g", "8GB")
    c.equal((held["quant"].lower(), held["runtime"]), ("bf16", "transformers"), "a folder with weights: as they are")
    c.equal((held["parameters"], held["model_bytes"]), (PARAMETERS, 2 * PARAMETERS), "a folder with weights: size")
    c.equal(c.ask(str(folder / "model.safetensors"), "-g", "8GB")[0], held, "the weights with the config.json beside")
    quantized, _ = c.ask(str(folder), "-q", "q8", "-g", "8GB")
    c.equal(quantized and (quantized["parameters"], quantized["runtime"]), (PARAMETERS, "llama.cpp"), "a folder with weights, as GGUF")
    lone = tmp / "lone"
    lone.mkdir()
    for i, some in enumerate((list(tensors())[:9], list(tensors())[9:])):
        safetensors(lone / ("model-%05d-of-00002.safetensors" % (i + 1)), some)
    (lone / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": {
        name: "model-%05d-of-00002.safetensors" % (1 if i < 9 else 2) for i, (name, _) in enumerate(tensors())}}))
    r, _ = c.ask(str(lone / "model.safetensors.index.json"), "-g", "8GB")
    c.equal((r["parameters"], r["model_bytes"]), (PARAMETERS, 2 * PARAMETERS), "weights alone: size")
    c.that(any("config.json" in note for note in r["notes"]), "weights alone: a note")
    (lone / "model-00002-of-00002.safetensors").unlink()
    lost = c.run(str(lone / "model.safetensors.index.json"), "-g", "8GB")
    c.that(lost.exit == 2 and "model-00002-of-00002.safetensors" in lost.err, "a missing shard is named: " + lost.err)
    (lone / "model.safetensors.index.json").unlink()
    one, _ = c.ask("model-00001-of-00002.safetensors", "-g", "8GB", cwd=lone)
    held = sum(product(s) for _, s in list(tensors())[:9])
    c.equal(one and one["parameters"], held, "a shard alone is what it holds")
    beside, _ = c.ask("13B", "-q", "q4", "-g", "24GB", "--also", "model-00001-of-00002.safetensors", cwd=lone)
    c.equal(beside and [(m["weights_bytes"], m["kv_cache_bytes"]) for m in beside["members"]], [(2 * held, 0)], "beside a model, too")
    empty = tmp / "empty"
    empty.mkdir()
    c.that("config.json" in c.run(str(empty), "-g", "8GB").err, "a folder without config.json")
    (tmp / "llama-3.1-8b").mkdir()
    c.equal(c.ask("llama-3.1-8b", "-g", "24GB", cwd=tmp)[0]["model"], "meta-llama/Llama-3.1-8B-Instruct",
            "a folder that is no model does not hide a name")


def real_headers(c, root, tmp):
    """A file of llama.cpp's own, as far as its header."""
    path = root / "tests/accuracy/headers/llama-3.1-8b.Q4_K_M.gguf.gz"
    header = gzip.decompress(path.read_bytes())
    r, _ = c.ask("-", "-g", "24GB", stdin=header)
    named, _ = c.ask("llama-3.1-8b", "-q", "q4_k_m", "-g", "24GB")
    for key in ("parameters", "model_bytes", "need_bytes", "quant"):
        c.equal(r[key], named[key], "header and catalog: " + key)
    (tmp / "cut.gguf").write_bytes(header)
    cut = c.run(str(tmp / "cut.gguf"), "-g", "24GB")
    c.that(cut.exit == 2 and "incomplete" in cut.err, "a file without its data: " + cut.err)


GPU = {"schema": 1, "gpus": [{"name": "Test 9000", "aliases": ["t9000"], "vendor": "nvidia", "class": "datacenter", "memory_mib": 10240,
                              "reserved_linux_mib": 100, "compute_capability": "9.0", "source": "a test"}]}


def catalogs(c, tmp):
    (tmp / "more.json").write_text(json.dumps(GPU))
    r, _ = c.ask("7B", "-q", "q4", "-g", "t9000", "--catalog", str(tmp / "more.json"))
    d = r["devices"][0]
    c.equal((r["gpu"], d["total_bytes"], d["reserved_bytes"], d["desktop_bytes"]), ("Test 9000", 10240 << 20, 100 << 20, 0),
            "a GPU of a file")
    c.equal(c.run("7B", "-q", "q4", "-g", "t9000").exit, 2, "unknown without it")
    folder = tmp / "config/vramfit/catalog"
    folder.mkdir(parents=True)
    shutil.copy(tmp / "more.json", folder)
    for env in ({"XDG_CONFIG_HOME": str(tmp / "config")}, {"HOME": str(tmp / "home")}):
        (tmp / "home").mkdir(exist_ok=True)
        if not (tmp / "home/.config").exists():
            (tmp / "home/.config").symlink_to(tmp / "config")
        c.equal(c.run("7B", "-q", "q4", "-g", "t9000", "--quiet", env=env).exit, 0, "the user's own catalog: %s" % list(env))
    c.equal(c.run("list", "gpus", "t9000", "--catalog", str(folder)).out.count("Test 9000"), 1, "a folder as catalog")
    c.equal(c.run("check", str(tmp / "more.json")).exit, 0, "check of a good file")
    bad = dict(GPU, gpus=[dict(GPU["gpus"][0], memory_mib="10")])
    (tmp / "bad.json").write_text(json.dumps(bad))
    r = c.run("check", "bad.json", cwd=tmp)
    c.that(r.exit == 2 and r.err == "" and r.out.startswith("bad.json:1:") and ": error: " in r.out and "memory_mib" in r.out
           and "[" in r.out, "check of a bad file: " + r.out + r.err)
    found = c.run("check", "bad.json", "-f", "json", cwd=tmp).json()
    c.that(found["errors"] == 1 and found["findings"][0]["line"] == 1 and found["findings"][0]["id"], "check in JSON: %s" % found)
    c.equal(c.run("check", "-", stdin=json.dumps(bad).encode()).exit, 2, "check of standard input")
    r = c.run("list", "gpus", "--catalog", "bad.json", cwd=tmp)
    c.that(r.exit == 2 and r.out == "" and r.err.startswith("vramfit: bad.json:1:"), "a bad catalog: " + r.err)


def main():
    c, root = Checks(str(Path(sys.argv[1]).resolve())), Path(sys.argv[2]).resolve()
    for check in (gguf_files, untold, long_arrays, named, folders, catalogs):
        with tempfile.TemporaryDirectory() as tmp:
            check(c, Path(tmp))
    with tempfile.TemporaryDirectory() as tmp:
        real_headers(c, root, Path(tmp))
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
