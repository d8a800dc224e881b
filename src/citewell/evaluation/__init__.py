"""Evaluation: sets of questions, runs over them, and what runs say. It measures the same code that answers questions.

    sets, library          questions with golds, from files and in the collection      making, review    made ones
    anchoring              golds to characters of documents, and to passages
    running                set ─► run: ask, score, summarise        keeping, unfinished    where runs go, stopped ones
    scoring, levels        one answer ─► metrics                    metrics    as functions of values
    statistics, slices     intervals and tests; parts of a set      comparing, gate, folds    two runs, or many
    diagnosis              why a wrong answer is wrong              report    a run as a page
    systems                other ways to answer the same questions
    retrieval, reading, support_data    data sets that bring their own documents

The values are in ``questions`` and ``runs``.
"""
