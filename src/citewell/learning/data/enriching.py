"""What a recipe learns from beside what it was given: distractors, questions made unanswerable, hard negatives.

A reader that only ever sees the passage with the answer answers from any passage. So some questions are also read with
a passage beside their own that search finds and that lacks the answer, some only with such a passage, and some are
changed so that their own passage answers them no more (:mod:`citewell.learning.data.unanswerable`).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from citewell.duplicates import words
from citewell.learning.data.examples import RankingExample, ReadingExample
from citewell.learning.data.mining import TextEncoder, with_negatives
from citewell.learning.data.reading import DISTRACTORS_SEEN, Nearest, ReadingMix
from citewell.learning.data.unanswerable import make_unanswerable

GIVEN = ReadingMix(given=1.0)
"""The shipped recipe's shares, of all the questions: nobody's own questions are so many that some could be left out."""

PICKED = 8  # of the places of the ranking, after what may not be taken: the first ones, where a reader is led astray
Report = Callable[[str], None]


def enriched_reading(
    examples: Sequence[ReadingExample], nearest: Nearest, mix: ReadingMix = GIVEN, seed: int = 0
) -> list[ReadingExample]:
    """The examples, some with a distractor, and more that have no answer. The same for the same seed.

    Only what has one passage and an answer in it is changed; the rest stays as it is.
    """
    texts = list(dict.fromkeys(passage for each in examples for passage in each.passages))
    place = {text: number for number, text in enumerate(texts)}
    of_document: dict[str, list[str]] = {}
    for text in texts:
        of_document.setdefault(text.document, []).append(text.text)
    plain = [each for each in examples if len(each.passages) == 1 and each.answers]
    rankings = iter(
        nearest([each.question for each in plain], texts, min(DISTRACTORS_SEEN, len(texts))) if plain else []
    )
    generator, found = random.Random(seed), list[ReadingExample]()
    for each in examples:
        if len(each.passages) != 1 or not each.answers:
            found.append(each)
            continue
        given = each.passages[0]
        said = [_spaced(given.text[start:end]) for _, start, end in each.answers]
        wrong = [
            index for index in next(rankings)
            if index != place[given] and not any(answer in _spaced(texts[index].text) for answer in said)
        ]  # fmt: skip
        distractor = texts[generator.choice(wrong[:PICKED])] if wrong else None
        if distractor is not None and generator.random() < mix.distracted:
            found.append(replace(each, passages=(given, distractor), kind="distracted"))
        else:
            found.append(each)
        if distractor is not None and generator.random() < mix.elsewhere:
            found.append(ReadingExample(each.question, (distractor,), (), "elsewhere"))
        if generator.random() < mix.changed:
            beside = of_document[given.document]
            others = generator.sample(beside, min(6, len(beside)))
            if changed := make_unanswerable(each.question, given.text, others, generator):
                found.append(ReadingExample(changed[0], (given,), (), f"changed: {changed[1]}"))
    return found


def with_some_negatives(examples: Sequence[RankingExample], encoder: TextEncoder, count: int) -> list[RankingExample]:
    """The examples; those without negatives get up to ``count`` that search ranks high among all texts here."""
    bare = [each for each in examples if not each.negatives]
    if not bare or not count:
        return list(examples)
    corpus = [text for each in examples for text in (*each.positives, *each.negatives)]
    mined = iter(with_negatives(bare, encoder, per_query=count, corpus=corpus))
    return [each if each.negatives else next(mined) for each in examples]


def _spaced(text: str) -> str:
    return f" {' '.join(words(text))} "
