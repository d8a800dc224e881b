"""Every example in the page about question sets is read as the page says."""

from __future__ import annotations

import re
from pathlib import Path

from citewell.evaluation.sets import read_set
from citewell.evaluation.sets.fields import ANSWER, DOCUMENT, GOLDS, ID, QUESTION
from citewell.evaluation.sets.questions import FORMATS

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "question-sets.md").read_text(encoding="utf-8")


def test_every_example_is_read(tmp_path):
    found = []
    for kind, text in re.findall(r"^```(csv|jsonl|json)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        path = tmp_path / f"set-{len(found)}.{kind}"
        path.write_text(text, encoding="utf-8")
        found.append(read_set(path))
    csv, lines, squad, ragas, deepeval, own = found
    assert [question.answerable for question in csv.questions] == [True, True, False]
    assert csv.questions[0].golds[0].page == 2 and csv.questions[0].tags == ("table", "numeric")
    assert len(lines.questions[0].golds) == 2 and lines.questions[0].answers == ("GBP 190", "190 pounds")
    assert lines.questions[2].instructions.max_words == 60 and lines.questions[2].principals == ("group:hr",)
    assert not squad.questions[1].answerable
    for each in (squad, ragas, deepeval, own):
        assert each.questions[0].answers == ("Ada Fenn",)
        assert each.questions[0].golds[0].quote == "It was built by Ada Fenn."
    assert deepeval.questions[0].golds[0].document == "lamps/history.pdf"
    assert all(each.notes == () for each in found)


def test_the_names_in_the_table_are_those_of_the_code():
    for names in (QUESTION[:-1], ID, DOCUMENT[:3]):
        assert all(f"`{name}`" in PAGE for name in names), names
    assert {name for name in ANSWER if f"`{name}`" in PAGE} >= {"answer", "answers", "ground_truth", "reference"}
    assert all(f"`{name}`" in PAGE for name in GOLDS)
    assert ", ".join(FORMATS) in PAGE
