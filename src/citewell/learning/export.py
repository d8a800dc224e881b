"""A trained checkpoint becomes what is used: an 8-bit ONNX graph with its hashes, its record and its card.

    export_pair(checkpoint, output, calibration)      reader, reranker, verifier
    export_encoder(checkpoint, output, texts)         sentence encoder

The graph is written from the tensors (``models/bert_graph.py``) and rounded on the calibration texts
(``models/rounding.py``), so this needs ``onnx`` and not torch. Where torch is installed the result is also compared
with the network that was trained. Hashes are written last: a run that is killed leaves a directory that is refused,
never one that is half of each.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from citewell.durable import write_durably
from citewell.errors import UserError
from citewell.learning.card import encoder_card, pair_card
from citewell.learning.parity import Comparison, ExportReport, Logits, Timing, compare, time_pairs
from citewell.learning.writing import (
    BITS,
    SEED,
    Report,
    json_bytes,
    need_onnx,
    plain_tokenizer,
    round_layers,
    save,
    sha256,
    silent,
    versions,
)
from citewell.models.bert_graph import (
    WORD_EMBEDDINGS,
    Architecture,
    Rounded,
    Tensors,
    read_safetensors,
    round_columns,
    write_encoder,
    write_pair_model,
    write_words,
)
from citewell.models.files import (
    CONFIG_NAME,
    GRAPH_NAME,
    HEADS_NAME,
    PAIR_CONFIG_NAME,
    PLAIN_NAME,
    TOKENIZER_NAME,
    WEIGHTS,
    WORDS_NAME,
    Head,
    PairConfig,
    file_sha256,
    read_config,
    read_heads,
)
from citewell.models.pair_model import PairModel
from citewell.models.pairs import MAX_TOKENS, Pair
from citewell.models.sessions import start_session
from citewell.models.tokens import Floats, Tokens
from citewell.models.words import WordTable, read_words
from citewell.settings import BUILTIN_ENCODER

HELD_BACK = 5  # every fifth calibration pair is not calibrated on, but compared, when no others are given
TRAINING_NAME = "TRAINING.json"


# -- pair models -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Checkpoint:
    """A pair checkpoint as read from disk."""

    directory: Path
    tensors: Tensors
    architecture: Architecture
    heads: dict[str, Head]
    max_tokens: int


def export_pair(
    checkpoint: Path,
    output: Path,
    calibration: Sequence[Pair],
    *,
    compared: Sequence[Pair] = (),
    base: str = BUILTIN_ENCODER,
    own_words: bool = False,
    bits: int = BITS,
    origin: str = "",
    weights: Path = WEIGHTS,
    report: Report = silent,
) -> ExportReport:
    """Writes the pair checkpoint as a directory that :class:`~citewell.models.pair_model.PairModel` runs.

    calibration: pairs like those it will read; some hundreds are enough. compared: other pairs, on which the result is
    compared with the float graph and with torch; without any, every fifth of ``calibration`` is held back for it. base:
    the shipped encoder whose words and tokenizer it shares. own_words: it brings its own instead (another backbone).
    origin: where the calibration pairs come from, for the record. Raises UserError when the checkpoint does not fit.
    """
    need_onnx()
    started = time.monotonic()
    found = _read_checkpoint(checkpoint)
    calibration, compared, held_back = _split(calibration, compared)
    for pair in (*calibration, *compared):
        if len(pair.ids) > found.max_tokens:
            raise UserError(f"A calibration pair has {len(pair.ids)} tokens; the checkpoint reads {found.max_tokens}.")
    base = "" if own_words else base
    words = _shared_words(found, weights / base) if base else _rounded_words(found.tensors)
    tokenizer, name = _tokenizer(found, base, weights), _plain_name(output)
    output.mkdir(parents=True, exist_ok=True)  # now: a folder that cannot be written is told before the work

    def write(rounded: Mapping[str, Rounded], inputs: bool = False) -> Any:
        return write_pair_model(
            found.tensors, found.architecture, found.max_tokens, rounded, found.heads, with_linear_inputs=inputs
        )

    feeds = (_feed(pair, found.tensors[WORD_EMBEDDINGS]) for pair in calibration)
    report(f"observing {sum(len(pair.ids) for pair in calibration):,} tokens of {len(calibration)} pairs")
    graph = write(round_layers(found.tensors, found.architecture, write({}, inputs=True), feeds, bits, report))
    config = PairConfig(name, found.max_tokens, base, words.digest, sha256(tokenizer))
    files = _files(found, graph, config, tokenizer)
    save(output, files)
    report("comparing with the float graph")
    model, reference = PairModel(output, threads=1, weights=weights), _Float(found, write({}))
    result = ExportReport(
        name=config.name, identity=model.identity, bytes=sum(map(len, files.values())),
        float_bytes=(checkpoint / "model.safetensors").stat().st_size,
        comparisons=_comparisons(found, model.run(compared), [reference.run(pair) for pair in compared], compared),
        compared_pairs=len(compared), held_back=held_back, timings=_timings(model, reference, compared),
        seconds=round(time.monotonic() - started, 1),
    )  # fmt: skip
    record = {
        "source": {"file": "model.safetensors", "sha256": file_sha256(checkpoint / "model.safetensors")},
        "variant": f"8-bit inputs on fixed grids, {bits}-bit weights per column, heads in float, words "
        + (f"of {base}" if base else "of its own on 8 bits"),
        "calibration": {"pairs": len(calibration), "tokens": sum(len(pair.ids) for pair in calibration),
                        "origin": origin},
        "seed": SEED, "versions": versions(), **result.to_json(),
    }  # fmt: skip
    _write_papers(output, checkpoint, record, found.heads, config)
    return result


def _tokenizer(checkpoint: _Checkpoint, base: str, weights: Path) -> bytes:
    """The checkpoint's, which is that of ``base`` when it shares its words."""
    found = plain_tokenizer(checkpoint.directory / TOKENIZER_NAME)
    if base and sha256(found) != file_sha256(weights / base / TOKENIZER_NAME):
        raise UserError(
            f"The checkpoint's tokenizer is not that of {base}, whose words it shares. Expected the same "
            f"{TOKENIZER_NAME}; or export it with words of its own (own_words=True)."
        )
    return found


