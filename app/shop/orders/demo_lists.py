"""Views of the order list that the people of the demo keep and share."""

from __future__ import annotations

import json
from typing import Any

from app.panel.accounts import firstrun
from app.panel.accounts.models import User
from app.panel.core.db import db
from app.panel.core.savedlists import SavedList
from app.shop.orders.models import OrderState, RefundState, ReviewState

# role: name, conditions, order
VIEWS: dict[str, tuple[tuple[str, list[list[Any]], str], ...]] = {
    "operations": (
        ("主播订单 · 近 7 天", [["creator_name", "not_empty"], ["placed_at", "within", "last_7_days"]], "-placed_at"),
        ("大额订单", [["total", "gte", "500"]], "-total"),
    ),
    "support": (
        ("待我确认", [["review", "ne", ReviewState.CONFIRMED.value], ["state", "ne", OrderState.CLOSED.value]], "placed_at"),
    ),
    "finance": (("本月退款", [["refund_state", "ne", RefundState.NONE.value], ["placed_at", "within", "this_month"]], "-placed_at"),),
}


@firstrun.demo_user_made.connect
def keep_views(user: User, role: str, **_more: Any) -> None:
    for name, conditions, sort in VIEWS.get(role, ()):
        state = {"f": json.dumps({"and": conditions}, ensure_ascii=False, separators=(",", ":")), "sort": sort}
        row = SavedList(user_id=user.id, list_key="orders_order", name=name, state=state, roles=[role], is_shared=True)
        db.session.add(row)
