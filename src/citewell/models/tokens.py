"""Texts to token ids, and rows of ids to batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from citewell.errors import UserError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Floats = NDArray[np.float32]
Progress = Callable[[int], None]

# 256, 512 and 1,024 tokens came out within 3 % of each other, so batches stay small and progress smooth.
BATCH_TOKENS = 512
BATCH_ROWS = 16


class Tokens:
    """A ``tokenizer.json`` as an encoder uses it. Safe to share between threads: nothing changes after loading."""

    def __init__(self, path: Path) -> None:
        self._tokenizer = read_tokenizer(path)
        probe = self._tokenizer.encode("a")
        special = probe.special_tokens_mask
        first = special.index(0) if 0 in special else len(special)
        last = len(special) - special[::-1].index(0) if 0 in special else len(special)
        self._before, self._after = probe.ids[:first], probe.ids[last:]

    def ids(self, texts: Sequence[str], max_tokens: int) -> list[list[int]]:
        """Token ids of each text with special tokens, at most ``max_tokens`` (the end is cut)."""
        room = max_tokens - len(self._before) - len(self._after)
        found = self._tokenizer.encode_batch_fast(readable(texts), add_special_tokens=False)
        return [self._before + each.ids[:room] + self._after for each in found]

    def counts(self, texts: Sequence[str]) -> list[int]:
        special = len(self._before) + len(self._after)
        found = self._tokenizer.encode_batch_fast(readable(texts), add_special_tokens=False)
        return [len(each) + special for each in found]

    def spans(self, text: str) -> list[tuple[int, int]]:
        offsets: list[tuple[int, int]] = self._tokenizer.encode(readable([text])[0], add_special_tokens=False).offsets
        return offsets


def read_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer in ``path``, which neither cuts nor pads."""
    from tokenizers import Tokenizer

    try:
        found: Tokenizer = Tokenizer.from_buffer(path.read_bytes())
    except Exception as error:  # the library raises bare Exception for every bad file
        raise UserError(f"{path} is not a tokenizer this release can read ({error}). Restore the file.") from error
    found.no_truncation()
    found.no_padding()
    return found


def readable(texts: Sequence[str]) -> list[str]:
    """The texts with halves of surrogate pairs, which no tokenizer accepts, replaced one for one."""
    return [text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8") for text in texts]


def batches(
    lengths: Sequence[int], mixed: bool, tokens: int = BATCH_TOKENS, rows: int = BATCH_ROWS
) -> Iterator[list[int]]:
    """Indexes of rows that run together: longest first, at most ``tokens`` (padding counted) and ``rows``.

    mixed: whether rows of different lengths may be padded to one, which needs a graph with a mask.
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
    start = 0
    while start < len(order):
        longest = lengths[order[start]]
        end = min(len(order), start + max(1, min(rows, tokens // max(1, longest))))
        while not mixed and lengths[order[end - 1]] != longest:
            end -= 1
        yield order[start:end]
        start = end
