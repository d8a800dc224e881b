"""Who may read what. Every read of passages, documents or blobs takes a :class:`Scope`.

A document carries ``readers``: principals such as ``user:anna``, ``group:hr`` or ``everyone``. A scope holds the
principals of the asker; a document is visible when the two share one. No readers means nobody. What a scope hides
looks exactly like what does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from citewell.errors import SettingsError

EVERYONE = "everyone"
"""The principal every scope holds."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The right to read, as a value. principals: who is asking; ``None`` only for :meth:`owner`."""

    principals: frozenset[str] | None

    @staticmethod
    def owner() -> Scope:
        """Reads everything: for whoever owns the collection's directory and could read its files anyway."""
        return Scope(principals=None)

    @staticmethod
    def of(principals: Iterable[str]) -> Scope:
        """The scope of these principals and ``everyone``."""
        named = frozenset(check_principal(principal) for principal in principals)
        return Scope(principals=named | {EVERYONE})

    def allows(self, readers: Iterable[str]) -> bool:
        """Whether a document with these readers is visible."""
        return self.principals is None or not self.principals.isdisjoint(readers)


def check_principal(principal: str) -> str:
    """``principal`` itself, if it is ``everyone`` or ``kind:name`` without blanks or quotes."""
    text = principal.strip()
    kind, _, name = text.partition(":")
    plain = all(character.isprintable() and character not in "'\"\\," and not character.isspace() for character in text)
    if text == EVERYONE or (plain and kind in {"user", "group"} and name):
        return text
    raise SettingsError(f"'{principal}' is not a principal. Expected 'everyone', 'user:NAME' or 'group:NAME'.")
