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

if TYPE_CHECKING:
    from citewell.records import Document


@app.command()
def show(
    context: typer.Context,
    document: Annotated[str, typer.Argument(help="Path, end of a path, or document id.")],
    collection: CollectionOption = None,
    blocks: Annotated[bool, typer.Option("--blocks", help="Show how it was understood, block by block.")] = False,
    principals: AsOption = None,
    json: JsonOption = False,
) -> None:
    """Show a document as it was understood: text, or its blocks with their places."""
    import citewell

    found = citewell.open(collection_path(context, collection)).document(document, scope=make_scope(principals))
    if json:
        print_json(found.to_json())
        return
    screen = console()
    screen.print(f"{printable(found.title)}  ({found.media_type}, {found.modified_at[:10] or 'undated'}, "
                 f"readers: {', '.join(found.readers) or 'nobody'})")  # fmt: skip
    for note in found.notes:
        screen.print(f"note: {printable(note)}")
    screen.print("")
    if blocks:
        _print_blocks(found)
    else:
        screen.print(printable(found.text))


def _print_blocks(document: Document) -> None:
    screen = console()
    for block in document.blocks:
        text = printable(document.text[block.span[0] : block.span[1]])
        screen.print(f"{block.kind:<12} {block.locator!s:<28.28} {text}")


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
