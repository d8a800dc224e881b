"""What parsers recover from files with a known content: Citewell beside markitdown, kreuzberg and pypdf, in one run.

    python -m benchmarks.parsing DOCS_DIR --peers-python PYTHON [--formats pdf docx …] [--worst 3]

DOCS_DIR holds test files of other projects in their own layout: docling's ``…/FORMAT/sources/NAME`` with Markdown in
``…/FORMAT/groundtruth/NAME.md``, and markitdown's ``_test_vectors.py`` beside ``test_files``, whose expected strings
are read, not run. docling's Markdown is the oracle, so docling is no peer; where its conventions differ from a reader's
taste (comments, sheet names, raw numbers of cells) everyone is measured by them. Expectations that a text recogniser
made of pictures are left out.

Method. Every system runs in its own process, files one after the other, each with ``--timeout`` seconds; a system that
fails or takes longer has found nothing. Scores are those of ``parsing_scores``, means over files; a format's order and
levels are means over the files where that system can be given one. In brackets: 95 % bootstrap interval of the mean
difference between us and the best peer, over the files both have a value for. Seconds are taken inside the process,
without its start; CPU seconds are those of the whole process tree, as is memory: the largest sum of resident sizes,
sampled every 20 ms, in which pages that processes share count several times. A file with files inside it is read with
them, by everyone who does.

Writes results/parsing.{json,svg,png}; the picture alone again with ``--plot``.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from benchmarks.parsing_child import PARSERS
from benchmarks.parsing_report import MEASURES, US, plot, report, speed, table, worst
from benchmarks.parsing_scores import (
    Content,
    content_of_markdown,
    content_of_parsed,
    content_of_text,
    joined,
    score,
    string_score,
)
from benchmarks.parsing_systems import System

RESULTS = Path(__file__).parent / "results"
# Names that docling's folders give to files whose ending says less.
FOLDERS = {"jats": "jats", "uspto": "patents", "xbrl": "xbrl"}
FORMATS = {".nxml": "jats", ".xlsm": "xlsx", ".htm": "html", ".asciidoc": "asciidoc"}
PICTURES = {"ocr", "webp", "tiff"}


@dataclass(frozen=True)
class Case:
    """A file and what it holds: a whole expectation in Markdown, or strings that must (not) be there."""

    path: Path
    format: str
    markdown: str | None = None
    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


# -- expectations ----------------------------------------------------------------------------------------------------


def cases(docs: Path) -> list[Case]:
    return sorted([*docling(docs), *markitdown(docs)], key=lambda case: (case.format, str(case.path)))


def docling(docs: Path) -> Iterator[Case]:
    for truth in sorted(docs.glob("**/groundtruth/*.md")):
        folder = truth.parents[1]
        if folder.name in PICTURES:
            continue
        named = folder / "sources" / truth.name.removesuffix(".md")
        found = [named] if named.suffix else []
        found += [named.with_name(named.name + ending) for ending in (".pdf", ".xml", ".txt")]
        for path in found:  # also a print of the same document as PDF
            if path.is_file():
                yield Case(path, format_of(path), truth.read_text(encoding="utf-8"))


def markitdown(docs: Path) -> Iterator[Case]:
    for vectors in sorted(docs.glob("**/_test_vectors.py")):
        tree = ast.parse(vectors.read_text(encoding="utf-8"))
        general = next(node.value for node in tree.body if isinstance(node, ast.Assign)
                       and ast.unparse(node.targets[0]) == "GENERAL_TEST_VECTORS")  # fmt: skip
        for call in cast(ast.List, general).elts:
            given = {each.arg: ast.literal_eval(each.value) for each in cast(ast.Call, call).keywords}
            path = vectors.parent / "test_files" / given["filename"]
            if path.is_file():
                strings = tuple(given["must_include"]), tuple(given["must_not_include"])
                yield Case(path, format_of(path), None, *strings)


def format_of(path: Path) -> str:
    folder = FOLDERS.get(path.parents[1].name)
    return folder or FORMATS.get(path.suffix.lower()) or path.suffix.lower().lstrip(".")


def content(answer: dict[str, Any]) -> Content:
    if "parsed" in answer:
        from citewell.parsing.parsed import Parsed

        return joined(content_of_parsed(Parsed.from_json(each)) for each in answer["parsed"])
    if "text" in answer:
        return content_of_text(answer["text"])
    return content_of_markdown(answer.get("markdown", ""))


def scores_of(case: Case, found: Content) -> dict[str, float | None]:
    values = dict.fromkeys(MEASURES)
    if case.markdown is not None:
        values |= score(content_of_markdown(case.markdown), found)
    if case.present or case.absent:
        values["strings"] = string_score(case.present, case.absent, found) if found.words else 0.0
    if not found.words:
        values["no false table"] = None
    return values


def pages(path: Path) -> int:
    if path.suffix.lower() != ".pdf":
        return 0
    import pypdfium2

    return len(pypdfium2.PdfDocument(path))


# -- the run ---------------------------------------------------------------------------------------------------------


def main() -> None:
    arguments = parse_arguments()
    if arguments.plot:
        plot(json.loads((RESULTS / "parsing.json").read_text(encoding="utf-8")), RESULTS)
        return
    chosen = [case for case in cases(arguments.docs) if not arguments.formats or case.format in arguments.formats]
    if not chosen:
        sys.exit(f"no file with an expectation under {arguments.docs}; expected …/groundtruth/*.md or _test_vectors.py")
    names = [name for name in arguments.systems if name == US or arguments.peers_python]
    rows: list[dict[str, Any]] = []
    for name in names:
        system = System(name, Path(sys.executable) if name == US else arguments.peers_python, arguments.timeout)
        for case in chosen:
            if name == "pypdf" and case.format != "pdf":
                continue
            answer = system.measure(case.path)
            file = str(case.path.relative_to(arguments.docs))
            rows.append({"system": name, "file": file, "format": case.format, "kind": kind(case),
                         "error": answer.get("error", ""), "pages": pages(case.path),
                         **{key: round(answer[key], 4) for key in ("seconds", "cpu", "peak")},
                         "scores": scores_of(case, content(answer))})  # fmt: skip
        system.stop()
        print(f"  {name}: done", file=sys.stderr, flush=True)
    result = {"command": "python -m benchmarks.parsing DOCS_DIR --peers-python PYTHON",
              "cores": os.cpu_count(), "date": time.strftime("%Y-%m-%d"), "versions": versions(arguments),
              "tables": {measure: table(rows, names, measure) for measure in MEASURES},
              "speed": speed(rows, names), "files": rows}  # fmt: skip
    report(result, names)
    for measure in MEASURES[:1] + MEASURES[2:4] + MEASURES[7:8]:
        worst(rows, names, measure, arguments.worst)
    if not arguments.formats:
        (RESULTS / "parsing.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if arguments.out:
        arguments.out.write_text(json.dumps(result) + "\n", encoding="utf-8")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("docs", type=Path, nargs="?", default=Path())
    parser.add_argument("--peers-python", type=Path, help="interpreter of an environment with the peers")
    parser.add_argument("--formats", nargs="+", help="only these; nothing is saved in results/")
    parser.add_argument("--systems", nargs="+", choices=list(PARSERS), default=list(PARSERS))
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds for one file")
    parser.add_argument("--worst", type=int, default=0, help="list this many files furthest behind the best peer")
    parser.add_argument("--out", type=Path, help="another place for the JSON")
    parser.add_argument("--plot", action="store_true", help="only draw results/parsing.json again; needs matplotlib")
    return parser.parse_args()


def kind(case: Case) -> str:
    return "markdown" if case.markdown is not None else "strings"


def versions(arguments: argparse.Namespace) -> dict[str, str]:
    from importlib import metadata

    found = {US: metadata.version(US)}
    if arguments.peers_python:
        code = "import importlib.metadata as m, sys; print(*(m.version(name) for name in sys.argv[1:]))"
        peers = [name for name in arguments.systems if name != US]
        done = subprocess.run([arguments.peers_python, "-c", code, *peers], capture_output=True, text=True, check=True)
        found |= dict(zip(peers, done.stdout.split(), strict=True))
    return found


if __name__ == "__main__":
    main()
