"""`tiny-piper`: a voice in Piper's format which is computed, not learnt.

Every phoneme is a vowel-like chord of harmonics, a hiss, or silence, so that what is heard depends on the text, on the
length scale and on nothing else. It is no speech that a person would follow; it has the rhythm and the loudness of
speech, which is what players, resamplers and meters are tested with.

Inputs and output have the names, types and ranks of an exported Piper voice: `input` int64 [1, phonemes],
`input_lengths` int64 [1], `scales` float [noise, length, noise width], `output` float [1, 1, 1, samples].
"""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SAMPLE_RATE = 22050
# Samples in a frame, as in Piper's own vocoder: the length of a sentence is a multiple of it.
HOP = 256
HARMONICS = 32
NOISE_LENGTH = 1 << 14
OPSET, IR_VERSION = 17, 9

PAD, START, END = "_", "^", "$"
# First three formants in Hz of each vowel that espeak-ng writes for Romanian, Hungarian and English.
VOWELS = {
    "a": (740, 1250, 2500), "ɑ": (700, 1080, 2500), "ɐ": (680, 1300, 2500), "ɒ": (600, 900, 2450),
    "æ": (680, 1700, 2450), "e": (430, 2050, 2650), "ɛ": (560, 1800, 2550), "ə": (500, 1450, 2500),
    "ɚ": (480, 1350, 1700), "ɜ": (500, 1400, 1750), "i": (290, 2250, 3000), "ɪ": (390, 1980, 2600),
    "ᵻ": (400, 1750, 2550), "ɨ": (330, 1600, 2500), "y": (290, 1850, 2300), "ø": (400, 1550, 2300),
    "œ": (520, 1480, 2350), "o": (450, 850, 2450), "ɔ": (560, 900, 2450), "u": (310, 780, 2400),
    "ʊ": (420, 1000, 2400), "ʌ": (620, 1200, 2500),
}  # fmt: skip
# Consonants with a voice: formants, softer than a vowel's.
SONORANTS = {
    "m": (260, 1050, 2250), "n": (270, 1550, 2550), "ɲ": (270, 2000, 2700), "ŋ": (270, 1850, 2400),
    "l": (360, 1300, 2700), "ɫ": (400, 850, 2600), "r": (480, 1350, 2200), "ɹ": (420, 1300, 1650),
    "ɾ": (460, 1450, 2350), "j": (280, 2200, 2950), "w": (300, 700, 2300), "ʎ": (300, 2050, 2800),
    "b": (220, 800, 2100), "d": (220, 1700, 2600), "ɡ": (220, 1600, 2100), "ɟ": (240, 2100, 2700),
}  # fmt: skip
# Hisses: strength of noise, and whether the voice hums along.
HISSES = {
    "s": (0.9, 0), "ʃ": (1.0, 0), "f": (0.5, 0), "h": (0.35, 0), "x": (0.5, 0), "ç": (0.5, 0), "θ": (0.4, 0),
    "z": (0.6, 1), "ʒ": (0.7, 1), "v": (0.3, 1), "ð": (0.25, 1), "ɣ": (0.3, 1), "ɦ": (0.3, 1),
    "p": (0.25, 0), "t": (0.45, 0), "k": (0.4, 0), "c": (0.45, 0), "q": (0.35, 0), "ʔ": (0.05, 0),
}  # fmt: skip
PAUSES = {" ": 3, ",": 14, ";": 16, ":": 14, ".": 22, "!": 22, "?": 22, "-": 4, "(": 4, ")": 4, '"': 2, "'": 1}
# Marks that change their neighbours in a real voice; here they only take a moment, or none.
MARKS = {"ˈ": 0, "ˌ": 0, "ː": 5, "ˑ": 3, "ʲ": 1, "ʰ": 2, "ˤ": 1, "̃": 0, "̩": 0, "̯": 0, "̪": 0, "̧": 0, "˞": 1}
MARKS |= {digit: 0 for digit in "0123456789"}


def phonemes():
    """The phonemes in the order of their ids."""
    return [PAD, START, END, *PAUSES, *VOWELS, *SONORANTS, *HISSES, *MARKS]


