"""A collection's own calibration: fitted on its questions, put to use as a model set, and gone back from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes import make_calibration
from tests.learning.test_calibration import cases

import citewell
from citewell.answering.read import CONFIDENCE_FEATURES, FEATURES
from citewell.collection import Collection
from citewell.errors import DataError, SettingsError, UserError
from citewell.learning import own_calibration
from citewell.learning.calibration import Case, Fitted, fit
from citewell.models.modelset import MODELS, load_model_set
from citewell.models.switching import rollback
from citewell.records import Answer
from citewell.settings import RetrievalSettings

HALLS = range(1, 26)
BEFORE = make_calibration({"coverage": 4.0, "odds": 0.2}, answer=0.0, weak=0.0)


@pytest.fixture
def halls(tmp_path: Path) -> tuple[Collection, Path]:
    """A file about each hall, and questions: who keeps it, which is said, and who opened it, which is not."""
    files = tmp_path / "files"
    files.mkdir()
    names = ["Ann Lee", "Bo Ek", "Cy Tan", "Di Oz", "Ed Roy", "Flo Hu", "Gus Wu", "Hal Fox"]
    rows = []
    for number in HALLS:
        keeper, document = names[number % 8], f"hall{number}.md"
        quote = f"Hall {number} is kept by {keeper}."
        (files / document).write_text(f"# Hall {number}\n\n{quote} It is closed on Mondays.\n", encoding="utf-8")
        golds = [{"document": document, "quote": quote}]
        rows.append({"id": f"k{number}", "question": f"Who keeps hall {number}?", "answers": [keeper], "golds": golds})
    rows += [{"id": f"b{n}", "question": f"Which king opened hall {n}?", "answerable": False} for n in range(1, 14)]
    rows += [{"id": f"m{n}", "question": f"How many moons has planet {n}?", "answerable": False} for n in range(1, 14)]
    path = tmp_path / "halls.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    few = citewell.Settings(retrieval=RetrievalSettings(hits=2))  # passages to read: the slow part
    collection = citewell.open(tmp_path / "halls.citewell", create=True, settings=few)
    collection.add(files)
    return collection, path


def answers(collection: Collection) -> tuple[Answer, Answer]:
    return collection.ask("Who keeps hall 7?"), collection.ask("How many moons has planet 7?")


@pytest.mark.integration
def test_a_collection_learns_its_own_and_goes_back(halls: tuple[Collection, Path]) -> None:
    collection, path = halls
    seen: list[tuple[str, int, int]] = []
    found = collection.learn_calibration(path, on_progress=lambda *step: seen.append(step))
    assert seen == [("read", done, 51) for done in range(1, 52)]
    assert found.fitted.n == 51
    models = load_model_set(collection.store.root / MODELS)
    shipped = load_model_set()
    assert (models.id, models.parent, models.name) == (found.model_set, "shipped", "calibrated")
    assert models.models["reader"] == shipped.models["reader"]
    training = models.calibration["training"]
    assert training["reader"] == shipped.models["reader"].identity
    assert training["questions"]["halls"].items() >= {"answerable": 25, "of": 51}.items()
    assert models.calibration["figures"]["coverage"] == round(found.fitted.coverage, 4)
    in_use = collection.store.answering.calibration
    assert in_use.n == 51
    assert in_use.answer == pytest.approx(found.fitted.calibration.answer, abs=1e-3)
    kept, moons = answers(collection)
    assert kept.confidence > moons.confidence
    assert not kept.refused
    assert moons.refused
    assert found.to_json()["model_set"] == models.id
    again = collection.learn_calibration(path)
    assert again.model_set == found.model_set, "the same questions, models and day give the same set"
    assert rollback(collection.store.root / MODELS).id == "shipped"


@pytest.mark.integration
def test_a_calibration_of_another_release_does_not_stand_in_the_way(
    halls: tuple[Collection, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    collection, path = halls
    stale = {**BEFORE.to_json(FEATURES, CONFIDENCE_FEATURES), "format": 1}
    monkeypatch.setitem(load_model_set().calibration, "format", 1)
    for name, value in stale.items():
        monkeypatch.setitem(load_model_set().calibration, name, value)  # type: ignore[arg-type]
    found = collection.learn_calibration(path)
    assert found.refitted
    assert not answers(collection)[0].refused


@pytest.mark.integration
def test_what_is_changed_meanwhile_is_not_overwritten(
    halls: tuple[Collection, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    collection, path = halls
    really = own_calibration.collect

    def slowly(*arguments: object, **options: object) -> list[Case]:
        found = really(*arguments, **options)  # type: ignore[arg-type]
        folder = collection.store.root / MODELS
        made = path.parent / "other"
        own_calibration.compose(folder, made, "other", {}, calibration={"n": 1})
        own_calibration.use(folder, made)
        return found

    monkeypatch.setattr(own_calibration, "collect", slowly)
    with pytest.raises(UserError, match=r"put to use while.+Nothing was changed"):
        collection.learn_calibration(path)
    assert load_model_set(collection.store.root / MODELS).name == "other"


@pytest.mark.integration
def test_answers_that_are_nearly_all_wrong_change_nothing(
    halls: tuple[Collection, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    collection, path = halls

    def badly(given: Sequence[Case], *arguments: object, **options: object) -> Fitted:
        found = fit(cases(60), target_risk=0.1)
        return replace(found, right=0.1, calibration=replace(found.calibration, answer=1.01, weak=1.01))

    monkeypatch.setattr(own_calibration, "fit", badly)
    with pytest.raises(DataError, match=r"10 % are right if none is refused.+Nothing was changed"):
        collection.learn_calibration(path)
    assert load_model_set(collection.store.root / MODELS).id == "shipped"


@pytest.mark.parametrize("risk", [0.0, 1.0, -0.1, 10.0])
def test_a_target_risk_is_a_share(collection: Collection, tmp_path: Path, risk: float) -> None:
    path = tmp_path / "one.jsonl"
    path.write_text(json.dumps({"id": "a", "question": "Why?", "answerable": False}) + "\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="Expected a share between 0 and 1"):
        collection.learn_calibration(path, target_risk=risk)
