"""GGUF files: header, keys, values."""

import struct

from .base import case, put
from .gguf_writer import ARR, BOOL, F32, F64, I32, STR, U32, U64, U8, G, LLAMA, model

M64 = (1 << 64) - 1


def gg(name, g, why, verdict="reject", size=None, **kw):
    data = g if isinstance(g, bytes) else g.build()
    path = put("gguf/%s.gguf" % name, data, size)
    case("gguf/" + name, "gguf", why, verdict, file=path, **kw)
    return path


def controls():
    """Controls: real shapes of file that must keep working."""
    gg("ok-v3", model(), "a well-formed tiny model", "accept")
    gg("ok-v2", model(version=2), "version 2 is the same layout as 3", "accept")
    gg(
        "ok-headcount-array",
        model(change=[("llama.attention.head_count_kv", ARR, (U32, [2, 1]))]),
        "per-layer head counts are legal (Nemotron, OpenELM)",
        "accept",
        prior="gpustack/gpustack#1686: panic, invalid type: Array",
    )
    gg(
        "ok-file-type-string",
        model(change=[("general.file_type", STR, "Q4_K_M")]),
        "files on the Hub carry general.file_type as a string",
        "accept",
        prior="gpustack/gguf-parser-go#46",
    )
    gg(
        "ok-zero-dim-tensor",
        model().t("det.392", [0]),
        "one empty tensor counts 0 bytes",
        "accept",
        prior="gpustack/gguf-parser-go#46: dim-1 wraps to 2^64-1; llama.cpp#18586, #20716: division by 0",
    )
    gg(
        "ok-zero-dim-inner",
        model().t("empty", [64, 0, 4]),
        "a 0 among non-zero dims",
        "accept",
        prior="ggml-org/llama.cpp#20716",
    )
    gg("ok-vocab-only", model(tensors=False), "no tensor at all (vocabulary file)", "either", says=["tensor"])
    gg(
        "ok-align-64",
        (lambda g: setattr(g, "align", 64) or g)(
            model(tensors=False, extra=[("general.alignment", U32, 64)]).t("a", [16])
        ),
        "a legal alignment",
        "either",
    )
    gg(
        "ok-trailing-padding",
        model().build() + b"\0" * 5000,
        "extra bytes after the data",
        "either",
        prior="ollama/ollama#9368",
    )
    gg(
        "ok-unknown-keys",
        model(extra=[("x.y.z", U32, 1), ("general.url", STR, "https://x")]),
        "unknown keys are ignored",
        "accept",
    )
    gg("ok-utf8-name", model(change=[("general.name", STR, "模型 é 😀")]), "UTF-8 in the name", "accept")
    toks = ["t%d" % i for i in range(60000)]
    gg(
        "ok-tokens-60k",
        model(extra=[("tokenizer.ggml.tokens", ARR, (STR, toks))]),
        "a big vocabulary must be skipped quickly and not stored",
        "accept",
    )
    gg(
        "ok-dims-5-scalar-u64",
        model(change=[("llama.block_count", U64, 2)]),
        "the spec says u32, writers use u64: an integer is an integer",
        "accept",
    )
    gg("ok-blockcount-i32", model(change=[("llama.block_count", I32, 2)]), "signed but positive", "accept")


