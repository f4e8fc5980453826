"""Contrast of the three skins, counted from the colours themselves (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re
from pathlib import Path

import pytest

SKINS = ("light", "dark", "blue")
TEXT = [
    (ink, ground)
    for ink in ("ink", "ink-2", "ink-3", "accent-ink", "danger-ink", "success-ink", "warning-ink")
    for ground in ("surface", "canvas", "surface-quiet", "hover", "surface-raised")
]
TEXT += [("ink-3", "sunken"), ("ink", "accent-soft"), ("accent-ink", "accent-soft"), ("on-accent", "accent"),
         ("on-accent", "accent-hover"), ("on-danger", "danger"), ("nav-ink", "nav-bg"), ("nav-ink", "nav-hover"),
         ("nav-active-ink", "nav-active-bg"), ("nav-on-mark", "nav-mark"), ("canvas", "ink")]  # fmt: skip
TEXT += [(f"{tone}-ink", f"{tone}-soft") for tone in ("neutral", "info", "success", "warning", "danger", "progress")]
SHAPES = [("line-input", "surface"), ("focus", "surface"), ("focus", "canvas"), ("accent", "surface"), ("nav-mark", "nav-bg"),
          *((f"chart-{n}", "surface") for n in range(1, 9))]  # fmt: skip


def tokens(skin):
    text = Path("app/static/panel/tokens.css").read_text()
    found = {}
    for head, body in re.findall(r"([^{}]+)\{([^{}]*)\}", text):
        if f'[data-skin="{skin}"]' in head or ":root" in head:
            found.update(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})\s*;", body))
    return found


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_formula_knows_black_white_and_a_published_pair():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("skin", SKINS)
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_can_be_read(skin, ink, ground):
    known = tokens(skin)
    assert contrast(known[ink], known[ground]) >= 4.5


@pytest.mark.parametrize("skin", SKINS)
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_shapes_that_carry_meaning_can_be_seen(skin, shape, ground):
    known = tokens(skin)
    assert contrast(known[shape], known[ground]) >= 3


def test_every_colour_of_one_skin_is_in_the_others():
    names = [set(tokens(skin)) for skin in SKINS]
    assert names[0] == names[1] == names[2]
