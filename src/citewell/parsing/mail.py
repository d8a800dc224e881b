"""Mail messages (.eml): header fields, the body, and attachments in place.

The plain text of a message is preferred to its HTML twin. Quoted replies stay, marked as quotes, because they are often
the question an answer belongs to. Attachments of supported types are parsed under a heading of their own.
"""

from __future__ import annotations

import email
import re
from collections.abc import Callable
from email import policy
from email.message import EmailMessage

from citewell.cleaning import clean_line
from citewell.errors import ParseError
from citewell.parsing import html, text
from citewell.parsing.builder import Builder
from citewell.parsing.dates import iso_date
from citewell.parsing.detect import supported
from citewell.parsing.encoding import decode
from citewell.parsing.parsed import Parsed
from citewell.records import Locator

Attachment = Callable[[bytes, str], Parsed]
"""Parses one attachment; raises :class:`ParseError`."""

_FIELDS = ("From", "To", "Cc", "Date", "Subject")
_QUOTE = re.compile(r"^((?:>[ ]?)+)(.*)$")
_MAX_ATTACHMENTS = 100


def read(data: bytes, out: Builder, *, attachment: Attachment) -> None:
    out.media_type = "message/rfc822"
    if b"\x00" in data[:200]:
        data = decode(data, out.name).encode()  # saved as UTF-16, which no mail is sent as
    message = email.message_from_bytes(data.lstrip(b"\r\n"), policy=policy.default)
    fields = {name: value for name in _FIELDS if (value := _header(message, name))}
    if not fields:
        raise ParseError(
            "corrupt",
            f"'{out.name}' is not a mail message: it has none of the header fields {', '.join(_FIELDS)}.",
        )
    out.title = fields.get("Subject", "")
    out.modified_at = iso_date(fields.get("Date", ""))
    out.metadata.update({name.lower(): value[:1000] for name, value in fields.items() if name != "Subject"})
    for name, value in fields.items():
        out.add("field", f"{name}: {value}", Locator(part=f"{name} field"))
    bodies, files = _parts(message)
    for body in bodies:
        _write_body(body, out)
    _write_attachments(files, out, attachment)


def _header(message: EmailMessage, name: str) -> str:
    """One header's text. The library raises on some malformed headers, so the raw value is the fallback."""
    try:
        value = message.get(name)
    except (ValueError, IndexError, TypeError, AttributeError, KeyError):
        value = next((raw for key, raw in message.raw_items() if key.lower() == name.lower()), "")
    return clean_line(str(value or ""))[:5000]


def _parts(message: EmailMessage) -> tuple[list[EmailMessage], list[EmailMessage]]:
    """Parts to show as the message's text, and parts that are files; one of several alternatives is shown."""
    bodies: list[EmailMessage] = []
    files: list[EmailMessage] = []
    stack = [message]
    while stack:
        part = stack.pop()
        kind = part.get_content_type()
        if kind == "message/rfc822":
            files.append(part)
        elif part.is_multipart():
            inner = [each for each in part.iter_parts() if isinstance(each, EmailMessage)]
            if kind == "multipart/alternative":
                inner = _alternative(inner)
            stack.extend(reversed(inner))
        elif kind in {"text/plain", "text/html"} and not part.is_attachment() and not part.get_filename():
            bodies.append(part)
        else:
            files.append(part)
    return bodies, files


def _alternative(parts: list[EmailMessage]) -> list[EmailMessage]:
    """The plain part when it says something, else the richest that is not plain."""
    plain = [part for part in parts if part.get_content_type() == "text/plain" and _payload(part).strip()]
    files = [part for part in parts if part.get_content_maintype() not in {"text", "multipart"}]
    rest = [part for part in parts if part.get_content_type() != "text/plain" and part not in files]
    return (plain[:1] or rest[-1:]) + files


def _payload(part: EmailMessage) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _write_body(part: EmailMessage, out: Builder) -> None:
    charset = part.get_content_charset() or ""
    content = decode(_payload(part), out.name, charset)
    place = len(out.blocks)
    if part.get_content_type() == "text/html":
        title, date, metadata = out.title, out.modified_at, dict(out.metadata)
        try:
            html.write(content, out)
        except ParseError:
            pass  # an empty HTML part: the header fields are still the message
        out.title, out.modified_at, out.metadata = title, date, metadata
    else:
        _write_plain(content, out)
    out.relocate(place, "body")


def _write_plain(content: str, out: Builder) -> None:
    """Runs of quoted lines become quotes of their depth, the rest is plain text."""
    run: list[str] = []
    depth = 0
    for line in [*content.replace("\r\n", "\n").split("\n"), None]:
        match = _QUOTE.match(line) if line is not None else None
        level = match[1].count(">") if match else 0
        if run and (line is None or level != depth):
            _write_run(run, depth, out)
            run = []
        depth = level
        if line is not None:
            run.append(match[2] if match else line)


def _write_run(run: list[str], depth: int, out: Builder) -> None:
    if not depth:
        text.write("\n".join(run), out)
        return
    for paragraph in re.split(r"\n\s*\n", "\n".join(run)):
        out.add("quote", paragraph, Locator(), level=depth)


def _write_attachments(files: list[EmailMessage], out: Builder, attachment: Attachment) -> None:
    listed: list[str] = []
    for number, part in enumerate(files[:_MAX_ATTACHMENTS], start=1):
        data, name = _file(part, number)
        listed.append(name)
        if not supported(name):
            out.notes.append(f"Attachment '{name}' is of a type that is not read yet.")
            continue
        try:
            parsed = attachment(data, name)
        except ParseError as error:
            out.notes.append(f"Attachment '{name}' was not read: {error}"[:1000])
            continue
        out.close_sections(1)
        out.heading(f"Attachment: {name}", 1, Locator(part=name))
        out.embed(parsed, name)
        out.notes.extend(f"Attachment '{name}': {note}"[:1000] for note in parsed.notes)
    if len(files) > _MAX_ATTACHMENTS:
        out.notes.append(f"{len(files) - _MAX_ATTACHMENTS} more attachments were not looked at.")
    if listed:
        out.metadata["attachments"] = listed


def _file(part: EmailMessage, number: int) -> tuple[bytes, str]:
    """Bytes and file name of an attachment; a forwarded mail becomes an ``.eml`` file again."""
    if part.get_content_type() == "message/rfc822":
        inner = next(iter(part.iter_parts()), None)
        data = inner.as_bytes() if isinstance(inner, EmailMessage) else b""
        subject = _header(inner, "Subject") if isinstance(inner, EmailMessage) else ""
        return data, f"{_file_name(subject) or f'message {number}'}.eml"
    given = part.get_filename() or ""
    return _payload(part), _file_name(given) or f"part {number}.{part.get_content_subtype()}"


def _file_name(text: str) -> str:
    """The last component of a name, without characters that could be a path."""
    return clean_line(text.replace("\\", "/").rsplit("/", 1)[-1])[:150]
