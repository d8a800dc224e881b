"""The HTML report of a run: one file, readable without network and without script, on a phone and by a screen reader.

``charts`` holds the drawings, which other pages may use with the style sheet of ``style``.
"""

from citewell.evaluation.report.page import report_html

__all__ = ["report_html"]
