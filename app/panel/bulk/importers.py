"""What an importer is: it knows a layout by its headings, makes plans out of rows, and writes plans set-based.

A domain adds one in its `imports.py`:

    @importers.register
    class ShopifyOrders(Importer):
        key, label, resource = "shopify-orders", _("Shopify orders"), "orders.Order"
        headings = {"name": ("Name",), "total": ("Total",), …}
        required = ("name", "total", …)

The registry knows no domain. `parse` is called for every record and must not ask the database; `apply` is called for
some hundreds of plans at once, inside the transaction of a chunk, and once before with `dry_run`, where it only looks.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from flask_babel import gettext

from app.panel.bulk.reading.problems import BadValue, Problem
from app.panel.bulk.sentences import sentence
from app.panel.bulk.source import Block, Row, Source
from app.panel.bulk.states import Outcome
from app.panel.core import policy

Sums = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Option:
    """A question the wizard asks beside the file: which shop, which time zone. `choices` is asked when the page is made."""

    name: str
    label: Any
    kind: str = "choice"
    choices: Callable[[Any], Sequence[tuple[str, Any]]] | None = None
    default: Any = ""
    required: bool = False
    help: Any = ""


@dataclass(slots=True)
class Record:
    """The rows of one order, one product, one person, in the order of the file."""

    seq: int
    rows: list[Row]


@dataclass(slots=True)
class Plan:
    """One record understood: its values, or what is wrong with it. Amounts in `sums` are minor units by currency and name."""

    seq: int
    lines: list[int]
    key: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    sums: Sums = field(default_factory=dict)
    # What the check shows of it, by the names of `words`: values, an `Amount`, a date, a choice (see showing.py).
    shown: dict[str, Any] = field(default_factory=dict)
    # An exact copy of a record that stands further up in the same file.
    repeats: bool = False

    def __reduce__(self) -> tuple[Any, ...]:
        """Bare values are handed to another process in half the time that an object takes."""
        return Plan, (
            self.seq, self.lines, self.key, self.values, self.errors, self.sums, self.shown, self.repeats,
        )  # fmt: skip

    def add(self, currency: str, name: str, amount: int | None) -> None:
        if amount:
            per = self.sums.setdefault(currency, {})
            per[name] = per.get(name, 0) + amount


@dataclass(slots=True)
class Image:
    """A row as it stood before (None: it did not exist)."""

    table: str
    row_id: int
    before: dict[str, Any] | None = None
    version: int | None = None


@dataclass(slots=True)
class Result:
    """What became of a plan, and every row that was touched for it."""

    outcome: Outcome
    row_id: int | None = None
    reason: str = ""
    images: list[Image] = field(default_factory=list)

    @classmethod
    def refuse(cls, reason: str) -> Result:
        return cls(Outcome.REFUSED, None, reason)


class Work:
    """One importer at work on one file: the columns found, the options chosen, the person who asked."""

    def __init__(self, importer: Importer, headings: Sequence[str], options: dict[str, Any], actor: Any) -> None:
        self.importer = importer
        self.headings = list(headings)
        self.options = options
        self.actor = actor
        # The number of the run while it writes; 0 while it is only checked.
        self.run_id = 0
        self.places = importer.find(headings)

    def cell(self, row: Row, name: str) -> str:
        """The cell of a column by its canonical name; "" when the file has no such column."""
        place = self.places.get(name)
        return row.cells[place] if place is not None else ""

    def filled(self) -> list[tuple[str, str, str]]:
        """(heading, resource, field) of all that this file would fill."""
        return [(self.headings[at], *one) for name, at in self.places.items() for one in self.importer.filled(name)]

    def barred(self) -> str:
        """Why this person may bring none of these records: a column fills in what a rule keeps from him. "" where none does."""
        known = {resource: policy.fields(self.actor, resource) for _heading, resource, _field in self.filled()}
        for heading, resource, name in self.filled():
            if not known[resource].is_open(name):
                return gettext("You may not fill in what stands under “%(column)s”. Take this column out.", column=heading)
        return ""

    def group_key(self, row: Row) -> str | None:
        """Adjacent rows with the same key are one record; None: every row is a record of its own."""
        return None

    def parse(self, record: Record) -> Plan:
        raise NotImplementedError

    def parse_together(self, seq: int, block: Block) -> list[Plan] | None:
        """Plans of rows that are a record each, the first of them number `seq`; None where they are to be understood one by
        one, because something is wrong with one of them."""
        return None

    def at_once(self, size: int) -> int:
        """How many records of a large file go into a transaction, where `size` do usually."""
        return size

    def ready(self, plan: Plan) -> None:
        """Do beforehand, in the process that reads, what needs no database. Not called for what is refused already."""

    def apply(self, plans: list[Plan], *, dry_run: bool) -> list[Result]:
        """One result for each plan, in their order. With `dry_run` nothing is written."""
        raise NotImplementedError

    def heading(self, name: str) -> str:
        """How the file itself calls a column."""
        place = self.places.get(name)
        return self.headings[place] if place is not None else name


class Importer:
    """A layout. `headings` maps a canonical name to the headings it may have; `required` must all be there."""

    key: str = ""
    label: Any = ""
    resource: str = ""
    headings: dict[str, tuple[str, ...]] = {}
    required: tuple[str, ...] = ()
    # What the columns fill, as "field" or "domain.Noun.field" with blanks between; a column that is not named here fills the
    # field of its own name, and "" none at all. Whoever may not write a field may not bring the column.
    fills: dict[str, str] = {}
    whole_file = False
    # Whether `group_key` and `parse` ask no database: then another process may read a large file ahead.
    asks_nobody = False
    work: type[Work] = Work
    # What the preview and the sums are called on screen, by the names that plans use.
    words: dict[str, Any] = {}

    def options(self, actor: Any) -> list[Option]:
        return []

    def find(self, headings: Sequence[str]) -> dict[str, int]:
        """Canonical name → place of the column. The first column of several with one heading counts."""
        places: dict[str, int] = {}
        for place, heading in enumerate(headings):
            places.setdefault(normal(heading), place)
        found: dict[str, int] = {}
        for name, aliases in self.headings.items():
            for alias in aliases:
                if normal(alias) in places:
                    found[name] = places[normal(alias)]
                    break
        return found

    def score(self, headings: Sequence[str]) -> float:
        """How sure the layout is this one: 0, or the share of the file's headings that it knows, plus its required ones."""
        found = self.find(headings)
        if not self.required or any(name not in found for name in self.required):
            return 0.0
        return len(self.required) + len(set(found.values())) / max(len(headings), 1)

    def filled(self, name: str) -> list[tuple[str, str]]:
        """(resource, field) that a column fills."""
        parts = [part.rpartition(".") for part in self.fills.get(name, name).split()]
        return [(resource or self.resource, field) for resource, _dot, field in parts]

    def begin(self, headings: Sequence[str], options: dict[str, Any], actor: Any) -> Work:
        return self.work(self, headings, options, actor)

    def undo(self, images: list[Image], *, actor: Any, since: Any, run_id: int) -> list[str] | None:
        """Take back rows of one table that have rules of their own; for each why not, "" for done. None: the generic way."""
        return None

    def after_undo(self, images: list[Image], *, actor: Any) -> None:
        """A chunk of images was worked off: bring in step what is derived from these rows."""


