"""Which reader and calibration a collection answers with: those of its set, at once, and never damaged ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

import citewell
from citewell.answering import loaded
from citewell.answering.calibration import Calibration
from citewell.answering.loaded import answering_models
from citewell.answering.read import CONFIDENCE_FEATURES, FEATURES
from citewell.collection import Collection
from citewell.errors import UserError
from citewell.models.modelset import MODELS, SET_FILE, SHIPPED, describe_models, description, load_model_set
from citewell.models.switching import compose, rollback, use
from citewell.records import Json
from tests.fakes import make_calibration

QUESTION = "How many days of paid leave do new employees get?"


def stored(answer: float, weak: float) -> Json:
    return make_calibration({"coverage": 4.0}, answer=answer, weak=weak).to_json(FEATURES, CONFIDENCE_FEATURES)


PLAIN, WEAK, NEVER = stored(0.0, 0.0), stored(1.01, 0.0), stored(1.01, 1.01)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A collection's folder for models; there are none yet."""
    (tmp_path / "c.citewell").mkdir()
    return tmp_path / "c.citewell" / MODELS


def calibration_only(directory: Path, name: str, calibration: Mapping[str, object]) -> Path:
    """A set without models of its own."""
    directory.mkdir()
    (directory / SET_FILE).write_bytes(description(describe_models(directory, name, {}, calibration=calibration)))
    return directory


def same(found: Calibration, expected: Json) -> bool:
    return found.to_json(FEATURES, CONFIDENCE_FEATURES) == expected


def test_a_collections_own_calibration_goes_with_the_reader_that_ships(folder: Path, tmp_path: Path) -> None:
    use(folder, calibration_only(tmp_path / "mine", "mine", PLAIN))
    found = answering_models(folder.parent)
    assert same(found.calibration, PLAIN)
    assert found.reader.identity == load_model_set().models["reader"].identity
    assert found.identity == f"mine@{load_model_set(folder).id}"


def test_what_ships_answers_where_there_is_no_other_set(folder: Path) -> None:
    found = answering_models(folder.parent)
    assert found is answering_models()
    assert found.identity == f"{load_model_set().name}@{SHIPPED}"
    assert same(found.calibration, {name: load_model_set().calibration[name] for name in PLAIN})


def test_models_are_loaded_once_and_few_sets_are_kept(folder: Path, tmp_path: Path) -> None:
    for number in range(loaded.KEPT + 2):
        use(folder, calibration_only(tmp_path / f"s{number}", f"s{number}", stored(0.5, number / 100)))
        assert answering_models(folder.parent) is answering_models(folder.parent)
        assert answering_models(folder.parent).calibration.weak == number / 100
        assert len(loaded._loaded) <= loaded.KEPT


def test_a_set_calibrated_for_another_release_says_what_to_do(folder: Path, tmp_path: Path) -> None:
    use(folder, calibration_only(tmp_path / "old", "old", {**PLAIN, "format": 1}))
    with pytest.raises(UserError, match=r"does not fit this release.+citewell learn calibration SET"):
        answering_models(folder.parent)


def test_a_damaged_weight_file_is_named_and_the_set_before_stays(folder: Path, tmp_path: Path) -> None:
    use(folder, calibration_only(tmp_path / "mine", "mine", PLAIN))
    made = compose(folder, tmp_path / "offered", "offered", {}, calibration=WEAK)
    compose(None, tmp_path / "whole", "whole", {}, calibration=WEAK)
    weights = tmp_path / "whole" / load_model_set().models["reader"].path / "model.onnx"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    with pytest.raises(UserError, match=r"model\.onnx is not what modelset\.json says.+not put to use"):
        use(folder, tmp_path / "whole")
    assert load_model_set(folder).name == "mine"
    assert same(answering_models(folder.parent).calibration, PLAIN)
    assert made.models == {}


def test_weights_that_were_damaged_in_the_collection_are_not_answered_with(folder: Path, tmp_path: Path) -> None:
    compose(None, tmp_path / "whole", "whole", {}, calibration=PLAIN)
    used = use(folder, tmp_path / "whole")
    weights = used.directory / used.models["reader"].path / "model.onnx"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"model\.onnx") as told:
        answering_models(folder.parent)
    assert "citewell models rollback" in str(told.value)
    rollback(folder)
    assert answering_models(folder.parent).identity.endswith(SHIPPED)


@pytest.mark.integration
def test_another_set_is_effective_with_the_next_question(collection: Collection, tmp_path: Path) -> None:
    (tmp_path / "leave.md").write_text("# Leave\n\nNew employees get 27 days of paid leave each year.\n")
    collection.add(tmp_path / "leave.md")
    folder, other = collection.store.root / MODELS, citewell.open(collection.store.root)
    for name, calibration, expected in (
        ("plain", PLAIN, (False, False)), ("never", NEVER, (True, False)), ("weak", WEAK, (False, True)),
    ):  # fmt: skip
        use(folder, calibration_only(tmp_path / name, name, calibration))
        for opened in (collection, other):
            answer = opened.ask(QUESTION)
            assert (answer.refused, answer.weak) == expected, name
    assert "27 days" in collection.ask(QUESTION).text
    assert rollback(folder).name == "never"
    assert collection.ask(QUESTION).refused
    assert other.ask(QUESTION).refused
