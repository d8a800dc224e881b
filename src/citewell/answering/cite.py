"""Citations and claims from evidence. Every quote is the document's own characters at its span."""

from __future__ import annotations

from collections.abc import Sequence

from citewell.answering.read import Evidence
from citewell.records import Citation, Claim, Verdict

# Set by hand on the sample corpus, not fitted; EXPERIMENTS.md shows what other shares (WORTH) give.
ALIKE = 0.93  # cosine above which two quotes say the same
LIKELY = 0.5  # probability of holding the answer from which a quote counts as support
WORTH = 0.3  # a further sentence is added when it is at least this share as probable as the first …
WORTH_BESIDE_LIKELY = 0.55  # … or this share, when the first is LIKELY: beside a good answer a weak one distracts


def choose(evidence: Sequence[Evidence], most: int) -> list[Evidence]:
    """The best unit and up to ``most - 1`` that add something: nearly as probable and not the same thing again."""
    chosen = list(evidence[:1])
    likely = bool(chosen) and chosen[0].probability >= LIKELY
    for unit in evidence[1:]:
        share = WORTH_BESIDE_LIKELY if likely else WORTH
        if len(chosen) == most or unit.probability < share * chosen[0].probability:
            break
        if all(float(unit.vector @ other.vector) < ALIKE and unit.text != other.text for other in chosen):
            chosen.append(unit)
    return chosen


def cite(chosen: Sequence[Evidence]) -> tuple[tuple[Claim, ...], tuple[Citation, ...]]:
    """One claim and one citation per unit, in the given order."""
    claims, citations = [], []
    for number, unit in enumerate(chosen):
        passage = unit.hit.passage
        verdict: Verdict = "supported" if unit.probability >= LIKELY else "weak"
        claims.append(Claim(readable(unit), (number,), unit.probability, verdict))
        citations.append(Citation(
            passage_id=passage.id, document_id=passage.document_id, document_version=passage.document_version,
            uri=passage.uri, title=passage.title, quote=unit.text, span=unit.span, locator=passage.locate(unit.span),
            heading_path=passage.heading_path, header=passage.header, modified_at=passage.modified_at,
        ))  # fmt: skip
    return tuple(claims), tuple(citations)


def readable(unit: Evidence) -> str:
    """The unit as a person reads it: a table row with its column names, anything else as it stands."""
    header, text = unit.hit.passage.header, unit.text
    names, cells = header.split(" | "), text.split(" | ")
    if not header or len(cells) > len(names):
        return text
    return "; ".join(f"{name}: {cell}" for name, cell in zip(names, cells, strict=False) if cell.strip())
