"""What a verifier learns from: right and wrong sentences in equal number, documents on one side only, a full record."""

from __future__ import annotations

import gzip
import json
from random import Random

import pytest

from citewell.learning.data.corruptions import UNSEEN, plain_words
from citewell.learning.data.examples import Text
from citewell.learning.data.support import SupportMix, build_support_examples, made_examples, sentences, side_of
from citewell.learning.data.support_sources import Asked, SupportPaths, connected, wice

TOWNS = ("Bergen", "Oslo", "Turku", "Riga", "Gdansk", "Malmo", "Kiel", "Visby", "Narva", "Pskov")


def passage(town, number):
    return (
        f"{town} built harbour number {number} in {1900 + number}. The work was led by Anna {town}son of Oslo. "
        f"In {1950 + number}, the harbour was closed. It often holds {number * 7 + 3} ships, which come from Lisbon "
        f"and Porto. Some ships of {town} are older than {number + 20} years, because nobody repairs them."
    )


def asked(count=30):
    return [
        Asked(
            Text(passage(town, number), f"Harbours of {town}", f"Harbours of {town}"),
            (("Who led the work?", f"Anna {town}son"), ("Who built the harbour?", town)),
        )
        for town in TOWNS for number in range(1, count // len(TOWNS) + 1)
    ]  # fmt: skip


def test_right_and_wrong_sentences_are_equally_many():
    found = made_examples(asked(), 0)
    assert len(found) > 60
    assert sum(each.supported for each in found) * 2 == len(found)
    assert {each.document for each in found} <= {each.passage.document for each in asked()}


def test_marks_lie_in_wrong_sentences_only():
    for each in made_examples(asked(), 1):
        assert bool(each.unsupported) is not each.supported
        assert all(each.sentence[start:end].strip() for start, end in each.unsupported)


def test_wrong_sentences_do_not_stand_in_their_evidence():
    for each in made_examples(asked(), 2):
        if not each.supported:
            assert plain_words(each.sentence) not in plain_words(each.evidence), each


def test_some_right_sentences_are_other_words_and_some_evidence_is_changed():
    found = made_examples(asked(100), 0)
    kinds = {each.kind for each in found}
    assert {"true", "reworded", "statement", "other answer", "true, evidence changed", "taken out"} <= kinds
    copied = [each for each in found if each.supported and plain_words(each.sentence) in plain_words(each.evidence)]
    assert len(copied) < 0.8 * sum(each.supported for each in found)
    assert not kinds & set(UNSEEN)


def test_the_same_seed_makes_the_same_examples():
    assert made_examples(asked(), 5) == made_examples(asked(), 5)
    assert made_examples(asked(), 5) != made_examples(asked(), 6)


def test_a_document_is_on_one_side_however_its_name_is_written():
    sides = [side_of(f"document {number}") for number in range(1000)]
    assert 150 < sides.count("test") < 250 and 70 < sides.count("held out") < 130
    assert side_of("New_York  City") == side_of("new york city")


def test_pairs_that_share_anything_are_one_group():
    groups = connected([["a", "x"], ["b", "y"], ["c", "y", "x"], ["d"]])
    assert groups[0] == groups[1] == groups[2] != groups[3]


def test_sentences_are_those_that_read_like_one():
    text = "The pump is old and loud. | 4 | 5 | 6 | 7 |. no capital here at all. Short. The valve is new and quiet."
    assert sentences(text) == ["The pump is old and loud.", "The valve is new and quiet."]


@pytest.fixture
def paths(tmp_path):
    def lines(name, rows):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return tmp_path / name

    pages = [{"title": each.passage.context, "text": each.passage.text} for each in asked(60)]
    fever = [
        {"src": "fever_dev_rte", "premise": f"{town} {number} is a harbour town in the north of the old country.",
         "claim": f"{town} {number} is a town{'.' if number % 2 else ' in Spain.'}",
         "label": "SUPPORT" if number % 2 else "NOT_SUPPORT"}
        for town in TOWNS for number in range(8)
    ]  # fmt: skip
    claim = "The harbour was built of stone in 1990 ."
    partial = {
        "claim": "The harbour was built of stone in 1990.", "claim_tokens": claim.split(),
        "label": "partially_supported", "non_supported_spans": [False] * 6 + [True, True, False],
        "evidence": ["Hello.", "It was built of stone.", "Bye."], "supporting_sentences": [[1]],
    }  # fmt: skip
    packed = tmp_path / "articles.jsonl.gz"
    packed.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in pages[:30]).encode()))
    return SupportPaths(
        articles=packed, passages=lines("passages.jsonl", pages[30:]),
        fever=lines("nli.jsonl", [*fever, {"src": "healthver", "premise": "p", "claim": "c", "label": "SUPPORT"}]),
        wice=lines("wice.jsonl", [{**partial, "meta": {"claim_title": f"Title {at}"}} for at in range(40)]),
    )  # fmt: skip


