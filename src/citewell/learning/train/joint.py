"""The reader's recipe: spans, "no answer here", and relevance, learned together on groups of passages.

A row is one (question, passage) pair; the rows of a group share their question. Four losses:

- each passage by itself: the answer's start and end against every other token of the text and the null span at token 0
  (Devlin et al. 2019, arXiv:1810.04805, section 4.3). So a span's score less the null score is its log odds;
- the passages of a group together: the answer against every token of every passage, nulls aside (shared
  normalisation, Clark and Gardner 2018, arXiv:1710.10723), so that spans compare across passages;
- relevance, each passage by itself: it answers the question or not (binary cross-entropy);
- relevance, the group together: the answering passages against the others (softmax).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from citewell.learning.data.examples import RankingExample, ReadingExample, Text
from citewell.models.files import Head
from citewell.models.pairs import Pair, PairTokens

HEADS = {"span": Head("tokens", 2), "relevance": Head("first", 1)}
AT_ONCE = 4096
FAR = -1e4  # a logit that no token has, where none may be chosen


@dataclass(frozen=True, slots=True)
class Row:
    """One pair, kept small: there are a hundred thousand. ids: (tokens,). second: where the tokens of type 1 begin.

    text: first and last + 1 token of the text. spans: tokens of its right answers, both ends included. relevant: None
    when nobody knows.
    """

    ids: NDArray[np.int32]
    second: int
    text: tuple[int, int]
    spans: tuple[tuple[int, int], ...]
    relevant: bool | None

    @staticmethod
    def of(pair: Pair, spans: tuple[tuple[int, int], ...], relevant: bool | None) -> Row:
        end = pair.text_start + len(pair.text)
        return Row(np.asarray(pair.ids, np.int32), pair.types.index(1), (pair.text_start, end), spans, relevant)


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one question. read: whether they say where the answer is, or only which row is relevant."""

    rows: tuple[Row, ...]
    read: bool

    @property
    def tokens(self) -> int:
        """Of the longest row: what padding goes by."""
        return max(len(row.ids) for row in self.rows)


def groups_of(examples: Sequence[ReadingExample | RankingExample], tokens: PairTokens) -> list[Group]:
    """The examples as model inputs. Of a passage with several windows the first that holds the answer counts."""
    texts: list[tuple[str, Text, tuple[tuple[int, int], ...]]] = []
    for example in examples:
        if isinstance(example, ReadingExample):
            for index, text in enumerate(example.passages):
                spans = tuple((start, end) for place, start, end in example.answers if place == index)
                texts.append((example.question, text, spans))
        else:
            texts.extend((example.query, text, ()) for text in (*example.positives, *example.negatives))
    rows = _rows(texts, tokens)
    groups = []
    for example in examples:
        if isinstance(example, ReadingExample):
            known = not example.kind.startswith("changed")  # still about the passage, yet not answered by it
            read = [next(rows) for _ in example.passages]
            kept = [Row.of(pair, spans, bool(spans) if known else None) for pair, spans in read]
            if bool(example.answers) == any(row.spans for row in kept):  # else the answer was cut away
                groups.append(Group(tuple(kept), read=True))
        else:
            positives = [Row.of(*next(rows), relevant=True) for _ in example.positives]
            negatives = [Row.of(*next(rows), relevant=False) for _ in example.negatives]
            groups.append(Group((*positives, *negatives), read=False))
    return groups


def _rows(
    texts: Sequence[tuple[str, Text, tuple[tuple[int, int], ...]]], tokens: PairTokens
) -> Iterator[tuple[Pair, tuple[tuple[int, int], ...]]]:
    """Of every text the window to learn from and the token places of its answers, a few thousand in memory."""
    for start in range(0, len(texts), AT_ONCE):
        part = texts[start : start + AT_ONCE]
        contexts = [text.context for _, text, _ in part]
        windows = tokens.windows([question for question, _, _ in part], contexts, [text.text for _, text, _ in part])
        for found, (_, _, spans) in zip(windows, part, strict=True):
            yield _window(found, spans)


def _window(windows: Sequence[Pair], spans: Sequence[tuple[int, int]]) -> tuple[Pair, tuple[tuple[int, int], ...]]:
    for pair in windows:
        if found := tuple(place for start, end in spans if (place := _token_span(pair, start, end))):
            return pair, found
    return windows[0], ()


def _token_span(pair: Pair, start: int, end: int) -> tuple[int, int] | None:
    """The tokens that cover the characters ``start`` to ``end``, or ``None`` when they are not all in this window."""
    if not pair.text or start < pair.text[0][0] or end > pair.text[-1][1]:
        return None
    inside = [i for i, (a, b) in enumerate(pair.text) if a < end and b > start]
    return (pair.text_start + inside[0], pair.text_start + inside[-1]) if inside else None


