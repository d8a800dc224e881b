"""Signatures of documents: what they tell about copies and versions, and groups of a whole collection."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from itertools import permutations
from pathlib import Path

import pytest
from typer.testing import CliRunner

import citewell
from citewell import Scope
from citewell.duplicates import Group, Signed, groups, marks, names_of, signature, similarity, words

WORDS = [f"{a}{b}{c}" for a in ("bar", "con", "del", "fer", "lun", "mor") for b in ("a", "e", "i", "o")
         for c in ("tion", "ment", "ness", "ling", "der")]  # fmt: skip


def text(seed: int, length: int = 300) -> str:
    """Sentences of made-up words, with a number here and there."""
    chance = random.Random(seed)
    found = [chance.choice(WORDS) if chance.random() > 0.03 else str(chance.randrange(1000)) for _ in range(length)]
    return ". ".join(" ".join(found[i : i + 12]) for i in range(0, length, 12))


def signed(body: str, uri: str, *, title: str = "", date: str = "2025-01-01") -> Signed:
    return Signed(uri, uri, title, date, "v", signature(body))


def listed(group: Group) -> list[list[str]]:
    return [[each.uri for each in version] for version in group.versions]


def edited(body: str, *places: int) -> str:
    """One letter doubled in these words."""
    parts = body.split(" ")
    for place in places:
        parts[place] = parts[place][:2] + parts[place][1:]
    return " ".join(parts)


def test_words_leave_out_what_formats_add() -> None:
    assert words("• The limit: 1,500.50 EUR – “net”!") == ["the", "limit", "1,500.50", "eur", "net"]
    assert words("10mm") == words("10 mm")
    assert words("−5 °C") == ["-5", "°", "c"] != words("5 °C")
    assert words("10-20") == words("10–20") == ["10", "20"]
    assert words("東京") == ["東", "京"]
    assert words("E = m²") == ["e", "=", "m²"]


def test_a_signature_has_one_size_and_is_the_same_in_every_process() -> None:
    sizes = {len(signature(body)) for body in ("", "one", text(1), text(1) * 50)}
    assert len(sizes) == 1
    code = f"from citewell.duplicates import signature; print(signature({text(1)!r}).hex())"
    other = subprocess.check_output([sys.executable, "-c", code], text=True, env={"PYTHONHASHSEED": "7"})
    assert other.strip() == signature(text(1)).hex()


def test_similarity_follows_the_share_of_common_runs() -> None:
    whole, half = text(1, 600), text(1, 300) + ". " + text(2, 300)
    assert similarity(signature(whole), signature(whole.upper())) == 1.0
    assert similarity(signature(whole), signature(half)) == pytest.approx(1 / 3, abs=0.12)
    assert similarity(signature(whole), signature(text(3, 600))) < 0.05


def test_signatures_of_another_release_compare_by_their_words_alone() -> None:
    one, near = signature(text(1)), signature(edited(text(1), 40))
    older = bytes([one[0], one[1] + 1]) + one[2:]
    assert similarity(one, near) > 0.9
    assert similarity(older, one) == 1.0
    assert similarity(older, near) == 0.0


def test_copies_and_near_copies() -> None:
    body = text(1)
    copies = [signed(body, "/a/report.docx"), signed(body.replace(" ", "\n"), "/b/scan 17.txt")]
    (group,) = groups([*copies, signed(text(2), "/a/other.docx")])
    assert (group.kind, group.similarity, listed(group)) == ("copies", 1.0, [["/b/scan 17.txt", "/a/report.docx"]])
    near = [signed(edited(body, 40, 90), "/a/copy.txt"), signed(body + " and some more words at the end", "/c/c.txt")]
    (group,) = groups([*copies, *near])
    assert group.kind == "near copies"
    assert len(group.documents) == 4
    assert 0.6 < group.similarity < 1


def test_versions_come_newest_first_with_their_copies() -> None:
    old, new = text(1) + " limit 145", text(1) + " limit 190"
    entries = [
        signed(old, "/a/travel-policy-2023.pdf", title="Travel Policy", date="2023-02-01"),
        signed(new, "/a/travel-policy-2025.pdf", title="Travel Policy", date="2025-03-01"),
        signed(old, "/b/old/policy.docx", title="Travel Policy", date="2023-02-01"),
        signed(text(1) + " limit 120", "/a/travel-policy-draft.pdf", title="Travel Policy", date="2022-01-01"),
    ]
    expected = [
        ["/a/travel-policy-2025.pdf"], ["/b/old/policy.docx", "/a/travel-policy-2023.pdf"],
        ["/a/travel-policy-draft.pdf"],
    ]  # fmt: skip
    for order in permutations(entries):
        (group,) = groups(order)
        assert (group.kind, listed(group)) == ("versions", expected)


def test_a_copy_saved_again_later_does_not_make_its_version_the_newest() -> None:
    old, new = text(1) + " limit 145", text(1) + " limit 190"
    (group,) = groups([
        signed(old, "/a/policy-v1.txt", date="2023-01-01"), signed(new, "/a/policy-v2.txt", date="2025-01-01"),
        signed(old, "/backup/policy-v1.txt", date="2026-06-01"),
    ])  # fmt: skip
    assert listed(group)[0] == ["/a/policy-v2.txt"]


def test_copies_under_another_name_do_not_hide_a_version() -> None:
    old, new = text(1) + " limit 145", text(1) + " limit 190"
    (group,) = groups([
        signed(old, "/a/scan 17.pdf"), signed(old, "/m/policy-v1.docx"), signed(old, "/z/printout.pdf"),
        signed(new, "/b/policy-v2.docx", date="2026-01-01"),
    ])  # fmt: skip
    assert [len(version) for version in group.versions] == [1, 3]


def test_one_form_filled_in_twice_is_no_version() -> None:
    def form(number: int, who: str) -> Signed:
        body = (
            f"{text(1, 120)}. The leave of {who} starts on {number} May and was granted by {who[::-1].title()} today."
        )
        return signed(body, f"/forms/leave-{who.lower()}.docx", title="Leave request")

    people = [form(3, "Kimball"), form(9, "Lopez"), form(21, "Novak")]
    assert similarity(people[0].signature, people[1].signature) > 0.7
    assert groups(people) == []


def test_a_policy_written_anew_is_known_by_its_name() -> None:
    chance = random.Random(1)
    old = text(1).split(" ")
    new = " ".join(chance.sample(old, len(old)))
    one = signed(" ".join(old), "/a/sla-v1.docx", date="2022-05-01")
    other = signed(new, "/b/sla-v2.pdf", date="2024-10-01")
    assert similarity(one.signature, other.signature) < 0.1
    (group,) = groups([one, other])
    assert listed(group) == [["/b/sla-v2.pdf"], ["/a/sla-v1.docx"]]
    assert groups([one, signed(new, "/b/handbook.pdf")]) == []


def test_siblings_of_one_template_are_no_versions() -> None:
    sheets = [
        signed(f"{text(1)} range {number} bar weight {number + 7} g", f"/data/tpx-{number}.pdf", title=f"TPX-{number}")
        for number in (210, 220, 230)
    ]
    assert similarity(sheets[0].signature, sheets[1].signature) > 0.9
    assert groups(sheets) == []


def test_documents_without_words_are_not_copies_of_each_other() -> None:
    assert groups([signed("", "/a.pdf"), signed("", "/b.pdf"), signed("…", "/c.pdf")]) == []
    assert groups([Signed("x", "/x", "", "", "", b""), Signed("y", "/y", "", "", "", b"")]) == []
    assert groups([]) == []


@pytest.mark.parametrize(
    ("title", "uri", "name", "mark"),
    [
        ("", "/a/Travel_Policy_2025-03-01.pdf", "travel policy", {"20250301"}),
        ("", "/a/travel-policy-v2.1.docx", "travel policy", {"v21"}),
        ("", "/a/travel policy FINAL (2).docx", "travel policy", {"final"}),
        ("Travel Policy, Version 3", "/x.pdf", "travel policy", {"version3"}),
        ("Travel Policy, 1 March 2025", "/x.pdf", "travel policy", {"1march", "2025"}),
        ("", "/a/Copy of travel-policy.docx", "travel policy", set()),
        ("TPX-210 data sheet", "/x.pdf", "tpx 210 data sheet", set()),
        ("Mayor's report in may", "/x.pdf", "mayor s report in may", set()),
    ],
)
def test_names_without_dates_and_marks(title: str, uri: str, name: str, mark: set[str]) -> None:
    assert name in names_of(title, uri)
    assert marks(title, uri) == mark


def test_ten_thousand_documents_are_grouped_in_seconds() -> None:
    entries = []
    for number in range(400):
        body = signature(text(number))
        entries += [
            Signed(f"{number}-{i}", f"/files/{number}-{i}/report.txt", "Report", "", "", body) for i in range(5)
        ]
    forms = [signature(f"{text(0)} customer {number} pays {number + 9} EUR") for number in range(400)]
    entries += [
        Signed(f"f{n}-{i}", f"/forms/{n}-{i}.txt", "Form", "", "", forms[n]) for n in range(400) for i in range(20)
    ]
    assert len(entries) == 10_000
    started = time.perf_counter()
    found = groups(entries)
    assert time.perf_counter() - started < 20  # alone about 2 s
    assert sum(len(group.documents) for group in found) == 10_000


# -- in a collection ---------------------------------------------------------------------------------------------------

POLICY = (
    "# Travel Policy\n\nEffective: {date}\n\n## Hotels\n\nThe limit for hotels in London is {limit} GBP per night, "
    "breakfast included. Rooms above the limit need the consent of the head of department before the booking.\n\n"
    "## Trains\n\nJourneys by train are booked in second class through the travel desk at least a week before "
    "departure, because cheap tickets sell out early.\n"
)


@pytest.fixture
def office(tmp_path: Path) -> citewell.Collection:
    """Two versions of a policy, a copy of the old one in another format, a copy only the board may read, a sibling."""
    old, new = POLICY.format(date="2023-02-01", limit=145), POLICY.format(date="2025-03-01", limit=190)
    body = "".join(f"<p>{line.lstrip('# ')}</p>" for line in old.splitlines() if line)
    for name, content in {
        "travel-policy-2023.md": old, "travel-policy-2025.md": new, "archive/travel-policy-2023.html": body,
        "board/travel-policy-2025.md": new, "meals.md": "# Meals\n\nLunch is served from noon until two.",
    }.items():  # fmt: skip
        path = tmp_path / "office" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    (tmp_path / "office" / "citewell-readers.toml").write_text(
        '[[rule]]\npath = "board/**"\nreaders = ["group:board"]\n[[rule]]\npath = "**"\nreaders = ["everyone"]\n',
        encoding="utf-8",
    )
    opened = citewell.open(tmp_path / "office.citewell", create=True)
    opened.add(tmp_path / "office")
    return opened


def names(group: Group) -> list[list[str]]:
    return [sorted("/".join(Path(each.uri).parts[-2:]) for each in version) for version in group.versions]


@pytest.mark.integration
def test_a_collection_lists_copies_and_versions_within_the_scope(office: citewell.Collection) -> None:
    old = ["archive/travel-policy-2023.html", "office/travel-policy-2023.md"]
    (group,) = office.duplicates()
    assert group.kind == "versions"
    assert names(group) == [["board/travel-policy-2025.md", "office/travel-policy-2025.md"], old]
    (group,) = office.duplicates(Scope.of(["user:anna"]))
    assert names(group) == [["office/travel-policy-2025.md"], old]


@pytest.mark.integration
def test_the_command_lists_them_newest_first(office: citewell.Collection) -> None:
    from citewell.cli.app import app
    from citewell.cli.run import run  # noqa: F401 — registers the commands

    root = str(office.store.root)
    shown = CliRunner().invoke(app, ["-c", root, "duplicates"]).output
    assert shown.index("newest") < shown.index("2025-03-01") < shown.index("2023-02-01")
    assert "4 documents" in shown
    found = json.loads(CliRunner().invoke(app, ["-c", root, "duplicates", "--as", "user:anna", "--json"]).stdout)
    (group,) = found["groups"]
    assert [len(version) for version in group["versions"]] == [1, 2]
    assert "board" not in json.dumps(found)


@pytest.mark.integration
def test_an_answer_names_every_place_of_its_quote(office: citewell.Collection) -> None:
    answer = office.ask("Which class are train journeys booked in?", scope=Scope.of(["user:anna"]))
    citation = answer.citations[0]
    assert "second class" in citation.quote
    places = {citation.document_id, *(place.document_id for place in citation.also)}
    assert len(places) == 1 + len(citation.also) == 3
    for place in citation.also:
        document = office.document(place.document_id)
        start, end = place.span
        assert document.text[start:end] == citation.quote
        assert document.uri == place.uri
        assert "/board/" not in place.uri
    assert [place.modified_at for place in citation.also] == sorted(
        (place.modified_at for place in citation.also), reverse=True
    )
    assert len(office.ask("Which class are train journeys booked in?").citations[0].also) == 3


@pytest.mark.integration
def test_versions_that_differ_are_still_shown_as_a_conflict(office: citewell.Collection) -> None:
    answer = office.ask("What is the limit for hotels in London?")
    assert answer.conflicts
    first, second = (answer.citations[number] for number in answer.conflicts[0].citations[:2])
    assert ("190 GBP" in first.quote, "145 GBP" in second.quote) == (True, True)
    assert len(first.also) == len(second.also) == 1


@pytest.mark.integration
def test_the_command_says_also_in(office: citewell.Collection) -> None:
    from citewell.cli.app import app
    from citewell.cli.run import run  # noqa: F401 — registers the commands

    root = str(office.store.root)
    question = "Which class are train journeys booked in?"
    shown = CliRunner().invoke(app, ["-c", root, "ask", question], env={"COLUMNS": "300"}).output
    assert "also in: " in shown
    listed = CliRunner().invoke(app, ["-c", root, "search", question], env={"COLUMNS": "300"}).output
    assert "also in: " in listed
    found = json.loads(CliRunner().invoke(app, ["-c", root, "ask", question, "--json"]).stdout)
    place = found["citations"][0]["also"][0]
    assert sorted(place) == ["document", "end", "locator", "modified_at", "start", "title", "uri"]
