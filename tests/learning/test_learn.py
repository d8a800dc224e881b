"""From files to a model that Citewell runs, by the Python API, on a tiny random BERT."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.learning import tiny_training

from citewell.errors import DataError, MissingExtraError, SettingsError, UserError
from citewell.learning import learn as learning
from citewell.learning.curves import Curve, draw, sketch
from citewell.learning.data.enriching import enriched_reading
from citewell.learning.data.examples import ReadingExample, Text
from citewell.learning.data.reading import ReadingMix
from citewell.learning.learn import learn
from citewell.learning.recipes import LearnSettings, Lora, seconds_of

ready = pytest.mark.skipif(
    any(learning.find_spec(name) is None for name in learning.PACKAGES), reason="the train extra is not installed"
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_training.base(tmp_path_factory.mktemp("base") / "tiny-bert")


def data_for(recipe: str, folder: Path) -> Path:
    """A file of rows in a format of :mod:`citewell.learning.data.formats`."""
    rows: list[dict[str, Any]] = []
    if recipe == "reader":
        for each in tiny_training.reading(48):
            text = each.passages[0]
            answers = [text.text[start:end] for _, start, end in each.answers]
            rows.append({"question": each.question, "passage": text.text, "document": text.document, "answers": answers,
                         "is_impossible": not answers})  # fmt: skip
    elif recipe == "verifier":
        rows = [
            {"premise": each.evidence, "claim": each.sentence, "label": int(each.supported), "document": each.document,
             "unsupported": [list(span) for span in each.unsupported]}
            for each in tiny_training.support(200)
        ]  # fmt: skip
    else:
        rows = [
            {"query": each.query, "positive": each.positives[0].text, "negative": each.negatives[0].text,
             "document": each.positives[0].document}
            for each in tiny_training.ranking(48)
        ]  # fmt: skip
    path = folder / f"{recipe}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def settings_for(recipe: str, **changed: Any) -> LearnSettings:
    pairs = recipe in ("reader", "verifier")
    known = {"epochs": 4, "learning_rate": 1e-3, "batch": 300 if pairs else 8, "threads": 1, "held_out": 0.25,
             "enrich": False, "negatives": 1}  # fmt: skip
    return LearnSettings(**(known | changed))


@ready
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("recipe", ["encoder", "reranker", "reader", "verifier"])
def test_files_become_a_model_that_runs(recipe: Any, base: Path, tmp_path: Path) -> None:
    heard: list[str] = []
    found = learn(
        recipe, [data_for(recipe, tmp_path)], base, tmp_path / "my-model", settings_for(recipe), licence="CC0",
        command="citewell learn", report=heard.append,
    )  # fmt: skip
    assert any(line.startswith("estimate: ") for line in heard)
    record = json.loads((found.output / "TRAINING.json").read_text())
    assert record["data"]["sources"][0]["licence"] == "CC0"
    assert record["data"]["sources"][0]["path_name"] == f"{recipe}.jsonl"
    assert record["data"]["counts"]["train"] + record["data"]["counts"]["held out"] >= 48
    assert record["curve"]["steps"] == found.curve.steps > 0
    assert {each["set"] for each in record["metrics"]} == {"held out", "learnt from"}
    assert all(each["low"] <= each["value"] <= each["high"] for each in record["metrics"])
    assert str(tmp_path) not in (found.output / "TRAINING.json").read_text(), "no place on this machine"
    assert (found.output / "loss.svg").read_text().startswith("<svg ")
    assert (found.checkpoint / "model.safetensors").is_file()
    assert not (tmp_path / "my-model.training").exists()
    if recipe == "encoder":
        from citewell.models.encoder import load_directory

        encoder = load_directory(found.output, "my-model")
        assert encoder.encode(["how many days"]).shape == (1, 32)
        assert encoder.identity == found.identity
    else:
        from citewell.models.pair_model import PairModel
        from citewell.models.pairs import PairTokens

        model = PairModel(found.output)
        pair = PairTokens(model.tokenizer).windows(["how many a"], [""], ["the a is 1 days"])[0][0]
        heads = {"reranker": {"relevance"}, "reader": {"span", "relevance"}, "verifier": {"support", "unsupported"}}
        assert set(model.run([pair])[0]) == heads[recipe]
        assert model.identity == found.identity
        assert "## How good it is" in (found.output / "CARD.md").read_text()
    if recipe == "verifier":
        from citewell.models.verifier import Verifier

        assert Verifier.load(found.output).check("the a is 1 days", ["the a is 1 days"]).verdict == "supported"


@ready
@pytest.mark.filterwarnings("default")
def test_what_the_test_data_holds_is_not_learnt(base: Path, tmp_path: Path) -> None:
    words = "the pump is oil and how many days of leave is paid when the days"
    rows = [
        {"question": f"when is {letter} ?", "passage": f"{words} {letter} {letter} is {number}.",
         "answers": [str(number)], "document": f"d{number}"}
        for number, letter in enumerate("abcdefghijklmnopqrstuvwxyz")
    ]  # fmt: skip
    train, test = tmp_path / "train.jsonl", tmp_path / "test.jsonl"
    train.write_text("".join(json.dumps(row) + "\n" for row in rows))
    test.write_text("".join(json.dumps({**row, "document": "elsewhere"}) + "\n" for row in rows[3:5]))
    heard: list[str] = []
    found = learn("reader", [train], base, tmp_path / "out", settings_for("reader"), tests=[test], report=heard.append)
    told = next(line for line in heard if "The test data shares" in line)
    assert "examples were dropped" in told
    assert found.manifest.counts["train"] + found.manifest.counts["held out"] <= 24


@ready
@pytest.mark.filterwarnings("default")
def test_old_models_stay_until_the_new_one_is_whole(base: Path, tmp_path: Path) -> None:
    data, output = data_for("reader", tmp_path), tmp_path / "model"
    first = learn("reader", [data], base, output, settings_for("reader"))
    with pytest.raises(UserError, match=r"exists.*--fresh"):
        learn("reader", [data], base, output, settings_for("reader"))
    with pytest.raises(UserError, match="became"):
        learn("reader", [data], base, output, settings_for("reader", learning_rate=1e30, epochs=40), fresh=True)
    assert json.loads((output / "TRAINING.json").read_text())["curve"]["steps"] == first.curve.steps
    with pytest.raises(UserError, match="exists"):
        learn("reader", [data], base, output, settings_for("reader"))
    second = learn("reader", [data], base, output, settings_for("reader", seed=3), fresh=True)
    assert json.loads((output / "TRAINING.json").read_text())["seed"] == 3
    assert second.identity != first.identity
    assert [each.name for each in tmp_path.iterdir()].count("model.training") == 0


@ready
@pytest.mark.filterwarnings("default")
def test_folds_and_lora_are_recorded(base: Path, tmp_path: Path) -> None:
    found = learn(
        "verifier", [data_for("verifier", tmp_path)], base, tmp_path / "model",
        settings_for("verifier", folds=2, lora=Lora(2), epochs=1),
    )  # fmt: skip
    record = json.loads((found.output / "TRAINING.json").read_text())
    accuracy = next(each for each in record["folds"] if each["metric"] == "accuracy")
    assert len(accuracy["folds"]) == 2
    assert accuracy["gap"] == pytest.approx(sum(accuracy["train"]) / 2 - accuracy["mean"], abs=1e-3)
    assert record["settings"]["lora"]["rank"] == 2
    assert "commit" in record
    assert "torch" in record["versions"]


@ready
def test_three_rows_are_refused(base: Path, tmp_path: Path) -> None:
    path = tmp_path / "few.jsonl"
    path.write_text("".join(
        json.dumps({"question": f"who is {number}?", "passage": f"{number} is here", "answers": ["here"]}) + "\n"
        for number in range(3)
    ))  # fmt: skip
    with pytest.raises(DataError, match="at least 16 questions with a passage; there are only 3"):
        learn("reader", [path], base, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@ready
def test_a_base_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has no config\.json\. Expected a Hugging Face directory"):
        learn("reader", [tmp_path], tmp_path, tmp_path / "out")


def test_without_the_extra_it_is_named(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "find_spec", lambda name: None if name == "peft" else object())
    with pytest.raises(MissingExtraError, match=r"pip install 'citewell\[train\]'"):
        learn("reader", [data_for("reader", tmp_path)], base, tmp_path / "out")
    assert not (tmp_path / "out.training").exists()


# -- values ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "seconds"), [("30m", 1800), ("2h", 7200), ("1h 30m", 5400), ("90s", 90), ("45", 2700),
                                               ("1.5h", 5400), ("10 min", 600)])  # fmt: skip
def test_budgets_are_times(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "0m", "-5m", "m"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="Expected a time such as 30m"):
        seconds_of(text)


@pytest.mark.parametrize(
    "wrong", [{"epochs": 0}, {"held_out": 0.0}, {"held_out": 0.9}, {"folds": 1}, {"learning_rate": float("nan")},
              {"lora": Lora(0)}, {"batch": -1}],
)  # fmt: skip
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="Expected"):
        LearnSettings(**wrong)


CURVE = Curve([(10, 4.0), (20, 2.0), (30, 1.5)], [(20, 2.5), (30, 2.25)], 60.0, 30, 30)


def test_a_curve_is_drawn_for_a_terminal() -> None:
    drawn = sketch(CURVE, width=21, height=5).split("\n")
    assert drawn[0].strip() == "4 │·"
    assert drawn[4].startswith("1.5 │") and drawn[4].endswith("·")
    assert "●" in "".join(drawn[:5])
    assert drawn[6].split() == ["10", "step", "30"]
    assert sketch(Curve([(1, 2.0)])) == ""


def test_a_curve_is_drawn_as_a_file_of_its_own() -> None:
    from xml.etree import ElementTree

    drawn = draw(CURVE, "Loss <of> it")
    tree = ElementTree.fromstring(drawn)  # noqa: S314 - our own
    assert tree.tag == "{http://www.w3.org/2000/svg}svg"
    assert "Held-out loss from 2.5 to 2.25" in drawn
    assert len(tree.findall(".//{http://www.w3.org/2000/svg}polygon")) == 3, "two losses and the legend"
    assert draw(Curve(), "empty") == ""


def test_readers_also_learn_from_distractors_and_questions_without_answer() -> None:
    said = "Ann {0} was born in 19{1} in Rome. She founded the Club {0} in 20{1}."
    texts = [
        Text(said.format(name, year), "Ann", f"d{year % 3}")
        for year, name in enumerate("ABCDEFGHIJKLMNOPQRST", start=10)
    ]
    examples = [
        ReadingExample(
            f"When did she found the Club {text.text[4]} in Rome?", (text,), ((0, place, place + 4),), "given"
        )
        for text in texts
        for place in (text.text.rindex(" 20") + 1,)
    ]

    def nearest(queries: Any, corpus: Any, count: int) -> list[list[int]]:
        return [list(range(len(corpus)))[:count] for _ in queries]

    mix = ReadingMix(given=1.0, distracted=0.5, changed=0.9, elsewhere=0.5)
    found = enriched_reading(examples, nearest, mix, seed=1)
    assert found == enriched_reading(examples, nearest, mix, seed=1)
    kinds = [each.kind.partition(":")[0] for each in found]
    assert {"given", "distracted", "elsewhere", "changed"} <= set(kinds)
    for each in found:
        assert bool(each.answers) == (each.kind in ("given", "distracted"))
        if each.kind == "distracted":
            assert len(each.passages) == 2
            answer = each.passages[0].text[each.answers[0][1] : each.answers[0][2]]
            assert answer not in each.passages[1].text
    assert sum(each.kind in ("given", "distracted") for each in found) == len(examples)
    untouched = ReadingExample("two passages?", (texts[0], texts[1]), (), "given, unanswerable")
    assert enriched_reading([untouched], nearest, mix) == [untouched]
