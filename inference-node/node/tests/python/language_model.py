"""Talks with a language model and compares texts through OpenAI's own client: `language_model.py BASE KEY`."""

import json
import sys

from openai import APIStatusError, BadRequestError, OpenAI

base, key = sys.argv[1:]
client = OpenAI(base_url=f"{base}/v1", api_key=key, max_retries=0)
messages = [{"role": "user", "content": "Bună ziua"}]
greedy = {"model": "tiny-llama", "messages": messages, "temperature": 0, "max_tokens": 24}

whole = client.chat.completions.create(**greedy)
text = whole.choices[0].message.content
assert text, whole
assert whole.usage.prompt_tokens > 0 and whole.usage.completion_tokens > 0, whole.usage
assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
assert client.chat.completions.create(**greedy).choices[0].message.content == text, "greedy decoding is repeatable"

pieces = list(client.chat.completions.create(**greedy, stream=True, stream_options={"include_usage": True}))
streamed = "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)
assert streamed == text, (streamed, text)
assert pieces[-1].usage.completion_tokens == whole.usage.completion_tokens, pieces[-1]
reasons = [piece.choices[0].finish_reason for piece in pieces if piece.choices and piece.choices[0].finish_reason]
assert reasons == [whole.choices[0].finish_reason], reasons
assert len({piece.id for piece in pieces}) == 1

short = client.chat.completions.create(**{**greedy, "max_tokens": 1})
assert short.choices[0].finish_reason == "length", short
if len(text) > 3:
    stop = text[2:4]
    stopped = client.chat.completions.create(**greedy, stop=stop).choices[0].message.content
    assert stopped == text[: text.index(stop)], (stopped, text, stop)

schema = {
    "type": "object",
    "properties": {"answer": {"type": "string", "enum": ["da", "nu"]}},
    "required": ["answer"],
    "additionalProperties": False,
}
shaped = client.chat.completions.create(
    **{**greedy, "max_tokens": 200},
    response_format={"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}},
)
answer = json.loads(shaped.choices[0].message.content)
assert answer["answer"] in ("da", "nu"), shaped

for wrong, parameter in [
    ({"messages": []}, "messages"),
    ({"temperature": 9}, "temperature"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"n": 2}, "n"),
    ({"messages": [{"role": "user", "content": "a " * 100_000}]}, "messages"),
]:
    try:
        client.chat.completions.create(**{**greedy, **wrong})
        raise AssertionError(f"{wrong} was taken")
    except BadRequestError as error:
        assert error.param == parameter, (wrong, error)

texts = ["carte de identitate", "carte de identitate", "impozit pe clădiri"]
vectors = [row.embedding for row in client.embeddings.create(model="tiny-embeddings", input=texts).data]
assert len(vectors) == 3 and vectors[0] == vectors[1] != vectors[2]
assert all(abs(sum(number * number for number in vector) - 1) < 1e-3 for vector in vectors)
plain = client.embeddings.create(model="tiny-embeddings", input=texts[0], encoding_format="float").data[0].embedding
assert all(abs(one - other) < 1e-6 for one, other in zip(plain, vectors[0]))

late = client.with_options(default_headers={"x-sfetnic-deadline-ms": "0", "x-sfetnic-class": "voice"})
try:
    late.chat.completions.create(**{**greedy, "max_tokens": 500})
except APIStatusError as error:
    assert error.status_code == 503, error
try:
    client.with_options(default_headers={"x-sfetnic-class": "urgent"}).chat.completions.create(**greedy)
    raise AssertionError("an unknown class was taken")
except BadRequestError as error:
    assert error.param == "x-sfetnic-class", error
