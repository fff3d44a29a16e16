"""Makes the committed weights from a checkpoint: `python -m training.speech.export CHECKPOINT WEIGHTS`."""

import json
import sys
from pathlib import Path

import torch

from maker import compact
from training.speech.network import SHAPE
from training.speech.vocabulary import SPECIAL, TOKENS, VOCABULARY_SIZE

# Dropped: what only training needs, and what the expander computes.
DROPPED = ("letters.", "encoder.positional_embedding")


def main():
    """Writes the weights in eight bits with the vocabulary beside them."""
    state = torch.load(sys.argv[1])["network"]
    weights = {name: values.numpy() for name, values in state.items() if not name.startswith(DROPPED)}
    description = {"shape": SHAPE, "vocabulary_size": VOCABULARY_SIZE, "special": SPECIAL, "tokens": TOKENS}
    text = json.dumps(description, ensure_ascii=False, separators=(",", ":"))
    compact.save(Path(sys.argv[2]), weights, {"whisper": text})
    print(f"{Path(sys.argv[2]).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