def magic():
    """Magic, version, endianness."""
    gg("empty", b"", "an empty file", says=["empty", "short", "truncated"])
    gg("one-byte", b"G", "one byte", says=["short", "truncated", "GGUF"])
    gg("magic-only", b"GGUF", "magic and nothing else", says=["truncated", "end of file"])
    gg("magic-ggml", b"lmgg" + model().build()[4:], "old GGML file", says=["GGML", "magic", "not a GGUF"])
    gg("magic-ggjt", b"tjgg" + model().build()[4:], "old GGJT file", says=["magic", "not a GGUF"])
    gg("magic-lower", b"gguf" + model().build()[4:], "wrong case", says=["magic", "not a GGUF"])
    gg("magic-html", b"<!DOCTYPE html><html><body>404</body></html>", "a saved web page", says=["not a", "magic"])
    gg(
        "magic-lfs-pointer",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 4661216384\n",
        "a Git LFS pointer instead of the model",
        says=["LFS", "pointer", "not a"],
    )
    gg("magic-zip", b"PK\x03\x04" + b"\0" * 60, "a zip (PyTorch .bin)", says=["not a", "zip"])
    gg(
        "big-endian",
        model(big=True),
        "big-endian model (s390x)",
        "either",
        says=["endian"],
        prior="llama.cpp gguf.cpp checks version & 0xFFFF",
    )
    gg("version-0", model(version=0), "version 0", says=["version"], prior="llama.cpp test-gguf HEADER_BAD_VERSION_0")
    gg("version-1", model(version=1, v1=True), "version 1: 32-bit counts", "either", says=["version"])
    gg("version-4", model(version=4), "a future version", says=["version"])
    gg("version-max", model(version=0xFFFFFFFF), "version 2^32-1", says=["version"])
    gg(
        "v1-empty-string",
        b"GGUF" + struct.pack("<IIII", 1, 0, 1, 0),
        "version 1, key of length 0",
        says=["version", "key", "truncated"],
        prior="ollama/ollama#17033: Truncate(-1)",
    )


