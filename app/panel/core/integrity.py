"""Refusals of the database as sentences about fields; nothing of its own words reaches a person (SAFETY R23)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.exc import DataError, IntegrityError

from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.fields import specs


@contextlib.contextmanager
def explained(model: type[Any]) -> Iterator[None]:
    """Turn IntegrityError and DataError of a flush into InvalidInput or DomainError."""
    try:
        yield
    except IntegrityError as error:
        raise _sentence(model, error) from error
    except DataError as error:
        raise DomainError(_("A value does not fit its field.")) from error


def _sentence(model: type[Any], error: IntegrityError) -> DomainError:
    columns = _unique_columns(model, error)
    if columns:
        known = specs(model)
        labels = ", ".join(str(known[name].label) for name in columns if name in known)
        field = next((name for name in columns if name in known), columns[0])
        return InvalidInput({field: _("There is one already with this %(labels)s.", labels=labels or field)})
    text = str(error.orig).lower()
    if "not null" in text or "null value" in text:
        name = re.split(r"[.\"]", text.rsplit("failed: ", 1)[-1] if "failed: " in text else text.split('column "')[-1])
        found = next((part for part in name if part in specs(model)), "")
        return InvalidInput({found: _("This is needed.")}) if found else DomainError(_("Something needed is missing."))
    if "foreign key" in text:
        return DomainError(_("Something that this points at is gone."))
    return DomainError(_("A rule of the database refused this value."))


def _unique_columns(model: type[Any], error: IntegrityError) -> list[str]:
    """Names of the columns whose uniqueness was broken: SQLite names them, PostgreSQL names the constraint."""
    text = str(error.orig)
    if match := re.search(r"UNIQUE constraint failed: (.+)", text):
        return [part.strip().rpartition(".")[2] for part in match[1].split(",")]
    name = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    if getattr(error.orig, "sqlstate", "") != "23505" or not name:
        return []
    tables: Any = model.metadata.tables.values()
    for table in tables:
        for item in (*table.constraints, *table.indexes):
            if isinstance(item, UniqueConstraint | Index) and str(item.name) == name:
                return [column.name for column in item.columns]
    return [name]
