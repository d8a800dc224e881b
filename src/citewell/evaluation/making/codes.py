"""Questions about program text: what a function or class does by its own documentation, and values of constants."""

from __future__ import annotations

import re
from collections.abc import Iterator

from citewell.evaluation.making.drafts import Draft, Material, plain
from citewell.records import Block, Span

_DEFINED = re.compile(
    r"(?P<what>function|def|async def|class|method|fn|func|struct|enum|interface|module|type|trait|"
    r"impl)\s+(?P<name>[\w.:$]+)"
)
_DOCSTRING = re.compile(
    r'^[^\n]*(?:\n[^\n]*){0,8}?\n?\s*[rRuU]?(?:"""|\'\'\')\s*(?P<said>\S.*?)(?:"""|\'\'\')', re.DOTALL
)
_COMMENT = re.compile(r"\A\s*(?:/\*+(?P<block>.*?)\*/|(?P<lines>(?:[ \t]*(?://[/!]?|#)[^\n]*\n)+))", re.DOTALL)
_CONSTANT = re.compile(
    r"(?m)^\s*(?:(?:export |public |private |static |final |const )*(?:[\w<>*]+\s+)?|"
    r"#define\s+)(?P<name>[A-Z][A-Z0-9]*_[A-Z0-9_]+)"
    r"(?:\s*:\s*[\w\[\], ]+)?\s*(?:=|(?<=\w)\s)\s*(?P<value>\"[^\"\n]{1,80}\"|'[^'\n]{1,80}'|"
    r"-?[\dx][\w.]*)\s*[,;)]?\s*(?:[/#].*)?$"
)
_KINDS = {"def": "function", "async def": "function", "fn": "function", "func": "function"}


def code_drafts(given: Material) -> Iterator[Draft]:
    """Functions and classes that say what they do, and constants with a plain value."""
    if not given.document.media_type.startswith(("text/x-", "application/x-ipynb")):
        return
    for block in given.blocks:
        if block.kind == "code" and block.span[1] - block.span[0] < 20_000:
            yield from _definition(given, block)
            yield from _constants(given, block)


def _definition(given: Material, block: Block) -> Iterator[Draft]:
    found = _DEFINED.fullmatch(block.heading_path[-1]) if block.heading_path else None
    if not found or found["name"].startswith("__"):
        return
    said = _said(given.text(block))
    if said is None:
        return
    start, end = said
    sentence = plain(re.sub(r"(?m)^\s*(?:\*|//+|#+)", " ", given.text(block)[start:end]))
    if len(sentence.split()) < 4:
        return
    what = _KINDS.get(found["what"], found["what"])
    inside = [each for each in block.heading_path[:-1] if each.startswith("class ")]
    what = "method" if inside and what == "function" else what
    owner = f" of {inside[-1]}" if inside else ""
    called = f"the {what} {found['name']}{owner}"
    question = f"What does {called} do?" if what in {"function", "method", "class"} else f"What is {called}?"
    yield Draft(
        question, given.named(question), (sentence,), (block.span[0] + start, block.span[0] + end), "code",
        f"documentation of {what} {found['name']}", keys=f"{found['name']} {owner}", about=found["name"],
        alone="_" in found["name"] or bool(owner) or any(each.isupper() for each in found["name"][1:]),
    )  # fmt: skip


def _said(code: str) -> Span | None:
    """The first sentence of a docstring, or of the comment right above the definition."""
    documented = _DOCSTRING.match(code)
    if documented:
        start, text = documented.start("said"), documented["said"]
    elif commented := _COMMENT.match(code):
        group = "block" if commented["block"] is not None else "lines"
        start, text = commented.start(group), commented[group]
    else:
        return None
    end = re.search(r"\.(?:\s|$)|\n\s*\*?\s*\n", text)
    length = len(text[: end.start() + 1].rstrip()) if end else len(text.rstrip())
    lead = re.match(r"[\s*/#]*", text)
    return start + (lead.end() if lead else 0), start + length


def _constants(given: Material, block: Block) -> Iterator[Draft]:
    for found in _CONSTANT.finditer(given.text(block)):
        question = f"What is the value of {found['name']}?"
        span = (block.span[0] + found.start("name"), block.span[0] + found.end("value"))
        yield Draft(
            question, given.named(question), (found["value"].strip("\"'"),), span, "code",
            f"value of the constant {found['name']}", keys=found["name"], about=found["name"], shape="number",
        )  # fmt: skip
