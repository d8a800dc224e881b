"""Says whether evidence supports a sentence, and which of its words it does not.

A trained pair model reads sentence and evidence together; plain features (``literals/features.py``) count words,
numbers, names and negation. A logistic model, fitted on held-out training data and kept beside the weights, makes one
probability of both: the network is better at meaning, the features at numbers and names. What stands in the evidence
word for word is supported without asking either. It is a warning with words marked, never a proof: how often it errs
stands in ``docs/explanation/metrics.md``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from citewell.errors import UserError
from citewell.literals.features import COMPANIONS, Support, measure, places, read_literally, united, verdict_of
from citewell.models.files import WEIGHTS, identify
from citewell.models.modelset import VERIFIER, ModelSet
from citewell.models.pair_model import PairModel
from citewell.models.pairs import MAX_TOKENS, Pair, PairTokens
from citewell.records import Json, Span

COMBINATION_NAME = "support.json"
"""In a verifier's directory: the weights of the logistic model, its thresholds and training record."""

FORMAT = 1
SENTENCE_TOKENS = 128  # of the sentence; the rest is cut
NEURAL = "neural"  # the network's logit among the features
MOST = 8.0  # a logit beyond says no more than this one

_WORD = re.compile(r"\w+(?:['’.-]\w+)*")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the network says. logit: above 0, it takes the sentence for supported. wrong: spans of the sentence's tokens
    with the probability that each is not supported."""

    logit: float
    wrong: tuple[tuple[Span, float], ...]


@dataclass(frozen=True, slots=True)
class Combination:
    """The logistic model over :data:`NEURAL` and the companions. marked_from: probability from which a word is marked.

    training: what it was fitted on, for the record.
    """

    weights: Mapping[str, float]
    bias: float
    marked_from: float
    training: Json

    def score(self, logit: float, measured: Mapping[str, float]) -> float:
        """The probability that the sentence is supported."""
        values = {**measured, NEURAL: max(-MOST, min(MOST, logit))}
        total = self.bias + sum(weight * values[name] for name, weight in self.weights.items())
        return 1 / (1 + math.exp(-max(-40.0, min(40.0, total))))

    def to_json(self) -> Json:
        return {
            "format": FORMAT, "weights": dict(self.weights), "bias": self.bias, "marked_from": self.marked_from,
            "training": self.training,
        }  # fmt: skip


class Verifier:
    """A verifier of a pair model and its combination. Calls from several threads are safe.

    ``identity`` names everything that decides a score.
    """

    def __init__(self, model: PairModel, combination: Combination) -> None:
        """Raises UserError when ``model`` is no verifier."""
        for head in ("support", "unsupported"):
            if head not in model.heads:
                raise UserError(
                    f"{model.name} has the heads {', '.join(model.heads)}, not '{head}': it is no verifier."
                )
        self.combination = combination
        self.identity = identify(model.name, [model.identity, json.dumps(combination.to_json(), sort_keys=True)])
        self._model, self._tokens = model, PairTokens(model.tokenizer)

    @staticmethod
    def load(directory: Path, threads: int | None = None, *, weights: Path = WEIGHTS) -> Verifier:
        """The verifier in ``directory``; UserError when a file is missing, damaged or does not fit."""
        model = PairModel(directory, threads, weights=weights)
        return Verifier(model, read_combination(directory / COMBINATION_NAME))

    @staticmethod
    def of_set(models: ModelSet) -> Verifier | None:
        """The verifier of a model set, ``None`` when the set has none."""
        model = models.pair_model(VERIFIER)
        if model is None:
            return None
        return Verifier(model, read_combination(models.directory / models.models[VERIFIER].path / COMBINATION_NAME))

    def check(self, sentence: str, evidence: Sequence[str], language: str = "") -> Support:
        """How well ``evidence``, all its pieces together, supports ``sentence``.

        language: ISO 639-1 code; the network has learned English, the literal checks know a few more.
        """
        if certain := read_literally(sentence, evidence, language):
            return certain
        told = [each for each in evidence if each.strip()]
        measured, missing = measure(sentence, told, language)
        reading = self.read(sentence, told)
        score = self.combination.score(reading.logit, measured)
        verdict = verdict_of(score, measured)
        if verdict == "supported":
            return Support(score, missing, verdict)
        marked = marked_words(sentence, reading, self.combination.marked_from)
        return Support(score, missing, verdict, united([*marked, *places(sentence, missing)]))

    def read(self, sentence: str, evidence: Sequence[str]) -> Reading:
        """What the network alone says; of evidence that is longer than a window the window that supports most."""
        return read_pairs(self._model, self._tokens, sentence, evidence)


def read_pairs(model: PairModel, tokens: PairTokens, sentence: str, evidence: Sequence[str]) -> Reading:
    """:meth:`Verifier.read` for a pair model that has no combination yet."""
    windows = tokens.windows(
        [sentence], [""], ["\n".join(evidence)], max_tokens=min(MAX_TOKENS, model.max_tokens),
        first_tokens=min(SENTENCE_TOKENS, model.max_tokens // 3),
    )[0]  # fmt: skip
    found = model.run(windows)
    best = int(np.argmax([each["support"][0] for each in found]))
    return Reading(float(found[best]["support"][0]), _wrong(windows[best], found[best]["unsupported"][:, 0]))


def marked_words(sentence: str, reading: Reading, marked_from: float) -> tuple[Span, ...]:
    """The words of ``sentence`` that hold a token marked as not supported; neighbours together."""
    marked = [span for span, probability in reading.wrong if probability >= marked_from]
    words = [
        match.span() for match in _WORD.finditer(sentence)
        if any(start < match.end() and end > match.start() for start, end in marked)
    ]  # fmt: skip
    found: list[Span] = []
    for start, end in words:
        if found and not sentence[found[-1][1] : start].strip():
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return tuple(found)


def read_combination(path: Path) -> Combination:
    """The logistic model in ``path``; UserError says what is wrong with the file."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}). Expected a verifier; restore the file.") from None
    except ValueError as error:
        raise UserError(f"{path} is not JSON ({error}). Restore the file.") from None
    expected = {NEURAL, *COMPANIONS}
    weights = data.get("weights") if isinstance(data, dict) else None
    if not isinstance(weights, dict) or data.get("format") != FORMAT or set(weights) != expected:
        raise UserError(
            f"{path} has the features {', '.join(sorted(weights or {})) or 'none'} in format "
            f"{data.get('format') if isinstance(data, dict) else None!r}; this release reads {FORMAT} with "
            f"{', '.join(sorted(expected))}. Fit the verifier again with this release."
        )
    numbers = [*weights.values(), data.get("bias"), data.get("marked_from")]
    if not all(isinstance(each, int | float) and math.isfinite(each) for each in numbers):
        raise UserError(f"{path} holds something that is not a number where one belongs. Restore the file.")
    return Combination(weights, float(data["bias"]), float(data["marked_from"]), data.get("training", {}))


def _wrong(pair: Pair, logits: np.ndarray[tuple[int], np.dtype[np.float32]]) -> tuple[tuple[Span, float], ...]:
    """The first text's tokens stand behind the opening one."""
    chances = 1 / (1 + np.exp(-np.clip(logits[1 : 1 + len(pair.first)].astype(np.float64), -40, 40)))
    return tuple(zip(pair.first, chances.tolist(), strict=True))
