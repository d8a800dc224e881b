"""Questions about what to do: from sentences with a condition, a purpose or a way."""

from __future__ import annotations

import re

from citewell.evaluation.making.asking import PRONOUN, made
from citewell.evaluation.making.clauses import clause_of
from citewell.evaluation.making.drafts import Draft, Material
from citewell.records import Span

_IF = re.compile(r"(?P<word>If|When|Whenever|Before|After|Once) (?P<clause>[^,]{8,110}), (?:then )?(?P<main>[^,].{8,})")
_TO = re.compile(r"(?:In order to|To) (?P<what>[a-z][^,]{6,90}), (?P<main>.{12,})")
_BY_DOING = re.compile(
    r"(?P<who>You|Employees|Users|Staff|Customers|Members|Participants) (?:can|"
    r"may) (?P<what>[^,]{8,90}?) by (?P<how>\w+ing .{6,})"
)
_NO_PURPOSE = re.compile(
    r"(?:the|my|your|date|this|that|whom|our|a|an|some|be clear|be honest|be fair|sum|summarize|recap|learn more|me|"
    r"him|her|us|them|no|all|any)\b"
)
_IMPERATIVE = frozenset(
    """add ask attach avoid bring call change check choose click close complete confirm contact copy create delete
    discuss do download e-mail email ensure enter fill find follow forward get give go include inform install join
    keep leave let log look make mark move note notify open order pay phone place please press provide put reach
    read record refer remove repeat replace reply report request restart return review run save schedule select send
    set sign speak start stop submit switch take talk tell try turn update upload use verify visit wait wear work
    write""".split()  # noqa: SIM905
)


_ELSEWHERE = re.compile(r"(?i)\b(?:this|these|those|following|below|above|here)\b")
_GOES_ON = re.compile(r"(?i)(?:and|or|but|which|who|as|including|such|for example|especially)\b")
_TIME = frozenset({"when", "once", "after", "before"})
_PAST = re.compile(r"\b(?:became|was|were|had|did)\b")
_HAS_VERB = re.compile(
    r"(?i)\b(?:is|are|has|have|do|does|can|must|need|needs|want|wish|will|was|were|you|we|[a-z]+s|[a-z]+ed)\b"
)
_YOU_MODAL = re.compile(
    r"(?i)you(?:’ll|'ll)? (?P<modal>should|must|can|may|need to|will need to|have to|are required to)\b"
    r"(?! be\b| not\b| also\b)"
)
_STATED = re.compile(r"(?:[Tt]he|[Yy]our|[Aa]n?|[A-Z])")
_ASKED = {"should": "should you do", "must": "must you do", "can": "can you do", "may": "can you do"}


def condition(given: Material, span: Span, sentence: str) -> Draft | None:
    """From "If the gateway is offline, restart it." to "What should you do if the gateway is offline?"."""
    found = _IF.fullmatch(sentence.rstrip(".!"))
    if not found or not _is_condition(found["word"].lower(), found["clause"]) or _ELSEWHERE.search(found["main"]):
        return None
    word = found["word"].lower().replace("whenever", "when")
    asked = _asked_of(found["main"], word)
    if not asked:
        return None
    rule = f"sentence '{found['word']} …, …'"
    return made(
        given, f"{asked} {word} {found['clause']}?", found["main"], span, "condition", rule, found["clause"],
        vague=len(found["clause"].split()) < 6,
    )  # fmt: skip


def _is_condition(word: str, clause: str) -> bool:
    """Whether this is one clause with a verb, about the present, that points at nothing outside."""
    several = re.search(r"(?i)\b(?:if|when)\b", clause)
    past = (word in _TIME and _PAST.search(clause)) or re.match(r"\w+ed\b", clause)
    return not (several or past or PRONOUN.search(clause)) and bool(_HAS_VERB.search(clause))


def _asked_of(main: str, word: str) -> str:
    """The question that the main clause answers; empty when it is of no known form."""
    if _GOES_ON.match(main):
        return ""
    if main.split(maxsplit=1)[0].lower() in _IMPERATIVE:
        return "What should you do"
    if modal := _YOU_MODAL.match(main):
        return f"What {_ASKED.get(modal['modal'].lower(), 'do you need to do')}"
    stated = _STATED.match(main) and not PRONOUN.match(main) and clause_of(main[:1].upper() + main[1:])
    return "What happens" if stated and word in {"if", "when"} else ""


def purpose(given: Material, span: Span, sentence: str) -> Draft | None:
    """From "To get approval, submit the form." to "How do you get approval?"."""
    found = _TO.fullmatch(sentence.rstrip(".!"))
    if not found or _NO_PURPOSE.match(found["what"]) or PRONOUN.search(found["what"]):
        return None
    if (
        not re.match(r"(?i)(?:you|employees|users|staff|customers)\b", found["main"])
        and found["main"].split()[0].lower() not in _IMPERATIVE
    ):
        return None
    if _ELSEWHERE.search(found["main"]):
        return None
    if re.match(r"be \w+ for\b|be eligible|qualify|continue", found["what"]):
        question = f"What is required to {found['what']}?"
    else:
        question = f"How do you {found['what']}?"
    return made(
        given,
        question,
        found["main"],
        span,
        "how-to",
        "sentence 'To …, …'",
        found["what"],
        vague=len(found["what"].split()) < 4,
    )


def manner(given: Material, span: Span, sentence: str) -> Draft | None:
    found = _BY_DOING.fullmatch(sentence.rstrip(".!"))
    if not found or PRONOUN.search(found["what"]) or re.match(r"\w*thing\b|spring|morning|evening", found["how"]):
        return None
    question = f"How can {found['who'].lower()} {found['what']}?"
    return made(given, question, f"by {found['how']}", span, "how-to", "sentence '… by doing …'", found["what"])