def test_no_document_is_on_two_sides_and_none_of_the_tests_is_used(paths):
    train, held_out, _ = build_support_examples(paths)
    assert train and held_out
    assert {side_of(each.document) for each in train} == {"train"}
    assert {side_of(each.document) for each in held_out} == {"held out"}


def test_the_manifest_names_every_source_with_licence_and_hash(paths):
    train, held_out, manifest = build_support_examples(paths)
    assert {each.path_name for each in manifest.sources} == {
        "articles.jsonl.gz", "passages.jsonl", "nli.jsonl", "wice.jsonl",
    }  # fmt: skip
    assert manifest.safe_to_ship and all(len(each.sha256) == 64 and each.licence for each in manifest.sources)
    assert sum(each.examples for each in manifest.sources) == len(train) + len(held_out)
    assert manifest.counts["train"] == len(train) and manifest.counts["held out"] == len(held_out)


def test_only_fever_is_taken_from_the_mixed_file(paths):
    train, held_out, _ = build_support_examples(paths)
    assert not any(each.sentence == "c" for each in [*train, *held_out])


def test_passages_with_a_sentence_of_a_test_are_left_out(paths, tmp_path):
    fever = [json.loads(line) for line in paths.fever.read_text().splitlines()]
    told = "The great harbour of the north was built by many hands in one long summer."
    row = {"src": "fever_dev_rte", "claim": "", "label": "SUPPORT"}
    fever += [{**row, "premise": f"{told} Number {at} is a number of its own."} for at in range(3)]
    for salt in range(200):  # one of these names is on the test side
        fever[-1]["claim"] = fever[-2]["claim"] = fever[-3]["claim"] = f"The claim is {salt}."
        group = connected([[plain_words(fever[-1]["claim"])]])[0]
        if side_of(f"fever {group}") == "test":
            break
    paths.fever.write_text("".join(json.dumps(row) + "\n" for row in fever))
    leaking = [{"title": f"Page {at}", "text": f"{told} {passage('Bergen', at)}"} for at in range(20)]
    paths.passages.write_text("".join(json.dumps(row) + "\n" for row in leaking))
    train, held_out, _ = build_support_examples(SupportPaths(passages=paths.passages, fever=paths.fever))
    made = [each for each in [*train, *held_out] if each.document.startswith("Page")]
    free, _, _ = build_support_examples(SupportPaths(passages=paths.passages))
    assert free and not made


def test_wice_says_which_words_are_not_supported(paths):
    found = wice(paths.wice, Random(0))
    wrong = next(each for each in found if not each.supported)
    assert [wrong.sentence[start:end] for start, end in wrong.unsupported] == ["in 1990"]
    assert "It was built of stone." in wrong.evidence
    right = next(each for each in found if each.supported)
    assert right.sentence == "The harbour was built of stone."


def test_a_mix_without_rewording_leaves_sentences_as_they_are():
    found = made_examples(asked(), 0, SupportMix(reworded=0.0, flipped=0.0, statements=0))
    assert all(plain_words(each.sentence) in plain_words(each.evidence) for each in found if each.supported)
