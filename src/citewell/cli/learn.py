"""``citewell learn``: train encoder, reranker, reader or verifier on your own data."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citewell.cli.app import JsonOption, app
from citewell.cli.output import console, message, print_json, printable, short_path

if TYPE_CHECKING:
    from citewell.learning.curves import Progress
    from citewell.learning.learn import Learned
    from citewell.learning.recipes import LearnSettings, RecipeName

learn = typer.Typer(help="Train a model on your own data.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(learn, name="learn")

DataOption = Annotated[
    list[Path], typer.Option("--data", metavar="PATH", help="File or folder to learn from (repeatable).")
]
TestOption = Annotated[
    list[Path] | None,
    typer.Option("--test", metavar="PATH", help="Data you will measure on: what it shares is not learnt (repeatable)."),
]
BaseOption = Annotated[Path, typer.Option("--base", metavar="DIR", help="Hugging Face directory to start from.")]
OutputOption = Annotated[Path, typer.Option("--output", metavar="DIR", help="Where the model is written in the end.")]
BudgetOption = Annotated[
    str,
    typer.Option(
        "--budget",
        metavar="TIME",
        show_default=False,
        help="Time for the training itself, such as 30m. [default: none]",
    ),
]
EpochsOption = Annotated[float, typer.Option(min=0.001, help="Times each example is learnt from, at most.")]
RateOption = Annotated[
    float,
    typer.Option(
        "--learning-rate", min=0.0, show_default=False, help="The highest learning rate. [default: the recipe's]"
    ),
]
BatchOption = Annotated[
    int,
    typer.Option(
        "--batch",
        min=0,
        show_default=False,
        help="Tokens (reader, verifier) or rows in a batch. [default: the recipe's]",
    ),
]
SeedOption = Annotated[int, typer.Option(help="Of everything random, and of the split.")]
PatienceOption = Annotated[
    int, typer.Option(min=0, help="Held-out evaluations without a better loss before it stops. 0: it does not stop.")
]
HeldOutOption = Annotated[float, typer.Option(help="Share of the examples to hold out, by document.")]
FoldsOption = Annotated[int, typer.Option(min=0, help="Also cross-validate with so many folds. 0: do not.")]
RankOption = Annotated[
    int, typer.Option("--lora-rank", min=0, help="Train adapters of this rank instead of the whole body. 0: the body.")
]
AlphaOption = Annotated[
    int, typer.Option("--lora-alpha", min=0, show_default=False, help="Their weight. [default: twice the rank]")
]
TargetsOption = Annotated[
    str,
    typer.Option(
        "--lora-targets",
        metavar="NAMES",
        show_default=False,
        help="Linear layers they go to. [default: all of the body]",
    ),
]
NegativesOption = Annotated[
    int, typer.Option(min=0, help="Texts to mine for each query that comes without wrong ones.")
]
LicenceOption = Annotated[
    str, typer.Option("--licence", show_default=False, help="Of the data, for the model's record.")
]
ThreadsOption = Annotated[int, typer.Option(min=0, show_default=False, help="Threads of the processor. [default: all]")]
FreshOption = Annotated[
    bool, typer.Option("--fresh", help="Begin anew instead of going on, and replace what stands at --output.")
]


@learn.callback()
def learn_options() -> None:
    """Train a model on your own data. The same command again goes on with a training that was stopped."""


@learn.command()
def encoder(
    data: DataOption, base: BaseOption, output: OutputOption, test: TestOption = None, budget: BudgetOption = "",
    epochs: EpochsOption = 1.0, learning_rate: RateOption = 0.0, batch: BatchOption = 0, seed: SeedOption = 0,
    patience: PatienceOption = 3, held_out: HeldOutOption = 0.1, folds: FoldsOption = 0, lora_rank: RankOption = 0,
    lora_alpha: AlphaOption = 0, lora_targets: TargetsOption = "", negatives: NegativesOption = 4,
    licence: LicenceOption = "", threads: ThreadsOption = 0, fresh: FreshOption = False, json: JsonOption = False,
) -> None:  # fmt: skip
    """Learn from queries and the texts that answer them: which passages lie near a question."""
    settings = _settings(budget, epochs, learning_rate, batch, seed, patience, held_out, folds, threads,
                         _lora(lora_rank, lora_alpha, lora_targets), negatives=negatives)  # fmt: skip
    _learn("encoder", data, base, output, settings, test, licence, fresh, json)


@learn.command()
def reranker(
    data: DataOption, base: BaseOption, output: OutputOption, test: TestOption = None, budget: BudgetOption = "",
    epochs: EpochsOption = 1.0, learning_rate: RateOption = 0.0, batch: BatchOption = 0, seed: SeedOption = 0,
    patience: PatienceOption = 3, held_out: HeldOutOption = 0.1, folds: FoldsOption = 0, lora_rank: RankOption = 0,
    lora_alpha: AlphaOption = 0, lora_targets: TargetsOption = "", negatives: NegativesOption = 4,
    listwise: Annotated[bool, typer.Option("--listwise", help="Learn the order of a query's texts together.")] = False,
    licence: LicenceOption = "", threads: ThreadsOption = 0, fresh: FreshOption = False, json: JsonOption = False,
) -> None:  # fmt: skip
    """Learn from queries and the texts that answer them: how well a passage answers a question."""
    settings = _settings(
        budget, epochs, learning_rate, batch, seed, patience, held_out, folds, threads,
        _lora(lora_rank, lora_alpha, lora_targets), negatives=negatives, listwise=listwise,
    )  # fmt: skip
    _learn("reranker", data, base, output, settings, test, licence, fresh, json)


@learn.command()
def reader(
    data: DataOption, base: BaseOption, output: OutputOption, test: TestOption = None, budget: BudgetOption = "",
    epochs: EpochsOption = 1.0, learning_rate: RateOption = 0.0, batch: BatchOption = 0, seed: SeedOption = 0,
    patience: PatienceOption = 3, held_out: HeldOutOption = 0.1, folds: FoldsOption = 0, lora_rank: RankOption = 0,
    lora_alpha: AlphaOption = 0, lora_targets: TargetsOption = "",
    as_given: Annotated[
        bool, typer.Option("--as-given", help="No distractors and no questions made unanswerable beside the data.")
    ] = False,
    licence: LicenceOption = "", threads: ThreadsOption = 0, fresh: FreshOption = False, json: JsonOption = False,
) -> None:  # fmt: skip
    """Learn from questions with passages and answers: where the answer stands, or that it is not there."""
    settings = _settings(budget, epochs, learning_rate, batch, seed, patience, held_out, folds, threads,
                         _lora(lora_rank, lora_alpha, lora_targets), enrich=not as_given)  # fmt: skip
    _learn("reader", data, base, output, settings, test, licence, fresh, json)


@learn.command()
def verifier(
    data: DataOption, base: BaseOption, output: OutputOption, test: TestOption = None, budget: BudgetOption = "",
    epochs: EpochsOption = 1.2, learning_rate: RateOption = 0.0, batch: BatchOption = 0, seed: SeedOption = 0,
    patience: PatienceOption = 3, held_out: HeldOutOption = 0.1, folds: FoldsOption = 0, lora_rank: RankOption = 0,
    lora_alpha: AlphaOption = 0, lora_targets: TargetsOption = "", licence: LicenceOption = "",
    threads: ThreadsOption = 0, fresh: FreshOption = False, json: JsonOption = False,
) -> None:  # fmt: skip
    """Learn from sentences with evidence: whether the evidence supports them."""
    settings = _settings(budget, epochs, learning_rate, batch, seed, patience, held_out, folds, threads,
                         _lora(lora_rank, lora_alpha, lora_targets))  # fmt: skip
    _learn("verifier", data, base, output, settings, test, licence, fresh, json)


def _lora(rank: int, alpha: int, targets: str) -> tuple[int, int, str]:
    return rank, alpha, targets


def _settings(
    budget: str, epochs: float, learning_rate: float, batch: int, seed: int, patience: int, held_out: float, folds: int,
    threads: int, lora: tuple[int, int, str], **more: bool | int,
) -> LearnSettings:  # fmt: skip
    from dataclasses import replace

    from citewell.errors import SettingsError
    from citewell.learning.recipes import BERT_LAYERS, LearnSettings, Lora, seconds_of

    rank, alpha, names = lora
    if (alpha or names) and not rank:
        raise SettingsError("--lora-alpha and --lora-targets say how LoRA is done. Give --lora-rank, too, such as 16.")
    targets = tuple(name.strip() for name in names.split(",") if name.strip()) or BERT_LAYERS
    made = LearnSettings(
        epochs=epochs, budget=seconds_of(budget) if budget else 0.0, learning_rate=learning_rate, batch=batch,
        seed=seed, patience=patience, held_out=held_out, folds=folds, threads=threads,
        lora=Lora(rank, alpha, targets) if rank else None,
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def _learn(
    recipe: RecipeName, data: list[Path], base: Path, output: Path, settings: LearnSettings, tests: list[Path] | None,
    licence: str, fresh: bool, json: bool,
) -> None:  # fmt: skip
    from citewell.learning.data.manifest import NOT_STATED
    from citewell.learning.learn import learn as learn_from

    with _shown(quiet=json) as (report, progress):
        found = learn_from(
            recipe, data, base, output, settings, tests=tests or (), licence=licence or NOT_STATED, fresh=fresh,
            command=_command(), report=report, progress=progress,
        )  # fmt: skip
    if json:
        print_json(found.to_json())
    else:
        _print(found)


def _command() -> str:
    """The command as it was given, with names of files instead of their places: it goes into the model's record."""
    words = [Path(word).name if "/" in word else word for word in sys.argv[1:]]
    return f"citewell {shlex.join(words)}"


