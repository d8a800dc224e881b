"""Hard negatives: texts that our own search ranks high for a query and that do not answer it.

The corpus becomes a real passage table, searched as collections are: lexical, dense, or both fused. What search puts
first is not always wrong: labelled sets know one answer where there are several. So these are never taken: known
positives, texts that say nearly the same as one, texts that hold the answer's words, and, with a ``margin``, texts that
the encoder finds as near to the query as the positive (after NV-Retriever, arXiv:2407.15831, which takes negatives
below 95 % of the positive's score).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from citewell.access import EVERYONE, Scope
from citewell.duplicates import NEAR, words
from citewell.errors import DataError, Refusals
from citewell.index.passages import PassageTable
from citewell.learning.data.examples import RankingExample, Text
from citewell.learning.data.leaks import THRESHOLD, Hashes, runs_of
from citewell.records import Passage
from citewell.retrieval.search import rank

Method = Literal["hybrid", "lexical", "dense"]
Progress = Callable[[str, int, int], None]
"""Called with a stage (``index``, ``search``), how many are done, and how many there are."""

MARGIN = 0.05
"""The margin to begin with where the encoder is trusted: NV-Retriever's."""

DEPTH = 100  # texts of a ranking that are looked at, and five more for each one wanted
BATCH = 4096
_THREADS = 4  # searches at once; the index works outside of Python
_REMEMBERED = 20_000  # texts whose runs of words are kept in memory

Floats = NDArray[np.float32]


class TextEncoder(Protocol):
    """The part of an encoder that mining needs."""

    @property
    def dimension(self) -> int: ...

    def encode(self, texts: Sequence[str]) -> Floats:
        """Rows of length 1, in the order given."""
        ...


def mine(
    queries: Sequence[str],
    corpus: Sequence[Text],
    encoder: TextEncoder,
    *,
    per_query: int,
    positives: Sequence[Sequence[int]] = (),
    answers: Sequence[Sequence[str]] = (),
    method: Method = "hybrid",
    margin: float | None = None,
    work: Path | None = None,
    progress: Progress | None = None,
) -> list[list[int]]:
    """For each query up to ``per_query`` indexes into ``corpus``, hardest first; fewer where no more are left.

    positives: for each query, indexes of the texts that answer it. answers: for each query, words that no negative may
    hold. margin: no negative whose cosine is above (1 - margin) times that of the best positive; 0 only drops what
    scores above the positive. work: where the temporary table is made; it is removed again.
    """
    _check(queries, corpus, positives, answers, per_query, method, margin)
    known = positives or [()] * len(queries)
    said = answers or [()] * len(queries)
    with _searchable(corpus, encoder, method, work, progress) as search:
        rankings = search.rankings(queries, DEPTH + 5 * per_query, progress)
        choose = _Choice(corpus, per_query)
        found = []
        for number, ranking in enumerate(rankings):
            if margin is not None:
                ranking = search.below(number, ranking, known[number], margin)  # noqa: PLW2901 - what is left of it
            found.append(choose(ranking, known[number], said[number]))
    return found


def rank_texts(
    queries: Sequence[str],
    corpus: Sequence[Text],
    encoder: TextEncoder,
    k: int,
    *,
    method: Method = "hybrid",
    work: Path | None = None,
    progress: Progress | None = None,
) -> list[list[int]]:
    """For each query the indexes of the ``k`` texts that search puts first, right ones among them."""
    _check(queries, corpus, (), (), k, method, None)
    with _searchable(corpus, encoder, method, work, progress) as search:
        return [ranking[:k] for ranking in search.rankings(queries, k, progress)]


def with_negatives(
    examples: Sequence[RankingExample],
    encoder: TextEncoder,
    *,
    per_query: int,
    corpus: Sequence[Text] = (),
    method: Method = "hybrid",
    margin: float | None = None,
    work: Path | None = None,
    progress: Progress | None = None,
) -> list[RankingExample]:
    """``examples``, each with mined negatives after its own. They come from ``corpus`` and all positives."""
    every = dict.fromkeys([*corpus, *(text for each in examples for text in each.positives)])
    place = {text: number for number, text in enumerate(every)}
    found = mine(
        [each.query for each in examples], list(every), encoder, per_query=per_query,
        positives=[[place[text] for text in each.positives] for each in examples],
        method=method, margin=margin, work=work, progress=progress,
    )  # fmt: skip
    texts = list(every)
    return [
        replace(each, negatives=tuple(dict.fromkeys((*each.negatives, *(texts[number] for number in mined)))))
        for each, mined in zip(examples, found, strict=True)
    ]


# -- searching ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Search:
    """A table of the corpus. vectors: of its texts, none when the method needs none. asked: of the queries."""

    table: PassageTable
    encoder: TextEncoder
    method: Method
    vectors: Floats
    asked: Floats

    def rankings(self, queries: Sequence[str], k: int, progress: Progress | None) -> list[list[int]]:
        if self.method != "lexical" and queries:
            self.asked = np.asarray(self.encoder.encode(list(queries)), np.float32)
        index, found = self.table.snapshot(), list[list[int]]()
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="mine") as pool:
            for ranking in pool.map(
                lambda number: self._ranking(index, queries[number], number, k), range(len(queries))
            ):
                found.append(ranking)
                if progress is not None and (len(found) % 100 == 0 or len(found) == len(queries)):
                    progress("search", len(found), len(queries))
        return found

    def _ranking(self, index: PassageTable, query: str, number: int, k: int) -> list[int]:
        if not query.strip():
            return []
        if self.method == "lexical":
            ids = index.rank_lexical(query, k, Scope.owner()).ids
        elif self.method == "dense":
            ids = index.rank_dense(self.asked[number], k, Scope.owner()).ids
        else:
            ids = rank(query, lambda: self.asked[number], index, Scope.owner(), candidates=k).ids
        return [int(each) for each in ids]

    def below(self, number: int, ranking: Sequence[int], positives: Sequence[int], margin: float) -> list[int]:
        """What of a ranking the encoder finds further from the query than the best positive, by the margin."""
        if not positives:
            return list(ranking)
        best = float(max(self.vectors[list(positives)] @ self.asked[number]))
        limit = best - margin * abs(best)
        return [each for each in ranking if float(self.vectors[each] @ self.asked[number]) <= limit]


