"""Settings: one frozen dataclass per stage, and the one place that reads ``CITEWELL_*`` from the environment.

A collection is created with a :class:`Settings`, saved as TOML in ``collection.toml``. What decides the stored rows
(encoder, chunking, language) is fixed there; the rest may be overridden per process with variables such as
``CITEWELL_RETRIEVAL_CANDIDATES=200``. Values are checked when built, and an error names the field.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from citewell.errors import SettingsError

BUILTIN_ENCODER = "minilm-l6-int8"


@dataclass(frozen=True, slots=True)
class ParsingSettings:
    """Limits of one disposable parser process."""

    workers: int = max(1, min(8, os.cpu_count() or 1))  # processes that parse side by side
    wall_seconds: float = 90.0  # real time for one file
    cpu_seconds: int = 60  # processor time for one file
    memory_megabytes: int = 2048  # address space of the process
    output_megabytes: int = 64  # size of what it may return
    max_file_megabytes: int = 100  # larger files are refused unread

    def __post_init__(self) -> None:
        _positive(self, "parsing")


@dataclass(frozen=True, slots=True)
class ChunkingSettings:
    """How a document becomes passages. Token counts are the encoder's own, context line included."""

    max_tokens: int = 200  # no passage with its context line is longer, nor longer than the encoder reads
    min_tokens: int = 48  # shorter neighbouring sections are joined when they fit
    context_tokens: int = 48  # at most this much of title, headings and table header precedes the text

    def __post_init__(self) -> None:
        _positive(self, "chunking")
        if self.min_tokens + self.context_tokens > self.max_tokens:
            raise SettingsError(
                f"chunking.min_tokens ({self.min_tokens}) and chunking.context_tokens ({self.context_tokens}) together "
                f"exceed chunking.max_tokens ({self.max_tokens}). Lower one of them or raise chunking.max_tokens."
            )


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """How passages are indexed."""

    language: str = "English"  # stemmer and stop words of the full-text index
    encoder: str = BUILTIN_ENCODER  # a shipped name, a model directory, or a hub name

    def __post_init__(self) -> None:
        if not self.encoder:
            raise SettingsError("index.encoder is empty. Expected a shipped model's name, a directory or a hub name.")


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """How much work is held in memory at once."""

    batch_passages: int = 512  # passages encoded and committed together, at least
    batch_seconds: float = 10.0  # a commit is made at least this often while documents arrive
    guarded_removals: int = 20  # fewer vanished documents are forgotten without asking
    max_removed_percent: int = 30  # of a source's documents; when more vanish at once, someone must confirm

    def __post_init__(self) -> None:
        _positive(self, "ingest")


@dataclass(frozen=True, slots=True)
class RetrievalSettings:
    """How many passages each search looks at and returns."""

    candidates: int = 100  # taken from the lexical and from the dense search each
    hits: int = 10  # returned after fusion

    def __post_init__(self) -> None:
        _positive(self, "retrieval")
        if self.hits > 2 * self.candidates:
            raise SettingsError(
                f"retrieval.hits ({self.hits}) is more than two lists of retrieval.candidates ({self.candidates}) "
                "can hold. Raise retrieval.candidates."
            )


@dataclass(frozen=True, slots=True)
class AnsweringSettings:
    """How an answer is put together."""

    sentences: int = 3  # at most this many quoted sentences
    max_question_characters: int = 4000  # longer questions are refused with an explanation

    def __post_init__(self) -> None:
        _positive(self, "answering")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a collection was told."""

    parsing: ParsingSettings = field(default_factory=ParsingSettings)
    chunking: ChunkingSettings = field(default_factory=ChunkingSettings)
    index: IndexSettings = field(default_factory=IndexSettings)
    ingest: IngestSettings = field(default_factory=IngestSettings)
    retrieval: RetrievalSettings = field(default_factory=RetrievalSettings)
    answering: AnsweringSettings = field(default_factory=AnsweringSettings)

    def to_json(self) -> dict[str, dict[str, Any]]:
        return asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Settings:
        """Settings from nested tables; unknown tables and fields are errors that list the known ones."""
        return _apply(Settings(), data, source="collection.toml")

    def with_environment(self, environment: Mapping[str, str] | None = None, *, stored: bool = True) -> Settings:
        """These settings with ``CITEWELL_<STAGE>_<FIELD>`` variables applied.

        stored: a collection exists already; what its rows were made with (chunking, index) is left alone.
        """
        variables = os.environ if environment is None else environment
        changes: dict[str, dict[str, str]] = {}
        for stage in (each.name for each in fields(self)):
            if stored and stage in {"chunking", "index"}:
                continue
            for each in fields(getattr(self, stage)):
                name = f"CITEWELL_{stage}_{each.name}".upper()
                if name in variables:
                    changes.setdefault(stage, {})[each.name] = variables[name]
        return _apply(self, changes, source="the environment")


def _apply(settings: Settings, data: Mapping[str, Any], source: str) -> Settings:
    for stage, table in data.items():
        if stage not in {each.name for each in fields(settings)} or not isinstance(table, Mapping):
            known = ", ".join(each.name for each in fields(settings))
            raise SettingsError(f"{source}: '{stage}' is not a table of settings. Known tables: {known}.")
        current = getattr(settings, stage)
        known_fields = {each.name: type(getattr(current, each.name)) for each in fields(current)}
        values = {}
        for name, value in table.items():
            if name not in known_fields:
                raise SettingsError(f"{source}: {stage}.{name} is unknown. Known: {', '.join(known_fields)}.")
            values[name] = _convert(value, known_fields[name], f"{source}: {stage}.{name}")
        settings = replace(settings, **{stage: replace(current, **values)})
    return settings


def _convert(value: Any, kind: type, name: str) -> Any:
    try:
        return kind(value)
    except (TypeError, ValueError):
        expected = "a number" if kind in {int, float} else "text"
        raise SettingsError(f"{name} is {value!r}. Expected {expected}.") from None


def _positive(values: Any, stage: str) -> None:
    for each in fields(values):
        if getattr(values, each.name) <= 0:
            raise SettingsError(f"{stage}.{each.name} is {getattr(values, each.name)}. Expected more than 0.")
