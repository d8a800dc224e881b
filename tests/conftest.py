"""Shared fixtures. Every test runs with its state in a temporary folder and without the environment's settings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import citewell
from citewell.collection import Collection
from citewell.samples import corpus_path


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("CITEWELL_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)


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