def counts():
    """Counts."""
    for nm, v in (("nkv-2p63", 1 << 63), ("nkv-max", M64), ("nkv-2p40", 1 << 40), ("nkv-plus1", len(LLAMA) + 1)):
        g = model(tensors=False)
        g.n_kv = v
        gg(
            nm,
            g,
            "number of keys %d" % v,
            says=["key", "count", "truncated"],
            prior="TALOS CVE-2024-21825/-21836/-23496; ggml#709",
        )
    for nm, v in (("nt-2p63", 1 << 63), ("nt-max", M64), ("nt-2p40", 1 << 40), ("nt-wrap-88", (M64 // 88) + 2)):
        g = model()
        g.n_t = v
        gg(
            nm,
            g,
            "number of tensors %d (times a struct size wraps)" % v,
            says=["tensor", "count", "truncated"],
            prior="ggml#709; CVE-2024-21836",
        )
    g = model()
    g.n_t = 2
    gg("nt-too-few", g, "fewer tensors declared than present", "either")
    g = model()
    g.n_kv = 3
    gg("nkv-too-few", g, "fewer keys than present: tensors parse as garbage", says=["tensor", "key"])
    g = G()
    g.n_kv = 0
    g.n_t = 0
    gg("counts-zero", g, "no keys and no tensors", says=["architecture", "no "])


def strings():
    """Strings and keys."""
    for nm, n in (("keylen-max", M64), ("keylen-2p63", 1 << 63), ("keylen-2p32", 1 << 32), ("keylen-wrap", M64 - 23)):
        gg(
            nm,
            G().kv("general.name", STR, "x", keylen=n),
            "key length %d" % n,
            says=["key", "length"],
            prior="CVE-2024-21802/-23605; length+1 wraps to 0",
        )
    for nm, n in (("strlen-max", M64), ("strlen-2p63", 1 << 63), ("strlen-1g", 1 << 30), ("strlen-eof-plus1", None)):
        g = model(tensors=False)
        g.raw(g.s("general.note") + g.p("I", STR) + g.p("Q", 6 if n is None else n) + b"hello")
        gg(
            nm,
            g.head() if n is None else g,
            "string of length %s" % n,
            says=["length", "end of file", "note"],
            prior="ollama#17032 (36-byte file panics); ggml#1516",
        )
    gg(
        "key-empty",
        model(tensors=False).kv("", U32, 1),
        "empty key",
        says=["key", "empty"],
        prior="llama.cpp#24446: assertion aborts the process",
    )
    gg(
        "key-nul",
        model(extra=[("general.architecture\0x", STR, "evil")]),
        "NUL inside a key",
        "either",
        says=["key"],
        prior="string compared with strcmp hides the tail",
    )
    gg(
        "key-64k-plus1",
        model(tensors=False).kv("k" * 65536, U32, 1),
        "key longer than the spec's 65535",
        says=["key", "long"],
    )
    gg(
        "key-bad-utf8",
        model(tensors=False).raw(G().s(b"\xff\xfe\x80") + struct.pack("<II", U32, 1)),
        "key is not UTF-8; the message must not echo raw bytes",
        "either",
    )
    gg(
        "key-escape",
        model(skip=["llama.block_count"]).raw(G().s(b"\x1b]0;owned\x07\x1b[2J") + struct.pack("<I", 99)),
        "terminal escapes in a key that gets reported",
        says=["type"],
        prior="CWE-150",
    )
    gg(
        "key-newline",
        model(tensors=False).raw(G().s(b"a\nvramfit: all good\n") + struct.pack("<I", 99)),
        "a newline in a reported key must not forge a second line",
        says=["type"],
    )
    gg(
        "key-dup",
        model(tensors=False).kv("llama.block_count", U32, 9),
        "the same key twice",
        says=["duplicate", "block_count"],
        prior="llama.cpp test-gguf KV_DUPLICATE_KEY",
    )
    gg(
        "name-escape",
        model(change=[("general.name", STR, "x\x1b[31mred\x1b]8;;http://e\x07")]),
        "escapes in the name that gets printed",
        "accept",
        prior="CWE-150",
    )
    gg(
        "name-100k",
        model(change=[("general.name", STR, "n" * 100000)]),
        "a 100 kB name must not widen the table",
        "accept",
    )
    gg(
        "name-csv-json",
        model(change=[("general.name", STR, "=1+1,\"'\\\r\n</b>")]),
        "quoting in table, CSV and JSON output",
        "accept",
    )
    gg(
        "name-bidi",
        model(change=[("general.name", STR, "\u202egnp.exe\u200b\u200b")]),
        "bidi override, zero width",
        "accept",
    )


def value_types():
    """Value types."""
    for ty in (13, 14, 255, 0xFFFFFFFF):
        gg(
            "kvtype-%x" % ty,
            model(tensors=False).raw(G().s("general.note") + struct.pack("<IQ", ty, 0)),
            "value type %d does not exist" % ty,
            says=["type", "note"],
            prior="llama.cpp test-gguf KV_BAD_TYPE",
        )
    gg(
        "arr-of-bad-type",
        model(tensors=False).raw(G().s("x.a") + struct.pack("<IIQ", ARR, 77, 1)),
        "array of an unknown type",
        says=["type", "x.a"],
        prior="huggingface.js#2028",
    )
    gg(
        "arr-nested-2",
        model().raw(
            G().s("x.n") + struct.pack("<IIQ", ARR, ARR, 1) + struct.pack("<IQ", U32, 1) + struct.pack("<I", 5)
        ),
        "array of arrays",
        "either",
        says=["nested", "type"],
    )
    depth = 40000
    gg(
        "arr-nested-40k",
        model(tensors=False).raw(
            G().s("x.n")
            + struct.pack("<I", ARR)
            + struct.pack("<IQ", ARR, 1) * depth
            + struct.pack("<IQ", U8, 1)
            + b"\0"
        ),
        "40,000 nested arrays: a recursive reader overflows its stack",
        says=["nested", "deep", "type"],
        prior="huggingface.js#2028 (CWE-674)",
    )
    for nm, n in (("arrlen-max", M64), ("arrlen-2p63", 1 << 63), ("arrlen-2p40", 1 << 40), ("arrlen-2p62", 1 << 62)):
        for ty, tn in ((U8, "u8"), (U32, "u32"), (STR, "str")):
            gg(
                "%s-%s" % (nm, tn),
                model(tensors=False).raw(G().s("x.a") + struct.pack("<IIQ", ARR, ty, n) + b"\0" * 16),
                "array of %d elements of %s (count times size wraps)" % (n, tn),
                says=["array", "x.a", "end of file"],
                prior="gguf-py 0.19.0 hangs on 2^63 (llama.cpp#27188); huggingface.js#2020; ollama#17042",
            )
    gg(
        "arr-empty-headcount",
        model(change=[("llama.attention.head_count_kv", ARR, (U32, []))]),
        "empty array where per-layer values are needed",
        says=["head_count_kv", "empty"],
    )
    gg(
        "arr-short-headcount",
        model(change=[("llama.attention.head_count_kv", ARR, (U32, [2]))]),
        "one element for two layers",
        says=["head_count_kv", "layers", "elements"],
    )
    gg(
        "arr-str-headcount",
        model(change=[("llama.attention.head_count_kv", ARR, (STR, ["2", "2"]))]),
        "strings for numbers in an array",
        says=["head_count_kv", "type"],
    )
    gg(
        "arr-neg-headcount",
        model(change=[("llama.attention.head_count_kv", ARR, (I32, [2, -1]))]),
        "a negative per-layer value",
        says=["head_count_kv", "negative"],
    )
    gg(
        "arr-for-scalar",
        model(change=[("llama.block_count", ARR, (U32, [2]))]),
        "array where a scalar is needed",
        says=["block_count", "array", "type"],
        prior="CVE-2024-8063 (Ollama: crafted block_count type)",
    )
    gg(
        "str-for-scalar",
        model(change=[("llama.block_count", STR, "2")]),
        "string for a number",
        says=["block_count", "type"],
    )
    gg(
        "bool-for-scalar",
        model(change=[("llama.block_count", BOOL, 1)]),
        "bool for a number",
        says=["block_count", "type"],
    )
    gg(
        "bool-2",
        model(extra=[("x.flag", U8, 2)]).raw(G().s("x.b") + struct.pack("<IB", BOOL, 2)).build(),
        "bool with the value 2 (also placed after a count that hides it)",
        "either",
    )
    gg(
        "f32-for-scalar",
        model(change=[("llama.block_count", F32, 2.0)]),
        "float for a count",
        "either",
        says=["block_count", "type"],
    )
    gg("f32-nan", model(change=[("llama.block_count", F32, float("nan"))]), "NaN for a count", says=["block_count"])
    gg(
        "f64-inf",
        model(change=[("llama.context_length", F64, float("inf"))]),
        "infinity for the context",
        says=["context_length"],
    )
    gg(
        "i32-negative",
        model(change=[("llama.block_count", I32, -2)]),
        "negative layers",
        says=["block_count", "negative"],
    )
    gg("arch-missing", model(skip=["general.architecture"]), "no architecture", says=["architecture"])
    gg(
        "arch-number",
        model(change=[("general.architecture", U32, 7)]),
        "architecture is a number",
        says=["architecture"],
    )
    gg("arch-empty", model(change=[("general.architecture", STR, "")]), "architecture is empty", says=["architecture"])
    gg(
        "arch-unknown",
        model(change=[("general.architecture", STR, "zzz")]),
        "unknown architecture: keys under another prefix",
        "either",
        says=["zzz", "architecture"],
    )
    gg(
        "arch-format",
        model(change=[("general.architecture", STR, "%s%n%s%n")]),
        "format string as prefix",
        "either",
        says=["architecture"],
    )
    gg(
        "arch-long",
        model(change=[("general.architecture", STR, "a" * 5000)]),
        "prefix longer than any key buffer (snprintf truncation must not match another key)",
        "either",
        says=["architecture"],
    )
    gg(
        "arch-dots",
        model(change=[("general.architecture", STR, "llama.attention")]),
        "prefix with a dot",
        "either",
        says=["architecture", "missing"],
    )
    gg(
        "arch-mmproj",
        model(change=[("general.architecture", STR, "clip")]),
        "a projector file, not a model",
        "either",
        says=["clip", "projector", "architecture"],
    )


def make_gguf():
    for make in (controls, magic, counts, strings, value_types):
        make()
