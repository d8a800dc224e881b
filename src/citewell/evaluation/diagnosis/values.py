"""What a diagnosis consists of. Plain values; nothing is worked out here.

Diagnosis ─ Case ─ Step     one failed question, its class, and every test it went through
          ─ Rung            the score if one stage more were perfect
          ─ Stage           how many questions still have their gold after a stage
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from citewell.evaluation.runs import Figure
from citewell.records import Json

Fault = Literal[
    "not_in_corpus", "lost_in_parsing", "split_by_chunking", "not_retrieved", "ranked_too_low", "read_wrongly",
    "should_have_refused", "wrongly_refused", "unsupported_sentence", "gold_doubtful",
]  # fmt: skip
FAULTS: tuple[Fault, ...] = get_args(Fault)

Outcome = Literal["passed", "failed", "not decided"]
"""not decided: the test found something, but the re-run did not prove it to be the cause."""

ADVICE: dict[Fault, str] = {
    "not_in_corpus": "Add the document:  citewell add PATH",
    "lost_in_parsing": "Look at what was read of it:  citewell show DOCUMENT --parse",
    "split_by_chunking": "Cut larger passages:  citewell reindex --max-tokens NUMBER",
    "not_retrieved": "Say it in the document's words, or try another encoder:  citewell reindex --encoder DIR",
    "ranked_too_low": "Others stand before it: remove old versions and copies, or narrow the search (--uri, --after)",
    "read_wrongly": "The passage was read and another sentence was taken: ask more precisely, or use a trained reader",
    "should_have_refused": "Nothing here answers it: raise the threshold, if the answers this costs are worth it",
    "wrongly_refused": "The answer was there: lower the threshold, if the refusals this costs are worth it",
    "unsupported_sentence": "Sentences that no citation supports should be left out of the answer",
    "gold_doubtful": "Look at the question's gold and correct the set:  citewell evaluate review SET",
}
"""One piece of advice for each class, where the case itself gives none better."""


@dataclass(frozen=True, slots=True)
class Step:
    """One test of the chain. test: what was asked, as a statement that holds when all is well."""

    test: str
    outcome: Outcome
    evidence: str
    counterfactual: str = ""

    def to_json(self) -> Json:
        found = {"test": self.test, "outcome": self.outcome, "evidence": self.evidence}
        return {**found, "counterfactual": self.counterfactual} if self.counterfactual else found


@dataclass(frozen=True, slots=True)
class Case:
    """One question that was answered wrongly (or, ``unsupported_sentence`` only, rightly but with something added).

    kind: what there is to say beyond the class, such as ``by words``. counterfactual: what was changed, and what the
    question came to then. proven: whether that made it right; ``None`` when nothing could be tried, because the class
    follows from the evidence alone. ``read_wrongly`` is always proven: with the gold's passage alone before the reader
    either the answer is right, so that other passages led away, or the reader does not see it.
    """

    question_id: str
    question: str
    fault: Fault
    evidence: str
    counterfactual: str
    advice: str
    kind: str = ""
    proven: bool | None = None
    correct: bool = False
    steps: tuple[Step, ...] = ()

    def to_json(self) -> Json:
        return {
            "id": self.question_id, "question": self.question, "fault": self.fault, "kind": self.kind,
            "evidence": self.evidence, "counterfactual": self.counterfactual, "proven": self.proven,
            "advice": self.advice, "correct": self.correct, "steps": [step.to_json() for step in self.steps],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rung:
    """The share of questions that are right when this stage, and every one before it, is perfect.

    gain: over the rung before.
    """

    name: str
    meaning: str
    figure: Figure
    gain: float = 0.0

    def to_json(self) -> Json:
        return {
            "name": self.name, "meaning": self.meaning, **self.figure.to_json(), "gain": round(self.gain, 6)
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stage:
    """How many of the answerable questions with a gold still have it after a stage."""

    name: str
    count: int

    def to_json(self) -> Json:
        return {"stage": self.name, "count": self.count}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All cases of a run, in the run's order. questions: how many the run has. failed: how many were not correct."""

    run: str
    questions: int
    failed: int
    cases: tuple[Case, ...]
    ladder: tuple[Rung, ...] = ()
    funnel: tuple[Stage, ...] = ()
    notes: tuple[str, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)

    def counts(self) -> dict[Fault, int]:
        """How many failed questions each class has; questions that were right all the same are not counted."""
        return {fault: sum(case.fault == fault and not case.correct for case in self.cases) for fault in FAULTS}

    def to_json(self) -> Json:
        return {
            "run": self.run, "questions": self.questions, "failed": self.failed, "classes": dict(self.counts()),
            "ladder": [rung.to_json() for rung in self.ladder], "funnel": [stage.to_json() for stage in self.funnel],
            "cases": [case.to_json() for case in self.cases], "notes": list(self.notes),
            "timings": {stage: round(seconds, 3) for stage, seconds in self.timings.items()},
        }  # fmt: skip
