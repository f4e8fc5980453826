"""Reading the rows of a file: which ones, frozen as numbers; then chunk by chunk what their reader may see at that moment."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Boolean, Date, Numeric, Select, String, and_, cast, select, type_coerce
from sqlalchemy.orm import aliased, selectinload

from app.panel.core import cells, clock, listing, paging, policy, sight, veil
from app.panel.core.actor import acting_as
from app.panel.core.db import PanelModel, db
from app.panel.core.fields import FieldSpec, resource_of, spec
from app.panel.core.types import ChoiceType, UTCDateTime
from app.panel.exports import columns as choosing
from app.panel.exports import values
from app.panel.exports.keys import Keys
from app.panel.exports.values import texts

CHUNK = 20_000  # rows of a statement; what a statement costs whatever its size is a tenth of the time at a quarter of this
HANDED_OVER = 5_000  # the same on PostgreSQL, which hands all that a statement finds over at once: so much is in memory
DRAWN = 500  # rows whose cells are made at a time: what is read a moment ago is still in the cache of the processor
TOLD = 2_000  # numbers of rows that are read at a time
LOADED = 500  # rows at a time of which more than columns is asked for
RAW = (UTCDateTime, ChoiceType, Boolean, Date, Numeric)  # left as the driver gives them
WRITTEN = (UTCDateTime, Date, Numeric)  # asked of PostgreSQL as it writes them: its driver would make objects of them
Cells = Callable[[list[int], dict[str, Sequence[Any]]], Sequence[Any]]


def numbers(asked: listing.Asked, plan: listing.Plan, actor: Any, *, most: int | None = None) -> Keys:
    """The numbers of the rows that a list asks for, in its order."""
    query: Select[Any] = listing.statement(asked, plan, actor)[0]
    order = paging.order_of(plan.model, asked.sort or plan.default_sort, actor)
    if order.join is not None:
        query = query.outerjoin(*order.join)
    if not order.is_id:
        query = query.order_by((order.column.desc() if order.descending else order.column).nulls_last())
    query = query.order_by(order.id.desc() if order.descending else order.id)
    model: Any = plan.model
    wanted, found = query.with_only_columns(model.id).limit(most), Keys()
    if _is_postgresql():
        for part in db.session.scalars(wanted, execution_options={"yield_per": TOLD}).partitions():
            found.extend(part)
        return found
    cursor = db.session.connection().execute(wanted).cursor  # a million of SQLAlchemy's rows would take longer than the query
    while keys := cursor.fetchmany(TOLD):
        found.extend([key for (key,) in keys])
    return found


def chosen(keys: Iterable[int], plan: listing.Plan, actor: Any) -> Keys:
    """Those of some ticked rows that are the actor's, in the order in which they were ticked."""
    wanted, model = list(dict.fromkeys(keys)), plan.model
    query = policy.scope(select(model.id), actor, model).where(model.id.in_(wanted))  # type: ignore[attr-defined]
    if plan.base is not None:
        query = query.where(plan.base)
    mine = set(db.session.scalars(query))
    return Keys(key for key in wanted if key in mine)


