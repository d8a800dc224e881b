"""Words on a PDF page that nobody sees: invisible, transparent, tiny, beyond the page, in the colour behind them,
painted over, or on a layer that is switched off.

What a word's own style proves is decided at once. What depends on other paint is only suspected from the shapes before
and after it, and decided by rendering the page: where a word stands, something must differ from what is around it.
The invisible words over an image that fills the page are a scan's text layer: there they are the text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from citewell.parsing.pdf_drawn import MAX_SHAPES, Colour, Shape
from citewell.parsing.pdf_text import PageText, Style, Word
from citewell.records import Box

_TINY = 1.5  # points: a tenth of body text, below what a person reads without magnifying
_WHITE = 235  # each of red, green and blue at least: looks white on white
_SAME = 8  # steps of 255 by which colours differ that look the same
_FILLS_PAGE = 0.6  # share of the page an image covers when the page is a scan
_CONTRAST = 10  # steps of 255 between the darkest and lightest spot where a word can be seen
_MAX_PIXELS = 4_000_000
MAX_RENDERS = 200
"""Pages of one file that are rendered at most, about 20 to 60 ms each."""
_MAX_COVERS = 300  # shapes per page that may lie over words, the largest first
_COLOUR = "in the colour behind it"
_INVISIBLE = frozenset({3, 7})  # rendering modes that paint nothing

Found = tuple[str, str, Box]
"""Hidden text, the reason, and where it stands on the page as shown."""


class Eye:
    """Takes the words that nobody sees from the pages of one file."""

    def __init__(self) -> None:
        self.renders_left = MAX_RENDERS

    def apart(self, page: Any, text: PageText) -> tuple[PageText, list[Found]]:
        """The page without its hidden words, and those. page: the ``pypdfium2.PdfPage`` that ``text`` was read from."""
        reasons = [_own_reason(word, style) for word, style in zip(text.words, text.styles, strict=True)]
        scan = any(_area(shape.box) > _FILLS_PAGE * text.width * text.height for shape in text.shapes if _image(shape))
        scanned = scan and 2 * sum(reason == "invisible" for reason in reasons) > len(reasons)
        if scan:  # words below or without paint over the image are what a text recogniser saw
            reasons = ["" if reason == "invisible" else reason for reason in reasons]
        suspected = _suspected(text, reasons)
        if suspected and self.renders_left and len(text.shapes) < MAX_SHAPES:
            self.renders_left -= 1
            seen = _contrasts(page, text)
            suspected = {number: why for number, why in suspected.items() if seen(text.words[number]) < _CONTRAST}
        else:  # too many pages or too much paint to look at: the strongest suspicion is believed
            suspected = {number: why for number, why in suspected.items() if why == _COLOUR}
        for number, why in suspected.items():
            reasons[number] = why
        outside = [(word, "outside the page") for word in text.outside]
        if not outside and not any(reasons) and not scanned:
            return text, []
        hidden = [(word, reason) for word, reason in zip(text.words, reasons, strict=True) if reason]
        kept = [number for number, reason in enumerate(reasons) if not reason]
        words, styles = [text.words[number] for number in kept], [text.styles[number] for number in kept]
        return replace(text, words=words, styles=styles, scanned=scanned), _runs(hidden + outside, text)


def _own_reason(word: Word, style: Style) -> str:
    if style.mode in _INVISIBLE:
        return "invisible"
    if style.opacity < 10 and style.mode == 0:
        return "transparent"
    if 0 < word.size < _TINY and word.bottom - word.top < 2 * _TINY:
        return "tiny"
    return ""


def _suspected(text: PageText, reasons: list[str]) -> dict[int, str]:
    """Words that other paint, or its absence, may hide; by their number, with the reason if it does."""
    found: dict[int, str] = {}
    plain = [shape for shape in text.shapes if shape.colour is not None]
    large = sorted(plain, key=lambda shape: -_area(shape.box))[:_MAX_COVERS]
    last = max((shape.order for shape in large), default=0)
    camouflaged: dict[Colour | None, bool] = {None: False}  # whether anything on the page can hide that colour
    for number, (word, style) in enumerate(zip(text.words, text.styles, strict=True)):
        if reasons[number]:
            continue
        colour = style.colour
        if colour not in camouflaged:
            camouflaged[colour] = _can_hide(colour, plain)
        if style.layered:
            found[number] = "on a layer that is switched off"
        elif camouflaged[colour] and style.mode == 0 and style.order and _in_colour_behind(word, style, text.shapes):
            found[number] = _COLOUR
        elif 0 < style.order < last and any(shape.order > style.order and _covers(shape.box, word) for shape in large):
            found[number] = "painted over"
    return found


def _can_hide(colour: Colour | None, plain: list[Shape]) -> bool:
    if colour is None:
        return False
    return min(colour) >= _WHITE or any(shape.colour and _alike(shape.colour, colour) for shape in plain)


def _in_colour_behind(word: Word, style: Style, shapes: list[Shape]) -> bool:
    """Whether the last plain shape painted below the word has the word's colour; without one, paper is white."""
    below = (shape for shape in reversed(shapes) if shape.order < style.order and _covers(shape.box, word))
    last = next(below, None)
    if style.colour is None or last is None:
        return style.colour is not None and min(style.colour) >= _WHITE
    return last.colour is not None and _alike(last.colour, style.colour)


def _alike(one: Colour, other: Colour) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= _SAME


def _image(shape: Shape) -> bool:
    return shape.kind == "image"


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _covers(box: Box, word: Word) -> bool:
    return box[0] <= (word.left + word.right) / 2 <= box[2] and box[1] <= word.middle <= box[3]


def _contrasts(page: Any, text: PageText) -> Callable[[Word], int]:
    """Renders the page; the result tells how much the lightest and darkest spot of a word's box differ."""
    width, height = page.get_size()
    scale = min(2.0, (_MAX_PIXELS / max(1.0, width * height)) ** 0.5)
    bitmap = page.render(scale=scale, may_draw_forms=False)
    pixels = bitmap.to_numpy()[:, :, :3].astype(np.int16)  # a copy: the bitmap is freed with its memory

    def seen(word: Word) -> int:
        left, top, right, bottom = text.as_shown((word.left, word.top, word.right, word.bottom))
        box = pixels[
            max(0, int(top * scale)) : int(bottom * scale) + 1, max(0, int(left * scale)) : int(right * scale) + 1
        ]
        return int((box.max(axis=(0, 1)) - box.min(axis=(0, 1))).max()) if box.size else 255

    return seen


def _runs(hidden: list[tuple[Word, str]], text: PageText) -> list[Found]:
    """Neighbouring words hidden for one reason, as one text each."""
    found: list[tuple[list[str], str, Box]] = []
    for word, reason in hidden:
        box = (word.left, word.top, word.right, word.bottom)
        if found and found[-1][1] == reason:
            words, _, before = found[-1]
            words.append(word.text)
            united = (min(before[0], box[0]), min(before[1], box[1]), max(before[2], box[2]), max(before[3], box[3]))
            found[-1] = (words, reason, united)
        else:
            found.append(([word.text], reason, box))
    return [(" ".join(words), reason, text.as_shown(box)) for words, reason, box in found]
