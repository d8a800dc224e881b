"""What writing any model takes: rounding its layers on calibration inputs, and its files with their hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from citewell.durable import write_durably
from citewell.errors import MissingExtraError, UserError
from citewell.models.bert_graph import Architecture, Rounded, Tensors, linear_layers
from citewell.models.files import SUMS_NAME
from citewell.models.rounding import observe, round_layer
from citewell.models.sessions import start_session
from citewell.models.tokens import Floats

SAMPLED_TOKENS = 15  # of each calibration text, kept for choosing grids
SEED = 0
BITS = 7  # of a weight: processors without VNNI add pairs of products in 16 bits, which 8 × 8 bits overflow silently

Report = Callable[[str], None]


def silent(_: str) -> None:
    """A report to nobody."""


def need_onnx() -> None:
    if find_spec("onnx") is None:
        raise MissingExtraError("Writing a model", "train")


def round_layers(
    tensors: Tensors,
    architecture: Architecture,
    reference: Any,
    feeds: Iterable[Mapping[str, Any]],
    bits: int,
    report: Report,
) -> dict[str, Rounded]:
    """Every linear layer on 8-bit inputs and ``bits``-bit weights, from what it reads when ``reference``, a graph with
    its linear inputs as outputs, runs on ``feeds``."""
    layers = linear_layers(tensors, architecture)
    inputs = observe(_layer_inputs(reference, [layer.name for layer in layers], feeds), SAMPLED_TOKENS, SEED)
    rounded = {}
    for layer in layers:
        rounded[layer.name] = round_layer(layer, inputs[layer.name], 2 ** (bits - 1) - 1)
        report(f"rounded {layer.name}")
    return rounded


def _layer_inputs(graph: Any, names: list[str], feeds: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Floats]]:
    """What each linear layer reads, one text at a time."""
    session = start_session(graph.SerializeToString())
    for feed in feeds:
        yield {name: value[0] for name, value in zip(names, session.run(names, feed), strict=True)}


def plain_tokenizer(path: Path) -> bytes:
    """``tokenizer.json`` without padding and truncation, which are not a tokenizer's to decide here."""
    try:
        content = json.loads(path.read_text(encoding="utf-8")) | {"truncation": None, "padding": None}
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"{path} cannot be read ({error}). Expected the tokenizer of the checkpoint.") from None
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def save(output: Path, files: Mapping[str, bytes]) -> None:
    """The files, their hashes last."""
    output.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        write_durably(output / name, content)
    sums = "".join(f"{sha256(content)}  {name}\n" for name, content in files.items())
    write_durably(output / SUMS_NAME, sums.encode("utf-8"))


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def json_bytes(content: Any) -> bytes:
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode("utf-8")


def versions() -> dict[str, str]:
    return {name: version(name) for name in ("numpy", "onnx", "onnxruntime", "tokenizers")}
