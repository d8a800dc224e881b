"""From a checkpoint to a model that runs: how near it stays, what is refused, what is written beside it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.models import tiny

from citewell.errors import MissingExtraError, UserError
from citewell.learning import writing
from citewell.learning.export import export_encoder, export_pair
from citewell.learning.parity import rank_correlation
from citewell.models.bert_graph import WORD_EMBEDDINGS
from citewell.models.encoder import load_encoder
from citewell.models.pair_model import PairModel

TEXTS = ["how many days", "when is the leave paid ?", "oil", "the pump is the pump"] * 3


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return tiny.write_checkpoint(tmp_path / "checkpoint", tiny.tensors(heads=tiny.HEADS), tiny.HEADS)


def test_without_onnx_the_extra_is_named(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"citewell\[train\]"):
        export_pair(checkpoint, tmp_path / "out", tiny.pairs(checkpoint / "tokenizer.json"), own_words=True)
    assert not (tmp_path / "out").exists()


def test_ranks_are_shared_by_equal_values() -> None:
    values = np.array([1.0, 5.0, 5.0, 9.0])
    assert rank_correlation(values, values * 3 - 1) == pytest.approx(1)
    assert rank_correlation(values, -values) == pytest.approx(-1)
    assert rank_correlation(values, np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx(np.sqrt(0.9))
    assert rank_correlation(values, np.ones(4)) == 1


class TestPairs:
    """Needs ``onnx``."""

    pytestmark = pytest.mark.skipif(writing.find_spec("onnx") is None, reason="the onnx package is not installed")

    def test_the_written_model_stays_near_the_float_one(self, checkpoint: Path, tmp_path: Path) -> None:
        heard: list[str] = []
        report = export_pair(
            checkpoint, tmp_path / "out", tiny.pairs(checkpoint / "tokenizer.json", 60), own_words=True,
            origin="random words", report=heard.append,
        )  # fmt: skip
        assert heard[0].startswith("observing")
        assert (report.compared_pairs, report.held_back) == (12, True)
        assert report.identity == PairModel(tmp_path / "out").identity
        for found in report.comparisons["int8 to float graph"].values():
            assert found.rank_correlation > 0.95
            assert 0 < found.mean <= found.largest
        recorded = json.loads((tmp_path / "out" / "EXPORT.json").read_text(encoding="utf-8"))
        assert recorded["comparisons"]["int8 to float graph"]["span"]["logits"] > 100
        assert recorded["calibration"]["origin"] == "random words"
        assert str(tmp_path) not in (tmp_path / "out" / "EXPORT.json").read_text(encoding="utf-8")

    def test_the_float_graph_is_the_trained_network(self, checkpoint: Path, tmp_path: Path) -> None:
        pytest.importorskip("torch")
        pytest.importorskip("transformers")
        report = export_pair(
            checkpoint, tmp_path / "out", tiny.pairs(checkpoint / "tokenizer.json", 150), own_words=True
        )
        exact = report.comparisons["float graph to torch"]
        assert set(exact) == {"span", "relevance"}
        for name, found in exact.items():
            assert found.largest < 1e-3, name
            assert found.rank_correlation > 0.9999
            assert report.comparisons["int8 to torch"][name].rank_correlation > 0.95

    def test_the_same_checkpoint_gives_the_same_files(self, checkpoint: Path, tmp_path: Path) -> None:
        pairs = tiny.pairs(checkpoint / "tokenizer.json")
        for place in ("one", "two"):
            export_pair(checkpoint, tmp_path / place / "model", pairs, own_words=True)
        sums = [(tmp_path / place / "model" / "SHA256SUMS").read_text() for place in ("one", "two")]
        assert sums[0] == sums[1]

    def test_words_that_differ_from_the_base_are_refused(self, tmp_path: Path) -> None:
        base = tiny.write_checkpoint(tmp_path / "base", tiny.tensors())
        weights = tmp_path / "weights"
        export_encoder(base, weights / "tiny-encoder", TEXTS)
        values = tiny.tensors(heads=tiny.HEADS)
        values[WORD_EMBEDDINGS] = values[WORD_EMBEDDINGS].copy()
        values[WORD_EMBEDDINGS][7] *= 2
        changed = tiny.write_checkpoint(tmp_path / "changed", values, tiny.HEADS)
        pairs = tiny.pairs(changed / "tokenizer.json")
        with pytest.raises(UserError, match=r"tiny-encoder: it has 1 of \d+ word vectors that differ.*own_words"):
            export_pair(changed, tmp_path / "out", pairs, base="tiny-encoder", weights=weights)
        with pytest.raises(UserError, match=r"\d+ words of 32 numbers, not 30,522 of 384.*own_words"):
            export_pair(changed, tmp_path / "out", pairs)
        assert not (tmp_path / "out").exists()
        assert export_pair(changed, tmp_path / "out", pairs, own_words=True).name == "out"

    def test_another_tokenizer_than_the_bases_is_refused(self, checkpoint: Path, tmp_path: Path) -> None:
        base = tiny.write_checkpoint(tmp_path / "base", tiny.tensors())
        export_encoder(base, tmp_path / "weights" / "tiny-encoder", TEXTS)
        pairs = tiny.pairs(checkpoint / "tokenizer.json")
        content = (checkpoint / "tokenizer.json").read_text(encoding="utf-8")
        (checkpoint / "tokenizer.json").write_text(content.replace('"pump"', '"pomp"'), encoding="utf-8")
        with pytest.raises(UserError, match="tokenizer is not that of tiny-encoder"):
            export_pair(checkpoint, tmp_path / "out", pairs, base="tiny-encoder", weights=tmp_path / "weights")

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"heads.span.weight": None}, "heads.span.weight is missing"),
            ({"heads.span.bias": np.zeros(3, np.float32)}, r"heads.span.bias is of shape \(3,\)"),
            ({"encoder.layer.1.output.dense.weight": None}, "output.dense.weight is missing"),
            ({"heads.relevance.bias": np.array([np.nan], np.float32)}, "heads.relevance.bias is not all numbers"),
        ],
    )
    def test_a_checkpoint_that_cannot_be_used(
        self, tmp_path: Path, change: dict[str, np.ndarray | None], expected: str
    ) -> None:
        values = {**tiny.tensors(heads=tiny.HEADS), **change}
        kept = {name: value for name, value in values.items() if value is not None}
        broken = tiny.write_checkpoint(tmp_path / "broken", kept, tiny.HEADS)
        with pytest.raises(UserError, match=expected):
            export_pair(broken, tmp_path / "out", tiny.pairs(broken / "tokenizer.json"), own_words=True)

    def test_calibration_pairs_must_be_there_and_fit(self, checkpoint: Path, tmp_path: Path) -> None:
        with pytest.raises(UserError, match="no calibration pair"):
            export_pair(checkpoint, tmp_path / "out", [], own_words=True)
        long = tiny.pairs(checkpoint / "tokenizer.json", 1)[0]
        long.ids.extend([5] * tiny.PLACES)
        with pytest.raises(UserError, match="tokens; the checkpoint reads 48"):
            export_pair(checkpoint, tmp_path / "out", [long], own_words=True)

    def test_a_place_that_cannot_be_written_is_told_before_the_work(self, checkpoint: Path, tmp_path: Path) -> None:
        pairs, heard = tiny.pairs(checkpoint / "tokenizer.json"), list[str]()
        with pytest.raises(UserError, match="cannot be called"):
            export_pair(checkpoint, tmp_path / "my model!", pairs, own_words=True, report=heard.append)
        (tmp_path / "file").write_text("")
        with pytest.raises(OSError, match="file"):
            export_pair(checkpoint, tmp_path / "file" / "model", pairs, own_words=True, report=heard.append)
        assert heard == []

    def test_the_card_says_what_is_recorded_and_what_is_not(self, checkpoint: Path, tmp_path: Path) -> None:
        pairs = tiny.pairs(checkpoint / "tokenizer.json")
        export_pair(checkpoint, tmp_path / "bare", pairs, own_words=True)
        card = (tmp_path / "bare" / "CARD.md").read_text(encoding="utf-8")
        assert "Do not hand this model on" in card
        assert "Not measured" in card
        training = {
            "recipe": "joint", "seed": 3, "purpose": "Finds answers.", "commit": "abc", "settings": {"steps": 9},
            "data": {"sources": [{"name": "squad", "licence": "CC BY-SA 4.0", "sha256": "f00d", "examples": 87599,
                                  "documents": 442, "safe_to_ship": True}],
                     "split_salt": "salt", "counts": {"train": 80000}},
            "metrics": [{"set": "dev", "what": "F1", "value": 0.71234, "low": 0.70, "high": 0.72, "n": 6588,
                         "command": "citewell evaluate dev"}, {"set": "dev", "what": "EM", "value": 0.66}],
            "limits": ["Reads English."],
        }  # fmt: skip
        (checkpoint / "TRAINING.json").write_text(json.dumps(training))
        export_pair(checkpoint, tmp_path / "full", pairs, own_words=True)
        card = (tmp_path / "full" / "CARD.md").read_text(encoding="utf-8")
        assert "| squad | CC BY-SA 4.0 | 87,599 | 442 | yes | `f00d` |" in card
        assert "| dev | F1 | 0.7123 | 0.7000 to 0.7200 | 6,588 |" in card
        assert "    citewell evaluate dev" in card
        assert "- Reads English." in card
        assert json.loads((tmp_path / "full" / "TRAINING.json").read_text()) == training


class TestEncoders:
    pytestmark = pytest.mark.skipif(writing.find_spec("onnx") is None, reason="the onnx package is not installed")

    def test_an_exported_encoder_is_loaded_by_its_directory(self, tmp_path: Path) -> None:
        base = tiny.write_checkpoint(tmp_path / "base", tiny.tensors())
        made = export_encoder(base, tmp_path / "mine", TEXTS, calibration=[{"file": "texts", "origin": "ours"}])
        encoder = load_encoder(str(tmp_path / "mine"))
        assert encoder.identity == made.identity
        assert (encoder.dimension, encoder.max_tokens) == (tiny.HIDDEN, 24)
        assert made.mean_cosine_to_float > 0.97
        recorded = json.loads((tmp_path / "mine" / "EXPORT.json").read_text(encoding="utf-8"))
        assert list(recorded) == ["source", "variant", "calibration", "calibration_texts", "seed", "versions",
                                  "mean_cosine_to_float", "seconds"]  # fmt: skip

    def test_a_trained_encoder_has_a_card(self, tmp_path: Path) -> None:
        base = tiny.write_checkpoint(tmp_path / "base", tiny.tensors())
        export_encoder(base, tmp_path / "plain", TEXTS)
        assert not (tmp_path / "plain" / "CARD.md").exists()
        (base / "TRAINING.json").write_text('{"recipe": "encoder", "seed": 5, "limits": ["Reads German."]}')
        export_encoder(base, tmp_path / "trained", TEXTS)
        card = (tmp_path / "trained" / "CARD.md").read_text(encoding="utf-8")
        assert "# trained" in card
        assert "at most 24 tokens" in card
        assert "- Reads German." in card
        assert (tmp_path / "trained" / "TRAINING.json").read_bytes() == (base / "TRAINING.json").read_bytes()

    def test_what_cannot_be_exported(self, tmp_path: Path) -> None:
        base = tiny.write_checkpoint(tmp_path / "base", tiny.tensors())
        with pytest.raises(UserError, match="no calibration text"):
            export_encoder(base, tmp_path / "out", [])
        (base / "1_Pooling").mkdir()
        (base / "1_Pooling" / "config.json").write_text('{"pooling_mode": "cls"}')
        with pytest.raises(UserError, match="'cls'"):
            export_encoder(base, tmp_path / "out", TEXTS)
        with pytest.raises(UserError, match=r"no model\.safetensors"):
            export_encoder(tmp_path, tmp_path / "out", TEXTS)
