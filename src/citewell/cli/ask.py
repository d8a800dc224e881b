"""``citewell ask`` and ``citewell search``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from citewell.access import Scope
from citewell.cli.app import AsOption, CollectionOption, JsonOption, app, collection_path
from citewell.cli.output import console, ingest_progress, print_json, print_problems, printable, short_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

    from citewell.index.filters import Filters
    from citewell.records import Answer, Citation, Copy, Hit

PLACES_SHOWN = 3  # of the other places of a quote; --json has them all

AfterOption = Annotated[str, typer.Option(help="Only documents dated on or after this ISO date.")]
BeforeOption = Annotated[str, typer.Option(help="Only documents dated before this ISO date.")]
UriOption = Annotated[list[str] | None, typer.Option("--uri", metavar="GLOB", help="Only these paths (repeatable).")]
TypeOption = Annotated[list[str] | None, typer.Option("--type", metavar="MEDIA_TYPE", help="Only these media types.")]
LanguageOption = Annotated[list[str] | None, typer.Option("--language", metavar="CODE", help="Only these languages.")]
WhereOption = Annotated[
    list[str] | None, typer.Option("--where", metavar="KEY=VALUE", help="Only this metadata value (repeatable).")
]


@app.command("ask")
def ask_command(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="The question, in words.")],
    paths: Annotated[list[str] | None, typer.Argument(help="Folders or files to index first, if new.")] = None,
    collection: CollectionOption = None,
    principals: AsOption = None,
    after: AfterOption = "",
    before: BeforeOption = "",
    uri: UriOption = None,
    media_type: TypeOption = None,
    language: LanguageOption = None,
    where: WhereOption = None,
    json: JsonOption = False,
) -> None:
    """Answer a question from the documents, with citations; index PATHS first."""
    import citewell
    from citewell.ask import check_question
    from citewell.sources.files import resolve

    check_question(question, citewell.Settings().with_environment().answering.max_question_characters)
    for path in paths or ():
        resolve(path)
    opened = citewell.open(collection_path(context, collection), create=bool(paths))
    if paths:
        with ingest_progress(quiet=json) as show:
            for report in opened.add(*paths, on_progress=show):
                if report.added or report.changed:  # known problems are not repeated with every question
                    print_problems(report.problems)
    filters = make_filters(after, before, uri, media_type, language, where)
    answer = opened.ask(question, scope=make_scope(principals), filters=filters)
    if json:
        print_json(answer.to_json())
    else:
        print_answer(answer)


@app.command("search")
def search_command(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="What to look for.")],
    collection: CollectionOption = None,
    principals: AsOption = None,
    hits: Annotated[
        int | None, typer.Option("-n", "--hits", min=1, max=100, help="How many passages. [default: 10]")
    ] = None,
    after: AfterOption = "",
    before: BeforeOption = "",
    uri: UriOption = None,
    media_type: TypeOption = None,
    language: LanguageOption = None,
    where: WhereOption = None,
    json: JsonOption = False,
) -> None:
    """List the best passages for a query."""
    import citewell

    opened = citewell.open(collection_path(context, collection))
    filters = make_filters(after, before, uri, media_type, language, where)
    found = opened.search(query, scope=make_scope(principals), filters=filters, hits=hits)
    if json:
        print_json({"query": query, "hits": [hit.to_json() for hit in found]})
    else:
        print_hits(found)


def make_scope(principals: list[str] | None) -> Scope:
    return Scope.of(principals) if principals else Scope.owner()


def make_filters(
    after: str, before: str, uris: list[str] | None, media_types: list[str] | None, languages: list[str] | None,
    where: list[str] | None,
) -> Filters | None:  # fmt: skip
    if not (after or before or uris or media_types or languages or where):
        return None
    from citewell.errors import SettingsError
    from citewell.index.filters import Filters

    pairs = []
    for text in where or ():
        key, separator, value = text.partition("=")
        if not (key and separator):
            raise SettingsError(f"--where '{text}' has no '='. Expected KEY=VALUE, for example --where author=Kim.")
        pairs.append((key, value))
    patterns = tuple(glob if glob.startswith(("/", "*")) else f"*{glob}" for glob in uris or ())
    return Filters(patterns, tuple(media_types or ()), tuple(languages or ()), (), after, before, tuple(pairs))


def print_answer(answer: Answer) -> None:
    """The answer, numbered sources with page and date, and the quotes highlighted in their passage."""
    from rich.text import Text

    screen = console()
    if answer.refusal is not None:
        screen.print(Text(f"No answer. {answer.refusal.message}", style="bold yellow"))
        if answer.hits:
            screen.print(Text("\nNearest passages:"))
            print_hits(answer.hits[:3])
        return
    if answer.weak:
        screen.print(Text("Weak answer: the documents may not say this. Check the quotes below.\n", style="yellow"))
    if answer.short is not None:
        screen.print(
            Text(printable(answer.short.text), style="bold green").append(
                f" [{answer.short.citation + 1}]\n", style="cyan"
            )
        )
    for claim in answer.claims:
        marks = "".join(f" [{number + 1}]" for number in claim.citations)
        screen.print(Text(printable(claim.text), style="bold").append(marks, style="cyan"))
    for conflict in answer.conflicts:
        screen.print(Text(f"\n! {printable(conflict.summary)}", style="yellow"))
    screen.print(Text("\nSources"))
    texts = {hit.passage.id: hit.passage for hit in answer.hits}
    for number, citation in enumerate(answer.citations, start=1):
        screen.print(_source_line(number, citation))
        passage = texts[citation.passage_id]
        screen.print(_highlighted(passage.text, citation, passage.span[0]))
        if citation.also:
            screen.print(_also(citation.also))
        if citation.newer:
            screen.print(_newer(citation.newer))
    screen.print(Text(f"\nconfidence {answer.confidence:.0%}", style="dim"))


def print_hits(hits: tuple[Hit, ...] | list[Hit]) -> None:
    from rich.text import Text

    from citewell.records import Copy

    screen = console()
    if not hits:
        screen.print(Text("Nothing found."))
    for number, hit in enumerate(hits, start=1):
        passage = hit.passage
        line = Text(f"{number:>2}. ", style="cyan").append(printable(passage.title), style="bold")
        line.append(_where(str(passage.locate()), passage.modified_at, passage.uri), style="dim")
        screen.print(line)
        screen.print(Text(f"    {_one_line(passage.text, 240)}"))
        if hit.copies:
            screen.print(_also([Copy.of(each) for each in hit.copies]))


def _source_line(number: int, citation: Citation) -> Text:
    from rich.text import Text

    line = Text(f"[{number}] ", style="cyan").append(printable(citation.title), style="bold")
    return line.append(_where(str(citation.locator), citation.modified_at, citation.uri), style="dim")


def _also(places: Sequence[Copy]) -> Text:
    """The other places where the same text stands, a few of them."""
    from rich.text import Text

    shown = "; ".join(_place(each) for each in places[:PLACES_SHOWN])
    more = f" and {len(places) - PLACES_SHOWN} more" if len(places) > PLACES_SHOWN else ""
    return Text(f"    also in: {shown}{more}", style="dim")


def _newer(place: Copy) -> Text:
    from rich.text import Text

    return Text(f"    ! a newer version exists: {_place(place)}", style="yellow")


def _place(place: Copy) -> str:
    parts = [part for part in (str(place.locator), place.modified_at[:10]) if part]
    return printable(short_path(place.uri) + (f" ({', '.join(parts)})" if parts else ""))


def _where(locator: str, modified_at: str, uri: str) -> str:
    parts = [part for part in (locator, modified_at[:10]) if part]
    return printable("".join(f" · {part}" for part in parts) + f"\n    {short_path(uri)}")


def _highlighted(text: str, citation: Citation, offset: int) -> Text:
    """The quote highlighted: a table row below its header row, anything else within 120 characters on either side."""
    from rich.text import Text

    start, end = citation.span[0] - offset, citation.span[1] - offset
    if citation.header:
        line = Text("    ").append(_one_line(citation.header), style="dim").append("\n    ")
        return line.append(_one_line(text[start:end]), style="black on yellow")
    left, right = max(0, start - 120), min(len(text), end + 120)
    line = Text("    ").append(_one_line(("…" if left else "") + text[left:start]), style="dim")
    line.append(_one_line(text[start:end]), style="black on yellow")
    return line.append(_one_line(text[end:right] + ("…" if right < len(text) else "")), style="dim")


def _one_line(text: str, most: int = 10_000) -> str:
    flat = printable(text.replace("\n", " "))
    return flat if len(flat) <= most else flat[: most - 1] + "…"
