"""Runs a pair model (reader, reranker, verifier): pairs of texts to the logits of its heads, on ONNX Runtime.

It says nothing about what the logits mean; that is its user's part. The directory is what ``learning/export.py``
writes: a graph without words, the heads, and the name of the shipped encoder whose words and tokenizer it was trained
with (or words of its own).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from citewell.errors import UserError
from citewell.models.files import (
    GRAPH_NAME,
    HEADS_NAME,
    PAIR_CONFIG_NAME,
    SUMS_NAME,
    TOKENIZER_NAME,
    WEIGHTS,
    WORDS_NAME,
    checked_digests,
    file_sha256,
    identify,
    read_heads,
    read_pair_config,
)
from citewell.models.pairs import Pair
from citewell.models.sessions import cores, side_by_side, start_session
from citewell.models.tokens import Floats
from citewell.models.words import WordTable, read_words


class PairModel:
    """A pair model in ``directory``. threads: processor threads of one ``run``, default all that this process may use.

    Calls from several threads are safe. Every pair runs by itself, so its logits never depend on what runs with it.
    Attributes: ``name``; ``identity``, the name with 12 hex digits over everything that decides a logit; ``heads``;
    ``max_tokens`` of a pair; ``tokenizer``, the ``tokenizer.json`` to make pairs with.
    """

    def __init__(self, directory: Path, threads: int | None = None, *, weights: Path = WEIGHTS) -> None:
        """weights: where shipped encoders are. Raises UserError when a file is missing, damaged or does not fit."""
        files = [directory / name for name in (GRAPH_NAME, HEADS_NAME, PAIR_CONFIG_NAME)]
        for path in (*files, directory / SUMS_NAME):
            if not path.is_file():
                raise UserError(f"{directory} has no {path.name}. Expected a pair model as `citewell learn` writes it.")
        digests = checked_digests(directory, files)
        config = read_pair_config(directory)
        self.name, self.max_tokens = config.name, config.max_tokens
        self.identity = identify(config.name, digests)  # the configuration names the words and the tokenizer by hash
        self.heads = read_heads(directory)
        shared = directory if config.own_words else weights / config.encoder
        self.tokenizer = shared / TOKENIZER_NAME
        self._words = _checked_words(shared / (WORDS_NAME if config.own_words else GRAPH_NAME), config.words, directory)
        _check_tokenizer(self.tokenizer, config.tokenizer, directory)
        self._threads = threads or cores()
        self._session = start_session(directory / GRAPH_NAME)
        given = {each.name for each in self._session.get_outputs()}
        if not given.issuperset(self.heads):
            raise UserError(
                f"{directory / GRAPH_NAME} gives {', '.join(sorted(given))}. Expected {', '.join(self.heads)}, as "
                f"{HEADS_NAME} says. Export the model again."
            )

    def run(self, pairs: Sequence[Pair]) -> list[dict[str, Floats]]:
        """Of each pair its heads' logits by name: (tokens, size) of a head on all tokens, (size,) on the first."""
        longest = max((len(pair.ids) for pair in pairs), default=0)
        if longest > self.max_tokens:
            raise ValueError(f"a pair has {longest} tokens, {self.name} reads {self.max_tokens}: cut it into windows")
        return list(side_by_side(self._run, pairs, self._threads))

    def _run(self, pair: Pair) -> dict[str, Floats]:
        feed = {"word_rows": self._words.rows(pair.ids)[None], "token_types": np.array([pair.types], dtype=np.int64)}
        found = self._session.run(list(self.heads), feed)
        return {name: np.asarray(values[0], dtype=np.float32) for name, values in zip(self.heads, found, strict=True)}


def _checked_words(path: Path, expected: str, directory: Path) -> WordTable:
    words = read_words(path)
    if words.digest != expected:
        raise UserError(
            f"{path} has word vectors {words.digest[:12]}, the model in {directory} was made with {expected[:12]}. "
            "Restore the file, or export the model again with this release."
        )
    return words


def _check_tokenizer(path: Path, expected: str, directory: Path) -> None:
    found = file_sha256(path) if path.is_file() else "no file"
    if found != expected:
        raise UserError(
            f"{path} is {found[:12]}, the model in {directory} was made with {expected[:12]}. Restore the file, or "
            "export the model again with this release."
        )
