"""A collection's own questions become examples in its own passages; what lost its place is counted, never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from citewell.access import Scope
from citewell.collection import Collection
from citewell.evaluation.questions import Gold, Question
from citewell.learning.data.own import NEAREST, own_examples
from citewell.learning.data.splits import documents_of, split

pytestmark = pytest.mark.integration

LAMP = """# Orrin Head

## History

The lamp at Orrin Head was lit in 1871. It was built by Ada Fenn. Nobody lives there now.

## Visits

Visitors pay 4 pounds at the gate. The gate closes at six.
"""
FERRY = "# Sule Bay\n\nThe ferry to Sule Bay sails twice a day. Κάθε μέρα 💡. A ticket costs 7 pounds.\n"


@pytest.fixture
def filled(collection: Collection, tmp_path: Path) -> Collection:
    folder = tmp_path / "places"
    folder.mkdir()
    (folder / "orrin.md").write_text(LAMP, encoding="utf-8")
    (folder / "sule.md").write_text(FERRY, encoding="utf-8")
    collection.add(folder)
    return collection


def test_golds_become_passages_with_the_answers_place(filled: Collection) -> None:
    questions = [
        Question("a", "Who built the lamp?", ("Ada Fenn",), (Gold("orrin.md", "It was built by Ada Fenn."),)),
        Question("b", "How often does the ferry sail?", ("2 times",), (Gold("sule.md", "sails twice a day"),)),
        Question("c", "What is said daily?", (), (Gold("", "Κάθε μέρα 💡"),)),
        Question("d", "What does it cost?", ("4 pounds", "7 pounds"),
                 (Gold("orrin.md", "Visitors pay 4 pounds"), Gold("sule.md", "A ticket costs 7 pounds."))),
    ]  # fmt: skip
    found = own_examples(questions, filled.store, Scope.owner())
    assert found.notes == () and len(found.reading) == len(found.ranking) == 4
    said = [{each.passages[i].text[start:end] for i, start, end in each.answers} for each in found.reading]
    assert said == [{"Ada Fenn"}, {"sails twice a day"}, {"Κάθε μέρα 💡"}, {"4 pounds", "7 pounds"}]
    assert [each.query for each in found.ranking] == [each.text for each in questions]
    for read, ranked in zip(found.reading, found.ranking, strict=True):
        assert read.passages == ranked.positives and all(
            "Ada Fenn" in t.text or "pound" in t.text for t in read.passages
        )
    assert found.reading[0].passages[0].context.startswith("Orrin Head")
    documents = {document for each in found.reading for document in documents_of(each)}
    assert documents == {item.document_id for item in filled.store.catalog.items(Scope.owner()) if item.is_document}
    assert len(split(list(found.reading[:3]), share=0.4)[1]) in {1, 2}


def test_an_unanswerable_question_is_read_in_the_nearest_passages(filled: Collection) -> None:
    found = own_examples(
        [Question("u", "Which hotel lies at Sule Bay?", answerable=False),
         Question("v", "Zzyzx quokka?", answerable=False)],
        filled.store, Scope.owner(),
    )  # fmt: skip
    (example,) = found.reading
    assert example.answers == () and example.kind == "given, unanswerable" and found.ranking == ()
    assert 1 <= len(example.passages) <= NEAREST and "ferry to Sule Bay" in example.passages[0].text
    assert found.notes == (
        "1 of 2 questions were left out: they are unanswerable, and no passage shares a word with them.",
    )


def test_of_a_long_document_only_the_passages_that_show_the_answer_are_taken(
    filled: Collection, tmp_path: Path
) -> None:
    parts = [f"## Part {n}\n\n" + f"In part {n} the keeper counts boat number {n * 7} again. " * 30 for n in range(12)]
    (tmp_path / "long.md").write_text("# Log\n\n" + "\n\n".join(parts), encoding="utf-8")
    filled.add(tmp_path / "long.md")
    gold = Gold("long.md", "In part 5 the keeper counts boat number 35 again.")
    found = own_examples([Question("a", "What is counted in part 5?", ("boat number 35",), (gold,))], filled.store,
                         Scope.owner())  # fmt: skip
    rows = {document: row.passages for document, row in filled.store.index.documents().items()}
    (example,) = found.reading
    assert len(example.passages) == 1 and rows[example.passages[0].document] > 12
    assert "Part 5" in example.passages[0].context
    assert all(example.passages[0].text[start:end] == "boat number 35" for _, start, end in example.answers)


def test_what_cannot_be_used_is_counted(filled: Collection) -> None:
    questions = [
        Question("a", "Gone?", ("x",), (Gold("orrin.md", "These words stand nowhere at all."),)),
        Question("b", "Nowhere?", ("x",)),
        Question("c", "Whole document?", ("x",), (Gold("orrin.md"),)),
        Question("d", "Lost?", ("x",), (Gold("missing.md", "The lamp"),)),
    ]
    found = own_examples(questions, filled.store, Scope.owner())
    assert found.reading == found.ranking == ()
    assert len(found.notes) == 4 and all(
        note.startswith("1 of 4 questions were left out: they ") for note in found.notes
    )
    assert any("name no place" in note for note in found.notes) and any("missing" in note for note in found.notes)


def test_what_the_scope_hides_is_not_learnt_from(collection: Collection, tmp_path: Path) -> None:
    folder = tmp_path / "places"
    folder.mkdir()
    (folder / "orrin.md").write_text(LAMP, encoding="utf-8")
    (folder / "sule.md").write_text(FERRY, encoding="utf-8")
    rules = [("orrin.md", "user:anna"), ("**", "everyone")]
    (folder / "citewell-readers.toml").write_text(
        "".join(f'[[rule]]\npath = "{path}"\nreaders = ["{reader}"]\n' for path, reader in rules)
    )
    collection.add(folder)
    question = Question("a", "Who built the lamp?", ("Ada Fenn",), (Gold("orrin.md", "It was built by Ada Fenn."),))
    nobody = Question("u", "Which gate or ferry closes?", answerable=False)
    texts = {}
    for name in ("anna", "stranger"):
        found = own_examples([question, nobody], collection.store, Scope.of([f"user:{name}"]))
        texts[name] = " ".join(text.text for each in found.reading for text in each.passages)
    assert "Ada Fenn" in texts["anna"] and "gate" in texts["anna"]
    assert "ferry" in texts["stranger"] and "Ada Fenn" not in texts["stranger"] and "gate" not in texts["stranger"]
