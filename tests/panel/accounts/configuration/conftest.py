"""Rules that hold for the length of a test, and orders to look at."""

from __future__ import annotations

import copy

import pytest

from app.panel.accounts.configuration import document, store
from app.panel.accounts.models import Publication
from app.panel.core import clock


@pytest.fixture
def rule(session):
    """`rule("support", rows={"orders.Order": [tree]}, fields={"orders.Order": {"total": "hidden"}})` puts rules in force."""

    def put(role, rows=None, fields=None, **more):
        wanted = copy.deepcopy(store.published())
        entry = wanted["roles"][role]
        entry["rows"] = {name: [{"note": "", "filter": tree} for tree in trees] for name, trees in (rows or {}).items()}
        entry["fields"] = fields or {}
        entry.update(more)
        wanted = document.normal(wanted)
        now = clock.now()
        session.add(Publication(document=wanted, digest=document.digest(wanted), published_at=now, confirmed_at=now))
        session.commit()
        store.forget()

    yield put
    store.forget()
