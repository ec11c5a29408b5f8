"""Text can be read in light and in dark."""

import re
from pathlib import Path

import gradio as gr
import pytest

from app.theme import VALUES, RondoTheme

STATIC = Path(__file__).parents[3] / "static"
CSS = (STATIC / "rondo.css").read_text()

TEXT_ON_GROUND = [
    ("text", "bg"),
    ("text", "surface"),
    ("text", "raised"),
    ("muted", "bg"),
    ("muted", "surface"),
    ("muted", "raised"),
    ("accent", "surface"),
    ("accent", "bg"),
    ("accent", "accent-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("ok", "ok-soft"),
    ("warn", "warn-soft"),
    ("bad", "bad-soft"),
]


def palette(selector: str) -> dict[str, str]:
    block = CSS[CSS.index(f"{selector} {{") :]
    return dict(re.findall(r"--rondo-([\w-]+): (#[0-9a-f]{6});", block[: block.index("}")]))


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(text: str, other: str) -> float:
    high, low = sorted((luminance(text), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_worked_out_right() -> None:
    assert round(contrast("#000000", "#ffffff"), 1) == 21.0
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48


@pytest.mark.parametrize("selector", [":root", ':root[data-theme="dark"]'])
@pytest.mark.parametrize(("text", "ground"), TEXT_ON_GROUND)
def test_text_has_the_contrast_of_wcag_aa(selector: str, text: str, ground: str) -> None:
    colors = palette(selector)
    assert contrast(colors[text], colors[ground]) >= 4.5


@pytest.mark.parametrize("selector", [":root", ':root[data-theme="dark"]'])
def test_the_edge_of_a_control_can_be_seen(selector: str) -> None:
    colors = palette(selector)
    assert contrast(colors["control"], colors["surface"]) >= 3.0


def test_both_modes_name_the_same_colors() -> None:
    assert palette(":root").keys() == palette(':root[data-theme="dark"]').keys()


def test_the_theme_takes_no_color_of_its_own() -> None:
    theme = RondoTheme()
    assert all(getattr(theme, name) == value for name, value in VALUES.items())
    assert {v for v in VALUES.values() if "var(--rondo-" not in v} == {"none"}
    assert "fonts.googleapis.com" not in str(theme._stylesheets)
    assert isinstance(theme, gr.themes.Base)


def test_style_sheets_ask_no_other_host() -> None:
    sheets = {path.name: path.read_text() for path in [*STATIC.glob("*.css"), *STATIC.glob("review/*.css")]}
    assert "rondo.css" in sheets
    asked = {name: re.findall(r"url\(\"(?!\./)[^)]*\)|@import", text) for name, text in sheets.items()}
    assert not any(asked.values()), asked