_registry: dict[str, Importer] = {}
_finders: list[Callable[[str], Importer | None]] = []


def register(cls: type[Importer]) -> type[Importer]:
    """Add a layout. Its key is what `flask import --as` takes."""
    if cls.key in _registry:
        raise ValueError(f"two importers are called {cls.key}")
    _registry[cls.key] = cls()
    return cls


def provide(finder: Callable[[str], Importer | None]) -> None:
    """Let importers be made on demand (the generic one makes one for every model)."""
    _finders.append(finder)


def get(key: str) -> Importer | None:
    if key in _registry:
        return _registry[key]
    return next((found for finder in _finders if (found := finder(key)) is not None), None)


def known() -> list[Importer]:
    return list(_registry.values())


def recognise(headings: Sequence[str]) -> Importer | None:
    """The layout that fits best, or None."""
    scored = [(importer.score(headings), importer.key, importer) for importer in _registry.values()]
    best = max(scored, key=lambda found: (found[0], found[1]), default=(0.0, "", None))
    return best[2] if best[0] > 0 else None


def normal(heading: str) -> str:
    """Headings are compared without case, blanks, width and quotes."""
    return "".join(unicodedata.normalize("NFKC", heading).casefold().split()).strip("\"'*:")


def records(rows: Iterable[Row], work: Work) -> Iterator[Record]:
    """Group rows into records: adjacent ones with the same key, or all of the file for `whole_file` layouts."""
    if work.importer.whole_file:
        yield from _gathered(rows, work)
        return
    if type(work).group_key is Work.group_key:
        for seq, row in enumerate(rows, 1):
            yield Record(seq, [row])
        return
    seq, current_key = 0, None
    current: list[Row] = []
    for row in rows:
        key = None if row.code else work.group_key(row)
        if current and key is not None and key == current_key:
            current.append(row)
            continue
        if current:
            seq += 1
            yield Record(seq, current)
        current, current_key = [row], key
    if current:
        yield Record(seq + 1, current)


