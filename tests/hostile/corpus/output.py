"""Output, environment, memory."""

import json

from .base import TEMPLATES, case


def make_output():
    P, J, LA = TEMPLATES["plain"], TEMPLATES["json"], TEMPLATES["listall"]

    def o(slug, args, setup, why, verdict="reject", exit="io", **kw):
        case("output/" + slug, "output", why, verdict, args=args, setup=setup, exit=exit, **kw)

    o(
        "full",
        P,
        "stdout_full",
        "a full disk must not give exit 0",
        says=["write", "space", "stdout", "standard output"],
        prior="POSIX: detect write failure; bash bug 2007",
    )
    o("full-json", J, "stdout_full", "the same for JSON", says=["write", "space", "stdout", "standard output"])
    o("full-help", ["--help"], "stdout_full", "the same for help", says=["write", "space", "stdout", "standard output"])
    o(
        "full-version",
        ["--version"],
        "stdout_full",
        "the same for the version",
        says=["write", "space", "stdout", "standard output"],
    )
    o("closed", P, "stdout_closed", "closed stdout", says=["write", "stdout", "descriptor", "standard output"])
    o(
        "closed-gguf",
        TEMPLATES["gguf"],
        "stdout_closed",
        "closed stdout: the model file must not become descriptor 1",
        file="gguf/ok-v3.gguf",
        says=["write", "stdout", "descriptor", "standard output"],
    )
    o(
        "all-closed",
        TEMPLATES["gguf"],
        "all_closed",
        "no descriptors: nothing may be written into the model",
        "either",
        exit="any",
        file="gguf/ok-v3.gguf",
    )
    o(
        "stderr-closed",
        ["zzz", "--gpu", "24GiB"],
        "stderr_closed",
        "an error with closed stderr keeps its exit status",
        "reject",
        exit="usage",
    )
    o(
        "stderr-full",
        ["zzz", "--gpu", "24GiB"],
        "stderr_full",
        "an error with full stderr keeps its exit status",
        "reject",
        exit="usage",
    )
    o("broken", LA, "stdout_broken", "broken pipe: quiet end by SIGPIPE (141) or status io", "either", exit="any")
    o(
        "broken-ign",
        LA,
        "stdout_broken_ign",
        "broken pipe with SIGPIPE ignored: EPIPE, end at once",
        "either",
        exit="any",
    )
    o("head", LA, "stdout_head", "vramfit list models | head -1: no error text", "either", exit="any")
    o("slow", LA, "stdout_slow", "short writes and EAGAIN: nothing lost", "either", exit="any")
    o(
        "fsize",
        LA,
        "fsize0",
        "file size limit",
        "reject",
        exit="any",
        says=["write", "large", "stdout", "standard output"],
    )

    def e(slug, args, env, why, verdict="accept", exit="ok", **kw):
        case("env/" + slug, "env", why, verdict, args=args, env=env, exit=exit, **kw)

    for slug, env in (
        ("term-dumb", {"TERM": "dumb"}),
        ("term-unset", {"TERM": None}),
        ("term-empty", {"TERM": ""}),
        ("term-evil", {"TERM": "../../../tmp/x"}),
        ("columns-0", {"COLUMNS": "0"}),
        ("columns-1", {"COLUMNS": "1"}),
        ("columns-neg", {"COLUMNS": "-1"}),
        ("columns-huge", {"COLUMNS": "999999999999"}),
        ("columns-word", {"COLUMNS": "abc"}),
        ("no-color", {"NO_COLOR": "1"}),
        ("clicolor", {"CLICOLOR_FORCE": "1"}),
        ("lang-c", {"LC_ALL": "C"}),
        ("lang-posix", {"LC_ALL": "POSIX"}),
        ("lang-bad", {"LC_ALL": "xx_YY.ZZZ"}),
        ("lang-latin1", {"LC_ALL": "de_DE.ISO-8859-1"}),
        ("lang-turkish", {"LC_ALL": "tr_TR.UTF-8"}),
        ("home-unset", {"HOME": None}),
        ("home-relative", {"HOME": "x/../.."}),
        ("xdg-relative", {"XDG_CONFIG_HOME": "rel", "XDG_DATA_HOME": ""}),
        ("path-empty", {"PATH": ""}),
        ("tz-evil", {"TZ": ":/etc/passwd"}),
        ("posixly", {"POSIXLY_CORRECT": "1"}),
        ("proxy", {"http_proxy": "http://127.0.0.1:9"}),
        ("long-env", {"VRAMFIT_X": "v" * 100000}),
    ):
        e(slug, P, env, "environment %s" % json.dumps(env)[:60])
    case("env/tty0", "env", "a terminal of width 0", "accept", exit="ok", args=LA, setup="tty0")
    case("env/tty80", "env", "a terminal of 80 columns: no line longer", "accept", exit="ok", args=LA, setup="tty80")
    case("env/twice", "env", "same input, same output, byte for byte", "accept", exit="ok", args=J, setup="twice")
    case(
        "env/nowrite",
        "env",
        "no write, no socket, no exec",
        "accept",
        exit="ok",
        args=TEMPLATES["gguf"],
        file="gguf/ok-v3.gguf",
        setup="nowrite",
    )
    case(
        "env/stack64k",
        "env",
        "a stack of 64 KiB with deep JSON",
        "reject",
        exit="any",
        args=TEMPLATES["catalog"],
        file="catalog/deep-1000.json",
        setup="stack64k",
        says=["nest", "deep", "models", "memory", "object"],
    )

    def m(slug, args, setup, why, file="", **kw):
        case("oom/" + slug, "oom", why, "either", args=args, setup=setup, file=file, exit="any", **kw)

    G = ["{file}", "--gpu", "24GiB", "--format"]
    for shown in ("table", "json", "jsonl", "csv", "tsv", "markdown", "svg", "html", "junit", "github"):
        for slug in ("escape", "bidi", "csv-json"):
            case("output/name-%s-%s" % (slug, shown), "output", "a hostile name in %s" % shown, "accept", args=G + [shown],
                 file="gguf/name-%s.gguf" % slug)
        case("output/twice-" + shown, "output", "same input, same bytes", "accept", args=G + [shown],
             file="gguf/ok-headcount-array.gguf", setup="twice")

    LAUNCH = ["--gpu", "24GiB", "--", "llama-server", "-m", "llama-3.1-8b", "-c", "8192", "-ot", "ffn=CPU,attn=CPU"]
    LISTED = dict(args=TEMPLATES["list"], stdin={"rep": "llama-3.1-8b q8\n", "n": 2})
    CHECK = dict(args=TEMPLATES["check"], file="catalog/alias-clash.json")
    for slug, why, kw in (("launch", "a launch line", dict(args=LAUNCH)), ("models", "a list of models", LISTED),
                          ("check", "checks of a catalog", CHECK),
                          ("svg", "a picture", dict(args=P + ["--format", "svg"])),
                          ("help", "help", dict(args=["help", "fit"]))):
        case("oom/" + slug, "oom", "every allocation fails in turn: " + why, "either", setup="alloc_sweep", exit="any", **kw)
        case("env/nowrite-" + slug, "env", "no write, no socket, no exec: " + why, "either", setup="nowrite", exit="any", **kw)
    case("oom/read-models", "oom", "EIO, EINTR and short reads", "either", setup="read_sweep", exit="any", **LISTED)
    case("oom/read-safetensors", "oom", "EIO, EINTR and short reads", "either", args=TEMPLATES["safetensors"], setup="read_sweep",
         file="safetensors/ok-metadata.safetensors", exit="any")
    case("oom/open-catalog", "oom", "no descriptors left", "either", args=TEMPLATES["catalog"], setup="open_sweep",
         file="catalog/ok.json", exit="any")
    case("oom/write-svg", "oom", "ENOSPC, EINTR and short writes", "either", args=P + ["--format", "svg"], setup="write_sweep",
         exit="any")

    m("plain", P, "alloc_sweep", "every allocation fails in turn: exit oom, one line, no leak, no crash")
    m("json", J, "alloc_sweep", "the same for JSON")
    m("list", LA, "alloc_sweep", "the same for the list")
    m("gguf", TEMPLATES["gguf"], "alloc_sweep", "the same for a GGUF", "gguf/ok-headcount-array.gguf")
    m(
        "safetensors",
        TEMPLATES["safetensors"],
        "alloc_sweep",
        "the same for safetensors",
        "safetensors/ok-metadata.safetensors",
    )
    m("config", TEMPLATES["config"], "alloc_sweep", "the same for config.json", "config/ok-text-config/config.json")
    m("catalog", TEMPLATES["catalog"], "alloc_sweep", "the same for a catalog", "catalog/ok.json")
    m("catalog-bad", TEMPLATES["catalog"], "alloc_sweep", "failure inside an error path", "catalog/alias-clash.json")
    m(
        "ollama",
        TEMPLATES["ollama"],
        "alloc_sweep",
        "the same for a manifest",
        "ollama/models/manifests/registry.ollama.ai/library/ok/latest",
    )
    m("read-gguf", TEMPLATES["gguf"], "read_sweep", "EIO, EINTR and short reads", "gguf/ok-v3.gguf")
    m("read-catalog", TEMPLATES["catalog"], "read_sweep", "EIO, EINTR and short reads", "catalog/ok.json")
    m("open-gguf", TEMPLATES["gguf"], "open_sweep", "no descriptors left", "gguf/ok-v3.gguf")
    m("write-list", LA, "write_sweep", "ENOSPC, EINTR and short writes")
    m("as64m", TEMPLATES["catalog"], "as64m", "64 MiB of address space", "catalog/ones-1m.json")
