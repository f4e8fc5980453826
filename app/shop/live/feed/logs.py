"""Recorded logs as events: comments of Bilibili sessions (JSON lines), files of its two common recorders (XML), and ours.

The number of an event is that of its line in its file, so a file that is played twice is counted once.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from app.panel.core.late import Late
from app.shop.live.feed.envelope import Event, Malformed, event_of
from app.shop.live.feed.platforms import Control

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

ElementTree = Late("xml.etree.ElementTree")
KINDS = {"d": "comment", "sc": "comment", "gift": "gift", "guard": "gift"}
BEGUN = ("record_start_time", "live_start_time")


class Recording:
    """A file that was recorded, as a platform: it tells what was told then, and obeys nobody."""

    name = "recording"

    def __init__(self, path: Path) -> None:
        self.path = path

    def events(self) -> Iterator[Event]:
        return read(self.path)

    def control(self, command: Control) -> bool:
        return False


def read(path: Path) -> Iterator[Event]:
    """The events of a file, in its order.

    :raises Malformed: for a file that is none of these, with the number of the line
    """
    stem = path.name.split(".")[0][:40]
    with _opened(path) as file:
        if path.name.removesuffix(".gz").endswith(".xml"):
            yield from _recorder(file, stem)
        else:
            yield from _lines(file, stem)


def _opened(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _lines(file: IO[bytes], stem: str) -> Iterator[Event]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            raw = json.loads(line)
            yield _comment(raw, f"{stem}-{number}") if "msg" in raw else event_of(raw)
        except (ValueError, KeyError, TypeError, Malformed) as error:
            raise Malformed(f"line {number}: {error or 'not an event'}") from None


def _comment(raw: dict[str, Any], number: str) -> Event:
    return Event(
        number, "comment", int(raw["timestamp"]), str(raw["uid"])[:64], _plain(raw.get("uname"), 80), "",
        text=_plain(raw["msg"], 500),
    )  # fmt: skip


def _recorder(file: IO[bytes], stem: str) -> Iterator[Event]:
    begun, number = 0, 0
    for element in _elements(file.read()):
        begun = begun or _begun(element)
        kind = KINDS.get(element.tag)
        if kind is None:
            continue
        number += 1
        yield _of_recorder(element, kind, f"{stem}-{number}", begun)


def _elements(body: bytes) -> Iterator[Element]:
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise Malformed("a recording declares no entities")
    try:
        yield from ElementTree.fromstring(body).iter()
    except ElementTree.ParseError as error:
        raise Malformed(f"no XML of a recorder: {error}") from None


def _begun(element: Element) -> int:
    text = element.text if element.tag in BEGUN else element.get("start_time")
    try:
        return int(dt.datetime.fromisoformat((text or "").strip()).timestamp() * 1000)
    except ValueError:
        return 0


def _of_recorder(element: Element, kind: str, number: str, begun: int) -> Event:
    """`p` of a comment holds its instant as the fifth value; the others say how many seconds after the beginning."""
    values = (element.get("p") or "").split(",")
    at = int(values[4]) if len(values) > 4 and values[4].isdecimal() else begun + int(float(element.get("ts") or 0) * 1000)
    name = _plain(element.get("user"), 80)
    viewer = element.get("uid") or ""
    if viewer in ("", "0"):
        viewer = values[6] if len(values) > 6 and values[6] not in ("", "0") else name
    many = int(element.get("giftcount") or element.get("count") or 1) if kind == "gift" else 1
    text = _plain(element.text if kind == "comment" else element.get("giftname"), 500)
    return Event(number, kind, at, viewer[:64], name, "", n=many, text=text)


def _plain(text: Any, most: int) -> str:
    return str(text or "").replace("\x00", "")[:most]
