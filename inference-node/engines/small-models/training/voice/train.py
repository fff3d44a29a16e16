"""Trains the detector of voice: `python -m training.voice.train SPEECH_FOLDER WEIGHTS [STEPS]`, minutes of one core.

It learns from tests of the speech model (`training/speech/render.py`): which speech is used matters little to it.
"""

import os
import pickle
import random
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from maker import compact
from maker.vad import BINS, CONTEXT, FFT, HOP, WINDOW, basis
from training.speech import sound

CHANNELS = 24
STEPS, BATCH, RATE, FRAMES = 700, 16, 4e-3, 110
WITHOUT_SPEECH = 0.3
# A frame holds speech when it is within so many dB of the utterance's loudest.
QUIETEST = -35


class Detector(nn.Module):
    """The network that whisper.cpp computes, with fewer channels."""

    def __init__(self):
        super().__init__()
        sizes = [BINS, *[CHANNELS] * 4]
        pairs = zip(sizes, sizes[1:], (1, 2, 2, 1), strict=False)
        self.encoder = nn.ModuleList(nn.Conv1d(a, b, 3, stride=stride, padding=1) for a, b, stride in pairs)
        self.cells = nn.LSTM(CHANNELS, CHANNELS, batch_first=True)
        self.last = nn.Linear(CHANNELS, 1)
        self.register_buffer("basis", torch.from_numpy(basis()), persistent=False)

    def forward(self, waves):
        """Logits [batch, frames] of waves whose length is a multiple of the window."""
        batch, size = waves.shape
        frames = waves.reshape(-1, 1, WINDOW)
        pieces = F.pad(frames, (CONTEXT, CONTEXT), mode="reflect")[:, 0].unfold(1, FFT, HOP)
        spectrum = pieces @ self.basis.t()
        x = (spectrum[..., :BINS] ** 2 + spectrum[..., BINS:] ** 2 + 1e-12).sqrt().transpose(1, 2)
        for layer in self.encoder:
            x = F.relu(layer(x))
        x, _ = self.cells(x[..., 0].reshape(batch, size // WINDOW, CHANNELS))
        return self.last(F.relu(x))[..., 0]


def spoken(samples, size, start):
    """For each frame of the batch's row whether it holds speech."""
    wave = np.zeros(size)
    kept = min(len(samples), size - start)
    wave[start : start + kept] = samples[:kept]
    level = 10 * np.log10((wave.reshape(-1, WINDOW) ** 2).mean(1) + 1e-9)
    loud = level > level.max() + QUIETEST
    # The short gap before a plosive belongs to the word.
    return np.convolve(loud, np.ones(5), "same") > 0


def batch(speech, draw):
    """Waves and what each of their frames holds."""
    size = FRAMES * WINDOW
    waves, labels = np.zeros((BATCH, size), np.float32), np.zeros((BATCH, FRAMES), np.float32)
    for wave, label in zip(waves, labels, strict=True):
        if draw.random() < WITHOUT_SPEECH:
            wave[:] = sound.without_speech(size, draw)
            continue
        samples = draw.choice(speech)[2]
        lead = draw.uniform(0.1, 1.5)
        snr = None if draw.random() < 0.3 else draw.uniform(5, 40)
        trail = max(0.0, size / sound.RATE - lead - len(samples) / sound.RATE) + 0.1
        wave[:] = sound.place(samples, draw, lead, trail, snr, draw.uniform(-26, -0.5), draw.random() < 0.6, most=size)
        label[:] = spoken(samples, size, int(lead * sound.RATE))
    return torch.from_numpy(waves), torch.from_numpy(labels)


@torch.no_grad()
def report(network, speech):
    """Prints how many frames of speech are found, and what is taken for speech."""
    draw = random.Random(17)
    for name, line, gain in (("clear", False, -6), ("telephone", True, -6), ("quiet telephone", True, -24)):
        found, false = [], []
        for _ in range(40):
            samples = draw.choice(speech)[2]
            wave = sound.place(samples, draw, 0.6, 0.8, 20, gain, line)
            wave = wave[: len(wave) // WINDOW * WINDOW]
            label = spoken(samples, len(wave), int(0.6 * sound.RATE))
            heard = network(torch.from_numpy(wave)[None])[0].sigmoid().numpy() > 0.5
            found.append(heard[label].mean())
            false.append(heard[~label].mean())
        print(f"{name}: {np.mean(found):.1%} of speech found, {np.mean(false):.1%} of pauses taken for it", flush=True)
    for name, wave in sound.named_without_speech():
        heard = network(torch.from_numpy(wave[: len(wave) // WINDOW * WINDOW])[None])[0].sigmoid().numpy()
        if (heard > 0.5).any():
            print(f"{name}: {(heard > 0.5).mean():.0%} taken for speech")


def main():
    """Trains, reports, writes."""
    folder, path = Path(sys.argv[1]), Path(sys.argv[2])
    steps = int(sys.argv[3]) if len(sys.argv) > 3 else STEPS
    torch.set_num_threads(int(os.environ.get("THREADS", "2")))
    torch.manual_seed(0)
    draw = random.Random(5)
    speech, other = (
        [utterance for file in sorted(folder.glob(f"{kind}*.pickle")) for utterance in pickle.loads(file.read_bytes())]
        for kind in ("seen-voices", "other-voices")
    )
    network = Detector()
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.01)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / 50) * (1 - step / steps)
        waves, labels = batch(speech, draw)
        loss = F.binary_cross_entropy_with_logits(network(waves), labels)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        if (step + 1) % 100 == 0:
            print(f"step {step + 1}: loss {loss.item():.3f}", flush=True)
    # Scored as it will be kept, in eight bits.
    weights = {name: values.numpy() for name, values in network.state_dict().items()}
    compact.save(path, weights, {"kind": "voice activity"})
    kept, _ = compact.load(path)
    network.load_state_dict({name: torch.from_numpy(values) for name, values in kept.items()})
    report(network, other)
    print(f"{path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
