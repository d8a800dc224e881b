"""Subtitles (SRT, WebVTT): what was said, in paragraphs, with the seconds at which it was said.

Cues are cut for screens, in the middle of sentences; neighbours of the same speaker are joined again until a sentence
ends. Locators hold both the seconds and the lines of the file.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from citewell.cleaning import clean_line
from citewell.parsing import text as plain_text
from citewell.parsing.builder import Builder
from citewell.parsing.encoding import decode
from citewell.records import Locator

_TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMING = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s|$)")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]*)>")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<\d[\d:.]*>|\{\\[^}]*\}")
_HEADER = re.compile(r"\ufeff?WEBVTT(?:[ \t]+(.*))?")
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’)\]]*$")
_ENOUGH = 200  # characters after which a paragraph ends with its sentence
_MOST = 600  # and in any case
_PAUSE = 4.0  # seconds of silence that end a paragraph
_FLASH = 0.1  # seconds; shorter cues only roll the last line up


@dataclass(frozen=True, slots=True)
class _Cue:
    """What one speaker says in one cue. lines: of the file."""

    start: float
    end: float
    speaker: str
    words: str
    lines: tuple[int, int]


def read(data: bytes, out: Builder) -> None:
    text = decode(data, out.name).replace("\r\n", "\n").replace("\r", "\n")
    header = _HEADER.match(text)
    out.media_type = "text/vtt" if header else "application/x-subrip"
    out.title = clean_line((header[1] or "").lstrip("-– ")) if header else ""
    paragraph: list[_Cue] = []
    for cue in _cues(text, out):
        if paragraph and _ends(paragraph, cue):
            _add(paragraph, out)
            paragraph = []
        paragraph.append(cue)
    if paragraph:
        _add(paragraph, out)
    if not out.blocks:
        plain_text.write(text, out)
        out.notes.append("No times of subtitles were found in it; it was read as plain text.")


def _cues(text: str, out: Builder) -> Iterator[_Cue]:
    """The cues in order; comments of WebVTT are kept apart, its styles dropped."""
    lines = text.split("\n")
    position = 0
    last = ""  # line of the cue before, which captions made while listening repeat
    while position < len(lines):
        timing = _TIMING.match(lines[position])
        if not timing:
            position = _comment(lines, position, out)
            continue
        first = position
        position += 1
        while position < len(lines) and lines[position].strip() and not _TIMING.match(lines[position]):
            position += 1
        if position < len(lines) and _TIMING.match(lines[position]) and lines[position - 1].strip().isdigit():
            position -= 1  # the number of the next cue, without an empty line before it
        start, end = _seconds(timing.groups()[:4]), _seconds(timing.groups()[4:])
        said = [line.strip() for line in lines[first + 1 : position] if line.strip()]
        if said and _plain(said[0]) == last and (len(said) > 1 or end - start < _FLASH):
            said = said[1:]
        if said:
            last = _plain(said[-1])
        for speaker, words in _voices(" ".join(said)):
            yield _Cue(start, max(start, end), speaker, words, (first + 1, max(first + 1, position)))


def _comment(lines: list[str], position: int, out: Builder) -> int:
    """Past one line, or past a whole NOTE, STYLE or REGION."""
    word = lines[position].split(maxsplit=1)[0] if lines[position].strip() else ""
    first = position
    position += 1
    if word in {"NOTE", "STYLE", "REGION"}:
        while position < len(lines) and lines[position].strip():
            position += 1
        if word == "NOTE":
            note = "\n".join(lines[first:position]).removeprefix("NOTE")
            out.hide(note, "comment", Locator(lines=(first + 1, position)))
    return position


def _voices(said: str) -> Iterator[tuple[str, str]]:
    """(speaker, words) in order; what no ``<v>`` marks has no speaker."""
    pieces = _VOICE.split(said)
    for number in range(0, len(pieces), 2):
        speaker = clean_line(html.unescape(pieces[number - 1])) if number else ""
        own, _, after = pieces[number].partition("</v>")
        for who, words in ((speaker, _plain(own)), ("", _plain(after))):
            if words:
                yield who, words


def _plain(text: str) -> str:
    return clean_line(html.unescape(_TAG.sub("", text)))


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = parts
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return whole + int((fraction or "0").ljust(3, "0")) / 1000


def _ends(paragraph: list[_Cue], cue: _Cue) -> bool:
    length = sum(len(each.words) + 1 for each in paragraph)
    return (
        cue.speaker != paragraph[-1].speaker
        or cue.start - paragraph[-1].end > _PAUSE
        or length + len(cue.words) > _MOST
        or (length >= _ENOUGH and _SENTENCE_END.search(paragraph[-1].words) is not None)
    )


def _add(paragraph: list[_Cue], out: Builder) -> None:
    words = " ".join(each.words for each in paragraph)
    speaker = paragraph[0].speaker
    out.add(
        "paragraph",
        f"{speaker}: {words}" if speaker else words,
        Locator(
            seconds=(paragraph[0].start, max(each.end for each in paragraph)),
            lines=(paragraph[0].lines[0], max(each.lines[1] for each in paragraph)),
        ),
    )
