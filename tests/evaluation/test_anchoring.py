"""Golds become exact characters of documents, whatever was copied how; and stay right when documents change."""

from __future__ import annotations

import os
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes import settle

from citewell.access import Scope
from citewell.collection import Collection
from citewell.evaluation.anchoring import (
    Anchored,
    PassagesByDocument,
    anchor,
    covers,
    is_placed,
    relevant_passages,
    states,
)
from citewell.evaluation.questions import Gold, Question
from citewell.evaluation.quotes import Text
from citewell.evaluation.sets import read_set
from citewell.samples import questions_path

OWNER = Scope.owner()

RULES = """# Harbour rules

Boats longer than twelve metres moor at the “outer” quay; a re-entry permit costs 45 francs.

| Berth | Fee | Currency |
|---|---|---|
| North | 190 | CHF |
| South | 145 | CHF |

Lamps are lit at dusk. Nobody may fish from the mole.

Lamps are lit at dusk.
"""


@pytest.fixture
def share(tmp_path: Path) -> Path:
    root = tmp_path / "share"
    (root / "harbour").mkdir(parents=True)
    (root / "harbour" / "rules.md").write_text(RULES)
    (root / "menu.md").write_text("# Canteen\n\nOn Fridays there is fish soup. Lamps are lit at noon.\n")
    with zipfile.ZipFile(root / "papers.zip", "w") as archive:
        archive.writestr("minutes.txt", "The board met on Tuesday and bought a crane from Ostrava.\n")
        archive.writestr("list.txt", "Ropes, buoys and one spare anchor.\n")
    settle(root)
    return root


def one(collection: Collection, *golds: Gold, scope: Scope = OWNER) -> Anchored:
    (found,) = anchor([Question("q", "?", golds=golds)], collection.store, scope)
    return found


def words(collection: Collection, anchored: Anchored) -> list[str]:
    """What the documents hold at the golds' spans."""
    texts = [collection.document(gold.document).text for gold in anchored.question.golds]
    return [
        text[gold.span[0] : gold.span[1]]
        for text, gold in zip(texts, anchored.question.golds, strict=True)
        if gold.span is not None
    ]


def write_again(collection: Collection, path: Path, text: str) -> None:
    path.write_text(text)
    os.utime(path, (time.time() - 30,) * 2)
    collection.sync()


# -- documents ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "harbour/rules.md",
        "rules.md",
        "rules",
        "RULES.MD",
        "harbour\\rules.md",
        "./share/harbour/rules.md",
        "uri",
        "id",
        "elsewhere/harbour/rules.md",
    ],
)
def test_a_document_goes_by_many_names(collection, share, name):
    collection.add(share)
    (item,) = [item for item in collection.items() if item.uri.endswith("rules.md")]
    named = {"uri": item.uri, "id": item.document_id}.get(name, name)
    found = one(collection, Gold(named, "Nobody may fish"))
    assert (found.state, found.reasons) == ("anchored", ())
    (gold,) = found.question.golds
    assert (gold.document, gold.document_version) == (item.document_id, item.version)
    assert words(collection, found) == ["Nobody may fish"]


def test_what_is_not_there_is_told_apart(collection, share):
    collection.add(share)
    golds = {
        "missing": Gold("rules-2019.md", "Nobody may fish"),
        "unplaced": Gold("rules.md", "Dogs are welcome on board"),
        "anchored": Gold("rules.md"),
        "moved": Gold("rules.md", "Nobody may fish", span=(0, 15), document_version="old"),
        "stale": Gold("rules.md", "Dogs are welcome on board", span=(0, 15), document_version="old"),
    }
    found = anchor([Question(state, "?", golds=(gold,)) for state, gold in golds.items()], collection.store, OWNER)
    assert [(each.question.id, each.state) for each in found] == [(state, state) for state in golds]
    reasons = {each.state: " ".join(each.reasons) for each in found}
    assert "No document is named 'rules-2019.md'" in reasons["missing"]
    assert (
        "'Dogs are welcome on board'" in reasons["unplaced"]
        and "rules.md: the words are not there" in reasons["unplaced"]
    )
    assert "the document changed and they are gone" in reasons["stale"]
    assert all(
        gold.span is None
        for each in found
        if each.state in {"missing", "unplaced", "stale"}
        for gold in each.question.golds
    )
    assert states(found) == dict.fromkeys(golds, 1)
    assert one(collection).state == "none"


