"""Contrast of the colour tokens by WCAG 2.2, in light and in dark."""

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "estimator" / "static" / "estimator"

#: Text on its ground: 4.5 to 1 (success criterion 1.4.3).
TEXT = [
    ("ink", "paper"), ("ink", "surface"), ("ink", "surface-sunken"), ("ink", "accent-soft"), ("ink", "danger-soft"),
    ("ink", "warn-soft"), ("ink-soft", "paper"), ("ink-soft", "surface"), ("ink-soft", "surface-sunken"),
    ("ink-soft", "accent-soft"), ("accent", "paper"), ("accent", "surface"), ("accent", "surface-sunken"),
    ("accent", "accent-soft"), ("accent-ink", "accent"),
    ("danger", "surface"), ("danger", "paper"), ("danger", "danger-soft"), ("warn", "surface"), ("warn", "paper"),
    ("warn", "warn-soft"),
]  # fmt: skip
#: Edges of controls and the focus ring: 3 to 1 (1.4.11).
EDGES = [
    ("line-strong", "surface"), ("line-strong", "paper"), ("focus", "surface"), ("focus", "paper"),
    ("accent", "surface-sunken"), ("danger", "surface"), ("warn", "surface"),
]  # fmt: skip


def _tokens() -> dict[str, dict[str, str]]:
    css = (STATIC / "tokens.css").read_text(encoding="utf-8")
    light, _, dark = css.partition("@media (prefers-color-scheme: dark)")
    colours = re.compile(r"--([\w-]+):\s*(#[0-9a-f]{6})\b")
    return {"light": dict(colours.findall(light)), "dark": dict(colours.findall(light)) | dict(colours.findall(dark))}


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def test_black_on_white_is_21_to_1() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0, rel=1e-9)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("front", "ground"), TEXT)
def test_text_is_readable(scheme: str, front: str, ground: str) -> None:
    tokens = _tokens()[scheme]
    assert contrast(tokens[front], tokens[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("front", "ground"), EDGES)
def test_edges_can_be_seen(scheme: str, front: str, ground: str) -> None:
    tokens = _tokens()[scheme]
    assert contrast(tokens[front], tokens[ground]) >= 3.0


def test_pages_take_their_colours_from_the_tokens() -> None:
    for name in ("app.css", "fonts.css"):
        css = (STATIC / name).read_text(encoding="utf-8")
        assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsl", css), name
    known = set(re.findall(r"(--[\w-]+):", (STATIC / "tokens.css").read_text(encoding="utf-8")))
    used = set(re.findall(r"var\((--[\w-]+)", (STATIC / "app.css").read_text(encoding="utf-8")))
    assert used <= known
