"""Which group an order wants to be in, read from its codes: `PT12` begins a group under promotion 12, `PTG…` joins one."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.panel.core.db import db
from app.shop.marketing import queries
from app.shop.marketing.models import GroupBuy
from app.shop.marketing.services.batches import new_codes, normal
from app.shop.marketing.services.loading import Rule
from app.shop.marketing.states import GroupState, PromotionKind
from app.shop.orders.pricing import PriceRequest

# neither has the twelve places of a coupon's code
BEGINS, JOINS = re.compile(r"PT(\d{1,9})"), re.compile(r"PTG\d[A-Z2-7]{9}")


@dataclass(frozen=True)
class Choice:
    """The code as it was typed, and the group; without one a new group begins."""

    code: str
    promotion_id: int
    group_id: int | None = None


def code_to_begin(promotion: Any) -> str:
    """What a buyer types to begin a group."""
    return f"PT{promotion.id}"


def new_code() -> str:
    return f"PTG{secrets.randbelow(10)}{new_codes(1)[0][:9]}"


def chosen(request: PriceRequest, rules: Sequence[Rule]) -> tuple[Choice | None, dict[str, str], list[str]]:
    """(the group, group codes that do not count and why, the other codes)."""
    meant = [code for code in request.codes if BEGINS.fullmatch(normal(code)) or JOINS.fullmatch(normal(code))]
    others = [code for code in request.codes if code not in meant]
    if not meant:
        return None, {}, others
    refused = {code: _("An order is in one group only.") for code in meant[1:]}
    code, kept = meant[0], normal(meant[0])
    choice: Choice | None
    if found := BEGINS.fullmatch(kept):
        choice, why = Choice(code, int(found[1])), ""
    else:
        choice, why = _joined(request, code, kept)
    holds = choice is not None and any(
        rule.row.id == choice.promotion_id and rule.row.kind is PromotionKind.GROUP for rule in rules
    )
    if not why and not holds:
        why = _("The group buy “%(code)s” does not hold for these goods, here and now.", code=code[:40])
    if why:
        return None, {code: why} | refused, others
    return choice, refused, others


def _joined(request: PriceRequest, code: str, kept: str) -> tuple[Choice | None, str]:
    query = queries.group_by_code(kept)
    if request.is_placing:  # from now on nobody takes the place that is promised here
        query = query.with_for_update(of=GroupBuy).execution_options(populate_existing=True)
    group = db.session.scalar(query)
    if group is None:
        return None, _("There is no group “%(code)s”.", code=code[:40])
    if group.shop_id != request.shop_id:
        return None, _("The group %(code)s is of another shop.", code=group.code)
    choice = Choice(code, group.promotion_id, group.id)
    return choice, why_closed(group, request.at) or _known(group, request.customer_id)


def why_closed(group: GroupBuy, at: Any) -> str:
    """Why nobody joins this group at this moment; "" when there is a place."""
    if group.state is not GroupState.OPEN:
        return _("The group %(code)s is “%(state)s”.", code=group.code, state=group.state.label)
    if group.ends_at <= at:
        return _("The time of the group %(code)s is over.", code=group.code)
    return _("The group %(code)s is full.", code=group.code) if group.taken >= group.size else ""


def _known(group: GroupBuy, customer_id: int | None) -> str:
    if customer_id is not None and db.session.scalar(queries.sits_in(group.id, customer_id)) is not None:
        return _("This customer is in the group %(code)s already.", code=group.code)
    return ""


def why_not_now(group: GroupBuy, customer_id: int | None, at: Any) -> str:
    """The same, asked of a group that is locked."""
    return why_closed(group, at) or _known(group, customer_id)
