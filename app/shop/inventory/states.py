"""Closed lists of the inventory and the moves that its papers may make."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.panel.core.choices import Choices


class MoveReason(Choices):
    """Why a line stands in the stock journal. RESERVE and RELEASE move no goods, only the claim on them."""

    OPENING = "opening", _("Opening stock"), "neutral"
    RECEIPT = "receipt", _("Purchase receipt"), "success"
    SALE = "sale", _("Sale"), "info"
    RETURN = "return", _("Customer return"), "warning"
    ADJUSTMENT = "adjustment", _("Adjustment"), "warning"
    COUNT = "count", _("Stock-taking"), "warning"
    TRANSFER_IN = "transfer_in", _("Transfer in"), "neutral"
    TRANSFER_OUT = "transfer_out", _("Transfer out"), "neutral"
    RESERVE = "reserve", _("Reserved"), "muted"
    RELEASE = "release", _("Reservation released"), "muted"


class CountState(Choices):
    OPEN = "open", _("Counting"), "info"
    POSTED = "posted", _("Posted"), "success"
    CANCELLED = "cancelled", _("Void"), "muted"


COUNT_MOVES: dict[CountState, frozenset[CountState]] = {
    CountState.OPEN: frozenset({CountState.POSTED, CountState.CANCELLED}),
    CountState.POSTED: frozenset(),
    CountState.CANCELLED: frozenset(),
}


class ReceiptState(Choices):
    DRAFT = "draft", _("Draft"), "muted"
    POSTED = "posted", _("Goods received"), "success"
    CANCELLED = "cancelled", _("Void"), "muted"


RECEIPT_MOVES: dict[ReceiptState, frozenset[ReceiptState]] = {
    ReceiptState.DRAFT: frozenset({ReceiptState.POSTED, ReceiptState.CANCELLED}),
    ReceiptState.POSTED: frozenset(),
    ReceiptState.CANCELLED: frozenset(),
}
