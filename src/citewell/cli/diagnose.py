"""``citewell diagnose``: why each failed question of a run went wrong, and what each stage costs."""

from __future__ import annotations

import json as json_writer
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citewell.cli.app import AsOption, CollectionOption, JsonOption, app, collection_path
from citewell.cli.ask import make_scope
from citewell.cli.output import console, count, message, print_json, printable, stage_progress
from citewell.errors import DataError

if TYPE_CHECKING:
    from citewell.evaluation.diagnosis import Case, Diagnosis, Fault
    from citewell.evaluation.runs import Run
    from citewell.store import Store

_WIDTH = 100
_NAMES = {
    "not_in_corpus": "not in the corpus", "lost_in_parsing": "lost in parsing",
    "split_by_chunking": "split by chunking", "not_retrieved": "not retrieved", "ranked_too_low": "ranked too low",
    "read_wrongly": "read wrongly", "should_have_refused": "should have refused", "wrongly_refused": "wrongly refused",
    "unsupported_sentence": "unsupported sentence", "gold_doubtful": "gold doubtful",
}  # fmt: skip
_SHOWN = 10  # questions of one class that are listed; --all has every one


@app.command("diagnose")
def diagnose_command(
    context: typer.Context,
    run: Annotated[
        str, typer.Argument(metavar="[RUN]", help="A run of the collection, or a run's file. [default: the newest]")
    ] = "",
    question: Annotated[str, typer.Option(metavar="ID", help="Only this question, with every test.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="List every failed question.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the JSON here as well.")] = None,
    principals: AsOption = None,
    collection: CollectionOption = None,
    json: JsonOption = False,
) -> None:
    """Say why each failed question of a run went wrong, proven by asking again, and what each stage costs."""
    from citewell.durable import write_durably
    from citewell.evaluation.diagnosis import diagnose
    from citewell.evaluation.keeping import writable
    from citewell.store import Store

    if out is not None:
        writable(out)
    store = Store.open(collection_path(context, collection))
    measured = _run(store, run)
    if question:
        _check_question(measured, question)
    with stage_progress(quiet=json) as show:
        found = diagnose(
            store, measured, make_scope(principals), show, ladder=not question, only={question} if question else None
        )
    if out is not None:
        write_durably(out, (json_writer.dumps(found.to_json(), ensure_ascii=False, indent=1) + "\n").encode())
    if json:
        print_json(found.to_json())
    elif question:
        _print_chain(found, question)
    else:
        _print_all(found, everything)


def _run(store: Store, name: str) -> Run:
    """The run that is named, or the newest one of answers."""
    from citewell.evaluation.library import list_runs, load_run

    if name:
        return load_run(store, name)
    runs = [each for each in list_runs(store) if each.kind == "answers" and not each.problem]
    if not runs:
        raise DataError("The collection holds no run of answers. Make one:  citewell evaluate answers SET")
    message(f"run {runs[-1].name}, the newest of {count(len(runs), 'run')} of answers")
    return load_run(store, runs[-1].name)


def _check_question(run: Run, question: str) -> None:
    ids = [each.question.id for each in run.results]
    if question not in ids:
        raise DataError(f"The run '{run.name}' has no question '{question}'. It has {', '.join(ids[:5])}, …")


def _print_all(found: Diagnosis, everything: bool) -> None:
    from citewell.evaluation.diagnosis import FAULTS

    screen = console()
    share = f" ({found.failed / found.questions:.0%})" if found.questions else ""
    screen.print(f"{printable(found.run)}: {found.failed} of {count(found.questions, 'question')} failed{share}.")
    counts = found.counts()
    if found.failed:
        screen.print(f"\n{'Why':<24}{'questions':>9}{'share':>8}  What to do")
    for fault in sorted((each for each in FAULTS if counts[each]), key=lambda each: -counts[each]):
        first, *rest = textwrap.wrap(printable(_common_advice(found, fault)), _WIDTH - 43)
        screen.print(f"{_NAMES[fault]:<24}{counts[fault]:>9}{counts[fault] / found.failed:>8.0%}  {first}")
        for line in rest:
            screen.print(f"{'':<43}{line}")
    extra = sum(case.correct for case in found.cases)
    if extra:
        screen.print(f"And {count(extra, 'right answer')} with sentences that no citation supports.")
    _print_ladder(found)
    for fault in FAULTS:
        _print_class(found, fault, everything)
    for note in found.notes:
        message(f"note: {note}")


def _common_advice(found: Diagnosis, fault: Fault) -> str:
    from citewell.evaluation.diagnosis import ADVICE

    given = {case.advice for case in found.cases if case.fault == fault}
    return given.pop() if len(given) == 1 else ADVICE[fault]


def _print_ladder(found: Diagnosis) -> None:
    if not found.ladder:
        return
    screen = console()
    screen.print(f"\n{'If this were perfect':<24}{'right':>7}  {'95 % interval':<17}{'gain':>6}   and all above it")
    for rung in found.ladder:
        figure = rung.figure
        gain = f"{rung.gain:+.1%}" if rung is not found.ladder[0] else ""
        first, *rest = textwrap.wrap(rung.meaning, _WIDTH - 59)
        interval = f"{figure.low:.1%} – {figure.high:.1%}"
        screen.print(f"{rung.name:<24}{figure.value:>7.1%}  {interval:<17}{gain:>6}   {first}")
        for line in rest:
            screen.print(f"{'':<59}{line}")
    dearest = max(found.ladder[1:], key=lambda rung: rung.gain)
    if dearest.gain > 0:
        of = count(dearest.figure.n, "question")
        screen.print(f"Most is lost for want of a {dearest.name}: {dearest.gain:.1%} of {of}.")
    if found.funnel and found.funnel[0].count:
        stages = [f"{each.name} {each.count:,}" for each in found.funnel]
        screen.print("\n" + textwrap.fill("The gold is still there: " + " → ".join(stages), _WIDTH))


def _print_class(found: Diagnosis, fault: Fault, everything: bool) -> None:
    cases = [case for case in found.cases if case.fault == fault]
    if not cases:
        return
    screen = console()
    screen.print(f"\n{_NAMES[fault].capitalize()}, {count(len(cases), 'question')}")
    for case in cases if everything else cases[:_SHOWN]:
        mark = "" if case.proven is not False else "  (not proven)"
        kind = f"  [{case.kind}]" if case.kind else ""
        screen.print(_cut(f"  {printable(case.question_id)}  {printable(case.question)}{kind}{mark}"))
        screen.print(_cut(f"      {printable(case.evidence)}"))
    if not everything and len(cases) > _SHOWN:
        screen.print(f"  … and {len(cases) - _SHOWN} more with --all; one in full:  --question ID")


def _print_chain(found: Diagnosis, question: str) -> None:
    screen = console()
    if not found.cases:
        screen.print(f"{printable(question)} was answered rightly; there is nothing to explain.")
        return
    case: Case = found.cases[0]
    screen.print(f"{printable(case.question_id)}  {printable(case.question)}\n")
    for step in case.steps:
        _print_wrapped(f"{step.outcome:<12}  {step.test}", 14)
        _print_wrapped(" " * 14 + step.evidence, 14)
        if step.counterfactual:
            _print_wrapped(" " * 14 + f"Asked again: {step.counterfactual}", 14)
    kind = f" ({case.kind})" if case.kind else ""
    proof = {True: "", False: " – no re-run proved it", None: " – by the evidence alone"}[case.proven]
    screen.print(f"\nWhy: {_NAMES[case.fault]}{kind}{proof}")
    _print_wrapped(f"What to do: {case.advice}", 12)


def _print_wrapped(text: str, indent: int) -> None:
    flat = printable(text)
    console().print(textwrap.fill(flat, _WIDTH, subsequent_indent=" " * indent, drop_whitespace=True))


def _cut(line: str) -> str:
    flat = line.replace("\n", " ")
    return flat if len(flat) <= _WIDTH else f"{flat[: _WIDTH - 1]}…"
