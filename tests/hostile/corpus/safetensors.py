"""safetensors files and shard indexes."""

import json
import os
import struct

from .base import case, out, put


def st(header, n=None, data=0):
    if isinstance(header, (dict, list)):
        header = json.dumps(header, separators=(",", ":"))
    if isinstance(header, str):
        header = header.encode()
    return struct.pack("<Q", len(header) if n is None else n) + header + b"\0" * data


def make_safetensors():
    def c(name, data, why, verdict="reject", size=None, **kw):
        path = put("safetensors/%s.safetensors" % name, data, size)
        case("safetensors/" + name, "safetensors", why, verdict, file=path, **kw)
        return path

    T = lambda dt="F32", sh=(2, 2), o=(0, 16): {"dtype": dt, "shape": list(sh), "data_offsets": list(o)}
    M64 = (1 << 64) - 1
    ok = c("ok", st({"a": T()}, data=16), "well-formed", "accept")
    c("ok-metadata", st({"__metadata__": {"format": "pt"}, "a": T()}, data=16), "with metadata", "accept")
    c("ok-padded", st(json.dumps({"a": T()}) + " " * 100, data=16), "header padded with spaces", "accept")
    c("ok-empty", st("{}"), "no tensors", "either", says=["tensor"])
    c("ok-scalar", st({"a": T("F32", (), (0, 4))}, data=4), "shape [] is one element", "accept")
    c("ok-zero", st({"a": T("F32", (0, 5), (0, 0))}), "a 0 dimension", "accept")
    c("ok-f8", st({"a": T("F8_E4M3", (4,), (0, 4)), "b": T("F8_E5M2", (4,), (4, 8))}, data=8), "8-bit floats", "accept")
    for nm, n in (
        ("len-0", 0),
        ("len-1", 1),
        ("len-plus1", None),
        ("len-100m", 100_000_001),
        ("len-2p31", 1 << 31),
        ("len-2p32", 1 << 32),
        ("len-2p63", 1 << 63),
        ("len-max", M64),
        ("len-max-minus7", M64 - 7),
    ):
        h = json.dumps({"a": T()}).encode()
        c(
            nm,
            st(h, len(h) + 17 if n is None else n, 16),
            "header length %s" % n,
            says=["header", "length", "truncated", "large"],
            prior="the reference library caps the header at 100 MB",
        )
    c(
        "len-100m-sparse",
        struct.pack("<Q", 99_999_999) + b"{",
        "100 MB of header in a hole",
        size=100_000_100,
        says=["header", "JSON", "byte"],
    )
    c(
        "len-2g-sparse",
        struct.pack("<Q", 1 << 31) + b"{",
        "2 GiB of header in a hole",
        size=(1 << 31) + 100,
        says=["header", "large"],
    )
    c("short-7", b"\1\0\0\0\0\0\0", "7 bytes", says=["short", "truncated"])
    c("empty", b"", "empty file", says=["empty", "short", "truncated"])
    c("no-brace", st(' {"a":1}'), "header must start with a brace", "either", says=["header", "{", "shape", "object"])
    c("html", b"<html><body>Entry not found</body></html>", "a web page", says=["header", "length", "not a"])
    c("json-bad", st('{"a":'), "cut JSON", says=["JSON", "byte", "header"])
    c("json-array", st("[1,2]"), "array at the top", says=["object"])
    c(
        "json-junk",
        st('{"a":%s}xyz' % json.dumps(T()), data=16),
        "junk after the object",
        says=["JSON", "after", "header"],
    )
    c(
        "json-nul",
        st(json.dumps({"a": T()}) + "\0\0\0", data=16),
        "NUL padding",
        says=["JSON", "after", "header"],
        prior="jq CVE-2026-33948: the text is cut at a NUL",
    )
    c("json-badutf8", st(b'{"\xff\xfe":1}'), "not UTF-8", says=["UTF-8", "JSON", "object"])
    c("json-deep", st("[" * 200000), "200,000 brackets", says=["nest", "deep", "JSON"])
    c("json-deep-obj", st('{"a":' * 50000), "50,000 nested objects", says=["nest", "deep", "JSON"])
    c(
        "dup-key",
        st('{"a":%s,"a":%s}' % (json.dumps(T()), json.dumps(T()))),
        "duplicate tensor name",
        says=["duplicate"],
        prior="safetensors#401",
    )
    c("dtype-unknown", st({"a": T("F7")}, data=16), "unknown dtype", says=["dtype", "F7"])
    c("dtype-number", st({"a": T(3)}, data=16), "dtype is a number", says=["dtype"])
    c("dtype-missing", st({"a": {"shape": [1], "data_offsets": [0, 4]}}, data=4), "no dtype", says=["dtype"])
    c("shape-missing", st({"a": {"dtype": "F32", "data_offsets": [0, 4]}}, data=4), "no shape", says=["shape"])
    c("offsets-missing", st({"a": {"dtype": "F32", "shape": [1]}}, data=4), "no offsets", says=["offset"])
    for nm, sh in (
        ("neg", [-1, 2]),
        ("frac", [1.5]),
        ("str", ["2"]),
        ("null", [None]),
        ("2p53", [(1 << 53) + 1]),
        ("2p64", [1 << 64]),
        ("wrap", [1 << 32, 1 << 32]),
        ("1e308", [1e308]),
        ("nested", [[2]]),
        ("obj", {"a": 1}),
    ):
        c(
            "shape-" + nm,
            st({"a": {"dtype": "F32", "shape": sh, "data_offsets": [0, 16]}}, data=16),
            "shape %r" % (sh,),
            says=["shape", "overflow", "range"],
        )
    c(
        "shape-100k-dims",
        st({"a": {"dtype": "F32", "shape": [1] * 100000, "data_offsets": [0, 4]}}, data=4),
        "100,000 dimensions",
        "either",
        says=["shape", "dimension"],
    )
    for nm, o in (
        ("swap", [16, 0]),
        ("neg", [-16, 0]),
        ("past", [0, 1 << 40]),
        ("max", [0, M64]),
        ("one", [0]),
        ("three", [0, 8, 16]),
        ("str", ["0", "16"]),
        ("frac", [0, 16.5]),
        ("mismatch", [0, 15]),
        ("null", None),
    ):
        c(
            "off-" + nm,
            st({"a": {"dtype": "F32", "shape": [2, 2], "data_offsets": o}}, data=16),
            "offsets %r" % (o,),
            says=["offset", "size", "end of file"],
        )
    c(
        "overlap",
        st({"a": T(o=(0, 16)), "b": T(o=(8, 24))}, data=24),
        "overlapping offsets",
        says=["overlap", "offset"],
        prior="Trail of Bits audit 2023: missing validation allowed polyglot files",
    )
    c(
        "hole",
        st({"a": T(o=(0, 16)), "b": T(o=(32, 48))}, data=48),
        "a hole between tensors",
        "either",
        says=["offset", "hole", "gap"],
    )
    c("trailing", st({"a": T()}, data=5000), "bytes that no tensor covers", "either", says=["offset", "trailing"])
    c("data-missing", st({"a": T()}), "header only", "either", says=["incomplete", "end of file", "bytes"])
    c(
        "metadata-number",
        st({"__metadata__": {"format": 1}, "a": T()}, data=16),
        "metadata values must be strings",
        "either",
    )
    c("metadata-array", st({"__metadata__": [], "a": T()}, data=16), "metadata is an array", "either")
    c("tensor-number", st({"a": 5}), "a tensor that is a number", says=["object", "a"])
    c("key-escape", st(json.dumps({"\x1b[2J\n": {"dtype": "F7"}})), "escapes in a reported name", says=["dtype"])
    many = {"t%05d" % i: T("F32", (0,), (0, 0)) for i in range(10000)}
    c("many-10k", st(many), "10,000 tensors: linear lists turn quadratic", "accept")
    c(
        "ones-300k",
        st('{"a":[' + "1," * 150000 + "1]}"),
        "small nodes: 40 bytes of memory per byte of text in cJSON",
        says=["object", "a", "header", "limit", "dtype"],
    )
    size = os.path.getsize(out(ok))
    case(
        "safetensors/sweep-truncate",
        "safetensors",
        "cut after every byte",
        "reject",
        file=ok,
        sweep={"op": "truncate", "from": 0, "to": size - 16},
        says=["truncated", "end of file", "short", "empty", "header"],
    )
    case(
        "safetensors/sweep-setbyte",
        "safetensors",
        "every byte changed",
        "either",
        file=ok,
        sweep={"op": "setbyte", "from": 0, "to": size - 16, "values": [0, 0x22, 0x7F, 0x80, 0xFF]},
    )

    # the shard index of a model folder
    def ix(name, obj, why, verdict="reject", **kw):
        d = obj if isinstance(obj, bytes) else json.dumps(obj).encode()
        p = put("index/%s/model.safetensors.index.json" % name, d)
        put("index/%s/model-00001-of-00002.safetensors" % name, st({"a": T()}, data=16))
        case("index/" + name, "index", why, verdict, file=p, **kw)
        case("index/inside-" + name, "index", "opens nothing outside the folder: " + why, "either", file=p, setup="inside")

    W = "model-00001-of-00002.safetensors"
    ix(
        "missing-shard",
        {"metadata": {"total_size": 32}, "weight_map": {"a": W, "b": "model-00002-of-00002.safetensors"}},
        "a shard is missing",
        says=["00002", "missing", "No such"],
    )
    ix(
        "traversal",
        {"metadata": {}, "weight_map": {"a": "../../../../etc/passwd"}},
        "path traversal",
        says=["path", "name", "shard"],
        prior="CVE-2024-37032 and CVE-2026-7020 (Ollama digest to path)",
    )
    ix(
        "absolute",
        {"metadata": {}, "weight_map": {"a": "/etc/passwd"}},
        "absolute path",
        says=["path", "name", "shard"],
    )
    ix(
        "nul-path",
        {"metadata": {}, "weight_map": {"a": W + "\0/../x"}},
        "NUL in a path",
        "either",
        says=["path", "name", "shard"],
    )
    ix(
        "dev-zero",
        {"metadata": {}, "weight_map": {"a": "../../../../../../dev/zero"}},
        "a device",
        says=["path", "name", "shard", "regular"],
    )
    ix(
        "empty-map",
        {"metadata": {"total_size": 1}, "weight_map": {}},
        "empty map",
        "either",
        says=["weight_map", "tensor"],
    )
    ix("map-array", {"weight_map": []}, "map is an array", says=["weight_map"])
    ix("map-number", {"weight_map": {"a": 5}}, "a shard that is a number", says=["weight_map", "a"])
    ix(
        "total-neg",
        {"metadata": {"total_size": -5}, "weight_map": {"a": W}},
        "negative total",
        "either",
        says=["total_size"],
    )
    ix(
        "total-1e30",
        {"metadata": {"total_size": 1e30}, "weight_map": {"a": W}},
        "absurd total",
        "either",
        says=["total_size"],
    )
    ix(
        "total-float",
        {"metadata": {"total_size": 16.0}, "weight_map": {"a": W}},
        "a float total (seen in the wild)",
        "accept",
    )
    ix(
        "many-shards",
        {"weight_map": {"t%d" % i: "model-%05d-of-09999.safetensors" % i for i in range(9999)}},
        "9,999 shards: descriptors and time",
        says=["missing", "No such"],
    )
