"""Makes all small models: `python -m maker OUTPUT_FOLDER`. `make` beside this folder runs it with what it needs."""

import shutil
import sys
from pathlib import Path

from maker import check, embeddings, llama, piper, tokenizer, vad, whisper
from maker.manifest import Manifest

WEIGHTS = Path(__file__).parent.parent / "weights"
MB = 1_000_000
LANGUAGES = ["ro", "hu", "en"]


def role(path):
    """What a file is to its model, by its name."""
    if path.startswith("tokenizer"):
        return "tokenizer"
    return "config" if path.endswith(".json") else "weights"


def models():
    """Each model: its manifest, and what writes its files into a folder."""
    merges = tokenizer.read_merges(WEIGHTS / "tiny-llama.merges")
    text, context = WEIGHTS / "tiny-llama.safetensors", 2048
    yield (
        Manifest("tiny-llama", "chat", "mistral", LANGUAGES, 60 * MB, vram_bytes=200 * MB, context=context),
        lambda folder: llama.write_gguf(folder, text, merges),
    )
    yield (
        Manifest("tiny-llama-safetensors", "chat", "mistral", LANGUAGES, 60 * MB, vram_bytes=200 * MB, context=context),
        lambda folder: llama.write_safetensors(folder, text, merges),
    )
    yield (
        Manifest("tiny-embeddings", "embeddings", "mistral", ["*"], 40 * MB, vram_bytes=200 * MB, context=context),
        lambda folder: embeddings.write(folder, merges),
    )
    yield (
        # It learnt single sentences, without times and without text before; a second try draws by chance.
        Manifest(
            "tiny-whisper", "transcription", "whisper", LANGUAGES, 60 * MB, vram_bytes=300 * MB,
            settings={"temperature_increment": 0.0, "timestamps": False, "context_tokens": 0},
        ),  # fmt: skip
        lambda folder: whisper.write(folder, WEIGHTS / "tiny-whisper.safetensors"),
    )
    yield (
        Manifest("tiny-vad", "voice-activity", "whisper", ["*"], 10 * MB),
        lambda folder: vad.write(folder, WEIGHTS / "tiny-vad.safetensors"),
    )
    yield (
        Manifest("tiny-piper", "speech", "piper", ["ro"], 40 * MB, voice=("tiny", piper.SAMPLE_RATE)),
        piper.write,
    )


def make(output: Path):
    """Writes every model into its own folder, and checks it by reading it back."""
    for manifest, write in models():
        folder = output / manifest.id
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        manifest.files = [(path, role(path)) for path in write(folder)]
        manifest.write(folder)
        for path in folder.rglob("*"):
            # safetensors makes its files readable by their owner alone.
            path.chmod(0o755 if path.is_dir() else 0o644)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        print(f"{folder}  {size / MB:.1f} MB, {check.check(folder, manifest)}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m maker OUTPUT_FOLDER")
    make(Path(sys.argv[1]))
