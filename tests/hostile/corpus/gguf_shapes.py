"""GGUF files: numbers, shapes, tensors, sizes, and what is not a file."""

import os
import struct

from .base import case, out, put
from .gguf_writer import ARR, I32, STR, U16, U32, U64, U8, T_F32, T_Q4_K, G, model
from .gguf import gg

M64 = (1 << 64) - 1
BASE = "gguf/ok-v3.gguf"


def numbers():
    """Required numbers."""
    for k in ("block_count", "embedding_length", "attention.head_count"):
        gg("missing-" + k.replace(".", "_"), model(skip=["llama." + k]), "required key missing", says=[k])
    gg("missing-head_count_kv", model(skip=["llama.attention.head_count_kv"]), "absent: equals head_count", "accept")
    gg("missing-context", model(skip=["llama.context_length"]), "no context length", "either", says=["context"])
    for k, v, why in (
        ("block_count", 0, "0 layers"),
        ("block_count", 0xFFFFFFFF, "2^32-1 layers"),
        ("block_count", 10**9, "10^9 layers: no loop over layers may take a second"),
        ("attention.head_count", 0, "division by 0"),
        ("attention.head_count_kv", 0, "0 KV heads (legal for SSM layers)"),
        ("attention.head_count", 3, "64 is not divisible by 3"),
        ("attention.head_count_kv", 9, "more KV heads than heads"),
        ("embedding_length", 0, "0 width"),
        ("embedding_length", 0xFFFFFFFF, "2^32-1 width"),
        ("context_length", 0, "0 context"),
        ("context_length", 0xFFFFFFFF, "2^32-1 context"),
        ("feed_forward_length", 0, "0 feed forward"),
    ):
        verdict = (
            "either"
            if (k, v)
            in (
                ("attention.head_count_kv", 0),
                ("attention.head_count", 3),
                ("feed_forward_length", 0),
                ("context_length", 0),
                ("context_length", 0xFFFFFFFF),
            )
            else "reject"
        )
        gg(
            "val-%s-%d" % (k.replace(".", "_"), v),
            model(change=[("llama." + k, U32, v)]),
            why,
            verdict,
            says=[k, "head", "overflow", "layer"],
            prior="CVE-2024-8063, CVE-2025-0317 (division by zero)" if v == 0 else "",
        )
    big = [
        ("llama.block_count", U64, M64),
        ("llama.embedding_length", U64, M64),
        ("llama.context_length", U64, M64),
        ("llama.attention.head_count", U64, 1),
        ("llama.attention.head_count_kv", U64, M64),
    ]
    gg("val-all-max", model(change=big), "every factor of the KV cache is 2^64-1", says=["overflow", "range", "large"])
    for a, b, c in (
        (1 << 32, 1 << 32, 1),
        (1 << 31, 1 << 31, 4),
        (1 << 21, 1 << 21, 1 << 22),
        (3, 6148914691236517206, 1),
    ):
        ch = [("llama.block_count", U64, a), ("llama.embedding_length", U64, b), ("llama.context_length", U64, c)]
        gg(
            "val-wrap-%d" % (a % 1000003),
            model(change=ch),
            "product wraps to a small number",
            says=["overflow", "range", "large"],
        )
    for k in (
        "attention.key_length",
        "attention.value_length",
        "attention.sliding_window",
        "expert_count",
        "expert_used_count",
        "rope.dimension_count",
        "ssm.state_size",
        "vocab_size",
    ):
        gg(
            "extra0-" + k.replace(".", "_"),
            model(extra=[("llama." + k, U32, 0)]),
            "optional key is 0",
            "either",
            says=[k],
        )
        gg(
            "extraM-" + k.replace(".", "_"),
            model(extra=[("llama." + k, U64, M64)]),
            "optional key is 2^64-1",
            "either",
            says=[k, "overflow", "range", "large"],
        )
    gg(
        "experts-used-more",
        model(extra=[("llama.expert_count", U32, 8), ("llama.expert_used_count", U32, 9)]),
        "more experts used than exist",
        "either",
        says=["expert"],
    )


def alignment():
    """Alignment."""
    for v in (0, 1, 3, 4, 8, 31, 33, 1 << 31, 0xFFFFFFFF):
        verdict = "reject" if v in (0, 3, 31, 33, 0xFFFFFFFF) else "either"
        gg(
            "align-%d" % v,
            model(extra=[("general.alignment", U32, v)]),
            "alignment %d" % v,
            verdict,
            says=["alignment"],
            prior="CVE-2025-0317 (Ollama ggufPadding division by 0); ggml#1516; GHSA-96jg-mvhq-q7q7",
        )
    gg(
        "align-string",
        model(extra=[("general.alignment", STR, "32")]),
        "alignment as a string",
        says=["alignment"],
        prior="llama.cpp#26318: assertion on INT32",
    )
    gg("align-u64", model(extra=[("general.alignment", U64, 1 << 63)]), "64-bit alignment", says=["alignment"])