def test_a_question_with_several_golds_stands_as_its_best_one_and_the_lost_ones_are_told(collection, share):
    collection.add(share)
    found = one(collection, Gold("absent.md", "x"), Gold("rules.md", "Nobody may fish"))
    assert found.state == "anchored" and "absent.md" in found.reasons[0]
    assert len(found.question.golds) == 2, "what is lost keeps counting as not found"
    assert len(relevant_passages(found.question.golds, collection.store, OWNER)) == 1


def test_names_that_mean_several_documents_are_decided_by_the_words_or_refused(collection, share):
    (share / "old").mkdir()
    (share / "old" / "rules.md").write_text("# Old rules\n\nSwimming was allowed until 1971.\n")
    settle(share)
    collection.add(share)
    assert one(collection, Gold("rules.md", "Nobody may fish")).state == "anchored"
    told = one(collection, Gold("rules.md"))
    assert told.state == "missing" and "'rules.md' names 2 documents" in told.reasons[0]
    assert one(collection, Gold("old/rules.md")).state == "anchored"


def test_files_in_an_archive_go_by_their_own_name_and_by_the_archive_s(collection, share):
    collection.add(share)
    for name in ("minutes.txt", "papers.zip!/minutes.txt", "papers.zip"):
        found = one(collection, Gold(name, "bought a crane from Ostrava"))
        assert (found.state, words(collection, found)) == ("anchored", ["bought a crane from Ostrava"]), name
    told = one(collection, Gold("papers.zip"))
    assert told.state == "missing" and "holds 2 files" in told.reasons[0]


def test_words_without_a_document_are_looked_for_in_all_of_them(collection, share):
    collection.add(share)
    found = one(collection, Gold("", "bought a CRANE from Ostrava"), Gold("", "On Fridays there is fish soup."))
    assert found.state == "anchored"
    assert words(collection, found) == ["bought a crane from Ostrava", "On Fridays there is fish soup."]
    told = one(collection, Gold("", "Dogs are welcome on board"), Gold())
    assert told.state == "unplaced"
    assert told.reasons == (
        "No document holds 'Dogs are welcome on board'.",
        "The gold names neither a document nor words.",
    )


def test_of_several_places_the_first_is_taken_and_told(collection, share):
    collection.add(share)
    found = one(collection, Gold("rules.md", "Lamps are lit at dusk."))
    text = collection.document("rules.md").text
    assert found.question.golds[0].span == (text.index("Lamps"), text.index("Lamps") + 22)
    assert "stands there 2 times; the first was taken" in found.reasons[0]
    second = text.rindex("Lamps")
    near = one(collection, Gold("rules.md", "Lamps are lit at dusk.", span=(second - 5, second + 9)))
    assert near.question.golds[0].span == (second, second + 22), "a set that says where is believed"


