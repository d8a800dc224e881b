"""Files made to do harm, thousands of them, made anew from a seed: for the tests and for ``benchmarks/hostile.py``.

:func:`cases` yields them all, :func:`tree` writes a folder with hostile names. Nothing here is a real document, and
nothing is read from disk.
"""

from tests.hostile.case import Bait, Case
from tests.hostile.catalogue import cases, damage, designed, tree

__all__ = ["Bait", "Case", "cases", "damage", "designed", "tree"]
