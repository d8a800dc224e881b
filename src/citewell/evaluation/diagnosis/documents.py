"""The tests that need no search: is the gold's document here, were its words read, can the label be right?"""

from __future__ import annotations

from collections.abc import Sequence

from citewell.evaluation.anchoring import covers
from citewell.evaluation.diagnosis import labels
from citewell.evaluation.diagnosis.golds import Standing
from citewell.evaluation.diagnosis.look import Finding, Look, virtual
from citewell.evaluation.diagnosis.traces import holds
from citewell.evaluation.runs import Cited, Found
from citewell.records import Passage

_PAGES_NEAR = 2  # pages from one that a set names on which the answer may stand as well
_QUOTED = 90  # characters of a text shown as evidence


def quoted(text: str, longest: int = _QUOTED) -> str:
    """A text on one line, between quotation marks."""
    flat = " ".join(text.split())
    return f"“{flat}”" if len(flat) <= longest else f"“{flat[: longest - 1]}…”"


def in_corpus(look: Look) -> Finding | str:
    """Whether a document of a gold is in the collection. A string says how the test was passed."""
    here = [standing for standing in look.standings if standing.document is not None]
    if here:
        look.standings = here
        return f"the collection has {', '.join(sorted({_name(each) for each in here}))}"
    broken = [each for each in look.standings if each.item is not None and each.item.status in {"failed", "skipped"}]
    if broken and broken[0].item is not None:
        item = broken[0].item
        return Finding(
            "lost_in_parsing", f"{_name(broken[0])} could not be read ({item.reason}): {item.message}",
            *_with_words(look, broken[0]), kind="not read", advice=f"citewell failures explain {_name(broken[0])}",
        )  # fmt: skip
    first = look.standings[0]
    called = first.gold.name or first.gold.document
    named = f"no document is called '{called}'" if called else "the set names no document"
    if first.item is not None and first.item.status == "excluded":
        named = f"{_name(first)} was left out on request"
    other = look.library.elsewhere(first.gold.quote, "") if first.gold.quote else None
    if other is not None:
        said = any(holds(each.quote, first.gold.quote) or each.gold for each in look.result.citations)
        if said or not first.gold.document:
            return Finding(
                "gold_doubtful", f"{named}; its words stand in {_short(other.uri)}",
                "the answer cites these words, so with that document as the gold it is right", True,
                kind="another document",
            )  # fmt: skip
        named += f" (the same words also stand in {_short(other.uri)})"
    return Finding("not_in_corpus", named, *_with_words(look, first))


def in_text(look: Look) -> Finding | str:
    """Whether the gold's words are in what was read of its document."""
    found = [standing for standing in look.standings if standing.in_text]
    with_page = [each for each in found if each.gold.quote or each.gold.page is None or each.parts]
    if with_page:
        look.standings = with_page
        return f"{_name(with_page[0])} says {quoted(_gold_text(with_page[0]))}"
    if found:
        if beside := _on_another_page(look, found[0], None):
            return beside
        return Finding(
            "lost_in_parsing", f"nothing was read of page {found[0].gold.page} of {_name(found[0])}{_notes(found[0])}",
            "the set gives no words that could be tried in its place", None, kind="page without text",
            advice=f"citewell show {_name(found[0])} --parse",
        )  # fmt: skip
    return max((_not_in_text(look, each) for each in look.standings), key=lambda each: each.fault == "lost_in_parsing")


