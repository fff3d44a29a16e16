"""Reads each model back as its user would, as far as that costs no more than a moment.

What a check finds wrong raises: the maker then stops, and with it the tests that wanted the models.
"""

import json
import struct
import tomllib
from pathlib import Path

import gguf
import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator
from safetensors import safe_open

from maker.whisper import MAGIC


class Wrong(Exception):
    """A model that its reader would refuse."""


def demand(condition, what):
    """Raises when a model is not as it must be."""
    if not condition:
        raise Wrong(what)


def check(folder: Path, manifest):
    """Checks the manifest and the files; returns a word on what was found."""
    stored = tomllib.loads((folder / "model.toml").read_text(encoding="utf-8"))
    demand(stored["id"] == folder.name, f"{folder}: the manifest is named {stored['id']}")
    listed = sorted(entry["path"] for entry in stored["files"])
    present = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and p.name != "model.toml")
    demand(listed == present, f"{folder}: the manifest lists {listed}, the folder has {present}")
    return CHECKS[manifest.id](folder)


def check_gguf(folder):
    """llama.cpp's own reader, and the numbers it finds."""
    reader = gguf.GGUFReader(next(folder.glob("*.gguf")))
    tokens = len(reader.fields["tokenizer.ggml.tokens"].data)
    names = {tensor.name: tensor for tensor in reader.tensors}
    demand(int(names["token_embd.weight"].shape[1]) == tokens, "tiny-llama: tokens and embeddings differ in number")
    layers = int(reader.fields["llama.block_count"].parts[-1][0])
    demand(len(names) == 3 + 9 * layers, f"tiny-llama: {len(names)} tensors")
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        demand(np.isfinite(values).all(), f"tiny-llama: {tensor.name} is not finite")
    return f"{len(names)} tensors, {tokens} tokens"


def check_safetensors(folder):
    """Finite tensors, as many tokens as the tokenizer has, and JSON that parses."""
    for path in folder.rglob("*.json"):
        json.loads(path.read_text(encoding="utf-8"))
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    vocabulary = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    demand(config["vocab_size"] == len(vocabulary), f"{folder.name}: {len(vocabulary)} tokens")
    demand(sorted(vocabulary.values()) == list(range(len(vocabulary))), f"{folder.name}: ids with gaps")
    with safe_open(folder / "model.safetensors", "numpy") as file:
        names = list(file.keys())
        for name in names:
            demand(np.isfinite(file.get_tensor(name)).all(), f"{folder.name}: {name} is not finite")
    return f"{len(names)} tensors, {len(vocabulary)} tokens"


class Walk:
    """Reads a ggml file from its beginning."""

    def __init__(self, path):
        self.data, self.at = path.read_bytes(), 0

    def integers(self, count):
        """The next 32-bit integers."""
        self.at += 4 * count
        return struct.unpack_from(f"<{count}i", self.data, self.at - 4 * count)

    def skip(self, size):
        """Passes over bytes."""
        self.at += size
        demand(self.at <= len(self.data), "a ggml file ends too early")

    def tensors(self):
        """Names and shapes of all tensors up to the end of the file."""
        found = {}
        while self.at < len(self.data):
            dimensions, length, kind = self.integers(3)
            shape = self.integers(dimensions)
            name = self.data[self.at : self.at + length].decode()
            self.skip(length)
            found[name] = shape
            values = np.frombuffer(self.data, np.float16 if kind else np.float32, int(np.prod(shape)), self.at)
            demand(np.isfinite(values).all(), f"{name} is not finite")
            self.skip(values.nbytes)
        return found


def check_whisper(folder):
    """The header, the vocabulary and the number of tensors of a speech model."""
    walk = Walk(next(folder.glob("*.bin")))
    magic, vocabulary, positions, width, _, audio_layers, _, _, _, text_layers, mels, _ = walk.integers(12)
    demand(magic == MAGIC, "tiny-whisper: no ggml file")
    demand(positions % 256 == 0, "tiny-whisper: whisper.cpp wants multiples of 256 positions")
    rows, columns = walk.integers(2)
    demand(rows == mels, "tiny-whisper: mel filters")
    walk.skip(rows * columns * 4)
    (words,) = walk.integers(1)
    for _ in range(words):
        walk.skip(*walk.integers(1))
    tensors = walk.tensors()
    demand(len(tensors) == 11 + 15 * audio_layers + 24 * text_layers, f"tiny-whisper: {len(tensors)} tensors")
    demand(tensors["decoder.token_embedding.weight"] == (width, vocabulary), "tiny-whisper: embeddings")
    return f"{len(tensors)} tensors, {words} words"


def check_vad(folder):
    """The header and the tensors of a detector of voice."""
    walk = Walk(next(folder.glob("*.bin")))
    magic, length = walk.integers(2)
    demand(magic == MAGIC, "tiny-vad: no ggml file")
    walk.skip(length)
    *_, layers = walk.integers(6)
    walk.integers(3 * layers + 4)
    tensors = walk.tensors()
    demand(len(tensors) == 1 + 2 * layers + 4 + 2, f"tiny-vad: {len(tensors)} tensors")
    return f"{len(tensors)} tensors"


def check_piper(folder):
    """Speaks two sounds, once slower, with ONNX's own interpreter."""
    model = onnx.load(next(folder.glob("*.onnx")))
    onnx.checker.check_model(model, full_check=True)
    config = json.loads(next(folder.glob("*.onnx.json")).read_text(encoding="utf-8"))
    ids = [config["phoneme_id_map"][phoneme][0] for phoneme in "^_a_s_$"]
    speak, lengths = ReferenceEvaluator(model), []
    for scale in (1.0, 2.0):
        inputs = {"input": [ids], "input_lengths": [len(ids)]}
        inputs = {name: np.array(values, np.int64) for name, values in inputs.items()}
        (sound,) = speak.run(None, inputs | {"scales": np.array([0.667, scale, 0.8], np.float32)})
        demand(sound.shape[:3] == (1, 1, 1) and np.abs(sound).max() > 0.05, f"tiny-piper: {sound.shape}")
        lengths.append(sound.shape[-1])
    demand(lengths[1] == 2 * lengths[0], f"tiny-piper: {lengths} samples")
    return f"{len(model.graph.node)} operations"


CHECKS = {
    "tiny-llama": check_gguf,
    "tiny-llama-safetensors": check_safetensors,
    "tiny-embeddings": check_safetensors,
    "tiny-whisper": check_whisper,
    "tiny-vad": check_vad,
    "tiny-piper": check_piper,
}