def tables():
    """Frames, pitch in Hz, strength of each formant's chord, and strength of noise, by phoneme id."""
    symbols = phonemes()
    frames = np.zeros(len(symbols), np.float32)
    pitch = np.full(len(symbols), 115, np.float32)
    formants = np.full((len(symbols), 3), 500, np.float32)
    voice = np.zeros(len(symbols), np.float32)
    noise = np.zeros(len(symbols), np.float32)
    for index, symbol in enumerate(symbols):
        if symbol in (START, END):
            frames[index] = 4
        elif symbol in PAUSES:
            frames[index] = PAUSES[symbol]
        elif symbol in VOWELS:
            frames[index], formants[index], voice[index] = 7, VOWELS[symbol], 1.0
            pitch[index] = 112 + (index * 7) % 23
        elif symbol in SONORANTS:
            frames[index], formants[index], voice[index] = 5, SONORANTS[symbol], 0.5
        elif symbol in HISSES:
            strength, hums = HISSES[symbol]
            frames[index], noise[index], voice[index] = 6, strength, 0.3 * hums
        elif symbol in MARKS:
            frames[index] = MARKS[symbol]
    # A long mark goes on with a hum of its own, rather than a hole in the vowel.
    voice[symbols.index("ː")] = 0.6
    return frames, pitch, formants, voice, noise


