"""Writes GGUF files in parts, so that any field can be made wrong."""

import struct

U8, I8, U16, I16, U32, I32, F32, BOOL, STR, ARR, U64, I64, F64 = range(13)
FMT = {U8: "B", I8: "b", U16: "H", I16: "h", U32: "I", I32: "i", F32: "f", BOOL: "B", U64: "Q", I64: "q", F64: "d"}
T_F32, T_F16, T_Q4_0, T_Q8_0, T_Q4_K = 0, 1, 2, 8, 12
BLOCK = {T_F32: (1, 4), T_F16: (1, 2), T_Q4_0: (32, 18), T_Q8_0: (32, 34), T_Q4_K: (256, 144)}


class G:
    """A GGUF file in parts, so that any field can be made wrong."""

    def __init__(self, version=3, big=False, v1=False):
        self.e = ">" if big else "<"
        self.v1 = v1
        self.version = version
        self.kvs, self.tis, self.off = [], [], 0
        self.n_kv = self.n_t = None
        self.align = 32
        self.magic = b"GGUF"
        self.data = None

    def p(self, f, *v):
        return struct.pack(self.e + f, *v)

    def s(self, b, n=None):
        if isinstance(b, str):
            b = b.encode()
        n = len(b) if n is None else n
        return (self.p("I", n & 0xFFFFFFFF) if self.v1 else self.p("Q", n)) + b

    def kv(self, key, t, v, raw=None, keylen=None):
        b = self.s(key, keylen) + self.p("I", t)
        if raw is not None:
            b += raw
        elif t == STR:
            b += self.s(v)
        else:
            b += self.p(FMT[t], v)
        self.kvs.append(b)
        return self

    def arr(self, key, t, vals, n=None):
        b = self.s(key) + self.p("I", ARR) + self.p("I", t)
        n = len(vals) if n is None else n
        b += self.p("I", n & 0xFFFFFFFF) if self.v1 else self.p("Q", n)
        self.kvs.append(b + b"".join(self.s(v) if t == STR else self.p(FMT[t], v) for v in vals))
        return self

    def raw(self, b):
        self.kvs.append(b)
        return self

    def t(self, name, dims, ty=T_F32, off=None, ndim=None, namelen=None, size=None):
        b = self.s(name, namelen) + self.p("I", len(dims) if ndim is None else ndim)
        for d in dims:
            b += self.p("I", d & 0xFFFFFFFF) if self.v1 else self.p("Q", d)
        b += self.p("I", ty & 0xFFFFFFFF) + self.p("Q", self.off if off is None else off)
        self.tis.append(b)
        if size is None:
            n = 1
            for d in dims:
                n *= d
            bl, bs = BLOCK.get(ty, (1, 4))
            size = n // bl * bs
        if size < 1 << 40:
            self.off += -(-size // 32) * 32
        return self

    def head(self):
        nk = len(self.kvs) if self.n_kv is None else self.n_kv
        nt = len(self.tis) if self.n_t is None else self.n_t
        c = "I" if self.v1 else "Q"
        m = 0xFFFFFFFF if self.v1 else (1 << 64) - 1
        return (
            self.magic
            + self.p("I", self.version)
            + self.p(c, nt & m)
            + self.p(c, nk & m)
            + b"".join(self.kvs)
            + b"".join(self.tis)
        )

    def build(self, data=True):
        h = self.head()
        if not data:
            return h
        pad = -len(h) % self.align
        return h + b"\0" * pad + b"\0" * self.off


LLAMA = [
    ("general.architecture", STR, "llama"),
    ("general.name", STR, "tiny"),
    ("general.file_type", U32, 0),
    ("llama.block_count", U32, 2),
    ("llama.context_length", U32, 128),
    ("llama.embedding_length", U32, 64),
    ("llama.feed_forward_length", U32, 128),
    ("llama.attention.head_count", U32, 4),
    ("llama.attention.head_count_kv", U32, 2),
    ("llama.attention.layer_norm_rms_epsilon", F32, 1e-5),
]


def model(skip=(), change=(), extra=(), tensors=True, **kw):
    """A small but complete llama; `skip` and `change` break one field."""
    g = G(**kw)
    ch = {k: (t, v) for k, t, v in change}
    for k, t, v in LLAMA:
        if k in skip:
            continue
        if k in ch:
            t, v = ch.pop(k)
        if t == ARR:
            g.arr(k, v[0], v[1])
        else:
            g.kv(k, t, v)
    for k, t, v in extra:
        if t == ARR:
            g.arr(k, v[0], v[1])
        else:
            g.kv(k, t, v)
    if tensors:
        g.t("token_embd.weight", [64, 16])
        for i in range(2):
            g.t("blk.%d.attn_q.weight" % i, [64, 64], T_Q8_0)
            g.t("blk.%d.ffn_up.weight" % i, [64, 128], T_Q4_0)
    return g
