"""The commands about model sets, as a person uses them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import citewell as package
from citewell.models.modelset import load_model_set
from tests.models.sets import make_set
from tests.test_cli import citewell


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a collection and two sets beside it."""
    package.open(tmp_path / ".citewell", create=True)
    encoder = load_model_set().models["encoder"].identity
    make_set(tmp_path / "first", "first", encoder=encoder)
    make_set(tmp_path / "second", "second")
    return tmp_path


@pytest.mark.integration
def test_use_list_show_rollback(folder: Path) -> None:
    used = citewell("models", "use", "first", cwd=folder)
    assert used.returncode == 0, used.stderr
    assert "In use: first (" in used.stdout
    assert "citewell models rollback" in used.stdout
    assert used.stderr == ""
    listed = citewell("models", "list", cwd=folder).stdout.splitlines()
    assert listed[0].startswith("  shipped")
    assert listed[1].startswith("* ")
    assert "encoder, reader, verifier" in listed[1]
    shown = citewell("models", "show", cwd=folder).stdout
    assert "first-reader@0123456789ab, 2 files, all as recorded" in shown
    assert "threshold: 5" in shown
    assert "In use: citewell (shipped)" in citewell("models", "rollback", cwd=folder).stdout
    again = citewell("models", "rollback", cwd=folder)
    assert again.returncode == 2
    assert "no set before it" in again.stderr
    assert citewell("check", cwd=folder).returncode == 0


@pytest.mark.integration
def test_json_is_one_object_and_nothing_else(folder: Path) -> None:
    used = json.loads(citewell("models", "use", "second", "--json", cwd=folder).stdout)
    assert used["in_use"] is True
    listed = json.loads(citewell("models", "list", "--json", cwd=folder).stdout)["sets"]
    assert [(each["id"], each["in_use"]) for each in listed] == [("shipped", False), (used["id"], True)]
    shown = json.loads(citewell("models", "show", used["id"][:8], "--json", cwd=folder).stdout)
    assert shown["models"]["reader"]["files"].keys() == {"model.onnx", "heads.json"}
    assert json.loads(citewell("models", "rollback", "--json", cwd=folder).stdout)["id"] == "shipped"


@pytest.mark.integration
def test_a_set_with_another_encoder_says_what_it_needs(folder: Path) -> None:
    used = citewell("models", "use", "second", cwd=folder)
    assert used.returncode == 0
    assert "citewell reindex --encoder" in used.stderr
    assert "second-encoder" in used.stderr
    assert package.open(folder / ".citewell").store.manifest.encoder == load_model_set().models["encoder"].identity


@pytest.mark.integration
def test_a_tampered_set_is_refused_and_the_old_one_stays(folder: Path) -> None:
    citewell("models", "use", "first", cwd=folder)
    (folder / "second" / "second-reader" / "model.onnx").write_bytes(b"something else")
    refused = citewell("models", "use", "second", cwd=folder)
    assert refused.returncode == 2
    assert "model.onnx is not what modelset.json says" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert load_model_set(folder / ".citewell" / "models").name == "first"
    nothing = citewell("models", "use", "no-such-set", cwd=folder)
    assert nothing.returncode == 2
    assert "shipped, " in nothing.stderr


@pytest.mark.integration
def test_a_damaged_set_is_listed_as_damaged(folder: Path) -> None:
    used = json.loads(citewell("models", "use", "first", "--json", cwd=folder).stdout)
    (folder / ".citewell" / "models" / "sets" / used["id"] / "modelset.json").write_text("{}")
    listed = citewell("models", "list", cwd=folder)
    assert listed.returncode == 0
    assert "damaged" in listed.stdout
    assert citewell("models", "show", cwd=folder).returncode == 2
    assert citewell("models", "rollback", cwd=folder).returncode == 0


def test_without_a_collection_what_ships_is_shown(tmp_path: Path) -> None:
    listed = citewell("models", "list", cwd=tmp_path)
    assert listed.returncode == 0
    assert "no collection" in listed.stderr
    assert listed.stdout.startswith("* shipped")
    assert not (tmp_path / ".citewell").exists()
    named = citewell("models", "list", "-c", "nowhere", cwd=tmp_path)
    assert named.returncode == 2
    assert "no collection at" in named.stderr
