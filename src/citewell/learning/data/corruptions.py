"""Makes sentences that evidence does not support, out of sentences that it does, and marks what is wrong in them.

Each kind (:data:`KINDS`) is one small, plain edit of English text: another number, another name of the same sort, "not"
put in or taken out. Nothing is understood: a name's sort is guessed from its shape and the word before it. What can be
checked is: a result that stands in the evidence, or whose changed words stand there between the same neighbours, is
thrown away. :data:`UNSEEN` kinds are never trained on: they measure whether a verifier learned more than the edits.

Of 60 read by a person, 57 were wrong beyond doubt; the others had a double negation or an "only" that says little.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from citewell.learning.data.opposites import (
    FAMILIES,
    MONTHS,
    NUMBER_WORDS,
    OPPOSITES,
    STRONGER,
    UNITS,
    WEEKDAYS,
)
from citewell.records import Span

KINDS = ("number", "date", "unit", "entity", "negation", "roles", "graft", "qualifier", "antonym")
UNSEEN = ("unit", "antonym")
"""Held out of every training set: one that a list of units could catch, and one that needs the meaning of a word."""
TRAINED = tuple(kind for kind in KINDS if kind not in UNSEEN)

_WEIGHTS = {"number": 3, "date": 3, "entity": 3, "roles": 4}
"""How much rather these are tried first: they fit few sentences, the others nearly all."""

Edit = tuple[int, int, str]
"""Start, end (in the clean sentence) and what stands there afterwards."""

_WORD = re.compile(r"\w+(?:['’.-]\w+)*")
_NUMBER = re.compile(r"(?<![\w.,/:-])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\w/:]|[.,]\d|-\w)")
_YEAR = re.compile(r"(?<![\w.,/-])(?:1[0-9]|20)\d\d(?![\w/]|[.,]\d|-\d)")
_SPELLED = re.compile(rf"\b(?:{'|'.join(NUMBER_WORDS)})\b", re.IGNORECASE)
_MONTH = re.compile(rf"\b(?:{'|'.join(MONTHS)})\b")
_DAY = re.compile(rf"\b(?:{'|'.join(MONTHS)}) (\d{{1,2}})\b|\b(\d{{1,2}}) (?:{'|'.join(MONTHS)})\b")
_WEEKDAY = re.compile(rf"\b(?:{'|'.join(WEEKDAYS)})\b")
_UNIT = re.compile(
    rf"(?<=\d)\s?(%|°[CF]|(?:{'|'.join(UNITS)})\b)|\b(?:{'|'.join(NUMBER_WORDS)}|few|several|many)\s("
    rf"(?:{'|'.join(UNITS)})\b)|([$€£])(?=\d)"
)
_NAME = re.compile(r"[A-Z][\w'’-]*\w(?:(?: (?:of|the|de|van|von) (?:the )?| )[A-Z][\w'’.-]*\w)*|[A-Z]{2,}")
_OPENERS = frozenset(
    """the a an in on at it he she they we you i this that these those there his her its their our my for from with by
    as after before during when while although though however since because if but and or to of some many most all both
    each one two three no not other another such under over until once only also then thus despite according what who
    which where why how use get set new see note""".split()  # noqa: SIM905
)
_PLACED = re.compile(r"\b(in|at|near|from|to|by|of|with)\s(?:the\s)?$")
_AUXILIARY = re.compile(
    r"\b(is|was|are|were|can|could|will|would|should|must|does|did|do|has been|have been)\b(?! not|n)"
)
_ACTED = re.compile(r"(?:\b(?:He|She|It|They|[A-Z][a-z]+)) (?=[a-z]{3,}ed (?:the|a|an|his|her|its|in|to|by|on)\b)")
_DENIAL = re.compile(r"\b(?:not|never)\s(?!only)|n't\b|\bwithout\b", re.IGNORECASE)
_ACTION = re.compile(r"\b(?:\w{3,}ed|was|were|is|are|took|won|led|gave|beat|became|made|wrote|told|sold|built)\b")
_MUTUAL = re.compile(
    r"\b(?:and|or|with|married|met|like|known|called|named|also|same|equal|between|joined|shared?s?|borders?|sister|"
    r"brother|cousin|friend|friends|similar|versus|vs)\b|[,;:()]"
)
_JOINT = re.compile(r",? (?:and|but|because|while|which|who|when|where|after|before|by|for|with|that) ")
_LEAST_GRAFT = 4  # words; a shorter clause rarely says anything
_MOST_KNOWN = 0.6  # share of a graft's longer words that may stand in the evidence; more, and it may be true


@dataclass(frozen=True, slots=True)
class Corruption:
    """unsupported: spans of ``sentence`` that are wrong. replaced: spans of the clean sentence that they stand for."""

    sentence: str
    unsupported: tuple[Span, ...]
    kind: str
    replaced: tuple[Span, ...]


def corrupt(
    sentence: str, evidence: str, random: Random, *, kinds: Sequence[str] = TRAINED, siblings: Sequence[str] = ()
) -> Corruption | None:
    """``sentence``, which ``evidence`` supports, made wrong in one of ``kinds``; ``None`` when none of them fits.

    siblings: sentences of other passages, from which names and clauses are taken. The same ``random`` state gives the
    same result.
    """
    for kind in sorted(kinds, key=lambda each: -(random.random() ** (1 / _WEIGHTS.get(each, 1)))):
        candidates = _MAKERS[kind](sentence, evidence, siblings, random)
        for edits in random.sample(candidates, len(candidates)):
            made, spans = edited(sentence, edits)
            if _wrong(sentence, evidence, edits, made):
                return Corruption(made, spans, kind, tuple(_marked(sentence, edit) for edit in sorted(edits)))
    return None


def edited(text: str, edits: Sequence[Edit]) -> tuple[str, tuple[Span, ...]]:
    """``text`` with ``edits`` made, and where they stand in it; an edit that only removes marks the word before it."""
    made, spans, at = "", [], 0
    for start, end, new in sorted(edits):
        made += text[at:start]
        if new.strip():
            spans.append((len(made) + len(new) - len(new.lstrip()), len(made) + len(new.rstrip())))
        elif words := list(_WORD.finditer(made)):
            spans.append(words[-1].span())
        made, at = made + new, end
    return made + text[at:], tuple(spans)


def _marked(text: str, edit: Edit) -> Span:
    """What an edit changes in the clean ``text``: for something put in, the word before it."""
    start, end, _ = edit
    if start < end:
        return start, end
    words = list(_WORD.finditer(text, 0, start))
    return words[-1].span() if words else (0, min(1, len(text)))


def plain_words(text: str) -> str:
    """The words of ``text`` in small letters, one space around each."""
    return f" {' '.join(_WORD.findall(text.casefold()))} "


def names(text: str) -> list[Span]:
    """Where names stand: runs of words with a capital, but not a sentence's ordinary first word."""
    found = []
    for match in _NAME.finditer(text):
        start, end = match.span()
        for first in match.group().split()[:-1]:
            if first.casefold() not in _OPENERS and first not in (*MONTHS, *WEEKDAYS):
                break
            start += len(first) + 1
        end -= 2 if text[start:end].endswith(("'s", "’s")) else 0
        opens = start == 0 or text[:start].rstrip()[-1:] in ".!?:;\"'“‘-#*|•"
        alone = " " not in text[start:end]
        if text[start:end].casefold() in _OPENERS or not text[start:end][:1].isupper() or (opens and alone):
            continue
        if text[start:end] not in MONTHS and text[start:end] not in WEEKDAYS:
            found.append((start, end))
    return found


