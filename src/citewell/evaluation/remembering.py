"""An encoder that encodes no text twice, for reading the same passages again and again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from citewell.models.encoder import Encoder
    from citewell.models.tokens import Floats, Progress


class Remembering:
    """Keeps the vectors of what it encoded, until :meth:`forget`."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, Floats] = {}
        self.identity, self.dimension, self.max_tokens = encoder.identity, encoder.dimension, encoder.max_tokens

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Floats:
        missing = list(dict.fromkeys(text for text in texts if text not in self._known))
        if missing:
            self._known.update(zip(missing, self._encoder.encode(missing, progress), strict=True))
        return np.stack([self._known[text] for text in texts]) if texts else self._encoder.encode([])

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._encoder.count_tokens(texts)

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        return self._encoder.token_spans(text)

    def forget(self) -> None:
        self._known.clear()
