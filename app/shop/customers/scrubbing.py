"""Taking a person out of what the panel remembers by itself: history, trash, runs, outbox, notices, search.

Phones, e-mails and platform numbers belong to nobody else, so they are looked for in every text of the panel's own
tables; in a cell that holds one, names and streets are taken out too. Names alone are looked for only in rows that
are known to be about the person, for two people may share one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import JSON, Column, String, Table, Text, cast, delete, or_, select, tuple_, update

from app.panel.bulk import images
from app.panel.bulk.models import Run, RunItem
from app.panel.core import trail, trailsets
from app.panel.core.db import db
from app.panel.core.history import HistoryEntry
from app.panel.core.notices import Notice
from app.panel.core.trash import TrashEntry
from app.shop.customers.privacy import Person

GONE = "•••"
CHUNK = 500
PART = 4  # so much of a phone or address says whose it is
PANEL = ("core_", "bulk_", "workbench_", "notices_", "lowcode_")
# tables of the panel that remember a row by (table, number), and what they remember of it
REMEMBERED_BY = (("table", "key"), ("table", "row_id"))
NOT_OF_ONE_ROW = ("core_history", "core_trash", "core_change")


def without(text: str, person: Person) -> str:
    """A text without anything that names the person."""
    for value in person.all():
        text = text.replace(value, GONE)
    return text


def once_theirs(tables: Sequence[str], customer_id: int) -> set[tuple[str, int]]:
    """(table, id) of rows of these tables that ever belonged to the customer, also of those that are gone by now."""
    found: set[tuple[str, int]] = set()
    lines = select(HistoryEntry.table, HistoryEntry.key, HistoryEntry.changes).where(
        HistoryEntry.table.in_(tables), cast(HistoryEntry.changes, Text).like(f'%"customer_id": [%, {customer_id}]%')
    )
    for table, key, pairs in db.session.execute(lines):
        if (pairs or {}).get("customer_id", [None, None])[1] == customer_id:
            found.add((table, key))
    trashed = select(TrashEntry.table, TrashEntry.key, TrashEntry.rows).where(TrashEntry.table.in_(tables))
    for table, key, rows in db.session.execute(trashed):
        if any(values.get("customer_id") == customer_id for _name, values in rows):
            found.add((table, key))
    return found


def empty_trails(person: Person) -> None:
    """Of the person's own rows the trail keeps who did what and when, but no value; the trash keeps nothing."""
    about = sorted(person.rows)
    for start in range(0, len(about), CHUNK):
        part = about[start : start + CHUNK]
        of: dict[str, list[int]] = {}
        for table_name, key in part:
            of.setdefault(table_name, []).append(key)
        mine = or_(*(trailsets.about(table_name, keys) for table_name, keys in of.items()))
        trail.blot(mine, lambda _content: {"changes": {}, "why": ""})
        db.session.execute(delete(TrashEntry).where(tuple_(TrashEntry.table, TrashEntry.key).in_(part)))
        _blot_notices(part, person)
        scrub_runs(person, images.forget(part))
        for table in _panel_tables():
            for first, second in REMEMBERED_BY:
                if first in table.c and second in table.c and table.name not in NOT_OF_ONE_ROW:
                    _blank(table, tuple_(table.c[first], table.c[second]).in_(part))


def _blot_notices(about: Sequence[tuple[str, int]], person: Person) -> None:
    """A notice about a row of his names nobody any more; what is still to be mailed is written from it."""
    values = person.all()
    mine = tuple_(Notice.table, Notice.key).in_(about)
    for row in db.session.execute(select(Notice.id, Notice.title, Notice.body).where(mine)).all():
        words = {"title": blotted(row.title, values), "body": blotted(row.body, values)}
        db.session.execute(update(Notice).where(Notice.id == row.id).values(**words))


def _blank(table: Table, condition: Any) -> None:
    """Empty the JSON of these rows: what an undo would need to bring the person back."""
    values: dict[str, Any] = {c.name: None if c.nullable else {} for c in table.columns if isinstance(c.type, JSON)}
    if values:
        db.session.execute(update(table).where(condition).values(values))


def scrub_panel(person: Person) -> None:
    """Blot out the person in every text of the panel's own tables that holds one of the strong values."""
    values, strong = person.all(), person.strong()
    _scrub_filters(person)
    if not strong:
        return
    named = or_(*(_holds(trail.TABLE.c[name], strong) for name in trail.CONTENT))
    trail.blot(named, lambda content: {name: blotted(text, values) for name, text in content.items()})
    for table in _panel_tables():
        if table is trail.TABLE:  # its lines are sealed: they have a door of their own
            continue
        keys = list(table.primary_key.columns)
        for column in _texts(table):
            rows = db.session.execute(select(*keys, column).where(_holds(column, strong))).all()
            for row in rows:
                same = [key == value for key, value in zip(keys, row, strict=False)]
                db.session.execute(update(table).where(*same).values({column.name: blotted(row[-1], values)}))


