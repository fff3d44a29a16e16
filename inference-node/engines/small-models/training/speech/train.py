"""Trains the speech model: `python -m training.speech.train SPEECH_FOLDER CHECKPOINT [STEPS]`.

Every batch is made anew: other noise, gain, silence, line and speed for the same rendered speech. A run with the same
number of steps sees the same batches; its weights still differ in their last digits between processors.
"""

import math
import os
import pickle
import random
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from training.speech import sound
from training.speech.network import SHAPE, Network, log_mel
from training.speech.vocabulary import BLANK, LETTERS, NAMED_ROWS, PHRASES, ROW_OF, TOKENS

BATCH = 32
STEPS = 3200
SAVE_EVERY, SCORE_EVERY = 100, 800
RATE, WARM_UP = 1.5e-3, 150
# The first part of a run sees windows that fit their batch, which is five times as fast; the encoder's positions are
# no parameters, so what it learns there holds in the whole window, which the second part mixes in.
SHORT_WINDOWS = 0.85
SHORT_MOST = 304
WITHOUT_SPEECH = 0.1
LETTERS_WEIGHT = 0.4
SAMPLES_PER_POSITION = 320
START, TRANSCRIBE, NO_TIMESTAMPS, NO_SPEECH, END = (
    ROW_OF[f"<{name}>"] for name in ("start", "transcribe", "no_timestamps", "no_speech", "end")
)
IGNORED = -1


def silent_target(draw):
    """Tokens in, tokens out and letters where nobody speaks."""
    language = ROW_OF[f"<{draw.choice(['ro', 'ro', 'hu', 'en'])}>"]
    tokens = [START, language, TRANSCRIBE, NO_TIMESTAMPS, BLANK]
    return tokens, [NO_SPEECH, IGNORED, IGNORED, BLANK, END], []


def spoken_target(language, text, draw):
    """Tokens in, tokens out and letters of an utterance; at times the caller's language is set wrongly."""
    words = [ROW_OF[word] for word in text.split()]
    heard = ROW_OF[f"<{language}>"]
    told = heard if draw.random() < 0.85 else ROW_OF["<ro>"]
    tokens = [START, told, TRANSCRIBE, NO_TIMESTAMPS, *words]
    return tokens, [heard, IGNORED, IGNORED, *words, END], [LETTERS[letter] for letter in text]


