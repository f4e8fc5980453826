"""Refusals of the database as sentences about fields; nothing of its own words reaches a person (SAFETY R23).

A field that is hidden from the actor is not named, whoever refuses it, and whose row it is that has the value already is
never said.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.exc import DataError, IntegrityError

from app.panel.core import policy
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.fields import resource_of, specs


@contextlib.contextmanager
def explained(model: type[Any], actor: Any) -> Iterator[None]:
    """Turn IntegrityError and DataError of a flush into InvalidInput or DomainError, and be discreet about hidden fields."""
    access = policy.fields(actor, resource_of(model))  # a transaction that failed answers no question
    try:
        yield
    except IntegrityError as error:
        raise _sentence(model, error, access) from error
    except DataError as error:
        raise DomainError(_("A value does not fit its field.")) from error
    except InvalidInput as error:
        told = {name: text for name, text in error.errors.items() if not _is_hidden(model, name, actor)}
        if len(told) == len(error.errors):
            raise
        raise (InvalidInput(told) if told else DomainError(_neutral())) from error


def _is_hidden(model: type[Any], name: str, actor: Any) -> bool:
    """Is a field, or one of a child (`lines.0.title`), hidden from the actor?"""
    first, _place, rest = (name.split(".", 2) + ["", ""])[:3]
    if not policy.fields(actor, resource_of(model)).readable(first):
        return True
    field = specs(model).get(first)
    return bool(rest and field is not None and field.target is not None and _is_hidden(field.target, rest, actor))


def _neutral() -> str:
    return _("This does not fit what is stored: it is there already, or something else needs it.")


def _sentence(model: type[Any], error: IntegrityError, access: policy.FieldAccess) -> DomainError:
    columns = _unique_columns(model, error)
    if not all(access.readable(name) for name in columns):
        return DomainError(_neutral())
    if columns:
        known = specs(model)
        labels = ", ".join(str(known[name].label) for name in columns if name in known)
        field = next((name for name in columns if name in known), columns[0])
        return InvalidInput({field: _("There is one already with this %(labels)s.", labels=labels or field)})
    text = str(error.orig).lower()
    if "not null" in text or "null value" in text:
        name = re.split(r"[.\"]", text.rsplit("failed: ", 1)[-1] if "failed: " in text else text.split('column "')[-1])
        found = next((part for part in name if part in specs(model) and access.readable(part)), "")
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
