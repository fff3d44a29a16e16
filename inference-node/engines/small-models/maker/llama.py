"""`tiny-llama` and `tiny-llama-safetensors`: one small chat model in both formats that mistral.rs loads.

The weights are trained (`training/text`) and kept in eight bits. The GGUF file holds matrices as Q8_0, the safetensors
file in half precision.
"""

import json
from pathlib import Path

import gguf
import numpy as np
from safetensors.numpy import save_file

from maker import compact, tokenizer

NORM_EPSILON, ROTATION_BASE = 1e-5, 10_000.0
# From a layer's name in the safetensors file to its name in a GGUF file.
GGUF_NAMES = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def load(source: Path):
    """The weights by their names in a safetensors file, and the model's shape."""
    weights, description = compact.load(source)
    return weights, json.loads(description["llama"])


def gguf_name(name):
    """The name of a tensor in a GGUF file."""
    if name in GGUF_NAMES:
        return GGUF_NAMES[name]
    _, _, layer, part = name.split(".", 3)
    return f"blk.{layer}.{GGUF_NAMES[part.removesuffix('.weight')]}.weight"


def interleaved(matrix, heads):
    """Reorders the rows of a query or key matrix: GGUF's llama turns neighbours as pairs, safetensors' halves."""
    rows, columns = matrix.shape
    return matrix.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def write_gguf(folder: Path, source: Path, merges):
    """Writes the GGUF file; returns the names of the files."""
    weights, shape = load(source)
    tokens = tokenizer.vocabulary(merges)
    name = "tiny-llama-q8_0.gguf"
    file = gguf.GGUFWriter(folder / name, "llama")
    file.add_name("tiny-llama")
    file.add_license("EUPL-1.2")
    file.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    file.add_quantization_version(gguf.GGML_QUANT_VERSION)
    file.add_context_length(shape["context"])
    file.add_embedding_length(shape["width"])
    file.add_block_count(shape["layers"])
    file.add_feed_forward_length(shape["inner"])
    file.add_head_count(shape["heads"])
    file.add_head_count_kv(shape["key_heads"])
    file.add_rope_dimension_count(shape["width"] // shape["heads"])
    file.add_rope_freq_base(ROTATION_BASE)
    file.add_layer_norm_rms_eps(NORM_EPSILON)
    file.add_vocab_size(len(tokens))
    file.add_tokenizer_model("gpt2")
    file.add_tokenizer_pre("llama-bpe")
    file.add_token_list(tokens)
    kinds = [gguf.TokenType.CONTROL] * len(tokenizer.SPECIALS)
    file.add_token_types(kinds + [gguf.TokenType.NORMAL] * (len(tokens) - len(kinds)))
    file.add_token_merges([f"{left} {right}" for left, right in merges])
    file.add_bos_token_id(tokenizer.START_OF_TEXT)
    file.add_eos_token_id(tokenizer.END_OF_TURN)
    file.add_pad_token_id(tokenizer.PADDING)
    file.add_add_bos_token(False)
    file.add_chat_template(tokenizer.CHAT_TEMPLATE)
    for key in sorted(weights):
        values = weights[key]
        if key.endswith(("q_proj.weight", "k_proj.weight")):
            values = interleaved(values, shape["heads" if "q_proj" in key else "key_heads"])
        if values.ndim == 1:
            file.add_tensor(gguf_name(key), values)
        else:
            packed = gguf.quants.quantize(np.ascontiguousarray(values), gguf.GGMLQuantizationType.Q8_0)
            file.add_tensor(gguf_name(key), packed, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()
    return [name]


def write_safetensors(folder: Path, source: Path, merges):
    """Writes the same model as safetensors with its configuration; returns the names of the files."""
    weights, shape = load(source)
    save_file({key: values.astype(np.float16) for key, values in weights.items()}, folder / "model.safetensors",
              {"format": "pt"})  # fmt: skip
    tokenizer.write_json(folder / "config.json", {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "torch_dtype": "float16",
        "vocab_size": len(tokenizer.vocabulary(merges)),
        "hidden_size": shape["width"],
        "intermediate_size": shape["inner"],
        "num_hidden_layers": shape["layers"],
        "num_attention_heads": shape["heads"],
        "num_key_value_heads": shape["key_heads"],
        "max_position_embeddings": shape["context"],
        "rms_norm_eps": NORM_EPSILON,
        "rope_theta": ROTATION_BASE,
        "hidden_act": "silu",
        "tie_word_embeddings": False,
        "attention_bias": False,
        "mlp_bias": False,
        "bos_token_id": tokenizer.START_OF_TEXT,
        "eos_token_id": tokenizer.END_OF_TURN,
        "pad_token_id": tokenizer.PADDING,
    })  # fmt: skip
    tokenizer.write_json(folder / "generation_config.json", {
        "bos_token_id": tokenizer.START_OF_TEXT,
        "eos_token_id": tokenizer.END_OF_TURN,
        "pad_token_id": tokenizer.PADDING,
    })  # fmt: skip
    return ["model.safetensors", "config.json", "generation_config.json",
            *tokenizer.write_huggingface(folder, merges, shape["context"])]  # fmt: skip
