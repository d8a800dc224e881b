"""What to tell people about files that could not be read: what it means, what to do, whether it is tried again.

The message of a failure says what was found in this file; an explanation here says what such a failure is.
"""

from __future__ import annotations

from dataclasses import dataclass

from citewell.catalog import Item
from citewell.errors import RETRYABLE


@dataclass(frozen=True, slots=True)
class Explanation:
    """meaning: what happened, in general. advice: what a person can do."""

    meaning: str
    advice: str


_EXPLANATIONS = {
    "encrypted": Explanation(
        "The file is protected by a password or by rights management, and Citewell never asks for passwords.",
        "Save a copy without the protection next to it, or leave it out with `citewell failures skip`.",
    ),
    "empty": Explanation("The file has no content.", "Nothing, unless it should have some: then fetch it again."),
    "no_text": Explanation(
        "The file opened, but holds no text: a scan, a picture in a document, a form without entries.",
        "Run text recognition (OCR) over it and save the result, or leave it out with `citewell failures skip`.",
    ),
    "unsupported": Explanation(
        "Files of this kind are not read.",
        "Convert it, for example to PDF, and keep the copy in the same folder.",
    ),
    "corrupt": Explanation(
        "The bytes are not what a file of this kind looks like: cut off, damaged, or another kind with a wrong name.",
        "Open it in its own program. If that works, save it again; if not, restore it from where it came.",
    ),
    "too_large": Explanation(
        "The file is larger than the limits that protect this machine, or unfolds to more than they allow.",
        "Split it, or raise the limit the message names, if you trust where it came from.",
    ),
    "timeout": Explanation(
        "Reading took longer than the time limit: a huge or very intricate file, a busy machine, or a trap.",
        "It is tried again by itself. If that fails as well, raise CITEWELL_PARSING_WALL_SECONDS and "
        "CITEWELL_PARSING_CPU_SECONDS, or split the file.",
    ),
    "memory": Explanation(
        "Reading needed more memory than the limit for one file.",
        "It is tried again by itself. If that fails as well, raise CITEWELL_PARSING_MEMORY_MEGABYTES, or split it.",
    ),
    "crashed": Explanation(
        "The process that read this file ended abruptly. It was alone with the file; nothing else was touched.",
        "It is tried again by itself. A file that does this each time is damaged or made to do harm.",
    ),
    "unreadable": Explanation(
        "The system did not let this user read the file or list the folder.",
        "Check permissions and whether the drive is mounted. It is tried again by itself.",
    ),
    "vanished": Explanation("The file was removed between listing and reading.", "Nothing; the next sync forgets it."),
    "changing": Explanation(
        "Someone was writing the file while it was read, several times in a row.",
        "Nothing; it is read again by itself when it has come to rest.",
    ),
    "special": Explanation(
        "This is a pipe, a socket or a device, which could be waited for without end.",
        "Nothing. If it holds documents, write them to a file.",
    ),
    "link": Explanation(
        "Links that lead out of a source, to folders or to nowhere are not followed, so that a source cannot reach "
        "files nobody meant to share, or itself.",
        "Add the folder the link points to as a source of its own, if it should be read.",
    ),
}


def explain(item: Item) -> Explanation:
    """What a failed or skipped item's reason means, and what to do."""
    return _EXPLANATIONS.get(item.reason) or Explanation("This file was left out.", "Add its path again to take it in.")


def retry_note(item: Item) -> str:
    """Whether and when the file is tried again."""
    if item.status == "failed" and item.retry_at:
        return f"tried {item.attempts} time{'s' * (item.attempts != 1)}, again after {item.retry_at}"
    if item.reason in RETRYABLE:
        return f"given up after {item.attempts} attempts; read again when it changes, or with `citewell failures retry`"
    return "read again when it changes"
