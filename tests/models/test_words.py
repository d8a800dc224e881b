"""The shared word table, read out of an encoder's graph without the ``onnx`` package."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.models import tiny

from citewell.errors import UserError
from citewell.models.files import WEIGHTS
from citewell.models.words import WordTable, read_words

SHIPPED = WEIGHTS / "minilm-l6-int8" / "model.onnx"


def test_the_shipped_words_are_those_that_shipped_models_are_made_with() -> None:
    """Another digest, and every shipped pair model refuses to load."""
    words = read_words(SHIPPED)
    assert words.steps.shape == (30_522, 384)
    assert words.digest == "97fb7962a86aef8120cb7685dc9cc09e51080b80b5b9b1b1c1abdbca0937e0df"
    assert words.rows([101, 102]).dtype == np.float32
    np.testing.assert_array_equal(words.rows([101])[0], words.steps[101] * words.scale[101, 0])


def test_a_file_is_read_once_and_again_when_it_changed(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    from citewell.models.bert_graph import WORD_EMBEDDINGS, write_words

    path, vectors = tmp_path / "words.onnx", tiny.tensors()[WORD_EMBEDDINGS]
    path.write_bytes(write_words(vectors).SerializeToString())
    first = read_words(path)
    assert read_words(path) is first
    stored = {each.name: onnx.numpy_helper.to_array(each) for each in onnx.load(path).graph.initializer}
    np.testing.assert_array_equal(first.steps, stored["words"])
    np.testing.assert_array_equal(first.scale, stored["words.scale"])
    np.testing.assert_allclose(first.rows([3, 9]), vectors[[3, 9]], atol=float(first.scale.max()))
    path.write_bytes(write_words(vectors[:-1]).SerializeToString())
    assert len(read_words(path).steps) == len(first.steps) - 1


@pytest.mark.parametrize("part", [0, 1, 100, 20_000, 11_800_000])
def test_a_cut_file_is_named(tmp_path: Path, part: int) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(SHIPPED.read_bytes()[:part])
    with pytest.raises(UserError, match=r"model\.onnx has no word table"):
        read_words(path)


@pytest.mark.parametrize("content", [b"not ONNX at all", b"\xff" * 200, b"\x3a\x05\x2a\x03\x08\x01\x10"])
def test_a_file_of_another_kind_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"model\.onnx has no word table"):
        read_words(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model\.onnx is missing"):
        read_words(tmp_path / "model.onnx")


def test_one_other_step_is_another_table() -> None:
    steps, scale = np.zeros((4, 2), dtype=np.int8), np.ones((4, 1), dtype=np.float32)
    changed = steps.copy()
    changed[3, 1] = 1
    assert len({WordTable.of(steps, scale).digest, WordTable.of(changed, scale).digest,
                WordTable.of(steps, 2 * scale).digest}) == 3  # fmt: skip
