"""The trail of the whole house on one page, and as a file."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import current_app, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.accounts import domain
from app.panel.accounts.audit import places, reading, refusals, words
from app.panel.accounts.pages import takeaway
from app.panel.core import chain_check, policy, tablefiles
from app.panel.core.actor import current_actor
from app.panel.core.errors import BadRequest
from app.panel.core.fields import show_instant
from app.panel.core.pages import PanelPage, expose, needs

FAULTS = {
    "changed": _("a line was changed"), "missing": _("a line is gone"), "inserted": _("a line was put in"),
    "line": _("lines were changed"), "blotted": _("an erased line was changed"), "block": _("a seal was changed"),
    "chain": _("a seal is missing"), "removed": _("lines are gone without a trace"),
    "rewritten": _("the seals were made anew"), "expected": _("the expected seal is missing"),
    "guards": _("the protection of the table is off"), "door": _("the protection of the table is open"),
}  # fmt: skip


@domain.page(_("Audit trail"), icon="fa-shoe-prints", order=35)
class AuditPage(PanelPage):
    """Who did what, when, from where and by which path; what stood there before, and what after."""

    route_base = "/accounts/audit"
    resource = "accounts.Audit"
    title = _("Audit trail")

    def __init__(self) -> None:
        super().__init__()
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        app.extensions["panel_trail_url"] = trail_url
        app.after_request(refusals.after_request)

    @expose("/")
    @needs("read")
    def index(self) -> Any:
        actor, asked = current_actor(), reading.read(request.args)
        found = reading.find(asked, actor)
        base = url_for("accounts_audit.index")
        return self.render(
            "accounts/audit.html", asked=asked, base=base, lines=words.spoken(found.lines, actor), choices=choices(actor),
            chips=chips(asked, base), steps=steps(asked, base, found), seal=seal_said() if policy.is_administrator(actor) else None,
            looked_back_to=show_instant(found.looked_back_to) if found.looked_back_to else "",
            may_export=policy.allowed(actor, "export", self.resource), most=reading.MOST_EXPORTED,
            logins_url=url_for("accounts_loginevent.list") if policy.allowed(actor, "read", "accounts.LoginEvent") else "",
        )  # fmt: skip

    @expose("/export", methods=["POST"])
    @needs("export")
    def export(self) -> Any:
        """The filtered lines as a file. That they were taken out is a line of its own, written first."""
        actor, asked, kind = current_actor(), reading.read(request.form), request.form.get("format", "csv")
        if kind not in tablefiles.KINDS:
            raise BadRequest(gettext("This request cannot be understood."))
        lines = list(reading.every(asked, actor))
        rows = [row for start in range(0, len(lines), 500) for row in cells(words.spoken(lines[start : start + 500], actor))]
        by = asked.words(before=None, after=None)
        takeaway.told("core_history", rows=len(rows), columns=list(HEADINGS), asked=by, file=kind, actor=actor)
        return takeaway.attachment(kind, "trail", [str(heading) for heading in HEADINGS.values()], rows)


HEADINGS = {
    "at": _("Time"), "who": _("Person"), "ip": _("IP address"), "place": _("On what"), "row": _("Record"), "verb": _("Action"),
    "said": _("Before and after"), "why": _("Reason"), "path": _("By which path"), "run": _("Run no."), "request": _("Request"),
}  # fmt: skip


def cells(lines: list[words.Line]) -> list[list[Any]]:
    return [[getattr(line, name) for name in HEADINGS] for line in lines]


def trail_url(row: Any) -> str:
    """The trail of one row on this page, for whoever may open it."""
    if not policy.allowed(current_actor(), "read", AuditPage.resource):
        return ""
    return reading.Asked(table=row.__tablename__, key=row.id).url(url_for("accounts_audit.index"))


def choices(actor: Any) -> SimpleNamespace:
    """What can be asked for, by value and word."""
    tables = sorted(((place.table, place.label) for place in places.open_to(actor)), key=lambda one: one[1])
    known = {label: table for table, label in reversed(tables)}
    return SimpleNamespace(
        people=[(reading.SYSTEM, gettext("The system")), *words.people()],
        tables=[(table, label) for label, table in sorted(known.items())],
        verbs=[(verb, words.verb_word(verb)) for verb in words.VERBS],
        paths=[(path, str(words.PATHS[path])) for path in reading.PATHS],
    )


def chips(asked: reading.Asked, base: str) -> list[SimpleNamespace]:
    """One a filter that is set, each to be taken off by itself."""
    place = places.places().get(asked.table)
    said = {
        "person": gettext("The system") if asked.person == 0 else words.names_of({asked.person or 0}).get(asked.person or 0, "?"),
        "since": asked.since, "until": asked.until, "table": place.label if place is not None else asked.table,
        "key": asked.key, "verb": words.verb_word(asked.verb), "path": words.path_said(asked.path), "run": asked.run,
    }  # fmt: skip
    names = {
        "person": _("Person"), "since": _("From day"), "until": _("To day"), "table": _("On what"), "key": _("No."),
        "verb": _("Action"), "path": _("By which path"), "run": _("Run no."),
    }  # fmt: skip
    return [
        SimpleNamespace(label=f"{names[name]}: {said[name]}", remove_url=asked.url(base, **{name: None}, before=None, after=None))
        for name in names
        if getattr(asked, name) not in (None, "")
    ]


def steps(asked: reading.Asked, base: str, found: reading.Page) -> SimpleNamespace:
    def to(**place: int | None) -> str:
        return asked.url(base, **{"before": None, "after": None, **place})

    return SimpleNamespace(
        newest=to() if asked.before or asked.after else "", newer=to(after=found.newer) if found.newer else "",
        older=to(before=found.older) if found.older else "", further=to(before=found.further) if found.further else "", clear=base,
    )  # fmt: skip


def size_said(kilobytes: int | None) -> str:
    if kilobytes is None:
        return ""
    return f"{kilobytes} KB" if kilobytes < 1024 else f"{kilobytes / 1024:.1f} MB"


def seal_said() -> SimpleNamespace | None:
    """What the last check of the chain found, in words."""
    last: Any = chain_check.last_check()
    if last is None:
        return None
    return SimpleNamespace(
        ok=last.ok, at=show_instant(last.at), until=show_instant(last.until_at) if last.until_at else "", lines=last.lines,
        size=size_said(last.size), fault=str(FAULTS.get(last.fault, "")),
        block=last.block_id, line=last.line_id,
    )  # fmt: skip
