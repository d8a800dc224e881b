"""Parts that every section is made of: headed sections, tables with captions, plots with their numbers."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from citewell.evaluation.report.markup import Child, Markup, element


def section(key: str, heading: str, *children: Child) -> Markup:
    """A part of the page that the table of contents can lead to."""
    return element("section", element("h2", heading, id=f"{key}-heading"), *children, id=key,
                   aria_labelledby=f"{key}-heading")  # fmt: skip


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[Child]], *, numbers: bool = True) -> Markup:
    """A table whose first column names its rows; the others are numbers, set to the right. It scrolls by itself, also
    with the keyboard, where the page is narrower."""
    kind = "number" if numbers else None
    head = [element("th", name, scope="col", class_=kind if index else None) for index, name in enumerate(heads)]
    body = [
        element("tr", element("th", row[0], scope="row"), *(element("td", cell, class_=kind) for cell in row[1:]))
        for row in rows
    ]
    return element(
        "div",
        element("table", element("caption", caption), element("thead", element("tr", *head)), element("tbody", *body)),
        class_="scroll", role="region", tabindex="0", aria_label=caption,
    )  # fmt: skip


def stacked_table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[Child]]) -> Markup:
    """A table with much to say about each row: on a narrow page the row's name stands over its numbers. The roles say
    again what the elements mean, because browsers forget it when the style sheet lays a table out in another way."""
    head = [
        element("th", name, scope="col", role="columnheader", class_="number" if place else None)
        for place, name in enumerate(heads)
    ]
    body = [
        element(
            "tr",
            element("th", row[0], scope="row", role="rowheader"),
            *(element("td", cell, class_="number", role="cell") for cell in row[1:]),
            role="row",
        )
        for row in rows
    ]
    return element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *head, role="row"), role="rowgroup"),
        element("tbody", *body, role="rowgroup"),
        class_="stacked",
        role="table",
    )


def plot(title: str, says: Child, drawing: Markup, data: Markup) -> Markup:
    """A drawing with what it says in words above it and its numbers as a table behind a click."""
    return element(
        "figure",
        element("h3", title),
        element("p", says),
        drawing,
        element("details", element("summary", "These numbers as a table"), data),
    )


def fact_list(pairs: Iterable[tuple[str, Child]]) -> Markup:
    found = [(element("dt", name), element("dd", value)) for name, value in pairs]
    return element("dl", *itertools.chain.from_iterable(found), class_="facts")
