"""Colours and policy of the report: contrast by the formula of WCAG 2.2, and nothing allowed that is not ours."""

from __future__ import annotations

import base64
import hashlib
import re

import numpy as np
import pytest

from citewell.evaluation.report.style import CHART_STYLE, PALETTE, POLICY, SCRIPT, STYLE

THEMES = sorted(PALETTE)

DICHROMACY = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
"""How linear RGB looks without one kind of cone: Machado, Oliveira & Fernandes 2009, severity 1."""


def linear(colour: str) -> np.ndarray:
    """Linear RGB of a hexadecimal sRGB colour (IEC 61966-2-1)."""
    values = np.array([int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(linear(colour) @ (0.2126, 0.7152, 0.0722))


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, "contrast ratio"."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE L*a*b* (D65) of linear RGB."""
    matrix = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = np.cbrt(np.maximum(np.array(matrix) @ rgb / (0.9505, 1.0, 1.089), 0.008856))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_the_formula_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("text", "grounds"), [
    ("ink", ("paper", "card")), ("muted", ("paper", "card")), ("a", ("paper",)), ("b", ("paper",)), ("c", ("paper",)),
])  # fmt: skip
def test_text_can_be_read(theme: str, text: str, grounds: tuple[str, ...]) -> None:
    colours = PALETTE[theme]
    for ground in grounds:
        assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("drawn", ["a", "b", "c", "axis", "quiet"])
def test_what_is_drawn_can_be_seen(theme: str, drawn: str) -> None:
    assert contrast(PALETTE[theme][drawn], PALETTE[theme]["paper"]) >= 3


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("kind", DICHROMACY)
def test_right_and_wrong_differ_for_every_eye(theme: str, kind: str) -> None:
    right, wrong = (np.array(DICHROMACY[kind]) @ linear(PALETTE[theme][name]) for name in "ab")
    assert float(np.linalg.norm(lab(right) - lab(wrong))) > 40  # 2.3 is just noticeable


def test_the_style_uses_only_colours_of_the_palette_and_both_themes_have_the_same() -> None:
    assert PALETTE["light"].keys() == PALETTE["dark"].keys()
    used = set(re.findall(r"var\(--(\w+)\)", STYLE))
    assert used <= PALETTE["light"].keys()
    declared = {colour for theme in PALETTE.values() for colour in theme.values()}
    assert set(re.findall(r"#[0-9a-f]{3,8}\b", STYLE)) <= declared
    assert CHART_STYLE in STYLE


def test_labels_are_at_least_twelve_pixels_where_the_page_is_360_wide() -> None:
    size = float(re.search(r"\.chart text\{font:(\d+)px", STYLE)[1])  # type: ignore[index]
    narrowest = 360 - 2 * 16  # the page's margins are 1rem
    assert size * narrowest / 320 >= 12


def test_the_policy_allows_this_style_and_this_script_and_no_network() -> None:
    rules = dict(rule.split(" ", 1) for rule in POLICY.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["base-uri"] == rules["form-action"] == "'none'"
    for name, text in (("style-src", STYLE), ("script-src", SCRIPT)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[name] == f"'sha256-{digest}'"


def test_nothing_is_fetched_and_the_script_stays_small() -> None:
    for text in (STYLE, SCRIPT):
        assert not re.search(r"url\(|@import|https?:|//|fetch|XMLHttp|eval|innerHTML", text)
    assert len(SCRIPT.strip().splitlines()) < 50
