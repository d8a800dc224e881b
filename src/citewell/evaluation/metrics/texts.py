"""An answer beside reference answers: exact match, F1, BLEU, ROUGE-L, chrF and answer accuracy.

Exact match and F1 follow SQuAD's official script (Rajpurkar et al. 2016, 2018) for English: lower case, no ASCII
punctuation, no articles, the best value over the references; a question whose only reference is empty is unanswerable
and scores 1 for an empty answer. Other languages keep their articles, lose the punctuation of every script, and count
characters where words are not separated (as MLQA does for Chinese: Lewis et al. 2020).

BLEU, chrF and ROUGE-L come from ``sacrebleu`` and ``rouge-score`` (extra ``eval``); without them they are left out.
"""

from __future__ import annotations

import importlib.util
import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

from citewell.evaluation.metrics.accuracy import answer_accuracy
from citewell.literals.facts import SEPARATE_CHARACTER

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_ASCII_PUNCTUATION = str.maketrans("", "", string.punctuation)
_SPACELESS = frozenset({"zh", "ja", "th", "lo", "my", "km"})
LIBRARY_METRICS = ("BLEU", "ROUGE-L", "chrF")


def have_text_libraries() -> bool:
    """Whether what computes :data:`LIBRARY_METRICS` is installed."""
    return all(importlib.util.find_spec(name) is not None for name in ("sacrebleu", "rouge_score"))


def text_scores(answer: str, references: Sequence[str], language: str = "") -> dict[str, float]:
    """Each metric of ``answer``, in [0, 1]: the best over ``references``.

    language: ISO 639-1 code of the references; empty means English, unless their script says otherwise. Without any
    reference there is nothing to measure and the result is empty; when all are empty (SQuAD's unanswerable questions)
    only exact match and F1 have a meaning. An empty reference beside others is ignored, as SQuAD's script does.
    """
    if not references:
        return {}
    language = language_of(references, language)
    told = [each for each in references if normalised(each, language)]
    scores = {
        "exact match": max(float(normalised(answer, language) == normalised(each, language)) for each in told or [""]),
        "F1": max(f1(answer, each, language) for each in told or [""]),
    }
    if not told:
        return scores
    scores["answer accuracy"] = float(answer_accuracy(answer, told, language))
    if have_text_libraries():
        scores |= _library_scores(answer, told, language)
    return scores


def language_of(references: Sequence[str], language: str) -> str:
    """``language``, or ``zh`` for references in a script without spaces whose language nobody gave."""
    if not language and any(SEPARATE_CHARACTER.search(each) for each in references):
        return "zh"
    return language.lower()[:2]


def normalised(text: str, language: str = "") -> str:
    """``text`` as exact match compares it."""
    if language in {"", "en"}:
        return " ".join(_ARTICLES.sub(" ", text.lower().translate(_ASCII_PUNCTUATION)).split())
    kept = (each for each in text.lower() if unicodedata.category(each)[0] != "P" and each not in string.punctuation)
    return " ".join("".join(kept).split())


def tokens(text: str, language: str = "") -> list[str]:
    """The words of ``text`` as F1 counts them."""
    plain = normalised(text, language)
    if language in _SPACELESS:
        plain = SEPARATE_CHARACTER.sub(r" \g<0> ", plain)
    return plain.split()


def f1(answer: str, reference: str, language: str = "") -> float:
    """Harmonic mean of the shares of shared words (SQuAD); for two empty texts 1, for one empty text 0."""
    mine, theirs = tokens(answer, language), tokens(reference, language)
    if not mine or not theirs:
        return float(mine == theirs)
    shared = sum((Counter(mine) & Counter(theirs)).values())
    return 2 * shared / (len(mine) + len(theirs))


class WordTokenizer:
    """Words for ``rouge-score`` in any script; its own tokenizer keeps only a–z and digits, so that every Greek or
    Russian answer would score 0."""

    def __init__(self, language: str) -> None:
        self._language = language

    def tokenize(self, text: str) -> list[str]:
        return tokens(text, self._language)


def _library_scores(answer: str, references: Sequence[str], language: str) -> dict[str, float]:
    bleu, chrf, rouge = _scorers(language)
    return {
        "BLEU": bleu.sentence_score(answer, references).score / 100,
        "chrF": chrf.sentence_score(answer, references).score / 100,
        "ROUGE-L": float(rouge.score_multi(references, answer)["rougeL"].fmeasure),
    }


@cache
def _scorers(language: str) -> tuple[Any, Any, Any]:
    """Sentence BLEU with the orders that the answer has (Lin & Och 2004 smoothing aside, sacrebleu's defaults), chrF2
    (Popović 2015), ROUGE-L F (Lin 2004) without stemming."""
    from rouge_score.rouge_scorer import RougeScorer
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    tokenize = "zh" if language == "zh" else "char" if language in _SPACELESS else "13a"
    words = None if language in {"", "en"} else WordTokenizer(language)
    return (
        BLEU(tokenize=tokenize, effective_order=True),
        CHRF(),
        RougeScorer(["rougeL"], use_stemmer=False, tokenizer=words),
    )