class Reader:
    """Reads rows of one list for one person, and asks for each chunk again what he may. `count`: how many it has given.

    :param is_typed: cells for a sheet, not for a text
    """

    def __init__(self, view: Any, actor: Any, names: Sequence[str], *, is_typed: bool) -> None:
        self.view, self.model, self.actor, self.names, self.is_typed = view, view.model, actor, list(names), is_typed
        self.labels: dict[type, dict[int, str]] = {}
        self.wall = values.Wall(clock.zone())
        self.count = 0

    def chunks(self, keys: Sequence[int], told: Callable[[int], None] = lambda _count: None) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of these numbers, some at a time; those that went, or went out of sight, are left out.

        `told` hears between two statements how many there were, and may use the session.
        """
        size = min(CHUNK, HANDED_OVER) if _is_postgresql() else CHUNK
        for start in range(0, len(keys), size):
            for rows in self.chunk(list(keys[start : start + size])):
                self.count += len(rows)
                yield rows
            gc.collect(0)  # what a chunk was asked by goes round in circles; nobody else tidies up meanwhile
            told(self.count)

    def chunk(self, keys: list[int]) -> Iterator[list[tuple[Any, ...]]]:
        """:raises Forbidden: when the actor may not export this any more"""
        policy.forget()
        self.labels.clear()
        policy.authorize(self.actor, "export", self.view.resource)
        with acting_as(self.actor):
            chunk = Chunk(self, keys)
        more = chunk.parts()
        while True:
            with acting_as(self.actor):  # whoever is given the rows meanwhile is not
                rows = next(more, None)
            if rows is None:
                return
            yield rows


class Chunk:
    """What is asked for some rows, by the rights of this moment."""

    def __init__(self, reader: Reader, keys: list[int]) -> None:
        self.reader, self.keys, self.model, self.actor = reader, keys, reader.model, reader.actor
        self.plan = reader.view.plan(reader.actor)
        self.selected: dict[str, Any] = {"id": self.model.id}
        self.joins: dict[str, tuple[Any, Any]] = {}
        self.loaded: dict[str, list[Any]] = {}
        self.options: list[Any] = []
        self.late: list[Callable[[Any], Any]] = []
        open_ = set(choosing.still(reader.names, reader.view, self.plan))
        self.cells: list[Cells] = [self._cells(name) if name in open_ else _nothing for name in reader.names]

    def parts(self) -> Iterator[list[tuple[Any, ...]]]:
        """The rows in the order of their numbers, as they are read where that is the order of the statement too."""
        wanted = set(self.keys) if self._span() > len(self.keys) else None
        if self.keys == sorted(self.keys, reverse=self.keys[0] > self.keys[-1]):
            yield from (rows for _keys, rows in self._read(wanted))
            return
        by_key: dict[int, tuple[Any, ...]] = {}
        for keys, rows in self._read(wanted):
            by_key.update(zip(keys, rows, strict=True))
        yield [by_key[key] for key in self.keys if key in by_key]

    def _read(self, wanted: set[int] | None) -> Iterator[tuple[list[int], list[tuple[Any, ...]]]]:
        """(numbers, rows), some at a time."""
        for found in self._fetched():
            part = found if wanted is None else [row for row in found if row[0] in wanted]
            if not part:
                continue
            columns: dict[str, Sequence[Any]] = dict(zip(self.selected, zip(*part, strict=True), strict=True))
            keys = list(columns["id"])
            yield keys, list(zip(*(make(keys, columns) for make in self.cells), strict=True))

    def _fetched(self) -> Iterator[Sequence[Any]]:
        connection = db.session.connection()
        result = connection.execute(self._statement())
        kinds = [value.type.dialect_impl(connection.dialect) for value in self.selected.values()]
        is_plain = all(kind.result_processor(connection.dialect, None) is None for kind in kinds)
        source = result.cursor if is_plain else result  # the driver's own rows cost a half of SQLAlchemy's
        while found := source.fetchmany(DRAWN):
            yield found

    def _span(self) -> int:
        """How many numbers there are from the lowest to the highest."""
        return max(self.keys) - min(self.keys) + 1

    def _statement(self) -> Select[Any]:
        first, last, column = min(self.keys), max(self.keys), self.model.id
        is_dense = self._span() <= 4 * len(self.keys)
        query = select(*(value.label(f"c{at}") for at, value in enumerate(self.selected.values()))).select_from(self.model)
        for related, condition in self.joins.values():
            query = query.outerjoin(related, condition)
        query = query.where(column.between(first, last) if is_dense else column.in_(self.keys))
        if self.plan.base is not None:
            query = query.where(self.plan.base)
        return policy.scope(query, self.actor, self.model).order_by(column.desc() if self.keys[0] > self.keys[-1] else column)

    def _cells(self, name: str) -> Cells:
        """How the cells of one column are made of what the statement finds."""
        head, _dot, tail = name.partition(".")
        field = spec(self.model, head)
        if tail:
            target = field.target
            assert target is not None
            related = self._joined(field, target)
            return self._column(name, spec(target, tail), related, policy.fields(self.actor, resource_of(target)))
        if field.kind in ("ref", "file") and field.is_column and not self.plan.access.masked(name):
            return self._named(name, field)
        formatter = self.reader.view.formatters.get(name)
        if not field.is_column or field.kind == "ref" or (formatter is not None and name not in self.model.__table__.c):
            return self._worked_out(name, field, formatter)
        return self._column(name, field, self.model, self.plan.access)

    def _joined(self, field: FieldSpec, target: type[Any]) -> Any:
        """The related rows beside the own; one that is not the actor's counts as none."""
        if field.name not in self.joins:
            related: Any = aliased(target)
            condition = related.id == field.column
            if policy.row_condition(self.actor, target) is not None:
                mine: Any = target
                condition = and_(condition, field.column.in_(policy.scope(select(mine.id), self.actor, target)))
            self.joins[field.name] = (related, condition)
        return self.joins[field.name][0]

    def _column(self, name: str, field: FieldSpec, source: Any, access: policy.FieldAccess) -> Cells:
        self.selected[name] = _raw(getattr(source, field.name))
        currency = ""
        if field.kind == "money":
            currency = self._currency(name, field, source)
        is_typed, is_masked = self.reader.is_typed, access.masked(field.name)
        make = values.maker(field, self.reader.wall, is_typed=is_typed or is_masked)
        if not is_masked:
            return lambda _keys, found: make(found[name], found[currency] if currency else None)

        def masked(_keys: list[int], found: dict[str, Sequence[Any]]) -> Sequence[Any]:
            shown = make(found[name], found[currency] if currency else None)
            return texts([None if one is None else access.mask(field.name, one) for one in shown], is_typed=is_typed)

        return masked

    def _currency(self, name: str, field: FieldSpec, source: Any) -> str:
        """Under which name the currency of an amount is found; empty where it is that of the business."""
        head, _dot, tail = field.currency.partition(".")
        if tail:
            leads = spec(field.model, head)
            assert leads.target is not None
            source, head = self._joined(leads, leads.target), tail
        if not hasattr(source, head):
            return ""
        self.selected[f"{name} currency"] = getattr(source, head)
        return f"{name} currency"

    def _named(self, name: str, field: FieldSpec) -> Cells:
        """What the row is called that a field points at."""
        self.selected[name] = field.column
        target = field.target

        def make(_keys: list[int], found: dict[str, Sequence[Any]]) -> Sequence[Any]:
            known = self._names_of(target, {key for key in found[name] if key is not None})
            return texts([None if key is None else known.get(key, "") for key in found[name]], is_typed=self.reader.is_typed)

        return make

    def _names_of(self, target: Any, wanted: set[int]) -> dict[int, str]:
        known = self.reader.labels.setdefault(target, {})
        missing = sorted(wanted - set(known))
        for start in range(0, len(missing), LOADED):
            found = list(db.session.scalars(select(target).where(target.id.in_(missing[start : start + LOADED]))))
            sight.look(self.actor, found)
            known.update({row.id: sight.called(self.actor, row) for row in found})
        return known

    def _worked_out(self, name: str, field: FieldSpec, formatter: Any) -> Cells:
        """A value that no column holds: of the row itself, as a list shows it."""
        if field.kind == "many":
            self.options.append(selectinload(getattr(self.model, name)))

        def one(row: Any) -> Any:
            if self.plan.access.masked(name):
                return str(veil.value_of(row, name))
            if formatter is not None:
                return cells.show(formatter(veil.seen(row)), None).get("text", "")
            value = veil.value_of(row, name)
            if isinstance(value, list | tuple | set):
                return ", ".join(str(part) for part in value if not isinstance(part, PanelModel) or sight.sees(self.actor, part))
            if isinstance(value, PanelModel):
                return sight.called(self.actor, value)
            return cells.show(value, field, row).get("text", "")

        return lambda keys, _found: texts([one(row) for row in self._load(keys)], is_typed=self.reader.is_typed)

    def _load(self, keys: list[int]) -> Iterator[Any]:
        for start in range(0, len(keys), LOADED):
            part = keys[start : start + LOADED]
            query = select(self.model).where(self.model.id.in_(part)).options(*self.options)
            known = {row.id: row for row in db.session.scalars(query)}
            yield from (known[key] for key in part)


def _nothing(keys: list[int], _found: Any) -> Sequence[Any]:
    """The cells of a column that the actor may not see any more."""
    return [None] * len(keys)


def _is_postgresql() -> bool:
    return db.session.connection().dialect.name == "postgresql"


def _raw(column: Any) -> Any:
    if isinstance(column.type, WRITTEN) and _is_postgresql():
        return cast(column, String())
    return type_coerce(column, String()) if isinstance(column.type, RAW) else column
