"""What all kinds of cases share: templates, set-ups, and the two calls that record a case."""

import os

# The one place to edit when the command line changes.
TEMPLATES = {
    "gguf": ["{file}", "--gpu", "24GiB"],
    "safetensors": ["{file}", "--gpu", "24GiB"],
    "config": ["{file}", "--gpu", "24GiB"],
    "index": ["{file}", "--gpu", "24GiB"],
    "ollama": ["{file}", "--gpu", "24GiB"],
    "catalog": ["list", "models", "--catalog", "{file}"],
    "check": ["check", "{file}"],  # findings are its answer: they are looked for on stdout
    "list": ["--models-from", "-", "--gpu", "24GiB"],
    "log": ["verify", "-"],
    "vram": ["llama-3.1-8b", "--gpu"],  # + the value
    "ctx": ["llama-3.1-8b", "--gpu", "24GiB", "--context"],
    "plain": ["llama-3.1-8b", "--gpu", "24GiB"],
    "listall": ["list", "models"],
    "json": ["llama-3.1-8b", "--gpu", "24GiB", "--format", "json"],
}
SETUPS = {
    "fifo": "file is a FIFO that nobody writes to",
    "dir": "file is a directory",
    "unreadable": "mode 000; skip when run as root",
    "growing": "a writer appends to the file while the tool reads it",
    "shrinking": "the file is cut to 0 bytes while the tool reads it",
    "stdout_closed": "file descriptor 1 is closed before exec",
    "stdin_closed": "file descriptor 0 is closed before exec",
    "stderr_closed": "file descriptor 2 is closed before exec",
    "all_closed": "descriptors 0, 1 and 2 are closed before exec",
    "stdout_full": "stdout is /dev/full",
    "stderr_full": "stderr is /dev/full",
    "stdout_broken": "stdout is a pipe whose reader is gone, SIGPIPE at its default",
    "stdout_broken_ign": "the same with SIGPIPE ignored (EPIPE)",
    "stdout_head": "the reader takes one line and closes",
    "stdout_slow": "a non-blocking pipe with a slow reader (EAGAIN, short writes)",
    "fsize0": "RLIMIT_FSIZE 0 and stdout a regular file (EFBIG, SIGXFSZ)",
    "open_sweep": "open call number 1, 2, 3 ... gives EMFILE",
    "stack64k": "RLIMIT_STACK 64 KiB",
    "as64m": "RLIMIT_AS 64 MiB",
    "argc0": "execve with an empty argument vector",
    "alloc_sweep": "allocation number 1, 2, 3 ... fails, once and from there on",
    "read_sweep": "read call number 1, 2, 3 ... gives EIO, EINTR or 1 byte",
    "write_sweep": "write call number 1, 2, 3 ... gives ENOSPC, EINTR or a short count",
    "tty80": "stdout is a pseudo-terminal of 80 columns",
    "tty0": "stdout is a pseudo-terminal of 0 columns",
    "twice": "run twice, also in another directory, locale and time zone; compare bytes",
    "readcount": "strace: count the bytes read from the file",
    "inside": "strace: no file is opened outside the folder of the input",
    "nowrite": "strace or seccomp: no open for writing, no socket, no exec",
}

FOLDER = ""
ROWS = []
NAMES = set()


def out(path):
    return os.path.join(FOLDER, path)


def put(path, data, size=None):
    full = out(path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "wb") as f:
        f.write(data)
        if size is not None and size > len(data):
            while True:  # sparse tail; some file systems allow less
                try:
                    f.truncate(size)
                    break
                except OSError:
                    size //= 2
                    if size <= len(data):
                        break
    return path


def case(
    name,
    kind,
    why,
    verdict="reject",
    exit=None,
    says=(),
    file="",
    args=None,
    stdin=None,
    setup=None,
    sweep=None,
    env=None,
    max_s=1.0,
    max_mib=64,
    prior="",
    cwd="",
):
    assert name not in NAMES, name
    assert setup is None or setup in SETUPS, setup
    NAMES.add(name)
    if exit is None:
        exit = {"accept": "ok", "reject": "data", "either": "any", "stream": "any"}[verdict]
    if args is None:
        args = TEMPLATES[kind]
    ROWS.append(
        {
            "name": name,
            "kind": kind,
            "file": file,
            "args": args,
            "stdin": stdin,
            "setup": setup,
            "sweep": sweep,
            "env": env or {},
            "cwd": cwd,
            "why": why,
            "prior": prior,
            "expect": {"verdict": verdict, "exit": exit, "says": list(says), "max_s": max_s, "max_mib": max_mib},
        }
    )
