"""The graphs that are written: the encoder's to the byte, the pair model's parts."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from tests.models import tiny

from citewell.errors import UserError
from citewell.models.bert_graph import (
    WORD_EMBEDDINGS,
    Architecture,
    Grid,
    Rounded,
    linear_layers,
    round_columns,
    write_encoder,
    write_pair_model,
    write_words,
)
from citewell.models.files import Head

pytest.importorskip("onnx")


def plainly_rounded() -> dict[str, Rounded]:
    """Without calibration, so that every machine rounds alike."""
    found = {}
    for linear in linear_layers(tiny.tensors(), tiny.ARCHITECTURE):
        steps, scale = round_columns(linear.weight, 63)
        reach = np.full(len(steps), 3, dtype=np.float32)
        found[linear.name] = Rounded(Grid.over(-reach, reach), steps, scale)
    return found


@pytest.mark.parametrize(
    ("rounded", "digest"),
    [
        (False, "faf10b98e3fd615a30bdd4ac66ce47b39564211afe7ad9819efe74246b830b41"),
        (True, "e1aed832031e9d3e4d655936e5e6b0ae2f304201bfb6d3b1941b33ddeac0842b"),
    ],
)
def test_an_encoder_is_written_as_the_shipped_one_was(rounded: bool, digest: str) -> None:
    """Recorded with the code that wrote the shipped encoder: other bytes would be another identity for every index."""
    if rounded:
        graph = write_encoder(tiny.tensors(), tiny.ARCHITECTURE, 12, plainly_rounded())
    else:
        graph = write_encoder(tiny.tensors(), tiny.ARCHITECTURE, 12, {}, small_words=False, with_linear_inputs=True)
    assert hashlib.sha256(graph.SerializeToString()).hexdigest() == digest


def test_a_pair_graph_holds_no_words() -> None:
    values = tiny.tensors(heads=tiny.HEADS)
    graph = write_pair_model(values, tiny.ARCHITECTURE, 32, plainly_rounded(), {"span": Head("tokens", 2)}).graph
    assert [each.name for each in graph.input] == ["word_rows", "token_types"]
    assert [each.name for each in graph.output] == ["span"]
    shapes = [tuple(each.dims) for each in graph.initializer]
    assert not any(len(tiny.VOCABULARY) in shape for shape in shapes)
    table = write_words(values[WORD_EMBEDDINGS]).graph
    assert {each.name: tuple(each.dims) for each in table.initializer} == {
        "words": (len(tiny.VOCABULARY), tiny.HIDDEN), "words.scale": (len(tiny.VOCABULARY), 1),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["positions", "word_rows", "embeddings"])
def test_a_head_may_not_take_a_name_of_the_graph(name: str) -> None:
    values = tiny.tensors(heads={name: {"on": "first", "size": 1}})
    with pytest.raises(UserError, match=f"'{name}'.*another one"):
        write_pair_model(values, tiny.ARCHITECTURE, 32, {}, {name: Head("first", 1)})


@pytest.mark.parametrize(("content", "expected"), [('{"model_type": "gpt2"}', "gpt2"), ("{", "cannot be read")])
def test_another_architecture_is_refused(tmp_path: Path, content: str, expected: str) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(UserError, match=expected):
        Architecture.read(tmp_path)
