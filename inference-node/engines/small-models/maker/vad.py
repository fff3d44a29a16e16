"""`tiny-vad`: a detector of voice in whisper.cpp's format for Silero's network, with weights of our own training.

Silero's own weights are not used. The network has the same shape; of its channels only the first few are trained
(`training/voice`), the rest are zero, and so the weights that are kept are small.
"""

from pathlib import Path

import numpy as np

from maker import compact
from maker.whisper import F16, F32, MAGIC, integers, tensor

WINDOW, CONTEXT, FFT, HOP = 512, 64, 256, 128
BINS = FFT // 2 + 1
# Channels in, channels out, kernel of the four layers; whisper.cpp's graph knows no others.
LAYERS = [(BINS, 128, 3), (128, 64, 3), (64, 64, 3), (64, 128, 3)]
CELLS = 128


def basis():
    """The waves that the sound is compared with: cosines, then sines, under a Hann window, [258, 256]."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT) / FFT)
    angle = 2 * np.pi * np.outer(np.arange(BINS), np.arange(FFT)) / FFT
    return np.concatenate([window * np.cos(angle), -window * np.sin(angle)]).astype(np.float32)


def widened(values, *shape):
    """`values` in the corner of zeros."""
    wide = np.zeros(shape, np.float32)
    wide[tuple(slice(size) for size in values.shape)] = values
    return wide


def gates(values, *shape):
    """The same for the LSTM's four gates, which lie one after the other."""
    return np.concatenate([widened(gate, CELLS, *shape) for gate in np.split(values, 4)])


def tensors(weights):
    """The tensors by the names that whisper.cpp looks for, each with its number format."""
    found = {"stft.forward_basis_buffer": (basis()[:, None], F16)}
    for layer, (into, out, kernel) in enumerate(LAYERS):
        weight = weights[f"encoder.{layer}.weight"]
        found[f"encoder.{layer}.reparam_conv.weight"] = (widened(weight, out, into, kernel), F16)
        found[f"encoder.{layer}.reparam_conv.bias"] = (widened(weights[f"encoder.{layer}.bias"], out), F32)
    for name in ("ih", "hh"):
        found[f"decoder.rnn.weight_{name}"] = (gates(weights[f"cells.weight_{name}_l0"], CELLS), F32)
        found[f"decoder.rnn.bias_{name}"] = (gates(weights[f"cells.bias_{name}_l0"]), F32)
    found["decoder.decoder.2.weight"] = (widened(weights["last.weight"], 1, CELLS), F16)
    found["decoder.decoder.2.bias"] = (weights["last.bias"], F32)
    return {f"_model.{name}": values for name, values in found.items()}


def write(folder: Path, source: Path):
    """Writes the model; returns the names of the files."""
    weights, _ = compact.load(source)
    name, kind = "ggml-tiny-vad.bin", b"silero-16k"
    parts = [integers(MAGIC, len(kind)) + kind + integers(5, 1, 2, WINDOW, CONTEXT, len(LAYERS))]
    parts += [integers(*layer) for layer in LAYERS]
    parts.append(integers(HOP, CELLS, CELLS, 1))
    parts += [tensor(label, values, form) for label, (values, form) in tensors(weights).items()]
    (folder / name).write_bytes(b"".join(parts))
    return [name]
