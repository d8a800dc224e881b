"""Test sets made from the user's own collection, without a language model or with one.

    documents ─► drafts (rules) ─► checks ─► round trip ─► questions
                                     └──────► twins that nothing answers

Every rule is a small module that knows one document (``tables``, ``definitions``, ``headings``, ``statements``,
``codes``, ``gaps``); ``corpus`` asks the whole collection whether a question has one answer; ``make`` chooses.
"""

from citewell.evaluation.making.make import RULES_VERSION, make_set

__all__ = ["RULES_VERSION", "make_set"]
