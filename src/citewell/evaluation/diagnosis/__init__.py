"""Why was it wrong? Each failed question of a run gets exactly one class, with evidence and a re-run that proves it.

    diagnose ─► for each failed question, tests from the corpus to the answer (documents, searching)
                  └─ the first that fails, and whose re-run with that stage mended comes out right, is the cause
             ─► for all questions, the ladder and the funnel (ladder)

When a re-run does not come out right, the test is noted as not decided and the chain goes on: the cause, or the last of
several, lies further down. Re-runs use citewell's own reader; nothing is written to the collection.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from citewell.access import Scope
from citewell.errors import DataError
from citewell.evaluation.diagnosis.chain import examine, failed, has_fault
from citewell.evaluation.diagnosis.golds import Library
from citewell.evaluation.diagnosis.ladder import climb, funnel, rungs
from citewell.evaluation.diagnosis.look import Look, Peers
from citewell.evaluation.diagnosis.reruns import Reruns
from citewell.evaluation.diagnosis.values import ADVICE, FAULTS, Case, Diagnosis, Fault, Rung, Stage, Step
from citewell.evaluation.runs import Result, Run
from citewell.store import Store

__all__ = ["ADVICE", "FAULTS", "Case", "Diagnosis", "Fault", "Rung", "Stage", "Step", "diagnose", "failed"]

OnProgress = Callable[[str, int, int], None]


def diagnose(
    store: Store,
    run: Run,
    scope: Scope,
    on_progress: OnProgress | None = None,
    *,
    ladder: bool = True,
    only: Collection[str] | None = None,
) -> Diagnosis:
    """Every failed question of ``run`` with its cause, and what each stage costs.

    scope: the rights of whoever diagnoses; questions are asked again with the rights they were asked with. ladder:
    whether every question is asked again on each rung, which takes most of the time. only: ids of the questions to
    look at; the others still say what another threshold would cost.
    """
    if run.kind != "answers":
        raise DataError(
            f"'{run.name}' is a run of kind '{run.kind}'; a diagnosis needs answers. "
            "Make one:  citewell evaluate answers SET"
        )
    started = time.perf_counter()
    reruns, library, peers = Reruns(store), Library(store, scope), Peers.of(run.results)
    cases, climbs = [], []
    chosen = [each for each in run.results if only is None or each.question.id in only]
    for number, result in enumerate(chosen, start=1):
        look = _look(result, scope, reruns, library, peers)
        if ladder and ("correct" in result.metrics or result.question.golds):  # others can be neither right nor wrong
            climbs.append(climb(look))
        if has_fault(result):
            cases.append(examine(look))
        reruns.forget()
        if on_progress is not None:
            on_progress("diagnosing", number, len(chosen))
    return Diagnosis(
        run.name, len(run.results), sum(failed(each) for each in run.results), tuple(cases), rungs(climbs),
        funnel(climbs), tuple(_notes(run, store, scope)), {"diagnose": time.perf_counter() - started},
    )  # fmt: skip


def _look(result: Result, scope: Scope, reruns: Reruns, library: Library, peers: Peers) -> Look:
    from citewell.evaluation.running import asker

    look = Look(result, asker(result.question, scope), reruns, library, peers)
    look.standings = [library.standing(gold) for gold in result.question.golds if gold.grade > 0]
    return look


def _notes(run: Run, store: Store, scope: Scope) -> list[str]:
    from citewell.evaluation.running import collection_facts

    notes = []
    if (was := run.collection.get("content")) and was != collection_facts(store, scope).get("content"):
        notes.append("The collection has changed since the run: re-runs see it as it is now.")
    return notes
