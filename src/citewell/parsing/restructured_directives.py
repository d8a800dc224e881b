"""Stand-ins for directives and roles of reStructuredText that docutils does not know, or must not carry out.

Sphinx and others add hundreds of them, and docutils drops the text of what it does not know. Each unknown name in a
file is registered here before it is parsed; a parser process reads one file, so nothing has to be taken back.
"""

from __future__ import annotations

import importlib
import re
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive, directives, roles
from docutils.parsers.rst.languages import en

from citewell.cleaning import clean_line

DIRECTIVE = re.compile(
    r"^[ \t]*(?:[-*+][ \t]+)*\.\.[ \t]+(?:\|[^|\n]+\|[ \t]+)?([\w:+.-]+?)::(?:[ \t]|$)", re.MULTILINE
)
_ROLE = re.compile(r":([A-Za-z][\w:+.-]*):`|`:([A-Za-z][\w:+.-]*):")
_LABELLED = re.compile(r"(.+?)\s*<[^<>]*>\s*", re.DOTALL)
FILE_DIRECTIVES = frozenset(("include", "literalinclude", "raw", "csv-table"))
_CODE = frozenset((
    "code", "code-block", "sourcecode", "highlight", "testcode", "testoutput", "testsetup", "doctest", "prompt",
    "ipython", "plantuml", "graphviz", "mermaid", "uml", "productionlist", "console", "terminal", "jinja",
))  # fmt: skip
_EXTENDED = {  # imported when a file uses them: with them come libraries for the network, 45 ms of every start
    "image": ("images", "Image"), "figure": ("images", "Figure"), "table": ("tables", "RSTTable"),
    "list-table": ("tables", "ListTable"), "csv-table": ("tables", "CSVTable"),
}  # fmt: skip
_VERSIONS = {
    "versionadded": "Added in version", "versionchanged": "Changed in version", "versionremoved": "Removed in version",
    "deprecated": "Deprecated since version", "deprecated-removed": "Deprecated since version",
}  # fmt: skip
_PROSE_ARGUMENTS = frozenset((*_VERSIONS, "seealso", "todo", "centered", "tab", "tab-item", "dropdown", "card"))
_TEXT_OPTIONS = ("caption", "title", "synopsis")


class _AnyOption(dict[str, Any]):
    """Options of a directive: its own as they are, any other as text."""

    def __missing__(self, key: str) -> Any:
        return directives.unchanged

    def __bool__(self) -> bool:
        return True  # docutils asks before it looks for options


class _Unknown(Directive):  # type: ignore[misc] # docutils is untyped
    """A directive docutils does not know: its argument, titles and content are kept as text."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = _AnyOption()

    def run(self) -> list[Any]:
        found: list[Any] = []
        words = [self.arguments[0]] if self.arguments else []
        if self.name in _VERSIONS and words:
            words = [f"{_VERSIONS[self.name]} {words[0]}"]
        words += [self.options[name] for name in _TEXT_OPTIONS if self.options.get(name)]
        for each in words:
            marked = self.name in _PROSE_ARGUMENTS  # else a signature, in which ``*args`` is no emphasis
            inline = self.state.inline_text(each, self.lineno)[0] if marked else [nodes.Text(each)]
            paragraph = nodes.paragraph(each, "", *inline)
            paragraph.line = self.lineno
            found.append(paragraph)
        return found + self._content()

    def _content(self) -> list[Any]:
        if self.name == "toctree":
            return self._entries()
        container = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, container, match_titles=True)
        return [container]

    def _entries(self) -> list[Any]:
        """A table of contents: the titles it gives; bare file names are no text."""
        entries = nodes.bullet_list()
        for number, line in enumerate(self.content):
            if match := _LABELLED.fullmatch(line.strip()):
                paragraph = nodes.paragraph(match[1], match[1])
                paragraph.line = self.content_offset + number + 1
                entries += nodes.list_item("", paragraph)
        return [entries] if len(entries) else []


class _Code(_Unknown):
    """Code in any language, with a caption if it has one."""

    def run(self) -> list[Any]:
        found: list[Any] = []
        if caption := self.options.get("caption"):
            node = nodes.caption(caption, caption)
            node.line = self.lineno
            found.append(node)
        code = "\n".join(self.content)
        block = nodes.literal_block(code, code)
        block.line = self.content_offset + 1
        return [*found, block] if code else found


class _Elsewhere(_Unknown):
    """A directive that brings in a file or raw output: noted by its name."""

    def run(self) -> list[Any]:
        what = self.options.get("file") or self.options.get("url") or (self.arguments or [""])[0]
        return [nodes.comment("", f"{self.name} {clean_line(what)[:100]}".strip(), classes=["elsewhere"])]


class _Today(Directive):  # type: ignore[misc] # docutils is untyped
    """``date`` would put the day of parsing into the text."""

    has_content = True

    def run(self) -> list[Any]:
        return []


def _lenient(module: str, name: str) -> type[Directive]:
    """A directive of docutils that also accepts the options Sphinx adds."""
    base = getattr(importlib.import_module(f"docutils.parsers.rst.directives.{module}"), name)
    return type(base.__name__, (base,), {"option_spec": _AnyOption(base.option_spec or {})})


def _role(
    _name: str, rawtext: str, text: str, _lineno: int, _inliner: Any, _options: Any = None, _content: Any = None
) -> tuple[list[Any], list[Any]]:
    """A role docutils does not know: its words, without the target Sphinx would link them to."""
    text = nodes.unescape(text)
    match = _LABELLED.fullmatch(text)
    words = match[1] if match else text.lstrip("~!")
    return [nodes.inline(rawtext, words)], []


def stand_in(text: str) -> None:
    """Give every directive and role of this text that docutils does not know a stand-in."""
    for name in _CODE:
        directives.register_directive(name, _Code)
    for name in ("include", "literalinclude", "raw"):
        directives.register_directive(name, _Elsewhere)
    directives.register_directive("date", _Today)
    for name in {match[1].lower() for match in DIRECTIVE.finditer(text)}:
        if name in _EXTENDED:
            directives.register_directive(name, _lenient(*_EXTENDED[name]))
        elif name not in en.directives and name not in _CODE and name not in FILE_DIRECTIVES:
            directives.register_directive(name, _Unknown)
    for name in {(match[1] or match[2]).lower() for match in _ROLE.finditer(text)}:
        if name not in en.roles or name == "raw":
            roles.register_local_role(name, _role)
