"""From a run to a file being read by its importer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask_babel import gettext as _

from app.panel.bulk import importers, runs, store
from app.panel.bulk.importers import Importer, Work
from app.panel.bulk.models import Run
from app.panel.bulk.sentences import explain
from app.panel.bulk.source import Settings, Source
from app.panel.core.errors import DomainError


@contextmanager
def open_run(run: Run) -> Iterator[tuple[Source, Work]]:
    """The file of a run and the work on it, closed at the end.

    :raises BadFile: when the file cannot be read
    :raises DomainError: when nothing knows the layout, or an option is missing
    """
    params = run.params or {}
    with Source(store.path_of(run.file_key), Settings.of(params)) as source:
        yield source, begin(run.importer, source.meta["headings"], params, runs.actor_of(run))


def begin(key: str, headings: list[str], params: dict[str, Any], actor: Any) -> Work:
    importer = importers.get(key)
    if importer is None:
        raise DomainError(_("Choose what the file holds."))
    missing = [name for name in importer.required if name not in importer.find(headings)]
    if missing:
        raise DomainError(explain("no_heading", {"column": importer.headings[missing[0]][0]}))
    return importer.begin(headings, complete(importer, params, actor), actor)


def complete(importer: Importer, params: dict[str, Any], actor: Any) -> dict[str, Any]:
    """The options given, defaults filled in, choices checked against what this person may choose."""
    given = params.get("options") or {}
    result: dict[str, Any] = {"mapping": params.get("mapping") or {}}
    for option in importer.options(actor):
        value = given.get(option.name)
        value = option.default if value in (None, "") else value
        known = {str(choice) for choice, _label in option.choices(actor)} if option.choices is not None else None
        if known is not None and value not in (None, "") and str(value) not in known:
            raise DomainError(_("“%(label)s”: choose one of the list.", label=option.label))
        if option.required and value in (None, ""):
            raise DomainError(_("“%(label)s” is needed.", label=option.label))
        result[option.name] = value
    return result