def _plain_name(output: Path) -> str:
    name = output.resolve().name
    if not PLAIN_NAME.fullmatch(name):
        raise UserError(f"A model cannot be called {name!r}. Expected a directory named in letters, digits, '.', '-'.")
    return name


def _files(checkpoint: _Checkpoint, graph: Any, config: PairConfig, tokenizer: bytes) -> dict[str, bytes]:
    """What decides a logit, by file name."""
    files = {
        GRAPH_NAME: graph.SerializeToString(),
        HEADS_NAME: (checkpoint.directory / HEADS_NAME).read_bytes(),
        PAIR_CONFIG_NAME: json_bytes({name: getattr(config, name) for name in PairConfig.__slots__}),
    }
    if config.own_words:
        files[WORDS_NAME] = write_words(checkpoint.tensors[WORD_EMBEDDINGS]).SerializeToString()
        files[TOKENIZER_NAME] = tokenizer
    return files


class _Float:
    """The same network in float, words included, on ONNX Runtime."""

    def __init__(self, checkpoint: _Checkpoint, graph: Any) -> None:
        self._words = checkpoint.tensors[WORD_EMBEDDINGS]
        self._heads = list(checkpoint.heads)
        self._session = start_session(graph.SerializeToString())

    def run(self, pair: Pair) -> Logits:
        found = self._session.run(self._heads, _feed(pair, self._words))
        return {name: values[0] for name, values in zip(self._heads, found, strict=True)}


def _read_checkpoint(directory: Path) -> _Checkpoint:
    path = directory / "model.safetensors"
    if not path.is_file():
        raise UserError(f"{directory} has no {path.name}. Expected a pair checkpoint as `citewell learn` writes it.")
    architecture, tensors, heads = Architecture.read(directory), read_safetensors(path), read_heads(directory)
    for name, shape in _expected_tensors(architecture, heads):
        values = tensors.get(name)
        if values is None or (shape and values.shape != shape):
            was = "missing" if values is None else f"of shape {values.shape}"
            raise UserError(f"{path}: {name} is {was}. Expected {shape or 'it'} in float32; save the checkpoint again.")
    if broken := [name for name, values in tensors.items() if not np.isfinite(values).all()]:
        raise UserError(f"{path}: {broken[0]} is not all numbers: the training failed. Take an earlier checkpoint.")
    places = len(tensors["embeddings.position_embeddings.weight"])
    return _Checkpoint(directory, tensors, architecture, heads, min(MAX_TOKENS, places))


