"""Citations and claims from evidence. Every quote is the document's own characters at its span."""

from __future__ import annotations

import re
from collections.abc import Sequence

from citewell.answering.read import Evidence
from citewell.answering.versions import newer_version
from citewell.records import Citation, Claim, Copy, Hit, Passage, Span, Verdict

# Set by hand on the sample corpus, not fitted; EXPERIMENTS.md shows what other shares (WORTH) give.
ALIKE = 0.93  # cosine above which two quotes say the same
LIKELY = 0.5  # probability of holding the answer from which a quote counts as support
WORTH = 0.3  # a further sentence is added when it is at least this share as probable as the first …
WORTH_BESIDE_LIKELY = 0.55  # … or this share, when the first is LIKELY: beside a good answer a weak one distracts

TELLING = 6  # words from which a quote means the same wherever it stands; a shorter one needs its whole passage


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


def cite(chosen: Sequence[Evidence], hits: Sequence[Hit] = ()) -> tuple[tuple[Claim, ...], tuple[Citation, ...]]:
    """One claim and one citation per unit, in the given order.

    hits: of the same search; other places of a quote and newer versions of its document are looked for among them.
    """
    claims, citations = [], []
    shown = {unit.hit.passage.document_id for unit in chosen}
    for number, unit in enumerate(chosen):
        passage = unit.hit.passage
        verdict: Verdict = "supported" if unit.probability >= LIKELY else "weak"
        claims.append(Claim(readable(unit), (number,), unit.probability, verdict))
        also = places(unit, hits)
        newer = newer_version(unit, hits, shown | {place.document_id for place in also})
        citations.append(Citation(
            passage_id=passage.id, document_id=passage.document_id, document_version=passage.document_version,
            uri=passage.uri, title=passage.title, quote=unit.text, span=unit.span, locator=passage.locate(unit.span),
            heading_path=passage.heading_path, header=passage.header, modified_at=passage.modified_at,
            also=also, newer=newer,
        ))  # fmt: skip
    return tuple(claims), tuple(citations)


def places(unit: Evidence, hits: Sequence[Hit]) -> tuple[Copy, ...]:
    """Where else the unit stands word for word, newest first: in copies of its passage and, if it is long enough to
    mean the same anywhere, in the other hits. One place of each document."""
    others: list[Passage] = []
    if len(unit.text.split()) >= TELLING:
        header = unit.hit.passage.header
        others = [each for hit in hits for each in (hit.passage, *hit.copies) if each.header == header]
    found: dict[str, Copy] = {}
    for passage in (*unit.hit.copies, *others):
        if passage.document_id not in {unit.hit.passage.document_id, *found} and (span := _find(unit.text, passage)):
            found[passage.document_id] = Copy.of(passage, span)
    return tuple(sorted(found.values(), key=lambda place: place.modified_at, reverse=True))


def _find(quote: str, passage: Passage) -> Span | None:
    """The document span of ``quote`` in ``passage``, whatever the white space between its words."""
    start = passage.text.find(quote)
    end = start + len(quote)
    if start < 0:
        match = re.search(r"\s+".join(map(re.escape, quote.split())), passage.text)
        if match is None:
            return None
        start, end = match.span()
    inside = passage.text[max(0, start - 1) : start].isalnum() or passage.text[end : end + 1].isalnum()
    return None if inside else (passage.span[0] + start, passage.span[0] + end)


def readable(unit: Evidence) -> str:
    """The unit as a person reads it: a table row with its column names, anything else as it stands."""
    header, text = unit.hit.passage.header, unit.text
    names, cells = header.split(" | "), text.split(" | ")
    if not header or len(cells) > len(names):
        return text
    return "; ".join(f"{name}: {cell}" for name, cell in zip(names, cells, strict=False) if cell.strip())
