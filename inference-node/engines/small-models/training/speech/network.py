"""The speech model as PyTorch trains it, computing what whisper.cpp computes: its mel filters, its activation, its
positions. Parameters carry the names that they have in a ggml file."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from maker.whisper import mel_filters
from training.speech.vocabulary import LETTERS, NAMED_ROWS, OTHER_COUNT

# Width, heads, encoder and decoder layers; encoder positions of 20 ms (whisper.cpp wants a multiple of 256), tokens.
SHAPE = {
    "width": 128,
    "heads": 4,
    "encoder_layers": 3,
    "decoder_layers": 2,
    "audio_positions": 512,
    "text_positions": 64,
}
WINDOW, HOP = 400, 160
FILTERS = torch.from_numpy(mel_filters())
HANN = torch.hann_window(WINDOW)


def log_mel(waves, frames):
    """Waves [batch, samples] to whisper.cpp's log-mel picture [batch, 80, frames]."""
    x = torch.cat([waves[:, 1 : WINDOW // 2 + 1].flip(1), waves], 1)
    need = (frames - 1) * HOP + WINDOW
    x = F.pad(x, (0, max(0, need - x.shape[1])))[:, :need]
    spectrum = torch.stft(x, WINDOW, HOP, window=HANN, center=False, return_complex=True)
    mel = torch.log10(torch.clamp(FILTERS @ (spectrum.real**2 + spectrum.imag**2), min=1e-10))
    floor = mel.amax((1, 2), keepdim=True) - 8
    return (torch.maximum(mel, floor) + 4) / 4


def sinusoids(length, width):
    """The encoder's fixed table of positions."""
    slope = torch.exp(-math.log(10_000) / (width // 2 - 1) * torch.arange(width // 2).float())
    angle = torch.arange(length).float()[:, None] * slope[None]
    return torch.cat([angle.sin(), angle.cos()], 1)


def gelu(x):
    """ggml's activation: the approximation by tanh."""
    return F.gelu(x, approximate="tanh")


class Attention(nn.Module):
    """Multi-head attention, written out: PyTorch's fused one is slower backwards on a CPU at this size."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query, self.value, self.out = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)

    def forward(self, x, memory=None, causal=False):
        """Attends from `x` to `memory`, or to `x` itself."""
        batch, length, width = x.shape
        size = width // self.heads
        memory = x if memory is None else memory

        def split(t):
            return t.view(batch, -1, self.heads, size).transpose(1, 2)

        weights = (split(self.query(x)) * size**-0.5) @ split(self.key(memory)).transpose(-1, -2)
        if causal:
            weights = weights + torch.full((length, length), -1e9, dtype=weights.dtype).triu(1)
        mixed = weights.softmax(-1, dtype=weights.dtype) @ split(self.value(memory))
        return self.out(mixed.transpose(1, 2).reshape(batch, length, width))


class Block(nn.Module):
    """One layer; a decoder's also attends to the sound."""

    def __init__(self, width, heads, decoder):
        super().__init__()
        self.decoder = decoder
        self.attn_ln, self.attn = nn.LayerNorm(width), Attention(width, heads)
        if decoder:
            self.cross_attn_ln, self.cross_attn = nn.LayerNorm(width), Attention(width, heads)
        self.mlp_ln = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"), nn.Linear(4 * width, width))

    def forward(self, x, memory=None):
        """`memory` is what the encoder heard."""
        x = x + self.attn(self.attn_ln(x), causal=self.decoder)
        if self.decoder:
            x = x + self.cross_attn(self.cross_attn_ln(x), memory)
        return x + self.mlp(self.mlp_ln(x))


class Encoder(nn.Module):
    """Sound to positions of 20 ms."""

    def __init__(self, width, heads, layers, positions):
        super().__init__()
        self.conv1 = nn.Conv1d(80, width, 3, padding=1)
        self.conv2 = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.register_buffer("positional_embedding", sinusoids(positions, width))
        self.blocks = nn.ModuleList(Block(width, heads, False) for _ in range(layers))
        self.ln_post = nn.LayerNorm(width)

    def forward(self, mel):
        """`mel` may be shorter than the whole window: the table of positions is no parameter."""
        x = gelu(self.conv2(gelu(self.conv1(mel)))).transpose(1, 2)
        x = x + self.positional_embedding[: x.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.ln_post(x)


class Decoder(nn.Module):
    """Tokens so far and sound to the next token's logits, one for each row."""

    def __init__(self, width, heads, layers, positions):
        super().__init__()
        self.positional_embedding = nn.Parameter(torch.randn(positions, width) * 0.02)
        self.token_embedding = nn.Embedding(NAMED_ROWS + 1, width)
        nn.init.normal_(self.token_embedding.weight, std=0.05)
        self.blocks = nn.ModuleList(Block(width, heads, True) for _ in range(layers))
        self.ln = nn.LayerNorm(width)

    def forward(self, tokens, memory):
        """The last logit stands for all unnamed ids at once, hence the logarithm of their number."""
        x = self.token_embedding(tokens) + self.positional_embedding[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x, memory)
        logits = self.ln(x).float() @ self.token_embedding.weight.float().t()
        return torch.cat([logits[..., :NAMED_ROWS], logits[..., NAMED_ROWS:] + math.log(OTHER_COUNT)], -1)


class Network(nn.Module):
    """Encoder, decoder, and a reading of letters from the encoder which helps training and is then dropped."""

    def __init__(self):
        super().__init__()
        width, heads = SHAPE["width"], SHAPE["heads"]
        self.encoder = Encoder(width, heads, SHAPE["encoder_layers"], SHAPE["audio_positions"])
        self.decoder = Decoder(width, heads, SHAPE["decoder_layers"], SHAPE["text_positions"])
        self.letters = nn.Linear(width, len(LETTERS) + 1)

    def forward(self, mel, tokens):
        """Logits of the tokens and of the letters."""
        memory = self.encoder(mel)
        return self.decoder(tokens, memory), self.letters(memory)
