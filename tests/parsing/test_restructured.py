"""reStructuredText: structure with exact lines, nothing opened, nothing lost that only Sphinx knows."""

from __future__ import annotations

from pathlib import Path

from tests.parsing.conftest import find, outline, text_of

GUIDE = """=====
Guide
=====

:Author: Anna
:Date: 2024-03-05

Install it with :program:`pip` and read :ref:`the rules <rules>`
before :py:func:`~shop.sell` is called.

Steps
-----

* first step,
  which goes on
* second

  - deeper

3. third
4. fourth

lamp : noun
    gives light

.. note:: Mind the gap.

.. code-block:: python
   :caption: Selling
   :linenos:

   def sell():
       return 1

.. list-table:: Prices
   :header-rows: 1

   * - Name
     - Price
   * - Lamp
     - 12

=====  =====
Grade  Days
=====  =====
A      20
B      25
=====  =====

+------+-----+
| wide cell  |
+======+=====+
| x    | y   |
+------+-----+

Example::

    verbatim  *text*

.. versionchanged:: 2.1
   Faster.

.. py:function:: sell(*args)

   Sells a lamp.

.. tabs-of-an-extension:: Linux

   Use **apt**.

Ends here [1]_.

.. a comment for editors

.. [1] The footnote.
"""


def test_structure(parse) -> None:
    parsed = parse(GUIDE, "guide.rst")
    assert (parsed.title, parsed.modified_at, parsed.media_type) == ("Guide", "2024-03-05", "text/x-rst")
    assert parsed.metadata["author"] == "Anna"
    assert outline(parsed) == [
        ("heading", "Guide"),
        ("field", "Author: Anna"),
        ("field", "Date: 2024-03-05"),
        ("paragraph", "Install it with pip and read the rules before shop.sell is called."),
        ("heading", "Steps"),
        ("list_item", "first step, which goes on"),
        ("list_item", "second"),
        ("list_item", "deeper"),
        ("list_item", "3. third"),
        ("list_item", "4. fourth"),
        ("list_item", "lamp : noun"),
        ("list_item", "gives light"),
        ("paragraph", "Note: Mind the gap."),
        ("caption", "Selling"),
        ("code", "def sell():\n    return 1"),
        ("caption", "Prices"),
        ("table_header", "Name | Price"),
        ("table_row", "Lamp | 12"),
        ("table_header", "Grade | Days"),
        ("table_row", "A | 20"),
        ("table_row", "B | 25"),
        ("table_header", "wide cell"),
        ("table_row", "x | y"),
        ("paragraph", "Example:"),
        ("code", "verbatim  *text*"),
        ("paragraph", "Changed in version 2.1 Faster."),
        ("paragraph", "sell(*args)"),
        ("paragraph", "Sells a lamp."),
        ("paragraph", "Linux"),
        ("paragraph", "Use apt."),
        ("paragraph", "Ends here [1]."),
        ("paragraph", "[1] The footnote."),
    ]
    assert find(parsed, "deeper").level == 2
    assert find(parsed, "B | 25").header == "Grade | Days"
    assert find(parsed, "Use apt").heading_path == ("Guide", "Steps")
    assert [(each.text, each.reason) for each in parsed.hidden] == [("a comment for editors", "comment")]


def test_lines_point_at_the_words(parse) -> None:
    parsed = parse(GUIDE, "guide.rst")
    lines = GUIDE.split("\n")
    for words, source in (
        ("Install it", "Install it"), ("goes on", "which goes on"), ("deeper", "- deeper"), ("gives light", "gives"),
        ("def sell", "def sell"), ("A | 20", "A      20"), ("Lamp | 12", "Lamp"), ("verbatim", "verbatim"),
        ("Sells a lamp", "Sells"), ("Use apt", "Use **apt**"), ("Steps", "Steps"), ("The footnote", "The footnote"),
    ):  # fmt: skip
        first, last = find(parsed, words).locator.lines
        assert source in "\n".join(lines[first - 1 : last]), words
        assert last - first <= 2


def test_nothing_is_opened(parse, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret words")
    table = tmp_path / "table.csv"
    table.write_text("secret,cell\n")
    source = (
        f"Shown.\n\n.. include:: {secret}\n\n.. literalinclude:: {secret}\n\n.. raw:: html\n   :file: {secret}\n\n"
        f".. csv-table:: Numbers\n   :file: {table}\n\n.. csv-table:: Far\n   :url: http://127.0.0.1:9/x\n\n"
        f".. code-block::\n   :file: {secret}\n\n   inline code\n\n.. image:: {secret}\n   :alt: A picture\n\n"
        "Also shown.\n"
    )
    parsed = parse(source, "page.rst")
    assert "secret words" not in parsed.text and "cell" not in parsed.text
    assert [text for kind, text in outline(parsed) if kind == "paragraph"] == ["Shown.", "Also shown."]
    assert ("code", "inline code") in outline(parsed) and ("caption", "A picture") in outline(parsed)
    note = next(note for note in parsed.notes if "elsewhere" in note)
    assert note.count("secret.txt") == 3 and "table.csv" in note and "127.0.0.1" in note


def test_broken_markup_keeps_its_words(parse) -> None:
    source = (
        "Top\n===\n\nA *broken emphasis and `link`_.\n\n"
        ".. figure:: x.png\n   :nosuch: 1\n\n   The figure's words.\n\nShorter\n====\n"
    )
    parsed = parse(source, "broken.rst")
    assert text_of(parsed, find(parsed, "broken emphasis")) == "A *broken emphasis and `link`_."
    assert "The figure's words." in parsed.text
    assert ("heading", "Shorter") in outline(parsed)


def test_the_day_of_parsing_is_not_text(parse) -> None:
    parsed = parse("Made on |today|.\n\n.. |today| date::\n", "page.rst")
    assert not any(character.isdigit() for character in parsed.text)
