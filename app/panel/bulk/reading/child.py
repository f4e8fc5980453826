"""The child process: reads one file under limits and writes messages, one JSON document a line, to its output.

Started by `source.py` as a plain interpreter that knows only this package, so that it weighs 30 MB and not the
application's 200, and so that nothing of the application can be reached from a hostile file.

Messages: {"meta": …}, then many times {"lines": […], "columns": [[…], …]}, or, for a row with which something is wrong,
{"rows": [[line, cells, code, params]]}, in the order of the file, then {"end": {"skipped": …}}; or, at any point,
{"fail": [code, params]} as the last one.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from typing import Any

from .document import Document, Refused
from .limits import BATCH_ROWS, CHILD_MEMORY, seconds_for
from .problems import BadFile


def main(path: str, options: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (CHILD_MEMORY, CHILD_MEMORY))
    seconds = seconds_for(os.path.getsize(path))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        _tell(path, json.loads(options))
    except BadFile as wrong:
        say({"fail": [wrong.code, wrong.params]})
    except MemoryError:
        say({"fail": ["memory", {}]})
    except UnicodeDecodeError:
        say({"fail": ["encoding_broken", {}]})


def _tell(path: str, options: dict[str, Any]) -> None:
    limit = options.pop("limit", None)
    document = Document(path, **options)
    say({"meta": document.meta.as_dict()})
    batch: list[tuple[int, list[str]]] = []
    for told, row in enumerate(document.rows()):
        if limit is not None and told >= limit:
            break
        if isinstance(row, Refused):
            _say_rows(batch)
            say({"rows": [[row.line, row.cells, row.code, row.params]]})
        else:
            batch.append(row)
        if len(batch) >= BATCH_ROWS:
            _say_rows(batch)
    _say_rows(batch)
    say({"end": {"skipped": document.skipped}})


def _say_rows(batch: list[tuple[int, list[str]]]) -> None:
    """Column by column: a column is looked through at once. The batch is empty then."""
    if batch:
        say({"lines": [line for line, _cells in batch], "columns": list(zip(*[cells for _line, cells in batch], strict=True))})
        batch.clear()


def say(message: dict[str, Any]) -> None:
    # not by orjson, whose own imports take longer than it saves
    sys.stdout.write(json.dumps(message, ensure_ascii=True, separators=(",", ":")))
    sys.stdout.write("\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
