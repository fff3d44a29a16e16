"""Trained weights in a quarter of their size: eight bits a value and a scale for each row, in a safetensors file.

A matrix `x` lies there as `x` (int8) and `x.scale` (half precision); a vector in half precision. Enough for models that
are trained here; what they lose is in the README's figures.
"""

from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file


def save(path: Path, weights, description):
    """Writes `weights` (name to array) with a `description` (name to text)."""
    packed = {}
    for name, values in weights.items():
        values = np.asarray(values, np.float32)
        if values.ndim < 2:
            packed[name] = values.astype(np.float16)
            continue
        rows = values.reshape(len(values), -1)
        scale = (np.abs(rows).max(1) / 127 + 1e-7).astype(np.float16)
        steps = np.round(rows / scale[:, None].astype(np.float32)).clip(-127, 127)
        packed[name] = steps.astype(np.int8).reshape(values.shape)
        packed[f"{name}.scale"] = scale
    save_file(packed, path, description)


def load(path: Path):
    """The weights in single precision, and their description."""
    with safe_open(path, "numpy") as file:
        stored = {name: file.get_tensor(name) for name in file.keys()}
        description = file.metadata()
    weights = {}
    for name, values in stored.items():
        if name.endswith(".scale"):
            continue
        scale = stored.get(f"{name}.scale")
        values = values.astype(np.float32)
        if scale is not None:
            values *= scale.astype(np.float32).reshape(-1, *[1] * (values.ndim - 1))
        weights[name] = values
    return weights, description
