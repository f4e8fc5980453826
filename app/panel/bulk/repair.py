"""The refused rows as a file to mend and to bring again: the same headings, the reason behind them, Excel-proof."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.bulk import runs, store
from app.panel.bulk.models import Run, RunItem
from app.panel.bulk.source import Settings, Source
from app.panel.bulk.states import Outcome
from app.panel.core.db import db

# A cell that a spreadsheet would run. The apostrophe is taken off again when the file comes back.
RISKY = ("=", "+", "-", "@", "\t", "\r")


def reasons(run: Run) -> dict[int, str]:
    """First and further lines of refused records → why."""
    query = select(RunItem.lines, RunItem.reason).where(RunItem.run_id == run.id, runs.with_outcome(Outcome.REFUSED))
    found: dict[int, str] = {}
    for lines, reason in db.session.execute(query):
        for place, line in enumerate(lines):
            found[line] = reason if place == 0 else ""
    return found


def lines(run: Run) -> Iterator[str]:
    """The file, a row at a time, with a byte order mark so that Excel shows Chinese."""
    why = reasons(run)
    with Source(store.path_of(run.file_key), Settings.of(run.params or {})) as source:
        yield "\ufeff" + _line([safe(heading) for heading in [*source.meta["headings"], _("Reason")]])
        for row in source.rows():
            if row.line in why:
                yield _line([safe(cell) for cell in [*row.cells, why[row.line]]])


def safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(RISKY) and not _is_number(cell) else cell


def _is_number(cell: str) -> bool:
    return cell[1:].replace(".", "", 1).replace(",", "").isdecimal()


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
