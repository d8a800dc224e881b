"""The examples of the how-to on training data are read as it says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from citewell.learning.data.formats import read_examples

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "training-data.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["ranking", "reading", "support"])
def test_the_lines_in_the_how_to_are_read(kind, tmp_path):
    section = PAGE.partition(f"\n## {kind.capitalize()}\n")[2].partition("\n## ")[0]
    (shown,) = re.findall(r"^```jsonl\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    (tmp_path / "shown.jsonl").write_text(shown, encoding="utf-8")
    read = read_examples(tmp_path / "shown.jsonl", kind)
    assert len(read) == 3 and all(json.loads(line) for line in shown.splitlines())
    if kind == "reading":
        assert [len(each.answers) for each in read] == [1, 1, 0]
    if kind == "support":
        assert [each.supported for each in read] == [True, False, False]
        assert read[2].sentence[slice(*read[2].unsupported[0])] == "1872"


def test_the_table_in_the_how_to_is_read(tmp_path):
    (shown,) = re.findall(r"^```csv\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "shown.csv").write_text(shown, encoding="utf-8")
    assert [len(each.negatives) for each in read_examples(tmp_path / "shown.csv", "ranking")] == [2, 0]
