"""Why questions went wrong, from the JSON of a diagnosis: how far each came, the classes of fault, the ladder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from citewell.errors import DataError
from citewell.evaluation.report import charts
from citewell.evaluation.report.blocks import plot, section, table
from citewell.evaluation.report.markup import Markup, element
from citewell.evaluation.report.scales import Axis, percent, plain, reaching
from citewell.evaluation.report.words import exact, questions
from citewell.records import Json

FAULTS = {
    "not_in_corpus": "Not in the documents",
    "lost_in_parsing": "Lost when the file was read",
    "split_by_chunking": "Cut apart into passages",
    "not_retrieved": "Not found by the search",
    "ranked_too_low": "Found, but ranked too low",
    "read_wrongly": "Found, but the wrong sentence taken",
    "should_have_refused": "Answered, should have refused",
    "wrongly_refused": "Refused, should have answered",
    "unsupported_sentence": "Says more than its sources",
    "gold_doubtful": "The expected answer is doubtful",
}


def causes(diagnosis: Json) -> Markup:
    """The section; :class:`DataError` when ``diagnosis`` is not what ``citewell diagnose --json`` prints."""
    try:
        drawn = [_funnel(diagnosis.get("funnel") or []), _faults(diagnosis), _ladder(diagnosis.get("ladder") or [])]
        failed = int(diagnosis.get("failed", len(diagnosis["cases"])))
        notes = [element("p", str(note)) for note in diagnosis.get("notes") or ()]
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise not_a_diagnosis(error) from None
    return section(
        "causes", "Why questions went wrong",
        element("p", _said(failed)),
        notes,
        element("div", *(each for each in drawn if each is not None), class_="plots"),
    )  # fmt: skip


def _said(failed: int) -> str:
    if not failed:
        return "No question went wrong."
    return (
        f"Each question that went wrong ({failed:,} in all) is put into one class, and asked again with that one thing "
        "put right. What was found is with each question below."
    )


def cases_of(diagnosis: Json | None) -> dict[str, Json]:
    """The diagnosed cases by question id."""
    cases = (diagnosis or {}).get("cases") or []
    try:
        return {str(case.get("id") or case["question_id"]): case for case in cases}
    except (KeyError, TypeError, AttributeError) as error:
        raise not_a_diagnosis(error) from None


def not_a_diagnosis(error: Exception) -> DataError:
    return DataError(
        f"The diagnosis is not one of this release ({type(error).__name__}: {error}). "
        "Expected what this prints:  citewell diagnose RUN --json"
    )


def fault_name(fault: str) -> str:
    return FAULTS.get(fault, fault.replace("_", " "))


def _funnel(stages: Sequence[Json]) -> Markup | None:
    counted = [(str(stage["stage"]), int(stage["count"] if "count" in stage else stage["n"])) for stage in stages]
    if not counted:
        return None
    most = max(count for _, count in counted) or 1
    rows = [charts.Row(name, count, f"{count:,} ({percent(count / most)})") for name, count in counted]
    losses = [
        (before - after, name)
        for (_, before), (name, after) in pairwise(counted) if before > after
    ]  # fmt: skip
    lost = max(losses, default=None)
    says = "For how many questions the passage that answers them is still there after each stage."
    if lost:
        says += f" Most are lost at “{lost[1]}”: {questions(lost[0])}."
    title = "How far the answer gets"
    drawing = charts.bars(
        "funnel", title, charts.told("Questions left after each stage", rows), rows, reaching("questions", most, plain),
    )  # fmt: skip
    data = table("Questions left after each stage", ["Stage", "Questions"], [[name, count] for name, count in counted])
    return plot(title, says, drawing, data)


def _faults(diagnosis: Json) -> Markup | None:
    counts: dict[str, int] = {}
    for case in diagnosis["cases"]:
        if not case.get("correct"):
            counts[str(case["fault"])] = counts.get(str(case["fault"]), 0) + 1
    if not counts:
        return None
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    rows = [charts.Row(fault_name(fault), count, f"{count:,}") for fault, count in ranked]
    title = "What went wrong"
    drawing = charts.bars(
        "faults", title, charts.told("Failed questions by class", rows), rows,
        reaching("questions", ranked[0][1], plain),
    )  # fmt: skip
    data = table(
        "Failed questions by class", ["Class", "Questions", "What to do"],
        [[[fault_name(fault), element("small", element("code", fault))], count, _advice(diagnosis["cases"], fault)]
         for fault, count in ranked],
        numbers=False,
    )  # fmt: skip
    says = f"Most often: {fault_name(ranked[0][0]).lower()}. {_advice(diagnosis['cases'], ranked[0][0])}"
    return plot(title, says, drawing, data)


def _advice(cases: Sequence[Mapping[str, object]], fault: str) -> str:
    """The advice that most cases of a class have."""
    given = [str(case.get("advice") or "") for case in cases if case["fault"] == fault]
    return max(sorted(set(given)), key=given.count, default="")


def _ladder(rungs: Sequence[Json]) -> Markup | None:
    if not rungs:
        return None
    rows = [
        charts.Row(
            str(rung["name"]), float(rung["value"]), _climb(rung, first=not index), rung.get("low"), rung.get("high"),
        )
        for index, rung in enumerate(rungs)
    ]  # fmt: skip
    title = "What if one stage were perfect?"
    gains = [(float(rung.get("gain", 0.0)), str(rung["name"])) for rung in rungs[1:]]
    best = max(gains, default=(0.0, ""))
    says = "The share that would be right if a stage, and every one before it, made no mistake."
    if best[0] > 0:
        says += f" The largest step is “{best[1]}”: {100 * best[0]:.0f} points. Work there first."
    drawing = charts.bars(
        "ladder", title, charts.told("Share right", rows), rows, Axis("questions right"),
    )  # fmt: skip
    data = table(
        "Oracle ladder", ["Perfect up to", "Share right", "95 % interval", "n", "Gain"],
        [
            [[str(rung["name"]), element("small", str(rung.get("meaning") or ""))], exact(float(rung["value"])),
             f"{exact(float(rung['low']))}–{exact(float(rung['high']))}" if "low" in rung else "–",
             int(rung.get("n", 0)), f"{float(rung.get('gain', 0.0)):+.3f}"]
            for rung in rungs
        ],
    )  # fmt: skip
    return plot(title, says, drawing, data)


def _climb(rung: Json, *, first: bool) -> str:
    gain = "" if first else f" (+{100 * float(rung.get('gain', 0.0)):.0f})"
    return percent(float(rung["value"])) + gain
