"""Has a recording written down through OpenAI's own client: `hearing.py BASE KEY FILE EXPECTED`."""

import sys

from openai import BadRequestError, OpenAI

base, key, file, expected = sys.argv[1:]
client = OpenAI(base_url=f"{base}/v1", api_key=key, max_retries=0)


def words(text):
    return "".join(letter for letter in text.lower() if letter.isalnum() or letter == " ").split()


def hear(**settings):
    with open(file, "rb") as recording:
        return client.audio.transcriptions.create(model="tiny-whisper", file=recording, language="ro", **settings)


assert words(hear().text) == words(expected), hear().text
verbose = hear(response_format="verbose_json", timestamp_granularities=["word", "segment"])
assert verbose.language == "romanian" and verbose.duration > 0.5, verbose
assert words(" ".join(segment.text for segment in verbose.segments)) == words(expected), verbose.segments
times = [word.start for word in verbose.words]
assert times == sorted(times) and verbose.words[-1].end <= verbose.duration + 0.5, verbose.words
assert words(hear(response_format="text")) == words(expected)
assert "-->" in hear(response_format="srt") and hear(response_format="srt").startswith("1\n")
assert hear(response_format="vtt").startswith("WEBVTT")

try:
    client.audio.transcriptions.create(model="tiny-whisper", file=("a.wav", b"this is no sound" * 100))
    raise AssertionError("nonsense was taken")
except BadRequestError as error:
    assert error.param == "file", error
