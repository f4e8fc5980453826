"""What leaves the panel as a file from the pages of the accounts, and the line on the trail that it did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response
from flask_babel import lazy_gettext as _

from app.panel.accounts.login import devices
from app.panel.accounts.models import LoginEvent
from app.panel.core import clock, history, tablefiles
from app.panel.core.fields import show_instant
from app.panel.core.transaction import transactional

LOGIN_HEADINGS = {
    "at": _("Time"), "user": _("Person"), "result": _("Result"), "ip": _("IP address"), "agent": _("Device"),
}  # fmt: skip


def logins(events: Sequence[LoginEvent], kind: str, *, asked: dict[str, Any], actor: Any) -> Response:
    """Log-ins as a file of a kind (csv, xlsx), told on the trail first."""
    rows = [login_cells(event) for event in events]
    told(LoginEvent.__tablename__, rows=len(rows), columns=list(LOGIN_HEADINGS), asked=asked, file=kind, actor=actor)
    return attachment(kind, "log-ins", [str(heading) for heading in LOGIN_HEADINGS.values()], rows)


def login_cells(event: Any) -> list[Any]:
    return [show_instant(event.at), str(event.user), str(event.result.label), event.ip, devices.describe(event.agent)]


@transactional
def told(table: str, *, rows: int, columns: list[str], asked: dict[str, Any], file: str, actor: Any) -> None:
    """The line of an export: how many rows, which columns, by which filter."""
    pairs = {"rows": [None, rows], "columns": [None, columns], "file": [None, file]}
    if asked:
        pairs["filter"] = [None, [f"{name}={value}" for name, value in asked.items()]]
    history.record_about(table, "exported", pairs, actor=actor)


def attachment(kind: str, name: str, headings: list[str], rows: list[list[Any]]) -> Response:
    response = Response(tablefiles.written(kind, headings, rows), mimetype=tablefiles.KINDS[kind].partition(";")[0])
    stamp = clock.local(clock.now()).strftime("%Y%m%d-%H%M")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}-{stamp}.{kind}"'
    return response
