"""XML: prose, lists, tables and records, each with line and path; entities are refused."""

from __future__ import annotations

import pytest

from tests.parsing.conftest import find, outline

ARTICLE = """<?xml version="1.0"?>
<!DOCTYPE article PUBLIC "-//X//DTD Y//EN" "article.dtd">
<article>
  <front><title-group><article-title>On <i>lamps</i></article-title></title-group></front>
  <body>
    <sec>
      <title>Results</title>
      <p>They give <b>light</b> at 10<sup>2</sup> lux&mdash;always.</p>
      <p>Kinds:
        <list><list-item><p>oil</p></list-item><list-item><p>gas</p></list-item></list>
      end.</p>
      <table-wrap>
        <caption><title>Prices</title></caption>
        <table>
          <thead><tr><th>Name</th><th>Price</th></tr></thead>
          <tbody><tr><td rowspan="2">lamp</td><td>12</td></tr><tr><td>13</td></tr></tbody>
        </table>
      </table-wrap>
      <sec><title>Inner</title><p>Deep words.</p></sec>
    </sec>
    <sec><title>End</title><p>Last.</p></sec>
  </body>
</article>
"""


def test_an_article(parse) -> None:
    parsed = parse(ARTICLE, "article.xml")
    assert (parsed.title, parsed.media_type) == ("On lamps", "application/xml")
    assert outline(parsed) == [
        ("heading", "On lamps"),
        ("heading", "Results"),
        ("paragraph", "They give light at 102 lux—always."),
        ("paragraph", "Kinds:"),
        ("list_item", "oil"),
        ("list_item", "gas"),
        ("paragraph", "end."),
        ("caption", "Prices"),
        ("table_header", "Name | Price"),
        ("table_row", "lamp | 12"),
        ("table_row", "lamp | 13"),  # a row is found without the one above it
        ("heading", "Inner"),
        ("paragraph", "Deep words."),
        ("heading", "End"),
        ("paragraph", "Last."),
    ]
    deep = find(parsed, "Deep words")
    assert deep.heading_path[-2:] == ("Results", "Inner")
    assert deep.locator.part == "/article/body/sec[1]/sec/p"
    first, last = deep.locator.lines
    assert "Deep words" in ARTICLE.split("\n")[first - 1] and first == last
    assert find(parsed, "Last.").heading_path == ("End",)


def test_records_become_rows(parse) -> None:
    data = """<shop><owner>Anna Smith</owner>
<item id="7"><name>Lamp</name><price currency="EUR">12</price></item>
<item><name>Desk &amp; chair</name><price>30</price></item></shop>"""
    parsed = parse(data, "shop.xml")
    assert outline(parsed) == [
        ("field", "owner: Anna Smith"),
        ("table_row", "name: Lamp | price: 12"),
        ("table_row", "name: Desk & chair | price: 30"),
    ]
    assert find(parsed, "Desk").locator.part == "/shop/item[2]"
    assert find(parsed, "Desk").locator.lines == (3, 3)


def test_facts_in_attributes(parse) -> None:
    parsed = parse('<list><city name="Bonn" people="330000"/><city name="Ulm" people="126000"/></list>', "cities.xml")
    assert outline(parsed) == [
        ("table_row", "name: Bonn | people: 330000"),
        ("table_row", "name: Ulm | people: 126000"),
    ]


def test_a_feed_with_html_in_it(parse) -> None:
    feed = (
        "<rss><channel><title>News</title><item><title>Lamp sold</title><pubDate>Tue, 05 Mar 2024 10:00:00 +0100"
        "</pubDate><description>&lt;p&gt;The &lt;b&gt;last&lt;/b&gt; one.&lt;/p&gt;&lt;p style='display:none'&gt;secret"
        "&lt;/p&gt;</description></item></channel></rss>"
    )
    parsed = parse(feed, "news.xml")
    assert (parsed.title, parsed.modified_at) == ("News", "2024-03-05T10:00:00+01:00")
    assert ("paragraph", "The last one.") in outline(parsed)
    assert "secret" not in parsed.text and parsed.hidden[0].text == "secret"


