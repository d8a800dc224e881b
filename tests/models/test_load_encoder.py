"""How encoders are found, and what a person reads when one is missing or damaged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from citewell.errors import MissingExtraError, PathError, UserError
from citewell.models.encoder import WEIGHTS, load_encoder
from citewell.models.files import checked_digests, read_config

SHIPPED = WEIGHTS / "minilm-l6-int8"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The shipped model as a user's own directory."""
    directory = tmp_path / "mine"
    directory.mkdir()
    for name in ("model.onnx", "tokenizer.json", "citewell-encoder.json"):
        shutil.copy(SHIPPED / name, directory)
    return directory


def test_a_directory_encodes_like_the_shipped_model(model: Path) -> None:
    encoder = load_encoder(str(model))
    assert encoder.identity.startswith("mine@")
    np.testing.assert_allclose(encoder.encode(["leave policy"]), load_encoder().encode(["leave policy"]), atol=1e-6)


def test_the_graph_may_be_in_a_subdirectory(model: Path) -> None:
    (model / "onnx").mkdir()
    (model / "model.onnx").rename(model / "onnx" / "model.onnx")
    assert load_encoder(str(model)).dimension == 384


def test_identity_follows_every_part(model: Path) -> None:
    seen = {load_encoder(str(model)).identity}
    (model / "citewell-encoder.json").write_text(json.dumps({"pooling": "graph", "max_tokens": 128}))
    shorter = load_encoder(str(model))
    assert shorter.max_tokens == 128
    seen.add(shorter.identity)
    tokenizer = (model / "tokenizer.json").read_text(encoding="utf-8")
    (model / "tokenizer.json").write_text(tokenizer + "\n", encoding="utf-8")
    seen.add(load_encoder(str(model)).identity)
    assert len(seen) == 3


def test_length_from_sentence_transformers_files(model: Path) -> None:
    (model / "citewell-encoder.json").unlink()
    (model / "sentence_bert_config.json").write_text('{"max_seq_length": 64}')
    encoder = load_encoder(str(model))
    assert encoder.max_tokens == 64
    long, cut = encoder.encode(["word " * 500, "word " * 62])
    np.testing.assert_allclose(long, cut, atol=1e-6)


@pytest.mark.parametrize(
    ("tokenizer", "positions", "expected"),
    [(64, 512, 64), (10**30, 512, 512), (None, 128, 128), (256, None, 256), (None, None, 512)],
)
def test_length_from_newer_sentence_transformers_files(
    tmp_path: Path, tokenizer: int | None, positions: int | None, expected: int
) -> None:
    """Since version 6 the length stands in the tokenizer's configuration."""
    (tmp_path / "sentence_bert_config.json").write_text('{"transformer_task": "feature-extraction"}')
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"model_max_length": tokenizer}))
    (tmp_path / "config.json").write_text(json.dumps({"max_position_embeddings": positions}))
    assert read_config(tmp_path, pooled=False).max_tokens == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}, "mean"),
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "cls"),
        ({"pooling_mode": "cls"}, "cls"),
        (None, "mean"),
    ],
)
def test_pooling_from_sentence_transformers_files(tmp_path: Path, content: object, expected: str) -> None:
    if content is not None:
        (tmp_path / "1_Pooling").mkdir()
        (tmp_path / "1_Pooling" / "config.json").write_text(json.dumps(content))
    assert read_config(tmp_path, pooled=False).pooling == expected


def test_pooling_that_cannot_be_done_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text('{"pooling_mode_max_tokens": true}')
    with pytest.raises(UserError, match="max_tokens"):
        read_config(tmp_path, pooled=False)


@pytest.mark.parametrize("missing", ["model.onnx", "tokenizer.json"])
def test_an_incomplete_directory(model: Path, missing: str) -> None:
    (model / missing).unlink()
    with pytest.raises(UserError, match=missing):
        load_encoder(str(model))


@pytest.mark.parametrize("damaged", ["model.onnx", "tokenizer.json", "citewell-encoder.json"])
def test_a_damaged_file_is_named(model: Path, damaged: str) -> None:
    (model / damaged).write_bytes((model / damaged).read_bytes()[:50])
    with pytest.raises(UserError, match=damaged):
        load_encoder(str(model))


def test_shipped_files_match_their_hashes() -> None:
    names = [line.partition("  ")[2] for line in (SHIPPED / "SHA256SUMS").read_text().splitlines()]
    assert names == ["model.onnx", "tokenizer.json", "citewell-encoder.json"]
    assert "no file" not in checked_digests(SHIPPED, [SHIPPED / name for name in names])


@pytest.mark.parametrize("change", ["altered", "missing"])
def test_a_shipped_file_that_changed_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    shutil.copytree(SHIPPED, tmp_path / SHIPPED.name)
    graph = tmp_path / SHIPPED.name / "model.onnx"
    if change == "altered":
        content = bytearray(graph.read_bytes())
        content[len(content) // 2] ^= 1
        graph.write_bytes(content)
    else:
        graph.unlink()
    monkeypatch.setattr("citewell.models.encoder.WEIGHTS", tmp_path)
    with pytest.raises(UserError, match=r"model\.onnx is damaged.*reinstall"):
        load_encoder()


@pytest.mark.parametrize("name", ["no-such-encoder", "/no/such/directory", "../weights", "a/b/c"])
def test_an_unknown_name_lists_what_there_is(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PathError, match=r"No encoder.*minilm-l6-int8"):
        load_encoder(name)


def test_a_hub_name_offline_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(UserError, match=r"nobody/nothing.*could not be fetched.*give its directory"):
        load_encoder("nobody/nothing")


def torch_only(directory: Path, kind: str) -> Path:
    (directory / "model.onnx").unlink()
    (directory / "model.safetensors").write_bytes(b"")
    (directory / "modules.json").write_text(json.dumps([{"idx": 0, "name": "0", "path": "", "type": kind}]))
    return directory


def test_weights_without_a_graph_need_the_extra(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sentence_transformers", None)
    directory = torch_only(model, "sentence_transformers.models.Transformer")
    with pytest.raises(MissingExtraError, match=r"citewell\[train\]"):
        load_encoder(str(directory))


def test_a_model_that_names_code_is_refused(model: Path) -> None:
    with pytest.raises(UserError, match=r"os\.system"):
        load_encoder(str(torch_only(model, "os.system")))
