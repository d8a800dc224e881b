"""Manifests of training data: whole there and back, no places of a machine, hashes that notice every change."""

from __future__ import annotations

import hashlib
import json

import pytest

from citewell.errors import DataError
from citewell.learning.data.manifest import NOT_STATED, DataManifest, DataSource, describe, hash_of


def source(**more) -> DataSource:
    return DataSource(**{"name": "lamps", "path_name": "lamps.jsonl", "sha256": "0" * 64, **more})


def test_a_manifest_is_the_same_after_json():
    sources = (
        source(licence="CC BY 4.0", url="https://example.org", examples=3, documents=2, safe_to_ship=True),
        source(),
    )
    manifest = DataManifest(sources, "salt", {"train": 3, "held out": 1}, "citewell 1.0")
    assert DataManifest.from_json(json.loads(json.dumps(manifest.to_json()))) == manifest
    assert not manifest.safe_to_ship and DataManifest(sources[:1], "").safe_to_ship
    assert not DataManifest((), "").safe_to_ship


def test_a_licence_nobody_stated_is_recorded_as_that_and_never_ships():
    assert source().licence == source(licence=" ").licence == NOT_STATED == "not stated"
    with pytest.raises(DataError, match="marked safe to ship and states no licence"):
        source(safe_to_ship=True)


@pytest.mark.parametrize(
    "path", ["/data/a.jsonl", "C:\\data\\a.jsonl", "C:a", "\\\\server\\a", "../a.jsonl", "a/../b", ""]
)
def test_a_place_on_a_machine_is_refused(path):
    with pytest.raises(DataError, match="without where it lies"):
        source(path_name=path)
    with pytest.raises(DataError):
        DataSource.from_json({**source().to_json(), "path_name": path})


def test_a_described_file_has_its_name_and_hash_and_nothing_of_its_folder(tmp_path):
    path = tmp_path / "secret place" / "pairs.jsonl"
    path.parent.mkdir()
    path.write_bytes(b"{}\n" * 1_000_000)
    found = describe(path, examples=5, documents=2)
    assert found.path_name == found.name == "pairs.jsonl" and found.licence == NOT_STATED
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert "secret" not in json.dumps(found.to_json()) and str(tmp_path) not in json.dumps(found.to_json())


def test_a_folders_hash_changes_with_every_byte_and_name_and_not_with_the_order(tmp_path):
    def made(name, **files):
        for each, text in files.items():
            (tmp_path / name / "sub").mkdir(parents=True, exist_ok=True)
            (tmp_path / name / "sub" / each).write_text(text)
        return hash_of(tmp_path / name)

    first = made("a", one="1", two="2")
    assert made("b", two="2", one="1") == first
    assert len({first, made("c", one="1", two="3"), made("d", one="1", three="2"), made("e", one="1")}) == 4
    assert describe(tmp_path / "a", examples=1, documents=1).sha256 == first


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": 9}, "has format 9; this release reads 1"),
        ({"counts": {"train": "many"}}, "'counts' of the data manifest"),
        ({"sources": None}, "'sources' of the data manifest is None. Expected a list"),
        ({"sources": [{}]}, "'name' of a data source is None. Expected a text"),
        ({"sources": [{**source().to_json(), "examples": True}]}, "'examples' of a data source is True"),
        ({"sources": ["x"]}, "'name' of a data source"),
    ],
)
def test_a_damaged_manifest_is_told(change, told):
    with pytest.raises(DataError, match=told):
        DataManifest.from_json({**DataManifest((source(),), "s").to_json(), **change})


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        describe(tmp_path / "none.jsonl", examples=0, documents=0)