def _expected_tensors(architecture: Architecture, heads: Mapping[str, Head]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names, with the shape where nothing else would notice a wrong one."""
    for name in ("word", "position", "token_type"):
        yield f"embeddings.{name}_embeddings.weight", ()
    parts = [f"attention.self.{each}" for each in ("query", "key", "value")]
    parts += [
        "attention.output.dense",
        "attention.output.LayerNorm",
        "intermediate.dense",
        "output.dense",
        "output.LayerNorm",
    ]
    places = [f"encoder.layer.{layer}.{part}" for layer in range(architecture.layers) for part in parts]
    for place in ("embeddings.LayerNorm", *places):
        yield f"{place}.weight", ()
        yield f"{place}.bias", ()
    for name, head in heads.items():
        yield f"heads.{name}.weight", (head.size, architecture.hidden)
        yield f"heads.{name}.bias", (head.size,)


def _split(calibration: Sequence[Pair], compared: Sequence[Pair]) -> tuple[list[Pair], list[Pair], bool]:
    """Pairs to calibrate on, pairs to compare on, and whether these are others."""
    if not calibration:
        raise UserError("There is no calibration pair. Expected some hundreds of pairs like those the model will read.")
    if compared:
        return list(calibration), list(compared), True
    if len(calibration) < 2 * HELD_BACK:
        return list(calibration), list(calibration), False
    rest = [pair for index, pair in enumerate(calibration) if index % HELD_BACK]
    return rest, list(calibration[::HELD_BACK]), True


def _rounded_words(tensors: Tensors) -> WordTable:
    rows, scale = round_columns(tensors[WORD_EMBEDDINGS].T, 127)
    return WordTable.of(rows.T, scale[:, None])


def _shared_words(checkpoint: _Checkpoint, encoder: Path) -> WordTable:
    """The encoder's words, when the checkpoint's are the same on 8 bits."""
    shared, own = read_words(encoder / GRAPH_NAME), _rounded_words(checkpoint.tensors)
    if own.digest == shared.digest:
        return shared
    if own.steps.shape != shared.steps.shape:
        found = f"{own.steps.shape[0]:,} words of {own.steps.shape[1]} numbers, not {shared.steps.shape[0]:,} of "
        found += f"{shared.steps.shape[1]}"
    else:
        changed = int(((own.steps != shared.steps).any(axis=1) | (own.scale != shared.scale)[:, 0]).sum())
        found = f"{changed:,} of {len(own.steps):,} word vectors that differ"
    raise UserError(
        f"The checkpoint in {checkpoint.directory} does not have the words of {encoder.name}: it has {found}. Train "
        "with frozen word embeddings from that base, or export it with words of its own (own_words=True)."
    )


def _feed(pair: Pair, words: Floats) -> dict[str, Any]:
    return {"word_rows": words[pair.ids][None], "token_types": np.array([pair.types], dtype=np.int64)}


def _comparisons(
    checkpoint: _Checkpoint, ours: list[Logits], floats: list[Logits], pairs: Sequence[Pair]
) -> dict[str, dict[str, Comparison]]:
    found = {"int8 to float graph": compare(ours, floats)}
    if find_spec("torch") and find_spec("transformers"):
        from citewell.learning.train.reference import torch_logits

        originals = torch_logits(checkpoint.directory, checkpoint.heads, pairs)
        found |= {"int8 to torch": compare(ours, originals), "float graph to torch": compare(floats, originals)}
    return found


def _timings(model: PairModel, reference: _Float, pairs: Sequence[Pair]) -> list[Timing]:
    lengths = [length for length in (128, 256) if length <= model.max_tokens]
    return [time_pairs(lambda pair: model.run([pair]), reference.run, pairs, length) for length in lengths]


def _write_papers(
    output: Path, checkpoint: Path, record: Mapping[str, Any], heads: Mapping[str, Head], config: PairConfig
) -> None:
    """Record of the export, record of the training, card."""
    write_durably(output / "EXPORT.json", json_bytes(record))
    card = pair_card(config, heads, _copy_training(checkpoint, output), record)
    write_durably(output / "CARD.md", card.encode("utf-8"))


def _copy_training(checkpoint: Path, output: Path) -> dict[str, Any]:
    """The record of the training, copied; empty when there is none."""
    path = checkpoint / TRAINING_NAME
    if not path.is_file():
        return {}
    content = path.read_bytes()
    try:
        found = json.loads(content)
    except ValueError as error:
        raise UserError(f"{path} is not JSON ({error}). Save the checkpoint again.") from None
    write_durably(output / TRAINING_NAME, content)
    return found if isinstance(found, dict) else {}


# -- sentence encoders -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EncoderExport:
    """What became of an encoder: mean cosine of its vectors to the float ones on the calibration texts."""

    identity: str
    bytes: int
    mean_cosine_to_float: float
    seconds: int


def export_encoder(
    checkpoint: Path,
    output: Path,
    texts: Sequence[str],
    *,
    bits: int = BITS,
    calibration: Sequence[Mapping[str, str]] = (),
    report: Report = silent,
) -> EncoderExport:
    """Writes a sentence-transformers directory (BERT, mean pooling, safetensors) as an encoder that Citewell runs.

    texts: to calibrate on, some hundreds like those it will read. calibration: where they come from, for the record.
    """
    need_onnx()
    from citewell.models.encoder import OnnxEncoder

    started = time.monotonic()
    path = checkpoint / "model.safetensors"
    if not path.is_file():
        raise UserError(f"{checkpoint} has no {path.name}. Expected a sentence-transformers directory.")
    if not texts:
        raise UserError("There is no calibration text. Expected some hundreds of texts like those it will read.")
    architecture, tensors = Architecture.read(checkpoint), read_safetensors(path)
    settled = read_config(checkpoint, pooled=False)
    if settled.pooling != "mean":
        raise UserError(
            f"{checkpoint} pools by '{settled.pooling}'. Expected mean pooling, the only kind written here."
        )
    rows = Tokens(checkpoint / TOKENIZER_NAME).ids(texts, settled.max_tokens)
    reference = write_encoder(tensors, architecture, settled.max_tokens, {}, small_words=False, with_linear_inputs=True)
    report(f"observing {sum(map(len, rows)):,} tokens of {len(texts)} texts")
    feeds = [{"input_ids": np.array([row])} for row in rows]
    graph = write_encoder(
        tensors, architecture, settled.max_tokens, round_layers(tensors, architecture, reference, feeds, bits, report)
    )
    config = {
        "dimension": architecture.hidden, "max_tokens": settled.max_tokens, "pooling": "graph", "normalise": True,
    }  # fmt: skip
    files = {
        GRAPH_NAME: graph.SerializeToString(),
        TOKENIZER_NAME: plain_tokenizer(checkpoint / TOKENIZER_NAME),
        CONFIG_NAME: json_bytes(config),
    }
    save(output, files)
    result = EncoderExport(
        OnnxEncoder(output, output.resolve().name).identity, sum(map(len, files.values())),
        round(_mean_cosine(output / GRAPH_NAME, reference, feeds), 5), round(time.monotonic() - started),
    )  # fmt: skip
    record = {
        "source": {"file": path.name, "sha256": file_sha256(path)},
        "variant": f"8-bit inputs on fixed grids, {bits}-bit weights per column, 8-bit word rows",
        "calibration": [dict(each) for each in calibration], "calibration_texts": len(texts), "seed": SEED,
        "versions": versions(), "mean_cosine_to_float": result.mean_cosine_to_float, "seconds": result.seconds,
    }  # fmt: skip
    write_durably(output / "EXPORT.json", json_bytes(record))
    if training := _copy_training(checkpoint, output):  # the shipped encoder was not trained here; its card is by hand
        card = encoder_card(output.resolve().name, settled.max_tokens, training, record)
        write_durably(output / "CARD.md", card.encode("utf-8"))
    return result


def _mean_cosine(written: Path, reference: Any, feeds: Sequence[Mapping[str, Any]]) -> float:
    """Between the written graph and the float one, on the calibration texts: a check, not an evaluation."""
    ours, theirs = start_session(written), start_session(reference.SerializeToString())
    return float(np.mean([
        np.sum(ours.run(["embedding"], feed)[0] * theirs.run(["embedding"], feed)[0]) for feed in feeds
    ]))  # fmt: skip
