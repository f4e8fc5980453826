"""What the pages of an import show: settings with a sample, the mapping, the result of a check, a run."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.panel.bulk import drafts, generic, importers, report, runs, showing
from app.panel.bulk.engine import approving
from app.panel.bulk.generic import TableImporter
from app.panel.bulk.importers import Importer
from app.panel.bulk.models import Run
from app.panel.bulk.reading.problems import BadFile
from app.panel.bulk.reading.sniff import DELIMITERS, ENCODINGS
from app.panel.bulk.sentences import sentence
from app.panel.bulk.states import FINISHED, Outcome, RunKind, RunState
from app.panel.bulk.words import word
from app.panel.core import clock, policy
from app.panel.core.actor import owns
from app.panel.core.db import db

SAMPLES = 3
DELIMITER_NAMES = {",": ",", ";": ";", "\t": "Tab", "|": "|"}


def layouts(actor: Any) -> list[tuple[str, str]]:
    """What a file may hold, for this person: the known layouts, then every table."""
    known = [(one.key, str(one.label)) for one in importers.known() if policy.allowed(actor, "import", one.resource)]
    tables = [(one.key, _("Table: %(name)s", name=one.label)) for one in generic.targets(actor)]
    return [*known, *sorted(tables, key=lambda pair: pair[1])]


def prepare(run: Run, actor: Any) -> dict[str, Any]:
    """Everything the settings page needs; a file that cannot be read so shows its sentence instead of a sample."""
    params = run.params or {}
    look, wrong = None, ""
    try:
        look = drafts.look_inside(run.file_key, params)
    except BadFile as problem:
        wrong = sentence(problem)
    importer = importers.get(run.importer)
    meta = look.meta if look else {}
    headings = meta.get("headings", [])
    return {
        "run": run, "importer": importer, "layouts": layouts(actor), "wrong": wrong or (run.findings or {}).get("error", ""),
        "meta": meta, "encodings": _with(ENCODINGS, meta.get("encoding")), "delimiters": _delimiters(meta),
        "options": _options(importer, params, actor), "mapping": _mapping(importer, params, headings, look, actor),
        "columns": _columns(importer, headings, look), "check": check(run, importer),
    }  # fmt: skip


def _with(known: tuple[str, ...], found: str | None) -> list[str]:
    return list(dict.fromkeys([*([found] if found else []), *known]))


def _delimiters(meta: dict[str, Any]) -> list[tuple[str, str]]:
    return [(mark, DELIMITER_NAMES.get(mark, mark)) for mark in _with(DELIMITERS, meta.get("delimiter"))]


def _options(importer: Importer | None, params: dict[str, Any], actor: Any) -> list[dict[str, Any]]:
    if importer is None:
        return []
    given = params.get("options") or {}
    return [
        {
            "name": option.name, "label": option.label, "kind": option.kind, "help": option.help,
            "choices": [(str(value), str(label)) for value, label in option.choices(actor)] if option.choices else [],
            "value": str(given.get(option.name) or option.default or ""), "required": option.required,
        }
        for option in importer.options(actor)
    ]  # fmt: skip


def _sample(look: drafts.Look | None, place: int) -> str:
    cells = [row.cells[place] for row in (look.rows if look else []) if not row.code and row.cells[place]]
    return " · ".join(cell[:40] for cell in dict.fromkeys(cells[:SAMPLES]))


def _columns(importer: Importer | None, headings: list[str], look: drafts.Look | None) -> list[dict[str, Any]]:
    """Which columns a known layout reads, and what stands in them."""
    if importer is None or isinstance(importer, TableImporter):
        used: dict[int, str] = {}
    else:
        used = {place: name for name, place in importer.find(headings).items()}
    return [
        {"heading": heading, "sample": _sample(look, place), "used": place in used}
        for place, heading in enumerate(headings)
    ]


def _mapping(
    importer: Importer | None, params: dict[str, Any], headings: list[str], look: drafts.Look | None, actor: Any
) -> dict[str, Any] | None:
    """Heading by heading: which field, and whether it is part of the key. Only for tables."""
    if not isinstance(importer, TableImporter):
        return None
    mapping = params.get("mapping") or drafts.remembered(importer.key, headings)
    offered = generic.offered(importer.model, actor)
    chosen = {heading: name for heading, name in (mapping.get("columns") or {}).items() if name in offered}
    key = set(mapping.get("key") or ())
    fields = [(spec.name, str(spec.label), bool(spec.required)) for spec in offered.values()]
    rows = [
        {"place": place, "heading": heading, "sample": _sample(look, place), "field": chosen.get(heading, ""),
         "is_key": chosen.get(heading) in key}
        for place, heading in enumerate(headings)
    ]  # fmt: skip
    return {"fields": sorted(fields, key=lambda field: (not field[2], field[1])), "rows": rows}


def read_mapping(form: Any, headings: list[str]) -> dict[str, Any]:
    """The mapping that a person chose: `column-<place>` names the field, `key` lists places."""
    columns = {heading: form.get(f"column-{place}", "") for place, heading in enumerate(headings)}
    columns = {heading: name for heading, name in columns.items() if name}
    keys = {int(place) for place in form.getlist("key") if place.isdecimal()}
    return {"columns": columns, "key": [columns[h] for p, h in enumerate(headings) if p in keys and h in columns]}


def check(run: Run, importer: Importer | None) -> dict[str, Any] | None:
    """What the check found, ready to be shown."""
    found = run.findings or {}
    if run.state is not RunState.CHECKED:
        return None
    names = showing.columns(found["first"])
    return {
        "counts": [(outcome, found.get(outcome.value, 0)) for outcome in runs.COUNTS], "read": found["read"],
        "rows": found["rows"], "skipped": found.get("skipped") or {}, "sums": amounts(found.get("sums"), importer),
        "names": [(name, word(importer, name), is_figure) for name, is_figure in names],
        "first": [
            {**row, "outcome": Outcome.of(row["outcome"]),
             "cells": [(showing.cell(row["shown"].get(name)), is_figure) for name, is_figure in names]}
            for row in found["first"]
        ],
        "zone": str(clock.zone()) if showing.has_times(found["first"]) else "",
        "refused": found["refused_rows"], "refused_in_all": found.get("refused", 0),
        "can_run": bool(found.get("new") or found.get("changed")),
    }  # fmt: skip


def amounts(raw: Any, importer: Importer | None) -> list[tuple[str, str, str]]:
    """(currency, what, amount) as exact decimals."""
    return [
        (currency, word(importer, name), amount)
        for currency, named in report.sums(raw).items() for name, amount in named.items()
    ]  # fmt: skip


def asked(run: Run, actor: Any) -> dict[str, Any] | None:
    """What the page says of the undo of an import that waits for a second person: what the import has written, which goes back."""
    approval = approving.of(run, actor) if run.state is RunState.ASKED else None
    brought = db.session.get(Run, run.undo_of_id) if run.undo_of_id is not None else None
    if approval is None or brought is None:
        return None
    importer, found = importers.get(brought.importer), (brought.findings or {}).get("first") or []
    names = [pair for pair in showing.columns(found) if _may_read(importer, pair[0], actor)]
    sums = {
        code: {name: amount for name, amount in of.items() if _may_read(importer, name, actor)}
        for code, of in (brought.sums or {}).items()
    }  # fmt: skip
    return {
        "approval": approval, "is_mine": owns(actor, run.actor_id),
        "counts": [
            (_("Records that go"), brought.new, "danger"), (_("Records that become what they were"), brought.changed, "info"),
        ],
        "sums": amounts(sums, importer), "names": [(word(importer, name), is_figure) for name, is_figure in names],
        "first": [
            (Outcome.of(row["outcome"]), [(showing.cell(row["shown"].get(name)), is_figure) for name, is_figure in names])
            for row in found
        ],
    }  # fmt: skip


def _may_read(importer: Importer | None, name: str, actor: Any) -> bool:
    """May whoever approves see what a column of the preview fills?"""
    filled = importer.filled(name) if importer is not None else []
    return importer is not None and all(policy.fields(actor, resource).usable(field) for resource, field in filled)


def result(run: Run, after: int = 0) -> dict[str, Any]:
    """A run under way or done."""
    importer = importers.get(run.importer)
    refused = runs.items(run.id, Outcome.REFUSED, after=after, limit=101)
    return {
        "run": run, "importer": importer, "is_undo": run.kind is RunKind.UNDO, "is_over": run.state in FINISHED,
        "counts": [(outcome, getattr(run, name)) for outcome, name in runs.COUNTS.items()],
        "sums": amounts(run.sums, importer), "refused": refused[:100], "more": refused[99].seq if len(refused) > 100 else 0,
        "can_undo": runs.can_undo(run) and runs.undone_by(run.id) is None, "undone_by": runs.undone_by(run.id),
        "has_file": bool(run.file_key), "layout": str(importer.label) if importer else run.importer,
    }  # fmt: skip


def allowed(importer: str, actor: Any) -> bool:
    found = importers.get(importer)
    return found is not None and policy.allowed(actor, "import", found.resource)


__all__ = ["allowed", "amounts", "asked", "check", "layouts", "prepare", "read_mapping", "result"]
