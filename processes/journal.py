"""What a supervisor says, for the person at the terminal and for the log of the home.

The log's own module belongs to the panel, which a supervisor does not load; a line and its lock are the same.
"""

import contextlib
import datetime
import fcntl
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

LOGGER = "zhanggui.supervisor"


def teller(folder: Path) -> Callable[[str, str], None]:
    """`say(part, sentence)` for a home whose logs lie in `folder`."""

    def say(part: str, sentence: str) -> None:
        sys.stderr.write(f"[{part}] {sentence}\n")
        sys.stderr.flush()
        with contextlib.suppress(OSError):  # a full disk is no reason to leave the parts alone
            _append(folder / "zhanggui.log", part, sentence)

    return say


def _wait_for(lock: TextIO) -> None:
    """For a second at most: a process that stands still with the lock must not hold up whoever keeps it."""
    for _look in range(1000):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(0.001)


def _append(path: Path, part: str, sentence: str) -> None:
    at = datetime.datetime.now(datetime.UTC).isoformat().replace("+00:00", "Z")
    line = {"event": sentence, "level": "warning", "logger": LOGGER, "timestamp": at, "part": part}
    with open(f"{path}.lock", "w") as lock:  # whoever rotates the file holds it
        _wait_for(lock)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
