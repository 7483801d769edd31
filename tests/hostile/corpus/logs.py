"""Logs for verify."""

from .base import case, put

LOAD = (
    "llama_model_loader: loaded meta data with 26 key-value pairs and 290 tensors from qwen2.5-0.5b.Q4_K_M.gguf (version GGUF V3)\n"
    "load_tensors: offloaded 25/25 layers to GPU\n"
    "load_tensors:   CPU_Mapped model buffer size =   137.94 MiB\n"
    "load_tensors:        CUDA0 model buffer size =   373.73 MiB\n"
    "llama_context: n_seq_max     = 1\n"
    "llama_context: n_ctx         = 8192\n"
    "llama_context: flash_attn    = 0\n"
    "llama_kv_cache:      CUDA0 KV buffer size =    96.00 MiB\n"
    "llama_kv_cache: size =   96.00 MiB (  8192 cells,  24 layers,  1/1 seqs), K (f16):   48.00 MiB, V (f16):   48.00 MiB\n"
)


def make_log():
    def c(name, data, why, verdict="either", **kw):
        p = put("log/%s.txt" % name, data if isinstance(data, bytes) else data.encode())
        case("log/" + name, "log", why, verdict, file=p, stdin=kw.pop("stdin", {"file": p}), **kw)

    def changed(name, old, new, why, **kw):
        assert old in LOAD, old
        c(name, LOAD.replace(old, new), why, **kw)

    c("ok", LOAD, "a good log", "accept")
    c("crlf", LOAD.replace("\n", "\r\n"), "CRLF", "accept")
    c("no-final-newline", LOAD[:-1], "no final newline", "accept")
    c("colours", LOAD.replace("load_tensors", "\x1b[32mload_tensors\x1b[0m"), "escape sequences", "accept")
    c("empty", "", "an empty log", "reject", says=["no buffer sizes"])
    c("nothing", "hello\n" * 1000, "a log of something else", "reject", says=["no buffer sizes"])
    c("utf16", LOAD.encode("utf-16"), "UTF-16", "reject", says=["no buffer sizes"])
    c("nul", LOAD.replace(" ", "\0"), "NULs for blanks")
    c("binary", bytes(range(256)) * 300, "all bytes", "reject", says=["no buffer sizes"])
    changed("unknown", "qwen2.5-0.5b", "zzz", "an unknown model", verdict="reject", says=["zzz", "--model"])
    changed("escape-name", "qwen2.5-0.5b", "\x1b]0;x\x07\xff", "escapes in the model's name", verdict="reject", says=["--model"])
    changed("path-stdin", "qwen2.5-0.5b.Q4_K_M.gguf", "-", "the log's model is '-': not read from stdin", verdict="reject", says=["--model"])
    changed("path-device", "qwen2.5-0.5b.Q4_K_M.gguf", "/dev/zero", "the log names a device", verdict="reject", says=["--model"])
    changed("path-folder", "qwen2.5-0.5b.Q4_K_M.gguf", "/", "the log names a folder", verdict="reject", says=["--model"])
    changed("path-secret", "qwen2.5-0.5b.Q4_K_M.gguf", "/etc/passwd", "the log names a file that is no model", verdict="reject", says=["--model"])
    changed("path-long", "qwen2.5-0.5b", "q" * 60000, "a name of 60 kB", verdict="reject", says=["--model"])
    for name, number in (("huge", "9" * 30), ("negative", "-1"), ("zero", "0"), ("hex", "0x10"), ("2-31", str(1 << 31)), ("2-63", str(1 << 63))):
        changed("context-" + name, "n_ctx         = 8192", "n_ctx         = " + number, "context " + number)
        changed("sequences-" + name, "n_seq_max     = 1", "n_seq_max     = " + number, "sequences " + number)
        changed("layers-" + name, "offloaded 25/25", "offloaded %s/%s" % (number, number), "layers " + number)
        changed("size-" + name, "373.73", number, "a size of " + number)
    changed("type", "K (f16)", "K (q2_z)", "an unknown cache type")
    changed("type-refused", "flash_attn    = 0", "flash_attn    = 0\nx: type_k = 'q8_0', type_v = 'q8_0'", "a cache that the runtime refuses")
    c("devices", "".join("load_tensors: CUDA%d model buffer size = 1.00 MiB\n" % i for i in range(3000)), "3,000 devices")
    c("sum", LOAD + "load_tensors: CUDA0 model buffer size = 1000000000000.00 MiB\n" * 300, "a sum beyond 64 bits")
    c("long-line", "x" * 200000 + "\n" + LOAD, "a line of 200 kB, then a good log", "accept")
    c(
        "truncated",
        LOAD,
        "cut at every byte",
        sweep={"op": "truncate", "from": 0, "to": len(LOAD) - 1},
        args=["verify", "{file}"],
        stdin=None,
    )
    c(
        "changed",
        LOAD,
        "every byte changed",
        sweep={"op": "setbyte", "from": 0, "to": len(LOAD) - 1, "values": [0, 0x39, 0xFF]},
        args=["verify", "{file}"],
        stdin=None,
    )
    case("log/zeros", "log", "1 GiB of zeros", "reject", stdin={"rep": "\0" * 1024, "n": 1 << 20}, says=["no buffer sizes"], max_s=5.0)
    case("log/loads", "log", "3,000 loads: flat memory", "stream", stdin={"rep": LOAD, "n": 3000}, max_s=12.0)
    case(
        "log/loads-bad",
        "log",
        "20,000 loads of a model that is not known: no line for each",
        "stream",
        stdin={"rep": LOAD.replace("qwen2.5-0.5b", "zzzz"), "n": 20000},
        max_s=12.0,
        exit="data",
    )
    case("log/folder", "log", "the log is a folder", args=["verify", "{dir}/log"], says=["directory"])
    case("log/missing", "log", "there is no log", args=["verify", "{dir}/log/none"], says=["none"], exit="any")
    case("log/alloc", "log", "every allocation fails in turn", "accept", file="log/ok.txt", args=["verify", "{file}"], setup="alloc_sweep", exit="any")
    case("log/read", "log", "every read fails in turn", "accept", file="log/ok.txt", args=["verify", "{file}"], setup="read_sweep", exit="any")
    case("log/head", "log", "the reader stops after one line", "stream", stdin={"rep": LOAD, "n": 3000}, setup="stdout_head", exit="any", max_s=12.0)