def batch(speech, draw, positions):
    """One batch of waves and targets; `positions` of 0 chooses the shortest window that holds it."""
    pool = sorted((draw.choice(speech) for _ in range(BATCH * 4)), key=lambda utterance: len(utterance[2]))
    quarter = draw.randrange(4) * BATCH
    chosen = pool[quarter : quarter + BATCH]
    if positions == 0:
        seconds = len(chosen[-1][2]) / 0.88 / sound.RATE + 1.0
        positions = min(SHORT_MOST, math.ceil(seconds * 50 / 16) * 16)
    size = positions * SAMPLES_PER_POSITION
    waves, targets = np.zeros((BATCH, size), np.float32), []
    for wave, (language, text, samples) in zip(waves, chosen, strict=True):
        if draw.random() < WITHOUT_SPEECH:
            long = draw.randint(2000, size // 2) * 2
            wave[:long] = sound.without_speech(long, draw)[:long]
            targets.append(silent_target(draw))
            continue
        rate = draw.uniform(0.88, 1.14)
        room = max(0.0, size / sound.RATE - len(samples) / rate / sound.RATE - 0.03)
        far = draw.random() > 0.8
        lead = draw.uniform(0, room if far else min(room, 0.8))
        trail = draw.uniform(0, room - lead if far else min(room - lead, 1.0))
        snr = None if draw.random() < 0.3 else draw.uniform(5, 40)
        placed = sound.place(samples, draw, lead, trail, snr, draw.uniform(-26, -0.5), draw.random() < 0.6, rate, size)
        wave[: len(placed)] = placed
        targets.append(spoken_target(language, text, draw))
    longest = max(len(tokens) for tokens, _, _ in targets)
    tokens = torch.tensor([t + [END] * (longest - len(t)) for t, _, _ in targets])
    wanted = torch.tensor([w + [IGNORED] * (longest - len(w)) for _, w, _ in targets])
    return torch.from_numpy(waves), tokens, wanted, [letters for _, _, letters in targets], positions


def mask(mel, draw):
    """Hides a band of frequencies or a stretch of time of some pictures."""
    mel = mel.clone()
    for picture in mel:
        if draw.random() < 0.6:
            size = draw.randint(1, 12)
            at = draw.randint(0, 80 - size)
            picture[at : at + size] = picture.mean()
        if draw.random() < 0.4:
            size = draw.randint(1, 20)
            at = draw.randint(0, picture.shape[1] - size)
            picture[:, at : at + size] = picture.mean()
    return mel


def loss_of(network, speech, draw, positions):
    """The loss of a fresh batch."""
    waves, tokens, wanted, letters, positions = batch(speech, draw, positions)
    mel = mask(log_mel(waves, 2 * positions), draw)
    with torch.autocast("cpu", torch.bfloat16):
        logits, read = network(mel, tokens)
    words = F.cross_entropy(logits.float().reshape(-1, NAMED_ROWS + 1), wanted.reshape(-1), ignore_index=IGNORED)
    lengths = torch.tensor([len(line) for line in letters])
    flat = torch.tensor([letter for line in letters for letter in line], dtype=torch.long)
    heard = torch.full((BATCH,), read.shape[1])
    by_letter = F.ctc_loss(
        read.float().log_softmax(-1).transpose(0, 1), flat, heard, lengths, reduction="none", zero_infinity=True
    )
    by_letter = (by_letter / torch.where(lengths == 0, heard, lengths)).mean()
    return words + LETTERS_WEIGHT * by_letter, words.item()


@torch.no_grad()
def transcribe(network, waves, language):
    """What the model hears, always choosing the likeliest token."""
    memory = network.encoder(log_mel(waves, 2 * SHAPE["audio_positions"]))
    tokens = torch.tensor([[START, ROW_OF[f"<{language}>"], TRANSCRIBE, NO_TIMESTAMPS]] * len(waves))
    for _ in range(16):
        following = network.decoder(tokens, memory)[:, -1].argmax(-1)
        tokens = torch.cat([tokens, following[:, None]], 1)
    heard = []
    for row in tokens[:, 4:].tolist():
        row = row[: row.index(END)] if END in row else row
        heard.append("".join(TOKENS[token] for token in row if token < len(TOKENS)).strip())
    return heard


def score(network, folder, name, most=64):
    """The share of a test's utterances that are heard wholly right, over a telephone."""
    draw = random.Random(5)
    test = pickle.loads((folder / f"{name}.pickle").read_bytes())
    test = draw.sample(test, min(most, len(test)))
    waves = np.zeros((len(test), SHAPE["audio_positions"] * SAMPLES_PER_POSITION), np.float32)
    for wave, (_, _, samples) in zip(waves, test, strict=True):
        lead, trail, snr = draw.uniform(0.1, 0.6), draw.uniform(0.2, 0.8), draw.uniform(12, 35)
        placed = sound.place(samples, draw, lead, trail, snr, -6, True, most=len(wave))
        wave[: len(placed)] = placed
    heard = transcribe(network, torch.from_numpy(waves), test[0][0])
    return sum(text == utterance[1] for text, utterance in zip(heard, test, strict=True)) / len(test)


def learning_rate(step, steps):
    """Rises for a while, then falls along a cosine."""
    return RATE * min(1, (step + 1) / WARM_UP) * (0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)) + 0.02)


def main():
    """Trains, or goes on from a checkpoint."""
    folder, checkpoint = Path(sys.argv[1]), Path(sys.argv[2])
    steps = int(sys.argv[3]) if len(sys.argv) > 3 else STEPS
    torch.set_num_threads(int(os.environ.get("THREADS", "2")))
    torch.manual_seed(0)
    draw = random.Random(7)
    speech = pickle.loads((folder / "training.pickle").read_bytes())
    network, first = Network(), 0
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.02)
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        network.load_state_dict(saved["network"])
        optimiser.load_state_dict(saved["optimiser"])
        first, draw = saved["step"], random.Random(saved["step"])
    print(f"{len(speech)} utterances, {len(TOKENS)} tokens, {sum(p.numel() for p in network.parameters())} parameters")
    began, total = time.time(), 0.0
    for step in range(first, steps):
        whole = step >= SHORT_WINDOWS * steps and step % 3 == 0
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, steps)
        loss, words = loss_of(network, speech, draw, SHAPE["audio_positions"] if whole else 0)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        total += words
        if (step + 1) % SAVE_EVERY == 0:
            print(f"step {step + 1}: loss {total / SAVE_EVERY:.3f}, {time.time() - began:.0f} s", flush=True)
            total = 0.0
            saved = {"network": network.state_dict(), "optimiser": optimiser.state_dict(), "step": step + 1}
            torch.save(saved, checkpoint)
        if (step + 1) % SCORE_EVERY == 0 or step + 1 == steps:
            names = [f"seen-voices-{language}" for language in PHRASES] + ["other-voices-ro", "unseen-combination-ro"]
            print("  " + ", ".join(f"{name} {score(network, folder, name):.0%}" for name in names), flush=True)


if __name__ == "__main__":
    main()
