"""Writes the expected values that the metrics are tested against, made by the official implementations.

    python -m scripts.make_metric_cases --squad-script evaluate-v2.0.py

Needs ir-measures (with pytrec_eval), sacrebleu, rouge-score and scikit-learn, and SQuAD's official evaluation script,
which is not in this repository. Each file in ``tests/evaluation/metrics/cases`` names the implementation and version
that gave its values. Nothing of Citewell is imported, so nothing of it can leak into what it is tested against.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

OUT = Path(__file__).parents[1] / "tests" / "evaluation" / "metrics" / "cases"
SEED = 20261120

ENGLISH: tuple[tuple[str, list[str]], ...] = (
    ("three days a week", ["three days a week"]),
    ("Three days, a week!", ["three days the week", "up to three days a week"]),
    ("Office staff may work from home on up to three days a week.", ["three days", "three days a week"]),
    ("The valve opens at 4.5 bar and closes again at 3.8 bar.", ["4.5 bar", "45 bar"]),
    ("It costs 1,200 euros a year", ["1200 euros", "The yearly price is 1,200 euros."]),
    ("", ["somewhere"]),
    ("", [""]),
    ("something", [""]),
    ("the", [""]),
    ("a an the", ["an"]),
    ("the the the cat", ["the cat", "cat cat"]),
    ("An owl sat by the old mill; nobody saw it leave.", ["An owl sat by the old mill and nobody saw it go."]),
    ("well-being of the crew", ["wellbeing of crew", "well being of the crew"]),
    ("It's the captain's log", ["its captains log"]),
    ("“Quoted” words – and dashes", ['"Quoted" words - and dashes']),
    ("Ünïcode naïve café", ["unicode naive cafe", "Ünïcode Naïve Café"]),
    ("repeat repeat repeat", ["repeat", "repeat twice repeat"]),
    ("pump\n\tseal   kit", ["pump seal kit"]),
    ("Replace the filter every six months, or sooner when the red lamp is lit.",
     ["Replace the filter every six months.", "The filter is replaced twice a year, sooner if the red lamp is lit.",
      "Sooner when the lamp is red."]),
    ("yes", ["no", "yes"]),
    ("42", ["42.", "forty-two"]),
    ("$5,000 (five thousand)", ["5000", "$5,000"]),
    ("the harbour office closes at noon on fridays", ["The Harbour Office closes at noon on Fridays."]),
    ("word " * 60, ["word " * 50]),
)  # fmt: skip
"""Answer and references. An empty reference stands for an unanswerable question."""

OTHER: tuple[tuple[str, str, list[str]], ...] = (
    ("de", "Das Ventil öffnet bei 4,5 bar.", ["Bei 4,5 bar öffnet das Ventil.", "Es öffnet bei 4,5 bar."]),
    ("fr", "Le filtre est remplacé tous les six mois.", ["On remplace le filtre tous les six mois."]),
    ("ru", "Фильтр меняют каждые шесть месяцев.", ["Фильтр меняют раз в шесть месяцев."]),
    ("el", "Η βαλβίδα ανοίγει στα 4,5 bar.", ["Η βαλβίδα ανοίγει αυτόματα στα 4,5 bar."]),
    ("zh", "滤芯每六个月更换一次。", ["每六个月更换滤芯。", "滤芯要半年换一次。"]),
    ("ja", "フィルターは六か月ごとに交換します。", ["フィルターを六か月ごとに交換する。"]),
)

RANKING_MEASURES = {
    "nDCG": ("nDCG", (1, 5, 10)), "P": ("P", (1, 5, 10)), "Recall": ("R", (1, 5, 10, 100)),
    "Hit": ("Success", (1, 5, 10)), "MRR": ("RR", (1, 5, 10)), "MAP": ("AP", (5, 10, 100)),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--squad-script", type=Path, required=True)
    arguments = parser.parse_args()
    write(
        "squad",
        "SQuAD's evaluate-v2.0.py as a public copy of it has it, get_raw_scores",
        squad_cases(load(arguments.squad_script)),
    )
    libraries = f"sacrebleu {version('sacrebleu')}, rouge-score {version('rouge-score')}"
    write("texts", f"{libraries}: sentence_bleu, sentence_chrf, RougeScorer", text_cases())
    trec = f"ir-measures {version('ir-measures')} with pytrec-eval-terrier {version('pytrec-eval-terrier')}"
    write("ranking", trec, ranking_cases())
    write("calibration", f"scikit-learn {version('scikit-learn')}, calibration_curve; the error is its bins' gaps "
          "weighed by their counts", calibration_cases())  # fmt: skip
    write("coverage_risk", "the definition in fractions: every threshold tried, the risk of each question's own "
          "threshold averaged", coverage_cases())  # fmt: skip


def write(name: str, made_by: str, cases: list[dict[str, Any]]) -> None:
    data = {"made_by": made_by, "command": "python -m scripts.make_metric_cases", "cases": cases}
    (OUT / f"{name}.json").write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{name}: {len(cases)} cases by {made_by}")


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("squad_script", path)
    assert spec and spec.loader, f"{path} is no Python file"
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def squad_cases(script: ModuleType) -> list[dict[str, Any]]:
    found = []
    for answer, references in ENGLISH:
        answers = [{"text": each} for each in references if each]
        data = [{"paragraphs": [{"qas": [{"id": "q", "answers": answers}]}]}]
        exact, f1 = script.get_raw_scores(data, {"q": answer})
        expected = {"exact match": float(exact["q"]), "F1": float(f1["q"])}
        found.append({"answer": answer, "references": references, "expected": expected})
    return found


def text_cases() -> list[dict[str, Any]]:
    import sacrebleu
    from rouge_score.rouge_scorer import RougeScorer

    rouge = RougeScorer(["rougeL"])
    tokenizers = {"zh": "zh", "ja": "char"}
    found = []
    for language, answer, references in (*(("en", *each) for each in ENGLISH if any(each[1])), *OTHER):
        if references == ["an"]:
            continue  # nothing but an article: no reference for Citewell
        bleu = sacrebleu.sentence_bleu(answer, references, tokenize=tokenizers.get(language, "13a"))
        expected = {"BLEU": bleu.score / 100, "chrF": sacrebleu.sentence_chrf(answer, references).score / 100}
        if language == "en":
            expected["ROUGE-L"] = max(rouge.score(each, answer)["rougeL"].fmeasure for each in references)
        found.append({"language": language, "answer": answer, "references": references, "expected": expected})
    return found


def ranking_cases() -> list[dict[str, Any]]:
    import ir_measures

    chance = random.Random(SEED)
    found = []
    for _ in range(60):
        judged = [f"d{number}" for number in range(chance.randint(1, 30))]
        relevance = {each: chance.choice((-1, 0, 0, 1, 1, 2, 3)) for each in judged}
        relevance[chance.choice(judged)] = chance.randint(1, 3)
        pool = [*judged, *(f"x{number}" for number in range(chance.randint(0, 120)))]
        ranked = chance.sample(pool, chance.randint(1, len(pool)))
        run = {"q": {each: float(len(ranked) - rank) for rank, each in enumerate(ranked)}}
        measures = {
            f"{name}@{k}": getattr(ir_measures, official) @ k
            for name, (official, cutoffs) in RANKING_MEASURES.items() for k in cutoffs
        }  # fmt: skip
        values = {
            str(each.measure): each.value for each in ir_measures.iter_calc(measures.values(), {"q": relevance}, run)
        }
        expected = {name: float(values[str(measure)]) for name, measure in measures.items()}
        found.append({"ranked": ranked, "relevance": relevance, "expected": expected})
    return found


def calibration_cases() -> list[dict[str, Any]]:
    import numpy as np
    from sklearn.calibration import calibration_curve

    chance = random.Random(SEED)
    found = []
    for size in (1, 2, 10, 57, 300):
        sure = [round(chance.random(), 3) for _ in range(size)]
        right = [chance.random() < each for each in sure]
        accuracy, confidence = calibration_curve(right, sure, n_bins=10, strategy="uniform")
        bins = np.searchsorted(np.linspace(0, 1, 11)[1:-1], sure)
        count = np.bincount(bins, minlength=10)
        count = count[count > 0]
        found.append({
            "confidences": sure, "correct": right,
            "expected": {"confidence": confidence.tolist(), "accuracy": accuracy.tolist(), "count": count.tolist(),
                         "error": float(np.sum(count * np.abs(accuracy - confidence)) / size)},
        })  # fmt: skip
    return found


def coverage_cases() -> list[dict[str, Any]]:
    chance = random.Random(SEED)
    found = []
    for size in (1, 2, 7, 40, 200):
        sure = [round(chance.random(), 2 if size > 7 else 1) for _ in range(size)]
        right = [chance.random() < each for each in sure]

        def risk_at(threshold: float, sure: list[float] = sure, right: list[bool] = right) -> Fraction:
            answered = [correct for each, correct in zip(sure, right, strict=True) if each >= threshold]
            return Fraction(answered.count(False), len(answered))

        thresholds = sorted(set(sure), reverse=True)
        found.append({
            "confidences": sure, "correct": right,
            "expected": {
                "coverage": [float(Fraction(sum(each >= t for each in sure), size)) for t in thresholds],
                "risk": [float(risk_at(t)) for t in thresholds],
                "area": float(sum(risk_at(each) for each in sure) / size),
            },
        })  # fmt: skip
    return found


if __name__ == "__main__":
    main()
