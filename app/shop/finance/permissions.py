"""Who reads the ledger of which shops, who books by hand, and who takes an entry back."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement

from app.panel.core import folding, policy
from app.shop.finance.models import Entry, Posting
from app.shop.setup.permissions import OF_MINE, my_shop_ids, sees_all_shops

ACCOUNT, ENTRY, POSTING = "finance.Account", "finance.Entry", "finance.Posting"
policy.verbs(ENTRY, book=_("Book by hand"), reverse=_("Reverse entries"))
policy.moves_money(ENTRY, "book")
folding.part_of(ENTRY, POSTING)

policy.grant("finance", {ACCOUNT: "read write export", ENTRY: "read export book reverse", POSTING: "read export"})
for _role in ("deputy", "viewer"):
    policy.grant(_role, {ACCOUNT: "read", ENTRY: "read", POSTING: "read"})


def _of_my_shops(model: Any) -> None:
    @policy.rows(model, OF_MINE)
    def rule(actor: Any) -> ColumnElement[bool] | None:
        return None if sees_all_shops(actor) else model.shop_id.in_(my_shop_ids(actor))


for _model in (Entry, Posting):
    _of_my_shops(_model)
policy.follow(Posting, Entry, "entry_id")
