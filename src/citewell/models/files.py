"""A model directory: its files, their recorded hashes, its configuration, and the identity that follows from them.

    an encoder      model.onnx  tokenizer.json  citewell-encoder.json
    a pair model    model.onnx  heads.json  citewell-pair.json       with the words and the tokenizer of an encoder, or
                    words.onnx  tokenizer.json                       its own

Beside them ``SHA256SUMS``, checked before use, and for people ``CARD.md``, ``EXPORT.json`` and ``TRAINING.json``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from citewell.errors import UserError

Pooling = Literal["graph", "mean", "cls"]

WEIGHTS = Path(__file__).parent / "weights"
"""What ships, one directory per model."""

GRAPH_NAME, TOKENIZER_NAME, SUMS_NAME = "model.onnx", "tokenizer.json", "SHA256SUMS"
GRAPH_PLACES = (GRAPH_NAME, "onnx/model.onnx")
CONFIG_NAME = "citewell-encoder.json"
PAIR_CONFIG_NAME, HEADS_NAME, WORDS_NAME = "citewell-pair.json", "heads.json", "words.onnx"

PLAIN_NAME = re.compile(r"\w[\w.-]{0,63}")
"""What a model or a file of it may be called; so no name in data leads anywhere else."""


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """What decides a vector besides graph and tokenizer."""

    max_tokens: int
    pooling: Pooling  # "graph": the graph's output is already one vector per text


@dataclass(frozen=True, slots=True)
class Head:
    """A linear layer on every token's vector, or on the first token's only. size: its outputs."""

    on: Literal["tokens", "first"]
    size: int


@dataclass(frozen=True, slots=True)
class PairConfig:
    """What a pair model's graph does not say.

    encoder: the shipped encoder whose words and tokenizer it uses; empty when it has its own. words, tokenizer: their
    sha256, of the word table's rows and scales and of the file.
    """

    name: str
    max_tokens: int
    encoder: str
    words: str
    tokenizer: str

    @property
    def own_words(self) -> bool:
        return not self.encoder


def graph_path(directory: Path) -> Path | None:
    return next((directory / place for place in GRAPH_PLACES if (directory / place).is_file()), None)


def read_config(directory: Path, pooled: bool) -> EncoderConfig:
    """Pooling and length from ``citewell-encoder.json``, else from the files sentence-transformers writes.

    pooled: whether the graph itself gives one vector per text.
    """
    own = _read_json(directory / CONFIG_NAME)
    pooling: Any = own.get("pooling") or ("graph" if pooled else _sentence_transformers_pooling(directory))
    if pooling not in ("graph", "mean", "cls") or (pooling == "graph") != pooled:
        raise UserError(
            f"{directory}: pooling '{pooling}' does not fit the graph. Expected "
            f"{'graph' if pooled else 'mean or cls'} in {CONFIG_NAME} or 1_Pooling/config.json."
        )
    limits = (
        own.get("max_tokens"),
        _read_json(directory / "sentence_bert_config.json").get("max_seq_length"),
        _tokenizer_limit(directory),
    )
    max_tokens = next((limit for limit in limits if limit), 512)
    if not isinstance(max_tokens, int) or max_tokens < 4:
        raise UserError(f"{directory}: a text of {max_tokens!r} tokens cannot be encoded. Expected 4 or more.")
    return EncoderConfig(max_tokens=max_tokens, pooling=pooling)


def read_pair_config(directory: Path) -> PairConfig:
    """``citewell-pair.json``, checked: names are plain names, never paths."""
    path = directory / PAIR_CONFIG_NAME
    found = _read_json(path)
    try:
        config = PairConfig(
            name=str(found["name"]), max_tokens=int(found["max_tokens"]), encoder=str(found["encoder"]),
            words=str(found["words"]), tokenizer=str(found["tokenizer"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path} is missing or has no usable {error}. Expected a pair model as `citewell learn` writes it."
        ) from None
    for name in (config.name, config.encoder or "own"):
        if not PLAIN_NAME.fullmatch(name):
            raise UserError(f"{path} names {name!r}. Expected a name of letters, digits, dots and hyphens.")
    if config.max_tokens < 4:
        raise UserError(f"{path}: a pair of {config.max_tokens} tokens cannot be read. Expected 4 or more.")
    return config


def read_heads(directory: Path) -> dict[str, Head]:
    """``heads.json``: {NAME: {"on": "tokens" or "first", "size": NUMBER}}."""
    path = directory / HEADS_NAME
    found = _read_json(path)
    if not found:
        raise UserError(f"{path} is missing or names no head. Expected {{NAME: {{'on': 'tokens', 'size': 2}}}}.")
    heads = {}
    for name, entry in found.items():
        on, size = (entry.get("on"), entry.get("size")) if isinstance(entry, dict) else (None, None)
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or on not in ("tokens", "first") or not isinstance(size, int):
            raise UserError(f"{path}: head {name!r} is {entry!r}. Expected {{'on': 'tokens' or 'first', 'size': 1}}.")
        heads[name] = Head(on, size)
    return heads


def _tokenizer_limit(directory: Path) -> int | None:
    """Since its version 6 sentence-transformers keeps the length in ``tokenizer_config.json``; others write a huge
    number there, so the positions a model has are a limit too."""
    found = (
        _read_json(directory / "tokenizer_config.json").get("model_max_length"),
        _read_json(directory / "config.json").get("max_position_embeddings"),
    )
    limits = [limit for limit in found if isinstance(limit, int) and 0 < limit < 1_000_000]
    return min(limits, default=None)


def _sentence_transformers_pooling(directory: Path) -> str:
    """Its pooling by our word, or its own when we have none; mean when nothing is said."""
    found = _read_json(directory / "1_Pooling" / "config.json")
    if isinstance(mode := found.get("pooling_mode"), str):
        return mode
    flag = "pooling_mode_"
    chosen = [key.removeprefix(flag) for key, value in found.items() if key.startswith(flag) and value]
    names = {"cls_token": "cls", "mean_tokens": "mean"}
    return "+".join(names.get(each, each) for each in chosen) or "mean"


def identify(name: str, digests: Sequence[str], config: EncoderConfig | None = None) -> str:
    """``name@`` and 12 hex digits over the files' digests, in order, and the configuration."""
    about = json.dumps(asdict(config), sort_keys=True) if config else ""
    return f"{name}@{hashlib.sha256(''.join([about, *digests]).encode()).hexdigest()[:12]}"


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checked_digests(directory: Path, files: Sequence[Path]) -> list[str]:
    """sha256 of each file, compared with ``SHA256SUMS`` where ``directory`` has one; 25 ms for the shipped encoder.

    Raises UserError when a file differs from what is recorded, or a recorded one is missing.
    """
    sums = directory / SUMS_NAME
    lines = sums.read_text(encoding="utf-8").splitlines() if sums.is_file() else []
    recorded = {directory / name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    found = {path: file_sha256(path) if path.is_file() else "no file" for path in dict.fromkeys([*files, *recorded])}
    for path, expected in recorded.items():
        if found[path] != expected:
            raise UserError(
                f"{path} is damaged: found {found[path][:12]}, expected {expected[:12]}. Restore it; a shipped file "
                "comes back with:  pip install --force-reinstall --no-deps citewell"
            )
    return [found[path] for path in files]


def _read_json(path: Path) -> dict[str, Any]:
    """The object in ``path``, empty when there is no such file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise UserError(f"{path} is not JSON ({error}). Restore the file.") from error
    return found if isinstance(found, dict) else {}
