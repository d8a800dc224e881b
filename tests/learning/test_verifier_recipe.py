"""The verifier's recipe on a tiny random network: it learns, marks the right tokens, and goes on where it stopped."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.models import tiny

from citewell.learning.data.examples import SupportExample
from citewell.learning.data.manifest import DataManifest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from citewell.learning.train.verifier import (  # noqa: E402 — only where torch is
    HEADS,
    collate,
    loss_of,
    plan,
    rows_of,
    train_verifier,
)
from citewell.models.pairs import PairTokens  # noqa: E402

MANIFEST = DataManifest((), "tests")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    values = tiny.tensors()
    for name, value in values.items():  # about as BERT begins, so that it can learn
        values[name] = np.ones_like(value) if name.endswith("LayerNorm.weight") else value * np.float32(0.05)
    return tiny.write_checkpoint(tmp_path / "base", values)


def examples(count: int = 60) -> list[SupportExample]:
    """Wrong ones say "oil" where the evidence says "leave"."""
    found = []
    for at in range(count):
        number = " ".join(str(at))
        found.append(SupportExample(f"the leave is {number} .", f"leave is {number}", True))
        found.append(SupportExample(f"the leave is {number} .", f"oil is {number}", False, ((0, 3),)))
    return found


def test_rows_mark_the_tokens_of_the_wrong_words_and_only_where_they_are_known(base: Path) -> None:
    tokens = PairTokens(base / "tokenizer.json")
    judged = SupportExample("the leave is 3 .", "oil is 3", False)
    right, wrong, unknown = rows_of([*examples(1), judged], tokens)
    assert right.wrong == (False,) * 3 and right.supported
    assert wrong.wrong == (True, False, False) and not wrong.supported
    assert unknown.wrong is None and not unknown.supported
    assert right.pair.types[: len(right.pair.first) + 2] == [0] * 5


def test_evidence_longer_than_a_window_is_not_trained_on(base: Path) -> None:
    long = SupportExample("leave is 3 . " * 200, "leave is 3", True)
    assert len(rows_of([*examples(1), long], PairTokens(base / "tokenizer.json"))) == 2


def test_only_known_words_count_in_the_loss(base: Path) -> None:
    tokens = PairTokens(base / "tokenizer.json")
    rows = rows_of([*examples(1), SupportExample("the leave is 3 .", "oil is 3", False)], tokens)
    batch = collate(rows)
    assert batch["wrong"][0, 1:4].tolist() == [0, 0, 0] and batch["wrong"][1, 1:4].tolist() == [1, 0, 0]
    assert (batch["wrong"][2] == -1).all() and batch["wrong"][0, 0] == -1
    width = batch["input_ids"].shape[1]
    good = {"support": torch.tensor([[9.0], [-9.0], [-9.0]]), "unsupported": torch.full((3, width, 1), -9.0)}
    good["unsupported"][1, 1] = 9.0
    assert loss_of(good, batch) < 0.001
    good["unsupported"][2] = 9.0  # nobody knows
    assert loss_of(good, batch) < 0.001
    good["unsupported"][0, 2] = 9.0
    assert loss_of(good, batch) > 0.1


def test_every_row_is_in_one_batch_and_batches_keep_to_their_tokens(base: Path) -> None:
    rows = rows_of(examples(), PairTokens(base / "tokenizer.json"))
    batches = plan(rows, 200, seed=1)
    assert sorted(index for batch in batches for index in batch) == list(range(len(rows)))
    assert all(len(batch) * max(len(rows[index].pair.ids) for index in batch) <= 200 for batch in batches)
    assert batches == plan(rows, 200, seed=1) != plan(rows, 200, seed=2)


def test_training_learns_and_writes_a_pair_checkpoint(base: Path, tmp_path: Path) -> None:
    told: list[str] = []
    curve = train_verifier(
        base, tmp_path / "out", examples(), examples(8), MANIFEST,
        epochs=9.5, batch_tokens=400, learning_rate=4e-3, evaluate_every=20, report=told.append,
    )  # fmt: skip
    losses = [loss for _, loss in curve.held_out]
    assert losses[-1] < 0.5 * losses[0] and told
    assert json.loads((tmp_path / "out" / "heads.json").read_text()) == {
        name: {"on": head.on, "size": head.size} for name, head in HEADS.items()
    }
    record = json.loads((tmp_path / "out" / "TRAINING.json").read_text())
    assert record["recipe"] == "verifier" and record["data"]["split_salt"] == "tests"
    assert record["settings"]["epochs"] == 9.5 and record["curve"]["held_out"]


def test_the_words_stay_what_they_were(base: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    train_verifier(base, tmp_path / "out", examples(8), examples(2), MANIFEST, epochs=1, batch_tokens=400)
    before, after = load_file(base / "model.safetensors"), load_file(tmp_path / "out" / "model.safetensors")
    words = [name for name in after if name.startswith("embeddings.")]
    assert words and all(torch.equal(before[name], after[name]) for name in words)
    assert any(not torch.equal(before[name], after[name]) for name in after if name.startswith("encoder."))


def test_the_same_seed_gives_the_same_weights(base: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    for out in ("one", "other"):
        train_verifier(base, tmp_path / out, examples(8), examples(2), MANIFEST, epochs=1, batch_tokens=400, seed=3)
    one, other = (load_file(tmp_path / out / "model.safetensors") for out in ("one", "other"))
    assert all(torch.equal(one[name], other[name]) for name in one)
