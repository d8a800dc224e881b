"""What a document is called in a question, so that no other document of the collection is meant.

A document that nothing in its text tells from others (the same title, the same year) has no name here: a question that
named its file would ask for something that no search of texts can know.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from citewell.evaluation.making.headings import EMPTY
from citewell.records import stated_title

if TYPE_CHECKING:
    from citewell.catalog import Item

LONGEST = 90  # characters of a title that a person would still write into a question
_NUMBER = re.compile(r"^\d+(?:\.\d+)*[.)]? +(?=[A-Z])")  # of a section that was taken for the title
_TAG = re.compile(r"</?[a-z][^>]{0,40}>", re.IGNORECASE)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


def names_of_documents(items: Sequence[Item]) -> dict[str, str]:
    """Document id → name; empty when it has none. Equal titles are told apart by their years."""
    titles = {item.document_id: _title(item) for item in items}
    tails = Counter(tail for title in titles.values() if (tail := title.rpartition(" - ")[2]) != title)
    titles = {
        key: title.rpartition(" - ")[0] if tails[title.rpartition(" - ")[2]] > 1 else title
        for key, title in titles.items()
    }  # the name of a site or a company, which stands at the end of several titles
    same = Counter(title.casefold() for title in titles.values())
    dated = Counter((titles[item.document_id].casefold(), item.modified_at[:4]) for item in items)
    names = {}
    for item in items:
        title, year, file = titles[item.document_id], item.modified_at[:4], PurePath(item.uri).name
        if not title:
            names[item.document_id] = f"the file {file}"
        elif same[title.casefold()] == 1:
            names[item.document_id] = _quoted(item, title)
        elif year and not _YEAR.search(title) and dated[title.casefold(), year] == 1:
            names[item.document_id] = f"{_quoted(item, title)} of {year}"
        else:
            names[item.document_id] = ""
    return names


def _quoted(item: Item, title: str) -> str:
    kind = "the e-mail " if item.uri.lower().endswith((".eml", ".msg")) else ""
    return f"{kind}“{title}”"


def _title(item: Item) -> str:
    """The stated title on one line; empty when there is none, or none that a person would write."""
    title = html.unescape(_TAG.sub("", stated_title(item.title, item.uri)))
    title = " ".join(title.replace("“", "'").replace("”", "'").replace('"', "'").split())
    title = _NUMBER.sub("", title)
    return (
        ""
        if EMPTY.fullmatch(title)
        else title
        if 3 <= len(title) <= LONGEST and any(each.isalpha() for each in title)
        else ""
    )
