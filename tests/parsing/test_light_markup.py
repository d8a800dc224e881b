"""AsciiDoc and Org: structure with exact lines."""

from __future__ import annotations

from tests.parsing.conftest import find, outline

ASCIIDOC = """= Lamp manual
Anna Smith <anna@example.com>
v1.2, 2024-03-05
:product: Lumo

The {product} gives *light* and _warmth_; see <<care,the care section>>
or https://example.com[our page].

// for editors
== Care

[source,python]
----
def clean():
    pass
----

.What you need
* a `soft` cloth
** dry
. first step
+
image::cloth.png[A cloth]
. second step

Lumen:: amount of light

NOTE: Never use water.

[%header,cols="2,1"]
|===
|Part |Price
|Lamp |12
2+|see the list
|===

include::other.adoc[]

____
A quoted line.
____
"""

ORG = """#+TITLE: Lamp notes
#+AUTHOR: Anna
#+DATE: <2024-03-05 Tue>
# for editors
* TODO [#A] Care :home:light:
:PROPERTIES:
:ID: abc
:END:
Use a *soft* cloth, see [[https://example.com][our page]]
and =clean()=.
** Steps
1. first
   goes on
2. second
   - deeper
- lumen :: amount of light

| Part | Price |
|------+-------|
| Lamp | 12    |

#+BEGIN_SRC python
def clean():
    pass
#+END_SRC
#+begin_quote
Quoted words.
#+end_quote
: verbatim
#+INCLUDE: "other.org"
"""


def _check_lines(parsed, source: str, *pairs: tuple[str, str]) -> None:
    lines = source.split("\n")
    for words, written in pairs:
        first, last = find(parsed, words).locator.lines
        assert written in "\n".join(lines[first - 1 : last]), words
        assert last - first <= 1


def test_asciidoc(parse) -> None:
    parsed = parse(ASCIIDOC, "lamp.adoc")
    assert (parsed.title, parsed.modified_at) == ("Lamp manual", "2024-03-05")
    assert parsed.metadata["author"] == "Anna Smith"
    assert outline(parsed) == [
        ("heading", "Lamp manual"),
        ("field", "Anna Smith <anna@example.com>"),
        ("field", "v1.2, 2024-03-05"),
        ("paragraph", "The Lumo gives light and warmth; see the care section or our page."),
        ("heading", "Care"),
        ("code", "def clean():\n    pass"),
        ("caption", "What you need"),
        ("list_item", "a soft cloth"),
        ("list_item", "dry"),
        ("list_item", "first step"),
        ("caption", "A cloth"),
        ("list_item", "second step"),
        ("list_item", "Lumen"),
        ("list_item", "amount of light"),
        ("paragraph", "NOTE: Never use water."),
        ("table_header", "Part | Price"),
        ("table_row", "Lamp | 12"),
        ("table_row", "see the list"),
        ("paragraph", "A quoted line."),
    ]
    assert find(parsed, "dry").level == 2
    assert find(parsed, "Lamp | 12").header == "Part | Price"
    assert find(parsed, "Never").heading_path == ("Lamp manual", "Care")
    assert [each.text for each in parsed.hidden] == ["for editors"]
    assert any("other.adoc" in note for note in parsed.notes)
    _check_lines(parsed, ASCIIDOC, ("gives light", "gives *light*"), ("def clean", "def clean"), ("Lamp | 12", "|Lamp"),
                 ("second step", ". second"), ("amount", "Lumen::"))  # fmt: skip


def test_org(parse) -> None:
    parsed = parse(ORG, "lamp.org")
    assert (parsed.title, parsed.modified_at) == ("Lamp notes", "2024-03-05")
    assert outline(parsed) == [
        ("title", "Lamp notes"),
        ("field", "author: Anna"),
        ("field", "date: <2024-03-05 Tue>"),
        ("heading", "TODO Care"),
        ("field", "tags: home, light"),
        ("paragraph", "Use a soft cloth, see our page and clean()."),
        ("heading", "Steps"),
        ("list_item", "1. first goes on"),
        ("list_item", "2. second"),
        ("list_item", "deeper"),
        ("list_item", "lumen :: amount of light"),
        ("table_header", "Part | Price"),
        ("table_row", "Lamp | 12"),
        ("code", "def clean():\n    pass"),
        ("quote", "Quoted words."),
        ("code", "verbatim"),
    ]
    assert find(parsed, "deeper").level == 2
    assert find(parsed, "verbatim").heading_path == ("TODO Care", "Steps")
    assert {(each.text, each.reason) for each in parsed.hidden} == {
        ("for editors", "comment"),
        (":ID: abc\n:END:"[:8], "drawer"),
    }
    assert any("other.org" in note for note in parsed.notes)
    _check_lines(parsed, ORG, ("soft cloth", "*soft*"), ("first goes on", "goes on"), ("Lamp | 12", "| Lamp"),
                 ("def clean", "def clean"), ("Quoted", "Quoted"))  # fmt: skip


def test_unfinished_blocks_keep_their_words(parse) -> None:
    assert "never closed" in parse("----\nnever closed\n", "a.adoc").text
    assert "a | b" in parse("|===\n|a |b\n", "b.adoc").text
    assert "never closed" in parse("#+begin_src\nnever closed\n", "a.org").text
    parsed = parse(":LOGBOOK:\ninside\n* Next\nwords\n", "b.org")
    assert outline(parsed) == [("heading", "Next"), ("paragraph", "words")]
