"""What a parser understood of one file: text with exact, located blocks."""

from __future__ import annotations

from dataclasses import dataclass, field

from citewell.records import Block, Hidden, Json

PARSER_VERSION = "3"
"""Part of every document's version: a new number makes the next sync read every file again. Raise it when the text or
the blocks of any format change."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside another one (archive, mailbox, mail), as its table of contents lists it.

    name: relative path with ``/``, cleaned, unique among its siblings; it is a label and never opened as a path.
    size: bytes as declared. reason, message: why it is not read (as in :class:`~citewell.errors.ParseError`), empty
    when it is.
    """

    name: str
    size: int
    reason: str = ""
    message: str = ""

    def to_json(self) -> Json:
        return {"name": self.name, "size": self.size, "reason": self.reason, "message": self.message}

    @staticmethod
    def from_json(data: Json) -> Member:
        return Member(data["name"], data["size"], data.get("reason", ""), data.get("message", ""))


@dataclass(frozen=True, slots=True)
class Parsed:
    """One parsed file; a document without its identity.

    text: one normalised string, blocks separated by an empty line (rows of a table and items of a list by a newline).
    blocks: increasing, never overlapping spans into ``text``, each non-empty and stripped. language: two-letter code
    or empty. modified_at: ISO 8601, or empty when the file does not state it. metadata: plain JSON. notes: what a
    reader should know about the parsing, such as pages without text. title: as stated in the file; empty when only its
    name could serve. hidden: text the file does not show. members: files inside it, each a document of its own; only a
    file with members may have no blocks.
    """

    title: str
    media_type: str
    text: str
    blocks: tuple[Block, ...]
    language: str = ""
    modified_at: str = ""
    metadata: Json = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    hidden: tuple[Hidden, ...] = ()
    members: tuple[Member, ...] = ()

    def to_json(self) -> Json:
        return {
            "title": self.title, "media_type": self.media_type, "language": self.language,
            "modified_at": self.modified_at, "metadata": self.metadata, "notes": list(self.notes),
            "hidden": [each.to_json() for each in self.hidden],
            "members": [each.to_json() for each in self.members],
            "text": self.text, "blocks": [block.to_json() for block in self.blocks],
        }  # fmt: skip

    @staticmethod
    def from_json(data: Json) -> Parsed:
        return Parsed(
            title=data["title"], media_type=data["media_type"], text=data["text"],
            blocks=tuple(Block.from_json(block) for block in data["blocks"]),
            language=data.get("language", ""), modified_at=data.get("modified_at", ""),
            metadata=data.get("metadata", {}), notes=tuple(data.get("notes", ())),
            hidden=tuple(Hidden.from_json(each) for each in data.get("hidden", ())),
            members=tuple(Member.from_json(each) for each in data.get("members", ())),
        )  # fmt: skip
