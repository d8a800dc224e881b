"""Writer for e-mail messages with fixed identifiers and part boundaries."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path


@dataclass(frozen=True)
class Attachment:
    """A file carried by a message."""

    name: str
    maintype: str
    subtype: str
    data: bytes


@dataclass(frozen=True)
class Mail:
    """One message; ``html`` adds an alternative part."""

    path: str
    sender: str
    to: str
    subject: str
    date: str
    ident: str
    body: str
    cc: str = ""
    reply_to: str = ""
    references: str = ""
    html: str = ""
    attachments: tuple[Attachment, ...] = ()


def write_mail(mail: Mail, target: Path) -> None:
    """Write ``mail`` as a message file."""
    message = EmailMessage(policy=SMTP.clone(linesep="\n", max_line_length=98))
    message["From"], message["To"] = mail.sender, mail.to
    if mail.cc:
        message["Cc"] = mail.cc
    message["Subject"], message["Date"] = mail.subject, mail.date
    message["Message-ID"] = f"<{mail.ident}@mail.tarnholt.example>"
    if mail.reply_to:
        message["In-Reply-To"] = f"<{mail.reply_to}@mail.tarnholt.example>"
        refs = mail.references or mail.reply_to
        message["References"] = " ".join(f"<{ref}@mail.tarnholt.example>" for ref in refs.split())
    message.set_content(mail.body.strip("\n") + "\n", cte="8bit" if mail.body.isascii() else "quoted-printable")
    if mail.html:
        message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    for item in mail.attachments:
        message.add_attachment(item.data, maintype=item.maintype, subtype=item.subtype, filename=item.name)
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_tarnholt_{mail.ident.replace('.', '_')}_{number}")
    target.write_bytes(message.as_bytes())
