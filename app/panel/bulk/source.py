"""The parent's end of the reading child: start it, listen to it, and never wait for it without end."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from app.panel.bulk.reading.problems import BadFile

HERE = Path(__file__).parent
# -I keeps the child away from the environment and from the current directory; -B from writing beside the sources.
STARTER = "import sys; sys.path.insert(0, sys.argv.pop(1)); from reading.child import main; main(*sys.argv[1:])"
# How long the child may keep us waiting for one message. What we do between two messages is our own time: a run that
# writes for an hour reads for an hour.
WALL_SECONDS = 600


class Row(NamedTuple):
    """One row of the file: where it begins, its cells, and what is wrong with it if it cannot be used."""

    line: int
    cells: list[str]
    code: str = ""
    params: Mapping[str, Any] = MappingProxyType({})


class Block(NamedTuple):
    """Some thousands of rows with which nothing is wrong, column by column."""

    lines: list[int]
    columns: list[list[str]]

    def rows(self) -> Iterator[Row]:
        for line, cells in zip(self.lines, zip(*self.columns, strict=True), strict=True):
            yield Row(line, list(cells))


@dataclass(frozen=True)
class Settings:
    """How the user wants the file read; None means: find out."""

    encoding: str | None = None
    delimiter: str | None = None
    sheet_name: str | None = None
    heading_line: int | None = None

    @classmethod
    def of(cls, params: dict[str, Any]) -> Settings:
        names = ("encoding", "delimiter", "sheet_name", "heading_line")
        return cls(**{name: params.get(name) or None for name in names})


class Source:
    """A file being read. Iterate `rows()` once; `meta` is there from the start, `skipped` at the end.

    :raises BadFile: when the file cannot be read, from the constructor or while iterating
    """

    def __init__(self, path: str | Path, settings: Settings | None = None, limit: int | None = None) -> None:
        options: dict[str, Any] = {key: value for key, value in vars(settings or Settings()).items() if value is not None}
        if limit is not None:
            options["limit"] = limit
        self._child = subprocess.Popen(  # noqa: S603 (our own interpreter, our own module, arguments as a list)
            [sys.executable, "-I", "-B", "-c", STARTER, str(HERE), str(path), json.dumps(options)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.skipped: dict[str, int] = {}
        self._done = False
        try:
            self.meta: dict[str, Any] = self._next()["meta"]
        except BaseException:
            self.close()
            raise

    def rows(self) -> Iterator[Row]:
        for part in self.blocks():
            if isinstance(part, Block):
                yield from part.rows()
            else:
                yield part

    def blocks(self) -> Iterator[Block | Row]:
        """The same in the same order, the good ones together. Iterate one of both, once."""
        try:
            while not self._done:
                message = self._next()
                if "columns" in message:
                    yield Block(message["lines"], message["columns"])
                for row in message.get("rows", ()):
                    yield Row(*row)
                if "end" in message:
                    self.skipped = message["end"]["skipped"]
                    self._done = True
        finally:
            self.close()

    def close(self) -> None:
        if self._child.poll() is None:
            self._child.kill()
        if self._child.stdout:
            self._child.stdout.close()
        self._child.wait()

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _next(self) -> dict[str, Any]:
        assert self._child.stdout is not None
        clock = threading.Timer(WALL_SECONDS, self._child.kill)
        clock.daemon = True
        clock.start()
        try:
            line = self._child.stdout.readline()
        finally:
            clock.cancel()
        if not line.endswith(b"\n"):
            # Killed by its limits, or by us: it could not say so itself.
            raise BadFile("too_heavy")
        message = _understood(line)
        if "fail" in message:
            code, params = message["fail"]
            raise BadFile(code, **params)
        return message


def _understood(line: bytes) -> dict[str, Any]:
    try:
        found: dict[str, Any] = orjson.loads(line)
    except orjson.JSONDecodeError:  # half a character, which the slower way takes
        found = json.loads(line)
    return found
