"""Text that nests without end, and text of one thing repeated: what parsers and patterns with a quadratic corner choke on."""

# ruff: noqa: E501 - a payload reads best on one line

from __future__ import annotations

from collections.abc import Iterator

from tests.hostile.case import Case, case
from tests.hostile.seeds import (
    WORDS,
)


def cases() -> Iterator[Case]:
    yield from _deep()
    yield from _slow()


def _deep() -> Iterator[Case]:
    for depth in (500, 100_000):
        nested = {
            "json": "[" * depth + "1" + "]" * depth, "objects.json": '{"a":' * depth + "1" + "}" * depth, "open.json": "[" * depth,
            "html": "<div>" * depth + WORDS + "</div>" * depth, "tables.html": "<table><tr><td>" * min(depth, 3000) + WORDS, "lists.html": "<ul><li>" * depth + WORDS,
            "quotes.html": "<blockquote>" * depth + WORDS, "spans.html": "<span>" * depth + WORDS, "svg.html": "<svg>" + "<g>" * depth + WORDS,
            "md": ">" * depth + WORDS, "lists.md": "".join(f"{'  ' * n}- a\n" for n in range(min(depth, 1500))), "stars.md": "*a _b " * depth + WORDS,
            "bullets.md": "- " * depth + WORDS, "rst": "".join(f"{'  ' * n}* a\n\n" for n in range(min(depth, 800))),
            "quotes.rst": "".join(f"{' ' * n}{WORDS}\n\n" for n in range(min(depth, 1000))), "directives.rst": "".join(f"{'   ' * n}.. note::\n\n" for n in range(min(depth, 800))),
            "adoc": "".join(f"{'*' * (n % 50 + 1)} a\n" for n in range(depth)), "examples.adoc": "".join("=" * (4 + n % 200) + "\n" for n in range(depth)),
            "xml": "<a>" * depth + WORDS + "</a>" * depth, "open.xml": "<a>" * depth, "rtf": "{\\rtf1 " + "{" * depth + WORDS + "}" * depth + "}", "open.rtf": "{\\rtf1 " + "{" * depth + WORDS,
            "py": "x = " + "(" * depth + "1" + ")" * depth + "\n", "lists.py": "x = " + "[" * depth + "]" * depth, "unary.py": "x = " + "-" * depth + "1\n",
            "calls.py": "f" + "()" * depth + "\n", "blocks.py": "".join(f"{' ' * n}if 1:\n" for n in range(min(depth, 1200))) + " " * 1200 + "pass\n", "else.py": "if a: pass\n" + "elif a: pass\n" * depth, "strings.py": "x = " + "'a' " * depth + "\n",
            "fstrings.py": "x = " + "f'{" * min(depth, 200) + "1" + "}'" * min(depth, 200) + "\n", "attributes.py": "x = a" + ".a" * depth + "\n", "sums.py": "x = 1" + "+1" * depth + "\n",
            "js": "{" * depth + WORDS, "yaml": "".join(f"{' ' * n}a:\n" for n in range(min(depth, 2000))), "aliases.yaml": "a: &a [x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{f'*{chr(97 + n)}, ' * 9}]\n" for n in range(20)),
            "ipynb": '{"nbformat": 4, "cells": ' + "[" * depth + "]" * depth + "}", "tex": "\\a{" * depth + WORDS, "svg": '<svg xmlns="http://www.w3.org/2000/svg">' + "<g>" * depth + "<text>x</text>" + "</g>" * depth + "</svg>",
        }  # fmt: skip
        for seed, text in nested.items():
            yield case("deep", seed, f"{depth}", lambda text=text: text)


