"""JUnit XML that build servers accept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lxml import etree
from tests.evaluation.test_comparing import right, run_of

from citewell.evaluation.gate import gate
from citewell.evaluation.junit import Case, junit, junit_of_gate, junit_of_run, write_junit
from citewell.evaluation.runs import Result

SCHEMA = """
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:complexType name="problem" mixed="true">
    <xs:attribute name="type" type="xs:string"/><xs:attribute name="message" type="xs:string"/>
  </xs:complexType>
  <xs:element name="testsuites"><xs:complexType><xs:sequence>
    <xs:element name="testsuite" maxOccurs="unbounded"><xs:complexType><xs:sequence>
      <xs:element name="testcase" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
        <xs:element name="error" type="problem" minOccurs="0"/>
        <xs:element name="failure" type="problem" minOccurs="0"/>
        <xs:element name="system-out" type="xs:string" minOccurs="0"/>
      </xs:sequence>
        <xs:attribute name="name" type="xs:string" use="required"/>
        <xs:attribute name="classname" type="xs:string" use="required"/>
        <xs:attribute name="time" type="xs:decimal"/>
      </xs:complexType></xs:element>
    </xs:sequence>
      <xs:attribute name="name" type="xs:string" use="required"/>
      <xs:attribute name="tests" type="xs:integer" use="required"/>
      <xs:attribute name="failures" type="xs:integer"/><xs:attribute name="errors" type="xs:integer"/>
      <xs:attribute name="skipped" type="xs:integer"/><xs:attribute name="time" type="xs:decimal"/>
    </xs:complexType></xs:element>
  </xs:sequence>
    <xs:attribute name="name" type="xs:string"/><xs:attribute name="tests" type="xs:integer"/>
    <xs:attribute name="failures" type="xs:integer"/><xs:attribute name="errors" type="xs:integer"/>
    <xs:attribute name="time" type="xs:decimal"/>
  </xs:complexType></xs:element>
</xs:schema>
"""
"""The elements and attributes, in the order, that Jenkins' xUnit plugin allows and that are used here."""

BEFORE = run_of("before", right(range(20)), 200)
AFTER = run_of("after", right(range(40)), 200)


def parsed(text: str) -> etree._Element:
    root = etree.fromstring(text.encode())
    etree.XMLSchema(etree.fromstring(SCHEMA)).assertValid(root)
    (suite,) = root
    for name, tag in (("failures", "failure"), ("errors", "error")):
        assert int(suite.get(name)) == len(suite.findall(f"testcase/{tag}"))
    assert int(suite.get("tests")) == len(suite.findall("testcase"))
    return suite


def test_a_case_for_each_gated_metric_and_each_floor() -> None:
    suite = parsed(junit_of_gate(gate(AFTER, BEFORE, floors={"correct": 0.5, "passage nDCG@10": 0.99})))
    cases = {(each.get("classname"), each.get("name")): each for each in suite}
    assert set(cases) == {
        ("citewell.gate", "correct"), ("citewell.gate", "passage nDCG@10"),
        ("citewell.floor", "correct"), ("citewell.floor", "passage nDCG@10"),
    }  # fmt: skip
    failure = cases["citewell.gate", "correct"].find("failure")
    assert failure is not None
    assert failure.get("message", "").startswith("correct got worse: 0.900 to 0.800")
    assert cases["citewell.floor", "correct"].find("failure") is None
    assert "wanted at least 0.99" in cases["citewell.floor", "passage nDCG@10"].findtext("failure", "")


def test_a_pass_has_no_failure_and_what_cannot_be_compared_is_an_error() -> None:
    assert parsed(junit_of_gate(gate(BEFORE, BEFORE))).get("failures") == "0"
    suite = parsed(junit_of_gate(gate(AFTER, replace(BEFORE, kind="retrieval"))))
    assert suite.get("errors") == "1"
    assert "no figure in common" in suite.findtext("testcase/error", "")


def test_a_case_for_each_question_of_a_run() -> None:
    wrong, failed, unjudged = AFTER.results[0], AFTER.results[1], AFTER.results[2]
    results = (
        replace(wrong, answer="Tuesday\x00 & <b>Wednesday</b>\x1b[31m"), replace(failed, error="timed out"),
        Result(unjudged.question), replace(wrong, refused=True, refusal="weak_evidence"), AFTER.results[50],
    )  # fmt: skip
    suite = parsed(junit_of_run(replace(AFTER, results=results)))
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "2", "1")
    told = suite.findtext("testcase/failure", "")
    assert told == "expected an answer; got: Tuesday\ufffd & <b>Wednesday</b>\ufffd[31m"
    assert "refused: weak_evidence" in suite[2].findtext("failure", "")


def test_an_empty_run_is_still_valid(tmp_path: Path) -> None:
    text = junit("nothing", [])
    assert parsed(text).get("tests") == "0"
    write_junit(tmp_path / "out.xml", text)
    assert (tmp_path / "out.xml").read_text() == text


def test_names_of_any_language_and_quotes_survive() -> None:
    suite = parsed(junit("ü", [Case("g", 'Größe "XL" – 数?', failure="first\nsecond")]))
    assert suite[0].get("name") == 'Größe "XL" – 数?'
    assert suite[0].find("failure").get("message") == "first"  # type: ignore[union-attr]
    assert suite[0].findtext("failure") == "first\nsecond"
