"""An importer for any table of the panel: which column of the file fills which field is the user's mapping."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from flask_babel import force_locale, gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import inspect

from app.panel.bulk import generic_apply, generic_sets, importers
from app.panel.bulk.importers import Importer, Option, Plan, Reader, Record, Result, Work
from app.panel.bulk.languages import languages
from app.panel.bulk.reading import values as cells
from app.panel.bulk.reading.problems import BadValue
from app.panel.bulk.showing import Amount
from app.panel.bulk.source import Block
from app.panel.bulk.tally import SHOWN
from app.panel.core import clock, money, parsing, policy
from app.panel.core.db import PanelModel
from app.panel.core.fields import FieldSpec, default_currency, resource_of, specs

PREFIX = "table:"
REPEATING = frozenset({"choice", "bool", "date", "instant", "integer", "number"})  # what another cell has no say in
MOST_KNOWN = 10_000
SETS = 10  # times as many rows at once where they are written as a set
LONGEST_KEY = 80  # of a row that is refused, as its cells stand in the file
IGNORED = frozenset({"json", "children", "file", "computed"})
MARKS = cells.EMPTY - {""}  # cells that say that they are empty
FEW = 100
USUAL = re.compile(r"[ -~]*[!-~]").fullmatch  # ASCII that can be printed, and no blank at the end
DATE_ORDERS = (("ymd", _("2026-11-21")), ("dmy", _("21/11/2026: day first")), ("mdy", _("11/21/2026: month first")))


class TableImporter(Importer):
    """Made on demand for a model; `headings` come from its labels in every language, so that our own exports fit."""

    def __init__(self, model: type[Any]) -> None:
        self.model = model
        self.resource = resource_of(model)
        self.key = PREFIX + self.resource
        self.label = view_label(model)
        self.work = TableWork
        self.words = {spec.name: spec.label for spec in importable(model).values()}

    def options(self, actor: Any) -> list[Option]:
        return [
            Option("dates", _("Dates are written"), choices=date_orders,
                   help=_("Only for dates that can be read in two ways.")),
            Option("zone", _("Time zone of the file"), kind="text", help=_("Empty: the time zone of the business.")),
        ]  # fmt: skip

    def suggest(self, headings: Sequence[str]) -> dict[str, str]:
        """Heading → field, as far as names and labels tell."""
        names: dict[str, str] = {}
        for name, words in field_words(self.model).items():
            for word in words:
                names.setdefault(importers.normal(word), name)
        taken: set[str] = set()
        found: dict[str, str] = {}
        for heading in headings:
            field = names.get(importers.normal(heading))
            if field and field not in taken:
                taken.add(field)
                found[heading] = field
        return found

    def natural_key(self) -> list[str]:
        """The fields that most likely tell one row from another."""
        fields = importable(self.model)
        unique = [name for name, spec in fields.items() if spec.unique]
        if unique:
            return unique[:1]
        for constraint in inspect(self.model).local_table.constraints:
            columns = [column.key for column in getattr(constraint, "columns", ())]
            if type(constraint).__name__ == "UniqueConstraint" and columns and all(name in fields for name in columns):
                return columns
        return [name for name, spec in fields.items() if spec.search][:1]


class TableWork(Work):
    """A file on its way into one table."""

    importer: TableImporter

    def __init__(self, importer: TableImporter, headings: Sequence[str], options: dict[str, Any], actor: Any) -> None:
        super().__init__(importer, headings, options, actor)
        self.model = importer.model
        mapping = options.get("mapping") or {}
        columns = mapping.get("columns") or importer.suggest(headings)
        known = importable(self.model)
        self.fields = {known[name].name: known[name] for name in columns.values() if name in known}
        self.places = {name: headings.index(heading) for heading, name in columns.items()
                       if heading in headings and name in self.fields}  # fmt: skip
        self.fields = {name: spec for name, spec in self.fields.items() if name in self.places}
        self.ordered = sorted(self.fields.values(), key=lambda spec: spec.kind != "currency")
        key = [name for name in (mapping.get("key") or importer.natural_key()) if name in self.fields]
        self.key = key
        self.order = str(options.get("dates") or "")
        self.comma = True if mapping.get("decimal") == "," else None
        self.zone = ZoneInfo(options["zone"]) if clock.is_zone(str(options.get("zone") or "")) else clock.zone()
        self.references: dict[Any, Any] = {}
        # How many plans a check still shows: their references are shown by name.
        self.to_show = SHOWN
        self.columns = [Column(self, spec) for spec in self.ordered]
        self.told = [(column, column.name, column.place) for column in self.columns]
        self.amounts = [spec for spec in self.ordered if spec.kind == "money"]

    def at_once(self, size: int) -> int:
        return SETS * size if generic_sets.fits(self, policy.fields(self.actor, self.importer.resource)) else size

    def parse(self, record: Record) -> Plan:
        plan = Plan(record.seq, [])
        if not self.key:
            plan.errors.append(gettext("Choose the column by which a row is found again."))
            return plan
        cells, values, reader = record.rows[0].cells, plan.values, None
        for column, name, place in self.told:
            cell = cells[place]
            if not cell:
                values[name] = None
            elif column.takes(cell):
                values[name] = cell
            elif (value := column.known.get(cell)) is not None:
                values[name] = value
            else:
                reader = reader or Reader(self, record)
                values[name] = value = reader.get(self._value, name, column.spec, values)
                column.keep(cell, value)
        if reader is not None:
            plan.errors.extend(reader.errors)
        for name in self.key:
            if values.get(name) in (None, "") and not plan.errors:
                plan.errors.append(gettext("“%(column)s” is missing.", column=self.heading(name)))
        if plan.errors:  # as it stands in the file: what could not be read has no value
            typed = {column.name: cells[column.place].strip() for column in self.columns}
            plan.key = " · ".join(filter(None, (typed.get(name) for name in self.key)))[:LONGEST_KEY]
        else:
            plan.key = str(values[self.key[0]]) if len(self.key) == 1 else " · ".join([str(values.get(name)) for name in self.key])
        if not self.run_id:  # what is written is only counted
            plan.shown = {name: self._shown(spec, plan.values) for name, spec in self.fields.items()}
        for spec in self.amounts:
            plan.add(spec.currency_of(values), spec.name, values.get(spec.name))
        return plan

    def parse_together(self, seq: int, block: Block) -> list[Plan] | None:
        """Column by column; what is wrong is found by looking at the records one by one, each with its sentences."""
        columns = {name: column.together(self, block.columns[place]) for column, name, place in self.told}
        if len(self.key) != 1 or None in columns.values():
            return None
        keys = columns[self.key[0]]
        if not set(map(type, keys)) <= {str} or "" in keys:
            return None
        names = list(columns)
        rows = [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        plans = [
            Plan(number, [line], key, values)
            for number, line, key, values in zip(count(seq), block.lines, keys, rows, strict=False)
        ]
        if not self.run_id:
            for plan in plans:
                plan.shown = {name: self._shown(spec, plan.values) for name, spec in self.fields.items()}
        return plans

    def _shown(self, spec: FieldSpec, values: dict[str, Any]) -> Any:
        value = values.get(spec.name)
        return Amount(value, spec.currency_of(values)) if spec.kind == "money" else value

    def _value(self, cell: str, spec: FieldSpec, values: dict[str, Any]) -> Any:
        """The Python value of a cell. References stay words here; `apply` looks them up for a whole chunk."""
        if cells.is_empty(cell):
            return None
        try:
            if spec.kind in ("ref", "many"):
                return cell
            return spec.parse(self._prepared(cell, spec, values), values)
        except ValueError as error:
            raise BadValue("sentence", text=str(error)) from None

    def _prepared(self, cell: str, spec: FieldSpec, values: dict[str, Any]) -> Any:
        if spec.kind == "money":
            currency = spec.currency_of(values) or default_currency()
            minor = cells.minor(cell, money.exponent(currency), self.comma)
            return money.plain(minor, currency)
        if spec.kind in ("integer", "number"):
            return f"{cells.decimal(cell, self.comma):f}" if spec.kind == "number" else cells.integer(cell)
        if spec.kind == "bool":
            return cells.flag(cell)
        if spec.kind == "date":
            return cells.day(cell, self.order)
        if spec.kind == "instant":
            found = cells.instant(cell, self.zone, self.order)
            return found.astimezone(dt.UTC) if found else None
        if spec.kind == "choice":
            return choice_value(spec, cell)
        if spec.name in self.key or "code" in spec.name or "phone" in spec.name:
            return cells.identifier(cell)
        return cell

    def apply(self, plans: list[Plan], *, dry_run: bool) -> list[Result]:
        return generic_apply.apply(self, plans, dry_run=dry_run)


class Column:
    """A column of the file, and what need not be understood anew in every cell of it."""

    def __init__(self, work: TableWork, spec: FieldSpec) -> None:
        self.spec, self.name, self.place = spec, spec.name, work.places[spec.name]
        is_text = parsing.BY_KIND.get(spec.kind) is parsing.text and spec.check is None
        self.most = (spec.length or parsing.MAX_TEXT) if is_text else 0
        self.repeats = spec.kind in REPEATING
        self.known: dict[str, Any] = {}

    def takes(self, cell: str) -> bool:
        """Is it a text that stands as it is? Of most cells nothing has to be put right: two looks instead of twenty."""
        return (
            len(cell) <= self.most and USUAL(cell) is not None
            and cell not in cells.EMPTY and (cell[0] > "9" or cells.is_sound(cell))
        )  # fmt: skip

    def together(self, work: TableWork, given: list[str]) -> list[Any] | None:
        """The values of many cells; None when they have to be understood one by one. What `takes` asks of each is asked of
        one text of all of them."""
        if self.repeats:
            return self._looked_up(work, given)
        if not self.most:
            return None
        has_empty = "" in given
        whole = "\n".join(["", *given, ""])
        is_usual = (
            whole.isascii() and whole.replace("\n", "").isprintable() and whole.count("\n") == len(given) + 1
            and " \n" not in whole and "\n " not in whole and ".0\n" not in whole and "E+" not in whole and "e+" not in whole
            and len(max(given, key=len)) <= self.most and MARKS.isdisjoint(given)
        )  # fmt: skip
        return ([cell or None for cell in given] if has_empty else given) if is_usual else None

    def _looked_up(self, work: TableWork, given: list[str]) -> list[Any] | None:
        """Each cell that says something else is understood once."""
        different = dict.fromkeys(given)
        if len(different) * 2 > len(given) + FEW:
            return None
        for cell in filter(None, different):
            try:
                different[cell] = value = self.known.get(cell) or work._value(cell, self.spec, {})
            except BadValue:
                return None
            self.keep(cell, value)
        return [different[cell] for cell in given]

    def keep(self, cell: str, value: Any) -> None:
        """A day, a choice, a number: most come again, and mean the same each time."""
        if self.repeats and value is not None and len(self.known) < MOST_KNOWN:
            self.known[cell] = value


def date_orders(_actor: Any) -> Sequence[tuple[str, Any]]:
    return DATE_ORDERS


def view_label(model: type[Any]) -> Any:
    """What the screens call the rows of a model."""
    view = current_app.extensions.get("panel_views", {}).get(model)
    return view.title if view is not None else model.__name__


def importable(model: type[Any]) -> dict[str, FieldSpec]:
    """Fields that a file may fill, by name."""
    return {
        spec.name: spec for spec in specs(model).values()
        if not spec.readonly and not spec.hidden and spec.kind not in IGNORED
    }  # fmt: skip


def offered(model: type[Any], actor: Any) -> dict[str, FieldSpec]:
    """Those that this person may fill in."""
    access = policy.fields(actor, resource_of(model))
    return {name: spec for name, spec in importable(model).items() if access.is_open(name)}


def field_words(model: type[Any]) -> dict[str, list[str]]:
    """The words a heading may use for a field: its names, and its label in every language of the panel."""
    words: dict[str, list[str]] = {}
    for name, spec in importable(model).items():
        words[name] = [name, name.replace("_", " "), spec.screen_name]
    for language in languages():
        with force_locale(language):
            for name, spec in importable(model).items():
                words[name].append(str(spec.label))
    return words


def choice_value(spec: FieldSpec, cell: str) -> Any:
    """A member by its value or by its label in any language."""
    word = cells.half_width(cell).casefold()
    for language in languages():
        with force_locale(language):
            for member in spec.choices or ():
                if word in (member.value.casefold(), str(member.label).casefold()):
                    return member.value
    return cell


def targets(actor: Any) -> list[TableImporter]:
    """Every table with a screen that this person may import into."""
    views = current_app.extensions.get("panel_views", {})
    models = [model for model, view in views.items() if view.can_import and view.can_add and importable(model)]
    return [
        TableImporter(model) for model in models
        if not getattr(model, "__no_history__", False)
        and policy.allowed(actor, "import", resource_of(model)) and policy.allowed(actor, "write", resource_of(model))
    ]  # fmt: skip


def find(key: str) -> Importer | None:
    if not key.startswith(PREFIX):
        return None
    resource = key.removeprefix(PREFIX).casefold()
    for mapper in PanelModel.registry.mappers:
        if issubclass(mapper.class_, PanelModel) and resource_of(mapper.class_).casefold() == resource:
            return TableImporter(mapper.class_)
    return None


importers.provide(find)
