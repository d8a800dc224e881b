"""The tests of searching and reading: may the asker see the gold, is it in one piece, found, ranked, read?"""

from __future__ import annotations

import math
from dataclasses import replace

from citewell.access import Scope
from citewell.answering.read import PASSAGES_READ
from citewell.evaluation.diagnosis import labels
from citewell.evaluation.diagnosis.documents import cited_texts, names, quoted
from citewell.evaluation.diagnosis.look import Finding, Look
from citewell.evaluation.diagnosis.reruns import Ranks
from citewell.records import Hit, Passage


def visible(look: Look) -> Finding | str:
    """Whether whoever asked may read a document of a gold."""
    allowed = [each for each in look.standings if each.item is not None and look.asker.allows(each.item.readers)]
    if allowed:
        look.standings = allowed
        who = ", ".join(sorted(look.asker.principals)) if look.asker.principals is not None else "the owner"
        return f"asked as {who}"
    readers = sorted({each for standing in look.standings if standing.item for each in standing.item.readers})
    who = ", ".join(sorted(look.asker.principals or ()))
    ids = {each.id for standing in look.standings for each in standing.shown_by}
    hits = look.reruns.hits(look.question.text, Scope.owner())
    place = next((i for i, hit in enumerate(hits, start=1) if hit.passage.id in ids), None)
    outcome = look.outcome(hits)
    found = f"the same question asked by the owner finds it (rank {place})" if place else "the owner does not find it"
    return Finding(
        "not_retrieved",
        f"{names(look.standings)} is for {', '.join(readers) or 'nobody'}; the question was asked as {who}",
        f"{found}, and is {'refused' if outcome == 'refused' else f'answered {outcome}'}", place is not None,
        kind="hidden by permission", advice="Let the asker read it (citewell-readers.toml), or take the question out",
    )  # fmt: skip


def in_one_piece(look: Look) -> Finding | str:
    """Whether one passage holds the whole gold."""
    if any(standing.whole for standing in look.standings):
        look.standings = [each for each in look.standings if each.whole]
        return "one passage holds all of it"
    standing = next((each for each in look.standings if each.parts and each.document is not None), None)
    if standing is None or standing.document is None:
        name = names(look.standings)
        return Finding("lost_in_parsing", f"no passage of {name} holds the gold's place", kind="not indexed")
    parts = standing.parts
    joined = join(parts, standing.document.text)
    evidence = f"the gold is cut into {len(parts)} passages of {names([standing])}: {_pieces(look, parts)}"
    hits = look.reruns.placed(look.question.text, look.asker, joined, parts)
    outcome = look.outcome(hits)
    told = f"with these joined, at the place their score gives them, the answer is {outcome}"
    return Finding("split_by_chunking", evidence, told, outcome == "right")


def join(parts: tuple[Passage, ...], text: str) -> Passage:
    """Neighbouring passages as one, with what stands between them."""
    start, end = min(each.span[0] for each in parts), max(each.span[1] for each in parts)
    places = tuple(place for part in parts for place in part.places)
    return replace(parts[0], id="joined", text=text[start:end], span=(start, end), places=places)


def _pieces(look: Look, parts: tuple[Passage, ...]) -> str:
    start, end = next((each.gold.span for each in look.standings if each.gold.span), (0, 0))
    inside = (
        each.text[max(0, start - each.span[0]) : max(0, end - each.span[0])].strip() for each in parts
    )  # fmt: skip
    return " | ".join(quoted(each, 40) for each in inside if each)


def among_candidates(look: Look) -> Finding | str:
    """Whether either search has a gold passage among its candidates."""
    ids = {each.id for standing in look.standings for each in standing.shown_by}
    depth = look.reruns.settings.candidates
    ranks = look.reruns.ranks(look.question.text, look.asker, ids, depth)
    if ranks.fused is not None or look.place() is not None:
        return f"among the candidates: {_where(ranks, depth)}"
    deep = look.reruns.ranks(look.question.text, look.asker, ids)
    kind = "by words" if deep.lexical is None else "by meaning" if deep.dense is None else "both"
    evidence = f"not among the {depth} candidates of either search; {_where(deep, None)}"
    advice = {
        "by words": "The question shares no word with the passage: say it in the document's words",
        "by meaning": "Its vector is far from the question's: try another encoder (citewell reindex --encoder DIR)",
    }.get(kind, "")
    if kind == "both":
        kind = "by words and by meaning"
    return Finding("not_retrieved", evidence, *_with_gold_first(look), kind=kind, advice=advice)


def ranked_high(look: Look) -> Finding | str:
    """Whether a gold passage is among those that are read."""
    place = look.place()
    if place is not None and place <= PASSAGES_READ:
        return f"rank {place} of the hits; the first {PASSAGES_READ} are read"
    ids = {each.id for standing in look.standings for each in standing.shown_by}
    ranks = look.reruns.ranks(look.question.text, look.asker, ids, look.reruns.settings.candidates)
    where = _where(ranks, look.reruns.settings.candidates)
    stands = f"rank {place} of the hits" if place else f"below the {look.reruns.settings.hits} hits"
    return Finding(
        "ranked_too_low", f"{stands}, of which the first {PASSAGES_READ} are read; {where}", *_with_gold_first(look),
        kind="among the hits, not read" if place else "below the hits", advice=_ranking_advice(look),
    )  # fmt: skip


