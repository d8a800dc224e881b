"""Commands about question sets: evaluate make, review, sets, import."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citewell.cli.app import AsOption, CollectionOption, JsonOption, collection_path
from citewell.cli.ask import make_scope
from citewell.cli.evaluate import evaluate
from citewell.cli.output import console, count, message, print_json, printable, short_path, stage_progress
from citewell.errors import DataError

if TYPE_CHECKING:
    from citewell.access import Scope
    from citewell.evaluation.questions import Question, QuestionSet
    from citewell.evaluation.review import Keeper, Source, Sources
    from citewell.store import Store

Name = Annotated[str, typer.Argument(metavar="NAME", help="The set's name.")]

_KEYS = "a accept · e edit question · w edit answer · r reject · s skip · u undo · q quit"
_STEPS_KEPT = 100  # that can be undone


@evaluate.command()
def make(
    context: typer.Context,
    number: Annotated[int, typer.Option("--count", min=1, max=100_000, help="Questions wanted.")] = 100,
    seed: Annotated[int, typer.Option(help="Another number gives other questions.")] = 20261120,
    name: Annotated[str, typer.Option(help="Name of the set.")] = "made",
    replace: Annotated[bool, typer.Option("--replace", help="Put it in place of a made set of this name.")] = False,
    collection: CollectionOption = None,
    principals: AsOption = None,
    json: JsonOption = False,
) -> None:
    """Make a test set from the documents themselves, by rules; about a fifth of it cannot be answered."""
    import citewell
    from citewell.evaluation.library import check_name, list_sets, save_set
    from citewell.evaluation.making import make_set

    store = citewell.open(collection_path(context, collection)).store
    check_name(name, "set")
    there = next((each for each in list_sets(store) if each.name == name and each.current), None)
    if there is not None and (there.origin != "made" or not replace):
        advice = "Choose another with --name" + (", or add --replace." if there.origin == "made" else ".")
        raise DataError(
            f"There is a set '{name}' already ({count(there.questions, 'question')}, {there.origin}). {advice}"
        )
    with stage_progress(quiet=json) as show:
        made = make_set(store, make_scope(principals), count=number, seed=seed, name=name, on_progress=show)
    if not made.questions:
        raise DataError(f"No question could be made from these documents. {_why(made)}")
    path = save_set(store, made)
    if json:
        print_json({"file": str(path), "name": name, "identity": made.identity, "origin": made.origin, **made.made})
    else:
        _print_made(made, number)


def _print_made(made: QuestionSet, wanted: int) -> None:
    facts = made.made
    screen = console()
    screen.print(
        f"{made.name}: {count(len(made.questions), 'question')}, {facts['unanswerable']} of them unanswerable, from "
        f"{count(facts['documents_read'], 'document')} of {facts['documents']}."
    )
    for kind, number in sorted(facts["kinds"].items(), key=lambda pair: (-pair[1], pair[0])):
        screen.print(f"  {kind:<13} {number:>5}")
    if len(made.questions) < wanted:
        message(f"note: {wanted:,} were asked for. {_why(made)}")
    message(f"Read what was made:  citewell evaluate review {made.name}")
    message(f"Measure with it:     citewell evaluate answers {made.name}")


def _why(made: QuestionSet) -> str:
    """Why there are not more, most frequent reason first."""
    reasons = sorted(
        ((number, why) for why, number in made.made["dropped"].items() if why != "not needed"), reverse=True
    )
    if not reasons:
        return "The documents hold no more sentences, tables, lists or headings that a rule fits."
    return "Drafts dropped: " + ", ".join(f"{why} ({number:,})" for number, why in reasons[:6]) + "."


@evaluate.command()
def sets(context: typer.Context, collection: CollectionOption = None, json: JsonOption = False) -> None:
    """List the sets of a collection: who made them, how many questions, and how many are stale."""
    import citewell
    from citewell.access import Scope
    from citewell.evaluation.library import list_sets, load_set

    store = citewell.open(collection_path(context, collection)).store
    rows = []
    for each in list_sets(store):
        row = {**each.to_json(), "made": {}, "stale": None, "reviewed": 0}
        if each.current and not each.problem:
            found = load_set(store, each.name)
            row |= {"made": found.made, "stale": _stale(store, found, Scope.owner()), "reviewed": _reviewed(found)}
        rows.append(row)
    if json:
        print_json({"sets": rows})
        return
    for row in rows:
        _print_set(row)
    if not rows:
        message(
            "No set yet. Make one:  citewell evaluate make  Or bring one:  citewell evaluate import FILE --name NAME"
        )


def _print_set(row: dict[str, object]) -> None:
    name = f"{row['name']}@{str(row['identity'])[:8]}" if not row["current"] else str(row["name"])
    if row["problem"]:
        message(f"{name}: {row['problem']}")
        return
    questions = row["questions"]
    parts = [f"{count(int(str(questions)), 'question'):>15}", f"{row['origin']!s:<5}", str(row["identity"])[:8]]
    made = row["made"]
    if isinstance(made, dict) and made.get("how"):
        parts.append(f"made by {made['how']}, version {made.get('rules', '')}, seed {made.get('seed', '')}")
    if row["reviewed"]:
        parts.append(f"{row['reviewed']} reviewed")
    if row["stale"]:
        parts.append(f"{row['stale']} stale: their documents changed or are gone")
    if not row["current"]:
        parts.append("earlier version")
    console().print(f"{printable(name):<24} {'  '.join(parts)}")


def _stale(store: Store, questions: QuestionSet, scope: Scope) -> int:
    """Questions whose golds are no longer where, or what, the set says."""
    from citewell.evaluation.anchoring import anchor

    return sum(each.state in {"stale", "missing", "unplaced"} for each in anchor(questions.questions, store, scope))


def _reviewed(questions: QuestionSet) -> int:
    return sum("reviewed" in question.tags for question in questions.questions)


@evaluate.command("import")
def import_(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="BEIR or TREC folder, SQuAD, Ragas, DeepEval, CSV, JSONL.")
    ],
    name: Annotated[str, typer.Option(help="Name of the set. [required]")] = "",
    split: Annotated[str, typer.Option(help="Only this part of it.")] = "",
    collection: CollectionOption = None,
    json: JsonOption = False,
) -> None:
    """Keep a set from a file in the collection; its golds are looked for in the documents."""
    from dataclasses import replace

    import citewell
    from citewell.access import Scope
    from citewell.evaluation.anchoring import anchor, states
    from citewell.evaluation.library import check_name, list_sets, save_set
    from citewell.evaluation.sets import read_set

    store = citewell.open(collection_path(context, collection)).store
    if not name:
        raise DataError("The set needs a name in the collection. Add, for example:  --name handbook")
    check_name(name, "set")
    read = read_set(file, split)
    anchored = anchor(read.questions, store, Scope.owner())
    found = replace(read, name=name, questions=tuple(each.question for each in anchored))  # with the golds' places
    if any(each.name == name and each.current and each.identity != found.identity for each in list_sets(store)):
        raise DataError(f"There is another set '{name}' already. Choose another name, so that neither is lost.")
    path = save_set(store, found)
    counts = dict(sorted(states(anchored).items()))
    if json:
        print_json({"file": str(path), "name": name, "identity": found.identity, "origin": found.origin,
                    "questions": len(found.questions), "states": counts, "notes": list(read.notes)})  # fmt: skip
        return
    console().print(f"{name}: {count(len(found.questions), 'question')}, {found.origin}. Golds: " + ", ".join(
        f"{number} {state}" for state, number in counts.items()
    ))  # fmt: skip
    for note in read.notes:
        message(f"note: {printable(note)}")
    for each in [each for each in anchored if each.state in {"missing", "unplaced", "stale"}][:5]:
        message(f"  {printable(each.question.id)}: {printable(each.reasons[0] if each.reasons else each.state)}")


# -- review ------------------------------------------------------------------------------------------------------------


@evaluate.command()
def review(
    context: typer.Context,
    name: Name,
    accept_all: Annotated[bool, typer.Option("--accept-all", help="Accept every question that is left.")] = False,
    rejected: Annotated[
        list[str] | None, typer.Option("--reject", metavar="ID", help="Take this question out (repeatable).")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show also what was accepted before.")] = False,
    collection: CollectionOption = None,
    json: JsonOption = False,
) -> None:
    """Read a set question by question, each with its source, and accept, edit or reject it."""
    import citewell
    from citewell.access import Scope
    from citewell.evaluation.library import load_set
    from citewell.evaluation.review import Keeper, Sources, accept, listed, pending, reject

    store = citewell.open(collection_path(context, collection)).store
    questions = load_set(store, name)
    keeper = Keeper(store, questions)
    sources = Sources.of(store, Scope.owner())
    if rejected:
        keeper.keep(reject(keeper.questions, rejected))
    if accept_all:
        keeper.keep(accept(keeper.questions))
    if json:
        print_json(listed(keeper.questions, sources))
        return
    if not rejected and not accept_all:
        wanted = list(questions.questions) if everything else pending(questions)
        _review(keeper, sources, [question.id for question in wanted])
    left = len(pending(keeper.questions))
    done = len(keeper.questions.questions) - left
    console().print(
        f"{name}: {done} reviewed, {left} left, {keeper.questions.made.get('rejected', 0)} rejected so far."
    )


def _review(keeper: Keeper, sources: Sources, identifiers: list[str]) -> None:
    """Shows each question and does what the typed key says; what was done is kept after every key."""
    from citewell.evaluation.review import accept, edit, reject

    past: list[tuple[int, QuestionSet]] = []
    place, shown = 0, -1
    while place < len(identifiers):
        question = next((each for each in keeper.questions.questions if each.id == identifiers[place]), None)
        if question is None:
            place += 1
            continue
        if shown != place:
            _show(question, sources.of_question(question), place + 1, len(identifiers))
        shown = place
        key = _typed(f"[{_KEYS}] ")
        before = keeper.questions
        if key is None or key == "q":
            return
        if key == "s":
            place += 1
        elif key == "u":
            place, shown = _undo(keeper, past, place), -1
        elif key == "e":
            if text := _typed("New question: "):
                past.append((place, before))
                keeper.keep(edit(before, question.id, text=text))
            shown = -1
        elif key == "w":
            if text := _typed("New answer: "):
                past.append((place, before))
                keeper.keep(edit(before, question.id, answer=text))
            shown = -1
        elif key in {"a", "r"}:
            past.append((place, before))
            keeper.keep(accept(before, [question.id]) if key == "a" else reject(before, [question.id]))
            place += 1
        elif key:
            message(f"'{key}' is no key. {_KEYS}")
        del past[:-_STEPS_KEPT]


def _undo(keeper: Keeper, past: list[tuple[int, QuestionSet]], place: int) -> int:
    if not past:
        message("There is nothing to undo.")
        return place
    place, before = past.pop()
    keeper.keep(before)
    return place


def _typed(prompt: str) -> str | None:
    """A line from standard input, ``None`` at its end. Works with a pipe as well as at a terminal."""
    sys.stderr.write(prompt)
    sys.stderr.flush()
    line = sys.stdin.readline()
    return line.strip() if line else None


def _show(question: Question, sources: list[Source], number: int, total: int) -> None:
    screen = console()
    screen.print(f"\n{number} of {total}  {question.id}  {printable(question.kind)}")
    screen.print(f"  Question  {printable(question.text)}")
    for answer in question.answers or ("(the documents do not say)",):
        screen.print(f"  Answer    {printable(' '.join(answer.split()))}")
    for source in sources:
        screen.print(f"  Source    {short_path(source.uri)}{', ' if source.place else ''}{printable(source.place)}")
        for mark, lines in ((" ", source.before), (">", source.quote.split("\n")), (" ", source.after)):
            for line in lines:
                screen.print(f"   {mark} {printable(line)}")
        if source.problem:
            message(f"            {source.problem}")
    if question.note:
        screen.print(f"  Note      {printable(question.note)}")
