"""What the policy asks of the configuration that holds: rights while somebody looks ahead, rows and fields always.

Of several roles of one person the widest counts: he sees the rows of all of them, and each field as the most open of
those roles lets him.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import g, has_app_context
from sqlalchemy import ColumnElement, false, or_

from app.panel.accounts.configuration import document, rules, store
from app.panel.accounts.configuration.document import LEVELS, MASKED
from app.panel.core import policy
from app.panel.core.actor import memory_key
from app.panel.core.errors import BadRequest
from app.panel.core.fields import resource_of

Entry = Mapping[str, Any]


@policy.rights_from
def rights(actor: Any) -> policy.Held | None:
    """While somebody looks at a configuration that does not hold yet, its rights count and not those of the tables."""
    if store.previewed() is None:
        store.published()  # rolls back first what nobody confirmed in time
        return None
    return frozenset(pair for entry in entries(actor) for pair in document.pairs(entry))


@policy.rows_from
def rows(actor: Any, model: type[Any]) -> ColumnElement[bool] | None:
    """Of the roles that may read these rows: all of them as soon as one has no rule, else what any rule lets through."""
    resource = resource_of(model)
    said = [entry["rows"].get(resource) for entry in _readers(actor, resource)]
    if not said or not all(said):
        return None
    return _any(tuple(rule["filter"] for rules_ in said if rules_ for rule in rules_), model, actor)


@policy.fields_from
def fields(actor: Any, resource: str) -> dict[str, str]:
    """Every field that is not simply as the code allows it; a masked one with how it is masked: "masked phone"."""
    said = [entry["fields"].get(resource, {}) for entry in _readers(actor, resource)]
    if not said or not all(said):
        return {}
    names = set.intersection(*(set(levels) for levels in said))
    widest = {name: max((levels[name] for levels in said), key=LEVELS.index) for name in names}
    return {name: f"{MASKED} {rules.mask_of(resource, name)}" if level == MASKED else level for name, level in widest.items()}


def _readers(actor: Any, resource: str) -> list[Entry]:
    return document.readers(entries(actor), resource)


def entries(actor: Any) -> list[Entry]:
    """The roles of a person, as the configuration in force describes them; remembered for the request."""
    cache = g.setdefault("_policy_roles", {}) if has_app_context() else {}
    if (key := memory_key(actor)) not in cache:
        known = store.in_force()["roles"]
        cache[key] = [known[name] for name, _label in policy.roles_of(actor) if name in known]
    found: list[Entry] = cache[key]
    return found


def _any(trees: tuple[Any, ...], model: type[Any], actor: Any) -> ColumnElement[bool]:
    conditions = []
    for tree in trees:
        try:
            conditions.append(rules.condition(tree, model, actor))
        except BadRequest:  # a field that went away with its code: nobody sees more for that
            conditions.append(false())
    return or_(*conditions)


__all__ = ["entries", "fields", "rights", "rows"]