def tensors():
    """Tensors."""
    gg("tname-empty", model().t("", [4]), "empty tensor name", "either", says=["name"])
    gg("tname-65", model().t("n" * 65, [4]), "name longer than ggml's 64", "either", says=["name", "long"])
    gg("tname-len-max", model().t("abc", [4], namelen=M64), "name length 2^64-1", says=["name", "length"])
    gg(
        "tname-dup",
        model().t("token_embd.weight", [4]),
        "duplicate tensor name",
        says=["duplicate", "token_embd"],
        prior="llama.cpp#6836: models were published like that",
    )
    gg("tname-escape", model().t("\x1b[2J\x1b[H\n", [4], ty=99), "escapes in a reported tensor name", says=["type"])
    for nd in (0, 5, 8, 9, 1000000, 0xFFFFFFFF):
        gg(
            "ndims-%d" % nd,
            model().t("bad", [4], ndim=nd, size=16),
            "%d dimensions" % nd,
            "either" if nd == 0 else "reject",
            says=["dimension", "bad"],
            prior="gguf-tools#25 (write past dim[8]); ggml#709; llama.cpp#25378; huggingface.js#2028",
        )
    for nm, d in (
        ("2p63", [1 << 63]),
        ("max", [M64]),
        ("max4", [M64] * 4),
        ("wrap0", [1 << 32, 1 << 32]),
        ("wrap-small", [(1 << 42) + 1, 1 << 22]),
        ("wrap-1", [M64, M64]),
        ("neg", [M64 - 3, 2]),
        ("i64-edge", [(1 << 62), 2]),
        ("bytes-wrap", [1 << 62]),
        ("four", [1 << 16] * 4),
    ):
        gg(
            "dims-" + nm,
            model().t("bad", d, size=0),
            "shape %s" % (d,),
            says=["overflow", "dimension", "shape", "bad", "large"],
            prior="CVE-2025-53630, CVE-2026-27940, CVE-2026-33298, llama.cpp#14595/#18674",
        )
    gg(
        "sum-wrap",
        (lambda g: [g.t("s%d" % i, [1 << 60], T_F32, size=0) for i in range(5)] and g)(model()),
        "each tensor fits, the sum wraps",
        says=["overflow", "large", "past the end", "end of file"],
        prior="CVE-2025-53630",
    )
    gg(
        "pad-wrap",
        model().t("p", [M64 // 4 - 3], T_F32, size=0),
        "rounding the size up to the alignment wraps",
        says=["overflow", "large", "dimension"],
        prior="llama.cpp#26318 (GGML_PAD)",
    )
    for ty in (4, 5, 31, 33, 36, 43, 99, 1000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF):
        gg(
            "ttype-%x" % ty,
            model().t("bad", [256], ty=ty, size=0),
            "ggml type %d is removed or unknown" % ty,
            says=["type", "bad"],
            prior="ggml#709, llama.cpp#19856 (negative tensor type)",
        )
    gg(
        "row-not-block",
        model().t("bad", [100, 2], T_Q4_K, size=144),
        "row length 100 with blocks of 256",
        says=["block", "multiple", "bad"],
        prior="CVE-2026-33298",
    )
    for nm, o in (("mis", 7), ("past", 1 << 40), ("max", M64), ("wrap", M64 - 15), ("2p63", 1 << 63)):
        gg(
            "off-" + nm,
            model().t("bad", [4], off=o),
            "tensor offset %d" % o,
            says=["offset", "bad", "end of file"],
            prior="CVE-2026-7482 (Ollama 'Bleeding Llama': offset and size never compared with the file length)",
        )
    g = model()
    g.tis[2] = g.tis[2][:-8] + struct.pack("<Q", 0)
    gg("off-overlap", g, "two tensors at the same offset", "either", says=["offset", "overlap"])
    g = model()
    b = g.build()
    gg(
        "data-missing",
        g.head(),
        "header only: the data is absent (interrupted download)",
        "either",
        says=["incomplete", "end of file", "truncated", "bytes"],
    )
    gg("data-minus-1", b[:-1], "one byte short", "either", says=["incomplete", "end of file", "truncated", "bytes"])
    n = 20000
    g = model(tensors=False)
    for i in range(n):
        g.kv("k%05d" % i, U8, 1)
    gg(
        "many-keys-20k",
        g,
        "20,000 keys: a quadratic duplicate search shows",
        "either",
        says=["key", "many"],
        prior="llama.cpp gguf.cpp compares each key with all before it",
    )
    g = model(tensors=False)
    for i in range(n):
        g.t("t%05d" % i, [0])
    gg(
        "many-tensors-20k",
        g,
        "20,000 tensors: the same for names",
        "either",
        says=["tensor", "many"],
        prior="llama.cpp#6905: linear search per tensor",
    )
    g = model(tensors=False)
    for i in range(1 << 13):
        g.kv("".join(("Ez", "FY")[i >> b & 1] for b in range(13)), U8, 1)
    gg("hash-collide-djb2", g, "8,192 keys with one djb2 (times 33) hash value", "either", says=["key", "many"])


def sparse():
    """Sparse giants: the file is large enough for any "does it fit in the file" check."""
    gg(
        "sparse-strings",
        model(tensors=False).raw(G().s("x.a") + struct.pack("<IIQ", ARR, STR, 1 << 36)),
        "2^36 empty strings in holes: bounded by the file size and still endless",
        size=1 << 40,
        says=["array", "limit", "x.a", "header"],
    )
    g = model(tensors=False)
    g.n_kv = 1 << 35
    gg("sparse-keys", g, "2^35 empty keys in holes", size=1 << 40, says=["key", "empty", "limit"])
    g = model(tensors=False)
    g.n_t = 1 << 35
    gg("sparse-tensors", g, "2^35 nameless tensors in holes", size=1 << 40, says=["tensor", "name", "limit"])
    gg(
        "sparse-u8",
        model().raw(G().s("x.a") + struct.pack("<IIQ", ARR, U8, 1 << 39)),
        "an array of 512 GiB to skip",
        size=1 << 40,
        says=["array", "limit", "header", "x.a"],
    )
    gg(
        "sparse-string",
        model(tensors=False).raw(G().s("x.s") + struct.pack("<IQ", STR, 1 << 39)),
        "a string of 512 GiB in a hole",
        size=1 << 40,
        says=["length", "limit", "x.s"],
    )
    gg(
        "sparse-strings-2p29",
        model(tensors=False).raw(G().s("x.a") + struct.pack("<IIQ", ARR, STR, 1 << 29)),
        "2^29 empty strings in a 4.3 GB file of holes: below the 2^30 limit of llama.cpp",
        size=(1 << 32) + 4096,
        says=["array", "limit", "x.a", "header"],
    )
    gg("sparse-zeros", b"", "1 TiB of zeros", size=1 << 40, says=["magic", "not a"])
    g = model()
    g.t("huge", [1 << 28], T_F32, size=0)
    gg(
        "sparse-1g-tensor",
        g.build(),
        "a true 1 GiB tensor: only the header may be read",
        "accept",
        size=len(g.build()) + (1 << 30),
    )
    case(
        "gguf/readcount-1g",
        "gguf",
        "bytes read from a 1 GiB model stay under the header plus one buffer",
        "accept",
        file="gguf/sparse-1g-tensor.gguf",
        setup="readcount",
    )


def splits():
    """Split models."""
    for i, (no, cnt) in enumerate(((0, 3), (1, 3))):
        g = model(extra=[("split.no", U16, no), ("split.count", U16, cnt), ("split.tensors.count", I32, 15)])
        put("gguf/split/part-%05d-of-%05d.gguf" % (no + 1, cnt), g.build())
    case(
        "gguf/split-missing-part",
        "gguf",
        "part 3 of 3 is missing: name the file that is missing",
        "reject",
        file="gguf/split/part-00001-of-00003.gguf",
        says=["00003-of-00003", "missing"],
    )
    case(
        "gguf/split-not-first",
        "gguf",
        "the second part is given",
        "either",
        file="gguf/split/part-00002-of-00003.gguf",
        says=["part", "split", "00001"],
    )
    g = model(extra=[("split.no", U16, 0), ("split.count", U16, 65535)])
    gg("split-65535", g, "65,535 parts claimed, and the name has no number", says=["split", "part"])
    g = model(extra=[("split.no", U16, 9), ("split.count", U16, 2)])
    gg("split-no-high", g, "part 10 of 2", says=["split", "part"])
    g = model(extra=[("split.no", U16, 0), ("split.count", U16, 0)])
    gg("split-count-0", g, "0 parts", "either", says=["split"])
    put("gguf/split2/m-00001-of-99999999999999999999.gguf", model().build())
    case(
        "gguf/split-name-overflow",
        "gguf",
        "part count in the name overflows an integer",
        "either",
        file="gguf/split2/m-00001-of-99999999999999999999.gguf",
        says=["split", "part"],
    )


def sweeps():
    """Sweeps over the base file."""
    size = os.path.getsize(out(BASE))
    head = len(model().head())
    case(
        "gguf/sweep-truncate",
        "gguf",
        "the file cut after every byte of the header",
        "reject",
        file=BASE,
        sweep={"op": "truncate", "from": 0, "to": head},
        says=["truncated", "end of file", "short", "empty", "GGUF"],
    )
    case(
        "gguf/sweep-truncate-data",
        "gguf",
        "cut inside the data",
        "either",
        file=BASE,
        sweep={"op": "truncate", "from": head, "to": size, "step": 97},
    )
    case(
        "gguf/sweep-setbyte",
        "gguf",
        "every header byte set to 00 01 7f 80 ff in turn",
        "either",
        file=BASE,
        sweep={"op": "setbyte", "from": 0, "to": head, "values": [0, 1, 0x7F, 0x80, 0xFF]},
    )
    case(
        "gguf/sweep-truncate-v2-arr",
        "gguf",
        "the same over arrays",
        "reject",
        file="gguf/ok-headcount-array.gguf",
        sweep={"op": "truncate", "from": 0, "to": 200},
    )


def not_files():
    """What is not a file."""
    for nm, p, v in (
        ("dev-zero", "/dev/zero", "reject"),
        ("dev-null", "/dev/null", "reject"),
        ("dev-full", "/dev/full", "reject"),
        ("dev-random", "/dev/urandom", "reject"),
        ("proc-self-mem", "/proc/self/mem", "reject"),
        ("dev-stdin-closed", "/dev/stdin", "reject"),
        ("missing", "{dir}/gguf/nope.gguf", "reject"),
        ("not-a-dir", "{dir}/gguf/ok-v3.gguf/x", "reject"),
        ("empty-path", "", "reject"),
    ):
        case(
            "gguf/path-" + nm,
            "gguf",
            "path %r" % p,
            v,
            exit="any",
            args=[p, "--gpu", "24GiB"],
            says=["not a regular file", "No such", "cannot", "empty", "Is a", "Not a", "magic", "not a", "unknown"],
        )
    case(
        "gguf/path-4097",
        "gguf",
        "a path longer than PATH_MAX",
        exit="any",
        args=[{"rep": "a/", "n": 2100}, "--gpu", "24GiB"],
        says=["too long", "File name", "No such", "unknown"],
    )
    os.makedirs(out("gguf/adir.gguf"), exist_ok=True)
    case(
        "gguf/path-dir",
        "gguf",
        "a directory named like a model",
        file="gguf/adir.gguf",
        exit="any",
        says=["directory", "folder"],
    )
    case(
        "gguf/path-fifo",
        "gguf",
        "a FIFO: must not wait for ever",
        setup="fifo",
        file="gguf/fifo.gguf",
        exit="any",
        says=["not a regular file", "FIFO"],
    )
    put("gguf/unreadable.gguf", model().build())
    case(
        "gguf/path-unreadable",
        "gguf",
        "no permission",
        setup="unreadable",
        file="gguf/unreadable.gguf",
        exit="any",
        says=["Permission"],
    )
    put("gguf/-rf.gguf", model().build())
    case(
        "gguf/path-dash",
        "gguf",
        "a name that starts with a dash, after --",
        "accept",
        exit="ok",
        args=["--gpu", "24GiB", "--", "-rf.gguf"],
        cwd="gguf",
    )
    put("gguf/new\nline \x1b[31m.gguf", b"nope")
    case(
        "gguf/path-newline",
        "gguf",
        "newline and escape in the file name that is reported",
        file="gguf/new\nline \x1b[31m.gguf",
        says=["magic", "not a", "short"],
    )
    link = out("gguf/loop.gguf")
    if not os.path.islink(link):
        os.symlink("loop.gguf", link)
    case(
        "gguf/path-loop",
        "gguf",
        "a symbolic link to itself",
        file="gguf/loop.gguf",
        exit="any",
        says=["symbolic", "Too many"],
    )
    case("gguf/growing", "gguf", "the file grows while it is read", "either", file="gguf/ok-v3.gguf", setup="growing")
    case(
        "gguf/shrinking",
        "gguf",
        "the file is cut while it is read (mmap would raise SIGBUS)",
        "either",
        file="gguf/ok-v3.gguf",
        setup="shrinking",
    )


def make_gguf_shapes():
    for make in (numbers, alignment, tensors, sparse, splits, sweeps, not_files):
        make()
