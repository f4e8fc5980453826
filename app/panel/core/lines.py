"""Rows of a list as plain tuples: what SQLAlchemy does to make objects of rows takes most of the time of reading them.

A related row of which only some columns are read is made of these alone, once a page; it belongs to no session.
"""

from __future__ import annotations

import functools
import keyword
from collections import namedtuple
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, inspect
from sqlalchemy.orm import aliased
from sqlalchemy.orm.attributes import set_committed_value

from app.panel.core.fields import specs


@dataclass(frozen=True)
class Lines:
    """How the rows of a list are read plainly: own columns, then those of each related row."""

    model: type[Any]
    own: tuple[str, ...]
    related: tuple[tuple[str, type[Any], tuple[str, ...]], ...]  # relation, its model, columns; its number first

    @classmethod
    def of(cls, plan: Any, columns: Iterable[str]) -> Lines | None:
        """None where a list shows related rows of which it is not known what is read.

        :param columns: as `screens.columns_read` says them
        """
        known, asked = specs(plan.model), frozenset(columns)
        heads = {head.relation: head.target for name in plan.columns if (head := known.get(name.partition(".")[0])) is not None}
        related = []
        for name, target in heads.items():
            if not name or target is None:
                continue
            read = sorted(one.partition(".")[2] for one in asked if one.startswith(f"{name}."))
            if "id" not in read:
                return None
            related.append((name, target, ("id", *(one for one in read if one != "id"))))
        own = tuple(sorted(one for one in asked if "." not in one))
        names = [*own, *(name for name, _target, _columns in related)]
        if any(keyword.iskeyword(name) or name.startswith("_") for name in names):
            return None
        return cls(plan.model, own, tuple(related))

    def narrowed(self, query: Select[Any]) -> Select[Any]:
        """The query with these columns alone."""
        columns, joins = _parts(self)
        for one in joins:
            query = query.outerjoin(one)
        return query.with_only_columns(*columns, maintain_column_froms=True)

    def of_every(self, query: Select[Any]) -> Select[Any]:
        """`narrowed`, kept: for a query that is the same object each time."""
        return _of_every(self, query)

    def made(self, found: Iterable[Any]) -> list[Any]:
        """The rows of tuples as the database gives them."""
        line = _line((*self.own, *(name for name, _target, _columns in self.related)))
        if not self.related:
            return [line._make(one) for one in found]
        makers, size = list(self._makers()), len(self.own)
        return [line._make((*one[:size], *(make(one) for make in makers))) for one in found]

    def _makers(self) -> Iterable[Callable[[Any], Any]]:
        at = len(self.own)
        for _name, target, read in self.related:
            yield _maker(target, read, at)
            at += len(read)


def _maker(target: type[Any], read: tuple[str, ...], at: int) -> Callable[[Any], Any]:
    """What makes the related row of a tuple, in which its columns begin at a place; one object for all that share it."""
    known: dict[Any, Any] = {None: None}
    new = inspect(target).class_manager.new_instance

    def make(one: Any) -> Any:
        key = one[at]
        if key not in known:
            known[key] = row = new()
            for name, value in zip(read, one[at : at + len(read)], strict=True):
                set_committed_value(row, name, value)
        return known[key]

    return make


@functools.cache
def _parts(lines: Lines) -> tuple[list[Any], list[Any]]:
    """Columns and joins, made once: an alias copies every column of its table."""
    columns, joins = [getattr(lines.model, name) for name in lines.own], []
    for name, target, read in lines.related:
        alias = aliased(target, name=name)
        joins.append(getattr(lines.model, name).of_type(alias))
        columns += [getattr(alias, one).label(f"{name}.{one}") for one in read]
    return columns, joins


@functools.lru_cache(maxsize=500)
def _of_every(lines: Lines, query: Select[Any]) -> Select[Any]:
    return lines.narrowed(query)


@functools.cache
def _line(names: tuple[str, ...]) -> Any:
    return namedtuple("Line", names)
