"""Gap questions: a sentence with a hole where a number, a date or a name stood. For where no better rule knows the
language; the words around the hole are kept only as far as they are needed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from citewell.evaluation.making.checks import GAP
from citewell.evaluation.making.drafts import Draft, Material
from citewell.evaluation.making.reading import sentences_of
from citewell.evaluation.making.shapes import AMOUNT, DATE, shape_of

AROUND = 8  # words kept before and after the hole
_VALUE = re.compile(
    rf"(?:{AMOUNT})|\b(?:{DATE})|(?<![\w.,/-])\d[\d.,]*\d\b(?! ?[.)]\s)|(?<![\w.,/-])\d\b(?![.)-])", re.IGNORECASE
)


def gap_drafts(given: Material) -> Iterator[Draft]:
    """One gap for each sentence that holds exactly one value, and enough words around it to know what is meant."""
    for _, span, sentence in sentences_of(given):
        found = list(_VALUE.finditer(sentence))
        if len(found) != 1 or len(sentence.split()) < 8:
            continue
        before, after = sentence[: found[0].start()].split(), sentence[found[0].end() :].split()
        glued = sentence[found[0].end() : found[0].end() + 1]
        if glued.isalnum() or len(before) + len(after) < 7 or not before or after[:1] == ["%"]:
            continue
        kept = [*before[-AROUND:], GAP + (after.pop(0) if after and not glued.isspace() else ""), *after[:AROUND]]
        text = " ".join(kept).rstrip(".")
        text = f"… {text}" if len(before) > AROUND else text
        text = f"{text} …" if len(after) > AROUND else text
        question = given.phrases.gap.format(text=text)
        keys = text.replace(GAP, " ").replace("…", " ")
        yield Draft(
            question, given.named(question), (found[0].group(),), span, "cloze", "sentence with a gap", keys=keys,
            shape=shape_of(found[0].group()), alone=True,
        )  # fmt: skip