def _wrong(sentence: str, evidence: str, edits: Sequence[Edit], made: str) -> bool:
    """Whether the evidence, read word for word, does not say what ``made`` says."""
    told, said = plain_words(evidence), plain_words(made)
    if said in told or said == plain_words(sentence):
        return False
    for start, end, new in edits:
        before, after = _WORD.findall(sentence[:start])[-1:], _WORD.findall(sentence[end:])[:1]
        around = plain_words(" ".join([*before, new, *after]))
        if around in told and len(edits) == 1:
            return False
    return True


def _number(sentence: str, evidence: str, siblings: Sequence[str], random: Random) -> list[list[Edit]]:
    dated = [match.span() for pattern in (_YEAR, _DAY) for match in pattern.finditer(sentence)]
    told = [each.group() for each in _NUMBER.finditer(evidence) if not _YEAR.fullmatch(each.group())]
    edits = []
    for match in _NUMBER.finditer(sentence):
        if any(start <= match.start() < end for start, end in dated):
            continue
        others = [each for each in told if each != match.group()]
        new = random.choice(others) if others and random.random() < 0.4 else _other_number(match.group(), random)
        edits.append([(*match.span(), new)])
    for match in _SPELLED.finditer(sentence):
        new = random.choice([each for each in NUMBER_WORDS if each != match.group().casefold()])
        edits.append([(*match.span(), _as(match.group(), new))])
    return edits


