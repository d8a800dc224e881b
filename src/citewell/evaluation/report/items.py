"""The questions, one by one: what was asked, expected, answered, cited and found."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from citewell.evaluation.questions import Gold
from citewell.evaluation.report.blocks import fact_list, section
from citewell.evaluation.report.causes import fault_name
from citewell.evaluation.report.markup import Child, Markup, element
from citewell.evaluation.report.words import STATES, deciding, exact, fact, meaning, questions, went_right
from citewell.evaluation.runs import Cited, Found, Result, Run, Sentence
from citewell.records import Json

WRONG_BYTES, RIGHT_BYTES = 4_500_000, 1_500_000
"""Room for questions that went wrong and for the others: with plots and tables the file stays under 8 MB, which a phone
still opens and a mail still carries."""

RIGHT_SAMPLE = 300
"""More right questions than this are sampled: they are there to see what right looks like."""

_HIT_CHARACTERS, _QUOTE_CHARACTERS, _ANSWER_CHARACTERS, _STEP_CHARACTERS, _HITS = 400, 1_000, 4_000, 300, 10
_MARKS = {True: ("right", "✓ right"), False: ("wrong", "✗ wrong"), None: ("doubtful", "? not judged")}


@dataclass(frozen=True, slots=True)
class Names:
    """Documents as a reader wants them: without the folders that all of them share.

    known: URIs by document id, for golds, which have only the id.
    """

    shared: str = ""
    known: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def of(run: Run) -> Names:
        known: dict[str, str] = {}
        for result in run.results:
            known |= {hit.document_id: hit.uri for hit in result.hits}
            known |= {cited.document_id: cited.uri for cited in result.citations}
        folders = {os.path.dirname(uri) for uri in known.values() if uri.startswith("/")}  # noqa: PTH120 - not our files
        return Names(os.path.commonpath(folders) + "/" if folders else "", known)

    def short(self, uri: str) -> str:
        return uri.removeprefix(self.shared) if len(self.shared) > 1 else uri


def items(run: Run, cases: Mapping[str, Json]) -> Markup:
    """The section: every question of a small run; of a large one those that went wrong and a sample of the others."""
    rule, names = deciding(run), Names.of(run)
    judged = [(place, result, went_right(result, rule)) for place, result in enumerate(run.results)]
    wrong = [each for each in judged if each[2] is False]
    others = [each for each in judged if each[2] is not False]
    sampled = _spread(others, RIGHT_SAMPLE)
    shown = [
        *_within(((place, _item(place, result, right, names, cases)) for place, result, right in wrong), WRONG_BYTES),
        *_within(((place, _item(place, result, right, names, cases)) for place, result, right in sampled), RIGHT_BYTES),
    ]
    said = f"{questions(len(judged))}: {len(wrong):,} went wrong"
    said += f" (judged by “{meaning(rule[0]).label.lower()}”). " if rule else ". "
    said += "Those that went wrong stand first."
    places = {place for place, _, _ in wrong}
    kept_wrong = sum(place in places for place, _ in shown)
    if len(shown) < len(judged):
        said += (
            f" This page has {kept_wrong:,} of those that went wrong and {len(shown) - kept_wrong:,} of the "
            f"{len(others):,} others, so that it stays small; the run itself has all:  citewell evaluate show RUN"
        )
    return section(
        "questions", "The questions", element("p", said), _tools(),
        element("div", *(markup for _, markup in shown), id="items"),
    )  # fmt: skip


def _spread(judged: Sequence[tuple[int, Result, bool | None]], most: int) -> list[tuple[int, Result, bool | None]]:
    """At most so many, evenly from the whole list: the same ones each time."""
    if len(judged) <= most:
        return list(judged)
    return [judged[index * len(judged) // most] for index in range(most)]


def _within(made: Iterable[tuple[int, Markup]], room: int) -> Iterable[tuple[int, Markup]]:
    for place, markup in made:
        room -= len(markup.encode("utf-8", "replace"))
        if room < 0:
            return
        yield place, markup


def _tools() -> Markup:
    """Filters. Hidden until the script shows them: without it they would do nothing."""

    def choice(key: str, label: str, options: Sequence[tuple[str, str]]) -> Markup:
        listed = [element("option", words, value=value) for value, words in options]
        return element("div", element("label", label, for_=key), element("select", *listed, id=key))

    return element(
        "div",
        element("div", element("label", "Words in it", for_="words"), element("input", id="words", type="search")),
        choice("which", "Which", [("all", "all"), ("wrong", "wrong"), ("right", "right"), ("refused", "refused"),
                                  ("noted", "with a doubtful gold")]),
        choice("order", "Order", [("page", "wrong first"), ("set", "as in the set"), ("sure", "surest first"),
                                  ("unsure", "least sure first")]),
        element("p", id="told", role="status", class_="small muted"),
        id="tools", class_="tools", role="search", aria_label="Filter the questions", hidden=True,
    )  # fmt: skip


# -- one question ------------------------------------------------------------------------------------------------------


def _item(place: int, result: Result, right: bool | None, names: Names, cases: Mapping[str, Json]) -> Markup:
    question = result.question
    kind, mark = _MARKS[right]
    kinds = [kind, *(["refused"] if result.refused else []), *(["noted"] if result.state in STATES else [])]
    summary = element(
        "summary",
        element("span", mark, class_=kind), " ", element("bdi", question.text), " ",
        element("span", " · ".join(_tags(result)), class_="small muted"),
    )  # fmt: skip
    body = element(
        "div",
        _cause(cases.get(question.id)), _expected(result, names), _given(result, names), _hits(result.hits, names),
        _measured(result),
    )  # fmt: skip
    return element(
        "details", summary, body,
        class_="item", data_kinds=" ".join(kinds), data_place=place, data_sure=f"{result.confidence:.6f}",
    )  # fmt: skip


def _tags(result: Result) -> list[str]:
    found = [result.question.id]
    if result.refused:
        found.append("refused")
    if result.error:
        found.append("failed")
    if not result.question.answerable:
        found.append("has no answer")
    if result.state in STATES:
        found.append(f"gold: {STATES[result.state]}")
    return found


def _cause(case: Json | None) -> Child:
    if not case:
        return None
    kind = f" ({case['kind']})" if case.get("kind") else ""
    told = [("Evidence", "evidence"), ("Asked again", "counterfactual"), ("What to do", "advice")]
    return [
        element("h3", f"Why: {fault_name(str(case.get('fault', ''))).lower()}{kind}"),
        fact_list((label, _said(fact(case[name]))) for label, name in told if case.get(name)),
        _steps(case),
    ]


def _steps(case: Json) -> Markup | None:
    """Every test that the diagnosis made, from the documents to the answer."""
    steps = case.get("steps")
    listed = [
        element(
            "li", f"{step.get('test', '')}: ", element("strong", str(step.get("outcome", ""))),
            element("div", _cut(str(step.get("evidence", "")), _STEP_CHARACTERS), class_="small muted"),
        )
        for step in (steps if isinstance(steps, list) else ()) if isinstance(step, dict)
    ]  # fmt: skip
    return element("details", element("summary", "Every test"), element("ol", *listed)) if listed else None


def _expected(result: Result, names: Names) -> Child:
    question = result.question
    found: list[Child] = [element("h3", "Expected")]
    if not question.answerable:
        found.append(element("p", "No answer: the documents do not have one."))
    found += [element("p", _cut(answer, _ANSWER_CHARACTERS), class_="said", dir="auto") for answer in question.answers]
    for gold in question.golds:
        found.append(element("p", _gold_place(gold, names), class_="small muted"))
        if gold.quote:
            found.append(_quote(gold.quote))
    if question.key_points:
        found.append(element("ul", *(element("li", point) for point in question.key_points)))
    if question.note:
        found.append(element("p", question.note, class_="small muted"))
    return found if len(found) > 1 else None


def _gold_place(gold: Gold, names: Names) -> str:
    """The document by its name where any hit or citation of the run tells it."""
    where = names.short(names.known.get(gold.document, gold.document)) or "any document"
    return f"{where}{f', page {gold.page}' if gold.page is not None else ''}"


def _given(result: Result, names: Names) -> Child:
    if result.error:
        return [element("h3", "No answer: the system failed"), element("p", result.error, class_="said")]
    found: list[Child] = [element("h3", f"Answered ({result.confidence * 100:.0f} % sure)")]
    if result.refused:
        found = [
            element("h3", f"Refused ({result.confidence * 100:.0f} % sure)"),
            element("p", result.refusal.replace("_", " "), class_="said"),
        ]
    elif result.sentences:
        found += [_sentence(each) for each in result.sentences]
    elif result.answer:
        found.append(element("p", _cut(result.answer, _ANSWER_CHARACTERS), class_="said", dir="auto"))
    else:
        return None
    if result.citations:
        cited = [element("li", _citation(each, names)) for each in result.citations]
        found += [element("h3", "Citations"), element("ol", *cited)]
    return found


def _sentence(sentence: Sentence) -> Markup:
    numbers = "".join(f"[{index + 1}]" for index in sentence.citations)
    doubtful = sentence.verdict not in {"supported", "weak"}
    return element(
        "p",
        element("span", _cut(sentence.text, _ANSWER_CHARACTERS), class_="said", dir="auto"),
        element("span", f" {numbers or 'no citation'}", class_="muted" if numbers else "wrong"),
        element("span", f" {sentence.verdict} by what it cites ({sentence.support:.2f})", class_="small wrong")
        if doubtful else None,
    )  # fmt: skip


def _citation(cited: Cited, names: Names) -> list[Child]:
    verdict = element("span", "shows the answer", class_="right") if cited.gold else \
        element("span", "does not show the expected place", class_="muted")  # fmt: skip
    broken = None if cited.exact else element("span", " · not word for word", class_="wrong")
    return [element("bdi", names.short(cited.uri)), " – ", verdict, broken, _quote(cited.quote)]


def _hits(hits: Sequence[Found], names: Names) -> Child:
    if not hits:
        return None
    listed = [
        element(
            "li",
            element("bdi", names.short(hit.uri)), f", page {hit.page}" if hit.page is not None else None,
            element("span", " · holds the answer", class_="right") if hit.gold else None,
            element("span", f" · {hit.score:.3f}", class_="small muted"),
            element("div", _cut(hit.text, _HIT_CHARACTERS), class_="small muted", dir="auto") if hit.text else None,
        )
        for hit in hits[:_HITS]
    ]  # fmt: skip
    first = next((rank for rank, hit in enumerate(hits, 1) if hit.gold), None)
    told = f"the answer stands in place {first}" if first else "none of them holds the expected place"
    more = element("p", f"and {len(hits) - _HITS} more", class_="small muted") if len(hits) > _HITS else None
    return [element("h3", f"Found ({told})"), element("ol", *listed, class_="hits"), more]


def _measured(result: Result) -> Child:
    if not result.metrics and not result.timings:
        return None
    values = [f"{name} {exact(value)}" for name, value in result.metrics.items()]
    values += [f"{stage} {seconds:.4f} s" for stage, seconds in result.timings.items()]
    return [element("h3", "Measured"), element("p", " · ".join(values), class_="small muted")]


def _quote(text: str) -> Markup:
    return element("blockquote", _cut(text, _QUOTE_CHARACTERS), dir="auto")


def _said(text: str) -> Markup:
    return element("span", _cut(text, _ANSWER_CHARACTERS), class_="said")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most].rstrip() + " …"
