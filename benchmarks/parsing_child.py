"""One parser, served over two pipes to :mod:`benchmarks.parsing`: a path per line in, a JSON object per line out.

Run by the interpreter of whoever is measured, so at the top it imports nothing but the standard library. Everything is
given its own defaults; only kreuzberg is told to write Markdown and not to keep results, and no one may use a network
service or a model.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Convert = Callable[[str], dict[str, Any]]

DEPTH = 3
"""Files inside files inside files are opened, deeper ones are not."""


def citewell() -> Convert:
    from citewell.errors import ParseError
    from citewell.parsing.sandbox import ParserPool
    from citewell.settings import ParsingSettings

    pool = ParserPool(ParsingSettings(workers=1))
    with contextlib.suppress(ParseError):
        pool.parse(b"ready", "ready.txt")  # starts the process

    def readings(data: bytes, name: str, depth: int) -> list[dict[str, Any]]:
        """The file and, because peers write them into the same text, the files inside it."""
        parsed = pool.parse(data, name)
        found = [parsed.to_json()]
        numbers = [number for number, member in enumerate(parsed.members) if not member.reason and depth]
        for number, content in zip(numbers, pool.extract(data, name, numbers) if numbers else [], strict=True):
            if isinstance(content, bytes):
                with contextlib.suppress(ParseError):
                    found += readings(content, parsed.members[number].name, depth - 1)
        return found

    return lambda path: {"parsed": readings(Path(path).read_bytes(), Path(path).name, DEPTH)}


def markitdown() -> Convert:
    from markitdown import MarkItDown

    converter = MarkItDown()
    return lambda path: {"markdown": converter.convert_local(path).markdown}


def kreuzberg() -> Convert:
    from kreuzberg import ExtractionConfig, extract_file_sync

    settings = ExtractionConfig(output_format="markdown", use_cache=False)
    return lambda path: {"markdown": extract_file_sync(path, config=settings).content}


def pypdf() -> Convert:
    """Text alone, of PDF files alone."""
    from pypdf import PdfReader

    return lambda path: {"text": "\n\n".join(page.extract_text() for page in PdfReader(path).pages)}


PARSERS: dict[str, Callable[[], Convert]] = {
    "citewell": citewell,
    "markitdown": markitdown,
    "kreuzberg": kreuzberg,
    "pypdf": pypdf,
}


def main(name: str) -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints must not mix with the answers
    convert = PARSERS[name]()
    answers.write("ready\n")
    answers.flush()
    for line in sys.stdin:
        started = time.perf_counter()
        try:
            answer = convert(line.rstrip("\n"))
        except Exception as error:  # noqa: BLE001 - a peer may raise anything, and its failure is a result
            answer = {"error": f"{type(error).__name__}: {error}"[:500]}
        answer["seconds"] = time.perf_counter() - started
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(sys.argv[1])
