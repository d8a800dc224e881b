"""Verdicts as JUnit XML, the form in which build servers read test results.

Written to the schema that Jenkins' xUnit plugin publishes: one ``testsuite`` in ``testsuites``, counts that add up, a
``failure`` with message and text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as Xml

from citewell.durable import write_durably
from citewell.evaluation.gate import GateReport
from citewell.evaluation.runs import Run

_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold; document texts may have it."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case. failure: why it failed. error: why it could not be judged. output: what is shown with it."""

    group: str
    name: str
    failure: str = ""
    error: str = ""
    output: str = ""


def junit_of_gate(report: GateReport) -> str:
    """One case for each gated metric and each floor; one error where the runs cannot be compared."""
    cases = [
        Case("citewell.gate", each.metric, each.message if each.regressed else "", output=each.message)
        for each in report.metrics
    ]
    cases += [
        Case("citewell.floor", each.metric, each.message if each.broken else "", output=each.message)
        for each in report.floors
    ]
    if report.status == "not comparable":
        cases = [Case("citewell.gate", "comparable", error=report.reason)]
    return junit(f"citewell gate {report.run} against {report.baseline}", cases)


def junit_of_run(run: Run) -> str:
    """One case for each question that has a verdict (``correct``): failed when it was not treated rightly."""
    cases = []
    for result in run.results:
        question = result.question
        name = f"{question.id}: {question.text}"
        said = f"refused: {result.refusal}" if result.refused else result.answer
        if result.error:
            cases.append(Case(f"citewell.{run.kind}", name, error=result.error))
        elif "correct" in result.metrics:
            wanted = "an answer" if question.answerable else "a refusal, for the documents do not answer it"
            failure = "" if result.metrics["correct"] == 1 else f"expected {wanted}; got: {said or 'nothing'}"
            cases.append(Case(f"citewell.{run.kind}", name, failure, output=said))
    return junit(f"citewell evaluate {run.kind} {run.name}", cases)


def junit(name: str, cases: Sequence[Case]) -> str:
    """The cases as one JUnit document."""
    counts = {
        "tests": str(len(cases)), "failures": str(sum(bool(each.failure) for each in cases)),
        "errors": str(sum(bool(each.error) for each in cases)),
    }  # fmt: skip
    root = Xml.Element("testsuites", {"name": _clean(name), **counts, "time": "0"})
    suite = Xml.SubElement(root, "testsuite", {"name": _clean(name), **counts, "skipped": "0", "time": "0"})
    for each in cases:
        case = Xml.SubElement(suite, "testcase", {"classname": each.group, "name": _clean(each.name), "time": "0"})
        for tag, text in (("failure", each.failure), ("error", each.error)):
            if text:
                told = _clean(text)
                Xml.SubElement(case, tag, {"type": tag, "message": told.splitlines()[0]}).text = told
        if each.output:
            Xml.SubElement(case, "system-out").text = _clean(each.output)
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def write_junit(path: Path, text: str) -> None:
    """Written whole or not at all."""
    write_durably(path, text.encode("utf-8"))


def _clean(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
