"""Units, features, choice, citations and conflicts, on small passages."""

from __future__ import annotations

import math

import numpy as np
import pytest

from citewell.answering.cite import choose, cite, readable
from citewell.answering.conflicts import describe, find_conflict
from citewell.answering.loaded import answering_models
from citewell.answering.read import (
    CONFIDENCE_FEATURES,
    FEATURES,
    Evidence,
    Features,
    confidence_features,
    measure,
    read,
    units_of,
)
from citewell.answering.words import IDENTIFIER, expected_kind, terms
from citewell.records import Hit, Locator, Passage, Place
from tests.fakes import ScriptedReader, WordEncoder, WordReader, make_calibration


def passage(
    text: str, *, header: str = "", title: str = "Policy", document: str = "d", date: str = "",
    media_type: str = "text/markdown", offset: int = 100,
) -> Passage:  # fmt: skip
    span = (offset, offset + len(text))
    return Passage(
        f"p-{document}", document, "v", "s", f"/{document}.md", title, text, span, header=header, modified_at=date,
        places=(Place(span, Locator(lines=(1, 9))),), readers=("everyone",), media_type=media_type,
    )  # fmt: skip


def evidence(found: Passage, probability: float, vector: tuple[float, ...] = (1.0, 0.0)) -> Evidence:
    return Evidence(Hit(found, 1.0, "fused"), found.span, probability, np.asarray(vector, dtype=np.float32))


def texts(found: Passage) -> list[str]:
    return [found.text[start - found.span[0] : end - found.span[0]] for start, end in units_of(found)]


def test_units_are_sentences_items_and_rows() -> None:
    assert texts(passage("One is here. Two is there.\n\nThree, e.g. this.")) == [
        "One is here.", "Two is there.", "Three, e.g. this.",
    ]  # fmt: skip
    rows = passage("Pump | 120 EUR. Net. | 3\nValve | 35 EUR | 9", header="Item | Price | Stock")
    assert texts(rows) == ["Pump | 120 EUR. Net. | 3", "Valve | 35 EUR | 9"]
    code = passage("def a():\n    return 1\n\n\ndef b():\n    return 2", media_type="text/x-python")
    assert texts(code) == ["def a():\n    return 1", "def b():\n    return 2"]


def test_a_unit_is_never_longer_than_a_quote() -> None:
    assert max(len(text) for text in texts(passage("word " * 1000))) <= 700


def measured(question: str, *passages: Passage, reader: ScriptedReader | None = None) -> Features:
    hits = [Hit(each, 1.0 / rank, "fused") for rank, each in enumerate(passages, start=1)]
    return measure(question, hits, WordEncoder(), reader or WordReader())  # type: ignore[arg-type]


def column(features: Features, name: str) -> list[float]:
    return [float(value) for value in features.units[:, FEATURES.index(name)]]


def test_every_unit_has_one_value_per_feature() -> None:
    features = measured("What does the pump cost?", passage("The pump costs 120 EUR. The valve costs 35 EUR."))
    assert features.units.shape == (2, len(FEATURES))
    assert np.isfinite(features.units).all()
    assert len(features.places) == len(features.answers) == len(features.said) == len(features.vectors) == 2
    assert confidence_features(features, np.asarray([0.0, -1.0])).shape == (len(CONFIDENCE_FEATURES),)
    assert len(set(FEATURES)) == len(FEATURES)
    assert len(set(CONFIDENCE_FEATURES)) == len(CONFIDENCE_FEATURES)


def test_what_ships_was_fitted_on_these_features() -> None:
    calibration = answering_models().calibration
    assert calibration.weights.shape == (len(FEATURES),)
    assert calibration.confidence_weights.shape == (len(CONFIDENCE_FEATURES),)
    assert 0 < calibration.weak <= calibration.answer < 1
    assert calibration.n >= 50
    assert [point.threshold for point in calibration.curve] == sorted(point.threshold for point in calibration.curve)


def test_no_passage_means_no_confidence() -> None:
    assert read("Anything?", [], WordEncoder(), WordReader(), make_calibration({})) == ([], 0.0)  # type: ignore[arg-type]


def test_the_reader_says_where_in_the_unit_the_answer_stands() -> None:
    found = passage("The pump costs 120 EUR. The valve costs 35 EUR.")
    features = measured("What does the valve cost?", found)
    answers = [found.text[start - 100 : end - 100] for start, end in filter(None, features.answers)]
    assert answers == ["120", "35"]
    assert features.said == ["120", "35"]
    evidence, sure = read(
        "What does the valve cost?", [Hit(found, 1.0, "fused")], WordEncoder(), WordReader(),  # type: ignore[arg-type]
        make_calibration({"coverage": 9.0}),
    )  # fmt: skip
    assert [each.text for each in evidence] == ["The valve costs 35 EUR.", "The pump costs 120 EUR."]
    assert evidence[0].answer == features.answers[1]
    assert evidence[0].probability == pytest.approx(sure)


