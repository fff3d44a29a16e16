"""Lets espeak-ng speak the phrases: `python -m training.speech.render FOLDER`, about two minutes of two cores.

Writes `FOLDER/training.pickle` and one file for each test: lists of (language, text, samples), 16 kHz, 16 bits.
"""

import pickle
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from training.speech.vocabulary import (
    DIGITS,
    HELD_BACK,
    OPENINGS,
    PATTERNS,
    PHRASES,
    ROMANIAN_WORDS,
    SLOTS,
    UNSEEN,
)

VOICES = ["", "+m1", "+m3", "+m4", "+m5", "+m7", "+f1", "+f3", "+f4"]
# Heard in tests alone.
OTHER_VOICES = ["+m2", "+m6", "+f2", "+f5", "+Alex", "+Andrea"]
QUIET = 150


def spoken(voice, speed, pitch, text):
    """One utterance without its leading and trailing silence; `speed` in words a minute, `pitch` from 0 to 99."""
    command = ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", text]
    wav = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
    data = wav[wav.index(b"data") + 8 :]
    wave = np.frombuffer(data[: len(data) // 2 * 2], np.int16).astype(np.float32)
    wave = resample_poly(wave, 320, 441)  # espeak-ng speaks at 22,050 Hz
    loud = np.nonzero(np.abs(wave) > QUIET)[0]
    wave = wave[loud[0] : loud[-1] + 1] if len(loud) else wave[:0]
    return np.clip(wave, -32768, 32767).astype(np.int16)


def usual(draw, language):
    """A voice, speed and pitch of training."""
    return language + draw.choice(VOICES), draw.randint(120, 195), draw.randint(28, 72)


def composed(draw):
    """A Romanian sentence that is no phrase: digits, a filled pattern, parts of phrases, words in any order.

    Without these the model learns phrases by heart and hears no word by itself.
    """
    kind = draw.random()
    if kind < 0.16:
        return " ".join(draw.choice(DIGITS["ro"]) for _ in range(draw.randint(2, 6)))
    if kind < 0.42:
        return draw.choice(PATTERNS).format(**{slot: draw.choice(values) for slot, values in SLOTS.items()})
    if kind < 0.55:
        return f"{draw.choice(OPENINGS)} {draw.choice(PHRASES['ro'])}"
    if kind < 0.65:
        first, second = draw.choice(PHRASES["ro"]).split(), draw.choice(PHRASES["ro"]).split()
        return " ".join(first[: draw.randint(1, 4)] + second[-draw.randint(1, 4) :])
    if kind < 0.82:
        words = draw.choice([p for p in PHRASES["ro"] if p.count(" ") >= 2]).split()
        turn = draw.randint(1, len(words) - 1)
        return " ".join(words[turn:] + words[:turn] if draw.random() < 0.5 else draw.sample(words, len(words)))
    return " ".join(draw.choice(ROMANIAN_WORDS) for _ in range(draw.randint(2, 6)))


def training_jobs(phrase_times, composed_count):
    """What to speak for training: each Romanian phrase `phrase_times`, the others half as often, and compositions."""
    draw = random.Random(2)
    jobs = []
    for language, phrases in PHRASES.items():
        times = phrase_times if language == "ro" else phrase_times // 2
        jobs += [(language, *usual(draw, language), text) for text in phrases for _ in range(times)]
    for language in ("hu", "en"):
        for _ in range(composed_count // 16):
            text = " ".join(draw.choice(DIGITS[language]) for _ in range(draw.randint(2, 6)))
            jobs.append((language, *usual(draw, language), text))
    while composed_count:
        text = composed(draw)
        if text not in HELD_BACK and len(text.split()) <= 9:
            jobs.append(("ro", *usual(draw, "ro"), text))
            composed_count -= 1
    return jobs


def test_jobs():
    """What to speak for each test, by the test's name."""
    draw = random.Random(1)

    def other(language):
        return language + draw.choice(OTHER_VOICES), draw.choice([105, 112, 205, 215]), draw.choice([20, 50, 80])

    tests = {f"seen-voices-{language}": [(language, *usual(draw, language), text) for text in texts for _ in (1, 2)]
             for language, texts in PHRASES.items()}  # fmt: skip
    tests["other-voices-ro"] = [("ro", *other("ro"), text) for text in PHRASES["ro"] for _ in (1, 2)]
    tests["digits-ro"] = [("ro", *usual(draw, "ro"), " ".join(draw.choices(DIGITS["ro"], k=5))) for _ in range(40)]
    for kind, texts in UNSEEN.items():
        tests[f"unseen-{kind}-ro"] = [("ro", *usual(draw, "ro"), text) for text in texts for _ in range(4)]
    return tests


def render(name, jobs, folder):
    """Speaks `jobs` and writes them."""
    with ThreadPoolExecutor(2) as pool:
        waves = pool.map(lambda job: spoken(*job[1:]), jobs)
        done = [(job[0], job[4], wave) for job, wave in zip(jobs, waves, strict=True) if len(wave) > 1000]
    (folder / f"{name}.pickle").write_bytes(pickle.dumps(done))
    print(f"{name}: {len(done)} utterances, {sum(len(d[2]) for d in done) / 16000:.0f} s", flush=True)


def main():
    """Renders the tests, then the training speech."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, jobs in test_jobs().items():
        render(name, jobs, folder)
    render("training", training_jobs(40, 9000), folder)


if __name__ == "__main__":
    main()
