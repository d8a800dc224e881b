"""Notebooks: cells with their places, outputs in short."""

from __future__ import annotations

import json

from tests.parsing.conftest import find, outline


def _notebook(*cells: dict, **more) -> str:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": more, "cells": list(cells)})


def _code(source, *outputs: dict) -> dict:
    return {"cell_type": "code", "source": source, "outputs": list(outputs), "metadata": {}, "execution_count": 1}


def _stream(text) -> dict:
    return {"output_type": "stream", "name": "stdout", "text": text}


def _shown(**data: str) -> dict:
    return {"output_type": "display_data", "data": data, "metadata": {}}


def test_cells(parse) -> None:
    data = _notebook(
        {"cell_type": "markdown", "source": ["# Sales\n", "\n", "In **euros**. <!-- secret -->"]},
        _code("x = 1\nprint(x)", _stream(["1\n"])),
        _code("plot()", _shown(**{"text/plain": "<Figure size 1x1>", "image/png": "AAAA"})),
        _code("1/0", {"output_type": "error", "ename": "ZeroDivisionError", "evalue": "division by zero",
                      "traceback": ["\x1b[31mlong\x1b[0m"]}),
        _code("t", _shown(**{"text/html": "<table><tr><th>a</th><th>b</th></tr></table>"})),
        {"cell_type": "raw", "source": "raw words"},
        kernelspec={"language": "python"}, title="Report",
    )  # fmt: skip
    parsed = parse(data, "sales.ipynb")
    assert (parsed.title, parsed.metadata["programming_language"]) == ("Report", "python")
    assert outline(parsed) == [
        ("heading", "Sales"),
        ("paragraph", "In euros."),
        ("code", "x = 1\nprint(x)"),
        ("code", "1"),
        ("code", "plot()"),
        ("code", "1/0"),
        ("code", "ZeroDivisionError: division by zero"),
        ("code", "t"),
        ("table_header", "a | b"),
        ("paragraph", "raw words"),
    ]
    assert (find(parsed, "euros").locator.part, find(parsed, "euros").locator.lines) == ("cell 1", (3, 3))
    assert (find(parsed, "x = 1").locator.part, find(parsed, "x = 1").locator.lines) == ("cell 2", (1, 2))
    assert parsed.blocks[3].locator.part == "cell 2, output"
    assert find(parsed, "x = 1").heading_path == ("Sales",)
    assert parsed.hidden[0].text == "secret"


def test_long_outputs_are_cut(parse) -> None:
    parsed = parse(_notebook(_code("run()", _stream("line\n" * 500))), "log.ipynb")
    assert parsed.text.count("line") == 30
    assert "1 long outputs" in parsed.notes[0]


def test_the_older_format(parse) -> None:
    cells = [
        {"cell_type": "heading", "level": 2, "source": "Old"},
        {"cell_type": "code", "input": "y = 2", "outputs": []},
    ]
    parsed = parse(json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}), "old.ipynb")
    assert outline(parsed) == [("heading", "Old"), ("code", "y = 2")]


def test_what_is_no_notebook(refused) -> None:
    assert "not a Jupyter notebook" in str(refused('{"a": 1}', "a.ipynb"))
    assert "not valid JSON" in str(refused('{"cells": [', "a.ipynb"))
    assert refused(_notebook(), "empty.ipynb").reason == "no_text"
