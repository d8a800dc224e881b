"""Which document a set means: by id, URI, the ending of one, or a file's name with or without its ending.

An archive or a mail names the files in it as well: what a set quotes from a mail may stand in its attachment.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from citewell.catalog import Item
    from citewell.evaluation.questions import Gold

MAX_NAMED = 8
"""Documents a name may mean before it says nothing; the words then decide among them."""

MAX_MEMBERS = 500
"""Files in an archive that are looked through for a quote when the set names only the archive."""

_INSIDE = "!/"  # between the URI of a file and the name of a file in it
_IDENTIFIER = re.compile(r"[0-9a-f]{32}")


class DocumentNames:
    """The names of documents one scope sees. A file in an archive has its container's URI, ``!/`` and its own name, so
    an ending of it, or of both, names it."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.by_id = {item.document_id: item for item in items}
        self._endings: dict[str, list[Item]] = {}
        self._members: dict[str, list[Item]] = {}
        self._deepest = max((_plain(item.uri).count("/") + 1 for item in items), default=0)
        for item in items:
            for ending in _endings(_plain(item.uri)):
                self._endings.setdefault(ending, []).append(item)
            for container in _containers(_plain(item.uri)):
                for ending in _endings(container):
                    self._members.setdefault(ending, []).append(item)
            self._endings.setdefault(f"\x00{PurePosixPath(_plain(item.uri)).stem}", []).append(item)

    def find(self, gold: Gold) -> tuple[list[Item], str]:
        """The documents a gold may mean, the likeliest first, and why there are none.

        The id comes first, then the name it had when it was anchored: a folder that was moved gives its documents new
        ids, and their endings stay.
        """
        if (item := self.by_id.get(gold.document)) is not None:
            return [item, *(self._inside(item.uri) if gold.quote and gold.span is None else ())], ""
        for name in (gold.document, gold.name):
            if not name or _IDENTIFIER.fullmatch(name):
                continue
            found = self.named(name)
            inside = [item for item in self._inside(name) if item not in found] if gold.quote else []
            if len(found) > 1 and (not gold.quote or len(found) > MAX_NAMED):
                several = ", ".join(sorted(item.uri for item in found)[:3])
                return [], f"'{name}' names {len(found)} documents ({several}). Write more of the path."
            if found or inside:
                return [*found, *inside], ""
        if members := self._members.get(_plain(gold.document)):
            return [], f"'{gold.document}' holds {len(members)} files. Name one of them, or give a quote."
        return [], f"No document is named '{gold.name or gold.document}'."

    def _inside(self, name: str) -> list[Item]:
        """The files in an archive or a mail of this name; none when there are too many to look through."""
        found = self._members.get(_plain(name), [])
        return found if len(found) <= MAX_MEMBERS else []

    def named(self, name: str) -> list[Item]:
        """Documents with this URI or ending; when there are none, with ever shorter endings of it that name just one;
        when there are none, with this file name without its ending."""
        wanted = _plain(name)
        if found := self._endings.get(wanted):
            whole = [item for item in found if _plain(item.uri) == wanted]
            return whole or found
        for ending in _endings(wanted, self._deepest):
            found = self._endings.get(ending, [])
            if len(found) == 1:
                return found
        return self._endings.get(f"\x00{wanted}", [])


def _plain(name: str) -> str:
    """One way to write a name: composed characters, no case, slashes, nothing before the first folder."""
    plain = unicodedata.normalize("NFC", name.strip()).casefold().replace("\\", "/")
    return plain.removeprefix("file://").removeprefix("./").lstrip("/")


def _endings(name: str, most: int | None = None) -> list[str]:
    """``a/b/c`` → ``a/b/c``, ``b/c``, ``c``. most: parts of the longest; a set may name a path of any length."""
    parts = name.split("/")
    first = 0 if most is None else max(0, len(parts) - most)
    return ["/".join(parts[start:]) for start in range(first, len(parts))]


def _containers(name: str) -> list[str]:
    """``a.zip!/b.eml!/c.txt`` → ``a.zip``, ``a.zip!/b.eml``."""
    parts = name.split(_INSIDE)
    return [_INSIDE.join(parts[:end]) for end in range(1, len(parts))]
