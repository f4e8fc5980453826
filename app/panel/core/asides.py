"""What nearly every page asks of the database, asked beside its session: one statement in the place of several.

Whoever has such a question registers it here; the answer is handed to him when the session of a request is read, and he
keeps it where he would have kept his own. Where none came, in a job, by a key or after something changed, he asks himself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app
from sqlalchemy import Select, true

CORE = f"{__package__}."
Values = Sequence[Any]
Take = Callable[[int, Values], None]


@dataclass(frozen=True)
class Aside:
    """`ask` gives a select of at most one row. One of a single column may ask for the number of the reader; `take` gets
    that number and the values of the row, all of them None where there was none."""

    name: str
    ask: Callable[[Any], Select[Any]]
    take: Take


_known: dict[str, Aside] = {}


def beside(name: str, ask: Callable[[Any], Select[Any]]) -> Callable[[Take], Take]:
    """Register a question: `@beside("unread", lambda person: select(…).where(Notice.user_id == person))`."""

    def register(take: Take) -> Take:
        _known[name] = Aside(name, ask, take)
        return take

    return register


def names() -> tuple[str, ...]:
    """The questions of the core and of the domains of this application: the tables of others may not be there."""
    found: tuple[str, ...] | None = current_app.extensions.get("panel_asides")
    if found is None:
        homes = (CORE, *(f"{one.package}." for one in current_app.extensions["panel_domains"]))
        found = tuple(name for name, one in _known.items() if one.take.__module__.startswith(homes))
        current_app.extensions["panel_asides"] = found
    return found


def joined(query: Select[Any], person: Any, wanted: Sequence[str]) -> Select[Any]:
    """A query of one row with these questions beside its own columns.

    :param person: its column that holds the number of the reader
    """
    for name in wanted:
        asked = _known[name].ask(person)
        if len(asked.selected_columns) == 1:
            query = query.add_columns(asked.scalar_subquery().label(f"{name}_0"))
        else:
            part = asked.subquery(f"beside_{name}")
            query = query.outerjoin(part, true()).add_columns(*(column.label(f"{name}_{at}") for at, column in enumerate(part.c)))
    return query


def take(row: Any, reader: int, wanted: Sequence[str]) -> None:
    """Hand the answers of a row to those who asked."""
    found = row._asdict()  # a question to the row itself costs as much as this
    for name in wanted:
        values: list[Any] = []
        while (key := f"{name}_{len(values)}") in found:
            values.append(found[key])
        _known[name].take(reader, values)
