"""A run above the limit of whoever asks for it waits for a second person, who may not be the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import force_locale, gettext, ngettext
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString
from sqlalchemy import select

from app.panel.bulk import importers, report, runs
from app.panel.bulk.engine import declaring, naming
from app.panel.bulk.models import Run
from app.panel.bulk.states import RunKind, RunState
from app.panel.core import clock, fields, history, money, notices, policy, settings
from app.panel.core.actor import SYSTEM, KeyHolder, owns
from app.panel.core.db import db
from app.panel.core.errors import Conflict, Forbidden, InvalidInput
from app.panel.core.settings import Setting
from app.panel.core.transaction import transactional

LIMITS = "bulk.limits"  # {role: [rows or None, amount in minor units of the currency of the business or None]}
TO_APPROVE = notices.kind(
    "bulk.to_approve", _("An operation on many rows waits for approval"), group=_("Operations on many rows"),
    usual=("bell", "mail"), needs=("approve", "bulk.Run"),
)  # fmt: skip
Limit = tuple[int | None, int | None]


@dataclass(frozen=True)
class Approval:
    """What a page shows of it. `why`: why a second person is needed; `refused_to`: why the reader cannot be that one."""

    why: str
    is_asked: bool
    may: bool
    refused_to: str


def limits() -> dict[str, Limit]:
    row = db.session.get(Setting, LIMITS)
    return {role: (pair[0], pair[1]) for role, pair in (row.value or {}).items()} if row is not None else {}


@transactional
def set_limits(wanted: dict[str, Limit], *, actor: Any) -> None:
    """Say above which number of rows or amount somebody of a role needs a second person; None for no limit."""
    policy.authorize(actor, "limit", runs.RESOURCE)
    kept = {role: list(pair) for role, pair in wanted.items() if pair != (None, None)}
    if any(number is not None and number < 0 for pair in kept.values() for number in pair):
        raise InvalidInput({"limit": gettext("A limit cannot be negative.")})
    settings.store({LIMITS: kept}, actor=actor)


def limit_of(actor: Any) -> Limit:
    """The limit of a person: of his roles that have one the most generous, rows and amount each for itself."""
    if actor is SYSTEM:
        return None, None
    known, person = limits(), getattr(actor, "person", actor)
    mine = [known[role] for role, _label in policy.roles_of(person) if role in known]
    if not mine:
        return None, None
    rows, amounts = ([pair[place] for pair in mine] for place in (0, 1))
    return _most(rows), _most(amounts)


def _most(numbers: list[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return max(known) if len(known) == len(numbers) else None


def why_needed(run: Run, actor: Any) -> str:
    """Why this run needs a second person; nothing when it needs none. To take one back needs him as to do it did."""
    taken_back = db.session.get(Run, run.undo_of_id) if run.undo_of_id is not None else None
    if taken_back is not None and taken_back.kind is RunKind.IMPORT:
        return why_undo_waits(taken_back, actor)
    if taken_back is not None:
        return _why(actor, run.expected, taken_back.findings)
    found = run.findings or {}
    return _why(actor, (found.get("counts") or {}).get("changed", 0), found)


def why_undo_waits(run: Run, actor: Any) -> str:
    """Why to take this run back would need a second person. Of an import count the records that it wrote and what they came to."""
    if run.kind is RunKind.IMPORT:
        sums = {code: {"before": {}, "after": {code: amount}} for code, amount in report.amounts(run.sums).items()}
        return _why(actor, run.new + run.changed, {"sums": sums})
    return _why(actor, run.changed, run.findings)


def _why(actor: Any, changing: int, found: dict[str, Any] | None) -> str:
    rows, most = limit_of(actor)
    if rows is not None and changing > rows:
        return ngettext("It changes more than %(num)s row.", "It changes more than %(num)s rows.", rows)
    if most is None:
        return ""
    currency = fields.default_currency()
    for one in ((found or {}).get("sums") or {}).values():
        for code in {*one["before"], *one["after"]} - {""}:
            moved = abs(one["after"].get(code, 0) - one["before"].get(code, 0))
            if moved > most or (moved and code != currency):
                return gettext("It moves more than %(amount)s.", amount=money.format(most, currency))
    return ""


def is_barred(run: Run) -> bool:
    """Has somebody said no to this run, or nobody said yes who would have to? What has done rows was right to begin."""
    if run.position or run.approved_by_id is not None:
        return False
    is_refused = run.state is RunState.CANCELLED and bool(run.error)
    return is_refused or bool(why_needed(run, maker_of(run)))


def maker_of(run: Run) -> Any:
    """Whoever asked for it."""
    return db.session.get(User, run.actor_id) if run.actor_id is not None else SYSTEM


@transactional
def ask(run: Run, *, actor: Any) -> None:
    """Let a run wait for another person, and tell those who can approve it."""
    runs.move(run.id, (RunState.CHECKED,), state=RunState.ASKED, lease_until=0.0)
    history.record(run, "run.asked", actor=actor)
    what = LazyString(lambda: naming.headline(run))
    title = _("%(name)s asks you to approve: %(what)s", name=str(actor), what=what)
    people = db.session.scalars(select(User).where(User.active.is_(True)))
    able = [person.id for person in people if not refused_to(run, person)]
    why = LazyString(lambda: why_needed(run, actor))
    notices.send(able, title, why, _page(run), kind=TO_APPROVE, about=run)


def _page(run: Run) -> str:
    return f"/bulk/{'operation' if run.operation else 'import'}/{run.id}/"


@transactional
def approve(run_id: int, *, actor: Any) -> Run:
    """Let a run begin that somebody else has asked for.

    :raises Forbidden: for whoever asked for it himself, or could not do it
    """
    run = runs.find(run_id, actor=actor)
    if why := refused_to(run, actor):
        raise Forbidden(why)
    if not runs.move(run_id, (RunState.ASKED,), state=RunState.QUEUED, lease_until=0.0, approved_by_id=actor.id):
        raise Conflict(_("This no longer waits for approval."))
    history.record(run, "run.approved", actor=actor)
    db.session.refresh(run)
    return run


@transactional
def refuse(run_id: int, why: str, *, actor: Any) -> None:
    """Let it not happen, and say why to whoever asked."""
    run = runs.find(run_id, actor=actor)
    if reason := refused_to(run, actor):
        raise Forbidden(reason)
    why = " ".join(why.split())[:500]
    if not why:
        raise InvalidInput({"why": gettext("Say why.")})
    with force_locale(runs.language_of(run)):  # whoever asked reads it
        said = gettext("%(name)s did not approve it: %(why)s", name=str(actor), why=why)
    if not runs.move(run_id, (RunState.ASKED,), state=RunState.CANCELLED, finished_at=clock.now(), error=said):
        raise Conflict(_("This no longer waits for approval."))
    history.record(run, "run.refused", actor=actor, why=why)
    if run.actor_id is not None:
        title = _("“%(what)s” was not approved", what=LazyString(lambda: naming.headline(run)))
        notices.send([run.actor_id], title, why, _page(run), about=run)


def refused_to(run: Run, actor: Any) -> str:
    """Why this person cannot approve it; nothing when he can."""
    if actor is SYSTEM or isinstance(actor, KeyHolder):
        return gettext("A second person confirms this on screen, by his own log-in.")
    if owns(actor, run.actor_id):
        return gettext("You asked for this yourself. Somebody else approves it.")
    if not policy.allowed(actor, "approve", runs.RESOURCE) or not _could(run, actor):
        return gettext("You may not approve this.")
    return ""


def _could(run: Run, actor: Any) -> bool:
    """May he do it himself?"""
    operation, importer = declaring.find(run.operation), importers.get(run.importer)
    if operation is not None:
        return operation.may(actor)
    return importer is not None and run.kind is RunKind.UNDO and policy.allowed(actor, "import", importer.resource)


def of(run: Run, actor: Any) -> Approval | None:
    """What the page of a run says of it; None where nothing is to be said."""
    asked = run.state is RunState.ASKED
    why = why_needed(run, maker_of(run)) if asked or run.state is RunState.CHECKED else ""
    if not asked and not why:
        return None
    refused = refused_to(run, actor)
    return Approval(why, asked, asked and not refused, refused)
