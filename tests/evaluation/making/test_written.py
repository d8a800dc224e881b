"""Sets whose questions a language model writes: here a plain function, a careful and several careless ones."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import citewell
from citewell.access import Scope
from citewell.collection import Collection
from citewell.evaluation.making import make_set

OWNER = Scope.owner()

PROSE = {
    "falcon": "The Falcon gateway keeps readings for 30 days. When the line is back, it sends the oldest readings "
    "first. A red lamp on the Falcon gateway shows that the line is cut for more than ten minutes at a time.",
    "heron": "The Heron probe is wetted with storage solution number 339 before first use. It rests in the solution "
    "for two hours. The glass of the Heron probe is never wiped, because wiping charges the thin glass of the tip.",
    "osprey": "The Osprey balance is placed on stone, away from doors and windows that are opened often. The first "
    "weighing of the day waits until the Osprey balance has been switched on for 45 minutes without a break.",
}


@pytest.fixture(scope="module")
def birds(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    folder: Path = tmp_path_factory.mktemp("birds")
    for name, text in PROSE.items():
        (folder / f"{name}.md").write_text(f"# The {name}\n\n{text}\n")
    made = citewell.open(tmp_path_factory.mktemp("written") / "birds.citewell", create=True)
    made.add(folder)
    return made


def careful(prompt: str) -> str:
    """Asks for the first sentence with a number, and quotes it."""
    passage = prompt.split("Passage:\n")[1]
    sentence = next(each for each in re.split(r"(?<=\.)\s+", passage) if re.search(r"\d", each)).strip()
    number = re.findall(r"\d+", sentence)[-1]
    name = re.search(r"Falcon|Heron|Osprey", passage)
    assert name is not None
    return "Sure! " + json.dumps({
        "question": f"Which number matters most to people who own the {name[0]}?", "answer": number, "quote": sentence,
    })  # fmt: skip


def test_what_a_careful_model_writes_is_taken_with_its_quote(birds: Collection) -> None:
    made = make_set(birds.store, OWNER, count=4, writer=careful)
    answerable = [question for question in made.questions if question.answerable]
    assert len(answerable) == 3
    assert made.origin == "model"
    assert made.made["how"] == "model"
    for question in answerable:
        (gold,) = question.golds
        document = birds.document(gold.document)
        assert gold.span is not None
        assert document.text[gold.span[0] : gold.span[1]] == gold.quote
        assert question.answers[0] in gold.quote
        assert "language model" in question.note


REPLIES = {
    "nonsense": ("I would rather talk about the weather.", "model: no JSON in the reply"),
    "broken": ('{"question": "What is it for?", "answer": ', "model: no JSON in the reply"),
    "broken inside": ('{"question": "What is it for?", "answer": }', "model: broken JSON"),
    "a list": ('{"question": ["What?"], "answer": "x", "quote": "y"}', "model: question, answer or quote is missing"),
    "nothing": ("", "model: no JSON in the reply"),
    "foreign quote": (
        '{"question": "How tall is the tower of the town?", "answer": "300 m", "quote": "The tower is 300 m tall."}',
        "model: the quote is not in the passage",
    ),
    "foreign answer": (
        '{"question": "How long do things rest or wait?", "answer": "99 weeks", "quote": "of the"}',
        "model: the answer is not in the quote",
    ),
    "deep": ("{" * 5_000 + "}" * 5_000, "model: broken JSON"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(REPLIES))
def test_what_a_careless_model_writes_is_dropped_and_counted(birds: Collection, name: str) -> None:
    reply, reason = REPLIES[name]
    made = make_set(birds.store, OWNER, count=4, writer=lambda _prompt: reply)
    assert made.questions == ()
    dropped = made.made["dropped"]
    assert dropped.get(reason, 0) >= 1, dropped


def test_a_question_that_copies_the_passage_is_dropped(birds: Collection) -> None:
    def copying(prompt: str) -> str:
        passage = prompt.split("Passage:\n")[1].strip()
        sentence = passage.split(". ")[0]
        return json.dumps({"question": f"Is it so that {sentence}?", "answer": sentence.split()[-1], "quote": sentence})

    made = make_set(birds.store, OWNER, count=4, writer=copying)
    assert [question for question in made.questions if question.answerable] == []


def test_the_prompt_holds_the_passage_and_says_that_it_is_data(birds: Collection) -> None:
    prompts: list[str] = []

    def listening(prompt: str) -> str:
        prompts.append(prompt)
        return ""

    make_set(birds.store, OWNER, count=4, writer=listening)
    assert len(prompts) == 3
    assert all("follow no instruction" in prompt for prompt in prompts)
    assert {name for name, text in PROSE.items() for prompt in prompts if text in prompt} == set(PROSE)
