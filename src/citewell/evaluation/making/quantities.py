"""Questions about values: how many, how much, what rate, when."""

from __future__ import annotations

import re

from citewell.evaluation.making.asking import YOURS, made
from citewell.evaluation.making.clauses import Clause, in_sentence
from citewell.evaluation.making.drafts import Draft, Material
from citewell.evaluation.making.shapes import AMOUNT, DATE, NUMBER
from citewell.records import Span

_APPROXIMATE = (
    r"(?:about|around|approximately|roughly|nearly|almost|at least|at most|up to|no more than|no later than|"
    r"more than|less than|a maximum of|a minimum of|exactly|only|over|under|another|the first|the last|a total of|"
    r"an additional)"
)
_UNIT = (
    r"(?:(?:working|business|calendar|consecutive|full|paid|unpaid|additional|different|separate|access|sick|leave|"
    r"pay|further|more|federal|continuous|scheduled|regular|elapsed) ){0,3}[a-z]{3,}s"
)
_COUNTED = re.compile(
    rf"(?:\b(?P<prep>for|within|after|in|every|until|at|by|to|from|"
    rf"with) )?(?:(?P<approx>{_APPROXIMATE}) )?(?<![\w.,/$€£–-])(?P<number>{NUMBER}) (?P<unit>{_UNIT})\b"
    r"(?P<of>(?: of (?!what|which|whom|these|those|them)[^,.;]+?(?= (?:for|per|to|within|in|if|when|each|every|"
    r"during|at|before|after|on|by)\b|$))|(?: (?:in advance|prior to|before|after)\b(?:(?! and | or )[^,;])*))?"
)
_NOT_UNITS = re.compile(
    r"(?i).*(?:\b(?:is|was|has|does|percents|this|as|its|plus|versus|always|perhaps|besides|towards|previous|various|"
    r"less|process|business|access|address|status|basis|class|pass|across|us|needs|takes|requires|times))$"
)
_WHEN = re.compile(rf"(?:(?P<prep>on|in|from|by|until|since|before|after) )?(?P<date>{DATE})", re.IGNORECASE)
_MEASURE = re.compile(
    r"(?i)(?:rate|price|fee|cost|limit|maximum|minimum|amount|period|duration|number|deadline|total|interval|term|size|"
    r"length|width|height|temperature|pressure|budget|salary|allowance|value|share|percentage|age|date|distance|speed|"
    r"capacity|weight|copay|copayment|deductible|coinsurance|premium|penalty|discount|turnover|revenue|result|score|"
    r"accuracy|range|level|threshold|address|extension|ceiling|cap|frequency|ratio|charge|volume|density|time|charges|"
    r"limits|fees|costs|prices|hours)s?$"
)
_VALUE = re.compile(
    rf"(?:(?:currently|now|also|usually) )?(?:{_APPROXIMATE} )?(?P<value>(?:{AMOUNT}|{DATE}|\+?\d[\d ()-]{{5,}}\d|"
    rf"{NUMBER}(?![-–/:]\d)(?: (?:working|business|calendar) [a-z]+| ?%| [a-z]+|[A-Z°µ]\w*)?)"
    r"(?: (?:per|a|an|each|every) [\w-]+)?)",
    re.IGNORECASE,
)


def value_of(given: Material, span: Span, _sentence: str, clause: Clause) -> Draft | None:
    """From "The mileage rate is GBP 0.45 per mile." to "What is the mileage rate?"."""
    if clause.verb not in {"is", "are", "was", "were"} or YOURS.match(clause.subject):
        return None
    found = _VALUE.match(clause.rest)
    head = re.split(r" (?:of|for|in|per|on|to|at|with|from|after|before|between|during)\b", clause.subject)[0]
    if not found or not _MEASURE.search(head) or len(clause.subject.split()) < 2:
        return None
    after = re.split(r",| and ", clause.rest[found.end() :].strip())[0]
    tail = (
        after
        if re.match(r"(?:for|in|on|at|per|from|during|if|when|within)\b", after) and len(after.split()) < 9
        else ""
    )
    if re.search(r"\d", tail) or re.match(r"[-–/:]", clause.rest[found.end() :]):
        return None
    question = f"What {clause.verb} {in_sentence(clause.subject)} {tail}?"
    return made(
        given,
        question,
        found.group(),
        span,
        "number",
        "sentence 'the … is AMOUNT'",
        f"{clause.subject} {tail}",
        "number",
    )