def test_a_unit_in_which_the_reader_finds_nothing_has_no_answer() -> None:
    found = passage("Dots follow. 120 EUR it is.")
    script = ScriptedReader({found.text: (0.0, {"120 EUR": 2.0})})
    features = measured("How much?", found, reader=script)
    assert features.answers == [None, (found.span[0] + 13, found.span[0] + 20)]
    assert column(features, "odds") == [-12.0, 2.0]
    assert column(features, "odds_gap") == [14.0, 0.0]


def test_equal_answers_of_several_passages_are_added_up() -> None:
    """Relevance 0 and log 3: the passages weigh 1/4 and 3/4. In the first, 27 days has odds 2 against 1 for "not
    here": 2/3. In the second, 27 days has 1, thirty 2 and "not here" 1: 1/4 and 1/2."""
    one = passage("Staff get 27 days.", document="a")
    two = passage("There are 27 Days of leave. Some get thirty days.", document="b")
    script = ScriptedReader({
        one.text: (0.0, {"27 days": math.log(2)}),
        two.text: (math.log(3), {"27 Days": 0.0, "thirty": math.log(2)}),
    })  # fmt: skip
    features = measured("How many days of leave?", one, two, reader=script)
    assert features.said == ["27 days", "27 days", "thirty"]
    agreed = np.exp(column(features, "agreed"))
    assert agreed == pytest.approx([17 / 48, 17 / 48, 3 / 8], abs=1e-5)
    assert column(features, "relevance") == pytest.approx([0.0, math.log(3), math.log(3)])


def test_how_relevant_the_passages_are_counts_against_each_other_only() -> None:
    one, two = passage("Staff get 27 days.", document="a"), passage("Some get thirty days.", document="b")
    agreed = []
    for more in (0.0, 50.0, -800.0):
        script = ScriptedReader({one.text: (1.0 + more, {"27 days": 1.0}), two.text: (more, {"thirty": 1.0})})
        agreed.append(column(measured("How many days?", one, two, reader=script), "agreed"))
    assert agreed[0] == pytest.approx(agreed[1])
    assert agreed[0] == pytest.approx(agreed[2])
    assert agreed[0][0] - agreed[0][1] == pytest.approx(1.0, abs=1e-4)


def test_the_lead_is_over_the_best_unit_with_another_answer() -> None:
    one, two = passage("Staff get 27 days.", document="a"), passage("There are 27 days of leave.", document="b")
    three = passage("Some get thirty days.", document="c")
    script = ScriptedReader({
        one.text: (0.0, {"27 days": 1.0}), two.text: (0.0, {"27 days": 1.0}), three.text: (0.0, {"thirty": 1.0}),
    })  # fmt: skip
    features = measured("How many days?", one, two, three, reader=script)
    lead = CONFIDENCE_FEATURES.index("lead")
    assert confidence_features(features, np.asarray([2.0, 1.9, 0.5]))[lead] == pytest.approx(1.5)
    agreeing = measured("How many days?", one, two, reader=script)
    assert confidence_features(agreeing, np.asarray([2.0, 1.9]))[lead] == 12.0, "nothing says otherwise"


def test_further_sentences_must_add_something() -> None:
    best = evidence(passage("A is 1."), 0.9)
    same = evidence(passage("A is one.", document="e"), 0.8)
    other = evidence(passage("B is 2.", document="f"), 0.7, (0.0, 1.0))
    weak = evidence(passage("C is 3.", document="g"), 0.2, (0.0, -1.0))
    assert choose([best, same, other, weak], most=3) == [best, other]
    assert choose([best, other], most=1) == [best]
    assert choose([], most=3) == []


def test_a_quote_is_the_exact_characters_and_a_row_reads_with_its_column_names() -> None:
    row = passage("Pump | 120 EUR", header="Item | Price | Stock")
    (claim,), (citation,) = cite([evidence(row, 0.9)])
    assert claim.text == "Item: Pump; Price: 120 EUR"
    assert citation.quote == "Pump | 120 EUR"
    assert citation.span == row.span
    assert claim.citations == (0,)
    assert readable(evidence(passage("A | B | C", header="X | Y"), 0.9)) == "A | B | C"


