"""The chain of tests, from the corpus to the answer: the first failure that a re-run proves is the cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from citewell.evaluation.diagnosis import documents, labels, searching
from citewell.evaluation.diagnosis.golds import Standing
from citewell.evaluation.diagnosis.look import Finding, Look
from citewell.evaluation.diagnosis.values import ADVICE, Case, Step
from citewell.evaluation.questions import Gold
from citewell.evaluation.runs import Result
from citewell.evaluation.scoring import PLACED

TESTS: tuple[tuple[str, Callable[[Look], Finding | str]], ...] = (
    ("the gold's document is in the corpus", documents.in_corpus),
    ("its words are in what was read of the document", documents.in_text),
    ("the gold says what the reference says", documents.label),
    ("the asker may read it", searching.visible),
    ("one passage holds it", searching.in_one_piece),
    ("the passage is among the candidates", searching.among_candidates),
    ("the passage is among those that are read", searching.ranked_high),
)
FINAL = frozenset({"not_in_corpus", "lost_in_parsing", "gold_doubtful"})
"""Classes that follow from the documents themselves: where the words are missing, no later stage can be tested."""

_SEARCHED = 200  # passages among which the words of a reference without a gold are looked for


def failed(result: Result) -> bool:
    """Whether a question counts as answered wrongly; one that cannot be judged because its gold is nowhere does."""
    if "correct" in result.metrics:
        return result.metrics["correct"] < 1.0
    return result.question.answerable and bool(result.question.golds) and result.state not in PLACED


def has_fault(result: Result) -> bool:
    """Whether there is something to explain: a wrong answer, or a right one with something added."""
    return failed(result) or bool(unsupported(result))


def unsupported(result: Result) -> list[int]:
    """The sentences of the answer that its citations do not support. A table's row is shown with its column names,
    which are not part of the quote; it is no such sentence."""
    return [
        i for i, each in enumerate(result.sentences)
        if each.verdict in {"unsupported", "contradicted"}
        and not any(_is_row(each.text, result.citations[k].quote) for k in each.citations)
    ]  # fmt: skip


def _is_row(sentence: str, quote: str) -> bool:
    return " | " in quote and labels.share_said(quote, [sentence]) >= labels.SAYS


def examine(look: Look) -> Case:
    """The case of one question."""
    if look.result.error:
        return _case(look, _step(look, "the question can be asked", searching.stopped(look)))
    if not failed(look.result):
        return _case(look, _unsupported(look))
    if not look.question.answerable:
        return _case(look, _step(look, "an unanswerable question is refused", searching.should_refuse(look)))
    if not look.standings and (finding := _without_gold(look)):
        return _case(look, _step(look, "the documents say the reference answer", finding))
    undecided: Finding | None = None
    for test, run in TESTS:
        found = run(look)
        if isinstance(found, str):
            look.steps.append(Step(test, "passed", found))
            continue
        if found.proven or found.fault in FINAL:
            return _case(look, _step(look, test, found))
        look.steps.append(Step(test, "not decided", found.evidence, found.counterfactual))
        undecided = undecided or found
    found = searching.read_rightly(look)
    if undecided is not None and found.fault == "read_wrongly":
        told = f"{found.evidence}; before that, {undecided.evidence}"
        advice = "Two faults in a row: mending the search alone does not make it right; look at the reading as well"
        found = replace(found, evidence=told, kind=f"after {undecided.fault}", advice=advice)
    return _case(look, _step(look, "the reader takes the gold's sentence and is sure enough", found))


def _step(look: Look, test: str, finding: Finding) -> Finding:
    look.steps.append(Step(test, "failed", finding.evidence, finding.counterfactual))
    return finding


def _case(look: Look, finding: Finding) -> Case:
    return Case(
        question_id=look.question.id, question=look.question.text, fault=finding.fault, evidence=finding.evidence,
        counterfactual=finding.counterfactual, advice=finding.advice or ADVICE[finding.fault], kind=finding.kind,
        proven=finding.proven, correct=look.result.metrics.get("correct") == 1.0, steps=tuple(look.steps),
    )  # fmt: skip


def _unsupported(look: Look) -> Finding:
    sentences = look.result.sentences
    wrong = unsupported(look.result)
    worst = min(wrong, key=lambda i: sentences[i].support)
    rest = [each.support for i, each in enumerate(sentences) if i not in wrong]
    before = sum(each.support for each in sentences) / len(sentences)
    after = f"{sum(rest) / len(rest):.2f} without them" if rest else "nothing is left without them"
    return _step(look, "every sentence is supported by what it cites", Finding(
        "unsupported_sentence",
        f"{len(wrong)} of {len(sentences)} sentences: {documents.quoted(sentences[worst].text)}, "
        f"support {sentences[worst].support:.2f}",
        f"groundedness {before:.2f}, {after}", bool(rest),
    ))  # fmt: skip


def _without_gold(look: Look) -> Finding | None:
    """Of a question without a gold: looks for the reference among the passages that the question finds. What is found
    becomes the gold; a finding when there is nothing to go by."""
    question, references = look.question.text, look.question.answers
    if not references:
        return Finding("gold_doubtful", "the set gives neither a gold nor a reference answer", kind="nothing to go by")
    lexical, dense = look.reruns.searches(question, look.asker, _SEARCHED)
    ids = list(dict.fromkeys((*dense.ids, *lexical.ids)))
    for passage in look.reruns.get(ids, look.asker):
        if labels.answers(question, references, [passage.context, passage.text]):
            gold = Gold(passage.document_id, passage.text, span=passage.span, document_version=passage.document_version)
            item, document = look.library.items(gold)[0], look.library.document(passage.document_id)
            look.standings = [Standing(gold, item, document, None, (passage,))]
            look.steps.append(Step(
                "the documents say the reference answer", "passed", f"{documents.quoted(passage.text)} says it"
            ))  # fmt: skip
            return None
    return Finding(
        "not_in_corpus", f"the set gives no gold, and no passage the question finds says "
        f"{documents.quoted(references[0])}", "there is nothing to try in its place", kind="no passage says it",
    )  # fmt: skip