def _with_gold_first(look: Look) -> tuple[str, bool]:
    """Asks again with the gold passage first, then without those it was behind."""
    passages = look.gold_passages()
    outcome = look.outcome(look.reruns.first(look.hits(), passages))
    if outcome == "right":
        return "with its passage moved to the first place the answer is right", True
    alone = look.outcome(_only(passages))
    if alone == "right":
        told = f"with its passage moved to the first place the answer is {outcome}; without those before it, right"
        return told, True
    return f"with its passage moved to the first place the answer is {outcome}, alone {alone}", False


def _only(passages: list[Passage]) -> list[Hit]:
    return [Hit(passage, 1.0, "fused") for passage in passages[:1]]


def _ranking_advice(look: Look) -> str:
    """What stands before the gold, if it is mostly one kind of thing."""
    golds = {standing.gold.document for standing in look.standings}
    before = look.result.hits[: (look.place() or len(look.result.hits) + 1) - 1]
    own = sum(hit.document_id in golds for hit in before)
    if before and own > len(before) / 2:
        return f"{own} of the {len(before)} passages before it are of the same document: cut larger passages"
    return ""


def _where(ranks: Ranks, depth: int | None) -> str:
    within = f" of {depth}" if depth else ""
    parts = []
    for name, rank in (("by words", ranks.lexical), ("by meaning", ranks.dense)):
        parts.append(f"{name} rank {rank:,}{within}" if rank else f"{name} not found")
    return ", ".join(parts) + (f", together rank {ranks.fused:,}" if ranks.fused else "")


def read_rightly(look: Look) -> Finding:
    """The last test: the gold was before the reader, or would have been."""
    return _refused(look) if look.result.refused else _answered(look)


def stopped(look: Look) -> Finding:
    """There is no answer to judge: the question could not be asked at all."""
    return Finding(
        "read_wrongly", f"the question could not be asked: {look.result.error}", "", None, kind="failed",
        advice="Mend what the message says, and evaluate again",
    )  # fmt: skip


def _refused(look: Look) -> Finding:
    sure = look.result.confidence
    hits = look.hits() if look.read() else look.reruns.first(look.hits(), look.gold_passages())
    outcome = look.outcome(hits, 0.0)
    stands = f"its passage was read (rank {look.place()})" if look.read() else "its passage was not read"
    evidence = f"{stands}, and the question refused: confidence {sure:.2f}, threshold {look.threshold:.2f}"
    if outcome == "right":
        lost = sum(each >= sure for each in look.peers.refused)
        advice = (
            f"A threshold of {_floor(sure):.2f} answers it; {lost} of {len(look.peers.refused)} right refusals "
            "would be answered as well"
        )
        return Finding(
            "wrongly_refused", evidence, "with a threshold of 0 the answer is right", True, advice=advice
        )  # fmt: skip
    return Finding("read_wrongly", evidence, *_alone(look, f"with a threshold of 0 the answer is {outcome}"))


def _answered(look: Look) -> Finding:
    shown = quoted(look.result.citations[0].quote) if look.result.citations else quoted(look.result.answer)
    stands = f"its passage was read (rank {look.place()})" if look.read() else "its passage was not read"
    return Finding("read_wrongly", f"{stands}, and the answer took {shown}", *_alone(look, ""))


def _alone(look: Look, before: str) -> tuple[str, bool | None]:
    """Asks again with nothing but the gold's passage: does the reader choose the gold then?"""
    outcome = look.outcome(_only(look.gold_passages()), 0.0)
    told = f"alone with its passage{'' if look.read() else ' and never refusing,'} the answer is {outcome}"
    more = ": other passages led away" if outcome == "right" else ": the reader does not see it even then"
    return (f"{before}; " if before else "") + told + more, True


def should_refuse(look: Look) -> Finding:
    """Of an unanswerable question that was answered: was that wrong, or is it answerable?"""
    result, sure = look.result, look.result.confidence
    quotes, texts = [citation.quote for citation in result.citations], cited_texts(look)
    shown = quoted(quotes[0]) if quotes else quoted(result.answer)
    if quotes and labels.seems_answered(look.question.text, sure, quotes[0], texts[0]):
        asked = labels.share_said(look.question.text, texts[:1])
        return Finding(
            "gold_doubtful", f"called unanswerable, but {shown} has {asked:.0%} of its words; confidence {sure:.2f}",
            "with the threshold of any answer as sure as this it is answered", None, kind="answerable after all",
        )  # fmt: skip
    at = _ceiling(sure)
    lost = sum(each < at for each in look.peers.right)
    return Finding(
        "should_have_refused",
        f"answered with {shown}, confidence {sure:.2f} at threshold {look.threshold:.2f}",
        f"a threshold of {at:.2f} refuses it, and {lost} of {len(look.peers.right)} right answers with it", True,
        advice=f"Nothing here answers it: a threshold of {at:.2f} would cost {lost} right answers",
    )  # fmt: skip


def _ceiling(value: float) -> float:
    """The next hundredth above."""
    return min(1.0, math.floor(value * 100 + 1) / 100)


def _floor(value: float) -> float:
    return max(0.0, math.floor(value * 100) / 100)
