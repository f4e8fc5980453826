"""What is offered in a session: prices, coupons, flash sales, first orders; and the presets from which they are started.

What an offer is worth to an order is said by marketing alone: an offer names the promotion or the batch of coupons that it
made there, and keeps its own terms for the log.
"""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import CheckConstraint, Index

from app.panel.core.columns import choice, currency, flag, instant, integer, money, ref, relation, text
from app.panel.core.db import PanelModel
from app.shop.live.states import OfferKind, OfferState, PresetKind


class LivePreset(PanelModel):
    """A button of the control desk: one kind of offer with its figures, for whatever item is chosen then."""

    __tablename__ = "live_preset"
    __table_args__ = (
        CheckConstraint("percent IS NULL OR (percent > 0 AND percent < 100)", name="percent"),
        Index(None, "shop_id", "position"),
    )

    name = text(_("Name"), 60, required=True, search=True)
    kind = choice(_("Kind"), PresetKind, required=True)
    shop_id = ref(_("Shop"), "setup_shop.id", ondelete="CASCADE", index=False, help=_("Empty: every shop."))
    shop = relation("Shop", shop_id)
    position = integer(_("Position"), default=0, min=0, help=_("The first nine have the keys Shift and 1 to 9."))
    currency = currency(default="CNY")
    price = money(_("Price a piece"), min=0, adds_up=False)
    percent = integer(_("Percent off"), unit="%", min=1, max=99, help=_("Of what the item costs when it begins."))
    amount = money(_("Amount off"), min=0, adds_up=False)
    least = money(_("From goods worth"), min=0, adds_up=False)
    quantity = integer(_("Quantity"), min=1, help=_("Coupons, pieces of a flash sale, first orders, or winners."))
    per_person = integer(_("A customer at most"), min=1)
    minutes = integer(_("Lasts"), unit=_("minutes"), min=1, max=600)
    of_item = flag(_("For the chosen item only"), default=True)
    is_active = flag(_("In use"), default=True)

    def __str__(self) -> str:
        return self.name


class LiveOffer(PanelModel):
    """One offer of a session: by which promotion or batch it is priced, its terms, and whether it still runs."""

    __tablename__ = "live_offer"
    __no_history__ = True  # the log of commands is its trail
    __table_args__ = (Index(None, "session_id", "kind", "state"),)

    session_id = ref(_("Session"), "live_session.id", required=True, ondelete="CASCADE", index=False)
    session = relation("LiveSession", session_id)
    item_id = ref(_("Item"), "live_item.id", ondelete="SET NULL")
    item = relation("LiveItem", item_id)
    kind = choice(_("Kind"), OfferKind, required=True, readonly=True)
    state = choice(_("State"), OfferState, default=OfferState.RUNNING, readonly=True)
    name = text(_("Name"), 80, required=True, search=True)
    promotion_id = ref(_("Promotion"), "marketing_promotion.id", ondelete="SET NULL")
    promotion = relation("Promotion", promotion_id)
    batch_id = ref(_("Batch"), "marketing_batch.id", ondelete="SET NULL")
    batch = relation("CouponBatch", batch_id)
    currency = currency(required=False, nullable=False, default="CNY")
    price = money(_("Price a piece"), min=0, adds_up=False)
    was = money(_("Instead of"), min=0, adds_up=False)
    amount = money(_("Amount off"), min=0, adds_up=False)
    percent = integer(_("Percent off"), unit="%")
    least = money(_("From goods worth"), min=0, adds_up=False)
    quantity = integer(_("Quantity"))
    per_person = integer(_("A customer at most"))
    begins_at = instant(_("Begins at"), required=True)
    ends_at = instant(_("Ends at"))
    stopped_at = instant(_("Stopped at"))

    def __str__(self) -> str:
        return self.name
