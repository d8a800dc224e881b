"""Formulas of Office files (OMML) as one line of text: ``x^2``, ``(a+b)/2``, ``√(x)``.

Only what changes the meaning when it is flattened gets a sign: fractions, raised and lowered parts, roots.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
FORMULAS = frozenset((f"{M}oMath", f"{M}oMathPara"))
_MAX_DEPTH = 50


def line(element: Any, depth: int = 0) -> str:
    """A formula, or a part of one."""
    if depth > _MAX_DEPTH:
        return "".join(each.text or "" for each in element.iter(f"{M}t"))
    if element.tag == f"{M}t":
        return element.text or ""
    if (shape := _SHAPES.get(element.tag)) is not None:
        return shape(element, depth + 1)
    return _row(element, depth + 1)


def _row(element: Any, depth: int) -> str:
    return "".join(line(each, depth) for each in element if not str(each.tag).endswith("Pr"))


def _part(element: Any, name: str, depth: int) -> str:
    found = element.find(f"{M}{name}")
    return "" if found is None else line(found, depth)


def _grouped(text: str) -> str:
    """Brackets around what is longer than one name or number."""
    return text if text.isalnum() or len(text) < 2 else f"({text})"


def _fraction(element: Any, depth: int) -> str:
    return f"{_grouped(_part(element, 'num', depth))}/{_grouped(_part(element, 'den', depth))}"


def _script(element: Any, depth: int) -> str:
    shown = _part(element, "e", depth)
    for name, mark in (("sub", "_"), ("sup", "^")):
        if text := _part(element, name, depth):
            shown += f"{mark}{_grouped(text)}"
    return shown


def _root(element: Any, depth: int) -> str:
    return f"√({_part(element, 'e', depth)})"


def _sum(element: Any, depth: int) -> str:
    """A sum, product or integral with its limits; an integral is the sign that is not written down."""
    sign = element.find(f"{M}naryPr/{M}chr")
    limits = (("_", _part(element, "sub", depth)), ("^", _part(element, "sup", depth)))
    shown = "".join(f"{mark}{_grouped(text)}" for mark, text in limits if text)
    return f"{'∫' if sign is None else sign.get(f'{M}val', '')}{shown} {_part(element, 'e', depth)}"


def _brackets(element: Any, depth: int) -> str:
    inner = ", ".join(line(each, depth) for each in element.iterfind(f"{M}e"))
    marks = [element.find(f"{M}dPr/{M}{each}") for each in ("begChr", "endChr")]
    opened, closed = (
        usual if mark is None else mark.get(f"{M}val", usual) for mark, usual in zip(marks, "()", strict=True)
    )
    return f"{opened}{inner}{closed}"


def _function(element: Any, depth: int) -> str:
    """``sin x``: the name would run into what is before and behind it."""
    return f" {_part(element, 'fName', depth)} {_part(element, 'e', depth)} "


def _limit(element: Any, depth: int) -> str:
    return f"{_part(element, 'e', depth)}_{_grouped(_part(element, 'lim', depth))}"


def _matrix(element: Any, depth: int) -> str:
    """Cells of a row apart, rows by a semicolon; also equations that stand below each other."""
    rows = element.findall(f"{M}mr") or element.findall(f"{M}e")
    return "; ".join(" ".join(line(each, depth) for each in row.findall(f"{M}e")) or _row(row, depth) for row in rows)


def _lines(element: Any, depth: int) -> str:
    return "\n".join(line(each, depth) for each in element.iterfind(f"{M}oMath"))


_SHAPES: dict[str, Callable[[Any, int], str]] = {
    f"{M}f": _fraction, f"{M}sSup": _script, f"{M}sSub": _script, f"{M}sSubSup": _script, f"{M}rad": _root,
    f"{M}nary": _sum, f"{M}d": _brackets, f"{M}oMathPara": _lines, f"{M}func": _function, f"{M}limLow": _limit,
    f"{M}limUpp": _limit, f"{M}m": _matrix, f"{M}eqArr": _matrix,
}  # fmt: skip