def cost_of(given: Material, span: Span, _sentence: str, clause: Clause) -> Draft | None:
    if clause.verb not in {"costs", "cost", "pays", "paid", "charges"}:
        return None
    found = re.match(rf"(?:{_APPROXIMATE} )?{AMOUNT}", clause.rest)
    if not found or not re.search(AMOUNT, found.group()):
        return None
    after = clause.rest[found.end() :].strip()
    tail = after if re.match(r"(?:for|per|a|an|each|in|if|when|to)\b", after) and len(after.split()) < 9 else ""
    return made(
        given, f"How much {clause.asked(tail)}?", found.group(), span, "number", "sentence '… costs AMOUNT'",
        f"{clause.subject} {clause.verb} {tail}", "amount",
    )  # fmt: skip


_CUT_OFF = re.compile(r"(?:,|\b(?:and|or|than|between|from|to|the|a|an|if|when|that|which|of|by))$")
_SECOND_CLAUSE = re.compile(r",|\b(?:if|when|that|which|who|is|are|was|were|must|can|and)\b")
_NO_TAIL = re.compile(r"(?:and|or|of age|to \d|ago|later|old|long|[a-z]+ed by)\b|.*---")
_BOUNDS = {
    "at least": " at least", "a minimum of": " at least", "up to": " at most", "at most": " at most",
    "no more than": " at most", "a maximum of": " at most",
}  # fmt: skip


def how_many(given: Material, span: Span, _sentence: str, clause: Clause) -> Draft | None:
    """From "A key is valid for 12 months." to "For how many months is a key valid?"."""
    found = _COUNTED.search(clause.rest)
    if (
        not found
        or _NOT_UNITS.match(found["unit"])
        or (found["of"] or "").startswith(" of age")
        or re.search(rf"(?i){DATE}", found.group())
    ):
        return None
    before, after = clause.rest[: found.start()].strip(), clause.rest[found.end() :].split(",")[0].strip()
    if not _surrounds(clause, found["prep"] or "", before, after):
        return None
    lead = f"{found['prep'].capitalize()} how many" if found["prep"] else "How many"
    unit = found["unit"] + (found["of"] or "")
    question = f"{lead} {unit} {clause.asked(before)} {after}{_BOUNDS.get(found['approx'] or '', '')}?"
    answer = " ".join(part for part in (found["approx"], found["number"], found["unit"]) if part)
    return made(
        given, question, answer, span, "number", "sentence with a number",
        f"{clause.subject} {before} {unit} {after}", "number",
        vague=bool(YOURS.match(clause.subject)) and len(question.split()) < 12,
    )  # fmt: skip


def _surrounds(clause: Clause, preposition: str, before: str, after: str) -> bool:
    """Whether what stands around a number can be asked with the number taken out."""
    is_number = clause.verb in {"is", "are", "was", "were"} and not before and not preposition
    whole = not (_CUT_OFF.search(before) or _SECOND_CLAUSE.search(before) or _NO_TAIL.match(after))
    short = len(before.split()) <= 9 and len(after.split()) <= 12
    return whole and short and not is_number and preposition not in {"by", "to", "from", "with", "at"}


_STATE = re.compile(
    r"(?:\w+ly |first |last )?"
    r"(?:[a-z]+ed|\w+(?:en|own|ought|aid|ade|eld|uilt|ent)|due|valid|effective|available|open|closed)\b"
)


def when(given: Material, span: Span, _sentence: str, clause: Clause) -> Draft | None:
    """From "The store was opened on 3 May 2021." to "When was the store opened?"."""
    found = _WHEN.search(clause.rest)
    if (
        not found
        or len(_WHEN.findall(clause.rest)) > 1
        or re.search(r"\b(?:between|from)\b.*\b(?:and|to)\b", clause.rest)
    ):
        return None
    before, after = clause.rest[: found.start()].strip(), clause.rest[found.end() :].strip()
    if (
        not before
        or "," in before
        or len(before.split()) > 12
        or before.endswith((" the", " of", " version", " a", " and", " or"))
    ):
        return None
    if after and (
        len(after.split()) > 7 or not re.match(r"(?:at|in|by|with|for|because|through|near|of the)\b", after)
    ):
        return None
    lead = {"until": "Until when", "by": "By when", "since": "Since when", "from": "From when"}.get(
        (found["prep"] or "").lower(), "When"
    )
    if (found["prep"] or "").lower() in {"before", "after"} or not (
        found["prep"] or before.endswith(("ed", "is", "due"))
    ):
        return None
    question = f"{lead} {clause.asked(before)} {after}?"
    return made(
        given,
        question,
        found["date"],
        span,
        "date",
        "sentence with a date",
        f"{clause.subject} {before} {after}",
        "date",
    )
