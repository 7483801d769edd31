"""Catalog data files."""

import json
import os

from .base import TEMPLATES, case, out, put

HPARAMS = {
    "block_count": 32,
    "context_length": 131072,
    "embedding_length": 4096,
    "feed_forward_length": 14336,
    "attention.head_count": 32,
    "attention.head_count_kv": 8,
    "attention.key_length": 128,
    "vocab_size": 128256,
}
CAT = {
    "id": "x/x-8b",
    "aliases": ["x8"],
    "arch": "llama",
    "release": "2024-07",
    "license": "mit",
    "parameters": 8030261248,
    "hparams": HPARAMS,
    "note": "X 8B",
    "source": "invented",
    "confidence": "recalled",
}
# Short names of the fields that cases change: (key, where).
FIELDS = {
    "layers": "block_count",
    "heads": "attention.head_count",
    "kv_heads": "attention.head_count_kv",
    "head_dim": "attention.key_length",
    "hidden": "embedding_length",
}


def make_catalog():
    def c(name, obj, why, verdict="reject", size=None, **kw):
        d = obj if isinstance(obj, bytes) else (obj.encode() if isinstance(obj, str) else json.dumps(obj).encode())
        p = put("catalog/%s.json" % name, d, size)
        case("catalog/" + name, "catalog", why, verdict, file=p, **kw)
        return p

    def cat(*ms):
        return {"schema": 1, "family": "X", "models": list(ms)}

    def m(**k):
        d = dict(CAT, hparams=dict(HPARAMS))
        for a, b in k.items():
            a = FIELDS.get(a, a)
            where = d["hparams"] if a in HPARAMS else d
            if b is ...:
                where.pop(a, None)
            else:
                where[a] = b
        return d

    ok = c("ok", cat(m()), "well-formed", "accept")
    good = json.dumps(cat(m()))
    c("ok-bom", b"\xef\xbb\xbf" + good.encode(), "a byte order mark", "accept")
    c("ok-crlf-tabs", json.dumps(cat(m()), indent="\t").replace("\n", "\r\n"), "CRLF and tabs", "accept")
    c("ok-no-newline", good, "no final newline", "accept")
    c("empty", b"", "empty", says=["empty"])
    c("spaces", " \n\t \r\n", "white space only", says=["empty", "JSON"])
    c("truncated", good[:-7], "truncated", says=["JSON", "line", "byte", "position"])
    c("bom-only", b"\xef\xbb\xbf", "a BOM and nothing", says=["empty", "JSON"])
    c("bom-twice", b"\xef\xbb\xbf" * 2 + good.encode(), "two BOMs", says=["JSON"])
    c("utf16", good.encode("utf-16"), "UTF-16 with BOM", says=["UTF", "JSON"])
    c("nul-tail", good.encode() + b"\0\0\0", "NUL bytes after the text", says=["NUL", "after", "JSON"])
    c("nul-in-string", good.replace("X 8B", "X\0 8B").encode(), "raw NUL in a string", says=["NUL", "JSON", "control"])
    c(
        "nul-hides",
        good.encode() + b"\0" + b"garbage" * 3,
        "a NUL hides garbage",
        says=["NUL", "after", "JSON"],
        prior="jq CVE-2026-33948",
    )
    c(
        "ctrl-in-string",
        good.replace("X 8B", "X\x01\x1b[2J").encode(),
        "raw control bytes: cJSON accepts them",
        says=["control", "JSON", "note"],
    )
    c(
        "newline-in-string",
        good.replace("X 8B", "X\n8B").encode(),
        "raw newline in a string: cJSON accepts it",
        says=["control", "JSON", "note"],
    )
    c(
        "esc-in-name",
        cat(m(note="\x1b]0;owned\x07X")),
        "escaped control characters in a printed name",
        "either",
        says=["control", "note"],
    )
    c("comment-line", "// c\n" + good, "a comment", says=["JSON"])
    c("comment-block", good.replace("{", "{/* c */", 1), "a block comment", says=["JSON"])
    c("trailing-comma", good[:-1] + ",}", "a trailing comma", says=["JSON"])
    c("single-quotes", good.replace('"', "'"), "single quotes", says=["JSON"])
    c("junk-after", good + " x", "junk after the document: cJSON_Parse accepts it", says=["after", "JSON"])
    c("two-docs", good + good, "two documents: cJSON_Parse accepts it", says=["after", "JSON"])
    c("formfeed", "\f" + good, "form feed as white space: cJSON accepts every byte up to 0x20", "either", says=["JSON"])
    c(
        "deep-1000",
        '{"schema":1,"family":"X","models":' + "[" * 999 + "]" * 999 + "}",
        "at the nesting limit of cJSON",
        says=["models", "nest", "deep", "object"],
    )
    c("deep-200k", "[" * 200000, "200,000 brackets", says=["nest", "deep", "JSON"])
    c("deep-obj", '{"a":' * 50000 + "1" + "}" * 50000, "50,000 objects", says=["nest", "deep", "JSON"])
    c(
        "dup-key",
        good.replace('"block_count": 32', '"block_count": 32, "block_count": 64'),
        "a field twice",
        says=["duplicate", "twice"],
    )
    c("dup-models", good[:-1] + ', "models": []}', "the whole list twice", says=["duplicate", "models"])
    c("dup-id", cat(m(), m(aliases=[])), "the same id twice", says=["duplicate", "twice", "already"])
    c(
        "dup-id-case",
        cat(m(), m(id="X-8B", aliases=[])),
        "ids that differ by case",
        "either",
        says=["duplicate", "X-8B", "x-8b"],
    )
    c("dup-id-unicode", cat(m(id="é"), m(id="e\u0301", aliases=[])), "ids that look the same", "either")
    c(
        "case-field",
        good.replace('"block_count"', '"Block_Count"'),
        "a field in another case: must not match",
        says=["Block_Count"],
    )
    for k in ("id", "arch", "hparams"):
        c("missing-" + k, cat(m(**{k: ...})), "missing field", says=[k])
    for k in ("layers", "hidden", "heads"):
        c("missing-" + k, cat(m(**{k: ...})), "missing field", says=[FIELDS[k]], args=TEMPLATES["check"])
    for k in ("aliases", "release", "license", "parameters", "kv_heads", "source", "confidence", "note"):
        c("missing-" + k, cat(m(**{k: ...})), "missing field with a default", "either", says=[FIELDS.get(k, k)])
    for k in ("layers", "kv_heads", "parameters"):
        for nm, v in (
            ("neg", -1),
            ("zero", 0),
            ("frac", 1.5),
            ("str", "32"),
            ("bool", True),
            ("null", None),
            ("arr", [1]),
            ("obj", {}),
            ("1e308", 1e308),
            ("2p53p1", (1 << 53) + 1),
            ("2p64", 1 << 64),
        ):
            verdict = "either" if (k == "kv_heads" and nm in ("zero", "arr")) else "reject"
            how = TEMPLATES["check" if nm == "zero" else "catalog"]
            says = [FIELDS.get(k, k), "range"]
            c("%s-%s" % (k, nm), cat(m(**{k: v})), "%s is %r" % (k, v), verdict, says=says, args=how)
        for nm, lit in (
            ("nan", "NaN"),
            ("inf", "Infinity"),
            ("1e400", "1e400"),
            ("neg0", "-0"),
            ("hex", "0x20"),
            ("plus", "+32"),
            ("lead0", "032"),
            ("dot", "32."),
            ("exp", "1e"),
            ("dots", "1.2.3"),
            ("70d", "1" * 70),
            ("frac0", "32.0"),
            ("small", "32.00000000000000000001"),
        ):
            verdict = "either" if nm in ("frac0", "small", "neg0") else "reject"
            c(
                "%s-lit-%s" % (k, nm),
                json.dumps(cat(m(**{k: 77.25}))).replace("77.25", lit),
                "%s is %s" % (k, lit),
                verdict,
                says=[FIELDS.get(k, k), "JSON", "number"],
                prior="cJSON 1.7.15 and 1.7.19 accept 032, '32.', 1e400" if nm in ("lead0", "dot", "1e400") else "",
            )
    c("unknown-field", cat(m(layerz=3)), "a misspelt field", "either", says=["layerz"])
    c("unknown-top", dict(cat(m()), modles=[]), "a misspelt top field", "either", says=["modles"])
    c("models-object", {"schema": 1, "models": {}}, "models is an object", says=["models"])
    c("models-missing", {"schema": 1}, "no models", says=["models"])
    c("models-empty", cat(), "empty list", "either", says=["models", "empty"])
    c("model-number", cat(5), "a model that is a number", says=["models", "object"])
    c("version-2", dict(cat(m()), schema=2), "a future schema", says=["schema"])
    c("version-string", dict(cat(m()), schema="1"), "version as a string", says=["schema"])
    c("top-array", [m()], "array at the top", says=["object"])
    c("top-number", "7", "a number", says=["object"])
    c("top-string", '"x"', "a string", says=["object"])
    c("alias-clash", cat(m(), m(id="y", aliases=["x8"])), "one alias for two models", says=["alias", "x8"])
    c("alias-is-id", cat(m(), m(id="x8", aliases=[])), "an alias equals another id", says=["alias", "x8"])
    c("alias-self", cat(m(aliases=["x-8b"])), "an alias equals its own id", "either", says=["alias"])
    c(
        "alias-crossed",
        cat(m(id="a", aliases=["b"]), m(id="b", aliases=["a"])),
        "two models that are each other's alias",
        says=["alias", "clash", "already", "twice"],
    )
    c("alias-dup", cat(m(aliases=["q", "q"])), "an alias twice", "either", says=["alias", "q"])
    c("alias-empty", cat(m(aliases=[""])), "an empty alias", says=["alias", "empty"])
    c("alias-number", cat(m(aliases=[8])), "a numeric alias", says=["alias"])
    c(
        "alias-100k",
        cat(m(aliases=["a%d" % i for i in range(30000)])),
        "30,000 aliases: quadratic checks and look-ups",
        "either",
        says=["alias", "limit"],
    )
    c("id-empty", cat(m(id="")), "empty id", says=["id"])
    c("id-number", cat(m(id=8)), "numeric id", says=["id"])
    c("id-spaces", cat(m(id=" x 8b ")), "spaces in an id", "either", says=["id"])
    c("id-dash", cat(m(id="--help")), "an id that looks like an option", "either", says=["id"])
    c("id-path", cat(m(id="../../etc/passwd")), "an id that looks like a path", "either", says=["id"])
    c("id-newline", cat(m(id="a\nb")), "a newline in an id", says=["id", "control"])
    c("id-nul", cat(m(id="a\0b")), "\\u0000 in an id: cJSON cuts it silently", says=["id", "NUL", "control"])
    c("id-format", cat(m(id="%s%n%x")), "a format string", "either")
    c("id-64k", cat(m(id="i" * 65536)), "a 64 KiB id", says=["id", "long"])
    c(
        "badutf8",
        good.encode().replace(b"X 8B", b"\xff\xfe\xc0\x80"),
        "invalid UTF-8: cJSON accepts it",
        says=["UTF-8", "note"],
    )
    c("surrogate-raw", good.encode().replace(b"X 8B", b"\xed\xa0\x80"), "UTF-8 of a surrogate", says=["UTF-8", "note"])
    c("surrogate-lone", good.replace("X 8B", "\\ud800"), "a lone surrogate escape", says=["JSON", "UTF", "note"])
    c("escape-bad", good.replace("X 8B", "\\x41"), "a bad escape", says=["JSON"])
    c("name-wide", cat(m(note="模" * 200)), "wide characters and a long name in the table", "accept")
    c("name-null", cat(m(note=None)), "null name", "either", says=["note"])
    c(
        "overflow-kv",
        cat(m(layers=(1 << 53) - 1, kv_heads=(1 << 53) - 1, head_dim=(1 << 53) - 1)),
        "the KV product overflows",
        says=["block_count", "head_count", "overflow", "range", "large"],
    )
    c("params-mismatch", cat(m(parameters=1)), "1 parameter for 32 layers", "either", says=["parameters"])
    c("heads-not-div", cat(m(heads=32, kv_heads=5)), "32 is not a multiple of 5", "either", says=["heads"])
    c(
        "ones-1m",
        '{"schema":1,"family":"X","models":[' + "1," * 499990 + "1]}",
        "1 MB that becomes 40 MB in cJSON",
        says=["models", "object", "limit", "large"],
        prior="measured: 40 bytes resident per byte with libcjson 1.7.15",
    )
    c(
        "strings-empty",
        '{"schema":1,"family":"X","models":[' + '"",' * 200000 + '""]}',
        "200,000 empty strings",
        says=["models", "object", "limit", "large"],
    )
    c(
        "models-3000",
        cat(*[m(id="m%d" % i, aliases=["al%d" % i]) for i in range(3000)]),
        "3,000 models: GetArrayItem in a loop is quadratic",
        "either",
        says=["limit", "models"],
    )
    c(
        "sparse-1g",
        good.encode(),
        "1 GiB with NULs after a good document",
        size=1 << 30,
        says=["large", "NUL", "limit", "after"],
    )
    c("sparse-8t", b"{", "8 TiB sparse", size=1 << 43, says=["large", "limit"])
    os.makedirs(out("catalog/dir.json"), exist_ok=True)
    case("catalog/dir", "catalog", "a folder without data", "either", file="catalog/dir.json", says=["directory"])
    case(
        "catalog/fifo",
        "catalog",
        "a FIFO without a writer",
        setup="fifo",
        file="catalog/fifo.json",
        exit="any",
        says=["regular", "FIFO"],
    )
    put("catalog/unreadable.json", good.encode())
    case(
        "catalog/unreadable",
        "catalog",
        "no permission",
        setup="unreadable",
        file="catalog/unreadable.json",
        exit="any",
        says=["Permission"],
    )
    for nm, p in (
        ("missing", "{dir}/catalog/nope.json"),
        ("dev-zero", "/dev/zero"),
        ("dev-null", "/dev/null"),
        ("stdin-tty", "/dev/tty"),
        ("empty-name", ""),
    ):
        case(
            "catalog/path-" + nm,
            "catalog",
            "path %r" % p,
            exit="any",
            args=["list", "models", "--catalog", p],
            says=["No such", "regular", "empty", "cannot", "large", "JSON"],
        )
    case(
        "catalog/twice",
        "catalog",
        "--catalog given twice",
        "either",
        args=["list", "models", "--catalog", "{file}", "--catalog", "{file}"],
        file=ok,
        exit="any",
        says=["--catalog", "twice", "duplicate"],
    )
    case(
        "catalog/stream-1g",
        "catalog",
        "1 GB of spaces on /dev/stdin",
        args=["list", "models", "--catalog", "/dev/stdin"],
        stdin={"rep": " " * 1024, "n": 1 << 20},
        exit="any",
        says=["large", "limit", "regular", "empty"],
    )
    size = os.path.getsize(out(ok))
    case(
        "catalog/sweep-truncate",
        "catalog",
        "cut after every byte",
        "reject",
        file=ok,
        sweep={"op": "truncate", "from": 0, "to": size},
        says=["JSON", "empty", "byte", "line"],
    )
    case(
        "catalog/sweep-setbyte",
        "catalog",
        "every byte changed",
        "either",
        file=ok,
        sweep={"op": "setbyte", "from": 0, "to": size, "values": [0, 0x22, 0x2D, 0x7D, 0xFF]},
    )