def test_a_stated_page_decides_and_another_one_is_told(collection, tmp_path):
    from pptx import Presentation

    slides = Presentation()
    for number in (1, 2, 3):
        slide = slides.slides.add_slide(slides.slide_layouts[1])
        slide.shapes.title.text = f"Part {number}"
        said = f"Only slide {number} says that the toll is {number}5."
        slide.placeholders[1].text = f"Draft for the harbour board.\n{said}"
    slides.save(str(tmp_path / "talk.pptx"))
    settle(tmp_path)
    collection.add(tmp_path / "talk.pptx")
    text = collection.document("talk.pptx").text
    starts = [place for place in range(len(text)) if text.startswith("Draft for", place)]
    assert len(starts) == 3
    for page, start in enumerate(starts, start=1):
        found = one(collection, Gold("talk.pptx", "Draft for the harbour board.", page))
        assert (found.question.golds[0].span, found.reasons) == ((start, start + 28), ())
    told = one(collection, Gold("talk.pptx", "the toll is 35", 1))
    assert told.state == "anchored" and "stands on page 3, not 1" in told.reasons[0]
    alone = one(collection, Gold("talk.pptx", page=2))
    assert alone.state == "anchored" and alone.question.golds[0].span is None
    absent = one(collection, Gold("talk.pptx", page=99))
    assert absent.state == "unplaced" and "has no page 99; its pages are 1 to 3" in absent.reasons[0]
    passages = collection.store.index.of_document(alone.question.golds[0].document, OWNER)
    on_page = relevant_passages(alone.question.golds, collection.store, OWNER)
    assert set(on_page) == {passage.id for passage in passages if "Only slide 2" in passage.text}


def test_only_what_the_scope_sees_is_there(sample_collection):
    gold = Gold("hr/compensation/salary-bands-2025.xlsx", "G8 | 22%")
    assert (
        one(sample_collection, gold).state == "unplaced"
        or one(sample_collection, Gold(gold.document)).state == "anchored"
    )
    hidden = one(sample_collection, Gold(gold.document), scope=Scope.of(()))
    assert hidden.state == "missing" and hidden.reasons == (f"No document is named '{gold.document}'.",)
    absent = one(sample_collection, Gold("hr/compensation/salary-bands-2024.xlsx"))
    assert absent.reasons[0].replace("2024", "2025") == hidden.reasons[0], "what is hidden looks like what is absent"
    loose = Gold("", "Set by the board")
    assert one(sample_collection, loose).state == "anchored"
    assert one(sample_collection, loose, scope=Scope.of(())).state == "unplaced"


def test_a_span_without_words_gets_its_words(collection, share):
    collection.add(share)
    text = collection.document("menu.md").text
    start = text.index("On Fridays")
    found = one(collection, Gold("menu.md", span=(start - 1, start + 11)))
    assert found.question.golds[0].quote == "On Fridays" and words(collection, found) == ["On Fridays"]
    assert one(collection, Gold("menu.md", span=(start, 9_999))).state == "unplaced"


# -- change ------------------------------------------------------------------------------------------------------------


def test_an_edit_moves_a_gold_or_makes_it_stale_and_nothing_else(collection, share):
    collection.add(share)
    golds = (Gold("rules.md", "Nobody may fish from the mole."), Gold("rules.md", "190"), Gold("menu.md", "fish soup"))
    before = [
        each.question
        for each in anchor(
            [Question(str(n), "?", golds=(gold,)) for n, gold in enumerate(golds)], collection.store, OWNER
        )
    ]
    assert [each.state for each in anchor(before, collection.store, OWNER)] == ["anchored"] * 3
    rules = share / "harbour" / "rules.md"
    edited = RULES.removeprefix("# Harbour rules\n").replace("190", "210")
    write_again(collection, rules, f"# Harbour rules\n\nNew in May.\n{edited}")
    after = anchor(before, collection.store, OWNER)
    assert [each.state for each in after] == ["moved", "stale", "anchored"]
    assert words(collection, after[0]) == ["Nobody may fish from the mole."]
    again = anchor([after[0].question], collection.store, OWNER)
    assert again[0].state == "anchored", "a set that is saved again is of today's version"


