"""Source code and configuration: blocks cut at definitions, with lines.

Python is cut by its own grammar, with the names of classes and functions as heading path, and so are the languages of
:mod:`citewell.parsing.code_definitions` where their grammars are installed. Other languages are cut at lines that look
like definitions, and configuration at empty lines. Code is never changed beyond invisible characters.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from pathlib import PurePath

from citewell.parsing import code_definitions
from citewell.parsing.builder import Builder
from citewell.parsing.code_definitions import Stretch
from citewell.parsing.encoding import decode
from citewell.records import Locator

MAX_LINES = 60  # a block with more is cut at an empty line where there is one
_MIN_LINES = 6  # groups of fewer lines are joined with the next

_DEFINITION = re.compile(
    r"""^(?:(?:export|default|public|private|protected|internal|static|final|abstract|async|pub(?:\([a-z]+\))?|unsafe|
        extern|inline|virtual|override|sealed|open|data|case|partial|readonly|declare)\s+)*
        (?:function|func|fn|def|class|struct|enum|interface|trait|impl|module|namespace|type|object|protocol|extension|
        macro_rules!|package|record|create\s+(?:or\s+replace\s+)?(?:table|view|function|procedure|index|trigger|type)|
        resource|message|service|rpc)\b\s*\*?\s*([\w.:<>!"$-]*)
      | ^(?:export\s+)?(?:const|let|var)\s+(\w+)\s*=\s*(?:async\s*)?(?:function|\()
      | ^[A-Za-z_][\w:<>,\s*&\[\]]*?\b(\w+)\s*\([^;]*\)\s*(?:const\s*)?(?:\{|$)
      | ^\s*\[+([^\]]+)\]+\s*$""",
    re.VERBOSE | re.IGNORECASE,
)  # fmt: skip

_MEDIA_TYPES = {
    "py": "text/x-python", "pyi": "text/x-python", "js": "text/javascript", "mjs": "text/javascript",
    "ts": "text/typescript", "tsx": "text/typescript", "java": "text/x-java", "go": "text/x-go", "c": "text/x-c",
    "h": "text/x-c", "cpp": "text/x-c++", "rs": "text/x-rust", "sh": "text/x-shellscript", "sql": "application/sql",
    "yaml": "application/yaml", "yml": "application/yaml", "toml": "application/toml", "xml": "application/xml",
    "css": "text/css",
}  # fmt: skip

_WITHOUT_GRAMMAR = (
    "Its code was cut by its looks; for exact definitions:  pip install 'citewell[code]'  and read it again."
)


def read(data: bytes, out: Builder) -> None:
    path = PurePath(out.name)
    extension = path.suffix.lower().lstrip(".")
    source = decode(data, out.name).replace("\r\n", "\n").replace("\r", "\n")
    lines = source.split("\n")
    out.language = ""
    out.media_type = _MEDIA_TYPES.get(extension, "text/plain")
    if extension in {"py", "pyi"}:
        stretches = _python(source, lines)
    else:
        stretches = code_definitions.stretches(source, extension)
        if extension in code_definitions.EXTENSIONS and not code_definitions.available(extension):
            out.notes.append(_WITHOUT_GRAMMAR)
    for start, end, names in stretches if stretches is not None else _by_looks(lines):
        for first, last in portions(lines, start, end):
            out.add("code", "\n".join(lines[first:last]), Locator(lines=(first + 1, last)), path=names)


def _python(source: str, lines: list[str]) -> list[Stretch] | None:
    """Stretches by Python's grammar; ``None`` when it does not parse (a template, Python 2)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return list(_definitions(tree.body, 0, len(lines), ()))


def _definitions(body: list[ast.stmt], start: int, end: int, names: tuple[str, ...]) -> Iterator[Stretch]:
    """Functions and classes of one level, and the statements between them, in order."""
    position = start
    for node in body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) - 1
        last = node.end_lineno or node.lineno
        if first < position:
            continue  # several on one line
        if first > position:
            yield position, first, names
        own = (*names, f"{'class' if isinstance(node, ast.ClassDef) else 'def'} {node.name}")
        if isinstance(node, ast.ClassDef) and last - first > MAX_LINES // 3:
            yield from _definitions(node.body, first, last, own)
        else:
            yield first, last, own
        position = last
    if position < end:
        yield position, end, names


def _by_looks(lines: list[str]) -> Iterator[Stretch]:
    """Cut before definitions at the left margin, else at empty lines; short neighbours stay together."""
    start = 0
    name: tuple[str, ...] = ()
    for number, line in enumerate(lines):
        match = _DEFINITION.match(line) if line and not line[0].isspace() and len(line) < 500 else None
        at_gap = number > 0 and not lines[number - 1].strip() and line.strip() and number - start >= _MIN_LINES
        at_definition = match is not None and (name or number - start >= _MIN_LINES)
        if (at_definition or (at_gap and not name and not line[0].isspace())) and number > start:
            first = _with_comments(lines, start, number)
            yield start, first, name
            start, name = first, ()
        if match is not None and not name:
            found = next((group for group in match.groups() if group), "")
            name = (found.strip(),) if found.strip() else ()
    yield start, len(lines), name


def _with_comments(lines: list[str], start: int, number: int) -> int:
    """The first line of the comment or annotation right above a definition belongs to it."""
    first = number
    while first - 1 > start and lines[first - 1].lstrip()[:2] in {"//", "/*", "* ", "*/", "# ", "--", "@O", "#["}:
        first -= 1
    return first


def portions(lines: list[str], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Non-empty portions of at most ``MAX_LINES`` lines, cut at an empty line in the second half where there is one."""
    while start < end and not lines[start].strip():
        start += 1
    while end > start and not lines[end - 1].strip():
        end -= 1
    while end - start > MAX_LINES:
        cut = next((n for n in range(start + MAX_LINES, start + MAX_LINES // 2, -1) if not lines[n].strip()), None)
        cut = cut if cut is not None else start + MAX_LINES
        yield start, cut
        start = cut
        while start < end and not lines[start].strip():
            start += 1
    if start < end:
        yield start, end
