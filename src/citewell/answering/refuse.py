"""When the evidence is too thin, say so."""

from __future__ import annotations

from collections.abc import Sequence

from citewell.records import Hit, Refusal


def refusal(question: str, hits: Sequence[Hit], confidence: float, threshold: float) -> Refusal | None:
    """Why there is no answer, or ``None`` when there is one. Invisible documents and absent ones look the same."""
    if not hits:
        return Refusal("nothing_found", "No document you can read matches this question.")
    if confidence < threshold:
        return Refusal("weak_evidence", "The documents do not seem to answer this. The nearest passages are listed.")
    return None
