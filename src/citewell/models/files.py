"""A model directory: its files, their recorded hashes, its configuration, and the identity that follows from them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from citewell.errors import UserError

Pooling = Literal["graph", "mean", "cls"]

GRAPH_PLACES = ("model.onnx", "onnx/model.onnx")
CONFIG_NAME = "citewell-encoder.json"


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """What decides a vector besides graph and tokenizer."""

    max_tokens: int
    pooling: Pooling  # "graph": the graph's output is already one vector per text


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
        _read_json(directory / "config.json").get("max_position_embeddings"),
    )
    max_tokens = next((limit for limit in limits if limit), 512)
    if not isinstance(max_tokens, int) or max_tokens < 4:
        raise UserError(f"{directory}: a text of {max_tokens!r} tokens cannot be encoded. Expected 4 or more.")
    return EncoderConfig(max_tokens=max_tokens, pooling=pooling)


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
    sums = directory / "SHA256SUMS"
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
