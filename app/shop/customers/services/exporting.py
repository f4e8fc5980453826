"""Everything that is known of one person, in a form that he can read and take elsewhere (GDPR 15 and 20, PIPL 45)."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import inspect, select

from app.panel.core import clock, files, history, policy, remarks, trailsets
from app.panel.core.db import db
from app.panel.core.errors import Forbidden
from app.panel.core.history import HistoryEntry
from app.panel.core.transaction import transactional
from app.shop.customers.models import Customer
from app.shop.customers.privacy import CONTRIBUTIONS

RESOURCE = "customers.Customer"
OURS = ("changed_by_id", "created_by_id", "version", "slot", "undo")


@transactional
def export_person(customer: Customer, *, actor: Any) -> dict[str, Any]:
    """All that any domain keeps of the person, as JSON can hold it. That it was handed out is audited."""
    policy.authorize(actor, "export_person", RESOURCE)
    _sees_all(actor)
    result = {
        "exported_at": clock.now().isoformat(),
        "customer": plain_row(customer),
        "tags": [tag.name for tag in customer.tags],
        "addresses": [plain_row(row) for row in customer.addresses],
        "identities": [plain_row(row) for row in customer.identities],
        "consents": [plain_row(row) for row in customer.consents],
        "notes": [plain_row(row) for row in customer.notes],
        "remarks": [
            {**plain_row(row), "file": row.file and row.file.name} for row in remarks.of(customer)
        ],
        "history": _history(customer),
    }
    for name, contribution in sorted(CONTRIBUTIONS.items()):
        result[name] = history.plain(contribution.export(customer.id))
    history.record(customer, "customer.exported", actor=actor)
    return result


def _sees_all(actor: Any) -> None:
    """A file from which something is missing is not what the person asked for; and one with all of it would show it.

    :raises Forbidden: for whom a rule keeps a field of it
    """
    ours = {RESOURCE.partition(".")[0], *CONTRIBUTIONS}
    for resource in current_app.extensions["panel_models"]:
        if resource.partition(".")[0] in ours and set(policy.browser_fields(actor, resource).values()) - {"read"}:
            raise Forbidden(_("Your role does not see all of this person's data. Somebody who does must hand it out."))


def export_zip(customer: Customer, *, actor: Any) -> bytes:
    """The same as a ZIP: one JSON file a part, readable without us, and the files that were put on the card."""
    parts = export_person(customer, actor=actor)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(f"{name}.json", json.dumps(part, ensure_ascii=False, indent=2, sort_keys=True))
        for remark in remarks.of(customer):
            if remark.file is not None:
                with archive.open(f"files/{remark.id}-{remark.file.name}", "w") as out:
                    files.copy_to(remark.file, out)
    return buffer.getvalue()


def plain_row(row: Any) -> dict[str, Any]:
    """The columns of a row as JSON, without what only concerns us."""
    mapper = inspect(row).mapper
    return {a.key: history.plain(getattr(row, a.key)) for a in mapper.column_attrs if a.key not in OURS}


def _history(customer: Customer) -> list[dict[str, Any]]:
    query = select(HistoryEntry).where(trailsets.about("customers_customer", customer.id))
    return [
        {"at": entry.at.isoformat(), "verb": entry.verb, "changes": entry.changes}
        for entry in db.session.scalars(query.order_by(HistoryEntry.id))
    ]
