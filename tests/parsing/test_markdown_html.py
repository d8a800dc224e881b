"""Markdown with HTML in it, footnotes and front matter: nothing lost, nothing shown that is hidden."""

from __future__ import annotations

from tests.parsing.conftest import find, outline

PAGE = """+++
title = "Lamps"
date = 2024-03-05
+++

# Care

Seen <!-- secret one --> words <span style="display:none">secret *two*</span> end[^1].

<!-- secret
three -->

<div style="display:none">

secret four

- secret five

</div>

<div align="center">

In the middle.

</div>

<table>
<tr><th>Part</th><th>Price</th></tr>
<tr><td>Lamp</td><td>12</td></tr>
</table>

- [ ] open
- [x] done

[^1]: note
[^long]: A longer note
  that goes on.

```
[^1]: in code
<!-- shown here -->
```

<img src="a.png" alt="A lamp">
"""


def test_html_in_markdown(parse) -> None:
    parsed = parse(PAGE, "care.md")
    assert (parsed.title, parsed.modified_at) == ("Lamps", "2024-03-05")
    assert outline(parsed) == [
        ("heading", "Care"),
        ("paragraph", "Seen words end[^1]."),
        ("paragraph", "In the middle."),
        ("table_header", "Part | Price"),
        ("table_row", "Lamp | 12"),
        ("list_item", "[ ] open"),
        ("list_item", "[x] done"),
        ("list_item", "[^1]: note"),
        ("list_item", "[^long]: A longer note that goes on."),
        ("code", "[^1]: in code\n<!-- shown here -->"),
        ("paragraph", "A lamp"),
    ]
    assert [each.text for each in parsed.hidden] == [
        "secret one", "secret", "two", "secret\nthree", "secret four", "secret five",
    ]  # fmt: skip
    lines = PAGE.split("\n")
    for words, source in (
        ("Seen", "Seen <!--"),
        ("middle", "In the"),
        ("Lamp | 12", "<td>Lamp"),
        ("goes on", "goes on"),
    ):
        first, last = find(parsed, words).locator.lines
        assert source in "\n".join(lines[first - 1 : last])
    assert find(parsed, "Lamp | 12").heading_path == ("Care",)


def test_hidden_table_cells(parse) -> None:
    parsed = parse("| a | b |\n|---|---|\n| <i hidden>secret</i> x | y<br>z |\n", "t.md")
    assert outline(parsed) == [("table_header", "a | b"), ("table_row", "x | y z")]
    assert parsed.hidden[0].text == "secret"


def test_what_ends_by_itself_hides_nothing_after_it(parse) -> None:
    page = (
        "<img hidden src='a.png'> one\n\n<p hidden>secret\n\ntwo\n\nA <span hidden>secret\n\nthree\n\n"
        "<aside>four</aside>\n"
    )
    parsed = parse(page, "page.md")
    assert [text for _, text in outline(parsed)] == ["one", "two", "A", "three", "four"]
    assert [each.text for each in parsed.hidden] == ["secret", "secret"]


def test_an_element_left_open_hides_the_rest(parse) -> None:
    parsed = parse("Seen.\n\n<div hidden>\n\nsecret\n", "open.md")
    assert outline(parsed) == [("paragraph", "Seen.")]
    assert [each.text for each in parsed.hidden] == ["secret"]