def test_a_span_without_words_is_kept_when_it_is_lost_and_never_becomes_its_whole_document(collection, share):
    collection.add(share)
    menu = share / "menu.md"
    written, text = menu.read_text(), collection.document("menu.md").text
    start = text.index("fish soup")
    version = one(collection, Gold("menu.md")).question.golds[0].document_version
    lost = Gold("menu.md", span=(start, start + 9), document_version=version)
    assert one(collection, lost).question.golds[0].quote == "fish soup", "of this version, it is believed"
    write_again(collection, menu, written.replace("Fridays", "Mondays and Fridays"))
    stale = one(collection, lost)
    assert (stale.state, stale.question.golds) == ("stale", (lost,))
    short = one(collection, Gold("menu.md", span=(start, 9_999)))
    assert (short.state, short.question.golds[0].span) == ("unplaced", (start, 9_999))
    gone = one(collection, Gold("gone.md", span=(3, 9), document_version=version))
    assert (gone.state, gone.question.golds[0].span) == ("missing", (3, 9))

    (document,) = [item.document_id for item in collection.items() if item.uri.endswith("menu.md")]
    by_id = replace(lost, document=document)
    beside = one(collection, by_id, Gold("rules.md", "Nobody may fish"))
    assert beside.state == "anchored" and [is_placed(gold) for gold in beside.question.golds] == [False, True]
    shown = collection.store.index.get(list(relevant_passages(beside.question.golds, collection.store, OWNER)), OWNER)
    assert shown and not any(passage.uri.endswith("menu.md") for passage in shown), "taken for its whole document"

    write_again(collection, menu, written)
    saved = stale.question.golds[0]
    assert words(collection, one(collection, saved)) == ["fish soup"], "what was kept is found when the words are back"


def test_what_counts_as_placed():
    here = {"document": "d", "document_version": "v"}
    assert is_placed(Gold(**here, quote="words", span=(3, 8)))
    assert is_placed(Gold(**here)) and is_placed(Gold(**here, page=2)), "a whole document, a page"
    assert not is_placed(Gold(**here, quote="words")) and not is_placed(Gold(**here, span=(3, 8)))
    assert not is_placed(Gold("d", "words", span=(3, 8))) and not is_placed(Gold("", "words", document_version="v"))
    assert not is_placed(Gold()) and not is_placed(Gold("d"))


def test_a_folder_that_moved_is_found_by_the_names_in_it(collection, share, tmp_path):
    collection.add(share)
    saved = one(collection, Gold("harbour/rules.md", "Nobody may fish from the mole.")).question
    collection.remove(share)
    (share).rename(tmp_path / "elsewhere")
    collection.add(tmp_path / "elsewhere")
    (found,) = anchor([saved], collection.store, OWNER)
    assert found.state == "moved" and "elsewhere/harbour/rules.md" in found.reasons[0]
    assert words(collection, found) == ["Nobody may fish from the mole."]


def test_another_chunking_changes_no_gold_and_the_relevant_passages_follow(collection, share):
    (share / "long.md").write_text(
        "# Log\n\n"
        + "\n\n".join(
            f"On day {n} the tide rose by {n} hands and fell again before the bell of the watch." for n in range(1, 120)
        )
    )
    settle(share)
    collection.add(share)
    saved = one(collection, Gold("long.md", "On day 77 the tide rose by 77 hands")).question
    before = relevant_passages(saved.golds, collection.store, OWNER)
    collection.reindex(chunking={"max_tokens": 96, "min_tokens": 8})
    (found,) = anchor([saved], collection.store, OWNER)
    assert (found.state, found.question) == ("anchored", saved)
    after = relevant_passages(found.question.golds, collection.store, OWNER)
    assert len(before) == len(after) == 1 and set(before) != set(after)
    for ids in (before, after):
        passages = collection.store.index.get(list(ids), OWNER)
        assert all("On day 77 the tide" in passage.text for passage in passages)


@pytest.mark.damages_on_purpose
def test_a_document_whose_text_is_damaged_is_missing_and_says_what_to_do(collection, share):
    collection.add(share)
    (item,) = [item for item in collection.items() if item.uri.endswith("rules.md")]
    collection.store.blobs.path(item.version).write_bytes(b"rubbish")
    found = one(collection, Gold("rules.md", "Nobody may fish"))
    assert found.state == "missing" and "citewell sync" in found.reasons[0]


