"""What a text states that can be compared literally: its numbers with units, dates, names, other words and negation.

``1,000 dollars`` and ``$1000`` give the same keys, as do ``1 March 2025`` and ``March 1, 2025``. A text becomes
:class:`Piece` by :class:`Piece`, in order; nothing is guessed from meaning.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from citewell.literals.terms import terms

_MONTH_NAMES = (  # English, German, French, Spanish, Italian, Dutch, Portuguese
    "january jan januar janvier enero gennaio januari janeiro", "february feb februar février febrero febbraio "
    "februari fevereiro", "march mar märz mars marzo maart março", "april apr avril abril aprile",
    "may mai mayo maggio mei maio", "june jun juni juin junio giugno junho", "july jul juli juillet julio luglio julho",
    "august aug août agosto augustus", "september sep sept septembre septiembre settembre setembro",
    "october oct oktober octobre octubre ottobre outubro", "november nov novembre noviembre novembro",
    "december dec dezember décembre diciembre dicembre dezembro",
)  # fmt: skip
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, start=1) for name in names.split()}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))

_UNIT_NAMES = (
    "second seconds sec secs s sekunde sekunden", "minute minutes min mins minuten", "hour hours h hr hrs stunde "
    "stunden heure heures", "day days tag tage tagen jour jours día días", "week weeks woche wochen semaine semaines",
    "month months monat monate monaten mois", "year years yr yrs jahr jahre jahren an ans año años",
    "millimetre millimetres millimeter millimeters mm", "centimetre centimetres centimeter centimeters cm",
    "metre metres meter meters m", "kilometre kilometres kilometer kilometers km", "mile miles mi",
    "inch inches", "foot feet ft", "milligram milligrams mg", "gram grams g", "kilogram kilograms kilo kilos kg",
    "tonne tonnes ton tons", "millilitre millilitres milliliter milliliters ml", "litre litres liter liters l",
    "percent % prozent", "usd $ dollar dollars", "eur € euro euros", "gbp £", "jpy ¥ yen", "chf franken", "inr ₹",
    "hertz hz", "byte bytes", "kilobyte kilobytes kb", "megabyte megabytes mb", "gigabyte gigabytes gb",
    "terabyte terabytes tb", "°c celsius", "°f fahrenheit", "volt volts v", "watt watts w", "bar", "people persons",
)  # fmt: skip
_UNITS = {name: names.split()[0] for names in _UNIT_NAMES for name in names.split()}
_CURRENCY = "$€£¥₹"
_MULTIPLIERS = {
    "hundred": 100, "thousand": 1_000, "million": 10**6, "billion": 10**9, "trillion": 10**12, "mn": 10**6, "bn": 10**9,
    "tausend": 1_000, "millionen": 10**6, "milliarde": 10**9, "milliarden": 10**9, "millions": 10**6, "billions": 10**9,
}  # fmt: skip
_SMALL_NUMBERS = (  # from two on: "one" is mostly a pronoun
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty"
)
_NUMBER_WORDS = {word: value for value, word in enumerate(_SMALL_NUMBERS.split(), start=2)}
_NUMBER_WORDS |= {
    "zero": 0,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
}
_DECIMAL_COMMA = frozenset("bg cs da de el es fi fr hr hu id it nl no pl pt ro ru sk sl sv tr uk vi".split())  # noqa: SIM905

_NEGATIONS = {
    "en": "not no never none nor neither without cannot nobody nothing unable incapable",
    "de": "nicht kein keine keinen keiner nie ohne",
    "fr": "ne pas jamais sans aucun aucune", "es": "no nunca sin ningún ninguna", "it": "non mai senza nessun nessuna",
    "pt": "não nunca sem nenhum nenhuma", "nl": "niet geen nooit zonder",
}  # fmt: skip

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
"""Scripts without spaces between words: Japanese, Chinese, Thai, Lao, Burmese, Khmer. Each character is a piece."""

MAX_DIGITS = 24
"""Longer numbers are somebody's identifiers, compared as they are written; decimal arithmetic would round them."""

SEPARATE_CHARACTER = re.compile(f"[{_CJK}]")

