"""Measures retrieval on a BEIR data set: builds a real passage table, asks every judged question, scores the ranking.

What runs is what answers questions: the same chunker, encoder, table and fusion. A document's score is that of its best
passage. Metrics come from ``ir_measures`` (trec_eval's definitions); the intervals say how far another sample of such
questions could fall.
"""

from __future__ import annotations

import importlib.util
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from citewell.access import EVERYONE, Scope
from citewell.chunking import chunk
from citewell.errors import DataError, MissingExtraError
from citewell.evaluation.beir import Entry, RetrievalData, read_beir
from citewell.index import PassageIndex, Ranking
from citewell.index.passages import PassageTable
from citewell.models.encoder import Encoder, load_encoder
from citewell.records import Block, Document, Json, Locator, Passage
from citewell.retrieval.search import rank
from citewell.settings import ChunkingSettings

Method = Literal["hybrid", "lexical", "dense"]
Progress = Callable[[str, int, int], None]
"""Called with a stage (``index``, ``search``), how many are done, and how many there are."""

METRICS = {
    "nDCG@10": ("nDCG", 10), "Recall@10": ("R", 10), "Recall@100": ("R", 100), "MRR@10": ("RR", 10), "P@10": ("P", 10),
    "MAP@100": ("AP", 100),
}  # fmt: skip
"""Metric as reported → what ``ir_measures`` calls it, and its cut-off."""

