"""The oracle ladder and the funnel: what each stage costs, over all questions of a run.

Each rung makes one stage more perfect and keeps those before it perfect, so that the steps between rungs add up to what
is missing from 100 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from citewell.evaluation.diagnosis.look import Look, virtual
from citewell.evaluation.diagnosis.searching import join
from citewell.evaluation.diagnosis.values import Rung, Stage
from citewell.evaluation.statistics import interval
from citewell.records import Passage

RUNGS = (
    ("as it is", "the run"),
    ("perfect corpus", "every gold is in the collection, as it was written, readable, in one passage"),
    ("perfect retrieval", "and every passage is a candidate, at the place its score gives it"),
    ("perfect ranking", "and the gold's passage stands first"),
    ("perfect reading", "and the gold's own sentence is chosen and cited"),
    ("perfect refusal", "and exactly the unanswerable questions are refused"),
)
STAGES = (
    "answerable, with a gold", "in the corpus", "in the text", "visible to the asker", "in one passage",
    "among the candidates", "among the hits", "read", "cited",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Climb:
    """One question: whether it is right on each rung, and the last stage that still has its gold (an index into
    :data:`STAGES`; -1: no gold)."""

    right: tuple[bool, ...]
    reached: int = -1


def climb(look: Look) -> Climb:
    """Asks one question again on each rung. The look's standings are those of the question, not narrowed."""
    correct = look.result.metrics.get("correct") == 1.0
    if not look.question.answerable:
        return Climb((correct,) * (len(RUNGS) - 1) + (True,))
    reached = reach(look)
    known = bool(look.standings) or bool(look.question.answers)
    if correct:
        return Climb((True,) * len(RUNGS), reached)
    if not known:
        return Climb((False,) * (len(RUNGS) - 1) + (True,), reached)
    instead = _mended(look)
    golds = [instead] if instead is not None else look.gold_passages()
    if not golds:
        return Climb((False,) * (len(RUNGS) - 1) + (True,), reached)
    question, asker = look.question.text, look.asker
    stands_for = instead if instead is not None and instead.document_id not in _documents(look) else None
    hits = look.hits()
    if instead is not None:
        hits = look.reruns.placed(question, asker, instead, _parts(look))
    corpus = instead is not None and look.outcome(hits, None, stands_for) == "right"
    deep = hits if instead is not None else look.reruns.deep(question, asker)
    retrieval = corpus or look.outcome(deep, None, stands_for) == "right"
    first = look.reruns.first(deep, golds)
    ranking = retrieval or look.outcome(first, None, stands_for) == "right"
    reading = ranking or look.reruns.answer(question, first).confidence >= look.threshold
    return Climb((False, corpus, retrieval, ranking, reading, True), reached)


def _mended(look: Look) -> Passage | None:
    """The passage that a perfect corpus would have, when the collection's lacks it."""
    whole = [each for each in look.standings if each.in_text and each.whole and each.item is not None]
    if any(each.item is not None and look.asker.allows(each.item.readers) for each in whole):
        return None
    if whole:
        return whole[0].whole[0]
    cut = next((each for each in look.standings if each.in_text and each.parts and each.document is not None), None)
    if cut is not None and cut.document is not None:
        return join(cut.parts, cut.document.text)
    lost = next((each for each in look.standings if each.gold.quote.strip()), None)
    return virtual(lost.gold, lost.document) if lost is not None else None


def _documents(look: Look) -> set[str]:
    return {each.document.id for each in look.standings if each.document is not None}


def _parts(look: Look) -> list[Passage]:
    return [part for each in look.standings if not each.whole for part in each.parts]


def reach(look: Look) -> int:
    """The last of :data:`STAGES` at which some gold of the question is still there."""
    standings = look.standings
    if not standings:
        return -1
    here = [each for each in standings if each.document is not None]
    texts = [each for each in here if each.in_text and (each.gold.quote or each.parts)]
    seen = [each for each in texts if each.item is not None and look.asker.allows(each.item.readers)]
    whole = [each for each in seen if each.whole]
    for stage, left in enumerate((here, texts, seen, whole)):
        if not left:
            return stage
    ids = {passage.id for each in whole for passage in each.whole}
    place = look.place()
    depth = look.reruns.settings.candidates
    if place is None:
        ranks = look.reruns.ranks(look.question.text, look.asker, ids, depth)
        return 4 if ranks.fused is None else 5
    if not look.read():
        return 6
    return 8 if any(each.gold for each in look.result.citations) else 7


def rungs(climbs: Sequence[Climb]) -> tuple[Rung, ...]:
    """The ladder over all questions; none when there are none."""
    if not climbs:
        return ()
    found: list[Rung] = []
    for number, (name, meaning) in enumerate(RUNGS):
        figure = interval([float(each.right[number]) for each in climbs])
        gain = figure.value - found[-1].figure.value if found else 0.0
        found.append(Rung(name, meaning, figure, gain))
    return tuple(found)


def funnel(climbs: Sequence[Climb]) -> tuple[Stage, ...]:
    """How many questions have their gold after each stage."""
    return tuple(
        Stage(name, sum(each.reached >= stage for each in climbs)) for stage, name in enumerate(STAGES)
    )  # fmt: skip
