"""The words of the speech model: what it is trained to hear, and the token of each word.

The model knows whole words, one token each, on the lowest ids. All other ids of Whisper's 51,865 share one trained row,
because whisper.cpp takes a model with fewer ids for one that knows English alone. Training therefore counts that row as
often as it will stand in the file.
"""

import csv
from pathlib import Path

HERE = Path(__file__).parent
LANGUAGES = ("ro", "hu", "en")
# Whisper's numbering of what is no word; the order is that of the model's last rows.
SPECIAL = {
    "end": 50257, "start": 50258, "en": 50259, "ro": 50284, "hu": 50286, "transcribe": 50359, "no_speech": 50362,
    "no_timestamps": 50363,
}  # fmt: skip
VOCABULARY_SIZE = 51865
DIGITS = {
    "ro": "zero unu doi trei patru cinci șase șapte opt nouă".split(),
    "hu": "nulla egy kettő három négy öt hat hét nyolc kilenc".split(),
    "en": "zero one two three four five six seven eight nine".split(),
}


def rows(name):
    """The lines of one of the tables beside this file, as dictionaries."""
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def of_kind(name, kind):
    """The texts of one kind in `patterns.tsv` or `unseen.tsv`."""
    return [row["text"] for row in rows(name) if row["kind"] == kind]


PHRASES = {language: [r["text"] for r in rows("phrases.tsv") if r["language"] == language] for language in LANGUAGES}
PATTERNS = of_kind("patterns.tsv", "pattern")
SLOTS = {kind: of_kind("patterns.tsv", kind) for kind in ("document", "town")}
OPENINGS = of_kind("patterns.tsv", "opening")
# Never spoken in training, though every word of the first two is.
UNSEEN = {kind: of_kind("unseen.tsv", kind) for kind in ("combination", "order", "foreign")}
HELD_BACK = set(UNSEEN["combination"]) | set(UNSEEN["order"])


def words_of(texts):
    """The distinct words of `texts`, sorted."""
    return sorted({word for text in texts for word in text.split() if not word.startswith("{")})


WORDS = words_of(
    [text for texts in PHRASES.values() for text in texts]
    + PATTERNS
    + OPENINGS
    + [text for texts in SLOTS.values() for text in texts]
    + [digit for digits in DIGITS.values() for digit in digits]
)
ROMANIAN_WORDS = words_of(PHRASES["ro"])
# A lone space must be a token, or whisper.cpp fails where it suppresses it; and since whisper.cpp forbids an empty
# answer, there is a token to say that nothing was said.
TOKENS = [" ", " [BLANK_AUDIO]"] + [f" {word}" for word in WORDS]
BLANK = 1
ROW_OF = {word: index + 2 for index, word in enumerate(WORDS)} | {
    f"<{name}>": len(TOKENS) + index for index, name in enumerate(SPECIAL)
}
NAMED_ROWS = len(TOKENS) + len(SPECIAL)
# The row that all other ids share, and how many share it.
OTHER = NAMED_ROWS
OTHER_COUNT = VOCABULARY_SIZE - NAMED_ROWS
LETTERS = {letter: index + 1 for index, letter in enumerate(sorted({c for word in WORDS for c in word} | {" "}))}
