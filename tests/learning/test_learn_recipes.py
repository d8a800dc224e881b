"""The four recipes on a tiny random BERT: they learn, the same seed gives the same weights, words stay, LoRA merges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.learning import tiny_training

pytest.importorskip("torch")
pytest.importorskip("accelerate")
pytest.importorskip("sentence_transformers")
pytest.importorskip("peft")
pytest.importorskip("datasets")

import torch
from safetensors.torch import load_file

from citewell.errors import UserError
from citewell.learning.data.examples import RankingExample, Text
from citewell.learning.recipes import LearnSettings, Lora, Trained
from citewell.learning.train import pair_recipes
from citewell.learning.train.encoder import train_encoder
from citewell.learning.train.folds import cross_validate
from citewell.learning.train.reranker import train_reranker
from citewell.learning.train.sentences import filled

pytestmark = pytest.mark.filterwarnings("default")

WORDS = "embeddings.word_embeddings.weight"
SETTINGS = LearnSettings(epochs=12, learning_rate=2e-3, batch=8, patience=0, threads=1, negatives=1)
PAIRS = LearnSettings(epochs=12, learning_rate=2e-3, batch=300, patience=0, threads=1)


def silent(_: str) -> None:
    pass


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_training.base(tmp_path_factory.mktemp("base") / "model")


def run(name: str, base: Path, folder: Path, settings: LearnSettings, examples: Any = None) -> Trained:
    data = examples or {
        "encoder": tiny_training.ranking, "reranker": tiny_training.ranking, "reader": tiny_training.reading,
        "verifier": tiny_training.support,
    }[name](48)  # fmt: skip
    sides = data[: len(data) * 3 // 4], data[len(data) * 3 // 4 :]
    places = base, folder / "work", folder / "checkpoint"
    if name == "encoder":
        return train_encoder(*places, *sides, settings, silent)
    if name == "reranker":
        return train_reranker(*places, *sides, settings, silent)
    recipe = pair_recipes.READER if name == "reader" else pair_recipes.VERIFIER
    return pair_recipes.train_pairs(recipe, *places, *sides, settings, silent)


def settings_for(name: str, **changed: Any) -> LearnSettings:
    known = SETTINGS if name in ("encoder", "reranker") else PAIRS
    return LearnSettings(**{**{each: getattr(known, each) for each in LearnSettings.__slots__}, **changed})


RECIPES = ("encoder", "reranker", "reader", "verifier")


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_learns_and_the_same_seed_gives_the_same_weights(name: str, base: Path, tmp_path: Path) -> None:
    one, two = (run(name, base, tmp_path / each, settings_for(name)) for each in ("one", "two"))
    assert one.curve.train[-1][1] < one.curve.train[0][1]
    assert one.held_out
    assert one.held_out == two.held_out
    assert set(one.gaps) <= set(one.held_out)
    first, second = (load_file(each.checkpoint / "model.safetensors") for each in (one, two))
    before = load_file(base / "model.safetensors")
    assert first.keys() == second.keys()
    assert all(torch.equal(first[each], second[each]) for each in first)
    assert torch.equal(first[WORDS], before[WORDS])
    changed = [each for each in before if not torch.equal(first[each], before[each])]
    assert len(changed) > 10
    assert not any("pooler" in each or "lora" in each for each in first)
    assert (one.checkpoint / "tokenizer.json").read_bytes() == (base / "tokenizer.json").read_bytes()


@pytest.mark.parametrize("name", RECIPES)
def test_lora_is_merged_into_the_weights(name: str, base: Path, tmp_path: Path) -> None:
    found = run(name, base, tmp_path, settings_for(name, lora=Lora(4), learning_rate=0.0))
    after, before = load_file(found.checkpoint / "model.safetensors"), load_file(base / "model.safetensors")
    assert not any("lora" in each or "base_layer" in each for each in after)
    assert set(before) <= set(after)
    layer = "encoder.layer.0.attention.self.query.weight"
    moved = (after[layer] - before[layer]).numpy()
    assert 0 < np.linalg.matrix_rank(moved, tol=1e-6) <= 4, "the change has the rank that was asked for"
    for each in before:
        if "LayerNorm" in each or "bias" in each or "embeddings" in each:
            assert torch.equal(after[each], before[each]), each


def test_lora_only_where_it_is_asked_for(base: Path, tmp_path: Path) -> None:
    found = run("reader", base, tmp_path, settings_for("reader", lora=Lora(2, 4, ("query", "value")), epochs=2))
    after, before = load_file(found.checkpoint / "model.safetensors"), load_file(base / "model.safetensors")
    changed = {each.split(".", 3)[-1] for each in before if not torch.equal(after[each], before[each])}
    assert changed == {"attention.self.query.weight", "attention.self.value.weight"}
    with pytest.raises(UserError, match=r"cannot be added to q_proj.*attention\.self\.query"):
        run("reader", base, tmp_path / "other", settings_for("reader", lora=Lora(2, 4, ("q_proj",))))


def test_the_encoder_ranks_better_after_training(base: Path, tmp_path: Path) -> None:
    before = run("encoder", base, tmp_path / "one", settings_for("encoder", epochs=0.01, learning_rate=1e-9))
    after = run("encoder", base, tmp_path / "two", settings_for("encoder", epochs=40))
    assert after.train["nDCG@10"].value > before.train["nDCG@10"].value + 0.1
    assert after.curve.steps > before.curve.steps


@pytest.mark.parametrize("listwise", [False, True])
def test_the_reranker_learns_the_order(base: Path, tmp_path: Path, listwise: bool) -> None:
    found = run("reranker", base, tmp_path, settings_for("reranker", epochs=40, listwise=listwise))
    assert found.train["MRR@10"].value > 0.8
    assert found.used["listwise"] is listwise


def test_the_verifier_learns_which_sentences_are_supported(base: Path, tmp_path: Path) -> None:
    found = run("verifier", base, tmp_path, settings_for("verifier", epochs=60))
    assert found.train["accuracy"].value > 0.8
    assert found.train["accuracy"].n >= 36


def test_the_reader_learns_where_answers_are(base: Path, tmp_path: Path) -> None:
    found = run("reader", base, tmp_path, settings_for("reader", epochs=60))
    assert found.train["exact"].value > 0.6
    assert found.train["unanswerable told"].value > 0.6
    assert 0 <= found.held_out["overlap"].value <= 1


@pytest.mark.parametrize("name", ["encoder", "reader"])
def test_a_finished_recipe_is_not_trained_again(name: str, base: Path, tmp_path: Path) -> None:
    one = run(name, base, tmp_path, settings_for(name))
    weights = (one.checkpoint / "model.safetensors").read_bytes()
    (one.checkpoint / "model.safetensors").unlink()
    two = run(name, base, tmp_path, settings_for(name))
    assert two.curve == one.curve
    assert (two.checkpoint / "model.safetensors").read_bytes() == weights


def test_missing_negatives_are_filled_with_texts_of_other_queries() -> None:
    texts = [Text(f"text {number}") for number in range(10)]
    examples = [
        RankingExample(f"query {number}", (text,), (Text("hard"),) * (number % 2)) for number, text in enumerate(texts)
    ]
    for each in filled(examples, 3, 0):
        assert len(set(each.negatives)) == 3
        assert not set(each.negatives) & set(each.positives)
    assert filled(examples, 3, 0) == filled(examples, 3, 0)
    assert all(each.negatives[0] == Text("hard") for each in filled(examples, 3, 0)[1::2])


def test_folds_hold_each_document_out_once(base: Path, tmp_path: Path) -> None:
    seen: list[tuple[set[str], set[str]]] = []

    def train(place: Path, learnt: Any, held_out: Any) -> Trained:
        seen.append(({each.document for each in learnt}, {each.document for each in held_out}))
        recipe = pair_recipes.VERIFIER
        return pair_recipes.train_pairs(
            recipe,
            base,
            place / "work",
            place / "checkpoint",
            learnt,
            held_out,
            settings_for("verifier", epochs=2),
            silent,
        )

    found = cross_validate(train, tiny_training.support(48), 3, "salt", tmp_path, silent)
    assert all(not learnt & held_out for learnt, held_out in seen)
    assert set.union(*(held_out for _, held_out in seen)) == {f"d{number}" for number in range(8)}
    accuracy = next(each for each in found if each.name == "accuracy")
    assert len(accuracy.held_out) == len(accuracy.train) == 3
    assert accuracy.mean == pytest.approx(sum(accuracy.held_out) / 3)
    assert accuracy.gap == pytest.approx(sum(accuracy.train) / 3 - accuracy.mean)
    assert accuracy.to_json()["sd"] >= 0
