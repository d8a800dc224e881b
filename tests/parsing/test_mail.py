"""Mails and mailboxes: text, quotes, threads, attachments as members, and what cannot be read."""

from __future__ import annotations

from email import policy
from email.message import EmailMessage, MIMEPart

import pytest

from citewell.errors import ParseError
from citewell.parsing import ParserPool, supported
from tests.parsing.conftest import outline

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


TEXT = "Hello Ben,\n\nthe price is 12 euros.\n"


def mail(subject: str = "Prices für 2024", text: str = TEXT, **headers: str) -> EmailMessage:
    message = EmailMessage(policy=policy.SMTP)
    message["From"], message["To"], message["Subject"] = "Anna <anna@example.com>", "ben@example.com", subject
    message["Date"] = "Tue, 05 Mar 2024 10:00:00 +0100"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def members(parsed) -> list[tuple[str, str]]:
    return [(member.name, member.reason) for member in parsed.members]


def test_a_mail_is_its_fields_and_its_plain_text(parse) -> None:
    message = mail(text=TEXT + "\n> What does the lamp cost?\n>> Which lamp?\n\n-- \nAnna\n")
    message.add_alternative("<p>the html twin</p>", subtype="html")
    parsed = parse(message.as_bytes(), "prices.eml")
    assert parsed.title == "Prices für 2024"
    assert parsed.modified_at == "2024-03-05T10:00:00+01:00"
    found = outline(parsed)
    assert ("field", "From: Anna <anna@example.com>") in found
    assert ("paragraph", "the price is 12 euros.") in found
    assert ("quote", "What does the lamp cost?") in found
    assert ("quote", "Which lamp?") in found
    assert "html twin" not in parsed.text
    assert parsed.members == parsed.notes == ()
    assert {block.locator.part for block in parsed.blocks} >= {"body", "From field"}


def test_html_stands_in_where_there_is_no_plain_text(parse) -> None:
    message = mail(text="")
    message.add_alternative("<h1>News</h1><p>We moved.</p><blockquote>Where are you?</blockquote>", subtype="html")
    found = outline(parse(message.as_bytes(), "a.eml"))
    assert ("heading", "News") in found
    assert ("paragraph", "We moved.") in found
    assert any(kind == "quote" and "Where" in text for kind, text in found)


def test_attachments_are_members_with_their_bytes(parse, pool: ParserPool) -> None:
    message = mail()
    prices, letter = b"name,price\nlamp,12\n", "Grüße".encode("latin-1")
    message.add_attachment(prices, maintype="text", subtype="csv", filename="../prices.csv")
    message.add_attachment(prices, maintype="text", subtype="csv", filename="prices.csv")
    message.add_attachment(letter, maintype="text", subtype="plain", filename="für Ben.txt")
    message.add_attachment(b"BEGIN:VCALENDAR", maintype="text", subtype="calendar")
    message.add_attachment(PNG, maintype="image", subtype="png", filename="scan.png")
    data = message.as_bytes()
    parsed = parse(data, "a.eml")
    assert [name for name, _ in members(parsed)] == [
        "prices.csv", "prices (2).csv", "für Ben.txt", "part 4.ics", "scan.png",
    ]  # fmt: skip
    assert pool.extract(data, "a.eml", range(5)) == [prices, prices, letter, b"BEGIN:VCALENDAR", PNG]
    assert [member.size for member in parsed.members][:2] == [len(prices)] * 2
    assert "lamp" not in parsed.text  # a document of its own


def test_a_file_in_the_alternative_that_is_not_shown_is_still_a_member(parse) -> None:
    message = mail()
    message.add_alternative("<p>twin</p>", subtype="html")
    rich = message.get_payload()[1]
    rich.add_related(PNG, maintype="image", subtype="png", cid="<logo>")
    rich.make_mixed()
    rich.add_attachment(b"a,b\n1,2\n", maintype="text", subtype="csv", filename="table.csv")
    parsed = parse(message.as_bytes(), "a.eml")
    assert members(parsed) == [("table.csv", "")]
    assert "twin" not in parsed.text


def test_pictures_within_the_message_are_counted(parse) -> None:
    message = mail(text="")
    message.add_alternative("<p>See <img src='cid:a'></p>", subtype="html")
    for name in ("a", "b", "c"):
        message.get_payload()[1].add_related(PNG, maintype="image", subtype="png", cid=f"<{name}>")
    parsed = parse(message.as_bytes(), "a.eml")
    assert parsed.members == ()
    assert parsed.notes == ("3 pictures or sounds within the message were not looked at.",)


