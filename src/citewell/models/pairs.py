"""Two texts as one model input: ``[CLS] first [SEP] context text [SEP]``, with the place of every token in its text.

Reader and verifier read such pairs, in training and afterwards, so both are cut here and nowhere else. A text that is
too long becomes several overlapping windows, each with the first text and the context in front.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from citewell.errors import UserError
from citewell.models.tokens import read_tokenizer, readable
from citewell.records import Span

MAX_TOKENS = 384  # of a pair; the longest the shipped models were trained on
FIRST_TOKENS = 64  # of the question; the rest is cut
CONTEXT_TOKENS = 48  # of title, headings and table header; the rest is cut
OVERLAP = 64  # tokens that two windows of one text share, so that no answer is cut in both


@dataclass(frozen=True, slots=True)
class Pair:
    """One model input. ids and types: (tokens,), the second of them 0 for the first text and 1 for what follows it.

    first: character span of each token of the first text; they start at token 1. text: the same for the second text,
    without its context; they start at token ``text_start``.
    """

    ids: list[int]
    types: list[int]
    first: list[Span]
    text: list[Span]
    text_start: int


class PairTokens:
    """Cuts pairs with a BERT ``tokenizer.json``. Safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._tokenizer = read_tokenizer(path)
        start, end = self._tokenizer.token_to_id("[CLS]"), self._tokenizer.token_to_id("[SEP]")
        if start is None or end is None:
            raise UserError(f"{path} has no [CLS] and [SEP]. Expected the tokenizer of a BERT-like model.")
        self._start, self._end = start, end

    def windows(
        self, firsts: Sequence[str], contexts: Sequence[str], texts: Sequence[str],
        max_tokens: int = MAX_TOKENS, first_tokens: int = FIRST_TOKENS,
    ) -> list[list[Pair]]:  # fmt: skip
        """Of every (first, context, text) its windows, nearly always one, at least one."""
        parts = [self._encode(each) for each in (firsts, contexts, texts)]
        found = []
        for (first, first_spans), (context, _), (text, spans) in zip(*parts, strict=True):
            head = [self._start, *first[:first_tokens], self._end]
            lead = [*head, *context[:CONTEXT_TOKENS]]
            room = max(OVERLAP + 1, max_tokens - len(lead) - 1)
            starts = [0]
            while starts[-1] + room < len(text):
                starts.append(starts[-1] + room - OVERLAP)
            found.append([
                Pair(
                    ids := [*lead, *text[start : start + room], self._end],
                    [0] * len(head) + [1] * (len(ids) - len(head)),
                    first_spans[:first_tokens], spans[start : start + room], len(lead),
                )
                for start in starts
            ])  # fmt: skip
        return found

    def _encode(self, texts: Sequence[str]) -> list[tuple[list[int], list[Span]]]:
        found = self._tokenizer.encode_batch(readable(texts), add_special_tokens=False)
        return [(each.ids, each.offsets) for each in found]
