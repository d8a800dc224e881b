"""Citation metrics as functions of what a run holds. The values come from :mod:`citewell.evaluation.runs`."""

from __future__ import annotations

from collections.abc import Sequence

from citewell.evaluation.runs import Cited, Sentence


def citation_scores(
    sentences: Sequence[Sentence], citations: Sequence[Cited], *, golds: bool = True
) -> dict[str, float]:
    """The citation metrics that apply.

    golds: whether the question has golds that were found; without them ``citation precision`` and ``gold shown`` have
    nothing to compare with. An answer without citations has no precision, and it shows no gold; one without sentences
    (a refusal) has no recall.
    """
    scores: dict[str, float] = {}
    if golds:
        scores["gold shown"] = float(any(each.gold for each in citations))
    if golds and citations:
        scores["citation precision"] = sum(each.gold for each in citations) / len(citations)
    if citations:
        scores["quote exactness"] = sum(each.exact for each in citations) / len(citations)
    if sentences:
        scores["citation recall"] = sum(bool(each.citations) for each in sentences) / len(sentences)
    return scores