def _scrub_filters(person: Person) -> None:
    """By what rows were looked for that left as a file: whoever meant this person typed a name, or a part of a number."""
    exports = (trail.TABLE.c.verb == "exported") & cast(trail.TABLE.c.changes, Text).contains('"filter"')

    def change(content: Mapping[str, Any]) -> dict[str, Any]:
        pairs = dict(content["changes"])
        pairs["filter"] = [pairs["filter"][0], [_filter_word(str(word), person) for word in pairs["filter"][1] or ()]]
        return {"changes": pairs}

    trail.blot(exports, change)


def _filter_word(word: str, person: Person) -> str:
    name, _sign, value = word.partition("=")
    if name == "q":
        return f"{name}={_unsaid(value, person)}"
    try:
        tree = json.loads(value) if name == "f" else None
    except ValueError:
        return f"{name}={GONE}"
    return word if tree is None else f"{name}={json.dumps(_unsaid_in(tree, person), ensure_ascii=False)}"


def _unsaid(text: str, person: Person) -> str:
    """A text that somebody searched for, without the person and without parts of his numbers."""
    return " ".join(GONE if _is_part(part, person) else part for part in blotted(text, person.all()).split())


def _unsaid_in(tree: Any, person: Person) -> Any:
    """A filter tree, of which every condition is [field, comparison, value]."""
    if isinstance(tree, dict):
        return {key: _unsaid_in(part, person) for key, part in tree.items()}
    if isinstance(tree, list) and len(tree) == 3 and isinstance(tree[0], str):
        value = tree[2]
        found = [_unsaid(str(one), person) for one in value] if isinstance(value, list) else _unsaid(str(value), person)
        return tree if found == value or found == str(value) else [tree[0], tree[1], found]
    return [_unsaid_in(part, person) for part in tree] if isinstance(tree, list) else tree


def _is_part(text: str, person: Person) -> bool:
    return len(text) >= PART and any(text.lower() in value.lower() for value in person.strong())


def scrub_runs(person: Person, run_ids: Sequence[int]) -> None:
    """Of imports that are known to have held the person, what they and their notices say: names and streets, too."""
    values, table = person.all(), RunItem.__table__
    _blot_notices([(Run.__tablename__, run_id) for run_id in run_ids], person)
    for run in db.session.scalars(select(Run).where(Run.id.in_(run_ids))):
        run.file_name, run.findings = blotted(run.file_name, values), blotted(run.findings, values)
    for run_id in run_ids:
        mine = (table.c.run_id == run_id) & or_(*(_holds(column, values) for column in (table.c.key, table.c.reason)))
        for row in db.session.execute(select(table.c.seq, table.c.key, table.c.reason).where(mine)).all():
            same = (table.c.run_id == run_id) & (table.c.seq == row.seq)
            words = {"key": blotted(row.key, values), "reason": blotted(row.reason, values)}
            db.session.execute(update(table).where(same).values(words))


def blotted(value: Any, values: Sequence[str]) -> Any:
    """A text, or all texts of a JSON value, without these values."""
    if isinstance(value, str):
        for one in values:
            value = value.replace(one, GONE)
        return value
    if isinstance(value, dict):
        return {blotted(key, values): blotted(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [blotted(item, values) for item in value]
    return value


def places(values: Sequence[str]) -> list[tuple[str, str, int]]:
    """(table, column, id) of every cell of the whole database that holds one of `values`; id 0 where there is none."""
    found: list[tuple[str, str, int]] = []
    if not values:
        return found
    for table in db.metadata.sorted_tables:
        key = next(iter([*table.primary_key.columns, *table.columns]))
        if columns := list(_texts(table)):
            # a table is read once, however many texts it has
            asked = select(key, *(cast(column, Text) for column in columns)).where(or_(*(_holds(c, values) for c in columns)))
            for first, *cells in db.session.execute(asked.limit(20)):
                number = first if isinstance(first, int) else 0
                found += [(table.name, c.name, number) for c, cell in zip(columns, cells, strict=True) if _is_in(cell, values)]
    return found


def _panel_tables() -> Iterator[Table]:
    for table in db.metadata.sorted_tables:
        if table.name.startswith(PANEL):
            yield table


def _texts(table: Table) -> Iterator[Column[Any]]:
    for column in table.columns:
        kind = getattr(column.type, "impl_instance", column.type)
        if isinstance(kind, String | Text | JSON) and not column.foreign_keys:
            yield column


def _holds(column: Column[Any], values: Sequence[str]) -> Any:
    text = cast(column, Text)
    return or_(*(text.contains(spelling, autoescape=True) for spelling in _looked_for(values)))


def _is_in(cell: str | None, values: Sequence[str]) -> bool:
    return cell is not None and any(spelling in cell for spelling in _looked_for(values))


def _looked_for(values: Sequence[str]) -> list[str]:
    """What finds all of `values`: JSON spells other letters than ASCII as `\\u738b`, and a part finds the whole."""
    spellings = sorted({spelling for value in values for spelling in (value, json.dumps(value)[1:-1])})
    return [one for one in spellings if not any(other in one for other in spellings if other != one)]
