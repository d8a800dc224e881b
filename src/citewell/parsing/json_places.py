"""The lines on which the values of a JSON text stand, which the parser of the standard library does not tell."""

from __future__ import annotations

import re

Places = dict[str, tuple[int, int]]
"""JSON pointer → first and last line, 1-based."""

MAX_CHARACTERS = 4_000_000
"""Longer texts get no lines: this reads about 7 million characters a second, and pointers alone locate a value."""

_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:\n]|[^\s\[\]{},:"]+', re.DOTALL)


def places(text: str) -> Places:
    """Lines of every value by its pointer; nothing for a text of one line, or one that is too long.

    text: valid JSON. Keys that need an escape in JSON are left out with what is below them.
    """
    if "\n" not in text.strip() or len(text) > MAX_CHARACTERS:
        return {}
    found: Places = {}
    line = 1
    path: list[str] = [""]  # pointer of the value that comes next, one for each open container and the root
    counts: list[int] = []  # the next index in each open array; -1 in an object
    starts: list[int] = []
    key = ""
    for match in _PIECE.finditer(text):
        piece = match[0]
        if piece == "\n":
            line += 1
        elif piece in "{[":
            starts.append(line)
            counts.append(0 if piece == "[" else -1)
            path.append(f"{path[-1]}/0" if piece == "[" else "")
        elif piece in "}]":
            path.pop()
            counts.pop()
            found[path[-1]] = (starts.pop(), line)
        elif piece == ",":
            if counts[-1] >= 0:
                counts[-1] += 1
                path[-1] = f"{path[-2]}/{counts[-1]}"
            else:
                path[-1] = ""
        elif piece == ":":
            path[-1] = f"{path[-2]}/{key}"
        elif counts and counts[-1] < 0 and not path[-1]:
            key = piece[1:-1].replace("~", "~0").replace("/", "~1")
        else:
            found[path[-1]] = (line, line)
    return found
