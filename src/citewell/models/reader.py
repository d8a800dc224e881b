"""The trained reader: where in a passage the answer stands, how surely it stands there at all, and how relevant it is.

One pass over (question, passage) gives all three. A stretch's score is its log odds against "no answer here", so
scores of different passages compare (the recipe, ``learning/train/joint.py``, trains them to).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from citewell.models.pair_model import PairModel
from citewell.models.pairs import Pair, PairTokens
from citewell.models.tokens import Floats
from citewell.records import Span

ANSWER_TOKENS = 40  # a longer stretch is no short answer


@dataclass(frozen=True, slots=True)
class Stretch:
    """A possible answer. span: characters of the passage's text. odds: natural log odds against "not here"."""

    span: Span
    odds: float


@dataclass(frozen=True, slots=True)
class Window:
    """A window's logits. spans: characters of its tokens in the passage's text. start and end: (tokens,), each less
    half of the null score, so that a start and an end add up to log odds."""

    spans: tuple[Span, ...]
    start: Floats
    end: Floats


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader makes of one passage. relevance: logit that the passage answers the question."""

    windows: tuple[Window, ...]
    relevance: float

    def best(self, within: Span | None = None) -> Stretch | None:
        """The likeliest stretch, or the likeliest that lies in ``within`` (characters of the passage's text)."""
        found = [each for window in self.windows if (each := _best(window, within)) is not None]
        return max(found, key=lambda stretch: stretch.odds, default=None)


class Reader:
    """Reads passages with a model of heads ``span`` and ``relevance``. Calls from several threads are safe."""

    def __init__(self, model: PairModel) -> None:
        self.model = model
        self.identity = model.identity
        self._tokens = PairTokens(model.tokenizer)

    def read(self, question: str, contexts: Sequence[str], texts: Sequence[str]) -> list[Reading]:
        """One reading for each text, which stands under its context (title, headings, table header; may be empty)."""
        windows = self._tokens.windows([question] * len(texts), contexts, texts, self.model.max_tokens)
        logits = iter(self.model.run([pair for found in windows for pair in found]))
        readings = []
        for found in windows:
            read = [(pair, next(logits)) for pair in found]
            relevance = max(float(each["relevance"][0]) for _, each in read)
            readings.append(Reading(tuple(_window(pair, each["span"]) for pair, each in read), relevance))
        return readings


def _window(pair: Pair, span: Floats) -> Window:
    first, last = pair.text_start, pair.text_start + len(pair.text)
    null = span[0].sum() / 2
    return Window(tuple(pair.text), span[first:last, 0] - null, span[first:last, 1] - null)


def _best(window: Window, within: Span | None) -> Stretch | None:
    first, last = 0, len(window.spans)
    if within is not None:
        inside = [i for i, (start, end) in enumerate(window.spans) if start >= within[0] and end <= within[1]]
        if not inside:
            return None
        first, last = inside[0], inside[-1] + 1
    if first == last:
        return None
    start, end = window.start[first:last], window.end[first:last]
    # the best end of each start lies at most ANSWER_TOKENS tokens on
    padded = np.concatenate([end, np.full(ANSWER_TOKENS - 1, -np.inf, dtype=np.float32)])
    ends = np.lib.stride_tricks.sliding_window_view(padded, ANSWER_TOKENS)
    scores = start + ends.max(axis=1)
    at = int(np.argmax(scores))
    to = at + int(np.argmax(ends[at]))
    span = (window.spans[first + at][0], window.spans[first + to][1])
    return Stretch(span, float(scores[at]))
