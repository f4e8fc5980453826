"""The child process: reads one file under limits and writes messages, one JSON document a line, to its output.

Started by `source.py` as a plain interpreter that knows only this package, so that it weighs 30 MB and not the
application's 200, and so that nothing of the application can be reached from a hostile file.

Messages: {"meta": …}, then {"rows": [[line, cells], [line, cells, code, params], …]} many times, then
{"end": {"skipped": …}}; or, at any point, {"fail": [code, params]} as the last one.
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
    batch: list[Any] = []
    for told, row in enumerate(document.rows()):
        if limit is not None and told >= limit:
            break
        batch.append([row.line, row.cells, row.code, row.params] if isinstance(row, Refused) else row)
        if len(batch) >= BATCH_ROWS:
            say({"rows": batch})
            batch = []
    if batch:
        say({"rows": batch})
    say({"end": {"skipped": document.skipped}})


def say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message, ensure_ascii=True, separators=(",", ":")))
    sys.stdout.write("\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