def test_forwarded_mails_are_mails_again(parse, pool: ParserPool) -> None:
    message = mail("Original", "the first words")
    for depth in range(3):
        outer = mail(f"Fwd {depth}/x", "see below")
        outer.add_attachment(message)
        message = outer
    data, names = message.as_bytes(), []
    while (parsed := parse(data, "a.eml")).members:
        names.append(parsed.members[0].name)
        data = pool.extract(data, "a.eml", [0])[0]
    assert names == ["Fwd 1-x.eml", "Fwd 0-x.eml", "Original.eml"]
    assert "the first words" in parsed.text


def test_a_thread_has_one_name(parse) -> None:
    def thread(subject: str = "Lamp", **headers: str) -> str:
        return parse(mail(subject, **headers).as_bytes(), "a.eml").metadata["thread"]

    first = {"Message_ID": "<1@example.com>"}
    assert thread(**first) == "1@example.com"
    assert thread(Message_ID="<2@example.com>", In_Reply_To="<1@example.com>") == "1@example.com"
    late = {
        "Message_ID": "<3@example.com>",
        "In_Reply_To": "<2@example.com>",
        "References": "<1@example.com> <2@example.com>",
    }
    assert thread(**late) == "1@example.com"
    assert thread("Re: AW: [2] Lamp") == "[2] lamp"
    assert thread("RE: Fwd: Lamp") == thread("Lamp") == "lamp"
    found = parse(mail(Cc="carl@example.com", **late).as_bytes(), "a.eml").metadata
    assert (found["message_id"], found["in_reply_to"]) == ("3@example.com", "2@example.com")
    assert (found["from"], found["to"], found["cc"]) == (
        "Anna <anna@example.com>",
        "ben@example.com",
        "carl@example.com",
    )
    assert found["date"].startswith("Tue, 05 Mar 2024")


def part(kind: str, data: bytes, name: str = "", **parameters: str) -> MIMEPart:
    main, sub = kind.split("/")
    found = MIMEPart(policy=policy.SMTP)
    found.set_content(data, main, sub, filename=name or None, params=parameters or None)
    return found


@pytest.mark.parametrize(
    ("attached", "reason", "words"),
    [
        (part("application/pkcs7-mime", b"0\x82", "smime.p7m", smime_type="enveloped-data"), "encrypted", "S/MIME"),
        (part("application/octet-stream", b"0\x82", "smime.p7m"), "encrypted", "S/MIME"),
        (part("application/octet-stream", b"-----BEGIN PGP MESSAGE-----\nxx", "encrypted.asc"), "encrypted", "PGP"),
        (part("application/ms-tnef", b"\x78\x9f", "winmail.dat"), "unsupported", "TNEF"),
        (part("application/octet-stream", b"\xd0\xcf", "message.rpmsg"), "encrypted", "rights"),
    ],
)  # fmt: skip
def test_what_hides_its_content_is_said(parse, pool: ParserPool, attached: MIMEPart, reason: str, words: str) -> None:
    message = mail()
    message.make_mixed()
    message.attach(attached)
    parsed = parse(message.as_bytes(), "a.eml")
    assert [reason for _, reason in members(parsed)] == [reason]
    assert any(words in note for note in parsed.notes)
    assert words in parsed.members[0].message
    refusal = pool.extract(message.as_bytes(), "a.eml", [0])[0]
    assert isinstance(refusal, ParseError) and refusal.reason == reason


def test_signed_mails(parse) -> None:
    opaque = mail()
    opaque.make_mixed()
    opaque.attach(part("application/pkcs7-mime", b"0\x82", "smime.p7m"))
    opaque.get_payload()[1].set_param("smime-type", "signed-data")
    assert [reason for _, reason in members(parse(opaque.as_bytes(), "a.eml"))] == ["unsupported"]
    for kind in ("application/pkcs7-signature", "application/pgp-signature"):
        clear = mail()
        clear.make_mixed()
        clear.attach(part(kind, b"0\x82", "smime.p7s"))
        parsed = parse(clear.as_bytes(), "a.eml")
        assert parsed.members == ()
        assert parsed.notes == ("The message is signed; the signature was not checked.",)
        assert "12 euros" in parsed.text


def test_a_pgp_message_in_the_text(parse) -> None:
    parsed = parse(
        mail(text="Hello\n\n-----BEGIN PGP MESSAGE-----\nhQEMA\n-----END PGP MESSAGE-----\n").as_bytes(), "a.eml"
    )
    assert "hQEMA" not in parsed.text
    assert any("PGP" in note for note in parsed.notes)