# -- passages ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("span", "gold", "shown"),
    [
        ((0, 100), (20, 60), True), ((0, 40), (20, 60), True), ((0, 39), (20, 60), False), ((41, 100), (20, 60), False),
        ((30, 38), (20, 60), True), ((30, 37), (20, 60), False), ((0, 20), (20, 60), False),
        ((60, 90), (20, 60), False), ((20, 24), (20, 24), True), ((5, 5), (5, 5), False), ((0, 30), (20, 21), True),
    ],
)  # fmt: skip
def test_when_a_stretch_shows_a_gold(span, gold, shown):
    assert covers(span, gold) is shown


def test_grades_of_placed_golds(collection, share):
    collection.add(share)
    found = one(
        collection,
        Gold("menu.md", "fish soup", grade=2),
        Gold("menu.md", "Lamps are lit at noon", grade=3),
        Gold("gone.md"),
    )
    assert len({gold.document for gold in found.question.golds[:2]}) == 1
    assert list(relevant_passages(found.question.golds, collection.store, OWNER).values()) == [3]
    hidden = Scope.of(())
    assert relevant_passages(found.question.golds, collection.store, hidden) == relevant_passages(
        found.question.golds, collection.store, OWNER
    )


def test_golds_that_were_not_placed_have_no_passages(collection, share):
    collection.add(share)
    known = PassagesByDocument(collection.store, OWNER)
    assert (
        relevant_passages((Gold("rules.md", "Dogs"), Gold("", "x"), Gold("rules.md")), collection.store, OWNER, known)
        == {}
    )


def test_the_sample_questions_are_anchored_but_for_what_no_parser_reads(sample_collection):
    questions = read_set(questions_path()).questions
    found = anchor(questions, sample_collection.store, OWNER)
    assert found == anchor(questions, sample_collection.store, OWNER)
    assert states(found)["anchored"] >= 211 and states(found)["none"] == 49
    lost = {each.question.id for each in found if each.state in {"unplaced", "missing"}}
    assert len(lost) <= 6, lost
    (row,) = [each for each in found if each.question.id == "q001"]
    assert [word.split(" | ")[0] for word in words(sample_collection, row)] == ["London", "London"]
    for each in found:
        for gold in each.question.golds:
            if gold.span is not None:
                text = sample_collection.document(gold.document).text
                assert Text(text[gold.span[0] : gold.span[1]]).find(gold.quote).spans


def test_a_thousand_questions_read_each_document_once(collection, tmp_path, monkeypatch):
    root = tmp_path / "many"
    root.mkdir()
    for number in range(40):
        lines = (f"Station {number}-{line} reports {number * 37 + line} litres." for line in range(30))
        (root / f"log-{number}.txt").write_text("\n\n".join(lines))
    settle(root)
    collection.add(root)
    questions = [
        Question(f"{n}-{line}", "?", golds=(Gold(f"log-{n}.txt", f"Station {n}-{line} reports"),))
        for n in range(40) for line in range(25)
    ]  # fmt: skip
    read: list[str] = []
    really = type(collection.store.blobs).get
    monkeypatch.setattr(type(collection.store.blobs), "get", lambda self, key: read.append(key) or really(self, key))
    found = anchor(questions, collection.store, OWNER)
    assert states(found) == {"anchored": 1000}
    assert len(read) == len(set(read)) == 40


def test_a_path_of_any_length_names_a_document_by_its_ending_without_delay(collection, share):
    collection.add(share)
    began = time.perf_counter()
    assert one(collection, Gold("a/" * 60_000 + "rules.md", "Nobody may fish")).state == "anchored"
    assert one(collection, Gold("a/" * 60_000 + "none.md", "Nobody may fish")).state == "missing"
    assert time.perf_counter() - began < 5, "every ending of the path was tried"
