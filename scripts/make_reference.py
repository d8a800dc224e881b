"""Writes the pages of ``docs/reference/`` that can be read off the code: command line, settings, Python.

    python -m scripts.make_reference            write them
    python -m scripts.make_reference --check    compare only; exit status 1 and a list of the pages that are stale

The pages are made from the code's own declarations (annotations, dataclass fields, docstrings), never from the layout
of a help text, so that another release of typer or another terminal width leaves them alone. ``tests/test_docs.py``
compares what is declared with what ``--help`` really prints.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import io
import re
import textwrap
import tokenize
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any

import typer

import citewell
from citewell import settings

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
NOTE = "<!-- Made by `python -m scripts.make_reference`. Change the code's own words instead of this page. -->\n\n"

CLI = """\
# Command line

```text
citewell [-c DIR] COMMAND …
```

`-c DIR` may stand before or after the command; after it wins. Results go to standard output, progress and messages to
standard error. With `--json` standard output is one JSON object and nothing else; [json.md](json.md) lists its fields.
Every command also takes `-h` or `--help`.

| exit status | meaning |
|---|---|
| 0 | done; a refusal to answer is an answer |
| 1 | an honest negative: `check` found problems, or something was left after `remove` |
| 2 | you must change something; the message says what |
| 3 | a fault of Citewell; the message names a report file with the traceback |
| 130 | stopped with Ctrl-C; what was committed is kept |

Options before the command:
"""

SETTINGS = """\
# Settings

A collection keeps its settings in `collection.toml`, one table per stage: `[settings.retrieval]` and so on. They are
written when the collection is made, from the environment or from a `citewell.Settings`. The stages `chunking` and
`index` decide the stored rows and stay as they were then (`citewell reindex` changes the encoder). The others can be
overridden for one process with the variable in the last column.

Numbers must be greater than 0. A value of the wrong kind is an error that names it. A variable whose name is not in
this list is ignored.
"""

PYTHON = """\
# Python

`import citewell` loads nothing heavy; each name is loaded when first used. What is listed here is public. Other modules
may change between releases.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare only")
    check = parser.parse_args().check
    stale = {name: text for name, text in pages().items() if not _same(REFERENCE / name, text)}
    for name, text in stale.items():
        if check:
            print(f"docs/reference/{name} is stale. Make it again with:  python -m scripts.make_reference")
        else:
            (REFERENCE / name).write_text(text, encoding="utf-8")
            print(f"wrote docs/reference/{name}")
    raise SystemExit(1 if check and stale else 0)


def pages() -> dict[str, str]:
    """File name below ``docs/reference/`` → text."""
    return {"cli.md": cli_page(), "settings.md": settings_page(), "python.md": python_page()}


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


# -- command line ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parameter:
    """An argument or option as declared. words: how it is typed, such as ``-c, --collection DIR``."""

    words: str
    help: str
    option: bool
    required: bool
    many: bool


@dataclass(frozen=True)
class Command:
    """A command: its words after ``citewell``, what it does, its parameters in order."""

    name: str
    help: str
    parameters: tuple[Parameter, ...]

    @property
    def usage(self) -> str:
        parts = ["citewell", self.name, "[OPTIONS]" if any(each.option for each in self.parameters) else ""]
        for each in self.parameters:
            if not each.option:
                word = each.words + ("…" if each.many else "")
                parts.append(word if each.required else f"[{word}]")
        return " ".join(part for part in parts if part)


def commands() -> list[Command]:
    """Every command, by name: the order they are registered in depends on what was imported first."""
    import_module("citewell.cli.run")
    app = import_module("citewell.cli.app").app
    found = [_command("", each) for each in app.registered_commands]
    for group in app.registered_groups:
        found += [_command(f"{group.name} ", each) for each in group.typer_instance.registered_commands]
    return sorted(found, key=lambda command: command.name)


def global_parameters() -> tuple[Parameter, ...]:
    """Options that stand before the command."""
    return _parameters(import_module("citewell.cli.app").options)


