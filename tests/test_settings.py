"""Settings are checked when built, survive TOML-like JSON, and read the environment in one place."""

from __future__ import annotations

import pytest

from citewell.errors import SettingsError
from citewell.settings import ChunkingSettings, RetrievalSettings, Settings


def test_settings_survive_json() -> None:
    settings = Settings(chunking=ChunkingSettings(max_tokens=150, min_tokens=20, context_tokens=30))
    assert Settings.from_json(settings.to_json()) == settings


def test_environment_overrides_running_settings_but_not_stored_ones() -> None:
    variables = {"CITEWELL_RETRIEVAL_CANDIDATES": "50", "CITEWELL_CHUNKING_MAX_TOKENS": "120"}
    assert Settings().with_environment(variables).retrieval.candidates == 50
    assert Settings().with_environment(variables).chunking == ChunkingSettings()
    assert Settings().with_environment(variables, stored=False).chunking.max_tokens == 120


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"chunkin": {}}, "Known tables: parsing, chunking"),
        ({"chunking": {"max_token": 3}}, "Known: max_tokens"),
        ({"retrieval": {"hits": "many"}}, "Expected a number"),
        ({"retrieval": {"hits": 0}}, "Expected more than 0"),
    ],
)
def test_wrong_settings_are_explained(data: dict, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        Settings.from_json(data)


def test_contradicting_settings_name_both_fields() -> None:
    with pytest.raises(
        SettingsError, match=r"chunking\.min_tokens .* chunking\.context_tokens .* chunking\.max_tokens"
    ):
        ChunkingSettings(max_tokens=50, min_tokens=40, context_tokens=40)
    with pytest.raises(SettingsError, match=r"retrieval\.hits"):
        RetrievalSettings(candidates=3, hits=10)
