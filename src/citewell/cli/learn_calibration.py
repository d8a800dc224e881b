"""``citewell learn calibration``: how sure an answer must be, fitted on your own questions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citewell.cli.app import CollectionOption, JsonOption, collection_path
from citewell.cli.learn import learn
from citewell.cli.output import console, count, message, print_json, stage_progress

if TYPE_CHECKING:
    from citewell.learning.own_calibration import OwnCalibration


@learn.command()
def calibration(
    context: typer.Context,
    questions: Annotated[
        str, typer.Argument(metavar="SET", help="A question set of the collection, by name, or a file.")
    ],
    collection: CollectionOption = None,
    split: Annotated[
        str, typer.Option(metavar="NAME", show_default=False, help="Only this split of the set. [default: all]")
    ] = "",
    target_risk: Annotated[
        float, typer.Option("--target-risk", min=0.01, max=0.5, help="Wrong ones among the answers given plainly.")
    ] = 0.1,
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="Also draw the coverage-risk curve in this file.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Fit confidence and thresholds on questions about this collection, and put them to use. Needs no torch."""
    import citewell
    from citewell.evaluation.keeping import writable
    from citewell.learning.own_calibration import draw_risk

    place = writable(svg) if svg is not None else None
    opened = citewell.open(collection_path(context, collection))
    with stage_progress(quiet=json) as show:
        found = opened.learn_calibration(questions, split=split, target_risk=target_risk, on_progress=show)
    if place is not None:
        place.write_text(draw_risk(found.fitted), encoding="utf-8")
    if json:
        print_json(found.to_json())
    else:
        _print(found)


def _print(found: OwnCalibration) -> None:
    from citewell.learning.own_calibration import told_points

    screen, fitted = console(), found.fitted
    fits = fitted.calibration
    what = "confidence, thresholds and weights of units" if found.refitted else "confidence and thresholds"
    screen.print(f"Fitted {what} on {count(fitted.n, 'question')}; every figure is of questions it was not fitted on.")
    screen.print(f"  right if never refused   {fitted.right:.1%}")
    screen.print(f"  calibration error        {fitted.error:.3f}")
    plain = f"{fitted.coverage:.1%} of the questions, {fitted.risk:.1%} of these wrong (target {fits.target_risk:.0%})"
    screen.print(f"  plain answer from        {fits.answer:.2f}   {plain if fitted.coverage else 'never'}")
    screen.print(f"  weak answer from         {fits.weak:.2f}")
    screen.print("\n  answered    wrong   from confidence")
    for each in told_points(fitted):
        bar = "█" * round(each.risk * 40)
        screen.print(f"  {each.coverage:>8.0%} {each.risk:>8.1%}   {each.threshold:.2f}  {bar}".rstrip())
    if not fitted.coverage:
        message(
            f"note: at no confidence are at most {fits.target_risk:.0%} of the answers wrong, so every answer is "
            "marked as weak. Allow more with --target-risk, or find out why they are wrong:  citewell diagnose"
        )
    screen.print(f"\nIn use: model set {found.model_set}. To go back:  citewell models rollback")
