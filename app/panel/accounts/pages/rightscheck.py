"""The page of the rights check: start one, watch it, read what the last ones found."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.accounts import domain, jobs, queries
from app.panel.accounts.models.rightscheck import RightsCheck
from app.panel.accounts.rights import checks
from app.panel.core.actor import current_actor
from app.panel.core.errors import Conflict
from app.panel.core.fields import show_instant
from app.panel.core.pages import PanelPage, expose, needs

URL = "/accounts/rights-check/"


@domain.page(_("Rights check"), icon="fa-stethoscope", order=27)
class RightsCheckPage(PanelPage):
    """Every route is really called, as everybody, on a scratch instance."""

    route_base = "/accounts/rights-check"
    resource = checks.RESOURCE
    title = _("Rights check")

    @expose("/")
    @needs("read")
    def index(self) -> Any:
        runs = checks.latest()
        alive = next((run for run in runs if run.state in checks.ALIVE), None)
        last = next((run for run in runs if run.state not in checks.ALIVE), None)
        return self.render(
            "accounts/rights_check.html", runs=[_line(run) for run in runs], alive=_line(alive) if alive else None,
            last=_line(last) if last else None, found=[_found(hole) for hole in (last.holes if last else ())],
            cells=_cells(last) if last else [],
        )  # fmt: skip

    @expose("/run", methods=["POST"])
    @needs("run")
    def run(self) -> Any:
        try:
            checks.ask(actor=current_actor(), enqueue=lambda run_id: jobs.check_rights.enqueue(run_id=run_id))
        except Conflict as error:
            flash(error.message, "warning")
        return redirect(URL)

    @expose("/progress")
    @needs("read")
    def progress(self) -> Any:
        """For the bar: how far the run is that is on its way."""
        alive = next((run for run in checks.latest() if run.state in checks.ALIVE), None)
        if alive is None:
            return {"alive": False}
        return {"alive": True, "done": alive.done, "total": alive.total, "label": str(alive.state.label)}


def _line(run: RightsCheck) -> dict[str, Any]:
    opened = sum(hole["opens"] for hole in run.holes)
    return {
        "state": run.state, "asked": show_instant(run.asked_at), "routes": run.routes, "roles": run.roles, "calls": run.calls,
        "holes": opened, "shut": len(run.holes) - opened, "problem": checks.why_failed(run.problem),
        "done": run.done, "total": run.total,
    }  # fmt: skip


def _found(hole: dict[str, Any]) -> dict[str, Any]:
    """One line of the table, in words."""
    words = {
        "refused": gettext("refused"), "let in": gettext("let in"), "not there": gettext("not there"), "own": gettext("own row"),
        "another's": gettext("row of another shop"), "refused or not there": gettext("refused or not there"),
        "nothing of others and nothing hidden": gettext("nothing of others and nothing hidden"), "none": gettext("nothing"),
        "a line in rights.yaml": gettext("a line in rights.yaml"),
    }  # fmt: skip
    seen = hole["seen"]
    if seen.startswith("leak: "):
        seen = gettext("shown: %(fields)s", fields=seen.removeprefix("leak: "))
    return {
        **hole, "role": _role(hole["role"]), "row": words.get(hole["row"], hole["row"]),
        "expected": words.get(hole["expected"], hole["expected"]), "seen": words.get(seen, seen),
    }  # fmt: skip


def _role(key: str) -> str:
    known = {
        "anonymous": gettext("Visitor without a log-in"), "nobody": gettext("Without a role"), "key": gettext("API key"),
        "": gettext("Everybody"),
    }  # fmt: skip
    return known.get(key) or str(queries.role_label(key))


def _cells(run: RightsCheck) -> list[dict[str, Any]]:
    """A cell a role: how many calls, how many of them red."""
    return [
        {"role": _role(key), "calls": count, "red": sum(hole["role"] == key for hole in run.holes)}
        for key, count in run.counts.items()
    ]
