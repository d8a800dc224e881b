"""The report as a whole: what it tells, that everybody can read it, that nothing in it can harm."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode
from tests.evaluation.report.examples import example_diagnosis, example_run, with_first

from citewell.errors import DataError
from citewell.evaluation.comparing import compare_runs
from citewell.evaluation.diagnosis import FAULTS
from citewell.evaluation.questions import Gold, Question
from citewell.evaluation.report import causes, report_html
from citewell.evaluation.report.style import POLICY, SCRIPT, STYLE
from citewell.evaluation.report.words import HEADLINES, meaning
from citewell.evaluation.runs import Cited, Figure, Found, Kind, Result, Run, Sentence

HOSTILE = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "\u202egnp.exe\u202c", "null\x00byte \x1b[31m",
    "x" * 5_000, "</svg></title></style></script><b>", "javascript:alert(1)", "&amp;lt; <!-- ]]>", "\ud83d",
)  # fmt: skip


def parsed(page: str) -> LexborHTMLParser:
    return LexborHTMLParser(page)


def text_of(page: str) -> str:
    root = parsed(page).body
    assert root is not None
    return " ".join(root.text(separator=" ").split())


def full_report() -> str:
    run = example_run(60)
    baseline = example_run(60, seed=2, name="nightly-0")
    return report_html(run, diagnosis=example_diagnosis(run), comparison=compare_runs(run, baseline))


@pytest.fixture(scope="module")
def report() -> str:
    return full_report()


@pytest.fixture(scope="module")
def tree(report: str) -> LexborHTMLParser:
    return parsed(report)


# -- what it tells -----------------------------------------------------------------------------------------------------


def test_it_says_what_was_run(report: str) -> None:
    said = text_of(report)
    for expected in ("nightly-1", "handbook", "60 questions", "Asked by people.", "minilm-l6-int8@b95c0788f41e",
                     "passages 321", "2026-11-20 09:30"):  # fmt: skip
        assert expected in said


def test_headlines_have_a_sentence_and_the_metric_name_with_its_interval(tree: LexborHTMLParser) -> None:
    cards = [" ".join(card.text(separator=" ").split()) for card in tree.css("#glance .card")]
    run = example_run(60)
    figure = run.metrics["correct"]
    assert any(
        card.startswith(f"Questions handled right {figure.value * 100:.0f} %")
        and "Measured on 60 questions; other questions of this kind would give" in card
        and f"correct = {figure.value:.3f}, 95 % interval {figure.low:.3f} to {figure.high:.3f}, n = 60" in card
        for card in cards
    )


def test_every_figure_of_the_run_is_listed(tree: LexborHTMLParser) -> None:
    rows = {row.css_first("code").text(): row for row in tree.css("#figures tbody tr")}
    run = example_run(60)
    assert rows.keys() == run.metrics.keys()
    for name, figure in run.metrics.items():
        cells = [cell.text() for cell in rows[name].css("td")]
        assert cells[-1] == str(figure.n)
        assert float(cells[0]) == pytest.approx(figure.value, abs=0.06)


def test_every_plot_is_there_and_its_numbers_too(tree: LexborHTMLParser) -> None:
    titles = {figure.css_first("h3").text() for figure in tree.css("figure")}
    assert titles >= {
        "If it answered only when it is sure", "Is it as sure as it should be?", "Where the time goes",
        "How long questions take", "How far the answer gets", "What went wrong", "What if one stage were perfect?",
        "By tag", "By document type", "Differences",
    }  # fmt: skip
    for figure in tree.css("figure"):
        assert figure.css_first("svg")
        assert figure.css("details table tbody tr")


def test_the_chosen_point_is_on_the_coverage_risk_plot(tree: LexborHTMLParser) -> None:
    svg = tree.css_first("svg[aria-labelledby^='coverage-risk']")
    run = example_run(60)
    assert len(svg.css("polygon.mark")) == 2  # in the plot and in the legend
    assert f"{run.metrics['coverage'].value * 100:.0f} % answered" in svg.text()


def test_slices_that_are_too_small_say_so(tree: LexborHTMLParser) -> None:
    rows = [row.text(separator=" ") for row in tree.css("#slices tr")]
    assert any("over 3 years" in row and "too few" in row for row in rows)
    assert not any("newest 3 months" in row and "too few" in row for row in rows)


def test_wrong_questions_stand_first_and_show_everything(tree: LexborHTMLParser) -> None:
    run = example_run(60)
    wrong = [each for each in run.results if each.metrics["correct"] < 1]
    kinds = [(item.attributes["data-kinds"] or "").split()[0] for item in tree.css("details.item")]
    assert kinds == ["wrong"] * len(wrong) + ["right"] * (60 - len(wrong))
    answered = next(each for each in wrong if not each.refused and each.question.answerable)
    item = next(each for each in tree.css("details.item") if answered.question.id in each.css_first("summary").text())
    said = " ".join(item.text(separator=" ").split())
    for expected in (answered.question.text, answered.question.answers[0], answered.question.golds[0].quote,
                     "Citations", ", page 2", "passage nDCG@10", "Why:", "Asked again",
                     "the passage is among those that are read: failed"):  # fmt: skip
        assert expected in said
    assert "/data/company" not in said  # the folder that all documents share
    assert len(item.css("ol.hits li")) == 10


def test_a_comparison_shows_flips_both_ways_and_corrected_p() -> None:
    run, baseline = example_run(60), example_run(60, seed=2, name="nightly-0")
    found = compare_runs(run, baseline)
    assert found.fixed
    assert found.broken
    section = parsed(report_html(run, comparison=found)).css_first("#compared")
    said = " ".join(section.text(separator=" ").split())
    assert "Compared with “nightly-0”" in said
    assert "p (Holm)" in said
    assert f"Wrong then, right now: {len(found.fixed)} question" in said
    assert f"Right then, wrong now: {len(found.broken)} question" in said
    listed = {node.text() for node in section.css("details code")}
    assert {each.question_id for each in (*found.fixed, *found.broken)} <= listed


def test_made_questions_are_never_passed_off_as_peoples() -> None:
    run = example_run(30)
    page = report_html(replace(run, set={**run.set, "origin": "made", "made": {"seed": 7, "rules": ["headings"]}}))
    notes = " ".join(parsed(page).css_first("#notes").text().split())
    assert "Made by rules from the documents themselves, not by people." in notes
    assert "Asked by people" not in text_of(page)
    assert "headings" in text_of(page)


def test_stale_questions_and_failures_are_listed() -> None:
    run = with_first(example_run(30), state="stale", error="the model did not answer in 30 s")
    notes = " ".join(parsed(report_html(run)).css_first("#notes").text().split())
    assert "1 question whose expected answer is not where the set says" in notes
    assert "the document changed and the words are gone" in notes
    assert "The system failed on 1 question" in notes
    assert "the model did not answer in 30 s (1)" in notes


def test_few_questions_are_called_few() -> None:
    assert "Only 5 questions" in text_of(report_html(example_run(5)))


def test_a_run_without_questions_is_still_a_report() -> None:
    run = replace(example_run(3), results=(), metrics={}, curves={})
    assert "no figures" in text_of(report_html(run))


@pytest.mark.parametrize("kind", ["retrieval", "reading", "support"])
def test_other_kinds_show_the_parts_that_apply(kind: Kind) -> None:
    names = {"retrieval": ("nDCG@10", "Recall@10"), "reading": ("exact match", "F1"), "support": ("AUROC",)}[kind]
    results = tuple(
        Result(Question(f"q{number}", f"question {number}", answerable=True), metrics=dict.fromkeys(names, number % 2))
        for number in range(20)
    )
    run = Run(kind, "r", "2026-11-20T00:00:00+00:00", {}, {"name": "s"}, {}, results,
              dict.fromkeys(names, Figure(0.5, 0.3, 0.7, 20)))  # fmt: skip
    page = parsed(report_html(run))
    assert [node.text() for node in page.css("#glance .card code")] == [
        name for name in HEADLINES[kind] if name in names
    ]
    assert not page.css("#plots")
    assert len(page.css("details.item")) == 20
    assert all(not item.css("ol") for item in page.css("details.item"))


def test_unknown_metrics_keep_their_names() -> None:
    run = example_run(12)
    page = parsed(report_html(replace(run, metrics={"charm of the answer": Figure(0.4, 0.3, 0.5, 12)})))
    assert page.css_first("#figures code").text() == "charm of the answer"


def test_every_metric_of_the_catalog_has_words_and_the_same_direction() -> None:
    from citewell.evaluation.metrics.catalog import METRICS

    assert METRICS
    for name, metric in METRICS.items():
        told = meaning(name)
        assert told.group != "Other figures", name
        assert told.says, name
        assert {1: True, -1: False, 0: None}[told.better] == metric.higher_is_better, name
        assert told.share == (metric.bounds == (0.0, 1.0)), name


def test_every_class_of_the_diagnosis_has_a_name_for_readers() -> None:
    assert tuple(causes.FAULTS) == FAULTS


def test_the_curve_of_a_run_without_a_threshold_is_described_without_one() -> None:
    run = example_run(12)
    page = report_html(replace(run, metrics={name: run.metrics[name] for name in ("correct",)}))
    assert "% answered.</desc>" in page
    assert "% answered. As set:" in report_html(run)


@pytest.mark.parametrize("diagnosis", [
    {"cases": [{"question": "no id"}]}, {"cases": ["text"]}, {"cases": [], "funnel": [{"n": 3}]},
    {"cases": [], "ladder": [{"name": "a", "value": "much"}]}, {"cases": [], "notes": 5},
    {"cases": [], "failed": float("inf")},
])  # fmt: skip
def test_a_diagnosis_of_another_shape_is_refused_with_the_command(diagnosis: dict[str, object]) -> None:
    with pytest.raises(DataError, match="citewell diagnose RUN --json"):
        report_html(example_run(12), diagnosis=diagnosis)


# -- everybody can read it ---------------------------------------------------------------------------------------------


def headings(tree: LexborHTMLParser) -> Iterator[int]:
    for node in tree.css("h1, h2, h3, h4, h5, h6"):
        yield int((node.tag or "")[1])


def test_one_h1_and_no_level_skipped(tree: LexborHTMLParser) -> None:
    levels = list(headings(tree))
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_landmarks_language_and_title(tree: LexborHTMLParser) -> None:
    for landmark in ("header", "nav", "main", "footer"):
        assert len(tree.css(landmark)) == 1
    assert tree.css_first("html").attributes["lang"] == "en"
    assert tree.css_first("head title").text() == "Evaluation “nightly-1”"
    assert "width=device-width" in (tree.css_first("meta[name=viewport]").attributes["content"] or "")
    assert tree.css_first("a").attributes["href"] == "#main"  # the first stop of the keyboard skips to the figures


def test_ids_are_unique_and_everything_that_is_pointed_at_exists(tree: LexborHTMLParser) -> None:
    ids = [node.attributes["id"] for node in tree.css("[id]")]
    assert len(ids) == len(set(ids))
    for node in tree.css("[aria-labelledby]"):
        assert set((node.attributes["aria-labelledby"] or "").split()) <= set(ids)
    links = [node.attributes["href"] or "" for node in tree.css("a")]
    assert len(links) > 5
    assert all(link.startswith("#") and link[1:] in ids for link in links)


def test_every_drawing_has_a_name_a_description_and_a_table(tree: LexborHTMLParser) -> None:
    drawings = tree.css("svg")
    assert len(drawings) >= 10
    for svg in drawings:
        assert svg.attributes["role"] == "img"
        assert svg.css_first("title").text().strip()
        assert len(svg.css_first("desc").text()) > 10


def test_tables_have_captions_and_every_head_its_scope(tree: LexborHTMLParser) -> None:
    assert tree.css("table")
    for table in tree.css("table"):
        assert table.css_first("caption").text().strip()
        assert all(head.attributes["scope"] in {"col", "row"} and head.text().strip() for head in table.css("th"))
        columns = len(table.css("thead th"))
        assert all(len(row.css("th, td")) == columns for row in table.css("tbody tr"))


def test_scrolling_parts_can_be_reached_with_the_keyboard_and_controls_have_labels(tree: LexborHTMLParser) -> None:
    for part in tree.css(".scroll"):
        assert part.attributes["tabindex"] == "0"
        assert part.attributes["role"] == "region"
        assert part.attributes["aria-label"]
    labelled = {label.attributes["for"] for label in tree.css("label")}
    controls = tree.css("input, select")
    assert len(controls) == 3
    assert {control.attributes["id"] for control in controls} == labelled


def test_it_is_whole_without_script(tree: LexborHTMLParser) -> None:
    assert "hidden" in tree.css_first("#tools").attributes  # filters that would do nothing are not shown
    assert not tree.css("#items [hidden]")
    assert all(item.css_first("summary") for item in tree.css("details"))


def test_colour_never_says_it_alone(tree: LexborHTMLParser) -> None:
    for node in tree.css(".right, .wrong, .doubtful"):
        assert re.search(r"\w", node.text())


# -- nothing in it can harm --------------------------------------------------------------------------------------------


def assert_harmless(page: str) -> None:
    """No element or attribute can load, run or send anything but our own style and script."""
    tree = parsed(page)
    page.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)
    policy = tree.css_first("meta[http-equiv='Content-Security-Policy']")
    assert policy.attributes["content"] == POLICY
    assert [node.text() for node in tree.css("style")] == [STYLE]
    assert [node.text() for node in tree.css("script")] == [SCRIPT]
    allowed = {
        "html", "head", "meta", "title", "style", "body", "a", "header", "h1", "h2", "h3", "p", "nav", "ul", "ol", "li",
        "main", "section", "footer", "script", "span", "strong", "code", "small", "bdi", "dl", "dt", "dd", "div",
        "table", "caption", "thead", "tbody", "tr", "th", "td", "details", "summary", "figure", "blockquote", "label",
        "input", "select", "option", "svg", "desc", "text", "line", "path", "rect", "circle", "polygon",
    }  # fmt: skip
    nodes: list[LexborNode] = tree.css("*")
    assert {node.tag for node in nodes} <= allowed
    for node in nodes:
        for name, value in node.attributes.items():
            assert not name.startswith("on")
            assert name not in {"src", "srcset", "style", "action", "formaction", "data", "xlink:href", "poster"}
            assert name != "href" or (value or "").startswith("#")


def test_a_report_of_friendly_texts_is_harmless(report: str) -> None:
    assert_harmless(report)


@pytest.mark.parametrize("bad", HOSTILE, ids=lambda text: repr(text[:12]))
def test_hostile_texts_everywhere_stay_texts(bad: str) -> None:
    run = example_run(12)
    cited = Cited("d0", bad, bad, (0, 5), exact=False, gold=False)
    run = with_first(
        run, question=Question(bad, bad, (bad,), (Gold(bad, bad),), key_points=(bad,), kind=bad, tags=(bad,), note=bad),
        hits=(Found("p", "d0", bad, (0, 5), 1.0, text=bad), *run.results[0].hits), answer=bad, refused=False,
        sentences=(Sentence(bad, (0,), 0.1, "unsupported"),), citations=(cited,), error="",
        metrics={"correct": 0.0, bad: 0.5}, slices={bad: (bad, "other"), "tag": (bad,)},
        timings={bad: 1.0, "read": 2.0},
    )  # fmt: skip
    run = replace(
        run, name=bad, notes=(bad,), set={"name": bad, bad: bad, "origin": bad}, system={"name": bad, bad: [bad]},
        collection={"x": {bad: bad}}, metrics={**run.metrics, bad: Figure(0.5, 0.4, 0.6, 3)}, timings={bad: 1.0},
    )  # fmt: skip
    diagnosis = {
        "failed": 1, "notes": [bad], "funnel": [{"stage": bad, "count": 3}],
        "cases": [{"id": bad, "fault": bad, "evidence": bad, "counterfactual": bad, "advice": bad, "kind": bad}],
        "ladder": [{"name": bad, "meaning": bad, "value": 0.5, "low": 0.4, "high": 0.6, "n": 12, "gain": 0.0}],
    }  # fmt: skip
    page = report_html(run, diagnosis=diagnosis, comparison=compare_runs(run, run))
    assert_harmless(page)
    assert len(page) < 1_000_000


def test_the_same_run_gives_the_same_bytes() -> None:
    assert full_report() == full_report()


def test_a_large_run_stays_small_and_says_what_is_left_out() -> None:
    run = example_run(500)
    long = tuple(replace(hit, text="A passage of many words. " * 80) for hit in run.results[0].hits)
    results = tuple(
        replace(each, hits=long, question=replace(each.question, id=f"{each.question.id}-{copy}"))
        for copy in range(10) for each in run.results
    )  # fmt: skip
    page = report_html(replace(run, results=results))
    assert len(page.encode()) < 8_000_000
    tree = parsed(page)
    shown = tree.css("details.item")
    assert 500 < len(shown) < 5_000
    assert {(item.attributes["data-kinds"] or "").split()[0] for item in shown} == {"right", "wrong"}
    said = " ".join(tree.css_first("#questions p").text().split())
    wrong = sum("wrong" in (item.attributes["data-kinds"] or "").split() for item in shown)
    assert f"This page has {wrong:,} of those that went wrong and {len(shown) - wrong:,} of the" in said
    assert "citewell evaluate show RUN" in said
