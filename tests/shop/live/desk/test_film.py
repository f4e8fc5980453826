"""The length of the preview film is read from its header."""

import io
import struct

import pytest

from app.panel.core import files, records
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import InvalidInput
from app.shop.live.services import plan


def box(name, *parts):
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + name + body


def film(seconds, brand=b"isom"):
    """As much of a film as says how long it is."""
    head = struct.pack(">IIIII", 0, 0, 0, 1000, int(seconds * 1000)) + b"\0" * 80
    return box(b"ftyp", brand, b"\0\0\2\0", brand, b"mp41") + box(b"moov", box(b"mvhd", head))


@pytest.fixture
def given(session):
    def store(content, name="film.mp4"):
        return files.store(io.BytesIO(content), name, actor=SYSTEM, kinds=("video",)).id

    return store


def test_its_length_is_read_and_one_of_more_than_half_a_minute_warns(filled, given):
    records.update(filled, {"film_id": given(film(24.2))}, actor=SYSTEM)
    assert filled.preview_seconds == 25
    assert not any("catch the eye" in one for one in plan.warnings(filled))
    records.update(filled, {"film_id": given(film(42, b"qt  "), "film.mov")}, actor=SYSTEM)
    assert filled.preview_seconds == 42 and any("42 seconds" in one for one in plan.warnings(filled))


@pytest.mark.parametrize("content", [box(b"ftyp", b"isom\0\0\2\0isom"), b"\x1a\x45\xdf\xa3\x01\x00\x00\x00\x00\x00\x00\x1fB\x86\x81\x01B\x82\x84webm" + b"\0" * 64])
def test_a_film_whose_length_cannot_be_read_is_refused_in_a_sentence(filled, given, content):
    number = given(content, "film.webm")
    with pytest.raises(InvalidInput, match="MP4 or MOV"):
        records.update(filled, {"film_id": number}, actor=SYSTEM)
