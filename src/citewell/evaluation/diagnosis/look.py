"""What the tests of one question share: its result, where its golds stand, and how a re-run is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from citewell.access import Scope
from citewell.answering.read import PASSAGES_READ
from citewell.evaluation.diagnosis.golds import Library, Standing
from citewell.evaluation.diagnosis.reruns import Reruns
from citewell.evaluation.diagnosis.values import Fault, Step
from citewell.evaluation.questions import Gold, Question
from citewell.evaluation.runs import Result
from citewell.evaluation.scoring import score
from citewell.records import Answer, Document, Hit, Passage

VIRTUAL = "gold"
"""Document and passage id of text that is not in the collection and is tried as if it were."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a test that failed says. proven: as in :class:`~citewell.evaluation.diagnosis.values.Case`."""

    fault: Fault
    evidence: str
    counterfactual: str = ""
    proven: bool | None = None
    kind: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Peers:
    """What another threshold would cost. right: confidences of the run's right answers; refused: of its right
    refusals."""

    right: tuple[float, ...] = ()
    refused: tuple[float, ...] = ()

    @staticmethod
    def of(results: Sequence[Result]) -> Peers:
        good = [each for each in results if each.metrics.get("correct") == 1.0]
        return Peers(
            tuple(each.confidence for each in good if not each.refused),
            tuple(each.confidence for each in good if each.refused),
        )


@dataclass
class Look:
    """One question under examination. standings: the golds that passed every test so far. asker: whose rights the
    question was asked with."""

    result: Result
    asker: Scope
    reruns: Reruns
    library: Library
    peers: Peers
    standings: list[Standing] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    @property
    def question(self) -> Question:
        return self.result.question

    @property
    def threshold(self) -> float:
        return self.reruns.store.answering.calibration.weak

    def hits(self) -> list[Hit]:
        """The hits of today's search."""
        return self.reruns.hits(self.question.text, self.asker)

    def gold_passages(self) -> list[Passage]:
        """The passages that show a gold and are visible to the asker, best first; at most three, for a gold may be a
        whole document."""
        shown = {each.id: each for standing in self.standings for each in (standing.shown_by or standing.parts)}
        visible = {key: each for key, each in shown.items() if self.asker.allows(each.readers)}
        if len(visible) > 1:
            lexical, dense = self.reruns.searches(self.question.text, self.asker, self.reruns.settings.candidates)
            order = {each: place for place, each in enumerate(dict.fromkeys((*dense.ids, *lexical.ids)))}
            return sorted(visible.values(), key=lambda each: (order.get(each.id, len(order)), each.id))[:3]
        return list(visible.values())

    def place(self) -> int | None:
        """The rank of the first hit that shows a gold, from 1, as the answer saw them."""
        relevant = {each.id for standing in self.standings for each in standing.shown_by}
        places = (
            place for place, hit in enumerate(self.result.hits, start=1) if hit.gold or hit.passage_id in relevant
        )
        return next(places, None)

    def read(self) -> bool:
        place = self.place()
        return place is not None and place <= PASSAGES_READ

    def right(self, answer: Answer, instead: Passage | None = None) -> bool:
        """Whether ``answer`` counts as correct. instead: text that stands for the gold, of a document that is not in
        the collection."""
        golds = tuple(standing.gold for standing in self.standings)
        if instead is not None:
            golds = (Gold(instead.document_id, instead.text, span=instead.span, document_version=VIRTUAL),)
        question = replace(self.question, golds=golds)

        def document_of(document_id: str) -> Document | None:
            if instead is not None and document_id == instead.document_id == VIRTUAL:
                return Document(VIRTUAL, "", instead.uri, instead.title, "", instead.text, ())
            return self.library.document(document_id)

        judged = score(question, "anchored", replace(answer, hits=()), {}, document_of)
        return judged.metrics.get("correct") == 1.0

    def outcome(self, hits: Sequence[Hit], threshold: float | None = None, instead: Passage | None = None) -> str:
        """``right``, ``refused`` or ``wrong``: what the question comes to with these hits."""
        answer = self.reruns.answer(self.question.text, hits, threshold)
        if self.right(answer, instead):
            return "right"
        return "refused" if answer.refused else "wrong"


def virtual(gold: Gold, document: Document | None, near: Passage | None = None) -> Passage:
    """The gold's words as a passage of their own, with the headings of the passage ``near`` where they should stand."""
    name = PurePath(gold.name or gold.document or VIRTUAL)
    title = near.title if near else document.title if document else name.stem.replace("-", " ").replace("_", " ")
    return Passage(
        id=VIRTUAL, document_id=VIRTUAL, document_version="", source_id="", uri=str(name), title=title, text=gold.quote,
        span=(0, len(gold.quote)), heading_path=near.heading_path if near else (), header=near.header if near else "",
        language=document.language if document else "en", modified_at=document.modified_at if document else "",
        media_type=document.media_type if document else "",
    )  # fmt: skip
