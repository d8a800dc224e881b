"""Metrics as plain functions of values: no store, no model, no clock. What each means stands in
:mod:`~citewell.evaluation.metrics.catalog`.

    ranking        nDCG, P, Recall, Hit, MRR, MAP of a ranking
    texts          exact match, F1, BLEU, ROUGE-L, chrF, answer accuracy against reference answers
    citations      citation precision and recall, quote exactness
    support        how well evidence supports a claim, read literally
    completeness   which key points an answer says
    instructions   whether the form of an answer is the one asked for
    refusal        coverage and risk, calibration of confidence
"""
