"""Whoever a request is by, with his roles, made of plain rows: what SQLAlchemy needs to make one object of a row, and to
find out anew each time how, takes longer than all else that is done to open a session.

He is in the session of the database as if he had been read by it: changed, saved and read anew like anybody else.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, inspect
from sqlalchemy.orm import aliased, joinedload, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from app.panel.accounts.models import Role, User
from app.panel.core.db import db

PERSON, ROLE = "person_", "role_"


@functools.cache
def _named(kind: Any) -> tuple[str, ...]:
    """The attributes of a model that are columns of its row."""
    return tuple(attribute.key for attribute in inspect(kind).column_attrs)


def columns() -> list[Any]:
    return [getattr(User, name).label(f"{PERSON}{name}") for name in _named(User)]


def with_roles(query: Select[Any]) -> Select[Any]:
    """A row for each of his roles, or one; and whether he is in a group, which may bring more of them."""
    role, relations = aliased(Role), inspect(User).relationships
    groups = relations["groups"].secondary
    in_group = groups.select().with_only_columns(groups.c.user_id).where(groups.c.user_id == User.id).exists()
    query = query.outerjoin(User.roles.of_type(role))  # type: ignore[attr-defined]
    return query.add_columns(*(getattr(role, name).label(f"{ROLE}{name}") for name in _named(Role)), in_group.label("in_group"))


def of_rows(rows: Sequence[Any]) -> User:
    """The person of the rows that such a query found."""
    first = rows[0]._mapping
    number = first[f"{PERSON}id"]
    if first["in_group"] or inspect(User).identity_key_from_primary_key((number,)) in db.session.identity_map:
        asked = [joinedload(User.roles), joinedload(User.groups)]  # type: ignore[attr-defined]
        found = db.session.get(User, number, options=asked)
        assert found is not None
        return found
    person: User = _made(User, first, PERSON)
    roles = [_known(Role, row._mapping) for row in rows if row._mapping[f"{ROLE}id"] is not None]
    for name, value in (("roles", roles), ("groups", [])):
        set_committed_value(person, name, value)
    db.session.add(person)
    return person


def _known(kind: Any, values: Mapping[str, Any]) -> Any:
    key = inspect(kind).identity_key_from_primary_key((values[f"{ROLE}id"],))
    return db.session.identity_map.get(key) or _made(kind, values, ROLE)


def _made(kind: Any, values: Mapping[str, Any], prefix: str) -> Any:
    row = inspect(kind).class_manager.new_instance()
    for name in _named(kind):
        set_committed_value(row, name, values[f"{prefix}{name}"])
    make_transient_to_detached(row)
    return row
