"""Who points at a customer: found in the tables themselves, so that no domain can be forgotten."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Column, Table

from app.panel.core.db import db
from app.shop.customers.models import Customer

CUSTOMER = Customer.__table__


def references() -> list[tuple[Table, Column[Any]]]:
    """(table, column) of every foreign key to a customer whose rows have a number of their own."""
    found = []
    for table in db.metadata.sorted_tables:
        for column in table.columns:
            if any(key.column.table is CUSTOMER for key in column.foreign_keys) and "id" in table.columns:
                found.append((table, column))
    return found


def links() -> list[tuple[Table, Column[Any], Column[Any]]]:
    """(table, column of the customer, other column) of many-to-many tables."""
    found = []
    for table in db.metadata.sorted_tables:
        keys = list(table.primary_key.columns)
        mine = [key for key in keys if any(one.column.table is CUSTOMER for one in key.foreign_keys)]
        if len(keys) == 2 and len(mine) == 1:
            other = next(key for key in keys if key is not mine[0])
            found.append((table, mine[0], other))
    return found


def typed(values: dict[str, Any]) -> dict[str, Any]:
    """Column values of a customer as the database wants them, from the JSON in which they were kept."""
    result = {}
    for column in CUSTOMER.columns:
        value = values.get(column.name)
        if isinstance(value, str) and column.name.endswith("_at"):
            value = dt.datetime.fromisoformat(value)
        elif isinstance(value, str) and column.name.endswith("_on"):
            value = dt.date.fromisoformat(value)
        result[column.name] = value
    return result