_PIECE = re.compile(
    rf"""(?P<iso>\b\d{{4}}-\d\d-\d\d\b)
    |(?P<day_first>\b\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:of\s+|de\s+)?(?P<month1>{_MONTH})\b\.?
        (?:,?\s+(?:de\s+)?(?P<year1>\d{{4}})\b)?
    |(?P<month2>\b(?:{_MONTH}))\b\.?\s+(?P<day_second>\d{{1,2}})(?:st|nd|rd|th)?\b(?![.,]\d)
        (?:,?\s+(?P<year2>\d{{4}})\b)?
    |(?P<month3>\b(?:{_MONTH}))\b\.?,?\s+(?:of\s+|de\s+)?(?P<year3>\d{{4}})\b
    |(?P<number>(?:(?<![\w)])[-−])?\d+(?:[.,·'’\u00a0\u202f]\d+)*)(?P<ordinal>(?:st|nd|rd|th|s)\b)?
    |(?P<symbol>[{_CURRENCY}%]|°\s?[CF]\b)
    |(?P<character>[{_CJK}])
    |(?P<word>[^\W\d_][^\W_{_CJK}]*(?:[.'’-][^\W_{_CJK}]+)*)""",
    re.IGNORECASE | re.VERBOSE,
)
_SENTENCE_END = re.compile(r"""(?:^|[.!?:;|•\n*-])[\s"'“”‘’()\[\]#>]*$""")
_MARKS = "'’\u00a0\u202f"  # what may group digits in any language
_GROUPED = {  # decimal comma? → a number whose thousands are grouped
    False: re.compile(rf"\d{{1,3}}(?:[,{_MARKS}]\d{{3}})+(?:\.\d+)?"),
    True: re.compile(rf"\d{{1,3}}(?:[.{_MARKS}]\d{{3}})+(?:,\d+)?"),
}