class Graph:
    """Collects nodes and constants, and names what lies between them."""

    def __init__(self):
        self.nodes, self.constants, self.count = [], [], 0

    def constant(self, value, dtype=np.float32):
        """Adds `value` to the file and returns its name."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def add(self, operator, *inputs, output=None, **attributes):
        """Adds one node and returns the name of its output."""
        self.count += 1
        output = output or f"{operator.lower()}_{self.count}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], f"node_{self.count}", **attributes))
        return output

    def cast(self, value, to):
        """Changes the type of `value`."""
        return self.add("Cast", value, to=to)

    def unsqueeze(self, value, axis):
        """Adds an axis of length one."""
        return self.add("Unsqueeze", value, self.constant([axis], np.int64))


def build():
    """The voice as an ONNX model."""
    g = Graph()
    frames, pitch, formants, voice, noise = tables()
    integer, real = np.int64, np.float32

    # Scales, one name each; the first adds breath, the third is accepted as every voice accepts it.
    breath = g.add("Gather", "scales", g.constant(0, integer), axis=0)
    length = g.add("Gather", "scales", g.constant(1, integer), axis=0)

    # Which phonemes count, and for how many frames each.
    ids = g.add("Squeeze", "input", g.constant([0], integer))
    count = g.add("Squeeze", g.add("Shape", ids), g.constant([0], integer))
    position = g.add("Range", g.constant(0, integer), count, g.constant(1, integer))
    counts = g.cast(g.add("Less", position, "input_lengths"), TensorProto.FLOAT)
    duration = g.add("Mul", g.add("Gather", g.constant(frames), ids, axis=0), length)
    duration = g.add("Mul", g.add("Ceil", duration), counts)
    ends = g.add("CumSum", duration, g.constant(0, integer))
    total = g.add("Max", g.add("ReduceMax", ends, keepdims=0), g.constant(1))

    # The phoneme of every frame: the number of phonemes which have ended by then.
    frame = g.add("Range", g.constant(0), total, g.constant(1))
    ended = g.add("GreaterOrEqual", g.unsqueeze(frame, 1), g.unsqueeze(ends, 0))
    ended = g.add("ReduceSum", g.cast(ended, TensorProto.INT64), g.constant([1], integer), keepdims=0)
    last = g.add("Sub", count, g.constant(1, integer))
    spoken = g.add("Gather", ids, g.add("Min", ended, last), axis=0)
    of_frame = {
        name: g.add("Gather", g.constant(table), spoken, axis=0)
        for name, table in (("pitch", pitch), ("formants", formants), ("voice", voice), ("noise", noise))
    }

    # The pitch falls by a sixth over the sentence, as a statement's does.
    fall = g.add("Sub", g.constant(1.08), g.add("Mul", g.add("Div", frame, total), g.constant(0.17)))
    tone = g.add("Mul", of_frame["pitch"], fall)

    # The strength of each harmonic: how near it lies to one of the three formants.
    numbers = np.arange(1, HARMONICS + 1, dtype=real)
    harmonic = g.add("Mul", g.unsqueeze(tone, 1), g.constant(numbers[None]))
    strength = None
    for index, (width, weight) in enumerate(((140, 1.0), (180, 0.5), (240, 0.25))):
        formant = g.add("Gather", of_frame["formants"], g.constant([index], integer), axis=1)
        away = g.add("Div", g.add("Sub", harmonic, formant), g.constant(width))
        near = g.add("Mul", g.add("Exp", g.add("Neg", g.add("Mul", away, away))), g.constant(weight))
        strength = near if strength is None else g.add("Add", strength, near)
    strength = g.add("Mul", strength, g.unsqueeze(of_frame["voice"], 1))
    hiss = g.add("Add", of_frame["noise"], g.add("Mul", g.add("Mul", of_frame["voice"], breath), g.constant(0.06)))

    # From frames to samples, without steps that would click: [frames, channels] to [channels, samples].
    channels = g.add("Concat", g.unsqueeze(tone, 1), g.unsqueeze(hiss, 1), strength, axis=1)
    channels = g.unsqueeze(g.add("Transpose", channels, perm=[1, 0]), 0)
    channels = g.add("Resize", channels, "", g.constant([1, 1, HOP]), mode="linear")
    channels = g.add("Squeeze", channels, g.constant([0], integer))
    tone = g.add("Gather", channels, g.constant(0, integer), axis=0)
    hiss = g.add("Gather", channels, g.constant(1, integer), axis=0)
    rows = (g.constant([2], integer), g.constant([2 + HARMONICS], integer), g.constant([0], integer))
    strength = g.add("Slice", channels, *rows)

    # Phase in turns, in double precision so that a long sentence stays in tune.
    turns = g.add("Div", g.cast(tone, TensorProto.DOUBLE), g.constant(SAMPLE_RATE, np.float64))
    turns = g.add("CumSum", turns, g.constant(0, integer))
    turns = g.add("Mod", g.add("Mul", g.unsqueeze(turns, 0), g.constant(numbers[:, None], np.float64)),
                  g.constant(1, np.float64), fmod=1)  # fmt: skip
    wave = g.add("Sin", g.add("Mul", g.cast(turns, TensorProto.FLOAT), g.constant(2 * np.pi)))
    voiced = g.add("ReduceSum", g.add("Mul", wave, strength), g.constant([0], integer), keepdims=0)

    # Noise is a table read round and round: a random operator would give other bytes on another machine.
    table = np.random.default_rng(7).standard_normal(NOISE_LENGTH).astype(np.float16).astype(real)
    table[1:] -= 0.7 * table[:-1]
    samples = g.add("Shape", tone)
    sample = g.add("Range", g.constant(0, integer), g.add("Squeeze", samples, g.constant([0], integer)),
                   g.constant(1, integer))  # fmt: skip
    rustle = g.add("Gather", g.constant(table), g.add("Mod", sample, g.constant(NOISE_LENGTH, integer)), axis=0)
    sound = g.add("Add", g.add("Mul", voiced, g.constant(0.22)),
                  g.add("Mul", g.add("Mul", rustle, hiss), g.constant(0.1)))  # fmt: skip
    sound = g.add("Tanh", sound)
    g.add("Unsqueeze", sound, g.constant([0, 1, 2], integer), output="output")

    inputs = [
        helper.make_tensor_value_info("input", TensorProto.INT64, ["batch_size", "phonemes"]),
        helper.make_tensor_value_info("input_lengths", TensorProto.INT64, ["batch_size"]),
        helper.make_tensor_value_info("scales", TensorProto.FLOAT, [3]),
    ]
    outputs = [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch_size", 1, 1, "samples"])]
    graph = helper.make_graph(g.nodes, "tiny-piper", inputs, outputs, g.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="sfetnic")
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model, full_check=True)
    return model


def configuration(voice, language):
    """The JSON that lies beside a Piper voice."""
    return {
        "audio": {"sample_rate": SAMPLE_RATE, "quality": "medium"},
        "espeak": {"voice": voice},
        "inference": {"noise_scale": 0.667, "length_scale": 1.0, "noise_w": 0.8},
        "phoneme_type": "espeak",
        "phoneme_map": {},
        "phoneme_id_map": {symbol: [index] for index, symbol in enumerate(phonemes())},
        "num_symbols": len(phonemes()),
        "num_speakers": 1,
        "speaker_id_map": {},
        "piper_version": "1.0.0",
        "language": {"code": language, "family": language.split("_")[0], "region": language.split("_")[1]},
        "dataset": "tiny",
    }


def write(folder: Path):
    """Writes the voice and its configuration; returns the names of the files."""
    name = "ro_RO-tiny-medium.onnx"
    (folder / name).write_bytes(build().SerializeToString(deterministic=True))
    text = json.dumps(configuration("ro", "ro_RO"), ensure_ascii=False, indent=2)
    (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    return [name, f"{name}.json"]
