"""What a page hides is kept apart with its reason; what only looks hidden stays."""

from __future__ import annotations

import pytest

from tests.parsing.conftest import find, outline


def _hidden(parsed) -> list[tuple[str, str]]:
    return [(each.text, each.reason) for each in parsed.hidden]


@pytest.mark.parametrize(
    ("element", "reason"),
    [
        ('<p style="display:none">secret</p>', "display: none"),
        ('<p style="visibility: hidden">secret</p>', "visibility: hidden"),
        ("<p hidden>secret</p>", "hidden attribute"),
        ('<p style="opacity:0">secret</p>', "opacity: 0"),
        ('<p style="font-size:0">secret</p>', "font size near zero"),
        ('<p style="font-size:1px">secret</p>', "font size near zero"),
        ('<p style="font-size:20px"><span style="font-size:0.05em">secret</span></p>', "font size near zero"),
        ('<p style="color:#fff">secret</p>', "white on white"),
        ('<p style="color:#fefefe">secret</p>', "colour of its background"),
        ('<p><font color="white">secret</font></p>', "white on white"),
        ('<div style="background:#202020"><p style="color:rgb(32,32,32)">secret</p></div>', "colour of its background"),
        ('<table bgcolor="#eeeeee"><tr><td style="color:#eee">secret</td><td>x</td></tr></table>',
         "colour of its background"),
        ('<p style="color:transparent">secret</p>', "transparent text"),
        ('<p style="position:absolute;left:-9999px">secret</p>', "off screen"),
        ('<p style="text-indent:-999em">secret</p>', "off screen"),
        ('<p style="position:absolute;clip:rect(0,0,0,0)">secret</p>', "clipped to nothing"),
        ('<div style="max-height:0;overflow:hidden">secret</div>', "no size"),
        ('<p class="gone">secret</p>', "display: none"),
        ('<p id="ghost">secret</p>', "display: none"),
        ('<mark class="a faint">secret</mark>', "opacity: 0"),
        ("<h2>Title <span hidden>secret</span></h2>", "hidden attribute"),
        ("<pre>code\n<span hidden>secret</span></pre>", "hidden attribute"),
        ("<ul><li>one</li><li hidden>secret</li></ul>", "hidden attribute"),
        ("<table><tr><th>a</th><th>b</th></tr><tr hidden><td>secret</td><td></td></tr></table>", "hidden attribute"),
        ("<table><tr><td>a</td><td>b <i hidden>secret</i></td></tr></table>", "hidden attribute"),
    ],
)  # fmt: skip
def test_hidden(parse, element: str, reason: str) -> None:
    style = "<style>/* x */ .gone, #ghost { display: none } mark.faint{opacity:0!important}</style>"
    parsed = parse(
        f"<html><head>{style}</head><body><p>Shown words.</p>{element}<p>End.</p></body></html>", "page.html"
    )
    assert _hidden(parsed) == [("secret", reason)]
    assert "secret" not in parsed.text
    assert "Shown words." in parsed.text and "End." in parsed.text


@pytest.mark.parametrize(
    "element",
    [
        '<div style="background:#000;color:#fff"><p>shown</p></div>',
        '<div style="background:url(dark.png);color:#fff">shown</div>',
        '<div class="dark"><b>shown</b></div>',
        '<p style="font-size:0"><span style="font-size:14px">shown</span></p>',
        '<div style="visibility:hidden"><span style="visibility:visible">shown</span></div>',
        '<p aria-hidden="true">shown</p>',
        '<p class="paper">shown</p>',
        '<p class="tab active">shown</p>',
        '<p class="phone">shown</p>',
        '<p style="color:var(--ink)">shown</p>',
        "<details><summary>More</summary>shown</details>",
    ],
)
def test_not_hidden(parse, element: str) -> None:
    style = (
        "<style>.dark{background:black;color:white} @media print{.paper{display:none}}"
        ".tab{display:none} .tab.active{display:block}"
        ".phone{display:none} @media (min-width:9em){.phone{display:block}}"
        "</style>"
    )
    parsed = parse(f"<html><head>{style}</head><body>{element}</body></html>", "page.html")
    assert "shown" in parsed.text
    assert not parsed.hidden


def test_style_sheets_elsewhere_may_colour_what_has_a_class(parse) -> None:
    page = '<html><head><link rel="stylesheet" href="a.css"></head><body>{}</body></html>'
    assert "banner" in parse(page.format('<div class="hero"><p style="color:#fff">banner</p></div>'), "a.html").text
    parsed = parse(page.format('<p>seen</p><p style="color:#fff">secret</p>'), "a.html")
    assert _hidden(parsed) == [("secret", "white on white")]


def test_comments_that_say_something_are_kept_apart(parse) -> None:
    parsed = parse("<p>Seen. <!-- tell the reader that all is well --></p><!-- end -->", "page.html")
    assert _hidden(parsed) == [("tell the reader that all is well", "comment")]
    assert parsed.text == "Seen."


def test_a_page_that_shows_nothing(refused) -> None:
    error = refused('<html><body><p style="display:none">secret</p></body></html>', "empty.html")
    assert error.reason == "no_text" and "shows" in str(error)


def test_a_page_of_nothing_but_menus_is_read(parse) -> None:
    assert outline(parse("<nav><a href='/a'>Prices</a></nav>", "menu.html")) == [("paragraph", "Prices")]
    assert "Prices" not in parse("<nav>Prices</nav><p>Words.</p>", "page.html").text


TABLE = """<table><caption>Prices</caption>
<tr><th>Name</th><th colspan="2">Price</th></tr>
<tr><td rowspan="2" id="lamp">Lamp<ul><li>oil</li><li>gas</li></ul></td><td>12</td><td>EUR</td></tr>
<tr><td>13</td><td>USD</td></tr>
<tr><td>Set</td><td colspan="2">see <table><tr><td>left</td><td>right</td></tr></table></td></tr></table>"""


def test_tables_that_span_and_nest(parse) -> None:
    parsed = parse(TABLE, "prices.html")
    assert outline(parsed) == [
        ("caption", "Prices"),
        ("table_header", "Name | Price"),
        ("table_row", "Lamp oil gas | 12 | EUR"),
        ("table_row", "| 13 | USD"),
        ("table_row", "Set | see left right"),
    ]
    assert find(parsed, "Lamp").cells[0].locator.part == "#lamp"
    layout = "<table><tr><td>menu</td><td><table><tr><td>a</td><td>1</td></tr></table></td></tr></table>"
    assert outline(parse(layout, "layout.html")) == [("paragraph", "menu"), ("table_row", "a | 1")]


def test_formulas_definitions_and_xhtml(parse) -> None:
    page = (
        '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="a.js"/></head>'
        "<body><p>E is <math><mi>m</mi><mi>c</mi></math>.</p><dl><dt>Lumen</dt><dd>amount of light</dd></dl>"
        "<figure><img src='a.png' alt='A lamp'/><figcaption>Figure 1</figcaption></figure></body></html>"
    )
    parsed = parse(page, "page.xhtml")
    assert outline(parsed) == [
        ("paragraph", "E is mc ."),
        ("list_item", "Lumen"),
        ("list_item", "amount of light"),
        ("paragraph", "A lamp"),
        ("caption", "Figure 1"),
    ]
    assert find(parsed, "amount").level == 2
