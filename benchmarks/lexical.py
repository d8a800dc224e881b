"""Lexical search beside the published bm25s library: same words, same stop words, same stemmer, same k1 and b.

    python benchmarks/lexical.py --data RETRIEVAL_SETS --sets scifact:train cranfield:dev

Both index each document (title and text) as one passage. bm25s gets Snowball English stems (PyStemmer) and the stop
words the table's tokenizer drops, found by asking it. Writes results/lexical.json.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from citewell.access import EVERYONE, Scope
from citewell.evaluation.retrieval import score_run
from citewell.evaluation.sets.beir import RetrievalData, read_beir
from citewell.index.passages import PassageTable
from citewell.records import Passage

K1, B, DEPTH = 1.2, 0.75, 100
STOP_WORD_CANDIDATES = """
a about above after again against all am an and any are as at be because been before being below between both but by
can cannot could did do does doing down during each few for from further had has have having he her here hers herself
him himself his how i if in into is it its itself just let me more most my myself no nor not now of off on once only
or other ought our ours ourselves out over own s same shall she should so some such t than that the their theirs them
themselves then there these they this those through to too under until up upon very was we were what when where which
while who whom why will with would you your yours yourself yourselves
""".split()  # noqa: SIM905 - readable as prose


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=["scifact:train", "cranfield:dev"])
    arguments = parser.parse_args()
    results = {}
    print(f"{'nDCG@10':20} citewell   bm25s  difference   ms per question")
    for name in arguments.sets:
        folder, _, split = name.partition(":")
        data = read_beir(arguments.data / folder, split or "dev")
        ours, our_time = run_table(data)
        theirs, their_time = run_bm25s(data)
        scores = [100 * score_run(data.judgments, run)["nDCG@10"].value for run in (ours, theirs)]
        results[name] = {"citewell": round(scores[0], 2), "bm25s": round(scores[1], 2)}
        print(
            f"{name:20} {scores[0]:8.2f} {scores[1]:7.2f} {scores[0] - scores[1]:+11.2f}"
            f"   {our_time:.2f} {their_time:.2f}"
        )
    path = Path(__file__).parent / "results" / "lexical.json"
    path.write_text(json.dumps({"command": "benchmarks/lexical.py", "nDCG@10": results}, indent=1) + "\n")


def run_table(data: RetrievalData) -> tuple[dict[str, dict[str, float]], float]:
    """The table's ranking of every question, and milliseconds per question."""
    with tempfile.TemporaryDirectory() as place:
        table = make_table(Path(place) / "t.lance", {name: text(entry) for name, entry in data.corpus.items()})
        started = time.perf_counter()
        run = {}
        for query, question in data.queries.items():
            found = table.rank_lexical(question, DEPTH, Scope.owner())
            run[query] = dict(zip(found.ids, found.scores.tolist(), strict=True))
        return run, 1000 * (time.perf_counter() - started) / len(run)


def run_bm25s(data: RetrievalData) -> tuple[dict[str, dict[str, float]], float]:
    import bm25s
    import Stemmer

    stemmer, stop_words = Stemmer.Stemmer("english"), dropped_words()
    names = list(data.corpus)

    def tokens(texts: list[str]) -> list[list[str]]:
        return bm25s.tokenize(
            texts, stopwords=stop_words, stemmer=stemmer, token_pattern=r"(?u)[^\W_]+", return_ids=False,  # noqa: S106
            show_progress=False,
        )  # fmt: skip

    index = bm25s.BM25(method="lucene", k1=K1, b=B)
    index.index(tokens([text(entry) for entry in data.corpus.values()]), show_progress=False)
    started = time.perf_counter()
    found, scores = index.retrieve(
        tokens(list(data.queries.values())), k=min(DEPTH, len(names)), show_progress=False, n_threads=1
    )
    milliseconds = 1000 * (time.perf_counter() - started) / len(data.queries)
    run = {
        query: {names[i]: float(score) for i, score in zip(found[row], scores[row], strict=True) if score > 0}
        for row, query in enumerate(data.queries)
    }
    return run, milliseconds


def dropped_words() -> list[str]:
    """The words of a long stop list that the table's tokenizer does not index."""
    with tempfile.TemporaryDirectory() as place:
        table = make_table(Path(place) / "t.lance", {"all": " ".join(STOP_WORD_CANDIDATES)})
        return [word for word in STOP_WORD_CANDIDATES if not table.rank_lexical(word, 1, Scope.owner()).ids]


def make_table(path: Path, texts: dict[str, str]) -> PassageTable:
    """A table with one passage per text and no useful vectors."""
    table = PassageTable.create(path, 1)
    passages = [
        Passage(id=name, document_id=name, document_version="1", source_id="", uri=name, title="", text=each,
                span=(0, len(each)), readers=(EVERYONE,))
        for name, each in texts.items()
    ]  # fmt: skip
    table.commit(passages, np.ones((len(passages), 1), np.float32), ())
    table.optimize()
    return table


def text(entry: object) -> str:
    title, body = entry
    return f"{title}\n{body}" if title else body


if __name__ == "__main__":
    main()
