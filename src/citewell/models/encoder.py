"""Texts to vectors: the role, its ONNX Runtime implementation, and how an encoder is found by name.

    load_encoder("minilm-l6-int8")        shipped in weights/, checked against its recorded hashes
    load_encoder("path/to/directory")     ONNX graph + tokenizer.json, or a sentence-transformers directory ([train])
    load_encoder("org/model")             the same, fetched from the Hugging Face hub ([hub]), honouring HF_HUB_OFFLINE

Nothing here runs code or unpickles data that comes with a model. ONNX Runtime and tokenizers are imported when the
first encoder is loaded, not before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from citewell import settings
from citewell.errors import MissingExtraError, PathError, UserError
from citewell.models.files import GRAPH_PLACES, WEIGHTS, checked_digests, graph_path, identify, read_config
from citewell.models.sessions import cores, side_by_side, start_session
from citewell.models.tokens import Floats, Progress, Tokens, batches

WINDOW = 4096  # texts tokenised and sorted together; bounds memory


class Encoder(Protocol):
    """Turns texts into vectors whose dot product is their similarity."""

    identity: str
    """``name@`` and 12 hex digits over everything that decides a vector. Vectors of two identities do not compare."""
    dimension: int
    max_tokens: int
    """Tokens of one text that are read, special tokens included; the rest is ignored."""

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Floats:
        """(texts, dimension) float32, rows of length 1, in the order given. ``progress`` hears how many are done."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, special tokens included, untruncated."""
        ...

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Character offsets (half-open) of each token, untruncated, without special tokens."""
        ...


class OnnxEncoder:
    """An encoder as an ONNX graph and a tokenizer, run by ONNX Runtime on the processor.

    directory: holds the graph, ``tokenizer.json`` and perhaps a configuration. threads: processor threads of one
    ``encode`` call, default all that this process may use. Calls from several threads are safe.
    """

    def __init__(self, directory: Path, name: str, threads: int | None = None) -> None:
        graph, tokenizer = graph_path(directory) or directory / GRAPH_PLACES[0], directory / "tokenizer.json"
        digests = checked_digests(directory, [graph, *sorted(graph.parent.glob("*.onnx_data")), tokenizer])
        if "no file" in digests:
            missing = graph if not graph.is_file() else tokenizer
            raise UserError(f"{directory} has no {missing.name}. Expected an ONNX graph and a tokenizer.json.")
        self._tokens = Tokens(tokenizer)
        self._threads = threads or cores()
        self._session = start_session(graph)
        self._inputs = {each.name for each in self._session.get_inputs()}
        self._output, width, pooled = _vector_output(self._session.get_outputs(), graph)
        config = read_config(directory, pooled)
        self._pooling = config.pooling
        self.max_tokens = config.max_tokens
        self.dimension = width or self._run([[0] * 2]).shape[1]
        self.identity = identify(name, digests, config)

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Floats:
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        done = 0
        for start in range(0, len(texts), WINDOW):
            ids = self._tokens.ids(texts[start : start + WINDOW], self.max_tokens)
            plan = list(batches([len(each) for each in ids], mixed="attention_mask" in self._inputs))
            results = side_by_side(self._run, [[ids[index] for index in batch] for batch in plan], self._threads)
            for batch, found in zip(plan, results, strict=True):
                vectors[[start + index for index in batch]] = found
                done += len(batch)
                if progress is not None:
                    progress(done)
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._tokens.counts(texts)

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        return self._tokens.spans(text)

    def _run(self, rows: list[list[int]]) -> Floats:
        """One batch of token ids, padded to its longest row, to (rows, dimension) vectors of length 1."""
        width = max(len(row) for row in rows)
        ids = np.zeros((len(rows), width), dtype=np.int64)
        mask = np.zeros_like(ids)
        for index, row in enumerate(rows):
            ids[index, : len(row)] = row
            mask[index, : len(row)] = 1
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        feed = {name: values for name, values in feed.items() if name in self._inputs}
        found: Floats = np.asarray(self._session.run([self._output], feed)[0], dtype=np.float32)
        if self._pooling == "cls":
            found = found[:, 0]
        elif self._pooling == "mean":  # the sum points where the mean does
            found = np.asarray(np.einsum("rth,rt->rh", found, mask), dtype=np.float32)
        lengths = np.sqrt(np.einsum("rh,rh->r", found, found))
        return np.asarray(found / np.maximum(lengths, 1e-12)[:, None], dtype=np.float32)


def load_encoder(name: str = settings.BUILTIN_ENCODER) -> Encoder:
    """The encoder called ``name``: shipped, in a directory, or on the hub.

    Raises UserError when it is not there, incomplete, damaged or cannot be fetched; MissingExtraError when it needs a
    package that is not installed.
    """
    shipped = WEIGHTS / name
    if re.fullmatch(r"[\w.-]+", name) and (shipped / "SHA256SUMS").is_file():
        return OnnxEncoder(shipped, name)
    directory = Path(name).expanduser()
    if directory.is_dir():
        return load_directory(directory, directory.resolve().name)
    if re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", name):
        return load_directory(_fetch(name), name)
    known = ", ".join(sorted(each.parent.name for each in WEIGHTS.glob("*/SHA256SUMS")))
    raise PathError(
        f"No encoder '{name}'. Expected a shipped one ({known}), a directory with a model, or a hub name such as "
        "sentence-transformers/all-MiniLM-L6-v2."
    )


def load_directory(directory: Path, name: str) -> Encoder:
    """The encoder in ``directory``: its ONNX graph when there is one, else through sentence-transformers."""
    if graph_path(directory) is None and (directory / "modules.json").is_file():
        from citewell.models.torch_encoder import TorchEncoder

        return TorchEncoder(directory, name)
    return OnnxEncoder(directory, name)


def _vector_output(outputs: Sequence[Any], graph: Path) -> tuple[str, int | None, bool]:
    """Name and width (None when the graph does not say) of the output to read, and whether it is one vector per text.

    Exporters differ: a vector output by its usual names first, then token vectors, then a lone matrix.
    """
    vectors = [each for each in outputs if each.name in {"embedding", "sentence_embedding"}]
    by_token = [each for each in outputs if len(each.shape) == 3]
    matrices = [each for each in outputs if len(each.shape) == 2]
    for pooled, candidates in ((True, vectors), (False, by_token), (True, matrices)):
        if candidates:
            width = candidates[0].shape[-1]
            return candidates[0].name, width if isinstance(width, int) else None, pooled
    names = ", ".join(each.name for each in outputs)
    raise UserError(f"{graph} gives {names}. Expected token vectors or one vector per text.")


def _fetch(name: str) -> Path:
    """The directory of hub model ``name``, from the local cache when it is there or the hub cannot be reached."""
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise MissingExtraError(f"Fetching the encoder '{name}'", "hub") from None
    settled = ["*.json", "1_Pooling/*.json"]
    try:
        directory = Path(snapshot_download(name, allow_patterns=[*settled, *GRAPH_PLACES, "onnx/model.onnx_data"]))
        if graph_path(directory) is None:
            directory = Path(snapshot_download(name, allow_patterns=[*settled, "*/config.json", "*.safetensors"]))
    except (OSError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise UserError(
            f"The encoder '{name}' could not be fetched ({reason}). Check the name and the network, or fetch it on "
            "another machine and give its directory instead."
        ) from error
    return directory
