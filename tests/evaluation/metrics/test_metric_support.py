"""The literal verifier: what it sees, what it names as missing, and that its weights are those it was shipped with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citewell.evaluation.metrics import support as module
from citewell.evaluation.metrics.support import literal_support as support
from citewell.evaluation.metrics.support import load_model
from citewell.literals.features import FEATURES, SUPPORTED, WEAK, measure

RULE = "Office staff may work from home on up to three days a week. The team lead agrees the days in writing."


def test_a_claim_in_the_evidences_own_words_is_supported_fully():
    found = support("the team lead agrees the days in writing", ["Something else.", RULE])
    assert (found.score, found.missing, found.verdict) == (1.0, (), "supported")


def test_a_claim_put_otherwise_is_supported():
    found = support("Staff may work from home up to 3 days each week.", [RULE])
    assert found.verdict == "supported" and SUPPORTED <= found.score < 1


@pytest.mark.parametrize(("claim", "missing"), [
    ("Office staff may work from home on up to four days a week.", "four days"),
    ("Office staff may not work from home on up to three days a week.", None),
])  # fmt: skip
def test_another_number_or_negation_contradicts(claim, missing):
    found = support(claim, [RULE])
    assert found.verdict == "contradicted" and found.score < SUPPORTED
    assert missing is None or found.missing == (missing,)
    assert [claim[start:end] for start, end in found.unsupported] == ([missing] if missing else [])


def test_what_the_evidence_lacks_is_named_as_written():
    found = support(
        "In Oslo the canteen opens at 11 on 4 May 2025, says Anna Berg.", ["The canteen opens at noon, says Anna."]
    )
    assert found.missing == ("Oslo", "11", "4 May 2025", "Berg")
    assert found.verdict in {"unsupported", "weak"}


def test_evidence_about_something_else_supports_nothing():
    found = support("The pump is replaced every six months.", ["Parking is free on Sundays in the old town."])
    assert found.verdict == "unsupported" and found.score < WEAK


@pytest.mark.parametrize(
    ("claim", "evidence"), [("", ["text"]), ("...", ["text"]), ("A claim.", []), ("A claim.", ["", " "])]
)
def test_nothing_supports_nothing(claim, evidence):
    found = support(claim, evidence)
    assert found.score == 0.0 and found.verdict == "unsupported"


def test_evidence_may_be_spread_over_several_citations():
    claim = "The blue valve opens at 4 bar and closes at 3 bar."
    one, other = "The blue valve opens at 4 bar.", "The blue valve closes at 3 bar."
    assert support(claim, [one, other]).score > support(claim, [one]).score


def test_a_unit_in_a_tables_head_counts():
    assert support("The crate weighs 30 kg.", ["Item | Weight (kg) | crate weighs | 30"]).missing == ()
    assert "30 kg" in support("The crate weighs 30 kg.", ["The crate weighs 30 pounds."]).missing


@given(st.text(max_size=80), st.lists(st.text(max_size=120), max_size=3))
def test_any_texts_give_the_same_score_between_zero_and_one_twice(claim, evidence):
    found = support(claim, evidence)
    assert 0 <= found.score <= 1
    assert support(claim, list(evidence)) == found


def test_each_feature_pulls_the_way_its_meaning_says():
    weights = load_model()
    for name in ("together", "complete", "related"):
        assert weights[name] > 0, name
    for name in ("scarce", "missing_numbers", "wrong_number", "negation", "stronger"):
        assert weights[name] < 0, name
    assert tuple(measure("A claim here.", ["Evidence here."])[0])[: len(FEATURES)] == FEATURES


def test_the_weights_carry_the_record_of_their_training():
    data = json.loads((Path(module.__file__).parent / "support.json").read_text(encoding="utf-8"))
    training = data["training"]
    assert set(data["weights"]) == set(FEATURES)
    assert set(training["fitted"]) == {"FEVER (CC BY-SA 3.0)", "WiCE (ODC-By, texts CC BY-SA)"}
    assert len(training["sha256"]) == 64 and training["command"] and training["date"]
