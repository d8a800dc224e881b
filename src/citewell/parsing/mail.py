"""Mail messages (.eml): header fields, the body, and attachments as members.

The plain text of a message is preferred to its HTML twin. Pictures within the message are counted, not listed; what
is encrypted is listed and said to be.
"""

from __future__ import annotations

import email
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Any, cast

from citewell.cleaning import clean_line
from citewell.errors import ParseError
from citewell.parsing import letter
from citewell.parsing.builder import Builder
from citewell.parsing.encoding import decode
from citewell.parsing.letter import Letter
from citewell.parsing.members import Inner, Walk, refuse

_SIGNED = "The message is signed; the signature was not checked."
_PGP = "The message is encrypted (PGP); only what is around it was read."
WRAPPINGS = {
    "application/pkcs7-signature": _SIGNED, "application/x-pkcs7-signature": _SIGNED,
    "application/pgp-signature": _SIGNED, "application/pgp-keys": _SIGNED, "application/pgp-encrypted": _PGP,
}  # fmt: skip
"""Content types of parts that hold nothing to read, and what they say about the message."""
_SMIME = {"application/pkcs7-mime", "application/x-pkcs7-mime"}
_MEDIA = {"image", "audio", "video"}
_EXTENSIONS = {"plain": "txt", "calendar": "ics", "x-vcard": "vcf", "vcard": "vcf", "markdown": "md",
               "msword": "doc", "vnd.ms-excel": "xls", "vnd.ms-powerpoint": "ppt", "x-zip-compressed": "zip",
               "vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
               "vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
               "vnd.openxmlformats-officedocument.presentationml.presentation": "pptx"}  # fmt: skip

_LONGEST_FIELD = 6000  # characters; some 200 addresses


class _Policy(EmailPolicy):
    """The library's time to take a header field apart grows with the square of its length: 60,000 quotation marks took
    it a minute. So the end of a very long field is not looked at."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        return super().header_fetch_parse(name, value[:_LONGEST_FIELD])


POLICY = cast("EmailPolicy[EmailMessage]", _Policy(refold_source="none"))  # a forwarded mail is passed on as it came


def read(data: bytes, out: Builder) -> None:
    out.media_type = "message/rfc822"
    letter.write(open_letter(data, out.name), out)


def walk(data: bytes, name: str) -> Walk:
    """The files attached to a message."""
    yield from open_letter(data, name).files


def open_letter(data: bytes, name: str) -> Letter:
    """The message in these bytes, or a :class:`ParseError`."""
    if b"\x00" in data[:200]:
        data = decode(data, name).encode()  # saved as UTF-16, which no mail is sent as
    message = email.message_from_bytes(data.lstrip(b"\r\n"), policy=POLICY)
    names = (*letter.SHOWN_FIELDS, *letter.THREAD_FIELDS)
    fields = {each: value for each in names if (value := header(message, each))}
    if not set(letter.SHOWN_FIELDS) & set(fields):
        raise ParseError(
            "corrupt",
            f"'{name}' is not a mail message: it has none of the header fields {', '.join(letter.SHOWN_FIELDS)}.",
        )
    return _Parts(message, name).letter(fields)


def header(message: EmailMessage, name: str) -> str:
    """One header's text. The library raises on some malformed headers, so the raw value is the fallback."""
    try:
        value = message.get(name)
    except (ValueError, IndexError, TypeError, AttributeError, KeyError, OverflowError, RecursionError):
        value = next((raw for key, raw in message.raw_items() if key.lower() == name.lower()), "")
    return clean_line(str(value or ""))[:5000]


