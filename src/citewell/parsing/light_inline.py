"""Inline marks of AsciiDoc and Org taken away: the words a reader of the finished page sees."""

from __future__ import annotations

import re

_ASCIIDOC = (
    (re.compile(r"\[\[[^\[\]]*\]\]|\(\(\([^()]*\)\)\)|indexterm:\[[^\]]*\]|anchor:[^\s\[]*\[[^\]]*\]"), ""),
    (re.compile(r"<<[^<>,]*,\s*([^<>]*)>>"), r"\1"),
    (re.compile(r"<<#?([^<>,]*)>>"), r"\1"),
    (re.compile(r"\(\(([^()]+)\)\)"), r"\1"),
    (re.compile(r"\b(?:kbd|btn|pass|stem|latexmath|asciimath|indexterm2):\w*\[([^\]]*)\]"), r"\1"),
    (re.compile(r"\bfootnote(?:ref)?:\w*\[([^\]]*)\]"), r" [\1]"),
    (re.compile(r"\bmenu:([^\s\[][^\[\]]*)\[([^\]]+)\]"), r"\1 > \2"),
    (re.compile(r"\bmenu:([^\s\[][^\[\]]*)\[\]"), r"\1"),
    (re.compile(r"\b(?:image|icon):[^:\s\[][^\s\[]*\[([^\],=]*)[^\]]*\]"), r"\1"),
    (re.compile(r"\b(?:link|xref|mailto):[^\s\[]*\[([^\]]+?)(?:,[^\],]*=[^\]]*)?\^?\]"), r"\1"),
    (re.compile(r"\b(?:link|xref|mailto):([^\s\[]+)\[\]"), r"\1"),
    (re.compile(r"\b(?:https?|ftp|irc)://[^\s\[\]<>]+\[([^\]]+?)(?:,[^\],]*=[^\]]*)?\^?\]"), r"\1"),
    (re.compile(r"(\b(?:https?|ftp|irc)://[^\s\[\]<>]+)\[\]"), r"\1"),
    (re.compile(r" \+$", re.MULTILINE), "\x0b"),
    (re.compile(r"\[[.#%\w -]*\](?=[#*_`])"), ""),
    (re.compile(r"``(.+?)``|`\+(.+?)\+`|(?<!\w)`([^`\n]+?)`(?!\w)"), r"\1\2\3"),
    (re.compile(r"\*\*(.+?)\*\*|(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])"), r"\1\2"),
    (re.compile(r"__(.+?)__|(?<![\w_])_(?=\S)([^_\n]+?)(?<=\S)_(?![\w_])"), r"\1\2"),
    (re.compile(r"##(.+?)##|(?<![\w#&])#(?=\S)([^#\n]+?)(?<=\S)#(?![\w#])"), r"\1\2"),
    (re.compile(r"\^([^\s^]+)\^|(?<!~)~([^\s~]+)~(?!~)"), r"\1\2"),
)  # fmt: skip
_ATTRIBUTE = re.compile(r"\{([\w-]+)\}")
_BUILT_IN = {
    "nbsp": " ",
    "empty": "",
    "sp": " ",
    "amp": "&",
    "lt": "<",
    "gt": ">",
    "plus": "+",
    "vbar": "|",
    "zwsp": "",
}

_ORG = (
    (re.compile(r"\[\[[^\[\]]+\]\[([^\[\]]+)\]\]"), r"\1"),
    (re.compile(r"\[\[(?:file:|id:)?([^\[\]]+)\]\]"), r"\1"),
    (re.compile(r"\[fn:([\w-]+)\]"), r"[\1]"),
    (re.compile(r"\[fn:[\w-]*:([^\[\]]+)\]"), r"[\1]"),
    (re.compile(r"<<<?([^<>\n]+)>?>>"), r"\1"),
    (re.compile(r"\\\\[ \t]*$", re.MULTILINE), "\x0b"),
    *(
        (re.compile(rf"(?<![\w{mark}])\{mark}(?=\S)([^{mark}\n]+?)(?<=\S)\{mark}(?![\w{mark}])"), r"\1")
        for mark in "=~*/_+"
    ),
)


def asciidoc_words(text: str, attributes: dict[str, str]) -> str:
    """Lines of one paragraph as its words. attributes: what ``{name}`` stands for; unknown names stay as written."""
    text = _ATTRIBUTE.sub(lambda match: attributes.get(match[1].lower(), _BUILT_IN.get(match[1], match[0])), text)
    return _flowing(text, _ASCIIDOC)


def org_words(text: str) -> str:
    """Lines of one paragraph as its words."""
    return _flowing(text, _ORG)


def _flowing(text: str, marks: tuple[tuple[re.Pattern[str], str], ...]) -> str:
    """Lines broken by their width are one; a vertical tab is a break the writer asked for."""
    for pattern, words in marks:
        text = pattern.sub(words, text)
    return "\n".join(" ".join(line.split()) for line in text.split("\x0b"))
