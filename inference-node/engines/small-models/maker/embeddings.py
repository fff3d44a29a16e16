"""`tiny-embeddings`: a model for embeddings in the format of Qwen3's, with seeded random weights.

No training is needed for it to be of use in tests: a random vector for each token, hardly touched by its layers and
added up over the text, is near that of another text with the same words, and far from one with others.
"""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from maker import tokenizer

WIDTH, INNER, LAYERS, HEADS, KEY_HEADS, HEAD, CONTEXT = 64, 128, 2, 2, 1, 64, 2048


def weights(tokens):
    """The tensors by name."""
    draw = np.random.default_rng(11)

    def random(rows, columns, size):
        return (draw.standard_normal((rows, columns)) * size).astype(np.float16)

    def ones(size):
        return np.ones(size, np.float16)

    tensors = {"embed_tokens.weight": random(tokens, WIDTH, 1.0), "norm.weight": ones(WIDTH)}
    # Small, so that the layers stir without drowning what the words say.
    small = 0.03
    for layer in range(LAYERS):
        parts = {
            "input_layernorm": ones(WIDTH),
            "post_attention_layernorm": ones(WIDTH),
            "self_attn.q_proj": random(HEADS * HEAD, WIDTH, small),
            "self_attn.k_proj": random(KEY_HEADS * HEAD, WIDTH, small),
            "self_attn.v_proj": random(KEY_HEADS * HEAD, WIDTH, small),
            "self_attn.o_proj": random(WIDTH, HEADS * HEAD, small),
            "self_attn.q_norm": ones(HEAD),
            "self_attn.k_norm": ones(HEAD),
            "mlp.gate_proj": random(INNER, WIDTH, small),
            "mlp.up_proj": random(INNER, WIDTH, small),
            "mlp.down_proj": random(WIDTH, INNER, small),
        }
        tensors |= {f"layers.{layer}.{name}.weight": values for name, values in parts.items()}
    return tensors


def write(folder: Path, merges):
    """Writes the model and all that sentence-transformers keeps beside it; returns the names of the files."""
    tokens = len(tokenizer.vocabulary(merges))
    save_file(weights(tokens), folder / "model.safetensors", {"format": "pt"})
    tokenizer.write_json(folder / "config.json", {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "torch_dtype": "float16",
        "vocab_size": tokens,
        "hidden_size": WIDTH,
        "intermediate_size": INNER,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KEY_HEADS,
        "head_dim": HEAD,
        "hidden_act": "silu",
        "max_position_embeddings": CONTEXT,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1_000_000.0,
        "sliding_window": None,
        "use_sliding_window": False,
        "max_window_layers": LAYERS,
        "tie_word_embeddings": True,
        "attention_bias": False,
        "bos_token_id": tokenizer.START_OF_TEXT,
        "eos_token_id": tokenizer.END_OF_TURN,
    })  # fmt: skip
    kinds = {"": "Transformer", "1_Pooling": "Pooling", "2_Normalize": "Normalize"}
    tokenizer.write_json(folder / "modules.json", [
        {"idx": index, "name": str(index), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for index, (path, kind) in enumerate(kinds.items())
    ])  # fmt: skip
    (folder / "1_Pooling").mkdir(exist_ok=True)
    tokenizer.write_json(folder / "1_Pooling" / "config.json", {
        "word_embedding_dimension": WIDTH,
        "pooling_mode_cls_token": False,
        "pooling_mode_mean_tokens": True,
        "pooling_mode_max_tokens": False,
        "pooling_mode_mean_sqrt_len_tokens": False,
        "pooling_mode_weightedmean_tokens": False,
        "pooling_mode_lasttoken": False,
        "include_prompt": True,
    })  # fmt: skip
    return ["model.safetensors", "config.json", "modules.json", "1_Pooling/config.json",
            *tokenizer.write_huggingface(folder, merges, CONTEXT)]  # fmt: skip
