"""Every metric by name: what it means, which direction is better, and where its definition comes from.

The command line, the report and the documentation read their words from here; a test holds that nothing is emitted
that is not listed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["question", "run"]

DEFINITIONS = 1
"""Goes up when a metric comes to mean something else. Runs of different definitions are not compared."""


@dataclass(frozen=True, slots=True)
class Metric:
    """higher_is_better: ``None`` when neither direction is. bounds: smallest and largest value; ``None``: unbounded.
    level: of each question, or only of a whole run."""

    name: str
    meaning: str
    higher_is_better: bool | None
    source: str
    level: Level = "question"
    bounds: tuple[float, float] | None = (0.0, 1.0)


_OWN = "Citewell"
_TREC = "trec_eval"
_SQUAD = "Rajpurkar et al. 2016, 2018 (SQuAD's official script)"
_LEVELS = ("passage", "page", "document")
_PLURAL = {"passage": "passages", "page": "pages", "document": "documents"}


def _ranking(prefix: str, things: str, name: str, k: int) -> Metric:
    meaning, source = {
        "nDCG": (f"how near the first {k} {things} are to the best possible order", "Järvelin & Kekäläinen 2002"),
        "P": (f"share of the first {k} {things} that are relevant", _TREC),
        "Recall": (f"share of the relevant {things} among the first {k}", _TREC),
        "Hit": (f"whether something relevant is among the first {k} {things}", _TREC),
        "MRR": (f"1 / rank of the first relevant one among the first {k} {things}", "Voorhees 1999"),
        "MAP": (f"mean precision at the rank of each relevant one among the first {k} {things}", _TREC),
    }[name]
    return Metric(f"{prefix}{name}@{k}", meaning, True, source)


RANKING_CUTOFFS: dict[str, tuple[int, ...]] = {
    "nDCG": (10,), "P": (1, 5, 10), "Recall": (1, 5, 10), "Hit": (1, 5, 10), "MRR": (10,), "MAP": (10,),
}  # fmt: skip
"""What is measured at each level of a run over a collection."""

BEIR_CUTOFFS: dict[str, tuple[int, ...]] = {
    "nDCG": (10,), "Recall": (10, 100), "MRR": (10,), "P": (10,), "MAP": (100,),
}  # fmt: skip
"""What is measured on a BEIR data set."""

_METRICS = (
    Metric("correct", "the question was treated rightly: answered with a shown gold or a right answer, or refused "
           "because there is none", True, _OWN),
    *(
        _ranking(f"{level} ", _PLURAL[level], name, k)
        for level in _LEVELS for name, cutoffs in RANKING_CUTOFFS.items() for k in cutoffs
    ),
    *(_ranking("", "documents", name, k) for name, cutoffs in BEIR_CUTOFFS.items() for k in cutoffs),
    Metric("exact match", "the answer is a reference, but for case, punctuation and articles", True, _SQUAD),
    Metric("F1", "words shared with the nearest reference", True, _SQUAD),
    Metric("BLEU", "runs of one to four words shared with the references", True, "Papineni et al. 2002; sacrebleu"),
    Metric("ROUGE-L", "longest common sequence of words with the nearest reference", True, "Lin 2004; rouge-score"),
    Metric("chrF", "runs of one to six characters shared with the nearest reference", True, "Popović 2015; sacrebleu"),
    Metric("answer accuracy", "a reference stands in the answer, or all its facts and 80 % of its words", True, _OWN),
    Metric("citation precision", "share of the citations that show a gold passage", True, _OWN),
    Metric("citation recall", "share of the answer's sentences that carry a citation", True, _OWN),
    Metric("gold shown", "whether any citation shows a gold passage", True, _OWN),
    Metric("quote exactness", "share of the citations whose quote stands in the document, character for character",
           True, _OWN),
    Metric("groundedness", "mean support of the answer's sentences by the text they cite", True, _OWN),
    Metric("verbosity", "words of the answer", None, _OWN, bounds=None),
    Metric("instructions", "share of the instructions about form that were followed", True, _OWN),
    Metric("completeness", "share of the key points that the answer says", True, _OWN),
    Metric("correct when answerable", "share of the answerable questions treated rightly", True, _OWN, "run"),
    Metric("correct when unanswerable", "share of the unanswerable questions refused", True, _OWN, "run"),
    Metric("coverage", "share of the questions answered", None, "El-Yaniv & Wiener 2010", "run"),
    Metric("risk", "share of the answered questions that are not correct", False, "El-Yaniv & Wiener 2010", "run"),
    Metric("area under coverage-risk", "mean risk when answering only the surest questions, over all shares answered",
           False, "Geifman & El-Yaniv 2017; Geifman et al. 2019", "run"),
    Metric("expected calibration error", "how far confidence is from the share that is right, 10 bins", False,
           "Naeini et al. 2015; Guo et al. 2017", "run"),
    Metric("HasAns exact match", "exact match over the questions that have an answer", True, _SQUAD),
    Metric("HasAns F1", "F1 over the questions that have an answer", True, _SQUAD),
    Metric("NoAns exact match", "share of the questions without an answer that were refused", True, _SQUAD),
    Metric("NoAns F1", "the same: for an empty answer F1 is 1 or 0", True, _SQUAD),
    Metric("AUROC", "chance that a supported claim scores above one that is not", True, "Hanley & McNeil 1982", "run"),
    Metric("balanced accuracy", "mean share told rightly of supported claims and of the others", True,
           "Brodersen et al. 2010", "run"),
    Metric("F1 of unsupported", "F1 of finding the claims that are not supported", True, _OWN, "run"),
)  # fmt: skip

METRICS: dict[str, Metric] = {metric.name: metric for metric in _METRICS}
"""Name → metric, the main one first."""
