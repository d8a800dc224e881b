"""A tiny random BERT with everything a checkpoint has, written in milliseconds without torch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from citewell.models.bert_graph import WORD_EMBEDDINGS, Architecture, Floats, Tensors
from citewell.models.pairs import Pair, PairTokens

HIDDEN, WIDE, PLACES, LAYERS = 32, 64, 48, 2
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz0123456789", "how", "many",
              "days", "leave", "pump", "oil", "paid", "when", "is", "the", ".", "?"]  # fmt: skip
ARCHITECTURE = Architecture(layers=LAYERS, heads=4, hidden=HIDDEN, epsilon=1e-12)
HEADS = {"span": {"on": "tokens", "size": 2}, "relevance": {"on": "first", "size": 1}}


def tensors(seed: int = 7, heads: dict[str, dict[str, object]] | None = None) -> Tensors:
    """Multiples of 1/64, so that they are the same on every machine."""
    generator = np.random.default_rng(seed)

    def some(*shape: int) -> Floats:
        return (generator.integers(-100, 101, shape) / 64).astype(np.float32)

    found = {
        WORD_EMBEDDINGS: some(len(VOCABULARY), HIDDEN),
        "embeddings.position_embeddings.weight": some(PLACES, HIDDEN),
        "embeddings.token_type_embeddings.weight": some(2, HIDDEN),
        "embeddings.LayerNorm.weight": some(HIDDEN),
        "embeddings.LayerNorm.bias": some(HIDDEN),
    }
    for layer in range(LAYERS):
        prefix = f"encoder.layer.{layer}."
        for name in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            found[f"{prefix}{name}.weight"], found[f"{prefix}{name}.bias"] = some(HIDDEN, HIDDEN), some(HIDDEN)
        found[f"{prefix}intermediate.dense.weight"] = some(WIDE, HIDDEN)
        found[f"{prefix}intermediate.dense.bias"] = some(WIDE)
        found[f"{prefix}output.dense.weight"], found[f"{prefix}output.dense.bias"] = some(HIDDEN, WIDE), some(HIDDEN)
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            found[f"{prefix}{name}.weight"], found[f"{prefix}{name}.bias"] = some(HIDDEN), some(HIDDEN)
    for name, head in (heads or {}).items():
        size = int(str(head["size"]))
        found[f"heads.{name}.weight"], found[f"heads.{name}.bias"] = some(size, HIDDEN), some(size)
    return found


def write_safetensors(path: Path, values: Tensors) -> None:
    header, data = {}, b""
    for name, value in values.items():
        content = np.ascontiguousarray(value, dtype="<f4").tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(value.shape),
            "data_offsets": [len(data), len(data) + len(content)],
        }
        data += content
    about = json.dumps(header).encode()
    path.write_bytes(len(about).to_bytes(8, "little") + about + data)


def write_tokenizer(path: Path) -> None:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    places = {word: place for place, word in enumerate(VOCABULARY)}
    tokenizer = Tokenizer(models.WordPiece(places, unk_token="[UNK]"))  # noqa: S106 — no secret
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.save(str(path))


def write_checkpoint(directory: Path, values: Tensors, heads: dict[str, dict[str, object]] | None = None) -> Path:
    """A Hugging Face BERT; with ``heads`` a pair checkpoint, else a sentence-transformers directory."""
    directory.mkdir(parents=True)
    config = {
        "model_type": "bert", "architectures": ["BertModel"], "hidden_act": "gelu", "hidden_size": HIDDEN,
        "intermediate_size": WIDE, "num_hidden_layers": LAYERS, "num_attention_heads": 4, "layer_norm_eps": 1e-12,
        "max_position_embeddings": PLACES, "type_vocab_size": 2, "vocab_size": len(VOCABULARY), "pad_token_id": 0,
    }  # fmt: skip
    (directory / "config.json").write_text(json.dumps(config))
    write_tokenizer(directory / "tokenizer.json")
    write_safetensors(directory / "model.safetensors", values)
    if heads is None:
        (directory / "sentence_bert_config.json").write_text('{"max_seq_length": 24}')
    else:
        (directory / "heads.json").write_text(json.dumps(heads))
    return directory


def pairs(tokenizer: Path, count: int = 30, max_tokens: int = 32, seed: int = 1) -> list[Pair]:
    generator = np.random.default_rng(seed)

    def words(number: int) -> str:
        return " ".join(VOCABULARY[place] for place in generator.integers(5, len(VOCABULARY), number))

    made = PairTokens(tokenizer).windows(
        [words(4) for _ in range(count)], [words(2) for _ in range(count)],
        [words(int(generator.integers(1, 20))) for _ in range(count)], max_tokens=max_tokens,
    )  # fmt: skip
    return [windows[0] for windows in made]