def _not_in_text(look: Look, standing: Standing) -> Finding:
    document, trace, quote = standing.document, standing.trace, standing.gold.quote
    if document is not None and standing.gold.span is not None and not quote:
        start, end = standing.gold.span
        return Finding(
            "gold_doubtful", f"the set gives characters {start}-{end} of {_name(standing)} and no words, so that "
            "where they stand today is not known", "no re-run can be right: nothing says which words", None,
            kind="the document changed" if look.result.state == "stale" else "no such characters",
        )  # fmt: skip
    if document is None or trace is None:
        raise ValueError("Only a gold with words and a document can be missing from its text.")
    advice = f"citewell show {_name(standing)} --parse"
    hidden = next((each for each in document.hidden if holds(each.text, quote)), None)
    if hidden is not None:
        evidence = f"{_name(standing)} holds it as text the file shows to nobody ({hidden.reason})"
        return Finding("lost_in_parsing", evidence, *_with_words(look, standing), kind="hidden text", advice=advice)
    near = quoted(document.text[slice(*trace.span)])
    if trace.kind == "garbled":
        evidence = (
            f"{_name(standing)} has {near} for {quoted(quote)}: {trace.likeness:.0%} of its letters in order, "
            f"{trace.words:.0%} of its words near by"
        )
        return Finding("lost_in_parsing", evidence, *_with_words(look, standing), kind="garbled", advice=advice)
    if trace.kind == "changed":
        old, new = " ".join(trace.lost[:6]) or "nothing", " ".join(trace.instead[:6])
        evidence = f"{_name(standing)} has {near}: '{new}' where the gold says '{old}'"
        return Finding(
            "gold_doubtful", evidence, "no re-run can be right: the document says something else", None,
            kind="the document changed" if look.result.state == "stale" else "the document says otherwise",
        )  # fmt: skip
    return _gone(look, standing, advice)


def _gone(look: Look, standing: Standing, advice: str) -> Finding:
    """No trace of the words: they were dropped, or they never stood there."""
    quote, name = standing.gold.quote, _name(standing)
    if look.result.state == "stale":
        return Finding(
            "gold_doubtful", f"{name} changed since the set was made, and {quoted(quote)} is gone",
            "no re-run can be right: the words are nowhere", None, kind="the document changed",
        )  # fmt: skip
    other = look.library.elsewhere(quote, standing.gold.document)
    if other is not None:
        return Finding(
            "gold_doubtful", f"{name} does not say {quoted(quote)}; {_short(other.uri)} does",
            "the words are in the collection, where the set does not look for them", None, kind="another document",
        )  # fmt: skip
    said = labels.likeness(look.question.text, look.question.answers, [quote])
    if look.question.answers and said < labels.UNLIKE / 2:
        return Finding(
            "gold_doubtful", f"{name} does not say {quoted(quote)}, which has {said:.0%} of question and reference",
            "no re-run can be right", None, kind="unlike the reference",
        )  # fmt: skip
    evidence = f"no trace of {quoted(quote)} in what was read of {name}{_notes(standing)}"
    return Finding("lost_in_parsing", evidence, *_with_words(look, standing), kind="missing", advice=advice)


def _with_words(look: Look, standing: Standing) -> tuple[str, bool | None]:
    """Asks again as if the gold's words stood in the index; what came of it, and whether that was right."""
    gold = standing.gold
    if not gold.quote.strip():
        return "the set gives no words that could be tried in its place", None
    parts: list[Passage] = []
    if standing.document is not None and standing.trace is not None and standing.trace.kind != "gone":
        start, end = standing.trace.span
        of_document = look.reruns.index.of_document(standing.document.id, look.asker)
        parts = [each for each in of_document if each.span[0] < end and start < each.span[1]]
    passage = virtual(gold, standing.document, parts[0] if parts else None)
    question = look.question.text
    hits = look.reruns.placed(question, look.asker, passage, parts)
    outcome = look.outcome(hits, None, passage)
    if outcome == "right":
        return "with its words in the index, at the place their score gives them, the answer is right", True
    outcome = look.outcome(look.reruns.first(hits, [passage]), None, passage)
    if outcome == "right":
        return "with its words in the index and ranked first, the answer is right", True
    return f"even with its words in the index the answer is {outcome}: expect a second fault", False


