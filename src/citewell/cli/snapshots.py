"""Commands about earlier states: snapshot create, list, diff, restore, drop, export, import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citewell.cli.app import CollectionOption, JsonOption, app, collection_path
from citewell.cli.output import console, count, message, print_json, printable, short_path

if TYPE_CHECKING:
    from citewell.differences import AnswerChange, Difference

snapshot = typer.Typer(
    no_args_is_help=True, help="Keep earlier states of a collection, compare them, go back, and move them.",
)  # fmt: skip
app.add_typer(snapshot, name="snapshot")

_SHOWN = 20  # documents of one kind printed for people; --json has them all

Name = Annotated[str, typer.Argument(metavar="NAME", help="The snapshot's name.")]

_WORDS = {
    "different_text": "another answer", "different_citations": "same answer, other sources",
    "now_refused": "no answer any more", "now_answered": "answered now",
}  # fmt: skip


@snapshot.command()
def create(
    context: typer.Context,
    name: Name,
    note: Annotated[str, typer.Option(help="A line about why.")] = "",
    collection: CollectionOption = None,
    json: JsonOption = False,
) -> None:
    """Keep the present state under a name. Takes a moment and almost no space."""
    import citewell

    made = citewell.open(collection_path(context, collection)).snapshot(name, note)
    if json:
        print_json(made.to_json())
        return
    held = f"{count(made.documents, 'document')}, {count(made.passages, 'passage')}"
    console().print(f"Kept as '{made.name}': {held}.")


@snapshot.command("list")
def list_(context: typer.Context, collection: CollectionOption = None, json: JsonOption = False) -> None:
    """List the states that were kept, oldest first."""
    import citewell

    found = citewell.open(collection_path(context, collection)).snapshots()
    if json:
        print_json({"snapshots": [each.to_json() for each in found]})
        return
    width = max((len(each.name) for each in found), default=0)
    for each in found:
        console().print(
            f"{each.name:<{width}}  {each.created_at[:16].replace('T', ' ')}  {count(each.documents, 'document'):>16}  "
            f"{count(each.passages, 'passage'):>18}  {printable(each.note)}".rstrip()
        )
    if not found:
        message("No state was kept yet. Keep this one:  citewell snapshot create NAME")


@snapshot.command()
def diff(
    context: typer.Context,
    name: Name,
    other: Annotated[str, typer.Argument(metavar="[OTHER]", help="Another snapshot. [default: the present]")] = "",
    questions: Annotated[
        Path | None, typer.Option(metavar="FILE", help='JSONL with {"question": …} a line, to ask on both sides.')
    ] = None,
    collection: CollectionOption = None,
    json: JsonOption = False,
) -> None:
    """Show which documents changed since a snapshot, and what that does to the answers."""
    import citewell
    from citewell.differences import read_questions

    asked = read_questions(questions) if questions else []
    found = citewell.open(collection_path(context, collection)).diff(name, other or None, asked)
    if json:
        print_json(found.to_json())
    else:
        _print_difference(found)


@snapshot.command()
def restore(
    context: typer.Context,
    name: Name,
    discard: Annotated[bool, typer.Option("--discard", help="Do not keep the present state.")] = False,
    collection: CollectionOption = None,
    json: JsonOption = False,
) -> None:
    """Make the collection what it was. Today's readers rules apply, and what you removed since stays out."""
    import citewell

    done = citewell.open(collection_path(context, collection)).restore(name, keep_present=not discard)
    if json:
        print_json(done.to_json())
        return
    held = f"{count(done.documents, 'document')}, {count(done.passages, 'passage')}"
    console().print(f"Restored '{done.snapshot}': {held}.")
    if done.readers_changed:
        console().print(f"Readers of {count(done.readers_changed, 'document')} are today's, not those of then.")
    for uri in done.kept_out[:_SHOWN]:
        console().print(f"  stays removed  {short_path(uri)}")
    if done.before:
        console().print(f"To undo:  citewell snapshot restore {done.before}")
    message("Files changed since then are read again by the next:  citewell sync")


@snapshot.command()
def drop(context: typer.Context, name: Name, collection: CollectionOption = None, json: JsonOption = False) -> None:
    """Delete a snapshot, and the stored texts that only it needed."""
    import citewell

    citewell.open(collection_path(context, collection)).drop_snapshot(name)
    if json:
        print_json({"dropped": name})
    else:
        console().print(f"Dropped '{name}'.")


@snapshot.command("export")
def export_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file; compressed when its name ends in .gz.")],
    name: Annotated[str, typer.Option("--snapshot", metavar="NAME", help="Which state. [default: the present]")] = "",
    collection: CollectionOption = None,
    json: JsonOption = False,
) -> None:
    """Write a state as one file, to move it. Anyone who has the file can read the documents in it."""
    import citewell

    done = citewell.open(collection_path(context, collection)).export(file, name)
    if json:
        print_json(done.to_json())
        return
    held = f"{count(done.documents, 'document')}, {count(done.passages, 'passage')}"
    console().print(f"{short_path(done.path)}: {held}, {done.bytes / 1e6:.1f} MB")


@snapshot.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An archive made by export.")],
    encoder: Annotated[
        str, typer.Option(metavar="NAME|DIR", help="Where its encoder is on this machine, if not the shipped one.")
    ] = "",
    collection: CollectionOption = None,
    json: JsonOption = False,
) -> None:
    """Make a new collection from an archive. Everything in it is verified; a damaged one leaves nothing behind."""
    from citewell.transfer import import_archive

    name = str(Path(encoder).resolve()) if encoder and Path(encoder).is_dir() else encoder
    done = import_archive(file, collection_path(context, collection), name)
    if json:
        print_json(done.to_json())
        return
    held = f"{count(done.documents, 'document')}, {count(done.passages, 'passage')}"
    console().print(f"{short_path(done.root)}: {held}")
    for source in done.sources:
        console().print(f"  source {printable(source)}")
    if done.sources:
        message("These are the places where its documents were; sync looks for them there on this computer.")


def _print_difference(found: Difference) -> None:
    screen = console()
    for word, uris in (("added", found.added), ("changed", found.changed), ("removed", found.removed)):
        for uri in uris[:_SHOWN]:
            screen.print(f"{word:<8} {short_path(uri)}")
        if len(uris) > _SHOWN:
            screen.print(f"{word:<8} and {len(uris) - _SHOWN} more")
    before, after = found.passages
    screen.print(
        f"{len(found.added)} added, {len(found.changed)} changed, {len(found.removed)} removed, "
        f"{found.unchanged} unchanged; {before:,} passages before, {after:,} after"
    )
    if found.encoders[0] != found.encoders[1]:
        screen.print(f"encoder {found.encoders[0]} before, {found.encoders[1]} after")
    if found.answers:
        _print_answers(found.answers)


def _print_answers(answers: tuple[AnswerChange, ...]) -> None:
    screen = console()
    different = [answer for answer in answers if answer.kind != "same"]
    for answer in different:
        screen.print(f"\n{printable(answer.question)}\n  {_WORDS[answer.kind]}")
        for word, text, sources in (
            ("before", answer.before, answer.before_sources), ("after", answer.after, answer.after_sources),
        ):  # fmt: skip
            cited = f"  [{', '.join(short_path(uri) for uri in sources)}]" if sources else ""
            screen.print(f"  {word:<6} {printable(' '.join(text.split())) or 'no answer'}{cited}")
    screen.print(f"\n{len(answers) - len(different)} of {count(len(answers), 'question')} answered the same")
