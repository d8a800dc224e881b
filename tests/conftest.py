"""Shared fixtures. Every test runs with its state in a temporary folder and without the environment's settings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

import citewell
from citewell.collection import Collection
from citewell.integrity import check
from citewell.samples import corpus_path
from citewell.store import MANIFEST, Store


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("CITEWELL_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _whole_afterwards(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Checks every collection that the test wrote to, unless it is marked ``damages_on_purpose``."""
    written: set[Path] = set()
    writing = Store.writing

    def remembered(store: Store, *arguments: Any, **options: Any) -> AbstractContextManager[Store]:
        written.add(store.root.absolute())
        return writing(store, *arguments, **options)

    monkeypatch.setattr(Store, "writing", remembered)
    yield
    monkeypatch.setattr(Store, "writing", writing)
    if request.node.get_closest_marker("damages_on_purpose"):
        return
    for root in sorted(written):
        if (root / MANIFEST).exists():
            assert check(Store.open(root)) == [], f"{root} contradicts itself after the test"


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    """An empty collection with the shipped encoder."""
    return citewell.open(tmp_path / "test.citewell", create=True)


@pytest.fixture(scope="session")
def sample_collection(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    """The sample corpus, indexed once; tests must not change it."""
    opened = citewell.open(tmp_path_factory.mktemp("samples") / "samples.citewell", create=True)
    opened.add(corpus_path())
    return opened
