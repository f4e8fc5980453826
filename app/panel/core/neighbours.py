"""The row before and the row after one, in the list from which it was opened: its state travels in the address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from app.panel.core import listing, paging
from app.panel.core.errors import DomainError

WHOLE = "all"
STATE = ("q", "f", "sort")


def state_of(asked: listing.Asked) -> str:
    """What the address of a row says of the list from which it is opened."""
    return urlencode({name: value for name, value in asked.words().items() if name in STATE}) or WHOLE


def around(view: Any, row: Any, args: Mapping[str, str], actor: Any) -> tuple[str, str, str]:
    """Addresses of the row before, the row after and the list; empty where there are none or no list is named."""
    state = args.get("list") or ""
    if not state or len(state) > 4000:
        return "", "", ""
    words = {name: value for name, value in parse_qsl(state) if name in STATE}
    plan = view.plan(actor)
    try:
        asked = listing.read(words, plan)
        query, _conditions = listing.statement(asked, plan, actor, in_order=True)
    except DomainError:
        return "", "", ""
    order = paging.order_of(view.model, asked.sort or plan.default_sort, actor)
    before, after = paging.beside(query, order, row)
    before_url, after_url = (view.url("show", pk=one.id, list=state) if one is not None else "" for one in (before, after))
    return before_url, after_url, asked.url(view.url("list"))