def _gathered(rows: Iterable[Row], work: Work) -> Iterator[Record]:
    groups: dict[str, list[Row]] = {}
    for place, row in enumerate(rows):
        key = None if row.code else work.group_key(row)
        groups.setdefault(f"k{key}" if key is not None else f"r{place}", []).append(row)
    for seq, group in enumerate(groups.values(), 1):
        yield Record(seq, group)


def planned(source: Source, work: Work) -> Iterator[list[Plan]]:
    """All records of a file understood, in its order: together where the layout can, else one by one."""
    is_single = type(work).group_key is Work.group_key and not work.importer.whole_file
    if not is_single or type(work).parse_together is Work.parse_together:
        for record in records(source.rows(), work):
            yield [plan(work, record)]
        return
    seq = 1
    for part in source.blocks():
        if isinstance(part, Row):
            plans = [plan(work, Record(seq, [part]))]
        elif (found := work.parse_together(seq, part)) is not None:
            plans = found
        else:
            plans = [plan(work, Record(number, [row])) for number, row in enumerate(part.rows(), seq)]
        seq += len(plans)
        yield plans


def plan(work: Work, record: Record) -> Plan:
    """A record understood; whatever is wrong with it becomes a sentence in the plan, never an exception."""
    lines = [row.line for row in record.rows]
    if bad := [row for row in record.rows if row.code]:
        return Plan(record.seq, lines, errors=[sentence(Problem(row.code, **row.params)) for row in bad])
    try:
        made = work.parse(record)
    except BadValue as wrong:
        made = Plan(record.seq, lines, errors=[sentence(wrong)])
    made.lines = lines
    return made


class Reader:
    """Reads the cells of one record and gathers what is wrong, so that the user sees all of it at once."""

    def __init__(self, work: Work, record: Record) -> None:
        self.work = work
        self.record = record
        self.errors: list[str] = []
        self._places = work.places
        self._cells = record.rows[0].cells

    def get(self, how: Callable[..., Any], name: str, *args: Any, row: Row | None = None) -> Any:
        """`how(cell, *args)` of a column, or None when it does not fit (the reason is kept)."""
        place = self._places.get(name)
        cell = "" if place is None else (self._cells if row is None else row.cells)[place]
        if not cell:
            return None
        try:
            return how(cell, *args)
        except BadValue as wrong:
            self.wrong(wrong, name, row)
            return None

    def need(self, how: Callable[..., Any], name: str, *args: Any, row: Row | None = None) -> Any:
        """As `get`, but an empty cell is wrong too."""
        before = len(self.errors)
        value = self.get(how, name, *args, row=row)
        if value is None and len(self.errors) == before:
            self.wrong(BadValue("missing", column=self.work.heading(name)), "", row)
        return value

    def first(self, how: Callable[..., Any], *names: str) -> Any:
        """`get` of the first of these columns that says something."""
        for name in names:
            if name in self._places and (found := self.get(how, name)):
                return found
        return None

    def wrong(self, problem: BadValue, name: str = "", row: Row | None = None) -> None:
        said = sentence(problem, self.work.heading(name) if name else "")
        self.errors.append(said)


def add_sums(into: Sums, more: Sums) -> None:
    for currency, amounts in more.items():
        mine = into.setdefault(currency, {})
        for name, amount in amounts.items():
            mine[name] = mine.get(name, 0) + amount


def clip(value: str | None, limit: int) -> str | None:
    """A text cut to its column's length, for cells that nobody wants a whole order refused for."""
    return value if value is None or len(value) <= limit else value[: limit - 1] + "…"


def as_decimal(minor: int, exponent: int) -> str:
    return f"{Decimal(minor).scaleb(-exponent):f}"
