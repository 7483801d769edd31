"""Random but legal shapes: the hyperparameters of a stored model with other numbers."""

HEADS = [1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 40]
HEAD_SIZES = [40, 48, 50, 64, 64, 64, 72, 80, 96, 96, 100, 112, 128, 128, 128, 128, 160, 160, 192, 256, 256]
EXPERTS = [1, 2, 3, 5, 8, 8, 16, 33, 64]
WINDOWS = [1, 100, 128, 256, 512, 1000, 1024, 4096]


def width(rng, low, high):
    """Mostly a multiple of 256, sometimes of 32, sometimes odd ones."""
    step = rng.choice([256, 256, 256, 128, 64, 32, 32, 8, 2])
    return max(step, rng.randint(low, high) // step * step)


def divisor(rng, n):
    return rng.choice([d for d in range(1, n + 1) if n % d == 0])


def near(rng, low, n):
    return rng.randint(min(low, n), n)


class Shape:
    """Makes k, the keys without the architecture's name, into those of another model."""

    def __init__(self, arch, k, rng):
        self.arch, self.k, self.old, self.rng = arch, k, dict(k), rng
        self.layers()
        self.heads()
        self.mla()
        self.recurrent()
        self.ffn()
        self.window()
        k["vocab_size"] = rng.choice([rng.randint(100, 160000), rng.randint(10, 2500) * 64, 32000, 128256])

    def scale(self, key, values):
        if self.k.get(key):
            self.k[key] = self.rng.choice(values)

    def layers(self):
        k, rng, old = self.k, self.rng, self.old["block_count"]
        n = rng.choice([1, 2, 3, 4, 5, 6, 7, 8, 9, 12])
        if self.arch in ("gemma3n", "llama4"):
            n = rng.randint(21, 26)
        if self.arch == "deepseek2" and "attention.q_lora_rank" not in k:
            n = 27  # by which llama.cpp knows the models without
        if self.arch.startswith(("qwen3", "kimi", "bailingmoe3")):
            n = max(4, n)  # every fourth layer of the hybrid ones has attention
        if self.arch == "baichuan":
            n = rng.choice([32, 40, n])  # the two published ones differ by that
        n += k.get("nextn_predict_layers", 0)
        k["block_count"] = n
        first = rng.randint(0, max(0, old - n))
        for key, v in k.items():
            if isinstance(v, list) and len(v) == old and not key.endswith("sections"):
                k[key] = [v[(first + i) % old] for i in range(n)]
        for key in ("leading_dense_block_count", "attention.shared_kv_layers"):
            if k.get(key):
                k[key] = rng.randint(0, n - 1)
        if self.arch in ("gemma3n", "gemma4"):  # the last layers of their own must be a windowed and a full one
            own = 20 if self.arch == "gemma3n" else max(2, n - k.get("attention.shared_kv_layers", 0))
            k["attention.shared_kv_layers"] = n - own
            k["attention.sliding_window_pattern"] = [(i - own) % 5 != 4 for i in range(n)]

    def heads(self):
        k, rng = self.k, self.rng
        h = k.get("attention.head_count")
        k["embedding_length"] = width(rng, 128, 4096)
        if not h or isinstance(h, list):
            return
        n, size = rng.choice(HEADS), rng.choice(HEAD_SIZES)
        k["attention.head_count"] = n
        kv = k.get("attention.head_count_kv")
        if isinstance(kv, list):
            latent = "attention.kv_lora_rank" in k  # one head for all
            new = {v: divisor(rng, n) if v and not latent else v for v in sorted(set(kv))}
            k["attention.head_count_kv"] = [new[v] for v in kv]
        elif kv and self.old["attention.head_count"] == kv and ("attention.kv_lora_rank" in k or rng.random() < 0.7):
            k["attention.head_count_kv"] = n
        elif kv and "attention.kv_lora_rank" not in k:
            k["attention.head_count_kv"] = divisor(rng, n) if rng.random() < 0.95 else rng.randint(1, n)
        if "attention.kv_lora_rank" in k:
            return
        if self.arch == "bailingmoe2":  # its fused projection is that wide
            k["embedding_length"] = n * size
        if "attention.key_length" in k or rng.random() < 0.2:
            k["attention.key_length"] = k["attention.value_length"] = size
            if rng.random() < 0.02:  # most of llama.cpp's graphs abort then
                k["attention.value_length"] = rng.choice(HEAD_SIZES)
        else:
            k["embedding_length"] = n * size
        if "attention.key_length_swa" in k:
            swa = rng.choice(HEAD_SIZES)
            k["attention.key_length_swa"] = k["attention.value_length_swa"] = k["rope.dimension_count_swa"] = swa
        self.rope(size)

    def rope(self, size):
        k, rng = self.k, self.rng
        old = self.old.get("attention.key_length") or self.old["embedding_length"] // self.old["attention.head_count"]
        if "rope.dimension_count" in k:
            whole = k["rope.dimension_count"] == old
            k["rope.dimension_count"] = size if whole else rng.randint(4, size // 2) * 2
        if "rope.dimension_sections" in k:
            n = k["rope.dimension_count"] // 2
            k["rope.dimension_sections"] = [n - 2 * (n // 3), n // 3, n // 3, 0]

    def mla(self):
        k, rng = self.k, self.rng
        if "attention.kv_lora_rank" not in k:
            return
        if rng.random() < 0.4:
            return  # the published sizes have kernels of their own
        rank, nope, rope, v = rng.choice([64, 128, 256, 512]), rng.choice([32, 64, 128]), rng.choice([16, 32, 64]), rng.choice([32, 64, 128])
        k["attention.kv_lora_rank"], k["rope.dimension_count"] = rank, rope
        if "attention.key_length_mla" in k:
            k.update({"attention.key_length": rank + rope, "attention.value_length": rank,
                      "attention.key_length_mla": nope + rope, "attention.value_length_mla": v})
        else:
            k.update({"attention.key_length": nope + rope, "attention.value_length": v})
        self.scale("attention.q_lora_rank", [64, 192, 768, 1536])
        self.scale("attention.indexer.top_k", [64, 256, 2048])

    def recurrent(self):
        k, rng = self.k, self.rng
        self.scale("shortconv.l_cache", [2, 3, 4])
        self.scale("ssm.conv_kernel", [2, 4, 4, 4, 5])
        if "wkv.head_size" in k:
            k["embedding_length"] = rng.randint(2, 40) * k["wkv.head_size"]
            for key in ("attention.decay_lora_rank", "attention.iclr_lora_rank", "attention.gate_lora_rank",
                        "attention.value_residual_mix_lora_rank", "time_mix_extra_dim", "time_decay_extra_dim"):
                self.scale(key, [32, 64, 96, 128])
        if "ssm.inner_size" not in k:
            return
        if self.arch.startswith("qwen3"):  # delta net: state size is the head size, groups the key heads
            groups, size = rng.choice([1, 2, 4, 8]), rng.choice([64, 128])
            heads = groups * rng.choice([1, 2, 3])
            k.update({"ssm.state_size": size, "ssm.time_step_rank": heads, "ssm.group_count": groups, "ssm.inner_size": heads * size})
            return
        if "ssm.group_count" in k:
            groups, size = rng.choice([1, 1, 2, 4, 8]), rng.choice([32, 64, 64, 128])
            heads = groups * rng.randint(1, 12)
            if self.arch in ("mamba2", "granitehybrid") and heads * size % 2:
                heads *= 2
            k.update({"ssm.time_step_rank": heads, "ssm.group_count": groups, "ssm.inner_size": heads * size})
            self.scale("ssm.state_size", [16, 64, 128, 256])
            if self.arch in ("mamba2", "granitehybrid"):
                k["embedding_length"] = heads * size // 2
        else:
            self.scale("ssm.state_size", [8, 16, 32])
            self.scale("ssm.time_step_rank", [16, 48, 160, 256])
            k["ssm.inner_size"] = 2 * k["embedding_length"]

    def ffn(self):
        k, rng = self.k, self.rng
        for key in ("feed_forward_length", "expert_feed_forward_length", "expert_shared_feed_forward_length"):
            if k.get(key):
                new = width(rng, 64, 8192 if key == "feed_forward_length" else 2048)
                k[key] = [new if v else 0 for v in k[key]] if isinstance(k[key], list) else new
        if k.get("expert_count"):
            k["expert_count"] = rng.choice(EXPERTS)
            k["expert_used_count"] = rng.randint(1, min(8, k["expert_count"]))
            self.scale("expert_shared_count", [1, 1, 2, 3])
        if self.arch != "gemma3n":  # there it is a constant of llama.cpp
            self.scale("embedding_length_per_layer_input", [64, 128, 256])

    def window(self):
        self.scale("attention.sliding_window", WINDOWS)


def vary(keys, rng):
    """Keys of a random model of the same architecture."""
    arch = keys["general.architecture"]
    own = {key[len(arch) + 1 :]: v for key, v in keys.items() if key.startswith(arch + ".")}
    other = {key: v for key, v in keys.items() if not key.startswith(arch + ".")}
    Shape(arch, own, rng)
    return dict(other, **{arch + "." + key: v for key, v in own.items()})
