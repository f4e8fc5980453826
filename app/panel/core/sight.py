"""May the reader see a row that another one points at? Lists and pages name it only then.

Rules in code see to it that rows point at rows of the same readers; a rule that people edit may be of one table alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask import g, has_app_context
from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.core import policy
from app.panel.core.db import PanelModel, db


def sees(actor: Any, row: Any) -> bool:
    """Do the rules that people edit leave this row to the reader?"""
    if not isinstance(row, PanelModel) or policy.browser_rows(actor, type(row)) is None:
        return True
    known = _known()
    if (actor.id, type(row), row.id) not in known:
        look(actor, [row])
    return known.get((actor.id, type(row), row.id), False)


def look(actor: Any, rows: Iterable[Any]) -> None:
    """Find out about all of these rows of one table in one statement."""
    found = [row for row in rows if isinstance(row, PanelModel)]
    if not found:
        return
    model: Any = type(found[0])
    condition = policy.browser_rows(actor, model)
    if condition is None:
        return
    known, keys = _known(), {row.id for row in found}
    keys = {key for key in keys if (actor.id, model, key) not in known}
    seen = set(db.session.scalars(select(model.id).where(model.id.in_(keys), condition))) if keys else set()
    known.update({(actor.id, model, key): key in seen for key in keys})


def children(actor: Any, rows: Sequence[Any]) -> list[Any]:
    """Those of some children of a row that the reader may see, by rules in the code too."""
    if not rows:
        return []
    beyond = out_of_reach(actor, type(rows[0]), [row.id for row in rows])
    return [row for row in rows if row.id not in beyond]


def hidden(actor: Any, model: type[Any], keys: Iterable[int]) -> set[int]:
    """Those of these rows that the rules which people edit keep from somebody; for what is written set-based."""
    return _beyond(policy.browser_rows(actor, model), model, keys)


def out_of_reach(actor: Any, model: type[Any], keys: Iterable[int]) -> set[int]:
    """Those of these rows that any rule keeps from somebody, one in the code too."""
    return _beyond(policy.row_condition(actor, model), model, keys)


def _beyond(condition: Any, model: type[Any], keys: Iterable[int]) -> set[int]:
    wanted = list(keys)
    if condition is None or not wanted:
        return set()
    seen: set[int] = set()
    for start in range(0, len(wanted), 400):
        seen |= set(db.session.scalars(select(model.id).where(model.id.in_(wanted[start : start + 400]), condition)))
    return set(wanted) - seen


def called(actor: Any, row: Any) -> str:
    """What a row is called, for a reader who may see it."""
    return str(row) if sees(actor, row) else unseen()


def unseen() -> str:
    """What stands where a row is that the reader does not see."""
    return _("(not visible)")


def _known() -> dict[tuple[int, type, int], bool]:
    return g.setdefault("_policy_seen", {}) if has_app_context() else {}