@contextmanager
def _shown(quiet: bool) -> Iterator[tuple[Callable[[str], None], Callable[[Progress], None] | None]]:
    """Lines on standard error; on a terminal a bar with rate, losses and time left instead of a line per step."""
    screen = console(stderr=True)
    if quiet or not screen.is_terminal:
        yield (lambda line: None) if quiet else message, None
        return
    from rich import progress as rich_progress

    columns = (
        rich_progress.TextColumn("training"), rich_progress.BarColumn(bar_width=30), rich_progress.MofNCompleteColumn(),
        rich_progress.TextColumn("{task.fields[rate]}"), rich_progress.TextColumn("{task.fields[losses]}"),
        rich_progress.TextColumn("{task.fields[left]}"),
    )  # fmt: skip
    with rich_progress.Progress(*columns, console=screen, transient=True) as bars:
        task: list[rich_progress.TaskID] = []

        def report(line: str) -> None:
            if not line.startswith("step "):
                bars.console.print(printable(line))

        def show(now: Progress) -> None:
            if not task:
                task.append(bars.add_task("training", rate="", losses="", left=""))
            losses = "" if now.loss is None else f"loss {now.loss:.3f}"
            losses += "" if now.held_out is None else f", held out {now.held_out:.3f}"
            bars.update(
                task[0], completed=now.step, total=now.steps, losses=losses,
                rate=f"{now.step / now.seconds:.2g} steps/s" if now.seconds else "",
                left=f"{now.left / 60:.0f} min left" if now.left >= 90 else f"{now.left:.0f} s left",
            )  # fmt: skip

        yield report, show


