"""What two states of a collection differ in: documents, counts, and the answers to your questions.

Works on any two stores: two snapshots, or a snapshot and the present. It reads with the owner's rights, because a
snapshot shows documents to those who could read them then.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from citewell.access import Scope
from citewell.ask import ask
from citewell.errors import DataError

if TYPE_CHECKING:
    from citewell.records import Answer
    from citewell.store import Store

AnswerKind = Literal["same", "different_text", "different_citations", "now_refused", "now_answered"]


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """One question asked on both sides. Texts are empty where the answer was a refusal."""

    question: str
    kind: AnswerKind
    before: str
    after: str
    before_sources: tuple[str, ...]
    after_sources: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        return {
            "question": self.question, "kind": self.kind, "before": self.before, "after": self.after,
            "before_sources": list(self.before_sources), "after_sources": list(self.after_sources),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """From one state to another. Documents are URIs; passages and encoders are those before and after."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int
    passages: tuple[int, int]
    encoders: tuple[str, str]
    answers: tuple[AnswerChange, ...] = ()

    def to_json(self) -> dict[str, object]:
        return {
            "added": list(self.added), "changed": list(self.changed), "removed": list(self.removed),
            "unchanged": self.unchanged, "passages": list(self.passages), "encoders": list(self.encoders),
            "answers": [answer.to_json() for answer in self.answers],
        }  # fmt: skip


def compare(before: Store, after: Store, questions: Sequence[str] = ()) -> Difference:
    """What is different in ``after``."""
    old, new = _documents(before), _documents(after)
    both = old.keys() & new.keys()
    changed = {uri for uri in both if old[uri] != new[uri]}
    if questions and (before.manifest.encoder, before.settings.index) == (after.manifest.encoder, after.settings.index):
        before.__dict__.setdefault("encoder", after.encoder)  # one model in memory, not two
    return Difference(
        added=tuple(sorted(new.keys() - old.keys())), changed=tuple(sorted(changed)),
        removed=tuple(sorted(old.keys() - new.keys())), unchanged=len(both) - len(changed),
        passages=(before.index.count(Scope.owner()), after.index.count(Scope.owner())),
        encoders=(before.manifest.encoder, after.manifest.encoder),
        answers=tuple(_ask_both(question, before, after) for question in questions),
    )  # fmt: skip


def read_questions(path: Path) -> list[str]:
    """Questions of a JSONL file, one object with "question" a line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}. Expected a JSONL file of questions.") from None
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            question = json.loads(line)["question"]
        except (ValueError, KeyError, TypeError):
            question = None
        if not isinstance(question, str):
            raise DataError(f'{path}, line {number}: expected an object such as {{"question": "How long is …?"}}.')
        found.append(question)
    return found


def _documents(store: Store) -> dict[str, str]:
    """URI → version."""
    return {item.uri: item.version for item in store.catalog.items(Scope.owner()) if item.is_document}


def _ask_both(question: str, before: Store, after: Store) -> AnswerChange:
    old, new = (ask(question, store, Scope.owner()) for store in (before, after))
    return AnswerChange(question, _kind(old, new), old.text, new.text, _sources(old), _sources(new))


def _kind(old: Answer, new: Answer) -> AnswerKind:
    if old.refused or new.refused:
        return "same" if old.refused and new.refused else "now_refused" if new.refused else "now_answered"
    if old.text != new.text:
        return "different_text"
    return "same" if _cited(old) == _cited(new) else "different_citations"


def _cited(answer: Answer) -> list[tuple[str, str, tuple[int, int]]]:
    return [(citation.uri, citation.quote, citation.span) for citation in answer.citations]


def _sources(answer: Answer) -> tuple[str, ...]:
    return tuple(dict.fromkeys(citation.uri for citation in answer.citations))
