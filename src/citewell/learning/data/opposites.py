"""Words that :mod:`citewell.learning.data.corruptions` puts in each other's place: months, units, opposites."""

from __future__ import annotations

import re

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NUMBER_WORDS = (
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "fifteen", "twenty",
    "thirty", "forty", "fifty", "sixty", "eighty", "ninety",
)  # fmt: skip

_UNIT_FAMILIES = (
    "second minute hour day week month year decade century",
    "seconds minutes hours days weeks months years decades centuries",
    "millimetre centimetre metre kilometre mile foot inch", "millimeter centimeter meter kilometer mile foot inch",
    "millimetres centimetres metres kilometres miles feet inches",
    "millimeters centimeters meters kilometers miles feet inches", "mm cm m km ft mi", "km² m² ha",
    "milligrams grams kilograms tonnes tons pounds ounces", "mg g kg t lb oz", "litres millilitres gallons",
    "liters milliliters gallons", "dollars euros pounds yen francs", "$ € £", "bytes kilobytes megabytes gigabytes",
    "B KB MB GB TB", "°C °F", "thousand million billion trillion", "% ‰", "percent permille", "Hz kHz MHz GHz",
    "volts watts amperes", "acres hectares",
)  # fmt: skip
FAMILIES: dict[str, tuple[str, ...]] = {
    unit: tuple(family.split()) for family in reversed(_UNIT_FAMILIES) for unit in family.split()
}
"""A unit → the units that measure the same thing, itself included."""
UNITS = tuple(sorted((re.escape(unit) for unit in FAMILIES if unit[0].isalpha()), key=len, reverse=True))

_PAIRS = """more less; most least; larger smaller; largest smallest; bigger smaller; higher lower; highest lowest;
greater lesser; longer shorter; longest shortest; older younger; oldest youngest; earlier later; earliest latest; faster
slower; better worse; best worst; stronger weaker; before after; above below; over under; inside outside; first last;
early late; increase decrease; increases decreases; increased decreased; increasing decreasing; rise fall; rose fell;
rising falling; gained lost; win lose; won lost; wins loses; victory defeat; north south; northern southern; east west;
eastern western; northwest southeast; northeast southwest; upper lower; major minor; majority minority; maximum minimum;
public private; male female; men women; man woman; father mother; son daughter; brother sister; husband wife; king
queen; enable disable; enables disables; enabled disabled; allow forbid; allows forbids; allowed forbidden; add remove;
adds removes; added removed; start stop; starts stops; started stopped; open close; opened closed; opens closes; begin
end; began ended; begins ends; success failure; successful unsuccessful; legal illegal; possible impossible; common
rare; rarely frequently; accepted rejected; accept reject; supported opposed; support oppose; supports opposes; positive
negative; internal external; ancient modern; old new; hot cold; warm cold; rich poor; urban rural; true false; include
exclude; includes excludes; included excluded; including excluding; local remote; domestic foreign; import export;
imported exported; arrived departed; up down; strong weak; high low; large small; wide narrow; deep shallow;
active inactive; known unknown; required optional; create delete; creates deletes; created destroyed; expanded shrank;
rural urban; agreed refused; born buried; appointed dismissed; attacked defended; heavy light; ascending descending"""
OPPOSITES: dict[str, str] = {}
for _pair in _PAIRS.split(";"):
    _one, _other = _pair.split()
    OPPOSITES.setdefault(_one, _other)
    OPPOSITES.setdefault(_other, _one)

STRONGER: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(rf"\b(?:{weak})\b", re.IGNORECASE), strong)
    for weak, strong in (
        (r"some(?= of)|many(?= of)|most(?= of)|several(?= of)|much(?= of)", ("all", "none")),
        ("some(?! of)|many(?! of|-)|several(?! of)", ("all", "no")),
        ("often|usually|sometimes|typically|generally|normally|frequently|commonly", ("always", "never")),
        ("may(?= [a-z])|might|could|can(?! not|'t)", ("must", "cannot")),
        ("partly|partially|mainly|mostly|largely|primarily", ("entirely", "exclusively")),
        ("nearly|almost|about(?= \\d)|approximately|around(?= \\d)", ("exactly", "more than twice")),
        ("at least", ("at most", "exactly")),
        ("up to", ("more than",)),
        ("one of the", ("the only one of the", "none of the")),
        ("all|every|each(?= of)", ("few", "hardly any")),
        ("always", ("rarely", "never")),
        ("only(?! the)", ("not only",)),
    )
)
"""A word that limits what is said → words that limit it otherwise, so that more or something else is claimed."""
