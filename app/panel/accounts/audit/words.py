"""A line of the trail in words: who, what, by which path, before and after, as far as its reader may see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select

from app.panel.accounts.audit import filterwords, places
from app.panel.accounts.configuration import notes
from app.panel.accounts.models import User, full_name
from app.panel.core import policy, screens, settings, trail
from app.panel.core.db import db
from app.panel.core.fields import show_instant
from app.panel.core.history import BY_KEY

PATHS = {
    "screen": lazy_gettext("On screen"), "api": lazy_gettext("By the API"), "sheet": lazy_gettext("In a sheet"),
    "import": lazy_gettext("By an import"), "undo": lazy_gettext("By an undo"), "bulk": lazy_gettext("By a bulk operation"),
    "rule": lazy_gettext("By a rule"), "channel": lazy_gettext("By the channel"), "cli": lazy_gettext("From the command line"),
    "job": lazy_gettext("By a job"), "system": lazy_gettext("By the system"), "demo": lazy_gettext("By the demo"),
}  # fmt: skip
# what lines say that are about no field of a row
TOLD = {
    "rows": lazy_gettext("Rows"), "columns": lazy_gettext("Columns"), "filter": lazy_gettext("Filter"),
    "file": lazy_gettext("File format"), "method": lazy_gettext("Method"), "address": lazy_gettext("Address"),
    "lines": lazy_gettext("Number of lines"), "until": lazy_gettext("Until"), "roles": lazy_gettext("Roles"),
    "field": lazy_gettext("Field"), "as": lazy_gettext("Looked as"), "of": lazy_gettext("By which configuration"),
}  # fmt: skip
VALUES = {"draft": lazy_gettext("The draft"), "published": lazy_gettext("What holds now")}
VERBS = ("insert", "update", "delete", "restored", "purged", "exported", "access.refused", "setting.changed")
TONES = {"insert": "success", "delete": "danger", "access.refused": "warning", "exported": "info", trail.BLOTTED: "warning"}


@dataclass(frozen=True)
class Line:
    """What the page and the file show of one line."""

    id: int
    at: str
    instant: Any
    who: str
    ip: str
    verb: str
    verb_key: str
    tone: str
    place: str
    row: str
    row_url: str
    key: int
    table: str
    path: str
    why: str
    changes: list[Any]
    run: int | None
    request: str
    is_blotted: bool

    @property
    def said(self) -> str:
        """The changes as one text."""
        return "; ".join(_one(change) for change in self.changes)


def _one(change: Any) -> str:
    values = f"{change.before} → {change.after}" if change.before else change.after
    return f"{change.label}: {values}" if change.label else str(values)


def spoken(lines: Sequence[Any], actor: Any) -> list[Line]:
    """These lines for this reader; a statement a table for the rows, one for the people."""
    rows = places.rows_of(lines, actor)
    people = names_of({line.actor_id for line in lines if line.actor_id})
    sees_networks = policy.allowed(actor, "read", "accounts.LoginEvent")
    return [_line(line, rows.get((line.table, line.key)), people, sees_networks, actor) for line in lines]


def _line(line: Any, row: Any, people: dict[int, str], sees_networks: bool, actor: Any) -> Line:
    place = places.places().get(line.table)
    return Line(
        id=line.id, at=show_instant(line.at), instant=line.at, who=people.get(line.actor_id) or screens.who_said(line.actor_name),
        ip=line.ip if sees_networks else "", verb=verb_word(line.verb), verb_key=line.verb, tone=TONES.get(line.verb, "neutral"),
        place=place.label if place is not None else _("Other records"), key=line.key, table=line.table,
        row=_called(row, line), row_url=screens.row_url(row) if row is not None else _address(line, actor),
        path=path_said(line.path), why=notes.said(line.why),
        changes=_changes(line, place, row, actor), run=line.run_id, request=line.request_id, is_blotted=line.was is not None,
    )  # fmt: skip


def _called(row: Any, line: Any) -> str:
    """The row by its name; one that has none, or is gone, by its number."""
    if row is not None and type(row).__str__ is not object.__str__:
        return str(row)
    return _("No. %(n)s", n=line.key) if line.key and line.table != places.DRAFT else ""


def _address(line: Any, actor: Any) -> str:
    """Publications, and changes that wait, have no screen of rows, but a page each."""
    pages = {
        places.PUBLICATIONS: ("accounts_configuration.show", "publication_id"),
        places.WAITING: ("accounts_waiting.show", "change_id"),
    }  # fmt: skip
    if line.table not in pages or not line.key or not policy.allowed(actor, "read", places.BESIDES[line.table][0]):
        return ""
    endpoint, name = pages[line.table]
    return url_for(endpoint, **{name: line.key})


def verb_word(verb: str) -> str:
    known = {"exported": _("exported"), "access.refused": _("was refused"), "setting.changed": _("changed a setting")}
    return known.get(verb) or screens.verb_word(verb)


def path_said(path: str) -> str:
    if path.startswith(BY_KEY):
        return _("API key %(name)s", name=path.removeprefix(BY_KEY))
    return str(PATHS.get(path, path))


def _changes(line: Any, place: places.Place | None, row: Any, actor: Any) -> list[Any]:
    if place is None:
        return []
    pairs = {name: pair for name, pair in (line.changes or {}).items() if isinstance(pair, list) and len(pair) == 2}
    if place.table == "core_setting":
        return [_setting(name, pair) for name, pair in pairs.items()]
    if place.table in (places.PUBLICATIONS, places.WAITING):
        return [SimpleNamespace(label="", before="", after=str(text)) for text in pairs.get("changes", ("", []))[1]]
    if place.table == "core_history":
        pairs.pop("now", None)
    told = {name: pairs.pop(name) for name in list(pairs) if (name in TOLD and _is_told(line)) or line.verb == "access.refused"}
    if "filter" in told:
        told["filter"] = [None, filterwords.shown(told["filter"][1], place, line.actor_id, actor)]
    said = [SimpleNamespace(label=_told(name), before=_text(b), after=_text(a)) for name, (b, a) in told.items()]
    if place.model is None:
        return said
    access = policy.fields(actor, place.resource)
    return said + screens.changes_said(place.model, pairs, access, row)


def _is_told(line: Any) -> bool:
    return not line.key or line.verb.endswith((".viewed_as", ".revealed"))


def _told(name: str) -> str:
    return str(TOLD.get(name, name.replace("_", " ")))


def _setting(key: str, pair: list[Any]) -> Any:
    declared = settings.DECLARED.get(key)
    if declared is None or not declared.spec.label:  # what the panel remembers for itself is no word for people
        return SimpleNamespace(label=_("Noted by the panel itself"), before="", after="")
    label = str(declared.spec.label)
    return SimpleNamespace(label=label, before=_text(pair[0]), after=_text(pair[1]))


def _text(value: Any) -> str:
    if value in (None, "", [], {}):
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(VALUES.get(value, value) if isinstance(value, str) else value)


def names_of(ids: set[int]) -> dict[int, str]:
    """The names of people by number."""
    return {user.id: full_name(user) for user in db.session.scalars(select(User).where(User.id.in_(ids)))} if ids else {}


def people() -> list[tuple[int, str]]:
    """Everybody who may stand in a line, by name."""
    return sorted(((user.id, full_name(user)) for user in db.session.scalars(select(User))), key=lambda one: one[1])
