"""Arguments."""

from .base import TEMPLATES, case


def make_argv():
    def v(slug, val, why, verdict="reject", **kw):
        kw.setdefault("exit", "ok" if verdict == "accept" else ("any" if verdict == "either" else "usage"))
        case("argv/vram-" + slug, "argv", why, verdict, args=TEMPLATES["vram"] + [val], **kw)

    for slug, s in (
        ("24G", "24G"),
        ("24GB", "24GB"),
        ("24GiB", "24GiB"),
        ("24g", "24g"),
        ("24gib", "24gib"),
        ("24000MB", "24000MB"),
        ("24576MiB", "24576MiB"),
        ("24.5G", "24.5G"),
        ("space", "24 GB"),
        ("zero-pad", "024G"),
        ("0.5TiB", "0.5TiB"),
    ):
        v(slug, s, "a size as people write it; the output must show the bytes taken", "accept")
    for slug, s, why in (
        ("24-gb-lower", "24 gb", "a space and lower case"),
        ("bare", "24", "no unit: say which units exist"),
        ("bytes", "25769803776", "bytes without a unit"),
        ("Gi", "24Gi", "Kubernetes style"),
        ("gigabyte", "24 gigabytes", "words"),
        ("trail-space", "24G ", "trailing space"),
        ("lead-space", " 24G", "leading space"),
        ("plus", "+24G", "a plus sign"),
        ("dot-end", "24.G", "a dot without digits"),
        ("dot-start", ".5G", "a dot first"),
        ("exp", "2.4e1G", "an exponent"),
        ("list", "24G,24G", "two GPUs"),
        ("times", "2x24G", "two GPUs"),
        ("nbsp", "24\u00a0GB", "a no-break space from a web page"),
        ("tiny", "0.0000000001G", "less than a byte"),
    ):
        v(slug, s, why, "either", says=["--gpu", "size"])
    for slug, s, why in (
        ("neg", "-1", "negative"),
        ("neg-g", "-24G", "negative"),
        ("neg0", "-0G", "minus zero"),
        ("zero", "0", "zero"),
        ("zero-g", "0G", "zero"),
        ("1e400", "1e400", "out of range"),
        ("1e400G", "1e400G", "out of range"),
        ("nan", "NaN", "strtod takes NaN"),
        ("nanG", "nanG", "strtod takes nan"),
        ("inf", "inf", "strtod takes inf"),
        ("infinity", "INFINITYG", "strtod takes infinity"),
        ("hex", "0x18", "strtod and strtoull(0) take hex"),
        ("hexG", "0x18G", "hex"),
        ("hexfloat", "0x1p40", "strtod takes hex floats"),
        ("trailing", "30Gx", "trailing letter"),
        ("infsign", "∞", "the sign itself"),
        ("2p64", "18446744073709551616", "2^64"),
        ("2p64m1", "18446744073709551615", "2^64-1"),
        ("2p64G", "18446744073709551615G", "overflow in the unit"),
        ("2p34G", "17179869184G", "2^34 GiB is 2^64"),
        ("2p63", "9223372036854775808", "2^63"),
        ("digits-400", "9" * 400, "400 digits"),
        ("digits-400G", "9" * 400 + "G", "400 digits"),
        ("frac-long", "0." + "9" * 5000 + "G", "5,000 decimals"),
        ("empty", "", "empty"),
        ("spaces", "   ", "spaces"),
        ("unit-only", "G", "unit only"),
        ("GB", "GB", "unit only"),
        ("dot", ".", "dot only"),
        ("dotG", ".G", "dot and unit"),
        ("two-dots", "2.4.1G", "two dots"),
        ("two-units", "24GG", "unit twice"),
        ("two-units2", "24GBiB", "mixed unit"),
        ("Gb", "24Gbit", "bits"),
        ("unknown-unit", "24Q", "unknown unit"),
        ("comma", "24,5G", "decimal comma"),
        ("comma-thousand", "24,000MB", "thousands comma"),
        ("apostrophe", "24'000MB", "Swiss thousands"),
        ("underscore", "24_000MB", "underscore"),
        ("percent", "90%", "percent"),
        ("word", "lots", "a word"),
        ("null", "null", "null"),
        ("minus-only", "-", "a dash"),
        ("double-dash", "--", "the end-of-options mark taken as a value"),
        ("fullwidth", "２４GB", "full-width digits"),
        ("arabic", "٢٤GB", "Arabic digits"),
        ("newline", "24GB\n", "a newline"),
        ("inner-newline", "24\nGB", "a newline inside"),
        ("tab", "24\tGB", "a tab"),
        ("semicolon", "24G;x", "junk after"),
        ("format", "%s%n%s%n", "a format string"),
        ("esc", "\x1b[2J24G", "an escape sequence"),
        ("rtl", "\u202e24G", "a bidi mark"),
        ("sign-twice", "--24G", "an option look-alike"),
        ("plusminus", "+-24G", "two signs"),
        ("fraction", "1/2G", "a fraction"),
        ("sup", "24²G", "superscript"),
    ):
        v(slug, s, why, says=["--gpu", "size", "option", "number"])
    v("badutf8", {"hex": "32344780ff"}, "bytes that are not UTF-8", says=["--gpu", "size"])
    v("128k", {"rep": "9", "n": 131000}, "the longest single argument that Linux passes", says=["--gpu", "size"])
    v("128k-A", {"rep": "A", "n": 131000}, "the same with letters: the message must be cut", says=["--gpu", "size"])
    case(
        "argv/locale-comma",
        "argv",
        "a German locale must not change what 24.5G means",
        "accept",
        exit="ok",
        args=TEMPLATES["vram"] + ["24.5G"],
        env={"LC_ALL": "de_DE.UTF-8"},
    )
    case(
        "argv/locale-comma-cat",
        "catalog",
        "cJSON reads numbers with the locale's decimal point",
        "accept",
        exit="ok",
        file="catalog/ok.json",
        env={"LC_ALL": "de_DE.UTF-8"},
    )

    def a(slug, args, why, verdict="reject", **kw):
        kw.setdefault("exit", "ok" if verdict == "accept" else ("any" if verdict == "either" else "usage"))
        case("argv/" + slug, "argv", why, verdict, args=args, **kw)

    P = TEMPLATES["plain"]
    a("none", [], "no argument: short usage, to stderr, exit usage (or help with exit ok; pick one)", "either")
    a("help", ["--help"], "help goes to stdout, exit 0", "accept")
    a("help-plus-junk", ["--help", "--zzz"], "help with a wrong option", "either", says=["--zzz"])
    a("version", ["--version"], "one line", "accept")
    a(
        "dup-flag",
        P + ["--context", "4096", "--context", "8192"],
        "the same option twice with two values",
        says=["--context", "twice", "more than once"],
    )
    a("dup-flag-same", P + ["--gpu", "24GiB"], "the same option twice with one value", "either", says=["--gpu"])
    a("missing-value", ["llama-3.1-8b", "--gpu"], "no value at the end", says=["--gpu", "value", "argument"])
    a("value-is-flag", ["llama-3.1-8b", "--gpu", "--quiet"], "an option as the value", says=["--gpu"])
    a("equals-empty", ["llama-3.1-8b", "--gpu="], "empty after =", says=["--gpu"])
    a("equals-ok", ["llama-3.1-8b", "--gpu=24GiB"], "the = form", "accept")
    a("equals-noarg", P + ["--quiet=yes"], "a value for an option that takes none", says=["--quiet"])
    a("unknown-flag", P + ["--gup", "1"], "a misspelt option: did you mean --gpu", says=["--gup", "--gpu"])
    a("unknown-short", P + ["-Z"], "an unknown short option", says=["-Z"])
    a(
        "abbrev",
        ["llama-3.1-8b", "--gp", "24GiB"],
        "getopt_long takes prefixes: an interface by accident",
        "either",
        says=["--gp"],
    )
    a("upper-flag", ["llama-3.1-8b", "--GPU", "24GiB"], "upper case", says=["--GPU", "--gpu"])
    a(
        "unicode-dash",
        ["llama-3.1-8b", "–gpu", "24GiB"],
        "an en dash pasted from a web page",
        says=["–gpu", "gpu", "dash", "argument"],
    )
    a("smart-quotes", ["“llama-3.1-8b”", "--gpu", "24GiB"], "curly quotes", says=["unknown", "llama-3.1-8b"])
    a("unknown-model", ["lama-3.1-8b", "--gpu", "24GiB"], "one letter missing: did you mean", says=["llama-3.1-8b"])
    a(
        "unknown-model-far",
        ["qqqqqqqqqq", "--gpu", "24GiB"],
        "nothing near: no silly suggestion",
        says=["unknown", "qqqqqqqqqq"],
    )
    a("model-case", ["LLaMA-3.1-8B", "--gpu", "24GiB"], "another case", "either", says=["llama-3.1-8b"])
    a("model-space", ["llama 3.1 8b", "--gpu", "24GiB"], "spaces for dashes", "either", says=["llama-3.1-8b"])
    a("model-empty", ["", "--gpu", "24GiB"], "empty name", says=["name", "model", "empty"])
    a("model-newline", ["llama\n-3.1-8b", "--gpu", "24GiB"], "a newline in the name", "either")
    a("model-escape", ["\x1b[2Jllama", "--gpu", "24GiB"], "an escape in the name", says=["unknown"])
    a("model-format", ["%n%n%n%s", "--gpu", "24GiB"], "a format string", says=["unknown"])
    a(
        "model-128k",
        [{"rep": "l", "n": 131000}, "--gpu", "24GiB"],
        "did-you-mean on a 128 KiB name must not take a second",
        says=["unknown"],
    )
    a("model-badutf8", [{"hex": "ff6c6c616d61"}, "--gpu", "24GiB"], "bytes that are not UTF-8", says=["unknown"])
    a(
        "model-twice",
        ["llama-3.1-8b", "llama-3.1-8b", "--gpu", "24GiB"],
        "two models",
        "either",
        says=["model", "argument"],
    )
    a("args-2m", P + [{"rep": "x", "n": 100000}] * 15, "1.5 MB of arguments", says=["argument", "model", "unknown"])
    a("args-5000", P + ["y"] * 5000, "5,000 arguments", says=["argument", "model", "unknown"])
    a("dashdash-only", ["--"], "only the mark", "either")
    a("dash-only", ["-"], "a dash alone: waits for nothing on a closed stdin", "either", stdin={"rep": "", "n": 0})
    a(
        "stdin-twice",
        ["--models-from", "-", "--catalog", "/dev/stdin"],
        "stdin used twice",
        "either",
        stdin={"rep": "x\n", "n": 1},
    )
    a(
        "argc0",
        [],
        "an empty argument vector (argv[0] is NULL)",
        "either",
        setup="argc0",
        prior="CVE-2021-4034 (pkexec)",
    )
    for slug, val, verdict in (
        ("0", "0", "reject"),
        ("neg", "-5", "reject"),
        ("frac", "131072.5", "reject"),
        ("k", "128k", "either"),
        ("K", "128K", "either"),
        ("underscore", "131_072", "either"),
        ("caret", "2^17", "reject"),
        ("2p31", "2147483648", "either"),
        ("2p63m1", "9223372036854775807", "reject"),
        ("2p64", "18446744073709551616", "reject"),
        ("empty", "", "reject"),
        ("word", "max", "either"),
        ("1e9", "1e9", "either"),
        ("hex", "0x20000", "reject"),
        ("space", "131 072", "reject"),
        ("comma", "131,072", "either"),
    ):
        a("ctx-" + slug, TEMPLATES["ctx"] + [val], "context %r" % val, verdict, says=["--context"])
    for slug, args in (
        ("overflow", ["--context", "9223372036854775807", "--parallel", "9223372036854775807"]),
        ("batch-neg", ["--parallel", "-1"]),
        ("batch-0", ["--parallel", "0"]),
        ("gpus-0", ["--tensor-parallel", "0"]),
        ("gpus-1e9", ["--tensor-parallel", "1000000000"]),
        ("quant", ["--quant", "Q4_K_Z"]),
        ("quant-empty", ["--quant", ""]),
        ("kv", ["--kv-type", "q3"]),
        ("reserve-more", ["--reserve", "999GiB"]),
        ("reserve-neg", ["--reserve", "-1GiB"]),
        ("util-nan", ["--gpu-memory-utilization", "nan"]),
    ):
        a(
            "opt-" + slug,
            P + args,
            "option value out of range",
            "either" if slug == "reserve-more" else "reject",
            says=[args[0]],
        )
    for slug, seq in (
        ("conflict", ["--format", "json", "--format", "csv"]),
        ("conflict2", ["list", "--models-from", "-"]),
    ):
        a("opt-" + slug, P + seq, "options that exclude each other", says=["--format", "list", "--models-from"])