def label(look: Look) -> Finding | str:
    """Whether the gold says what the reference says, and whether the answer says it from another place."""
    question, references = look.question, look.question.answers
    if shown := _shown_after_all(look):
        return shown
    if not references:
        return "the set gives no reference answer to compare with"
    said = max(labels.likeness(question.text, references, _gold_texts(each)) for each in look.standings)
    cited = cited_texts(look)
    if said < labels.UNLIKE:
        instead = max((labels.likeness(question.text, references, [text]) for text in cited), default=0.0)
        told = f"; where the answer points it is {instead:.0%}" if instead > said else ""
        return Finding(
            "gold_doubtful", f"around the gold {quoted(_gold_text(look.standings[0]), 60)} stand {said:.0%} of the "
            f"words of question and reference {quoted(references[0], 60)}{told}",
            "no re-run can be right: an answer that shows this gold does not say the reference", None,
            kind="unlike the reference",
        )  # fmt: skip
    for standing in look.standings:
        if beside := _on_another_page(look, standing, _PAGES_NEAR):
            return beside
    for citation, text in zip(look.result.citations, cited, strict=True):
        if not citation.gold and labels.answers(question.text, references, [text]):
            return Finding(
                "gold_doubtful", f"{_short(citation.uri)} says the reference as well: {quoted(citation.quote)}",
                "with that place as a further gold the answer is right", True, kind="another place",
            )  # fmt: skip
    return f"{said:.0%} of the words of question and reference stand around it"


def _shown_after_all(look: Look) -> Finding | None:
    """Whether the answer cites the very words, which the set writes otherwise than the document, so that the evaluation
    did not find them there."""
    for standing in look.standings:
        for citation in look.result.citations:
            span = standing.gold.span
            if span and citation.document_id == standing.gold.document and covers(citation.span, span):
                return Finding(
                    "gold_doubtful", f"the answer cites the gold; {_name(standing)} writes it otherwise than the set: "
                    f"{quoted(citation.quote)}", "with the document's own words as the gold the answer is right", True,
                    kind="written otherwise",
                )  # fmt: skip
    return None


def _on_another_page(look: Look, standing: Standing, near: int | None) -> Finding | None:
    """Of a gold that is a page: whether the answer says the reference from another page of the document, at most
    ``near`` away. Sets give pages counted from 0 or by what is printed, and texts go on on the next page."""
    page, document = standing.gold.page, standing.document
    if page is None or standing.gold.quote or document is None:
        return None
    quotes, pages = [], set()
    for citation in look.result.citations:
        hit = _hit_of(look, citation)
        other = hit.page if hit is not None and hit.document_id == document.id else None
        if other is not None and other != page and (near is None or abs(other - page) <= near):
            quotes.append(citation.quote)
            pages.add(other)
    said = labels.best_said(look.question.answers, quotes)
    if said < labels.BESIDE:
        return None
    return Finding(
        "gold_doubtful", f"the set says page {page} of {_name(standing)}; the answer says {said:.0%} of the reference "
        f"from page {', '.join(map(str, sorted(pages)))}: {quoted(quotes[0])}",
        "with that page as a further gold the answer is right", True, kind="another page",
    )  # fmt: skip


def _hit_of(look: Look, citation: Cited) -> Found | None:
    """The hit a citation was taken from."""
    return next(
        (
            hit
            for hit in look.result.hits
            if hit.document_id == citation.document_id and hit.span[0] <= citation.span[0] < hit.span[1]
        ),
        None,
    )


def cited_texts(look: Look) -> list[str]:
    """What a reader of each citation sees of it: the quote, and the title and headings above it."""
    shown = []
    for citation in look.result.citations:
        hit = _hit_of(look, citation)
        passages = look.reruns.get([hit.passage_id], look.asker) if hit is not None else []
        shown.append(f"{passages[0].context}\n{citation.quote}" if passages else citation.quote)
    return shown


def _gold_texts(standing: Standing) -> list[str]:
    """What the gold says, and what stands around and above it."""
    return [standing.gold.quote, *(part.searchable for part in standing.parts)]


def _gold_text(standing: Standing) -> str:
    return standing.gold.quote or (standing.parts[0].text if standing.parts else "")


def _notes(standing: Standing) -> str:
    notes = standing.document.notes if standing.document is not None else ()
    return f" ({notes[0]})" if notes else ""


def _name(standing: Standing) -> str:
    return _short(standing.item.uri) if standing.item is not None else standing.gold.document


def _short(uri: str) -> str:
    """The last two parts of a path: enough to tell documents apart in one line."""
    return "/".join(uri.split("/")[-2:])


def names(standings: Sequence[Standing]) -> str:
    return ", ".join(sorted({_name(each) for each in standings}))
