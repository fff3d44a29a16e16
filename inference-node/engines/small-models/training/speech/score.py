"""Scores the finished speech model: `python -m training.speech.score MODEL.bin SPEECH_FOLDER [MOST]`.

Uses pywhispercpp, a binding of whisper.cpp, so that the file, the mel pictures and the decoding are the product's.
`MOST` limits the utterances of each test (default: all).
"""

import pickle
import random
import sys
import time
from pathlib import Path

import numpy as np
from pywhispercpp.model import Model

from training.speech import sound

SILENT = "[BLANK_AUDIO]"
USUAL = "telephone, 12 to 35 dB"


def edits(left, right):
    """The fewest words to add, drop or change to make `right` of `left`."""
    previous = list(range(len(right) + 1))
    for row, word in enumerate(left, 1):
        current = [row]
        for column, other in enumerate(right, 1):
            current.append(min(previous[column] + 1, current[-1] + 1, previous[column - 1] + (word != other)))
        previous = current
    return previous[-1]


def conditions():
    """How the first test is heard, by name: lead, trail, signal to noise in dB, peak in dB, telephone."""
    draw = random.Random(99)
    return {
        USUAL: lambda: (draw.uniform(0.1, 0.7), draw.uniform(0.2, 0.9), draw.uniform(12, 35), -6, True),
        "clear, no noise": lambda: (0.3, 0.4, None, -3, False),
        "telephone, 5 dB": lambda: (0.3, 0.4, 5, -6, True),
        "telephone, long silences": lambda: (draw.uniform(1.5, 3.0), draw.uniform(1, 2.5), 25, -6, True),
        "telephone, no silence": lambda: (0.0, 0.0, 30, -6, True),
        "telephone, quiet": lambda: (0.3, 0.4, 25, -24, True),
    }


class Listener:
    """whisper.cpp with the settings of the tests: one thread, the likeliest token, no second try."""

    def __init__(self, path):
        quiet = {"print_progress": False, "print_realtime": False, "redirect_whispercpp_logs_to": None}
        self.model = Model(path, n_threads=1, **quiet)
        self.seconds, self.count = 0.0, 0

    def hear(self, wave, language):
        """The text of a wave."""
        began = time.perf_counter()
        segments = self.model.transcribe(
            wave.astype(np.float32), language=language, temperature=0.0, temperature_inc=0.0, single_segment=True,
            no_context=True, greedy={"best_of": 1},
        )  # fmt: skip
        self.seconds += time.perf_counter() - began
        self.count += 1
        return "".join(segment.text for segment in segments).strip()


def score(listener, name, heard_as, utterances, draw):
    """Prints the share of sentences and of words that are heard rightly, and some that are not."""
    right = wrong_words = words = 0
    wrong = []
    for language, text, samples in utterances:
        lead, trail, snr, gain, line = heard_as()
        heard = listener.hear(sound.place(samples, draw, lead, trail, snr, gain, line), language)
        right += heard == text
        wrong_words += edits(text.split(), heard.split())
        words += len(text.split())
        if heard != text:
            wrong.append(f"{text} -> {heard}")
    count = len(utterances)
    print(f"| {name} | {count} | {right / count:.1%} | {wrong_words / words:.1%} |", flush=True)
    return wrong


def main():
    """Scores every test, then sounds without speech."""
    listener, folder = Listener(sys.argv[1]), Path(sys.argv[2])
    most = int(sys.argv[3]) if len(sys.argv) > 3 else None
    draw = random.Random(4)
    print("| test | utterances | sentences right | word errors |\n|---|---|---|---|")
    usual, *others = conditions().items()
    wrong = []
    for file in sorted(folder.glob("*.pickle")):
        if file.stem != "training":
            utterances = pickle.loads(file.read_bytes())[:: 2 if file.stem.startswith("seen") else 1][:most]
            wrong += score(listener, f"{file.stem}: {usual[0]}", usual[1], utterances, draw)
    for name, heard_as in others:
        utterances = pickle.loads((folder / "seen-voices-ro.pickle").read_bytes())[::2][:most]
        wrong += score(listener, f"seen-voices-ro: {name}", heard_as, utterances, draw)
    sounds = list(sound.named_without_speech())
    heard = [(name, listener.hear(wave, "ro")) for name, wave in sounds]
    silent = [name for name, text in heard if text in ("", SILENT)]
    print(f"| sounds without speech | {len(sounds)} | {len(silent) / len(sounds):.1%} | |")
    print(f"\n{listener.seconds / listener.count * 1000:.0f} ms an utterance on one thread")
    print("\n".join(wrong + [f"{name} -> {text}" for name, text in heard if text not in ("", SILENT)]))


if __name__ == "__main__":
    main()
