"""config.json files."""

import json
import os

from .base import NAMES, case, out, put

CFG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "max_position_embeddings": 8192,
    "torch_dtype": "bfloat16",
    "tie_word_embeddings": False,
}


def make_config():
    def c(name, obj, why, verdict="reject", **kw):
        d = obj if isinstance(obj, bytes) else (obj.encode() if isinstance(obj, str) else json.dumps(obj).encode())
        p = put("config/%s/config.json" % name, d)
        case("config/" + name, "config", why, verdict, file=p, **kw)
        return p

    def w(**k):
        d = dict(CFG)
        for a, b in k.items():
            if b is ...:
                d.pop(a, None)
            else:
                d[a] = b
        return d

    ok = c("ok", w(), "well-formed", "accept")
    c(
        "ok-nulls",
        w(head_dim=None, sliding_window=None, num_key_value_heads=None, rope_scaling=None, quantization_config=None),
        "null means default in Hugging Face configs",
        "accept",
    )
    c(
        "ok-infinity",
        json.dumps(w(time_step_limit=[0.0, 1.5])).replace("1.5", "Infinity"),
        "Nemotron-H, Mamba2: a bare Infinity in a field that is not needed",
        "accept",
        prior="huggingface/transformers#42959; ai-dynamo/dynamo#3043, #11445: real models failed to load",
    )
    c("ok-nan", json.dumps(w(x=1.5)).replace("1.5", "NaN"), "a bare NaN in a field that is not needed", "accept")
    c(
        "ok-text-config",
        {"model_type": "gemma3", "architectures": ["Gemma3ForConditionalGeneration"], "text_config": w()},
        "language part in text_config",
        "accept",
    )
    c("ok-float-int", w(num_hidden_layers=32.0), "32.0 is an integer", "either", says=["num_hidden_layers"])
    c("ok-unknown-fields", w(foo={"bar": [1, 2, {"a": None}]}), "unknown fields are ignored", "accept")
    c("ok-bom", b"\xef\xbb\xbf" + json.dumps(w()).encode(), "a byte order mark", "accept")
    c("ok-crlf", json.dumps(w(), indent=1).replace("\n", "\r\n"), "CRLF", "accept")
    for k in ("num_hidden_layers", "hidden_size", "num_attention_heads"):
        c("missing-" + k, w(**{k: ...}), "required field missing", says=[k])
        for nm, v in (
            ("string", "32"),
            ("bool", True),
            ("array", [32]),
            ("object", {}),
            ("null", None),
            ("neg", -32),
            ("zero", 0),
            ("frac", 32.5),
            ("1e9", 10**9),
            ("2p53p1", (1 << 53) + 1),
            ("2p63", 1 << 63),
            ("1e308", 1e308),
            ("tiny", 1e-308),
        ):
            verdict = "either" if (k, nm) in (("hidden_size", "1e9"),) else "reject"
            c("%s-%s" % (k, nm), w(**{k: v}), "%s is %r" % (k, v), verdict, says=[k, "overflow", "large"])
        c(
            "%s-inf" % k,
            json.dumps(w(**{k: 77.5})).replace("77.5", "Infinity"),
            "%s is Infinity" % k,
            says=[k, "JSON", "number"],
        )
        c(
            "%s-1e400" % k,
            json.dumps(w(**{k: 77.5})).replace("77.5", "1e400"),
            "%s is 1e400: strtod gives infinity" % k,
            says=[k],
        )
        c(
            "%s-70digits" % k,
            json.dumps(w(**{k: 77.5})).replace("77.5", "3" * 70),
            "%s has 70 digits" % k,
            says=[k, "JSON", "number"],
            prior="CVE-2023-26819 (cJSON: long numbers)",
        )
        c("%s-neg0" % k, json.dumps(w(**{k: 77.5})).replace("77.5", "-0"), "%s is -0" % k, says=[k])
    for k, v in (
        ("num_key_value_heads", 0),
        ("num_key_value_heads", 33),
        ("num_key_value_heads", -8),
        ("num_key_value_heads", [8] * 32),
        ("num_key_value_heads", [8] * 31),
        ("head_dim", 0),
        ("head_dim", -1),
        ("head_dim", "128"),
        ("head_dim", 1 << 40),
        ("sliding_window", 0),
        ("sliding_window", -1),
        ("sliding_window", "4096"),
        ("max_position_embeddings", 0),
        ("max_position_embeddings", 1e30),
        ("vocab_size", 0),
        ("vocab_size", 1 << 62),
        ("intermediate_size", -1),
        ("num_local_experts", 0),
        ("num_experts_per_tok", 99),
        ("layer_types", ["full_attention"] * 3),
        ("layer_types", "full_attention"),
        ("layer_types", ["zzz"] * 32),
        ("torch_dtype", "float7"),
        ("torch_dtype", 16),
        ("quantization_config", {"bits": "4"}),
        ("quantization_config", {"bits": 0}),
        ("quantization_config", {"bits": -4}),
        ("quantization_config", {"quant_method": "zzz"}),
        ("quantization_config", []),
        ("tie_word_embeddings", "false"),
        ("model_type", "zzz"),
        ("model_type", 5),
        ("architectures", []),
        ("architectures", "Llama"),
        ("kv_lora_rank", 0),
        ("q_lora_rank", -1),
        ("sliding_window_pattern", 0),
        ("full_attention_interval", 0),
    ):
        slug = "%s=%s" % (
            k,
            json.dumps(v)[:14].strip('{}[]" ').replace('"', "").replace(" ", "").replace(":", "-").replace("/", "-"),
        )
        n, base = 2, slug
        while "config/" + slug in NAMES:
            slug = "%s~%d" % (base, n)
            n += 1
        c(
            slug,
            w(**{k: v}),
            "%s is %s" % (k, json.dumps(v)[:40]),
            "either",
            says=[k],
            prior="a period or group of 0 is a modulo by zero" if v == 0 else "",
        )
    c(
        "both-levels",
        dict(w(num_hidden_layers=3), text_config=w(num_hidden_layers=32)),
        "values at both levels differ",
        "either",
    )
    d = w()
    for _ in range(500):
        d = {"text_config": d}
    c("text-config-500", d, "500 nested text_config", "either", says=["num_hidden_layers", "nest", "hidden_size"])
    c(
        "text-config-string",
        w(text_config="x", num_hidden_layers=...),
        "text_config is a string",
        says=["text_config", "num_hidden_layers"],
    )
    c("deep", '{"a":' * 50000, "50,000 nested objects", says=["nest", "deep", "JSON"])
    c("empty", b"", "0 bytes (seen on the Hub)", says=["empty"], prior="microsoft/OmniParser#130")
    c("null", "null", "null at the top", says=["object"])
    c("html", "<!DOCTYPE html>", "a web page", says=["JSON"])
    c("truncated", json.dumps(w())[:-20], "cut", says=["JSON", "line", "byte"])
    c("two-docs", json.dumps(w()) * 2, "two documents", says=["after", "JSON"])
    c(
        "dup",
        json.dumps(w())[:-1] + ',"num_hidden_layers":64}',
        "a field twice",
        "either",
        says=["duplicate", "num_hidden_layers"],
    )
    c(
        "case",
        w(Num_Hidden_Layers=64),
        "another case: the case-insensitive look-up of cJSON takes the wrong one",
        "accept",
        prior="cJSON_GetObjectItem is case-insensitive",
    )
    c("utf16", json.dumps(w()).encode("utf-16"), "UTF-16", says=["UTF", "JSON"])
    c("comments", "// hi\n" + json.dumps(w()), "a comment", says=["JSON"])
    c("trailing-comma", json.dumps(w())[:-1] + ",}", "a trailing comma", says=["JSON"])
    c(
        "leading-zero",
        json.dumps(w()).replace('_layers": 32', '_layers": 032'),
        "032 is not JSON (octal?)",
        "either",
        says=["JSON", "num_hidden_layers"],
    )
    c(
        "nul-cut",
        json.dumps(w(num_hidden_layers=...))[:-1].encode() + b'}\0,"num_hidden_layers":32}',
        "a NUL hides the rest",
        says=["NUL", "JSON", "num_hidden_layers"],
        prior="jq CVE-2026-33948",
    )
    c(
        "escape-nul-key",
        json.dumps(dict(w(num_hidden_layers=...), **{"num_hidden_layers\0x": 32})),
        "\\u0000 in a key cuts it for strcmp",
        says=["num_hidden_layers", "NUL"],
    )
    size = os.path.getsize(out(ok))
    case(
        "config/sweep-truncate",
        "config",
        "cut after every byte",
        "reject",
        file=ok,
        sweep={"op": "truncate", "from": 0, "to": size},
        says=["JSON", "empty", "byte", "line", "truncated"],
    )
    case(
        "config/sweep-setbyte",
        "config",
        "every byte changed",
        "either",
        file=ok,
        sweep={"op": "setbyte", "from": 0, "to": size, "values": [0, 0x22, 0x2D, 0x7D, 0xFF]},
    )
