"""Commands about one document and about this installation: show, doctor, demo."""

from __future__ import annotations

import platform
import shutil
import sqlite3
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citewell.cli.app import AsOption, CollectionOption, JsonOption, app, collection_path
from citewell.cli.ask import make_scope, print_answer
from citewell.cli.output import console, ingest_progress, message, print_json, printable
from citewell.errors import CollectionError, ParseError, PathError

if TYPE_CHECKING:
    from citewell.parsing.parsed import Member, Parsed
    from citewell.records import Document


@app.command()
def show(
    context: typer.Context,
    document: Annotated[str, typer.Argument(help="Path, end of a path, or document id.")],
    collection: CollectionOption = None,
    parse: Annotated[
        bool,
        typer.Option(
            "--parse", help="Show how it was understood: outline, blocks with places, tables. Also of a file on disk."
        ),
    ] = False,
    principals: AsOption = None,
    json: JsonOption = False,
) -> None:
    """Show a document as it was understood: text, or with --parse its structure and places."""
    root = collection_path(context, collection)
    find = _find_or_parse if parse else _find
    found = find(root, document, principals)
    if json:
        print_json(found.to_json())
    elif parse:
        from citewell.cli.parse_view import print_parse

        print_parse(found, Path(document).name, _inside(root, found, principals))
    else:
        _print_text(found)


def _find(root: Path, name: str, principals: list[str] | None) -> Document:
    import citewell

    return citewell.open(root).document(name, scope=make_scope(principals))


def _find_or_parse(root: Path, name: str, principals: list[str] | None) -> Document | Parsed:
    """The document of the collection, or else a file on disk, parsed now. Whoever reads as somebody else gets no file:
    that would be another right than the one asked for."""
    path = Path(name).expanduser()
    try:
        return _find(root, name, principals)
    except (CollectionError, PathError) as error:
        if principals:
            raise
        if not path.is_file():
            raise PathError(f"'{name}' is not a file here, and not in the collection either: {error}") from None
    from citewell.parsing.sandbox import ParserPool
    from citewell.settings import ParsingSettings

    with ParserPool(ParsingSettings(workers=1)) as pool:
        try:
            return pool.parse(path.read_bytes(), path.name)
        except (ParseError, OSError) as error:
            raise PathError(str(error)) from None


def _inside(root: Path, found: Document | Parsed, principals: list[str] | None) -> tuple[Member, ...]:
    """The files inside it, and of a document in the collection what became of them."""
    from citewell.parsing.parsed import Member, Parsed

    if isinstance(found, Parsed):
        return found.members
    import citewell
    from citewell.reading import INSIDE

    start = found.uri + INSIDE
    items = citewell.open(root).items(make_scope(principals))
    return tuple(Member(item.uri.removeprefix(start), item.size, item.reason, item.message)
                 for item in items if item.uri.startswith(start))  # fmt: skip


def _print_text(found: Document | Parsed) -> None:
    screen = console()
    readers = getattr(found, "readers", ())
    screen.print(f"{printable(found.title)}  ({found.media_type}, {found.modified_at[:10] or 'undated'}, "
                 f"readers: {', '.join(readers) or 'nobody'})")  # fmt: skip
    for note in found.notes:
        screen.print(f"note: {printable(note)}")
    screen.print(f"\n{printable(found.text)}")


@app.command()
def doctor(json: JsonOption = False) -> None:
    """Check this installation: versions, encoder, parser isolation, disk space."""
    from citewell.models.encoder import load_encoder
    from citewell.parsing.sandbox import ParserPool
    from citewell.settings import ParsingSettings

    started = time.perf_counter()
    encoder = load_encoder()
    encoder.encode(["ready"])
    loaded = time.perf_counter() - started
    with ParserPool(ParsingSettings(workers=1)) as pool:
        pool.parse(b"ready", "ready.txt")
        isolation = list(pool.isolation)
    facts = {
        "citewell": metadata.version("citewell"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "sqlite": sqlite3.sqlite_version,
        "lance": metadata.version("pylance"),
        "onnxruntime": metadata.version("onnxruntime"),
        "encoder": encoder.identity,
        "encoder_seconds": round(loaded, 3),
        "parser_isolation": isolation,
        "free_gigabytes": round(shutil.disk_usage(Path.cwd()).free / 1e9, 1),
    }
    if json:
        print_json(facts)
        return
    for name, value in facts.items():
        console().print(f"{name.replace('_', ' '):<18} {', '.join(value) if isinstance(value, list) else value}")
    if "network namespace" not in isolation:
        message("warning: this system does not let parsers drop the network; the audit hook alone denies it.")


@app.command()
def demo(
    collection: CollectionOption = None,
) -> None:
    """Index the sample corpus and ask it four questions: prose, a table, two versions that differ, no answer."""
    import citewell
    from citewell.samples import DEMO_QUESTIONS, corpus_path

    with tempfile.TemporaryDirectory(prefix="citewell-demo-") as folder:
        root = collection or Path(folder) / "demo.citewell"
        opened = citewell.open(root, create=True)
        screen = console()
        screen.print(f"Indexing the sample corpus, the files of a fictional company: {corpus_path()}\n")
        with ingest_progress(quiet=False) as show:
            for report in opened.add(corpus_path(), on_progress=show):
                count = report.added + report.unchanged
                left = f"; {len(report.problems)} files are scans or formats not read yet" if report.problems else ""
                screen.print(f"{count} documents, {report.passages} passages in {report.seconds:.1f} s{left}.")
        for question in DEMO_QUESTIONS:
            screen.print(f'\n{"─" * 78}\n$ citewell ask "{question}"\n')
            print_answer(opened.ask(question))
    screen.print(f'\n{"─" * 78}\nNow your own:  citewell ask "…" FOLDER')
