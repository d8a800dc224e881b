"""Mailboxes (mbox, RFC 4155): one member per message.

A message is named after its date, its subject and a hash of its Message-ID, so that new mail in the box, or mail that
leaves it, renames no other message.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from email.parser import BytesHeaderParser

from citewell.errors import ParseError
from citewell.parsing.builder import Builder
from citewell.parsing.dates import iso_date
from citewell.parsing.mail import POLICY, header
from citewell.parsing.members import Inner, Walk, collect

# "From ", a sender, a date with its year, then a header field; programs disagree about everything in between.
_START = re.compile(rb"From [^\r\n]{0,300}\r?\n(?=[!-9;-~]{1,80}:)")
_SEPARATOR = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\r\n\r\n))From [^\r\n]{0,300}\r?\n(?=[!-9;-~]{1,80}:)")
_ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)
_HEADERS_WITHIN = 100_000  # bytes of a message in which its header fields end


def read(data: bytes, out: Builder) -> None:
    out.media_type = "application/mbox"
    out.language = ""
    collect(walk(data, out.name), out)
    if not out.members:
        raise ParseError(
            "corrupt",
            f"'{out.name}' is not a mailbox: expected a line that begins with 'From ' and a header field after it, "
            f"found {data[:30]!r}.",
        )


def is_mailbox(data: bytes) -> bool:
    return _START.match(data[:2000].lstrip()) is not None


def walk(data: bytes, name: str) -> Walk:
    for start, end in _spans(data):
        yield _message(data, start, end)


def _spans(data: bytes) -> Iterator[tuple[int, int]]:
    start = None
    for match in _SEPARATOR.finditer(data):
        if start is not None:
            yield start, match.start()
        start = match.end()
    if start is not None:
        yield start, len(data)


def _message(data: bytes, start: int, end: int) -> Inner:
    head = re.split(rb"\r?\n\r?\n", data[start : min(end, start + _HEADERS_WITHIN)], maxsplit=1)[0]
    fields = BytesHeaderParser(policy=POLICY).parsebytes(head)
    key = header(fields, "Message-ID").encode() or hashlib.sha256(data[start:end]).digest()
    words = (
        iso_date(header(fields, "Date"))[:10],
        header(fields, "Subject").replace("/", "-").replace("\\", "-")[:80] or "without subject",
        hashlib.sha256(key).hexdigest()[:8],
    )
    label = " ".join(word for word in words if word)
    return Inner(f"{label}.eml", end - start, lambda: _ESCAPED.sub(rb"\1", data[start:end]))
