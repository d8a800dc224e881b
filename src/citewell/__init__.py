"""Citewell: ask your own documents, offline, and get answers with exact citations.

>>> import citewell
>>> from citewell.samples import corpus_path
>>> collection = citewell.open("samples.citewell", create=True)
>>> reports = collection.add(corpus_path())
>>> answer = collection.ask("How many days may I work from home each week?")
>>> print(answer.text)
Office staff may work from home on up to three days a week.

Names are loaded when first used, so that ``import citewell`` stays fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from citewell.access import Scope
    from citewell.collection import Collection, open  # noqa: A004 — the public verb, used as citewell.open
    from citewell.errors import CitewellError, UserError
    from citewell.evaluation.metrics.ranking import retrieval_scores
    from citewell.index.filters import Filters
    from citewell.records import Answer, Citation, Document, Hit, Locator, Passage
    from citewell.settings import Settings

__version__ = "0.3.0"

_HOMES = {
    "open": "citewell.collection", "Collection": "citewell.collection", "Scope": "citewell.access",
    "CitewellError": "citewell.errors", "UserError": "citewell.errors", "Filters": "citewell.index.filters",
    "Answer": "citewell.records", "Citation": "citewell.records", "Document": "citewell.records",
    "Hit": "citewell.records", "Locator": "citewell.records", "Passage": "citewell.records",
    "Settings": "citewell.settings", "retrieval_scores": "citewell.evaluation.metrics.ranking",
}  # fmt: skip

__all__ = [
    "Answer", "Citation", "CitewellError", "Collection", "Document", "Filters", "Hit", "Locator", "Passage", "Scope",
    "Settings", "UserError", "__version__", "open", "retrieval_scores",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'citewell' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