def _other_number(written: str, random: Random) -> str:
    """Another number that looks alike: as many decimals, grouped the same way."""
    whole, _, decimals = written.replace(",", "").partition(".")
    value, factor = int(whole + decimals), random.choice((0.1, 0.5, 0.8, 0.9, 1.1, 1.25, 1.5, 2, 3, 10))
    changed = round(value * factor)
    if changed == value:
        changed = value + random.randint(1, 9)
    digits = str(changed).rjust(len(decimals) + 1, "0")
    head, tail = (digits[: -len(decimals)], "." + digits[-len(decimals) :]) if decimals else (digits, "")
    return (f"{int(head):,}" if "," in written else head) + tail


def _date(sentence: str, evidence: str, siblings: Sequence[str], random: Random) -> list[list[Edit]]:
    edits: list[list[Edit]] = []
    told = [each.group() for each in _YEAR.finditer(evidence)]
    for match in _YEAR.finditer(sentence):
        others = [each for each in told if each != match.group()]
        moved = str(int(match.group()) + random.choice((-1, 1)) * random.choice((1, 2, 3, 5, 8, 10, 20, 30, 100)))
        edits.append([(*match.span(), random.choice(others) if others and random.random() < 0.4 else moved)])
    for pattern, known in ((_MONTH, MONTHS), (_WEEKDAY, WEEKDAYS)):
        for match in pattern.finditer(sentence):
            edits.append([(*match.span(), random.choice([each for each in known if each != match.group()]))])
    for match in _DAY.finditer(sentence):
        group = 1 if match[1] else 2
        day = random.choice([each for each in range(1, 29) if each != int(match[group])])
        edits.append([(*match.span(group), str(day))])
    return edits


def _unit(sentence: str, evidence: str, siblings: Sequence[str], random: Random) -> list[list[Edit]]:
    edits: list[list[Edit]] = []
    for match in _UNIT.finditer(sentence):
        group = match.lastindex or 0
        others = [each for each in FAMILIES[match[group]] if each != match[group]]
        edits.append([(*match.span(group), random.choice(others))])
    return edits


def _entity(sentence: str, evidence: str, siblings: Sequence[str], random: Random) -> list[list[Edit]]:
    held = plain_words(sentence)
    near = {(evidence[start:end], _sort(evidence, (start, end))) for start, end in names(evidence)}
    far = {(each[start:end], _sort(each, (start, end))) for each in siblings for start, end in names(each)}
    edits: list[list[Edit]] = []
    for span in names(sentence):
        old, sort = sentence[span[0] : span[1]], _sort(sentence, span)
        pools = ([near, far] if random.random() < 0.6 else [far, near]) if siblings else [near]
        for pool in pools:
            fit = sorted(
                name for name, its_sort in pool
                if its_sort == sort and plain_words(name) not in held
                and not set(plain_words(name).split()) & set(plain_words(old).split())
            )  # fmt: skip
            if fit:
                edits.append([(*span, random.choice(fit))])
                break
    return edits


def _sort(text: str, span: Span) -> tuple[str, bool, bool]:
    """What a name is like: the preposition before it (a place is "in", a person "by"), all capitals, several words."""
    placed = _PLACED.search(text, 0, span[0])
    name = text[span[0] : span[1]]
    return (placed[1] if placed else "", name.isupper(), " " in name)


