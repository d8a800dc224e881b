"""One evaluation as one HTML file that needs nothing else: no network, no other file, and no script to be read."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from citewell.evaluation.report.blocks import fact_list, section
from citewell.evaluation.report.causes import cases_of, causes
from citewell.evaluation.report.figures import all_figures, glance, plots, slices
from citewell.evaluation.report.items import items
from citewell.evaluation.report.markup import Child, Markup, clean, element, verbatim
from citewell.evaluation.report.style import POLICY, SCRIPT, STYLE
from citewell.evaluation.report.versus import versus
from citewell.evaluation.report.words import KINDS, ORIGINS, STATES, facts, questions
from citewell.evaluation.runs import Run
from citewell.records import Json

if TYPE_CHECKING:
    from citewell.evaluation.comparing import Comparison

_OF_ONE = re.compile(r" p\d+$")  # timings of one question, which the plots have
_LISTED = 50  # questions with a doubtful gold that are named


def report_html(run: Run, *, diagnosis: Json | None = None, comparison: Comparison | None = None) -> str:
    """The report of ``run``. diagnosis: what ``citewell diagnose RUN --json`` prints. comparison: with a baseline.

    The same inputs give the same bytes.
    """
    parts: list[tuple[str, str, Markup | None]] = [
        ("glance", "At a glance", glance(run)),
        ("compared", "Compared", versus(comparison) if comparison else None),
        ("notes", "What to know", _notes(run)),
        ("plots", "Plots", plots(run)),
        ("causes", "Why wrong", causes(diagnosis) if diagnosis else None),
        ("slices", "Slices", slices(run)),
        ("figures", "Every figure", all_figures(run)),
        ("questions", "Questions", items(run, cases_of(diagnosis))),
        ("ran", "What was run", _what_was_run(run)),
    ]
    present = [(key, name, part) for key, name, part in parts if part is not None]
    links = [element("li", element("a", name, href=f"#{key}")) for key, name, _ in present]
    page = element(
        "html",
        element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", http_equiv="Content-Security-Policy", content=POLICY),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="referrer", content="no-referrer"),
            element("title", f"Evaluation “{run.name}”"),
            verbatim("style", STYLE),
        ),
        element(
            "body",
            element("a", "To the figures", href="#main", class_="skip"),
            element("header", element("h1", f"Evaluation “{run.name}”"), element("p", _subject(run), class_="muted")),
            element("nav", element("ul", *links), aria_label="Sections"),
            element("main", *(part for _, _, part in present), id="main", tabindex=-1),
            element("footer", element("p", _made_by(run))),
            verbatim("script", SCRIPT),
        ),
        lang="en",
    )  # fmt: skip
    return f"<!doctype html>\n{page}\n"


def _subject(run: Run) -> str:
    asked = questions(len(run.results))
    name = str(run.set.get("name", ""))
    return f"{KINDS.get(run.kind, run.kind)}: {asked}{f' of “{clean(name)}”' if name else ''}, {_day(run)}"


def _day(run: Run) -> str:
    return run.created_at[:16].replace("T", " ")


def _made_by(run: Run) -> str:
    release = run.system.get("citewell") or run.system.get("release") or run.system.get("version")
    made = f" by Citewell {release}" if release else ""
    return (
        f"Measured{made} on {_day(run)}. This file needs no network and no script. It holds texts from the documents: "
        "share it only with people who may read them."
    )


def _what_was_run(run: Run) -> Markup:
    """Everything that another person would need to measure the same again."""
    said = ORIGINS.get(str(run.set.get("origin", "")))
    parts: list[Child] = [
        element("h3", "The questions"),
        fact_list(facts({key: value for key, value in run.set.items() if key != "made"})),
        element("p", said) if said else None,
    ]
    if run.set.get("made"):
        parts.append(fact_list(facts({"how they were made": run.set["made"]})))
    for heading, data in (("The documents", run.collection), ("What answered", run.system)):
        if data:
            parts += [element("h3", heading), fact_list(facts(data))]
    took = [(stage, f"{value:,.1f} s") for stage, value in run.timings.items() if not _OF_ONE.search(stage)]
    if took:
        parts += [element("h3", "How long the evaluation took"), fact_list(took)]
    return section("ran", "What was run", *parts)


def _notes(run: Run) -> Markup | None:
    """What the reader of the figures should know first."""
    said: list[Child] = [element("li", note) for note in run.notes]
    origin = str(run.set.get("origin", ""))
    if origin in ORIGINS and origin != "human":
        said.append(element("li", f"The questions: {ORIGINS[origin]}"))
    if len(run.results) < 30:
        said.append(
            element("li", f"Only {questions(len(run.results))}: the intervals are wide, and chance decides much.")
        )
    failed = [result for result in run.results if result.error]
    if failed:
        reasons = Counter(result.error for result in failed).most_common(3)
        told = "; ".join(f"{reason} ({count:,})" for reason, count in reasons)
        said.append(element("li", f"The system failed on {questions(len(failed))}, which count as wrong: {told}"))
    doubtful = [result for result in run.results if result.state in STATES]
    if doubtful:
        listed = [
            element(
                "li",
                element("code", each.question.id),
                ": ",
                element("bdi", each.question.text),
                f" – {STATES[each.state]}",
            )
            for each in doubtful[:_LISTED]
        ]
        more = element("p", f"and {len(doubtful) - _LISTED} more") if len(doubtful) > _LISTED else None
        said.append(element(
            "li",
            element("details",
                    element("summary", f"{questions(len(doubtful))} whose expected answer is not where the set says"),
                    element("ul", *listed), more),
        ))  # fmt: skip
    return section("notes", "What to know before you believe it", element("ul", *said)) if said else None