def plan(groups: Sequence[Group], batch_tokens: int, seed: int) -> list[list[int]]:
    """Batches of groups of about the same length, at most ``batch_tokens`` with padding, in random order."""
    generator = random.Random(seed)
    order = sorted(range(len(groups)), key=lambda i: groups[i].tokens + generator.uniform(-8, 8))
    batches: list[list[int]] = [[]]
    rows = 0
    for index in order:
        rows += len(groups[index].rows)
        if batches[-1] and rows * (groups[index].tokens + 8) > batch_tokens:
            batches.append([])
            rows = len(groups[index].rows)
        batches[-1].append(index)
    generator.shuffle(batches)
    return batches


def collate(groups: Sequence[Group]) -> dict[str, torch.Tensor]:
    """One batch. Shapes: (rows, tokens), and (rows,) for group, read and relevant (-1: unknown)."""
    rows = [row for group in groups for row in group.rows]
    shape = (len(rows), max(len(row.ids) for row in rows))
    ids, types, mask = (torch.zeros(shape, dtype=torch.long) for _ in range(3))
    starts, ends, allowed = (torch.zeros(shape, dtype=torch.bool) for _ in range(3))
    for index, row in enumerate(rows):
        length = len(row.ids)
        ids[index, :length] = torch.from_numpy(row.ids)
        types[index, row.second : length] = 1
        mask[index, :length] = 1
        allowed[index, slice(*row.text)] = True
        for start, end in row.spans:
            starts[index, start] = ends[index, end] = True
    relevant = [-1.0 if row.relevant is None else float(row.relevant) for row in rows]
    return {
        "input_ids": ids, "token_type_ids": types, "attention_mask": mask, "starts": starts, "ends": ends,
        "allowed": allowed, "group": torch.tensor([i for i, group in enumerate(groups) for _ in group.rows]),
        "read": torch.tensor([group.read for group in groups for _ in group.rows]),
        "relevant": torch.tensor(relevant),
    }  # fmt: skip


def loss_of(logits: dict[str, torch.Tensor], batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """The mean of the four losses (see above) over one batch."""
    read, group, relevant = batch["read"], batch["group"], batch["relevant"]
    parts = []
    for place, name in enumerate(("starts", "ends")):
        scores, right = logits["span"][..., place], batch[name]
        with_null = scores.masked_fill(~batch["allowed"], FAR)
        null = scores[:, :1]
        every = torch.cat([null, with_null[:, 1:]], dim=1)
        target = torch.cat([~right.any(dim=1, keepdim=True), right[:, 1:]], dim=1)
        alone = torch.logsumexp(every, 1) - torch.logsumexp(every.masked_fill(~target, FAR), 1)
        parts.append(alone[read].sum() / read.sum().clamp(min=1))
        answered = _of_group(right.any(dim=1).float(), group, "amax").bool()[group] & read
        if answered.any():
            whole = _group_logsumexp(torch.logsumexp(with_null, 1), group)
            gold = _group_logsumexp(torch.logsumexp(with_null.masked_fill(~right, FAR), 1), group)
            which = group[answered].unique()
            parts.append(0.5 * (whole - gold)[which].mean())
    scores = logits["relevance"][:, 0]
    known = relevant >= 0
    if known.any():
        parts.append(functional.binary_cross_entropy_with_logits(scores[known], relevant[known]))
        both = [_of_group((relevant == value).float(), group, "amax") for value in (0, 1)]
        mixed = (both[0] * both[1]).bool()
        if mixed.any():
            whole = _group_logsumexp(scores.masked_fill(~known, FAR), group)
            gold = _group_logsumexp(scores.masked_fill(relevant != 1, FAR), group)
            parts.append((whole - gold)[mixed].mean())
    return torch.stack(parts).sum()


def _of_group(values: torch.Tensor, group: torch.Tensor, reduce: str) -> torch.Tensor:
    """(groups,) the reduced values of each group's rows."""
    found = torch.full((int(group.max()) + 1,), -torch.inf, device=values.device)
    return found.scatter_reduce(0, group, values, reduce)


def _group_logsumexp(values: torch.Tensor, group: torch.Tensor) -> torch.Tensor:
    top = _of_group(values.detach(), group, "amax")
    summed = torch.zeros_like(top).scatter_add(0, group, torch.exp(values - top[group]))
    return top + torch.log(summed)
