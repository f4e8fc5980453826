"""Reading ahead: a second process understands the next records of a file while this one writes the present ones.

The process is a fork, so that it knows the file, the columns and the language; it asks no database, whose connections are
this one's. What it finds comes through a pipe that holds less than one chunk: it is never far ahead.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import traceback
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from app.panel.bulk.importers import Plan
from app.panel.bulk.reading.problems import BadFile
from app.panel.bulk.source import Source

WORTH_BYTES = 1024 * 1024  # a smaller file is done sooner than a process is made
Chunks = Iterator[list[Plan]]


def ahead(chunks: Chunks, source: Source) -> Chunks:
    """The same lists of plans, made by another process; nothing of `chunks` may have been taken yet.

    :raises BadFile: as reading the file here would; also when the process is killed, for its limits are those of this one
    """
    mine, its = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(mine)
        _run(its, chunks, source)
    os.close(its)
    try:
        with os.fdopen(mine, "rb") as stream:
            while True:
                plans, last = _next(stream)
                if last is not None:
                    source.skipped = last
                    return
                yield plans
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _next(stream: Any) -> tuple[list[Plan], dict[str, int] | None]:
    try:
        plans, last, wrong = pickle.load(stream)  # noqa: S301 (from our own fork, by a pipe that nobody else has)
    except (EOFError, pickle.UnpicklingError):
        raise BadFile("too_heavy") from None
    if wrong is not None:
        raise wrong
    return plans, last


def _run(pipe: int, chunks: Chunks, source: Source) -> None:
    """The life of the fork, which must neither return nor tidy up what is its parent's."""
    try:
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):
            signal.signal(signum, signal.SIG_DFL)
        gc.freeze()  # what is the parent's is neither garbage nor to be written to
        with os.fdopen(pipe, "wb") as out:
            try:
                for plans in chunks:
                    pickle.dump((plans, None, None), out, pickle.HIGHEST_PROTOCOL)
                    out.flush()
                end: tuple[Any, ...] = ([], source.skipped, None)
            except BrokenPipeError:
                return  # nobody listens any more
            except BadFile as wrong:
                end = ([], None, wrong)
            except Exception:  # a fault of ours ends the run as it would without a fork
                end = ([], None, RuntimeError(traceback.format_exc()))
            pickle.dump(end, out, pickle.HIGHEST_PROTOCOL)
    finally:
        os._exit(0)
