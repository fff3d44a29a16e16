"""From clean speech to what a telephone line brings: noise, gain, silence, band, A-law; and sounds without speech.

Everything draws from the `random.Random` it is given, so that a run repeats.
"""

import math
import random

import numpy as np
from scipy import fft

RATE = 16_000
POOL_SECONDS = 64


def a_law(x):
    """Quantises to eight bits by the A-law curve and back."""
    a, k = 87.6, 1 + math.log(87.6)
    size, sign = np.abs(np.clip(x, -1, 1)), np.sign(x)
    y = np.where(size < 1 / a, a * size / k, (1 + np.log(np.maximum(a * size, 1e-9))) / k)
    y = (np.floor(y * 128) + 0.5) / 128
    return sign * np.where(y < 1 / k, y * k / a, np.exp(np.minimum(y, 1) * k - 1) / a)


def telephone(x, draw):
    """What a line lets through: about 250 to 3500 Hz, sampled at 8 kHz, in A-law."""
    size = 4 * fft.next_fast_len((len(x) + 3) // 4)
    spectrum = fft.rfft(np.asarray(x, np.float32), size)
    hertz = np.arange(size // 2 + 1, dtype=np.float32) * (RATE / size)
    low, high = draw.uniform(150, 350), draw.uniform(3200, 3800)
    spectrum *= 1 / (1 + np.exp(-(hertz - low) / 25)) / (1 + np.exp(np.minimum((hertz - high) / 60, 60)))
    narrow = a_law(fft.irfft(spectrum[: size // 4 + 1], size // 2) * 0.5)
    wide = np.zeros(size // 2 + 1, np.complex64)
    wide[: size // 4 + 1] = fft.rfft(narrow)[: size // 4 + 1]
    return fft.irfft(wide, size)[: len(x)] * 2


_pool = {}


def _coloured(colour):
    """A minute of noise of one colour, made once."""
    if colour not in _pool:
        size = RATE * POOL_SECONDS
        noise = np.random.default_rng(len(colour)).standard_normal(size).astype(np.float32)
        if colour != "white":
            hertz = np.maximum(np.arange(size // 2 + 1) * (RATE / size), 20)
            noise = fft.irfft(fft.rfft(noise) / hertz ** (0.5 if colour == "pink" else 1), size).astype(np.float32)
        _pool[colour] = noise / noise.std()
    return _pool[colour]


def noise(size, draw, colour=None):
    """White, pink or brown noise, or the hum of the mains."""
    colour = colour or draw.choice(["white", "pink", "brown", "hum"])
    start = draw.randrange(0, RATE * POOL_SECONDS - size)
    if colour != "hum":
        return _coloured(colour)[start : start + size]
    time, hertz = np.arange(size, dtype=np.float32) / RATE, draw.choice([50, 60, 100])
    hum = sum(np.sin(2 * np.pi * hertz * k * time + draw.random() * 6) / k for k in (1, 2, 3, 5))
    return hum + 0.1 * _coloured("white")[start : start + size]


def place(speech, draw, lead, trail, snr, gain, line, rate=1.0, most=None):
    """Speech (16-bit) after `lead` and before `trail` seconds of silence, as floats.

    `snr` in dB or None for no noise, `gain` the peak in dB, `line` whether it goes over a telephone, `rate` a change of
    speed and pitch, `most` the most samples allowed.
    """
    x = speech.astype(np.float64) / 32768
    if rate != 1.0:
        x = np.interp(np.arange(0, len(x) - 1, rate), np.arange(len(x)), x)
    start = int(lead * RATE)
    size = start + len(x) + int(trail * RATE)
    size = min(size, most or size) // 2 * 2
    y = np.zeros(size)
    kept = min(len(x), size - start)
    y[start : start + kept] = x[:kept]
    if snr is not None:
        z = noise(size, draw)
        y += z / np.sqrt(np.mean(z**2) + 1e-12) * np.sqrt(np.mean(x**2) + 1e-12) * 10 ** (-snr / 20)
    y *= 10 ** (gain / 20) / max(np.abs(y).max(), 1e-6)
    if line:
        y = telephone(y, draw)
    return np.clip(y, -1, 1).astype(np.float32)


# Signals of telephone networks: frequencies in Hz, seconds on, seconds off (none: continuous).
LINE_SIGNALS = [
    ((425,), 1, 0), ((425,), 0.5, 0.5), ((425,), 0.17, 0.17), ((425,), 1, 4), ((425,), 0.33, 0.33),
    ((425,), 0.25, 0.75), ((350, 440), 1, 0), ((440, 480), 2, 4), ((480, 620), 0.5, 0.5), ((400, 450), 0.4, 0.2),
    ((950,), 0.33, 0.03), ((1400,), 0.33, 0.03), ((1800,), 0.33, 1), ((1100,), 0.5, 3), ((2100,), 3, 0.5),
    ((1004,), 1, 0), ((1000,), 0.3, 10),
]  # fmt: skip


def signal(size, draw, which=None):
    """A dial, busy, ringing or other tone of a telephone network."""
    hertz, on, off = which or draw.choice(LINE_SIGNALS)
    shift, skip = draw.uniform(0.97, 1.03), draw.uniform(0, on + off)
    time = np.arange(size) / RATE
    tone = sum(np.sin(2 * np.pi * f * shift * time + draw.random() * 6) for f in hertz)
    return tone if off == 0 else tone * (((time + skip) % (on + off)) < on)


def keys(size, draw):
    """Dialled digits: two tones at once, in a row."""
    y, at = np.zeros(size), draw.randrange(0, 4000)
    on, off = draw.randint(800, 4000), draw.randint(800, 4000)
    while at + on < size:
        time = np.arange(on) / RATE
        for hertz in (draw.choice([697, 770, 852, 941]), draw.choice([1209, 1336, 1477, 1633])):
            y[at : at + on] += np.sin(2 * np.pi * hertz * time)
        at += on + off
    return y


def music(size, draw):
    """Music as held calls hear it: chords with harmonics and a melody, from plucked or sustained notes."""
    y, beat = np.zeros(size), int(draw.uniform(0.15, 0.6) * RATE)
    root, decay = draw.uniform(110, 330), draw.uniform(0.5, 6)
    scale, partials = draw.choice([(0, 2, 4, 5, 7, 9, 11, 12), (0, 2, 3, 5, 7, 8, 10, 12)]), draw.randint(1, 6)
    for number, at in enumerate(range(0, size, beat)):
        long = min(size - at, beat * draw.randint(1, 4))
        time = np.arange(long) / RATE
        shape = np.minimum(time * 80, 1) * np.exp(-decay * time)
        degrees = draw.sample(scale, 3) if number % 4 == 0 else [draw.choice(scale)]
        for degree in degrees:
            hertz = root * 2 ** (degree / 12 + draw.choice([0, 0, 1]))
            for partial in range(1, partials + 1):
                y[at : at + long] += shape * np.sin(2 * np.pi * hertz * partial * time) / partial**1.5
    return y * (1 + 0.3 * np.sin(2 * np.pi * draw.uniform(0.5, 6) * np.arange(size) / RATE))


def clicks(size, draw):
    """Knocks and crackle over faint noise."""
    y = 0.01 * noise(size, draw, "white")
    for _ in range(draw.randint(1, 12)):
        at = draw.randrange(0, max(1, size - 2000))
        long = draw.choice([100, 200, 800, 1600])
        burst = np.random.default_rng(at).standard_normal(long) * np.exp(-np.arange(long) / (long / 5))
        y[at : at + long] += burst[: size - at]
    return y


def sweep(size, draw):
    """One or two gliding tones."""
    time = np.arange(size) / RATE
    hertz = draw.uniform(200, 1500) + draw.uniform(-150, 2000) * time / max(time[-1], 0.1)
    on = ((time % 1.0) < draw.uniform(0.3, 1.2)) | (draw.random() < 0.5)
    return np.sin(2 * np.pi * np.cumsum(hertz) / RATE) * on


def without_speech(size, draw):
    """Something that is no speech, for which the right answer is that nothing was said."""
    makers = [None, noise, noise, signal, signal, signal, keys, music, music, clicks, sweep]
    maker = draw.choice(makers)
    if maker is None:
        return np.zeros(size, np.float32)
    y = np.asarray(maker(size, draw), np.float64)
    if maker is not noise and draw.random() < 0.5:
        y = y / max(np.abs(y).max(), 1e-9) + 10 ** (draw.uniform(-50, -15) / 20) * noise(size, draw)
    y = y / max(np.abs(y).max(), 1e-9) * 10 ** (draw.uniform(-60, -1) / 20)
    return (telephone(y, draw) if draw.random() < 0.6 else y).astype(np.float32)


def named_without_speech():
    """The fixed sounds without speech of the test, by name."""
    draw = random.Random(99)
    for seconds in (3, 6):
        size = seconds * RATE
        time = np.arange(size) / RATE
        sounds = {
            "silence": np.zeros(size), "very quiet noise": 0.0005 * noise(size, draw, "white"),
            "white noise": 0.05 * noise(size, draw, "white"), "pink noise": 0.05 * noise(size, draw, "pink"),
            "brown noise": 0.05 * noise(size, draw, "brown"),
            "noise on a line": telephone(0.01 * noise(size, draw, "pink"), draw),
            "hum": 0.1 * noise(size, draw, "hum"), "dial tone": 0.3 * np.sin(2 * np.pi * 425 * time),
            "ringing": 0.3 * np.sin(2 * np.pi * 425 * time) * ((time % 5) < 1),
            "busy": 0.3 * np.sin(2 * np.pi * 425 * time) * ((time % 1) < 0.5),
            "1004 Hz": 0.3 * np.sin(2 * np.pi * 1004 * time), "keys": 0.2 * keys(size, draw),
            "music": 0.1 * music(size, draw), "music on a line": telephone(0.1 * music(size, draw), draw),
            "chord": 0.1 * sum(np.sin(2 * np.pi * f * time) for f in (440, 554, 659)) * np.sin(4 * np.pi * time) ** 2,
            "clicks": 0.3 * clicks(size, draw), "sweep": 0.2 * sweep(size, draw),
        }  # fmt: skip
        for name, sound in sounds.items():
            yield f"{name} {seconds} s", np.clip(sound, -1, 1).astype(np.float32)
