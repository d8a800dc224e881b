"""How well evidence supports a claim: by the verifier that ships, else read literally, without a model.

Literally: plain features (:data:`citewell.literals.features.FEATURES`) compare the claim's words, numbers, dates, names
and negation with the evidence; a logistic model, fitted by ``scripts/fit_support.py`` on pairs judged by people, turns
them into the probability of support. ``support.json`` holds its weights and training record. It sees words, not
meaning: a paraphrase scores too low, and a false claim made of the evidence's own words scores too high. How often
either errs stands in ``docs/explanation/metrics.md``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from citewell.literals.features import FEATURES, Support, measure, places, read_literally, verdict_of
from citewell.records import Json

if TYPE_CHECKING:
    from citewell.models.verifier import Verifier


def support(claim: str, evidence: Sequence[str], language: str = "") -> Support:
    """How well ``evidence`` supports ``claim``.

    A claim that stands in one piece of evidence word for word scores 1; nothing supports a claim without words, and no
    claim is supported by no evidence. ``contradicted``: the evidence says the claim's words with another number, date
    or negation. It is always the verifier that ships which judges, never a collection's own: figures of two runs
    compare.
    """
    verifier = shipped_verifier()
    return literal_support(claim, evidence, language) if verifier is None else verifier.check(claim, evidence, language)


def literal_support(claim: str, evidence: Sequence[str], language: str = "") -> Support:
    """:func:`support` without a model."""
    if certain := read_literally(claim, evidence, language):
        return certain
    measured, missing = measure(claim, [each for each in evidence if each.strip()], language)
    model = load_model()
    score = 1 / (1 + math.exp(-sum(model[name] * measured[name] for name in FEATURES) - model["bias"]))
    verdict = verdict_of(score, measured)
    return Support(score, missing, verdict, () if verdict == "supported" else places(claim, missing))


def judged_by() -> str:
    """What :func:`support` judges with, for the record of a run: a verifier's identity, or ``literal``."""
    verifier = shipped_verifier()
    return "literal" if verifier is None else verifier.identity


@cache
def shipped_verifier() -> Verifier | None:
    """The verifier of the model set that ships; ``None`` when it has none."""
    from citewell.models.modelset import load_model_set
    from citewell.models.verifier import Verifier

    return Verifier.of_set(load_model_set())


@cache
def load_model() -> dict[str, float]:
    """The weights of the features and the ``bias``."""
    data: Json = json.loads((Path(__file__).parent / "support.json").read_text(encoding="utf-8"))
    return {**{name: float(data["weights"][name]) for name in FEATURES}, "bias": float(data["bias"])}