def test_versions_that_differ_are_shown_newest_first() -> None:
    old = evidence(passage("London: 145 GBP", title="Travel policy 2023", document="o", date="2023-02-01"), 0.9)
    new = evidence(passage("London: 190 GBP", title="Travel policy 2025", document="n", date="2025-03-01"), 0.8)
    rivals = find_conflict([old, new])
    assert rivals == [new, old]
    assert "2025-03-01" in describe(rivals).summary
    assert "2023-02-01" in describe(rivals).summary


@pytest.mark.parametrize(
    ("text", "title", "date"),
    [
        ("London: 145 GBP", "Travel policy 2025", "2025-03-01"),  # the same number
        ("London: 190 GBP", "Price list", "2025-03-01"),  # another kind of document
        ("London: 190 GBP", "Travel policy 2025", "2023-02-01"),  # the same day: no version
    ],
)
def test_what_is_no_conflict(text: str, title: str, date: str) -> None:
    old = evidence(passage("London: 145 GBP", title="Travel policy 2023", document="o", date="2023-02-01"), 0.9)
    assert find_conflict([old, evidence(passage(text, title=title, document="n", date=date), 0.8)]) == []


def test_words() -> None:
    assert terms("The limits for hotels, limited to a LIMIT") == ["limit", "hotel", "limit", "limit"]
    assert IDENTIFIER.findall("Is TPX-220 IP68 since 2024?") == ["TPX-220", "IP68", "2024"]
    kind = expected_kind("How long is the notice period?")
    assert kind is not None
    assert kind.search("three weeks")
    assert expected_kind("Explain the process") is None


def test_a_newer_version_among_the_hits_is_named() -> None:
    quote = "Receipts are handed in within thirty days."
    old = passage(quote + " Hotels cost 145 GBP.", title="Travel policy 2023", document="o", date="2023-02-01")
    new = passage("Receipts are handed in within a month. Hotels cost 190 GBP.", title="Travel policy 2025",
                  document="n", date="2025-03-01")  # fmt: skip
    other = passage("Receipts are handed in at the desk.", title="Price list", document="p", date="2026-01-01")
    hits = [Hit(each, 1.0, "fused") for each in (old, other, new)]
    _, (citation,) = cite([evidence(old, 0.9)], hits)
    assert citation.newer is not None
    assert (citation.newer.document_id, citation.newer.modified_at) == ("n", "2025-03-01")
    _, (citation,) = cite([evidence(new, 0.9)], hits)
    assert citation.newer is None
    _, citations = cite([evidence(old, 0.9), evidence(new, 0.8)], hits)
    assert [each.newer for each in citations] == [None, None]  # the newer one is cited beside it
    same = passage("Since March: " + quote, title="Travel policy 2025", document="n", date="2025-03-01")
    _, (citation,) = cite([evidence(old, 0.9)], [Hit(old, 1.0, "fused"), Hit(same, 0.9, "fused")])
    assert citation.newer is not None  # one of the quote's sentences is not there


def test_a_quote_names_the_other_places_where_it_stands() -> None:
    quote = "Receipts are handed in within thirty days."
    one = passage(quote, document="a", date="2024-01-01")
    wrapped = passage("Before. Receipts are handed\nin within thirty days. After.", document="b", date="2025-01-01")
    near = passage("Receipts are handed in within thirtyy days.", document="c")
    inside = passage("NoReceipts are handed in within thirty days.", document="d")
    table = passage(quote, document="e", header="Rule")
    hits = [Hit(one, 1.0, "fused", (near,)), *(Hit(each, 0.9, "fused") for each in (wrapped, inside, table))]
    _, (citation,) = cite([Evidence(hits[0], one.span, 0.9, np.ones(2, np.float32))], hits)
    (place,) = citation.also
    start, end = (offset - wrapped.span[0] for offset in place.span)
    assert (place.document_id, wrapped.text[start:end].split()) == ("b", quote.split())
    assert place.locator == Locator(lines=(1, 9))


def test_a_short_quote_needs_its_whole_passage_to_be_the_same() -> None:
    one, other = passage("Within two weeks.", document="a"), passage("Pay here. Within two weeks.", document="b")
    copy = passage("Within two weeks.", document="c")
    hits = [Hit(one, 1.0, "fused", (copy,)), Hit(other, 0.9, "fused")]
    _, (citation,) = cite([Evidence(hits[0], one.span, 0.9, np.ones(2, np.float32))], hits)
    assert [place.document_id for place in citation.also] == ["c"]
