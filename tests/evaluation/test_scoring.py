"""What one answer is worth, on documents small enough to count by hand, and what a run's figures are made of."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from citewell.errors import DataError
from citewell.evaluation.levels import level_metrics, page_of, ranked
from citewell.evaluation.questions import Gold, Instructions, Question
from citewell.evaluation.runs import Result
from citewell.evaluation.scoring import score, stage_timings, summarise, with_forced
from citewell.records import Answer, Block, Citation, Claim, Copy, Document, Hit, Locator, Passage, Place, Refusal

TEXT = "Leave is 27 days. It begins in January. Hotels cost 190 pounds. Trains go first."
LEAVE, BEGIN, HOTEL, TRAIN = (0, 17), (18, 39), (40, 63), (64, 80)
WEAK = Refusal("weak_evidence", "no")


def page(number: int) -> Locator:
    return Locator(page=number)


def document(name: str, text: str = TEXT) -> Document:
    """The first two sentences on page 1, the others on page 2."""
    blocks = (Block("paragraph", (0, 39), page(1)), Block("paragraph", (40, len(text)), page(2)))
    return Document(name, "v", f"/{name}.pdf", name, "application/pdf", text, blocks, language="en")


DOCUMENTS = {name: document(name) for name in ("a", "b", "c")}


def passage(name: str, span: tuple[int, int], owner: str = "a", header: str = "") -> Passage:
    places = (Place(span, page(1 if span[0] < 40 else 2)),)
    return Passage(
        name, owner, "v", "s", f"/{owner}.pdf", owner, TEXT[slice(*span)], span, header=header, places=places
    )


def hit(name: str, span: tuple[int, int], owner: str = "a", copies: tuple[Passage, ...] = ()) -> Hit:
    return Hit(passage(name, span, owner), 0.5, "fused", copies)


def citation(span: tuple[int, int], owner: str = "a", quote: str = "", also: tuple[Copy, ...] = ()) -> Citation:
    locator = page(1 if span[0] < 40 else 2)
    return Citation("p", owner, "v", f"/{owner}.pdf", owner, quote or TEXT[slice(*span)], span, locator, also=also)


def answer(*citations: Citation, hits: tuple[Hit, ...] = (), confidence: float = 0.8) -> Answer:
    claims = tuple(Claim(each.quote, (i,), 0.9, "supported") for i, each in enumerate(citations))
    return Answer("?", "\n".join(claim.text for claim in claims), claims, citations, hits, confidence)


def refused(hits: tuple[Hit, ...] = ()) -> Answer:
    return Answer("?", "", (), (), hits, 0.1, WEAK)


def gold(span: tuple[int, int] | None = LEAVE, owner: str = "a", page: int | None = None, grade: int = 1) -> Gold:
    quote = TEXT[slice(*span)] if span else ""
    return Gold(owner, quote, page, span, "v", grade)


def question(*golds: Gold, **more: object) -> Question:
    return Question("q", "How long is my leave?", golds=golds, **more)


def scored(asked: Question, given: Answer, relevant: dict[str, int] | None = None, **more: object) -> Result:
    state = more.pop("state", "anchored" if asked.golds else "none")
    return score(asked, state, given, relevant or {}, DOCUMENTS.get, **more)


# -- the three levels of a ranking -------------------------------------------------------------------------------------


def test_each_level_has_its_own_ranking() -> None:
    hits = (hit("p1", HOTEL, "b"), hit("p2", TRAIN, "a"), hit("p3", LEAVE, "a"))
    found = level_metrics(hits, {"p3": 1}, [gold()], DOCUMENTS.get)
    assert found["passage MRR@10"] == pytest.approx(1 / 3)
    assert found["page MRR@10"] == pytest.approx(1 / 3)  # p2 stands on page 2 of the same document
    assert found["document MRR@10"] == pytest.approx(1 / 2)
    assert found["passage Hit@1"] == 0 and found["passage Hit@5"] == 1 and found["passage Recall@5"] == 1
    assert found["document P@5"] == pytest.approx(1 / 5)
    assert found["passage nDCG@10"] == pytest.approx(1 / math.log2(4))
    assert len(found) == 3 * 12


def test_a_hit_with_a_relevant_copy_counts_as_relevant_once() -> None:
    copied = hit("x", LEAVE, "b", copies=(passage("p1", LEAVE, "a"), passage("p2", LEAVE, "c")))
    found = level_metrics((copied,), {"p1": 1, "p2": 1}, [gold(), gold(owner="c")], DOCUMENTS.get)
    for level in ("passage", "page", "document"):
        assert found[f"{level} nDCG@10"] == found[f"{level} Recall@1"] == found[f"{level} P@1"] == 1.0, level
        assert found[f"{level} P@10"] == pytest.approx(0.1), level


def test_what_no_hit_shows_stays_wanted() -> None:
    copied = hit("x", LEAVE, "b", copies=(passage("p1", LEAVE, "a"),))
    found = level_metrics((copied,), {"p1": 1, "p9": 1}, [gold(), gold(owner="c")], DOCUMENTS.get)
    assert found["passage Recall@10"] == found["document Recall@10"] == 0.5


def test_a_document_counts_at_its_best_rank_and_a_better_grade_first() -> None:
    hits = (hit("p1", LEAVE, "a"), hit("p2", BEGIN, "a"), hit("p3", LEAVE, "b", copies=(passage("p4", LEAVE, "c"),)))
    order, wanted = ranked(hits, lambda each: [each.document_id], {"b": 1, "c": 3, "a": 0})
    assert order == ["a", "c"] and wanted == {"a": 0, "c": 3}


def test_the_page_of_a_gold_is_the_one_that_holds_most_of_it() -> None:
    assert page_of(gold((30, 60)), DOCUMENTS.get) == 2 and page_of(gold((10, 42)), DOCUMENTS.get) == 1
    assert page_of(gold(None, page=7), DOCUMENTS.get) == 7
    plain = replace(DOCUMENTS["a"], blocks=(Block("paragraph", (0, 80), Locator(lines=(1, 3))),))
    assert page_of(gold(), {"a": plain}.get) is None
    assert not any(name.startswith("page") for name in level_metrics((), {"p": 1}, [gold()], {"a": plain}.get))


def test_a_gold_that_no_passage_holds_is_never_found() -> None:
    found = level_metrics((hit("p1", LEAVE),), {}, [gold()], DOCUMENTS.get)
    assert found["passage Recall@10"] == 0.0 and found["document Recall@10"] == 1.0


# -- one answer --------------------------------------------------------------------------------------------------------


def test_an_answer_that_shows_the_gold_is_correct() -> None:
    result = scored(question(gold()), answer(citation(LEAVE), citation(HOTEL), hits=(hit("p1", LEAVE),)), {"p1": 1})
    assert result.metrics["correct"] == result.metrics["gold shown"] == result.metrics["passage MRR@10"] == 1.0
    assert result.metrics["citation precision"] == 0.5 and result.metrics["citation recall"] == 1.0
    assert result.metrics["quote exactness"] == 1.0 and result.metrics["groundedness"] == pytest.approx(1.0, abs=0.02)
    assert [each.gold for each in result.citations] == [True, False] and result.hits[0].gold
    assert result.metrics["verbosity"] == 8 and result.correct_if_answered is True


def test_the_same_words_elsewhere_in_the_document_are_no_gold_but_a_copy_of_the_gold_is() -> None:
    copy = Copy("a", "/a.pdf", "a", LEAVE, page(1))
    assert scored(question(gold()), answer(citation(LEAVE, "b"))).metrics["correct"] == 0.0
    assert scored(question(gold()), answer(citation(LEAVE, "b", also=(copy,)))).metrics["correct"] == 1.0


@pytest.mark.parametrize(("wanted", "shown"), [(gold(None), 1.0), (gold(None, page=1), 1.0), (gold(None, page=2), 0.0)])
def test_a_gold_without_words_is_shown_by_its_document_or_page(wanted: Gold, shown: float) -> None:
    assert scored(question(wanted), answer(citation(LEAVE))).metrics["gold shown"] == shown


def test_a_quote_that_the_document_does_not_hold_is_not_exact_and_supports_nothing() -> None:
    forged = scored(question(gold()), answer(citation(LEAVE, quote="Leave is 99 days.")))
    assert forged.metrics["quote exactness"] == 0.0 and not forged.citations[0].exact
    assert forged.metrics["groundedness"] < 0.5
    gone = scored(question(gold()), answer(citation(LEAVE, "hidden")))
    assert gone.metrics["quote exactness"] == 0.0 and gone.metrics["groundedness"] == 0.0


def test_a_table_row_is_supported_with_its_column_names() -> None:
    text = "London | 190 | GBP"
    documents = {"t": Document("t", "v", "/t", "t", "text/csv", text, (Block("table_row", (0, 18), Locator()),))}
    row = replace(citation((0, 18), "t", quote=text), header="City | Limit | Currency")
    said = Claim("City: London; Limit: 190; Currency: GBP", (0,), 0.9, "supported")
    given = Answer("?", said.text, (said,), (row,), (), 0.8)
    result = score(question(), "none", given, {}, documents.get)
    assert result.metrics["groundedness"] == pytest.approx(1.0, abs=0.02)


def test_an_uncited_sentence_lowers_citation_recall_and_groundedness() -> None:
    given = answer(citation(LEAVE))
    given = replace(given, claims=(*given.claims, Claim("The moon is made of cheese.", (), 0.0, "unsupported")))
    metrics = scored(question(gold()), given).metrics
    assert metrics["citation recall"] == 0.5 and metrics["groundedness"] == pytest.approx(0.5, abs=0.02)


def test_a_right_answer_is_correct_whatever_it_cites() -> None:
    asked = question(answers=("27 days",))
    assert scored(asked, answer(citation(LEAVE, "b"))).metrics["correct"] == 1.0
    wrong = scored(asked, answer(citation(HOTEL)))
    assert wrong.metrics["correct"] == wrong.metrics["F1"] == 0.0 and "gold shown" not in wrong.metrics


def test_a_refusal_is_right_only_of_what_cannot_be_answered() -> None:
    rightly, wrongly = scored(question(answerable=False), refused()), scored(question(gold()), refused())
    assert rightly.metrics == {"correct": 1.0} and rightly.correct_if_answered is False
    assert wrongly.metrics["correct"] == wrongly.metrics["gold shown"] == 0.0
    assert "citation precision" not in wrongly.metrics and "verbosity" not in wrongly.metrics
    assert scored(question(answerable=False), answer(citation(LEAVE))).metrics["correct"] == 0.0
    assert rightly.refusal == "weak_evidence" and rightly.refused


def test_what_a_refused_question_would_have_said_is_known_when_the_system_tells() -> None:
    wrongly = scored(question(gold()), refused((hit("p1", LEAVE),)), {"p1": 1})
    assert wrongly.correct_if_answered is None
    assert with_forced(wrongly, answer(citation(LEAVE)), DOCUMENTS.get).correct_if_answered is True
    assert with_forced(wrongly, answer(citation(HOTEL)), DOCUMENTS.get).correct_if_answered is False
    assert with_forced(wrongly, refused(), DOCUMENTS.get).correct_if_answered is False
    told = with_forced(wrongly, answer(citation(LEAVE)), DOCUMENTS.get)
    assert told.metrics == wrongly.metrics and told.hits == wrongly.hits


@pytest.mark.parametrize("state", ["stale", "missing", "unplaced"])
def test_golds_that_are_not_there_leave_rankings_and_citations_unjudged(state: str) -> None:
    asked = question(gold(), answers=("27 days",))
    metrics = scored(asked, answer(citation(LEAVE), hits=(hit("p1", LEAVE),)), {"p1": 1}, state=state).metrics
    assert not any("@" in name for name in metrics)
    assert "gold shown" not in metrics and "citation precision" not in metrics
    assert metrics["correct"] == metrics["quote exactness"] == 1.0
    unknown = scored(replace(asked, answers=()), answer(citation(LEAVE)), state=state)
    assert "correct" not in unknown.metrics and unknown.correct_if_answered is None


@pytest.mark.parametrize(
    "lost",
    [
        Gold("b", "words that were there", document_version="older"),
        Gold("b", span=(2, 9), document_version="older"),
        Gold("b", span=TRAIN, document_version="older"),
    ],
)
def test_a_stale_gold_beside_a_placed_one_is_not_taken_for_its_whole_document(lost: Gold) -> None:
    found = scored(question(gold(), lost), answer(citation(TRAIN, "b"), hits=(hit("p", TRAIN, "b"),)))
    assert found.metrics["gold shown"] == found.metrics["correct"] == found.metrics["document Recall@10"] == 0.0


def test_graded_not_relevant_is_no_gold() -> None:
    result = scored(question(gold(), gold(HOTEL, grade=0)), answer(citation(HOTEL)))
    assert result.metrics["gold shown"] == 0.0


def test_form_and_completeness() -> None:
    asked = question(
        gold(), key_points=("27 days", "five weeks"), instructions=Instructions(max_words=2, contain=("leave",))
    )
    metrics = scored(asked, answer(citation(LEAVE))).metrics
    assert metrics["completeness"] == 0.5 and metrics["instructions"] == 0.5
    silent = scored(asked, refused()).metrics
    assert silent["completeness"] == 0.0 and "instructions" not in silent


def test_a_failed_question_counts_as_wrong_everywhere() -> None:
    nothing = Answer("?", "", (), (), (), 0.0)
    failed = scored(question(gold(), answers=("27 days",)), nothing, {"p1": 1}, error="too long")
    assert failed.error == "too long" and failed.correct_if_answered is None
    assert failed.metrics["correct"] == failed.metrics["passage Recall@10"] == failed.metrics["F1"] == 0.0
    assert scored(question(answerable=False), nothing, error="too long").metrics["correct"] == 0.0


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (replace(answer(citation(LEAVE)), confidence=math.nan), "confidence of the answer is nan"),
        (replace(answer(citation(LEAVE)), confidence=1.5), "confidence of the answer is 1.5"),
        (answer(citation(LEAVE), hits=(replace(hit("p", LEAVE), score=math.inf),)), "score of a hit"),
    ],
)
def test_numbers_that_are_none_are_refused(given: Answer, complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        scored(question(gold()), given)


# -- a whole run -------------------------------------------------------------------------------------------------------


def result(name: str, correct: float, confidence: float, *, answerable: bool = True, refuses: bool = False) -> Result:
    right = (correct == 1.0) != (not answerable and refuses)
    return Result(
        Question(name, "?", answerable=answerable), confidence=confidence, refused=refuses,
        metrics={"correct": correct}, correct_if_answered=right,
        timings={"read": confidence},
    )  # fmt: skip


RESULTS = [
    result("1", 1.0, 0.9), result("2", 1.0, 0.8), result("3", 0.0, 0.7), result("4", 0.0, 0.4),
    result("5", 0.0, 0.6, answerable=False), result("6", 1.0, 0.1, answerable=False, refuses=True),
]  # fmt: skip


def test_figures_of_the_whole_run() -> None:
    metrics, curves = summarise(RESULTS)
    values = {name: (figure.value, figure.n) for name, figure in metrics.items()}
    assert values["correct"] == (0.5, 6) and values["correct when answerable"] == (0.5, 4)
    assert values["correct when unanswerable"] == (0.5, 2)
    assert values["coverage"] == (pytest.approx(5 / 6), 6) and values["risk"] == (pytest.approx(3 / 5), 5)
    # answering the surest first: right, right, wrong, wrong, wrong, wrong
    assert values["area under coverage-risk"][0] == pytest.approx((0 + 0 + 1 / 3 + 2 / 4 + 3 / 5 + 4 / 6) / 6)
    assert values["expected calibration error"][0] == pytest.approx((0.1 + 0.2 + 0.7 + 0.4 + 0.6 + 0.1) / 6)
    assert curves["coverage_risk"]["coverage"][-1] == 1.0 and curves["coverage_risk"]["risk"][0] == 0.0
    assert sum(curves["calibration"]["count"]) == 6
    assert all(figure.low <= figure.value <= figure.high for figure in metrics.values())
    assert next(iter(metrics)) == "correct"


def test_the_order_of_questions_changes_no_mean() -> None:
    forwards, backwards = summarise(RESULTS).metrics, summarise(RESULTS[::-1]).metrics
    for name in ("correct", "coverage", "risk", "area under coverage-risk", "expected calibration error"):
        assert forwards[name].value == pytest.approx(backwards[name].value)
    assert summarise(RESULTS) == summarise(list(RESULTS))


def test_a_mean_is_over_the_questions_that_have_the_metric() -> None:
    more = [replace(RESULTS[0], metrics={"correct": 1.0, "F1": 0.25}), *RESULTS[1:]]
    assert (summarise(more).metrics["F1"].value, summarise(more).metrics["F1"].n) == (0.25, 1)


def test_results_without_a_verdict_have_no_curve() -> None:
    unknown = [replace(each, metrics={}, correct_if_answered=None) for each in RESULTS]
    metrics, curves = summarise(unknown)
    assert list(metrics) == ["coverage"] and curves == {}


def test_every_figure_is_a_listed_metric() -> None:
    from citewell.evaluation.metrics.catalog import METRICS

    asked = question(gold(), answers=("27 days",), key_points=("27 days",), instructions=Instructions(max_words=9))
    known = scored(asked, answer(citation(LEAVE), hits=(hit("p1", LEAVE),)), {"p1": 1})
    named = summarise([known, *RESULTS]).metrics
    assert set(named) <= set(METRICS) and len(named) > 50


def test_timings_are_percentiles_of_each_stage() -> None:
    found = stage_timings(RESULTS)
    assert found["read p50"] == pytest.approx(0.65) and found["read p95"] == pytest.approx(0.875)
