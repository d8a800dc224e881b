"""The search over a real table with a fake encoder: bags of words as vectors."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from citewell.access import Scope
from citewell.index import Filters
from citewell.index.passages import PassageTable
from citewell.records import Passage
from citewell.retrieval.search import search
from citewell.settings import RetrievalSettings

OWNER = Scope.owner()


class BagOfWords:
    """(n, 64) counts of hashed words, unit rows: deterministic and good enough to be near what is alike."""

    def encode(self, texts):
        rows = np.full((len(texts), 64), 1e-3, np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                row[int(hashlib.sha256(word.encode()).hexdigest(), 16) % 64] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def table(tmp_path: Path) -> PassageTable:
    texts = {
        "leave": ("Parental leave lasts sixteen weeks.", ("everyone",)),
        "pay": ("Salaries are paid on the last working day.", ("everyone",)),
        "secret": ("Parental leave of the board lasts a year.", ("group:board",)),
        "travel": ("Train journeys are reimbursed in second class.", ("everyone",)),
    }
    passages = [
        Passage(id=name, document_id=name, document_version="1", source_id="s", uri=f"file:///{name}.txt", title="",
                text=text, span=(0, len(text)), readers=readers)
        for name, (text, readers) in texts.items()
    ]  # fmt: skip
    made = PassageTable.create(tmp_path / "t.lance", 64)
    made.commit(passages, BagOfWords().encode([p.searchable for p in passages]), [])
    return made


def ids(hits):
    return [hit.passage.id for hit in hits]


def test_the_best_passage_comes_first(table):
    hits = search("How long is parental leave?", table, BagOfWords(), Scope.of(["user:anna"]))
    assert ids(hits)[0] == "leave" and "secret" not in ids(hits)
    assert all(hit.stage == "fused" and 0 <= hit.score <= 1 for hit in hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_scope_and_filters_restrict(table):
    assert set(ids(search("parental leave", table, BagOfWords(), OWNER))[:2]) == {"leave", "secret"}
    assert ids(search("parental leave", table, BagOfWords(), OWNER, Filters(uris=("*travel*",)))) == ["travel"]
    assert search("parental leave", table, BagOfWords(), Scope(frozenset())) == []


def test_settings_bound_the_hits(table):
    assert len(search("leave", table, BagOfWords(), OWNER, None, RetrievalSettings(hits=2))) == 2
    assert len(search("leave", table, BagOfWords(), OWNER, None, RetrievalSettings(candidates=1, hits=2))) <= 2


@pytest.mark.parametrize("question", ["", "  \n"])
def test_no_question_finds_nothing(table, question):
    assert search(question, table, BagOfWords(), OWNER) == []


def test_a_question_without_known_words_still_has_neighbours(table):
    assert len(search("zzz", table, BagOfWords(), OWNER)) == 4


def test_an_empty_table(tmp_path):
    assert search("anything", PassageTable.create(tmp_path / "e.lance", 64), BagOfWords(), OWNER) == []
