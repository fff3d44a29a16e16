"""Speaks through OpenAI's own client: `speech.py BASE KEY FILE`."""

import sys

from openai import BadRequestError, NotFoundError, OpenAI

base, key, file = sys.argv[1:]
client = OpenAI(base_url=f"{base}/v1", api_key=key, max_retries=0)

models = [model.id for model in client.models.list()]
assert "espeak" in models, models

with client.audio.speech.with_streaming_response.create(
    model="espeak", voice="alloy", input="Good morning. The office is open from eight to four.", response_format="wav"
) as response:
    response.stream_to_file(file)

try:
    client.audio.speech.create(model="espeak", voice="alloy", input="")
    raise AssertionError("an empty text was taken")
except BadRequestError as error:
    assert error.param == "input", error

try:
    client.audio.speech.create(model="tts-1", voice="alloy", input="a")
    raise AssertionError("an unknown model was taken")
except NotFoundError as error:
    assert error.code == "model_not_found", error