Kind = Literal["word", "name", "number", "date"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A word, a number with its unit, or a date.

    text: as written. keys: what it is compared by: of a number its value and its unit; of a date year, month (``m3``)
    and day, those that are stated.
    """

    kind: Kind
    text: str
    keys: tuple[str, ...]


def fold(text: str) -> str:
    """Lower case without accents and possessive endings, for comparing words."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(each))
    plain = plain.replace("’", "'")
    return plain.removesuffix("'s").removesuffix("'")


@lru_cache(maxsize=4096)
def pieces(text: str, language: str = "") -> tuple[Piece, ...]:
    """The pieces of ``text`` in order. language: ISO 639-1 code; it decides what a comma in a number means, and that
    capitals are no sign of a name in German."""
    found = tuple(_PIECE.finditer(unicodedata.normalize("NFC", text)))
    return tuple(_read(found, language))


def unit_of(piece: Piece) -> str:
    """The unit that a number has or a word names, in its one spelling; empty when there is none."""
    if piece.kind == "number":
        return piece.keys[1] if len(piece.keys) > 1 else ""
    return _UNITS.get(piece.text.casefold(), "") if piece.kind != "date" else ""


def negated(text: str, language: str = "") -> bool:
    """Whether ``text`` holds a word of negation of its language (English, unless it is a known one)."""
    words = _NEGATIONS.get(language, _NEGATIONS["en"]).split()
    held = text.casefold().replace("’", "'")
    return "n't" in held or any(word in words for word in re.findall(r"\w+", held))


@lru_cache(maxsize=4096)
def content_words(text: str, language: str = "") -> tuple[str, ...]:
    """Stems of the words that carry meaning, in order, repeated ones included; numbers and dates are not among them.

    Text in scripts without spaces counts by pairs of neighbouring characters.
    """
    stems: list[str] = []
    before = ""
    for piece in pieces(text, language):
        single = bool(SEPARATE_CHARACTER.fullmatch(piece.text))
        if single and before:
            stems.append(before + piece.text)
        elif not single and piece.kind in {"word", "name"}:
            stems.extend(stem(word) for word in terms(re.sub("[-.']", " ", piece.keys[0])))
        before = piece.text if single else ""
    return tuple(stems)


def stem(term: str) -> str:
    """A term of :func:`citewell.literals.terms.terms` without a doubled last letter: "plann" meets "plan"."""
    return term[:-1] if len(term) > 3 and term[-1] == term[-2] else term


def _read(found: tuple[re.Match[str], ...], language: str) -> Iterator[Piece]:
    at = 0
    while at < len(found):
        match = found[at]
        if match["number"] or match["symbol"] or match["word"]:
            piece, at = _number(found, at, language) or (_word(found, at, language), at + 1)
        elif match["character"]:
            piece, at = Piece("word", match.group(), (match.group(),)), at + 1
        else:
            piece, at = _date(match), at + 1
        if piece.keys:
            yield piece


def _date(match: re.Match[str]) -> Piece:
    if match["iso"]:
        year, month, day = match["iso"].split("-")
    else:
        name = match["month1"] or match["month2"] or match["month3"]
        year = match["year1"] or match["year2"] or match["year3"] or ""
        month, day = str(_MONTHS[name.casefold()]), match["day_first"] or match["day_second"] or ""
    keys = (year, f"m{int(month)}", str(int(day)) if day else "")
    return Piece("date", match.group(), tuple(each for each in keys if each))


def _number(found: tuple[re.Match[str], ...], at: int, language: str) -> tuple[Piece, int] | None:
    """The number that begins at match ``at``, with its currency before or its unit after, and the match behind it."""
    first = at
    currency = (
        _UNITS.get(found[at].group().casefold(), "") if found[at].group()[0].isupper() or found[at]["symbol"] else ""
    )
    money = currency in {"usd", "eur", "gbp", "jpy", "chf", "inr"}
    if money and at + 1 < len(found) and found[at + 1]["number"] and _between(found, at).strip() == "":
        at += 1
    value = _value(found[at], language)
    if value is None:
        return None
    unit, at = currency if at > first else "", at + 1
    while (
        at < len(found)
        and (factor := _MULTIPLIERS.get(found[at].group().casefold()))
        and not _between(found, at - 1).strip(" -")
    ):
        value, at = value * factor, at + 1
    if not unit:
        unit, at = _unit(found, at)
    text = found[first].string[found[first].start() : found[at - 1].end()]
    return Piece("number", text, (_plain(value), unit) if unit else (_plain(value),)), at


def _unit(found: tuple[re.Match[str], ...], at: int) -> tuple[str, int]:
    """The unit that stands right behind a number, and the match behind it."""
    if at >= len(found) or _between(found, at - 1).strip(" -\u00a0"):
        return "", at
    word = found[at].group().casefold().replace(" ", "")
    if word == "per" and at + 1 < len(found) and found[at + 1].group().casefold() == "cent":
        return "percent", at + 2
    return (_UNITS[word], at + 1) if word in _UNITS else ("", at)


def _value(match: re.Match[str], language: str) -> Decimal | None:
    """What a number or a number word is worth; ``None`` for anything else, such as a version ``1.2.3``."""
    written = match["number"]
    if not written:
        known = _NUMBER_WORDS.get(match.group().casefold())
        return None if known is None else Decimal(known)
    comma = language in _DECIMAL_COMMA
    digits = written.replace("−", "-")
    if _GROUPED[comma].fullmatch(digits.removeprefix("-")):
        digits = re.sub(f"[{'.' if comma else ','}{_MARKS}]", "", digits)
    digits = digits.replace("," if comma else "·", ".")
    return Decimal(digits) if len(digits) <= MAX_DIGITS and re.fullmatch(r"-?\d+(?:\.\d+)?", digits) else None


def _word(found: tuple[re.Match[str], ...], at: int, language: str) -> Piece:
    match = found[at]
    text = match.group()
    folded = fold(text)
    if text[0].isupper() and (month := _MONTHS.get(folded)):
        return Piece("word", text, (f"m{month}",))
    named = bool(folded) and (
        any(each.isdigit() for each in text)
        or (len(text) > 1 and text.isupper())
        or (text[0].isupper() and language != "de" and bool(terms(text)) and not _opens_sentence(found, at))
    )
    return Piece("name" if named else "word", text, (folded,) if folded else ())


def _opens_sentence(found: tuple[re.Match[str], ...], at: int) -> bool:
    """Whether a capital may be there only because a sentence begins; not when the next word has one, too."""
    match = found[at]
    if not _SENTENCE_END.search(match.string[max(0, match.start() - 8) : match.start()]) and match.start() > 0:
        return False
    follows = found[at + 1] if at + 1 < len(found) else None
    return not (follows and follows["word"] and follows.group()[0].isupper() and _between(found, at) == " ")


def _between(found: tuple[re.Match[str], ...], at: int) -> str:
    """What stands between match ``at`` and the next one."""
    return found[at].string[found[at].end() : found[at + 1].start()]


def _plain(value: Decimal) -> str:
    """The shortest way to write a value: 1000, 0.5."""
    return format(value.normalize(), "f")