def test_patents_name_their_pictures_as_entities(parse) -> None:
    data = '<!DOCTYPE p SYSTEM "p.dtd" [\n<!ENTITY one SYSTEM "one.tif" NDATA TIF>\n]>\n<p><para>A claim.</para></p>'
    parsed = parse(data, "patent.xml")
    assert outline(parsed) == [("paragraph", "A claim.")]
    assert find(parsed, "A claim").locator.lines == (4, 4)


@pytest.mark.parametrize(
    "subset",
    ['<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">', '<!ENTITY a SYSTEM "file:///etc/passwd">',
     '<!ENTITY % a SYSTEM "http://127.0.0.1:9/x"> %a;'],
)  # fmt: skip
def test_entities_are_refused(refused, subset: str) -> None:
    error = refused(f"<!DOCTYPE x [{subset}]><x><p>words &a;</p></x>", "x.xml")
    assert error.reason == "corrupt" and "entities" in str(error)


def test_what_is_not_well_formed_is_read_as_lines(parse) -> None:
    parsed = parse("<a><b>words that matter</a>", "a.xml")
    assert "words that matter" in parsed.text
    assert "not well-formed" in parsed.notes[0]


def test_markup_for_programs_stays_code(parse) -> None:
    data = "<beans>\n" + '  <bean id="lamp" class="org.example.shop.Lamp" scope="single"/>\n' * 20 + "</beans>\n"
    parsed = parse(data, "beans.xml")
    assert {block.kind for block in parsed.blocks} == {"code"}
    assert parsed.media_type == "application/xml"


def test_data_with_long_names_is_data(parse) -> None:
    row = "<measurement><temperature-in-celsius>7</temperature-in-celsius><humidity>9</humidity></measurement>"
    parsed = parse(f"<station>{row * 20}</station>", "station.xml")
    assert [block.kind for block in parsed.blocks] == ["table_row"] * 20


def test_other_encodings(parse) -> None:
    data = '<?xml version="1.0" encoding="utf-16"?><doc><p>Größe über alles</p></doc>'.encode("utf-16")
    assert outline(parse(data, "doc.xml")) == [("paragraph", "Größe über alles")]
    latin = '<?xml version="1.0" encoding="iso-8859-1"?><doc><p>Größe</p></doc>'.encode("latin-1")
    assert outline(parse(latin, "doc.xml")) == [("paragraph", "Größe")]


FRONT = """<article><front><article-meta>
<article-categories><subj-group><subject>Biology</subject></subj-group></article-categories>
<title-group><article-title>On lamps</article-title></title-group>
<contrib-group>
  <contrib><name><surname>Wolf</surname><given-names>Gernot</given-names></name><xref>1</xref><email>g@a.example</email></contrib>
  <contrib><name><surname>Sun</surname><given-names>Ming-An</given-names></name><email>m@a.example</email></contrib>
</contrib-group>
</article-meta></front><body><sec><title>Light</title><p>It falls off:</p>
<disp-formula><label>(1)</label><alternatives><graphic/><tex-math>E = I / d^2</tex-math></alternatives></disp-formula>
<disp-formula><label>(2)</label><alternatives><graphic/><tex-math>I = 3</tex-math></alternatives></disp-formula>
</sec></body></article>"""


def test_front_matter_names_people_and_numbered_formulas_are_paragraphs(parse) -> None:
    assert outline(parse(FRONT, "article.xml")) == [
        ("heading", "On lamps"),
        ("field", "contrib.name: Gernot Wolf\ncontrib.email: g@a.example\n"
                  "contrib.name: Ming-An Sun\ncontrib.email: m@a.example"),
        ("heading", "Light"),
        ("paragraph", "It falls off:"),
        ("paragraph", "(1) E = I / d^2"),
        ("paragraph", "(2) I = 3"),
    ]  # fmt: skip
