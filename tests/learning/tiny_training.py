"""A tiny random BERT and made-up texts that recipes learn from within seconds."""

from __future__ import annotations

import random
from pathlib import Path

from tests.models import tiny

from citewell.learning.data.examples import RankingExample, ReadingExample, SupportExample, Text

PLACES = "abcdefghijklmnopqrstuvwxyz"


def base(directory: Path, seed: int = 7) -> Path:
    """A Hugging Face directory, as ``--base`` takes it. The weights are small, so that training moves them."""
    values = {}
    for name, value in tiny.tensors(seed).items():
        normal = abs(value) / 2 if name.endswith("weight") else value * 0
        values[name] = normal if "LayerNorm" in name else value / 4
    return tiny.write_checkpoint(directory, values)


def ranking(count: int = 24) -> list[RankingExample]:
    """Queries whose letter stands in the right text only."""
    found = []
    for number in range(count):
        letter, other = PLACES[number % 13], PLACES[13 + number % 13]
        found.append(RankingExample(
            f"how many {letter} {number % 10}",
            (Text(f"the {letter} is {number % 10} days", "pump", f"d{number % 8}"),),
            (Text(f"the {other} is oil", "pump", f"d{number % 8}"),),
        ))  # fmt: skip
    return found


def reading(count: int = 24) -> list[ReadingExample]:
    found = []
    for number in range(count):
        letter, value = PLACES[number % 26], str(number % 10)
        text = f"the oil . the {letter} is {value} days . the pump is paid"
        start = text.index(value)
        answers = () if number % 4 == 0 else ((0, start, start + 1),)
        asked = f"how many days is {letter} ?" if answers else "when is leave ?"
        found.append(ReadingExample(asked, (Text(text, "pump", f"d{number % 7}"),), answers, "given"))
    return found


def support(count: int = 48) -> list[SupportExample]:
    """Half of the sentences are wrong; none stands in its evidence word for word, which needs no network to tell."""
    generator, found = random.Random(1), []
    for number in range(count):
        letter, value = PLACES[number % 26], generator.randrange(10)
        other, wrong = (value + 1) % 10, number % 2 == 1
        sentence = f"the {letter} is {other if wrong else value} days"
        spans = ((sentence.index(str(other)), sentence.index(str(other)) + 1),) if wrong else ()
        found.append(SupportExample(
            f"{value} days is the {letter} . oil is paid", sentence, not wrong, spans, "number" if wrong else "",
            f"d{number % 8}",
        ))  # fmt: skip
    return found
