"""Hard negatives from a real passage table: near texts are taken, right ones and hidden right ones never."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from citewell.errors import DataError
from citewell.learning.data.examples import RankingExample, Text
from citewell.learning.data.mining import mine, rank_texts, same, with_negatives

TOPICS = ["lamp", "ferry", "well", "chapel", "harbour", "keeper", "storm", "goat", "peat", "kelp"]


class TopicEncoder:
    """One axis per topic, weighted by how often it is named; a word that is none of them adds nothing."""

    dimension = len(TOPICS) + 1

    def encode(self, texts):
        rows = np.full((len(texts), self.dimension), 0.05, np.float32)
        for row, text in zip(rows, texts, strict=True):
            for place, topic in enumerate(TOPICS):
                row[place] += len(re.findall(topic, text.lower()))
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def about(topic: str, number: int) -> Text:
    fillers = ["grass grows", "rain falls", "wind turns", "birds rest", "boats wait", "stones lie", "moss creeps"]
    words = (
        f"Report {number} on the {topic}: near the {topic} {fillers[number % 7]} and {fillers[(number * 3 + 1) % 7]}"
    )
    return Text(f"{words}, as page {number * 17} of book {number * 31} tells.", "Reports", f"{topic} {number}")


@pytest.fixture
def corpus() -> list[Text]:
    return [about(topic, number) for topic in TOPICS for number in range(6)]


@pytest.mark.parametrize("method", ["hybrid", "lexical", "dense"])
def test_negatives_are_near_and_never_the_positive(corpus, tmp_path, method):
    queries = [f"What is said of the {topic}?" for topic in TOPICS]
    positives = [[6 * n] for n in range(len(TOPICS))]
    steps = []
    found = mine(queries, corpus, TopicEncoder(), per_query=3, positives=positives, method=method, work=tmp_path,
                 progress=lambda *step: steps.append(step))  # fmt: skip
    assert all(len(each) == len(set(each)) == 3 for each in found)
    for number, negatives in enumerate(found):
        assert 6 * number not in negatives
        assert {corpus[each].document.split()[0] for each in negatives} == {TOPICS[number]}
    assert ("index", 60, 60) in steps and steps[-1] == ("search", 10, 10)
    assert list(tmp_path.iterdir()) == [], "the temporary table is removed"


def test_copies_and_near_copies_of_the_positive_are_no_negatives(corpus):
    positive = Text("The lamp at Orrin Head was lit in the year 1871 by Ada Fenn, who kept it for forty years alone.")
    near = Text("The lamp at Orrin Head was lit in the year 1871 by Ada Fenn, who kept it for fifty years alone.")
    inside = Text(f"{about('lamp', 3).text} {positive.text} {about('lamp', 4).text}")
    texts = [positive, Text(positive.text, "Another title"), near, inside, *corpus]
    (found,) = mine(["Who lit the lamp at Orrin Head?"], texts, TopicEncoder(), per_query=60, positives=[[0]])
    assert found and not {0, 1, 2, 3} & set(found)
    assert {4, 5, 6, 7, 8, 9} <= set(found), "the other texts about the lamp are taken"


def test_texts_that_hold_the_answer_are_no_negatives_and_longer_words_do_not_count(corpus):
    texts = [*corpus, Text("The lamp was built by ADA-FENN, they say."), Text("The lamp stood with Ada Fennimore.")]
    (found,) = mine(["Who built the lamp?"], texts, TopicEncoder(), per_query=60, answers=[["Ada Fenn", ""]])
    assert 60 not in found and 61 in found
    (signs,) = mine(["lamp"], [Text("A lamp :-)"), Text("A lamp")], TopicEncoder(), per_query=5, answers=[[":-)"]])
    assert signs == [1]


def test_a_margin_drops_what_the_encoder_finds_as_near_as_the_positive():
    texts = [Text("lamp ferry, the positive one here"), Text("lamp lamp lamp"), Text("lamp ferry well stone"),
             Text("well lamp well chapel")]  # fmt: skip
    encoder = TopicEncoder()
    vectors, query = encoder.encode([each.text for each in texts]), encoder.encode(["lamp"])[0]
    scores = vectors @ query
    assert scores[1] > scores[0] > scores[2] > scores[3]
    for method in ("hybrid", "dense"):
        plain, over, far = (
            mine(["lamp"], texts, encoder, per_query=9, positives=[[0]], method=method, margin=margin)[0]
            for margin in (None, 0.0, 0.3)
        )
        assert set(plain) == {1, 2, 3} and set(over) == {2, 3} and set(far) == {3}
    assert float(scores[2]) > 0.7 * float(scores[0]) >= float(scores[3])


def test_ranking_examples_get_negatives_after_their_own(corpus):
    own = Text("A text somebody judged to be wrong.")
    examples = [RankingExample("What of the ferry?", (corpus[6],), (own,)), RankingExample("The well?", (corpus[12],))]
    found = with_negatives(examples, TopicEncoder(), per_query=2, corpus=corpus)
    assert [each.query for each in found] == [each.query for each in examples]
    assert found[0].negatives[0] == own and len(found[0].negatives) == 3 and len(found[1].negatives) == 2
    assert {each.document.split()[0] for each in found[1].negatives} == {"well"}
    assert all(set(each.positives).isdisjoint(each.negatives) for each in found)


def test_ranked_texts_hold_the_right_ones(corpus):
    found = rank_texts(["What of the goat?", "kelp"], corpus, TopicEncoder(), 6)
    assert [{corpus[each].document.split()[0] for each in ranking} for ranking in found] == [{"goat"}, {"kelp"}]
    assert [len(each) for each in found] == [6, 6]


def test_the_same_corpus_gives_the_same_negatives(corpus):
    queries = [f"What of the {topic}?" for topic in TOPICS]
    first, second = (mine(queries, corpus, TopicEncoder(), per_query=4) for _ in range(2))
    assert first == second


def test_empty_texts_and_queries_other_scripts_and_long_passages_do_no_harm():
    long = "The lamp. " * 12_000
    texts = [Text(""), Text("💡 灯台 lamp"), Text("سراج lamp مصباح"), Text(long), Text("lamp and more")]
    found = mine(["lamp", " ", "💡"], texts, TopicEncoder(), per_query=9, positives=[[4], [], []])
    assert len(long) > 100_000
    assert set(found[0]) == {1, 2, 3} and found[1] == [] and 0 not in found[2]
    assert mine([], texts, TopicEncoder(), per_query=2) == [] and mine(["lamp"], [], TopicEncoder(), per_query=2) == [
        []
    ]


def test_near_texts_are_the_same_in_either_direction():
    one, two = np.arange(100, dtype=np.uint64), np.arange(10, 400, dtype=np.uint64)
    assert same(one, two) and same(two, one)
    assert not same(one, np.arange(60, 160, dtype=np.uint64))
    assert not same(one[:0], one[:0])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"method": "best"}, "method is 'best'. Expected one of: hybrid, lexical, dense"),
        ({"per_query": 0}, "Expected at least 1"),
        ({"positives": [[0], [1]]}, "2 positives for 1 queries"),
        ({"positives": [[60]]}, "A positive is text 60 of 60"),
        ({"answers": [[], []]}, "2 answers for 1 queries"),
        ({"margin": 0.1, "method": "lexical"}, "A margin needs dense scores"),
        ({"margin": 1.5}, "The margin is 1.5. Expected a number from 0"),
    ],
)
def test_what_cannot_be_mined_is_told(corpus, options, told):
    with pytest.raises(DataError, match=re.escape(told)):
        mine(["lamp"], corpus, TopicEncoder(), **{"per_query": 2, **options})


def test_a_folder_to_work_in_that_is_not_there_is_an_error(corpus, tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        mine(["lamp"], corpus, TopicEncoder(), per_query=2, work=tmp_path / "none")


FILL = """
import random, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_data_mining import TopicEncoder
from citewell.errors import StorageError
from citewell.learning.data.examples import Text
from citewell.learning.data.mining import mine
words = random.Random(0)
texts = [Text(f"lamp {words.random()} " * 40) for _ in range(3000)]
try:
    mine(["lamp"], texts, TopicEncoder(), per_query=2, work=Path(sys.argv[1]))
except StorageError as error:
    sys.stdout.write(f"{error}\\n{len(list(Path(sys.argv[1]).iterdir()))} left")
"""


def test_a_full_disk_is_told_and_nothing_is_left_behind(tmp_path: Path):
    """On a file system of one megabyte, in a mount namespace of its own."""
    unshare = shutil.which("unshare")
    if sys.platform != "linux" or unshare is None:
        pytest.skip("needs Linux and unshare (util-linux)")
    (tmp_path / "disk").mkdir()
    script = 'mount -t tmpfs -o size=1m citewell-test "$1" || exit 99; "$2" -c "$3" "$1" "$4"'
    done = subprocess.run(
        [unshare, "-m" if os.geteuid() == 0 else "-Urm", "sh", "-c", script, "sh", str(tmp_path / "disk"),
         sys.executable, FILL, str(Path(__file__).parent)],
        check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    if done.returncode == 99 or "unshare" in done.stderr:
        pytest.skip(f"may not mount a file system here: {done.stderr.strip()[-200:]}")
    assert "The system refused access" in done.stdout and "Free some space" in done.stdout, done.stderr[-2000:]
    assert done.stdout.endswith("0 left")
