"""One mail message, whatever file it came in: header fields, bodies, attached files, and how they become a document.

Quoted replies stay, marked as quotes, because they are often the question an answer belongs to. Attached files are
members: documents of their own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage

from citewell.cleaning import clean_line
from citewell.errors import ParseError
from citewell.parsing import html, text
from citewell.parsing.builder import Builder
from citewell.parsing.dates import iso_date
from citewell.parsing.members import Inner, collect
from citewell.records import Locator

SHOWN_FIELDS = ("From", "To", "Cc", "Date", "Subject")
THREAD_FIELDS = ("Message-ID", "In-Reply-To", "References")

_QUOTE = re.compile(r"^((?:>[ ]?)+)(.*)$")
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,300})>")
# Reply and forward marks of English, German, French, Spanish, Italian, Dutch, Swedish, Polish and Portuguese programs.
_REPLY = re.compile(r"^\s*(?:re|fwd?|aw|wg|tr|rv|r|i|sv|vs|vb|antw|odp|enc|res)\s*(?:\[\d+\]|\(\d+\))?\s*:\s*", re.I)


@dataclass(frozen=True, slots=True)
class Letter:
    """fields: decoded header fields by their usual name. bodies: ("text" or "html", content), in order."""

    fields: dict[str, str]
    bodies: Sequence[tuple[str, str]]
    files: Sequence[Inner]
    notes: Sequence[str] = ()


def write(letter: Letter, out: Builder) -> None:
    """Append the message to a document."""
    fields = letter.fields
    out.title = fields.get("Subject", "")
    out.modified_at = iso_date(fields.get("Date", ""))
    for name in SHOWN_FIELDS:
        if value := fields.get(name):
            out.add("field", f"{name}: {value}", Locator(part=f"{name} field"))
            if name != "Subject":
                out.metadata[name.lower()] = value[:1000]
    out.metadata.update(_thread(fields))
    for kind, content in letter.bodies:
        _write_body(kind, content, out)
    out.notes.extend(letter.notes)
    collect(letter.files, out)


def _thread(fields: dict[str, str]) -> dict[str, str]:
    """What the message is called, what it answers, and one word that is the same for all messages of a thread."""
    own = _ids(fields.get("Message-ID", ""))[:1]
    answered = _ids(fields.get("In-Reply-To", ""))[:1]
    first = _ids(fields.get("References", ""))[:1]
    thread = next(iter(first + answered + own), "") or _topic(fields.get("Subject", ""))
    found = {"message_id": next(iter(own), ""), "in_reply_to": next(iter(answered), ""), "thread": thread}
    return {name: value for name, value in found.items() if value}


def _ids(value: str) -> list[str]:
    return _MESSAGE_ID.findall(value) or ([value[:300]] if value and " " not in value else [])


def _topic(subject: str) -> str:
    """The subject without the marks of replying and forwarding."""
    while (shorter := _REPLY.sub("", subject, count=1)) != subject:
        subject = shorter
    return clean_line(subject).lower()[:300]


def _write_body(kind: str, content: str, out: Builder) -> None:
    place = len(out.blocks)
    if kind == "html":
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
        out.add("quote", paragraph, Locator(), level=min(depth, 100))


def compose(letter: Letter) -> bytes:
    """The message as an ``.eml`` file, for one that stands inside a file of another format."""
    message = EmailMessage(policy=policy.SMTP)
    for name, value in letter.fields.items():
        try:
            message[name] = clean_line(value)
        except (ValueError, IndexError, TypeError, AttributeError, KeyError):
            message[f"X-{name}"] = clean_line(value).encode("ascii", "replace").decode()  # the library fails on it
    kind, content = next(iter(letter.bodies), ("text", ""))
    message.set_content(content, subtype="html" if kind == "html" else "plain")
    for inner in letter.files:
        try:
            data = inner.load()
        except ParseError:
            data = b""  # listed there as well, as an empty file
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=clean_line(inner.name))
    return message.as_bytes()
