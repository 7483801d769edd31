"""Ollama manifests."""

import json

from .base import case, put
from .gguf_writer import model


def make_ollama():
    dg = "sha256:" + "a" * 64

    def mf(layers, **k):
        return dict(
            {
                "schemaVersion": 2,
                "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
                "config": {
                    "digest": "sha256:" + "b" * 64,
                    "mediaType": "application/vnd.docker.container.image.v1+json",
                    "size": 5,
                },
                "layers": layers,
            },
            **k
        )

    L = lambda d=dg, s=None, mt="application/vnd.ollama.image.model": {"mediaType": mt, "digest": d, "size": s}
    blob = model().build()
    put("ollama/models/blobs/sha256-" + "a" * 64, blob)
    put("ollama/models/blobs/sha256-" + "c" * 64, b"\n")

    def c(name, obj, why, verdict="reject", **kw):
        d = obj if isinstance(obj, bytes) else json.dumps(obj).encode()
        p = put("ollama/models/manifests/registry.ollama.ai/library/%s/latest" % name, d)
        case("ollama/" + name, "ollama", why, verdict, file=p, **kw)
        case("ollama/inside-" + name, "ollama", "opens nothing outside the store: " + why, "either", file=p, setup="inside")

    n = len(blob)
    c("ok", mf([L(s=n)]), "well-formed, the blob exists", "accept")
    c(
        "ok-extra-layers",
        mf([L("sha256:" + "c" * 64, 1, "application/vnd.ollama.image.license"), L(s=n)]),
        "licence layer first",
        "accept",
    )
    c(
        "blob-missing",
        mf([L("sha256:" + "d" * 64, n)]),
        "the blob is not there",
        says=["blob", "sha256", "No such", "missing"],
    )
    c("size-wrong", mf([L(s=n + 1)]), "size differs from the blob", says=["size"])
    for nm, s in (("neg", -1), ("str", "12"), ("1e30", 1e30), ("null", None), ("frac", 1.5)):
        c("size-" + nm, mf([L(s=s)]), "layer size %r" % (s,), says=["size"])
    for nm, d in (
        ("traversal", "sha256:../../../../../../../../etc/passwd"),
        ("short", "sha256:abc"),
        ("upper", "sha256:" + "A" * 64),
        ("md5", "md5:" + "a" * 32),
        ("slash", "sha256:" + "a" * 60 + "/../"),
        ("empty", ""),
        ("number", 5),
        ("long", "sha256:" + "a" * 100000),
        ("nul", "sha256:" + "a" * 64 + "\0x"),
        ("newline", "sha256:" + "a" * 64 + "\n"),
        ("nonhex", "sha256:" + "g" * 64),
    ):
        c(
            "digest-" + nm,
            mf([L(d, n)]),
            "digest %s" % nm,
            says=["digest"],
            prior="CVE-2024-37032 (Probllama), CVE-2026-7020",
        )
    c(
        "no-model-layer",
        mf([L("sha256:" + "c" * 64, 1, "application/vnd.ollama.image.license")]),
        "no model layer",
        says=["model", "layer"],
    )
    c("two-model-layers", mf([L(s=n), L(s=n)]), "two model layers", says=["layer", "model"])
    c("layers-object", mf({}), "layers is an object", says=["layers"])
    c("layers-empty", mf([]), "no layers", says=["layer", "model"])
    c("layers-3000", mf([L("sha256:" + "c" * 64, 1, "x")] * 3000), "3,000 layers", says=["layer", "model"])
    c("schema-1", mf([L(s=n)], schemaVersion=1), "an old schema", says=["schema", "version"])
    c("cloud-model", mf([]), "a cloud model has no weights", says=["layer", "model", "weights"])
    params = {"mediaType": "application/vnd.ollama.image.params", "digest": "sha256:" + "c" * 64, "size": 1}
    c("params-empty", mf([L(s=n), params]), "parameters that are no JSON", says=["empty", "JSON"])
    c("params-missing", mf([L(s=n), dict(params, digest="sha256:" + "e" * 64)]), "parameters not there", says=["blob"])
    c("model-is-text", mf([L("sha256:" + "c" * 64, 1)]), "the model's blob is no GGUF", says=["GGUF"])
    listed = "application/vnd.ollama.manifest.list.v2+json"
    own = {"schemaVersion": 2, "mediaType": listed, "manifests": [{"runner": "ollama", "digest": "sha256:" + "f" * 64}]}
    put("ollama/models/blobs/sha256-" + "f" * 64, json.dumps(own).encode())
    c("list-loop", own, "a list that names itself", says=["list"])
    c("list-traversal", dict(own, manifests=[{"runner": "ollama", "digest": "../../x"}]), "a list's digest", says=["digest"])
    c("list-number", dict(own, manifests=[5]), "a list of numbers", says=["manifest"])
    c("deep", b"[" * 5000, "5,000 brackets", says=["deep", "levels", "nest", "JSON"])
    c("empty", b"", "empty", says=["empty", "JSON"])
    c("truncated", json.dumps(mf([L(s=n)])).encode()[:-30], "cut", says=["JSON", "byte"])
    case(
        "ollama/name-traversal",
        "ollama",
        "a model name with dots",
        args=["ollama:../../../../etc/passwd", "--gpu", "24GiB"],
        says=["name", "unknown", "model"],
    )
    case(
        "ollama/name-long",
        "ollama",
        "a long model name",
        args=[{"rep": "a", "n": 5000}, "--gpu", "24GiB"],
        says=["name", "unknown", "model", "long"],
    )
    case(
        "ollama/home-unset",
        "ollama",
        "HOME and OLLAMA_MODELS unset",
        args=["ollama:x", "--gpu", "24GiB"],
        env={"HOME": None, "OLLAMA_MODELS": None},
        says=["HOME", "unknown", "model"],
    )