def test_odd_mails(parse, refused) -> None:
    assert refused("just some words\n", "not.eml").reason == "corrupt"
    bounced = (
        b"From: daemon@example.com\nContent-Type: multipart/report; boundary=b\n\n--b\nContent-Type: text/plain\n\n"
        b"Not delivered.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nStatus: 5.1.1\n--b--\n"
    )
    text = parse(bounced, "bounce.eml").text
    assert "Not delivered." in text and "Status: 5.1.1" in text
    broken = b"From: a@example.com\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nheld"
    assert "held" in parse(broken, "cut.eml").text
    strange = (
        b"From: a@example.com\nContent-Type: text/plain; charset=nonsense\nDate: yesterday\n\nGr\xfc\xdfe an alle\n"
    )
    parsed = parse(strange, "odd.eml")
    assert "Grüße an alle" in parsed.text
    assert parsed.modified_at == ""
    assert "words" in parse("\ufeffFrom: a@example.com\n\nsome words".encode("utf-16-le"), "wide.eml").text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Grüße an alle\n", "cp1252"), ("Résumé", "cp1252"), ("Été à la plage où l'élève a mangé", "cp1252"),
        ("Hej på dig, vi ses i Göteborg på lördag", "cp1252"), ("It’s a “quote” – and dash — €5", "cp1252"),
        ("Zażółć gęślą jaźń. Proszę wysłać fakturę do końca", "iso8859-2"), ("Příliš žluťoučký kůň", "cp1250"),
        ("Привет, как дела? Пришлите счет до пятницы.", "cp1251"), ("Καλημέρα σας, στείλτε το τιμολόγιο", "cp1253"),
    ],
)  # fmt: skip
def test_a_body_without_a_known_encoding(parse, text: str, encoding: str) -> None:
    data = b"From: a@example.com\nContent-Type: text/plain; charset=unknown-8bit\n\n" + text.encode(encoding)
    assert text.strip() in parse(data, "a.eml").text


def boxed(*messages: EmailMessage) -> bytes:
    """As mail programs write a box: lines of the text that begin with From are escaped."""
    pieces = []
    for message in messages:
        lines = message.as_bytes(policy=policy.default).split(b"\n")
        escaped = [b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in lines]
        pieces.append(b"From anna@example.com Tue Mar  5 10:00:00 2024\n" + b"\n".join(escaped).rstrip(b"\n") + b"\n\n")
    return b"".join(pieces)


def test_a_mailbox_has_a_member_for_each_message(parse, pool: ParserPool) -> None:
    messages = [
        mail("Lamp/Desk", "From now on it costs 12.\n\n>From here\n\nFrom Monday: closed\n", Message_ID="<1@x>"),
        mail("Lamp/Desk", "Another.", Message_ID="<2@x>"),
        mail("Größe", "No id."),
    ]
    data = boxed(*messages)
    parsed = parse(data, "Inbox.mbox")
    assert (parsed.media_type, parsed.blocks) == ("application/mbox", ())
    names = [member.name for member in parsed.members]
    assert names[0].startswith("2024-03-05 Lamp-Desk ") and names[2].startswith("2024-03-05 Größe ")
    assert len(set(names)) == 3 and all(name.endswith(".eml") and supported(name) for name in names)
    first, _, third = pool.extract(data, "Inbox.mbox", range(3))
    assert isinstance(first, bytes) and isinstance(third, bytes)
    assert [text for kind, text in outline(parse(first, names[0])) if kind in {"paragraph", "quote"}] == [
        "From now on it costs 12.", "From here", "From Monday: closed",
    ]  # fmt: skip
    assert "No id." in parse(third, names[2]).text
    assert [member.name for member in parse(data.replace(b"\n", b"\r\n"), "Inbox").members][:2] == names[:2]


def test_new_mail_in_the_box_renames_no_other(parse) -> None:
    old = [mail("Lamp", "one", Message_ID="<1@x>"), mail("Lamp", "two"), mail("Lamp", "three", Message_ID="<3@x>")]
    before = {member.name for member in parse(boxed(*old), "a.mbox").members}
    added = mail("Lamp", "new", Message_ID="<0@x>")
    after = {member.name for member in parse(boxed(added, *old), "a.mbox").members}
    assert before < after and len(after) == 4
    fewer = {member.name for member in parse(boxed(*old[1:]), "a.mbox").members}
    assert fewer < before and len(fewer) == 2


def test_what_is_not_a_mailbox(parse, refused) -> None:
    assert parse("From here it is an hour to walk.\nTake the train.\n", "notes.txt").media_type == "text/plain"
    assert parse("From here it is an hour to walk.\nTake the train.\n", "notes").media_type == "text/plain"
    assert refused("Dear all,\nno mail here.\n", "a.mbox").reason == "corrupt"