def _command(prefix: str, info: Any) -> Command:
    name = info.name or info.callback.__name__.replace("_", "-")
    return Command(f"{prefix}{name}", inspect.getdoc(info.callback) or "", _parameters(info.callback))


def _parameters(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    hints = typing.get_type_hints(function, include_extras=True)
    found = []
    for name, parameter in inspect.signature(function).parameters.items():
        info = next((each for each in getattr(hints[name], "__metadata__", ()) if hasattr(each, "param_decls")), None)
        if info is not None:
            found.append(_parameter(name, hints[name].__origin__, parameter.default, info))
    return tuple(found)


def _parameter(name: str, kind: Any, default: Any, info: Any) -> Parameter:
    kinds = [each for each in typing.get_args(kind) or (kind,) if each is not type(None)]
    many = typing.get_origin(kind) is list or any(typing.get_origin(each) is list for each in kinds)
    kinds = list(typing.get_args(kinds[0]) or kinds[:1])
    notes = []
    if isinstance(info, typer.models.ArgumentInfo):
        return Parameter(name.upper(), info.help or "", False, default is inspect.Parameter.empty, many)
    first = [info.default] if isinstance(info.default, str) and info.default.startswith("-") else []
    words = ", ".join([*first, *(info.param_decls or ())] or [f"--{name.replace('_', '-')}"])
    if kinds[0] is not bool:
        choices = "|".join(each.value for each in kinds[0]) if issubclass(kinds[0], Enum) else ""
        words += f" {info.metavar or choices or {int: 'NUMBER', Path: 'FILE'}.get(kinds[0], 'TEXT')}"
    if info.min is not None or info.max is not None:
        notes.append(f"{info.min} or more" if info.max is None else f"{info.min} to {info.max}")
    if default not in ("", None, False, inspect.Parameter.empty):
        notes.append(f"default: {default.value if isinstance(default, Enum) else default}")
    text = (info.help or "") + (f" [{'; '.join(notes)}]" if notes else "")
    return Parameter(words, text, True, False, many)


def cli_page() -> str:
    lines = [NOTE + CLI, *_table(global_parameters())]
    for command in commands():
        lines += ["", f"## citewell {command.name}", "", "```text", command.usage, "```", ""]
        lines += textwrap.wrap(" ".join(command.help.split()), 118)
        if command.parameters:
            lines += ["", *_table(command.parameters)]
    return "\n".join(lines) + "\n"


def _table(parameters: tuple[Parameter, ...]) -> list[str]:
    rows = ["| | |", "|---|---|"]
    return rows + [f"| `{_cell(each.words)}` | {_cell(each.help)} |" for each in parameters]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


# -- settings ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Setting:
    """One field of a stage: its kind, its default as written in the code, and the comment beside it."""

    stage: str
    name: str
    kind: str
    default: str
    meaning: str

    @property
    def variable(self) -> str:
        return f"CITEWELL_{self.stage}_{self.name}".upper()


def stages() -> dict[str, tuple[str, list[Setting]]]:
    """Stage → (docstring, its settings), read from the source so that the comments are at hand."""
    source = inspect.getsource(settings)
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    classes = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}
    found = {}
    for stage, kind in _fields(classes["Settings"]):
        node = classes[ast.unparse(kind.annotation)]
        rows = [
            Setting(stage, name, ast.unparse(each.annotation), _default(each.value), comments.get(each.lineno, ""))
            for name, each in _fields(node)
        ]
        found[stage] = (ast.get_docstring(node) or "", rows)
    return found


def _fields(node: ast.ClassDef) -> Iterator[tuple[str, ast.AnnAssign]]:
    for each in node.body:
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            yield each.target.id, each


KINDS = {"int": "whole number", "float": "number", "str": "text"}