RUN_DOCUMENTS = 100  # documents per question, the depth of the deepest metric
CANDIDATES = 300  # passages per ranking: enough for that many documents of about three passages
BATCH_PASSAGES = 4096
RESAMPLES = 1000
_PARAGRAPH = re.compile(r"\S(?:.*?\S)?(?=\s*\n\s*\n|\s*\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Measured:
    """A mean over questions with the bounds of its 95 % bootstrap interval, all in [0, 1]."""

    value: float
    low: float
    high: float

    def to_json(self) -> Json:
        return {"value": round(self.value, 5), "low": round(self.low, 5), "high": round(self.high, 5)}


@dataclass(frozen=True, slots=True)
class RetrievalReport:
    """The result of one run. outside: judged documents that the corpus lacks. seconds: per stage."""

    data: str
    split: str
    method: Method
    encoder: str
    documents: int
    passages: int
    queries: int
    outside: int
    metrics: dict[str, Measured]
    seconds: dict[str, float]

    def to_json(self) -> Json:
        return {
            "data": self.data, "split": self.split, "method": self.method, "encoder": self.encoder,
            "documents": self.documents, "passages": self.passages, "queries": self.queries, "outside": self.outside,
            "metrics": {name: measured.to_json() for name, measured in self.metrics.items()},
            "seconds": {stage: round(seconds, 3) for stage, seconds in self.seconds.items()},
        }  # fmt: skip


def evaluate_retrieval(
    directory: Path,
    split: str = "test",
    method: Method = "hybrid",
    run_file: Path | None = None,
    encoder: Encoder | None = None,
    limit: int | None = None,
    work: Path | None = None,
    progress: Progress | None = None,
) -> RetrievalReport:
    """Index the corpus in ``directory``, search for the judged questions of ``split``, and score the result.

    run_file: where to write the ranking in TREC format; with it, metrics may be missing when the ``eval`` extra is not
    installed, and the report's are empty. limit: only the first so many judged questions. work: where the
    temporary index is made (default: the system's place); it is removed again. Nothing else is written.
    """
    if method not in get_args(Method):
        raise DataError(f"method is '{method}'. Expected one of: {', '.join(get_args(Method))}.")
    data = _limited(read_beir(Path(directory), split), limit)
    scorable = importlib.util.find_spec("ir_measures") is not None
    if run_file is not None:
        _check_run_ids(data)
    elif not scorable:
        raise MissingExtraError("Scoring a ranking", "eval")
    encoder = encoder or load_encoder()
    report = progress or (lambda stage, done, total: None)
    with tempfile.TemporaryDirectory(dir=work, prefix="citewell-evaluation-") as place:
        started = time.perf_counter()
        index, document_of = build_index(data, encoder, Path(place) / "table.lance", report, method != "lexical")
        built = time.perf_counter()
        run = {
            query: best_documents(ranking, document_of)
            for query, ranking in _rankings(data, index.snapshot(), encoder, method, report)
        }
        searched = time.perf_counter()
    if run_file is not None:
        write_run(run_file, run, f"Citewell-{method}")
    return RetrievalReport(
        data=data.name, split=split, method=method, encoder=encoder.identity, documents=len(data.corpus),
        passages=len(document_of), queries=len(data.queries), outside=data.outside,
        metrics=score_run(data.judgments, run) if scorable else {},
        seconds={"index": built - started, "search": searched - built},
    )  # fmt: skip


def build_index(
    data: RetrievalData, encoder: Encoder, path: Path, report: Progress, with_vectors: bool = True
) -> tuple[PassageTable, dict[str, str]]:
    """A passage table of the corpus, and passage id → corpus id. Without vectors small random ones take their place."""
    table = PassageTable.create(path, encoder.dimension if with_vectors else 8)
    random = np.random.default_rng(0)
    passages = (passage for item in data.corpus.items() for passage in passages_of(*item, encoder))
    document_of: dict[str, str] = {}
    done = 0
    while batch := list(islice(passages, BATCH_PASSAGES)):
        texts = [passage.searchable for passage in batch]
        vectors = encoder.encode(texts) if with_vectors else random.standard_normal((len(batch), 8))
        table.commit(batch, np.asarray(vectors, np.float32), ())
        document_of.update((passage.id, passage.document_id) for passage in batch)
        done += len({passage.document_id for passage in batch})
        report("index", min(done, len(data.corpus)), len(data.corpus))
    table.optimize()
    return table, document_of


def passages_of(name: str, entry: Entry, encoder: Encoder) -> list[Passage]:
    """One corpus entry cut as a document of plain paragraphs; a bare title is its text."""
    title, text = (entry.title, entry.text) if entry.text.strip() else ("", entry.title)
    blocks = tuple(Block("paragraph", match.span(), Locator()) for match in _PARAGRAPH.finditer(text))
    document = Document(
        id=name, version="1", uri=name, title=title, media_type="text/plain", text=text, blocks=blocks,
        readers=(EVERYONE,),
    )  # fmt: skip
    return chunk(document, encoder, ChunkingSettings())


def best_documents(ranking: Ranking, document_of: dict[str, str], k: int = RUN_DOCUMENTS) -> dict[str, float]:
    """Document → score of its best passage, the ``k`` best; scores fall strictly, so every tool keeps the order."""
    found: dict[str, float] = {}
    last = float("inf")
    for passage, score in zip(ranking.ids, ranking.scores, strict=True):
        document = document_of[passage]
        if document not in found:
            last = found[document] = round(min(float(score), last - 1e-6), 6)
            if len(found) == k:
                break
    return found


def score_run(judgments: dict[str, dict[str, int]], run: dict[str, dict[str, float]]) -> dict[str, Measured]:
    """Each metric's mean over the judged questions (one without results counts 0) with its interval."""
    import ir_measures

    measures = {name: getattr(ir_measures, official) @ cutoff for name, (official, cutoff) in METRICS.items()}
    scores: dict[str, list[float]] = {str(measure): [] for measure in measures.values()}
    for each in ir_measures.iter_calc(list(measures.values()), judgments, run):
        scores[str(each.measure)].append(each.value)
    return {name: bootstrap(np.array(scores[str(measure)])) for name, measure in measures.items()}


def bootstrap(values: NDArray[np.float64], resamples: int = RESAMPLES, seed: int = 20261120) -> Measured:
    """Mean and 95 % percentile bootstrap interval (Efron & Tibshirani 1993, ch. 13), reproducible by its seed."""
    random = np.random.default_rng(seed)
    means = [values[random.integers(0, len(values), len(values))].mean() for _ in range(resamples)]
    low, high = np.percentile(means, [2.5, 97.5])
    return Measured(float(values.mean()), float(low), float(high))


def write_run(path: Path, run: dict[str, dict[str, float]], tag: str) -> None:
    """The ranking in TREC format: ``query Q0 document rank score tag`` per line."""
    with path.open("w", encoding="utf-8") as file:
        for query, documents in run.items():
            for position, (document, score) in enumerate(documents.items(), start=1):
                file.write(f"{query} Q0 {document} {position} {score:.6f} {tag}\n")


def _rankings(
    data: RetrievalData, index: PassageIndex, encoder: Encoder, method: Method, report: Progress
) -> Iterator[tuple[str, Ranking]]:
    """(query id, ranked passages) of every question; the questions are encoded together."""
    texts = list(data.queries.values())
    vectors = np.zeros((len(texts), 1), np.float32) if method == "lexical" else encoder.encode(texts)
    for done, (query, text, vector) in enumerate(zip(data.queries, texts, vectors, strict=True), start=1):
        yield query, _rank(text, vector, index, method)
        report("search", done, len(texts))


def _rank(text: str, vector: NDArray[np.float32], index: PassageIndex, method: Method) -> Ranking:
    if method == "lexical":
        return index.rank_lexical(text, CANDIDATES, Scope.owner())
    if method == "dense":
        return index.rank_dense(vector, CANDIDATES, Scope.owner())
    return rank(text, lambda: vector, index, Scope.owner(), candidates=CANDIDATES)


def _limited(data: RetrievalData, limit: int | None) -> RetrievalData:
    if limit is None:
        return data
    kept = list(islice(data.queries, limit))
    judgments = {query: data.judgments[query] for query in kept}
    return RetrievalData(data.name, data.split, data.corpus, {query: data.queries[query] for query in kept}, judgments)


def _check_run_ids(data: RetrievalData) -> None:
    for name in (*data.queries, *data.corpus):
        if any(character.isspace() for character in name):
            raise DataError(
                f"the id '{name}' contains white space, which separates the columns of a TREC run file. "
                "Rename it in corpus.jsonl, queries.jsonl and qrels, or leave the run file out."
            )
