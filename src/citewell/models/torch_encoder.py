"""A sentence-transformers directory without an ONNX graph, run through that library (the ``train`` extra).

Slow beside ONNX Runtime, and meant for trying out a model before exporting it with ``scripts/export_encoder.py``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from citewell.errors import MissingExtraError, UserError
from citewell.models.files import checked_digests, identify
from citewell.models.tokens import Floats, Progress, Tokens, batches


class TorchEncoder:
    """Same contract as OnnxEncoder. Only safetensors weights and the library's own module classes are accepted."""

    def __init__(self, directory: Path, name: str) -> None:
        weights, tokenizer = directory / "model.safetensors", directory / "tokenizer.json"
        for needed in (weights, tokenizer):
            if not needed.is_file():
                raise UserError(f"{directory} has no {needed.name}. Expected an ONNX graph, or safetensors weights.")
        refuse_foreign_modules(directory)
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError:
            raise MissingExtraError(f"The encoder in {directory}, which has no ONNX graph,", "train") from None
        self._model: Any = SentenceTransformer(
            str(directory), device="cpu", trust_remote_code=False, local_files_only=True,
            model_kwargs={"use_safetensors": True},
        )  # fmt: skip
        self._tokens = Tokens(tokenizer)
        self.max_tokens = int(self._model.max_seq_length)
        self.dimension = int(self._model.encode(["a"]).shape[1])
        files = [*sorted(directory.rglob("*.json")), *sorted(directory.rglob("*.safetensors"))]
        self.identity = identify(name, checked_digests(directory, files))

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Floats:
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        done = 0
        for batch in batches([len(text) for text in texts], mixed=True, tokens=2**62):
            picked = [texts[index] for index in batch]
            vectors[batch] = self._model.encode(picked, normalize_embeddings=True, show_progress_bar=False)
            done += len(batch)
            if progress is not None:
                progress(done)
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._tokens.counts(texts)

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        return self._tokens.spans(text)


def refuse_foreign_modules(directory: Path) -> None:
    """``modules.json`` names classes to import; only those of sentence-transformers itself are trusted."""
    for module in json.loads((directory / "modules.json").read_text()):
        if not str(module.get("type", "")).startswith("sentence_transformers."):
            raise UserError(f"{directory}/modules.json asks for {module.get('type')!r}, code that is not run here.")
