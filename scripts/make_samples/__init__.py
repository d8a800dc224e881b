"""Generator of the sample corpus: the papers of a fictional company, in the formats a real one would use.

Run from the repository root with ``python -m scripts.make_samples``. The output is byte-identical on every run.
"""
