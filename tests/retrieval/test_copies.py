"""Copies among the hits of one search: put together, and nothing else put together with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes import WordEncoder

from citewell.access import Scope
from citewell.index.passages import PassageTable
from citewell.records import Locator, Passage, Place
from citewell.retrieval.copies import Text, collapse, same
from citewell.retrieval.search import search
from citewell.settings import RetrievalSettings

OWNER = Scope.owner()
BASE = (
    "Employees who travel by train book second class for journeys of up to 3 hours and first class beyond that. "
    "Receipts must be handed in within 30 days after the return, otherwise the department does not reimburse them. "
    "The travel desk in Sheffield answers questions and keeps the list of partner hotels."
)


def passage(
    text: str, name: str = "a", *, title: str = "Travel", heading: str = "", header: str = "", date: str = "",
    readers: tuple[str, ...] = ("everyone",),
) -> Passage:  # fmt: skip
    span = (10, 10 + len(text))
    return Passage(
        name, f"doc-{name}", "1", "s", f"/files/{name}.txt", title, text, span, (heading,) if heading else (), header,
        (Place(span, Locator(lines=(3, 5))),), readers, modified_at=date,
    )  # fmt: skip


def alike(one: str, other: str) -> bool:
    return same(Text(passage(one)), Text(passage(other, "b")))


@pytest.mark.parametrize(
    "other",
    [
        BASE,
        BASE.replace(" ", "\n"),
        BASE.replace("Receipts", "• Receipts").replace(".", " ."),
        BASE.replace("department", "depart- ment"),
        BASE.replace("reimburse", "reimbuse"),
        BASE.replace("answers", "asnwers").replace("otherwise", "otherwisse"),
        BASE.replace("the list", "list"),
        BASE.upper(),
    ],
    ids=["the same", "wrapped", "bullets", "cut in two", "a letter less", "two slips", "no article", "capitals"],
)
def test_slips_of_the_pen_are_copies(other: str) -> None:
    assert alike(BASE, other)
    assert alike(other, BASE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("30 days", "60 days"), ("30 days", "30 weeks"), ("3 hours", "30 hours"), ("does not", "does"),
        ("must be", "must not be"), ("Sheffield", "Brno"), ("Sheffield", "Shefield"), ("within", "after"),
        ("first class", "second class"), (" otherwise the department does not reimburse them.", ""),
        ("Employees", "Only employees"), ("train", "plane"), ("hotels.", "hotels. Exceptions need the director."),
        ("up to 3", "up to -3"), ("second class for", "second class, unless longer, for"),
    ],
)  # fmt: skip
def test_what_says_something_else_is_no_copy(old: str, new: str) -> None:
    other = BASE.replace(old, new)
    assert other != BASE
    assert not alike(BASE, other)
    assert not alike(other, BASE)


def test_two_swapped_numbers_are_no_copy() -> None:
    assert not alike(BASE, BASE.replace("3 hours", "x").replace("30 days", "3 days").replace("x", "30 hours"))


def test_an_employer_is_no_employee() -> None:
    text = "Where the contract ends early, the employee returns all keys and pays what is still owed for the car."
    assert not alike(text, text.replace("employee", "employer"))


def test_the_same_rows_under_another_header_or_heading_are_no_copy() -> None:
    rows = "London | 190\nParis | 170"
    plain = Text(passage(rows, header="City | Limit 2025", heading="Hotels"))
    assert same(plain, Text(passage(rows, "b", header="City | Limit 2025", heading="Hotels")))
    assert same(plain, Text(passage(rows, "b", header="City | Limit 2025")))
    assert not same(plain, Text(passage(rows, "b", header="City | Limit 2023", heading="Hotels")))
    assert not same(plain, Text(passage(rows, "b", header="City | Limit 2025", heading="Meals")))


def test_passages_without_words_are_no_copies() -> None:
    assert not alike("---", "***")


def test_the_best_ranked_stands_for_all_and_the_others_come_newest_first() -> None:
    best, old, new = passage(BASE, "b"), passage(BASE, "o", date="2023-01-01"), passage(BASE, "n", date="2025-01-01")
    other = passage("Salaries are paid on the last working day.", "x")
    hits = collapse("trains?", [(best, 0.9), (old, 0.8), (other, 0.7), (new, 0.6)], 10)
    assert [(hit.passage, hit.score, hit.copies) for hit in hits] == [(best, 0.9, (new, old)), (other, 0.7, ())]


def test_of_equal_scores_the_newest_stands_for_all() -> None:
    old, new = passage(BASE, "o", date="2023-01-01"), passage(BASE, "n", date="2025-01-01")
    (hit,) = collapse("trains?", [(old, 0.9), (new, 0.9)], 10)
    assert (hit.passage, hit.copies) == (new, (old,))


def test_the_document_the_question_names_stands_for_all() -> None:
    text = "Clean the glass body with warm water every 4 weeks and store it wet."
    one, other = passage(text, "30", title="Marl 30 pH probe"), passage(text, "35", title="Marl 35 pH probe")
    (hit,) = collapse("How often is the Marl 35 cleaned?", [(one, 0.9), (other, 0.8)], 10)
    assert (hit.passage, hit.score, hit.copies) == (other, 0.9, (one,))


# -- in a search -------------------------------------------------------------------------------------------------------


def table_of(tmp_path: Path, passages: list[Passage]) -> PassageTable:
    made = PassageTable.create(tmp_path / "t.lance", WordEncoder.dimension)
    made.commit(passages, WordEncoder().encode([each.searchable for each in passages]), [])
    return made


def test_five_hundred_copies_leave_room_for_other_passages(tmp_path: Path) -> None:
    notice = "Travel expenses: this page is confidential and for internal use only."
    copies = [passage(notice, f"copy{number:03d}", title="") for number in range(500)]
    others = [
        passage(f"Travel expenses of {city} are approved by the office there.", city, title="")
        for city in ("London", "Brno", "Paris", "Rome", "Oslo", "Bern", "Riga", "Lyon", "Ghent", "Porto", "Turin")
    ]
    hits = search(
        "travel expenses confidential internal page", table_of(tmp_path, [*copies, *others]), WordEncoder(), OWNER
    )
    assert len(hits) == 10
    assert len({hit.passage.text for hit in hits}) == 10
    assert hits[0].passage.text == notice
    assert len(hits[0].copies) == 499


def test_where_all_is_copies_the_search_ends(tmp_path: Path) -> None:
    copies = [passage(BASE, f"copy{number:04d}") for number in range(300)]
    settings = RetrievalSettings(candidates=10, hits=3)
    hits = search("train journeys", table_of(tmp_path, copies), WordEncoder(), OWNER, None, settings)
    assert len(hits) == 1
    assert 10 <= len(hits[0].copies) + 1 <= 2 * 16 * 10


def test_copies_of_documents_that_may_not_be_read_are_not_named(tmp_path: Path) -> None:
    secret = passage(BASE, "secret", readers=("group:board",))
    table = table_of(tmp_path, [passage(BASE, "public"), replace(secret, modified_at="2030-01-01")])
    (hit,) = search("train journeys", table, WordEncoder(), Scope.of(["user:anna"]))
    assert (hit.passage.id, hit.copies) == ("public", ())
    (hit,) = search("train journeys", table, WordEncoder(), Scope.of(["group:board"]))
    assert {hit.passage.id, *(each.id for each in hit.copies)} == {"public", "secret"}
