"""English questions from single sentences: how many, how much, when, who, where, why, what if, how to.

Every rule takes the sentence apart with plain patterns, turns it round, and leaves out what is not needed; a sentence
that does not fit gives nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from citewell.evaluation.making.advice import condition, manner, purpose
from citewell.evaluation.making.asking import PRONOUN, YOURS, made
from citewell.evaluation.making.clauses import Clause, clause_of, in_sentence
from citewell.evaluation.making.drafts import Draft, Material
from citewell.evaluation.making.quantities import cost_of, how_many, value_of, when
from citewell.evaluation.making.reading import sentences_of
from citewell.evaluation.making.shapes import looks_like_person
from citewell.records import Span


def statement_drafts(given: Material) -> Iterator[Draft]:
    """At most one question for each sentence: that of the first rule that fits."""
    if not given.english:
        return
    for block, span, sentence in sentences_of(given):
        if _NUMBERED.match(sentence) or "http" in sentence or block.kind == "quote":
            continue
        for rule in (condition, purpose, manner, _who):
            if draft := rule(given, span, sentence):
                yield draft
                break
        else:
            clause = clause_of(sentence)
            if clause and not re.search(r"(?i)\b(?:not|never|no longer)\b", clause.rest):
                yield from _first(given, span, sentence, clause)


_NUMBERED = re.compile(r"^(?:\d+[.)]|[a-z][.)]|step \d|•) ", re.IGNORECASE)


def _first(given: Material, span: Span, sentence: str, clause: Clause) -> Iterator[Draft]:
    rules: tuple[Callable[[Material, Span, str, Clause], Draft | None], ...] = (
        value_of, cost_of, how_many, when, _by_whom, _where, _why, _what,
    )  # fmt: skip
    for rule in rules:
        if draft := rule(given, span, sentence, clause):
            yield draft
            return


_ROLE = re.compile(
    r"(?i).*\b(?:managers?|heads?|directors?|teams?|departments?|officers?|supervisors?|boards?|committees?|council|"
    r"office|administrators?|president|chair|engineers?|desk|auditors?|lead|leads|owner|owners|authority|agency|"
    r"employer|employees?|court|minister|ministry|secretary|accountants?|HR|CEO|CFO|CTO|CISO|counsel|staff|support|"
    r"finance|legal|personnel|security)"
)
_AGENT = re.compile(
    r"(?P<who>[A-Z][\w .'’&-]{2,60}?) (?P<does>(?:(?:must|may|should|will|can) )?(?:approves?|decides?|signs?|leads?|"
    r"manages?|chairs?|handles?|maintains?|owns?|reviews?|monitors?|administers?|oversees?|coordinates?|supervises?|"
    r"determines?|is responsible for|are responsible for|is in charge of|is accountable for|be responsible for|wrote|"
    r"founded|invented|designed|discovered|directed|composed|proposed|checks?|issues?|appoints?|keeps?|pays?) .{6,})"
)
_DONE = re.compile(
    r"(?P<be>be |being |been )?(?:(?:only|usually|also|always|then|first|normally|generally|either) )?"
    r"(?P<done>[a-z]+(?:ed|en|own|ought|aid|ade|eld|et))\b(?: only\b)?(?P<more> .*)?"
)
_BY = re.compile(
    r"^(?P<before>(?:\w+ ){0,2}[a-z]+(?:ed|en|own|ought|aid|ade|eld|et)\b[^,;]{0,40}?) by (?P<who>(?:the |an? |your |"
    r"our )?[\w '’&-]{3,50})$"
)
_PLACED = re.compile(
    r"^(?P<how>located|kept|stored|held|found|situated|archived|filed|saved|posted|displayed|installed|mounted|hosted|"
    r"headquartered) (?P<where>(?:in|at|on|near|under|behind|next to|inside|above|outside) .+)$"
)
_WHY = re.compile(r"^(?P<claim>[^,]{8,120}?),? because (?P<reason>.{8,})$")


def _who(given: Material, span: Span, sentence: str) -> Draft | None:
    """From "The head of IT approves exceptions." to "Who approves exceptions?"."""
    found = _AGENT.fullmatch(sentence.rstrip("."))
    if not found or not _is_agent(found["who"]):
        return None
    does = re.split(r"[;,]| (?:but|because|if|unless|when|which|so|who|by) | and (?![A-Z])", found["does"])[0].strip()
    does = re.sub(
        r"^(approve|decide|sign|lead|manage|chair|handle|maintain|own|review|monitor|administer|coordinate|supervise|"
        r"determine|check|issue|appoint|keep|pay)\b",
        r"\1s",
        does,
    )
    does = re.sub(r"^are responsible", "is responsible", does).replace("overseess", "oversees")
    if len(does.split()) < 3 or PRONOUN.search(does) or re.search(r"\b(?:to|of|the|for|with)$", does):
        return None
    return made(given, f"Who {does}?", found["who"], span, "person", "sentence 'WHO does …'", does, "text")


def _by_whom(given: Material, span: Span, _sentence: str, clause: Clause) -> Draft | None:
    if not clause.auxiliary or clause.verb == "cannot":
        return None
    found = _BY.match(clause.rest)
    if not found or not _is_agent(found["who"]):
        return None
    taken = _DONE.match(found["before"])
    if not taken:
        return None
    done, more = f"{taken['be'] or ''}{taken['done']}", taken["more"] or ""
    question = f"Who {clause.asked(done)} by {more}?"
    return made(
        given,
        question,
        found["who"],
        span,
        "person",
        "sentence '… by WHO'",
        f"{clause.subject} {found['before']}",
        "text",
    )


def _is_agent(who: str) -> bool:
    """Whether a person, a role or a part of an organisation does this, and not a pronoun."""
    return not PRONOUN.search(who) and not re.match(
        r"(?i)(?:you|we|all|each|any|every|if|when|please|also|then|who)\b", who
    ) and (
        looks_like_person(who.strip()) or bool(_ROLE.fullmatch(who.strip()))
    )  # fmt: skip


def _where(given: Material, span: Span, _sentence: str, clause: Clause) -> Draft | None:
    if clause.verb not in {"is", "are", "was", "were"}:
        return None
    found = _PLACED.match(clause.rest)
    if not found or PRONOUN.search(found["where"]) or re.match(r"at \d", found["where"]):
        return None
    question = f"Where {clause.asked(found['how'])}?"
    return made(
        given, question, found["where"], span, "place", "sentence '… is kept in …'", f"{clause.subject} {found['how']}"
    )


def _why(given: Material, span: Span, sentence: str, clause: Clause) -> Draft | None:
    found = _WHY.match(sentence.rstrip("."))
    if not found or not clause.auxiliary:
        return None
    inner = clause_of(found["claim"] + ".")
    if inner is None or not inner.whole or PRONOUN.search(inner.rest):
        return None
    return made(
        given,
        f"Why {inner.asked(inner.rest)}?",
        f"because {found['reason']}",
        span,
        "reason",
        "sentence '… because …'",
        f"{inner.subject} {inner.rest}",
    )


_WHAT_VERBS = {"includes": "include", "covers": "cover", "contains": "contain", "requires": "require", "needs": "need"}


def _what(given: Material, span: Span, _sentence: str, clause: Clause) -> Draft | None:
    """From "The fee includes delivery." to "What does the fee include?"; also "is used for" and "applies to"."""
    subject = in_sentence(clause.subject)
    if YOURS.match(subject) or PRONOUN.search(clause.rest.split(",")[0]):
        return None
    if re.match(r"(?:to|,|that|a lot|more|less|much|little)\b|,", clause.rest) or re.search(
        r" (?:frequently|often|usually|also|always|typically|only|just)$", subject
    ):
        return None
    if clause.verb in _WHAT_VERBS and 3 <= len(clause.rest.split()) <= 40:
        question, answer = f"What does {subject} {_WHAT_VERBS[clause.verb]}?", clause.rest
    elif clause.verb == "applies" and clause.rest.startswith("to "):
        question, answer = f"What does {subject} apply to?", clause.rest[3:]
    elif clause.verb in {"is", "are"} and (used := re.match(r"used (?:to|for) (?P<what>.{8,})", clause.rest)):
        question, answer = f"What {clause.verb} {subject} used for?", used["what"]
    elif clause.verb == "consists" and clause.rest.startswith("of "):
        question, answer = f"What does {subject} consist of?", clause.rest[3:]
    else:
        return None
    if len(subject.split()) < 2 and not any(each.isupper() for each in subject):
        return None
    return made(
        given, question, answer, span, "fact", f"sentence '… {clause.verb} …'", f"{clause.subject} {clause.verb}"
    )
