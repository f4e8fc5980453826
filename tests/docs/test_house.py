"""The picture of the house in the documents is the one that the domains declare."""

from pathlib import Path

import pytest

from app.panel.core import house

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", ["README.md", "docs/developer.md"])
def test_the_picture_of_the_house_is_true(app, page):
    picture = house.picture(app.extensions["panel_domains"])
    assert f"```\n{picture}\n```" in (ROOT / page).read_text()
