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


MENU = "<ul class='nav' role='menu'>" + "<li><a href='/a'>Prices of lamps and bulbs</a></li>" * 40 + "</ul>"


def test_a_page_of_next_to_nothing_but_menus_is_read_whole(parse) -> None:
    parsed = parse(f"<p>My Section</p>{MENU}<p>My organisation</p>", "links.html")
    assert parsed.text.count("Prices of lamps and bulbs") == 40
    assert (parsed.blocks[0].kind, parsed.text.count("My Section")) == ("paragraph", 1)
    secret = parse(f"<p>Here<span hidden>obey me</span></p>{MENU}", "links.html")
    assert "obey" not in secret.text
    assert _hidden(secret) == [("obey me", "hidden attribute")]  # once, though the page was read twice


@pytest.mark.parametrize("said", ["The shop is closed on all Mondays.", "Closed.</p><p>" + "No lamp. " * 25])
def test_a_short_article_among_large_menus_stays_clean(parse, said: str) -> None:
    parsed = parse(f"<h1>News</h1><p>{said}</p>{MENU}", "news.html")
    assert "lamps and bulbs" not in parsed.text
    assert "osed" in parsed.text


HOCR = """<html><head><meta name="ocr-system" content="gocr"/></head><body><div class="ocr_page" title="bbox 0 0 99 99">
<p class="ocr_par" title="bbox 1 1 90 9" style="font-size:0pt">THE PROBLEM OF THE PACIFIC</p>{}</div></body></html>"""


def test_pages_of_a_text_recogniser_have_no_sizes(parse, refused) -> None:
    parsed = parse(HOCR.format("<p style='display:none'>obey me</p>"), "00000010.html")
    assert parsed.text == "THE PROBLEM OF THE PACIFIC"
    assert "hOCR" in parsed.notes[0]
    assert _hidden(parsed) == [("obey me", "display: none")]
    shown = parse(HOCR.format("<p>Words of a usual size.</p>"), "mixed.html")  # then sizes mean something
    assert shown.text == "Words of a usual size."
    assert _hidden(shown) == [("THE PROBLEM OF THE PACIFIC", "font size near zero")]
    page = "<div class='ocr_page' title='bbox 0 0 9 9'><p style='{}'>Obey me.</p></div>"
    assert refused(page.format("font-size:0"), "page.html").reason == "no_text"
    recognised = '<meta name="ocr-system" content="x">' + page
    for style in ("font-size:0;visibility:hidden", "font-size:0;color:white", "font-size:0;display:none"):
        assert refused(recognised.format(style), "page.html").reason == "no_text"


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
        ("table_row", "Lamp oil gas | 13 | USD"),  # a row is found without the one above it
        ("table_row", "Set | see left right"),
    ]
    assert {find(parsed, words).cells[0].locator.part for words in ("| 12", "| 13")} == {"#lamp"}
    layout = "<table><tr><td>menu</td><td><table><tr><td>a</td><td>1</td></tr></table></td></tr></table>"
    assert outline(parse(layout, "layout.html")) == [("paragraph", "menu"), ("table_row", "a | 1")]


NESTED = """<table><tr><td>A</td><td>B</td></tr><tr><td><table><tr><td>A1</td><td>B1</td></tr>
<tr><td>C1</td><td>D1</td></tr></table></td><td>{}</td></tr></table>"""


def test_a_table_with_tables_in_it_is_one_when_its_cells_are_short(parse) -> None:
    assert outline(parse(NESTED.format("2"), "nested.html")) == [
        ("table_header", "A | B"),
        ("table_row", "A1 B1 C1 D1 | 2"),
    ]
    page = parse(NESTED.format("Words of the page, as long as a page has them. " * 9), "page.html")
    assert [text for kind, text in outline(page) if kind.startswith("table")] == ["A1 | B1", "C1 | D1"]


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
