"""Dates a document states about itself."""

from __future__ import annotations

import pytest

from citewell.dates import stated_date


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("Travel policy\n\nEffective: 2025-03-01", "2025-03-01"),
        ("Effective date: 1 March 2025", "2025-03-01"),
        ("Version 3.2, 1 March 2025", "2025-03-01"),
        ("Last updated March 1, 2025.", "2025-03-01"),
        ("Revised 5 Sept. 2024 · Effective from 1 October 2024", "2024-10-01"),
        ("Effective 03/04/2025", ""),
        ("The incident of 1 March 2025 was severe.", ""),
        ("Effective: 2025-13-01", ""),
        ("x" * 3000 + "Effective: 2025-03-01", ""),
    ],
)
def test_stated_date(text: str, date: str) -> None:
    assert stated_date(text) == date