@contextmanager
def _searchable(
    corpus: Sequence[Text], encoder: TextEncoder, method: Method, work: Path | None, progress: Progress | None
) -> Iterator[_Search]:
    """The corpus as a passage table, each text one passage. Without vectors small random ones take their place."""
    dense = method != "lexical"
    random = np.random.default_rng(0)
    vectors = np.zeros((len(corpus) if dense else 0, encoder.dimension), np.float32)
    with tempfile.TemporaryDirectory(dir=work, prefix="citewell-mining-") as place, Refusals(place):
        table = PassageTable.create(Path(place) / "table.lance", encoder.dimension if dense else 8)
        for start in range(0, len(corpus), BATCH):
            batch = [_passage(start + i, text) for i, text in enumerate(corpus[start : start + BATCH])]
            rows = np.asarray(random.standard_normal((len(batch), 8)), np.float32)
            if dense:
                rows = np.asarray(encoder.encode([each.searchable for each in batch]), np.float32)
                vectors[start : start + len(batch)] = rows
            kept = [i for i, each in enumerate(batch) if each.text.strip()]
            if kept:
                table.commit([batch[i] for i in kept], rows[kept], ())
            if progress is not None:
                progress("index", start + len(batch), len(corpus))
        table.optimize()
        yield _Search(table, encoder, method, vectors, np.zeros((0, encoder.dimension), np.float32))


def _passage(number: int, text: Text) -> Passage:
    name = f"{number:08d}"
    return Passage(
        id=name, document_id=name, document_version="1", source_id="", uri=name, title=text.context, text=text.text,
        span=(0, len(text.text)), readers=(EVERYONE,),
    )  # fmt: skip


# -- choosing ----------------------------------------------------------------------------------------------------------


class _Choice:
    """Takes from a ranking what may be a negative."""

    def __init__(self, corpus: Sequence[Text], wanted: int) -> None:
        self._corpus, self._wanted = corpus, wanted
        self._runs = lru_cache(_REMEMBERED)(self._runs_of)

    def __call__(self, ranking: Sequence[int], positives: Sequence[int], answers: Sequence[str]) -> list[int]:
        taken: list[int] = []
        said = [each for each in map(_spaced, answers) if each.strip()]
        seen = {self._corpus[each].text for each in positives}
        for number in ranking:
            if len(taken) == self._wanted:
                break
            text = self._corpus[number].text
            if number in positives or text in seen or self._answers(text, said, answers):
                continue
            if any(same(self._runs(number), self._runs(each)) for each in positives):
                continue
            seen.add(text)
            taken.append(number)
        return taken

    def _runs_of(self, number: int) -> Hashes:
        return runs_of(words(self._corpus[number].text))

    @staticmethod
    def _answers(text: str, said: Sequence[str], answers: Sequence[str]) -> bool:
        """Whether the text holds an answer's words, one after the other; an answer without words, by its characters."""
        if len(said) < len(answers) and any(each in text for each in answers if each and not _spaced(each).strip()):
            return True
        plain = _spaced(text) if said else ""
        return any(each in plain for each in said)


def same(one: Hashes, other: Hashes) -> bool:
    """Whether two texts, as runs of words, say nearly the same or one contains the other."""
    shared = len(np.intersect1d(one, other, assume_unique=True))
    smaller, both = min(len(one), len(other)), len(one) + len(other) - shared
    return shared > 0 and (shared >= THRESHOLD * smaller or shared >= NEAR * both)


def _spaced(text: str) -> str:
    """The words with one blank before, between and after, so that a word is never found inside another."""
    return f" {' '.join(words(text))} "


def _check(
    queries: Sequence[str],
    corpus: Sequence[Text],
    positives: Sequence[Sequence[int]],
    answers: Sequence[Sequence[str]],
    wanted: int,
    method: str,
    margin: float | None,
) -> None:
    if method not in get_args(Method):
        raise DataError(f"method is '{method}'. Expected one of: {', '.join(get_args(Method))}.")
    if wanted < 1:
        raise DataError(f"{wanted} texts for each query are wanted. Expected at least 1.")
    for what, given in (("positives", positives), ("answers", answers)):
        if given and len(given) != len(queries):
            raise DataError(
                f"{len(given)} {what} for {len(queries)} queries. Expected one list for each query, or none."
            )
    if bad := next((each for given in positives for each in given if not 0 <= each < len(corpus)), None):
        raise DataError(f"A positive is text {bad} of {len(corpus)}. Expected indexes of the corpus.")
    if margin is not None and method == "lexical":
        raise DataError(
            "A margin needs dense scores, and the method is 'lexical'. Use 'hybrid' or 'dense', or no margin."
        )
    if margin is not None and not 0 <= margin < 1:
        raise DataError(f"The margin is {margin}. Expected a number from 0 to below 1, such as {MARGIN}.")
