"""What of the setup waits for somebody."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from app.panel.core import clock, policy
from app.panel.core.db import db
from app.panel.core.listing import Asked
from app.panel.workbench import registry as workbench
from app.shop.setup import queries
from app.shop.setup.models import ChannelAccount, OrgApplication
from app.shop.setup.states import AccountState


@workbench.todo(
    "setup.accounts_expiring", _("Platform accounts that run out within 30 days"),
    needs=("write", "setup.ChannelAccount"), order=60,
)
def accounts_expiring(actor: Any) -> workbench.Todo:
    first, last = clock.today(), clock.today() + dt.timedelta(days=queries.EXPIRY_DAYS)
    tree = {"and": [
        ["expires_on", "between", [first.isoformat(), last.isoformat()]], ["state", "ne", AccountState.EXPIRED.value],
        ["channel.is_active", "is", True],
    ]}  # fmt: skip
    return _todo(queries.accounts_expiring(), ChannelAccount, actor, "setup_channelaccount.list", {"tree": tree})


@workbench.todo(
    "setup.applications", _("Applications to review"), needs=("review", "setup.OrgApplication"), order=70
)
def applications(actor: Any) -> workbench.Todo:
    tree = {"and": [["state", "eq", "pending"]]}
    return _todo(queries.applications_to_review(), OrgApplication, actor, "setup_orgapplication.list", {"tree": tree})


def _todo(query: Any, model: type[Any], actor: Any, endpoint: str, asked: dict[str, Any]) -> workbench.Todo:
    narrowed = policy.scope(query.order_by(None), actor, model)
    count = db.session.scalar(select(func.count()).select_from(narrowed.subquery())) or 0
    return workbench.Todo(count, Asked(**asked).url(url_for(endpoint)), tone="warning")
