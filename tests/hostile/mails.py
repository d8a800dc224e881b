"""Mails and mailboxes nested in each other, with too many parts, and with header fields no program writes."""

from __future__ import annotations

from collections.abc import Iterator

from tests.hostile.bombs import GIGABYTE, TRAVERSAL, flat
from tests.hostile.case import Case, case
from tests.hostile.seeds import WORDS, mail


def cases() -> Iterator[Case]:
    for depth in (*range(1, 21, 3), 100, 400):
        yield case("nested", "eml", f"{depth:03}-deep", nested_mail, depth)
        yield case("nested", "attached.eml", f"{depth:03}-deep", nested_attachment, min(depth, 40))
    yield case("nested", "parts.eml", "multipart-500", _nested_parts, 500)
    yield case("mail", "eml", "parts-20000", _many_parts, 20_000)
    yield case("mail", "eml", "boundary-empty", lambda: mail().replace(b'"cut"', b'""'))
    yield case("mail", "eml", "boundary-long", lambda: mail().replace(b"cut", b"c" * 100_000))
    yield case("mail", "eml", "headers-100000", lambda: b"X: y\r\n" * 100_000 + mail())
    yield case("mail", "eml", "header-1-MB", lambda: b"Subject: " + b"=?utf-8?q?a?= " * 70_000 + b"\r\n" + mail())
    yield case("mail", "eml", "addresses-50000", lambda: b"To: " + b"a@b.c, " * 50_000 + b"\r\n" + mail())
    yield case("mail", "eml", "address-brackets", lambda: b"To: " + b"<" * 20_000 + b"\r\n" + mail())
    yield case("mail", "eml", "address-comments", lambda: b"From: " + b"(" * 20_000 + b"\r\n" + mail())
    yield case("mail", "eml", "parameters", lambda: mail().replace(b"charset=utf-8", b"; a*0=x" * 5_000))
    yield case("mail", "eml", "charset-unknown", lambda: mail().replace(b"utf-8", b"rot_13"))
    yield case("mail", "eml", "charset-codec", lambda: mail().replace(b"utf-8", b"zlib_codec"))
    yield case("mail", "eml", "charset-idna", lambda: mail("x" * 300_000).replace(b"utf-8", b"idna"))
    yield case(
        "mail", "eml", "charset-punycode", lambda: mail("x-" * 60_000 + "9" * 60_000).replace(b"utf-8", b"punycode")
    )
    yield case("mail", "eml", "base64-broken", lambda: mail(attachment=b"====" * 9000).replace(b"8bit", b"base64"))
    yield case(
        "mail", "eml", "uuencode", lambda: mail(attachment=b"begin 644 ../x\n" * 9000).replace(b"8bit", b"x-uuencode")
    )
    yield case("mail", "eml", "zip-attached", lambda: mail(attachment=flat(GIGABYTE), name="../../bomb.zip"))
    yield case("mail", "mbox", "20000-mails", lambda: b"From a Sun Mar  3 10:00:00 2024\nSubject: x\n\ny\n\n" * 20_000)
    yield case("mail", "mbox", "from-lines", lambda: b"From \n" * 200_000)
    for number, name in enumerate(TRAVERSAL):
        yield case(
            "names", "eml", f"{number:02}", lambda name=name: mail(name=name.encode("utf-8", "replace").decode())
        )


def nested_mail(depth: int) -> bytes:
    """Each mail is the ``message/rfc822`` part of the next."""
    data = b"Subject: kernel\r\n\r\n" + WORDS.encode()
    for level in range(depth):
        data = b"Subject: level %d\r\nContent-Type: message/rfc822\r\n\r\n" % level + data
    return data


def nested_attachment(depth: int) -> bytes:
    data = mail()
    for level in range(depth):
        cut = b"cut%d" % level
        data = mail(f"level {level}", data, f"level-{level}.eml").replace(b"cut", cut, 1)
        data = data.replace(b"\r\n--cut\r\n", b"\r\n--" + cut + b"\r\n", 2)
        data = data[: data.rindex(b"--cut--")] + b"--" + cut + b"--\r\n"
    return data


def _nested_parts(depth: int) -> bytes:
    head = b"Subject: parts\r\n"
    for level in range(depth):
        head += b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level)
    return head + b"\r\n" + WORDS.encode()


def _many_parts(count: int) -> bytes:
    part = b"--cut\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nx\r\n"
    return b'Subject: many\r\nContent-Type: multipart/mixed; boundary="cut"\r\n\r\n' + part * count + b"--cut--\r\n"
