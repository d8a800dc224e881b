"""Running a pair model: what every one promises, and what a person reads when one is damaged."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tests.models import tiny

from citewell.errors import UserError
from citewell.models.pair_model import PairModel
from citewell.models.pairs import Pair

pytest.importorskip("onnx")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pair model with words of its own."""
    from citewell.learning.export import export_pair

    root = tmp_path_factory.mktemp("pair")
    checkpoint = tiny.write_checkpoint(root / "checkpoint", tiny.tensors(heads=tiny.HEADS), tiny.HEADS)
    export_pair(checkpoint, root / "tiny-reader", tiny.pairs(checkpoint / "tokenizer.json"), own_words=True)
    return root / "tiny-reader"


@pytest.fixture
def model(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "copied"))


def test_heads_have_the_shapes_they_declare(made: Path) -> None:
    model = PairModel(made)
    pairs = tiny.pairs(model.tokenizer)
    assert model.max_tokens == tiny.PLACES
    for pair, found in zip(pairs, model.run(pairs), strict=True):
        assert {name: values.shape for name, values in found.items()} == {"span": (len(pair.ids), 2), "relevance": (1,)}
        assert all(values.dtype == np.float32 for values in found.values())
    assert model.run([]) == []


def test_a_pair_has_the_same_logits_alone_and_among_others(made: Path) -> None:
    model = PairModel(made, threads=4)
    pairs = tiny.pairs(model.tokenizer)
    together = model.run(pairs)
    for pair, found in zip(pairs, together, strict=True):
        for name, values in model.run([pair])[0].items():
            np.testing.assert_array_equal(values, found[name])


def test_several_threads_may_ask_one_model(made: Path) -> None:
    model = PairModel(made, threads=2)
    pairs = tiny.pairs(model.tokenizer)
    expected = model.run(pairs)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: model.run(pairs), range(8)):
            for one, other in zip(found, expected, strict=True):
                np.testing.assert_array_equal(one["span"], other["span"])


def test_both_texts_and_their_types_matter(made: Path) -> None:
    model = PairModel(made)
    pair = tiny.pairs(model.tokenizer, 1)[0]
    other_types = Pair(pair.ids, [0] * len(pair.ids), pair.first, pair.text, pair.text_start)
    other_first = Pair([pair.ids[0], 9, *pair.ids[2:]], pair.types, pair.first, pair.text, pair.text_start)
    logits = [found["relevance"][0] for found in model.run([pair, other_types, other_first])]
    assert len(set(logits)) == 3


def test_a_pair_that_is_too_long_is_a_mistake_of_the_caller(made: Path) -> None:
    long = [5] * (tiny.PLACES + 1)
    with pytest.raises(ValueError, match="windows"):
        PairModel(made).run([Pair(long, long, [], [], 1)])


def test_a_copy_elsewhere_is_the_same_model(made: Path, model: Path) -> None:
    assert PairModel(model).identity == PairModel(made).identity
    assert PairModel(model).identity.startswith("tiny-reader@")


@pytest.mark.parametrize("name", ["model.onnx", "heads.json", "citewell-pair.json", "words.onnx", "tokenizer.json"])
@pytest.mark.parametrize("how", ["altered", "cut", "gone"])
def test_a_damaged_file_is_named(model: Path, name: str, how: str) -> None:
    path = model / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(content if how == "altered" else content[: len(content) // 2])
    with pytest.raises(UserError, match=name.replace(".", r"\.")):
        PairModel(model)


def without_hashes(directory: Path, name: str, content: object) -> None:
    """Changes a file and records its new hash, as somebody would who made a model by hand."""
    from citewell.models.files import file_sha256

    (directory / name).write_text(json.dumps(content))
    names = [line.partition("  ")[2] for line in (directory / "SHA256SUMS").read_text().splitlines()]
    sums = "".join(f"{file_sha256(directory / each)}  {each}\n" for each in names)
    (directory / "SHA256SUMS").write_text(sums)


def test_without_hashes_nothing_is_believed(model: Path) -> None:
    (model / "SHA256SUMS").unlink()
    with pytest.raises(UserError, match="SHA256SUMS"):
        PairModel(model)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("heads.json", {}, "names no head"),
        ("heads.json", {"span": {"on": "words", "size": 2}}, "'span'"),
        ("heads.json", {"Span!": {"on": "tokens", "size": 2}}, "Span!"),
        ("heads.json", {"other": {"on": "tokens", "size": 2}}, "Expected other"),
        ("citewell-pair.json", {"name": "x"}, "max_tokens"),
        ("citewell-pair.json", {"name": "x", "max_tokens": 1, "encoder": "", "words": "", "tokenizer": ""}, "1 tokens"),
        ("citewell-pair.json",
         {"name": "x", "max_tokens": 9, "encoder": "../../x", "words": "", "tokenizer": ""}, r"\.\./\.\./x"),
        ("citewell-pair.json",
         {"name": "x", "max_tokens": 9, "encoder": "minilm-l6-int8", "words": "0", "tokenizer": ""}, "word vectors"),
    ],
)  # fmt: skip
def test_a_directory_that_contradicts_itself(model: Path, name: str, content: object, expected: str) -> None:
    without_hashes(model, name, content)
    with pytest.raises(UserError, match=expected):
        PairModel(model)


def test_the_words_may_be_an_encoders(tmp_path: Path) -> None:
    """The same model with the words in an encoder's place gives the same logits, and is smaller by them."""
    from citewell.learning.export import export_encoder, export_pair

    values = tiny.tensors(heads=tiny.HEADS)
    checkpoint = tiny.write_checkpoint(tmp_path / "checkpoint", values, tiny.HEADS)
    base = tiny.write_checkpoint(tmp_path / "base", tiny.tensors())
    pairs = tiny.pairs(checkpoint / "tokenizer.json")
    weights = tmp_path / "weights"
    export_encoder(base, weights / "tiny-encoder", ["how many days", "when is the pump paid ?"] * 4)
    export_pair(checkpoint, tmp_path / "own", pairs, own_words=True)
    export_pair(checkpoint, tmp_path / "shared", pairs, base="tiny-encoder", weights=weights)
    assert sorted(each.name for each in (tmp_path / "own").iterdir()) == [
        "CARD.md", "EXPORT.json", "SHA256SUMS", "citewell-pair.json", "heads.json", "model.onnx", "tokenizer.json",
        "words.onnx",
    ]  # fmt: skip
    assert not (tmp_path / "shared" / "words.onnx").exists()
    shared = PairModel(tmp_path / "shared", weights=weights)
    assert shared.tokenizer == weights / "tiny-encoder" / "tokenizer.json"
    for one, other in zip(PairModel(tmp_path / "own").run(pairs), shared.run(pairs), strict=True):
        np.testing.assert_array_equal(one["span"], other["span"])
    (weights / "tiny-encoder" / "tokenizer.json").write_text("{}")
    with pytest.raises(UserError, match=r"tiny-encoder/tokenizer\.json is .* was made with"):
        PairModel(tmp_path / "shared", weights=weights)
