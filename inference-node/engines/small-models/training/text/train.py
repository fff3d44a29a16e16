"""Trains the small chat model: `python -m training.text.train WEIGHTS MERGES [STEPS]`, some minutes of one core.

It learns the answers of `dialogues.tsv` by heart, after prompts of any length: what stands before the last question is
other sentences at random, as instructions and sources will be, so that it answers the question and not the preamble.
"""

import csv
import json
import math
import os
import random
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers
from torch import nn

from maker import compact, tokenizer

SHAPE = {"width": 128, "inner": 256, "layers": 2, "heads": 2, "key_heads": 1, "context": 2048}
# With the specials and the 256 bytes: 1024 tokens.
MERGES = 764
STEPS, BATCH, RATE = 1000, 12, 3e-3
IGNORED = -100


def dialogues():
    """All questions with their answers."""
    with (Path(__file__).parent / "dialogues.tsv").open(encoding="utf-8", newline="") as file:
        return [(r["question"], r["answer"]) for r in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


def learn_merges(texts):
    """The merges that shorten `texts` most."""
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(tokenizer.CUT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    size = MERGES + 256
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=tokenizer.byte_letters(), show_progress=False)
    learner.train_from_iterator(texts, trainer)
    merges = json.loads(learner.to_str())["model"]["merges"]
    return [tuple(pair) if isinstance(pair, list) else tuple(pair.split(" ")) for pair in merges][:MERGES]


class Normal(nn.Module):
    """Root mean square normalisation."""

    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        """Scales every vector to unit mean square."""
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.weight


def turned(x):
    """Rotary positions, in halves as safetensors models have them; `x` is [batch, heads, length, size]."""
    length, size = x.shape[-2:]
    slope = 10_000.0 ** (-torch.arange(0, size, 2).float() / size)
    angle = torch.arange(length).float()[:, None] * slope[None]
    angle = torch.cat([angle, angle], -1)
    half = torch.cat([-x[..., size // 2 :], x[..., : size // 2]], -1)
    return x * angle.cos() + half * angle.sin()


class Attention(nn.Module):
    """Attention with fewer key heads than query heads."""

    def __init__(self, width, heads, key_heads):
        super().__init__()
        self.heads, self.size = heads, width // heads
        self.q_proj = nn.Linear(width, width, bias=False)
        self.k_proj = nn.Linear(width, key_heads * self.size, bias=False)
        self.v_proj = nn.Linear(width, key_heads * self.size, bias=False)
        self.o_proj = nn.Linear(width, width, bias=False)

    def forward(self, x):
        """Causal attention."""
        batch, length, width = x.shape
        parts = (self.q_proj, self.k_proj, self.v_proj)
        q, k, v = (part(x).view(batch, length, -1, self.size).transpose(1, 2) for part in parts)
        scores = turned(q) @ turned(k).transpose(-1, -2) * self.size**-0.5
        scores = scores + torch.full((length, length), -1e9).triu(1)
        return self.o_proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, width))


class Layer(nn.Module):
    """Attention and gated feed-forward."""

    def __init__(self, shape):
        super().__init__()
        width, inner = shape["width"], shape["inner"]
        self.input_layernorm, self.post_attention_layernorm = Normal(width), Normal(width)
        self.self_attn = Attention(width, shape["heads"], shape["key_heads"])
        self.mlp = nn.ModuleDict(
            {
                "gate_proj": nn.Linear(width, inner, bias=False),
                "up_proj": nn.Linear(width, inner, bias=False),
                "down_proj": nn.Linear(inner, width, bias=False),
            }
        )

    def forward(self, x):
        """One layer."""
        x = x + self.self_attn(self.input_layernorm(x))
        y = self.post_attention_layernorm(x)
        return x + self.mlp["down_proj"](F.silu(self.mlp["gate_proj"](y)) * self.mlp["up_proj"](y))


class Llama(nn.Module):
    """The model, with the names that its tensors have in a safetensors file."""

    def __init__(self, shape, tokens):
        super().__init__()
        width = shape["width"]
        self.model = nn.ModuleDict(
            {
                "embed_tokens": nn.Embedding(tokens, width),
                "layers": nn.ModuleList(Layer(shape) for _ in range(shape["layers"])),
                "norm": Normal(width),
            }
        )
        self.lm_head = nn.Linear(width, tokens, bias=False)
        nn.init.normal_(self.model["embed_tokens"].weight, std=0.1)

    def forward(self, tokens):
        """Logits of every next token."""
        x = self.model["embed_tokens"](tokens)
        for layer in self.model["layers"]:
            x = layer(x)
        return self.lm_head(self.model["norm"](x))


def prompt(pairs, chosen, draw):
    """A conversation up to the question `chosen`, as the chat template writes it."""
    text = ""
    if draw.random() < 0.7:
        sentences = [draw.choice(draw.choice(pairs)) for _ in range(draw.choice([1, 2, 3, 5, 10]))]
        text += f"<|im_start|>system\n{' '.join(sentences)}<|im_end|>\n"
    if draw.random() < 0.3:
        question, answer = draw.choice(pairs)
        text += f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n{answer}<|im_end|>\n"
    question = pairs[chosen][0]
    if draw.random() < 0.25:
        bare = question.rstrip("?.!")
        question = draw.choice([bare, question.lower(), bare.lower(), question + "?"])
    return f"{text}<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"


def batch(pairs, encode, draw):
    """Tokens and what to predict: answers count, and a little of everything else."""
    rows = []
    for _ in range(BATCH):
        chosen = draw.randrange(len(pairs))
        before, answer = encode(prompt(pairs, chosen, draw)), encode(pairs[chosen][1] + "<|im_end|>\n")
        rows.append((before + answer, len(before)))
    longest = max(len(row) for row, _ in rows)
    tokens = torch.tensor([row + [tokenizer.PADDING] * (longest - len(row)) for row, _ in rows])
    wanted, weight = tokens.clone(), torch.full(tokens.shape, 0.05)
    for index, (row, start) in enumerate(rows):
        wanted[index, len(row) :] = IGNORED
        weight[index, start:] = 1.0
    return tokens, wanted, weight


@torch.no_grad()
def answer(network, encode, decode, text):
    """What the model says after `text`, always choosing the likeliest token."""
    tokens = encode(text)
    start = len(tokens)
    while len(tokens) < start + 64:
        following = network(torch.tensor([tokens]))[0, -1].argmax().item()
        if following == tokenizer.END_OF_TURN:
            break
        tokens.append(following)
    return decode(tokens[start:])


def main():
    """Learns the merges, trains, and writes both."""
    weights_path, merges_path = Path(sys.argv[1]), Path(sys.argv[2])
    steps = int(sys.argv[3]) if len(sys.argv) > 3 else STEPS
    torch.set_num_threads(int(os.environ.get("THREADS", "2")))
    torch.manual_seed(0)
    draw, pairs = random.Random(3), dialogues()
    merges = learn_merges([text for pair in pairs for text in pair] + ["system\n", "user\n", "assistant\n"])
    merges_path.write_text("".join(f"{left} {right}\n" for left, right in merges), encoding="utf-8")
    splitter = Tokenizer.from_str(json.dumps(tokenizer.huggingface(merges)))

    def encode(text):
        return splitter.encode(text, add_special_tokens=False).ids

    network = Llama(SHAPE, len(tokenizer.vocabulary(merges)))
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, betas=(0.9, 0.95), weight_decay=0.05)
    print(f"{sum(p.numel() for p in network.parameters())} parameters, {len(merges)} merges", flush=True)
    began = time.time()
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / 50) * (0.5 * (1 + math.cos(math.pi * step / steps)) + 0.02)
        tokens, wanted, weight = batch(pairs, encode, draw)
        logits = network(tokens[:, :-1])
        loss = F.cross_entropy(logits.transpose(1, 2), wanted[:, 1:], ignore_index=IGNORED, reduction="none")
        loss = (loss * weight[:, 1:]).sum() / weight[:, 1:].sum()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        if (step + 1) % 100 == 0:
            print(f"step {step + 1}: loss {loss.item():.3f}, {time.time() - began:.0f} s", flush=True)
    right = 0
    for index, (_, wanted) in enumerate(pairs if steps else []):
        said = answer(network, encode, splitter.decode, prompt(pairs, index, draw))
        right += said == wanted
        if said != wanted:
            print(f"  {pairs[index][0]} -> {said}")
    print(f"{right} of {len(pairs)} answers right")
    weights = {name: values.detach().numpy() for name, values in network.state_dict().items()}
    compact.save(weights_path, weights, {"llama": json.dumps(SHAPE)})
    print(f"{weights_path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