def _print(found: Learned) -> None:
    from citewell.learning.curves import sketch

    screen, curve = console(), found.curve
    stopped = f"; {curve.stopped}" if curve.stopped else ""
    screen.print(f"{found.recipe}: {curve.steps:,} of {curve.planned:,} steps in {curve.seconds:.0f} s{stopped}")
    if drawn := sketch(curve):
        screen.print(drawn)
    screen.print("\nOn held-out documents, with 95 % intervals, and how much better on what was learnt from:")
    for name, figure in found.metrics.items():
        gap = f"{found.on_train[name].value - figure.value:+.3f}" if name in found.on_train else ""
        screen.print(f"  {name:<20}{figure.value:.3f}   {figure.low:.3f} – {figure.high:.3f}   n {figure.n:<6,}{gap}")
    if found.folds:
        screen.print(
            f"\nOver {len(found.folds[0].held_out)} folds: mean ± standard deviation, each fold, gap to training"
        )
    for each in found.folds:
        folds = " ".join(f"{value:.3f}" for value in each.held_out)
        screen.print(f"  {each.name:<20}{each.mean:.3f} ± {each.spread:.3f}   {folds}   {each.gap:+.3f}")
    message(f"The model is in {short_path(str(found.output))}: CARD.md tells about it, loss.svg shows its curve.")
