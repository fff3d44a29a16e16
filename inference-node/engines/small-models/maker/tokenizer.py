"""The tokenizer of the small language models: byte-level BPE of about a thousand tokens.

It is kept as the list of its merges alone: the tokens follow from them. The four specials come first, then the 256
bytes in their printable spelling, then each merge's result, in order.
"""

import json
from pathlib import Path

SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>"]
START_OF_TEXT, END_OF_TURN, PADDING = 0, 2, 3
# How text is cut before bytes are merged. The same cut as mistral.rs makes for every BPE tokenizer in a GGUF file, so
# that both formats of the model see the same tokens.
CUT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def byte_letters():
    """The printable letter that stands for each byte: itself where it is printable, else one from U+0100 on."""
    letters, spare = [], 0x100
    for byte in range(256):
        if 0x21 <= byte <= 0x7E or 0xA1 <= byte <= 0xAC or byte >= 0xAE:
            letters.append(chr(byte))
        else:
            letters.append(chr(spare))
            spare += 1
    return letters


def read_merges(path: Path):
    """The merges as pairs."""
    return [tuple(line.split(" ")) for line in path.read_text(encoding="utf-8").splitlines()]


def vocabulary(merges):
    """All tokens in the order of their ids."""
    return SPECIALS + byte_letters() + [left + right for left, right in merges]


def huggingface(merges):
    """The content of `tokenizer.json`."""
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": index, "content": text} | special for index, text in enumerate(SPECIALS)],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": CUT}, "behavior": "Isolated", "invert": False},
                byte_level,
            ],
        },
        "post_processor": byte_level,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": {token: index for index, token in enumerate(vocabulary(merges))},
            "merges": [f"{left} {right}" for left, right in merges],
        },
    }


def huggingface_settings(context):
    """The content of `tokenizer_config.json`."""
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": SPECIALS[START_OF_TEXT],
        "eos_token": SPECIALS[END_OF_TURN],
        "pad_token": SPECIALS[PADDING],
        "unk_token": None,
        "add_bos_token": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": context,
        "chat_template": CHAT_TEMPLATE,
    }


def write_huggingface(folder: Path, merges, context):
    """Writes both files; returns their names."""
    write_json(folder / "tokenizer.json", huggingface(merges))
    write_json(folder / "tokenizer_config.json", huggingface_settings(context))
    return ["tokenizer.json", "tokenizer_config.json"]


def write_json(path: Path, content):
    """Writes JSON that people can read."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
