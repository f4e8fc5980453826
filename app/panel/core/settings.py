"""Settings of the instance that people edit in the browser: declared by who reads them, kept in one table."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import g, has_app_context
from flask_appbuilder import Model
from flask_babel import gettext as _
from sqlalchemy import JSON, Select, String, Text, cast, func, select
from sqlalchemy.orm import mapped_column

from app.panel.core import asides, clock, history, parsing, policy, twopeople
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.panel.core.fields import FieldSpec
from app.panel.core.transaction import transactional
from app.panel.core.types import UTCDateTime

RESOURCE = "core.Setting"


class Setting(Model):
    __tablename__ = "core_setting"

    key = mapped_column(String(80), primary_key=True)
    value = mapped_column(JSON(none_as_null=True), nullable=True)
    changed_at = mapped_column(UTCDateTime, nullable=False, default=clock.now, onupdate=clock.now)


@dataclass(frozen=True)
class Declared:
    """A setting that somebody reads. `spec` parses and shows it as a field of that kind."""

    key: str
    default: Any
    spec: FieldSpec
    group: Any = ""
    loosens: Callable[[Any, Any], bool] | None = None


DECLARED: dict[str, Declared] = {}


def define(
    key: str, default: Any, *, label: Any, kind: str = "text", help: Any = "", group: Any = "", **rules: Any
) -> None:
    """Declare a setting with its default. `kind` is that of a field; `choices`, `min`, `max`, `unit`, `check` as there.

    :param loosens: does the second value ask less of people, or let them do more, than the first?
    """
    if kind not in parsing.BY_KIND:  # otherwise nobody could save the page of settings
        raise TypeError(f"{key}: no setting is of the kind {kind!r}")
    loosens = rules.pop("loosens", None)
    spec = FieldSpec(Setting, key, label, kind, help=help, default=default, length=rules.pop("length", 500), **rules)
    DECLARED[key] = Declared(key, default, spec, group, loosens)


def setting(key: str) -> Any:
    """The value that holds now. All settings of a request are read in one statement.

    :raises KeyError: for a key that nobody declared
    """
    declared = DECLARED[key]
    stored = _stored()
    return stored[key] if key in stored and stored[key] is not None else declared.default


def _stored() -> dict[str, Any]:
    if not has_app_context():
        return {}
    if "_settings" not in g:
        g._settings = dict(db.session.execute(_all()).tuples().all())
    found: dict[str, Any] = g._settings
    return found


@functools.cache
def _all() -> Select[Any]:
    """Built once: every request asks this."""
    return select(Setting.__table__.c.key, Setting.__table__.c.value)


def _as_one(_person: Any) -> Select[Any]:
    """All of them as one text of JSON."""
    table = Setting.__table__.c
    if db.engine.dialect.name == "postgresql":
        return select(cast(func.json_object_agg(table.key, table.value), Text))
    return select(func.json_group_object(table.key, func.json(table.value), type_=Text))


@asides.beside("settings", _as_one)
def _told(_reader: int, values: asides.Values) -> None:
    g._settings = json.loads(values[0] or "{}")


def forget() -> None:
    """Read again at the next question."""
    if has_app_context():
        g.pop("_settings", None)


@transactional
def change(values: dict[str, Any], *, actor: Any) -> None:
    """Set some settings from what was typed.

    :raises InvalidInput: with a sentence a key; nothing is changed then
    """
    policy.authorize(actor, "write", RESOURCE)
    errors, parsed = {}, {}
    for key, raw in values.items():
        if key not in DECLARED:
            errors[key] = _("There is no such setting.")
            continue
        try:
            parsed[key] = history.plain(DECLARED[key].spec.parse(raw))
        except ValueError as error:
            errors[key] = str(error)
    if errors:
        raise InvalidInput(errors)
    _ask_for_looser(parsed, actor)
    store(parsed, actor=actor)


def _ask_for_looser(parsed: dict[str, Any], actor: Any) -> None:
    """What was saved together waits together."""
    forget()
    changed = {key: [setting(key), DECLARED[key].default if new is None else new] for key, new in parsed.items()}
    changed = {key: pair for key, pair in changed.items() if pair[0] != pair[1]}
    if any(test(*pair) for key, pair in changed.items() if (test := DECLARED[key].loosens) is not None):
        twopeople.ask("settings", {"values": changed}, about="settings", actor=actor)


def more(before: Any, after: Any) -> bool:
    return bool(after > before)


def less(before: Any, after: Any) -> bool:
    return bool(after < before)


def less_often(before: Any, after: Any) -> bool:
    """Of a limit above which something is asked, 0 for never."""
    return bool(before) and (not after or after > before)


def off(before: Any, after: Any) -> bool:
    return bool(before) and not after


@transactional
def store(values: dict[str, Any], *, actor: Any) -> None:
    """Set checked values; for setup and demo."""
    forget()
    for key, value in values.items():
        row = db.session.get(Setting, key)
        before = row.value if row is not None else DECLARED[key].default if key in DECLARED else None
        if before == value and row is not None:
            continue
        if row is None:
            db.session.add(Setting(key=key, value=value))
        else:
            row.value = value
        history.record_setting(key, before, value, actor=actor)
    db.session.flush()
    forget()
