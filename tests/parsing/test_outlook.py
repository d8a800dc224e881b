"""Outlook messages, written here property by property: text, people, attachments, messages within messages."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pytest

from citewell.errors import ParseError
from citewell.parsing import ParserPool, compressed_rtf
from tests.parsing.conftest import outline
from tests.parsing.tiny_ole import compound_file

SUBJECT, BODY, HTML, RTF, MESSAGE_ID, REFERENCES = 0x0037, 0x1000, 0x1013, 0x1009, 0x1035, 0x1039
SENDER, SENDER_SMTP, TO = 0x0C1A, 0x5D01, 0x0E04
NAME, SMTP, EXCHANGE = 0x3001, 0x39FE, 0x3003
DATA, FILE_NAME, SHORT_NAME, MIME_TYPE, CONTENT_ID = 0x3701, 0x3707, 0x3704, 0x370E, 0x3712
SENT, KIND, METHOD, CODE_PAGE = 0x0039, 0x0C15, 0x3705, 0x3FFD
PROPERTIES = "__properties_version1.0"

Properties = dict[int, str | bytes | int | datetime]


def storage(properties: Properties, header: int, path: str = "") -> dict[str, bytes]:
    """Streams of one storage: texts and bytes in streams of their own, numbers and times in the table."""
    streams, table = {}, bytes(header)
    for number, value in properties.items():
        if isinstance(value, str):
            streams[f"{path}__substg1.0_{number:04X}001F"] = value.encode("utf-16-le")
        elif isinstance(value, bytes):
            streams[f"{path}__substg1.0_{number:04X}0102"] = value
        elif isinstance(value, int):
            table += struct.pack("<HHIQ", 3, number, 6, value)
        else:
            ticks = int((value - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10_000_000
            table += struct.pack("<HHIQ", 0x40, number, 6, ticks)
    return {**streams, f"{path}{PROPERTIES}": table}


def message(
    properties: Properties,
    people: list[Properties] | None = None,
    files: list[Properties | dict[str, bytes]] | None = None,
    path: str = "",
) -> dict[str, bytes]:
    streams = storage(properties, 24 if path else 32, path)
    for number, person in enumerate(people or ()):
        streams |= storage(person, 8, f"{path}__recip_version1.0_#{number:08X}/")
    for number, file in enumerate(files or ()):
        folder = f"{path}__attach_version1.0_#{number:08X}/"
        inner = {f"{folder}{key}": value for key, value in file.items() if isinstance(key, str)}
        own: Properties = {key: value for key, value in file.items() if isinstance(key, int)}
        streams |= storage(own, 8, folder) | inner
    return streams


LETTER: Properties = {
    SUBJECT: "Prices für 2024", BODY: "Hello Ben,\r\n\r\nit costs 12.\r\n\r\n> What does it cost?\r\n", SENDER: "Anna",
    SENDER_SMTP: "anna@example.com", SENT: datetime(2024, 3, 5, 9, tzinfo=UTC), MESSAGE_ID: "<2@x>",
    REFERENCES: "<1@x>",
}  # fmt: skip
PEOPLE: list[Properties] = [
    {NAME: "Ben", SMTP: "ben@example.com", KIND: 1}, {NAME: "Carl", EXCHANGE: "/O=EXAMPLE/CN=CARL", KIND: 2},
    {NAME: "dora@example.com", SMTP: "dora@example.com", KIND: 2}, {NAME: "Hidden", SMTP: "h@example.com", KIND: 3},
]  # fmt: skip


def test_a_message_reads_like_a_mail(parse) -> None:
    parsed = parse(compound_file(message(LETTER, PEOPLE)), "prices.msg")
    assert (parsed.title, parsed.media_type) == ("Prices für 2024", "application/vnd.ms-outlook")
    assert parsed.modified_at == "2024-03-05T09:00:00+00:00"
    assert outline(parsed) == [
        ("field", "From: Anna <anna@example.com>"), ("field", "To: Ben <ben@example.com>"),
        ("field", "Cc: Carl, dora@example.com"), ("field", "Date: Tue, 05 Mar 2024 09:00:00 +0000"),
        ("field", "Subject: Prices für 2024"), ("paragraph", "Hello Ben,"), ("paragraph", "it costs 12."),
        ("quote", "What does it cost?"),
    ]  # fmt: skip
    assert parsed.metadata["thread"] == "1@x"
    assert "Hidden" not in parsed.text
    assert parse(compound_file(message({**LETTER, TO: "Ben; Eva"})), "noext").metadata["to"] == "Ben; Eva"


def test_texts_in_a_code_page(parse) -> None:
    streams = message({CODE_PAGE: 1251, SENDER: "x"})
    streams["__substg1.0_1000001E"] = "Привет всем".encode("cp1251")
    assert "Привет всем" in parse(compound_file(streams), "a.msg").text


def test_html_and_rich_text_stand_in_for_plain_text(parse) -> None:
    page = "<h1>News</h1><p>We moved to Straße 5.</p>".encode()
    found = outline(parse(compound_file(message({SENDER: "x", HTML: page, BODY: " \r\n"})), "a.msg"))
    assert ("heading", "News") in found and ("paragraph", "We moved to Straße 5.") in found
    rich = rb"{\rtf1\ansi\deff0{\fonttbl{\f0 Arial;}}\f0 We moved to Oslo.\par And to Bergen.}"
    for packed in (struct.pack("<4I", len(rich) + 12, len(rich), 0x414C454D, 0) + rich, literal(rich)):
        text = parse(compound_file(message({SENDER: "x", RTF: packed})), "a.msg").text
        assert "We moved to Oslo." in text and "And to Bergen." in text


def literal(rich: bytes) -> bytes:
    """Rich text packed without any reference: a zero byte of flags before every eight bytes, then the end mark."""
    end = (207 + len(rich)) % 4096 << 4  # a reference to its own place
    groups = [rich[at : at + 8] for at in range(0, len(rich) - 7, 8)]
    rest = rich[8 * len(groups) :]
    content = b"".join(b"\x00" + group for group in groups) + bytes([1 << len(rest)]) + rest + end.to_bytes(2, "big")
    return struct.pack("<4I", len(content) + 12, len(rich), 0x75465A4C, 0) + content


def test_the_packed_form_of_the_specification() -> None:
    # The two worked examples of [MS-OXRTFCP], section 3.
    simple = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert compressed_rtf.unpack(simple) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    crossing = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
    assert compressed_rtf.unpack(crossing) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"
    assert compressed_rtf.unpack(simple[:30]) == b"{\\rtf1\\ansi\\ansicpg1252"  # cut off
    assert compressed_rtf.unpack(b"short") == compressed_rtf.unpack(bytes(40)) == b""


def test_attachments_are_members(parse, pool: ParserPool) -> None:
    table = b"name,price\nlamp,12\n"
    files: list[Properties | dict[str, bytes]] = [
        {FILE_NAME: "prices of all lamps.csv", SHORT_NAME: "PRICES~1.CSV", DATA: table, METHOD: 1},
        {SHORT_NAME: "A.TXT", DATA: b"x" * 6000, METHOD: 1},
        {FILE_NAME: "logo.png", DATA: b"\x89PNG", METHOD: 1, CONTENT_ID: "logo@x", MIME_TYPE: "image/png"},
        {FILE_NAME: "smime.p7m", DATA: b"0\x82", METHOD: 1},
        {FILE_NAME: "smime.p7s", DATA: b"0\x82", METHOD: 1, MIME_TYPE: "application/pkcs7-signature"},
        {FILE_NAME: "chart", METHOD: 6},
        {FILE_NAME: "elsewhere.docx", METHOD: 4},
    ]  # fmt: skip
    data = compound_file(message(LETTER, PEOPLE, files))
    parsed = parse(data, "a.msg")
    assert [(each.name, each.size, each.reason) for each in parsed.members] == [
        ("prices of all lamps.csv", len(table), ""), ("A.TXT", 6000, ""), ("smime.p7m", 2, "encrypted"),
        ("chart", 0, "unsupported"), ("elsewhere.docx", 0, "unsupported"),
    ]  # fmt: skip
    assert "1 picture within the message was not looked at." in parsed.notes
    assert "The message is signed; the signature was not checked." in parsed.notes
    assert pool.extract(data, "a.msg", [1, 0]) == [b"x" * 6000, table]
    refused = pool.extract(data, "a.msg", [2])[0]
    assert isinstance(refused, ParseError) and refused.reason == "encrypted"


def test_a_message_within_a_message_is_a_mail(parse, pool: ParserPool) -> None:
    inside = message(
        {**LETTER, SUBJECT: "Inner: größer"}, PEOPLE, [{FILE_NAME: "für.txt", DATA: b"deep", METHOD: 1}],
        "__substg1.0_3701000D/",
    )  # fmt: skip
    data = compound_file(message({**LETTER, SUBJECT: "Outer"}, PEOPLE, [{NAME: "Inner/größer", METHOD: 5, **inside}]))
    parsed = parse(data, "a.msg")
    assert [member.name for member in parsed.members] == ["Inner-größer.eml"]
    mail = pool.extract(data, "a.msg", [0])[0]
    assert isinstance(mail, bytes) and len(mail) == parsed.members[0].size
    inner = parse(mail, parsed.members[0].name)
    assert inner.title == "Inner: größer"
    assert inner.modified_at == "2024-03-05T09:00:00+00:00"
    assert ("field", "Cc: Carl, dora@example.com") in outline(inner)
    assert ("quote", "What does it cost?") in outline(inner)
    assert [member.name for member in inner.members] == ["für.txt"]
    assert pool.extract(mail, "x.eml", [0]) == [b"deep"]


def test_damaged_messages(refused) -> None:
    data = compound_file(message(LETTER, PEOPLE))
    assert refused(data[:1500], "a.msg").reason in {"corrupt", "unsupported"}
    assert refused(compound_file({"Other": b"x"}), "a.msg").reason in {"corrupt", "unsupported"}
    nested = compound_file({f"folder/{PROPERTIES}": bytes(32), "other": b"x"})
    assert refused(nested, "a.bin").reason == "unsupported"  # holds a message, is none


@pytest.mark.parametrize("at", range(0, 4000, 97))
def test_a_flipped_byte_never_breaks_out(pool: ParserPool, at: int) -> None:
    data = bytearray(compound_file(message(LETTER, PEOPLE, [{FILE_NAME: "a.txt", DATA: b"x" * 700, METHOD: 1}])))
    data[512 + at % (len(data) - 512)] ^= 0xFF
    try:
        pool.parse(bytes(data), "a.msg")
    except ParseError as error:
        assert error.reason in {"corrupt", "unsupported", "no_text"}
