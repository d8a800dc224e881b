"""Labelled pairs: what a file may hold, and figures against their definitions."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from citewell.errors import DataError
from citewell.evaluation.support_data import auroc, balanced_accuracy, evaluate_support, f1, read_pairs

LEAVE = "New employees get 27 days of paid leave each year."


def write(path: Path, rows: list[object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    rows = [
        {"premise": LEAVE, "claim": "New employees get 27 days of paid leave.", "label": "supported", "source": "hr"},
        {"premise": [LEAVE, "It is paid."], "claim": "Employees get paid leave each year.", "label": 1, "source": "hr"},
        {"premise": LEAVE, "claim": "The canteen opens at noon.", "label": "NEUTRAL", "source": "hr"},
        {"premise": LEAVE, "claim": "New employees get 35 days of paid leave.", "label": "refutes", "source": "traps"},
        {"premise": LEAVE, "claim": LEAVE, "label": True, "source": "traps"},
    ]
    return write(tmp_path / "pairs.jsonl", rows)


def brute_auroc(scores: list[float], positive: list[bool]) -> float:
    wins = [
        1.0 if one > other else 0.5 if one == other else 0.0
        for one, mine in zip(scores, positive, strict=True) if mine
        for other, theirs in zip(scores, positive, strict=True) if not theirs
    ]  # fmt: skip
    return sum(wins) / len(wins)


@pytest.mark.parametrize("seed", range(20))
def test_auroc_is_the_share_of_pairs_in_the_right_order(seed: int) -> None:
    draw = random.Random(seed)
    scores = [draw.randrange(6) / 5 for _ in range(30)]  # many ties
    positive = [True, False, *(draw.random() < 0.4 for _ in range(28))]
    assert auroc(np.array(scores), np.array(positive)) == pytest.approx(brute_auroc(scores, positive), abs=1e-12)


def test_auroc_of_one_kind_is_no_number() -> None:
    assert np.isnan(auroc(np.array([0.1, 0.9]), np.array([True, True])))


def test_balanced_accuracy_and_f1() -> None:
    holds = np.array([True, True, True, True, False, False])
    said = np.array([True, True, True, False, True, False])
    assert balanced_accuracy(said, holds) == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert f1(~said, ~holds) == pytest.approx(2 * 1 / (2 + 2))
    assert f1(np.array([False]), np.array([False])) == 0.0


@pytest.mark.parametrize(
    ("label", "meaning"),
    [
        ("supported", "supported"), ("SUPPORTS", "supported"), ("entailment", "supported"), (1, "supported"),
        (True, "supported"), ("1", "supported"), ("not supported", "not supported"), ("NOT_SUPPORT", "not supported"),
        ("neutral", "not supported"), ("Not enough info", "not supported"), (0, "not supported"),
        (False, "not supported"), ("partially-supported", "not supported"), ("refutes", "contradicted"),
        ("CONTRADICT", "contradicted"), ("contradiction", "contradicted"),
    ],
)  # fmt: skip
def test_labels_of_other_data_sets_are_understood(tmp_path: Path, label: object, meaning: str) -> None:
    (pair,) = read_pairs(write(tmp_path / "p.jsonl", [{"premise": "a", "claim": "b", "label": label}]))
    assert pair.label == meaning


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"premise": "a", "claim": "b", "label": "perhaps"}, "label is 'perhaps'"),
        ({"premise": "a", "claim": "b"}, "label is None"),
        ({"premise": "a", "claim": "b", "label": 2}, "label is 2"),
        ({"premise": "a", "claim": "b", "label": float("nan")}, "NaN is not a number JSON has"),
        ({"claim": "b", "label": 1}, "no 'premise'"),
        ({"premise": "a", "label": 1}, "no 'claim'"),
        ({"premise": [], "claim": "b", "label": 1}, "premise is \\[\\]"),
        ({"premise": 7, "claim": "b", "label": 1}, "premise is 7"),
        ({"premise": "a", "claim": "  ", "label": 1}, "claim is '  '"),
        ([1, 2], "holds list"),
        ("text", "holds str"),
    ],
)
def test_a_row_that_is_none_is_named_by_its_line(tmp_path: Path, row: object, words: str) -> None:
    good = {"premise": "a", "claim": "b", "label": 1}
    path = write(tmp_path / "p.jsonl", [good, row])
    with pytest.raises(DataError, match=f"line 2.*{words}"):
        read_pairs(path)


def test_files_without_pairs_say_so(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n\n")
    with pytest.raises(DataError, match="holds no pairs"):
        read_pairs(tmp_path / "empty.jsonl")
    with pytest.raises(DataError, match="cannot be read"):
        read_pairs(tmp_path / "missing.jsonl")
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="begins like UTF-16 and is not"):
        read_pairs(tmp_path / "binary.jsonl")
    (tmp_path / "windows.jsonl").write_bytes('{"premise": "Köln"}'.encode("cp1252"))
    with pytest.raises(DataError, match="line 1: byte 0xf6 at column 15 is not UTF-8"):
        read_pairs(tmp_path / "windows.jsonl")
    (tmp_path / "deep.jsonl").write_text("[" * 100_000)
    with pytest.raises(DataError, match="line 1 is not JSON"):
        read_pairs(tmp_path / "deep.jsonl")
    twice = [{"id": "x", "premise": "a", "claim": "b", "label": 1}] * 2
    with pytest.raises(DataError, match="the id 'x' names pair 1 and pair 2"):
        read_pairs(write(tmp_path / "twice.jsonl", twice))


def test_a_run_has_every_pair_and_each_source(pairs: Path) -> None:
    run = evaluate_support(pairs)
    assert [result.question.note for result in run.results] == [
        "supported", "supported", "not supported", "contradicted", "supported",
    ]  # fmt: skip
    assert run.results[4].confidence > run.results[2].confidence
    assert run.metrics["correct"].n == run.metrics["AUROC"].n == 5
    assert set(run.metrics) == {
        "correct", "AUROC", "balanced accuracy", "F1 of unsupported", "expected calibration error",
    }  # fmt: skip
    assert set(run.curves["sources"]) == {"hr", "traps"}
    assert run.curves["sources"]["hr"]["AUROC"]["n"] == 3
    assert run.results[3].slices == {"label": ("contradicted",), "source": ("traps",)}


def test_limit_counts_for_each_source(pairs: Path) -> None:
    assert [result.question.id for result in evaluate_support(pairs, limit=1).results] == ["1", "4"]


def test_pairs_of_one_kind_have_no_auroc_and_the_note_says_why(tmp_path: Path) -> None:
    run = evaluate_support(write(tmp_path / "p.jsonl", [{"premise": LEAVE, "claim": LEAVE, "label": "supported"}]))
    assert "AUROC" not in run.metrics
    assert "pairs of both kinds" in run.notes[0]
    assert run.metrics["correct"].value == 1.0


def test_two_runs_are_the_same_apart_from_time(pairs: Path) -> None:
    first, second = (
        replace(run, results=tuple(replace(each, timings={}) for each in run.results), timings={}, created_at="")
        for run in (evaluate_support(pairs), evaluate_support(pairs))
    )
    assert json.dumps(first.to_json()) == json.dumps(second.to_json())