def _negation(sentence: str, evidence: str, siblings: Sequence[str], random: Random) -> list[list[Edit]]:
    edits: list[list[Edit]] = []
    for match in _DENIAL.finditer(sentence):
        if sentence[: match.start()].endswith("or "):
            continue
        if match.group().casefold() == "n't" and sentence[: match.start()].casefold().endswith(("ca", "wo", "sha")):
            continue
        edits.append([(*match.span(), _as(match.group(), "with") if match.group().casefold() == "without" else "")])
    if not edits:
        edits += [[(match.end(), match.end(), " not")] for match in _AUXILIARY.finditer(sentence)][:2]
        edits += [[(match.end(), match.end(), "never ")] for match in _ACTED.finditer(sentence)][:1]
    return edits


def _roles(sentence: str, evidence: str, siblings: Sequence[str], random: Random) -> list[list[Edit]]:
    found = names(sentence)
    edits: list[list[Edit]] = []
    for one, other in pairwise(found):
        between = sentence[one[1] : other[0]]
        direction = between.strip() == "to" and sentence[: one[0]].rstrip().endswith("from")
        acts = bool(_ACTION.search(between)) and not _MUTUAL.search(between)
        first, second = sentence[one[0] : one[1]], sentence[other[0] : other[1]]
        if (direction or acts) and not set(first.casefold().split()) & set(second.casefold().split()):
            edits.append([(*one, second), (*other, first)])
    return edits


def _graft(sentence: str, evidence: str, siblings: Sequence[str], random: Random) -> list[list[Edit]]:
    told = plain_words(evidence)
    tails: dict[str, list[str]] = {}
    for each in siblings:
        for match in _JOINT.finditer(each):
            tail = each[match.end() :].rstrip(" .!?;:")
            longer = [word for word in plain_words(tail).split() if len(word) > 3]
            known = sum(f" {word} " in told for word in longer)
            if len(tail.split()) >= _LEAST_GRAFT and longer and known < _MOST_KNOWN * len(longer):
                tails.setdefault(match.group().strip(" ,"), []).append(tail)
    edits: list[list[Edit]] = []
    end = len(sentence.rstrip(" .!?;:"))
    for match in _JOINT.finditer(sentence, len(sentence) // 4):
        if fit := tails.get(match.group().strip(" ,")):
            edits.append([(match.end(), end, random.choice(fit))])
    for joint in ("which", "because", "and"):
        if (fit := tails.get(joint)) and not edits:
            edits.append([(end, end, f", {joint} {random.choice(fit)}")])
    return edits


def _qualifier(sentence: str, evidence: str, siblings: Sequence[str], random: Random) -> list[list[Edit]]:
    edits: list[list[Edit]] = []
    for pattern, new in STRONGER:
        for match in pattern.finditer(sentence):
            edits.append([(*match.span(), _as(match.group(), random.choice(new)))])
    if not edits:
        strong = random.choice(("only ", "only ", "always ", "exclusively "))
        spots = [match.end() + 1 for match in _AUXILIARY.finditer(sentence) if match[1] in {"is", "was", "are", "were"}]
        edits = [[(spot, spot, strong)] for spot in spots[:2] if not sentence[spot:].startswith(("not ", "only "))]
    return edits


def _antonym(sentence: str, evidence: str, siblings: Sequence[str], random: Random) -> list[list[Edit]]:
    return [
        [(*match.span(), OPPOSITES[match.group()])]
        for match in _WORD.finditer(sentence) if match.group() in OPPOSITES  # small letters: "New York" is a name
    ]  # fmt: skip


def _as(old: str, new: str) -> str:
    """``new`` with a capital where ``old`` has one."""
    return new[:1].upper() + new[1:] if old[:1].isupper() else new


_Maker = Callable[[str, str, Sequence[str], Random], list[list[Edit]]]
_MAKERS: dict[str, _Maker] = {
    "number": _number, "date": _date, "unit": _unit, "entity": _entity, "negation": _negation, "roles": _roles,
    "graft": _graft, "qualifier": _qualifier, "antonym": _antonym,
}  # fmt: skip
