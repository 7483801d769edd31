"""Reads and writes GGUF headers; what would be data is a hole in the file."""
import os
import struct

MAGIC, STRING, ARRAY, SCALARS = b"GGUF", 8, 9, {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q",
                                                11: "q", 12: "d"}

# name: (number in a file, elements of a block, bytes of a block)
TYPES = {
    "f32": (0, 1, 4), "f16": (1, 1, 2), "q4_0": (2, 32, 18), "q4_1": (3, 32, 20), "q5_0": (6, 32, 22),
    "q5_1": (7, 32, 24), "q8_0": (8, 32, 34), "q2_K": (10, 256, 84), "q3_K": (11, 256, 110), "q4_K": (12, 256, 144),
    "q5_K": (13, 256, 176), "q6_K": (14, 256, 210), "iq2_xxs": (16, 256, 66), "iq2_xs": (17, 256, 74),
    "iq3_xxs": (18, 256, 98), "iq1_s": (19, 256, 50), "iq4_nl": (20, 32, 18), "iq3_s": (21, 256, 110),
    "iq2_s": (22, 256, 82), "iq4_xs": (23, 256, 136), "iq1_m": (29, 256, 56), "bf16": (30, 1, 2), "tq1_0": (34, 256, 54),
    "tq2_0": (35, 256, 66), "mxfp4": (39, 32, 17),
}
NAMES = {number: name for name, (number, _, _) in TYPES.items()}


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        (value,) = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return value

    def string(self):
        n = self.take("Q")
        self.at += n
        return self.data[self.at - n : self.at].decode()

    def value(self, kind):
        if kind == STRING:
            return self.string()
        if kind == ARRAY:
            kind, n = self.take("I"), self.take("Q")
            return [self.value(kind) for _ in range(n)]
        return self.take(SCALARS[kind])


def read(data):
    """-> ({key: value}, [(name, shape, type name)])"""
    r = Reader(data)
    if data[:4] != MAGIC:
        raise ValueError("not a GGUF file")
    r.at = 8
    n_tensors, n_keys = r.take("Q"), r.take("Q")
    keys, tensors = {}, []
    for _ in range(n_keys):
        key = r.string()
        keys[key] = r.value(r.take("I"))
    for _ in range(n_tensors):
        name = r.string()
        shape = [r.take("Q") for _ in range(r.take("I"))]
        tensors.append((name, shape, NAMES[r.take("I")]))
        r.take("Q")
    return keys, tensors


def string(text):
    return struct.pack("<Q", len(text.encode())) + text.encode()


def value(v):
    """-> (type number, bytes)"""
    if isinstance(v, bool):
        return 7, struct.pack("<?", v)
    if isinstance(v, int):
        return (4, struct.pack("<I", v)) if v >= 0 else (5, struct.pack("<i", v))
    if isinstance(v, float):
        return 6, struct.pack("<f", v)
    if isinstance(v, str):
        return STRING, string(v)
    kind = 5 if type(v[0]) is int else value(v[0])[0]
    items = [struct.pack("<i", x) if kind == 5 else value(x)[1] for x in v]
    return ARRAY, struct.pack("<IQ", kind, len(v)) + b"".join(items)


def size(shape, kind):
    _, block, n = TYPES[kind]
    if shape[0] % block:
        raise ValueError("a row of %d is no multiple of a %s block" % (shape[0], kind))
    n *= shape[0] // block
    for d in shape[1:]:
        n *= d
    return n


def write(path, keys, tensors, align=32):
    out = [MAGIC, struct.pack("<IQQ", 3, len(tensors), len(keys))]
    for key, v in keys.items():
        kind, data = value(v)
        out.append(string(key) + struct.pack("<I", kind) + data)
    offset = 0
    for name, shape, kind in tensors:
        out.append(string(name) + struct.pack("<I%dQIQ" % len(shape), len(shape), *shape, TYPES[kind][0], offset))
        offset += -(-size(shape, kind) // align) * align
    head = b"".join(out)
    head += b"\0" * (-len(head) % align)
    with open(path, "wb") as f:
        f.write(head)
    os.truncate(path, len(head) + offset)
    return head, len(head) + offset
