"""From files to what a recipe learns from: read, compared with the test data, described. Torch-free."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citewell.errors import DataError
from citewell.learning.data.enriching import enriched_reading, with_some_negatives
from citewell.learning.data.examples import Text
from citewell.learning.data.formats import read_examples, require
from citewell.learning.data.leaks import Leak, drop_leaks, leaks_between
from citewell.learning.data.manifest import NOT_STATED, DataSource, describe
from citewell.learning.data.mining import rank_texts
from citewell.learning.data.splits import documents_of
from citewell.learning.recipes import LEAST, READS, LearnSettings, RecipeName, Report
from citewell.models.encoder import Encoder, load_encoder

Prepare = Callable[[Sequence[Any]], list[Any]]
"""Examples of one side as the recipe learns from them."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """examples: as the files have them, without those that leak into the test data. sources: what they were read from.
    leaks: what was found, and dropped. ``notes``: what the readers of the files had to say."""

    examples: tuple[Any, ...]
    sources: tuple[DataSource, ...]
    leaks: tuple[Leak, ...] = ()
    notes: tuple[str, ...] = ()


def gather(
    recipe: RecipeName, data: Sequence[Path], tests: Sequence[Path], report: Report, licence: str = NOT_STATED
) -> Gathered:
    """The examples of all files. tests: data that the model will be measured on; nothing of it may be learnt."""
    if not data:
        raise DataError("There is nothing to learn from. Expected at least one file or folder with --data.")
    examples, sources, notes = list[Any](), list[DataSource](), list[str]()
    for path in data:
        found = _read(path, recipe)
        examples.extend(found)
        documents = {document for each in found for document in documents_of(each)}
        sources.append(describe(path, examples=len(found), documents=len(documents), licence=licence))
        notes.extend(f"{path.name}: {note}" for note in found.notes)
        report(f"{path.name}: {len(found):,} examples ({found.format})")
    unique = list(dict.fromkeys(examples))
    if len(unique) < len(examples):
        notes.append(f"{len(examples) - len(unique):,} examples were given more than once and are used once.")
    leaks = leaks_between(unique, [each for path in tests for each in _read(path, recipe)]) if tests else []
    if leaks:
        kept = drop_leaks(unique, leaks)
        kinds = ", ".join(f"{count:,} {kind}s" for kind, count in Counter(leak.kind for leak in leaks).items())
        notes.append(
            f"The test data shares {kinds} with what was to be learnt, such as {leaks[0].text!r:.80}. "
            f"{len(unique) - len(kept):,} of {len(unique):,} examples were dropped for it."
        )
        unique = kept
    for note in notes:
        report(f"note: {note}")
    require(unique, *LEAST[recipe])
    return Gathered(tuple(unique), tuple(sources), tuple(leaks), tuple(notes))


def _read(path: Path, recipe: RecipeName) -> Any:
    """The examples in a file. A reader also learns from pairs that only say which passage is relevant."""
    try:
        return read_examples(path, READS[recipe])
    except DataError as error:
        if recipe != "reader":
            raise
        try:
            return read_examples(path, "ranking")
        except DataError:
            raise error from None


def preparing(recipe: RecipeName, settings: LearnSettings, report: Report) -> Prepare:
    """How each side is made ready. It is done for each side by itself: what is mined must not cross over."""
    encoders: list[Encoder] = []

    def encoder() -> Encoder:
        encoders.extend([load_encoder()] if not encoders else [])
        return encoders[0]

    def nearest(queries: Sequence[str], texts: Sequence[Text], count: int) -> list[list[int]]:
        report(f"searching {len(texts):,} passages for what comes near {len(queries):,} questions")
        return rank_texts(queries, texts, encoder(), count)

    def prepare(examples: Sequence[Any]) -> list[Any]:
        if recipe in {"encoder", "reranker"}:
            bare = sum(not each.negatives for each in examples)
            if bare and settings.negatives:
                report(f"searching for texts that come near {bare:,} queries without answering them")
                return with_some_negatives(examples, encoder(), settings.negatives)
        if recipe == "reader":
            reading = [each for each in examples if hasattr(each, "question")]
            ranking = [each for each in examples if not hasattr(each, "question")]
            if settings.enrich and reading:
                reading = enriched_reading(reading, nearest, seed=settings.seed)
            if ranking and settings.negatives:
                ranking = with_some_negatives(ranking, encoder(), min(2, settings.negatives))
            return [*reading, *ranking]
        return list(examples)

    return prepare