def _slow() -> Iterator[Case]:
    """Lines of one thing, repeated: what patterns and parsers with a quadratic corner choke on."""
    units = {
        "a": "a", "A": "A", "space": " ", "x-space": "a" + " ", "tab": "\t", "nbsp": "\u00a0", "newline": "\n", "bracket": "[", "paren": "(", "brace": "{", "open-link": "[a](", "empty-link": "[](", "image": "![", "angle": "<",
        "tag": "<a", "comment": "<!--", "cdata": "<![CDATA[", "pi": "<?", "script": "<script>", "star": "*", "star-a": "*a ", "under": "_a", "under-star": "a**b_", "tick": "`", "ticks": "``a`", "tilde": "~~a", "pipe": "|", "pipe-a": "|a",
        "hash": "# ", "quote": ">", "dash": "- ", "equals": "=", "number": "1. ", "digit": "1", "digit-dot": "1.", "comma": ",", "semicolon": ";", "quote-mark": '"', "apostrophe": "'", "backslash": "\\", "amp": "&", "entity": "&#", "entity-a": "&a",
        "template": "{%", "template-x": "{{", "attribute": "{:", "colon": ":", "colons": "::", "dots": "..", "dollar": "$$a", "caret": "^[", "footnote": "[^a]", "bang": "!", "email": "a@", "dot-a": "a.", "url": "http://a", "slash": "/", "date": "2024-",
        "bullet-space": "-" + " " * 40 + "\n", "colon-line": ":a: b\n", "line-star": "*\n", "line-quote": "> \n", "line-fence": "```\n", "line-paren": "(\n", "line-space": " \n", "line-brace": "}\n", "reference": "[a]: <\n", "reference-title": '[a]: b "\n', "joiner": "\u200d", "combining": "a\u0301\u0316", "zalgo": "\u0301", "emoji": "\U0001f468\u200d", "hangul": "\u1100\u1161", "bidi": "\u202e", "fullwidth": "\uff21",
    }  # fmt: skip
    for name, unit in units.items():
        for extension in ("md", "txt", "html", "rst"):
            yield case("slow", extension, name, lambda unit=unit: WORDS + "\n\n" + unit * (60_000 // len(unit)))
    for name in (
        "bracket",
        "space",
        "x-space",
        "angle",
        "brace",
        "digit",
        "quote-mark",
        "backslash",
        "comma",
        "a",
        "paren",
        "tag",
        "line-space",
        "combining",
        "colon",
        "equals",
        "semicolon",
        "pipe-a",
        "digit-dot",
    ):
        for extension in (
            "py",
            "js",
            "c",
            "sql",
            "yaml",
            "ini",
            "csv",
            "tsv",
            "json",
            "jsonl",
            "xml",
            "svg",
            "rtf",
            "adoc",
            "eml",
            "mbox",
            "srt",
            "vtt",
            "tex",
            "ipynb",
        ):
            yield case("slow", extension, name, _slow_within, extension, units[name])
    yield case("slow", "long.txt", "a-1-MB", lambda: "a" * 1_000_000)
    yield case("slow", "long.txt", "a-20-MB", lambda: "a" * 20_000_000)
    yield case("slow", "long.txt", "words-1-MB", lambda: f"{WORDS} " * 12_000)
    yield case("slow", "long.txt", "capitals-1-MB", lambda: "A. B! C? " * 110_000)
    yield case("slow", "long.txt", "abbreviations", lambda: "e.g. Dr. U.S. i.e. No. " * 40_000)
    yield case("slow", "long.txt", "letters-1-MB", lambda: "pump\n\n" * 160_000)
    yield case("slow", "long.txt", "han-1-MB", lambda: "泵" * 350_000)
    yield case("slow", "long.md", "pump-1-MB", lambda: "**pump** `x` [y](z) " * 50_000)


def _slow_within(extension: str, unit: str) -> str:
    text = unit * (60_000 // len(unit))
    wrapped = {
        "rtf": f"{{\\rtf1 {WORDS} {text}}}", "eml": f"Subject: {text[:30_000]}\nFrom: {text[:30_000]}\n\n{WORDS}\n{text}", "mbox": f"From a Sun Mar  3 10:00:00 2024\nSubject: x\n\n{text}",
        "json": f'{{"a": "{WORDS}", "b": {text}', "ipynb": f'{{"nbformat": 4, "cells": {text}', "xml": f"<a>{WORDS}{text}</a>", "svg": f"<svg>{WORDS}{text}</svg>", "srt": f"1\n00:00:01,000 --> 00:00:02,000\n{text}", "vtt": f"WEBVTT\n\n{text}",
    }  # fmt: skip
    return wrapped.get(extension, f"{WORDS}\n{text}")