def _default(node: ast.expr | None) -> str:
    if isinstance(node, ast.Name):  # a constant of the module
        return str(getattr(settings, node.id))
    return str(node.value) if isinstance(node, ast.Constant) else ast.unparse(node) if node else ""


def settings_page() -> str:
    lines = [NOTE + SETTINGS.rstrip("\n")]
    for stage, (text, rows) in stages().items():
        fixed = " Fixed when the collection is made." if stage in {"chunking", "index"} else ""
        lines += ["", f"## {stage}", "", text + fixed, ""]
        lines += ["| setting | kind | default | meaning | variable |", "|---|---|---|---|---|"]
        lines += [
            f"| `{row.name}` | {KINDS[row.kind]} | `{row.default}` | {_cell(row.meaning)} | `{row.variable}` |"
            for row in rows
        ]
    return "\n".join(lines) + "\n"


# -- Python ------------------------------------------------------------------------------------------------------------


def python_page() -> str:
    lines = [NOTE + PYTHON.rstrip("\n")]
    for name in sorted(citewell.__all__, key=lambda each: (each != "open", each != "Collection", each.lower())):
        if name != "__version__":
            lines += ["", *_described(name)]
    lines += ["", "## `citewell.__version__`", "", "The release, a text such as `0.1.0`."]
    return "\n".join(lines) + "\n"


def _described(name: str) -> list[str]:
    value = getattr(citewell, name)
    node = _definition(value)
    lines = [f"## `citewell.{name}`", ""]
    if isinstance(node, ast.FunctionDef):
        return [*lines, "```text", _signature(f"citewell.{name}", node), "```", "", *_prose(node)]
    base = f"({', '.join(ast.unparse(each) for each in node.bases)})" if node.bases else ""
    lines += [*_prose(node)]
    if base:
        lines += ["", f"A subclass of `{base.strip('()')}`."]
    fields = [f"{field}: {ast.unparse(each.annotation)}{_given(each.value)}" for field, each in _fields(node)]
    if fields:
        lines += ["", "```text", *fields, "```"]
    for each in node.body:
        if isinstance(each, ast.FunctionDef) and not each.name.startswith("_"):
            decorators = {ast.unparse(one) for one in each.decorator_list}
            if "property" in decorators:
                shown = f"{each.name}: {ast.unparse(each.returns) if each.returns else ''}"
            else:
                shown = _signature(each.name, each, method="staticmethod" not in decorators)
            if "staticmethod" in decorators:
                shown = f"{name}.{shown}"
            lines += ["", "```text", shown, "```", *(["", *text] if (text := _prose(each)) else [])]
    return lines


def _definition(value: Any) -> ast.FunctionDef | ast.ClassDef:
    tree = ast.parse(inspect.getsource(import_module(value.__module__)))
    kinds = (ast.FunctionDef, ast.ClassDef)
    return next(node for node in tree.body if isinstance(node, kinds) and node.name == value.__name__)


def _signature(name: str, node: ast.FunctionDef, *, method: bool = False) -> str:
    arguments = re.sub(r"^self(?:, )?", "", ast.unparse(node.args)) if method else ast.unparse(node.args)
    arguments = re.sub(r"(\w: [^=]+?)=", r"\1 = ", arguments)
    line = f"{name}({arguments}) -> {ast.unparse(node.returns) if node.returns else 'None'}"
    return textwrap.fill(line, 118, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def _given(value: ast.expr | None) -> str:
    if value is None:
        return ""
    text = ast.unparse(value)
    factory = re.fullmatch(r"field\(default_factory=(\w+)\)", text)
    return f" = {factory[1]}()" if factory else f" = {text}"


def _prose(node: ast.FunctionDef | ast.ClassDef) -> list[str]:
    """The docstring as Markdown paragraphs."""
    text = ast.get_docstring(node) or ""
    text = re.sub(r":(?:class|func|meth|data|mod):`~?([^`]+)`", r"`\1`", text.replace("``", "`"))
    return textwrap.dedent(text).splitlines()


if __name__ == "__main__":
    main()
