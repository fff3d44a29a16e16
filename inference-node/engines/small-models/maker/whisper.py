"""`tiny-whisper`: a small speech model in whisper.cpp's ggml format, from the trained weights beside this program.

The weights keep one row for each token that the model knows, in eight bits; the file wants a row for each of Whisper's
51,865 ids, in half precision. The rest of the file is computed: mel filters, the encoder's positions, the header.
"""

import json
import struct
from pathlib import Path

import numpy as np

from maker import compact

MAGIC = 0x67676D6C
MELS, BINS, SAMPLE_RATE = 80, 201, 16_000
F32, F16 = 0, 1


def mel_filters():
    """Triangular mel filters on Slaney's scale, each of equal area, [80, 201]."""

    def to_mel(hertz):
        hertz = np.asarray(hertz, np.float64)
        curved = 15 + np.log(np.maximum(hertz, 1e-9) / 1000) / (np.log(6.4) / 27)
        return np.where(hertz >= 1000, curved, hertz * 3 / 200)

    def to_hertz(mel):
        mel = np.asarray(mel, np.float64)
        return np.where(mel >= 15, 1000 * np.exp(np.log(6.4) / 27 * (mel - 15)), mel * 200 / 3)

    bins = np.linspace(0, SAMPLE_RATE / 2, BINS)
    edges = to_hertz(np.linspace(to_mel(0), to_mel(SAMPLE_RATE / 2), MELS + 2))
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    return (np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)).astype(np.float32)


def sinusoids(length, width):
    """The encoder's table of positions: sines, then cosines."""
    slope = np.exp(-np.log(10_000) / (width // 2 - 1) * np.arange(width // 2))
    angle = np.arange(length)[:, None] * slope[None]
    return np.concatenate([np.sin(angle), np.cos(angle)], 1).astype(np.float32)


def integers(*values):
    """Little-endian 32-bit integers."""
    return struct.pack(f"<{len(values)}i", *values)


def tensor(name, values, kind):
    """One tensor with its header; ggml counts dimensions from the innermost."""
    label = name.encode()
    header = integers(values.ndim, len(label), kind) + integers(*values.shape[::-1]) + label
    return header + np.ascontiguousarray(values, np.float16 if kind == F16 else np.float32).tobytes()


def embedding(rows, description):
    """A row for every id: words on the lowest, the named specials in their places, one shared row elsewhere."""
    words = len(description["tokens"])
    table = np.repeat(rows[-1:], description["vocabulary_size"], 0)
    table[:words] = rows[:words]
    for index, place in enumerate(description["special"].values()):
        table[place] = rows[words + index]
    return table


def expand(weights, description):
    """The whole ggml file as bytes."""
    shape, tokens = description["shape"], description["tokens"]
    width, heads = shape["width"], shape["heads"]
    parts = [
        integers(MAGIC, description["vocabulary_size"], shape["audio_positions"], width, heads),
        integers(shape["encoder_layers"], shape["text_positions"], width, heads, shape["decoder_layers"], MELS, F16),
        integers(MELS, BINS),
        mel_filters().tobytes(),
        integers(len(tokens)),
    ]
    for token in tokens:
        text = token.encode()
        parts.append(integers(len(text)) + text)
    positions = sinusoids(shape["audio_positions"], width)
    parts.append(tensor("encoder.positional_embedding", positions, F32))
    for name in sorted(weights):
        values = weights[name]
        if name == "decoder.token_embedding.weight":
            values = embedding(values, description)
        if name in ("encoder.conv1.bias", "encoder.conv2.bias"):
            parts.append(tensor(name, values.reshape(-1, 1), F32))
        elif values.ndim == 1 or name == "decoder.positional_embedding":
            parts.append(tensor(name, values, F32))
        else:
            parts.append(tensor(name, values, F16))
    return b"".join(parts)


def write(folder: Path, source: Path):
    """Writes the model; returns the names of the files."""
    weights, description = compact.load(source)
    name = "ggml-tiny-whisper.bin"
    (folder / name).write_bytes(expand(weights, json.loads(description["whisper"])))
    return [name]