class _Parts:
    """Sorts the parts of a message: what is its text, what is a file, and what is neither."""

    def __init__(self, message: EmailMessage, name: str) -> None:
        self._name = name
        self._bodies: list[tuple[str, str]] = []
        self._files: list[Inner] = []
        self._notes: dict[str, None] = {}  # each once, in order
        self._pictures = 0
        self._sort(message)

    def letter(self, fields: dict[str, str]) -> Letter:
        notes = list(self._notes)
        if self._pictures:
            what = "1 picture or sound" if self._pictures == 1 else f"{self._pictures} pictures or sounds"
            notes.append(f"{what} within the message {'was' if self._pictures == 1 else 'were'} not looked at.")
        return Letter(fields, self._bodies, self._files, notes)

    def _sort(self, message: EmailMessage) -> None:
        stack = [(message, True)]
        while stack:
            part, shown = stack.pop()
            kind = part.get_content_type()
            if kind == "message/rfc822":
                self._message(part)
            elif kind == "message/delivery-status":
                self._add_body("text", "\n\n".join(str(each) for each in part.iter_parts()), shown)
            elif part.is_multipart():
                inner = [each for each in part.iter_parts() if isinstance(each, EmailMessage)]
                chosen = _chosen(inner) if kind == "multipart/alternative" else None
                for each in reversed(inner):
                    stack.append((each, shown and (chosen is None or each is chosen)))
            else:
                self._leaf(part, kind, shown)

    def _leaf(self, part: EmailMessage, kind: str, shown: bool) -> None:
        file_name = part.get_filename() or ""
        if kind in {"text/plain", "text/html"} and not part.is_attachment() and not file_name:
            if shown:
                content = decode(payload(part), self._name, part.get_content_charset() or "")
                self._add_body(kind.removeprefix("text/").replace("plain", "text"), content, shown)
        elif kind in WRAPPINGS:
            self._notes[WRAPPINGS[kind]] = None
        elif kind.partition("/")[0] in _MEDIA and (part["Content-ID"] or not part.is_attachment()):
            self._pictures += 1
        else:
            self._files.append(self._file(part, kind, clean_line(file_name)))

    def _add_body(self, kind: str, content: str, shown: bool) -> None:
        if "-----BEGIN PGP MESSAGE-----" in content:
            self._notes[_PGP] = None
            content = content.partition("-----BEGIN PGP MESSAGE-----")[0]
        if shown:
            self._bodies.append((kind, content))

    def _file(self, part: EmailMessage, kind: str, name: str) -> Inner:
        data = payload(part)
        subtype = kind.partition("/")[2]
        name = name or f"part {len(self._files) + 1}.{_EXTENSIONS.get(subtype, subtype)}"
        inner = special(name, kind, data, str(part.get_param("smime-type") or ""))
        if inner.reason:
            self._notes[inner.message] = None
        return inner

    def _message(self, part: EmailMessage) -> None:
        """A forwarded mail becomes an ``.eml`` file again."""
        inner = next(iter(part.iter_parts()), None)
        if not isinstance(inner, EmailMessage):
            return
        try:
            data = inner.as_bytes()
        except (ValueError, IndexError, TypeError, AttributeError, KeyError, LookupError):
            self._files.append(refuse(part.get_filename() or "message.eml", 0, "corrupt",
                                      "An attached message is damaged and was not read."))  # fmt: skip
            return
        subject = header(inner, "Subject").replace("/", "-").replace("\\", "-")[:150]
        name = f"{subject or f'message {len(self._files) + 1}'}.eml"
        self._files.append(Inner(name, len(data), lambda: data))


def special(name: str, kind: str, data: bytes, smime: str = "") -> Inner:
    """An attached file; one that hides its content is refused, and says so."""
    low = name.lower()
    if kind in _SMIME or low.endswith(".p7m"):
        if smime == "signed-data":
            return refuse(
                name, len(data), "unsupported",
                f"'{name}' holds the message inside its signature (S/MIME), which is not read. Forward the message "
                "without a signature.",
            )  # fmt: skip
        return refuse(
            name, len(data), "encrypted",
            f"'{name}' is an encrypted message (S/MIME). Open it in your mail program and save it decrypted.",
        )  # fmt: skip
    if data[:1000].lstrip().startswith(b"-----BEGIN PGP MESSAGE-----"):
        return refuse(
            name, len(data), "encrypted",
            f"'{name}' is encrypted (PGP). Open it in your mail program and save it decrypted.",
        )  # fmt: skip
    if kind.endswith("ms-tnef") or low == "winmail.dat":
        return refuse(
            name, len(data), "unsupported",
            f"'{name}' holds attachments in a form only Outlook reads (TNEF). Ask for them to be sent as plain files.",
        )  # fmt: skip
    if low.endswith(".rpmsg"):
        return refuse(
            name, len(data), "encrypted",
            f"'{name}' is a message under rights management. Open it in Outlook and save its text.",
        )  # fmt: skip
    return Inner(name, len(data), lambda: data)


def payload(part: EmailMessage) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _chosen(parts: list[EmailMessage]) -> EmailMessage | None:
    """Of several alternatives, the plain one when it says something, else the richest; the last is the richest."""
    plain = [part for part in parts if part.get_content_type() == "text/plain" and payload(part).strip()]
    rest = [part for part in parts if part.get_content_maintype() in {"text", "multipart"} and part not in plain]
    return next(iter(plain[:1] or rest[-1:]), None)
