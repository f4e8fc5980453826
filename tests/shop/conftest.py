"""Small pictures."""

import io

import pytest
from PIL import Image

from app.panel.core import files
from app.panel.core.actor import SYSTEM


def png(width=500, height=500, colour=(200, 40, 40)):
    """The bytes of a picture."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG")
    out.seek(0)
    return out


@pytest.fixture
def picture(session):
    """`picture(800, 500)`: a stored picture."""

    def store(width=500, height=500, actor=SYSTEM):
        return files.store(png(width, height), f"{width}x{height}.png", actor=actor)

    return store
