"""Measures retrieval on a BEIR data set: builds a real passage table, asks every judged question, scores the ranking.

What runs is what answers questions: the same chunker, encoder, table and fusion. A document's score is that of its best
passage. Rankings made elsewhere are scored alike, from a TREC run file. Metrics have trec_eval's definitions; the
intervals say how far another sample of such questions could fall.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from citewell.access import EVERYONE, Scope
from citewell.chunking import chunk
from citewell.errors import DataError
from citewell.evaluation.metrics.catalog import BEIR_CUTOFFS
from citewell.evaluation.metrics.ranking import ranking_metrics
from citewell.evaluation.questions import Gold, Question, QuestionSet
from citewell.evaluation.running import release_facts
from citewell.evaluation.runs import Figure, Found, Result, Run
from citewell.evaluation.sets.beir import Entry, RetrievalData, read_beir
from citewell.evaluation.sets.trec import read_qrels, read_run, write_run
from citewell.evaluation.slices import slices_of
from citewell.evaluation.statistics import interval
from citewell.index import PassageIndex, Ranking
from citewell.index.passages import PassageTable
from citewell.models.encoder import Encoder, load_encoder
from citewell.records import Block, Document, Json, Locator, Passage, content_id
from citewell.retrieval.search import rank
from citewell.settings import ChunkingSettings

Method = Literal["hybrid", "lexical", "dense"]
Progress = Callable[[str, int, int], None]
"""Called with a stage (``index``, ``search``), how many are done, and how many there are."""

Rankings = Mapping[str, Mapping[str, float]]
"""Query id → document id → score, best first."""

RUN_DOCUMENTS = 100  # documents per question, the depth of the deepest metric
KEPT_DOCUMENTS = 10  # of those in a run's results; with all 100 the file is some ten times as large
CANDIDATES = 300  # passages per ranking: enough for that many documents of about three passages
BATCH_PASSAGES = 4096
_PARAGRAPH = re.compile(r"\S(?:.*?\S)?(?=\s*\n\s*\n|\s*\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RetrievalReport:
    """The result of one run. method: ``given`` for a ranking made elsewhere. outside: judged documents that the corpus
    lacks. seconds: per stage. run: the same with every question, not part of the JSON."""

    data: str
    split: str
    method: Method | Literal["given"]
    encoder: str
    documents: int
    passages: int
    queries: int
    outside: int
    metrics: dict[str, Figure]
    seconds: dict[str, float]
    run: Run | None = field(default=None, repr=False)

    def to_json(self) -> Json:
        return {
            "data": self.data, "split": self.split, "method": self.method, "encoder": self.encoder,
            "documents": self.documents, "passages": self.passages, "queries": self.queries, "outside": self.outside,
            "metrics": {name: figure.to_json() for name, figure in self.metrics.items()},
            "seconds": {stage: round(seconds, 3) for stage, seconds in self.seconds.items()},
        }  # fmt: skip


# -- the whole way -----------------------------------------------------------------------------------------------------


def evaluate_retrieval(
    directory: Path,
    split: str = "test",
    method: Method = "hybrid",
    run_file: Path | None = None,
    encoder: Encoder | None = None,
    limit: int | None = None,
    work: Path | None = None,
    progress: Progress | None = None,
    name: str = "",
) -> RetrievalReport:
    """Index the corpus in ``directory``, search for the judged questions of ``split``, and score the result.

    run_file: where to write the ranking in TREC format. limit: only the first so many judged questions. work: where the
    temporary index is made (default: the system's place); it is removed again. name: of the run. Nothing else is
    written.
    """
    if method not in get_args(Method):
        raise DataError(f"method is '{method}'. Expected one of: {', '.join(get_args(Method))}.")
    data = _limited(read_beir(Path(directory), split), limit)
    if run_file is not None:
        _check_run_ids(data)
    encoder = encoder or load_encoder()
    report = progress or (lambda stage, done, total: None)
    with tempfile.TemporaryDirectory(dir=work, prefix="citewell-evaluation-") as place:
        started = time.perf_counter()
        index, document_of = build_index(data, encoder, Path(place) / "table.lance", report, method != "lexical")
        built = time.perf_counter()
        rankings = {
            query: best_documents(ranking, document_of)
            for query, ranking in _rankings(data, index.snapshot(), encoder, method, report)
        }
        searched = time.perf_counter()
    if run_file is not None:
        write_run(run_file, {query: list(found.items()) for query, found in rankings.items()}, f"Citewell-{method}")
    facts: Json = {
        "documents": len(data.corpus), "passages": len(document_of), "encoder": encoder.identity,
        "chunking": asdict(ChunkingSettings()), "content": _content(data),
    }  # fmt: skip
    system = {"name": method, "encoder": encoder.identity, **release_facts()}
    run = _run(data, rankings, name, system, facts, {"index": built - started, "search": searched - built})
    return _report(data, method, run)


def score_rankings(
    judged: Path, run_file: Path, split: str = "test", limit: int | None = None, name: str = ""
) -> RetrievalReport:
    """Score rankings made elsewhere, a TREC run file, against a BEIR data set or a file of TREC qrels.

    Documents that the corpus lacks and queries that nobody judged are told in the run's notes; a judged query without
    a ranking counts 0.
    """
    started = time.perf_counter()
    judged = Path(judged)
    data = _limited(read_beir(judged, split) if judged.is_dir() else _only_judgments(judged), limit)
    given = read_run(Path(run_file))
    rankings = {query: given[query] for query in data.queries if query in given}
    if not rankings:
        raise DataError(
            f"{run_file} ranks none of the {len(data.queries)} queries that {judged} judges: it has query "
            f"'{next(iter(given))}', the judgments have '{next(iter(data.queries))}'. Expected the same ids."
        )
    facts: Json = {
        "documents": len(data.corpus),
        "passages": 0,
        "encoder": "",
        "chunking": {},
        "content": _content(data),
    }
    identity = content_id(Path(run_file).read_bytes())
    system = {"name": Path(run_file).name, "rankings": identity, **release_facts()}
    notes = tuple(_mismatches(data, given, limited=limit is not None))
    run = _run(data, rankings, name, system, facts, {}, notes)
    return _report(data, "given", run, time.perf_counter() - started)


# -- indexing and searching --------------------------------------------------------------------------------------------


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


# -- scoring -----------------------------------------------------------------------------------------------------------


def score_run(judgments: Mapping[str, Mapping[str, int]], rankings: Rankings) -> dict[str, Figure]:
    """Each metric's mean over the judged questions (one without results counts 0) with its interval."""
    scores = {query: _scores(rankings.get(query, {}), grades) for query, grades in judgments.items()}
    return _means(scores)


def _scores(ranking: Mapping[str, float], grades: Mapping[str, int]) -> dict[str, float]:
    return ranking_metrics(list(ranking), grades, BEIR_CUTOFFS)


def _means(scores: Mapping[str, Mapping[str, float]]) -> dict[str, Figure]:
    names = next(iter(scores.values()))
    return {name: interval([each[name] for each in scores.values()], list(scores)) for name in names}


def _run(
    data: RetrievalData,
    rankings: Rankings,
    name: str,
    system: Json,
    collection: Json,
    seconds: Mapping[str, float],
    notes: Sequence[str] = (),
) -> Run:
    """The run, its questions in the order of the judgments."""
    started = time.perf_counter()
    results = [_result(query, text, data, rankings.get(query, {})) for query, text in data.queries.items()]
    questions = QuestionSet(data.name, tuple(each.question for each in results))
    figures = _means({each.question.id: each.metrics for each in results})
    without = sum(not each.question.golds for each in results)
    told = [f"{without} of {len(results)} questions have nothing relevant; they count 0."] * bool(without)
    if data.corpus and data.outside:
        told.append(f"{data.outside} judged documents are not in the corpus; they count as not found.")
    return Run(
        kind="retrieval", name=name or f"{data.name}-{data.split}",
        created_at=datetime.now(UTC).isoformat(timespec="seconds"), system=system,
        set={"name": data.name, "split": data.split, "identity": questions.identity, "origin": "human",
             "questions": len(results)},
        collection=collection, results=tuple(results), metrics=figures, notes=(*told, *notes),
        timings={**seconds, "score": time.perf_counter() - started},
    )  # fmt: skip


def _result(query: str, text: str, data: RetrievalData, ranking: Mapping[str, float]) -> Result:
    grades = data.judgments[query]
    golds = tuple(Gold(document=document, grade=grade) for document, grade in grades.items() if grade > 0)
    question = Question(query, text, golds=golds)
    hits = tuple(
        Found("", document, document, (0, 0), score, gold=grades.get(document, 0) > 0)
        for document, score in islice(ranking.items(), KEPT_DOCUMENTS)
    )
    return Result(
        question, "anchored" if golds else "none", hits, metrics=_scores(ranking, grades),
        slices=slices_of(question, ()),
    )  # fmt: skip


def _report(
    data: RetrievalData, method: Method | Literal["given"], run: Run, score_seconds: float | None = None
) -> RetrievalReport:
    seconds = {stage: each for stage, each in run.timings.items() if stage != "score"}
    return RetrievalReport(
        data=data.name, split=data.split, method=method, encoder=run.collection["encoder"],
        documents=run.collection["documents"], passages=run.collection["passages"], queries=len(data.queries),
        outside=data.outside if data.corpus else 0, metrics=run.metrics,
        seconds=seconds if score_seconds is None else {"score": score_seconds}, run=run,
    )  # fmt: skip


def _mismatches(data: RetrievalData, given: Rankings, *, limited: bool) -> Iterator[str]:
    """What rankings and data set do not share."""
    unranked = [query for query in data.queries if query not in given]
    if unranked:
        count = f"{len(unranked)} of {len(data.queries)}"
        yield f"{count} judged queries have no ranking and count 0, such as '{unranked[0]}'."
    unknown = [query for query in given if query not in data.queries]
    if unknown and not limited:
        yield f"{len(unknown)} ranked queries are not judged and were left out, such as '{unknown[0]}'."
    if data.corpus:
        strange = [
            document for query in data.queries for document in given.get(query, {}) if document not in data.corpus
        ]
        if strange:
            yield (
                f"{len(strange)} ranked documents are not in the corpus, such as '{strange[0]}'; they count as not "
                "relevant. Were the rankings made over another corpus?"
            )


def _only_judgments(path: Path) -> RetrievalData:
    """A file of qrels as a data set without corpus; a query's text is its id."""
    judgments = read_qrels(path)
    return RetrievalData(path.stem, "", {}, {query: query for query in judgments}, judgments)


def _content(data: RetrievalData) -> str:
    """A hash over every document of the corpus."""
    return content_id(*(part for name, entry in data.corpus.items() for part in (name, entry.title, entry.text)))


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
